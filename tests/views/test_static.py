"""Tables, figures and pages as HTML."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate.views import plot_entity_graph, plot_timeline, timeline
from graphinvestigate.views.static import Section, Table, figure_html, figure_table, html_table, page

MADE = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_tables_say_how_many_rows_they_leave_out(alerts, parse):
    """Rows that are not written are counted; an empty frame says that it has none."""
    assert "7 of 12 rows not shown" in parse(html_table(alerts, ["id"], max_rows=5)).text
    assert "no rows" in parse(html_table(alerts.iloc[:0], ["id", "title"])).text
    assert parse(html_table(alerts, ["id", "title"])).text.count("da00") == 12


def test_severity_is_a_word_with_a_shape(alerts, parse):
    """A severity cell keeps its word and gets a class for shape and colour."""
    spans = parse(html_table(alerts, ["severity"])).named("span")
    assert {span["class"] for span in spans} == {
        f"gi-sev gi-{name}" for name in ("high", "medium", "low", "informational")
    }


def test_a_figure_brings_no_library_and_uploads_nothing(graph, parse):
    """A figure's HTML has its data and settings, no plotly.js, no address, no button to Plotly Cloud."""
    markup = figure_html(plot_entity_graph(graph), "entity graph 1")
    parsed = parse(markup)
    assert parsed.named("div")[0]["id"] == "entity-graph-1"
    assert len(markup) < 200_000
    assert "http" not in markup.replace("https://", "http://").lower().replace("httpx", "")
    config = json.loads(parsed.scripts[1])
    assert "sendChartToCloud" in config["modeBarButtonsToRemove"]
    assert config["plotlyServerURL"] == ""
    assert config["displaylogo"] is False
    assert config["typesetMath"] is False


def test_the_data_of_a_figure_arrive_unchanged(parse):
    """What stands in the page is the figure's own JSON."""
    figure = go.Figure(go.Scatter(x=np.arange(3.0), y=[1, 2, 3], text=["a<b", "c&d", "e>f"]))
    assert json.loads(parse(figure_html(figure, "f")).scripts[0]) == json.loads(figure.to_json())


def test_a_page_stands_alone(alerts, graph, parse):
    """A page loads nothing, holds plotly.js once, lists its sections and leads nowhere else."""
    sections = [
        Section("Summary", ["One paragraph.\nAnother."]),
        Section("Queue", [Table(alerts, ["id", "title"], "All alerts")]),
        Section("Figures", [plot_entity_graph(graph), plot_timeline(alerts)]),
    ]
    markup = page("Case INC-4711", sections, generated=MADE)
    parsed = parse(markup)
    assert parsed.handlers() == []
    assert [link["href"] for link in parsed.named("a")] == ["#section-1", "#section-2", "#section-3"]
    assert {section["id"] for section in parsed.named("section")} == {"section-1", "section-2", "section-3"}
    assert parsed.named("link") == parsed.named("iframe") == parsed.named("base") == []
    assert sum("plotly.js v" in script for script in parsed.scripts) == 1
    assert "generated 2026-03-02 12:00:00 UTC" in parsed.text
    assert len(parsed.named("noscript")) == 2
    assert len({div["id"] for div in parsed.named("div") if div.get("id")}) == 2


def test_only_the_pages_own_scripts_may_run(alerts, graph, parse):
    """The policy allows exactly the scripts of the page, by their hash, and no address at all."""
    parsed = parse(page("x", [Section("x", [plot_entity_graph(graph)])], generated=MADE))
    (policy,) = (
        meta["content"] for meta in parsed.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    )
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    kinds = [attributes.get("type") for attributes in parsed.named("script")]
    run = [script for script, kind in zip(parsed.scripts, kinds, strict=True) if kind is None]
    assert {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in run} == allowed
    assert "default-src 'none'" in policy
    assert "http" not in policy.replace("'", "")


def test_a_page_without_figures_has_no_scripts(alerts, parse):
    """Text and tables need no plotly.js: the page stays small."""
    markup = page("x", [Section("x", ["words", alerts[["id"]]])], generated=MADE)
    assert parse(markup).named("script") == []
    assert "script-src 'none'" in markup
    assert len(markup) < 20_000


def test_the_same_page_is_the_same_bytes(alerts, graph):
    """Nothing of a page depends on chance or the clock once its time is given."""
    sections = [Section("x", [plot_entity_graph(graph), plot_timeline(alerts)])]
    assert page("x", sections, generated=MADE) == page("x", sections, generated=MADE)


def test_every_figure_has_a_table(graph, alerts, sign_ins, monkeypatch):
    """Nodes, marks and counts stand in a table for readers without scripts."""
    nodes = figure_table(plot_entity_graph(graph))
    assert len(nodes) == len(graph)
    marks = figure_table(plot_timeline(alerts, sign_ins))
    assert len(marks) == 15
    assert marks["identity"].str.contains("alert da0003").sum() == 1
    monkeypatch.setattr(timeline, "MOST_MARKS", 1)
    counts = figure_table(plot_timeline(alerts, sign_ins))
    assert counts["lane"].tolist() == ["Alerts", "Sign-ins"]
    assert counts.drop(columns="lane").to_numpy().sum() == 15
    assert figure_table(go.Figure(go.Scatter(x=[1], y=[1]))).empty


def test_a_figure_without_a_table_does_not_break_a_page(parse):
    """A figure of somebody else is drawn too; its table is empty and says so."""
    markup = page("x", [Section("x", [go.Figure(go.Scatter(x=[1], y=[1]))])], generated=MADE)
    assert "no rows" in parse(markup).text


def test_frames_are_left_alone(alerts):
    """Writing a table changes no frame."""
    before = alerts.copy(deep=True)
    html_table(alerts)
    pd.testing.assert_frame_equal(alerts, before)

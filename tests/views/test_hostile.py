"""Hostile names, titles and keys in everything that people see: text stays text."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from graphinvestigate.linking import Entity, Record, entity_graph
from graphinvestigate.views import plot_entity_graph, plot_timeline
from graphinvestigate.views.graph_model import graph_traces
from graphinvestigate.views.layout import layout
from graphinvestigate.views.static import Section, Table, figure_html, figure_table, html_table, page
from graphinvestigate.views.tables import text_table, triage_table

UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.fixture
def attacked(make_alerts, hostile) -> pd.DataFrame:
    """Alerts whose every text an attacker chose."""
    kind = "#microsoft.graph.security."
    evidence = [
        {"@odata.type": f"{kind}userEvidence", "userAccount": {"userPrincipalName": hostile, "accountName": hostile}},
        {"@odata.type": f"{kind}deviceEvidence", "deviceDnsName": hostile, "mdeDeviceId": hostile},
        {"@odata.type": f"{kind}fileEvidence", "fileDetails": {"fileName": hostile, "sha256": "a" * 64}},
        {"@odata.type": f"{kind}urlEvidence", "url": hostile},
        {"@odata.type": hostile, "anything": hostile},
    ]
    texts = dict.fromkeys(("id", "title", "severity", "status", "category", "serviceSource", "incidentId"), hostile)
    texts["id"] = hostile.replace("\ud800", "")  # no column of text holds half a character, so an id cannot either
    return make_alerts({**texts, "evidence": evidence}, {"title": hostile, "evidence": evidence})


def strings(value: Any) -> list[str]:
    """Every string within a figure's JSON, keys included."""
    if isinstance(value, dict):
        return [text for key, item in value.items() if key not in ("bdata", "hovertemplate") for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def table_of(hostile: str, rows: list[list[Any]]) -> pd.DataFrame:
    """A frame whose column and row names are hostile too (objects: text columns take no half characters)."""
    names = pd.Index([hostile, "severity"], dtype="object")
    return pd.DataFrame(rows, columns=names, index=pd.Index([hostile, "b"], dtype="object"), dtype="object")


def check_figure(figure: go.Figure, hostile: str) -> None:
    """No tag, formula, line break or unseen character is left for plotly to read, and templates are ours."""
    plain = json.loads(figure.to_json())
    for text in strings(plain):
        assert "<" not in text
        assert ">" not in text
        assert "$" not in text
        assert not UNSEEN & {unicodedata.category(character) for character in text}
        assert len(text) < 1000
    for trace in figure.data:
        template = trace.hovertemplate or ""
        assert re.fullmatch(r"(%\{(customdata(\[\d\])?|y)\}|</?[bi]>|<br>|<extra></extra>|[a-z0-9: ])*", template)


def test_entity_graph_figures_hold_text_only(attacked, hostile):
    """Labels, hover and captions of an entity graph made of hostile records are text."""
    g = entity_graph(alerts=attacked)
    check_figure(plot_entity_graph(g), hostile)
    check_figure(plot_entity_graph(g, max_nodes=2), hostile)


def test_kinds_relations_and_keys_are_text(hostile):
    """Kinds, relations, keys, fields and times that somebody invented are text too."""
    g = entity_graph()
    one, other = Entity(hostile, hostile), Record("alert", hostile)
    g.add_node(one, kind=hostile, label=hostile, first_seen=hostile, last_seen=hostile)
    g.add_node(other, kind="alert", title=hostile, severity=hostile, status=hostile, category=hostile, time=hostile)
    reference = {"record_kind": hostile, "record_id": hostile, "field": hostile, "value": hostile, "time": hostile}
    g.add_edge(other, one, key=hostile, relation=hostile, count=1, references=[reference])
    check_figure(plot_entity_graph(g, highlight=one), hostile)
    g.add_node(Entity(hostile, "another"), kind=hostile, label="another")
    check_figure(plot_entity_graph(g, max_nodes=1), hostile)


def test_the_model_keeps_what_it_was_given(attacked, hostile):
    """Escaping is for drawing: a click gives back the node itself, whatever its key holds."""
    g = entity_graph(alerts=attacked)
    model = graph_traces(g, layout(g))
    nodes = {node for trace in model.traces for node in trace.items}
    assert {node for node in nodes if isinstance(node, (Entity, Record))} == set(g)


@pytest.mark.parametrize("lanes", ["record_kind", "tactic", "entity", "source"])
def test_timelines_hold_text_only(attacked, hostile, lanes):
    """Lanes, hover and captions of a timeline of hostile records are text."""
    check_figure(plot_timeline(attacked, lanes=lanes), hostile)


def test_timelines_of_counts_hold_text_only(attacked, hostile, monkeypatch):
    """The lanes of a figure of counts are text, also where they look like numbers or dates."""
    monkeypatch.setattr("graphinvestigate.views.timeline.MOST_MARKS", 1)
    figure = plot_timeline(attacked, lanes="source")
    check_figure(figure, hostile)
    assert figure.layout.yaxis2.type == "category"
    assert figure.layout.autotypenumbers == "strict"


def test_tables_hold_text_only(attacked, hostile, parse):
    """Cells, column names and captions of a table add no tag, and read as the text they are."""
    frame = table_of(hostile, [[hostile, hostile], [None, "high"]])
    for markup in (html_table(frame, caption=hostile), html_table(attacked), html_table(triage_table(attacked))):
        parsed = parse(markup)
        assert {tag for tag, _ in parsed.tags} <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "span"}
        assert parsed.handlers() == []
        assert not UNSEEN & {unicodedata.category(character) for character in parsed.text}
        classes = {attributes.get("class") for _, attributes in parsed.tags}
        assert classes <= {
            None,
            "gi-table",
            "gi-table gi-wide",
            "gi-long",
            "gi-none",
            "gi-time",
            "gi-sev gi-high",
            "gi-sev gi-medium",
            f"gi-sev gi-{'x' * 20}",
        }


def test_terminals_get_lines_only(attacked, hostile):
    """A text table of hostile records moves no cursor, adds no line and stays within its width."""
    frame = table_of(hostile, [[hostile, "b"], ["c", "d"]])
    for table, rows in ((text_table(frame), 2), (text_table(triage_table(attacked), max_width=100), 2)):
        assert len(table.splitlines()) == rows + 2
        assert not UNSEEN & {unicodedata.category(character) for character in table.replace("\n", "")}
        assert max(map(len, table.splitlines())) <= 400


def test_figures_as_html_cannot_be_left(attacked, hostile, parse):
    """A figure's id, titles and data end neither their tag nor their script."""
    figure = plot_entity_graph(entity_graph(alerts=attacked))
    foreign = go.Figure(go.Scatter(x=[1], y=[1], text=[hostile], name=hostile), layout={"title": hostile})
    for fig in (figure, foreign):
        parsed = parse(figure_html(fig, hostile))
        assert [tag for tag, _ in parsed.tags] == ["div", "script", "script", "script"]
        assert parsed.handlers() == []
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", parsed.named("div")[0]["id"])
        assert json.loads(parsed.scripts[0])["data"]


def test_pages_hold_text_only(attacked, hostile, parse, monkeypatch):
    """Titles, paragraphs, tables and figures of a page add no tag, no handler and no way out."""
    monkeypatch.setattr("graphinvestigate.views.static.get_plotlyjs", lambda: "/* 5 MB that say nothing here */")
    g = entity_graph(alerts=attacked)
    blocks = [hostile, attacked[["title", "id"]], Table(attacked, ["title"], hostile), plot_entity_graph(g)]
    blocks.append(plot_timeline(attacked, lanes="entity"))
    parsed, empty = parse(page(hostile, [Section(hostile, blocks)])), parse(page("x", [Section("x", blocks[1:])]))
    assert parsed.handlers() == []
    assert {tag for tag, _ in parsed.tags} == {tag for tag, _ in empty.tags}
    assert len(parsed.named("script")) == len(empty.named("script"))
    assert len(parsed.named("a")) == 1


def test_a_figures_table_reads_as_the_data(attacked, hostile):
    """The table that stands for a figure shows the text once escaped, not twice."""
    table = figure_table(plot_timeline(attacked))
    assert len(table) == 2
    assert not table["name"].str.contains("&lt;|&amp;|&#36;", regex=True).any() or "&" in hostile

"""Twins in the viewers of others: what each of them leaves of a widget's HTML still says what the widget said."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import networkx as nx
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest

import graphinvestigate as gi
from graphinvestigate.cases.freezing.markup import still
from graphinvestigate.client import GraphClient
from graphinvestigate.views.pictures import svg_address, svg_of
from graphinvestigate.widgets.plotly_view import PlotlyView

WIDGET = "application/vnd.jupyter.widget-view+json"

# What GitHub leaves of HTML, as its published filter has it (html-pipeline, SanitizationFilter): no <style>, no <svg>,
# no `style`, no `class`, and of pictures only those with an address. Its viewer of notebooks is not published; what is
# known of it (jupyter/nbviewer#450, ipyplot#3) is no stricter.
GITHUB_TAGS = frozenset(
    re.findall(
        r"\S+",
        """h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead tbody tfoot
        blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details caption figure figcaption
        abbr bdo cite dfn mark small span time wbr""",
    )
)
GITHUB_ATTRIBUTES = frozenset(
    re.findall(
        r"\S+",
        """alt align aria-describedby aria-hidden aria-label aria-labelledby border colspan datetime dir headers height
        id lang open role rowspan scope span start summary tabindex title type valign width""",
    )
)
# What JupyterLab 4 leaves of an output's HTML in a notebook it does not trust (packages/apputils/src/sanitizer.ts):
# most tags, classes and harmless styles, pictures in data: addresses; neither <svg> nor <style>.
LAB_TAGS = GITHUB_TAGS - {"ruby", "rt", "rp"} | {"article", "aside", "footer", "header", "nav", "section", "u"}
LAB_ATTRIBUTES = frozenset(
    re.findall(
        r"\S+",
        """class dir hidden id lang style title alt height src width colspan rowspan headers scope align valign open
        border span start type""",
    )
)


class Left(HTMLParser):
    """What a viewer leaves: tags, their attributes and the words, without what stood in <style> or <svg>."""

    def __init__(self, markup: str, tags: frozenset[str], attributes: frozenset[str], *, pictures: bool) -> None:
        super().__init__()
        self._tags, self._attributes, self._pictures, self._silent = tags, attributes, pictures, 0
        self.tags: list[str] = []
        self.pictures: list[str] = []
        self.words: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "svg", "script"):
            self._silent += 1
        elif tag in self._tags and not self._silent:
            kept = {name: value or "" for name, value in attrs if name in self._attributes}
            self.tags.append(tag)
            if tag == "img":
                if self._pictures:
                    self.pictures.append(kept["src"])
                self.words.append(kept.get("alt", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "svg", "script"):
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that can be read."""
        return " ".join(self.words)


@pytest.fixture(scope="module")
def client() -> GraphClient:
    """A demo tenant."""
    return gi.connect_demo()


@pytest.fixture(scope="module")
def alerts(client: GraphClient) -> pd.DataFrame:
    """Its alerts."""
    return gi.list_alerts(client, since="30d")


@pytest.fixture(scope="module")
def graph(client: GraphClient, alerts: pd.DataFrame) -> nx.MultiDiGraph:
    """An incident and what it touches."""
    g = gi.entity_graph(alerts=alerts, incidents=gi.list_incidents(client))
    return gi.neighborhood(g, gi.Record("incident", gi.rank_incidents(g)["id"].iloc[0]), hops=2)


def user_of(g: nx.MultiDiGraph) -> gi.Entity:
    """The user who matters most."""
    return next(gi.Entity(row.kind, row.key) for row in gi.entities(g).itertuples() if row.kind == "user")


def picker(client: GraphClient, alerts: pd.DataFrame, g: nx.MultiDiGraph) -> tuple[Any, list[str], int]:
    """A queue with a row selected."""
    made = gi.AlertPicker(alerts)
    row = made.shown[made.shown["severity"] == "medium"].iloc[3]
    made.select(row["id"])
    return made, ["▶ ■ medium", row["title"][:30], "1 selected"], 0


def explorer(client: GraphClient, alerts: pd.DataFrame, g: nx.MultiDiGraph) -> tuple[Any, list[str], int]:
    """A graph with its user selected."""
    user = user_of(g)
    made = gi.EntityExplorer(client, g, selected=user, frames=[alerts])
    why = gi.why(g, user, next(n for n in g.predecessors(user)))["sentence"].iloc[0]
    return made, [f"▶ {'user'}", g.nodes[user]["label"], f"{g.number_of_nodes()} nodes", why], 1


def timeline(client: GraphClient, alerts: pd.DataFrame, g: nx.MultiDiGraph) -> tuple[Any, list[str], int]:
    """A timeline with a mark selected."""
    made = gi.TimelineView(alerts, lanes="tactic")
    made.selection.select(gi.Record("alert", alerts["id"].iloc[0]))
    return made, ["▶ 20", alerts["title"].iloc[0][:30], "1 selected"], 1


def workbench(client: GraphClient, alerts: pd.DataFrame, g: nx.MultiDiGraph) -> tuple[Any, list[str], int]:
    """All of it."""
    made = gi.Workbench(client, alerts, g=g, since=None)
    made.picker.select(alerts["id"].iloc[0])
    return made, ["▶", alerts["title"].iloc[0][:30], f"{g.number_of_nodes()} nodes", "The graph in words"], 1


def figure(client: GraphClient, alerts: pd.DataFrame, g: nx.MultiDiGraph) -> tuple[Any, list[str], int]:
    """A live figure by itself."""
    return PlotlyView(go.Figure(go.Scatter(x=[1, 2], y=[3, 1], mode="markers")), label="Two points"), ["Two points"], 1


MAKERS = [picker, explorer, timeline, workbench, figure]


@pytest.mark.parametrize("make", MAKERS)
def test_a_twin_reads_wherever_it_is_opened(
    make: Callable[..., Any], client: GraphClient, alerts: pd.DataFrame, graph: nx.MultiDiGraph
) -> None:
    """GitHub's list leaves every word and the mark of what is selected; JupyterLab's, untrusted, the picture too."""
    widget, expected, pictures = make(client, alerts, graph)
    twin = widget._repr_mimebundle_()
    twin = (twin[0] if isinstance(twin, tuple) else twin)["text/html"]
    everything = Left(twin, frozenset(re.findall(r"<(\w+)", twin)), frozenset({"src", "alt"}), pictures=True)
    on_github = Left(twin, GITHUB_TAGS, GITHUB_ATTRIBUTES, pictures=False)
    in_lab = Left(twin, LAB_TAGS, LAB_ATTRIBUTES, pictures=True)
    for words in expected:
        assert words in on_github.text
    assert on_github.text == in_lab.text == everything.text
    assert on_github.tags.count("td") == everything.tags.count("td")
    assert len(in_lab.pictures) >= pictures
    assert "<svg" not in twin, "JupyterLab would take it out"
    for address in in_lab.pictures:
        drawn = svg_of(address)
        assert drawn is not None
        assert drawn.startswith("<svg")
        assert drawn.count("<path") + drawn.count("<circle") + drawn.count("<rect") >= 2
    assert still(twin)[0] == still(still(twin)[0])[0]
    assert [svg_of(one) is not None for one in re.findall(r'src="([^"]*)"', still(twin)[0])] == [True] * len(
        everything.pictures
    )


@pytest.mark.parametrize("make", MAKERS)
def test_a_widget_adds_little_to_a_saved_notebook(
    make: Callable[..., Any], client: GraphClient, alerts: pd.DataFrame, graph: nx.MultiDiGraph
) -> None:
    """The output is its twin and the view's id: under 150 kB for a graph of some hundred nodes, and no plotly.js."""
    widget, _, _ = make(client, alerts, graph)
    bundle = widget._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert set(bundle) == {WIDGET, "text/html", "text/plain"}
    assert set(bundle[WIDGET]) == {"version_major", "version_minor", "model_id"}
    assert len(json.dumps(bundle)) < 150_000
    assert len(bundle["text/plain"]) < 5_000


def test_what_shows_nothing_has_no_empty_picture(alerts: pd.DataFrame) -> None:
    """A timeline without a mark says so in words and draws no frame around nothing."""
    twin = gi.TimelineView(alerts.iloc[:0])._repr_mimebundle_()["text/html"]
    assert "0 of 0 marks" in twin
    assert "<img" not in twin


def test_a_figure_has_a_picture_and_a_table_beside_it(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `plot_timeline` and `plot_entity_graph` leave in a notebook reads where plotly does not run, copies too."""
    assert gi.plot_timeline(alerts)._repr_mimebundle_() == {}, "outside a notebook plotly shows nothing by itself"
    monkeypatch.setattr(pio.renderers, "default", "plotly_mimetype")
    title = alerts["title"].iloc[0][:20]
    for drawn, said in ((gi.plot_timeline(alerts), title), (gi.plot_entity_graph(graph), "user")):
        for figure in (drawn, copy.deepcopy(drawn)):
            bundle = figure._repr_mimebundle_()
            assert "application/vnd.plotly.v1+json" in bundle
            assert said in Left(bundle["text/html"], GITHUB_TAGS, GITHUB_ATTRIBUTES, pictures=False).text
            (address,) = Left(bundle["text/html"], LAB_TAGS, LAB_ATTRIBUTES, pictures=True).pictures
            assert (svg_of(address) or "").startswith("<svg")
            assert len(bundle["text/html"]) < 150_000
    assert "application/vnd.plotly.v1+json" in gi.plot_timeline(alerts.iloc[:0])._repr_mimebundle_()


def test_what_a_picture_says_cannot_leave_its_place() -> None:
    """A picture's address ends no attribute whatever stands in it, and reads back as it was."""
    hostile = "<svg><text>\"'><script>x()</script>&amp;%22 #\u202e O'Brien</text></svg>"
    address = svg_address(hostile)
    assert not set("\"'<>#&\n") & set(address)
    assert svg_of(address) == hostile
    assert svg_of("data:image/png;base64,AAAA") is None
    made = still(f'<img src="{address}">')[0]
    assert "script" not in (svg_of(re.findall('src="([^"]*)"', made)[0]) or "script")

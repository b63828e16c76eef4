"""The SVG of an entity graph: all that the figure draws, and nothing that runs, loads or hides."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.linking import Entity
from graphinvestigate.views.graph_model import Extras, GraphTraces, graph_traces
from graphinvestigate.views.graph_svg import _sign, graph_svg
from graphinvestigate.views.layout import layout
from graphinvestigate.views.layout_time import time_layout
from graphinvestigate.views.style import KINDS, OTHER, SEVERITIES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def g() -> nx.MultiDiGraph:
    """What lies around the most linked user of a small tenant."""
    with gi.connect_demo(seed=4, alerts=60) as client:
        whole = gi.entity_graph(alerts=gi.list_alerts(client))
    user = max((n for n in whole if n.kind == "user"), key=whole.degree)
    return nx.MultiDiGraph(gi.neighborhood(whole, user, hops=2))


def model_of(g: nx.MultiDiGraph, **options: object) -> GraphTraces:
    """The view-model of all of it, its most linked user highlighted."""
    user = max((n for n in g if n.kind == "user"), key=g.degree)
    return graph_traces(g, layout(g), highlight=user, extras=Extras(**options))  # type: ignore[arg-type]


def test_every_node_link_ring_and_verdict_is_drawn(g: nx.MultiDiGraph) -> None:
    """Each node has a sign of its kind's colour, each link a line, and rings, verdict marks, halo and labels follow."""
    model = model_of(g)
    root = ET.fromstring(graph_svg(model))
    signs = [*root.iter(f"{SVG}circle"), *root.iter(f"{SVG}polygon")]
    for kind in {n.kind for n in g}:
        look = KINDS.get(kind, OTHER)
        drawn = sum(one.get("fill") == look.color for one in signs)
        assert drawn >= sum(n.kind == kind for n in g) + 1, f"{kind}: each node and the key"
    rings = next(trace for trace in model.traces if trace.kind == "rings")
    assert sum(one.get("fill") == SEVERITIES["high"].color for one in signs) >= list(
        rings.arrays["marker"]["color"]
    ).count(SEVERITIES["high"].color)
    lines = [path.get("d", "").count("M") for path in root.iter(f"{SVG}path")][:2]
    assert lines[0] == len({frozenset(pair) for pair in g.to_undirected().edges() if pair[0] != pair[1]})
    assert lines[1] > 0
    said = [one.text or "" for one in root.iter(f"{SVG}text")]
    labels = next(trace for trace in model.traces if trace.kind == "labels")
    assert len(labels.items) <= len(said)
    assert {"!", "alerts", "users", "ring: high"} <= set(said)
    assert "nodes" in (root.findtext(f"{SVG}title") or "")


def test_what_the_legend_has_off_is_not_drawn(g: nx.MultiDiGraph) -> None:
    """A kind that is filtered out has neither sign nor key."""
    root = ET.fromstring(graph_svg(model_of(g, off={"alert"})))
    signs = [*root.iter(f"{SVG}circle"), *root.iter(f"{SVG}polygon")]
    assert not any(one.get("fill") == KINDS["alert"].color for one in signs)
    assert "alerts" not in [one.text for one in root.iter(f"{SVG}text")]


def test_hostile_text_stays_text() -> None:
    """Names out of alerts make no tag, no attribute and no script, and turn no text around."""
    g = nx.MultiDiGraph()
    name = "</text></svg><script>x()</script><img src=x onerror=x()>\u202egnp.exe\"'&amp;\x1b[1m"
    node = Entity("user", name)
    g.add_node(node, kind="user", label=name, identifiers=[])
    svg = graph_svg(graph_traces(g, {node: (0.0, 0.0)}, highlight=node))
    root = ET.fromstring(svg)
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        "svg", "title", "rect", "path", "circle", "polygon", "text",
    }  # fmt: skip
    assert not any(key.startswith("on") or key in {"href", "style"} for one in root.iter() for key in one.attrib)
    assert not re.search("[\u202e\x1b]", svg)
    assert any("/script" in (one.text or "") or "</text>" in (one.text or "") for one in root.iter(f"{SVG}text"))


def test_every_symbol_has_a_form_of_its_own() -> None:
    """No two kinds of one colour look alike."""
    looks = {(look.color, look.symbol) for look in (*KINDS.values(), OTHER)}
    assert len({_sign(symbol, (0, 0), 10, color) for color, symbol in looks}) == len(looks)


def test_time_is_named_at_both_ends(g: nx.MultiDiGraph) -> None:
    """Laid out by time, the drawing says from when to when it reaches, in UTC."""
    model = graph_traces(g, time_layout(g), extras=Extras(time_axis=True))
    said = [one.text or "" for one in ET.fromstring(graph_svg(model)).iter(f"{SVG}text")]
    ends = [words for words in said if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", words)]
    assert len(ends) == 2
    assert ends[0] < ends[1]

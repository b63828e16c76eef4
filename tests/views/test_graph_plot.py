"""The entity graph's figure and its view-model."""

from __future__ import annotations

import networkx as nx
import numpy as np
import plotly.graph_objects as go
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record, find_entity
from graphinvestigate.views import plot_entity_graph
from graphinvestigate.views.graph_model import (
    EDGES,
    HIGHLIGHTED_EDGES,
    LABELS,
    LINKS,
    NODES,
    RINGS,
    TRACE_KINDS,
    choose_nodes,
    graph_traces,
)
from graphinvestigate.views.graph_plot import figure_of
from graphinvestigate.views.layout import layout
from graphinvestigate.views.style import SEVERITIES, template


def drawn(model) -> list:
    """Every node of the view-model, in the order of its traces."""
    return [node for trace in model.traces[NODES:LABELS] for node in trace.items]


def test_every_node_is_drawn_once(graph):
    """Each node is one point of the trace of its kind, and the caption says that all are shown."""
    model = graph_traces(graph, layout(graph))
    assert sorted(drawn(model)) == sorted(graph)
    for kind, trace in zip(TRACE_KINDS, model.traces[NODES:LABELS], strict=True):
        assert all(node.kind == kind for node in trace.items)
        assert len(trace.items) == len(trace.arrays["x"]) == len(trace.arrays["customdata"])
    assert model.left_out == {}
    assert model.caption == f"showing all {len(graph)} nodes"


def test_the_traces_are_the_same_whatever_the_graph_holds(graph):
    """An empty graph's figure has the traces of a full one's, so that a live figure can be updated in place."""
    empty, full = plot_entity_graph(nx.MultiDiGraph()), plot_entity_graph(graph)
    assert [trace.name for trace in empty.data] == [trace.name for trace in full.data]
    assert [trace.mode for trace in empty.data] == [trace.mode for trace in full.data]
    assert "empty" in empty.layout.title.subtitle.text


def test_a_figure_updated_in_place_equals_a_new_one(graph, crowd):
    """Updating each trace with the view-model's arrays gives what a new figure of that view-model shows."""
    small = graph.subgraph(list(graph)[:5])
    figure = figure_of(graph_traces(small, layout(small)))
    model = graph_traces(graph, layout(graph), highlight=next(iter(graph)))
    for trace, wanted in zip(figure.data, model.traces, strict=False):
        trace.update(wanted.arrays)
    for trace, wanted in zip(figure.data, figure_of(model).data, strict=True):
        for name in ("x", "y", "text", "customdata"):
            np.testing.assert_array_equal(trace[name], wanted[name])
        np.testing.assert_array_equal(trace.marker.size, wanted.marker.size)


def test_every_link_says_why(graph):
    """Each pair of linked nodes is one line with one point at its middle that names relation, record and field."""
    model = graph_traces(graph, layout(graph))
    pairs = {frozenset(edge) for edge in graph.edges() if edge[0] != edge[1]}
    trace = model.traces[LINKS]
    assert {frozenset(pair) for pair in trace.items} == pairs
    assert len(model.traces[EDGES].arrays["x"]) == 3 * len(pairs)
    words = dict(zip(map(frozenset, trace.items), trace.arrays["customdata"], strict=True))
    alice = find_entity(graph, "alice@contoso.com")
    relation, stated, first = words[frozenset({Record("alert", "da0000"), alice})]
    assert "has evidence" in relation
    assert "record field" in stated
    assert first == "alert da0000 evidence[0].userAccount.azureAdUserId"


def test_a_larger_graph_is_cut_and_says_so(crowd):
    """Above the limit the caption says how many nodes of which kind were left out."""
    figure = plot_entity_graph(crowd, max_nodes=50)
    assert figure.layout.title.subtitle.text == "showing 50 of 310 nodes; left out: 260 alerts"
    assert sum(len(trace.x) for trace in figure.data[NODES:LABELS]) == 50


def test_the_most_severe_and_most_linked_are_kept(crowd):
    """Without a highlight the most severe nodes stay, then those with most links."""
    kept = choose_nodes(crowd, max_nodes=20)
    assert sum(crowd.nodes[node].get("severity") == "high" for node in kept) == 5
    assert Entity("user", "user0@contoso.com") in kept
    assert sum(node.kind == "user" for node in kept) == 10


def test_the_highlight_and_its_neighbours_are_kept_first(crowd):
    """However low its severity, what is highlighted stays, with its neighbours."""
    marked = Entity("user", "user7@contoso.com")
    kept = choose_nodes(crowd, highlight=marked, max_nodes=31)
    assert kept[0] == marked
    assert set(kept) == {marked, *crowd.predecessors(marked)}


def test_the_choice_does_not_depend_on_insertion_order(crowd):
    """The same graph built in another order keeps the same nodes and draws the same figure."""
    other = nx.MultiDiGraph()
    other.add_nodes_from(reversed(list(crowd.nodes(data=True))))
    other.add_edges_from(reversed(list(crowd.edges(keys=True, data=True))))
    assert choose_nodes(crowd, max_nodes=37) == choose_nodes(other, max_nodes=37)
    assert plot_entity_graph(crowd, max_nodes=37).to_json() == plot_entity_graph(other, max_nodes=37).to_json()


def test_highlighting_brings_out_links(graph):
    """Of one node all links are brought out; of several, the links among them."""
    alice, record = find_entity(graph, "alice@contoso.com"), Record("alert", "da0000")
    place = layout(graph)
    bare = graph_traces(graph, place)
    one = graph_traces(graph, place, highlight=alice)
    two = graph_traces(graph, place, highlight=[alice, record])
    neighbours = set(nx.all_neighbors(graph, alice))
    assert len(bare.traces[HIGHLIGHTED_EDGES].arrays["x"]) == 0
    assert len(one.traces[HIGHLIGHTED_EDGES].arrays["x"]) == 3 * len(neighbours)
    assert len(two.traces[HIGHLIGHTED_EDGES].arrays["x"]) == 3
    assert alice in one.traces[LABELS].items


def test_what_cannot_be_highlighted_is_refused(graph):
    """A node that is not in the graph is a usage error that says what to do, and so is no room at all."""
    with pytest.raises(UsageError, match="find_entity"):
        plot_entity_graph(graph, highlight=Entity("user", "nobody\x1b"))
    with pytest.raises(UsageError, match="max_nodes"):
        plot_entity_graph(graph, max_nodes=0)


def test_rings_show_the_highest_severity_around(graph):
    """An entity's ring has the colour of the worst alert or risk that names it; no severity, no ring."""
    model = graph_traces(graph, layout(graph))
    rings = model.traces[RINGS]
    color = dict(zip(rings.items, rings.arrays["marker"]["color"], strict=True))
    assert color[find_entity(graph, "alice@contoso.com")] == SEVERITIES["high"].color
    assert color[Record("alert", "da0001")] == SEVERITIES["medium"].color
    assert Record("alert", "da0003") not in color
    assert Record("sign_in", "s2") not in color


def test_hover_counts_links_that_are_not_shown(crowd):
    """A node whose neighbours were left out says how many."""
    kept = Entity("user", "user3@contoso.com")
    model = graph_traces(crowd, {kept: (0.0, 0.0)})
    (line,) = model.traces[NODES + TRACE_KINDS.index("user")].arrays["customdata"]
    assert "30 links, 30 not shown" in line


def test_unknown_kinds_are_drawn_and_named():
    """A kind without a look of its own stands among `other` and says what it is."""
    g = nx.MultiDiGraph()
    g.add_node(Entity("quantum_thing", "q1"), kind="quantum_thing", label="q1")
    model = graph_traces(g, layout(g))
    trace = model.traces[NODES + TRACE_KINDS.index("other")]
    assert trace.items == (Entity("quantum_thing", "q1"),)
    assert "quantum thing" in trace.arrays["customdata"][0][1]


def test_the_graph_is_left_alone(graph):
    """Plotting changes neither nodes nor edges nor their attributes."""
    before = nx.node_link_data(graph, edges="edges")
    plot_entity_graph(graph, highlight=next(iter(graph)), max_nodes=5)
    assert nx.node_link_data(graph, edges="edges") == before


def test_a_figure_is_svg_and_has_no_axes(graph):
    """Nodes are SVG `scatter`, axes are hidden, the template carries the theme and nothing else does."""
    figure = plot_entity_graph(graph, theme="dark")
    assert isinstance(figure, go.Figure)
    assert {trace.type for trace in figure.data} == {"scatter"}
    assert not figure.layout.xaxis.visible
    assert figure.layout.template.layout.paper_bgcolor == template("dark")["layout"]["paper_bgcolor"]
    assert figure.layout.paper_bgcolor is None


def test_labels_do_not_cover_each_other(crowd):
    """Beyond the most important ones a label is drawn only where it covers no other and no node."""
    model = graph_traces(crowd, layout(crowd))
    assert 10 <= len(model.traces[LABELS].items) <= 90
    assert all(node.kind == "user" for node in model.traces[LABELS].items)
    assert len(set(model.traces[LABELS].items)) == len(model.traces[LABELS].items)

"""What a workbench adds to a drawing: verdict marks, link labels, circles, names, counts, dimmed kinds."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from graphinvestigate.linking import Entity, Record
from graphinvestigate.views.graph_model import EDGE_LABELS, EDGES, HALOS, LABELS, NODES, VERDICT_MARKS, graph_traces
from graphinvestigate.views.graph_parts import LEAST_SIZE, Extras, fitted_sizes
from graphinvestigate.views.graph_plot import figure_of
from graphinvestigate.views.layout import layout
from graphinvestigate.views.node_facts import VERDICTS, neighbors, verdict_of


@pytest.fixture
def alert(graph) -> Record:
    """An alert with evidence."""
    return max((node for node in graph if node.kind == "alert"), key=lambda node: (len(graph.succ[node]), node))


@pytest.mark.parametrize("verdict", ["malicious", "suspicious", "noThreatsFound", "unknown"])
def test_the_gravest_verdict_marks_a_node(graph, alert, verdict):
    """A node shows the gravest verdict of the evidence that names it; one that nothing judged shows none."""
    g = graph.copy()
    node = next(iter(g.succ[alert]))
    for *_, data in g.in_edges(node, data=True):
        data["verdict"] = "unknown"
    next(iter(g[alert][node].values()))["verdict"] = verdict
    mark = VERDICTS[verdict.casefold()][0] if verdict != "unknown" else None
    assert verdict_of(g, node) == ("" if mark is None else verdict.casefold())
    trace = graph_traces(g, layout(g)).traces[VERDICT_MARKS]
    assert dict(zip(trace.items, trace.arrays["text"], strict=True)).get(node) == mark
    g.add_edge(Record("alert", "another"), node, "names", verdict="malicious", references=[])
    assert verdict_of(g, node) == "malicious"


def test_links_are_labelled_on_demand(graph, alert):
    """Without asking no link has a label; asked for, the highlighted node's links name their relations."""
    places = layout(graph)
    assert not graph_traces(graph, places, highlight=alert).traces[EDGE_LABELS].items
    trace = graph_traces(graph, places, highlight=alert, extras=Extras(edge_labels=True)).traces[EDGE_LABELS]
    assert trace.items
    for pair, words in zip(trace.items, trace.arrays["text"], strict=True):
        assert alert in pair
        (other,) = set(pair) - {alert}
        relations = {*(graph.get_edge_data(alert, other) or {}), *(graph.get_edge_data(other, alert) or {})}
        assert words.rstrip("…").split(", ")[0].rstrip("…") in " ".join(sorted(relations)).replace("_", " ")


def test_filtered_links_are_not_drawn(graph, alert):
    """Links that do not pass are neither lines nor labels."""
    none = graph_traces(graph, layout(graph), extras=Extras(is_link_drawn=lambda *_: False, edge_labels=True))
    assert len(none.traces[EDGES].arrays["x"]) == 0
    assert none.traces[EDGE_LABELS].items == ()


def test_highlighted_nodes_are_circled_and_many_are_not_enlarged(graph):
    """Each highlighted node has a circle larger than itself; of many, labels and sizes stay as they were."""
    places = layout(graph)
    plain = graph_traces(graph, places)
    every = sorted(graph)
    halos = graph_traces(graph, places, highlight=every).traces[HALOS]
    assert set(halos.items) == set(every)
    sizes = {
        node: size
        for trace in plain.traces[NODES:LABELS]
        for node, size in zip(trace.items, trace.arrays["marker"]["size"], strict=True)
    }
    for node, size in zip(halos.items, halos.arrays["marker"]["size"], strict=True):
        assert size > sizes[node]
    many = graph_traces(graph, places, highlight=every)
    grown = [
        node
        for trace in many.traces[NODES:LABELS]
        for node, size in zip(trace.items, trace.arrays["marker"]["size"], strict=True)
        if size != sizes[node]
    ]
    assert len(grown) <= 1
    assert plain.traces[HALOS].items == ()


def test_names_badges_and_counts_stand_in_labels(graph):
    """A label is what users call the node, then how many of its neighbours are not drawn, then its badges."""
    user = max((node for node in graph if node.kind == "user"), key=graph.degree)
    extras = Extras(names={user: "patient zero"}, badges={user: "⌖"}, counts_hidden=True)
    (label,) = graph_traces(graph, {user: (0.0, 0.0)}, extras=extras).traces[LABELS].arrays["text"]
    assert label == f"patient zero +{len(neighbors(graph, user))} ⌖"


def test_a_kind_that_is_off_stays_in_the_legend(graph):
    """Its entry is dimmed, and nothing of it is drawn."""
    places = {node: at for node, at in layout(graph).items() if node.kind != "user"}
    figure = figure_of(graph_traces(graph, places, extras=Extras(off={"user"})))
    (users,) = [trace for trace in figure.data if trace.name == "users"]
    assert users.visible == "legendonly"
    assert list(users.x) == [None]


def test_counts_given_beforehand_change_nothing(graph):
    """What is left out is the same whether the whole graph is counted now or was before."""
    places = dict(list(layout(graph).items())[:5])
    counts: dict[str, int] = {}
    for node in graph:
        counts[node.kind] = counts.get(node.kind, 0) + 1
    now, before = graph_traces(graph, places), graph_traces(graph, places, extras=Extras(kinds=counts))
    assert now.left_out == before.left_out
    assert now.caption == before.caption
    np.testing.assert_array_equal(now.traces[EDGES].arrays["x"], before.traces[EDGES].arrays["x"])


def test_of_many_links_a_few_of_each_kind_are_labelled() -> None:
    """Around a hub of a hundred sign-ins five are labelled; around a hub of twelve, all are."""
    g = nx.MultiDiGraph()
    hub = Entity("user", "hub")
    g.add_node(hub, kind="user", label="hub", identifiers=[])
    for n in range(100):
        record = Record("sign_in", str(n))
        g.add_node(record, kind="sign_in", id=str(n))
        g.add_edge(record, hub, key="signed_in", references=[], count=1)
    places = {hub: (0.0, 0.0)}
    for n, record in enumerate(node for node in g if node != hub):
        turn = 2 * np.pi * n / 100
        places[record] = (8 * np.cos(turn), 5 * np.sin(turn))
    size = (900.0, 560.0)
    model = graph_traces(g, places, highlight=hub, size=size, extras=Extras(edge_labels=True))
    trace = model.traces[EDGE_LABELS]
    assert 3 <= len(trace.items) <= 5
    assert set(trace.arrays["text"]) == {"signed in"}
    few = graph_traces(g.subgraph([*list(g)[:13]]), places, highlight=hub, size=size, extras=Extras(edge_labels=True))
    assert len(few.traces[EDGE_LABELS].items) == 12, "of few links each is labelled"


def test_nodes_do_not_cover_each_other(crowd):
    """However little room there is, two nodes touch at most, unless one is as small as nodes become."""
    drawn = graph_traces(crowd, layout(crowd), highlight=max(crowd, key=crowd.degree), size=(360.0, 240.0))
    marks = [trace for trace in drawn.traces[NODES:LABELS] if trace.items]
    x, y, size = (np.concatenate([pick(trace.arrays) for trace in marks]) for pick in (
        lambda found: found["x"], lambda found: found["y"], lambda found: found["marker"]["size"],
    ))  # fmt: skip
    (x0, x1), (y0, y1) = drawn.x_range, drawn.y_range
    apart = np.hypot((x - x[:, None]) * 360 / (x1 - x0), (y - y[:, None]) * 240 / (y1 - y0))
    covered = (apart < (size + size[:, None]) / 2 - 1e-6) & ~np.eye(len(x), dtype=bool)
    assert len(x) == len(crowd)
    assert not (covered & (np.minimum(size, size[:, None]) > LEAST_SIZE)).any()


def test_nodes_keep_their_size_where_there_is_room():
    """Sizes change only where two nodes would cover each other, both in the same proportion; none becomes a dot."""
    ranges, pixels = ((0.0, 100.0), (0.0, 100.0)), (100.0, 100.0)
    there = np.array([[10.0, 10.0], [40.0, 10.0], [90.0, 90.0], [90.0, 91.0]])
    assert fitted_sizes(np.array([40.0, 40.0, 4.0, 30.0]), there, ranges, pixels).tolist() == [30, 30, 4, LEAST_SIZE]
    assert fitted_sizes(np.array([20.0]), there[:1], ranges, pixels).tolist() == [20]

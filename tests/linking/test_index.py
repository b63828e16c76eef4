"""The columnar index answers as networkx does, and notices when its graph changes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from graphinvestigate.linking import Entity
from graphinvestigate.linking.index import (
    NO_TIME,
    GraphIndex,
    build_index,
    edge_filter,
    edges_within,
    half,
    index_from_graph,
    index_of,
    nanoseconds,
    reach,
)
from tests.linking.random_graphs import edge_attrs, random_graph


def neighbours(index: GraphIndex, at: int) -> set:
    """The nodes next to one, by the index."""
    return {index.nodes[n] for side in (index.out, index.into) for n in side.steps(np.array([at]))[0].tolist()}


@pytest.mark.parametrize("seed", range(20))
def test_the_index_holds_what_the_graph_holds(seed: int) -> None:
    """Nodes, edges, relations, counts, times and neighbours are those of the networkx graph, in its order."""
    g = random_graph(seed)
    index = index_from_graph(g)
    assert list(index.nodes) == list(g)
    ends = zip(index.source.tolist(), index.target.tolist(), index.relation.tolist(), strict=True)
    assert [(index.nodes[u], index.nodes[v], index.relations[r]) for u, v, r in ends] == list(g.edges(keys=True))
    attrs = [a for *_, a in g.edges(keys=True, data=True)]
    assert index.count.tolist() == [a["count"] for a in attrs]
    for values, name in ((index.first, "first_seen"), (index.last, "last_seen")):
        assert pd.Series(values.view("datetime64[ns]")).equals(
            pd.to_datetime(pd.Series([a[name] for a in attrs], dtype=object)).dt.tz_localize(None).astype("M8[ns]")
        )
    for at, node in enumerate(index.nodes):
        assert neighbours(index, at) == {*g.predecessors(node), *g.successors(node)}
        assert index.record[at] == (node.kind == "alert")
        assert index.kinds[index.kind[at]] == node.kind
        assert index.degree()[at] == g.degree(node)
    users = index.of_kind("user")
    assert {n for n, is_user in zip(index.nodes, users.tolist(), strict=True) if is_user} == {
        n for n in g if n.kind == "user"
    }


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("nodes", [12, 400])
def test_reach_is_networkx_distance(seed: int, nodes: int) -> None:
    """How many hops away a node is agrees with networkx on the undirected graph; few steps and many alike."""
    g = random_graph(seed, nodes=nodes, edges=2 * nodes)
    index = index_of(g)
    flat = nx.Graph(g.edges())
    flat.add_nodes_from(g)
    for hops in (0, 1, 2, 3, None):
        level = reach(index, [0], hops=hops)
        expected = nx.single_source_shortest_path_length(flat, index.nodes[0], cutoff=hops)
        assert {index.nodes[at]: int(level[at]) for at in np.flatnonzero(level >= 0)} == expected


@pytest.mark.parametrize("seed", range(20))
def test_filters_and_closed_nodes_are_networkx_subgraphs(seed: int) -> None:
    """A walk along some relations within a window, stopped at some nodes, is one on the graph without the rest."""
    g = random_graph(seed, untimed=0.3)
    index = index_of(g)
    since, until = nanoseconds(["2026-02-03T00:10:00Z", "2026-02-03T00:35:00Z"]).tolist()
    edges = edge_filter(index, ["names", "logged_on_to"], since, until)
    closed = np.zeros(len(g), dtype=bool)
    closed[3:6] = True
    kept = [
        (u, v)
        for u, v, a in g.edges(data=True)
        if a["relation"] != "signed_in_from"
        and (a["last_seen"] is None or a["last_seen"] >= "2026-02-03T00:10:00.000000Z")
        and (a["first_seen"] is None or a["first_seen"] <= "2026-02-03T00:35:00.000000Z")
    ]
    shut = set(index.nodes[3:6])
    onward = nx.DiGraph([(u, v) for u, v in [*kept, *((v, u) for u, v in kept)] if u not in shut])
    onward.add_nodes_from(g)
    start = index.nodes[0]
    level = reach(index, [0], hops=None, edges=edges, closed=closed)
    assert {index.nodes[n] for n in np.flatnonzero(level >= 0)} == {start, *nx.descendants(onward, start)}
    inside = level >= 0
    within = {tuple(g.edges(keys=True))[e][:2] for e in edges_within(index, inside, edges).tolist()}
    assert within == {(u, v) for u, v in kept if inside[index.place[u]] and inside[index.place[v]]}


def test_edges_in_any_order_give_the_same_halves() -> None:
    """Grouping edges by an end keeps their order within a node, sorted or not."""
    rng = np.random.default_rng(0)
    here, other = rng.integers(0, 9, 50).astype(np.int32), rng.integers(0, 9, 50).astype(np.int32)
    found = half(here, other, 9)
    for node in range(9):
        assert found.edge[found.start[node] : found.start[node + 1]].tolist() == np.flatnonzero(here == node).tolist()
    assert found.other.tolist() == other[found.edge].tolist()
    empty = half(here[:0], other[:0], 3)
    assert empty.start.tolist() == [0, 0, 0, 0]


def test_an_index_is_kept_until_its_graph_changes() -> None:
    """The same graph has the same index; whatever adds or removes something makes a new one; a view keeps none."""
    g = random_graph(1)
    index = index_of(g)
    assert index_of(g) is index
    nodes = list(g)
    changes = [
        lambda: g.add_edge(nodes[0], nodes[1], "names", **edge_attrs("names", [(1, 1)])),
        lambda: g.add_edges_from([(nodes[0], nodes[2], "ran", edge_attrs("ran", [(1, 1)]))]),
        lambda: g.remove_edge(nodes[0], nodes[2], "ran"),
        lambda: g.add_node(Entity("user", "new")),
        lambda: g.remove_node(Entity("user", "new")),
        lambda: g.remove_edges_from(list(g.edges(keys=True))[:2]),
        g.clear_edges,
    ]
    for change in changes:
        before = index_of(g)
        change()
        assert index_of(g) is not before
        assert len(index_of(g).source) == g.number_of_edges()
    whole = random_graph(2)
    part = whole.subgraph(list(whole)[:6])
    before = len(index_of(part).source)
    whole.add_edge(next(iter(whole)), list(whole)[1], "new", **edge_attrs("new", [(1, 1)]))
    assert len(index_of(part).source) == before + 1
    assert index_of(whole.copy()) is not index_of(whole)


def test_an_index_can_come_from_columns() -> None:
    """Built from arrays in any order of edges, an index walks like one that came from a graph."""
    g = random_graph(5)
    one = index_of(g)
    order = np.random.default_rng(1).permutation(len(one.source))
    columns = {name: getattr(one, name)[order] for name in ("source", "target", "relation", "first", "last", "count")}
    other = build_index(
        nodes=one.nodes, kinds=one.kinds, kind=one.kind, record=one.record, relations=one.relations, **columns
    )
    for at in range(len(one.nodes)):
        assert neighbours(other, at) == neighbours(one, at)
        assert reach(other, [at], hops=2).tolist() == reach(one, [at], hops=2).tolist()


def test_times_are_nanoseconds_or_unknown() -> None:
    """Times of graphs are read exactly; None, sentinels and what is no time are unknown; zones are honoured."""
    read = nanoseconds(["2026-02-03T10:14:30.500001Z", None, "0001-01-01T00:00:00.000000Z"])
    assert read.tolist() == [1770113670500001000, NO_TIME, NO_TIME]
    assert nanoseconds(["2026-02-03T11:14:30+01:00", "soon", None]).tolist() == [1770113670000000000, NO_TIME, NO_TIME]
    assert nanoseconds([]).tolist() == []

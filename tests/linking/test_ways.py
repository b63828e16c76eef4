"""Ways in time order, by relation and within a window."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

from graphinvestigate.linking import Entity, paths
from graphinvestigate.linking.hubs import closed_by
from graphinvestigate.linking.index import NO_TIME, EdgeFilter, index_of, nanoseconds
from graphinvestigate.linking.moments import arrival, iso, spans_of
from graphinvestigate.linking.shortest import cheapest_in_time
from graphinvestigate.linking.ways import _Walk
from tests.linking.random_graphs import edge_attrs, minute, random_graph


def in_time(g: nx.MultiDiGraph, way: tuple) -> bool:
    """Whether the instants of a way's hops can be chosen so that none comes before the one ahead of it."""
    now = -1.0
    for u, v in pairwise(way):
        instants: list[float] = []
        for a, b in ((u, v), (v, u)):
            for attrs in (g.get_edge_data(a, b) or {}).values():
                instants += [now if r["time"] is None else float(r["record_id"][1:]) for r in attrs["references"]]
        later = [at for at in instants if at >= now]
        if not later:
            return False
        now = min(later)
    return True


def cost_of(g: nx.MultiDiGraph, way: tuple) -> float:
    """The sum over the hops, by the definition."""
    index = index_of(g)
    walk = _Walk(g, index, *no_limits(g))
    return sum(1 + walk.toll(index.place[u]) + walk.toll(index.place[v]) for u, v in pairwise(way))


def no_limits(g: nx.MultiDiGraph) -> tuple:
    """A walk without filters and hubs."""
    return EdgeFilter(), closed_by(index_of(g), [])


@pytest.mark.parametrize("k", [1, 2, 6])
@pytest.mark.parametrize("seed", range(40))
def test_ways_in_time_order_are_the_cheapest_of_all_that_are(seed: int, k: int) -> None:
    """On random graphs the method finds the costs of the simple ways that go forward in time, tried one by one."""
    g = random_graph(seed, nodes=9, edges=16)
    index = index_of(g)
    walk = _Walk(g, index, *no_limits(g))
    first, last = index.nodes[0], index.nodes[-1]
    flat = nx.Graph(g.edges())
    flat.add_nodes_from(g)
    every = [tuple(way) for way in nx.all_simple_paths(flat, first, last)]
    expected = sorted(cost_of(g, way) for way in every if in_time(g, way))[:k]
    found = cheapest_in_time(
        0, len(g) - 1, neighbors=walk.neighbors, steps=walk.steps, toll=walk.toll, at=NO_TIME + 1, k=k
    )
    ours = [(cost, tuple(index.nodes[n] for n in way), times) for cost, way, times in found][:k]
    assert [cost for cost, *_ in ours] == pytest.approx(expected)
    for _, way, times in ours:
        assert in_time(g, way)
        assert list(times) == sorted(times)


def chain(*spans: list[tuple[int | None, int | None]]) -> nx.MultiDiGraph:
    """Users in a row, each tied to the next at the given times."""
    g = nx.MultiDiGraph()
    people = [Entity("user", f"u{n}") for n in range(len(spans) + 1)]
    for node in people:
        g.add_node(node, kind="user", label=node.key, identifiers=[], observations=[])
    for (u, v), seen in zip(pairwise(people), spans, strict=True):
        g.add_edge(u, v, "knows", **edge_attrs("knows", seen))
    return g


A, C = Entity("user", "u0"), Entity("user", "u2")


def test_time_order_tells_the_two_directions_apart() -> None:
    """A way whose second hop was over before the first began leads back, not forth; the reason says so."""
    g = chain([(30, 30)], [(10, 10)])
    assert len(paths(g, A, C)) == 1
    forth = paths(g, A, C, in_time_order=True)
    assert list(forth) == []
    assert "none on which every hop comes after the one before it" in str(forth.reason)
    back = paths(g, C, A, in_time_order=True)
    assert back[0].times == (minute(10), minute(30))


def test_an_edge_seen_again_later_can_be_used_later() -> None:
    """Each time that an edge was seen counts, not only the first."""
    g = chain([(30, 30)], [(10, 10), (50, 50)])
    assert paths(g, A, C, in_time_order=True)[0].times == (minute(30), minute(50))


def test_an_unknown_time_fits_anywhere() -> None:
    """A hop without a time does not forbid a way: nobody can say that it was too early."""
    g = chain([(30, 30)], [(None, None)])
    assert paths(g, A, C, in_time_order=True)[0].times == (minute(30), minute(30))


def test_paths_keep_to_relations_and_window() -> None:
    """A way along other relations, or seen outside of the window, is none; the reason says what was asked for."""
    g = chain([(10, 10)], [(30, 30)])
    assert len(paths(g, A, C, relations="knows", since=minute(5), until=minute(40))) == 1
    for limits in ({"relations": ["ran"]}, {"since": minute(20)}, {"until": minute(20)}):
        found = paths(g, A, C, **limits)
        assert list(found) == []
        assert "along the relations and within the window asked for" in str(found.reason)


def test_arrival_is_the_first_moment_an_edge_can_be_used() -> None:
    """Within a span at once, before it at its begin, after it never; an unknown time at once."""
    spans = ((10, 20), (40, 40))
    assert [arrival(spans, at) for at in (5, 15, 20, 21, 40, 41)] == [10, 15, 20, 40, 40, None]
    assert arrival(((NO_TIME, NO_TIME),), 7) == 7


def test_spans_are_those_of_the_records() -> None:
    """An edge's spans are the times of its references, to the end of their records; read once."""
    g = chain([(10, 10), (30, 30), (10, 10)])
    of = spans_of(g, index_of(g))
    ten, thirty = nanoseconds([minute(10), minute(30)]).tolist()
    assert of(0) == ((ten, ten), (thirty, thirty))
    assert of(0) is of(0)
    assert (iso(ten), iso(NO_TIME)) == (minute(10), None)

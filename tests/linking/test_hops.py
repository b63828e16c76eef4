"""Hops through an index: distances found by whole arrays are those that are found node by node."""

from __future__ import annotations

import math
import random
from itertools import islice

import networkx as nx
import numpy as np
import pytest

from graphinvestigate.linking.hops import Hops, tolls_of
from graphinvestigate.linking.hubs import closed_by
from graphinvestigate.linking.index import edge_filter, index_of
from graphinvestigate.linking.shortest import cheapest_in_time, cheapest_paths
from tests.linking.random_graphs import RELATIONS, minute, random_graph

SEEDS = range(40)


def some_hops(seed: int) -> tuple[nx.MultiDiGraph, Hops, int, int]:
    """Hops along some relations, within some window and around some closed nodes, and two of the nodes."""
    rng = random.Random(seed)
    g = random_graph(seed, nodes=30, edges=rng.randint(25, 120))
    index = index_of(g)
    source, target, *others = rng.sample(range(len(g)), len(g))
    relations = rng.choice([None, RELATIONS[:2]])
    window = rng.choice([(None, None), (minute_ns(10), minute_ns(40))])
    edges = edge_filter(index, relations, *window)
    return g, Hops(g, index, edges, closed_by(index, others[: rng.randint(0, 8)])), source, target


def minute_ns(number: int) -> int:
    """A minute of a random graph in nanoseconds."""
    return int(np.datetime64(minute(number).removesuffix("Z"), "ns").astype(np.int64))


def flat_of(hops: Hops, size: int) -> nx.DiGraph:
    """The same hops as a networkx graph with costs."""
    flat = nx.DiGraph()
    flat.add_nodes_from(range(size))
    for u in range(size):
        for v in hops.neighbors(u):
            flat.add_edge(u, v, cost=1 + hops.toll(u) + hops.toll(v))
    return flat


@pytest.mark.parametrize("seed", SEEDS)
def test_distances_are_networkx_distances(seed: int) -> None:
    """On random graphs, whatever is filtered and closed, each distance is networkx's; where no way leads, infinite."""
    g, hops, _, target = some_hops(seed)
    expected = nx.single_source_dijkstra_path_length(flat_of(hops, len(g)), target, weight="cost")
    found = hops.distances(target)
    assert {at: cost for at, cost in enumerate(found.tolist()) if cost < math.inf} == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_beyond_the_source_all_are_as_far_as_it(seed: int) -> None:
    """Asked up to one node, nearer ones are exactly as far as ever, and the others as far as that one."""
    _, hops, source, target = some_hops(seed)
    whole = hops.distances(target)
    assert hops.distances(target, until=source).tolist() == np.minimum(whole, whole[source]).tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_paths_do_not_depend_on_how_distances_are_found(seed: int) -> None:
    """The same ways, costs and ties, to the last bit, with distances of arrays and with those found node by node."""
    _, hops, source, target = some_hops(seed)
    near = hops.distances(target, until=source).tolist().__getitem__
    ways = cheapest_paths(source, target, neighbors=hops.neighbors, toll=hops.toll)
    same = cheapest_paths(source, target, neighbors=hops.neighbors, toll=hops.toll, ahead=near)
    assert list(islice(same, 15)) == list(islice(ways, 15))


@pytest.mark.parametrize("seed", SEEDS)
def test_ways_in_time_do_not_depend_on_how_distances_are_found(seed: int) -> None:
    """In the order of time, too, both kinds of distances lead to the same ways."""
    _, hops, source, target = some_hops(seed)

    def ways(**more: object) -> list:
        return list(
            cheapest_in_time(
                source, target, neighbors=hops.neighbors, steps=hops.steps, back=hops.back, toll=hops.toll,
                at=minute_ns(0), k=3, most=300, **more,
            )
        )  # fmt: skip

    assert ways(ahead=hops.distances(target).tolist().__getitem__) == ways()


@pytest.mark.parametrize("seed", range(10))
def test_a_toll_is_half_the_doublings_of_a_node_s_ties(seed: int) -> None:
    """Who stands at the other end counts once for each direction, however many edges lead there."""
    g = random_graph(seed, nodes=12, edges=60)
    index = index_of(g)
    ties = [len(g.succ[node]) + len(g.pred[node]) for node in index.nodes]
    assert tolls_of(index).tolist() == [math.log2(1 + n) / 2 for n in ties]


def test_tolls_are_counted_once_per_graph_and_anew_when_it_changes() -> None:
    """The second question takes what the first found; an edge more, and they are counted again."""
    g = random_graph(1)
    kept = tolls_of(index_of(g))
    assert tolls_of(index_of(g)) is kept
    first, *_, last = g
    g.add_edge(first, last, "a tie of its own")
    g.add_edge(last, first, "a tie of its own")
    assert tolls_of(index_of(g))[0] >= kept[0]
    assert tolls_of(index_of(g)).tolist() == [math.log2(1 + len(g.succ[node]) + len(g.pred[node])) / 2 for node in g]

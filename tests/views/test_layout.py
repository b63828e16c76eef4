"""Where nodes stand."""

from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from graphinvestigate.views.layout import layout


def closest(place: dict) -> float:
    """The distance of the two nodes that stand closest."""
    at = np.array(list(place.values()))
    apart = np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    return float(apart.min())


@st.composite
def graphs(draw):
    """Small graphs of any shape, parts and loops included."""
    n = draw(st.integers(0, 30))
    g = nx.MultiDiGraph()
    g.add_nodes_from(f"n{at}" for at in range(n))
    if n:
        ends = st.integers(0, n - 1).map(lambda at: f"n{at}")
        g.add_edges_from(draw(st.lists(st.tuples(ends, ends), max_size=60)))
    return g


@settings(max_examples=40, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_order_of_insertion_does_not_matter(g, shuffler):
    """The same nodes and edges give the same places, in whatever order they were added."""
    nodes, edges = list(g.nodes), list(g.edges())
    shuffler.shuffle(nodes)
    shuffler.shuffle(edges)
    other = nx.MultiDiGraph()
    other.add_nodes_from(nodes)
    other.add_edges_from(edges)
    assert layout(g) == layout(other)


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(0, 5))
def test_places_are_finite_and_apart(g, seed):
    """Every node has a finite place of its own."""
    place = layout(g, seed=seed)
    assert set(place) == set(g)
    assert np.isfinite(np.array(list(place.values()))).all()
    if len(g) > 1:
        assert closest(place) > 0.15


@settings(max_examples=40, deadline=None)
@given(graphs(), st.data())
def test_fixed_nodes_stay_exactly_where_they_are(g, data):
    """A fixed position comes back bit for bit, wherever it is."""
    number = st.floats(-1e4, 1e4, allow_nan=False)
    fixed = data.draw(st.dictionaries(st.sampled_from([*g, "gone"]), st.tuples(number, number)))
    place = layout(g, fixed=fixed)
    assert set(place) == set(g)
    assert all(place[node] == where for node, where in fixed.items() if node in g)


def test_new_nodes_are_placed_near_their_neighbours():
    """When a graph grows around one node, the new nodes stand close to it, and the others don't move."""
    g = nx.random_labeled_tree(120, seed=3)
    before = layout(g)
    leaf = max(g, key=lambda node: before[node][0])
    g.add_edges_from((leaf, f"new{at}") for at in range(6))
    after = layout(g, fixed=before)
    assert all(after[node] == before[node] for node in before)
    width = np.ptp(np.array(list(before.values())), axis=0).max()
    for at in range(6):
        assert np.hypot(*np.subtract(after[f"new{at}"], after[leaf])) < 0.25 * width


def test_parts_do_not_mix():
    """Parts that are not connected stand side by side: their boxes don't overlap."""
    g = nx.disjoint_union_all([nx.random_labeled_tree(n, seed=n) for n in (30, 12, 7, 2, 1, 1)])
    place = layout(g)
    boxes = []
    for part in nx.connected_components(g):
        at = np.array([place[node] for node in part])
        boxes.append((at.min(axis=0), at.max(axis=0)))
    for index, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:index]:
            assert (high < other_low).any() or (other_high < low).any()


@pytest.mark.parametrize("n", [50, 200])
def test_nodes_do_not_stand_on_top_of_each_other(n):
    """Up to 200 nodes, even around a hub, keep a distance."""
    g = nx.barabasi_albert_graph(n, 2, seed=1)
    assert closest(layout(g)) > 0.4
    assert closest(layout(nx.star_graph(n - 1))) > 0.4


def test_linked_nodes_stand_close():
    """Edges are short against the distance of any two nodes, better than half of chance."""
    g = nx.barabasi_albert_graph(300, 1, seed=1)
    place = layout(g)
    picker = random.Random(0)
    nodes = list(g)
    along = np.mean([np.hypot(*np.subtract(place[a], place[b])) for a, b in g.edges()])
    apart = np.mean(
        [np.hypot(*np.subtract(place[picker.choice(nodes)], place[picker.choice(nodes)])) for _ in range(5000)]
    )
    assert along / apart < 0.3


def test_input_is_left_alone(graph):
    """Laying out changes neither the graph nor the fixed positions."""
    fixed = dict.fromkeys(list(graph)[:2], (0.0, 0.0))
    nodes, edges, kept = list(graph.nodes(data=True)), graph.number_of_edges(), dict(fixed)
    layout(graph, fixed=fixed)
    assert list(graph.nodes(data=True)) == nodes
    assert graph.number_of_edges() == edges
    assert fixed == kept

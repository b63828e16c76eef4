"""Layouts by time and on rings: nodes stand apart, and what stands stays."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from graphinvestigate.views.choosing import choose_nodes
from graphinvestigate.views.layout_rings import ring_layout
from graphinvestigate.views.layout_time import time_layout

LAYOUTS = {
    "time": lambda g, fixed=None: time_layout(g, fixed=fixed),
    "rings": lambda g, fixed=None: ring_layout(g, max(g, key=lambda n: (g.degree(n), n), default=None), fixed=fixed),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_node_has_a_place_of_its_own(graph, crowd, name):
    """Each node gets one finite place, the same for the same graph in any order, and no two the same one."""
    for g in (graph, crowd.subgraph(choose_nodes(crowd, max_nodes=200))):
        places = LAYOUTS[name](g)
        assert set(places) == set(g)
        assert np.isfinite(list(places.values())).all()
        assert len(set(places.values())) == len(g)
        again = nx.MultiDiGraph()
        again.add_nodes_from(reversed(list(g.nodes(data=True))))
        again.add_edges_from(g.edges(keys=True, data=True))
        assert LAYOUTS[name](again) == places


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_stands_stays_when_others_come(crowd, name):
    """Nodes that come later never move those that stand, and find places that are free."""
    few = crowd.subgraph(choose_nodes(crowd, max_nodes=60))
    places = LAYOUTS[name](few)
    more = crowd.subgraph(set(choose_nodes(crowd, max_nodes=140)) | set(few))
    grown = ring_layout(more, max(few, key=lambda n: (few.degree(n), n)), fixed=places) if name == "rings" else (
        time_layout(more, fixed=places)
    )  # fmt: skip
    assert {node: grown[node] for node in few} == places
    assert len(set(grown.values())) == len(more)


def test_time_runs_from_left_to_right(graph):
    """X is the time of a record, or when an entity was first seen; a node without a time stands before all."""
    g = graph.copy()
    record = next(node for node in g if node.kind == "alert")
    g.nodes[record]["time"] = None
    places = time_layout(g)
    for node, data in g.nodes(data=True):
        said = data.get("time") or data.get("first_seen")
        if said:
            assert places[node][0] == pytest.approx(pd.Timestamp(said).timestamp() * 1000, abs=1)
    assert places[record][0] < min(x for node, (x, _) in places.items() if node != record)


def test_records_stand_above_entities(graph):
    """Bands fall from records to users, hosts, addresses and the rest, and never mix."""
    places = time_layout(graph)
    order = ["alert", "user", "host", "ip"]
    spans = [[y for node, (_, y) in places.items() if node.kind == kind] for kind in order]
    for above, below in combinations([span for span in spans if span], 2):
        assert min(above) > max(below)


def test_rings_hold_what_is_as_many_hops_away(graph):
    """The seed stands in the middle, and each ring is further out than the one before."""
    seed = max(graph, key=lambda node: (graph.degree(node), node))
    places = ring_layout(graph, seed)
    assert places[seed] == (0.0, 0.0)
    hops = nx.single_source_shortest_path_length(graph.to_undirected(as_view=True), seed)
    far = {node: np.hypot(x / 1.5, y) for node, (x, y) in places.items()}
    for hop in range(max(hops.values())):
        inner = [far[node] for node, n in hops.items() if n == hop]
        outer = [far[node] for node, n in hops.items() if n == hop + 1]
        assert max(inner) < min(outer)


def test_nothing_and_one_node():
    """An empty graph has no places, a single node stands in the middle; a seed that is not there does no harm."""
    assert time_layout(nx.MultiDiGraph()) == {}
    assert ring_layout(nx.MultiDiGraph(), "x") == {}
    one = nx.MultiDiGraph()
    one.add_node("a", kind="user")
    assert ring_layout(one, "not there") == {"a": (0.0, 0.0)}
    assert len(time_layout(one)) == 1

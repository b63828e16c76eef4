"""What is asked of a graph's nodes again and again is found once, and is what the graph says."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.views import node_facts
from graphinvestigate.views.choosing import choose_nodes
from graphinvestigate.views.graph_words import not_drawn
from graphinvestigate.views.node_facts import NodeFacts, neighbors, own_rank, verdict_of, worst_severity
from graphinvestigate.views.style import severity_rank


@pytest.fixture(scope="module")
def g() -> nx.MultiDiGraph:
    """The entity graph of a small tenant."""
    with gi.connect_demo(seed=4, alerts=60) as client:
        return gi.entity_graph(alerts=gi.list_alerts(client), risk_detections=gi.list_risk_detections(client))


@pytest.mark.parametrize("weighed", [False, True])
def test_facts_are_what_the_graph_says(g: nx.MultiDiGraph, weighed: bool) -> None:
    """Neighbours, severity and verdict of every node are those that the graph's own data give, also the second time."""
    facts = NodeFacts(g)
    assert not weighed or facts.weights
    for _ in range(2):
        for node in g:
            near = neighbors(g, node)
            assert facts.near(node) == near
            assert facts.worst(node) == worst_severity(g, node, near)
            assert facts.verdict(node) == verdict_of(g, node)
    assert facts.links == g.number_of_edges()


def test_facts_are_found_once(g: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub's thousands of neighbours are looked through once, however often it is drawn."""
    facts, hub = NodeFacts(g), max(g, key=g.degree)
    first = facts.worst(hub), facts.verdict(hub)

    def looked(*_: Any) -> None:
        raise AssertionError("looked through again")

    for name in ("neighbors", "worst_severity", "verdict_of"):
        monkeypatch.setattr(node_facts, name, looked)
    assert (facts.worst(hub), facts.verdict(hub)) == first


def test_a_rank_is_that_of_the_gravest_word() -> None:
    """Of several fields the gravest counts, in any case of letters; words that nobody knows count as unknown."""
    assert own_rank({"severity": "low", "risk_level": "HIGH"}) == severity_rank("high")
    assert own_rank({"severity": "Medium", "risk_level": None}) == severity_rank("medium")
    assert own_rank({"severity": "apocalyptic", "risk_level": 7}) == severity_rank(None) == 0


def test_choosing_among_some_gives_only_those(g: nx.MultiDiGraph) -> None:
    """Of the nodes that may be drawn, those next to the highlighted one and the gravest come first; no other comes."""
    hub = max((n for n in g if n.kind == "user"), key=g.degree)
    crowd = {hub, *neighbors(g, hub), *sorted(g)[:40]}
    chosen = choose_nodes(g, highlight=hub, max_nodes=8, among=crowd)
    near = neighbors(g, hub)
    assert len(chosen) == 8
    assert set(chosen) <= crowd
    assert set(chosen) <= {hub, *near}
    weights = NodeFacts(g).weights
    left = near - set(chosen)
    assert left
    assert max(weights[n] for n in chosen if n != hub) <= min(weights[n] for n in left)


def test_what_is_not_drawn_is_counted_from_either_side() -> None:
    """Few neighbours or few drawn nodes: the count is that of neighbours that are not drawn."""
    for around, drawn in ((range(3), range(2, 99)), (range(99), range(2, 5)), (range(5), range(0)), ((), range(4))):
        index = {node: at for at, node in enumerate(drawn)}
        assert not_drawn(frozenset(around), index) == len(set(around) - set(drawn))

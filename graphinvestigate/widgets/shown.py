"""Which part of an entity graph is drawn, and where each node stands: a node that was placed never moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeAlias

import networkx as nx

from graphinvestigate.linking import Entity, Record
from graphinvestigate.views.choosing import choose_nodes
from graphinvestigate.views.layout import layout
from graphinvestigate.views.node_facts import NodeFacts, neighbors

START = 60
BUDGET = 200
CAP = 450

Node: TypeAlias = Entity | Record
Places: TypeAlias = Mapping[Node, tuple[float, float]]
Placing: TypeAlias = Callable[[nx.MultiDiGraph, Places], dict[Node, tuple[float, float]]]


def first_nodes(g: nx.MultiDiGraph, around: Node | None, *, facts: NodeFacts | None = None) -> frozenset[Node]:
    """Choose what is drawn first.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The whole entity graph.
    around : Entity, Record or None
        What is selected.
    facts : NodeFacts, optional
        Of the graph, where they are at hand.

    Returns
    -------
    frozenset of nodes
        At most ``START``.
    """
    return frozenset(choose_nodes(g, highlight=around, max_nodes=START, facts=facts))


def with_more(
    g: nx.MultiDiGraph,
    drawn: frozenset[Node],
    wanted: Iterable[Node],
    *,
    around: Node,
    kept: Collection[Node] = (),
    facts: NodeFacts | None = None,
) -> frozenset[Node]:
    """Draw more nodes, as far as there is room.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The whole entity graph.
    drawn : frozenset of nodes
        What is drawn now.
    wanted : iterable of nodes
        What to draw too. Of more than ``BUDGET``, the nodes nearest to `around`, most severe and most linked.
    around : Entity or Record
        Is drawn in any case.
    kept : collection of nodes
        Stay drawn in any case.
    facts : NodeFacts, optional
        Of the graph, where they are at hand.

    Returns
    -------
    frozenset of nodes
        At most ``CAP``: if all would be more, the drawing starts over with what was wanted and what is kept.
    """
    crowd = {around, *wanted}
    new = crowd - drawn
    if len(new) <= min(CAP - len(drawn), BUDGET):
        return drawn | new
    chosen = frozenset(choose_nodes(g, highlight=around, max_nodes=BUDGET, among=crowd, facts=facts))
    together = drawn | chosen
    return together if len(together) <= CAP else (chosen | frozenset(kept))


def without_leaves(
    g: nx.MultiDiGraph, drawn: frozenset[Node], node: Node, near: Collection[Node], *, kept: Collection[Node] = ()
) -> frozenset[Node]:
    """Stop drawing what hangs at a node only.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The whole entity graph.
    drawn : frozenset of nodes
        What is drawn now.
    node : Entity or Record
        Whose neighbours go.
    near : collection of nodes
        The neighbours that may go. Those that are linked to other drawn nodes than these stay.
    kept : collection of nodes
        Stay drawn in any case.

    Returns
    -------
    frozenset of nodes
    """
    going = {other for other in near if other in drawn and other != node and other not in kept}
    while True:
        stays = drawn - going - {node}
        held = {one for one in going if not stays.isdisjoint(neighbors(g, one))}
        if not held:
            return drawn - going
        going -= held


def linked_by(g: nx.MultiDiGraph, node: Node, relation: str | None = None) -> set[Node]:
    """Give what is linked to a node, by any relation or by one.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    node : Entity or Record
    relation : str, optional

    Returns
    -------
    set of nodes
    """
    if relation is None:
        return neighbors(g, node)
    return {
        other for side in (g.succ[node], g.pred[node]) for other, between in side.items() if relation in between
    } - {node}


def hidden_by_relation(g: nx.MultiDiGraph, node: Node, drawn: Collection[Node]) -> dict[str, tuple[int, int]]:
    """Count a node's neighbours per relation.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    node : Entity or Record
    drawn : collection of nodes

    Returns
    -------
    dict of str to (int, int)
        Per relation, most first: how many there are, and how many of them are not drawn.
    """
    found: dict[str, set[Node]] = {}
    for side in (g.succ[node], g.pred[node]):
        for other, between in side.items():
            if other != node:
                for relation in between:
                    found.setdefault(relation, set()).add(other)
    counted = {relation: (len(near), sum(one not in drawn for one in near)) for relation, near in found.items()}
    return dict(sorted(counted.items(), key=lambda item: (-item[1][0], item[0])))


def force(g: nx.MultiDiGraph, fixed: Places) -> dict[Node, tuple[float, float]]:
    """Place what is drawn by the forces of its links; what has a place keeps it."""
    return layout(g, fixed=fixed)

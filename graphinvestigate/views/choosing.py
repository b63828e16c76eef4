"""What to draw of an entity graph, and what its nodes are."""

from __future__ import annotations

import heapq
from collections.abc import Collection
from typing import Any

import networkx as nx

from graphinvestigate import text
from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, UsageError
from graphinvestigate.linking import Entity, find_entity
from graphinvestigate.views.layout import node_order
from graphinvestigate.views.node_facts import NodeFacts


def highlighted(g: nx.MultiDiGraph, highlight: Any) -> list[Any]:
    """Give the nodes to highlight as a list.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    highlight : node, collection of nodes, or None
        What to highlight; a node is a tuple itself. An entity may be given by a former or weaker key.

    Returns
    -------
    list of nodes
        Each once, in the order given.

    Raises
    ------
    UsageError
        If one of them is not in `g`.
    """
    if highlight is None:
        return []
    many = not isinstance(highlight, str | tuple) or (highlight not in g and not _is_node(highlight))
    nodes = list(dict.fromkeys(_known(g, node) for node in (highlight if many else [highlight])))
    for node in nodes:
        if node not in g:
            raise UsageError(
                f"cannot highlight {text.log(str(node))}: it is not in this entity graph. "
                "Find its node with find_entity(g, text), or leave highlight out."
            )
    return nodes


def _known(g: nx.MultiDiGraph, node: Any) -> Any:
    """Give the node that an entity is now, under whatever key it was known before."""
    if node in g or not isinstance(node, Entity):
        return node
    try:
        return find_entity(g, node)
    except (EntityNotFoundError, AmbiguousEntityError):
        return node


def _is_node(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)
    )


def choose_nodes(
    g: nx.MultiDiGraph,
    *,
    highlight: Any = None,
    max_nodes: int = 200,
    among: Collection[Any] | None = None,
    facts: NodeFacts | None = None,
) -> list[Any]:
    """Choose what to draw of a graph that is larger than the figure can show.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it is not changed.
    highlight : node or collection of nodes, optional
        Kept first, then their neighbours.
    max_nodes : int
        At most so many are kept: next come those of the highest severity, then those with most links.
    among : collection of nodes, optional
        Only these may be chosen; all by default.
    facts : NodeFacts, optional
        Of this graph, where they are at hand.

    Returns
    -------
    list of nodes
        In a stable order.
    """
    if max_nodes < 1:
        raise UsageError(f"max_nodes must be at least 1, not {max_nodes}")
    marked = highlighted(g, highlight)
    crowd = g.nodes if among is None else among
    if len(crowd) <= max_nodes:
        return sorted(crowd, key=node_order)
    facts = NodeFacts(g) if facts is None else facts
    weights = facts.weights
    first = set(marked)
    near = {other for node in marked for other in facts.near(node)}

    def place(node: Any) -> tuple[Any, ...]:
        return (node not in first, node not in near, weights[node], node_order(node))

    return heapq.nsmallest(max_nodes, crowd, key=place)

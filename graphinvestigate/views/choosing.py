"""What to draw of an entity graph, and what its nodes are."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from graphinvestigate import text
from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, UsageError
from graphinvestigate.linking import Entity, find_entity
from graphinvestigate.views.layout import node_order
from graphinvestigate.views.style import OTHER, kind_look, severity, severity_rank

_SEVERITY_FIELDS = ("severity", "risk_level", "risk_level_during_sign_in", "risk_level_aggregated")


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


def choose_nodes(g: nx.MultiDiGraph, *, highlight: Any = None, max_nodes: int = 200) -> list[Any]:
    """Choose what to draw of a graph that is larger than the figure can show.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it is not changed.
    highlight : node or collection of nodes, optional
        Kept first, then their neighbours.
    max_nodes : int
        At most so many are kept: next come those of the highest severity, then those with most links.

    Returns
    -------
    list of nodes
        In a stable order.
    """
    if max_nodes < 1:
        raise UsageError(f"max_nodes must be at least 1, not {max_nodes}")
    marked = highlighted(g, highlight)
    if len(g) <= max_nodes:
        return sorted(g.nodes, key=node_order)
    first = set(marked)
    near = {other for node in marked for other in neighbors(g, node)}
    worst = dict.fromkeys(g.nodes, 0)
    for node, data in g.nodes(data=True):
        own = own_rank(data)
        if own > 1:
            worst[node] = max(worst[node], own)
            for other in neighbors(g, node):
                worst[other] = max(worst[other], own)

    def place(node: Any) -> tuple[Any, ...]:
        return (node not in first, node not in near, -worst[node], -g.degree(node), node_order(node))

    return heapq.nsmallest(max_nodes, g.nodes, key=place)


def kind_of(g: nx.MultiDiGraph, node: Any) -> str:
    """Give a node's kind, from its attributes or the node itself.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    node : node
        One of its nodes.

    Returns
    -------
    str
    """
    kind = g.nodes[node].get("kind") or getattr(node, "kind", None)
    return kind if isinstance(kind, str) else OTHER.name


def neighbors(g: nx.MultiDiGraph, node: Any) -> set[Any]:
    """Give all nodes linked to a node, in either direction.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    node : node
        One of its nodes.

    Returns
    -------
    set of nodes
    """
    near = set(g.adj[node])
    if g.is_directed():
        near.update(g.pred[node])
    near.discard(node)
    return near


def own_rank(data: Mapping[str, Any]) -> int:
    """Rank the severity that a node's own attributes state.

    Parameters
    ----------
    data : mapping
        A node's attributes.

    Returns
    -------
    int
        As :func:`graphinvestigate.views.style.severity_rank`.
    """
    return max((severity_rank(data.get(name)) for name in _SEVERITY_FIELDS), default=0)


def worst_severity(g: nx.MultiDiGraph, node: Any, around: Iterable[Any]) -> str:
    """Name the highest severity of a record, or of the records around an entity.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    node : node
        One of its nodes.
    around : iterable of nodes
        Its neighbours.

    Returns
    -------
    str
        A key of ``style.SEVERITIES``.
    """
    data = g.nodes[node]
    found = [data] if kind_look(kind_of(g, node)).is_record else [data, *(g.nodes[other] for other in around)]
    best = max(found, key=own_rank)
    return max((severity(best.get(name)) for name in _SEVERITY_FIELDS), key=severity_rank)

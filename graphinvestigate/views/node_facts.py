"""What drawings ask of a graph's nodes again and again, each worked out once per graph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import networkx as nx

from graphinvestigate.views.style import SEVERITIES, kind_look, severity, severity_rank

SEVERITY_FIELDS = ("severity", "risk_level", "risk_level_during_sign_in", "risk_level_aggregated")
VERDICTS = {
    "malicious": ("!", "malicious"),
    "suspicious": ("?", "suspicious"),
    "nothreatsfound": ("✓", "no threats found"),
}
"""Graph's verdicts, the gravest first: the mark inside a node, and the words in the legend."""
_RANKS = {name: severity_rank(name) for name in SEVERITIES}
_NAMES = {rank: name for name, rank in _RANKS.items()}


class NodeFacts:
    """Neighbours, severity, verdict and weight of the nodes of one graph.

    Each is found when it is first asked for, and kept: among a hundred thousand alerts an address has neighbours by
    the thousand. The graph must not change meanwhile; a larger graph gets facts of its own.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it is not changed.
    """

    def __init__(self, g: nx.MultiDiGraph) -> None:
        self._g = g
        self._near: dict[Any, frozenset[Any]] = {}
        self._worst: dict[Any, str] = {}
        self._verdict: dict[Any, str] = {}

    def near(self, node: Any) -> frozenset[Any]:
        """Give all nodes linked to a node, in either direction."""
        found = self._near.get(node)
        if found is None:
            found = self._near[node] = frozenset(neighbors(self._g, node))
        return found

    def worst(self, node: Any) -> str:
        """Name the highest severity of a record, or of the records around an entity: a key of ``SEVERITIES``."""
        found = self._worst.get(node)
        if found is None:
            # Once all nodes are weighed, a hub's thousands of records need not be looked through again.
            rank = -self.weights[node][0] if "weights" in self.__dict__ else 0
            if rank > 1 and not kind_look(kind_of(self._g, node)).is_record:
                found = _NAMES[rank]
            else:
                found = worst_severity(self._g, node, self.near(node))
            self._worst[node] = found
        return found

    def verdict(self, node: Any) -> str:
        """Give the gravest verdict among the evidence that names a node: a key of ``VERDICTS``, or nothing."""
        found = self._verdict.get(node)
        if found is None:
            found = self._verdict[node] = verdict_of(self._g, node)
        return found

    @cached_property
    def links(self) -> int:
        """How many edges the graph has."""
        return int(self._g.number_of_edges())

    @cached_property
    def weights(self) -> Mapping[Any, tuple[int, int]]:
        """Where nodes come when not all can be drawn: those next to the gravest first, then the most linked."""
        worst = dict.fromkeys(self._g, 0)
        for node, data in self._g.nodes(data=True):
            own = own_rank(data)
            if own > 1:
                worst[node] = max(worst[node], own)
                for other in neighbors(self._g, node):
                    worst[other] = max(worst[other], own)
        return {node: (-worst[node], -degree) for node, degree in self._g.degree}


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
    return kind if isinstance(kind, str) else "other"


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
    best = 0
    for name in SEVERITY_FIELDS:
        value = data.get(name)
        if value is not None:
            known = _RANKS.get(value) if isinstance(value, str) else 0
            best = max(best, severity_rank(value) if known is None else known)
    return best


def worst_severity(g: nx.MultiDiGraph, node: Any, around: Any) -> str:
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
    nodes = g.nodes
    data = nodes[node]
    found = [data] if kind_look(kind_of(g, node)).is_record else [data, *(nodes[other] for other in around)]
    best = max(found, key=own_rank)
    return max((severity(best.get(name)) for name in SEVERITY_FIELDS), key=severity_rank)


def verdict_of(g: nx.MultiDiGraph, node: Any) -> str:
    """Give the gravest verdict among the evidence that names a node.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    node : node

    Returns
    -------
    str
        A key of ``VERDICTS``, or nothing where no evidence judged it.
    """
    said = {
        verdict
        for between in g.pred[node].values()
        for data in between.values()
        if isinstance(verdict := data.get("verdict"), str)
    }
    found = {verdict.casefold() for verdict in said}
    return next((name for name in VERDICTS if name in found), "")

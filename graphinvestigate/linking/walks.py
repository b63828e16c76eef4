"""Around an entity, and what several have in common. Hubs are drawn and counted, and not walked through."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.explain import node_of
from graphinvestigate.linking.hubs import Hub, Hubs, closed_by, hubs_of
from graphinvestigate.linking.index import EdgeFilter, GraphIndex, Mask, edge_filter, edges_within, index_of, reach
from graphinvestigate.linking.moments import window_of
from graphinvestigate.linking.nodes import Entity, Node, Record
from graphinvestigate.linking.sentences import describe
from graphinvestigate.text import log
from graphinvestigate.wanted import takes


@takes
def neighborhood(
    g: nx.MultiDiGraph,
    entity: Entity | Record | str,
    *,
    hops: int = 1,
    through_hubs: bool = False,
    hubs: Hubs = None,
    relations: Collection[str] | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
) -> nx.MultiDiGraph:
    """Cut out what lies around an entity.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it stays as it is.
    entity : Entity, Record or str
        Where to start; a text is looked up with `find_entity`. It is walked on from even if it is a hub.
    hops : int
        How many edges away.
    through_hubs : bool
        Walk through hubs too (see `find_hubs`); by default they are the last node on the way.
    hubs : DataFrame or iterable of Entity or str, optional
        More hubs, as `find_hubs` takes them.
    relations : collection of str, optional
        Only these relations.
    since, until : str or datetime, optional
        Only edges seen within: an ISO text with zone, or an aware datetime. Edges without a time stay.

    Returns
    -------
    networkx.MultiDiGraph
        A copy: the nodes within reach and every allowed edge between them. ``.graph["not_walked"]`` lists the hubs
        where the walk stopped: ``kind``, ``key``, ``label``, ``how``, ``why``, ``beyond`` (how many nodes lie next to
        it that nothing else led to) and a ``sentence``; the one that hides most comes first.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by that text, or several do; the error names near misses or all of them.
    UsageError
        ``hops`` is negative, a time has no zone, or the window ends before it begins.
    """
    window = window_of(since, until)
    edges = edge_filter(index_of(g), names(relations), *window)
    inside, not_walked = _around(g, node_of(g, entity), hops, edges, through_hubs=through_hubs, hubs=hubs)
    near = cut_out(g, index_of(g), inside, edges)
    near.graph["not_walked"] = not_walked
    return near


def nodes_around(
    g: nx.MultiDiGraph, entity: Entity | Record, *, hops: int, through_hubs: bool
) -> tuple[list[Node], list[dict[str, Any]]]:
    """Give the nodes of a `neighborhood` and where the walk stopped, without a copy of what lies there."""
    index = index_of(g)
    inside, not_walked = _around(g, entity, hops, EdgeFilter(), through_hubs=through_hubs, hubs=None)
    return [index.nodes[at] for at in np.flatnonzero(inside).tolist()], not_walked


def _around(
    g: nx.MultiDiGraph, start: Node, hops: int, edges: EdgeFilter, *, through_hubs: bool, hubs: Hubs
) -> tuple[Mask, list[dict[str, Any]]]:
    if isinstance(hops, bool) or not isinstance(hops, Integral) or hops < 0:
        raise UsageError(f"hops takes a whole number from 0; got {log(repr(hops))[:80]}")
    index = index_of(g)
    stops = {} if through_hubs else hubs_of(g, index, hubs)
    level = reach(index, [index.place[start]], hops=hops, edges=edges, closed=closed_by(index, stops))
    return level >= 0, stopped_at(g, index, stops, level, hops, edges)


@takes
def common(
    g: nx.MultiDiGraph,
    *entities: Entity | Record | str,
    through_hubs: bool = False,
    hubs: Hubs = None,
    relations: Collection[str] | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
) -> nx.MultiDiGraph:
    """Show what several entities share: every node that each of them is tied to, directly or by one record.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it stays as it is.
    *entities : Entity, Record or str
        Two or more; texts are looked up with `find_entity`.
    through_hubs, hubs, relations, since, until
        As for `neighborhood`. Hubs that all of them share are shown only with `through_hubs`.

    Returns
    -------
    networkx.MultiDiGraph
        A copy: the entities, what they share, and the records that tie them to it. ``.graph["shared"]`` lists the
        shared nodes as ``[kind, key]``; ``.graph["not_walked"]`` the hubs that all of them share.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by that text, or several do; the error names near misses or all of them.
    UsageError
        Fewer than two entities are given, a time has no zone, or the window ends before it begins.
    """
    if len(entities) < 2:
        raise UsageError("give two entities or more: what one shares with itself is its neighborhood")
    starts = [node_of(g, entity) for entity in entities]
    index = index_of(g)
    edges = edge_filter(index, names(relations), *window_of(since, until))
    stops = {} if through_hubs else hubs_of(g, index, hubs)
    entity_nodes = ~index.record
    levels = [
        reach(index, [index.place[start]], hops=2, edges=edges, closed=entity_nodes | closed_by(index, stops))
        for start in starts
    ]
    shared = np.logical_and.reduce([level > 0 for level in levels])
    at_hubs = [at for at in stops if shared[at]]
    shared[at_hubs] = False
    inside = shared.copy()
    inside[[index.place[start] for start in starts]] = True
    for level in levels:  # the records on the way
        inside |= _on_the_way(index, level, shared, edges)
    near = cut_out(g, index, inside, edges)
    near.graph["shared"] = [list(index.nodes[at]) for at in np.flatnonzero(shared).tolist()]
    near.graph["not_walked"] = [_stop(g, index, at, stops[at], 0, "All of them share it") for at in at_hubs]
    return near


def names(relations: Collection[str] | None) -> Collection[str] | None:
    """Return relation names as a collection: a text alone is one name."""
    return (relations,) if isinstance(relations, str) else relations


def cut_out(g: nx.MultiDiGraph, index: GraphIndex, inside: Mask, edges: EdgeFilter | None = None) -> nx.MultiDiGraph:
    """Copy the nodes inside and the allowed edges between them, in the order of the graph."""
    near = nx.MultiDiGraph(**g.graph)
    nodes = index.nodes
    near.add_nodes_from((nodes[at], dict(g.nodes[nodes[at]])) for at in np.flatnonzero(inside).tolist())
    kept = edges_within(index, inside, edges)
    ends = zip(index.source[kept].tolist(), index.target[kept].tolist(), index.relation[kept].tolist(), strict=True)
    adjacency = g.adj
    near.add_edges_from(
        (nodes[u], nodes[v], index.relations[r], dict(adjacency[nodes[u]][nodes[v]][index.relations[r]]))
        for u, v, r in ends
    )
    return near


def stopped_at(
    g: nx.MultiDiGraph,
    index: GraphIndex,
    stops: Mapping[int, Hub],
    level: NDArray[np.int32],
    hops: int | None,
    edges: EdgeFilter | None = None,
) -> list[dict[str, Any]]:
    """List the hubs at which a walk stopped short, the one that hides most first."""
    found = []
    for at, hub in stops.items():
        if level[at] < 1 or (hops is not None and level[at] >= hops):
            continue
        beyond = int((level[_next_to(index, [at], edges)] < 0).sum())
        if beyond:
            found.append(_stop(g, index, at, hub, beyond, f"{beyond} more nodes only via it"))
    return sorted(found, key=lambda stop: (-stop["beyond"], stop["kind"], stop["key"]))


def _stop(g: nx.MultiDiGraph, index: GraphIndex, at: int, hub: Hub, beyond: int, said: str) -> dict[str, Any]:
    node = index.nodes[at]
    name = describe(g, node)
    return {
        "kind": node.kind,
        "key": node[1],
        "label": g.nodes[node].get("label") or node[1],
        "how": hub.how,
        "why": hub.why,
        "beyond": beyond,
        "sentence": f"{name} is a hub and was not walked through ({hub.why.rstrip('.')}): {said}.",
    }


def _next_to(index: GraphIndex, places: Iterable[int], edges: EdgeFilter | None) -> NDArray[np.int32]:
    """Return the distinct neighbours of some nodes along allowed edges."""
    frontier = np.fromiter(places, dtype=np.int64)
    sides = [side.steps(frontier) for side in (index.out, index.into)]
    return np.unique(np.concatenate([other[edges.allows(index, edge)] if edges else other for other, edge in sides]))


def _on_the_way(index: GraphIndex, level: NDArray[np.int32], goal: Mask, edges: EdgeFilter | None) -> Mask:
    """Which records one hop from a start are next to a goal."""
    way = np.zeros(len(index.nodes), dtype=np.bool_)
    records = np.flatnonzero(index.record & (level == 1))
    for side in (index.out, index.into):
        other, edge = side.steps(records)
        owner = side.owners(records)
        hit = goal[other]
        if edges:
            hit &= edges.allows(index, edge)
        way[owner[hit]] = True
    return way

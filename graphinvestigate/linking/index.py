"""The columnar index of an entity graph: who is next to whom, in numpy arrays.

Neighbourhoods, paths, hubs and ranking read it, whether the graph came from networkx or from tables.

| array | one value per | holds |
|---|---|---|
| ``kind`` | node | place in ``kinds`` |
| ``record`` | node | whether it is a record (else an entity) |
| ``source``, ``target`` | edge | places of its ends in ``nodes`` |
| ``relation`` | edge | place in ``relations`` |
| ``first``, ``last`` | edge | when it was first and last seen: nanoseconds since 1970, UTC; `NO_TIME` where unknown |
| ``count`` | edge | how many references say so |
| ``out``, ``into`` | — | per node, the edges that leave it and those that enter it (`Half`) |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphinvestigate.linking.nodes import Node, Record

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

NO_TIME = int(np.iinfo(np.int64).min)
"""An unknown time; numpy's NaT."""
_CACHED = "graphinvestigate index"
_SPARSE = 50  # below one step per so many nodes, sorting the steps is cheaper than a mask over all nodes
_MOST_MICROSECONDS = np.iinfo(np.int64).max // 1000


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """One direction of an adjacency: the edges of node ``n`` are those from ``start[n]`` to ``start[n + 1]``.

    Attributes
    ----------
    start : ndarray of int64, shape (nodes + 1,)
    other : ndarray of int32, shape (edges,)
        The node at the other end.
    edge : ndarray of int32, shape (edges,)
        Which edge it is.
    """

    start: Ints
    other: NDArray[np.int32]
    edge: NDArray[np.int32]

    def steps(self, frontier: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the far ends and the edges of all nodes of a frontier, one after the other, repeats included."""
        if len(frontier) == 1:
            here = slice(int(self.start[frontier[0]]), int(self.start[frontier[0] + 1]))
            return self.other[here], self.edge[here]
        flat = self._places(frontier)
        return self.other[flat], self.edge[flat]

    def ends(self, frontier: NDArray[Any]) -> NDArray[np.int32]:
        """Return the far ends of `steps` alone."""
        if len(frontier) == 1:
            return self.other[int(self.start[frontier[0]]) : int(self.start[frontier[0] + 1])]
        return self.other[self._places(frontier)]

    def owners(self, frontier: NDArray[Any]) -> NDArray[Any]:
        """Return which node of the frontier each step of `steps` starts from."""
        return np.repeat(frontier, self.start[frontier + 1] - self.start[frontier])

    def _places(self, frontier: NDArray[Any]) -> Ints:
        begin = self.start[frontier]
        size = self.start[frontier + 1] - begin
        ends = np.cumsum(size)
        return np.repeat(begin - ends + size, size) + np.arange(ends[-1] if len(ends) else 0)


@dataclass(frozen=True, slots=True, eq=False)
class GraphIndex:
    """An entity graph as arrays; see the module for what each holds. Never changed after it is built."""

    nodes: Sequence[Node]
    place: Mapping[Node, int]
    kinds: tuple[str, ...]
    kind: NDArray[np.int16]
    record: Mask
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    relations: tuple[str, ...]
    relation: NDArray[np.int16]
    first: Ints
    last: Ints
    count: NDArray[np.int32]
    out: Half
    into: Half
    known: dict[str, Any]
    """What was worked out from the index before (hubs, spreads), by name."""

    def of_kind(self, *kinds: str) -> Mask:
        """Return which nodes are of one of some kinds."""
        wanted = np.array([kind in kinds for kind in self.kinds], dtype=np.bool_)
        return wanted[self.kind] if len(wanted) else np.zeros(len(self.nodes), dtype=np.bool_)

    def degree(self) -> Ints:
        """Return how many edges each node has, both directions together."""
        return np.diff(self.out.start) + np.diff(self.into.start)


@dataclass(frozen=True, slots=True, eq=False)
class EdgeFilter:
    """Which edges may be walked: some relations, seen within a window. Edges without a time stay."""

    relation: Mask | None = None
    since: int | None = None
    until: int | None = None

    def __bool__(self) -> bool:
        return self.relation is not None or self.since is not None or self.until is not None

    def allows(self, index: GraphIndex, edges: NDArray[Any]) -> Mask:
        """Return, for each of some edges, whether it may be walked."""
        allowed = np.ones(len(edges), dtype=np.bool_)
        if self.relation is not None:
            allowed &= self.relation[index.relation[edges]]
        if self.since is not None:
            last = index.last[edges]
            allowed &= (last >= self.since) | (last == NO_TIME)
        if self.until is not None:
            allowed &= index.first[edges] <= self.until  # an unknown time is the smallest number
        return allowed


def edge_filter(
    index: GraphIndex, relations: Collection[str] | None = None, since: int | None = None, until: int | None = None
) -> EdgeFilter:
    """Make a filter of relation names and a window in nanoseconds."""
    chosen = None
    if relations is not None:
        chosen = np.array([name in relations for name in index.relations] or [False], dtype=np.bool_)
    return EdgeFilter(chosen, since, until)


def index_of(g: nx.MultiDiGraph) -> GraphIndex:
    """Return the index of an entity graph; built once and kept until networkx is asked to change the graph.

    Adding or removing nodes and edges drops the kept index. Times and counts are read when it is built: who writes
    into an edge's attributes by hand calls ``g.__networkx_cache__.clear()``, as for any networkx backend.
    """
    # Views show another graph's changes without being told of them: they keep nothing.
    kept = getattr(g, "__networkx_cache__", None) if not hasattr(g, "_graph") else None
    if kept is None:
        return index_from_graph(g)
    index = kept.get(_CACHED)
    if index is None:
        index = kept[_CACHED] = index_from_graph(g)
    return index


def index_from_graph(g: nx.MultiDiGraph) -> GraphIndex:
    """Build the index of a networkx graph; nodes and edges keep the graph's order."""
    nodes = tuple(g)
    place = {node: number for number, node in enumerate(nodes)}
    kinds: dict[str, int] = {}
    kind = np.fromiter((kinds.setdefault(_kind(n), len(kinds)) for n in nodes), dtype=np.int16, count=len(nodes))
    record = np.fromiter((isinstance(n, Record) for n in nodes), dtype=np.bool_, count=len(nodes))
    relations: dict[str, int] = {}
    source: list[int] = []
    target: list[int] = []
    relation: list[int] = []
    first: list[str | None] = []
    last: list[str | None] = []
    count: list[int] = []
    for u, around in g.adj.items():
        at = place[u]
        for v, by_relation in around.items():
            there = place[v]
            for name, attrs in by_relation.items():
                source.append(at)
                target.append(there)
                relation.append(relations.setdefault(str(name), len(relations)))
                first.append(attrs.get("first_seen"))
                last.append(attrs.get("last_seen"))
                count.append(attrs.get("count", 1))
    return build_index(
        nodes=nodes,
        kinds=tuple(kinds),
        kind=kind,
        record=record,
        source=np.array(source, dtype=np.int32),
        target=np.array(target, dtype=np.int32),
        relations=tuple(relations),
        relation=np.array(relation, dtype=np.int16),
        first=nanoseconds(first),
        last=nanoseconds(last),
        count=np.array(count, dtype=np.int32),
        place=place,
    )


def build_index(
    *,
    nodes: Sequence[Node],
    kinds: Sequence[str],
    kind: NDArray[Any],
    record: NDArray[Any],
    source: NDArray[Any],
    target: NDArray[Any],
    relations: Sequence[str],
    relation: NDArray[Any],
    first: NDArray[Any],
    last: NDArray[Any],
    count: NDArray[Any],
    place: Mapping[Node, int] | None = None,
) -> GraphIndex:
    """Build an index from columns (see the module); the edges may stand in any order."""
    size = len(nodes)
    source, target = source.astype(np.int32, copy=False), target.astype(np.int32, copy=False)
    return GraphIndex(
        nodes=tuple(nodes) if isinstance(nodes, list) else nodes,
        place={node: number for number, node in enumerate(nodes)} if place is None else place,
        kinds=tuple(kinds),
        kind=kind.astype(np.int16, copy=False),
        record=record.astype(np.bool_, copy=False),
        source=source,
        target=target,
        relations=tuple(relations),
        relation=relation.astype(np.int16, copy=False),
        first=first.astype(np.int64, copy=False),
        last=last.astype(np.int64, copy=False),
        count=count.astype(np.int32, copy=False),
        out=half(source, target, size),
        into=half(target, source, size),
        known={},
    )


def half(here: NDArray[np.int32], other: NDArray[np.int32], nodes: int) -> Half:
    """Group edges by one of their ends; within a node they keep their order."""
    start = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(here, minlength=nodes), out=start[1:])
    edges = len(here)
    if edges < 2 or bool((here[1:] >= here[:-1]).all()):
        order = np.arange(edges, dtype=np.int32)
    else:
        # One sort of (node, edge) packed into 64 bits is several times faster than a stable argsort.
        packed = (here.astype(np.int64) << 32) | np.arange(edges, dtype=np.int64)
        packed.sort()
        order = (packed & 0xFFFFFFFF).astype(np.int32)
    return Half(start, other[order], order)


def reach(
    index: GraphIndex,
    starts: Iterable[int],
    *,
    hops: int | None,
    edges: EdgeFilter | None = None,
    closed: Mask | None = None,
) -> NDArray[np.int32]:
    """Walk outward along edges of both directions.

    Parameters
    ----------
    index : GraphIndex
    starts : iterable of int
        Where to start; these are walked on from even if they are closed.
    hops : int or None
        How far; None walks as far as it goes.
    edges : EdgeFilter, optional
        Only these edges.
    closed : ndarray of bool, shape (nodes,), optional
        Nodes that are reached but not walked on from.

    Returns
    -------
    ndarray of int32, shape (nodes,)
        How many hops away each node is; -1 where it was not reached.
    """
    size = len(index.nodes)
    level = np.full(size, -1, dtype=np.int32)
    frontier = np.unique(np.fromiter(starts, dtype=np.int64))
    level[frontier] = 0
    distance = 0
    while len(frontier) and (hops is None or distance < hops):
        distance += 1
        if edges:
            sides = [side.steps(frontier) for side in (index.out, index.into)]
            found = [other[edges.allows(index, edge)] for other, edge in sides]
        else:
            found = [side.ends(frontier) for side in (index.out, index.into)]
        if sum(map(len, found)) * _SPARSE < size:
            frontier = np.unique(np.concatenate(found))
            frontier = frontier[level[frontier] < 0]
            level[frontier] = distance
        else:  # a mask over all nodes costs the same however often a node is met
            seen = np.zeros(size, dtype=np.bool_)
            for other in found:
                seen[other] = True
            seen &= level < 0
            level[seen] = distance
            if distance == hops:
                break
            frontier = np.flatnonzero(seen)
        if closed is not None:
            frontier = frontier[~closed[frontier]]
    return level


def edges_within(index: GraphIndex, inside: Mask, edges: EdgeFilter | None = None) -> NDArray[np.int32]:
    """Return the edges whose two ends are both inside, in the order of the graph."""
    other, edge = index.out.steps(np.flatnonzero(inside))
    kept = inside[other]
    if edges:
        kept &= edges.allows(index, edge)
    return np.sort(edge[kept])


def nanoseconds(texts: Sequence[str | None]) -> Ints:
    """Read ISO texts in UTC; `NO_TIME` for None and for what is no time of this age.

    Parameters
    ----------
    texts : sequence of str or None
        ``2026-02-03T10:14:30.500000Z``; other spellings of ISO 8601 are slower.
    """
    try:
        plain = [None if text is None else text[:-1] if text[-1:] == "Z" else _refuse(text) for text in texts]
        micro = np.array(plain, dtype="datetime64[us]").view(np.int64)
    except ValueError:
        times = pd.to_datetime(pd.Series(list(texts), dtype=object), utc=True, format="ISO8601", errors="coerce")
        return times.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]").view(np.int64)
    fits = (micro > -_MOST_MICROSECONDS) & (micro < _MOST_MICROSECONDS)
    return np.where(fits, micro, 0) * 1000 + np.where(fits, 0, NO_TIME)


def _refuse(text: str) -> str:
    raise ValueError(text)


def _kind(node: Any) -> str:
    return str(getattr(node, "kind", ""))

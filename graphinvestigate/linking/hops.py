"""Hops through an index: where one can go from a node, what that costs, and how far all nodes are from one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graphinvestigate.linking.hubs import hubs_of
from graphinvestigate.linking.index import EdgeFilter, GraphIndex, Half, Ints, Mask, index_of
from graphinvestigate.linking.moments import Spans, arrival, departure, spans_of
from graphinvestigate.linking.nodes import Node

Edge: TypeAlias = tuple[Node, Node, str]
Costs: TypeAlias = NDArray[np.float64]
_FEW = 64  # so many steps are sooner sorted in Python than handed to numpy


class Hops:
    """Hops along some edges of an index, never into a closed node.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph of the index.
    index : GraphIndex
    edges : EdgeFilter
        Only these edges.
    closed : ndarray of bool, shape (nodes,)
        Nodes that are not entered.
    tolls : ndarray of float64, shape (nodes,), optional
        What it costs to enter or leave each node; `tolls_of` if not given.
    """

    def __init__(
        self, g: nx.MultiDiGraph, index: GraphIndex, edges: EdgeFilter, closed: Mask, *, tolls: Costs | None = None
    ) -> None:
        self._index, self._edges, self._closed = index, edges, closed
        self._spans = spans_of(g, index)
        self._tolls = tolls_of(index) if tolls is None else tolls
        self._near: dict[int, list[int]] = {}

    @cached_property
    def toll(self) -> Callable[[int], float]:
        """What it costs to enter or leave a node."""
        return self._tolls.tolist().__getitem__

    def neighbors(self, node: int) -> list[int]:
        """Where one can go from a node: each once, in their order."""
        found = self._near.get(node)
        if found is None:
            others = [other for other, _ in self._sides(node)]
            if sum(map(len, others)) <= _FEW:
                found = sorted({at for other in others for at in other.tolist()})
            else:
                found = np.unique(np.concatenate(others)).tolist()
            self._near[node] = found
        return found

    def steps(self, node: int, at: int) -> Iterator[tuple[int, int]]:
        """Where one can be, and from when on, by edges that were seen at a time or later."""
        return self._best(node, lambda spans: arrival(spans, at), min)

    def back(self, node: int, by: int) -> Iterator[tuple[int, int]]:
        """Where one can have come from, and until when, by edges that were seen by a time."""
        return self._best(node, lambda spans: departure(spans, by), max)

    def distances(self, start: int, until: int | None = None) -> Costs:
        """What the cheapest way between a node and each other costs.

        Parameters
        ----------
        start : int
        until : int, optional
            How far this one is is all that matters.

        Returns
        -------
        ndarray of float64, shape (nodes,)
            Infinite where no way leads. With `until`, nodes that are farther than that one are as far as it: no
            more is said of them than that they are not nearer.
        """
        index, tolls = self._index, self._tolls
        far = np.full(len(index.nodes), np.inf)
        far[start] = 0.0
        frontier = np.array([start])
        while len(frontier):
            leaving = far[frontier] + 1 + tolls[frontier]
            found: list[tuple[NDArray[np.int32], Costs]] = []
            for side in (index.out, index.into):
                other, edge = side.steps(frontier)
                cost = np.repeat(leaving, side.start[frontier + 1] - side.start[frontier]) + tolls[other]
                kept = (cost < far[other]) & ~self._closed[other]
                if until is not None:
                    kept &= cost <= far[until]
                if self._edges:
                    kept &= self._edges.allows(index, edge)
                found.append((other[kept], cost[kept]))
            for other, cost in found:
                np.minimum.at(far, other, cost)
            frontier = np.unique(np.concatenate([other for other, _ in found]))
        return far if until is None else np.minimum(far, far[until])

    def allowed(self, edge: Edge) -> bool:
        """Whether this edge, of those at its two ends, may be walked."""
        index = self._index
        if not self._edges:
            return True
        out = index.out.steps(np.array([index.place[edge[0]]]))
        place = index.place[edge[1]]
        ways = [e for v, e in zip(*(side.tolist() for side in out), strict=True) if v == place]
        ways = [e for e in ways if index.relations[index.relation[e]] == edge[2]]
        return bool(self._edges.allows(index, np.array(ways)).all())

    def _best(
        self, node: int, when: Callable[[Spans], int | None], better: Callable[[int, int], int]
    ) -> Iterator[tuple[int, int]]:
        best: dict[int, int] = {}
        for other, edge in self._sides(node):
            for there, way in zip(other.tolist(), edge.tolist(), strict=True):
                found = when(self._spans(way))
                if found is not None:
                    best[there] = better(found, best.get(there, found))
        return iter(best.items())

    def _sides(self, node: int) -> Iterator[tuple[Any, Any]]:
        here = np.array([node])
        for side in (self._index.out, self._index.into):
            other, edge = side.steps(here)
            kept = ~self._closed[other]
            if self._edges:
                kept &= self._edges.allows(self._index, edge)
            yield other[kept], edge[kept]


def ready_to_walk(g: nx.MultiDiGraph) -> None:
    """Work out what every walk through a graph asks for: index, hubs and tolls. They are kept until it changes."""
    index = index_of(g)
    hubs_of(g, index)
    tolls_of(index)


def tolls_of(index: GraphIndex) -> Costs:
    """Return what it costs to enter or leave each node: half the doublings of its ties; kept with the index."""
    known: Costs | None = index.known.get("tolls")
    if known is None:
        ties = _distinct(index.out) + _distinct(index.into)
        # Python's logarithm, once per number of ties: numpy's need not agree with it to the last bit.
        values, which = np.unique(ties, return_inverse=True)
        known = np.array([math.log2(1 + n) / 2 for n in values.tolist()], dtype=np.float64)[which]
        index.known["tolls"] = known
    return known


def _distinct(side: Half) -> Ints:
    """Count, for each node, the nodes at the other ends of one direction's edges."""
    size = np.diff(side.start)
    here = np.repeat(np.arange(len(size), dtype=np.int64), size)
    packed = (here << 32) | side.other
    packed.sort()
    first = np.ones(len(packed), dtype=np.bool_)
    first[1:] = packed[1:] != packed[:-1]
    return np.bincount(packed[first] >> 32, minlength=len(size))

"""From one entity to another: the shortest ways around what everybody shares, one sentence per hop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, pairwise
from numbers import Integral
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.explain import node_of, rows_of, why_frame
from graphinvestigate.linking.hops import Edge, Hops
from graphinvestigate.linking.hubs import Hub, Hubs, closed_by, hubs_of
from graphinvestigate.linking.index import (
    NO_TIME,
    EdgeFilter,
    GraphIndex,
    Mask,
    edge_filter,
    index_of,
    nanoseconds,
    reach,
)
from graphinvestigate.linking.moments import iso, window_of
from graphinvestigate.linking.nodes import Entity, Node, Record
from graphinvestigate.linking.sentences import describe, sentence
from graphinvestigate.linking.shortest import MOST_WAYS, cheapest_in_time, cheapest_paths
from graphinvestigate.linking.walks import names
from graphinvestigate.wanted import takes

# A tie that many records state could fill all places with ways through them: so many are passed over, at most.
_MOST_REPEATS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One way from one node to another.

    Attributes
    ----------
    nodes : tuple of Entity or Record
        Every node on the way, both ends included.
    edges : tuple of (source, target, relation)
        One per hop, as it stands in the graph (the way may go against its direction).
    sentences : tuple of str
        One per hop: what the record says.
    frame : DataFrame
        Every reference of every hop, in the columns of `why` and ``hop`` (1, 2 …).
    cost : float
        The sum over the hops; nodes with many ties cost more.
    times : tuple of (str or None)
        One per hop, ISO in UTC: when it was taken, on a way in time order; else when it was first seen.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    sentences: tuple[str, ...]
    frame: pd.DataFrame
    cost: float
    times: tuple[str | None, ...] = field(default=())

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities on the way, both ends included; records that tie them are left out."""
        return tuple(n for n in self.nodes if isinstance(n, Entity))


class Paths(list[Path]):
    """Paths, the cheapest first; where there are none, or the search gave up before the last, `reason` says why."""

    def __init__(self, paths: Iterable[Path] = (), *, reason: str | None = None) -> None:
        super().__init__(paths)
        self.reason = reason


@takes
def paths(
    g: nx.MultiDiGraph,
    a: Entity | Record | str,
    b: Entity | Record | str,
    *,
    k: int = 3,
    through_hubs: bool = False,
    hubs: Hubs = None,
    relations: Collection[str] | None = None,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    in_time_order: bool = False,
) -> Paths:
    """Find the shortest ways between two nodes, around what everybody shares.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    a, b : Entity, Record or str
        From where to where; a text is looked up with `find_entity`. Edges are walked in both directions.
    k : int
        At most so many.
    through_hubs, hubs, relations, since, until
        As for `neighborhood`: hubs between the two are not walked through unless asked for.
    in_time_order : bool
        Only ways on which each hop was seen at the same time as the one before it, or later: how something can have
        gone from `a` to `b`. A hop of unknown time fits anywhere.

    Returns
    -------
    Paths
        A list of `Path`, the cheapest first: each hop costs 1 and more the more ties the nodes on it have, so a way
        through one shared alert comes before one through an address that the whole office uses. Ways that only
        repeat a tie through the record that states it are left out. An empty list says why in ``reason``: nothing
        links the two, only a way via hubs does (which), or none in time order. Where the search in time order gave
        up (there are too many ways to try), ``reason`` says so, whatever was found.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by that text, or several do; the error names near misses or all of them.
    UsageError
        ``k`` is no whole number from one, a time has no zone, or the window ends before it begins.
    """
    if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
        raise UsageError(f"k={k!r:.40}: ask for at least one path, a whole number")
    first, last = node_of(g, a), node_of(g, b)
    if first == last:
        return Paths(reason=f"both ends are {describe(g, first)}")
    index = index_of(g)
    window = window_of(since, until)
    edges = edge_filter(index, names(relations), *window)
    stops = {} if through_hubs else hubs_of(g, index, hubs)
    ends = index.place[first], index.place[last]
    closed = closed_by(index, stops)
    closed[list(ends)] = False
    walk = Hops(g, index, edges, closed)
    limits: list[str] = []
    candidates: Iterator[tuple[float, tuple[int, ...], tuple[int, ...] | None]]
    if in_time_order:
        at = NO_TIME + 1 if window[0] is None else window[0]
        candidates = cheapest_in_time(
            *ends,
            neighbors=walk.neighbors,
            steps=walk.steps,
            back=walk.back,
            toll=walk.toll,
            ahead=walk.distances(ends[1]).tolist().__getitem__,
            at=at,
            k=k + _MOST_REPEATS,
            on_limit=lambda: limits.append(_GAVE_UP),
        )
    else:
        ahead = walk.distances(ends[1], until=ends[0]).tolist().__getitem__
        ways = cheapest_paths(*ends, neighbors=walk.neighbors, toll=walk.toll, ahead=ahead)
        candidates = ((cost, way, None) for cost, way in ways)
    found = Paths()
    for cost, way, times in islice(candidates, k + _MOST_REPEATS):
        nodes = tuple(index.nodes[at] for at in way)
        if not _repeats_a_tie(g, nodes, walk.allowed):
            found.append(_path(g, nodes, cost, times, walk.allowed, window))
            if len(found) == k:
                break
    if limits and len(found) < k:
        found.reason = limits[0]
    elif not found:
        found.reason = _no_path(g, index, ends, edges, closed, stops, in_time_order=in_time_order)
    return found


_GAVE_UP = (
    f"looked into {MOST_WAYS:,} ways in time order and gave up: there may be more; "
    + "give a window (since=, until=) or relations="
)


def _repeats_a_tie(g: nx.MultiDiGraph, nodes: tuple[Node, ...], allowed: Callable[[Edge], bool]) -> bool:
    """Whether the path goes from one entity to the next through a record although it may go there directly."""
    return any(
        isinstance(record, Record) and isinstance(u, Entity) and isinstance(v, Entity) and _states_tie(edge[3], record)
        for u, record, v in zip(nodes, nodes[1:], nodes[2:], strict=False)
        for edge in _between(g, u, v)
        if allowed(edge[:3])
    )


def _states_tie(attrs: dict[str, Any], record: Record) -> bool:
    return any((r["record_kind"], r["record_id"]) == record for r in attrs["references"])


def _path(
    g: nx.MultiDiGraph,
    nodes: tuple[Node, ...],
    cost: float,
    times: tuple[int, ...] | None,
    allowed: Callable[[Edge], bool],
    window: tuple[int | None, int | None],
) -> Path:
    edges: list[Edge] = []
    sentences: list[str] = []
    rows: list[tuple[Any, ...]] = []
    hops: list[int] = []
    seen: list[str | None] = []
    for hop, (u, v) in enumerate(pairwise(nodes), start=1):
        between = sorted((e for e in _between(g, u, v) if allowed(e[:3])), key=_telling)
        source, target, relation, attrs = between[0]
        reference = attrs["references"][0]
        if times is None and window != (None, None):  # what is told is what was seen within
            inside = ((e, r) for e in between for r in e[3]["references"] if _seen_within(g, r, *window))
            (source, target, relation, attrs), reference = next(inside, (between[0], reference))
        elif times is not None:  # what is told is what was seen at the time that the hop is taken
            taken = ((e, r) for e in between for r in e[3]["references"] if _seen_at(g, r, times[hop - 1]))
            (source, target, relation, attrs), reference = next(taken, (between[0], reference))
        edges.append((source, target, relation))
        sentences.append(sentence(g, source, target, relation, reference))
        seen.append(attrs["first_seen"] if times is None else iso(times[hop - 1]))
        rows += [row for s, t, r, a in between for row in rows_of(g, s, t, r, a["references"])]
        hops += [hop] * (len(rows) - len(hops))
    frame = why_frame(rows, hops=hops)
    return Path(nodes, tuple(edges), tuple(sentences), frame, round(cost, 6), tuple(seen))


def _seen_at(g: nx.MultiDiGraph, reference: dict[str, Any], at: int) -> bool:
    record = Record(reference["record_kind"], reference["record_id"])
    end = g.nodes[record].get("end_time") if record in g else None
    begin, until = nanoseconds([reference["time"], end]).tolist()
    return bool(begin != NO_TIME and begin <= at <= max(begin, until))


def _seen_within(g: nx.MultiDiGraph, reference: dict[str, Any], since: int | None, until: int | None) -> bool:
    record = Record(reference["record_kind"], reference["record_id"])
    ended = g.nodes[record].get("end_time") if record in g else None
    begin, end = nanoseconds([reference["time"], ended]).tolist()
    known = begin != NO_TIME
    return bool(known and (since is None or max(begin, end) >= since) and (until is None or begin <= until))


def _between(g: nx.MultiDiGraph, u: Node, v: Node) -> Iterator[tuple[Node, Node, str, dict[str, Any]]]:
    for source, target in ((u, v), (v, u)):
        if g.has_edge(source, target):
            for relation, attrs in g[source][target].items():
                yield source, target, relation, attrs


def _telling(edge: tuple[Node, Node, str, dict[str, Any]]) -> tuple[bool, int, str]:
    """Sort key: what an item is about before what it only mentions, then what is said most often."""
    return edge[2] == "names", -edge[3]["count"], edge[2]


def _no_path(
    g: nx.MultiDiGraph,
    index: GraphIndex,
    ends: tuple[int, int],
    edges: EdgeFilter,
    closed: Mask,
    stops: dict[int, Hub],
    *,
    in_time_order: bool,
) -> str:
    first, last = ends
    a, b = (describe(g, index.nodes[at]) for at in ends)
    around = reach(index, [first], hops=None, edges=edges, closed=closed)
    if around[last] >= 0 and in_time_order:
        return f"ways lead from {a} to {b}, but none on which every hop comes after the one before it"
    through = reach(index, [first], hops=None, edges=edges)
    within = " along the relations and within the window asked for" if edges else ""
    if through[last] >= 0:
        hub = _on_the_shortest(g, index, ends, edges, stops)
        named = " and ".join(f"{describe(g, index.nodes[at])} ({stops[at].why.rstrip('.')})" for at in hub)
        return f"only via {named} do ways lead from {a} to {b}{within}; through_hubs=True shows them"
    sizes = [int((reach(index, [at], hops=None, edges=edges) >= 0).sum()) for at in ends]
    for size, end in zip(sizes, (a, b), strict=True):
        if size == 1:
            return f"nothing in these records is linked to {end}{within}; pull more (pivot) and merge the graphs"
    return (
        f"no record in this graph links the part around {a} ({sizes[0]} nodes) with the part around {b} "
        f"({sizes[1]} nodes){within}; pull more (pivot) and merge the graphs"
    )


def _on_the_shortest(
    g: nx.MultiDiGraph, index: GraphIndex, ends: tuple[int, int], edges: EdgeFilter, stops: dict[int, Hub]
) -> list[int]:
    """The hubs on the way that passes as few of them as it can."""
    tolls = np.zeros(len(index.nodes))
    tolls[list(stops)] = float(len(index.nodes))
    walk = Hops(g, index, edges, closed_by(index, ()), tolls=tolls)
    ahead = walk.distances(ends[1], until=ends[0]).tolist().__getitem__
    _, way = next(iter(cheapest_paths(*ends, neighbors=walk.neighbors, toll=walk.toll, ahead=ahead)))
    return [at for at in way[1:-1] if at in stops]

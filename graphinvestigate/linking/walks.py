"""Around an entity, and from one to another."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.explain import node_of, rows_of, why_frame
from graphinvestigate.linking.nodes import Entity, Node, Record
from graphinvestigate.linking.sentences import describe, sentence
from graphinvestigate.linking.shortest import cheapest_paths

Edge = tuple[Node, Node, str]
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
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    sentences: tuple[str, ...]
    frame: pd.DataFrame
    cost: float

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities on the way, both ends included; records that tie them are left out."""
        return tuple(n for n in self.nodes if isinstance(n, Entity))


class Paths(list[Path]):
    """Paths, the cheapest first; where there are none, `reason` says why."""

    def __init__(self, paths: Iterable[Path] = (), *, reason: str | None = None) -> None:
        super().__init__(paths)
        self.reason = reason


def neighborhood(
    g: nx.MultiDiGraph,
    entity: Entity | Record | str,
    *,
    hops: int = 1,
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
        Where to start; a text is looked up with `find_entity`.
    hops : int
        How many edges away.
    relations : collection of str, optional
        Only these relations.
    since, until : str or datetime, optional
        Only edges seen within: an ISO text with zone, or an aware datetime. Edges without a time stay.

    Returns
    -------
    networkx.MultiDiGraph
        A copy: the nodes within reach and every allowed edge between them.
    """
    if hops < 0:
        raise UsageError(f"hops={hops}: give 0 or more")
    if isinstance(relations, str):
        relations = (relations,)
    start = node_of(g, entity)
    allowed = _edge_filter(relations, _moment(since, "since"), _moment(until, "until"))
    reached = {start}
    frontier = {start}
    for _ in range(hops):
        frontier = {other for node in frontier for other in _across(g, node, allowed)} - reached
        reached |= frontier
    near = nx.MultiDiGraph(**g.graph)
    near.add_nodes_from((n, dict(attrs)) for n, attrs in g.nodes(data=True) if n in reached)
    near.add_edges_from(
        (u, v, relation, dict(attrs))
        for u in near
        for v, by_relation in g.adj[u].items()
        if v in reached
        for relation, attrs in by_relation.items()
        if allowed(relation, attrs)
    )
    return near


def paths(g: nx.MultiDiGraph, a: Entity | Record | str, b: Entity | Record | str, *, k: int = 3) -> Paths:
    """Find the shortest ways between two nodes, around what everybody shares.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    a, b : Entity, Record or str
        From where to where; a text is looked up with `find_entity`. Edges are walked in both directions.
    k : int
        At most so many.

    Returns
    -------
    Paths
        A list of `Path`, the cheapest first: each hop costs 1 and more the more ties the nodes on it have, so a way
        through one shared alert comes before one through an address that the whole office uses. Ways that only
        repeat a tie through the record that states it are left out. An empty list says why in ``reason``.
    """
    if k < 1:
        raise UsageError(f"k={k}: ask for at least one path")
    first, last = node_of(g, a), node_of(g, b)
    if first == last:
        return Paths(reason=f"both ends are {describe(g, first)}")

    def toll(node: Node) -> float:
        return math.log2(1 + len(g.succ[node]) + len(g.pred[node])) / 2

    def neighbors(node: Node) -> list[Node]:
        return [*g.succ[node], *g.pred[node]]

    found = Paths()
    candidates = cheapest_paths(first, last, neighbors=neighbors, toll=toll)
    for cost, nodes in islice(candidates, k + _MOST_REPEATS):
        if not _repeats_a_tie(g, nodes):
            found.append(_path(g, nodes, cost))
            if len(found) == k:
                break
    if not found:
        found.reason = _no_path(g, first, last)
    return found


def _repeats_a_tie(g: nx.MultiDiGraph, nodes: tuple[Node, ...]) -> bool:
    """Whether the path goes from one entity to the next through a record although the two are tied directly."""
    return any(
        isinstance(record, Record) and isinstance(u, Entity) and isinstance(v, Entity) and _states_tie(g, u, v, record)
        for u, record, v in zip(nodes, nodes[1:], nodes[2:], strict=False)
    )


def _states_tie(g: nx.MultiDiGraph, u: Node, v: Node, record: Record) -> bool:
    return any(
        (r["record_kind"], r["record_id"]) == record for *_, attrs in _between(g, u, v) for r in attrs["references"]
    )


def _path(g: nx.MultiDiGraph, nodes: tuple[Node, ...], cost: float) -> Path:
    edges: list[Edge] = []
    sentences: list[str] = []
    frames: list[pd.DataFrame] = []
    for hop, (u, v) in enumerate(pairwise(nodes), start=1):
        between = sorted(_between(g, u, v), key=_telling)
        source, target, relation, attrs = between[0]
        edges.append((source, target, relation))
        sentences.append(sentence(g, source, target, relation, attrs["references"][0]))
        rows = [row for s, t, r, a in between for row in rows_of(g, s, t, r, a["references"])]
        frame = why_frame(rows)
        frame.insert(0, "hop", pd.Series([hop] * len(frame), dtype="Int64"))
        frames.append(frame)
    return Path(nodes, tuple(edges), tuple(sentences), pd.concat(frames, ignore_index=True), round(cost, 6))


def _between(g: nx.MultiDiGraph, u: Node, v: Node) -> Iterator[tuple[Node, Node, str, dict[str, Any]]]:
    for source, target in ((u, v), (v, u)):
        if g.has_edge(source, target):
            for relation, attrs in g[source][target].items():
                yield source, target, relation, attrs


def _telling(edge: tuple[Node, Node, str, dict[str, Any]]) -> tuple[bool, int, str]:
    """Sort key: what an item is about before what it only mentions, then what is said most often."""
    return edge[2] == "names", -edge[3]["count"], edge[2]


def _no_path(g: nx.MultiDiGraph, first: Node, last: Node) -> str:
    sizes = [len(_part(g, node)) for node in (first, last)]
    ends = (describe(g, first), describe(g, last))
    for size, end in zip(sizes, ends, strict=True):
        if size == 1:
            return f"nothing in these records is linked to {end}; pull more (pivot) and merge the graphs"
    return (
        f"no record in this graph links the part around {ends[0]} ({sizes[0]} nodes) with the part around {ends[1]} "
        f"({sizes[1]} nodes); pull more (pivot) and merge the graphs"
    )


def _part(g: nx.MultiDiGraph, node: Node) -> set[Node]:
    part, frontier = {node}, [node]
    while frontier:
        here = frontier.pop()
        for other in (*g.succ[here], *g.pred[here]):
            if other not in part:
                part.add(other)
                frontier.append(other)
    return part


def _across(g: nx.MultiDiGraph, node: Node, allowed: Callable[[str, dict[str, Any]], bool]) -> Iterator[Node]:
    for sides in (g.succ[node], g.pred[node]):
        for other, by_relation in sides.items():
            if any(allowed(relation, attrs) for relation, attrs in by_relation.items()):
                yield other


def _edge_filter(
    relations: Collection[str] | None, since: str | None, until: str | None
) -> Callable[[str, dict[str, Any]], bool]:
    def allowed(relation: str, attrs: dict[str, Any]) -> bool:
        if relations is not None and relation not in relations:
            return False
        if since is not None and attrs["last_seen"] is not None and attrs["last_seen"] < since:
            return False
        return not (until is not None and attrs["first_seen"] is not None and attrs["first_seen"] > until)

    return allowed


def _moment(value: str | datetime | None, name: str) -> str | None:
    if value is None:
        return None
    try:
        moment = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name}={value!r} is no time; give e.g. '2026-02-03T10:00:00Z'") from error
    if moment is pd.NaT or moment.tzinfo is None:
        raise UsageError(f"{name}={value!r} has no time zone; give e.g. '2026-02-03T10:00:00Z'")
    return moment.tz_convert("UTC").tz_localize(None).isoformat(timespec="microseconds") + "Z"

"""What a ranking runs on: how strongly nodes are tied, where importance begins, and what lists say of entities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graphinvestigate.linking.annotating import ALLOW, ANNOTATIONS, WATCH
from graphinvestigate.linking.entities import NOT_AT_RISK, weight_of
from graphinvestigate.linking.hubs import Hubs, hubs_of
from graphinvestigate.linking.index import NO_TIME, GraphIndex, Mask, nanoseconds
from graphinvestigate.linking.nodes import Record, risk_rank, severity_rank
from graphinvestigate.linking.tables import MAIN

Floats: TypeAlias = NDArray[np.float64]

SOURCES = ("from_high", "from_medium", "from_low", "from_informational", "from_risk", "from_watch_list")
"""Where importance begins."""

_RISK = ("risk_detection", "risky_user", "service_principal_risk_detection", "risky_service_principal")
_FROM_RISK, _FROM_LIST = SOURCES.index("from_risk"), SOURCES.index("from_watch_list")
_HALF_LIFE_DAYS = 14.0
_RISK_POINTS = (0.0, 2.0, 5.0, 10.0)
_LIST_POINTS = 5.0
_SETTLED = 0.1
_BY_RELATION = {"names": 0.5, "contains_alert": 0.25}
_BY_VERDICT = {"malicious": 1.5, "nothreatsfound": 0.2}
_DAMPED = 0.1
_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Weights:
    """What a ranking runs on.

    Attributes
    ----------
    tie : ndarray of float, shape (edges,)
        Weight of each edge of the index; it holds in both directions.
    points : ndarray of float, shape (nodes,)
        What each record would count for if it were the only one of its kind; what watch lists give an entity.
    counted : ndarray of float, shape (nodes,)
        Which part of the points counts: less than 1 for a repeat.
    source : ndarray of int, shape (nodes,)
        Which of `SOURCES` the points count for; -1 for none.
    watched, allowed : dict of int to tuple of str
        Place in the index → the lists that an entity stands on.
    """

    tie: Floats
    points: Floats
    counted: Floats
    source: NDArray[np.int8]
    watched: dict[int, tuple[str, ...]]
    allowed: dict[int, tuple[str, ...]]

    @property
    def seed(self) -> Floats:
        """Points that count, per node."""
        return self.points * self.counted


def weights_of(g: nx.MultiDiGraph, index: GraphIndex, hubs: Hubs = None) -> Weights:
    """Return the weights that a ranking of a graph runs on."""
    stops = list(hubs_of(g, index, hubs))
    places = np.flatnonzero(index.of_kind("alert", *_RISK) & index.record)
    points = np.zeros(len(index.nodes))
    source = np.full(len(index.nodes), -1, dtype=np.int8)
    times = nanoseconds([g.nodes[index.nodes[at]].get("time") for at in places.tolist()])
    newest = times.max(initial=NO_TIME)
    for at, time in zip(places.tolist(), times.tolist(), strict=True):
        age = 0.0 if time == NO_TIME else (newest - time) / _DAY
        full, source[at] = _points(index.nodes[at].kind, g.nodes[index.nodes[at]])
        points[at] = full * 0.5 ** (age / _HALF_LIFE_DAYS)
    counted = repeats_damped(g, index, places, points, stops)
    watched, allowed = (_listed(g, index, what) for what in (WATCH, ALLOW))
    for at, lists in watched.items():
        points[at], source[at] = _LIST_POINTS * len(lists), _FROM_LIST
    return Weights(_ties(g, index, stops), points, counted, source, watched, allowed)


def repeats_damped(
    g: nx.MultiDiGraph, index: GraphIndex, places: NDArray[np.int64], points: Floats, hubs: Iterable[int]
) -> Floats:
    """Return which part of each record's points counts when the same detection repeats on the same entity.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    index : GraphIndex
    places : ndarray of int
        The records.
    points : ndarray of float, shape (nodes,)
        Of them, those with most come first, and count in full.
    hubs : iterable of int
        What everybody shares is no entity that a detection repeats on.

    Returns
    -------
    ndarray of float, shape (nodes,)
        Of n records of one detection on one entity the first counts in full and the k-th for ln(k / (k - 1)): all of
        them together for 1 + ln n. A record that names several users and hosts counts for the mean over them (over
        whatever else it names, if it names neither); so does what is repeated on one and new on another.
    """
    counted = np.ones(len(index.nodes))
    name = np.full(len(index.nodes), -1, dtype=np.int64)
    codes: dict[tuple[str, ...], int] = {}
    for at in places.tolist():
        detection = _detection(index.nodes[at].kind, g.nodes[index.nodes[at]])
        if detection is not None:
            name[at] = codes.setdefault(detection, len(codes))
    record, entity = _about(index, name >= 0, hubs)
    if not len(record):
        return counted
    by_name = np.zeros(len(counted), dtype=np.int64)  # decides between records of equal points
    by_name[sorted(places.tolist(), key=index.nodes.__getitem__)] = np.arange(len(places))
    order = np.lexsort((by_name[record], -points[record], entity, name[record]))
    record, entity = record[order], entity[order]
    begins = np.ones(len(record), dtype=np.bool_)
    begins[1:] = (entity[1:] != entity[:-1]) | (name[record[1:]] != name[record[:-1]])
    first = np.flatnonzero(begins)
    nth = np.arange(len(record)) - np.repeat(first, np.diff([*first.tolist(), len(record)])) + 1
    part = np.where(nth == 1, 1.0, np.log(nth / np.maximum(nth - 1, 1)))
    sums, sizes = (np.bincount(record, values, len(counted)) for values in (part, np.ones(len(part))))
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), counted)


def _about(index: GraphIndex, mine: Mask, hubs: Iterable[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Records and what they are about, each pair once: users and hosts, or else whatever they name."""
    close = np.array([relation != "names" for relation in index.relations] or [False])[index.relation]
    near = np.flatnonzero(mine[index.source] & close & ~index.record[index.target])
    principal = index.of_kind("user", "host") & ~index.record
    principal[list(hubs)] = False
    first = principal[index.target[near]]
    served = np.zeros(len(index.nodes), dtype=np.bool_)
    served[index.source[near[first]]] = True
    chosen = near[first | ~served[index.source[near]]]
    size = max(len(index.nodes), 1)
    pairs = np.unique(index.source[chosen].astype(np.int64) * size + index.target[chosen])
    return pairs // size, pairs % size


def _detection(kind: str, attrs: dict[str, Any]) -> tuple[str, ...] | None:
    """What makes two records the same thing said twice; None for what is said once."""
    if kind == "alert":
        title = str(attrs.get("title") or "").casefold()
        return (kind, str(attrs.get("service_source") or ""), title) if title else None
    if kind in ("risk_detection", "service_principal_risk_detection"):
        return (kind, str(attrs.get("risk_event_type") or ""))
    return None


def _ties(g: nx.MultiDiGraph, index: GraphIndex, hubs: list[int]) -> Floats:
    by_relation = np.array([_BY_RELATION.get(name, 1.0) for name in index.relations] or [1.0])
    tie = by_relation[index.relation]
    main = np.array([name == MAIN for name in index.relations] or [False])[index.relation]
    for edge in np.flatnonzero(main).tolist():
        source, target = index.nodes[index.source[edge]], index.nodes[index.target[edge]]
        verdict = g.adj[source][target][MAIN].get("verdict")
        tie[edge] = _BY_VERDICT.get(str(verdict).casefold(), 1.0)
    damped = np.ones(len(index.nodes))
    damped[hubs] = _DAMPED
    return np.asarray(tie * damped[index.source] * damped[index.target])


def _points(kind: str, attrs: dict[str, Any]) -> tuple[float, int]:
    if kind == "alert":
        severity = severity_rank(attrs.get("severity"))
        return weight_of(attrs), {4: 0, 3: 1, 2: 2}.get(severity, 3)
    settled = str(attrs.get("risk_state") or "").casefold() in NOT_AT_RISK
    return _RISK_POINTS[risk_rank(attrs.get("risk_level"))] * (_SETTLED if settled else 1.0), _FROM_RISK


def _listed(g: nx.MultiDiGraph, index: GraphIndex, what: str) -> dict[int, tuple[str, ...]]:
    """Which entities stand on lists that count as watch or allow lists, by their places."""
    lists = [str(one["source"]) for one in g.graph.get("annotated", ()) if one.get("counts_as") == what]
    if not lists:
        return {}
    found: dict[int, tuple[str, ...]] = {}
    for at, node in enumerate(index.nodes):
        said = {} if isinstance(node, Record) else g.nodes[node].get(ANNOTATIONS) or {}
        if on := tuple(name for name in lists if name in said):
            found[at] = on
    return found

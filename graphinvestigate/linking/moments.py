"""Times of a walk: what an analyst gives as one, and when the edges of a graph were seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.index import NO_TIME, GraphIndex, nanoseconds
from graphinvestigate.linking.nodes import Record
from graphinvestigate.wanted import in_order

Spans = tuple[tuple[int, int], ...]
"""When an edge was seen: (begin, end) in nanoseconds UTC, by begin; a span at `NO_TIME` stands for an unknown time."""


def moment(value: str | datetime | None, name: str) -> int | None:
    """Read a time with a zone as nanoseconds UTC.

    Raises
    ------
    UsageError
        It is no time, or has no zone.
    """
    if value is None:
        return None
    try:
        time = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name}={value!r} is no time; give e.g. '2026-02-03T10:00:00Z'") from error
    if time is pd.NaT or time.tzinfo is None:
        raise UsageError(f"{name}={value!r} has no time zone; give e.g. '2026-02-03T10:00:00Z'")
    return int(time.tz_convert("UTC").as_unit("ns").value)


def window_of(since: str | datetime | None, until: str | datetime | None) -> tuple[int | None, int | None]:
    """Read both ends of a window as nanoseconds UTC; None is open.

    Raises
    ------
    UsageError
        One is no time or has no zone, or it ends before it begins.
    """
    start, end = moment(since, "since"), moment(until, "until")
    in_order(*(None if ns is None else pd.Timestamp(ns, tz="UTC") for ns in (start, end)))
    return start, end


def iso(time: int) -> str | None:
    """Write nanoseconds as entity graphs do: ISO, microseconds, UTC; None for an unknown time."""
    return None if time == NO_TIME else f"{np.datetime64(time // 1000, 'us')}Z"


def spans_of(g: nx.MultiDiGraph, index: GraphIndex) -> Callable[[int], Spans]:
    """Return the function from an edge to the spans in which records saw it; each edge is looked at once."""
    spans: dict[int, Spans] = index.known.setdefault("spans", {})

    def of(edge: int) -> Spans:
        found = spans.get(edge)
        if found is None:
            found = spans[edge] = _spans(g, index, edge)
        return found

    return of


def arrival(spans: Spans, at: int) -> int | None:
    """Return when an edge can first be used by who is there at a time; None where it was last seen before.

    An edge of unknown time can be used at once: nobody can say that it was too early.
    """
    best: int | None = None
    for begin, end in spans:
        if begin == NO_TIME:
            return at
        if end >= at:
            reached = max(begin, at)
            best = reached if best is None else min(best, reached)
    return best


def departure(spans: Spans, by: int) -> int | None:
    """Return how late one may leave along an edge to be at its other end by a time; None where it was first seen after.

    The counterpart of `arrival`: leaving then, one arrives in time; leaving later, one does not.
    """
    best: int | None = None
    for begin, end in spans:
        if begin == NO_TIME:
            return by
        if begin <= by:
            left = min(end, by)
            best = left if best is None else max(best, left)
    return best


def _spans(g: nx.MultiDiGraph, index: GraphIndex, edge: int) -> Spans:
    source, target = index.nodes[index.source[edge]], index.nodes[index.target[edge]]
    attrs = g.adj[source][target][index.relations[index.relation[edge]]]
    references = attrs.get("references")
    if not references:
        return ((int(index.first[edge]), max(int(index.first[edge]), int(index.last[edge]))),)
    begins: list[str | None] = []
    ends: list[str | None] = []
    for reference in references:
        record = Record(reference["record_kind"], reference["record_id"])
        begins.append(reference["time"])
        ends.append(g.nodes[record].get("end_time") if record in g else None)
    pairs = zip(nanoseconds(begins).tolist(), nanoseconds(ends).tolist(), strict=True)
    return tuple(sorted({(begin, max(begin, end)) for begin, end in pairs}))

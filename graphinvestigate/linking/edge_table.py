"""References → edges as columns of numbers: one edge per pair of nodes and relation, with first and last time.

| column of `EdgeTable` | one value per | holds |
|---|---|---|
| ``source``, ``target`` | edge | places in ``nodes`` |
| ``relation`` | edge | place in ``relations`` |
| ``first``, ``last`` | edge | places in ``times`` (ISO texts in UTC, sorted), or -1: when it was first and last seen |
| ``count`` | edge | how many references say so |
| ``start`` | edge (and one more) | where the edge's rows begin in the columns of references |
| ``rows`` | reference | sorted by edge, record and field, nothing twice: the columns of `ReferenceTable`, or of them |
| | | ``record`` (the place of its node) and ``field`` (the place in ``fields``) |
| ``when`` | reference | place in ``times``, or -1: when its record happened |

Nodes stand in sorted order, records before entities; edges in the order of their ends and relation. Nothing depends on
the order in which references came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphinvestigate.linking.compact import NO_MOMENT, Moments, microseconds
from graphinvestigate.linking.nodes import Node, Record, verdict_rank
from graphinvestigate.linking.pools import NONE, Codes, held, ints, ranks
from graphinvestigate.linking.reading import Judged
from graphinvestigate.linking.reference_table import ReferenceTable
from graphinvestigate.linking.tables import MAIN

_LATER = np.iinfo(np.int64).max
_IN_EDGE = ("record", "field")
_REST = ("value", "source", "target", "judged", "beside")


@dataclass(slots=True, eq=False)
class EdgeTable:
    """Edges in columns; see the module for what each holds."""

    nodes: Sequence[Node]
    relations: Sequence[str]
    times: Sequence[str]
    source: NDArray[Any]
    target: NDArray[Any]
    relation: NDArray[Any]
    first: NDArray[Any]
    last: NDArray[Any]
    start: NDArray[Any]
    rows: dict[str, NDArray[Any]]
    fields: Sequence[str] = ()
    when: Codes | None = None

    @property
    def count(self) -> Codes:
        """How many references say so, per edge."""
        return np.diff(self.start)

    def nanoseconds(self) -> tuple[Codes, Codes]:
        """Return first and last time of each edge as nanoseconds since 1970, UTC; numpy's NaT where unknown."""
        known = self.times.microseconds if isinstance(self.times, Moments) else microseconds(self.times)
        moments = np.append(known * 1000, NO_MOMENT)  # -1 is the last
        return moments[self.first], moments[self.last]


@dataclass(slots=True, eq=False)
class Spans:
    """When records happened.

    Attributes
    ----------
    begun, ended : list of str or None
        ISO texts in UTC.
    unknown : ndarray of bool
        Whether a record is not at hand: the references know the time themselves.
    """

    begun: list[str | None]
    ended: list[str | None]
    unknown: NDArray[np.bool_]


def edges_of(
    table: ReferenceTable,
    nodes: Sequence[Node],
    node_of_end: Codes,
    spans: Spans,
    place: Mapping[Record, int],
) -> EdgeTable:
    """Group references into edges.

    Parameters
    ----------
    table : ReferenceTable
    nodes : sequence of nodes
        In their order.
    node_of_end : ndarray
        Per end of `table` its place in `nodes`.
    spans : Spans
        When the records of `table` happened.
    place : mapping of Record to int
        Places of records in their order.
    """
    columns = table.columns()
    relations = sorted(table.relations.values)
    relation = ints([relations.index(name) for name in table.relations.values])[columns["relation"]]
    source, target = node_of_end[columns["source"]], node_of_end[columns["target"]]
    edge = (source * len(nodes) + target) * max(len(relations), 1) + relation
    within = _places(table.records.values, place)[columns["record"]] * max(len(table.texts), 1)
    within += ranks(table.texts.values)[columns["field"]]
    order = _by_edge(edge, within)
    order = order[source[order] != target[order]]
    order = _without_repeats(table, columns, order, edge, within)
    rows = {name: column[order] for name, column in columns.items()}
    edge = edge[order]
    start = np.append(np.flatnonzero(np.diff(edge, prepend=-1)), len(edge))
    heads = order[start[:-1]]
    times, when, until = _times(table, spans, rows)
    first, last = _extremes(when, until, start)
    return EdgeTable(
        nodes=nodes,
        relations=relations,
        times=times,
        source=source[heads],
        target=target[heads],
        relation=relation[heads],
        first=first,
        last=last,
        start=start,
        rows=rows,
        when=when,
    )


def _places(records: Sequence[Record], place: Mapping[Record, int]) -> Codes:
    """Return numbers in the order of the records."""
    found = [place.get(record) for record in records]
    return ranks(records) if None in found else ints(found)  # a graph that is a part may lack a record


def _by_edge(edge: Codes, within: Codes) -> Codes:
    """Sort by edge, and within: only the few that share an edge need the second sort."""
    order = np.argsort(edge, kind="stable")
    same = np.diff(edge[order]) == 0
    places = np.flatnonzero(np.append(same, False) | np.append(False, same)) if len(order) else order
    rows = order[places]
    order[places] = rows[np.lexsort((within[rows], edge[rows]))]
    return order


def _without_repeats(
    table: ReferenceTable, columns: dict[str, Codes], order: Codes, edge: Codes, within: Codes
) -> Codes:
    """Leave out what is said twice: the same record, field and value. Of two judgements the worse one stays."""
    same = (np.diff(edge[order]) == 0) & (np.diff(within[order]) == 0)
    if not same.any():
        return order
    in_run = np.append(same, False) | np.append(False, same)
    places = np.flatnonzero(in_run)
    rows = order[places]
    rows = rows[np.lexsort((*(columns[name][rows] for name in reversed(_REST)), within[rows], edge[rows]))]
    repeated = np.append(False, np.logical_and.reduce([np.diff(c[rows]) == 0 for c in _all(columns, edge, within)]))
    order = order.copy()
    order[places] = rows
    keep = np.ones(len(order), bool)
    keep[places[repeated]] = False
    places, rows = places[~repeated], rows[~repeated]
    run = np.cumsum(np.append(True, (np.diff(edge[rows]) != 0) | (np.diff(within[rows]) != 0)))
    several = np.flatnonzero(np.bincount(run) > 1)
    if len(several):
        chosen = np.isin(run, several)
        for _, members in groupby(
            zip(run[chosen].tolist(), places[chosen].tolist(), strict=True), lambda pair: pair[0]
        ):
            _settle(table, columns, order, keep, [place for _, place in members])
    return order[keep]


def _all(columns: dict[str, Codes], edge: Codes, within: Codes) -> list[Codes]:
    return [edge, within, *(columns[name] for name in _REST)]


def _settle(table: ReferenceTable, columns: dict[str, Codes], order: Codes, keep: Any, places: list[int]) -> None:
    """Put references of one edge, record and field into the order of their values, and join what is said twice."""

    def said(row: int) -> tuple[str, str, str, str]:
        value = table.values.values[columns["value"][row]]
        source, target = (str(table.ends.values[columns[name][row]]) for name in ("source", "target"))
        return str(value), type(value).__name__, source, target

    rows = sorted((order[place] for place in places), key=lambda row: (said(row), columns["judged"][row]))
    kept: list[int] = []
    for _, group in groupby(rows, said):
        first, *others = group
        for row in others:
            _join(table, columns, first, row)
        kept.append(first)
    for place, row in zip(places, kept, strict=False):
        order[place] = row
    keep[places[len(kept) :]] = False


def _join(table: ReferenceTable, columns: dict[str, Codes], kept: int, other: int) -> None:
    a, b = columns["judged"][kept], columns["judged"][other]
    if a != b and NONE not in (a, b):
        one, two = table.judgements.values[a], table.judgements.values[b]
        worse = Judged(
            tuple(sorted({*one.roles, *two.roles})),
            max(one.verdict, two.verdict, key=verdict_order),
            max(one.remediation or "", two.remediation or "") or None,
        )
        columns["judged"][kept] = table.judgements.code(worse)
    a, b = columns["beside"][kept], columns["beside"][other]
    if a != b and (NONE in (a, b) or table.besides[a] != table.besides[b]):
        besides = {repr(found): found for code in (a, b) if code != NONE for found in table.besides[code]}
        columns["beside"][kept] = table.together(sorted(besides.values(), key=lambda found: [*map(str, found)]))


def verdict_order(verdict: str | None) -> tuple[int, str]:
    """Sort key of verdicts, the worst last."""
    return verdict_rank(verdict), verdict or ""


def _times(table: ReferenceTable, spans: Spans, rows: dict[str, Codes]) -> tuple[list[str], Codes, Codes]:
    """Return all times, sorted; and per reference the places of when its record began and ended."""
    own, record = table.times.values, rows["record"]
    times = sorted(text for text in {*spans.begun, *spans.ended, *own} if text is not None)
    place: dict[str | None, int] = dict(zip(times, range(len(times)), strict=True))
    place[None] = NONE
    begun, ended = spans.begun, spans.ended
    when = ints(list(map(place.__getitem__, begun)))
    until = when if begun == ended else ints(list(map(place.__getitem__, ended)))
    if not spans.unknown.any():
        return times, when[record], until[record]
    said = ints(list(map(place.__getitem__, [*own, None])))[rows["time"]]
    unknown = spans.unknown[record]
    return times, np.where(unknown, said, when[record]), np.where(unknown, said, until[record])


def _extremes(when: Codes, until: Codes, start: Codes) -> tuple[Codes, Codes]:
    """Return the first and the last time of each edge, -1 where none is known."""
    if len(start) < 2:
        return ints([]), ints([])
    first = np.minimum.reduceat(np.where(when < 0, _LATER, when), start[:-1])
    last = np.maximum.reduceat(until, start[:-1])
    return np.where(first == _LATER, NONE, first), last


Judgement = tuple[list[str], str | None, list[str]]


def judgements_of(edges: EdgeTable, table: ReferenceTable) -> Callable[[int, int], list[Judgement | None]]:
    """Return what gives roles, worst verdict and remediations by edge, from one edge to another: of all references.

    None for an edge that is not about how something was judged.
    """
    pool, judged, start = table.judgements.values, edges.rows["judged"], edges.start
    alone = [(list(one.roles), one.verdict, [one.remediation] if one.remediation else []) for one in pool]
    by_code = held([*alone, None])  # -1 is the last
    main = edges.relation == (edges.relations.index(MAIN) if MAIN in edges.relations else NONE)

    def of(first: int, end: int) -> list[Judgement | None]:
        begins = start[first:end]
        found: list[Judgement | None] = by_code[np.where(main[first:end], judged[begins], NONE)].tolist()
        several = np.flatnonzero(main[first:end] & (np.diff(start[first : end + 1]) > 1))
        for at in several.tolist():
            codes = set(judged[start[first + at] : start[first + at + 1]].tolist())
            if len(codes) > 1:
                found[at] = _worst([pool[code] for code in codes])
        return found

    return of


def _worst(found: Sequence[Judged]) -> Judgement:
    return (
        sorted({role for one in found for role in one.roles}),
        max((one.verdict for one in found), key=verdict_order),
        sorted({one.remediation for one in found if one.remediation}),
    )

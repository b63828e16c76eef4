"""``runHuntingQuery``: a query over the tenant's hunting tables, within the limits that Graph sets."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from graphinvestigate.demo.answers import bad_request
from graphinvestigate.demo.hunting_grammar import Project, Step, Take, Test, Where, parse_query, refused
from graphinvestigate.demo.hunting_tables import TABLES, Row
from graphinvestigate.demo.odata_filter_values import time_key
from graphinvestigate.demo.operations import Call, Operation
from graphinvestigate.demo.server_store import Record, Store

DAYS = 30
ROWS = 100_000
PERMISSION = "ThreatHunting.Read.All"
_SPAN = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?")
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_PYTHON: dict[str, type] = {"String": str, "Object": str, "Int32": int, "Int64": int, "DateTime": datetime}
Columns = tuple[tuple[str, str], ...]


class Hunting:
    """Runs queries over one tenant's store.

    Parameters
    ----------
    store : Store
        Whose records.
    most_rows : int
        How many rows an answer holds at most; the rest is cut off without a word.
    """

    def __init__(self, store: Store, *, most_rows: int = ROWS) -> None:
        self._store, self._most = store, most_rows

    def operations(self) -> tuple[Operation, ...]:
        """The one operation of hunting."""
        path = "security/runHuntingQuery"
        return (Operation("POST", path, "hunting", (PERMISSION,), self._run, licence="Microsoft Defender XDR"),)

    def _run(self, call: Call) -> Record:
        body = {name.lower(): value for name, value in call.body().items()}
        text, span = body.get("query"), body.get("timespan")
        if not isinstance(text, str) or not text.strip():
            raise bad_request("The property 'Query' must be a text.")
        if span is not None and not isinstance(span, str):
            raise bad_request("The property 'Timespan' must be a text.")
        query = parse_query(text, now=self._store.now)
        table = TABLES.get(query.table)
        if table is None:
            raise refused(f"'{query.table}' could not be resolved to a table.")
        begin, end = self._window(span)
        columns: Columns = table.columns
        rows: Iterable[Row] = (row for row in table.rows(self._store) if begin <= _key(row[0]) <= end)
        for step in query.steps:
            columns, rows = _apply(step, columns, rows)
        names = [name for name, _ in columns]
        shown = itertools.islice(rows, self._most)
        return {
            "@odata.context": f"{call.root}/$metadata#microsoft.graph.security.huntingQueryResults",
            "schema": [{"name": name, "type": kind} for name, kind in columns],
            "results": [dict(zip(names, row, strict=True)) for row in shown],
        }

    def _window(self, span: str | None) -> tuple[tuple[int, int], tuple[int, int]]:
        """What time a query looks at: `span` of it, and never more than thirty days."""
        now = self._store.now
        begin, end = now - timedelta(days=DAYS), now
        for place, part in enumerate((span or "").split("/", 1) if span else ()):
            duration = _SPAN.fullmatch(part)
            if duration and any(duration.groups()):
                days, hours, minutes, seconds = (int(number or 0) for number in duration.groups())
                length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
                if place:
                    end = begin + length
                else:
                    begin = max(begin, now - length)
                continue
            try:
                moment = datetime.fromisoformat(part)
            except ValueError as error:
                raise bad_request(f"Invalid Timespan: '{span}' is no ISO 8601 duration or interval.") from error
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            begin, end = (begin, moment) if place else (max(begin, moment), end)
        return _key(begin), _key(end)


def _key(value: str | datetime) -> tuple[int, int]:
    """A time as something that can be compared, to all its digits."""
    text = value.isoformat() if isinstance(value, datetime) else value
    return time_key(text) or (-1, -1)


def _apply(step: Step, columns: Columns, rows: Iterable[Row]) -> tuple[Columns, Iterable[Row]]:
    """Do one step with rows of these columns."""
    if isinstance(step, Take):
        return columns, itertools.islice(rows, step.rows)
    if isinstance(step, Where):
        tests = [_predicate(test, columns) for test in step.tests]
        return columns, (row for row in rows if all(test(row) for test in tests))
    places = [_place(name, columns) for name in step.columns]
    kept = tuple(columns[place] for place in places)
    if isinstance(step, Project):
        return kept, (tuple(row[place] for place in places) for row in rows)
    return (*kept, ("count_", "Int64")), _counted(places, rows)


def _counted(places: Sequence[int], rows: Iterable[Row]) -> Iterator[Row]:
    counts: dict[Row, int] = {}
    for row in rows:
        key = tuple(row[place] for place in places)
        counts[key] = counts.get(key, 0) + 1
    return ((*key, count) for key, count in counts.items())


def _place(name: str, columns: Columns) -> int:
    for place, (column, _) in enumerate(columns):
        if column == name:
            return place
    raise refused(f"Failed to resolve column or scalar expression named '{name}'.")


def _predicate(test: Test, columns: Columns) -> Callable[[Row], bool]:
    """Turn a test into a question about a row; a value of another type than its column's is a mistake."""
    place = _place(test.column, columns)
    kind = columns[place][1]
    wanted_type = _PYTHON[kind]
    for value in test.values:
        if not isinstance(value, wanted_type) or isinstance(value, bool):
            raise refused(f"Cannot compare values of types {kind.lower()} and {type(value).__name__}.")
    textual = wanted_type is str
    if test.operator in ("has", "=~", "in~") and not textual:
        raise refused(f"The operator '{test.operator}' needs a text.")
    if test.operator in _ORDERS:
        if textual:
            raise refused(f"The operator '{test.operator}' cannot be applied to a text.")
        order, bound = _ORDERS[test.operator], _comparable(test.values[0])
        return lambda row: order(_key(row[place]) if kind == "DateTime" else row[place], bound)
    if test.operator == "has":
        term = re.compile(rf"(?<![^\W_]){re.escape(test.values[0])}(?![^\W_])", re.IGNORECASE)
        return lambda row: term.search(row[place]) is not None
    if test.operator in ("=~", "in~"):
        folded = {value.casefold() for value in test.values}
        return lambda row: row[place].casefold() in folded
    values = {_comparable(value) for value in test.values}
    equal = test.operator != "!="
    return lambda row: ((_key(row[place]) if kind == "DateTime" else row[place]) in values) is equal


def _comparable(value: Any) -> Any:
    return _key(value) if isinstance(value, datetime) else value

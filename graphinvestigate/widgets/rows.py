"""The alert queue without its widgets: which alerts are shown, in which order, with which counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, evidence as evidence_of, newest
from graphinvestigate.linking import Record
from graphinvestigate.linking.tactics import tactic_of, tactic_place
from graphinvestigate.views.style import severity_rank, source_word
from graphinvestigate.widgets.facets import NO_FILTERS, STATUSES, Filters, facets_of, together, word_masks
from graphinvestigate.widgets.names import Names
from graphinvestigate.widgets.times import moment

COLUMNS = (
    "severity", "first_activity", "title", "entities", "status", "source", "tactic", "last_activity", "assigned_to",
)  # fmt: skip
FIRST_DOWN = frozenset({"severity", "first_activity", "last_activity"})
"""Columns that start with their greatest value when they are sorted by."""
_FROM = {
    "id": "id",
    "severity": "severity",
    "title": "title",
    "status": "status",
    "source": "service_source",
    "category": "category",
    "first_activity": "first_activity_date_time",
    "last_activity": "last_activity_date_time",
    "assigned_to": "assigned_to",
}
_NEEDED = (*_FROM.values(), "evidence", "raw")
_NO_TIME = np.iinfo(np.int64).min


class Queue:
    """Alerts as an analyst's queue.

    Parameters
    ----------
    alerts : pandas.DataFrame
        What ``list_alerts`` or ``read_records("alerts", …)`` returned, in any order and with any index. Of rows
        with the same id the last updated one stands for the alert.

    Attributes
    ----------
    alerts : pandas.DataFrame
        One row per alert, index 0…n-1: an alert's number in all that follows.
    repeated : int
        How many rows were left out because a newer one has the same id.
    table : pandas.DataFrame
        What the queue shows of each alert, except whom it hit: that is in `names`.
    facets : dict of str to Facet
        What it can be filtered by.
    """

    def __init__(self, alerts: pd.DataFrame) -> None:
        check_alerts(alerts)
        self.alerts, self.repeated = newest(RESOURCES["alerts"], alerts)
        self.table = pd.DataFrame({name: _whole(self.alerts[column]) for name, column in _FROM.items()}, copy=False)
        self.facets = facets_of(self.table)
        self.names = Names(self.alerts)
        self._start = _nanoseconds(self.table["first_activity"])
        last = _nanoseconds(self.table["last_activity"])
        self._end = np.maximum(last, self._start)
        ids = _ranks(self.table["id"], last=len(self.table))
        # Newest first, those of unknown time last, equal ones by id: what every other order falls back on.
        self._newest = np.lexsort((ids, np.where(self._start == _NO_TIME, np.iinfo(np.int64).max, -self._start)))
        self._rank: dict[str, np.ndarray] = {}
        self._met: tuple[Filters, dict[str, np.ndarray]] | None = None

    @property
    def untimed(self) -> int:
        """How many alerts have no time of first activity."""
        return int(np.count_nonzero(self._start == _NO_TIME))

    def moment(self, time: str | datetime | None) -> pd.Timestamp | None:
        """Read a time; how long ago counts back from when the alerts were pulled."""
        return moment(time, self.alerts)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def records(self) -> list[Record | None]:
        """What stands for each alert in an entity graph; None for alerts without an id."""
        return [Record("alert", key) if isinstance(key, str) and key else None for key in self.alerts["id"].tolist()]

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = {}
        for at, record in enumerate(self.records):
            if record is not None:
                numbers.setdefault(record.id, []).append(at)
        return numbers

    def numbers(self, alert_id: str) -> Sequence[int]:
        """Give the numbers of the alerts with an id: one, none, or several where tenants share it."""
        return self._numbers.get(alert_id, ())

    def rows(self, numbers: np.ndarray | Sequence[int]) -> pd.DataFrame:
        """Give alerts in their own columns."""
        if len(numbers) == 1:  # a slice: no column is looked through for one row
            return self.alerts.iloc[int(numbers[0]) : int(numbers[0]) + 1]
        return self.alerts.iloc[np.asarray(numbers, dtype=np.int64)]

    def evidence_rows(self, number: int, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Give the evidence of one alert, one row per item; of the columns of its types those asked for, or all."""
        return evidence_of(self.rows([number]), columns=columns)

    def order(self, filters: Filters = NO_FILTERS, *, sort: str, descending: bool) -> np.ndarray:
        """Give the numbers of the alerts that pass the filters, in order; equal ones newest first, then by id.

        Alerts whose value is unknown stand last in either direction.
        """
        if sort not in COLUMNS:
            raise UsageError(f"the queue sorts by one of {', '.join(COLUMNS)}, not {sort!r}")
        passes = together(self.parts(filters), len(self))
        shown = self._newest[passes[self._newest]]
        if sort not in self._rank:
            self._rank[sort] = self._ranked(sort)
        rank = self._rank[sort][shown]
        key = np.where(rank < 0, np.iinfo(np.int64).max, -rank if descending else rank)
        return shown[np.argsort(key, kind="stable")]

    def parts(self, filters: Filters) -> Mapping[str, np.ndarray]:
        """Tell for each condition that is asked which alerts meet it; kept until another is asked for."""
        if self._met is None or self._met[0] != filters:
            self._met = filters, self._parts(filters)
        return self._met[1]

    def _parts(self, filters: Filters) -> dict[str, np.ndarray]:
        parts = {
            name: facet.passes(getattr(filters, name)) for name, facet in self.facets.items() if getattr(filters, name)
        }
        if filters.entity:
            parts["entity"] = self.names.naming(filters.entity)
        if filters.text.strip():
            parts["text"] = np.logical_and.reduce(word_masks(filters.text, [self._said, self.names.saying]))
        timed = self._start != _NO_TIME
        if filters.since is not None:
            parts["since"] = timed & (self._end >= filters.since.value)
        if filters.until is not None:
            parts["until"] = timed & (self._start < filters.until.value)
        return parts

    def counts(self, filters: Filters = NO_FILTERS) -> dict[str, dict[str, int]]:
        """Count alerts per value of each facet, under all other filters: a count says what a press brings."""
        parts = self.parts(filters)
        return {name: facet.counts(together(parts, len(self), but=name)) for name, facet in self.facets.items()}

    def entities(self, filters: Filters = NO_FILTERS, *, most: int) -> list[tuple[str, int]]:
        """Give the entities named by most alerts under all other filters, each with how many that are."""
        counts = self.names.counts(together(self.parts(filters), len(self), but="entity"))
        top = np.argsort(-counts, kind="stable")[:most]
        return [(str(self.names.shown[at]), int(counts[at])) for at in top if counts[at]]

    def _said(self, word: str) -> np.ndarray:
        """Tell which alerts have a word in what their row says."""
        mask = np.zeros(len(self), dtype=bool)
        for name in ("title", "source", "category", "status", "severity", "assigned_to", "id"):
            codes, values = self._folded(name)
            wanted = np.fromiter((word in value for value in values), dtype=bool, count=len(values))
            if wanted.any():
                mask |= np.append(wanted, False)[codes]
        return mask

    def _folded(self, name: str) -> tuple[np.ndarray, list[str]]:
        """Give each alert's value of a column, case-folded, as a place in a list; -1 for none."""
        if name not in self._words:
            codes, values = pd.factorize(self.table[name])
            said = [f"{value} {source_word(value)}" if name == "source" else value for value in values]
            self._words[name] = codes, [value.casefold() for value in said]
        return self._words[name]

    @cached_property
    def _words(self) -> dict[str, tuple[np.ndarray, list[str]]]:
        return {}

    def _ranked(self, sort: str) -> np.ndarray:
        """Give each alert's place in the ascending order of a column; unknown is -1."""
        if sort == "first_activity":
            return np.where(self._start == _NO_TIME, -1, self._start)
        if sort == "last_activity":
            last = _nanoseconds(self.table["last_activity"])
            return np.where(last == _NO_TIME, -1, last)
        if sort == "entities":
            return self.names.leading()
        if sort == "severity":
            return _ranks(self.table["severity"], key=lambda value: (severity_rank(value), value.casefold()))
        if sort == "status":
            place = {name.casefold(): at for at, name in enumerate(STATUSES)}
            return _ranks(self.table["status"], key=lambda value: (place.get(value.casefold(), 9), value.casefold()))
        if sort == "tactic":
            return _ranks(self.table["category"], key=lambda value: (_tactic_order(value), value.casefold()))
        if sort == "source":
            return _ranks(self.table["source"], key=lambda value: (0, source_word(value).casefold()))
        return _ranks(self.table[sort])


def check_alerts(alerts: Any) -> None:
    """Raise UsageError unless this is a frame of alerts."""
    ask = "give what list_alerts(client) or read_records('alerts', …) returned"
    if not isinstance(alerts, pd.DataFrame):
        raise UsageError(f"AlertPicker shows a DataFrame of alerts, not {type(alerts).__name__}: {ask}")
    if "record_kind" not in alerts or "id" not in alerts:
        raise UsageError(f"this frame has no columns record_kind and id, so it holds no alerts: {ask}")
    missing = [column for column in _NEEDED if column not in alerts]
    if missing:
        raise UsageError(f"this frame has lost the columns {', '.join(missing)}: {ask}")
    kinds = set(alerts["record_kind"].dropna()) - {"alert"}
    if kinds:
        raise UsageError(f"this frame holds {', '.join(sorted(map(str, kinds)))} records, not alerts: {ask}")


def _tactic_order(category: str) -> int:
    place = tactic_place(tactic_of(category))
    return 99 if place is None else place


def _ranks(column: pd.Series[str], *, key: Any = str.casefold, last: int = -1) -> np.ndarray:
    """Give each row's place in the order of a column's values; equal ones share theirs, unknown is `last`."""
    codes, values = pd.factorize(column)
    keys = [key(value) for value in values]
    order = {value: at for at, value in enumerate(sorted(set(keys)))}
    return np.array([*(order[value] for value in keys), last], dtype=np.int64)[codes]


def _whole(column: pd.Series) -> pd.Series:
    """Give a column of text in one piece: one made of the pieces of many pages is slow to take a page of rows from."""
    if not isinstance(column.dtype, pd.StringDtype):
        return column
    pieces = pa.array(column.array)
    if isinstance(pieces, pa.ChunkedArray):
        pieces = pieces.combine_chunks()
    return pd.Series(column.dtype.__from_arrow__(pieces), index=column.index)


def _nanoseconds(times: pd.Series) -> np.ndarray:
    utc = pd.to_datetime(times, utc=True).dt.tz_localize(None).astype("datetime64[ns]")
    return np.asarray(utc.to_numpy()).view(np.int64)

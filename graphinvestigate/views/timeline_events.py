"""Frames → what happened when: one row per mark of a timeline, as numpy columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate import text
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import EVIDENCE, RESOURCES
from graphinvestigate.linking.tactics import TACTICS, tactic_of
from graphinvestigate.views.style import SEVERITIES, kind_word, severity, source_word
from graphinvestigate.views.timeline_naming import Naming

LANES = ("tactic", "entity", "source", "record_kind")
UNMAPPED = "Alerts without a tactic"
_EVENT_TIME = {table.record_kind: table.event_time for table in RESOURCES.values()}
_EVENT_TIME[EVIDENCE.record_kind] = EVIDENCE.event_time
_KINDS = tuple(_EVENT_TIME)
_SEVERITY = {
    "alert": "severity",
    "incident": "severity",
    "risk_detection": "risk_level",
    "risky_user": "risk_level",
    "sign_in": "risk_level_during_sign_in",
}
_SOURCE = {"alert": "service_source", "risk_detection": "source"}
_NOBODY, _NO_SOURCE = " without a user or host", " without a source"
_NO_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of a timeline.

    Attributes
    ----------
    start, end : int64 arrays of shape (n,)
        Nanoseconds since 1970, UTC; equal for instants.
    severity : int8 array of shape (n,)
        Place in ``SEVERITIES``.
    lane : int32 array of shape (n,)
        Place in `lanes`.
    frame, row : int32 and int64 arrays of shape (n,)
        Which frame and which row of it.
    lanes : tuple of str
        As in the data, not escaped; top to bottom.
    frames : tuple of (str, pandas.DataFrame)
        Record kind and rows.
    untimed : dict of str to int
        How many records of each kind have no time.
    apart : Marks or None
        What has no time: `start` and `end` say nothing there.
    part : bool
        Whether marks of `frames` were left out by `only`.
    """

    start: np.ndarray
    end: np.ndarray
    severity: np.ndarray
    lane: np.ndarray
    frame: np.ndarray
    row: np.ndarray
    lanes: tuple[str, ...]
    frames: tuple[tuple[str, pd.DataFrame], ...]
    untimed: dict[str, int]
    apart: Marks | None = None
    part: bool = False

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: np.ndarray) -> Marks:
        """Give some of the marks, by their places or by a mask; what has no time stays as it is."""
        columns = (self.start, self.end, self.severity, self.lane, self.frame, self.row)
        return replace(self, **dict(zip(_ARRAYS, (column[which] for column in columns), strict=True)))

    def only(self, which: np.ndarray) -> Marks:
        """Give some of the marks as if there were no others."""
        return replace(self.take(which), part=True)

    def counted(self) -> dict[str, int]:
        """Count the records of each kind, those without a time included."""
        kinds: dict[str, int] = {}
        for number, (kind, frame) in enumerate(self.frames):
            n = len(np.unique(self.row[self.frame == number])) if self.part else len(frame)
            kinds[kind] = kinds.get(kind, 0) + n
        if self.part:
            for kind, n in self.untimed.items():
                kinds[kind] += n
        return kinds

    def within(self, since: int | None, until: int | None) -> np.ndarray:
        """Tell which marks were active at or after the one and at or before the other (nanoseconds, UTC)."""
        active = np.ones(len(self), dtype=bool)
        if since is not None:
            active &= self.end >= since
        if until is not None:
            active &= self.start <= until
        return active


_ARRAYS = ("start", "end", "severity", "lane", "frame", "row")


def marks_of(
    frames: Sequence[pd.DataFrame],
    lanes: str,
    *,
    breathe: Callable[[], object] | None = None,
    naming: Naming | None = None,
) -> Marks:
    """Read the marks of frames.

    Parameters
    ----------
    frames : sequence of DataFrame
        Each with a column ``record_kind``.
    lanes : {"tactic", "entity", "source", "record_kind"}
        What the lanes stand for.
    breathe : callable, optional
        Called again and again while whom alerts name is read, in this thread alone, for one that lets others go first;
        once it answers true, the rest is read without it.
    naming : Naming, optional
        What read other frames before: alerts that it knows are not read again for lanes by entity.

    Returns
    -------
    Marks

    Raises
    ------
    UsageError
        If `lanes` is none of these, or a frame holds no records that have a time.
    """
    if lanes not in LANES:
        raise UsageError(f"lanes must be one of {', '.join(LANES)}, not {text.log(str(lanes))}")
    parts = [part for frame in frames for part in _by_kind(frame)]
    names: dict[str, int] = {}
    columns: list[tuple[np.ndarray, ...]] = []
    apart: list[tuple[np.ndarray, ...]] = []
    untimed: dict[str, int] = {}
    for at, (kind, frame) in enumerate(parts):
        start = _nanoseconds(frame[_time_column(kind, frame)])
        end = start
        if kind not in _EVENT_TIME:
            end = np.maximum(_nanoseconds(frame["end_date_time"]), start)
        if kind in ("alert", "evidence") and "last_activity_date_time" in frame:
            end = np.maximum(_nanoseconds(frame["last_activity_date_time"]), start)
        rows, lane = _lane_codes(kind, frame, lanes, names, breathe, naming or Naming())
        timed = start[rows] != _NO_TIME
        level = _severity_codes(kind, frame)
        if not timed.all():
            out, lane_out = rows[~timed], lane[~timed]
            untimed[kind] = untimed.get(kind, 0) + len(np.unique(out))
            at_frame = np.full(len(out), at, dtype=np.int32)
            apart.append((start[out], start[out], level[out], lane_out, at_frame, out))
            rows, lane = rows[timed], lane[timed]
        of_frame = np.full(len(rows), at, dtype=np.int32)
        if lanes == "entity" or len(rows) < len(frame):
            start, end, level = start[rows], end[rows], level[rows]
        columns.append((start, end, level, lane, of_frame, rows))
    together = _together(columns)
    order = _lane_order(list(names), lanes, together[3], together[2])
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    labels = tuple(np.array([*names], dtype=object)[order].tolist()) if len(order) else ()

    def made(columns: list[np.ndarray], beside: Marks | None) -> Marks:
        start, end, severity, lane, of_frame, row = columns
        lane = place[lane] if len(order) else lane
        return Marks(start, end, severity, lane, of_frame, row, labels, tuple(parts), untimed, beside)

    return made(together, made(_together(apart), None) if apart else None)


def _together(columns: list[tuple[np.ndarray, ...]]) -> list[np.ndarray]:
    if not columns:
        return [np.empty(0, dtype) for dtype in (np.int64, np.int64, np.int8, np.int32, np.int32, np.int64)]
    if len(columns) == 1:
        return list(columns[0])
    return [np.concatenate(column) for column in zip(*columns, strict=True)]


def _by_kind(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Split a frame by record kind (most hold one) and check that each can be drawn."""
    if not isinstance(frame, pd.DataFrame) or "record_kind" not in frame.columns:
        raise UsageError(
            "a timeline needs frames with a column record_kind: give what list_alerts, list_sign_ins, "
            "read_records and their like return"
        )
    column = frame["record_kind"]
    kinds = [column.iloc[0]] if len(column) and (column == column.iloc[0]).all() else column.drop_duplicates().tolist()
    parts = []
    for kind in kinds:
        time = _time_column(kind, frame)
        if time is None:
            raise UsageError(f"a timeline knows no time for {text.log(str(kind))}: it draws {', '.join(_KINDS)}")
        if time not in frame.columns:
            raise UsageError(f"the {kind_word(kind)} frame has no column {time}: keep it when you choose columns")
        parts.append((kind, frame if len(kinds) == 1 else frame[frame["record_kind"] == kind]))
    return parts


def _time_column(kind: str, frame: pd.DataFrame) -> str | None:
    """Give the column of the event time; records that `map_records` made have kinds of their own."""
    return _EVENT_TIME.get(kind) or (
        "date_time" if {"mapped", "date_time", "end_date_time"} <= {*frame.columns} else None
    )


def _nanoseconds(times: pd.Series) -> np.ndarray:
    utc = pd.to_datetime(times, utc=True).dt.tz_localize(None).astype("datetime64[ns]")
    return np.asarray(utc.to_numpy()).view(np.int64)


def _factorized(values: pd.Series) -> tuple[np.ndarray, list[Any]]:
    """Give each row's code and the values; missing ones have code -1, which is the last value: None."""
    codes, found = pd.factorize(values)
    return codes, [*found.tolist(), None]


def _severity_codes(kind: str, frame: pd.DataFrame) -> np.ndarray:
    place = {name: at for at, name in enumerate(SEVERITIES)}
    column = _SEVERITY.get(kind, None if kind in _EVENT_TIME else "severity")
    if column is None or column not in frame.columns:
        return np.full(len(frame), place["unknown"], dtype=np.int8)
    codes, values = _factorized(frame[column])
    return np.array([place[severity(value)] for value in values], dtype=np.int8)[codes]


def _lane_codes(
    kind: str,
    frame: pd.DataFrame,
    lanes: str,
    names: dict[str, int],
    breathe: Callable[[], object] | None,
    naming: Naming,
) -> tuple[np.ndarray, np.ndarray]:
    """Give rows and their lanes; a row may stand in several lanes (entities) but in one at least."""
    rows = np.arange(len(frame))
    own = kind_word(kind, 2)
    own = own[:1].upper() + own[1:]
    if lanes == "entity":
        rows, values = naming.pairs(kind, frame, breathe)
        codes, found = _factorized(values)
        labels = [own + _NOBODY if value is None else str(value).casefold() for value in found]
    elif lanes == "tactic" and kind == "alert" and "category" in frame.columns:
        codes, found = _factorized(frame["category"])
        labels = [tactic_of(value) or UNMAPPED for value in found]
    elif lanes == "source" and _SOURCE.get(kind) in frame.columns:
        codes, found = _factorized(frame[_SOURCE[kind]])
        labels = [own + _NO_SOURCE if value is None else source_word(value) for value in found]
    else:
        codes, labels = np.zeros(len(frame), dtype=np.int64), [own, own]
    used = labels if (codes < 0).any() else labels[:-1]
    place = [names.setdefault(label, len(names)) for label in used] + [-1] * (len(labels) - len(used))
    return rows, np.array(place, dtype=np.int32)[codes]


def _lane_order(names: list[str], lanes: str, lane: np.ndarray, severities: np.ndarray) -> np.ndarray:
    """Put the lanes in order, top first: tactics as ATT&CK has them, others by weight."""
    count = np.bincount(lane, minlength=len(names))
    if lanes == "tactic":
        known = {tactic: at for at, tactic in enumerate((*TACTICS, UNMAPPED))}
        return np.array(sorted(range(len(names)), key=lambda at: (known.get(names[at], 99), names[at])), dtype=np.int64)
    if lanes == "record_kind":
        return np.arange(len(names))
    weight = np.bincount(lane, (len(SEVERITIES) - severities.astype(float)) ** 3, minlength=len(names))
    last = [name.endswith((_NOBODY, _NO_SOURCE)) for name in names]
    return np.array(
        sorted(range(len(names)), key=lambda at: (last[at], -weight[at], -count[at], names[at])), dtype=np.int64
    )

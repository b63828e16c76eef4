"""Which part of time a timeline shows, and how it is read from what a page says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline import MOST_LANES
from graphinvestigate.views.timeline_events import Marks
from graphinvestigate.views.timeline_notes import Bins
from graphinvestigate.widgets.plotly_view import Point
from graphinvestigate.widgets.selection import Span

_LEAST = 1_000_000  # nanoseconds: no window is narrower than a millisecond, which is what plotly's dates tell apart


@dataclass(frozen=True, slots=True)
class Window:
    """A part of time: nanoseconds since 1970 (UTC), each end included; None reaches as far as the marks.

    Attributes
    ----------
    since, until : int or None
    """

    since: int | None = None
    until: int | None = None

    @property
    def ends(self) -> tuple[int | None, int | None]:
        """Both, as `timeline_figure` takes them."""
        return self.since, self.until

    def texts(self) -> tuple[str | None, str | None]:
        """Give both as ISO texts."""
        since, until = (None if ns is None else pd.Timestamp(ns, tz="UTC").isoformat() for ns in self.ends)
        return since, until

    def span(self, marks: Marks) -> Span | None:
        """Give both as times; an open end is where the marks end. None for all of time."""
        if self == Window() or not len(marks):
            return None
        since, until = self._closed(marks)
        return pd.Timestamp(since, tz="UTC"), pd.Timestamp(max(until, since), tz="UTC")

    def scaled(self, marks: Marks, factor: float, move: float) -> Window:
        """Give a wider or narrower window around the same middle, moved by a part of its width."""
        if not len(marks):
            return self
        since, until = self._closed(marks)
        width = max(until - since, _LEAST)
        middle = since + width / 2 + move * width
        half = max(width * factor / 2, _LEAST / 2)
        first, last = int(marks.start.min()), int(marks.end.max())
        if middle - half <= first and middle + half >= last:
            return Window()
        return Window(int(middle - half), int(middle + half))

    def _closed(self, marks: Marks) -> tuple[int, int]:
        since = int(marks.start.min()) if self.since is None else self.since
        return since, int(marks.end.max()) if self.until is None else self.until


@dataclass(frozen=True, slots=True)
class Box:
    """A box that was drawn over counts: a part of time, and the lanes from one place to another (or all)."""

    since: int
    until: int
    lanes: tuple[float, float] | None

    def holds(self, marks: Marks) -> np.ndarray:
        """Tell which marks began in this part of time, in these lanes."""
        held = (marks.start >= self.since) & (marks.start <= self.until)
        if self.lanes is not None:
            low, high = sorted(self.lanes)
            held &= (marks.lane >= round(low)) & (marks.lane <= round(high))
        return held


@dataclass(frozen=True, slots=True)
class Cells:
    """The counts that a figure shows: equal spans of time, by severity above and by lane below.

    Attributes
    ----------
    bins : (int, int, int)
        Where the first span begins, how long each is (nanoseconds), and how many there are.
    names : tuple of str
        What each trace of the figure is called.
    """

    bins: tuple[int, int, int]
    names: tuple[str, ...]

    def holds(self, point: Point, marks: Marks, window: Window) -> np.ndarray:
        """Tell which marks of a window are counted where somebody clicked; none where nothing is counted."""
        held = marks.within(*window.ends) & (Bins(*self.bins, "").place(marks.start) == point.index)
        name = self.names[point.trace] if 0 <= point.trace < len(self.names) else ""
        if point.row is not None:
            return held & (np.minimum(marks.lane, min(len(marks.lanes), MOST_LANES) - 1) == point.row)
        severities = [look.word for look in SEVERITIES.values()]
        return held & (marks.severity == severities.index(name)) if name in severities else held & False


def zoomed(ends: Sequence[Any] | None, zone: ZoneInfo, marks: Marks) -> Window | None:
    """Read what a page says that its axis shows; what holds all marks is all of time, what is no range None.

    Parameters
    ----------
    ends : sequence of two, or None
        Plotly's dates in the axis's zone: texts without a zone, or milliseconds.
    zone : zoneinfo.ZoneInfo
        The axis's zone.
    marks : Marks
        What is on the timeline.

    Returns
    -------
    Window or None
    """
    read = _ends(ends, zone)
    if read is None or not len(marks):
        return None
    since, until = read
    if since <= int(marks.start.min()) and until >= int(marks.end.max()):
        return Window()
    return Window(since, max(until, since + _LEAST))


def box_of(ranges: Mapping[str, Sequence[Any]], zone: ZoneInfo) -> Box | None:
    """Read the box that a page says was drawn; what is none gives None.

    Parameters
    ----------
    ranges : mapping of str to sequence
        Axis → ends: ``x`` in plotly's dates; ``y2``, if the box was drawn over lanes, in places of lanes.
    zone : zoneinfo.ZoneInfo
        The axis's zone.

    Returns
    -------
    Box or None
    """
    read = _ends(ranges.get("x"), zone)
    if read is None:
        return None
    lanes = None
    if "y2" in ranges:
        try:
            low, high = (float(end) for end in ranges["y2"])
        except (TypeError, ValueError):
            return None
        lanes = (low, high)
    return Box(*read, lanes)


def _ends(ends: Sequence[Any] | None, zone: ZoneInfo) -> tuple[int, int] | None:
    if ends is None or len(ends) != 2:
        return None
    try:
        times = [pd.Timestamp(end, unit="ms") if isinstance(end, (int, float)) else pd.Timestamp(end) for end in ends]
    except (TypeError, ValueError):
        return None
    if any(time is pd.NaT or time.tzinfo is not None for time in times):
        return None
    # An hour that a clock shows twice is the first one at the start and the second one at the end; one that it skips
    # is the moment of the jump: the window holds rather too much than too little.
    moved = [
        time.tz_localize(zone, ambiguous=first, nonexistent="shift_forward").tz_convert("UTC").as_unit("ns").value
        for time, first in zip(sorted(times), (True, False), strict=True)
    ]
    return int(moved[0]), int(moved[1])

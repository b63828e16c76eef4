"""A timeline that is part of the investigation: what is brushed is selected, and what is zoomed is refined."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.timeline import zone_of
from graphinvestigate.wanted import in_order
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.plotly_view import Event
from graphinvestigate.widgets.safe import pane
from graphinvestigate.widgets.selection import Selection
from graphinvestigate.widgets.style import SHEET
from graphinvestigate.widgets.timeline_bar import TimelineBar
from graphinvestigate.widgets.timeline_drawing import TimelineDrawing
from graphinvestigate.widgets.timeline_window import Window, box_of, zoomed
from graphinvestigate.widgets.times import moment
from graphinvestigate.widgets.waits import Waits


@each_in_turn(turn_of)
class TimelineView(TimelineDrawing):
    """What happened when: a timeline that selects, and follows what is selected elsewhere.

    Drag to zoom or, with "Select", to select what the box holds; click a mark to select it (with Ctrl it goes in or
    out, with Shift it is added). By keys: Left and Right step from record to record in time, + and - zoom, PageUp and
    PageDown move, Home shows all of time, Esc selects nothing.

    Parameters
    ----------
    *frames : pandas.DataFrame
        Alerts, incidents, risk detections, risky users, sign-ins or evidence, in any order; they are not changed.
    selection : Selection, optional
        What is selected, shared with other widgets (``picker.selection``); its own if not given.
    lanes : {"tactic", "entity", "source", "record_kind"}
        What the lanes stand for.
    tz : str
        The time zone of the axis. The hover always says UTC.
    lines : mapping of str to str or datetime, optional
        Moments to compare with, such as ``{"password reset": "2026-03-02T10:00Z"}``.

    Attributes
    ----------
    selected : pandas.DataFrame
        The highlighted records in the order of time: record_kind, id, time, end_time (UTC), severity, name.
    time_range : (pandas.Timestamp, pandas.Timestamp) or None
        From when to when (UTC) is shown; None for all of time.
    frames : tuple of pandas.DataFrame
        What is on it.
    selection : Selection
        What is selected, in this and in other widgets.
    log : list of dict
        What was done, oldest first, as plain values; shared like the selection.

    Raises
    ------
    UsageError
        If `lanes`, `tz` or a line is unknown, or a frame is none of the above.
    """

    def __init__(
        self,
        *frames: pd.DataFrame,
        selection: Selection | None = None,
        lanes: str = "tactic",
        tz: str = "UTC",
        lines: Mapping[str, str | datetime] | None = None,
    ) -> None:
        if selection is not None and not isinstance(selection, Selection):
            raise UsageError(f"selection is a Selection, such as another widget's, not {type(selection).__name__}")
        self._quiet = False
        super().__init__(frames, selection if selection is not None else Selection(), lanes, tz, lines)
        self._build()
        self.add_class("gi-root")
        self._show()
        self.selection.observe(self._on_selection, names="edition")
        self.selection.observe(self._on_time_range, names="time_range")

    def add(self, *frames: pd.DataFrame) -> None:
        """Show more records.

        Parameters
        ----------
        *frames : pandas.DataFrame
            As for the class.
        """
        self.replace(*self._records.frames, *frames)

    def replace(self, *frames: pd.DataFrame) -> None:
        """Show these records and no others.

        Parameters
        ----------
        *frames : pandas.DataFrame
            As for the class.
        """
        self._read = self._read.followed_by(frames, self._lanes)
        self._read_on()

    def narrow(self, since: str | datetime | None = None, until: str | datetime | None = None) -> None:
        """Show only what was active in a part of time, or has no time, as if there were nothing else.

        Parameters
        ----------
        since, until : str or datetime, optional
            As in `zoom`; without both, everything.
        """
        start, end = self._moment(since), self._moment(until)
        in_order(start, end)
        if self._read.narrow(None if start is None else start.value, None if end is None else end.value):
            self._read_on()

    def set_lanes(self, lanes: str) -> None:
        """Let the lanes stand for tactics, entities, sources or kinds of records.

        Parameters
        ----------
        lanes : {"tactic", "entity", "source", "record_kind"}
        """
        self._read.of(lanes)  # what is no lane fails before anything changes
        self._lanes = lanes
        self.selection.note("lanes", by="timeline", lanes=lanes)
        self._read_on()

    def set_time_zone(self, tz: str) -> None:
        """Draw the axis in a time zone.

        Parameters
        ----------
        tz : str
            Such as ``Europe/Berlin``.
        """
        self._zone = zone_of(tz)
        self.selection.note("time_zone", by="timeline", tz=tz)
        self._show()

    def zoom(self, since: str | datetime | None = None, until: str | datetime | None = None) -> None:
        """Show a part of time, as dragging does; without arguments all of it.

        Parameters
        ----------
        since, until : str or datetime, optional
            ``"7d"`` before the newest pull, ISO text with a zone, or an aware datetime.
        """
        start, end = self._moment(since), self._moment(until)
        in_order(start, end)
        if start is not None and start == end:
            raise UsageError(f"since and until are the same ({start.isoformat()}): give an until that is later.")
        self._go(Window(None if start is None else start.value, None if end is None else end.value))

    def select(
        self, since: str | datetime | None = None, until: str | datetime | None = None, *, lane: str | None = None
    ) -> None:
        """Select what was active in a part of time, as a box does.

        Parameters
        ----------
        since, until : str or datetime, optional
            As in `zoom`; without both, all of time.
        lane : str, optional
            Only what stands in this lane.
        """
        start, end = self._moment(since), self._moment(until)
        in_order(start, end)
        mask = self._records.marks.within(None if start is None else start.value, None if end is None else end.value)
        if lane is not None:
            names = self._records.marks.lanes
            if lane not in names:
                raise UsageError(f"no lane is called {lane!r:.80}: they are {', '.join(names)[:400]}")
            mask &= self._records.marks.lane == names.index(lane)
        self._choose(np.flatnonzero(mask), by="code")

    # ---- building -------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._bar = TimelineBar(
            self._lanes, self._zone.key, self._messages,
            on_lanes=self.set_lanes, on_zone=self._on_zone, on_drag=self._on_drag, on_leads=self._lead,
            on_all=self.zoom, on_none=self._choose_nothing,
        )  # fmt: skip
        for name, call in (("click", self._on_click), ("select", self._on_box), ("zoom", self._on_zoom),
                           ("key", self._on_key)):  # fmt: skip
            self._view.on(name, call)
        bar, said = self._bar.widget, self._messages.widget
        self.children = [pane(SHEET), Waits(), self._head, bar, said, self._view, self._status, self._apart]

    # ---- what users do --------------------------------------------------------------------------------------

    def _on_click(self, event: Event) -> None:
        with self._messages.shown():
            if self._dense:
                self._choose_cell(event)
                return
            places = np.array([int(point.id) for point in event.points[:1] if point.id], dtype=np.int64)
            if not len(places) or places[0] >= len(self._records.marks):
                return
            if event.ctrl or event.shift:
                (node,) = self._records.nodes(places) or (None,)
                if node is not None:
                    (self.selection.toggle if event.ctrl else self.selection.add)(node, by="timeline")
            else:
                self._choose(places)

    def _choose_cell(self, event: Event) -> None:
        """Select what a count counts; with Ctrl or Shift, that too."""
        for point in event.points[:1]:
            nodes = self._records.nodes(np.flatnonzero(self._cells.holds(point, self._records.marks, self._window)))
            if nodes:
                (self.selection.add if event.ctrl or event.shift else self.selection.select)(*nodes, by="timeline")

    def _on_box(self, event: Event) -> None:
        with self._messages.shown():
            if self._dense:
                box = box_of(event.ranges or {}, self._zone)
                if box is not None:
                    self._choose(np.flatnonzero(box.holds(self._records.marks)))
            elif event.ranges:  # without ranges it is plotly that put its own box away
                named = {int(point.id) for point in event.points if point.id}
                self._choose(np.array(sorted(named), dtype=np.int64))

    def _on_zoom(self, event: Event) -> None:
        with self._messages.shown():
            window = zoomed((event.ranges or {}).get("xaxis"), self._zone, self._records.marks)
            if window is not None and window != self._window:
                self._go(window, jump=False)

    def _on_key(self, event: Event) -> None:
        with self._messages.shown():
            if event.key in {"ArrowLeft", "ArrowRight"}:
                self._step(1 if event.key == "ArrowRight" else -1, add=event.shift)
            elif event.key == "Escape":
                self._choose_nothing()
            elif event.key == "Home":
                self._go(Window())
            else:
                factor, move = {"+": (0.5, 0.0), "=": (0.5, 0.0), "-": (2.0, 0.0), "PageUp": (1.0, -0.5)}.get(
                    event.key, (1.0, 0.5)
                )
                self._go(self._window.scaled(self._records.marks, factor, move))

    def _on_zone(self, tz: str) -> None:
        try:
            self.set_time_zone(tz)
        finally:
            self._show_controls()

    def _on_drag(self, drag: str) -> None:
        self._drag = drag
        self._view.draw(self._figure())

    def _on_selection(self, _: Any) -> None:
        with self._messages.shown(keep=True):
            marked = self._records.of(self.selection.nodes)
            if not np.array_equal(marked, self._marked):
                self._marked = marked
                self._show()
            else:
                self._show_status()

    def _on_time_range(self, _: Any) -> None:
        if self._quiet:
            return
        with self._messages.shown(keep=True):
            span = self.selection.time_range
            if span != self.time_range:
                self._window = Window() if span is None else Window(span[0].value, span[1].value)
                self._jumps += 1
                self._show()

    # ---- what follows from it -------------------------------------------------------------------------------

    def _choose(self, places: np.ndarray, *, by: str = "timeline") -> None:
        """Select records; what another widget selected that has no mark here is selected no longer."""
        self.selection.select(*self._records.nodes(places), by=by)

    def _choose_nothing(self) -> None:
        self.selection.clear(by="timeline")

    def _step(self, by: int, *, add: bool) -> None:
        """Select the next or the previous record in time, within the window."""
        order = self._records.in_time
        order = order[self._records.marks.within(*self._window.ends)[order]]
        if not len(order):
            return
        node = self.selection.node
        current = self._records.of([node] if node is not None else [])
        at = np.flatnonzero(current[order])
        to = (int(at[-1] if by > 0 else at[0]) + by) if len(at) else (0 if by > 0 else len(order) - 1)
        if 0 <= to < len(order):
            nodes = self._records.nodes(order[to : to + 1])
            if nodes:
                (self.selection.add if add else self.selection.select)(*nodes, by="timeline")

    def _moment(self, time: str | datetime | None) -> pd.Timestamp | None:
        return moment(time, *self.frames)

    def _go(self, window: Window, *, jump: bool = True) -> None:
        self._window = window
        self._jumps += jump
        since, until = window.texts()
        self.selection.note("zoom", by="timeline", since=since, until=until)
        self._show()
        if self._bar.leads.value:
            self._lead(True)

    def _lead(self, on: bool) -> None:
        """Give the window to the views that follow the shared time range, or all of time back."""
        span = self.time_range if on else None
        self._quiet = True
        try:
            self.selection.set_time_range(*(span or (None, None)), by="timeline")
        finally:
            self._quiet = False

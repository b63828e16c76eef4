"""What a timeline shows: its records, its window and what is highlighted, as figure, words, code and static twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import text
from graphinvestigate.linking import Entity
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.style import CONFIG, kind_word
from graphinvestigate.views.timeline import caption, moments, timeline_figure, zone_of
from graphinvestigate.views.timeline_naming import Naming
from graphinvestigate.widgets import controls, twins
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.plotly_view import PlotlyView
from graphinvestigate.widgets.safe import Safe, pane, safe_html, show
from graphinvestigate.widgets.selection import Selection, Span
from graphinvestigate.widgets.timeline_bar import TimelineBar
from graphinvestigate.widgets.timeline_code import code_of_timeline, zoom_lines
from graphinvestigate.widgets.timeline_parts import grip, untimed_list
from graphinvestigate.widgets.timeline_reading import Readings
from graphinvestigate.widgets.timeline_window import Cells, Window

MOST_MARKS = 2_000
"""Above so many marks in the window the view shows counts."""
_CONFIG = {
    **CONFIG,
    "modeBarButtonsToRemove": [*CONFIG["modeBarButtonsToRemove"], *("zoom2d", "pan2d", "resetScale2d")],
}  # the bar above has them: what dragging does is known to the kernel
_HEIGHT = 640
_CHROME, _ROW = 150, 7  # pixels beside the lanes, and of a row at least: the names of lanes of one row stay apart
_KEYS = ("ArrowLeft", "ArrowRight", "PageUp", "PageDown", "+", "-", "=", "Home", "Escape")


@each_in_turn(turn_of)
class TimelineDrawing(controls.VBox):
    """The drawing of a timeline and what is said beside it; what users do with it is its subclass's.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        What is on it.
    selection : Selection
        What is selected.
    lanes, tz, lines
        As for `TimelineView`.
    """

    _bar: TimelineBar

    def __init__(
        self,
        frames: Sequence[pd.DataFrame],
        selection: Selection,
        lanes: str,
        tz: str,
        lines: Mapping[str, str | datetime] | None,
    ) -> None:
        self.selection = selection
        self._read = Readings(frames, lanes)
        self._records = self._read.of(lanes)
        self._lanes, self._zone, self._lines = lanes, zone_of(tz), moments(lines)
        self._window = Window()
        self._marked = self._records.of(self.selection.nodes)
        self._drag, self._jumps, self._dense = "zoom", 0, False
        self._counted: tuple[object, str] = (None, "")
        self._messages = Messages()
        self._head, self._status, self._apart = pane(css_class="gi-head"), pane(css_class="gi-muted"), pane()
        self._view = PlotlyView(self._figure(), label=f"Timeline. Keys: {', '.join(_KEYS)}", keys=_KEYS, config=_CONFIG)
        super().__init__()

    @property
    def log(self) -> list[dict[str, Any]]:  # in the place of a logger that ipywidgets itself never uses
        """What was done, oldest first, as plain values: a copy."""
        return self.selection.log

    @property
    def frames(self) -> tuple[pd.DataFrame, ...]:
        """What is on the timeline."""
        return self._records.frames

    @property
    def selected(self) -> pd.DataFrame:
        """The highlighted records, one row each, in the order of time."""
        return self._records.table(np.flatnonzero(self._marked))

    @property
    def time_range(self) -> Span | None:
        """From when to when (UTC) is shown; None for all of time."""
        return self._window.span(self._records.marks)

    def to_code(self, name: str = "timeline", frames: str = "alerts") -> str:
        """Give the code that makes a timeline of these lanes, this zone, window and selection.

        Parameters
        ----------
        name, frames : str
            What the code calls the timeline, and what it puts on it.

        Returns
        -------
        str
        """
        return code_of_timeline(
            name, frames, lanes=self._lanes, tz=self._zone.key, lines=self._lines, window=self._window.texts(),
            nodes=self._records.nodes(np.flatnonzero(self._marked)),
        )  # fmt: skip

    def state_lines(self, name: str, *, lanes: str) -> list[str]:
        """Give the calls that bring a timeline of such lanes, UTC and all of time to these lanes, zone and window."""
        lines = [f"{name}.set_lanes({self._lanes!r})"] if self._lanes != lanes else []
        lines += [f"{name}.set_time_zone({self._zone.key!r})"] if self._zone.key != "UTC" else []
        return [*lines, *zoom_lines(name, self._window.texts())]

    # ---- state → widgets ------------------------------------------------------------------------------------

    def _figure(self) -> go.Figure:
        figure = timeline_figure(
            self._records.marks, tz=self._zone.key, window=self._window.ends, lines=self._lines, most_marks=MOST_MARKS,
            named=True, chosen=self._marked,
        )  # fmt: skip
        layout = figure.layout
        self._dense = bool((layout.meta or {}).get("dense"))
        if self._dense:
            self._cells = Cells(tuple(layout.meta["bins"]), tuple(trace.name for trace in figure.data))
        layout.title.text = layout.title.subtitle.text = None  # the words above say it, in as many lines as it takes
        layout.margin.t = 78  # two lines of legend below the buttons
        layout.height = min(layout.height, _HEIGHT if self._dense else max(_HEIGHT, _room_for(layout.yaxis.range)))
        layout.dragmode = self._drag
        layout.yaxis.fixedrange = True
        if self._dense:
            layout.yaxis2.fixedrange = True
            figure.add_trace(grip(figure))
        layout.uirevision = f"{self._lanes} {self._dense}"
        layout.xaxis.uirevision = self._jumps
        return figure

    def read_with(self, naming: Naming | None) -> None:
        """Read frames that come later with the help of who read some of their alerts before."""
        self._read = Readings(self.frames, self._lanes, naming=naming)

    def _read_on(self) -> None:
        self._records = self._read.of(self._lanes)
        self._marked = self._records.of(self.selection.nodes)
        self._show()

    def _show(self) -> None:
        self._view.draw(self._figure())
        self._show_controls()
        self._show_status()
        show(self._apart, untimed_list(self._records))

    def _show_controls(self) -> None:
        self._bar.show(self._lanes, self._zone.key, whole=self._window == Window())

    def _show_status(self) -> None:
        marks = self._records.marks
        shown = int(np.count_nonzero(marks.within(*self._window.ends)))
        words = f"Timeline: {shown:,} of {len(marks):,} marks in view"
        if self._counted[0] is not marks:  # which are counted anew only where others are read
            self._counted = (marks, caption(marks))
        counts = safe_html('<span class="gi-counts">· {counts}</span>', counts=self._counted[1])
        show(self._head, safe_html("{words} {counts}", words=words, counts=counts))
        chosen = int(np.count_nonzero(self._marked))
        said = [f"{chosen:,} selected"]
        node = self.selection.node
        current = np.flatnonzero(self._records.of([node] if node is not None else []))
        if len(current):
            (one, *_) = self._records.words(current[:1])
            said.append(f"current: {one['what']}, {one['when']}: {one['name']}")
        elif node is not None:
            name = text.visible(self.selection.label(node), 80)
            entity = isinstance(node, Entity)
            why = (
                "an entity has no mark, lanes by entity show its records"
                if entity
                else "it has no mark on this timeline"
            )
            said.append(f"{kind_word(node.kind)} {name} is selected: {why}")
        if self._dense:
            said.append("counts are shown: zoom in to see each record")
        show(self._status, safe_html('<span role="status">{words}</span>', words=" · ".join(said)))

    # ---- what stays when the kernel is gone -----------------------------------------------------------------

    def twin(self) -> tuple[Safe, str]:
        """Give what it shows as HTML without scripts and as words, for readers who have no kernel."""
        return twins.timeline(
            self._records, self._window.ends, self._marked, self._zone.key, untimed_list(self._records)
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return twins.beside(super()._repr_mimebundle_(**kwargs), *self.twin())

    def __repr__(self) -> str:
        return f"<TimelineView: {len(self._records.marks)} marks, {int(np.count_nonzero(self._marked))} selected>"


def _room_for(rows: Sequence[float] | None) -> int:
    """Give the height in pixels that so many rows of marks need; an empty timeline has none."""
    return _CHROME + int(_ROW * abs(rows[0] - rows[1])) if rows else 0

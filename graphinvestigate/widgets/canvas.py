"""The explorer's two drawings, kept alive: the entity graph and the timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.frames import EVIDENCE, RESOURCES
from graphinvestigate.views.graph_model import LABELS, NODES, TRACE_KINDS, GraphTraces
from graphinvestigate.views.graph_plot import parts_of
from graphinvestigate.views.timeline_naming import Naming
from graphinvestigate.widgets.plotly_view import Event, PlotlyView
from graphinvestigate.widgets.selection import Selection
from graphinvestigate.widgets.timeline_view import TimelineView

_EVENT_TIME = {table.record_kind: table.event_time for table in RESOURCES.values()}
_EVENT_TIME[EVIDENCE.record_kind] = EVIDENCE.event_time
SIZE = (700, 440)
"""About how many pixels a drawing has, until a page says."""
HEIGHT = 600
_LEGEND = {"itemsizing": "constant", "orientation": "h", "x": 0, "yanchor": "top"}  # below: it takes no width
_BUTTONS = {"modeBarButtonsToRemove": ["sendDataToCloud", "sendChartToCloud", "autoScale2d", "lasso2d"]}


class GraphCanvas:
    """The live drawing of an entity graph.

    Parameters
    ----------
    model : GraphTraces
        What it shows first.
    on_click : callable
        Called with what was clicked (a node, or the two nodes of a link), and whether to add it to the selection.
    on_box : callable
        Called with the nodes in a box that was drawn, and whether to add them to the selection.
    on_legend : callable
        Called with the kind whose legend entry was pressed, and whether it was pressed twice.
    on_key : callable
        Called with the name of a key of ``keys``.
    on_size : callable
        Called with the drawing's width and height in pixels, when a page has made room for it.
    keys : collection of str
        Keys that are told.
    label : str
        What it is and how keys work in it, for screen readers.

    Attributes
    ----------
    widget : PlotlyView
        To be shown.
    """

    def __init__(
        self,
        model: GraphTraces,
        *,
        on_click: Callable[[Any, bool], None],
        on_box: Callable[[list[Any], bool], None] = lambda *_: None,
        on_legend: Callable[[str, bool], None] = lambda *_: None,
        on_key: Callable[[str], None] = lambda _: None,
        on_size: Callable[[tuple[int, int]], None] = lambda _: None,
        keys: Collection[str] = (),
        label: str = "Entity graph",
    ) -> None:
        self._on_click, self._on_box, self._on_legend = on_click, on_box, on_legend
        self._model = model
        self._growths = 0
        self._names: dict[Any, str] = {}
        self._items: dict[str, Any] = {}
        self.widget = PlotlyView(
            self._figure(),
            label=label,
            keys=keys,
            legend_asks=True,
            tells_size=True,
            config=_BUTTONS,
        )
        self.widget.on("click", self._clicked)
        self.widget.on("select", self._boxed)
        self.widget.on("legend", self._pressed)
        self.widget.on("key", lambda event: on_key(event.key))
        self.widget.on("size", lambda event: on_size(event.size or SIZE))

    @property
    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The axes' ranges that show all."""
        return self._model.x_range, self._model.y_range

    def draw(self, model: GraphTraces) -> None:
        """Show this; the view zooms out only when there is more to see than before."""
        outside = (
            model.x_range[0] < self._model.x_range[0]
            or model.y_range[0] < self._model.y_range[0]
            or model.x_range[1] > self._model.x_range[1]
            or model.y_range[1] > self._model.y_range[1]
        )
        self._growths += model.shown > self._model.shown or outside or model.time_axis != self._model.time_axis
        self._model = model
        self.widget.draw(self._figure())

    def _figure(self) -> dict[str, Any]:
        figure = parts_of(self._model)
        for trace, shown in zip(figure["data"], self._model.traces, strict=False):
            if shown.items and len(trace["x"]) == len(shown.items):
                trace["ids"] = [self._name(item) for item in shown.items]
        for trace in figure["data"]:
            trace.pop("legendgroup", None)  # groups would stand as columns, and need more height than there is
        layout = figure["layout"]
        del layout["title"]  # the words above the drawing say it
        layout |= {"height": HEIGHT, "legend": {**_LEGEND, "y": -0.13 if self._model.time_axis else -0.01}}
        layout["margin"]["t"] = 30  # room for the mode bar
        for axis in ("xaxis", "yaxis"):
            layout[axis]["uirevision"] = self._growths
        return figure

    def _name(self, item: Any) -> str:
        """Name what is drawn: a click that was on its way while the drawing changed still means what was clicked."""
        if item not in self._names:
            name = self._names[item] = f"n{len(self._names)}"
            self._items[name] = item
        return self._names[item]

    def _clicked(self, event: Event) -> None:
        for point in event.points[:1]:
            if point.id in self._items:
                self._on_click(self._items[point.id], event.shift or event.ctrl)

    def _boxed(self, event: Event) -> None:
        points = [point for point in event.points if NODES <= point.trace < LABELS]
        nodes = [self._items[point.id] for point in points if point.id in self._items]
        if nodes:
            self._on_box(list(dict.fromkeys(nodes)), event.shift or event.ctrl)

    def _pressed(self, event: Event) -> None:
        if event.trace is not None and 0 <= event.trace - NODES < len(TRACE_KINDS):
            self._on_legend(TRACE_KINDS[event.trace - NODES], event.double)


class TimelineCanvas:
    """The live timeline of all records seen so far; what is brushed on it is selected.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        What it shows first: one frame per kind of record.
    selection : Selection
        Shared with the explorer.
    naming : Naming, optional
        Knows whom the alerts of a queue name: they are not read again.

    Attributes
    ----------
    widget : TimelineView
        To be shown.
    """

    def __init__(
        self, frames: Mapping[str, pd.DataFrame], selection: Selection, *, naming: Naming | None = None
    ) -> None:
        self._frames = dict(frames)
        self._window = ("", "")
        self.widget = TimelineView(selection=selection, lanes="record_kind")
        self.widget.read_with(naming)
        self.widget.replace(*self._frames.values())

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The records on it, per kind."""
        return {kind: within(frame, *self._window) for kind, frame in self._frames.items()}

    def show(self, frames: Mapping[str, pd.DataFrame], since: str = "", until: str = "") -> None:
        """Show these records, as far as they happened in a window; nothing is drawn anew if nothing changed.

        Parameters
        ----------
        frames : mapping of str to DataFrame
            One per kind of record.
        since, until : str
            ISO times in UTC, or nothing. Records without a time are in every window.
        """
        shown = tuple(self._frames.values())
        if len(shown) != len(frames) or not all(map(_is, frames.values(), shown)):
            self.widget.replace(*frames.values())
            self._frames = dict(frames)
        self._window = (since, until)
        self.widget.narrow(since or None, until or None)


def _is(a: object, b: object) -> bool:
    return a is b


def merged_frames(known: Mapping[str, pd.DataFrame], frames: Iterable[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Add records to those that are known: each once, the last copy that came.

    Parameters
    ----------
    known : mapping of str to DataFrame
        Per kind of record; it is not changed.
    frames : iterable of DataFrame

    Returns
    -------
    dict of str to DataFrame
    """
    merged = dict(known)
    for frame in frames:
        if len(frame):
            kind = str(frame["record_kind"].iloc[0])
            together = [merged[kind], frame] if kind in merged else [frame]
            keys = ["id"] if "id" in frame else ["alert_id", "evidence_index"]
            merged[kind] = pd.concat(together, ignore_index=True).drop_duplicates(keys, keep="last")
    return merged


def within(frame: pd.DataFrame, since: str, until: str) -> pd.DataFrame:
    """Give the records that happened in a window, and those without a time.

    Parameters
    ----------
    frame : DataFrame
        Records of one kind.
    since, until : str
        ISO times in UTC, or nothing.

    Returns
    -------
    DataFrame
    """
    if not len(frame) or not (since or until):
        return frame
    start = frame[_EVENT_TIME[str(frame["record_kind"].iloc[0])]]
    end = start
    if "last_activity_date_time" in frame:
        end = frame["last_activity_date_time"].fillna(start)
    inside = np.ones(len(frame), dtype=bool)
    if since:
        inside &= (end.isna() | (end >= pd.Timestamp(since))).to_numpy()
    if until:
        inside &= (start.isna() | (start <= pd.Timestamp(until))).to_numpy()
    return frame[inside]

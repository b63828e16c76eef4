"""Live plotly figures: made once from a complete figure, then updated in place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import ipywidgets
import pandas as pd
import plotly.graph_objects as go
from plotly.basedatatypes import Undefined

from graphinvestigate.views.graph_model import GraphTraces
from graphinvestigate.views.graph_plot import figure_of
from graphinvestigate.views.style import CONFIG
from graphinvestigate.views.timeline import plot_timeline

SPARE = 16
"""Traces that a live figure has beyond those it starts with: in place is safer than traces that come and go."""


class LiveFigure(go.FigureWidget):
    """A FigureWidget that no page shows empty, too narrow or out of date, however slow it is.

    plotly's own tells the page of an empty figure first and sends traces and changes after it. A page that takes more
    than two seconds to load plotly.js never hears any of that (anywidget gives up on a model that is not ready by
    then, and the model stays deaf), so it shows an empty figure, or what was there first, for ever. This one is made
    known when it is complete, tells of its new state before it tells views that are open to change, and where no view
    says that it has drawn a change, is made known to the page anew.
    """

    _complete = False
    _place: ipywidgets.Box | None = None
    _drawn: int | None = None  # the edition that a view said it has drawn; None before any did

    def open(self) -> None:
        """Open the way to the page, unless the figure is still being made."""
        if self._complete:
            super().open()
            keep(self)  # JupyterLab makes nothing else until a model that was sent a change is ready: no 2 s are lost

    def in_place(self) -> ipywidgets.Box:
        """Give the box that this figure stands in."""
        if self._place is None:
            self._place = ipywidgets.VBox([self])
        return self._place

    def _send_update_msg(self, *args: Any, **kwargs: Any) -> None:
        keep(self)
        super()._send_update_msg(*args, **kwargs)
        _soon(_PATIENCE, self._look_after)

    def _look_after(self, due: float) -> None:
        late = asyncio.get_running_loop().time() - due
        if late > 1:  # the kernel was busy: what the page answered meanwhile has not been read yet
            _soon(_PATIENCE, self._look_after)
        elif self._drawn is not None and self._drawn < self._last_trace_edit_id:
            self._introduce_anew()

    def _introduce_anew(self) -> None:
        self._drawn = None
        self.close()
        del self._repr_mimebundle_  # closing hides the method
        self._model_id = None
        self.open()
        place = self.in_place()
        place.children = ()
        place.children = (self,)


_PATIENCE = 4.0


def _soon(seconds: float, call: Callable[[float], None]) -> None:
    """Call back with the time that was meant, if there is a loop (without one there is no page either)."""
    with contextlib.suppress(RuntimeError):
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        loop.call_at(due, call, due)


def live(figure: go.Figure, *, spare: int = 0) -> LiveFigure:
    """Make the live view of a complete figure: as wide as its place, with a mode bar that uploads nothing.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        It is not changed.
    spare : int
        How many empty traces to add, for :func:`adopt`.

    Returns
    -------
    LiveFigure
        Show it by its ``in_place()``.
    """
    complete = go.Figure(figure).update_layout(autosize=True)
    complete.add_traces([_EMPTY] * spare)
    widget = LiveFigure(complete)
    widget._config = {**widget._config, **CONFIG}  # plotly has no public way to configure a FigureWidget
    widget._complete = True
    widget.open()
    widget.observe(partial(_answer, widget), names="_js2py_traceDeltas")
    return widget


def _answer(widget: LiveFigure, notice: Any) -> None:
    """Answer a view that says that it has drawn: with how much room it has, and with all that it has missed.

    plotly draws a figure before the page has made room for it, at 700 pixels, and looks at the room only when it is
    told to. (Within the notice itself nothing can be sent back.)
    """
    drawn = notice["new"]
    if drawn:
        widget._drawn = drawn["trace_edit_id"]
        behind = widget._drawn != widget._last_trace_edit_id
        _soon(0.05, lambda _: (_send_all if behind else _send_fit)(widget))


def _send_all(widget: LiveFigure) -> None:
    traces = [trace.to_plotly_json() for trace in widget.data]
    names = sorted({name for trace in traces for name in trace} - {"type", "uid"})
    restyle = {name: [trace.get(name, Undefined) for trace in traces] for name in names}
    layout = {name: value for name, value in widget.layout.to_plotly_json().items() if name != "template"}
    widget._send_update_msg(restyle, layout, list(range(len(traces))))
    _send_fit(widget)


def _send_fit(widget: LiveFigure) -> None:
    # New x values make an open view guess its axes' types anew, and a new height ends its fitting the width, whatever
    # its layout says: it has to be told again.
    types = {f"{axis}.type": kind for axis in ("xaxis", "yaxis") if (kind := widget.layout[axis].type) is not None}
    widget._send_relayout_msg({**types, "autosize": True})


def keep(widget: go.FigureWidget) -> None:
    """Carry what changed since the widget was made into the state from which views opened later start."""
    widget._repr_mimebundle_()  # plotly refreshes that state only where a figure is displayed by itself


def adopt(widget: LiveFigure, figure: go.Figure) -> None:
    """Make a live view show another figure in place.

    Parameters
    ----------
    widget : LiveFigure
        The live view.
    figure : plotly.graph_objects.Figure
        What it shows from now on.
    """
    new = [trace.to_plotly_json() for trace in figure.data]
    new += [_EMPTY] * (len(widget.data) - len(new))
    if [trace["type"] for trace in new] != [trace.type for trace in widget.data]:
        widget.data = ()
        widget.add_traces(new)
    with widget.batch_update():
        for trace, properties in zip(widget.data, new, strict=True):
            _become(trace, properties)
        _become(widget.layout, {**figure.layout.to_plotly_json(), "autosize": True})
    keep(widget)
    _send_fit(widget)


_EMPTY: dict[str, Any] = {"type": "scatter", "x": [], "y": [], "showlegend": False, "hoverinfo": "skip"}


def _become(part: Any, properties: dict[str, Any]) -> None:
    for name in part.to_plotly_json().keys() - properties.keys() - {"type", "uid"}:
        part[name] = None
    part.update({name: value for name, value in properties.items() if name not in {"type", "uid"}}, overwrite=True)


class GraphCanvas:
    """The live drawing of an entity graph.

    Parameters
    ----------
    model : GraphTraces
        What it shows first.
    on_click : callable
        Called with what was clicked: a node, or the two nodes of a link.
    """

    def __init__(self, model: GraphTraces, *, on_click: Callable[[Any], None]) -> None:
        self._on_click = on_click
        self._model = model
        self.widget = live(figure_of(model))
        for number, trace in enumerate(model.traces):
            if trace.kind not in {"edges", "highlighted_edges"}:
                self.widget.data[number].on_click(partial(self._clicked, number))

    def draw(self, model: GraphTraces) -> None:
        """Show this; the view zooms out only when there is more to see than before."""
        grown = model.shown != self._model.shown
        self._model = model
        with self.widget.batch_update():
            for trace, arrays in zip(self.widget.data, model.traces, strict=False):
                if len(arrays.arrays["x"]) or (trace.x is not None and len(trace.x)):
                    trace.update(arrays.arrays)
            self.widget.layout.title.text = model.title
            self.widget.layout.title.subtitle.text = model.caption
            if grown:
                self.widget.layout.xaxis.range = model.x_range
                self.widget.layout.yaxis.range = model.y_range

    def _clicked(self, number: int, _trace: Any, points: Any, _state: Any) -> None:
        items = self._model.traces[number].items
        for at in points.point_inds[:1]:
            if at < len(items):
                self._on_click(items[at])


class TimelineCanvas:
    """The live timeline of all records seen so far.

    Parameters
    ----------
    frames : iterable of pandas.DataFrame
        What it shows first.
    """

    def __init__(self, frames: Iterable[pd.DataFrame] = ()) -> None:
        self._frames: dict[str, pd.DataFrame] = {}
        self._keep(frames)
        self.widget = live(self._figure(), spare=SPARE)

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The records on it, per kind; each record once, the last copy that came."""
        return dict(self._frames)

    def add(self, frames: Iterable[pd.DataFrame]) -> None:
        """Show more records."""
        self._keep(frames)
        adopt(self.widget, self._figure())

    def _keep(self, frames: Iterable[pd.DataFrame]) -> None:
        for frame in frames:
            if len(frame):
                kind = str(frame["record_kind"].iloc[0])
                known = [self._frames[kind], frame] if kind in self._frames else [frame]
                keys = ["id"] if "id" in frame else ["alert_id", "evidence_index"]
                self._frames[kind] = pd.concat(known, ignore_index=True).drop_duplicates(keys, keep="last")

    def _figure(self) -> go.Figure:
        return plot_timeline(*self._frames.values(), lanes="record_kind")

"""The explorer's two drawings, kept alive: the entity graph and the timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from graphinvestigate.views.graph_model import GraphTraces
from graphinvestigate.views.graph_plot import figure_of
from graphinvestigate.views.timeline import plot_timeline
from graphinvestigate.widgets.plotly_view import Event, PlotlyView


class GraphCanvas:
    """The live drawing of an entity graph.

    Parameters
    ----------
    model : GraphTraces
        What it shows first.
    on_click : callable
        Called with what was clicked: a node, or the two nodes of a link.

    Attributes
    ----------
    widget : PlotlyView
        To be shown.
    """

    def __init__(self, model: GraphTraces, *, on_click: Callable[[Any], None]) -> None:
        self._on_click = on_click
        self._model = model
        self._growths = 0
        self._names: dict[Any, str] = {}
        self._items: dict[str, Any] = {}
        self.widget = PlotlyView(self._figure(), label="Entity graph: nodes and links")
        self.widget.on("click", self._clicked)

    def draw(self, model: GraphTraces) -> None:
        """Show this; the view zooms out only when there is more to see than before."""
        self._growths += model.shown > self._model.shown
        self._model = model
        self.widget.draw(self._figure())

    def _figure(self) -> go.Figure:
        figure = figure_of(self._model)
        for trace, shown in zip(figure.data, self._model.traces, strict=False):
            if shown.items:
                trace.ids = [self._name(item) for item in shown.items]
        figure.layout.xaxis.uirevision = figure.layout.yaxis.uirevision = self._growths
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
                self._on_click(self._items[point.id])


class TimelineCanvas:
    """The live timeline of all records seen so far.

    Parameters
    ----------
    frames : iterable of pandas.DataFrame
        What it shows first.

    Attributes
    ----------
    widget : PlotlyView
        To be shown.
    """

    def __init__(self, frames: Iterable[pd.DataFrame] = ()) -> None:
        self._frames: dict[str, pd.DataFrame] = {}
        self._keep(frames)
        self.widget = PlotlyView(self._figure(), label="Timeline of all records seen so far")

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """The records on it, per kind; each record once, the last copy that came."""
        return dict(self._frames)

    def add(self, frames: Iterable[pd.DataFrame]) -> None:
        """Show more records."""
        self._keep(frames)
        self.widget.draw(self._figure())

    def _keep(self, frames: Iterable[pd.DataFrame]) -> None:
        for frame in frames:
            if len(frame):
                kind = str(frame["record_kind"].iloc[0])
                known = [self._frames[kind], frame] if kind in self._frames else [frame]
                keys = ["id"] if "id" in frame else ["alert_id", "evidence_index"]
                self._frames[kind] = pd.concat(known, ignore_index=True).drop_duplicates(keys, keep="last")

    def _figure(self) -> go.Figure:
        return plot_timeline(*self._frames.values(), lanes="record_kind")

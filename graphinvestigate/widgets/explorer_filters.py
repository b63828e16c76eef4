"""The explorer's filters: kinds, relations, severity, words and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets
import pandas as pd

from graphinvestigate.views.graph_filter import Filters
from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.explorer_controls import Ask, bar, button, drop
from graphinvestigate.widgets.switches import Switches

SEVERITIES = (("any severity", ""), ("low and above", "low"), ("medium and above", "medium"), ("high only", "high"))
TICKS = 100


class FilterBar:
    """Kinds, relations, severity, text and time; what is chosen is shown."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._quiet = ask, False
        self._ends: tuple[str, ...] = ()
        self.kinds = Switches("Kinds", lambda off: self._set(kinds_off=off))
        self.relations = Switches("Relations", lambda off: self._set(relations_off=off))
        self.severity = drop(SEVERITIES, "The least severity of records that are shown", "150px")
        self.text = controls.Text(
            placeholder="Words of a name …", continuous_update=False, layout=ipywidgets.Layout(width="170px"),
            tooltip="Only what has these words in its name or ids, and what is linked to it",
        )  # fmt: skip
        self.clear = button("Clear filters", "Show everything again", lambda: ask("filter"))
        self.span = controls.IntRangeSlider(
            min=0, max=TICKS, value=(0, TICKS), readout=False, continuous_update=False, tooltip="From when to when",
            layout=ipywidgets.Layout(flex="1 1 140px", width="auto", max_width="360px"),
        )  # fmt: skip
        self.play = controls.Play(min=1, max=TICKS, value=1, step=2, interval=700, tooltip="Play", show_repeat=False)
        self.when = controls.Label()
        self.severity.observe(lambda change: self._set(severity=change["new"]), names="value")
        self.text.observe(lambda change: self._set(text=change["new"]), names="value")
        self.span.observe(self._on_span, names="value")
        self.play.observe(self._on_play, names="value")
        self.widget = controls.VBox(
            [
                self.kinds.widget,
                self.relations.widget,
                bar(self.severity, self.text, self.clear, self.span, self.play, self.when),
            ],
            layout=ipywidgets.Layout(display="none"),
        )
        self.widget.add_class("gi-filters")

    def show(
        self, filters: Filters, kinds: Mapping[str, int], relations: Mapping[str, int], ends: tuple[str, str] | None
    ) -> None:
        """Show how things stand.

        Parameters
        ----------
        filters : Filters
        kinds, relations : mapping of str to int
            What can be filtered, and how much there is of it.
        ends : two ISO times, or None
            The whole time of the graph.
        """
        self._quiet = True
        try:
            self.kinds.show({k: (kind_word(k, n), n) for k, n in kinds.items()}, filters.kinds_off)
            self.relations.show({r: (r.replace("_", " "), n) for r, n in relations.items()}, filters.relations_off)
            self.severity.value, self.text.value = filters.severity, filters.text
            self._ends = ends or ()
            self.span.disabled = self.play.disabled = ends is None
            self.span.value = (self._tick(filters.since, 0), self._tick(filters.until, TICKS))
            first, last = filters.since or (ends or ("", ""))[0], filters.until or (ends or ("", ""))[1]
            self.when.value = (
                f"{first[:16].replace('T', ' ')} to {last[:16].replace('T', ' ')} UTC"
                if ends
                else "no record has a time"
            )
        finally:
            self._quiet = False

    def _set(self, **filters: Any) -> None:
        if not self._quiet:
            self._ask("_filter_by", **filters)

    def _on_span(self, change: Any) -> None:
        if not self._quiet:
            first, last = change["new"]
            since = self._time(first) if first > 0 else ""
            self._ask("_filter_by", replaces=True, since=since, until=self._time(last) if last < TICKS else "")

    def _on_play(self, change: Any) -> None:
        if not self._quiet and change["new"] > 1:
            first = self.span.value[0]
            last = max(change["new"], first + 1)
            until = self._time(last) if last < TICKS else ""
            self._ask("_filter_by", replaces=True, until=until)

    def _time(self, tick: int) -> str:
        first, last = (_seconds(end) for end in self._ends)
        return _iso(first + (last - first) * tick / TICKS)

    def _tick(self, time: str, default: int) -> int:
        if not time or not self._ends:
            return default
        first, last = (_seconds(end) for end in self._ends)
        return round(min(max((_seconds(time) - first) / max(last - first, 1e-6), 0.0), 1.0) * TICKS)


def _seconds(time: str) -> float:
    return float(pd.Timestamp(time).timestamp())


def _iso(seconds: float) -> str:
    return str(pd.Timestamp(seconds, unit="s").isoformat(timespec="microseconds")) + "Z"

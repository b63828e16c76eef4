"""The controls above the alert queue: search, and one button per value with how many alerts it would show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets
import pandas as pd

from graphinvestigate import text
from graphinvestigate.errors import UsageError
from graphinvestigate.turns import in_turn
from graphinvestigate.views.style import source_word
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.background import in_kernel
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.details import severity_words
from graphinvestigate.widgets.facets import FACETS, Filters
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.rows import Queue
from graphinvestigate.widgets.safe import pane, safe_html

MOST_ENTITIES = 200
"""So many entities the box offers, those named by most alerts first; any other can be typed."""
_PAUSE = 0.15  # seconds without a key after which a search begins


class FilterBar:
    """Controls for the filters of a queue.

    Parameters
    ----------
    queue : Queue
        What is filtered.
    on_change : callable
        Called with the filters that a user asks for.
    messages : Messages
        Where errors are shown.
    """

    def __init__(self, queue: Queue, on_change: Callable[[Filters], None], messages: Messages) -> None:
        self._queue, self._on_change, self._messages = queue, on_change, messages
        self._filters = Filters()
        self._quiet = False
        self._typing: threading.Timer | None = None
        self.toggles: dict[tuple[str, str], controls.ToggleButton] = {}
        for name in FACETS:
            for value in queue.facets[name].values:
                toggle = controls.ToggleButton(tooltip=text.visible(f"Only alerts with {name} {value}"))
                toggle.observe(self._on_toggle, names="value")
                self.toggles[name, value] = toggle
        self.text = controls.Text(
            placeholder="Search title, name, id …", tooltip="Words of a title, an entity, a source or an id",
            layout=ipywidgets.Layout(flex="1 1 170px", width="auto", max_width="260px"),
        )  # fmt: skip
        self.text.observe(self._on_text, names="value")
        self.entity = controls.Combobox(
            placeholder="a user, host, address …", continuous_update=False, layout=ipywidgets.Layout(width="260px")
        )
        self.entity.observe(self._on_entity, names="value")
        self.chosen = controls.HBox([])
        self.since, self.until = (
            controls.Text(placeholder=hint, continuous_update=False, layout=ipywidgets.Layout(width="220px"))
            for hint in ("7d, or 2026-03-01T08:00Z", "1d, or 2026-03-02T08:00Z")
        )
        for box in (self.since, self.until):
            box.observe(self._on_time, names="value")
        self.clear = controls.Button(description="Clear filters", tooltip="Show all alerts")
        self.clear.on_click(self._on_clear)
        self.more = controls.ToggleButton(description="More filters", tooltip="Source, tactic, entity and time")
        self.more.observe(self._on_more, names="value")
        first = _bar([self.text, *self._of("severity"), *self._of("status"), self.more])
        self._rest = controls.VBox(
            [
                _bar([_label("Source"), *self._of("source")]),
                _bar([_label("Tactic"), *self._of("tactic")]),
                _bar([_label("Entity"), self.entity, self.chosen]),
                _bar([_label("Active since"), self.since, _label("until"), self.until]),
            ],
            layout=ipywidgets.Layout(display="none"),
        )
        self.widget = controls.VBox([first, self._rest])

    def show(self, filters: Filters) -> None:
        """Show these filters as they are set, with counts under them; words that are being typed stay."""
        if filters.text != self._filters.text:
            self._stop_typing()
        self._filters = filters
        counts = self._queue.counts(filters)
        self._quiet = True
        try:
            for (name, value), toggle in self.toggles.items():
                toggle.description = text.visible(f"{_word(name, value)} {counts[name][value]:,}", 60)
                toggle.value = value in getattr(filters, name)
            if self._typing is None:
                self.text.value = filters.text
            self.since.value, self.until.value = _iso(filters.since), _iso(filters.until)
            self.entity.value = ""
            self._show_entities(filters)
            hidden = sum(map(bool, (filters.source, filters.tactic, filters.entity, filters.since, filters.until)))
            self.more.description = f"More filters ({hidden} set)" if hidden else "More filters"
            self.clear.layout.display = "none" if filters == Filters() else "inline-flex"
        finally:
            self._quiet = False

    def _show_entities(self, filters: Filters) -> None:
        self._named = {}
        if self.more.value:  # two hundred names travel to the page only where they are looked at
            for name, count in self._queue.entities(filters, most=MOST_ENTITIES):
                self._named[text.visible(f"{name} · {count:,}", 120)] = name
        if tuple(self._named) != self.entity.options:
            self.entity.options = tuple(self._named)
        buttons = []
        for name in sorted(filters.entity):
            shown = text.visible(name, 60)
            button = controls.Button(description=f"{shown} ✕", tooltip=f"No longer only alerts that name {shown}")
            button.on_click(lambda _, name=name: self._ask(entity=self._filters.entity - {name}))
            buttons.append(button)
        self.chosen.children = tuple(buttons)

    # ---- what users do --------------------------------------------------------------------------------------

    def _ask(self, **changes: Any) -> None:
        with self._messages.shown():
            self._on_change(replace(self._filters, **changes))

    def _on_toggle(self, _: Any) -> None:
        if not self._quiet:
            pressed = [key for key, toggle in self.toggles.items() if toggle.value]
            self._ask(**{name: frozenset(value for one, value in pressed if one == name) for name in FACETS})

    def _on_text(self, change: Any) -> None:
        if self._quiet:
            return
        self._stop_typing()
        if not in_kernel():  # so nobody types
            self._ask(text=change["new"])
            return
        # A thread of its own: the loop that hears the keys may be a subshell's, which ends when its page gives it up.
        self._typing = threading.Timer(_PAUSE, self._typed)
        self._typing.daemon = True
        self._typing.start()

    @in_turn(turn_of)
    def _typed(self) -> None:
        if threading.current_thread() is self._typing:  # else another key, or code, came meanwhile
            self._typing = None
            self._ask(text=self.text.value)

    def _stop_typing(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None

    def _on_entity(self, change: Any) -> None:
        if self._quiet or not change["new"].strip():
            return
        name = self._named.get(change["new"], change["new"].strip())
        with self._messages.shown():
            self._on_change(replace(self._filters, entity=self._filters.entity | known_entities(self._queue, [name])))

    def _on_time(self, _: Any) -> None:
        if not self._quiet:
            with self._messages.shown():
                since, until = (self._queue.moment(box.value.strip() or None) for box in (self.since, self.until))
                self._on_change(replace(self._filters, since=since, until=until))

    def _on_clear(self, _: Any) -> None:
        self._stop_typing()
        with self._messages.shown():
            self._on_change(Filters())

    def _on_more(self, _: Any) -> None:
        with self._messages.shown():
            self._rest.layout.display = "flex" if self.more.value else "none"
            self.show(self._filters)

    def _of(self, name: str) -> list[ipywidgets.Widget]:
        return [toggle for (one, _), toggle in self.toggles.items() if one == name]


def known_entities(queue: Queue, names: list[str]) -> frozenset[str]:
    """Give entities as filters write them; one that no alert of the queue names is refused."""
    wanted = frozenset(name.casefold() for name in names)
    known = {str(queue.names.folded[at]) for at in queue.names.entities()} if wanted else set()
    unknown = sorted(wanted - known)
    if unknown:
        near = [name for name in sorted(known) if any(one in name or name in one for one in unknown)][:5]
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise UsageError(f"no alert of this queue names {', '.join(unknown)}{hint}")
    return wanted


def _word(name: str, value: str) -> str:
    if name == "severity":
        return severity_words(value)
    return source_word(value) if name == "source" else value


def _iso(time: pd.Timestamp | None) -> str:
    return "" if time is None else time.isoformat().replace("+00:00", "Z")


def _bar(children: list[ipywidgets.Widget]) -> controls.HBox:
    bar = controls.HBox(children)
    bar.add_class("gi-toolbar")
    return bar


def _label(words: str) -> controls.HTML:
    return pane(safe_html("{words}", words=words), css_class="gi-label")

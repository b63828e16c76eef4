"""A legend that filters: one switch per value with how much there is of it; what is pressed is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import ipywidgets

from graphinvestigate import text
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.safe import pane, safe_html

MOST = 10
"""So many switches stand in a row at least, the most frequent first."""


class Switches:
    """Switches for the values of one filter, with two buttons that press all of them or none.

    They are buttons: Tab goes from one to the next, Space or Enter presses it. Of many values the first ten stand
    there, and those that are off; one more button unfolds the others.

    Parameters
    ----------
    title : str
        What is filtered, such as ``"Kinds"``.
    on_change : callable
        Called with the values that are to be off.

    Attributes
    ----------
    widget : controls.HBox
        To be shown.
    switches : dict of str to controls.ToggleButton
        By value, in the order shown.
    """

    def __init__(self, title: str, on_change: Callable[[list[str]], None]) -> None:
        self._title, self._on_change, self._quiet = title, on_change, False
        self.switches: dict[str, controls.ToggleButton] = {}
        self._known: dict[str, controls.ToggleButton] = {}
        self.all = self._button("All", f"Show all {title.lower()}", list)
        self.none = self._button("None", f"Show no {title.lower()}, to choose a few", lambda: [*self.switches])
        self._unfolded = False
        self.more = controls.Button(layout=ipywidgets.Layout(width="auto"))
        self.more.add_class("gi-quiet")
        self.more.on_click(lambda _: self._unfold())
        self._off: frozenset[str] = frozenset()
        self._label = pane(safe_html("{title}", title=title), css_class="gi-label")
        self.widget = controls.HBox([self._label])
        for name in ("gi-toolbar", "gi-switches"):
            self.widget.add_class(name)

    def show(self, counts: Mapping[str, tuple[str, int]], off: Collection[str]) -> None:
        """Show how things stand.

        Parameters
        ----------
        counts : mapping of str to (str, int)
            For each value its word, and how much there is of it.
        off : collection of str
            The values that are not shown.
        """
        self._quiet = True
        try:
            for value, (word, count) in counts.items():
                switch = self._known.get(value) or self._switch(value)
                switch.description = text.visible(f"{word} {count:,}", 60)
                switch.tooltip = text.visible(f"{word}: {'hidden, press to show' if value in off else 'shown'}", 80)
                switch.value = value not in off
        finally:
            self._quiet = False
        self.switches, self._off = {value: self._known[value] for value in counts}, frozenset(off)
        self._fold()
        self.all.disabled, self.none.disabled = not off, len(off) == len(counts)

    def _unfold(self) -> None:
        self._unfolded = not self._unfolded
        self._fold()

    def _fold(self) -> None:
        """Put the first switches, and all that are off, into the row; the others where they were asked for."""
        few = [value for at, value in enumerate(self.switches) if at < MOST or value in self._off]
        rest = len(self.switches) - len(few)
        folded = rest > 0 and not self._unfolded
        names = few if folded else [*self.switches]
        self.more.description = f"{rest} more …" if folded else "Fewer"
        self.more.tooltip = f"Show {'all' if folded else 'only the most frequent'} {self._title.lower()}"
        unfolds = (self.more,) if rest > 0 else ()
        children = (self._label, self.all, self.none, *(self.switches[name] for name in names), *unfolds)
        if children != self.widget.children:
            self.widget.children = children

    def _switch(self, value: str) -> controls.ToggleButton:
        made = self._known[value] = controls.ToggleButton(layout=ipywidgets.Layout(width="auto"))
        made.observe(self._on_switch, names="value")
        return made

    def _button(self, words: str, hint: str, off: Callable[[], list[str]]) -> controls.Button:
        made = controls.Button(description=words, tooltip=hint, layout=ipywidgets.Layout(width="auto"))
        made.on_click(lambda _: self._on_change(off()))
        made.add_class("gi-quiet")
        return made

    def _on_switch(self, _: object) -> None:
        if not self._quiet:
            self._on_change([value for value, switch in self.switches.items() if not switch.value])

"""A legend that filters: one switch per value with how much there is of it; what is pressed is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import ipywidgets

from graphinvestigate import text
from graphinvestigate.widgets.safe import pane, safe_html


class Switches:
    """Switches for the values of one filter, with two buttons that press all of them or none.

    They are buttons: Tab goes from one to the next, Space or Enter presses it.

    Parameters
    ----------
    title : str
        What is filtered, such as ``"Kinds"``.
    on_change : callable
        Called with the values that are to be off.

    Attributes
    ----------
    widget : ipywidgets.HBox
        To be shown.
    switches : dict of str to ipywidgets.ToggleButton
        By value, in the order shown.
    """

    def __init__(self, title: str, on_change: Callable[[list[str]], None]) -> None:
        self._title, self._on_change, self._quiet = title, on_change, False
        self.switches: dict[str, ipywidgets.ToggleButton] = {}
        self._known: dict[str, ipywidgets.ToggleButton] = {}
        self.all = self._button("All", f"Show all {title.lower()}", list)
        self.none = self._button("None", f"Show no {title.lower()}, to choose a few", lambda: [*self.switches])
        self._label = pane(safe_html("{title}", title=title), css_class="gi-label")
        self.widget = ipywidgets.HBox([self._label])
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
        if list(counts) != list(self.switches):
            self.switches = {value: self._known[value] for value in counts}
            self.widget.children = (self._label, *self.switches.values(), self.all, self.none)
        self.all.disabled, self.none.disabled = not off, len(off) == len(counts)

    def _switch(self, value: str) -> ipywidgets.ToggleButton:
        made = self._known[value] = ipywidgets.ToggleButton(layout=ipywidgets.Layout(width="auto"))
        made.observe(self._on_switch, names="value")
        return made

    def _button(self, words: str, hint: str, off: Callable[[], list[str]]) -> ipywidgets.Button:
        made = ipywidgets.Button(description=words, tooltip=hint, layout=ipywidgets.Layout(width="auto"))
        made.on_click(lambda _: self._on_change(off()))
        made.add_class("gi-quiet")
        return made

    def _on_switch(self, _: object) -> None:
        if not self._quiet:
            self._on_change([value for value, switch in self.switches.items() if not switch.value])

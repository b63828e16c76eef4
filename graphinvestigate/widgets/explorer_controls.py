"""The explorer's buttons and boxes; each tells by name what was asked, and knows nothing of how it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets

from graphinvestigate import text
from graphinvestigate.widgets import controls

Ask = Callable[..., bool]
"""``ask(method, *arguments, **options)``: do what the explorer's method of that name does, or show what goes wrong;
tell whether it was done."""

WINDOWS = (("last 7 days", "7d"), ("last 30 days", "30d"), ("last 90 days", "90d"), ("all that Graph keeps", ""))
ARRANGEMENTS = (("by links", "force"), ("by time", "time"), ("rings around the selected", "rings"))


def button(words: str, hint: str, on_click: Callable[[], object], *, css_class: str = "") -> controls.Button:
    """Make a button."""
    made = controls.Button(description=words, tooltip=hint, layout=ipywidgets.Layout(width="auto"))
    made.on_click(lambda _: on_click())
    if css_class:
        made.add_class(css_class)
    return made


def bar(*children: ipywidgets.Widget) -> controls.HBox:
    """Put controls in a row that wraps."""
    made = controls.HBox(children)
    made.add_class("gi-toolbar")
    return made


def drop(options: Sequence[Any], hint: str, width: str, **more: Any) -> controls.Dropdown:
    """Make a box to choose from."""
    return controls.Dropdown(options=options, tooltip=hint, layout=ipywidgets.Layout(width=width), **more)


class ViewBar:
    """Undo and redo, the layout, labels of links, filters, export."""

    def __init__(self, ask: Ask, formats: Sequence[tuple[str, str]], *, saves: bool) -> None:
        self._ask, self._quiet = ask, False
        self.undo = button("↶ Undo", "Take back the last action", lambda: ask("undo"))
        self.redo = button("↷ Redo", "Do again what was undone", lambda: ask("redo"))
        self.layout = drop(ARRANGEMENTS, "How the graph is laid out", "210px")
        self.layout.observe(self._on_layout, names="value")
        self.labels = controls.ToggleButton(
            description="Link labels",
            tooltip="Write relations beside the links",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.labels.observe(self._on_labels, names="value")
        self.filters = controls.ToggleButton(
            description="Filters", tooltip="Show or hide the filters", layout=ipywidgets.Layout(width="auto")
        )
        self.format = drop(formats, "What Save and Download write", "140px")
        self.save = button("Save", "Write it beside the notebook", lambda: ask("_save", self.format.value))
        self.download = button("Download", "Let the browser save it", lambda: ask("_download", self.format.value))
        self.save.layout.display = "inline-flex" if saves else "none"
        self.widget = bar(
            self.undo, self.redo, self.layout, self.labels, self.filters, self.format, self.save, self.download
        )

    def show(self, *, layout: str, labels: bool, undo: str, redo: str, filtered: bool) -> None:
        """Show how things stand."""
        self._quiet = True
        try:
            self.layout.value, self.labels.value = layout, labels
        finally:
            self._quiet = False
        self.undo.disabled, self.redo.disabled = not undo, not redo
        self.undo.tooltip = f"Take back: {text.visible(undo, 80)}" if undo else "Nothing to undo"
        self.redo.tooltip = f"Do again: {text.visible(redo, 80)}" if redo else "Nothing to redo"
        self.filters.description = "Filters (on)" if filtered else "Filters"

    def _on_layout(self, change: Any) -> None:
        if not self._quiet:
            self._ask("arrange", change["new"])

    def _on_labels(self, change: Any) -> None:
        if not self._quiet:
            self._ask("label_links", change["new"])


class NodeBar:
    """What can be done with the selected node."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.relation = drop([("all links", "")], "Which links to expand or collapse", "auto")
        self.expand = button("Expand", "Draw what is linked to it", lambda: ask("expand", relation=self._relation()))
        self.collapse = button(
            "Collapse", "Hide what hangs only at it", lambda: ask("collapse", relation=self._relation())
        )
        self.hops = drop([("1 hop", 1), ("2 hops", 2), ("3 hops", 3)], "How far around it", "86px")
        self.hubs = controls.Checkbox(
            description="through hubs", tooltip="Walk on through what everybody shares", indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        self.only = button("Only around it", "Draw its neighbourhood and what is pinned, nothing else", self._on_only)
        self.pin = button("Pin", "Keep it drawn whatever is filtered", self._on_pin)
        self.hide = button("Hide", "Draw it no more", lambda: ask("hide"))
        self.words = controls.Text(
            placeholder="A name or a note …", continuous_update=False, layout=ipywidgets.Layout(width="auto"),
            tooltip="A name or a note for it; Enter keeps it as a note",
        )  # fmt: skip
        self.rename = button("Rename", "Call it by these words", lambda: self._with_words("rename"))
        self.note = button("Note", "Keep these words with it", lambda: self._with_words("note"), css_class="gi-default")
        self.target = controls.Combobox(
            placeholder="Path to …", continuous_update=False, layout=ipywidgets.Layout(width="auto"),
            tooltip="Where a path shall lead: any name; or select two nodes",
        )  # fmt: skip
        self.find = button("Find paths", "Show how they are linked", self._on_find, css_class="gi-default")
        self.clear = button("Clear paths", "Bring out no path", lambda: ask("clear_paths"))
        self.merge = button("Merge the two", "The two selected are one; say why in the box below", self._on_merge)
        self.identifier = drop([("identifier …", -1)], "Which identifier is somebody else's", "auto")
        self.split = button("Split off", "It is somebody else's; say why in the box above", self._on_split)
        for control in (self.relation, self.words, self.target, self.identifier):  # as much room as buttons leave
            control.layout.flex, control.layout.min_width = "1 1 90px", "0"
        self._pinned = False
        self._two: tuple[Any, ...] = ()
        self._identifiers: tuple[str, ...] = ()
        self.widget = controls.VBox(
            [
                bar(self.relation, self.expand, self.collapse),
                bar(self.only, self.hops, self.hubs),
                bar(self.pin, self.hide, self.merge),
                bar(self.words, self.rename, self.note),
                bar(self.target, self.find, self.clear),
                bar(self.identifier, self.split),
            ]
        )
        self.widget.add_class("gi-node-bar")
        self.names: Mapping[str, Any] = {}

    def show(
        self, *, has_node: bool, relations: Mapping[str, tuple[int, int]], hidden: int, total: int, pinned: bool,
        two: Sequence[Any], identifiers: Sequence[str], paths: bool,
    ) -> None:  # fmt: skip
        """Show how things stand."""
        before = self.relation.value
        options = [(f"all {total:,} links (+{hidden:,})", "")]
        options += [
            (f"{text.visible(r.replace('_', ' '), 40)} {n:,} (+{more:,})", r) for r, (n, more) in relations.items()
        ]
        if tuple(self.relation.options) != tuple(options):
            self.relation.options = tuple(options)
            self.relation.value = before if before in relations else ""
        for control in (
            self.relation,
            self.expand,
            self.collapse,
            self.only,
            self.pin,
            self.hide,
            self.rename,
            self.note,
        ):
            control.disabled = not has_node
        self._pinned = pinned
        self.pin.description = "Unpin" if pinned else "Pin"
        self.find.disabled = not has_node
        self._two = tuple(two)
        self.merge.disabled = len(two) != 2
        self._identifiers = tuple(identifiers)
        named = [("identifier …", -1), *((text.visible(one, 80), at) for at, one in enumerate(identifiers))]
        if tuple(self.identifier.options) != tuple(named):
            self.identifier.options = tuple(named)
        self.identifier.disabled = self.split.disabled = len(identifiers) < 2
        self.clear.layout.display = "inline-flex" if paths else "none"

    def offer(self, names: Mapping[str, Any]) -> None:
        """Offer these names as ends of a path."""
        self.names = names
        self.target.options = tuple(names)

    def _relation(self) -> str | None:
        return self.relation.value or None

    def _on_only(self) -> None:
        self._ask("neighborhood", hops=self.hops.value, through_hubs=self.hubs.value)

    def _on_pin(self) -> None:
        self._ask("unpin" if self._pinned else "pin")

    def _on_merge(self) -> None:
        if self._ask("merge", *self._two, reason=self.words.value):
            self.words.value = ""

    def _on_split(self) -> None:
        chosen = self.identifier.value
        identifier = self._identifiers[chosen] if chosen >= 0 else ""
        if self._ask("split", identifier=identifier, reason=self.words.value):
            self.words.value = ""

    def _with_words(self, method: str) -> None:
        if self._ask("_write", method, self.words.value):
            self.words.value = ""

    def _on_find(self) -> None:
        wanted = self.target.value.strip()
        if not wanted:
            self._ask("find_paths")
        elif self._ask("find_paths", to=self.names.get(wanted, wanted)):
            self.target.value = ""

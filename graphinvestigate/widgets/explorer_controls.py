"""The explorer's buttons and boxes; each tells by name what was asked, and knows nothing of how it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import pandas as pd

from graphinvestigate import text
from graphinvestigate.views.graph_filter import Filters
from graphinvestigate.views.style import kind_word

Ask = Callable[..., None]
"""``ask(method, *arguments, **options)``: do what the explorer's method of that name does, and show what goes wrong."""

WINDOWS = (("last 7 days", "7d"), ("last 30 days", "30d"), ("last 90 days", "90d"), ("all that Graph keeps", ""))
ARRANGEMENTS = (("by links", "force"), ("by time", "time"), ("rings around the selected", "rings"))
SEVERITIES = (("any severity", ""), ("low and above", "low"), ("medium and above", "medium"), ("high only", "high"))
TICKS = 100


def button(words: str, hint: str, on_click: Callable[[], None], *, css_class: str = "") -> ipywidgets.Button:
    """Make a button."""
    made = ipywidgets.Button(description=words, tooltip=hint, layout=ipywidgets.Layout(width="auto"))
    made.on_click(lambda _: on_click())
    if css_class:
        made.add_class(css_class)
    return made


def bar(*children: ipywidgets.Widget) -> ipywidgets.HBox:
    """Put controls in a row that wraps."""
    made = ipywidgets.HBox(children)
    made.add_class("gi-toolbar")
    return made


def _drop(options: Sequence[Any], hint: str, width: str, **more: Any) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, tooltip=hint, layout=ipywidgets.Layout(width=width), **more)


class ViewBar:
    """Undo and redo, the layout, labels of links, filters, export."""

    def __init__(self, ask: Ask, formats: Sequence[tuple[str, str]], *, saves: bool) -> None:
        self._ask, self._quiet = ask, False
        self.undo = button("↶ Undo", "Take back the last action", lambda: ask("undo"))
        self.redo = button("↷ Redo", "Do again what was undone", lambda: ask("redo"))
        self.layout = _drop(ARRANGEMENTS, "How the graph is laid out", "210px")
        self.layout.observe(self._on_layout, names="value")
        self.labels = ipywidgets.ToggleButton(
            description="Link labels",
            tooltip="Write relations beside the links",
            layout=ipywidgets.Layout(width="auto"),
        )
        self.labels.observe(self._on_labels, names="value")
        self.filters = ipywidgets.ToggleButton(
            description="Filters", tooltip="Show or hide the filters", layout=ipywidgets.Layout(width="auto")
        )
        self.format = _drop(formats, "What Save and Download write", "140px")
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


class FilterBar:
    """Kinds, relations, severity, text and time; what is chosen is shown."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._quiet = ask, False
        self._ends: tuple[str, ...] = ()
        box = ipywidgets.Layout(width="250px", height="112px")
        self.kinds = ipywidgets.SelectMultiple(tooltip="Kinds that are shown", layout=box)
        self.relations = ipywidgets.SelectMultiple(tooltip="Relations that are shown", layout=box)
        self.severity = _drop(SEVERITIES, "The least severity of records that are shown", "160px")
        self.text = ipywidgets.Text(
            placeholder="Words of a name or id …", continuous_update=False, layout=ipywidgets.Layout(width="220px"),
            tooltip="Only what has these words in its name or ids, and what is linked to it",
        )  # fmt: skip
        self.clear = button("Clear filters", "Show everything again", lambda: ask("filter"))
        self.span = ipywidgets.IntRangeSlider(
            min=0, max=TICKS, value=(0, TICKS), readout=False, continuous_update=False, tooltip="From when to when",
            layout=ipywidgets.Layout(width="360px"),
        )  # fmt: skip
        self.play = ipywidgets.Play(min=1, max=TICKS, value=1, step=2, interval=700, tooltip="Play", show_repeat=False)
        self.when = ipywidgets.Label()
        self.kinds.observe(lambda _: self._set(kinds_off=self._off(self.kinds)), names="value")
        self.relations.observe(lambda _: self._set(relations_off=self._off(self.relations)), names="value")
        self.severity.observe(lambda change: self._set(severity=change["new"]), names="value")
        self.text.observe(lambda change: self._set(text=change["new"]), names="value")
        self.span.observe(self._on_span, names="value")
        self.play.observe(self._on_play, names="value")
        lists = ipywidgets.HBox([_titled("Kinds shown", self.kinds), _titled("Relations shown", self.relations)])
        right = ipywidgets.VBox(
            [bar(self.severity, self.text, self.clear), bar(self.span, self.play), self.when],
            layout=ipywidgets.Layout(flex="1 1 380px", min_width="0"),
        )
        self.widget = ipywidgets.HBox([lists, right], layout=ipywidgets.Layout(flex_flow="row wrap", display="none"))
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
            _offer(self.kinds, [(f"{kind_word(k, n)} ({n:,})", k) for k, n in kinds.items()], filters.kinds_off)
            named = [(f"{text.visible(r.replace('_', ' '), 40)} ({n:,})", r) for r, n in relations.items()]
            _offer(self.relations, named, filters.relations_off)
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

    def _off(self, box: ipywidgets.SelectMultiple) -> list[str]:
        chosen = set(box.value)
        return [value for _, value in box.options if value not in chosen]

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


def _titled(title: str, widget: ipywidgets.Widget) -> ipywidgets.VBox:
    label = ipywidgets.Label(title)
    label.add_class("gi-small")
    return ipywidgets.VBox([label, widget])


def _offer(box: ipywidgets.SelectMultiple, options: Sequence[tuple[str, str]], off: frozenset[str]) -> None:
    if tuple(box.options) != tuple(options):
        box.options = tuple(options)
    box.value = tuple(value for _, value in options if value not in off)


class NodeBar:
    """What can be done with the selected node."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.relation = _drop([("all links", "")], "Which links to expand or collapse", "190px")
        self.expand = button("Expand", "Draw what is linked to it", lambda: ask("expand", relation=self._relation()))
        self.collapse = button(
            "Collapse", "Hide what hangs only at it", lambda: ask("collapse", relation=self._relation())
        )
        self.hops = _drop([("1 hop", 1), ("2 hops", 2), ("3 hops", 3)], "How far around it", "86px")
        self.hubs = ipywidgets.Checkbox(
            description="through hubs", tooltip="Walk on through what everybody shares", indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        self.only = button("Only around it", "Draw its neighbourhood and what is pinned, nothing else", self._on_only)
        self.pin = button("Pin", "Keep it drawn whatever is filtered", self._on_pin)
        self.hide = button("Hide", "Draw it no more", lambda: ask("hide"))
        self.words = ipywidgets.Text(
            placeholder="A name or a note …", layout=ipywidgets.Layout(width="112px"), tooltip="A name or a note for it"
        )
        self.rename = button("Rename", "Call it by these words", lambda: self._with_words("rename"))
        self.note = button("Note", "Keep these words with it", lambda: self._with_words("note"))
        self.target = ipywidgets.Combobox(
            placeholder="Path to … (or select two)", ensure_option=True, layout=ipywidgets.Layout(width="210px"),
            tooltip="Where a path shall lead",
        )  # fmt: skip
        self.find = button("Find paths", "Show how they are linked", self._on_find)
        self.clear = button("Clear paths", "Bring out no path", lambda: ask("clear_paths"))
        self.merge = button("Merge the two", "The two selected are one; say why in the box above", self._on_merge)
        self.identifier = _drop([("identifier …", -1)], "Which identifier is somebody else's", "150px")
        self.split = button("Split off", "It is somebody else's; say why in the box above", self._on_split)
        self._pinned = False
        self._two: tuple[Any, ...] = ()
        self._identifiers: tuple[str, ...] = ()
        self.widget = ipywidgets.VBox(
            [
                bar(self.relation, self.expand, self.collapse),
                bar(self.only, self.hops, self.hubs),
                bar(self.pin, self.hide, self.words, self.rename, self.note),
                bar(self.target, self.find, self.clear),
                bar(self.merge, self.identifier, self.split),
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
        self._ask("merge", *self._two, reason=self.words.value)
        self.words.value = ""

    def _on_split(self) -> None:
        chosen = self.identifier.value
        identifier = self._identifiers[chosen] if chosen >= 0 else ""
        self._ask("split", identifier=identifier, reason=self.words.value)
        self.words.value = ""

    def _with_words(self, method: str) -> None:
        self._ask(method, **{"name" if method == "rename" else "words": self.words.value})
        self.words.value = ""

    def _on_find(self) -> None:
        if self.target.value in self.names:
            self._ask("find_paths", to=self.names[self.target.value])
            self.target.value = ""
        else:
            self._ask("find_paths")

"""What an alert queue looks like, and the one way in which what it shows and highlights changes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ipywidgets
import numpy as np

from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets import controls, twins
from graphinvestigate.widgets.alert_pane import AlertPane
from graphinvestigate.widgets.controls import TURN, turn_of
from graphinvestigate.widgets.explorer_controls import bar
from graphinvestigate.widgets.facets import Filters
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.filter_bar import FilterBar
from graphinvestigate.widgets.grid import ButtonGrid, Events, Grid, How
from graphinvestigate.widgets.picker_cells import GRID, cells_of
from graphinvestigate.widgets.picker_code import plain_filters
from graphinvestigate.widgets.row_grid import RowGrid
from graphinvestigate.widgets.rows import Queue
from graphinvestigate.widgets.safe import pane, safe_html, show
from graphinvestigate.widgets.selection import Node, Selection
from graphinvestigate.widgets.style import SHEET
from graphinvestigate.widgets.waits import Waits

_NONE = "No alert passes the filters: change them, or press Clear filters."
_NOBODY = "This frame holds no alerts: pull a wider window with list_alerts(client, since=…)."


@each_in_turn(turn_of, but=("__init__",))
class PickerView(controls.VBox):
    """The queue's widgets, and what follows from filters, order and selection.

    Parameters
    ----------
    queue : Queue
        The alerts.
    selection : Selection
        What is selected, shared with other widgets.
    page_size : int
        How many alerts are in view.
    plain : bool
        Make it of plain ipywidgets.
    """

    @abstractmethod
    def sort(self, column: str, *, descending: bool | None = None) -> None:
        """Sort the queue: of the class that users know."""

    def __init__(self, queue: Queue, selection: Selection, page_size: int, *, plain: bool) -> None:
        self._queue, self.selection = queue, selection
        self._filters = Filters()
        self._sort, self._descending = "first_activity", True
        self._order = np.empty(0, dtype=np.int64)  # numbers of the alerts shown, in their order
        self._passes = np.zeros(len(self._queue), dtype=bool)  # the same, by number
        self._marked = np.zeros(len(self._queue), dtype=bool)  # which are highlighted, by number
        self._current: int | None = None
        self._expected: tuple[Node, ...] | None = None  # the selection that the marks stand for
        self._messages = Messages()
        with TURN:
            super().__init__(children=self._build(page_size, plain=plain))
            self.add_class("gi-root")
            self._refilter(self._filters)
            if self.selection.nodes:
                self._follow()
            self.selection.observe(self._on_selection, names="edition")
            self.selection.observe(self._on_time_range, names="time_range")

    # ---- building -------------------------------------------------------------------------------------------

    def _build(self, page_size: int, *, plain: bool) -> list[ipywidgets.Widget]:
        self._head = pane(css_class="gi-head")
        self._bar = FilterBar(self._queue, self._refilter, self._messages)
        events = Events(self._on_pick, self._on_pick_all, self._on_sort)
        rows = min(page_size, max(len(self._queue), 1))
        self._grid: Grid
        if plain:
            self._grid = ButtonGrid(GRID, self._cells, events, rows=rows, focus="title", label="alerts")
        else:
            self._grid = RowGrid(
                GRID, self._cells, events, rows=rows, label="Alerts", messages=self._messages, empty=_NONE
            )
        self._pane = AlertPane(self._queue, self._messages, rows=rows)
        left = controls.VBox([self._grid.widget], layout=ipywidgets.Layout(flex="10 1 620px", min_width="0"))
        body = controls.HBox([left, self._pane.widget], layout=ipywidgets.Layout(flex_flow="row wrap"))
        if len(self._queue) == 0:
            body = pane(safe_html('<p class="gi-muted">{text}</p>', text=_NOBODY))
            self._bar.widget.layout.display = "none"
        said = [self._messages.widget] if plain else [self._messages.widget, Waits()]  # the latter is a script
        return [pane(SHEET), bar(self._head, self._bar.clear), self._bar.widget, *said, body]

    def _cells(self, numbers: Sequence[int]) -> list[list[Any]]:
        return cells_of(self._queue, numbers)

    # ---- what users do --------------------------------------------------------------------------------------

    def _on_pick(self, how: How, place: int, anchor: int) -> None:
        with self._messages.shown():
            number = int(self._order[place])
            if how == "toggle":
                marked = self._marked.copy()
                marked[number] = not marked[number]
                self._choose(np.flatnonzero(marked), number if marked[number] else None, others=True)
                return
            first, last = sorted((place, anchor if how != "only" else place))
            numbers = self._order[first : last + 1]
            if how == "extend":
                numbers = np.union1d(np.flatnonzero(self._marked), numbers)
            self._choose(numbers, number, others=how == "extend")

    def _on_pick_all(self, on: bool) -> None:
        with self._messages.shown():
            self._choose(self._order if on else (), self._current if on else None)

    def _on_sort(self, column: str) -> None:
        with self._messages.shown():
            self.sort(column)

    def _on_selection(self, _: Any) -> None:
        with self._messages.shown(keep=True):
            if self.selection.nodes != self._expected:
                self._follow()

    def _on_time_range(self, _: Any) -> None:
        with self._messages.shown():
            since, until = self.selection.time_range or (None, None)
            self._refilter(replace(self._filters, since=since, until=until))

    # ---- state → widgets ------------------------------------------------------------------------------------

    def _numbers(self) -> list[int]:
        """Give the numbers of the highlighted alerts, the current one last."""
        numbers = self._order[self._marked[self._order]].tolist()
        if self._current is not None and self._current in numbers:
            numbers.remove(self._current)
            numbers.append(self._current)
        return numbers

    def _choose(
        self,
        numbers: Sequence[int] | np.ndarray,
        current: int | None,
        *,
        others: bool = False,
        by: str = "picker",
        go: bool = False,
    ) -> None:
        """Highlight alerts and say so to the other widgets; others of the selection stay if asked for."""
        chosen = [int(number) for number in numbers]
        records = self._queue.records
        nodes: list[Node] = [record for number in chosen if (record := records[number]) is not None]
        if others:
            keep = set(nodes)
            nodes = [*(one for one in self.selection.nodes if one in keep or not self._ours(one)), *nodes]
        self._marked = np.zeros(len(self._queue), dtype=bool)
        self._marked[chosen] = True
        if current is None or not self._marked[current]:
            current = self._last(nodes, chosen)
        self._expected = tuple(dict.fromkeys(nodes))
        self._show_marks(current, go=go)
        self.selection.select(*nodes, current=records[current] if current is not None else None, by=by)

    def _ours(self, node: Node) -> bool:
        return node.kind == "alert" and bool(self._queue.numbers(node[1]))

    def _last(self, nodes: Sequence[Node], numbers: Sequence[int]) -> int | None:
        for node in reversed(nodes):
            if self._ours(node):
                return self._queue.numbers(node[1])[0]
        return numbers[-1] if len(numbers) else None

    def _follow(self) -> None:
        """Highlight what another widget selected, as far as this queue has it."""
        nodes = self.selection.nodes
        self._expected = nodes
        numbers = [at for node in nodes if node.kind == "alert" for at in self._queue.numbers(node[1])]
        if not self._passes[numbers].all():
            self._refilter(Filters(), choose=False)
            self._messages.say("The filters were cleared: they hid alerts that were selected elsewhere.")
        self._marked = np.zeros(len(self._queue), dtype=bool)
        self._marked[numbers] = True
        node = self.selection.node
        current = self._queue.numbers(node[1])[0] if node is not None and self._ours(node) else None
        self._show_marks(current if current is not None else self._last(nodes, numbers), go=True)

    def _refilter(self, filters: Filters, *, choose: bool = True) -> None:
        if filters != self._filters:
            self.selection.note("filter", by="picker", **plain_filters(filters))
        self._filters = filters
        self._order = self._queue.order(filters, sort=self._sort, descending=self._descending)
        self._passes = np.zeros(len(self._queue), dtype=bool)
        self._passes[self._order] = True
        self._bar.show(filters)
        self._grid.sorted_by(self._sort, descending=self._descending)
        kept = np.flatnonzero(self._marked & self._passes)
        lost = len(kept) < np.count_nonzero(self._marked)
        if not choose:
            self._grid.show(self._order, self._marked, self._current)
        elif not len(kept) and (lost or not self.selection.nodes):
            first = self._order[:1].tolist()
            self._grid.show(self._order, self._marked, first[0] if first else None)
            self._choose(first, first[0] if first else None, others=True)
        else:
            self._grid.show(self._order, self._marked, self._current)
            if lost:  # what filters hide is highlighted no longer, so it is selected no longer
                self._choose(kept, self._current, others=True)
        self._show_counts()

    def _show_marks(self, current: int | None, *, go: bool) -> None:
        self._current = current
        self._grid.mark(self._marked, current, go=go)
        node = self.selection.node
        elsewhere = None if node is None or self._ours(node) else f"{kind_word(node.kind)} {self.selection.label(node)}"
        self._pane.show(current, int(np.count_nonzero(self._marked)), elsewhere=elsewhere)
        self._show_counts()

    def _show_counts(self) -> None:
        shown, total, marked = len(self._order), len(self._queue), int(np.count_nonzero(self._marked))
        repeated = self._queue.repeated
        note = f" ({repeated:,} older copies left out)" if repeated else ""
        show(self._head, safe_html("Alerts: {shown:,} of {total:,}{note}", shown=shown, total=total, note=note))
        said = f"{shown:,} of {total:,} alerts shown · {marked:,} selected" if total else ""
        untimed = self._queue.untimed if self._filters.since is not None or self._filters.until is not None else 0
        self._grid.say(said + (f" · {untimed:,} of unknown time are not shown" if untimed else ""))

    # ---- what stays when the kernel is gone -----------------------------------------------------------------

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        twin = twins.picker(self._queue, self._order, self._marked, self._current)
        return twins.beside(super()._repr_mimebundle_(**kwargs), *twin)

    def __repr__(self) -> str:
        marked = int(np.count_nonzero(self._marked))
        return f"<AlertPicker: {len(self._order)} of {len(self._queue)} alerts, {marked} selected>"

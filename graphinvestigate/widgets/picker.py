"""A queue of alerts to pick from, as in the portal: filters, sorting and a details pane."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.style import kind_look
from graphinvestigate.widgets import controls, twins
from graphinvestigate.widgets.alert_pane import AlertPane
from graphinvestigate.widgets.controls import TURN, turn_of
from graphinvestigate.widgets.explorer_controls import bar
from graphinvestigate.widgets.facets import Filters
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.filter_bar import FilterBar, known_entities
from graphinvestigate.widgets.grid import ButtonGrid, Events, Grid, How
from graphinvestigate.widgets.picker_cells import GRID, cells_of
from graphinvestigate.widgets.picker_code import code_of, names_of, plain_filters, state_lines
from graphinvestigate.widgets.row_grid import RowGrid
from graphinvestigate.widgets.rows import COLUMNS, FIRST_DOWN, Queue
from graphinvestigate.widgets.safe import pane, safe_html, show
from graphinvestigate.widgets.selection import Node, Selection
from graphinvestigate.widgets.style import SHEET
from graphinvestigate.widgets.waits import Waits

_NONE = "No alert passes the filters: change them, or press Clear filters."
_NOBODY = "This frame holds no alerts: pull a wider window with list_alerts(client, since=…)."


@each_in_turn(turn_of, but=("__init__",))  # its records and graph are read before its turn
class AlertPicker(controls.VBox):
    """A queue of alerts, newest first, with the details of the current one beside it.

    A click or an arrow key selects an alert; with Ctrl (or Space) it goes in or out of the selection, with Shift all
    between are selected, Ctrl+A selects all that are shown, Esc none, Enter goes to the details.

    Parameters
    ----------
    alerts : pandas.DataFrame
        What ``list_alerts`` or ``read_records("alerts", …)`` returned. It is not changed.
    selection : Selection, optional
        What is selected, shared with other widgets; its own if not given.
    page_size : int
        How many alerts are in view.
    plain : bool
        Make it of plain ipywidgets, page by page, where no JavaScript of this package may run.

    Attributes
    ----------
    selected : pandas.DataFrame
        The highlighted alerts, one row each in the columns of ``alerts`` and the order of the queue; no row when none
        is highlighted.
    shown : pandas.DataFrame
        All alerts that pass the filters, in the order of the queue.
    selection : Selection
        What is selected, in this and in other widgets.
    log : list of dict
        What was done, oldest first, as plain values; shared like the selection.

    Raises
    ------
    UsageError
        When ``alerts`` is not a frame of alerts.
    """

    def __init__(
        self,
        alerts: pd.DataFrame,
        *,
        selection: Selection | None = None,
        page_size: int = 12,
        plain: bool = False,
    ) -> None:
        self._queue = Queue(alerts)
        if not 1 <= page_size <= 100:
            raise UsageError(f"page_size is between 1 and 100, not {page_size!r}")
        if selection is not None and not isinstance(selection, Selection):
            raise UsageError(f"selection is a Selection, such as another widget's, not {type(selection).__name__}")
        self.selection = selection if selection is not None else Selection()
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

    @property
    def log(self) -> list[dict[str, Any]]:  # in the place of a logger that ipywidgets itself never uses
        """What was done, oldest first, as plain values: a copy."""
        return self.selection.log

    @property
    def alerts(self) -> pd.DataFrame:
        """All alerts of the queue, one row each."""
        return self._queue.alerts

    @property
    def selected(self) -> pd.DataFrame:
        """The highlighted alerts, in the order of the queue; no row when none is highlighted."""
        return self._queue.rows(self._order[self._marked[self._order]])

    @property
    def shown(self) -> pd.DataFrame:
        """The alerts that pass the filters, in the order of the queue."""
        return self._queue.rows(self._order)

    def select(self, *alert_ids: str) -> None:
        """Highlight alerts and nothing else, as a click on one does; the last one is current.

        Parameters
        ----------
        *alert_ids : str
            Their ids; none of them clears. Filters that hide one are cleared.
        """
        numbers: list[int] = []
        for alert_id in alert_ids:
            found = self._queue.numbers(alert_id) if isinstance(alert_id, str) else ()
            if not found:
                raise UsageError(
                    f"no alert of this queue has the id {alert_id!r:.80}: take one from picker.alerts['id']"
                )
            numbers += found
        if not self._passes[numbers].all():
            self._refilter(Filters(), choose=False)
        self._choose(numbers, numbers[-1] if numbers else None, by="code", go=True)

    def select_all(self) -> None:
        """Highlight all alerts that are shown, as Ctrl+A does."""
        self._choose(self._order, self._current, by="code")

    def filter(
        self,
        *,
        severity: str | Iterable[str] = (),
        status: str | Iterable[str] = (),
        source: str | Iterable[str] = (),
        tactic: str | Iterable[str] = (),
        entity: str | Iterable[str] = (),
        text: str = "",
        since: str | datetime | None = None,
        until: str | datetime | None = None,
    ) -> None:
        """Show only some alerts, as the buttons above the queue do; without arguments, all.

        Parameters
        ----------
        severity, status, source, tactic : str or iterable of str
            One or several values, in whatever case; none of them asks for all. ``"no tactic"`` are alerts whose
            category is no tactic of ATT&CK.
        entity : str or iterable of str
            Users, hosts, mailboxes, apps, resources or addresses that an alert's evidence names.
        text : str
            Words that must all occur in an alert's row or among what its evidence names, in any order and case.
        since, until : str or datetime, optional
            Only alerts that were active at or after the one and before the other: ``"7d"`` (before the alerts were
            pulled, or before now where that is not known), ISO text with a zone, or an aware datetime. Alerts of
            unknown time pass neither.

        Raises
        ------
        UsageError
            A value, entity or time that this queue does not know.
        """
        facets = self._queue.facets
        self._refilter(
            Filters(
                facets["severity"].chosen(names_of(severity)), facets["status"].chosen(names_of(status)),
                facets["source"].chosen(names_of(source)), facets["tactic"].chosen(names_of(tactic)),
                known_entities(self._queue, names_of(entity)), text,
                self._queue.moment(since), self._queue.moment(until),
            )
        )  # fmt: skip

    def sort(self, column: str, *, descending: bool | None = None) -> None:
        """Sort the queue, as a click on a header does.

        Parameters
        ----------
        column : str
            One of severity, first_activity, title, entities, status, source, tactic, last_activity, assigned_to.
        descending : bool, optional
            The direction; if not given, times and severities start with the newest and the gravest, and a second
            call turns the direction.
        """
        if column not in COLUMNS:
            raise UsageError(f"the queue sorts by one of {', '.join(COLUMNS)}, not {column!r}")
        if descending is None:
            descending = not self._descending if column == self._sort else column in FIRST_DOWN
        self._sort, self._descending = column, descending
        self.selection.note("sort", by="picker", column=column, descending=descending)
        self._refilter(self._filters)

    def to_code(self, name: str = "picker", frame: str = "alerts") -> str:
        """Give the code that makes a picker with these filters, this order and this selection.

        Parameters
        ----------
        name, frame : str
            What the code calls the picker and the frame of alerts.

        Returns
        -------
        str
        """
        ids = [record.id for at in self._numbers() if (record := self._queue.records[at]) is not None]
        every = len(ids) == len(self._order) > 1
        return code_of(name, frame, self._filters, self._sort, self._descending, None if every else ids)

    def state_lines(self, name: str, *, always: bool = False) -> list[str]:
        """Give the calls that filter and sort another picker of these alerts like this one."""
        return state_lines(name, self._filters, self._sort, self._descending, always=always)

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
        elsewhere = (
            None if node is None or self._ours(node) else f"{kind_look(node.kind).word} {self.selection.label(node)}"
        )
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

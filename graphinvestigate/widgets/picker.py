"""A queue of alerts to pick from, as in the portal: filters, sorting and a details pane."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.turns import each_in_turn
from graphinvestigate.wanted import in_order
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.facets import Filters
from graphinvestigate.widgets.filter_bar import known_entities
from graphinvestigate.widgets.picker_code import code_of, names_of, state_lines
from graphinvestigate.widgets.picker_view import PickerView
from graphinvestigate.widgets.rows import COLUMNS, FIRST_DOWN, Queue
from graphinvestigate.widgets.selection import Selection


@each_in_turn(turn_of, but=("__init__",))  # its records and graph are read before its turn
class AlertPicker(PickerView):
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
        if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= 100:
            raise UsageError(f"page_size is between 1 and 100, not {page_size!r}")
        if selection is not None and not isinstance(selection, Selection):
            raise UsageError(f"selection is a Selection, such as another widget's, not {type(selection).__name__}")
        super().__init__(Queue(alerts), selection if selection is not None else Selection(), page_size, plain=plain)

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
        choose: bool = True,
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
        choose : bool, optional
            Where nothing is selected, or nothing that is selected passes, the first alert that does is; False leaves
            the selection as it is.

        Raises
        ------
        UsageError
            A value, entity or time that this queue does not know.
        """
        if not isinstance(text, str):
            raise UsageError(f"text takes words that an alert holds; got {text!r:.80}")
        facets, start, end = self._queue.facets, self._queue.moment(since), self._queue.moment(until)
        in_order(start, end)
        self._refilter(
            Filters(
                facets["severity"].chosen(names_of(severity)), facets["status"].chosen(names_of(status)),
                facets["source"].chosen(names_of(source)), facets["tactic"].chosen(names_of(tactic)),
                known_entities(self._queue, names_of(entity)), text,
                start, end,
            ),
            choose=choose,
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
        self._refilter(self._filters, choose=False)

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
        """Give the calls that filter and sort another picker of these alerts like this one; its selection stays."""
        return state_lines(name, self._filters, self._sort, self._descending, always=always, choose=False)

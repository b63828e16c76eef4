"""A queue of alerts to pick from, as in the portal: filters, sorting, pages and a details pane."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ipywidgets
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.text import visible
from graphinvestigate.views.style import source_word
from graphinvestigate.widgets import twins
from graphinvestigate.widgets.details import alert_details, severity_class, severity_words
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.grid import ButtonGrid, Cell, Column
from graphinvestigate.widgets.rows import COLUMNS, Filters, Queue
from graphinvestigate.widgets.safe import Safe, pane, safe_html, show
from graphinvestigate.widgets.selection import Selection
from graphinvestigate.widgets.style import SHEET

GRID = (
    Column("severity", "Severity", "0 0 128px"),
    Column("status", "Status", "0 0 84px"),
    Column("title", "Title", "7 1 210px"),
    Column("entities", "Impacted entities", "3 1 120px"),
    Column("source", "Source", "2 1 96px"),
    Column("category", "Category", "2 1 84px"),
    Column("first_activity", "First activity", "0 0 134px"),
)
NOTHING = safe_html(
    '<p class="gi-muted">{text}</p>', text="No alert is highlighted. Change the filters, or pull a wider window."
)


class AlertPicker(ipywidgets.VBox):
    """A queue of alerts, newest first, with the details of the highlighted one beside it.

    Parameters
    ----------
    alerts : pandas.DataFrame
        What ``list_alerts`` or ``read_records("alerts", …)`` returned. It is not changed.
    selection : Selection, optional
        What is selected, shared with other widgets; its own if not given.
    page_size : int
        How many alerts one page shows.

    Attributes
    ----------
    selected : pandas.DataFrame
        The highlighted alert: one row in the columns of ``alerts``, no row when the filters leave none.
    shown : pandas.DataFrame
        All alerts that pass the filters, in the order of the queue.
    selection : Selection
        What is selected.

    Raises
    ------
    UsageError
        When ``alerts`` is not a frame of alerts.
    """

    def __init__(self, alerts: pd.DataFrame, *, selection: Selection | None = None, page_size: int = 12) -> None:
        self._queue = Queue(alerts)
        if not 1 <= page_size <= 100:
            raise UsageError(f"page_size is between 1 and 100, not {page_size!r}")
        self.selection = selection if selection is not None else Selection()
        self._page_size = page_size
        self._filters = Filters()
        self._sort, self._descending = "first_activity", True
        self._keys: list[str] = []
        self._page = 0
        self._key: str | None = None
        self._messages = Messages()
        self._quiet = False
        super().__init__(children=self._build())
        self.add_class("gi-root")
        self.selection.observe(self._on_selection, names="node")
        self._refilter(self._filters)
        if self.selection.alert is not None:
            self._follow(self.selection.alert)

    @property
    def alerts(self) -> pd.DataFrame:
        """All alerts of the queue, one row each."""
        return self._queue.alerts

    @property
    def selected(self) -> pd.DataFrame:
        """The highlighted alert as a frame of one row; no row when the filters leave no alert."""
        return self._queue.row(self._key)

    @property
    def shown(self) -> pd.DataFrame:
        """The alerts that pass the filters, in the order of the queue."""
        rows = [self._queue.row(key) for key in self._keys]
        return pd.concat(rows) if rows else self._queue.row(None)

    def select(self, alert_id: str) -> None:
        """Highlight an alert, as a click on its row does.

        Parameters
        ----------
        alert_id : str
            Its id. Filters that hide it are cleared.
        """
        if alert_id not in self._queue:
            raise UsageError(f"no alert of this queue has the id {alert_id!r:.80}: take one from picker.alerts['id']")
        if alert_id not in self._keys:
            self._refilter(Filters(), keep=alert_id)
        else:
            self._highlight(alert_id)

    def filter(self, *, severity: str | Iterable[str] = (), status: str | Iterable[str] = (), text: str = "") -> None:
        """Show only some alerts, as the buttons above the queue do; without arguments, all.

        Parameters
        ----------
        severity, status : str or iterable of str
            One or several values; none of them asks for all.
        text : str
            Words that must all occur in what the queue shows of an alert, in any order and case.
        """
        asked = {"severity": _names(severity), "status": _names(status)}
        for column, names in asked.items():
            unknown = names.difference(self._queue.values(column))
            if unknown:
                raise UsageError(
                    f"{column} {', '.join(sorted(unknown))} is not in this queue: "
                    f"it has {', '.join(self._queue.values(column))}"
                )
        self._refilter(Filters(asked["severity"], asked["status"], text))

    def sort(self, column: str, *, descending: bool | None = None) -> None:
        """Sort the queue, as a click on a header does.

        Parameters
        ----------
        column : str
            One of severity, status, title, source, entities, category, first_activity.
        descending : bool, optional
            The direction; if not given, times and severities start with the newest and the gravest, and a second
            call turns the direction.
        """
        if column not in COLUMNS:
            raise UsageError(f"the queue sorts by one of {', '.join(COLUMNS)}, not {column!r}")
        if descending is None:
            natural = column in {"first_activity", "severity"}
            descending = not self._descending if column == self._sort else natural
        self._sort, self._descending = column, descending
        self._refilter(self._filters, keep=self._key)

    # ---- building -------------------------------------------------------------------------------------------

    def _build(self) -> list[ipywidgets.Widget]:
        self._head = pane(css_class="gi-head")
        self._toggles: dict[tuple[str, str], ipywidgets.ToggleButton] = {}
        for column in ("severity", "status"):
            for value in self._queue.values(column):
                toggle = ipywidgets.ToggleButton(tooltip=visible(f"Only alerts with {column} {value}"))
                toggle.observe(self._on_toggle, names="value")
                self._toggles[column, value] = toggle
        self._text = ipywidgets.Text(
            placeholder="Search title, entity, source, id …", layout=ipywidgets.Layout(width="260px")
        )
        self._text.observe(self._on_text, names="value")
        self._clear = ipywidgets.Button(description="Clear filters", tooltip="Show all alerts")
        self._clear.on_click(self._on_clear)
        toolbar = ipywidgets.HBox([self._text, *self._toggles.values(), self._clear])
        toolbar.add_class("gi-toolbar")
        self._grid = ButtonGrid(
            GRID, page_size=min(self._page_size, max(len(self._queue), 1)), focus="title",
            on_pick=self._on_pick, on_sort=self._on_sort,
        )  # fmt: skip
        self._previous = ipywidgets.Button(description="Previous page", tooltip="The page before")
        self._next = ipywidgets.Button(description="Next page", tooltip="The page after")
        self._previous.on_click(lambda _: self._on_turn(-1))
        self._next.on_click(lambda _: self._on_turn(1))
        self._where = pane(css_class="gi-muted")
        pager = ipywidgets.HBox([self._previous, self._next, self._where])
        pager.add_class("gi-toolbar")
        self._details = pane(css_class="gi-details")
        left = ipywidgets.VBox([self._grid.widget, pager], layout=ipywidgets.Layout(flex="9 1 640px", min_width="0"))
        right = ipywidgets.Box(
            [self._details],
            layout=ipywidgets.Layout(flex="3 1 260px", min_width="0", max_height="520px", overflow="auto"),
        )
        body = ipywidgets.HBox([left, right], layout=ipywidgets.Layout(flex_flow="row wrap"))
        if len(self._queue) == 0:
            body = pane(
                safe_html(
                    '<p class="gi-muted">{text}</p>',
                    text="This frame holds no alerts: pull a wider window with list_alerts(client, since=…).",
                )
            )
            toolbar.layout.display = "none"
        return [pane(SHEET), self._head, toolbar, self._messages.widget, body]

    # ---- what users do --------------------------------------------------------------------------------------

    def _on_pick(self, key: str) -> None:
        with self._messages.shown():
            self._highlight(key)

    def _on_sort(self, column: str) -> None:
        with self._messages.shown():
            self.sort(column)

    def _on_turn(self, by: int) -> None:
        with self._messages.shown():
            page = self._page + by
            if 0 <= page * self._page_size < len(self._keys):
                self._page = page
                self._highlight(self._keys[page * self._page_size])

    def _on_toggle(self, _: Any) -> None:
        if self._quiet:
            return
        with self._messages.shown():
            chosen: dict[str, set[str]] = {"severity": set(), "status": set()}
            for (column, value), toggle in self._toggles.items():
                if toggle.value:
                    chosen[column].add(value)
            self._refilter(
                Filters(frozenset(chosen["severity"]), frozenset(chosen["status"]), self._text.value), keep=self._key
            )

    def _on_text(self, change: Any) -> None:
        if self._quiet:
            return
        with self._messages.shown():
            filters = Filters(self._filters.severities, self._filters.statuses, change["new"])
            self._refilter(filters, keep=self._key)

    def _on_clear(self, _: Any) -> None:
        with self._messages.shown():
            self._refilter(Filters(), keep=self._key)

    def _on_selection(self, _: Any) -> None:
        with self._messages.shown():
            alert = self.selection.alert
            if alert is not None and alert != self._key:
                self._follow(alert)

    # ---- state → widgets ------------------------------------------------------------------------------------

    def _follow(self, alert: str) -> None:
        """Highlight what another widget selected, if this queue has it."""
        if alert in self._queue:
            self.select(alert)

    def _refilter(self, filters: Filters, *, keep: str | None = None) -> None:
        self._filters = filters
        self._keys = self._queue.keys(filters, sort=self._sort, descending=self._descending)
        self._show_filters()
        if keep is None or keep not in self._keys:
            keep = self._keys[0] if self._keys else None
        self._highlight(keep, refill=True)

    def _highlight(self, key: str | None, *, refill: bool = False) -> None:
        page = self._keys.index(key) // self._page_size if key is not None else 0
        changed = key != self._key
        if refill or page != self._page or (key is not None and key not in self._grid.keys):
            self._page = page
            keys = self._keys[page * self._page_size : (page + 1) * self._page_size]
            self._grid.fill(keys, [self._cells(one) for one in keys], picked=key)
        else:
            self._grid.mark(key)
        self._key = key
        self._show_place()
        if changed or refill:
            show(self._details, self._details_of(key))
        if changed:
            self.selection.node = None if key is None else self._queue.node(key)

    def _details_of(self, key: str | None) -> Safe:
        if key is None:
            return NOTHING
        return alert_details(self._queue.row(key), self._queue.evidence_rows(key))

    def _cells(self, key: str) -> list[Cell]:
        row = self._queue.table.loc[key]
        cells = []
        for column in GRID:
            value = row[column.name]
            if column.name == "severity":
                cells.append(Cell(severity_words(value), severity_class(value)))
            elif column.name == "first_activity":
                cells.append(
                    Cell(
                        "unknown" if pd.isna(value) else f"{value:%Y-%m-%d %H:%M}",
                        hint=f"{value:%Y-%m-%d %H:%M:%S} UTC",
                    )
                )
            elif column.name == "source" and not pd.isna(value):
                cells.append(Cell(source_word(value), hint=value))
            else:
                cells.append(Cell("-" if pd.isna(value) else str(value)))
        return cells

    def _show_filters(self) -> None:
        counts = self._queue.counts(self._filters)
        chosen = {"severity": self._filters.severities, "status": self._filters.statuses}
        self._quiet = True
        try:
            for (column, value), toggle in self._toggles.items():
                word = severity_words(value) if column == "severity" else value
                toggle.description = f"{visible(word, 40)} {counts[column][value]}"
                toggle.value = value in chosen[column]
            self._text.value = self._filters.text
        finally:
            self._quiet = False
        self._clear.disabled = self._filters == Filters()
        self._grid.sorted_by(self._sort, descending=self._descending)

    def _show_place(self) -> None:
        shown, total = len(self._keys), len(self._queue)
        note = f", {self._queue.repeated} older copies left out" if self._queue.repeated else ""
        show(self._head, safe_html("Alerts: {shown} of {total}{note}", shown=shown, total=total, note=note))
        first = self._page * self._page_size
        self._previous.disabled = self._page == 0
        self._next.disabled = first + self._page_size >= shown
        at = (
            f"{first + 1} to {min(first + self._page_size, shown)} of {shown}"
            if shown
            else "no alert passes the filters"
        )
        show(self._where, safe_html("{at}", at=at))

    # ---- what stays when the kernel is gone -----------------------------------------------------------------

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return twins.beside(super()._repr_mimebundle_(**kwargs), *twins.picker(self._queue, self._keys, self._key))

    def __repr__(self) -> str:
        return f"<AlertPicker: {len(self._keys)} of {len(self._queue)} alerts, highlighted {self._key!r}>"


def _names(value: str | Iterable[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)

"""Rows to pick from: what both kinds of grid share, and the kind that is made of plain buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, Protocol

import ipywidgets
import numpy as np

from graphinvestigate import text
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.safe import pane, safe_html, show

How = Literal["only", "toggle", "range", "extend"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what its header says, its least width in pixels and its share of what is left."""

    name: str
    header: str
    least: int
    share: int = 0


class Cell(NamedTuple):
    """What one cell says, a class of ours that colours it, and what the mouse over it says where that is more."""

    text: str
    css_class: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Events:
    """Who is told what users do with a grid; rows are named by their place in the order shown.

    Attributes
    ----------
    picked : callable
        How, place and anchor: a row was picked alone, put in or out, or picked with all rows from the anchor (instead
        of the others, or as well).
    picked_all : callable
        True: all rows were picked; False: none.
    sorted : callable
        The name of the column whose header was pressed.
    """

    picked: Callable[[How, int, int], None]
    picked_all: Callable[[bool], None]
    sorted: Callable[[str], None]


class Grid(Protocol):
    """What shows rows."""

    widget: ipywidgets.Widget

    def show(self, numbers: np.ndarray, marked: np.ndarray, current: int | None) -> None:
        """Show rows of these numbers, in this order, go to the current one, and mark those that are selected.

        `marked` has one bool for each number that there is, shown or not.
        """

    def mark(self, marked: np.ndarray, current: int | None, *, go: bool) -> None:
        """Mark other rows; go to the current one if asked to."""

    def sorted_by(self, name: str, *, descending: bool) -> None:
        """Say by which column the rows are sorted."""

    def say(self, note: str) -> None:
        """Say how many rows there are and how many are selected."""


def spoken(cell: Cell) -> Cell:
    """Make a cell safe to draw as text: nothing unseen, nothing too long."""
    return Cell(text.visible(cell.text, 160), cell.css_class, text.visible(cell.hint, 400))


def place_of(number: int | None, numbers: np.ndarray) -> int:
    """Give where a number stands among others; -1 for none."""
    found = np.flatnonzero(numbers == number) if number is not None else np.empty(0, np.int64)
    return int(found[0]) if len(found) else -1


class ButtonGrid:
    """Pages of rows of buttons, made once and filled anew: no JavaScript but that of ipywidgets.

    The first cell of a row puts it in or out of the selection; all others pick it alone. The keyboard reaches the
    first cell and the focus column (Tab, then Space or Enter); the other cells are for the mouse.

    Parameters
    ----------
    columns : sequence of Column
        What each row shows.
    cells : callable
        Numbers → the cells of their rows.
    events : Events
        Who is told what users do.
    rows : int
        How many rows one page has.
    focus : str
        The column whose cells take the keyboard's focus.
    label : str
        What the rows are.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[Sequence[int]], list[list[Cell]]],
        events: Events,
        *,
        rows: int,
        focus: str,
        label: str,
    ) -> None:
        self.columns = tuple(columns)
        self._cells, self._events = cells, events
        self._numbers, self._marked, self._page = np.empty(0, np.int64), np.empty(0, bool), 0
        self.headers = [self._header(column) for column in columns]
        head = controls.HBox([self._button("", "0 0 34px", on=None, tabbable=False), *self.headers])
        self.rows = [self._row(at, focus) for at in range(rows)]
        for row, names in [(head, ("gi-row", "gi-header")), *((row, ("gi-row",)) for row in self.rows)]:
            for name in names:
                row.add_class(name)
        self.previous = controls.Button(description="Previous page", tooltip="The page before")
        self.following = controls.Button(description="Next page", tooltip="The page after")
        self.every = controls.Button(description="Select all", tooltip=f"Select all {label} that are shown")
        self.none = controls.Button(description="Select none", tooltip="Select nothing")
        self.previous.on_click(lambda _: self.turn(-1))
        self.following.on_click(lambda _: self.turn(1))
        self.every.on_click(lambda _: events.picked_all(True))
        self.none.on_click(lambda _: events.picked_all(False))
        self._where, self._note = pane(css_class="gi-muted"), pane(css_class="gi-muted")
        pager = controls.HBox([self.previous, self.following, self._where, self.every, self.none, self._note])
        pager.add_class("gi-toolbar")
        grid = controls.VBox([head, *self.rows])
        grid.add_class("gi-grid")
        self.widget = controls.VBox([grid, pager])

    def show(self, numbers: np.ndarray, marked: np.ndarray, current: int | None) -> None:
        """Show rows of these numbers, from the page of the current one."""
        self._numbers, self._marked = numbers, marked
        self._go(current, refill=True)

    def mark(self, marked: np.ndarray, current: int | None, *, go: bool) -> None:
        """Mark other rows."""
        self._marked = marked
        if go:
            self._go(current, refill=False)
        self._show_marks()

    def sorted_by(self, name: str, *, descending: bool) -> None:
        """Say in the headers which column the rows are sorted by."""
        for column, header in zip(self.columns, self.headers, strict=True):
            arrow = (" ▼" if descending else " ▲") if column.name == name else ""
            header.description = text.visible(f"{column.header}{arrow}")

    def say(self, note: str) -> None:
        """Say how many rows there are and how many are selected."""
        show(self._note, safe_html("{note}", note=note))

    def turn(self, by: int) -> None:
        """Show another page; the selection stays."""
        page = self._page + by
        if 0 <= page * len(self.rows) < len(self._numbers):
            self._page = page
            self._fill()

    def shown(self) -> list[int]:
        """Give the numbers of the rows on this page."""
        start = self._page * len(self.rows)
        return self._numbers[start : start + len(self.rows)].tolist()

    # ---- building and filling -------------------------------------------------------------------------------

    def _button(self, words: str, flex: str, *, on: Callable[[Any], None] | None, tabbable: bool) -> controls.Button:
        layout = ipywidgets.Layout(flex=flex, width="auto", min_width="0")
        button = controls.Button(description=words, layout=layout, tabbable=tabbable)
        if on is not None:
            button.on_click(on)
        return button

    def _header(self, column: Column) -> controls.Button:
        header = self._button("", _flex(column), on=lambda _: self._events.sorted(column.name), tabbable=True)
        header.tooltip = text.visible(f"Sort by {column.header}")
        return header

    def _row(self, at: int, focus: str) -> controls.HBox:
        buttons = [self._button("☐", "0 0 34px", on=partial(self._on, "toggle", at), tabbable=True)]
        for column in self.columns:
            on = partial(self._on, "only", at)
            buttons.append(self._button("", _flex(column), on=on, tabbable=column.name == focus))
        return controls.HBox(buttons, layout=ipywidgets.Layout(display="none"))

    def _on(self, how: How, at: int, _: Any) -> None:
        place = self._page * len(self.rows) + at
        if place < len(self._numbers):
            self._events.picked(how, place, place)

    def _go(self, current: int | None, *, refill: bool) -> None:
        at = place_of(current, self._numbers)
        page = at // len(self.rows) if at >= 0 else (0 if refill else self._page)
        if refill or page != self._page:
            self._page = page
            self._fill()

    def _fill(self) -> None:
        numbers = self.shown()
        for row, cells in zip(self.rows, self._cells(numbers) if numbers else [], strict=False):
            row.layout.display = "flex"
            for button, cell in zip(row.children[1:], map(spoken, cells), strict=True):
                button.description, button.tooltip = cell.text, cell.hint or cell.text
                others = tuple(name for name in button._dom_classes if not name.startswith("gi-"))
                button._dom_classes = (*others, cell.css_class) if cell.css_class else others
        for row in self.rows[len(numbers) :]:
            row.layout.display = "none"
        first, n = self._page * len(self.rows), len(self._numbers)
        self.previous.disabled, self.following.disabled = self._page == 0, first + len(self.rows) >= n
        words = f"{first + 1:,} to {first + len(numbers):,} of {n:,}" if n else "no row passes the filters"
        show(self._where, safe_html("{words}", words=words))
        self._show_marks()

    def _show_marks(self) -> None:
        for number, row in zip(self.shown(), self.rows, strict=False):
            on = bool(self._marked[number])
            row.children[0].description, row.children[0].tooltip = ("☑", "Deselect") if on else ("☐", "Select too")
            (row.add_class if on else row.remove_class)("gi-on")


def _flex(column: Column) -> str:
    return f"{column.share} 1 {column.least}px"

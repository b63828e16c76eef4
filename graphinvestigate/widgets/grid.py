"""A page of rows made of plain buttons: every cell of a row picks the row, every header sorts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets

from graphinvestigate import text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the grid: its name, what its header says, and how wide it is (CSS flex)."""

    name: str
    header: str
    flex: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell says, a class of ours that colours it, and what the mouse over it says where that is more."""

    text: str
    css_class: str = ""
    hint: str = ""


class ButtonGrid:
    """Rows of buttons, made once and filled anew for every page.

    The title's button of each row takes the keyboard's focus (Tab, then Space or Enter); the row's other cells
    are for the mouse.

    Parameters
    ----------
    columns : sequence of Column
        What each row shows.
    page_size : int
        How many rows there are at most.
    focus : str
        The column whose buttons take the keyboard's focus.
    on_pick : callable
        Called with the key of the row that was picked.
    on_sort : callable
        Called with the name of the column whose header was pressed.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        page_size: int,
        focus: str,
        on_pick: Callable[[str], None],
        on_sort: Callable[[str], None],
    ) -> None:
        self.columns = tuple(columns)
        self.keys: list[str] = []
        layouts = [ipywidgets.Layout(flex=column.flex, width="auto", min_width="0") for column in columns]
        self.headers = []
        for column, layout in zip(columns, layouts, strict=True):
            header = ipywidgets.Button(description=column.header, layout=layout, tooltip=f"Sort by {column.header}")
            header.on_click(lambda _, name=column.name: on_sort(name))
            self.headers.append(header)
        head = ipywidgets.HBox(self.headers)
        for name in ("gi-row", "gi-header"):
            head.add_class(name)
        self.rows: list[ipywidgets.HBox] = []
        for at in range(page_size):
            cells = []
            for column, layout in zip(columns, layouts, strict=True):
                cell = ipywidgets.Button(layout=layout, tabbable=column.name == focus)
                cell.add_class(f"gi-{column.name}")
                cell.on_click(lambda _, at=at: on_pick(self.keys[at]) if at < len(self.keys) else None)
                cells.append(cell)
            row = ipywidgets.HBox(cells, layout=ipywidgets.Layout(display="none"))
            row.add_class("gi-row")
            self.rows.append(row)
        self._classes = [["" for _ in columns] for _ in range(page_size)]
        self.widget = ipywidgets.VBox([head, *self.rows])
        self.widget.add_class("gi-grid")

    def fill(self, keys: Sequence[str], cells: Sequence[Sequence[Cell]], *, picked: str | None) -> None:
        """Show these rows, and none else; the picked one is marked."""
        self.keys = list(keys)
        for at, row in enumerate(self.rows):
            row.layout.display = "flex" if at < len(keys) else "none"
            if at < len(keys):
                self._fill_row(at, cells[at])
        self.mark(picked)

    def mark(self, picked: str | None) -> None:
        """Mark the row with this key."""
        for at, row in enumerate(self.rows):
            if at < len(self.keys) and self.keys[at] == picked:
                row.add_class("gi-on")
            else:
                row.remove_class("gi-on")

    def sorted_by(self, name: str, *, descending: bool) -> None:
        """Say in the headers which column the rows are sorted by."""
        for column, header in zip(self.columns, self.headers, strict=True):
            arrow = (" ▼" if descending else " ▲") if column.name == name else ""
            header.description = f"{column.header}{arrow}"

    def _fill_row(self, at: int, cells: Sequence[Cell]) -> None:
        for number, (button, cell) in enumerate(zip(self.rows[at].children, cells, strict=True)):
            button.description = text.visible(cell.text, 120)
            button.tooltip = text.visible(cell.hint or cell.text, 400)
            before = self._classes[at][number]
            if before != cell.css_class:
                if before:
                    button.remove_class(before)
                if cell.css_class:
                    button.add_class(cell.css_class)
                self._classes[at][number] = cell.css_class

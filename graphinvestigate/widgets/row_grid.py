"""A grid for a hundred thousand rows: Python keeps them, the page asks for those it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import anywidget
import numpy as np
import traitlets

from graphinvestigate import text
from graphinvestigate.widgets.controls import InTurn
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.grid import Cell, Column, Events, place_of, spoken

PAGE = 100
"""Rows that the page asks for at a time; as in row_grid.js."""
_KEPT = 12  # pages whose marks are sent unasked when the selection changes
_HERE = files("graphinvestigate.widgets")
_HOWS = frozenset({"only", "toggle", "range", "extend"})


class _Sheet(InTurn, anywidget.AnyWidget):
    """What the page knows beforehand: how many rows, of which columns, sorted how; the rows themselves it asks for.

    Whatever is selected, this state stays small: marks travel with the rows.
    """

    _esm = "".join(_HERE.joinpath(name).read_text(encoding="utf-8") for name in ("keys.js", "names.js", "row_grid.js"))
    _css = _HERE.joinpath("row_grid.css").read_text(encoding="utf-8")
    columns: Any = traitlets.List().tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    rows = traitlets.Int(12).tag(sync=True)
    sort = traitlets.Dict().tag(sync=True)
    cursor = traitlets.Int(0).tag(sync=True)
    version = traitlets.Int(0).tag(sync=True)
    reveal = traitlets.Int(0).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    empty = traitlets.Unicode("").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)


class RowGrid:
    """Rows in one scrolling grid, for mouse and keyboard.

    Parameters
    ----------
    columns : sequence of Column
        What each row shows.
    cells : callable
        Numbers → the cells of their rows; asked for those that the page shows.
    events : Events
        Who is told what users do.
    rows : int
        How many rows are in view.
    label : str
        What the rows are.
    messages : Messages
        Where errors of those who are told are shown.
    empty : str
        What stands in it where there is no row.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[Sequence[int]], list[list[Cell]]],
        events: Events,
        *,
        rows: int,
        label: str,
        messages: Messages,
        empty: str = "",
    ) -> None:
        self.columns = tuple(columns)
        self._cells, self._events, self._messages = cells, events, messages
        self._numbers, self._marked = np.empty(0, np.int64), np.empty(0, bool)
        self._answering = False
        self._sent: dict[int, None] = {}  # pages that the page has, the latest last
        drawn = [{"header": text.visible(c.header, 60), "least": c.least, "share": c.share} for c in columns]
        self.widget = _Sheet(columns=drawn, rows=rows, label=label, empty=empty)
        self.widget.on_msg(self._on_message)

    def show(self, numbers: np.ndarray, marked: np.ndarray, current: int | None) -> None:
        """Show rows of these numbers, from the current one on; the page forgets those it had."""
        self._numbers, self._marked = numbers, marked
        place = place_of(current, self._numbers)
        with self.widget.hold_sync():
            self.widget.total, self.widget.cursor = len(numbers), max(place, 0)
            self.widget.version += 1
        self._sent = {}
        if len(numbers):
            page = max(place, 0) // PAGE
            self._send_pages([one for one in (page - 1, page) if one >= 0])

    def mark(self, marked: np.ndarray, current: int | None, *, go: bool) -> None:
        """Mark other rows; what the page has is marked anew, other pages when it asks for them again."""
        self._marked = marked
        self._send_marks()
        place = place_of(current, self._numbers) if go else -1
        if place >= 0:
            with self.widget.hold_sync():
                self.widget.cursor = place
                self.widget.reveal += 1

    def sorted_by(self, name: str, *, descending: bool) -> None:
        """Say by which column the rows are sorted."""
        at = next(at for at, column in enumerate(self.columns) if column.name == name)
        self.widget.sort = {"column": at, "descending": descending}

    def say(self, note: str) -> None:
        """Say how many rows there are and how many are selected."""
        self.widget.note = text.visible(note, 400)

    # ---- what the page says ---------------------------------------------------------------------------------

    def _on_message(self, _: Any, message: Any, __: Any) -> None:
        self._answering = message.get("type") != "pages"
        with self._messages.shown(keep=not self._answering):
            if message.get("type") == "sort":
                self._events.sorted(self.columns[int(message["column"])].name)
            elif message.get("version") == self.widget.version:  # else it names places of rows that moved since
                self._obey(message)
        if self._answering:  # nothing changed; the page waits for an answer before it tells more
            self._send_marks()

    def _obey(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "pages":
            last = (len(self._numbers) - 1) // PAGE
            self._send_pages([page for page in message["pages"] if isinstance(page, int) and 0 <= page <= last][:20])
        elif kind == "pick" and message["how"] in _HOWS:
            places = [int(message["row"]), int(message.get("anchor", message["row"]))]
            if all(0 <= place < len(self._numbers) for place in places):
                self._events.picked(message["how"], *places)
        elif kind in {"all", "none"}:
            self._events.picked_all(kind == "all")

    # ---- what the page is told ------------------------------------------------------------------------------

    def _of_page(self, page: int) -> np.ndarray:
        return self._numbers[page * PAGE : (page + 1) * PAGE]

    def _on(self, page: int) -> str:
        return "".join(np.where(self._marked[self._of_page(page)], "1", "0"))

    def _send_pages(self, pages: Sequence[int]) -> None:
        sent = []
        for page in pages:
            rows = [[list(spoken(cell)) for cell in row] for row in self._cells(self._of_page(page).tolist())]
            sent.append({"page": page, "rows": rows, "on": self._on(page)})
            self._sent.pop(page, None)
            self._sent[page] = None
        self._sent = dict.fromkeys(list(self._sent)[-_KEPT:])
        self.widget.send({"type": "pages", "version": self.widget.version, "pages": sent})

    def _send_marks(self) -> None:
        pages = [{"page": page, "on": self._on(page)} for page in self._sent]
        answers, self._answering = self._answering, False
        self.widget.send({"type": "marks", "version": self.widget.version, "pages": pages, "answers": answers})

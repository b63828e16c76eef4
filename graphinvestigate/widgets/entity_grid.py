"""The entities that a drawing shows, as a grid to sort, search and select in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.style import kind_word, severity_rank
from graphinvestigate.widgets import controls
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.details import severity_class, severity_words
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.grid import Cell, Column, Events, How
from graphinvestigate.widgets.row_grid import RowGrid
from graphinvestigate.widgets.shown import Node

GRID = (
    Column("severity", "Severity", 115),
    Column("kind", "Kind", 90, 1),
    Column("name", "Name", 200, 3),
    Column("links", "Links", 64),
    Column("first_seen", "First seen, UTC", 134),
    Column("last_seen", "Last seen, UTC", 134),
    Column("note", "Note", 100, 2),
)
COLUMNS = tuple(column.name for column in GRID)
_FIRST_DOWN = frozenset({"severity", "links", "first_seen", "last_seen"})
_ROWS = 9
_UNKNOWN = Cell("unknown", "gi-muted")


@each_in_turn(turn_of)
class EntityGrid:
    """A table beside a drawing: what is selected in it is selected everywhere.

    Parameters
    ----------
    on_select : callable
        Called with the nodes that a user selects, the current one last.
    messages : Messages
        Where errors are shown.

    Attributes
    ----------
    widget : controls.VBox
        To be shown.
    """

    def __init__(self, on_select: Callable[[Sequence[Node]], object], messages: Messages) -> None:
        self._on_select, self._messages = on_select, messages
        self._sort, self._descending, self._words = "severity", True, ""
        self._nodes: tuple[Entity, ...] = ()
        self._rows: tuple[tuple[Any, ...], ...] = ()
        self._order = np.empty(0, dtype=np.int64)
        self._marked = np.empty(0, dtype=bool)
        self._state: State | None = None
        self._quiet = False
        self.text = controls.Text(
            placeholder="Words of a name or note …", continuous_update=False,
            tooltip="List only entities that have these words", layout=ipywidgets.Layout(width="260px"),
        )  # fmt: skip
        self.text.observe(self._on_text, names="value")
        self._grid = RowGrid(
            GRID, self._cells, Events(self._on_pick, self._on_pick_all, self._on_sort), rows=_ROWS, label="Entities",
            messages=messages, empty="No entity that is drawn has these words: change them, or draw more.",
        )  # fmt: skip
        self.widget = controls.VBox([self.text, self._grid.widget])

    @property
    def shown(self) -> list[Entity]:
        """The entities that are listed, in their order."""
        return [self._nodes[at] for at in self._order.tolist()]

    def sort(self, column: str, *, descending: bool | None = None) -> None:
        """Sort the list, as a click on a header does.

        Parameters
        ----------
        column : str
            One of severity, kind, name, links, first_seen, last_seen, note.
        descending : bool, optional
            The direction; if not given, the gravest, most linked and latest come first, and a second call turns it.
        """
        if column not in COLUMNS:
            raise UsageError(f"the table of entities sorts by one of {', '.join(COLUMNS)}, not {column!r}")
        if descending is None:
            descending = not self._descending if column == self._sort else column in _FIRST_DOWN
        self._sort, self._descending = column, descending
        self._list()

    def filter(self, text: str = "") -> None:
        """List only entities that have all these words in their kind, name, key, identifiers or note."""
        self._words = text.casefold().strip()
        self._list()

    def state_lines(self, name: str) -> list[str]:
        """Give the calls that sort and filter another table like this one."""
        lines = [f"{name}.filter({self._words!r})"] if self._words else []
        if (self._sort, self._descending) != ("severity", True):
            lines.append(f"{name}.sort({self._sort!r}, descending={self._descending})")
        return lines

    def show(self, state: State) -> None:
        """List what a drawing shows now; the grid keeps its place if only the selection changed."""
        nodes = tuple(node for node in state.positions if isinstance(node, Entity))
        rows = tuple(_row(state, node) for node in nodes)
        self._state = state
        if (nodes, rows) != (self._nodes, self._rows):
            self._nodes, self._rows = nodes, rows
            self._list()
        else:
            self._mark()
            self._grid.mark(self._marked, self._current(), go=True)
            self._say()

    # ---- what users do --------------------------------------------------------------------------------------

    def _on_pick(self, how: How, place: int, anchor: int) -> None:
        chosen = self._state.nodes if self._state is not None else ()
        first, last = sorted((place, anchor if how != "only" else place))
        picked = [self._nodes[at] for at in self._order[first : last + 1].tolist()]
        node = self._nodes[int(self._order[place])]
        if how == "toggle":
            kept = [one for one in chosen if one != node]
            self._on_select(kept if node in chosen else [*kept, node])
            return
        others = [one for one in (chosen if how == "extend" else ()) if one not in picked]
        self._on_select([*others, *(one for one in picked if one != node), node])

    def _on_pick_all(self, on: bool) -> None:
        self._on_select(self.shown if on else ())

    def _on_sort(self, column: str) -> None:
        self.sort(column)

    def _on_text(self, change: Any) -> None:
        if not self._quiet:
            with self._messages.shown():
                self.filter(change["new"])

    # ---- state → grid ---------------------------------------------------------------------------------------

    def _list(self) -> None:
        column, words = COLUMNS.index(self._sort), self._words.split()
        passing = [at for at, row in enumerate(self._rows) if all(word in row[-1] for word in words)]
        plain = sorted(passing, key=lambda at: (-self._rows[at][3], self._nodes[at]))  # of equals the most linked first
        ordered = sorted(
            plain, key=lambda at: _key(self._sort, self._rows[at][column]), reverse=self._descending
        )  # equals keep their order in both directions
        self._order = np.array(ordered, dtype=np.int64)
        self._mark()
        self._grid.sorted_by(self._sort, descending=self._descending)
        self._grid.show(self._order, self._marked, self._current())
        self._say()
        self._quiet = True
        try:
            self.text.value = self._words
        finally:
            self._quiet = False

    def _mark(self) -> None:
        chosen = set(self._state.nodes) if self._state is not None else set()
        self._marked = np.array([node in chosen for node in self._nodes], dtype=bool)

    def _current(self) -> int | None:
        current = self._state.current if self._state is not None else None
        return self._nodes.index(current) if current in self._nodes else None

    def _say(self) -> None:
        shown, marked = len(self._order), int(np.count_nonzero(self._marked))
        of = f" of {len(self._nodes):,}" if shown < len(self._nodes) else ""
        self._grid.say(f"{shown:,}{of} entities shown · {marked:,} selected")

    def _cells(self, numbers: Sequence[int]) -> list[list[Cell]]:
        cells = []
        for at in numbers:
            worst, kind, name, links, first, last, note, _ = self._rows[at]
            cells.append(
                [
                    Cell(severity_words(worst), severity_class(worst)), Cell(kind),
                    Cell(name, "gi-strong", f"{name} ({self._nodes[at].key})"), Cell(f"{links:,}"), _time(first),
                    _time(last), Cell(note),
                ]
            )  # fmt: skip
        return cells


def _row(state: State, node: Entity) -> tuple[Any, ...]:
    """Give what the columns say of a node, in their order, and last what words are looked for in."""
    data, called, note = state.graph.nodes[node], state.called(node), state.said(node)
    kind = kind_word(node.kind)
    known = " ".join([kind, called, node.key, note, *(data.get("identifiers") or ())]).casefold()
    first, last = (data.get(name) if isinstance(data.get(name), str) else "" for name in ("first_seen", "last_seen"))
    return state.facts.worst(node), kind, called, len(state.facts.near(node)), first, last, note, known


def _key(column: str, value: Any) -> Any:
    if column == "severity":
        return severity_rank(value)
    return value.casefold() if isinstance(value, str) else value


def _time(value: str) -> Cell:
    return Cell(value[:16].replace("T", " "), "", f"{value[:19].replace('T', ' ')} UTC") if value else _UNKNOWN

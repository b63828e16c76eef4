"""What the rows of the alert queue say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from graphinvestigate.linking.tactics import tactic_of
from graphinvestigate.views.style import source_word
from graphinvestigate.widgets.details import severity_class, severity_words
from graphinvestigate.widgets.grid import Cell, Column
from graphinvestigate.widgets.rows import Queue

GRID = (
    Column("severity", "Severity", 123),
    Column("first_activity", "First activity, UTC", 166),
    Column("title", "Title", 280, 5),
    Column("entities", "Impacted entities", 140, 3),
    Column("status", "Status", 88),
    Column("source", "Source", 130, 1),
    Column("tactic", "Tactic", 120, 1),
    Column("last_activity", "Last activity, UTC", 166),
    Column("assigned_to", "Assigned to", 110, 1),
)
_NONE = Cell("-", "gi-muted")


def cells_of(queue: Queue, numbers: Sequence[int]) -> list[list[Cell]]:
    """Give the cells of some alerts' rows, in the order of `GRID`; not escaped yet.

    Parameters
    ----------
    queue : Queue
        Where they are.
    numbers : sequence of int
        Which.

    Returns
    -------
    list of list of Cell
    """
    part = queue.table.iloc[list(numbers)]
    columns = {name: part[name].tolist() for name in part}
    rows = []
    for at, number in enumerate(numbers):
        value = {name: column[at] for name, column in columns.items()}
        names = queue.names.of(number)
        rows.append(
            [
                Cell(severity_words(value["severity"]), severity_class(value["severity"])),
                _time(value["first_activity"]),
                _text(value["title"], "gi-strong"),
                Cell(queue.names.words(number), "", ", ".join(names)) if names else _NONE,
                _text(value["status"]),
                Cell(source_word(value["source"]), "", value["source"]) if _known(value["source"]) else _NONE,
                _tactic(value["category"]),
                _time(value["last_activity"]),
                _text(value["assigned_to"]),
            ]
        )
    return rows


def _known(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _text(value: object, css_class: str = "") -> Cell:
    return Cell(str(value), css_class) if _known(value) else _NONE


def _tactic(category: object) -> Cell:
    if not _known(category):
        return _NONE
    tactic = tactic_of(category)
    if tactic is None:
        return Cell(str(category), "gi-muted", f"category {category}: no tactic of ATT&CK")
    return Cell(tactic)


def _time(value: object) -> Cell:
    if not isinstance(value, pd.Timestamp) or value is pd.NaT:
        return Cell("unknown", "gi-muted")
    return Cell(f"{value:%Y-%m-%d %H:%M}", "", f"{value:%Y-%m-%d %H:%M:%S} UTC")

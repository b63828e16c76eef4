"""What a column, a resource and the evidence table are, and the columns of each, read from ``schema.json``.

``tools/generate_schema.py`` writes that file from Graph's published metadata and states how columns get their names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Dtype = Literal["string", "strings", "time", "int", "float", "bool", "json", "raw"]

TABLES: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Column:
    """One property of a record.

    Attributes
    ----------
    name : str
        The column: the property's path in snake_case, joined by ``_``.
    path : tuple of str
        Where the value stands in the record's JSON.
    dtype : str
        `string` (str), `strings` (lists of str), `time` (datetime64[ns, UTC]), `int` (Int64), `float` (Float64),
        `bool` (boolean), `json` (JSON text as str), `raw` (JSON text as a slice of the page).
    graph_type : str
        Graph's own type, without namespace.
    enum : tuple of str or None
        The members Graph documents; others occur.
    needs_prefer : tuple of str
        Members that Graph sends only when asked to (``Prefer: include-unknown-enum-members``).
    beta : bool
        Only the beta endpoint sends it.
    types : tuple of str
        The evidence types that have it; empty: all.
    """

    name: str
    path: tuple[str, ...]
    dtype: Dtype
    graph_type: str
    enum: tuple[str, ...] | None = None
    needs_prefer: tuple[str, ...] = ()
    beta: bool = False
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one kind of record.

    Attributes
    ----------
    name : str
        What messages call it.
    record_kind : str
    columns : tuple of Column
    """

    name: str
    record_kind: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection of Graph.

    Attributes
    ----------
    name, record_kind : str
        The collection (``alerts``) and one of it (``alert``).
    path : str
        Where Graph lists it.
    columns : tuple of Column
    event_time : str
        The column that says when it happened.
    updated : str or None
        The column that says which of two answers for one id is newer.
    window : str
        The Graph property that `since` and `until` apply to.
    window_operators : tuple of str
        What the window's start and end are compared with.
    page_size : int
        The largest `$top` to ask for.
    count : bool
        Whether `$count` is supported.
    filters : dict of str to str
        Column → the Graph property that the server filters on.
    local_filters : tuple of str
        Columns that Graph does not filter on, so they are compared here.
    permission : str
        The least application permission.
    docs : str
        The documentation page.
    identity : tuple of str
        The columns that together name one record; rows that agree in them are versions of it.
    window_on_server : bool
        Whether Graph filters on `window`; where not, `since` and `until` are compared here.
    """

    name: str
    record_kind: str
    path: str
    columns: tuple[Column, ...]
    event_time: str
    updated: str | None
    window: str
    window_operators: tuple[str, str]
    page_size: int
    count: bool
    filters: dict[str, str]
    local_filters: tuple[str, ...]
    permission: str
    docs: str
    identity: tuple[str, ...] = ("id",)
    window_on_server: bool = True

    def column(self, name: str) -> Column:
        """Look a column up.

        Parameters
        ----------
        name : str

        Returns
        -------
        Column

        Raises
        ------
        KeyError
            There is none of that name.
        """
        return column_of(self.columns, name)


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """The evidence of alerts, all types in one table.

    Attributes
    ----------
    name, record_kind : str
    columns : tuple of Column
        Those that every type has first.
    types : tuple of str
        The types Graph documents; others occur.
    event_time : str
        The alert's, on every row.
    """

    name: str
    record_kind: str
    columns: tuple[Column, ...]
    types: tuple[str, ...]
    event_time: str

    def column(self, name: str) -> Column:
        """Look a column up, as `Resource.column` does."""
        return column_of(self.columns, name)


def column_of(columns: tuple[Column, ...], name: str) -> Column:
    """Look a column up by its name; KeyError where there is none."""
    for column in columns:
        if column.name == name:
            return column
    raise KeyError(name)


def columns_of(table: str) -> tuple[Column, ...]:
    """Give the columns of one table of ``schema.json``."""
    columns = []
    for entry in TABLES["columns"][table]:
        enum = TABLES["enums"].get(entry.get("enum"), {})
        columns.append(
            Column(
                name=entry["name"],
                path=tuple(entry["path"]),
                dtype=entry["dtype"],
                graph_type=entry["type"],
                enum=tuple(enum["members"]) if enum else None,
                needs_prefer=tuple(enum.get("needs_prefer", ())),
                beta=entry.get("beta", False),
                types=tuple(entry.get("types", ())),
            )
        )
    return tuple(columns)


def filters_of(table: str, *names: str) -> dict[str, str]:
    """Give the Graph paths of columns: what the documentation of the resource says can be filtered with `eq`."""
    paths = {column.name: "/".join(column.path) for column in columns_of(table)}
    return {name: paths[name] for name in names}

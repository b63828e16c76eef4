"""What a case holds, in memory ↔ its files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.cases import records
from graphinvestigate.cases.columns import column_from_json, column_to_json
from graphinvestigate.cases.graph_json import FILE as GRAPH, graph_as_read, graph_from_bytes, graph_pieces
from graphinvestigate.cases.manifest import dumped, parsed
from graphinvestigate.cases.requests import FILE as REQUESTS, Request, in_order, read_requests
from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.files import sha256_of
from graphinvestigate.notes import Note
from graphinvestigate.text import log

NOTES, ACTIONS = "notes.json", "actions.jsonl"
RECORDS, TABLES, FIGURES = "records", "tables", "figures"

Action = dict[str, Any]
"""One thing that was done: `id`, `at` (ISO, UTC), `action`, and facts as plain JSON."""


@dataclass(slots=True)
class Contents:
    """What a case holds.

    Attributes
    ----------
    frames : dict of str to DataFrame
        Records of Graph, by kind (``alerts``).
    tables : dict of str to DataFrame
        Other tables an analyst added.
    graph : networkx.MultiDiGraph or None
        The entity graph.
    figures : dict of str to dict
        Plotly figures as JSON.
    notes : dict of str to Note
        By id; also those that no longer stand.
    requests : dict of str to dict
        What was asked of Graph.
    actions : dict of str to dict
        What was done, by id.
    editions : dict of str to int
        The latest edition of each explorer that was added in this session; it is not saved.
    """

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    graph: nx.MultiDiGraph | None = None
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    editions: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Contents:
        """Give contents of their own to add to; the frames themselves are shared."""
        shared = (self.frames, self.tables, self.figures, self.notes, self.requests, self.actions)
        frames, tables, figures, notes, requests, actions = (dict(one) for one in shared)
        return Contents(frames, tables, self.graph, figures, notes, requests, actions, dict(self.editions))


def pieces_of(contents: Contents) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Write a case's contents as its files, each in pieces of some megabytes that end where a line does.

    Yields
    ------
    name : str
    pieces : iterable of bytes
        To be read before the next file is asked for; the same contents give the same bytes.
    """
    for name, frame in contents.frames.items():
        yield from records.frame_pieces(name, frame)
    for name, table in contents.tables.items():
        columns = [column_to_json(str(column), table[column]) for column in table.columns]
        yield f"{TABLES}/{name}.json", [dumped({"rows": len(table), "columns": columns})]
    for name, figure in contents.figures.items():
        yield f"{FIGURES}/{name}.json", [dumped(figure)]
    if contents.graph is not None:
        yield GRAPH, graph_pieces(contents.graph)
    notes = sorted(contents.notes.values(), key=lambda note: (note.written, note.note_id))
    yield NOTES, [dumped({"notes": [note.to_json() for note in notes]})]
    yield REQUESTS, [_lines(in_order(contents.requests.values()))]
    actions = sorted(contents.actions.values(), key=lambda one: (str(one.get("at")), str(one["id"])))
    yield ACTIONS, [_lines(actions)]


def files_of(contents: Contents) -> dict[str, Iterable[bytes]]:
    """Write a case's contents as its files: each in pieces that can be read again and again.

    The graph's, the largest by far, are made anew each time from the graph; what is held of it is the graph.
    """
    rest = replace(contents, graph=None)
    files: dict[str, Iterable[bytes]] = {name: [b"".join(pieces)] for name, pieces in pieces_of(rest)}
    if contents.graph is not None:
        files[GRAPH] = _Graph(contents.graph)
    return files


class _Graph(Iterable[bytes]):
    """The file of a graph."""

    def __init__(self, g: nx.MultiDiGraph) -> None:
        self.g = g

    def __iter__(self) -> Iterator[bytes]:
        return graph_pieces(self.g)


def files_hashes(contents: Contents) -> dict[str, str]:
    """Hash the files that contents would be written as."""
    return {name: sha256_of(pieces) for name, pieces in pieces_of(contents)}


def as_read(contents: Contents, files: Mapping[str, Iterable[bytes]]) -> Contents:
    """Give the contents that a reader of the files of contents finds; their graph itself, where it is that.

    Raises
    ------
    BadFileError
        They could not be read again.
    """
    graph = contents.graph and graph_as_read(contents.graph)
    found = contents_of({name: b"".join(pieces) for name, pieces in files.items() if name != GRAPH})
    return replace(found, graph=graph)


def contents_of(files: Mapping[str, bytes]) -> Contents:
    """Read a case's contents from its files.

    Raises
    ------
    BadFileError
        A file holds something else than its place says.
    """
    contents = Contents()
    for name in _names(files, RECORDS, ".jsonl"):
        contents.frames[name] = records.frame_from_files(name, files)
    for name in _names(files, TABLES, ".json"):
        contents.tables[name] = _table(files[f"{TABLES}/{name}.json"], source=f"{TABLES}/{name}.json")
    for name in _names(files, FIGURES, ".json"):
        figure = parsed(files[f"{FIGURES}/{name}.json"], source=f"{FIGURES}/{name}.json")
        if not isinstance(figure, dict):
            raise BadFileError(f"{FIGURES}/{name}.json: no figure; the case is damaged.")
        contents.figures[name] = figure
    if GRAPH in files:
        contents.graph = graph_from_bytes(files[GRAPH])
    contents.notes = _notes(files.get(NOTES, b'{"notes": []}'))
    contents.requests = read_requests(files.get(REQUESTS, b""))
    contents.actions = _actions(files.get(ACTIONS, b""))
    return contents


def _names(files: Iterable[str], folder: str, ending: str) -> list[str]:
    return sorted(
        name.removeprefix(f"{folder}/").removesuffix(ending)
        for name in files
        if name.startswith(f"{folder}/") and name.endswith(ending)
    )


def _lines(values: Iterable[Any]) -> bytes:
    write: Callable[..., str] = json.dumps
    return "".join(f"{write(one, sort_keys=True, ensure_ascii=True, allow_nan=False)}\n" for one in values).encode()


def _table(body: bytes, *, source: str) -> pd.DataFrame:
    value = parsed(body, source=source)
    columns, rows = (value.get("columns"), value.get("rows")) if isinstance(value, dict) else (None, None)
    if not isinstance(columns, list) or not isinstance(rows, int):
        raise BadFileError(f"{source}: no table; the case is damaged.")
    read = dict(column_from_json(one, rows, source=source) for one in columns)
    return pd.DataFrame(read, index=range(rows)) if read else pd.DataFrame(index=range(min(rows, records.MOST_ROWS)))


def _notes(body: bytes) -> dict[str, Note]:
    value = parsed(body, source=NOTES)
    listed = value.get("notes") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise BadFileError(f"{NOTES}: it holds no list of notes; the case is damaged.")
    try:
        notes = [Note.from_json(one) for one in listed]
    except UsageError as error:
        raise BadFileError(f"{NOTES}: {error} The case is damaged.") from error
    return {note.note_id: note for note in notes}


def _actions(body: bytes) -> dict[str, Action]:
    found: dict[str, Action] = {}
    for number, line in enumerate(body.splitlines(), start=1):
        value = parsed(line, source=f"{ACTIONS}, line {number}")
        if not isinstance(value, dict) or not all(isinstance(value.get(k), str) for k in ("id", "at", "action")):
            raise BadFileError(f"{ACTIONS}, line {number}: {log(repr(value))} is no action; the case is damaged.")
        found[value["id"]] = value
    return found

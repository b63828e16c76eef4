"""A whole case under pseudonyms: records, graph, notes, requests and steps, in files that were searched as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx

from graphinvestigate.cases.case import Case
from graphinvestigate.cases.contents import Contents, files_of
from graphinvestigate.cases.redaction.documents import Replace, walked
from graphinvestigate.cases.redaction.fields import kind_of
from graphinvestigate.cases.redaction.frames import redacted_frame
from graphinvestigate.cases.redaction.graphs import GraphRedaction
from graphinvestigate.cases.redaction.pages import strings
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.notes import Note

# What tells entries apart within the case, and is random.
_OURS = frozenset(
    {"id", "at", "action", "pull_id", "note_id", "place", "kind", "started", "finished", "since", "until"}
)


def case_things(case: Case) -> list[Any]:
    """Everything in a case from which names are learnt."""
    contents = case._contents
    actions = [strings_of_action(one) for one in contents.actions.values()]
    return [*contents.frames.values(), *contents.tables.values(), case.graph, *actions]


def strings_of_action(action: dict[str, Any]) -> dict[str, Any]:
    """An action's facts without what only tells it from others."""
    return {name: value for name, value in action.items() if name not in _OURS}


def redacted_case(case: Case, replace: Replace) -> Case:
    """Give a case with the same contents under pseudonyms, not saved yet.

    Parameters
    ----------
    case : Case
        Not changed.
    replace : callable
        As in `documents.walked`.

    Raises
    ------
    UsageError
        Files of it were damaged: what they held cannot be redacted.
    """
    if case.problems:
        raise UsageError("this case has damaged files (see case.problems): mend it, or redact an older copy.")
    old, g = case._contents, case.graph
    graph = GraphRedaction(g, replace)
    new = Contents(
        frames={name: redacted_frame(frame, replace) for name, frame in old.frames.items()},
        tables={name: redacted_frame(table, replace) for name, table in old.tables.items()},
        graph=graph.graph(),
        figures={name: strings(figure, replace) for name, figure in old.figures.items()},
        notes={note_id: _note(note, graph) for note_id, note in old.notes.items()},
        requests={name: _said(request, graph) for name, request in old.requests.items()},
        actions={name: _said(action, graph) for name, action in old.actions.items()},
    )
    made = Case(replace(case.name, None))
    made.created = case.created
    made._contents = new
    made._added = made._graph = new.graph
    return made


def case_files(case: Case) -> Iterator[bytes]:
    """All files of a case as they would be saved, one after the other, and its name."""
    yield case.name.encode("utf-8", "surrogatepass")
    contents = case._contents.copy()
    contents.graph = case.graph
    yield from files_of(contents).values()


def _note(note: Note, graph: GraphRedaction) -> Note:
    value = note.to_json()
    value["text"] = graph.replace(note.text, None)
    value["author"] = graph.replace(note.author, "account") if note.author else ""
    value["places"] = [_said(place, graph) for place in note.places]
    return Note.from_json(value)


def _said(value: Any, graph: GraphRedaction, name: str = "") -> Any:
    """What a place, a request or a step says: nodes by their identifiers, ids as ids, the rest as free text."""
    if isinstance(value, dict):
        made = {key: one if key in _OURS else _said(one, graph, str(key)) for key, one in value.items()}
        if value.get("place") == "record":
            made["id"] = graph.replace(value["id"], "id")
        if "identifiers" in value and isinstance(value.get("key"), str):
            made["key"] = _key(value, graph)
        return made
    if isinstance(value, list | tuple):
        return [_said(one, graph, name) for one in value]
    if not isinstance(value, str):
        return value
    if name == "identifiers":
        return graph._text(value)
    if name in ("resource", "path", "what", "note", "relation"):
        return graph.replace(value, None)
    return walked(value, graph.replace, name) if kind_of(name) != "kept" else value


def _key(value: dict[str, Any], graph: GraphRedaction) -> str:
    kind, key = str(value.get("kind", "")), value["key"]
    node = Record(kind, key) if Record(kind, key) in graph.g else Entity(kind, key)
    if node not in graph.g:
        known = nx.MultiDiGraph()
        known.add_node(node, identifiers=list(value["identifiers"]))
        return GraphRedaction(known, graph.replace).node(node)[1]
    return graph.node(node)[1]

"""A whole case under pseudonyms: records, graph, notes, requests and steps, in files that were searched as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import networkx as nx

from graphinvestigate.cases.adding import action
from graphinvestigate.cases.contents import Contents, pieces_of
from graphinvestigate.cases.graph_json import FILE as GRAPH
from graphinvestigate.cases.rebuilding import SETTINGS, graph_of
from graphinvestigate.cases.records import LEGACY
from graphinvestigate.cases.redaction.beyond import beyond, with_beyond
from graphinvestigate.cases.redaction.called import Called
from graphinvestigate.cases.redaction.documents import walked
from graphinvestigate.cases.redaction.fields import kind_of
from graphinvestigate.cases.redaction.frames import redacted_frame
from graphinvestigate.cases.redaction.graphs import GraphRedaction
from graphinvestigate.cases.redaction.pages import strings
from graphinvestigate.cases.redaction.texts import Texts
from graphinvestigate.cases.saying import Sayings
from graphinvestigate.errors import UsageError
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.linking import Entity, Record
from graphinvestigate.notes import Note

# What tells entries apart within the case, is random or a word of ours, and stays where it looks like it.
_OURS = frozenset({"at", "action", "pull_id", "note_id", "place", "kind", "started", "finished", "since", "until"})
_LOOKS_OURS = re.compile(
    r"[0-9a-f]{32}|[a-z_]{1,40}(?:-[0-9a-f]{12})?|\d{1,4}[mhdw]"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)"
)
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_CHANGED = ("before", "after")
_NUMBERS = re.compile(rb'"([a-z_]{1,40})":\[("\d{1,20}"(?:,"\d{1,20}")*)\]')


def case_things(case: Sayings) -> list[Any]:
    """Everything in a case from which names are learnt."""
    contents = case._contents
    actions = [strings_of_action(one) for one in contents.actions.values()]
    authors = [{"accountName": note.author} for note in contents.notes.values() if note.author]
    return [*contents.frames.values(), *contents.tables.values(), case.graph, *actions, *authors]


def strings_of_action(action: dict[str, Any]) -> dict[str, Any]:
    """An action's facts without what only tells it from others."""
    return {name: value for name, value in action.items() if name != "id" and not _is_ours(name, value)}


def redacted_case(case: Sayings, replace: Texts) -> Sayings:
    """Give a case with the same contents under pseudonyms, not saved yet.

    Parameters
    ----------
    case : Case
        Not changed.
    replace : Texts
        That has learnt the case.

    Raises
    ------
    UsageError
        Files of it were damaged: what they held cannot be redacted.
    """
    if case.problems:
        raise UsageError("this case has damaged files (see case.problems): mend it, or redact an older copy.")
    old, g = case._contents, case.graph
    called = Called(replace)
    theirs = [name for name in old.frames if name not in RESOURCES and name != LEGACY]
    frames = {name: name for name in old.frames} | dict(called.names("answer", theirs))
    more = beyond(g, graph_of(old.frames, like=g))
    graph = GraphRedaction(g, replace)
    said = _Said(graph, called)
    made_frames = {frames[name]: redacted_frame(frame, replace) for name, frame in old.frames.items()}
    # What follows from the records follows from the redacted ones: so a replay gives it, and nobody has both.
    made_graph = graph.rebuilt(graph_of(made_frames, like=graph.settings(SETTINGS)))
    new = Contents(
        frames=made_frames,
        tables={made: redacted_frame(old.tables[name], replace) for name, made in called.names("table", old.tables)},
        graph=with_beyond(graph, made_graph, more) if more else made_graph,
        figures={made: strings(old.figures[name], replace) for name, made in called.names("figure", old.figures)},
        notes={note_id: said.note(note) for note_id, note in old.notes.items()},
        requests={name: said.of(request) for name, request in old.requests.items()},
        actions={name: said.step(action) for name, action in old.actions.items()},
    )
    told = action("redact")  # who reads the copy must know that its names are nobody's
    new.actions[told["id"]] = told
    return case._another(replace(case.name, None), new)


def case_files(case: Sayings) -> Iterator[bytes]:
    """All files of a case as they would be saved, piece by piece, and its name and theirs."""
    names = [case.name]
    contents = case._contents.copy()
    contents.graph = case.graph
    for name, pieces in pieces_of(contents):
        names.append(name)
        yield from map(_with_numbers, pieces) if name == GRAPH else pieces
    yield "\n".join(names).encode("utf-8", "surrogatepass")


def _with_numbers(piece: bytes) -> bytes:
    """A graph's lines in which numbers of fields that name nobody are numbers: a process's id is no incident's."""

    def plain(found: re.Match[bytes]) -> bytes:
        kept = kind_of(found[1].decode("ascii")) == "kept"
        return b'"%b":[%b]' % (found[1], found[2].replace(b'"', b"")) if kept else found[0]

    return _NUMBERS.sub(plain, piece)


def names_of_files(case: Sayings) -> list[str]:
    """What an analyst called the tables, figures and answers of a case."""
    contents = case._contents
    return [*contents.frames, *contents.tables, *contents.figures]


def _is_ours(name: str, value: Any) -> bool:
    return name in _OURS and isinstance(value, str) and _LOOKS_OURS.fullmatch(value) is not None


class _Said:
    """What notes, requests and steps say: nodes by their identifiers, ids as ids, the rest as free text."""

    def __init__(self, graph: GraphRedaction, called: Called) -> None:
        self._graph, self._called = graph, called

    def note(self, note: Note) -> Note:
        """A note, at the places that have its places' pseudonyms."""
        graph = self._graph
        value = note.to_json()
        value["text"] = graph.replace(note.text, None)
        value["author"] = graph.replace(note.author, "account") if note.author else ""
        value["places"] = [self.of(place) for place in note.places]
        return Note.from_json(value)

    def step(self, action: dict[str, Any]) -> dict[str, Any]:
        """A step; its own id is random, those in it are records'."""
        said = self.of({name: value for name, value in action.items() if name != "id"})
        return {**said, "id": action["id"]}

    def of(self, value: Any, name: str = "") -> Any:
        """Anything that one of them says."""
        graph = self._graph
        if isinstance(value, dict):
            made = {key: one if _is_ours(str(key), one) else self.of(one, str(key)) for key, one in value.items()}
            if value.get("place") == "record":
                made["id"] = graph.replace(value["id"], "id")
            if "identifiers" in value and isinstance(value.get("key"), str):
                made["key"] = self._key(value)
            if isinstance(value.get("field"), str):  # of what was in it before, its field says what it is
                there = [one for one in _CHANGED if isinstance(value.get(one), str)]
                made |= {one: walked(value[one], graph.replace, value["field"]) for one in there}
            return made
        if isinstance(value, list | tuple):
            return [self.of(one, name) for one in value]
        if not isinstance(value, str):
            return value
        if name == "identifiers":
            return graph._text(value)
        if name == "what" and (made_name := self._called.said(value)) is not None:
            return made_name
        if name in ("resource", "path", "what", "note", "relation", *_OURS):
            return graph.replace(value, None)
        return value if kind_of(name) == "kept" and _WORD.fullmatch(value) else walked(value, graph.replace, name)

    def _key(self, value: dict[str, Any]) -> str:
        graph = self._graph
        kind, key = str(value.get("kind", "")), value["key"]
        node = Record(kind, key) if Record(kind, key) in graph.g else Entity(kind, key)
        if node not in graph.g:
            known = nx.MultiDiGraph()
            known.add_node(node, identifiers=list(value["identifiers"]))
            return GraphRedaction(known, graph.replace).node(node)[1]
        return graph.node(node)[1]

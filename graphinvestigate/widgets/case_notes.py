"""Notes of a case that was opened again, on the nodes and links of the graph that an explorer shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import networkx as nx
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.notes import Note, identified, nodes_at, place_words
from graphinvestigate.widgets.safe import Safe, join, safe_html
from graphinvestigate.widgets.shown import Node

Pair = frozenset[Node]
_OF_AN_EXPLORER = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}")
_LINK = "On its link with"


class OpenedCase(Protocol):
    """What an explorer reads of a case."""

    @property
    def notes(self) -> pd.DataFrame:
        """Its notes and findings, as `notes_frame` lays them out."""

    @property
    def actions(self) -> list[dict[str, Any]]:
        """What was done in it."""

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Its records by kind."""

    @property
    def graph(self) -> nx.MultiDiGraph:
        """Its entity graph."""


def opened(case: Any) -> OpenedCase:
    """Check that this is a case.

    Raises
    ------
    UsageError
        It is something else.
    """
    if not all(hasattr(case, name) for name in ("notes", "actions", "frames", "graph", "notes_on")):
        raise UsageError(f"case takes what gi.open_case(…) returned, not {type(case).__name__}")
    found: OpenedCase = case
    return found


@dataclass(frozen=True, slots=True)
class CaseNotes:
    """Notes that were written elsewhere, by where they belong in a graph.

    Attributes
    ----------
    notes : tuple of Note
        All of them, oldest first.
    on : mapping of node to tuple of Note
    links : mapping of two nodes to tuple of Note
    elsewhere : tuple of Note
        About the case as a whole, a time span, or what this graph does not hold.
    """

    notes: tuple[Note, ...] = ()
    on: Mapping[Node, tuple[Note, ...]] = field(default_factory=dict)
    links: Mapping[Pair, tuple[Note, ...]] = field(default_factory=dict)
    elsewhere: tuple[Note, ...] = ()

    def around(self, node: Node) -> list[tuple[Node, Note]]:
        """Give the notes on the links of a node, with the other ends."""
        return [
            (other, note)
            for pair, notes in self.links.items()
            if node in pair
            for other in pair - {node}
            for note in notes
        ]


NO_NOTES = CaseNotes()


def placed(g: nx.MultiDiGraph, notes: Iterable[Note]) -> CaseNotes:
    """Find where notes belong in a graph, by the identifiers that they name.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    notes : iterable of Note

    Returns
    -------
    CaseNotes
    """
    every = tuple(notes)
    if not every:
        return NO_NOTES
    known = identified(g, (place for note in every for place in note.places))
    on: dict[Node, list[Note]] = {}
    links: dict[Pair, list[Note]] = {}
    elsewhere = []
    for note in every:
        found = False
        for place in note.places:
            if place["place"] == "edge":
                first, second = (nodes_at(g, end, known) for end in place["ends"])
                pairs = {frozenset((a, b)) for a in first for b in second if g.has_edge(a, b) or g.has_edge(b, a)}
                for pair in sorted(pairs, key=sorted):
                    links.setdefault(pair, []).append(note)
                found = found or bool(pairs)
            else:
                nodes = nodes_at(g, place, known)
                for node in nodes:
                    on.setdefault(node, []).append(note)
                found = found or bool(nodes)
        if not found:
            elsewhere.append(note)
    return CaseNotes(every, _frozen(on), _frozen(links), tuple(elsewhere))


def _frozen(notes: Mapping[Any, list[Note]]) -> dict[Any, tuple[Note, ...]]:
    return {key: tuple({note.note_id: note for note in found}.values()) for key, found in notes.items()}


def own_notes(g: nx.MultiDiGraph, notes: Sequence[Note]) -> dict[Node, Note]:
    """Give the notes that explorers wrote on nodes, the latest of each node: they can be changed where they stand.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    notes : sequence of Note
        Those of a case that stand, oldest first.
    """
    written = [note for note in notes if _OF_AN_EXPLORER.fullmatch(note.note_id) and len(note.places) == 1]
    known = identified(g, (place for note in written for place in note.places))
    own: dict[Node, Note] = {}
    for note in written:
        (place,) = note.places
        if note.kind == "note" and place["place"] in ("entity", "record") and "field" not in place:
            nodes = nodes_at(g, place, known)
            own |= {nodes[0]: note} if len(nodes) == 1 else {}
    return own


def read_notes(table: pd.DataFrame) -> list[Note]:
    """Read notes as `notes_frame` lays them out.

    Parameters
    ----------
    table : DataFrame
        What ``case.notes`` gives.
    """
    return [
        Note(
            text=row.text, kind=row.kind, value=row.value, author=row.author, note_id=row.note_id,
            written=row.written.isoformat(timespec="microseconds"), places=tuple(row.places),
        )
        for row in table.itertuples()
    ]  # fmt: skip


def note_html(note: Note, *, about: str = "") -> Safe:
    """Show a note with who wrote it and when."""
    kind = "" if note.kind == "note" else f"{note.kind}: "
    said = ", ".join(filter(None, [note.author, f"{note.written[:16].replace('T', ' ')} UTC"]))
    return safe_html(
        '<p class="gi-note">{about}{kind}{text} <span class="gi-muted">({said})</span></p>',
        about=f"{about}: " if about else "",
        kind=kind,
        text=note.text,
        said=said,
    )


def notes_of_a_node(notes: CaseNotes, node: Node, called: Mapping[Node, str]) -> Safe:
    """Show the notes of a case on a node, and those on its links by their other ends."""
    own = [note_html(note) for note in notes.on.get(node, ())]
    links = [note_html(note, about=f"{_LINK} {called.get(other, other[1])}") for other, note in notes.around(node)]
    return join([*own, *links])


def elsewhere_words(notes: CaseNotes) -> list[str]:
    """Say what the case notes about no node or link of this graph: a sentence each."""
    said = []
    for note in notes.elsewhere:
        about = "; ".join(place_words(place) for place in note.places) or "the case"
        said.append(f"Noted on {about}: {note.text}")
    return said


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """A pivot of another session, as a case keeps it.

    Attributes
    ----------
    at : str
        When, as an ISO text in UTC.
    not_read : tuple of str
        Sources that did not come, or not to their end.
    """

    at: str
    not_read: tuple[str, ...] = ()


def asked_before(g: nx.MultiDiGraph, actions: Iterable[Mapping[str, Any]]) -> dict[tuple[Entity, str], AskedBefore]:
    """Give what pivots asked in a case: by entity and window, the last one.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    actions : iterable of mappings
        The case's, oldest first.
    """
    pivots = [one for one in actions if one.get("action") == "pivot" and "since" in one and not one.get("error")]
    places = [_place(one) for one in pivots]
    known = identified(g, places)
    found: dict[tuple[Entity, str], AskedBefore] = {}
    for one, place in zip(pivots, places, strict=True):
        for node in nodes_at(g, place, known):
            if not isinstance(node, Record):
                said = tuple(map(str, one.get("not_read") or ()))
                found[node, str(one["since"] or "")] = AskedBefore(str(one["at"]), said)
    return found


def _place(one: Mapping[str, Any]) -> dict[str, Any]:
    names = [text for text in one.get("identifiers") or () if isinstance(text, str)]
    kind, key = str(one.get("kind", "")), str(one.get("key", ""))
    return {"place": "entity", "kind": kind, "identifiers": [*names, f"key={key}"]}

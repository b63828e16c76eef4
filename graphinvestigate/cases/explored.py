"""What was noted on an explorer's nodes, as notes of a case."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from graphinvestigate.cases.contents import Contents
from graphinvestigate.linking import Record
from graphinvestigate.linking.nodes import Node
from graphinvestigate.notes import Note, current_notes, entity_place, identified, nodes_at, record_place


def add_notes(contents: Contents, explorer: Any, whose: str, *, author: str = "") -> None:
    """Keep what an explorer notes now; what it noted before and notes no longer is replaced or withdrawn, on record.

    A note is as old as the step that made it. Of two looks at one explorer the later counts, whichever comes first
    here: threads may overtake each other.

    Parameters
    ----------
    contents : Contents
        Changed in place.
    explorer : EntityExplorer
        Its ``notes`` are by node of its ``graph``, ``noted`` says when, ``origins`` which notes of a case they were.
    whose : str
        Names the explorer: notes of others are left alone.
    author : str
        Who wrote them.
    """
    if explorer.edition < contents.editions.get(whose, -1):
        return
    contents.editions[whose] = explorer.edition
    g, noted = explorer.graph, explorer.notes
    before = _before(contents, explorer, whose)
    for node, words in noted.items():
        old = before.get(node, [])
        if node not in g or [note.text for note in old] == [words]:
            continue
        origins = explorer.origins.get(node, ())
        if not old and [note.text for note in origins] == [words] and not _changed(contents, origins, whose):
            for note in origins:  # another case's; or one that was taken back here by hand, and stays so
                contents.notes.setdefault(note.note_id, note)
            continue
        place = record_place(node) if isinstance(node, Record) else entity_place(g, node)
        said = {"written": explorer.noted[node]} if node in explorer.noted else {}
        _keep(contents, whose, text=words, places=(place,), author=author, replaces=_last(old), **said)
        _withdraw(contents, whose, old[:-1], author=author)
    for node, old in before.items():
        if node not in noted:
            _withdraw(contents, whose, old, author=author)


def _before(contents: Contents, explorer: Any, whose: str) -> dict[Node, list[Note]]:
    """Give the notes that stand in the case and are this explorer's, by node: its own, and those it was opened with."""
    g = explorer.graph
    standing = {note.note_id: note for note in current_notes(contents.notes.values())}
    before: dict[Node, list[Note]] = {}
    for node, origins in explorer.origins.items():
        before[node] = [standing[one.note_id] for one in origins if one.note_id in standing]
    ours = [note for note in standing.values() if note.note_id.startswith(f"{whose}-")]
    known = identified(g, (place for note in ours for place in note.places))
    for note in ours:
        for node in (node for place in note.places for node in nodes_at(g, place, known)):
            before.setdefault(node, []).append(note)
    return {node: notes for node, notes in before.items() if notes}


def _changed(contents: Contents, origins: Sequence[Note], whose: str) -> bool:
    """Tell whether this explorer replaced or withdrew the notes that it was opened with."""
    ids = {note.note_id for note in origins}
    return any(note.replaces in ids and note.note_id.startswith(f"{whose}-") for note in contents.notes.values())


def _last(notes: list[Note]) -> str:
    return notes[-1].note_id if notes else ""


def _withdraw(contents: Contents, whose: str, notes: list[Note], *, author: str) -> None:
    for note in notes:
        _keep(contents, whose, text="", places=note.places, author=author, replaces=note.note_id, withdrawn=True)


def _keep(contents: Contents, whose: str, **said: Any) -> None:
    note = Note(note_id=f"{whose}-{uuid.uuid4().hex}", **said)
    contents.notes[note.note_id] = note

"""What was noted on an explorer's nodes, as notes of a case."""

from __future__ import annotations

import uuid
from typing import Any

from graphinvestigate.cases.contents import Contents
from graphinvestigate.linking import Record
from graphinvestigate.notes import Note, current_notes, entity_place, nodes_at, record_place


def add_notes(contents: Contents, explorer: Any, whose: str, *, author: str = "") -> None:
    """Keep what an explorer notes now; what it noted before and notes no longer is replaced or withdrawn, on record.

    Parameters
    ----------
    contents : Contents
        Changed in place.
    explorer : EntityExplorer
        Its ``notes`` are by node of its ``graph``.
    whose : str
        Names the explorer: notes of others are left alone.
    author : str
        Who wrote them.
    """
    g = explorer.graph
    ours = [note for note in current_notes(contents.notes.values()) if note.note_id.startswith(f"{whose}-")]
    before = {node: note for note in ours for place in note.places for node in nodes_at(g, place)}
    noted = getattr(explorer, "notes", {})
    for node, words in noted.items():
        old = before.get(node)
        if node not in g or (old is not None and old.text == words):
            continue
        place = record_place(node) if isinstance(node, Record) else entity_place(g, node)
        replaces = "" if old is None else old.note_id
        _keep(contents, whose, text=words, places=(place,), author=author, replaces=replaces)
    for node, old in before.items():
        if node not in noted:
            _keep(contents, whose, text="", places=old.places, author=author, replaces=old.note_id, withdrawn=True)


def _keep(contents: Contents, whose: str, **said: Any) -> None:
    note = Note(note_id=f"{whose}-{uuid.uuid4().hex}", **said)
    contents.notes[note.note_id] = note

"""What analysts say in a case: notes, findings, checks and the verdict, and where they find them again."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.cases import adding
from graphinvestigate.cases.checklist import checklist
from graphinvestigate.cases.contents import Contents
from graphinvestigate.cases.guard import guarded
from graphinvestigate.cases.storage import Problem
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.nodes import Node
from graphinvestigate.notes import (
    Note,
    current_notes,
    edge_place,
    entity_place,
    identified,
    nodes_at,
    notes_frame,
    record_place,
    time_place,
)
from graphinvestigate.text import log
from graphinvestigate.turns import Turn, each_in_turn

Edge = tuple[Node | str, Node | str] | tuple[Node | str, Node | str, str]


def turn_of(case: Sayings) -> Turn:
    """Give the turn of a case: an observer of a widget may write into it beside the cell that saves it."""
    return case._turn


@each_in_turn(turn_of)
class Sayings(ABC):
    """The part of a `Case` that analysts write; what works on cases without making them knows no more than this."""

    name: str
    author: str
    _contents: Contents
    _turn: Turn

    @property
    @abstractmethod
    def graph(self) -> nx.MultiDiGraph:
        """The case's entity graph."""

    @property
    @abstractmethod
    def coverage(self) -> pd.DataFrame:
        """The case's requests."""

    @property
    @abstractmethod
    def path(self) -> Path | None:
        """Where the case lies."""

    @property
    @abstractmethod
    def problems(self) -> list[Problem]:
        """What was wrong with the case's files."""

    @abstractmethod
    def _whole(self, *beginnings: str) -> None:
        """Refuse to give a part that was damaged on disk."""

    @abstractmethod
    def _another(self, name: str, contents: Contents) -> Self:
        """A case of other contents, made when this one was, and not saved yet."""

    def note(
        self,
        text: str,
        *,
        entity: Entity | str | None = None,
        record: Record | pd.Series | None = None,
        edge: Edge | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        replaces: str = "",
    ) -> Note:
        """Write a note on the case, or on an entity, a record, a link or a time span; of several, on each.

        Parameters
        ----------
        text : str
            What was seen. It stays text wherever it is shown.
        entity : Entity or str, optional
            Whom or what it is about; text is looked up in `case.graph`. It is stored by its identifiers.
        record : Record or pandas.Series, optional
            A record of the graph, or one row of a frame (``alerts.iloc[0]``, a row of evidence too).
        edge : tuple, optional
            ``(a, b)`` or ``(a, b, relation)``: the link between two nodes.
        since, until : str or datetime, optional
            A time span: ISO texts with their zone, or aware datetimes.
        replaces : str
            The `note_id` of an older note that this one takes the place of; the older one is kept on record.

        Returns
        -------
        Note

        Raises
        ------
        UsageError, EntityNotFoundError, AmbiguousEntityError
            It has no words, or what it is about is not there.
        """
        places = self._places(entity, record, edge, since, until)
        return self._write(Note(text=text, places=places, author=self.author, replaces=replaces))

    def finding(
        self,
        text: str,
        *,
        entity: Entity | str | None = None,
        record: Record | pd.Series | None = None,
        edge: Edge | None = None,
        since: str | datetime | None = None,
        until: str | datetime | None = None,
        replaces: str = "",
    ) -> Note:
        """Write down a finding: a note that the report opens with. Arguments as in `note`."""
        places = self._places(entity, record, edge, since, until)
        return self._write(Note(text=text, kind="finding", places=places, author=self.author, replaces=replaces))

    def checked(self, what: str, *, entity: Entity | str | None = None, replaces: str = "") -> Note:
        """Tick off something that was looked at: `what`, in words."""
        places = self._places(entity, None, None, None, None)
        return self._write(
            Note(text=what, kind="check", value="checked", places=places, author=self.author, replaces=replaces)
        )

    def not_checked(self, what: str, *, entity: Entity | str | None = None, replaces: str = "") -> Note:
        """Put something on the list of what was not checked, with the reason: ``"mailbox rules: no permission"``."""
        places = self._places(entity, None, None, None, None)
        return self._write(
            Note(text=what, kind="check", value="not checked", places=places, author=self.author, replaces=replaces)
        )

    def conclude(self, verdict: str, why: str) -> Note:
        """Give the case's verdict; a later one takes its place, and the older one is kept on record.

        Parameters
        ----------
        verdict : {"malicious", "suspicious", "noThreatsFound", "unknown"}
            Graph's own words for evidence.
        why : str
            What it rests on.
        """
        before = self.verdict
        replaces = before.note_id if before is not None else ""
        return self._write(Note(text=why, kind="verdict", value=verdict, author=self.author, replaces=replaces))

    def withdraw(self, note: Note | str) -> None:
        """Take a note back; it is kept on record, and no longer shown.

        Parameters
        ----------
        note : Note or str
            The note, or its `note_id`.
        """
        note_id = note.note_id if isinstance(note, Note) else note
        if note_id not in self._contents.notes:
            raise UsageError(f"the case has no note {log(repr(note_id))}; case.notes lists them with their note_id.")
        kind = self._contents.notes[note_id].kind
        value = self._contents.notes[note_id].value
        self._write(Note(text="", kind=kind, value=value, author=self.author, replaces=note_id, withdrawn=True))

    def focus(self, incident: Record | str) -> None:
        """Say which incident the case is about: the report tells how that one unfolded.

        Parameters
        ----------
        incident : Record or str
            The incident or its id. Without this it is the only one, or the one that looks most like an intrusion.
        """
        record = incident if isinstance(incident, Record) else Record("incident", incident)
        if record.kind != "incident" or record not in self.graph:
            raise UsageError(f"the case holds no incident {log(repr(record.id))}: add it (get_incident) first.")
        entry = adding.action("focus", record_kind="incident", record_id=record.id)
        self._contents.actions[entry["id"]] = entry

    def add_step(self, action: str, **facts: Any) -> None:
        """Write down something that was done, outside of this tool too: it stands in the report's list of steps.

        Parameters
        ----------
        action : str
            A word for it, such as ``called`` or ``isolated``.
        **facts : JSON values
            What else to know; `text` is what the report says.
        """
        entry = adding.action(action, **json.loads(json.dumps(facts, default=str)))
        self._contents.actions[entry["id"]] = entry

    @property
    def notes(self) -> pd.DataFrame:
        """Notes and findings that stand, oldest first; the columns are those of `notes_frame`."""
        self._whole("notes.json")
        with guarded(self.path):
            return notes_frame([n for n in self._standing() if n.kind in ("note", "finding")], self.graph)

    @property
    def checklist(self) -> pd.DataFrame:
        """What was checked and what was not, by the requests and by the analyst: `item`, `state`, `why`, `source`."""
        self._whole("notes.json", "requests.jsonl", "records/")
        with guarded(self.path):
            return checklist(self._standing(), self.coverage, self._contents.frames)

    @property
    def verdict(self) -> Note | None:
        """The verdict that stands: `.value` and `.text`; None where there is none yet."""
        self._whole("notes.json")
        given = [note for note in self._standing() if note.kind == "verdict"]
        return given[-1] if given else None

    def notes_on(self, node: Node | str) -> pd.DataFrame:
        """Notes and findings on an entity or record, whatever it was called when they were written."""
        self._whole("notes.json")
        found = node if isinstance(node, Record) else linking.find_entity(self.graph, node)
        standing, g = self._standing(), self.graph
        known = identified(g, (place for note in standing for place in note.places))
        on = [note for note in standing if any(found in nodes_at(g, place, known) for place in note.places)]
        return notes_frame([note for note in on if note.kind in ("note", "finding")], self.graph)

    def _standing(self) -> list[Note]:
        return current_notes(self._contents.notes.values())

    def _write(self, note: Note) -> Note:
        self._whole("notes.json")
        self._contents.notes[note.note_id] = note
        return note

    def _places(
        self,
        entity: Entity | str | None,
        record: Record | pd.Series | None,
        edge: Edge | None,
        since: str | datetime | None,
        until: str | datetime | None,
    ) -> tuple[dict[str, Any], ...]:
        places = []
        if entity is not None:
            places.append(entity_place(self.graph, entity))
        if record is not None:
            places.append(record_place(record))
        if edge is not None:
            if not isinstance(edge, tuple) or len(edge) not in (2, 3):
                raise UsageError("edge takes (a, b) or (a, b, relation).")
            places.append(edge_place(self.graph, *edge))
        if since is not None or until is not None:
            places.append(time_place(since, until))
        return tuple(places)

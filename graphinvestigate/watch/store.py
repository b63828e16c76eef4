"""What a watch remembers between polls and restarts: one SQLite file, changed in whole transactions.

What a poll found (events, incidents to open, how far it read) is written in one transaction, so a kill loses nothing:
either the poll happened, or it is made again and finds the same. Events have ids made of what they tell, so that the
same thing found again is the same event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from graphinvestigate.cases.locks import locked
from graphinvestigate.errors import BadFileError, NotSavedError, UsageError
from graphinvestigate.files import private_folder
from graphinvestigate.text import log

SCHEMA = 1
NAME = "watch.sqlite3"
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE cursors (resource TEXT PRIMARY KEY, until TEXT NOT NULL);
CREATE TABLE seen (record_kind TEXT, id TEXT, updated TEXT, PRIMARY KEY (record_kind, id, updated));
CREATE TABLE known (record_kind TEXT, id TEXT, PRIMARY KEY (record_kind, id));
CREATE TABLE events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE NOT NULL, body TEXT NOT NULL);
CREATE TABLE delivered (sink TEXT PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE incidents (id TEXT PRIMARY KEY, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, note TEXT);
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it is handed on."""

    sequence: int
    event_id: str
    body: str


class Store:
    """The memory of one watch. Only one process has it at a time.

    Parameters
    ----------
    folder : Path
        Made for this account alone; it holds what Graph answered.
    tenant_id : str
        Whose tenant is watched: a memory is of one.

    Raises
    ------
    UsageError
        It remembers another tenant.
    NotSavedError
        Another watch has it, or it cannot be written.
    BadFileError
        It is damaged, or of a later version.
    """

    def __init__(self, folder: Path, *, tenant_id: str) -> None:
        try:
            private_folder(folder)
        except OSError as error:
            raise NotSavedError(f"{log(str(folder))}: no place for what a watch remembers ({error}).") from error
        self._lock = locked(folder, patience=0.0)
        try:
            self._lock.__enter__()
        except NotSavedError as error:
            raise NotSavedError(
                f"{log(str(folder))} is in use by another watch. End it first, or give this one a --state of its own."
            ) from error
        try:
            self._db = sqlite3.connect(folder / NAME, isolation_level=None, check_same_thread=False)
            (folder / NAME).chmod(0o600)
            self._db.execute("PRAGMA synchronous = FULL")
            self._prepare(tenant_id, folder)
        except sqlite3.DatabaseError as error:
            self._lock.__exit__(None, None, None)
            raise BadFileError(
                f"{log(str(folder / NAME))} is damaged ({log(str(error))}). Move it away: the watch then begins anew."
            ) from error
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise

    def _prepare(self, tenant_id: str, folder: Path) -> None:
        with self.whole():
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
                for statement in _TABLES.split(";"):
                    self._db.execute(statement)
                self._db.executemany(
                    "INSERT INTO about VALUES (?, ?)", [("schema", str(SCHEMA)), ("tenant_id", tenant_id)]
                )
        about = dict(self._db.execute("SELECT name, value FROM about"))
        if about.get("schema") != str(SCHEMA):
            raise BadFileError(
                f"{log(str(folder))} was written by another version of graphinvestigate; update this one."
            )
        if about.get("tenant_id") != tenant_id:
            raise UsageError(
                f"{log(str(folder))} remembers tenant {log(str(about.get('tenant_id')))}: give each tenant a --state "
                "of its own."
            )

    def close(self) -> None:
        """Let go of it."""
        self._db.close()
        self._lock.__exit__(None, None, None)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Everything within is written, or nothing is."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # ---- how far it read ------------------------------------------------------------------------------------

    def cursor(self, resource: str) -> datetime | None:
        """Up to when a resource was read; None where it never was."""
        found = self._db.execute("SELECT until FROM cursors WHERE resource = ?", (resource,)).fetchone()
        return datetime.fromisoformat(found[0]) if found else None

    def move(self, resource: str, until: datetime) -> None:
        """Remember up to when a resource was read."""
        self._db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (resource, until.isoformat()))

    def is_new(self, record_kind: str, record_id: str, updated: str) -> bool:
        """Whether this version of a record was not seen before; it is now."""
        made = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (record_kind, record_id, updated))
        return made.rowcount == 1

    def meets(self, record_kind: str, record_id: str) -> bool:
        """Whether a record was never met before, in any version; it is now."""
        made = self._db.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", (record_kind, record_id))
        return made.rowcount == 1

    def forget(self, record_kind: str, before: str) -> None:
        """Forget versions that no poll can bring again."""
        self._db.execute("DELETE FROM seen WHERE record_kind = ? AND updated < ?", (record_kind, before))

    # ---- events ---------------------------------------------------------------------------------------------

    def next_sequence(self) -> int:
        """The number that the next event gets."""
        found = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return (found[0] if found else 0) + 1

    def add(self, event_id: str, body: str) -> bool:
        """Keep an event; one that is kept already, or was handed on, is not kept twice."""
        made = self._db.execute("INSERT OR IGNORE INTO events (event_id, body) VALUES (?, ?)", (event_id, body))
        return made.rowcount == 1

    def sequence_of(self, event_id: str) -> int | None:
        """The number of a known event."""
        found = self._db.execute("SELECT sequence FROM events WHERE event_id = ?", (event_id,)).fetchone()
        return found[0] if found else None

    def waiting(self, sink: str, limit: int) -> list[Event]:
        """The next events that a sink has not got, in order."""
        rows = self._db.execute(
            "SELECT sequence, event_id, body FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (self.delivered(sink), limit),
        )
        return [Event(*row) for row in rows]

    def delivered(self, sink: str) -> int:
        """The number of the last event that a sink got."""
        found = self._db.execute("SELECT sequence FROM delivered WHERE sink = ?", (sink,)).fetchone()
        return found[0] if found else 0

    def mark(self, sink: str, sequence: int) -> None:
        """Remember what a sink got."""
        self._db.execute("INSERT OR REPLACE INTO delivered VALUES (?, ?)", (sink, sequence))

    def trim(self, sequence: int) -> None:
        """Let go of the texts of events that every sink got; that they were there is remembered."""
        self._db.execute("UPDATE events SET body = '' WHERE sequence <= ? AND body != ''", (sequence,))

    def counted(self) -> int:
        """How many events there ever were."""
        return self.next_sequence() - 1

    # ---- incidents to open ----------------------------------------------------------------------------------

    def want(self, incident_id: str) -> None:
        """Put an incident on the list of those that become cases; once."""
        self._db.execute("INSERT OR IGNORE INTO incidents (id, state) VALUES (?, 'waiting')", (incident_id,))

    def wanted(self) -> Iterable[str]:
        """Incidents that wait to become cases, the fewest tries first."""
        return [
            row[0] for row in self._db.execute("SELECT id FROM incidents WHERE state = 'waiting' ORDER BY tries, id")
        ]

    def tried(self, incident_id: str, note: str) -> int:
        """Remember that opening an incident failed; how often it did."""
        self._db.execute("UPDATE incidents SET tries = tries + 1, note = ? WHERE id = ?", (note, incident_id))
        return int(self._db.execute("SELECT tries FROM incidents WHERE id = ?", (incident_id,)).fetchone()[0])

    def settle(self, incident_id: str, state: str) -> None:
        """Remember what became of an incident: ``opened`` or ``given up``."""
        self._db.execute("UPDATE incidents SET state = ? WHERE id = ?", (state, incident_id))

"""What a watch remembers between polls and restarts: one SQLite file, changed in whole transactions.

What a poll found (events, incidents to open, how far it read) is written in one transaction, so a kill loses nothing:
either the poll happened, or it is made again and finds the same. Events have ids made of what they tell, so that the
same thing found again is the same event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
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
        self._path = folder / NAME
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
            raise self.damaged(log(str(error))) from error
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
        """Everything within is written, or nothing is.

        Raises
        ------
        NotSavedError
            The disk is full, or cannot be written.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:  # a full disk may have ended it already
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise NotSavedError(
                f"what the watch found cannot be remembered ({log(str(error))}); it is found again."
            ) from error

    # ---- how far it read ------------------------------------------------------------------------------------

    def began(self, since: datetime) -> datetime:
        """From when on things are new to this watch: what its first poll asked for, which is given here."""
        self._db.execute("INSERT OR IGNORE INTO about VALUES ('began', ?)", (since.isoformat(),))
        (found,) = self._db.execute("SELECT value FROM about WHERE name = 'began'").fetchone()
        return self._moment(found)

    def cursor(self, resource: str) -> datetime | None:
        """Up to when a resource was read; None where it never was."""
        found = self._db.execute("SELECT until FROM cursors WHERE resource = ?", (resource,)).fetchone()
        return self._moment(found[0]) if found else None

    def _moment(self, kept: object) -> datetime:
        damaged = self.damaged(f"it holds {log(repr(kept))[:60]} for a time")
        try:
            moment = datetime.fromisoformat(str(kept))
        except ValueError as error:
            raise damaged from error
        if moment.utcoffset() is None:  # it is kept with its zone
            raise damaged
        return moment

    def damaged(self, what: str) -> BadFileError:
        """Say that the file is not what was written, and what to do."""
        return BadFileError(f"{log(str(self._path))} is damaged ({what}). Move it away: the watch then begins anew.")

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
        # Not INSERT OR IGNORE: it would use up a number, and a collector takes a gap for a loss.
        new = "INSERT INTO events (event_id, body) SELECT ?, ? WHERE ? NOT IN (SELECT event_id FROM events)"
        made = self._db.execute(new, (event_id, body, event_id))
        return made.rowcount == 1

    def sequence_of(self, event_id: str) -> int | None:
        """The number of a known event."""
        found = self._db.execute("SELECT sequence FROM events WHERE event_id = ?", (event_id,)).fetchone()
        return found[0] if found else None

    def waiting(self, sink: str, limit: int) -> list[Event]:
        """The next events that a sink has not got, in order; those whose texts are kept no longer are none of them."""
        rows = self._db.execute(
            "SELECT sequence, event_id, body FROM events WHERE sequence > ? AND body != '' ORDER BY sequence LIMIT ?",
            (self.delivered(sink), limit),
        )
        return [Event(*row) for row in rows]

    def delivered(self, sink: str) -> int:
        """The number of the last event that a sink got."""
        found = self._db.execute("SELECT sequence FROM delivered WHERE sink = ?", (sink,)).fetchone()
        return found[0] if found else 0

    def mark(self, sink: str, sequence: int) -> None:
        """Remember what a sink got."""
        with self.whole():
            self._db.execute("INSERT OR REPLACE INTO delivered VALUES (?, ?)", (sink, sequence))

    def meet(self, sink: str) -> int | None:
        """Remember a sink from now on; where it was not known, how many earlier events are kept no longer."""
        with self.whole():
            made = self._db.execute("INSERT OR IGNORE INTO delivered VALUES (?, 0)", (sink,))
            if made.rowcount != 1:
                return None
            return int(self._db.execute("SELECT count(*) FROM events WHERE body = ''").fetchone()[0])

    def absent(self, sinks: Collection[str]) -> dict[str, int]:
        """The sinks that are known and none of these; how many events wait for each."""
        known = [row[0] for row in self._db.execute("SELECT sink FROM delivered ORDER BY sink")]
        return {sink: self.count_waiting(sink) for sink in known if sink not in sinks}

    def count_waiting(self, sink: str) -> int:
        """How many events a sink has not got."""
        count = "SELECT count(*) FROM events WHERE sequence > ? AND body != ''"
        return int(self._db.execute(count, (self.delivered(sink),)).fetchone()[0])

    def forget_sinks(self, sinks: Collection[str]) -> None:
        """Keep nothing for these sinks any more."""
        with self.whole():
            self._db.executemany("DELETE FROM delivered WHERE sink = ?", [(sink,) for sink in sinks])

    def trim(self) -> None:
        """Let go of the texts of events that every known sink got; that they were there is remembered."""
        with self.whole():
            self._db.execute(
                "UPDATE events SET body = '' WHERE body != '' AND sequence <= (SELECT min(sequence) FROM delivered)"
            )

    def counted(self) -> int:
        """How many events there ever were."""
        return self.next_sequence() - 1

    # ---- incidents to open ----------------------------------------------------------------------------------

    def want(self, incident_id: str) -> None:
        """Put an incident on the list of those that become cases; once."""
        self._db.execute("INSERT OR IGNORE INTO incidents (id, state) VALUES (?, 'waiting')", (incident_id,))

    def wanted(self) -> Mapping[str, int]:
        """Incidents that wait to become cases, the fewest tries first; how often each was waited for in vain."""
        return dict(self._db.execute("SELECT id, tries FROM incidents WHERE state = 'waiting' ORDER BY tries, id"))

    def tried(self, incident_id: str, note: str | None = None) -> None:
        """Remember that a poll ended without this incident having become a case; and why, where that was tried."""
        self._db.execute(
            "UPDATE incidents SET tries = tries + 1, note = coalesce(?, note) WHERE id = ?", (note, incident_id)
        )

    def settle(self, incident_id: str, state: str) -> None:
        """Remember what became of an incident: ``opened``."""
        self._db.execute("UPDATE incidents SET state = ? WHERE id = ?", (state, incident_id))

"""The watch: poll, keep cases, hand events on; again and again, and on from where it was killed."""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

import pandas as pd

from graphinvestigate import queries
from graphinvestigate.client import GraphClient, odata_datetime, parse_time
from graphinvestigate.errors import (
    GraphInvestigateError,
    LicenceMissingError,
    NotSavedError,
    PermissionMissingError,
    UsageError,
)
from graphinvestigate.frames.schema import RESOURCES, Resource
from graphinvestigate.text import log
from graphinvestigate.watch import keeping
from graphinvestigate.watch.events import (
    ALSO,
    FORMATS,
    WATCHED,
    Body,
    case_event,
    name_of,
    record_event,
    time_of,
    updated_of,
    written,
)
from graphinvestigate.watch.matching import Wanted
from graphinvestigate.watch.notebook import NotebookError, check_notebook, run_notebook
from graphinvestigate.watch.sinks import Sink
from graphinvestigate.watch.store import Store

LISTS: Mapping[str, Callable[..., pd.DataFrame]] = {
    "alerts": queries.list_alerts,
    "incidents": queries.list_incidents,
    "risk_detections": queries.list_risk_detections,
    "risky_users": queries.list_risky_users,
    "sign_ins": functools.partial(queries.list_sign_ins, event_types=["interactive", "nonInteractive"]),
    "directory_audits": queries.list_directory_audits,
}
OVERLAP = timedelta(minutes=10)  # what Graph shows later than its own time of update says is still found
LEAST_INTERVAL = 30.0
MOST_INTERVAL = 86_400.0
MANY_TRIES = 4  # in a row; after them every 8th, 16th, 32nd … poll tries: an outage ends, a broken record may not
_BATCH = 100

Tell = Callable[[str], None]


class Watch:
    """Watches one tenant.

    Parameters
    ----------
    client : GraphClient
    state : Path
        A folder of its own for what it remembers.
    sinks : sequence of Sink
        Where events go.
    cases : Path, optional
        The folder of cases: open ones are kept up to date, new incidents that are wanted become cases there.
    wanted : Wanted, optional
        Which new incidents become cases; none without it.
    notebook : Path, optional
        Run on each case that is opened, with ``case_path`` and ``incident_id`` as parameters.
    since : str or datetime
        How far back the first poll looks.
    look_back : str
        How far back pivots of a new case look.
    format : {"jsonl", "ocsf"}
        How events are written.
    also : collection of {"sign_ins", "directory_audits"}
        What else to watch: sign-ins (interactive and not) and audits, which are many.
    forget_others : bool
        Whether destinations that were named before and are not named now are forgotten, with what is kept for them.
    tell : callable, optional
        Told what happens, in sentences.

    Attributes
    ----------
    undone : list of str
        What the last poll could not do and a later one will do, in sentences: events that a destination did not take,
        incidents that became no case. Nothing of it is lost.

    Raises
    ------
    UsageError
        Something that cannot be right.
    NotSavedError
        Another watch uses `state`, or a folder cannot be written.
    """

    def __init__(
        self,
        client: GraphClient,
        state: Path,
        sinks: Sequence[Sink],
        *,
        cases: Path | None = None,
        wanted: Wanted | None = None,
        notebook: Path | None = None,
        since: str | datetime = "1h",
        look_back: str = "30d",
        format: str = "jsonl",
        also: Collection[str] = (),
        forget_others: bool = False,
        tell: Tell | None = None,
    ) -> None:
        if isinstance(also, str) or not set(also) <= set(ALSO):
            raise UsageError(f"also is a list of {' and '.join(ALSO)}; got {log(repr(also))}.")
        state = Path(state)
        cases, notebook = (None if path is None else Path(path) for path in (cases, notebook))
        self._watched = (*WATCHED, *(name for name in ALSO if name in also))
        if format not in FORMATS:
            raise UsageError(f"events are written as {' or '.join(FORMATS)}; got {log(repr(format))}.")
        if (wanted is not None or notebook is not None) and cases is None:
            raise UsageError("name the folder of cases that new incidents become cases in.")
        if notebook is not None:
            check_notebook(notebook)
        if parse_time(look_back, now=datetime.now(UTC)) is None:  # here, not when there is an incident
            raise UsageError("pivots of a new case look back somewhere: give look_back, such as '30d'.")
        self._client, self._cases, self._wanted, self._notebook = client, cases, wanted, notebook
        self._since, self._look_back, self._format = since, look_back, format
        self._tell = tell or (lambda _: None)
        self._sinks = list(sinks)
        self._unreadable: set[str] = set()
        self.undone: list[str] = []
        if cases is not None:
            try:
                cases.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise NotSavedError(
                    f"{log(str(cases))}: no folder for cases ({error.strerror or log(str(error))}). Name one that you "
                    "may write."
                ) from error
        self._store = Store(state, tenant_id=client.tenant_id)
        try:
            self._meet_sinks(forget_others)
        except BaseException:
            self._store.close()
            raise

    def _meet_sinks(self, forget_others: bool) -> None:
        """Go on with each destination where it was, and say what waits for those that are not here."""
        for sink in self._sinks:
            if gone := self._store.meet(sink.name):
                self._tell(
                    f"{log(sink.name)} is new here: {gone} earlier events were handed on and are kept no longer."
                )
            has = sink.recover(self._store.sequence_of)
            if has > self._store.delivered(sink.name):
                self._store.mark(sink.name, has)
        absent = self._store.absent([sink.name for sink in self._sinks])
        if forget_others:
            self._store.forget_sinks(absent)
            return
        for name, waiting in absent.items():
            self._tell(
                f"{log(name)} is not named this time: {_events(waiting)} for it and what comes is kept too. "
                "If it is gone for good, start once with --forget-others."
            )

    def close(self) -> None:
        """Let go of what it remembers."""
        self._store.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, *, interval: float, stop: threading.Event) -> None:
        """Poll until told to stop; a poll that fails is told, and made again.

        Parameters
        ----------
        interval : float
            Seconds between polls; at least 30, at most a day.
        stop : threading.Event
            Set it to end after the step at hand.
        """
        if not isinstance(interval, int | float) or not LEAST_INTERVAL <= interval <= MOST_INTERVAL:
            raise UsageError(
                f"the interval is {LEAST_INTERVAL:.0f} seconds (Graph limits requests per tenant) to "
                f"{MOST_INTERVAL:.0f}; got {log(repr(interval))[:40]}."
            )
        while not stop.is_set():
            try:
                self.poll()
            except UsageError:
                raise
            except GraphInvestigateError as error:
                self._tell(f"this poll stopped, and will be made again: {error}")
            stop.wait(interval)

    def poll(self) -> int:
        """Look once: what changed, which cases it concerns, which incidents become cases; then hand events on.

        What it could not do of that is in `undone`.

        Returns
        -------
        int
            How many events were added.

        Raises
        ------
        BadFileError
            What it remembers is damaged.
        """
        before = self._store.counted()
        self.undone = []
        try:
            try:
                self._look()
                self._open()
            finally:  # while Graph does not answer, a collector that is back gets what waits for it
                self.deliver()
        except sqlite3.DatabaseError as error:
            raise self._store.damaged(log(str(error))) from error
        return self._store.counted() - before

    # ---- what changed ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        now = self._client.now()
        polled = now.isoformat()
        changed = {name: frame for name in self._watched if (frame := self._pull(name, now)) is not None}
        fresh: dict[str, pd.DataFrame] = {}
        with self._store.whole():  # all of it is remembered, or none: then the next poll finds it again
            self._store.began(self._from("incidents", now))
            for name, frame in changed.items():
                fresh[name] = self._note(RESOURCES[name], frame, since=self._from(name, now), polled=polled)
                self._store.move(name, now)
            concerned = {name: frame for name, frame in fresh.items() if len(frame) and name in WATCHED}
            for key, body in (
                keeping.refreshed(self._cases, concerned, polled=polled) if self._cases and concerned else ()
            ):
                self._add(key, body)
                self._tell(f"{body['event'].replace('_', ' ')}: {log(str(body.get('headline') or body.get('reason')))}")

    def _note(self, resource: Resource, frame: pd.DataFrame, *, since: datetime, polled: str) -> pd.DataFrame:
        """Remember what of a frame was not seen before, and tell of it; that part of the frame."""
        kind, updated = resource.record_kind, updated_of(resource)
        fresh = []
        for at in range(len(frame)):
            row = frame.iloc[at]
            name = name_of(row)
            if not self._store.is_new(kind, name, time_of(row, updated)):
                continue
            fresh.append(at)
            first = self._store.meets(kind, name)
            born = row.get("created_date_time", row.get("detected_date_time"))
            unknown = born is None or pd.isna(born)
            is_new = first and (unknown or born >= since)
            key, body = record_event(resource, row, word="new" if is_new else "changed", polled=polled)
            self._add(key, body, frame.iloc[[at]])
            # An incident that began small is new to us still when it has grown to what is wanted.
            young = is_new or (not unknown and born >= self._store.began(since))
            if kind == "incident" and young and self._wanted is not None and self._wanted.matches(row):
                self._store.want(name)
        self._store.forget(kind, (since - OVERLAP).isoformat())
        return frame.iloc[fresh].reset_index(drop=True)

    def _pull(self, name: str, now: datetime) -> pd.DataFrame | None:
        resource, since = RESOURCES[name], self._from(name, now)
        try:
            if resource.updated is None:
                return LISTS[name](self._client, since=since)
            path = "/".join(resource.column(resource.updated).path)
            return LISTS[name](self._client, filter=f"{path} ge {odata_datetime(since)}")
        except (PermissionMissingError, LicenceMissingError) as error:
            if name == "alerts":
                raise
            if name not in self._unreadable:
                self._unreadable.add(name)
                self._tell(f"{name.replace('_', ' ')} cannot be watched: {error}")
            return None

    def _from(self, name: str, now: datetime) -> datetime:
        """From which update on a poll asks: a little before the last one's time."""
        cursor = self._store.cursor(name)
        if cursor is not None:
            return cursor - OVERLAP
        since = parse_time(self._since, now=now)
        if since is None:
            raise UsageError("a watch begins somewhere: give since, such as '1h'.")
        return since

    def _add(self, key: str, body: Body, frame: pd.DataFrame | None = None) -> None:
        line = written(body, self._store.next_sequence(), self._format, frame)
        if line is not None:
            self._store.add(key, line)
        elif frame is not None and body["record_kind"] != "risky_user":  # that one has no class, which the docs say
            self._tell(f"{body['record_kind']} {log(str(body['id']))} has no time: no OCSF event could be made of it.")

    # ---- incidents → cases ----------------------------------------------------------------------------------

    def _open(self) -> None:
        for incident_id, tries in self._store.wanted().items() if self._cases is not None else ():
            if tries >= MANY_TRIES and (tries + 1) & tries:  # not its turn
                self._store.tried(incident_id)
                continue
            try:
                body = self._open_one(incident_id)
            except (GraphInvestigateError, OSError) as error:
                self._failed(incident_id, error, tries + 1)
                continue
            with self._store.whole():
                self._store.settle(incident_id, "opened")
                self._add(*body)
            self._tell(f"case opened for incident {log(incident_id)}: {log(str(body[1]['case']))}")

    def _open_one(self, incident_id: str) -> tuple[str, Body]:
        assert self._cases is not None
        case = keeping.open_incident(self._client, incident_id, self._cases, since=self._look_back)
        report, ticket = keeping.tell(case)
        facts: Body = {"case": str(case.path), "report": str(report), "ticket": str(ticket)}
        if self._notebook is not None:
            output = self._cases / f"{case.path.name if case.path else incident_id}-{self._notebook.stem}.ipynb"
            try:
                run_notebook(self._notebook, output, {"case_path": str(case.path), "incident_id": incident_id})
            except NotebookError as error:
                facts["notebook_error"] = str(error)
            facts["notebook"] = str(output)
        return case_event("case_opened", case_id=case.case_id, incident_id=incident_id, **facts)

    def _failed(self, incident_id: str, error: Exception, tries: int) -> None:
        with self._store.whole():
            self._store.tried(incident_id, str(error))
            if tries >= MANY_TRIES:  # told once: it is the same event again
                self._add(*case_event("case_failed", case_id=incident_id, incident_id=incident_id, reason=str(error)))
        again = "tried again by the next poll" if tries < MANY_TRIES else f"tried again {tries} polls from now"
        self._tell(f"incident {log(incident_id)} became no case ({error}); it is {again}.")
        self.undone.append(f"incident {log(incident_id)} became no case; it is {again}.")

    # ---- events → sinks -------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Hand on what waits; a sink that fails keeps none of the others waiting."""
        for sink in self._sinks:
            try:
                while events := self._store.waiting(sink.name, _BATCH):
                    for sequence in sink.take(events):
                        self._store.mark(sink.name, sequence)
            except GraphInvestigateError as error:
                self._tell(str(error))
                waiting = self._store.count_waiting(sink.name)
                self.undone.append(f"{_events(waiting)} for {log(sink.name)}, and will be handed on by the next poll.")
        self._store.trim()


def _events(waiting: int) -> str:
    return "1 event waits" if waiting == 1 else f"{waiting:,} events wait"

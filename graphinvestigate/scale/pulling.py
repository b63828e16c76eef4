"""From Graph into a lake: what is not there yet, day by day, and what changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pandas as pd

from graphinvestigate.client import GraphClient, odata_datetime
from graphinvestigate.errors import GraphInvestigateError, PartialResultError
from graphinvestigate.frames import RESOURCES, Resource
from graphinvestigate.queries import (
    list_alerts,
    list_directory_audits,
    list_incidents,
    list_risk_detections,
    list_risky_users,
    list_sign_ins,
)
from graphinvestigate.queries.coverage import known_pull
from graphinvestigate.scale.commits import Commit
from graphinvestigate.scale.store import TenantStore
from graphinvestigate.text import log

SUMMARY = {
    "source": "str", "what": "str", "since": "datetime64[us, UTC]", "until": "datetime64[us, UTC]", "rows": "Int64",
    "complete": "boolean", "note": "str",
}  # fmt: skip
PULLS = {
    "source": "str", "what": "str", "since": "datetime64[us, UTC]", "until": "datetime64[us, UTC]",
    "started": "datetime64[us, UTC]", "rows": "Int64", "note": "str",
}  # fmt: skip
LATE = timedelta(days=2)
"""Sign-ins and audits may come so long after they happened: until then a day is asked for again."""

_DAY = timedelta(days=1)
_OVERLAP = timedelta(minutes=10)  # of what changed, asked again: clocks differ


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of record to pull.

    Attributes
    ----------
    name : str
        Of the resource.
    pull : callable
        Its `list_…` function, with what is always asked.
    journaled : bool
        Whether it takes `journal=`.
    """

    name: str
    pull: Callable[..., pd.DataFrame]
    journaled: bool = True

    @property
    def resource(self) -> Resource:
        """What is pulled."""
        return RESOURCES[self.name]

    @property
    def whole(self) -> bool:
        """Whether all of it is pulled each time: it is of standings, not of events."""
        return self.name == "risky_users"


SOURCES = {
    source.name: source
    for source in (
        Source("alerts", list_alerts),
        Source("incidents", list_incidents, journaled=False),
        Source("risk_detections", list_risk_detections),
        Source("risky_users", list_risky_users, journaled=False),
        Source("sign_ins", partial(list_sign_ins, event_types=["interactive", "nonInteractive"])),
        Source("directory_audits", list_directory_audits),
    )
}

Interval = tuple[datetime, datetime]


@dataclass(slots=True)
class Puller:
    """One run of `Lake.pull`.

    Attributes
    ----------
    client : GraphClient
    store : TenantStore
    keep_pages : bool
    """

    client: GraphClient
    store: TenantStore
    keep_pages: bool
    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: list[GraphInvestigateError] = field(default_factory=list)

    def pull(self, source: Source, since: datetime, until: datetime) -> None:
        """Bring one source up to date; what fails is noted, and the next source is tried."""
        try:
            if source.whole:
                self._ask(source, "all", None, None)
                return
            before = notes_of(self.store.log.commits(), source.name)
            for start, end in days(missing((since, until), covered(source, before))):
                self._ask(source, "window", start, end)
            if source.resource.updated and before:
                changed = changes_since(before)
                self._ask(source, "changes", changed, None)
        except GraphInvestigateError as error:
            self.failed.append(error)
            self.rows.append({"source": source.name, "what": "stopped", "complete": False, "note": log(str(error))})

    def _ask(self, source: Source, what: str, since: datetime | None, until: datetime | None) -> None:
        started = self.client.now()
        asked: dict[str, Any] = {}
        if what == "window":
            asked = {"since": since, "until": until}
            if source.journaled:
                asked["journal"] = self.store.folder / "journal"
        elif what == "changes" and since is not None:
            updated = "/".join(source.resource.column(str(source.resource.updated)).path)
            asked = {"filter": f"{updated} ge {odata_datetime(since)}"}
        try:
            self._keep(source, what, since, until, source.pull(self.client, **asked), started, complete=True)
        except PartialResultError as error:
            self._keep(source, what, since, until, error.frame, started, complete=False)
            raise

    def _keep(
        self, source: Source, what: str, since: datetime | None, until: datetime | None, frame: pd.DataFrame,
        started: datetime, *, complete: bool,
    ) -> None:  # fmt: skip
        known = [known_pull(pull_id) for pull_id in frame["pull_id"].dropna().unique()]
        said = [pull for pull in known if pull is not None and pull.note]
        note = {
            "source": source.name,
            "what": what,
            "since": since and since.isoformat(),
            "until": until and until.isoformat(),
            "started": started.isoformat(),
            "complete": complete,
            "rows": len(frame),
            "note": "; ".join(dict.fromkeys(pull.note for pull in said)),
        }
        self.store.add(source.resource, frame, note={"pull": note}, keep_pages=self.keep_pages)
        self.rows.append({name: note.get(name) for name in SUMMARY})

    def summary(self) -> pd.DataFrame:
        """Give one row per request."""
        return pd.DataFrame(self.rows, columns=list(SUMMARY)).astype(SUMMARY)


def notes_of(commits: Iterable[Commit], source: str | None = None) -> list[dict[str, Any]]:
    """Give what the commits say of complete pulls, of one source or all."""
    found = [commit.note["pull"] for commit in commits if "pull" in commit.note]
    return [note for note in found if note["complete"] and source in (None, note["source"])]


def covered(source: Source, notes: Iterable[dict[str, Any]]) -> list[Interval]:
    """List the windows that need not be asked for again: what changes in them is asked for, or nothing does.

    Parameters
    ----------
    source : Source
    notes : iterable of dict
        Of its complete pulls.

    Returns
    -------
    list of (from, before)
    """
    found = []
    for note in notes:
        if note["what"] != "window":
            continue
        since, until, started = (datetime.fromisoformat(note[name]) for name in ("since", "until", "started"))
        # What comes late changes an alert's time of update, and nothing of a sign-in.
        settled = until if source.resource.updated else min(until, started - LATE)
        if since < settled:
            found.append((since, settled))
    return found


def missing(wanted: Interval, done: Iterable[Interval]) -> list[Interval]:
    """List what of a window is in none of some others."""
    left = [wanted]
    for start, end in done:
        left = [
            piece
            for since, until in left
            for piece in ((since, min(until, start)), (max(since, end), until))
            if piece[0] < piece[1]
        ]
    return sorted(set(left))


def days(windows: Iterable[Interval]) -> Iterator[Interval]:
    """Cut windows at every midnight (UTC): what came of a day is kept, whatever happens to the next."""
    for since, until in windows:
        start = since
        while start < until:
            midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
            yield start, min(midnight, until)
            start = min(midnight, until)


def changes_since(notes: Iterable[dict[str, Any]]) -> datetime:
    """Say from when on changes are unknown: the start of the last pull of changes, else of the first pull."""
    starts = {what: [] for what in ("window", "changes")}  # type: dict[str, list[datetime]]
    for note in notes:
        starts.setdefault(note["what"], []).append(datetime.fromisoformat(note["started"]))
    return (max(starts["changes"]) if starts["changes"] else min(starts["window"])) - _OVERLAP

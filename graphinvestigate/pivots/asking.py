"""Asking what a pivot asks: new frames, what came back and what did not, and a larger entity graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import networkx as nx
import pandas as pd

from graphinvestigate import linking, queries
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import (
    BadRequestError,
    EndpointRetiredError,
    GraphInvestigateError,
    LicenceMissingError,
    PartialResultError,
    PermissionMissingError,
    RecordNotFoundError,
    StoppedError,
    UsageError,
)
from graphinvestigate.linking import Entity
from graphinvestigate.linking.hunted import EVENTS
from graphinvestigate.pivots.found import Pivot
from graphinvestigate.pivots.incidents import Incidents, incidents_of
from graphinvestigate.pivots.narrowing import about, unnamed
from graphinvestigate.pivots.reach import Reach, reach_of
from graphinvestigate.pivots.steps import (
    SOURCES,
    Step,
    identifiers_of,
    known_frames,
    own_records,
    pivot_steps,
    start_of,
    unhunted,
)
from graphinvestigate.queries.coverage import CUT, coverage_table, frame_coverage, not_read, pulls_made, went_on
from graphinvestigate.queries.questions import Time, window
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

LISTS: Mapping[str, Callable[..., pd.DataFrame]] = {
    "alerts": queries.list_alerts,
    "risk_detections": queries.list_risk_detections,
    "risky_users": queries.list_risky_users,
    "sign_ins": queries.list_sign_ins,
    "directory_audits": queries.list_directory_audits,
    "service_principal_risk_detections": queries.list_service_principal_risk_detections,
    "risky_service_principals": queries.list_risky_service_principals,
}
# A standing, not an event: the window does not apply.
_STANDINGS = frozenset({"risky_users", "risky_service_principals"})
# Asked again, these would say the same.
_FINAL = (PermissionMissingError, LicenceMissingError, EndpointRetiredError, BadRequestError, RecordNotFoundError)


@dataclass(frozen=True, slots=True)
class _Question:
    """All that one pivot asks, and of whom."""

    client: GraphClient
    start: Entity
    identifiers: set[str]
    g: nx.MultiDiGraph | None
    since: Time
    until: Time
    at_hand: Mapping[str, pd.DataFrame]
    records: Sequence[pd.DataFrame]
    steps: Sequence[Step]
    hunts: bool
    asked_at: datetime | None = None
    """When it was asked first, once it is gone on with: "7d" is counted from then."""

    @property
    def window(self) -> tuple[Time, Time]:
        """Both ends of its window."""
        if self.asked_at is None:
            return self.since, self.until
        return window(self.since, self.until, now=self.asked_at)

    @property
    def tenant(self) -> str:
        """The one that records are of which don't say theirs."""
        tenants = [] if self.g is None else self.g.graph.get("tenants", [])
        return str(tenants[0]) if len(tenants) == 1 else self.client.home()

    @property
    def reach(self) -> Reach:
        """What of its window can be hunted in."""
        return reach_of(self.since, self.until, now=self.client.now(), asked_at=self.asked_at)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of one step; no rows: nothing."""

    step: Step
    rows: pd.DataFrame | None
    table: pd.DataFrame
    error: GraphInvestigateError | None = None
    incidents: Incidents | None = None
    waits: bool = False
    """Whether it was not asked as what leads to it did not come, but may."""

    @property
    def goes_on(self) -> bool:
        """Whether to ask for the rest may bring it."""
        if isinstance(self.error, PartialResultError):
            return self.error.resume is not None
        return self.waits or (self.error is not None and not isinstance(self.error, _FINAL))


@takes
def pivot(
    client: GraphClient,
    entity: Entity | str,
    *,
    g: nx.MultiDiGraph | None = None,
    since: Time = "30d",
    until: Time = None,
    sources: Sequence[str] | None = None,
    known: Mapping[str, pd.DataFrame] | None = None,
    on_step: Callable[[Step], None] | None = None,
    records: Sequence[pd.DataFrame] = (),
) -> Pivot:
    """Ask Graph for everything that mentions an entity.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    entity : Entity or str
        Where to start, of any kind; text is looked up in `g` like `find_entity` does. Without `g` it has to say by
        itself what it names: a user principal name, an address, a SHA-256, a link ….
    g : networkx.MultiDiGraph, optional
        The entity graph so far: it knows the entity's other identifiers. It is left as it is.
    since, until : str or datetime, optional
        The window, as in `list_alerts`; since None means all that is retained. Hunting goes back 30 days at
        most; where the window begins before that, the coverage says so.
    sources : list of str, optional
        Only these of ``alerts, incidents, risk_detections, risky_users, sign_ins, directory_audits,
        service_principal_risk_detections, risky_service_principals, hunting``; all that can mention the entity by
        default. `pivot_steps` shows what will be asked.
    known : mapping of str to DataFrame, optional
        Frames at hand by source, which cover the window: they are narrowed down instead of being asked for again.
    on_step : callable, optional
        Told each step before it is made; what it raises ends the pivot.
    records : list of DataFrame, optional
        Your own logs, from `map_records`: narrowed down to what names the entity, whatever the window.

    Returns
    -------
    Pivot
        `.frames` by source, `.hunted` by hunting table, `.coverage` with one row per request, `.graph` with what they
        say, `.grown` with `g` and that together, `.new` with its new nodes. A source that may not be read
        (permission, licence) or that breaks off stands in the coverage with the reason and stops nothing else;
        `.resume()` goes on with what broke off.

    Raises
    ------
    UsageError
        A source, time or entity that cannot be right.
    EntityNotFoundError, AmbiguousEntityError
        The text names no entity of `g`, or several.
    GraphInvestigateError
        Not one source could be read: the first reason.

    See Also
    --------
    https://learn.microsoft.com/graph/api/resources/security-api-overview
    """
    window(since, until, now=client.now())  # refused here, also where only what has no window is asked
    start = start_of(entity, g)
    at_hand = known_frames(known)
    steps = pivot_steps(start, g=g, sources=sources, known=at_hand)
    hunts = sources is None or "hunting" in sources
    question = _Question(
        client, start, identifiers_of(start, g), g, since, until, at_hand, own_records(records), tuple(steps), hunts
    )
    return _read(question, [None] * len(steps), on_step)


def _read(question: _Question, before: Sequence[_Answer | None], on_step: Callable[[Step], None] | None) -> Pivot:
    """Make the steps that are still to be made, and put everything together."""
    begun = question.client.now()
    answers: list[_Answer] = []
    for step, had in zip(question.steps, before, strict=True):
        tell = on_step or (lambda _: None)
        if step.how == "alerts":
            answers.append(_incidents(question, step, answers, had, tell))
        elif had is not None and not had.goes_on:
            answers.append(had)
        else:
            tell(step)
            answers.append(_answer(question, step, had))

    def go_on(on_step: Callable[[Step], None] | None) -> Pivot:
        return _read(replace(question, asked_at=question.asked_at or begun), answers, on_step)

    return _found(question, answers, go_on)


def _answer(question: _Question, step: Step, had: _Answer | None) -> _Answer:
    """Make the request of one step, or go on with it."""
    short = had.error if had is not None and isinstance(had.error, PartialResultError) else None
    failure: PartialResultError | None = None
    try:
        reach = question.reach if step.how == "hunting" else Reach()
        if reach.nothing:
            return _Answer(step, None, not_read(step.name, reach.short))
        with pulls_made() as made:
            frame = short.resume() if short is not None and short.resume is not None else _ask(question, step, reach)
            if had is not None and had.error is not None:
                went_on(question.client, made)
    except UsageError:
        raise
    except PartialResultError as error:
        frame, failure = error.frame, error
    except GraphInvestigateError as error:
        if had is not None and had.rows is not None:  # it broke again before anything more came
            return replace(had, table=had.table.assign(note=had.table["note"] + f"; going on failed: {error}"))
        return _Answer(step, None, not_read(step.name, error), error)
    start = question.start
    kept = frame
    if step.how in ("local", "known"):
        kept = about(step.source, frame, start, question.identifiers, question.tenant)
    table = coverage_table(made.values())
    if reach.short:
        table = table.assign(note=f"{reach.short}; " + table["note"], complete=False)
    if step.how == "known":
        table = _at_hand(step.source, frame)
    if kept is not frame:
        table = table.assign(rows_kept=len(kept), filters_local=f"names {start.kind} {log(start.key)}")
        if why := unnamed(start.kind, step.source, question.identifiers):
            table = table.assign(complete=False, note=[f"{why}; {note}".rstrip("; ") for note in table["note"]])
    return _Answer(step, kept, table, failure)


def _incidents(
    question: _Question, step: Step, answers: Sequence[_Answer], had: _Answer | None, tell: Callable[[Step], None]
) -> _Answer:
    """Ask for the incidents of the alerts that were found; of those found later, for theirs alone."""
    alerts = next(answer for answer in answers if answer.step.source == "alerts")
    if alerts.rows is None:
        table = not_read(step.source, "not looked for: the alerts that lead to them could not be read")
        return _Answer(step, None, table, waits=alerts.goes_on)
    wanted = set(alerts.rows["incident_id"].dropna())
    before = None if had is None else had.incidents
    if had is not None and before is not None and not had.goes_on and wanted <= before.settled:
        return had
    tell(step)
    found = incidents_of(question.client, wanted, *question.window, before)
    if found.broke is None:
        return _Answer(step, found.frame, found.table, None, found)
    if not found.settled and found.listing is None and found.listed is None:
        return _Answer(step, None, not_read(step.name, found.broke), found.broke, found)
    table = pd.concat([found.table, found.open_table], ignore_index=True)
    return _Answer(step, found.frame, table, _broken_off(question, wanted, found), found)


def _broken_off(question: _Question, wanted: set[str], found: Incidents) -> PartialResultError:
    missing = f"{len(wanted - found.settled)} of {len(wanted)} incidents"

    def resume() -> pd.DataFrame:
        again = incidents_of(question.client, wanted, *question.window, found)
        if again.broke is not None:
            raise _broken_off(question, wanted, again) from again.broke
        return again.frame

    return PartialResultError(
        f"incidents: {missing} did not come ({found.broke}). Those that came are in this error's .frame; .resume() "
        "asks for the others.",
        frame=found.frame,
        missing=missing,
        resume=resume,
    )


def _found(
    question: _Question, answers: Sequence[_Answer], go_on: Callable[[Callable[[Step], None] | None], Pivot]
) -> Pivot:
    """Put answers together."""
    client, start, g = question.client, question.start, question.g
    frames: dict[str, pd.DataFrame] = {}
    hunted: dict[str, pd.DataFrame] = {}
    for answer in answers:
        if answer.rows is not None and answer.step.how == "hunting":
            hunted[answer.step.table] = _joined(hunted.get(answer.step.table), answer.rows)
        elif answer.rows is not None:
            frames[answer.step.source] = answer.rows
    tables = [answer.table for answer in answers]
    if question.hunts:
        tables += [
            not_read(f"hunting:{table}", f"not searched by {name}, which is not known yet; pivot again with g=")
            for table, name in unhunted(start, question.steps).items()
        ]
    for name, rows in hunted.items():
        if len(rows) and name in EVENTS:
            frames[EVENTS[name].kind] = linking.map_records(rows, table=name, tenant=client.home())
    for frame in question.records:
        for kind in sorted(frame["record_kind"].dropna().unique()):
            rows = frame[frame["record_kind"] == kind]
            kept = about(kind, rows, start, question.identifiers, question.tenant)
            tables.append(_at_hand(kind, rows).assign(rows_kept=len(kept)))
            if kind in frames:  # hunting may have brought the same events
                kept = pd.concat([frames[kind], kept[~kept["id"].isin(frames[kind]["id"])]], ignore_index=True)
            frames[kind] = kept
    failures = [answer.error for answer in answers if answer.error is not None]
    if not (frames or hunted) and failures:
        raise failures[0]
    linked = {name: frame for name, frame in frames.items() if name in _LINKED}
    own = [frame for name, frame in frames.items() if name not in SOURCES]
    return Pivot(
        entity=start,
        frames=frames,
        coverage=pd.concat([*tables, coverage_table([])], ignore_index=True),
        graph=linking.entity_graph(**linked, records=own),
        before=g,
        hunted=hunted,
        partial={one.step.source: one.error for one in answers if isinstance(one.error, PartialResultError)},
        unasked=tuple(one.step.source for one in answers if isinstance(one.error, StoppedError)),
        to_come=tuple(dict.fromkeys(one.step.name for one in answers if one.goes_on)),
        go_on=go_on,
    )


_LINKED = frozenset(inspect.signature(linking.entity_graph).parameters)


def _at_hand(source: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A row of coverage for records that were given: whole, unless the pull that they come from is known not to be."""
    short = frame_coverage(frame) if "pull_id" in frame else coverage_table([])
    short = short[short["complete"].eq(False).fillna(False) | short["note"].str.contains(CUT, regex=False)]
    why = f"; they are not all: {'; '.join(dict.fromkeys(short['note']))}" if len(short) else ""
    table = not_read(source, f"narrowed down from records at hand; nothing was asked{why}")
    return table.assign(rows_received=len(frame), complete=not len(short))


def _ask(question: _Question, step: Step, reach: Reach) -> pd.DataFrame:
    """Make the request of one step."""
    client = question.client
    if step.how == "known":
        return question.at_hand[step.source]
    if step.how == "hunting":
        return queries.run_hunting_query(client, step.kql, parameters=step.asked, timespan=reach.timespan)
    ends = {} if step.source in _STANDINGS else dict(zip(("since", "until"), question.window, strict=True))
    # A replayed session shows among the others only; for the whole tenant they would be ten times as many.
    kinds = {"event_types": ["interactive", "nonInteractive"]} if step.source == "sign_ins" and step.asked else {}
    return LISTS[step.source](client, **ends, **step.asked, **kinds)


def _joined(first: pd.DataFrame | None, second: pd.DataFrame) -> pd.DataFrame:
    """Two answers of one table as one, each row once."""
    if first is None:
        return second
    both = pd.concat([first, second], ignore_index=True)
    return both[~both["raw"].astype("str").duplicated()].reset_index(drop=True)

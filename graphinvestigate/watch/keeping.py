"""Cases that a watch opens and keeps up to date. Each step can be made again after a kill, with the same end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from graphinvestigate import linking, queries
from graphinvestigate.cases.case import Case, open_case
from graphinvestigate.cases.differences import diff
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import GraphInvestigateError, UsageError
from graphinvestigate.files import write_atomic
from graphinvestigate.frames import expanded_alerts
from graphinvestigate.linking import Entity, Record
from graphinvestigate.pivots import pivot
from graphinvestigate.queries.questions import Time
from graphinvestigate.text import log, slug
from graphinvestigate.walkthrough import leads
from graphinvestigate.watch.events import Body, case_event, event_id

AUTHOR = "graphinvestigate watch"


def open_incident(client: GraphClient, incident_id: str, cases: Path, *, since: Time) -> Case:
    """Make an incident a case: its alerts, its entities, and what its user and address did.

    Parameters
    ----------
    client : GraphClient
    incident_id : str
    cases : Path
        The folder that cases stand in.
    since : str or datetime
        How far back the pivots look.

    Returns
    -------
    Case
        Saved. Where a former attempt was killed after it saved, that case is gone on with.
    """
    incident = queries.get_incident(client, incident_id)
    alerts = expanded_alerts(incident)
    g = linking.entity_graph(alerts=alerts, incidents=incident)
    record = Record("incident", str(incident["id"].iloc[0]))
    case, place = _case_of(incident, cases)
    case.add(incident, alerts)
    if record in g:
        for start in leads(g, record):
            if isinstance(start, Entity) and start.kind in ("user", "ip"):
                case.add(pivot(client, start, g=g, since=since))
        case.focus(record)
    case.save(place)
    return case


def _case_of(incident: pd.DataFrame, cases: Path) -> tuple[Case, Path]:
    """The case that a former attempt began, or a new one. Incidents of two tenants may have one number."""
    incident_id, tenant = str(incident["id"].iloc[0]), incident["tenant_id"].iloc[0]
    place = cases / slug(f"INC-{incident_id}")
    for _ in range(2):
        if not place.exists():
            return Case(f"Incident {incident_id}", author=AUTHOR), place
        case = open_case(place)
        if not _is_of_another(case, incident_id, tenant):
            return case, place
        place = cases / slug(f"INC-{incident_id}-{tenant}")
    raise UsageError(f"{log(str(place))} is the case of another tenant's incident: move it away.")


def _is_of_another(case: Case, incident_id: str, tenant: object) -> bool:
    """Whether a case's incident of this number is another tenant's."""
    held = case.frames.get("incidents")
    mine = held.loc[held["id"] == incident_id, "tenant_id"].dropna() if held is not None else pd.Series(dtype="str")
    return isinstance(tenant, str) and len(mine) > 0 and tenant not in set(mine)


def tell(case: Case) -> tuple[Path, Path]:
    """Write a case's report and its ticket beside it."""
    assert case.path is not None
    beside = case.path.absolute().parent
    report = case.report(beside / f"{case.path.name}-report.html")
    return report, write_atomic(beside / f"{case.path.name}-ticket.md", case.markdown())


def refreshed(cases: Path, changed: Mapping[str, pd.DataFrame], *, polled: str) -> list[tuple[str, Body]]:
    """Bring every open case up to date with what changed, and write its report anew.

    Parameters
    ----------
    cases : Path
        The folder that cases stand in. Cases with a verdict are closed: they stay as they are.
    changed : mapping of str to DataFrame
        Per kind, the records that are new or changed since the last poll.
    polled : str
        When, ISO.

    Returns
    -------
    list of (str, dict)
        One event per case that something concerned: ids and bodies. Made of what changed, not of what the case held
        before, so that a poll which is made again after a kill tells the same.
    """
    events = []
    for place in sorted(one for one in cases.glob("*/manifest.json") if not one.parent.name.startswith(".")):
        folder = place.parent
        if not _concerned(folder, changed):
            continue
        try:
            case = open_case(folder)
            if case.verdict is not None:
                continue
            told = _refresh(case, changed, polled=polled)
        except (GraphInvestigateError, OSError) as error:  # the others are kept up to date all the same
            facts = {"case": str(folder), "reason": str(error)}
            events.append(case_event("case_failed", case_id=folder.name, about=[str(error), polled], **facts))
            continue
        if told is not None:
            events.append(told)
    return events


def _refresh(case: Case, changed: Mapping[str, pd.DataFrame], *, polled: str) -> tuple[str, Body] | None:
    incidents = _incidents_of(case, changed.get("incidents"))
    parts = {kind: part for kind, frame in changed.items() if len(part := _of_case(case, kind, frame, incidents))}
    if not parts:
        return None
    versions = [f"{kind} {row.id} {_version(row)}" for kind, part in parts.items() for row in part.itertuples()]
    about = event_id(*sorted(versions))
    # A poll that was killed after it saved is made again: what it told then is what it tells now.
    done = next((one for one in reversed(case.actions) if one.get("about") == about), None)
    headline = str(done["headline"]) if done is not None else _taken(case, parts, about=about, polled=polled)
    report, _ = tell(case)
    return case_event(
        "case_refreshed",
        case_id=case.case_id,
        about=versions,
        case=str(case.path),
        report=str(report),
        headline=headline,
        polled=polled,
    )


def _taken(case: Case, parts: Mapping[str, pd.DataFrame], *, about: str, polled: str) -> str:
    """Add changed records to a case and save it; what is new, in words."""
    told = []
    for kind, part in parts.items():
        before = case.frames.get(kind, part.head(0))
        told.append(diff(before[before["id"].isin(part["id"])], part).headline)
        case.add(part)
    headline = ", ".join(told)
    case.add_step("refresh", polled=polled, headline=headline, about=about)
    case.save()
    return headline


def _version(row: Any) -> str:
    for name in ("last_update_date_time", "last_updated_date_time", "risk_last_updated_date_time"):
        if hasattr(row, name):
            return str(getattr(row, name))
    return ""


def _incidents_of(case: Case, changed: pd.DataFrame | None) -> set[str]:
    """The incidents of a case, and those that they were merged into, before or just now."""
    parts = [one for one in (case.frames.get("incidents"), changed) if one is not None]
    into = {row.id: row.redirect_incident_id for one in parts for row in one.itertuples()}  # what changed comes last
    found: set[str] = set()
    wanted = set(case.frames["incidents"]["id"]) if "incidents" in case.frames else set()
    while wanted:
        found |= wanted
        wanted = {one for name in wanted if isinstance(one := into.get(name), str)} - found
    return found


def _of_case(case: Case, kind: str, frame: pd.DataFrame, incidents: set[str]) -> pd.DataFrame:
    """The changed records that concern a case: those it holds, and what is new of the incidents it holds."""
    held = case.frames.get(kind)
    wanted = frame["id"].isin(set(held["id"]) if held is not None else set())
    tenants = set(case.frames["incidents"]["tenant_id"].dropna()) if "incidents" in case.frames else set()
    if kind == "incidents":  # their numbers are those of one tenant
        wanted = (wanted | frame["id"].isin(incidents)) & _is_among(frame["tenant_id"], tenants)
    if kind == "alerts":
        wanted |= frame["incident_id"].isin(incidents) & _is_among(frame["tenant_id"], tenants)
    if kind in ("risk_detections", "risky_users"):
        users = {node.key for node in case.graph if isinstance(node, Entity) and node.kind == "user"}
        whose = frame["id" if kind == "risky_users" else "user_id"]
        wanted |= whose.isin(users) & whose.notna()
    return frame[wanted].reset_index(drop=True)


def _is_among(column: pd.Series, tenants: set[str]) -> pd.Series:
    """Where a row's tenant is one of these, or one of the two is not known."""
    return column.isin(tenants) | column.isna() | (not tenants)


def _concerned(folder: Path, changed: Mapping[str, pd.DataFrame]) -> bool:
    """Whether a case may hold something that changed: told by its bytes, without opening it."""
    ids = {str(one) for frame in changed.values() for one in frame["id"].dropna()}
    ids |= {str(one) for frame in changed.values() if "incident_id" in frame for one in frame["incident_id"].dropna()}
    ids |= {str(one) for frame in changed.values() if "user_id" in frame for one in frame["user_id"].dropna()}
    wanted = [one.encode() for one in ids]
    for path in (folder / "records").glob("*.jsonl"):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if any(one in data for one in wanted):
            return True
    return False

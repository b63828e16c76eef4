"""Incidents: `list_incidents` and `get_incident`."""

from __future__ import annotations

import os
from dataclasses import replace

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.errors import RecordNotFoundError, UsageError
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.coverage import remember
from graphinvestigate.queries.expanding import pull_expanded
from graphinvestigate.queries.pulling import OnPartial
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.queries.records import checked_id, one_record
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

MOST_REDIRECTS = 10


@takes
def list_incidents(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    severity: Values = None,
    status: Values = None,
    classification: Values = None,
    determination: Values = None,
    assigned_to: Values = None,
    expand_alerts: bool = False,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    concurrent: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Incidents: what Defender XDR has grouped alerts into.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `created_date_time`; see `list_alerts`.
    severity, status, classification, determination, assigned_to : str or list of str, optional
        Only incidents with one of these values; case does not matter.
    expand_alerts : bool
        Bring each incident's alerts along (column `alerts`, JSON text). Where Graph fails on that, as it does on
        some filtered lists, each incident is asked for by itself; the coverage says so.
    filter, limit, page_size, concurrent, journal, on_partial
        As in `list_alerts`. Graph gives at most 50 incidents a page.

    Returns
    -------
    DataFrame
        One row is one incident. Times are UTC. A row with `status` "redirected" was merged into the incident that
        `redirect_incident_id` names.

    Raises
    ------
    UsageError, PermissionMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `SecurityIncident.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-list-incidents
    """
    question = ask(
        RESOURCES["incidents"], now=client.now(), since=since, until=until, filter=filter, limit=limit,
        page_size=page_size, concurrent=concurrent, journal=journal, tenant=client.tenant_id,
        expand="alerts" if expand_alerts else None,
        chosen={
            "severity": severity, "status": status, "classification": classification,
            "determination": determination, "assigned_to": assigned_to,
        },
    )  # fmt: skip
    return pull_expanded(client, question, on_partial)


@takes
def get_incident(client: GraphClient, incident_id: str, *, expand_alerts: bool = True) -> pd.DataFrame:
    """One incident by its id, with its alerts; one that was merged into another leads to that one.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    incident_id : str
        As in the column `id` of `list_incidents` or `incident_id` of an alert.
    expand_alerts : bool
        Bring the incident's alerts along (column `alerts`, JSON text).

    Returns
    -------
    DataFrame
        One row: the incident, in the columns of `list_incidents`. Its `id` is another than the one asked for where
        that incident was merged; the coverage's note says so. Where such a trail ends at nothing or runs in a
        circle, the row is the last that could be read, and its coverage is not complete.

    Raises
    ------
    RecordNotFoundError
        The tenant has no such incident, or this account may not see it.
    UsageError, PermissionMissingError, GraphInvestigateError
        As in `list_incidents`; the permission is `SecurityIncident.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-incident-get
    """
    expand = "alerts" if expand_alerts else None
    frame, facts = one_record(client, "incidents", "incident_id", incident_id, expand=expand)
    trail = [checked_id("incident_id", incident_id)]
    broken = ""
    while not broken and (target := _redirect(frame)):
        if target in trail or len(trail) > MOST_REDIRECTS:
            broken = "and so on in a circle" if target in trail else "and so on, too far to follow"
        else:
            try:
                frame, facts = one_record(client, "incidents", "incident_id", target, expand=expand)
            except (RecordNotFoundError, UsageError):
                broken = "which is not there"
        trail.append(target)
    if len(trail) > 1:
        merged = f"asked for incident {trail[0]}, merged into {', then into '.join(trail[1:])}"
        note = log(merged) + (f", {broken}" if broken else "")
        remember(client, replace(facts, note=note, complete=not broken))
    return frame


def _redirect(incident: pd.DataFrame) -> str | None:
    """The incident that this one was merged into."""
    target = incident["redirect_incident_id"].iloc[0]
    return target.strip() or None if isinstance(target, str) else None

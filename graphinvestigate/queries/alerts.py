"""Alerts: `list_alerts` and `get_alert`."""

from __future__ import annotations

import os

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.queries.records import one_record
from graphinvestigate.wanted import takes


@takes
def list_alerts(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    severity: Values = None,
    status: Values = None,
    service_source: Values = None,
    classification: Values = None,
    determination: Values = None,
    assigned_to: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    concurrent: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Alerts of the tenant, newest first, from every Microsoft security product that reports to it.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `created_date_time`: ``"7d"``, ``"36h"``, an ISO time with zone, or an aware datetime.
        None pulls all that the tenant retains, up to the start of the pull: what arrives meanwhile is for
        the next one. The coverage shows that moment.
    severity, status, service_source, classification, determination, assigned_to : str or list of str, optional
        Only alerts with one of these values; case does not matter. Asked of Graph, checked again here.
    filter : str, optional
        Raw OData, joined to the rest with ``and``.
    limit : int, optional
        At most so many rows; the coverage says when it cut.
    page_size : int, optional
        Rows per page; by default as many as Graph gives.
    concurrent : int, optional
        So many threads read the window in pieces, where `since` is given and no `limit`: the same rows, sooner. By
        default several where Graph counts so many rows that it is worth it; 1 reads page by page.
    journal : path, optional
        A folder to keep the pages in while the pull runs. If it is killed, the same call made again within a day asks
        only for the pages that had not come; the coverage says how many were kept. When all came they are removed.
    on_partial : {"raise", "return"}
        What to do when the pull stops half-way: raise `PartialResultError` with the rows that came, or return them
        with a coverage that says what is missing.

    Returns
    -------
    DataFrame
        One row is one alert. Times are UTC; `raw` is the record as received, `evidence` opens its evidence.

    Raises
    ------
    UsageError
        A time or value that cannot be right.
    PermissionMissingError
        The token lacks `SecurityAlert.Read.All`.
    PartialResultError
        Some pages came, then the pull stopped.
    GraphInvestigateError
        Anything else Graph or the network answered; see `graphinvestigate.errors`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-list-alerts_v2
    """
    question = ask(
        RESOURCES["alerts"], now=client.now(), since=since, until=until, filter=filter, limit=limit,
        page_size=page_size, concurrent=concurrent, journal=journal, tenant=client.tenant_id,
        chosen={
            "severity": severity, "status": status, "service_source": service_source,
            "classification": classification, "determination": determination, "assigned_to": assigned_to,
        },
    )  # fmt: skip
    return pull(client, question, on_partial)


@takes
def get_alert(client: GraphClient, alert_id: str) -> pd.DataFrame:
    """One alert by its id.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    alert_id : str
        As in the column `id` of `list_alerts`, or in the portal's address.

    Returns
    -------
    DataFrame
        One row: the alert, in the columns of `list_alerts`.

    Raises
    ------
    RecordNotFoundError
        The tenant has no such alert, or this account may not see it.
    UsageError, PermissionMissingError, GraphInvestigateError
        As in `list_alerts`; the permission is `SecurityAlert.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-alert-get
    """
    return one_record(client, "alerts", "alert_id", alert_id)[0]

"""Entra ID Protection: `list_risk_detections` and `list_risky_users`."""

from __future__ import annotations

import os

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.wanted import takes


@takes
def list_risk_detections(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    risk_level: Values = None,
    risk_state: Values = None,
    risk_event_type: Values = None,
    user_id: Values = None,
    user_principal_name: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    concurrent: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Risk detections of Entra ID Protection: single risky events of users.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over the resource's window property (see its schema); see `list_alerts` for the forms.
    risk_level, risk_state, risk_event_type, user_id, user_principal_name : str or list of str, optional
        Only detections with one of these values.
    filter, limit, page_size, concurrent, journal, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one risk detection; its event time is `activity_date_time` (UTC), not `detected_date_time`.
        `risk_level` "hidden" means that the tenant has no licence to see it: unknown, not none.

    Raises
    ------
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `IdentityRiskEvent.Read.All`.

    Notes
    -----
    Graph answers one request a second per tenant here, for all apps together; the client waits its turn.

    See Also
    --------
    https://learn.microsoft.com/graph/api/riskdetection-list
    """
    question = ask(
        RESOURCES["risk_detections"], now=client.now(), since=since, until=until, filter=filter, limit=limit,
        page_size=page_size, concurrent=concurrent, journal=journal, tenant=client.tenant_id,
        chosen={
            "risk_level": risk_level, "risk_state": risk_state, "risk_event_type": risk_event_type,
            "user_id": user_id, "user_principal_name": user_principal_name,
        },
    )  # fmt: skip
    return pull(client, question, on_partial)


@takes
def list_risky_users(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    risk_level: Values = None,
    risk_state: Values = None,
    user_id: Values = None,
    user_principal_name: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Risky users: where each user stands now, by Entra ID Protection.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `risk_last_updated_date_time`; see `list_alerts` for the forms.
    risk_level, risk_state, user_id, user_principal_name : str or list of str, optional
        Only users with one of these values; `user_id` is the Entra object id.
    filter, limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one user's current standing; `id` is the user's Entra object id. Times are UTC.

    Raises
    ------
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `IdentityRiskyUser.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/riskyuser-list
    """
    question = ask(
        RESOURCES["risky_users"], now=client.now(), since=since, until=until, filter=filter, limit=limit,
        page_size=page_size,
        chosen={
            "risk_level": risk_level, "risk_state": risk_state, "id": user_id,
            "user_principal_name": user_principal_name,
        },
    )  # fmt: skip
    return pull(client, question, on_partial)

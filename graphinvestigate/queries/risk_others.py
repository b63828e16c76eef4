"""Entra ID Protection beyond users' present risk: their history, and service principals."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from graphinvestigate.client import GraphClient, path_segment
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.queries.records import checked_id
from graphinvestigate.wanted import takes


@takes
def list_risky_user_history(
    client: GraphClient,
    user_id: str,
    *,
    since: Time = None,
    until: Time = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """How one user's risk came to be what it is: each change, and who or what made it.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    user_id : str
        The Entra object id: `id` of `list_risky_users`.
    since, until : str or datetime, optional
        Window over `risk_last_updated_date_time`, applied here; see `list_alerts` for the forms.
    limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one change of the user's risk. Times are UTC.

    Raises
    ------
    RecordNotFoundError
        The tenant knows no risk of such a user.
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `IdentityRiskyUser.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/riskyuser-list-history
    """
    resource = RESOURCES["risky_user_history"]
    path = resource.path.replace("{id}", path_segment(checked_id("user_id", user_id)))
    question = ask(resource, now=client.now(), since=since, until=until, limit=limit, page_size=page_size)
    return pull(client, replace(question, at=path), on_partial)


@takes
def list_service_principal_risk_detections(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    risk_level: Values = None,
    risk_state: Values = None,
    risk_event_type: Values = None,
    service_principal_id: Values = None,
    app_id: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    concurrent: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Risk detections of service principals: single risky events of applications.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `activity_date_time`; see `list_alerts` for the forms.
    risk_level, risk_state, risk_event_type, service_principal_id, app_id : str or list of str, optional
        Only detections with one of these values.
    filter, limit, page_size, concurrent, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one risk detection. Times are UTC.

    Raises
    ------
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `IdentityRiskEvent.Read.All`, the licence Workload ID Premium.

    See Also
    --------
    https://learn.microsoft.com/graph/api/identityprotectionroot-list-serviceprincipalriskdetections
    """
    question = ask(
        RESOURCES["service_principal_risk_detections"], now=client.now(), since=since, until=until, filter=filter,
        limit=limit, page_size=page_size, concurrent=concurrent,
        chosen={
            "risk_level": risk_level, "risk_state": risk_state, "risk_event_type": risk_event_type,
            "service_principal_id": service_principal_id, "app_id": app_id,
        },
    )  # fmt: skip
    return pull(client, question, on_partial)


@takes
def list_risky_service_principals(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    risk_level: Values = None,
    risk_state: Values = None,
    service_principal_id: Values = None,
    app_id: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Risky service principals: where each application stands now.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `risk_last_updated_date_time`; see `list_alerts` for the forms.
    risk_level, risk_state, service_principal_id, app_id : str or list of str, optional
        Only service principals with one of these values.
    filter, limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one service principal's current standing; `id` is its Entra object id. Times are UTC.

    Raises
    ------
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `IdentityRiskyServicePrincipal.Read.All`, the licence Workload ID
        Premium.

    See Also
    --------
    https://learn.microsoft.com/graph/api/identityprotectionroot-list-riskyserviceprincipals
    """
    question = ask(
        RESOURCES["risky_service_principals"], now=client.now(), since=since, until=until, filter=filter,
        limit=limit, page_size=page_size,
        chosen={
            "risk_level": risk_level, "risk_state": risk_state, "id": service_principal_id, "app_id": app_id,
        },
    )  # fmt: skip
    return pull(client, question, on_partial)

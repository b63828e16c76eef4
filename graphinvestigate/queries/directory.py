"""The directory: `list_directory_audits`, `get_user` and `list_user_devices`."""

from __future__ import annotations

import os
from dataclasses import replace

import pandas as pd

from graphinvestigate.client import GraphClient, path_segment
from graphinvestigate.errors import BadRequestError, PermissionMissingError, UsageError
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.coverage import asked_otherwise, lacking, remember
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.queries.records import checked_id, one_record
from graphinvestigate.wanted import takes

# What identifies a user elsewhere: Graph sends most of it only when asked to.
USER_PROPERTIES = (
    "id", "userPrincipalName", "displayName", "mail", "accountEnabled", "createdDateTime", "department", "jobTitle",
    "userType", "externalUserState", "onPremisesDomainName", "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "otherMails", "proxyAddresses", "securityIdentifier",
    "lastPasswordChangeDateTime",
)  # fmt: skip
RELATIONS = {"owned": "ownedDevices", "registered": "registeredDevices"}


@takes
def list_directory_audits(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    activity_display_name: Values = None,
    initiated_by_user_id: Values = None,
    initiated_by_user_principal_name: Values = None,
    initiated_by_app_id: Values = None,
    logged_by_service: Values = None,
    category: Values = None,
    result: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    concurrent: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Directory audits: who changed what in Entra ID (users, applications, consents, roles).

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `activity_date_time`; see `list_alerts` for the forms. Entra keeps 30 days at most.
    activity_display_name, initiated_by_user_id, initiated_by_user_principal_name, initiated_by_app_id
        Only audits with one of these values: str or list of str.
    logged_by_service, category, result
        Likewise; the last two are compared here, as Graph does not filter on them.
    filter, limit, page_size, concurrent, journal, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one audited activity. Times are UTC; `target_resources` is JSON text.

    Raises
    ------
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `AuditLog.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/directoryaudit-list
    """
    question = ask(
        RESOURCES["directory_audits"], now=client.now(), since=since, until=until, filter=filter, limit=limit,
        page_size=page_size, concurrent=concurrent, journal=journal, tenant=client.tenant_id,
        chosen={
            "activity_display_name": activity_display_name, "initiated_by_user_id": initiated_by_user_id,
            "initiated_by_user_user_principal_name": initiated_by_user_principal_name,
            "initiated_by_app_app_id": initiated_by_app_id, "logged_by_service": logged_by_service,
            "category": category, "result": result,
        },
    )  # fmt: skip
    return pull(client, question, on_partial)


@takes
def get_user(client: GraphClient, user_id: str) -> pd.DataFrame:
    """One user of the directory, with what identifies the account elsewhere.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    user_id : str
        The Entra object id, or the user principal name.

    Returns
    -------
    DataFrame
        One row. Where the permission does not reach beyond a basic profile, the rest is missing and the coverage
        says so.

    Raises
    ------
    RecordNotFoundError
        The tenant has no such user, or this account may not see it.
    UsageError, PermissionMissingError, GraphInvestigateError
        As in `get_alert`; the permission is `User.ReadBasic.All`, or `User.Read.All` for all properties.

    See Also
    --------
    https://learn.microsoft.com/graph/api/user-get
    """
    try:
        return one_record(client, "users", "user_id", user_id, select=USER_PROPERTIES)[0]
    except (PermissionMissingError, BadRequestError) as error:
        asked_otherwise(client, error)
        frame, facts = one_record(client, "users", "user_id", user_id)
        note = f"basic profile only: the other properties could not be read ({error})"
        remember(client, replace(facts, note=note, complete=False, lacking=lacking(error)))
        return frame


@takes
def list_user_devices(
    client: GraphClient,
    user_id: str,
    *,
    relation: str = "registered",
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Devices that a user registered, or owns.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    user_id : str
        The Entra object id, or the user principal name.
    relation : {"registered", "owned"}
        Which devices.
    limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one device; `device_id` is what sign-ins and alerts call it, not `id`.

    Raises
    ------
    RecordNotFoundError
        The tenant has no such user, or this account may not see it.
    UsageError, PermissionMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `User.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/user-list-registereddevices
    """
    if relation not in RELATIONS:
        raise UsageError(f"relation takes 'registered' or 'owned'; got {relation!r:.80}.")
    path = f"/users/{path_segment(checked_id('user_id', user_id))}/{RELATIONS[relation]}"
    resource = replace(
        RESOURCES["devices"],
        filters={},
        permission="User.Read.All",
        docs=f"https://learn.microsoft.com/graph/api/user-list-{RELATIONS[relation].lower()}",
    )
    question = replace(
        ask(resource, now=client.now(), limit=limit, page_size=page_size), at=path, note=f"{relation} devices"
    )
    return pull(client, question, on_partial)

"""Secure score: `list_secure_scores` and `list_secure_score_control_profiles`."""

from __future__ import annotations

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.wanted import takes


@takes
def list_secure_scores(
    client: GraphClient,
    *,
    since: Time = None,
    until: Time = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Secure scores: one a day, newest first.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since, until : str or datetime, optional
        Window over `created_date_time`, applied here; see `list_alerts` for the forms. Graph keeps 90 days.
    limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one day's score of the tenant; `control_scores` is JSON text.

    Raises
    ------
    UsageError, PermissionMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `SecurityEvents.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-list-securescores
    """
    question = ask(
        RESOURCES["secure_scores"], now=client.now(), since=since, until=until, limit=limit, page_size=page_size
    )
    return pull(client, question, on_partial)


@takes
def list_secure_score_control_profiles(
    client: GraphClient,
    *,
    control_category: Values = None,
    service: Values = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Controls that the secure score is made of, and what to do for each.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    control_category, service : str or list of str, optional
        Only controls with one of these values; compared here.
    limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one control.

    Raises
    ------
    UsageError, PermissionMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `SecurityEvents.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-list-securescorecontrolprofiles
    """
    question = ask(
        RESOURCES["secure_score_control_profiles"], now=client.now(), limit=limit, page_size=page_size,
        chosen={"control_category": control_category, "service": service},
    )  # fmt: skip
    return pull(client, question, on_partial)

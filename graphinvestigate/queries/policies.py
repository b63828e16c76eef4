"""Conditional Access: `list_named_locations`."""

from __future__ import annotations

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import ask
from graphinvestigate.wanted import takes


@takes
def list_named_locations(
    client: GraphClient,
    *,
    is_trusted: bool | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Places that the tenant's Conditional Access knows by name: its own networks, and lists of countries.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    is_trusted : bool, optional
        Only those that are marked as trusted, or only those that are not; compared here.
    limit, page_size, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one named location. A range of addresses has `is_trusted` and `ip_ranges` (JSON: a list of
        ``cidrAddress``), a list of countries has `countries_and_regions`. Give it to ``entity_graph(hubs=…)``: the
        trusted ranges are what everybody shares.

    Raises
    ------
    UsageError, PermissionMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `Policy.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
    """
    question = ask(
        RESOURCES["named_locations"], now=client.now(), limit=limit, page_size=page_size,
        chosen={"is_trusted": None if is_trusted is None else str(is_trusted).lower()},
    )  # fmt: skip
    return pull(client, question, on_partial)

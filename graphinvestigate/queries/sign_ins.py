"""Sign-ins: `list_sign_ins`."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.errors import GraphError, UsageError
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.coverage import asked_otherwise, lacking
from graphinvestigate.queries.pulling import OnPartial, pull
from graphinvestigate.queries.questions import Time, Values, ask
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

EVENT_TYPES = {
    "interactive": "interactiveUser",
    "nonInteractive": "nonInteractiveUser",
    "servicePrincipal": "servicePrincipal",
    "managedIdentity": "managedIdentity",
}
NOT_OFFERED = frozenset({400, 403, 404, 405, 410, 501})
"""Answers that say that beta, or its kinds of sign-ins, can't be read here at all."""


@takes
def list_sign_ins(
    client: GraphClient,
    *,
    event_types: str | Sequence[str] = "interactive",
    since: Time = None,
    until: Time = None,
    user_id: Values = None,
    user_principal_name: Values = None,
    ip_address: Values = None,
    app_id: Values = None,
    filter: str | None = None,
    limit: int | None = None,
    page_size: int | None = None,
    concurrent: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    on_partial: OnPartial = "raise",
) -> pd.DataFrame:
    """Sign-ins, newest first: the interactive ones, or those of the kinds asked for.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    event_types : str or list of str
        Which kinds: ``"interactive"``, ``"nonInteractive"`` (a client with a token or cookie in the user's name: a
        replayed session shows here), ``"servicePrincipal"``, ``"managedIdentity"``. All but the first are asked of
        Graph beta, as v1.0 has none of them.
    since, until : str or datetime, optional
        Window over `created_date_time`; see `list_alerts` for the forms. Entra keeps 30 days at most.
    user_id, user_principal_name, ip_address, app_id : str or list of str, optional
        Only sign-ins with one of these values.
    filter, limit, page_size, concurrent, journal, on_partial
        As in `list_alerts`.

    Returns
    -------
    DataFrame
        One row is one sign-in. Times are UTC. `sign_in_event_types` says the kind where Graph gives it. The coverage
        says which kinds were asked for; where interactive ones were among them and beta can't be read, the frame
        holds those alone, and its coverage says 'interactive only' and is not complete.

    Raises
    ------
    UsageError, PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in `list_alerts`; the permission is `AuditLog.Read.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/signin-list
    """
    kinds = _kinds(event_types)
    asked_for = f"asked for {', '.join(kinds)} sign-ins"
    question = ask(
        RESOURCES["sign_ins"], now=client.now(), since=since, until=until, filter=filter, limit=limit,
        page_size=page_size, concurrent=concurrent, journal=journal, tenant=client.tenant_id,
        chosen={
            "user_id": user_id, "user_principal_name": user_principal_name, "ip_address": _addresses(ip_address),
            "app_id": app_id,
        },
    )  # fmt: skip
    v1 = replace(question, note="interactive only (v1.0 has no other sign-ins)")
    if kinds == ["interactive"]:
        return pull(client, v1, on_partial)
    beta = replace(
        question,
        version="beta",
        holds={"sign_in_event_types": tuple(EVENT_TYPES[kind] for kind in kinds)},
        note=f"{asked_for} (beta)",
    )
    try:
        return pull(client, beta, on_partial)
    except GraphError as error:
        if "interactive" not in kinds or error.status not in NOT_OFFERED:
            raise
        asked_otherwise(client, error)
        unread = f"interactive only: {asked_for}, but beta could not be read ({error})"
        return pull(client, replace(v1, note=unread, unasked=True, lacking=lacking(error)), on_partial)


def _addresses(given: Values | None) -> Values | None:
    """Network addresses as Graph writes them; a defanged or misspelt one would match nothing, without a word."""
    if given is None:
        return None
    several = [given] if isinstance(given, str) else given
    if not isinstance(several, Sequence) or not all(isinstance(one, str) for one in several):
        return given  # said to be no text with the others
    return [_address(one) for one in several]


def _address(text: str) -> str:
    plain = text.strip().replace("[.]", ".").replace("[:]", ":").strip("[]")
    try:
        return str(ipaddress.ip_address(plain))
    except ValueError:
        raise UsageError(
            f"ip_address takes a network address, such as 203.0.113.7 or 2001:db8::7; got {log(repr(text))[:80]}."
        ) from None


def _kinds(event_types: Values) -> list[str]:
    """Kinds of sign-ins in their own spelling, each once; case does not matter."""
    given = [event_types] if isinstance(event_types, str) else event_types
    spelling = {kind.lower(): kind for kind in EVENT_TYPES}
    if not isinstance(given, Sequence) or not given or any(str(kind).lower() not in spelling for kind in given):
        raise UsageError(f"event_types takes one or several of {', '.join(EVENT_TYPES)}; got {log(str(event_types))}.")
    return list(dict.fromkeys(spelling[str(kind).lower()] for kind in given))

"""`stage`: from a frame and a decision to a table of what would change. Nothing is asked and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from graphinvestigate.actions.kinds import KINDS, MOST_COMMENT, NAMES_USER, RISK_STATES, USER, Item, Kind
from graphinvestigate.actions.staged import Staged
from graphinvestigate.client import GraphClient, path_segment
from graphinvestigate.errors import EndpointRetiredError, UsageError
from graphinvestigate.queries.questions import known_values
from graphinvestigate.queries.records import holds_legacy
from graphinvestigate.text import log

_READ_AS_IS = frozenset({"alert", "incident", "risky_user"})  # other rows name a user, and say nothing of the risk


def stage(
    client: GraphClient,
    records: pd.DataFrame,
    *,
    status: str | None = None,
    classification: str | None = None,
    determination: str | None = None,
    assigned_to: str | None = None,
    add_tags: str | Sequence[str] | None = None,
    remove_tags: str | Sequence[str] | None = None,
    comment: str | None = None,
    risk: str | None = None,
    revoke_sessions: bool = False,
) -> Staged:
    """Stage changes to records: a table of what will change. Nothing is sent before ``.apply(dry_run=False)``.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    records : DataFrame
        Alerts, or incidents; for `risk` and `revoke_sessions` rows that name users: risky users, users, risk
        detections or sign-ins. As `list_*` and `get_*` return them, with `record_kind`, `id` and `raw`.
    status, classification, determination : str, optional
        The verdict on alerts and incidents, in Graph's words; case does not matter.
    assigned_to : str, optional
        Who takes it over: a user principal name; ``""`` for nobody.
    add_tags, remove_tags : str or list of str, optional
        Tags of incidents (Graph takes none on alerts). The other tags of an incident stay.
    comment : str, optional
        A comment on each alert or incident, up to 1,000 characters.
    risk : {"confirmCompromised", "dismiss", "confirmSafe"}, optional
        The decision on the users' risk.
    revoke_sessions : bool
        Whether the users' sessions are to end: each has to sign in again everywhere.

    Returns
    -------
    Staged
        ``.changes`` is the table; ``.apply()`` looks each record up and says what would happen;
        ``.apply(dry_run=False)`` sends. Two of them join with ``+``.

    Raises
    ------
    UsageError
        Rows and decision don't fit together, or a value that Graph does not know.
    EndpointRetiredError
        The rows are legacy alerts.

    Notes
    -----
    Permissions, asked for only when something is really sent: `SecurityAlert.ReadWrite.All`,
    `SecurityIncident.ReadWrite.All`, `IdentityRiskyUser.ReadWrite.All`, `User.RevokeSessions.All`.

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-alert-update
    https://learn.microsoft.com/graph/api/security-incident-update
    https://learn.microsoft.com/graph/api/riskyuser-confirmcompromised
    https://learn.microsoft.com/graph/api/user-revokesigninsessions
    """
    if not isinstance(client, GraphClient):
        raise UsageError("stage takes a client first: actions.stage(client, alerts, status='resolved').")
    kind, given_kind = _kind(records)
    verdict = {
        "status": status, "classification": classification, "determination": determination,
        "assigned_to": assigned_to,
    }  # fmt: skip
    wanted = {name: _value(kind, name, value) for name, value in verdict.items() if value is not None}
    added, removed = _tags("add_tags", add_tags), _tags("remove_tags", remove_tags)
    if not isinstance(revoke_sessions, bool):
        raise UsageError(f"revoke_sessions takes True or False; got {revoke_sessions!r:.80}.")
    _check_fit(kind, wanted, added + removed, comment, risk, revoke_sessions)
    items = [
        Item(
            kind, record_id, _label(record, kind), record if given_kind in _READ_AS_IS else None,
            wanted, added, removed, _comment(comment), _decision(risk), revoke_sessions,
        )
        for record_id, record in _records(records, given_kind).items()
    ]  # fmt: skip
    return Staged(client, items)


def _kind(records: Any) -> tuple[Kind, str]:
    if not isinstance(records, pd.DataFrame) or not {"record_kind", "raw"} <= set(records.columns):
        raise UsageError("stage takes rows that a list_* or get_* function returned, with record_kind and raw.")
    found = sorted(set(records["record_kind"].dropna()))
    if holds_legacy(records):
        raise EndpointRetiredError(
            "Graph has retired /security/alerts, and these legacy alerts with it. Pull the current ones with "
            "list_alerts and stage those.",
            successor="list_alerts (/security/alerts_v2)",
        )
    takes = ", ".join([*(k for k in KINDS if k != USER), *NAMES_USER])
    if not found:
        raise UsageError(f"There is no row to stage: select one or more of {takes}.")
    if len(found) > 1 or (found[0] not in KINDS and found[0] not in NAMES_USER):
        raise UsageError(f"stage takes one kind at a time of {takes}; got {log(', '.join(map(str, found)))}.")
    return KINDS[USER if found[0] in NAMES_USER else found[0]], found[0]


def _value(kind: Kind, name: str, value: Any) -> Any:
    if name == "assigned_to":
        if not isinstance(value, str):
            raise UsageError(f"assigned_to takes a user principal name, or '' for nobody; got {value!r:.80}.")
        return value.strip() or None
    if kind.name == USER:
        return value  # refused with the rest in `_check_fit`
    if not isinstance(value, str):
        raise UsageError(f"{name} takes one of Graph's words; got {value!r:.80}.")
    (spelled,) = known_values(kind.resource, name, value)
    if spelled in kind.refused.get(name, ()):
        column = kind.resource.column(name)
        taken = [member for member in column.enum or () if member not in kind.refused[name]]
        raise UsageError(f"{name} can't be set to '{log(spelled)}'. It takes: {', '.join(taken)}.")
    return spelled


def _check_fit(
    kind: Kind, wanted: Mapping[str, Any], tags: tuple[str, ...], comment: Any, risk: Any, revoke: bool
) -> None:
    users = kind.name == USER
    verdict = [*wanted, *(["add_tags/remove_tags"] if tags else []), *(["comment"] if comment is not None else [])]
    on_users = [*(["risk"] if risk is not None else []), *(["revoke_sessions"] if revoke else [])]
    if users and verdict:
        raise UsageError(f"{', '.join(verdict)} goes with alerts and incidents; for users: risk, revoke_sessions.")
    if not users and on_users:
        raise UsageError(
            f"{', '.join(on_users)} goes with rows that name users ({', '.join(NAMES_USER)}); these are "
            f"{kind.resource.name}."
        )
    if tags and not kind.tags:
        raise UsageError("Graph takes tags on incidents only: stage the alerts' incidents (get_incident).")
    if not verdict and not on_users:
        raise UsageError("Say what is to change: " + ("risk=, revoke_sessions=" if users else "status=, comment= …"))


def _tags(name: str, tags: Any) -> tuple[str, ...]:
    given = (tags,) if isinstance(tags, str) else () if tags is None else tags
    if not isinstance(given, Sequence) or not all(isinstance(tag, str) and tag.strip() for tag in given):
        raise UsageError(f"{name} takes a tag or a list of tags; got {tags!r:.80}.")
    return tuple(dict.fromkeys(tag.strip() for tag in given))


def _comment(comment: Any) -> str | None:
    if comment is None:
        return None
    if not isinstance(comment, str) or not comment.strip() or len(comment) > MOST_COMMENT:
        raise UsageError(f"comment takes a text of 1 to {MOST_COMMENT:,} characters.")
    return comment


def _decision(risk: Any) -> str | None:
    if risk is None:
        return None
    spelled = {name.casefold(): name for name in RISK_STATES}.get(risk.casefold() if isinstance(risk, str) else "")
    if spelled is None:
        raise UsageError(f"risk takes one of {', '.join(RISK_STATES)}; got {risk!r:.80}.")
    return spelled


def _records(records: pd.DataFrame, kind: str) -> dict[str, Mapping[str, Any]]:
    """Records by the id that is written to, each once, in the frame's order."""
    found: dict[str, Mapping[str, Any]] = {}
    nameless = 0
    for raw in records["raw"]:
        try:
            record = json.loads(raw)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError("A row's raw is no record: pull it again, and stage that.") from error
        record_id = record.get(NAMES_USER.get(kind, "id")) if isinstance(record, dict) else None
        if not isinstance(record_id, str) or not record_id.strip():
            nameless += 1
            continue
        path_segment(record_id)  # refuses what can be no id
        found.setdefault(record_id, record)
    if nameless:
        whom = "user" if kind in NAMES_USER else "id"
        raise UsageError(f"{nameless} of the {len(records)} rows name no {whom}: leave them out.")
    return found


def _label(record: Mapping[str, Any], kind: Kind) -> str:
    value = record.get(kind.title) or record.get("userDisplayName") or record.get("displayName")
    return value if isinstance(value, str) else ""

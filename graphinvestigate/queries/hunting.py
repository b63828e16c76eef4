"""Advanced hunting: `run_hunting_query`."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from graphinvestigate.client import GraphClient, Pull, kql_string, odata_datetime
from graphinvestigate.errors import (
    BadRequestError,
    GraphError,
    PartialResultError,
    ServiceError,
    ThrottledError,
    UsageError,
)
from graphinvestigate.frames.hunting import hunting_frame
from graphinvestigate.queries.coverage import failures_kept, remember
from graphinvestigate.queries.offered import refuse_absent
from graphinvestigate.text import log
from graphinvestigate.wanted import in_order, takes

PATH = "/security/runHuntingQuery"
PERMISSION = "ThreatHunting.Read.All"
MOST_ROWS = 100_000
MOST_DAYS = 30
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_AGO = re.compile(r"([0-9]{1,6})\s*([mhdw])")
_DURATION = re.compile(r"P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?")
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}
_LIMITS = (
    f"Hunting answers at most {MOST_ROWS:,} rows of the last {MOST_DAYS} days, within 3 minutes, about 45 queries a "
    "minute, and within a CPU quota that is renewed every 15 minutes."
)

Parameter = str | bool | int | float | datetime | Sequence[str]


@takes
def run_hunting_query(
    client: GraphClient,
    kql: str,
    *,
    parameters: Mapping[str, Parameter] | None = None,
    timespan: str | None = None,
) -> pd.DataFrame:
    """Ask Defender XDR's advanced hunting a question in KQL.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    kql : str
        The query. Never write values of records into it: name them and give them as `parameters`.
    parameters : mapping, optional
        Names that the query uses and their values: str, bool, int, float, aware datetime or list of str. Each is
        bound by a line ``let name = literal;`` before the query, so that it stays a value whatever it holds.
    timespan : str, optional
        How far back to look: ``"7d"``, ``"36h"``, an ISO 8601 duration (``"P7D"``) or interval; 30 days at most,
        which is also the default.

    Returns
    -------
    DataFrame
        One row is one result, in the columns and types that the answer's own schema states; ``record_kind`` is
        ``hunting_row``. The coverage shows the query as it was sent.

    Raises
    ------
    UsageError
        A name, value or time span that cannot be right; nothing was asked.
    BadRequestError
        Graph did not understand the query, or it went beyond what hunting allows.
    ThrottledError, ServiceError
        Too many queries, the quota is used up, or the query ran too long.
    PartialResultError
        The answer is as long as hunting's answers get, so rows are probably missing.
    PermissionMissingError, GraphInvestigateError
        As in `list_alerts`; the permission is `ThreatHunting.Read.All`.

    Examples
    --------
    >>> import graphinvestigate as gi
    >>> client = gi.connect_demo()
    >>> frame = gi.run_hunting_query(client, "AlertInfo | where Severity == level", parameters={"level": "High"})
    >>> set(frame["Severity"])
    {'High'}

    See Also
    --------
    https://learn.microsoft.com/graph/api/security-security-runhuntingquery
    """
    query = bound(kql, parameters or {})
    body = {"Query": query}
    if timespan is not None:
        body["Timespan"] = span(timespan)
    refuse_absent(client, PATH)
    started, requests, waited = client.now(), client.requests_made, client.waited_seconds
    asked = Pull(pull_id="", resource="hunting", path=PATH, params_asked=body, filters_server=query)
    with failures_kept(client, asked):
        try:
            answer = client.post(PATH, body, permission=PERMISSION, retry=True)
        except (BadRequestError, ThrottledError, ServiceError) as error:
            raise _with_limits(error) from error
    pull_id = f"hunting-{uuid.uuid4().hex[:12]}"
    frame = hunting_frame(answer, pull_id=pull_id)
    missing = f"rows beyond {MOST_ROWS:,}, the most that hunting answers" if len(frame) >= MOST_ROWS else ""
    remember(
        client,
        Pull(
            pull_id=pull_id, resource="hunting", path=PATH, params_asked=body, filters_server=query, pages=1,
            rows_received=len(frame), rows_kept=len(frame), complete=not missing,
            note=missing or _looked(timespan), started=started, finished=client.now(),
            requests=client.requests_made - requests, waited_seconds=client.waited_seconds - waited,
        ),
    )  # fmt: skip
    if missing:
        raise PartialResultError(
            f"hunting: {len(frame):,} rows came, and {missing} are probably missing. Ask for a shorter time span, or "
            "summarize in the query. The rows that came are in this error's .frame.",
            frame=frame,
            missing=missing,
        )
    return frame


def bound(kql: str, parameters: Mapping[str, Parameter]) -> str:
    """A query with its parameters as `let` lines before it.

    Raises
    ------
    UsageError
        The query is empty, or a parameter cannot be written as KQL.
    """
    if not isinstance(kql, str) or not kql.strip():
        raise UsageError('run_hunting_query takes a query in KQL, such as "AlertInfo | where Severity == level".')
    if not isinstance(parameters, Mapping):
        raise UsageError("parameters takes a mapping of names to values, such as {'level': 'High'}.")
    lines = []
    for name, value in parameters.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UsageError(f"{log(str(name))!r} is no name in KQL: letters, digits and _, no digit first.")
        lines.append(f"let {name} = {literal(name, value)};\n")
    return "".join(lines) + kql


def literal(name: str, value: Any) -> str:
    """One value as a KQL literal."""
    if isinstance(value, str):
        return kql_string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return f"{value}"
    if isinstance(value, float) and math.isfinite(value):
        return f"real({value!r})"
    if isinstance(value, datetime) and value == value:  # NaT is not
        return f"datetime({odata_datetime(value)})"
    if isinstance(value, list | tuple | set | frozenset) and all(isinstance(item, str) for item in value):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return f"dynamic([{', '.join(map(kql_string, items))}])"
    raise UsageError(
        f"{log(name)} takes a str, bool, int, float, aware datetime or list of str; got {log(repr(value))}."
    )


def _looked(timespan: str | None) -> str:
    """Which time was looked at, for people."""
    begin, between, end = (timespan or f"{MOST_DAYS}d").partition("/")
    return f"looked from {log(begin)} to {log(end)}" if between else f"looked back {log(begin)}"


def span(timespan: str) -> str:
    """A time span as ISO 8601."""
    text = timespan.strip() if isinstance(timespan, str) else ""
    ago = _AGO.fullmatch(text.lower())
    if ago:
        minutes = int(ago[1]) * _MINUTES[ago[2]]
        if not 0 < minutes <= MOST_DAYS * _MINUTES["d"]:
            raise UsageError(f"timespan takes up to {MOST_DAYS} days: {_LIMITS}")
        return f"PT{minutes}M" if minutes % _MINUTES["d"] else f"P{minutes // _MINUTES['d']}D"
    if not _DURATION.fullmatch(text) and not ("/" in text and len(text) <= 100 and text.isascii()):
        raise UsageError(f'timespan takes "7d", "36h", an ISO 8601 duration or interval; got {log(str(timespan))!r}.')
    try:
        begin, end = (datetime.fromisoformat(one) for one in text.split("/"))
    except ValueError:  # an end may be a duration, which Graph reads
        return text
    if begin.tzinfo is not None and end.tzinfo is not None:
        in_order(begin, end)
    return text


def _with_limits(error: GraphError) -> GraphError:
    """The same error, in words that name hunting's limits."""
    return type(error)(
        f"{error} {_LIMITS}",
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        url=error.url,
        permission=error.permission,
        retry_after_seconds=error.retry_after_seconds,
        attempts=error.attempts,
    )

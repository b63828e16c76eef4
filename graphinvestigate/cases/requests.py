"""What was asked of Graph ↔ JSON Lines: one line per pull, and one per source that could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import pandas as pd

from graphinvestigate.cases.manifest import parsed
from graphinvestigate.client import Pull
from graphinvestigate.errors import BadFileError
from graphinvestigate.files import sha256
from graphinvestigate.queries.coverage import DTYPES, known_pull
from graphinvestigate.text import log

FILE = "requests.jsonl"
_FIELDS = tuple(one.name for one in fields(Pull))
_TIMES = ("started", "since", "until", "finished")
_COUNTS = ("pages", "rows_received", "rows_kept", "requests")
UNKNOWN = "read from a file or pulled elsewhere: what was asked is not known here"

Request = dict[str, Any]


def request_of(pull: Pull) -> Request:
    """Give the facts of a pull as plain JSON."""
    value = {name: getattr(pull, name) for name in _FIELDS}
    return {name: one.isoformat() if isinstance(one, datetime) else one for name, one in value.items()}


def requests_of(pull_ids: Iterable[Any], resource: str) -> list[Request]:
    """Give what is known of the pulls that rows came with."""
    found = []
    for pull_id in pull_ids:
        if isinstance(pull_id, str):
            pull = known_pull(pull_id)
            unknown = {"pull_id": pull_id, "resource": resource, "note": UNKNOWN, "complete": None}
            found.append(unknown if pull is None else request_of(pull))
    return found


def requests_in(coverage: pd.DataFrame) -> list[Request]:
    """Give the pulls that a coverage table lists, and its rows on sources that could not be read."""
    found = []
    for row in coverage.itertuples():
        pull = known_pull(row.pull_id)
        if pull is not None:
            found.append(request_of(pull))
        elif isinstance(row.pull_id, str):
            found.append({"pull_id": row.pull_id, "resource": row.resource, "note": UNKNOWN, "complete": None})
        else:
            complete = None if pd.isna(row.complete) else bool(row.complete)
            found.append({"pull_id": None, "resource": row.resource, "note": row.note, "complete": complete})
    return found


def key_of(request: Mapping[str, Any]) -> str:
    """What tells one request from another."""
    pull_id = request.get("pull_id")
    return pull_id if isinstance(pull_id, str) else sha256(f"{request.get('resource')}\n{request.get('note')}")


def read_requests(body: bytes, *, source: str = FILE) -> dict[str, Request]:
    """Read `requests.jsonl`.

    Raises
    ------
    BadFileError
        A line is no request.
    """
    found: dict[str, Request] = {}
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        value = parsed(line, source=f"{source}, line {number}")
        if not isinstance(value, dict) or not isinstance(value.get("resource"), str):
            raise BadFileError(f"{source}, line {number}: no request; the case is damaged.")
        pull_of(value, source=f"{source}, line {number}")
        found[key_of(value)] = value
    return found


def pull_of(request: Mapping[str, Any], *, source: str = FILE) -> Pull | None:
    """Give a request as the pull it was; None where nothing was pulled, or what was asked is not known."""
    if not isinstance(request.get("pull_id"), str) or "path" not in request:
        return None
    value = {name: request[name] for name in _FIELDS if name in request}
    try:
        for name in _TIMES:
            if value.get(name) is not None:
                value[name] = datetime.fromisoformat(value[name])
        pull = Pull(**value)
        counts = [getattr(pull, name) for name in _COUNTS]
        good = isinstance(pull.params_asked, dict) and all(isinstance(count, int) for count in counts)
        texts = (pull.resource, pull.path, pull.note, pull.filters_server, pull.filters_local)
        good = good and all(isinstance(text, str) for text in texts) and isinstance(pull.waited_seconds, int | float)
    except (TypeError, ValueError) as error:
        raise BadFileError(f"{source}: no request ({log(str(error))}); the case is damaged.") from error
    if not good:
        raise BadFileError(f"{source}: a request with members of another type; the case is damaged.")
    return pull


def coverage_of(requests: Iterable[Request]) -> pd.DataFrame:
    """Lay requests out with the columns of `coverage`, in the order in which they were made."""
    rows = []
    for request in requests:
        pull = pull_of(request)
        plain = {name: request.get(name) for name in ("pull_id", "resource", "note", "complete")}
        rows.append(plain if pull is None else {name: getattr(pull, name) for name in DTYPES})
    return pd.DataFrame(rows, columns=list(DTYPES)).astype(DTYPES)


def in_order(requests: Iterable[Request]) -> list[Request]:
    """Sort requests by when they were made; those without a time come last."""
    return sorted(requests, key=lambda one: (one.get("started") or "9999", str(one.get("resource")), key_of(one)))

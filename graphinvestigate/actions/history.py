"""The audit rows: what was sent to change something, and what became of it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from graphinvestigate.client import GraphClient
from graphinvestigate.errors import UsageError

CHANGES = {
    "record_kind": "str", "id": "str", "label": "str", "field": "str", "before": "str", "after": "str",
    "permission": "str",
}  # fmt: skip
RESULTS = {
    **CHANGES, "outcome": "str", "reason": "str", "at": "datetime64[ns, UTC]", "by": "str", "request_id": "str",
}  # fmt: skip

# Outcomes. The last three only come of a real run.
WOULD_CHANGE = "would change"
SAME = "already so"
CONFLICT = "conflict"
REDIRECTED = "redirected"
NOT_FOUND = "not found"
NOT_READ = "not read"
NOT_SENT = "not sent"
CHANGED = "changed"
REFUSED = "refused"
UNKNOWN = "unknown"

_ROWS: weakref.WeakKeyDictionary[GraphClient, list[dict[str, Any]]] = weakref.WeakKeyDictionary()
# Which version of a record our own change made out of which: what we wrote ourselves is no conflict.
_MADE: weakref.WeakKeyDictionary[GraphClient, dict[tuple[str, str, str], str]] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def history(client: GraphClient) -> pd.DataFrame:
    """Everything that was written through a client in this session, oldest first.

    Parameters
    ----------
    client : GraphClient
        The one that was given to `stage`.

    Returns
    -------
    DataFrame
        One row is one change that was to be made for real: `record_kind`, `id`, `label`, `field`, its value `before`
        and `after`, the `permission` it took, the `outcome` (`changed`; `already so`; `refused`, `not sent`,
        `conflict`, `redirected`, `not found`, `not read`: nothing was changed; `unknown`: it may have been), the
        `reason`, `at` (UTC, by Graph's clock), `by` whom, and Graph's `request_id` where it refused. Dry runs leave
        no row.

    Raises
    ------
    UsageError
        The argument is no client.
    """
    if not isinstance(client, GraphClient):
        raise UsageError("history takes the client that changes were sent through.")
    with _LOCK:
        return table(_ROWS.get(client, ()), RESULTS)


def record(client: GraphClient, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep audit rows."""
    with _LOCK:
        _ROWS.setdefault(client, []).extend(dict(row) for row in rows)


def made(client: GraphClient, kind: str, record_id: str, before: str, after: str) -> None:
    """Note that our own change led from one version of a record to another."""
    if before and after and before != after:
        with _LOCK:
            _MADE.setdefault(client, {})[kind, record_id, before] = after


def newest_own(client: GraphClient, kind: str, record_id: str, version: str) -> str:
    """Follow our own changes from a version that was read."""
    with _LOCK:
        known = _MADE.get(client, {})
        for _ in range(len(known)):
            if (kind, record_id, version) not in known:
                break
            version = known[kind, record_id, version]
        return version


def table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame; an empty one has the same columns and dtypes."""
    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))


def shown(value: Any) -> str | None:
    """A value as the tables show it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return None if value is None or value == "" else str(value)

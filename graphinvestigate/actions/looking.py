"""Each record as it stands now: gone, merged into another, changed since it was read, or as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.actions.history import CONFLICT, NOT_FOUND, NOT_READ, REDIRECTED, newest_own, shown
from graphinvestigate.actions.kinds import USER, Item
from graphinvestigate.client import BatchRequest, GraphClient, path_segment
from graphinvestigate.errors import GraphInvestigateError, RecordNotFoundError
from graphinvestigate.text import log

# What an answer holds besides the record itself, and what is only there when it was asked for.
_NOT_THE_RECORD = frozenset({"alerts", "history"})
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as it stands now.

    Attributes
    ----------
    record : dict or None
        None where there is none, or where it was not asked for.
    problem : str
        An outcome that keeps the change from being sent; empty where nothing does.
    reason : str
        Why, for people.
    """

    record: Mapping[str, Any] | None
    problem: str = ""
    reason: str = ""


def look(client: GraphClient, items: Sequence[Item]) -> list[Seen]:
    """Read each record anew, 20 per request; a record that is written to twice is read once.

    Raises
    ------
    GraphInvestigateError
        Not one could be read for want of an answer.
    """
    wanted = {(item.kind.name, item.id): item for item in items if item.kind.name != USER or item.risk}
    requests = [
        BatchRequest(path=item.kind.path(path_segment(item.id)), permission=item.kind.resource.permission)
        for item in wanted.values()
    ]
    answers = client.batch(requests) if requests else []
    found = {key: (answer.error, answer.body) for key, answer in zip(wanted, answers, strict=True)}
    seen = []
    for item in items:
        error, body = found.get((item.kind.name, item.id), (None, b""))
        seen.append(_judge(client, item, error, body))
    return seen


def read_again(client: GraphClient, item: Item) -> Mapping[str, Any] | None:
    """One record as it stands now; None where it can't be read."""
    try:
        page = client.record(item.kind.path(path_segment(item.id)), permission=item.kind.resource.permission)
    except GraphInvestigateError:
        return None
    return _record(page.body)


def _judge(client: GraphClient, item: Item, error: GraphInvestigateError | None, body: bytes) -> Seen:
    if isinstance(error, RecordNotFoundError):
        if item.kind.name == USER:  # no risk is known of the account so far: that can be decided on
            return Seen({})
        return Seen(None, NOT_FOUND, f"Graph has no such {item.kind.name} any more, or this account may not see it.")
    if error is not None:
        return Seen(None, NOT_READ, str(error))
    if not body:
        return Seen(None)
    record = _record(body)
    if record is None:
        return Seen(None, NOT_READ, "The answer is no record. Try again.")
    target = record.get("redirectIncidentId")
    if isinstance(target, str) and target.strip():
        return Seen(
            record, REDIRECTED,
            f"It was merged into incident {log(target)}: stage that one (get_incident leads to it).",
        )  # fmt: skip
    if changed := _changed(client, item, record):
        return Seen(record, CONFLICT, changed)
    return Seen(record)


def _record(body: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _changed(client: GraphClient, item: Item, now: Mapping[str, Any]) -> str:
    """What changed since the record was read, in words; our own changes don't count."""
    if item.read is None:
        return ""
    version = item.kind.version
    read_at, now_at = item.read.get(version), now.get(version)
    dated = isinstance(read_at, str) and isinstance(now_at, str)
    if dated and now_at in (read_at, newest_own(client, item.kind.name, item.id, str(read_at))):
        return ""
    different = [
        name
        for name in now
        if name in item.read
        and name not in _NOT_THE_RECORD
        and not name.startswith("@")
        and name != version
        and now[name] != item.read[name]
    ]
    if not different and read_at == now_at:
        return ""
    told = [_words(name, item.read[name], now[name]) for name in different[:_NAMED]]
    more = f" and {len(different) - _NAMED} more" if len(different) > _NAMED else ""
    what = f": {', '.join(told)}{more}" if told else ""
    return (
        f"Changed since it was read{what}. Pull it again (refresh, or get_*) and look, then stage anew; "
        "overwrite=True sends all the same."
    )


def _words(name: str, before: Any, after: Any) -> str:
    plain = not isinstance(before, list | dict) and not isinstance(after, list | dict)
    return log(f"{name} was {shown(before) or 'empty'}, is {shown(after) or 'empty'}" if plain else name)

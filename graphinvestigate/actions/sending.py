"""Sending: record by record, each outcome kept as soon as it is known; what is half-known is looked at again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphinvestigate.actions.history import (
    CHANGED,
    CONFLICT,
    NOT_SENT,
    REFUSED,
    SAME,
    UNKNOWN,
    WOULD_CHANGE,
    made,
    record,
    shown,
)
from graphinvestigate.actions.kinds import MOST_USERS, RISK_STATES, Item, same
from graphinvestigate.actions.looking import Seen, read_again
from graphinvestigate.client import GraphClient, path_segment
from graphinvestigate.errors import (
    AuthError,
    BadRequestError,
    GraphError,
    GraphInvestigateError,
    LicenceMissingError,
    PermissionMissingError,
    RecordNotFoundError,
)

Row = dict[str, Any]
_COMMENT_TYPE = "microsoft.graph.security.alertComment"


@dataclass(slots=True)
class _Risk:
    """A decision on one user that waits to be sent with others."""

    item: Item
    row: Row


class Sender:
    """Takes items with what was seen of them, and writes them, or says what it would write.

    Parameters
    ----------
    client : GraphClient
    done : set
        (kind, id, field) of what earlier runs settled; added to.
    dry_run, overwrite : bool
        As in `Staged.apply`.
    """

    def __init__(self, client: GraphClient, done: set[tuple[str, str, str]], *, dry_run: bool, overwrite: bool) -> None:
        self._client = client
        self._done = done
        self._dry_run = dry_run
        self._overwrite = overwrite
        self._rows: list[Row] = []
        self._risks: dict[str, list[_Risk]] = {}
        self._sessions: list[tuple[Item, Row]] = []
        self._barred: dict[str, str] = {}
        self._by: str | None = None

    def take(self, item: Item, seen: Seen, rows: Sequence[Row]) -> None:
        """Write one item, or leave it, row by row. Decisions on users wait for `finish`."""
        self._rows += rows
        stopped = "" if self._overwrite and seen.problem == CONFLICT else seen.problem
        send: dict[str, Row] = {}
        for row in rows:
            field = row["field"]
            if self._settled(item, field):
                self._end(row, SAME, "An earlier run of these changes has sent it.", keep=False)
            elif stopped and field != "sessions":
                self._end(row, stopped, seen.reason)
            elif field in item.targets(seen.record) and same(*item.targets(seen.record)[field]):
                self._end(row, SAME, "")
                self._settle(item, field)
            elif self._dry_run:
                self._end(row, WOULD_CHANGE, seen.reason)
            elif field == "risk_state":
                self._risks.setdefault(str(item.risk), []).append(_Risk(item, row))
            elif field == "sessions":
                self._sessions.append((item, row))
            else:
                send[field] = row
        if send:
            self._write(item, seen.record or {}, send)

    def finish(self) -> list[Row]:
        """Send what waited, and give all rows in their order."""
        for decision, waiting in self._risks.items():
            for first in range(0, len(waiting), MOST_USERS):
                self._decide(decision, waiting[first : first + MOST_USERS])
        for item, row in self._sessions:
            path = f"/users/{path_segment(item.id)}/revokeSignInSessions"
            self._send(item, {"sessions": row}, partial(self._post, path, None, row["permission"]), None)
        return self._rows

    def _write(self, item: Item, before: Mapping[str, Any], send: dict[str, Row]) -> None:
        """Change fields in place with one PATCH, then comment."""
        path = item.kind.path(path_segment(item.id))
        patch = {field: row for field, row in send.items() if field != "comment"}
        version = before.get(item.kind.version)
        after: Any = None
        if patch:
            targets = item.targets(before)
            body = {item.kind.fields[field]: targets[field][1] for field in patch}
            answer = self._send(
                item, patch, lambda: self._client.patch(path, body, permission=item.kind.write),
                lambda now: all(same(now.get(name), value) for name, value in body.items()), body,
            )  # fmt: skip
            after = _record(answer or b"").get(item.kind.version)
            if answer is None and "comment" in send:
                self._end(send["comment"], NOT_SENT, "The change that it comments on was not made.")
                return
        if "comment" in send:
            comment = {"@odata.type": _COMMENT_TYPE, "comment": item.comment}
            known = _times_said(before, item.comment)
            answer = self._send(
                item, {"comment": send["comment"]}, lambda: self._post(f"{path}/comments", comment, item.kind.write),
                lambda now: _times_said(now, item.comment) > known,
            )  # fmt: skip
            if answer is not None:
                after = (read_again(self._client, item) or {}).get(item.kind.version)
        if isinstance(version, str) and isinstance(after, str):
            made(self._client, item.kind.name, item.id, version, after)

    def _decide(self, decision: str, waiting: list[_Risk]) -> None:
        """Send one decision on up to 60 users; where one of them is refused, each goes by itself."""
        permission = waiting[0].item.kind.write
        path = f"{waiting[0].item.kind.resource.path}/{decision}"
        if self._is_barred([one.row for one in waiting], permission):
            return
        try:
            self._post(path, {"userIds": [one.item.id for one in waiting]}, permission)
        except GraphInvestigateError as error:
            alone = len(waiting) > 1 and isinstance(error, BadRequestError | RecordNotFoundError)
            for one in waiting:
                if alone:
                    self._decide(decision, [one])
                    continue
                now = read_again(self._client, one.item) if error.change_unknown else None
                shows = now is not None and same(now.get("riskState"), RISK_STATES[decision])
                self._failed(one.item, {"risk_state": one.row}, error, shows=shows)
            return
        except BaseException:
            for one in waiting:
                self._interrupted(one.item, {"risk_state": one.row})
            raise
        for one in waiting:
            self._succeeded(one.item, {"risk_state": one.row})

    def _send(
        self,
        item: Item,
        rows: dict[str, Row],
        send: Callable[[], bytes],
        shows: Callable[[Mapping[str, Any]], bool] | None,
        wanted: Mapping[str, Any] | None = None,
    ) -> bytes | None:
        """Send one request; None where its change was not made for certain."""
        permission = next(iter(rows.values()))["permission"]
        if self._is_barred(list(rows.values()), permission):
            return None
        try:
            answer = send()
        except GraphInvestigateError as error:
            now = read_again(self._client, item) if error.change_unknown and shows else None
            shown_now = now is not None and shows is not None and shows(now)
            self._failed(item, rows, error, shows=shown_now)
            return json.dumps(now).encode() if shown_now else None
        except BaseException:
            self._interrupted(item, rows)
            raise
        self._succeeded(item, rows, wanted, answer)
        return answer

    def _post(self, path: str, body: Any, permission: str) -> bytes:
        return self._client.post(path, body, permission=permission)

    def _is_barred(self, rows: list[Row], permission: str) -> bool:
        for row in rows if permission in self._barred else ():
            self._end(row, NOT_SENT, self._barred[permission])
        return permission in self._barred

    def _succeeded(
        self, item: Item, rows: dict[str, Row], wanted: Mapping[str, Any] | None = None, answer: bytes = b""
    ) -> None:
        """Graph said yes; where it sent the record back, each change has to stand in it."""
        answered = _record(answer)
        for field, row in rows.items():
            name = item.kind.fields.get(field, "")
            if wanted and name in answered and not same(answered[name], wanted[name]):
                there = shown(answered[name]) or "nothing"
                self._end(row, REFUSED, f"Graph answered as if it had made the change, but the record has: {there}.")
            else:
                self._settle(item, field)
                self._end(row, CHANGED, "")

    def _failed(self, item: Item, rows: dict[str, Row], error: GraphInvestigateError, *, shows: bool) -> None:
        permission = next(iter(rows.values()))["permission"]
        if isinstance(error, PermissionMissingError | LicenceMissingError | AuthError):
            self._barred[permission] = f"The same was refused before: {error}"
        for field, row in rows.items():
            row["request_id"] = error.request_id if isinstance(error, GraphError) else None
            if shows:
                self._settle(item, field)
                self._end(row, CHANGED, f"The answer did not come ({error}), but the record shows the change.")
            elif error.change_unknown:
                if field != "sessions":  # those may end twice; anything else is not sent again without a look
                    self._settle(item, field)
                self._end(row, UNKNOWN, str(error))
            else:
                self._end(row, REFUSED, str(error))

    def _interrupted(self, item: Item, rows: dict[str, Row]) -> None:
        for field, row in rows.items():
            self._settle(item, field)
            self._end(row, UNKNOWN, "Interrupted while it was sent: read the record before it is sent again.")

    def _end(self, row: Row, outcome: str, reason: str, *, keep: bool = True) -> None:
        row |= {"outcome": outcome, "reason": reason or None}
        if self._dry_run:
            return
        row |= {"at": self._client.now(), "by": self._who(row)}
        if keep:
            record(self._client, [row])

    def _who(self, row: Row) -> str | None:
        """Who sent it; nobody is asked to sign in for the sake of a row about what was not sent."""
        if not self._by and row["outcome"] in (CHANGED, REFUSED, UNKNOWN):
            try:
                self._by = self._client.signed_in_as(row["permission"])
            except GraphInvestigateError:
                self._by = ""
        return shown(self._by)

    def _settled(self, item: Item, field: str) -> bool:
        return (item.kind.name, item.id, field) in self._done

    def _settle(self, item: Item, field: str) -> None:
        if not self._dry_run:
            self._done.add((item.kind.name, item.id, field))


def _record(answer: bytes) -> dict[str, Any]:
    """What an answer says; nothing where it is empty or no record."""
    try:
        body = json.loads(answer or b"{}")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _times_said(record: Mapping[str, Any], comment: str | None) -> int:
    comments = record.get("comments")
    said = comments if isinstance(comments, list) else []
    return sum(isinstance(one, dict) and one.get("comment") == comment for one in said)

"""What changed since a frame was pulled: only that is asked for, and each change is named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd

from graphinvestigate.client import GraphClient, odata_datetime, path_segment
from graphinvestigate.errors import EndpointRetiredError, RecordNotFoundError, UsageError
from graphinvestigate.frames import newest
from graphinvestigate.frames.schema import RESOURCES, Resource
from graphinvestigate.queries.coverage import asked_by, known_pull
from graphinvestigate.queries.expanding import pull_expanded
from graphinvestigate.queries.questions import Question, closing, matches
from graphinvestigate.queries.records import holds_legacy
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

REFRESHED = ("alerts", "incidents", "risk_detections", "risky_users")
_BY_KIND = {RESOURCES[name].record_kind: RESOURCES[name] for name in REFRESHED}
_OWN = frozenset({"record_kind", "id", "pull_id", "raw"})
CHANGES = {"change": "str", "record_kind": "str", "id": "str", "field": "str", "before": "str", "after": "str"}


@dataclass(frozen=True, slots=True)
class Refresh:
    """A frame as it is now, and what changed.

    Attributes
    ----------
    frame : DataFrame
        The rows of the old frame, changed ones replaced in their place, new ones on top; gone ones left out.
    changes : DataFrame
        One row is one new or gone record, or one changed field: `change` (new, changed, gone), `record_kind`, `id`,
        `field` (a column, or ``raw`` for what has no column), `before` and `after` as text.
    """

    frame: pd.DataFrame = field(repr=False)
    changes: pd.DataFrame

    def __repr__(self) -> str:
        counts = self.changes.drop_duplicates(["change", "id"])["change"].value_counts()
        told = ", ".join(f"{counts.get(kind, 0)} {kind}" for kind in ("new", "changed", "gone"))
        return f"<Refresh of {len(self.frame)} rows: {told}>"


@takes
def refresh(client: GraphClient, frame: pd.DataFrame, *, find_gone: bool = False) -> Refresh:
    """Bring a frame up to date: only what changed since is asked for.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    frame : DataFrame
        From `list_alerts`, `list_incidents`, `list_risk_detections` or `list_risky_users` (or their `get_*`); rows
        may have been left out and columns added. It stays as it is.
    find_gone : bool
        Also ask for each row that did not change whether it is still there: one request each. Without it a record
        that Graph no longer has stays in the frame, as Graph tells nobody what it deleted.

    Returns
    -------
    Refresh
        `.frame` and `.changes`. New are records that the pulls of the frame would bring now; where this session
        does not know what was asked (frames read from files), none are looked for. Refreshing twice changes nothing.

    Raises
    ------
    UsageError
        The frame is of several kinds, of none that can be refreshed, or has no `id` and time of update.
    EndpointRetiredError
        The frame is of legacy alerts, which Graph no longer lists.
    PermissionMissingError, LicenceMissingError, PartialResultError, GraphInvestigateError
        As in the frame's own `list_*` function.

    See Also
    --------
    https://learn.microsoft.com/graph/api/resources/security-api-overview
    """
    resource = _resource_of(frame)
    updated = str(resource.updated)
    questions = asked_by(client, frame["pull_id"].dropna().unique() if "pull_id" in frame.columns else ())
    since = _bound(frame, updated, questions)
    term = f"{'/'.join(resource.column(updated).path)} ge {odata_datetime(since)}" if since else None
    expand = "alerts" if "alerts" in frame.columns and frame["alerts"].notna().any() else None
    now = client.now()
    everything = Question(resource, raw_filter=term, expand=expand, note="refresh: what changed since the frame")
    answer = pull_expanded(client, everything, "raise")
    known = set(frame["id"].dropna())
    fresh = [
        answer[answer["id"].isin(known)],
        *(_new(client, question, answer, now, term, known) for question in questions),
    ]
    merged, changes = _merge(resource, frame, pd.concat(fresh, ignore_index=True))
    if find_gone:
        gone = list(_gone(client, resource, merged, seen=set(answer["id"].dropna())))
        merged = merged[~merged["id"].isin(gone)]
        changes += [{"change": "gone", "record_kind": resource.record_kind, "id": each} for each in gone]
    return Refresh(merged, _changes(changes))


def _resource_of(frame: pd.DataFrame) -> Resource:
    if not isinstance(frame, pd.DataFrame) or not {"record_kind", "id"} <= set(frame.columns):
        raise UsageError("refresh takes a frame that a list_* or get_* function returned, with record_kind and id.")
    kinds = set(frame["record_kind"].dropna())
    if holds_legacy(frame):
        raise EndpointRetiredError(
            "Graph has retired /security/alerts, so these alerts can't be refreshed. Pull the current ones with "
            "list_alerts.",
            successor="list_alerts (/security/alerts_v2)",
        )
    if len(kinds) > 1 or not kinds <= set(_BY_KIND):
        raise UsageError(
            f"refresh takes one kind at a time of {', '.join(_BY_KIND)}; this frame holds "
            f"{log(', '.join(map(str, sorted(kinds))))}. Pull other kinds again with their list_* function."
        )
    if not kinds:
        raise UsageError("The frame is empty, so nothing says what it held: pull it again.")
    resource = _BY_KIND[kinds.pop()]
    if resource.updated not in frame.columns:
        raise UsageError(f"refresh needs the column {resource.updated}, which says when each row was last updated.")
    return resource


def _bound(frame: pd.DataFrame, updated: str, questions: Iterable[Question]) -> datetime | None:
    """From when on changes can be unknown: the newest update seen, but not after the start of a pull.

    A pull that was resumed, or taken up from a journal, started later than its window was closed.
    """
    seen = frame[updated].max()
    if pd.isna(seen):
        return None
    pulls = [known_pull(each) for each in frame["pull_id"].dropna().unique()] if "pull_id" in frame.columns else []
    started = [pull.started for pull in pulls if pull is not None and pull.started is not None]
    ends = [question.until for question in questions if question.closed and question.until is not None]
    return min([seen.floor("us").to_pydatetime(), *started, *ends])


def _new(
    client: GraphClient, question: Question, answer: pd.DataFrame, now: datetime, term: str | None, known: set[str]
) -> pd.DataFrame:
    """Records that a question would bring now and that the frame does not hold."""
    question = replace(question, until=closing(now) if question.closed else question.until, limit=None)
    if question.raw_filter:  # only Graph can tell what fits
        both = f"({question.raw_filter}) and {term}" if term else question.raw_filter
        answer = pull_expanded(client, replace(question, raw_filter=both, note="refresh: new records"), "raise")
    asked, narrowed = matches(answer, question)
    return answer[asked & narrowed & ~answer["id"].isin(known)]


def _merge(resource: Resource, frame: pd.DataFrame, answer: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The frame with what the answer changes, and those changes."""
    answer, _ = newest(resource, answer)
    place = {record_id: at for at, record_id in enumerate(frame["id"]) if isinstance(record_id, str)}
    columns = [name for name in frame.columns if name in answer.columns]
    order, added = list(range(len(frame))), []
    changes: list[dict[str, Any]] = []
    for row, record_id in enumerate(answer["id"]):
        told = {"record_kind": resource.record_kind, "id": record_id}
        at = place.get(record_id)
        if at is None:
            added.append(len(frame) + row)
            changes.append({"change": "new", **told})
            continue
        fields = _different(resource, frame.iloc[at], answer.iloc[row], columns)
        if fields:
            order[at] = len(frame) + row
            changes += [{"change": "changed", **told, **each} for each in fields]
    if not changes:
        return frame.copy(), []
    both = pd.concat([frame, answer[columns].reindex(columns=frame.columns)], ignore_index=True)
    extra = [name for name in frame.columns if name not in columns]
    for at, source in enumerate(order):
        if source >= len(frame):  # what the caller added to a row stays with it
            for name in extra:
                both.iloc[source, both.columns.get_loc(name)] = frame.iloc[at][name]
    return both.iloc[[*added, *order]].reset_index(drop=True), changes


def _different(resource: Resource, old: pd.Series, new: pd.Series, columns: list[str]) -> list[dict[str, str | None]]:
    """Fields that differ; none where the answer is the older one."""
    updated = str(resource.updated)
    if pd.notna(old[updated]) and pd.notna(new[updated]) and new[updated] < old[updated]:
        return []
    found = [
        {"field": name, "before": before, "after": after}
        for name in columns
        if name not in _OWN and (before := _text(old[name])) != (after := _text(new[name]))
    ]
    if not found and "raw" in columns and _record(old["raw"]) != _record(new["raw"]):
        found.append({"field": "raw", "before": _text(old["raw"]), "after": _text(new["raw"])})
    return found


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if hasattr(value, "__iter__"):
        return json.dumps(list(value), ensure_ascii=False)
    return None if pd.isna(value) else value.isoformat() if isinstance(value, datetime) else str(value)


def _record(raw: Any) -> Any:
    """A record without the annotations that depend on how it was asked for."""
    try:
        record = json.loads(raw)
    except (TypeError, ValueError, RecursionError):
        return raw
    return {k: v for k, v in record.items() if "@odata.context" not in k} if isinstance(record, dict) else record


def _gone(client: GraphClient, resource: Resource, frame: pd.DataFrame, *, seen: set[str]) -> Iterable[str]:
    """Ids of rows that Graph says it has no longer."""
    for record_id in frame["id"].dropna().unique():
        if record_id in seen:
            continue
        try:
            client.record(f"{resource.path}/{path_segment(record_id)}", permission=resource.permission)
        except RecordNotFoundError:
            yield record_id


def _changes(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(CHANGES)).astype(CHANGES)

"""What is handed on: one JSON object per event, ours or OCSF's. The same thing told again is the same event."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from typing import Any

import pandas as pd

from graphinvestigate import linking
from graphinvestigate.exports.ocsf import detection_findings
from graphinvestigate.files import sha256
from graphinvestigate.frames.schema import Resource
from graphinvestigate.linking import Record
from graphinvestigate.linking.record_rows import ids_of
from graphinvestigate.walking import to_write_again
from graphinvestigate.watch.ocsf import ocsf_event

FORMATS = ("jsonl", "ocsf")
WATCHED = ("alerts", "incidents", "risk_detections", "risky_users")
ALSO = ("sign_ins", "directory_audits")  # many, and never changed: watched where they are asked for

Body = dict[str, Any]


def event_id(*parts: str) -> str:
    """Make an id of what an event tells."""
    return sha256(json.dumps(parts))[:32]


def record_event(resource: Resource, row: pd.Series, *, word: str, polled: str) -> tuple[str, Body]:
    """Tell of a record that is new or changed.

    Parameters
    ----------
    resource : Resource
    row : pandas.Series
        Of its `list_*` function.
    word : str
        ``new`` or ``changed``.
    polled : str
        When it was seen, ISO, by the tenant's clock.

    Returns
    -------
    tuple of str and dict
        The event's id, and its body without a number: `event`, `record_kind`, `id`, `tenant_id`, `updated`,
        `polled` and the `record` as Graph sent it.
    """
    updated = time_of(row, updated_of(resource))
    name = name_of(row)
    key = event_id(resource.record_kind, name, updated)
    tenant = row.get("tenant_id")
    body: Body = {
        "event_id": key,
        "event": word,
        "record_kind": resource.record_kind,
        "id": name,
        "tenant_id": tenant if isinstance(tenant, str) else None,
        "updated": updated,
        "polled": polled,
        "record": to_write_again(row["raw"]),
    }
    return key, body


def name_of(row: pd.Series) -> str:
    """A record's id; of one that came without, what a graph calls it, so that no two are taken for one."""
    return ids_of(row.to_frame().T)[0] if not isinstance(row["id"], str) else row["id"]


def case_event(word: str, *, case_id: str, about: Iterable[str] = (), **facts: Any) -> tuple[str, Body]:
    """Tell of a case: ``case_opened``, ``case_refreshed`` or ``case_failed``.

    Parameters
    ----------
    word : str
    case_id : str
    about : iterable of str
        What makes this event another than the last of its kind.
    **facts
        Plain JSON values.
    """
    key = event_id(word, case_id, *sorted(about))
    return key, {"event_id": key, "event": word, "case_id": case_id, **facts}


def written(body: Body, sequence: int, format_: str, frame: pd.DataFrame | None = None) -> str | None:
    """Write an event as one line.

    Parameters
    ----------
    body : dict
    sequence : int
        Its number.
    format_ : str
        One of `FORMATS`.
    frame : pandas.DataFrame, optional
        The record of a record's event, as a frame of one row.

    Returns
    -------
    str or None
        None where OCSF has no such event: it has none of a risky user's standing and of a case.
    """
    if format_ == "jsonl":
        return _line({"sequence": sequence, **body})
    kind = str(body.get("record_kind"))
    if frame is None or kind not in ("alert", "risk_detection"):
        found = ocsf_event(kind, body["record"], word=body["event"]) if "record" in body else None
        if found is None:
            return None
        found["metadata"] |= {"uid": body["event_id"], "sequence": sequence}
        found["unmapped"] = {"id": str(body["id"])}  # Graph's own: OCSF has no place for it
        return _line(found)
    found = _finding(frame, kind, str(body["id"]))
    if found is None:
        return None
    found["metadata"] = {**found["metadata"], "uid": body["event_id"], "sequence": sequence}
    found["activity_id"] = activity = 3 if found["activity_id"] == 3 else 1 if body["event"] == "new" else 2
    found["type_uid"] = found["class_uid"] * 100 + activity
    return _line(found)


def _finding(frame: pd.DataFrame, kind: str, record_id: str) -> dict[str, Any] | None:
    name = "alerts" if kind == "alert" else "risk_detections"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what has no time makes no finding: told by our caller
        g = linking.entity_graph(**{name: frame})
        part = g.subgraph([Record(kind, record_id), *g.successors(Record(kind, record_id))])
        found = detection_findings(part)
    mine = [one for one in found if one["finding_info"]["uid"] == record_id]
    return mine[0] if mine else None


def id_in(line: str) -> str | None:
    """The id of an event that was written, in either format."""
    try:
        value = json.loads(line)
        found = value.get("event_id") or value["metadata"]["uid"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def updated_of(resource: Resource) -> str:
    """The column that says which version of a record it is; of what never changes, when it happened."""
    return str(resource.updated or resource.event_time)


def time_of(row: pd.Series, column: str) -> str:
    """A time of a row as an ISO text; empty where there is none."""
    value = row.get(column)
    return "" if value is None or pd.isna(value) else value.isoformat()


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))

"""Recorded and documented payloads: no record lost, no evidence lost, every value findable."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pandas as pd

from graphinvestigate import frames

FILES = [
    (r"alerts_v2__(get|list|update).*", "alerts"),
    (r"incident__(get|list|update).*", "incidents"),
    (r"riskDetection(_beta)?__(get|list|tutorial__3).*", "risk_detections"),
    (r"riskyUser(_beta)?__(get|list)(__\d+)?", "risky_users"),
    (r"riskyUser(_beta)?__(get_historyItem|list_history).*", "risky_user_history"),
    (r"signIn(_beta)?__(get|list).*", "sign_ins"),
    (r"servicePrincipalRiskDetection(_beta)?__(get|list).*", "service_principal_risk_detections"),
    (r"riskyServicePrincipal(_beta)?__(get|list)(__\d+)?", "risky_service_principals"),
    (r"directoryAudit(_beta)?__(get|list).*", "directory_audits"),
    (r"secureScore(_beta)?__(get|list).*", "secure_scores"),
    (r"secureScoreControlProfile(_beta)?__(get|list|update).*", "secure_score_control_profiles"),
    (r"user(_beta)?__(get|list|delta)(__\d+)?|user_delta__example.*|device(_beta)?__list_registered.*", "users"),
    (r"device(_beta)?__(get|list)(__\d+)?|user__list_ownedDevices", "devices"),
]
SHAPES = {
    "string": lambda v: isinstance(v, str),
    "time": lambda v: isinstance(v, str),
    "strings": lambda v: isinstance(v, list) and all(i is None or isinstance(i, str) for i in v),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "float": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "json": lambda v: True,
    "raw": lambda v: True,
}


def payloads(shared_dir):
    """Every payload of these resources with its kind and its records."""
    for path in sorted((shared_dir / "graph" / "examples").glob("*.json")):
        for pattern, kind in FILES:
            if re.fullmatch(pattern, path.stem):
                document = json.loads(path.read_text())
                value = document.get("value", document)
                if value:
                    yield path, kind, value if isinstance(value, list) else [value]


def nanoseconds(text):
    """A time by another way than the decoder's; None where the text holds none."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not match or text[:4] in ("0001", "9999"):
        return None
    seconds = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00")) - datetime(1970, 1, 1, tzinfo=UTC)
    return seconds // timedelta(seconds=1) * 10**9 + int((match[2] or "0").ljust(9, "0"))


def check_value(column, value, cell):
    """A documented value stands in its column."""
    if value is None or not SHAPES[column.dtype](value):
        assert cell is None or pd.isna(cell), column
    elif column.dtype == "time":
        expected = nanoseconds(value)
        assert pd.isna(cell) if expected is None else cell.value == expected, (column, value)
    elif column.dtype in ("json", "raw"):
        assert json.loads(cell) == value, column
    else:
        assert cell == value, column
        assert type(cell) is type(value) or column.dtype == "float", column


def walk(value, path, columns, row, raw):
    """Look every leaf up: in its column, or at its place in `raw`. Gives how many were found."""
    if path in columns:
        check_value(columns[path], value, row[columns[path].name])
        return 1
    if isinstance(value, dict) and (not path or any(known[: len(path)] == path for known in columns)):
        return sum(walk(inner, (*path, name), columns, row, raw) for name, inner in value.items())
    there = raw
    for name in path:
        there = there[name]
    assert there == value, path
    return 1


def check_frame(columns, records, frame):
    """Every record has its row, in order, with all its values."""
    assert len(frame) == len(records) > 0
    by_path = {column.path: column for column in columns}
    for record, row in zip(records, frame.to_dict("records"), strict=True):
        raw = json.loads(row["raw"])
        assert raw == record
        assert walk(record, (), by_path, row, raw) >= len(record)


def check_evidence(alerts, records):
    """Every evidence item has its row, in order, with all its values."""
    items = [
        (record.get("id"), number, item)
        for record in records
        for number, item in enumerate(record.get("evidence") or [])
    ]
    frame = frames.evidence(alerts)
    assert len(frame) == len(items)
    for (alert_id, number, item), row in zip(items, frame.to_dict("records"), strict=True):
        assert (row["alert_id"], row["evidence_index"]) == (alert_id, number)
        kind = (item.get("@odata.type") or "").rpartition(".")[2]
        assert row["evidence_type"] == kind
        columns = {c.path: c for c in frames.EVIDENCE.columns if not c.types or kind in c.types}
        walk(item, (), columns, row, json.loads(row["raw"]))
    return len(items)


def test_every_payload_reads_completely(shared_dir):
    """Each saved answer of these resources gives every record, every evidence item and every value."""
    seen = dict.fromkeys(frames.RESOURCES, 0)
    items = 0
    for path, kind, records in payloads(shared_dir):
        frame = frames.read_records(kind, path)
        check_frame(frames.RESOURCES[kind].columns, records, frame)
        seen[kind] += len(frame)
        if kind == "alerts":
            items += check_evidence(frame, records)
        if kind == "incidents":
            inside = [alert for record in records for alert in record.get("alerts", [])]
            if inside:
                alerts = frames.expanded_alerts(frame)
                check_frame(frames.RESOURCES["alerts"].columns, inside, alerts)
                items += check_evidence(alerts, inside)
    few = {kind: count for kind, count in seen.items() if count < 5}
    assert few == {  # all that the documentation shows
        "named_locations": 0,
        "service_principal_risk_detections": 3,
        "risky_service_principals": 3,
        "secure_scores": 3,
        "secure_score_control_profiles": 4,
        "passive_dns": 0,
    }
    assert items > 15


def test_every_evidence_type_reads_completely(shared_dir, full_value):
    """All 48 documented evidence types with all their properties, in one alert and alone, keep every value."""
    schema = json.loads((shared_dir / "graph" / "schema.json").read_text())
    items = [full_value(schema["v1.0"], name, 3) for name in schema["alertEvidenceSubtypes"]]
    found = sorted((shared_dir / "graph" / "examples").glob("evidence__*"))
    items += [json.loads(path.read_text()) for path in found]
    records = [{"id": str(number), "title": "t", "evidence": [item]} for number, item in enumerate(items)]
    records.append({"id": "all", "title": "t", "evidence": items[::-1]})
    alerts = frames.read_records("alerts", records)
    assert check_evidence(alerts, records) == 2 * len(items)
    evidence = frames.evidence(alerts)
    assert set(evidence["evidence_type"]) == set(frames.EVIDENCE.types)
    assert len(frames.EVIDENCE.types) == 48
    assert evidence.notna().any()[[column.name for column in frames.EVIDENCE.columns]].all()


def test_all_payloads_of_a_kind_read_as_one(shared_dir):
    """A glob reads several files into one frame whose rows say which file they came from."""
    frame = frames.read_records("incidents", str(shared_dir / "graph" / "examples" / "incident__list*.json"))
    assert frame["pull_id"].str.partition("@")[0].nunique() >= 3
    assert frame["id"].is_unique
    total = sum(len(records) for path, _, records in payloads(shared_dir) if path.name.startswith("incident__list"))
    assert len(frame) + frame.attrs["dropped_duplicates"] == total

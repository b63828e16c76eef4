"""Frames → mentions: who and what every record names, and where it says so.

`collect` reads frames with the mention tables; `mentions` shows the result as a DataFrame, one row per identifier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.linking.mentions_records import RECORDS
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.reading import Reading

MENTION_COLUMNS = (
    "record_kind",
    "record_id",
    "time",
    "group",
    "kind",
    "identifier_type",
    "identifier",
    "field",
    "value",
    "relation",
    "roles",
    "verdict",
    "remediation_status",
)

# Per record kind: when it happened (first that is there), when it ended, what says which version is newer.
_TIMES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "alert": (
        ("first_activity_date_time", "created_date_time"),
        "last_activity_date_time",
        "last_update_date_time",
    ),
    "incident": (("created_date_time",), "", "last_update_date_time"),
    "risk_detection": (("activity_date_time", "detected_date_time"), "", "last_updated_date_time"),
    "risky_user": (("risk_last_updated_date_time",), "", "risk_last_updated_date_time"),
    "sign_in": (("created_date_time",), "", ""),
}
_HEADLINES: dict[str, tuple[str, ...]] = {
    "alert": (
        *("title", "severity", "status", "category", "categories", "service_source", "detection_source"),
        *("classification", "determination", "mitre_techniques", "incident_id"),
    ),
    "incident": (
        "display_name",
        "severity",
        "status",
        "classification",
        "determination",
        "redirect_incident_id",
    ),
    "risk_detection": ("risk_event_type", "risk_level", "risk_state", "risk_detail", "activity", "source"),
    "risky_user": ("risk_level", "risk_state", "risk_detail", "user_principal_name"),
    "sign_in": (
        *("app_display_name", "status_error_code", "status_failure_reason", "is_interactive", "client_app_used"),
        *("location_city", "location_country_or_region", "risk_level_during_sign_in", "risk_state", "ip_address"),
    ),
}


@dataclass(slots=True)
class Collected:
    """All that some frames say: their records with headline facts, the mentions, and what ties mentions."""

    records: dict[Record, dict[str, Any]] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    tenant: str | None = None


def collect(
    *,
    alerts: pd.DataFrame | None = None,
    incidents: pd.DataFrame | None = None,
    risk_detections: pd.DataFrame | None = None,
    risky_users: pd.DataFrame | None = None,
    sign_ins: pd.DataFrame | None = None,
    tenant: str | None = None,
) -> Collected:
    """Read frames with the mention tables. Alerts that came inside incidents are read like alerts.

    Records that don't say their tenant are of `tenant`.
    """
    collected = Collected(tenant=tenant)
    if incidents is not None and len(incidents):
        _read_records(collected, incidents, "incident")
        expanded = frames.expanded_alerts(incidents)
        if len(expanded):
            _read_alerts(collected, expanded)
    if alerts is not None and len(alerts):
        _read_alerts(collected, alerts)
    for kind, frame in (("risk_detection", risk_detections), ("risky_user", risky_users), ("sign_in", sign_ins)):
        if frame is not None and len(frame):
            _read_records(collected, frame, kind)
    return collected


def mentions(**by_kind: pd.DataFrame | None) -> pd.DataFrame:
    """Who and what the records name: one row per identifier in one place of one record.

    Parameters
    ----------
    **by_kind : DataFrame
        `alerts`, `incidents`, `risk_detections`, `risky_users`, `sign_ins`, as for `entity_graph`.

    Returns
    -------
    DataFrame
        ``record_kind``, ``record_id``, ``time`` (UTC); ``group`` (the rows of one mention share it); ``kind`` of the
        entity; ``identifier_type``, ``identifier`` (one spelling); ``field`` (JSON path in the record), ``value`` (as
        received); ``relation``; ``roles``, ``verdict``, ``remediation_status`` of the evidence item.
    """
    collected = collect(**by_kind)
    rows: list[tuple[Any, ...]] = []
    for group, m in enumerate(collected.reading.mentions):
        time = collected.records[m.record].get("time")
        for (id_type, text), path, value in zip(m.ids, m.fields, m.values, strict=True):
            rows.append(
                (
                    m.record.kind,
                    m.record.id,
                    time,
                    group,
                    m.kind,
                    id_type,
                    text,
                    path,
                    value,
                    m.relation,
                    list(m.judged.roles),
                    m.judged.verdict,
                    m.judged.remediation,
                )
            )
    table = pd.DataFrame(rows, columns=list(MENTION_COLUMNS))
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    return table


def iso_times(times: pd.Series) -> list[str | None]:
    """ISO texts of one length (microseconds, UTC), so that they sort as text; None for NaT."""
    if not len(times):
        return []
    values = pd.to_datetime(times, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    texts = np.datetime_as_string(values, unit="us").tolist()
    return [None if text == "NaT" else text + "Z" for text in texts]


def decode(text: str | None) -> Any:
    """Return the JSON value of a text that was valid JSON when it came; None for no text."""
    if text is None or not isinstance(text, str):
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return json.loads(text)


def _read_alerts(collected: Collected, alerts: pd.DataFrame) -> None:
    _read_records(collected, alerts, "alert")
    evidence = frames.evidence(alerts)
    read = collected.reading.read_evidence
    tenants = _tenants(evidence, "alert", collected.tenant)
    for alert_id, index, tenant, raw in zip(
        evidence["alert_id"].tolist(), evidence["evidence_index"].tolist(), tenants, _raw(evidence), strict=True
    ):
        if type(alert_id) is str:
            read(Record("alert", alert_id), decode(raw), index, tenant=tenant)
    nameless = alerts.loc[alerts["id"].isna()]
    for record_id, tenant, raw in zip(
        _ids(nameless), _tenants(nameless, "alert", collected.tenant), _raw(nameless), strict=True
    ):
        items = (decode(raw) or {}).get("evidence")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            read(Record("alert", record_id), item, index, tenant=tenant)


def _read_records(collected: Collected, frame: pd.DataFrame, kind: str) -> None:
    table = RECORDS[kind]
    read = collected.reading.read
    whole = kind != "alert"  # an alert's evidence is most of it, and read by itself
    raws = _raw(frame) if whole else [None] * len(frame)
    tenants = _tenants(frame, kind, collected.tenant)
    incident_ids = _column(frame, "incident_id") if not whole else raws
    for (record, attrs), raw, tenant, incident_id in zip(
        _records(frame, kind), raws, tenants, incident_ids, strict=True
    ):
        attrs["tenant_id"] = tenant
        known = collected.records.get(record)
        collected.records[record] = attrs if known is None else newer(known, attrs)
        data = decode(raw) if whole else {"incidentId": incident_id}
        if isinstance(data, dict):
            read(record, table, data, tenant=tenant)


def newer(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Of two versions of one record the one that was updated last; a record that was read before one only named."""

    def age(attrs: dict[str, Any]) -> tuple[bool, str, str]:
        return bool(attrs.get("read")), attrs.get("updated") or "", json.dumps(attrs, sort_keys=True, default=str)

    return max(a, b, key=age)


def _records(frame: pd.DataFrame, kind: str) -> Iterator[tuple[Record, dict[str, Any]]]:
    begin_columns, end_column, updated_column = _TIMES[kind]
    begins = [iso_times(frame[c]) for c in begin_columns if c in frame]
    size = len(frame)
    nothing: list[Any] = [None] * size
    ends = iso_times(frame[end_column]) if end_column in frame else nothing
    updated = iso_times(frame[updated_column]) if updated_column in frame else nothing
    names = _HEADLINES[kind]
    columns = [_column(frame, name) for name in names]
    ids = _ids(frame)
    for row in range(size):
        begin = next((b[row] for b in begins if b[row] is not None), None)
        end = ends[row]
        attrs: dict[str, Any] = {"kind": kind, "id": ids[row], "read": True, "time": begin}
        attrs["end_time"] = end if end is not None and (begin is None or end >= begin) else begin
        attrs["updated"] = updated[row]
        attrs.update((name, column[row]) for name, column in zip(names, columns, strict=True))
        yield Record(kind, ids[row]), attrs


def _ids(frame: pd.DataFrame) -> list[str]:
    """Return the records' ids; a record that came without one goes by the hash of what came."""
    ids = frame["id"].tolist()
    if not frame["id"].isna().any():
        return ids
    return [
        found
        if type(found) is str
        else f"no id, sha256 {hashlib.sha256((raw or '').encode('utf-8', 'surrogatepass')).hexdigest()}"
        for found, raw in zip(ids, _raw(frame), strict=True)
    ]


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return a column as plain JSON values, None where it has none; all None where there is no such column."""
    if name not in frame:
        return [None] * len(frame)
    return [_plain(value) for value in frame[name].tolist()]


def _plain(value: Any) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if value is None or value is pd.NA or value != value:  # NaN is not itself
        return None
    return value.item() if isinstance(value, np.generic) else value


def _tenants(frame: pd.DataFrame, kind: str, default: str | None) -> list[str | None]:
    """Return the tenant of each record, as it says itself, else the given one."""
    own = _column(frame, "resource_tenant_id" if kind == "sign_in" else "tenant_id")
    return [guid(tenant) or guid(default) for tenant in own]


def _raw(frame: pd.DataFrame) -> list[str | None]:
    if "raw" not in frame:
        raise UsageError(
            "this frame has no column 'raw', and entities are read from it; use the frame as it came from Graph, "
            "or keep 'raw' when choosing columns"
        )
    return frame["raw"].tolist()

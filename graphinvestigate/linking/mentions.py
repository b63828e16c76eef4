"""Frames → mentions: who and what every record names, and where it says so.

`collect` reads frames with the mention tables; `mentions` shows the result as a DataFrame, one row per identifier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.reading import Reading
from graphinvestigate.linking.record_kinds import KINDS
from graphinvestigate.text import log

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

FRAMES = {
    "incidents": "incident",
    "alerts": "alert",
    "risk_detections": "risk_detection",
    "risky_users": "risky_user",
    "sign_ins": "sign_in",
    "directory_audits": "directory_audit",
    "service_principal_risk_detections": "service_principal_risk_detection",
    "risky_service_principals": "risky_service_principal",
    "users": "directory_user",
    "devices": "directory_device",
}
"""Names of frames as functions take them → the kind of their records."""


@dataclass(slots=True)
class Collected:
    """All that some frames say: their records with headline facts, the mentions, and what ties mentions."""

    records: dict[Record, dict[str, Any]] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    tenant: str | None = None


def collect(frames_by_kind: Iterable[tuple[str, pd.DataFrame | None]], *, tenant: str | None = None) -> Collected:
    """Read frames with the mention tables.

    Parameters
    ----------
    frames_by_kind : iterable of (record kind, DataFrame or None)
        Alerts that came inside incidents are read like alerts.
    tenant : str, optional
        The tenant of records that don't say theirs.
    """
    collected = Collected(tenant=tenant)
    for kind, frame in frames_by_kind:
        if frame is None or not len(frame):
            continue
        if kind == "alert":
            _read_alerts(collected, frame)
            continue
        _read_records(collected, frame, kind)
        if kind == "incident" and len(expanded := frames.expanded_alerts(frame)):
            _read_alerts(collected, expanded)
    return collected


def by_kind(
    named: Mapping[str, pd.DataFrame | None], records: Iterable[pd.DataFrame] = ()
) -> list[tuple[str, pd.DataFrame | None]]:
    """Return frames with the kind of their records: by the name they are given under, else by what they say.

    Raises
    ------
    UsageError
        A frame of `records` that does not say of which kind its records are, or of a kind that names nobody.
    """
    found: list[tuple[str, pd.DataFrame | None]] = []
    for name, frame in named.items():
        if name not in FRAMES:
            raise UsageError(f"{log(name)}: there is no such frame; give some of {', '.join(sorted(FRAMES))}")
        found.append((FRAMES[name], frame))
    for frame in (records,) if isinstance(records, pd.DataFrame) else records:
        if "record_kind" not in frame:
            raise UsageError(
                "records: a frame has no column 'record_kind'; give frames of list_… or read_records, and make other "
                "tables records with map_records"
            )
        for kind, rows in frame.groupby("record_kind", sort=True, observed=True):
            if kind not in KINDS:
                known = ", ".join(sorted(KINDS))
                raise UsageError(f"records: nothing is known of records of kind {log(str(kind))}; known are {known}")
            found.append((str(kind), rows))
    return found


def mentions(**named: pd.DataFrame | None) -> pd.DataFrame:
    """Who and what the records name: one row per identifier in one place of one record.

    Parameters
    ----------
    **named : DataFrame
        `alerts`, `incidents`, `risk_detections`, `risky_users`, `sign_ins`, `directory_audits` …, as for
        `entity_graph`.

    Returns
    -------
    DataFrame
        ``record_kind``, ``record_id``, ``time`` (UTC); ``group`` (the rows of one mention share it); ``kind`` of the
        entity; ``identifier_type``, ``identifier`` (one spelling); ``field`` (JSON path in the record), ``value`` (as
        received); ``relation``; ``roles``, ``verdict``, ``remediation_status`` of the evidence item.
    """
    collected = collect(by_kind(named))
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
    table = KINDS[kind].table
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
    known = KINDS[kind]
    begins = [iso_times(frame[c]) for c in known.begin if c in frame]
    size = len(frame)
    nothing: list[Any] = [None] * size
    ends = iso_times(frame[known.end]) if known.end in frame else nothing
    updated = iso_times(frame[known.updated]) if known.updated in frame else nothing
    names = known.headlines
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
    own = _column(frame, KINDS[kind].tenant)
    return [guid(tenant) or guid(default) for tenant in own]


def _raw(frame: pd.DataFrame) -> list[str | None]:
    if "raw" not in frame:
        raise UsageError(
            "this frame has no column 'raw', and entities are read from it; use the frame as it came from Graph, "
            "or keep 'raw' when choosing columns"
        )
    return frame["raw"].tolist()

"""Rows of Sentinel's and advanced hunting's tables → the frames that `list_…` returns."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, newest
from graphinvestigate.frames.columns import constant
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.linking.mapped import map_records
from graphinvestigate.linking.mapped_cells import ids, rows as texts_of_rows
from graphinvestigate.scale.presets.bringing import Row, rows_of
from graphinvestigate.scale.presets.declared import EVENTS, OF_EVIDENCE, RECORDS, TableOf
from graphinvestigate.scale.presets.entities import evidence_of, item_of_row
from graphinvestigate.scale.presets.values import opened, read
from graphinvestigate.scale.presets.words import OWN_INCIDENTS
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

ROW = "@row"
"""Where a record made of a row keeps that row, whole, with the name of its table."""

_ALERT_LINK = re.compile(r"//security\.microsoft\.(?:com|us)/alerts/([^/?#]+)")
_LETTERS = {"ipc": "ad", "mcas": "ca", "oatp": "fa", "azure advanced threat protection": "aa", "mdatp": "da"}
_BARE_ID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}|[0-9a-fA-F]{64}")
_CLASSIFICATION = {
    "truePositive": "truePositive", "falsePositive": "falsePositive",
    "benignPositive": "informationalExpectedActivity", "undetermined": "unknown",
}  # fmt: skip
_ALSO = {"SecurityAlert": {"SystemAlertId", "Entities"}, "SecurityIncident": {"AlertIds"}}
_STATUS = {"closed": "resolved", "dismissed": "resolved"}


@takes
def read_table(
    name: str, source: Any, *, evidence: Any = None, alerts: Any = None, tenant: str | None = None
) -> pd.DataFrame:
    """Read a table of Microsoft Sentinel or advanced hunting as the records that Graph gives.

    Parameters
    ----------
    name : str
        ``SecurityAlert``, ``SecurityIncident``, ``SigninLogs``, ``AADNonInteractiveUserSignInLogs``,
        ``AADServicePrincipalSignInLogs``, ``AADUserRiskEvents``, ``AADRiskyUsers``, ``AuditLogs``; of advanced hunting
        ``AlertInfo``, ``AlertEvidence``, and the events ``DeviceLogonEvents``, ``DeviceNetworkEvents``,
        ``DeviceProcessEvents``, ``DeviceFileEvents``, ``IdentityLogonEvents``, ``AADSignInEventsBeta``,
        ``EmailEvents``, ``UrlClickEvents``, ``CloudAppEvents``.
    source : DataFrame, path, pyarrow.Table, DuckDB relation or Spark DataFrame
        Its rows: a pandas, polars or Spark frame, what ``MicrosoftSentinelProvider(spark).read_table(…)`` returned, a
        Parquet file or a glob of them. All of it is brought here: choose rows before.
    evidence : as `source`, optional
        With ``AlertInfo``: the rows of ``AlertEvidence`` of the same alerts.
    alerts : as `source`, optional
        With ``SecurityIncident``: the rows of ``SecurityAlert`` that its ``AlertIds`` name, by ids that only these rows
        have. Without them incidents are linked to no alert.
    tenant : str, optional
        The Entra tenant; rows of these tables name their workspace instead.

    Returns
    -------
    DataFrame
        As `list_alerts`, `list_incidents`, `list_sign_ins`, `list_risk_detections`, `list_risky_users` or
        `list_directory_audits` return it, for graphs, timelines and lakes; of events, as `map_records` returns it. A
        sign-in, alert or risk detection that was read through Graph too has the same id, so it is one record. `raw`
        keeps the row under ``@row``. Of several rows of one record the newest is kept (where they say no time of
        change, the one that the table got last); ``.attrs["dropped_duplicates"]`` counts the others. What makes no
        record is told by a warning, and counted with its reason in ``.attrs["left_out"]``: evidence that says of no
        alert it is, ``Entities`` that are no list in JSON, alerts of incidents that are not among `alerts`. A time
        that is none leaves its row without one.

    Raises
    ------
    UsageError
        There is no such table, the rows have none of its columns, or two columns of one name.
    BadFileError
        A file that can't be read.
    """
    if not isinstance(name, str):
        raise UsageError(f"read_table takes a table's name first, such as 'SigninLogs'; got a {type(name).__name__}.")
    if tenant is not None and not isinstance(tenant, str):
        raise UsageError(f"tenant takes the id of a tenant as text; got {log(repr(tenant))[:60]}.")
    if evidence is not None and name != "AlertInfo":
        raise UsageError(f"evidence= goes with AlertInfo; {log(repr(name))[:60]} has none.")
    if alerts is not None and name != "SecurityIncident":
        raise UsageError(f"alerts= goes with SecurityIncident; {log(repr(name))[:60]} names none.")
    if name == "AlertEvidence":
        return _frame(RECORDS["AlertInfo"], [], tenant, name, evidence=rows_of(source))
    if name in EVENTS:
        return _events(name, pd.DataFrame(rows_of(source)), tenant)
    if name not in RECORDS:
        known = sorted([*RECORDS, *EVENTS, "AlertEvidence"])
        same = {one.casefold(): one for one in known}
        near = [same[one] for one in get_close_matches(name.casefold(), same, n=1)]
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise UsageError(
            f"no preset reads the table {log(repr(name))}{meant}; there are {', '.join(known)}. map_records reads any "
            "other."
        )
    parts = {"evidence": evidence, "alerts": alerts}
    held = {part: rows_of(given) for part, given in parts.items() if given is not None}
    return _frame(RECORDS[name], rows_of(source), tenant, name, **held)


def _frame(
    table: TableOf,
    rows: list[Row],
    tenant: str | None,
    name: str,
    *,
    evidence: list[Row] | None = None,
    alerts: list[Row] | None = None,
) -> pd.DataFrame:
    known = {field.column.partition(".")[0] for field in table.fields} | _ALSO.get(name, set())
    if rows and not known & {column for row in rows for column in row}:
        raise UsageError(f"these rows have no column of {name}: {', '.join(sorted(known)[:8])} …")
    records = [_record(table, row, tenant) for row in rows]
    _newest_last(records)
    left_out = Counter[str]()
    if table.name == "SecurityAlert":
        without = (record[ROW].get("Entities") for record in records if "evidence" not in record)
        left_out["Entities that are no list in JSON (cut off, perhaps): `raw` keeps them"] = sum(map(_unread, without))
    if evidence is not None:
        records, homeless = _with_evidence(records, evidence, tenant)
        left_out["rows of AlertEvidence without AlertId: nothing says of which alert they are"] = homeless
    if alerts is not None:
        lost = _with_alerts(records, alerts, tenant)
        left_out["alerts that incidents name in AlertIds, and that are no row of alerts="] = lost
    texts = [json.dumps(record, default=str).encode() for record in records]
    raw = RawArray.from_texts(texts)
    digest = hashlib.sha256(b"\n".join(texts)).hexdigest()[:12]
    resource = RESOURCES[table.resource]
    frame = frame_of(resource, raw, pull_ids=constant(f"{name}@{digest}", len(raw)))
    frame, dropped = newest(resource, frame)
    frame.attrs["dropped_duplicates"] = dropped
    frame.attrs["left_out"] = dict(+left_out)
    for reason, count in (+left_out).items():
        warnings.warn(f"{count:,} left out: {reason}.", stacklevel=4)
    return frame


def _newest_last(records: list[Row]) -> None:
    """Order the rows of one record by when the table got them: where they say no change of theirs, the last counts."""
    places: dict[Any, list[int]] = {}
    for place, record in enumerate(records):
        if "id" in record:
            places.setdefault(record["id"], []).append(place)
    for own in places.values():
        if len(own) > 1:
            found = [records[place] for place in own]
            for place, record in zip(own, sorted(found, key=_got), strict=True):
                records[place] = record


def _got(record: Row) -> int:
    said = next((at for name in ("TimeGenerated", "Timestamp") if (at := read("time", record[ROW].get(name)))), None)
    at = pd.to_datetime(said, utc=True, errors="coerce")
    return 0 if said is None or at is pd.NaT else int(at.as_unit("ns").value)


def _unread(cell: Any) -> bool:
    """Whether entities stand there that can't be read."""
    found = opened(cell)
    return bool(found) and found != "null" and not isinstance(found, list)


def _events(name: str, frame: pd.DataFrame, tenant: str | None) -> pd.DataFrame:
    """Rows of events as records; times are read as in all these tables: without a zone UTC, what is none missing."""
    time = next((one for one in (EVENTS[name].time, "TimeGenerated") if one in frame), None)
    if time is None:
        return map_records(frame, table=name, tenant=guid(tenant))  # which says what is missing
    given = frame[time].tolist()
    later = frame["TimeGenerated"].tolist() if "TimeGenerated" in frame else given
    both = (read("time", one) or read("time", other) for one, other in zip(given, later, strict=True))
    said = pd.Series([*both], dtype="str", index=frame.index)
    times = pd.to_datetime(said, utc=True, format="ISO8601", errors="coerce")
    made = map_records(frame.assign(**{time: times}), table=name, tenant=guid(tenant))
    raw = texts_of_rows(frame)
    made["raw"] = RawArray.from_texts(raw)
    made["id"] = pd.Series(ids(frame, None, raw, guid(tenant) or ""), dtype="str")
    return made


def _record(table: TableOf, row: Row, tenant: str | None) -> Row:
    record: Row = {}
    for field in table.fields:
        column, _, inside = field.column.partition(".")
        value = row.get(column)
        if inside:
            held = opened(value)
            value = held.get(inside) if isinstance(held, Mapping) else None
        _put(record, field.path, read(field.reader, value))
    for path, value in table.constant.items():
        _put(record, path, value)
    if table.name == "SecurityAlert":
        _finish_alert(record, row, tenant)
    elif table.name == "SecurityIncident":
        _finish_incident(record, row, tenant)
    elif table.name in ("AlertInfo", "AlertEvidence"):
        _one_category(record)
        _put(record, "tenantId", guid(tenant))
    elif table.resource == "sign_ins":
        _put(record, "resourceTenantId", guid(tenant))
    return {**record, ROW: {"table": table.name, **row}}


def _put(record: Row, path: str, value: Any) -> None:
    """Set a property where it is not set yet and there is a value."""
    if value is None:
        return
    *outer, last = path.split(".")
    for part in outer:
        inner = record.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        record = inner
    if record.get(last) is None:
        record[last] = value


def _finish_alert(record: Row, row: Row, tenant: str | None) -> None:
    # An alert of Defender has in its link the id that Graph knows it by; one of Sentinel's own rules has Sentinel's.
    link = _ALERT_LINK.search(str(record.get("alertWebUrl") or ""))
    own = link[1] if link else None
    record["id"] = own or _graph_id(row, record.get("providerAlertId"), read("text", row.get("SystemAlertId")))
    if record["id"] is None:
        del record["id"]
    if "status" in record:
        record["status"] = _STATUS.get(record["status"], record["status"])
    _one_category(record)
    _put(record, "tenantId", guid(tenant))
    if finer := read("techniques", row.get("SubTechniques")):
        record["mitreTechniques"] = list(dict.fromkeys([*record.get("mitreTechniques", ()), *finer]))
    if isinstance(steps := opened(record.get("recommendedActions")), list):
        record["recommendedActions"] = "\n".join(map(str, steps))
    if items := evidence_of(row.get("Entities")):
        record["evidence"] = items


def _one_category(record: Row) -> None:
    if isinstance(categories := record.get("categories"), list) and categories:
        _put(record, "category", categories[0])


def _graph_id(row: Row, theirs: str | None, sentinels: str | None) -> str | None:
    """Give the id that Graph has for an alert: that of its product, with two letters that say which product.

    https://learn.microsoft.com/defender-xdr/investigate-alerts#alert-sources
    """
    provider = str(row.get("ProviderName") or "").casefold()
    if sentinels and provider.startswith("asi "):  # ASI Scheduled Alerts, ASI NRT Alerts …
        return f"sn{sentinels}"
    letters = _LETTERS.get(provider)
    return f"{letters}{theirs}" if letters and theirs and _BARE_ID.fullmatch(theirs) else theirs or sentinels


def _finish_incident(record: Row, row: Row, tenant: str | None) -> None:
    # Sentinel counts its own incidents, and Defender its own: one number, two incidents.
    column = OWN_INCIDENTS.get(str(row.get("ProviderName") or "").strip().casefold())
    if column and (own := read("text", row.get(column))):
        record["id"] = own
    if "status" in record:
        record["status"] = _STATUS.get(record["status"], record["status"])
    if "classification" in record:
        record["classification"] = _CLASSIFICATION.get(record["classification"], record["classification"])
    _put(record, "tenantId", guid(tenant))


def _with_evidence(records: list[Row], evidence: list[Row], tenant: str | None) -> tuple[list[Row], int]:
    """Give alerts with their evidence, and how many rows say of no alert that they are its."""
    homeless = 0
    by_id = {record["id"]: record for record in records if "id" in record}
    if evidence and not any("AlertId" in row for row in evidence):
        raise UsageError("these rows of AlertEvidence have no column AlertId, which says of which alert they are.")
    for row in evidence:
        alert_id = read("text", row.get("AlertId"))
        if alert_id is None or not alert_id.strip():  # no alert: one that is made up would be counted with the others
            homeless += 1
            continue
        alert = by_id.get(alert_id)
        if alert is None:
            alert = by_id[alert_id] = {**_record(OF_EVIDENCE, row, tenant), ROW: {"table": "AlertEvidence"}}
            records.append(alert)
        alert.setdefault("evidence", []).append(item_of_row(row))
        alert[ROW].setdefault("evidence", []).append(row)
    return records, homeless


def _with_alerts(records: list[Row], rows: list[Row], tenant: str | None) -> int:
    """Put alerts into their incidents, as Graph does where it is asked to; give how many are not there."""
    if rows and not any("SystemAlertId" in row for row in rows):
        raise UsageError("these rows of SecurityAlert have no column SystemAlertId, by which incidents name them.")
    known: dict[str, Row] = {}
    for row in rows:
        alert = _record(RECORDS["SecurityAlert"], row, tenant)
        del alert[ROW]
        own = str(row.get("SystemAlertId")).casefold()
        changed = [str(one.get("lastUpdateDateTime") or "") for one in (alert, known.get(own, {}))]
        if changed[0] >= changed[1]:
            known[own] = alert
    lost = set()
    for record in records:
        named = [one.casefold() for one in read("texts", record[ROW].get("AlertIds")) or ()]
        lost |= set(named) - set(known)
        if found := [known[one] for one in named if one in known]:
            record["alerts"] = found
    return len(lost)

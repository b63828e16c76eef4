"""Frames → records and mentions, as columns (`MentionTable`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.frames.hunting import RECORD_KIND as HUNTING_ROW
from graphinvestigate.frames.inner import check
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.linking.extraction import Extractor, decoded
from graphinvestigate.linking.mapped_roles import MAPPED, mapped_kind
from graphinvestigate.linking.mention_table import MentionTable
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.record_kinds import KINDS, RecordKind
from graphinvestigate.linking.record_rows import newer, plain_column, raw_of, record_rows, tenants_of
from graphinvestigate.linking.struct_readers import column_readers
from graphinvestigate.text import log

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
    mentions: MentionTable = field(default_factory=MentionTable)


def collect(
    frames_by_kind: Iterable[tuple[str, pd.DataFrame | None]],
    *,
    tenant: str | None = None,
    typed_readers: bool = True,
) -> Collected:
    """Read frames with the mention tables.

    Parameters
    ----------
    frames_by_kind : iterable of (record kind, DataFrame or None)
        Alerts that came inside incidents are read like alerts.
    tenant : str, optional
        The tenant of records that don't say theirs.
    typed_readers : bool
        Without them every record is read plainly, with the same result.
    """
    extractor = Extractor(typed_readers=typed_readers)
    collected = Collected()
    for kind, frame in frames_by_kind:
        if frame is None or not len(frame):
            continue
        if kind == "alert":
            _read_alerts(collected.records, extractor, frame, tenant)
            continue
        if kind not in KINDS:
            _read_mapped(collected.records, extractor, frame, kind, tenant)
            continue
        _read(collected.records, extractor, frame, kind, tenant)
        if kind == "incident" and len(expanded := frames.expanded_alerts(frame)):
            _read_alerts(collected.records, extractor, expanded, tenant)
    collected.mentions = extractor.collector.finished()
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
            if kind not in KINDS and MAPPED not in rows:
                if kind == HUNTING_ROW:
                    raise UsageError(
                        "records: rows of hunting say of no column whom it names; map_records(frame, "
                        "table='DeviceLogonEvents'), with the table that was asked, makes records of them"
                    )
                known = ", ".join(sorted(KINDS))
                raise UsageError(
                    f"records: nothing is known of records of kind {log(str(kind))}; known are {known}; map_records "
                    "makes records of other tables"
                )
            found.append((str(kind), rows))
    return found


def _records(
    known: dict[Record, dict[str, Any]],
    frame: pd.DataFrame,
    kind: str,
    tenants: list[str | None],
    shape: RecordKind,
) -> list[Record]:
    found = []
    for record, attrs in record_rows(frame, kind, shape, tenants):
        before = known.get(record)
        known[record] = attrs if before is None else newer(before, attrs)
        found.append(record)
    return found


def _read(
    known: dict[Record, dict[str, Any]], extractor: Extractor, frame: pd.DataFrame, kind: str, default: str | None
) -> None:
    tenants = tenants_of(frame, KINDS[kind], default)
    raw = raw_of(frame)
    extractor.records(_records(known, frame, kind, tenants, KINDS[kind]), KINDS[kind].table, raw.slices(), tenants)


def _read_alerts(
    known: dict[Record, dict[str, Any]], extractor: Extractor, alerts: pd.DataFrame, default: str | None
) -> None:
    check(alerts, "alert", "evidence")
    tenants = tenants_of(alerts, KINDS["alert"], default)
    records = _records(known, alerts, "alert", tenants, KINDS["alert"])
    # An alert's evidence is most of it, and read by itself: of the rest the incident's id is all that names somebody.
    extractor.columns(records, KINDS["alert"].table, {"incidentId": plain_column(alerts, "incident_id")}, tenants)
    extractor.evidence(records, as_raw(alerts["evidence"]).slices(), tenants)


def _read_mapped(
    known: dict[Record, dict[str, Any]], extractor: Extractor, frame: pd.DataFrame, kind: str, default: str | None
) -> None:
    for mapped, rows in frame.groupby(MAPPED, sort=True, observed=True):
        shape = mapped_kind(kind, str(mapped))
        tenants = tenants_of(rows, shape, default)
        records = _records(known, rows, kind, tenants, shape)
        said = [
            found if isinstance(found := decoded(piece or b"null"), dict) else {} for piece in raw_of(rows).slices()
        ]
        paths = {path for reader in column_readers(shape.table) for path in reader.paths}
        extractor.columns(records, shape.table, {path: [one.get(path) for one in said] for path in paths}, tenants)

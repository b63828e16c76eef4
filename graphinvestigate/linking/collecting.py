"""Frames → records and mentions, as columns (`MentionTable`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.frames.hunting import RECORD_KIND as HUNTING_ROW
from graphinvestigate.frames.inner import check
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.linking.extraction import Extractor, decoded
from graphinvestigate.linking.mapped_roles import MAPPED, mapped_kind
from graphinvestigate.linking.meant import Before
from graphinvestigate.linking.mention_table import MentionTable
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.observations import Observations
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

_REMEMBERED = 200_000  # values whose meaning is kept from part to part: some 200 MB where all are wide
_AT_ONCE = 20_000  # records: what is read of them is held as Python objects, all the others are not


@dataclass(slots=True)
class Collected:
    """All that some frames say: records with headline facts, mentions and ties, what was observed of entities."""

    records: dict[Record, dict[str, Any]] = field(default_factory=dict)
    mentions: MentionTable = field(default_factory=MentionTable)
    observations: Observations | None = None


def collect(
    frames_by_kind: Iterable[tuple[str, pd.DataFrame | None]],
    *,
    tenant: str | None = None,
    typed_readers: bool = True,
    observing: bool = False,
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
    observing : bool
        Whether what a graph's nodes are made of is kept as well.
    """
    observations = Observations() if observing else None
    extractor = Extractor(typed_readers=typed_readers, observations=observations)
    collected = _collected(_unfolded(frames_by_kind), tenant, extractor)
    collected.observations = observations
    return collected


def collect_in_parts(
    frames_by_kind: Iterable[tuple[str, pd.DataFrame | None]], *, tenant: str | None = None
) -> Iterator[Collected]:
    """Read frames some thousand records at a time; all versions of one record come together, at the end.

    Parameters
    ----------
    frames_by_kind, tenant
        As in `collect`.

    Yields
    ------
    Collected
        Headline facts are only there where a record has several versions.
    """
    unfolded = list(_unfolded(frames_by_kind))
    several = []
    before: Before = {}
    for kind, rows in _with_versions(unfolded):
        for frame, again in rows:
            for first in range(0, len(frame), _AT_ONCE):
                part = frame.iloc[first : first + _AT_ONCE]
                once = ~again[first : first + _AT_ONCE]
                if not once.all():
                    several.append((kind, part[~once]))
                    part = part[once]
                if len(part):
                    extractor = Extractor(before=before)
                    yield _collected([(kind, part)], tenant, extractor, headlines=False)
                    _remember(before, extractor.recurring())
    if several:
        yield _collected(several, tenant, Extractor(before=before))


def _remember(before: Before, recurring: Before) -> None:
    """Keep what recurs for the parts to come; of too much the older half of what is most goes."""
    for where, meant in recurring.items():
        before.setdefault(where, {}).update(meant)
    while sum(map(len, before.values())) > _REMEMBERED:
        most = max(before.values(), key=len)
        for key in list(islice(most, (len(most) + 1) // 2)):
            del most[key]


def _unfolded(frames_by_kind: Iterable[tuple[str, pd.DataFrame | None]]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Frames that hold something; behind incidents the alerts that came inside them."""
    for kind, frame in frames_by_kind:
        if frame is None or not len(frame):
            continue
        yield kind, frame
        if kind == "incident" and len(expanded := frames.expanded_alerts(frame)):
            yield "alert", expanded


def _with_versions(
    unfolded: Iterable[tuple[str, pd.DataFrame]],
) -> Iterator[tuple[str, list[tuple[pd.DataFrame, np.ndarray]]]]:
    """By kind the frames, each with which of its records come again in it or in another."""
    by_kind: defaultdict[str, list[pd.DataFrame]] = defaultdict(list)
    for kind, frame in unfolded:
        by_kind[kind].append(frame)
    for kind, found in by_kind.items():
        again = pd.concat([frame["id"] for frame in found]).duplicated(keep=False).to_numpy()
        cuts = np.cumsum([len(frame) for frame in found])[:-1]
        yield kind, list(zip(found, np.split(again, cuts), strict=True))


def _collected(
    unfolded: Iterable[tuple[str, pd.DataFrame]],
    tenant: str | None,
    extractor: Extractor,
    *,
    headlines: bool = True,
) -> Collected:
    collected = Collected()
    for kind, frame in unfolded:
        if kind == "alert":
            _read_alerts(collected.records, extractor, frame, tenant, headlines)
        elif kind in KINDS:
            _read(collected.records, extractor, frame, kind, tenant, headlines)
        else:
            _read_mapped(collected.records, extractor, frame, kind, tenant, headlines)
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
    headlines: bool,
) -> list[Record]:
    found = []
    if not headlines:
        shape = replace(shape, headlines=())
    for record, attrs in record_rows(frame, kind, shape, tenants):
        before = known.get(record)
        known[record] = attrs if before is None else newer(before, attrs)
        found.append(record)
    return found


def _read(
    known: dict[Record, dict[str, Any]],
    extractor: Extractor,
    frame: pd.DataFrame,
    kind: str,
    default: str | None,
    headlines: bool,
) -> None:
    tenants = tenants_of(frame, KINDS[kind], default)
    raw = raw_of(frame)
    records = _records(known, frame, kind, tenants, KINDS[kind], headlines)
    extractor.records(records, KINDS[kind].table, raw.slices(), tenants)


def _read_alerts(
    known: dict[Record, dict[str, Any]],
    extractor: Extractor,
    alerts: pd.DataFrame,
    default: str | None,
    headlines: bool,
) -> None:
    check(alerts, "alert", "evidence")
    tenants = tenants_of(alerts, KINDS["alert"], default)
    records = _records(known, alerts, "alert", tenants, KINDS["alert"], headlines)
    # An alert's evidence is most of it, and read by itself: of the rest the incident's id is all that names somebody.
    extractor.columns(records, KINDS["alert"].table, {"incidentId": plain_column(alerts, "incident_id")}, tenants)
    extractor.evidence(records, as_raw(alerts["evidence"]).slices(), tenants)


def _read_mapped(
    known: dict[Record, dict[str, Any]],
    extractor: Extractor,
    frame: pd.DataFrame,
    kind: str,
    default: str | None,
    headlines: bool,
) -> None:
    for mapped, rows in frame.groupby(MAPPED, sort=True, observed=True):
        shape = mapped_kind(kind, str(mapped))
        tenants = tenants_of(rows, shape, default)
        records = _records(known, rows, kind, tenants, shape, headlines)
        said = [
            found if isinstance(found := decoded(piece or b"null"), dict) else {} for piece in raw_of(rows).slices()
        ]
        paths = {path for reader in column_readers(shape.table) for path in reader.paths}
        extractor.columns(records, shape.table, {path: [one.get(path) for one in said] for path in paths}, tenants)

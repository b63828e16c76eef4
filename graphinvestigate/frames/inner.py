"""Records inside records: an alert's evidence, an expanded incident's alerts. They slice the same pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from graphinvestigate.envelope import Walk, addresses
from graphinvestigate.errors import UsageError
from graphinvestigate.frames.columns import ARROW, Nulls, constant, from_arrow, to_arrow
from graphinvestigate.frames.decode import CHUNK, REFUSED, Piece, RecordDecoder, frame_of
from graphinvestigate.frames.raw import RawArray, as_raw
from graphinvestigate.frames.schema import EVIDENCE, RESOURCES, Column

_NAMESPACE = "#microsoft.graph.security."
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_OF_ALERT = ("incident_id", "tenant_id", "first_activity_date_time", "last_activity_date_time")


def evidence(alerts: pd.DataFrame, *, columns: Collection[str] | None = None) -> pd.DataFrame:
    """Lay out the evidence of alerts: one row per item of an alert's evidence.

    Parameters
    ----------
    alerts : pandas.DataFrame
        As `list_alerts`, `get_alert` or `read_records("alerts", …)` returned it, or some rows of it.
    columns : collection of str, optional
        Which columns of the documented types to read, where a few are enough and time matters; all by default.

    Returns
    -------
    pandas.DataFrame
        `alert_id`, `evidence_index` (position in the alert), `evidence_type` (``userEvidence``), the alert's
        `incident_id`, `tenant_id`, first and last activity (UTC); then a column per property of all documented
        types, and `raw`. A type Graph does not document keeps its row, its name and its `raw`.

    Raises
    ------
    UsageError
        It is no frame of alerts, or evidence has no such column.
    """
    _check(alerts, "alert", "evidence", *_OF_ALERT)
    wanted = _wanted(columns)
    rows, position, raw = items_of(as_raw(alerts["evidence"]), source="evidence")
    kept: dict[str, list[pa.Array]] = {column.name: [] for column in wanted}
    types: list[pa.Array] = []
    decoders: dict[str | None, RecordDecoder] = {}
    pieces, done = raw.slices(), 0
    while chunk := list(islice(pieces, CHUNK)):
        named = [_evidence_type(piece, done + at) for at, piece in enumerate(chunk)]
        types.append(pa.array(named, ARROW["string"]))
        values, nulls = _by_type(chunk, named, decoders, wanted, first=done), Nulls(len(chunk))
        for column in wanted:
            kept[column.name].append(values.get(column.name, nulls[column.dtype]))
        done += len(chunk)
    data: dict[str, Any] = {
        "record_kind": constant(EVIDENCE.record_kind, len(raw)),
        "alert_id": alerts["id"].array.take(rows),
        "evidence_index": pd.array(position, dtype="Int64"),
        "evidence_type": from_arrow("string", types),
        **{name: alerts[name].array.take(rows) for name in _OF_ALERT},
        **{column.name: from_arrow(column.dtype, kept[column.name]) for column in wanted},
        "pull_id": alerts["pull_id"].array.take(rows),
        "raw": raw,
    }
    return pd.DataFrame(data, copy=False)


def _wanted(names: Collection[str] | None) -> Sequence[Column]:
    if names is None:
        return EVIDENCE.columns
    unknown = sorted(set(names).difference(column.name for column in EVIDENCE.columns))
    if unknown:
        raise UsageError(f"evidence has no column {', '.join(unknown)}: gi.evidence(alerts).columns lists what it has")
    return [column for column in EVIDENCE.columns if column.name in names]


def expanded_alerts(incidents: pd.DataFrame) -> pd.DataFrame:
    """Lay out the alerts that came inside incidents (``expand_alerts=True``): one row per alert.

    Parameters
    ----------
    incidents : pandas.DataFrame
        As `list_incidents`, `get_incident` or `read_records("incidents", …)` returned it, or some rows of it.

    Returns
    -------
    pandas.DataFrame
        The columns of alerts; `raw` slices the incidents' pages.

    Raises
    ------
    UsageError
        It is no frame of incidents.
    """
    _check(incidents, "incident", "alerts")
    rows, _, raw = items_of(as_raw(incidents["alerts"]), source="alerts of incidents")
    return frame_of(RESOURCES["alerts"], raw, pull_ids=incidents["pull_id"].array.take(rows))


def _check(frame: pd.DataFrame, record_kind: str, *names: str) -> None:
    needed = ["record_kind", "id", *names, "pull_id"]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise UsageError(
            f"this is no frame of {record_kind}s: it has no column {', '.join(missing)}. Pass the frame as "
            f"list_{record_kind}s or read_records returned it; rows may be left out, columns not."
        )
    others = sorted(set(frame["record_kind"].dropna()) - {record_kind})
    if others:
        raise UsageError(f"this frame holds records of kind {', '.join(others)}; pass one of {record_kind}s.")


def items_of(raw: RawArray, *, source: str) -> tuple[np.ndarray, np.ndarray, RawArray]:
    """Cut the items out of JSON arrays: the row of each, its position there, its slice.

    Parameters
    ----------
    raw : RawArray
        What is no array holds no items.
    source : str
        What to call it in messages.

    Returns
    -------
    rows, positions : numpy.ndarray
    items : RawArray
    """
    rows, counts, spans = [], [], [np.empty((0, 2), np.int64)]
    for row, piece in enumerate(raw.slices()):
        if piece is None or piece[:1] != b"[":
            continue
        try:
            found = addresses(piece, _ITEMS.decode(piece))
        except REFUSED:
            walk = Walk(bytes(piece), f"{source}, row {row}")
            walk.whole(walk.value(0)[1])
            found = walk.spans(walk.items(0))
        rows.append(row)
        counts.append(len(found))
        spans.append(found)
    start, length = np.concatenate(spans).T
    at = np.repeat(np.array(rows, np.int64), counts)
    firsts = np.repeat(np.cumsum(counts, dtype=np.int64) - counts, counts) if counts else np.empty(0, np.int64)
    return at, np.arange(len(at)) - firsts, raw.inner(at, start, length)


class _Typed(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(name="@odata.type", default=None)


_TYPED = msgspec.json.Decoder(_Typed)


def _evidence_type(piece: Piece | None, row: int) -> str | None:
    if piece is None:
        return None
    try:
        name = _TYPED.decode(piece).name
    except REFUSED:
        name = _TYPE_OF.read_plain(bytes(piece), row=row).get("@odata.type")
    return name.removeprefix(_NAMESPACE) if isinstance(name, str) else None


_TYPE_OF = RecordDecoder([Column("@odata.type", ("@odata.type",), "string", "Edm.String")], source="evidence")


def _by_type(
    pieces: Sequence[Piece | None],
    types: Sequence[str | None],
    decoders: dict[str | None, RecordDecoder],
    wanted: Sequence[Column],
    *,
    first: int,
) -> dict[str, pa.Array]:
    """Decode each type with its own columns, then bring the rows back into order."""
    parts: dict[str, list[tuple[np.ndarray, pa.Array]]] = {}
    for name, rows in _groups(types):
        known = name if name in EVIDENCE.types else None
        if known not in decoders:
            columns = [c for c in wanted if not c.types or known in c.types]
            decoders[known] = RecordDecoder(columns, source="evidence")
        values = decoders[known].read([pieces[row] for row in rows], first=first)
        for column in decoders[known].plain_columns:
            if column.name in values:
                array = to_arrow(column.dtype, values[column.name])
                parts.setdefault(column.name, []).append((rows, array))
    joined = {}
    for name, found in parts.items():
        arrays = [array for _, array in found]
        nothing = sum(map(len, arrays))
        take = np.full(len(pieces), nothing)
        take[np.concatenate([rows for rows, _ in found])] = np.arange(nothing)
        joined[name] = pa.concat_arrays([*arrays, pa.nulls(1, arrays[0].type)]).take(pa.array(take))
    return joined


def _groups(types: Sequence[str | None]) -> Iterator[tuple[str | None, np.ndarray]]:
    rows: dict[str | None, list[int]] = {}
    for row, name in enumerate(types):
        rows.setdefault(name, []).append(row)
    for name, found in rows.items():
        yield name, np.array(found)

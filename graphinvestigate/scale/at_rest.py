"""Frames ↔ tables at rest: what a Parquet file of a lake holds, and how it becomes the same frame again.

Engines and storage agree on little about times: DuckDB and Spark know microseconds, Graph writes ten millionths of a
second. So a time column holds whole microseconds (UTC, without a zone), and a second one, ``<name>__ns``, the
nanoseconds above them, where there are any. `raw` is the record's JSON; what lies inside it (`evidence` of an alert) is
kept as the place where it begins and how long it is. Columns without any value are left out of a file.

Every record has, beside the columns of its resource:

| column | holds |
|---|---|
| ``lake_id`` | its id; a record that came without one goes by the hash of what came |
| ``lake_window`` | the time that `since` and `until` ask for, as microseconds since 1970; a file's day is of it |
| ``lake_at``, ``lake_end`` | when it happened, and until when, as microseconds since 1970 |
| ``lake_updated`` | when it was updated, in microseconds since 1970; 0 where it never says; less 2^61 of a table |
| ``lake_version`` | when it was written here, as nanoseconds since 1970: of two equal versions the later counts |
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import EVIDENCE, RESOURCES, RawArray, Resource, empty_frame, evidence
from graphinvestigate.frames.chunks import ChunkReader, spans_of
from graphinvestigate.frames.columns import ARROW, constant, from_arrow
from graphinvestigate.frames.cutting import items_of
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.frames.schema import Column
from graphinvestigate.linking.record_kinds import KINDS
from graphinvestigate.linking.record_rows import ids_of
from graphinvestigate.scale.presets.declared import OF_EVIDENCE, RECORDS as TABLES
from graphinvestigate.text import log

UNKNOWN_DAY = "unknown"
OF_TABLE = 1 << 61  # (microseconds: before all time)
MICROSECONDS = pa.timestamp("us")
_TABLES = rf"(?:{'|'.join(sorted([*TABLES, OF_EVIDENCE.name]))})@[0-9a-f]+$"  # pulls that `read_table` made
_OF_RECORD = ("lake_window", "lake_at", "lake_end", "lake_version")
_OF_ITEM = ("record_id", *_OF_RECORD, "evidence_index", "evidence_type")
OWN = ("lake_id", "lake_window", "lake_at", "lake_end", "lake_updated", "lake_version")

# The time that a record's window and its day are of. It must never change, or two versions of a record would lie on
# two days; where a resource has no such time, all its records lie together.
WINDOWS = {
    "alerts": "created_date_time",
    "incidents": "created_date_time",
    "risk_detections": "activity_date_time",
    "service_principal_risk_detections": "activity_date_time",
    "sign_ins": "created_date_time",
    "directory_audits": "activity_date_time",
}


def to_rest(resource: Resource, frame: pd.DataFrame, *, version: int) -> pa.Table:
    """Make the table at rest of a frame.

    Parameters
    ----------
    resource : Resource
    frame : pandas.DataFrame
        Of that resource, with `raw`; each record once.
    version : int
        Nanoseconds since 1970.

    Returns
    -------
    pyarrow.Table
        In the order of the frame.
    """
    raw = as_raw(frame["raw"])
    columns: dict[str, Any] = {"lake_id": pa.array(ids_of(frame), pa.string())}
    window = WINDOWS.get(resource.name)
    columns["lake_window"] = _micros(frame[window]) if window else pa.nulls(len(frame), pa.int64())
    begin, end = _happened(resource, frame)
    columns["lake_at"], columns["lake_end"] = begin, end
    updated = _micros(frame[resource.updated]) if resource.updated else pa.nulls(len(frame), pa.int64())
    # What Graph says of a record, now or in a saved answer, comes before what a table says of it, whose rows hold less.
    of_table = pa.array(frame["pull_id"].astype("str").str.match(_TABLES).fillna(False).to_numpy(bool))
    columns["lake_updated"] = pc.subtract(pc.fill_null(updated, 0), pc.if_else(of_table, OF_TABLE, 0))
    columns["lake_version"] = pa.array(np.full(len(frame), version), pa.int64())
    for column in resource.columns:
        if column.name in frame and column.dtype != "raw":
            columns |= _column(column, frame[column.name])
    columns |= _inner(resource, raw)
    columns["pull_id"] = pa.array(frame["pull_id"].array, pa.string())
    columns["raw"] = pa.array(raw, pa.large_string())
    own = {*OWN, "raw"}
    kept = {name: values for name, values in columns.items() if name in own or values.null_count < len(values)}
    return pa.table(kept)


def from_rest(resource: Resource, table: pa.Table, columns: Collection[str] | None = None) -> pd.DataFrame:
    """Make the frame of a table at rest: the one that went into it, row by row.

    Parameters
    ----------
    resource : Resource
    table : pyarrow.Table
        Some rows and columns of what `to_rest` made.
    columns : collection of str, optional
        Which columns of the frame to make; all by default.

    Returns
    -------
    pandas.DataFrame
    """
    wanted = [name for name in empty_frame(resource).columns if columns is None or name in columns]
    known = {column.name: column for column in resource.columns}
    raw = from_texts(table["raw"]) if "raw" in table.column_names else None
    data: dict[str, Any] = {}
    for name in wanted:
        if name == "record_kind":
            data[name] = constant(resource.record_kind, len(table))
        elif name == "raw":
            data[name] = raw
        elif name == "pull_id":
            data[name] = from_arrow("string", [_given(table, name, pa.large_string())])
        elif known[name].dtype == "raw":
            data[name] = _sliced(table, name, raw)
        elif known[name].dtype == "time":
            data[name] = from_arrow("time", [_times(table, name)])
        else:
            data[name] = from_arrow(known[name].dtype, [_given(table, name, ARROW[known[name].dtype])])
    return pd.DataFrame(data, copy=False)


def needed_for(resource: Resource, columns: Collection[str] | None) -> list[str] | None:
    """Say which columns at rest hold some columns of a frame; None for all.

    Parameters
    ----------
    resource : Resource
    columns : collection of str or None

    Returns
    -------
    list of str or None
    """
    if columns is None:
        return None
    known = {column.name: column.dtype for column in resource.columns}
    needed = []
    for name in columns:
        dtype = known.get(name)
        needed += [f"{name}__at", f"{name}__length", "raw"] if dtype == "raw" else [name]
        needed += [f"{name}__ns"] if dtype == "time" else []
    return list(dict.fromkeys(needed))


def by_time(table: pa.Table) -> pa.Table:
    """Order rows at rest by their window, then by record: who asks for some records reads few row groups.

    Parameters
    ----------
    table : pyarrow.Table
        Of records, or of what they name and state.

    Returns
    -------
    pyarrow.Table
    """
    own = "lake_id" if "lake_id" in table.column_names else "record_id"
    order = ["lake_window", own, *(name for name in ("evidence_index",) if name in table.column_names)]
    return table.take(pc.sort_indices(table, [(name, "ascending") for name in order]))


def days_of(table: pa.Table) -> np.ndarray:
    """Give the day of each row, as text.

    Parameters
    ----------
    table : pyarrow.Table
        With ``lake_window``.

    Returns
    -------
    numpy.ndarray of object
    """
    micros = table["lake_window"].to_numpy()
    found = np.full(len(table), UNKNOWN_DAY, object)
    there = ~np.isnan(micros) if micros.dtype.kind == "f" else np.ones(len(table), bool)
    exact = pc.fill_null(table["lake_window"], 0).to_numpy()
    found[there] = np.datetime_as_string(exact.astype("datetime64[us]").astype("datetime64[D]"))[there]
    return found


def from_texts(texts: pa.ChunkedArray) -> RawArray:
    """Give JSON texts as slices of one piece of memory."""
    return RawArray._concat_same_type(
        [as_raw(pd.Series(from_arrow("json", [chunk.cast(pa.large_string())]))) for chunk in texts.chunks]
        or [RawArray.from_texts([])]
    )


def resource_of(frame: pd.DataFrame) -> Resource | None:
    """Find the resource that a frame's records are of; None where it says none, or several."""
    kinds = set(frame["record_kind"].dropna().unique()) if "record_kind" in frame else set()
    found = [resource for resource in RESOURCES.values() if resource.record_kind in kinds]
    return found[0] if len(kinds) == len(found) == 1 else None


def check(frame: pd.DataFrame, resource: Resource) -> None:
    """Refuse a frame that can't be kept: with `UsageError`, naming what it lacks.

    Parameters
    ----------
    frame : pandas.DataFrame
    resource : Resource
        Of its records.
    """
    kind = KINDS.get(resource.record_kind)
    happened = [*kind.begin, *([kind.end] if kind.end else [])] if kind else [resource.event_time]
    times = {name for name in (WINDOWS.get(resource.name), resource.updated, *happened) if name}
    inner = {column.name for column in resource.columns if column.dtype == "raw"}
    missing = sorted({"id", "pull_id", "raw", *times, *inner} - set(frame.columns))
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    other = sorted(name for name in times if name in frame and getattr(frame[name].dtype, "kind", "") != "M")
    for wrong, what in ((missing, "no column"), (twice, "twice the column"), (other, "no times in the column")):
        if wrong:
            raise UsageError(
                f"a lake can't keep this frame of {resource.name}: it has {what} {log(', '.join(map(str, wrong)))}. "
                "Add it as list_…, read_records or read_table returned it; rows may be left out, columns not."
            )


def _micros(values: pd.Series) -> pa.Array:
    return _divided(values)[0]


def _divided(values: pd.Series) -> tuple[pa.Array, pa.Array]:
    """Give times as whole microseconds since 1970, and the nanoseconds above them."""
    moments = pa.array(values.array, ARROW["time"]).cast(pa.int64())
    missing = moments.is_null().to_numpy(zero_copy_only=False)
    micros, above = np.divmod(pc.fill_null(moments, 0).to_numpy(), 1000)  # downwards, also before 1970
    return pa.array(micros, pa.int64(), mask=missing), pa.array(above, pa.int64(), mask=missing)


def _happened(resource: Resource, frame: pd.DataFrame) -> tuple[pa.Array, pa.Array]:
    kind = KINDS.get(resource.record_kind)
    nothing = pa.nulls(len(frame), pa.int64())
    begin, end = nothing, nothing
    for name in reversed(kind.begin if kind else (resource.event_time,)):
        begin = pc.coalesce(_micros(frame[name]), begin)
    if kind and kind.end:
        end = _micros(frame[kind.end])
    return begin, pc.if_else(pc.fill_null(pc.greater_equal(end, begin), False), end, begin)


def _column(column: Column, values: pd.Series) -> dict[str, pa.Array]:
    array = values.array
    if column.dtype != "time":
        made = pa.array(array)
        made = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
        return {column.name: made.cast(pa.string() if column.dtype in ("string", "json") else ARROW[column.dtype])}
    micros, above = _divided(values)
    made = {column.name: micros.cast(MICROSECONDS)}
    return made | ({f"{column.name}__ns": above} if pc.any(pc.not_equal(above, 0)).as_py() else {})


def _inner(resource: Resource, raw: RawArray) -> dict[str, pa.Array]:
    inside = [column for column in resource.columns if column.dtype == "raw"]
    if not inside:
        return {}
    reader = ChunkReader(inside, source=resource.name)
    chunks = [reader.read([*raw.slices(*run)], first=run[0]) for run in raw.parts(rows=8192)]
    made = {}
    for column in inside:
        spans = np.concatenate([np.empty((0, 2), np.int64), *(spans_of(chunk, column.name) for chunk in chunks)])
        missing = spans[:, 0] < 0
        made[f"{column.name}__at"] = pa.array(spans[:, 0], pa.int64(), mask=missing)
        made[f"{column.name}__length"] = pa.array(spans[:, 1], pa.int64(), mask=missing)
    return made


def _given(table: pa.Table, name: str, dtype: pa.DataType) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(len(table), dtype)
    return whole(table[name]).cast(dtype)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """Give a column in one piece, also one without any."""
    joined = column.combine_chunks()
    return pa.array([], column.type) if isinstance(joined, pa.ChunkedArray) else joined


def _times(table: pa.Table, name: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(len(table), ARROW["time"])
    micros = whole(table[name]).cast(MICROSECONDS).cast(pa.int64())
    above = _given(table, f"{name}__ns", pa.int64())
    return pc.add(pc.multiply(micros, 1000), pc.fill_null(above, 0)).cast(ARROW["time"])


def _sliced(table: pa.Table, name: str, raw: RawArray | None) -> RawArray:
    at, length = (
        pc.fill_null(_given(table, f"{name}__{part}", pa.int64()), -1).to_numpy() for part in ("at", "length")
    )
    if raw is None:
        return RawArray.from_texts([None] * len(table))
    return raw.inner(np.where(at < 0, -1, np.arange(len(table))), at, length)


def evidence_to_rest(alerts: pd.DataFrame, rest: pa.Table) -> pa.Table:
    """Make the table at rest of the evidence of alerts: one row per item, with its alert's time and version.

    Parameters
    ----------
    alerts : pandas.DataFrame
        Each once.
    rest : pyarrow.Table
        The same rows at rest.

    Returns
    -------
    pyarrow.Table
        ``record_id``, ``lake_window``, ``lake_at``, ``lake_end``, ``lake_version``, then the columns of `evidence`
        without what is the alert's own, and without `raw`: it stands in the alert's.
    """
    items = evidence(alerts)
    rows = np.repeat(np.arange(len(alerts)), item_counts(alerts))
    columns: dict[str, Any] = {"record_id": rest["lake_id"].combine_chunks().take(rows)}
    columns |= {name: rest[name].combine_chunks().take(rows) for name in _OF_RECORD}
    columns["evidence_index"] = pa.array(items["evidence_index"].array, pa.int64())
    columns["evidence_type"] = pa.array(items["evidence_type"].array, pa.string())
    for column in EVIDENCE.columns:
        columns |= _column(column, items[column.name])
    kept = {name: values for name, values in columns.items() if name in _OF_ITEM or values.null_count < len(values)}
    return pa.table(kept)


def item_counts(alerts: pd.DataFrame) -> np.ndarray:
    """Count the evidence items of each alert."""
    rows = items_of(as_raw(alerts["evidence"]), source="evidence")[0]
    return np.bincount(rows, minlength=len(alerts))


def rest_schema(resource: Resource) -> pa.Schema:
    """Give all columns that a resource may have at rest.

    Parameters
    ----------
    resource : Resource

    Returns
    -------
    pyarrow.Schema
    """
    fields = [pa.field("lake_id", pa.string()), *(pa.field(name, pa.int64()) for name in OWN[1:])]
    for column in resource.columns:
        if column.dtype == "raw":
            fields += [pa.field(f"{column.name}__{part}", pa.int64()) for part in ("at", "length")]
        else:
            fields += fields_of(column)
    return pa.schema([*fields, pa.field("pull_id", pa.string()), pa.field("raw", pa.string())])


def evidence_schema() -> pa.Schema:
    """Give all columns that evidence may have at rest."""
    texts, numbers = ("record_id", "evidence_type"), (*_OF_RECORD, "evidence_index")
    fields = [pa.field(name, pa.string()) for name in texts] + [pa.field(name, pa.int64()) for name in numbers]
    return pa.schema([*fields, *(field for column in EVIDENCE.columns for field in fields_of(column))])


def fields_of(column: Column) -> list[pa.Field]:
    """Give the fields at rest of one column."""
    if column.dtype == "time":
        return [pa.field(column.name, MICROSECONDS), pa.field(f"{column.name}__ns", pa.int64())]
    return [pa.field(column.name, pa.string() if column.dtype in ("string", "json") else ARROW[column.dtype])]

"""Records inside records: an alert's evidence, an expanded incident's alerts. They slice the same pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.frames.chunks import ROWS, Chunk, Columns, in_order
from graphinvestigate.frames.columns import constant, give_back, repeated
from graphinvestigate.frames.cutting import Items, items_of
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.items import ITEM_TYPE, ItemReader
from graphinvestigate.frames.raw import RawArray, as_raw
from graphinvestigate.frames.schema import EVIDENCE, RESOURCES, Column
from graphinvestigate.garbage import uncollected
from graphinvestigate.wanted import takes

_NO_ROWS = np.empty(0, np.int64)
_OF_ALERT = ("incident_id", "tenant_id", "first_activity_date_time", "last_activity_date_time")


@uncollected()
@takes
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
    check(alerts, "alert", "evidence", *_OF_ALERT)
    wanted = _wanted(columns)
    reader, held = ItemReader(replace(EVIDENCE, columns=tuple(wanted))), as_raw(alerts["evidence"])
    columns_of = Columns(wanted)

    def read(run: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, RawArray, Chunk]:
        items = Items(held[run[0] : run[1]], "evidence", run[0])
        return items.rows + run[0], items.positions, items.raw, columns_of.pack(reader.read(items, columns=columns_of))

    parts = [*in_order(read, held.parts(rows=ROWS))]
    at = np.concatenate([_NO_ROWS, *(part[0] for part in parts)])
    positions = np.concatenate([_NO_ROWS, *(part[1] for part in parts)])
    raw, chunks = RawArray._concat_same_type([part[2] for part in parts]), [part[3] for part in parts]
    data: dict[str, Any] = {
        "record_kind": constant(EVIDENCE.record_kind, len(raw)),
        "alert_id": alerts["id"].array.take(at),
        "evidence_index": pd.array(positions, dtype="Int64"),
        "evidence_type": columns_of.column(chunks, ITEM_TYPE),
        **{name: _of_alert(alerts[name], at) for name in _OF_ALERT},
        **{column.name: columns_of.column(chunks, column) for column in wanted},
        "pull_id": repeated(alerts["pull_id"].array, at),
        "raw": raw,
    }
    del at, positions, parts, chunks
    give_back(len(raw))
    return pd.DataFrame(data, copy=False)


def _of_alert(values: pd.Series, rows: np.ndarray) -> Any:
    return repeated(values.array, rows) if isinstance(values.dtype, pd.StringDtype) else values.array.take(rows)


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
    check(incidents, "incident", "alerts")
    rows, _, raw = items_of(as_raw(incidents["alerts"]), source="alerts of incidents")
    return frame_of(RESOURCES["alerts"], raw, pull_ids=incidents["pull_id"].array.take(rows))


def check(frame: pd.DataFrame, record_kind: str, *names: str) -> None:
    """Refuse what is no frame of such records: with `UsageError`, naming the columns that it lacks."""
    needed = ["record_kind", "id", *names, "pull_id"]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise UsageError(
            f"this is no frame of {record_kind}s: it has no column {', '.join(missing)}. Pass the frame as "
            f"list_{record_kind}s or read_records returned it; rows may be left out, columns not."
        )
    others = sorted(set(frame["record_kind"].dropna().unique()) - {record_kind})
    if others:
        raise UsageError(f"this frame holds records of kind {', '.join(others)}; pass one of {record_kind}s.")

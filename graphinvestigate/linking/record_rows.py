"""Frames → records with the facts that their nodes carry: id, times, headline facts, tenant."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.frames.raw import RawArray, as_raw
from graphinvestigate.linking.identifiers import guid
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.record_kinds import RecordKind


def iso_times(times: pd.Series) -> list[str | None]:
    """ISO texts of one length (microseconds, UTC), so that they sort as text; None for NaT."""
    if not len(times):
        return []
    values = pd.to_datetime(times, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    texts = np.datetime_as_string(values, unit="us").tolist()
    return [None if text == "NaT" else text + "Z" for text in texts]


def newer(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Of two versions of one record the one that was updated last; a record that was read before one only named."""

    def age(attrs: dict[str, Any]) -> tuple[bool, str, str]:
        return bool(attrs.get("read")), attrs.get("updated") or "", json.dumps(attrs, sort_keys=True, default=str)

    return max(a, b, key=age)


def record_rows(
    frame: pd.DataFrame, kind: str, known: RecordKind, tenants: list[str | None]
) -> Iterator[tuple[Record, dict[str, Any]]]:
    """Yield each row's record and the attributes of its node."""
    nothing: list[Any] = [None] * len(frame)
    begin, *others = [iso_times(frame[name]) for name in known.begin if name in frame] or [nothing]
    for other in others:
        begin = [one if one is not None else second for one, second in zip(begin, other, strict=True)]
    ends = iso_times(frame[known.end]) if known.end in frame else nothing
    ends = [
        end if end is not None and (first is None or end >= first) else first
        for first, end in zip(begin, ends, strict=True)
    ]
    updated = iso_times(frame[known.updated]) if known.updated in frame else nothing
    names = ("kind", "id", "read", "time", "end_time", "updated", *known.headlines, "tenant_id")
    facts = [plain_column(frame, name) for name in known.headlines]
    fixed = (repeat(kind, len(frame)), ids_of(frame), repeat(True, len(frame)))
    for row in zip(*fixed, begin, ends, updated, *facts, tenants, strict=True):
        yield Record(kind, row[1]), dict(zip(names, row, strict=True))


def ids_of(frame: pd.DataFrame) -> list[str]:
    """Return the records' ids; a record that came without one goes by the hash of what came."""
    ids = frame["id"].tolist()
    if not frame["id"].isna().any():
        return ids
    return [
        found if type(found) is str else f"no id, sha256 {hashlib.sha256(raw or b'').hexdigest()}"
        for found, raw in zip(ids, raw_of(frame).slices(), strict=True)
    ]


def plain_column(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return a column as plain JSON values, None where it has none; all None where there is no such column."""
    if name not in frame or frame[name].isna().all():
        return [None] * len(frame)
    return [value if type(value) is str else _plain(value) for value in frame[name].tolist()]


def _plain(value: Any) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(v) for v in value]
    if value is None or value is pd.NA or value != value:  # NaN is not itself
        return None
    return value.item() if isinstance(value, np.generic) else value


def tenants_of(frame: pd.DataFrame, known: RecordKind, default: str | None) -> list[str | None]:
    """Return the tenant of each record, as it says itself, else the given one."""
    said: dict[Any, str | None] = {}
    for value in (own := plain_column(frame, known.tenant)):
        if value not in said:
            said[value] = guid(value) or guid(default)
    return [said[value] for value in own]


def raw_of(frame: pd.DataFrame) -> RawArray:
    """Return the records as received.

    Raises
    ------
    UsageError
        The frame has no column ``raw``.
    """
    if "raw" not in frame:
        raise UsageError(
            "this frame has no column 'raw', and entities are read from it; use the frame as it came from Graph, "
            "or keep 'raw' when choosing columns"
        )
    return as_raw(frame["raw"])


def json_value(value: Any) -> Any:
    """Return any cell as a JSON value: text as it was, times as ISO texts, what is none as text."""
    if type(value) is str:
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, list | tuple | set | np.ndarray):
        return [json_value(one) for one in value]
    if isinstance(value, dict):
        return {str(name): json_value(one) for name, one in value.items()}
    if isinstance(value, np.generic):
        return json_value(value.item())
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, bool | int | float) else str(value)

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

_TEXT = frozenset({str})
_as_record = tuple.__new__  # what `Record(…)` does, and twice as fast


def _moments(times: pd.Series) -> np.ndarray:
    return pd.to_datetime(times, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")


def _texts(moments: np.ndarray) -> list[str | None]:
    """Return ISO texts of one length (microseconds, UTC), so that they sort as text; None for NaT."""
    texts = np.datetime_as_string(moments, unit="us").tolist()
    return [None if text == "NaT" else text + "Z" for text in texts]


def _texts_beside(moments: np.ndarray, known: np.ndarray, texts: list[str | None]) -> list[str | None]:
    """Return texts of moments, the same objects where a moment is the known one: most records are of an instant."""
    found = texts.copy()
    others = np.flatnonzero(moments != known)
    for at, text in zip(others.tolist(), _texts(moments[others]), strict=True):
        found[at] = text
    return found


def newer(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Of two versions of one record the one that was updated last; a record that was read before one only named."""

    def age(attrs: dict[str, Any]) -> tuple[bool, str, str]:
        return bool(attrs.get("read")), attrs.get("updated") or "", json.dumps(attrs, sort_keys=True, default=str)

    return max(a, b, key=age)


def record_rows(
    frame: pd.DataFrame, kind: str, known: RecordKind, tenants: list[str | None]
) -> Iterator[tuple[Record, dict[str, Any]]]:
    """Yield each row's record and the attributes of its node."""
    never = np.full(len(frame), "NaT", "datetime64[ns]")
    begun = never
    for name in known.begin:
        if name in frame and (missing := np.isnat(begun)).any():
            begun = np.where(missing, _moments(frame[name]), begun)
    ended = _moments(frame[known.end]) if known.end in frame else never
    ended = np.where(np.isnat(ended) | (ended < begun), begun, ended)
    begin = _texts(begun)
    ends = _texts_beside(ended, begun, begin)
    updated = _texts_beside(_moments(frame[known.updated]) if known.updated in frame else never, begun, begin)
    names = ("kind", "id", "read", "time", "end_time", "updated", *known.headlines, "tenant_id")
    facts = [plain_column(frame, name) for name in known.headlines]
    fixed = (repeat(kind, len(frame)), ids_of(frame), repeat(True, len(frame)))
    empty = dict.fromkeys(names)
    for row in zip(*fixed, begin, ends, updated, *facts, tenants, strict=True):
        attrs: dict[str, Any] = empty.copy()  # large enough at once
        attrs.update(zip(names, row, strict=True))
        yield _as_record(Record, (kind, row[1])), attrs


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
    if name not in frame or (missing := frame[name].isna()).all():
        return [None] * len(frame)
    if isinstance(frame[name].dtype, pd.StringDtype) and not missing.any():
        return frame[name].tolist()
    return [value if type(value) is str else _plain(value) for value in frame[name].tolist()]


def _plain(value: Any) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return list(value) if _TEXT.issuperset(map(type, value)) else [_plain(v) for v in value]
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

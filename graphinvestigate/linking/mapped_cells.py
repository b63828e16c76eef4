"""Cells of any table as values of records: times, rows as JSON, and what tells rows apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.record_rows import json_value
from graphinvestigate.text import log


def times(frame: pd.DataFrame, column: str, time_zone: str | None) -> pd.Series:
    """Return a column as times in UTC.

    Raises
    ------
    UsageError
        They are numbers, say no zone while none is given, or are no times.
    """
    values = frame[column].reset_index(drop=True)
    if not len(values):
        return pd.Series([], dtype="datetime64[ns, UTC]")
    if pd.api.types.is_numeric_dtype(values.dtype):
        raise UsageError(
            f"{log(column)!r} holds numbers; say what they count: pd.to_datetime(frame[{column!r}], unit='s', utc=True)"
        )
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").astype("datetime64[ns, UTC]")
    if not pd.api.types.is_datetime64_dtype(values.dtype):
        texts = values.astype("str")
        zoned = texts.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)\s*$", regex=True, na=False)
        if zoned[texts.notna()].all():
            parsed = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
            return _whole(values, parsed, column).astype("datetime64[ns, UTC]")
        if zoned.any():
            raise UsageError(f"{log(column)!r}: some times say their zone and some do not; make them one kind first")
        values = _whole(values, pd.to_datetime(texts, errors="coerce", format="ISO8601"), column)
    if time_zone is None and values.notna().any():
        raise UsageError(f"the times in {log(column)!r} say no zone; give time_zone='Europe/Berlin' or the zone it is")
    try:
        aware = values.dt.tz_localize(time_zone or "UTC", ambiguous="raise", nonexistent="raise")
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"{log(column)!r} in zone {log(str(time_zone))}: {log(str(error))}; convert the column to UTC yourself"
        ) from error
    return aware.dt.tz_convert("UTC").astype("datetime64[ns, UTC]")


def _whole(given: pd.Series, times: pd.Series, column: str) -> pd.Series:
    lost = given.notna() & times.isna()
    if lost.any():
        raise UsageError(
            f"{int(lost.sum())} of the values in {log(column)!r} are no ISO times, e.g. "
            f"{log(str(given[lost].iloc[0]))!r}; parse them with pd.to_datetime(…, utc=True), or set them to None"
        )
    return times


def rows(frame: pd.DataFrame) -> list[bytes]:
    """Return each row as JSON, under the columns' names."""
    columns = [[json_value(value) for value in frame[name].tolist()] for name in frame.columns]
    names = [str(name) for name in frame.columns]
    encode = msgspec.json.Encoder(enc_hook=str).encode
    cells = zip(*columns, strict=True) if columns else ()
    return [encode(dict(zip(names, row, strict=True))) for row in cells]


def ids(frame: pd.DataFrame, column: str | None, raw: Sequence[bytes], tenant: str) -> list[str]:
    """Return what tells the rows apart: the column's value, else the hash of the row and which of its like it is."""
    salt = tenant.encode()
    own = [None] * len(frame) if column is None else [json_value(value) for value in frame[column].tolist()]
    seen: dict[str, int] = {}
    found = []
    for value, body in zip(own, raw, strict=True):
        if value is None or value == "":
            value = hashlib.sha256(salt + body).hexdigest()[:32]
            seen[value] = seen.get(value, 0) + 1
            found.append(value if seen[value] == 1 else f"{value}-{seen[value]}")
        else:
            found.append(str(value))
    return found

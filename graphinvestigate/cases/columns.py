"""Columns of frames ↔ JSON: for what an analyst added to records, and for tables that are no records of Graph."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.files import sha256, sha256_of
from graphinvestigate.frames.columns import PANDAS
from graphinvestigate.frames.raw import RawArray, RawDtype
from graphinvestigate.frames.strings import StringsDtype
from graphinvestigate.text import log

_TIME = PANDAS["time"]
_TEXT = PANDAS["string"]
# The name in the file → the pandas dtype that it comes back as.
DTYPES: dict[str, Any] = {
    "string": _TEXT,
    "time": _TIME,
    "int": pd.Int64Dtype(),
    "int64": np.dtype("int64"),
    "float": pd.Float64Dtype(),
    "float64": np.dtype("float64"),
    "bool": pd.BooleanDtype(),
    "bool8": np.dtype("bool"),
    "strings": StringsDtype(),
    "raw": RawDtype(),
    "json": np.dtype("object"),
}
_ODD = {"inf": float("inf"), "-inf": float("-inf")}


def column_to_json(name: str, values: pd.Series) -> dict[str, Any]:
    """Write a column as plain JSON values.

    Parameters
    ----------
    name : str
        What it is called.
    values : pandas.Series

    Returns
    -------
    dict
        `name`, `dtype` (a key of `DTYPES`) and `values`, None where missing; times are ISO texts in UTC.

    Raises
    ------
    UsageError
        It holds something that a case can't keep.
    """
    dtype = _name_of(values.dtype)
    if dtype is None and isinstance(values.dtype, pd.CategoricalDtype):
        values, dtype = values.astype("object"), "json"
    if dtype is None and isinstance(values.dtype, pd.DatetimeTZDtype):
        values, dtype = values.dt.tz_convert("UTC").astype(_TIME), "time"
    if dtype is None and pd.api.types.is_integer_dtype(values.dtype):
        values, dtype = values.astype("Int64"), "int"
    if dtype is None and pd.api.types.is_float_dtype(values.dtype):
        values, dtype = values.astype("Float64"), "float"
    if dtype is None and pd.api.types.is_string_dtype(values.dtype):
        values, dtype = values.astype(_TEXT), "string"
    if dtype is None:
        raise UsageError(
            f"a case can't keep the column {log(repr(name))} of type {values.dtype}: make it text, numbers, UTC times "
            "or plain JSON values (astype, map), or leave it out."
        )
    plain = [_WRITE.get(dtype, _plain)(value) for value in values.array]
    try:
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"a case can't keep the column {log(repr(name))} , {log(str(error))}: make it text."
        ) from error
    return {"name": name, "dtype": dtype, "values": plain}


def column_from_json(value: Any, rows: int | None, *, source: str) -> tuple[str, Any]:
    """Read what `column_to_json` wrote: the name, and an array.

    Raises
    ------
    BadFileError
        It is no such column, or has another number of rows.
    """
    if not isinstance(value, dict):
        raise BadFileError(f"{source}: a column that is no object; the case is damaged.")
    name, dtype, values = value.get("name"), value.get("dtype"), value.get("values")
    if not isinstance(name, str) or dtype not in DTYPES or not isinstance(values, list):
        raise BadFileError(f"{source}: a column without name, type or values; the case is damaged.")
    if rows is not None and len(values) != rows:
        raise BadFileError(f"{source}: the column {log(name)} has {len(values)} values for {rows} rows.")
    try:
        return name, _array(dtype, values)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise BadFileError(f"{source}: the column {log(name)} holds no {dtype} ({log(str(error))}).") from error


def _array(dtype: str, values: list[Any]) -> Any:
    if dtype == "json":
        made = np.empty(len(values), dtype=object)
        made[:] = values
        return made
    if dtype == "raw":
        return RawArray.from_texts([None if text is None else text.encode() for text in values])
    if dtype == "time":
        if not all(value is None or isinstance(value, str) for value in values):
            raise ValueError("a time that is no text")
        return pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601").astype(_TIME).array
    if dtype in ("float", "float64"):
        values = [_ODD.get(value, value) if isinstance(value, str) else value for value in values]
    if dtype == "string" and not all(value is None or isinstance(value, str) for value in values):
        raise ValueError("a text that is none")
    return pd.array(values, dtype=DTYPES[dtype])


def column_sha256(values: pd.Series) -> str:
    """Hash a column by its values: the same with every version that gives the same values."""
    dtype = _name_of(values.dtype) or str(values.dtype)
    if isinstance(values.array, RawArray):
        pieces = (b"-\n" if p is None else b"%d\n%b\n" % (len(p), bytes(p)) for p in values.array.slices())
        return sha256_of(itertools.chain([dtype.encode() + b"\n"], pieces))
    if dtype == "time":
        plain: Sequence[Any] = [int(value) for value in values.array.asi8]
    else:
        plain = [_WRITE.get(dtype, _plain)(value) for value in values.array]
    return sha256(dtype + "\n" + json.dumps(plain, ensure_ascii=True, default=str))


def _name_of(dtype: Any) -> str | None:
    return next((name for name, known in DTYPES.items() if known == dtype), None)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _plain(value: Any) -> Any:
    if _missing(value):
        return None
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else str(float(value))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, np.ndarray | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value


def _time(value: Any) -> str | None:
    return None if _missing(value) else pd.Timestamp(value).tz_convert("UTC").isoformat()


def _same(value: Any) -> Any:
    return None if _missing(value) else value


_WRITE: dict[str, Callable[[Any], Any]] = {**dict.fromkeys(("string", "strings", "raw", "bool"), _same), "time": _time}

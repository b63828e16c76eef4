"""Python values → columns. Every dtype of the schema has one Arrow type and one pandas dtype."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphinvestigate.frames.packing import Packing, constant as packed_constant
from graphinvestigate.frames.raw import RawDtype
from graphinvestigate.frames.schema import Column, Dtype
from graphinvestigate.frames.strings import StringsArray, StringsDtype
from graphinvestigate.frames.texts import PackedStringArray, texts_of

ARROW: dict[Dtype, pa.DataType] = {
    "string": pa.large_string(),
    "strings": pa.list_(pa.string()),
    "time": pa.timestamp("ns", "UTC"),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "json": pa.large_string(),
}
PANDAS: dict[Dtype, Any] = {
    "string": pd.StringDtype(na_value=np.nan),
    "strings": StringsDtype(),
    "time": pd.DatetimeTZDtype("ns", "UTC"),
    "int": pd.Int64Dtype(),
    "float": pd.Float64Dtype(),
    "bool": pd.BooleanDtype(),
    "json": pd.StringDtype(na_value=np.nan),
    "raw": RawDtype(),
}
# Arrow's own allocator gives large pieces back to the system at once, which then has to clear them anew each time:
# a fifth of the time that decoding takes.
POOL = pa.system_memory_pool()
# RFC 3339 with a zone; Arrow alone would also read a bare hour, or a space for the T.
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"
_MANY = 10_000  # rows
_INT64 = range(-(2**63), 2**63)


def give_back(rows: int) -> None:
    """Give memory that reading many rows needed for the moment back to the system; it takes milliseconds."""
    if rows > _MANY:
        pa.default_memory_pool().release_unused()
        if (trim := _trim()) is not None:
            trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Give the C library's own way to do so, where it is glibc: what threads have freed stays theirs otherwise."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
    return found


def to_arrow(dtype: Dtype, values: Sequence[Any]) -> pa.Array:
    """Make one column of values that have the dtype's Python type already, None where missing.

    Parameters
    ----------
    dtype : str
    values : sequence
        Times are text; what is no time becomes missing, integers beyond 64 bits too.

    Returns
    -------
    pyarrow.Array
    """
    if dtype == "time":
        return times(pa.array(values, pa.string()))
    if dtype == "int":
        try:
            return pa.array(values, pa.int64())
        except (OverflowError, pa.ArrowInvalid):
            # Only integers are looked for: anything else would be compared with each of 2**64 numbers in turn.
            values = [value if isinstance(value, int) and value in _INT64 else None for value in values]
    return pa.array(values, ARROW[dtype])


def times(texts: pa.Array) -> pa.Array:
    """Read times, whatever number of fractional digits each has.

    Parameters
    ----------
    texts : pyarrow.Array
        Strings.

    Returns
    -------
    pyarrow.Array
        timestamp[ns, UTC]; missing where there is no time, no zone, or a year that nanoseconds cannot hold
        (Graph's fillers 0001-01-01 and 9999-12-31 among them).
    """
    if not _all_are_plain(texts):
        texts = pc.if_else(pc.match_substring_regex(texts, _TIME), texts, None)
    try:
        return texts.cast(ARROW["time"])
    except pa.ArrowInvalid:
        unique = texts.dictionary_encode()
        read = pa.array([_time(text) for text in unique.dictionary.to_pylist()], ARROW["time"])
        return read.take(unique.indices)


def _all_are_plain(texts: pa.Array) -> bool:
    """Whether all are like ``2026-01-02T03:04:05.678Z`` in what Arrow, which reads all but that strictly, is lax in."""
    if not pa.types.is_string(texts.type) or not len(texts):
        return False
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    starts, ends = offsets[:-1], offsets[1:]
    if texts.null_count:
        there = texts.is_valid().to_numpy(zero_copy_only=False)
        starts, ends = starts[there], ends[there]
    if not len(starts) or (ends - starts).min() < len("2026-01-02T03:04:05Z"):
        return False
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    return bool((data[starts + len("2026-01-02")] == ord("T")).all() and (data[ends - 1] == ord("Z")).all())


def _time(text: str) -> Any:
    try:
        return pa.scalar(text).cast(ARROW["time"])
    except pa.ArrowInvalid:
        return None


def from_arrow(dtype: Dtype, chunks: Iterable[pa.Array]) -> Any:
    """Make a pandas array of the pieces of a column.

    Parameters
    ----------
    dtype : str
    chunks : iterable of pyarrow.Array

    Returns
    -------
    pandas.api.extensions.ExtensionArray
    """
    return PANDAS[dtype].__from_arrow__(pa.chunked_array(list(chunks), ARROW[dtype]))


def of_packing(dtype: Dtype, packing: Packing) -> Any:
    """Make a pandas array of a packed column of texts or of lists of texts."""
    return StringsArray(packing) if dtype == "strings" else texts_of(packing)


def nothing(dtype: Dtype, rows: int) -> Any:
    """Make a column of numbers without any value; memory that is never touched is none.

    Parameters
    ----------
    dtype : str
        `int`, `float` or `bool`.
    rows : int

    Returns
    -------
    pandas.api.extensions.ExtensionArray
    """
    kinds = {"int": pd.arrays.IntegerArray, "float": pd.arrays.FloatingArray, "bool": pd.arrays.BooleanArray}
    values: np.ndarray = np.zeros(rows, {"int": np.int64, "float": np.float64, "bool": np.bool_}[dtype])
    return kinds[dtype](values, np.ones(rows, np.bool_))


def constant(value: str | None, rows: int) -> Any:
    """Make a text column that says the same in every row, and is kept once.

    Parameters
    ----------
    value : str or None
    rows : int

    Returns
    -------
    pandas.api.extensions.ExtensionArray
    """
    if value is None:
        return texts_of(Packing(rows, pa.array([], ARROW["string"]), rows=np.empty(0, np.int32)))
    return texts_of(packed_constant(pa.array([value], ARROW["string"]), rows))


def repeated(texts: Any, rows: np.ndarray) -> Any:
    """Pick rows of a text column that often says the same everywhere (a tenant, a pull), which is then kept once.

    Parameters
    ----------
    texts : pandas.api.extensions.ExtensionArray
    rows : numpy.ndarray

    Returns
    -------
    pandas.api.extensions.ExtensionArray
    """
    if isinstance(texts, PackedStringArray):
        return texts.take(rows)
    found = pc.unique(pa.array(texts, ARROW["string"]))
    return constant(found[0].as_py(), len(rows)) if len(found) == 1 else texts.take(rows)


def fits(column: Column, value: Any) -> bool:
    """Tell whether a parsed JSON value can stand in a column (times are still text).

    Parameters
    ----------
    column : Column
        Of any dtype but `json` and `raw`, which take everything.
    value : object
        Not None.

    Returns
    -------
    bool
    """
    match column.dtype:
        case "string" | "time":
            return isinstance(value, str) and _is_text(value)
        case "strings":
            return isinstance(value, list) and all(
                item is None or (isinstance(item, str) and _is_text(item)) for item in value
            )
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and value in _INT64
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)
        case "bool":
            return isinstance(value, bool)
        case _:
            return True


def _is_text(value: str) -> bool:
    # A lone surrogate is valid JSON and no text that a column could hold.
    return not any("\ud800" <= character <= "\udfff" for character in value) if not value.isascii() else True


def _is_finite(value: float) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except OverflowError:
        return False

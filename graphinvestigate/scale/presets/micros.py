"""Times of tables as whole microseconds, read by the engine that holds them: DuckDB, Spark, pandas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from graphinvestigate.scale.engines import Frame

AT = "lake_at_micros"
_KINDS = (str, date, np.datetime64)
_DATED, _ZONED = "^[0-9]{4}-[0-9]{2}-[0-9]{2}", "[+-][0-9]{2}:?[0-9]{2}$"  # of texts that are times


def with_times(frame: Frame, columns: Sequence[str]) -> Frame:
    """Add the time as microseconds since 1970: the one thing that narwhals does not say in every engine's words.

    Parameters
    ----------
    frame : narwhals frame
    columns : sequence of str
        Times, aware or in UTC, or texts; the first that a row has counts. What is no time leaves its row without one,
        as `read_table` does.

    Returns
    -------
    narwhals frame
        With the column `AT`.
    """
    if not columns and frame.implementation.is_pandas():
        native = frame.to_native()
        return nw.from_native(native.assign(**{AT: pd.array([pd.NA] * len(native), dtype="Int64")})).lazy()
    if not columns:
        return frame.with_columns(nw.lit(None).cast(nw.Int64).alias(AT))
    names = [f"{AT}_{number}" for number in range(len(columns))]
    for column, name in zip(columns, names, strict=True):
        frame = _with_micros(frame, column, name)
    every = nw.coalesce(*(nw.col(name) for name in names)) if len(names) > 1 else nw.col(names[0])
    return frame.with_columns(every.alias(AT)).drop(names)


def _with_micros(frame: Frame, column: str, name: str) -> Frame:
    native = frame.to_native()
    if frame.implementation.is_pandas():
        given = list(native[column])
        given = [one.strip() if isinstance(one, str) else one for one in given]
        given = [one if re.match(_DATED, str(one)) and isinstance(one, _KINDS) else None for one in given]
        times = pd.to_datetime(pd.Series(given, dtype=object), utc=True, format="ISO8601", errors="coerce")
        micros = pd.array(times.astype("datetime64[us, UTC]").astype("int64"), dtype="Int64")
        micros[times.isna().to_numpy()] = pd.NA
        return nw.from_native(native.assign(**{name: micros})).lazy()
    if frame.implementation.is_duckdb():
        kind = str(native.types[native.columns.index(column)]).upper()
        quoted = '"' + column.replace('"', '""') + '"'
        if kind == "VARCHAR":  # a text that is no time is missing; one without a zone is UTC, wherever the session is
            dated, zoned = (f"regexp_matches(trim({quoted}), '{one}')" for one in (_DATED, _ZONED))
            moments = [f"epoch_us(try_cast(trim({quoted}) as {one}))" for one in ("timestamptz", "timestamp")]
            micros = f"case when {dated} then case when {zoned} then {moments[0]} else {moments[1]} end end"
        elif not kind.startswith(("TIMESTAMP", "DATE")):
            micros = "cast(null as bigint)"
        else:
            micros = f"epoch_us(cast({quoted} as timestamptz))" if "TZ_NS" in kind else f"epoch_us({quoted})"
        return nw.from_native(native.project(f"*, {micros} as {name}"))
    if frame.implementation.is_pyspark():
        return nw.from_native(native.selectExpr("*", f"{_spark_micros(native, column)} as {name}"))
    return frame.with_columns(nw.col(column).dt.timestamp("us").cast(nw.Int64).alias(name))


def _spark_micros(native: Any, column: str) -> str:
    """Say in Spark's words: a text that is no time is missing (a cast would stop everything), no zone means UTC."""
    match native.schema[column].dataType.typeName():
        case "timestamp":
            return f"unix_micros(`{column}`)"
        case "string" | "timestamp_ntz" | "date":
            text = f"trim(cast(`{column}` as string))"
            whole = f"case when {text} rlike '^[0-9-]+$' then concat({text}, 'T00:00:00Z') "
            whole += f"when {text} rlike '{_ZONED}|[Zz]$' then upper({text}) else concat({text}, 'Z') end"
            return f"case when {text} rlike '{_DATED}' then unix_micros(try_cast({whole} as timestamp)) end"
        case _:
            return "cast(null as bigint)"

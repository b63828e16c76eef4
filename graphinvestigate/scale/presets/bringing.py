"""Rows of every kind of frame, and of Parquet files, brought here as plain values."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.scale.presets.values import plain
from graphinvestigate.text import log

Row = dict[str, Any]


def rows_of(source: Any) -> list[Row]:
    """Bring rows here, as plain values.

    Parameters
    ----------
    source : object
        As `read_table` takes it.

    Returns
    -------
    list of dict
    """
    source = unwrapped(source)
    if isinstance(source, str | os.PathLike):
        return [row for path in _paths(os.fspath(source)) for row in _of_arrow(_parquet(path))]
    if isinstance(source, pd.DataFrame):
        _once(source.columns)
        return _plain_rows(source.to_dict("records"))
    if isinstance(source, list) and all(isinstance(row, Mapping) for row in source):
        return _plain_rows(source)
    return _of_arrow(source if isinstance(source, pa.Table) else _brought(source))


def _brought(source: Any) -> pa.Table:
    """Bring the rows of an engine here."""
    try:
        if hasattr(source, "toArrow"):  # Spark
            table: pa.Table = source.toArrow()
            return table
        frame: Any = nw.from_native(source)
        held = frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame
        return held.to_arrow()
    except TypeError as error:
        raise UsageError(
            f"read_table reads pandas, polars, Arrow, DuckDB and Spark frames, rows as dicts, and Parquet files; not "
            f"{type(source).__name__}."
        ) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0].lstrip("_") not in ("duckdb", "pyspark", "py4j", "polars"):
            raise
        raise UsageError(f"these rows can't be read where they lie: {log(str(error).strip())}") from error


def _of_arrow(table: pa.Table) -> list[Row]:
    _once(table.column_names)
    columns = [_cells(name, table[name]) for name in table.column_names]
    return _plain_rows(dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True))


def _cells(name: str, column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):  # Python's own times end with the year 9999, and know not every zone's name
        return [None if at is None else np.datetime64(at, kind.unit) for at in column.cast(pa.int64()).to_pylist()]
    try:
        cells: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, LookupError, pa.ArrowException) as error:
        raise UsageError(f"the column {log(name)[:80]} can't be read: {log(str(error))}") from error
    return cells


def _once(names: Iterable[Any]) -> None:
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(
            f"these rows have several columns called {log(', '.join(twice))[:160]}: only one could be read; rename, or "
            "leave out, the others."
        )


def unwrapped(source: Any) -> Any:
    """Give the Spark frame inside what ``MicrosoftSentinelProvider.read_table`` returns; all else as it is."""
    inner = (
        None if isinstance(source, pd.DataFrame | pa.Table | str | os.PathLike | list) else getattr(source, "df", None)
    )
    return inner if hasattr(inner, "sparkSession") else source


def _plain_rows(rows: Iterable[Mapping[Any, Any]]) -> list[Row]:
    return [{str(name): plain(value) for name, value in row.items()} for row in rows]


def _paths(name: str) -> list[str]:
    there = os.path.lexists(name) if name and "\0" not in name else False  # also one with [ ] in its name
    found = [name] if there else sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) else []
    if not found:
        what = "matches no file" if glob.has_magic(name) else "there is no such file"
        raise BadFileError(f"{log(name) or repr(name)}: {what}. Give the path of a Parquet file, or a glob of some.")
    return found


def _parquet(path: str) -> pa.Table:
    try:
        return pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise BadFileError(f"{log(path)}: no Parquet file that can be read ({log(str(error))[:120]}).") from error

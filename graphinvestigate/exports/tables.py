"""Frames as CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.exports.cleaning import NUL, Cleaner
from graphinvestigate.exports.flat import Attributes, FlatGraph, compact
from graphinvestigate.exports.places import checked, place
from graphinvestigate.wanted import takes

Cells = Literal["safe", "raw"]

# What spreadsheets take for the begin of a formula, also full-width, small and mathematical, and behind what is not
# seen; and such a text behind the apostrophe that we put there, so that taking one away gives the text back.
_UNSEEN = r"[\s\x00-\x1f\x7f\u00a0\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]*"
_FORMULA = re.compile(rf"'*(?:[\t\r\n\x00]|{_UNSEEN}[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212])")


@takes
def to_csv(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    cells: Cells = "safe",
    overwrite: bool = False,
) -> list[Path]:
    """Write a frame as CSV that no spreadsheet runs.

    Parameters
    ----------
    frame : DataFrame
        Any frame; it is not changed. Its index is not written.
    path : path
        The file; its name ends in ``.csv``.
    columns : sequence of str, optional
        Which columns, in which order; all by default, ``raw`` among them.
    cells : {"safe", "raw"}
        ``safe`` puts an apostrophe before a text that a spreadsheet would take for a formula (``= + - @``, tab, line
        end, their full-width forms, and such a text behind apostrophes: taking one away gives the text back).
        ``raw`` writes texts as they are, for programs only. Numbers are numbers in both.
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    list of Path
        The file written: UTF-8 with the mark by which Excel knows it, RFC 4180, times in UTC (ISO 8601), lists as
        JSON, unknown values as nothing.

    Raises
    ------
    UsageError
        The path cannot be written safely, is taken, or a column is not there.

    Warns
    -----
    UserWarning
        NUL characters, which end a cell in most readers, were left out; it says how many.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"to_csv writes a DataFrame, not {type(frame).__name__}.")
    target = checked(path, overwrite=overwrite)
    if target.suffix.lower() != ".csv":
        raise UsageError(f"the name of a CSV file ends in .csv: take {target.stem or 'table'}.csv.")
    content = csv_of(frame, columns, cells=cells)
    return place([(target, content)], overwrite=overwrite)


def csv_of(frame: pd.DataFrame, columns: Sequence[str] | None = None, *, cells: Cells = "safe") -> bytes:
    """Give a frame as CSV; see `to_csv`."""
    table = chosen(frame, columns)
    return written(
        [str(name) for name in table.columns], [texts(table.iloc[:, at]) for at in range(table.shape[1])], cells
    )


def chosen(frame: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    """Give the columns that were asked for, in their order."""
    if columns is None:
        return frame
    if missing := [name for name in columns if name not in frame.columns]:
        raise UsageError(f"the frame has no column {missing[0]!r}; it has {', '.join(map(str, frame.columns))}.")
    return frame[list(columns)]


def texts(column: pd.Series) -> list[Any]:
    """Give a column's values as a file holds them: numbers and texts, times in UTC, lists as JSON, None for unknown."""
    values: list[Any] = column.array.astype(object).tolist() if len(column) else []
    gone = column.isna().tolist()
    return [None if no else _text(value) for value, no in zip(values, gone, strict=True)]


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, pd.Timestamp):
        return iso(value)
    if isinstance(value, int | float):
        return value
    return compact(list(value)) if isinstance(value, list | tuple | set | frozenset) else _other(value)


def _other(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a number of numpy's
        return _text(value.item())
    return compact(value) if isinstance(value, dict) else str(value)


def iso(time: pd.Timestamp) -> str:
    """Write a time in UTC, as ISO 8601; one without a zone stays without."""
    if time.tzinfo is None:
        return time.isoformat()
    return f"{time.tz_convert('UTC').tz_localize(None).isoformat()}Z"


def written(header: Sequence[str], columns: Iterable[Sequence[Any]], cells: Cells = "safe") -> bytes:
    """Write columns as CSV."""
    if cells not in ("safe", "raw"):
        raise UsageError(f"cells is 'safe' or 'raw', not {cells!r}.")
    clean = Cleaner(NUL)
    ready: Callable[[Any], Any] = (lambda value: safe(clean(value))) if cells == "safe" else clean
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([ready(name) for name in header])
    rows = [[ready(value) if isinstance(value, str) else value for value in column] for column in columns]
    writer.writerows(zip(*rows, strict=True))
    clean.say("CSV")
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def safe(value: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{value}" if _FORMULA.match(value) else value


def csv_pair(flat: FlatGraph, cells: Cells = "safe") -> tuple[bytes, bytes]:
    """Write a graph as two tables: nodes (``id`` first) and edges (``source``, ``target``, ``relation`` first)."""
    nodes = [{"id": node} | attrs for node, attrs in flat.nodes]
    edges = [
        {"source": source, "target": target, "relation": relation} | attrs
        for source, target, relation, attrs in flat.edges
    ]
    return (
        _table(nodes, ("id", "kind", "key", "label"), cells),
        _table(edges, ("source", "target", "relation"), cells),
    )


def _table(rows: list[Attributes], first: tuple[str, ...], cells: Cells) -> bytes:
    names = [*first, *sorted({name for row in rows for name in row} - set(first))]
    columns = [[None if name not in row else _text(row[name]) for row in rows] for name in names]
    return written(names, columns, cells)

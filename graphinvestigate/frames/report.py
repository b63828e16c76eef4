"""What a frame's records hold beyond, or against, Graph's documentation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from graphinvestigate.errors import UsageError
from graphinvestigate.frames.columns import fits, times
from graphinvestigate.frames.legacy_states import PLACE, STATE
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.frames.schema import EVIDENCE, LEGACY_COLUMNS, RESOURCES, Column

_FILLERS = ("0001-", "9999-")


def schema_report(frame: pd.DataFrame) -> pd.DataFrame:
    """Count what does not stand in a frame's columns as documented; `raw` holds all of it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of one resource, or of evidence.

    Returns
    -------
    pandas.DataFrame
        One row per kind of finding: `problem` (unknown property, wrong type, no time, filler time, unknown enum
        member, unknown evidence type), `path` in the record's JSON, `value` (of enums and types), `count`, and
        `row`, the first one's number. Empty when all is as documented.

    Raises
    ------
    UsageError
        It holds several kinds of records, or none that is known.
    """
    tables = {resource.record_kind: resource.columns for resource in RESOURCES.values()}
    tables[EVIDENCE.record_kind] = EVIDENCE.columns
    whole = {"record_kind", "raw"} <= set(frame.columns)
    kinds = set(frame["record_kind"].dropna()) if whole else set()
    if not whole or len(kinds) > 1 or not kinds <= set(tables):
        raise UsageError("schema_report takes one frame of one kind, with its columns record_kind and raw.")
    found: dict[tuple[str, str, str], list[int]] = {}
    types = frame["evidence_type"].tolist() if "evidence_type" in frame.columns else [None] * len(frame)
    columns = tables[kinds.pop()] if kinds else ()
    trees: dict[Any, dict[tuple[str, ...], Column]] = {"legacy alert": {c.path: c for c in LEGACY_COLUMNS}}
    for row, (piece, kind) in enumerate(zip(as_raw(frame["raw"]).slices(), types, strict=True)):
        if kind not in trees:
            trees[kind] = {c.path: c for c in columns if not c.types or kind in c.types}
        record = json.loads(bytes(piece or b"null"), parse_int=_integer)
        is_legacy = columns is RESOURCES["alerts"].columns and isinstance(record, dict) and _is_legacy(record)
        for finding in _findings(record, (), trees["legacy alert" if is_legacy else kind]):
            found.setdefault(finding, []).append(row)
        if isinstance(kind, str) and kind not in EVIDENCE.types:
            found.setdefault(("unknown evidence type", "@odata.type", kind), []).append(row)
    rows = [(*finding, len(at), at[0]) for finding, at in sorted(found.items())]
    return pd.DataFrame(rows, columns=["problem", "path", "value", "count", "row"]).astype(
        {"problem": "str", "path": "str", "value": "str", "count": "int64", "row": "int64"}
    )


_ONLY_LEGACY = {c.path[0] for c in LEGACY_COLUMNS} - {c.path[0] for c in RESOURCES["alerts"].columns}
_ONLY_CURRENT = {c.path[0] for c in RESOURCES["alerts"].columns} - {c.path[0] for c in LEGACY_COLUMNS}


def _is_legacy(record: dict[str, Any]) -> bool:
    """Whether an alert's record is one of the retired ``/security/alerts``."""
    return len(_ONLY_LEGACY & set(record)) > len(_ONLY_CURRENT & set(record))


def _findings(
    value: Any, path: tuple[str, ...], columns: dict[tuple[str, ...], Column]
) -> Iterator[tuple[str, str, str]]:
    shown = ".".join(path)
    if path in columns:
        yield from ((problem, shown, what) for problem, what in _against(columns[path], value))
    elif not any(known[: len(path)] == path for known in columns):
        yield "unknown property", shown, ""
    elif isinstance(value, dict):
        for name, inner in value.items():
            if "@odata." not in name and name not in (PLACE, STATE):
                yield from _findings(inner, (*path, name), columns)
    elif value is not None:
        yield "wrong type", shown, ""


def _against(column: Column, value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if not fits(column, value):
        yield "wrong type", ""
    elif column.dtype == "time" and not times(pa.array([value], pa.string()))[0].is_valid:
        yield ("filler time" if value.startswith(_FILLERS) else "no time"), ""
    elif column.enum:
        members = {member.lower() for member in column.enum}
        for item in value if isinstance(value, list) else [value]:
            if item is not None and item.lower() not in members:
                yield "unknown enum member", item


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= 400 else float("inf")

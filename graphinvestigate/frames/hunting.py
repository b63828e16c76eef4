"""Answers of ``runHuntingQuery`` → frames whose columns and types are those that the answer's own schema states."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import pandas as pd

from graphinvestigate.envelope import read_record
from graphinvestigate.errors import BadResponseError
from graphinvestigate.frames.columns import constant, fits, from_arrow, to_arrow
from graphinvestigate.frames.cutting import items_of
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.raw import RawArray, as_raw
from graphinvestigate.frames.records import REFUSED, RecordDecoder
from graphinvestigate.frames.tables import Column, Dtype, Table

RECORD_KIND = "hunting_row"
SOURCE = "the answer of a hunting query"
_NAME = Column("name", ("name",), "string", "")
_OWN = ("record_kind", "pull_id", "raw")
_DTYPES: dict[str, Dtype] = {
    **dict.fromkeys(("string", "guid", "timespan"), "string"),
    **dict.fromkeys(("datetime", "datetimeoffset", "date"), "time"),
    **dict.fromkeys(("int", "int16", "int32", "int64", "long", "byte", "uint16", "uint32"), "int"),
    **dict.fromkeys(("double", "real", "single", "float", "decimal", "sqldecimal"), "float"),
    **dict.fromkeys(("bool", "boolean", "sbyte"), "bool"),  # KQL's bool is announced as SByte
}
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_WHOLE = re.compile(r'("?)(-?[0-9]{1,19})\1')
_NUMBER = re.compile(r'("?)(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\1')
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def hunting_frame(body: bytes, *, pull_id: str) -> pd.DataFrame:
    """Make a frame of the answer of a hunting query: one row per result.

    Parameters
    ----------
    body : bytes
        The answer as received: its `schema` (names and types) and its `results`.
    pull_id : str
        What the column `pull_id` says in every row.

    Returns
    -------
    pandas.DataFrame
        `record_kind` (``hunting_row``), the columns of the answer's `schema` in its order and spelling, `pull_id`
        and `raw`. DateTime is datetime64[ns, UTC], whole numbers are Int64 (exact), other numbers Float64, Boolean
        and SByte boolean, String and Guid str, everything else (Dynamic, Object) JSON text. A value of another type
        is missing in its column and stands in `raw`, as does what the schema does not name. A query's column that
        has the name of one of the frame's own is prefixed: ``query_raw``.

    Raises
    ------
    BadResponseError
        It is no valid JSON, or holds no lists `schema` and `results`.
    """
    whole = RawArray.from_pages([read_record(body, source=SOURCE)])
    raw = items_of(_member(whole, "results"), source=SOURCE)[2]
    stated = _schema(_member(whole, "schema"))
    spellings = _spellings([name for name, _ in stated], raw)
    columns = [
        Column(f"{at}.{number}", (spelling,), _read_as(dtype), dtype)
        for at, (_, dtype) in enumerate(stated)
        for number, spelling in enumerate(spellings[at])
    ]
    ids = constant(pull_id, len(raw))
    read = frame_of(Table(SOURCE, RECORD_KIND, tuple(columns)), raw, pull_ids=ids)
    data: dict[str, Any] = {"record_kind": read["record_kind"]}
    for at, (name, dtype) in enumerate(stated):
        found = [read[f"{at}.{number}"] for number in range(len(spellings[at]))]
        values = found[0]
        for other in found[1:]:
            values = values.where(values.notna(), other)
        data[_unused(name, data)] = _converted(values, dtype)
    return pd.DataFrame({**data, "pull_id": read["pull_id"], "raw": read["raw"]}, copy=False)


def _member(whole: RawArray, name: str) -> RawArray:
    """Cut a list out of the answer, however its name is capitalised."""
    columns = [Column(spelling, (spelling,), "raw", "") for spelling in (name, name.capitalize())]
    read = frame_of(Table(SOURCE, RECORD_KIND, tuple(columns)), whole, pull_ids=constant("", 1))
    for column in columns:
        found = as_raw(read[column.name])
        if any(piece is not None and piece[:1] == b"[" for piece in found.slices()):
            return found
    raise BadResponseError(f"{SOURCE}: JSON, but no list `{name}` in it. Is it what runHuntingQuery answered?")


def _schema(stated: RawArray) -> list[tuple[str, Dtype]]:
    """Read the names and types of columns; an item without a name, or with one met before, is none."""
    columns: dict[str, Dtype] = {}
    for item in items_of(stated, source=SOURCE)[2]:
        said = {name.casefold(): value for name, value in _object(item).items()}
        name, graph_type = said.get("name"), said.get("type")
        if name and fits(_NAME, name):
            known = graph_type.casefold().rpartition(".")[2] if isinstance(graph_type, str) else ""
            columns.setdefault(name, _DTYPES.get(known, "json"))
    return [*columns.items()]


def _object(text: Any) -> dict[str, Any]:
    value = json.loads(text, parse_int=str) if isinstance(text, str) else None
    return value if isinstance(value, dict) else {}


def _spellings(names: Sequence[str], raw: RawArray) -> list[list[str]]:
    """Find how the rows spell each column: they need not capitalise it as the schema does, nor all alike."""
    keys: dict[str, None] = {}
    for row, piece in enumerate(raw.slices()):
        try:
            keys.update(dict.fromkeys(_KEYS.decode(piece or b"{}")))
        except REFUSED:
            decoder = RecordDecoder([], source=SOURCE)
            decoder.read_plain(bytes(piece or b"{}"), row=row)  # says what is wrong with it
            keys.update(dict.fromkeys(_object(bytes(piece or b"{}").decode())))
    exact = set(names)
    others: dict[str, list[str]] = {}
    for key in keys:
        if key not in exact:
            others.setdefault(key.casefold(), []).append(key)
    return [[name, *others.pop(name.casefold(), [])] for name in names]


def _read_as(dtype: Dtype) -> Dtype:
    # Numbers and booleans are read from their text: both may come as text, and Int64 must stay exact.
    return "json" if dtype in ("int", "float", "bool") else dtype


def _converted(values: pd.Series, dtype: Dtype) -> Any:
    reading: dict[Dtype, Callable[[str], Any]] = {"int": _whole, "float": _number, "bool": _BOOLS.get}
    if dtype not in reading:
        return values
    read = reading[dtype]
    texts: Iterable[Any] = values.array
    return from_arrow(dtype, [to_arrow(dtype, [read(text) if isinstance(text, str) else None for text in texts])])


def _whole(text: str) -> int | None:
    found = _WHOLE.fullmatch(text)
    return int(found[2]) if found else None


def _number(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    value = float(found[2]) if found else float("inf")
    return value if abs(value) != float("inf") else None


def _unused(name: str, data: dict[str, Any]) -> str:
    """Name a column of the frame; no two have one name, and none is lost to the frame's own."""
    while name in data or name in _OWN:
        name = f"query_{name}"
    return name

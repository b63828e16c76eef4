"""Frames ↔ the raw records that they came from, as JSON Lines.

One line is one row: which pull it came with, and the record exactly as Graph sent it. What stands in a frame and does
not follow from its records (columns an analyst added or changed, the columns of a hunting answer) is kept beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from graphinvestigate.cases.columns import column_from_json, column_sha256, column_to_json
from graphinvestigate.cases.difference_words import counted
from graphinvestigate.cases.manifest import dumped, in_pieces, parsed
from graphinvestigate.envelope import read_lines
from graphinvestigate.errors import BadFileError, BadResponseError, UsageError
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.legacy import legacy_frame
from graphinvestigate.frames.raw import RawArray, RawDtype, as_raw
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.frames.tables import Column, Table
from graphinvestigate.text import log
from graphinvestigate.views.style import kind_word

BY_KIND = {resource.record_kind: name for name, resource in RESOURCES.items()}
LEGACY = "legacy_alerts"
HUNTING = "hunting"
MAPPED = "mapped"
FOLDER = "records"
MOST_ROWS = 5_000_000
ROWS = 10_000  # that are built at a time, to compare what they say
_LINE = Table(
    "a case's records",
    "line",
    (
        Column("pull", ("pull_id",), "string", ""),
        Column("record", ("record",), "raw", ""),
        Column("text", ("text",), "string", ""),
    ),
)


def kind_of(frame: pd.DataFrame) -> str | None:
    """Name the kind of records a frame holds (``alerts``), None where it holds none of Graph's.

    Raises
    ------
    UsageError
        It holds records of several kinds, or rows without their record.
    """
    if "record_kind" not in frame.columns or "raw" not in frame.columns:
        return None
    kinds = set(frame["record_kind"].dropna())
    if not len(frame):  # an empty answer still says what it is an answer to
        return next((name for name, one in RESOURCES.items() if {c.name for c in one.columns} <= set(frame)), None)
    if len(kinds) > 1:
        raise UsageError(
            f"this frame holds records of several kinds ({log(', '.join(map(str, sorted(kinds))))}): add each apart, "
            'for example case.add(frame[frame["record_kind"] == "alert"]).'
        )
    kind = next(iter(kinds), None)
    name = HUNTING if kind == "hunting_row" else BY_KIND.get(str(kind))
    if name is None and "mapped" in frame.columns and "id" in frame.columns:
        name = MAPPED  # other logs, as map_records gives them
    if name is None:
        return None
    if frame["raw"].isna().any() or frame["record_kind"].isna().any():
        raise UsageError(
            f"{int(frame['raw'].isna().sum())} rows of this frame have no raw record, so nothing could prove them: "
            "add the frame as list_… or read_records returned it."
        )
    if name == "alerts" and len(frame) and _is_legacy(frame):
        return LEGACY
    return name


def _is_legacy(frame: pd.DataFrame) -> bool:
    """Legacy alerts have the columns of alerts, and records of their own."""
    return any(b'"eventDateTime"' in bytes(piece) for piece in as_raw(frame["raw"].head(20)).slices() if piece)


def frame_pieces(name: str, frame: pd.DataFrame) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Write a frame as files of a case, each in pieces of some megabytes that end where a line does.

    Parameters
    ----------
    name : str
        What the case calls it: the file's name.
    frame : pandas.DataFrame
        With `raw`.

    Yields
    ------
    name : str
        ``records/<name>.jsonl``, and ``records/<name>.columns.json`` where columns don't follow from the records.
    pieces : iterable of bytes
    """
    kind = kind_of(frame)
    raw = as_raw(frame["raw"])
    pull_ids = list(frame["pull_id"]) if "pull_id" in frame.columns else [None] * len(frame)
    lines = (_line(pull_id, piece) for pull_id, piece in zip(pull_ids, raw.slices(), strict=True))
    yield f"{FOLDER}/{name}.jsonl", in_pieces(lines)
    order = list(map(str, frame.columns))
    if len(set(order)) != len(order):
        raise UsageError("this frame has two columns of one name: rename one, so that both are kept.")
    own_names, given = _own(kind, frame, raw)
    own = [column_to_json(str(column), frame[column]) for column in own_names]
    if own or order != given:
        yield f"{FOLDER}/{name}.columns.json", [dumped({"kind": kind, "order": order, "columns": own})]


def frame_from_files(name: str, files: Mapping[str, bytes]) -> pd.DataFrame:
    """Read what `frame_pieces` wrote: the same frame, built anew from the records.

    Raises
    ------
    BadFileError
        The files hold something else.
    """
    source = f"{FOLDER}/{name}.jsonl"
    raw, pull_ids = _records(files[source], source=source)
    beside = f"{FOLDER}/{name}.columns.json"
    told = parsed(files[beside], source=beside) if beside in files else {"kind": name, "order": None, "columns": []}
    if not isinstance(told, dict) or not isinstance(told.get("columns"), list):
        raise BadFileError(f"{beside}: it holds no columns; the case is damaged.")
    kind, order = told.get("kind"), told.get("order")
    try:
        frame = _build(kind, raw, pull_ids)
    except BadResponseError as error:
        raise BadFileError(str(error)) from error
    for value in told["columns"]:
        column, array = column_from_json(value, len(raw), source=beside)
        frame[column] = array
    if order is not None:
        if not isinstance(order, list) or not set(map(str, order)) <= set(frame.columns):
            raise BadFileError(f"{beside}: its order names columns that are not there; the case is damaged.")
        frame = frame[order]
    return frame


def own_columns(name: str, files: Mapping[str, bytes]) -> list[str]:
    """The columns of a frame that are the analyst's, not the records'."""
    beside = f"{FOLDER}/{name}.columns.json"
    if beside not in files:
        return []
    return [str(value.get("name")) for value in parsed(files[beside], source=beside)["columns"]]


def _is_raw(column: Any, frame: pd.DataFrame) -> bool:
    """Whether a column is the records themselves; a `raw` of plain text is a column like others too."""
    return bool(column == "raw" and isinstance(frame["raw"].dtype, RawDtype))


def _line(pull_id: Any, piece: memoryview | None) -> bytes:
    record = bytes(piece or b"")
    named = json.dumps(pull_id if isinstance(pull_id, str) else None)
    if b"\n" in record or b"\r" in record:  # read from a file that was laid out for people
        return f'{{"pull_id":{named},"text":{json.dumps(record.decode())}}}\n'.encode()
    return b'{"pull_id":%b,"record":%b}\n' % (named.encode(), record)


def _records(body: bytes, *, source: str) -> tuple[RawArray, Any]:
    if body.count(b"\n") > MOST_ROWS:
        raise BadFileError(f"{source}: more than {MOST_ROWS:,} lines, so it was not read.")
    try:
        page = read_lines(body, source=source)
        lines = RawArray.from_pages([page])
        read = frame_of(_LINE, lines, pull_ids=[None] * len(lines))
    except BadResponseError as error:
        raise BadFileError(str(error)) from error
    raw = as_raw(read["record"])
    texts = read["text"]
    if texts.notna().any():
        there = zip(raw.slices(), texts, strict=True)
        raw = RawArray.from_texts([bytes(p) if p is not None else _encoded(text) for p, text in there])
    if raw.isna().any():
        raise BadFileError(f"{source}: line {int(raw.isna().argmax()) + 1} holds no record; the case is damaged.")
    return raw, read["pull"].array


def _encoded(text: Any) -> bytes | None:
    return text.encode() if isinstance(text, str) else None


def _build(kind: Any, raw: RawArray, pull_ids: Any) -> pd.DataFrame:
    if kind == LEGACY:
        return legacy_frame(raw, pull_ids=pull_ids)
    if kind in RESOURCES:
        return frame_of(RESOURCES[kind], raw, pull_ids=pull_ids)
    return pd.DataFrame({"pull_id": pull_ids, "raw": raw}, copy=False)


def _own(kind: str | None, frame: pd.DataFrame, raw: RawArray) -> tuple[list[Any], list[str] | None]:
    """Which columns do not follow from the records, and which the records give; None where they have no table."""
    names = [column for column in frame.columns if not _is_raw(column, frame)]
    if kind is None or kind in (HUNTING, MAPPED):
        return names, None
    own: set[Any] = set()
    given: list[str] = []
    for start in range(0, max(len(frame), 1), ROWS):  # some rows at a time: a second frame of all of them is large
        part = frame.iloc[start : start + ROWS]
        follows = _build(kind, raw[start : start + ROWS], part["pull_id"].array)
        given = list(follows.columns)
        own |= {name for name in names if name not in own and not _equal(follows, name, part[name])}
    return [name for name in names if name in own], given


def _equal(follows: pd.DataFrame, column: Any, values: pd.Series) -> bool:
    if column not in follows.columns or follows[column].dtype != values.dtype:
        return False
    return column_sha256(follows[column]) == column_sha256(values)


def counted_records(name: str, frame: pd.DataFrame) -> str:
    """How many of what a case holds."""
    if kind_of(frame) == HUNTING:
        return counted(len(frame), f"row of {name}", f"rows of {name}")
    kind = RESOURCES[name].record_kind if name in RESOURCES else name
    return f"{len(frame):,} {kind_word(kind, len(frame))}"

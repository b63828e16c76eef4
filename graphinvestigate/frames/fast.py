"""Records → columns, many records at a time: Arrow reads the values, msgspec finds the slices.

Arrow's reader is strict: it refuses a value of another type, a property that stands twice, a lone surrogate, a number
that no 64 bits hold. What it reads is therefore what the other paths read; what it refuses is theirs (`chunks`). It
is looser in one thing, ``NaN`` and ``Infinity``, which msgspec has refused before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from graphinvestigate.frames.columns import ARROW, POOL, times
from graphinvestigate.frames.packing import Packing
from graphinvestigate.frames.records import ABSENT, REFUSED, Node, Piece
from graphinvestigate.frames.schema import Column

_LARGEST = 2**31 - 2  # bytes that Arrow reads as one block
_ROW = re.compile(r" in row (\d+)$")
_READ_AS = {**ARROW, "time": pa.string()}  # times are text until their grammar was checked

Spans = np.ndarray  # int64, shape (n, 2): offset (-1 where there is nothing) and length


class MisfitError(Exception):
    """Some records do not fit the fast path; `row` says which one is the first, where Arrow told.

    Parameters
    ----------
    row : int or None
    """

    def __init__(self, row: int | None = None) -> None:
        super().__init__(row)
        self.row = row


@dataclass(slots=True)
class Chunk:
    """The columns of some records; those without any value are left out.

    Attributes
    ----------
    rows : int
    arrays : dict of str to pyarrow.Array
        Column → values, in the column's Arrow type.
    packed : dict of str to Packing
        Column of texts → values, once they are packed.
    spans : dict of str to numpy.ndarray
        Raw column → where each value lies in its record.
    one_by_one : int
        How many of the records were not read by the fast path.
    """

    rows: int
    arrays: dict[str, pa.Array] = field(default_factory=dict)
    packed: dict[str, Packing] = field(default_factory=dict)
    spans: dict[str, Spans] = field(default_factory=dict)
    one_by_one: int = 0


class FastReader:
    """Reads the values of some columns out of many records at once.

    Parameters
    ----------
    columns : sequence of Column
    leave : sequence of str
        Columns that are read and left out of the result.
    """

    def __init__(self, columns: Sequence[Column], *, leave: Sequence[str] = ()) -> None:
        self._values = ValueReader(columns)
        self._slices = Node({c.path: c for c in columns if c.dtype in ("json", "raw")})
        self._cut_out = tuple(c.name for c in columns if c.dtype == "raw" and len(c.path) == 1)
        self._decode = msgspec.json.Decoder(self._slices.struct).decode_lines
        self._leave = leave

    def read(self, records: Sequence[Piece] | pa.Array) -> Chunk:
        """Read some records.

        Parameters
        ----------
        records : sequence of bytes-like, or pyarrow.LargeBinaryArray
            One JSON object each; those of an array end in white space.

        Returns
        -------
        Chunk

        Raises
        ------
        MisfitError
            One of them is not what Graph documents, or no JSON.
        """
        lines, starts = _lines(records)
        if isinstance(records, pa.Array) and not self._slices.members:
            # Items whose begins and ends msgspec has found have been read by it already, and are objects.
            return self._without_leaves(Chunk(len(records), self._values.read(lines, len(records))))
        try:
            heads = self._decode(lines)
        except REFUSED as error:
            raise MisfitError from error
        if len(heads) != len(records):
            raise MisfitError
        chunk = Chunk(len(records))
        for column, found in columns_in(self._slices, heads):
            if column.dtype == "json":
                texts = texts_of(found)
                if texts is not None:
                    chunk.arrays[column.name] = texts
            else:
                spans = _spans(lines, found)
                if (spans[:, 0] >= 0).any():
                    chunk.spans[column.name] = spans
        short = _without(lines, [chunk.spans.get(name) for name in self._cut_out])
        chunk.arrays |= self._values.read(short, len(records))
        for spans in chunk.spans.values():
            spans[:, 0] = np.where(spans[:, 0] < 0, -1, spans[:, 0] - starts)
        return self._without_leaves(chunk)

    def _without_leaves(self, chunk: Chunk) -> Chunk:
        for name in self._leave:
            chunk.arrays.pop(name, None)
        return chunk


def _lines(records: Sequence[Piece] | pa.Array) -> tuple[Any, np.ndarray]:
    """Give records one below the other, and where each begins."""
    if isinstance(records, pa.Array):
        offsets = np.frombuffer(records.buffers()[1], np.int64)[records.offset : records.offset + len(records) + 1]
        return records.buffers()[2].slice(offsets[0], offsets[-1] - offsets[0]), offsets[:-1] - offsets[0]
    ends = np.cumsum([0, *map(len, records)], dtype=np.int64)
    return b"\n".join(records), ends[:-1] + np.arange(len(records))


class ValueReader:
    """Reads values that are no slices: texts, times, numbers, booleans, lists of texts.

    Parameters
    ----------
    columns : sequence of Column
        Slices among them are left out.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._root = Node({column.path: column for column in columns})
        self._schema = pa.schema(list(_fields(self._root)))
        self._options = arrow_json.ParseOptions(explicit_schema=self._schema, unexpected_field_behavior="ignore")

    def read(self, lines: Any, rows: int) -> dict[str, pa.Array]:
        """Read the values of JSON objects with only white space between them.

        Parameters
        ----------
        lines : bytes-like
            UTF-8.
        rows : int
            How many objects there are.

        Returns
        -------
        dict of str to pyarrow.Array
            Without the columns that have no value.

        Raises
        ------
        MisfitError
            A value has another type than its column.
        """
        if not len(self._schema) or not rows:
            return {}
        if len(lines) > _LARGEST:
            raise MisfitError
        reading = arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
        try:
            table = arrow_json.read_json(
                pa.BufferReader(lines), read_options=reading, parse_options=self._options, memory_pool=POOL
            )
        except pa.ArrowException as error:
            row = _ROW.search(str(error))
            raise MisfitError(int(row[1]) if row else None) from error
        if table.num_rows != rows:
            raise MisfitError
        found = {}
        for column, values in _leaves(self._root, dict(zip(table.column_names, table.columns, strict=True))):
            array = _converted(column, values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values)
            if array.null_count != len(array):
                found[column.name] = array
        return found


def texts_of(values: list[msgspec.Raw]) -> pa.Array | None:
    """Make a column of JSON texts; None where there is none at all.

    Parameters
    ----------
    values : list of msgspec.Raw

    Returns
    -------
    pyarrow.Array or None
        Missing where a value is absent or null.
    """
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    for at in np.flatnonzero(lengths == len("null")).tolist():
        if bytes(values[at]) == b"null":
            values[at], lengths[at] = ABSENT, 0
    there = lengths > 0
    if not there.any():
        return None
    valid = pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    offsets = pa.py_buffer(np.concatenate([[0], np.cumsum(lengths)]).tobytes())
    return pa.Array.from_buffers(ARROW["json"], len(values), [valid, offsets, pa.py_buffer(b"".join(values))])


def _fields(node: Node) -> Iterator[pa.Field]:
    for name, member in node.members.items():
        if isinstance(member, Node):
            if inner := list(_fields(member)):
                yield pa.field(name, pa.struct(inner))
        elif member.dtype in _READ_AS and member.dtype != "json":
            yield pa.field(name, _READ_AS[member.dtype])


def _leaves(node: Node, found: Mapping[str, Any]) -> Iterator[tuple[Column, Any]]:
    for name, member in node.members.items():
        if name not in found:
            continue
        if isinstance(member, Node):
            whole = found[name].combine_chunks() if isinstance(found[name], pa.ChunkedArray) else found[name]
            names = [whole.type.field(number).name for number in range(whole.type.num_fields)]
            yield from _leaves(member, dict(zip(names, whole.flatten(POOL), strict=True)))
        else:
            yield member, found[name]


def _converted(column: Column, values: pa.Array) -> pa.Array:
    if column.dtype == "time":
        return times(values)
    if column.dtype == "float":
        finite = pc.is_finite(values)
        return values if pc.all(finite).as_py() else pc.if_else(finite, values, None)
    return values


def columns_in(node: Node, records: Sequence[Any]) -> Iterator[tuple[Column, list[Any]]]:
    """Turn records that msgspec read into columns: one value per record.

    Parameters
    ----------
    node : Node
    records : sequence of struct

    Yields
    ------
    column : Column
    values : list
    """
    if not records:
        return
    for number, member in enumerate(node.members.values()):
        # No tuple per record: Python's garbage collector would walk over all of them.
        values = [*map(attrgetter(f"f{number}"), records)]
        if isinstance(member, Node):
            nothing = member.nothing
            yield from columns_in(member, [nothing if value is None else value for value in values])
        else:
            yield member, values


def spans_in(lines: Any, found: Sequence[msgspec.Raw]) -> Spans:
    """Find where values lie in the bytes they were read from: offset and length of each."""
    base = pa.py_buffer(lines).address
    spans = np.empty((len(found), 2), np.int64)
    spans[:, 0] = [pa.py_buffer(value).address - base for value in found]
    spans[:, 1] = [len(value) for value in found]
    return spans


def _spans(lines: Any, found: Sequence[msgspec.Raw]) -> Spans:
    """As `spans_in`; -1 where a value is absent or null."""
    spans = np.full((len(found), 2), (-1, 0), np.int64)
    there = [at for at, value in enumerate(found) if value is not ABSENT]
    spans[there] = spans_in(lines, [found[at] for at in there])
    short = np.flatnonzero((spans[:, 0] >= 0) & (spans[:, 1] == len("null")))
    spans[[at for at in short.tolist() if bytes(found[at]) == b"null"]] = (-1, 0)
    return spans


def _without(lines: Any, cuts: Sequence[Spans | None]) -> Any:
    """Replace long values that no column of Arrow's reads by null."""
    there = [spans[spans[:, 0] >= 0] for spans in cuts if spans is not None]
    if not there:
        return lines
    found = np.concatenate(there)
    starts, lengths = found[np.argsort(found[:, 0])].T
    parts: list[Any] = []
    view, last = memoryview(lines), 0
    for start, end in zip(starts.tolist(), (starts + lengths).tolist(), strict=True):
        parts += (view[last:start], b"null")
        last = end
    parts.append(view[last:])
    return b"".join(parts)

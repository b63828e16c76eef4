"""Records → values, one record at a time: msgspec reads each, and what it refuses goes through a plain path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from graphinvestigate.envelope import addresses
from graphinvestigate.frames.columns import fits
from graphinvestigate.frames.schema import Column
from graphinvestigate.walking import Walk

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
ABSENT = msgspec.Raw(b"")

_TYPES: dict[str, Any] = {
    "string": str | None,
    "time": str | None,
    "strings": list[str | None] | None,
    "int": int | None,
    "float": float | None,
    "bool": bool | None,
    "json": msgspec.Raw,
    "raw": msgspec.Raw,
}
_DIGITS = 400  # more than the largest float has

Piece = bytes | memoryview


class RecordDecoder:
    """Reads the values of some columns out of records.

    Parameters
    ----------
    columns : sequence of Column
    source : str
        What to call the records in messages.
    """

    def __init__(self, columns: Sequence[Column], *, source: str) -> None:
        self.source = source
        self.plain_columns = [column for column in columns if column.dtype != "raw"]
        self.raw_columns = [column for column in columns if column.dtype == "raw"]
        self._root = Node({column.path: column for column in columns})
        self._decode = msgspec.json.Decoder(self._root.struct).decode

    def read(self, pieces: Sequence[Piece | None], *, first: int = 0) -> dict[str, Sequence[Any]]:
        """Read some records.

        Parameters
        ----------
        pieces : sequence of bytes-like or None
            One JSON value each; what is no object has no values.
        first : int
            The row of the first one, for messages.

        Returns
        -------
        dict of str to sequence
            Column → one value per record; columns without any value are left out. Raw columns give
            (offset, length) within the piece.

        Raises
        ------
        BadResponseError
            A record is no valid JSON.
        """
        records, refused = [], []
        decode, nothing = self._decode, self._root.nothing
        for at, piece in enumerate(pieces):
            try:
                records.append(nothing if piece is None else decode(piece))
            except REFUSED:
                records.append(nothing)
                refused.append(at)
        values = dict(_collect(self._root, records, pieces))
        for at in refused:
            for name, value in self.read_plain(bytes(pieces[at] or b""), row=first + at).items():
                column = values.get(name, [None] * len(pieces))
                values[name] = column = column if isinstance(column, list) else list(column)
                column[at] = value
        return values

    def read_plain(self, body: bytes, *, row: int = 0) -> dict[str, Any]:
        """Read one record with the standard library, with the same result.

        Parameters
        ----------
        body : bytes
        row : int
            For messages.

        Returns
        -------
        dict of str to object
            Column → value, where there is one of the column's type.

        Raises
        ------
        BadResponseError
            It is no valid JSON.
        """
        walk = Walk(body, f"{self.source}, row {row}")
        start = walk.space(0)
        walk.whole(walk.value(start)[1])
        return dict(_walk(walk, start, self._root))


class Node:
    """The columns at and below one object of a record, and the msgspec type that reads them.

    Parameters
    ----------
    columns : dict of tuple of str to Column
        Path → column.
    """

    def __init__(self, columns: dict[tuple[str, ...], Column]) -> None:
        below: dict[str, dict[tuple[str, ...], Column]] = {}
        for path, column in columns.items():
            below.setdefault(path[0], {})[path[1:]] = column
        self.members: dict[str, Column | Node] = {
            name: inner[()] if () in inner else Node(inner) for name, inner in below.items()
        }
        fields = []
        for number, (name, member) in enumerate(self.members.items()):
            kind = member.struct | None if isinstance(member, Node) else _TYPES[member.dtype]
            default = ABSENT if kind is msgspec.Raw else None
            fields.append((f"f{number}", kind, msgspec.field(name=name, default=default)))
        self.struct: Any = msgspec.defstruct("Record", fields, gc=False)
        self.nothing = self.struct()


def _collect(node: Node, records: Sequence[Any], pieces: Sequence[Piece | None]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Turn decoded records into columns, those without any value left out."""
    fields = zip(*map(msgspec.structs.astuple, records), strict=True)
    for member, values in zip(node.members.values(), fields, strict=True):
        if isinstance(member, Node):
            if values.count(None) != len(values):
                nothing = member.nothing
                yield from _collect(member, [nothing if v is None else v for v in values], pieces)
            continue
        found: Sequence[Any] = values
        if member.dtype == "json":
            found = [json_text(value) for value in values]
        elif member.dtype == "raw":
            found = [_span(piece, value) for piece, value in zip(pieces, values, strict=True)]
        if found.count(None) != len(found):
            yield member.name, found


def json_text(value: msgspec.Raw) -> str | None:
    """Give a value's JSON text; None where it is absent or null."""
    if value is ABSENT:
        return None
    text = bytes(value).decode()
    return None if text == "null" else text


def _span(piece: Piece | None, value: msgspec.Raw) -> tuple[int, int] | None:
    if piece is None or value is ABSENT or bytes(memoryview(value)[:5]) == b"null":
        return None
    offset, length = addresses(piece, [value])[0].tolist()
    return offset, length


def _walk(walk: Walk, start: int, node: Node) -> Iterator[tuple[str, Any]]:
    """Find the values of one object; a column that comes again replaces what came before."""
    if walk.text[start] != "{":
        return
    last = {key: (at, end) for key, at, end in walk.members(start) if key in node.members}
    for key, (at, end) in last.items():
        member, text = node.members[key], walk.text[at:end]
        if isinstance(member, Node):
            yield from _walk(walk, at, member)
        elif text == "null":
            continue
        elif member.dtype == "json":
            yield member.name, text
        elif member.dtype == "raw":
            offset, length = walk.spans([(at, end)])[0].tolist()
            yield member.name, (offset, length)
        else:
            value = json.loads(text, parse_int=_integer)
            if fits(member, value):
                yield member.name, float(value) if member.dtype == "float" else value


def _integer(digits: str) -> float:
    # Python refuses to convert numbers of thousands of digits; no column holds them anyway.
    return int(digits) if len(digits) <= _DIGITS else float("inf")

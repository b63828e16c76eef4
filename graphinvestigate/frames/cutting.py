"""JSON arrays → their items: where each lies in its record, and all of them beside each other for Arrow."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from graphinvestigate.envelope import addresses
from graphinvestigate.frames.fast import spans_in
from graphinvestigate.frames.raw import RawArray
from graphinvestigate.frames.records import REFUSED
from graphinvestigate.walking import Walk

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_WIDE = 8  # bytes between two items, from which on they are overwritten one gap at a time
_SPACE, _OPEN = b" ["


class Items:
    """The items of a column of JSON arrays.

    Parameters
    ----------
    raw : RawArray
        What is no array holds no items.
    source : str
        What to call it in messages.
    first : int
        The number of the first row, for messages.

    Attributes
    ----------
    rows, positions : numpy.ndarray
        Which row of `raw` each item lies in, and where there.
    raw : RawArray
        The items, in the same pages.
    array : pyarrow.LargeBinaryArray
        The items, each with the white space behind it.

    Raises
    ------
    BadResponseError
        An array is no valid JSON.
    """

    def __init__(self, raw: RawArray, source: str, first: int = 0) -> None:
        pieces = [*raw.slices()]
        rows = np.array(
            [row for row, piece in enumerate(pieces) if piece is not None and len(piece) > 2 and piece[0] == _OPEN],
            np.int64,
        )
        lines = bytearray(b",").join([b"[", *(pieces[row][1:-1] for row in rows.tolist()), b"]"])
        lines[1:2] = lines[-2:-1] = b" "  # the commas beside the brackets
        inside = raw.lengths[rows].astype(np.int64) - 2  # without their brackets
        begins = 2 + np.cumsum(inside + 1) - inside - 1
        try:
            counts, spans = _all_at_once(lines, begins, inside)
        except REFUSED:
            counts, spans = _one_by_one(raw, rows, begins, source, first)
        self.rows = np.repeat(rows, counts)
        self.positions = np.arange(len(self.rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        self.raw = raw.inner(self.rows, spans[:, 0] + 1 - np.repeat(begins, counts), spans[:, 1])
        self.array = _beside(lines, spans)
        self._spans, self._lines = spans, memoryview(lines)

    def __len__(self) -> int:
        return len(self.rows)

    def piece(self, number: int) -> memoryview:
        """Give the JSON of one item.

        Parameters
        ----------
        number : int

        Returns
        -------
        memoryview
        """
        start, length = self._spans[number].tolist()
        return self._lines[start : start + length]


def items_of(raw: RawArray, *, source: str) -> tuple[np.ndarray, np.ndarray, RawArray]:
    """Cut the items out of JSON arrays: the row of each, its position there, its slice; see `Items`."""
    items = Items(raw, source)
    return items.rows, items.positions, items.raw


def _all_at_once(lines: bytearray, begins: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find how many items each array has, and where each lies in the lines."""
    items = _ITEMS.decode(lines) if len(begins) else []
    sizes = np.fromiter(map(len, items), np.int64, len(items))
    if len(items) and int(sizes.sum()) + len(items) - 1 == int(inside.sum()) + len(inside) - 1:
        # One comma between two items and nothing else: their sizes say where they lie.
        spans = np.column_stack([begins[0] + np.cumsum(sizes + 1) - sizes - 1, sizes])
    else:
        spans = spans_in(lines, items)
    # What is no array may still be a part of a list.
    array_of = np.searchsorted(begins, spans[:, 0], side="right") - 1
    if (spans.sum(axis=1) > (begins + inside)[array_of]).any():
        raise msgspec.DecodeError("an array is no valid JSON")
    return np.bincount(array_of, minlength=len(begins)), spans


def _one_by_one(
    raw: RawArray, rows: np.ndarray, begins: np.ndarray, source: str, first: int
) -> tuple[np.ndarray, np.ndarray]:
    counts, spans = [], [np.empty((0, 2), np.int64)]
    for row, begin in zip(rows.tolist(), begins.tolist(), strict=True):
        piece = next(raw.slices(row, row + 1)) or b""
        try:
            found = addresses(piece, _ITEMS.decode(piece))
        except REFUSED:
            walk = Walk(bytes(piece), f"{source}, row {first + row}")
            walk.whole(walk.value(0)[1])
            found = walk.spans(walk.items(0))
        counts.append(len(found))
        spans.append(found + np.array([begin - 1, 0]))
    return np.array(counts, np.int64), np.concatenate(spans)


def _beside(lines: bytearray, spans: np.ndarray) -> Any:
    """Turn what is no item into spaces, so that Arrow can cut the items out of the lines without copying them."""
    starts, ends = spans[:, 0], spans.sum(axis=1)
    bounds = np.append(starts, len(lines))
    gaps = bounds[1:] - ends
    bytes_of = np.frombuffer(lines, np.uint8)
    bytes_of[: bounds[0]] = _SPACE
    for at in range(min(int(gaps.max(initial=0)), _WIDE)):
        bytes_of[ends[gaps > at] + at] = _SPACE
    for end, gap in zip(ends[gaps > _WIDE].tolist(), gaps[gaps > _WIDE].tolist(), strict=True):
        bytes_of[end : end + gap] = _SPACE
    buffers = [None, pa.py_buffer(bounds.astype(np.int64)), pa.py_buffer(lines)]
    return pa.Array.from_buffers(pa.large_binary(), len(spans), buffers)

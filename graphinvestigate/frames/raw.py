"""The column `raw`: each record exactly as received, as slices of the retained pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import register_extension_dtype

from graphinvestigate.bodies import Body
from graphinvestigate.envelope import Page
from graphinvestigate.frames.extension import OwnArray, OwnDtype, objects

_ROWS = 4096  # rows of packed pages that are unpacked at a time
_RUNS, _SHORT, _LONG = 32, 4 * 2**20, 16 * 2**20  # how many runs, and the bytes of one


@register_extension_dtype
class RawDtype(OwnDtype):
    """JSON text that stays in the page it came in."""

    name = "graphinvestigate.raw"
    type: ClassVar[Any] = str

    @classmethod
    def construct_array_type(cls) -> Any:
        """Give the array that holds such values."""
        return RawArray

    def __from_arrow__(self, array: pa.Array | pa.ChunkedArray) -> RawArray:
        chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        return RawArray._concat_same_type([_from_arrow(chunk) for chunk in chunks])


class RawArray(OwnArray):
    """Slices of pages: (page, offset, length) per row; page -1 is a missing value.

    Parameters
    ----------
    pages : sequence of bytes or Body
        What is sliced; never copied.
    page, offset, length : numpy.ndarray
        Integers, one per row.
    """

    def __init__(self, pages: Sequence[Any], page: np.ndarray, offset: np.ndarray, length: np.ndarray) -> None:
        self._pages = tuple(map(Body.of, pages))
        # An offset takes 32 bits where all pages are shorter than that counts, as Graph's are.
        kind = np.int32 if max(map(len, self._pages), default=0) < 2**31 else np.int64
        self._page = page.astype(np.int32, copy=False)
        self._offset = offset.astype(kind, copy=False)
        self._length = np.where(self._page < 0, 0, length).astype(kind, copy=False)

    @classmethod
    def from_pages(cls, pages: Iterable[Page]) -> RawArray:
        """Every record of every page, in order.

        Parameters
        ----------
        pages : iterable of Page

        Returns
        -------
        RawArray
        """
        pages = list(pages)
        spans = np.concatenate([np.empty((0, 2), np.int64), *(page.spans for page in pages)])
        counts = [len(page) for page in pages]
        return cls([page.kept for page in pages], np.repeat(np.arange(len(pages)), counts), *spans.T)

    @classmethod
    def from_texts(cls, texts: Iterable[bytes | None]) -> RawArray:
        """Rows from separate pieces of UTF-8; they become one page."""
        pieces = list(texts)
        missing = np.array([piece is None for piece in pieces], dtype=bool)
        length = np.array([len(piece or b"") for piece in pieces], dtype=np.int64)
        body = b"".join(piece for piece in pieces if piece is not None)
        return cls([body], np.where(missing, -1, 0), np.cumsum(length) - length, length)

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> RawArray:
        del dtype, copy
        if isinstance(scalars, cls):
            return scalars.copy()
        return cls.from_texts(None if text is None else str(text).encode() for text in objects(scalars))

    @classmethod
    def _from_scalars(cls, scalars: Any, *, dtype: Any = None) -> RawArray:
        # What a function made of each text (`Series.map`) is raw where it is text again, and else what it is.
        if not all(one is None or isinstance(one, str) for one in objects(scalars)):
            raise TypeError("no texts")
        return cls._from_sequence(scalars, dtype=dtype)

    @property
    def dtype(self) -> RawDtype:
        """The column's type."""
        return RawDtype()

    @property
    def nbytes(self) -> int:
        """Memory of the pages (shared with every other column that slices them) and of the positions."""
        positions = self._page.nbytes + self._offset.nbytes + self._length.nbytes
        return positions + sum(page.held for page in self._pages)

    def __len__(self) -> int:
        return len(self._page)

    def __getattr__(self, name: str) -> Any:
        """What `Series.str` asks an array of texts for: it is asked of these texts, as pandas' own ones."""
        if name.startswith("_str_"):
            return getattr(pd.array(objects(self), dtype="str"), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def isna(self) -> np.ndarray:
        """Tell which rows are missing."""
        return self._page < 0

    def copy(self) -> Self:
        """Share the positions and the pages: a column that is changed gets positions of its own."""
        return self._like(self._page, self._offset, self._length)

    def slices(self, first: int = 0, end: int | None = None) -> Iterator[Any]:
        """Each row's bytes; None where missing. Not copied where its page is whole.

        Parameters
        ----------
        first : int
        end : int, optional
            Which rows; all where not given.

        Yields
        ------
        bytes-like or None
        """
        end = len(self) if end is None else end
        pages = self._page[first:end]
        used = [page for page in np.unique(pages).tolist() if page >= 0]
        if any(self._pages[page].packed for page in used):
            # Few at a time: what is unpacked is not to be all in memory.
            for start, stop in self[first:end].parts(rows=_ROWS):
                yield from self._unpacked(first + start, first + stop)
            return
        views = {page: memoryview(self._pages[page].whole()) for page in used}
        rows = zip(pages.tolist(), self._offset[first:end].tolist(), self._length[first:end].tolist(), strict=True)
        for page, offset, length in rows:
            yield None if page < 0 else views[page][offset : offset + length]

    def _unpacked(self, first: int, end: int) -> list[Any]:
        """Give the bytes of some rows, page by page, in their order."""
        found: list[Any] = [None] * (end - first)
        order = np.argsort(self._page[first:end], kind="stable")
        pages, begins = np.unique(self._page[first:end][order], return_index=True)
        for page, rows in zip(pages.tolist(), np.split(order, begins[1:]), strict=True):
            if page >= 0:
                offsets, lengths = self._offset[first:end][rows].tolist(), self._length[first:end][rows].tolist()
                for row, piece in zip(rows.tolist(), self._pages[page].pieces(offsets, lengths), strict=True):
                    found[row] = piece
        return found

    def __iter__(self) -> Iterator[str | None]:
        for piece in self.slices():
            yield None if piece is None else str(piece, "utf-8")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("values are made on request, so they are always a copy")
        values = np.empty(len(self), dtype=object)
        for position, text in enumerate(self):
            values[position] = text
        return values if dtype is None or np.dtype(dtype) == np.dtype(object) else values.astype(dtype)

    @property
    def pages(self) -> tuple[Body, ...]:
        """What is sliced."""
        return self._pages

    @property
    def lengths(self) -> np.ndarray:
        """How many bytes each row has; 0 where missing."""
        return self._length

    def parts(self, *, rows: int, size: int | None = None) -> Iterator[tuple[int, int]]:
        """Cut the rows into runs to be read at a time.

        Parameters
        ----------
        rows : int
            The most of a run.
        size : int, optional
            The most bytes, unless one row is larger; where not given, few where there are few: what is being read
            takes several times its size.

        Yields
        ------
        first, end : int
        """
        total = np.cumsum(self._length, dtype=np.int64)
        if size is None:
            size = min(max(int(total[-1]) // _RUNS, _SHORT), _LONG) if len(self) else _SHORT
        first = 0
        while first < len(self):
            before = int(total[first - 1]) if first else 0
            fitting = int(np.searchsorted(total, before + size, side="right"))
            end = max(first + 1, min(first + rows, fitting))
            yield first, end
            first = end

    def inner(self, rows: np.ndarray, start: np.ndarray, length: np.ndarray) -> RawArray:
        """Slices of slices, in the same pages.

        Parameters
        ----------
        rows : numpy.ndarray
            Which row each new value lies in; -1 is a missing value.
        start, length : numpy.ndarray
            Where it begins, counted from that row's begin, and how long it is.

        Returns
        -------
        RawArray
        """
        there = rows >= 0
        page = np.where(there, self._page[rows], -1) if len(self) else np.full(len(rows), -1)
        offset = np.where(there, self._offset[rows].astype(np.int64) + start, 0) if len(self) else np.zeros(len(rows))
        return self._like(page, offset, np.where(there, length, 0))

    def _like(self, page: np.ndarray, offset: np.ndarray, length: np.ndarray) -> Self:
        return type(self)(self._pages, page, offset, length)

    def _value(self, position: int) -> str | None:
        page = int(self._page[position])
        if page < 0:
            return None
        offset = int(self._offset[position])
        return str(self._pages[page].pieces([offset], [int(self._length[position])])[0], "utf-8")

    def _at(self, positions: np.ndarray) -> Self:
        if not len(self):
            none = np.full(len(positions), -1)
            return self._like(none, np.zeros_like(none), np.zeros_like(none))
        page = self._page[positions]
        page[positions < 0] = -1
        return self._like(page, self._offset[positions], self._length[positions])

    def _adopt(self, other: Self) -> None:
        self.__init__(other._pages, other._page, other._offset, other._length)  # type: ignore[misc]

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[RawArray]) -> RawArray:
        number: dict[int, int] = {}
        pages: list[Body] = []
        renumbered = [np.empty(0, np.int32)]
        for array in to_concat:
            for page in array._pages:
                if id(page) not in number:
                    number[id(page)] = len(pages)
                    pages.append(page)
            # The last entry stands for -1: a missing value stays one.
            numbers = np.array([*(number[id(page)] for page in array._pages), -1], dtype=np.int32)
            renumbered.append(numbers[array._page])
        empty = np.empty(0, np.int64)
        return cls(
            pages,
            np.concatenate(renumbered),
            np.concatenate([empty, *(array._offset for array in to_concat)]),
            np.concatenate([empty, *(array._length for array in to_concat)]),
        )

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        offsets = np.concatenate([[0], np.cumsum(self._length, dtype=np.int64)])
        data = pa.py_buffer(b"".join(piece for piece in self.slices() if piece is not None))
        valid = pa.py_buffer(np.packbits(~self.isna(), bitorder="little").tobytes())
        buffers = [valid, pa.py_buffer(offsets.tobytes()), data]
        array = pa.Array.from_buffers(pa.large_string(), len(self), buffers)
        return array if type is None else array.cast(type)

    def __reduce__(self) -> tuple[Any, ...]:
        # Only the rows' own bytes: a filtered frame does not drag its pages along.
        return _rebuild, (b"".join(piece for piece in self.slices() if piece is not None), *self._shape_of())

    def _shape_of(self) -> tuple[np.ndarray, np.ndarray]:
        return self.isna(), self._length


def _rebuild(body: bytes, missing: np.ndarray, length: np.ndarray) -> RawArray:
    return RawArray([body], np.where(missing, -1, 0), np.cumsum(length) - length, length)


def _from_arrow(chunk: pa.Array) -> RawArray:
    chunk = chunk.cast(pa.large_string())
    if not len(chunk):
        return RawArray.from_texts([])
    offsets = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
    data = chunk.buffers()[2]
    first, last = int(offsets[0]), int(offsets[-1])
    body = data.slice(first, last - first).to_pybytes() if data is not None else b""
    missing = chunk.is_null().to_numpy(zero_copy_only=False)
    return RawArray([body], np.where(missing, -1, 0), offsets[:-1] - first, np.diff(offsets))


def as_raw(values: pd.Series) -> RawArray:
    """Give a column's slices, or make some of its texts where it was turned into plain text.

    Parameters
    ----------
    values : pandas.Series

    Returns
    -------
    RawArray
    """
    array = values.array
    return array if isinstance(array, RawArray) else RawArray._from_sequence(array)

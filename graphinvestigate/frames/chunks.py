"""Records → columns, chunk by chunk on all cores: the fast path, and for each record off it the plain one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from graphinvestigate.frames.columns import ARROW, POOL, from_arrow, nothing, of_packing, to_arrow
from graphinvestigate.frames.fast import Chunk, FastReader, MisfitError
from graphinvestigate.frames.packing import Packer, Packing
from graphinvestigate.frames.records import Piece, RecordDecoder
from graphinvestigate.frames.schema import Column

ROWS = 8192  # records read at a time
FEW = 8  # so many records are as fast one by one
_PACKED = ("string", "json", "strings")
MISFITS = 256  # of a chunk; with more of them all are read one by one

_Job = TypeVar("_Job")
_Done = TypeVar("_Done")


def threads() -> int:
    """Give the number of threads that decode at once; more gain nothing, as Python runs one of them at a time."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(4, allowed)


def in_order(work: Callable[[_Job], _Done], jobs: Iterable[_Job]) -> Iterator[_Done]:
    """Do jobs on all cores; few are held at a time.

    Parameters
    ----------
    work : callable
    jobs : iterable
        Taken one by one, by this thread.

    Yields
    ------
    object
        What `work` returned, in the order of the jobs; what it raised is raised.
    """
    rest = iter(jobs)
    first = list(islice(rest, 2))
    if len(first) < 2 or threads() < 2:
        yield from map(work, chain(first, rest))
        return
    pending: deque[Future[_Done]] = deque()
    with ThreadPoolExecutor(threads(), thread_name_prefix="decode") as pool:
        try:
            for job in chain(first, rest):
                pending.append(pool.submit(work, job))
                if len(pending) > threads():
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


class ChunkReader:
    """Reads the columns of a table out of chunks of records.

    Parameters
    ----------
    columns : sequence of Column
    source : str
        What to call the records in messages.
    """

    def __init__(self, columns: Sequence[Column], *, source: str) -> None:
        self._columns = {column.name: column for column in columns}
        self._fast = FastReader(columns)
        self._slow = RecordDecoder(columns, source=source)

    def read(self, pieces: Sequence[Piece | None], *, first: int = 0) -> Chunk:
        """Read some records.

        Parameters
        ----------
        pieces : sequence of bytes-like or None
            One JSON value each; what is no object has no values.
        first : int
            The row of the first one, for messages.

        Returns
        -------
        Chunk

        Raises
        ------
        BadResponseError
            A record is no valid JSON.
        """
        return joined(list(self._parts(pieces, first, [MISFITS])))

    def _parts(self, pieces: Sequence[Piece | None], first: int, misfits: list[int]) -> Iterator[Chunk]:
        """Read records with the fast path as far as they fit, and those that don't one by one."""
        if len(pieces) > FEW and misfits[0] > 0:
            try:
                yield self._fast.read([b"{}" if piece is None else piece for piece in pieces])
            except MisfitError as misfit:
                misfits[0] -= 1
                at = misfit.row
                # Without a row: by halves.
                cuts = [len(pieces) // 2] if at is None or at >= len(pieces) else sorted({at, at + 1})
                for start, end in zip([0, *cuts], [*cuts, len(pieces)], strict=True):
                    if start < end:
                        yield from self._parts(pieces[start:end], first + start, misfits)
        elif pieces:
            yield self._one_by_one(pieces, first)

    def _one_by_one(self, pieces: Sequence[Piece | None], first: int) -> Chunk:
        chunk = Chunk(len(pieces), one_by_one=len(pieces))
        for name, values in self._slow.read(pieces, first=first).items():
            dtype = self._columns[name].dtype
            if dtype == "raw":
                spans = [(-1, 0) if span is None else span for span in values]
                chunk.spans[name] = np.array(spans, np.int64).reshape(-1, 2)
            else:
                chunk.arrays[name] = to_arrow(dtype, values)
        return chunk


def joined(chunks: Sequence[Chunk]) -> Chunk:
    """Put chunks of one table one below the other.

    Parameters
    ----------
    chunks : sequence of Chunk

    Returns
    -------
    Chunk
    """
    if len(chunks) == 1:
        return chunks[0]
    whole = Chunk(sum(chunk.rows for chunk in chunks), one_by_one=sum(chunk.one_by_one for chunk in chunks))
    for name, kind in {name: array.type for chunk in chunks for name, array in chunk.arrays.items()}.items():
        parts = [chunk.arrays[name] if name in chunk.arrays else pa.nulls(chunk.rows, kind) for chunk in chunks]
        whole.arrays[name] = pa.concat_arrays(parts, POOL)
    for name in {name for chunk in chunks for name in chunk.spans}:
        whole.spans[name] = np.concatenate([spans_of(chunk, name) for chunk in chunks])
    return whole


def spans_of(chunk: Chunk, name: str) -> np.ndarray:
    """Give where a raw column's values lie, also where there are none."""
    found = chunk.spans.get(name)
    return np.full((chunk.rows, 2), (-1, 0), np.int64) if found is None else found


class Columns:
    """Makes pandas' columns of chunks, which it packs as they come.

    Parameters
    ----------
    columns : sequence of Column
        Of the table; others in a chunk are texts.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._dtypes = {column.name: column.dtype for column in columns}
        self._packer = Packer()

    def pack(self, chunk: Chunk) -> Chunk:
        """Pack the texts of a chunk.

        Parameters
        ----------
        chunk : Chunk

        Returns
        -------
        Chunk
            The same one.
        """
        seen: dict[bytes, np.ndarray] = {}
        for name in [name for name in chunk.arrays if self._dtypes.get(name, "string") in _PACKED]:
            chunk.packed[name] = self._packer.piece(name, chunk.arrays.pop(name), seen)
        return chunk

    def scattered(self, parts: Sequence[tuple[np.ndarray, Chunk]], rows: int) -> dict[str, Packing]:
        """Pack the texts of rows that were read apart, and take them out of the parts.

        Parameters
        ----------
        parts : sequence of (numpy.ndarray, Chunk)
            Which rows, in order, and their columns.
        rows : int
            How many rows all parts have.

        Returns
        -------
        dict of str to Packing
        """
        seen: dict[Any, Any] = {}
        held: dict[str, list[tuple[np.ndarray, pa.Array]]] = {}
        for found, chunk in parts:
            for name in [name for name in chunk.arrays if self._dtypes.get(name, "string") in _PACKED]:
                held.setdefault(name, []).append((found, chunk.arrays.pop(name)))
        return {name: self._packer.scattered(name, pieces, rows, seen) for name, pieces in held.items()}

    def column(self, chunks: Sequence[Chunk], column: Column) -> Any:
        """Put one column of all chunks together, and take it out of them.

        Parameters
        ----------
        chunks : sequence of Chunk
        column : Column
            Of any dtype but `raw`.

        Returns
        -------
        pandas.api.extensions.ExtensionArray
        """
        if column.dtype in _PACKED:
            pieces = [chunk.packed.pop(column.name, chunk.rows) for chunk in chunks]
            return of_packing(column.dtype, self._packer.together(pieces, ARROW[column.dtype]))
        arrays = [chunk.arrays.pop(column.name, None) for chunk in chunks]
        if column.dtype != "time" and all(array is None for array in arrays):
            return nothing(column.dtype, sum(chunk.rows for chunk in chunks))
        kind = ARROW[column.dtype]
        return from_arrow(
            column.dtype,
            [
                pa.nulls(chunk.rows, kind) if array is None else array
                for array, chunk in zip(arrays, chunks, strict=True)
            ],
        )

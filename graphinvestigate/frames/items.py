"""Evidence items → columns. Each type has its own; those of all types become one table again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphinvestigate.frames.chunks import FEW, Chunk, ChunkReader, Columns
from graphinvestigate.frames.columns import ARROW, POOL
from graphinvestigate.frames.cutting import Items
from graphinvestigate.frames.fast import FastReader, MisfitError
from graphinvestigate.frames.records import RecordDecoder
from graphinvestigate.frames.tables import Column, EvidenceTable

ITEM_TYPE = Column("@odata.type", ("@odata.type",), "string", "Edm.String")

_NAMESPACE = "#microsoft.graph.security."
_HEAD = b'{"@odata.type":"'  # how Graph begins an item
_NAME = 100  # bytes that hold any type's name
_MANY = 24  # types in a chunk; with more, each record is asked for its own

Part = tuple[np.ndarray, Chunk]  # some rows, and their columns


class ItemReader:
    """Reads the columns of evidence items, whatever their types.

    Parameters
    ----------
    table : EvidenceTable
    """

    def __init__(self, table: EvidenceTable) -> None:
        self._table = table
        self._exact = RecordDecoder([ITEM_TYPE], source=table.name)
        self._types: dict[str | None, tuple[FastReader, ChunkReader]] = {}

    def read(self, items: Items, *, first: int = 0, columns: Columns | None = None) -> Chunk:
        """Read some items.

        Parameters
        ----------
        items : Items
            What is no object has no values.
        first : int
            The number of the first one, for messages.
        columns : Columns, optional
            What packs the texts; they are laid out where not given.

        Returns
        -------
        Chunk
            `ITEM_TYPE` is among its columns.

        Raises
        ------
        BadResponseError
            An item is no valid JSON.
        """
        names = np.full(len(items), None, object)
        parts: list[Part] = []
        todo = np.arange(len(items))
        if len(items) > FEW:
            parts, todo = self._fast_parts(items.array, names)
        if len(todo):
            parts += self._exact_parts(items, todo, names, first)
        packed = columns.scattered(parts, len(items)) if columns is not None else {}
        chunk = Chunk(len(items), in_order_again(parts, len(items)), packed)
        types = pa.array(names, ARROW["string"])
        if types.null_count != len(types):
            chunk.arrays[ITEM_TYPE.name] = types
        return chunk

    def _fast_parts(self, array: pa.Array, names: np.ndarray) -> tuple[list[Part], np.ndarray]:
        """Read items whose type stands at their begin, all of one type at once; and say which are left."""
        parts, left = [], np.ones(len(array), bool)
        misfits = []
        for _ in range(_MANY):
            at = int(left.argmax())
            head = array[at].as_py()[:_NAME] if left[at] else b""
            name, quote, _ = head.removeprefix(_HEAD).partition(b'"')
            if not head.startswith(_HEAD) or not quote or b"\\" in name:
                break
            here = pc.starts_with(array, _HEAD + name + quote).to_numpy(zero_copy_only=False)
            rows = np.flatnonzero(here)
            left &= ~here
            try:
                parts.append(
                    (rows, self._type(_short(name.decode()))[0].read(pc.take(array, pa.array(rows), memory_pool=POOL)))
                )
                names[rows] = _short(name.decode())
            except (MisfitError, UnicodeDecodeError):
                misfits.append(rows)
        return parts, np.sort(np.concatenate([np.flatnonzero(left), *misfits]))

    def _exact_parts(self, items: Items, rows: np.ndarray, names: np.ndarray, first: int) -> Iterator[Part]:
        """Read any items: the type of each first, then those of one type together as far as they fit."""
        pieces = [items.piece(row) for row in rows.tolist()]
        found = self._exact.read(pieces, first=first).get(ITEM_TYPE.name, [None] * len(pieces))
        types = [None if name is None else _short(name) for name in found]
        names[rows] = types
        groups: dict[str | None, list[int]] = {}
        for at, name in enumerate(types):
            groups.setdefault(name, []).append(at)
        for name, those in groups.items():
            own = [pieces[number] for number in those]
            yield rows[those], self._type(name)[1].read(own, first=first + int(rows[those[0]]))

    def _type(self, name: str | None) -> tuple[FastReader, ChunkReader]:
        known = name if name in self._table.types else None
        if known not in self._types:
            columns = [c for c in self._table.columns if not c.types or known in c.types]
            # An item that says its type twice is of the last one; Arrow refuses it where the type is a column.
            fast = FastReader([*columns, ITEM_TYPE], leave=[ITEM_TYPE.name])
            self._types[known] = (fast, ChunkReader(columns, source=self._table.name))
        return self._types[known]


def _short(name: str) -> str:
    return name.removeprefix(_NAMESPACE)


def in_order_again(parts: Sequence[Part], rows: int) -> dict[str, pa.Array]:
    """Bring the columns of rows that were read apart back into one order.

    Parameters
    ----------
    parts : sequence of (numpy.ndarray, Chunk)
        Which rows, and their columns; together every row once.
    rows : int

    Returns
    -------
    dict of str to pyarrow.Array
        Missing where a part has no such column.
    """
    if len(parts) == 1:
        return parts[0][1].arrays
    holders: dict[str, list[int]] = {}
    for number, (_, chunk) in enumerate(parts):
        for name in chunk.arrays:
            holders.setdefault(name, []).append(number)
    names_of: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in holders.items():
        names_of.setdefault(tuple(numbers), []).append(name)
    done: dict[str, pa.Array] = {}
    for holding, names in names_of.items():
        found = np.concatenate([parts[number][0] for number in holding])
        positions = np.full(rows, -1)
        positions[found] = np.arange(len(found))
        columns = [pa.concat_arrays([parts[number][1].arrays[name] for number in holding], POOL) for name in names]
        # All columns at once: each call gives up Python's lock, and gets it back only when it is its turn.
        batch = pa.RecordBatch.from_arrays(columns, names)
        taken = pc.take(batch, pa.array(positions, mask=positions < 0), memory_pool=POOL)
        done |= dict(zip(names, taken.columns, strict=True))
    return done

"""Columns at rest: each value once, and for each row a small number that says which. A million alerts fit then.

Texts of alerts repeat: a severity is one of four, a description one of some hundred, a user stands in every tenth
item. Evidence has a column for each property of 48 types, so that most rows of most columns have no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MOST = 2**31 - 1  # bytes of text, or rows, that 32 bits count
_SAMPLE = 2**16  # values that tell whether a column repeats itself
_ALL = 0.97  # of them: with more distinct ones, it does not
_FEWER = 0.7  # of the values: with more distinct ones, each is kept where it stands
_ENOUGH = 2**8  # values of a piece that tell so for the next ones
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """A column's values and where they stand.

    Attributes
    ----------
    length : int
        How many rows there are.
    values : pyarrow.Array
        None of them is missing.
    codes : numpy.ndarray or None
        For each place the number of its value, -1 where there is none; None: the first place has the first value,
        and so on.
    rows : numpy.ndarray or None
        Which row each place is, in order; rows that are no place have no value. None: every row is a place.
    distinct : bool
        Whether no value stands in `values` twice.
    """

    length: int
    values: pa.Array
    codes: np.ndarray | None = None
    rows: np.ndarray | None = None
    distinct: bool = False

    @property
    def nbytes(self) -> int:
        """Memory of the values and the numbers; a value that every row has counts once."""
        own = [array for array in (self.codes, self.rows) if array is not None]
        return int(self.values.nbytes) + sum(array.nbytes if array.strides != (0,) else 1 for array in own)

    @property
    def is_constant(self) -> bool:
        """Whether every row is known to have the same value."""
        return self.codes is not None and self.rows is None and self.codes.strides == (0,)

    def every_code(self) -> np.ndarray:
        """Give the number of each row's value, -1 where it has none."""
        codes = np.arange(len(self.values)) if self.codes is None else self.codes
        if self.rows is None:
            return codes
        found = np.full(self.length, -1, codes.dtype)
        found[self.rows] = codes
        return found

    def code(self, row: int) -> int:
        """Give the number of one row's value, -1 where it has none."""
        place = row
        if self.rows is not None:
            place = int(np.searchsorted(self.rows, row))
            if place == len(self.rows) or self.rows[place] != row:
                return -1
        return place if self.codes is None else int(self.codes[place])

    def missing(self) -> np.ndarray:
        """Tell which rows have no value."""
        if self.is_constant:
            return np.zeros(self.length, bool)
        if self.rows is not None and (self.codes is None or not len(self.codes) or self.codes.min() >= 0):
            missing = np.ones(self.length, bool)
            missing[self.rows] = False
            return missing
        return self.every_code() < 0

    def array(self) -> pa.Array:
        """Lay every row's value out."""
        if self.codes is None and self.rows is None:
            return self.values
        codes = self.every_code()
        return self.values.take(pa.array(codes, mask=codes < 0))

    def at(self, positions: np.ndarray) -> Packing:
        """Pick rows; -1 is a missing value. The values stay shared."""
        gone = positions < 0
        some_gone = bool(gone.any())
        if self.is_constant and not some_gone:
            return constant(self.values, len(positions))
        if not self.length:
            return Packing(len(positions), self.values, np.full(len(positions), -1, np.int8), None, self.distinct)
        codes = self.every_code()[positions]
        if some_gone:
            codes[gone] = -1
        return packing_of(codes, self.values, distinct=self.distinct)


def constant(values: pa.Array, rows: int) -> Packing:
    """Say the one value of `values` in every row."""
    return Packing(rows, values, np.broadcast_to(np.zeros(1, np.int8), (rows,)), None, True)


def packing_of(codes: np.ndarray, values: pa.Array, *, distinct: bool = False) -> Packing:
    """Keep numbers in few bytes: narrow ones, and none for rows without a value where those are many.

    Parameters
    ----------
    codes : numpy.ndarray
        One per row, -1 where it has no value.
    values : pyarrow.Array
    distinct : bool

    Returns
    -------
    Packing
    """
    codes = codes.astype(_kind(len(values)), copy=False)
    there = codes >= 0
    places = int(np.count_nonzero(there))
    rows = _kind(len(codes))
    if places * (codes.itemsize + np.dtype(rows).itemsize) < len(codes) * codes.itemsize:
        return Packing(len(codes), values, codes[there], np.flatnonzero(there).astype(rows), distinct)
    return Packing(len(codes), values, codes, None, distinct)


def _kind(count: int) -> Any:
    """Give the narrowest type that counts so far."""
    if count < 2**15:
        return np.int8 if count < 2**7 else np.int16
    return np.int32 if count < 2**31 else np.int64


class Packer:
    """Packs columns piece by piece as they are read, and puts the pieces together.

    What it learns of a column from one piece serves for the next: texts that hardly repeat are not compared.
    """

    def __init__(self) -> None:
        self._unlike: set[str] = set()
        # The pieces' own rows are kept beside the answer, so that no other array gets their ids.
        self._together: dict[tuple[int, ...], tuple[np.ndarray, list[Any]]] = {}

    def piece(self, name: str, array: pa.Array, seen: dict[bytes, np.ndarray]) -> Packing:
        """Pack one piece of a column.

        Parameters
        ----------
        name : str
        array : pyarrow.Array
            Texts, or lists of them.
        seen : dict of bytes to numpy.ndarray
            Which rows have values, shared by the columns of one piece.

        Returns
        -------
        Packing
        """
        length, rows = len(array), None
        if array.null_count:
            valid = array.is_valid()
            key = valid.buffers()[1].to_pybytes()
            rows = seen.get(key)
            if rows is None:
                rows = seen[key] = np.flatnonzero(valid.to_numpy(zero_copy_only=False)).astype(_kind(length))
            array = array.drop_null()
        return self._piece(name, array, length, rows)

    def scattered(
        self, name: str, parts: Sequence[tuple[np.ndarray, pa.Array]], length: int, seen: dict[Any, Any]
    ) -> Packing:
        """Pack one piece of a column whose values were read apart, rows of some kind here and of others there.

        Parameters
        ----------
        name : str
        parts : sequence of (numpy.ndarray, pyarrow.Array)
            Which rows, in order, and their values.
        length : int
            How many rows the piece has.
        seen : dict
            Which rows have values, shared by the columns of one piece.

        Returns
        -------
        Packing
        """
        valid = [array.is_valid() if array.null_count else None for _, array in parts]
        key = tuple((id(rows), b"" if there is None else there.buffers()[1].to_pybytes())
                    for (rows, _), there in zip(parts, valid, strict=True))  # fmt: skip
        if key not in seen:
            found = np.concatenate([
                rows if there is None else rows[there.to_numpy(zero_copy_only=False)]
                for (rows, _), there in zip(parts, valid, strict=True)
            ])  # fmt: skip
            order = np.argsort(found) if len(parts) > 1 else None
            seen[key] = (found if order is None else found[order]).astype(_kind(length)), order
        rows, order = seen[key]
        arrays = [array.drop_null() if array.null_count else array for _, array in parts]
        array = arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays).take(pa.array(order))
        return self._piece(name, array, length, rows)

    def _piece(self, name: str, array: pa.Array, length: int, rows: np.ndarray | None) -> Packing:
        """Pack values none of which is missing."""
        if name not in self._unlike:
            found = _encoded(array)
            if found is not None and len(found[1]) <= _FEWER * len(array):
                return Packing(length, found[1], found[0].astype(_kind(len(found[1]))), rows, True)
            if len(array) > _ENOUGH:
                self._unlike.add(name)
        return Packing(length, array, None, rows)

    def together(self, pieces: Sequence[Packing | int], kind: pa.DataType) -> Packing:
        """Put the pieces of a column one below the other.

        Parameters
        ----------
        pieces : sequence of Packing or int
            A number is so many rows without a value.
        kind : pyarrow.DataType
            Of the values.

        Returns
        -------
        Packing
        """
        length = sum(piece if isinstance(piece, int) else piece.length for piece in pieces)
        there = [piece for piece in pieces if isinstance(piece, Packing)]
        values = pa.concat_arrays([piece.values.cast(kind) for piece in there]) if there else pa.array([], kind)
        rows = self._rows(pieces, length)
        if all(piece.codes is None for piece in there):
            found = _encoded(values) if _repeats(values) else None
            if found is None or len(found[1]) > _FEWER * len(values):
                return Packing(length, _narrowed(values), None, rows)
            codes, values = found
        else:
            starts = np.cumsum([0, *(len(piece.values) for piece in there)])
            codes = np.concatenate([_numbers(piece) + start for piece, start in zip(there, starts, strict=False)])
            found = _encoded(values)
            if found is None:
                return _laid_out(length, codes, rows, _narrowed(values), distinct=False)
            codes, values = found[0][codes], found[1]
        if len(values) == 1 and rows is None:
            return constant(_narrowed(values), length)
        return _laid_out(length, codes, rows, _narrowed(values), distinct=True)

    def _rows(self, pieces: Sequence[Packing | int], length: int) -> np.ndarray | None:
        """Say which rows have a value; columns that agree in that share the answer."""
        if all(isinstance(piece, Packing) and piece.rows is None for piece in pieces):
            return None
        own = [piece if isinstance(piece, int) else piece.rows for piece in pieces]
        key = tuple(-rows if isinstance(rows, int) else id(rows) for rows in own)
        if key not in self._together:
            parts, start = [np.empty(0, np.int64)], 0
            for piece in pieces:
                if isinstance(piece, Packing):
                    parts.append((np.arange(piece.length) if piece.rows is None else piece.rows) + np.int64(start))
                start += piece if isinstance(piece, int) else piece.length
            self._together[key] = np.concatenate(parts).astype(_kind(length)), own
        return self._together[key][0]


def joined(packings: Sequence[Packing]) -> Packing:
    """Put whole columns one below the other; the values stay shared where they are the same ones."""
    first = packings[0]
    if any(one.values is not first.values for one in packings):
        kind = pa.list_(pa.string()) if pa.types.is_list(first.values.type) else pa.large_string()
        return Packer().together([one if len(one.values) else one.length for one in map(_dense, packings)], kind)
    if all(one.is_constant for one in packings):
        return constant(first.values, sum(one.length for one in packings))
    return packing_of(np.concatenate([one.every_code() for one in packings]), first.values, distinct=first.distinct)


def _dense(packing: Packing) -> Packing:
    """Give the same with a value at every place."""
    codes = packing.codes
    if codes is None or not len(codes) or codes.min() >= 0:
        return packing
    there = np.flatnonzero(codes >= 0)
    rows = there if packing.rows is None else packing.rows[there]
    return Packing(packing.length, packing.values, codes[there], rows, packing.distinct)


def _laid_out(length: int, codes: np.ndarray, rows: np.ndarray | None, values: pa.Array, *, distinct: bool) -> Packing:
    kind = _kind(len(values))
    if rows is None or len(rows) * (np.dtype(kind).itemsize + rows.itemsize) < length * np.dtype(kind).itemsize:
        return Packing(length, values, codes.astype(kind), rows, distinct)
    every = np.full(length, -1, kind)
    every[rows] = codes
    return Packing(length, values, every, None, distinct)


def _numbers(piece: Packing) -> np.ndarray:
    return np.arange(len(piece.values)) if piece.codes is None else piece.codes.astype(np.int64)


def _encoded(values: pa.Array) -> tuple[np.ndarray, pa.Array] | None:
    """Say each value once, and which one stands where; None for lists that cannot be told apart by one text."""
    if not pa.types.is_list(values.type):
        encoded = values.dictionary_encode()
        return encoded.indices.to_numpy(), encoded.dictionary
    if pc.any(pc.match_substring(values.flatten(), _BETWEEN)).as_py():
        return None
    texts = pc.binary_join(values, _BETWEEN)
    if texts.null_count:  # an item is missing
        return None
    counts = pc.list_value_length(values).cast(pa.string())
    codes = pc.binary_join_element_wise(counts, texts, _BETWEEN).dictionary_encode().indices.to_numpy()
    return codes, values.take(pa.array(np.unique(codes, return_index=True)[1]))


def _repeats(values: pa.Array) -> bool:
    """Whether values that hardly repeat within one piece may repeat over all of them."""
    sample = values[:_SAMPLE]
    found = _encoded(sample)
    return found is not None and len(found[1]) < _ALL * len(sample)


def _narrowed(values: pa.Array) -> pa.Array:
    """Count the bytes of texts with 32 bits where that is enough."""
    if pa.types.is_large_string(values.type) and values.nbytes < _MOST:
        return values.cast(pa.string())
    return values

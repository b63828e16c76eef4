"""Columns of lists of strings. Arrow holds them; pandas' own Arrow lists do not come back from Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import register_extension_dtype

from graphinvestigate.frames.extension import OwnArray, OwnDtype, objects
from graphinvestigate.frames.packing import Packer, Packing, joined

LISTS = pa.list_(pa.string())


@register_extension_dtype
class StringsDtype(OwnDtype):
    """A list of strings per row; None where the record has none."""

    name = "graphinvestigate.strings"
    type: ClassVar[Any] = list

    @classmethod
    def construct_array_type(cls) -> Any:
        """Give the array that holds such values."""
        return StringsArray

    def __from_arrow__(self, array: pa.Array | pa.ChunkedArray) -> StringsArray:
        return StringsArray(array)


class StringsArray(OwnArray):
    """Lists of strings, each distinct one kept once.

    Parameters
    ----------
    lists : pyarrow.Array, pyarrow.ChunkedArray or Packing
        Lists of strings.
    """

    def __init__(self, lists: pa.Array | pa.ChunkedArray | Packing) -> None:
        if not isinstance(lists, Packing):
            chunks = lists.chunks if isinstance(lists, pa.ChunkedArray) else [lists]
            packer = Packer()
            lists = packer.together([packer.piece("", chunk.cast(LISTS), {}) for chunk in chunks], LISTS)
        self._packing: Packing = lists

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> StringsArray:
        del dtype, copy
        if isinstance(scalars, cls):
            return scalars.copy()
        return cls(pa.array([None if v is None else list(v) for v in objects(scalars)], LISTS))

    @classmethod
    def _from_scalars(cls, scalars: Any, *, dtype: Any = None) -> StringsArray:
        # What a function made of each list (`Series.map`): a text is no list of its letters.
        if not all(one is None or isinstance(one, list) for one in objects(scalars)):
            raise TypeError("no lists")
        return cls._from_sequence(scalars, dtype=dtype)

    def _explode(self) -> tuple[Any, np.ndarray]:
        lists = [one or [None] for one in self]  # what `Series.explode` asks: one row for an empty list, too
        texts = pd.array([text for one in lists for text in one], dtype="str")
        return texts, np.array([len(one) for one in lists], np.uint64)

    @property
    def dtype(self) -> StringsDtype:
        """The column's type."""
        return StringsDtype()

    @property
    def nbytes(self) -> int:
        """Memory of the lists."""
        return self._packing.nbytes

    def __len__(self) -> int:
        return self._packing.length

    def isna(self) -> np.ndarray:
        """Tell which rows are missing; an empty list is not."""
        return self._packing.missing()

    def copy(self) -> Self:
        """Share the lists: they never change."""
        return type(self)(self._packing)

    def __iter__(self) -> Iterator[Any]:
        made = self._packing.values.to_pylist()
        return (None if code < 0 else made[code].copy() for code in self._packing.every_code().tolist())

    def _value(self, position: int) -> list[str | None] | None:
        code = self._packing.code(position)
        if code < 0:
            return None
        value: list[str | None] = self._packing.values[code].as_py()
        return value

    def _at(self, positions: np.ndarray) -> Self:
        return type(self)(self._packing.at(positions))

    def _adopt(self, other: Self) -> None:
        self._packing = other._packing

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[StringsArray]) -> StringsArray:
        filled = [array._packing for array in to_concat if len(array)]
        return cls(joined(filled) if filled else pa.array([], LISTS))

    @staticmethod
    def _is_one(value: Any) -> bool:
        # A list is one value; several values come as an array, or as a list of lists.
        several = isinstance(value, OwnArray | np.ndarray)
        return not several and not (isinstance(value, list) and any(isinstance(v, list) for v in value))

    def _values_for_factorize(self) -> tuple[np.ndarray, Any]:
        values = np.empty(len(self), dtype=object)
        for position in range(len(self)):
            value = self._value(position)
            values[position] = None if value is None else tuple(value)
        return values, None

    def _values_for_argsort(self) -> np.ndarray:
        # Lists may hold None, which no string is compared with.
        values = self._values_for_factorize()[0]
        for position, value in enumerate(values):
            values[position] = () if value is None else tuple(item or "" for item in value)
        return values

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        lists = self._packing.array()
        return lists if type is None else lists.cast(type)

    def __reduce__(self) -> tuple[Any, ...]:
        return StringsArray, (self._packing.array(),)

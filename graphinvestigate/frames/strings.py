"""Columns of lists of strings. Arrow holds them; pandas' own Arrow lists do not come back from Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from pandas.api.extensions import register_extension_dtype

from graphinvestigate.frames.extension import OwnArray, OwnDtype, objects

_LISTS = pa.list_(pa.string())


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
    """Lists of strings, kept by Arrow.

    Parameters
    ----------
    lists : pyarrow.Array or pyarrow.ChunkedArray
        Lists of strings.
    """

    def __init__(self, lists: pa.Array | pa.ChunkedArray) -> None:
        if isinstance(lists, pa.ChunkedArray):
            lists = lists.combine_chunks()
        if isinstance(lists, pa.ChunkedArray):  # no chunk at all
            lists = pa.array([], _LISTS)
        self._lists: pa.Array = lists.cast(_LISTS)

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> StringsArray:
        del dtype, copy
        if isinstance(scalars, cls):
            return scalars.copy()
        return cls(pa.array([None if v is None else list(v) for v in objects(scalars)], _LISTS))

    @property
    def dtype(self) -> StringsDtype:
        """The column's type."""
        return StringsDtype()

    @property
    def nbytes(self) -> int:
        """Memory of the lists."""
        return int(self._lists.nbytes)

    def __len__(self) -> int:
        return len(self._lists)

    def isna(self) -> np.ndarray:
        """Tell which rows are missing; an empty list is not."""
        return np.asarray(self._lists.is_null().to_numpy(zero_copy_only=False), dtype=bool)

    def copy(self) -> Self:
        """Share the lists: Arrow never changes them."""
        return type(self)(self._lists)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._lists.to_pylist())

    def _value(self, position: int) -> list[str | None] | None:
        value: list[str | None] | None = self._lists[position].as_py()
        return value

    def _at(self, positions: np.ndarray) -> Self:
        return type(self)(self._lists.take(pa.array(positions, mask=positions < 0)))

    def _adopt(self, other: Self) -> None:
        self._lists = other._lists

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[StringsArray]) -> StringsArray:
        return cls(pa.concat_arrays([array._lists for array in to_concat] or [pa.array([], _LISTS)]))

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
        return self._lists if type is None else self._lists.cast(type)

    def __reduce__(self) -> tuple[Any, ...]:
        return StringsArray, (self._lists,)

"""Columns of texts that are kept packed. To pandas they are `str` like any others, and what is made of them is too."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.arrays import ArrowStringArray

from graphinvestigate.frames.packing import Packing, constant, joined

_STR = pd.StringDtype(na_value=np.nan)
_COMPARISONS = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
# Packing rests on two names within pandas; a version without them gets plain texts: the same values, more memory.
FITS = hasattr(pd.array(["-"], dtype=_STR), "_pa_array") and hasattr(ArrowStringArray, "_from_pyarrow_array")
_KEPT = 4  # rows taken for each value: with fewer, they get texts of their own and let the values go


class PackedStringArray(ArrowStringArray):
    """Texts, each distinct one kept once; pandas' own array of texts in every other respect.

    What pandas does with such an array works on `_pa_array`. Here that is laid out on request and not kept; what
    needs no laying out (rows, missing values, comparisons, groups) is done on the numbers. A changed array is plain.
    """

    _packing: Packing | None

    @classmethod
    def of(cls, packing: Packing) -> Self:
        """Make the column of a packing of texts."""
        array = cls.__new__(cls)
        array._dtype = _STR
        array._cache = {}
        array._packing = packing
        return array

    @property
    def _pa_array(self) -> pa.ChunkedArray:
        packing = self._packing
        if packing is None:
            return self._plain
        return pa.chunked_array([packing.array().cast(pa.large_string())])

    @_pa_array.setter
    def _pa_array(self, values: pa.ChunkedArray) -> None:
        self._plain = values
        self._packing = None

    def _from_pyarrow_array(self, pa_array: Any) -> Any:
        chunks = pa.chunked_array([pa_array]) if isinstance(pa_array, pa.Array) else pa_array
        return ArrowStringArray(chunks.cast(pa.large_string()), dtype=self._dtype)

    def __len__(self) -> int:
        return len(self._plain) if self._packing is None else self._packing.length

    @property
    def nbytes(self) -> int:
        """Memory of the values and the numbers; values may be shared with other columns."""
        return int(super().nbytes) if self._packing is None else self._packing.nbytes

    def isna(self) -> np.ndarray:
        """Tell which rows are missing."""
        return super().isna() if self._packing is None else self._packing.missing()

    @property
    def _hasna(self) -> bool:
        return bool(self.isna().any())

    def count(self) -> int:
        """Count the rows that are not missing."""
        return len(self) - int(np.count_nonzero(self.isna()))

    def copy(self) -> Any:
        """Share the values: they never change."""
        return super().copy() if self._packing is None else self.of(self._packing)

    def view(self, dtype: Any = None) -> Any:
        """Share the values: they never change."""
        if dtype is not None or self._packing is None:
            return super().view(dtype)
        array = self.of(self._packing)
        array._readonly = self._readonly
        return array

    def __getitem__(self, item: Any) -> Any:
        packing = self._packing
        if packing is None:
            return super().__getitem__(item)
        if isinstance(item, int | np.integer):
            position = int(item)
            if not -len(self) <= position < len(self):
                raise IndexError("index out of bounds")
            code = packing.code(position % len(self))
            return self._dtype.na_value if code < 0 else packing.values[code].as_py()
        if isinstance(item, slice):
            found = self._at(np.arange(len(self))[item])
            found._readonly = self._readonly
            return found
        checked = pd.api.indexers.check_array_indexer(self, item)
        if isinstance(checked, np.ndarray) and checked.dtype.kind in "iub":
            positions = np.arange(len(self))[checked]
            return self._at(positions)
        return super().__getitem__(item)

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Any:
        """Pick rows; with `allow_fill`, -1 is a missing value (or `fill_value`)."""
        positions = np.asarray(indices, dtype=np.int64)
        filled = allow_fill and not pd.isna(fill_value) and bool((positions < 0).any())
        if self._packing is None or not len(self) or filled:
            return super().take(indices, allow_fill=allow_fill, fill_value=fill_value)
        if positions.size and positions.max() >= len(self):
            raise IndexError("out of bounds value in 'indices'.")
        if allow_fill and (positions < -1).any():
            raise ValueError("with allow_fill, no position below -1 is valid")
        if not allow_fill and (positions < 0).any():
            if positions.min() < -len(self):
                raise IndexError("out of bounds value in 'indices'.")
            positions = np.where(positions < 0, positions + len(self), positions)
        return self._at(positions)

    def _at(self, positions: np.ndarray) -> Any:
        packing = self._packing
        assert packing is not None
        if len(positions) * _KEPT < len(packing.values):
            codes = np.array([-1 if at < 0 else packing.code(at) for at in positions.tolist()], np.int64)
            values = packing.values.take(pa.array(codes, mask=codes < 0))
            return self._from_pyarrow_array(values.cast(pa.large_string()))
        return self.of(packing.at(positions))

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Any]) -> Any:
        filled = [array for array in to_concat if len(array)]
        packings = [array._packing for array in filled if isinstance(array, PackedStringArray)]
        there = [packing for packing in packings if packing is not None]
        if there and len(there) == len(filled):
            return cls.of(joined(there))
        return ArrowStringArray._concat_same_type.__func__(ArrowStringArray, to_concat)

    def _by_value(self, work: Any) -> np.ndarray:
        """Do something with each distinct text, and give each row what came of its own."""
        packing = self._packing
        assert packing is not None
        missing = pa.nulls(1, pa.large_string())
        texts = pa.chunked_array([packing.values.cast(pa.large_string()), missing])
        found: np.ndarray = work(ArrowStringArray(texts, dtype=self._dtype))
        return found[packing.every_code()]

    def _cmp_method(self, other: Any, op: Any) -> Any:
        if self._packing is None or not isinstance(other, str) or op not in _COMPARISONS:
            return super()._cmp_method(other, op)
        return self._by_value(lambda texts: op(texts, other))

    def isin(self, values: Any) -> np.ndarray:
        """Tell which rows have one of some texts."""
        if self._packing is None:
            return super().isin(values)
        return self._by_value(lambda texts: texts.isin(values))

    def factorize(self, use_na_sentinel: bool = True) -> tuple[np.ndarray, Any]:
        """Number the distinct texts in the order of their first rows."""
        packing = self._packing
        if packing is None or not packing.distinct or not use_na_sentinel:
            return super().factorize(use_na_sentinel)
        codes = packing.every_code()
        there = codes >= 0
        numbers, found = pd.factorize(codes[there])
        indices = np.full(len(codes), -1, np.intp)
        indices[there] = numbers
        return indices, self._from_pyarrow_array(packing.values.take(pa.array(found)).cast(pa.large_string()))

    def unique(self) -> Any:
        """Give each text once, in the order of their first rows."""
        packing = self._packing
        if packing is None or not packing.distinct:
            return super().unique()
        codes = pd.unique(packing.every_code())
        return self._from_pyarrow_array(packing.values.take(pa.array(codes, mask=codes < 0)).cast(pa.large_string()))

    def to_numpy(self, dtype: Any = None, copy: bool = False, na_value: Any = pd.api.extensions.no_default) -> Any:
        """Give Python's texts, each distinct one made once."""
        packing = self._packing
        if packing is None or (dtype is not None and np.dtype(dtype) != np.dtype(object)):
            return super().to_numpy(dtype=dtype, copy=copy, na_value=na_value)
        texts = np.empty(len(packing.values) + 1, object)
        texts[:-1] = packing.values.to_pylist()
        texts[-1] = self._dtype.na_value if na_value is pd.api.extensions.no_default else na_value
        return texts[packing.every_code()]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_numpy(object))

    def __reduce__(self) -> tuple[Any, ...]:
        packing = self._packing
        if packing is None:
            return _plain, (self._plain.combine_chunks(), self._dtype)
        codes = None if packing.is_constant else packing.codes
        return _rebuild, (packing.length, packing.values, codes, packing.rows, packing.distinct, packing.is_constant)


def _plain(values: pa.Array, dtype: pd.StringDtype) -> ArrowStringArray:
    return ArrowStringArray(values, dtype=dtype)


def _rebuild(length: int, values: pa.Array, codes: Any, rows: Any, distinct: bool, same: bool) -> PackedStringArray:
    return PackedStringArray.of(constant(values, length) if same else Packing(length, values, codes, rows, distinct))


def texts_of(packing: Packing) -> Any:
    """Make a column of texts of their packing.

    Parameters
    ----------
    packing : Packing
        Of texts.

    Returns
    -------
    pandas.arrays.ArrowStringArray
    """
    return PackedStringArray.of(packing) if FITS else _plain(packing.array().cast(pa.large_string()), _STR)

"""What the package's own column types share: pandas arrays whose values are no numbers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype

from graphinvestigate.text import terminal

_SHOWN = 60  # characters of one value in a table


class OwnDtype(ExtensionDtype):
    """A column type with a fixed name; a missing value is None."""

    na_value: ClassVar[None] = None
    kind = "O"

    @classmethod
    def construct_from_string(cls, string: str) -> Self:
        """Find the type by the name that Parquet files and `astype` use."""
        if string != cls.name:
            raise TypeError(f"Cannot construct a '{cls.__name__}' from '{string}'")
        return cls()


class OwnArray(ExtensionArray):  # noqa: PLW1641 (like every pandas array it has no hash)
    """Values that are looked up one by one; subclasses say where they are kept.

    A subclass has `__len__`, `isna`, `_value`, `_at` (rows by position, -1 is missing), `copy`, `nbytes`,
    `_concat_same_type`, `_from_sequence` and `__arrow_array__`.
    """

    @abstractmethod
    def _value(self, position: int) -> Any:
        """Give the value at a position, None where it is missing."""

    @abstractmethod
    def _at(self, positions: np.ndarray) -> Self:
        """Give the values at positions; -1 is a missing one."""

    @abstractmethod
    def _adopt(self, other: Self) -> None:
        """Become what `other` is (same length)."""

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            position = int(item)
            if not -len(self) <= position < len(self):
                raise IndexError(f"position {position} in an array of {len(self)}")
            return self._value(position % len(self))
        item = pd.api.indexers.check_array_indexer(self, item)
        if isinstance(item, int | np.integer):
            return self[int(item)]
        return self._at(np.arange(len(self))[item])

    def __setitem__(self, key: Any, value: Any) -> None:
        key = pd.api.indexers.check_array_indexer(self, key)
        rows = np.arange(len(self))[key]
        if np.ndim(rows) == 0:
            rows, value = np.array([rows]), [value]
        elif self._is_one(value):
            value = [value] * len(rows)
        both = self._concat_same_type([self, self._from_sequence(value, dtype=self.dtype)])
        if len(both) != len(self) + len(rows):
            raise ValueError("cannot set values: their number differs from the rows'")
        positions = np.arange(len(self))
        positions[rows] = np.arange(len(self), len(both))
        self._adopt(both._at(positions))

    @staticmethod
    def _is_one(value: Any) -> bool:
        return value is None or value is pd.NA or isinstance(value, str | float)

    def view(self, dtype: Any = None) -> Any:
        """Share the values, as `copy` does."""
        if dtype is not None:
            return super().view(dtype)
        array = self.copy()
        array._readonly = self._readonly
        return array

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Self:
        """Pick rows; with `allow_fill`, -1 is a missing value (or `fill_value`)."""
        positions = np.asarray(indices, dtype=np.int64)
        if positions.size and not len(self) and (not allow_fill or (positions >= 0).any()):
            raise IndexError("cannot do a non-empty take from an empty array")
        if positions.size and (positions.max() >= len(self) or positions.min() < -max(len(self), 1)):
            raise IndexError(f"position out of bounds in an array of {len(self)}")
        if not allow_fill:
            return self._at(np.where(positions < 0, positions + len(self), positions))
        if (positions < -1).any():
            raise ValueError("with allow_fill, no position below -1 is valid")
        taken = self._at(positions)
        if not _missing(fill_value) and (positions < 0).any():
            taken[positions < 0] = fill_value
        return taken

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("values are made on request, so they are always a copy")
        values = np.empty(len(self), dtype=object)
        for position in range(len(self)):
            values[position] = self._value(position)
        return values if dtype is None or np.dtype(dtype) == np.dtype(object) else values.astype(dtype)

    def __eq__(self, other: Any) -> Any:
        if isinstance(other, pd.Series | pd.Index | pd.DataFrame):
            return NotImplemented
        if self._is_one(other):
            others: Iterable[Any] = [other] * len(self)
        elif len(other) == len(self):
            others = other
        else:
            raise ValueError("lengths must match to compare")
        pairs = zip(self, others, strict=True)
        return np.array([one is not None and not _missing(two) and one == two for one, two in pairs], dtype=bool)

    def __ne__(self, other: Any) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else ~equal

    def unique(self) -> Self:
        """Give each value once, in order of first sight."""
        return self[~pd.Series(self._values_for_factorize()[0], dtype=object).duplicated().to_numpy()]

    def _values_for_factorize(self) -> tuple[np.ndarray, Any]:
        return np.asarray(self, dtype=object), None

    @classmethod
    def _from_factorized(cls, values: np.ndarray, original: Any) -> Self:
        return cls._from_sequence(values, dtype=original.dtype)

    def _values_for_argsort(self) -> np.ndarray:
        return self._values_for_factorize()[0]

    def _formatter(self, boxed: bool = False) -> Callable[[Any], str]:
        del boxed
        return lambda value: "" if value is None else terminal(str(value), limit=_SHOWN)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def objects(values: Iterable[Any]) -> Sequence[Any]:
    """Values with every kind of missing one turned into None."""
    return [None if _missing(value) else value for value in values]

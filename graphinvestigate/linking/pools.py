"""Values kept once and spoken of by number, and joins of columns of numbers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.int64]
V = TypeVar("V", bound=Hashable)

_DENSE, _FEW = 4, 2**16  # where codes are not far apart, a table of all is quicker than sorting them
NONE = -1
"""The code of no value."""


class Pool(Generic[V]):
    """Distinct values in the order in which they came; a value's code is its place."""

    __slots__ = ("_codes", "values")

    def __init__(self, values: Iterable[V] = ()) -> None:
        self.values: list[V] = []
        self._codes: dict[V, int] = {}
        for value in values:
            self.code(value)

    def __len__(self) -> int:
        return len(self.values)

    def code(self, value: V) -> int:
        """Return the code of a value, taken in if it is new."""
        size = len(self.values)
        code = self._codes.setdefault(value, size)
        if code == size:
            self.values.append(value)
        return code

    def find(self, value: V) -> int | None:
        """Return the code of a value; None where it is not there."""
        return self._codes.get(value)

    def codes(self, values: Iterable[V]) -> Codes:
        """Return the codes of many values."""
        asked = values if isinstance(values, list) else list(values)
        found = list(map(self._codes.get, asked))
        if None in found:
            known, every = self._codes, self.values
            for at, code in enumerate(found):
                if code is None:
                    size = len(every)
                    code = found[at] = known.setdefault(asked[at], size)
                    if code == size:
                        every.append(asked[at])
        return ints(found)


class Values:
    """JSON values, each kept once, in the order in which they came: 1, 1.0 and true are different."""

    __slots__ = ("_codes", "values")

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._codes: dict[str | tuple[type, str], int] = {}

    def __len__(self) -> int:
        return len(self.values)

    def code(self, value: Any) -> int:
        """Return the code of a value, taken in if it is new."""
        size = len(self.values)
        code = self._codes.setdefault(value if type(value) is str else (type(value), repr(value)), size)
        if code == size:
            self.values.append(value)
        return code

    def take(self, value: Any) -> None:
        """Take in a value without a look at what is there; its code is how many there were."""
        self.values.append(value)


def ints(values: Any) -> Codes:
    """Return numbers as an array of int64."""
    return np.asarray(values, dtype=np.int64)


def chosen(values: Collection[Any], codes: Codes) -> list[Any]:
    """Return the value of each code; -1 is the last one's."""
    found: list[Any] = held(values)[codes].tolist()
    return found


def held(values: Collection[Any]) -> NDArray[Any]:
    """Return any objects as an array of objects."""
    return np.fromiter(values, dtype=object, count=len(values))


def distinct(codes: Codes) -> tuple[Codes, Codes]:
    """Return the distinct codes in order, and where each code stands among them; none is negative."""
    high = int(codes.max(initial=NONE)) + 1
    if high > _DENSE * len(codes) + _FEW:
        return np.unique(codes, return_inverse=True)
    there = np.zeros(high, np.bool_)
    there[codes] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]


def joined(parts: Iterable[Codes]) -> Codes:
    """Return arrays one after the other; empty where there are none."""
    kept = [part for part in parts if len(part)]
    return np.concatenate(kept) if kept else np.empty(0, np.int64)


def pairs_within(left: Codes, right: Codes) -> tuple[Codes, Codes]:
    """Return the places of all pairs of a left and a right row that belong to one owner.

    Parameters
    ----------
    left, right : ndarray
        The owner of each row, ascending.
    """
    if len(left) and len(right) == len(left) and np.array_equal(left, right) and (np.diff(left) > 0).all():
        place = np.arange(len(left))
        return place, place
    begin = np.searchsorted(right, left, side="left")
    size = np.searchsorted(right, left, side="right") - begin
    at_left = np.repeat(np.arange(len(left)), size)
    ends = np.cumsum(size)
    at_right = np.repeat(begin - ends + size, size) + np.arange(ends[-1] if len(ends) else 0)
    return at_left, at_right


def ranks(values: Iterable[Any]) -> Codes:
    """Return the place of each value among the distinct ones in sorted order."""
    listed = list(values)
    place = {value: at for at, value in enumerate(sorted(set(listed)))}
    return ints([place[value] for value in listed])

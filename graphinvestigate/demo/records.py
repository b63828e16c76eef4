"""A collection of records that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]


class Records(Sequence[Json]):
    """A collection as Graph lists it, newest first; each record is made anew when it is asked for.

    Parameters
    ----------
    order : sequence of int
        Numbers of records in the order of the list.
    render : callable
        Number to record.
    identify : callable
        Number to the record's id, without rendering it.
    """

    def __init__(
        self,
        order: Sequence[int] | NDArray[np.int64],
        render: Callable[[int], Json],
        identify: Callable[[int], str],
    ) -> None:
        self._order, self._render, self._identify = order, render, identify
        self._places: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Json: ...
    @overload
    def __getitem__(self, index: slice) -> list[Json]: ...
    def __getitem__(self, index: int | slice) -> Json | list[Json]:
        if isinstance(index, slice):
            return [self._render(int(number)) for number in self._order[index]]
        return self._render(int(self._order[index]))

    def __iter__(self) -> Iterator[Json]:
        return (self._render(int(number)) for number in self._order)

    def ids(self) -> Iterator[str]:
        """All ids in the list's order, without rendering the records."""
        return (self._identify(int(number)) for number in self._order)

    def position(self, identifier: str) -> int | None:
        """Where a record stands in the list, or None."""
        if self._places is None:
            self._places = {known: place for place, known in enumerate(self.ids())}
        return self._places.get(identifier)

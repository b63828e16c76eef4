"""What values mean, worked out where they are first met: the same laptop, user and address occur again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from graphinvestigate.linking.columns import plain, without_alone, without_device
from graphinvestigate.linking.meanings import Meaning
from graphinvestigate.linking.mention_table import Collector
from graphinvestigate.linking.paths_in_tables import CompiledSlot
from graphinvestigate.linking.pools import NONE, Codes
from graphinvestigate.linking.reading import Judged, judgement

_OFTEN = 1.25  # times that a value is met, where it pays to keep all
Before: TypeAlias = dict[tuple[Any, str | None], dict[Any, Meaning | None]]
"""By what a slot reads and by tenant: from values to what they mean."""
_NOTHING: dict[Any, Any] = {}
_NEW: Any = object()


class Memo(dict[Any, int]):
    """From the values in one place (those of several columns as a tuple) to the code of what they mean, or -1.

    Parameters
    ----------
    slot : CompiledSlot
    tenant : str or None
    take : callable
        Gives the code of a meaning.
    before : mapping
        What values are known to mean.
    """

    __slots__ = ("_before", "_means", "_several", "_slot", "_take", "_tenant", "asked")

    def __init__(
        self,
        slot: CompiledSlot,
        tenant: str | None,
        take: Callable[[Meaning], int],
        before: Mapping[Any, Meaning | None],
    ) -> None:
        self._slot, self._tenant, self._take, self._before = slot, tenant, take, before
        self._means, self._several = slot.means, len(slot.paths) > 1
        self.asked = 0

    def __missing__(self, row: Any) -> int:
        values = row if self._several else (row,)
        if self._before:
            return self._learn(row, values)
        meaning = self._means(values, self._tenant)
        code = self[row] = NONE if meaning is None else self._take(meaning)
        return code

    def _learn(self, row: Any, values: Sequence[Any]) -> int:
        meaning = self._before.get(row, _NEW)
        if meaning is _NEW:
            meaning = self._means(values, self._tenant)
        code = self[row] = NONE if meaning is None else self._take(meaning)
        return code

    def codes(self, columns: Sequence[Sequence[Any]]) -> list[int]:
        """Return what each row means; all values are texts, whole numbers, tuples of texts, or None."""
        return self._codes(self._decisive(columns))

    def _codes(self, columns: Sequence[Sequence[Any]]) -> list[int]:
        self.asked += len(columns[0])
        return list(map(self.__getitem__, self._rows(columns)))

    def codes_of_any(self, columns: Sequence[Sequence[Any]]) -> list[int]:
        """Return what each row of any JSON values means."""
        columns = self._decisive(columns)
        looked_up = plain(columns)
        if all(one is other for one, other in zip(looked_up, columns, strict=True)):
            return self._codes(columns)
        rows = list(self._rows(looked_up))
        for row, values in zip(rows, zip(*columns, strict=True), strict=True):
            if row not in self:
                self._learn(row, values)
        self.asked += len(rows)
        return list(map(self.__getitem__, rows))

    def _decisive(self, columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        if self._slot.local is not None:
            columns = without_device(columns, *self._slot.local)
        return without_alone(columns, self._slot, self._tenant) if self._slot.alone else columns

    @staticmethod
    def _rows(columns: Sequence[Sequence[Any]]) -> Any:
        return columns[0] if len(columns) == 1 else zip(*columns, strict=True)

    def recurring(self, often: Sequence[bool], meanings: Sequence[Meaning | None]) -> dict[Any, Meaning | None]:
        """Return what values mean that will occur again, and were not known before.

        Where values often occur twice (users, machines) these are all, elsewhere those whose meaning did.
        """
        every, before = self.asked > _OFTEN * len(self), self._before
        return {row: meanings[code] for row, code in self.items() if (every or often[code]) and row not in before}


class Memos:
    """The memos of all places of one kind of record after the other.

    Parameters
    ----------
    collector : Collector
        Takes in what is found.
    before : dict
        What values meant in the parts of a frame that were read before.
    """

    def __init__(self, collector: Collector, before: Before) -> None:
        self._collector, self._before = collector, before
        self._found: dict[tuple[Any, str | None], Memo] = {}

    def of(self, slot: CompiledSlot, tenant: str | None) -> Memo:
        """Return the memo of a slot: slots that mean the same by the same values have one."""
        where = (slot.signature, tenant)
        found = self._found.get(where)
        if found is None:
            known = self._before.get(where, _NOTHING)
            found = self._found[where] = Memo(slot, tenant, self._collector.meaning, known)
        return found

    def recurring(self, found: Codes) -> Before:
        """Return what recurs, by place; `found` is what each mention means."""
        meanings = self._collector.table.meanings
        often = np.append(np.bincount(found, minlength=len(meanings)) > 1, True).tolist()  # -1 is the last
        return {where: memo.recurring(often, [*meanings, None]) for where, memo in self._found.items()}


class Judgements(dict[Any, int]):
    """From what items say of how they were judged to the code of it."""

    def __init__(self, take: Callable[[Judged], int]) -> None:
        self._take = take

    def __missing__(self, said: tuple[Any, ...]) -> int:
        code = self[said] = self._take(judgement(*said))
        return code

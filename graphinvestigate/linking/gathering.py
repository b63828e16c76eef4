"""Decoded records → what they mean, some hundred at a time: few enough that they stay in the processor's caches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphinvestigate.linking.meant import Judgements, Memo, Memos
from graphinvestigate.linking.pools import NONE, Codes, ints
from graphinvestigate.linking.struct_readers import SlotReader, TypedTable, Values


class SlotGathered:
    """What one slot of many records means.

    Attributes
    ----------
    reader : SlotReader
    """

    __slots__ = ("_items", "_meanings", "_memo", "_owners", "reader")

    def __init__(self, reader: SlotReader, memo: Memo) -> None:
        self.reader, self._memo = reader, memo
        self._owners: list[int] = []
        self._items: list[int] = []
        self._meanings: list[int] = []

    def read(self, values: Values, first: int, size: int) -> None:
        """Read some records more, `size` of them; `first` came before."""
        owners, items, columns = self.reader.read(values)
        if self.reader.in_list:
            if owners:
                self._owners += [first + owner for owner in owners] if first else owners
                self._items += items
                self._meanings += self._memo.codes(columns)
        elif self.reader.says_nothing(columns):
            self._meanings += [NONE] * size
        else:
            self._meanings += self._memo.codes(columns)

    def found(self) -> tuple[Codes, Codes, Codes]:
        """Return owner, list item (-1 outside of lists) and meaning of each mention."""
        meaning = ints(self._meanings)
        kept = np.flatnonzero(meaning != NONE)
        if not self.reader.in_list:
            return kept, np.full(len(kept), NONE), meaning[kept]
        return ints(self._owners)[kept], ints(self._items)[kept], meaning[kept]


class Gathered:
    """Decoded records of one table and one tenant.

    Parameters
    ----------
    reader : TypedTable
    tenant : str or None
    memos : Memos
    judgements : Judgements, optional
        Where they are evidence.

    Attributes
    ----------
    owners, places : list of int
        Of each record whose it is, and its place in the evidence.
    judged : list of int
        Codes of how each was judged.
    """

    def __init__(
        self, reader: TypedTable, tenant: str | None, memos: Memos, judgements: Judgements | None = None
    ) -> None:
        self.reader, self._judgements = reader, judgements
        self.slots = [SlotGathered(slot, memos.of(slot.slot, tenant)) for slot in reader.slots]
        self.owners: list[int] = []
        self.places: list[int] = []
        self.judged: list[int] = []

    def __len__(self) -> int:
        return len(self.owners)

    def read(self, records: list[Any], owners: Sequence[int], places: Sequence[int] = ()) -> None:
        """Take in some records."""
        values, first = Values(records), len(self.owners)
        for slot in self.slots:
            slot.read(values, first, len(records))
        if self._judgements is not None and self.reader.judged_by is not None:
            self.judged += map(self._judgements.__getitem__, map(self.reader.judged_by, records))
        self.owners += owners
        self.places += places

"""Mention tables as typed readers: only the places that a table reads are decoded, all others are passed over.

A record whose places have other shapes than the table expects (text where an object should be) is refused by its
reader, and read plainly (`reading`) with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec

from graphinvestigate.linking.paths_in_tables import CompiledSlot, compiled
from graphinvestigate.linking.tables import Table

JUDGEMENT = ("roles", "verdict", "remediationStatus")
# What can be looked up as it is: 1, 1.0 and true are one key, so that a record with the latter is read plainly.
Leaf: TypeAlias = str | int | tuple[str, ...] | None
Chain: TypeAlias = tuple[str, ...]
_LISTS = (list, tuple)


class _Place:
    """What a table reads at one object: property name → what is read there (None: any value, as it is)."""

    def __init__(self) -> None:
        self.members: dict[str, _Place | _Items | None] = {}
        self.typed: dict[str, Any] = {}
        self._names: dict[str, str] = {}

    def attribute(self, name: str) -> str:
        return self._names.setdefault(name, f"f{len(self._names)}")

    def leaf(self, steps: Sequence[str]) -> Chain:
        """Have a value read; give the attributes that lead to it."""
        place, chain = self, []
        for step in steps[:-1]:
            chain.append(place.attribute(step))
            place = place._below(step, _Place)
        chain.append(place.attribute(steps[-1]))
        if place.members.setdefault(steps[-1], None) is not None:
            raise _NotTyped
        return tuple(chain)

    def _below(self, name: str, kind: Callable[[], Any]) -> Any:
        member = self.members.setdefault(name, kind())
        if not isinstance(member, kind):  # type: ignore[arg-type]
            raise _NotTyped
        return member

    def struct(self, **options: Any) -> Any:
        """Return the msgspec type that reads it."""
        fields = []
        for name, member in self.members.items():
            kind: Any = self.typed.get(name, Leaf)
            if isinstance(member, _Place):
                kind = member.struct() | None
            elif isinstance(member, _Items):
                kind = list[member.place.struct() | None] | None  # type: ignore[misc]
            fields.append((self.attribute(name), kind, msgspec.field(name=name, default=None)))
        return msgspec.defstruct("Place", fields, gc=False, **options)


class _Items:
    """A list of objects."""

    def __init__(self) -> None:
        self.place = _Place()


class _NotTyped(Exception):  # noqa: N818 (a signal within this module)
    """A table reads one place in two ways; it is read plainly."""


class Values:
    """Follows attributes through many objects, each way once."""

    def __init__(self, objects: list[Any]) -> None:
        self._found: dict[Chain, list[Any]] = {(): objects}

    def at(self, chain: Chain) -> list[Any]:
        """Return what a chain of attributes leads to from each object; None where one is missing."""
        found = self._found.get(chain)
        if found is None:
            objects, get = self.at(chain[:-1]), attrgetter(chain[-1])
            try:
                found = list(map(get, objects))
            except AttributeError:  # of None
                found = [None if one is None else get(one) for one in objects]
            self._found[chain] = found
        return found


class ColumnReader:
    """Reads one slot from columns.

    Attributes
    ----------
    slot : CompiledSlot
    paths : tuple of str
        The columns that it reads, in order.
    """

    def __init__(self, slot: CompiledSlot) -> None:
        self.slot = slot
        base = [name for name, _ in slot.base]
        self.paths = tuple(".".join((*(() if at_root else base), *steps)) for at_root, steps in slot.paths)
        self._firsts = sorted({places[0] for _, places, _ in slot.ids})

    def says_nothing(self, columns: Sequence[Sequence[Any]]) -> bool:
        """Whether no column holds a value that an identifier could be made of."""
        return not any(any(columns[place]) for place in self._firsts) and all(
            columns[place].count(None) == len(columns[place]) for place in self._firsts
        )


class SlotReader(ColumnReader):
    """Finds the values of one slot in many decoded records.

    Attributes
    ----------
    slot : CompiledSlot
    base : str
        Path of the place, as it stands in fields of references; `in_list` where one item of a list is meant.
    in_list : bool
    after : str
        What follows the list item in the path.
    """

    def __init__(self, slot: CompiledSlot, root: _Place) -> None:
        super().__init__(slot)
        lists = [place for place, (_, is_list) in enumerate(slot.base) if is_list]
        if len(lists) > 1:
            raise _NotTyped
        self.in_list = bool(lists)
        cut = lists[0] + 1 if lists else len(slot.base)
        self.base = ".".join(name for name, _ in slot.base[:cut])
        self.after = "".join(f".{name}" for name, _ in slot.base[cut:])
        names = [name for name, _ in slot.base]
        if self.in_list:
            place = root
            self._base: Chain = ()
            for name in names[: cut - 1]:
                self._base += (place.attribute(name),)
                place = place._below(name, _Place)
            self._base += (place.attribute(names[cut - 1]),)
            scalars = not names[cut:] and all(not steps for from_root, steps in slot.paths if not from_root)
            if scalars:
                if place.members.setdefault(names[cut - 1], None) is not None:
                    raise _NotTyped
                inner = None
            else:
                inner = place._below(names[cut - 1], _Items).place
            self._columns = [
                _column(root, [], steps, at_root) if at_root else _column(inner, names[cut:], steps, at_root)
                for at_root, steps in slot.paths
            ]
        else:
            self._base = ()
            self._columns = [_column(root, [] if at_root else names, steps, True) for at_root, steps in slot.paths]

    def read(self, records: Values) -> tuple[list[int], list[int], list[list[Any]]]:
        """Return the record of each place, its place in the list (empty where there is none), and a column per path."""
        if not self.in_list:
            return [], [], [records.at(chain) for chain, _ in self._columns]
        owners: list[int] = []
        places: list[int] = []
        items: list[Any] = []
        lists = records.at(self._base)
        for at, listed in enumerate(lists) if any(lists) else ():  # most are empty
            if type(listed) in _LISTS:
                for place, item in enumerate(listed):
                    if item is not None:
                        owners.append(at)
                        places.append(place)
                        items.append(item)
        inside = Values(items)
        columns = []
        for chain, at_root in self._columns:
            if at_root:
                whole = records.at(chain)
                columns.append([whole[owner] for owner in owners])
            else:
                columns.append(inside.at(chain))
        return owners, places, columns


def _column(place: _Place | None, names: Sequence[str], steps: Sequence[str], at_root: bool) -> tuple[Chain, bool]:
    if place is None:
        return (), False
    if not names and not steps:
        raise _NotTyped
    return place.leaf([*names, *steps]), at_root


class TypedTable:
    """A table whose places are decoded with types.

    Attributes
    ----------
    table : Table
    slots : list of SlotReader
    struct : type
        What records of it are decoded to.
    judged_by : callable or None
        Gives what `JUDGEMENT` says of a record: a tuple of texts, and None.
    """

    def __init__(self, table: Table, *, tag: str | None = None) -> None:
        if table.nested:
            raise _NotTyped
        root = _Place()
        self.table = table
        self.slots = [SlotReader(slot, root) for slot in compiled(table)]
        names = [root.leaf([name])[0] for name in JUDGEMENT] if tag is not None else []
        self.judged_by = attrgetter(*names) if names else None
        text = str | None
        if tag is not None:
            root.typed = {"roles": tuple[str, ...] | None, "verdict": text, "remediationStatus": text}
        options = {} if tag is None else {"tag_field": "@odata.type", "tag": tag}
        self.struct = root.struct(**options)


@cache
def column_readers(table: Table) -> tuple[ColumnReader, ...]:
    """Return a reader per slot, for records whose properties stand in columns."""
    return tuple(ColumnReader(slot) for slot in compiled(table))


@cache
def typed(table: Table) -> TypedTable | None:
    """Return the typed reader of a kind of record, or None where it has to be read plainly."""
    try:
        return TypedTable(table)
    except _NotTyped:
        return None


def typed_evidence(tables: dict[str, Table], prefix: str) -> tuple[Any, dict[Any, TypedTable | None]]:
    """Return a decoder of lists of evidence, and the table of each decoded item (None: to be read plainly).

    A list with evidence of other types is refused.
    """
    by_struct: dict[Any, TypedTable | None] = {}
    for name, table in tables.items():
        tag = prefix + name
        try:
            reader = TypedTable(table, tag=tag)
            by_struct[reader.struct] = reader
        except _NotTyped:
            by_struct[msgspec.defstruct("Place", [], gc=False, tag_field="@odata.type", tag=tag)] = None
    union: Any = None
    for struct in by_struct:
        union = struct if union is None else union | struct
    return msgspec.json.Decoder(list[union]), by_struct

"""Paths of the mention tables, taken apart once, and how to follow them through JSON values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from graphinvestigate.linking.identifiers import ONLY_ALONE, Reader, ranks_of
from graphinvestigate.linking.meanings import Means, means
from graphinvestigate.linking.shapes import reader_of
from graphinvestigate.linking.tables import MAIN, Nested, Slot, Table, When

Json: TypeAlias = dict[str, Any]


PathTaken: TypeAlias = tuple[bool, tuple[str, ...]]
"""Whether a path starts at the root, and its property names."""


Steps: TypeAlias = tuple[tuple[str, bool], ...]
"""Property names, each with whether every item of a list is meant."""


class CompiledSlot(NamedTuple):
    """A slot whose paths are taken apart; identifiers, labels and facts point into `paths`."""

    name: str
    kind: str
    paths: tuple[PathTaken, ...]
    names: tuple[str, ...] | None  # the paths, where each is one property name at the base
    ids: tuple[tuple[str, tuple[int, ...], str], ...]
    readers: tuple[Reader, ...]  # what makes an identifier of each of `ids`
    ranks: Mapping[str, int]  # identifier types of the kind, strongest 0
    base: tuple[tuple[str, bool], ...]
    relation: str
    labels: tuple[int, ...]
    facts: tuple[tuple[str, int], ...]
    label_place: int
    private_is_fact: bool
    inverse: bool
    is_main: bool
    when: tuple[When, tuple[int, ...]] | None
    local: tuple[tuple[int, ...], tuple[int, ...]] | None  # values that matter for local accounts only
    alone: tuple[int, ...]  # values that matter only where nothing but an identifier of `ONLY_ALONE` is found
    means: Means  # what values at the paths mean

    @property
    def signature(self) -> tuple[Any, ...]:
        """What decides what values mean: slots of one signature mean the same by the same values."""
        paths = tuple(steps for _, steps in self.paths)
        return (
            *(self.kind, paths, self.ids, self.labels, self.facts),
            *(self.label_place, self.private_is_fact, self.when),
        )


@cache
def compiled(table: Table) -> tuple[CompiledSlot, ...]:
    """Return the slots of a table with their paths taken apart."""
    return tuple(_compile(slot) for slot in table.slots)


@cache
def compiled_nested(table: Table) -> tuple[tuple[str, tuple[tuple[str, bool], ...], Nested], ...]:
    """Return name, path and declaration of a table's nested evidence."""
    return tuple((nested.name, _steps(nested.path), nested) for nested in table.nested)


@cache
def main_names(table: Table) -> tuple[str, ...]:
    """Return the names of the slots that say what an evidence item is about."""
    return tuple(dict.fromkeys(slot.name for slot in table.slots if slot.relation == MAIN))


def _compile(slot: Slot) -> CompiledSlot:
    places: dict[PathTaken, int] = {}

    def place(path: str) -> int:
        return places.setdefault(_key(path), len(places))

    several = [(kind, (paths,) if isinstance(paths, str) else paths) for kind, paths in slot.ids]
    ids = tuple((kind, tuple(place(path) for path in paths), paths[0]) for kind, paths in several)
    labels = tuple(place(path) for path in slot.labels)
    facts = tuple((snake(path.rsplit(".", 1)[-1]), place(path)) for path in slot.facts)
    when = None if slot.when is None else (slot.when, tuple(place(path) for path in slot.when.paths))
    shown = {*labels, *(at for _, at in facts), *(when[1] if when else ())}

    def only_in(declared: Collection[str]) -> set[int]:
        other = {one for name, at, _ in ids if name not in declared for one in at}
        return {one for _, at, _ in ids for one in at} - other - shown

    local = next((at for declared, at, _ in ids if declared == "local_account"), None)
    readers, ranks = tuple(reader_of(declared) for declared, _, _ in ids), ranks_of(slot.kind)
    plain = all(not from_root and len(steps) == 1 for from_root, steps in places)
    return CompiledSlot(
        slot.name,
        slot.kind,
        tuple(places),
        tuple(steps[0] for _, steps in places) if plain else None,
        ids,
        readers,
        ranks,
        _steps(slot.base),
        slot.relation,
        labels,
        facts,
        slot.label_place,
        slot.private_is_fact,
        slot.inverse,
        slot.relation == MAIN,
        when,
        None if local is None else (local, tuple(at for at in local if at in only_in({"local_account"}))),
        tuple(sorted(only_in(ONLY_ALONE))),
        means(
            *(slot.kind, ids, readers, ranks),
            names_at=tuple(enumerate(labels, slot.label_place)),
            facts_at=sorted(facts),
            private_is_fact=slot.private_is_fact,
            when=when,
        ),
    )


def _steps(path: str) -> tuple[tuple[str, bool], ...]:
    return tuple((step.removesuffix("[]"), step.endswith("[]")) for step in path.split(".")) if path else ()


def _key(path: str) -> tuple[bool, tuple[str, ...]]:
    from_root = path.startswith("/")
    path = path.removeprefix("/")
    steps = path.replace("@odata.", "@odata\0").split(".") if path else ()
    return from_root, tuple(step.replace("\0", ".") for step in steps)


def snake(name: str) -> str:
    """Return a property name in snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).casefold()


def elements(data: Json, base: tuple[tuple[str, bool], ...], prefix: str) -> Sequence[tuple[Any, str]]:
    """Return what a base path leads to, each with its JSON path (without a dot at its end)."""
    if not base:
        return ((data, prefix[:-1]),)
    at: list[tuple[Any, str]] = [(data, prefix)]
    for key, is_list in base:
        following: list[tuple[Any, str]] = []
        for item, path in at:
            value = item.get(key) if isinstance(item, dict) else None
            if value is None:
                continue
            if not is_list:
                following.append((value, f"{path}{key}."))
            elif isinstance(value, list):
                following.extend((v, f"{path}{key}[{i}].") for i, v in enumerate(value))
        if not following:
            return ()
        at = following
    return [(value, path[:-1]) for value, path in at]


def get(element: Any, keys: tuple[str, ...]) -> Any:
    """Follow property names; None where one is missing."""
    for key in keys:
        if not isinstance(element, dict):
            return None
        element = element.get(key)
    return element

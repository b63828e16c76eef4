"""Columns of values, made ready to be looked up: what decides nothing about whom they name is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphinvestigate.linking.identifiers import ONLY_ALONE, is_local_account
from graphinvestigate.linking.paths_in_tables import CompiledSlot
from graphinvestigate.linking.reading import frozen

_PLAIN = frozenset({str, int, type(None)})


def plain(columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Return columns of what can be looked up."""
    return [column if _PLAIN.issuperset(map(type, column)) else list(map(frozen, column)) for column in columns]


def without_device(
    columns: Sequence[Sequence[Any]], local: Sequence[int], blank: Sequence[int]
) -> Sequence[Sequence[Any]]:
    """Leave out the device where it decides nothing: an account of a domain is the same on every device."""
    rows = zip(*(columns[place] for place in local), strict=True)
    keep = [is_local_account(values) for values in rows]
    changed = list(columns)
    for place in blank:
        changed[place] = [value if kept else None for value, kept in zip(columns[place], keep, strict=True)]
    return changed


def without_alone(columns: Sequence[Sequence[Any]], slot: CompiledSlot, tenant: str | None) -> Sequence[Sequence[Any]]:
    """Leave out what decides nothing where better is known: a file with a hash is the same on every device."""
    named = [False] * len(columns[0])
    for (declared, places, _), read in zip(slot.ids, slot.readers, strict=True):
        if declared not in ONLY_ALONE and len(places) == 1 and not all(named):
            column = columns[places[0]]
            says = {value: read([value], tenant) is not None for value in set(filter(_is_text, column))}
            named = [known or (type(value) is str and says[value]) for known, value in zip(named, column, strict=True)]
    changed = list(columns)
    for place in slot.alone:
        changed[place] = [None if known else value for known, value in zip(named, columns[place], strict=True)]
    return changed


def _is_text(value: Any) -> bool:
    return type(value) is str

"""What a lake is asked: checked once, before anything is read. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, Resource
from graphinvestigate.queries.questions import Values, known_values, whole_number
from graphinvestigate.text import log

_OWN = ("record_kind", "pull_id", "raw")  # columns of every frame of records


def resource_called(name: object) -> Resource:
    """Find the kind of record that goes by a name.

    Raises
    ------
    UsageError
        None does; the message lists what there is.
    """
    if not isinstance(name, str) or name not in RESOURCES:
        raise UsageError(f"{log(repr(name))[:80]}: no such records; there are {', '.join(sorted(RESOURCES))}.")
    return RESOURCES[name]


def sources_of(sources: Iterable[str], known: Collection[str]) -> list[str]:
    """Give the names of some sources, each once.

    Parameters
    ----------
    sources : iterable of str
        A single name is no list of its letters.
    known : collection of str

    Returns
    -------
    list of str

    Raises
    ------
    UsageError
        One is not known, there is none, or it is no list.
    """
    given = list(sources) if isinstance(sources, Iterable) and not isinstance(sources, str | bytes) else None
    if not given or not all(isinstance(name, str) and name in known for name in given):
        raise UsageError(
            f"sources takes a list of some of {', '.join(sorted(known))}; got {log(repr(given or sources))[:80]}."
        )
    return list(dict.fromkeys(given))


def texts_asked(resource: Resource, where: Mapping[str, Values] | None) -> dict[str, tuple[str, ...]]:
    """Check `where=`: columns of texts, and the texts asked for.

    A value that Graph does not know may stand in a record all the same (a table of Sentinel's has others).
    """
    if where is None:
        return {}
    if not isinstance(where, Mapping):
        raise UsageError(f"where takes a dict such as {{'severity': 'high'}}; got {log(repr(where))[:80]}.")
    texts = [column.name for column in resource.columns if column.dtype == "string"]
    _check_columns(resource, where, texts, "column of texts")
    found = {}
    for name, values in where.items():
        if values is None:
            continue
        given = (values,) if isinstance(values, str) else tuple(values) if isinstance(values, Collection) else ()
        if not given or not all(isinstance(value, str) and value.strip() for value in given):
            raise UsageError(f"{name} takes a string or a list of strings; got {log(repr(values))[:80]}.")
        found[name] = tuple(value.strip() for value in given)
    return found


def values_asked(resource: Resource, chosen: Mapping[str, Values]) -> dict[str, Values]:
    """Check the values of columns that Graph gives a list of: a misspelt one is refused, as `list_…` does."""
    return {name: known_values(resource, name, values) for name, values in chosen.items() if values is not None}


def columns_asked(resource: Resource, columns: Collection[str] | None) -> list[str] | None:
    """Check `columns=`: names of columns of a frame of these records, each once; None for all."""
    if columns is None:
        return None
    if isinstance(columns, str | bytes) or not isinstance(columns, Iterable):
        raise UsageError(f"columns takes a list of columns; got {log(repr(columns))[:80]}.")
    given = list(columns)
    _check_columns(resource, given, [*(column.name for column in resource.columns), *_OWN], "column")
    return list(dict.fromkeys(given))


def _check_columns(resource: Resource, names: Iterable[object], known: Collection[str], what: str) -> None:
    wrong = [name for name in names if not isinstance(name, str) or name not in known]
    if wrong:
        near = [one for name in wrong for one in get_close_matches(str(name), known, n=1)]
        meant = f"; did you mean {', '.join(near)}?" if near else "."
        raise UsageError(f"{resource.name} have no such {what}: {log(', '.join(map(str, wrong)))}{meant}")


def number(name: str, value: int) -> int:
    """Check a number from 1 on that has to be given."""
    found = whole_number(name, value)
    if found is None:
        raise UsageError(f"{name} takes a whole number from 1; got None.")
    return min(found, 2**62)  # (what engines can count to)


def seconds(name: str, value: float) -> float:
    """Check a length of time in seconds, which may be 0."""
    given = isinstance(value, int | float) and not isinstance(value, bool)
    if not given or not 0 <= value < math.inf:
        raise UsageError(f"{name} takes seconds, a number from 0 on; got {log(repr(value))[:60]}.")
    return float(min(value, 1e12))

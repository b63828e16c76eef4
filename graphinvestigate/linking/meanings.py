"""What the values in one place mean: whom they name, by which identifiers, and what else they say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from graphinvestigate.linking.identifiers import (
    ONLY_ALONE,
    Identifier,
    Reader,
    is_private_ip,
    rank,
    short_name_of,
)
from graphinvestigate.linking.tables import When


class Meaning(NamedTuple):
    """What the values in one place mean: the same wherever the same values stand."""

    kind: str
    ids: tuple[Identifier, ...]
    paths: tuple[str, ...]
    values: tuple[Any, ...]
    names: tuple[tuple[int, str], ...]
    facts: tuple[tuple[str, str], ...]  # in the order of their names


Means: TypeAlias = Callable[[Sequence[Any], str | None], Meaning | None]
"""From the values at a slot's paths, and the tenant, to what they mean; None where they name nobody."""
Declared: TypeAlias = tuple[str, tuple[int, ...], str]
"""An identifier's declared type, which values it is made of, and the path of the first."""
_Found: TypeAlias = tuple[int, Identifier, str, Any]
_as_meaning = tuple.__new__  # what `Meaning(…)` does, and twice as fast
_by_strength = itemgetter(0, 1)


def means(
    kind: str,
    ids: Sequence[Declared],
    readers: Sequence[Reader],
    ranks: Mapping[str, int],
    *,
    names_at: Sequence[tuple[int, int]],
    facts_at: Sequence[tuple[str, int]],
    private_is_fact: bool,
    when: tuple[When, tuple[int, ...]] | None,
) -> Means:
    """Return what finds the meaning of the values at a slot's paths.

    Parameters
    ----------
    kind : str
        The entity's.
    ids, readers
        What identifiers are made of, and what makes them.
    ranks : mapping
        Places of identifier types, strongest 0.
    names_at : sequence of (place, number)
        Which values are names, and their places among all names of the kind.
    facts_at : sequence of (name, number)
        Which values are facts, by name.
    private_is_fact : bool
        Whether a private address names nobody here.
    when : (When, numbers), optional
        A condition, and the values that it is of.
    """
    only = len(ids) == 1 and kind != "host"
    (_, at_only, path_only), read_only = ids[0], readers[0]
    first_only, alone, paths_only = at_only[0], len(at_only) == 1, (path_only,)
    several = [(places, len(places) == 1, path, read) for (_, places, path), read in zip(ids, readers, strict=True)]
    weakest = len(ranks)

    def identify(values: Sequence[Any], tenant: str | None) -> tuple[Any, Any, Any] | None:
        found: list[_Found] = []
        last, ascending, before = -1, True, None
        for places, single, path, read in several:
            first = values[places[0]]
            if first is None:
                continue
            made = read((first,) if single else [values[place] for place in places], tenant)
            if made is not None and made != before:
                strength = ranks.get(made[0], weakest)
                ascending = ascending and last < strength
                last, before = strength, made
                found.append((strength, made, path, first))
        if not ascending:
            found.sort(key=_by_strength)
        if kind == "host":
            _say_short_name(found, tenant)
        if kind == "file" and len(found) > 1:
            found = [f for f in found if f[1][0] not in ONLY_ALONE] or found
        if not ascending and len({f[1] for f in found}) < len(found):
            # The same identifier in two places (an object id and the SID that spells it) is one.
            found = list({f[1]: f for f in reversed(found)}.values())[::-1]
        if not found:
            return None
        _, made_of, paths, originals = zip(*found, strict=True)
        return made_of, paths, originals

    def meaning(values: Sequence[Any], tenant: str | None) -> Meaning | None:
        if when is not None and not when[0].holds(values[place] for place in when[1]):
            return None
        if only:
            first = values[first_only]
            if first is None:
                return None
            made = read_only((first,) if alone else [values[place] for place in at_only], tenant)
            if made is None:
                return None
            whole: tuple[Any, Any, Any] = ((made,), paths_only, (first,))
        else:
            found = identify(values, tenant)
            if found is None:
                return None
            whole = found
        if private_is_fact:
            id_type, value = whole[0][0]
            if id_type == "private_ip" or (id_type != "ip" and is_private_ip(value)):
                return None
        names: list[tuple[int, str]] = []
        for place, at in names_at:
            value = values[at]
            if type(value) is str:
                if said := value.strip():
                    names.append((place, said))
            elif value is not None and (number := text(value)):
                names.append((place, number))
        facts: list[tuple[str, str]] = []
        for name, at in facts_at:
            value = values[at]
            if type(value) is str:
                if said := value.strip():
                    facts.append((name, said))
            elif value is not None:
                listed = value if type(value) is list or type(value) is tuple else (value,)
                facts += [(name, one) for one in map(text, listed) if one]
        return _as_meaning(Meaning, (kind, *whole, tuple(names), tuple(facts)))

    return meaning


def _say_short_name(found: list[_Found], tenant: str | None) -> None:
    """Take in the short name that a full one says too: to tell whether a short name means one host."""
    full = None
    for one in found:
        if one[1][0] == "short_name":
            return
        if full is None and one[1][0] in ("fqdn", "local_fqdn"):
            full = one
    if full is not None:
        found.append((rank("host", "short_name"), short_name_of(full[1][1], tenant), *full[2:]))


def text(value: object) -> str | None:
    """Return a name or a fact as text; None where it is empty, or no text and no number."""
    if type(value) is str:
        return value.strip() or None
    return str(value) if type(value) in (int, float) else None

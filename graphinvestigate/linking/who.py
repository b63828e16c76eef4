"""Who is who among what a graph observed: nearly all in columns (`identity_columns`), the rest by the resolver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import eq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphinvestigate.linking.identifiers import BARE_KEYS, RANKED, SCOPED, has_tenant
from graphinvestigate.linking.identity import KindedId, Resolution, note_domains, resolve
from graphinvestigate.linking.identity_columns import Known, components
from graphinvestigate.linking.nodes import Entity, Record, places_in_order
from graphinvestigate.linking.observations import Observations
from graphinvestigate.linking.overrides import Overrides
from graphinvestigate.linking.pools import NONE, Codes, Pool, chosen, distinct, ints

_as_entity = tuple.__new__  # what `Entity(…)` does, and twice as fast


@dataclass(slots=True, eq=False)
class Who:
    """The entities of a graph.

    Attributes
    ----------
    entities : list of Entity
        Sorted.
    observation, start : ndarray of int
        Places of observations, those of one entity after the other; where those of each entity begin (and one more).
    of_end : ndarray of int
        Place of the entity of each end; -1 for a record.
    found : Resolution
        What the resolver had to say: of what was contested, or of all.
    """

    entities: list[Entity]
    observation: Codes
    start: Codes
    of_end: Codes
    found: Resolution


def who(
    observations: Observations,
    ends: Pool[Record | KindedId],
    *,
    tenants: Collection[str],
    overrides: Overrides,
) -> Who:
    """Find the entity of each observation and of each end.

    Parameters
    ----------
    observations : Observations
        What they are, is as for `identity.resolve`.
    ends : Pool of records and (kind, type, value)
        Records, and first identifiers of observations. The other identifiers may be added to them.
    tenants, overrides
        As for `identity.resolve`.
    """
    size = len(ends)  # other identifiers may be taken in behind them
    if len(observations) and not overrides.merges and not overrides.splits:
        found = _by_columns(observations, ends, tenants)
        if found is not None:
            return found
    whole = resolve(
        map(observations.reader(ends.values), range(len(observations))), tenants=tenants, overrides=overrides
    )
    leads = whole.leads
    entities: list[Entity] = [leads[ends.values[first]] for first in observations.first]  # type: ignore[index]
    listed = list(dict.fromkeys(entities))
    number: dict[Entity, int] = {entity: at for at, entity in enumerate(listed)}
    of_observation = ints([number[entity] for entity in entities])
    of_end = ints([NONE if isinstance(end, Record) else number[leads[end]] for end in ends.values[:size]])
    return _in_order(listed, of_observation, of_end, whole)


def _by_columns(observations: Observations, ends: Pool[Record | KindedId], tenants: Collection[str]) -> Who | None:
    """Find it in columns; None where a tenant has to be added, or where two entities would have one key."""
    named: list[Any] = []
    size: list[int] = []
    domains: defaultdict[str, set[str]] = defaultdict(set)
    for kind, ids in observations.several():
        named += [(kind, id_type, value) for id_type, value in ids]
        size.append(len(ids))
        if kind == "host":
            note_domains(ids, domains)
    size_before = len(ends)
    flat = ends.codes(named)  # what is new there is no end of a reference
    every: list[Any] = ends.values
    pairs = observations.sorts
    pair = np.full(len(every), NONE)
    pair[flat] = pairs.codes([one[:2] for one in named])
    pair[observations.first] = observations.sort
    others = np.flatnonzero(pair == NONE)  # nearly all are records
    pair[others] = pairs.code(("", ""))
    alone = [at for at in others.tolist() if len(every[at]) != 2]
    pair[alone] = pairs.codes([every[at][:2] for at in alone])
    if len(tenants) == 1 and not _all_say_tenants(pairs.values, pair, every):
        return None
    known = Known(pairs.values, pair, lambda at: every[at][2])
    strongest, contested = components(known, flat, ints(size), domains, refused=True)
    first = ints(observations.first)
    asked = contested[first]
    by_resolver = list(map(observations.reader(every), np.flatnonzero(asked).tolist()))
    found = resolve(by_resolver, domains=domains)
    calm, _ = distinct(strongest[first[~asked]])
    bare = [kind in BARE_KEYS and id_type in RANKED[kind] for kind, id_type in pairs.values]
    listed = [
        _as_entity(Entity, (one[0], one[2] if plain else f"{one[1]}={one[2]}"))
        for one, plain in zip(chosen(every, calm), chosen(bare, pair[calm]), strict=True)
    ]
    settled = list(dict.fromkeys(found.leads.values()))
    if any(_is_spelt_alike(entity, ends, contested) for entity in settled):
        return None
    number = np.full(len(every), NONE)
    number[calm] = np.arange(len(calm))
    number = np.where(contested, NONE, number[strongest])
    place = {entity: len(listed) + at for at, entity in enumerate(settled)}
    for at in np.flatnonzero(contested).tolist():
        number[at] = place[found.leads[every[at]]]
    whole = _in_order([*listed, *settled], number[first], number[:size_before], found)
    return None if any(map(eq, whole.entities, islice(whole.entities, 1, None))) else whole


def _is_spelt_alike(entity: Entity, ends: Pool[Any], contested: NDArray[np.bool_]) -> bool:
    """Tell whether an identifier of another entity, which nothing contests, is spelt as this one's key."""
    same = (ends.find((entity.kind, id_type, entity.key)) for id_type in RANKED.get(entity.kind, ()))
    return any(at is not None and not contested[at] for at in same)


def _all_say_tenants(pairs: Sequence[tuple[str, str]], pair: Codes, ids: Sequence[Any]) -> bool:
    scoped = np.array([id_type in SCOPED for _, id_type in pairs] or [False], np.bool_)
    return all(has_tenant(ids[at][2]) for at in np.flatnonzero(scoped[pair]).tolist())


def _in_order(listed: Sequence[Entity], of_observation: Codes, of_end: Codes, found: Resolution) -> Who:
    """Sort the entities that observations are of; the others are none."""
    seen = np.zeros(len(listed), np.bool_)
    seen[of_observation] = True
    kept = np.flatnonzero(seen).tolist()
    order = places_in_order([listed[at] for at in kept])
    entities = [listed[kept[at]] for at in order]
    onward = np.full(len(listed) + 1, NONE)  # -1 is the last
    onward[ints(kept)[order]] = np.arange(len(order))
    entity = onward[of_observation]
    start = np.append(0, np.cumsum(np.bincount(entity, minlength=len(entities))))
    return Who(entities, np.argsort(entity, kind="stable"), start, onward[of_end], found)

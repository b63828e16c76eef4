"""Who is who among what a graph observed: nearly all in columns (`identity_columns`), the rest by the resolver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphinvestigate.linking.identifiers import BARE_KEYS, RANKED, SCOPED, has_tenant
from graphinvestigate.linking.identity import KindedId, Observation, Resolution, note_domains, resolve
from graphinvestigate.linking.identity_columns import Known, components
from graphinvestigate.linking.nodes import Entity, Record, in_order
from graphinvestigate.linking.overrides import Overrides
from graphinvestigate.linking.pools import NONE, Codes, Pool, ints


@dataclass(slots=True, eq=False)
class Who:
    """The entities of a graph.

    Attributes
    ----------
    entities : list of Entity
        Sorted.
    observed : list of list of Observation
        What each entity was seen as.
    of_end : ndarray of int
        Place of the entity of each end; -1 for a record.
    found : Resolution
        What the resolver had to say: of what was contested, or of all.
    """

    entities: list[Entity]
    observed: list[list[Observation]]
    of_end: Codes
    found: Resolution


def who(
    observations: Collection[Observation],
    ends: Sequence[Record | KindedId],
    *,
    tenants: Collection[str],
    overrides: Overrides,
) -> Who:
    """Find the entity of each observation and of each end.

    Parameters
    ----------
    observations : collection of (kind, identifiers)
        As for `identity.resolve`, each once.
    ends : sequence of records and (kind, type, value)
        Records, and first identifiers of observations.
    tenants, overrides
        As for `identity.resolve`.
    """
    if not overrides.merges and not overrides.splits:
        found = _by_columns(observations, ends, tenants)
        if found is not None:
            return found
    whole = resolve(observations, tenants=tenants, overrides=overrides)
    leads = whole.leads
    return _made(
        observations,
        [leads[kind, ids[0][0], ids[0][1]] for kind, ids in observations],
        [None if isinstance(end, Record) else leads[end] for end in ends],
        whole,
    )


def _by_columns(
    observations: Collection[Observation], ends: Sequence[Record | KindedId], tenants: Collection[str]
) -> Who | None:
    """Find it in columns; None where a tenant has to be added, or where two entities would have one key."""
    codes: dict[Any, int] = {end: at for at, end in enumerate(ends)}
    first = ints([codes.setdefault((kind, ids[0][0], ids[0][1]), len(codes)) for kind, ids in observations])
    flat: list[int] = []
    size: list[int] = []
    domains: defaultdict[str, set[str]] = defaultdict(set)
    for kind, ids in observations:
        if len(ids) > 1:
            flat += [codes.setdefault((kind, id_type, value), len(codes)) for id_type, value in ids]
            size.append(len(ids))
            if kind == "host":
                note_domains(ids, domains)
    every: list[Any] = list(codes)
    pairs: Pool[tuple[str, str]] = Pool()
    pair = pairs.codes(("", "") if len(end) == 2 else end[:2] for end in every)
    if len(tenants) == 1 and not _all_say_tenants(pairs.values, pair, every):
        return None
    known = Known(pairs.values, pair, lambda at: every[at][2])
    strongest, contested = components(known, ints(flat), ints(size), domains, refused=True)
    asked = contested[first].tolist() if len(first) else []
    found = resolve([one for one, by_resolver in zip(observations, asked, strict=True) if by_resolver], domains=domains)
    leads = found.leads
    entity: dict[int, Entity] = {}
    for at in np.unique(strongest[first[~contested[first]]]).tolist() if len(first) else ():
        kind, id_type, value = every[at]
        bare = kind in BARE_KEYS and id_type in RANKED[kind]
        entity[at] = Entity(kind, value if bare else f"{id_type}={value}")
    if len({*entity.values(), *leads.values()}) < len(entity) + len(set(leads.values())):
        return None

    def of(at: int) -> Entity | None:
        named = leads.get(every[at])
        return entity.get(int(strongest[at])) if named is None else named

    return _made(observations, list(map(of, first.tolist())), list(map(of, range(len(ends)))), found)


def _all_say_tenants(pairs: Sequence[tuple[str, str]], pair: Codes, ids: Sequence[Any]) -> bool:
    scoped = np.array([id_type in SCOPED for _, id_type in pairs] or [False], np.bool_)
    return all(has_tenant(ids[at][2]) for at in np.flatnonzero(scoped[pair]).tolist())


def _made(
    observations: Iterable[Observation],
    of_observation: Sequence[Entity | None],
    of_end: Sequence[Entity | None],
    found: Resolution,
) -> Who:
    entities: list[Entity] = in_order({one for one in of_observation if one is not None})
    place: dict[Entity | None, int] = {one: at for at, one in enumerate(entities)}
    place[None] = NONE
    observed: list[list[Observation]] = [[] for _ in entities]
    for observation, one in zip(observations, of_observation, strict=True):
        observed[place[one]].append(observation)
    return Who(entities, observed, ints([place[one] for one in of_end]), found)

"""Who is who among what a graph observed: nearly all in columns (`identity_columns`), the rest by the resolver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
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
    observed : list of list of int
        Places of the observations that are of each entity.
    of_end : ndarray of int
        Place of the entity of each end; -1 for a record.
    found : Resolution
        What the resolver had to say: of what was contested, or of all.
    """

    entities: list[Entity]
    observed: list[list[int]]
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
    if observations and not overrides.merges and not overrides.splits:
        found = _by_columns(observations, ends, tenants)
        if found is not None:
            return found
    whole = resolve(observations, tenants=tenants, overrides=overrides)
    leads = whole.leads
    listed = list(dict.fromkeys(leads[kind, ids[0][0], ids[0][1]] for kind, ids in observations))
    number: dict[Entity, int] = {entity: at for at, entity in enumerate(listed)}
    of_observation = ints([number[leads[kind, ids[0][0], ids[0][1]]] for kind, ids in observations])
    of_end = ints([NONE if isinstance(end, Record) else number[leads[end]] for end in ends])
    return _in_order(listed, of_observation, of_end, whole)


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
    asked = contested[first]
    by_resolver = [one for one, its in zip(observations, asked.tolist(), strict=True) if its] if asked.any() else []
    found = resolve(by_resolver, domains=domains)
    calm = np.unique(strongest[first[~asked]])
    listed = []
    for kind, id_type, value in map(every.__getitem__, calm.tolist()):
        bare = kind in BARE_KEYS and id_type in RANKED[kind]
        listed.append(Entity(kind, value if bare else f"{id_type}={value}"))
    settled = list(dict.fromkeys(found.leads.values()))
    if len({*listed, *settled}) < len(listed) + len(settled):
        return None
    number = np.full(len(every), NONE)
    number[calm] = np.arange(len(calm))
    number = np.where(contested, NONE, number[strongest])
    place = {entity: len(listed) + at for at, entity in enumerate(settled)}
    for at in np.flatnonzero(contested).tolist():
        number[at] = place[found.leads[every[at]]]
    return _in_order([*listed, *settled], number[first], number[: len(ends)], found)


def _all_say_tenants(pairs: Sequence[tuple[str, str]], pair: Codes, ids: Sequence[Any]) -> bool:
    scoped = np.array([id_type in SCOPED for _, id_type in pairs] or [False], np.bool_)
    return all(has_tenant(ids[at][2]) for at in np.flatnonzero(scoped[pair]).tolist())


def _in_order(listed: Sequence[Entity], of_observation: Codes, of_end: Codes, found: Resolution) -> Who:
    """Sort the entities that observations are of; the others are none."""
    seen = np.zeros(len(listed), np.bool_)
    seen[of_observation] = True
    entities: list[Entity] = in_order([listed[at] for at in np.flatnonzero(seen).tolist()])
    place = {entity: at for at, entity in enumerate(entities)}
    onward = ints([*(place.get(entity, NONE) for entity in listed), NONE])  # -1 is the last
    observed: list[list[int]] = [[] for _ in entities]
    for observation, at in enumerate(onward[of_observation].tolist()):
        observed[at].append(observation)
    return Who(entities, observed, onward[of_end], found)

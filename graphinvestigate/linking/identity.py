"""Which identifiers mean the same entity. Ids decide, names never do, and the order of the rows doesn't matter.

An *observation* is the set of identifiers that one place of one record gives together (an object id with a UPN, a
device id with a host name). Within it the strongest identifier stands for the entity; each weaker one belongs to that
entity as long as no other observation puts it beside a different one. An identifier that several entities carry
decides nothing: met alone it is a node of its own. Two different strong identifiers of one type are never joined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from graphinvestigate.linking.identifiers import BARE_KEYS, STRONG, Identifier, rank
from graphinvestigate.linking.nodes import Entity

Observation = tuple[str, tuple[Identifier, ...]]
"""Kind, and the identifiers found together, strongest first."""
KindedId = tuple[str, str, str]
"""Kind, identifier type, value."""


def resolve(observations: Iterable[Observation]) -> dict[KindedId, Entity]:
    """Find the entity of every identifier that stands for a mention.

    Parameters
    ----------
    observations : iterable of (kind, identifiers)
        The identifiers of each, strongest first (by `identifiers.rank`, then by text).

    Returns
    -------
    dict
        From (kind, type, value) to the entity that this identifier leads to. An observation belongs to the entity of
        its first identifier.
    """
    beside: defaultdict[KindedId, set[KindedId]] = defaultdict(set)
    for kind, ids in observations:
        first = (kind, *ids[0])
        beside.setdefault(first, set())  # a strongest identifier stands for itself
        for other in ids[1:]:
            # Of one type, two in one place are two names of one thing (two UPNs): each belongs to the first.
            beside[(kind, *other)].add(first)
    ordered = sorted(beside, key=_strongest_first)
    alone: set[KindedId] = set()
    while True:
        leads: dict[KindedId, KindedId] = {}
        for identifier in ordered:
            above = set() if identifier in alone else {leads[first] for first in beside[identifier]}
            leads[identifier] = above.pop() if len(above) == 1 else identifier
        refused = _contradictions(leads)
        if not refused:
            return _named(leads)
        alone |= refused


def _strongest_first(identifier: KindedId) -> tuple[str, int, str, str]:
    kind, id_type, value = identifier
    return kind, rank(kind, id_type), id_type, value


def _contradictions(leads: dict[KindedId, KindedId]) -> set[KindedId]:
    """Strong identifiers that would give an entity two of one type."""
    carried: defaultdict[tuple[KindedId, str], list[KindedId]] = defaultdict(list)
    for identifier, top in leads.items():
        if identifier[1] in STRONG:
            carried[top, identifier[1]].append(identifier)
    return {i for (top, _), group in carried.items() if len(group) > 1 for i in group if i != top}


def _named(leads: dict[KindedId, KindedId]) -> dict[KindedId, Entity]:
    """Key each entity by its strongest identifier; where two types spell the same text, the weaker says its type."""
    taken: dict[Entity, KindedId] = {}
    entities: dict[KindedId, Entity] = {}
    for top in sorted(set(leads.values()), key=_strongest_first):
        kind, id_type, value = top
        entity = Entity(kind, value if kind in BARE_KEYS else f"{id_type}={value}")
        if entity in taken:
            entity = Entity(kind, f"{id_type}={value}")
        taken[entity] = top
        entities[top] = entity
    return {identifier: entities[top] for identifier, top in leads.items()}

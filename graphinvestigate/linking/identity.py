"""Which identifiers mean the same entity. Ids decide, display names never do, and the order of the rows doesn't matter.

An *observation* is the set of identifiers that one place of one record gives together (an object id with a UPN, a
device id with a host name). Its strongest identifier stands for the entity; each weaker one *ties* itself to it.

Kinds are settled one by one, their identifier types from the strongest to the weakest. At each type its identifiers
and what they are tied to form groups. A group is one entity, unless it holds what cannot be one: two different strong
identifiers of one type, two names where something weaker than a name would join them, or what the analyst split. Then
the identifiers on the way between those are tied to nothing, as no tie is better than another; what hangs on one side
only keeps its place. So the result is a function of the set of observations: nothing is joined across a contradiction,
and an identifier that two entities carry decides nothing: met alone it is a node of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from graphinvestigate.linking.identifiers import BARE_KEYS, RANKED, SCOPED, Identifier, has_tenant, rank, scoped
from graphinvestigate.linking.joining import Joining
from graphinvestigate.linking.nodes import Entity
from graphinvestigate.linking.overrides import NO_OVERRIDES, KindOverrides, Overrides

Observation = tuple[str, tuple[Identifier, ...]]
"""Kind, and the identifiers found together, strongest first."""
KindedId = tuple[str, str, str]
"""Kind, identifier type, value."""


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """Two identifiers that were seen together and are kept apart.

    Attributes
    ----------
    kind : str
        The entity's kind.
    identifier, beside : tuple of (type, value)
        The weaker one, and what it was seen beside.
    reason : str
        Why, as a sentence.
    by_hand : bool
        The analyst said so (``splits=``).
    """

    kind: str
    identifier: Identifier
    beside: Identifier
    reason: str
    by_hand: bool = False


@dataclass(slots=True)
class Resolution:
    """Who is who.

    Attributes
    ----------
    leads : dict
        From (kind, type, value) to the entity that this identifier leads to. An observation belongs to the entity of
        its first identifier.
    refusals : list of Refusal
        What was kept apart, sorted.
    only_tenant : str or None
        The one tenant of all records; identifiers without a tenant are taken to be of it.
    respelled : dict
        From the identifiers that were given without that tenant to those with it.
    """

    leads: dict[KindedId, Entity] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    only_tenant: str | None = None
    respelled: dict[Identifier, Identifier] = field(default_factory=dict)

    def canonical(self, identifier: Identifier) -> Identifier:
        """Return an identifier with its tenant in front, where it has to have one."""
        return in_tenant(identifier, self.only_tenant)


def in_tenant(identifier: Identifier, tenant: str | None) -> Identifier:
    """Put a tenant in front of an identifier that has none and means something else in another tenant."""
    id_type, value = identifier
    if id_type not in SCOPED or tenant is None or has_tenant(value):
        return identifier
    return id_type, scoped(tenant, value)


def resolve(
    observations: Iterable[Observation],
    *,
    tenants: Collection[str] = (),
    overrides: Overrides = NO_OVERRIDES,
    domains: Mapping[str, Collection[str]] | None = None,
) -> Resolution:
    """Find the entity of every identifier.

    Parameters
    ----------
    observations : iterable of (kind, identifiers)
        The identifiers of each, strongest first (by `identifiers.rank`, then by text).
    tenants : collection of str
        All tenants that the records name. Where it is one, what does not say its tenant is of this one.
    overrides : Overrides
        What the analyst joined and split by hand.
    domains : mapping of tenant to collection of str, optional
        DNS domains of each tenant's hosts, where the observations are not all.
    """
    found = Resolution(only_tenant=next(iter(tenants)) if len(tenants) == 1 else None)
    kinds: defaultdict[str, dict[Identifier, Collection[Identifier]]] = defaultdict(dict)
    noted: defaultdict[str, set[str]] = defaultdict(set)
    spelled: list[tuple[str, Identifier, Identifier]] = []
    for kind, ids in observations:
        ties = kinds[kind]
        if len(ids) == 1 and (found.only_tenant is None or ids[0][0] not in SCOPED):
            ties.setdefault(ids[0], ())
            continue
        if found.only_tenant is not None and not SCOPED.isdisjoint([i[0] for i in ids]):
            given, ids = ids, tuple(found.canonical(i) for i in ids)
            spelled += [(kind, old, new) for old, new in zip(given, ids, strict=True) if old != new]
        first = ids[0]
        ties.setdefault(first, ())
        for other in ids[1:]:
            if other != first:
                tied = ties.get(other)
                if isinstance(tied, set):
                    tied.add(first)
                else:
                    ties[other] = {first}
        if kind == "host":
            note_domains(ids, noted)
    if domains is None:
        domains = noted
    for kind in sorted(kinds):
        ties = kinds[kind]
        by_hand = overrides.of(ties, found.canonical)
        joining = _settled(kind, ties, replace(by_hand, joined=()), domains)
        if by_hand.joined:
            joining = _settled(kind, ties, replace(by_hand, joined=_whole_groups(joining, by_hand)), domains)
        found.refusals += [Refusal(kind, *refused) for refused in joining.refused]
        found.leads.update(_named(kind, joining))
    for kind, old, new in spelled:
        found.leads[kind, *old] = found.leads[kind, *new]
        found.respelled[old] = new
    found.refusals.sort()
    return found


def _settled(
    kind: str,
    ties: dict[Identifier, Collection[Identifier]],
    by_hand: KindOverrides,
    domains: Mapping[str, Collection[str]],
) -> Joining:
    joining = Joining(kind, ties, by_hand, domains)
    for at_rank in _by_rank(kind, ties):
        joining.settle(at_rank)
    return joining


def _whole_groups(joining: Joining, by_hand: KindOverrides) -> tuple[tuple[Identifier, ...], ...]:
    """Return what is joined by hand with all that each of it was one with, but for what is split by hand."""
    members = _members(joining)
    whole = []
    for group in by_hand.joined:
        ids = {i for one in group for i in members[joining.top(one)]}
        split = {i for pair in by_hand.apart if ids.issuperset(pair) for i in pair} | by_hand.alone
        whole.append(tuple(sorted((ids - split) | set(group))))
    return tuple(whole)


def _members(joining: Joining) -> dict[Identifier, list[Identifier]]:
    members: defaultdict[Identifier, list[Identifier]] = defaultdict(list)
    for identifier in joining.ties:
        members[joining.top(identifier)].append(identifier)
    return members


def _by_rank(kind: str, ties: dict[Identifier, Collection[Identifier]]) -> list[list[Identifier]]:
    """Return the identifiers that are tied to others, by rank."""
    tiers: defaultdict[int, list[Identifier]] = defaultdict(list)
    for identifier, beside in ties.items():
        if beside:
            tiers[rank(kind, identifier[0])].append(identifier)
    return [sorted(tiers[place]) for place in sorted(tiers)]


def note_domains(ids: Iterable[Identifier], domains: defaultdict[str, set[str]]) -> None:
    """Note which DNS domains the hosts of a tenant stand in: a short name says who it is within one domain."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for id_type, value in ids:
        names[id_type].append(value)
    for short in names["short_name"]:
        full = (*names["fqdn"], *names["local_fqdn"])
        domains[short.rpartition("/")[0]].update(name.rpartition("/")[2].partition(".")[2] for name in full)


def _named(kind: str, joining: Joining) -> dict[KindedId, Entity]:
    """Key each entity by its strongest identifier; where two types spell the same text, the weaker says its type."""
    bare = set(RANKED[kind]) if kind in BARE_KEYS else set()
    members: defaultdict[Identifier, list[Identifier]] = defaultdict(list)
    top, joined = joining.top, joining.joined
    tops = set(map(top, joined))
    entities: dict[KindedId, Entity] = {}
    carrier: dict[str, Identifier] = {}
    carriers: dict[str, list[Identifier]] = {}

    def carry(strongest: Identifier) -> str | None:
        """Return the key of what has this as its strongest identifier, if no other has the same."""
        key = strongest[1] if strongest[0] in bare else f"{strongest[0]}={strongest[1]}"
        first = carrier.setdefault(key, strongest)
        if first is strongest:
            return key
        carriers.setdefault(key, [first]).append(strongest)
        return None

    for identifier in joining.ties:
        if identifier in joined:
            members[top(identifier)].append(identifier)
        elif identifier in tops:
            members[identifier].append(identifier)
        elif (key := carry(identifier)) is not None:
            entities[kind, identifier[0], identifier[1]] = Entity(kind, key)
    for ids in members.values():
        key = carry(min(ids, key=lambda i: (rank(kind, i[0]), i)))
        if key is not None:
            named = Entity(kind, key)
            for id_type, value in ids:
                entities[kind, id_type, value] = named
    for key, strongest in carriers.items():
        strongest.sort(key=lambda i: (rank(kind, i[0]), i))
        for place, identifier in enumerate(strongest):
            named = Entity(kind, key if place == 0 else "=".join(identifier))
            for id_type, value in members.get(top(identifier)) or (identifier,):
                entities[kind, id_type, value] = named
    return entities

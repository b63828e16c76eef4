"""Which identifiers mean the same entity, in columns: the same entities as `identity` finds, for millions of them.

What stands together in a place is tied to the strongest identifier there, and what is tied makes a component.

- A component in which no two strong identifiers, and no two names, of one type meet is one entity. Nearly all are.
- The others are contested. They are few, and settled by `identity.resolve`.
- A type that only leads (a short host name) makes no component: it belongs to the one entity that it was seen beside,
  and is an entity of its own where there are several, or where a tenant's hosts stand in several domains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphinvestigate.linking.identifiers import LEADS_ONLY, NAMES, RANKED, STRONG, rank
from graphinvestigate.linking.identity import Observation, resolve
from graphinvestigate.linking.pools import Codes

LED_KINDS = frozenset(
    kind for kind, types in RANKED.items() if types[-1] in LEADS_ONLY and not LEADS_ONLY.intersection(types[:-1])
)
"""Kinds of which a type that only leads is the weakest; of others (iot_device) all that holds one is contested."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Distinct identifiers, in columns.

    Attributes
    ----------
    pairs : sequence of (kind, type)
        What `pair` points into.
    pair : ndarray of int
        Kind and type of each identifier.
    text : function
        From the number of an identifier to its value.
    """

    pairs: Sequence[tuple[str, str]]
    pair: NDArray[Any]
    text: Callable[[int], str]

    def ranks(self) -> Codes:
        """Return the place of each kind and type among those of the kind, strongest 0."""
        return np.array([rank(kind, id_type) for kind, id_type in self.pairs] or [0], np.int64)

    def mask(self, holds: Callable[[str, str], bool]) -> NDArray[np.bool_]:
        """Return for each kind and type whether something holds."""
        return np.array([holds(kind, id_type) for kind, id_type in self.pairs] or [False], np.bool_)

    def order(self, one: int) -> tuple[int, str, str]:
        """Sort key of an identifier, the strongest first."""
        kind, id_type = self.pairs[self.pair[one]]
        return rank(kind, id_type), id_type, self.text(one)


def strongest(known: Known, flat: Codes, size: Codes, domains: Mapping[str, Collection[str]]) -> Codes:
    """Find, for each identifier, the strongest one of its entity; what is contested is settled by the resolver.

    Parameters
    ----------
    known, flat, size, domains
        As for `components`.

    Returns
    -------
    ndarray of int, shape (identifiers,)
    """
    found, inside = components(known, flat, size, domains)
    _settle(known, found, inside, flat, size)
    return found


def components(
    known: Known, flat: Codes, size: Codes, domains: Mapping[str, Collection[str]], *, refused: bool = False
) -> tuple[Codes, NDArray[np.bool_]]:
    """Find, for each identifier, the strongest one of its entity, and which are contested.

    Parameters
    ----------
    known : Known
    flat : ndarray of int
        The identifiers of all observations that have several, one after the other, the strongest of each first.
    size : ndarray of int
        How many each observation has.
    domains : mapping of tenant to set of str
        DNS domains of each tenant's hosts (`identity.note_domains`).
    refused : bool
        Whether all is contested of which the resolver would refuse something, even where it is clear who is who.

    Returns
    -------
    strongest : ndarray of int, shape (identifiers,)
        Says nothing of what is contested.
    contested : ndarray of bool, shape (identifiers,)
    """
    found = np.arange(len(known.pair))
    flat, size = flat.astype(np.int64, copy=False), size.astype(np.int64, copy=False)
    weak, strong = _ties(flat, size)
    pair = known.pair
    nothing = _of_several_domains(known, weak, domains)
    inside = np.zeros(len(found), np.bool_)
    apart = (weak[nothing], strong[nothing]) if refused else (weak[:0], strong[:0])
    weak, strong = weak[~nothing], strong[~nothing]
    only_leads = known.mask(lambda _, id_type: id_type in LEADS_ONLY)
    odd = np.zeros(len(found), np.bool_)
    beside_lead = only_leads[pair[strong]]
    odd[weak[beside_lead]] = odd[strong[beside_lead]] = True
    led_pair = known.mask(lambda kind, id_type: id_type in LEADS_ONLY and kind in LED_KINDS)
    led = led_pair[pair[weak]] & ~odd[weak]
    members = np.unique(np.concatenate([weak[~led], strong]))
    label = np.arange(len(found))
    label[members] = members[
        _labels(len(members), np.searchsorted(members, weak[~led]), np.searchsorted(members, strong[~led]))
    ]
    doubtful = _doubtful(known, members, label, only_leads)
    doubtful[label[apart[1]]] = inside[apart[0]] = inside[apart[1]] = True
    best = _best(known, members, label)
    carried = np.unique(weak[led] * len(found) + label[strong[led]])
    follower, carrier = carried // len(found), carried % len(found)
    alone = np.bincount(follower, minlength=len(found))[follower] == 1
    if refused:
        doubtful[carrier[~alone]] = inside[follower[~alone]] = True
    follower, carrier = follower[alone], carrier[alone]
    contested = doubtful[carrier]
    found[follower[~contested]] = best[carrier[~contested]]
    calm = members[~doubtful[label[members]]]
    found[calm] = best[label[calm]]
    inside[members[doubtful[label[members]]]] = True
    inside[follower[contested]] = True
    return found, inside


def _ties(flat: Codes, size: Codes) -> tuple[Codes, Codes]:
    """Each identifier of a place with the strongest there, once."""
    first = np.cumsum(size) - size
    strong = np.repeat(flat[first], size) if len(size) else flat
    apart = flat != strong
    wide = int(flat.max(initial=0)) + 1
    both = np.unique(flat[apart] * wide + strong[apart])
    return both // wide, both % wide


def _of_several_domains(known: Known, weak: Codes, domains: Mapping[str, Collection[str]]) -> NDArray[np.bool_]:
    """Which are short names of a tenant whose hosts stand in several domains: they say nothing."""
    nothing = np.zeros(len(weak), np.bool_)
    several = {tenant for tenant, seen in domains.items() if len(seen) > 1}
    if several:
        short = np.flatnonzero(known.mask(lambda _, id_type: id_type == "short_name")[known.pair[weak]])
        texts = map(known.text, weak[short].tolist())
        nothing[short] = [text.rpartition("/")[0] in several for text in texts]
    return nothing


def _labels(size: int, a: Codes, b: Codes) -> Codes:
    """Give all that is connected the smallest number of it."""
    label = np.arange(size)
    while True:
        low = np.minimum(label[a], label[b])
        before = label.copy()
        np.minimum.at(label, before[a], low)
        np.minimum.at(label, before[b], low)
        while True:
            further = label[label]
            if np.array_equal(further, label):
                break
            label = further
        if np.array_equal(before, label):
            return label


def _doubtful(known: Known, members: Codes, label: Codes, only_leads: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """In which components, by label, a contradiction is possible."""
    doubtful = np.zeros(len(label), np.bool_)
    doubtful[label[members[only_leads[known.pair[members]]]]] = True
    one_of_each = known.mask(lambda _, id_type: id_type in STRONG or id_type in NAMES)[known.pair[members]]
    wide = len(known.pairs)
    held, times = np.unique(label[members[one_of_each]] * wide + known.pair[members[one_of_each]], return_counts=True)
    doubtful[held[times > 1] // wide] = True
    return doubtful


def _best(known: Known, members: Codes, label: Codes) -> Codes:
    """Return the strongest identifier of each component, by label."""
    best = np.arange(len(label))
    place = known.ranks()[known.pair[members]]
    order = np.lexsort((place, label[members]))
    members, place = members[order], place[order]
    own = label[members]
    first = np.flatnonzero(np.diff(own, prepend=-1))
    best[own[first]] = members[first]
    end = np.append(first[1:], len(own))
    next_one = np.minimum(first + 1, len(own) - 1)
    equal = (next_one < end) & (place[next_one] == place[first])
    for begin, stop in zip(first[equal].tolist(), end[equal].tolist(), strict=True):
        here = members[begin:stop][place[begin:stop] == place[begin]]
        best[own[begin]] = min(here.tolist(), key=known.order)
    return best


def _settle(known: Known, found: Codes, inside: NDArray[np.bool_], flat: Codes, size: Codes) -> None:
    """Have the resolver say who is who among some identifiers, from all that was seen together there."""
    if not inside.any():
        return
    owner = np.repeat(np.arange(len(size)), size)
    kept = inside[flat]
    places: defaultdict[int, set[int]] = defaultdict(set)
    for place, one in zip(owner[kept].tolist(), flat[kept].tolist(), strict=True):
        places[place].add(one)
    named: dict[tuple[str, str, str], int] = {}
    observations: set[Observation] = set()
    for codes in places.values():
        ids = sorted((known.order(one), one) for one in codes)
        kind = known.pairs[known.pair[ids[0][1]]][0]
        named.update(((kind, id_type, value), one) for (_, id_type, value), one in ids)
        observations.add((kind, tuple((id_type, value) for (_, id_type, value), _ in ids)))
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for identifier, entity in resolve(sorted(observations)).leads.items():
        groups[entity].append(named[identifier])
    for group in groups.values():
        found[group] = min(group, key=known.order)

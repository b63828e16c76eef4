"""Joins the identifiers of one kind, type by type, and refuses what contradicts (`identity` says by which rules)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from graphinvestigate.linking.identifiers import LEADS_ONLY, NAMES, RANKED, STRONG, Identifier, rank
from graphinvestigate.linking.labels import identifier_words, kind_word
from graphinvestigate.linking.overrides import KindOverrides

_STRONGER = "*"  # carried by what has an identifier that does more than lead
Tie = tuple[Identifier, Identifier]


class Joining:
    """Identifiers of one kind and what they were seen beside; `settle` joins those of one rank.

    Parameters
    ----------
    kind : str
    ties : mapping of identifier to identifiers
        For each identifier the strongest ones of the places where it was not the strongest.
    by_hand : KindOverrides
        What the analyst joined and split.
    domains : mapping of str to set of str
        DNS domains of each tenant's hosts.

    Attributes
    ----------
    joined : dict
        Identifiers that are not the top of their group, and what stands above them.
    """

    def __init__(
        self,
        kind: str,
        ties: Mapping[Identifier, Collection[Identifier]],
        by_hand: KindOverrides,
        domains: Mapping[str, Collection[str]],
    ) -> None:
        self.kind = kind
        self.ties = ties
        self.refused: list[tuple[Identifier, Identifier, str, bool]] = []
        self._by_hand = by_hand
        self._domains = domains
        ranked = RANKED.get(kind, ())
        self._only_lead = {place for place, id_type in enumerate(ranked) if id_type in LEADS_ONLY}
        self.joined: dict[Identifier, Identifier] = {}
        # Which contradictable types each group holds, by its top; a value of each, to name it in reasons.
        self._held: dict[Identifier, dict[str, Identifier]] = {}
        for group in by_hand.joined:
            self._join(group)

    def top(self, identifier: Identifier) -> Identifier:
        """Return what stands for the group of an identifier."""
        up = self.joined
        path = []
        while (above := up.get(identifier, identifier)) != identifier:
            path.append(identifier)
            identifier = above
        for passed in path:
            up[passed] = identifier
        return identifier

    def settle(self, identifiers: Iterable[Identifier]) -> None:
        """Join the identifiers of one rank to what they are tied to, where nothing contradicts."""
        near: defaultdict[Identifier, set[Identifier]] = defaultdict(set)
        edges: list[Tie] = []
        place = 0
        for identifier in identifiers:
            place = rank(self.kind, identifier[0])
            for beside in sorted(self.ties[identifier]):
                reason = self._kept_alone(identifier, beside)
                if reason is not None:
                    self._refuse(identifier, beside, *reason)
                    continue
                a, b = self.top(identifier), self.top(beside)
                if a != b:
                    near[a].add(b)
                    near[b].add(a)
                    edges.append((identifier, beside))
        if not edges:
            return
        at_fault: dict[Identifier, tuple[str, bool]] = {}
        opposed = self._opposed()
        for group in _groups(near):
            ends, reason = self._contradiction(group, place, opposed)
            if ends:
                at_fault.update(dict.fromkeys(_between(group, near, ends), reason))
        accepted = []
        # An identifier that is given to both sides of a contradiction decides nothing, whoever else it is given to.
        contested = {i for i, beside in edges if self.top(i) in at_fault and self.top(beside) in at_fault}
        for identifier, beside in edges:
            a, b = self.top(identifier), self.top(beside)
            if identifier in contested:
                self._refuse(identifier, beside, *at_fault[a])
            else:
                accepted.append((a, b))
        for pair in accepted:
            self._join(pair)

    def _kept_alone(self, identifier: Identifier, beside: Identifier) -> tuple[str, bool] | None:
        """Say why an identifier joins nothing at all, if so."""
        for one in (identifier, beside):
            if one in self._by_hand.alone:
                return f"split by hand: {_said(one)} stands alone", True
        if identifier[0] == "short_name":
            seen = self._domains.get(identifier[1].rpartition("/")[0], ())
            if len(seen) > 1:
                return (
                    f"hosts stand in {len(seen)} domains ({_some(seen)}), and a short name says who within one",
                    False,
                )
        return None

    def _opposed(self) -> dict[Identifier, dict[Identifier, tuple[str, bool]]]:
        """Return which groups were kept apart before, by something stronger or by hand, and why."""
        opposed: defaultdict[Identifier, dict[Identifier, tuple[str, bool]]] = defaultdict(dict)
        pairs = [(a, b, "split by hand", True) for a, b in self._by_hand.apart]
        pairs += [(a, b, "kept apart by something stronger", False) for a, b, *_ in self.refused]
        for a, b, words, by_hand in pairs:
            one, other = self.top(a), self.top(b)
            for top, against in ((one, other), (other, one)):
                opposed[top][against] = (f"{words}: {_said(a)} and {_said(b)}", by_hand)
        return opposed

    def _contradiction(
        self,
        group: list[Identifier],
        place: int,
        opposed: Mapping[Identifier, Mapping[Identifier, tuple[str, bool]]],
    ) -> tuple[set[Identifier], tuple[str, bool]]:
        """Return what in a group cannot be one entity, and why."""
        carriers: defaultdict[str, list[Identifier]] = defaultdict(list)
        for top in group:
            for id_type in self._holds(top):
                carriers[id_type].append(top)
        ends: set[Identifier] = set()
        reasons: list[str] = []
        for id_type in sorted(carriers, key=lambda t: (t == _STRONGER, t)):
            tops = carriers[id_type]
            if len(tops) > 1 and self._contradicts(id_type, place):
                ends.update(tops)
                if id_type == _STRONGER and reasons:
                    continue  # enough was said
                examples = _some(self._holds(top)[id_type][1] for top in tops)
                word = "identities" if id_type == _STRONGER else identifier_words(id_type)
                reasons.append(f"{len(tops)} different {word} ({examples}) are never one {kind_word(self.kind)}")
        by_hand = False
        if opposed:
            inside = set(group)
            for top in sorted(inside & opposed.keys()):
                for against in sorted(inside & opposed[top].keys()):
                    ends |= {top, against}
                    if top < against:
                        reasons.append(opposed[top][against][0])
                        by_hand |= opposed[top][against][1]
        return ends, ("; ".join(reasons), by_hand)

    def _contradicts(self, id_type: str, place: int) -> bool:
        if id_type == _STRONGER:
            return self._leads_only(place)
        return id_type in STRONG or rank(self.kind, id_type) < place

    def _leads_only(self, place: int) -> bool:
        return place in self._only_lead

    def _holds(self, top: Identifier) -> dict[str, Identifier]:
        held = self._held.get(top)
        if held is None:
            held = {}
            if top[0] in STRONG or top[0] in NAMES:
                held[top[0]] = top
            if top[0] not in LEADS_ONLY:
                held[_STRONGER] = top
            self._held[top] = held
        return held

    def _join(self, identifiers: Iterable[Identifier]) -> None:
        tops = sorted({self.top(i) for i in identifiers})
        held: dict[str, Identifier] = {}
        for top in tops:
            for id_type, value in self._holds(top).items():
                held[id_type] = min(value, held.get(id_type, value))
        for top in tops[1:]:
            self.joined[top] = tops[0]
            del self._held[top]
        self._held[tops[0]] = held

    def _refuse(self, identifier: Identifier, beside: Identifier, reason: str, by_hand: bool) -> None:
        self.refused.append((identifier, beside, reason, by_hand))


def _groups(near: Mapping[Identifier, Collection[Identifier]]) -> Iterable[list[Identifier]]:
    """Connected groups."""
    seen: set[Identifier] = set()
    for start in near:
        if start in seen:
            continue
        seen.add(start)
        group = [start]
        for one in group:
            for other in near[one]:
                if other not in seen:
                    seen.add(other)
                    group.append(other)
        yield group


def _between(
    group: Iterable[Identifier], near: Mapping[Identifier, Collection[Identifier]], ends: Collection[Identifier]
) -> set[Identifier]:
    """What is left when everything that hangs on one side only, ends apart, is taken away again and again."""
    left = set(group)
    degree = {one: len(near[one]) for one in left}
    loose = [one for one in left if degree[one] <= 1 and one not in ends]
    for one in loose:
        left.discard(one)
        for other in near[one]:
            if other in left:
                degree[other] -= 1
                if degree[other] == 1 and other not in ends:
                    loose.append(other)
    return left


def _said(identifier: Identifier) -> str:
    return "=".join(identifier)


def _some(values: Iterable[str]) -> str:
    listed = sorted(set(values))
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")

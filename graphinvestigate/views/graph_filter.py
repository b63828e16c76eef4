"""Which of the drawn nodes pass the filters, and why the others don't."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from graphinvestigate.views.graph_words import label_of
from graphinvestigate.views.node_facts import kind_of, own_rank
from graphinvestigate.views.style import kind_look, severity_rank


@dataclass(frozen=True, slots=True)
class Filters:
    """What of a graph is shown; an empty one shows all.

    Attributes
    ----------
    kinds_off : frozenset of str
        Kinds that are not shown, as the legend groups them (``user``, ``alert``, ``other`` …).
    relations_off : frozenset of str
        Relations that are not shown.
    severity : str
        Records known to be less severe are not shown; those of unknown severity are.
    text : str
        Words that must all occur in what a node is called or known by; what is linked to such a node stays too.
    since, until : str
        ISO times in UTC with microseconds: what happened only before or after is not shown; unknown times are.
    """

    kinds_off: frozenset[str] = frozenset()
    relations_off: frozenset[str] = frozenset()
    severity: str = ""
    text: str = ""
    since: str = ""
    until: str = ""

    def passes_link(self, relation: str, data: Mapping[str, Any]) -> bool:
        """Tell whether an edge is shown."""
        return relation not in self.relations_off and self._is_within(data.get("first_seen"), data.get("last_seen"))

    def passes_record(self, data: Mapping[str, Any]) -> bool:
        """Tell whether a record's severity (or risk level) and time are shown."""
        rank = own_rank(data)
        if self.severity and 0 < rank < severity_rank(self.severity):
            return False
        return self._is_within(data.get("time"), data.get("end_time") or data.get("time"))

    def _is_within(self, first: object, last: object) -> bool:
        if self.since and isinstance(last, str) and last < self.since:
            return False
        return not (self.until and isinstance(first, str) and first > self.until)


NO_FILTERS = Filters()


def passing(
    g: nx.MultiDiGraph,
    nodes: Iterable[Any],
    filters: Filters,
    *,
    always: Collection[Any] = (),
    named: Callable[[Any], str] = lambda _: "",
) -> tuple[list[Any], dict[Any, str]]:
    """Filter nodes.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The whole entity graph; it is not changed.
    nodes : iterable of nodes
        What would be shown without filters.
    filters : Filters
    always : collection of nodes
        These pass whatever the filters say.
    named : callable
        What users call a node, to be found by.

    Returns
    -------
    kept : list of nodes
        In the order given.
    why : dict of node to str
        For each other node, which filter it did not pass.
    """
    every = list(nodes)
    why: dict[Any, str] = {}
    for node in every:
        look = kind_look(kind_of(g, node))
        if look.name in filters.kinds_off:
            why[node] = f"kind {look.word}"
        elif look.is_record and not filters.passes_record(g.nodes[node]):
            why[node] = "severity or time"
    inside = set(every) - why.keys()
    if filters.relations_off or filters.severity or filters.since or filters.until:
        _drop_bare(g, every, inside, filters, why)
    if words := filters.text.casefold().split():
        found = {node for node in inside if all(word in _haystack(g, node, named(node)) for word in words)}
        near = {other for node in found for other in _linked(g, node, inside, filters)}
        for node in inside - found - near:
            why[node] = "text"
    for node in always:
        why.pop(node, None)
    return [node for node in every if node not in why], why


def _drop_bare(g: nx.MultiDiGraph, every: list[Any], inside: set[Any], filters: Filters, why: dict[Any, str]) -> None:
    """Drop entities all of whose links fell to the filters; those that had none before stay."""
    whole = set(every)
    for node in [one for one in inside if not kind_look(kind_of(g, one)).is_record]:
        before = next(_between(g, node, whole), None) is not None
        if before and next(_linked(g, node, inside, filters), None) is None:
            why[node] = "relation, severity or time of all its links"
    inside.difference_update(why)


def _linked(g: nx.MultiDiGraph, node: Any, among: Collection[Any], filters: Filters) -> Iterator[Any]:
    """Give those of some nodes that links lead to which are shown."""
    for other, between in _between(g, node, among):
        if any(filters.passes_link(relation, data) for relation, data in between.items()):
            yield other


def _between(g: nx.MultiDiGraph, node: Any, among: Collection[Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Give those of some nodes that are linked to one, with the links of one direction.

    The few that are drawn are looked through for a node with thousands of neighbours, not those.
    """
    for side in (g.succ[node], g.pred[node]):
        for other in among if len(among) < len(side) else side:
            if other != node and other in among and other in side:
                yield other, side[other]


def _haystack(g: nx.MultiDiGraph, node: Any, name: str) -> str:
    data = g.nodes[node]
    return " ".join([name, label_of(g, node), str(node[-1]), *(data.get("identifiers") or ())]).casefold()

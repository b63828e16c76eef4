"""Joins little to a large entity graph: only what the little one touches is built anew, the rest is kept.

The result is what building both anew gives. Who an entity is, depends on the observations that share an identifier with
it, directly or through others; an edge depends on its references; nothing else of a graph depends on both. So the
entities that may become others, with all their edges, and the edges of pairs that both graphs link make a small graph,
which is joined with the new one as ever; what comes of it takes their place. Where more than that could change
(another tenant, another DNS domain of a tenant's hosts, a key that two entities would have), nothing is given, and all
is built anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias

import networkx as nx

from graphinvestigate.linking.identity import in_tenant, note_domains
from graphinvestigate.linking.nodes import Entity, Node, Record
from graphinvestigate.linking.overrides import Overrides, overrides_of, pair_of

Pair: TypeAlias = tuple[Node, Node]
Token: TypeAlias = tuple[str, str]
"""Kind, and an identifier or its value: entities that share none have nothing to do with each other."""
Join: TypeAlias = Callable[[nx.MultiDiGraph, nx.MultiDiGraph], nx.MultiDiGraph]

_KEPT = "graphinvestigate as assembled"
_FEWER = 4  # a graph is little beside one that has so many times its nodes


def as_assembled(g: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Note that a graph is as it was put together; networkx forgets it when it is asked to change the graph."""
    g.__networkx_cache__[_KEPT] = True
    return g


def is_little(b: nx.MultiDiGraph, beside: nx.MultiDiGraph) -> bool:
    """Tell whether to join a graph with another one need not build all anew."""
    known = not hasattr(beside, "_graph") and getattr(beside, "__networkx_cache__", {}).get(_KEPT)
    return bool(known) and len(b) * _FEWER < len(beside)


def grown(a: nx.MultiDiGraph, b: nx.MultiDiGraph, join: Join) -> nx.MultiDiGraph | None:
    """Join a graph with another one, and build only what this touches.

    Parameters
    ----------
    a : networkx.MultiDiGraph
        As it was assembled.
    b : networkx.MultiDiGraph
        What is joined to it.
    join : callable
        Joins two graphs whole.

    Returns
    -------
    networkx.MultiDiGraph or None
        What `join` gives; None where more than a part could change.
    """
    tenants = {*a.graph.get("tenants", ()), *b.graph.get("tenants", ()), *_tenants_of(b)}
    only = next(iter(tenants)) if len(tenants) == 1 else None
    if (len(tenants) == 1) != (len(a.graph.get("tenants", ())) == 1):
        return None
    own, other = (overrides_of(g.graph.get("merges"), g.graph.get("splits")) for g in (a, b))
    if own | other != own:
        return None
    known = _Known(a, only, own)
    if known.strange or known.other_domains(b):
        return None
    changing, met = known.touched(b)
    pairs = {pair for node in changing for pair in _pairs_at(a, node)}
    pairs |= set(known.linked_by(b))
    pairs |= set(_dated_anew(a, b))
    ends = {node for pair in pairs for node in pair if isinstance(node, Entity)}
    inside = known.with_witnesses(known.closed({*changing, *met, *ends}), b)
    said = {node for node in b if isinstance(node, Record)}
    small = join(_part(a, {*inside, *(record for record in said if record in a)}, pairs), b)
    staying = inside - changing
    if not staying <= small.nodes.keys():  # what was to stay as it is has another key here
        return None
    fresh = {node for node in small if isinstance(node, Entity) and node not in staying}
    if any(node in a and node not in changing for node in fresh):  # a key that another entity has
        return None
    anew: set[Node] = {*fresh, *met, *(record for record in said if record in small)}
    return _spliced(a, small, pairs, changing, anew)


class _Known:
    """What a graph knows of who is who, to be asked by identifiers."""

    def __init__(self, g: nx.MultiDiGraph, only: str | None, overrides: Overrides) -> None:
        self._g, self._only = g, only
        self._by_token: defaultdict[Token, list[Entity]] = defaultdict(list)
        self._owner: dict[tuple[str, tuple[str, ...]], Entity] = {}
        self._lead: dict[Token, Entity] = {}
        self._domains: defaultdict[str, dict[str, Entity]] = defaultdict(dict)
        self.strange = False
        for node, attrs in g.nodes(data=True):
            if not isinstance(node, Entity):
                continue
            kind = node.kind
            if not attrs.get("observations"):
                self.strange = True
                return
            for observed in attrs["observations"]:
                texts = observed["identifiers"]
                self._owner[kind, tuple(texts)] = node
                self._lead[kind, texts[0]] = node
                for token in self._tokens(kind, texts):
                    self._by_token[token].append(node)
                if kind == "host" and len(texts) > 1:
                    for tenant, domains in self._domains_in(texts).items():
                        self._domains[tenant] |= dict.fromkeys(domains, node)
        kinds = {node.kind for node in g if isinstance(node, Entity)}
        self._together = [
            {token for kind in kinds for token in self._tokens(kind, group)}
            for group in (*overrides.groups(), *overrides.splits)
        ]

    def _tokens(self, kind: str, texts: Iterable[str]) -> Iterator[Token]:
        for text in texts:
            given = pair_of(text)
            for id_type, value in {given, in_tenant(given, self._only)}:
                yield kind, f"{id_type}={value}"
                yield kind, value  # two types may spell one key

    def _domains_in(self, texts: Iterable[str]) -> dict[str, set[str]]:
        found: defaultdict[str, set[str]] = defaultdict(set)
        note_domains([in_tenant(pair_of(text), self._only) for text in texts], found)
        return found

    def other_domains(self, b: nx.MultiDiGraph) -> bool:
        """Whether hosts of a tenant stand in domains that it did not have: its short names may mean others then."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for kind, texts in _observations(b):
            if kind == "host" and len(texts) > 1:
                for tenant, domains in self._domains_in(texts).items():
                    found[tenant] |= domains
        return any(
            domains - self._domains[tenant].keys() and len({*domains, *self._domains[tenant]}) > 1
            for tenant, domains in found.items()
        )

    def touched(self, b: nx.MultiDiGraph) -> tuple[set[Entity], set[Entity]]:
        """Return the entities that may become others, and those of which only more is said."""
        met: set[Entity] = set()
        new: set[Token] = set()
        for kind, texts in _observations(b):
            owner = self._owner.get((kind, tuple(texts)))
            if owner is None:
                new.update(self._tokens(kind, texts))
            else:
                met.add(owner)
        for group in self._together:  # those of it who were there already are one, or apart
            if not group.isdisjoint(new):
                new |= group
        changing = self.closed({node for token in new for node in self._by_token.get(token, ())})
        return changing, met - changing

    def closed(self, nodes: Collection[Entity]) -> set[Entity]:
        """Add all that shares an identifier with any of them, directly, through others, or by what was done by hand."""
        found, todo = set(nodes), list(nodes)
        seen: set[Token] = set()
        while todo:
            node = todo.pop()
            tokens = {
                token
                for observed in self._g.nodes[node]["observations"]
                for token in self._tokens(node.kind, observed["identifiers"])
            }
            for group in self._together:
                if not group.isdisjoint(tokens):
                    tokens |= group
            tokens -= seen
            seen |= tokens
            others = {other for token in tokens for other in self._by_token.get(token, ())} - found
            found |= others
            todo += others
        return found

    def with_witnesses(self, inside: set[Entity], b: nx.MultiDiGraph) -> set[Entity]:
        """Add hosts that show in which domains a tenant's hosts stand, where short names depend on it."""
        while True:
            hosts = [node for node in inside if node.kind == "host"]
            said = [("host", one["identifiers"]) for host in hosts for one in self._g.nodes[host]["observations"]]
            tenants = {
                in_tenant(given, self._only)[1].rpartition("/")[0]
                for kind, texts in (*said, *_observations(b))
                if kind == "host"
                for given in map(pair_of, texts)
                if given[0] == "short_name"
            }
            missing = {node for tenant in tenants for node in self._domains.get(tenant, {}).values()} - inside
            if not missing:
                return inside
            inside = self.closed({*inside, *missing})

    def linked_by(self, b: nx.MultiDiGraph) -> Iterator[Pair]:
        """Yield the pairs of nodes that both graphs link."""
        for source, target, references in b.edges(data="references"):
            for reference in references:
                pair = tuple(
                    end if by is None else self._lead.get((end.kind, by))
                    for end, by in zip((source, target), reference["by"], strict=True)
                )
                if None not in pair and self._g.has_edge(*pair):
                    yield pair  # type: ignore[misc]


def _observations(g: nx.MultiDiGraph) -> Iterator[tuple[str, list[str]]]:
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Entity):
            for observed in attrs["observations"]:
                yield node.kind, observed["identifiers"]


def _tenants_of(g: nx.MultiDiGraph) -> set[str]:
    return {
        tenant for node, attrs in g.nodes(data=True) if isinstance(node, Record) and (tenant := attrs.get("tenant_id"))
    }


def _pairs_at(g: nx.MultiDiGraph, node: Node) -> Iterator[Pair]:
    for other in g._succ[node]:
        yield node, other
    for other in g._pred[node]:
        yield other, node


def _dated_anew(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> Iterator[Pair]:
    """Yield the pairs whose edges may be dated otherwise, as a record that says so is read now, or says otherwise."""
    changed = set()
    for record, attrs in b.nodes(data=True):
        if isinstance(record, Record) and attrs.get("read"):
            before = a.nodes[record] if record in a else {}
            if not before.get("read") or any(attrs[name] != before[name] for name in ("time", "end_time")):
                changed.add(tuple(record))
    if changed:
        for source, target, references in a.edges(data="references"):
            for reference in references:
                if (reference["record_kind"], reference["record_id"]) in changed:
                    yield source, target


def _part(a: nx.MultiDiGraph, inside: Collection[Node], pairs: Collection[Pair]) -> nx.MultiDiGraph:
    """Cut out some nodes, and some pairs of nodes with the records that say something of them."""
    part = nx.MultiDiGraph(**{name: a.graph[name] for name in ("tenants", "merges", "splits") if name in a.graph})
    nodes: set[Node] = {*inside, *(node for pair in pairs for node in pair)}
    for source, target in pairs:
        for attrs in a._succ[source][target].values():
            said = (Record(one["record_kind"], one["record_id"]) for one in attrs["references"])
            nodes.update(record for record in said if record in a)
    part.add_nodes_from((node, a.nodes[node]) for node in nodes)
    part.add_edges_from(
        (source, target, relation, attrs)
        for source, target in pairs
        for relation, attrs in a._succ[source][target].items()
    )
    return part


def _spliced(
    a: nx.MultiDiGraph, small: nx.MultiDiGraph, pairs: Collection[Pair], gone: Collection[Node], anew: Collection[Node]
) -> nx.MultiDiGraph:
    """Put what was built anew into the place of what it was built of; nodes and edges stand in sorted order."""
    g = nx.MultiDiGraph(**small.graph)
    order = [node for node in a if node not in gone and node not in anew]
    order = sorted([*order, *anew], key=lambda node: (isinstance(node, Entity), node))
    place = {node: at for at, node in enumerate(order)}
    nodes, out, into = g._node, g._succ, g._pred
    for node in order:
        attrs = small.nodes[node] if node in anew else a.nodes[node]
        if isinstance(node, Record) and not attrs.get("read"):
            names = ("kind", "id", "read", "time", "end_time", "label")
            nodes[node] = {name: attrs[name] for name in names}
        else:
            nodes[node] = dict(attrs)
        into[node] = {}
    sources = {source for source, _ in pairs}
    for node in order:
        around = a._succ.get(node, {}) if node not in gone else {}
        fresh = small._succ.get(node, {})
        if node in sources or fresh:
            both = {other: edges for other, edges in around.items() if (node, other) not in pairs} | fresh
            around = dict(sorted(both.items(), key=lambda one: place[one[0]]))
        row = out[node] = {}
        for other, edges in around.items():
            row[other] = into[other][node] = {relation: dict(attrs) for relation, attrs in edges.items()}
    linked = {node for pair in (*pairs, *small.edges(keys=False)) for node in pair if node in place}
    for node in linked.union(anew):
        if isinstance(node, Entity):
            nodes[node]["first_seen"], nodes[node]["last_seen"] = _span(g, node)
    return g


def _span(g: nx.MultiDiGraph, entity: Entity) -> tuple[str | None, str | None]:
    """First and last time of an entity: those of the records that name it."""
    by_records = [
        attrs
        for around in (g._succ[entity], g._pred[entity])
        for other, edges in around.items()
        if isinstance(other, Record)
        for attrs in edges.values()
    ]
    first = min((attrs["first_seen"] for attrs in by_records if attrs["first_seen"] is not None), default=None)
    last = max((attrs["last_seen"] for attrs in by_records if attrs["last_seen"] is not None), default=None)
    return first, last

"""Puts records, observations and references together as an entity graph.

Building from frames and merging graphs end in the same `assemble`, so both give the same graph.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np

from graphinvestigate.linking.annotating import ANNOTATIONS, united
from graphinvestigate.linking.edge_table import EdgeTable, edges_of, judgements_of
from graphinvestigate.linking.identifiers import STRONG
from graphinvestigate.linking.identity import KindedId, Observation, Refusal, Resolution
from graphinvestigate.linking.labels import entity_label, record_label
from graphinvestigate.linking.nodes import Entity, Node, Record, in_order
from graphinvestigate.linking.overrides import NO_OVERRIDES, Overrides
from graphinvestigate.linking.pools import NONE, Codes, chosen, held
from graphinvestigate.linking.reference_table import ReferenceTable
from graphinvestigate.linking.tables import MAIN
from graphinvestigate.linking.who import Who, who

_AT_ONCE = 5_000  # pairs of nodes


@dataclass(slots=True)
class Seen:
    """What was seen beside the identifiers of one observation: names (place, last time) and facts (name, text)."""

    names: dict[str, tuple[int, str]] = field(default_factory=dict)
    facts: set[tuple[str, str]] = field(default_factory=set)

    def name(self, text: str, place: int, time: str) -> None:
        """Keep a name with its best place and the last time it was seen."""
        known = self.names.get(text)
        self.names[text] = (place, time) if known is None else (min(place, known[0]), max(time, known[1]))


@dataclass(slots=True)
class Parts:
    """A graph taken apart: nothing in it depends on which identifiers were found to be one entity."""

    records: dict[Record, dict[str, Any]] = field(default_factory=dict)
    observations: dict[Observation, Seen] = field(default_factory=dict)
    references: ReferenceTable = field(default_factory=ReferenceTable)
    node_extras: dict[Record | KindedId, dict[str, Any]] = field(default_factory=dict)
    tenants: set[str] = field(default_factory=set)
    overrides: Overrides = NO_OVERRIDES


@dataclass(slots=True)
class Linked:
    """Who is who, and the edges between: all of a graph but its attributes."""

    edges: EdgeTable
    records: list[Record]
    entities: Who
    tenants: list[str]


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from looking again and again at what is being built."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def linked(parts: Parts) -> Linked:
    """Resolve the observations and group the references into edges, in columns."""
    tenants = parts.tenants | {t for attrs in parts.records.values() if (t := attrs.get("tenant_id"))}
    ends = parts.references.ends.values
    entities = who(parts.observations, ends, tenants=tenants, overrides=parts.overrides)
    records: list[Record] = in_order({*parts.records, *(end for end in ends if isinstance(end, Record))})
    place = {record: at for at, record in enumerate(records)}
    node_of_end = entities.of_end + len(records)
    its_own = np.flatnonzero(entities.of_end == NONE)
    node_of_end[its_own] = [place[ends[at]] for at in its_own.tolist()]  # type: ignore[index]
    spans = {record: (attrs["time"], attrs["end_time"]) for record, attrs in parts.records.items()}
    edges = edges_of(parts.references, [*records, *entities.entities], node_of_end, spans, place)
    return Linked(edges, records, entities, sorted(tenants))


def assemble(parts: Parts) -> nx.MultiDiGraph:
    """Build the graph; nodes and edges stand in sorted order. The parts are used up: what they hold is in the graph."""
    whole = linked(parts)
    entities, found = whole.entities, whole.entities.found
    refused = _refused(found)
    g = nx.MultiDiGraph(
        tenants=whole.tenants,
        merges=[list(group) for group in parts.overrides.merges],
        splits=[list(group) for group in parts.overrides.splits],
    )
    nodes: dict[Node, dict[str, Any]] = {}
    for record in whole.records:
        known = parts.records.get(record)
        if known is None:
            known = {"kind": record.kind, "id": record.id, "read": False, "time": None, "end_time": None}
        known["label"] = record_label(known)
        nodes[record] = known
    every, seen = list(parts.observations), list(parts.observations.values())
    for entity, places, first, last in zip(entities.entities, entities.observed, *_spans(whole), strict=True):
        if len(places) == 1 and not found.respelled and entity not in refused:
            nodes[entity] = _plain_attrs(entity, every[places[0]], seen[places[0]], first, last)
        else:
            observations = [every[place] for place in places]
            about = (entity, observations, parts, found, refused.get(entity, ()))
            nodes[entity] = _entity_attrs(*about, first, last)
    # What `add_node` does for nodes that are not there yet.
    g._node.update(nodes)
    for around in (g._succ, g._pred):
        around.update({node: {} for node in nodes})
    if parts.node_extras:
        seen_as = zip(entities.entities, entities.observed, strict=True)
        carrier = {(every[at][0], *every[at][1][0]): entity for entity, places in seen_as for at in places}
        for extra, extras in parts.node_extras.items():
            node: Node = extra if isinstance(extra, Record) else carrier[extra]
            attrs = g.nodes[node]
            for name, value in extras.items():
                known = attrs.get(name)
                attrs[name] = value if known is None else united(known, value) if name == ANNOTATIONS else known
    _add_edges(g, whole.edges, parts.references)
    return g


def _spans(whole: Linked) -> tuple[list[str | None], list[str | None]]:
    """First and last time of each entity: those of the records that name it."""
    edges, size = whole.edges, len(whole.records)
    first = np.full(len(edges.nodes), np.iinfo(np.int64).max)
    last = np.full(len(edges.nodes), NONE)
    by_record = (edges.source < size) != (edges.target < size)
    for ends in (edges.source, edges.target):
        begun = by_record & (edges.first != NONE)
        np.minimum.at(first, ends[begun], edges.first[begun])
        np.maximum.at(last, ends[by_record], edges.last[by_record])
    first[first == np.iinfo(np.int64).max] = NONE
    return _texts(edges, first[size:]), _texts(edges, last[size:])


def _texts(edges: EdgeTable, codes: Codes) -> list[str | None]:
    return chosen([*edges.times, None], codes)  # -1 is the last


def _plain_attrs(
    entity: Entity, observation: Observation, seen: Seen, first: str | None, last: str | None
) -> dict[str, Any]:
    """Return what `_entity_attrs` does of an entity that one observation alone is about."""
    observed = _observed(observation, seen)
    texts, names, facts = observed["identifiers"], seen.names, observed["facts"]
    return {
        "kind": entity[0],
        "label": next(iter(names)) if len(names) == 1 else entity_label(entity, names),
        "identifiers": texts.copy() if len(texts) == 1 else sorted(texts),
        "first_seen": first,
        "last_seen": last,
        "facts": facts.copy() if facts else {},
        "observations": [observed],
        "refused": [],
    }


def _entity_attrs(
    entity: Entity,
    observations: list[Observation],
    parts: Parts,
    found: Resolution,
    refused: Sequence[Refusal],
    first: str | None,
    last: str | None,
) -> dict[str, Any]:
    observations.sort()
    found_together = [_observed(one, parts.observations[one]) for one in observations]
    names, facts = _united([parts.observations[one] for one in observations])
    texts = {text for one in found_together for text in one["identifiers"]}
    return {
        "kind": entity.kind,
        "label": entity_label(entity, names),
        "identifiers": _identifiers(entity, observations, found, refused)
        if refused or found.respelled
        else sorted(texts),
        "first_seen": first,
        "last_seen": last,
        "facts": facts,
        "observations": found_together,
        "refused": [
            {
                "identifier": "=".join(refusal.identifier),
                "beside": "=".join(refusal.beside),
                "reason": refusal.reason,
                "by_hand": refusal.by_hand,
            }
            for refusal in refused
        ],
    }


def _observed(observation: Observation, seen: Seen) -> dict[str, Any]:
    names, ids, facts = seen.names, observation[1], seen.facts
    return {
        "identifiers": ["=".join(ids[0])] if len(ids) == 1 else list(map("=".join, ids)),
        "names": {name: [*names[name]] for name in (names if len(names) < 2 else sorted(names))},
        "facts": _by_name(facts) if facts else {},
    }


def _united(several: Iterable[Seen]) -> tuple[dict[str, tuple[int, str]], dict[str, list[str]]]:
    """Return names and facts of all observations of an entity."""
    together = Seen()
    for seen in several:
        together.facts |= seen.facts
        for name, at in seen.names.items():
            together.name(name, *at)
    return together.names, _by_name(together.facts)


def _by_name(facts: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in facts if len(facts) == 1 else sorted(facts):
        known = found.get(name)
        if known is None:
            found[name] = [text]
        else:
            known.append(text)
    return found


def _identifiers(
    entity: Entity, observations: Iterable[Observation], found: Resolution, refused: Sequence[Refusal]
) -> list[str]:
    ids = {found.respelled.get(identifier, identifier) for _, given in observations for identifier in given}
    if refused:
        # A strong identifier that was refused here is another entity's, or nobody's; a name may be several's.
        split = {refusal.identifier for refusal in refused if refusal.by_hand}
        ids = {i for i in ids if found.leads[entity.kind, *i] == entity or (i[0] not in STRONG and i not in split)}
    return sorted(map("=".join, ids))


def _refused(found: Resolution) -> dict[Entity, list[Refusal]]:
    """What was kept apart, by the entities of both sides."""
    by_entity: defaultdict[Entity, list[Refusal]] = defaultdict(list)
    for refusal in found.refusals:
        for entity in {found.leads[refusal.kind, *i] for i in (refusal.identifier, refusal.beside)}:
            by_entity[entity].append(refusal)
    return by_entity


def _add_edges(g: nx.MultiDiGraph, edges: EdgeTable, table: ReferenceTable) -> None:
    """What `add_edges_from` does, without a look into both adjacencies for every edge: edges come sorted by their ends.

    Lists of the references (``by``, ``beside``, ``roles``) are shared among references that say the same.
    """
    if not len(edges.source):
        return
    nodes, relations, times = held(edges.nodes), held(edges.relations), held([*edges.times, None])  # -1 is the last
    out, into = held(g._succ.values()), held(g._pred.values())
    main = edges.relation == (edges.relations.index(MAIN) if MAIN in edges.relations else NONE)
    pair = np.flatnonzero(np.diff(edges.source, prepend=-1) | np.diff(edges.target, prepend=-1))
    pair = np.append(pair, len(edges.source))  # where each pair of nodes begins
    references = _references_of(edges, table)
    judgements = judgements_of(edges, table, np.flatnonzero(main))
    for first in range(0, len(pair) - 1, _AT_ONCE):
        begins = pair[first : first + _AT_ONCE + 1]
        here = slice(int(begins[0]), int(begins[-1]))
        names = relations[edges.relation[here]]
        attrs = held(
            [
                {"relation": name, "first_seen": first, "last_seen": last, "count": len(said), "references": said}
                for name, first, last, said in zip(
                    names.tolist(),
                    times[edges.first[here]].tolist(),
                    times[edges.last[here]].tolist(),
                    references(here.start, here.stop),
                    strict=True,
                )
            ]
        )
        for known in attrs[main[here]].tolist():
            known["roles"], known["verdict"], known["remediation_status"] = next(judgements)
        heads = begins[:-1]
        within = heads - here.start
        between = [{name: known} for name, known in zip(names[within].tolist(), attrs[within].tolist(), strict=True)]
        alone = np.zeros(len(attrs), bool)
        alone[within] = True
        further = np.flatnonzero(~alone)
        owner = np.searchsorted(within, further, side="right") - 1
        for at, name, known in zip(owner.tolist(), names[further].tolist(), attrs[further].tolist(), strict=True):
            between[at][name] = known
        for node, other, around, back, both in zip(
            nodes[edges.source[heads]].tolist(),
            nodes[edges.target[heads]].tolist(),
            out[edges.source[heads]].tolist(),
            into[edges.target[heads]].tolist(),
            between,
            strict=True,
        ):
            around[other] = back[node] = both


def _references_of(edges: EdgeTable, table: ReferenceTable) -> Callable[[int, int], list[list[dict[str, Any]]]]:
    """Return what gives the references of the edges from one to another, in order."""
    records = table.records.values
    kinds, ids = held([record.kind for record in records]), held([record.id for record in records])
    texts, values, times = held(table.texts.values), held(table.values), held([*edges.times, None])  # -1 is the last
    besides = held([[list(one) for one in beside] for beside in table.besides])
    judgements = held([(list(one.roles), one.verdict, one.remediation) for one in table.judgements.values])
    said_by = _said_by(table)
    when = edges.when
    assert when is not None

    def of(first: int, end: int) -> list[list[dict[str, Any]]]:
        begin = int(edges.start[first])
        here = slice(begin, int(edges.start[end]))
        rows = {name: column[here] for name, column in edges.rows.items()}
        found: list[dict[str, Any]] = [
            {"record_kind": kind, "record_id": record_id, "field": path, "value": value, "time": time, "by": by}
            for kind, record_id, path, value, time, by in zip(
                kinds[rows["record"]].tolist(),
                ids[rows["record"]].tolist(),
                texts[rows["field"]].tolist(),
                values[rows["value"]].tolist(),
                times[when[here]].tolist(),
                said_by(rows["source"], rows["target"]),
                strict=True,
            )
        ]
        several = np.flatnonzero(rows["beside"] != NONE)
        for at, beside in zip(several.tolist(), besides[rows["beside"][several]].tolist(), strict=True):
            found[at]["beside"] = beside
        judged = np.flatnonzero(rows["judged"] != NONE)
        for at, judgement in zip(judged.tolist(), judgements[rows["judged"][judged]].tolist(), strict=True):
            reference = found[at]
            reference["roles"], reference["verdict"], reference["remediation_status"] = judgement
        cuts = (edges.start[first : end + 1] - begin).tolist()
        return [found[left:right] for left, right in pairwise(cuts)]

    return of


def _said_by(table: ReferenceTable) -> Callable[[Codes, Codes], list[Any]]:
    """Return what gives, for references, the identifiers by which they name their two ends (None for a record)."""
    texts = [None if isinstance(end, Record) else f"{end[1]}={end[2]}" for end in table.ends.values]
    said, by_record = held(texts), held([[None, text] for text in texts])
    is_record = np.array([text is None for text in texts], bool)

    def said_by(source: Codes, target: Codes) -> list[Any]:
        found: list[Any] = by_record[target].tolist()
        between = np.flatnonzero(~is_record[source])
        pairs = zip(said[source[between]].tolist(), said[target[between]].tolist(), strict=True)
        for at, pair in zip(between.tolist(), pairs, strict=True):
            found[at] = list(pair)
        return found

    return said_by

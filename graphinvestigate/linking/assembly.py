"""Puts records, observations and references together as an entity graph.

Building from frames and merging graphs end in the same `assemble`, so both give the same graph.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np

from graphinvestigate.linking.annotating import ANNOTATIONS, united
from graphinvestigate.linking.edge_table import EdgeTable, edges_of, judgements_of
from graphinvestigate.linking.identifiers import STRONG, Identifier
from graphinvestigate.linking.identity import KindedId, Observation, Refusal, Resolution, resolve
from graphinvestigate.linking.labels import entity_label, record_label
from graphinvestigate.linking.nodes import Entity, Node, Record
from graphinvestigate.linking.overrides import NO_OVERRIDES, Overrides
from graphinvestigate.linking.pools import NONE, Codes, ints
from graphinvestigate.linking.reference_table import ReferenceTable
from graphinvestigate.linking.tables import MAIN


@dataclass(slots=True)
class Seen:
    """What was seen beside the identifiers of one observation: names (place, last time) and facts."""

    names: dict[str, tuple[int, str]] = field(default_factory=dict)
    facts: dict[str, set[str]] = field(default_factory=dict)

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

    found: Resolution
    edges: EdgeTable
    records: list[Record]
    entities: dict[Entity, list[Observation]]
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
    found = resolve(parts.observations, tenants=tenants, overrides=parts.overrides)
    leads = found.leads
    ends = parts.references.ends.values
    records = sorted({*parts.records, *(end for end in ends if isinstance(end, Record))})
    entities: defaultdict[Entity, list[Observation]] = defaultdict(list)
    for observation in parts.observations:
        kind, ids = observation
        entities[leads[(kind, *ids[0])]].append(observation)
    nodes: list[Node] = [*records, *sorted(entities)]
    place = {node: at for at, node in enumerate(nodes)}
    node_of_end = ints([place[end if isinstance(end, Record) else leads[end]] for end in ends])
    spans = {record: (attrs["time"], attrs["end_time"]) for record, attrs in parts.records.items()}
    edges = edges_of(parts.references, nodes, node_of_end, spans)
    return Linked(found, edges, records, entities, sorted(tenants))


def assemble(parts: Parts) -> nx.MultiDiGraph:
    """Build the graph; nodes and edges stand in sorted order."""
    whole = linked(parts)
    refused = _refused(whole.found)
    g = nx.MultiDiGraph(
        tenants=whole.tenants,
        merges=[list(group) for group in parts.overrides.merges],
        splits=[list(group) for group in parts.overrides.splits],
    )
    for record in whole.records:
        known = parts.records.get(record)
        attrs: dict[str, Any] = (
            {"kind": record.kind, "id": record.id, "read": False, "time": None, "end_time": None}
            if known is None
            else dict(known)
        )
        attrs["label"] = record_label(attrs)
        _add_node(g, record, attrs)
    spans = _spans(whole)
    for entity, first, last in zip(whole.edges.nodes[len(whole.records) :], *spans, strict=True):
        assert isinstance(entity, Entity)
        attrs = _entity_attrs(entity, whole.entities[entity], parts, whole.found, refused.get(entity, []))
        attrs["first_seen"], attrs["last_seen"] = first, last
        _add_node(g, entity, attrs)
    for extra, extras in parts.node_extras.items():
        node: Node = extra if isinstance(extra, Record) else whole.found.leads[extra]
        attrs = g.nodes[node]
        for name, value in extras.items():
            known = attrs.get(name)
            attrs[name] = value if known is None else united(known, value) if name == ANNOTATIONS else known
    _add_edges(g, whole.edges, parts.references)
    return g


def _add_node(g: nx.MultiDiGraph, node: Node, attrs: dict[str, Any]) -> None:
    """What `add_node` does for a node that is not there yet."""
    g._succ[node], g._pred[node], g._node[node] = {}, {}, attrs


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
    times: list[str | None] = [*edges.times, None]  # -1 is the last
    return [times[code] for code in codes.tolist()]


def _entity_attrs(
    entity: Entity, observations: list[Observation], parts: Parts, found: Resolution, refused: list[Refusal]
) -> dict[str, Any]:
    names: dict[str, tuple[int, str]] = {}
    facts: dict[str, set[str]] = {}
    texts = {identifier: "=".join(identifier) for _, ids in observations for identifier in ids}
    seen_together: list[dict[str, Any]] = []
    if len(observations) > 1:
        observations.sort()
    for observation in observations:
        seen = parts.observations[observation]
        for name, at in seen.names.items():
            known = names.get(name)
            names[name] = at if known is None else (min(at[0], known[0]), max(at[1], known[1]))
        for name, values in seen.facts.items():
            facts[name] = facts[name] | values if name in facts else values
        seen_together.append(
            {
                "identifiers": [texts[identifier] for identifier in observation[1]],
                "names": {name: list(seen.names[name]) for name in sorted(seen.names)},
                "facts": {name: sorted(seen.facts[name]) for name in sorted(seen.facts)},
            }
        )
    return {
        "kind": entity.kind,
        "label": entity_label(entity, names),
        "identifiers": sorted(texts.values())
        if found.only_tenant is None and not refused
        else _identifiers(entity, texts, found, refused),
        "first_seen": None,
        "last_seen": None,
        "facts": {name: sorted(facts[name]) for name in sorted(facts)},
        "observations": seen_together,
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


def _identifiers(
    entity: Entity, given: Mapping[Identifier, str], found: Resolution, refused: list[Refusal]
) -> list[str]:
    ids = set(map(found.canonical, given))
    if refused:
        # A strong identifier that was refused here is another entity's, or nobody's; a name may be several's.
        split = {refusal.identifier for refusal in refused if refusal.by_hand}
        ids = {i for i in ids if found.leads[entity.kind, *i] == entity or (i[0] not in STRONG and i not in split)}
    return sorted([given.get(identifier) or "=".join(identifier) for identifier in ids])


def _refused(found: Resolution) -> dict[Entity, list[Refusal]]:
    """What was kept apart, by the entities of both sides."""
    by_entity: defaultdict[Entity, list[Refusal]] = defaultdict(list)
    for refusal in found.refusals:
        for entity in {found.leads[refusal.kind, *i] for i in (refusal.identifier, refusal.beside)}:
            by_entity[entity].append(refusal)
    return by_entity


def _add_edges(g: nx.MultiDiGraph, edges: EdgeTable, table: ReferenceTable) -> None:
    references = _references(edges, table)
    start = edges.start.tolist()
    relations = [edges.relations[code] for code in edges.relation.tolist()]
    attributes = [
        {
            "relation": name,
            "first_seen": first,
            "last_seen": last,
            "count": end - begin,
            "references": references[begin:end],
        }
        for name, first, last, begin, end in zip(
            relations, _texts(edges, edges.first), _texts(edges, edges.last), start, start[1:], strict=False
        )
    ]
    if MAIN in edges.relations:
        main = np.flatnonzero(edges.relation == edges.relations.index(MAIN))
        for at, (roles, verdict, remediation) in zip(main.tolist(), judgements_of(edges, table, main), strict=True):
            attrs = attributes[at]
            attrs["roles"], attrs["verdict"], attrs["remediation_status"] = list(roles), verdict, list(remediation)
    # What `add_edges_from` does, without a look into both adjacencies for every edge: edges come grouped by their ends.
    succ, pred, nodes = g._succ, g._pred, edges.nodes
    u, v, ends = -1, -1, zip(edges.source.tolist(), edges.target.tolist(), strict=True)
    out: dict[Node, dict[str, dict[str, Any]]] = {}
    between: dict[str, dict[str, Any]] = {}
    for (source, target), name, attrs in zip(ends, relations, attributes, strict=True):
        if source != u:
            u, v, node = source, -1, nodes[source]
            out = succ[node]
        if target != v:
            v, other = target, nodes[target]
            between = {}
            out[other] = pred[other][node] = between
        between[name] = attrs


def _references(edges: EdgeTable, table: ReferenceTable) -> list[dict[str, Any]]:
    rows = edges.rows
    said_by = [None if isinstance(end, Record) else f"{end[1]}={end[2]}" for end in table.ends.values]
    records, texts, values = table.records.values, table.texts.values, table.values
    besides = [[list(found) for found in beside] for beside in table.besides]
    names = ("record", "field", "value", "source", "target")
    found: list[dict[str, Any]] = [
        {
            "record_kind": records[record][0],
            "record_id": records[record][1],
            "field": texts[path],
            "value": values[value],
            "time": time,
            "by": [said_by[source], said_by[target]],
        }
        for record, path, value, source, target, time in zip(
            *(rows[name].tolist() for name in names), _texts(edges, edges.when), strict=True
        )
    ]
    for at in np.flatnonzero(rows["beside"] != NONE).tolist():
        found[at]["beside"] = besides[rows["beside"][at]]
    judgements = table.judgements.values
    for at in np.flatnonzero(rows["judged"] != NONE).tolist():
        judged = judgements[rows["judged"][at]]
        reference = found[at]
        reference["roles"] = list(judged.roles)
        reference["verdict"] = judged.verdict
        reference["remediation_status"] = judged.remediation
    return found

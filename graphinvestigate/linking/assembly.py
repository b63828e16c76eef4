"""Puts records, observations and stated relations together as an entity graph, and takes a graph apart again.

Building from frames and merging graphs end in the same `assemble`, so both give the same graph.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from graphinvestigate.linking.identifiers import STRONG
from graphinvestigate.linking.identity import KindedId, Observation, Refusal, Resolution, resolve
from graphinvestigate.linking.labels import entity_label, record_label
from graphinvestigate.linking.nodes import Entity, Node, Record, verdict_rank
from graphinvestigate.linking.overrides import NO_OVERRIDES, Overrides
from graphinvestigate.linking.tables import MAIN

End = Record | KindedId
Reference = dict[str, Any]


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
    references: list[tuple[End, End, str, Reference]] = field(default_factory=list)
    node_extras: dict[End, dict[str, Any]] = field(default_factory=dict)
    tenants: set[str] = field(default_factory=set)
    overrides: Overrides = NO_OVERRIDES


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


def assemble(parts: Parts) -> nx.MultiDiGraph:
    """Resolve the observations and build the graph; nodes and edges stand in sorted order."""
    tenants = parts.tenants | {t for attrs in parts.records.values() if (t := attrs.get("tenant_id"))}
    found = resolve(parts.observations, tenants=tenants, overrides=parts.overrides)
    leads, refused = found.leads, _refused(found)
    g = nx.MultiDiGraph(
        tenants=sorted(tenants),
        merges=[list(group) for group in parts.overrides.merges],
        splits=[list(group) for group in parts.overrides.splits],
    )
    edges = _edges(parts, leads)
    records = {record: dict(attrs) for record, attrs in parts.records.items()}
    seen: dict[Entity, list[str | None]] = {}
    for (source, target, _), attrs in edges.items():
        for end, other in ((source, target), (target, source)):
            if isinstance(end, Record):
                if end not in records:
                    records[end] = {"kind": end.kind, "id": end.id, "read": False, "time": None, "end_time": None}
                if isinstance(other, Entity):
                    span = seen.get(other)
                    if span is None:
                        seen[other] = [attrs["first_seen"], attrs["last_seen"]]
                    else:
                        span[0] = _earliest(span[0], attrs["first_seen"])
                        span[1] = _latest(span[1], attrs["last_seen"])
    for record in sorted(records):
        attrs = records[record]
        attrs["label"] = record_label(attrs)
        g.add_node(record, **attrs)
    entities: defaultdict[Entity, list[Observation]] = defaultdict(list)
    for observation in parts.observations:
        kind, ids = observation
        entities[leads[(kind, *ids[0])]].append(observation)
    for entity in sorted(entities):
        attrs = _entity_attrs(entity, entities[entity], parts, found, refused.get(entity, []), seen.get(entity))
        g.add_node(entity, **attrs)
    for extra, extras in parts.node_extras.items():
        node: Node = extra if isinstance(extra, Record) else leads[extra]
        for name, value in extras.items():
            g.nodes[node].setdefault(name, value)
    g.add_edges_from(
        (source, target, relation, edges[source, target, relation]) for source, target, relation in sorted(edges)
    )
    return g


def _entity_attrs(
    entity: Entity,
    observations: list[Observation],
    parts: Parts,
    found: Resolution,
    refused: list[Refusal],
    span: list[str | None] | None,
) -> dict[str, Any]:
    names: dict[str, tuple[int, str]] = {}
    facts: defaultdict[str, set[str]] = defaultdict(set)
    identifiers: set[str] = set()
    seen_together: list[dict[str, Any]] = []
    split = {refusal.identifier for refusal in refused if refusal.by_hand}
    for observation in sorted(observations):
        kind, ids = observation
        seen = parts.observations[observation]
        for name, at in seen.names.items():
            known = names.get(name)
            names[name] = at if known is None else (min(at[0], known[0]), max(at[1], known[1]))
        for name, values in seen.facts.items():
            facts[name] |= values
        for identifier in map(found.canonical, ids):
            # A strong identifier that was refused here is another entity's, or nobody's; a name may be several's.
            if found.leads[kind, *identifier] == entity or (identifier[0] not in STRONG and identifier not in split):
                identifiers.add("=".join(identifier))
        seen_together.append(
            {
                "identifiers": [f"{id_type}={value}" for id_type, value in ids],
                "names": {name: list(seen.names[name]) for name in sorted(seen.names)},
                "facts": {name: sorted(seen.facts[name]) for name in sorted(seen.facts)},
            }
        )
    return {
        "kind": entity.kind,
        "label": entity_label(entity, names),
        "identifiers": sorted(identifiers),
        "first_seen": span[0] if span else None,
        "last_seen": span[1] if span else None,
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


def _refused(found: Resolution) -> dict[Entity, list[Refusal]]:
    """What was kept apart, by the entities of both sides."""
    by_entity: defaultdict[Entity, list[Refusal]] = defaultdict(list)
    for refusal in found.refusals:
        for entity in {found.leads[refusal.kind, *i] for i in (refusal.identifier, refusal.beside)}:
            by_entity[entity].append(refusal)
    return by_entity


def _edges(parts: Parts, leads: dict[KindedId, Entity]) -> dict[tuple[Node, Node, str], dict[str, Any]]:
    grouped: defaultdict[tuple[Node, Node, str], list[Reference]] = defaultdict(list)
    for source, target, relation, reference in parts.references:
        u: Node = source if isinstance(source, Record) else leads[source]
        v: Node = target if isinstance(target, Record) else leads[target]
        if u != v:
            grouped[u, v, relation].append(reference)
    edges: dict[tuple[Node, Node, str], dict[str, Any]] = {}
    records = parts.records
    for key, found in grouped.items():
        references = found if len(found) == 1 else _without_repeats(found)
        first: str | None = None
        last: str | None = None
        for reference in references:
            attrs = records.get((reference["record_kind"], reference["record_id"]))  # type: ignore[call-overload]
            if attrs is not None:
                reference["time"] = begun = attrs["time"]
                ended = attrs["end_time"]
            else:  # a part cut out of a graph may lack the record that states a tie
                begun = ended = reference["time"]
            first = _earliest(first, begun)
            last = _latest(last, ended)
        edge: dict[str, Any] = {
            "relation": key[2],
            "first_seen": first,
            "last_seen": last,
            "count": len(references),
            "references": references,
        }
        if key[2] == MAIN:
            edge["roles"] = sorted({role for r in references for role in r.get("roles", ())})
            edge["verdict"] = max((r.get("verdict") for r in references), key=_verdict_order)
            edge["remediation_status"] = sorted(
                {r["remediation_status"] for r in references if r.get("remediation_status")}
            )
        edges[key] = edge
    return edges


def _without_repeats(references: Iterable[Reference]) -> list[Reference]:
    kept: dict[tuple[str | None, ...], Reference] = {}
    for r in references:
        key = (r["record_kind"], r["record_id"], r["field"], str(r["value"]), *r["by"])
        known = kept.get(key)
        if known is None:
            kept[key] = r
        elif known is not r and "roles" in r:
            # Two versions of one evidence item: the worse judgement stays, whichever came first.
            known["roles"] = sorted({*known["roles"], *r["roles"]})
            known["verdict"] = max(known["verdict"], r["verdict"], key=_verdict_order)
            known["remediation_status"] = max(known["remediation_status"] or "", r["remediation_status"] or "") or None
        if known is not None and known is not r and (more := r.get("beside")) and more != known.get("beside"):
            known["beside"] = _united(known.get("beside", []), more)
    return [kept[key] for key in sorted(kept, key=_reference_order)]


def _united(a: list[list[Any]], b: list[list[Any]]) -> list[list[Any]]:
    """Return the identifiers that two versions of a record give in one place, each once."""
    return sorted([*a, *(found for found in b if found not in a)], key=lambda found: [str(part) for part in found])


def _reference_order(key: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(part or "" for part in key)


def _verdict_order(verdict: str | None) -> tuple[int, str]:
    return verdict_rank(verdict), verdict or ""


def _earliest(a: str | None, b: str | None) -> str | None:
    return b if a is None or (b is not None and b < a) else a


def _latest(a: str | None, b: str | None) -> str | None:
    return b if a is None or (b is not None and b > a) else a

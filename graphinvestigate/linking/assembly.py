"""Puts records, observations and references together as an entity graph.

Building from frames and merging graphs end in the same `assemble`, so both give the same graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise
from typing import Any

import networkx as nx
import numpy as np

from graphinvestigate.linking.annotating import ANNOTATIONS, united
from graphinvestigate.linking.edge_table import EdgeTable, Spans, edges_of, judgements_of
from graphinvestigate.linking.identifiers import STRONG
from graphinvestigate.linking.identity import KindedId, Observation, Refusal, Resolution
from graphinvestigate.linking.labels import entity_label, key_label, record_label
from graphinvestigate.linking.nodes import Entity, Record, in_order
from graphinvestigate.linking.observations import Observations, Observed, seen_in_all
from graphinvestigate.linking.overrides import NO_OVERRIDES, Overrides
from graphinvestigate.linking.pools import NONE, Codes, chosen, held
from graphinvestigate.linking.reference_table import ReferenceTable
from graphinvestigate.linking.who import Who, who

_AT_ONCE = 5_000  # pairs of nodes
_NO_TIMES = {"time": None, "end_time": None}


@dataclass(slots=True)
class Parts:
    """A graph taken apart: nothing in it depends on which identifiers were found to be one entity."""

    records: dict[Record, dict[str, Any]] = field(default_factory=dict)
    observations: Observations = field(default_factory=Observations)
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


def linked(parts: Parts) -> Linked:
    """Resolve the observations and group the references into edges, in columns."""
    tenants = parts.tenants | {t for attrs in parts.records.values() if (t := attrs.get("tenant_id"))}
    observations, pool = parts.observations, parts.references.ends
    entities = who(observations, pool, tenants=tenants, overrides=parts.overrides)
    its_own = np.flatnonzero(entities.of_end == NONE)
    named: list[Record] = chosen(pool.values, its_own)
    records = in_order({*parts.records, *named})
    place = dict(zip(records, range(len(records)), strict=True))
    node_of_end = entities.of_end + len(records)
    node_of_end[its_own] = list(map(place.__getitem__, named))
    said = list(map(parts.records.get, parts.references.records.values))
    known = [attrs or _NO_TIMES for attrs in said]
    unknown = np.array([attrs is None for attrs in said], bool)
    spans = Spans([attrs["time"] for attrs in known], [attrs["end_time"] for attrs in known], unknown)
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
    # What `add_node` does for nodes that are not there yet.
    nodes, out, into = g._node, g._succ, g._pred
    for record in whole.records:
        known = parts.records.get(record)
        if known is None:
            known = {"kind": record.kind, "id": record.id, "read": False, "time": None, "end_time": None}
        known["label"] = record_label(known)
        nodes[record], out[record], into[record] = known, {}, {}
    observation, alone = parts.observations.reader(parts.references.ends.values), parts.observations.nodes()
    ready = not found.respelled
    places, start, (begun, ended) = entities.observation.tolist(), entities.start.tolist(), _spans(whole)
    made = chosen(alone, entities.observation[entities.start[:-1]])
    for entity, node, (at, end), first, last in zip(
        entities.entities, made, pairwise(start), begun, ended, strict=True
    ):
        if ready and end == at + 1 and not (refused and entity in refused):
            node["first_seen"], node["last_seen"] = first, last
            if node["label"] is None:
                node["label"] = key_label(entity)
        else:
            about = {observation(place): alone[place]["observations"][0] for place in places[at:end]}
            node = _entity_attrs(entity, about, found, refused.get(entity, ()), first, last)
        nodes[entity], out[entity], into[entity] = node, {}, {}
    if parts.node_extras:
        carrier = {
            parts.references.ends.values[parts.observations.first[place]]: entity
            for entity, (at, end) in zip(entities.entities, pairwise(start), strict=True)
            for place in places[at:end]
        }
        for extra, extras in parts.node_extras.items():
            attrs = g.nodes[extra if isinstance(extra, Record) else carrier[extra]]
            for name, value in extras.items():
                known = attrs.get(name)
                attrs[name] = value if known is None else united(known, value) if name == ANNOTATIONS else known
    _add_edges(g, whole.edges, parts.references, parts.observations.texts(parts.references.ends.values))
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


def _entity_attrs(
    entity: Entity,
    observations: dict[Observation, Observed],
    found: Resolution,
    refused: Sequence[Refusal],
    first: str | None,
    last: str | None,
) -> dict[str, Any]:
    found_together = [observations[one] for one in sorted(observations)]
    whole = seen_in_all(found_together)
    texts = {text for one in found_together for text in one["identifiers"]}
    return {
        "kind": entity.kind,
        "label": entity_label(entity, whole["names"]),
        "identifiers": _identifiers(entity, observations, found, refused)
        if refused or found.respelled
        else sorted(texts),
        "first_seen": first,
        "last_seen": last,
        "facts": whole["facts"],
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


def _add_edges(g: nx.MultiDiGraph, edges: EdgeTable, table: ReferenceTable, said: Sequence[str | None]) -> None:
    """What `add_edges_from` does, without a look into both adjacencies for every edge: edges come sorted by their ends.

    `said` is how each end of a reference is written (None for a record).
    Lists of the references (``by``, ``beside``, ``roles``) are shared among references that say the same.
    """
    if not len(edges.source):
        return
    nodes, relations, times = held(edges.nodes), held(edges.relations), held([*edges.times, None])  # -1 is the last
    out, into = held(g._succ.values()), held(g._pred.values())
    head = (np.diff(edges.source, prepend=-1) != 0) | (np.diff(edges.target, prepend=-1) != 0)
    pair = np.append(np.flatnonzero(head), len(edges.source))  # where each pair of nodes begins
    references, judgements = _references_of(edges, table, said), judgements_of(edges, table)
    for first in range(0, len(pair) - 1, _AT_ONCE):
        heads = pair[first : first + _AT_ONCE + 1]
        begin, end = int(heads[0]), int(heads[-1])
        heads, here = heads[:-1], slice(begin, end)
        names = relations[edges.relation[here]].tolist()
        attrs = [
            {"relation": name, "first_seen": first, "last_seen": last, "count": len(said), "references": said}
            if judged is None
            else {
                "relation": name,
                "first_seen": first,
                "last_seen": last,
                "count": len(said),
                "references": said,
                "roles": judged[0],
                "verdict": judged[1],
                "remediation_status": judged[2],
            }
            for name, first, last, said, judged in zip(
                names,
                times[edges.first[here]].tolist(),
                times[edges.last[here]].tolist(),
                references(begin, end),
                judgements(begin, end),
                strict=True,
            )
        ]
        is_head = head[here]
        between = [{name: known} for name, known in compress(zip(names, attrs, strict=True), is_head.tolist())]
        further = np.flatnonzero(~is_head)
        for at, owner in zip(further.tolist(), (np.cumsum(is_head)[further] - 1).tolist(), strict=True):
            between[owner][names[at]] = attrs[at]
        for node, other, around, back, both in zip(
            nodes[edges.source[heads]].tolist(),
            nodes[edges.target[heads]].tolist(),
            out[edges.source[heads]].tolist(),
            into[edges.target[heads]].tolist(),
            between,
            strict=True,
        ):
            around[other] = back[node] = both


def _references_of(
    edges: EdgeTable, table: ReferenceTable, said: Sequence[str | None]
) -> Callable[[int, int], list[list[dict[str, Any]]]]:
    """Return what gives the references of the edges from one to another, in order."""
    records = table.records.values
    kinds, ids = held([record[0] for record in records]), held([record[1] for record in records])
    texts, values, besides = held(table.texts.values), held(table.values.values), held(table.besides)
    times = held([*edges.times, None])  # -1 is the last
    judgements = held([(list(one.roles), one.verdict, one.remediation) for one in table.judgements.values])
    said_by = _said_by(said)
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
        is_first = np.zeros(len(found), np.bool_)
        is_first[edges.start[first:end] - begin] = True
        lists = [[one] for one in compress(found, is_first.tolist())]
        further = np.flatnonzero(~is_first)
        for at, owner in zip(further.tolist(), (np.cumsum(is_first)[further] - 1).tolist(), strict=True):
            lists[owner].append(found[at])
        return lists

    return of


def _said_by(texts: Sequence[str | None]) -> Callable[[Codes, Codes], list[Any]]:
    """Return what gives, for references, the identifiers by which they name their two ends (None for a record)."""
    said = held(texts)
    is_record = np.array([text is None for text in texts], bool)
    by_record = np.full(len(texts), None, object)
    by_record[~is_record] = held([[None, text] for text in said[~is_record].tolist()])
    by_record[is_record] = held([[None, None]] * int(is_record.sum()))

    def said_by(source: Codes, target: Codes) -> list[Any]:
        found: list[Any] = by_record[target].tolist()
        between = np.flatnonzero(~is_record[source])
        pairs = zip(said[source[between]].tolist(), said[target[between]].tolist(), strict=True)
        for at, pair in zip(between.tolist(), pairs, strict=True):
            found[at] = list(pair)
        return found

    return said_by

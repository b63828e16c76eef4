"""STIX 2.1: the entity graph as one bundle, with the reasons of every relationship in its description."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any

import networkx as nx

from graphinvestigate import text
from graphinvestigate.exports.cleaning import HALF, Cleaner
from graphinvestigate.exports.flat import node_id
from graphinvestigate.exports.json_graphs import dumped
from graphinvestigate.exports.saying import describe, sentences
from graphinvestigate.exports.stix_objects import (
    EPOCH,
    StixObject,
    author,
    entity_object,
    own_id,
)
from graphinvestigate.linking import Entity, Record

_SUSPICIONS = ("alert", "risk_detection", "risky_user")
_DOMAIN_OBJECTS = frozenset({"identity", "infrastructure", "malware"})
_DATED = _DOMAIN_OBJECTS | {"grouping", "incident", "observed-data", "relationship"}


def stix(g: nx.MultiDiGraph) -> bytes:
    """Write a graph as a STIX 2.1 bundle; the same graph gives the same ids.

    Entities become the standard's observables (accounts, addresses, files, URLs …), identities (hosts, apps, groups)
    or, where it has no word of its own, infrastructure. An alert or a risk detection is a grouping (suspicious
    activity) of what it names, an incident an incident, a sign-in observed data. Each edge is a relationship whose
    description says why it is there.
    """
    clean = Cleaner(HALF)
    bundle = {"type": "bundle", "id": own_id("bundle", _fingerprint(g)), "objects": author() + _objects(g)}
    written = dumped(bundle, clean)
    clean.say("UTF-8", "They are halves of characters, which no file of text holds.")
    return written


def _fingerprint(g: nx.MultiDiGraph) -> str:
    return f"{len(g)} {g.number_of_edges()} " + " ".join(sorted(node_id(node) for node in g))


def _objects(g: nx.MultiDiGraph) -> list[StixObject]:
    made: dict[str, StixObject] = {}
    taken: set[str] = set()
    for entity in sorted(node for node in g if isinstance(node, Entity)):
        attrs, name = g.nodes[entity], node_id(entity)
        one = entity_object(entity, attrs, name)
        if one["id"] in taken:  # two entities of one content are still two
            one["id"] = own_id(one["type"], name)
        taken.add(one["id"])
        made[name] = _dated(one, attrs.get("first_seen"), attrs.get("last_seen"))
    records = sorted(node for node in g if isinstance(node, Record))
    kinds = {record: _kind(g, record, made) for record in records}
    for record in records:
        attrs = g.nodes[record]
        made[node_id(record)] = _dated(_record(g, record, made, kinds), attrs.get("time"), attrs.get("updated"))
    _say_alone([record for record in records if not made[node_id(record)].get("object_refs", True)])
    kept = {name: one for name, one in made.items() if one.get("object_refs", True)}
    return [*kept.values(), *_relationships(g, kept)]


def _say_alone(alone: list[Record]) -> None:
    if alone:
        warnings.warn(
            f"{len(alone):,} record{'s name' if len(alone) > 1 else ' names'} nobody and nothing, and STIX groups "
            f"objects only: left out ({alone[0].kind} {text.terminal(alone[0].id, 60)}"
            f"{' and others' if len(alone) > 1 else ''}).",
            stacklevel=5,
        )


def _near(g: nx.MultiDiGraph, node: Record) -> list[Entity | Record]:
    return sorted({*g.successors(node), *g.predecessors(node)})


def _observed(g: nx.MultiDiGraph, node: Record, made: dict[str, StixObject]) -> list[str]:
    named = [made[node_id(other)] for other in _near(g, node) if isinstance(other, Entity)]
    return [one["id"] for one in named if one["type"] not in _DOMAIN_OBJECTS]


def _kind(g: nx.MultiDiGraph, node: Record, made: dict[str, StixObject]) -> str:
    if node.kind == "incident":
        return "incident"
    if node.kind not in _SUSPICIONS and g.nodes[node].get("time") and _observed(g, node, made):
        return "observed-data"
    return "grouping"


def _record(g: nx.MultiDiGraph, node: Record, made: dict[str, StixObject], kinds: dict[Record, str]) -> StixObject:
    attrs = g.nodes[node]
    base: StixObject = {
        "external_references": [{"source_name": f"microsoft-graph {node.kind}", "external_id": node.id}]
    }
    labels = [
        f"{field.replace('_', '-')}:{attrs[field]}"
        for field in ("severity", "status", "risk_level", "risk_state")
        if attrs.get(field)
    ]
    if labels:
        base["labels"] = labels
    one = _started(kinds[node], node_id(node))
    if kinds[node] == "observed-data":
        first, last = stamp(attrs["time"]), stamp(attrs.get("end_time") or attrs["time"])
        span = {"first_observed": first, "last_observed": max(first, last), "number_observed": 1}
        return one | span | base | {"object_refs": _observed(g, node, made)}
    named = {"name": str(attrs["label"]), "description": describe(g, node)}
    if kinds[node] == "incident":
        return one | named | base
    # Entities before all; a record that was only named is known by the records that name it.
    near = _near(g, node)
    refs = [made[node_id(other)]["id"] for other in near if isinstance(other, Entity)] or [
        own_id(kinds[other], node_id(other)) for other in near if isinstance(other, Record)
    ]
    context = "suspicious-activity" if node.kind in _SUSPICIONS else "unspecified"
    return one | named | {"context": context} | base | {"object_refs": refs}


def _relationships(g: nx.MultiDiGraph, made: dict[str, StixObject]) -> list[StixObject]:
    why = sentences(g)
    found = []
    for source, target, relation, attrs in sorted(g.edges(keys=True, data=True), key=lambda edge: edge[:3]):
        key = (node_id(source), node_id(target), relation)
        one = _started("relationship", " ".join(key)) | {
            "relationship_type": str(relation).replace("_", "-"),
            "description": "\n".join(why[key]),
            "source_ref": made[key[0]]["id"],
            "target_ref": made[key[1]]["id"],
        }
        first, last = attrs.get("first_seen"), attrs.get("last_seen")
        if first:
            one["start_time"] = stamp(first)
            if last and stamp(last) > stamp(first):  # the standard refuses a span without length
                one["stop_time"] = stamp(last)
        found.append(_dated(one, first, last))
    return found


def _started(kind: str, name: str) -> StixObject:
    return {"type": kind, "spec_version": "2.1", "id": own_id(kind, name)}


def _dated(one: StixObject, first: str | None, last: str | None) -> StixObject:
    if one["type"] not in _DATED:
        return one
    created = stamp(first) if first else EPOCH
    modified = max(created, stamp(last)) if last else created
    head: dict[str, Any] = {name: one[name] for name in ("type", "spec_version", "id")}
    return head | {"created": created, "modified": modified} | one


def stamp(time: str) -> str:
    """Write an ISO time as STIX does: UTC, milliseconds, ``Z``."""
    moment = datetime.fromisoformat(time).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"

"""BloodHound OpenGraph: the entity graph beside the collected directory, meeting it at the Entra object ids."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import networkx as nx

from graphinvestigate.exports.cleaning import NUL, Cleaner
from graphinvestigate.exports.flat import Attributes, flat, node_id, types_of
from graphinvestigate.exports.json_graphs import dumped
from graphinvestigate.exports.saying import sentences
from graphinvestigate.linking import Entity, Record

SOURCE_KIND = "GraphInvestigate"
_PREFIX = "GI_"
# BloodHound writes these itself.
_TAKEN = frozenset({"objectid", "lastseen", "lastcollected", "system_tags", "name", "displayname", "id", "kinds"})
# Directory objects that AzureHound collects under the same id, in capitals.
_IN_THE_DIRECTORY = {"user": "object_id", "service_principal": "object_id", "security_group": "group_object_id"}


def opengraph(g: nx.MultiDiGraph) -> bytes:
    """Write a graph as BloodHound OpenGraph JSON.

    Kinds are ``GI_User``, ``GI_SignedInFrom`` and so on, so that none is taken for one of BloodHound's own; the
    property ``why`` of an edge says in sentences what states it.
    """
    rows = flat(g)
    clean = Cleaner(NUL)
    ids = {node_id(node): object_id(g, node) for node in g}
    shared = {one for one, times in Counter(ids.values()).items() if times > 1}  # two nodes are never one
    ids = {node: node if one in shared else one for node, one in ids.items()}
    homes = types_of(attrs for _, attrs in rows.nodes)
    nodes = [
        {
            "id": ids[node],
            "kinds": [f"{_PREFIX}{_pascal(attrs['kind'])}", f"{_PREFIX}Node"],
            "properties": {
                "name": str(attrs["label"]),
                "displayname": str(attrs["label"]),
                **_properties(attrs, homes),
            },
        }
        for node, attrs in rows.nodes
    ]
    why = sentences(g)
    homes = types_of(attrs for _, _, _, attrs in rows.edges)
    edges = []
    for source, target, relation, attrs in rows.edges:
        shown = {name: value for name, value in attrs.items() if name != "references"}
        edges.append(
            {
                "start": {"match_by": "id", "value": ids[source]},
                "end": {"match_by": "id", "value": ids[target]},
                "kind": f"{_PREFIX}{_pascal(relation)}",
                "properties": {**_properties(shown, homes), "why": why[source, target, relation]},
            }
        )
    content = {"metadata": {"source_kind": SOURCE_KIND}, "graph": {"nodes": nodes, "edges": edges}}
    written = dumped(_cleaned(content, clean), clean)
    clean.say("BloodHound")
    return written


def object_id(g: nx.MultiDiGraph, node: Entity | Record) -> str:
    """Give the id under which BloodHound knows a node: its directory object id in capitals, else ``kind:key``."""
    identifier = _IN_THE_DIRECTORY.get(node.kind)
    pairs = [text.partition("=") for text in g.nodes[node].get("identifiers", ())]
    found = [value for name, _, value in pairs if name == identifier]
    return found[0].upper() if len(found) == 1 else node_id(node)


def _properties(attrs: Attributes, homes: dict[str, str]) -> dict[str, Any]:
    """Texts, numbers, booleans, and lists of texts: BloodHound takes nothing else, and no list of several types."""
    found: dict[str, Any] = {}
    for name, value in attrs.items():
        if name == "label":
            continue
        if name == "facts" and isinstance(value, dict):
            for fact, texts in value.items():
                if texts:
                    found[f"fact_{_word(fact)}"] = [str(text) for text in texts]
            continue
        named = _word(name)
        named = f"gi_{named}" if named in _TAKEN else named
        if isinstance(value, list | tuple):
            if value:
                found[named] = [one if isinstance(one, str) else _text(one) for one in value]
        elif isinstance(value, dict):
            found[named] = _text(value)
        else:
            found[named] = value if homes[name] in ("boolean", "long", "double") else _text(value)
    return found


def _cleaned(value: Any, clean: Cleaner) -> Any:
    """Clean every text before it is written: JSON would hide a NUL behind an escape."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _cleaned(one, clean) for name, one in value.items()}
    return [_cleaned(one, clean) for one in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    from graphinvestigate.exports.flat import compact

    return value if isinstance(value, str) else compact(value)


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name)) or "Other"


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "other"

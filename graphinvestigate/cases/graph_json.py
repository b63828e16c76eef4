"""The entity graph ↔ node-link JSON, as networkx knows it. Nothing is executed, no other format is read."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator
from typing import Any

import networkx as nx

from graphinvestigate.cases.manifest import in_pieces, parsed
from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.linking import RECORD_KINDS, Entity, Record
from graphinvestigate.linking.nodes import Node
from graphinvestigate.linking.overrides import overrides_of
from graphinvestigate.text import log

FILE = "graph.json"
_TEXTS = (
    "label",
    "first_seen",
    "last_seen",
    "time",
    "end_time",
    "updated",
    "severity",
    "status",
    "category",
    "verdict",
)
_NODE, _EDGE = "node", ("source", "target", "key")
MOST_NODES, MOST_EDGES = 2_000_000, 10_000_000


def graph_to_bytes(g: nx.MultiDiGraph) -> bytes:
    """Write an entity graph as node-link JSON, one node or edge per line.

    ``networkx.node_link_graph(json.load(file), name="node", edges="edges")`` reads it without this package.

    Raises
    ------
    UsageError
        An attribute is no plain JSON value.
    """
    return b"".join(graph_pieces(g))


def graph_pieces(g: nx.MultiDiGraph) -> Iterator[bytes]:
    """Write an entity graph as `graph_to_bytes` does, in pieces of some megabytes that end where a line does."""
    return in_pieces(text.encode("ascii") for text in _lines(g))


def _lines(g: nx.MultiDiGraph) -> Iterator[str]:
    yield f'{{"directed": true,\n"multigraph": true,\n"graph": {_written(g.graph)},\n"nodes": [\n'
    apart = ""
    for node, attrs in g.nodes(data=True):
        yield f"{apart}{_written(_node_line(node, attrs))}"
        apart = ",\n"
    yield '\n],\n"edges": [\n'
    apart = ""
    for u, v, key, attrs in g.edges(keys=True, data=True):
        yield f"{apart}{_written(_edge_line(u, v, key, attrs))}"
        apart = ",\n"
    yield "\n]}\n"


def _node_line(node: Any, attrs: dict[str, Any]) -> dict[str, Any]:
    return {_NODE: _end(node), **attrs}


def _edge_line(u: Any, v: Any, key: Any, attrs: dict[str, Any]) -> dict[str, Any]:
    return {"source": _end(u), "target": _end(v), "key": key, **attrs}


def _end(node: Any) -> list[Any]:
    if not isinstance(node, Entity | Record):
        raise UsageError(f"a case keeps entity graphs: {log(repr(node))} is no Entity and no Record.")
    return [node.kind, node[1]]


def _written(value: dict[str, Any]) -> str:
    try:
        return _line(value)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"this graph can't be kept as JSON ({log(str(error))}): a case keeps what entity_graph and merge_graphs "
            "return, with plain JSON values as attributes."
        ) from error


# One encoder for all lines: making one for each takes as long as the line.
_line = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


def graph_from_bytes(body: bytes, *, source: str = FILE) -> nx.MultiDiGraph:
    """Read what `graph_to_bytes` wrote.

    Raises
    ------
    BadFileError
        It is no node-link JSON of an entity graph.
    """
    value = parsed(body, source=source, share=True)
    nodes, edges = (value.get("nodes"), value.get("edges")) if isinstance(value, dict) else (None, None)
    if not isinstance(nodes, list) or not isinstance(edges, list) or not isinstance(value.get("graph", {}), dict):
        raise BadFileError(f"{source}: no node-link JSON of an entity graph; the case is damaged.")
    if len(nodes) > MOST_NODES or len(edges) > MOST_EDGES:
        raise BadFileError(f"{source}: more nodes or edges than a case has, so it was not read.")
    _check_settings(value.get("graph", {}), source)
    g = nx.MultiDiGraph()
    g.graph.update(value.get("graph", {}))
    g.add_nodes_from(_read_node(one, source) for one in nodes)
    g.add_edges_from(_read_edge(one, g, source) for one in edges)
    return g


def graph_as_read(g: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Give the graph that a reader of its file finds.

    Returns
    -------
    networkx.MultiDiGraph
        `g` itself where each of its lines says the same again, which is tried line by line, so that there is no second
        graph; else the one that is read.

    Raises
    ------
    UsageError, BadFileError
        It can't be written, or not be read again.
    """
    _check_settings(g.graph, FILE)
    same = json.loads(_written(g.graph)) == g.graph
    for node, attrs in g.nodes(data=True):
        if not same:
            break
        read, again = _read_node(json.loads(_written(_node_line(node, attrs))), FILE)
        same = type(read) is type(node) and read == node and again == attrs
    for u, v, key, attrs in g.edges(keys=True, data=True):
        if not same:
            break
        *ends, again = _read_edge(json.loads(_written(_edge_line(u, v, key, attrs))), g, FILE)
        same = ends == [u, v, key] and again == attrs
    return g if same else graph_from_bytes(graph_to_bytes(g))


def _read_node(one: Any, source: str) -> tuple[Node, dict[str, Any]]:
    attrs = _object(one, source)
    node = _node(attrs.pop(_NODE, None), source)
    if "read" in attrs:  # records of map_records have kinds of their own
        node = Record(*node)
    if not _are(attrs, _TEXTS, str, type(None)) or (isinstance(node, Entity) and not _whole(attrs)):
        raise BadFileError(f"{source}: what it says of {log(node[1])} is of another type; the case is damaged.")
    return node, attrs


def _read_edge(one: Any, g: nx.MultiDiGraph, source: str) -> tuple[Node, Node, str, dict[str, Any]]:
    attrs = _object(one, source)
    u, v, key = (attrs.pop(name, None) for name in _EDGE)
    ends = _node(u, source), _node(v, source)
    if not all(end in g for end in ends) or not isinstance(key, str) or not _references(attrs):
        raise BadFileError(f"{source}: an edge without ends, relation or references; the case is damaged.")
    return *ends, key, attrs


def _object(value: Any, source: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadFileError(f"{source}: a node or edge that is no object; the case is damaged.")
    return dict(value)


def _node(value: Any, source: str) -> Node:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(text, str) for text in value):
        raise BadFileError(f"{source}: {log(repr(value))} names no node; the case is damaged.")
    kind, key = value
    return Record(kind, key) if kind in RECORD_KINDS else Entity(kind, key)


def _check_settings(settings: dict[str, Any], source: str) -> None:
    """Hubs, and what was joined and split by hand, are what the functions that read them expect."""
    if not all(map(_is_hub, _list(settings.get("hubs", [])))) or not isinstance(settings.get("tenant", ""), str):
        raise BadFileError(f"{source}: its list of hubs, or its tenant, is something else; the case is damaged.")
    try:
        overrides_of(settings.get("merges"), settings.get("splits"))
    except (UsageError, TypeError) as error:
        raise BadFileError(f"{source}: its merges and splits are none ({log(str(error))}).") from error


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_hub(value: Any) -> bool:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return False
    if "network" not in value:
        return {"kind", "key"} <= set(value) or "name" in value
    try:
        ipaddress.ip_network(value["network"], strict=False)
    except ValueError:
        return False
    return {"how", "why"} <= set(value)


def _are(attrs: dict[str, Any], names: Iterable[str], *types: type) -> bool:
    """Whether attributes, where they are there, are of a type."""
    return all(isinstance(attrs[name], types) and not isinstance(attrs[name], bool) for name in names if name in attrs)


def _whole(attrs: dict[str, Any]) -> bool:
    """Whether an entity says who it is."""
    if not isinstance(attrs.get("label"), str) or not _texts(attrs.get("identifiers")):
        return False
    seen = attrs.get("observations")
    return isinstance(seen, list) and all(
        isinstance(one, dict)
        and _texts(one.get("identifiers"))
        and bool(one["identifiers"])
        and isinstance(one.get("names"), dict)
        and all(
            isinstance(v, list) and len(v) == 2 and _are({"n": v[0], "t": v[1]}, "n", int)
            for v in one["names"].values()
        )
        and all(isinstance(v[1], str) for v in one["names"].values())
        and isinstance(one.get("facts"), dict)
        and all(_texts(value) for value in one["facts"].values())
        for one in seen
    )


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _references(attrs: dict[str, Any]) -> bool:
    """Whether an edge says how often it was stated, when, and by which records."""
    found = attrs.get("references")
    counted = isinstance(attrs.get("count"), int) and not isinstance(attrs.get("count"), bool)
    return (
        counted and _are(attrs, _TEXTS, str, type(None)) and isinstance(found, list) and all(map(_is_reference, found))
    )


def _is_reference(one: Any) -> bool:
    if not isinstance(one, dict) or not all(
        isinstance(one.get(name), str) for name in ("record_kind", "record_id", "field")
    ):
        return False
    by = one.get("by")
    return (
        _are(one, ("time", "verdict", "remediation_status"), str, type(None))
        and "value" in one
        and isinstance(by, list)
        and len(by) == 2
        and all(text is None or isinstance(text, str) for text in by)
    )


def graph_differences(stored: nx.MultiDiGraph, built: nx.MultiDiGraph) -> list[str]:
    """Say where two entity graphs differ.

    Parameters
    ----------
    stored, built : networkx.MultiDiGraph
        As it was saved, and as the records give it.

    Returns
    -------
    list of str
        Sentences; empty where they are equal.
    """
    said = []
    for what, ours, theirs in (
        ("node", set(stored), set(built)),
        ("edge", set(stored.edges(keys=True)), set(built.edges(keys=True))),
    ):
        for side, missing in (("the records do not give", ours - theirs), ("only the records give", theirs - ours)):
            if missing:
                shown = ", ".join(log(_name(one)) for one in sorted(missing, key=repr)[:3])
                more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
                said.append(
                    f"graph: {len(missing)} {what}{'s' if len(missing) > 1 else ''} that {side}: {shown}{more}."
                )
    nodes = [(node, stored.nodes[node], built.nodes[node]) for node in stored if node in built]
    edges = [(one, stored.edges[one], built.edges[one]) for one in stored.edges(keys=True) if built.has_edge(*one)]
    for what, pairs in (("node", nodes), ("edge", edges)):
        found = [(one, ours, theirs) for one, ours, theirs in pairs if ours != theirs]
        if found:
            names = {
                name for _, ours, theirs in found for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)
            }
            count = f"{len(found)} {what}{'s' if len(found) > 1 else ''}"
            said.append(
                f"graph: {count} with other {log(', '.join(sorted(names)))}, such as {log(_name(found[0][0]))}."
            )
    return said


def _name(one: Any) -> str:
    if len(one) == 3:
        return f"{one[0][1]} {one[2]} {one[1][1]}"
    return f"{one[0]} {one[1]}"

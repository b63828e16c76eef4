"""An entity graph as plain rows: what every export is written from, sorted so that equal graphs give equal files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record

Attributes = dict[str, Any]

# How the identifiers were seen together: what `merge_graphs` needs, and no other tool reads.
_OURS_ALONE = ("observations",)


@dataclass(frozen=True, slots=True)
class FlatGraph:
    """Nodes and edges with text ids.

    Attributes
    ----------
    nodes : list of (str, dict)
        Id (``kind:key``) and attributes: ``kind``, ``key``, ``label`` first, then the others by name. No None.
    edges : list of (str, str, str, dict)
        Source, target, relation and attributes.
    """

    nodes: list[tuple[str, Attributes]]
    edges: list[tuple[str, str, str, Attributes]]


def node_id(node: Entity | Record) -> str:
    """Give a node's id as text: its kind, a colon (which no kind holds), and its key."""
    return f"{node[0]}:{node[1]}"


def check_graph(g: nx.MultiDiGraph) -> None:
    """Refuse what is no entity graph.

    Raises
    ------
    UsageError
        It is no MultiDiGraph, or a node of it is neither an Entity nor a Record.
    """
    if not isinstance(g, nx.MultiDiGraph):
        raise UsageError(f"export_graph writes what gi.entity_graph makes, not {type(g).__name__}.")
    for node in g:
        if not isinstance(node, Entity | Record):
            raise UsageError(
                f"{node!r:.80} is neither an Entity nor a Record: export_graph writes graphs of gi.entity_graph."
            )


def flat(g: nx.MultiDiGraph, *, whole: bool = False) -> FlatGraph:
    """Take an entity graph apart into sorted rows; the graph stays as it is.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    whole : bool
        Whether to keep what only this package reads.

    Returns
    -------
    FlatGraph
    """
    nodes = []
    for node in sorted(g):
        attrs = g.nodes[node]
        first = {"kind": node[0], "key": node[1], "label": attrs.get("label") or node[1]}
        nodes.append((node_id(node), first | _rest(attrs, ("kind", "key", "label", "id"), whole)))
    edges = [
        (node_id(source), node_id(target), str(relation), _rest(attrs, ("relation",), whole))
        for source, target, relation, attrs in sorted(g.edges(keys=True, data=True), key=lambda edge: edge[:3])
    ]
    return FlatGraph(nodes, edges)


def _rest(attrs: Mapping[str, Any], but: tuple[str, ...], whole: bool) -> Attributes:
    left = but if whole else (*but, *_OURS_ALONE)
    return {name: attrs[name] for name in sorted(attrs) if name not in left and not _missing(attrs[name])}


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def compact(value: Any) -> str:
    """Write a value as JSON on one line, the same for equal values."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)


def types_of(rows: Iterable[Attributes]) -> dict[str, str]:
    """Find one type per attribute: ``boolean``, ``long``, ``double``, else ``string``.

    Parameters
    ----------
    rows : iterable of dict

    Returns
    -------
    dict
        From name to type, in the order in which the names were met.
    """
    found: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            kind = _type(value)
            known = found.setdefault(name, kind)
            if known != kind:
                found[name] = "double" if {known, kind} == {"long", "double"} else "string"
    return found


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long" if -(2**63) <= value < 2**63 else "string"
    if isinstance(value, float):
        return "double"
    return "string"


def typed(value: Any, kind: str) -> str:
    """Write a value as the text of its attribute's type."""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "double":
        return repr(float(value))
    return value if isinstance(value, str) else compact(value)

"""DOT, for Graphviz and everything that draws with it."""

from __future__ import annotations

from graphinvestigate import text
from graphinvestigate.exports.flat import FlatGraph
from graphinvestigate.linking import RECORD_KINDS

_LABEL = 60


def dot(flat: FlatGraph) -> bytes:
    """Write a graph as DOT: records are boxes, entities ellipses; the ids of nodes are n0, n1, … in sorted order."""
    names = {node: f"n{at}" for at, (node, _) in enumerate(flat.nodes)}
    lines = ["digraph entity_graph {", "  node [fontname=Helvetica];", "  edge [fontname=Helvetica, fontsize=10];"]
    for node, attrs in flat.nodes:
        kind = attrs["kind"]
        shape = "box" if kind in RECORD_KINDS else "ellipse"
        label = f"{_drawn(kind)}\\n{_drawn(str(attrs['label']))}"
        key = _drawn(attrs["key"], None)
        lines.append(f'  {names[node]} [label="{label}", shape={shape}, kind="{_drawn(kind)}", key="{key}"];')
    for source, target, relation, attrs in flat.edges:
        times = int(attrs.get("count", 1))
        lines.append(f'  {names[source]} -> {names[target]} [label="{_drawn(relation)}", count={times}];')
    lines.append("}")
    return "\n".join([*lines, ""]).encode()


def _drawn(value: str, limit: int | None = _LABEL) -> str:
    r"""Escape a text for a quoted string in which Graphviz reads ``\N``, ``\l`` and the like."""
    return text.visible(value, limit).replace("\\", "\\\\").replace('"', '\\"')

"""Node-link JSON (d3, networkx): the whole graph, nothing left out."""

from __future__ import annotations

import json
import math
from typing import Any

import networkx as nx

from graphinvestigate.exports.cleaning import HALF, Cleaner
from graphinvestigate.exports.flat import flat


def node_link(g: nx.MultiDiGraph) -> bytes:
    """Write a graph as node-link JSON: ids are ``kind:key``, the relation is each edge's ``key``."""
    rows = flat(g, whole=True)
    clean = Cleaner(HALF)
    content = {
        "directed": True,
        "multigraph": True,
        "graph": {str(name): value for name, value in g.graph.items()},
        "nodes": [{"id": node, **attrs} for node, attrs in rows.nodes],
        "edges": [
            {"source": source, "target": target, "key": relation, **attrs}
            for source, target, relation, attrs in rows.edges
        ],
    }
    written = dumped(content, clean)
    clean.say("UTF-8", "They are halves of characters, which no file of text holds.")
    return written


def dumped(content: Any, clean: Cleaner) -> bytes:
    """Write JSON with one line per item of its long lists, in UTF-8.

    Parameters
    ----------
    content : dict
        Its values may be lists or dicts of lists, of which each item gets its own line.
    clean : Cleaner
        What takes out characters that JSON's readers refuse.

    Returns
    -------
    bytes
    """
    text = _lined(content, 2)
    return f"{clean(text)}\n".encode()


def _lined(content: Any, depth: int) -> str:
    if depth and isinstance(content, dict) and content:
        rows = ",\n".join(f"{json.dumps(str(name))}: {_lined(value, depth - 1)}" for name, value in content.items())
        return f"{{\n{rows}\n}}"
    if isinstance(content, list) and content:
        rows = ",\n".join(_line(item) for item in content)
        return f"[\n{rows}\n]"
    return _line(content)


def _line(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:  # JSON has no NaN and no infinity: unknown, and a word
        return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def json_lines(rows: list[dict[str, Any]], clean: Cleaner) -> bytes:
    """Write one JSON object per line."""
    return clean("".join(f"{_line(row)}\n" for row in rows)).encode()

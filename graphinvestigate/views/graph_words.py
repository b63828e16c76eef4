"""What an entity graph's figure says in words; all of it escaped for plotly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import networkx as nx

from graphinvestigate import text
from graphinvestigate.views.labels import shorten
from graphinvestigate.views.node_facts import kind_of
from graphinvestigate.views.style import SEVERITIES, kind_look, kind_word

_HEADLINE = ("status", "risk_state", "service_source", "category", "risk_event_type", "app_display_name")


def link_words(g: nx.MultiDiGraph, a: Any, b: Any) -> list[str]:
    """Say what links two nodes: relations, how often stated, the first record and field.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    a, b : node
        Two that are linked, in either direction.

    Returns
    -------
    list of str
        Three lines.
    """
    between = [
        (*ends, data)
        for ends in ((a, b), (b, a))
        for data in (g.get_edge_data(*ends) or {}).values()
        if isinstance(data, Mapping)
    ]
    relations: list[str] = []
    references: list[Mapping[str, Any]] = []
    for start, end, data in between:
        relations.append(f"{_short(g, start)} {_words(data.get('relation', 'is linked to'))} {_short(g, end)}")
        references.extend(data.get("references") or ())
    stated = sum(int(data.get("count") or 0) for _, _, data in between) or len(references)
    first = references[0] if references else {}
    where = (
        f"{kind_word(str(first.get('record_kind', 'record')))} {first.get('record_id', '')} {first.get('field', '')}"
        if first
        else "no record given"
    )
    more = f" (+{len(relations) - 2} more)" if len(relations) > 2 else ""
    return [
        text.plotly("; ".join(relations[:2]) + more, 180),
        f"stated by {count(stated, 'record field')}",
        text.plotly(where, 100),
    ]


def _words(relation: object) -> str:
    return str(relation).replace("_", " ")


def label_of(g: nx.MultiDiGraph, node: Any) -> str:
    """Give a node's name as it is (not escaped): its label, title or display name, else its key.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    node : node
        One of its nodes.

    Returns
    -------
    str
    """
    data = g.nodes[node]
    for name in ("label", "title", "display_name"):
        if isinstance(data.get(name), str) and data[name].strip():
            return str(data[name])
    return str(node[-1]) if isinstance(node, tuple) else str(node)


def _short(g: nx.MultiDiGraph, node: Any) -> str:
    return shorten(label_of(g, node), 40, middle=True)


def not_drawn(around: Collection[Any], index: Mapping[Any, int]) -> int:
    """Count the neighbours that are not drawn, by way of whatever is fewer: a hub has thousands.

    Parameters
    ----------
    around : collection of nodes
        Each once.
    index : mapping
        Whose keys are the nodes that are drawn.

    Returns
    -------
    int
    """
    if len(around) <= len(index):
        return sum(other not in index for other in around)
    return len(around) - sum(node in around for node in index)


def hover_words(
    g: nx.MultiDiGraph, node: Any, around: Collection[Any], worst: str, index: Mapping[Any, int]
) -> list[str]:
    """Give the lines of a node's hover: name, what it is, when, links, identity.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    node : node
        One of its nodes.
    around : collection of nodes
        Its neighbours.
    worst : str
        The severity it is drawn with.
    index : mapping
        Whose keys are the nodes that are drawn.

    Returns
    -------
    list of str
        Five lines.
    """
    data = g.nodes[node]
    kind = kind_of(g, node)
    record = kind_look(kind).is_record
    what = [kind_word(kind)]
    if record:
        what.append(f"severity {SEVERITIES[worst].word}" if worst != "unknown" else "severity unknown")
        if data.get("read") is False:
            what.append("only named by other records, not read itself")
        what += [data[name] for name in _HEADLINE if isinstance(data.get(name), str) and data[name]]
        when = f"{_time(data.get('time'))}"
    else:
        what.append(f"highest severity {SEVERITIES[worst].word}" if worst != "unknown" else "no severity known")
        what += noted(data)[:3]
        when = f"{_time(data.get('first_seen'))} to {_time(data.get('last_seen'))}"
    hidden = not_drawn(around, index)
    key = str(node[-1]) if isinstance(node, tuple) else str(node)
    return [
        text.plotly(label_of(g, node), 100),
        text.plotly(" · ".join(what), 160),
        text.plotly(when, 80),
        count(len(around), "link") + (f", {hidden} not shown" if hidden else ""),
        text.plotly(f"{kind} {key}", 100),
    ]


def noted(data: Mapping[str, Any]) -> list[str]:
    """Give what `annotate` joined to an entity, with its source (not escaped): ``country NG (GeoLite2)``."""
    return [
        f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value} ({source})"
        for source, values in (data.get("annotations") or {}).items()
        for name, value in values.items()
        if value is not None
    ]


def _time(value: object) -> str:
    if not isinstance(value, str) or not value:
        return "time unknown"
    return value[:19].replace("T", " ") + " UTC"


def count(n: int, word: str) -> str:
    """Say how many, with the word's plural.

    Parameters
    ----------
    n : int
    word : str

    Returns
    -------
    str
    """
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def caption(shown: int, total: int, left_out: Mapping[str, int]) -> str:
    """Say how many nodes are drawn, and what was left out.

    Parameters
    ----------
    shown, total : int
        How many are drawn, of how many.
    left_out : mapping of str to int
        How many of each kind are not.

    Returns
    -------
    str
    """
    if not total:
        return "the entity graph is empty"
    if shown == total:
        return f"showing all {count(total, 'node')}"
    kinds = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{n:,} {text.plotly(kind_word(kind, n), 40)}" for kind, n in kinds[:6])
    rest = sum(n for _, n in kinds[6:])
    named += f", {rest:,} of other kinds" if rest else ""
    return f"showing {shown:,} of {total:,} nodes; left out: {named}"

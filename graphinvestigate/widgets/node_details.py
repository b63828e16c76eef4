"""What the panes say about a node of the entity graph, and about a link: what is known, and why linked."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import networkx as nx

from graphinvestigate import linking, text
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.explain import rows_of
from graphinvestigate.views.graph_words import noted
from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets.details import badge, facts, listed, more, plain
from graphinvestigate.widgets.safe import Safe, join, safe_html

MOST_LINKS = 10
MOST_REASONS = 30
MOST_OF_A_NAME = 200
NOTHING = Safe("")
_UNSAID = {
    "kind",
    "label",
    "identifiers",
    "id",
    "title",
    "display_name",
    "severity",
    "read",
    "categories",
    "facts",
    "observations",
    "annotations",
    "refused",
}
_TIMES = {"time", "end_time", "updated", "first_seen", "last_seen"}


def node_details(
    g: nx.MultiDiGraph, node: Entity | Record, *, called: str = "", note: str = "", notes: Safe = NOTHING
) -> Safe:
    """Say what is known of a node, and why each of its neighbours is linked to it.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph.
    node : Entity or Record
        One of its nodes.
    called, note : str
        What a user calls it, and wrote about it.
    notes : Safe
        What a case has noted on it.

    Returns
    -------
    Safe
        Facts, identifiers and one sentence per link.
    """
    attributes = g.nodes[node]
    known: list[tuple[str, object]] = [("Kind", kind_word(node.kind))]
    known += [(_spoken(key), _moment(key, value)) for key, value in attributes.items() if key not in _UNSAID]
    known += [(_spoken(key), value) for key, value in (attributes.get("facts") or {}).items()]
    known.append(("Id" if isinstance(node, Record) else "Key", node[1]))
    own = node_name(g, node)
    parts = [safe_html("<h3>{name}</h3>", name=text.visible(called or own, MOST_OF_A_NAME))]
    if called and called != own:
        known.insert(0, ("In the records", own))
    if note:
        parts.append(safe_html('<p class="gi-note">{note}</p>', note=note))
    parts.append(notes)
    if attributes.get("severity"):
        parts.append(badge(attributes["severity"]))
    parts.append(facts(known))
    if identifiers := attributes.get("identifiers"):
        parts.append(safe_html("<h4>Known by</h4>"))
        parts.append(listed(identifiers))
    if others := noted(attributes):
        parts.append(safe_html("<h4>Noted by others</h4>"))
        parts.append(listed(others))
    if refused := attributes.get("refused"):
        parts.append(safe_html("<h4>Kept apart</h4>"))
        parts.append(listed([f"{one['identifier']}: {one['reason']}" for one in refused]))
    neighbours = set(nx.all_neighbors(g, node)) - {node}
    parts.append(safe_html("<h4>Why linked ({n})</h4>", n=len(neighbours)))
    parts.append(listed(_sentences(g, node, heapq.nsmallest(MOST_LINKS, neighbours))))
    parts.append(more(len(neighbours) - MOST_LINKS, "links: gi.why(explorer.graph, a, b) explains any of them"))
    return join(parts)


def link_details(g: nx.MultiDiGraph, a: Entity | Record, b: Entity | Record, *, notes: Safe = NOTHING) -> Safe:
    """Say why two nodes are linked: one row per reference.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The entity graph.
    a, b : Entity or Record
        Two of its nodes.
    notes : Safe
        What a case has noted on their link.

    Returns
    -------
    Safe
    """
    reasons = linking.why(g, a, b)
    rows = [
        safe_html(
            "<tr><td>{sentence}</td><td>{kind} {record}<br>{field} = {value}</td><td>{time}</td></tr>",
            sentence=plain(reason["sentence"]),
            kind=kind_word(plain(reason["record_kind"])),
            record=plain(reason["record_id"]),
            field=plain(reason["field"]),
            value=plain(reason["value"]),
            time=plain(reason["time"]),
        )
        for _, reason in reasons.head(MOST_REASONS).iterrows()
    ]
    return safe_html(
        '<h3>{a} ↔ {b}</h3>{notes}<h4>Why linked ({n})</h4><table class="gi-table">'
        "<tr><th>Because</th><th>Record and field</th><th>Time</th></tr>{rows}</table>{more}",
        a=node_name(g, a),
        b=node_name(g, b),
        notes=notes,
        n=len(reasons),
        rows=join(rows),
        more=more(len(reasons) - len(rows), "references: gi.why(explorer.graph, a, b) gives them all"),
    )


def node_name(g: nx.MultiDiGraph, node: Entity | Record) -> str:
    """Give what people call a node: its title or label, else its key."""
    attributes = g.nodes[node]
    return str(attributes.get("title") or attributes.get("display_name") or attributes.get("label") or node[1])


def first_reason(g: nx.MultiDiGraph, a: Entity | Record, b: Entity | Record) -> tuple[str, int] | None:
    """Give the oldest sentence that ``linking.why`` has on a link, and how many there are; None without a link.

    A frame for each of ten links would take longer than all the rest of an action.
    """
    rows = [
        row
        for ends in ((a, b), (b, a))
        for relation, attributes in (g.get_edge_data(*ends) or {}).items()
        for row in rows_of(g, *ends, relation, attributes["references"])
    ]
    if not rows:
        return None
    _, sentence, *_ = min(rows, key=lambda row: (row[-1] is None, *(str(part) for part in (row[-1], *row[2:5]))))
    return sentence, len(rows)


def _sentences(g: nx.MultiDiGraph, node: Entity | Record, neighbours: Iterable[Entity | Record]) -> list[str]:
    found = []
    for other in neighbours:
        reasons = first_reason(g, node, other)
        if reasons is not None:
            sentence, n = reasons
            found.append(f"{sentence} (+{n - 1} more references)" if n > 1 else sentence)
    return found


def _spoken(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _moment(key: str, value: object) -> object:
    return f"{value[:19].replace('T', ' ')} UTC" if key in _TIMES and isinstance(value, str) else value

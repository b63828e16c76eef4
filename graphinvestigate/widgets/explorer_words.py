"""What the explorer says in words: the log, paths, what is not drawn, the table of what is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import networkx as nx
import pandas as pd

from graphinvestigate.linking import Entity
from graphinvestigate.views.node_facts import own_rank
from graphinvestigate.views.style import SEVERITIES, kind_word, severity_rank
from graphinvestigate.widgets.case_notes import elsewhere_words, notes_of_a_node
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.node_details import first_reason, node_details
from graphinvestigate.widgets.safe import Safe, join, safe_html
from graphinvestigate.widgets.shown import Node
from graphinvestigate.widgets.style import MARK

MOST = 60
"""Rows of a table that a pane shows; the frames behind them hold all."""
MOST_READ = 10
"""Links and entities that are read out."""
LEFT_OUT_COLUMNS = ("kind", "key", "label", "why")


def what_is_known(state: State, node: Node) -> Safe:
    """Say what is known of a node, what was noted on it, and why each of its neighbours is linked to it.

    Parameters
    ----------
    state : State
    node : Entity or Record

    Returns
    -------
    Safe
    """
    around = {other: state.called(other) for other, _ in state.case_notes.around(node)}
    notes = notes_of_a_node(state.case_notes, node, around)
    called, note = state.names.get(node, ""), state.notes.get(node, "")
    return node_details(state.graph, node, called=called, note=note, notes=notes)


def left_out_table(state: State) -> pd.DataFrame:
    """List what is not shown, and why.

    Parameters
    ----------
    state : State

    Returns
    -------
    DataFrame
        One row per node: ``kind``, ``key``, ``label``, ``why``; filtered and hidden ones first, then the gravest and
        most linked.
    """
    g = state.graph
    _, filtered = state.passing()
    why = {node: f"filtered: {reason}" for node, reason in filtered.items()}
    why |= {node: "hidden" for node in state.hidden if node in g}
    rest = [node for node in g if node not in state.drawn and node not in why]
    rest.sort(key=lambda node: (-own_rank(g.nodes[node]), -g.degree(node), node))
    rows = [(node.kind, node[1], state.called(node), reason) for node, reason in why.items()]
    rows += [(node.kind, node[1], state.called(node), "not drawn yet") for node in rest]
    return pd.DataFrame(rows, columns=list(LEFT_OUT_COLUMNS), dtype="str")


def left_out(state: State, kinds: Mapping[str, int]) -> Safe:
    """Say what is not shown: how many of which kind, and the first of them by name.

    Parameters
    ----------
    state : State
    kinds : mapping of str to int
        How many nodes of each kind the graph holds.

    Returns
    -------
    Safe
    """
    _, filtered = state.passing()
    drawn: dict[str, int] = {}
    for node in state.drawn:
        drawn[node.kind] = drawn.get(node.kind, 0) + 1
    missing = {kind: n - drawn.get(kind, 0) for kind, n in kinds.items() if n > drawn.get(kind, 0)}
    lines = [
        safe_html("<li>{words}</li>", words=words)
        for words in (
            f"Not drawn yet: {_counted(missing)}" if missing else "",
            f"Filtered out: {_counted(_kinds(filtered))}" if filtered else "",
            f"Hidden ({len(state.hidden):,}): {', '.join(state.called(node) for node in sorted(state.hidden)[:MOST])}"
            if state.hidden
            else "",
            *_first([f"Not walked: {sentence}" for sentence in state.not_walked]),
            *_first(elsewhere_words(state.case_notes)),
        )
        if words
    ]
    if not lines:
        return safe_html('<p class="gi-muted">{words}</p>', words="Everything is drawn.")
    return safe_html(
        '<ul>{lines}</ul><p class="gi-muted">{words}</p>',
        lines=join(lines),
        words="explorer.left_out lists each of them; select or expand brings one in.",
    )


def _first(words: Sequence[str]) -> list[str]:
    """Give the first of many, and how many more there are."""
    more = len(words) - MOST
    return [*words[:MOST], f"and {more:,} more"] if more > 0 else [*words]


def _kinds(nodes: Mapping[Node, str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for node in nodes:
        counted[node.kind] = counted.get(node.kind, 0) + 1
    return counted


def _counted(kinds: Mapping[str, int]) -> str:
    listed = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{n:,} {kind_word(kind, n)}" for kind, n in listed)


def entity_table(state: State) -> Safe:
    """List the entities that are shown, the gravest and most linked first.

    Parameters
    ----------
    state : State

    Returns
    -------
    Safe
    """
    g = state.graph
    shown = [node for node in state.positions if isinstance(node, Entity)]
    rows = [(state.facts.worst(node), len(state.facts.near(node)), node) for node in shown]
    order = list(SEVERITIES)
    rows.sort(key=lambda row: (order.index(row[0]), -row[1], row[2]))
    cells = [
        safe_html(
            '<tr class="{on}"><td>{mark}{kind}</td><td>{name}</td><td class="gi-sev gi-{worst}">{worst}</td>'
            "<td>{links}</td><td>{first}</td><td>{last}</td><td>{note}</td></tr>",
            on="gi-on" if node in state.nodes else "",
            mark=MARK if node in state.nodes else "",
            kind=kind_word(node.kind),
            name=state.called(node),
            worst=worst,
            links=links,
            first=_short_time(g.nodes[node].get("first_seen")),
            last=_short_time(g.nodes[node].get("last_seen")),
            note=state.said(node),
        )
        for worst, links, node in rows[:MOST]
    ]
    more = f" The first {MOST} of {len(rows):,}." if len(rows) > MOST else ""
    return safe_html(
        '<table class="gi-table"><caption>{n} entities shown, the gravest first.{more}</caption><tr><th>Kind</th>'
        "<th>Name</th><th>Severity</th><th>Links</th><th>First seen</th><th>Last seen</th><th>Note</th></tr>{cells}"
        "</table>",
        n=len(rows),
        more=more,
        cells=join(cells),
    )


def _short_time(value: object) -> str:
    return f"{value[:16].replace('T', ' ')} UTC" if isinstance(value, str) else "unknown"


def path_words(g: nx.MultiDiGraph, ways: Sequence[Sequence[Node]], state: State) -> Safe:
    """Say each way, one sentence per hop.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    ways : sequence of sequences of nodes
    state : State
        For what users call nodes.

    Returns
    -------
    Safe
    """
    parts = []
    for number, way in enumerate(ways, start=1):
        hops = [_hop(g, a, b) for a, b in pairwise(way)]
        parts.append(
            safe_html(
                "<h4>Path {number}: {hops} from {a} to {b}</h4><ul>{lines}</ul>",
                number=number,
                hops=f"{len(hops)} hop{'s' if len(hops) != 1 else ''}",
                a=state.called(way[0]),
                b=state.called(way[-1]),
                lines=join(safe_html("<li>{hop}</li>", hop=hop) for hop in hops),
            )
        )
    return join(parts)


def _hop(g: nx.MultiDiGraph, a: Node, b: Node) -> str:
    reason = first_reason(g, a, b)
    return reason[0] if reason is not None else f"{a[1]} is linked to {b[1]}"


def reading(state: State) -> list[str]:
    """Read the drawing out: for terminals, and for who cannot see it.

    Parameters
    ----------
    state : State

    Returns
    -------
    list of str
        Lines that are not escaped: how much there is, what is selected and why it is linked, the ways that are brought
        out, and the gravest entities with what they are linked to.
    """
    g, current = state.graph, state.current
    lines = [
        f"EntityExplorer: {g.number_of_nodes():,} nodes, {state.facts.links:,} links, {len(state.positions):,} drawn"
    ]
    if current is not None:
        lines.append(f"Selected: {_spoken(state, current)}")
        near = sorted(state.facts.near(current), key=lambda node: (-severity_rank(state.facts.worst(node)), node))
        reasons = [reason for node in near[:MOST_READ] if (reason := first_reason(g, current, node)) is not None]
        lines += [f"  {sentence}" for sentence, _ in reasons]
    for number, way in enumerate(state.paths, start=1):
        lines.append(f"Path {number}: {' > '.join(state.called(node) for node in way)}")
        lines += [f"  {_hop(g, a, b)}" for a, b in pairwise(way)]
    shown = [node for node in state.positions if isinstance(node, Entity) and node != current]
    shown.sort(key=lambda node: (-severity_rank(state.facts.worst(node)), -len(state.facts.near(node)), node))
    lines += [_spoken(state, node) for node in shown[:MOST_READ]]
    if len(shown) > MOST_READ:
        lines.append(f"and {len(shown) - MOST_READ:,} entities more: gi.entities(explorer.graph) lists all")
    return lines


def _spoken(state: State, node: Node) -> str:
    linked: dict[str, int] = {}
    for other in state.facts.near(node):
        linked[other.kind] = linked.get(other.kind, 0) + 1
    note = f"; note: {said}" if (said := state.said(node)) else ""
    worst = state.facts.worst(node)
    severity = f", severity {worst}" if worst != "unknown" else ""
    return f"{kind_word(node.kind)} {state.called(node)}{severity}: linked to {_counted(linked) or 'nothing'}{note}"

"""What stays of a widget when its kernel is gone: a table and a few words in the same output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from graphinvestigate import text
from graphinvestigate.linking import Entity, Record
from graphinvestigate.views.style import kind_look
from graphinvestigate.widgets.details import alert_details, log_lines, node_details, node_name, plain, severity_words
from graphinvestigate.widgets.rows import COLUMNS, Queue
from graphinvestigate.widgets.safe import Safe, join, safe_html
from graphinvestigate.widgets.style import SHEET

MOST_ROWS = 50


def beside(bundle: Any, html: Safe, words: str) -> Any:
    """Put a static twin beside a live view.

    Parameters
    ----------
    bundle : dict or (dict, dict)
        What ipywidgets shows.
    html : Safe
        The twin for notebooks without a kernel.
    words : str
        The twin for terminals.

    Returns
    -------
    dict or (dict, dict)
        The same with ``text/html`` and ``text/plain``.
    """
    data, *rest = bundle if isinstance(bundle, tuple) else (bundle,)
    data = {**(data or {}), "text/html": str(html), "text/plain": words}
    return (data, *rest) if rest else data


def picker(queue: Queue, keys: Sequence[str], key: str | None) -> tuple[Safe, str]:
    """Give the queue as it is now: HTML and words."""
    if not keys:
        words = f"AlertPicker: none of {len(queue)} alerts pass the filters."
        return safe_html('{sheet}<p class="gi-root">{words}</p>', sheet=SHEET, words=words), words
    rows = []
    for one in keys[:MOST_ROWS]:
        cells = _cells(queue, one)
        marked = safe_html("<tr{on}>", on=Safe(' class="gi-on"') if one == key else Safe(""))
        rows.append(join([marked, *(safe_html("<td>{cell}</td>", cell=cell) for cell in cells), Safe("</tr>")]))
    head = join(safe_html("<th>{name}</th>", name=name.replace("_", " ")) for name in COLUMNS)
    rest = f" The first {MOST_ROWS} are shown." if len(keys) > MOST_ROWS else ""
    html = safe_html(
        '{sheet}<div class="gi-root"><table class="gi-table"><caption>Alerts: {n} of {all}.{rest}</caption>'
        '<tr>{head}</tr>{rows}</table><div class="gi-details">{details}</div></div>',
        sheet=SHEET,
        n=len(keys),
        all=len(queue),
        rest=rest,
        head=head,
        rows=join(rows),
        details=alert_details(queue.row(key), queue.evidence_rows(key)) if key is not None else Safe(""),
    )
    words = f"AlertPicker: {len(keys)} of {len(queue)} alerts"
    if key is not None:
        words += ", highlighted: " + " | ".join(text.terminal(cell, 80) for cell in _cells(queue, key))
    return html, words


def explorer(
    g: nx.MultiDiGraph,
    selected: Entity | Record | None,
    drawn: Sequence[Entity | Record],
    log: Sequence[Mapping[str, Any]],
) -> tuple[Safe, str]:
    """Give the drawn part of the entity graph as a table, with the selected node's details and the log."""
    rows = [
        safe_html(
            "<tr><td>{kind}</td><td>{name}</td><td>{key}</td><td>{links}</td><td>{first}</td><td>{last}</td></tr>",
            kind=kind_look(node.kind).word,
            name=node_name(g, node),
            key=node.key,
            links=g.degree(node),
            first=plain(g.nodes[node].get("first_seen")),
            last=plain(g.nodes[node].get("last_seen")),
        )
        for node in sorted((n for n in drawn if isinstance(n, Entity)), key=lambda n: (-g.degree(n), n))[:MOST_ROWS]
    ]
    html = safe_html(
        '{sheet}<div class="gi-root"><table class="gi-table"><caption>Entity graph: {nodes} nodes, {links} links; '
        "entities that were drawn, the most linked first</caption>"
        "<tr><th>Kind</th><th>Name</th><th>Key</th><th>Links</th>"
        '<th>First seen</th><th>Last seen</th></tr>{rows}</table><div class="gi-details">{details}</div>{log}</div>',
        sheet=SHEET,
        nodes=g.number_of_nodes(),
        links=g.number_of_edges(),
        rows=join(rows),
        details=node_details(g, selected) if selected is not None else Safe(""),
        log=log_lines(log),
    )
    words = f"EntityExplorer: {g.number_of_nodes()} nodes, {g.number_of_edges()} links"
    if selected is not None:
        words += f", selected: {kind_look(selected.kind).word} {text.terminal(node_name(g, selected), 80)}"
    return html, words


def _cells(queue: Queue, key: str) -> list[str]:
    row = queue.table.loc[key]
    return [severity_words(row[name]) if name == "severity" else plain(row[name]) or "-" for name in COLUMNS]

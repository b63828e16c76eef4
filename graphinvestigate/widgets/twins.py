"""What stays of a widget when its kernel is gone: a picture, a table and a few words in the same output.

Viewers differ in what they leave of HTML: JupyterLab takes ``<svg>`` and ``<style>`` out of a notebook that it does
not trust, GitHub every style and class too. So a picture is an ``<img>``, and what is selected is said by a mark beside
its colour. ``docs/hosts.md`` writes down what each leaves, and the tests hold every twin against it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphinvestigate import text
from graphinvestigate.views.graph_svg import graph_svg
from graphinvestigate.views.pictures import picture as figure_picture
from graphinvestigate.widgets.alert_details import EVIDENCE_COLUMNS, alert_details
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.explorer_words import entity_table, left_out, path_words, reading, what_is_known
from graphinvestigate.widgets.picker_cells import GRID, cells_of
from graphinvestigate.widgets.rows import Queue
from graphinvestigate.widgets.safe import Safe, image, join, safe_html
from graphinvestigate.widgets.step_words import log_lines
from graphinvestigate.widgets.style import MARK, SHEET
from graphinvestigate.widgets.timeline_records import Records
from graphinvestigate.widgets.timeline_svg import timeline_svg

MOST_ROWS = 50
MOST_LETTERS = 300  # of a line of words
PICTURE = (900, 560)


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


def picker(queue: Queue, order: np.ndarray, marked: np.ndarray, current: int | None) -> tuple[Safe, str]:
    """Give the queue as it is now: HTML and words.

    Parameters
    ----------
    queue : Queue
    order : int64 array
        Numbers of the alerts shown, in their order.
    marked : bool array
        Which alerts are highlighted, by number.
    current : int or None
        Whose details are shown.

    Returns
    -------
    (Safe, str)
    """
    if not len(order):
        words = f"AlertPicker: none of {len(queue):,} alerts pass the filters."
        return safe_html('{sheet}<p class="gi-root">{words}</p>', sheet=SHEET, words=words), words
    numbers = order[:MOST_ROWS].tolist()
    rows = []
    for number, cells in zip(numbers, cells_of(queue, numbers), strict=True):
        start = safe_html("<tr{on}>", on=Safe(' class="gi-on"') if marked[number] else Safe(""))
        marks = [MARK if marked[number] else "", *[""] * (len(cells) - 1)]
        shown = [
            safe_html("<td>{mark}{cell}</td>", mark=mark, cell=cell.text)
            for mark, cell in zip(marks, cells, strict=True)
        ]
        rows.append(join([start, *shown, Safe("</tr>")]))
    head = join(safe_html("<th>{name}</th>", name=column.header) for column in GRID)
    rest = f" The first {MOST_ROWS} are shown." if len(order) > MOST_ROWS else ""
    n = int(np.count_nonzero(marked))
    html = safe_html(
        '{sheet}<div class="gi-root"><table class="gi-table">'
        "<caption>Alerts: {shown:,} of {all:,}, {n:,} selected.{rest}</caption><tr>{head}</tr>{rows}</table>"
        '<div class="gi-details">{details}</div></div>',
        sheet=SHEET,
        shown=len(order),
        all=len(queue),
        n=n,
        rest=rest,
        head=head,
        rows=join(rows),
        details=alert_details(queue.rows([current]), queue.evidence_rows(current, EVIDENCE_COLUMNS))
        if current is not None
        else Safe(""),
    )
    words = f"AlertPicker: {len(order):,} of {len(queue):,} alerts, {n:,} selected"
    if current is not None:
        words += ", current: " + " | ".join(text.terminal(cell.text, 80) for cell in cells_of(queue, [current])[0])
    return html, words


def timeline(
    records: Records, window: tuple[int | None, int | None], marked: np.ndarray, tz: str, untimed: Safe
) -> tuple[Safe, str]:
    """Give a timeline as it is now: a picture, a table of its first or its selected marks, and words.

    Parameters
    ----------
    records : Records
    window : (int or None, int or None)
        From when to when is shown, in nanoseconds since 1970.
    marked : bool array
        Which marks are highlighted.
    tz : str
        The time zone of the axis; the table says UTC.
    untimed : Safe
        What is said of records without a time.

    Returns
    -------
    (Safe, str)
    """
    active = records.marks.within(*window)
    places = np.flatnonzero(active & marked) if (active & marked).any() else np.flatnonzero(active)
    places = places[np.argsort(records.marks.start[places], kind="stable")]
    rows = join(
        safe_html(
            "<tr{on}><td>{mark}{when}</td><td>{what}</td><td>{name}</td><td>{details}</td><td>{identity}</td></tr>",
            on=Safe(' class="gi-on"') if marked[place] else Safe(""),
            mark=MARK if marked[place] else "",
            **row,
        )
        for place, row in zip(places[:MOST_ROWS], records.words(places[:MOST_ROWS]), strict=True)
    )
    n, shown = int(np.count_nonzero(marked)), int(np.count_nonzero(active))
    words = f"TimelineView: {shown:,} of {len(records.marks):,} marks in view, {n:,} selected"
    rest = f"; the first {MOST_ROWS} of {len(places):,} are listed" if len(places) > MOST_ROWS else ""
    html = safe_html(
        '{sheet}<div class="gi-root"><p>{words}{rest}.</p>{picture}<table class="gi-table"><tr><th>When, UTC</th>'
        "<th>What</th><th>Name</th><th>Details</th><th>Record</th></tr>{rows}</table>{untimed}</div>",
        sheet=SHEET,
        words=words,
        rest=rest,
        picture=image(timeline_svg(records.marks.take(active), tz), words) if shown else Safe(""),
        rows=rows,
        untimed=untimed,
    )
    return html, words


def explorer(state: State, kinds: Mapping[str, int], log: Sequence[Mapping[str, Any]]) -> tuple[Safe, str]:
    """Give the explorer as it is now: a picture of the drawing, tables, and a reading of it in words.

    Parameters
    ----------
    state : State
    kinds : mapping of str to int
        How many nodes of each kind the whole graph holds.
    log : sequence of mappings
        What was done.

    Returns
    -------
    (Safe, str)
    """
    g, node = state.graph, state.current
    details = [path_words(g, state.paths, state)] if state.paths else []
    if node is not None:
        details.append(what_is_known(state, node))
    model, lines = state.model(kinds, PICTURE), reading(state)
    html = safe_html(
        '{sheet}<div class="gi-root"><p>Entity graph: {nodes:,} nodes, {links:,} links; {drawn:,} are drawn.</p>'
        "{picture}<details><summary>The graph in words</summary><ul>{lines}</ul></details>"
        '<div class="gi-details">{details}</div>{table}{left_out}{log}</div>',
        sheet=SHEET,
        nodes=g.number_of_nodes(),
        links=state.facts.links,
        drawn=model.shown,
        picture=image(graph_svg(model, size=PICTURE), lines[0]),
        lines=join(safe_html("<li>{line}</li>", line=line) for line in lines[1:]),
        details=join(details),
        table=entity_table(state),
        left_out=left_out(state, kinds),
        log=log_lines(log, state.called_by_key),
    )
    return html, "\n".join(text.terminal(line, MOST_LETTERS) for line in lines)


def figure(shown: str, label: str) -> tuple[Safe, str]:
    """Give a figure as it is now.

    Parameters
    ----------
    shown : str
        Plotly's JSON.
    label : str
        What it is.

    Returns
    -------
    (Safe, str)
    """
    svg = figure_picture(json.loads(shown))
    words = f"{label}: a figure"
    if svg is None:
        return safe_html("<p>{words} with nothing to draw without its kernel</p>", words=words), words
    return image(svg, label), words

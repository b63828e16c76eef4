"""The briefing: an investigation as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd

from graphinvestigate.cases import summary
from graphinvestigate.text import terminal
from graphinvestigate.views.tables import text_table
from graphinvestigate.walkthrough import Investigation

TOP = 12  # rows of each table; the report has them all


def briefing(found: Investigation, *, width: int = 120) -> str:
    """Write what an analyst wants to see first.

    Parameters
    ----------
    found : Investigation
        From `walkthrough.investigate`.
    width : int
        Columns of the terminal.

    Returns
    -------
    str
        Lines without control characters: the outcome, the alert queue, the four questions answered, the incident's
        alerts in order, the top
        entities with why they rank, the path with one sentence per hop, what was asked and came back, and what
        remains unknown.
    """
    parts = [
        _wrapped(f"Tenant {found.tenant_id}, looking back {found.since or 'as far as it retains'}.", width),
        _wrapped(summary.verdict(found), width),
        _table("Alert queue, open ones first, then the most severe", summary.queue(found), summary.TRIAGE, width),
    ]
    if found.incident is None:
        parts.append(_table("Incidents, the likeliest first", found.ranking, summary.INCIDENTS, width))
    else:
        parts.append(_list("In short", summary.in_short(found), width))
        parts.append(_table("How the incident unfolded", summary.story(found), summary.STORY, width, top=40))
    parts.append(_list("Who and what matters, and why", summary.ranked(found, TOP), width))
    if found.incident is not None:
        parts.append(_path(found, width))
        parts.append(_list("Pivots", summary.pivots(found), width))
    parts.append(_table("Asked for and came back", asked(found.coverage), list(asked(found.coverage)), width, top=40))
    parts.append(_list("Not known", summary.unknowns(found), width))
    return "\n\n".join(parts)


def asked(coverage: pd.DataFrame) -> pd.DataFrame:
    """The coverage, summed per resource: how many requests, rows and seconds, and what to know."""
    groups = coverage.groupby("resource", sort=False)
    table = pd.DataFrame(
        {
            "requests": groups["requests"].sum(),
            "rows received": groups["rows_received"].sum(),
            "rows kept": groups["rows_kept"].sum(),
            "waited s": groups["waited_seconds"].sum().round(1),
            "complete": groups["complete"].all(),
            "notes": groups["note"].agg(lambda notes: "; ".join(sorted({note for note in notes if note}))),
        }
    )
    return table.reset_index()


def _path(found: Investigation, width: int) -> str:
    labels = [found.graph.nodes[end]["label"] if end else "?" for end in (found.user, found.host)]
    title = f"From {terminal(labels[0])} to {terminal(labels[1])}"
    if not found.paths:
        return _list(title, [found.paths.reason or "no path"], width)
    ways = [_list(title, found.paths[0].sentences, width)]
    ways += [_list("Another way", way.sentences, width) for way in found.paths[1:]]
    return "\n".join(ways)


def _table(title: str, frame: pd.DataFrame, columns: Sequence[str], width: int, top: int = TOP) -> str:
    return f"{title}\n{text_table(frame, list(columns), max_width=width, max_rows=top, max_cell=76)}"


def _list(title: str, sentences: Sequence[str], width: int) -> str:
    lines = [_wrapped(f"{number}. {terminal(text, None)}", width, "   ") for number, text in enumerate(sentences, 1)]
    return "\n".join([title, *lines])


def _wrapped(text: str, width: int, indent: str = "") -> str:
    return textwrap.fill(terminal(text, None), width, subsequent_indent=indent)

"""What is asked, what came of it and what was done, in words: a pivot's plan, its coverage, the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from graphinvestigate.views.style import kind_look
from graphinvestigate.widgets.details import plain
from graphinvestigate.widgets.safe import Safe, join, safe_html


def plan(steps: Sequence[tuple[str, str]], *, window: str, done: bool) -> Safe:
    """Say what a pivot will ask, or has asked: names in one line, the whole queries when it is opened.

    Parameters
    ----------
    steps : sequence of (str, str)
        Of each request its name and what it asks, in words.
    window : str
        How far back.
    done : bool
        Whether it was asked already.

    Returns
    -------
    Safe
    """
    return safe_html(
        '<details class="gi-muted"><summary>{verb} ({window}): {names}</summary><ul>{asks}</ul></details>',
        verb="Asked" if done else "Will ask Graph for",
        window=window,
        names=" · ".join(dict.fromkeys(name.partition(":")[0].replace("_", " ") for name, _ in steps)),
        asks=join(safe_html("<li>{ask}</li>", ask=ask) for _, ask in steps),
    )


def coverage_table(coverage: pd.DataFrame) -> Safe:
    """Show what a pivot asked for and what came back."""
    shown = [column for column in coverage.columns if coverage[column].notna().any()]
    head = join(safe_html("<th>{name}</th>", name=column.replace("_", " ")) for column in shown)
    rows = join(
        safe_html("<tr>{cells}</tr>", cells=join(safe_html("<td>{v}</td>", v=plain(row[c])) for c in shown))
        for _, row in coverage.iterrows()
    )
    return safe_html(
        "<details><summary>Coverage of the last pivot: {n} requests asked</summary>"
        '<div style="overflow-x:auto"><table class="gi-table"><tr>{head}</tr>{rows}</table></div></details>',
        n=len(coverage),
        head=head,
        rows=rows,
    )


def step_words(entry: Mapping[str, Any]) -> str:
    """Say one entry of the log.

    Parameters
    ----------
    entry : mapping
        As in ``explorer.log``.

    Returns
    -------
    str
    """
    words = str(entry["action"]).replace("_", " ")
    if entry["action"] in {"undo", "redo"}:
        words += f" {str(entry['of']).replace('_', ' ')}"
    if "kind" in entry:
        words += f" {kind_look(entry['kind']).word} {entry['label']}"
    elif entry.get("label"):
        words += f" {entry['label']}"
    if entry["action"] == "pivot":
        counted = ", ".join(f"{rows} {name.replace('_', ' ')}" for name, rows in entry.get("rows", {}).items())
        outcome = entry.get("error") or f"{counted or 'nothing'}; {entry['new_nodes']} new nodes"
        return f"{words} since {entry['since'] or 'ever'}: {outcome}"
    skipped = {"action", "of", "kind", "key", "label", "identifiers"}
    said = [f"{name.replace('_', ' ')}: {plain(value)}" for name, value in entry.items() if name not in skipped]
    return f"{words} ({'; '.join(said)})" if said else words


def log_lines(log: Sequence[Mapping[str, Any]]) -> Safe:
    """Show what was done, the latest first.

    Parameters
    ----------
    log : sequence of mappings

    Returns
    -------
    Safe
    """
    numbered = list(enumerate(log, start=1))[-300:]
    lines = [safe_html("<div>{n}. {words}</div>", n=n, words=step_words(entry)) for n, entry in reversed(numbered)]
    return safe_html("<details open><summary>Log ({n})</summary>{lines}</details>", n=len(log), lines=join(lines))

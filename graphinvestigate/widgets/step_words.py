"""What is asked and what was done, in words: a pivot's plan, the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets.coverage_words import counted_rows, source_words
from graphinvestigate.widgets.details import plain
from graphinvestigate.widgets.safe import Safe, join, safe_html


def plan(steps: Sequence[tuple[str, str]], *, window: str, done: bool, short: str = "") -> Safe:
    """Say what a pivot will ask, or has asked: names in one line, the whole queries when it is opened.

    Parameters
    ----------
    steps : sequence of (str, str)
        Of each request its name and what it asks, in words.
    window : str
        How far back.
    done : bool
        Whether it was asked already.
    short : str
        What of the answer did not come.

    Returns
    -------
    Safe
    """
    return safe_html(
        '<details class="gi-muted"><summary>{verb} ({window}){short}: {names}</summary><ul>{asks}</ul></details>',
        verb="Asked" if done else "Will ask Graph for",
        window=window,
        short=safe_html(', <b class="gi-short">{short}</b>', short=short) if short else Safe(""),
        names=" · ".join(dict.fromkeys(source_words(name.partition(":")[0]) for name, _ in steps)),
        asks=join(safe_html("<li>{ask}</li>", ask=ask) for _, ask in steps),
    )


_FEW = 3
Called = Callable[[str, str], str]
"""``called(kind, key)``: what people call a node."""


def step_words(entry: Mapping[str, Any], called: Called | None = None) -> str:
    """Say one entry of the log.

    Parameters
    ----------
    entry : mapping
        As in ``explorer.log``.
    called : callable, optional
        What people call the nodes that it names by their keys.

    Returns
    -------
    str
    """
    words = str(entry["action"]).replace("_", " ")
    if entry["action"] in {"undo", "redo"}:
        words += f" {str(entry['of']).replace('_', ' ')}"
    if "kind" in entry:
        words += f" {kind_word(entry['kind'])} {entry['label']}"
    elif entry.get("label"):
        words += f" {entry['label']}"
    if entry["action"] == "pivot":
        words = f"going on with the {words}" if entry.get("goes_on") else words
        outcome = entry.get("error") or f"{counted_rows(entry.get('rows', {}))}; {entry['new_nodes']} new nodes"
        if missing := entry.get("not_read"):
            outcome += f"; NOT READ: {', '.join(map(source_words, missing))}"
        return f"{words} since {entry['since'] or 'ever'}: {outcome}"
    if isinstance(others := entry.get("with"), list):
        named = [(kind, called(kind, key) if called is not None else key) for kind, key in others[:_FEW]]
        more = f" and {len(others) - _FEW} more" if len(others) > _FEW else ""
        words += f", with {', '.join(f'{kind_word(kind)} {name}' for kind, name in named)}{more}"
    skipped = {"action", "at", "of", "kind", "key", "label", "identifiers", "with"}
    said = [f"{name.replace('_', ' ')}: {plain(value)}" for name, value in entry.items() if name not in skipped]
    return f"{words} ({'; '.join(said)})" if said else words


def log_lines(log: Sequence[Mapping[str, Any]], called: Called | None = None) -> Safe:
    """Show what was done, the latest first.

    Parameters
    ----------
    log : sequence of mappings
    called : callable, optional
        What people call the nodes that it names by their keys.

    Returns
    -------
    Safe
    """
    numbered = list(enumerate(log, start=1))[-300:]
    lines = [
        safe_html("<div>{n}. {words}</div>", n=n, words=step_words(entry, called)) for n, entry in reversed(numbered)
    ]
    return safe_html("<details open><summary>Log ({n})</summary>{lines}</details>", n=len(log), lines=join(lines))

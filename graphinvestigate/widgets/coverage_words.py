"""What a pivot asked and what came of it, in words and as a table: above all what did not come, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from graphinvestigate.frames import RESOURCES
from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets.details import plain
from graphinvestigate.widgets.safe import Safe, join, safe_html

NOTHING_ASKED = "No pivot has asked Graph for anything yet. What one asked and what came back will stand here."
ASKED_BEFORE = (
    "No pivot has asked Graph for anything since the case was opened again. What was asked before, and what came back, "
    "stands in case.coverage and in its report."
)
_FIRST = ("resource", "complete", "rows_kept", "rows_received", "lacking", "note")
_LONG = ("filters_server", "filters_local", "lacking", "note")
"""Columns of sentences, which wrap; all others stay in one line."""


def source_words(source: str, count: int = 2) -> str:
    """Name what a pivot asks: ``sign_ins`` are sign-ins, and one of ``risky_users`` is a risky user.

    Parameters
    ----------
    source : str
        A source of a pivot, a kind of records, or a hunting table behind ``hunting:``.
    count : int
        How many there are.

    Returns
    -------
    str
    """
    name, _, table = source.partition(":")
    word = (
        "hunting" if name == "hunting" else kind_word(RESOURCES[name].record_kind if name in RESOURCES else name, count)
    )
    return " ".join(filter(None, (word, table)))


def counted(frames: Mapping[str, pd.DataFrame]) -> str:
    """Say how many rows of what there are."""
    return counted_rows({name: len(frame) for name, frame in frames.items()})


def counted_rows(rows: Mapping[str, int]) -> str:
    """Say how many there are of what, by source."""
    return ", ".join(f"{n:,} {source_words(name, n)}" for name, n in rows.items()) or "nothing"


def gaps(coverage: pd.DataFrame | None) -> dict[str, str]:
    """Give what a pivot could not read, or not to its end, and why.

    Parameters
    ----------
    coverage : DataFrame or None
        Of a pivot.

    Returns
    -------
    dict of str to str
        Source to reason, in the order they were asked.
    """
    if coverage is None:
        return {}
    short = coverage[~coverage["complete"].fillna(True).astype(bool)]
    found: dict[str, str] = {}
    for source, lacking, note in zip(short["resource"], short["lacking"], short["note"], strict=True):
        why = f"{plain(lacking)} is lacking" if plain(lacking) else plain(note).partition(". ")[0].rstrip(".")
        found.setdefault(plain(source), why or "not all of it came")
    return found


def gap_words(coverage: pd.DataFrame | None, *, goes_on: bool = False) -> str:
    """Say what a pivot could not read: what is not known must not look as if nothing had happened.

    Parameters
    ----------
    coverage : DataFrame or None
        Of a pivot.
    goes_on : bool
        Whether the rest can be asked for where it broke off.

    Returns
    -------
    str
        Empty where all of it came.
    """
    by_reason: dict[str, list[str]] = {}
    for source, why in gaps(coverage).items():
        by_reason.setdefault(why, []).append(source_words(source))
    if not by_reason:
        return ""
    said = "; ".join(f"{', '.join(sources)} ({why})" for why, sources in by_reason.items())
    how = "Go on asks for the rest, and for nothing twice" if goes_on else "Ask again tries once more"
    return f"Not read, so unknown and not clean: {said}. The Coverage tab has it all; {how}."


def coverage_title(coverage: pd.DataFrame | None) -> str:
    """Name the tab so that what could not be read is seen before it is opened."""
    short = len(gaps(coverage))
    return f"Coverage ({short} not read)" if short else "Coverage"


def coverage_table(coverage: pd.DataFrame | None, *, before: bool = False) -> Safe:
    """Show what a pivot asked for and what came back, what came short in red.

    Parameters
    ----------
    coverage : DataFrame or None
        Of a pivot.
    before : bool
        Whether a case that was opened again had asked something.

    Returns
    -------
    Safe
    """
    if coverage is None:
        return safe_html('<p class="gi-muted">{words}</p>', words=ASKED_BEFORE if before else NOTHING_ASKED)
    known = [column for column in coverage.columns if coverage[column].notna().any()]
    shown = [column for column in (*_FIRST, *coverage.columns) if column in known and (coverage[column] != "").any()]
    shown = list(dict.fromkeys(shown))
    head = join(safe_html("<th>{name}</th>", name=column.replace("_", " ")) for column in shown)
    rows = join(
        safe_html(
            '<tr class="{short}">{cells}</tr>',
            short="gi-short" if row["complete"] is False else "",
            cells=join(_cell(column, row[column]) for column in shown),
        )
        for row in coverage.astype(object).to_dict("records")
    )
    short = len(gaps(coverage))
    return safe_html(
        "<details open><summary>Coverage of the last pivot: {n} requests asked{short}</summary>"
        '<div class="gi-wide" tabindex="0" role="region" aria-label="Coverage of the last pivot">'
        '<table class="gi-table"><tr>{head}</tr>{rows}</table></div></details>',
        n=len(coverage),
        short=f", {short} not read" if short else "",
        head=head,
        rows=rows,
    )


def _cell(column: str, value: object) -> Safe:
    words = {True: "yes", False: "NO"}.get(value, plain(value)) if isinstance(value, bool) else plain(value)
    return safe_html('<td class="{css}">{words}</td>', css="gi-sentence" if column in _LONG else "", words=words)

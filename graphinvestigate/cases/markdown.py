"""A case as Markdown for a ticket: short, and inert whatever its texts hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from graphinvestigate.cases import questions, summary, telling
from graphinvestigate.cases.defanging import teller, told_rows
from graphinvestigate.cases.dossier import Dossier
from graphinvestigate.text import defang, visible
from graphinvestigate.views.tables import cell, chosen

ENTITIES = ("kind", "label", "max_severity", "risk_level", "why")
_MOST_ROWS, _MOST_INDICATORS, _MOST_CELL = 40, 60, 160
# What Markdown, in any of its dialects, takes for markup within a line, and what only at a line's beginning.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$^&{}])")
_FIRST = re.compile(r"^(\d{0,9})([-+=:.)])(?=\s|$|[-=:])")
_ADDRESS = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+")
# Between these a mail address or a mention ends; nothing but a code span keeps those from becoming links.
_BETWEEN = re.compile(r"([\s|,;()]+)")


def markdown(dossier: Dossier) -> str:
    """Write a case for a ticket or a chat.

    Parameters
    ----------
    dossier : Dossier

    Returns
    -------
    str
        Headings, lists and tables. Texts from Graph and from notes are escaped: they make no link, image, mention,
        heading or HTML; addresses that the graph knows, and every URL, are defanged.
    """
    say = teller(dossier.graph)

    def section(name: str, texts: Iterable[str], *, ordered: bool = False) -> str:
        return _section(say(name), map(say, texts), ordered=ordered)

    def table(name: str, frame: pd.DataFrame, columns: Sequence[str], *, most: int = _MOST_ROWS) -> str:
        return _table(name, told_rows(frame, columns, say), columns, most=most)

    parts = [
        f"# {inert(dossier.name)}",
        f"Saved {dossier.saved:%Y-%m-%d %H:%M} UTC · case {dossier.case_id}",
        section("Summary", telling.opening(dossier)),
        section("Findings", telling.findings(dossier)),
    ]
    if dossier.story is not None:
        told = [*questions.answers(dossier.story), questions.resting_on(dossier.frames, dossier.checklist)]
        parts.append(section("Four questions", told))
        parts.append(table("What was missed", dossier.story.missed, ("gap", "certainty", "why")))
    if dossier.incident is not None and "alerts" in dossier.frames:
        parts.append(table("How it unfolded", summary.story(dossier, dossier.triage), summary.STORY))
    if dossier.paths:
        ends = [telling.name_of(dossier, end) for end in (dossier.user, dossier.host)]
        parts.append(section(f"From the {ends[0]} to the {ends[1]}", dossier.paths[0].sentences, ordered=True))
    parts += [
        table(
            "Who and what matters", dossier.entities, ("kind", "label", "max_severity", "risk_level", "why"), most=10
        ),
        table(
            "Indicators", dossier.indicators, ("type", "indicator", "verdict", "why", "shared"), most=_MOST_INDICATORS
        ),
        section("Notes", telling.remarks(dossier)),
        section("Written to the tenant", [text for text in telling.steps(dossier) if "wrote to the tenant" in text]),
        section("Not checked", _open_items(dossier)),
        f"The case: SHA-256 `{dossier.content_sha256}` (`graphinvestigate verify --case …`).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def inert(text: str, limit: int | None = None) -> str:
    """Make text mean itself in Markdown: no markup, no link, no mention, one line.

    Parameters
    ----------
    text : str
        Any text.
    limit : int or None
        As in `text.visible`.
    """
    shown = _ADDRESS.sub(lambda match: defang(match[0]), visible(text, limit))
    pieces = [_mention(piece) if "@" in piece else _escaped(piece) for piece in _BETWEEN.split(shown)]
    return _FIRST.sub(r"\1\\\2", "".join(pieces))


def _mention(piece: str) -> str:
    whole = piece.rstrip(".:")
    return code(whole) + piece[len(whole) :]


def code(text: str) -> str:
    """Make text a code span: shown letter by letter, and copied as it is.

    Parameters
    ----------
    text : str
        Any text.
    """
    shown = visible(text, None)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[:1] in "` " or shown[-1:] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _section(name: str, texts: Iterable[str], *, ordered: bool = False) -> str:
    lines = [f"{f'{n}.' if ordered else '-'} {inert(text)}" for n, text in enumerate(texts, start=1)]
    return "\n".join([f"## {inert(name)}", "", *lines]) if lines else ""


def _table(name: str, frame: pd.DataFrame, columns: Sequence[str], *, most: int = _MOST_ROWS) -> str:
    shown = chosen(frame, columns).iloc[:most]
    if not len(shown):
        return ""
    lines = [_line([inert(name) for name in columns]), _line(["---"] * len(columns))]
    for row in shown.itertuples(index=False, name=None):
        named = zip(columns, row, strict=True)
        lines.append(_line([_cell(value, literal=name == "indicator") for name, value in named]))
    if len(frame) > len(shown):
        lines += ["", f"{len(frame) - len(shown):,} of {len(frame):,} rows not shown; the case has them."]
    return "\n".join([f"## {inert(name)}", "", *lines])


def _cell(value: Any, *, literal: bool) -> str:
    words = cell(value)
    shown = code(words) if literal else inert(words, _MOST_CELL)
    return re.sub(r"(?<!\\)\|", r"\\|", shown) or " "


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _open_items(dossier: Dossier) -> list[str]:
    rows = dossier.checklist[dossier.checklist["state"] == "not checked"]
    return [f"{row.item}{f': {row.why}' if row.why else ''}" for row in rows.itertuples()]

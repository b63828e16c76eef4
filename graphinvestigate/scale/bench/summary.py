"""The findings of a run as Markdown and as one small picture, for documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from graphinvestigate.scale.bench.measure import Finding

_WORDS = {None: "", True: "kept", False: "missed"}
_COLOURS = {True: "#2b7a4b", False: "#b3261e"}
_LINE, _LEFT, _WIDE = 22, 460, 300


def markdown(findings: Iterable[Finding], about: dict[str, Any]) -> str:
    """Lay findings out as a table of Markdown, with the machine above it.

    Parameters
    ----------
    findings : iterable of Finding
    about : dict
        As `report.machine` gave it.

    Returns
    -------
    str
    """
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    loads = {name: about[name] for name in ("load_at_start", "load_at_end") if about.get(name)}
    busy = "; ".join(f"{name.replace('_', ' ')} {' '.join(map(str, load))}" for name, load in loads.items())
    lines = [
        f"Measured on {about['cores']} cores, {about['memory_gb']} GB, {about['system']} {about['processor']}, "
        f"Python {about['python']}; {busy}.",
        "",
        f"Versions: {versions}.",
        "",
        "| row | size | measure | value | budget | |",
        "|---|---:|---|---:|---:|---|",
    ]
    for one in findings:
        budget = "" if one.budget is None else f"{'≥' if one.at_least else '≤'} {one.budget:g}"
        note = "; ".join(part for part in (_WORDS[one.kept], one.note) if part)
        lines.append(f"| {one.row} | {one.size:,} | {one.measure} | {one.value:.3f} | {budget} | {note} |")
    return "\n".join(lines) + "\n"


def picture(findings: Sequence[Finding]) -> str:
    """Draw how much of each budget is used, as SVG: the line is the budget, and what goes beyond it is red.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    str
    """
    bound = [(one, _used(one.value, one.budget, one.at_least)) for one in findings if one.budget]
    most = max([2.0, *(used for _, used in bound)])
    scale = _WIDE / most
    height = _LINE * (len(bound) + 2)
    drawn = []
    for place, (one, used) in enumerate(bound, start=1):
        middle = place * _LINE + 15
        text = escape(f"{one.row} {one.size:,}: {one.measure}" + (f" ({one.note})" if one.note else ""))
        drawn.append(
            f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{text}</text>'
            f'<rect x="{_LEFT}" y="{middle - 12}" width="{used * scale:.1f}" height="15" '
            f'fill="{_COLOURS[bool(one.kept)]}"/>'
            f'<text x="{_LEFT + used * scale + 5:.1f}" y="{middle}">{used:.2f} {_WORDS[one.kept]}</text>'
        )
    budget = f"{_LEFT + scale:.1f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDE + 110}" height="{height}" '
        f'font-family="sans-serif" font-size="12"><title>Share of each budget that is used</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/><text x="{_LEFT}" y="15">share of the budget</text>'
        f'<line x1="{budget}" x2="{budget}" y1="20" y2="{height}" stroke="#333333" stroke-dasharray="4 3"/>'
        f"{''.join(drawn)}</svg>\n"
    )


def _used(value: float, budget: float, at_least: bool) -> float:
    return budget / value if at_least else value / budget

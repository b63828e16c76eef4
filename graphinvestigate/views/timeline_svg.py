"""A timeline as a small picture without scripts, for readers who have no kernel."""

from __future__ import annotations

import numpy as np

from graphinvestigate import text
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline import zone_of
from graphinvestigate.views.timeline_events import Marks
from graphinvestigate.views.timeline_marks import fewer_lanes
from graphinvestigate.views.timeline_notes import bins_between

_WIDTH, _LEFT, _ROW, _FOOT = 900, 210, 20, 26
_BINS = 120
_MOST = 400
_SHAPES = {
    "high": "M{x} {t}L{r} {y}L{x} {b}L{l} {y}Z",
    "medium": "M{l} {t}H{r}V{b}H{l}Z",
    "low": "M{l} {y}A4 4 0 1 0 {r} {y}A4 4 0 1 0 {l} {y}Z",
}
_SHAPES |= dict.fromkeys(("informational", "unknown"), _SHAPES["low"])
_SHAPES["none"] = "M{x} {t}V{b}"


def timeline_svg(marks: Marks, tz: str = "UTC") -> str:
    """Draw marks as SVG: each one, or above 400 how many stand in each span of time.

    Parameters
    ----------
    marks : Marks
        What is shown.
    tz : str
        The time zone of the axis.

    Returns
    -------
    str
        One ``<svg>`` with no script, no style sheet and no address; texts are escaped.
    """
    marks = fewer_lanes(marks)
    height = _ROW * len(marks.lanes) + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="11" fill="#57606a">'
        f"<title>Timeline of {len(marks):,} marks in {len(marks.lanes)} lanes</title>"
    ]
    for at, lane in enumerate(marks.lanes):
        y = at * _ROW
        if at % 2 == 0:
            parts.append(f'<rect x="0" y="{y}" width="{_WIDTH}" height="{_ROW}" fill="#80889620"/>')
        label = text.html(text.visible(lane, 32))
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{label}</text>')
    if len(marks):
        low, high = int(marks.start.min()), int(marks.end.max())
        parts += (_cells if len(marks) > _MOST else _points)(marks, low, max(high, low + 1))
        zone = zone_of(tz)
        for time, anchor, x in ((low, "start", _LEFT), (high, "end", _WIDTH - 6)):
            shown = np.datetime64(time, "ns").astype("datetime64[s]").item().replace(tzinfo=zone_of("UTC"))
            words = f"{shown.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
            parts.append(f'<text x="{x}" y="{height - 8}" text-anchor="{anchor}">{text.html(words)}</text>')
    return "".join([*parts, "</svg>"])


def _points(marks: Marks, low: int, high: int) -> list[str]:
    scale = (_WIDTH - _LEFT - 16) / (high - low)
    parts = []
    for at in np.argsort(-marks.severity, kind="stable").tolist():  # the worst last, on top
        x = _LEFT + 4 + (int(marks.start[at]) - low) * scale
        end = _LEFT + 4 + (int(marks.end[at]) - low) * scale
        y = int(marks.lane[at]) * _ROW + _ROW / 2
        look = list(SEVERITIES.values())[int(marks.severity[at])]
        if end - x > 1:
            parts.append(
                f'<rect x="{x:.1f}" y="{y - 2:g}" width="{end - x:.1f}" height="4" fill="{look.color}" opacity=".45"/>'
            )
        filled = look.color if not look.symbol.endswith("-open") else "none"
        path = _SHAPES[look.name].format(
            x=f"{x:.1f}", y=f"{y:g}", l=f"{x - 4:.1f}", r=f"{x + 4:.1f}", t=f"{y - 4:g}", b=f"{y + 4:g}"
        )
        parts.append(f'<path d="{path}" fill="{filled}" stroke="{look.color}"/>')
    return parts


def _cells(marks: Marks, low: int, high: int) -> list[str]:
    bins = bins_between(low, high)
    n = min(bins.n, _BINS)
    place = (bins.place(marks.start).astype(np.int64) * n) // bins.n
    counts = np.bincount(marks.lane.astype(np.int64) * n + place, minlength=len(marks.lanes) * n)
    wide = (_WIDTH - _LEFT - 8) / n
    most = np.log1p(counts.max())
    return [
        f'<rect x="{_LEFT + (cell % n) * wide:.1f}" y="{cell // n * _ROW + 3}" width="{wide:.1f}" height="{_ROW - 6}" '
        f'fill="#3b7dd8" opacity="{0.2 + 0.8 * np.log1p(counts[cell]) / most:.2f}"/>'
        for cell in np.flatnonzero(counts).tolist()
    ]

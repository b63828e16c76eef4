"""A timeline as a small picture without scripts, for readers who have no kernel."""

from __future__ import annotations

from datetime import UTC

import numpy as np

from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline import zone_of
from graphinvestigate.views.timeline_events import Marks
from graphinvestigate.views.timeline_marks import fewer_lanes
from graphinvestigate.views.timeline_notes import bins_between
from graphinvestigate.widgets.safe import Safe, join, safe_html

MOST_POINTS = 400
"""Above so many marks the picture shows how many stand in each span of time."""
_WIDTH, _LEFT, _ROW, _FOOT = 900, 210, 20, 26
_BINS = 120
_CUT = 32  # letters of a lane's name
_SHAPES = {
    "high": "M{x} {t}L{r} {y}L{x} {b}L{l} {y}Z",
    "medium": "M{l} {t}H{r}V{b}H{l}Z",
    "low": "M{l} {y}A4 4 0 1 0 {r} {y}A4 4 0 1 0 {l} {y}Z",
    "none": "M{x} {t}V{b}",
}


def timeline_svg(marks: Marks, tz: str = "UTC") -> Safe:
    """Draw marks as SVG: each one, or above 400 how many stand in each span of time.

    Parameters
    ----------
    marks : Marks
        What is shown.
    tz : str
        The time zone of the axis.

    Returns
    -------
    Safe
        One ``<svg>`` with no script, no style sheet and no address.
    """
    marks = fewer_lanes(marks)
    height = _ROW * len(marks.lanes) + _FOOT
    parts = [_lane(at, name) for at, name in enumerate(marks.lanes)]
    if len(marks):
        low, high = int(marks.start.min()), int(marks.end.max())
        parts += (_cells if len(marks) > MOST_POINTS else _points)(marks, low, max(high, low + 1))
        for time, anchor, x in ((low, "start", _LEFT), (high, "end", _WIDTH - 6)):
            parts.append(
                safe_html(
                    '<text x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>',
                    x=x,
                    y=height - 8,
                    anchor=anchor,
                    words=_moment(time, tz),
                )
            )
    return safe_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'font-family="sans-serif" font-size="11" fill="#57606a"><title>Timeline of {n:,} marks in {lanes} lanes</title>'
        "{parts}</svg>",
        w=_WIDTH,
        h=height,
        n=len(marks),
        lanes=len(marks.lanes),
        parts=join(parts),
    )


def _moment(ns: int, tz: str) -> str:
    time = np.datetime64(ns, "ns").astype("datetime64[s]").item().replace(tzinfo=UTC)
    return f"{time.astimezone(zone_of(tz)):%Y-%m-%d %H:%M} {tz}"


def _lane(at: int, name: str) -> Safe:
    return safe_html(
        '<rect x="0" y="{y}" width="{w}" height="{h}" fill="#808896" opacity="{shade}"/>'
        '<text x="{x}" y="{base}" text-anchor="end">{name}</text>',
        y=at * _ROW,
        w=_WIDTH,
        h=_ROW,
        shade=0.12 if at % 2 == 0 else 0,
        x=_LEFT - 8,
        base=at * _ROW + 14,
        name=name if len(name) <= _CUT else f"{name[: _CUT - 1]}…",
    )


def _points(marks: Marks, low: int, high: int) -> list[Safe]:
    scale = (_WIDTH - _LEFT - 16) / (high - low)
    parts = []
    for at in np.argsort(-marks.severity, kind="stable").tolist():  # the worst last, on top
        x = _LEFT + 4 + (int(marks.start[at]) - low) * scale
        long = (int(marks.end[at]) - int(marks.start[at])) * scale
        y = int(marks.lane[at]) * _ROW + _ROW / 2
        look = list(SEVERITIES.values())[int(marks.severity[at])]
        if long > 1:
            parts.append(
                safe_html(
                    '<rect x="{x:.1f}" y="{y:g}" width="{long:.1f}" height="4" fill="{color}" opacity=".45"/>',
                    x=x,
                    y=y - 2,
                    long=long,
                    color=look.color,
                )
            )
        path = _SHAPES.get(look.name, _SHAPES["low"]).format(
            x=f"{x:.1f}", y=f"{y:g}", l=f"{x - 4:.1f}", r=f"{x + 4:.1f}", t=f"{y - 4:g}", b=f"{y + 4:g}"
        )
        filled = "none" if look.symbol.endswith("-open") else look.color
        parts.append(
            safe_html('<path d="{path}" fill="{filled}" stroke="{color}"/>', path=path, filled=filled, color=look.color)
        )
    return parts


def _cells(marks: Marks, low: int, high: int) -> list[Safe]:
    bins = bins_between(low, high)
    n = min(bins.n, _BINS)
    place = (bins.place(marks.start).astype(np.int64) * n) // bins.n
    counts = np.bincount(marks.lane.astype(np.int64) * n + place, minlength=len(marks.lanes) * n)
    wide = (_WIDTH - _LEFT - 8) / n
    most = np.log1p(counts.max())
    return [
        safe_html(
            '<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{h}" fill="#3b7dd8" opacity="{shade:.2f}"/>',
            x=_LEFT + (cell % n) * wide,
            y=cell // n * _ROW + 3,
            wide=wide,
            h=_ROW - 6,
            shade=0.2 + 0.8 * float(np.log1p(counts[cell]) / most),
        )
        for cell in np.flatnonzero(counts).tolist()
    ]

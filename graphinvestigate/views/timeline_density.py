"""A timeline of more marks than can be told apart: counts per time span, by severity and by lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphinvestigate import text
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline_events import Marks
from graphinvestigate.views.timeline_marks import halo
from graphinvestigate.views.timeline_notes import Bins, bins_between

_MOST_RINGS = 1000
_EARLIEST = np.iinfo(np.int64).min


def density(
    marks: Marks,
    milliseconds: Callable[[np.ndarray], np.ndarray],
    *,
    most_lanes: int,
    window: tuple[int | None, int | None] = (None, None),
    chosen: np.ndarray | None = None,
) -> tuple[dict[str, Any], Bins, np.ndarray]:
    """Count marks by their start, in equal spans of time.

    Parameters
    ----------
    marks : Marks
        What happened.
    milliseconds : callable
        Nanoseconds UTC → plotly's dates.
    most_lanes : int
        The lanes beyond are counted together.
    window : (int or None, int or None)
        From when to when (nanoseconds) the spans go at most; marks that started before are counted in the first span.
    chosen : bool array of shape (n,), optional
        Which marks are selected.

    Returns
    -------
    figure : dict
        ``data`` and ``layout`` of a figure: above counts by severity, below counts by lane.
    bins : Bins
        The spans of time.
    place : int32 array of shape (n,)
        Which of them each mark is counted in.
    """
    low = max(int(marks.start.min()), window[0] if window[0] is not None else _EARLIEST)
    bins = bins_between(low, max(int(marks.start.max()), low))
    lanes = list(marks.lanes[:most_lanes])
    if len(marks.lanes) > most_lanes:
        lanes[-1] = f"{len(marks.lanes) - most_lanes + 1} other lanes"
    lane = np.minimum(marks.lane, len(lanes) - 1)
    place = bins.place(marks.start)
    kinds = len(SEVERITIES)
    cells = (lane.astype(np.int32) * kinds + marks.severity) * bins.n + place
    counts = np.bincount(cells, minlength=len(lanes) * kinds * bins.n).reshape(len(lanes), kinds, bins.n)
    x = milliseconds(bins.starts())
    words = bins.words
    more = _selected(chosen, lane, place, x, bins) if chosen is not None and chosen.any() else []
    figure = {
        "data": [
            *counts_by_severity(counts.sum(axis=0), x, words),
            counts_by_lane(counts.sum(axis=1), x, lanes, words),
            *more,
        ],
        "layout": {
            "xaxis": {"type": "date", "anchor": "y2"},
            "yaxis": {"domain": [0.72, 1.0], "title": {"text": f"per {words}"}, "rangemode": "tozero"},
            "yaxis2": {
                "domain": [0.0, 0.68],
                "type": "category",
                "categoryorder": "array",
                "categoryarray": [str(at) for at in range(len(lanes))],
                "tickmode": "array",
                "tickvals": [str(at) for at in range(len(lanes))],
                "ticktext": [text.plotly(name, 40) for name in lanes],
                "autorange": "reversed",
                "automargin": True,
                "showgrid": False,
                "ticks": "",
            },
            "barmode": "stack",
            "bargap": 0,
            "height": int(np.clip(330 + 26 * len(lanes), 420, 1000)),
            "margin": {"l": 12, "r": 12, "t": 104, "b": 52},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1,
                "yanchor": "bottom",
                "title": {"text": "severity or risk:  "},
            },
            "meta": {
                "columns": ["lane", *(look.word for look in SEVERITIES.values())],
                "rows": [
                    [text.plotly(name, 40), *by.tolist()] for name, by in zip(lanes, counts.sum(axis=2), strict=True)
                ],
            },
        },
    }
    return figure, bins, place


def _selected(
    chosen: np.ndarray, lane: np.ndarray, place: np.ndarray, x: np.ndarray, bins: Bins
) -> list[dict[str, Any]]:
    """Mark the cells that hold something selected."""
    cells, counts = np.unique(lane[chosen].astype(np.int64) * bins.n + place[chosen], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_MOST_RINGS]
    middle = x + bins.step / 2e6
    tick = {"symbol": "line-ns-open", "size": 18, "color": "#c2528b", "line": {"width": 2.5}}
    rings = halo(middle[cells[most] % bins.n], (cells[most] // bins.n).astype(str), yaxis="y2", marker=tick)
    said = {
        "customdata": counts[most],
        "hoverinfo": "all",
        "hovertemplate": "%{customdata} selected here<extra></extra>",
    }
    return [{**rings, **said}]


def counts_by_severity(counts: np.ndarray, x: np.ndarray, words: str) -> list[dict[str, Any]]:
    """Draw counts as bars.

    Parameters
    ----------
    counts : int array of shape (severities, spans)
    x : array of shape (spans,)
        Where each span begins.
    words : str
        How long one is.

    Returns
    -------
    list of dict
        A trace per severity.
    """
    return [
        {
            "type": "bar",
            "name": look.word,
            "x": x,
            "y": by.astype(np.int32),
            "offset": 0,
            "marker": {"color": look.color, "line": {"width": 0}},
            "hovertemplate": f"%{{y}} of severity {look.word} within {words}<extra></extra>",
        }
        for look, by in zip(SEVERITIES.values(), counts, strict=True)
        if by.any()
    ][::-1]


def counts_by_lane(counts: np.ndarray, x: np.ndarray, lanes: list[str], words: str) -> dict[str, Any]:
    """Draw counts as a heat map: `counts` of shape (lanes, spans), the rest as in `counts_by_severity`."""
    return {
        "type": "heatmap",
        "name": "lanes",
        "x": x,
        "y": [str(at) for at in range(len(lanes))],
        "z": np.where(counts > 0, np.log10(np.maximum(counts, 1)) + 1, np.nan).astype(np.float32),
        "customdata": counts.astype(np.int32),
        "yaxis": "y2",
        "xtype": "array",
        "hoverongaps": False,
        "hovertemplate": f"%{{customdata}} within {words}<extra></extra>",
        "colorscale": [[0, "rgba(59,125,216,0.25)"], [1, "rgba(59,125,216,1)"]],
        "showscale": False,
    }

"""A timeline of more marks than can be told apart: counts per time span, by severity and by lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphinvestigate import text
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline_events import Marks

_BINS = 400
_SPANS = (  # what a reader can name: seconds, and the words for one
    (1, "1 second"), (5, "5 seconds"), (15, "15 seconds"), (60, "1 minute"), (300, "5 minutes"), (900, "15 minutes"),
    (1800, "30 minutes"), (3600, "1 hour"), (7200, "2 hours"), (14400, "4 hours"), (43200, "12 hours"),
    (86400, "1 day"), (172800, "2 days"), (604800, "1 week"), (2592000, "30 days"),
)  # fmt: skip
_SECOND = 1_000_000_000


def density(marks: Marks, milliseconds: Callable[[np.ndarray], np.ndarray], *, most_lanes: int) -> dict[str, Any]:
    """Count marks by their start, in equal spans of time.

    Parameters
    ----------
    marks : Marks
        What happened.
    milliseconds : callable
        Nanoseconds UTC → plotly's dates.
    most_lanes : int
        The lanes beyond are counted together.

    Returns
    -------
    dict
        ``data`` and ``layout`` of a figure: above counts by severity, below counts by lane.
    """
    low, high = int(marks.start.min()), int(marks.start.max())
    seconds, words = next(
        (span for span in _SPANS if (high - low) / (span[0] * _SECOND) <= _BINS),
        ((high - low) // _SECOND // _BINS + 1, ""),
    )
    step = seconds * _SECOND
    low -= low % step
    bins = int((high - low) // step) + 1
    lanes = list(marks.lanes[:most_lanes])
    if len(marks.lanes) > most_lanes:
        lanes[-1] = f"{len(marks.lanes) - most_lanes + 1} other lanes"
    lane = np.minimum(marks.lane, len(lanes) - 1)
    place = ((marks.start - low) // step).astype(np.int32)
    kinds = len(SEVERITIES)
    cells = (lane.astype(np.int32) * kinds + marks.severity) * bins + place
    counts = np.bincount(cells, minlength=len(lanes) * kinds * bins).reshape(len(lanes), kinds, bins)
    x = milliseconds(low + step * np.arange(bins, dtype=np.int64))
    words = words or f"{seconds:,} seconds"
    return {
        "data": [*_by_severity(counts.sum(axis=0), x, words), _by_lane(counts.sum(axis=1), x, lanes, words)],
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


def _by_severity(counts: np.ndarray, x: np.ndarray, words: str) -> list[dict[str, Any]]:
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


def _by_lane(counts: np.ndarray, x: np.ndarray, lanes: list[str], words: str) -> dict[str, Any]:
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

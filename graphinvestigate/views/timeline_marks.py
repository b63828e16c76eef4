"""A timeline of marks that can be told apart: a bar or a point each."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from graphinvestigate import text
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.timeline_events import Marks
from graphinvestigate.views.timeline_words import mark_words

_MOST_LANES = 24
_MOST_ROWS = 8  # of one lane
_MOST_APART = 200
PIXELS_PER_ROW = 15
_STRIP = 0.1  # of the width, for what has no time
_HOVER = (
    "<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}"
    "<br><i>%{customdata[4]}</i><extra></extra>"
)
_COLUMNS = ["name", "what", "when", "details", "identity"]
_SIZE = {"high": 11, "medium": 9, "low": 9, "informational": 8, "none": 9, "unknown": 8}


def marks_figure(
    marks: Marks,
    milliseconds: Callable[[np.ndarray], np.ndarray],
    *,
    ids: np.ndarray | None = None,
    chosen: np.ndarray | None = None,
) -> dict[str, Any]:
    """Draw each mark.

    Parameters
    ----------
    marks : Marks
        What happened.
    milliseconds : callable
        Nanoseconds UTC → plotly's dates.
    ids : int array of shape (n,), optional
        What to call each mark, for who listens to clicks.
    chosen : bool array of shape (n,), optional
        Which marks are selected.

    Returns
    -------
    dict
        ``data`` and ``layout`` of a figure.
    """
    marks = fewer_lanes(marks)
    x, end = milliseconds(marks.start), milliseconds(marks.end)
    row, rows = _stack(marks, x, end)
    top = np.concatenate([[0.0], np.cumsum(rows + 0.9)])
    y = top[marks.lane] + row + 0.95
    words = np.array(mark_words(marks), dtype=object)  # plotly takes arrays as they are, and checks lists one by one
    data: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for code, look in reversed(list(enumerate(SEVERITIES.values()))):  # what is drawn last lies on top: the worst
        at = np.flatnonzero(marks.severity == code)
        long = at[marks.end[at] > marks.start[at]]
        bars = np.full((len(long), 3), np.nan)
        bars[:, 0], bars[:, 1] = x[long], end[long]
        data.append(
            {
                "type": "scatter",
                "name": look.word,
                "mode": "lines",
                "x": bars.ravel(),
                "y": np.repeat(y[long], 3),
                "line": {"color": look.color, "width": 6},
                "opacity": 0.45,
                "hoverinfo": "skip",
                "showlegend": False,
                "legendgroup": look.name,
            }
        )
        points.append(_points(code, x[at], y[at], words[at]))
        if ids is not None:
            points[-1]["ids"] = ids[at].astype(str)
    if chosen is not None and chosen.any():
        data.append(halo(x[chosen], y[chosen]))
    layout = _layout(marks, top, x, end)
    if marks.apart is not None and len(marks.apart):
        points += _apart(marks, top, layout)
    return {"data": [*data, *points], "layout": layout}


def fewer_lanes(marks: Marks, most: int = _MOST_LANES) -> Marks:
    """Join the lanes that would not fit into one at the bottom.

    Parameters
    ----------
    marks : Marks
    most : int

    Returns
    -------
    Marks
    """
    if len(marks.lanes) <= most:
        return marks
    kept = marks.lanes[: most - 1]
    lanes = (*kept, f"{len(marks.lanes) - len(kept)} other lanes")
    apart = marks.apart
    if apart is not None:
        apart = replace(apart, lane=np.minimum(apart.lane, len(kept)), lanes=lanes)
    return replace(marks, lane=np.minimum(marks.lane, len(kept)), lanes=lanes, apart=apart)


def halo(x: np.ndarray, y: Any, **more: Any) -> dict[str, Any]:
    """Draw rings around what is selected."""
    return {
        "type": "scatter", "name": "selected", "mode": "markers", "x": x, "y": y, "hoverinfo": "skip",
        "marker": {"symbol": "circle-open", "size": 18, "color": "#c2528b", "line": {"width": 2.5}}, **more,
    }  # fmt: skip


def _points(code: int, x: np.ndarray, y: np.ndarray, words: np.ndarray) -> dict[str, Any]:
    look = list(SEVERITIES.values())[code]
    trace: dict[str, Any] = {
        "type": "scatter",
        "name": look.word,
        "mode": "markers",
        "x": x,
        "y": y,
        "customdata": words,
        "marker": {"symbol": look.symbol, "color": look.color, "size": _SIZE[look.name], "line": {"width": 1}},
        "hovertemplate": _HOVER,
        "legendgroup": look.name,
        "meta": {"columns": _COLUMNS},
    }
    if look.symbol.endswith("-open"):
        trace["marker"]["line"] = {"width": 2, "color": look.color}
    return trace


def _apart(marks: Marks, top: np.ndarray, layout: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw what has no time in a strip of its own, beside all of time."""
    apart = marks.apart
    assert apart is not None
    shown = apart.take(np.arange(min(len(apart), _MOST_APART)))
    place = _running_number(shown.lane)
    words = np.array(mark_words(shown), dtype=object)
    per_row = max(int(place.max()) + 1, 4)
    y = top[shown.lane] + 0.95
    traces = []
    for code in reversed(range(len(SEVERITIES))):
        at = np.flatnonzero(shown.severity == code)
        if len(at):
            trace = _points(code, place[at].astype(float), y[at], words[at])
            traces.append({**trace, "xaxis": "x2", "showlegend": False})
    layout["xaxis"]["domain"] = [0, 1 - _STRIP - 0.015]
    layout["xaxis2"] = {
        "domain": [1 - _STRIP, 1], "range": [-0.7, per_row - 0.3], "showticklabels": False, "showgrid": False,
        "zeroline": False, "ticks": "", "fixedrange": True, "anchor": "y", "title": {"text": "time unknown"},
    }  # fmt: skip
    return traces


def _running_number(lane: np.ndarray) -> np.ndarray:
    """Number the marks of each lane from 0."""
    order = np.argsort(lane, kind="stable")
    ordered = lane[order]
    first = np.searchsorted(ordered, ordered)
    number = np.empty(len(lane), dtype=np.int64)
    number[order] = np.arange(len(lane)) - first
    return number


def _layout(marks: Marks, top: np.ndarray, x: np.ndarray, end: np.ndarray) -> dict[str, Any]:
    bands = [
        {
            "type": "rect", "xref": f"{axis} domain", "x0": 0, "x1": 1, "yref": "y", "y0": float(top[at]),
            "y1": float(top[at + 1]), "fillcolor": "rgba(128,136,150,0.09)", "line": {"width": 0}, "layer": "below",
        }
        for at in range(0, len(marks.lanes), 2)
        for axis in (("x", "x2") if marks.apart is not None else ("x",))
    ]  # fmt: skip
    room = max(float(end.max() - x.min()) * 0.03, 60_000.0)
    return {
        "xaxis": {"type": "date", "range": [float(x.min()) - room, float(end.max()) + room], "showgrid": True},
        "yaxis": {
            "tickmode": "array",
            "tickvals": ((top[:-1] + top[1:]) / 2).tolist(),
            "ticktext": [text.plotly(name, 40) for name in marks.lanes],
            "range": [float(top[-1]), 0.0],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
            "autotypenumbers": "strict",
        },
        "shapes": bands,
        "height": int(np.clip(190 + PIXELS_PER_ROW * top[-1], 300, 1400)),
        "margin": {"l": 12, "r": 12, "t": 104, "b": 52},
        "dragmode": "zoom",
        "legend": {
            "traceorder": "reversed",
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "title": {"text": "severity or risk:  "},
        },
    }


def _stack(marks: Marks, x: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each mark a row of its lane in which nothing else stands at that time, and each lane its rows."""
    span = max(float(end.max() - x.min()), 1.0)
    gap = 0.012 * span
    row = np.zeros(len(x), dtype=np.int64)
    rows = np.ones(len(marks.lanes), dtype=np.int64)
    busy: list[list[tuple[float, int]]] = [[] for _ in marks.lanes]  # until when each row of a lane is taken
    for at in np.lexsort((end, x)).tolist():
        lane, taken = int(marks.lane[at]), busy[int(marks.lane[at])]
        if taken and (taken[0][0] <= x[at] or len(taken) >= _MOST_ROWS):
            _, row[at] = heapq.heappop(taken)
        else:
            row[at] = len(taken)
            rows[lane] = len(taken) + 1
        heapq.heappush(taken, (float(end[at]) + gap, int(row[at])))
    return row, rows

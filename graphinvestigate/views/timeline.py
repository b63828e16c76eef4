"""What happened when, as a plotly figure."""

from __future__ import annotations

import heapq
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import text
from graphinvestigate.errors import UsageError
from graphinvestigate.views.style import SEVERITIES, kind_word, template
from graphinvestigate.views.timeline_density import density
from graphinvestigate.views.timeline_events import Marks, marks_of
from graphinvestigate.views.timeline_words import mark_words

MOST_MARKS = 20_000
"""Above so many marks the timeline shows counts per time span."""
_MOST_LANES = 24
_MOST_ROWS = 8  # of one lane
_ROW = 15  # pixels
_HOVER = (
    "<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}"
    "<br><i>%{customdata[4]}</i><extra></extra>"
)
_COLUMNS = ["name", "what", "when", "details", "identity"]
_SIZE = {"high": 11, "medium": 9, "low": 9, "informational": 8, "none": 9, "unknown": 8}


def plot_timeline(
    *frames: pd.DataFrame, lanes: str = "record_kind", tz: str = "UTC", theme: str = "light"
) -> go.Figure:
    """Draw when records happened: bars from first to last activity, points for instants.

    Severity (for risk detections, risky users and sign-ins their risk level) is colour and shape, and a word in
    the legend and the hover. More than 20,000 marks are drawn as counts per time span.

    Parameters
    ----------
    *frames : pandas.DataFrame
        Alerts, incidents, risk detections, risky users, sign-ins or evidence, in any order; they are not changed.
        Each record stands at its event time: an alert's first activity, a risk detection's activity, a sign-in's
        creation.
    lanes : {"record_kind", "tactic", "entity", "source"}
        What the lanes stand for. Tactics are the alerts' categories that ATT&CK knows, in ATT&CK's order; other
        alerts and other records get no tactic. Entities are users and hosts; an alert stands in the lane of each
        that its evidence names.
    tz : str
        The time zone of the axis, e.g. ``Europe/Berlin``. The hover always says UTC.
    theme : {"light", "dark"}
        Which background it stands on.

    Returns
    -------
    plotly.graph_objects.Figure
        Its subtitle counts what is drawn and what has no time.

    Raises
    ------
    UsageError
        If `lanes` or `tz` is unknown, or a frame is none of the above.
    """
    zone = _zone(tz)
    marks = marks_of(frames, lanes)
    title = "Timeline"
    records = sum(len(frame) for _, frame in marks.frames)
    caption = _caption(marks, records)
    if not len(marks.start):
        return _nothing(title, caption, theme)
    if len(marks.start) > MOST_MARKS:
        figure = density(marks, lambda ns: _milliseconds(ns, zone), most_lanes=_MOST_LANES)
    else:
        figure = _marks_figure(_fewer_lanes(marks), zone)
    figure["layout"].update(
        template=template(theme),
        title={"text": title, "subtitle": {"text": caption}},
        hovermode="closest",
        autotypenumbers="strict",
    )
    figure["layout"]["xaxis"]["title"] = {"text": f"time, {text.plotly(_zone_words(marks, zone))}"}
    return go.Figure(figure)


def _zone(tz: str) -> ZoneInfo:
    try:
        return ZoneInfo(tz)
    except (KeyError, OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"no time zone is called {text.log(str(tz))}: give a name such as UTC, Europe/Berlin or America/New_York"
        ) from error


def _milliseconds(ns: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Give plotly's dates in a zone: milliseconds, as plotly knows no zones; floats, as it packs those."""
    if zone.key != "UTC":
        ns = pd.DatetimeIndex(ns.view("datetime64[ns]"), tz="UTC").tz_convert(zone).tz_localize(None).asi8
    return ns / 1e6


def _zone_words(marks: Marks, zone: ZoneInfo) -> str:
    if zone.key == "UTC":
        return "UTC"
    ends = pd.DatetimeIndex(np.array([marks.start.min(), marks.end.max()]).view("datetime64[ns]"), tz="UTC")
    offsets = dict.fromkeys(f"UTC{time.strftime('%z')[:3]}:{time.strftime('%z')[3:]}" for time in ends.tz_convert(zone))
    return f"{zone.key} ({' to '.join(offsets)})"


def _caption(marks: Marks, records: int) -> str:
    drawn = records - sum(marks.untimed.values())
    kinds: dict[str, int] = {}
    for kind, frame in marks.frames:
        kinds[kind] = kinds.get(kind, 0) + len(frame)
    counted = ", ".join(f"{n:,} {kind_word(kind, n)}" for kind, n in kinds.items() if n)
    caption = counted or "no records"
    if marks.untimed:
        missing = ", ".join(f"{n:,} {kind_word(kind, n)}" for kind, n in marks.untimed.items())
        caption += f"; not drawn, time unknown: {missing}"
    if drawn and drawn < len(marks.start):
        caption += "; records that name several entities stand in each one's lane"
    return text.plotly(caption, None)


def _nothing(title: str, caption: str, theme: str) -> go.Figure:
    """Say that there is nothing to draw."""
    message = {
        "text": "Nothing to draw: no record has a time." if caption != "no records" else "Nothing to draw: no records.",
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "font": {"size": 15},
    }
    layout = {
        "template": template(theme),
        "title": {"text": title, "subtitle": {"text": caption}},
        "xaxis": {"visible": False, "type": "date"},
        "yaxis": {"visible": False},
        "height": 240,
        "annotations": [message],
        "autotypenumbers": "strict",
    }
    return go.Figure({"data": [], "layout": layout})


def _fewer_lanes(marks: Marks) -> Marks:
    """Join the lanes that would not fit into one at the bottom."""
    if len(marks.lanes) <= _MOST_LANES:
        return marks
    kept = marks.lanes[: _MOST_LANES - 1]
    lanes = (*kept, f"{len(marks.lanes) - len(kept)} other lanes")
    lane = np.minimum(marks.lane, len(kept))
    return Marks(
        marks.start, marks.end, marks.severity, lane, marks.frame, marks.row, lanes, marks.frames, marks.untimed
    )


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


def _marks_figure(marks: Marks, zone: ZoneInfo) -> dict[str, Any]:
    x, end = _milliseconds(marks.start, zone), _milliseconds(marks.end, zone)
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
        points.append(
            {
                "type": "scatter",
                "name": look.word,
                "mode": "markers",
                "x": x[at],
                "y": y[at],
                "customdata": words[at],
                "marker": {"symbol": look.symbol, "color": look.color, "size": _SIZE[look.name], "line": {"width": 1}},
                "hovertemplate": _HOVER,
                "legendgroup": look.name,
                "meta": {"columns": _COLUMNS},
            }
        )
        if look.symbol.endswith("-open"):
            points[-1]["marker"]["line"] = {"width": 2, "color": look.color}
    bands = [
        {
            "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": float(top[at]),
            "y1": float(top[at + 1]), "fillcolor": "rgba(128,136,150,0.09)", "line": {"width": 0}, "layer": "below",
        }
        for at in range(0, len(marks.lanes), 2)
    ]  # fmt: skip
    room = max(float(end.max() - x.min()) * 0.03, 60_000.0)
    layout = {
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
        "height": int(np.clip(190 + _ROW * top[-1], 300, 1400)),
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
    return {"data": [*data, *points], "layout": layout}

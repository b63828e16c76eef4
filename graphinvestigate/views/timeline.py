"""What happened when, as a plotly figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import text
from graphinvestigate.errors import UsageError
from graphinvestigate.views.still_figure import StillFigure
from graphinvestigate.views.style import kind_word, template
from graphinvestigate.views.timeline_density import density
from graphinvestigate.views.timeline_events import Marks, marks_of
from graphinvestigate.views.timeline_marks import PIXELS_PER_ROW, marks_figure
from graphinvestigate.views.timeline_notes import Note, notes_of
from graphinvestigate.wanted import in_order, takes

MOST_MARKS = 5_000
"""Above so many marks the timeline shows counts per time span."""
MOST_LANES = 24
"""Lanes that counts stand in: those beyond are counted together."""
_MOST_LINES = 20
_NOTE_ROOM = 1.4  # rows
_LINE = 18  # pixels


@takes
def plot_timeline(
    *frames: pd.DataFrame,
    lanes: str = "record_kind",
    tz: str = "UTC",
    theme: str = "light",
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    lines: Mapping[str, str | datetime] | None = None,
) -> go.Figure:
    """Draw when records happened: bars from first to last activity, points for instants.

    Severity (for risk detections, risky users and sign-ins their risk level) is colour and shape, and a word in
    the legend and the hover. More than 5,000 marks are drawn as counts per time span: a narrower window shows each.
    Long stretches in which nothing happened and spans of time in which much did are labelled; what has no time stands
    in a strip of its own.

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
    since, until : str or datetime, optional
        Show only what was active from the one to the other: ISO text with a zone, or an aware datetime.
    lines : mapping of str to str or datetime, optional
        Moments to compare with, such as ``{"password reset": "2026-03-02T10:00Z"}``: a dashed line each, at most 20.

    Returns
    -------
    plotly.graph_objects.Figure
        Its subtitle counts what is drawn, what is not, and what has no time.

    Raises
    ------
    UsageError
        If `lanes`, `tz` or a time is unknown, the window ends before it begins, or a frame is none of the above.
    """
    window = (moment_of(since), moment_of(until))
    in_order(*(None if ns is None else pd.Timestamp(ns, tz="UTC") for ns in window))
    return timeline_figure(marks_of(frames, lanes), tz=tz, theme=theme, window=window, lines=moments(lines))


def timeline_figure(
    marks: Marks,
    *,
    tz: str = "UTC",
    theme: str = "light",
    window: tuple[int | None, int | None] = (None, None),
    lines: Sequence[tuple[str, int]] = (),
    most_marks: int | None = None,
    named: bool = False,
    chosen: np.ndarray | None = None,
) -> go.Figure:
    """Draw marks that were read already.

    Parameters
    ----------
    marks : Marks
        What `marks_of` returned.
    tz, theme : str
        As in `plot_timeline`.
    window : (int or None, int or None)
        From when to when, in nanoseconds since 1970.
    lines : sequence of (str, int)
        What `moments` returned.
    most_marks : int, optional
        Above so many marks counts are drawn; 5,000 if not given.
    named : bool
        Give each point its place in `marks` as its id.
    chosen : bool array, optional
        Which marks are selected, by their place in `marks`.

    Returns
    -------
    plotly.graph_objects.Figure
        Its ``layout.meta["dense"]`` tells whether counts are drawn; if so, ``layout.meta["bins"]`` are where the first
        span of time begins, how long each is (nanoseconds), and how many there are.
    """
    zone = zone_of(tz)
    every, places = marks, None
    if window != (None, None):
        active = marks.within(*window)
        places = np.flatnonzero(active)
        marks = marks.take(active)
        chosen = chosen[places] if chosen is not None else None
    said = text.plotly(caption(every, marks if places is not None else None), None)
    if not len(marks):
        return _nothing("Timeline", said, theme)

    def milliseconds(ns: np.ndarray) -> np.ndarray:
        return in_zone(ns, zone)

    dense = len(marks) > (MOST_MARKS if most_marks is None else most_marks)
    if dense:
        figure, bins, place = density(marks, milliseconds, most_lanes=MOST_LANES, window=window, chosen=chosen)
        notes = notes_of(marks, bins, place)
        figure["layout"]["meta"]["bins"] = [bins.low, bins.step, bins.n]
    else:
        ids = (np.arange(len(marks)) if places is None else places) if named else None
        figure, notes = marks_figure(marks, milliseconds, ids=ids, chosen=chosen), notes_of(marks)
    layout = figure["layout"]
    layout.update(
        template=template(theme),
        title={"text": "Timeline", "subtitle": {"text": said}},
        hovermode="closest",
        autotypenumbers="strict",
    )
    layout["xaxis"]["title"] = {"text": f"time, {text.plotly(_zone_words(marks, zone))}"}
    _set_range(layout["xaxis"], marks, window, [time for _, time in lines], zone)
    notes = [note for note in notes if _inside(note, window)]
    strips = _make_room(figure, notes, dense=dense)
    bands = [_band(note, zone, strips) for note in notes]
    layout["shapes"] = [*layout.get("shapes", ()), *bands, *_rules(lines, zone)]
    layout["annotations"] = [*(_said(note, zone) for note in notes), *_named_rules(lines, zone)]
    layout["meta"] = {**layout.get("meta", {}), "dense": dense}
    return StillFigure(figure)


def moments(lines: Mapping[str, str | datetime] | None) -> list[tuple[str, int]]:
    """Read reference lines: their names, and when they are in nanoseconds since 1970.

    Parameters
    ----------
    lines : mapping of str to str or datetime, or None
        As in `plot_timeline`.

    Returns
    -------
    list of (str, int)

    Raises
    ------
    UsageError
        It is no mapping, one is no time with a zone, or there are more than 20.
    """
    if lines is None:
        return []
    if not isinstance(lines, Mapping):
        raise UsageError('lines are names and times, such as {"password reset": "2026-03-02T10:00Z"}')
    if len(lines) > _MOST_LINES:
        raise UsageError(f"a timeline shows at most {_MOST_LINES} reference lines; these are {len(lines)}")
    read = [(str(name), moment_of(time)) for name, time in lines.items()]
    missing = [name for name, time in read if time is None]
    if missing:
        raise UsageError(f"the reference line {text.log(missing[0])} has no time")
    return [(name, time) for name, time in read if time is not None]


def zone_of(tz: str) -> ZoneInfo:
    """Give a time zone by its name.

    Parameters
    ----------
    tz : str
        Such as ``UTC`` or ``Europe/Berlin``, in whatever case.

    Returns
    -------
    zoneinfo.ZoneInfo

    Raises
    ------
    UsageError
        No zone is called so.
    """
    try:
        return ZoneInfo(tz)
    except (KeyError, OSError, ValueError, TypeError) as error:
        meant = tz.strip().casefold() if isinstance(tz, str) else None
        for name in available_timezones():
            if name.casefold() == meant:
                return ZoneInfo(name)
        raise UsageError(
            f"no time zone is called {text.log(str(tz))}: give a name such as UTC, Europe/Berlin or America/New_York"
        ) from error


def in_zone(ns: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Give plotly's dates in a zone: milliseconds, as plotly knows no zones; floats, as it packs those."""
    if zone.key != "UTC":
        ns = pd.DatetimeIndex(ns.view("datetime64[ns]"), tz="UTC").tz_convert(zone).tz_localize(None).asi8
    return ns / 1e6


def _set_range(
    axis: dict[str, Any], marks: Marks, window: tuple[int | None, int | None], lines: list[int], zone: ZoneInfo
) -> None:
    """Let the axis end where the window does; without one, reach as far as the marks and the reference lines."""
    if window == (None, None) and ("range" not in axis or not lines):
        return  # counts: plotly's own range holds all of them, and the lines
    ends = in_zone(np.array([marks.start.min(), marks.end.max()]), zone).tolist()
    low, high = axis.get("range", ends)
    if window == (None, None):
        room = (high - low) / 50
        places = in_zone(np.array(lines, dtype=np.int64), zone).tolist()
        low, high = min(low, *(x - room for x in places)), max(high, *(x + room for x in places))
    since, until = (None if ns is None else float(in_zone(np.array([ns]), zone)[0]) for ns in window)
    axis["range"] = [low if since is None else since, high if until is None else until]


def moment_of(value: str | datetime | None) -> int | None:
    """Read a moment: ISO text with a zone, or an aware datetime.

    Parameters
    ----------
    value : str, datetime or None

    Returns
    -------
    int or None
        Nanoseconds since 1970.

    Raises
    ------
    UsageError
        It is no time, or has no zone.
    """
    if value is None:
        return None
    try:
        time = pd.Timestamp(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{text.log(str(value))} is no time: write 2026-03-02T10:00Z, or give a datetime") from error
    if time is pd.NaT or time.tzinfo is None:
        raise UsageError(f"{text.log(str(value))} has no time zone, so it may be hours off: write 2026-03-02T10:00Z")
    try:
        return int(time.tz_convert("UTC").as_unit("ns").value)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text.log(str(value))} is too far away: a time lies between 1678 and 2262") from error


def _zone_words(marks: Marks, zone: ZoneInfo) -> str:
    if zone.key == "UTC":
        return "UTC"
    ends = pd.DatetimeIndex(np.array([marks.start.min(), marks.end.max()]).view("datetime64[ns]"), tz="UTC")
    offsets = dict.fromkeys(f"UTC{time.strftime('%z')[:3]}:{time.strftime('%z')[3:]}" for time in ends.tz_convert(zone))
    return f"{zone.key} ({' to '.join(offsets)})"


def caption(marks: Marks, shown: Marks | None = None) -> str:
    """Count what a timeline draws, what it does not, and what has no time.

    Parameters
    ----------
    marks : Marks
    shown : Marks, optional
        Those in the window.

    Returns
    -------
    str
        Not escaped.
    """
    kinds = marks.counted()
    drawn = sum(kinds.values()) - sum(marks.untimed.values())
    counted = ", ".join(f"{n:,} {kind_word(kind, n)}" for kind, n in kinds.items() if n)
    said = counted or "no records"
    if shown is not None and len(shown) < len(marks):
        said += f"; {len(shown):,} of {len(marks):,} marks in this window"
    if marks.untimed:
        missing = ", ".join(f"{n:,} {kind_word(kind, n)}" for kind, n in marks.untimed.items())
        said += f"; time unknown: {missing}"
    if drawn and drawn < len(marks):
        said += "; records that name several entities stand in each one's lane"
    return said


def _nothing(title: str, said: str, theme: str) -> go.Figure:
    """Say that there is nothing to draw."""
    words = "no records" if said == "no records" else "no record has a time"
    message = {
        "text": f"Nothing to draw: {'no mark in this window' if 'in this window' in said else words}.",
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "font": {"size": 15},
    }
    layout = {
        "template": template(theme),
        "title": {"text": title, "subtitle": {"text": said}},
        "xaxis": {"visible": False, "type": "date"},
        "yaxis": {"visible": False},
        "height": 240,
        "annotations": [message],
        "autotypenumbers": "strict",
    }
    return StillFigure({"data": [], "layout": layout})


# ---- gaps, bursts and reference lines ------------------------------------------------------------------------------


def _make_room(figure: dict[str, Any], notes: Sequence[Note], *, dense: bool) -> dict[str, float]:
    """Give what is said of bursts and gaps strips of its own, above and below the marks; which part of all they are."""
    layout, kinds = figure["layout"], {note.kind for note in notes}
    lines = {kind: 1 + max(note.line for note in notes if note.kind == kind) for kind in kinds}
    if dense:
        if "burst" in kinds:
            tallest = np.sum([trace["y"] for trace in figure["data"] if trace["type"] == "bar"], axis=0).max()
            layout["yaxis"]["range"] = [0.0, float(tallest) * 1.25]
        return {"burst": 0.0, "gap": 0.0}
    bottom, top = layout["yaxis"]["range"]
    room = {kind: _NOTE_ROOM * lines.get(kind, 0) for kind in ("burst", "gap")}
    layout["yaxis"]["range"] = [bottom + room["gap"], top - room["burst"]]
    layout["height"] += int(PIXELS_PER_ROW * sum(room.values()))
    return {kind: rows / (bottom - top + sum(room.values())) for kind, rows in room.items()}


def _inside(note: Note, window: tuple[int | None, int | None]) -> bool:
    low, high = window
    return (low is None or note.end > low) and (high is None or note.start < high)


def _band(note: Note, zone: ZoneInfo, strips: Mapping[str, float]) -> dict[str, Any]:
    """Draw it as far as the strip of its words: a narrow band would cross them out."""
    start, end = in_zone(np.array([note.start, note.end]), zone).tolist()
    color = "rgba(128,136,150,0.16)" if note.kind == "gap" else "rgba(196,106,0,0.22)"
    return {
        "type": "rect", "xref": "x", "x0": start, "x1": end, "yref": "paper",
        "y0": strips["gap"] if note.kind == "gap" else 0, "y1": 1 - (strips["burst"] if note.kind == "burst" else 0),
        "fillcolor": color, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


def _said(note: Note, zone: ZoneInfo) -> dict[str, Any]:
    start, end = in_zone(np.array([note.start, note.end]), zone).tolist()
    top = note.kind == "burst"
    return {
        "text": text.plotly(note.words), "showarrow": False, "x": (start + end) / 2, "xref": "x", "yref": "paper",
        "y": 1 if top else 0, "yanchor": "top" if top else "bottom", "font": {"size": 11},
        "yshift": _LINE * (-note.line if top else note.line),
        "bgcolor": "rgba(128,136,150,0.18)", "borderpad": 2,
    }  # fmt: skip


def _rules(lines: Sequence[tuple[str, int]], zone: ZoneInfo) -> list[dict[str, Any]]:
    places = in_zone(np.array([time for _, time in lines], dtype=np.int64), zone).tolist()
    return [
        {"type": "line", "xref": "x", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1,
         "line": {"dash": "dash", "width": 1.5, "color": "#8e5cc9"}}
        for x in places
    ]  # fmt: skip


def _named_rules(lines: Sequence[tuple[str, int]], zone: ZoneInfo) -> list[dict[str, Any]]:
    places = in_zone(np.array([time for _, time in lines], dtype=np.int64), zone).tolist()
    return [
        {"text": text.plotly(name, 40), "showarrow": False, "textangle": -90, "x": x, "xref": "x", "xanchor": "right",
         "y": 0.98, "yref": "paper", "yanchor": "top", "font": {"size": 11, "color": "#8e5cc9"}}
        for (name, _), x in zip(lines, places, strict=True)
    ]  # fmt: skip

"""A plotly figure as a picture (SVG) that needs no script: its points, lines, lanes and labels."""

from __future__ import annotations

import base64
import binascii
import html
import math
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from graphinvestigate import text

_WIDTH, _HEIGHT = 900, 480
_TOP, _BOTTOM, _RIGHT = 56, 44, 20
_MOST_MARKS = 4_000
_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}|rgba?\([0-9., %]+\)|[a-z]{3,20}")
_CORNERS = {
    "square": 4,
    "diamond": 4,
    "triangle": 3,
    "pentagon": 5,
    "hexagon": 6,
    "hexagon2": 6,
    "octagon": 8,
    "star": 5,
}
_DTYPES = frozenset({"f8", "f4", "i1", "i2", "i4", "u1", "u2", "u4"})
_ADDRESS = "data:image/svg+xml,"
_KEPT = " !()*,/:;=?@[]$+"  # nothing here ends an attribute or an address, and fewer escapes make a smaller notebook


def picture(figure: dict[str, Any]) -> str | None:
    """Draw a figure as SVG.

    Parameters
    ----------
    figure : dict
        Plotly's JSON.

    Returns
    -------
    str or None
        None where it has no scatter trace with a point in it. Of very many marks the first four thousand are drawn, and
        the picture says so.
    """
    layout = figure.get("layout") or {}
    drawable = [one for one in figure.get("data") or () if str(one.get("type", "scatter")).startswith("scatter")]
    traces = [_points(trace) for trace in drawable]
    traces = [one for one in traces if len(one[1])]
    if not traces:
        return None
    height = layout.get("height")
    height = int(height) if isinstance(height, int | float) and 120 <= height <= 2_000 else _HEIGHT
    ticks = _ticks(layout.get("yaxis") or {})
    left = 20 + min(max((len(name) for _, name in ticks), default=0), 34) * 7
    x = _Scale(layout.get("xaxis") or {}, [one[1] for one in traces], left, _WIDTH - _RIGHT)
    y = _Scale(layout.get("yaxis") or {}, [one[2] for one in traces], height - _BOTTOM, _TOP)
    title = _plain(_title(layout.get("title")))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>{text.html(title or "figure", 200)}</title>',
        f'<rect x="0" y="0" width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="26" font-size="16" fill="#1f2328">{text.html(title, 110)}</text>',
    ]
    heading = layout.get("title")
    subtitle = _plain(_title(heading.get("subtitle"))) if isinstance(heading, dict) else ""
    parts.append(f'<text x="20" y="44" fill="#57606a">{text.html(subtitle, 140)}</text>')
    for at, name in ticks:
        parts.append(
            f'<text x="{left - 8}" y="{y(at):.1f}" text-anchor="end" fill="#57606a">{text.html(name, 34)}</text>'
        )
    if (layout.get("xaxis") or {}).get("type") == "date":
        parts += _dates(x, height)
    drawn = 0
    for trace, xs, ys in traces:
        marks, count = _trace(trace, x.all(xs), y.all(ys), _MOST_MARKS - drawn)
        parts += marks
        drawn += count
    parts += _legend(traces, height)
    total = sum(int(np.isfinite(xs).sum()) for trace, xs, _ in traces if "markers" in _mode(trace))
    if total > drawn:
        parts.append(f'<text x="20" y="{_TOP}" fill="#57606a">{drawn:,} of {total:,} marks are drawn.</text>')
    return "".join([*parts, "</svg>"])


def svg_address(svg: str) -> str:
    """Write SVG as an address, for an ``<img>``.

    A picture that is shown so runs no script, and viewers that take ``<svg>`` out of the HTML of a notebook that
    they don't trust (JupyterLab is one) leave it. It can be put between quotes as it is.

    Parameters
    ----------
    svg : str
        One ``<svg>``.

    Returns
    -------
    str
        ``data:image/svg+xml,…``, readable: its words are not in base64, so that a scan for names finds them.
    """
    return _ADDRESS + quote(svg, safe=_KEPT)


def svg_of(address: str) -> str | None:
    """Read the SVG of an address that :func:`svg_address` wrote.

    Parameters
    ----------
    address : str
        The ``src`` of an ``<img>``.

    Returns
    -------
    str or None
        None where it is another kind of address.
    """
    return unquote(address.removeprefix(_ADDRESS)) if address.startswith(_ADDRESS) else None


class _Scale:
    def __init__(self, axis: dict[str, Any], values: list[np.ndarray], low: float, high: float) -> None:
        found = axis.get("range")
        ends = [_number(one) for one in found] if isinstance(found, list) and len(found) == 2 else [math.nan]
        if not all(map(math.isfinite, ends)) or ends[0] == ends[-1]:
            known = np.concatenate(values)
            known = known[np.isfinite(known)]
            ends = [float(known.min()), float(known.max())] if len(known) else [0.0, 1.0]
            pad = (ends[1] - ends[0]) * 0.05 or 0.5
            ends = [ends[0] - pad, ends[1] + pad]
        self.ends, self.low, self.high = ends, low, high

    def __call__(self, value: float) -> float:
        return self.low + (value - self.ends[0]) / (self.ends[1] - self.ends[0]) * (self.high - self.low)

    def all(self, values: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.low + (values - self.ends[0]) / (self.ends[1] - self.ends[0]) * (self.high - self.low)
        return found


def _trace(trace: dict[str, Any], xs: np.ndarray, ys: np.ndarray, room: int) -> tuple[list[str], int]:
    mode = _mode(trace)
    parts: list[str] = []
    count = 0
    there = np.isfinite(xs) & np.isfinite(ys)
    if "lines" in mode:
        line = trace.get("line") or {}
        color, width = _color(line.get("color")), min(_number(line.get("width"), 2.0), 12.0)
        opacity = min(max(_number(trace.get("opacity"), 1.0), 0.0), 1.0)
        steps = "".join(
            f"{'L' if at and there[at - 1] else 'M'}{xs[at]:.1f} {ys[at]:.1f}" for at in np.flatnonzero(there).tolist()
        )
        stroke = f'stroke="{color}" stroke-width="{width:.1f}" stroke-opacity="{opacity:.2f}"'
        parts.append(f'<path d="{steps}" fill="none" {stroke}/>')
    if "markers" in mode:
        for at in np.flatnonzero(there).tolist()[: max(room, 0)]:
            parts.append(_mark(trace.get("marker") or {}, at, float(xs[at]), float(ys[at])))
            count += 1
    if "text" in mode:
        words = trace.get("text")
        for at in np.flatnonzero(there).tolist()[:_MOST_MARKS]:
            word = words[at] if isinstance(words, list) and at < len(words) else words
            if isinstance(word, str) and word:
                place = f'x="{xs[at]:.1f}" y="{ys[at] + 20:.1f}" text-anchor="middle" font-size="11"'
                parts.append(f'<text {place} fill="#1f2328">{text.html(_plain(word), 60)}</text>')
    return parts, count


def _mode(trace: dict[str, Any]) -> str:
    return str(trace.get("mode") or "lines+markers")


def _mark(marker: dict[str, Any], at: int, x: float, y: float) -> str:
    size = min(max(_number(_each(marker.get("size"), at), 8.0), 1.0), 60.0) / 2
    color = _color(_each(marker.get("color"), at))
    if color.replace(" ", "").endswith(",0)"):
        return ""
    symbol = str(_each(marker.get("symbol"), at) or "circle")
    base = re.match(r"[a-z0-9]+", symbol)
    hollow = symbol.endswith("-open")
    paint = f'fill="none" stroke="{color}" stroke-width="2"' if hollow else f'fill="{color}" stroke="#ffffff"'
    corners = _CORNERS.get(base[0] if base else "", 0)
    if not corners:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" {paint}/>'
    turn = math.pi / 4 if base and base[0] == "square" else 0.0
    reach = size * (1.3 if corners <= 4 else 1.1)
    points = " ".join(
        f"{x + reach * math.sin(turn + 2 * math.pi * n / corners):.1f},"
        f"{y - reach * math.cos(turn + 2 * math.pi * n / corners):.1f}"
        for n in range(corners)
    )
    return f'<polygon points="{points}" {paint}/>'


def _legend(traces: list[tuple[dict[str, Any], np.ndarray, np.ndarray]], height: int) -> list[str]:
    parts: list[str] = []
    x = 26.0
    for trace, _, _ in traces:
        name = _plain(str(trace.get("name") or ""))
        if "markers" in str(trace.get("mode")) and trace.get("showlegend") is not False and name and x < _WIDTH - 160:
            marker = {**(trace.get("marker") or {}), "size": 9}
            parts.append(_mark(marker, 0, x, height - 10.0))
            parts.append(f'<text x="{x + 10:.0f}" y="{height - 6}" fill="#57606a">{text.html(name, 24)}</text>')
            x += 26 + 7 * min(len(name), 24)
    return parts


def _dates(x: _Scale, height: int) -> list[str]:
    parts = []
    begin, end = sorted(x.ends)
    for step in range(5):
        moment = begin + (end - begin) * (step + 0.5) / 5
        try:
            shown = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        except (OverflowError, OSError, ValueError):
            continue
        parts.append(f'<text x="{x(moment):.1f}" y="{height - 20}" text-anchor="middle" fill="#57606a">{shown}</text>')
    return [*parts, f'<text x="{_WIDTH - _RIGHT}" y="{height - 6}" text-anchor="end" fill="#57606a">time, UTC</text>']


def _points(trace: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    xs, ys = numbers(trace.get("x")), numbers(trace.get("y"))
    size = min(len(xs), len(ys))
    xs, ys = xs[:size], ys[:size]
    return (trace, xs, ys) if np.isfinite(xs).any() and np.isfinite(ys).any() else (trace, xs[:0], ys[:0])


def numbers(values: Any) -> np.ndarray:
    """Read plotly's numbers: a list, or packed ones (``dtype``, ``bdata``); times become milliseconds."""
    if isinstance(values, dict):
        if str(values.get("dtype")) not in _DTYPES:
            return np.empty(0)
        try:
            return np.frombuffer(
                base64.b64decode(str(values.get("bdata")), validate=True), f"<{values['dtype']}"
            ).astype(float)
        except (ValueError, binascii.Error):
            return np.empty(0)
    return np.array([_number(value) for value in values]) if isinstance(values, list) else np.empty(0)


def _number(value: Any, otherwise: float = math.nan) -> float:
    if isinstance(value, bool) or value is None:
        return otherwise
    if isinstance(value, int | float):
        return float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return otherwise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000


def _each(value: Any, at: int) -> Any:
    if isinstance(value, dict) and "bdata" in value:
        packed = numbers(value)
        return float(packed[at]) if at < len(packed) else None
    if isinstance(value, list):
        return value[at] if at < len(value) else None
    return value


def _color(value: Any) -> str:
    return value if isinstance(value, str) and _COLOR.fullmatch(value) else "#57606a"


def _ticks(axis: dict[str, Any]) -> list[tuple[float, str]]:
    places, names = numbers(axis.get("tickvals")), axis.get("ticktext")
    if not isinstance(names, list):
        return []
    return [(float(at), _plain(str(name))) for at, name in zip(places, names, strict=False) if math.isfinite(at)]


def _title(value: Any) -> str:
    found = value.get("text") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _plain(value: str) -> str:
    """Undo the escaping for plotly, and drop its tags: it is escaped again where it is drawn."""
    return html.unescape(re.sub(r"<[^>]*>", " ", value)).strip()

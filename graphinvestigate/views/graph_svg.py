"""A drawing of an entity graph as SVG without scripts: for readers who have no kernel, and to be kept as a file."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from graphinvestigate import text
from graphinvestigate.views.graph_model import (
    EDGE_LABELS,
    EDGES,
    HALOS,
    HIGHLIGHTED_EDGES,
    LABELS,
    NODES,
    RINGS,
    TRACE_KINDS,
    VERDICT_MARKS,
    GraphTraces,
)  # fmt: skip
from graphinvestigate.views.node_facts import VERDICTS
from graphinvestigate.views.style import EDGE_HIGHLIGHT, FONT, KINDS, OTHER, SEVERITIES, colors_of

_FOOT, _ROW = 8, 18
_KEY_WIDTH = 150
_KEY = 6  # half of a sign in the key
_POLYGONS = {  # corners, the angle of the first one in degrees
    "square": (4, 45), "diamond": (4, 90), "triangle-up": (3, 90), "triangle-down": (3, 270), "triangle-left": (3, 180),
    "triangle-right": (3, 0), "pentagon": (5, 90), "hexagon": (6, 90), "hexagon2": (6, 0), "octagon": (8, 22.5),
    "square-cross": (4, 45), "square-x": (4, 45),
}  # fmt: skip
_STARS = {"star": (5, 0.4), "hexagram": (6, 0.58), "star-triangle-up": (3, 0.35)}  # points, depth
_SHAPES = {  # corners in units of the radius, y upwards
    "diamond-tall": ((0, 1.4), (0.7, 0), (0, -1.4), (-0.7, 0)),
    "diamond-wide": ((0, 0.7), (1.4, 0), (0, -0.7), (-1.4, 0)),
    "hourglass": ((1, 1), (-1, 1), (1, -1), (-1, -1)),
    "bowtie": ((1, 1), (1, -1), (-1, 1), (-1, -1)),
    "x": ((1, 0.4), (0.4, 0), (1, -0.4), (0.4, -1), (0, -0.4), (-0.4, -1), (-1, -0.4), (-0.4, 0), (-1, 0.4),
          (-0.4, 1), (0, 0.4), (0.4, 1)),
}  # fmt: skip


def graph_svg(model: GraphTraces, *, size: tuple[int, int] = (900, 560), theme: str = "light") -> str:
    """Draw what a figure of an entity graph shows.

    Parameters
    ----------
    model : GraphTraces
        From :func:`graphinvestigate.views.graph_model.graph_traces`, made for this size.
    size : (width, height)
        Of the drawing in pixels; the key to its signs stands below.
    theme : {"light", "dark"}
        Which background it stands on.

    Returns
    -------
    str
        One ``<svg>`` with a title, every text escaped, no script, no style sheet and no address.
    """
    width, height = size
    colors = colors_of(theme)
    (x0, x1), (y0, y1) = model.x_range, model.y_range

    def at(trace: int) -> np.ndarray:
        arrays = model.traces[trace].arrays
        x, y = np.asarray(arrays["x"], dtype=float), np.asarray(arrays["y"], dtype=float)
        return np.stack([(x - x0) / (x1 - x0) * width, (y1 - y) / (y1 - y0) * height], axis=1)

    parts = [
        f'<rect width="100%" height="100%" fill="{colors.background}"/>',
        _lines(at(EDGES), "#808896", 1.2, 0.45 * float(model.traces[EDGES].arrays.get("opacity", 1))),
        _lines(at(HIGHLIGHTED_EDGES), EDGE_HIGHLIGHT, 2.4, model.traces[HIGHLIGHTED_EDGES].arrays.get("opacity", 1)),
    ]
    rings = model.traces[RINGS].arrays["marker"]
    symbols = rings["symbol"] if not isinstance(rings["symbol"], str) else []
    parts += [
        _sign(symbol, xy, radius / 2, color)
        for xy, radius, symbol, color in zip(at(RINGS), rings["size"], symbols, rings["color"], strict=False)
    ]
    for number, kind in enumerate(TRACE_KINDS):
        look = KINDS.get(kind, OTHER)
        if kind not in model.off:
            sizes = np.asarray(model.traces[NODES + number].arrays["marker"]["size"], dtype=float)
            parts += [
                _sign(look.symbol, xy, radius / 2, look.color, colors.background)
                for xy, radius in zip(at(NODES + number), sizes, strict=True)
            ]
    parts += [
        _said(mark, xy, 0, 4, "middle", 11, "#ffffff", bold=True) for mark, xy in _texts(model, VERDICT_MARKS, at)
    ]
    halos = model.traces[HALOS].arrays["marker"]["size"]
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius / 2:.1f}" fill="none" stroke="{EDGE_HIGHLIGHT}" '
        'stroke-width="2.5"/>'
        for (x, y), radius in zip(at(HALOS), halos, strict=True)
    ]
    for trace, letters in ((EDGE_LABELS, 10.5), (LABELS, 11.5)):
        parts += _labels(model, trace, at(trace), letters, colors.text, colors.background)
    if model.time_axis:
        parts += [
            _said(_moment(time), (x, height - 4), 0, 0, anchor, 11, colors.muted)
            for time, x, anchor in ((x0, 4, "start"), (x1, width - 4, "end"))
        ]
    key, rows = _key(model, width, height, colors.text)
    whole = height + rows * _ROW + _FOOT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {whole}" width="{width}" height="{whole}" '
        f'role="img" font-family="{text.html(FONT)}"><title>{_plain(model.title)}. {_plain(model.caption)}</title>'
        f"{''.join([*parts, *key])}</svg>"
    )


def _plain(words: str) -> str:
    """Escape for SVG what was escaped for plotly."""
    return text.html(html.unescape(words))


def _lines(xy: np.ndarray, color: str, width: float, opacity: float) -> str:
    """Draw lines that are broken by NaN as one path."""
    ends = xy.reshape(-1, 3, 2)[:, :2].reshape(-1, 4)
    path = "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for a, b, c, d in ends.tolist())
    return f'<path d="{path}" stroke="{color}" stroke-width="{width}" opacity="{opacity:.2f}" fill="none"/>'


def _sign(symbol: str, xy: Iterable[float], radius: float, fill: str, line: str = "none") -> str:
    x, y = xy
    if symbol.startswith("circle"):
        drawn = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" stroke="{line}"/>'
    else:
        points = " ".join(f"{x + radius * dx:.1f},{y - radius * dy:.1f}" for dx, dy in _corners(symbol))
        drawn = f'<polygon points="{points}" fill="{fill}" stroke="{line}"/>'
    if not symbol.endswith(("-cross", "-x")):
        return drawn
    turn = 0 if symbol.endswith("-cross") else 45
    ends = [(math.cos(math.radians(turn + 90 * i)), math.sin(math.radians(turn + 90 * i))) for i in range(4)]
    path = "".join(f"M{x:.1f} {y:.1f}L{x + radius * dx:.1f} {y + radius * dy:.1f}" for dx, dy in ends)
    return f'{drawn}<path d="{path}" stroke="#ffffff" stroke-width="1.2" fill="none"/>'


def _corners(symbol: str) -> list[tuple[float, float]]:
    """Give a symbol's corners in units of its radius, y upwards."""
    if symbol in _SHAPES:
        return list(_SHAPES[symbol])
    if symbol in _STARS:
        n, depth = _STARS[symbol]
        turns = [(90 + 180 / n * i, 1.3 if i % 2 == 0 else 1.3 * depth) for i in range(2 * n)]
    else:
        n, first = _POLYGONS.get(symbol, (4, 45))
        turns = [(first + 360 / n * i, 1.25) for i in range(n)]
    return [(r * math.cos(math.radians(turn)), r * math.sin(math.radians(turn))) for turn, r in turns]


def _texts(model: GraphTraces, trace: int, at: Any) -> list[tuple[str, tuple[float, float]]]:
    return [(words, (x, y)) for words, (x, y) in zip(model.traces[trace].arrays["text"], at(trace), strict=True)]


def _labels(model: GraphTraces, trace: int, xy: np.ndarray, size: float, ink: str, paper: str) -> list[str]:
    arrays = model.traces[trace].arrays
    sides = arrays["textposition"]
    sides = [sides] * len(xy) if isinstance(sides, str) else sides
    gaps = np.asarray(arrays.get("marker", {}).get("size", np.zeros(len(xy))), dtype=float) / 2
    said = []
    for words, side, gap, place in zip(arrays["text"], sides, gaps.tolist(), xy, strict=True):
        up, across = side.split(" ")
        anchor = {"left": "end", "right": "start"}.get(across, "middle")
        dx = {"left": -gap - 2, "right": gap + 2}.get(across, 0.0)
        dy = {"top": -gap - 4, "bottom": gap + size}.get(up, size / 3)
        said.append(_said(words, place, dx, dy, anchor, size, ink, paper=paper))
    return said


def _said(
    words: str, xy: Iterable[float], dx: float, dy: float, anchor: str, size: float, ink: str, *,
    bold: bool = False, paper: str = "",
) -> str:  # fmt: skip
    x, y = xy
    halo = f' stroke="{paper}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"' if paper else ""
    weight = ' font-weight="800"' if bold else ""
    return (
        f'<text x="{x + dx:.1f}" y="{y + dy:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{ink}"'
        f"{weight}{halo}>{_plain(words)}</text>"
    )


def _key(model: GraphTraces, width: int, top: int, ink: str) -> tuple[list[str], int]:
    """Explain the signs that are drawn, in rows below the drawing; and say how many rows."""
    signs: list[tuple[str, str, str, str]] = []
    for number, kind in enumerate(TRACE_KINDS):
        look = KINDS.get(kind, OTHER)
        if kind not in model.off and model.traces[NODES + number].items:
            signs.append((look.symbol, look.color, "none", look.words))
    colors = set(model.traces[RINGS].arrays["marker"]["color"])
    signs += [
        ("circle", "none", SEVERITIES[name].color, f"ring: {SEVERITIES[name].word}")
        for name in ("high", "medium", "low")
        if SEVERITIES[name].color in colors
    ]
    marks = set(model.traces[VERDICT_MARKS].arrays["text"])
    signs += [("", "", "", f"{mark} {words}") for mark, words in VERDICTS.values() if mark in marks]
    per_row = max(width // _KEY_WIDTH, 1)
    parts = []
    for at, (symbol, fill, line, words) in enumerate(signs):
        x, y = at % per_row * _KEY_WIDTH + 14, top + at // per_row * _ROW + _ROW / 2
        parts.append(_sign(symbol, (x, y), _KEY, fill, line) if symbol else "")
        parts.append(_said(words, (x, y), 12, 4, "start", 11, ink))
    return parts, math.ceil(len(signs) / per_row)


def _moment(milliseconds: float) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC"

"""Which nodes get a label, and on which side, so that labels cover neither each other nor nodes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

from graphinvestigate import text

_LETTER = 6.6  # pixels, for a 12 px sans-serif
_LINE = 15.0
_BEARABLE = 3.0  # of nodes that the label of an important one may cover
# plotly's textposition and the label's middle from the node's, in halves of the label's width and height
_SIDES = (
    ("bottom center", 0, -1),
    ("top center", 0, 1),
    ("middle right", 1, 0),
    ("middle left", -1, 0),
    ("bottom right", 1, -1),
    ("bottom left", -1, -1),
    ("top right", 1, 1),
    ("top left", -1, 1),
)


def columns(s: str) -> int:
    """Count the terminal columns (or average letters) that a text takes; East Asian letters take two.

    Parameters
    ----------
    s : str
        Text without control characters.

    Returns
    -------
    int
    """
    if s.isascii():
        return len(s)
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s
    )


def shorten(s: str, width: int, *, middle: bool = False) -> str:
    """Cut a text to a width in columns, with ``…`` where something is missing.

    Parameters
    ----------
    s : str
        Any text; invisible characters are shown as escapes first.
    width : int
        The most columns it may take.
    middle : bool
        Cut in the middle rather than at the end: both ends of hashes, paths and addresses tell something.

    Returns
    -------
    str
    """
    shown = text.visible(s[: 4 * width + 64] if len(s) > 4 * width + 64 else s, None)
    if columns(shown) <= width and len(s) <= 4 * width + 64:
        return shown
    if middle and len(s) <= 4 * width + 64:
        head = _take(shown, (width - 1) * 2 // 3)
        return head + "…" + _take(shown[::-1], width - 1 - columns(head))[::-1]
    return _take(shown, width - 1) + "…"


def _take(s: str, width: int) -> str:
    taken = 0
    for at, character in enumerate(s):
        taken += columns(character)
        if taken > width:
            return s[:at]
    return s


def place_labels(
    x: np.ndarray,
    y: np.ndarray,
    radius: np.ndarray,
    labels: Sequence[str],
    order: Sequence[int],
    *,
    size: tuple[float, float],
    always: int = 0,
    important: int = 0,
    taken: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> tuple[list[bool], list[str], np.ndarray]:
    """Place labels greedily, the most important first.

    Parameters
    ----------
    x, y, radius : arrays of shape (n,)
        The nodes in pixels, y upwards.
    labels : sequence of str
        One for each node.
    order : sequence of int
        Which nodes want a label, the most important first.
    size : (width, height)
        Of the drawing in pixels: labels stay within where they can.
    always : int
        The first so many of `order` get their label even if it covers something.
    important : int
        The first so many get theirs even if it covers nodes whose weights sum up to three, but never another label.
    taken : array of shape (m, 4), optional
        Where labels stand already: left, bottom, right, top in pixels.
    weights : array of shape (n,), optional
        How bad it is to cover each node; one each if not given.

    Returns
    -------
    shown, side : list of bool, list of str
        For each node whether its label is drawn, and plotly's ``textposition``.
    boxes : array of shape (k, 4)
        What is taken now.
    """
    n = len(labels)
    shown, side = [False] * n, [_SIDES[0][0]] * n
    nodes = np.stack([x - radius, y - radius, x + radius, y + radius], axis=1)
    boxes = np.empty((0, 4)) if taken is None else taken
    weights = np.ones(n) if weights is None else weights
    for rank, at in enumerate(order):
        width, height = columns(labels[at]) * _LETTER, _LINE
        options = []
        for _, right, up in _SIDES:
            gap = radius[at] + (0 if right and up else 2)
            mx = x[at] + right * (gap + width / 2)
            my = y[at] + up * (gap + height / 2)
            options.append((mx - width / 2, my - height / 2, mx + width / 2, my + height / 2))
        box = np.array(options)
        others = weights.copy()
        others[at] = 0
        cost = _hits(box, boxes).sum(axis=1) * 1000 + _hits(box, nodes) @ others
        cost = cost + 500 * ((box[:, 0] < 0) | (box[:, 1] < 0) | (box[:, 2] > size[0]) | (box[:, 3] > size[1]))
        best = int(cost.argmin())
        if cost[best] <= 0 or rank < always or (rank < important and cost[best] <= _BEARABLE):
            shown[at], side[at] = True, _SIDES[best][0]
            boxes = np.vstack([boxes, box[best]])
    return shown, side, boxes


def _hits(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell for each box which others it covers a part of."""
    a, b = boxes[:, None, :], others[None, :, :]
    return (a[..., 0] < b[..., 2]) & (b[..., 0] < a[..., 2]) & (a[..., 1] < b[..., 3]) & (b[..., 1] < a[..., 3])

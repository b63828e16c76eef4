"""Where the nodes of an entity graph stand.

A seeded Fruchterman-Reingold layout in numpy. Each connected part is unfolded from the hop distances to a few
of its nodes, then relaxed; repulsion is exact up to 250 nodes and summed over randomly chosen nodes beyond
(random vertex sampling). One unit is the ideal length of an edge, so positions of one call fit as ``fixed``
of the next. The result depends on the graph and the seed, never on the order in which nodes were added.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import networkx as nx
import numpy as np

Positions = dict[Any, tuple[float, float]]
_EXACT = 250  # up to here every pair repels; beyond, each node is repelled by a sample
_SAMPLE = 64
_SMALL = 20  # settles in half the steps
_STAR = 17  # one node and its leaves, up to here on one circle
_PIVOTS = 12
_GAP = 1.0  # between connected parts
_NEAR = 0.55  # closer than this, nodes are pushed apart at the end
_ASPECT = 1.6  # parts are packed into a page wider than high


def layout(g: nx.Graph, *, seed: int = 0, fixed: Mapping[Any, tuple[float, float]] | None = None) -> Positions:
    """Place the nodes of a graph.

    Parameters
    ----------
    g : networkx graph
        Any kind; directions and parallel edges don't matter. It is not changed.
    seed : int
        The same graph and seed give the same positions.
    fixed : mapping of node to (x, y), optional
        These nodes stay exactly there; new nodes are placed near their neighbours. Nodes that are not in `g`
        are ignored.

    Returns
    -------
    dict of node to (x, y)
        In units of one edge's ideal length.
    """
    nodes = sorted(g.nodes, key=node_order)
    if not nodes:
        return {}
    index = {node: at for at, node in enumerate(nodes)}
    edges = _edge_array(g, index)
    place = np.zeros((len(nodes), 2))
    pinned = np.zeros(len(nodes), dtype=bool)
    for node, where in (fixed or {}).items():
        if node in index and np.isfinite(where).all():
            place[index[node]], pinned[index[node]] = where, True
    kept = place.copy()
    rng = np.random.default_rng(seed)
    loose = []
    for members in _components(len(nodes), edges):
        inside = _inside(members, edges, len(nodes))
        if pinned[members].any():
            place[members] = _grow(place[members], pinned[members], inside, rng)
        else:
            loose.append((members, _arrange(len(members), inside, rng)))
    _pack(place, loose)
    place[pinned] = kept[pinned]
    return {node: (float(x), float(y)) for node, (x, y) in zip(nodes, place, strict=True)}


def node_order(node: Hashable) -> tuple[str, ...]:
    """Give the sort key that makes results independent of the order in which nodes were added.

    Parameters
    ----------
    node : hashable
        A node of any graph.

    Returns
    -------
    tuple of str
    """
    return (type(node).__name__, *(map(str, node) if isinstance(node, tuple) else (str(node),)))


def _edge_array(g: nx.Graph, index: dict[Any, int]) -> np.ndarray:
    """Give each pair of linked nodes once, sorted."""
    pairs = np.array([(index[a], index[b]) for a, b in g.edges()], dtype=np.int64).reshape(-1, 2)
    pairs.sort(axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(pairs, axis=0)


def _components(n: int, edges: np.ndarray) -> list[np.ndarray]:
    """Give the connected parts, largest first."""
    part = np.arange(n)
    while True:  # every node takes the smallest number around it, then that node's own number
        low = np.minimum(part[edges[:, 0]], part[edges[:, 1]])
        new = part.copy()
        np.minimum.at(new, edges[:, 0], low)
        np.minimum.at(new, edges[:, 1], low)
        new = new[new]
        if np.array_equal(new, part):
            break
        part = new
    by_part = np.argsort(part, kind="stable")
    cuts = np.flatnonzero(np.diff(part[by_part])) + 1
    return sorted(np.split(by_part, cuts), key=lambda members: (-len(members), int(members[0])))


def _inside(members: np.ndarray, edges: np.ndarray, n: int) -> np.ndarray:
    """Give a part's edges, counted from its own first node."""
    local = np.full(n, -1)
    local[members] = np.arange(len(members))
    inside = local[edges]
    return inside[inside[:, 0] >= 0]


def _arrange(n: int, edges: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lay out one connected part, its longest direction level."""
    if n == 1:
        return np.zeros((1, 2))
    degree = np.bincount(edges.ravel(), minlength=n)
    if len(edges) == n - 1 == degree.max() and n <= _STAR:
        turn = (np.cumsum(degree == 1) - 1) * 2 * np.pi / (n - 1)
        place = np.stack([np.cos(turn), np.sin(turn)], axis=1) * max(1.0, (n - 1) * _NEAR / 2 / np.pi)
        place[degree.argmax() if n > 2 else 0] = 0
        return place
    place = _unfold(n, edges, rng)
    place = _relax(place, edges, np.zeros(n, dtype=bool), rng, heat=0.12 * np.sqrt(n) + 0.3)
    place = _spread(place, np.zeros(n, dtype=bool), degree)
    place -= place.mean(axis=0)
    _, _, axes = np.linalg.svd(place, full_matrices=False)
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    return place @ axes.T if len(axes) == 2 else place


def _unfold(n: int, edges: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Start from the two main directions of the hop distances to a few far-apart nodes."""
    hops = np.empty((n, min(_PIVOTS, n)))
    nearest = np.full(n, np.inf)
    start = int(np.bincount(edges.ravel(), minlength=n).argmax())
    for column in range(hops.shape[1]):
        hops[:, column] = _hops_from(start, n, edges)
        nearest = np.minimum(nearest, hops[:, column])
        start = int(nearest.argmax())
    hops = hops - hops.mean(axis=0)
    left, size, _ = np.linalg.svd(hops, full_matrices=False)
    left = left * np.sign(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])])
    place = np.zeros((n, 2))
    width = min(2, left.shape[1])
    place[:, :width] = left[:, :width] * size[:width]
    spread = np.sqrt(n) / max(float(np.linalg.norm(place) / np.sqrt(n)), 1e-9) * 0.5
    return place * spread + rng.normal(scale=0.3, size=(n, 2))


def _hops_from(start: int, n: int, edges: np.ndarray) -> np.ndarray:
    hops = np.full(n, -1)
    hops[start] = 0
    far = 0
    while True:
        at = hops[edges]
        reached = np.concatenate(
            [edges[(at[:, 0] == far) & (at[:, 1] < 0), 1], edges[(at[:, 1] == far) & (at[:, 0] < 0), 0]]
        )
        if not len(reached):
            return hops
        far += 1
        hops[reached] = far


def _relax(
    place: np.ndarray, edges: np.ndarray, pinned: np.ndarray, rng: np.random.Generator, *, heat: float
) -> np.ndarray:
    """Let edges pull and nodes push, in steps that get smaller."""
    n = len(place)
    steps = 40 if n <= _SMALL else 80 if n <= _EXACT else 60
    movable = ~pinned[:, None]
    head, tail = edges[:, 0], edges[:, 1]
    degree = np.bincount(edges.ravel(), minlength=n)
    weight = 1 + np.log1p(degree)  # what has many links needs room around it
    weight /= weight.mean()
    for step in range(steps):
        others = np.arange(n) if n <= _EXACT else rng.choice(n, _SAMPLE, replace=False)
        dx = place[:, 0][:, None] - place[others, 0]
        dy = place[:, 1][:, None] - place[others, 1]
        push = (n / len(others)) * weight[:, None] * weight[others] / np.maximum(dx * dx + dy * dy, 0.01)
        force = np.stack([(dx * push).sum(axis=1), (dy * push).sum(axis=1)], axis=1)
        along = place[tail] - place[head]
        pull = along * np.sqrt((along * along).sum(axis=1))[:, None]
        for axis in (0, 1):
            force[:, axis] += np.bincount(head, pull[:, axis], n) - np.bincount(tail, pull[:, axis], n)
        length = np.sqrt((force * force).sum(axis=1))[:, None]
        limit = heat * (1 - step / steps) + 0.005
        place = place + movable * force / np.maximum(length, 1e-9) * np.minimum(length, limit)
    return place


def _spread(place: np.ndarray, pinned: np.ndarray, degree: np.ndarray, *, rounds: int = 15) -> np.ndarray:
    """Push nodes apart that stand on top of each other."""
    n = len(place)
    if n > 2 * _EXACT:
        return place
    radius = _NEAR * (0.5 + 0.08 * np.minimum(np.sqrt(degree), 6))
    near = radius[:, None] + radius
    share = np.where(pinned[:, None], 0.0, np.where(pinned[None, :], 1.0, 0.5))
    for _ in range(rounds):
        dx = place[:, 0][:, None] - place[:, 0]
        dy = place[:, 1][:, None] - place[:, 1]
        apart = np.sqrt(dx * dx + dy * dy)
        np.fill_diagonal(apart, np.inf)
        if (apart >= near).all():
            break
        same = apart < 1e-6
        if same.any():
            turn = np.arange(n) * 2.399963  # the golden angle: every node its own way out
            dx = np.where(same, np.cos(turn)[:, None] * 1e-3, dx)
            dy = np.where(same, np.sin(turn)[:, None] * 1e-3, dy)
            apart = np.where(same, 1e-3, apart)
        push = np.clip(near - apart, 0, None) / apart * share
        place = place + np.stack([(dx * push).sum(axis=1), (dy * push).sum(axis=1)], axis=1)
    return place


def _grow(place: np.ndarray, pinned: np.ndarray, edges: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place the new nodes of a part whose other nodes stay where they are."""
    if pinned.all():
        return place
    along = place[edges[:, 1]] - place[edges[:, 0]]
    lengths = np.sqrt((along * along).sum(axis=1))[pinned[edges].all(axis=1)]
    unit = float(np.median(lengths)) if len(lengths) and np.median(lengths) > 0 else 1.0
    unit = min(max(unit, 0.2), 5.0) if len(lengths) else 1.0
    place = place / unit
    middle = place[pinned].mean(axis=0)
    known = pinned.copy()
    while not known.all():  # ring by ring, outwards from the nodes that are placed
        one_known = known[edges].sum(axis=1) == 1
        first_known = known[edges[one_known, 0]]
        old, new = np.where(first_known[:, None], edges[one_known], edges[one_known][:, ::-1]).T
        count = np.bincount(new, minlength=len(place))
        ring = np.flatnonzero(count)
        near = np.stack([np.bincount(new, place[old, axis], len(place)) for axis in (0, 1)], axis=1)
        anchor = near[ring] / count[ring, None]
        outwards = anchor - middle
        angle = np.arctan2(outwards[:, 1], outwards[:, 0])
        parent = np.full(len(place), -1)
        parent[new] = old
        sibling, siblings = _siblings(parent[ring])
        angle += np.pi * (2 * sibling - siblings + 1) / np.maximum(siblings, 4) + rng.normal(scale=0.05, size=len(ring))
        far = 1 + 0.3 * (sibling % 3) * (siblings > 8)
        place[ring] = anchor + far[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        known[ring] = True
    place = _relax(place, edges, pinned, rng, heat=0.04)
    return _spread(place, pinned, np.bincount(edges.ravel(), minlength=len(place)), rounds=30) * unit


def _siblings(parents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each node's place among the nodes of that parent, and how many they are."""
    _, number, size = np.unique(parents, return_inverse=True, return_counts=True)
    by_parent = np.argsort(number, kind="stable")
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    place = np.empty(len(parents), dtype=np.int64)
    place[by_parent] = np.arange(len(parents)) - first[number[by_parent]]
    return place, size[number]


def _pack(place: np.ndarray, loose: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Set the parts side by side in rows, below whatever stands already."""
    if not loose:
        return
    boxes = [(members, at - at.min(axis=0), np.ptp(at, axis=0) + _GAP) for members, at in loose]
    area = sum(float(size.prod()) for _, _, size in boxes)
    placed = np.ones(len(place), dtype=bool)
    for members, _, _ in boxes:
        placed[members] = False
    left, top, width = 0.0, 0.0, np.sqrt(area * _ASPECT)
    if placed.any():
        left, top = float(place[placed, 0].min()), float(place[placed, 1].min()) - _GAP
        width = max(width, float(np.ptp(place[placed, 0])))
    width = max(width, *(float(size[0]) for _, _, size in boxes))
    x = y = row = 0.0
    for members, at, size in sorted(boxes, key=lambda box: (-len(box[0]), int(box[0][0]))):
        if x > 0 and x + size[0] > width + 1e-9:
            x, y, row = 0.0, y + row, 0.0
        place[members] = at + np.array([left + x, top - y - (size[1] - _GAP)])
        x, row = x + float(size[0]), max(row, float(size[1]))

"""Nodes on rings around one of them: ring by ring, one hop further away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import networkx as nx
import numpy as np

from graphinvestigate.views.layout import Positions, node_order

_APART = 0.5  # between neighbours on a ring, in rings' distances
_WIDE = 1.5  # pages are wider than high


def ring_layout(
    g: nx.MultiDiGraph, seed: Hashable, *, fixed: Mapping[Any, tuple[float, float]] | None = None
) -> Positions:
    """Place nodes on rings around a seed.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph. It is not changed.
    seed : node
        Stands in the middle; if it is not in `g`, the node with most links does.
    fixed : mapping of node to (x, y), optional
        These nodes stay exactly there; new ones find a free place on their ring, near what leads to them.

    Returns
    -------
    dict of node to (x, y)
        Ring k holds what is k hops from the seed; what nothing leads to stands on the outermost.
    """
    nodes = sorted(g.nodes, key=node_order)
    if not nodes:
        return {}
    middle = seed if seed in g else max(nodes, key=lambda node: (g.degree(node), node_order(node)))
    kept = {node: (float(x), float(y)) for node, (x, y) in (fixed or {}).items() if node in g}
    hops = nx.single_source_shortest_path_length(g.to_undirected(as_view=True), middle)
    outermost = max(hops.values()) + 1
    rings: dict[int, list[Any]] = {}
    for node in nodes:
        rings.setdefault(hops.get(node, outermost), []).append(node)
    places: Positions = dict(kept)
    places.setdefault(middle, (0.0, 0.0))
    before = 0.0
    for hop in sorted(rings):
        if hop == 0:
            continue
        members = rings[hop]
        stand = [float(np.hypot(places[node][0] / _WIDE, places[node][1])) for node in members if node in kept]
        radius = float(np.median(stand)) if stand else max(before + 1.0, len(members) * _APART / (2 * np.pi))
        radius = max(radius, before + 0.5)
        new = [node for node in members if node not in places]
        wish = {node: _wish(g, node, places, hops.get(node, outermost), hops) for node in new}
        new.sort(key=lambda node: (wish[node], node_order(node)))
        if not stand:
            for at, node in enumerate(new):
                places[node] = _at(radius, 2 * np.pi * at / len(new) + 0.3 * hop)
        else:
            for node in new:
                places[node] = _free(places, radius, wish[node])
        before = radius
    return {node: places[node] for node in nodes}


def _at(radius: float, angle: float) -> tuple[float, float]:
    return float(_WIDE * radius * np.cos(angle)), float(radius * np.sin(angle))


def _angle(place: tuple[float, float]) -> float:
    return float(np.arctan2(place[1], place[0] / _WIDE) % (2 * np.pi))


def _wish(g: nx.MultiDiGraph, node: Any, places: Positions, hop: int, hops: Mapping[Any, int]) -> float:
    """Give the angle of what leads to a node: the mean direction of its placed neighbours one ring inwards."""
    inwards = [
        places[other]
        for other in {*g.succ[node], *g.pred[node]}
        if other in places and hops.get(other, hop) < hop and places[other] != (0.0, 0.0)
    ]
    if not inwards:
        return 0.0
    angles = np.sort([_angle(place) for place in inwards])
    return float(np.arctan2(np.sin(angles).sum(), np.cos(angles).sum()) % (2 * np.pi))


def _free(places: Positions, radius: float, wish: float) -> tuple[float, float]:
    """Find the free place of a ring that is nearest to an angle; a full ring has room a little outside."""
    taken = np.array(list(places.values())) / [_WIDE, 1.0]
    for outwards in range(8):
        far = radius + 0.25 * outwards
        steps = max(int(2 * np.pi * far / _APART), 6)
        for step in range(steps):
            turn = ((step + 1) // 2) * (1 if step % 2 else -1)
            angle = wish + 2 * np.pi * turn / steps
            here = np.array([far * np.cos(angle), far * np.sin(angle)])
            if (np.hypot(*(taken - here).T) >= 0.45 * _APART + 0.02).all():
                return _at(far, angle)
    return _at(radius + 2.0, wish)

"""Nodes at the time they were first met, in one band per kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.views.layout import Positions, node_order
from graphinvestigate.views.node_facts import kind_of
from graphinvestigate.views.style import KINDS, OTHER, kind_look

_BANDS = (*(name for name, look in KINDS.items() if look.is_record), "user", "host", "ip")
_REST = len(_BANDS)
_ALERTS, _EXTRA = _BANDS.index("alert"), 1.5  # there are most of them: their band is wider
_NEAR = 0.03  # of the whole time: nodes of one band that are nearer than this stand in different rows
_HOUR = 3_600_000.0


def time_layout(g: nx.MultiDiGraph, *, fixed: Mapping[Any, tuple[float, float]] | None = None) -> Positions:
    """Place nodes by time.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph. It is not changed.
    fixed : mapping of node to (x, y), optional
        These nodes stay exactly there.

    Returns
    -------
    dict of node to (x, y)
        x is the first time in milliseconds since 1970 (UTC); nodes without one stand before all others. y falls from
        records to users, hosts, addresses and all else: one unit per band (more for alerts), in as many rows as it
        needs.
    """
    places: Positions = {node: (float(x), float(y)) for node, (x, y) in (fixed or {}).items() if node in g}
    new = sorted((node for node in g if node not in places), key=node_order)
    times = _times(g, new)
    known = np.array([x for x, _ in places.values()] + [x for x in times.values() if np.isfinite(x)])
    first, last = (float(known.min()), float(known.max())) if len(known) else (0.0, _HOUR)
    span = max(last - first, _HOUR)
    used: dict[int, list[tuple[float, float]]] = {}
    for node, place in places.items():
        used.setdefault(_band(g, node), []).append(place)
    for node in sorted(new, key=lambda node: (times[node], node_order(node))):
        x = times[node] if np.isfinite(times[node]) else first - 0.06 * span
        band = _band(g, node)
        row = 0
        while any(abs(x - far) < _NEAR * span and abs(_height(band, row) - y) < 1e-9 for far, y in used.get(band, ())):
            row += 1
        places[node] = (x, _height(band, row))
        used.setdefault(band, []).append(places[node])
    return places


def _times(g: nx.MultiDiGraph, nodes: list[Any]) -> dict[Any, float]:
    said = [g.nodes[node].get("time") or g.nodes[node].get("first_seen") for node in nodes]
    times = pd.to_datetime(pd.Series(said, dtype="str"), format="ISO8601", utc=True, errors="coerce")
    ms = times.to_numpy(dtype="datetime64[ms]").astype(np.int64).astype(float)
    return dict(zip(nodes, np.where(times.isna(), -np.inf, ms).tolist(), strict=True))


def _band(g: nx.MultiDiGraph, node: Any) -> int:
    name = kind_look(kind_of(g, node)).name
    return _BANDS.index(name) if name in _BANDS and name != OTHER.name else _REST


def _height(band: int, row: int) -> float:
    """Give the height of a row: rows halve the room that those before left, so that any number fits in."""
    height, step = 0.0, 0.5
    at = row
    while at:
        height += step * (at & 1)
        at >>= 1
        step /= 2
    top = band + (_EXTRA if band > _ALERTS else 0.0)
    return -(top + (0.9 + (_EXTRA if band == _ALERTS else 0.0)) * height)

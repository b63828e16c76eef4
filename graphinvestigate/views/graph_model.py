"""What an entity graph's figure shows, as plain arrays: one fixed list of traces, whatever the graph holds.

Widgets update a live figure in place from this model; `graph_plot` makes a new figure from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from graphinvestigate import text
from graphinvestigate.linking import Record
from graphinvestigate.views.choosing import choose_nodes, highlighted
from graphinvestigate.views.graph_parts import (
    LEAST_SIZE,
    NO_EXTRAS,
    Extras,
    Trace,
    edge_labels,
    fitted_sizes,
    pairs_of,
    verdict_marks,
)
from graphinvestigate.views.graph_words import caption, count, hover_words, label_of, link_words, not_drawn
from graphinvestigate.views.labels import place_labels, shorten
from graphinvestigate.views.layout import node_order
from graphinvestigate.views.node_facts import NodeFacts, kind_of
from graphinvestigate.views.style import KINDS, OTHER, SEVERITIES, Look, kind_look, severity_rank

__all__ = ["Extras", "GraphTraces", "Trace", "choose_nodes", "graph_traces", "highlighted"]

Positions = Mapping[Any, tuple[float, float]]

EDGES, HIGHLIGHTED_EDGES, LINKS, RINGS, NODES = range(5)
"""Places of the traces behind the nodes, and of the first trace of nodes."""
TRACE_KINDS = (*KINDS, OTHER.name)
"""The kinds in the order of their traces: trace ``NODES + i`` holds kind ``TRACE_KINDS[i]``; the labels follow."""
LABELS = NODES + len(TRACE_KINDS)
VERDICT_MARKS, EDGE_LABELS, HALOS = LABELS + 1, LABELS + 2, LABELS + 3

_LABEL, _LONG_LABEL = 26, 38
_MOST_LABELS = 90
_FEW = 40  # up to so many nodes, alerts and other records get labels too
_LEAST_ROOM = 0.6  # around all nodes
_MANY = 12  # up to so many highlighted nodes are drawn larger and named in any case
_HALO = 15  # pixels that a highlighted node's circle adds to it
_IMPORTANT = 14  # labels that may cover nodes
_RING = {"high": 8.5, "medium": 7.5, "low": 6.5}  # pixels that a ring adds to a node


@dataclass(frozen=True, slots=True)
class GraphTraces:
    """All that a figure of an entity graph shows.

    Attributes
    ----------
    traces : tuple of Trace
        In the order of the figure's data, always the same number.
    title, caption : str
        Already safe for plotly.
    shown, total : int
        How many nodes are drawn, and how many there are.
    left_out : dict of str to int
        How many nodes of each kind are not drawn.
    x_range, y_range : (float, float)
        For the axes, with room for labels.
    off : frozenset of str
        Kinds whose legend entries are dimmed.
    time_axis : bool
        Whether x is a time in milliseconds since 1970.
    """

    traces: tuple[Trace, ...]
    title: str
    caption: str
    shown: int
    total: int
    left_out: dict[str, int]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    off: frozenset[str] = frozenset()
    time_axis: bool = False


def graph_traces(
    g: nx.MultiDiGraph,
    positions: Positions,
    *,
    highlight: Any = None,
    size: tuple[float, float] = (900.0, 560.0),
    extras: Extras = NO_EXTRAS,
) -> GraphTraces:
    """Turn the part of an entity graph that has positions into the traces of its figure.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        The whole entity graph: what it holds beyond `positions` is counted. It is not changed.
    positions : mapping of node to (x, y)
        Where to draw which nodes (see :func:`graphinvestigate.views.layout.layout`).
    highlight : node or collection of nodes, optional
        Drawn larger, with their links; of several nodes, the links among them.
    size : (width, height)
        About how many pixels there are, to know which labels fit.
    extras : Extras
        What a workbench adds: names, filters of links, a path, counts of what is hidden.

    Returns
    -------
    GraphTraces
        With all text escaped for plotly and all nodes as they are.
    """
    nodes = sorted((node for node in positions if node in g), key=node_order)
    marked = [node for node in highlighted(g, highlight) if node in positions]
    xy = np.array([positions[node] for node in nodes], dtype=float).reshape(-1, 2)
    facts = NodeFacts(g) if extras.facts is None else extras.facts
    around = {node: facts.near(node) for node in nodes}
    degree = np.array([len(around[node]) for node in nodes], dtype=float)
    scale = float(np.clip(np.sqrt(70 / max(len(nodes), 1)), 0.7, 1))
    sizes = (11 + 4.0 * np.sqrt(np.minimum(degree, 36))) * scale
    index = {node: at for at, node in enumerate(nodes)}
    large = marked if len(marked) <= _MANY else marked[-1:]  # of many, only the last one stands out
    for node in large:
        sizes[index[node]] = max(sizes[index[node]], 20) * 1.25
    looks = [kind_look(kind_of(g, node)) for node in nodes]
    worst = [facts.worst(node) for node in nodes]
    pairs = pairs_of(g, nodes, index, extras)
    x_range, y_range = _ranges(xy, time_axis=extras.time_axis)
    rings = np.array([_RING.get(name, 0.0) for name in worst])
    sizes = np.maximum(fitted_sizes(sizes + rings, xy, (x_range, y_range), size) - rings, np.minimum(sizes, LEAST_SIZE))
    way = sorted({tuple(sorted((index[a], index[b]))) for a, b in extras.path if a in index and b in index})
    bright = np.array(way, dtype=np.int64).reshape(-1, 2)
    if not len(bright):
        bright = _marked_pairs(pairs, [index[node] for node in marked])
    traces = [
        Trace("edges", (), {**_lines(xy, pairs), "opacity": float(np.clip(200 / max(len(pairs), 1), 0.45, 1))}),
        Trace(
            "highlighted_edges", (), {**_lines(xy, bright), "opacity": float(np.clip(40 / max(len(bright), 1), 0.4, 1))}
        ),
        _links(g, nodes, xy, pairs),
        _rings(nodes, xy, sizes, looks, worst),
    ]
    for kind in TRACE_KINDS:
        members = [at for at, look in enumerate(looks) if look.name == kind]
        traces.append(
            Trace(
                kind,
                tuple(nodes[at] for at in members),
                {
                    "x": xy[members, 0],
                    "y": xy[members, 1],
                    "customdata": [hover_words(g, nodes[at], around[nodes[at]], worst[at], index) for at in members],
                    "marker": {"size": sizes[members]},
                },
            )
        )
    labels = [_label(g, node, around[node], index, len(nodes), extras) for node in nodes]
    placing = _Placing(g, nodes, labels, large, xy, sizes, worst, (x_range, y_range), size)
    named = placing.taken_by_marked() if extras.edge_labels else np.empty((0, 4))
    relations, taken = edge_labels(g, nodes, xy, pairs, bright, extras, (x_range, y_range), size, sizes / 2, named)
    traces.append(placing.trace(degree, taken))
    traces.append(verdict_marks(facts, nodes, xy))
    traces.append(relations)
    traces.append(_halos(marked, xy, sizes, index))
    left_out = Counter(extras.kinds if extras.kinds is not None else (kind_of(g, node) for node in g))
    left_out.subtract(kind_of(g, node) for node in nodes)
    left_out = +left_out
    return GraphTraces(
        traces=tuple(traces),
        title=f"Entity graph: {count(len(nodes), 'node')}, {count(len(pairs), 'link')}",
        caption=caption(len(nodes), len(g), left_out),
        shown=len(nodes),
        total=len(g),
        left_out=dict(left_out),
        x_range=x_range,
        y_range=y_range,
        off=frozenset(extras.off),
        time_axis=extras.time_axis,
    )


def _rings(nodes: list[Any], xy: np.ndarray, sizes: np.ndarray, looks: list[Look], worst: list[str]) -> Trace:
    """Draw each node's severity behind it, larger by the width of a ring."""
    ringed = [at for at, name in enumerate(worst) if name in _RING]
    arrays = {
        "x": xy[ringed, 0],
        "y": xy[ringed, 1],
        "marker": {
            "size": sizes[ringed] + np.array([_RING[worst[at]] for at in ringed]),
            "symbol": [looks[at].symbol for at in ringed] or "circle",
            "color": [SEVERITIES[worst[at]].color for at in ringed] or "#7d8590",
        },
    }
    return Trace("rings", tuple(nodes[at] for at in ringed), arrays)


def _halos(marked: list[Any], xy: np.ndarray, sizes: np.ndarray, index: Mapping[Any, int]) -> Trace:
    """Circle the highlighted nodes."""
    at = [index[node] for node in marked]
    return Trace("halos", tuple(marked), {"x": xy[at, 0], "y": xy[at, 1], "marker": {"size": sizes[at] + _HALO}})


def _marked_pairs(pairs: np.ndarray, marked: list[int]) -> np.ndarray:
    """Of one node all links, of several the links among them (of unlinked ones, all of theirs)."""
    inside = np.isin(pairs, marked)
    among = pairs[inside.all(axis=1)]
    return among if len(among) else pairs[inside.any(axis=1)]


def _lines(xy: np.ndarray, pairs: np.ndarray) -> dict[str, Any]:
    """Draw all lines as one, broken by NaN."""
    line = np.full((len(pairs), 3, 2), np.nan)
    line[:, :2] = xy[pairs] if len(pairs) else 0
    return {"x": line[..., 0].ravel(), "y": line[..., 1].ravel()}


def _links(g: nx.MultiDiGraph, nodes: list[Any], xy: np.ndarray, pairs: np.ndarray) -> Trace:
    middle = xy[pairs].mean(axis=1) if len(pairs) else np.empty((0, 2))
    items = tuple((nodes[a], nodes[b]) for a, b in pairs.tolist())
    return Trace(
        "links", items, {"x": middle[:, 0], "y": middle[:, 1], "customdata": [link_words(g, a, b) for a, b in items]}
    )


def _label(
    g: nx.MultiDiGraph, node: Any, around: Collection[Any], index: Mapping[Any, int], drawn: int, extras: Extras
) -> str:
    longest = _LONG_LABEL if drawn <= _FEW // 2 else _LABEL
    words = shorten(extras.names.get(node) or label_of(g, node), longest, middle=True)
    hidden = not_drawn(around, index) if extras.counts_hidden else 0
    return " ".join(filter(None, [words, f"+{hidden}" if hidden else "", extras.badges.get(node, "")]))


@dataclass(frozen=True, slots=True)
class _Placing:
    """Chooses and places the labels of nodes; those without one have their text in the hover."""

    g: nx.MultiDiGraph
    nodes: list[Any]
    labels: list[str]
    marked: Collection[Any]
    xy: np.ndarray
    sizes: np.ndarray
    worst: list[str]
    ranges: tuple[tuple[float, float], tuple[float, float]]
    size: tuple[float, float]

    def taken_by_marked(self) -> np.ndarray:
        """Give where the labels of the highlighted nodes stand: others make room for them."""
        rank = set(self.marked)
        order = [at for at, node in enumerate(self.nodes) if node in rank]
        return self._placed(order, always=len(order), important=len(order), taken=None)[2]

    def trace(self, degree: np.ndarray, taken: np.ndarray) -> Trace:
        """Place all of them, around what is taken already."""
        few = len(self.nodes) <= _FEW
        rank = {node: at for at, node in enumerate(self.marked)}

        def importance(at: int) -> tuple[Any, ...]:
            look = kind_look(kind_of(self.g, self.nodes[at]))
            main = look.name in ("incident", "user", "host", "ip")
            return (
                rank.get(self.nodes[at], len(rank)),
                self._is_small(self.nodes[at]),
                -severity_rank(self.worst[at]) - 2 * main,
                -degree[at],
                at,
            )

        wanted = [at for at, node in enumerate(self.nodes) if few or node in rank or not self._is_small(node)]
        order = sorted(wanted, key=importance)[:_MOST_LABELS]
        shown, sides, _ = self._placed(order, always=len(rank), important=max(len(rank), _IMPORTANT), taken=taken)
        drawn = [at for at, show in enumerate(shown) if show]
        arrays = {
            "x": self.xy[drawn, 0],
            "y": self.xy[drawn, 1],
            "text": [text.plotly(self.labels[at], None) for at in drawn],
            "textposition": [sides[at] for at in drawn] or "bottom center",
            "marker": {"size": self._around()[drawn]},
        }
        return Trace("labels", tuple(self.nodes[at] for at in drawn), arrays)

    def _is_small(self, node: Any) -> bool:
        return isinstance(node, Record) and node.kind != "incident"

    def _around(self) -> np.ndarray:
        return self.sizes + np.array([_RING.get(name, 0.0) for name in self.worst])

    def _weights(self) -> np.ndarray:
        """Say how bad it is to cover each node: worst where an entity or an incident is larger than most."""
        main = np.array([not self._is_small(node) for node in self.nodes], dtype=bool)
        return np.where(main & (self.sizes > np.median(self.sizes)), 4.0, 1.0) if len(main) else np.ones(0)

    def _placed(
        self, order: list[int], *, always: int, important: int, taken: np.ndarray | None
    ) -> tuple[list[bool], list[str], np.ndarray]:
        (x0, x1), (y0, y1) = self.ranges
        return place_labels(
            (self.xy[:, 0] - x0) / (x1 - x0) * self.size[0],
            (self.xy[:, 1] - y0) / (y1 - y0) * self.size[1],
            self._around() / 2,
            self.labels,
            order,
            size=self.size,
            always=always,
            important=important,
            taken=taken,
            weights=self._weights(),
        )


def _ranges(xy: np.ndarray, *, time_axis: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    if not len(xy):
        return (-1.0, 1.0), (-1.0, 1.0)
    low, high = xy.min(axis=0), xy.max(axis=0)
    room = np.maximum((high - low) * [0.10, 0.09], [_LEAST_ROOM if not time_axis else 3_600_000.0, _LEAST_ROOM])
    return (float(low[0] - room[0]), float(high[0] + room[0])), (float(low[1] - room[1]), float(high[1] + room[1]))

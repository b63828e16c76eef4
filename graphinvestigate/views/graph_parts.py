"""The pieces that a drawing of an entity graph is made of, and what a workbench adds to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np

from graphinvestigate import text
from graphinvestigate.views.labels import place_labels, shorten
from graphinvestigate.views.node_facts import VERDICTS, NodeFacts

_FEW_ALIKE, _MOST_ALIKE = 24, 5  # of more links than the first, at most so many with the same words get labels
LEAST_SIZE = 10.0
"""Pixels across, below which no node is made smaller."""
_FEW_EDGES = 40  # up to so many links, all of them get their labels


@dataclass(frozen=True, slots=True)
class Trace:
    """The changing part of one trace of the figure.

    Attributes
    ----------
    kind : str
        ``edges``, ``highlighted_edges``, ``links``, ``rings``, a kind of node, ``labels``, ``verdicts`` or
        ``edge_labels``.
    items : tuple
        What each point stands for, by its index in a click: nodes, or ``(node, node)`` for ``links``; empty
        for the lines.
    arrays : dict
        Properties for ``figure.data[i].update(...)``: x, y and what else changes with the graph.
    """

    kind: str
    items: tuple[Any, ...]
    arrays: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extras:
    """What a workbench adds to a drawing.

    Attributes
    ----------
    names : mapping of node to str
        What users call nodes.
    badges : mapping of node to str
        Small signs after a node's label.
    link_badges : mapping of frozenset of two nodes to str
        Small signs on links, whether or not links have labels.
    is_link_drawn : callable or None
        ``(relation, attributes) → bool``: which edges are drawn; None draws all.
    path : sequence of (node, node)
        Links to bring out instead of those of the highlighted nodes.
    edge_labels : bool
        Write relations beside the highlighted links (beside all where they are few).
    counts_hidden : bool
        Write ``+n`` after the label of a node that has links to n nodes that are not drawn.
    off : collection of str
        Kinds (as traces are called) that are filtered out: their legend entries stay, dimmed.
    kinds : mapping of str to int, optional
        How many nodes of each kind the whole graph holds, where that is known already.
    time_axis : bool
        Whether x is a time in milliseconds since 1970: then the axis is shown.
    facts : NodeFacts, optional
        Of the graph that is drawn, where they are at hand.
    """

    names: Mapping[Any, str] = field(default_factory=dict)
    badges: Mapping[Any, str] = field(default_factory=dict)
    link_badges: Mapping[frozenset[Any], str] = field(default_factory=dict)
    is_link_drawn: Callable[[str, Mapping[str, Any]], bool] | None = None
    path: Sequence[tuple[Any, Any]] = ()
    edge_labels: bool = False
    counts_hidden: bool = False
    off: Collection[str] = ()
    kinds: Mapping[str, int] | None = None
    time_axis: bool = False
    facts: NodeFacts | None = None


NO_EXTRAS = Extras()


def pairs_of(g: nx.MultiDiGraph, nodes: Sequence[Any], index: Mapping[Any, int], extras: Extras) -> np.ndarray:
    """Give each pair of linked nodes once, as places in `nodes`, sorted.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    nodes : sequence of nodes
    index : mapping of node to int
        Each node's place in `nodes`.
    extras : Extras

    Returns
    -------
    int64 array of shape (n, 2)
    """
    drawn = extras.is_link_drawn
    pairs = {
        (min(at, index[other]), max(at, index[other]))
        for at, node in enumerate(nodes)
        for other, between in g.adj[node].items()
        if other in index
        and other != node
        and (drawn is None or any(drawn(relation, data) for relation, data in between.items()))
    }
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def verdict_marks(facts: NodeFacts, nodes: Sequence[Any], xy: np.ndarray) -> Trace:
    """Mark the nodes that evidence has judged.

    Parameters
    ----------
    facts : NodeFacts
    nodes : sequence of nodes
    xy : array of shape (n, 2)

    Returns
    -------
    Trace
    """
    verdicts = [facts.verdict(node) for node in nodes]
    judged = [at for at, verdict in enumerate(verdicts) if verdict]
    arrays = {
        "x": xy[judged, 0],
        "y": xy[judged, 1],
        "text": [VERDICTS[verdicts[at]][0] for at in judged],
    }
    return Trace("verdicts", tuple(nodes[at] for at in judged), arrays)


def edge_labels(
    g: nx.MultiDiGraph,
    nodes: Sequence[Any],
    xy: np.ndarray,
    pairs: np.ndarray,
    bright: np.ndarray,
    extras: Extras,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[float, float],
    radius: np.ndarray,
    taken: np.ndarray,
) -> tuple[Trace, np.ndarray]:
    """Write relations beside links: those brought out, or all where they are few; none covers another label.

    Of many links that say the same a few are labelled, spread over all: the others would only hide the drawing.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    nodes : sequence of nodes
    xy : array of shape (n, 2)
    pairs, bright : int arrays of shape (m, 2)
        All links, and those brought out.
    extras : Extras
    ranges : two pairs of float
        Of the axes.
    size : (width, height)
        In pixels.
    radius : array of shape (n,)
        Of the nodes, in pixels.
    taken : array of shape (m, 4)
        Where labels stand already: left, bottom, right, top in pixels.

    Returns
    -------
    Trace, array of shape (k, 4)
        And where these labels stand.
    """
    chosen = np.empty((0, 2), dtype=np.int64)
    if extras.edge_labels:
        chosen = bright if len(bright) else pairs if len(pairs) <= _FEW_EDGES else chosen
    words = [_relations(g, nodes[a], nodes[b], extras) for a, b in chosen.tolist()]
    many = len(chosen) > _FEW_ALIKE
    if many:
        kept = _some_of_each(words)
        chosen, words = chosen[kept], [words[at] for at in kept]
    # Of few links each label may stand on nodes rather than be missing; of many the first of each wording.
    first = len(set(words)) if many else len(words)
    chosen, words, signed = _signed(nodes, pairs, chosen, words, extras)
    first += signed
    middle = xy[chosen].mean(axis=1) if len(chosen) else np.empty((0, 2))
    (x0, x1), (y0, y1) = ranges
    scale, zero = np.array([size[0] / (x1 - x0), size[1] / (y1 - y0)]), np.array([x0, y0])
    points = (np.vstack([middle, xy]) - zero) * scale
    shown, sides, boxes = place_labels(
        points[:, 0],
        points[:, 1],
        np.concatenate([np.zeros(len(middle)), radius]),
        [*words, *[""] * len(xy)],
        range(len(words)),
        size=size,
        important=first,
        taken=taken,
        weights=np.concatenate([np.zeros(len(middle)), np.full(len(xy), 1.0 if many else 0.0)]),
    )
    shown, sides = shown[: len(words)], sides[: len(words)]
    at = [n for n, show in enumerate(shown) if show]
    arrays = {
        "x": middle[at, 0],
        "y": middle[at, 1],
        "text": [text.plotly(words[n], None) for n in at],
        "textposition": [sides[n] for n in at] or "middle center",
    }
    ends = tuple((nodes[chosen[n, 0]], nodes[chosen[n, 1]]) for n in at)
    return Trace("edge_labels", ends, arrays), boxes[len(taken) :]


def _signed(
    nodes: Sequence[Any], pairs: np.ndarray, chosen: np.ndarray, words: list[str], extras: Extras
) -> tuple[np.ndarray, list[str], int]:
    """Put the links that have a sign before all others, with or without their words, and say how many are added."""
    if not extras.link_badges:
        return chosen, words, 0
    said = dict(zip(map(tuple, chosen.tolist()), words, strict=True))
    both = {
        (a, b): " ".join(filter(None, [said.get((a, b), ""), sign]))
        for a, b in pairs.tolist()
        if (sign := extras.link_badges.get(frozenset((nodes[a], nodes[b])))) is not None
    }
    ordered = both | {pair: word for pair, word in said.items() if pair not in both}
    added = len(ordered) - len(said)
    return np.array(list(ordered), dtype=np.int64).reshape(-1, 2), [*ordered.values()], added


def _some_of_each(words: Sequence[str]) -> list[int]:
    """Give places of at most so many labels of each wording, evenly spread; one of each wording first."""
    places: dict[str, list[int]] = {}
    for at, said in enumerate(words):
        places.setdefault(said, []).append(at)
    step = {said: max(1, -(-len(found) // _MOST_ALIKE)) for said, found in places.items()}
    kept = {said: found[:: step[said]] for said, found in places.items()}
    return [*(found[0] for found in kept.values()), *sorted(at for found in kept.values() for at in found[1:])]


def _relations(g: nx.MultiDiGraph, a: Any, b: Any, extras: Extras) -> str:
    names = {
        relation.replace("_", " ")
        for ends in ((a, b), (b, a))
        for relation, data in (g.get_edge_data(*ends) or {}).items()
        if extras.is_link_drawn is None or extras.is_link_drawn(relation, data)
    }
    return shorten(", ".join(sorted(names)), 26)


def fitted_sizes(
    sizes: np.ndarray,
    xy: np.ndarray,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[float, float],
    *,
    least: float = LEAST_SIZE,
) -> np.ndarray:
    """Make nodes smaller where they would cover each other; both give in the same proportion.

    Parameters
    ----------
    sizes : float array of shape (nodes,)
        Diameters in pixels, as large as they may be.
    xy : float array of shape (nodes, 2)
        Where the nodes are.
    ranges : ((x0, x1), (y0, y1))
        What the axes show.
    size : (width, height)
        In how many pixels.
    least : float
        No node becomes smaller than this; one that is smaller stays as it is.

    Returns
    -------
    float array of shape (nodes,)
    """
    if len(sizes) < 2:
        return sizes
    (x0, x1), (y0, y1) = ranges
    across = (xy[:, 0] - xy[:, 0][:, None]) * (size[0] / (x1 - x0))
    down = (xy[:, 1] - xy[:, 1][:, None]) * (size[1] / (y1 - y0))
    apart = np.sqrt(across * across + down * down)
    np.fill_diagonal(apart, np.inf)
    share = (2 * apart / (sizes + sizes[:, None])).min(axis=1)
    return np.minimum(sizes, np.maximum(sizes * np.minimum(share, 1), least))

"""Which part of an entity graph is drawn, and where each node stands: a node that was drawn never moves."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from graphinvestigate.linking import Entity, Record
from graphinvestigate.views.choosing import choose_nodes
from graphinvestigate.views.layout import layout

START = 60
BUDGET = 200
CAP = 450

Node = Entity | Record


class Shown:
    """The drawn nodes and their places.

    Attributes
    ----------
    positions : dict of node to (x, y)
        The nodes that are drawn now.
    restarted : bool
        True if the last growth passed the cap, so that the drawing started over around what was asked for.
    """

    def __init__(self, g: nx.MultiDiGraph, around: Node | None) -> None:
        self.restarted = False
        self._places: dict[Node, tuple[float, float]] = {}
        self.positions: dict[Node, tuple[float, float]] = {}
        self._place(g, choose_nodes(g, highlight=around, max_nodes=START))

    def reveal(self, g: nx.MultiDiGraph, node: Node, also: Iterable[Node] = ()) -> bool:
        """Draw a node with what it is linked to.

        Parameters
        ----------
        g : networkx.MultiDiGraph
            The whole entity graph.
        node : Entity or Record
            What to draw.
        also : iterable of nodes
            What else to draw, as far as there is room.

        Returns
        -------
        bool
            True if more is drawn now than before.
        """
        near = {node, *nx.all_neighbors(g, node)}
        wanted = (near | set(also)) - self.positions.keys()
        self.restarted = False
        if not wanted:
            return False
        room = CAP - len(self.positions)
        if len(wanted) <= min(room, BUDGET):
            nodes = [*self.positions, *wanted]
        else:
            crowd = near | set(also)
            chosen = choose_nodes(g.subgraph(crowd), highlight=node, max_nodes=BUDGET)
            self.restarted = not set(chosen) <= self.positions.keys() and len(self.positions.keys() | set(chosen)) > CAP
            nodes = chosen if self.restarted else list(dict.fromkeys([*self.positions, *chosen]))
        before = self.positions.keys()
        self._place(g, nodes)
        return bool(self.positions.keys() - before)

    def rename(self, old: Node, new: Node) -> None:
        """Keep a node's place when the graph now knows it under a stronger key."""
        if old != new and old in self._places:
            self._places.setdefault(new, self._places.pop(old))
            if old in self.positions:
                self.positions[new] = self.positions.pop(old)

    def _place(self, g: nx.MultiDiGraph, nodes: Iterable[Node]) -> None:
        kept = [node for node in nodes if node in g]
        fixed = {node: self._places[node] for node in kept if node in self._places}
        self.positions = layout(g.subgraph(kept), fixed=fixed)
        self._places.update(self.positions)

"""What one pivot found: its frames, what could not be read, the larger graph, and how to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.errors import PartialResultError, UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.linking.nodes import Node
from graphinvestigate.pivots.steps import Step


@dataclass(frozen=True)
class Pivot:
    """What one pivot found.

    Attributes
    ----------
    entity : Entity
        Where it started.
    frames : dict of str to DataFrame
        Per source, the rows that mention the entity, in the columns of its `list_*` function; rows of hunting tables
        that are events as records, by their kind (`map_records`).
    coverage : DataFrame
        One row is one request: what was asked, what came back, what could not be read and why.
    graph : networkx.MultiDiGraph
        What the frames say. Join it with `merge_graphs(g, found.graph)`, or take `grown`.
    before : networkx.MultiDiGraph or None
        The graph that the pivot was asked with.
    hunted : dict of str to DataFrame
        Per hunting table, the rows that it has on the entity, in the table's own columns.
    partial : dict of str to PartialResultError
        Per source, why its rows are not all: its ``.resume()`` goes on where the pull stopped.
    unasked : tuple of str
        Sources that were not asked, as the pivot was stopped before (see ``client.stop``).
    to_come : tuple of str
        Requests that broke off, failed or were not made, as the coverage names them: `resume` asks for the rest. What
        lacks a permission or a licence is not among them.
    go_on : callable or None
        What `resume` calls; None where the pivot asked nobody.
    """

    entity: Entity
    frames: dict[str, pd.DataFrame] = field(repr=False)
    coverage: pd.DataFrame = field(repr=False)
    graph: nx.MultiDiGraph = field(repr=False)
    before: nx.MultiDiGraph | None = field(repr=False, default=None)
    hunted: dict[str, pd.DataFrame] = field(repr=False, default_factory=dict)
    partial: dict[str, PartialResultError] = field(repr=False, default_factory=dict)
    unasked: tuple[str, ...] = ()
    to_come: tuple[str, ...] = ()
    go_on: Callable[[Callable[[Step], None] | None], Pivot] | None = field(repr=False, compare=False, default=None)

    def resume(self, *, on_step: Callable[[Step], None] | None = None) -> Pivot:
        """Go on where it broke or was stopped: what came is kept, and only the rest is asked for.

        Parameters
        ----------
        on_step : callable, optional
            Told each step before it is made; what it raises ends it.

        Returns
        -------
        Pivot
            All of it, what came before included, each record once. Where it breaks again, it can be gone on with in
            its turn. A list whose place Graph has forgotten is read again from its beginning.

        Raises
        ------
        UsageError
            Nothing is left to come.
        """
        if self.go_on is None or not self.to_come:
            raise UsageError("nothing of this pivot is left to come: ask again with gi.pivot(…) for what is new.")
        return self.go_on(on_step)

    @cached_property
    def grown(self) -> nx.MultiDiGraph:
        """The graph before and the find as one; ``.graph["new"]`` lists the nodes that are new as ``[kind, key]``."""
        if self.before is None:
            grown = self.graph.copy()
            grown.graph["new"] = [list(node) for node in grown]
            return grown
        grown = linking.merge_graphs(self.before, self.graph)
        grown.graph["new"] = [list(node) for node in new_nodes(self.before, grown)]
        return grown

    @property
    def new(self) -> tuple[Node, ...]:
        """The nodes of `grown` that were not there before; one that was there under a weaker key is not new."""
        old = () if self.before is None else self.before
        return tuple(self.graph) if self.before is None else tuple(new_nodes(old, self.grown))


def new_nodes(before: nx.MultiDiGraph, grown: nx.MultiDiGraph) -> list[Node]:
    """The nodes that a graph has gained, under whatever key they were known before."""
    gone = {
        (node.kind, text)
        for node, attrs in before.nodes(data=True)
        if node not in grown and isinstance(node, Entity)
        for text in attrs["identifiers"]
    }
    return [
        node
        for node, attrs in grown.nodes(data=True)
        if node not in before and not any((node.kind, text) in gone for text in attrs.get("identifiers", ()))
    ]

"""A redacted graph: what follows from records is as the redacted records give it; what was added to it stays added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx

from graphinvestigate.cases.redaction.graphs import GraphRedaction

Attrs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a graph says that its records do not: annotations, parts of graphs that were added without their records.

    Attributes
    ----------
    nodes, edges : dict
        Node or edge → the names of attributes that the records do not give; None where they do not give it at all.
    gone : list
        Nodes, and edges, that only the records give.
    own : list of str
        Attributes of the graph itself.
    """

    nodes: dict[Any, list[str] | None]
    edges: dict[Any, list[str] | None]
    gone: tuple[list[Any], list[Any]]
    own: list[str]

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.nodes or self.edges or self.own or any(self.gone))


def beyond(g: nx.MultiDiGraph, given: nx.MultiDiGraph) -> Beyond:
    """Compare a graph with what its records give.

    Parameters
    ----------
    g, given : networkx.MultiDiGraph

    Returns
    -------
    Beyond
        Empty where the two are equal.
    """
    nodes = {node: _more(attrs, given.nodes.get(node)) for node, attrs in g.nodes.items()}
    edges = {
        edge: more
        for u, v, relation, attrs in g.edges(keys=True, data=True)
        if (more := _more(attrs, given.get_edge_data(u, v, relation))) != []
        for edge in [(u, v, relation)]
    }
    return Beyond(
        nodes={node: more for node, more in nodes.items() if more != []},
        edges=edges,
        gone=(
            [node for node in given if node not in g],
            [edge for edge in given.edges(keys=True) if not g.has_edge(*edge)],
        ),
        own=_more(g.graph, given.graph) or [],
    )


def with_beyond(graph: GraphRedaction, made: nx.MultiDiGraph, more: Beyond) -> nx.MultiDiGraph:
    """Add to the graph that redacted records gave what the original graph said beyond its records, under pseudonyms.

    Parameters
    ----------
    graph : GraphRedaction
        Of the original.
    made : networkx.MultiDiGraph
        As `GraphRedaction.rebuilt` gave it; not changed.
    more : Beyond

    Returns
    -------
    networkx.MultiDiGraph
    """
    g = graph.g
    names = {node: graph.node(node) for node in g}
    new = made.copy()
    new.remove_edges_from([(graph.node(u), graph.node(v), relation) for u, v, relation in more.gone[1]])
    new.remove_nodes_from([node for node in made if node not in set(names.values())])
    for node, name in names.items():
        if node in more.nodes or name not in new:
            new.add_node(name)
            _say(new.nodes[name], graph.attributes(node, g.nodes[node]), more.nodes.get(node))
    for u, v, relation in more.edges:
        edge = (names[u], names[v], relation)
        new.add_edge(*edge)
        _say(new.edges[edge], graph.edge(g.edges[u, v, relation]), more.edges[u, v, relation])
    for own in more.own:
        new.graph.pop(own, None)
        if own in g.graph:
            new.graph[own] = graph.own(own, g.graph[own], names)
    return new


def _say(there: Attrs, said: Attrs, names: list[str] | None) -> None:
    """Set the named attributes to what is said of them; all where none is named."""
    for name in said if names is None else names:
        there.pop(name, None)
        if name in said:
            there[name] = said[name]


def _more(said: Attrs, given: Attrs | None) -> list[str] | None:
    """The names of what is said otherwise than it is given; None where nothing is given."""
    if given is None or said == given:
        return None if given is None else []
    names = dict.fromkeys([*said, *given])
    return [name for name in names if name not in said or name not in given or said[name] != given[name]]

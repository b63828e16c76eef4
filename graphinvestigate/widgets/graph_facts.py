"""What controls need to know of a whole entity graph, found once per graph."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx

from graphinvestigate import text
from graphinvestigate.linking import Entity
from graphinvestigate.linking.hops import ready_to_walk
from graphinvestigate.linking.nodes import kind_order
from graphinvestigate.views.graph_words import label_of
from graphinvestigate.views.node_facts import kind_of
from graphinvestigate.views.style import kind_look, kind_word

MOST_NAMES = 2000
"""Names that a box offers: of a larger graph those of the most linked entities (``select`` finds any)."""


MANY = 20_000
"""From so many nodes on, Python looks through the objects of a new graph for long, once, when it likes."""


def make_ready(g: nx.MultiDiGraph) -> None:
    """Do what a new graph asks for once, before anybody waits for an action: what walks need, and Python's own look.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it is not changed.
    """
    ready_to_walk(g)
    if g.number_of_nodes() >= MANY:
        gc.collect()


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What an entity graph holds.

    Attributes
    ----------
    kinds : mapping of str to int
        How many nodes there are of each kind.
    looks : mapping of str to int
        The same, as the legend groups kinds.
    relations : mapping of str to int
        How many edges, most first.
    names : mapping of str to Entity
        Words to choose an entity by, each once.
    ends : two ISO times, or None
        When the first and the last of its records happened.
    """

    kinds: Mapping[str, int]
    looks: Mapping[str, int]
    relations: Mapping[str, int]
    names: Mapping[str, Entity]
    ends: tuple[str, str] | None


def facts_of(g: nx.MultiDiGraph) -> GraphFacts:
    """Look through a whole graph.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.

    Returns
    -------
    GraphFacts
    """
    kinds = Counter(kind_of(g, node) for node in g)
    looks: Counter[str] = Counter()
    for kind, n in kinds.items():
        looks[kind_look(kind).name] += n
    relations = Counter(relation for *_, relation in g.edges(keys=True))
    times = [time for _, data in g.nodes(data=True) for time in _times(data)]
    return GraphFacts(
        kinds=dict(kinds),
        looks=dict(looks.most_common()),
        relations=dict(relations.most_common()),
        names=_names(g),
        ends=(min(times), max(times)) if times else None,
    )


def _times(data: Mapping[str, Any]) -> list[str]:
    return [value for name in ("time", "end_time") if isinstance(value := data.get(name), str)]


def _names(g: nx.MultiDiGraph) -> dict[str, Entity]:
    entities = [node for node in g if isinstance(node, Entity)]
    if len(entities) > MOST_NAMES:
        entities = sorted(entities, key=lambda node: (-g.degree(node), node))[:MOST_NAMES]
    found: dict[str, Entity] = {}
    for node in sorted(entities, key=lambda node: kind_order(node.kind)):
        name = f"{kind_word(node.kind)} {text.visible(label_of(g, node), 60)}"
        found[name if name not in found else text.visible(f"{name} ({node.key})", 200)] = node
    return found

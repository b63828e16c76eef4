"""What an explorer shows, as one value that is never changed: every action makes another one of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, UsageError
from graphinvestigate.linking import Entity, Record, find_entity
from graphinvestigate.linking.walks import nodes_around
from graphinvestigate.notes import Note
from graphinvestigate.pivots import Pivot
from graphinvestigate.views.graph_filter import NO_FILTERS, Filters, passing
from graphinvestigate.views.graph_model import Extras, GraphTraces, graph_traces
from graphinvestigate.views.layout_rings import ring_layout
from graphinvestigate.views.layout_time import time_layout
from graphinvestigate.views.node_facts import NodeFacts
from graphinvestigate.widgets.case_notes import (
    NO_NOTES,
    AskedBefore,
    CaseNotes,
    asked_before,
    own_notes,
    placed as placed_notes,
)
from graphinvestigate.widgets.shown import (
    BUDGET,
    Node,
    Places,
    Placing,
    first_nodes,
    force,
    linked_by,
    with_more,
    without_leaves,
)

LAYOUTS = ("force", "time", "rings")


@dataclass(frozen=True, slots=True)
class State:
    """All that an explorer shows.

    Attributes
    ----------
    graph : networkx.MultiDiGraph
        The whole entity graph; a pivot makes a larger one.
    drawn : frozenset of nodes
        What is drawn, before hiding and filters.
    places : mapping of str to mapping of node to (x, y)
        Per layout, where every node stands that was ever drawn in it.
    layout : str
        One of ``LAYOUTS``; rings around ``seed``.
    nodes, current : tuple of nodes, node or None
        What is selected in this graph, and which of it details are about.
    pinned, hidden : frozenset of nodes
        What stays drawn whatever filters and neighbourhoods say; what is not drawn whatever happens.
    names, notes : mapping of node to str
        What users wrote.
    noted : mapping of node to str
        When they wrote a node's note, or took it away: ISO texts in UTC.
    origins : mapping of node to tuple of Note
        Notes of a case that was opened again, which the notes on these nodes began with.
    case_notes : CaseNotes
        Its other notes, which are only shown.
    paths : tuple of tuples of nodes
        Ways that are brought out.
    pivoted : mapping of Entity to frozenset of str
        Which windows were asked for whom.
    unfinished : mapping of (Entity, str) to Pivot
        By whom and which window they asked for: pivots that broke off, whose rest can be asked for.
    asked_before : mapping of (Entity, str) to AskedBefore
        What a case that was opened again had asked.
    frames : mapping of str to DataFrame
        The records on the timeline, per kind.
    coverage : DataFrame or None
        What the last pivot asked and got.
    not_walked : tuple of str
        Where the last neighbourhood stopped, in sentences.
    brought : tuple of DataFrame
        What pivots brought, oldest first.
    facts : NodeFacts
        What was found out about the graph's nodes so far.
    """

    graph: nx.MultiDiGraph = field(repr=False)
    drawn: frozenset[Node] = field(repr=False)
    places: Mapping[str, Places] = field(default_factory=dict, repr=False)
    layout: str = "force"
    seed: Node | None = None
    nodes: tuple[Node, ...] = ()
    current: Node | None = None
    pinned: frozenset[Node] = frozenset()
    hidden: frozenset[Node] = frozenset()
    names: Mapping[Node, str] = field(default_factory=dict)
    notes: Mapping[Node, str] = field(default_factory=dict)
    noted: Mapping[Node, str] = field(default_factory=dict)
    origins: Mapping[Node, tuple[Note, ...]] = field(default_factory=dict)
    case_notes: CaseNotes = field(default=NO_NOTES, repr=False)
    filters: Filters = NO_FILTERS
    paths: tuple[tuple[Node, ...], ...] = ()
    edge_labels: bool = False
    pivoted: Mapping[Entity, frozenset[str]] = field(default_factory=dict)
    unfinished: Mapping[tuple[Entity, str], Pivot] = field(default_factory=dict, repr=False)
    asked_before: Mapping[tuple[Entity, str], AskedBefore] = field(default_factory=dict, repr=False)
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    coverage: pd.DataFrame | None = field(default=None, repr=False)
    not_walked: tuple[str, ...] = ()
    brought: tuple[pd.DataFrame, ...] = field(default=(), repr=False)
    facts: NodeFacts = field(kw_only=True, repr=False, compare=False)
    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def positions(self) -> dict[Node, tuple[float, float]]:
        """What is drawn now and passes the filters, with its places."""
        if "positions" not in self._found:
            kept, _ = self.passing()
            standing = self.places[self.layout]
            self._found["positions"] = {node: standing[node] for node in kept}
        return dict(self._found["positions"])

    def passing(self) -> tuple[list[Node], dict[Node, str]]:
        """Give the drawn nodes that are shown, and why the others are not."""
        if "passing" not in self._found:
            candidates = sorted(self.drawn - self.hidden)
            always = self.pinned | set(self.nodes) | {node for way in self.paths for node in way}
            self._found["passing"] = passing(
                self.graph, candidates, self.filters, always=always, named=lambda node: self.names.get(node, "")
            )
        kept, why = self._found["passing"]
        return list(kept), dict(why)

    def called(self, node: Node) -> str:
        """Give what people call a node: the name that users gave it, its title or label, else its key."""
        if node in self.names or node not in self.graph:
            return self.names.get(node, str(node[1]))
        attributes = self.graph.nodes[node]
        return str(attributes.get("title") or attributes.get("display_name") or attributes.get("label") or node[1])

    def called_by_key(self, kind: str, key: str) -> str:
        """Give what people call a node of which only kind and key, or id, are known."""
        nodes = (Entity(kind, key), Record(kind, key))
        return next((self.called(node) for node in nodes if node in self.graph), key)

    def said(self, node: Node) -> str:
        """Give all that is noted on a node, in one line."""
        return "; ".join(filter(None, [self.notes.get(node), *(one.text for one in self.case_notes.on.get(node, ()))]))

    def model(self, kinds: Mapping[str, int], size: tuple[int, int]) -> GraphTraces:
        """Give the traces of the drawing: `kinds` counts the nodes of the whole graph, `size` is in pixels."""
        badges: dict[Node, str] = dict.fromkeys(self.pinned, "⌖")
        for node in dict.fromkeys((*self.notes, *self.case_notes.on)):
            badges[node] = f"{badges.get(node, '')}✎"
        extras = Extras(
            names=self.names,
            badges=badges,
            link_badges=dict.fromkeys(self.case_notes.links, "✎"),
            is_link_drawn=self.filters.passes_link,
            path=[pair for way in self.paths for pair in pairwise(way)],
            edge_labels=self.edge_labels,
            counts_hidden=True,
            off=self.filters.kinds_off,
            kinds=kinds,
            time_axis=self.layout == "time",
            facts=self.facts,
        )
        positions = self.positions
        wanted = dict.fromkeys((*self.nodes, *(node for way in self.paths for node in way)))
        marked = [node for node in wanted if node in positions]
        return graph_traces(self.graph, positions, highlight=marked or None, size=size, extras=extras)


def started(g: nx.MultiDiGraph, current: Node | None, frames: Mapping[str, pd.DataFrame]) -> State:
    """Give the state in which an explorer opens."""
    nodes = () if current is None else (current,)
    facts = NodeFacts(g)
    drawn = first_nodes(g, current, facts=facts)
    return placed(State(graph=g, drawn=drawn, nodes=nodes, current=current, frames=frames, facts=facts))


def reopened(state: State, notes: Sequence[Note], actions: Iterable[Mapping[str, Any]]) -> State:
    """Give a state with the notes of a case that was opened again, and with what its pivots asked.

    Parameters
    ----------
    state : State
    notes : sequence of Note
        Those that stand, oldest first.
    actions : iterable of mappings
        What was done in the case.
    """
    own = own_notes(state.graph, notes)
    mine = {note.note_id for note in own.values()}
    before = asked_before(state.graph, actions)
    windows: dict[Entity, frozenset[str]] = {}
    for node, window in before:
        windows[node] = windows.get(node, frozenset()) | {window}
    return replace(
        state,
        notes={node: note.text for node, note in own.items()},
        noted={node: note.written for node, note in own.items()},
        origins={node: (note,) for node, note in own.items()},
        case_notes=placed_notes(state.graph, [note for note in notes if note.note_id not in mine]),
        pivoted=windows,
        asked_before=before,
    )


def placed(state: State) -> State:
    """Give every drawn node a place in the current layout; what has one keeps it."""
    known = state.places.get(state.layout, {})
    kept = [node for node in state.drawn if node in state.graph]
    if all(node in known for node in kept) and state.layout in state.places:
        return replace(state, drawn=frozenset(kept))
    part = state.graph.subgraph(kept)
    new = _placing(state)(part, {node: known[node] for node in kept if node in known})
    return replace(state, drawn=frozenset(kept), places={**state.places, state.layout: {**known, **new}})


def _placing(state: State) -> Placing:
    if state.layout == "time":
        return lambda g, fixed: time_layout(g, fixed=fixed)
    return partial(_on_rings, state.seed) if state.layout == "rings" else force


def _on_rings(seed: Node | None, g: nx.MultiDiGraph, fixed: Places) -> dict[Node, tuple[float, float]]:
    return ring_layout(g, seed, fixed=fixed)


def selected(state: State, nodes: Iterable[Node], current: Node | None) -> State:
    """Select nodes; what of them is not drawn is drawn, an alert or another record with all that it names."""
    inside = tuple(node for node in dict.fromkeys(nodes) if node in state.graph)
    if current not in inside:
        current = inside[-1] if inside else None
    state = replace(state, nodes=inside, current=current, hidden=state.hidden.difference(inside))
    if current is not None and (current not in state.drawn or not isinstance(current, Entity)):
        state = revealed(state, current, linked_by(state.graph, current))
    missing = [node for node in inside if node not in state.drawn][:BUDGET]
    return revealed(state, current, missing) if current is not None and missing else state


def revealed(state: State, around: Node, wanted: Iterable[Node]) -> State:
    """Draw nodes, as far as there is room."""
    kept = state.pinned | set(state.nodes[-BUDGET:])
    drawn = with_more(state.graph, state.drawn, wanted, around=around, kept=kept, facts=state.facts)
    return placed(replace(state, drawn=drawn))


def expanded(state: State, node: Node, relation: str | None) -> State:
    """Draw what is linked to a node."""
    near = linked_by(state.graph, node, relation)
    state = replace(state, hidden=state.hidden - near)
    return revealed(state, node, near)


def collapsed(state: State, node: Node, relation: str | None) -> State:
    """Stop drawing what hangs at a node only."""
    kept = state.pinned | set(state.nodes)
    near = linked_by(state.graph, node, relation)
    return replace(state, drawn=without_leaves(state.graph, state.drawn, node, near, kept=kept))


def around(state: State, node: Node, *, hops: int, through_hubs: bool) -> State:
    """Draw a node's neighbourhood, what is pinned, and nothing else."""
    near, not_walked = nodes_around(state.graph, node, hops=hops, through_hubs=through_hubs)
    pinned = frozenset(one for one in state.pinned if one in state.graph)
    base = replace(state, drawn=pinned, not_walked=tuple(stop["sentence"] for stop in not_walked))
    return revealed(base, node, near)


def arranged(state: State, layout: str) -> State:
    """Draw in another layout; rings are made anew around the current node."""
    places = dict(state.places)
    seed = state.seed
    if layout == "rings" and (state.current != seed or "rings" not in places):
        seed = state.current
        places.pop("rings", None)
    return placed(replace(state, layout=layout, seed=seed, places=places))


def grown(state: State, g: nx.MultiDiGraph, entity: Entity, also: Iterable[Node]) -> tuple[State, Entity]:
    """Go over to a larger graph: what is known there under a stronger key keeps its place and all that users did.

    Returns
    -------
    state, entity
        The entity by its key in the larger graph.
    """
    new_keys = {}
    mentioned = {*state.drawn, *state.pinned, *state.hidden, *state.names, *state.notes, *state.nodes, entity}
    mentioned |= {node for standing in state.places.values() for node in standing} | {*state.pivoted, *state.origins}
    mentioned |= {*state.noted, *(node for node, _ in state.asked_before)}
    mentioned |= {node for way in state.paths for node in way} | ({state.seed} if state.seed else set())
    for node in mentioned:
        if node not in g and isinstance(node, Entity):
            try:
                new_keys[node] = find_entity(g, node)
            except (AmbiguousEntityError, EntityNotFoundError):
                continue

    def now(node: Any) -> Any:
        return new_keys.get(node, node)

    state = replace(
        state,
        graph=g,
        facts=NodeFacts(g),
        drawn=frozenset(map(now, state.drawn)),
        places={name: {now(n): at for n, at in standing.items()} for name, standing in state.places.items()},
        seed=now(state.seed),
        nodes=(nodes := tuple(node for node in dict.fromkeys(map(now, state.nodes)) if node in g)),
        current=now(state.current) if now(state.current) in nodes else None,
        pinned=frozenset(map(now, state.pinned)),
        hidden=frozenset(map(now, state.hidden)),
        names={now(n): name for n, name in state.names.items()},
        notes=_together(state.notes, now, "; ".join),
        noted=_together(state.noted, now, max),
        origins=_together(state.origins, now, lambda several: tuple(one for some in several for one in some)),
        case_notes=placed_notes(g, state.case_notes.notes),
        paths=tuple(tuple(map(now, way)) for way in state.paths),
        pivoted={now(n): windows for n, windows in state.pivoted.items()},
        unfinished={(now(n), window): found for (n, window), found in state.unfinished.items()},
        asked_before={(now(n), window): one for (n, window), one in state.asked_before.items()},
    )
    entity = now(entity)
    if entity not in g:  # nothing that came names it
        return state, entity
    return revealed(state, entity, {*linked_by(g, entity), *(now(node) for node in also if now(node) in g)}), entity


def _together(values: Mapping[Node, Any], now: Callable[[Node], Node], joined: Callable[[list[Any]], Any]) -> Any:
    """Give values by the nodes' keys of today; of nodes that have become one, all of them as one."""
    by_node: dict[Node, list[Any]] = {}
    for node, value in values.items():
        by_node.setdefault(now(node), []).append(value)
    return {node: some[0] if len(some) == 1 else joined(some) for node, some in by_node.items()}


def found(g: nx.MultiDiGraph, entity: Entity | Record | str) -> Node:
    """Find the node that is meant.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    entity : Entity, Record or str
        An entity may be given by a weaker or former key; text is looked up with ``find_entity``.

    Returns
    -------
    Entity or Record

    Raises
    ------
    UsageError
        It is no node, or a record that the graph does not hold.
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by it, or several do.
    """
    if isinstance(entity, (Entity, str)) and entity not in g:
        return find_entity(g, entity)
    if not isinstance(entity, (Entity, Record)):
        raise UsageError(f"give an Entity, a Record or a name, not {type(entity).__name__}")
    if entity not in g:
        raise UsageError(f"{entity!r:.200} is not in this entity graph")
    return entity

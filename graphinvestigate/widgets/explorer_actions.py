"""What can be done in an explorer: each action is a method, one step that can be undone, and one line of code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import networkx as nx

from graphinvestigate import linking
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.graph_filter import Filters
from graphinvestigate.views.graph_model import TRACE_KINDS
from graphinvestigate.views.style import SEVERITIES
from graphinvestigate.views.times import utc_text
from graphinvestigate.wanted import in_order
from graphinvestigate.widgets import explorer_state as states
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.explorer_view import ExplorerView
from graphinvestigate.widgets.picker_code import names_of


@each_in_turn(turn_of)
class ExplorerActions(ExplorerView):
    """Selecting, drawing, filtering, naming and paths."""

    # ---- selecting and drawing ------------------------------------------------------------------------------

    def select(self, *entities: Entity | Record | str) -> None:
        """Select nodes, as clicks on them do (with Shift or Ctrl: several); without any, select nothing.

        Parameters
        ----------
        *entities : Entity, Record or str
            Nodes of ``explorer.graph``; text is looked up with ``find_entity``. The last one becomes current.
        """
        nodes = [self._node(entity) for entity in entities]
        self._step("select", lambda state: states.selected(state, nodes, nodes[-1] if nodes else None), *nodes)

    def expand(self, entity: Entity | Record | str | None = None, *, relation: str | None = None) -> None:
        """Draw what is linked to a node, as far as there is room.

        Parameters
        ----------
        entity : Entity, Record or str, optional
            The selected node if not given.
        relation : str, optional
            Only what is linked by this relation.
        """
        node = self._node_or_selected(entity)
        self._check_relations(() if relation is None else (relation,))
        self._step("expand", lambda state: states.expanded(state, node, relation), node, relation=relation)

    def collapse(self, entity: Entity | Record | str | None = None, *, relation: str | None = None) -> None:
        """Stop drawing what hangs at a node only; what is pinned, selected or linked elsewhere stays.

        Parameters
        ----------
        entity : Entity, Record or str, optional
            The selected node if not given.
        relation : str, optional
            Only what is linked by this relation.
        """
        node = self._node_or_selected(entity)
        self._check_relations(() if relation is None else (relation,))
        self._step("collapse", lambda state: states.collapsed(state, node, relation), node, relation=relation)

    def neighborhood(
        self, entity: Entity | Record | str | None = None, *, hops: int = 1, through_hubs: bool = False
    ) -> None:
        """Draw a node's neighbourhood and what is pinned, and nothing else.

        Parameters
        ----------
        entity : Entity, Record or str, optional
            The selected node if not given.
        hops : int
            How many links away.
        through_hubs : bool
            Walk on through what everybody shares, such as a NAT address.
        """
        node = self._node_or_selected(entity)
        self._step(
            "neighborhood",
            lambda state: states.around(state, node, hops=hops, through_hubs=through_hubs),
            node,
            hops=hops,
            through_hubs=through_hubs,
        )
        if self._state.not_walked:
            self._messages.say(" ".join(("Not walked through:", *self._state.not_walked[:3])))

    def hide(self, entity: Entity | Record | str | None = None) -> None:
        """Draw a node no more, until it is shown again."""
        node = self._node_or_selected(entity)

        def hidden(state: State) -> State:
            left = tuple(one for one in state.nodes if one != node)
            current = state.current if state.current != node else (left[-1] if left else None)
            return replace(state, hidden=state.hidden | {node}, nodes=left, current=current)

        self._step("hide", hidden, node)

    def show(self, *entities: Entity | Record | str) -> None:
        """Draw nodes that were hidden or left out; without any, show all that was hidden."""
        nodes = [self._node(entity) for entity in entities]

        def shown(state: State) -> State:
            state = replace(state, hidden=state.hidden.difference(nodes) if nodes else frozenset())
            return states.revealed(state, nodes[0], nodes) if nodes else state

        self._step("show", shown, *nodes)

    def pin(self, entity: Entity | Record | str | None = None) -> None:
        """Keep a node drawn, whatever filters and neighbourhoods leave out."""
        node = self._node_or_selected(entity)
        self._step("pin", lambda state: states.revealed(replace(state, pinned=state.pinned | {node}), node, ()), node)

    def unpin(self, entity: Entity | Record | str | None = None) -> None:
        """Let a pinned node go with the others."""
        node = self._node_or_selected(entity)
        self._step("unpin", lambda state: replace(state, pinned=state.pinned - {node}), node)

    def arrange(self, layout: str) -> None:
        """Lay the graph out anew; each layout keeps its own places, and none ever moves a node.

        Parameters
        ----------
        layout : {"force", "time", "rings"}
            By the forces of the links, by time in one band per kind, or on rings around the selected node.
        """
        if layout not in states.LAYOUTS:
            raise UsageError(f"layout is one of {', '.join(states.LAYOUTS)}, not {layout!r}")
        self._step("arrange", lambda state: states.arranged(state, layout), layout=layout)

    def label_links(self, on: bool = True) -> None:
        """Write relations beside the links of what is selected (beside all, where they are few)."""
        self._step("label_links", lambda state: replace(state, edge_labels=bool(on)), on=bool(on))

    # ---- what users say about nodes -------------------------------------------------------------------------

    def rename(self, entity: Entity | Record | str | None = None, *, name: str) -> None:
        """Call a node by another name, here only; an empty name gives it back its own."""
        node = self._node_or_selected(entity)
        _check_words(name, "name")
        names = {one: old for one, old in self._state.names.items() if one != node}
        names |= {node: name.strip()} if name.strip() else {}
        self._step("rename", lambda state: replace(state, names=names), node, name=name)

    def note(self, entity: Entity | Record | str | None = None, *, words: str) -> None:
        """Keep a note with a node; an empty one takes it away."""
        node = self._node_or_selected(entity)
        _check_words(words, "words")
        notes = {one: old for one, old in self._state.notes.items() if one != node}
        notes |= {node: words.strip()} if words.strip() else {}
        noted = {**self._state.noted, node: self._history.moment()}
        self._step("note", lambda state: replace(state, notes=notes, noted=noted), node, words=words)

    def merge(self, a: Entity | str, b: Entity | str, *, reason: str) -> None:
        """Say that two entities are one, whatever the records say.

        Parameters
        ----------
        a, b : Entity or str
            Two of one kind.
        reason : str
            Why: it stands in the log, and as a note with the entity.
        """
        first, second = self._two_entities(a, b)
        g = self._state.graph
        merges = [*g.graph.get("merges", ()), (first, second)]
        self._relink("merge", linking.with_overrides(g, merges=merges), first, second, reason=reason)

    def split(self, entity: Entity | str | None = None, *, identifier: str, reason: str) -> None:
        """Say that an identifier belongs to somebody else than the entity that it is taken for.

        Parameters
        ----------
        entity : Entity or str, optional
            The selected one if not given.
        identifier : str
            One of its identifiers, ``type=value``.
        reason : str
            Why: it stands in the log, and as a note with the entity.
        """
        node = self._node_or_selected(entity)
        if not isinstance(node, Entity):
            raise UsageError("only an entity, such as a user or a host, can be split")
        g = self._state.graph
        known = list(g.nodes[node]["identifiers"])
        if identifier not in known:
            raise UsageError(f"{identifier!r:.200} is none of its identifiers: {', '.join(known)}")
        main = next((one for one in known if one != identifier and one.partition("=")[2] == node.key), None)
        main = main or next((one for one in known if one != identifier), None)
        if main is None:
            raise UsageError("it is known by one identifier only: there is nothing to split")
        splits = [*g.graph.get("splits", ()), (main, identifier)]
        again = linking.with_overrides(g, splits=splits)
        self._relink("split", again, node, identifier=identifier, reason=reason)

    def _two_entities(self, a: Entity | str, b: Entity | str) -> tuple[Entity, Entity]:
        first, second = self._node(a), self._node(b)
        if not (isinstance(first, Entity) and isinstance(second, Entity)) or first.kind != second.kind:
            raise UsageError("only two entities of one kind can be one: two users, two hosts …")
        if first == second:
            raise UsageError("they are one already")
        return first, second

    def _relink(self, action: str, g: nx.MultiDiGraph, *nodes: Entity, reason: str, **options: Any) -> None:
        """Go over to a graph with other joins, and keep the reason with the entity."""
        if not reason.strip():
            raise UsageError("give the reason: others will want to know why")

        def relinked(state: State) -> State:
            state, node = states.grown(state, g, nodes[0], ())
            said = [*filter(None, [state.notes.get(node)]), f"{action}: {reason.strip()}"]
            notes, noted = {**state.notes, node: "; ".join(said)}, {**state.noted, node: self._history.moment()}
            return replace(state, nodes=(node,), current=node, notes=notes, noted=noted)

        self._step(action, relinked, *nodes, **options, reason=reason)

    # ---- filters --------------------------------------------------------------------------------------------

    def filter(
        self,
        *,
        kinds_off: Iterable[str] = (),
        relations_off: Iterable[str] = (),
        severity: str = "",
        text: str = "",
        since: str | datetime | None = None,
        until: str | datetime | None = None,
    ) -> None:
        """Show only some of what is drawn, in graph, timeline and table; without arguments, all.

        Parameters
        ----------
        kinds_off, relations_off : iterable of str
            Kinds and relations that are not shown.
        severity : {"", "low", "medium", "high"}
            Records known to be less severe are not shown.
        text : str
            Words of names and ids, in any order and case; what is linked to what has them stays too.
        since, until : str or datetime, optional
            An ISO time with its zone, or an aware datetime.
        """
        _check_words(text, "text")
        filters = Filters(
            frozenset(names_of(kinds_off)),
            frozenset(names_of(relations_off)),
            severity,
            text,
            utc_text(since, "since"),
            utc_text(until, "until"),
        )
        self._apply_filters(filters, replaces=False)

    def _filter_by(self, *, replaces: bool = False, **changes: Any) -> None:
        """Change one of the filters."""
        for name in ("kinds_off", "relations_off"):
            if name in changes:
                changes[name] = frozenset(changes[name])
        self._apply_filters(replace(self._state.filters, **changes), replaces=replaces)

    def _apply_filters(self, filters: Filters, *, replaces: bool) -> None:
        if unknown := filters.kinds_off.difference(TRACE_KINDS):
            raise UsageError(f"no kind is called {min(unknown)!r}: there are {', '.join(TRACE_KINDS)}")
        if filters.severity and filters.severity not in SEVERITIES:
            raise UsageError(f"severity is one of {', '.join(SEVERITIES)}, not {filters.severity!r}")
        in_order(*(datetime.fromisoformat(one) if one else None for one in (filters.since, filters.until)))
        self._check_relations(filters.relations_off)
        said = {
            "kinds_off": sorted(filters.kinds_off),
            "relations_off": sorted(filters.relations_off),
            "severity": filters.severity,
            "text": filters.text,
            "since": filters.since or None,
            "until": filters.until or None,
        }
        said = {name: value for name, value in said.items() if value}
        self._step("filter", lambda state: replace(state, filters=filters), replaces=replaces, **said)

    def _check_relations(self, relations: Iterable[str]) -> None:
        known = self._known().relations
        for relation in relations:
            if relation not in known:
                raise UsageError(f"no link of this graph is called {relation!r}: there are {', '.join(sorted(known))}")

    # ---- paths ----------------------------------------------------------------------------------------------

    def find_paths(
        self,
        entity: Entity | Record | str | None = None,
        to: Entity | Record | str | None = None,
        *,
        k: int = 3,
        through_hubs: bool = False,
    ) -> linking.Paths:
        """Bring out the ways between two nodes, with one sentence per hop.

        Parameters
        ----------
        entity, to : Entity, Record or str, optional
            From where to where. The selected node, or the two that are selected, if not given.
        k : int
            At most so many ways.
        through_hubs : bool
            Walk on through what everybody shares, such as a NAT address.

        Returns
        -------
        Paths
            As ``gi.paths`` gives them; where there is none, its ``reason`` stands in the explorer.
        """
        nodes = self._state.nodes
        if entity is None and to is None and len(nodes) == 2:
            first, last = nodes
        elif to is None:
            raise UsageError("say where the path shall lead: select two nodes, or give the other end")
        else:
            first, last = self._node_or_selected(entity), self._node(to)
        found = linking.paths(self.graph, first, last, k=k, through_hubs=through_hubs)
        if not found:
            self._messages.say(f"No path: {found.reason}.")
            return found
        ways = tuple(way.nodes for way in found)
        members = {node for way in ways for node in way}

        def with_paths(state: State) -> State:
            state = replace(state, paths=ways, hidden=state.hidden - members, nodes=(first, last), current=last)
            return states.revealed(state, first, members)

        self._step("find_paths", with_paths, first, last, k=k, through_hubs=through_hubs)
        return found

    def clear_paths(self) -> None:
        """Bring out no path."""
        self._step("clear_paths", lambda state: replace(state, paths=()))


def _check_words(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise UsageError(f"{name} takes text; got {value!r:.80}")

"""Pivots: asking Graph beside the page, stopping, keeping what came, going on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import EllipsisType
from typing import cast

import networkx as nx

from graphinvestigate import linking, pivots
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, StoppedError, UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.turns import each_in_turn, in_turn
from graphinvestigate.widgets import explorer_state as states
from graphinvestigate.widgets.background import Task
from graphinvestigate.widgets.canvas import merged_frames
from graphinvestigate.widgets.controls import TURN, turn_of
from graphinvestigate.widgets.coverage_words import counted, gap_words, gaps, source_words
from graphinvestigate.widgets.explorer_history import call
from graphinvestigate.widgets.explorer_plan import ExplorerPlan, named
from graphinvestigate.widgets.graph_facts import facts_of, make_ready
from graphinvestigate.widgets.safe import Safe, safe_html, show
from graphinvestigate.widgets.selection import Node

_TRIES = 3  # times that users may change the graph while what a pivot found is joined to it


@dataclass(frozen=True, slots=True)
class _Halted:
    """A pivot that was stopped: whom and how far back it asked, and what had come."""

    node: Entity
    window: str | None
    found: pivots.Pivot
    goes_on: bool = False
    """Whether it went on with one that is in the graph."""


@each_in_turn(turn_of, but=("pivot", "keep", "resume", "take_in"))
class ExplorerPivots(ExplorerPlan):
    """What the pivot button, Cancel, Keep and Go on do."""

    _client: GraphClient
    _halted: _Halted | None

    @property
    def stopped(self) -> pivots.Pivot | None:
        """What had come of the pivot that was cancelled last, until it is kept, gone on with, or another one ends.

        Its ``.partial`` holds, per source, the error whose ``.resume()`` gives the rest.
        """
        return None if self._halted is None else self._halted.found

    def pivot(self, entity: Entity | str | None = None, *, since: str | EllipsisType | None = ...) -> pivots.Pivot:
        """Ask Graph for everything that mentions an entity, as the pivot button does; graph and timeline grow.

        Parameters
        ----------
        entity : Entity or str, optional
            Whom to ask for; the selected entity if not given. The graph need not know it, if the text says by itself
            what it names: a user principal name, an address, a SHA-256, a link ….
        since : str or None, optional
            How far back; what the explorer shows if not given, None for all that Graph keeps.

        Returns
        -------
        Pivot
            What came: its frames, its coverage, and the new part of the graph.
        """
        with TURN:
            node, window = self._to_ask(entity, since)
            task = self._begin(node)
        try:
            found = task.run(self._asking(task, node, window))
            self._take_in(node, window, found, task)
        except BaseException as error:
            self._note_failure(node, window, error)
            raise
        finally:
            self._end()
        return found

    def cancel(self) -> None:
        """Stop the pivot that runs: at its next request, or at once if it waits. What came stays: see `stopped`."""
        if self._task is None:
            raise UsageError("no pivot is running")
        self._task.stop()
        self._say_progress("Stopping …")

    def keep(self) -> pivots.Pivot:
        """Take in what had come of the pivot that was cancelled, and ask for nothing more now; `resume` still can."""
        halted = self._halted_or_error()
        self._take_in(halted.node, halted.window, halted.found, goes_on=halted.goes_on)
        return halted.found

    def resume(self) -> pivots.Pivot:
        """Go on with the pivot that was cancelled, or broke off on the selected entity: only the rest is asked for.

        Returns
        -------
        Pivot
            All of it: what had come before, too.
        """
        with TURN:
            halted = self._unfinished_or_error()
            self._to_ask(halted.node, halted.window)
            task = self._begin(halted.node)
        try:
            found = task.run(self._going_on(task, halted))
            self._take_in(halted.node, halted.window, found, task, goes_on=True)
        except BaseException as error:
            self._note_failure(halted.node, halted.window, error)
            raise
        finally:
            self._end()
        return found

    def take_in(self, found: pivots.Pivot, *, since: str | None = None) -> None:
        """Take in what a pivot brought that was asked for elsewhere, such as in a cell; nothing is asked.

        Parameters
        ----------
        found : Pivot
            What `gi.pivot` or `pivot` returned.
        since : str or None
            How far back it asked.
        """
        if not isinstance(found, pivots.Pivot):
            raise UsageError(f"take_in takes what gi.pivot(…) returned, not {type(found).__name__}")
        with TURN:
            if self._task is not None:
                raise UsageError("a pivot is running: wait until it has ended, or cancel it")
        self._take_in(found.entity, since, found, goes_on=True)

    # ---- buttons: pages are answered meanwhile --------------------------------------------------------------

    def _start_pivot(self) -> None:
        node, window = self._to_ask(None, ...)
        task = self._begin(node)
        task.start(self._asking(task, node, window), lambda outcome: self._ended(task, node, window, outcome))

    def _start_resume(self) -> None:
        halted = self._unfinished_or_error()
        node, window = self._to_ask(halted.node, halted.window)
        task = self._begin(node)
        task.start(self._going_on(task, halted), lambda outcome: self._ended(task, node, window, outcome, goes_on=True))

    def _ended(
        self, task: Task[pivots.Pivot], node: Entity, window: str | None, outcome: Callable[[], pivots.Pivot], *,
        goes_on: bool = False,
    ) -> None:  # fmt: skip
        with self._messages.shown():  # in the thread that asked
            try:
                found = outcome()
                if task.stopped and found.to_come:
                    self._halt(_Halted(node, window, found, goes_on))
                else:
                    self._take_in(node, window, found, task, goes_on=goes_on)
            except Exception as error:
                self._note_failure(node, window, UsageError("stopped by its user") if task.stopped else error)
                if isinstance(error, StoppedError):
                    self._messages.say("The pivot was stopped before anything came; nothing has changed.")
                    return
                raise
            finally:
                self._end()

    @in_turn(turn_of)
    def _halt(self, halted: _Halted) -> None:
        self._halted = halted
        self._note_failure(halted.node, halted.window, UsageError("stopped by its user"))
        found = halted.found
        self._messages.say(
            f"The pivot on {self._label(halted.node)} was stopped; nothing has changed. {counted(found.frames)} had "
            f"come; not all of: {named(found.to_come)}. Keep what came, or go on with the rest."
        )

    # ---- asking ---------------------------------------------------------------------------------------------

    def _halted_or_error(self) -> _Halted:
        if self._halted is None:
            raise UsageError("no pivot was stopped half-way")
        return self._halted

    def _unfinished_or_error(self) -> _Halted:
        """Give what Go on goes on with: the cancelled pivot, else one on the selected entity, else the only one."""
        if self._halted is not None:
            return self._halted
        start, rests = self._pivots_at(), self._state.unfinished
        if (found := self._rest(start)) is not None and start is not None:
            return _Halted(start, self._since.value or None, found, goes_on=True)
        if len(rests) == 1:
            (node, window), found = next(iter(rests.items()))
            return _Halted(node, window or None, found, goes_on=True)
        if rests:
            raise UsageError(f"several pivots broke off: select one of {', '.join(self._label(n) for n, _ in rests)}")
        raise UsageError("no pivot was stopped half-way, and none broke off: explorer.pivot(…) asks for all of it")

    def _to_ask(self, entity: Entity | str | None, since: str | EllipsisType | None) -> tuple[Entity, str | None]:
        node = self._pivots_at() if entity is None else self._known_or_named(entity)
        if node is None and self._state.current is None:
            raise UsageError("nothing is selected: click a node, or name an entity")
        if not isinstance(node, Entity):
            raise UsageError("a pivot starts at an entity, such as a user, a host or an address: select one")
        if self._task is not None:
            raise UsageError("a pivot is running: wait until it has ended, or cancel it")
        return node, (self._since.value or None) if isinstance(since, EllipsisType) else since

    def _known_or_named(self, entity: Entity | Record | str) -> Node:
        try:
            return self._node(entity)
        except EntityNotFoundError as unknown:
            if not isinstance(entity, str):
                return entity
            try:
                return pivots.named_by(entity)
            except UsageError:
                raise unknown from None  # its near names help more
            except AmbiguousEntityError as several:
                choice = " or ".join(f"explorer.pivot(gi.{one!r})" for one in several.candidates)
                raise EntityNotFoundError(f"{unknown}. To ask Graph for it: {choice}", near=unknown.near) from None

    def _look_up(self, name: Node | str) -> None:
        """Select what the box names; what the graph does not know stands ready to be asked for."""
        if self._stranger is not None:  # whom it named before is not meant any more, whoever is now
            self._stranger = None
            self._show_plan()
        node = self._known_or_named(name)
        if node in self._state.graph:
            self.select(node)
        else:
            self._stranger = cast(Entity, node)
            self._show_plan()
        self._choice.value = ""

    def _asking(self, task: Task[pivots.Pivot], node: Entity, window: str | None) -> Callable[[], pivots.Pivot]:
        g = self._state.graph

        def ask() -> pivots.Pivot:
            return pivots.pivot(
                self._client, node, g=g, since=window, on_step=lambda step: task.step(source_words(step.name))
            )

        return ask

    def _going_on(self, task: Task[pivots.Pivot], halted: _Halted) -> Callable[[], pivots.Pivot]:
        """Ask for the rest of what had begun, and for what had not; what is there already is not asked for again."""
        begun = halted.found.partial

        def tell(step: pivots.Step) -> None:
            task.step(f"{source_words(step.name)}{', the rest' if step.source in begun else ''}")

        return lambda: halted.found.resume(on_step=tell)

    def _begin(self, node: Entity) -> Task[pivots.Pivot]:
        self._task, self._asked_for = Task(self._client, self._say_progress), node
        self._progress = Safe("")
        self._show_plan()
        return self._task

    @in_turn(turn_of)
    def _end(self) -> None:
        self._task, self._asked_for = None, None
        self._show_plan()

    def _say_progress(self, words: str) -> None:
        """Say what the pivot does now, in whatever thread; nobody waits for a turn to say it."""
        self._progress = safe_html('<div class="gi-muted" role="status">Asking: {words}</div>', words=words)
        TURN.at_once(self._show_progress)

    def _show_progress(self) -> None:
        if self._task is not None:
            show(self._plan, self._progress)

    @in_turn(turn_of)
    def _note_failure(self, node: Entity, window: str | None, error: BaseException) -> None:
        entry = self._entry("pivot", node)
        self._history.note(entry | {"since": window, "error": f"{type(error).__name__}: {error}"})
        self._show_history()

    def _take_in(
        self, node: Entity, window: str | None, found: pivots.Pivot, task: Task[pivots.Pivot] | None = None, *,
        goes_on: bool = False,
    ) -> None:  # fmt: skip
        """Join what came to the graph, which takes long and so holds no turn; a graph that changed meanwhile, anew."""
        if task is not None:
            task.step("joining what came")
        for _ in range(_TRIES):
            if self._joins(node, window, found, goes_on=goes_on):
                return
        with TURN:
            self._joins(node, window, found, goes_on=goes_on)

    def _joins(self, node: Entity, window: str | None, found: pivots.Pivot, *, goes_on: bool) -> bool:
        base = self._state.graph
        g = linking.merge_graphs(base, found.graph)
        make_ready(g)  # a pivot may take its time; the paths and neighbourhoods after it may not
        known = facts_of(g)
        with TURN:
            if self._state.graph is not base:
                return False
            self._facts = (g, known)
            self._show_found(node, window, found, g, goes_on=goes_on)
        return True

    def _show_found(
        self, node: Entity, window: str | None, found: pivots.Pivot, g: nx.MultiDiGraph, *, goes_on: bool
    ) -> None:
        before, asked = self._state, node
        rows = {name: len(frame) for name, frame in found.frames.items()}
        new = g.number_of_nodes() - before.graph.number_of_nodes()
        state, node = states.grown(before, g, node, found.graph.nodes)
        if asked not in before.graph and node in g:
            state = states.selected(state, [node], node)
        place = (node, window or "")
        windows = state.pivoted.get(node, frozenset()) | {place[1]}
        unfinished = {key: rest for key, rest in state.unfinished.items() if key != place}
        first = state.unfinished.get(place) if goes_on else None
        part = {id(frame) for one in (first, found) if one is not None for frame in one.frames.values()}
        self._become(
            replace(
                state,
                pivoted={**state.pivoted, node: windows},
                unfinished=unfinished | ({place: found} if found.to_come else {}),
                asked_before={key: one for key, one in state.asked_before.items() if key != place},
                frames=merged_frames(state.frames, found.frames.values()),
                # What came before is in what came now.
                brought=(*(one for one in state.brought if id(one) not in part), *found.frames.values()),
                coverage=found.coverage,
            )
        )
        self._halted = None
        entry = self._entry("pivot", node) | {"since": window, "rows": rows, "new_nodes": new}
        entry |= {"goes_on": True} if goes_on else {}
        entry |= {"not_read": [*short]} if (short := gaps(found.coverage)) else {}
        said = node if asked in before.graph else asked
        written = partial(call, "pivot", said, since=window)
        self._history.push(entry, written, before, found=found, rest_of=first or found)
        self._show_history()
        self._show_plan()
        did = "Went on with the pivot on" if goes_on else "Pivot on"
        self._messages.say(
            f"{did} {self._label(node)}: {counted(found.frames)} came{' in all' if goes_on else ''}; the graph grew by "
            f"{new:,} node{'' if new == 1 else 's'}.",
            missing=gap_words(found.coverage, goes_on=bool(found.to_come)),
        )

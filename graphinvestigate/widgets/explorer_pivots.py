"""Pivots: asking Graph beside the page, stopping, keeping what came, going on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import EllipsisType
from typing import cast

import networkx as nx
import pandas as pd

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
from graphinvestigate.widgets.explorer_saving import ExplorerSaving
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


@each_in_turn(turn_of, but=("pivot", "keep", "resume"))
class ExplorerPivots(ExplorerSaving):
    """What the pivot button, Cancel, Keep and Go on do."""

    _client: GraphClient
    _task: Task[pivots.Pivot] | None
    _asked_for: Entity | None
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
        """Take in what had come of the pivot that was cancelled, and ask for nothing more."""
        halted = self._halted_or_error()
        self._take_in(halted.node, halted.window, halted.found)
        return halted.found

    def resume(self) -> pivots.Pivot:
        """Go on with the pivot that was cancelled: only what had not come is asked for."""
        with TURN:
            halted = self._halted_or_error()
            self._to_ask(halted.node, halted.window)
            task = self._begin(halted.node)
        try:
            found = task.run(self._going_on(task, halted))
            self._take_in(halted.node, halted.window, found, task)
        finally:
            self._end()
        return found

    # ---- buttons: pages are answered meanwhile --------------------------------------------------------------

    def _start_pivot(self) -> None:
        node, window = self._to_ask(None, ...)
        task = self._begin(node)
        task.start(self._asking(task, node, window), lambda outcome: self._ended(task, node, window, outcome))

    def _start_resume(self) -> None:
        halted = self._halted_or_error()
        node, window = self._to_ask(halted.node, halted.window)
        task = self._begin(node)
        task.start(self._going_on(task, halted), lambda outcome: self._ended(task, node, window, outcome))

    def _ended(
        self, task: Task[pivots.Pivot], node: Entity, window: str | None, outcome: Callable[[], pivots.Pivot]
    ) -> None:
        with self._messages.shown():  # in the thread that asked
            try:
                found = outcome()
                if task.stopped and (found.partial or found.unasked):
                    self._halt(node, window, found)
                else:
                    self._take_in(node, window, found, task)
            except Exception as error:
                self._note_failure(node, window, UsageError("stopped by its user") if task.stopped else error)
                if isinstance(error, StoppedError):
                    self._messages.say("The pivot was stopped before anything came; nothing has changed.")
                    return
                raise
            finally:
                self._end()

    @in_turn(turn_of)
    def _halt(self, node: Entity, window: str | None, found: pivots.Pivot) -> None:
        self._halted = _Halted(node, window, found)
        self._note_failure(node, window, UsageError("stopped by its user"))
        missing = ", ".join(source_words(name) for name in dict.fromkeys((*found.partial, *found.unasked)))
        self._messages.say(
            f"The pivot on {self._label(node)} was stopped; nothing has changed. {counted(found.frames)} had "
            f"come; not all of: {missing}. Keep what came, or go on with the rest."
        )

    # ---- asking ---------------------------------------------------------------------------------------------

    def _halted_or_error(self) -> _Halted:
        if self._halted is None:
            raise UsageError("no pivot was stopped half-way")
        return self._halted

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
        node = self._known_or_named(name)
        if node in self._state.graph:
            self.select(node)
        else:
            self._stranger = cast(Entity, node)
            self._show_plan()
        self._choice.value = ""

    def _asking(
        self, task: Task[pivots.Pivot], node: Entity, window: str | None,
        known: Callable[[], Mapping[str, pd.DataFrame]] = dict,
    ) -> Callable[[], pivots.Pivot]:  # fmt: skip
        g = self._state.graph

        def ask() -> pivots.Pivot:
            return pivots.pivot(
                self._client, node, g=g, since=window, known=known(),
                on_step=lambda step: task.step(source_words(step.name)),
            )  # fmt: skip

        return ask

    def _going_on(self, task: Task[pivots.Pivot], halted: _Halted) -> Callable[[], pivots.Pivot]:
        """Ask for the rest of what had begun, then for what had not; what is there already is not asked for again."""
        found = halted.found

        def known() -> dict[str, pd.DataFrame]:
            rest: dict[str, pd.DataFrame] = {}
            for source, error in found.partial.items():
                if error.resume is not None:
                    task.step(f"{source_words(source)}, the rest")
                    rest[source] = error.resume()
            whole = {name: frame for name, frame in found.frames.items() if name in pivots.SOURCES}
            return {name: frame for name, frame in whole.items() if name not in found.partial} | rest

        return self._asking(task, halted.node, halted.window, known)

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
        self, node: Entity, window: str | None, found: pivots.Pivot, task: Task[pivots.Pivot] | None = None
    ) -> None:
        """Join what came to the graph, which takes long and so holds no turn; a graph that changed meanwhile, anew."""
        if task is not None:
            task.step("joining what came")
        for _ in range(_TRIES):
            if self._joins(node, window, found):
                return
        with TURN:
            self._joins(node, window, found)

    def _joins(self, node: Entity, window: str | None, found: pivots.Pivot) -> bool:
        base = self._state.graph
        g = linking.merge_graphs(base, found.graph)
        make_ready(g)  # a pivot may take its time; the paths and neighbourhoods after it may not
        known = facts_of(g)
        with TURN:
            if self._state.graph is not base:
                return False
            self._facts = (g, known)
            self._show_found(node, window, found, g)
        return True

    def _show_found(self, node: Entity, window: str | None, found: pivots.Pivot, g: nx.MultiDiGraph) -> None:
        before, asked = self._state, node
        rows = {name: len(frame) for name, frame in found.frames.items()}
        new = g.number_of_nodes() - before.graph.number_of_nodes()
        state, node = states.grown(before, g, node, found.graph.nodes)
        if asked not in before.graph and node in g:
            state = states.selected(state, [node], node)
        windows = state.pivoted.get(node, frozenset()) | {window or ""}
        self._become(
            replace(
                state,
                pivoted={**state.pivoted, node: windows},
                frames=merged_frames(state.frames, found.frames.values()),
                brought=(*state.brought, *found.frames.values()),
                coverage=found.coverage,
            )
        )
        self._halted = None
        entry = self._entry("pivot", node) | {"since": window, "rows": rows, "new_nodes": new}
        entry |= {"not_read": [*short]} if (short := gaps(found.coverage)) else {}
        said = node if asked in before.graph else asked
        self._history.push(entry, partial(call, "pivot", said, since=window), before)
        self._show_history()
        self._show_plan()
        self._messages.say(
            f"Pivot on {self._label(node)}: {counted(found.frames)} came; the graph grew by {new} nodes.",
            missing=gap_words(found.coverage),
        )

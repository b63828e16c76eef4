"""An entity graph to walk through: select, see why things are linked, pivot, watch graph and timeline grow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import networkx as nx
import pandas as pd

from graphinvestigate import pivots
from graphinvestigate.client import GraphClient
from graphinvestigate.client.times import parse_time
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.notes import Note
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.graph_words import label_of
from graphinvestigate.widgets import explorer_state as states
from graphinvestigate.widgets.background import Task
from graphinvestigate.widgets.canvas import merged_frames
from graphinvestigate.widgets.case_notes import opened, read_notes
from graphinvestigate.widgets.controls import TURN, turn_of
from graphinvestigate.widgets.entity_grid import EntityGrid
from graphinvestigate.widgets.explorer_code import closing, opening
from graphinvestigate.widgets.explorer_pivots import ExplorerPivots
from graphinvestigate.widgets.explorer_words import left_out_table
from graphinvestigate.widgets.graph_facts import make_ready
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.selection import Selection
from graphinvestigate.widgets.step_words import step_words
from graphinvestigate.widgets.timeline_view import TimelineView


class Kept(NamedTuple):
    """What a case keeps of an explorer: of two looks, the one of the higher edition is the later."""

    graph: nx.MultiDiGraph
    frames: list[pd.DataFrame]
    log: list[dict[str, Any]]
    notes: dict[Entity | Record, str]
    noted: dict[Entity | Record, str]
    origins: dict[Entity | Record, tuple[Note, ...]]
    edition: int


@each_in_turn(turn_of, but=("__init__",))  # its records and graph are read before its turn
class EntityExplorer(ExplorerPivots):
    """An entity graph, its timeline, and what is known of the selected node; pivots ask Graph for more.

    Everything that its buttons, clicks and keys do is a method here. Each action makes one step that can be undone,
    one entry of the log and one line of ``to_code()``; an action that fails leaves everything as it was.

    Parameters
    ----------
    client : GraphClient
        Where pivots ask.
    g : networkx.MultiDiGraph
        What ``entity_graph`` returned. It is not changed: ``explorer.graph`` is what it grew to.
    selected : Entity, Record or str, optional
        What is selected first; text is looked up with ``find_entity``.
    picker : AlertPicker, optional
        Share its selection: an alert picked there is selected here, and the other way round. Its alerts stand
        on the timeline.
    frames : sequence of pandas.DataFrame
        More records for the timeline.
    since : str or None
        How far back pivots ask; users can change it.
    case : Case, optional
        A case that was opened again: its notes stand on the nodes and links of ``g`` where they were made, and what
        its pivots asked is known. ``case.add(explorer)`` doubles none of them.

    Attributes
    ----------
    graph : networkx.MultiDiGraph
        The entity graph with everything that pivots added.
    selected : Entity, Record or None
        What is selected; of several, the current one.
    drawn : list of Entity or Record
        What the drawing shows now.
    left_out : DataFrame
        What it does not show, and why.
    frames : list of DataFrame
        What pivots brought: the records behind what the graph grew by.
    log : list of dict
        What was done, oldest first, as plain values; ``at`` is when, in UTC.
    notes : dict of Entity or Record to str
        What was noted on nodes in explorers: here, and in the case it was opened with.
    selection : Selection
        What is selected, shared with the picker.
    timeline : TimelineView
        Its timeline.
    entities : EntityGrid
        Its table of entities.

    Raises
    ------
    UsageError
        When ``g`` is no entity graph, or ``case`` no case.
    """

    def __init__(
        self,
        client: GraphClient,
        g: nx.MultiDiGraph,
        *,
        selected: Entity | Record | str | None = None,
        picker: AlertPicker | None = None,
        frames: Sequence[pd.DataFrame] = (),
        since: str | None = "30d",
        case: Any = None,
    ) -> None:
        if not isinstance(g, nx.MultiDiGraph):
            raise UsageError(f"EntityExplorer shows what entity_graph(…) returned, not {type(g).__name__}")
        now = datetime.now(UTC)
        parse_time(since, now=now, latest=now + timedelta(days=1))  # refused here, not when it is asked
        if not isinstance(frames, Sequence) or not all(isinstance(frame, pd.DataFrame) for frame in frames):
            raise UsageError(f"frames takes a list of DataFrames, not {type(frames).__name__}: frames=[sign_ins]")
        if picker is not None and not isinstance(picker, AlertPicker):
            raise UsageError(f"picker is an AlertPicker, not {type(picker).__name__}")
        kept = None if case is None else opened(case)
        notes = [] if kept is None else read_notes(kept.notes)  # a case has a turn of its own
        actions = [] if kept is None else kept.actions
        make_ready(g)  # better now than at the first neighbourhood or path
        self._client, self._picker, self._has_frames = client, picker, len(frames) > 0
        self._has_case = kept is not None
        self._task: Task[pivots.Pivot] | None = None
        self._asked_for: Entity | None = None
        self._stranger: Entity | None = None
        self._halted = None
        with TURN:
            self.selection = picker.selection if picker is not None else Selection()
            self.selection.label_of = lambda node: label_of(g, node) if node in g else None
            if selected is not None:
                self.selection.select(states.found(g, selected))
            inside = tuple(node for node in self.selection.nodes if node in g)
            current = self.selection.node if self.selection.node in g else None
            shown = merged_frames({}, [*([picker.alerts] if picker is not None else []), *frames])
            super().__init__(states.reopened(states.started(g, current, shown), notes, actions), since=since)
            self.selection.label_of = lambda node: self._state.called(node) if node in self.graph else None
            if len(inside) > 1:
                self._on_selection()
            self.selection.observe(self._on_selection, names="edition")
            self.selection.observe(self._on_time_range, names="time_range")

    # ---- what it holds --------------------------------------------------------------------------------------

    @property
    def graph(self) -> nx.MultiDiGraph:
        """The entity graph with everything that pivots added."""
        return self._state.graph

    @property
    def selected(self) -> Entity | Record | None:
        """What is selected, if this graph holds it; of several nodes the current one."""
        return self._state.current

    @property
    def drawn(self) -> list[Entity | Record]:
        """What the drawing shows now: what passes the filters and is not hidden."""
        return list(self._state.positions)

    @property
    def left_out(self) -> pd.DataFrame:
        """What the drawing does not show: ``kind``, ``key``, ``label``, ``why``, the gravest and most linked first."""
        return left_out_table(self._state)

    @property
    def frames(self) -> list[pd.DataFrame]:
        """What pivots brought, oldest first: the records behind the part of the graph that grew."""
        return list(self._state.brought)

    @property
    def notes(self) -> dict[Entity | Record, str]:
        """What was noted on nodes: a copy."""
        return dict(self._state.notes)

    @property
    def log(self) -> list[dict[str, Any]]:  # in the place of a logger that ipywidgets itself never uses
        """What was done, oldest first, as plain values: a copy."""
        return self._history.log

    def at_one_moment(self) -> Kept:
        """Give graph, frames, log and notes as they belong together: a click may change them meanwhile.

        Returns
        -------
        Kept
        """
        state, done = self._state, self._history
        return Kept(
            state.graph, self.frames, done.log, dict(state.notes), dict(state.noted), dict(state.origins), done.edition
        )

    @property
    def entities(self) -> EntityGrid:
        """Its table of entities: it can be sorted and filtered by code as by its headers and its box."""
        return self._entities

    @property
    def timeline(self) -> TimelineView:
        """Its timeline: its lanes, time zone and window can be set by code as by its controls."""
        return self._timeline.widget

    # ---- steps back and forth -------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take back the last action: selection, drawing, filters, notes and what a pivot brought."""
        now = self._state
        step = self._history.undo(now)
        try:
            self._become(step.before)
        except Exception:
            self._history.redo(step.before)
            raise
        self._show_history()
        self._messages.say(f"Taken back: {step_words(step.entry)}")

    def redo(self) -> None:
        """Do again what was undone last; nothing is asked of Graph for it."""
        now = self._state
        after = self._history.redo(now)
        try:
            self._become(after)
        except Exception:
            self._history.undo(after)
            raise
        self._show_history()

    # ---- what it was ----------------------------------------------------------------------------------------

    def to_code(self) -> str:
        """Write the cells that lead from the opened explorer to what it shows now.

        Returns
        -------
        str
            Python that expects ``client`` and ``g``; where the explorer was given a picker ``alerts`` too, and where it
            was given frames or a case, ``frames`` or ``case``. Cells are separated by ``# %%``. It ends in the same
            graph, drawing, selection, filters, notes and paths, the same lanes, zone and window of the timeline, and
            the same filters and order of the picker. What was undone is not in it; of a pivot that was stopped or broke
            off it asks for all, and once.
        """
        return "\n".join(self._code_lines(short=False))

    def _code_lines(self, *, short: bool, workbench: bool = False, case_alone: bool = False) -> list[str]:
        picker, filters = self._picker, self._state.filters
        return [
            *opening(
                current=self._opened_at, since=self._since.value or None, picker=picker is not None,
                frames=self._has_frames, case=self._has_case, workbench=workbench, case_alone=case_alone,
            ),
            *self._history.lines(short=short),
            *closing(
                self.selection, self._state.nodes, self.timeline, self.entities, picker,
                timed=bool(filters.since or filters.until), span=self._span(),
            ),
            "explorer" if not workbench else "workbench",
            "",
        ]  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"<EntityExplorer: {self.graph.number_of_nodes()} nodes, {self.graph.number_of_edges()} links, "
            f"selected {self.selected!r}>"
        )

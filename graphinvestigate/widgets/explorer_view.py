"""What an explorer looks like: from one state to drawing, timeline, panes and controls, all in place."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ipywidgets
import pandas as pd

from graphinvestigate import text
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.views.graph_filter import NO_FILTERS, Filters
from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets import controls, twins
from graphinvestigate.widgets.canvas import HEIGHT, SIZE, GraphCanvas, TimelineCanvas
from graphinvestigate.widgets.coverage_words import coverage_table, coverage_title
from graphinvestigate.widgets.entity_grid import EntityGrid
from graphinvestigate.widgets.explorer_controls import WINDOWS, NodeBar, ViewBar, bar, button
from graphinvestigate.widgets.explorer_files import FORMATS, keeps_files
from graphinvestigate.widgets.explorer_filters import FilterBar
from graphinvestigate.widgets.explorer_history import History, call
from graphinvestigate.widgets.explorer_state import State, found
from graphinvestigate.widgets.explorer_words import left_out, path_words, what_is_known
from graphinvestigate.widgets.failures import Messages
from graphinvestigate.widgets.graph_facts import GraphFacts, facts_of
from graphinvestigate.widgets.picker import AlertPicker
from graphinvestigate.widgets.safe import Safe, join, pane, safe_html, show
from graphinvestigate.widgets.selection import Selection, Span
from graphinvestigate.widgets.shown import BUDGET, Node, hidden_by_relation
from graphinvestigate.widgets.step_words import log_lines
from graphinvestigate.widgets.style import SHEET
from graphinvestigate.widgets.waits import Waits

KEYS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape", "e", "c", "p", "h", "u", "r")
KEYS_HELP = (
    "In the drawing, arrow keys step from node to node, Enter pivots, e expands, c collapses, p pins, h hides, "
    "u undoes, r does again, Esc selects nothing; Shift and a click select one more."
)
GO_ON = "Ask for the rest of the stopped pivot"
_TABS = ("Log", "Entities", "Not shown", "Coverage", "Code")
Change = Callable[[State], State]
_NOTHING = safe_html(
    '<p class="gi-muted">{text}</p>',
    text="Click a node, pick an alert, or type a name above: what is known of it stands here.",
)


class ExplorerView(controls.VBox):
    """The explorer's widgets and the one way in which its state changes.

    Parameters
    ----------
    state : State
        What it shows first.
    since : str or None
        How far back pivots ask.
    """

    selection: Selection
    _picker: AlertPicker | None
    _halted: Any
    _stranger: Entity | None

    @abstractmethod
    def _code_lines(self, *, short: bool) -> list[str]:
        """Give the lines of code that lead to what it shows."""

    @abstractmethod
    def _show_plan(self) -> None:
        """Show what a pivot would ask."""

    def __init__(self, state: State, *, since: str | None) -> None:
        self._state = state
        self._opened_at = state.current
        self._history = History()
        self._messages = Messages()
        self._quiet = self._follows_span = False
        self._told_span: Span | None = None
        self._progress = Safe("")  # of the pivot that runs
        self._facts: tuple[Any, GraphFacts] = (state.graph, facts_of(state.graph))
        self._size = SIZE
        self._canvas = GraphCanvas(
            state.model(self._known().kinds, self._size),
            on_click=self._on_click,
            on_box=self._on_box,
            on_legend=self._on_legend,
            on_key=self._on_key,
            keys=KEYS,
            label=f"Entity graph. {KEYS_HELP}",
            on_size=self._on_size,
        )
        naming = None if self._picker is None else self._picker._queue.names.whom
        self._timeline = TimelineCanvas(state.frames, self.selection, naming=naming)
        super().__init__(children=self._build(since))
        self.add_class("gi-root")
        self.add_class("gi-steady")  # what is said above the drawing never moves it
        self._render()
        self._show_history()

    # ---- how the state changes ------------------------------------------------------------------------------

    def _step(self, action: str, change: Change, *nodes: Node, replaces: bool = False, **options: Any) -> None:
        """Do one action: all of it, or nothing."""
        before = self._state
        self._become(change(before))
        write = partial(call, action, *nodes, **options)
        self._history.push(self._entry(action, *nodes, **options), write, before, replaces=replaces)
        self._show_history()

    def _become(self, state: State) -> None:
        """Show another state; if that fails, go on showing the one before."""
        before = self._state
        self._state, self._stranger = state, None
        try:
            self._render()
            self._tell_selection()
        except BaseException:  # a cell that was interrupted, too
            self._state = before
            with contextlib.suppress(Exception):
                self._render()
                self._tell_selection()
            raise

    def _span(self) -> Span | None:
        return _span(self._state.filters, self._known().ends)

    def _tell_selection(self) -> None:
        state = self._state
        span, told = self._span(), self._told_span
        self._told_span = span
        # A window that another view set for all, and that is still to come here, is not taken back.
        if span != told and span != self.selection.time_range and not self._follows_span:
            self._quiet = True
            try:
                self.selection.set_time_range(*(span or (None, None)), by="explorer")
            finally:
                self._quiet = False
        inside = {node for node in self.selection.nodes if node in state.graph}
        if inside != set(state.nodes) or (inside and self.selection.node != state.current):
            self._quiet = True
            try:
                self.selection.select(*state.nodes, current=state.current, by="explorer")
            finally:
                self._quiet = False

    def _entry(self, action: str, *nodes: Node, **options: Any) -> dict[str, Any]:
        entry: dict[str, Any] = {"action": action}
        if nodes:
            node, g = nodes[-1], self._state.graph
            entry |= {
                "kind": node.kind,
                "key": node[1],
                "label": self._state.called(node) if node in g else node[1],
                "identifiers": list(g.nodes[node].get("identifiers") or ()) if node in g else [],
            }
        if len(nodes) > BUDGET:
            entry["selected"] = len(nodes)
        elif len(nodes) > 1:
            entry["with"] = [[node.kind, node[1]] for node in nodes[:-1]]
        return entry | {name: value for name, value in options.items() if value is not None}

    def _ask(self, method: str, *arguments: Any, **options: Any) -> bool:
        """Do what a control was used for and tell whether it was done; what goes wrong is shown, nothing changed."""
        done = False
        with self._messages.shown():
            try:
                getattr(self, method)(*arguments, **options)
                done = True
            except Exception:
                self._show_controls()  # they show what holds, not what was asked for
                raise
        return done

    # ---- names ----------------------------------------------------------------------------------------------

    def _node(self, entity: Any) -> Node:
        return found(self._state.graph, entity)

    def _node_or_selected(self, entity: Any) -> Node:
        if entity is None and self._state.current is None:
            raise UsageError("nothing is selected: click a node, or name an entity")
        return self._node(self._state.current if entity is None else entity)

    def _pivots_at(self) -> Entity | None:
        """Give where the button pivots: what the box named and the graph does not know, else the selected entity."""
        current = self._state.current
        return self._stranger or (current if isinstance(current, Entity) else None)

    def _label(self, node: Node) -> str:
        return f"{kind_word(node.kind)} {text.visible(self._state.called(node), 60)}"

    @property
    def _by_label(self) -> dict[str, Node]:
        return dict(self._known().names)

    def _known(self) -> GraphFacts:
        if self._facts[0] is not self._state.graph:
            self._facts = (self._state.graph, facts_of(self._state.graph))
        return self._facts[1]

    # ---- building -------------------------------------------------------------------------------------------

    def _build(self, since: str | None) -> list[ipywidgets.Widget]:
        self._head = pane(css_class="gi-head")
        self._choice = controls.Combobox(
            placeholder="Type a name, address or id …", continuous_update=False,
            layout=ipywidgets.Layout(width="280px"),
        )  # fmt: skip
        self._choice.observe(self._on_choice, names="value")
        chosen = since or ""
        windows = [*WINDOWS] if chosen in {value for _, value in WINDOWS} else [*WINDOWS, (f"since {chosen}", chosen)]
        self._since = controls.Dropdown(
            options=windows, value=chosen, tooltip="How far back a pivot asks", layout=ipywidgets.Layout(width="170px")
        )
        self._since.observe(lambda _: self._show_plan(), names="value")
        self._button = button("Pivot", "Ask Graph for all that mentions it", self._on_pivot, css_class="gi-pivot")
        self._again = button("Ask again", "Ask the same once more", lambda: self._ask("_start_pivot"))
        self._cancel = button("Cancel", "Stop asking; what came can be kept", lambda: self._ask("cancel"))
        self._keep = button("Keep what came", "Take in what the stopped pivot had brought", lambda: self._ask("keep"))
        self._go_on = button("Go on", GO_ON, lambda: self._ask("_start_resume"), css_class="gi-pivot")
        self._view_bar = ViewBar(self._ask, FORMATS, saves=keeps_files())
        self._filter_bar = FilterBar(self._ask)
        self._node_bar = NodeBar(self._ask)
        self._view_bar.filters.observe(self._on_filters, names="value")
        self._plan = pane(css_class="gi-plan")
        self._details = pane(css_class="gi-details")
        self._entities = EntityGrid(lambda nodes: self._ask("select", *nodes), self._messages)
        self._left_out = pane(css_class="gi-pane")
        self._coverage, self._lines = pane(css_class="gi-coverage"), pane(css_class="gi-log")
        self._code = pane(css_class="gi-code")
        right = controls.VBox(
            [self._node_bar.widget, self._details],
            layout=ipywidgets.Layout(flex="2 1 300px", min_width="0", height=f"{HEIGHT}px", overflow="auto"),
        )
        left = controls.VBox([self._canvas.widget], layout=ipywidgets.Layout(flex="5 1 560px", min_width="0"))
        self._tabs = controls.Tab(
            [self._lines, self._entities.widget, self._left_out, self._coverage, self._code], titles=_TABS
        )
        self._tabs.observe(lambda _: self._show_history(), names="selected_index")  # queue and timeline write code too
        return [
            pane(SHEET),
            self._head,
            bar(self._choice, self._since, self._button, self._again, self._cancel, self._keep, self._go_on),
            self._view_bar.widget,
            self._filter_bar.widget,
            self._plan,
            self._messages.widget,
            Waits(),
            controls.HBox([left, right], layout=ipywidgets.Layout(flex_flow="row wrap")),
            self._timeline.widget,
            self._tabs,
        ]

    def _on_size(self, size: tuple[int, int]) -> None:
        """Place the labels anew in the room that there is."""
        if size != self._size:
            self._size = size
            with self._messages.shown(keep=True):
                self._canvas.draw(self._state.model(self._known().kinds, size))

    def _on_filters(self, change: Any) -> None:
        self._filter_bar.widget.layout.display = "flex" if change["new"] else "none"

    # ---- state → widgets ------------------------------------------------------------------------------------

    def _render(self) -> None:
        state = self._state
        model = state.model(self._known().kinds, self._size)
        self._canvas.draw(model)
        self._timeline.show(state.frames, state.filters.since, state.filters.until)
        total, drawn = state.graph.number_of_nodes(), model.shown
        note = f"· {drawn} drawn, {total - drawn} not drawn: select one to bring it in" if total > drawn else ""
        show(
            self._head,
            safe_html(
                'Entity graph: {nodes} nodes, {links} links <span class="gi-muted">{note}</span>',
                nodes=total,
                links=state.facts.links,
                note=note,
            ),
        )
        self._show_details()
        self._entities.show(state)
        show(self._left_out, left_out(state, self._known().kinds))
        show(self._coverage, coverage_table(state.coverage, before=bool(state.asked_before)))
        self._tabs.titles = (*_TABS[:3], coverage_title(state.coverage), *_TABS[4:])
        names = tuple(self._known().names)
        if self._choice.options != names:
            self._choice.options = names
            self._node_bar.offer(self._known().names)
        self._show_controls()

    def _show_details(self) -> None:
        state = self._state
        parts = [path_words(state.graph, state.paths, state)] if state.paths else []
        if (node := state.current) is not None:
            parts.append(what_is_known(state, node))
        show(self._details, join(parts) if parts else _NOTHING)

    def _show_history(self) -> None:
        show(self._lines, log_lines(self._history.log, self._state.called_by_key))
        show(
            self._code, join(safe_html("<div>{line}</div>", line=line or " ") for line in self._code_lines(short=True))
        )
        self._show_view_bar()

    def _show_view_bar(self) -> None:
        state, done, undone = self._state, self._history.done, self._history.undone
        self._view_bar.show(
            layout=state.layout,
            labels=state.edge_labels,
            undo=str(done[-1].entry["action"]) if done else "",
            redo=str(undone[-1][0].entry["action"]) if undone else "",
            filtered=state.filters != NO_FILTERS,
        )

    def _show_controls(self) -> None:
        state, known, positions = self._state, self._known(), self._state.positions
        self._show_view_bar()
        self._filter_bar.show(state.filters, known.looks, known.relations, known.ends)
        relations = hidden_by_relation(state.graph, state.current, positions) if state.current else {}
        near = state.facts.near(state.current) if state.current else frozenset()
        is_entity = isinstance(state.current, Entity)
        identifiers = state.graph.nodes[state.current]["identifiers"] if is_entity else ()
        self._node_bar.show(
            has_node=state.current is not None,
            relations=relations,
            hidden=len(near - positions.keys()),
            total=len(near),
            pinned=state.current in state.pinned,
            two=state.nodes if _are_alike(state.nodes) else (),
            identifiers=identifiers,
            paths=bool(state.paths),
        )
        self._show_plan()

    # ---- what stays when the kernel is gone -----------------------------------------------------------------

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        html, words = twins.explorer(self._state, self._known().kinds, self._history.log)
        timeline, more = self._timeline.widget.twin()
        return twins.beside(super()._repr_mimebundle_(**kwargs), join([html, timeline]), f"{words}\n{more}")


def _span(filters: Filters, ends: tuple[str, str] | None) -> Span | None:
    """Give the window of the filters; what it leaves open ends where the records do."""
    if ends is None or not (filters.since or filters.until):
        return None
    first, last = (pd.Timestamp(time) for time in (filters.since or ends[0], filters.until or ends[1]))
    return first, max(first, last)


def _are_alike(nodes: Sequence[Node]) -> bool:
    """Tell whether these are two entities of one kind."""
    return len(nodes) == 2 and all(isinstance(node, Entity) for node in nodes) and nodes[0].kind == nodes[1].kind

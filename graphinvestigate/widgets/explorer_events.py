"""What users do with the explorer's drawing, its boxes and the shared selection, told as actions."""

from __future__ import annotations

import math
from typing import Any

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.views.graph_model import TRACE_KINDS
from graphinvestigate.views.times import utc_text
from graphinvestigate.widgets import explorer_state as states
from graphinvestigate.widgets.case_notes import note_html
from graphinvestigate.widgets.explorer_actions import ExplorerActions
from graphinvestigate.widgets.node_details import link_details
from graphinvestigate.widgets.safe import join, show
from graphinvestigate.widgets.shown import Node

_STEPS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}


class ExplorerEvents(ExplorerActions):
    """From clicks, boxes, legend entries and keys to actions."""

    def _on_click(self, clicked: Any, more: bool) -> None:
        with self._messages.shown():
            if not isinstance(clicked, (Entity, Record)):
                notes = join(note_html(note) for note in self._state.case_notes.links.get(frozenset(clicked), ()))
                show(self._details, link_details(self._state.graph, *clicked, notes=notes))
            elif clicked not in self._state.graph:
                raise UsageError("what you clicked is not in the graph any more: it was undone meanwhile")
            elif more:
                self.select(*self._state.nodes, clicked)
            else:
                self.select(clicked)

    def _on_box(self, nodes: list[Node], more: bool) -> None:
        kept = [*self._state.nodes, *nodes] if more else nodes
        self._ask("select", *[node for node in dict.fromkeys(kept) if node in self._state.graph])

    def _on_legend(self, kind: str, double: bool) -> None:
        off = self._state.filters.kinds_off
        others = frozenset(self._known().looks) - {kind}
        if double:
            self._ask("_filter_by", kinds_off=frozenset() if off >= others else others)
        else:
            self._ask("_filter_by", kinds_off=off ^ {kind} & set(TRACE_KINDS))

    def _on_key(self, key: str) -> None:
        if key in _STEPS:
            with self._messages.shown():
                self._walk(*_STEPS[key])
        elif key == "Escape":
            self._ask("select")
        elif key == "Enter":
            self._on_pivot()
        else:
            pinned = self._state.current in self._state.pinned
            methods = {"e": "expand", "c": "collapse", "h": "hide", "u": "undo", "r": "redo"}
            self._ask("unpin" if key == "p" and pinned else "pin" if key == "p" else methods[key])

    def _walk(self, right: int, up: int) -> None:
        """Select the nearest node in a direction."""
        places = self._state.positions
        here = self._state.current
        if here not in places:
            if places:
                self.select(min(places, key=lambda node: (-self._state.graph.degree(node), node)))
            return
        x, y = places[here]
        width, height = self._spans()

        def distance(node: Node) -> float:
            along = ((places[node][0] - x) * right / width) + ((places[node][1] - y) * up / height)
            across = ((places[node][0] - x) * up / width) + ((places[node][1] - y) * right / height)
            return math.inf if along <= 1e-9 or abs(across) > 1.5 * along else along + 2 * abs(across)

        best = min((node for node in places if node != here), key=lambda node: (distance(node), node), default=None)
        if best is not None and distance(best) < math.inf:
            self.select(best)

    def _spans(self) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self._canvas.ranges
        return x1 - x0, y1 - y0

    def _on_choice(self, change: Any) -> None:
        if name := change["new"].strip():
            self._ask("_look_up", self._known().names.get(name, name))

    def _write(self, method: str, words: str) -> None:
        """Name or note the selected node from the box, which never empties what stands there; what stood is said."""
        node = self._node_or_selected(None)
        before = (self._state.names if method == "rename" else self._state.notes).get(node, "")
        what, option = ("name", "name") if method == "rename" else ("note", "words")
        if not words.strip():
            end = f"; explorer.{method}({option}='') takes away the {what} that stands there" if before else ""
            raise UsageError(f"write the {what} into the box first{end}")
        getattr(self, method)(node, **{option: words})
        if before:
            self._messages.say(f"The {what} before was: {before}. Undo brings it back.")

    def _on_pivot(self) -> None:
        # A second click that was on its way while the first one's pivot ran must not ask twice.
        node = self._state.current
        done = isinstance(node, Entity) and self._since.value in self._state.pivoted.get(node, ())
        if self._task is None and not done:
            self._ask("_start_pivot")

    def _on_selection(self, _: Any = None) -> None:
        """Follow what other widgets select."""
        if self._quiet:
            return
        with self._messages.shown():
            chosen, current = self.selection.nodes, self.selection.node
            g = self._state.graph
            here = current if current in g else None
            inside = [node for node in chosen if node in g and node != current]
            ordered = [*inside, *([] if here is None else [here])]
            self._step("select", lambda state: states.selected(state, ordered, here), *ordered)
            if current is not None and here is None:
                raise UsageError(
                    f"{current.kind} {current[1]} is not in this entity graph: "
                    "build the graph from the same frame, entity_graph(alerts=alerts)"
                )

    def _on_time_range(self, _: Any = None) -> None:
        """Follow the window that another view sets for all."""
        if self._quiet:
            return
        span = self.selection.time_range
        since, until = (utc_text(time, "time") for time in span or (None, None))
        self._follows_span = True
        try:
            self._ask("_filter_by", replaces=True, since=since, until=until)
        finally:
            self._follows_span = False

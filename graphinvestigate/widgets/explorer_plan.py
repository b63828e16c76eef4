"""What a pivot will ask, what it asks now, and what of it did not come: the line below the buttons, and the buttons."""

from __future__ import annotations

from typing import Any

from graphinvestigate import pivots
from graphinvestigate.linking import Entity
from graphinvestigate.turns import each_in_turn
from graphinvestigate.views.style import kind_word
from graphinvestigate.widgets.background import Task
from graphinvestigate.widgets.controls import turn_of
from graphinvestigate.widgets.coverage_words import source_words
from graphinvestigate.widgets.explorer_controls import WINDOWS
from graphinvestigate.widgets.explorer_saving import ExplorerSaving
from graphinvestigate.widgets.explorer_view import GO_ON, KEYS_HELP
from graphinvestigate.widgets.safe import join, safe_html, show
from graphinvestigate.widgets.shown import Node
from graphinvestigate.widgets.step_words import plan

_STARTS = ("user", "host", "ip")
_FEW = 3


@each_in_turn(turn_of)
class ExplorerPlan(ExplorerSaving):
    """From what is selected, what runs and what broke off to the buttons and their line."""

    _task: Task[pivots.Pivot] | None
    _asked_for: Entity | None

    def _rest(self, start: Entity | None) -> pivots.Pivot | None:
        """Give the pivot on an entity, as far back as is chosen, of which some did not come but can be asked for."""
        return None if start is None else self._state.unfinished.get((start, self._since.value or ""))

    def _show_plan(self) -> None:
        start = self._pivots_at()
        busy = self._task is not None
        done = start is not None and self._since.value in self._state.pivoted.get(start, ())
        self._button.disabled = start is None or done or busy
        self._again.disabled = self._choice.disabled = self._since.disabled = busy
        self._again.layout.display = "inline-flex" if done and not busy else "none"
        self._cancel.layout.display = "inline-flex" if busy else "none"
        begun = self._halted is not None and self._halted.node == start
        self._button.button_style = "" if start is None or done or busy or begun else "primary"
        self._show_ways_on(start, busy=busy)
        if busy and self._asked_for is not None:
            self._button.description = f"Asking Graph about {self._label(self._asked_for)} …"
            show(self._plan, self._progress)
            return
        self._button.description = "Pivot" if start is None else f"Pivot on {self._label(start)}"
        if start is None:
            self._show_keys()
            return
        window = {value: name for name, value in WINDOWS}.get(self._since.value, f"since {self._since.value}")
        asks = [(step.name, step.sentence) for step in pivots.pivot_steps(start, g=self._state.graph)]
        new = f"{self._label(start)} is not in this graph yet: a pivot asks for it." if start == self._stranger else ""
        words = safe_html('<div role="status">{new}</div>', new=new)
        before = self._state.asked_before.get((start, self._since.value or ""))
        window += f", {before.at[:16].replace('T', ' ')} UTC in this case" if before is not None else ""
        show(self._plan, join([words, plan(asks, window=window, done=done, short=self._short(start))]))

    def _show_ways_on(self, start: Entity | None, *, busy: bool) -> None:
        """Offer to keep what came of a pivot that was stopped, and to go on with one that was stopped or broke off."""
        halted, rest = self._halted, self._rest(start)
        self._keep.layout.display = "inline-flex" if halted is not None and not busy else "none"
        self._go_on.layout.display = "inline-flex" if (halted or rest) is not None and not busy else "none"
        self._go_on.button_style = "primary" if (halted or rest) is not None else ""
        if halted is not None:
            self._go_on.tooltip = f"{GO_ON} on {self._label(halted.node)}"
        elif rest is not None:
            self._go_on.tooltip = f"Ask for what did not come: {named(rest.to_come)}; what came is kept"

    def _short(self, start: Entity) -> str:
        """Say what of a pivot's answer is not there, as long as it is not."""
        if (rest := self._rest(start)) is not None:
            return f"not all of it came: {named(rest.to_come)}; Go on asks for the rest"
        before = self._state.asked_before.get((start, self._since.value or ""))
        if before is None or not before.not_read:
            return ""
        return (
            f"not all of it came: {named(before.not_read)}; where it broke off is not kept with a case, so Ask again "
            "asks for all of it"
        )

    def _named_by(self, record: Node) -> str:
        """Name the first people, machines and addresses that a record is linked to: where a pivot may start."""
        near = [node for node in self._state.facts.near(record) if isinstance(node, Entity) and node.kind in _STARTS]
        near.sort(key=lambda node: (_STARTS.index(node.kind), self._state.called(node)))
        more = f" and {len(near) - _FEW} more" if len(near) > _FEW else ""
        return f"{', '.join(self._label(node) for node in near[:_FEW])}{more}" if near else ""

    def _show_keys(self) -> None:
        how = "select one" if self._state.graph else "this graph is empty, so type a name, an address or an id above"
        if (current := self._state.current) is not None and (starts := self._named_by(current)):
            how = f"the selected {kind_word(current.kind)} names {starts}; select one"
        words = f"Pivots start at a user, host, address …: {how}. Keys work in the drawing, too"
        content = safe_html(
            '<details class="gi-muted"><summary>{words}</summary><p>{keys}</p></details>', words=words, keys=KEYS_HELP
        )
        show(self._plan, content)


def named(requests: Any) -> str:
    """Name requests of a pivot, each once."""
    return ", ".join(dict.fromkeys(source_words(name) for name in requests))

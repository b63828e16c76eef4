"""What was done in an explorer: steps that can be undone, a log that only grows, and code that does it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from weakref import ref

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.shown import Node

MOST_NAMED = 20
"""So many nodes of one kind are named one by one in code."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action: what it was, what writes the call that does it, and the state before it.

    Of a pivot also what came of it (`found`), and of one that went on what had come of it before (`rest_of`).
    """

    entry: Mapping[str, Any]
    call: Callable[[], str]
    before: State
    found: ref[Any] | None = None
    rest_of: ref[Any] | None = None


class History:
    """The steps that led to the current state, those that were undone, and the log of all that ever happened."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[tuple[Step, State]] = []
        self._log: list[dict[str, Any]] = []
        self._last = datetime.min.replace(tzinfo=UTC)
        self.edition = 0
        """How often something was done: of two looks at an explorer the one with more is the later."""

    def moment(self) -> str:
        """Give the time, always later than it was given before: a clock that is set back must not turn steps round."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last.isoformat(timespec="microseconds")

    @property
    def log(self) -> list[dict[str, Any]]:
        """Everything that was done, undone and tried, oldest first, as plain values and with its time (UTC): a copy."""
        return [dict(entry) for entry in self._log]

    def note(self, entry: Mapping[str, Any]) -> None:
        """Write something into the log that is no step, such as a pivot that failed."""
        self._write(entry)

    def push(
        self, entry: Mapping[str, Any], call: Callable[[], str], before: State, *, replaces: bool = False,
        found: object = None, rest_of: object = None,
    ) -> None:  # fmt: skip
        """Keep a step.

        Parameters
        ----------
        entry : mapping
            What was done, as plain values.
        call : callable
            Writes the method call that does it, without the explorer: one that names a hundred thousand alerts is
            written when somebody wants the code.
        before : State
            To go back to.
        replaces : bool
            True: it goes on with the step before it if that was of the same action, as a slider does while it moves.
        found, rest_of : object, optional
            Of a pivot what came of it, and of one that went on what had come of it before; neither is kept alive.
        """
        self.undone.clear()
        if replaces and self.done and self.done[-1].entry["action"] == entry["action"]:
            before = self.done.pop().before
            self._log.pop()
        came, rest = (None if one is None else ref(one) for one in (found, rest_of))
        self.done.append(Step(entry, call, before, came, rest))
        self._write(entry)

    def undo(self, now: State) -> Step:
        """Take back the last step and give it.

        Raises
        ------
        UsageError
            There is none.
        """
        if not self.done:
            raise UsageError("there is nothing to undo: this is how the explorer was opened")
        step = self.done.pop()
        self.undone.append((step, now))
        self._write({"action": "undo", "of": step.entry["action"], "label": step.entry.get("label", "")})
        return step

    def redo(self, now: State) -> State:
        """Do again what was undone last, and give the state after it.

        Raises
        ------
        UsageError
            Nothing was undone since the last action.
        """
        if not self.undone:
            raise UsageError("there is nothing to do again: nothing was undone since the last action")
        step, after = self.undone.pop()
        self.done.append(replace(step, before=now))
        self._write({"action": "redo", "of": step.entry["action"], "label": step.entry.get("label", "")})
        return after

    def _write(self, entry: Mapping[str, Any]) -> None:
        self.edition += 1
        self._log.append({**entry, "at": self.moment()})

    def lines(self, *, short: bool = False) -> list[str]:
        """Write the calls that lead to the current state, one per action, cells separated by ``# %%``.

        Parameters
        ----------
        short : bool
            Leave out the names of many nodes, for a pane: the code does not run then.

        Returns
        -------
        list of str
        """
        lines = []
        once = self._asked_once()
        for place, step in enumerate(self.done):
            if step.entry["action"] == "pivot":
                lines += ["", f"# %% Pivot on {_comment(step.entry)}"]
            n = step.entry.get("selected") or len(step.entry.get("with", ())) + 1
            if short and n > MOST_NAMED:
                lines.append(f"explorer.{step.entry['action']}(…)  # {n:,} nodes")
            elif place in once and once[place] != place:  # the first asked for all: here it only shows what came
                lines.append(f"explorer.take_in(found_{once[place]}, since={_plain(step.entry['since'])})")
            else:
                lines.append(f"{f'found_{place} = ' if place in once else ''}explorer.{step.call()}")
        return lines

    def _asked_once(self) -> dict[int, int]:
        """Give for pivots that went on, and for those they went on with, the place of the step that asked first."""
        first: list[tuple[Any, int]] = []
        once: dict[int, int] = {}
        for place, step in enumerate(self.done):
            before = None if step.rest_of is None else step.rest_of()
            asked = None if before is None else next((at for one, at in first if one() is before), None)
            if asked is not None:
                once |= {asked: asked, place: asked}
            if step.found is not None:
                first.append((step.found, place if asked is None else asked))
        return once


def reference(node: Node) -> str:
    """Write the code that names a node: its kind and its key or id, never a label or a place."""
    return f"gi.{'Entity' if isinstance(node, Entity) else 'Record'}({node.kind!r}, {node[1]!r})"


def references(nodes: Sequence[Node]) -> str:
    """Write the code that names nodes, as arguments; many of one kind as one list of their keys."""
    parts = []
    for (is_entity, kind), run in groupby(nodes, lambda node: (isinstance(node, Entity), node.kind)):
        some = list(run)
        if len(some) <= MOST_NAMED:
            parts += [reference(node) for node in some]
        else:
            keys = ", ".join(repr(node[1]) for node in some)
            parts.append(f"*[gi.{'Entity' if is_entity else 'Record'}({kind!r}, one) for one in [{keys}]]")
    return ", ".join(parts)


def call(method: str, *nodes: Node, **options: Any) -> str:
    """Write a method call; options are plain values."""
    arguments = [references(nodes)] if nodes else []
    arguments += [f"{name}={_plain(value)}" for name, value in options.items()]
    return f"{method}({', '.join(arguments)})"


def _plain(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return repr(value.isoformat())
    if isinstance(value, frozenset | set):
        return repr(sorted(value))
    return repr(value)


def _comment(entry: Mapping[str, Any]) -> str:
    label = str(entry.get("label", ""))
    return " ".join(label.encode("ascii", "replace").decode().split())[:80]

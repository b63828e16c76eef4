"""What was done in an explorer: steps that can be undone, a log that only grows, and code that does it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.shown import Node


@dataclass(frozen=True, slots=True)
class Step:
    """One action: what it was, the call that does it, and the state before it."""

    entry: Mapping[str, Any]
    call: str
    before: State


class History:
    """The steps that led to the current state, those that were undone, and the log of all that ever happened."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[tuple[Step, State]] = []
        self._log: list[dict[str, Any]] = []

    @property
    def log(self) -> list[dict[str, Any]]:
        """Everything that was done, undone and tried, oldest first, as plain values: a copy."""
        return [dict(entry) for entry in self._log]

    def note(self, entry: Mapping[str, Any]) -> None:
        """Write something into the log that is no step, such as a pivot that failed."""
        self._log.append(dict(entry))

    def push(self, entry: Mapping[str, Any], call: str, before: State, *, replaces: bool = False) -> None:
        """Keep a step.

        Parameters
        ----------
        entry : mapping
            What was done, as plain values.
        call : str
            The method call that does it, without the explorer.
        before : State
            To go back to.
        replaces : bool
            True: it goes on with the step before it if that was of the same action, as a slider does while it moves.
        """
        self.undone.clear()
        if replaces and self.done and self.done[-1].entry["action"] == entry["action"]:
            before = self.done.pop().before
            self._log.pop()
        self.done.append(Step(entry, call, before))
        self._log.append(dict(entry))

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
        self._log.append({"action": "undo", "of": step.entry["action"], "label": step.entry.get("label", "")})
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
        self.done.append(Step(step.entry, step.call, now))
        self._log.append({"action": "redo", "of": step.entry["action"], "label": step.entry.get("label", "")})
        return after

    def to_code(self, opening: str) -> str:
        """Write the cells that lead to the current state.

        Parameters
        ----------
        opening : str
            The call that makes the explorer.

        Returns
        -------
        str
            Python; cells are separated by ``# %%``, as notebooks and editors read them.
        """
        lines = [
            "# %% The explorer as it was opened; `client`, and `g` (the entity graph), are yours",
            "import graphinvestigate as gi",
            "",
            f"explorer = {opening}",
        ]
        for step in self.done:
            if step.entry["action"] == "pivot":
                lines += ["", f"# %% Pivot on {_comment(step.entry)}"]
            lines.append(f"explorer.{step.call}")
        return "\n".join([*lines, "explorer", ""])


def reference(node: Node) -> str:
    """Write the code that names a node: its kind and its key or id, never a label or a place."""
    return f"gi.{'Entity' if isinstance(node, Entity) else 'Record'}({node.kind!r}, {node[1]!r})"


def call(method: str, *nodes: Node, **options: Any) -> str:
    """Write a method call; options are plain values."""
    arguments = [reference(node) for node in nodes]
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

"""One row of the matrix: a rule, a scenario, who keeps the rule and who breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)
Scenario = Callable[[Any], None]

OPEN = ExitStack()  # what scenarios start; `run` closes it


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes
    ----------
    id : str
        Its id in the fault matrix.
    rule : str
        What must happen, in one sentence.
    scenario : callable
        Takes a subject and raises AssertionError where it breaks the rule.
    real, broken
        The package's own subject, and one with the mistake that the row is about.
    """

    id: str
    rule: str
    scenario: Scenario
    real: Any
    broken: Any

    def run(self, subject: Any) -> None:
        """Play the scenario with a subject, and put everything away afterwards."""
        try:
            self.scenario(subject)
        finally:
            OPEN.close()


ROWS: dict[str, Row] = {}


def row(fault: str, *, real: Any, broken: Any) -> Callable[[Scenario], Scenario]:
    """Enter a scenario into the matrix; its docstring is the rule."""

    def enter(scenario: Scenario) -> Scenario:
        assert fault not in ROWS, f"{fault} has two rows"
        ROWS[fault] = Row(fault, " ".join((scenario.__doc__ or "").split()), scenario, real, broken)
        return scenario

    return enter


def raised(kind: type[E], call: Callable[[], Any], words: str = "") -> E:
    """Give the error that a call must end in; anything else breaks the rule."""
    error, result = ended(call)
    if error is None:
        raise AssertionError(f"no {kind.__name__}; it returned {result!r:.200}")
    assert isinstance(error, kind), f"{type(error).__name__} instead of {kind.__name__}: {error}"
    assert re.search(words, str(error)), f"{words!r} is not said in: {error}"
    return error


def ended(call: Callable[[], Any]) -> tuple[BaseException | None, Any]:
    """Give the error that a call ends in, or what it returns."""
    try:
        return None, call()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (whatever it is, the row judges it)
        return error, None


def worked(call: Callable[[], Any]) -> Any:
    """Give what a call returns; an error breaks the rule."""
    error, result = ended(call)
    if error is not None:
        raise AssertionError(f"{type(error).__name__}: {error}") from error
    return result


def same(got: Iterable[Any], expected: Iterable[Any]) -> None:
    """Two lists hold the same in the same order."""
    got, expected = list(got), list(expected)
    assert got == expected, f"got {got!r:.300}, expected {expected!r:.300}"

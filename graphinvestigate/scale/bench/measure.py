"""How a budget is measured: both sides alternately in one process, with the same garbage collector state.

Wall time is what somebody waits; on a machine that others use it says more about them. So processor time stands
beside it: it adds up over all cores, and is nearly the same on a busy machine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_LONG = 1_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """The fastest of several runs.

    Attributes
    ----------
    wall, processor : float
        Seconds.
    """

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the results: what was done, how large, and how it compares.

    Attributes
    ----------
    row : str
        The budget's name.
    size : int
        How many alerts, records, nodes or events.
    measure : str
        What the value is.
    value : float
    budget : float or None
        The most it may be (the least, where `at_least`); None where there is none at this size.
    at_least : bool
    note : str
    """

    row: str
    size: int
    measure: str
    value: float
    budget: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; None where there is none."""
        if self.budget is None:
            return None
        return self.value >= self.budget if self.at_least else self.value <= self.budget


def side_by_side(*sides: Callable[[], Any], rounds: int = 3) -> list[Taken]:
    """Time some functions alternately, and keep the fastest round of each.

    Parameters
    ----------
    *sides : callable
        Their results are dropped before the next one runs.
    rounds : int

    Returns
    -------
    list of Taken
        In the order of `sides`.
    """
    best = [Taken(float("inf"), float("inf"))] * len(sides)
    for _ in range(rounds):
        for number, side in enumerate(sides):
            gc.collect()
            wall, processor = time.perf_counter(), time.process_time()
            result = side()
            taken = Taken(time.perf_counter() - wall, time.process_time() - processor)
            del result
            best[number] = Taken(min(best[number].wall, taken.wall), min(best[number].processor, taken.processor))
    return best


def rounds(size: int, usual: int = 3) -> int:
    """Give how often something of a size is measured: once where it takes minutes, which noise does not move.

    Parameters
    ----------
    size : int
        Alerts.
    usual : int
        Rounds of what takes seconds.

    Returns
    -------
    int
    """
    return 1 if size >= _LONG else usual


def peak_extra(prepare: Callable[..., Any], work: Callable[[Any], Any], *arguments: Any) -> float | None:
    """Measure how much more memory a function needs at its peak than what was held before it, in a process of its own.

    Parameters
    ----------
    prepare : callable
        Takes `arguments`; a function of a module. What it returns is held before.
    work : callable
        Takes that; a function of a module.
    *arguments : object

    Returns
    -------
    float or None
        Bytes; None where the system does not tell (it is Linux that does).
    """
    if not _CLEAR.exists():
        return None
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_extra, prepare, work, arguments).result()


def _peak_extra(prepare: Callable[..., Any], work: Callable[[Any], Any], arguments: tuple[Any, ...]) -> float:
    held = prepare(*arguments)
    gc.collect()
    _CLEAR.write_text("5")
    before = _status("VmRSS")
    result = work(held)
    peak = _status("VmHWM") - before
    del result
    return peak


def _status(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024.0

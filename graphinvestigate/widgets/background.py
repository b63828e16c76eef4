"""Work that takes long, in a thread of its own: its progress is shown, and it can be stopped."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from graphinvestigate.client import GraphClient

T = TypeVar("T")


class Task(Generic[T]):
    """One piece of work that may be stopped: at its client's next request, or at once while that waits.

    Parameters
    ----------
    client : GraphClient
        Whose waits are told and can be ended: those of this work alone.
    say : callable
        Told in words what happens now, in whatever thread; it must not wait for anybody.
    """

    def __init__(self, client: GraphClient, say: Callable[[str], None]) -> None:
        self._client, self._say = client, say
        self._stop = threading.Event()
        self._doing = ""

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Stop: whatever it asks next, or waits for, is an error that keeps what came."""
        self._stop.set()

    def step(self, words: str) -> None:
        """Say what begins now."""
        self._doing = words
        if not self.stopped:
            self._say(words)

    def run(self, work: Callable[[], T]) -> T:
        """Do it here and now."""
        with self._listening():
            return work()

    def start(self, work: Callable[[], T], then: Callable[[Callable[[], T]], None]) -> None:
        """Do it in a thread of its own where a kernel runs, so that pages are answered meanwhile; else here and now.

        Parameters
        ----------
        work : callable
            What to do.
        then : callable
            Called in the same thread with a function that gives the result or raises what went wrong. (The loop that
            asked may be gone by then: a page may give up its subshell.)
        """
        if in_kernel():
            threading.Thread(target=self._do, args=(work, then), daemon=True).start()
        else:
            self._do(work, then)

    def _do(self, work: Callable[[], T], then: Callable[[Callable[[], T]], None]) -> None:
        then(_outcome(lambda: self.run(work)))

    @contextmanager
    def _listening(self) -> Iterator[None]:
        def on_wait(seconds: float, why: str) -> None:
            if seconds >= 1 and not self.stopped:
                self._say(f"{self._doing}: waiting {seconds:.0f} s, {why}")

        with self._client.watched(stop=self._stop, on_wait=on_wait):
            yield


def in_kernel() -> bool:
    """Tell whether a Jupyter kernel runs this code."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _outcome(work: Callable[[], T]) -> Callable[[], T]:
    """Do it, and give a function that returns its result or raises its error."""
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 (it is raised again where it can be shown)
        failure = error

        def fail() -> T:
            raise failure

        return fail
    return lambda: result

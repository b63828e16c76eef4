"""Work that takes long, beside the kernel's own loop: its progress is shown, and it can be stopped."""

from __future__ import annotations

import asyncio
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
        Told in words what happens now.
    """

    def __init__(self, client: GraphClient, say: Callable[[str], None]) -> None:
        self._client, self._say = client, say
        self._stop = threading.Event()
        self._doing = ""
        self._loop: asyncio.AbstractEventLoop | None = None

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
            self._tell(words)

    def run(self, work: Callable[[], T]) -> T:
        """Do it here and now."""
        with self._listening():
            return work()

    def start(self, work: Callable[[], T], then: Callable[[Callable[[], T]], None]) -> None:
        """Do it in a thread where a kernel's loop runs, so that pages are answered meanwhile; else here and now.

        Parameters
        ----------
        work : callable
            What to do; it runs in another thread.
        then : callable
            Called in this thread with a function that gives the result or raises what went wrong.
        """
        self._loop = kernel_loop()
        if self._loop is None:
            then(_outcome(lambda: self.run(work)))
            return
        threading.Thread(target=self._in_thread, args=(work, then, self._loop), daemon=True).start()

    def _in_thread(
        self, work: Callable[[], T], then: Callable[[Callable[[], T]], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        outcome = _outcome(lambda: self.run(work))
        loop.call_soon_threadsafe(then, outcome)

    def _tell(self, words: str) -> None:
        if self._loop is None:
            self._say(words)
        else:
            self._loop.call_soon_threadsafe(self._say, words)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        def on_wait(seconds: float, why: str) -> None:
            if seconds >= 1 and not self.stopped:
                self._tell(f"{self._doing}: waiting {seconds:.0f} s, {why}")

        with self._client.watched(stop=self._stop, on_wait=on_wait):
            yield


def kernel_loop() -> asyncio.AbstractEventLoop | None:
    """Give the loop of the Jupyter kernel that runs this code, if one does."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


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

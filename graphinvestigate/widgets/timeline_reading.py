"""Frames as marks, per what the lanes stand for: each read once, and those that take long before they are asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pandas as pd

from graphinvestigate.views.timeline_naming import Naming
from graphinvestigate.widgets.timeline_records import Records

MANY = 2_000
"""From so many marks on, whom alerts name is read beside everything else: a click that waited for it would be slow."""
_REST = 3.0  # so many times as long as it worked, at most, a reader rests where the kernel is at work
_LOOK = 0.02  # seconds after which it looks whether that is so
_IDLE = 0.2  # of that time a kernel at rest works less


def _kernel_clock() -> Callable[[], float]:
    """Give the seconds that the main thread, in which a kernel answers, has worked; where unknown, it always works."""
    of_thread = getattr(time, "pthread_getcpuclockid", None)
    main = threading.main_thread().ident
    if of_thread is None or main is None:
        return time.perf_counter
    clock = of_thread(main)
    return lambda: time.clock_gettime(clock)


class Gently:
    """A pace that leaves a kernel to its user: no work while the kernel answers, until somebody waits for the whole.

    Parameters
    ----------
    clock, kernel : callable, optional
        Seconds that go on, and seconds that the kernel has worked.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, kernel: Callable[[], float] | None = None
    ) -> None:
        self._clock, self._kernel = clock, kernel or _kernel_clock()
        self._hurry = threading.Event()
        self._since = clock()

    def hurry(self) -> None:
        """Rest no more: somebody waits."""
        self._hurry.set()

    def breathe(self) -> bool:
        """Rest as long as the kernel is at work, at most in proportion to the work since the last rest.

        Returns
        -------
        bool
            Whether somebody waits, so that there is no need to breathe any more.

        Raises
        ------
        RuntimeError
            The program ends: nobody will ask.
        """
        left = _REST * (self._clock() - self._since)
        while left > 0 and not self._hurry.is_set():
            look, worked = min(left, _LOOK), self._kernel()
            self._rest(look)
            left -= look
            if self._kernel() - worked < _IDLE * look:
                break
        if not threading.main_thread().is_alive():
            raise RuntimeError("the program ends")
        self._since = self._clock()
        return self._hurry.is_set()

    def _rest(self, seconds: float) -> None:
        self._hurry.wait(seconds)


class Readings:
    """The records of a timeline.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        As for `Records`.
    lanes : str
        What the lanes stand for at first.
    naming : Naming, optional
        What read the records that were shown before: of a timeline that grew only what is new is read.

    Attributes
    ----------
    frames : tuple of pandas.DataFrame
    """

    def __init__(self, frames: Sequence[pd.DataFrame], lanes: str, *, naming: Naming | None = None) -> None:
        self._naming = naming or Naming()
        first = Records(frames, lanes, naming=self._naming)
        self.frames = first.frames
        self._read = {lanes: first}
        self._narrow: tuple[int | None, int | None] = (None, None)
        self._parts: dict[str, Records] = {}
        self._ahead: Future[Records] | None = None
        if lanes != "entity" and len(first.marks) >= MANY:
            self._pace = Gently()
            self._ahead = _beside(
                lambda: Records(self.frames, "entity", breathe=self._pace.breathe, naming=self._naming)
            )

    def followed_by(self, frames: Sequence[pd.DataFrame], lanes: str) -> Readings:
        """Give the readings of other frames, which may hold much that was read here."""
        return Readings(frames, lanes, naming=self._naming)

    def narrow(self, since: int | None, until: int | None) -> bool:
        """Give, from now on, only what was active in a part of time (nanoseconds, UTC) or has none.

        Returns
        -------
        bool
            Whether that is another part than before.
        """
        if (since, until) == self._narrow:
            return False
        self._narrow = (since, until)
        self._parts = {}
        return True

    def of(self, lanes: str) -> Records:
        """Give the records in such lanes."""
        if lanes not in self._read:
            if lanes == "entity" and self._ahead is not None:
                self._pace.hurry()
                self._read[lanes] = self._ahead.result()
            else:
                self._read[lanes] = Records(self.frames, lanes, naming=self._naming)
        whole = self._read[lanes]
        if self._narrow == (None, None):
            return whole
        if lanes not in self._parts:
            self._parts[lanes] = whole.only(whole.marks.within(*self._narrow))
        return self._parts[lanes]


def _beside(work: Callable[[], Records]) -> Future[Records]:
    """Do it in a thread of its own, which ends with the program: an executor's would keep that waiting."""
    found: Future[Records] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 (it is raised again to who asks)
            found.set_exception(error)

    threading.Thread(target=run, name="graphinvestigate-lanes").start()
    return found

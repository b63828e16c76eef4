"""Frames as marks, per what the lanes stand for: each read once, and those that take long before they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pandas as pd

from graphinvestigate.widgets.timeline_records import Records

MANY = 20_000
"""From so many marks on, whom alerts name is read beside everything else: it takes seconds."""


class Readings:
    """The records of a timeline.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        As for `Records`.
    lanes : str
        What the lanes stand for at first.

    Attributes
    ----------
    frames : tuple of pandas.DataFrame
    """

    def __init__(self, frames: Sequence[pd.DataFrame], lanes: str) -> None:
        first = Records(frames, lanes)
        self.frames = first.frames
        self._read = {lanes: first}
        self._narrow: tuple[int | None, int | None] = (None, None)
        self._parts: dict[str, Records] = {}
        self._ahead: Future[Records] | None = None
        if lanes != "entity" and len(first.marks) >= MANY:
            reader = ThreadPoolExecutor(1, thread_name_prefix="graphinvestigate-lanes")
            self._ahead = reader.submit(Records, self.frames, "entity")
            reader.shutdown(wait=False)

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
            waits = self._ahead if lanes == "entity" else None
            self._read[lanes] = waits.result() if waits is not None else Records(self.frames, lanes)
        whole = self._read[lanes]
        if self._narrow == (None, None):
            return whole
        if lanes not in self._parts:
            self._parts[lanes] = whole.only(whole.marks.within(*self._narrow))
        return self._parts[lanes]

"""What stands out on a timeline: stretches in which nothing happened, and moments in which much did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from graphinvestigate.views.timeline_events import Marks

BINS = 400
SPANS = (  # what a reader can name: seconds, and the words for one
    (1, "1 second"), (5, "5 seconds"), (15, "15 seconds"), (60, "1 minute"), (300, "5 minutes"), (900, "15 minutes"),
    (1800, "30 minutes"), (3600, "1 hour"), (7200, "2 hours"), (14400, "4 hours"), (43200, "12 hours"),
    (86400, "1 day"), (172800, "2 days"), (604800, "1 week"), (2592000, "30 days"),
)  # fmt: skip
SECOND = 1_000_000_000
_MOST = 3  # notes of each kind
_GAP = 0.1  # of all the time shown
_WIDTH = {"gap": 0.34, "burst": 0.24}  # of all the time shown, that words take in a drawing of 560 pixels
_ROOM = 0.13  # of it, that the words of one burst take
_BURST_AT_LEAST = 6
_BURST_TIMES = 4  # as many as in an ordinary bin that is not empty
_BURST_OVER = 1.5  # times as many as in all bins that are not empty but one in twenty


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal spans of time.

    Attributes
    ----------
    low, step : int
        Where the first begins and how long each is, in nanoseconds.
    n : int
        How many there are.
    words : str
        How long each is, in words.
    """

    low: int
    step: int
    n: int
    words: str

    def place(self, times: np.ndarray) -> np.ndarray:
        """Give the bin of each time; what lies outside is in the first or the last."""
        place = ((times - self.low) // self.step).astype(np.int32)
        if len(place) and (place.min() < 0 or place.max() >= self.n):
            np.clip(place, 0, self.n - 1, out=place)
        return place

    def starts(self) -> np.ndarray:
        """Give where each bin begins."""
        return self.low + self.step * np.arange(self.n, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Note:
    """One gap or burst.

    Attributes
    ----------
    kind : {"gap", "burst"}
    start, end : int
        Nanoseconds since 1970, UTC.
    words : str
        What it says: ``nothing for 14 hours``, ``23 within 15 minutes``.
    line : int
        In which line of words it stands, so that those of two close ones do not meet.
    """

    kind: Literal["gap", "burst"]
    start: int
    end: int
    words: str
    line: int = 0


def bins_between(low: int, high: int) -> Bins:
    """Choose spans of time that people can name, at most 400 from one time to the other (nanoseconds).

    Parameters
    ----------
    low, high : int

    Returns
    -------
    Bins
    """
    seconds, words = next(
        (span for span in SPANS if (high - low) / (span[0] * SECOND) <= BINS), ((high - low) // SECOND // BINS + 1, "")
    )
    step = seconds * SECOND
    low -= low % step
    return Bins(low, step, int((high - low) // step) + 1, words or f"{seconds:,} seconds")


def notes_of(marks: Marks, bins: Bins | None = None, place: np.ndarray | None = None) -> list[Note]:
    """Find what stands out: the three longest gaps and the three greatest bursts that deserve the name.

    Parameters
    ----------
    marks : Marks
        What is shown. A bar lasts from its start to its end: there is no gap within it.
    bins : Bins, optional
        Spans of time in which the marks were counted already.
    place : int32 array, optional
        Which of these each mark starts in.

    Returns
    -------
    list of Note
        In the order of time. A gap is at least a tenth of all the time shown; a burst is at least six marks, four times
        as many as the median of the spans that are not empty, and half as many again as their 95th percentile.
    """
    if len(marks) < 2:
        return []
    if bins is None or place is None:
        bins = bins_between(int(marks.start.min()), int(marks.start.max()))
        place = bins.place(marks.start)
    long = np.flatnonzero(marks.end > marks.start)
    last = place.copy()  # the bin in which each mark ends
    last[long] = bins.place(marks.end[long])
    started = np.bincount(place, minlength=bins.n)
    ended = started - np.bincount(place[long], minlength=bins.n) + np.bincount(last[long], minlength=bins.n)
    running = np.cumsum(started) - np.concatenate([[0], np.cumsum(ended)[:-1]])
    found = [*_gaps(marks, bins, place, last, running), *_bursts(bins, started)]
    return _in_lines(sorted(found, key=lambda note: note.start), bins.step * bins.n)


def _in_lines(notes: list[Note], span: int) -> list[Note]:
    """Put words that would meet in a narrow drawing into lines of their own."""
    placed: list[Note] = []
    for note in notes:
        middle, room = (note.start + note.end) / 2, _WIDTH[note.kind] * span
        near = {one.line for one in placed if one.kind == note.kind and abs((one.start + one.end) / 2 - middle) < room}
        placed.append(replace(note, line=next(line for line in range(len(notes)) if line not in near)))
    return placed


def _gaps(marks: Marks, bins: Bins, place: np.ndarray, last: np.ndarray, running: np.ndarray) -> list[Note]:
    empty = np.concatenate([[False], running == 0, [False]])
    edges = np.flatnonzero(empty[1:] != empty[:-1]).reshape(-1, 2)  # first empty bin, first bin after
    longest = edges[np.argsort(edges[:, 0] - edges[:, 1], kind="stable")][: 2 * _MOST]
    found = []
    for first, after in longest.tolist():
        if first > 0 and after < bins.n:  # the bins around an empty stretch hold the last end and the next start
            before, later = marks.end[last == first - 1].max(), marks.start[place == after].min()
            if (length := int(later - before)) >= _GAP * bins.step * bins.n:
                found.append(Note("gap", int(before), int(later), f"nothing for {duration(length)}"))
    return sorted(found, key=lambda note: note.start - note.end)[:_MOST]


def _bursts(bins: Bins, started: np.ndarray) -> list[Note]:
    busy = started[started > 0]
    usual, rare = np.percentile(busy, [50, 95])
    least = max(_BURST_AT_LEAST, _BURST_TIMES * usual, _BURST_OVER * rare)
    found: list[int] = []
    for at in np.argsort(-started, kind="stable")[: 4 * _MOST].tolist():
        apart = all(abs(at - other) > bins.n * _ROOM for other in found)
        if started[at] >= least and apart and len(found) < _MOST and len(busy) > 1:
            found.append(at)
    return [
        Note("burst", bins.low + at * bins.step, bins.low + (at + 1) * bins.step,
             f"{started[at]:,} within {bins.words}")
        for at in found
    ]  # fmt: skip


def duration(nanoseconds: int) -> str:
    """Say how long something lasts, to two digits that matter: ``14 hours``, ``2 days 3 hours``.

    Parameters
    ----------
    nanoseconds : int

    Returns
    -------
    str
    """
    seconds = round(nanoseconds / SECOND)
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    for at, (word, length) in enumerate(units):
        n, rest = divmod(seconds, length)
        if n:
            words = _counted(n, word)
            if n < 10 and at + 1 < len(units) and (more := rest // units[at + 1][1]):
                words += f" {_counted(more, units[at + 1][0])}"
            return words
    return "less than a second"


def _counted(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"

"""What of a pivot's window hunting can look at: it keeps thirty days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from graphinvestigate.queries.hunting import MOST_DAYS
from graphinvestigate.queries.questions import Time, window

_KEPT = timedelta(days=MOST_DAYS)
TOO_EARLY = f"not asked: hunting goes back {MOST_DAYS} days, and the window ends before that"


@dataclass(frozen=True, slots=True)
class Reach:
    """The part of a window that lies in what hunting keeps.

    Attributes
    ----------
    timespan : str or None
        The part, as an ISO 8601 interval; None is all that hunting keeps.
    nothing : bool
        Whether the window ends before that: there is nothing to hunt in.
    short : str
        What of the window is not hunted in, in words; empty where that is nothing, or where all that is kept was
        asked for.
    """

    timespan: str | None = None
    nothing: bool = False
    short: str = ""


def reach_of(since: Time, until: Time, *, now: datetime, asked_at: datetime | None = None) -> Reach:
    """Say what of a window can be hunted in.

    Parameters
    ----------
    since, until : str or datetime, optional
        The window, as in `list_alerts`.
    now : datetime
        By the tenant's clock: what hunting keeps counts from it.
    asked_at : datetime, optional
        What "7d" counts from, where that is not `now`.

    Raises
    ------
    UsageError
        One is no time, or the window ends before it begins.
    """
    kept = now - _KEPT
    begin, end = window(since, until, now=asked_at or now)
    if end is not None and end <= kept:
        return Reach(nothing=True, short=TOO_EARLY)
    short = "" if begin is None or begin >= kept else f"hunting goes back {MOST_DAYS} days: not before {_text(kept)}"
    if end is None and (begin is None or begin <= kept):
        return Reach(short=short)
    first = max(begin or kept, kept)
    last = max(end or now, first)  # a clock that runs ahead of Graph's may begin a moment from now
    return Reach(f"{_text(first)}/{_text(last)}", short=short)


def _text(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat()}Z"

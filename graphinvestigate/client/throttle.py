"""How fast to ask, and how long to wait: limits per service, Retry-After, backoff. No clock is read here."""

from __future__ import annotations

import math
import random
import re
import threading
from collections import deque
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from weakref import WeakValueDictionary

# Requests per seconds, per service (the path's segment after the version). Identity Protection counts per
# tenant for all apps together and names no time to wait; the others count per app and tenant.
# https://learn.microsoft.com/graph/throttling-limits
LIMITS: Mapping[str, tuple[int, float]] = {
    "identityprotection": (1, 1.0),
    "auditlogs": (5, 10.0),
    "security": (150, 60.0),
    "security/runhuntingquery": (45, 60.0),
}
_MARGIN = 1.02  # requests sent a second apart may arrive a little closer together
_SLOWER = 8  # times the usual interval, at most, however often Graph throttles
_SLOWEST_UNKNOWN = 5.0
_FASTER = 0.975  # after each good answer: a doubled interval is back after 28 of them
_FASTER_ONE_BY_ONE = 0.99  # where one request at a time is let in, apps that hurry only meet again
BACKOFF_BASE = 1.0
BACKOFF_CAP = 60.0
_SECONDS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Read how long Graph asks to wait.

    Parameters
    ----------
    headers : mapping
        The answer's headers, found without regard to case (as httpx's are).
    now : datetime
        Aware; the time a date counts from when the answer has no `Date` of its own.

    Returns
    -------
    float or None
        Seconds above zero; None when nothing usable was said.
    """
    value = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        until = http_date(value)
        if until is None:
            return None
        # The two dates come from one clock; this machine's may be minutes off.
        seconds = (until - (http_date(headers.get("Date", "")) or now)).total_seconds()
    return seconds if 0 < seconds < math.inf else None


def http_date(value: str) -> datetime | None:
    """Read an HTTP date.

    Parameters
    ----------
    value : str
        A header's value.

    Returns
    -------
    datetime or None
        Aware, in UTC; None when it is no date.
    """
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def backoff(attempt: int, *, throttled: bool) -> float:
    """How long to wait when Graph does not say: full jitter, doubling, capped.

    Parameters
    ----------
    attempt : int
        How often it was tried, from 1.
    throttled : bool
        After a 429 it is never asked again at once: that counts against the limit too.

    Returns
    -------
    float
        Seconds, at most 60.
    """
    ceiling = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempt, 10))
    return random.uniform(BACKOFF_BASE if throttled else 0.0, ceiling)  # noqa: S311 (spreads requests, hides nothing)


def spread(seconds: float) -> float:
    """Wait as long as asked, never shorter, and a little longer, so that not all return at one moment."""
    return seconds + random.uniform(0.0, 0.4)  # noqa: S311 (spreads requests, hides nothing)


def service_of(path: str) -> str:
    """Name the service that a path (``/v1.0/identityProtection/…``) is counted under."""
    segments = path.casefold().rstrip("/").split("/")[2:]
    whole = "/".join(segments)
    if whole.startswith("identity/conditionalaccess"):
        return "identityprotection"  # Conditional Access is counted with it
    return whole if whole in LIMITS else next(iter(segments), "")


class Limiter:
    """Says how long the next request to one service has to wait. Threads may share it.

    Parameters
    ----------
    limit : tuple of (int, float) or None
        At most so many requests in so many seconds; None: no known limit.
    """

    def __init__(self, limit: tuple[int, float] | None) -> None:
        count, self._period = limit or (1, 0.0)
        self._sent: deque[float] = deque(maxlen=count)
        self._usual = self._period / count
        self._not_before = -math.inf
        self._spacing = 0.0
        self._faster = _FASTER_ONE_BY_ONE if limit is not None and count == 1 else _FASTER
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take the next free moment, and say how long to wait for it.

        Parameters
        ----------
        now : float
            Seconds, on a clock that never runs back.

        Returns
        -------
        float
            How many seconds to wait until then; 0 when it is now.
        """
        return self.take(now) - now

    def take(self, now: float) -> float:
        """Take the next free moment, by the same clock."""
        with self._lock:
            return self._take(now)

    def confirm(self, moment: float, now: float) -> float:
        """Look again when a moment has come: a 429 to somebody else may have moved it.

        Parameters
        ----------
        moment : float
            What :meth:`take` gave.
        now : float
            Seconds, by the same clock.

        Returns
        -------
        float
            The same moment, or a later one that was taken in its place.
        """
        with self._lock:
            if moment >= self._not_before:
                return moment
            if moment in self._sent:
                self._sent.remove(moment)
            return self._take(now)

    def throttled(self, now: float, *, wait: float) -> None:
        """After a 429: nobody asks before its time is up, and all ask half as often for a while.

        Several 429s to requests that were under way together are one.
        """
        with self._lock:
            if now >= self._not_before:
                slowest = _SLOWER * self._usual or _SLOWEST_UNKNOWN
                self._spacing = min(slowest, max(self._spacing * 2, self._usual, 0.1))
            self._not_before = max(self._not_before, now + wait)

    def answered(self) -> None:
        """After a good answer: a little faster again."""
        with self._lock:
            self._spacing = self._spacing * self._faster if self._spacing > 0.07 else 0.0

    def _take(self, now: float) -> float:
        moment = max(now, self._not_before)
        if self._sent:
            moment = max(moment, self._sent[-1] + self._spacing)
        if len(self._sent) == self._sent.maxlen:
            moment = max(moment, self._sent[0] + self._period * _MARGIN)
        self._sent.append(moment)
        return moment


_SHARED: WeakValueDictionary[Hashable, Limiter] = WeakValueDictionary()
_SHARED_LOCK = threading.Lock()


class Limiters:
    """The limiters of one tenant, shared by all clients of this process that speak to it.

    Parameters
    ----------
    scope : hashable
        What makes two clients share them: the clock, Graph's root and the tenant.
    """

    def __init__(self, scope: tuple[Hashable, ...]) -> None:
        self._scope = scope
        self._mine: dict[str, Limiter] = {}

    def __getitem__(self, service: str) -> Limiter:
        with _SHARED_LOCK:
            if service not in self._mine:
                key = (*self._scope, service)
                self._mine[service] = _SHARED.setdefault(key, Limiter(LIMITS.get(service)))
            return self._mine[service]

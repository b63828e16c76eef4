"""Throttling: how many requests each service takes in how many seconds, and what it answers beyond that."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from graphinvestigate.demo.answers import ApiError

_GRACE = 0.05
"""Share of the window forgiven: requests sent in time may arrive a little closer together."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds, for each app or for all apps together."""

    requests: int
    seconds: float
    per_app: bool
    retry_after: bool
    message: str = "Please retry again later."


LIMITS = {
    "security": Limit(150, 60.0, per_app=True, retry_after=True),
    "identityProtection": Limit(1, 1.0, per_app=False, retry_after=False),
    "auditLogs": Limit(5, 10.0, per_app=True, retry_after=True),
    "hunting": Limit(45, 60.0, per_app=False, retry_after=True, message="Calls per minute quota was exceeded."),
    "directory": Limit(3500, 10.0, per_app=True, retry_after=True),
}


class Throttles:
    """Counts requests over sliding windows; throttled ones count too, so asking early only prolongs the wait.

    Parameters
    ----------
    clock : callable
        Seconds on a clock that never runs back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._lock = threading.Lock()

    def admit(self, service: str, app_id: str) -> None:
        """Count one request; raise the service's 429 if it is one too many."""
        limit = LIMITS[service]
        window = limit.seconds * (1 - _GRACE)
        with self._lock:
            now = self._clock()
            calls = self._calls.setdefault((service, app_id if limit.per_app else ""), deque())
            while calls and calls[0] <= now - window:
                calls.popleft()
            calls.append(now)
            if len(calls) <= limit.requests:
                return
            wait = calls[-limit.requests] + limit.seconds - now
        if not limit.retry_after:
            raise ApiError(429, "TooManyRequests", "Too many requests.")
        raise ApiError(
            429,
            "TooManyRequests",
            limit.message,
            headers={"Retry-After": f"{math.ceil(wait * 1000) / 1000:.3f}"},
            inner={"code": "429", "message": "Please retry after", "status": "429"},
        )

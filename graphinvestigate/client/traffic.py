"""One client's traffic: how many requests, how long they waited, and what the tenant's clock says."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx

from graphinvestigate.client.throttle import Limiters, http_date, service_of
from graphinvestigate.errors import StoppedError

# Why somebody waits, for progress bars.
LIMIT = "keeping to Graph's limit"
THROTTLED = "Graph asks to slow down"
AGAIN = "trying again after a failure"

_FRESH = 60.0  # seconds for which a fixed clock's last word is believed
_SKEW = timedelta(minutes=5)  # tokens and signatures bear no more
_PIECE = 0.5  # seconds after which a wait looks up

_stop: ContextVar[threading.Event | None] = ContextVar("graphinvestigate_stop", default=None)
_watches: ContextVar[tuple[tuple[Traffic, Watch], ...]] = ContextVar("graphinvestigate_watches", default=())


class Watch(NamedTuple):
    """Who stops one piece of work, and who hears its waits."""

    stop: threading.Event | None = None
    on_wait: Callable[[float, str], None] | None = None


class ClockWarning(UserWarning):
    """Graph's clock and this machine's are far apart."""


class Traffic:
    """Counts, waits and reads the server's clock. It knows neither tokens nor the HTTP client.

    Parameters
    ----------
    origin : httpx.URL
        Graph's root: requests elsewhere (sign-in) are not counted.
    limiters : Limiters
        One per service.
    clock, sleep, wall : callable
        A clock that never runs back, how to wait, and this machine's time in seconds since 1970.

    own_time : bool
        Whether the server lives in a time of its own, as emulators do: then no clock is wrong.

    Attributes
    ----------
    on_wait : callable or None
        Told ``(seconds left, why)`` when a wait begins, while it lasts, and ``(0.0, why)`` when it ends.
    stop : threading.Event or None
        While it is set, whoever asks next or waits, in whatever thread, gets a `StoppedError`.
    """

    def __init__(
        self,
        *,
        origin: httpx.URL,
        limiters: Limiters,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        wall: Callable[[], float],
        own_time: bool = False,
    ) -> None:
        self.clock = clock
        self.on_wait: Callable[[float, str], None] | None = None
        self.stop: threading.Event | None = None
        self.requests = 0
        self.waited = 0.0
        self._origin = (origin.scheme, origin.raw_host, origin.port)
        self._limiters = limiters
        self._sleep = sleep
        self._wall = wall
        self._said: datetime | None = None
        self._said_at = 0.0
        self._offset = 0.0
        self._skew_told = own_time
        self._lock = threading.Lock()

    def before(self, request: httpx.Request) -> None:
        """Wait for this request's turn, and count it (an httpx request hook)."""
        if self._is_graph(request.url):
            self.turn(request.url)
            with self._lock:
                self.requests += 1

    def after(self, response: httpx.Response) -> None:
        """Learn the server's time (an httpx response hook)."""
        if not self._is_graph(response.request.url):
            return
        if response.is_success:
            self._limiters[service_of(response.request.url.path)].answered()
        said = http_date(response.headers.get("Date", ""))
        if said is not None:
            with self._lock:
                self._said, self._said_at = said, self.clock()
                self._offset = said.timestamp() - self._wall()
            self._beware_of_skew()

    def turn(self, url: httpx.URL) -> None:
        """Wait for the turn of a request that travels inside another."""
        limiter = self._limiters[service_of(url.path)]
        moment = limiter.take(self.clock())
        while True:
            self.wait(moment - self.clock(), LIMIT)
            confirmed = limiter.confirm(moment, self.clock())
            if confirmed == moment:
                return
            moment = confirmed

    def answered(self, url: httpx.URL) -> None:
        """Tell that such a request was answered well."""
        self._limiters[service_of(url.path)].answered()

    def throttled(self, url: httpx.URL, *, wait: float) -> None:
        """Tell all requests to this service that Graph asked to wait."""
        self._limiters[service_of(url.path)].throttled(self.clock(), wait=wait)

    def wait(self, seconds: float, why: str) -> None:
        """Wait, count the time, and say so; leave at once when the pull is to stop."""
        self.look_up()
        if seconds <= 0:
            return
        end = self.clock() + seconds
        left = seconds
        try:
            while left > 0:
                self._tell(left, why)
                self._rest(left)
                self.look_up()
                left = end - self.clock() if self._sleep is time.sleep else 0.0
        finally:
            with self._lock:
                self.waited += seconds - max(left, 0.0)
            self._tell(0.0, why)

    @contextmanager
    def until(self, stop: threading.Event | None) -> Iterator[None]:
        """Make this thread's waits end when `stop` is set."""
        mark = _stop.set(stop)
        try:
            yield
        finally:
            _stop.reset(mark)

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[None]:
        """Let somebody stop, and hear the waits of, what is asked in this context and in copies of it."""
        mark = _watches.set((*_watches.get(), (self, watch)))
        try:
            yield
        finally:
            _watches.reset(mark)

    def look_up(self) -> None:
        """Raise `CancelledError` when the pull is to stop, `StoppedError` when its user stopped it."""
        if any(event.is_set() for event in self._stops()):
            raise StoppedError("Stopped: nothing more was asked of Graph. What came until then is kept.")
        stop = _stop.get()
        if stop is not None and stop.is_set():
            raise CancelledError("the pull was stopped")

    def _stops(self) -> Iterator[threading.Event]:
        """Give the events by which users stop what is asked here, the nearest first."""
        own = [watch.stop for traffic, watch in reversed(_watches.get()) if traffic is self]
        return (event for event in (*own, self.stop) if event is not None)

    def _tell(self, left: float, why: str) -> None:
        heard = [self.on_wait, *(watch.on_wait for traffic, watch in _watches.get() if traffic is self)]
        for hook in heard:
            if hook is not None:
                hook(left, why)

    def _rest(self, seconds: float) -> None:
        stop = next(self._stops(), None) or _stop.get()
        if self._sleep is not time.sleep:
            self._sleep(seconds)
        elif stop is not None:
            stop.wait(min(seconds, _PIECE))
        else:
            time.sleep(min(seconds, _PIECE))

    def now(self) -> datetime:
        """Give the server's time in UTC, in whole seconds; this machine's as long as nothing was heard."""
        with self._lock:
            seconds = self._wall() + self._offset
        return datetime.fromtimestamp(int(seconds), tz=UTC)

    def said(self) -> datetime | None:
        """Give the time of the last answer, exactly as it said, if that was within the last minute."""
        with self._lock:
            fresh = self._said is not None and self.clock() - self._said_at < _FRESH
            return self._said if fresh else None

    def ahead(self) -> timedelta:
        """How far the server's clock is ahead of this machine's."""
        with self._lock:
            return timedelta(seconds=self._offset)

    def _beware_of_skew(self) -> None:
        ahead = self.ahead()
        with self._lock:
            tell = not self._skew_told and abs(ahead) > _SKEW
            self._skew_told = self._skew_told or tell
        if tell:
            minutes = abs(ahead) / timedelta(minutes=1)
            warnings.warn(
                f"This machine's clock is {minutes:,.0f} minutes {'behind' if ahead > timedelta(0) else 'ahead of'} "
                "Graph's. Windows such as since='7d' follow Graph's, but sign-in may fail: set the clock.",
                ClockWarning,
                stacklevel=2,
            )

    def _is_graph(self, url: httpx.URL) -> bool:
        return (url.scheme, url.raw_host, url.port) == self._origin

"""Threads, waits and other notebooks: nobody asks early, waits are told and end when they shall."""

from __future__ import annotations

import heapq
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import httpx
import pytest

from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.client.throttle import LIMITS, Limiter, backoff, service_of
from graphinvestigate.errors import PermissionMissingError, ThrottledError

ALERTS = "/security/alerts_v2"


class ThreadedTime:
    """A time for threads: when all of them sleep, it jumps to the first that wakes."""

    def __init__(self) -> None:
        self.now = 0.0
        self._asleep: list[tuple[float, int]] = []
        self._numbers = itertools.count()
        self._awake = 0
        self._changed = threading.Condition()

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._changed:
            me = (self.now + seconds, next(self._numbers))
            heapq.heappush(self._asleep, me)
            self._awake -= 1
            self._jump()
            self._changed.wait_for(lambda: me not in self._asleep)

    def run(self, *works: Callable[[], None]) -> None:
        """Run each in a thread of its own, to the end."""
        self._awake = len(works)
        failures: list[BaseException] = []

        def one(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 (told below, in the thread of the test)
                failures.append(error)
            finally:
                with self._changed:
                    self._awake -= 1
                    self._jump()

        threads = [threading.Thread(target=one, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in threads)
        if failures:
            raise failures[0]

    def _jump(self) -> None:
        if self._awake == 0 and self._asleep:
            self.now, _ = heapq.heappop(self._asleep)
            self._awake += 1
            self._changed.notify_all()


class Service(httpx.BaseTransport):
    """Pages behind a gate that answers 429 now and then; who calls before its time is up prolongs it."""

    def __init__(self, threaded: ThreadedTime, *, pages: int, throttle: float = 0.0, latency: float = 0.0) -> None:
        self.clock, self.sleep = threaded.clock, threaded.sleep
        self.pages, self.throttle, self.latency = pages, throttle, latency
        self.early = self.refused = 0
        self.times: list[float] = []
        self.random = random.Random(7)
        self._closed_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.latency:
            self.sleep(self.latency)
        with self._lock:
            now, service = self.clock(), service_of(request.url.path)
            self.times.append(now)
            closed = self._closed_until.get(service, 0.0)
            self.early += now < closed
            if now < closed or self.random.random() < self.throttle:
                self._closed_until[service] = now + 7.25
                self.refused += 1
                return httpx.Response(429, headers={"Retry-After": "7.25"})
        window, number = request.url.params["window"], int(request.url.params.get("n", "0"))
        body: dict[str, Any] = {"value": [{"id": f"{window}-{number}"}]}
        if number + 1 < self.pages:
            body["@odata.nextLink"] = str(request.url.copy_with(params={"window": window, "n": number + 1}))
        return httpx.Response(200, json=body)


def connected(service: httpx.BaseTransport, credential: Any = None) -> GraphClient:
    """A client of the service."""
    return connect(tenant_id="t", credential=credential or EmulatorCredential("t"), transport=service)


def pulls(
    client: GraphClient, make: Any, path: str, rows: dict[int, list[str]], count: int
) -> list[Callable[[], None]]:
    """Pulls of as many windows, each to be run in a thread."""

    def one(window: int) -> None:
        rows[window] = make.ids(client.pages(path, params={"window": window}))

    return [lambda window=window: one(window) for window in range(count)]  # type: ignore[misc]


@pytest.mark.parametrize("path", [ALERTS, "/identityProtection/riskDetections", "/users"])
def test_nobody_calls_before_the_time_is_up(make: Any, path: str) -> None:
    """T07: with eight pulls at once and 429s among them, no request goes out before the time Graph named."""
    threaded, rows = ThreadedTime(), {}
    service = Service(threaded, pages=12, throttle=0.1)
    with connected(service) as client:
        threaded.run(*pulls(client, make, path, rows, 8))
    assert service.refused > 3
    assert service.early == 0
    assert rows == {window: [f"{window}-{n}" for n in range(12)] for window in range(8)}


def test_who_gave_up_does_not_call_early_either(graph: Any, make: Any) -> None:
    """T07: after a page was given up on a 429, the next request still waits until Graph's time is up."""
    client, fake = graph([make.refusal(429, Retry_After="5")] * 6 + [make.page("a")])
    with pytest.raises(ThrottledError):
        list(client.pages(ALERTS))
    assert make.ids(client.pages(ALERTS)) == ["a"]
    assert all(b.at - a.at >= 5 for a, b in itertools.pairwise(fake.seen))


def test_windows_are_read_side_by_side(make: Any) -> None:
    """Eight windows at 150 ms latency take the time of one, with every row, and each request is counted."""
    threaded, rows = ThreadedTime(), {}
    service = Service(threaded, pages=12, latency=0.15)
    with connected(service) as client:
        threaded.run(*pulls(client, make, ALERTS, rows, 8))
        assert client.requests_made == 96
    assert threaded.now < 1.3 * 12 * 0.15
    assert rows == {window: [f"{window}-{n}" for n in range(12)] for window in range(8)}


def test_threads_keep_one_limit_together(make: Any) -> None:
    """T04: eight pulls at once still ask Identity Protection once a second."""
    threaded, rows = ThreadedTime(), {}
    service = Service(threaded, pages=5)
    with connected(service) as client:
        threaded.run(*pulls(client, make, "/identityProtection/riskyUsers", rows, 8))
        assert client.waited_seconds >= 39
    assert min(b - a for a, b in itertools.pairwise(sorted(service.times))) >= 1.0


def test_eight_threads_sign_in_once(make: Any) -> None:
    """Eight pulls that start together without a token ask for one, not for eight."""
    tokens, rows = make.Tokens(), {}
    asked = tokens.get_token
    tokens.get_token = lambda *args, **options: (time.sleep(0.05), asked(*args, **options))[1]
    threaded = ThreadedTime()
    with connected(Service(threaded, pages=2), tokens) as client:
        threaded.run(*pulls(client, make, ALERTS, rows, 8))
    assert len(rows) == 8
    assert len(tokens.asked) == 1


def test_a_moment_that_was_taken_back_is_taken_anew() -> None:
    """T07: who waits for a moment when somebody else meets a 429 waits on, and still in line."""
    limiter = Limiter((1, 1.0))
    moments = [limiter.take(0.0) for _ in range(3)]
    limiter.throttled(0.5, wait=5.0)
    again = [limiter.confirm(moment, moment) for moment in moments[1:]]
    assert all(moment >= 5.5 for moment in again)
    assert again[1] - again[0] >= 1.0
    assert limiter.confirm(again[1], again[1]) == again[1]


def test_429s_that_were_under_way_together_are_one() -> None:
    """T32: eight requests refused together slow a client down as much as one; the next refusal doubles it."""
    one, eight = Limiter((150, 60.0)), Limiter((150, 60.0))
    one.throttled(0.0, wait=3.0)
    for n in range(8):
        eight.throttled(n / 10, wait=3.0)
    gaps = []
    for limiter in (one, eight):
        limiter.take(10.0)
        gaps.append(limiter.reserve(10.0))
    assert gaps[0] == pytest.approx(gaps[1])
    one.throttled(20.0, wait=0.0)
    one.take(30.0)
    assert one.reserve(30.0) == pytest.approx(2 * gaps[0])


@pytest.mark.parametrize("service", ["security", "auditlogs", "security/runhuntingquery"])
def test_notebooks_that_know_nothing_of_each_other_get_along(service: str) -> None:
    """T32: of three processes on one limit, fewer than one request in twenty is refused after half a minute."""
    random.seed(service)
    count, period = LIMITS[service]
    limiters = [Limiter((count, period)) for _ in range(3)]
    calls: deque[float] = deque()
    good = refused = 0
    todo = [(0.0, who, 1, False) for who in range(3)]
    while todo[0][0] < 900:
        now, who, attempt, ready = heapq.heappop(todo)
        moment = limiters[who].confirm(now, now) if ready else limiters[who].take(now)
        if not ready or moment != now:
            heapq.heappush(todo, (moment, who, attempt, True))
            continue
        while calls and calls[0] <= now - period * 0.95:
            calls.popleft()
        calls.append(now)  # throttled calls count too
        if len(calls) <= count:
            good += now > 30
            limiters[who].answered()
            heapq.heappush(todo, (now + 0.15, who, 1, False))
        else:
            refused += now > 30
            wait = backoff(attempt, throttled=True)
            limiters[who].throttled(now, wait=wait)
            heapq.heappush(todo, (now + wait, who, attempt + 1, False))
    assert refused / (good + refused) < 0.05
    assert good / (900 - 30) > 0.5 * count / period


def test_hunting_has_a_limit_of_its_own() -> None:
    """Hunting queries are counted apart from other security calls, 45 a minute."""
    assert service_of("/v1.0/security/runHuntingQuery") == service_of("/beta/security/runHuntingQuery/")
    assert LIMITS[service_of("/v1.0/security/runHuntingQuery")] == (45, 60.0)
    assert service_of("/v1.0/security/incidents/5") == "security"


def test_waits_are_told(graph: Any, make: Any) -> None:
    """Who asks is told how long is waited and why, and when the wait is over; without waits nothing is told."""
    client, fake = graph([make.refusal(429, Retry_After="5"), make.refusal(503, Retry_After="2"), make.page("a")])
    told: list[tuple[float, str]] = []
    client.on_wait = lambda seconds, why: told.append((seconds, why))
    list(client.pages("/users"))
    assert [why for _, why in told] == ["Graph asks to slow down"] * 2 + ["trying again after a failure"] * 2
    assert [seconds > 0 for seconds, _ in told] == [True, False, True, False]
    assert told[0][0] == pytest.approx(5, abs=0.5)
    told.clear()
    fake.now += 10
    list(client.pages("/users"))
    assert told == []
    for _ in range(2):
        list(client.pages("/identityProtection/riskyUsers"))
    assert [why for _, why in told] == ["keeping to Graph's limit"] * 2


class Busy(httpx.BaseTransport):
    """In real time: asks to wait half a minute."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        return httpx.Response(429, headers={"Retry-After": "30"})


def test_a_worker_stops_when_told(make: Any) -> None:
    """T25: a thread that waits half a minute leaves at once when its pull is stopped; and asks no more."""
    stop, left, told = threading.Event(), [], []
    service = Busy()
    client = connected(service)
    client.on_wait = lambda seconds, _: told.append(seconds)

    def work() -> None:
        try:
            list(client.pages(ALERTS, stop=stop))
        except CancelledError as error:
            left.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert service.asked.wait(timeout=10)
    time.sleep(0.7)
    stop.set()
    started = time.monotonic()
    thread.join(timeout=10)
    assert time.monotonic() - started < 8
    assert len(left) == 1
    assert client.waited_seconds < 5
    assert told[-1] == 0.0
    assert sorted(told[:-1], reverse=True) == told[:-1]
    with pytest.raises(CancelledError):
        list(client.pages(ALERTS, stop=stop))
    assert client.requests_made == 1
    client.close()


@pytest.mark.skipif(os.name != "posix", reason="signals to a child are POSIX")
def test_ctrl_c_leaves_a_wait_at_once() -> None:
    """T25: Ctrl-C during a long wait ends the program at once, with the pages read so far at hand."""
    script = (
        "import signal\n"  # as in a terminal: what runs in the background may have been told to ignore it
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import httpx\n"
        "from graphinvestigate.client import EmulatorCredential, connect\n"
        "link = 'https://graph.microsoft.com/v1.0/users?$skiptoken=2'\n"
        "class Busy(httpx.BaseTransport):\n"
        "    def handle_request(self, request):\n"
        "        if 'skiptoken' in str(request.url):\n"
        "            print('waiting', flush=True)\n"
        "            return httpx.Response(429, headers={'Retry-After': '60'})\n"
        "        return httpx.Response(200, json={'value': [{'id': 'a'}], '@odata.nextLink': link})\n"
        "client = connect(tenant_id='t', credential=EmulatorCredential('t'), transport=Busy())\n"
        "pages = []\n"
        "try:\n"
        "    for page in client.pages('/users'):\n"
        "        pages.append(page)\n"
        "except KeyboardInterrupt:\n"
        "    print('kept', len(pages), flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "waiting\n"
        time.sleep(0.3)
        started = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "kept 1\n"
        assert time.monotonic() - started < 20
        assert child.wait(timeout=10) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_an_error_in_one_thread_is_its_own(make: Any) -> None:
    """A window that fails for good does not touch the others."""
    threaded, rows = ThreadedTime(), {}
    service = Service(threaded, pages=3)
    inner = service.handle_request

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403) if request.url.params["window"] == "1" else inner(request)

    service.handle_request = answer  # type: ignore[method-assign]
    with connected(service) as client, pytest.raises(PermissionMissingError):
        threaded.run(*pulls(client, make, ALERTS, rows, 4))
    assert sorted(rows) == [0, 2, 3]

"""T12, T32, D06, D07, D13, D14, X15: batches, many askers, and pulls that go on after they were stopped."""

from __future__ import annotations

import heapq
import json
import random
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx

import graphinvestigate as gi
from fault_matrix.fakes import ALERTS, HOME, FakeGraph, connected, ids, link, page, refusal
from fault_matrix.mistakes import Around, StopsQuietly, around
from fault_matrix.row import OPEN, raised, row, same, worked
from graphinvestigate.client import BatchRequest, GraphClient
from graphinvestigate.client.journal import Journal
from graphinvestigate.client.throttle import LIMITS, Limiter, backoff
from graphinvestigate.envelope import Page
from graphinvestigate.errors import EndpointRetiredError, GraphError, PartialResultError


class OutOfOrder:
    """Answers batches as Graph may: in any order, some refused, one not at all, one twice."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.at: list[float] = []
        self.fake = FakeGraph(self)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["requests"]
        self.calls.append([one["id"] for one in asked])
        self.at.append(self.fake.now)
        answers = [self.answer(one) for one in reversed(asked)]
        if len(self.calls) == 1:
            twice = next(one for one in answers if one["id"] == "10")
            answers = [twice, *(one for one in answers if one["id"] != "9")]
        return httpx.Response(200, json={"responses": answers})

    def answer(self, one: dict[str, Any]) -> dict[str, Any]:
        """One answer in a batch's."""
        refused = {"4": (429, {"Retry-After": "7"}), "6": (503, {}), "7": (424, {})}
        if len(self.calls) == 1 and one["id"] in refused:
            status, headers = refused[one["id"]]
            error = {"error": {"code": "refused", "message": "not now"}}
            return {"id": one["id"], "status": status, "headers": headers, "body": error}
        return {"id": one["id"], "status": 200, "headers": {}, "body": {"id": one["url"].rpartition("/")[2]}}


def in_a_batch(client: GraphClient, paths: list[str]) -> list[bytes]:
    """The bodies of the answers, in the order of the paths."""
    requests = [BatchRequest(path=path, depends_on=(5,) if n == 6 else ()) for n, path in enumerate(paths)]
    answers = client.batch(requests)
    assert all(one.error is None for one in answers), [one.error for one in answers]
    return [one.body for one in answers]


def by_place(client: GraphClient, paths: list[str]) -> list[bytes]:
    """Takes the first answer for the first request, and a batch that came for one that worked."""
    asked = [{"id": str(n + 1), "method": "GET", "url": path} for n, path in enumerate(paths)]
    body = json.loads(client.post("/$batch", {"requests": asked}))
    return [json.dumps(one["body"]).encode() for one in body["responses"]]


@row("T12", real=in_a_batch, broken=by_place)
def each_request_of_a_batch_is_judged_alone(subject: Any) -> None:
    """Answers are matched by id, and only what failed, or has no answer or two, is sent again after its wait."""
    graph = OutOfOrder()
    bodies = worked(lambda: subject(connected(graph.fake), [f"/users/u{n}" for n in range(20)]))
    same([json.loads(body).get("id") for body in bodies], [f"u{n}" for n in range(20)])
    same(sorted(graph.calls[1], key=int), ["4", "6", "7", "9", "10"])
    assert graph.at[1] - graph.at[0] >= 7
    assert len(graph.calls) == 2


class Deaf(Limiter):
    """Takes no notice of a 429."""

    def throttled(self, now: float, *, wait: float) -> None:
        """Go on as before."""


@row("T32", real=Limiter, broken=Deaf)
def three_notebooks_leave_each_other_room(subject: Any) -> None:
    """Three processes at one limit slow down until nearly all they ask is answered, without knowing of each other."""
    state = random.getstate()
    random.seed(0)
    try:
        for service in ("security", "auditlogs"):
            good, refused = together(subject, *LIMITS[service])
            share = refused / (good + refused)
            assert share < 0.05, f"{share:.0%} of {good + refused} requests were refused"
            assert good > 435 * LIMITS[service][0] / LIMITS[service][1], "nobody gets anywhere"
    finally:
        random.setstate(state)


def together(limiter: Any, count: int, period: float) -> tuple[int, int]:
    """Let three limiters ask one server for a quarter of an hour; what it answered and refused after 30 s."""
    limiters = [limiter((count, period)) for _ in range(3)]
    calls: deque[float] = deque()
    good = refused = 0
    turns = [(each.reserve(0.0), number, 1) for number, each in enumerate(limiters)]
    heapq.heapify(turns)
    while turns[0][0] < 900:
        now, number, attempt = heapq.heappop(turns)
        while calls and calls[0] <= now - period * 0.95:
            calls.popleft()
        calls.append(now)  # what is refused counts too
        if len(calls) <= count:
            good += now > 30
            limiters[number].answered()
            later, attempt = now + 0.15, 1
        else:
            refused += now > 30
            wait = backoff(attempt, throttled=True)
            limiters[number].throttled(now, wait=wait)
            later, attempt = now + wait, attempt + 1
        heapq.heappush(turns, (later + limiters[number].reserve(later), number, attempt))
    return good, refused


class LastLink(Around):
    """Goes on at the last next link it saw, dead or alive."""

    last: str | None = None

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        if self.last is not None:
            path, arguments = self.last, {}
        for one in self.client.pages(path, **arguments):
            self.last = one.next_link
            yield one


class Expiring:
    """A list whose next links die with the pull that got them."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.pulls = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        token = request.url.params.get("$skiptoken")
        if token is None:
            self.pulls += 1
            return page("a", "b", next_link=link(f"{self.pulls}"))
        if token == "1":
            return refusal(self.status, "BadRequest", "SkipToken is not allowed")
        return page("b", "c")


def goes_on(subject: Any, status: int) -> None:
    """A pull whose next link is refused for good keeps its rows, and resumes with all of them."""
    client = subject(FakeGraph(Expiring(status)))
    stopped = raised(PartialResultError, lambda: gi.list_alerts(client))
    same(stopped.frame["id"], ["a", "b"])
    assert "page 1" in stopped.missing
    same(sorted(worked(stopped.resume)["id"]), ["a", "b", "c"])


@row("D06", real=connected, broken=around(StopsQuietly))
def a_rejected_next_link_is_no_end(subject: Any) -> None:
    """A next link that Graph itself rejects with 400 keeps the rows before it, and resuming asks the window anew."""
    goes_on(subject, 400)


@row("D07", real=connected, broken=around(LastLink))
def an_expired_next_link_is_not_asked_again(subject: Any) -> None:
    """A next link that has expired (410) is not tried again: the window is asked anew, and rows are told by id."""
    goes_on(subject, 410)


class TakesPartForWhole(Around):
    """Takes a 206 for a 200."""

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        for one in self.client.pages(path, **arguments):
            yield replace(one, left_out=())


@row("D13", real=connected, broken=around(TakesPartForWhole))
def a_206_is_no_whole_answer(subject: Any) -> None:
    """A 206 keeps the rows that came, and is a partial answer that names each product that did not answer."""
    silent = [("Warning", f'199 - "Vendor/{name}/504/10000"') for name in ("One", "Two")]
    whole = page("a")
    partly = httpx.Response(206, headers=[("Content-Type", "application/json"), *silent], content=whole.content)
    stopped = raised(PartialResultError, lambda: gi.list_alerts(subject(FakeGraph([partly]))))
    same(stopped.frame["id"], ["a"])
    assert "Vendor/One" in stopped.missing
    assert "Vendor/Two" in stopped.missing


class NothingThere(Around):
    """Takes a place that is gone for one that is empty."""

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        try:
            yield from self.client.pages(path, **arguments)
        except GraphError:
            yield Page(b"", connected(FakeGraph([page()])).page(ALERTS).spans)


@row("D14", real=connected, broken=around(NothingThere))
def a_retired_endpoint_is_not_empty(subject: Any) -> None:
    """An endpoint that Graph has retired is an error that names what took its place, never "no rows"."""
    client = subject(FakeGraph([refusal(410, "Gone", "retired")]))
    retired = raised(EndpointRetiredError, lambda: gi.list_alerts(client), "not absent")
    assert retired.successor


class NoJournal(Around):
    """Keeps nothing, and begins anew after every crash."""

    def pages(self, path: str, *, journal: Any = None, **arguments: Any) -> Iterator[Page]:
        return self.client.pages(path, **arguments)


@row("X15", real=connected, broken=around(NoJournal))
def a_killed_pull_goes_on(subject: Any) -> None:
    """After a crash in the middle of a pull only the pages that had not come are asked for, and no row differs."""
    folder = OPEN.enter_context(tempfile.TemporaryDirectory())

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("$skiptoken", "0"))
        following = f"{HOME}/v1.0{ALERTS}?$skiptoken={number + 1}" if number < 9 else None
        return page(f"row-{number}", next_link=following)

    killed = FakeGraph(answer)
    pages = subject(killed).pages(ALERTS, journal=Journal(f"{folder}/pull"))
    for _ in range(4):
        next(pages)
    del pages  # the process is gone, and with it everything but the disk
    after = FakeGraph(answer)
    same(ids(subject(after), journal=Journal(f"{folder}/pull")), [f"row-{n}" for n in range(10)])
    assert len(killed.seen) + len(after.seen) == 10

"""T01 to T11: throttling, and failures that pass."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx

import graphinvestigate as gi
from fault_matrix.fakes import ALERTS, Demo, FakeGraph, connected, ids, link, page, refusal
from fault_matrix.mistakes import (
    AnyNumber,
    HalfPatient,
    Impatient,
    LocalClock,
    NoRetry,
    ShortensWaits,
    StopsQuietly,
    Stubborn,
    Through,
    WholeSeconds,
    around,
    through,
)
from fault_matrix.row import raised, row, same
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.errors import GraphError, PartialResultError, ThrottledError


def after_a_wait(subject, **headers):
    """A client that was throttled once with these headers, and the seconds that it waited."""
    fake = FakeGraph([refusal(429, **headers), page("a")])
    same(ids(subject(fake)), ["a"])
    assert fake.seen[0].target == fake.seen[1].target
    return fake.waited


@row("T01", real=connected, broken=through(NoRetry))
def seconds_are_waited(subject):
    """A page that was refused with 429 is asked for again after the seconds that Graph names, and no row is lost."""
    answers = [page("a", next_link=link("2")), refusal(429, Retry_After="3"), page("b")]
    fake = FakeGraph(answers)
    same(ids(subject(fake)), ["a", "b"])
    assert 3.0 <= fake.waited <= 4.0
    assert fake.seen[1].target == fake.seen[2].target


@row("T02", real=connected, broken=through(WholeSeconds))
def decimals_are_waited(subject):
    """Retry-After has decimals in Graph's own sample; they count."""
    assert 2.128 <= after_a_wait(subject, Retry_After="2.128") <= 3.2


@row("T03", real=connected, broken=through(LocalClock))
def a_date_counts_from_the_answers_own(subject):
    """A date in Retry-After counts from the answer's own Date, however far this machine's clock is off."""
    for off in (timedelta(0), timedelta(minutes=10), timedelta(days=-900)):
        date = datetime(2026, 3, 1, 12, tzinfo=UTC) + off
        until = format_datetime(date + timedelta(seconds=30), usegmt=True)
        waited = after_a_wait(subject, Date=format_datetime(date, usegmt=True), Retry_After=until)
        assert 30 <= waited <= 31


@row("T04", real=connected, broken=through(Impatient))
def identity_protection_is_asked_once_a_second(subject):
    """Identity Protection takes a request a second and names no time to wait: fifty pages bring not one 429."""
    demo = Demo(subject)
    paths = ("/identityProtection/riskDetections", "/identityProtection/riskyUsers")
    while len(demo.statuses) < 50:
        for path in paths:
            same(ids(demo.client, path, params={"$top": 1}), demo.ids(path[1:]))
    assert demo.statuses.count(429) == 0
    fake = FakeGraph([refusal(429), page("a")])
    same(ids(subject(fake), path), ["a"])
    assert fake.waited >= 1.0


@row("T05", real=connected, broken=through(AnyNumber))
def an_unusable_wait_backs_off(subject):
    """A Retry-After that is no time to wait is answered with backoff: never a crash, never at once, never for ever."""
    for value in ("garbage", "-5", "nan", "inf", "", "1e9", "1,2", "0", "9" * 400):
        assert 1.0 <= after_a_wait(subject, Retry_After=value) <= 60.0, value


@row("T06", real=connected, broken=through(ShortensWaits))
def a_long_wait_is_said_at_once(subject):
    """Asked to wait an hour the client says so at once, never asks early, and resumes where it stopped."""
    demo = Demo(subject, Fault(ALERTS, error(429, headers={"Retry-After": "3600"}), on={2}))
    stopped = raised(PartialResultError, lambda: gi.list_alerts(demo.client, page_size=20))
    assert isinstance(stopped.__cause__, ThrottledError)
    assert stopped.__cause__.retry_after_seconds == 3600
    assert demo.time.sleeps == []
    assert demo.statuses[-1] == 429
    same(sorted(stopped.resume()["id"]), sorted(demo.ids()))


@row("T07", real=connected, broken=through(HalfPatient))
def no_call_is_early(subject):
    """In a storm that early calls prolong, not one call is early."""
    free = [0.0]
    early = [0]
    served = [0]

    def answer(_request):
        now = fake.clock()
        if now < free[0]:
            early[0] += 1
            free[0] = now + 5
            return refusal(429, Retry_After="5")
        served[0] += 1
        if served[0] % 3 == 0:
            free[0] = now + 5
            return refusal(429, Retry_After="5")
        rows = served[0]
        return page(f"{rows}", next_link=link(f"{rows}") if rows < 30 else None)

    fake = FakeGraph(answer)
    assert len(ids(subject(fake))) == 21
    assert early == [0]


@row("T08", real=connected, broken=through(NoRetry))
def what_passes_is_asked_again(subject):
    """An answer that fails for a moment is asked for again; no row is lost or doubled."""
    for status in (408, 429, 500, 502, 503, 504, 509):
        fake = FakeGraph([page("a", next_link=link("2")), refusal(status), page("b")])
        same(ids(subject(fake)), ["a", "b"])
        assert len(fake.seen) == 3


@row("T09", real=connected, broken=through(Stubborn))
def what_stays_ends_after_six_attempts(subject):
    """A failure that stays ends after six attempts with status, request-id, attempts and address, without query."""
    for status in (408, 429, 500, 502, 503, 504, 509):
        fake = FakeGraph([refusal(status, "generalException", "It hurts", request_id="abc-123")])
        client = subject(fake)
        stayed = raised(GraphError, lambda c=client: list(c.pages(ALERTS, params={"$filter": "a eq 'alice'"})))
        assert len(fake.seen) == stayed.attempts == 6
        assert fake.waited <= 300
        assert stayed.url == f"https://graph.microsoft.com/v1.0{ALERTS}"
        for part in (str(status), "abc-123", "6 attempts"):
            assert part in str(stayed)
        assert "alice" not in str(stayed)


class RetriesAll(Through):
    """Tries every failure once more."""

    def handle_request(self, request):
        answer = self.inner.handle_request(request)
        return answer if answer.status_code < 400 else self.inner.handle_request(request)


@row("T10", real=connected, broken=through(RetriesAll))
def what_will_not_pass_is_asked_once(subject):
    """An answer that will not change is an error of its own after one request, with Graph's inner reason."""
    kinds = {400: gi.BadRequestError, 403: gi.PermissionMissingError, 404: gi.RecordNotFoundError, 410: GraphError,
             501: gi.ServiceError, 505: gi.ServiceError, 507: gi.ServiceError}  # fmt: skip
    for status, kind in kinds.items():
        body = {"error": {"code": "", "message": "", "innerError": {"code": "inner", "request-id": "r-1"}}}
        fake = FakeGraph([httpx.Response(status, json=body)])
        client = subject(fake)
        failed = raised(kind, lambda c=client: c.record(f"{ALERTS}/x"))
        assert len(fake.seen) == 1
        assert fake.sleeps == []
        assert (failed.code, failed.request_id) == ("inner", "r-1")
    fake = FakeGraph([refusal(401)])
    client = subject(fake)
    raised(gi.AuthError, lambda: c.record(f"{ALERTS}/x") if (c := client) else None)
    assert len(fake.seen) == 2  # the second with a new token


class Storm(FakeGraph):
    """A hundred pages; half of all answers are failures."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        super().__init__(self.answered, enough=2000)

    def answered(self, request):
        if self.random.random() < 0.5:
            status = self.random.choice([429, 500, 502, 503, 504])
            return refusal(status, **({"Retry_After": "1"} if status == 429 else {}))
        number = int(request.url.params.get("$skiptoken", "0"))
        return page(f"row-{number}", next_link=link(f"{number + 1}") if number < 99 else None)


@row("T11", real=connected, broken=around(StopsQuietly))
def a_storm_loses_nothing_quietly(subject):
    """While half of all calls fail, a pull has every row or is an error that keeps what came and resumes."""
    for seed in range(20):
        storm = Storm(seed)
        client = subject(storm)
        try:
            frame = gi.list_alerts(client)
        except PartialResultError as stopped:
            resume = stopped.resume
            for _ in range(50):
                try:
                    frame = resume()
                    break
                except PartialResultError as again:
                    resume = again.resume
        except GraphError:
            assert not any("$skiptoken" in seen.target for seen in storm.seen), "an error that keeps no rows"
            continue
        same(frame["id"], [f"row-{n}" for n in range(100)])

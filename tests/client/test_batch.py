"""Batches: each request judged by its own answer, and only what failed sent again."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graphinvestigate.client import BatchRequest
from graphinvestigate.errors import (
    BadResponseError,
    GraphError,
    NetworkError,
    RecordNotFoundError,
    ServiceError,
    ThrottledError,
    UsageError,
)

UNKNOWN = "not known: read the record"
Inner = dict[str, Any]


class Service:
    """Answers batches: `inner(request, times it was asked)` gives each answer; `outer` may spoil the whole."""

    def __init__(
        self, inner: Callable[[Inner, int], Inner | None], outer: Callable[[list[Inner], int], Any] | None = None
    ) -> None:
        self.inner, self.outer = inner, outer
        self.calls: list[list[Inner]] = []
        self.asked: Counter[str] = Counter()

    def __call__(self, request: httpx.Request) -> Any:
        assert (request.method, request.url.path) == ("POST", "/v1.0/$batch")
        requests = json.loads(request.content)["requests"]
        self.calls.append(requests)
        answers = []
        for one in requests:
            self.asked[one["url"]] += 1
            answer = self.inner(one, self.asked[one["url"]])
            if answer is not None:
                answers.append({"id": one["id"], **answer})
        random.Random(len(self.calls)).shuffle(answers)
        if self.outer:
            changed = self.outer(answers, len(self.calls))
            if changed is not None:
                return changed
        return httpx.Response(200, json={"responses": answers})


def ok(request: Inner, _time: int = 1) -> Inner:
    """The record that was asked for."""
    return {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"url": request["url"]}}


def no(status: int, **headers: str) -> Inner:
    """An error inside a batch."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": sent, "body": {"error": {"code": "", "message": "no"}}}


def gets(count: int, path: str = "/users/u") -> list[BatchRequest]:
    """Requests for records."""
    return [BatchRequest(path=f"{path}{n}") for n in range(count)]


def urls(answers: Any) -> list[str]:
    """What was answered."""
    return [json.loads(answer.body)["url"] for answer in answers]


def test_every_request_is_answered_once_and_only_failures_are_sent_again(graph: Any) -> None:
    """T12: answers in any order, 429 and 503 inside, one missing, one twice: all twenty answered, in order."""
    trouble = {
        "/users/u3": no(429, Retry_After="5"), "/users/u7": no(429, Retry_After="11.5"), "/users/u9": no(503),
        "/users/u4": None,
    }  # fmt: skip

    def inner(request: Inner, time: int) -> Inner | None:
        return trouble[request["url"]] if time == 1 and request["url"] in trouble else ok(request)

    def twice(answers: list[Inner], call: int) -> None:
        if call == 1:
            answers.append(next(one for one in answers if one["id"] == "12"))

    service = Service(inner, twice)
    client, fake = graph(service)
    answers = client.batch(gets(20))
    assert urls(answers) == [f"/users/u{n}" for n in range(20)]
    assert all(answer.error is None for answer in answers)
    again = {"/users/u3", "/users/u4", "/users/u7", "/users/u9", "/users/u11"}
    assert {one["url"] for one in service.calls[1]} == again
    assert len(service.calls) == 2
    assert 11.5 <= fake.seen[1].at - fake.seen[0].at <= 13
    assert [answer.attempts for answer in answers] == [1 + (f"/users/u{n}" in again) for n in range(20)]


def test_a_batch_holds_at_most_twenty(graph: Any) -> None:
    """Fifty requests are three calls, each with ids of its own, and the answers keep the order asked in."""
    service = Service(ok)
    client, _ = graph(service)
    assert urls(client.batch(gets(50))) == [f"/users/u{n}" for n in range(50)]
    assert [len(call) for call in service.calls] == [20, 20, 10]
    assert all(len({one["id"].lower() for one in call}) == len(call) for call in service.calls)
    assert client.requests_made == 3
    assert client.batch([]) == []


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "twice"])
def test_an_answer_that_stays_missing_is_that_requests_error(graph: Any, missing: bool) -> None:
    """T12: a request that is never answered, or always twice, ends as an error; the others keep their answers."""

    def spoil(answers: list[Inner], _call: int) -> None:
        for one in [one for one in answers if one["id"] == "2"]:
            answers.remove(one) if missing else answers.append(dict(one))

    service = Service(ok, spoil)
    client, _ = graph(service)
    answers = client.batch(gets(3))
    assert [answer.error is None for answer in answers] == [True, False, True]
    assert isinstance(answers[1].error, BadResponseError)
    assert service.asked == {"/users/u0": 1, "/users/u1": 3, "/users/u2": 1}


def test_a_change_without_an_answer_is_left_open_and_not_repeated(graph: Any) -> None:
    """A change that the batch does not answer, or that fails with 5xx, is sent once and its outcome left open."""
    service = Service(lambda request, _: None if request["url"].endswith("0") else no(503))
    client, _ = graph(service)
    answers = client.batch([BatchRequest(path=f"/users/u{n}", method="PATCH", body={"a": 1}) for n in range(2)])
    assert [type(answer.error) for answer in answers] == [BadResponseError, ServiceError]
    assert all(UNKNOWN in str(answer.error) for answer in answers)
    assert len(service.calls) == 1
    assert service.calls[0][0]["headers"]["Content-Type"] == "application/json"
    assert service.calls[0][0]["body"] == {"a": 1}


def test_a_throttled_change_is_sent_again(graph: Any) -> None:
    """A change that was refused unread inside a batch is sent again after its wait."""
    service = Service(lambda request, time: ok(request) if time > 1 else no(429, Retry_After="3"))
    client, fake = graph(service)
    (answer,) = client.batch([BatchRequest(path="/users/u", method="PATCH", body={})])
    assert answer.error is None
    assert answer.attempts == 2
    assert fake.seen[1].at - fake.seen[0].at >= 3


def test_dependants_follow_what_they_depend_on(graph: Any) -> None:
    """T12: what failed with 424 goes again with the throttled request it depends on, and in its order."""
    service = Service(
        lambda request, time: (
            ok(request) if time > 1 or request["url"] == "/users/u0" else no(429 if "dependsOn" not in request else 424)
        )
    )
    client, _ = graph(service)
    first, second = gets(2)
    third = BatchRequest(path="/users/u2", depends_on=(0, 1))
    assert urls(client.batch([first, second, third])) == ["/users/u0", "/users/u1", "/users/u2"]
    assert service.calls[0][2]["dependsOn"] == ["1", "2"]
    assert [one["url"] for one in service.calls[1]] == ["/users/u1", "/users/u2"]
    assert service.calls[1][1]["dependsOn"] == ["2"]


def test_what_depends_on_a_failure_is_not_done(graph: Any) -> None:
    """A request that depends on one that failed for good is a 424 that names it, also across calls."""
    service = Service(lambda request, _: no(404) if request["url"] == "/users/u0" else ok(request))
    client, _ = graph(service)
    answers = client.batch([*gets(20), BatchRequest(path="/users/late", method="PATCH", body={}, depends_on=(0,))])
    assert isinstance(answers[0].error, RecordNotFoundError)
    assert answers[20].status == 424
    assert isinstance(answers[20].error, GraphError)
    assert "/users/u0" in str(answers[20].error)
    assert service.asked["/users/late"] == answers[20].attempts == 0


def test_what_stays_throttled_is_given_up(graph: Any) -> None:
    """T09: a request that is always throttled is given up after six attempts; a long wait is not waited at all."""
    service = Service(lambda request, _: no(429, **({"Retry_After": "3600"} if request["url"].endswith("1") else {})))
    client, fake = graph(service)
    answers = client.batch(gets(2))
    assert [type(answer.error) for answer in answers] == [ThrottledError, ThrottledError]
    assert service.asked == {"/users/u0": 6, "/users/u1": 1}
    assert answers[1].error.retry_after_seconds == 3600
    assert sum(fake.sleeps) <= 300


def test_a_batch_does_not_escape_the_limits(graph: Any) -> None:
    """T04: requests in a batch count each for its service: one risk detection per call and second."""
    service = Service(ok)
    client, fake = graph(service)
    client.batch([*gets(3, "/identityProtection/riskDetections/d"), *gets(3)])
    assert [len(call) for call in service.calls] == [4, 1, 1]
    assert all(b.at - a.at >= 1 for a, b in zip(fake.seen, fake.seen[1:], strict=False))


def test_a_call_that_fails_as_a_whole(graph: Any) -> None:
    """Without one answer the call's error is raised; later, answers are kept and the rest carry the error."""
    client, fake = graph([httpx.ConnectError("refused")])
    with pytest.raises(NetworkError):
        client.batch(gets(3))
    assert len(fake.seen) == 6
    service = Service(ok, lambda _answers, call: httpx.ReadError("reset") if call > 1 else None)
    client, _ = graph(service)
    answers = client.batch([*gets(20), BatchRequest(path="/users/change", method="PATCH", body={})])
    assert [answer.error is None for answer in answers] == [True] * 20 + [False]
    assert UNKNOWN in str(answers[20].error)
    assert len(service.calls) == 2


@pytest.mark.parametrize("body", [b'{"value":[]}', b"[]", b'{"responses":{}}', b'{"responses":[{"id":"1"}]}'])
def test_an_answer_that_is_no_batch_is_an_error(graph: Any, body: bytes) -> None:
    """An answer without a list of answers is a BadResponseError, never an empty result."""
    client, _ = graph([httpx.Response(200, content=body)])
    with pytest.raises(BadResponseError):
        client.batch(gets(1))


def test_odd_but_valid_answers_are_read(graph: Any) -> None:
    """Half a character in one answer costs nothing, and neither do headers and bodies that are null."""
    first, second = (
        b'{"id":"1","status":200,"body":{"x":"\\ud800"}}',
        b'{"id":"2","status":204,"headers":null,"body":null}',
    )
    body = b'{"responses":[' + first + b"," + second + b"]}"
    client, _ = graph([httpx.Response(200, content=body)])
    one, two = client.batch(gets(2))
    assert json.loads(one.body) == {"x": "\ud800"}
    assert (two.status, two.body, two.error) == (204, b"", None)


@pytest.mark.parametrize(
    "requests",
    [[BatchRequest(path="users")], [BatchRequest(path="/users", method="TRACE")],
     [BatchRequest(path="/users", headers={"Authorization": "Bearer x"})], [BatchRequest(path="/users", body={1})],
     [BatchRequest(path="/users", depends_on=(0,))], [BatchRequest(path="/users", depends_on=(-1,))]],
)  # fmt: skip
def test_requests_that_cannot_be_sent_are_refused(graph: Any, requests: list[BatchRequest]) -> None:
    """A request that can't be sent is a UsageError before anything goes out."""
    client, fake = graph([httpx.Response(500)])
    with pytest.raises(UsageError):
        client.batch(requests)
    assert fake.seen == []


def test_queries_are_written_into_the_url(graph: Any) -> None:
    """A request's query is percent-encoded in its relative address, without the version."""
    service = Service(ok)
    client, _ = graph(service)
    client.batch([BatchRequest(path="/users", params={"$filter": "displayName eq 'O''Brien & co'"})])
    assert service.calls[0][0]["url"] == "/users?$filter=displayName%20eq%20%27O%27%27Brien%20%26%20co%27"

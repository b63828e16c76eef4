"""Sending: what only reads is sent again, what changes something is not, and half-known outcomes say so."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from graphinvestigate.errors import (
    AuthError,
    BadRequestError,
    BadResponseError,
    GraphError,
    NetworkError,
    PermissionMissingError,
    ThrottledError,
    UsageError,
)

HUNT = "/security/runHuntingQuery"
ALERT = "/security/alerts_v2/a1"
BROKEN = [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("peer closed")]
UNKNOWN = "not known: read the record"


def good(**body: Any) -> httpx.Response:
    """A good answer."""
    return httpx.Response(200, json=body)


@pytest.mark.parametrize("trouble", [*BROKEN, httpx.ConnectError("refused"), *(httpx.Response(status) for status in (
    408, 429, 500, 502, 503, 504, 509)), httpx.Response(200, content=b'{"results":[')], ids=repr)  # fmt: skip
def test_a_query_is_sent_again(graph: Any, trouble: Any) -> None:
    """T08 T14 T15 T16: a POST that only reads is sent again, the same, after whatever may pass."""
    client, fake = graph([trouble, good(results=[])])
    assert json.loads(client.post(HUNT, {"Query": "x"}, retry=True)) == {"results": []}
    assert [request.method for request in fake.seen] == ["POST", "POST"]


@pytest.mark.parametrize("send", ["post", "patch"])
@pytest.mark.parametrize("trouble", BROKEN, ids=repr)
def test_a_change_is_not_sent_again_after_a_broken_answer(graph: Any, send: str, trouble: Exception) -> None:
    """A change whose answer broke off is sent once, and the error says that its outcome is not known."""
    client, fake = graph([trouble, good()])
    with pytest.raises(NetworkError, match=UNKNOWN):
        getattr(client, send)(ALERT, {"status": "resolved"})
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    ("status", "open_"),
    [(408, True), (500, True), (502, True), (503, True), (504, True),
     (400, False), (403, False), (409, False), (412, False)],
)  # fmt: skip
def test_a_change_that_fails_is_not_sent_again(graph: Any, make: Any, status: int, open_: bool) -> None:
    """A change is sent once, and only where Graph may have made it before it failed is its outcome left open."""
    client, fake = graph([make.refusal(status, "code"), good()])
    with pytest.raises(GraphError) as caught:
        client.patch(ALERT, {"status": "resolved"})
    assert len(fake.seen) == 1
    assert (UNKNOWN in str(caught.value)) is open_


def test_a_change_that_never_left_is_known_not_to_be_made(graph: Any) -> None:
    """When no connection came about, nothing was changed and the error leaves nothing open."""
    client, fake = graph([httpx.ConnectError("refused")])
    with pytest.raises(NetworkError) as caught:
        client.patch(ALERT, {})
    assert UNKNOWN not in str(caught.value)
    assert len(fake.seen) == 1


@pytest.mark.parametrize("status", [429, 509])
def test_a_change_that_was_refused_unread_is_sent_again(graph: Any, make: Any, status: int) -> None:
    """T01: after "too many requests" a change is sent again, when its time has come and not before."""
    client, fake = graph([make.refusal(status, Retry_After="7"), good(status="resolved")])
    assert json.loads(client.patch(ALERT, {"status": "resolved"})) == {"status": "resolved"}
    assert len(fake.seen) == 2
    assert 7 <= sum(fake.sleeps) <= 8


def test_a_change_throttled_for_an_hour_is_an_error(graph: Any, make: Any) -> None:
    """T06: a change that would have to wait an hour is a ThrottledError at once, and nothing is left open."""
    client, fake = graph([make.refusal(429, Retry_After="3600")])
    with pytest.raises(ThrottledError) as caught:
        client.patch(ALERT, {})
    assert UNKNOWN not in str(caught.value)
    assert fake.sleeps == []


@pytest.mark.parametrize("status", [202, 204, 200, 201])
def test_nothing_to_say_is_a_good_answer(graph: Any, status: int) -> None:
    """An action that Graph answers without words succeeded, and gives no bytes."""
    client, fake = graph([httpx.Response(status)])
    assert client.post(f"{ALERT}/comments", None) == b""
    assert "content-type" not in fake.seen[0].headers


def test_what_is_sent_is_json(graph: Any) -> None:
    """The body is JSON and said to be, with the client's headers beside the caller's."""
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return good()

    client, fake = graph(answer)
    client.patch(ALERT, {"tags": ["Zürich \u202e", 1, None]}, headers={"If-Match": "etag"})
    assert json.loads(sent[0]) == {"tags": ["Zürich \u202e", 1, None]}
    headers = fake.seen[0].headers
    assert headers["content-type"] == "application/json"
    assert headers["if-match"] == "etag"
    assert headers["authorization"].startswith("Bearer ")
    assert fake.seen[0].target == f"/v1.0{ALERT}"
    assert fake.seen[0].method == "PATCH"


@pytest.mark.parametrize("body", [{1, 2}, float("nan"), {"a": object()}, {"a": float("inf")}])
def test_what_is_no_json_is_not_sent(graph: Any, body: Any) -> None:
    """What can't be written as JSON is a UsageError, and nothing goes out."""
    client, fake = graph([good()])
    with pytest.raises(UsageError, match="JSON"):
        client.post(HUNT, body, retry=True)
    assert fake.seen == []


def test_a_refused_token_is_renewed_for_a_change_too(graph: Any, make: Any) -> None:
    """A01: a 401 refuses a change unread: it is sent once more with a new token, then it is an error."""
    client, fake = graph([httpx.Response(401), good()], credential=make.Tokens())
    client.patch(ALERT, {})
    assert [request.headers["authorization"] for request in fake.seen] == ["Bearer token-1", "Bearer token-2"]
    client, fake = graph([httpx.Response(401)], credential=make.Tokens())
    with pytest.raises(AuthError):
        client.patch(ALERT, {})
    assert len(fake.seen) == 2


@pytest.mark.parametrize("body", [b'{"id":', b"[1]", b"true"])
def test_an_unreadable_answer_to_a_change_leaves_it_open(graph: Any, body: bytes) -> None:
    """When Graph took a change but its answer can't be read, the change is not sent again."""
    client, fake = graph([httpx.Response(200, content=body)])
    with pytest.raises(BadResponseError, match=UNKNOWN):
        client.patch(ALERT, {})
    assert len(fake.seen) == 1


def test_refusals_speak_of_what_was_sent(graph: Any, make: Any) -> None:
    """A refused query is not called a filter, and a refused change is not called reading."""
    client, _ = graph([make.refusal(400, "BadRequest", "Syntax error in query")])
    with pytest.raises(BadRequestError, match=r"what was sent.*Syntax error"):
        client.post(HUNT, {"Query": "|"}, retry=True)
    client, _ = graph([make.refusal(403, "Forbidden")])
    with pytest.raises(PermissionMissingError, match=r"may not change.*SecurityAlert\.ReadWrite\.All"):
        client.patch(ALERT, {}, permission="SecurityAlert.ReadWrite.All")

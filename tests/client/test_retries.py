"""What is asked again, how long that waits, and which error it ends in."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from graphinvestigate.errors import (
    BadRequestError,
    BadResponseError,
    GraphError,
    LicenceMissingError,
    NetworkError,
    PermissionMissingError,
    ProxyInterceptError,
    RecordNotFoundError,
    ServiceError,
    ThrottledError,
)

ALERTS = "/security/alerts_v2"
DATE = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("asked", ["3", "2.128", "120"])
def test_retry_after_is_honoured(graph: Any, make: Any, asked: str) -> None:
    """T01 T02: Graph is asked again after the seconds it names, decimals included, not earlier and little later."""
    client, fake = graph([make.refusal(429, Retry_After=asked), make.page("a")])
    assert make.ids(client.pages(ALERTS)) == ["a"]
    assert float(asked) <= sum(fake.sleeps) <= float(asked) + 1.0
    assert fake.seen[0].target == fake.seen[1].target
    assert client.waited_seconds == pytest.approx(sum(fake.sleeps))


@pytest.mark.parametrize("off", [timedelta(0), timedelta(minutes=10), timedelta(days=-900)])
def test_a_date_is_counted_from_the_answers_own_date(graph: Any, make: Any, off: timedelta) -> None:
    """T03: a date in Retry-After counts from the answer's Date, whatever this machine's clock says."""
    date = DATE + off
    headers = {
        "Date": format_datetime(date, usegmt=True),
        "Retry-After": format_datetime(date + timedelta(seconds=30), usegmt=True),
    }
    client, fake = graph([make.refusal(429, **headers), make.page("a")])
    assert make.ids(client.pages(ALERTS)) == ["a"]
    assert 30 <= sum(fake.sleeps) <= 31


@pytest.mark.parametrize("asked", ["garbage", "-5", "nan", "inf", "", "1e9", "1,2", "0", "\u0663"])
def test_an_unusable_retry_after_backs_off(graph: Any, make: Any, asked: str) -> None:
    """T05: what is no time to wait is answered with backoff, never at once and never for ever."""
    answer = httpx.Response(429, headers=[(b"Retry-After", asked.encode())])
    client, fake = graph([answer, make.page("a")])
    assert make.ids(client.pages(ALERTS)) == ["a"]
    assert 1.0 <= sum(fake.sleeps) <= 60.0


@pytest.mark.parametrize(("status", "kind"), [(429, ThrottledError), (503, ServiceError)])
def test_a_wait_beyond_the_budget_is_an_error_at_once(graph: Any, make: Any, status: int, kind: type) -> None:
    """T06: asked to wait an hour, the client says so at once, does not ask early, and can go on later."""
    client, fake = graph([make.refusal(status, Retry_After="3600"), make.page("a")])
    with pytest.raises(kind, match="3,600 s") as caught:
        list(client.pages(ALERTS))
    assert fake.sleeps == []
    assert len(fake.seen) == 1
    assert caught.value.retry_after_seconds == 3600
    assert caught.value.status == status
    assert make.ids(client.pages(ALERTS)) == ["a"]
    assert sum(fake.sleeps) < 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 509, 429])
def test_what_passes_is_asked_again(graph: Any, make: Any, status: int) -> None:
    """T08: an answer that fails for a moment is asked for again; no row is lost or doubled."""
    answers = [make.page("a", next_link=make.link("2")), make.refusal(status), make.page("b")]
    client, fake = graph(answers)
    assert make.ids(client.pages(ALERTS)) == ["a", "b"]
    assert fake.seen[1].target == fake.seen[2].target
    assert len(fake.seen) == 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 509])
def test_what_stays_ends_after_six_attempts(graph: Any, make: Any, status: int) -> None:
    """T09: six attempts within 300 s, then an error that names status, request-id, attempts and URL, not the query."""
    answer = make.refusal(status, "generalException", "It hurts", request_id="abc-123")
    client, fake = graph([answer])
    with pytest.raises(GraphError) as caught:
        list(client.pages(ALERTS, params={"$filter": "userPrincipalName eq 'alice@contoso.test'"}))
    error = caught.value
    assert len(fake.seen) == error.attempts == 6
    assert sum(fake.sleeps) <= 300
    assert (error.status, error.code, error.request_id) == (status, "generalException", "abc-123")
    assert error.url == f"https://graph.microsoft.com/v1.0{ALERTS}"
    for part in (str(status), "abc-123", "6 attempts", "It hurts"):
        assert part in str(error)
    assert "alice" not in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequestError), (403, PermissionMissingError), (404, RecordNotFoundError), (410, GraphError),
     (501, ServiceError), (505, ServiceError), (507, ServiceError)],
)  # fmt: skip
def test_what_will_not_pass_is_not_asked_again(graph: Any, make: Any, status: int, kind: type) -> None:
    """T10: an answer that will not change is an error of its own class after one request."""
    client, fake = graph([make.refusal(status, "code", "words")])
    with pytest.raises(kind) as caught:
        client.record(f"{ALERTS}/x")
    assert len(fake.seen) == 1
    assert fake.sleeps == []
    assert caught.value.code == "code"


def test_no_answer_at_all_names_host_and_tries(graph: Any, make: Any) -> None:
    """T13: a dead server is a NetworkError after six tries that says which host, how often, and what to check."""
    client, fake = graph([httpx.ConnectError("[Errno 111] Connection refused")])
    with pytest.raises(NetworkError, match="proxy") as caught:
        list(client.pages(ALERTS, params={"$filter": "a eq 'alice'"}))
    assert caught.value.host == "graph.microsoft.com"
    assert caught.value.attempts == len(fake.seen) == 6
    assert "graph.microsoft.com after 6 attempts" in str(caught.value)
    assert "alice" not in str(caught.value)


@pytest.mark.parametrize("error", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.ConnectTimeout("slow"),
                                   httpx.RemoteProtocolError("peer closed")])  # fmt: skip
def test_a_broken_connection_is_tried_again(graph: Any, make: Any, error: Exception) -> None:
    """T14 T15 T31: a connection that breaks is tried again, and the page comes whole."""
    client, _ = graph([error, make.page("a", "b")])
    assert make.ids(client.pages(ALERTS)) == ["a", "b"]


def test_an_untrusted_certificate_is_not_tried_again(graph: Any) -> None:
    """T29: a certificate that can't be trusted is an error at once that says how to trust a company's authority."""
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate")
    error.__cause__ = ssl.SSLCertVerificationError("certificate verify failed")
    client, fake = graph([error])
    with pytest.raises(NetworkError, match="ca="):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 1


@pytest.mark.parametrize("body", [b'{"value":[{"id":"a"},{"id":', b"", b"<<<", b'{"value":[{"id":"a"}]}\xff'])
def test_half_an_answer_is_asked_for_again_twice(graph: Any, make: Any, body: bytes) -> None:
    """T16: a body that is no JSON is asked for again; if it stays it is a BadResponseError, never an empty list."""
    broken = httpx.Response(200, content=body)
    client, fake = graph([broken, make.page("a")])
    assert make.ids(client.pages(ALERTS)) == ["a"]
    client, fake = graph([broken])
    with pytest.raises(BadResponseError):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 3


@pytest.mark.parametrize("body", [b"{}", b"null", b"[]", b'{"value":null}', b'{"value":{}}', b'{"value":[1]}', b"NaN"])
def test_json_without_records_is_an_error(graph: Any, body: bytes) -> None:
    """T17: JSON that holds no list of records is a BadResponseError at once, never an empty list."""
    client, fake = graph([httpx.Response(200, content=body)])
    with pytest.raises(BadResponseError):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 1


@pytest.mark.parametrize("status", [200, 403])
def test_a_web_page_is_named_as_one(graph: Any, status: int) -> None:
    """T21: a web page instead of JSON is a ProxyInterceptError with its beginning made harmless."""
    html = "<html>\n<title>Sign in \x1b[31m\u202eto Wi-Fi</title>" + "x" * 500
    client, fake = graph([httpx.Response(status, html=html)])
    with pytest.raises(ProxyInterceptError, match="Sign in") as caught:
        list(client.pages(ALERTS))
    assert len(fake.seen) == 1
    assert "graph.microsoft.com" in str(caught.value)
    assert "x" * 90 not in str(caught.value)
    assert not {"\x1b", "\u202e", "\n"} & set(str(caught.value))


def test_a_502_web_page_stays_a_502(graph: Any) -> None:
    """T22: an HTML error page is retried, then reported by its status, not as bad JSON."""
    client, fake = graph([httpx.Response(502, html="<h1>Bad Gateway</h1>")])
    with pytest.raises(ServiceError, match="502"):
        list(client.pages(ALERTS))
    assert len(fake.seen) == 6


@pytest.mark.parametrize("to", ["https://evil.test/login", "http://graph.microsoft.com/", "/elsewhere", "https://\x00"])
def test_a_redirect_is_not_followed(graph: Any, to: str) -> None:
    """T26: no redirect is followed, not even at home; nothing more is sent."""
    client, fake = graph([httpx.Response(302, headers=[(b"Location", to.encode())])])
    with pytest.raises((ProxyInterceptError, NetworkError)):
        list(client.pages(ALERTS))
    assert {request.url.host for request in fake.seen} == {"graph.microsoft.com"}


@pytest.mark.parametrize(
    ("code", "message", "kind", "words"),
    [
        ("Forbidden", "Missing application roles. API required roles: SecurityAlert.Read.All", PermissionMissingError,
         ["SecurityAlert.Read.All", "admin consent", "Azure CLI"]),
        ("", "", PermissionMissingError, ["SecurityAlert.Read.All", "no reason"]),
        ("Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C", LicenceMissingError,
         ["licence", "unknown here, not absent"]),
        ("Forbidden", "Your tenant is not licensed for this feature.", LicenceMissingError, ["licence"]),
        ("AccessDenied", "Blocked by Conditional Access policy", PermissionMissingError, ["policy"]),
    ],
)  # fmt: skip
def test_four_kinds_of_forbidden(graph: Any, make: Any, code: str, message: str, kind: type, words: list[str]) -> None:
    """D15: permission, licence and conditional access are told apart, and the permission is named."""
    client, fake = graph([make.refusal(403, code, message)])
    with pytest.raises(kind) as caught:
        list(client.pages(ALERTS, permission="SecurityAlert.Read.All"))
    assert type(caught.value) is kind
    assert caught.value.permission == "SecurityAlert.Read.All"
    assert len(fake.seen) == 1
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":"","message":"","innerError":{"code":"inner","request-id":"r-1"}}}',
        b'{"error":{"message":null,"innererror":{"code":"inner","requestId":"r-1"}}}',
    ],
)
def test_the_inner_error_counts(graph: Any, body: bytes) -> None:
    """Where the outer error says nothing, the inner one's code and request-id are taken."""
    client, _ = graph([httpx.Response(400, content=body)])
    with pytest.raises(BadRequestError) as caught:
        list(client.pages(ALERTS))
    assert (caught.value.code, caught.value.request_id) == ("inner", "r-1")


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"error":"text"}', b'{"error":[1]}', b"[" * 100_000, b'{"error":{"code":5}}']
)
def test_any_error_body_is_read(graph: Any, body: bytes) -> None:
    """An error answer of any shape is that error, never another exception."""
    client, _ = graph([httpx.Response(404, content=body)])
    with pytest.raises(RecordNotFoundError, match="404"):
        client.record(f"{ALERTS}/x")


def test_hostile_words_are_made_visible(graph: Any, make: Any) -> None:
    """R14 R20: control and bidi characters in Graph's words do not reach the terminal, and long words are cut."""
    client, _ = graph([make.refusal(400, "c\x1b]8;;", "\u202e\r\nERROR forged" + "y" * 1000, request_id="a\x1bb")])
    with pytest.raises(BadRequestError) as caught:
        list(client.pages(ALERTS))
    assert not {"\x1b", "\u202e", "\r", "\n"} & set(str(caught.value) + caught.value.code)
    assert len(str(caught.value)) < 600

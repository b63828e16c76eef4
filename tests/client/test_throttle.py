"""How long to wait, and how fast to ask."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given, strategies as st

from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.client.throttle import LIMITS, Limiter, backoff, http_date, retry_after, service_of
from graphinvestigate.errors import ThrottledError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RISK = "/identityProtection/riskDetections"


@given(st.text(st.characters(max_codepoint=255)), st.none() | st.text(st.characters(max_codepoint=255)))
@example("1e9", None)
@example("9" * 400, None)
@example("Mon, 31 Feb 2026 00:00:00 GMT", "Mon, 99 Feb 2026 00:00:00 +9999")
@example("Sun, 01 Mar 0001 00:00:00 +2359", None)
def test_retry_after_never_raises(value: str, date: str | None) -> None:
    """T05: whatever the headers say, the result is None or a finite number of seconds above zero."""
    headers = httpx.Headers([(b"Retry-After", value.encode("latin-1"))])
    if date is not None:
        headers["Date"] = date
    seconds = retry_after(headers, now=NOW)
    assert seconds is None or 0 < seconds < math.inf


@given(st.text(st.characters(max_codepoint=255)) | st.floats().map(str) | st.integers().map(str))
@example("301")
@example("299.9")
def test_waits_stay_within_the_budget(value: str) -> None:
    """T05: with any Retry-After, a page waits at most 300 s in all, or is a ThrottledError."""
    now, slept = [0.0], [0.0]

    class Busy(httpx.BaseTransport):
        def clock(self) -> float:
            return now[0]

        def sleep(self, seconds: float) -> None:
            assert seconds >= 0
            now[0] += seconds
            slept[0] += seconds

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(429, headers=[(b"Retry-After", value.encode("latin-1"))])

    with (
        connect(tenant_id="t", credential=EmulatorCredential("t"), transport=Busy()) as client,
        pytest.raises(ThrottledError),
    ):
        list(client.pages("/users"))
    assert slept[0] <= 300


def test_a_date_counts_from_the_answers_date() -> None:
    """T03: a date counts from the same answer's Date, and only without one from the time that is given."""
    headers = {"Retry-After": "Sun, 01 Mar 2026 00:00:30 GMT"}
    assert retry_after(headers, now=NOW) == 30
    headers["Date"] = "Sun, 01 Mar 2026 00:00:20 GMT"
    assert retry_after(headers, now=NOW) == 10
    headers["Date"] = "Sun, 01 Mar 2026 00:00:30 GMT"
    assert retry_after(headers, now=NOW) is None


@given(st.text())
def test_http_dates_never_raise(value: str) -> None:
    """Any text is a date in UTC or None."""
    moment = http_date(value)
    assert moment is None or moment.tzinfo is UTC


@given(st.integers(min_value=1, max_value=10_000), st.booleans())
def test_backoff_is_bounded(attempt: int, throttled: bool) -> None:
    """Backoff never exceeds 60 s, and after a 429 never falls below a second."""
    assert (1.0 if throttled else 0.0) <= backoff(attempt, throttled=throttled) <= 60.0


@given(st.sampled_from(sorted(LIMITS)), st.lists(st.floats(min_value=0, max_value=30), max_size=60))
def test_no_window_holds_more_than_its_limit(service: str, pauses: list[float]) -> None:
    """T04: however requests come, no window of the limit's length holds more of them than the limit."""
    count, period = LIMITS[service]
    limiter, now, sent = Limiter((count, period)), 0.0, []
    for pause in pauses:
        now += pause
        wait = limiter.reserve(now)
        assert wait >= 0
        now += wait
        sent.append(now)
    for n in range(len(sent) - count):
        assert sent[n + count] - sent[n] >= period


def test_a_429_holds_all_back_and_slows_them_down() -> None:
    """T07 T32: after a 429 nobody asks before its time is up; requests spread out and speed up again slowly."""
    limiter = Limiter(None)
    assert limiter.reserve(0.0) == 0.0
    limiter.throttled(0.0, wait=5.0)
    assert limiter.reserve(1.0) == pytest.approx(4.0)
    for _ in range(3):
        limiter.throttled(5.0, wait=0.0)
    gap = limiter.reserve(5.0)
    assert gap > 0.5
    for _ in range(100):
        limiter.answered()
    assert limiter.reserve(100.0) == 0.0
    assert limiter.reserve(100.0) == 0.0


@pytest.mark.parametrize(
    ("path", "service"),
    [("/v1.0/security/alerts_v2", "security"), ("/beta/identityProtection/riskyUsers", "identityprotection"),
     ("/v1.0/identity/conditionalAccess/namedLocations", "identityprotection"),
     ("/v1.0/auditLogs/signIns", "auditlogs"), ("/v1.0/", ""), ("/", ""), ("", "")],
)  # fmt: skip
def test_services_are_counted_across_versions(path: str, service: str) -> None:
    """A service is the path's segment after the version, without regard to case."""
    assert service_of(path) == service


def test_identity_protection_is_asked_once_a_second(graph: Any, make: Any) -> None:
    """T04: a pull of fifty pages of risk detections never sends two requests within a second."""
    pages = [make.page(f"{n}", next_link=f"https://graph.microsoft.com/v1.0{RISK}?$skip={n}") for n in range(49)]
    client, fake = graph([*pages, make.page("last")])
    assert len(make.ids(client.pages(RISK))) == 50
    times = [request.at for request in fake.seen]
    assert min(b - a for a, b in itertools.pairwise(times)) >= 1.0
    assert client.waited_seconds == pytest.approx(times[-1] - times[0])


def test_other_services_do_not_wait_for_it(graph: Any, make: Any) -> None:
    """Each service has a limit of its own: alerts do not wait for risk detections."""
    client, fake = graph([make.page()])
    for path in (RISK, "/security/alerts_v2", "/security/incidents", "/auditLogs/signIns"):
        list(client.pages(path))
    assert fake.sleeps == []
    for _ in range(5):
        list(client.pages("/auditLogs/signIns"))
    assert 10.0 <= sum(fake.sleeps) <= 11.0


def test_clients_of_one_tenant_share_the_limit(make: Any) -> None:
    """T04: two clients of one tenant in one process keep the tenant's limit together; two tenants don't."""
    from graphinvestigate.client.throttle import Limiters

    def clock() -> float:
        return 0.0

    one, two, other = (Limiters((clock, "https://graph.test", tenant)) for tenant in ("a", "a", "b"))
    assert one["identityprotection"].reserve(0.0) == 0.0
    assert two["identityprotection"].reserve(0.0) >= 1.0
    assert other["identityprotection"].reserve(0.0) == 0.0

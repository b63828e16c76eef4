"""429: who may ask how often, on a clock that the test turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graphinvestigate.demo.server import Emulator

Connect = Callable[..., httpx.Client]


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


def test_identity_protection_takes_one_request_a_second_from_all_apps(
    tenant: Any, connect: Connect, make_token: Callable[..., str], clock: Clock, shared_dir: Any
) -> None:
    """The second request within a second is 429 without Retry-After, whichever app and path it comes from."""
    emulator = Emulator(tenant, clock=clock)
    one, other = (connect(emulator, token=make_token(appid=app)) for app in "ab")
    assert one.get("/identityProtection/riskDetections").status_code == 200
    answer = other.get("/identityProtection/riskyUsers/u1")
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers
    seen = json.loads((shared_dir / "graph/examples/error__429_identityProtection.json").read_text())["error"]
    assert (answer.json()["error"]["code"], answer.json()["error"]["message"]) == (seen["code"], seen["message"])
    clock.now += 1.0
    assert one.get("/identityProtection/riskDetections").status_code == 200


def test_asking_early_prolongs_the_wait(tenant: Any, connect: Connect, clock: Clock) -> None:
    """Throttled requests count: who keeps asking keeps being refused, who waits gets through."""
    client = connect(Emulator(tenant, clock=clock))
    answers = []
    for _ in range(6):
        answers.append(client.get("/identityProtection/riskyUsers").status_code)
        clock.now += 0.5
    assert answers == [200, 429, 429, 429, 429, 429]
    clock.now += 0.5
    assert client.get("/identityProtection/riskyUsers").status_code == 200


def test_audit_logs_say_how_long_to_wait(
    tenant: Any, connect: Connect, make_token: Callable[..., str], clock: Clock, shared_dir: Any
) -> None:
    """The sixth request within ten seconds is 429 with a decimal Retry-After; after that wait the next one passes."""
    emulator = Emulator(tenant, clock=clock)
    client = connect(emulator, token=make_token(appid="a"))
    for _ in range(5):
        assert client.get("/auditLogs/signIns", params={"$top": "1"}).status_code == 200
        clock.now += 0.1
    answer = client.get("/auditLogs/signIns")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "9.600"
    seen = json.loads((shared_dir / "graph/examples/error__429_throttling.json").read_text())["error"]
    error = answer.json()["error"]
    assert {key: error["innerError"][key] for key in ("code", "message", "status")} == {
        key: seen["innerError"][key] for key in ("code", "message", "status")
    }
    assert error["message"] == seen["message"]
    other = connect(emulator, token=make_token(appid="b"))
    assert other.get("/auditLogs/signIns").status_code == 200, "another app has its own limit"
    clock.now += float(answer.headers["Retry-After"])
    assert client.get("/auditLogs/signIns").status_code == 200


def test_security_takes_150_a_minute(
    tenant: Any, connect: Connect, make_token: Callable[..., str], clock: Clock
) -> None:
    """Alerts and incidents share 150 requests a minute, for each app on its own."""
    emulator = Emulator(tenant, clock=clock)
    client = connect(emulator)
    paths = ["/security/alerts_v2", "/security/incidents"] * 75
    assert {client.get(path, params={"$top": "1"}).status_code for path in paths} == {200}
    answer = client.get("/security/alerts_v2")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60.000")
    assert connect(emulator, token=make_token(appid="another")).get("/security/incidents").status_code == 200
    clock.now += 60
    assert client.get("/security/alerts_v2").status_code == 200


def test_the_service_root_and_refused_tokens_are_not_counted(tenant: Any, connect: Connect, clock: Clock) -> None:
    """Only requests that reach a service count, and the switch turns all of it off."""
    client = connect(Emulator(tenant, clock=clock))
    for _ in range(3):
        assert client.get("/identityProtection/riskyUsers", headers={"Authorization": "x"}).status_code == 401
        assert client.get("/").status_code == 200
    assert client.get("/identityProtection/riskyUsers").status_code == 200
    free = connect(Emulator(tenant, clock=clock, throttle=False))
    assert [free.get("/identityProtection/riskyUsers").status_code for _ in range(3)] == [200] * 3

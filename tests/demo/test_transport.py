"""The emulator in process: the same answers as over HTTP, and a clock that waits for nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.transport import DemoClock, DemoTransport


def test_both_ways_give_the_same_bytes(tenant: Any, make_token: Callable[..., str]) -> None:
    """In process and over HTTP, the same question gets the same headers and the same body."""
    headers = {"Authorization": f"Bearer {make_token()}"}
    answers = []
    with EmulatorServer(Emulator(tenant)) as server:
        for transport in (None, DemoTransport(Emulator(tenant))):
            with httpx.Client(base_url=server.url, transport=transport, headers=headers) as client:
                for path in ("/v1.0/security/alerts_v2?$top=3", "/v1.0/nope", "/v1.0/security/incidents/900"):
                    answer = client.get(path)
                    own = {
                        n: v
                        for n, v in answer.headers.items()
                        if n not in {"content-length", "content-encoding", "vary"}
                    }
                    answers.append((answer.status_code, own, answer.content))
    assert answers[:3] == answers[3:]


def test_the_demo_clock_jumps_over_waits(tenant: Any, connect: Callable[..., httpx.Client]) -> None:
    """Sleeping by the demo clock takes no time and ends a throttle, and the transport offers that clock."""
    demo_clock = DemoClock()
    emulator = Emulator(tenant, clock=demo_clock.clock)
    client = connect(emulator)
    started = time.monotonic()
    for _ in range(5):
        assert client.get("/identityProtection/riskyUsers").status_code == 200
        assert client.get("/identityProtection/riskyUsers").status_code == 429
        demo_clock.sleep(2.0)
    assert time.monotonic() - started < 5
    before = demo_clock.clock()
    demo_clock.sleep(-5)
    assert demo_clock.clock() >= before, "it never runs back"
    transport = DemoTransport(emulator, demo_clock=demo_clock)
    assert (transport.clock, transport.sleep) == (demo_clock.clock, demo_clock.sleep)
    assert not hasattr(DemoTransport(emulator), "clock")

"""Stopping from outside: whoever asks next or waits ends with an error, and pulls keep what came."""

from __future__ import annotations

import threading
import time

import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.demo.transport import DemoClock, DemoTransport


def test_a_pull_that_is_stopped_keeps_its_pages() -> None:
    """Set between two pages, the event ends the pull; its rows are in the error, and `resume` brings the others."""
    client = gi.connect_demo(seed=2, alerts=60)
    whole = gi.list_alerts(client)
    pages = client.pages
    client.stop = threading.Event()

    def stopping(*args: object, **more: object) -> object:
        for number, page in enumerate(pages(*args, **more), start=1):  # type: ignore[arg-type]
            yield page
            if number == 2 and client.stop is not None:
                client.stop.set()

    client.pages = stopping  # type: ignore[method-assign,assignment]
    with pytest.raises(gi.PartialResultError) as caught:
        gi.list_alerts(client, page_size=10)
    assert len(caught.value.frame) == 20
    assert isinstance(caught.value.__cause__, gi.StoppedError)
    with pytest.raises(gi.StoppedError):
        gi.list_incidents(client)
    client.stop = None
    assert caught.value.resume is not None
    assert set(caught.value.resume()["id"]) == set(whole["id"])


def test_a_wait_ends_when_it_is_stopped() -> None:
    """Half a minute that Graph asks to wait is not sat out, in whatever thread the event is set."""
    tenant = build_tenant(2, 30)
    slow = Fault("/security/alerts_v2", error(429, headers={"Retry-After": "30"}))
    client: GraphClient = connect(
        tenant_id=tenant.tenant_id,
        transport=DemoTransport(Emulator(tenant, faults=[slow])),
        credential=EmulatorCredential(tenant.tenant_id, None),
    )
    stop = client.stop = threading.Event()
    client.on_wait = lambda seconds, _: stop.set() if seconds > 1 else None
    started = time.monotonic()
    with pytest.raises(gi.StoppedError):
        gi.list_alerts(client)
    assert time.monotonic() - started < 15


def test_who_is_watched_stops_alone() -> None:
    """Stopping one piece of work ends that; what another thread asks of the same client meanwhile, and after, does not.

    Who listens around it hears its waits too.
    """
    tenant = build_tenant(2, 30)
    slow = Fault("/security/alerts_v2", error(429, headers={"Retry-After": "2"}), on={1})
    clock = DemoClock()
    client: GraphClient = connect(
        tenant_id=tenant.tenant_id,
        transport=DemoTransport(Emulator(tenant, faults=[slow], clock=clock.clock), demo_clock=clock),
        credential=EmulatorCredential(tenant.tenant_id, None),
    )
    stop, all_hear, one_hears = threading.Event(), list[float](), list[float]()
    client.on_wait = lambda seconds, _: all_hear.append(seconds)
    other: list[int] = []
    with client.watched(stop=stop, on_wait=lambda seconds, _: one_hears.append(seconds)):
        gi.list_alerts(client)
        assert max(one_hears) >= 2
        assert one_hears == all_hear
        stop.set()
        with pytest.raises(gi.StoppedError):
            gi.list_incidents(client)
        thread = threading.Thread(target=lambda: other.append(len(gi.list_incidents(client))))
        thread.start()
        thread.join(20)
    assert other == [len(gi.list_incidents(client))]
    assert client.stop is None


def test_a_watch_stops_what_its_own_client_asks() -> None:
    """Within the block of one client another client may ask, whoever stopped the first."""
    one, other = (gi.connect_demo(seed=2, alerts=30) for _ in range(2))
    stop = threading.Event()
    stop.set()
    with one.watched(stop=stop):
        assert len(gi.list_alerts(other)) == 30
        with pytest.raises(gi.StoppedError):
            gi.list_alerts(one)

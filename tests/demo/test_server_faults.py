"""Scripted faults strike the requests they are meant for, and leave the rest alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.demo.server import Emulator

Connect = Callable[..., httpx.Client]
ALERTS = "/security/alerts_v2"


def test_a_fault_strikes_the_nth_matching_request(tenant: Any, connect: Connect) -> None:
    """Requests are counted per fault by path, and an error has Graph's shape, headers and those of the fault."""
    wait = faults.error(429, code="TooManyRequests", headers={"Retry-After": "2.128"})
    fault = Fault("/security/*", wait, on={2}, name="T02")
    emulator = Emulator(tenant, throttle=False, faults=[fault])
    client = connect(emulator)
    statuses = [client.get(path).status_code for path in ("/auditLogs/signIns", ALERTS, "/security/incidents", ALERTS)]
    assert statuses == [200, 200, 429, 200]
    assert emulator.faults.struck == [("T02", "/v1.0/security/incidents")]
    answer = connect(Emulator(tenant, faults=[Fault(ALERTS, fault.action)])).get(ALERTS)
    assert answer.headers["Retry-After"] == "2.128"
    assert answer.headers["request-id"] == answer.json()["error"]["innerError"]["request-id"]


def test_the_first_fault_that_strikes_decides(tenant: Any, connect: Connect) -> None:
    """Faults are tried in order; those that wait still count."""
    rules = [Fault("*", faults.error(500), on={2}), Fault("*", faults.error(503))]
    client = connect(Emulator(tenant, faults=rules))
    assert [client.get(ALERTS).status_code for _ in range(3)] == [503, 500, 503]


def test_an_exact_answer(tenant: Any, connect: Connect) -> None:
    """A fault may answer anything at all, such as a proxy's web page."""
    page = faults.respond(200, headers={"Content-Type": "text/html"}, body="<html>Sign in to the Wi-Fi</html>")
    answer = connect(Emulator(tenant, faults=[Fault(ALERTS, page)])).get(ALERTS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert "request-id" not in answer.headers
    assert connect(Emulator(tenant, faults=[Fault(ALERTS, faults.respond(200, body={}))])).get(ALERTS).json() == {}


def test_empty_pages_lead_on(tenant: Any, connect: Connect) -> None:
    """An empty page has a next link of its own that leads to the records; nothing is lost or repeated."""
    emulator = Emulator(tenant, throttle=False, faults=[Fault(ALERTS, faults.empty_page(), on={1, 3, 4})])
    client = connect(emulator)
    url, params, sizes, ids = ALERTS, {"$top": "40"}, [], []
    links = set()
    while url:
        page = client.get(url, params=params).json()
        sizes.append(len(page["value"]))
        ids += [record["id"] for record in page["value"]]
        url, params = page.get("@odata.nextLink"), None
        assert url not in links
        links.add(url)
    assert sizes == [0, 40, 0, 0, 21]
    assert ids == [f"al{i}" for i in range(61)]


def test_a_next_link_that_leads_nowhere_else(tenant: Any, connect: Connect) -> None:
    """The next link is the very URL that was asked for, byte for byte."""
    client = connect(Emulator(tenant, faults=[Fault(ALERTS, faults.same_next_link(), on={2})]))
    second = client.get(ALERTS, params={"$top": "2"}).json()["@odata.nextLink"]
    assert client.get(second).json()["@odata.nextLink"] == second
    assert client.get(second).json()["@odata.nextLink"] != second


def test_rewriting_leaves_errors_alone(tenant: Any, connect: Connect) -> None:
    """An edit changes a good answer's JSON; what was an error stays that error."""
    drop = faults.rewrite(lambda page: {key: value for key, value in page.items() if key != "value"})
    client = connect(Emulator(tenant, faults=[Fault(ALERTS, drop)]))
    assert set(client.get(ALERTS).json()) == {"@odata.context"}
    assert client.get(ALERTS, params={"$foo": "1"}).status_code == 400


def test_a_dropped_connection(tenant: Any, connect: Connect) -> None:
    """A fault may let no answer come at all."""
    client = connect(Emulator(tenant, faults=[Fault(ALERTS, faults.disconnect(), on={1})]))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(ALERTS)
    assert client.get(ALERTS).status_code == 200


def test_a_fault_that_fails_is_599(tenant: Any, connect: Connect) -> None:
    """A mistake in a fault is a mistake of the emulator."""
    broken = faults.rewrite(lambda page: page["nothing"])
    assert connect(Emulator(tenant, faults=[Fault(ALERTS, broken)])).get(ALERTS).status_code == 599

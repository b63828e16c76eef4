"""Twenty requests in one: each on its own, in no particular order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.demo.server import Emulator

URL = "/$batch"


def get(identifier: str, url: str = "/security/alerts_v2?$top=1", **more: Any) -> dict[str, Any]:
    """One item."""
    return {"id": identifier, "method": "GET", "url": url, **more}


def ask(client: httpx.Client, *items: Any) -> dict[str, Any]:
    """Send a batch, return its answers by id."""
    answer = client.post(URL, json={"requests": list(items)})
    assert answer.status_code == 200, answer.text
    return {item["id"]: item for item in answer.json()["responses"]}


def test_each_item_is_answered_as_it_would_be_alone(tenant: Any, connect: Callable[..., httpx.Client]) -> None:
    """Good and bad items stand side by side under one 200, out of order; exchanges and headers are the items' own."""
    emulator = Emulator(tenant, throttle=False)
    client = connect(emulator)
    items = [
        get("a"),
        get("b", "/security/alerts_v2/none"),
        get("c", "security/incidents?$top=1", headers={"Prefer": "include-unknown-enum-members"}),
        {
            "id": "d",
            "method": "PATCH",
            "url": "/security/alerts_v2/al3",
            "headers": {"Content-Type": "application/json"},
            "body": {"assignedTo": "me"},
        },
    ]
    answer = client.post(URL, json={"requests": items}).json()["responses"]
    assert [item["id"] for item in answer] == ["d", "c", "b", "a"]
    by_id = {item["id"]: item for item in answer}
    assert [by_id[name]["status"] for name in "abcd"] == [200, 404, 200, 200]
    assert by_id["a"]["body"]["value"][0]["id"] == "al0"
    assert by_id["a"]["body"]["value"] == client.get(items[0]["url"]).json()["value"]
    assert by_id["b"]["body"]["error"]["code"] == "ResourceNotFound"
    assert by_id["c"]["headers"]["Preference-Applied"] == "include-unknown-enum-members"
    assert "Date" not in by_id["c"]["headers"]
    assert client.get("/security/alerts_v2/al3").json()["assignedTo"] == "me"
    assert [e.path for e in emulator.exchanges][:5] == [
        "/v1.0/security/alerts_v2",
        "/v1.0/security/alerts_v2/none",
        "/v1.0/security/incidents",
        "/v1.0/security/alerts_v2/al3",
        "/v1.0/$batch",
    ]


def test_items_are_throttled_one_by_one(tenant: Any, connect: Callable[..., httpx.Client]) -> None:
    """Five of seven audit requests pass, two are 429 with Retry-After among their own headers."""
    client = connect(Emulator(tenant, clock=lambda: 0.0))
    answers = ask(client, *(get(str(n), "/auditLogs/directoryAudits?$top=1") for n in range(7)))
    assert [answers[str(n)]["status"] for n in range(7)] == [200] * 5 + [429] * 2
    assert float(answers["6"]["headers"]["Retry-After"]) == 10
    identity = ask(client, *(get(str(n), "/identityProtection/riskyUsers") for n in range(3)))
    assert [identity[str(n)]["status"] for n in range(3)] == [200, 429, 429]
    assert "Retry-After" not in identity["2"]["headers"]


def test_dependants_wait_and_fail_with_what_they_depend_on(tenant: Any, connect: Callable[..., httpx.Client]) -> None:
    """An item runs after those it names, wherever it stands; one that failed fails all behind it with 424."""
    emulator = Emulator(tenant, throttle=False)
    client = connect(emulator)
    answers = ask(client, get("late", "/security/incidents?$top=1", dependsOn=["early"]), get("early"))
    assert [e.path for e in emulator.exchanges][:2] == ["/v1.0/security/alerts_v2", "/v1.0/security/incidents"]
    assert {item["status"] for item in answers.values()} == {200}
    bad = get("1", "/security/alerts_v2/none")
    failed = ask(client, bad, get("2", dependsOn=["1"]), get("3", dependsOn=["2"]), get("4"))
    assert [failed[name]["status"] for name in "1234"] == [404, 424, 424, 200]


@pytest.mark.parametrize(
    "requests",
    [
        None,
        [],
        "x",
        [1],
        [get(str(n)) for n in range(21)],
        [get("a"), get("A")],
        [get("")],
        [get("a", "https://graph.microsoft.com/v1.0/users")],
        [get("a", "/$batch")],
        [get("a", dependsOn=["b"])],
        [get("a", dependsOn=["a"])],
        [get("c"), get("a", dependsOn=["b"]), get("b", dependsOn=["a"])],
        [get("a", headers=["x"])],
        [{"id": "a", "url": "/users"}],
        [{"id": "a", "method": "POST", "url": "/users", "body": {}}],
    ],
)
def test_what_is_no_batch_is_400(tenant: Any, connect: Callable[..., httpx.Client], requests: Any) -> None:
    """A batch that breaks a rule of batches fails as a whole, and nothing of it is carried out."""
    emulator = Emulator(tenant, throttle=False)
    answer = connect(emulator).post(URL, json={"requests": requests})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert [e.path for e in emulator.exchanges] == ["/v1.0/$batch"]


def test_a_batch_needs_a_token_and_a_post(tenant: Any, connect: Callable[..., httpx.Client]) -> None:
    """The envelope is refused like any request; its items speak with its token."""
    client = connect(Emulator(tenant, throttle=False))
    assert client.get(URL).status_code == 405
    own = get("a", headers={"Authorization": "Bearer other"})
    assert ask(client, own)["a"]["status"] == 200
    del client.headers["Authorization"]
    assert client.post(URL, json={"requests": [get("a")]}).status_code == 401


def test_faults_strike_items(tenant: Any, connect: Callable[..., httpx.Client]) -> None:
    """A fault strikes an item by the item's path; a dropped connection is the item's 504."""
    script = [
        Fault("/security/alerts_v2*", faults.error(503, headers={"Retry-After": "1.5"}), on={1}),
        Fault("/security/incidents*", faults.disconnect()),
    ]
    client = connect(Emulator(tenant, throttle=False, faults=script))
    answers = ask(client, get("a"), get("b"), get("c", "/security/incidents"))
    assert [answers[name]["status"] for name in "abc"] == [503, 200, 504]
    assert answers["a"]["headers"]["Retry-After"] == "1.5"

"""`connect_demo` and `serve`: the real client meets the drawn tenant, and gets all of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

import graphinvestigate as gi
from graphinvestigate.client import GraphClient, connect_emulator
from graphinvestigate.demo import connect_demo, serve
from graphinvestigate.demo.odata_filter_values import time_key
from graphinvestigate.demo.resources import PERMISSIONS, RESOURCES
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant
from graphinvestigate.envelope import Page
from graphinvestigate.errors import BadRequestError, PermissionMissingError, RecordNotFoundError, UsageError

KEYS = sorted((version, resource.path) for (version, _), resource in RESOURCES.items())
EVERY_KIND = "signInEventTypes/any(t: t eq 'interactiveUser') or signInEventTypes/any(t: t ne 'interactiveUser')"


@pytest.fixture(scope="module")
def drawn() -> Tenant:
    """The tenant behind `connect_demo()`."""
    return build_tenant(0, 120)


def records(pages: list[Page]) -> list[dict[str, Any]]:
    """The records of some pages, cut out of their bodies."""
    return [json.loads(page.body[at : at + length]) for page in pages for at, length in page.spans]


def collection(tenant: Tenant, version: str, path: str) -> list[dict[str, Any]]:
    """What the tenant holds at a path."""
    return list(tenant.collections.get(f"{version}:{path}", tenant.collections[path]))


def params(version: str, path: str, **more: str) -> dict[str, str]:
    """Options that ask for every record, whole."""
    resource = RESOURCES[version, path.lower()]
    if resource.shown is not None:
        more["$select"] = ",".join(sorted(resource.properties))
    return {"$filter": EVERY_KIND, **more} if (version, path) == ("beta", "auditLogs/signIns") else more


@pytest.mark.parametrize(("version", "path"), KEYS)
def test_the_client_reads_everything_once(drawn: Tenant, version: str, path: str) -> None:
    """The real client gets exactly the tenant's collection, for several page sizes, in its order."""
    held = collection(drawn, version, path)
    with connect_demo() as client:
        for top in ("7", "50") if len(held) < 400 else ("50", "499"):
            pages = list(client.pages(f"/{path}", params=params(version, path, **{"$top": top}), version=version))
            assert records(pages) == held
            assert len(pages) == -(-len(held) // int(top))


@pytest.mark.parametrize(("version", "path"), KEYS)
def test_every_answer_is_valid_json_with_properties_that_exist(
    drawn: Tenant, connect: Callable[..., httpx.Client], version: str, path: str
) -> None:
    """Each drawn record is found by its id, names properties that the resource has, and all that filters look at."""
    client = connect(Emulator(drawn, throttle=False))
    resource = RESOURCES[version, path.lower()]
    met: set[str] = set()
    whole = {name: text for name, text in params(version, path).items() if name == "$select"}
    for record in collection(drawn, version, path)[:150]:
        answer = client.get(f"https://graph.microsoft.com/{version}/{path}/{record['id']}", params=whole)
        assert answer.status_code == 200, answer.text
        body = json.loads(answer.content.decode("utf-8"))
        assert body == {"@odata.context": body["@odata.context"], **record}
        met |= {key for key in body if "@" not in key}
    assert met - resource.properties <= {"correlationConfidence"}, "the one that Graph is said to have added later"
    assert {name.partition("/")[0] for name in resource.filters} <= met, "each filter has something to find"


def test_windows_follow_the_tenants_clock(drawn: Tenant) -> None:
    """The client's clock is the tenant's, so that a window of days holds what the tenant holds in it."""
    with connect_demo() as client:
        assert client.now() == drawn.now.replace(microsecond=0)
        since = (drawn.now - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages = client.pages("/security/alerts_v2", params={"$filter": f"createdDateTime ge {since}"})
        found = [record["id"] for record in records(list(pages))]
    floor = time_key(since)
    assert floor is not None
    held = collection(drawn, "v1.0", "security/alerts_v2")
    wanted = [record["id"] for record in held if (time_key(record["createdDateTime"]) or floor) >= floor]
    assert found == wanted
    assert 0 < len(found) < len(held)


def test_expanded_incidents_hold_their_alerts(drawn: Tenant) -> None:
    """Every alert of an incident comes with it, and says that it belongs to it."""
    with connect_demo() as client:
        incidents = records(list(client.pages("/security/incidents", params={"$expand": "alerts"})))
        one = records([client.record(f"/security/incidents/{incidents[0]['id']}", params={"$expand": "alerts"})])[0]
    assert one["alerts"] == incidents[0]["alerts"]
    assert sum(len(incident["alerts"]) for incident in incidents) > 50
    for incident in incidents:
        assert [alert["id"] for alert in incident["alerts"]] == list(drawn.incident_alerts(incident["id"]))
        assert {alert["incidentId"] for alert in incident["alerts"]} <= {incident["id"]}


def test_nobody_waits_for_the_demo() -> None:
    """Throttled services answer a hundred requests in no time, and the client still says what it waited."""
    started = time.monotonic()
    with connect_demo() as client:
        for _ in range(20):
            list(client.pages("/identityProtection/riskyUsers"))
        assert client.waited_seconds > 10
    assert time.monotonic() - started < 10


def test_permissions_are_those_asked_for() -> None:
    """With some permissions some resources open; the error names the missing one."""
    with connect_demo(permissions=["SecurityAlert.Read.All"]) as client:
        assert client.page("/security/alerts_v2").spans.size
        with pytest.raises(PermissionMissingError, match=re.escape("AuditLog.Read.All")):
            client.page("/auditLogs/signIns", permission="AuditLog.Read.All")
    with connect_demo(permissions=[]) as client, pytest.raises(PermissionMissingError):
        client.page("/security/alerts_v2")


def test_the_clients_errors_for_the_emulators_refusals() -> None:
    """A wrong filter and an unknown record reach the caller as their own errors."""
    with connect_demo() as client:
        with pytest.raises(BadRequestError, match="Could not find a property"):
            client.page("/security/alerts_v2", params={"$filter": "nonsense eq 'x'"})
        with pytest.raises(RecordNotFoundError):
            client.record("/security/alerts_v2/nope")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alerts": 29}, "from 30 to 1,000,000, not 29"),
        ({"alerts": 1_000_001}, "from 30 to 1,000,000"),
        ({"alerts": "120"}, "from 30 to 1,000,000"),
        ({"alerts": 120.0}, "from 30 to 1,000,000"),
        ({"alerts": True}, "from 30 to 1,000,000"),
        ({"alerts": None}, "from 30 to 1,000,000"),
        ({"seed": "0"}, "seed must be a whole number"),
        ({"seed": None}, "seed must be a whole number"),
        ({"seed": False}, "seed must be a whole number"),
        ({"permissions": "AuditLog.Read.All"}, "must be a list of names"),
        ({"permissions": 1}, "must be a list of names"),
        ({"permissions": ["Mail.Read"]}, "Known: AuditLog.Read.All, "),
        ({"permissions": [1]}, "Known: "),
    ],
)
def test_wrong_arguments_say_what_is_allowed(arguments: dict[str, Any], message: str) -> None:
    """An argument that cannot be right is a UsageError that says what can."""
    with pytest.raises(UsageError, match=re.escape(message)):
        connect_demo(**arguments)


def test_any_whole_number_is_a_seed() -> None:
    """Negative and huge seeds draw tenants like any other."""
    for seed in (-1, 2**70):
        with connect_demo(seed, 30) as client:
            assert client.page("/security/alerts_v2", params={"$count": "true"}).count == 30


def test_the_public_name() -> None:
    """`gi.connect_demo` is this one, and it gives the client that `connect` gives."""
    assert gi.connect_demo is connect_demo
    with gi.connect_demo(alerts=30) as client:
        assert type(client) is GraphClient
        assert client.tenant_id == build_tenant(0, 30).tenant_id
    assert set(PERMISSIONS) >= {"SecurityAlert.Read.All", "SecurityIncident.Read.All", "AuditLog.Read.All"}


def test_a_served_tenant_is_the_same_tenant(drawn: Tenant) -> None:
    """Over HTTP the real client reads the same records, without knowing the tenant's id beforehand."""
    with serve(seed=0, alerts=120) as server:
        with connect_emulator(server.url) as client:
            assert client.now() == drawn.now.replace(microsecond=0)
            found = records(list(client.pages("/security/alerts_v2", params={"$top": "50"})))
            assert found == collection(drawn, "v1.0", "security/alerts_v2")
        root = httpx.get(f"{server.url}/v1.0/")
        assert parsedate_to_datetime(root.headers["Date"]) == drawn.now.replace(microsecond=0)
    with pytest.raises(UsageError, match="port must be"):
        serve(port=-1)
    with pytest.raises(UsageError, match="from 30 to"):
        serve(alerts=1)

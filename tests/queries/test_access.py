"""`check_access`: what can be read, what is missing for the rest, and what that hides; it never raises."""

from __future__ import annotations

import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.demo.resources import PERMISSIONS
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.transport import DemoClock, DemoTransport

NO_LICENCE = faults.error(
    403,
    code="Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    message="Neither tenant is B2C or tenant doesn't have premium license",
)


def by_function(client):
    """The table, by function."""
    return gi.check_access(client).set_index("function")


def test_every_list_and_get_function_has_a_row(world) -> None:
    """What the package offers to read is in the table, each under its own name."""
    table = gi.check_access(world.client)
    assert table["function"].is_unique
    offered = {n for n in gi.__all__ if n.startswith(("list_", "get_", "run_"))}
    assert offered <= set(table["function"])


def test_with_all_permissions_all_can_be_read(world) -> None:
    """Nothing is hidden, no reason is needed; the pulls of the client stay as they were."""
    pulls = dict(world.client.pulls)
    table = gi.check_access(world.client)
    assert set(table["can_read"]) == {"yes"}
    assert set(table["hides"]) == {""}
    assert set(table["cloud"]) == {"global"}
    assert world.client.pulls == pulls


def test_a_request_asks_for_one_record(make_world) -> None:
    """One cheap request per resource, whatever the number of functions."""
    world = make_world(alerts=61)
    gi.check_access(world.client)
    asked = [exchange for exchange in world.emulator.exchanges if exchange.path.count("/") > 1]
    lists = [one for one in asked if one.method == "GET" and not one.path.endswith("/reputation")]
    assert all("top=1" in one.query.split("&")[0] for one in lists)
    paths = [exchange.path for exchange in asked]
    assert len(paths) == len(set(paths)) + 1  # users: for themselves, and to find one whose devices to ask for


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_the_permission_named_is_the_one_that_opens_it(make_world, permission) -> None:
    """With one permission alone, each function that names it can be read, and what cannot says what it hides."""
    world = make_world(permissions=[permission])
    table = gi.check_access(world.client)
    named = table[table["permission"] == permission]
    assert (named["can_read"] == "yes").all()
    closed = table[table["can_read"] != "yes"]
    assert len(closed) > 0
    assert (closed["hides"] != "").all()
    assert closed["reason"].str.contains("403").all()


def test_a_licence_that_is_missing_is_told_from_a_permission(make_world) -> None:
    """No licence: cannot be read, and the reason speaks of the licence, which the table names."""
    world = make_world(faults=[Fault("/identityProtection/riskyUsers", NO_LICENCE)])
    row = by_function(world.client).loc["list_risky_users"]
    assert row["can_read"] == "no"
    assert "licence" in row["reason"]
    assert row["licence"] == "Entra ID P2"


def test_an_answer_that_says_neither_is_unknown(make_world) -> None:
    """A service that fails may be readable or not: unknown, never no, and what it may hide is said."""
    world = make_world(faults=[Fault("/security/incidents", faults.error(500))])
    row = by_function(world.client).loc["list_incidents"]
    assert row["can_read"] == "unknown"
    assert row["hides"]


def test_without_any_answer_nothing_is_raised(make_world) -> None:
    """Every request breaks down: all unknown, with the reason."""
    world = make_world(faults=[Fault("*", faults.disconnect())])
    table = gi.check_access(world.client)
    assert set(table["can_read"]) == {"unknown"}
    assert (table["reason"] != "").all()


def test_without_beta_only_the_other_sign_ins_are_hidden(make_world) -> None:
    """Interactive sign-ins are one thing to read, non-interactive ones another."""

    def answer(asked: faults.Asked):
        return faults.error(403)(asked) if "/beta/" in asked.request.url else asked.genuine()

    table = by_function(make_world(faults=[Fault("/auditLogs/signIns", answer)]).client)
    assert table.loc["list_sign_ins", "can_read"] == "yes"
    other = table.loc['list_sign_ins(event_types="nonInteractive")']
    assert other["can_read"] == "no"
    assert "replayed" in other["hides"]


def test_a_cloud_that_lacks_a_service_is_not_asked(make_world) -> None:
    """China's cloud has no security or Identity Protection endpoints: no, without a request."""
    tenant = make_world().tenant
    clock = DemoClock()
    emulator = Emulator(tenant, clock=clock.clock)
    transport = DemoTransport(emulator, demo_clock=clock)
    credential = EmulatorCredential(tenant.tenant_id)
    with connect(tenant_id=tenant.tenant_id, transport=transport, credential=credential, cloud="china") as client:
        table = by_function(client)
    assert table.loc["list_alerts", "can_read"] == "no"
    assert "china" in table.loc["list_alerts", "reason"]
    assert table.loc["list_sign_ins", "can_read"] == "yes"
    assert not any("/security/" in exchange.path for exchange in emulator.exchanges)


def test_what_a_cloud_lacks_is_said_by_each_function_too(world) -> None:
    """In China's cloud alerts, risk, hunting and threat intelligence are a UsageError that names what can be read."""
    transport = DemoTransport(world.emulator)
    credential = EmulatorCredential(world.tenant.tenant_id)
    tenant_id = world.tenant.tenant_id
    with connect(tenant_id=tenant_id, cloud="china", transport=transport, credential=credential) as client:
        before = client.requests_made
        for ask in (
            gi.list_alerts, gi.list_incidents, gi.list_risk_detections, gi.list_risky_users, gi.list_secure_scores,
            lambda c: gi.get_alert(c, "x"), lambda c: gi.run_hunting_query(c, "AlertInfo"),
            lambda c: gi.get_host_reputation(c, "contoso.com"), lambda c: gi.list_passive_dns(c, "contoso.com"),
        ):  # fmt: skip
            with pytest.raises(gi.UsageError, match=r"'china' does not offer.*list_sign_ins"):
                ask(client)
        assert client.requests_made <= before + 1  # the emulator's time
        assert len(gi.list_sign_ins(client)) > 0

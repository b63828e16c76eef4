"""Pivots against the demo tenant: everything that mentions an entity, and what could not be read."""

from __future__ import annotations

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.pivots import pivot_steps


@pytest.fixture(scope="module")
def g(world) -> nx.MultiDiGraph:
    """The tenant's alerts, linked."""
    return gi.entity_graph(alerts=gi.list_alerts(world.client))


def texts(value: object) -> set[str]:
    """Every string in a record, in lower case."""
    if isinstance(value, dict):
        return {text for item in value.values() for text in texts(item)}
    if isinstance(value, list):
        return {text for item in value for text in texts(item)}
    return {value.lower()} if isinstance(value, str) else set()


def naming(world, path: str, *words: str) -> list[str]:
    """Ids of the tenant's records in which one of some words stands as a value, found by looking at every string."""
    wanted = {word.lower() for word in words}
    return sorted(record["id"] for record in world.tenant.collections[path] if texts(record) & wanted)


def test_a_user_brings_everything_that_names_them(world, g) -> None:
    """From a user: their alerts, these alerts' incidents, their risk and their sign-ins, no one else's."""
    user = world.tenant.truth.attack.user
    found = gi.pivot(world.client, user.user_principal_name, g=g)
    names = (user.id, user.user_principal_name)
    assert sorted(found.frames["alerts"]["id"]) == naming(world, "security/alerts_v2", *names)
    assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "auditLogs/signIns", *names)
    assert sorted(found.frames["risk_detections"]["id"]) == naming(world, "identityProtection/riskDetections", *names)
    assert list(found.frames["risky_users"]["id"]) == [user.id]
    assert set(found.frames["incidents"]["id"]) == set(found.frames["alerts"]["incident_id"].dropna())
    assert found.coverage["complete"].all()


def test_an_address_brings_its_sign_ins_from_graph_itself(world, g) -> None:
    """From an address: Graph narrows the sign-ins down, the rest happens here, and the coverage tells which."""
    address = world.tenant.truth.attack.proxy_ip
    found = gi.pivot(world.client, gi.Entity("ip", address), g=g)
    assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "auditLogs/signIns", address)
    assert sorted(found.frames["alerts"]["id"]) == naming(world, "security/alerts_v2", address)
    said = found.coverage.set_index("resource")
    assert address in said.loc["sign_ins", "filters_server"]
    assert address not in said.loc["alerts", "filters_server"]
    assert address in said.loc["alerts", "filters_local"]


def test_a_host_is_found_by_each_of_its_ids(world, g) -> None:
    """From a host: sign-ins name it by its Entra device id, alerts by its Defender id; both are found."""
    host = world.tenant.truth.attack.laptop
    found = gi.pivot(world.client, host.device_dns_name, g=g)
    assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "auditLogs/signIns", host.azure_ad_device_id)
    assert sorted(found.frames["alerts"]["id"]) == naming(world, "security/alerts_v2", host.mde_device_id)
    assert len(found.frames["sign_ins"]) > 0


def test_an_entity_no_graph_knows_is_taken_at_its_key(world) -> None:
    """Without an entity graph, an Entity made by hand still finds its rows."""
    user = world.tenant.truth.attack.user
    for key in (user.id, user.user_principal_name):
        found = gi.pivot(world.client, gi.Entity("user", key), sources=["sign_ins"])
        assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "auditLogs/signIns", user.id)


def test_the_graph_grows_and_stays_as_it_was(world, g) -> None:
    """The find joins the graph; the graph given in is untouched."""
    before = nx.MultiDiGraph(g)
    found = gi.pivot(world.client, world.tenant.truth.attack.user.user_principal_name, g=g)
    grown = gi.merge_graphs(g, found.graph)
    assert set(g) < set(grown)
    assert {("sign_in", i) for i in found.frames["sign_ins"]["id"]} <= set(grown)
    assert nx.utils.graphs_equal(g, before)


def test_a_source_that_may_not_be_read_stops_nothing_else(make_world) -> None:
    """No permission for sign-ins: the rest comes, and the coverage names the permission."""
    world = make_world(alerts=120, permissions=["SecurityAlert.Read.All", "SecurityIncident.Read.All"])
    user = world.tenant.truth.attack.user
    found = gi.pivot(world.client, gi.Entity("user", user.id))
    assert set(found.frames) == {"alerts", "incidents"}
    said = found.coverage.set_index("resource")
    assert not said.loc["sign_ins", "complete"]
    assert "AuditLog.Read.All" in said.loc["sign_ins", "note"]
    assert said.loc["alerts", "complete"]


def test_nothing_readable_is_an_error_not_an_empty_answer(make_world) -> None:
    """Where no source may be read, the first reason is raised."""
    client = make_world(permissions=[]).client
    with pytest.raises(gi.PermissionMissingError, match=r"SecurityAlert\.Read\.All"):
        gi.pivot(client, gi.Entity("user", "4b2f0000-0000-4000-8000-000000000001"))


def test_steps_say_what_will_be_asked_and_ask_nothing(world, g) -> None:
    """The steps of a pivot are sentences; making them asks nothing of Graph."""
    user = gi.find_entity(g, world.tenant.truth.attack.user.user_principal_name)
    before = world.client.requests_made
    steps = pivot_steps(user, g=g)
    assert [step.source for step in steps] == ["alerts", "incidents", "risk_detections", "risky_users", "sign_ins"]
    assert f"user_id is {user.key}" in steps[-1].sentence
    assert world.client.requests_made == before


def test_a_merged_incident_stands_once(make_world) -> None:
    """Alerts may still name an incident that was merged away: what it was merged into is one row."""
    world = make_world(alerts=120)
    merged, into = world.tenant.truth.redirected[0]
    alerts = world.tenant.collections["security/alerts_v2"]
    one, two = next(a["id"] for a in alerts if a["incidentId"] == into), world.tenant.truth.attack.alert_ids[0]

    def rename(page: dict) -> dict:
        named = {one: merged, two: into}
        value = [{**alert, "incidentId": named.get(alert["id"], alert["incidentId"])} for alert in page["value"]]
        return {**page, "value": value}

    told = make_world(alerts=120, faults=[Fault("/security/alerts_v2", faults.rewrite(rename))])
    frame = gi.list_alerts(told.client)
    user = next(n for n in gi.entity_graph(alerts=frame[frame["id"].isin([one, two])]) if n[0] == "user")
    incidents = gi.pivot(told.client, user).frames["incidents"]
    assert incidents["id"].is_unique
    assert into in set(incidents["id"])


@pytest.mark.parametrize(
    ("entity", "options", "error", "words"),
    [
        ("nobody@nowhere.example", {}, gi.EntityNotFoundError, "nobody"),
        (gi.Record("alert", "x"), {}, gi.UsageError, "record"),
        (gi.Entity("host", "srv01.example"), {"sources": ["risky_users"]}, gi.UsageError, "Sources for it"),
        (gi.Entity("user", "a@b.example"), {"sources": ["mails"]}, gi.UsageError, "Sources for it"),
        (gi.Entity("user", "a@b.example"), {"sources": ["incidents"]}, gi.UsageError, "'alerts'"),
        (gi.Entity("user", "a@b.example"), {"since": "soon"}, gi.UsageError, "7d"),
        (gi.Entity("ip", "0.0.0.0"), {}, gi.UsageError, "cannot be the key"),
    ],
)
def test_a_wrong_start_says_what_to_give(world, g, entity, options, error, words) -> None:
    """Unknown names, records, sources and times are errors that say what to give instead."""
    with pytest.raises(error, match=words):
        gi.pivot(world.client, entity, g=g if isinstance(entity, str) else None, **options)

"""Pivots against the demo tenant: everything that mentions an entity, and what could not be read."""

from __future__ import annotations

import re
from datetime import timedelta

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.pivots import SOURCES, new_nodes, pivot_steps
from graphinvestigate.pivots.steps import identifiers_of, start_of

HASHES = {"sha256": 64, "sha1": 40, "md5": 32}


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
    assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "beta:auditLogs/signIns", *names)
    assert sorted(found.frames["risk_detections"]["id"]) == naming(world, "identityProtection/riskDetections", *names)
    assert list(found.frames["risky_users"]["id"]) == [user.id]
    assert set(found.frames["incidents"]["id"]) == set(found.frames["alerts"]["incident_id"].dropna())
    assert found.coverage["complete"].all()


def test_a_name_alone_is_enough_to_start(world, g) -> None:
    """With no graph yet, a user principal name brings the same records as a user known by all ids.

    What can only be hunted for by another id is told, and the second pivot asks for it.
    """
    name = world.tenant.truth.attack.user.user_principal_name
    alone, known = gi.pivot(world.client, f" {name.upper()} "), gi.pivot(world.client, name, g=g)
    assert alone.entity == gi.Entity("user", name.lower())
    for source in SOURCES[:6]:
        assert len(known.frames[source])
        assert sorted(alone.frames[source]["id"]) == sorted(known.frames[source]["id"]), source
    notes = alone.coverage.loc[~alone.coverage["complete"]].set_index("resource")["note"]
    assert sorted(notes.index) == ["hunting:CloudAppEvents", "hunting:IdentityLogonEvents"]
    assert notes.str.contains("object_id").all()
    again = gi.pivot(world.client, name, g=alone.graph)
    assert again.coverage["complete"].all()
    assert again.hunted.keys() == known.hunted.keys() > alone.hunted.keys()


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("198.51.100.7", gi.Entity("ip", "198.51.100.7")),
        ("2001:DB8::1", gi.Entity("ip", "2001:db8::1")),
        ("hxxps://evil[.]example/x", gi.Entity("url", "https://evil.example/x")),
        ("A" * 64, gi.Entity("file", "a" * 64)),
        (r"CONTOSO\alice", gi.Entity("user", r"contoso\alice")),
        ("S-1-12-1-1-2-3-4", gi.Entity("user", "00000001-0002-0000-0300-000004000000")),
    ],
)
def test_text_that_says_what_it_names_needs_no_graph(name, entity) -> None:
    """Addresses, links, hashes and accounts are read as they are pasted."""
    assert start_of(name, None) == entity


@pytest.mark.parametrize("name", ["evil.example", "ab" * 20, "d2189e5b-1a4a-4483-85b3-75576c73166d"])
def test_text_that_could_be_several_things_is_not_guessed(name) -> None:
    """A name with dots is a host or a domain, forty digits a file or a device: the error lists them to choose from."""
    with pytest.raises(gi.AmbiguousEntityError, match="Say which") as caught:
        start_of(name, None)
    assert len({entity.kind for entity in caught.value.candidates}) > 1


@pytest.mark.parametrize("name", ["alice", "", "alice@contoso.com and bob@contoso.com", "x" * 50_000])
def test_text_that_names_nothing_by_itself_needs_a_graph(name) -> None:
    """A display name or a sentence is no place to start from: the error says what is."""
    with pytest.raises(gi.UsageError, match="Give g="):
        start_of(name, None)


def test_a_hash_is_told_by_its_length() -> None:
    """A file that no graph knows is asked for as the hash that it is."""
    named = {kind: identifiers_of(gi.Entity("file", "a" * size), None) for kind, size in HASHES.items()}
    assert named == {kind: {f"{kind}={'a' * size}"} for kind, size in HASHES.items()}


def test_an_address_brings_its_sign_ins_from_graph_itself(world, g) -> None:
    """From an address: Graph narrows the sign-ins down, the rest happens here, and the coverage tells which."""
    address = world.tenant.truth.attack.proxy_ip
    found = gi.pivot(world.client, gi.Entity("ip", address), g=g)
    assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "beta:auditLogs/signIns", address)
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
        assert sorted(found.frames["sign_ins"]["id"]) == naming(world, "beta:auditLogs/signIns", user.id)


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
    assert [step.source for step in steps[:6]] == [*SOURCES[:6]]
    assert {step.source for step in steps[6:]} == {"hunting"}
    assert "narrowed down here" in steps[0].sentence
    assert "no filter that knows their evidence" in steps[0].sentence
    assert f"user_id is {user.key}, the non-interactive ones too" in steps[4].sentence
    assert f"IdentityLogonEvents whose AccountObjectId is {user.key}" in steps[6].sentence
    local = pivot_steps(user, g=g, known=["alerts"])[0]
    assert (local.how, "nothing is asked" in local.sentence) == ("known", True)
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


def test_every_kind_can_be_pivoted_from(world, g) -> None:
    """From each kind of entity that the tenant's alerts name: the alerts that name it are among what comes."""
    first = {}
    for node in g:
        if isinstance(node, gi.Entity):
            first.setdefault(node.kind, node)
    assert len(first) > 15
    alerts = gi.list_alerts(world.client)
    for node in first.values():
        found = gi.pivot(world.client, node, g=g, sources=["alerts"], known={"alerts": alerts})
        expected = {n.id for n in nx.all_neighbors(g, node) if isinstance(n, gi.Record) and n.kind == "alert"}
        assert set(found.frames["alerts"]["id"]) == expected, node
        assert node in found.graph


def test_records_at_hand_are_narrowed_down_and_not_asked_for(world, g) -> None:
    """Frames given as known are not asked for again; the rows are the same; the coverage says so."""
    user = gi.find_entity(g, world.tenant.truth.attack.user.id)
    asked = gi.pivot(world.client, user, g=g, sources=["alerts"])
    alerts = gi.list_alerts(world.client, since="30d")
    before = world.client.requests_made
    found = gi.pivot(world.client, user, g=g, sources=["alerts"], known={"alerts": alerts})
    assert world.client.requests_made == before
    assert sorted(found.frames["alerts"]["id"]) == sorted(asked.frames["alerts"]["id"])
    said = found.coverage.iloc[0]
    assert "at hand" in said["note"]
    assert (said["rows_received"], said["rows_kept"]) == (len(alerts), len(found.frames["alerts"]))


def test_a_user_that_was_merged_brings_what_names_either(world, g) -> None:
    """Two users that an analyst says are one: sign-ins, audits and logons of both come, asked for by both ids."""
    truth = world.tenant.truth.attack
    events = world.tenant.collections["auditLogs/signIns"]
    other = next(
        gi.Entity("user", one["userId"])
        for one in events
        if one["userId"] != truth.user.id and gi.Entity("user", one["userId"]) in g
    )
    merged = gi.entity_graph(
        alerts=gi.list_alerts(world.client), merges=[(f"object_id={truth.user.id}", f"object_id={other.key}")]
    )
    user = gi.find_entity(merged, truth.user.id)
    assert user == gi.find_entity(merged, other.key)
    found = gi.pivot(world.client, user, g=merged)
    apart = [gi.pivot(world.client, gi.Entity("user", one), g=g) for one in (truth.user.id, other.key)]
    for source in ("sign_ins", "risk_detections", "directory_audits", "risky_users", "alerts"):
        whole = {*apart[0].frames[source]["id"], *apart[1].frames[source]["id"]}
        assert set(found.frames[source]["id"]) == whole, source
        assert found.frames[source]["id"].is_unique
    assert len(found.hunted["IdentityLogonEvents"]) == sum(len(one.hunted["IdentityLogonEvents"]) for one in apart)


def test_records_at_hand_that_are_not_all_say_so(world, g) -> None:
    """A frame that a limit cut is narrowed down, and is no complete answer: the coverage says why it is short."""
    user = gi.find_entity(g, world.tenant.truth.attack.user.id)
    cut = gi.list_sign_ins(world.client, limit=5)
    (said,) = gi.pivot(world.client, user, g=g, sources=["sign_ins"], known={"sign_ins": cut}).coverage.to_dict(
        "records"
    )
    assert said["complete"] is False
    assert said["note"].startswith("narrowed down from records at hand; nothing was asked; they are not all: ")
    assert gi.coverage(cut)["note"].iloc[0] in said["note"]


def test_events_that_are_at_hand_and_hunted_for_come_once(world, g) -> None:
    """Own records of a table that is hunted in too are the same events: each stands once in the frame."""
    address = gi.Entity("ip", world.tenant.truth.attack.replay_ip)
    alone = gi.pivot(world.client, address, sources=["hunting"])
    events = alone.frames["sign_in_event"]
    both = gi.pivot(world.client, address, sources=["hunting"], records=[events])
    assert list(both.frames["sign_in_event"]["id"]) == list(events["id"])
    assert both.coverage["rows_kept"].iloc[-1] == len(events) > 0


def test_audits_by_somebody_and_about_somebody_both_come(world, g) -> None:
    """Who did something and whom it was done to are asked of Graph together."""
    audits = list(world.tenant.collections["auditLogs/directoryAudits"])
    named = [t["id"] for a in audits for t in a["targetResources"] if t.get("type") == "User" and t.get("id")]
    user = next(n for n in (gi.Entity("user", i) for i in named) if n in g)
    found = gi.pivot(world.client, user, g=g, sources=["directory_audits"])

    def by(audit: dict) -> str | None:
        return (audit["initiatedBy"].get("user") or {}).get("id")

    expected = [a["id"] for a in audits if by(a) == user.key or user.key in {t["id"] for t in a["targetResources"]}]
    assert sorted(found.frames["directory_audits"]["id"]) == sorted(expected)
    assert "targetResources" in found.coverage.iloc[0]["filters_server"]


def test_hunting_answers_stand_by_table(world, g) -> None:
    """From a host and an address: the rows that each hunting table has on them, and a row of coverage per query."""
    truth = world.tenant.truth.attack
    host = gi.pivot(world.client, gi.find_entity(g, truth.laptop.mde_device_id), g=g, sources=["hunting"])
    assert set(host.hunted["DeviceLogonEvents"]["DeviceId"]) == {truth.laptop.mde_device_id}
    address = gi.pivot(world.client, gi.Entity("ip", truth.replay_ip), sources=["hunting"])
    assert set(address.hunted["AADSignInEventsBeta"]["RequestId"]) == set(truth.replay_sign_in_ids)
    assert len(address.coverage) == 2
    assert set(address.frames) == {"sign_in_event"}


def test_hunting_obeys_the_window(world, g) -> None:
    """However the window is written, hunting gives the rows of its time and no others, and the coverage says so."""
    truth = world.tenant.truth.attack
    laptop = gi.find_entity(g, truth.laptop.mde_device_id)

    def hunt(**window: object) -> gi.Pivot:
        return gi.pivot(world.client, laptop, g=g, sources=["hunting"], **window)

    def times(found: gi.Pivot) -> list[pd.Timestamp]:
        return sorted(found.hunted["DeviceLogonEvents"]["Timestamp"])

    every = times(hunt())
    assert len(set(every)) > 2
    middle, now = every[len(every) // 2], world.client.now()
    after, before = [one for one in every if one >= middle], [one for one in every if one <= middle]
    found = hunt(since=middle.isoformat())
    assert times(found) == after
    assert found.coverage["note"].str.contains(f"looked from {middle:%Y-%m-%dT%H:%M:%S}").all()
    assert times(hunt(since=middle)) == after
    assert times(hunt(until=middle)) == before
    assert times(hunt(since=None, until=middle)) == before
    days = (now - middle) // timedelta(days=1) + 1
    assert times(hunt(since=f" {days} D")) == [one for one in every if one >= now - timedelta(days=days)]
    assert hunt().coverage["complete"].all()
    assert not hunt().coverage["note"].str.contains("not before").any()
    long = hunt(since="400d")
    assert times(long) == every
    assert long.coverage["note"].str.match(r"hunting goes back 30 days: not before \d{4}-.*Z; looked back 30d").all()
    assert not long.coverage["complete"].any()
    assert long.to_come == (), "asked again, it would be as short"
    with pytest.raises(gi.UsageError, match="swap them"):
        hunt(since=now, until=middle)


def test_a_window_before_what_hunting_keeps_is_not_hunted(world, g) -> None:
    """Where the window ends too early for hunting, nothing is asked, and the coverage says why."""
    laptop = gi.find_entity(g, world.tenant.truth.attack.laptop.mde_device_id)
    asked = world.client.requests_made
    found = gi.pivot(
        world.client, laptop, g=g, sources=["hunting"], since="90d", until=world.client.now() - timedelta(days=31)
    )
    assert world.client.requests_made == asked
    assert found.hunted == {}
    assert len(found.coverage) > 0
    assert found.coverage["note"].str.contains("hunting goes back 30 days, and the window ends before that").all()
    assert not found.coverage["complete"].any()


def test_hunted_rows_join_the_graph(world, g) -> None:
    """What hunting finds stands in the graph as records: each row, whom it names, and the column that says so."""
    truth = world.tenant.truth.attack
    laptop = gi.find_entity(g, truth.laptop.mde_device_id)
    found = gi.pivot(world.client, laptop, g=g, sources=["hunting"])
    logons = found.frames["device_logon"]
    assert len(logons) == len(found.hunted["DeviceLogonEvents"]) > 0
    records = [gi.Record("device_logon", record_id) for record_id in logons["id"]]
    assert all(found.graph.has_edge(record, laptop, "seen_on") for record in records)
    said = gi.why(found.graph, records[0], laptop)
    assert set(said["field"]) <= {"DeviceId", "DeviceName"}
    assert set(said["value"]) <= {truth.laptop.mde_device_id, truth.laptop.device_dns_name}
    assert said["sentence"].str.contains("LogonSuccess").all()
    assert set(records) <= set(found.new)
    user = gi.find_entity(found.grown, truth.user.user_principal_name)
    assert user in g
    again = gi.pivot(world.client, laptop, g=found.grown, sources=["hunting"])
    assert again.new == ()
    assert gi.Entity("ip", truth.replay_ip) not in g
    replayed = gi.pivot(world.client, gi.Entity("ip", truth.replay_ip), g=g, sources=["hunting"])
    assert replayed.grown.has_edge(user, gi.Entity("ip", truth.replay_ip), "active_from")


def test_without_the_licence_hunting_is_told_and_stops_nothing(make_world) -> None:
    """No permission to hunt: the other sources come, and the coverage names the permission per query."""
    world = make_world(alerts=120, permissions=["SecurityAlert.Read.All"])
    address = gi.Entity("ip", world.tenant.truth.attack.proxy_ip)
    found = gi.pivot(world.client, address, sources=["alerts", "hunting"])
    assert len(found.frames["alerts"]) > 0
    assert found.hunted == {}
    said = found.coverage[found.coverage["resource"].str.startswith("hunting:")]
    assert said["note"].str.contains("ThreatHunting.Read.All").all()
    assert not said["complete"].any()


def test_the_new_part_is_marked(world, g) -> None:
    """What a pivot adds is told: new nodes are those that the graph did not have, under whatever key."""
    user = gi.find_entity(g, world.tenant.truth.attack.user.id)
    found = gi.pivot(world.client, user, g=g)
    assert set(found.new) == set(found.grown) - set(g)
    assert {n.kind for n in found.new} >= {"sign_in"}
    assert found.grown.graph["new"] == [list(node) for node in found.new]
    alone = gi.pivot(world.client, user, sources=["risky_users"])
    assert set(alone.new) == set(alone.graph) == set(alone.grown)


def test_a_node_that_is_only_called_otherwise_now_is_not_new() -> None:
    """A user known by name before and by id after is the same node, and not new."""
    before, grown = nx.MultiDiGraph(), nx.MultiDiGraph()
    before.add_node(gi.Entity("user", "a@b.example"), identifiers=["upn=a@b.example"])
    grown.add_node(gi.Entity("user", "1-2-3"), identifiers=["object_id=1-2-3", "upn=a@b.example"])
    grown.add_node(gi.Entity("user", "4-5-6"), identifiers=["object_id=4-5-6"])
    assert new_nodes(before, grown) == [gi.Entity("user", "4-5-6")]


def test_wrong_sources_and_frames_at_hand_are_refused(make_world) -> None:
    """One source may be given as text; one that is not there has the near one beside it, and nothing is asked."""
    client = make_world().client
    g = gi.entity_graph(alerts=gi.list_alerts(client))
    user = next(node for node in sorted(g) if node.kind == "user" and node.key.count("-") == 4)
    alerts = gi.list_alerts(client)
    incidents = gi.list_incidents(client)
    asked = len(gi.coverage(client))
    for wrong, said in (
        ({"sources": ["signins"]}, "no source 'signins'; did you mean 'sign_ins'"),
        ({"sources": "whatever else"}, "no source 'whatever else'. Sources for it: alerts, incidents"),
        ({"known": alerts}, "known takes frames by source, such as"),
        ({"known": {"alerts": alerts["raw"].tolist()}}, "known takes frames by source, such as"),
        ({"known": {"alert": alerts}}, "known: there is no source 'alert'; did you mean 'alerts'"),
        ({"known": {"incidents": incidents}}, "known: incidents are asked for in any case"),
        ({"known": {"alerts": pd.DataFrame()}}, "known: alerts is no frame of records"),
        ({"records": alerts}, "records takes a list of frames"),
        ({"records": [pd.DataFrame()]}, "records takes a list of frames"),
        ({"sources": []}, "sources takes a list of some of alerts"),
        ({"sources": 5}, "sources takes a list of some of alerts"),
    ):
        with pytest.raises(gi.UsageError, match=re.escape(said)):
            gi.pivot(client, user, g=g, **wrong)
    assert len(gi.coverage(client)) == asked
    found = gi.pivot(client, user, g=g, sources="sign_ins")
    assert list(found.frames) == ["sign_ins"]

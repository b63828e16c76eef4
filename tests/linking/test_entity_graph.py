"""What the graph holds."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, entity_graph, find_entity, mentions, merge_graphs, neighborhood
from tests.linking.conftest import (
    ALICE,
    BOB,
    LAPTOP,
    SIGN_IN,
    account,
    alert,
    alerts_frame,
    device,
    item,
    sign_in,
    user,
)

Frames = dict[str, pd.DataFrame]
HOST, USER, IP = Entity("host", LAPTOP), Entity("user", ALICE), Entity("ip", "198.51.100.23")


def test_alerts_are_nodes_by_id() -> None:
    """A thousand alerts of one title are a thousand nodes."""
    g = entity_graph(alerts=alerts_frame(*(alert(f"a{i}", device()) for i in range(1000))))
    assert sum(isinstance(n, Record) and n.kind == "alert" for n in g) == 1000
    assert len(g[Record("alert", "a0")][HOST]) == 1


def test_a_person_is_one_node(tenant: Frames) -> None:
    """Object id, user name in any case, and domain account lead to one user."""
    g = entity_graph(**tenant)
    assert [n for n in g if n.kind == "user"] == [Entity("user", BOB), USER]
    assert {"upn=alice@contoso.com", f"object_id={ALICE}"} <= set(g.nodes[USER]["identifiers"])
    assert g.nodes[USER]["label"].casefold() == "alice@contoso.com"


def test_a_device_is_one_node(tenant: Frames) -> None:
    """Defender's device and the device of the sign-in are one host."""
    g = entity_graph(**tenant)
    assert [n for n in g if n.kind == "host"] == [HOST]
    assert g.has_edge(Record("sign_in", SIGN_IN), HOST, "signed_in_with")


@pytest.mark.parametrize(
    ("source", "target", "relation"),
    [
        (Record("incident", "77"), Record("alert", "a1"), "contains_alert"),
        (Record("alert", "a1"), HOST, "has_evidence"),
        (Record("alert", "a2"), IP, "has_evidence"),
        (Record("alert", "a2"), Record("sign_in", SIGN_IN), "has_evidence"),
        (Record("risk_detection", "rd-1"), USER, "risk_detected_for"),
        (Record("risk_detection", "rd-1"), IP, "risk_detected_from"),
        (Record("risk_detection", "rd-1"), Record("sign_in", SIGN_IN), "detected_in_sign_in"),
        (Record("risky_user", ALICE), USER, "risk_standing_of"),
        (Record("sign_in", SIGN_IN), USER, "signed_in"),
        (Record("sign_in", SIGN_IN), IP, "signed_in_from"),
        (USER, IP, "signed_in_from"),
        (USER, HOST, "logged_on_to"),
        (USER, HOST, "signed_in_with"),
        (HOST, Entity("ip", "203.0.113.77"), "has_address"),
        (Entity("file", "ab" * 32), HOST, "found_on"),
    ],
)
def test_relations(tenant: Frames, source: Any, target: Any, relation: str) -> None:
    """What a record states stands in the graph under its relation."""
    g = entity_graph(**tenant)
    assert g.has_edge(source, target, relation)
    edge = g.edges[source, target, relation]
    assert edge["relation"] == relation
    assert edge["count"] == len(edge["references"]) >= 1


def test_edges_keep_roles_verdict_and_time(tenant: Frames) -> None:
    """An evidence edge says in which role, with which verdict, and when."""
    edge = entity_graph(**tenant).edges[Record("alert", "a1"), HOST, "has_evidence"]
    assert (edge["roles"], edge["verdict"], edge["remediation_status"]) == (["compromised"], "suspicious", ["none"])
    assert (edge["first_seen"], edge["last_seen"]) == ("2026-02-03T10:14:30.500000Z", "2026-02-03T10:16:00.000000Z")
    reference = edge["references"][0]
    assert (reference["field"], reference["value"]) == ("evidence[0].mdeDeviceId", LAPTOP)


def test_the_item_is_about_one_and_mentions_others(tenant: Frames) -> None:
    """A process's user and device are mentioned; its roles are not theirs."""
    g = entity_graph(**tenant)
    (process,) = [n for n in g if n.kind == "process" and n.key.split("|")[1] == "4780"]
    assert g.has_edge(Record("alert", "a1"), process, "has_evidence")
    assert "names" in g[Record("alert", "a1")][USER]
    (parent,) = (
        g.predecessors(process)
        if g.in_degree(process) == 1
        else [n for n in g.predecessors(process) if n.kind == "process"]
    )
    assert g.has_edge(parent, process, "started")


def test_private_interfaces_are_facts_of_the_host(tenant: Frames) -> None:
    """An address that many networks use links no two hosts; it stays a fact."""
    g = entity_graph(**tenant)
    assert Entity("ip", "10.0.0.7") not in g
    assert "10.0.0.7" in g.nodes[HOST]["facts"]["ip_interfaces"]


def test_system_joins_no_hosts() -> None:
    """SYSTEM on two hosts is two facts, not one user."""
    system = account(accountName="SYSTEM", domainName="NT AUTHORITY", userSid="S-1-5-18")
    g = entity_graph(
        alerts=alerts_frame(
            alert("a1", device(), item("userEvidence", userAccount=system)),
            alert(
                "a2",
                device(mdeDeviceId="f" * 40, azureAdDeviceId=None, loggedOnUsers=[]),
                item("userEvidence", userAccount=system),
            ),
        )
    )
    users = [n for n in g if n.kind == "user" and g.nodes[n]["label"] == "SYSTEM"]
    assert len(users) == 2
    assert all(g.degree(n) == 1 for n in users)


def test_unknown_types_are_reachable_and_meet_by_content() -> None:
    """Evidence of an unknown type is a node of its own kind; equal items of two alerts are one."""
    new = item("quantumRelayEvidence", relayId="r-9", userAccount=account(azureAdUserId=ALICE))
    other = item("quantumRelayEvidence", shape="round")
    g = entity_graph(alerts=alerts_frame(alert("a1", new, other), alert("a2", new, other)))
    relay = Entity("quantum_relay", "relay_id=r-9")
    assert {"a1", "a2"} == {n.id for n in g.predecessors(relay)}
    assert g.has_edge(Record("alert", "a1"), USER, "names")
    (shape,) = [n for n in g if n.kind == "quantum_relay" and n != relay]
    assert g.in_degree(shape) == 2


def test_items_that_say_nothing_are_reachable() -> None:
    """An empty item, and one of no type, hang on their alert alone."""
    g = entity_graph(
        alerts=alerts_frame(alert("a1", item("ipEvidence", ipAddress="0.0.0.0"), {}), alert("a2", item("ipEvidence")))
    )
    assert g.out_degree(Record("alert", "a1")) == 2
    assert g.out_degree(Record("alert", "a2")) == 1
    assert not set(g.successors(Record("alert", "a1"))) & set(g.successors(Record("alert", "a2")))


def test_files_without_hash_stay_on_their_device() -> None:
    """A path without a hash means a file of that device; with a hash the path decides nothing."""
    named = {"fileName": "x.exe", "filePath": "C:\\t"}
    g = entity_graph(
        alerts=alerts_frame(
            alert("a1", item("fileEvidence", mdeDeviceId="1" * 40, fileDetails=named)),
            alert("a2", item("fileEvidence", mdeDeviceId="2" * 40, fileDetails=named)),
            alert("a3", item("fileEvidence", mdeDeviceId="1" * 40, fileDetails={**named, "sha256": "ab" * 32})),
            alert("a4", item("fileEvidence", mdeDeviceId="1" * 40, fileDetails=named)),
        )
    )
    files = [n for n in g if n.kind == "file"]
    assert len(files) == 3
    assert {n.id for n in g.predecessors(files[0])} in ({"a1", "a4"}, {"a2"}, {"a3"})


def test_records_that_are_only_named_say_so() -> None:
    """An incident, or a sign-in, that no frame holds is a node that says it was not read."""
    g = entity_graph(alerts=alerts_frame(alert("a1", incidentId="5")))
    assert g.nodes[Record("incident", "5")]["read"] is False
    assert g.nodes[Record("alert", "a1")]["read"] is True


def test_expanded_alerts_count_as_alerts() -> None:
    """Alerts inside incidents give the same nodes and evidence as alerts of their own."""
    inner = alert("a1", device(), incidentId="77")
    incident = {
        "id": "77",
        "displayName": "x",
        "severity": "high",
        "createdDateTime": "2026-02-03T10:30:00Z",
        "alerts": [inner],
    }
    g = entity_graph(incidents=read_records("incidents", [incident]))
    assert g.has_edge(Record("alert", "a1"), HOST, "has_evidence")
    fields = {
        r["field"] for r in g.edges[Record("incident", "77"), Record("alert", "a1"), "contains_alert"]["references"]
    }
    assert fields == {"alerts[0].id", "incidentId"}


def test_row_order_does_not_matter(tenant: Frames) -> None:
    """Shuffled rows give the same graph in the same order."""
    g = entity_graph(**tenant)
    for seed in range(3):
        shuffled = entity_graph(**{name: frame.sample(frac=1, random_state=seed) for name, frame in tenant.items()})
        assert nx.utils.graphs_equal(shuffled, g)
        assert list(shuffled) == list(g)
        assert list(shuffled.edges(keys=True)) == list(g.edges(keys=True))


def test_empty_frames_give_an_empty_graph(tenant: Frames) -> None:
    """No rows, no nodes."""
    assert len(entity_graph(**{name: frame.iloc[:0] for name, frame in tenant.items()})) == 0
    assert len(entity_graph()) == 0


def test_merging_is_building_from_all(tenant: Frames) -> None:
    """Two graphs merged are the graph of all their records, in either order; inputs stay as they are."""
    whole = entity_graph(**tenant)
    a = entity_graph(alerts=tenant["alerts"])
    b = entity_graph(**{name: frame for name, frame in tenant.items() if name != "alerts"})
    before = (nx.node_link_data(a, edges="edges"), nx.node_link_data(b, edges="edges"))
    assert nx.utils.graphs_equal(merge_graphs(a, b), whole)
    assert nx.utils.graphs_equal(merge_graphs(b, a), whole)
    assert (nx.node_link_data(a, edges="edges"), nx.node_link_data(b, edges="edges")) == before


def test_merging_twice_changes_nothing(tenant: Frames) -> None:
    """Merging a graph with itself, or again with a part of it, counts nothing twice."""
    whole, part = entity_graph(**tenant), entity_graph(sign_ins=tenant["sign_ins"])
    assert nx.utils.graphs_equal(merge_graphs(whole, whole), whole)
    assert nx.utils.graphs_equal(merge_graphs(whole, part), whole)


def test_merging_joins_a_name_with_its_id() -> None:
    """Known by user name in one graph and by object id in the other, a user is one node."""
    a = entity_graph(alerts=alerts_frame(alert("a1", user(azureAdUserId=None))))
    b = entity_graph(sign_ins=read_records("sign_ins", [sign_in()]))
    assert Entity("user", "alice@contoso.com") in a
    merged = merge_graphs(a, b)
    assert [n for n in merged if n.kind == "user"] == [USER]
    assert merged.has_edge(Record("alert", "a1"), USER, "has_evidence")


def test_merging_tells_a_shared_name_apart_again() -> None:
    """A user name that turns out to belong to two object ids goes back to a node of its own."""
    alone = alert("a1", user(azureAdUserId=None, accountName=None))
    first = {"alerts": alerts_frame(alone), "sign_ins": read_records("sign_ins", [sign_in()])}
    second = {"sign_ins": read_records("sign_ins", [sign_in("s2", userId=BOB)])}
    merged = merge_graphs(entity_graph(**first), entity_graph(**second))
    assert merged.has_edge(Record("alert", "a1"), Entity("user", "alice@contoso.com"), "has_evidence")
    assert not merged.has_edge(Record("alert", "a1"), USER)
    assert len([n for n in merged if n.kind == "user"]) == 3


def test_merging_keeps_what_others_noted_on_a_node(tenant: Frames) -> None:
    """Attributes that somebody added to a node are kept, under its new key too."""
    a = entity_graph(alerts=alerts_frame(alert("a1", user(azureAdUserId=None))))
    a.nodes[Entity("user", "alice@contoso.com")]["note"] = "call her"
    merged = merge_graphs(a, entity_graph(sign_ins=tenant["sign_ins"]))
    assert merged.nodes[USER]["note"] == "call her"


def test_the_newest_version_of_a_record_speaks() -> None:
    """Of two versions of an alert the one updated last gives the headline, whichever graph it is in."""
    old = entity_graph(alerts=alerts_frame(alert("a1", device())))
    new = entity_graph(
        alerts=alerts_frame(alert("a1", device(), status="resolved", lastUpdateDateTime="2026-02-04T00:00:00Z"))
    )
    for merged in (merge_graphs(old, new), merge_graphs(new, old)):
        assert merged.nodes[Record("alert", "a1")]["status"] == "resolved"
        assert merged.edges[Record("alert", "a1"), HOST, "has_evidence"]["count"] == 1


def test_frames_without_raw_are_refused(tenant: Frames) -> None:
    """Entities are read from the record as received: without it there is an error that says so."""
    with pytest.raises(UsageError, match="raw"):
        entity_graph(sign_ins=tenant["sign_ins"].drop(columns="raw"))


def test_mentions_show_every_identifier(tenant: Frames) -> None:
    """The mentions table has one row per identifier, and the rows of one place share their group."""
    table = mentions(**tenant)
    rows = table[
        (table["record_id"] == "a1") & (table["field"].str.startswith("evidence[0].")) & (table["kind"] == "host")
    ]
    assert rows["group"].nunique() == 1
    assert list(rows["identifier_type"]) == ["mde_device_id", "device_id", "fqdn", "short_name"]
    assert rows["roles"].iloc[0] == ["compromised"]


def test_records_without_an_id_are_kept() -> None:
    """A record that came without an id is a node of its own, with its evidence; two different ones are two."""
    nameless = [{k: v for k, v in alert("x", device(), title=title).items() if k != "id"} for title in ("one", "two")]
    g = entity_graph(alerts=alerts_frame(alert("a1", device()), *nameless))
    assert len([n for n in g.predecessors(HOST) if n.kind == "alert"]) == 3


def test_parts_of_a_graph_merge_back(tenant: Frames) -> None:
    """A part that lacks the record behind a tie merges into the whole without a change, and with itself."""
    whole = entity_graph(**tenant)
    part = neighborhood(whole, USER, relations=["signed_in_from", "logged_on_to"])
    assert Record("sign_in", SIGN_IN) not in part
    assert nx.utils.graphs_equal(merge_graphs(whole, part), whole)
    assert nx.utils.graphs_equal(merge_graphs(part, whole), whole)
    assert merge_graphs(part, part).edges[USER, IP, "signed_in_from"]["first_seen"] == "2026-02-03T08:02:11.000000Z"


def test_a_contradicting_sid_is_not_listed() -> None:
    """An object id and an Entra SID that spells another one: the user keeps one object id, and both are found."""
    spelled = "73d664e4-0886-4a73-b745-c694da45ddb4"
    named = account(azureAdUserId="0" * 31 + "1", userSid="S-1-12-1-1943430372-1249052806-2496021943-3034400218")
    g = entity_graph(alerts=alerts_frame(alert("a1", item("userEvidence", userAccount=named))))
    (node,) = [n for n in g if n.kind == "user"]
    assert g.nodes[node]["identifiers"] == [f"object_id={node.key}"]
    assert find_entity(g, spelled) == node


def test_numbers_and_truth_values_stay_different() -> None:
    """An app numbered 1 is not the app whose number is given as true."""
    g = entity_graph(
        alerts=alerts_frame(
            alert("a1", item("cloudApplicationEvidence", appId=1, displayName="One")),
            alert("a2", item("cloudApplicationEvidence", appId=True, displayName="One")),
        )
    )
    assert len([n for n in g if n.kind == "saas_app"]) == 2


def test_several_judgements_of_one_link_count_together() -> None:
    """Where several items of an alert judge the same address, its link has all roles and the worst verdict."""
    g = entity_graph(
        alerts=alerts_frame(
            alert(
                "a1",
                item("ipEvidence", ipAddress="198.51.100.7", verdict="suspicious", roles=["source"]),
                item("ipEvidence", ipAddress="198.51.100.7", verdict="malicious", remediationStatus="remediated"),
                item("ipEvidence", ipAddress="198.51.100.7", verdict="unknown", roles=["destination", "source"]),
            )
        )
    )
    attrs = g.edges[Record("alert", "a1"), Entity("ip", "198.51.100.7"), "has_evidence"]
    assert (attrs["roles"], attrs["verdict"]) == (["destination", "source"], "malicious")
    assert (attrs["remediation_status"], attrs["count"]) == (["none", "remediated"], 3)
    said = [(one["roles"], one["verdict"], one["remediation_status"]) for one in attrs["references"]]
    assert said == [
        (["source"], "suspicious", "none"),
        ([], "malicious", "remediated"),
        (["destination", "source"], "unknown", "none"),
    ]

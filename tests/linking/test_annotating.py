"""What others know of entities, joined with its source."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import pandas as pd
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, annotate, entities, entity_graph, merge_graphs, with_overrides
from graphinvestigate.views.graph_words import hover_words
from graphinvestigate.widgets.node_details import node_details
from tests.linking.conftest import ALICE, BOB, LAPTOP, SIGN_IN, alert, alerts_frame, item, sign_in, user

Frames = dict[str, pd.DataFrame]
USER, HOST, IP = Entity("user", ALICE), Entity("host", LAPTOP), Entity("ip", "198.51.100.23")
GEO = pd.DataFrame({"ip": ["::ffff:198.51.100.23", "8.8.8.8"], "country": ["NG", "US"], "asn": [64500, 15169]})


def row(g: nx.MultiDiGraph, entity: Entity) -> Any:
    """An entity's row."""
    table = entities(g)
    return table[(table["kind"] == entity.kind) & (table["key"] == entity.key)].iloc[0]


def test_a_table_stands_beside_what_the_records_say(tenant: Frames) -> None:
    """Geography joins the address in any spelling, with its source, as columns; other entities have none."""
    g = entity_graph(**tenant)
    before = nx.node_link_data(g, edges="edges")
    new = annotate(g, GEO, "ip", source="GeoLite2")
    assert new.nodes[IP]["annotations"] == {"GeoLite2": {"country": "NG", "asn": 64500}}
    assert new.graph["annotated"] == [{"source": "GeoLite2", "kind": "ip", "rows": 2, "matched": 1, "entities": 1}]
    assert (row(new, IP)["country"], row(new, IP)["asn"]) == ("NG", 64500)
    assert row(new, USER)["country"] is None
    assert list(entities(new).columns) == [*entities(g).columns, "asn", "country"]
    assert nx.node_link_data(g, edges="edges") == before
    json.dumps(nx.node_link_data(new, edges="edges"), allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("user", "ALICE@contoso.com", USER),
        ("user", ALICE.upper(), USER),
        ("user", "contoso\\Alice", USER),
        ("host", "LAPTOP-7", HOST),
        ("host", "laptop-7.contoso.com", HOST),
        ("host", LAPTOP, HOST),
        ("file", "CD" * 20, Entity("file", "ab" * 32)),
        ("ip", "198.51.100.0/24", IP),
        ("process", f"{LAPTOP}|4780|2026-02-03t10:14:30.5", Entity("process", f"{LAPTOP}|4780|2026-02-03t10:14:30.5")),
    ],
)
def test_any_identifier_and_any_network_finds_the_entity(
    tenant: Frames, kind: str, value: str, expected: Entity
) -> None:
    """Owners by user name, device or short name, hashes of any type, addresses by network."""
    g = annotate(entity_graph(**tenant), pd.DataFrame({"what": [value], "note": ["x"]}), "what", source="s", kind=kind)
    assert [n for n, data in g.nodes(data=True) if "annotations" in data] == [expected]


def test_a_watch_list_says_which_it_is(tenant: Frames) -> None:
    """Two lists that say something under one name stand in two columns, each with its source."""
    g = entity_graph(**tenant)
    watch = pd.DataFrame({"ip": ["198.51.100.0/25"], "listed": [True]})
    allow = pd.DataFrame({"ip": ["198.51.100.23"], "listed": [False]})
    g = annotate(annotate(g, watch, "ip", source="watch list"), allow, "ip", source="allow list")
    assert bool(row(g, IP)["listed (watch list)"]) is True
    assert bool(row(g, IP)["listed (allow list)"]) is False


def test_a_heading_that_is_taken_names_its_source(tenant: Frames) -> None:
    """A column called like one of ours does not replace it."""
    g = annotate(entity_graph(**tenant), pd.DataFrame({"ip": ["198.51.100.23"], "score": [99]}), "ip", source="feed")
    assert row(g, IP)["score (feed)"] == 99
    assert row(g, IP)["score"] < 99


def test_rows_that_say_different_things_are_all_kept(tenant: Frames) -> None:
    """Two owners of one device are a list; nothing said is nothing; joining the source again replaces it."""
    owners = pd.DataFrame(
        {"host": ["LAPTOP-7", LAPTOP, "laptop-7"], "owner": ["Alice", "Bob", "Alice"], "room": [None] * 3}
    )
    g = annotate(entity_graph(**tenant), owners, "host", source="CMDB")
    assert g.nodes[HOST]["annotations"]["CMDB"] == {"owner": ["Alice", "Bob"], "room": None}
    again = annotate(g, owners.head(1), "host", source="CMDB", columns=["owner"])
    assert again.nodes[HOST]["annotations"]["CMDB"] == {"owner": "Alice"}
    gone = annotate(g, owners.head(0), "host", source="CMDB")
    assert gone.nodes[HOST]["annotations"] == {}


def test_annotations_survive_merging_and_joins_by_hand(tenant: Frames) -> None:
    """An entity that gets a stronger key, or is joined with another, keeps what both sources said."""
    by_name = entity_graph(alerts=alerts_frame(alert("a1", user(azureAdUserId=None))))
    a = annotate(by_name, pd.DataFrame({"user": ["alice@contoso.com"], "team": ["IT"]}), "user", source="HR")
    b = annotate(
        entity_graph(**tenant), pd.DataFrame({"user": [ALICE, BOB], "vip": [True, False]}), "user", source="VIPs"
    )
    for merged in (merge_graphs(a, b), merge_graphs(b, a)):
        assert merged.nodes[USER]["annotations"] == {"HR": {"team": "IT"}, "VIPs": {"vip": True}}
        assert [one["source"] for one in merged.graph["annotated"]] == ["HR", "VIPs"]
    joined = with_overrides(merge_graphs(a, b), merges=[(USER, Entity("user", BOB))])
    (one,) = (data for node, data in joined.nodes(data=True) if node.kind == "user")
    assert set(one["annotations"]) == {"HR", "VIPs"}


def test_private_addresses_are_those_of_every_tenant() -> None:
    """A plan of the network names a private address without its tenant: it is found in each."""
    other = "5c5f7a10-7ab6-4a51-8f1b-0d7bde5a9f10"
    alerts = [
        alert("a1", item("ipEvidence", ipAddress="10.0.0.7")),
        alert("a2", item("ipEvidence", ipAddress="10.0.0.7"), tenantId=other),
    ]
    g = entity_graph(alerts=alerts_frame(*alerts))
    plan = pd.DataFrame({"ip": ["10.0.0.7"], "room": ["server room"]})
    assert annotate(g, plan, "ip", source="plan").graph["annotated"][0]["entities"] == 2


def test_what_cannot_be_right_is_refused(tenant: Frames) -> None:
    """A column that is not there, an unknown kind and a source without a name are errors that say what to give."""
    g = entity_graph(**tenant)
    with pytest.raises(UsageError, match="no column 'address'"):
        annotate(g, GEO, "address", source="x")
    with pytest.raises(UsageError, match="kind="):
        annotate(g, GEO, "country", source="x")
    with pytest.raises(UsageError, match="where the table comes from"):
        annotate(g, GEO, "ip", source=" ")


def test_hover_and_details_show_what_others_know(tenant: Frames) -> None:
    """What a table said, with its source, stands in the drawing's hover and the details, escaped; refusals too."""
    g = annotate(
        entity_graph(**tenant), pd.DataFrame({"ip": ["198.51.100.23"], "tag": ["<b>bad"]}), "ip", source="feed"
    )
    assert "tag &lt;b>bad (feed)" in hover_words(g, IP, [], "unknown", {})[1].replace("&gt;", ">")
    shown = str(node_details(g, IP))
    assert "tag &lt;b&gt;bad (feed)" in shown
    assert "annotations" not in shown.casefold()
    same_name = [sign_in(), sign_in("s2", userId=BOB)]
    apart = node_details(entity_graph(sign_ins=read_records("sign_ins", same_name)), USER)
    assert "Kept apart" in str(apart)
    assert "never one user" in str(apart)


def test_nothing_named_leaves_the_graph_as_it_is(tenant: Frames) -> None:
    """Empty values, fillers and names that nobody goes by mark nothing, and the count says so."""
    g = entity_graph(sign_ins=read_records("sign_ins", [sign_in(SIGN_IN)]))
    frame = pd.DataFrame({"user": [None, "", "-", "nobody@else.test", 3.5], "x": range(5)})
    new = annotate(g, frame, "user", source="x")
    assert new.graph["annotated"][0]["matched"] == 0
    assert not any("annotations" in data for _, data in new.nodes(data=True))

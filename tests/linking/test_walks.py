"""Why two nodes are linked, what lies around one, and how one leads to another."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import EntityNotFoundError, UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, entity_graph, neighborhood, paths, why
from graphinvestigate.linking.shortest import cheapest_paths
from graphinvestigate.linking.walks import nodes_around
from tests.linking.conftest import ALICE, BOB, LAPTOP, SIGN_IN, alert, alerts_frame, device, item, sign_in, user
from tests.linking.test_mapped import MAIL

Frames = dict[str, pd.DataFrame]
HOST, USER, IP = Entity("host", LAPTOP), Entity("user", ALICE), Entity("ip", "198.51.100.23")


def test_why_says_it_in_a_sentence(tenant: Frames) -> None:
    """A link is a sentence with the record, the field and the value behind it."""
    found = why(entity_graph(**tenant), Record("alert", "a1"), HOST)
    first = found.iloc[0]
    assert first["sentence"] == (
        'Alert "Suspicious LSASS access" (high, 2026-02-03 10:14 UTC) '
        "names LAPTOP-7 as compromised evidence (suspicious)."
    )
    assert (first["record_id"], first["field"], first["value"]) == ("a1", "evidence[0].mdeDeviceId", LAPTOP)
    assert first["time"] == pd.Timestamp("2026-02-03T10:14:30.5Z")


def test_why_takes_both_directions_and_any_name(tenant: Frames) -> None:
    """The order of the two does not matter, and names do as well as nodes."""
    g = entity_graph(**tenant)
    pd.testing.assert_frame_equal(why(g, USER, HOST), why(g, "laptop-7", "alice@contoso.com"))
    assert set(why(g, USER, HOST)["relation"]) == {"logged_on_to", "signed_in_with"}
    assert (
        "signed in from IP address 198.51.100.23 (2026-02-03 08:02 UTC), says sign-in"
        in why(g, USER, IP)["sentence"][1]
    )


def test_no_tie_is_an_empty_table(tenant: Frames) -> None:
    """Nothing between two nodes: same columns and types, no rows."""
    g = entity_graph(**tenant)
    empty, full = why(g, Entity("user", BOB), HOST), why(g, USER, HOST)
    assert len(empty) == 0
    assert (empty.dtypes == full.dtypes).all()


def test_every_relation_has_a_plain_sentence(tenant: Frames) -> None:
    """No sentence is empty, shows a placeholder or a raw relation name."""
    g = entity_graph(**tenant)
    for u, v in {(u, v) for u, v in g.edges()}:
        for sentence in why(g, u, v)["sentence"]:
            assert sentence.endswith(".")
            assert "_" not in sentence.replace(ALICE, "")
            assert "{" not in sentence


def test_unknown_records_are_an_error(tenant: Frames) -> None:
    """A record the graph doesn't hold is an error that says so."""
    with pytest.raises(EntityNotFoundError, match="no alert 'nope'"):
        why(entity_graph(**tenant), Record("alert", "nope"), HOST)


def test_neighborhood_is_a_copy_of_what_is_near(tenant: Frames) -> None:
    """One hop holds the direct neighbours and the edges between them; changing it leaves the graph alone."""
    g = entity_graph(**tenant)
    near = neighborhood(g, "alice@contoso.com")
    assert set(near) == {USER, *g.predecessors(USER), *g.successors(USER)}
    assert near.number_of_edges() == g.subgraph(near).number_of_edges()
    near.nodes[USER]["label"] = "changed"
    near.remove_node(HOST)
    assert g.nodes[USER]["label"] != "changed"
    assert HOST in g
    assert set(neighborhood(g, USER, hops=0)) == {USER}
    assert set(neighborhood(g, USER, hops=2)) > set(neighborhood(g, USER, hops=1))


def test_neighborhood_by_relation_and_time(tenant: Frames) -> None:
    """Only the relations and times asked for are walked and kept."""
    g = entity_graph(**tenant)
    near = neighborhood(g, USER, relations=["signed_in"])
    assert set(near) == {USER, Record("sign_in", SIGN_IN)}
    assert set(neighborhood(g, USER, relations="signed_in")) == set(near)
    late = neighborhood(g, USER, since="2026-02-03T09:30:00Z")
    assert Record("sign_in", SIGN_IN) not in late
    assert Record("alert", "a1") in late
    early = neighborhood(g, USER, until=datetime(2026, 2, 3, 9, tzinfo=UTC))
    assert Record("alert", "a1") not in early
    assert Record("sign_in", SIGN_IN) in early


@pytest.mark.parametrize("arguments", [{"since": "2026-02-03T09:30:00"}, {"until": "soon"}, {"hops": -1}])
def test_wrong_arguments_are_usage_errors(tenant: Frames, arguments: dict) -> None:
    """A time without zone, text that is no time and negative hops are refused."""
    with pytest.raises(UsageError):
        neighborhood(entity_graph(**tenant), USER, **arguments)


def test_paths_say_each_hop(tenant: Frames) -> None:
    """A path has one sentence and one edge per hop, and its table holds every reference behind them."""
    g = entity_graph(**tenant)
    found = paths(g, IP, Entity("file", "ab" * 32))
    assert found[0].entities[0] == IP
    for path in found:
        assert len(path.sentences) == len(path.edges) == len(path.nodes) - 1
        assert all(g.has_edge(*edge) for edge in path.edges)
        assert set(path.frame["hop"]) == set(range(1, len(path.nodes)))
    assert [p.cost for p in found] == sorted(p.cost for p in found)


def test_paths_go_around_what_everybody_shares() -> None:
    """Of two ways of one length the one over things few share is cheaper than the one over an address that all use."""
    office = item("ipEvidence", ipAddress="203.0.113.5")
    crowd = [alert(f"c{i}", office) for i in range(300)]
    mallory = user(azureAdUserId=BOB, userPrincipalName="bob@contoso.com", accountName="bob")
    g = entity_graph(
        alerts=alerts_frame(
            *crowd,
            alert("a1", user(), office),
            alert("a2", mallory, office),
            alert("y1", user(), device(loggedOnUsers=[])),
            alert("y2", mallory, device(loggedOnUsers=[])),
        )
    )
    found = paths(g, USER, Entity("user", BOB), k=30)
    office_node = Entity("ip", "203.0.113.5")
    assert HOST in found[0].nodes
    shared = [p.cost for p in found if office_node in p.nodes and len(p.nodes) == len(found[0].nodes)]
    assert shared
    assert found[0].cost < min(shared)


def test_paths_do_not_repeat_a_tie_through_its_record(tenant: Frames) -> None:
    """The sign-ins that state a tie are no further ways beside the tie; a way through something else is one."""
    many = read_records("sign_ins", [sign_in(f"s{i}", createdDateTime=f"2026-02-03T08:{i:02}:00Z") for i in range(9)])
    g = entity_graph(sign_ins=many)
    found = paths(g, USER, IP)
    assert found[0].nodes == (USER, IP)
    assert not [p for p in found if len(p.nodes) == 3 and isinstance(p.nodes[1], Record)]
    assert len(found) > 1


def test_no_path_says_why() -> None:
    """Where nothing leads from one to the other, the empty list says so."""
    bob = user(azureAdUserId=BOB, userPrincipalName="bob@contoso.com", accountName="bob")
    g = entity_graph(alerts=alerts_frame(alert("a1", user(), title="x"), alert("a2", bob, title="x")))
    found = paths(g, USER, Entity("user", BOB))
    assert list(found) == []
    assert "no record in this graph links" in (found.reason or "")
    assert "both ends" in (paths(g, USER, USER).reason or "")
    with pytest.raises(UsageError):
        paths(g, USER, Entity("user", BOB), k=0)


def test_cheapest_paths_are_networkx_cheapest_paths() -> None:
    """On random graphs the method gives the costs that networkx's shortest simple paths have."""
    for seed in range(25):
        rng = random.Random(seed)
        flat = nx.gnm_random_graph(14, 26, seed=seed)
        tolls = {n: rng.choice([0.0, 0.5, 1.25, 3.0]) for n in flat}
        for u, v in flat.edges:
            flat.edges[u, v]["cost"] = 1 + tolls[u] + tolls[v]
        ours = [
            cost
            for cost, path in itertools.islice(
                cheapest_paths(0, 13, neighbors=flat.neighbors, toll=tolls.__getitem__), 12
            )
            if nx.is_simple_path(flat, path)
        ]
        theirs: list[float] = []
        if nx.has_path(flat, 0, 13):
            ways = itertools.islice(nx.shortest_simple_paths(flat, 0, 13, weight="cost"), 12)
            theirs = [nx.path_weight(flat, way, "cost") for way in ways]
        assert ours == pytest.approx(theirs)


def test_sentences_keep_hostile_text_as_it_is() -> None:
    """Sentences are plain text of raw values: whoever draws them escapes them."""
    g = entity_graph(alerts=alerts_frame(alert("a1", device(hostName="<b>x</b>"), title="<script>{source}</script>")))
    sentence = why(g, Record("alert", "a1"), HOST)["sentence"][0]
    assert "<script>{source}</script>" in sentence
    assert "<b>x</b>" in sentence


def test_sentences_read_as_sentences(world) -> None:
    """Of every relation of a tenant: no word twice in a row; each begins like a sentence, or with a name."""
    client = world.client
    mails = gi.map_records(gi.run_hunting_query(client, "EmailEvents | take 9"), table="EmailEvents")
    pulls = (gi.list_incidents, gi.list_risky_users, gi.list_directory_audits, gi.list_risk_detections)
    names = ("incidents", "risky_users", "directory_audits", "risk_detections")
    frames = {name: ask(client) for name, ask in zip(names, pulls, strict=True)}
    g = entity_graph(alerts=gi.list_alerts(client), records=[mails], **frames)
    told = {(u.kind, relation): (u, v) for u, v, relation in g.edges(keys=True)}
    assert len(told) > 40
    for (kind, relation), (u, v) in told.items():
        said = why(g, u, v)
        sentence = said[said["relation"] == relation]["sentence"].iloc[0]
        words = sentence.casefold().split(" (")[0].split()
        repeated = [one for one, other in itertools.pairwise(words) if one == other]
        assert repeated == [], sentence
        assert "address ip address" not in sentence.casefold()
        assert kind in ("user", "host") or not sentence[0].islower(), sentence


def test_somebodys_words_stand_between_quotes(tenant: Frames) -> None:
    """A subject is told from the sentence around it; why a sign-in failed is told in Entra's words."""
    g = entity_graph(records=[gi.map_records(pd.DataFrame([MAIL]), table="EmailEvents")])
    g.nodes[Entity("mail_message", MAIL["NetworkMessageId"])]["label"] = "Re: pay"
    said = why(g, Entity("mailbox", "billing@evil.example"), Entity("mail_message", MAIL["NetworkMessageId"]))
    assert said["sentence"][0].startswith('Mailbox billing@evil.example sent mail message "Re: pay" (')
    failed = sign_in(status={"errorCode": 50126, "failureReason": "Wrong password."})
    g = entity_graph(sign_ins=read_records("sign_ins", [failed]))
    assert "failed with 50126: Wrong password, " in why(g, Record("sign_in", SIGN_IN), USER)["sentence"][0]


def test_unread_records_are_named_as_such() -> None:
    """A record that is only named is not described as if it had been read."""
    g = entity_graph(alerts=alerts_frame(alert("a1", item("cloudLogonRequestEvidence", requestId="r1"))))
    assert "sign-in r1 (not read)" in why(g, Record("alert", "a1"), Record("sign_in", "r1"))["sentence"][0]


def test_sign_in_sentences_say_whether_it_succeeded() -> None:
    """A failed sign-in is not told like one that succeeded."""
    failed = sign_in(status={"errorCode": 50126})
    g = entity_graph(sign_ins=read_records("sign_ins", [failed]))
    assert "failed with 50126" in why(g, Record("sign_in", SIGN_IN), USER)["sentence"][0]


@pytest.mark.parametrize("through_hubs", [False, True])
@pytest.mark.parametrize("hops", [0, 1, 2])
def test_nodes_around_are_those_of_the_neighborhood(tenant: Frames, hops: int, through_hubs: bool) -> None:
    """Without the copy the walk finds the same nodes, in the same order, and stops at the same hubs."""
    g = entity_graph(**tenant)
    for node in g:
        near = neighborhood(g, node, hops=hops, through_hubs=through_hubs)
        assert nodes_around(g, node, hops=hops, through_hubs=through_hubs) == (list(near), near.graph["not_walked"])

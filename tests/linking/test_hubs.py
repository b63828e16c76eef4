"""Hubs: what everybody shares is drawn and counted, and not walked through unless it is asked for."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd
import pytest

from graphinvestigate.errors import EntityNotFoundError, UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import (
    Entity,
    Record,
    common,
    entity_graph,
    find_hubs,
    map_records,
    merge_graphs,
    neighborhood,
    paths,
)
from graphinvestigate.linking.hubs import hubs_of, listed
from graphinvestigate.linking.index import index_of
from tests.linking.conftest import ALICE, BOB, alert, alerts_frame, item, sign_in, user

NAT = Entity("ip", "203.0.113.7")


def person(number: int) -> dict[str, Any]:
    """The properties of a sign-in that say who it was."""
    return {"userId": f"00000000-0000-4000-8000-{number:012}", "userPrincipalName": f"p{number}@contoso.com"}


@pytest.fixture(scope="module")
def office() -> nx.MultiDiGraph:
    """Twelve people who each sign in twice from one office address and twice from home; Alice and Bob among them."""
    people = [person(n) for n in range(10)]
    people += [{"userId": ALICE, "userPrincipalName": "alice@contoso.com"}]
    people += [{"userId": BOB, "userPrincipalName": "bob@contoso.com"}]
    rows = [
        sign_in(f"{number}-{turn}-{ip}", ipAddress=ip, **who, deviceDetail={}, appId=f"app-{number}")
        for number, who in enumerate(people)
        for turn in range(2)
        for ip in ("203.0.113.7", f"198.51.100.{number + 1}")
    ]
    return entity_graph(sign_ins=read_records("sign_ins", rows))


def test_an_address_that_everybody_uses_is_a_hub(office: nx.MultiDiGraph) -> None:
    """The office address is found by its users alone; home addresses and people are no hubs."""
    found = find_hubs(office)
    assert list(zip(found["kind"], found["key"], strict=True)) == [NAT]
    row = found.iloc[0]
    assert (row["how"], row["users"], row["why"]) == ("shared", 12, "12 of 12 users share it.")


@pytest.mark.parametrize(("users", "of", "is_hub"), [(10, 40, True), (10, 41, False), (9, 12, False), (11, 41, True)])
def test_a_quarter_of_all_and_at_least_ten_share_a_hub(users: int, of: int, is_hub: bool) -> None:
    """Where a kind is too rare to say what is usual, ten users and a quarter of all make a hub, and no fewer."""
    rows = [{"t": "2026-02-03T10:00:00Z", "who": f"p{n}@contoso.com", "to": None} for n in range(of)]
    for row in rows[:users]:
        row["to"] = "shared.example"
    log = map_records(pd.DataFrame(rows), kind="proxy_request", time="t", user="who", domain="to")
    hubs = find_hubs(entity_graph(records=[log]))
    assert (("domain", "shared.example") in set(zip(hubs["kind"], hubs["key"], strict=True))) is is_hub


def test_a_hub_is_drawn_and_counted_but_not_walked_through(office: nx.MultiDiGraph) -> None:
    """Two hops from Alice show the office address and not the others who use it; the count says what is beyond."""
    near = neighborhood(office, ALICE, hops=4)
    assert NAT in near
    assert {n for n in near if n.kind == "user"} == {Entity("user", ALICE)}
    (stop,) = near.graph["not_walked"]
    beyond = {*office.predecessors(NAT), *office.successors(NAT)} - set(near)
    assert (stop["kind"], stop["key"], stop["beyond"]) == (*NAT, len(beyond))
    assert f"{len(beyond)} more nodes only via it" in stop["sentence"]
    through = neighborhood(office, ALICE, hops=4, through_hubs=True)
    assert Entity("user", BOB) in through
    assert through.graph["not_walked"] == []
    assert "not_walked" not in office.graph


def test_where_a_walk_starts_is_walked_hub_or_not(office: nx.MultiDiGraph) -> None:
    """Who asks for the surroundings of a hub gets them."""
    assert {n.key for n in neighborhood(office, NAT) if n.kind == "user"} >= {ALICE, BOB}
    assert neighborhood(office, NAT).graph["not_walked"] == []


def test_only_a_way_through_a_hub_is_no_path_and_says_so(office: nx.MultiDiGraph) -> None:
    """Alice and Bob meet at the office only: no path, and the reason names the address; asked for, there it is."""
    found = paths(office, ALICE, BOB)
    assert list(found) == []
    assert "only via IP address 203.0.113.7 (12 of 12 users share it)" in str(found.reason)
    assert "through_hubs=True" in str(found.reason)
    assert NAT in paths(office, ALICE, BOB, through_hubs=True)[0].nodes
    assert paths(office, ALICE, NAT)[0].nodes == (Entity("user", ALICE), NAT)


def test_hubs_can_be_given_as_networks_entities_and_names(office: nx.MultiDiGraph) -> None:
    """A network, an entity and a name each make hubs; a name that is nowhere is an error, a wrong value too."""
    home = Entity("ip", "198.51.100.11")
    for given in (["198.51.100.0/24"], [home], ["198.51.100.11"], find_hubs(office, hubs=[home])):
        found = find_hubs(office, hubs=given).set_index("key")
        assert found.loc[home.key, "how"] == "listed"
        near = neighborhood(office, ALICE, hops=2, hubs=given)
        assert home in near
    with pytest.raises(EntityNotFoundError):
        find_hubs(office, hubs=["nobody@contoso.com"])
    with pytest.raises(UsageError, match="hubs="):
        find_hubs(office, hubs=[7])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="named locations"):
        find_hubs(office, hubs=pd.DataFrame({"x": [1]}))


def test_trusted_named_locations_are_hubs(office: nx.MultiDiGraph) -> None:
    """Addresses in a trusted named location are hubs by its name; one that is not trusted makes none."""
    frame = pd.DataFrame(
        {
            "display_name": ["Branch", "Elsewhere", "Countries"],
            "is_trusted": pd.array([True, False, None], dtype="boolean"),
            "ip_ranges": ['[{"cidrAddress": "198.51.100.0/29"}]', '[{"cidrAddress": "198.51.100.8/29"}]', None],
        }
    )
    found = find_hubs(office, hubs=frame)
    named = found[found["how"] == "named location"]
    assert set(named["key"]) == {f"198.51.100.{n}" for n in range(1, 8)}
    assert set(named["why"]) == {"In the trusted named location 'Branch'."}


def test_an_attackers_address_is_walked_however_many_it_met() -> None:
    """An address that evidence calls an attacker's is no hub by numbers: a sprayed tenant must be seen whole."""
    rows = [sign_in(f"s{n}", ipAddress=NAT.key, **person(n), deviceDetail={}, appId=f"a{n}") for n in range(15)]
    signed = read_records("sign_ins", rows)
    assert list(find_hubs(entity_graph(sign_ins=signed))["key"]) == [NAT.key]
    spray = alert("a1", item("ipEvidence", ipAddress=NAT.key, roles=["attacker"]))
    assert len(find_hubs(entity_graph(sign_ins=signed, alerts=alerts_frame(spray)))) == 0


def test_private_addresses_are_hubs() -> None:
    """A private address is another machine's on the next network."""
    g = entity_graph(alerts=alerts_frame(alert("a1", user(), item("ipEvidence", ipAddress="10.1.2.3"))))
    found = find_hubs(g)
    assert list(found["how"]) == ["private range"]


def test_a_service_account_on_many_hosts_is_a_hub() -> None:
    """One account on twenty machines stands out among accounts on one or two each."""

    def on(number: int, host: int) -> dict[str, Any]:
        device = {"deviceId": f"d{host:035}", "displayName": f"h{host}"}
        return sign_in(f"s{number}-{host}", ipAddress=f"198.51.100.{host + 1}", **person(number), deviceDetail=device)

    rows = [on(n, n) for n in range(20)] + [on(99, n) for n in range(20)]
    g = entity_graph(sign_ins=read_records("sign_ins", rows))
    users = find_hubs(g).query("kind == 'user'")
    assert list(users["key"]) == [person(99)["userId"]]
    assert users.iloc[0]["hosts"] == 20


def test_no_hubs_is_an_empty_table_of_the_same_columns(office: nx.MultiDiGraph) -> None:
    """Where nothing is shared, the table is empty and looks the same."""
    empty = find_hubs(entity_graph())
    assert len(empty) == 0
    assert (empty.dtypes == find_hubs(office).dtypes).all()


def test_common_is_what_all_of_them_share() -> None:
    """Two people who were named with one address share it, and the records that say so come along."""
    other = item("userEvidence", userAccount={"azureAdUserId": BOB, "userPrincipalName": "bob@contoso.com"})
    address = item("ipEvidence", ipAddress="198.51.100.99")
    alone = item("ipEvidence", ipAddress="198.51.100.5")
    g = entity_graph(alerts=alerts_frame(alert("a1", user(), address, alone), alert("a2", other, address)))
    both = common(g, ALICE, "bob@contoso.com")
    assert both.graph["shared"] == [["ip", "198.51.100.99"]]
    assert set(both) == {
        *(Record("alert", "a1"), Record("alert", "a2"), Entity("user", ALICE), Entity("user", BOB)),
        Entity("ip", "198.51.100.99"),
    }
    assert nx.has_path(both.to_undirected(), Entity("user", ALICE), Entity("user", BOB))
    with pytest.raises(UsageError, match="two entities"):
        common(g, ALICE)


def test_common_names_the_hub_that_all_share(office: nx.MultiDiGraph) -> None:
    """What two share only because everybody does is named as a hub, and shown when asked for."""
    both = common(office, ALICE, BOB)
    assert ["ip", NAT.key] not in both.graph["shared"]
    assert [(s["kind"], s["key"]) for s in both.graph["not_walked"]] == [NAT]
    assert ["ip", NAT.key] in common(office, ALICE, BOB, through_hubs=True).graph["shared"]


def test_a_graph_keeps_the_hubs_it_was_built_with() -> None:
    """Hubs given to `entity_graph` count in every walk, survive a merge once, and may be absent from a part."""
    other = item("userEvidence", userAccount={"azureAdUserId": BOB, "userPrincipalName": "bob@contoso.com"})
    address = item("ipEvidence", ipAddress="198.51.100.99")
    hubs = ["198.51.100.96/28", Entity("user", "not-in-this-graph")]
    one = entity_graph(alerts=alerts_frame(alert("a1", user(), address)), hubs=hubs)
    two = entity_graph(alerts=alerts_frame(alert("a2", other, address)), hubs=hubs)
    merged = merge_graphs(one, two)
    assert merged.graph["hubs"] == one.graph["hubs"] == listed(hubs)
    assert list(find_hubs(merged)["key"]) == ["198.51.100.99"]
    assert list(paths(merged, ALICE, BOB)) == []


def test_hubs_are_found_once_per_graph_and_anew_when_it_changes(office: nx.MultiDiGraph) -> None:
    """A second question takes what the first found; when edges go, what was shared by all is no hub any more."""
    g = office.copy()
    found = hubs_of(g, index_of(g))
    assert hubs_of(g, index_of(g)) is found
    (at, *_) = [at for at, hub in found.items() if hub.how == "shared"]
    node = index_of(g).nodes[at]
    g.remove_edges_from([*g.in_edges(node, keys=True), *g.out_edges(node, keys=True)])
    assert node not in {index_of(g).nodes[one] for one in hubs_of(g, index_of(g))}

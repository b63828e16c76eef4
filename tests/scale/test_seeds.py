"""Who is meant by a name in a lake, and how far a walk from there goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graphinvestigate.errors import AmbiguousEntityError, UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.scale.lake import Lake
from tests.scale.test_lake import ONE, alert, frame

TYPE = "#microsoft.graph.security."
SID = "S-1-5-21-1-2-3-1104"


def user(**account: str) -> dict[str, Any]:
    """A user in evidence."""
    return {"@odata.type": f"{TYPE}userEvidence", "userAccount": account}


def device(**own: str) -> dict[str, Any]:
    """A host in evidence."""
    return {"@odata.type": f"{TYPE}deviceEvidence", **own}


def address(text: str) -> dict[str, Any]:
    """An address in evidence."""
    return {"@odata.type": f"{TYPE}ipEvidence", "ipAddress": text}


def upn(number: int) -> dict[str, Any]:
    """A user by name."""
    return user(userPrincipalName=f"u{number}@example.org")


def made(make_lake: Callable[..., Lake], *evidence: list[dict[str, Any]]) -> Lake:
    """A lake of alerts a0, a1 …, by what they name."""
    lake = make_lake(tenant=ONE)
    lake.add(frame([alert(number, evidence=items) for number, items in enumerate(evidence)]))
    return lake


def around(lake: Lake, seed: str | Entity, **options: Any) -> set[str]:
    """The alerts around somebody."""
    return {node.id for node in lake.entity_graph(seed=seed, **options) if isinstance(node, Record)}


def test_whoever_goes_by_several_names_is_found_by_each(make_lake: Callable[..., Lake]) -> None:
    """Names that stand together in pairs only lead from one to the next: any of them brings all records."""
    own, a_upn = "aaaaaaaa-0000-4000-8000-00000000000a", "alice@example.org"
    lake = made(
        make_lake,
        [user(userSid=SID, userPrincipalName=a_upn)],
        [user(userPrincipalName=a_upn, azureAdUserId=own)],
        [user(azureAdUserId=own)],
        [user(userSid=SID)],
        [user(userPrincipalName="bob@example.org")],
    )
    for name in (own, a_upn, SID, Entity("user", own), f"sid={SID}"):
        assert around(lake, name) == {"a0", "a1", "a2", "a3"}
        assert lake.pivot(name).entity == Entity("user", own)


def test_a_name_that_only_leads_brings_who_it_leads_to_and_no_one_else(make_lake: Callable[..., Lake]) -> None:
    """A short name seen beside one host is that host, also where it stands alone; one of two hosts is neither."""
    first, second = "1" * 40, "2" * 40
    lake = made(
        make_lake,
        [device(mdeDeviceId=first, hostName="pc1")],
        [device(hostName="pc1")],
        [device(mdeDeviceId=first, hostName="shared")],
        [device(mdeDeviceId=second, hostName="shared")],
        [device(hostName="shared")],
    )
    assert around(lake, first) == {"a0", "a1", "a2"}
    assert around(lake, second) == {"a3"}
    assert around(lake, "pc1") == {"a0", "a1", "a2"}


def test_one_name_of_a_user_and_of_a_mailbox_means_the_user(make_lake: Callable[..., Lake]) -> None:
    """Asked for by an address, the user is meant; the mailbox where an Entity says so."""
    name = "alice@example.org"
    mailbox = {"@odata.type": f"{TYPE}mailboxEvidence", "primaryAddress": name}
    lake = made(make_lake, [user(userPrincipalName=name)], [mailbox])
    assert lake.pivot(name).entity == Entity("user", name)
    assert around(lake, name) == {"a0"}
    box = next(Entity(row.kind, row.key) for row in lake.entities().itertuples() if row.kind == "mailbox")
    assert around(lake, Entity("mailbox", name)) == {"a1"} == around(lake, box)


def test_a_name_of_several_is_not_guessed(make_lake: Callable[..., Lake]) -> None:
    """Hosts of one name in two domains are two: the error lists both, and an Entity chooses."""
    hosts = [device(mdeDeviceId=digit * 40, deviceDnsName="pc.example.org") for digit in "12"]
    lake = made(make_lake, [hosts[0]], [hosts[1]])
    dns = [{"@odata.type": f"{TYPE}dnsEvidence", "domainName": "pc.example.org"}]
    lake.add(frame([alert(7, evidence=dns)]))
    with pytest.raises(AmbiguousEntityError, match="fits 2 entities") as caught:
        lake.pivot("pc.example.org")
    assert {entity.kind for entity in caught.value.candidates} == {"host", "domain"}
    assert around(lake, Entity("domain", "pc.example.org")) == {"a7"}


def test_each_hop_goes_one_step_further_and_stops_at_what_many_share(make_lake: Callable[..., Lake]) -> None:
    """A chain of records is walked one by one; what exactly so many name is walked through, one more is not."""
    shared, crowd = address("198.51.100.1"), address("198.51.100.2")
    lake = made(
        make_lake,
        [upn(0), upn(1)],
        [upn(1), upn(2)],
        [upn(2), shared],
        [shared, upn(3)],
        [upn(2), crowd],
        *([crowd, upn(number)] for number in (4, 5)),
    )
    chain = ["a0", "a1", "a2", "a3"]
    assert around(lake, "u0@example.org") == {"a0"}
    assert around(lake, "u0@example.org", hops=2, most_records=3) == {"a0", "a1"}
    assert around(lake, "u0@example.org", hops=3, most_records=3) == {"a0", "a1", "a2", "a4"}
    assert around(lake, "u0@example.org", hops=4, most_records=2) == {*chain, "a4"} - {"a2", "a4", "a3"}
    far = lake.entity_graph(seed="u2@example.org", hops=2, most_records=2)
    assert {node.id for node in far if isinstance(node, Record)} == {"a1", "a2", "a4", "a0", "a3"}
    assert far.graph["not_walked"] == {"ip|ip|198.51.100.2": 3}
    all_of_it = lake.entity_graph(seed="u2@example.org", hops=2, most_records=3)
    assert {node.id for node in all_of_it if isinstance(node, Record)} == {f"a{number}" for number in range(7)}
    assert all_of_it.graph["not_walked"] == {}


def test_no_hop_goes_over_a_name_that_only_leads(make_lake: Callable[..., Lake]) -> None:
    """From a user's host the walk goes on to whoever is named with that host, not to another host of its short name."""
    first, second = (device(mdeDeviceId=digit * 40, hostName="laptop") for digit in "12")
    lake = made(make_lake, [upn(0), first], [first, upn(1)], [second, upn(2)])
    assert around(lake, "u0@example.org", hops=2) == {"a0", "a1"}


def test_as_many_records_as_the_limit_are_shown(make_lake: Callable[..., Lake]) -> None:
    """A graph of exactly the limit is made; one record more is an error that says how many there are."""
    lake = made(make_lake, [upn(0)], [upn(0)], [upn(1)])
    assert around(lake, "u0@example.org", limit=2) == {"a0", "a1"}
    assert lake.entity_graph(limit=3).number_of_nodes() == 5
    for options, words in (({"limit": 2}, "3 records"), ({"seed": "u0@example.org", "limit": 1}, "2 records")):
        with pytest.raises(UsageError, match=words):
            lake.entity_graph(**options)


def test_records_of_two_kinds_may_have_one_id(make_lake: Callable[..., Lake]) -> None:
    """A sign-in that has the id of an alert is not taken for it: a pivot brings the alert alone."""
    lake = made(make_lake, [upn(0)], [upn(1)])
    sign_in = {"id": "a0", "createdDateTime": alert(0)["createdDateTime"], "userPrincipalName": "u9@example.org"}
    lake.add(frame([sign_in], "sign_ins"), tenant=ONE)
    found = lake.pivot("u0@example.org")
    assert {name: rows["id"].tolist() for name, rows in found.frames.items()} == {"alerts": ["a0"]}
    assert {name: rows["id"].tolist() for name, rows in lake.pivot("u9@example.org").frames.items()} == {
        "sign_ins": ["a0"]
    }

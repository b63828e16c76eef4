"""The people, devices and addresses that other tools get wrong, each as the records that name them."""

from __future__ import annotations

import struct
import uuid
from typing import Any

import networkx as nx
import pytest

from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, conflicts, entity_graph, find_entity, merge_graphs
from tests.linking.conftest import ALICE, BOB, LAPTOP, TENANT, Json, account, alert, alerts_frame, device, item, sign_in

CAROL = "c0ffee00-1111-4222-8333-444455556666"
SID = "S-1-5-21-1004336348-1177238915-682003330-1104"
OTHER_TENANT = "5c5f7a10-7ab6-4a51-8f1b-0d7bde5a9f10"


def entra_sid(object_id: str) -> str:
    """The SID that spells an object id."""
    return "S-1-12-1-" + "-".join(str(n) for n in struct.unpack("<4I", uuid.UUID(object_id).bytes_le))


def named(*, mail: bool = False, **properties: Any) -> Json:
    """A userEvidence with these parts of an account."""
    return item("mailboxEvidence" if mail else "userEvidence", userAccount=account(**properties))


def graph(*evidence: Json, **frames: list[Json]) -> nx.MultiDiGraph:
    """A graph of one alert per evidence item, and of other records."""
    alerts = alerts_frame(*(alert(f"a{n}", one) for n, one in enumerate(evidence)))
    return entity_graph(alerts=alerts, **{kind: read_records(kind, records) for kind, records in frames.items()})


def of_kind(g: nx.MultiDiGraph, kind: str) -> list[str]:
    """Keys of all entities of a kind."""
    return [node.key for node in g if isinstance(node, Entity) and node.kind == kind]


def test_accounts_become_exactly_the_people_they_are() -> None:
    """Five spellings of two people in two companies, one known by id only and one by SID only, are four people."""
    g = graph(
        named(userPrincipalName="alice@contoso.com", azureAdUserId=ALICE),
        named(accountName="alice", domainName="CONTOSO", userSid=SID),
        named(accountName="alice", domainName="CONTOSO", userPrincipalName="Alice@Contoso.com"),
        named(userPrincipalName="alice@fabrikam.com", displayName="Alice Adams"),
        named(azureAdUserId=BOB),
        named(userSid=entra_sid(CAROL)),
        named(userPrincipalName="bob@contoso.com", userSid=entra_sid(BOB)),
    )
    assert sorted(of_kind(g, "user")) == sorted([ALICE, BOB, CAROL, "alice@fabrikam.com"])
    alice = find_entity(g, SID)
    assert alice == Entity("user", ALICE)
    assert {f"sid={SID}", "upn=alice@contoso.com", f"account={TENANT}/contoso\\alice"} < set(
        g.nodes[alice]["identifiers"]
    )
    assert find_entity(g, "bob@contoso.com").key == BOB
    assert find_entity(g, entra_sid(CAROL)).key == CAROL
    assert len(conflicts(g)) == 0


def test_a_display_name_joins_nobody() -> None:
    """Two people of one display name, in one tenant, are two."""
    g = graph(
        named(userPrincipalName="a.smith@contoso.com", displayName="Alex Smith"),
        named(userPrincipalName="a.smith2@contoso.com", displayName="Alex Smith"),
    )
    assert len(of_kind(g, "user")) == 2


def test_a_renamed_user_stays_one() -> None:
    """A new user name of the same object id is the same person, found under both."""
    g = graph(
        named(userPrincipalName="alice.adams@contoso.com", azureAdUserId=ALICE),
        named(userPrincipalName="alice.brown@contoso.com", azureAdUserId=ALICE),
        named(userPrincipalName="alice.brown@contoso.com"),
    )
    assert of_kind(g, "user") == [ALICE]


def test_a_recreated_account_is_somebody_else() -> None:
    """A user name that a second object id got later joins neither, is a node of its own, and is listed."""
    g = graph(
        named(userPrincipalName="alice@contoso.com", azureAdUserId=ALICE),
        named(userPrincipalName="alice@contoso.com", azureAdUserId=BOB),
        named(userPrincipalName="ALICE@contoso.com"),
    )
    assert sorted(of_kind(g, "user")) == sorted([ALICE, BOB, "alice@contoso.com"])
    listed = conflicts(g)
    assert set(zip(listed["identifier"], listed["entity"], listed["other"], strict=True)) == {
        ("upn=alice@contoso.com", key, "alice@contoso.com") for key in (ALICE, BOB)
    }
    assert listed["reason"].str.contains("2 different object ids").all()


def test_a_guest_is_the_one_that_he_is_at_home() -> None:
    """The directory name of a guest and his own address are one user."""
    guest = "bob_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    g = graph(
        named(userPrincipalName=guest, azureAdUserId=BOB),
        sign_ins=[sign_in("s1", userId=BOB, userPrincipalName="bob@fabrikam.com"), sign_in("s2", userId="")],
    )
    assert find_entity(g, "bob@fabrikam.com") == find_entity(g, guest) == Entity("user", BOB)


def test_a_name_with_an_underscore_is_no_guest() -> None:
    """Only the directory's mark makes a guest; the last underscore before it stands for the @."""
    g = graph(
        named(userPrincipalName="first_last@contoso.com"),
        named(userPrincipalName="first_last_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
    )
    assert sorted(of_kind(g, "user")) == ["first_last@contoso.com", "first_last@fabrikam.com"]


@pytest.mark.parametrize(
    "built_in",
    [
        {"accountName": "SYSTEM", "domainName": "NT AUTHORITY", "userSid": "S-1-5-18"},
        {"accountName": "Netzwerkdienst", "domainName": "NT-AUTORITÄT", "userSid": "S-1-5-20"},
        {"accountName": "DWM-1", "domainName": "Window Manager"},
        {"accountName": "DefaultAppPool", "domainName": "IIS APPPOOL"},
        {"accountName": "-", "domainName": "CONTOSO"},
        {"userPrincipalName": "", "azureAdUserId": "00000000-0000-0000-0000-000000000000"},
        {},
    ],
)
def test_nobody_joins_nothing(built_in: Json) -> None:
    """What every machine has, or no machine says, links no two alerts."""
    g = graph(named(**built_in), named(**built_in))
    assert nx.number_weakly_connected_components(g) == 2


def host(**properties: Any) -> Json:
    """A deviceEvidence that says only this."""
    nothing = dict.fromkeys(("mdeDeviceId", "azureAdDeviceId", "deviceDnsName", "hostName"))
    return device(**(nothing | {"loggedOnUsers": [], "ipInterfaces": []} | properties))


def test_a_short_name_in_two_domains_is_nobodys() -> None:
    """One short name, two domains: two hosts, and the bare name belongs to neither."""
    g = graph(
        host(deviceDnsName="pc1.contoso.com", hostName="PC1"),
        host(deviceDnsName="pc1.fabrikam.com", hostName="PC1"),
        host(hostName="pc1"),
    )
    assert sorted(of_kind(g, "host")) == [f"{TENANT}/pc1", "pc1.contoso.com", "pc1.fabrikam.com"]
    assert conflicts(g)["reason"].str.contains("2 domains").all()


def test_a_short_name_counts_within_its_domain() -> None:
    """A short name with its DNS or NT domain is the host of that domain, and of one domain where there is one."""
    full = host(deviceDnsName="pc1.contoso.com", hostName="PC1", ntDomain="CONTOSO")
    two_domains = graph(
        full,
        host(deviceDnsName="pc1.fabrikam.com", ntDomain="FABRIKAM"),
        host(hostName="PC1", dnsDomain="contoso.com"),
        host(hostName="pc1", ntDomain="contoso"),
    )
    assert sorted(of_kind(two_domains, "host")) == ["pc1.contoso.com", "pc1.fabrikam.com"]
    assert of_kind(graph(full, host(hostName="PC1")), "host") == ["pc1.contoso.com"]
    full_only = graph(host(deviceDnsName="pc1.contoso.com"), host(hostName="PC1"))
    assert of_kind(full_only, "host") == ["pc1.contoso.com"]


def test_a_device_seen_in_three_records_is_one() -> None:
    """Full name with Entra id, Entra id with Defender id, Defender id with full name, in any order: one host."""
    entra = "6fa60d52-01e7-4b18-8055-4759461fc16b"
    three = [
        host(azureAdDeviceId=entra, deviceDnsName="LAPTOP-7.contoso.com"),
        host(azureAdDeviceId=entra.upper(), mdeDeviceId=LAPTOP),
        host(mdeDeviceId=LAPTOP.upper(), deviceDnsName="laptop-7.contoso.com."),
    ]
    for chain in (three, three[:2], three[1:], [three[0], three[2]]):
        assert len(of_kind(graph(*chain), "host")) == 1


def test_an_address_used_again_joins_no_hosts() -> None:
    """Two hosts that had one address on different days stay two, each tied to it with its own time."""
    alerts = [
        alert("a1", device(ipInterfaces=["203.0.113.77"])),
        alert(
            "a2",
            device(mdeDeviceId="f" * 40, azureAdDeviceId=None, deviceDnsName="other.contoso.com", hostName="OTHER"),
            firstActivityDateTime="2026-02-09T10:00:00Z",
            lastActivityDateTime="2026-02-09T10:00:00Z",
        ),
    ]
    g = entity_graph(alerts=alerts_frame(*alerts))
    shared = Entity("ip", "203.0.113.77")
    times = {
        u.key: d["first_seen"][:10] for u, _, k, d in g.in_edges(shared, keys=True, data=True) if k == "has_address"
    }
    assert times == {LAPTOP: "2026-02-03", "f" * 40: "2026-02-09"}


def test_spellings_of_an_address_are_one() -> None:
    """v4-mapped v6 and plain v4 are one address, long and short v6 too; the filler address is none."""
    g = graph(
        *(
            item("ipEvidence", ipAddress=text)
            for text in ("198.51.100.23", "::ffff:198.51.100.23", "2001:DB8:0:0::1", "2001:db8::1", "0.0.0.0", "::")
        )
    )
    named_ips = [key for key in of_kind(g, "ip") if not key.startswith("item=")]
    assert sorted(named_ips) == ["198.51.100.23", "2001:db8::1"]


def test_what_has_meaning_within_a_tenant_joins_within_it() -> None:
    """Private addresses, short names and domain accounts of two tenants stay apart; what is global meets."""
    everything = (
        item("ipEvidence", ipAddress="10.0.0.7"),
        item("ipEvidence", ipAddress="198.51.100.23"),
        host(hostName="PC1"),
        named(accountName="admin", domainName="CORP"),
    )
    alerts = [alert("a1", *everything), alert("a2", *everything, tenantId=OTHER_TENANT)]
    whole = entity_graph(alerts=alerts_frame(*alerts))
    merged = merge_graphs(*(entity_graph(alerts=alerts_frame(one)) for one in alerts))
    for g in (whole, merged):
        shared = [n for n in g if isinstance(n, Entity) and g.in_degree(n) == 2]
        assert shared == [Entity("ip", "198.51.100.23")]
        assert sorted(of_kind(g, "ip")) == sorted([f"{TENANT}/10.0.0.7", f"{OTHER_TENANT}/10.0.0.7", "198.51.100.23"])
        assert g.nodes[Entity("ip", f"{TENANT}/10.0.0.7")]["label"] == "10.0.0.7"


def test_records_without_a_tenant_are_of_the_only_one() -> None:
    """Where all records are of one tenant a record that doesn't say so is of it; with a second one it is told."""
    names = {"deviceId": "", "displayName": "PC1"}
    signed_in = [sign_in("s1", deviceDetail=names)]
    alerts = [alert("a1", host(hostName="PC1"))]
    other = [alert("a2", host(hostName="PC1"), tenantId=OTHER_TENANT)]
    one = entity_graph(alerts=alerts_frame(*alerts), sign_ins=read_records("sign_ins", signed_in))
    assert of_kind(one, "host") == [f"{TENANT}/pc1"]
    unsure = entity_graph(alerts=alerts_frame(*alerts, *other), sign_ins=read_records("sign_ins", signed_in))
    assert sorted(of_kind(unsure, "host")) == sorted(["pc1", f"{TENANT}/pc1", f"{OTHER_TENANT}/pc1"])
    told = merge_graphs(
        entity_graph(sign_ins=read_records("sign_ins", signed_in), tenant=OTHER_TENANT),
        entity_graph(alerts=alerts_frame(*alerts, *other)),
    )
    assert sorted(of_kind(told, "host")) == sorted([f"{TENANT}/pc1", f"{OTHER_TENANT}/pc1"])
    assert told.has_edge(Record("sign_in", "s1"), Entity("host", f"{OTHER_TENANT}/pc1"))


def test_a_private_domain_is_every_companys() -> None:
    """`pc1.corp.local` of two tenants is two hosts, and one within a tenant; a public name is one everywhere."""
    names = (host(deviceDnsName="PC1.corp.local"), host(hostName="pc1", dnsDomain="corp.local"))
    public = host(deviceDnsName="www.contoso.com")
    alerts = [alert("a1", *names, public), alert("a2", *names, public, tenantId=OTHER_TENANT)]
    g = entity_graph(alerts=alerts_frame(*alerts))
    assert sorted(of_kind(g, "host")) == sorted(
        [f"{TENANT}/pc1.corp.local", f"{OTHER_TENANT}/pc1.corp.local", "www.contoso.com"]
    )
    assert find_entity(entity_graph(alerts=alerts_frame(alerts[0])), "pc1.corp.local").kind == "host"


def test_local_accounts_stay_on_their_machine() -> None:
    r"""`.\admin` and PC1\admin are an account of one device; `AzureAD\AliceSmith` says no more than a display name."""

    def logged_on(mde: str, name: str, *users: tuple[str, str]) -> Json:
        accounts = [{"accountName": a, "domainName": d} for d, a in users]
        return host(mdeDeviceId=mde * 40, hostName=name, loggedOnUsers=accounts)

    g = graph(
        logged_on("1", "PC1", (".", "admin"), ("PC1", "admin"), ("AzureAD", "AliceSmith")),
        logged_on("2", "PC2", ("WORKGROUP", "admin"), ("PC2", "admin"), ("AzureAD", "AliceSmith")),
        logged_on("3", "PC1", ("PC1", "admin")),
    )
    users = of_kind(g, "user")
    assert sorted(users) == sorted(
        [
            f"{'1' * 40}/admin",
            f"{'1' * 40}/alicesmith",
            f"{'2' * 40}/admin",
            f"{'2' * 40}/alicesmith",
            f"{'3' * 40}/admin",
        ]
    )


def test_copies_of_a_mail_stay_apart() -> None:
    """Two deliveries of one message share the id in its header, and are two."""
    g = graph(
        item("analyzedMessageEvidence", networkMessageId="n1", internetMessageId="<x@mail.test>"),
        item("analyzedMessageEvidence", networkMessageId="n2", internetMessageId="<x@mail.test>"),
    )
    assert sorted(of_kind(g, "mail_message")) == ["n1", "n2"]


def test_files_are_one_by_any_hash_unless_a_hash_contradicts() -> None:
    """SHA-1 leads to the SHA-256 it was seen with; seen with two, it leads to neither."""

    def file(**hashes: str) -> Json:
        return item("fileEvidence", fileDetails={"fileName": "x.exe", **hashes})

    g = graph(file(sha256="a" * 64, sha1="1" * 40), file(sha1="1" * 40), file(sha1="1" * 40, md5="5" * 32))
    assert of_kind(g, "file") == ["a" * 64]
    two = graph(file(sha256="a" * 64, sha1="1" * 40), file(sha256="b" * 64, sha1="1" * 40), file(sha1="1" * 40))
    assert sorted(of_kind(two, "file")) == ["1" * 40, "a" * 64, "b" * 64]


def test_processes_are_told_apart_by_their_start() -> None:
    """A process number used again an hour later, or on another device, is another process."""

    def process(number: int, mde: str, start: str) -> Json:
        return item("processEvidence", processId=number, mdeDeviceId=mde * 40, processCreationDateTime=start)

    g = graph(
        process(668, "1", "2026-02-03T10:00:00Z"),
        process(668, "1", "2026-02-03T10:00:00.000Z"),
        process(668, "1", "2026-02-03T11:00:00Z"),
        process(668, "2", "2026-02-03T10:00:00Z"),
    )
    assert len(of_kind(g, "process")) == 3

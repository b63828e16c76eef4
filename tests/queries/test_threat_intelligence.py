"""Threat intelligence on hosts and addresses: what is known, what is not, and what it takes to ask."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.transport import DemoClock, DemoTransport


@pytest.fixture(scope="module")
def attacked(make_world: Any) -> Any:
    """A tenant with an attack in it."""
    return make_world(attack=True)


def test_a_known_host_has_a_reputation(attacked: Any) -> None:
    """The phishing page's host is malicious, with the reasons as rules; names and addresses alike, defanged too."""
    attack = attacked.tenant.truth.attack
    lure = urlsplit(attack.phish_url).hostname
    frame = gi.get_host_reputation(attacked.client, lure)
    (row,) = frame.to_dict("records")
    assert (row["record_kind"], row["host"], row["classification"]) == ("host_reputation", lure, "malicious")
    assert row["score"] == 100
    assert {rule["severity"] for rule in json.loads(row["rules"])} == {"high"}
    assert json.loads(row["raw"])["classification"] == "malicious"
    same = gi.get_host_reputation(attacked.client, f" {lure.upper().replace('.', '[.]')}. ")
    assert same["id"].tolist() == frame["id"].tolist()
    address = gi.get_host_reputation(attacked.client, attack.proxy_ip)
    assert address["classification"].tolist() == ["malicious"]
    told = gi.coverage(frame).iloc[0]
    assert (told["resource"], bool(told["complete"]), told["note"]) == ("host_reputations", True, f"asked for {lure}")


def test_an_unknown_host_is_unknown_not_harmless(attacked: Any) -> None:
    """Of a host that nobody knows the classification is `unknown`; the columns and dtypes are the same."""
    frame = gi.get_host_reputation(attacked.client, "nobody.example")
    assert frame["classification"].tolist() == ["unknown"]
    known = gi.get_host_reputation(attacked.client, attacked.tenant.truth.attack.proxy_ip)
    assert frame.dtypes.equals(known.dtypes)


def test_passive_dns_goes_both_ways(attacked: Any) -> None:
    """A name leads to its address; in reverse the address leads to the name, with when it was seen."""
    attack = attacked.tenant.truth.attack
    lure = urlsplit(attack.phish_url).hostname
    (forth,) = gi.list_passive_dns(attacked.client, lure).to_dict("records")
    assert (forth["parent_host_id"], forth["artifact_id"], forth["record_type"]) == (lure, attack.proxy_ip, "A")
    assert forth["first_seen_date_time"] < forth["last_seen_date_time"]
    (back,) = gi.list_passive_dns(attacked.client, attack.proxy_ip, reverse=True).to_dict("records")
    assert (back["parent_host_id"], back["artifact_id"]) == (lure, attack.proxy_ip)
    frame = gi.list_passive_dns(attacked.client, lure, record_type="AAAA")
    assert frame.empty
    assert "record_type is AAAA" in gi.coverage(attacked.client)["filters_local"].iloc[-1]
    assert gi.list_passive_dns(attacked.client, lure, until="2020-01-01T00:00:00Z").empty
    empty = gi.list_passive_dns(attacked.client, "nobody.example")
    assert empty.empty
    assert empty.dtypes.equals(frame.dtypes)


@pytest.mark.parametrize(
    "host",
    ["", "  ", "https://evil.test/", "evil.test/path", "evil.test:443", "alice@evil.test", "localhost", "a b.test",
     "../users", 7, None, "x" * 300 + ".test", "\ud800.test"],
)  # fmt: skip
def test_what_is_no_host_is_refused(attacked: Any, host: Any) -> None:
    """Addresses of pages, mail addresses and paths are a UsageError that says what to give; nothing is asked."""
    before = attacked.client.requests_made
    with pytest.raises(gi.UsageError, match="host name or an IP address"):
        gi.get_host_reputation(attacked.client, host)
    with pytest.raises(gi.UsageError):
        gi.list_passive_dns(attacked.client, host)
    assert attacked.client.requests_made == before


@pytest.mark.parametrize(("given", "asked"), [
    ("2001:0DB8::0001", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("198.51.100.7", "198.51.100.7"),
    ("B\u00fccher.example", "xn--bcher-kva.example"), ("_dmarc.Contoso.TEST", "_dmarc.contoso.test"),
])  # fmt: skip
def test_hosts_are_asked_for_in_their_short_form(attacked: Any, given: str, asked: str) -> None:
    """Addresses are normalised, names lower-cased and encoded: one host is asked for under one name."""
    assert gi.get_host_reputation(attacked.client, given)["host"].tolist() == [asked]


def test_without_the_licence_it_says_so(attacked: Any) -> None:
    """An unlicensed tenant: LicenceMissingError that names the licence; never an empty or harmless answer."""
    clock = DemoClock()
    emulator = Emulator(attacked.tenant, unlicensed=["Defender Threat Intelligence"], clock=clock.clock)
    transport = DemoTransport(emulator, demo_clock=clock)
    tenant_id = attacked.tenant.tenant_id
    with connect(tenant_id=tenant_id, transport=transport, credential=EmulatorCredential(tenant_id)) as client:
        for ask in (gi.get_host_reputation, gi.list_passive_dns):
            with pytest.raises(gi.LicenceMissingError, match="Defender Threat Intelligence Premium") as caught:
                ask(client, "contoso.com")
            assert caught.value.request_id
        access = gi.check_access(client).set_index("function")
        for function in ("get_host_reputation", "list_passive_dns"):
            assert access.loc[function, "can_read"] == "no"
            assert "Threat Intelligence" in access.loc[function, "licence"]
            assert access.loc[function, "hides"]


def test_a_bare_refusal_names_permission_and_licence(make_world: Any) -> None:
    """403 without a reason may be either: the error names the permission and the licence."""
    world = make_world(permissions=["SecurityAlert.Read.All"])
    with pytest.raises(gi.PermissionMissingError, match=r"ThreatIntelligence\.Read\.All") as caught:
        gi.get_host_reputation(world.client, "contoso.com")
    assert caught.value.permission == "ThreatIntelligence.Read.All"
    world = make_world(faults=[Fault("/security/threatIntelligence/*", error(403, code="", message=""))])
    with pytest.raises(gi.PermissionMissingError, match="Defender Threat Intelligence Premium"):
        gi.list_passive_dns(world.client, "contoso.com")

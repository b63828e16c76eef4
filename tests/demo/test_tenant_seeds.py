"""Over many seeds: attacked and quiet tenants, new names in each, one incident to find and no other like it."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Any

import pytest

from graphinvestigate.demo.tenant import Tenant, build_tenant

SAFE = [ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


@pytest.fixture(scope="module")
def tenants() -> list[Tenant]:
    """Fifty small tenants."""
    return [build_tenant(seed, 30) for seed in range(50)]


def strings(value: Any) -> list[str]:
    """Every text within a record."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for item in inner for text in strings(item)]


def test_both_kinds_of_tenant_occur(tenants: list[Tenant]) -> None:
    """About one seed in five holds no attack; seed 0 holds one; `attack` decides if it is given."""
    quiet = sum(tenant.truth.attack is None for tenant in tenants)
    assert 4 <= quiet <= 17
    assert tenants[0].truth.attack is not None
    assert build_tenant(0, 30, attack=False).truth.attack is None
    seed = next(tenant.seed for tenant in tenants if tenant.truth.attack is None)
    assert build_tenant(seed, 30, attack=True).truth.attack is not None


def test_nothing_of_a_truth_is_the_same_in_every_seed(tenants: list[Tenant]) -> None:
    """Names, hosts, addresses, ids and the moment are drawn anew; none occurs in more than a few tenants."""
    seen: dict[tuple[str, str], int] = {}
    skipped = {"name", "record_kind", "oauth_app_name", "seed", "entry", "kind", "side"}
    for tenant in tenants:
        for path, value in set(leaves(dataclasses.asdict(tenant.truth))):
            if path not in skipped:
                seen[path, value] = seen.get((path, value), 0) + 1
    assert {path for path, _ in seen} >= {"user_principal_name", "proxy_ip", "mde_device_id", "incident_id", "domain"}
    # among 762 documentation addresses and a few service account purposes, chance alone repeats some
    assert {key: n for key, n in seen.items() if n > 3 and key[0] not in ("time", "display_name")} == {}
    assert max(n for (path, _), n in seen.items() if path == "display_name") < 25
    assert len({tenant.now for tenant in tenants}) == 50


def leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text of the truth with the name of its field."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, key)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in leaves(inner, path)]
    return [(path, value)] if isinstance(value, str) else []


def test_the_middle_of_the_story_comes_in_several_orders(tenants: list[Tenant]) -> None:
    """Mailbox rule and app consent change places, and lateral movement comes and goes."""
    stories = [tenant.truth.attack for tenant in tenants if tenant.truth.attack]
    names = [[step.name for step in story.steps] for story in stories]
    rule_first = {name.index("mailbox rule") < name.index("oauth grant") for name in names}
    assert rule_first == {True, False}
    assert {story.lateral_movement for story in stories} == {True, False}
    for name in names:
        assert name.index("sign in") < name.index("replay") < name.index("credential dump") < name.index("exfiltration")
        assert name.index("laptop") < name.index("credential dump")


def test_attacks_begin_in_three_ways(tenants: list[Tenant]) -> None:
    """A link in a message, one password tried on many, or code on a laptop: the first step is the way in."""
    stories = [tenant.truth.attack for tenant in tenants if tenant.truth.attack]
    assert {story.entry for story in stories} == {"phish", "spray", "laptop"}
    first = {"phish": "phish", "spray": "password spray", "laptop": "laptop"}
    for story in stories:
        assert (story.steps[0].name, story.steps[0].record_id) == (first[story.entry], story.entry_alert_id)
        assert (story.phish_sender is None) is (story.phish_alert_id is None) is (story.entry != "phish")
        cloud, machine = (min(s.time for s in story.steps if s.name == name) for name in ("mailbox rule", "laptop"))
        assert story.entry == "phish" or cloud != machine
    assert tenants[0].truth.attack.entry == "phish"


def test_the_parts_of_an_attack_are_named_in_its_records(tenants: list[Tenant]) -> None:
    """Every part that the truth lists is spelt in a record of one of its steps; victims are the tenant's own."""
    for tenant in tenants:
        attack = tenant.truth.attack
        if attack is None:
            continue
        kept = {"alert": "security/alerts_v2", "signIn": "beta:auditLogs/signIns"}
        kept["riskDetection"] = "identityProtection/riskDetections"
        steps = {(step.record_kind, step.record_id) for step in attack.steps}
        said = {
            text.lower()
            for kind, path in kept.items()
            for record in tenant.collections[path]
            if (kind, record["id"]) in steps
            for text in strings(record)
        }
        assert {part.id.lower() for part in attack.parts} <= said
        assert {part.side for part in attack.parts if part.kind in ("user", "host")} == {"victim"}
        assert {"user", "host", "ip", "url", "mailbox", "app"} == {part.kind for part in attack.parts}


def test_only_the_attack_is_open_high_and_many_sided(tenants: list[Tenant]) -> None:
    """No quiet tenant and no decoy holds an open incident of high severity and several tactics."""
    for tenant in tenants:
        alerts = {alert["id"]: alert for alert in tenant.collections["security/alerts_v2"]}
        found = []
        for incident in tenant.collections["security/incidents"]:
            if incident["status"] not in ("active", "inProgress") or incident["severity"] != "high":
                continue
            own = [alerts[identifier] for identifier in tenant.incident_alerts(incident["id"])]
            if len({alert["category"] for alert in own}) > 1:
                found.append(incident["id"])
            else:
                assert incident["id"] == tenant.truth.blocked_incident_id
                assert {item["remediationStatus"] for item in own[0]["evidence"]} <= {"prevented", "blocked"}
        assert found == ([tenant.truth.attack.incident_id] if tenant.truth.attack else [])


def test_quiet_tenants_have_open_incidents_too(tenants: list[Tenant]) -> None:
    """A tenant without attack still has something open, and every decoy."""
    for tenant in tenants:
        if tenant.truth.attack is None:
            states = {incident["status"] for incident in tenant.collections["security/incidents"]}
            assert {"active", "resolved", "redirected"} <= states
            assert tenant.truth.noisy_incident_id


def test_only_names_and_addresses_that_belong_to_nobody(tenants: list[Tenant]) -> None:
    """Domains end in .example, public addresses come from the documentation ranges."""
    address = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|2001:[0-9a-f:]+")
    host = re.compile(r"(?:https?://|@)([^/\s>\"';)]+)")
    fine = ("security.microsoft.com", "attacker.invalid")
    for tenant in tenants[:8]:
        for records in tenant.collections.values():
            for text in strings(records[:60]):
                if "Mozilla/" in text:
                    continue  # version numbers look like addresses
                for found in address.findall(text):
                    ip = ipaddress.ip_address(found.rstrip(":"))
                    assert (
                        ip.is_loopback
                        or ip in ipaddress.ip_network("10.0.0.0/8")
                        or any(ip in network for network in SAFE if network.version == ip.version)
                    ), text
                for found in host.findall(text):
                    assert found.endswith(".example") or found in fine, text


def test_the_attack_is_not_always_grouped_rightly() -> None:
    """In larger tenants its alerts lie in one incident, in two, or with a stranger's among them; the truth says how."""
    shapes = set()
    for seed in range(24):
        tenant = build_tenant(seed, 60, attack=True)
        attack = tenant.truth.attack
        main = set(tenant.incident_alerts(attack.incident_id))
        rest = {alert for incident in attack.other_incident_ids for alert in tenant.incident_alerts(incident)}
        assert (main - set(attack.stray_alert_ids)) | rest == set(attack.alert_ids)
        assert set(attack.stray_alert_ids) <= main
        assert attack.user.id not in {
            text for alert in tenant.collections["security/alerts_v2"] if alert["id"] in attack.stray_alert_ids
            for text in strings(alert)
        }  # fmt: skip
        shapes.add((bool(rest), bool(attack.stray_alert_ids)))
        assert seed or (not rest and not attack.stray_alert_ids)
    assert shapes == {(False, False), (True, False), (False, True)}

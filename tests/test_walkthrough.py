"""The main job, given a client and nothing else: the planted incident is found, or it is said that there is none."""

from __future__ import annotations

import pytest

from graphinvestigate.cases import briefing
from graphinvestigate.walkthrough import Investigation, investigate

SEEDS = range(90_210, 90_220)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planted_incident_is_found(make_world, seed) -> None:
    """In a tenant with an attack: its incident, the phished user, the dumped host, the attacker's address, a path."""
    world = make_world(seed=seed, alerts=120, attack=True)
    truth = world.tenant.truth.attack
    found = investigate(world.client)
    assert found.incident is not None
    assert found.incident.id == truth.incident_id
    assert found.user == ("user", truth.user.id)
    assert found.host == ("host", truth.dumped_host.mde_device_id)
    assert found.address is not None
    assert found.address.key in {truth.proxy_ip, truth.exfiltration_ip}
    assert found.paths
    assert all(len(path.sentences) == len(path.edges) for path in found.paths)
    intrusions = set(found.ranking.loc[found.ranking["attack"], "id"])
    assert truth.incident_id in intrusions
    assert intrusions <= {truth.incident_id, *truth.other_incident_ids}  # an attack may be torn into several


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quiet_tenant_is_called_quiet(make_world, seed) -> None:
    """In a tenant full of decoys and without an attack, no incident is called one, and the briefing says so."""
    found = investigate(make_world(seed=seed, alerts=120, attack=False).client)
    assert found.incident is None
    assert found.user is None
    assert not found.paths
    assert "No incident here looks like an intrusion" in briefing(found)


@pytest.fixture(scope="module")
def found(world) -> Investigation:
    """The investigation of the default tenant."""
    return investigate(world.client)


def test_paths_are_told_by_the_incidents_own_alerts(world, found) -> None:
    """Each hop's reasons come from the attack's alerts, not from what the same people do on any other day."""
    alerts = set(world.tenant.truth.attack.alert_ids)
    for path in found.paths:
        assert set(path.frame["record_kind"]) == {"alert"}
        assert set(path.frame["record_id"]) <= alerts


def test_pivots_start_at_the_user_the_address_and_the_host(found) -> None:
    """Three pivots, and what they bring is in the graph."""
    assert [one.entity for one in found.pivots] == [found.user, found.address, found.host]
    for one in found.pivots:
        assert set(one.graph) <= set(found.graph)


def test_a_source_that_may_not_be_read_is_said_to_be_missing(make_world) -> None:
    """Without the permission for sign-ins the incident is still found, and the briefing names the permission."""
    permissions = [
        *("SecurityAlert.Read.All", "SecurityIncident.Read.All"),
        *("IdentityRiskEvent.Read.All", "IdentityRiskyUser.Read.All"),
    ]
    world = make_world(alerts=120, permissions=permissions)
    found = investigate(world.client)
    assert found.incident is not None
    assert found.incident.id == world.tenant.truth.attack.incident_id
    assert "sign_ins" not in found.frames
    assert "AuditLog.Read.All" in briefing(found)


def test_the_briefing_shows_what_an_analyst_wants_first(world, found) -> None:
    """The triage table, the ranked entities with reasons, the path in sentences, what came back; nothing hostile."""
    said = briefing(found, width=120)
    truth = world.tenant.truth.attack
    for words in (
        *(truth.incident_id, truth.user.user_principal_name, truth.dumped_host.device_dns_name.partition(".")[0]),
        *("severity", "title", "status", "source", "entities", "first activity (UTC)", "alerts name it"),
        *(found.paths[0].sentences[0].split()[0], "rows received", "interactive"),
    ):
        assert words in said, words
    assert max(map(len, said.splitlines())) <= 120
    assert not any((ord(c) < 32 and c != "\n") or 0x202A <= ord(c) <= 0x202E for c in said)

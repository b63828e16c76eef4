"""Which incident looks like an intrusion."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.frames import read_records
from graphinvestigate.linking import entity_graph, rank_incidents
from tests.linking.conftest import alert, device, risk, user

STAGES = ["InitialAccess", "Execution", "CredentialAccess", "Exfiltration"]
COLLECTIONS = {
    "alerts": "security/alerts_v2",
    "incidents": "security/incidents",
    "risk_detections": "identityProtection/riskDetections",
    "risky_users": "identityProtection/riskyUsers",
    "sign_ins": "auditLogs/signIns",
}


def ranked(categories: list[str], incident: dict[str, Any] | None = None, **properties: Any) -> Any:
    """The row of one incident with one alert per category, an hour apart."""
    alerts = [
        alert(
            f"a{hour}",
            device(),
            user(),
            incidentId="7",
            category=category,
            firstActivityDateTime=f"2026-02-03T{hour:02}:00:00Z",
            lastActivityDateTime=f"2026-02-03T{hour:02}:10:00Z",
            **properties,
        )
        for hour, category in enumerate(categories, start=8)
    ]
    base = {
        "id": "7",
        "displayName": "x",
        "severity": "high",
        "status": "active",
        "createdDateTime": "2026-02-03T12:00:00Z",
    }
    g = entity_graph(
        alerts=read_records("alerts", alerts),
        incidents=read_records("incidents", [base | (incident or {})]),
        risk_detections=read_records("risk_detections", [risk()]),
    )
    (row,) = (r for r in rank_incidents(g).itertuples() if r.id == "7")
    return row


def test_stages_of_an_attack_look_like_one() -> None:
    """Open alerts through four tactics in order, with credentials and data taken, look like an intrusion."""
    row = ranked(STAGES)
    assert row.attack
    assert row.categories == STAGES
    assert (row.alerts, row.tactics, row.users, row.hosts) == (4, 4, 1, 1)
    assert "initial access → execution → credential access → exfiltration" in row.why
    assert "Entra reports risk for 1 of its users" in row.why


def test_two_tactics_are_too_few_whatever_speaks_for_it() -> None:
    """Risk and a compromised machine beside two tactics are no intrusion in stages; a third tactic makes one."""
    assert not ranked(["InitialAccess", "Execution"]).attack
    assert ranked(["InitialAccess", "Execution", "CredentialAccess"]).attack


@pytest.mark.parametrize(("services", "risky", "attack"), [(1, False, False), (2, False, False), (2, True, True)])
def test_three_tactics_need_two_signs(services: int, risky: bool, attack: bool) -> None:
    """Tactics that go backward and are not grave are an intrusion with two signs, and none with one."""
    named = ["microsoftDefenderForEndpoint", "microsoftDefenderForOffice365"][:services]
    alerts = [
        alert(
            f"a{hour}", user(), incidentId="7", category=category, serviceSource=named[hour % services],
            firstActivityDateTime=f"2026-02-03T{hour:02}:00:00Z",
        )
        for hour, category in enumerate(("Collection", "Discovery", "Execution"), start=8)
    ]  # fmt: skip
    g = entity_graph(
        alerts=read_records("alerts", alerts),
        risk_detections=read_records("risk_detections", [risk()] if risky else []),
    )
    (row,) = rank_incidents(g).itertuples()
    assert (row.tactics, row.sources) == (3, services)
    assert bool(row.attack) is attack


@pytest.mark.parametrize(
    ("categories", "incident", "properties"),
    [
        (["InitialAccess"] * 6, {}, {}),
        (["Malware", "UnwantedSoftware", "SuspiciousActivity", "Phishing"], {}, {}),
        (STAGES, {"classification": "falsePositive", "status": "resolved"}, {}),
        (STAGES, {"classification": "InformationalExpectedActivity", "status": "resolved"}, {}),
        (STAGES, {"status": "redirected", "redirectIncidentId": "8"}, {}),
        (STAGES, {}, {"classification": "falsePositive"}),
        (STAGES, {}, {"severity": "informational"}),
    ],
)
def test_what_is_harmless_or_one_stage_does_not(categories: list[str], incident: dict, properties: dict) -> None:
    """One tactic, no tactic, dismissed, merged or merely informational: no intrusion, and the sentence says why."""
    row = ranked(categories, incident, **properties)
    assert not row.attack
    assert row.why


def test_order_in_time_is_a_sign() -> None:
    """Three tactics that go forward with time are a sign of their own; the same backward are none."""
    forward = ["InitialAccess", "Execution", "Persistence"]
    assert "go forward through ATT&CK" in ranked(forward).why
    assert "go forward through ATT&CK" not in ranked(forward[::-1]).why
    assert ranked(forward).score > ranked(forward[::-1]).score


def test_resolved_true_positives_still_look_like_one() -> None:
    """An attack that was dealt with was an attack; it ranks lower than an open one."""
    closed = ranked(STAGES, {"classification": "truePositive", "status": "resolved"})
    assert closed.attack
    assert closed.score < ranked(STAGES).score


@pytest.mark.parametrize("seed", range(1000, 1006))
@pytest.mark.parametrize("attack", [True, False])
def test_demo_tenants_hold_the_incident_that_is_planted(seed: int, attack: bool) -> None:
    """In tenants it never saw, exactly the planted incident looks like an intrusion; none where none is planted."""
    tenant = build_tenant(seed, 120, attack=attack)
    g = entity_graph(**{name: read_records(name, list(tenant.collections[path])) for name, path in COLLECTIONS.items()})
    table = rank_incidents(g)
    intrusions = set(table.loc[table["attack"], "id"])
    planted = tenant.truth.attack
    # Where the attack was torn in two, the other part may look like one too; nothing else does.
    assert intrusions - set(planted.other_incident_ids if planted else ()) == (
        {planted.incident_id} if planted else set()
    )
    assert len(table) >= len(tenant.collections["security/incidents"])


def test_an_empty_graph_has_the_same_columns() -> None:
    """No incidents: same columns, same types."""
    empty = rank_incidents(entity_graph())
    assert len(empty) == 0
    assert empty["attack"].dtype == "boolean"
    assert empty["first_activity"].dtype == pd.DatetimeTZDtype("ns", "UTC")


def test_incidents_that_are_only_named_are_ranked_too() -> None:
    """Alerts whose incident no frame holds still show as an incident."""
    alerts = [alert(f"a{i}", user(), incidentId="9", category=c) for i, c in enumerate(STAGES)]
    table = rank_incidents(entity_graph(alerts=read_records("alerts", alerts)))
    assert table["id"].tolist() == ["9"]
    assert table["severity"].tolist() == ["high"]

"""The demo tenant: any size, same bytes for a seed, and records that bear out the truth."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphinvestigate.demo.tenant import Tenant, build_tenant

ROOT = Path(__file__).resolve().parents[2]
DIGEST = """
import hashlib, json
from graphinvestigate.demo.tenant import build_tenant
tenant = build_tenant(7, 60)
records = {path: list(records) for path, records in tenant.collections.items()}
print(hashlib.sha256(json.dumps([repr(tenant.truth), records]).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """The tenant most tests read."""
    return build_tenant(0, 120)


@pytest.fixture(scope="module")
def alerts(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """Its alerts by id."""
    return {alert["id"]: alert for alert in tenant.collections["security/alerts_v2"]}


def walk(value: Any) -> Iterator[Any]:
    """Every value within a record."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def texts(value: Any) -> set[str]:
    """Every text within a record."""
    return {text for text in walk(value) if isinstance(text, str)}


def evidence(alert: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The evidence items of one kind."""
    wanted = f"#microsoft.graph.security.{kind}Evidence"
    return [item for item in alert["evidence"] if item.get("@odata.type") == wanted]


@pytest.mark.parametrize("size", [30, 31, 59, 60, 120, 5000])
def test_a_tenant_holds_as_many_alerts_as_asked_for(size: int) -> None:
    """The number of alerts is exact, and every one has an id of its own."""
    for attack in (True, False):
        records = build_tenant(1, size, attack=attack).collections["security/alerts_v2"]
        assert len(records) == size
        assert len(set(records.ids())) == size


@pytest.mark.parametrize("size", [-1, 29, 1_000_001])
def test_sizes_outside_the_range_are_refused(size: int) -> None:
    """The message names the range and what was asked for."""
    with pytest.raises(ValueError, match=f"30 to 1,000,000 alerts; {size} "):
        build_tenant(0, size)


def test_two_processes_draw_the_same_bytes() -> None:
    """Nothing depends on the process: no hash order, no clock, no global generator."""
    digests = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            capture_output=True, text=True, check=True, cwd=ROOT, env={"PYTHONHASHSEED": hash_seed},
        )  # fmt: skip
        digests.add(done.stdout.strip())
    assert len(digests) == 1
    assert len(digests.pop()) == 64


def test_a_record_does_not_depend_on_what_was_read_before(tenant: Tenant) -> None:
    """Rendering backwards, in slices or twice gives the same records."""
    for records in tenant.collections.values():
        count = min(len(records), 150)
        forward = records[:count]
        assert [records[place] for place in reversed(range(count))][::-1] == forward
    fresh = build_tenant(0, 120).collections["security/alerts_v2"]
    assert fresh[7] == tenant.collections["security/alerts_v2"][7]


def test_planning_is_quick_and_light_because_details_are_made_when_read() -> None:
    """100,000 alerts are planned, counted and looked up by position, for less than rendering 2,000 of them."""
    start = time.process_time()
    records = build_tenant(3, 100_000).collections["security/alerts_v2"]
    assert len(records) == 100_000
    assert records[99_999]["createdDateTime"] < records[0]["createdDateTime"]
    planned = time.process_time() - start
    assert len([records[place] for place in range(2_000)]) == 2_000
    assert planned < time.process_time() - start - planned


def test_ids_lead_to_their_records(tenant: Tenant) -> None:
    """`ids` and `position` agree with the rendered records, in every collection."""
    for records in tenant.collections.values():
        ids = [record["id"] for record in records]
        assert list(records.ids()) == ids
        assert len(set(ids)) == len(ids)
        assert records.position(ids[-1]) == len(ids) - 1
        assert records.position("no such id") is None


@pytest.mark.parametrize(("size", "attack"), [(30, True), (120, True), (120, False), (2000, True)])
def test_incidents_and_alerts_name_each_other(size: int, attack: bool) -> None:
    """Each alert's incident exists and lists it; an incident's severity and times follow from its alerts."""
    tenant = build_tenant(11, size, attack=attack)
    ranks = ("informational", "low", "medium", "high")
    listed = {}
    alerts = {alert["id"]: alert for alert in tenant.collections["security/alerts_v2"]}
    for incident in tenant.collections["security/incidents"]:
        ids = tenant.incident_alerts(incident["id"])
        listed.update(dict.fromkeys(ids, incident["id"]))
        if incident["status"] == "redirected":
            assert ids == []
            continue
        own = [alerts[identifier] for identifier in ids]
        assert incident["severity"] == max((alert["severity"] for alert in own), key=ranks.index)
        assert incident["createdDateTime"] == min((a["createdDateTime"] for a in own), key=moment)
        assert incident["classification"] == (own[0]["classification"] or "unknown")
        assert (incident["status"] == "resolved") == all(alert["status"] == "resolved" for alert in own)
    orphans = {identifier for identifier, alert in alerts.items() if alert["incidentId"] is None}
    assert orphans == {tenant.truth.alert_without_incident_id}
    assert listed == {i: alert["incidentId"] for i, alert in alerts.items() if i not in orphans}


def test_an_unknown_incident_is_a_key_error(tenant: Tenant) -> None:
    """Asking for the alerts of an incident that is not there raises instead of returning nothing."""
    for wrong in ("0", "999999999", "x", "-1", ""):
        with pytest.raises(KeyError):
            tenant.incident_alerts(wrong)


def moment(text: str) -> datetime:
    """Graph's times, cut to microseconds."""
    whole, _, part = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{part[:6].ljust(6, '0')}+00:00")


@pytest.mark.parametrize("attack", [True, False])
def test_times_lie_in_the_window_and_in_order(attack: bool) -> None:
    """Nothing happens after the tenant's now or a month before it; newest records come first."""
    tenant = build_tenant(5, 800, attack=attack)
    oldest = tenant.now - timedelta(days=30)
    for alert in tenant.collections["security/alerts_v2"]:
        first, last = moment(alert["firstActivityDateTime"]), moment(alert["lastActivityDateTime"])
        created, updated = moment(alert["createdDateTime"]), moment(alert["lastUpdateDateTime"])
        assert oldest <= first <= last <= created <= updated <= tenant.now
        if alert["resolvedDateTime"]:
            assert created <= moment(alert["resolvedDateTime"]) <= tenant.now
        assert (alert["status"] == "resolved") == (alert["resolvedDateTime"] is not None)
    order = {
        "security/alerts_v2": "createdDateTime",
        "security/incidents": "createdDateTime",
        "identityProtection/riskDetections": "detectedDateTime",
        "identityProtection/riskyUsers": "riskLastUpdatedDateTime",
        "auditLogs/signIns": "createdDateTime",
        "beta:auditLogs/signIns": "createdDateTime",
        "auditLogs/directoryAudits": "activityDateTime",
        "identityProtection/riskyUsers/{id}/history": "riskLastUpdatedDateTime",
        "identityProtection/servicePrincipalRiskDetections": "detectedDateTime",
        "security/secureScores": "createdDateTime",
    }
    timeless = {"identityProtection/riskyServicePrincipals", "security/secureScoreControlProfiles", "users", "devices"}
    timeless |= {"identity/conditionalAccess/namedLocations"}
    assert set(order) | timeless == set(tenant.collections)
    for path, name in order.items():
        times = [moment(record[name]) for record in tenant.collections[path]]
        assert times == sorted(times, reverse=True)
        kept = timedelta(days=90 if path == "security/secureScores" else 30)
        assert tenant.now - kept <= times[-1] <= times[0] <= tenant.now


def test_times_come_in_all_precisions(alerts: dict[str, dict[str, Any]]) -> None:
    """Graph trims trailing zeros: from whole seconds to seven digits, and never a trailing zero."""
    stamps = [alert[name] for alert in alerts.values() for name in ("createdDateTime", "firstActivityDateTime")]
    digits = {len(stamp.partition(".")[2].rstrip("Z")) for stamp in stamps}
    assert {0, 1, 2, 3, 6, 7} <= digits
    assert not any("." in stamp and stamp.endswith("0Z") for stamp in stamps)


def test_the_attack_is_in_the_records(tenant: Tenant, alerts: dict[str, dict[str, Any]]) -> None:
    """Every record of the truth exists and says what the truth says of it."""
    attack = tenant.truth.attack
    assert attack is not None
    assert list(attack.alert_ids) == tenant.incident_alerts(attack.incident_id)
    own = [alerts[identifier] for identifier in attack.alert_ids]
    assert {alert["incidentId"] for alert in own} == {attack.incident_id}
    assert {alert["serviceSource"] for alert in own} >= {
        "microsoftDefenderForOffice365", "microsoftDefenderForCloudApps", "microsoftDefenderForEndpoint",
    }  # fmt: skip
    assert {"high", "medium"} <= {alert["severity"] for alert in own}
    begin, end = (moment(own[place]["createdDateTime"]) for place in (0, -1))
    assert timedelta(hours=3) < end - begin < timedelta(hours=24)

    [incident] = [i for i in tenant.collections["security/incidents"] if i["id"] == attack.incident_id]
    assert incident["severity"] == "high"
    assert incident["status"] in ("active", "inProgress")

    phish = alerts[attack.phish_alert_id]
    assert evidence(phish, "url")[0]["url"] == attack.phish_url
    assert evidence(phish, "analyzedMessage")[0]["p2Sender"]["emailAddress"] == attack.phish_sender
    assert evidence(phish, "user")[0]["userAccount"]["azureAdUserId"] == attack.user.id

    dump = alerts[attack.credential_alert_id]
    assert (dump["category"], dump["mitreTechniques"]) == ("CredentialAccess", ["T1003.001"])
    device = evidence(dump, "device")[0]
    host = attack.dumped_host
    assert (device["mdeDeviceId"], device["azureAdDeviceId"], device["deviceDnsName"]) == (
        host.mde_device_id, host.azure_ad_device_id, host.device_dns_name,
    )  # fmt: skip
    out = alerts[attack.exfiltration_alert_id]
    assert out["category"] == "Exfiltration"
    assert evidence(out, "ip")[0]["ipAddress"] == attack.exfiltration_ip
    apps = {item["appId"] for alert in own for item in evidence(alert, "oauthApplication")}
    assert apps == {attack.oauth_app_id}


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_phished_user_reaches_the_dumped_host(seed: int) -> None:
    """One alert names user and laptop; if the attacker moved on, one names laptop and dumped host."""
    tenant = build_tenant(seed, 60, attack=True)
    attack = tenant.truth.attack
    assert attack is not None
    own = {a["id"]: a for a in tenant.collections["security/alerts_v2"] if a["id"] in attack.alert_ids}
    named = [texts(alert) for alert in own.values()]
    assert any({attack.user.id, attack.laptop.mde_device_id} <= names for names in named)
    assert any({attack.laptop.mde_device_id, attack.dumped_host.mde_device_id} <= names for names in named)
    assert (attack.laptop == attack.dumped_host) is not attack.lateral_movement
    dumped = [item["mdeDeviceId"] for item in evidence(own[attack.credential_alert_id], "device")]
    assert dumped == [attack.dumped_host.mde_device_id]


def test_the_replay_shows_only_among_non_interactive_sign_ins(tenant: Tenant) -> None:
    """The replay's address stands in beta's non-interactive sign-ins and nowhere else."""
    attack = tenant.truth.attack
    assert attack is not None
    for path, records in tenant.collections.items():
        seen = [record for record in records if attack.replay_ip in texts(record)]
        if path != "beta:auditLogs/signIns":
            assert seen == []
            continue
        assert {record["id"] for record in seen} == set(attack.replay_sign_in_ids)
        assert {tuple(record["signInEventTypes"]) for record in seen} == {("nonInteractiveUser",)}
        assert {record["userId"] for record in seen} == {attack.user.id}
        assert {record["deviceDetail"]["deviceId"] for record in seen} == {""}


def test_sign_in_detection_and_alert_are_joined_by_the_request(
    tenant: Tenant, alerts: dict[str, dict[str, Any]]
) -> None:
    """riskDetection.requestId, cloudLogonRequestEvidence.requestId and signIn.id are one; so is correlationId."""
    attack = tenant.truth.attack
    assert attack is not None
    sign_ins = {record["id"]: record for record in tenant.collections["auditLogs/signIns"]}
    phished = sign_ins[attack.sign_in_id]
    assert phished["ipAddress"] == attack.proxy_ip
    assert phished["riskState"] == "atRisk"
    detections = {record["id"]: record for record in tenant.collections["identityProtection/riskDetections"]}
    for detection in detections.values():
        if detection["requestId"]:
            sign_in = sign_ins[detection["requestId"]]
            assert detection["correlationId"] == sign_in["correlationId"]
            assert detection["userId"] == sign_in["userId"]
            assert detection["riskEventType"] in sign_in["riskEventTypes_v2"]
    for identifier in attack.risk_detection_ids:
        assert detections[identifier]["requestId"] == attack.sign_in_id
        assert detections[identifier]["riskEventType"] in ("anonymizedIPAddress", "anomalousToken")
    requests = {
        item["requestId"]: alert["id"] for alert in alerts.values() for item in evidence(alert, "cloudLogonRequest")
    }
    assert requests.pop(attack.sign_in_id) in attack.alert_ids
    assert requests
    assert set(requests) <= set(sign_ins)
    risky = {user["id"]: user for user in tenant.collections["identityProtection/riskyUsers"]}
    assert risky[attack.user.id]["riskState"] == "atRisk"
    assert set(risky) == {detection["userId"] for detection in detections.values()}


def test_interactive_sign_ins_are_the_same_in_both_versions(tenant: Tenant) -> None:
    """v1.0 lists exactly the interactive ones, and beta says more about each but nothing else."""
    beta = {record["id"]: record for record in tenant.collections["beta:auditLogs/signIns"]}
    first = {record["id"]: record for record in tenant.collections["auditLogs/signIns"]}
    assert set(first) == {i for i, record in beta.items() if record["signInEventTypes"] == ["interactiveUser"]}
    assert len(beta) > 2 * len(first)
    for identifier, record in first.items():
        assert record["isInteractive"] is True
        assert beta[identifier] | record == beta[identifier]
    assert len({record["status"]["errorCode"] for record in first.values()}) > 2


def test_managed_laptops_sign_in_under_their_device_id(tenant: Tenant, alerts: dict[str, dict[str, Any]]) -> None:
    """deviceDetail.deviceId is the laptop's azureAdDeviceId, or empty."""
    devices = {item["azureAdDeviceId"] for alert in alerts.values() for item in evidence(alert, "device")} - {None}
    signed = {record["deviceDetail"]["deviceId"] for record in tenant.collections["auditLogs/signIns"]}
    assert "" in signed
    assert len(signed & devices) >= 3


def test_the_normal_tenant_around_it(tenant: Tenant, alerts: dict[str, dict[str, Any]]) -> None:
    """Shared egress, renamed user, guest, namesakes and the service account are all met in the records."""
    truth, sign_ins = tenant.truth, list(tenant.collections["auditLogs/signIns"])
    shared = {record["userId"] for record in sign_ins if record["ipAddress"] == truth.nat_ip}
    assert len(shared) > 20
    names = {record["userPrincipalName"] for record in sign_ins if record["userId"] == truth.renamed_user.id}
    assert names == {truth.renamed_user.former_user_principal_name, truth.renamed_user.user_principal_name}
    assert "#EXT#" in truth.guest.user_principal_name
    accounts = [value for alert in alerts.values() for value in walk(alert) if isinstance(value, dict)]
    accounts = [value for value in accounts if value.get("azureAdUserId")]
    met = {value["azureAdUserId"] for value in accounts}
    here, there = truth.namesakes
    assert here.display_name == there.display_name
    assert here.id != there.id
    assert {here.id, there.id, truth.guest.id, truth.service_account.id, truth.renamed_user.id} <= met
    assert {v["tenantId"] for v in accounts if v["azureAdUserId"] == there.id} == {there.tenant_id}
    assert there.tenant_id != truth.tenant_id
    users = {record["userId"] for record in tenant.collections["beta:auditLogs/signIns"]}
    assert 30 <= len(users) <= 60


def test_odd_records_are_there(tenant: Tenant, alerts: dict[str, dict[str, Any]]) -> None:
    """Hostile texts, an evidence type nobody knows and a merged incident stand where the truth says."""
    truth = tenant.truth
    hostile = "".join(sorted(texts(alerts[truth.hostile_alert_id])))
    for part in ("onerror=", "</script>", "<a href", "\u202e", "\u001b[", "=cmd", "O'Brien", "\\u0041", "$\\href{"):
        assert part in hostile
    kinds = [item.get("@odata.type") for item in alerts[truth.unknown_evidence_alert_id]["evidence"]]
    assert "#microsoft.graph.security.holographicDisplayEvidence" in kinds
    assert None in kinds
    incidents = {incident["id"]: incident for incident in tenant.collections["security/incidents"]}
    for old, new in truth.redirected:
        assert incidents[old]["status"] == "redirected"
        assert incidents[old]["redirectIncidentId"] == new
        assert new in incidents


def test_decoys_look_worse_than_they_are(tenant: Tenant, alerts: dict[str, dict[str, Any]]) -> None:
    """False positives are high, the announced test is high and many-sided, the noisy host has the most alerts."""
    truth, attack = tenant.truth, tenant.truth.attack
    assert attack is not None
    incidents = {incident["id"]: incident for incident in tenant.collections["security/incidents"]}
    assert len(truth.false_positive_incident_ids) >= 2
    for identifier in truth.false_positive_incident_ids:
        assert (incidents[identifier]["severity"], incidents[identifier]["status"]) == ("high", "resolved")
        assert incidents[identifier]["classification"] == "falsePositive"
        assert len(tenant.incident_alerts(identifier)) == 1
    test = incidents[truth.expected_activity_incident_id]
    assert (test["severity"], test["status"], test["determination"]) == ("high", "resolved", "securityTesting")
    tactics = {alerts[i]["category"] for i in tenant.incident_alerts(test["id"])}
    assert len(tactics) >= 4
    noisy = [alerts[identifier] for identifier in tenant.incident_alerts(truth.noisy_incident_id)]
    assert len(noisy) > len(attack.alert_ids)
    assert {(alert["severity"], alert["category"]) for alert in noisy} == {("medium", "UnwantedSoftware")}
    assert len({item["mdeDeviceId"] for alert in noisy for item in evidence(alert, "device")}) == 1
    for identifier in truth.unrelated_alert_ids:
        assert alerts[identifier]["severity"] == "low"
        assert attack.user.id in texts(alerts[identifier])
        assert alerts[identifier]["incidentId"] != attack.incident_id
    without = {record["id"]: record for record in tenant.collections["identityProtection/riskDetections"]}
    told = {text for alert in alerts.values() for text in texts(alert)}
    assert truth.risk_without_alert_ids
    assert set(truth.risk_without_alert_ids) <= set(without)
    assert not told & set(truth.risk_without_alert_ids)


def test_digests_of_seeds_differ() -> None:
    """Two seeds share no record."""
    digests = []
    for seed in (1, 2):
        records = build_tenant(seed, 30).collections["security/alerts_v2"]
        digests.append({hashlib.sha256(json.dumps(record).encode()).hexdigest() for record in records})
    assert not digests[0] & digests[1]

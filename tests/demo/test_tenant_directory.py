"""What a demo tenant holds beyond alerts and sign-ins: audits, histories, service principals, scores, the directory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant

HISTORY = "identityProtection/riskyUsers/{id}/history"
AUDITS = "auditLogs/directoryAudits"


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant that was attacked."""
    return build_tenant(0, 120)


@pytest.fixture
def get(tenant: Tenant, connect: Callable[..., httpx.Client]) -> Callable[..., Any]:
    """Ask the drawn tenant's emulator and return the body of the answer."""
    client = connect(Emulator(tenant, throttle=False))

    def ask(path: str, **options: Any) -> Any:
        return client.get(path, params={f"${name}": value for name, value in options.items()} or None).json()

    return ask


def test_the_first_collections_stay_byte_for_byte(tenant: Tenant) -> None:
    """What was drawn before there was more to draw is still drawn the same."""
    told = hashlib.sha256()
    for path in ("security/alerts_v2", "security/incidents", "identityProtection/riskDetections"):
        told.update(json.dumps(list(tenant.collections[path]), sort_keys=True).encode())
    assert told.hexdigest() == "7af66e73c42e98826661e0945f2fca995d60968eaf08ceefd2db6aa8b3c446c5"


@pytest.mark.parametrize("seed", range(12))
def test_a_history_ends_where_the_user_stands(seed: int) -> None:
    """The newest item of each user's history says what the risky user says, and ids are unique."""
    tenant = build_tenant(seed, 60)
    history = list(tenant.collections[HISTORY])
    assert len({item["id"] for item in history}) == len(history)
    for user in tenant.collections["identityProtection/riskyUsers"]:
        own = tenant.belonging(HISTORY, user["id"])
        assert own == [item for item in history if item["userId"] == user["id"]]
        same = ("riskLevel", "riskState", "riskDetail", "riskLastUpdatedDateTime", "userPrincipalName")
        assert {name: own[0][name] for name in same} == {name: user[name] for name in same}
    assert tenant.belonging(HISTORY, tenant.collections["devices"][0]["id"]) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_storys_consent_is_audited_and_nothing_of_the_mailbox(seed: int) -> None:
    """One correlation id holds the consent's records; they name the app, the user and no replay address."""
    tenant = build_tenant(seed, 60, attack=True)
    attack = tenant.truth.attack
    assert attack is not None
    audits = list(tenant.collections[AUDITS])
    consent = [a for a in audits if any(t["displayName"] == attack.oauth_app_name for t in a["targetResources"])]
    correlations = {audit["correlationId"] for audit in consent}
    (correlation,) = correlations
    group = [audit for audit in audits if audit["correlationId"] == correlation]
    assert [audit["activityDisplayName"] for audit in group][::3] == ["Consent to application", "Add service principal"]
    assert {audit["initiatedBy"]["user"]["id"] for audit in group} == {attack.user.id}
    added = json.loads(group[-1]["targetResources"][0]["modifiedProperties"][0]["newValue"])
    assert added == [attack.oauth_app_id]
    assert attack.replay_ip not in json.dumps(audits)
    assert "nbox" not in json.dumps([audit["activityDisplayName"] for audit in audits])
    names = {"Consent to application", "Add service principal", "Update user", "Add member to group"}
    assert names <= {audit["activityDisplayName"] for audit in audits if audit not in group}, "others do the same"


def test_the_rename_is_audited(tenant: Tenant, get: Callable[..., Any]) -> None:
    """The renamed user's change gives both names, and filters on the target find it."""
    renamed = tenant.truth.renamed_user
    found = get(f"/{AUDITS}", filter=f"targetResources/any(t: t/id eq '{renamed.id}')")["value"]
    names = [
        (json.loads(change["oldValue"]), json.loads(change["newValue"]))
        for audit in found
        for change in audit["targetResources"][0]["modifiedProperties"]
        if change["displayName"] == "UserPrincipalName"
    ]
    assert names == [([renamed.former_user_principal_name], [renamed.user_principal_name])]
    by_upn = get(f"/{AUDITS}", filter="initiatedBy/user/userPrincipalName eq 'nobody@nowhere.example'")["value"]
    assert by_upn == []
    starts = get(f"/{AUDITS}", filter="startswith(activityDisplayName,'Consent')")["value"]
    assert {audit["activityDisplayName"] for audit in starts} == {"Consent to application"}


def test_the_storys_app_is_at_risk_and_ordinary_ones_are_not(tenant: Tenant) -> None:
    """Service principals and their detections agree; only the attacker's app is open, and none in a quiet tenant."""
    attack = tenant.truth.attack
    assert attack is not None
    principals = {p["id"]: p for p in tenant.collections["identityProtection/riskyServicePrincipals"]}
    detections = list(tenant.collections["identityProtection/servicePrincipalRiskDetections"])
    assert {d["servicePrincipalId"] for d in detections} == set(principals)
    assert [p["appId"] for p in principals.values() if p["riskState"] == "atRisk"] == [attack.oauth_app_id]
    quiet = build_tenant(0, 60, attack=False).collections["identityProtection/riskyServicePrincipals"]
    assert {p["riskState"] for p in quiet} <= {"dismissed", "remediated"}


def test_users_are_found_by_id_and_by_name(tenant: Tenant, get: Callable[..., Any]) -> None:
    """Eleven properties without `$select`, the chosen ones with it; names count in any case, old ones do not."""
    renamed = tenant.truth.renamed_user
    user = get(f"/users/{renamed.id}")
    assert len(user) == 12
    assert get(f"/users/{renamed.user_principal_name.upper()}")["id"] == renamed.id
    assert get(f"/users('{renamed.user_principal_name}')")["id"] == renamed.id
    guest = tenant.truth.guest
    assert get("/users/" + guest.user_principal_name.replace("#", "%23"))["id"] == guest.id
    missing = get(f"/users/{renamed.former_user_principal_name}")
    assert missing["error"]["code"] == "Request_ResourceNotFound"
    chosen = get(f"/users/{renamed.id}", select="userPrincipalName,securityIdentifier")
    assert set(chosen) == {"@odata.context", "userPrincipalName", "securityIdentifier"}
    assert chosen["securityIdentifier"].startswith("S-1-12-1-")
    former = get("/users", filter=f"userPrincipalName eq '{renamed.former_user_principal_name}'")
    assert former["value"] == []


def test_the_directory_counts_only_who_asks_for_eventual_consistency(
    tenant: Tenant, connect: Callable[..., httpx.Client]
) -> None:
    """`$count` of users needs the ConsistencyLevel header; without it there is no count, and no error."""
    client = connect(Emulator(tenant, throttle=False))
    assert "@odata.count" not in client.get("/users", params={"$count": "true"}).json()
    counted = client.get("/users", params={"$count": "true"}, headers={"ConsistencyLevel": "eventual"}).json()
    assert counted["@odata.count"] == len(tenant.collections["users"])


def test_devices_belong_to_their_users(tenant: Tenant, get: Callable[..., Any]) -> None:
    """A sign-in's device is found by its `deviceId`, belongs to the person who signed in, and has another object id."""
    sign_in = next(s for s in tenant.collections["auditLogs/signIns"] if s["deviceDetail"]["deviceId"])
    wanted = sign_in["deviceDetail"]["deviceId"]
    for relation in ("ownedDevices", "registeredDevices"):
        (device,) = get(f"/users/{sign_in['userId']}/{relation}")["value"]
        assert device["@odata.type"] == "#microsoft.graph.device"
        assert device["deviceId"] == wanted
    (listed,) = get("/devices", filter=f"deviceId eq '{wanted}'")["value"]
    assert listed["id"] != wanted
    assert get(f"/devices/{listed['id']}")["deviceId"] == wanted
    assert get(f"/devices(deviceId='{wanted}')")["id"] == listed["id"]
    assert get(f"/devices/{wanted}")["error"]["code"] == "Request_ResourceNotFound"
    assert get("/users/nobody/ownedDevices")["error"]["code"] == "Request_ResourceNotFound"
    guest = tenant.truth.guest
    assert get(f"/users/{guest.id}/ownedDevices")["value"] == []


def test_the_directory_refuses_in_its_own_words(
    tenant: Tenant, connect: Callable[..., httpx.Client], make_token: Callable[..., str]
) -> None:
    """A missing directory permission is `Authorization_RequestDenied`, without names."""
    token = make_token(tid=tenant.tenant_id, roles=["SecurityAlert.Read.All"])
    client = connect(Emulator(tenant, throttle=False), token=token)
    for path in ("/users", "/devices", f"/users/{tenant.truth.guest.id}/ownedDevices"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def test_a_users_history_is_paged_and_filtered(tenant: Tenant, get: Callable[..., Any]) -> None:
    """Each page of a history belongs to one user, and late members need the preference."""
    user = max(
        tenant.collections["identityProtection/riskyUsers"], key=lambda u: len(tenant.belonging(HISTORY, u["id"]))
    )
    path = f"/identityProtection/riskyUsers/{user['id']}/history"
    own = tenant.belonging(HISTORY, user["id"])
    assert len(own) > 1
    first = get(path, top=1)
    assert first["value"] == own[:1]
    assert get(first["@odata.nextLink"])["value"] == own[1:2]
    assert get(path, filter="riskState eq 'nonsense'")["error"]["code"] == "BadRequest"
    assert get("/identityProtection/riskyUsers/nobody/history")["error"]["code"] == "ResourceNotFound"


def test_a_secure_score_adds_up(tenant: Tenant) -> None:
    """Ninety days, newest first; each score is the sum of its controls, which have profiles."""
    scores = list(tenant.collections["security/secureScores"])
    profiles = {p["id"]: p for p in tenant.collections["security/secureScoreControlProfiles"]}
    assert len(scores) == 90
    for score in scores:
        assert abs(score["currentScore"] - sum(c["score"] for c in score["controlScores"])) < 0.01
        assert all(c["score"] <= profiles[c["controlName"]]["maxScore"] for c in score["controlScores"])
    assert scores[0]["currentScore"] > scores[-1]["currentScore"]

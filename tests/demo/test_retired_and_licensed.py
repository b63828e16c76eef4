"""What is not served any more, what a licence opens, and threat intelligence behind one."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant

BETA = "https://graph.microsoft.com/beta"
RETIRED = ("/security/alerts", f"{BETA}/security/alerts", f"{BETA}/security/tiIndicators", f"{BETA}/identityRiskEvents")
HOSTS = "/security/threatIntelligence/hosts"
LICENSED = {
    "Entra ID P1": ("/auditLogs/signIns", "/identityProtection/riskDetections"),
    "Entra ID P2": ("/identityProtection/riskyUsers", "/identityProtection/riskyUsers/x/history"),
    "Workload ID Premium": (
        "/identityProtection/servicePrincipalRiskDetections",
        "/identityProtection/riskyServicePrincipals",
    ),
    "Defender Threat Intelligence": (f"{HOSTS}/a.example", f"{HOSTS}/a.example/reputation"),
}


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant that was attacked."""
    return build_tenant(0, 60)


@pytest.mark.parametrize(("answer", "status"), [("gone", 410), ("missing", 404), ("empty", 200)])
def test_retired_lists_answer_as_chosen(
    tenant: Tenant, connect: Callable[..., httpx.Client], answer: str, status: int
) -> None:
    """410, 404 or nothing at all: the emulator can be each of the three that Graph may be."""
    client = connect(Emulator(tenant, throttle=False, retired=answer))
    for path in RETIRED:
        found = client.get(path)
        assert found.status_code == status, path
        if status == 200:
            assert found.json()["value"] == []
        else:
            assert found.json()["error"]["message"]
        assert client.get(f"{path}/x").status_code == (404 if status == 200 else status)
        assert client.post(path, json={}).status_code == 405


def test_retired_lists_still_need_a_permission_and_a_version(
    tenant: Tenant, connect: Callable[..., httpx.Client], make_token: Callable[..., str]
) -> None:
    """Without their permission they are 403; where they never were they are 404; other answers do not exist."""
    client = connect(
        Emulator(tenant, throttle=False), token=make_token(tid=tenant.tenant_id, roles=["AuditLog.Read.All"])
    )
    assert {client.get(path).status_code for path in RETIRED} == {403}
    assert client.get("/identityRiskEvents").status_code == client.get("/security/tiIndicators").status_code == 404
    with pytest.raises(ValueError, match="gone, missing, empty"):
        Emulator(tenant, retired="late")


@pytest.mark.parametrize("licence", sorted(LICENSED))
def test_a_missing_licence_is_403_for_what_needs_it(
    tenant: Tenant, connect: Callable[..., httpx.Client], licence: str
) -> None:
    """Only what a licence opens is refused without it; audit logs use the documented code."""
    client = connect(Emulator(tenant, throttle=False, unlicensed=[licence]))
    for name, paths in LICENSED.items():
        for path in paths:
            refused = client.get(path).status_code == 403
            assert refused == (name == licence), path
    assert client.get("/auditLogs/directoryAudits").status_code == 200
    if licence == "Entra ID P1":
        error = client.get("/auditLogs/signIns").json()["error"]
        assert error["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


def test_hunting_and_decisions_need_their_licences_too(tenant: Tenant, connect: Callable[..., httpx.Client]) -> None:
    """Operations are refused as lists are; a licence that does not exist is a mistake of the caller."""
    client = connect(Emulator(tenant, throttle=False, unlicensed=["Microsoft Defender XDR", "Entra ID P2"]))
    assert client.post("/security/runHuntingQuery", json={"Query": "AlertInfo"}).status_code == 403
    assert client.post("/identityProtection/riskyUsers/dismiss", json={"userIds": ["x"]}).status_code == 403
    for wrong in (["E5"], "Entra ID P1"):
        with pytest.raises(ValueError, match="Entra ID P2"):
            Emulator(tenant, unlicensed=wrong)


@pytest.mark.parametrize("seed", range(6))
def test_the_storys_hosts_are_known(
    seed: int, connect: Callable[..., httpx.Client], make_token: Callable[..., str]
) -> None:
    """The lure resolves to the proxy, both malicious; the replay's address is suspicious, the tenant's own is not."""
    tenant = build_tenant(seed, 30, attack=True)
    attack = tenant.truth.attack
    assert attack is not None
    token = make_token(tid=tenant.tenant_id, exp=4e9)
    client = connect(Emulator(tenant, throttle=False), token=token)

    def ask(host: str, relation: str = "") -> dict:
        answer = client.get(f"{HOSTS}/{host}{relation}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    lure = urlsplit(attack.phish_url).hostname or ""
    verdicts = {
        host: ask(host, "/reputation")["classification"]
        for host in (
            lure.upper(),
            attack.proxy_ip,
            attack.replay_ip,
            attack.exfiltration_ip,
            tenant.domain,
            "x.example",
        )
    }
    assert list(verdicts.values()) == ["malicious", "malicious", "suspicious", "malicious", "neutral", "unknown"]
    (record,) = ask(lure, "/passiveDns")["value"]
    assert (record["parentHost"]["id"], record["artifact"]["id"]) == (lure, attack.proxy_ip)
    (reverse,) = ask(attack.proxy_ip, "/passiveDnsReverse")["value"]
    assert (reverse["parentHost"]["id"], reverse["id"]) == (lure, record["id"])
    assert ask(lure)["@odata.type"] == "#microsoft.graph.security.hostname"
    assert ask(attack.proxy_ip)["@odata.type"] == "#microsoft.graph.security.ipAddress"
    assert ask("x.example", "/passiveDns")["value"] == []
    assert client.get(f"{HOSTS}/x.example").status_code == 404
    for wrong in ("nonsense", "a b.example", "300.1.1.1", "-.example"):
        assert client.get(f"{HOSTS}/{wrong}/reputation").status_code == 400


def test_a_quiet_tenant_knows_only_itself() -> None:
    """Without an attack nothing is malicious."""
    tenant = build_tenant(0, 30, attack=False)
    assert {fact.classification for fact in tenant.hosts.values()} == {"neutral"}

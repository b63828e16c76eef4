"""A small tenant, record by record, as Graph would send it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from graphinvestigate.frames import read_records
from graphinvestigate.linking import meant

TENANT = "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c"
ALICE = "48d31887-5fad-4d73-a9f5-3c356e68a038"
BOB = "11111111-2222-3333-4444-555555555555"
LAPTOP = "73e7e2de709dff64ef64b1d0c30e67fab63279db"
ENTRA_DEVICE = "6fa60d52-01e7-4b18-8055-4759461fc16b"
SIGN_IN = "6a5874ca-9823-4b1c-9d82-5ad39bd71600"

Json = dict[str, Any]


def item(evidence_type: str, **properties: Any) -> Json:
    """One evidence item."""
    return {
        "@odata.type": f"#microsoft.graph.security.{evidence_type}",
        "createdDateTime": "2026-02-03T10:15:00Z",
        "verdict": "suspicious",
        "remediationStatus": "none",
        "roles": [],
        "tags": [],
        **properties,
    }


def account(**properties: Any) -> Json:
    """A userAccount."""
    return {
        "accountName": None,
        "domainName": None,
        "userSid": None,
        "azureAdUserId": None,
        "userPrincipalName": None,
    } | (properties)


def alert(alert_id: str, *evidence: Json, **properties: Any) -> Json:
    """An alert of 2026-02-03 10:14."""
    return {
        "id": alert_id,
        "tenantId": TENANT,
        "title": "Suspicious LSASS access",
        "severity": "high",
        "status": "new",
        "category": "CredentialAccess",
        "serviceSource": "microsoftDefenderForEndpoint",
        "createdDateTime": "2026-02-03T10:20:00Z",
        "lastUpdateDateTime": "2026-02-03T10:20:00Z",
        "firstActivityDateTime": "2026-02-03T10:14:30.5Z",
        "lastActivityDateTime": "2026-02-03T10:16:00Z",
        "evidence": list(evidence),
        **properties,
    }


def device(**properties: Any) -> Json:
    """Alice's laptop."""
    return item(
        "deviceEvidence",
        **{
            "mdeDeviceId": LAPTOP,
            "azureAdDeviceId": ENTRA_DEVICE,
            "deviceDnsName": "laptop-7.contoso.com",
            "hostName": "LAPTOP-7",
            "roles": ["compromised"],
            "loggedOnUsers": [{"accountName": "alice", "domainName": "CONTOSO"}],
            "ipInterfaces": ["10.0.0.7", "203.0.113.77"],
            **properties,
        },
    )


def user(**properties: Any) -> Json:
    """Alice, as evidence."""
    named = {
        "azureAdUserId": ALICE,
        "userPrincipalName": "Alice@contoso.com",
        "accountName": "alice",
        "domainName": "CONTOSO",
    }
    return item("userEvidence", userAccount=account(**(named | properties)))


def sign_in(sign_in_id: str = SIGN_IN, **properties: Any) -> Json:
    """A sign-in of Alice from abroad."""
    return {
        "id": sign_in_id,
        "createdDateTime": "2026-02-03T08:02:11Z",
        "userId": ALICE,
        "userPrincipalName": "alice@contoso.com",
        "appDisplayName": "Office 365 Exchange Online",
        "appId": "00000002-0000-0ff1-ce00-000000000000",
        "ipAddress": "198.51.100.23",
        "status": {"errorCode": 0, "failureReason": None, "additionalDetails": None},
        "deviceDetail": {"deviceId": ENTRA_DEVICE, "displayName": "LAPTOP-7", "operatingSystem": "Windows"},
        "location": {"city": "Lagos", "countryOrRegion": "NG"},
        **properties,
    }


def risk(detection_id: str = "rd-1", **properties: Any) -> Json:
    """A risk detection on Alice's sign-in."""
    return {
        "id": detection_id,
        "requestId": SIGN_IN,
        "riskEventType": "unfamiliarFeatures",
        "riskState": "atRisk",
        "riskLevel": "high",
        "ipAddress": "::ffff:198.51.100.23",
        "activityDateTime": "2026-02-03T08:02:11Z",
        "detectedDateTime": "2026-02-03T08:10:00Z",
        "lastUpdatedDateTime": "2026-02-03T08:10:00Z",
        "userId": ALICE,
        "userPrincipalName": "alice@contoso.com",
        **properties,
    }


def alerts_frame(*alerts: Json) -> pd.DataFrame:
    """Alerts as a frame."""
    return read_records("alerts", list(alerts))


@pytest.fixture
def tenant() -> dict[str, pd.DataFrame]:
    """Frames of a tenant where Alice's session is replayed, her laptop is reached and LSASS is read."""
    process = item(
        "processEvidence",
        processId=4780,
        parentProcessId=668,
        processCommandLine="rundll32 comsvcs.dll MiniDump",
        processCreationDateTime="2026-02-03T10:14:30.50Z",
        parentProcessCreationDateTime="2026-02-03T10:00:00Z",
        mdeDeviceId=LAPTOP,
        imageFile={"sha256": "AB" * 32, "sha1": "cd" * 20, "fileName": "rundll32.exe", "filePath": "C:\\Windows"},
        parentProcessImageFile={"sha256": None, "fileName": "cmd.exe", "filePath": "C:\\Windows"},
        userAccount=account(userPrincipalName="alice@contoso.com", accountName="alice", domainName="CONTOSO"),
    )
    alerts = [
        alert("a1", device(), user(), process, incidentId="77"),
        alert(
            "a2",
            item("ipEvidence", ipAddress="198.51.100.23", countryLetterCode="NG", roles=["attacker"]),
            item("userEvidence", userAccount=account(userPrincipalName="alice@contoso.com")),
            item("cloudLogonRequestEvidence", requestId=SIGN_IN),
            title="Anomalous token",
            severity="medium",
            category="InitialAccess",
            incidentId="77",
        ),
    ]
    incident = {
        "id": "77",
        "tenantId": TENANT,
        "displayName": "Multi-stage incident",
        "severity": "high",
        "status": "active",
        "createdDateTime": "2026-02-03T10:30:00Z",
        "lastUpdateDateTime": "2026-02-03T10:30:00Z",
    }
    risky = {
        "id": ALICE,
        "userPrincipalName": "alice@contoso.com",
        "riskLevel": "high",
        "riskState": "atRisk",
        "riskLastUpdatedDateTime": "2026-02-03T09:00:00Z",
    }
    other = sign_in(
        "5b5874ca-9823-4b1c-9d82-5ad39bd71601",
        userId=BOB,
        userPrincipalName="bob@contoso.com",
        deviceDetail={"deviceId": "", "displayName": ""},
        ipAddress="203.0.113.10",
    )
    return {
        "alerts": alerts_frame(*alerts),
        "incidents": read_records("incidents", [incident]),
        "risk_detections": read_records("risk_detections", [risk()]),
        "risky_users": read_records("risky_users", [risky]),
        "sign_ins": read_records("sign_ins", [sign_in(), other]),
    }


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What values are read for what they mean: the kind of entity, and the first of them, in order."""
    found: list[tuple[str, Any]] = []
    made = meant.Memo.__init__

    def counting(memo: Any, slot: Any, *rest: Any) -> None:
        made(memo, slot, *rest)
        means = memo._means
        memo._means = lambda values, tenant: found.append((slot.kind, values[0])) or means(values, tenant)

    monkeypatch.setattr(meant.Memo, "__init__", counting)
    return found

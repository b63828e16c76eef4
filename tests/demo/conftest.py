"""A tenant small enough to read, and callers of its emulator."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from graphinvestigate.demo.resources import PERMISSIONS
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.transport import DemoTransport

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TENANT_ID = "11111111-2222-3333-4444-555555555555"
SEVERITIES = ("informational", "low", "medium", "high")


@dataclass
class HandMadeTenant:
    """What the emulator needs of a tenant, with records written by hand."""

    collections: dict[str, Sequence[dict[str, Any]]]
    incident_alert_ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hosts: dict[str, Any] = field(default_factory=dict)
    tenant_id: str = TENANT_ID
    now: datetime = NOW

    def belonging(self, path: str, user_id: str) -> Sequence[dict[str, Any]]:
        if path.endswith("/history"):
            return [item for item in self.collections[path] if item["userId"] == user_id]
        return [self.collections["devices"][int(user_id[1:])]]

    def incident_alerts(self, incident_id: str) -> Sequence[str]:
        return self.incident_alert_ids.get(incident_id, ())


def _time(i: int) -> str:
    """Times that fall with `i`, with no, few and seven digits of a second."""
    return f"2026-03-01T{23 - i // 60:02}:{59 - i % 60:02}:30{('', '.5', '.1234567')[i % 3]}Z"


def _alert(i: int) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.security.alert",
        "id": f"al{i}",
        "title": f"Alert {i} \u202e <b>",
        "severity": SEVERITIES[i % 4],
        "status": ("new", "inProgress", "resolved")[i % 3],
        "classification": (None, "truePositive")[i % 2],
        "determination": None,
        "assignedTo": (None, "O'Brien@contoso.test", "x' or 1 eq 1 or 'a' eq '")[i % 3],
        "serviceSource": ("microsoftDefenderForEndpoint", "microsoftSentinel")[i % 2],
        "detectionSource": ("antivirus", "scheduledAlerts")[i % 2],
        "createdDateTime": _time(i),
        "lastUpdateDateTime": _time(i // 2),
        "evidence": [
            {
                "@odata.type": "#microsoft.graph.security.userEvidence",
                "remediationStatus": ("none", "active")[i % 2],
                "userAccount": {"userPrincipalName": f"user{i % 5}@contoso.test"},
            }
        ],
    }


def _incident(i: int) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.security.incident",
        "id": str(900 + i),
        "displayName": f"Incident {i}",
        "severity": SEVERITIES[i % 4],
        "status": ("active", "awaitingAction")[i % 2],
        "classification": "unknown",
        "createdDateTime": _time(i),
        "lastUpdateDateTime": _time(i),
    }


def _risk_detection(i: int) -> dict[str, Any]:
    return {
        "id": f"rd{i}",
        "riskEventType": ("unfamiliarFeatures", "anonymizedIPAddress")[i % 2],
        "riskLevel": ("low", "medium", "high")[i % 3],
        "riskState": "atRisk",
        "riskDetail": ("none", "microsoftRevokedSessions")[i % 2],
        "tokenIssuerType": ("AzureAD", "NPSExtension")[i % 2],
        "activity": "signin",
        "activityDateTime": _time(i),
        "detectedDateTime": _time(i),
        "lastUpdatedDateTime": _time(i),
        "userId": f"u{i % 5}",
        "location": None,
    }


def _risky_user(i: int) -> dict[str, Any]:
    return {
        "id": f"u{i}",
        "isDeleted": bool(i % 2),
        "riskLevel": ("low", "medium", "high")[i % 3],
        "riskState": "atRisk",
        "riskDetail": "none",
        "riskLastUpdatedDateTime": _time(i),
        "userPrincipalName": f"user{i}@contoso.test",
    }


def _sign_in(i: int) -> dict[str, Any]:
    kind = ("interactiveUser", "nonInteractiveUser", "servicePrincipal")[i % 3]
    return {
        "id": f"si{i}",
        "createdDateTime": _time(i),
        "userPrincipalName": f"user{i % 5}@contoso.test",
        "userId": f"u{i % 5}",
        "ipAddress": f"203.0.113.{i % 7}",
        "appDisplayName": ("Graph explorer", "Azure Portal")[i % 2],
        "status": {"errorCode": (0, 50126)[i % 2]},
        "location": {"city": None, "countryOrRegion": ("US", "DE")[i % 2]},
        "riskEventTypes_v2": (["unfamiliarFeatures"], [])[i % 2],
        "riskDetail": "none",
        "signInEventTypes": [kind],
        "appliedConditionalAccessPolicies": [{"id": "p", "result": ("success", "reportOnlyFailure")[i % 2]}],
    }


def _history_item(i: int) -> dict[str, Any]:
    return {
        "id": f"hi{i}",
        "userId": f"u{i % 2}",
        "riskLevel": "high",
        "riskState": "atRisk",
        "riskDetail": ("none", "adminConfirmedAccountSafe")[i % 2],
        "riskLastUpdatedDateTime": _time(i),
        "activity": {"riskEventTypes": [], "detail": ("none", "adminConfirmedAccountSafe")[i % 2]},
        "initiatedBy": None,
    }


def _principal_detection(i: int) -> dict[str, Any]:
    return {
        "id": f"pd{i}",
        "servicePrincipalId": f"sp{i % 3}",
        "activity": "servicePrincipal",
        "riskLevel": ("low", "high")[i % 2],
        "lastUpdatedDateTime": _time(i),
    }


def _risky_principal(i: int) -> dict[str, Any]:
    return {"id": f"sp{i}", "appId": f"app{i}", "riskLevel": "high", "riskLastUpdatedDateTime": _time(i)}


def _audit(i: int) -> dict[str, Any]:
    return {
        "id": f"da{i}",
        "activityDisplayName": ("Update user", "Consent to application")[i % 2],
        "activityDateTime": _time(i),
        "initiatedBy": {"user": {"id": f"u{i % 5}", "userPrincipalName": f"user{i % 5}@contoso.test"}, "app": None},
        "targetResources": [{"id": f"t{i % 4}", "displayName": f"Target {i % 4}"}, {"id": "same", "displayName": None}],
    }


def _score(i: int) -> dict[str, Any]:
    return {"id": f"{TENANT_ID}_{i}", "createdDateTime": _time(i), "currentScore": 1.5}


def _profile(i: int) -> dict[str, Any]:
    return {"id": f"control{i}", "title": f"Control {i}", "controlCategory": ("Identity", "Apps")[i % 2]}


def _location(i: int) -> dict[str, Any]:
    return {"id": f"loc{i}", "displayName": f"Location {i}", "createdDateTime": _time(i), "isTrusted": bool(i % 2)}


def _user(i: int) -> dict[str, Any]:
    return {"id": f"u{i}", "displayName": f"User {i}", "userPrincipalName": f"user{i}@contoso.test"}


def _device(i: int) -> dict[str, Any]:
    return {"id": f"d{i}", "deviceId": f"dev{i}", "displayName": f"Laptop {i}", "isManaged": bool(i % 2)}


@pytest.fixture
def make_tenant() -> Callable[..., HandMadeTenant]:
    """Make a tenant of so many alerts; the other collections follow from that number."""

    def make(alerts: int = 61) -> HandMadeTenant:
        every = [_sign_in(i) for i in range(alerts)]
        interactive = [record for record in every if record["signInEventTypes"] == ["interactiveUser"]]
        return HandMadeTenant(
            collections={
                "security/alerts_v2": [_alert(i) for i in range(alerts)],
                "security/incidents": [_incident(i) for i in range(alerts)],
                "identityProtection/riskDetections": [_risk_detection(i) for i in range(alerts)],
                "identityProtection/riskyUsers": [_risky_user(i) for i in range(5)],
                "identityProtection/riskyUsers/{id}/history": [_history_item(i) for i in range(60)],
                "identityProtection/servicePrincipalRiskDetections": [_principal_detection(i) for i in range(40)],
                "identityProtection/riskyServicePrincipals": [_risky_principal(i) for i in range(40)],
                "auditLogs/directoryAudits": [_audit(i) for i in range(alerts)],
                "security/secureScores": [_score(i) for i in range(30)],
                "security/secureScoreControlProfiles": [_profile(i) for i in range(9)],
                "identity/conditionalAccess/namedLocations": [_location(i) for i in range(9)],
                "users": [_user(i) for i in range(5)],
                "devices": [_device(i) for i in range(5)],
                "auditLogs/signIns": [
                    {key: value for key, value in record.items() if key != "signInEventTypes"} for record in interactive
                ],
                "beta:auditLogs/signIns": every,
            },
            incident_alert_ids={"900": ["al0", "al1"], "901": []},
        )

    return make


@pytest.fixture
def tenant(make_tenant: Callable[..., HandMadeTenant]) -> HandMadeTenant:
    """A tenant with 61 records in most collections."""
    return make_tenant()


@pytest.fixture
def make_token() -> Callable[..., str]:
    """Make a token; by default one that opens everything."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    def make(**claims: Any) -> str:
        payload = {"tid": TENANT_ID, "exp": NOW.timestamp() + 3600, "roles": list(PERMISSIONS), **claims}
        return f"{part({'typ': 'JWT', 'alg': 'none'})}.{part(payload)}."

    return make


@pytest.fixture
def connect(make_token: Callable[..., str]) -> Callable[..., httpx.Client]:
    """Return a plain HTTP client of an emulator; its base URL is Graph's."""

    def make(emulator: Emulator, *, token: str | None = None, prefer: bool = True) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token or make_token(tid=emulator.tenant.tenant_id)}"}
        if prefer:
            headers["Prefer"] = "include-unknown-enum-members"
        return httpx.Client(
            transport=DemoTransport(emulator), base_url="https://graph.microsoft.com/v1.0", headers=headers
        )

    return make


@pytest.fixture
def ask(tenant: HandMadeTenant, connect: Callable[..., httpx.Client]) -> Callable[..., httpx.Response]:
    """Ask the hand-made tenant one question, with no throttling."""

    def get(path: str, params: Mapping[str, str] | None = None, **options: Any) -> httpx.Response:
        emulator = Emulator(options.pop("tenant", tenant), throttle=False, **options)
        return connect(emulator).get(path, params=params)

    return get

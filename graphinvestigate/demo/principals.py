"""Service principals at risk: a few ordinary apps, and the app of a story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.audits import principal_id
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Address, Cast
from graphinvestigate.demo.story import Plan
from graphinvestigate.demo.templates import TEMPLATES

_NAMES = ("Nightly Export", "Badge Printer Sync", "Ticket Bridge", "Invoice Robot", "Status Mailer")
_KINDS = ("suspiciousSignins", "anomalousServicePrincipalActivity", "leakedCredentials")
_CLOSED = (
    ("dismissed", "adminDismissedAllRiskForServicePrincipal"),
    ("remediated", "none"),
)


@dataclass(frozen=True, slots=True)
class PrincipalDetection:
    """All that is known about one detection, and about its app."""

    id: str
    app_id: str
    name: str
    kind: str
    level: str
    state: str
    detail: str
    at: int
    updated: int
    address: Address | None
    key_id: str | None


def plan_principals(cast: Cast, plan: Plan | None) -> list[PrincipalDetection]:
    """Every detection, newest first; ordinary ones were looked into, the story's was not."""
    rng = draws.generator(cast.seed, "principals")
    base = draws.salt(cast.seed, "principal detections")
    found = []
    for number, name in enumerate(rng.sample(_NAMES, rng.randint(2, 4))):
        at = draws.coarse(cast.now - rng.randrange(3 * draws.DAY, 28 * draws.DAY), rng)
        kind, (state, detail) = rng.choice(_KINDS), rng.choice(_CLOSED)
        found.append(
            PrincipalDetection(
                id=draws.hex_digits(base, number, 52),
                app_id=draws.guid(base, number),
                name=name,
                kind=kind,
                level=rng.choice(("low", "medium")),
                state=state,
                detail=detail,
                at=at,
                updated=at + rng.randrange(draws.HOUR, 2 * draws.DAY),
                address=rng.choice(cast.far) if kind == "suspiciousSignins" else None,
                key_id=draws.guid(base, 100 + number) if kind == "leakedCredentials" else None,
            )
        )
    if plan is not None:
        scene = next(s for s in plan.scenes if s.template is TEMPLATES["oauth_grant"])
        at = min(scene.created + rng.randrange(draws.MINUTE, draws.HOUR), cast.now)
        found.append(
            PrincipalDetection(
                id=draws.hex_digits(base, 99, 52),
                app_id=plan.truth["oauth_app_id"],
                name=plan.truth["oauth_app_name"],
                kind="suspiciousApplication",
                level="medium",
                state="atRisk",
                detail="none",
                at=at,
                updated=at,
                address=None,
                key_id=None,
            )
        )
    return sorted(found, key=lambda fact: (-fact.at, fact.id))


def render_principal_detection(fact: PrincipalDetection, cast: Cast) -> dict[str, Any]:
    """One detection as `/identityProtection/servicePrincipalRiskDetections` gives it."""
    address = fact.address
    return {
        "id": fact.id,
        "requestId": None,
        "correlationId": None,
        "riskEventType": fact.kind,
        "riskState": fact.state,
        "riskLevel": fact.level,
        "riskDetail": fact.detail,
        "source": "IdentityProtection",
        "detectionTimingType": "offline",
        "activity": "servicePrincipal",
        "tokenIssuerType": "AzureAD",
        "ipAddress": address.ip if address else None,
        "location": {
            "city": address.city,
            "state": address.state,
            "countryOrRegion": address.country,
            "geoCoordinates": {"altitude": None, "latitude": address.latitude, "longitude": address.longitude},
        }
        if address
        else None,
        "activityDateTime": stamp(fact.at),
        "detectedDateTime": stamp(fact.at),
        "lastUpdatedDateTime": stamp(fact.updated),
        "servicePrincipalId": principal_id(fact.app_id, cast),
        "servicePrincipalDisplayName": fact.name,
        "appId": fact.app_id,
        "keyIds": [fact.key_id] if fact.key_id else [],
        "additionalInfo": '[{"Key":"alertUrl","Value":null}]',
    }


def render_risky_principal(fact: PrincipalDetection, cast: Cast) -> dict[str, Any]:
    """The service principal of a detection as `/identityProtection/riskyServicePrincipals` gives it."""
    return {
        "id": principal_id(fact.app_id, cast),
        "appId": fact.app_id,
        "displayName": fact.name,
        "isEnabled": True,
        "isProcessing": False,
        "riskDetail": fact.detail,
        "riskLastUpdatedDateTime": stamp(fact.updated),
        "riskLevel": fact.level if fact.state == "atRisk" else "none",
        "riskState": fact.state,
        "servicePrincipalType": "Application",
    }

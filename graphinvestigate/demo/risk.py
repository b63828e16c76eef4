"""Risk detections and risky users: planned on sign-ins that exist, rendered on demand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Address, Cast, Person
from graphinvestigate.demo.sign_ins import Risk, SignIns

LEVELS = ("none", "low", "medium", "high")
_TYPES = (("unfamiliarFeatures", 6), ("unlikelyTravel", 2), ("newCountry", 1), ("suspiciousBrowser", 1))
_OUTCOMES = (
    (("remediated", "userPassedMFADrivenByRiskBasedPolicy"), 5),
    (("dismissed", "aiConfirmedSigninSafe"), 4),
    (("dismissed", "adminDismissedRiskForSignIn"), 1),
    (("atRisk", "none"), 3),
)


@dataclass(frozen=True, slots=True)
class Detection:
    """All that is known about one risk detection before it is rendered; `request_id` is the sign-in's id."""

    id: str
    kind: str
    level: str
    state: str
    detail: str
    timing: str
    person: Person
    address: Address | None
    request_id: str | None
    correlation_id: str | None
    activity: int
    detected: int
    updated: int
    agent: str = ""


def plan_detections(cast: Cast, sign_ins: SignIns, *, size: int) -> list[Detection]:
    """Ordinary detections on ordinary sign-ins; marks these sign-ins as risky."""
    rng = draws.generator(cast.seed, "risk")
    base = draws.salt(cast.seed, "detections")
    first = len(sign_ins.planned)
    own = (cast.guest, cast.foreign, cast.service)
    candidates = [first + int(place) for place in sign_ins.interactive_slot.nonzero()[0]]
    found: list[Detection] = []
    for number in rng.sample(candidates, min(len(candidates), rng.randint(14, 24) + size // 400)):
        fact = sign_ins.fact(number)
        if fact.error or fact.person in own:
            continue
        level = draws.weighted(rng, (("low", 7), ("medium", 2)))
        kind, (state, detail) = draws.weighted(rng, _TYPES), draws.weighted(rng, _OUTCOMES)
        if state == "atRisk":
            level = "low"
        detected = min(fact.at + rng.randrange(5, 900) * draws.SECOND + rng.randrange(draws.SECOND), cast.now)
        updated = min(detected + rng.randrange(draws.HOUR), cast.now)
        found.append(
            Detection(
                id=draws.hex_digits(base, len(found), 64),
                kind=kind,
                level=level,
                state=state,
                detail=detail,
                timing="realtime" if kind == "unfamiliarFeatures" else "offline",
                person=fact.person,
                address=fact.address,
                request_id=fact.id,
                correlation_id=fact.correlation_id,
                activity=fact.at,
                detected=detected,
                updated=updated,
                agent=fact.agent,
            )
        )
        sign_ins.risks[number] = Risk(level, (kind,), state, detail)
    found.append(_leaked(cast, base, rng.choice(cast.people[-12:-4]), rng.randrange(3, 14) * draws.DAY))
    return found


def _leaked(cast: Cast, base: int, person: Person, age: int) -> Detection:
    """A detection about a user, not about a sign-in; the password was changed since."""
    found = cast.now - age
    return Detection(
        id=draws.hex_digits(base, 1 << 30, 64),
        kind="leakedCredentials",
        level="high",
        state="remediated",
        detail="userPerformedSecuredPasswordReset",
        timing="offline",
        person=person,
        address=None,
        request_id=None,
        correlation_id=None,
        activity=found - found % draws.SECOND,
        detected=found,
        updated=min(found + 7 * draws.HOUR + 7, cast.now),
    )


def render_detection(fact: Detection) -> dict[str, Any]:
    """One detection as `/identityProtection/riskDetections` gives it."""
    address = fact.address
    told = [{"Key": "userAgent", "Value": fact.agent}] if fact.agent else []
    if fact.request_id:
        told += [
            {"Key": "requestId", "Value": fact.request_id},
            {"Key": "correlationId", "Value": fact.correlation_id or ""},
        ]
    return {
        "id": fact.id,
        "requestId": fact.request_id,
        "correlationId": fact.correlation_id,
        "riskEventType": fact.kind,
        "riskState": fact.state,
        "riskLevel": fact.level,
        "riskDetail": fact.detail,
        "source": "IdentityProtection",
        "detectionTimingType": fact.timing,
        "activity": "signin" if fact.request_id else "user",
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
        "activityDateTime": stamp(fact.activity),
        "detectedDateTime": stamp(fact.detected),
        "lastUpdatedDateTime": stamp(fact.updated),
        "userId": fact.person.object_id,
        "userDisplayName": fact.person.name_at(fact.activity),
        "userPrincipalName": fact.person.upn_at(fact.activity),
        "additionalInfo": json.dumps(told, separators=(",", ":")),
    }


@dataclass(frozen=True, slots=True)
class RiskyUser:
    """A user's current standing."""

    person: Person
    level: str
    state: str
    detail: str
    updated: int


def risky_users(detections: Sequence[Detection]) -> list[RiskyUser]:
    """One per user that any detection names, last updated first."""
    by_user: dict[str, list[Detection]] = {}
    for fact in detections:
        by_user.setdefault(fact.person.object_id, []).append(fact)
    users = []
    for facts in by_user.values():
        live = [fact for fact in facts if fact.state == "atRisk"]
        last = max(live or facts, key=lambda fact: (fact.updated, fact.id))
        level = max((fact.level for fact in live), key=LEVELS.index, default="none")
        users.append(RiskyUser(last.person, level, last.state, last.detail, max(fact.updated for fact in facts)))
    return sorted(users, key=lambda user: (-user.updated, user.person.object_id))


def render_risky_user(user: RiskyUser) -> dict[str, Any]:
    """One user as `/identityProtection/riskyUsers` gives it."""
    return {
        "id": user.person.object_id,
        "isDeleted": False,
        "isProcessing": False,
        "riskLastUpdatedDateTime": stamp(user.updated),
        "riskLevel": user.level,
        "riskState": user.state,
        "riskDetail": user.detail,
        "userDisplayName": user.person.name_at(user.updated),
        "userPrincipalName": user.person.upn_at(user.updated),
    }

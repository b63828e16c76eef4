"""Sign-ins: a few a day and person over fourteen days, and the ones a story adds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphinvestigate.demo import draws, words
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Address, Cast, Host, Person

DAYS = 14
INTERACTIVE_SLOTS = 3
SLOTS = 9
ERRORS = {
    0: None,
    50126: "Error validating credentials due to invalid username or password.",
    50074: "Strong Authentication is required.",
    53003: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    70043: "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
}
_FAILED = (50126, 50126, 50074, 53003)


@dataclass(frozen=True, slots=True)
class Risk:
    """What Entra ID Protection thought of one sign-in."""

    level: str
    types: tuple[str, ...]
    state: str
    detail: str


NO_RISK = Risk("none", (), "none", "none")


@dataclass(frozen=True, slots=True)
class SignIn:
    """All that is known about one sign-in before it is rendered."""

    id: str
    correlation_id: str
    at: int
    person: Person
    interactive: bool
    address: Address
    device: Host | None
    system: str
    browser: str
    agent: str
    app: tuple[str, str]
    resource: tuple[str, str]
    error: int = 0
    risk: Risk = NO_RISK
    original_request: str = ""
    session_id: str = ""


class SignIns:
    """A tenant's sign-ins, newest first; `planned` ones come before the ordinary ones in number, not in time."""

    def __init__(self, cast: Cast, planned: Sequence[SignIn] = (), risks: Mapping[int, Risk] | None = None) -> None:
        self.cast, self.planned, self.risks = cast, tuple(planned), dict(risks or {})
        self.everyone = cast.everyone()
        self._ids, self._correlations = draws.salt(cast.seed, "sign-ins"), draws.salt(cast.seed, "correlations")
        slots = len(self.everyone) * DAYS * SLOTS
        chance = draws.bulk(cast.seed, "sign-in chance", slots) % np.uint32(100)
        number = np.arange(slots, dtype=np.int64)
        day, slot = number // SLOTS % DAYS, number % SLOTS
        weekend = (cast.now // draws.DAY - day + 3) % 7 >= 5
        kept = chance < np.where(weekend, 12, 52)
        self.slots = number[kept]
        second = draws.bulk(cast.seed, "sign-in time", slots).astype(np.int64)[kept] % 86_399
        part = draws.bulk(cast.seed, "sign-in tick", slots).astype(np.int64)[kept] % draws.SECOND
        ticks = cast.now - day[kept] * draws.DAY - (second + 1) * draws.SECOND - part
        whole = chance[kept] % 3 == 0  # Graph shows many sign-ins to the second
        self.times = np.where(whole, ticks - ticks % draws.SECOND, ticks)
        account = number[kept] // (SLOTS * DAYS)
        self.interactive_slot = (slot[kept] < INTERACTIVE_SLOTS) & (account != cast.service.index)

    def __len__(self) -> int:
        """All sign-ins, of all kinds."""
        return len(self.planned) + len(self.slots)

    def order(self, *, interactive_only: bool) -> np.ndarray:
        """Numbers of sign-ins, newest first."""
        times = np.concatenate((np.array([s.at for s in self.planned], dtype=np.int64), self.times))
        order = np.argsort(-times, kind="stable")
        if interactive_only:
            flags = np.concatenate(([s.interactive for s in self.planned], self.interactive_slot)).astype(bool)
            order = order[flags[order]]
        return order

    def id_of(self, number: int) -> str:
        """The id of one sign-in, without detailing it."""
        if number < len(self.planned):
            return self.planned[number].id
        return draws.guid(self._ids, int(self.slots[number - len(self.planned)]))

    def fact(self, number: int) -> SignIn:
        """All about one sign-in."""
        if number < len(self.planned):
            return self.planned[number]
        place = number - len(self.planned)
        slot, at = int(self.slots[place]), int(self.times[place])
        person = self.everyone[slot // (SLOTS * DAYS)]
        rng = draws.numbered(self._ids ^ 1, slot)
        interactive = bool(self.interactive_slot[place])
        device = person.laptop if person.laptop and rng.random() < 0.85 else None
        system, browser, agent = agent_of(device, rng)
        failed = rng.random() < (0.08 if interactive else 0.03)
        return SignIn(
            id=draws.guid(self._ids, slot),
            correlation_id=draws.guid(self._correlations, slot),
            at=at,
            person=person,
            interactive=interactive,
            address=_where(person, self.cast, rng),
            device=device,
            system=system,
            browser=browser,
            agent=agent,
            app=rng.choice(words.APPS),
            resource=rng.choice(words.RESOURCES),
            error=(rng.choice(_FAILED) if interactive else 70043) if failed else 0,
            risk=self.risks.get(number, NO_RISK),
            original_request="" if interactive else draws.guid(self._ids, slot + (1 << 40)),
            session_id=draws.guid(self._ids, (1 << 41) + slot // SLOTS),
        )


def agent_of(device: Host | None, rng: random.Random) -> tuple[str, str, str]:
    """Operating system, browser and user agent that suit a device (a phone where there is none)."""
    if device is None:
        return words.BROWSERS[3]
    return words.BROWSERS[2] if device.platform == "macOS" else rng.choice(words.BROWSERS[:2])


def _where(person: Person, cast: Cast, rng: random.Random) -> Address:
    if person.kind == "service" or (person.kind == "member" and rng.random() < 0.62):
        return cast.nat
    return person.home


def _location(address: Address) -> dict[str, Any]:
    return {
        "city": address.city,
        "state": address.state,
        "countryOrRegion": address.country,
        "geoCoordinates": {"altitude": None, "latitude": address.latitude, "longitude": address.longitude},
    }


def _device_detail(fact: SignIn) -> dict[str, Any]:
    device = fact.device
    managed = device is not None and device.managed
    return {
        "deviceId": device.entra_id if device is not None and managed else "",
        "displayName": device.name if device is not None and managed else "",
        "operatingSystem": fact.system,
        "browser": fact.browser,
        "isCompliant": True if managed else None,
        "isManaged": True if managed else None,
        "trustType": "Azure AD joined" if managed else None,
    }


def _policies(fact: SignIn, cast: Cast) -> list[dict[str, Any]]:
    result = "failure" if fact.error == 53003 else "success" if fact.interactive and not fact.error else "notApplied"
    return [
        {
            "id": draws.guid(draws.salt(cast.seed, "policy"), 0),
            "displayName": "Require multifactor authentication for all users",
            "enforcedGrantControls": ["Mfa"] if result != "notApplied" else [],
            "enforcedSessionControls": [],
            "result": result,
        }
    ]


def render_sign_in(fact: SignIn, cast: Cast) -> dict[str, Any]:
    """One sign-in as `/v1.0/auditLogs/signIns` gives it."""
    known = [
        name for name in fact.risk.types if name in ("anonymizedIPAddress", "unfamiliarFeatures", "unlikelyTravel")
    ]
    policies = _policies(fact, cast)
    return {
        "id": fact.id,
        "createdDateTime": stamp(fact.at),
        "userDisplayName": fact.person.name_at(fact.at),
        "userPrincipalName": fact.person.upn_at(fact.at).lower(),
        "userId": fact.person.object_id,
        "appId": fact.app[1],
        "appDisplayName": fact.app[0],
        "ipAddress": fact.address.ip,
        "clientAppUsed": "Browser" if fact.interactive else "Mobile Apps and Desktop clients",
        "userAgent": fact.agent,
        "correlationId": fact.correlation_id,
        "conditionalAccessStatus": policies[0]["result"],
        "isInteractive": fact.interactive,
        "riskDetail": fact.risk.detail,
        "riskLevelAggregated": fact.risk.level,
        "riskLevelDuringSignIn": fact.risk.level,
        "riskState": fact.risk.state,
        "riskEventTypes": known,
        "riskEventTypes_v2": list(fact.risk.types),
        "resourceDisplayName": fact.resource[0],
        "resourceId": fact.resource[1],
        "resourceTenantId": cast.tenant_id,
        "homeTenantId": fact.person.home_tenant,
        "servicePrincipalId": "",
        "servicePrincipalName": None,
        "authenticationAppDeviceDetails": None,
        "status": {
            "errorCode": fact.error,
            "failureReason": ERRORS[fact.error] or "Other.",
            "additionalDetails": "MFA requirement satisfied by claim in the token" if not fact.error else None,
        },
        "deviceDetail": _device_detail(fact),
        "location": _location(fact.address),
        "appliedConditionalAccessPolicies": policies,
    }


def render_sign_in_beta(fact: SignIn, cast: Cast) -> dict[str, Any]:
    """One sign-in as `/beta/auditLogs/signIns` gives it: more properties, and its event type."""
    token = "primaryRefreshToken" if not fact.interactive and fact.device else "none"
    return render_sign_in(fact, cast) | {
        "signInEventTypes": ["interactiveUser" if fact.interactive else "nonInteractiveUser"],
        "ipAddressFromResourceProvider": None,
        "originalRequestId": fact.original_request,
        "sessionId": fact.session_id,
        "tokenIssuerName": "",
        "tokenIssuerType": "AzureAD",
        "incomingTokenType": token,
        "uniqueTokenIdentifier": fact.id.replace("-", "")[:22],
        "authenticationProtocol": "none",
        "authenticationRequirement": "multiFactorAuthentication" if fact.interactive else "singleFactorAuthentication",
        "authenticationDetails": [],
        "authenticationMethodsUsed": [],
        "authenticationProcessingDetails": [],
        "authenticationRequirementPolicies": [],
        "sessionLifetimePolicies": [],
        "networkLocationDetails": [{"networkType": "trusted", "networkNames": ["Office"]}]
        if fact.address is cast.nat
        else [],
        "processingTimeInMilliseconds": 80 + fact.at % 400,
        "autonomousSystemNumber": fact.address.asn,
        "crossTenantAccessType": "none" if fact.person.home_tenant == cast.tenant_id else "b2bCollaboration",
        "userType": "member" if fact.person.kind in ("member", "service") else "guest",
        "flaggedForReview": False,
        "isTenantRestricted": False,
        "homeTenantName": "",
        "signInIdentifier": "",
        "signInIdentifierType": None,
        "mfaDetail": None,
        "resourceServicePrincipalId": draws.guid(int(fact.resource[1][:8], 16), cast.seed),
        "federatedCredentialId": "",
        "servicePrincipalCredentialKeyId": "",
        "servicePrincipalCredentialThumbprint": "",
        "privateLinkDetails": {"policyId": "", "policyName": "", "resourceId": "", "policyTenantId": ""},
    }

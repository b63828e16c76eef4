"""Secure scores: one a day for ninety days, and the controls they are made of."""

from __future__ import annotations

from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Cast

DAYS = 90
# id, title, category, service, largest score, rank
CONTROLS: tuple[tuple[str, str, str, str, int, int], ...] = (
    ("MFARegistrationV2", "Ensure multifactor authentication is enabled for all users", "Identity", "AzureAD", 9, 1),
    ("AdminMFAV2", "Require multifactor authentication for administrative roles", "Identity", "AzureAD", 10, 2),
    ("BlockLegacyAuthentication", "Block legacy authentication", "Identity", "AzureAD", 8, 3),
    ("SigninRiskPolicy", "Protect all users with a sign-in risk policy", "Identity", "AzureAD", 7, 4),
    ("UserRiskPolicy", "Protect all users with a user risk policy", "Identity", "AzureAD", 7, 5),
    ("IntegratedApps", "Do not let users consent to unreliable applications", "Identity", "AzureAD", 4, 6),
    ("mdo_safelinksforemail", "Turn on safe links for mail", "Apps", "MDO", 9, 7),
    ("mdo_blockmailforward", "Block automatic forwarding to external addresses", "Apps", "MDO", 5, 8),
    ("scid_2003", "Turn on tamper protection", "Device", "MDATP", 9, 9),
    ("scid_2501", "Block credential stealing from lsass.exe", "Device", "MDATP", 9, 10),
    ("CustomerLockBoxEnabled", "Turn on customer lockbox", "Apps", "EXO", 1, 11),
    ("dlp_datalossprevention", "Protect sensitive information with policies", "Data", "MIP", 3, 12),
)
_VENDOR = {"provider": "SecureScore", "providerVersion": None, "subProvider": None, "vendor": "Microsoft"}


def score_day(number: int, cast: Cast) -> int:
    """The midnight of the `number`-th last day, in ticks."""
    return (cast.now // draws.DAY - number) * draws.DAY


def score_id(number: int, cast: Cast) -> str:
    """The id of that day's score."""
    return f"{cast.tenant_id}_{stamp(score_day(number, cast))[:10]}"


def render_score(number: int, cast: Cast) -> dict[str, Any]:
    """One day's score as `/security/secureScores` gives it; controls are turned on as time goes by."""
    base, controls, current = draws.salt(cast.seed, "scores"), [], 0.0
    for place, (name, title, category, _, full, _) in enumerate(CONTROLS):
        started = draws.mix(base + place) % (2 * DAYS)
        score = round(full * min(1.0, max(0.0, (started - number) / 40)), 2)
        current += score
        controls.append({"controlCategory": category, "controlName": name, "description": title, "score": score})
    most = float(sum(control[4] for control in CONTROLS))
    return {
        "id": score_id(number, cast),
        "azureTenantId": cast.tenant_id,
        "activeUserCount": len(cast.people),
        "createdDateTime": stamp(score_day(number, cast)),
        "currentScore": round(current, 2),
        "enabledServices": ["HasExchange", "HasAADP2", "HasMDATP"],
        "licensedUserCount": len(cast.people) + 1,
        "maxScore": most,
        "averageComparativeScores": [
            {"basis": "AllTenants", "averageScore": 38.5},
            {"basis": "TotalSeats", "averageScore": 41.25},
        ],
        "controlScores": controls,
        "vendorInformation": dict(_VENDOR),
    }


def render_profile(number: int, cast: Cast) -> dict[str, Any]:
    """One control as `/security/secureScoreControlProfiles` gives it."""
    name, title, category, service, most, rank = CONTROLS[number]
    return {
        "id": name,
        "azureTenantId": cast.tenant_id,
        "actionType": "Config",
        "actionUrl": "https://security.microsoft.com/securescore",
        "complianceInformation": [],
        "controlCategory": category,
        "controlStateUpdates": [],
        "deprecated": False,
        "implementationCost": "low" if rank % 2 else "moderate",
        "lastModifiedDateTime": stamp(score_day(200, cast)),
        "maxScore": float(most),
        "rank": rank,
        "remediation": f"{title}, for everybody.",
        "remediationImpact": "People may be asked once more.",
        "service": service,
        "threats": ["accountBreach"] if category == "Identity" else ["maliciousInsider", "dataExfiltration"],
        "tier": "core" if rank < 8 else "defenseInDepth",
        "title": title,
        "userImpact": "low" if rank % 3 else "moderate",
        "vendorInformation": dict(_VENDOR),
    }

"""Pages of made-up alerts for measuring: the shape, size and skew of Graph's answers, no story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

PAGE = 1000  # records a page, the most that Graph answers
_START = datetime(2026, 1, 1, tzinfo=UTC)
_TENANT = "11111111-2222-4333-8444-555555555555"
_TYPE = "#microsoft.graph.security."
_FRACTIONS = ("", ".9", ".123", ".1234567", ".45678")
_SEVERITIES = ("informational", "low", "low", "medium", "medium", "high")
_CATEGORIES = ("InitialAccess", "Execution", "CredentialAccess", "LateralMovement", "Exfiltration")
_TITLES = (
    "Unfamiliar sign-in properties",
    "Suspicious process injection observed",
    "Mail with a malicious link was clicked",
    "Multiple failed sign-ins from one address",
    "Possible exfiltration to a new cloud application",
)
_TEXT = (
    "An account of this tenant signed in with properties that were not seen for it before. This may mean that "
    "somebody else uses its credentials. Look at what the account did since, and at the address it came from. "
)
_FOURTH = (
    "processEvidence",
    "processEvidence",
    "fileEvidence",
    "urlEvidence",
    "mailboxEvidence",
    "cloudApplicationEvidence",
)


def alert_pages(count: int, *, seed: int = 0, page: int = PAGE, tenant: int | None = None) -> Iterator[bytes]:
    """Make the answers of ``/security/alerts_v2``: about 4.4 kB an alert, four evidence items each.

    Parameters
    ----------
    count : int
        How many alerts.
    seed : int
    page : int
        How many a page.
    tenant : int, optional
        How many alerts the tenant has in all: its people and machines are a twelfth of that. Usually `count`.

    Yields
    ------
    bytes
        One list answer.
    """
    random = Random(seed)  # noqa: S311 (data to measure with, no secret)
    users = max(10, (tenant or count) // 12)
    for first in range(0, count, page):
        records = [_alert(random, number, users) for number in range(first, min(first + page, count))]
        body = ",".join(records)
        more = first + page < count
        link = f',"@odata.nextLink":"https://graph.microsoft.com/v1.0/security/alerts_v2?$skip={first + page}"'
        yield (
            '{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#security/alerts_v2",'
            f'"@odata.count":{count},"value":[{body}]{link if more else ""}}}'
        ).encode()


def _alert(random: Random, number: int, users: int) -> str:
    user = int(users * random.random() ** 3)  # a few are met very often
    host = int(users * random.random() ** 3)
    seen = _START + timedelta(seconds=number * 37 % (90 * 86400))
    time = f"{seen:%Y-%m-%dT%H:%M:%S}{_FRACTIONS[number % 5]}Z"
    title = number % 5
    alert: dict[str, Any] = {
        "id": f"da{number:018d}_{number * 7919 % 2**31}",
        "providerAlertId": f"da{number:018d}",
        "incidentId": str(number // 3),
        "status": ("new", "inProgress", "resolved")[number % 3],
        "severity": random.choice(_SEVERITIES),
        "classification": None,
        "determination": None,
        "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "customDetection",
        "productName": "Microsoft Defender XDR",
        "detectorId": f"e0da400f-affd-43ef-b1d5-{title:012d}",
        "tenantId": _TENANT,
        "title": _TITLES[title],
        "description": _TEXT * 2,
        "recommendedActions": _TEXT,
        "category": _CATEGORIES[title],
        "assignedTo": None,
        "alertWebUrl": f"https://security.microsoft.com/alerts/da{number:018d}?tid={_TENANT}",
        "incidentWebUrl": f"https://security.microsoft.com/incidents/{number // 3}?tid={_TENANT}",
        "actorDisplayName": None,
        "threatDisplayName": None,
        "threatFamilyName": None,
        "mitreTechniques": ["T1078", "T1078.004"],
        "createdDateTime": time,
        "lastUpdateDateTime": time,
        "resolvedDateTime": None,
        "firstActivityDateTime": time,
        "lastActivityDateTime": time,
        "systemTags": [],
        "alertPolicyId": None,
        "additionalData": None,
        "comments": [],
        "customDetails": {},
        "evidence": [
            _item("userEvidence", time, userAccount=_account(user), stream=None),
            _device(host, time),
            _address(random, number, time),
            _fourth(_FOURTH[random.randrange(len(_FOURTH))], random, number, time, user, host),
        ],
    }
    return json.dumps(alert, separators=(",", ":"))


def _item(kind: str, time: str, **own: Any) -> dict[str, Any]:
    return {
        "@odata.type": _TYPE + kind,
        "createdDateTime": time,
        "verdict": "suspicious",
        "remediationStatus": "none",
        "remediationStatusDetails": None,
        "roles": ["compromised"],
        "detailedRoles": [],
        "tags": [],
        **own,
    }


def _account(user: int) -> dict[str, Any]:
    return {
        "accountName": f"user{user}",
        "domainName": "CORP",
        "userSid": f"S-1-5-21-1004336348-1177238915-682003330-{user + 1000}",
        "azureAdUserId": f"aaaaaaaa-0000-4000-8000-{user:012d}",
        "userPrincipalName": f"user{user}@example.org",
        "displayName": f"User Number {user}",
        "resourceAccessEvents": [],
    }


def _device(host: int, time: str) -> dict[str, Any]:
    return _item(
        "deviceEvidence", time,
        firstSeenDateTime=time, mdeDeviceId=f"{host:040x}", azureAdDeviceId=f"bbbbbbbb-0000-4000-8000-{host:012d}",
        deviceDnsName=f"host{host}.corp.example.org", hostName=f"host{host}", ntDomain="CORP",
        dnsDomain="corp.example.org", osPlatform="Windows11", osBuild=22631, version="23H2", healthStatus="active",
        riskScore="medium", rbacGroupId=75, rbacGroupName="UnassignedGroup", onboardingStatus="onboarded",
        defenderAvStatus="updated", lastIpAddress=f"10.0.{host % 256}.{host // 256 % 256}", lastExternalIpAddress=None,
        ipInterfaces=[f"10.0.{host % 256}.{host // 256 % 256}"], vmMetadata=None, loggedOnUsers=[],
    )  # fmt: skip


def _address(random: Random, number: int, time: str) -> dict[str, Any]:
    address = f"198.{18 + number % 2}.{random.randrange(256)}.{random.randrange(256)}"
    place = {"city": "Testville", "countryName": "Testland", "latitude": 47.5, "longitude": 8.25, "state": None}
    return _item("ipEvidence", time, ipAddress=address, countryLetterCode="ZZ", location=place, stream=None)


def _file(number: int) -> dict[str, Any]:
    return {
        "sha1": f"{number * 7919 % 2**61:040x}",
        "sha256": f"{number * 104729 % 2**61:064x}",
        "md5": None,
        "fileName": f"tool{number % 997}.exe",
        "filePath": "C:\\Users\\Public\\Downloads",
        "fileSize": 6136392 + number,
        "filePublisher": "Example Corporation",
        "signer": None,
        "issuer": None,
    }


def _fourth(kind: str, random: Random, number: int, time: str, user: int, host: int) -> dict[str, Any]:
    shared = number if random.random() < 0.5 else number % 1000
    match kind:
        case "processEvidence":
            return _item(
                kind, time,
                processId=number % 32768, parentProcessId=number % 1024,
                processCommandLine=f'"C:\\Users\\Public\\Downloads\\tool{number % 997}.exe" /run {number}',
                processCreationDateTime=time, parentProcessCreationDateTime=time, detectionStatus="detected",
                mdeDeviceId=f"{host:040x}", imageFile=_file(shared), parentProcessImageFile=_file(1),
                userAccount=_account(user),
            )  # fmt: skip
        case "fileEvidence":
            return _item(kind, time, detectionStatus="detected", mdeDeviceId=f"{host:040x}", fileDetails=_file(shared))
        case "urlEvidence":
            return _item(kind, time, url=f"https://download{shared}.example.net/a/b?c={number}")
        case "mailboxEvidence":
            address = f"user{user}@example.org"
            return _item(
                kind, time, primaryAddress=address, upn=address, displayName=f"User Number {user}",
                userAccount=_account(user),
            )  # fmt: skip
        case _:
            return _item(
                kind, time, appId=number % 5000, saasAppId=number % 5000, displayName=f"Application {number % 5000}",
                instanceId=0, instanceName="Example Cloud",
            )  # fmt: skip

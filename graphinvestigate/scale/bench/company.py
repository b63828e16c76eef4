"""Pages of made-up alerts of a company: the same people, machines, files and addresses are met again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

_TEXT = "A process was seen that reads the memory of the security authority. Check what it did before and after. " * 8
_TENANT = "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c"
_PAGE = 1000


def company_pages(count: int) -> Iterator[bytes]:
    """Make the answers of ``/security/alerts_v2``: four evidence items an alert, met as unevenly as people are.

    Parameters
    ----------
    count : int
        How many alerts.

    Yields
    ------
    bytes
        One list answer.
    """
    random = Random(7)  # noqa: S311 (data to measure with, no secret)
    pools = {"user": count // 15 + 20, "host": count // 15 + 20, "file": count // 10 + 20, "ip": count // 20 + 20}
    for first in range(0, count, _PAGE):
        numbers = range(first, min(first + _PAGE, count))
        yield json.dumps({"value": [_alert(random, pools, number) for number in numbers]}).encode()


def _alert(random: Random, pools: dict[str, int], number: int) -> dict[str, Any]:
    def pick(what: str) -> int:
        return int(pools[what] * random.random() ** 3)

    def item(kind: str, **properties: Any) -> dict[str, Any]:
        return {
            "@odata.type": f"#microsoft.graph.security.{kind}Evidence", "createdDateTime": "2026-02-03T10:15:00Z",
            "verdict": random.choice(["suspicious", "malicious", "unknown"]), "remediationStatus": "none",
            "roles": random.choice([[], ["compromised"]]), "tags": [], **properties,
        }  # fmt: skip

    user, host, file = pick("user"), pick("host"), pick("file")
    device, address = f"{host:040x}", f"10.0.{host % 250}.{host % 200}"
    when = f"2026-02-{number % 27 + 1:02d}T{number % 24:02d}:{number % 60:02d}:30.5Z"
    names = {"deviceDnsName": f"pc{host}.contoso.com", "hostName": f"PC{host}"}
    evidence = [
        item("device", mdeDeviceId=device, **names, osPlatform="Windows11", ipInterfaces=[address],
             lastIpAddress=address, loggedOnUsers=[{"accountName": f"user{user}", "domainName": "CONTOSO"}]),
        item("user", userAccount=_account(user)),
        item("process", processId=number % 9000, processCreationDateTime=when, mdeDeviceId=device,
             parentProcessId=668, parentProcessCreationDateTime="2026-02-01T08:00:00Z",
             processCommandLine=f"tool{file}.exe -run", imageFile=_file(file), userAccount=_account(user)),
        item("ip", ipAddress=f"198.51.{pick('ip') % 250}.{pick('ip') % 250}", countryLetterCode="NL"),
    ]  # fmt: skip
    return {
        "id": f"a{number}", "tenantId": _TENANT, "incidentId": str(number // 4),
        "title": "Suspicious process", "severity": "medium", "status": "new", "category": "Execution",
        "description": _TEXT, "recommendedActions": _TEXT, "serviceSource": "microsoftDefenderForEndpoint",
        "createdDateTime": when, "lastUpdateDateTime": when, "firstActivityDateTime": when,
        "lastActivityDateTime": when, "evidence": evidence,
    }  # fmt: skip


def _account(number: int) -> dict[str, Any]:
    return {
        "accountName": f"user{number}", "domainName": "CONTOSO", "userSid": f"S-1-5-21-1-2-3-{number}",
        "azureAdUserId": f"{number:08x}-0000-4000-8000-000000000000",
        "userPrincipalName": f"user{number}@contoso.com", "displayName": f"User {number}",
    }  # fmt: skip


def _file(number: int) -> dict[str, Any]:
    hashes = {"sha256": f"{number:064x}", "sha1": f"{number:040x}"}
    return {**hashes, "fileName": f"tool{number}.exe", "filePath": "C:\\Tools", "fileSize": 1000 + number}

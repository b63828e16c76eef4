"""Evidence items exactly as Graph spells them: one function per kind, gathered in `RECIPES`."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphinvestigate.demo import draws, words
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.people import Address, Cast, Host, Person
from graphinvestigate.demo.templates import PROCESSES, Template

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is known about one alert before it is rendered; times are ticks."""

    ordinal: int
    template: Template
    alert_id: str
    severity: str
    status: str
    mood: str
    created: int
    first: int
    last: int
    updated: int
    resolved: int | None = None
    classification: str | None = None
    determination: str | None = None
    assigned_to: str | None = None
    user: Person | None = None
    host: Host | None = None
    other_host: Host | None = None
    address: Address | None = None
    provider_id: str | None = None
    comments: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


# mood → verdict and remediation
_MOODS = {
    "active": (("suspicious", "suspicious", "malicious"), ("none", "none", "active")),
    "malicious": (("malicious",), ("none", "active")),
    "prevented": (("malicious", "suspicious"), ("prevented", "blocked")),
    "remediated": (("malicious", "suspicious"), ("remediated", "remediated", "notFound")),
    "benign": (("noThreatsFound", "unknown"), ("none",)),
    "unknown": (("unknown", "suspicious"), ("none",)),
}


def item(kind: str, scene: Scene, rng: random.Random, *roles: str, detailed: tuple[str, ...] = ()) -> Item:
    """What every kind of evidence starts with."""
    verdicts, remediations = _MOODS[scene.mood]
    return {
        "@odata.type": f"#microsoft.graph.security.{kind}Evidence",
        "createdDateTime": stamp(scene.created),
        "verdict": rng.choice(verdicts),
        "remediationStatus": rng.choice(remediations),
        "remediationStatusDetails": None,
        "roles": list(roles),
        "detailedRoles": list(detailed),
        "tags": [],
    }


def account(person: Person, cast: Cast, scene: Scene, *, sid: bool = True) -> Item:
    """A `userAccount`; mail and cloud products leave the SID empty."""
    foreign = person.kind == "foreign"
    return {
        "accountName": person.account,
        "domainName": person.upn.rsplit("@", 1)[1].split(".")[0].upper() if foreign else cast.nt_domain,
        "userSid": person.sid if sid else "",
        "azureAdUserId": person.object_id,
        "userPrincipalName": person.upn_at(scene.first),
        "displayName": person.name_at(scene.first),
        "activeDirectoryObjectGuid": person.ad_guid,
        "tenantId": person.home_tenant if foreign else cast.tenant_id,
        "resourceAccessEvents": [],
    }


def _user(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    person = scene.user or cast.service
    role = "contextual" if scene.mood in ("benign", "unknown") else "compromised"
    return [
        item("user", scene, rng, role)
        | {
            "stream": None,
            "userAccount": account(person, cast, scene, sid=scene.template.service in ("mde", "mdi", "xdr", "idp")),
        }
    ]


def _foreign_user(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    foreign = account(cast.foreign, cast, scene, sid=False)
    return [item("user", scene, rng, "contextual") | {"stream": None, "userAccount": foreign}]


def _device_of(host: Host, scene: Scene, cast: Cast, rng: random.Random, *roles: str) -> Item:
    owner = next((p for p in (scene.user, cast.service) if p and (p.laptop == host or p.kind == "service")), None)
    logged_on = [p for p in (scene.user, owner) if p is not None and p.kind in ("member", "service")]
    accounts = dict.fromkeys(p.account for p in logged_on)
    on_net = host.server or rng.random() < 0.6
    return item("device", scene, rng, *roles, detailed=("Main device",) if roles else ()) | {
        "firstSeenDateTime": stamp(host.first_seen),
        "mdeDeviceId": host.mde_id,
        "azureAdDeviceId": host.entra_id,
        "deviceDnsName": host.fqdn,
        "hostName": host.name,
        "ntDomain": None,
        "dnsDomain": host.fqdn.split(".", 1)[1],
        "osPlatform": host.platform,
        "osBuild": host.build,
        "version": host.version,
        "healthStatus": "active",
        "riskScore": {"high": "high", "medium": "medium"}.get(scene.severity, "low") if roles else "none",
        "rbacGroupId": len(host.group),
        "rbacGroupName": host.group,
        "onboardingStatus": "onboarded",
        "defenderAvStatus": rng.choice(("updated", "updated", "notUpdated", "unknown")),
        "lastIpAddress": host.ip,
        "lastExternalIpAddress": _exploded(cast.nat.ip if on_net or scene.user is None else scene.user.home.ip),
        "ipInterfaces": [host.ip, "127.0.0.1", "::1", f"fe80::{int(host.mde_id[:4], 16):x}:1"],
        "loggedOnUsers": [{"accountName": name, "domainName": cast.nt_domain} for name in accounts],
        "resourceAccessEvents": [],
        "vmMetadata": None,
    }


def _exploded(ip: str) -> str | None:
    """How devices report addresses: IPv6 with all its zeros."""
    return ipaddress.ip_address(ip).exploded if ip else None


def _device(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    role = "contextual" if scene.mood in ("benign", "unknown") else "compromised"
    return [_device_of(scene.host or cast.servers[0], scene, cast, rng, role)]


def _other_device(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_device_of(scene.other_host or cast.servers[1], scene, cast, rng, "destination")]


def _other_server(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_device_of(cast.servers[scene.ordinal % len(cast.servers)], scene, cast, rng)]


def _file_details(name: str, folder: str, cast: Cast, *, publisher: str | None = None) -> Item:
    """The same name has the same hashes on every host of a tenant."""
    content = f"{cast.seed}/{name}".encode()
    return {
        "sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "sha256Ac": None,
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "fileName": name,
        "filePath": folder,
        "fileSize": 4096 + int.from_bytes(hashlib.sha256(content).digest()[:3], "big"),
        "filePublisher": publisher,
        "signer": publisher,
        "issuer": "Microsoft Windows Production PCA 2011" if publisher == "Microsoft Corporation" else None,
    }


def _file_item(name: str, folder: str, scene: Scene, cast: Cast, rng: random.Random) -> Item:
    host = scene.host or cast.servers[0]
    return item("file", scene, rng, detailed=("Referred in command line",)) | {
        "detectionStatus": "prevented" if scene.mood == "prevented" else "detected",
        "mdeDeviceId": host.mde_id,
        "fileDetails": _file_details(name, folder, cast),
    }


def _file(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_file_item(scene.details.get("file", "setup.exe"), _folder(scene), scene, cast, rng)]


def _folder(scene: Scene) -> str:
    if scene.user is None or scene.template.process == "dump":
        return "C:\\ProgramData"
    return f"C:\\Users\\{scene.user.account}\\Downloads"


def _hostile_files(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_file_item(name, _folder(scene), scene, cast, rng) for name in words.HOSTILE]


def _process_item(scene: Scene, cast: Cast, rng: random.Random) -> Item:
    kind = PROCESSES[scene.template.process or "download"]
    host, blob = scene.host or cast.servers[0], base64.b64encode(scene.alert_id.encode("utf-16-le")).decode()
    known = {
        "blob": blob,
        "server": cast.servers[0].fqdn,
        "url": scene.details.get("url", "about:blank"),
        "file": scene.details.get("file", "out.bin"),
        "task": scene.details.get("task", "Update"),
        "remote": scene.details.get("remote", "remote"),
    }
    system = scene.user is None
    return item("process", scene, rng, *(("attacked",) if scene.mood == "malicious" else ())) | {
        "detectionStatus": "prevented" if scene.mood == "prevented" else "detected",
        "mdeDeviceId": host.mde_id,
        "processId": rng.randrange(1000, 30_000, 4),
        "parentProcessId": rng.randrange(500, 30_000, 4),
        "processCommandLine": kind.command.format_map(known),
        "processCreationDateTime": stamp(scene.first),
        "parentProcessCreationDateTime": stamp(scene.first - rng.randrange(draws.SECOND, 6 * draws.HOUR)),
        "imageFile": _file_details(kind.image, kind.folder, cast, publisher=kind.publisher),
        "parentProcessImageFile": {
            **dict.fromkeys(("sha1", "sha256", "sha256Ac", "md5")),
            "fileName": kind.parent,
            "filePath": "C:\\Windows\\System32",
            "fileSize": rng.randrange(50_000, 900_000),
            "filePublisher": "Microsoft Corporation",
            "signer": None,
            "issuer": None,
        },
        "userAccount": _system() if system or scene.user is None else account(scene.user, cast, scene),
    }


def _system() -> Item:
    return {
        "accountName": "SYSTEM",
        "domainName": "NT AUTHORITY",
        "userSid": "S-1-5-18",
        "azureAdUserId": None,
        "userPrincipalName": None,
        "displayName": "System",
        "activeDirectoryObjectGuid": None,
        "tenantId": None,
        "resourceAccessEvents": [],
    }


def _process(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [_process_item(scene, cast, rng)]


def _malware(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    name = scene.details.get("file", "setup.exe")
    return [
        item("malware", scene, rng)
        | {
            "category": "Trojan",
            "name": scene.details.get("threat", ""),
            "files": [_file_item(name, _folder(scene), scene, cast, rng)],
            "processes": [],
        }
    ]


def _hash(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    value = _file_details(scene.details.get("file", "setup.exe"), "", cast)["sha256"]
    return [item("fileHash", scene, rng) | {"algorithm": "sha256", "value": value}]


def _ip_item(address: Address, scene: Scene, rng: random.Random, *roles: str) -> Item:
    return item("ip", scene, rng, *roles) | {
        "ipAddress": address.ip,
        "countryLetterCode": address.country,
        "stream": None,
        "location": {
            "city": address.city,
            "state": address.state,
            "countryName": address.country_name,
            "latitude": address.latitude,
            "longitude": address.longitude,
        },
    }


def _ip(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    role = "contextual" if scene.mood in ("benign", "unknown") else "attacker"
    role = "destination" if scene.template.category == "Exfiltration" and role == "attacker" else role
    return [_ip_item(scene.address or cast.nat, scene, rng, role)]


def _connection(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    host = scene.host or cast.servers[0]
    inside = item("ip", scene, rng, "source") | dict.fromkeys(("countryLetterCode", "stream", "location"))
    return [
        item("networkConnection", scene, rng, "commandAndControl")
        | {
            "sourceAddress": inside | {"ipAddress": host.ip},
            "sourcePort": rng.randrange(49_152, 65_536),
            "destinationAddress": _ip_item(scene.address or cast.nat, scene, rng, "destination"),
            "destinationPort": 443,
            "protocol": "tcp",
        }
    ]


def _dns(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    host = scene.host or cast.servers[0]
    blank = dict.fromkeys(("countryLetterCode", "stream", "location"))
    return [
        item("dns", scene, rng)
        | {
            "domainName": f"corp.{cast.domain}",
            "dnsServerIp": item("ip", scene, rng) | blank | {"ipAddress": cast.servers[0].ip},
            "hostIpAddress": item("ip", scene, rng) | blank | {"ipAddress": host.ip},
            "ipAddresses": [],
        }
    ]


def _url(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    url = scene.details.get("url") or f"https://files.{cast.domain}/share/{scene.ordinal}"
    return [item("url", scene, rng) | {"url": url}]


def _registry_value(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    return [
        item("registryValue", scene, rng)
        | {
            "mdeDeviceId": (scene.host or cast.servers[0]).mde_id,
            "registryHive": "HKEY_CURRENT_USER",
            "registryKey": "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
            "registryValueName": scene.details.get("task", "Update"),
            "registryValue": f"C:\\Users\\Public\\{scene.details.get('file', 'out.bin')}",
            "registryValueType": "String",
        }
    ]


def _host_logon(scene: Scene, cast: Cast, rng: random.Random) -> list[Item]:
    person = scene.user or cast.service
    logged_on = item("user", scene, rng) | {"stream": None, "userAccount": account(person, cast, scene)}
    return [
        item("hostLogonSession", scene, rng)
        | {
            "sessionId": str(rng.randrange(100_000, 99_999_999)),
            "startUtcDateTime": stamp(scene.first),
            "endUtcDateTime": stamp(scene.last),
            "account": logged_on,
            "host": _device_of(scene.other_host or cast.servers[1], scene, cast, rng),
        }
    ]


Recipe = Callable[[Scene, Cast, random.Random], list[Item]]
HOST_RECIPES: dict[str, Recipe] = {
    "user": _user,
    "foreign_user": _foreign_user,
    "device": _device,
    "other_device": _other_device,
    "other_server": _other_server,
    "file": _file,
    "hostile_files": _hostile_files,
    "process": _process,
    "malware": _malware,
    "hash": _hash,
    "ip": _ip,
    "connection": _connection,
    "dns": _dns,
    "url": _url,
    "registry_value": _registry_value,
    "host_logon": _host_logon,
}

"""Threat intelligence: a host, its reputation, and what it resolved to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from graphinvestigate.demo import draws
from graphinvestigate.demo.answers import ApiError, bad_request
from graphinvestigate.demo.draws import stamp
from graphinvestigate.demo.hosts import HostFact
from graphinvestigate.demo.operations import Call, Operation
from graphinvestigate.demo.server_store import Record

PERMISSION = "ThreatIntelligence.Read.All"
LICENCE = "Defender Threat Intelligence"
_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class ThreatIntelligence:
    """The operations on hosts.

    Parameters
    ----------
    hosts : mapping
        What is known, by host name or address. Of other hosts only an unknown reputation is told.
    """

    def __init__(self, hosts: Mapping[str, HostFact]) -> None:
        self._hosts = hosts

    def operations(self) -> tuple[Operation, ...]:
        """A host, its reputation, and its passive DNS in both directions."""
        host = "security/threatIntelligence/hosts/{id}"
        runs: dict[str, Callable[[Call], Record]] = {
            host: self._host,
            f"{host}/reputation": self._reputation,
            f"{host}/passiveDns": lambda call: self._passive_dns(call, reverse=False),
            f"{host}/passiveDnsReverse": lambda call: self._passive_dns(call, reverse=True),
        }
        return tuple(
            Operation("GET", path, "security", (PERMISSION,), run, licence=LICENCE) for path, run in runs.items()
        )

    def _host(self, call: Call) -> Record:
        name = _normal(call.record_id)
        fact = self._hosts.get(name)
        if fact is None:
            raise ApiError(404, "NotFound", f"Host '{name}' was not found.")
        context = f"{call.root}/$metadata#security/threatIntelligence/hosts/$entity"
        return {"@odata.context": context, **_rendered(fact)}

    def _reputation(self, call: Call) -> Record:
        name = _normal(call.record_id)
        fact = self._hosts.get(name)
        rules = [
            {"name": reason, "description": f"{reason}.", "severity": "high", "relatedDetailsUrl": None}
            for reason in (fact.reasons if fact else ())
        ]
        return {
            "@odata.context": f"{call.root}/$metadata#security/threatIntelligence/hosts('{name}')/reputation/$entity",
            "id": _identifier("reputation", name),
            "classification": fact.classification if fact else "unknown",
            "score": fact.score if fact else 0,
            "rules": rules,
        }

    def _passive_dns(self, call: Call, *, reverse: bool) -> Record:
        """Records that name the host as parent, or in reverse as artifact."""
        name = _normal(call.record_id)
        fact = self._hosts.get(name)
        relation = "passiveDnsReverse" if reverse else "passiveDns"
        records = []
        for peer in fact.peers if fact else ():
            parent, artifact = (peer, name) if reverse else (name, peer)
            assert fact is not None
            records.append(
                {
                    "id": _identifier("dns", parent, artifact),
                    "firstSeenDateTime": stamp(fact.first),
                    "lastSeenDateTime": stamp(fact.last),
                    "collectedDateTime": stamp(fact.last),
                    "recordType": "AAAA" if ":" in peer + name else "A",
                    "parentHost": {"@odata.type": _type(parent), "id": parent},
                    "artifact": {"@odata.type": _type(artifact), "id": artifact},
                }
            )
        context = f"{call.root}/$metadata#security/threatIntelligence/hosts('{name}')/{relation}"
        return {"@odata.context": context, "value": records}


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _normal(name: str) -> str:
    """A host name in lower case or an address in its short form; a 400 for anything else."""
    address = _address(name)
    if address is not None:
        return str(address)
    if not _NAME.fullmatch(name.lower()):
        raise bad_request(f"'{name}' is neither a host name nor an IP address.")
    return name.lower()


def _type(name: str) -> str:
    return f"#microsoft.graph.security.{'hostname' if _address(name) is None else 'ipAddress'}"


def _identifier(*parts: str) -> str:
    return draws.guid(draws.salt(0, *parts), 0)


def _rendered(fact: HostFact) -> dict[str, Any]:
    common = {
        "@odata.type": _type(fact.name),
        "id": fact.name,
        "firstSeenDateTime": stamp(fact.first),
        "lastSeenDateTime": stamp(fact.last),
    }
    if _address(fact.name) is None:
        return common | {"registrar": "Example Registrar", "registrant": None}
    return common | {"autonomousSystem": None, "countryOrRegion": None, "hostingProvider": None, "netblock": None}

"""Records of the demo tenant against the published schema of Microsoft Graph."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from graphinvestigate.demo.tenant import Tenant, build_tenant

GRAPH = "microsoft.graph."
TYPES = {
    "security/alerts_v2": "security.alert",
    "security/incidents": "security.incident",
    "identityProtection/riskDetections": "riskDetection",
    "identityProtection/riskyUsers": "riskyUser",
    "auditLogs/signIns": "signIn",
    "auditLogs/directoryAudits": "directoryAudit",
    "identityProtection/riskyUsers/{id}/history": "riskyUserHistoryItem",
    "identityProtection/servicePrincipalRiskDetections": "servicePrincipalRiskDetection",
    "identityProtection/riskyServicePrincipals": "riskyServicePrincipal",
    "security/secureScores": "secureScore",
    "security/secureScoreControlProfiles": "secureScoreControlProfile",
    "users": "user",
    "devices": "device",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z")
PRIMITIVES = {
    "Edm.String": lambda v: isinstance(v, str),
    "Edm.Boolean": lambda v: isinstance(v, bool),
    "Edm.Int32": lambda v: type(v) is int and abs(v) < 2**31,
    "Edm.Int64": lambda v: type(v) is int and abs(v) < 2**63,
    "Edm.Double": lambda v: type(v) in (int, float),
    "Edm.Guid": lambda v: str(uuid.UUID(v)) == v,
    "Edm.DateTimeOffset": lambda v: bool(TIME.fullmatch(v)),
}


class Walker:
    """Compares records with the schema and collects what does not fit."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.types = schema["entity"] | schema["complex"]
        self.enums = schema["enum"]
        self.problems: list[str] = []
        self.late: set[str] = set()
        self.kinds: set[str] = set()

    def record(self, record: dict[str, Any], kind: str, path: str) -> None:
        kind = record.get("@odata.type", f"#{kind}")[1:]
        self.kinds.add(kind)
        if kind not in self.types:
            self.problems.append(f"{path}: no type {kind}")
            return
        known = self.types[kind]["properties"]
        plain = {name for name, about in known.items() if not about.get("nav")}
        for name in sorted(set(record) - set(known) - {"@odata.type"}):
            if not self.types[kind].get("open") or kind.removeprefix(GRAPH) in TYPES.values():
                self.problems.append(f"{path}.{name}: no such property of {kind}")
        if not self.types[kind].get("open"):
            self.problems += [f"{path}: lacks {name}" for name in sorted(plain - set(record))]
        for name in sorted(set(record) & plain):
            self.property(record[name], known[name], f"{path}.{name}")

    def property(self, value: Any, about: dict[str, Any], path: str) -> None:
        if about.get("collection"):
            if not isinstance(value, list):
                self.problems.append(f"{path}: no list")
                return
            for item in value:
                self.value(item, about["type"], path)
        elif value is not None:
            self.value(value, about["type"], path)

    def value(self, value: Any, kind: str, path: str) -> None:
        if kind in PRIMITIVES:
            if not PRIMITIVES[kind](value):
                self.problems.append(f"{path}: {value!r} is no {kind}")
        elif kind in self.enums:
            if value not in self.enums[kind]["members"]:
                self.problems.append(f"{path}: {value!r} is no {kind}")
            if value in self.enums[kind].get("needsPreferHeader", ()):
                self.late.add(value)
        elif not isinstance(value, dict):
            self.problems.append(f"{path}: {value!r} is no {kind}")
        else:
            self.record(value, kind, path)


@pytest.fixture(scope="module")
def schema(shared_dir: Path) -> dict[str, Any]:
    """The published schema of v1.0."""
    return json.loads((shared_dir / "graph" / "schema.json").read_text())["v1.0"]


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant large enough to hold every kind of alert."""
    return build_tenant(4, 1500, attack=True)


@pytest.mark.parametrize("path", sorted(TYPES))
def test_records_fit_the_schema(tenant: Tenant, schema: dict[str, Any], path: str) -> None:
    """Every property is known, present and of its type; enums are camelCase members."""
    walker = Walker(schema)
    odd = tenant.truth.unknown_evidence_alert_id
    for record in tenant.collections[path]:
        if record["id"] != odd:
            walker.record(record, GRAPH + TYPES[path], "")
    assert sorted(set(walker.problems)) == []


def test_the_odd_alert_is_odd_in_three_places_only(tenant: Tenant, schema: dict[str, Any]) -> None:
    """An unknown property, an evidence type that does not exist, and an item without a type."""
    walker = Walker(schema)
    alerts = tenant.collections["security/alerts_v2"]
    place = alerts.position(tenant.truth.unknown_evidence_alert_id)
    assert place is not None
    walker.record(alerts[place], f"{GRAPH}security.alert", "")
    assert walker.problems == [
        ".correlationConfidence: no such property of microsoft.graph.security.alert",
        ".evidence: no type microsoft.graph.security.holographicDisplayEvidence",
    ]


def test_values_that_need_the_prefer_header_occur(tenant: Tenant, schema: dict[str, Any]) -> None:
    """Members above unknownFutureValue are used, so that a client that forgets the header is found out."""
    walker = Walker(schema)
    for path, kind in TYPES.items():
        for record in tenant.collections[path]:
            walker.record(record, GRAPH + kind, "")
    assert {"active", "microsoftDefenderForCloud", "microsoftSentinel", "scheduledAlerts"} <= walker.late


def test_many_kinds_of_evidence_occur(tenant: Tenant, schema: dict[str, Any]) -> None:
    """The alerts use most of the kinds that investigations meet."""
    walker = Walker(schema)
    for record in tenant.collections["security/alerts_v2"]:
        walker.record(record, f"{GRAPH}security.alert", "")
    kinds = {kind.rsplit(".", 1)[1] for kind in walker.kinds if kind.endswith("Evidence")}
    assert len(kinds) >= 24
    assert {"userEvidence", "deviceEvidence", "processEvidence", "ipEvidence", "mailboxConfigurationEvidence"} <= kinds


def test_live_alerts_and_incidents_differ_where_nothing_is_decided(tenant: Tenant) -> None:
    """Undecided alerts say null, undecided incidents say unknown."""
    alerts = [a for a in tenant.collections["security/alerts_v2"] if a["status"] == "new"]
    assert {(alert["classification"], alert["determination"]) for alert in alerts} == {(None, None)}
    incidents = [i for i in tenant.collections["security/incidents"] if i["status"] == "active"]
    assert {(i["classification"], i["determination"]) for i in incidents} == {("unknown", "unknown")}


def test_sids_and_object_ids_are_one(tenant: Tenant) -> None:
    """A userSid of the form S-1-12-1-… spells the object id in four little-endian words."""
    checked = 0
    for alert in tenant.collections["security/alerts_v2"][:300]:
        for item in alert["evidence"]:
            account = item.get("userAccount") or {}
            if (account.get("userSid") or "").startswith("S-1-12-1-"):
                parts = [int(part) for part in account["userSid"].split("-")[4:]]
                raw = b"".join(part.to_bytes(4, "little") for part in parts)
                assert str(uuid.UUID(bytes_le=raw)) == account["azureAdUserId"]
                checked += 1
    assert checked > 50

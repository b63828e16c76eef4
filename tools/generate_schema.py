"""Write the package's schema tables from Graph's published metadata.

Usage: python tools/generate_schema.py METADATA.json [OUTPUT.json]

METADATA.json holds the entity, complex and enum types of the CSDL. What is written is reviewed and kept in the
package (``graphinvestigate/frames/schema.json``): one line per column.

How a column gets its name, dtype and place:

- The name is the property's path in snake_case, joined by ``_``: ``status.errorCode`` → ``status_error_code``.
- Fixed complex types are flattened, and `userIdentity`, which is open by inheritance only. Other open types, types
  that refer to themselves, evidence inside evidence and collections of objects stay one column of JSON text; the
  two that hold whole records (an alert's evidence, an incident's alerts) are slices of the page.
- Evidence subtypes share a column where name, path and dtype are the same. Where they differ, one keeps the plain
  name: text before lists, times, numbers, booleans and JSON; then what more subtypes have; then the first in the
  alphabet. Each subtype with another one gets its own column, prefixed by the subtype's name:
  ``cloudApplicationEvidence.appId`` (a number) → ``cloud_application_app_id``. So does a name that the frame needs
  for itself: ``servicePrincipalEvidence.tenantId`` → ``service_principal_tenant_id``.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

RESOURCES = {
    "alerts": "microsoft.graph.security.alert",
    "incidents": "microsoft.graph.security.incident",
    "risk_detections": "microsoft.graph.riskDetection",
    "risky_users": "microsoft.graph.riskyUser",
    "sign_ins": "microsoft.graph.signIn",
    "risky_user_history": "microsoft.graph.riskyUserHistoryItem",
    "service_principal_risk_detections": "microsoft.graph.servicePrincipalRiskDetection",
    "risky_service_principals": "microsoft.graph.riskyServicePrincipal",
    "directory_audits": "microsoft.graph.directoryAudit",
    "secure_scores": "microsoft.graph.secureScore",
    "secure_score_control_profiles": "microsoft.graph.secureScoreControlProfile",
    "users": "microsoft.graph.user",
    "devices": "microsoft.graph.device",
    "passive_dns": "microsoft.graph.security.passiveDnsRecord",
    "host_reputations": "microsoft.graph.security.hostReputation",
    "legacy_alerts": "microsoft.graph.alert",
}
EVIDENCE = "microsoft.graph.security.alertEvidence"
# Whole records of their own, that lead back to where they are named: their id is laid out, the rest is in `raw`.
REFERENCES = {"microsoft.graph.security.artifact", "microsoft.graph.security.host"}
FLAT_THOUGH_OPEN = {"microsoft.graph.userIdentity"}
RECORDS_INSIDE = {("alerts", "evidence"), ("incidents", "alerts")}
TAKEN = {"record_kind", "pull_id", "raw"}
TAKEN_BY_EVIDENCE = TAKEN | {
    "alert_id",
    "evidence_index",
    "evidence_type",
    "incident_id",
    "tenant_id",
    "first_activity_date_time",
    "last_activity_date_time",
}
DTYPES = {
    "Edm.String": "string",
    "Edm.Guid": "string",
    "Edm.DateTimeOffset": "time",
    "Edm.Int32": "int",
    "Edm.Int64": "int",
    "Edm.Double": "float",
    "Edm.Boolean": "bool",
}
RANK = ["string", "strings", "time", "int", "float", "bool", "json"]
OUTPUT = Path(__file__).resolve().parents[1] / "graphinvestigate" / "frames" / "schema.json"

Column = dict[str, Any]


def snake(name: str) -> str:
    """Graph's spelling → a column's: ``sha256Ac`` → ``sha256_ac``, ``externalIPs`` → ``external_ips``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", "_", name).lower()


def short(graph_type: str) -> str:
    """Drop the namespaces of Graph."""
    return graph_type.removeprefix("microsoft.graph.").removeprefix("security.")


class Metadata:
    """The types of the CSDL, with what beta adds to them."""

    def __init__(self, document: dict[str, Any]) -> None:
        stable, beta = document["v1.0"], document["beta-ussec"]
        self.enums: dict[str, Any] = {**beta["enum"], **stable["enum"]}
        self.types: dict[str, Any] = {}
        for kind in ("complex", "entity"):
            for source in (beta, stable):
                for name, entry in source[kind].items():
                    if "properties" in entry or "open" in entry:
                        self.types[name] = {**entry, "properties": dict(entry.get("properties", {}))}
        for kind in ("complex", "entity"):
            for name, entry in beta[kind].items():
                for added, definition in entry.get("betaOnlyProperties", {}).items():
                    self.types[name]["properties"].setdefault(added, {**definition, "beta": True})
        self.evidence: list[str] = document["alertEvidenceSubtypes"]

    def columns(self, graph_type: str, path: tuple[str, ...] = (), *, beta: bool = False) -> list[Column]:
        """Every leaf of a type, flattened."""
        columns = []
        for name, definition in self.types[graph_type]["properties"].items():
            at, inner = (*path, name), definition["type"]
            newer = beta or definition.get("beta", False)
            if inner in REFERENCES:
                at, inner, definition = (*at, "id"), "Edm.String", {}
            if not definition.get("collection") and self.is_flat(inner):
                columns += self.columns(inner, at, beta=newer)
                continue
            dtype = DTYPES.get(inner, "string" if inner in self.enums else "json")
            if definition.get("collection"):
                dtype = "strings" if dtype == "string" else "json"
            column = {
                "name": "_".join(map(snake, at)),
                "path": at,
                "dtype": dtype,
                "type": short(inner) + "[]" * definition.get("collection", False),
            }
            if inner in self.enums:
                column["enum"] = inner
            columns.append(column | ({"beta": True} if newer else {}))
        return columns

    def is_flat(self, graph_type: str) -> bool:
        """Whether a type is a fixed one whose properties become columns."""
        entry = self.types.get(graph_type)
        is_open = bool(entry) and entry.get("open") and graph_type not in FLAT_THOUGH_OPEN
        return bool(entry) and not is_open and graph_type not in (EVIDENCE, *self.evidence)

    def resource(self, name: str) -> list[Column]:
        """The columns of one resource, its id first."""
        columns = self.columns(RESOURCES[name])
        for column in columns:
            if (name, column["name"]) in RECORDS_INSIDE:
                column["dtype"] = "raw"
        names = [column["name"] for column in columns]
        if len({*names} | TAKEN) != len(names) + len(TAKEN):
            raise SystemExit(f"{name}: two columns of one name; add a rule for it")
        return sorted(columns, key=lambda column: column["path"] != ("id",))

    def evidence_columns(self) -> list[Column]:
        """The columns of all evidence subtypes, what all have first."""
        base = self.columns(EVIDENCE)
        common = {column["path"] for column in base}
        found: dict[str, dict[tuple[Any, ...], list[tuple[str, Column]]]] = {}
        for subtype in self.evidence:
            for column in self.columns(subtype):
                if column["path"] not in common:
                    key = (column["path"], column["dtype"])
                    found.setdefault(column["name"], {}).setdefault(key, []).append((short(subtype), column))
        columns = base
        for name, variants in found.items():
            order = sorted(variants, key=lambda key: (RANK.index(key[1]), -len(variants[key]), key[0]))
            plain = None if name in TAKEN_BY_EVIDENCE | {c["name"] for c in base} else order[0]
            for key in order:
                holders = variants[key]
                if key == plain:
                    columns.append(self._shared(holders))
                else:
                    columns += [
                        column | {"name": f"{snake(subtype.removesuffix('Evidence'))}_{name}", "types": [subtype]}
                        for subtype, column in holders
                    ]
        names = [column["name"] for column in columns]
        if len({*names} | TAKEN_BY_EVIDENCE) != len(names) + len(TAKEN_BY_EVIDENCE):
            raise SystemExit("evidence: two columns of one name; add a rule for it")
        return columns

    @staticmethod
    def _shared(holders: list[tuple[str, Column]]) -> Column:
        column = dict(holders[0][1])
        if any(other.get("enum") != column.get("enum") for _, other in holders):
            # Free text in one subtype, an enum in another: any text may stand there.
            column.pop("enum", None)
            column["type"] = "String"
        return column | {"types": [subtype for subtype, _ in holders]}


def tables(document: dict[str, Any]) -> dict[str, Any]:
    """Graph's metadata → the package's tables."""
    metadata = Metadata(document)
    tables: dict[str, Any] = {name: metadata.resource(name) for name in RESOURCES}
    tables["evidence"] = metadata.evidence_columns()
    used = sorted({column["enum"] for table in tables.values() for column in table if "enum" in column})
    names = {enum: short(enum) for enum in used}
    for enum in used:
        if f"microsoft.graph.security.{names[enum]}" in used and ".security." not in enum:
            names[enum] = enum  # of two enums of one name, the older one keeps its namespace
    if len(set(names.values())) != len(names):
        raise SystemExit("two enums of one short name; keep their namespaces")
    for table in tables.values():
        for column in table:
            if "enum" in column:
                column["enum"] = names[column["enum"]]
    return {
        "columns": tables,
        "evidence_types": sorted(map(short, metadata.evidence)),
        "enums": {
            names[enum]: {
                "members": metadata.enums[enum]["members"],
                "needs_prefer": metadata.enums[enum].get("needsPreferHeader", []),
            }
            for enum in used
        },
    }


def render(tables: dict[str, Any]) -> str:
    """The tables as JSON, one column, type or enum a line."""
    parts = []
    for section, content in tables.items():
        if isinstance(content, list):
            lines = ",\n".join(f"  {json.dumps(item)}" for item in content)
            parts.append(f' "{section}": [\n{lines}\n ]')
            continue
        blocks = []
        for name, entry in content.items():
            if isinstance(entry, list):
                lines = ",\n".join(f"   {json.dumps(column)}" for column in entry)
                blocks.append(f'  "{name}": [\n{lines}\n  ]')
            else:
                blocks.append(f'  "{name}": {json.dumps(entry)}')
        parts.append(f' "{section}": {{\n' + ",\n".join(blocks) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str]) -> None:
    """Read the metadata, write the tables."""
    if not arguments:
        raise SystemExit(__doc__)
    document = json.loads(Path(arguments[0]).read_text())
    output = Path(arguments[1]) if len(arguments) > 1 else OUTPUT
    output.write_text(render(tables(document)))
    print(f"wrote {output}")


if __name__ == "__main__":
    main(sys.argv[1:])

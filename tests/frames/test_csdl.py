"""The tables against Graph's metadata, read by another way than the script that writes them."""

from __future__ import annotations

import json

import pytest

from graphinvestigate.frames import EVIDENCE, RESOURCES, read_records
from graphinvestigate.frames.schema import HOST_REPUTATIONS, LEGACY_COLUMNS

TYPES = {
    "alerts": "security.alert",
    "incidents": "security.incident",
    "risk_detections": "riskDetection",
    "risky_users": "riskyUser",
    "sign_ins": "signIn",
    "risky_user_history": "riskyUserHistoryItem",
    "service_principal_risk_detections": "servicePrincipalRiskDetection",
    "risky_service_principals": "riskyServicePrincipal",
    "directory_audits": "directoryAudit",
    "secure_scores": "secureScore",
    "secure_score_control_profiles": "secureScoreControlProfile",
    "users": "user",
    "devices": "device",
    "passive_dns": "security.passiveDnsRecord",
}
# Whole records of their own, which lead back to where they are named: their id has a column, the rest stays in `raw`.
REFERENCES = ("microsoft.graph.security.artifact", "microsoft.graph.security.host")
# The published metadata that lies beside a checkout does not hold it: `test_named_locations` looks at it.
NOT_IN_METADATA = {"named_locations"}
DEPTH = {"alerts": 3, "incidents": 3, "passive_dns": 2}  # their types refer to each other
PLAIN = {
    "Edm.String": "string",
    "Edm.Guid": "string",
    "Edm.DateTimeOffset": "time",
    "Edm.Int32": "int",
    "Edm.Int64": "int",
    "Edm.Double": "float",
    "Edm.Boolean": "bool",
}


@pytest.fixture(scope="module")
def types(shared_dir):
    """The types of the CSDL, v1.0."""
    return json.loads((shared_dir / "graph" / "schema.json").read_text())["v1.0"]


def check(types, graph_type, columns, path=()):
    """Every property has a column of its own dtype, or its parts have, or it is inside a column of JSON."""
    entry = types["entity"].get(graph_type) or types["complex"][graph_type]
    found = 0
    for name, definition in entry.get("properties", {}).items():
        at, inner = (*path, name), definition["type"]
        if inner in REFERENCES:
            at, inner, definition = (*at, "id"), "Edm.String", {}
        if at not in columns:
            assert any(known[: len(at)] == at for known in columns), f"{graph_type}: {'.'.join(at)} has no place"
            assert not definition.get("collection"), at
            found += check(types, inner, columns, at)
            continue
        found += 1
        dtype = "string" if inner in types["enum"] else PLAIN.get(inner)
        if definition.get("collection"):
            dtype = "strings" if dtype == "string" else None
        assert columns[at].dtype == dtype or (dtype is None and columns[at].dtype in ("json", "raw")), at
        shared = len(columns[at].types) > 1 and columns[at].enum is None  # with a type that has any text there
        if inner in types["enum"] and not shared:
            assert list(columns[at].enum) == types["enum"][inner]["members"], at
    return found


@pytest.mark.parametrize("name", sorted(set(RESOURCES) - NOT_IN_METADATA))
def test_every_property_of_every_resource_has_a_place(types, name):
    """Each property of a resource has a column; each column that v1.0 sends is one of its properties."""
    columns = {column.path: column for column in RESOURCES[name].columns}
    found = check(types, f"microsoft.graph.{TYPES[name]}", columns)
    assert found == sum(not column.beta for column in columns.values())


def test_every_property_of_legacy_alerts_has_a_place(types):
    """The table that legacy alerts are compared with holds each of their properties."""
    columns = {column.path: column for column in LEGACY_COLUMNS}
    assert check(types, "microsoft.graph.alert", columns) == len(columns)


def test_every_property_of_a_host_reputation_has_a_place(types):
    """The table of reputations holds each of their properties."""
    columns = {column.path: column for column in HOST_REPUTATIONS.columns}
    assert check(types, "microsoft.graph.security.hostReputation", columns) == len(columns)


def test_every_property_of_every_evidence_type_has_a_place(types):
    """Each property of each of the 48 types of evidence has a column, and no type has a column more."""
    assert len(EVIDENCE.types) == 48
    for kind in EVIDENCE.types:
        columns = {c.path: c for c in EVIDENCE.columns if not c.types or kind in c.types}
        assert check(types, f"microsoft.graph.security.{kind}", columns) == len(columns), kind


@pytest.mark.parametrize("name", sorted(set(RESOURCES) - NOT_IN_METADATA))
def test_every_value_reaches_its_column(types, full_value, name):
    """A record of which every documented property is set leaves no column of v1.0 empty."""
    record = full_value(types, f"microsoft.graph.{TYPES[name]}", DEPTH.get(name, 5))
    frame = read_records(name, [record])
    empty = [c.name for c in RESOURCES[name].columns if not c.beta and frame[c.name].isna().all()]
    assert empty == []

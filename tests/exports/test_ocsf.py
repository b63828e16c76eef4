"""OCSF: every finding fits the published schema, and says of its alert what Graph says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

import graphinvestigate as gi
from graphinvestigate.exports.ocsf import VERSION, detection_findings
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.tactics import tactic_of


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """The schema of detection findings with the incident profile; it allows nothing that it does not name."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
    found = schema.get_class_schema(class_name="detection_finding", profiles=["incident"])
    assert found["additionalProperties"] is False
    return Draft202012Validator(found)


@pytest.fixture(scope="module")
def findings(whole: nx.MultiDiGraph, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """All findings of the demo tenant, from the file."""
    (path,) = gi.export_graph(whole, tmp_path_factory.mktemp("ocsf") / "graph.ocsf.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_finding_fits_the_schema(findings: list[dict[str, Any]], validator: Draft202012Validator) -> None:
    """Each line is a detection finding of OCSF 1.5, valid to the last attribute; a wrong one would be noticed."""
    for one in findings:
        validator.validate(one)
    for wrong in ({"severity_id": 42}, {"made_up": 1}, {"time": "2026"}, {"finding_info": {}}):
        assert not validator.is_valid(copy.deepcopy(findings[0]) | wrong)


def test_every_alert_and_detection_is_there(
    findings: list[dict[str, Any]], whole: nx.MultiDiGraph, frames: dict[str, pd.DataFrame]
) -> None:
    """One finding per alert and risk detection, oldest first, with what Graph says of it."""
    alerts = frames["alerts"].set_index("id")
    detections = frames["risk_detections"].set_index("id")
    by_id = {one["finding_info"]["uid"]: one for one in findings}
    assert len(by_id) == len(findings)
    assert set(by_id) == set(alerts.index) | set(detections.index)
    assert [one["time"] for one in findings] == sorted(one["time"] for one in findings)
    for alert in alerts.itertuples():
        one = by_id[alert.Index]
        assert one["severity"].lower() == alert.severity
        assert (one["status_id"] == 4) == (alert.status == "resolved") == (one["activity_id"] == 3)
        assert one["finding_info"]["title"] == alert.title
        assert pd.Timestamp(one["start_time"], unit="ms", tz="UTC") == alert.first_activity_date_time.floor("ms")
        assert pd.Timestamp(one["time"], unit="ms", tz="UTC") == alert.last_activity_date_time.floor("ms")
        expected = {"truePositive": 2, "falsePositive": 1, "informationalExpectedActivity": 5}.get(alert.classification)
        assert one.get("verdict_id") == expected
        attacks = one["finding_info"].get("attacks", [])
        told = [
            a["sub_technique"]["uid"] if "sub_technique" in a else a["technique"]["uid"]
            for a in attacks
            if "technique" in a
        ]
        assert told == list(alert.mitre_techniques or [])
        assert one["is_alert"] is True
        named = {n for n in whole.successors(Record("alert", alert.Index)) if isinstance(n, Entity)}
        assert {whole.nodes[n]["label"] for n in named} <= {seen["value"] for seen in one.get("observables", [])}
        known = [text.partition("=") for n in named for text in whole.nodes[n]["identifiers"]]
        hashes = {value for name, _, value in known if name in ("md5", "sha1", "sha256")}
        assert hashes == {seen["value"] for seen in one.get("observables", []) if seen["type"] == "Hash"}
        for piece in one.get("evidences", []):
            entity, relation = Entity(piece["data"]["kind"], piece["data"]["key"]), piece["data"]["relation"]
            said = whole.edges[Record("alert", alert.Index), entity, relation].get("verdict")
            assert piece.get("verdict_id") == {"malicious": 2, "suspicious": 4, "noThreatsFound": 5}.get(said)
        assert one["metadata"]["tenant_uid"] == alert.tenant_id
        assert one["metadata"].get("correlation_uid") == (alert.incident_id if pd.notna(alert.incident_id) else None)
        if not told:
            named_tactics = [a["tactic"]["name"] for a in attacks]
            assert named_tactics == ([tactic_of(alert.category)] if tactic_of(alert.category) else [])
    for detection in detections.itertuples():
        one = by_id[detection.Index]
        assert one["is_alert"] is False
        assert one["severity"].lower() == detection.risk_level
        verdicts = {"confirmedCompromised": 2, "confirmedSafe": 1, "dismissed": 3}
        assert one.get("verdict_id") == verdicts.get(detection.risk_state)
    evidences = [piece for one in findings for piece in one.get("evidences", [])]
    assert all(piece["data"]["why"].endswith(".") and piece["data"]["fields"] for piece in evidences)


def test_hostile_and_timeless_records(
    hostile: nx.MultiDiGraph, validator: Draft202012Validator, tmp_path: Path
) -> None:
    """Hostile texts make valid findings; an alert without a time is left out and counted."""
    (one,) = detection_findings(hostile)
    validator.validate(one)
    hostile.nodes[Record("alert", "=1+1")]["time"] = None
    with pytest.warns(UserWarning, match="1 alert or detection record was only named"):
        (path,) = gi.export_graph(hostile, tmp_path / "g.ocsf.jsonl")
    assert path.read_text("utf-8") == ""

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
    assert all(by_id[uid]["is_alert"] is False for uid in detections.index)
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

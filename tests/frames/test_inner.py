"""Evidence, the alerts inside incidents, and the schema report."""

from __future__ import annotations

import pandas as pd
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import evidence, expanded_alerts, read_records, schema_report

USER = {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": {"userPrincipalName": "a@b"}}
ALERT = {
    "id": "1",
    "title": "t",
    "tenantId": "t1",
    "incidentId": "9",
    "firstActivityDateTime": "2026-01-01T00:00:00Z",
    "evidence": [USER, {"@odata.type": "#microsoft.graph.security.robotEvidence", "verdict": "x"}, {}, None],
}


def test_evidence_rows():
    """Each item is one row with its alert's facts; unknown types keep their name, items without one have none."""
    made = evidence(read_records("alerts", [{"id": "0", "title": "none"}, ALERT]))
    assert made["record_kind"].tolist() == ["evidence"] * 4
    assert made["alert_id"].tolist() == ["1"] * 4
    assert made["evidence_index"].tolist() == [0, 1, 2, 3]
    assert made["evidence_type"].tolist()[:2] == ["userEvidence", "robotEvidence"]
    assert made["evidence_type"].isna().tolist() == [False, False, True, True]
    assert made["tenant_id"].tolist() == ["t1"] * 4
    assert made["incident_id"].tolist() == ["9"] * 4
    assert (made["first_activity_date_time"] == pd.Timestamp("2026-01-01", tz="UTC")).all()
    assert made["last_activity_date_time"].isna().all()
    assert made["user_account_user_principal_name"].dropna().tolist() == ["a@b"]
    assert made["verdict"].dropna().tolist() == ["x"]
    assert made["raw"].tolist()[2:] == ["{}", "null"]


def test_some_rows_in_another_order():
    """Evidence of some alerts, filtered, sorted and numbered anyhow, is theirs."""
    alerts = read_records("alerts", [ALERT, {**ALERT, "id": "2"}, {**ALERT, "id": "3"}])
    alerts.index = [7, 7, 9]
    made = evidence(alerts.iloc[[2, 0]])
    assert made["alert_id"].tolist() == ["3"] * 4 + ["1"] * 4
    assert made.index.tolist() == list(range(8))


def test_alerts_inside_incidents():
    """Expanded alerts are alerts, with evidence, of the page the incident came in."""
    incidents = read_records(
        "incidents",
        [{"id": "9", "displayName": "x", "alerts": [ALERT, {**ALERT, "id": "2"}]}, {"id": "8", "displayName": "y"}],
    )
    alerts = expanded_alerts(incidents)
    assert alerts["id"].tolist() == ["1", "2"]
    assert alerts["record_kind"].tolist() == ["alert"] * 2
    assert alerts["pull_id"].tolist() == incidents["pull_id"].tolist()[:1] * 2
    assert len(evidence(alerts)) == 8
    assert alerts["raw"].array._pages[0] is incidents["raw"].array._pages[0]
    assert len(expanded_alerts(incidents.iloc[1:])) == 0


def test_wrong_frames():
    """A frame of something else, or without its columns, is a UsageError that says which to pass."""
    incidents = read_records("incidents", [{"id": "9", "displayName": "x"}])
    alerts = read_records("alerts", [ALERT])
    with pytest.raises(UsageError, match="no column evidence"):
        evidence(incidents)
    with pytest.raises(UsageError, match="no column alerts"):
        expanded_alerts(alerts)
    with pytest.raises(UsageError, match="records of kind incident"):
        evidence(pd.concat([alerts, incidents]))
    with pytest.raises(UsageError, match="rows may be left out, columns not"):
        evidence(alerts[["id", "title"]])
    with pytest.raises(UsageError):
        schema_report(pd.concat([alerts, incidents]))
    with pytest.raises(UsageError):
        schema_report(alerts[["id"]])


def test_the_report_counts_what_is_not_as_documented():
    """Unknown properties, wrong types, times that are none and unknown members are counted with their path."""
    odd = {
        **ALERT,
        "id": 5,
        "severity": "catastrophic",
        "status": "NEW",
        "createdDateTime": "0001-01-01T00:00:00Z",
        "resolvedDateTime": "soon",
        "invented": 1,
        "systemTags": [1],
    }
    alerts = read_records("alerts", [odd, {**odd, "id": "6"}])
    made = schema_report(alerts).set_index(["problem", "path"])
    assert made["count"].to_dict() == {
        ("filler time", "createdDateTime"): 2,
        ("no time", "resolvedDateTime"): 2,
        ("unknown enum member", "severity"): 2,
        ("unknown property", "invented"): 2,
        ("wrong type", "id"): 1,
        ("wrong type", "systemTags"): 2,
    }
    assert made.loc[("unknown enum member", "severity"), "value"] == "catastrophic"
    assert made.loc[("wrong type", "id"), "row"] == 0
    found = schema_report(evidence(read_records("alerts", [ALERT])))
    assert found["problem"].tolist() == ["unknown enum member", "unknown evidence type"]
    assert found["value"].tolist() == ["x", "robotEvidence"]


def test_the_report_looks_into_flattened_objects():
    """Inside objects that became columns, unknown and wrong values are found at their own path."""
    records = [
        {"id": "1", "userId": "u", "status": {"errorCode": "x", "new": 1}, "location": "here"},
        {"id": "2", "userId": "u", "status": {"errorCode": 1, "additionalDetails": None}, "location": None},
    ]
    made = schema_report(read_records("sign_ins", records))
    assert list(zip(made["problem"], made["path"], strict=True)) == [
        ("unknown property", "status.new"),
        ("wrong type", "location"),
        ("wrong type", "status.errorCode"),
    ]


def test_nothing_to_report():
    """Records as documented give an empty report with the same columns."""
    made = schema_report(read_records("alerts", [{"id": "1", "title": "x", "severity": "HIGH"}]))
    assert list(made.columns) == ["problem", "path", "value", "count", "row"]
    assert len(made) == 0
    assert len(schema_report(read_records("alerts", []))) == 0


def test_some_columns_are_as_in_all_of_them():
    """Reading a few columns gives the same values as reading all, and a column that evidence has not is refused."""
    alerts = read_records("alerts", [ALERT, {"id": "0", "title": "none"}, {**ALERT, "id": "2"}])
    few = evidence(alerts, columns=["user_account_user_principal_name", "verdict"])
    whole = evidence(alerts)
    pd.testing.assert_frame_equal(few, whole[list(few.columns)])
    assert "ip_address" not in few
    with pytest.raises(UsageError, match="no column colour"):
        evidence(alerts, columns=["colour", "verdict"])

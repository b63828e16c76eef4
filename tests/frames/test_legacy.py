"""Saved answers of the retired /security/alerts → alerts with evidence, and no value without a place."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from pandas.testing import assert_series_equal

from graphinvestigate import frames
from graphinvestigate.errors import BadFileError
from graphinvestigate.frames.legacy import RENAMED
from graphinvestigate.frames.legacy_states import PLACE, STATE, STATES
from graphinvestigate.frames.schema import LEGACY_COLUMNS
from graphinvestigate.linking import Entity, entity_graph

ALERT = {
    "id": "L1",
    "azureTenantId": "t1",
    "azureSubscriptionId": "s1",
    "activityGroupName": "Storm-1",
    "title": "Sign-in from an odd place",
    "description": "d",
    "category": "AnonymousLogin",
    "severity": "medium",
    "status": "newAlert",
    "assignedTo": "me@x.test",
    "feedback": "benignPositive",
    "confidence": 70,
    "createdDateTime": "2026-01-02T03:04:05.1234567Z",
    "eventDateTime": "2026-01-02T02:00:00Z",
    "lastModifiedDateTime": "2026-01-03T00:00:00Z",
    "closedDateTime": "2026-01-04T00:00:00Z",
    "comments": ["looked at"],
    "recommendedActions": ["Call them", "Reset the password"],
    "incidentIds": ["7"],
    "sourceMaterials": ["https://portal.test/a", "https://portal.test/b"],
    "tags": ["HVA"],
    "vendorInformation": {"provider": "IPC", "vendor": "Microsoft"},
    "userStates": [
        {"aadUserId": "u-1", "userPrincipalName": "ann@x.test", "logonIp": "203.0.113.9", "isVpn": True},
        {"accountName": "bob", "domainName": "X", "userPrincipalName": ""},
    ],
    "hostStates": [{"fqdn": "pc1.x.test", "netBiosName": "PC1", "publicIpAddress": "198.51.100.7", "os": "W"}],
    "networkConnections": [
        {
            "sourceAddress": "198.51.100.7",
            "destinationAddress": "203.0.113.80",
            "destinationDomain": "evil.test",
            "destinationUrl": "https://evil.test/a",
            "destinationPort": "443",
        }
    ],
    "vulnerabilityStates": [{"cve": "CVE-2026-1"}],
}


def read(*records):
    """The frame of these legacy alerts."""
    return frames.read_records("legacy_alerts", list(records))


def test_the_documented_map():
    """Each property stands in the column that Graph's migration guide names."""
    row = read(ALERT).iloc[0]
    expected = {
        "record_kind": "alert",
        "id": "L1",
        "tenant_id": "t1",
        "actor_display_name": "Storm-1",
        "title": "Sign-in from an odd place",
        "description": "d",
        "category": "AnonymousLogin",
        "severity": "medium",
        "status": "new",
        "assigned_to": "me@x.test",
        "classification": "informationalExpectedActivity",
        "created_date_time": pd.Timestamp("2026-01-02T03:04:05.1234567Z"),
        "first_activity_date_time": pd.Timestamp("2026-01-02T02:00:00Z"),
        "last_activity_date_time": pd.Timestamp("2026-01-02T02:00:00Z"),
        "last_update_date_time": pd.Timestamp("2026-01-03T00:00:00Z"),
        "resolved_date_time": pd.Timestamp("2026-01-04T00:00:00Z"),
        "comments": '[{"comment": "looked at"}]',
        "recommended_actions": "Call them\nReset the password",
        "incident_id": "7",
        "alert_web_url": "https://portal.test/a",
        "product_name": "IPC",
        "service_source": "azureAdIdentityProtection",
    }
    assert {name: row[name] for name in expected} == expected
    assert pd.isna(row["determination"])
    rest = ("azureSubscriptionId", "confidence", "sourceMaterials", "tags", "vendorInformation", "vulnerabilityStates")
    assert json.loads(row["additional_data"]) == {name: ALERT[name] for name in rest}


def test_what_is_no_renaming_stays_as_received():
    """Words without a counterpart are kept: nothing is made up of them."""
    made = read({**ALERT, "status": "dismissed", "feedback": "truePositive", "vendorInformation": {"provider": "ACME"}})
    row = made.iloc[0]
    assert (row["status"], row["classification"], row["product_name"]) == ("dismissed", "truePositive", "ACME")
    assert pd.isna(row["service_source"])
    made = read({**ALERT, "incidentIds": ["7", "8"], "lastEventDateTime": "2026-01-02T05:00:00Z"})
    assert made["incident_id"].tolist() == ["7"]
    assert json.loads(made["additional_data"][0])["incidentIds"] == ["7", "8"]
    assert (made["last_activity_date_time"] - made["first_activity_date_time"]).tolist() == [pd.Timedelta("3h")]


def test_states_are_evidence():
    """Users, hosts, addresses, domains and URLs of the state collections are rows of evidence with their place."""
    made = frames.evidence(read(ALERT))
    assert made["evidence_type"].tolist() == [
        *("userEvidence", "ipEvidence", "userEvidence", "deviceEvidence"),
        *("ipEvidence", "ipEvidence", "dnsEvidence", "urlEvidence"),
    ]
    assert set(made["alert_id"]) == {"L1"}
    assert made["tenant_id"].tolist() == ["t1"] * 8
    first = made.iloc[0]
    assert first["user_account_azure_ad_user_id"] == "u-1"
    assert first["user_account_user_principal_name"] == "ann@x.test"
    assert pd.isna(made["user_account_user_principal_name"][2])
    assert made["user_account_account_name"][2] == "bob"
    assert (made["device_dns_name"][3], made["host_name"][3]) == ("pc1.x.test", "PC1")
    assert made["last_external_ip_address"][3] == "198.51.100.7"
    assert made["ip_address"].dropna().tolist() == ["203.0.113.9", "198.51.100.7", "203.0.113.80"]
    assert [*map(list, made["roles"].dropna())] == [["source"], ["destination"], ["destination"], ["destination"]]
    assert (made["domain_name"][6], made["url"][7]) == ("evil.test", "https://evil.test/a")
    said = [json.loads(raw) for raw in made["raw"]]
    assert [item[PLACE] for item in said[:4]] == ["userStates[0]", "userStates[0]", "userStates[1]", "hostStates[0]"]
    assert said[0][STATE] == said[1][STATE] == ALERT["userStates"][0]


@pytest.mark.parametrize(
    ("kind", "column"),
    [("sha256", "sha256"), ("SHA1", "sha1"), ("md5", "md5"), ("authenticodeHash256", "sha256_ac"), ("lsHash", None)],
)
def test_hashes(kind, column):
    """A file's hash stands in the column of its kind; a kind that evidence has no column for stays in `raw`."""
    state = {"name": "a.exe", "path": "c:\\", "fileHash": {"hashType": kind, "hashValue": "ab12"}}
    made = frames.evidence(read({**ALERT, "fileStates": [state], "processes": [{**state, "processId": 7}]}))
    files = made[made["evidence_type"].isin(["fileEvidence", "processEvidence"])]
    found = {name: files[name].dropna().tolist() for name in files.columns if re.fullmatch(r".*(sha\w+|md5)", name)}
    want = {f"file_details_{column}": ["ab12"], f"image_file_{column}": ["ab12"]} if column else {}
    assert {name: values for name, values in found.items() if values} == want
    assert files["image_file_file_name"].dropna().tolist() == ["a.exe"]
    assert files["process_id"].dropna().tolist() == [7]
    assert json.loads(files["raw"].iloc[0])[STATE] == state


def test_they_are_linked_like_alerts():
    """The entity graph of a legacy alert holds the user, the host and the addresses that its states name."""
    g = entity_graph(alerts=read(ALERT))
    assert Entity("user", "u-1") in g
    assert Entity("ip", "203.0.113.9") in g
    assert any(node.kind == "host" and "pc1.x.test" in node.key for node in g)


def check_places(record, row, evidence):
    """Every property of a legacy alert is in a column, in the evidence, or in `additional_data`."""
    rest = json.loads(row["additional_data"]) if isinstance(row["additional_data"], str) else {}
    for name, value in record.items():
        if name in RENAMED or name in rest or value in (None, []):
            assert rest.get(name, value) == value
            continue
        if name in STATES:
            states = {item[PLACE]: item[STATE] for item in evidence}
            assert [states[f"{name}[{at}]"] for at in range(len(value))] == value
            continue
        column = {"feedback": "classification", "status": "status", "comments": "comments"}.get(name, "")
        column = column or {"recommendedActions": "recommended_actions", "incidentIds": "incident_id"}.get(name, "")
        column = column or {"sourceMaterials": "alert_web_url"}[name]
        assert isinstance(row[column], str), name


def test_every_payload_reads_completely(shared_dir):
    """Each documented legacy payload gives every record, every value and every state."""
    paths = sorted((shared_dir / "graph" / "examples").glob("legacyAlert*.json"))
    assert len(paths) == 4
    for path in paths:
        document = json.loads(path.read_text())
        records = document.get("value", [document])
        made = frames.read_records("legacy_alerts", path)
        assert [json.loads(raw) for raw in made["raw"]] == records
        evidence = frames.evidence(made)
        for record, row in zip(records, made.to_dict("records"), strict=True):
            mine = evidence[evidence["alert_id"] == row["id"]] if "id" in record else evidence
            check_places(record, row, [json.loads(raw) for raw in mine["raw"]])


def test_every_documented_property_has_a_place(shared_dir, full_value):
    """All properties that Graph's metadata gives a legacy alert, all set, are found again."""
    types = json.loads((shared_dir / "graph" / "schema.json").read_text())["v1.0"]
    record = full_value(types, "microsoft.graph.alert", 3)
    assert {column.path[0] for column in LEGACY_COLUMNS} <= set(record)
    assert set(RENAMED) | set(STATES) <= set(record)
    made = read(record)
    items = [json.loads(raw) for raw in frames.evidence(made)["raw"]]
    check_places(record, made.iloc[0].to_dict(), items)
    assert {item[PLACE].partition("[")[0] for item in items} == set(STATES)
    rules = {rule.type for rules in STATES.values() for rule in rules}
    assert set(frames.evidence(made)["evidence_type"]) == rules <= set(frames.EVIDENCE.types)
    columns = {column.path for column in frames.EVIDENCE.columns}
    for rule in (rule for rules in STATES.values() for rule in rules):
        assert {tuple(path.split(".")) for path in rule.paths.values()} <= columns


def test_the_same_columns_as_alerts():
    """A frame of legacy alerts and one of alerts are one table: same columns, same dtypes."""
    assert_series_equal(read(ALERT).dtypes, frames.read_records("alerts", []).dtypes)
    assert_series_equal(frames.read_records("legacy_alerts", b"[]").dtypes, frames.read_records("alerts", []).dtypes)
    both = pd.concat([read(ALERT), frames.read_records("alerts", [{"id": "1", "title": "x"}])], ignore_index=True)
    assert frames.evidence(both)["alert_id"].unique().tolist() == ["L1"]


def test_raw_is_as_received():
    """`raw` is the legacy alert byte for byte, and of several versions the newest stays."""
    text = '{ "id":"L1", "azureTenantId":"t", "eventDateTime":"x",\n"confidence": 1.50, "lastModifiedDateTime":"%s"}'
    texts = [text % "2026-01-02T00:00:00Z", text % "2026-01-01T00:00:00Z"]
    made = frames.read_records("legacy_alerts", ('{"value":[' + ",".join(texts) + "]}").encode())
    assert made["raw"].tolist() == texts[:1]
    assert made.attrs["dropped_duplicates"] == 1
    assert made["additional_data"].tolist() == ['{"confidence":1.50}']


def test_the_report_knows_legacy_alerts():
    """The schema report compares a legacy alert with what is documented for it, not for alerts."""
    made = frames.schema_report(read({**ALERT, "colour": 1, "confidence": "much", "severity": "huge"}))
    assert list(zip(made["problem"], made["path"], strict=True)) == [
        ("unknown enum member", "severity"),
        ("unknown property", "colour"),
        ("wrong type", "confidence"),
    ]
    assert len(frames.schema_report(frames.evidence(read(ALERT)))) == 0


def test_alerts_are_no_legacy_alerts():
    """An answer of today's alerts is refused as legacy alerts, with the right kind named."""
    alert = {"id": "1", "evidence": [], "serviceSource": "x", "firstActivityDateTime": None, "title": "t"}
    with pytest.raises(BadFileError, match=r'look like alerts: read_records\("alerts"'):
        read(alert)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["\ud800", 10**400, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc\ud800"), inner, max_size=2),
    max_leaves=5,
)
NAMES = [column.path[0] for column in LEGACY_COLUMNS]
STATE_NAMES = sorted({name for rules in STATES.values() for rule in rules for name in rule.paths} | {"fileHash"})
STATE_VALUES = st.dictionaries(st.sampled_from(STATE_NAMES), ANYTHING, max_size=4) | ANYTHING
RECORDS = st.dictionaries(st.sampled_from([*NAMES, "new"]), ANYTHING | st.lists(STATE_VALUES, max_size=3), max_size=8)


@settings(max_examples=150)
@given(RECORDS)
def test_any_object_is_a_legacy_alert(record):
    """Whatever its properties hold, a legacy alert makes one row, is in `raw`, and loses no state."""
    made = frames.read_records("legacy_alerts", [{"vendorInformation": {}, **record}])
    assert json.loads(made["raw"][0]) == {"vendorInformation": {}, **record}
    evidence = frames.evidence(made)
    rest = json.loads(made["additional_data"][0]) if isinstance(made["additional_data"][0], str) else {}
    places = {json.loads(raw)[PLACE] for raw in evidence["raw"]}
    for name in STATES:
        states = record.get(name)
        if states not in (None, []):
            whole = isinstance(states, list) and all(f"{name}[{at}]" in places for at in range(len(states)))
            assert whole or rest[name] == states

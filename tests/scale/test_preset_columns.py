"""What single columns of the tables mean, word for word: identifiers, enumerations, times, numbers, lists."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import evidence
from graphinvestigate.linking import Entity, Record
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.expressions import edges
from graphinvestigate.scale.presets import read_table
from graphinvestigate.scale.presets.at_scale import table_mentions
from graphinvestigate.scale.presets.entities import evidence_of
from graphinvestigate.scale.presets.sentinel import sentinel_graph
from graphinvestigate.scale.presets.words import detector, service
from tests.scale.preset_rows import ALICE, AT, DEVICE, HASH, HOUR, TENANT, of_device, sign_in


def account(**own):
    """The user of an alert whose only entity is this account."""
    return evidence_of([{"Type": "account", **own}])[0]["userAccount"]


def row_of_evidence(**own):
    """The evidence item that one row of AlertEvidence makes."""
    made = read_table("AlertEvidence", [{"AlertId": "da1", "Type": "AlertEvidence", "TimeGenerated": AT, **own}])
    return json.loads(made["raw"].iloc[0])["evidence"][0]


def test_an_account_has_one_domain():
    """A name and its suffix make a principal name; a name that has its domain already gets no second one."""
    assert account(Name="alice", UPNSuffix="example.org")["userPrincipalName"] == "alice@example.org"
    whole = account(Name="alice@example.org", UPNSuffix="example.org")
    assert whole["userPrincipalName"] == "alice@example.org"
    assert account(Name="alice@example.org")["userPrincipalName"] == "alice@example.org"
    assert "userPrincipalName" not in account(Name="alice")


def test_entities_are_found_at_any_depth():
    """A reference may point into another entity; a host's full name counts before one put together of its parts."""
    parent = {"$id": "9", "ProcessId": "4", "Host": {"$id": "3", "HostName": "pc", "Type": "host"}, "Type": "process"}
    items = evidence_of([{"$id": "8", "ProcessId": "5", "ParentProcess": parent, "Type": "process"}, {"$ref": "3"}])
    assert [item["@odata.type"].rpartition(".")[2] for item in items] == ["processEvidence", "deviceEvidence"]
    host = evidence_of([{"Type": "host", "HostName": "pc", "DnsDomain": "a.example", "FQDN": "pc.b.example"}])[0]
    assert host["deviceDnsName"] == "pc.b.example"
    on = {"$id": "1", "Type": "host", "MdatpDeviceId": DEVICE}
    assert evidence_of([on, {"Type": "file", "Name": "x", "Host": {"$ref": "1"}}])[1]["mdeDeviceId"] == DEVICE


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"EntityType": "User", "AccountObjectId": ALICE}, "userEvidence"),
        ({"EntityType": "Hash", "Value": HASH}, "fileHashEvidence"),
        ({"EntityType": "CloudResource", "ResourceID": "/subscriptions/s"}, "azureResourceEvidence"),
        ({"EntityType": "Malware", "ThreatFamily": "Emo"}, "malwareEvidence"),
    ],
)
def test_a_row_of_evidence_is_what_its_entity_type_says(own, expected):
    """Not what `Type` says, which in Sentinel is the table's own name."""
    item = row_of_evidence(**own)
    assert item["@odata.type"] == f"#microsoft.graph.security.{expected}"
    assert set(item) - {"@odata.type", "detailedRoles"}
    assert not {"Type", "EntityType"} & set(item)


def test_evidence_says_what_its_alert_is():
    """Without AlertInfo the alert has the title, severity, category, techniques and product that its evidence tells."""
    row = {
        "AlertId": "da1",
        "Timestamp": AT,
        "EntityType": "Ip",
        "RemoteIP": "203.0.113.7",
        "Title": "t",
        "Severity": "High",
        "Categories": '["InitialAccess", "Execution"]',
        "DetectionSource": "EDR",
        "ServiceSource": "Microsoft Defender for Endpoint",
        "AttackTechniques": '["Cloud Accounts (T1078.004)"]',
    }
    alert = read_table("AlertEvidence", [row, {**row, "RemoteIP": "203.0.113.8"}], tenant=TENANT).iloc[0]
    assert (alert["title"], alert["severity"], alert["category"]) == ("t", "high", "InitialAccess")
    assert (alert["mitre_techniques"], alert["created_date_time"]) == (["T1078.004"], pd.Timestamp(AT))
    assert (alert["product_name"], alert["service_source"]) == (row["ServiceSource"], "microsoftDefenderForEndpoint")
    assert (alert["detection_source"], alert["tenant_id"]) == ("microsoftDefenderForEndpoint", TENANT)
    assert len(evidence(pd.DataFrame([alert]))) == 2


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Custom TI", "customTi"),
        ("Microsoft 365 Defender", "microsoft365Defender"),
        ("EDR", "microsoftDefenderForEndpoint"),
        ("AAD Identity Protection", "azureAdIdentityProtection"),
        ("Something new", "Something new"),
    ],
)
def test_detectors_and_techniques_are_those_of_graph(said, expected):
    """What hunting writes for people becomes the members of Graph's enumerations, and techniques their ids."""
    row = {"AlertId": "a", "Timestamp": AT, "DetectionSource": said, "ServiceSource": said}
    named = '["Valid Accounts (T1078)", "Cloud Accounts (T1078.004)", "Own words"]'
    alert = read_table("AlertInfo", [{**row, "AttackTechniques": named}]).iloc[0]
    assert alert["detection_source"] == expected
    assert alert["product_name"] == said
    assert pd.isna(alert["service_source"]) == (said in ("Custom TI", "EDR", "Something new"))
    assert alert["mitre_techniques"] == ["T1078", "T1078.004", "Own words"]


def test_every_product_and_detector_that_graph_knows_is_found():
    """A product's name in words is the member of Graph's enumeration, also of those that came last."""
    row = {"AlertId": "da1", "ServiceSource": "Microsoft Security for AI", "DetectionSource": "Security Copilot"}
    (alert,) = read_table("AlertInfo", [row]).itertuples()
    assert (alert.service_source, alert.detection_source) == ("microsoftSecurityForAI", "securityCopilot")
    assert (alert.product_name, service("Unknown"), detector("Unknown")) == (row["ServiceSource"], None, "Unknown")


def test_columns_of_a_security_alert():
    """Tactics, finer techniques and steps are read; of two rows of one alert the later one counts."""
    row = {
        "SystemAlertId": "s-1",
        "AlertName": "t",
        "TimeGenerated": AT,
        "ProcessingEndTime": AT + HOUR,
        "Status": "Resolved",
        "Tactics": "InitialAccess,, Execution,",
        "Techniques": '["T1078"]',
        "SubTechniques": '["T1078.004"]',
        "RemediationSteps": '["One", "Two"]',
        "ProductName": "Azure Sentinel",
    }
    made = read_table("SecurityAlert", [row, {**row, "ProcessingEndTime": AT, "Status": "New"}])
    assert (made["status"].tolist(), made.attrs["dropped_duplicates"]) == (["resolved"], 1)
    alert = made.iloc[0]
    assert (alert["category"], alert["categories"]) == ("InitialAccess", ["InitialAccess", "Execution"])
    assert alert["mitre_techniques"] == ["T1078", "T1078.004"]
    assert (alert["recommended_actions"], alert["service_source"]) == ("One\nTwo", "microsoftSentinel")


def test_sentinels_own_incidents_are_none_of_defenders():
    """Both are counted from 1: only what Defender counted has the number that Graph knows it by."""
    row = {"IncidentName": "6dfa10b7", "ProviderIncidentId": "4711", "Title": "t", "LastModifiedTime": AT}
    ids = {
        name: read_table("SecurityIncident", [{**row, "ProviderName": name}])["id"].iloc[0]
        for name in ("Azure Sentinel", "Microsoft Sentinel", "Microsoft 365 Defender", "Microsoft XDR", None)
    }
    assert [*ids.values()] == ["6dfa10b7", "6dfa10b7", "4711", "4711", "4711"]


def test_incidents_hold_the_alerts_that_they_name():
    """By Sentinel's ids, which only SecurityAlert knows: the alerts have Graph's there, and the latest row counts."""
    alert = {
        "SystemAlertId": "AA-1",
        "AlertLink": "https://security.microsoft.com/alerts/da1?tid=x",
        "AlertName": "new",
        "TimeGenerated": AT,
        "ProcessingEndTime": AT + HOUR,
    }
    rows = [alert, {**alert, "AlertName": "old", "ProcessingEndTime": AT}, {**alert, "SystemAlertId": "bb-2"}]
    incident = {"ProviderIncidentId": "4711", "Title": "t", "LastModifiedTime": AT, "AlertIds": '["aa-1", "cc-3"]'}
    with pytest.warns(UserWarning, match="1 left out: alerts that incidents name"):
        made = read_table("SecurityIncident", [incident], alerts=pd.DataFrame(rows), tenant=TENANT)
    held = json.loads(made["raw"].iloc[0])["alerts"]
    assert [(one["id"], one["title"]) for one in held] == [("da1", "new")]
    assert "@row" not in held[0]  # as Graph's; the row of the incident has its own
    g = gi.entity_graph(incidents=made, alerts=read_table("SecurityAlert", rows[:1], tenant=TENANT))
    links = g.get_edge_data(Record("incident", "4711"), Record("alert", "da1"))
    assert [one["relation"] for one in links.values()] == ["contains_alert"]
    assert len([node for node in g if isinstance(node, Record)]) == 2
    without = read_table("SecurityIncident", [{**incident, "AlertIds": None}], alerts=rows)
    assert without.attrs["left_out"] == {}
    with pytest.raises(UsageError, match="alerts= goes with SecurityIncident"):
        read_table("SecurityAlert", rows, alerts=rows)
    with pytest.raises(UsageError, match="no column SystemAlertId"):
        read_table("SecurityIncident", [incident], alerts=[{"AlertName": "t"}])


def test_columns_of_a_sign_in():
    """When it was made counts before when the table got it; the kind, named networks and codes are kept."""
    networks = [{"networkType": "trustedNamedLocation", "networkNames": ["Office"]}]
    row = sign_in(
        TimeGenerated=AT + HOUR, NetworkLocationDetails=json.dumps(networks), ResultType=True, IsInteractive=1.0
    )
    made = read_table("AADNonInteractiveUserSignInLogs", [row])
    one = made.iloc[0]
    assert one["created_date_time"] == pd.Timestamp(AT)
    assert one["sign_in_event_types"] == ["nonInteractiveUser"]
    assert one["is_interactive"]
    assert json.loads(one["network_location_details"]) == networks
    assert pd.isna(one["status_error_code"])
    assert "status" not in json.loads(one["raw"])  # (a bool is no code)
    zoned = pd.DataFrame([row]).assign(CreatedDateTime=pd.Series([pd.Timestamp("2026-02-03T10:00:00+05:00")]))
    read = read_table("AADNonInteractiveUserSignInLogs", zoned)["created_date_time"].iloc[0]
    assert read == pd.Timestamp("2026-02-03T05:00:00Z")


def test_identifiers_that_an_engine_reads():
    """Well-known SIDs name nobody; every private range is of the tenant; the strongest identifier comes first."""
    private = ["127.0.0.1", "10.1.1.1", "172.16.0.1", "172.31.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1"]
    public = ["128.0.0.1", "172.32.0.1", "172.15.0.1", "100.63.0.1", "11.1.1.1"]
    rows = [
        {"Timestamp": AT + n * HOUR, "DeviceId": DEVICE, "ReportId": str(n), "AccountSid": "S-1-5-18", "RemoteIP": ip}
        for n, ip in enumerate([*private, *public])
    ]
    rows[0] |= {"AccountObjectId": ALICE, "AccountUpn": "alice@example.org"}
    rows[1] |= {"AccountSid": "S-1-5-21-1-2-3-4"}
    engine = engine_for("duckdb")
    said = engine.kept(table_mentions("DeviceLogonEvents", engine.table(pa.Table.from_pylist(rows)), tenant=TENANT))
    found = engine.arrow(said).to_pylist()
    assert [row["identifier"] for row in found if row["identifier_type"] == "sid"] == ["S-1-5-21-1-2-3-4"]
    types = {row["identifier"].rpartition("/")[2]: row["identifier_type"] for row in found if row["kind"] == "ip"}
    assert types == dict.fromkeys(private, "private_ip") | dict.fromkeys(public, "ip")
    assert {row["strongest"] for row in found if row["identifier"] == "alice@example.org"} == {
        f"user|object_id|{ALICE}"
    }
    nodes = engine.arrow(sentinel_graph(edges(said))[0]).to_pylist()
    host = next(node for node in nodes if node["type"] == "host")
    assert host["last_seen"] - host["first_seen"] == (len(rows) - 1) * 3600 * 10**6


def test_a_sentinel_row_is_in_the_graph():
    """A row of AlertEvidence out of Sentinel, with all columns that Sentinel adds, links its alert to the user."""
    row = {
        "AlertId": "da1",
        "TimeGenerated": AT,
        "Type": "AlertEvidence",
        "EntityType": "User",
        "AccountObjectId": ALICE,
    }
    g = gi.entity_graph(alerts=read_table("AlertEvidence", [row], tenant=TENANT))
    assert g.has_edge(Record("alert", "da1"), Entity("user", ALICE)) or g.has_edge(
        Entity("user", ALICE), Record("alert", "da1")
    )


def test_a_saved_answer_of_graph_is_no_table(make_lake):
    """In a lake the later of two versions counts, whether it was pulled or saved; a table's row before neither."""
    alert = {"id": "da1", "createdDateTime": "2026-02-03T10:00:00Z", "title": "old", "tenantId": TENANT}
    old = gi.read_records("alerts", [alert | {"lastUpdateDateTime": "2026-02-03T10:00:00Z"}]).assign(pull_id="p1")
    new = gi.read_records("alerts", [alert | {"lastUpdateDateTime": "2026-02-04T10:00:00Z", "title": "new"}])
    assert new["pull_id"].str.contains("@").all()
    row = {"AlertId": "da1", "Title": "table", "Timestamp": AT, "EntityType": "Ip", "RemoteIP": "203.0.113.7"}
    tables = [read_table(name, [row], tenant=TENANT) for name in ("AlertInfo", "AlertEvidence")]
    for number, order in enumerate(([old, new, *tables], [*tables, new, old])):
        lake = make_lake(f"order{number}", tenant=TENANT)
        for frame in order:
            lake.add(frame)
        assert lake.alerts()["title"].tolist() == ["new"]


def test_of_two_rows_the_one_that_the_table_got_last_counts():
    """Also where rows say no time of change, in whatever order an engine gives them; others stay where they are."""
    rows = [sign_in(Id="s", TimeGenerated=AT + n * HOUR / 4000, RiskState=str(n)) for n in range(3)]
    other = sign_in(Id="t")
    for order in ([*rows, other], [*rows[::-1], other], [rows[1], rows[2], rows[0], other]):
        made = read_table("SigninLogs", order)
        assert made["id"].tolist() == ["s", "t"]
        assert made["risk_state"].iloc[0] == "2"
        assert made.attrs["dropped_duplicates"] == 2
    info = [{"AlertId": "a", "Title": str(n), "Timestamp": AT + n * HOUR} for n in (1, 0)]
    made = read_table("AlertInfo", info, evidence=[{"AlertId": "a", "EntityType": "Ip", "RemoteIP": "203.0.113.7"}])
    assert made["title"].tolist() == ["1"]
    assert len(evidence(made)) == 1
    entities = '[{"Type": "ip", "Address": "203.0.113.7"}]'
    assert len(evidence(read_table("SecurityAlert", [{"SystemAlertId": "s-1", "Entities": entities}]))) == 1


def test_a_row_without_its_time_has_the_one_that_the_table_got_it(engine):
    """Row by row, not for whole columns; of events as of records, and where they lie as here."""
    rows = [of_device(Timestamp=None, TimeGenerated=AT), of_device(TimeGenerated=AT + HOUR), of_device(Timestamp=None)]
    times = read_table("DeviceLogonEvents", rows)["date_time"]
    assert times.tolist() == [pd.Timestamp(AT), pd.Timestamp(AT), pd.NaT]
    for name, made in (("DeviceLogonEvents", rows), ("SigninLogs", [sign_in(CreatedDateTime=None), sign_in(Id="s-2")])):
        columns = ("Timestamp", "CreatedDateTime", "TimeGenerated", "Id", "ReportId", "DeviceId", "UserId")
        table = pa.Table.from_pylist([{one: row[one] for one in columns if one in row} for row in made])
        found = engine.arrow(table_mentions(name, engine.table(table)))["lake_at"].to_pylist()
        assert set(found) == {pd.Timestamp(AT).value // 1000, *([None] * (name == "DeviceLogonEvents"))}

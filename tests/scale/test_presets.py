"""Sentinel's and advanced hunting's tables: the same records, mentions and links as through Graph."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime

import duckdb
import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.frames import EVIDENCE, RESOURCES, evidence
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.mentions import mentions
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.presets import read_table
from graphinvestigate.scale.presets.at_scale import table_mentions
from graphinvestigate.scale.presets.declared import EVENTS, RECORDS
from graphinvestigate.scale.presets.entities import evidence_of

TENANT = "11111111-0000-4000-8000-000000000001"
WORKSPACE = "99999999-9999-4999-8999-999999999999"
DEVICE = "0123456789" * 4
NAIVE = pd.Timestamp("2026-02-03T10:00:00")  # as Kusto gives times: UTC, without saying so
OBJECT = "aaaaaaaa-0000-4000-8000-00000000000a"
ENTITIES = [
    {"$id": "2", "Name": "alice", "UPNSuffix": "example.org", "AadUserId": OBJECT, "Type": "account"},
    {"$id": "3", "HostName": "LAPTOP-7", "DnsDomain": "corp.example.org", "MdatpDeviceId": DEVICE, "Type": "host"},
    {"$id": "4", "Address": "203.0.113.7", "Type": "ip"},
    {
        "$id": "5",
        "Directory": "C:\\Temp",
        "Name": "x.exe",
        "Type": "file",
        "FileHashes": [{"$ref": "6"}, {"$id": "7", "Algorithm": "SHA1", "Value": "AB" * 20, "Type": "filehash"}],
    },
    {"$id": "6", "Algorithm": "SHA256", "Value": "CD" * 32, "Type": "filehash"},
    {
        "$id": "8",
        "ProcessId": "0x1f4",
        "CommandLine": "x.exe -q",
        "CreationTimeUtc": "2026-02-03T10:00:00Z",
        "ImageFile": {"$ref": "5"},
        "Account": {"$ref": "2"},
        "Host": {"$ref": "3"},
        "Type": "process",
        "ParentProcess": {"$id": "9", "ProcessId": "4", "CreationTimeUtc": "2026-02-03T09:00:00Z", "Type": "process"},
    },
    {"$ref": "4"},
    {"$id": "10", "Url": "https://evil.example.net/a", "Type": "url"},
    {"$id": "11", "MailboxPrimaryAddress": "alice@example.org", "Upn": "alice@example.org", "Type": "mailbox"},
    {
        "$id": "12",
        "NetworkMessageId": "n-1",
        "Recipient": "alice@example.org",
        "P1Sender": "a@evil.example.net",
        "Type": "mailMessage",
    },
    {"$id": "13", "ResourceId": "/subscriptions/s/resourceGroups/r", "Type": "azure-resource"},
    {"$id": "14", "Something": {"$ref": "2"}, "Type": "brand-new"},
]


def security_alert(**own):
    """A row of SecurityAlert."""
    return {
        "TenantId": WORKSPACE,
        "SystemAlertId": "s-1",
        "VendorOriginalId": "v-1",
        "DisplayName": "A title",
        "AlertSeverity": "High",
        "Status": "Dismissed",
        "StartTime": datetime(2026, 2, 3, 10, tzinfo=UTC),
        "EndTime": datetime(2026, 2, 3, 11, tzinfo=UTC),
        "TimeGenerated": datetime(2026, 2, 3, 12, tzinfo=UTC),
        "AlertLink": "https://security.microsoft.com/alerts/da1?tid=x",
        "Tactics": "InitialAccess, Execution",
        "Techniques": '["T1078"]',
        "Entities": json.dumps(ENTITIES),
        "ProductName": "Microsoft Defender",
        "ExtendedProperties": '{"a": "b"}',
    } | own


def as_rows(records, interactive):
    """Sign-ins of Graph as SigninLogs has them: names with capitals, times as times, objects as dynamic cells."""
    rows = []
    for record in records:
        row = {name[:1].upper() + name[1:]: value for name, value in record.items() if "@" not in name}
        row |= {
            "TenantId": WORKSPACE,
            "AADTenantId": record.get("resourceTenantId"),
            "IPAddress": record.get("ipAddress"),
            "TimeGenerated": pd.Timestamp(record["createdDateTime"]),
            "CreatedDateTime": pd.Timestamp(record["createdDateTime"]),
            "ResultType": str((record.get("status") or {}).get("errorCode")),
            "ResourceIdentity": record.get("resourceId"),
            "ResourceId": "/tenants/x/providers/Microsoft.aadiam",
            "LocationDetails": record.get("location"),
            "Location": (record.get("location") or {}).get("countryOrRegion"),
        }
        if not interactive:  # there, dynamic cells come as texts
            row |= {name: json.dumps(row.get(name)) for name in ("Status", "LocationDetails", "DeviceDetail")}
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def sign_ins(world):
    """Sign-ins through Graph, and the same as rows of both tables."""
    listed = gi.list_sign_ins(world.client, since="6d", event_types=["interactive", "nonInteractive"])
    records = [json.loads(text) for text in listed["raw"]]
    kinds = {
        True: [r for r in records if r.get("isInteractive")],
        False: [r for r in records if not r.get("isInteractive")],
    }
    assert all(len(kind) > 20 for kind in kinds.values())
    tables = {"SigninLogs": as_rows(kinds[True], True), "AADNonInteractiveUserSignInLogs": as_rows(kinds[False], False)}
    return listed, tables


def test_a_sign_in_is_the_same_through_graph_and_through_a_table(world, sign_ins):
    """Ids, times, users, addresses, places, status and risk are those of Graph, and the graph has not one node more."""
    listed, tables = sign_ins
    read = pd.concat(
        [read_table(name, pd.DataFrame(rows), tenant=world.client.tenant_id) for name, rows in tables.items()]
    )
    same = [
        "created_date_time",
        "user_id",
        "user_principal_name",
        "user_display_name",
        "ip_address",
        "app_id",
        "app_display_name",
        "is_interactive",
        "correlation_id",
        "status_error_code",
        "location_city",
        "location_country_or_region",
        "device_detail_device_id",
        "risk_state",
        "risk_level_during_sign_in",
        "resource_display_name",
        "resource_id",
        "client_app_used",
        "conditional_access_status",
    ]
    left, right = listed.set_index("id")[same].sort_index(), read.set_index("id")[same].sort_index()
    pd.testing.assert_frame_equal(left, right)
    assert listed[same].notna().any().all()
    one = gi.entity_graph(sign_ins=listed, tenant=world.client.tenant_id)
    both = gi.entity_graph(records=[listed, read], tenant=world.client.tenant_id)
    assert set(both) == set(one)
    assert set(both.edges(keys=True)) == set(one.edges(keys=True))


def test_a_lake_holds_it_once(world, sign_ins, make_lake):
    """A sign-in that came from Graph and from a table is in a lake once."""
    listed, tables = sign_ins
    lake = make_lake(tenant=world.client.tenant_id)
    lake.add(listed)
    for name, rows in tables.items():
        lake.add(read_table(name, rows, tenant=world.client.tenant_id))
    assert sorted(lake.records("sign_ins")["id"]) == sorted(listed["id"])


def test_every_form_of_rows_reads_alike(sign_ins, tmp_path, spark):
    """pandas, Arrow, DuckDB, Spark, Parquet files and plain rows give the same records."""
    rows = [
        {
            name: row.get(name)
            for name in ("Id", "CreatedDateTime", "UserId", "IPAddress", "LocationDetails", "ResultType")
        }
        for row in sign_ins[1]["SigninLogs"][:20]
    ]
    table = pa.Table.from_pylist(
        [row | {"CreatedDateTime": row["CreatedDateTime"].floor("us").to_pydatetime()} for row in rows]
    )
    pq.write_table(table.slice(0, 7), tmp_path / "a.parquet")
    pq.write_table(table.slice(7), tmp_path / "b.parquet")
    cells = [
        (
            row["Id"],
            row["CreatedDateTime"].floor("us").to_pydatetime(),
            row["UserId"],
            row["IPAddress"],
            json.dumps(row["LocationDetails"]),
            row["ResultType"],
        )
        for row in rows
    ]
    forms = {
        "rows": rows,
        "pandas": pd.DataFrame(rows),
        "arrow": table,
        "duckdb": duckdb.connect().from_arrow(table),
        "files": str(tmp_path / "*.parquet"),
        "spark": spark.createDataFrame(
            cells,
            "Id string, CreatedDateTime timestamp, UserId string, IPAddress string, LocationDetails string, "
            "ResultType string",
        ),
    }
    expected = read_table("SigninLogs", rows).drop(columns=["raw", "pull_id"])
    for name, form in forms.items():
        made = read_table("SigninLogs", form).drop(columns=["raw", "pull_id"])
        # Spark's and Arrow's times have microseconds.
        times = expected["created_date_time"].dt.floor("us")
        assert (made["created_date_time"].dt.floor("us") == times).all(), name
        pd.testing.assert_frame_equal(
            made.drop(columns="created_date_time"), expected.drop(columns="created_date_time"), obj=name
        )


def test_entities_that_point_at_each_other_become_evidence():
    """An alert's entities, `$ref`s followed, are evidence of the documented types, one per entity of the list."""
    items = evidence_of(json.dumps(ENTITIES))
    kinds = [item["@odata.type"].rpartition(".")[2] for item in items]
    assert kinds == [
        "userEvidence",
        "deviceEvidence",
        "ipEvidence",
        "fileEvidence",
        "fileHashEvidence",
        "processEvidence",
        "ipEvidence",
        "urlEvidence",
        "mailboxEvidence",
        "analyzedMessageEvidence",
        "azureResourceEvidence",
        "brandnewEvidence",
    ]
    process = items[5]
    assert process["userAccount"]["azureAdUserId"] == OBJECT
    assert process["imageFile"] == {"fileName": "x.exe", "filePath": "C:\\Temp", "sha1": "AB" * 20, "sha256": "CD" * 32}
    assert process["mdeDeviceId"] == DEVICE
    assert process["processId"] == 0x1F4
    assert process["parentProcessCreationDateTime"] == "2026-02-03T09:00:00Z"
    assert items[1]["deviceDnsName"] == "LAPTOP-7.corp.example.org"
    assert items[-1]["Something"] == {"$ref": "2"}
    assert [item["@entity"] for item in items] == [*ENTITIES[:6], ENTITIES[2], *ENTITIES[7:]]


@pytest.mark.parametrize(
    "cell",
    [
        None,
        "",
        "[",
        "5",
        "{}",
        '[{"$ref": "7"}]',
        '[{"$id": "1", "A": {"$ref": "1"}, "Type": "host"}]',
        "[[1], null]",
        {"a": 1},
    ],
)
def test_entities_of_any_form_raise_nothing(cell):
    """Entities that are missing, broken, or point at themselves or at nothing give what evidence there is."""
    assert len(evidence_of(cell)) <= 1
    unread = cell in ("[", "5", {"a": 1})
    with pytest.warns(UserWarning, match="1 left out: Entities") if unread else nullcontext():
        made = read_table("SecurityAlert", [security_alert(Entities=cell)])
    assert [*made.attrs["left_out"].values()] == [1] * unread
    assert len(made) == 1
    assert len(evidence(made)) <= 1


def test_a_security_alert_is_the_alert_that_graph_knows():
    """An alert of Defender has Graph's id, times, severity, tactics and evidence; the workspace is not its tenant."""
    made = read_table("SecurityAlert", [security_alert()], tenant=TENANT)
    alert = made.iloc[0]
    assert alert["id"] == "da1"
    assert alert["provider_alert_id"] == "v-1"
    assert (alert["title"], alert["severity"], alert["status"]) == ("A title", "high", "resolved")
    assert alert["first_activity_date_time"] == pd.Timestamp("2026-02-03T10:00:00Z")
    assert alert["created_date_time"] == pd.Timestamp("2026-02-03T12:00:00Z")
    assert alert["categories"] == ["InitialAccess", "Execution"]
    assert alert["mitre_techniques"] == ["T1078"]
    assert alert["tenant_id"] == TENANT
    assert json.loads(alert["raw"])["@row"]["SystemAlertId"] == "s-1"
    g = gi.entity_graph(alerts=made)
    named = {entity for entity in g if isinstance(entity, Entity)}
    assert {Entity("user", OBJECT), Entity("host", DEVICE), Entity("ip", "203.0.113.7")} <= named
    assert nx.is_weakly_connected(g)
    for link, vendor, right in (("https://portal.azure.com/x", "v", "v"), (None, "v", "v"), (None, None, "s-1")):
        assert read_table("SecurityAlert", [security_alert(AlertLink=link, VendorOriginalId=vendor)])[
            "id"
        ].tolist() == [right]


def test_incidents_risk_users_and_audits():
    """Incidents, risk detections, risky users and audits have Graph's ids, words and times."""
    incident = read_table(
        "SecurityIncident",
        [
            {
                "IncidentName": "guid",
                "ProviderIncidentId": "4711",
                "Title": "t",
                "Severity": "Medium",
                "Status": "Closed",
                "Classification": "BenignPositive",
                "CreatedTime": "2026-02-03T10:00:00Z",
                "TenantId": WORKSPACE,
                "LastModifiedTime": "2026-02-03 11:00:00",
                "Owner": '{"assignedTo": "al"}',
                "Labels": '[{"labelName": "vip"}]',
            }
        ],
        tenant=TENANT,
    ).iloc[0]
    assert (incident["id"], incident["status"], incident["severity"]) == ("4711", "resolved", "medium")
    assert incident["classification"] == "informationalExpectedActivity"
    assert incident["assigned_to"] == "al"
    assert incident["custom_tags"] == ["vip"]
    assert incident["last_update_date_time"] == pd.Timestamp("2026-02-03T11:00:00Z")
    risk = read_table(
        "AADUserRiskEvents",
        [
            {
                "Id": "r",
                "UserId": OBJECT,
                "IpAddress": "203.0.113.7",
                "RiskLevel": "high",
                "ActivityDateTime": "2026-02-03T10:00:00Z",
                "Location": '{"city": "X", "countryOrRegion": "DE"}',
                "RequestId": "q",
            }
        ],
    ).iloc[0]
    assert (risk["id"], risk["user_id"], risk["location_city"], risk["request_id"]) == ("r", OBJECT, "X", "q")
    user = read_table("AADRiskyUsers", [{"Id": OBJECT, "RiskLevel": "high", "IsDeleted": "False"}]).iloc[0]
    assert (user["id"], user["risk_level"], user["is_deleted"]) == (OBJECT, "high", False)
    audit = read_table(
        "AuditLogs",
        [
            {
                "Id": "a",
                "OperationName": "Add user",
                "ActivityDateTime": datetime(2026, 2, 3, tzinfo=UTC),
                "Result": "Success",
                "InitiatedBy": {"user": {"id": OBJECT, "userPrincipalName": "al@example.org"}},
                "TargetResources": '[{"id": "t", "type": "User", "userPrincipalName": "bo@example.org"}]',
            }
        ],
    ).iloc[0]
    assert audit["initiated_by_user_id"] == OBJECT
    assert (audit["activity_display_name"], audit["result"]) == ("Add user", "success")
    g = gi.entity_graph(records=[read_table("AuditLogs", [json.loads(audit["raw"])["@row"]])])
    assert Entity("user", OBJECT) in g


def test_alert_info_with_its_evidence():
    """Rows of AlertInfo and AlertEvidence are alerts with evidence, each alert once, by the id that Graph gives it."""
    info = [
        {
            "AlertId": "da1",
            "Title": "t",
            "Severity": "High",
            "Timestamp": "2026-02-03T10:00:00Z",
            "AttackTechniques": '["X (T1078)"]',
        }
    ]
    rows = [
        {
            "AlertId": "da1",
            "EntityType": "User",
            "AccountObjectId": OBJECT,
            "AccountUpn": "al@example.org",
            "EvidenceRole": "Impacted",
        },
        {"AlertId": "da1", "EntityType": "Machine", "DeviceId": DEVICE, "DeviceName": "laptop-7.example.org"},
        {"AlertId": "da1", "EntityType": "Ip", "RemoteIP": "203.0.113.7"},
        {
            "AlertId": "da1",
            "EntityType": "Process",
            "SHA256": "cd" * 32,
            "FileName": "x.exe",
            "ProcessCommandLine": "x -q",
        },
        {"AlertId": "da2", "EntityType": "Url", "RemoteUrl": "https://evil.example.net"},
        {"AlertId": None, "EntityType": "Ip", "RemoteIP": "203.0.113.8"},
    ]
    with pytest.warns(UserWarning, match="1 left out: rows of AlertEvidence without AlertId"):
        made = read_table("AlertInfo", info, evidence=rows, tenant=TENANT)
    assert made["id"].tolist() == ["da1", "da2"]
    assert made["tenant_id"].tolist() == [TENANT, TENANT]
    assert json.loads(made["raw"].iloc[0])["@row"]["evidence"] == rows[:4]
    items = evidence(made)
    assert items["evidence_type"].tolist() == [
        "userEvidence",
        "deviceEvidence",
        "ipEvidence",
        "processEvidence",
        "urlEvidence",
    ]
    assert items["detailed_roles"].iloc[0] == ["Impacted"]
    g = gi.entity_graph(alerts=made)
    assert {Entity("user", OBJECT), Entity("host", DEVICE), Entity("file", "cd" * 32)} <= set(g)
    assert read_table("AlertEvidence", rows[:-1])["id"].tolist() == ["da1", "da2"]


def test_events_become_records_of_their_own_kind():
    """Events name users, hosts, addresses and files like other records do, and meet them in a graph."""
    rows = [
        {
            "Timestamp": NAIVE,
            "DeviceId": DEVICE,
            "DeviceName": "laptop-7.example.org",
            "ActionType": "LogonSuccess",
            "AccountDomain": "corp",
            "AccountName": "alice",
            "AccountSid": "S-1-5-21-1-2-3-4",
            "RemoteIP": "203.0.113.7",
            "TenantId": WORKSPACE,
        }
    ]
    made = read_table("DeviceLogonEvents", pd.DataFrame(rows), tenant=TENANT)
    assert made["record_kind"].tolist() == ["device_logon"]
    g = gi.entity_graph(records=[made], alerts=read_table("SecurityAlert", [security_alert()], tenant=TENANT))
    host = Entity("host", DEVICE)
    assert {record.kind for record in nx.all_neighbors(g, host) if isinstance(record, Record)} == {
        "device_logon",
        "alert",
    }
    every = {name: dict.fromkeys(table.columns, "x") for name, table in EVENTS.items()}
    for name, row in every.items():
        row |= {"Timestamp": "2026-02-03T10:00:00Z", "RemoteIP": "203.0.113.7"}
        assert len(read_table(name, [row])) == 1, name


def test_presets_name_only_what_graph_has():
    """Every property that a preset fills is one of the resource's columns, or lies in one that is kept as JSON."""
    for table in RECORDS.values():
        columns = {".".join(column.path): column for column in RESOURCES[table.resource].columns}
        for path in [*(field.path for field in table.fields), *table.constant]:
            parents = [path.rsplit(".", n)[0] for n in range(path.count(".") + 1)]
            inside = any(name.startswith(f"{path}.") for name in columns)
            assert inside or any(parent in columns for parent in parents), f"{table.name}: {path}"
    properties = {column.path[0] for column in EVIDENCE.columns}
    for item in evidence_of(ENTITIES)[:-1]:
        assert {name for name in item if not name.startswith("@")} <= properties


def test_wrong_tables_and_rows_are_refused(tmp_path):
    """An unknown table, rows of another table, and files that are none are errors that say what would do."""
    with pytest.raises(UsageError, match="map_records"):
        read_table("Syslog", [])
    with pytest.raises(UsageError, match="no column of SigninLogs"):
        read_table("SigninLogs", [{"a": 1}])
    with pytest.raises(UsageError, match="is it UrlClickEvents"):
        read_table("UrlClickEvents", [{"a": 1}])
    with pytest.raises(UsageError, match="Spark frames"):
        read_table("SigninLogs", 7)
    (tmp_path / "x.parquet").write_bytes(b"x")
    for name in (tmp_path / "x.parquet", tmp_path / "none.parquet", str(tmp_path / "*.none")):
        with pytest.raises(BadFileError):
            read_table("SigninLogs", name)
    assert len(read_table("SigninLogs", [])) == 0


def test_cells_of_every_type_are_read(tmp_path):
    """Missing values, numpy's and Decimal's numbers, ids and bytes in any column break nothing."""
    import decimal
    import uuid

    cells = [
        None,
        np.nan,
        pd.NaT,
        pd.NA,
        np.int64(5),
        np.float32(1.5),
        decimal.Decimal(7),
        uuid.UUID(int=1),
        b"x",
        True,
        {"a": np.nan},
        [np.bool_(True)],
        "\ud800",
    ]
    rows = [
        {"Id": str(n), "UserId": cell, "Status": cell, "CreatedDateTime": cell, "ResultType": cell}
        for n, cell in enumerate(cells)
    ]
    made = read_table("SigninLogs", rows)
    assert made["id"].tolist() == [str(n) for n in range(len(cells))]
    assert made["status_error_code"].iloc[4] == 5
    for column in RECORDS["SecurityAlert"].fields:
        read_table("SecurityAlert", [security_alert(**{column.column: cell}) for cell in cells])


@pytest.mark.parametrize("name", ["duckdb", "pandas"])
def test_mentions_of_a_table_that_stays_where_it_is(world, sign_ins, name):
    """An engine reads the same users, addresses and apps out of a table as the records made of it name."""
    engine = engine_for(name)
    for table, rows in sign_ins[1].items():
        columns = ("Id", "CreatedDateTime", "UserId", "UserPrincipalName", "IPAddress", "AppId")
        frame = pd.DataFrame(rows)[list(columns)]
        native = duckdb.connect().from_arrow(pa.Table.from_pandas(frame)) if name == "duckdb" else frame
        found = table_mentions(table, native, tenant=world.client.tenant_id)
        own = engine.arrow(found).to_pandas() if name == "pandas" else found.to_native().to_arrow_table().to_pandas()
        listed = mentions(sign_ins=read_table(table, frame, tenant=world.client.tenant_id))
        listed = listed[~listed["identifier_type"].eq("device_id")]
        key = ["record_id", "kind", "identifier_type", "identifier"]
        assert {*own[key].itertuples(index=False, name=None)} == {*listed[key].itertuples(index=False, name=None)}
        assert len(own) == len(listed)

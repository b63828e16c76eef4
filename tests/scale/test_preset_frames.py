"""Every table, from every kind of frame, becomes the same records, mentions and edges; and one record per record."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.collecting import collect
from graphinvestigate.linking.mentions import mentions
from graphinvestigate.scale.components import components
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.expressions import edges, entity_table, with_entities
from graphinvestigate.scale.linked import LEAN
from graphinvestigate.scale.presets import read_table
from graphinvestigate.scale.presets.at_scale import BY_ROW, TABLES, table_mentions
from graphinvestigate.scale.presets.declared import EVENTS, RECORDS
from graphinvestigate.scale.presets.sentinel import graph_spec, sentinel_graph
from tests.scale.preset_rows import ALICE, AT, BOB, DEVICE, HASH, ROWS, TENANT, sign_in

NAMED_IN_THE_ISSUE = {
    "SecurityAlert", "SecurityIncident", "SigninLogs", "AADNonInteractiveUserSignInLogs", "AADUserRiskEvents",
    "AADRiskyUsers", "AADServicePrincipalSignInLogs", "AuditLogs", "AlertInfo", "AlertEvidence", "DeviceLogonEvents",
    "DeviceNetworkEvents", "DeviceProcessEvents", "IdentityLogonEvents", "EmailEvents", "UrlClickEvents",
    "CloudAppEvents",
}  # fmt: skip


def spark_frame(spark: Any, rows: list[dict[str, Any]]) -> Any:
    """A Spark frame as a notebook of the Sentinel data lake gives it: times as timestamps, dynamic columns as texts."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    types = {str: "string", int: "bigint", bool: "boolean", datetime: "timestamp"}
    kinds = {n: next((types[type(r[n])] for r in rows if r.get(n) is not None), "string") for n in names}
    schema = ", ".join(f"`{name}` {kinds[name]}" for name in names)
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], schema)


def forms(name: str, folder: Path, spark: Any) -> dict[str, Any]:
    """The same rows as each kind of frame."""
    rows = ROWS[name]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, folder / f"{name}.parquet")
    return {
        "pandas": pd.DataFrame(rows),
        "Parquet": str(folder / f"{name}.parquet"),
        "DuckDB": duckdb.connect().from_arrow(table),
        "Spark": spark_frame(spark, rows),
    }


def named_in(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    """Whom records name: record, kind, type and value of each identifier."""
    found = collect([(frame["record_kind"].iloc[0], frame)], tenant=TENANT).mentions
    pairs = zip(found.record.tolist(), found.meaning.tolist(), strict=True)
    named = [(found.records.values[record].id, found.meanings[code]) for record, code in pairs]
    return {(record, meaning.kind, *identifier) for record, meaning in named for identifier in meaning.ids}


def said(frame: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Records, mentions and edges, each as plain values in one order."""
    kind = frame["record_kind"].iloc[0]
    rows = frame.drop(columns=["raw", "pull_id"], errors="ignore").to_dict("records")
    records = [
        {name: str(cell) for name, cell in row.items() if not (pd.api.types.is_scalar(cell) and pd.isna(cell))}
        for row in rows
    ]
    found = collect([(kind, frame)], tenant=TENANT).mentions
    named = sorted(
        (found.records.values[record], found.meanings[code].kind, found.meanings[code].ids)
        for record, code in zip(found.record.tolist(), found.meaning.tolist(), strict=True)
    )
    g = gi.entity_graph(records=[frame], tenant=TENANT)
    links = sorted(
        (str(a), str(b), key, json.dumps(refs["references"])) for a, b, key, refs in g.edges(keys=True, data=True)
    )
    return sorted(records, key=lambda row: str(row["id"])), named, links


def test_all_tables_have_rows_here() -> None:
    """The rows of these tests are of every table that the presets read, and these are the documented ones."""
    assert set(ROWS) == NAMED_IN_THE_ISSUE <= {*TABLES, *BY_ROW}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_every_kind_of_frame_reads_alike(name, tmp_path, spark) -> None:
    """Out of pandas, Parquet, DuckDB and Spark come the same records, mentions and edges."""
    expected = said(read_table(name, [dict(row) for row in ROWS[name]], tenant=TENANT))
    assert all(expected) or name in ("SecurityIncident", "AlertInfo")  # these name nobody by themselves
    assert len(expected[0]) == len({row.get("AlertId", number) for number, row in enumerate(ROWS[name])})
    for form, rows in forms(name, tmp_path, spark).items():
        assert said(read_table(name, rows, tenant=TENANT)) == expected, form


def places(table: pa.Table) -> list[tuple[Any, ...]]:
    """Who is named in which record, by which identifiers."""
    columns = ("record_kind", "record_id", "kind", "identifier_type", "identifier", "strongest", "lake_at")
    return sorted(zip(*(table[column].to_pylist() for column in columns), strict=True), key=repr)


def test_rows_are_read_where_they_lie(spark) -> None:
    """Spark reads the tables of dynamic columns by itself, row by row, and names whom the records name."""
    for name in (*BY_ROW, "DeviceLogonEvents", "SigninLogs"):
        there = table_mentions(name, spark_frame(spark, ROWS[name]), tenant=TENANT, by_row=True)
        assert there.implementation.is_pyspark()
        here = engine_for("pandas").arrow(table_mentions(name, pd.DataFrame(ROWS[name]), tenant=TENANT, by_row=True))
        found = places(engine_for(spark).arrow(there))
        assert found == places(here)
        of_records = named_in(read_table(name, ROWS[name], tenant=TENANT))
        assert {row[1:5] for row in found} == of_records
        assert of_records or name in ("SecurityIncident", "AlertInfo")


def test_two_users_of_one_alert_stay_two(engine) -> None:
    """Rows of evidence of one alert are places of their own: who is named in two of them is not one entity."""
    shared = {"AlertId": "da9", "EntityType": "User", "Timestamp": AT, "AccountUpn": "shared@example.org"}
    rows = [*ROWS["AlertEvidence"], {**shared, "AccountObjectId": ALICE}, {**shared, "AccountObjectId": BOB}]
    said = engine.kept(table_mentions("AlertEvidence", engine.table(pa.Table.from_pylist(rows)), tenant=TENANT))
    parts = components(engine, said)
    table = engine.arrow(entity_table(with_entities(edges(said), parts.parts)))
    assert len(parts.contested) > 0
    assert {f"user|object_id|{ALICE}", f"user|object_id|{BOB}"} <= set(table["entity"].to_pylist())


def test_a_record_of_a_table_and_of_graph_is_one(make_lake, world) -> None:
    """An alert, a risk detection and a sign-in that came both ways are one record; what Graph said counts."""
    alerts, risk = gi.list_alerts(world.client, since="12d"), gi.list_risk_detections(world.client, since="12d")
    chosen, detection = alerts.iloc[0], risk.iloc[0]
    tables = {
        "SecurityAlert": [{
            "SystemAlertId": "00000000-0000-4000-8000-000000000001", "DisplayName": "as the table says",
            "AlertLink": f"https://security.microsoft.com/alerts/{chosen['id']}?tid=x", "ProductName": "x",
            "TimeGenerated": chosen["created_date_time"],
            "ProcessingEndTime": chosen["created_date_time"] + pd.Timedelta(days=9),
        }],
        "AlertInfo": [{"AlertId": chosen["id"], "Title": "of the table", "Timestamp": chosen["created_date_time"]}],
        "AADUserRiskEvents": [
            {"Id": detection["id"], "UserId": detection["user_id"], "RiskLevel": "low",
             "ActivityDateTime": detection["activity_date_time"],
             "LastUpdatedDateTime": detection["activity_date_time"] + pd.Timedelta(days=9)}
        ],
    }  # fmt: skip
    read = [read_table(name, rows, tenant=world.client.tenant_id) for name, rows in tables.items()]
    for order in ([alerts, risk, *read], [*read, alerts, risk]):
        lake = make_lake(f"order{order[0] is alerts}", tenant=world.client.tenant_id)
        for frame in order:
            lake.add(frame)
        for _ in range(2):
            assert sorted(lake.alerts()["id"]) == sorted(alerts["id"])
            assert sorted(lake.records("risk_detections")["id"]) == sorted(risk["id"])
            held = lake.alerts(columns=["id", "title"]).set_index("id")["title"]
            assert held[chosen["id"]] == chosen["title"]
            lake.compact(vacuum_after=0)
    one = gi.entity_graph(alerts=alerts, risk_detections=risk, tenant=world.client.tenant_id)
    both = gi.entity_graph(records=[*read, alerts, risk], tenant=world.client.tenant_id)
    assert {n for n in both if isinstance(n, Record)} == {n for n in one if isinstance(n, Record)}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"ProviderName": "ASI Scheduled Alerts"}, "sn6dfa10b7-7523-ecb0-646d-28ccf9c06772"),
        ({"ProviderName": "IPC", "VendorOriginalId": "ef" * 32}, "ad" + "ef" * 32),
        ({"ProviderName": "MCAS", "VendorOriginalId": "65ab12cd34ef56ab78cd90ef"}, "65ab12cd34ef56ab78cd90ef"),
        ({"ProviderName": "OATP", "VendorOriginalId": f"{BOB}"}, f"fa{BOB}"),
        ({"ProviderName": "MDATP", "VendorOriginalId": "da637_-12"}, "da637_-12"),
        ({"ProviderName": "Somebody", "VendorOriginalId": "v-1"}, "v-1"),
        ({}, "6dfa10b7-7523-ecb0-646d-28ccf9c06772"),
    ],
)
def test_alerts_without_a_link_to_the_portal(own, expected) -> None:
    """Where no link says it, Graph's id of an alert is made of the product's, as is documented of each product."""
    row = {"SystemAlertId": "6dfa10b7-7523-ecb0-646d-28ccf9c06772", "DisplayName": "t", "TimeGenerated": AT}
    assert read_table("SecurityAlert", [row | own])["id"].tolist() == [expected]


class Wrapped:
    """What newer providers return: a frame of theirs, with the Spark frame inside."""

    def __init__(self, inner: Any) -> None:
        self.df = inner


class MicrosoftSentinelProvider:
    """As a notebook of the Sentinel data lake has it: a session of Spark, and tables by name."""

    def __init__(self, spark: Any) -> None:
        self._spark = spark

    def read_table(self, table_name: str) -> Any:
        """A table of the lake, as a frame of Spark."""
        return spark_frame(self._spark, ROWS[table_name])


class GraphSpecBuilder:
    """Sentinel's builder, as far as it is documented: what it takes, and what it refuses."""

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {}
        self.edges: dict[tuple[str, str], Any] = {}
        self._own: dict[str, Any] = {}

    def add_node(self, alias: str) -> GraphSpecBuilder:
        """Begin a type of node."""
        self._own = {"node": alias}
        return self

    def add_edge(self, alias: str) -> GraphSpecBuilder:
        """Begin a type of edge."""
        self._own = {"edge": alias}
        return self

    def from_dataframe(self, dataframe: Any) -> GraphSpecBuilder:
        """Take a native frame of Spark."""
        assert hasattr(dataframe, "sparkSession")
        self._own["frame"] = dataframe
        return self

    def source(self, id_column: str, node_type: str) -> GraphSpecBuilder:
        """Say where an edge begins."""
        assert "source" not in self._own
        self._own["source"] = (id_column, node_type)
        return self

    def target(self, id_column: str, node_type: str) -> GraphSpecBuilder:
        """Say where an edge ends."""
        assert "target" not in self._own
        self._own["target"] = (id_column, node_type)
        return self

    def with_columns(self, *columns: str, key: str, display: str) -> GraphSpecBuilder:
        """Say which columns are taken; a key is the key of one row."""
        frame = self._own["frame"].select(*columns)
        assert {key, display} <= set(columns)
        rows = [row.asDict() for row in frame.collect()]
        assert len({row[key] for row in rows}) == len(rows)
        assert all(row[key] and row[display] for row in rows)
        if "node" in self._own:
            self.nodes[self._own["node"]] = {row[key]: row for row in rows}
        else:
            ends = [self._own[end] for end in ("source", "target")]
            assert {column for column, _ in ends} <= set(columns)
            self.edges[ends[0][1], ends[1][1]] = [tuple(row[column] for column, _ in ends) for row in rows]
        return self

    def done(self) -> GraphSpecBuilder:
        """End, where every end of an edge is a node."""
        assert self.nodes
        assert self.edges
        for (source, target), pairs in self.edges.items():
            assert {one for one, _ in pairs} <= set(self.nodes[source])
            assert {one for _, one in pairs} <= set(self.nodes[target])
        return self


def test_a_notebook_of_the_sentinel_data_lake(spark) -> None:
    """A Spark session there is enough: who is who, who is met where, a graph for Sentinel, and one around a user."""
    engine, provider = engine_for(spark), MicrosoftSentinelProvider(spark)
    parts = [
        table_mentions(name, provider.read_table(name), tenant=TENANT).select(*LEAN)
        for name in ("SecurityAlert", "SigninLogs", "DeviceLogonEvents")
    ]
    said = engine.kept(nw.concat(parts))
    found = engine.kept(with_entities(edges(said), components(engine, said).parts))
    spec = graph_spec(GraphSpecBuilder(), *sentinel_graph(found))
    assert {"alert", "sign_in", "device_logon", "user", "host", "ip", "file", "app"} <= set(spec.nodes)
    alice = f"user|object_id|{ALICE}"
    assert spec.nodes["user"][alice]["display"] == ALICE
    met = {
        source for (source, kind), pairs in spec.edges.items() for _, who in pairs if kind == "user" and who == alice
    }
    assert met == {"alert", "sign_in", "device_logon"}
    # What is looked at comes here in full, and is investigated as records of Graph are.
    alerts = read_table("SecurityAlert", provider.read_table("SecurityAlert"), tenant=TENANT)
    rows = provider.read_table("SigninLogs").filter(f"UserId = '{ALICE}'")
    g = gi.entity_graph(alerts=alerts, sign_ins=read_table("SigninLogs", rows, tenant=TENANT), tenant=TENANT)
    assert gi.find_entity(g, "alice@example.org") == Entity("user", ALICE)
    assert {Entity("host", DEVICE), Entity("file", HASH), Entity("ip", "203.0.113.7")} <= set(g)
    assert len(gi.why(g, Entity("user", ALICE), Record("alert", "da0_1"))) > 0


def test_frames_that_wrap_one_of_spark(spark) -> None:
    """Newer providers return a frame of their own, with Spark's inside: it is read like that one."""
    wrapped = Wrapped(MicrosoftSentinelProvider(spark).read_table("SigninLogs"))
    assert sorted(read_table("SigninLogs", wrapped)["id"]) == ["s-1", "s-2"]
    assert engine_for(spark).arrow(table_mentions("SigninLogs", wrapped)).num_rows > 6


def test_a_table_as_a_graph_for_sentinel(engine):
    """Nodes and edges have ids and types, every edge's ends are nodes, and counts are those of the rows."""
    rows = [
        {
            "Timestamp": AT + n % 3 * timedelta(hours=1),
            "DeviceId": "m" * 39 + str(n % 2),
            "ReportId": str(n),
            "AccountUpn": None,
            "AccountSid": "S-1-5-18" if n == 0 else "S-1-5-21-1-2-3-4",
            "AccountObjectId": ALICE if n < 3 else None,
            "RemoteIP": ["203.0.113.7", "10.0.0.7", "-", None][n % 4],
        }
        for n in range(8)
    ]
    found = edges(table_mentions("DeviceLogonEvents", engine.table(pa.Table.from_pylist(rows)), tenant=TENANT))
    nodes, links = sentinel_graph(engine.kept(found))
    nodes, links = engine.arrow(nodes).to_pylist(), engine.arrow(links).to_pylist()
    ids = {node["id"]: node for node in nodes}
    assert len(ids) == len(nodes) == 8 + 2 + 2 + 2
    assert ids[f"user|object_id|{ALICE}"]["records"] == 3
    assert ids["user|sid|S-1-5-21-1-2-3-4"]["records"] == 5
    assert ids[f"ip|private_ip|{TENANT}/10.0.0.7"]["records"] == 2
    assert {node["type"] for node in nodes} == {"device_logon", "user", "host", "ip"}
    for link in links:
        assert ids[link["source_id"]]["type"] == link["source_type"] == "device_logon"
        assert ids[link["target_id"]]["type"] == link["target_type"]
    with pytest.raises(UsageError, match="known here"):
        table_mentions("Syslog", engine.table(pa.table({"a": [1]})))
    with pytest.raises(UsageError, match="names somebody"):
        table_mentions("UrlClickEvents", engine.table(pa.table({"a": [1]})))
    assert {*TABLES, *BY_ROW} >= {*EVENTS, *RECORDS}


def test_guests_and_fillers_of_a_table(engine) -> None:
    """An engine reads guests, private addresses and fillers as records do."""
    rows = [
        sign_in(Id="1", UserId="00000000-0000-0000-0000-000000000000", UserPrincipalName="bo_x.org#EXT#@home.example"),
        sign_in(Id="2", UserId=None, UserPrincipalName="-", IPAddress="10.0.0.7"),
        sign_in(Id="3", IPAddress="::"),
    ]
    columns = ("Id", "CreatedDateTime", "UserId", "UserPrincipalName", "IPAddress", "AppId")
    rows = [{column: row[column] for column in columns} for row in rows]
    found = engine.arrow(table_mentions("SigninLogs", engine.table(pa.Table.from_pylist(rows)), tenant=TENANT))
    listed = mentions(sign_ins=read_table("SigninLogs", rows, tenant=TENANT))
    key = ["record_id", "kind", "identifier_type", "identifier"]
    own = found.to_pandas()[key].itertuples(index=False, name=None)
    assert sorted(own) == sorted(listed[key].itertuples(index=False, name=None))

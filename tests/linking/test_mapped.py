"""Logs of others as records: they join the graph, the timeline and the pivots on equal terms."""

from __future__ import annotations

import json
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.cases.graph_json import graph_from_bytes, graph_to_bytes
from graphinvestigate.errors import UsageError
from graphinvestigate.linking import Entity, Record, entity_graph, find_entity, map_records, merge_graphs, why
from graphinvestigate.linking.hunted import EVENTS
from graphinvestigate.linking.mapped_roles import MAPPED
from tests.linking.conftest import ALICE, LAPTOP, TENANT, alert, alerts_frame, device, user
from tests.linking.test_hard_cases import OTHER_TENANT, of_kind

VPN = pd.DataFrame(
    {
        "Zeit": ["2026-02-03T08:01:00+01:00", "2026-02-03T09:30:00.25+01:00", None],
        "Benutzer": ["Alice@contoso.com", "CONTOSO\\alice", "bob"],
        "Quelle": ["198.51.100.23:51312", "10.0.0.7", "[2001:db8::1]:443"],
        "Rechner": ["laptop-7.contoso.com", "LAPTOP-7", None],
        "Bytes": [1200, None, 7],
    }
)
NAMES = {"kind": "vpn_session", "time": "Zeit", "user": "Benutzer", "host": "Rechner", "ip": "Quelle"}


def vpn(frame: pd.DataFrame = VPN, **more: Any) -> pd.DataFrame:
    """The log as records."""
    return map_records(frame, **{**NAMES, "tenant": TENANT, **more})


def test_a_log_meets_what_graph_says() -> None:
    """The user, host and address of a VPN log are those of the alerts; what says it is the row, column and value."""
    g = entity_graph(alerts=alerts_frame(alert("a1", device(), user())), records=[vpn()])
    alice, laptop = Entity("user", ALICE), Entity("host", LAPTOP)
    first, second, third = (Record("vpn_session", record_id) for record_id in vpn()["id"])
    assert {(v, k) for _, v, k in g.out_edges(first, keys=True)} == {
        (alice, "done_by"), (laptop, "seen_on"), (Entity("ip", "198.51.100.23"), "came_from")
    }  # fmt: skip
    assert g.has_edge(second, alice, "done_by")
    assert g.has_edge(second, laptop, "seen_on")
    assert g.has_edge(second, Entity("ip", f"{TENANT}/10.0.0.7"), "came_from")
    assert g.has_edge(third, Entity("ip", "2001:db8::1"), "came_from")
    row = why(g, alice, "198.51.100.23").iloc[0]
    assert (row["record_kind"], row["field"], row["value"]) == ("vpn_session", "Quelle", "198.51.100.23:51312")
    assert row["sentence"] == (
        "Alice@contoso.com was active from IP address 198.51.100.23 (2026-02-03 07:01 UTC), "
        "says vpn session (2026-02-03 07:01 UTC)."
    )


def test_every_reference_stands_in_the_row() -> None:
    """Each edge's reference names a row, and the row holds that value in that column; untimed rows are kept."""
    records = vpn()
    raw = dict(zip(records["id"], map(json.loads, records["raw"]), strict=True))
    g = entity_graph(records=[records])
    for *_, attrs in g.edges(data=True):
        for r in attrs["references"]:
            assert raw[r["record_id"]][r["field"]] == r["value"]
    assert g.nodes[Record("vpn_session", records["id"][2])]["time"] is None
    assert raw[records["id"][1]]["Bytes"] is None


def test_the_same_row_of_two_tenants_is_two_records() -> None:
    """Without an id of its own a row goes by its content and its tenant; twice in one log it is two records."""
    ours, theirs = vpn(), vpn(tenant=OTHER_TENANT)
    assert set(ours["id"]).isdisjoint(theirs["id"])
    assert vpn()["id"].tolist() == ours["id"].tolist()
    twice = vpn(pd.concat([VPN.head(1), VPN.head(1)]))
    assert twice["id"].tolist() == [ours["id"][0], f"{ours['id'][0]}-2"]


def test_a_bare_name_is_somebody_of_this_log() -> None:
    """`bob` without a domain is an entity of its log: another log's bob, or another tenant's, is somebody else."""
    other = vpn(VPN.tail(1), kind="proxy_request", host=None)
    elsewhere = vpn(VPN.tail(1), tenant=OTHER_TENANT)
    g = entity_graph(records=[vpn(VPN.tail(1)), other, elsewhere])
    assert sorted(of_kind(g, "user")) == sorted(
        [f"{TENANT}/vpn_session:bob", f"{TENANT}/proxy_request:bob", f"{OTHER_TENANT}/vpn_session:bob"]
    )
    assert {g.nodes[Entity("user", key)]["label"] for key in of_kind(g, "user")} == {"bob"}
    joined = gi.with_overrides(
        g, merges=[[f"source_account={TENANT}/vpn_session:bob", f"source_account={TENANT}/proxy_request:bob"]]
    )
    assert len(of_kind(joined, "user")) == 2


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("user", ALICE.upper(), ("user", f"object_id={ALICE}")),
        ("user", "S-1-5-21-1-2-3-1001", ("user", "sid=S-1-5-21-1-2-3-1001")),
        ("user", "NT AUTHORITY\\SYSTEM", None),
        ("user", "system", None),
        ("host", LAPTOP.upper(), ("host", f"mde_device_id={LAPTOP}")),
        ("host", "6FA60D52-01e7-4b18-8055-4759461fc16b", ("host", "device_id=6fa60d52-01e7-4b18-8055-4759461fc16b")),
        ("host", "CONTOSO\\PC1", ("host", f"nt_name={TENANT}/contoso\\pc1")),
        ("host", "203.0.113.9", ("ip", "ip=203.0.113.9")),
        ("ip", "unknown host", None),
        ("file", "AB" * 32, ("file", f"sha256={'ab' * 32}")),
        ("file", "tool.exe", None),
        ("url", "HTTPS://Evil.test/x", ("url", "url=https://evil.test/x")),
        ("mailbox", "<Alice@contoso.com>", ("mailbox", "address=alice@contoso.com")),
        ("app", "0a1b38ac-a572-491d-a9db-b07197643457", ("app", "app_id=0a1b38ac-a572-491d-a9db-b07197643457")),
        ("app", "Curl", ("app", f"source_app={TENANT}/some_log:curl")),
    ],
)
def test_a_text_is_what_its_shape_says(column: str, value: str, expected: tuple[str, str] | None) -> None:
    """Ids, names and addresses in a log are told by their shape; accounts that every machine has are nobody."""
    frame = pd.DataFrame({"when": ["2026-02-03T10:00:00Z"], "what": [value]})
    g = entity_graph(records=[map_records(frame, kind="some_log", time="when", tenant=TENANT, **{column: "what"})])
    named = [
        (v.kind, g.nodes[v]["identifiers"][0])
        for u, v, k in g.edges(keys=True)
        if isinstance(u, Record) and k != "names"
    ]
    named += [
        (v.kind, g.nodes[v]["identifiers"][0]) for u, v, k in g.edges(keys=True) if k == "names" and v.kind == column
    ]
    assert named == ([] if expected is None else [expected])


def test_columns_of_one_user_join_him() -> None:
    """Two columns given for one user join his names; two for addresses are two addresses."""
    frame = pd.DataFrame(
        {
            "t": ["2026-02-03T10:00:00Z"],
            "upn": ["alice@contoso.com"],
            "id": [ALICE],
            "a": ["192.0.2.1"],
            "b": ["192.0.2.2"],
        }
    )
    g = entity_graph(records=[map_records(frame, kind="proxy_log", time="t", user=["upn", "id"], ip=["a", "b"])])
    assert of_kind(g, "user") == [ALICE]
    assert sorted(of_kind(g, "ip")) == ["192.0.2.1", "192.0.2.2"]


def test_a_firewall_ties_both_ends() -> None:
    """Source and destination of a connection, and a URL with its host, are tied as the row says."""
    frame = pd.DataFrame(
        {
            "t": ["2026-02-03T10:00:00Z"],
            "src": ["10.0.0.7"],
            "dst": ["203.0.113.50"],
            "u": ["https://evil.test/x"],
            "who": ["alice@contoso.com"],
        }
    )
    g = entity_graph(
        records=[
            map_records(
                frame,
                kind="firewall_event",
                time="t",
                ip="src",
                destination_ip="dst",
                url="u",
                user="who",
                tenant=TENANT,
            )
        ]
    )
    source, target = Entity("ip", f"{TENANT}/10.0.0.7"), Entity("ip", "203.0.113.50")
    assert g.has_edge(source, target, "connected_to")
    assert g.has_edge(Entity("user", "alice@contoso.com"), Entity("url", "https://evil.test/x"), "requested")
    assert g.has_edge(Entity("url", "https://evil.test/x"), Entity("domain", "evil.test"), "hosted_at")


def test_records_survive_what_frames_go_through(tmp_path: Any) -> None:
    """Sorted, filtered, put together, and back from Parquet, the records lead to the same graph."""
    records = vpn()
    whole = entity_graph(records=[records])
    shuffled = pd.concat([records.iloc[2:], records.iloc[:2]])
    assert nx.utils.graphs_equal(entity_graph(records=[shuffled]), whole)
    assert nx.utils.graphs_equal(entity_graph(records=[records.iloc[:1], records.iloc[1:]]), whole)
    assert nx.utils.graphs_equal(
        merge_graphs(*(entity_graph(records=[part]) for part in (records.iloc[:1], records.iloc[1:]))), whole
    )
    records.to_parquet(tmp_path / "vpn.parquet")
    assert nx.utils.graphs_equal(entity_graph(records=[pd.read_parquet(tmp_path / "vpn.parquet")]), whole)


def test_ids_tell_rows_apart() -> None:
    """Without an id column the content decides, equal rows count each, and the order of other rows does not matter."""
    twice = pd.concat([VPN, VPN.head(1)], ignore_index=True)
    ids = vpn(twice)["id"]
    assert ids.is_unique
    assert ids[3] == f"{ids[0]}-2"
    assert set(vpn(twice.iloc[::-1])["id"]) == set(ids)
    assert vpn(VPN.assign(no=["x1", "", 7]), id="no")["id"].tolist()[::2] == ["x1", "7"]


def test_times_are_utc_or_refused() -> None:
    """Times with a zone become UTC; times without one need `time_zone`; numbers and junk are refused."""
    assert vpn()["date_time"].tolist()[1] == pd.Timestamp("2026-02-03T08:30:00.25Z")
    naive = VPN.assign(Zeit=["2026-07-03T08:01:00", "2026-02-03 09:30", None])
    with pytest.raises(UsageError, match="time_zone="):
        vpn(naive)
    assert vpn(naive, time_zone="Europe/Berlin")["date_time"].dt.hour.tolist()[:2] == [6, 8]
    with pytest.raises(UsageError, match=r"no ISO times, .* 'yesterday'"):
        vpn(VPN.assign(Zeit=["yesterday", None, None]), time_zone="UTC")
    with pytest.raises(UsageError, match="numbers"):
        vpn(VPN.assign(Zeit=[1, 2, 3]))
    with pytest.raises(UsageError, match="one kind first"):
        vpn(VPN.assign(Zeit=["2026-02-03T08:01:00Z", "2026-02-03T08:01:00", None]))
    with pytest.raises(UsageError, match="Europe/Berlin"):
        vpn(VPN.assign(Zeit=["2025-10-26T02:30:00", None, None]), time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"kind": "alert"}, "snake_case"),
        ({"kind": "VPN log"}, "snake_case"),
        ({"kind": "user"}, "snake_case"),
        ({"user": "Nutzer"}, "no column 'Nutzer'"),
        ({"user": None, "host": None, "ip": None}, "which columns name whom"),
    ],
)
def test_what_cannot_be_right_is_refused(more: dict[str, Any], words: str) -> None:
    """A kind that is taken, a column that is not there, and nothing that is named are errors that say what to give."""
    with pytest.raises(UsageError, match=words):
        vpn(**more)
    with pytest.raises(UsageError, match="one name"):
        vpn(pd.concat([VPN, VPN[["Zeit"]]], axis=1))


def test_an_empty_log_has_the_same_columns() -> None:
    """No rows: same columns, same types, an empty graph."""
    assert (vpn(VPN.head(0)).dtypes == vpn().dtypes).all()
    assert len(entity_graph(records=[vpn(VPN.head(0))])) == 0


def test_a_case_keeps_records_of_any_kind() -> None:
    """Written as node-link JSON and read back, mapped records are records still, and merge as before."""
    g = entity_graph(records=[vpn()])
    back = graph_from_bytes(graph_to_bytes(g))
    assert nx.utils.graphs_equal(back, g)
    assert [type(node) for node in back] == [type(node) for node in g]
    assert nx.utils.graphs_equal(merge_graphs(back, g), g)


CELLS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_any_cell_is_taken(rows: list[tuple[Any, ...]]) -> None:
    """Whatever stands in the cells, every row is a record, and every reference is in its row."""
    frame = pd.DataFrame(
        {
            "t": pd.Timestamp("2026-02-03T10:00:00Z"),
            **{n: pd.Series([r[at] for r in rows], dtype="object") for at, n in enumerate("abc")},
        }
    )
    records = map_records(frame, kind="odd_log", time="t", user="a", host="b", ip="c")
    assert len(records) == len(rows)
    raw = dict(zip(records["id"], map(json.loads, records["raw"]), strict=True))
    g = entity_graph(records=[records])
    assert {n.id for n in g if isinstance(n, Record)} == set(records["id"])
    for *_, attrs in g.edges(data=True):
        assert all(raw[r["record_id"]][r["field"]] == r["value"] for r in attrs["references"])


def test_logs_stand_in_the_timeline_and_in_pivots(world: Any) -> None:
    """A mapped log is drawn beside alerts, and a pivot narrows it down to the entity, with its coverage."""
    alerts = gi.list_alerts(world.client)
    who = world.tenant.truth.attack.user
    names, addresses = [who.user_principal_name, "nobody@else.test"], ["192.0.2.77", "192.0.2.78"]
    log = pd.DataFrame({"t": ["2026-02-03T10:00:00Z"] * 2, "who": names, "from": addresses})
    records = map_records(log, kind="vpn_session", time="t", user="who", ip="from")
    figure = gi.plot_timeline(alerts, records, lanes="record_kind")
    assert "Vpn session" in figure.to_json()
    g = entity_graph(alerts=alerts)
    found = gi.pivot(world.client, who.id, g=g, sources=["risky_users"], records=[records])
    assert found.frames["vpn_session"]["id"].tolist() == [records["id"][0]]
    covered = found.coverage[found.coverage["resource"] == "vpn_session"]
    assert (covered["rows_received"].item(), covered["rows_kept"].item()) == (2, 1)
    assert find_entity(found.grown, "192.0.2.77").kind == "ip"
    assert nx.has_path(
        found.grown.to_undirected(as_view=True), find_entity(found.grown, who.id), Entity("ip", "192.0.2.77")
    )


LOGON = {
    "Timestamp": "2026-02-03T10:20:00Z",
    "DeviceId": LAPTOP,
    "DeviceName": "laptop-7.contoso.com",
    "ActionType": "LogonSuccess",
    "AccountDomain": "CONTOSO",
    "AccountName": "alice",
    "RemoteIP": "203.0.113.9",
    "ReportId": 7,
}
MAIL = {
    "Timestamp": "2026-02-03T07:00:00Z",
    "NetworkMessageId": "9a0f0f3c-7d0c-4b0f-8f3c-0c7d4b0f8f3c",
    "SenderFromAddress": "billing@evil.example",
    "SenderIPv4": "198.51.100.99",
    "RecipientEmailAddress": "alice@contoso.com",
    "RecipientObjectId": ALICE,
    "Subject": "Invoice",
}
STARTED = {
    "Timestamp": "2026-02-03T10:14:30.5Z",
    "DeviceId": LAPTOP,
    "ActionType": "ProcessCreated",
    "FileName": "rundll32.exe",
    "SHA256": "ab" * 32,
    "ProcessId": 4780,
    "ProcessCreationTime": pd.Timestamp("2026-02-03T10:14:30.5Z"),
    "AccountObjectId": ALICE,
    "InitiatingProcessId": 668,
    "InitiatingProcessCreationTime": pd.Timestamp("2026-02-03T10:00:00Z"),
    "InitiatingProcessFileName": "cmd.exe",
}


def test_rows_of_a_known_table_need_no_mapping() -> None:
    """A logon names the account, the device and where it came from; the far address is nobody's at this device."""
    alerts = alerts_frame(alert("a1", device(), user()))
    logons = map_records(pd.DataFrame([LOGON]), table="DeviceLogonEvents", tenant=TENANT)
    assert logons["record_kind"].tolist() == ["device_logon"]
    assert logons["title"].tolist() == ["LogonSuccess"]
    g = entity_graph(alerts=alerts, records=[logons])
    alice, laptop, far = Entity("user", ALICE), Entity("host", LAPTOP), Entity("ip", "203.0.113.9")
    ties = {(u, k, v) for u, v, k in g.edges(keys=True) if isinstance(u, Entity) and far in (u, v)}
    assert ties == {(alice, "active_from", far), (far, "connected_to", laptop)}
    said = why(g, alice, laptop)
    row = said[said["record_kind"] == "device_logon"].iloc[0]
    assert (row["field"], row["value"]) == ("DeviceId", LAPTOP)
    named = why(g, Record("device_logon", logons["id"][0]), alice)
    assert named[["field", "value"]].to_numpy().tolist() == [["AccountName", "alice"]]
    assert "was active on LAPTOP-7 (2026-02-03 10:20 UTC), says device logon" in row["sentence"]


def test_a_local_account_in_a_logon_is_one_of_that_device() -> None:
    r"""`LAPTOP-7\admin` on LAPTOP-7 is the local account that evidence names, and not another device's."""
    there = device(loggedOnUsers=[{"accountName": "admin", "domainName": "LAPTOP-7"}])
    rows = [{**LOGON, "AccountDomain": "laptop-7", "AccountName": "Admin"}]
    rows.append({**rows[0], "DeviceId": "9" * 40, "DeviceName": "laptop-9.contoso.com", "AccountDomain": "laptop-9"})
    logons = map_records(pd.DataFrame(rows), table="DeviceLogonEvents", tenant=TENANT)
    g = entity_graph(alerts=alerts_frame(alert("a1", there)), records=[logons])
    assert sorted(of_kind(g, "user")) == [f"{LAPTOP}/admin", f"{'9' * 40}/admin"]


def test_mail_goes_from_its_sender_to_its_recipient() -> None:
    """The message ties sender, recipient and the sender's address; the recipient was never at that address."""
    g = entity_graph(records=[map_records(pd.DataFrame([MAIL]), table="EmailEvents", tenant=TENANT)])
    message = Entity("mail_message", MAIL["NetworkMessageId"])
    sender, recipient = Entity("mailbox", "billing@evil.example"), Entity("mailbox", "alice@contoso.com")
    assert {(u, k, v) for u, v, k in g.edges(keys=True) if isinstance(u, Entity)} == {
        (sender, "sent", message), (message, "sent_to", recipient),
        (message, "sent_from", Entity("ip", "198.51.100.99")),
    }  # fmt: skip
    assert g.has_edge(next(n for n in g if n.kind == "email_event"), Entity("user", ALICE), "done_to")


def test_a_process_is_the_one_that_evidence_names(tenant) -> None:
    """Number, device and start make one process of an alert's evidence and a row; parent, user and file are tied."""
    started = map_records(pd.DataFrame([STARTED]), table="DeviceProcessEvents", tenant=TENANT)
    g = entity_graph(**tenant, records=[started])
    (record,) = (n for n in g if n.kind == "device_process_event")
    processes = {n for n in g.successors(record) if n.kind == "process"}
    known = {n for n in entity_graph(**tenant) if n.kind == "process"}
    assert processes == known
    assert len(processes) == 2
    child = next(n for n in processes if "|4780|" in n.key)
    sides = {(k, v) for _, v, k, r in g.out_edges(child, keys=True, data="references") if _says(r, record)}
    assert sides == {("ran_on", Entity("host", LAPTOP)), ("runs_file", Entity("file", "ab" * 32))}
    before = {(u.kind, k) for u, _, k, r in g.in_edges(child, keys=True, data="references") if _says(r, record)}
    assert before == {("user", "ran"), ("process", "started"), ("device_process_event", "names")}


def _says(references: list[dict[str, Any]], record: Record) -> bool:
    return any((r["record_kind"], r["record_id"]) == record for r in references)


def test_every_declared_table_maps_with_every_column_and_with_few() -> None:
    """Each table's rows map with all its columns, with one identifier alone, and with none of its rows."""
    for name, table in EVENTS.items():
        columns = list(table.columns)
        whole = pd.DataFrame([{**dict.fromkeys(columns, "x"), "Timestamp": "2026-02-03T10:00:00Z"}])
        assert map_records(whole, table=name)["record_kind"].tolist() == [table.kind]
        few = whole[["Timestamp", columns[0]]]
        assert json.loads(map_records(few, table=name)[MAPPED].iloc[0])
        assert len(map_records(pd.DataFrame(), table=name)) == 0
        with pytest.raises(UsageError, match=f"is it {name}"):
            map_records(whole[[columns[0]]], table=name)
    with pytest.raises(UsageError, match="declared are DeviceLogonEvents"):
        map_records(whole, table="Syslog")
    with pytest.raises(UsageError, match="kind=, time=; or table="):
        map_records(whole, user=columns[0])
    with pytest.raises(UsageError, match="number, device and start"):
        map_records(whole, kind="x_event", time="Timestamp", process=columns[0])
    with pytest.raises(UsageError, match="only users"):
        map_records(whole, kind="x_event", time="Timestamp", host=[("a", "b")])


def test_what_is_given_besides_comes_before_what_the_table_says() -> None:
    """Own columns and an own kind take the place of the declared ones; the others stay."""
    rows = pd.DataFrame([{**LOGON, "Who": "bob@contoso.com", "Title": "x"}])
    made = map_records(rows, table="DeviceLogonEvents", kind="odd_logon", user="Who", title="Title")
    assert made[["record_kind", "title"]].to_numpy().tolist() == [["odd_logon", "x"]]
    assert {n.key for n in entity_graph(records=[made]) if n.kind in ("user", "host")} == {"bob@contoso.com", LAPTOP}


def test_answers_of_hunting_map_as_they_are(world) -> None:
    """What `run_hunting_query` returns maps without being changed: the same rows are the same records in each pull."""
    first, second = (gi.run_hunting_query(world.client, "DeviceLogonEvents | take 20") for _ in range(2))
    one, other = (map_records(rows, table="DeviceLogonEvents", tenant=TENANT) for rows in (first, second))
    assert len(one) == len(first) > 0
    assert one["id"].tolist() == other["id"].tolist()
    with pytest.raises(UsageError, match="map_records"):
        entity_graph(records=[first])

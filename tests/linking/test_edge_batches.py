"""Edges of what is too large for a graph, read in batches: the same as the graph's."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphinvestigate as gi
from graphinvestigate import frames
from graphinvestigate.linking import Entity, Record, collecting
from graphinvestigate.linking.assembly import linked
from graphinvestigate.linking.collecting import by_kind, collect
from graphinvestigate.linking.entity_graph import edge_table, parts_of
from graphinvestigate.linking.index import index_of
from graphinvestigate.linking.table_index import index_of_table


def plainly(**named):
    """The edges as the graph has them, of all records at once."""
    return linked(parts_of(collect(by_kind(named), observing=True))).edges


def said(table):
    """Everything that two edge tables have to agree on."""
    return (
        list(table.nodes),
        [[names[code] for code in codes.tolist()] for names, codes in _named(table)],
        [[None if at < 0 else table.times[at] for at in codes.tolist()] for codes in (table.first, table.last)],
        table.start.tolist(),
    )


def _named(table):
    return (table.nodes, table.source), (table.nodes, table.target), (table.relations, table.relation)


@pytest.mark.parametrize("few", [7, 1000])
def test_batches_do_not_show(few, monkeypatch):
    """However many records are read at once, the edges are the graph's; so are record and field of each reference."""
    monkeypatch.setattr(collecting, "_AT_ONCE", few)
    client = gi.connect_demo(seed=3, alerts=60)
    named = {
        "alerts": gi.list_alerts(client),
        "incidents": gi.list_incidents(client, expand_alerts=True),  # whose alerts are there twice
        "sign_ins": gi.list_sign_ins(client),
        "risk_detections": gi.list_risk_detections(client),
        "directory_audits": gi.list_directory_audits(client),
    }
    table = edge_table(**named)
    assert said(table) == said(plainly(**named))
    g = gi.entity_graph(**named)
    references = [r for *_, told in g.edges(data="references") for r in told]
    records = [table.nodes[at] for at in table.rows["record"].tolist()]
    assert records == [Record(r["record_kind"], r["record_id"]) for r in references]
    assert [table.fields[at] for at in table.rows["field"].tolist()] == [r["field"] for r in references]


def test_what_recurs_is_read_once(monkeypatch, read):
    """What values mean that came more than once is known to the parts that follow; the edges are the same."""
    monkeypatch.setattr(collecting, "_AT_ONCE", 3)
    ip = _item("ip", ipAddress="198.51.100.7")
    alerts = frames.read_records("alerts", [_alert(number, ip) for number in range(12)])
    table = edge_table(alerts=alerts)
    assert [kind for kind, _ in read].count("ip") == 1
    assert said(table) == said(plainly(alerts=alerts))


@pytest.mark.parametrize(("first", "times"), [(["1", "1", "2"], 1), (["1", "2", "3"], 2)])
def test_where_values_often_recur_all_are_kept(first, times, monkeypatch, read):
    """In a place where values are met again and again, one that was met once is known to the next part too."""
    monkeypatch.setattr(collecting, "_AT_ONCE", 3)
    alerts = frames.read_records(
        "alerts", [_alert(at, _item("ip", ipAddress=f"203.0.113.{last}")) for at, last in enumerate([*first, "2"])]
    )
    assert said(edge_table(alerts=alerts)) == said(plainly(alerts=alerts))
    assert read.count(("ip", "203.0.113.2")) == times + 1  # and once by the plain reading


def test_what_recurs_is_kept_within_bounds(monkeypatch):
    """When more is remembered than the bound, what was met last is kept."""
    monkeypatch.setattr(collecting, "_REMEMBERED", 2)
    before = {}
    for number in range(5):
        collecting._remember(before, {("slot", None): {f"{number}a": None, f"{number}b": None}})
    assert before == {("slot", None): {"4a": None, "4b": None}}


def _alert(number, *evidence, **more):
    when = f"2026-02-03T10:{number:02d}:00Z"
    return {"id": f"a{number}", "createdDateTime": when, "tenantId": "t1", "evidence": list(evidence)} | more


def _item(kind, **properties):
    return {"@odata.type": f"#microsoft.graph.security.{kind}Evidence", **properties}


HALF = "\ud800"
CASES = {
    "one key of two types": [
        _alert(1, _item("oauthApplication", appId="77777777-0000-4000-8000-000000000000")),
        _alert(2, _item("oauthApplication", objectId="77777777-0000-4000-8000-000000000000")),
    ],
    "half a surrogate pair": [
        _alert(1, _item("url", url=f"https://x.test/{HALF}")),
        _alert(2, _item("new", newId=HALF)),
    ],
    "a version that is newer": [
        _alert(1, _item("ip", ipAddress="198.51.100.7"), lastUpdateDateTime="2026-02-04T00:00:00Z"),
        _alert(2),
        _alert(1, _item("ip", ipAddress="198.51.100.7"), createdDateTime="2026-01-01T00:00:00Z"),
    ],
    "no identifier": [_alert(1, _item("user"), {}, "x"), _alert(2, _item("user"))],
    "no evidence": [_alert(1), _alert(2, incidentId="7")],
}


@pytest.mark.parametrize("few", [1, 1000])
@pytest.mark.parametrize("case", CASES)
def test_odd_records_are_the_same_in_batches(case, few, monkeypatch):
    """Keys that two types spell, broken text, two versions of one alert, and nobody: as in the graph."""
    monkeypatch.setattr(collecting, "_AT_ONCE", few)
    body = json.dumps({"value": CASES[case]}).encode()
    alerts = frames.read_records("alerts", body)
    table = edge_table(alerts=alerts)
    assert said(table) == said(plainly(alerts=alerts))


def test_what_does_not_say_its_tenant_is_of_the_only_one(monkeypatch):
    """A private address of a record without a tenant is the one that a record of the only tenant names."""
    monkeypatch.setattr(collecting, "_AT_ONCE", 1)
    alerts = frames.read_records("alerts", [_alert(1, _item("ip", ipAddress="10.0.0.7"))])
    risks = frames.read_records(
        "risk_detections", [{"id": "r1", "ipAddress": "10.0.0.7", "activityDateTime": "2026-02-03T10:00:00Z"}]
    )
    table = edge_table(alerts=alerts, risk_detections=risks)
    assert said(table) == said(plainly(alerts=alerts, risk_detections=risks))
    assert [node for node in table.nodes if node.kind == "ip"] == [Entity("ip", "t1/10.0.0.7")]


def test_nothing_is_an_empty_table():
    """Without records there are neither nodes nor edges, and the index of that answers."""
    table = edge_table(alerts=frames.read_records("alerts", []))
    assert list(table.nodes) == []
    assert table.count.tolist() == []
    assert len(index_of_table(table).nodes) == 0


def test_nodes_are_found_by_what_they_are(monkeypatch):
    """The places of nodes are those of the graph's index; who is not there is not found."""
    monkeypatch.setattr(collecting, "_AT_ONCE", 7)
    alerts = gi.list_alerts(gi.connect_demo(seed=3, alerts=30))
    straight, index = index_of_table(edge_table(alerts=alerts)), index_of(gi.entity_graph(alerts=alerts))
    assert {node: straight.place[node] for node in index.nodes} == dict(index.place)
    assert Entity("nothing", "x") not in straight.place
    assert Entity("user", "nobody") not in straight.place
    assert straight.nodes[-1] == index.nodes[-1]
    assert straight.nodes[2:5] == index.nodes[2:5]
    with pytest.raises(IndexError):
        straight.nodes[len(index.nodes)]


def test_no_object_is_kept_per_edge():
    """Columns of edges are narrow; nodes and times are no lists of objects."""
    alerts = gi.list_alerts(gi.connect_demo(seed=3, alerts=30))
    table = edge_table(alerts=alerts)
    columns = [getattr(table, name) for name in ("source", "target", "relation", "first", "last", "start")]
    assert all(isinstance(column, np.ndarray) and column.itemsize <= 4 for column in columns)
    assert all(column.itemsize <= 4 for column in table.rows.values())
    assert not any(isinstance(values, list | tuple) for values in (table.nodes, table.times))

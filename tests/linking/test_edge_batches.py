"""Edges of what is too large for a graph: read in batches, who is who found in columns, the same as the graph's."""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate import frames
from graphinvestigate.linking import Entity, Record, collecting
from graphinvestigate.linking.assembly import linked
from graphinvestigate.linking.collecting import by_kind, collect
from graphinvestigate.linking.entity_graph import edge_table, parts_of
from graphinvestigate.linking.identifiers import rank
from graphinvestigate.linking.identity import note_domains, resolve
from graphinvestigate.linking.identity_columns import Known, strongest
from graphinvestigate.linking.index import index_of
from graphinvestigate.linking.pools import Pool, ints
from graphinvestigate.linking.table_index import index_of_table

# Few values, so that places meet, and contradict each other.
VALUES = {
    "user": {"object_id": "abc", "sid": "st", "upn": "pqr", "account": ["t1/c\\a", "t1/c\\b"]},
    "host": {
        "mde_device_id": "mno",
        "device_id": "de",
        "fqdn": ["a.x.org", "b.x.org", "a.y.org"],
        "nt_name": ["t1/x\\a"],
        "short_name": ["t1/a", "t1/b", "t2/a", "c"],
    },
    "file": {"sha256": "fgh", "sha1": "ij", "md5": "k"},
    "mail_message": {"network_message_id": "nm", "internet_message_id": "uv"},
    "iot_device": {"iot_device_id": "ab", "mac_address": "xy", "serial_number": "12"},
    "urn_thing": {"urn": "ab", "other_id": "cd", "z": "e"},
}
IDS = {
    kind: [(id_type, value) for id_type, values in types.items() for value in values] for kind, types in VALUES.items()
}
OBSERVATIONS = st.sampled_from(sorted(IDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.sampled_from(IDS[kind]), min_size=1, max_size=3, unique=True))
)


def by_resolver(observations):
    """Each identifier with the strongest of its entity, as the resolver finds."""
    members = defaultdict(list)
    for (kind, id_type, value), entity in resolve(observations).leads.items():
        members[entity].append((rank(kind, id_type), id_type, value))
    return {(entity.kind, *one[1:]): min(group)[1:] for entity, group in members.items() for one in group}


def by_columns(observations):
    """The same, found in columns."""
    pool, pairs, domains = Pool(), Pool(), defaultdict(set)
    flat, size = [], []
    for kind, ids in observations:
        codes = [pool.code((kind, *one)) for one in ids]
        if len(ids) > 1:
            flat += codes
            size.append(len(codes))
        if kind == "host":
            note_domains(ids, domains)
    pair = pairs.codes(one[:2] for one in pool.values)
    known = Known(pairs.values, pair, lambda at: pool.values[at][2])
    found = strongest(known, ints(flat), ints(size), domains)
    return {one: pool.values[at][1:] for one, at in zip(pool.values, found.tolist(), strict=True)}


@settings(max_examples=300, deadline=None)
@given(st.lists(OBSERVATIONS, max_size=40))
def test_columns_find_who_the_resolver_finds(drawn):
    """Whatever was seen together, contradictions and names that several carry included, both find the same entities."""
    observations = [(kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))) for kind, ids in drawn]
    assert by_columns(observations) == by_resolver(observations)


def test_very_many_identifiers_do_not_overflow():
    """With narrow numbers of more identifiers than their product fits into, each pair is still one entity."""
    many = 70_000
    known = Known([("user", "object_id"), ("user", "upn")], np.arange(2 * many) % 2, str)
    found = strongest(known, np.arange(2 * many, dtype=np.int32), np.full(many, 2, np.int32), {})
    assert np.array_equal(found, np.arange(2 * many) // 2 * 2)


def plainly(**named):
    """The edges as the graph has them, of all records at once."""
    return linked(parts_of(collect(by_kind(named)))).edges


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

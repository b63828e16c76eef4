"""What holds for any tenant, however odd its records."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import networkx as nx
import pandas as pd
from hypothesis import HealthCheck, example, given, settings, strategies as st

from graphinvestigate.errors import AmbiguousEntityError
from graphinvestigate.frames import evidence, expanded_alerts, read_records
from graphinvestigate.linking import Entity, Record, entities, entity_graph, find_entity, mentions, merge_graphs
from graphinvestigate.linking.assembly import assemble
from graphinvestigate.linking.collecting import by_kind, collect
from graphinvestigate.linking.entity_graph import edge_table, parts_of
from graphinvestigate.linking.identifiers import STRONG
from graphinvestigate.linking.index import index_of
from graphinvestigate.linking.mentions_evidence import EVIDENCE
from graphinvestigate.linking.table_index import index_of_table
from tests.linking.conftest import Json

# Few values, so that records meet; odd ones, so that they meet wrongly if they can.
VALUES = st.sampled_from(
    [
        *("a", "A", "b", "x@y.test", "X@Y.test", "", "-", "0.0.0.0", "10.0.0.1", "198.51.100.7", "::ffff:198.51.100.7"),
        *("S-1-5-18", "S-1-5-21-1-2-3-4", "S-1-12-1-1-2-3-4", "host.y.test", "<b>|=/", "\u202eé", "nul\u0000"),
        "2026-02-03T10:00:00Z",
    ]
)
SCALARS = st.one_of(VALUES, st.none(), st.integers(0, 3), st.booleans())


def plausible(evidence_type: str) -> st.SearchStrategy[Json]:
    """An item of a type with some of the properties that its table reads, right or wrong."""
    shape: Json = {}
    for slot in EVIDENCE[evidence_type].slots:
        for _, paths in slot.ids:
            for path in (paths,) if isinstance(paths, str) else paths:
                if not path.startswith("/"):
                    _put(shape, [*slot.base.split("."), *path.split(".")])
    for nested in EVIDENCE[evidence_type].nested:
        inner = EVIDENCE[nested.evidence_type].slots[0].ids[0][1]
        first = inner if isinstance(inner, str) else inner[0]
        _put(shape, [*nested.path.split("."), *first.removeprefix("/").split(".")])
    base = {
        "@odata.type": st.just(f"#microsoft.graph.security.{evidence_type}"),
        "roles": st.one_of(st.none(), st.lists(st.sampled_from(["compromised", "attacker"]), max_size=2)),
        "verdict": st.sampled_from(["malicious", "unknown", None]),
    }
    return st.fixed_dictionaries({}, optional=base | {k: _filled(v) for k, v in shape.items()})


def _put(shape: Json, steps: list[str]) -> None:
    steps = [s for s in steps if s]
    for step in steps[:-1]:
        inner = shape.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        shape = inner
    if steps:
        shape.setdefault(steps[-1], None)


def _filled(shape: Any) -> st.SearchStrategy[Any]:
    if shape is None:
        return SCALARS
    fields = {
        k.removesuffix("[]"): (st.lists(_filled(v), max_size=2) if k.endswith("[]") else _filled(v))
        for k, v in shape.items()
    }
    return st.one_of(st.fixed_dictionaries({}, optional=fields), SCALARS)


def _lists(item: Json) -> Json:
    """Turn keys that stand for lists into lists."""
    return {k.removesuffix("[]"): [v] if k.endswith("[]") else v for k, v in item.items()}


UNKNOWN = st.fixed_dictionaries(
    {},
    optional={
        "@odata.type": st.sampled_from(
            ["#microsoft.graph.security.newEvidence", "alert", "#x.signInEvidence", None, 3]
        ),
        "newId": SCALARS,
        "shape": SCALARS,
        "userAccount": st.one_of(SCALARS, st.fixed_dictionaries({}, optional={"azureAdUserId": SCALARS})),
    },
)
ITEMS = st.one_of(
    UNKNOWN, st.sampled_from(sorted(EVIDENCE)).flatmap(plausible).map(_lists), st.sampled_from([{}, None, "x", 3])
)
TIMES = st.sampled_from(["2026-02-03T10:00:00Z", "2026-02-03T11:30:00.1234567Z", "0001-01-01T00:00:00Z", None])
ALERTS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from([f"a{i}" for i in range(6)]), "evidence": st.lists(ITEMS, max_size=4)},
        optional={
            "tenantId": st.sampled_from(["t1", "t2"]),
            "incidentId": st.sampled_from(["1", "2", "", None]),
            "title": VALUES,
            "severity": st.sampled_from(["high", "low", "odd", None]),
            "firstActivityDateTime": TIMES,
            "createdDateTime": TIMES,
        },
    ),
    max_size=5,
    unique_by=lambda a: a["id"],
)
SIGN_INS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["a", "b", "s1"])},
        optional={
            "userId": VALUES,
            "userPrincipalName": VALUES,
            "ipAddress": VALUES,
            "createdDateTime": TIMES,
            "deviceDetail": st.one_of(st.none(), st.fixed_dictionaries({"deviceId": SCALARS, "displayName": SCALARS})),
        },
    ),
    max_size=3,
    unique_by=lambda s: s["id"],
)
RISKS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["r1", "r2"])},
        optional={
            "userId": VALUES,
            "userPrincipalName": VALUES,
            "ipAddress": VALUES,
            "requestId": VALUES,
            "activityDateTime": TIMES,
        },
    ),
    max_size=2,
    unique_by=lambda s: s["id"],
)
TARGETS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["User", "Device", "ServicePrincipal", "Group", "Other", "", None, 3]),
        "id": SCALARS,
        "userPrincipalName": SCALARS,
        "displayName": SCALARS,
    },
)
AUDITS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["au1", "au2"])},
        optional={
            "activityDateTime": TIMES,
            "initiatedBy": st.one_of(
                SCALARS,
                st.fixed_dictionaries(
                    {},
                    optional={
                        "user": st.one_of(SCALARS, st.fixed_dictionaries({"id": SCALARS, "ipAddress": SCALARS})),
                        "app": st.one_of(
                            SCALARS, st.fixed_dictionaries({"appId": SCALARS, "servicePrincipalId": SCALARS})
                        ),
                    },
                ),
            ),
            "targetResources": st.one_of(SCALARS, st.lists(st.one_of(TARGETS, SCALARS), max_size=3)),
        },
    ),
    max_size=2,
    unique_by=lambda a: a["id"],
)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def built(alerts: list[Json], sign_ins: list[Json], risks: list[Json]) -> dict[str, pd.DataFrame]:
    """Frames of what was drawn."""
    drawn = {"alerts": alerts, "sign_ins": sign_ins, "risk_detections": risks}
    return {name: read_records(name, records) for name, records in drawn.items() if records}


def at(document: Any, path: str) -> Any:
    """What stands at a JSON path."""
    for name, index in re.findall(r"([^.\[\]]+(?:\.type)?)|\[(\d+)\]", path.replace("@odata.type", "@odata\0type")):
        document = document[int(index)] if index else document[name.replace("\0", ".")]
    return document


def found_by(g: nx.MultiDiGraph, text: str) -> tuple[Entity, ...]:
    """The entity that a text finds, or all that it may mean."""
    try:
        return (find_entity(g, text),)
    except AmbiguousEntityError as several:
        return several.candidates


@FEW
@given(ALERTS, SIGN_INS, RISKS)
def test_every_edge_is_proved(alerts: list[Json], sign_ins: list[Json], risks: list[Json]) -> None:
    """Every edge has a reference, and the record it names holds that value in that field."""
    frames = built(alerts, sign_ins, risks)
    raw = {(r.record_kind, r.id): json.loads(r.raw) for frame in frames.values() for r in frame.itertuples()}
    g = entity_graph(**frames)
    for _, _, attrs in g.edges(data=True):
        assert attrs["count"] == len(attrs["references"]) >= 1
        for r in attrs["references"]:
            found = at(raw[r["record_kind"], r["record_id"]], r["field"])
            assert found == r["value"] or r["value"] is None
    json.dumps(nx.node_link_data(g, edges="edges"), allow_nan=False)


@FEW
@given(ALERTS)
def test_every_evidence_item_is_reachable(alerts: list[Json]) -> None:
    """Each item of each alert is what an edge of that alert points to."""
    frames = built(alerts, [], [])
    g = entity_graph(**frames)
    for name in frames:
        for item in evidence(frames[name]).itertuples():
            alert = Record("alert", item.alert_id)
            fields = {
                re.match(r"evidence\[\d+\]", r["field"])[0]  # type: ignore[index]
                for _, _, relation, attrs in g.out_edges(alert, keys=True, data=True)
                if relation == "has_evidence"
                for r in attrs["references"]
            }
            assert f"evidence[{item.evidence_index}]" in fields


@FEW
@given(ALERTS, SIGN_INS, RISKS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_adding_is_building(
    alerts: list[Json], sign_ins: list[Json], risks: list[Json], random: Any
) -> None:
    """Shuffled rows give the same graph; graphs of two parts merge to that of the whole; merging again is nothing."""
    frames = built(alerts, sign_ins, risks)
    whole = entity_graph(**frames)
    shuffled = {name: frame.sample(frac=1, random_state=random.randrange(1000)) for name, frame in frames.items()}
    assert nx.utils.graphs_equal(entity_graph(**shuffled), whole)
    cut = {name: random.randrange(len(frame) + 1) for name, frame in frames.items()}
    a = entity_graph(**{name: frame.iloc[: cut[name]] for name, frame in frames.items()})
    b = entity_graph(**{name: frame.iloc[cut[name] :] for name, frame in frames.items()})
    merged = merge_graphs(a, b)
    assert nx.utils.graphs_equal(merged, whole)
    assert list(merged) == list(whole)
    assert nx.utils.graphs_equal(merge_graphs(merged, b), whole)


@FEW
@given(ALERTS, SIGN_INS, RISKS)
def test_typed_readers_read_what_is_there(alerts: list[Json], sign_ins: list[Json], risks: list[Json]) -> None:
    """Whatever shape the records have, the typed readers lead to the same graph as reading record by record."""
    frames = built(alerts, sign_ins, risks)
    plain = assemble(parts_of(collect(by_kind(frames), typed_readers=False, observing=True)))
    assert nx.utils.graphs_equal(entity_graph(**frames), plain)


@FEW
@given(ALERTS, SIGN_INS, RISKS)
def test_columns_and_graph_hold_the_same(alerts: list[Json], sign_ins: list[Json], risks: list[Json]) -> None:
    """The edge table has the graph's nodes, edges, times and counts; the graph's two directions agree."""
    frames = built(alerts, sign_ins, risks)
    g, table = entity_graph(**frames), edge_table(**frames)
    assert list(table.nodes) == list(g)
    ends = zip(table.source.tolist(), table.target.tolist(), table.relation.tolist(), strict=True)
    assert [(table.nodes[u], table.nodes[v], table.relations[k]) for u, v, k in ends] == list(g.edges(keys=True))
    assert table.count.tolist() == [count for *_, count in g.edges(data="count")]
    times = [None if code < 0 else table.times[code] for code in table.first.tolist()]
    assert times == [first for *_, first in g.edges(data="first_seen")]
    index, straight = index_of(g), index_of_table(table)
    assert tuple(straight.nodes) == index.nodes
    assert {node: straight.place[node] for node in g} == dict(index.place)
    assert [straight.nodes[at] for at in range(len(g))] == list(g)
    for name in ("record", "source", "target", "first", "last", "count"):
        assert getattr(straight, name).tolist() == getattr(index, name).tolist()
    for names, codes in (("kinds", "kind"), ("relations", "relation")):
        ours, theirs = ([getattr(i, names)[code] for code in getattr(i, codes)] for i in (straight, index))
        assert ours == theirs
    again = nx.MultiDiGraph(**g.graph)
    again.add_nodes_from(g.nodes(data=True))
    again.add_edges_from(g.edges(keys=True, data=True))
    assert nx.utils.graphs_equal(again, g)
    assert {n: list(again.pred[n].items()) for n in again} == {n: list(g.pred[n].items()) for n in g}


@FEW
@given(ALERTS, SIGN_INS, RISKS)
def test_strong_identifiers_never_share_a_node(alerts: list[Json], sign_ins: list[Json], risks: list[Json]) -> None:
    """No entity has two strong identifiers of one type, and each identifier finds it or says it is ambiguous."""
    g = entity_graph(**built(alerts, sign_ins, risks))
    for node in g:
        if isinstance(node, Entity):
            types = [text.partition("=")[0] for text in g.nodes[node]["identifiers"]]
            assert all(types.count(t) == 1 for t in STRONG.intersection(types))
            for text in g.nodes[node]["identifiers"]:
                assert node in found_by(g, text)
    assert len(entities(g)) == sum(isinstance(n, Entity) for n in g)


ONE_TEXT_OF_TWO_TYPES = [  # two carry the name, so it is nobody's; a third one's id is spelt as the name is
    {"id": "a", "userId": "a", "userPrincipalName": "x@y.test"},
    {"id": "b", "userId": "b", "userPrincipalName": "x@y.test"},
    {"id": "c", "userId": "x@y.test"},
]


@FEW
@given(AUDITS, SIGN_INS, st.randoms(use_true_random=False))
@example([], ONE_TEXT_OF_TWO_TYPES, Random(0))
def test_audits_are_proved_and_merge_too(audits: list[Json], sign_ins: list[Json], random: Any) -> None:
    """Audits of any shape: every edge is proved, typed and plain reading agree, and adding is building."""
    drawn = {"directory_audits": audits, "sign_ins": sign_ins}
    frames = {name: read_records(name, records) for name, records in drawn.items() if records}
    g = entity_graph(**frames)
    raw = {(r.record_kind, r.id): json.loads(r.raw) for frame in frames.values() for r in frame.itertuples()}
    for _, _, attrs in g.edges(data=True):
        assert attrs["count"] == len(attrs["references"]) >= 1
        for r in attrs["references"]:
            assert at(raw[r["record_kind"], r["record_id"]], r["field"]) == r["value"]
    assert nx.utils.graphs_equal(assemble(parts_of(collect(by_kind(frames), typed_readers=False, observing=True))), g)
    cut = {name: random.randrange(len(frame) + 1) for name, frame in frames.items()}
    parts = [{n: f.iloc[: cut[n]] for n, f in frames.items()}, {n: f.iloc[cut[n] :] for n, f in frames.items()}]
    assert nx.utils.graphs_equal(merge_graphs(*(entity_graph(**part) for part in parts)), g)


@FEW
@given(ALERTS, SIGN_INS, RISKS)
def test_mentions_and_graph_agree(alerts: list[Json], sign_ins: list[Json], risks: list[Json]) -> None:
    """Every identifier in the mentions table is carried by a node of the graph."""
    frames = built(alerts, sign_ins, risks)
    carried = {
        (node.kind, text)
        for node, attrs in entity_graph(**frames).nodes(data=True)
        if isinstance(node, Entity)
        for observed in attrs["observations"]
        for text in observed["identifiers"]
    }
    table = mentions(**frames)
    records = {"sign_in", "incident", "alert"}
    named = {(r.kind, f"{r.identifier_type}={r.identifier}") for r in table.itertuples() if r.kind not in records}
    assert named == carried


def test_documented_payloads_lose_nothing(shared_dir: Any) -> None:
    """Of every documented and observed payload each record is a node and each evidence item has an edge."""
    kinds = {"alerts_v2__": "alerts", "incident__": "incidents", "riskDetection__list": "risk_detections"}
    kinds |= {"riskyUser__list.": "risky_users", "signIn_": "sign_ins"}
    seen = 0
    for path in sorted((shared_dir / "graph" / "examples").glob("*.json")):
        kind = next((k for prefix, k in kinds.items() if path.name.startswith(prefix)), None)
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        listed = document.get("value") if isinstance(document, dict) else None
        records = listed if isinstance(listed, list) else [document]
        if kind is None or not all(isinstance(r, dict) and "id" in r for r in records) or "History" in path.name:
            continue
        if kind == "alerts" and not all("evidence" in r for r in records):
            continue
        frame = read_records(kind, records)
        g = entity_graph(**{kind: frame})
        seen += len(frame)
        assert {Record(r.record_kind, r.id) for r in frame.itertuples()} <= set(g)
        alerts = frame if kind == "alerts" else expanded_alerts(frame) if kind == "incidents" else None
        if alerts is not None and len(alerts):
            items = {(r.alert_id, f"evidence[{r.evidence_index}]") for r in evidence(alerts).itertuples()}
            reached = {
                (r["record_id"], r["field"].partition("]")[0] + "]")
                for _, _, k, attrs in g.edges(keys=True, data=True)
                if k == "has_evidence"
                for r in attrs["references"]
            }
            assert items == reached
    assert seen > 15

"""STIX, BloodHound and Timesketch: each export is read by the tool's own library, or by its published rules."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import pytest
import stix2
from bhopengraph.Edge import EDGE_SCHEMA
from bhopengraph.Node import NODE_SCHEMA
from bhopengraph.OpenGraph import OpenGraph
from dateutil.parser import isoparse
from jsonschema import Draft202012Validator

import graphinvestigate as gi
from graphinvestigate.linking import Entity, Record


def exported(g: nx.MultiDiGraph, path: Path) -> Path:
    """Export to one file, where what is left out is no matter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "BloodHound cannot hold|.* no time |.* name nobody|.* names nobody")
        return gi.export_graph(g, path)[0]


@pytest.fixture(scope="module")
def bundle(g: nx.MultiDiGraph, tmp_path_factory: pytest.TempPathFactory) -> stix2.Bundle:
    """The graph as STIX, read by stix2 with nothing custom allowed."""
    path = exported(g, tmp_path_factory.mktemp("stix") / "graph.stix.json")
    return stix2.parse(path.read_text("utf-8"), allow_custom=False)


def test_stix2_reads_the_bundle_strictly(bundle: stix2.Bundle, g: nx.MultiDiGraph) -> None:
    """stix2 reads the bundle without custom content: an object per node and per edge, each id once, no dead end."""
    ids = Counter(one.id for one in bundle.objects)
    assert set(ids.values()) == {1}
    assert len(ids) == 2 + len(g) + g.number_of_edges()  # its author and its extension stand before
    for one in bundle.objects:
        for name, value in json.loads(one.serialize()).items():
            refs = value if name.endswith("_refs") else [value] if name.endswith("_ref") else []
            assert set(refs) <= set(ids), f"{one.id} names what is not there"


def test_stix_observables_have_the_standards_ids(bundle: stix2.Bundle) -> None:
    """Addresses, files, URLs and accounts get the id that any other tool gives them: the library's own."""
    checked = Counter()
    for one in bundle.objects:
        if one.type in ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr", "file", "user-account"):
            content = {
                name: value
                for name, value in json.loads(one.serialize()).items()
                if name not in ("id", "spec_version", "type", "extensions")
            }
            assert stix2.parse({"type": one.type, "spec_version": "2.1", **content}).id == one.id
            checked[one.type] += 1
    assert {"ipv4-addr", "file", "user-account"} <= set(checked)


def test_stix_keeps_the_reasons(bundle: stix2.Bundle, g: nx.MultiDiGraph) -> None:
    """Each relationship says in sentences why it is there; an alert is a grouping of all it names."""
    relations = [one for one in bundle.objects if one.type == "relationship"]
    assert Counter(one.relationship_type for one in relations) == Counter(
        relation.replace("_", "-") for _, _, relation in g.edges(keys=True)
    )
    assert all(one.description.endswith(".") for one in relations)
    groupings = {one.external_references[0].external_id: one for one in bundle.objects if one.type == "grouping"}
    alerts = [node for node in g if isinstance(node, Record) and node.kind == "alert"]
    assert len(alerts) > 3
    evidence = {(one.source_ref, one.target_ref) for one in relations if one.relationship_type == "has-evidence"}
    assert {source for source, _ in evidence} <= {one.id for one in groupings.values()}
    for alert in alerts:
        given = {target for source, target in evidence if source == groupings[alert.id].id}
        assert {one for one in given if not one.startswith("observed-data")} <= set(groupings[alert.id].object_refs)
        assert f"severity:{g.nodes[alert]['severity']}" in groupings[alert.id].labels
        entities = {node for node in g.successors(alert) if isinstance(node, Entity)}
        assert len(groupings[alert.id].object_refs) == len(entities)
        assert groupings[alert.id].context == "suspicious-activity"


def test_stix_says_when(bundle: stix2.Bundle, g: nx.MultiDiGraph) -> None:
    """A relationship begins and ends when it was first and last seen; a sign-in was observed at its time."""

    def moment(time: Any) -> str:
        return pd.Timestamp(time).floor("ms").isoformat()

    told = Counter(
        (one.relationship_type, moment(one.start_time), moment(one.get("stop_time", one.start_time)))
        for one in bundle.objects
        if one.type == "relationship" and "start_time" in one
    )
    assert told == Counter(
        (relation.replace("_", "-"), moment(attrs["first_seen"]), moment(attrs["last_seen"]))
        for _, _, relation, attrs in g.edges(keys=True, data=True)
        if attrs["first_seen"]
    )
    assert len(told) > 10
    seen = {one.external_references[0].external_id: one for one in bundle.objects if one.type == "observed-data"}
    for record_id, one in seen.items():
        (attrs,) = [attrs for node, attrs in g.nodes(data=True) if isinstance(node, Record) and node.id == record_id]
        assert moment(one.first_observed) == moment(attrs["time"])
        assert moment(one.last_observed) == moment(attrs.get("end_time") or attrs["time"])
    assert seen


def test_stix_keeps_two_of_one_content_apart(tmp_path: Path) -> None:
    """Two files known by their name alone are two objects, and a record that names nothing is left out and said."""
    g = nx.MultiDiGraph()
    for key in ("a|c:\\x|h1", "a|c:\\x|h2"):
        g.add_node(Entity("file", key), kind="file", label="a", identifiers=[f"file_path={key}"])
    g.add_node(Record("alert", "1"), kind="alert", id="1", label="alone", read=True, time=None)
    with pytest.warns(UserWarning, match=r"1 record names nobody.*alert 1"):
        (path,) = gi.export_graph(g, tmp_path / "graph.stix.json")
    objects = stix2.parse(path.read_text("utf-8")).objects
    assert len({one.id for one in objects if one.type == "file"}) == 2
    assert not [one for one in objects if one.type == "grouping"]


# BloodHound's published rules beyond the two schemas that the library carries.
EDGE_KIND = re.compile(r"[A-Za-z0-9_]+")


@pytest.mark.parametrize("which", ["g", "hostile"])
def test_bloodhound_takes_every_node_and_edge(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Nodes and edges fit BloodHound's schemas and a library's checks; values are flat, lists of one type."""
    g = request.getfixturevalue(which)
    path = exported(g, tmp_path / "graph.opengraph.json")
    content = json.loads(path.read_text("utf-8"))
    assert list(content) == ["metadata", "graph"]
    assert content["metadata"] == {"source_kind": "GraphInvestigate"}
    for name, schema in (("nodes", NODE_SCHEMA), ("edges", EDGE_SCHEMA)):
        validator = Draft202012Validator(schema)
        for one in content["graph"][name]:
            validator.validate(one)
            for key, value in one["properties"].items():
                assert re.fullmatch(r"[a-z0-9_]+", key)
                assert key not in ("objectid", "lastseen")
                if isinstance(value, list):
                    assert len({type(item) for item in value}) == 1
                assert "\\u0000" not in json.dumps(value)
    assert all(EDGE_KIND.fullmatch(edge["kind"]) for edge in content["graph"]["edges"])
    assert len({node["id"] for node in content["graph"]["nodes"]}) == len(g)
    read = OpenGraph()
    assert read.import_from_file(str(path))
    assert read.get_node_count() == len(g)
    _, problems = read.validate_graph()
    assert [one for one in problems if "isolated" not in one] == []


def test_bloodhound_meets_its_own_users(g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """A user with an object id has the id under which AzureHound collects it; edges say why, in sentences."""
    content = json.loads(exported(g, tmp_path / "g.bloodhound.json").read_text("utf-8"))["graph"]
    ids = {node["id"] for node in content["nodes"]}
    users = [
        text.removeprefix("object_id=").upper()
        for node, attrs in g.nodes(data=True)
        if node.kind == "user"
        for text in attrs["identifiers"]
        if text.startswith("object_id=")
    ]
    assert users
    assert set(users) <= ids
    known = {node["properties"]["key"]: node["properties"] for node in content["nodes"]}
    for node, attrs in g.nodes(data=True):
        if node.kind in ("user", "file"):
            assert known[node.key]["identifiers"] == attrs["identifiers"]
            facts = {name: value for name, value in known[node.key].items() if name.startswith("fact_")}
            assert sorted(facts.values()) == sorted(
                [str(text) for text in texts] for texts in attrs["facts"].values() if texts
            )
    assert all(sentence.endswith(".") for edge in content["edges"] for sentence in edge["properties"]["why"])


def test_timesketch_gets_every_event(g: nx.MultiDiGraph, tmp_path: Path) -> None:
    """One JSON object per line with message, datetime, timestamp_desc and equal microseconds; oldest first."""
    path = exported(g, tmp_path / "g.jsonl")
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    timed = [node for node in g if isinstance(node, Record) and g.nodes[node]["time"]]
    assert {(event["data_type"].partition(":")[2], event["record_id"]) for event in events} == set(timed)
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    for event in events:
        assert event["message"].strip()
        assert event["timestamp_desc"].strip()
        moment = isoparse(event["datetime"])
        assert moment.utcoffset() == datetime.now(UTC).utcoffset()
        assert (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6 == pytest.approx(
            event["timestamp"], abs=1
        )
        flat = [item for value in event.values() for item in (value if isinstance(value, list) else [value])]
        assert not [item for item in flat if isinstance(item, dict | list)]
    ends = [event for event in events if event["timestamp_desc"] == "Last activity"]
    assert {event["data_type"] for event in ends} == {"graphinvestigate:alert"}
    alert = next(node for node in timed if node.kind == "alert")
    shown = next(event for event in events if event["record_id"] == alert.id)
    users = {g.nodes[node]["label"] for node in g.successors(alert) if node.kind == "user"}
    assert set(shown.get("username", [])) == users


def test_timesketch_counts_what_has_no_time(hostile: nx.MultiDiGraph, tmp_path: Path) -> None:
    """A record that was only named has no time: it is left out and the warning counts it."""
    with pytest.warns(UserWarning, match="1 record has no time"):
        (path,) = gi.export_graph(hostile, tmp_path / "g.jsonl")
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [event["timestamp_desc"] for event in events] == ["First activity", "Last activity"]


def test_bloodhound_keeps_two_of_one_object_id_apart(tmp_path: Path) -> None:
    """Where two nodes claim one object id, neither takes it: two nodes are never one."""
    g = nx.MultiDiGraph()
    for kind in ("user", "service_principal"):
        g.add_node(Entity(kind, "0f"), kind=kind, label=kind, identifiers=["object_id=0f"])
    content = json.loads(exported(g, tmp_path / "g.bloodhound.json").read_text("utf-8"))["graph"]
    assert sorted(node["id"] for node in content["nodes"]) == ["service_principal:0f", "user:0f"]

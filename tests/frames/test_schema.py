"""The schema tables: complete, unambiguous, and what Graph's metadata says."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from graphinvestigate.frames import EVIDENCE, RESOURCES, read_records
from graphinvestigate.frames.schema import HOST_REPUTATIONS, LEGACY_COLUMNS
from graphinvestigate.linking.nodes import ENTITY_KINDS
from graphinvestigate.views.timeline_events import marks_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator():
    """The script that writes the tables."""
    spec = importlib.util.spec_from_file_location("generate_schema", ROOT / "tools" / "generate_schema.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_what_the_metadata_says(generator, shared_dir):
    """Writing the tables again from Graph's metadata gives the file in the package, byte for byte."""
    document = json.loads((shared_dir / "graph" / "schema.json").read_text())
    written = (ROOT / "graphinvestigate" / "frames" / "schema.json").read_text()
    assert generator.render(generator.tables(document)) == written


def test_every_property_has_a_column(generator, shared_dir):
    """No property of the published types is without a column, at its own path or above it."""
    document = json.loads((shared_dir / "graph" / "schema.json").read_text())["v1.0"]
    for name, graph_type in generator.RESOURCES.items():
        others = {"legacy_alerts": LEGACY_COLUMNS, "host_reputations": HOST_REPUTATIONS.columns}
        columns = others.get(name) or RESOURCES[name].columns
        above = {column.path[0] for column in columns}
        assert set(document["entity"][graph_type]["properties"]) <= above
    for kind in EVIDENCE.types:
        above = {c.path[0] for c in EVIDENCE.columns if not c.types or kind in c.types}
        assert set(document["complex"][f"microsoft.graph.security.{kind}"]["properties"]) == above


@pytest.mark.parametrize("table", [*RESOURCES.values(), EVIDENCE], ids=lambda table: table.name)
def test_columns_are_named_mechanically(table):
    """A column is its path in snake_case, or that with an evidence type's name before it; no name occurs twice."""
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))
    for column in table.columns:
        joined = "_".join(column.path).replace("_", "").lower()
        prefix = column.types[0].removesuffix("Evidence").lower() if len(column.types) == 1 else ""
        assert column.name.replace("_", "") in (joined, prefix + joined)
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", column.name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sha256Ac", "sha256_ac"),
        ("riskEventTypes_v2", "risk_event_types_v2"),
        ("clusterIP", "cluster_ip"),
        ("externalIPs", "external_ips"),
        ("ioTHub", "io_t_hub"),
        ("p1Sender", "p1_sender"),
        ("azureAdUserId", "azure_ad_user_id"),
    ],
)
def test_snake_case(generator, path, name):
    """Graph's spellings become column names by one rule."""
    assert generator.snake(path) == name


@pytest.mark.parametrize(
    ("name", "path", "dtype", "types"),
    [
        ("app_id", ("appId",), "string", ("oauthApplicationEvidence", "servicePrincipalEvidence")),
        ("cloud_application_app_id", ("appId",), "int", ("cloudApplicationEvidence",)),
        ("ip_address", ("ipAddress",), "string", ("ipEvidence",)),
        ("nic_ip_address", ("ipAddress",), "json", ("nicEvidence",)),
        ("teams_message_urls", ("urls",), "json", ("teamsMessageEvidence",)),
        ("container_image_registry", ("registry",), "json", ("containerImageEvidence",)),
        ("teams_message_sender_ip", ("senderIP",), "string", ("teamsMessageEvidence",)),
        ("service_principal_tenant_id", ("tenantId",), "string", ("servicePrincipalEvidence",)),
        ("location_city", ("location", "city"), "string", ("ipEvidence",)),
    ],
)
def test_conflicts_between_evidence_types(name, path, dtype, types):
    """Where two evidence types mean different things by one name, each has its own column."""
    column = EVIDENCE.column(name)
    assert (column.path, column.dtype, column.types) == (path, dtype, types)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda resource: resource.name)
def test_what_a_resource_names_exists(resource):
    """Event time, update time, window and filters of a resource are columns of it, and times are times."""
    assert resource.column(resource.event_time).dtype == "time"
    if resource.updated:
        assert resource.column(resource.updated).dtype == "time"
    assert [c.dtype for c in resource.columns if c.path == (resource.window,)] == ["time"]
    for name, path in resource.filters.items():
        assert resource.column(name).path == tuple(path.split("/"))
    assert not set(resource.local_filters) & set(resource.filters)
    assert all(resource.column(name) for name in resource.local_filters)


def test_record_kinds_name_one_resource_and_no_entity():
    """A record kind belongs to one resource and is no kind of entity: both are nodes of one graph."""
    kinds = [resource.record_kind for resource in RESOURCES.values()]
    assert len(set(kinds)) == len(kinds)
    assert not set(kinds) & {*ENTITY_KINDS, "device", "service_principal", "cloud_resource"}


def test_a_timeline_draws_every_resource():
    """Each resource's event time stands in its frame, so that a timeline can be drawn of any of them."""
    for resource in RESOURCES.values():
        column = resource.column(resource.event_time)
        frame = read_records(resource.name, [{"id": "1", column.path[0]: "2026-01-02T03:04:05Z"}])
        assert marks_of([frame], "record_kind").start.tolist() == [1_767_323_045_000_000_000]


@pytest.mark.parametrize("name", ["id", "display_name", "ip_address", "user_principal_name"])
def test_who_did_it_stands_in_columns(name):
    """The user of a directory audit is laid out although Graph calls the type open."""
    assert RESOURCES["directory_audits"].column(f"initiated_by_user_{name}").dtype == "string"


def test_members_that_need_the_prefer_header():
    """The table says which enum members Graph hides unless it is asked for them."""
    assert RESOURCES["incidents"].column("status").needs_prefer == ("awaitingAction",)
    assert "awaitingAction" in RESOURCES["incidents"].column("status").enum
    with pytest.raises(KeyError):
        RESOURCES["incidents"].column("Status")

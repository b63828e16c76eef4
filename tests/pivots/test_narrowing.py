"""Rows that name an entity: found under whatever it was typed as, of its own tenant, never "none" where none can be."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential
from graphinvestigate.pivots.asking import LISTS
from graphinvestigate.pivots.narrowing import about, in_tenant, unnamed
from graphinvestigate.pivots.steps import MENTIONED_IN

HERE, THERE = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
TYPE = "#microsoft.graph.security."
LOCAL = {  # what means something within a tenant only, as people type it
    "account": ("user", lambda value: value),
    "private_ip": ("ip", lambda value: value),
    "short_name": ("host", lambda value: gi.Entity("host", value)),
}


@pytest.fixture(scope="module")
def g(world) -> nx.MultiDiGraph:
    """The tenant's alerts, linked."""
    return gi.entity_graph(alerts=gi.list_alerts(world.client))


@pytest.mark.parametrize("name", LOCAL)
def test_what_is_typed_without_its_tenant_is_found(world, g, name) -> None:
    """An account, a private address or a short name needs no graph: it is one of the tenant that is asked."""
    kind, typed = LOCAL[name]
    node, value = min(
        (node, text.rpartition("/")[2])
        for node, data in g.nodes(data=True)
        for text in data.get("identifiers", ())
        if node.kind == kind and text.startswith(f"{name}=")
    )
    with_graph = gi.pivot(world.client, node, g=g, sources=["alerts"]).frames["alerts"]
    alone = gi.pivot(world.client, typed(value), sources=["alerts"]).frames["alerts"]
    assert len(with_graph) > 0
    assert set(alone["id"]) >= set(with_graph["id"])
    for spelling in (value, value.upper()):
        assert len(gi.pivot(world.client, typed(spelling), sources=["alerts"]).frames["alerts"]) == len(alone)


def alerts_of(*records: tuple[str, dict[str, Any]]) -> pd.DataFrame:
    """Alerts of tenants, each with one item of evidence; their ids are their places."""
    return gi.read_records(
        "alerts",
        [
            {"id": str(at), "tenantId": tenant, "createdDateTime": "2026-01-01T00:00:00Z", "evidence": [item]}
            for at, (tenant, item) in enumerate(records)
        ],
    )


@pytest.mark.parametrize(
    ("entity", "identifier", "item"),
    [
        (
            gi.Entity("user", r"corp\alice"),
            r"account=corp\alice",
            {"@odata.type": f"{TYPE}userEvidence", "userAccount": {"accountName": "alice", "domainName": "corp"}},
        ),
        (
            gi.Entity("ip", "10.1.2.3"),
            "private_ip=10.1.2.3",
            {"@odata.type": f"{TYPE}ipEvidence", "ipAddress": "10.1.2.3"},
        ),
        (
            gi.Entity("host", "pc1"),
            "short_name=pc1",
            {"@odata.type": f"{TYPE}deviceEvidence", "mdeDeviceId": "1" * 40, "hostName": "pc1"},
        ),
    ],
)
def test_a_namesake_of_another_tenant_is_somebody_else(entity, identifier, item) -> None:
    """What has the same name in another tenant is left out, and records that don't say theirs are of this one."""
    other = {**item, "mdeDeviceId": "2" * 40} if "mdeDeviceId" in item else item
    frame = alerts_of((HERE, item), (THERE, other))
    assert list(about("alerts", frame, entity, {identifier}, HERE)["id"]) == ["0"]
    assert list(about("alerts", frame, entity, {identifier}, THERE)["id"]) == ["1"]


def test_only_what_is_local_to_a_tenant_gets_its_name() -> None:
    """Ids and public addresses are the same everywhere."""
    assert in_tenant({"object_id=1", "upn=a@b.example", "ip=198.51.100.7"}, HERE) == {
        "object_id=1", "upn=a@b.example", "ip=198.51.100.7",
    }  # fmt: skip
    assert in_tenant({"short_name=pc"}, HERE) == {"short_name=pc", f"short_name={HERE}/pc"}


@pytest.mark.parametrize(
    ("entity", "source", "by"),
    [
        (gi.Entity("user", r"corp\alice"), "sign_ins", "object_id or upn"),
        (gi.Entity("user", "S-1-5-21-1-2-3-1104"), "directory_audits", "object_id or upn"),
        (gi.Entity("host", "pc.corp.example"), "sign_ins", "device_id or short_name"),
        (gi.Entity("host", "1" * 40), "sign_ins", "device_id or short_name"),
    ],
)
def test_a_source_that_cannot_name_it_is_no_clean_answer(world, entity, source, by) -> None:
    """Sign-ins know no accounts and no Defender ids: that none names the entity is not that there is none."""
    found = gi.pivot(world.client, entity, sources=["alerts", source])
    said = found.coverage.set_index("resource")
    assert len(found.frames[source]) == 0
    assert not said.loc[source, "complete"]
    assert said.loc[source, "note"].startswith(f"names a {entity.kind} by {by}, which is not known yet; pivot again")
    assert said.loc["alerts", "complete"], "these know all"
    assert found.to_come == (), "asked again, it would be the same"


def test_what_is_told_to_name_nobody_does_not(world) -> None:
    """The types by which each source names users, hosts and apps are those that its records lead to."""
    for source, listed in LISTS.items():
        if source == "alerts":
            continue
        g = gi.entity_graph(**{source: listed(world.client)})
        met: dict[str, set[str]] = {}
        for node, data in g.nodes(data=True):
            if isinstance(node, gi.Entity) and source in MENTIONED_IN.get(node.kind, ()):
                met.setdefault(node.kind, set()).update(text.partition("=")[0] for text in data["identifiers"])
        for kind, types in met.items():
            for name in types:
                assert unnamed(kind, source, {f"{name}=x"}) == "", (source, kind, name)


def test_a_client_that_was_given_a_domain_name_means_the_same_tenant(world, g) -> None:
    """Whoever connects by a domain name gets the same records, events and nodes: names are kept by the tenant's id."""
    client = gi.connect(
        tenant_id=world.tenant.domain,
        transport=world.transport(),
        credential=EmulatorCredential(world.tenant.tenant_id),
    )
    truth = world.tenant.truth.attack
    address = min(node.key.rpartition("/")[2] for node in g if node.kind == "ip" and "/" in node.key)
    for start, options in (
        (gi.find_entity(g, truth.laptop.mde_device_id), {"g": g, "sources": ["hunting"]}),
        (gi.Entity("ip", truth.replay_ip), {"sources": ["hunting"]}),
        (address, {"sources": ["alerts"]}),
    ):
        by_name, by_id = (gi.pivot(one, start, **options) for one in (client, world.client))
        assert set(by_name.graph) == set(by_id.graph)
        assert len(by_id.graph) > 0
        for kind, frame in by_id.frames.items():
            assert len(by_name.frames[kind]) == len(frame) > 0
            assert set(by_name.frames[kind]["tenant_id"]) == {world.tenant.tenant_id}
    client.close()

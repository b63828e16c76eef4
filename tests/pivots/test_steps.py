"""What a pivot asks of whom: the best identifier that Graph takes, in the column or parameter that holds it."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.linking import Entity
from graphinvestigate.pivots.steps import identifiers_of, pivot_steps, unhunted

OBJECT, APP = "aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
TYPE = "#microsoft.graph.security."


def known_as(kind: str, **evidence: Any) -> tuple[Entity, nx.MultiDiGraph]:
    """The one entity of a kind that an alert with this evidence names, and the graph."""
    item = {"@odata.type": f"{TYPE}{evidence.pop('type')}Evidence", **evidence}
    record = {"id": "a", "createdDateTime": "2026-01-01T00:00:00Z", "evidence": [item]}
    g = gi.entity_graph(alerts=gi.read_records("alerts", [record]))
    (found,) = (node for node in g if isinstance(node, Entity) and node.kind == kind)
    return found, g


def asked(entity: Entity, g: nx.MultiDiGraph | None = None) -> dict[str, dict[str, Any]]:
    """What Graph is asked to narrow down, by source."""
    return {step.source: dict(step.asked) for step in pivot_steps(entity, g=g) if step.how == "server"}


def hunted(entity: Entity, g: nx.MultiDiGraph | None = None) -> list[tuple[str, Any]]:
    """What is hunted for: the queries and the values of their parameters."""
    return [(step.kql, step.asked["value"]) for step in pivot_steps(entity, g=g) if step.how == "hunting"]


def test_a_user_is_asked_for_by_id_and_by_name_only_where_no_id_is_known() -> None:
    """Names change and ids do not: whoever has both is asked for by id, wherever Graph takes one."""
    both, g = known_as(
        "user", type="user", userAccount={"azureAdUserId": OBJECT, "userPrincipalName": "al@example.org"}
    )
    assert asked(both, g) == {
        "risk_detections": {"user_id": OBJECT},
        "risky_users": {"user_id": OBJECT},
        "sign_ins": {"user_id": OBJECT},
        "directory_audits": {
            "filter": f"initiatedBy/user/id eq '{OBJECT}' or targetResources/any(t: t/id eq '{OBJECT}')"
        },
    }
    named = Entity("user", "o'brien@example.org")
    by_name = {"user_principal_name": named.key}
    assert asked(named) == {"risk_detections": by_name, "risky_users": by_name, "sign_ins": by_name}
    tables = ("IdentityLogonEvents", "CloudAppEvents")
    assert hunted(both, g) == [(f"{table} | where AccountObjectId =~ value", OBJECT) for table in tables]
    assert hunted(named) == []
    assert unhunted(named, pivot_steps(named)) == dict.fromkeys(tables, "object_id")
    assert unhunted(both, pivot_steps(both, g=g)) == {}


def test_apps_and_their_principals_are_asked_for_by_their_own_ids() -> None:
    """An app goes by its app id, a service principal by its object id, and neither is taken for the other."""
    assert asked(Entity("app", APP)) == {
        "sign_ins": {"app_id": APP},
        "directory_audits": {"filter": f"initiatedBy/app/appId eq '{APP}'"},
        "service_principal_risk_detections": {"app_id": APP},
        "risky_service_principals": {"app_id": APP},
    }
    assert asked(Entity("service_principal", OBJECT)) == {
        "directory_audits": {"filter": f"targetResources/any(t: t/id eq '{OBJECT}')"},
        "service_principal_risk_detections": {"service_principal_id": OBJECT},
        "risky_service_principals": {"service_principal_id": OBJECT},
    }
    assert hunted(Entity("app", APP)) == [
        ("CloudAppEvents | where ObjectId =~ value", APP),
        ("AADSignInEventsBeta | where ApplicationId =~ value", APP),
    ]


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        (
            Entity("host", "1" * 40),
            [
                ("DeviceLogonEvents | where DeviceId =~ value", "1" * 40),
                ("DeviceNetworkEvents | where DeviceId =~ value", "1" * 40),
            ],
        ),
        (Entity("host", OBJECT), []),
        (
            Entity("ip", "198.51.100.7"),
            [
                ("AADSignInEventsBeta | where IPAddress =~ value", "198.51.100.7"),
                ("DeviceNetworkEvents | where RemoteIP =~ value", "198.51.100.7"),
            ],
        ),
        (Entity("file", "a" * 64), [("DeviceFileEvents | where SHA256 =~ value", "a" * 64)]),
        (Entity("file", "a" * 40), [("DeviceFileEvents | where SHA1 =~ value", "a" * 40)]),
        (Entity("file", "a" * 32), []),
        (
            Entity("mailbox", "al@example.org"),
            [
                ("EmailEvents | where RecipientEmailAddress =~ value", "al@example.org"),
                ("EmailEvents | where SenderFromAddress =~ value", "al@example.org"),
            ],
        ),
    ],
)
def test_what_is_hunted_for_stands_in_that_column(entity: Entity, expected: list[tuple[str, str]]) -> None:
    """Each table is asked by the column that holds the identifier; a table by one not known is not asked."""
    assert hunted(entity) == expected


def test_a_file_is_hunted_by_each_hash_that_is_known() -> None:
    """Defender leaves SHA256 empty in most rows: a file is hunted by SHA-1 too; where none is known, that is told.

    https://learn.microsoft.com/defender-xdr/advanced-hunting-devicefileevents-table
    """
    hashes = {"sha256": "a" * 64, "sha1": "b" * 40}
    both, g = known_as("file", type="file", fileDetails={"fileName": "x.exe", **hashes})
    assert hunted(both, g) == [
        ("DeviceFileEvents | where SHA256 =~ value", "a" * 64),
        ("DeviceFileEvents | where SHA1 =~ value", "b" * 40),
    ]
    assert unhunted(both, pivot_steps(both, g=g)) == {}
    for size, lacking in ((64, {"DeviceFileEvents": "sha1"}), (40, {}), (32, {"DeviceFileEvents": "sha1"})):
        alone = Entity("file", "a" * size)
        assert unhunted(alone, pivot_steps(alone)) == lacking


def test_whoever_has_several_identifiers_is_asked_for_by_all() -> None:
    """Two accounts that an analyst found to be one, or an app that came twice, are asked for by both their ids."""
    g, other = nx.MultiDiGraph(), OBJECT.replace("a", "c")
    user = Entity("user", OBJECT)
    g.add_node(user, identifiers=[f"object_id={OBJECT}", f"object_id={other}", "upn=al@example.org"])
    assert asked(user, g) == {
        **{source: {"user_id": [OBJECT, other]} for source in ("risk_detections", "risky_users", "sign_ins")},
        "directory_audits": {
            "filter": " or ".join(
                f"initiatedBy/user/id eq '{one}' or targetResources/any(t: t/id eq '{one}')" for one in (OBJECT, other)
            )
        },
    }
    tables = ("IdentityLogonEvents", "CloudAppEvents")
    assert hunted(user, g) == [
        (f"{t} | where AccountObjectId =~ value", one) for t in tables for one in (OBJECT, other)
    ]
    said = {step.source: step.sentence for step in pivot_steps(user, g=g)}
    assert f"those whose user_id is {OBJECT} or {other}, the non-interactive" in said["sign_ins"]


@pytest.mark.parametrize(
    ("entity", "identifier"),
    [
        (Entity("user", "al@example.org"), "upn=al@example.org"),
        (Entity("user", OBJECT), f"object_id={OBJECT}"),
        (Entity("user", "S-1-5-21-1-2-3-1104"), "sid=S-1-5-21-1-2-3-1104"),
        (Entity("host", "1" * 40), f"mde_device_id={'1' * 40}"),
        (Entity("host", OBJECT), f"device_id={OBJECT}"),
        (Entity("host", "pc.example.org"), "fqdn=pc.example.org"),
        (Entity("service_principal", OBJECT), f"object_id={OBJECT}"),
    ],
)
def test_a_key_that_no_graph_knows_says_what_it_is(entity: Entity, identifier: str) -> None:
    """An id is told from a name by its shape, whatever entity it is of."""
    assert identifiers_of(entity, None) == {identifier}


def test_records_at_hand_and_chosen_sources_are_not_asked_for() -> None:
    """Steps are those of the chosen sources, in their order; what is at hand is not asked for, incidents come later."""
    user = Entity("user", OBJECT)
    steps = pivot_steps(user, sources=["sign_ins", "incidents", "alerts"], known=["sign_ins"])
    assert [(step.source, step.how) for step in steps] == [
        ("alerts", "local"),
        ("incidents", "alerts"),
        ("sign_ins", "known"),
    ]
    assert all(not step.asked for step in steps)
    for wrong, words in (
        (["incidents"], "'alerts'"),
        (["hunting", "sign_in"], "sign_ins"),
        ("risky_service_principals", "kind"),
    ):
        with pytest.raises(gi.UsageError, match=words):
            pivot_steps(user, sources=wrong)

"""The table of entities, and finding one of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, entities, entity_graph, find_entity
from tests.linking.conftest import (
    ALICE,
    BOB,
    ENTRA_DEVICE,
    LAPTOP,
    account,
    alert,
    alerts_frame,
    device,
    item,
    risk,
    sign_in,
    user,
)

Frames = dict[str, pd.DataFrame]
HOST, USER = Entity("host", LAPTOP), Entity("user", ALICE)


def rows(g: Any) -> dict[Entity, Any]:
    """The table's rows by entity."""
    return {Entity(r.kind, r.key): r for r in entities(g).itertuples()}


def test_one_row_per_entity(tenant: Frames) -> None:
    """The table holds each entity of the graph once and nothing else, the highest score first."""
    g = entity_graph(**tenant)
    table = entities(g)
    assert sorted(zip(table["kind"], table["key"], strict=True)) == sorted(n for n in g if isinstance(n, Entity))
    assert list(table["score"]) == sorted(table["score"], reverse=True)


def test_alerts_count_once(tenant: Frames) -> None:
    """However often an alert names an entity, it is one alert."""
    row = rows(entity_graph(**tenant))[USER]
    assert (row.alerts, row.max_severity, row.risk_level, row.risk_state) == (2, "high", "high", "atRisk")
    assert row.first_seen == pd.Timestamp("2026-02-03T08:02:11Z")
    assert "2 alerts name it (1 high, 1 medium) in 2 categories" in row.why


def test_standing_risk_counts_and_remediated_risk_does_not() -> None:
    """Risk adds to the score while it stands; remediated it is shown and not counted."""
    table = {
        state: rows(entity_graph(risk_detections=read_records("risk_detections", [risk(riskState=state)])))[USER]
        for state in ("atRisk", "confirmedCompromised", "remediated", "dismissed")
    }
    assert {state: row.score for state, row in table.items()} == {
        "atRisk": 10.0,
        "confirmedCompromised": 10.0,
        "remediated": 0.0,
        "dismissed": 0.0,
    }
    assert "no longer counted" in table["remediated"].why


def test_the_users_standing_outweighs_a_single_detection(tenant: Frames) -> None:
    """What Entra says of the user now comes before what it said of one sign-in."""
    quiet = read_records("risky_users", [{"id": ALICE, "riskLevel": "none", "riskState": "dismissed"}])
    row = rows(entity_graph(risk_detections=tenant["risk_detections"], risky_users=quiet))[USER]
    assert (row.risk_level, row.risk_state, row.score) == ("none", "dismissed", 0.0)


def test_harmless_alerts_weigh_little() -> None:
    """A false positive of high severity ranks below an open alert of medium severity."""
    g = entity_graph(
        alerts=alerts_frame(
            alert("a1", user(), classification="falsePositive", status="resolved"),
            alert(
                "a2", user(azureAdUserId=BOB, userPrincipalName="bob@contoso.com", accountName="bob"), severity="medium"
            ),
        )
    )
    assert entities(g)["key"].tolist() == [BOB, ALICE]


def test_an_empty_graph_has_the_same_columns(tenant: Frames) -> None:
    """No entities: same columns, same types."""
    full, empty = entities(entity_graph(**tenant)), entities(entity_graph())
    assert list(empty.columns) == list(full.columns)
    assert (empty.dtypes.drop("identifiers") == full.dtypes.drop("identifiers")).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ALICE, USER),
        (ALICE.upper(), USER),
        ("ALICE@contoso.com", USER),
        ("upn=alice@contoso.com", USER),
        ("contoso\\Alice", USER),
        (f"object_id={ALICE}", USER),
        (LAPTOP, HOST),
        (ENTRA_DEVICE, HOST),
        ("laptop-7.contoso.com", HOST),
        ("laptop-7", HOST),
        ("short_name=LAPTOP-7", HOST),
        ("::ffff:198.51.100.23", Entity("ip", "198.51.100.23")),
        ("ip=198.51.100.23", Entity("ip", "198.51.100.23")),
        ("CD" * 20, Entity("file", "ab" * 32)),
        (USER, USER),
        (Entity("user", "alice@contoso.com"), USER),
        (Entity("host", ENTRA_DEVICE), HOST),
    ],
)
def test_anything_an_entity_goes_by_finds_it(tenant: Frames, text: Any, expected: Entity) -> None:
    """Any identifier, in any case, with or without its type, and any weaker key leads to the node."""
    assert find_entity(entity_graph(**tenant), text) == expected


def test_the_sid_of_an_object_id_finds_the_user() -> None:
    """An Entra SID finds the user whose object id it spells."""
    named = account(azureAdUserId="73d664e4-0886-4a73-b745-c694da45ddb4")
    g = entity_graph(alerts=alerts_frame(alert("a1", item("userEvidence", userAccount=named))))
    assert find_entity(g, "s-1-12-1-1943430372-1249052806-2496021943-3034400218").kind == "user"


def test_a_user_comes_before_the_mailbox_of_the_same_address() -> None:
    """An address that is a user name and a mailbox means the user; the mailbox is found by type."""
    box = item("mailboxEvidence", primaryAddress="alice@contoso.com", upn="alice@contoso.com", userAccount=account())
    g = entity_graph(alerts=alerts_frame(alert("a1", box)))
    assert find_entity(g, "alice@contoso.com").kind == "user"
    assert find_entity(g, "address=alice@contoso.com").kind == "mailbox"


def test_several_are_an_error_that_lists_them() -> None:
    """A user name of two object ids is ambiguous, and the error holds both."""
    g = entity_graph(sign_ins=read_records("sign_ins", [sign_in(), sign_in("s2", userId=BOB)]))
    with pytest.raises(AmbiguousEntityError, match="2 entities") as caught:
        find_entity(g, "alice@contoso.com")
    assert set(caught.value.candidates) == {USER, Entity("user", BOB)}


def test_none_is_an_error_that_names_what_comes_close(tenant: Frames) -> None:
    """A name nobody goes by says which names come close."""
    g = entity_graph(**tenant)
    with pytest.raises(EntityNotFoundError, match=r"(?i)alice@contoso\.com") as caught:
        find_entity(g, "alcie@contoso.com")
    assert caught.value.near[0] == USER
    with pytest.raises(EntityNotFoundError, match="entities\\(g\\)"):
        find_entity(g, "zzzzzz")
    with pytest.raises(UsageError, match="as text"):
        find_entity(g, " ")
    with pytest.raises(EntityNotFoundError):
        find_entity(g, Entity("user", ""))


def test_other_spellings_with_their_type_find_too() -> None:
    """An Entra SID with its type, and a guest's directory name, find the user whose id and name they spell."""
    named = account(azureAdUserId="73d664e4-0886-4a73-b745-c694da45ddb4", userPrincipalName="bob@fabrikam.com")
    g = entity_graph(alerts=alerts_frame(alert("a1", item("userEvidence", userAccount=named))))
    assert find_entity(g, "sid=S-1-12-1-1943430372-1249052806-2496021943-3034400218").kind == "user"
    assert find_entity(g, "upn=Bob_Fabrikam.com#EXT#@contoso.onmicrosoft.com").kind == "user"


def test_a_graph_that_grows_finds_what_is_new() -> None:
    """What a graph's entities go by is kept, and read anew when nodes are added."""
    g = entity_graph(sign_ins=read_records("sign_ins", [sign_in()]))
    assert find_entity(g, "alice@contoso.com") == USER
    other = entity_graph(
        sign_ins=read_records("sign_ins", [sign_in("s2", userId=BOB, userPrincipalName="bob@contoso.com")])
    )
    with pytest.raises(EntityNotFoundError):
        find_entity(g, "bob@contoso.com")
    g.add_nodes_from(other.nodes(data=True))
    assert find_entity(g, "bob@contoso.com") == Entity("user", BOB)


def test_labels_find_too(tenant: Frames) -> None:
    """What tables call an entity finds it."""
    g = entity_graph(**tenant)
    named = [node for node in g if isinstance(node, Entity) and node.kind in ("user", "host", "ip")]
    assert {node.kind for node in named} == {"user", "host", "ip"}
    for entity in named:
        assert find_entity(g, g.nodes[entity]["label"]) == entity


def test_a_renamed_user_is_found_under_both_names() -> None:
    """Two user names of one object id are one user, shown by the later name."""
    old = sign_in("s1", userPrincipalName="alice.old@contoso.com", createdDateTime="2026-01-01T00:00:00Z")
    g = entity_graph(sign_ins=read_records("sign_ins", [sign_in("s2", userPrincipalName="alice.new@contoso.com"), old]))
    assert find_entity(g, "alice.old@contoso.com") == find_entity(g, "alice.new@contoso.com") == USER
    assert g.nodes[USER]["label"] == "alice.new@contoso.com"


def test_devices_of_one_name_stay_apart() -> None:
    """Two devices that share a host name are two, and the name alone is ambiguous."""
    g = entity_graph(
        alerts=alerts_frame(alert("a1", device()), alert("a2", device(mdeDeviceId="f" * 40, azureAdDeviceId=None)))
    )
    with pytest.raises(AmbiguousEntityError):
        find_entity(g, "LAPTOP-7")

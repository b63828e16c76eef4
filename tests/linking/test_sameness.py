"""Why identifiers are one entity, what was kept apart, and what the analyst decides."""

from __future__ import annotations

import networkx as nx
import pandas as pd
import pytest

from graphinvestigate.errors import EntityNotFoundError, UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import (
    Entity,
    Record,
    conflicts,
    entity_graph,
    find_entity,
    merge_graphs,
    neighborhood,
    why_same,
    with_overrides,
)
from graphinvestigate.views.choosing import choose_nodes
from tests.linking.conftest import (
    ALICE,
    BOB,
    LAPTOP,
    SIGN_IN,
    TENANT,
    account,
    alert,
    alerts_frame,
    item,
    sign_in,
    user,
)
from tests.linking.test_hard_cases import SID, entra_sid, graph, named, of_kind

Frames = dict[str, pd.DataFrame]
USER, HOST = Entity("user", ALICE), Entity("host", LAPTOP)


def test_every_identifier_comes_with_its_records(tenant: Frames) -> None:
    """Each identifier of a user has the records, fields and values that give it, and all are accepted."""
    table = why_same(entity_graph(**tenant), "alice@contoso.com")
    assert list(table.columns) == [
        "identifier",
        "status",
        "reason",
        "record_kind",
        "record_id",
        "field",
        "value",
        "time",
    ]
    assert set(table["status"]) == {"accepted"}
    assert set(table["identifier"]) == {
        f"object_id={ALICE}", "upn=alice@contoso.com", f"account={TENANT}/contoso\\alice"
    }  # fmt: skip
    named_so = table[(table["identifier"] == "upn=alice@contoso.com") & (table["record_id"] == "a1")]
    assert dict(zip(named_so["field"], named_so["value"], strict=True)) == {
        "evidence[1].userAccount.userPrincipalName": "Alice@contoso.com",
        "evidence[2].userAccount.userPrincipalName": "alice@contoso.com",
    }
    assert {"sign_in", "risk_detection", "risky_user", "alert"} == set(table["record_kind"])
    assert str(table["time"].dtype) == "datetime64[ns, UTC]"
    assert table["time"].notna().all()


def test_reasons_say_how_it_is_known(tenant: Frames) -> None:
    """The key says so, what stands beside others names them, and what stands alone says where it is met with others."""
    table = why_same(entity_graph(**tenant), USER)
    key = table[table["identifier"] == f"object_id={ALICE}"]
    assert key["reason"].str.contains("its key").all()
    alone = table[(table["record_id"] == "a2") & (table["identifier"] == "upn=alice@contoso.com")]
    assert alone["reason"].tolist() == [
        f"alone here; other records give it together with account={TENANT}/contoso\\alice, object_id={ALICE}."
    ]
    host = why_same(entity_graph(**tenant), HOST)
    short = host[(host["identifier"] == f"short_name={TENANT}/laptop-7") & (host["record_id"] == SIGN_IN)]
    assert short["field"].tolist() == ["deviceDetail.displayName"]
    assert short["reason"].str.contains("given in one place with device_id=").all()


def test_what_a_sid_spells_is_said() -> None:
    """An Entra SID and a guest's name say how they became an object id and a home address."""
    guest = "bob_fabrikam.com#EXT#@contoso.onmicrosoft.com"
    table = why_same(graph(named(userSid=entra_sid(BOB), userPrincipalName=guest)), BOB)
    reasons = dict(zip(table["identifier"], table["reason"], strict=True))
    assert "the SID spells the object id" in reasons[f"object_id={BOB}"]
    assert "a guest is the one that he is at home" in reasons["upn=bob@fabrikam.com"]


def test_refusals_are_rows_with_their_reason() -> None:
    """A user name that two object ids carry is refused at both, with the record that gives it and the reason."""
    g = entity_graph(sign_ins=read_records("sign_ins", [sign_in(), sign_in("s2", userId=BOB)]))
    table = why_same(g, USER)
    refused = table[table["status"] == "refused"]
    assert refused["identifier"].tolist() == ["upn=alice@contoso.com"]
    assert refused["field"].tolist() == ["userPrincipalName"]
    assert refused["reason"].tolist() == [f"2 different object ids ({BOB}, {ALICE}) are never one user."]
    assert conflicts(g)["identifier"].tolist() == ["upn=alice@contoso.com"] * 2
    assert conflicts(g)["other"].isna().all()


def test_nothing_kept_apart_is_an_empty_list_of_the_same_shape(tenant: Frames) -> None:
    """Without conflicts: same columns and types, no rows."""
    full = conflicts(entity_graph(sign_ins=read_records("sign_ins", [sign_in(), sign_in("s2", userId=BOB)])))
    empty = conflicts(entity_graph(**tenant))
    assert len(empty) == 0
    assert (empty.dtypes == full.dtypes).all()


def test_unknown_names_are_an_error(tenant: Frames) -> None:
    """Nobody by that name: the error of `find_entity`."""
    with pytest.raises(EntityNotFoundError):
        why_same(entity_graph(**tenant), "nobody@contoso.com")


def test_a_join_by_hand_is_kept_logged_and_taken_back(tenant: Frames) -> None:
    """Two users joined by hand are one with all their edges; taking it back gives the graph as it was."""
    apart = entity_graph(**tenant)
    pair = [f"object_id={ALICE}", "upn=bob@contoso.com"]
    g = entity_graph(**tenant, merges=[pair])
    assert of_kind(g, "user") == [min(ALICE, BOB)]
    assert g.graph["merges"] == [sorted(pair)]
    assert find_entity(g, USER) == find_entity(g, Entity("user", BOB)) == find_entity(g, "alice@contoso.com")
    assert len({u.id for u, _ in g.in_edges(find_entity(g, USER)) if u.kind == "sign_in"}) == 2
    reasons = why_same(g, "bob@contoso.com").set_index("identifier")["reason"]
    assert reasons[f"object_id={ALICE}"].str.contains("joined by hand with upn=bob@contoso.com").all()
    assert nx.utils.graphs_equal(with_overrides(apart, merges=[pair]), g)
    assert nx.utils.graphs_equal(with_overrides(g, merges=[]), apart)
    assert nx.utils.graphs_equal(with_overrides(apart, merges=[(USER, Entity("user", BOB))]), with_overrides(
        apart, merges=[(f"object_id={BOB}", f"object_id={ALICE}")]
    ))  # fmt: skip


def test_a_split_by_hand_holds_against_the_records(tenant: Frames) -> None:
    """A host name split from its device is a host of its own, refused with `by_hand`; the rest stays together."""
    split = ("fqdn=laptop-7.contoso.com", f"mde_device_id={LAPTOP}")
    g = entity_graph(**tenant, splits=[split])
    assert "fqdn=laptop-7.contoso.com" not in g.nodes[HOST]["identifiers"]
    listed = conflicts(g)
    assert listed["by_hand"].all()
    assert listed["reason"].str.contains("split by hand").all()
    table = why_same(g, HOST)
    assert set(table.loc[table["status"] == "refused", "identifier"]) == {"fqdn=laptop-7.contoso.com"}
    assert nx.utils.graphs_equal(with_overrides(g, splits=[]), entity_graph(**tenant))


def test_an_identifier_split_alone_leads_nowhere() -> None:
    """A mailbox that many use: its user name alone joins nothing any more."""
    named_only, known = (
        named(userPrincipalName="desk@contoso.com"),
        named(userPrincipalName="desk@contoso.com", azureAdUserId=ALICE),
    )
    g = graph(named_only, known)
    assert of_kind(g, "user") == [ALICE]
    g = with_overrides(g, splits=["upn=Desk@contoso.com"])
    assert sorted(of_kind(g, "user")) == sorted([ALICE, "desk@contoso.com"])
    assert g.graph["splits"] == [["upn=desk@contoso.com"]]


def test_overrides_survive_merging(tenant: Frames) -> None:
    """Merged graphs keep the joins and splits of both."""
    pair = [f"object_id={ALICE}", f"object_id={BOB}"]
    parts = {name: {name: frame} for name, frame in tenant.items()}
    a = entity_graph(**parts.pop("alerts"), merges=[pair])
    b = entity_graph(**{k: v for part in parts.values() for k, v in part.items()}, splits=["short_name=laptop-7"])
    whole = entity_graph(**tenant, merges=[pair], splits=["short_name=laptop-7"])
    assert nx.utils.graphs_equal(merge_graphs(a, b), whole)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"merges": [("alice@contoso.com", "upn=bob@contoso.com")]}, "type=value"),
        ({"merges": [("upn=alice@contoso.com",)]}, "two or more"),
        ({"merges": "upn=alice@contoso.com"}, "give a list"),
        ({"splits": [("upn=a@x.test", "upn=b@x.test", "upn=c@x.test")]}, "one, or two"),
        ({"merges": [("upn=-", "upn=b@x.test")]}, "type=value"),
        (
            {
                "merges": [("upn=a@x.test", "upn=b@x.test"), ("upn=b@x.test", "upn=c@x.test")],
                "splits": [("upn=A@x.test", "upn=c@x.test")],
            },
            "both joined and split",
        ),
    ],
)
def test_overrides_that_cannot_be_right_are_refused(arguments: dict[str, object], words: str) -> None:
    """What is no identifier, too few or too many of them, or a contradiction, is an error that says what to give."""
    with pytest.raises(UsageError, match=words):
        entity_graph(**arguments)  # type: ignore[arg-type]


def test_former_and_weaker_keys_find_the_entity_after_growth() -> None:
    """An entity first known by user name, then by SID, then by object id answers to each of its former keys."""
    by_name = entity_graph(alerts=alerts_frame(alert("a1", user(azureAdUserId=None, accountName=None))))
    with_sid = merge_graphs(by_name, graph(named(userPrincipalName="alice@contoso.com", userSid=SID)))
    with_id = merge_graphs(with_sid, entity_graph(sign_ins=read_records("sign_ins", [sign_in()])))
    keys = [of_kind(g, "user")[0] for g in (by_name, with_sid, with_id)]
    assert keys == ["alice@contoso.com", SID, ALICE]
    assert {find_entity(with_id, Entity("user", key)) for key in keys} == {USER}
    assert Record("alert", "a1") in neighborhood(with_id, Entity("user", "alice@contoso.com"))
    assert len(why_same(with_id, Entity("user", SID))) > 2
    assert choose_nodes(with_id, highlight=Entity("user", "alice@contoso.com"), max_nodes=1) == [USER]


def test_the_last_version_of_a_record_adds_its_identifiers() -> None:
    """Two versions of one record that name a user by different names: both are shown, and counted once."""

    def version(upn: str, when: str) -> nx.MultiDiGraph:
        evidence = item("userEvidence", userAccount=account(azureAdUserId=ALICE, userPrincipalName=upn))
        return entity_graph(alerts=alerts_frame(alert("a1", evidence, lastUpdateDateTime=when)))

    old, new = version("old@contoso.com", "2026-02-03T10:20:00Z"), version("new@contoso.com", "2026-02-04T10:20:00Z")
    for merged in (merge_graphs(old, new), merge_graphs(new, old)):
        assert {"upn=old@contoso.com", "upn=new@contoso.com"} <= set(why_same(merged, ALICE)["identifier"])
        assert merged.edges[Record("alert", "a1"), USER, "has_evidence"]["count"] == 1

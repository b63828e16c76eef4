"""Kinds of sign-ins: which were asked for, where from, and what is missing where beta can't be read."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.demo.resources import SIGN_INS

BETA = "beta:auditLogs/signIns"


def no_beta(status: int) -> Fault:
    """A tenant whose beta answers so, and whose v1.0 is well."""

    def answer(asked: faults.Asked):
        if "/beta/" in asked.request.url:
            return faults.error(status, code="Refused")(asked)
        return asked.genuine()

    return Fault(f"/{SIGN_INS.path}", answer)


def test_a_replayed_session_shows_among_the_non_interactive_only(world) -> None:
    """The story's replay is in no interactive sign-in, and in full among the non-interactive ones."""
    replayed = set(world.tenant.truth.attack.replay_sign_in_ids)
    assert replayed
    interactive = gi.list_sign_ins(world.client)
    assert replayed.isdisjoint(interactive["id"])
    assert "interactive only" in gi.coverage(interactive)["note"].item()
    assert gi.coverage(interactive)["complete"].item()
    other = gi.list_sign_ins(world.client, event_types="nonInteractive")
    assert replayed <= set(other["id"])
    assert set(other["id"]).isdisjoint(interactive["id"])
    assert "asked for nonInteractive" in gi.coverage(other)["note"].item()


def test_all_kinds_are_all_of_them(world) -> None:
    """Both kinds of users' sign-ins are what beta holds; case and repeats in the argument do not matter."""
    frame = gi.list_sign_ins(world.client, event_types=["INTERACTIVE", "noninteractive", "nonInteractive"])
    assert sorted(frame["id"]) == sorted(world.ids(BETA))
    said = gi.coverage(frame).iloc[0]
    assert "signInEventTypes/any(t: t eq 'nonInteractiveUser')" in said["filters_server"]
    assert said["note"].count("nonInteractive") == 1


@pytest.mark.parametrize("kind", ["servicePrincipal", "managedIdentity"])
def test_sign_ins_of_applications_are_asked_of_beta(world, kind) -> None:
    """A tenant without any answers an empty frame, and the coverage says what was asked for."""
    frame = gi.list_sign_ins(world.client, event_types=kind)
    expected = [s["id"] for s in world.tenant.collections[BETA] if kind in s["signInEventTypes"]]
    assert sorted(frame["id"]) == sorted(expected)
    pulled = list(world.client.pulls.values())[-1]
    assert kind in pulled.filters_server
    assert kind in pulled.note


def test_frames_of_both_versions_are_one_table(world) -> None:
    """v1.0 and beta give the same columns and dtypes, so that they join; only beta says the kind."""
    v1 = gi.list_sign_ins(world.client, limit=3)
    beta = gi.list_sign_ins(world.client, event_types="nonInteractive", limit=3)
    assert v1.dtypes.equals(beta.dtypes)
    both = pd.concat([v1, beta], ignore_index=True)
    assert both.dtypes.equals(v1.dtypes)
    assert v1["sign_in_event_types"].isna().all()
    assert [list(kinds) for kinds in beta["sign_in_event_types"]] == [["nonInteractiveUser"]] * 3


def test_kinds_are_checked_here_too(make_world) -> None:
    """A service that ignores which kinds were asked for is corrected, and the coverage counts what did not fit."""
    world = make_world()
    records = list(world.tenant.collections[BETA])[:200]
    body = json.dumps({"value": records})
    world = make_world(faults=[Fault("/auditLogs/signIns", faults.respond(200, body=body))])
    frame = gi.list_sign_ins(world.client, event_types="nonInteractive")
    expected = [r["id"] for r in records if r["signInEventTypes"] == ["nonInteractiveUser"]]
    assert 0 < len(expected) < len(records)
    assert sorted(frame["id"]) == sorted(expected)
    assert "rows do not fit" in gi.coverage(frame)["note"].item()


@pytest.mark.parametrize("status", [400, 403, 404])
def test_without_beta_the_interactive_ones_come_and_the_coverage_says_so(make_world, status) -> None:
    """Beta can't be read: v1.0 answers, and the coverage is not complete and says 'interactive only'."""
    world = make_world(faults=[no_beta(status)])
    frame = gi.list_sign_ins(world.client, event_types=["interactive", "nonInteractive"])
    assert sorted(frame["id"]) == sorted(world.ids("auditLogs/signIns"))
    said = gi.coverage(frame).iloc[0]
    assert said["note"].startswith("interactive only: asked for interactive, nonInteractive")
    assert str(status) in said["note"]
    assert not said["complete"]
    assert said["lacking"] == ("the permission AuditLog.Read.All" if status == 403 else "")


def test_without_beta_other_kinds_are_an_error_not_an_empty_frame(make_world) -> None:
    """Nothing that v1.0 has was asked for, so nothing stands in for the answer."""
    world = make_world(faults=[no_beta(403)])
    with pytest.raises(gi.PermissionMissingError):
        gi.list_sign_ins(world.client, event_types="nonInteractive")


@pytest.mark.parametrize("kinds", ["batch", [], None, 7, ["interactive", 3], ""])
def test_an_unknown_kind_asks_nothing(world, kinds) -> None:
    """A kind that does not exist is a UsageError that names those that do."""
    before = world.client.requests_made
    with pytest.raises(gi.UsageError, match="nonInteractive, servicePrincipal, managedIdentity"):
        gi.list_sign_ins(world.client, event_types=kinds)
    assert world.client.requests_made == before


def test_an_address_is_one_however_it_was_copied(world) -> None:
    """Defanged, with spaces around, in another spelling: the same sign-ins; what is no address is refused."""
    rows = gi.list_sign_ins(world.client, since="30d")
    address = rows["ip_address"].dropna()[rows["ip_address"].dropna().str.count(r"\.") == 3].iloc[0]
    ids = set(gi.list_sign_ins(world.client, since="30d", ip_address=address)["id"])
    assert ids
    for written in (f" {address} ", address.replace(".", "[.]"), [address]):
        assert set(gi.list_sign_ins(world.client, since="30d", ip_address=written)["id"]) == ids
    asked = len(gi.coverage(world.client))
    for wrong in ("300.1.1.1", "203.0.113.0/24", "alice", "", [None]):
        with pytest.raises(gi.UsageError, match="ip_address takes"):
            gi.list_sign_ins(world.client, ip_address=wrong)
    assert len(gi.coverage(world.client)) == asked
    gi.list_sign_ins(world.client, since="1d", ip_address="2001:DB8:0::7", event_types="interactive")
    assert "ipAddress eq '2001:db8::7'" in gi.coverage(world.client)["filters_server"].iloc[-1]
    user = rows["user_principal_name"].iloc[0]
    copied = gi.list_sign_ins(world.client, since="30d", user_principal_name=f"  {user}\n")
    assert set(copied["user_principal_name"]) == {user}

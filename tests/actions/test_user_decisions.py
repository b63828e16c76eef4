"""Decisions on users: sixty per call, each with its state; sessions end."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.demo.faults import Fault, error


def outcomes(applied: gi.actions.Applied) -> dict[str, str]:
    """Field → outcome, of changes to one record."""
    return dict(zip(applied.results["field"], applied.results["outcome"], strict=True))


class Recorder(httpx.BaseTransport):
    """A tenant that knows no risk so far, takes every decision, and keeps whom each named."""

    def __init__(self) -> None:
        self.named: list[list[str]] = []

    def clock(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        """Not wait."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/$batch"):
            asked = json.loads(request.content)["requests"]
            return httpx.Response(200, json={"responses": [{"id": one["id"], "status": 404} for one in asked]})
        if request.method == "POST":
            self.named.append(json.loads(request.content)["userIds"])
            return httpx.Response(204)
        return httpx.Response(200, json={"value": []})


def test_risk_decisions_go_sixty_at_a_time() -> None:
    """130 users are three calls of at most 60, each user named once; who is not known to be at risk is decided on."""
    ids = [f"user-{number}" for number in range(130)]
    users = gi.read_records("risky_users", json.dumps({"value": [{"id": one} for one in ids]}).encode())
    tenant = Recorder()
    with connect(tenant_id="contoso.test", transport=tenant, credential=EmulatorCredential("contoso.test")) as client:
        applied = gi.actions.stage(client, users, risk="confirmCompromised").apply(dry_run=False)
        assert set(applied.results["outcome"]) == {"changed"}
        assert [len(named) for named in tenant.named] == [60, 60, 10]
        assert [one for named in tenant.named for one in named] == ids


@pytest.mark.parametrize(("decision", "state"), [("dismiss", "dismissed"), ("confirmSafe", "confirmedSafe")])
def test_each_decision_has_its_state(make_world: Any, decision: str, state: str) -> None:
    """A dismissed and a safe user stand so afterwards, and doing it again is "already so"."""
    world = make_world()
    risky = gi.list_risky_users(world.client, risk_state="atRisk").head(1)
    applied = gi.actions.stage(world.client, risky, risk=decision).apply(dry_run=False)
    assert applied.results["outcome"].tolist() == ["changed"]
    now = gi.list_risky_users(world.client)
    assert now.loc[now["id"] == risky["id"].iloc[0], "risk_state"].tolist() == [state]
    assert gi.actions.stage(world.client, now[now["risk_state"] == state].head(1), risk=decision).apply().results[
        "outcome"
    ].tolist() == ["already so"]


def test_one_user_who_is_gone_does_not_hold_up_the_others(make_world: Any) -> None:
    """Graph refuses a call that names an unknown user as a whole: each goes alone then, and only that one fails."""
    world = make_world()
    risky = gi.list_risky_users(world.client, risk_state="atRisk").head(3)
    ghost = risky.head(1).assign(raw=risky["raw"].iloc[0].replace(risky["id"].iloc[0], "00000000-dead"))
    applied = gi.actions.stage(world.client, pd.concat([risky, ghost]), risk="dismiss").apply(dry_run=False)
    assert applied.results["outcome"].tolist() == ["changed"] * 3 + ["refused"]


def test_a_users_risk_that_moved_is_a_conflict(make_world: Any, colleague: Any) -> None:
    """A colleague decided already: the risk state it has now is named."""
    world = make_world()
    risky = gi.list_risky_users(world.client, risk_state="atRisk").head(1)
    gi.actions.stage(colleague(world), risky, risk="confirmCompromised").apply(dry_run=False)
    applied = gi.actions.stage(world.client, risky, risk="dismiss", revoke_sessions=True).apply(dry_run=False)
    assert outcomes(applied) == {"risk_state": "conflict", "sessions": "changed"}
    assert "riskState was atRisk, is confirmedCompromised" in applied.results["reason"].iloc[0]


def test_sessions_are_revoked(make_world: Any) -> None:
    """Each user's sessions end at the moment of the call; an unknown user is refused."""
    world = make_world()
    risky = gi.list_risky_users(world.client).head(2)
    ghost = risky.head(1).assign(raw=risky["raw"].iloc[0].replace(risky["id"].iloc[0], "00000000-dead"))
    staged = gi.actions.stage(world.client, pd.concat([risky, ghost]), revoke_sessions=True)
    assert staged.apply().results["outcome"].tolist() == ["would change"] * 3
    applied = staged.apply(dry_run=False)
    assert applied.results["outcome"].tolist() == ["changed", "changed", "refused"]
    for user_id in risky["id"]:
        account = world.emulator.store.find("users", user_id)
        assert account["signInSessionsValidFromDateTime"] >= f"{world.tenant.now:%Y-%m-%dT%H:%M:%SZ}"


def test_sessions_of_an_open_outcome_are_ended_again(make_world: Any) -> None:
    """503 to a revocation leaves it unknown, and as it does no harm twice the next run sends it again."""
    world = make_world(faults=[Fault("/users/*/revokeSignInSessions", error(503), on={1})])
    staged = gi.actions.stage(world.client, gi.list_risky_users(world.client).head(1), revoke_sessions=True)
    assert staged.apply(dry_run=False).results["outcome"].tolist() == ["unknown"]
    assert staged.apply(dry_run=False).results["outcome"].tolist() == ["changed"]

"""`apply`: a dry run unless told otherwise; conflicts and redirects are reported; every change leaves an audit row."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo.faults import Asked, ConnectionDroppedError, Fault, error, rewrite

ALERTS = "/security/alerts_v2"
VERDICT = {"status": "resolved", "classification": "truePositive", "determination": "phishing"}


def lost(asked: Asked) -> Any:
    """The request is carried out, and its answer never comes."""
    asked.genuine()
    raise ConnectionDroppedError("the answer was lost")


def written(world: Any) -> list[tuple[str, str]]:
    """Every request of a world that could change something: method and path."""
    reads = ("/$batch", "/runHuntingQuery")
    return [
        (one.method, one.path.partition("v1.0")[2])
        for one in world.emulator.exchanges
        if one.method != "GET" and not one.path.endswith(reads)
    ]


def lost_patch(asked: Asked) -> Any:
    """A PATCH is carried out, and its answer never comes."""
    return lost(asked) if asked.request.method == "PATCH" else asked.genuine()


def open_alerts(client: gi.GraphClient, count: int) -> pd.DataFrame:
    """Alerts that nobody has looked at."""
    return gi.list_alerts(client, status="new").head(count)


def outcomes(applied: gi.actions.Applied) -> dict[str, str]:
    """Field → outcome, of changes to one record."""
    return dict(zip(applied.results["field"], applied.results["outcome"], strict=True))


def test_apply_is_a_dry_run(make_world: Any) -> None:
    """Without `dry_run=False` nothing is sent, nothing changes, and no audit row is written."""
    world = make_world()
    alerts = open_alerts(world.client, 3)
    applied = gi.actions.stage(world.client, alerts, **VERDICT, comment="seen").apply()
    assert applied.dry_run
    assert set(applied.results["outcome"]) == {"would change"}
    assert "Dry run, nothing was sent: 12 would change" in repr(applied)
    assert written(world) == []
    assert gi.actions.history(world.client).empty
    again = gi.list_alerts(world.client, status="new")
    assert again["id"].tolist()[:3] == alerts["id"].tolist()


def test_what_is_applied_stands_in_the_tenant(make_world: Any) -> None:
    """Verdict, owner and comment are in the alert afterwards, with one PATCH and one comment per alert."""
    world = make_world()
    alerts = open_alerts(world.client, 2)
    staged = gi.actions.stage(world.client, alerts, **VERDICT, assigned_to="me@contoso.test", comment="seen")
    applied = staged.apply(dry_run=False)
    assert set(applied.results["outcome"]) == {"changed"}
    for alert_id in alerts["id"]:
        now = gi.get_alert(world.client, alert_id).iloc[0]
        assert {name: now[name] for name in VERDICT} == VERDICT
        assert now["assigned_to"] == "me@contoso.test"
        assert [one["comment"] for one in json.loads(now["comments"])][-1:] == ["seen"]
        assert written(world).count(("PATCH", f"{ALERTS}/{alert_id}")) == 1
        assert written(world).count(("POST", f"{ALERTS}/{alert_id}/comments")) == 1


def test_history_lists_what_was_done(make_world: Any) -> None:
    """Each change has an audit row: what, on which record, from what to what, with which permission, when, outcome."""
    world = make_world()
    alerts = open_alerts(world.client, 2)
    applied = gi.actions.stage(world.client, alerts, **VERDICT).apply(dry_run=False)
    told = gi.actions.history(world.client)
    pd.testing.assert_frame_equal(told, applied.results)
    assert told["before"].iloc[0] == "new"
    assert told["after"].tolist() == list(VERDICT.values()) * 2
    assert set(told["permission"]) == {"SecurityAlert.ReadWrite.All"}
    assert told["at"].notna().all()
    assert told["at"].is_monotonic_increasing
    empty = gi.actions.history(make_world().client)
    assert empty.dtypes.equals(told.dtypes)
    with pytest.raises(gi.UsageError):
        gi.actions.history(alerts)  # type: ignore[arg-type]


def test_a_second_run_sends_only_what_was_not_done(make_world: Any) -> None:
    """What an earlier run sent is not sent again, comments least of all; what was refused is tried again."""
    world = make_world(faults=[Fault(f"{ALERTS}/*/comments", error(403, code="Forbidden"), on={1})])
    staged = gi.actions.stage(world.client, open_alerts(world.client, 1), status="resolved", comment="seen")
    assert outcomes(staged.apply(dry_run=False)) == {"status": "changed", "comment": "refused"}
    assert outcomes(staged.apply(dry_run=False)) == {"status": "already so", "comment": "changed"}
    assert set(outcomes(staged.apply(dry_run=False)).values()) == {"already so"}
    assert [method for method, _ in written(world)] == ["PATCH", "POST", "POST"]


def test_two_threads_that_apply_the_same_send_it_once(make_world: Any) -> None:
    """A cell and a button's callback may both apply: one comment is written, and each is told what became of it."""
    together = threading.Barrier(2)

    def slowly(asked: Asked) -> Any:
        time.sleep(0.2)
        return asked.genuine()

    world = make_world(faults=[Fault(f"{ALERTS}/*/comments", slowly)])
    staged = gi.actions.stage(world.client, open_alerts(world.client, 1), comment="seen")
    told: list[dict[str, str]] = []

    def apply() -> None:
        together.wait(20)
        told.append(outcomes(staged.apply(dry_run=False)))

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(one["comment"] for one in told) == ["already so", "changed"]
    assert [method for method, _ in written(world)] == ["POST"]


def test_a_record_that_changed_since_it_was_read_is_a_conflict(make_world: Any, colleague: Any) -> None:
    """A colleague's change is named field by field and nothing is sent over it, except when told to."""
    world = make_world()
    alerts = open_alerts(world.client, 2)
    other = colleague(world)
    gi.actions.stage(other, alerts.head(1), status="inProgress", assigned_to="colleague@contoso.test").apply(
        dry_run=False
    )
    staged = gi.actions.stage(world.client, alerts, status="resolved")
    for dry_run in (True, False):
        applied = staged.apply(dry_run=dry_run)
        (conflict,) = applied.conflicts.to_dict("records")
        assert conflict["id"] == alerts["id"].iloc[0]
        assert conflict["before"] == "inProgress"
        assert "status was new, is inProgress" in conflict["reason"]
        assert "assignedTo was empty, is colleague@contoso.test" in conflict["reason"]
        assert applied.results["outcome"].tolist()[1] == ("would change" if dry_run else "changed")
    assert gi.get_alert(world.client, alerts["id"].iloc[0])["status"].iloc[0] == "inProgress"
    assert "conflict" in gi.actions.history(world.client)["outcome"].tolist()
    assert staged.apply(dry_run=False, overwrite=True).results["outcome"].tolist() == ["changed", "already so"]
    assert gi.get_alert(world.client, alerts["id"].iloc[0])["status"].iloc[0] == "resolved"


def test_a_colleagues_comment_is_a_conflict_too(make_world: Any, colleague: Any) -> None:
    """Whatever changed in a record may bear on the decision: a new comment is named."""
    world = make_world()
    alerts = open_alerts(world.client, 1)
    gi.actions.stage(colleague(world), alerts, comment="Don't touch, I am on it.").apply(dry_run=False)
    applied = gi.actions.stage(world.client, alerts, status="resolved").apply(dry_run=False)
    assert applied.conflicts["reason"].str.contains("comments").all()
    assert len(applied.conflicts) == 1


def test_what_we_wrote_ourselves_is_no_conflict(make_world: Any) -> None:
    """Several decisions on the same frame, one after the other, are no conflict with each other."""
    world = make_world()
    alerts = open_alerts(world.client, 1)
    for arguments in ({"comment": "on it"}, {"status": "inProgress"}, {"status": "resolved", "comment": "done"}):
        applied = gi.actions.stage(world.client, alerts, **arguments).apply(dry_run=False)
        assert set(applied.results["outcome"]) == {"changed"}, arguments


def test_an_incident_that_was_merged_is_reported(make_world: Any) -> None:
    """A redirect names where it leads, before and after staging; nothing is written to either incident."""
    world = make_world(alerts=120)
    incidents = gi.list_incidents(world.client)
    merged = incidents[incidents["status"] == "redirected"].head(1)
    target = merged["redirect_incident_id"].iloc[0]
    applied = gi.actions.stage(world.client, merged, status="resolved", add_tags="x").apply(dry_run=False)
    assert set(applied.results["outcome"]) == {"redirected"}
    assert applied.results["reason"].str.contains(f"merged into incident {target}").all()
    assert written(world) == []


def test_incidents_take_verdicts_tags_and_comments(make_world: Any, colleague: Any) -> None:
    """Status, classification, determination, owner, tags and a comment stand in the incident; other tags stay."""
    world = make_world()
    incident = gi.list_incidents(world.client, status="active").head(1)
    incident_id = incident["id"].iloc[0]
    gi.actions.stage(world.client, incident, add_tags=["keep", "old"]).apply(dry_run=False)
    incident = gi.get_incident(world.client, incident_id)
    staged = gi.actions.stage(
        world.client, incident, **VERDICT, assigned_to="me@contoso.test", add_tags="INC-4711", remove_tags="OLD",
        comment="phished",
    )  # fmt: skip
    assert set(staged.apply(dry_run=False).results["outcome"]) == {"changed"}
    now = gi.get_incident(world.client, incident_id).iloc[0]
    assert {name: now[name] for name in VERDICT} == VERDICT
    assert {"keep", "INC-4711"} <= set(now["custom_tags"])
    assert "old" not in set(now["custom_tags"])
    assert json.loads(now["comments"])[-1]["comment"] == "phished"


def test_a_record_that_is_gone_is_said_to_be(make_world: Any) -> None:
    """An alert that Graph has no longer is "not found", and the others are changed all the same."""
    world = make_world()
    alerts = open_alerts(world.client, 2)
    lost_alert = alerts.head(1).assign(raw=alerts["raw"].iloc[0].replace(alerts["id"].iloc[0], "gone"))
    staged = gi.actions.stage(world.client, pd.concat([lost_alert, alerts.tail(1)]), status="resolved")
    assert staged.apply(dry_run=False).results["outcome"].tolist() == ["not found", "changed"]


def test_what_cannot_be_read_is_not_written(make_world: Any) -> None:
    """Who may write but not look would overwrite blindly: nothing is sent, and the reason names the permission."""
    world = make_world()
    alerts = open_alerts(world.client, 1)
    world = make_world(permissions=["SecurityIncident.ReadWrite.All"])
    applied = gi.actions.stage(world.client, alerts, status="resolved").apply(dry_run=False)
    (row,) = applied.results.to_dict("records")
    assert row["outcome"] == "not read"
    assert "SecurityAlert.Read.All" in row["reason"]
    assert written(world) == []


def test_a_missing_permission_is_named_once(make_world: Any) -> None:
    """403 on the first change: it says which permission to ask for, and the rest is not sent in vain."""
    world = make_world(permissions=["SecurityAlert.Read.All"])
    alerts = open_alerts(world.client, 3)
    applied = gi.actions.stage(world.client, alerts, status="resolved", comment="x").apply(dry_run=False)
    assert applied.results["outcome"].tolist() == ["refused", *["not sent"] * 5]
    assert "SecurityAlert.ReadWrite.All" in applied.results["reason"].iloc[0]
    assert applied.results["request_id"].iloc[0]
    assert len(written(world)) == 1


def test_a_lost_answer_is_settled_by_a_look(make_world: Any) -> None:
    """The change was made and its answer got lost: the record shows it, so it is not sent twice and not in doubt."""
    world = make_world(faults=[Fault(f"{ALERTS}/*/comments", lost), Fault(f"{ALERTS}/*", lost_patch)])
    staged = gi.actions.stage(world.client, open_alerts(world.client, 1), status="resolved", comment="once")
    applied = staged.apply(dry_run=False)
    assert outcomes(applied) == {"status": "changed", "comment": "changed"}
    assert applied.results["reason"].str.contains("the record shows the change").all()
    alert = gi.get_alert(world.client, applied.results["id"].iloc[0]).iloc[0]
    assert [one["comment"] for one in json.loads(alert["comments"])].count("once") == 1


def test_a_yes_that_changed_nothing_is_no_change(make_world: Any) -> None:
    """Graph answers 200 with the record as it was: that is said to be no change, field by field."""

    def ignores(asked: Asked) -> Any:
        if asked.request.method != "PATCH":
            return asked.genuine()
        return rewrite(lambda alert: {**alert, "assignedTo": None})(asked)

    world = make_world(faults=[Fault(f"{ALERTS}/*", ignores)])
    staged = gi.actions.stage(world.client, open_alerts(world.client, 1), status="resolved", assigned_to="me@x.test")
    applied = staged.apply(dry_run=False)
    assert outcomes(applied) == {"status": "changed", "assigned_to": "refused"}
    assert "the record has: nothing" in applied.results["reason"].dropna().item()


def test_a_failure_that_stays_open_is_unknown(make_world: Any) -> None:
    """503 to a change that the record does not show: unknown, not sent again by itself, and said so."""
    patched = threading.Event()

    def fails(asked: Asked) -> Any:
        if asked.request.method == "PATCH":
            patched.set()
            return error(503)(asked)
        return asked.genuine()

    world = make_world(faults=[Fault(f"{ALERTS}/*", fails)])
    staged = gi.actions.stage(world.client, open_alerts(world.client, 1), status="resolved", comment="x")
    applied = staged.apply(dry_run=False)
    assert patched.is_set()
    assert outcomes(applied) == {"status": "unknown", "comment": "not sent"}
    assert "read the record" in applied.results["reason"].iloc[0]
    assert gi.actions.history(world.client)["outcome"].tolist() == ["unknown", "not sent"]


def test_ctrl_c_leaves_a_full_account(make_world: Any) -> None:
    """An interrupt reaches the caller; what was done is in the history, and what was under way is unknown there."""

    def interrupts(asked: Asked) -> Any:
        if asked.request.method == "PATCH":
            raise KeyboardInterrupt
        return asked.genuine()

    world = make_world()
    alerts = open_alerts(world.client, 2)
    world = make_world(faults=[Fault(f"{ALERTS}/{alerts['id'].iloc[1]}", interrupts)])
    staged = gi.actions.stage(world.client, alerts, status="resolved")
    with pytest.raises(KeyboardInterrupt):
        staged.apply(dry_run=False)
    assert gi.actions.history(world.client)["outcome"].tolist() == ["changed", "unknown"]


def test_staged_changes_join(make_world: Any, colleague: Any) -> None:
    """Alerts and users in one table, applied in one go; two clients' changes don't mix."""
    world = make_world()
    alerts, risky = open_alerts(world.client, 1), gi.list_risky_users(world.client, risk_state="atRisk").head(1)
    plan = gi.actions.stage(world.client, alerts, status="resolved") + gi.actions.stage(
        world.client, risky, risk="confirmCompromised", revoke_sessions=True
    )
    assert plan.changes["field"].tolist() == ["status", "risk_state", "sessions"]
    assert plan.apply(dry_run=False).results["outcome"].tolist() == ["changed"] * 3
    with pytest.raises(gi.UsageError, match="two clients"):
        plan + gi.actions.stage(colleague(world), alerts, status="new")


def test_only_false_sends(make_world: Any) -> None:
    """`dry_run=0` or `None` is a UsageError, not a real run."""
    world = make_world()
    staged = gi.actions.stage(world.client, open_alerts(world.client, 1), status="resolved")
    for wrong in (0, None, "no"):
        with pytest.raises(gi.UsageError):
            staged.apply(dry_run=wrong)  # type: ignore[arg-type]
    assert written(world) == []

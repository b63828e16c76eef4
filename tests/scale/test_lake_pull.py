"""Pulling into a lake: only what is missing or changed is asked for, and what came is kept whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import graphinvestigate as gi
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.errors import PartialResultError, UsageError
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.scale.lake import Lake
from graphinvestigate.scale.pulling import LATE, SOURCES, changes_since, covered, days, missing

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def at(number):
    """The moment so many days after the start."""
    return START + number * DAY


def test_what_is_missing_of_a_window():
    """Of a window that is left which no other covers, in pieces, in order."""
    assert missing((at(0), at(9)), []) == [(at(0), at(9))]
    assert missing((at(0), at(9)), [(at(2), at(3)), (at(5), at(20))]) == [(at(0), at(2)), (at(3), at(5))]
    assert missing((at(0), at(9)), [(at(-5), at(4)), (at(3), at(9))]) == []
    assert missing((at(4), at(5)), [(at(0), at(1)), (at(8), at(9))]) == [(at(4), at(5))]


def test_windows_are_cut_at_midnight():
    """Days are half-open, touch, and begin and end where the window does."""
    start, end = at(0) + timedelta(hours=5), at(2) + timedelta(hours=1)
    assert list(days([(start, end)])) == [(start, at(1)), (at(1), at(2)), (at(2), end)]
    assert list(days([(at(0), at(1))])) == [(at(0), at(1))]


def test_days_of_sign_ins_are_settled_late():
    """A day of sign-ins is covered two days after its end only; one of alerts at once, as changes are asked for."""
    note = {"what": "window", "since": at(0).isoformat(), "until": at(5).isoformat(), "started": at(5).isoformat()}
    assert covered(SOURCES["alerts"], [note]) == [(at(0), at(5))]
    assert covered(SOURCES["sign_ins"], [note]) == [(at(0), at(5) - LATE)]
    assert covered(SOURCES["sign_ins"], [{**note, "what": "changes"}]) == []
    later = {**note, "what": "changes", "started": at(8).isoformat()}
    assert changes_since([note]) < at(5)
    assert at(7) < changes_since([note, later]) < at(8)


def test_a_second_pull_asks_only_for_what_is_missing_or_changed(make_world, make_lake):
    """Nothing is asked for again but days of sign-ins that may still grow; a longer window adds the rest."""
    world, lake = make_world(seed=3, alerts=60), make_lake()
    lake.pull(world.client, since="6d", keep_pages=False)
    again = lake.pull(world.client, since="6d", keep_pages=False)
    assert set(again.loc[again["source"] == "alerts", "what"]) == {"changes"}
    assert (again.loc[again["source"] == "sign_ins", "since"] >= world.client.now() - LATE - DAY).all()
    longer = lake.pull(world.client, since="9d", sources=["alerts"], keep_pages=False)
    asked = longer[longer["what"] == "window"]
    assert asked["until"].max() <= world.client.now() - timedelta(days=6)
    listed = gi.list_alerts(world.client, since="9d")
    assert sorted(lake.alerts()["id"]) == sorted(listed["id"])
    assert len(lake.pulls()) == len(lake._store().log.commits())


def test_a_changed_alert_is_asked_for_and_replaces_the_old(make_world, make_lake):
    """An alert that was updated after the pull has its new values after the next one, and is there once."""
    world, lake = make_world(seed=4, alerts=40), make_lake()
    lake.pull(world.client, since="30d", sources=["alerts"], keep_pages=False)
    old = lake.alerts()
    chosen = old.loc[old["status"] == "new", "id"].iloc[-1]
    world.client.patch(f"/security/alerts_v2/{chosen}", {"status": "inProgress"})
    lake.pull(world.client, since="30d", sources=["alerts"], keep_pages=False)
    new = lake.alerts()
    assert len(new) == len(old)
    assert new.set_index("id").loc[chosen, "status"] == "inProgress"


def test_what_came_before_a_failure_is_kept(make_world, make_lake):
    """A source that fails is named, the others are pulled, its finished days are kept, and the next pull goes on."""
    whole, lake = make_world(seed=5, alerts=60), make_lake()
    denied = make_world(seed=5, alerts=60, permissions=["SecurityAlert.Read.All", "SecurityIncident.Read.All"])
    with pytest.raises(PartialResultError, match="risk_detections, risky_users, sign_ins") as caught:
        lake.pull(denied.client, since="5d")
    stopped = caught.value.frame
    assert set(stopped.loc[~stopped["complete"], "source"]) == {"risk_detections", "risky_users", "sign_ins"}
    assert len(lake.alerts()) > 0
    quiet = lake.pull(denied.client, since="5d", on_partial="return")
    assert not quiet["complete"].all()
    rest = lake.pull(whole.client, since="5d")
    assert rest["complete"].all()
    assert set(rest.loc[rest["source"] == "alerts", "what"]) == {"changes"}
    assert len(lake.records("sign_ins")) == len(
        gi.list_sign_ins(whole.client, since="5d", event_types=["interactive", "nonInteractive"])
    )


def test_the_answers_are_kept_as_they_came(make_world, make_lake):
    """Graph's answers lie in the lake byte for byte, each once, and every record of the lake stands in one of them."""
    world, lake = make_world(seed=6, alerts=60), make_lake()
    lake.pull(world.client, since="6d", sources=["alerts", "risky_users"])
    lake.pull(world.client, since="6d", sources=["risky_users"])
    store = lake._store()
    bodies = [store.pages.read(name) for name in store.pages.names()]
    named = [name for commit in store.log.commits() for name in commit.note.get("pages", ())]
    assert set(named) == set(store.pages.names())
    for piece in (*as_raw(lake.alerts()["raw"]).slices(), *as_raw(lake.records("risky_users")["raw"]).slices()):
        assert any(bytes(piece) in body for body in bodies)


def test_two_tenants_pull_into_one_lake(make_world, make_lake):
    """Two tenants pulled into one folder lie side by side; each is asked for its own only."""
    worlds = [make_world(seed=seed, alerts=40) for seed in (7, 8)]
    lake = make_lake()
    for world in worlds:
        lake.pull(world.client, since="5d", sources=["alerts", "sign_ins"], keep_pages=False)
    assert lake.tenants() == sorted(world.tenant.tenant_id for world in worlds)
    for world in worlds:
        own = Lake(lake.path, tenant=world.tenant.tenant_id)
        assert sorted(own.alerts()["id"]) == sorted(gi.list_alerts(world.client, since="5d")["id"])
        assert set(own.alerts()["tenant_id"]) == {world.tenant.tenant_id}


def test_wrong_questions_are_refused_before_anything_is_asked(make_world, make_lake):
    """A source that does not exist, no window, or an unknown on_partial is a usage error; no folder is made."""
    world, lake = make_world(seed=7, alerts=40), make_lake("other")
    world.client.now()  # Graph's clock, asked once
    asked = world.client.requests_made
    for wrong in ({"sources": ["alarms"]}, {"since": None}, {"on_partial": "ignore"}, {"since": "soon"}):
        with pytest.raises(UsageError):
            lake.pull(world.client, **wrong)
    assert world.client.requests_made == asked
    assert not lake.path.exists()


def test_a_service_that_fails_half_way_loses_nothing(make_world, make_lake):
    """Where Graph refuses a day in the middle, those before are kept, and the next pull asks for the rest."""
    fault = Fault("/security/alerts_v2", error(400, code="BadRequest"), on=[4])
    world, lake = make_world(seed=9, alerts=80, faults=[fault]), make_lake()
    stopped = lake.pull(world.client, since="8d", sources=["alerts"], on_partial="return")
    assert stopped["what"].tolist() == ["window"] * 3 + ["stopped"]
    assert len(lake.alerts()) == stopped["rows"].sum()
    rest = lake.pull(world.client, since="8d", sources=["alerts"])
    windows = rest[rest["what"] == "window"]
    assert windows["since"].min() == stopped["until"].max()
    assert sorted(lake.alerts()["id"]) == sorted(gi.list_alerts(world.client, since="8d")["id"])

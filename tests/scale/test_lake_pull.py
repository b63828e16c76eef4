"""Pulling into a lake: only what is missing or changed is asked for, and what came is kept whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client.pull import Pull
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.errors import PartialResultError, UsageError
from graphinvestigate.frames import RESOURCES
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.queries.coverage import remember
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.lake import Lake
from graphinvestigate.scale.pulling import (
    LATE,
    SOURCES,
    Puller,
    Source,
    changes_since,
    covered,
    days,
    missing,
    notes_of,
)
from graphinvestigate.scale.reading import Reader
from graphinvestigate.scale.store import TenantStore
from tests.scale.test_lake import ONE, TWO, alert, frame

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
    rest = {**note, "started": at(7).isoformat()}  # of a pull that went on with what had failed
    assert changes_since([note, rest]) == changes_since([rest, note]) == changes_since([note])
    latest = {**later, "started": at(9).isoformat()}
    assert changes_since([later, latest]) == changes_since([latest, later]) > at(8)


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


class Clock:
    """What a puller asks of its client when a source of these tests answers in Graph's place."""

    def __init__(self) -> None:
        self.time = at(20)
        self.pulls = {}

    def now(self) -> datetime:
        """The moment that was set."""
        return self.time


def asking(name, answers=()):
    """A source that keeps what it is asked, and answers in turn: with a frame, or an error that is raised."""
    asked, left = [], list(answers)

    def pull(_, **options):
        asked.append(options)
        answer = left.pop(0) if left else frame([], name)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Source(name, pull, journaled=SOURCES[name].journaled), asked


@pytest.fixture
def puller(tmp_path):
    """Pulls into a store of its own."""
    return Puller(Clock(), TenantStore(tmp_path / "t", ONE), keep_pages=False)


def test_half_a_day_is_kept_and_asked_for_again(puller):
    """Rows of a day that broke off are in the lake, the day is not: it is asked for again, those before are not."""
    half = PartialResultError("broke off", frame=frame([alert(2)]), missing="the rest")
    source, asked = asking("alerts", [frame([alert(1)]), half])
    puller.pull(source, at(0), at(3))
    assert [one["since"] for one in asked] == [at(0), at(1)]
    summary = puller.summary()
    assert summary["what"].tolist() == ["window", "window", "stopped"]
    assert summary["complete"].tolist() == [True, False, False]
    assert summary["rows"].tolist()[:2] == [1, 1]
    assert summary["note"].iloc[2] == str(half) == str(puller.failed[0])
    engine = engine_for("duckdb")
    held = engine.arrow(Reader(puller.store, engine).records(RESOURCES["alerts"]))
    assert sorted(held["lake_id"].to_pylist()) == ["a1", "a2"]
    assert [(note["since"], note["rows"]) for note in notes_of(puller.store.log.commits())] == [(at(0).isoformat(), 1)]
    again, asked = asking("alerts")
    puller.pull(again, at(0), at(3))
    assert [one.get("since") for one in asked] == [at(1), at(2), None]


def test_changes_are_asked_for_from_where_they_are_unknown(puller):
    """From ten minutes before the first window's pull, then before the last pull of changes, of however many."""
    expected = {at(22): "2026-01-20T23:50:00Z", at(25): "2026-01-22T23:50:00Z", at(29): "2026-01-25T23:50:00Z"}
    for now, until in ((at(20), at(2)), (at(22), at(3)), (at(25), at(3)), (at(29), at(3))):
        source, asked = asking("alerts")
        puller.client.time = now
        puller.pull(source, at(0), until)
        last = asked[-1]
        if now == at(20):
            assert all("filter" not in one for one in asked)
        else:
            assert last == {"filter": f"lastUpdateDateTime ge {expected[now]}"}
    kinds = [note["what"] for note in notes_of(puller.store.log.commits(), "alerts")]
    assert kinds == ["window"] * 3 + ["changes"] * 3
    assert notes_of(puller.store.log.commits(), "sign_ins") == []


def test_what_is_to_be_known_of_a_pull_stays_with_it(puller):
    """What Graph's list said of itself, once however many rows say it, stands in the summary and in the lake."""
    for number, note in enumerate(("rows went while it was read", "", "rows went while it was read"), start=1):
        pull = Pull(pull_id=f"noted {number}", resource="alerts", path="/security/alerts_v2", note=note)
        remember(puller.client, pull)
    both = pd.concat([frame([alert(number)], pull_id=f"noted {number}") for number in (1, 2, 3)], ignore_index=True)
    puller.pull(asking("alerts", [both])[0], at(0), at(1))
    assert puller.summary()["note"].tolist() == ["rows went while it was read"]
    assert [note["note"] for note in notes_of(puller.store.log.commits())] == ["rows went while it was read"]


def test_each_source_is_asked_in_its_own_way(puller):
    """Lists are journaled beside the lake where they can be; standings are asked for whole each time; the rest once."""
    folder = puller.store.folder / "journal"
    for name, expected in {
        "alerts": [{"since": at(0), "until": at(1), "journal": folder}],
        "incidents": [{"since": at(0), "until": at(1)}],
        "directory_audits": [{"since": at(0), "until": at(1), "journal": folder}],
        "risky_users": [{}],
    }.items():
        source, asked = asking(name)
        puller.pull(source, at(0), at(1))
        assert asked == expected
        puller.pull(source, at(0), at(1))
        more = asked[len(expected) :]
        assert [sorted(one) for one in more] == {"directory_audits": [], "risky_users": [[]]}.get(name, [["filter"]])


def test_days_are_utc_whatever_zone_the_window_is_given_in():
    """A window of another time zone is cut at UTC's midnights, as the days of the files are."""
    zone = timezone(timedelta(hours=5))
    start, end = at(0).astimezone(zone), (at(1) + timedelta(hours=3)).astimezone(zone)
    assert list(days([(start, end)])) == [(at(0), at(1)), (at(1), end)]


def test_how_long_ago_is_counted_from_the_newest_pull(make_lake):
    """A lake that was pulled long ago answers "2d" for the two days before its newest pull, not before today."""
    lake = make_lake(tenant=ONE)
    store = lake._store(create=True)
    window = {"since": at(1).isoformat(), "until": at(2).isoformat()}
    said = {"source": "alerts", "what": "window", "complete": True, **window, "rows": 1, "note": ""}
    for number, day in ((1, 3), (2, 9), (3, 5)):
        one = alert(number, created=(at(day) - timedelta(hours=30)).isoformat())
        store.add(RESOURCES["alerts"], frame([one]), note={"pull": {**said, "started": at(day).isoformat()}})
    assert lake.alerts(since="2d")["id"].tolist() == ["a2"]
    assert lake.alerts(until="2d")["id"].tolist() == ["a3", "a1"]


def test_what_is_pulled_is_its_own_tenants(world, make_lake):
    """A client of another tenant than the lake was opened for fills nothing that this lake would not look at."""
    lake = make_lake(tenant=ONE)
    with pytest.raises(UsageError, match="opened for tenant"):
        lake.pull(world.client, since="1d", sources=["risky_users"])
    assert lake.tenants() == []
    make_lake().pull(world.client, since="1d", sources=["risky_users"])
    assert lake.tenants() == [world.client.tenant_id]
    with pytest.raises(UsageError, match="nothing of tenant"):
        lake.records("risky_users")


def test_what_a_record_says_of_its_tenant_counts(make_lake):
    """Added to a lake of one tenant, records that say another are that one's; those that say none are the lake's."""
    lake = make_lake(tenant=ONE)
    silent = {key: value for key, value in alert(3).items() if key != "tenantId"}
    assert lake.add(frame([alert(1), alert(2, tenant=TWO), silent])) == 3
    assert sorted(lake.alerts()["id"]) == ["a1", "a3"]
    assert make_lake(tenant=TWO).alerts()["id"].tolist() == ["a2"]


def test_alerts_inside_several_incidents_are_there_once(make_lake):
    """Of an alert that came inside two incidents of one answer the newer version counts, and it is counted once."""
    lake = make_lake(tenant=ONE)
    held = [alert(1, updated=f"2026-01-0{day}T00:00:00Z", severity=level) for day, level in ((7, "high"), (6, "low"))]
    common = {"tenantId": ONE, "createdDateTime": "2026-01-01T00:00:00Z"}
    lake.add(frame([{"id": f"i{number}", **common, "alerts": [one]} for number, one in enumerate(held)], "incidents"))
    assert lake.alerts()["severity"].tolist() == ["high"]
    assert lake.entities()["records"].tolist() == [1]

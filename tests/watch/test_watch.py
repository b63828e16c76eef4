"""A watch tells each thing once, whatever is killed or fails, and keeps cases up to date."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.watch import FileSink, StreamSink, Wanted, Watch, keeping
from graphinvestigate.watch.events import WATCHED, time_of
from graphinvestigate.watch.ocsf import ocsf_event
from graphinvestigate.watch.store import Store
from tests.outside import running

KILLING = Path(__file__).with_name("killing.py")
LISTS = {name: getattr(gi, f"list_{name}") for name in WATCHED}


def events_in(path: Path) -> list[dict]:
    """The events of a file, whole lines only."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def versions(client) -> set[tuple[str, str, str]]:
    """Kind, id and time of update of everything that the tenant holds."""
    found = set()
    for name, ask in LISTS.items():
        resource = RESOURCES[name]
        for _, row in ask(client).iterrows():
            found.add((resource.record_kind, row["id"], time_of(row, resource.updated)))
    return found


@pytest.fixture
def tenant(make_world):
    """A tenant with an attack, whose records can be changed: a new one for each test."""
    return gi.connect_demo(seed=4, alerts=30)


def test_a_poll_tells_what_is_new_and_the_next_one_nothing(tenant, tmp_path) -> None:
    """Everything updated since is told once, with its record; when nothing changed, nothing is told."""
    with Watch(tenant, tmp_path / "state", [FileSink(tmp_path / "e.jsonl")], since="90d") as watch:
        count = watch.poll()
        assert watch.poll() == 0
    events = events_in(tmp_path / "e.jsonl")
    assert len(events) == count
    assert [one["sequence"] for one in events] == list(range(1, count + 1))
    told = {(one["record_kind"], one["id"], one["updated"]) for one in events}
    assert told == versions(tenant)
    alert = next(one for one in events if one["record_kind"] == "alert")
    raw = next(r for r in gi.list_alerts(tenant)["raw"] if json.loads(r)["id"] == alert["id"])
    assert alert["record"] == json.loads(raw)


def test_a_change_is_told_once_and_as_one(tenant, tmp_path) -> None:
    """A record that was told and then changed is told again, as changed, and only that one."""
    with Watch(tenant, tmp_path / "state", [FileSink(tmp_path / "e.jsonl")], since="90d") as watch:
        first = watch.poll()
        alerts = gi.list_alerts(tenant, since="30d")
        gi.actions.stage(tenant, alerts[alerts["status"] == "new"].head(1), status="resolved").apply(dry_run=False)
        watch.poll()
    later = events_in(tmp_path / "e.jsonl")[first:]
    assert [(one["event"], one["record_kind"], one["record"]["status"]) for one in later] == [
        ("changed", "alert", "resolved")
    ]


def test_what_graph_shows_late_is_still_found(make_world, tmp_path) -> None:
    """Each poll asks for what was updated since ten minutes before the last one: a record that came late is in it."""
    world = make_world(seed=4, alerts=30)
    with Watch(world.client, tmp_path / "s", [], since="30m") as watch:
        watch.poll()
        polled = world.client.now()
        watch.poll()
    asked = gi.coverage(world.client)["filters_server"].str.extractall(r" ge ([0-9T:.Z-]+)")[0]
    assert len(asked) == 2 * len(WATCHED)
    late = polled - pd.to_datetime(asked, format="ISO8601").drop_duplicates()
    assert sorted(late.dt.total_seconds().round(-1)) == [600, 1800]


def test_a_restart_goes_on_where_it_was(tenant, tmp_path) -> None:
    """A second watch with the same memory tells nothing again."""
    for _ in range(2):
        with Watch(tenant, tmp_path / "state", [FileSink(tmp_path / "e.jsonl")], since="90d") as watch:
            watch.poll()
    counts = Counter(one["event_id"] for one in events_in(tmp_path / "e.jsonl"))
    assert set(counts.values()) == {1}


@pytest.mark.skipif(os.name == "nt", reason="processes are killed differently on Windows")
def test_kill_minus_9_loses_and_repeats_no_event(tenant, tmp_path) -> None:
    """Polls killed at ever later moments, then one that lives: every event is in the file exactly once, in order."""
    command = [sys.executable, str(KILLING), str(tmp_path), "26", "37"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) >= 10, "hardly anything was killed"
    with Watch(tenant, tmp_path / "fresh", [], since="4d") as fresh:
        fresh._look()
        expected = {one.event_id for one in fresh._store.waiting("", 10_000)}
    events = events_in(tmp_path / "events.jsonl")
    assert set(Counter(one["event_id"] for one in events).values()) == {1}
    assert [one["sequence"] for one in events] == sorted(one["sequence"] for one in events)
    records = {one["event_id"] for one in events if "record_kind" in one}
    assert records == expected
    opened = [one["incident_id"] for one in events if one["event"] == "case_opened"]
    assert len(opened) == len(set(opened)) > 0
    for one in events:
        if one["event"] == "case_opened":
            case = gi.open_case(one["case"])
            assert case.verify() == []
            assert Path(one["report"]).is_file()


class Killed(BaseException):
    """As a kill does, it passes everything on its way."""


def killed_at(monkeypatch, owner: Any, name: str, *, after: bool) -> None:
    """Have the first call of a function be the end of its process: before it did anything, or once it did."""
    real = getattr(owner, name)

    def once(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(owner, name, real)
        if after:
            real(*given, **named)
        raise Killed

    monkeypatch.setattr(owner, name, once)


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [(keeping, "open_incident", True), (keeping, "tell", False), (Store, "settle", True), (Store, "want", True)],
)
def test_an_incident_that_a_kill_interrupts_becomes_one_case(tenant, tmp_path, monkeypatch, owner, name, after) -> None:
    """Wherever opening it is cut off, the next poll opens it, once, and tells it once."""
    incidents = gi.list_incidents(tenant, since="4d")
    wanted = incidents[incidents["severity"].eq("high") & ~incidents["status"].isin(["resolved", "redirected"])]

    def poll() -> None:
        with Watch(
            tenant, tmp_path / "s", [FileSink(tmp_path / "e")], cases=tmp_path / "cases", wanted=Wanted(), since="4d",
            look_back="1d",
        ) as watch:  # fmt: skip
            watch.poll()

    killed_at(monkeypatch, owner, name, after=after)
    with pytest.raises(Killed):
        poll()
    poll()
    events = events_in(tmp_path / "e")
    assert set(Counter(one["event_id"] for one in events).values()) == {1}
    opened = [one for one in events if one["event"] == "case_opened"]
    assert sorted(one["incident_id"] for one in opened) == sorted(wanted["id"])
    for one in opened:
        assert gi.open_case(one["case"]).verify() == []
        assert Path(one["report"]).is_file()
    told = {(one["record_kind"], one["id"]) for one in events if "record_kind" in one}
    assert {("incident", one) for one in wanted["id"]} <= told


@pytest.mark.parametrize("marked", [0, 1, 20])
def test_events_that_a_kill_left_unmarked_are_not_written_twice(tenant, tmp_path, monkeypatch, marked) -> None:
    """Killed when the file had them all and fewer were remembered, the watch goes on after the last one in the file."""
    real, calls = Store.mark, []

    def mark(self: Store, sink: str, sequence: int) -> None:
        calls.append(sequence)
        if len(calls) > marked:
            raise Killed
        real(self, sink, sequence)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "mark", mark)
        with (
            pytest.raises(Killed),
            Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], since="5d") as watch,
        ):
            watch.poll()
    before = (tmp_path / "e").read_bytes()
    with Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], since="5d") as watch:
        watch.poll()
    assert (tmp_path / "e").read_bytes() == before
    assert before.count(b"\n") > 21


def test_new_incidents_that_match_become_cases_with_report_and_ticket(tenant, tmp_path) -> None:
    """Each wanted incident is a case with its alerts, what its user did, a report and a ticket; others are not."""
    cases = tmp_path / "cases"
    with Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], cases=cases, wanted=Wanted(), since="4d") as watch:
        watch.poll()
        watch.poll()
    opened = [one for one in events_in(tmp_path / "e") if one["event"] == "case_opened"]
    incidents = gi.list_incidents(tenant, since="4d")
    high = incidents[incidents["severity"].eq("high") & ~incidents["status"].isin(["resolved", "redirected"])]
    assert sorted(one["incident_id"] for one in opened) == sorted(high["id"])
    assert 0 < len(high) < len(incidents)
    for one in opened:
        case = gi.open_case(one["case"])
        assert one["incident_id"] in set(case.frames["incidents"]["id"])
        assert set(case.frames["alerts"]["incident_id"]) >= {one["incident_id"]}
        assert {step["kind"] for step in case.actions if step["action"] == "pivot"} == {"user", "ip"}
        assert [step["record_id"] for step in case.actions if step["action"] == "focus"] == [one["incident_id"]]
        assert len(case.frames["sign_ins"])
        assert one["incident_id"] in Path(one["report"]).read_text(encoding="utf-8")
        assert Path(one["ticket"]).read_text(encoding="utf-8").startswith("# Incident")
        assert case.replay().differences == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), {"high active", "high, no name"}),
        (Wanted(min_severity="medium"), {"high active", "high, no name", "medium active"}),
        (Wanted(min_severity="medium", title="Stage"), {"medium active"}),
        (Wanted(closed=True), {"high active", "high, no name", "high resolved"}),
        (Wanted(min_severity="informational", title="nothing says this"), set()),
    ],
)
def test_an_incident_is_wanted_where_everything_holds(wanted, expected) -> None:
    """Severity, title and standing decide together; an unknown severity never does, a merged one is its target's."""
    named = {"status": "active", "display_name": "One thing"}
    incidents = {
        "high active": {**named, "severity": "high"},
        "high, no name": {"status": "inProgress", "severity": "HIGH", "display_name": None},
        "high resolved": {**named, "severity": "high", "status": "resolved"},
        "high merged": {**named, "severity": "high", "status": "redirected"},
        "medium active": {"status": "active", "severity": "medium", "display_name": "A multi-STAGE incident"},
        "unknown": {**named, "severity": "unknownFutureValue"},
        "none": {**named, "severity": None},
    }
    assert {name for name, incident in incidents.items() if wanted.matches(incident)} == expected


def test_open_cases_are_kept_up_to_date_and_closed_ones_left_alone(tenant, tmp_path) -> None:
    """An alert that changed is changed in each open case that holds it, with a new report; not in a closed one."""
    alerts = gi.list_alerts(tenant, since="30d")
    mine = alerts[alerts["status"] == "new"].head(2)
    for name in ("open", "closed"):
        case = gi.Case(name)
        case.add(mine)
        if name == "closed":
            case.conclude("noThreatsFound", "a test")
        case.save(tmp_path / "cases" / name)
    with Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], cases=tmp_path / "cases", since="30m") as watch:
        watch.poll()
        gi.actions.stage(tenant, mine.head(1), status="resolved").apply(dry_run=False)
        watch.poll()
        report = tmp_path / "cases" / "open-report.html"
        written = report.stat().st_mtime_ns
        watch.poll()
        assert report.stat().st_mtime_ns == written, "nothing changed, and the case was written anew"
    states = {
        n: gi.open_case(tmp_path / "cases" / n).frames["alerts"].set_index("id")["status"] for n in ("open", "closed")
    }
    assert states["open"][mine["id"].iloc[0]] == "resolved"
    assert states["closed"][mine["id"].iloc[0]] == "new"
    told = [one for one in events_in(tmp_path / "e") if one["event"] == "case_refreshed"]
    assert [one["headline"] for one in told] == ["1 alert resolved"]
    assert "refreshed: 1 alert resolved" in (tmp_path / "cases" / "open-report.html").read_text(encoding="utf-8")
    assert gi.open_case(tmp_path / "cases" / "open").verify() == []


def test_a_case_learns_of_its_users_risk(tenant, tmp_path) -> None:
    """Risk detections and the standing of a case's users join it, though it held none; those of others do not."""
    risky = gi.list_risky_users(tenant)
    alerts = gi.list_alerts(tenant, since="90d")
    named = next(one for one in risky["id"] if alerts["raw"].str.contains(one, regex=False).any())
    case = gi.Case("risk")
    case.add(alerts[alerts["raw"].str.contains(named, regex=False)].head(1))
    users = {node.key for node in case.graph if node.kind == "user"}
    case.save(tmp_path / "cases" / "risk")
    with Watch(tenant, tmp_path / "s", [], cases=tmp_path / "cases", since="90d") as watch:
        watch.poll()
    frames = gi.open_case(tmp_path / "cases" / "risk").frames
    detections = gi.list_risk_detections(tenant)
    assert set(frames["risky_users"]["id"]) == users & set(risky["id"])
    assert set(frames["risk_detections"]["id"]) == set(detections.loc[detections["user_id"].isin(users), "id"])
    assert named in set(frames["risky_users"]["id"])
    assert len(frames["risky_users"]) < len(risky)


def changed(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """A frame whose records say something else: read anew from raw, as an answer of Graph is."""
    records = [json.loads(raw) | values for raw in frame["raw"]]
    return gi.read_records({"incident": "incidents", "alert": "alerts"}[frame["record_kind"].iloc[0]], records)


def test_a_case_follows_its_incident_into_the_one_that_it_was_merged_into(tenant, tmp_path) -> None:
    """When an incident of a case is merged, the case gets the other incident, and the new alerts of that one."""
    incidents, alerts = gi.list_incidents(tenant, since="30d"), gi.list_alerts(tenant, since="30d")
    mine = incidents[incidents["status"].eq("redirected")].head(1)
    (target,) = mine["redirect_incident_id"]
    case = gi.Case("merged")
    case.add(changed(mine, status="active", redirectIncidentId=None, lastUpdateDateTime="2020-01-01T00:00:00Z"))
    case.save(tmp_path / "cases" / "merged")
    with Watch(tenant, tmp_path / "s", [], cases=tmp_path / "cases", since="90d") as watch:
        watch.poll()
    frames = gi.open_case(tmp_path / "cases" / "merged").frames
    assert set(frames["incidents"]["id"]) == {mine["id"].iloc[0], target}
    assert set(frames["alerts"]["id"]) == set(alerts.loc[alerts["incident_id"].eq(target), "id"])
    assert len(frames["alerts"])


def test_incidents_of_two_tenants_are_two_though_they_have_one_number(tenant, tmp_path) -> None:
    """In one folder of cases a case of another tenant's incident is neither added to nor taken for this one's."""
    incidents = gi.list_incidents(tenant, since="90d")
    wanted = incidents[incidents["severity"].eq("high") & ~incidents["status"].isin(["resolved", "redirected"])]
    (number,) = wanted["id"]
    other = "11111111-2222-3333-4444-555555555555"
    case = gi.Case("theirs")
    case.add(changed(wanted, tenantId=other, lastUpdateDateTime="2020-01-01T00:00:00Z", displayName="Theirs"))
    case.save(tmp_path / "cases" / f"INC-{number}")
    with Watch(
        tenant, tmp_path / "s", [], cases=tmp_path / "cases", wanted=Wanted(), since="90d", look_back="1d"
    ) as watch:
        watch.poll()
    theirs = gi.open_case(tmp_path / "cases" / f"INC-{number}").frames
    assert list(theirs) == ["incidents"]
    assert list(theirs["incidents"]["display_name"]) == ["Theirs"]
    ours = gi.open_case(tmp_path / "cases" / f"INC-{number}-{tenant.tenant_id}").frames
    assert list(ours["incidents"].loc[ours["incidents"]["id"].eq(number), "tenant_id"]) == [tenant.tenant_id]
    assert set(ours["alerts"]["tenant_id"]) == {tenant.tenant_id}


def test_an_incident_that_grows_to_what_is_wanted_becomes_a_case(tenant, tmp_path, monkeypatch) -> None:
    """An incident that began low, after the watch did, becomes a case when it is high; one from before does not."""
    incidents = gi.list_incidents(tenant, since="90d")
    (number,) = incidents.loc[incidents["severity"].eq("high") & incidents["status"].eq("active"), "id"]
    at = incidents["id"].eq(number)
    young = changed(
        incidents[at], severity="low",
        createdDateTime=tenant.now().isoformat(), lastUpdateDateTime=tenant.now().isoformat(),
    )  # fmt: skip
    grown = (tenant.now() + timedelta(seconds=5)).isoformat()
    polls = [young, changed(young, severity="high", lastUpdateDateTime=grown)]
    polls += [young.head(0), changed(incidents[~at], severity="high", status="active", lastUpdateDateTime=grown)]
    with Watch(
        tenant, tmp_path / "s", [], cases=tmp_path / "cases", wanted=Wanted(), since="1m", look_back="1d"
    ) as watch:
        real = watch._pull
        monkeypatch.setattr(watch, "_pull", lambda name, now: polls[0] if name == "incidents" else real(name, now))
        opened = []
        while polls:
            watch.poll()
            opened.append(sorted(one.name for one in (tmp_path / "cases").glob("INC-*") if one.is_dir()))
            del polls[0]
    assert opened == [[], *3 * [[f"INC-{number}"]]]


def test_a_refresh_that_was_killed_after_it_saved_tells_what_it_told(tenant, tmp_path) -> None:
    """Made again, a refresh writes no second step, and its event says what changed, not that nothing did."""
    case = gi.Case("open")
    case.add(gi.list_alerts(tenant, since="30d").head(1))
    case.save(tmp_path / "cases" / "open")
    new = {"alerts": changed(case.frames["alerts"], severity="high", lastUpdateDateTime=tenant.now().isoformat())}
    told = [keeping.refreshed(tmp_path / "cases", new, polled=f"2026-01-0{day}T00:00:00Z") for day in (1, 2)]
    assert told[0][0][1]["headline"] not in ("", "nothing new")
    assert [one[0][1]["headline"] for one in told] == 2 * [told[0][0][1]["headline"]]
    assert told[0][0][0] == told[1][0][0]
    steps = [one for one in gi.open_case(tmp_path / "cases" / "open").actions if one["action"] == "refresh"]
    assert len(steps) == 1


def test_an_incident_that_fails_is_told_once_and_tried_on(tenant, tmp_path, monkeypatch) -> None:
    """Four failures are told as one event; it is tried on, ever less often, and becomes a case when that works."""
    real, calls = keeping.open_incident, []

    def failing(*given, **named):
        calls.append(poll)
        if poll < 16:
            raise gi.NetworkError("no answer")
        return real(*given, **named)

    monkeypatch.setattr(keeping, "open_incident", failing)
    said: list[str] = []
    undone = []
    with Watch(
        tenant, tmp_path / "s", [FileSink(tmp_path / "e")], cases=tmp_path / "cases", wanted=Wanted(), since="4d",
        look_back="1d", tell=said.append,
    ) as watch:  # fmt: skip
        for poll in range(1, 18):
            watch.poll()
            undone += [poll for sentence in watch.undone if "became no case" in sentence]
            failed = [one for one in events_in(tmp_path / "e") if one["event"] == "case_failed"]
            assert len(failed) == (poll >= 4), poll
    assert calls == [1, 2, 3, 4, 8, 16]
    assert undone == [1, 2, 3, 4, 8], "a poll that did not try it has not failed"
    told = [one["event"] for one in events_in(tmp_path / "e") if one["event"].startswith("case_")]
    assert told == ["case_failed", "case_opened"]
    assert "tried again 4 polls from now" in " ".join(said)


def test_a_case_that_cannot_be_written_keeps_no_other_waiting(tenant, tmp_path, monkeypatch) -> None:
    """A full disk at one case is an event of that case; the others are brought up to date, and the watch lives."""
    alerts = gi.list_alerts(tenant, since="30d").head(1)
    for name in ("a", "b"):
        case = gi.Case(name)
        case.add(changed(alerts, severity="low", lastUpdateDateTime="2020-01-01T00:00:00Z"))
        case.save(tmp_path / "cases" / name)
    real = keeping.tell

    def full(case):
        if case.name == "a":
            raise OSError(28, "No space left on device")
        return real(case)

    monkeypatch.setattr(keeping, "tell", full)
    with Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], cases=tmp_path / "cases", since="90d") as watch:
        watch.poll()
    told = {one["case"]: one["event"] for one in events_in(tmp_path / "e") if one["event"].startswith("case_")}
    assert {Path(case).name: word for case, word in told.items()} == {"a": "case_failed", "b": "case_refreshed"}


def test_a_full_disk_stops_a_poll_not_the_watch(tenant, tmp_path) -> None:
    """When what was found cannot be remembered, that is our own error, nothing is told, and the next poll finds it."""
    with Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], since="4d") as watch:
        pages = watch._store._db.execute("PRAGMA page_count").fetchone()[0]
        watch._store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(gi.NotSavedError, match="found again"):
            watch.poll()
        assert events_in(tmp_path / "e") == []
        watch._store._db.execute("PRAGMA max_page_count = 100000")
        assert watch.poll() > 3
    assert len(events_in(tmp_path / "e")) > 3


def test_a_quiet_poll_is_four_requests(make_world, tmp_path) -> None:
    """Where nothing changed, a poll asks once for each of the four kinds that it watches, and for nothing else."""
    world = make_world(seed=4, alerts=30)
    with Watch(world.client, tmp_path / "s", [], cases=tmp_path / "cases", wanted=Wanted(), since="1m") as watch:
        watch.poll()
        before = gi.coverage(world.client)["requests"].sum()
        watch.poll()
    assert gi.coverage(world.client)["requests"].sum() - before == 4


def test_a_new_alert_of_a_cases_incident_joins_the_case(tenant, tmp_path) -> None:
    """A case of an incident gets the alerts that the incident gets."""
    incidents = gi.list_incidents(tenant, since="30d")
    alerts = gi.list_alerts(tenant, since="30d")
    counts = alerts["incident_id"].value_counts()
    incident = next(i for i in counts.index if counts[i] > 2)
    case = gi.Case("grows")
    case.add(incidents[incidents["id"] == incident], alerts[alerts["incident_id"] == incident].head(1))
    case.save(tmp_path / "cases" / "grows")
    with Watch(tenant, tmp_path / "s", [], cases=tmp_path / "cases", since="90d") as watch:
        watch.poll()
    assert set(gi.open_case(tmp_path / "cases" / "grows").frames["alerts"]["id"]) >= set(
        alerts.loc[alerts["incident_id"] == incident, "id"]
    )


def test_a_parameterised_notebook_runs_on_each_new_case(tenant, tmp_path) -> None:
    """The notebook gets the case's path and the incident's id after its `parameters` cell; a failing one is told."""
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "case_path = ''\nincident_id = ''"},
        {
            "cell_type": "code",
            "metadata": {},
            "source": "import graphinvestigate as gi\nprint(gi.open_case(case_path))",
        },
        {"cell_type": "code", "metadata": {}, "source": "assert incident_id == 'x', 'on purpose'"},
    ]
    for number, cell in enumerate(cells):
        cell.update(outputs=[], execution_count=None, id=f"c{number}")
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "triage.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    wanted = Wanted(title="multi-stage incident")
    with Watch(
        tenant, tmp_path / "s", [FileSink(tmp_path / "e")], cases=tmp_path / "cases", wanted=wanted,
        notebook=tmp_path / "triage.ipynb", since="30d", look_back="1d",
    ) as watch:  # fmt: skip
        watch.poll()
    (opened,) = [one for one in events_in(tmp_path / "e") if one["event"] == "case_opened"]
    run = json.loads(Path(opened["notebook"]).read_text(encoding="utf-8"))["cells"]
    assert f"incident_id = '{opened['incident_id']}'" in "".join(run[1]["source"])
    assert "<Case Incident" in "".join(run[2]["outputs"][0]["text"])
    assert "on purpose" in opened["notebook_error"]


CLASSES = {2004: "detection_finding", 2005: "incident_finding", 3001: "account_change", 3002: "authentication",
           6003: "api_activity"}  # fmt: skip


@pytest.fixture(scope="module")
def rules():
    """What OCSF's schema says of each class; it allows nothing that it does not name."""
    schema = pytest.importorskip("ocsf_json_schema", reason="needs ocsf-json-schema (extra `test`)")
    import jsonschema

    made = schema.OcsfJsonSchemaEmbedded(schema.get_ocsf_schema(version="1.5.0"))
    found = {}
    for number, name in CLASSES.items():
        one = made.get_class_schema(class_name=name, profiles=["incident"] if number == 2004 else [])
        assert one["additionalProperties"] is False
        found[number] = jsonschema.Draft202012Validator(one)
    return found


def test_ocsf_events_are_valid_and_carry_the_events_id(tenant, rules, tmp_path) -> None:
    """Alerts, detections, incidents, sign-ins and audits go out as OCSF events that the schema accepts, each once."""
    with Watch(
        tenant, tmp_path / "s", [FileSink(tmp_path / "e")], since="90d", format="ocsf",
        also=["sign_ins", "directory_audits"],
    ) as watch:  # fmt: skip
        watch.poll()
        assert watch.poll() == 0
    events = events_in(tmp_path / "e")
    for one in events:
        rules[one["class_uid"]].validate(one)
    both = {"event_types": ["interactive", "nonInteractive"], "since": "90d"}
    sign_ins, audits = gi.list_sign_ins(tenant, **both), gi.list_directory_audits(tenant, since="90d")
    counted = Counter(one["class_uid"] for one in events)
    assert counted[2004] == len(gi.list_alerts(tenant)) + len(gi.list_risk_detections(tenant))
    assert counted[2005] == len(gi.list_incidents(tenant))
    assert counted[3002] == len(sign_ins)
    assert counted[3001] + counted[6003] == len(audits) > 3
    assert len({one["metadata"]["uid"] for one in events}) == len(events)
    assert [one["metadata"]["sequence"] for one in events] == sorted(one["metadata"]["sequence"] for one in events)
    told = {one["unmapped"]["id"]: one for one in events if one["class_uid"] == 3002}
    for row in sign_ins.itertuples():
        one = told[row.id]
        assert one["user"]["uid"] == row.user_id
        assert one["src_endpoint"]["ip"] == row.ip_address
        assert one["time"] == row.created_date_time.value // 1_000_000
        assert (one["status_id"] == 1) == (row.status_error_code == 0)
        device = json.loads(row.raw)["deviceDetail"]
        assert one["src_endpoint"].get("hostname", "") == (device.get("displayName") or "")
        assert one["logon_type_id"] == (2 if row.is_interactive else 99)
    assert any("hostname" in one["src_endpoint"] for one in told.values())
    for row in gi.list_incidents(tenant).itertuples():
        one = next(e for e in events if e["class_uid"] == 2005 and e["unmapped"]["id"] == row.id)
        assert one["severity"].lower() == row.severity
        assert (one["status_id"] == 4) == (row.status == "resolved")
        assert one["finding_info_list"][0]["title"] == row.display_name
        assert one["metadata"]["tenant_uid"] == row.tenant_id
        assert one.get("assignee") == ({"name": row.assigned_to} if pd.notna(row.assigned_to) else None)
    alerts = gi.list_alerts(tenant).set_index("id")
    assert alerts["status"].eq("resolved").any()
    for one in (e for e in events if e["class_uid"] == 2004 and e["is_alert"]):
        closed = alerts.loc[one["finding_info"]["uid"], "status"] == "resolved"
        assert one["activity_id"] in ((3,) if closed else (1, 2))
    for row in audits.itertuples():
        one = next(e for e in events if e.get("unmapped", {}).get("id") == row.id)
        assert one["message"] == row.activity_display_name
        assert one["status"].lower() == row.result


@pytest.mark.parametrize(
    ("kind", "record", "expected"),
    [
        ("incident", {"id": "1", "createdDateTime": "2026-01-01T00:00:00Z"}, {"status_id": 0, "severity_id": 0}),
        ("incident", {"id": "1", "createdDateTime": "2026-01-01T00:00:00Z", "status": "resolved"},
         {"activity_id": 3}),
        ("incident", {"id": "1", "lastUpdateDateTime": "2026-01-01T00:00:00Z", "status": "odd", "severity": 7},
         {"status_id": 99, "status": "odd", "severity_id": 0}),
        ("sign_in", {"id": "1", "createdDateTime": "2026-01-01T00:00:00.1234567Z"}, {"status_id": 0}),
        ("sign_in", {"id": "1", "createdDateTime": "2026-01-01T00:00:00Z", "status": {"errorCode": 50126}},
         {"status_id": 2, "status_code": "50126"}),
        ("sign_in", {"id": "1", "createdDateTime": "2026-01-01T00:00:00Z", "location": {"countryOrRegion": "Nowhere"},
                     "isInteractive": False}, {"logon_type": "Non-interactive"}),
        ("directory_audit", {"id": "1", "activityDateTime": "2026-01-01T00:00:00Z"}, {"class_uid": 6003}),
        ("directory_audit", {"id": "1", "activityDateTime": "2026-01-01T00:00:00Z", "activityDisplayName": "Add user",
                             "targetResources": [{"type": "User", "id": "u"}]}, {"class_uid": 3001, "activity_id": 1}),
        ("directory_audit", {"id": "1", "activityDateTime": "2026-01-01T00:00:00Z", "result": "timeout",
                             "activityDisplayName": "Consent to application", "initiatedBy": {"app": {"appId": "a"}}},
         {"class_uid": 6003, "activity_id": 99, "status_id": 99}),
    ],
)  # fmt: skip
def test_sparse_and_odd_records_are_valid_ocsf(kind, record, expected, rules) -> None:
    """Records that lack nearly everything, or hold what is not documented, make events that the schema takes."""
    made = ocsf_event(kind, record, word="new")
    rules[made["class_uid"]].validate(made)
    assert {name: made[name] for name in expected} == expected
    for wrong in ({"severity_id": 42}, {"made_up": 1}, {"time": "2026"}):
        assert not rules[made["class_uid"]].is_valid(made | wrong)


def test_what_has_no_time_or_no_class_makes_no_event() -> None:
    """A record without a time, or of a kind that OCSF has no class for, is no OCSF event."""
    assert ocsf_event("sign_in", {"id": "1", "createdDateTime": "0001-01-01T00:00:00Z"}, word="new") is None
    assert ocsf_event("incident", {"id": "1"}, word="new") is None
    assert ocsf_event("risky_user", {"id": "1", "createdDateTime": "2026-01-01T00:00:00Z"}, word="new") is None


def test_a_record_that_makes_no_ocsf_event_is_named(tenant, tmp_path, monkeypatch) -> None:
    """What OCSF cannot hold, because it has no time, is said by its id; a risky user's standing is not, each time."""
    alert = changed(
        gi.list_alerts(tenant).head(1),
        id="timeless", **dict.fromkeys(("createdDateTime", "firstActivityDateTime", "lastActivityDateTime")),
    )  # fmt: skip
    said: list[str] = []
    with Watch(
        tenant, tmp_path / "s", [FileSink(tmp_path / "e")], since="90d", format="ocsf", tell=said.append
    ) as watch:
        real = watch._pull
        monkeypatch.setattr(watch, "_pull", lambda name, now: alert if name == "alerts" else real(name, now))
        watch.poll()
    assert [one for one in said if "no OCSF event" in one] == [
        "alert timeless has no time: no OCSF event could be made of it."
    ]


def test_sign_ins_are_watched_where_asked_for(tenant, tmp_path) -> None:
    """By default no sign-in is asked for; with `also` each is told once, and opens and refreshes no case."""
    with Watch(tenant, tmp_path / "a", [FileSink(tmp_path / "a.jsonl")], since="3d") as watch:
        watch.poll()
    assert "sign_in" not in {one["record_kind"] for one in events_in(tmp_path / "a.jsonl")}
    case = gi.Case("open")
    case.add(gi.list_sign_ins(tenant, since="3d").head(3))
    case.save(tmp_path / "cases" / "open")
    with Watch(
        tenant,
        tmp_path / "b",
        [FileSink(tmp_path / "b.jsonl")],
        since="3d",
        also=["sign_ins"],
        cases=tmp_path / "cases",
    ) as watch:
        watch.poll()
        assert watch.poll() == 0
    events = events_in(tmp_path / "b.jsonl")
    both = gi.list_sign_ins(tenant, since="3d", event_types=["interactive", "nonInteractive"])
    assert [one["id"] for one in events if one["event"] == "new" and one["record_kind"] == "sign_in"]
    assert {one["id"] for one in events if one.get("record_kind") == "sign_in"} == set(both["id"])
    actions = gi.open_case(tmp_path / "cases" / "open").actions
    assert [one["action"] for one in actions if one.get("what") == "sign_ins"] == ["add"]
    assert len(gi.open_case(tmp_path / "cases" / "open").frames["sign_ins"]) == 3
    with pytest.raises(gi.UsageError, match="sign_ins and directory_audits"):
        Watch(tenant, tmp_path / "c", [], also=["emails"])


def test_what_may_not_be_read_is_told_once_and_stops_nothing(make_world, tmp_path) -> None:
    """Without the risk permissions alerts and incidents are watched all the same, and the gap is said."""
    world = make_world(seed=4, alerts=30, permissions=["SecurityAlert.Read.All", "SecurityIncident.Read.All"])
    said: list[str] = []
    with Watch(world.client, tmp_path / "s", [FileSink(tmp_path / "e")], since="30d", tell=said.append) as watch:
        watch.poll()
        watch.poll()
    assert {one["record_kind"] for one in events_in(tmp_path / "e")} == {"alert", "incident"}
    assert len([one for one in said if "IdentityRiskEvent.Read.All" in one]) == 1


def test_a_watch_that_may_not_read_alerts_says_so_and_ends_the_poll(make_world, tmp_path) -> None:
    """Without the permission for alerts there is nothing to watch: that is an error, and nothing counts as read."""
    world = make_world(seed=4, alerts=30, permissions=["SecurityIncident.Read.All"])
    with Watch(world.client, tmp_path / "s", [FileSink(tmp_path / "e")], since="30d") as watch:
        with pytest.raises(gi.PermissionMissingError, match=r"SecurityAlert\.Read\.All"):
            watch.poll()
        assert watch._store.cursor("incidents") is None
    assert events_in(tmp_path / "e") == []


def test_what_can_never_work_is_not_tried_again(tenant, tmp_path, monkeypatch) -> None:
    """A wrong option found while polling ends the watch with its error; only what may pass is tried again."""
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: stop.set())
    with Watch(tenant, tmp_path / "s", [], since="soon") as watch, pytest.raises(gi.UsageError, match="soon"):
        watch.run(interval=30, stop=stop)


def test_a_poll_that_fails_is_made_again(tenant, tmp_path, monkeypatch) -> None:
    """When Graph fails for a while nothing is remembered, the failure is told, and the next poll finds all of it."""
    said: list[str] = []
    stop = threading.Event()
    with Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "e")], since="90d", tell=said.append) as watch:
        real, calls = watch._pull, []

        def failing(name, now):
            calls.append(name)
            if len(calls) < 6:
                raise gi.NetworkError("no answer")
            return real(name, now)

        monkeypatch.setattr(watch, "_pull", failing)
        monkeypatch.setattr(stop, "wait", lambda _: stop.set() if len(calls) > 8 else None)
        watch.run(interval=30, stop=stop)
    assert sum("will be made again" in one for one in said) == 5
    assert {(one["record_kind"], one["id"], one["updated"]) for one in events_in(tmp_path / "e")} == versions(tenant)


def test_wrong_input_is_refused(tenant, tmp_path) -> None:
    """One watch per memory, one tenant per memory, a folder for new cases, an interval that Graph can bear."""
    with Watch(tenant, tmp_path / "s", []) as watch:
        with pytest.raises(gi.NotSavedError, match="another watch"):
            Watch(tenant, tmp_path / "s", [])
        stopped = threading.Event()
        stopped.set()
        with pytest.raises(gi.UsageError, match="30 seconds"):
            watch.run(interval=1, stop=stopped)
    with pytest.raises(gi.UsageError, match="remembers tenant"):
        Watch(gi.connect_demo(seed=5, alerts=30), tmp_path / "s", [])
    with pytest.raises(gi.UsageError, match="folder of cases"):
        Watch(tenant, tmp_path / "t", [], wanted=Wanted())
    with pytest.raises(gi.UsageError, match="jsonl or ocsf"):
        Watch(tenant, tmp_path / "t", [], format="xml")
    with pytest.raises(gi.UsageError, match="severity is one of"):
        Wanted(min_severity="huge")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "watch.sqlite3").write_bytes(b"not a database, but long enough to be looked at" * 40)
    with pytest.raises(gi.BadFileError, match="damaged"):
        Watch(tenant, tmp_path / "d", [])


def test_the_command_polls_once_and_writes_to_standard_output(server, tmp_path, capsys) -> None:
    """`graphinvestigate watch --once` against a server on this machine prints one line per event and ends."""
    from graphinvestigate.cli import main

    arguments = ["watch", "--emulator", server.url, "--state", str(tmp_path / "s"), "--once", "--since", "4d"]
    assert main([*arguments, "--to-stdout"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    assert all(json.loads(line)["event_id"] for line in lines)
    assert main([*arguments, "--to-stdout"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["watch", "--state", str(tmp_path / "t"), "--once"]) == 2
    assert "--tenant-id" in capsys.readouterr().err
    assert StreamSink().recover(lambda _: 7) == 0


def test_the_command_keeps_cases_and_ends_when_told(server, tmp_path) -> None:
    """Every destination and option of the command reaches the watch; SIGTERM ends it after the step at hand, with 0."""
    command = [
        *(sys.executable, "-m", "graphinvestigate", "watch", "--emulator", server.url, "--since", "4d"),
        *("--state", "state", "--cases", "cases", "--open", "--min-severity", "medium", "--title", "multi-stage"),
        *("--format", "ocsf", "--also", "sign_ins", "--to-file", "a.jsonl", "--to-file", "b.jsonl"),
    ]
    with running(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as watch:
        said = next(line for line in watch.stderr if "case opened" in line)  # type: ignore[union-attr]
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(timeout=60) == 0
    (opened,) = [path.parent for path in (tmp_path / "cases").glob("*/manifest.json")]
    assert opened.name in said
    assert gi.open_case(opened).frames["incidents"]["display_name"].str.contains("Multi-stage").any()
    assert {path.name for path in (tmp_path / "cases").iterdir()} >= {
        f"{opened.name}-report.html", f"{opened.name}-ticket.md",
    }  # fmt: skip
    events = events_in(tmp_path / "a.jsonl")
    assert events == events_in(tmp_path / "b.jsonl")
    assert {2004, 2005, 3002} <= {one["class_uid"] for one in events}

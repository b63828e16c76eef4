"""What a lake is asked: what can't be right is refused with what to do, before anything is read or written."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import BadFileError, EntityNotFoundError, NotSavedError, UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.scale.lake import Lake
from graphinvestigate.scale.store import TenantStore

ONE, TWO = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"


def alert(number, *, day=1, upn="ann@example.org", tenant=ONE, **own):
    """An alert that names a user."""
    item = {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": {"userPrincipalName": upn}}
    at = f"2026-01-{day:02}T10:00:00Z"
    times = dict.fromkeys(("createdDateTime", "firstActivityDateTime", "lastUpdateDateTime"), at)
    return {"id": f"a{number}", "tenantId": tenant, "severity": "low", "evidence": [item], **times, **own}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Five alerts on five days, added one by one."""
    made = Lake(tmp_path_factory.mktemp("lake") / "filled")
    for number in range(5):
        made.add(gi.read_records("alerts", [alert(number, day=number + 1)]))
    return made.path


@pytest.fixture
def lake(filled, tmp_path):
    """A lake of these that a test may change."""
    return Lake(shutil.copytree(filled, tmp_path / "lake"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"limit": -1}, "limit takes a whole number from 1; got -1"),
        ({"limit": 0}, "limit takes"),
        ({"limit": "5"}, "limit takes"),
        ({"severity": "hgih"}, "severity knows no value 'hgih'"),
        ({"severity": 5}, "severity takes a string"),
        ({"severity": []}, "severity takes a string"),
        ({"columns": "id"}, "columns takes a list"),
        ({"columns": ["titel"]}, "no such column: titel; did you mean title"),
        ({"columns": 5}, "columns takes a list"),
        ({"since": "2026-01-03T00:00:00Z", "until": "2026-01-02T00:00:00Z"}, "swap them"),
        ({"since": "²d"}, "no time that can be read"),
    ],
)
def test_alerts_refuse_what_list_alerts_refuses(lake, asked, said):
    """A misspelt value, a limit or a window that can't be right is an error: never all, and never nothing."""
    with pytest.raises(UsageError, match=said):
        lake.alerts(**asked)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("records", {"name": ["alerts"]}),
        ("records", {"name": "alerts", "where": "severity"}),
        ("records", {"name": "alerts", "where": {"severity": 3}}),
        ("records", {"name": "alerts", "where": {3: "high"}}),
        ("timeline", {"sources": "alerts"}),
        ("timeline", {"sources": 5}),
        ("timeline", {"sources": []}),
        ("plot_timeline", {"sources": ["alert"]}),
        ("plot_timeline", {"theme": "drak"}),
        ("plot_timeline", {"tz": "Mars"}),
        ("entity_graph", {"seed": "ann@example.org", "hops": "2"}),
        ("entity_graph", {"seed": "ann@example.org", "hops": 1.5}),
        ("entity_graph", {"seed": "ann@example.org", "hops": 2, "most_records": "a"}),
        ("entity_graph", {"limit": None}),
        ("entity_graph", {"seed": 5}),
        ("pivot", {"entity": None}),
        ("pivot", {"entity": "  "}),
        ("pivot", {"entity": Entity("user", None)}),
        ("co_occurrence", {"most": "x"}),
        ("co_occurrence", {"least": 0}),
        ("compact", {"vacuum_after": "1h"}),
        ("compact", {"vacuum_after": -1}),
        ("compact", {"vacuum_after": float("nan")}),
    ],
)
def test_every_question_says_what_it_takes(lake, question, asked):
    """Arguments of another type, or that mean nothing, are refused as such, not as a damaged file of the lake."""
    with pytest.raises(UsageError):
        getattr(lake, question)(**asked)


def test_a_misspelt_argument_is_told_the_one_that_was_meant(lake):
    """As every public function does."""
    with pytest.raises(TypeError, match="did you mean severity="):
        lake.alerts(severty="high")


def test_a_source_asked_for_twice_counts_once(lake):
    """Its records are not there twice."""
    assert lake.timeline(sources=["alerts", "alerts"])["records"].sum() == 5
    assert lake.timeline(width="2 D")["records"].sum() == 5


def test_the_limit_of_a_graph_counts_the_records_of_its_window(lake):
    """Who gives the shorter window that the error asks for gets the graph."""
    with pytest.raises(UsageError, match="5 records are more than"):
        lake.entity_graph(limit=2)
    g = lake.entity_graph(limit=2, since="2026-01-04T00:00:00Z")
    assert sorted(node.id for node in g if isinstance(node, gi.Record)) == ["a3", "a4"]
    lake.add(gi.read_records("alerts", [alert(4, day=5, title="again")]))  # a second version is no second record
    assert len(lake.entity_graph(limit=2, since="2026-01-04T00:00:00Z")) == len(g)


def test_records_newer_than_the_newest_pull_can_be_asked_for(world, pulled):
    """A lake that was filled by hand after its pull answers for what it has; one that was not says so."""
    lake, moment = Lake(pulled), world.client.now() + timedelta(days=3)
    with pytest.raises(UsageError, match=r"knows nothing after .* newest pull"):
        lake.alerts(since=moment)
    assert len(lake.alerts(until=moment)) == len(lake.alerts())
    with pytest.raises(UsageError, match="lies in the future"):
        lake.alerts(until=datetime.now(UTC) + timedelta(days=2))


def test_a_name_with_half_a_character_is_kept_and_found(lake):
    """JSON may hold half a surrogate pair, Parquet can't: the record is in the lake, byte for byte, and is found."""
    found = gi.read_records("alerts", [alert(9, upn="\ud800@example.org")])
    lake.add(found)
    assert json.loads(lake.records("alerts", where={"id": "a9"})["raw"].iloc[0]) == json.loads(found["raw"].iloc[0])
    assert len(lake.pivot("\ud800@example.org").frames["alerts"]) == 1
    with pytest.raises(EntityNotFoundError, match="in this window"):
        lake.pivot("\udfff@example.org")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="id"), "no column id"),
        (lambda frame: frame.drop(columns=["pull_id", "evidence"]), "no column evidence, pull_id"),
        (lambda frame: frame.drop(columns="raw"), "no column raw"),
        (lambda frame: frame.assign(created_date_time="x"), "no times in the column created_date_time"),
        (lambda frame: pd.concat([frame, frame[["title"]]], axis=1), "twice the column title"),
        (lambda frame: frame["id"], "a DataFrame"),
        (lambda frame: None, "a DataFrame"),
    ],
)
def test_a_frame_that_cannot_be_kept_is_told_what_it_lacks(lake, change, said):
    """And nothing of it is written."""
    with pytest.raises(UsageError, match=said):
        lake.add(change(gi.read_records("alerts", [alert(9)])))
    assert len(lake.alerts()) == 5


def test_an_empty_answer_adds_nothing(lake):
    """The frame of a window without alerts is a frame of alerts."""
    assert lake.add(gi.read_records("alerts", [])) == 0


def test_a_tenant_that_cannot_be_one_stops_all_of_an_add(lake):
    """Records of several tenants are added together, or not at all; those that say none are the lake's."""
    mixed = [alert(6), alert(7, tenant=TWO), alert(8, tenant="../x")]
    with pytest.raises(UsageError, match="is no tenant"):
        lake.add(gi.read_records("alerts", mixed))
    assert lake.tenants() == [ONE]
    with pytest.raises(UsageError, match="5 is no tenant"):
        lake.add(gi.read_records("alerts", [alert(6)]), tenant=5)
    mine = Lake(lake.path, tenant=ONE)
    mine.add(gi.read_records("alerts", [alert(6, tenant=None), alert(7)]))
    assert set(mine.alerts()["id"]) == {"a0", "a1", "a2", "a3", "a4", "a6", "a7"}


def test_a_lake_of_one_tenant_is_not_filled_from_another(world, lake):
    """`tenant=` is no mere wish: what the client reads would lie where this lake does not look."""
    with pytest.raises(UsageError, match=f"opened for tenant {ONE}, and the client reads"):
        Lake(lake.path, tenant=ONE).pull(world.client, since="1d", sources=["alerts"])
    for asked in ({"sources": "alerts"}, {"sources": []}, {"since": "1d", "until": "3d"}, {"on_partial": "rase"}):
        with pytest.raises(UsageError):
            lake.pull(world.client, **asked)
    assert lake.tenants() == [ONE]


def test_paths_that_can_be_no_lake(tmp_path):
    """A file, a path below one, and what no system takes as a path are refused when the lake is opened."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below", "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(BadFileError, match="can't be read"):
            Lake(path)
    with pytest.raises(UsageError, match="names no folder"):
        Lake("")
    with pytest.raises(UsageError, match="Lake: path takes a path"):
        Lake(5)
    Lake(tmp_path / "lake").add(gi.read_records("alerts", [alert(0)]))
    with pytest.raises(UsageError, match=f"nothing of tenant {TWO}; there are {ONE}"):
        Lake(tmp_path / "lake", tenant=TWO).alerts()
    (tmp_path / "lake" / "lake.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BadFileError, match="another version"):
        Lake(tmp_path / "lake")


def test_a_lake_that_was_copied_in_part_says_so(lake):
    """Without one of its commits it would hold fewer records, and nobody could tell."""
    log = TenantStore(lake.path / "tenants" / ONE, ONE).log.folder
    (log / "²³.json").write_text("{}")  # what is no commit is none
    assert len(lake.alerts()) == 5
    (log / "0000000002.json").unlink()
    with pytest.raises(BadFileError, match=r"0000000002\.json: this commit is missing.* Copy it whole"):
        Lake(lake.path).alerts()


@pytest.mark.parametrize(
    "changed",
    [
        {"note": {"pull": {}}},
        {"note": {"pull": None}},
        {"note": {"pull": {"complete": True, "source": "alerts", "what": "window", "since": None, "until": None}}},
        {"added": [{"path": "../../x", "table": "alerts", "day": "2026-01-01", "rows": 1, "size": 1}]},
        {"added": [{"path": "tables/x", "table": "alerts", "day": None, "rows": 1, "size": 1}]},
        {"removed": [5]},
    ],
)
def test_a_commit_that_says_what_none_can_say_is_named(lake, changed):
    """It is refused with its name, before its words are taken for a path or a time."""
    path = lake.path / "tenants" / ONE / "log" / "0000000003.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(BadFileError, match=r"0000000003\.json: no commit of a lake"):
        Lake(lake.path).alerts(since="2026-01-01T00:00:00Z")


@pytest.fixture
def forbidden(monkeypatch):
    """A disk that takes nothing, as one that is full or mounted to be read only."""

    def no(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", no)
    monkeypatch.setattr(os, "open", no)


def test_a_folder_that_cannot_be_written_says_so(world, lake, forbidden):
    """What is in the lake stays and is read; adding, pulling and a new lake tell what to do."""
    for write in (
        lambda: lake.add(gi.read_records("alerts", [alert(9)])),
        lambda: lake.pull(world.client, since="1d", sources=["alerts"]),
        lambda: Lake(lake.path.parent / "new").add(gi.read_records("alerts", [alert(9)])),
    ):
        with pytest.raises(NotSavedError, match=r"can't be written \(Permission denied\)"):
            write()
    assert len(lake.alerts()) == 5


def test_a_log_that_cannot_be_read_is_no_empty_lake(lake, monkeypatch):
    """Without the right to list it nothing is known: that is an error, not nothing found."""

    def no(path="."):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "listdir", no)
    with pytest.raises(BadFileError, match=r"can't be read \(Permission denied\)"):
        lake.alerts()


def test_a_window_leaves_no_standing_out(world, pulled):
    """A risky user's standing is no event: a windowed graph or pivot has it, as `pivot` has; a list has its window."""
    lake = Lake(pulled)
    standing = lake.records("risky_users")
    assert len(standing) > 3
    found = lake.pivot(standing["id"].iloc[0], since="9d")
    assert found.frames["risky_users"]["id"].tolist() == [standing["id"].iloc[0]]
    g = lake.entity_graph(since="9d")
    assert {node.id for node in g if isinstance(node, gi.Record) and node.kind == "risky_user"} == set(standing["id"])
    middle = standing["risk_last_updated_date_time"].sort_values().iloc[len(standing) // 2].floor("s")
    for asked in ({"since": middle}, {"until": middle}, {"since": middle, "limit": 2}):
        rows = lake.records("risky_users", **asked)
        listed = gi.list_risky_users(world.client, **asked)
        assert len(rows) == len(listed) > 0
        assert "limit" in asked or set(rows["id"]) == set(listed["id"])
    since = lake.timeline(sources=["risky_users"], since=middle)["records"].sum()
    assert since + lake.timeline(sources=["risky_users"], until=middle)["records"].sum() == len(standing)


def test_a_timeline_names_what_was_never_pulled(world, pulled):
    """Days that nobody looked at are no quiet days: the subtitle says so."""
    lake, before = Lake(pulled), world.client.now() - timedelta(days=40)
    shown = lake.plot_timeline(since=before, sources=["alerts", "sign_ins"]).layout.title.subtitle.text
    assert f"alerts, sign ins not pulled: {before:%Y-%m-%dT%H:%M}Z to" in shown
    assert "not pulled" not in lake.plot_timeline(since="5d", sources=["alerts", "sign_ins"]).layout.title.subtitle.text

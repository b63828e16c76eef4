"""A watch that nothing ends: no record stops it, and what it cannot go on with is an error that says what to do."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.errors import BadFileError, NotSavedError, UsageError
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.watch import FileSink, HttpSink, Wanted, Watch
from graphinvestigate.watch.events import FORMATS, record_event, written
from graphinvestigate.watch.ocsf import ocsf_event


@pytest.fixture(scope="module")
def tenant():
    """A tenant that nobody changes."""
    return gi.connect_demo(seed=4, alerts=30)


def alerts_of(*bodies: str):
    """Alerts that say this beside their times."""
    times = '"createdDateTime": "2026-01-01T00:00:00Z", "lastUpdateDateTime": "2026-01-01T00:00:00Z", "evidence": []'
    return gi.read_records("alerts", f'{{"value": [{", ".join(f"{{{body}, {times}}}" for body in bodies)}]}}'.encode())


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("value", ["9" * 5000, "1e999", r'"\ud800"', "[" * 300 + "]" * 300])
def test_a_record_of_any_kind_is_one_line_of_json(value, format_) -> None:
    """Numbers that no program writes again, half characters and deep lists are handed on, and the line is JSON."""
    frame = alerts_of(f'"id": "a1", "x": {value}')
    _, body = record_event(RESOURCES["alerts"], frame.iloc[0], word="new", polled="2026-01-01T00:00:00+00:00")
    line = written(body, 1, format_, frame)
    assert line is not None
    event = json.loads(line, parse_int=str, parse_constant=pytest.fail)
    if format_ == "jsonl":
        plain = json.loads(value, parse_int=str, parse_float=str)
        assert event["record"]["x"] == plain


def test_records_without_an_id_are_not_taken_for_one() -> None:
    """Each is an event of its own, under the name that it has in a graph."""
    frame = alerts_of('"title": "one"', '"title": "two"')
    told = [record_event(RESOURCES["alerts"], row, word="new", polled="") for _, row in frame.iterrows()]
    assert len({key for key, _ in told}) == 2
    assert {body["id"] for _, body in told} == {node.id for node in gi.entity_graph(alerts=frame)}
    for _, body in told:
        assert json.loads(str(written(body, 1, "jsonl")), parse_constant=pytest.fail)["record"]["title"] in (
            "one",
            "two",
        )


@pytest.mark.parametrize("odd", [{"activityDisplayName": "  "}, {"targetResources": 5}, {"targetResources": {"a": 1}}])
def test_an_odd_audit_is_an_event_too(odd) -> None:
    """Blanks for a name, or no list of targets, end nothing."""
    event = ocsf_event("directory_audit", {"id": "x", "activityDateTime": "2026-01-01T00:00:00Z", **odd}, word="new")
    assert event is not None
    assert event["api"]["operation"] == "unknown"


@pytest.mark.parametrize("change", ["insert into cursors values ('alerts', 'x')", "drop table cursors"])
def test_a_memory_that_was_changed_by_hand_is_named(tenant, tmp_path, change) -> None:
    """The poll says which file is damaged, and what to do; the watch goes on polling."""
    Watch(tenant, tmp_path / "s", []).close()
    database = sqlite3.connect(tmp_path / "s" / "watch.sqlite3")
    with database:
        database.execute(change)
    database.close()
    with (
        Watch(tenant, tmp_path / "s", []) as watch,
        pytest.raises(BadFileError, match=r"watch\.sqlite3 is damaged .* Move it away"),
    ):
        watch.poll()


@pytest.mark.parametrize("interval", [float("nan"), float("inf"), 1e20, "60", None, 1])
def test_an_interval_that_no_clock_can_wait_is_refused(tenant, tmp_path, interval) -> None:
    """NaN is no shortest interval either."""
    with Watch(tenant, tmp_path / "s", []) as watch, pytest.raises(UsageError, match="the interval is 30 seconds"):
        watch.run(interval=interval, stop=threading.Event())


@pytest.mark.parametrize("url", ["https://[::1", "https://", "", None, 5])
def test_what_is_no_address_is_refused(url) -> None:
    """When the command begins, not when there is an event."""
    with pytest.raises(UsageError, match="no address of a collector"):
        HttpSink(url)


@pytest.mark.parametrize("token", ["tök", "a\nb", "a b", 5])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(token) -> None:
    """A line end copied along would make each post fail, or add a header."""
    with pytest.raises(UsageError, match="token is text without") as caught:
        HttpSink("https://collector.example", token=token)
    assert str(token) not in str(caught.value)


def test_what_only_fails_later_is_refused_at_once(tenant, tmp_path) -> None:
    """How far back a new case looks, and the words of its name."""
    with pytest.raises(UsageError, match="no time that can be read"):
        Watch(tenant, tmp_path / "s", [], look_back="yesterday")
    with pytest.raises(UsageError, match="title takes"):
        Wanted(title=None)  # type: ignore[arg-type]


def test_folders_and_files_that_cannot_be_written_are_named(tenant, tmp_path, monkeypatch) -> None:
    """The folder of cases is a file; the file of events may be read only."""
    (tmp_path / "file").write_text("{}\n")
    with pytest.raises(NotSavedError, match="no folder for cases"):
        Watch(tenant, tmp_path / "s", [], cases=tmp_path / "file")
    opened = Path.open

    def no(path, mode="r", *args, **kwargs):
        if path.name == "file":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", no)
    with pytest.raises(NotSavedError, match=r"can take no events \(Permission denied\)"):
        Watch(tenant, tmp_path / "s", [FileSink(tmp_path / "file")])


def test_paths_may_be_texts(tenant, tmp_path, monkeypatch) -> None:
    """As everywhere else."""
    monkeypatch.chdir(tmp_path)
    with Watch(tenant, "state", [FileSink("events.jsonl")], cases="cases", since="30d") as watch:  # type: ignore[arg-type]
        assert watch.poll() == len((tmp_path / "events.jsonl").read_text().splitlines())

"""Sinks: a file goes on after half a line, a collector that fails gets every event once, and secrets stay out."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import graphinvestigate as gi
from graphinvestigate.cli import main
from graphinvestigate.watch import FileSink, HttpSink, Watch
from graphinvestigate.watch.sinks import CollectorError
from graphinvestigate.watch.store import Event

EVENTS = [Event(n, f"id-{n}", json.dumps({"event_id": f"id-{n}", "text": "x" * n})) for n in range(1, 6)]
KNOWN = {event.event_id: event.sequence for event in EVENTS}


class Collector:
    """A collector on this machine that fails as told and keeps what it took."""

    def __init__(self) -> None:
        self.script: list[str] = []  # what happens to the next requests: a status, "drop", or "take and drop"
        self.taken: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.elsewhere = "http://127.0.0.1:1/"  # where it sends those on whom it answers with 3xx
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.headers.append(dict(self.headers))
                outer.paths.append(self.path)
                fate = outer.script.pop(0) if outer.script else "200"
                known = {one["event_id"] for one in outer.taken}
                if fate in ("200", "take and drop") and body["event_id"] not in known:
                    outer.taken.append(body)
                elif fate == "200":
                    fate = "409"
                if fate.endswith("drop"):
                    self.connection.close()
                    return
                self.send_response(int(fate))
                if fate.startswith("3"):
                    self.send_header("Location", outer.elsewhere)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector."""
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_file_goes_on_after_half_a_line(tmp_path) -> None:
    """At every byte where a kill can leave the file, what is whole is known, and the rest is written once."""
    whole = b"".join(f"{event.body}\n".encode() for event in EVENTS)
    path = tmp_path / "events.jsonl"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        sink = FileSink(path)
        has = sink.recover(KNOWN.get)
        assert has == whole[:cut].count(b"\n")
        assert list(sink.take(EVENTS[has:])) == [event.sequence for event in EVENTS[has:]]
        assert path.read_bytes() == whole


def test_lines_of_others_stay(tmp_path) -> None:
    """A file that holds something else keeps it, and ours begin on a line of their own."""
    path = tmp_path / "log"
    path.write_bytes(b"first\nsecond, without an end")
    sink = FileSink(path)
    assert sink.recover(KNOWN.get) == 0
    list(sink.take(EVENTS[:1]))
    assert path.read_bytes() == b"first\nsecond, without an end\n" + EVENTS[0].body.encode() + b"\n"


def test_long_lines_are_found(tmp_path) -> None:
    """A last line longer than what is read at once is still read whole."""
    path = tmp_path / "events.jsonl"
    long = Event(9, "id-9", json.dumps({"event_id": "id-9", "text": "x" * 3_000_000}))
    sink = FileSink(path)
    list(sink.take([*EVENTS, long]))
    assert sink.recover({**KNOWN, "id-9": 9}.get) == 9


def test_a_file_that_takes_nothing_is_an_error_that_keeps_events(tmp_path) -> None:
    """A full disk, or a folder in its place, is told; nothing counts as taken."""
    (tmp_path / "gone").mkdir()
    sink = FileSink(tmp_path / "gone" / "e")
    (tmp_path / "gone").rmdir()
    with pytest.raises(gi.NotSavedError, match="they wait"):
        list(sink.take(EVENTS))
    with pytest.raises(gi.UsageError, match="folder that exists"):
        FileSink(tmp_path / "no" / "e")


def test_a_collector_that_fails_gets_every_event_once(collector, tmp_path) -> None:
    """Refused, broken, dropped before and after it was taken: in the end each event was taken once, in order."""
    client = gi.connect_demo(seed=4, alerts=30)
    collector.script = ["200", "503", "200", "drop", "500", "take and drop", "429", "200", "401", "302", "200"]
    said: list[str] = []
    with Watch(client, tmp_path / "s", [HttpSink(collector.url)], since="5d", tell=said.append) as watch:
        count = watch.poll()
        for _ in range(12):
            watch.deliver()
    assert count > 8
    assert set(Counter(one["event_id"] for one in collector.taken).values()) == {1}
    assert [one["sequence"] for one in collector.taken] == list(range(1, count + 1))
    assert any("503" in one for one in said)
    assert any("did not answer" in one for one in said)


def test_a_collector_that_is_down_keeps_no_other_sink_waiting_and_nothing_is_lost(tmp_path, collector) -> None:
    """While the collector is down the file gets its events; when it is back, after a restart, it gets all."""
    client = gi.connect_demo(seed=4, alerts=30)
    collector.script = ["503"]
    with Watch(client, tmp_path / "s", [HttpSink(collector.url), FileSink(tmp_path / "e")], since="5d") as watch:
        count = watch.poll()
    assert len((tmp_path / "e").read_text().splitlines()) == count
    assert collector.taken == []
    with Watch(client, tmp_path / "s", [HttpSink(collector.url), FileSink(tmp_path / "e")], since="5d") as watch:
        watch.poll()
    assert [one["sequence"] for one in collector.taken] == list(range(1, count + 1))
    assert len((tmp_path / "e").read_text().splitlines()) == count


def test_a_collector_that_took_events_is_sent_none_of_them_after_a_restart(tmp_path, collector) -> None:
    """A collector cannot be asked how far it got: that is remembered, also while another destination still waits."""
    client = gi.connect_demo(seed=4, alerts=30)
    (tmp_path / "gone").mkdir()
    sinks = [HttpSink(collector.url), FileSink(tmp_path / "gone" / "e")]
    (tmp_path / "gone").rmdir()
    for _ in range(2):
        with Watch(client, tmp_path / "s", sinks, since="5d") as watch:
            watch.poll()
            assert len(watch.undone) == 1
    ids = [one["Idempotency-Key"] for one in collector.headers]
    assert len(ids) == len(set(ids)) == len(collector.taken) > 3


def test_many_events_are_handed_on_in_one_poll(tmp_path, collector) -> None:
    """However many wait, a destination has them all when the poll is over, each once and in order."""
    client = gi.connect_demo(seed=4, alerts=30)
    with Watch(client, tmp_path / "s", [HttpSink(collector.url)]) as watch, watch._store.whole():
        for number in range(110):
            watch._store.add(f"id-{number}", json.dumps({"event_id": f"id-{number}"}))
    with Watch(client, tmp_path / "s", [HttpSink(collector.url)]) as watch:
        watch.deliver()
    assert [one["event_id"] for one in collector.taken] == [f"id-{number}" for number in range(110)]


def test_an_event_that_is_told_again_uses_up_no_number(tmp_path) -> None:
    """A collector takes a gap in the numbers for a loss: they go on without one, and a poll counts what it added."""
    client = gi.connect_demo(seed=4, alerts=30)
    with Watch(client, tmp_path / "s", [FileSink(tmp_path / "e")]) as watch:
        for key in ("a", "b", "a", "b", "c"):
            watch._add(key, {"event_id": key})
        assert watch._store.counted() == 3
        watch.deliver()
    lines = [json.loads(line) for line in (tmp_path / "e").read_text().splitlines()]
    assert [(one["sequence"], one["event_id"]) for one in lines] == [(1, "a"), (2, "b"), (3, "c")]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_file_of_events_is_for_this_account_alone(tmp_path) -> None:
    """Events name people: a file that is made for them is nobody else's to read; one that was there keeps its mode."""
    list(FileSink(tmp_path / "new").take(EVENTS[:1]))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    (tmp_path / "theirs").touch(mode=0o640)
    list(FileSink(tmp_path / "theirs").take(EVENTS[:1]))
    assert stat.S_IMODE((tmp_path / "theirs").stat().st_mode) == 0o640


def test_a_collectors_address_is_taken_whole_and_named_without_its_query(collector) -> None:
    """A query in an address, which may hold a key, is sent and never shown."""
    sink = HttpSink(f"{collector.url}?key=s3cret")
    list(sink.take(EVENTS[:1]))
    assert collector.paths == ["/events?key=s3cret"]
    assert "s3cret" not in sink.name + repr(sink)


def test_a_new_destination_begins_where_events_are_still_kept(tmp_path, collector) -> None:
    """A destination that is named later gets no empty line or post for what was handed on before, and that is said."""
    client = gi.connect_demo(seed=4, alerts=30)
    said: list[str] = []
    with Watch(client, tmp_path / "s", [FileSink(tmp_path / "a")], since="5d") as watch:
        count = watch.poll()
    later = [FileSink(tmp_path / "a"), FileSink(tmp_path / "b"), HttpSink(collector.url)]
    with Watch(client, tmp_path / "s", later, since="5d", tell=said.append) as watch:
        watch.poll()
        alerts = gi.list_alerts(client, since="30d")
        gi.actions.stage(client, alerts[alerts["status"] == "new"].head(1), status="resolved").apply(dry_run=False)
        assert watch.poll() == 1
    (line,) = (tmp_path / "b").read_text().splitlines()
    assert json.loads(line)["sequence"] == count + 1
    assert [one["sequence"] for one in collector.taken] == [count + 1]
    assert len([one for one in said if f"{count} earlier events were handed on" in one]) == 2


def test_a_destination_that_is_left_out_once_loses_nothing(tmp_path) -> None:
    """What comes while a destination is not named waits for it, and that is said; --forget-others lets it go."""
    client = gi.connect_demo(seed=4, alerts=30)
    a, b, c = (FileSink(tmp_path / name) for name in "abc")
    with Watch(client, tmp_path / "s", [a, b], since="1m") as watch:
        watch.poll()
    said: list[str] = []
    with Watch(client, tmp_path / "s", [a], since="1m") as watch:
        alerts = gi.list_alerts(client, since="30d")
        gi.actions.stage(client, alerts[alerts["status"] == "new"].head(1), status="resolved").apply(dry_run=False)
        assert watch.poll() == 1
    with Watch(client, tmp_path / "s", [a], since="1m", tell=said.append):
        pass
    assert "/b is not named this time" in said[0]
    assert "1 event waits for it" in said[0]
    with Watch(client, tmp_path / "s", [a, b, c], since="1m") as watch:
        watch.poll()
    assert b.path.read_text() == a.path.read_text() == c.path.read_text() != ""
    with Watch(client, tmp_path / "s", [a], since="1m", forget_others=True, tell=said.append):
        pass
    with Watch(client, tmp_path / "s", [a], since="1m", tell=said.append):
        pass
    assert len(said) == 1


def test_what_waits_is_handed_on_while_graph_does_not_answer(tmp_path, collector, monkeypatch) -> None:
    """A collector that is back gets its events though the tenant cannot be read just now."""
    client = gi.connect_demo(seed=4, alerts=30)
    collector.script = ["503"]
    with Watch(client, tmp_path / "s", [HttpSink(collector.url)], since="5d") as watch:
        count = watch.poll()
        assert collector.taken == []

        def nothing(*_: object) -> None:
            raise gi.NetworkError("no answer")

        monkeypatch.setattr(watch, "_pull", nothing)
        with pytest.raises(gi.NetworkError):
            watch.poll()
    assert len(collector.taken) == count > 0


def test_each_post_carries_its_id_and_the_token_and_shows_neither(collector) -> None:
    """The id is the key that a collector knows repeats by; the token is in the header and nowhere else."""
    sink = HttpSink(collector.url, token="s3cret-token")
    list(sink.take(EVENTS[:2]))
    assert [one["Idempotency-Key"] for one in collector.headers] == ["id-1", "id-2"]
    assert {one["Authorization"] for one in collector.headers} == {"Bearer s3cret-token"}
    assert "s3cret" not in repr(sink) + sink.name
    collector.script = ["403"]
    with pytest.raises(CollectorError) as error:
        list(sink.take(EVENTS[2:3]))
    assert "s3cret" not in str(error.value)


def test_a_collector_cannot_send_events_elsewhere(collector) -> None:
    """An answer that names another address is a failure: neither event nor token goes there."""
    other = Collector()
    collector.elsewhere, collector.script = other.url, ["307", "308", "302"]
    sink = HttpSink(collector.url, token="s3cret-token")
    for status in ("307", "308", "302"):
        with pytest.raises(CollectorError, match=f"answered {status}; its events wait"):
            list(sink.take(EVENTS[:1]))
    other.server.shutdown()
    other.server.server_close()
    assert other.headers == []


@pytest.mark.parametrize(
    "url", ["http://collector.example/x", "ftp://127.0.0.1/x", "https://user:pw@collector.example/"]
)
def test_events_go_nowhere_unencrypted(url) -> None:
    """Plain http leaves this machine never, and no password stands in an address."""
    with pytest.raises(gi.UsageError):
        HttpSink(url)


def test_the_command_takes_its_secrets_from_variables_and_forgets_when_told(
    collector, server, tmp_path, monkeypatch, capsys
) -> None:
    """The collector's token is sent from its variable; a destination that is gone is named until --forget-others."""
    monkeypatch.setenv("GRAPHINVESTIGATE_COLLECTOR_TOKEN", "s3cret-token")
    monkeypatch.delenv("GRAPHINVESTIGATE_CLIENT_SECRET", raising=False)
    command = ["watch", "--emulator", server.url, "--state", str(tmp_path / "s"), "--since", "4d", "--once"]
    assert main([*command, "--to-url", collector.url]) == 0
    assert {one["Authorization"] for one in collector.headers} == {"Bearer s3cret-token"}
    assert len(collector.taken) > 3
    assert "s3cret" not in capsys.readouterr().err
    for more, said in (([], True), (["--forget-others"], False), ([], False)):
        assert main([*command, *more]) == 0
        assert ("is not named this time" in capsys.readouterr().err) == said
    assert main(["watch", "--tenant-id", "t", "--client-id", "c", "--state", str(tmp_path / "t"), "--once"]) == 2
    assert "GRAPHINVESTIGATE_CLIENT_SECRET" in capsys.readouterr().err


def test_once_ends_with_four_while_a_collector_is_down_and_with_zero_when_it_is_back(
    collector, server, tmp_path, capsys
) -> None:
    """Cron learns that events wait, and for whom; files have them already, and the next run hands them on."""
    file = tmp_path / "e.jsonl"
    command = ["watch", "--emulator", server.url, "--state", str(tmp_path / "s"), "--since", "4d", "--once"]
    command += ["--to-file", str(file), "--to-url", collector.url]
    collector.script = ["503"]
    assert main(command) == 4
    events = file.read_text().splitlines()
    assert len(events) > 3
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"{len(events)} events wait for" in said
    assert collector.url in said
    assert collector.taken == []
    assert main(command) == 0
    assert [one["sequence"] for one in collector.taken] == [json.loads(line)["sequence"] for line in events]
    assert "events wait for" not in capsys.readouterr().err
    assert main(command) == 0

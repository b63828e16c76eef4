"""A pull that was killed: the same call made again goes on where it stopped, and nothing differs."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo.faults import Asked, Fault, error
from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator
from tests.outside import running

ALERTS = "/security/alerts_v2"
PULL = (
    "import sys, graphinvestigate as gi\n"
    "client = gi.connect_emulator(sys.argv[1])\n"
    "gi.list_alerts(client, since='90d', page_size=5, concurrent={threads}, journal=sys.argv[2])\n"
)


def asked_for(emulator: Emulator) -> list[str]:
    """The queries of all lists of alerts that were answered."""
    return [one.query for one in emulator.exchanges if one.path.endswith(ALERTS)]


class Hangs:
    """Answers some pages, then lets whoever asks wait until `go` is set."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.reached, self.go = threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def __call__(self, asked: Asked) -> Any:
        with self.lock:
            self.left -= 1
            hang = self.left < 0
        if hang:
            self.reached.set()
            self.go.wait(30)
        return asked.genuine()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_killed_pull_goes_on(world: Any, tmp_path: Path, threads: int) -> None:
    """X15: after SIGKILL the same call asks only for what had not come; rows and order are an uninterrupted pull's."""
    hangs = Hangs(after=14)
    emulator = Emulator(world.tenant, faults=[Fault(ALERTS, hangs)], throttle=False)
    with EmulatorServer(emulator) as server:
        command = [sys.executable, "-c", PULL.format(threads=threads), server.url, str(tmp_path)]
        with running(command) as child:
            assert hangs.reached.wait(60)
            child.send_signal(signal.SIGKILL)
        came = len(asked_for(emulator))
        hangs.left = 10_000
        hangs.go.set()
        with gi.connect_emulator(server.url) as client:
            before = client.requests_made
            frame = gi.list_alerts(client, since="90d", page_size=5, concurrent=threads, journal=tmp_path)
            resumed = client.requests_made - before
            whole = gi.list_alerts(client, since="90d", page_size=5, concurrent=threads)
            pd.testing.assert_frame_equal(
                frame.drop(columns=["pull_id", "raw"]), whole.drop(columns=["pull_id", "raw"])
            )
            assert [str(raw) for raw in frame["raw"]] == [str(raw) for raw in whole["raw"]]
            fresh = gi.coverage(whole)["requests"].item()
    assert came >= 12
    assert resumed <= fresh - came + 2 * threads
    said = gi.coverage(frame).iloc[0]
    assert "kept by a pull that was interrupted" in said["note"]
    assert bool(said["complete"])


def test_the_window_is_the_interrupted_pulls(make_world: Any, tmp_path: Path) -> None:
    """`since="30d"` asked again later still means the window of the first pull, and the coverage shows it."""
    world = make_world(alerts=61, faults=[Fault(ALERTS, error(501), on={3})])
    arguments = {"since": "30d", "page_size": 10, "concurrent": 1, "journal": tmp_path}
    with pytest.raises(gi.PartialResultError) as stopped:
        gi.list_alerts(world.client, **arguments)
    first = gi.coverage(stopped.value.frame).iloc[0]
    gi.actions.stage(world.client, stopped.value.frame.head(5), comment="time goes by").apply(dry_run=False)
    frame = gi.list_alerts(world.client, **arguments)
    again = gi.coverage(frame).iloc[0]
    assert (again["since"], again["until"]) == (first["since"], first["until"])
    assert "2 pages were kept" in again["note"]
    assert again["requests"] == again["pages"] - 2


def test_a_pull_that_is_done_leaves_nothing(make_world: Any, tmp_path: Path) -> None:
    """When all rows came the pages are removed: the next call asks Graph anew, for now."""
    world = make_world(alerts=61)
    for _ in range(2):
        frame = gi.list_alerts(world.client, page_size=20, journal=tmp_path)
        assert len(frame) == 61
        assert gi.coverage(frame)["requests"].item() == gi.coverage(frame)["pages"].item()
        assert list(tmp_path.iterdir()) == []


def test_resuming_in_the_same_session_clears_it_too(make_world: Any, tmp_path: Path) -> None:
    """`.resume()` of a pull with a journal goes on, and leaves nothing behind."""
    world = make_world(alerts=61, faults=[Fault(ALERTS, error(501), on={3})])
    with pytest.raises(gi.PartialResultError) as stopped:
        gi.list_alerts(world.client, page_size=10, journal=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert stopped.value.resume()["id"].tolist() == world.ids(ALERTS[1:])
    assert list(tmp_path.iterdir()) == []


def test_a_dead_link_is_not_kept(make_world: Any, tmp_path: Path) -> None:
    """D07: where Graph refuses the kept next link, the pages before it are forgotten, and the call then succeeds."""
    world = make_world(alerts=61, faults=[Fault(ALERTS, error(501), on={3}), Fault(ALERTS, error(410), on={4})])
    arguments = {"page_size": 10, "journal": tmp_path}
    for _ in range(2):
        with pytest.raises(gi.PartialResultError):
            gi.list_alerts(world.client, **arguments)
    assert list(tmp_path.iterdir()) == []
    frame = gi.list_alerts(world.client, **arguments)
    assert frame["id"].tolist() == world.ids(ALERTS[1:])
    assert "kept" not in gi.coverage(frame)["note"].item()


def test_another_tenants_window_is_its_own(make_world: Any, tmp_path: Path) -> None:
    """One folder for two tenants: what one's pull left does not change what the other is asked for."""
    world = make_world(alerts=61, faults=[Fault(ALERTS, error(501), on={3})])
    arguments = {"since": "30d", "page_size": 10, "journal": tmp_path}
    with pytest.raises(gi.PartialResultError):
        gi.list_alerts(world.client, **arguments)
    other = make_world(seed=3, alerts=61)
    frame = gi.list_alerts(other.client, **arguments)
    assert set(frame["id"]) <= set(other.ids(ALERTS[1:]))
    assert abs(gi.coverage(frame)["until"].item() - pd.Timestamp(other.tenant.now)) <= pd.Timedelta(seconds=1)


def test_other_lists_take_a_journal_too(make_world: Any, tmp_path: Path) -> None:
    """Incidents, risk detections, risky users, sign-ins and audits go on likewise."""
    for name in ("incidents", "risk_detections", "sign_ins", "directory_audits"):
        path = gi.frames.RESOURCES[name].path
        world = make_world(alerts=120, faults=[Fault(path, error(501), on={3})])
        call = getattr(gi, f"list_{name}")
        with pytest.raises(gi.PartialResultError):
            call(world.client, page_size=3, journal=tmp_path)
        frame = call(world.client, page_size=3, journal=tmp_path)
        assert len(frame) == len(world.ids(path[1:]))
        assert "2 pages were kept" in gi.coverage(frame)["note"].item(), name


@pytest.mark.parametrize("journal", ["", 7, b"x"])
def test_a_folder_that_is_none_is_refused(world: Any, journal: Any) -> None:
    """What is no path is a UsageError, and nothing is asked."""
    world.client.now()
    before = world.client.requests_made
    with pytest.raises(gi.UsageError, match="journal"):
        gi.list_alerts(world.client, journal=journal)
    assert world.client.requests_made == before

"""Pulls in processes of their own: killed and taken up again, and two at once while somebody reads."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.scale.lake import Lake
from tests.scale.hurry import hurried

ROOT = Path(__file__).resolve().parents[2]

PULLER = r"""
import sys
from graphinvestigate.scale.lake import Lake
from tests.scale.hurry import hurried

client = hurried(sys.argv[1])
print("ready", flush=True)
summary = Lake(sys.argv[2]).pull(client, since=sys.argv[3], until=sys.argv[4], sources=["alerts", "sign_ins"])
print(len(summary), flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    """The demo tenant over loopback HTTP, refusing no request for coming early."""
    with EmulatorServer(Emulator(build_tenant(11, 90), throttle=False)) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: EmulatorServer) -> Iterator[gi.GraphClient]:
    """A client of this process."""
    with hurried(server.url) as connected:
        yield connected


@pytest.fixture(scope="module")
def window(client: gi.GraphClient) -> tuple[datetime, datetime]:
    """Three days of alerts and sign-ins."""
    until = client.now().replace(microsecond=0)
    return until - timedelta(days=3), until


def puller(server: EmulatorServer, path: Path, window: tuple[datetime, datetime]) -> subprocess.Popen:
    """Start a process that pulls a window, and wait until it begins to."""
    command = [sys.executable, "-c", PULLER, server.url, str(path), *(time.isoformat() for time in window)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def is_whole(lake: Lake, client: gi.GraphClient, window: tuple[datetime, datetime]) -> None:
    """A lake has what Graph lists of a window, each once, with whom it names."""
    since, until = window
    alerts = gi.list_alerts(client, since=since, until=until)
    kinds = ["interactive", "nonInteractive"]
    sign_ins = gi.list_sign_ins(client, since=since, until=until, event_types=kinds)
    assert len(alerts) > 5
    assert sorted(lake.alerts()["id"]) == sorted(alerts["id"])
    assert sorted(lake.records("sign_ins")["id"]) == sorted(sign_ins["id"])
    named = lake.engine.arrow(lake._reader().mentions(columns=["record_kind", "record_id"]).unique()).to_pylist()
    assert {row["record_id"] for row in named if row["record_kind"] == "sign_in"} == set(sign_ins["id"])


def test_a_killed_pull_goes_on_where_it_stopped(server, client, window, tmp_path) -> None:
    """Killed several times and taken up again, a pull has everything once, and asks for no day again that it had."""
    lake = Lake(tmp_path / "lake")
    chance = random.Random(5)
    killed = 0
    while killed < 2:
        process = puller(server, lake.path, window)
        seen = len(lake.pulls()) if lake.tenants() else 0
        end = time.monotonic() + 20
        # So that each kill comes somewhere else: right away, after the next finished day, a moment later.
        while (
            time.monotonic() < end and process.poll() is None and (len(lake.pulls()) if lake.tenants() else 0) <= seen
        ):
            time.sleep(0.02)
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        killed += 1
    process = puller(server, lake.path, window)
    assert process.communicate(timeout=120)[0].strip().isdigit()
    assert process.returncode == 0
    is_whole(lake, client, window)
    asked = lake.pulls().query("what == 'window' and source == 'alerts'")
    assert not asked.duplicated(["since", "until"]).any()
    assert len(asked) == 4


def test_two_processes_pull_while_a_notebook_reads(server, client, window, tmp_path) -> None:
    """Two processes pull one window at once while this one asks: it never fails, and never sees less than before."""
    lake = Lake(tmp_path / "lake")
    processes = [puller(server, lake.path, window) for _ in range(2)]
    seen = [0]
    while any(process.poll() is None for process in processes):
        if lake.tenants() and lake._store().log.live():
            seen.append(len(lake.records("alerts", columns=["id"])))
            assert lake.timeline()["records"].sum() >= seen[-1]
        time.sleep(0.05)
        assert seen == sorted(seen)
    assert all(process.communicate()[0].strip().isdigit() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert len(seen) > 2
    is_whole(lake, client, window)
    lake.compact(vacuum_after=0)
    is_whole(lake, client, window)

"""A lake survives a kill at any moment, and several processes at once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphinvestigate.frames import RESOURCES
from graphinvestigate.scale.lake import Lake

ONE = "11111111-0000-4000-8000-000000000001"
WRITER = r"""
import json, sys
from graphinvestigate.envelope import read_page
from graphinvestigate.frames import RESOURCES, records_frame
from graphinvestigate.scale.lake import Lake

path, first, rounds, each = sys.argv[1], *map(int, sys.argv[2:5])
lake = Lake(path, tenant="11111111-0000-4000-8000-000000000001")
print("ready", flush=True)
for at in range(first, first + rounds):
    records = []
    for number in range(each):
        user = {"userAccount": {"azureAdUserId": f"aaaaaaaa-0000-4000-8000-{number:012}"}}
        records.append({
            "id": f"{at}-{number}", "createdDateTime": f"2026-01-{number % 3 + 1:02}T10:00:00Z",
            "tenantId": "11111111-0000-4000-8000-000000000001",
            "evidence": [{"@odata.type": "#microsoft.graph.security.userEvidence", **user}],
        })
    body = json.dumps({"value": records}).encode()
    lake.add(records_frame(RESOURCES["alerts"], [read_page(body, source="t")], pull_id=f"p{at}"))
    print(at, flush=True)
    if len(sys.argv) > 5 and at % 5 == 4:
        lake.compact(vacuum_after=60)
"""


def writer(path: Path, first: int, rounds: int, each: int, *more: str) -> subprocess.Popen:
    """Start a process that adds alerts to a lake, and wait until it begins to."""
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(rounds), str(each), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def said(process: subprocess.Popen) -> list[int]:
    """Wait for its end and return the rounds that it reported as added."""
    return [int(line) for line in process.communicate(timeout=300)[0].splitlines()]


def rounds_in(lake: Lake, each: int) -> set[int]:
    """The rounds in one state of a lake, each of which must be there whole: records, mentions and evidence."""
    reader = lake._reader()
    alerts = lake.engine.arrow(reader.records(RESOURCES["alerts"], columns=["severity"]))
    ids = sorted(alerts["lake_id"].to_pylist())
    rounds = {int(one.partition("-")[0]) for one in ids}
    assert ids == sorted(f"{at}-{number}" for at in rounds for number in range(each))
    for rows in (reader.evidence(columns=["verdict"]), reader.mentions()):
        assert sorted(lake.engine.arrow(rows.select("record_id"))["record_id"].to_pylist()) == ids
    return rounds


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_any_moment_leaves_whole_commits(tmp_path, seed):
    """Killed while it writes or compacts, each round is whole or not there, and none that was reported is lost."""
    lake = Lake(tmp_path / "lake", tenant=ONE)
    reported: set[int] = set()
    for start in (0, 100):
        process = writer(lake.path, start, 60, 12, "compact")
        time.sleep(random.Random(seed * 2 + start).uniform(0.2, 2.5))
        process.send_signal(signal.SIGKILL)
        reported |= set(said(process))
        # Killed before its first commit, it leaves a lake of nobody; nothing was reported then.
        assert reported <= (rounds_in(lake, 12) if lake.tenants() else set())
    assert reported or seed % 2  # some of the kills come after something was reported


def test_two_writers_while_somebody_reads(tmp_path):
    """Two processes add and compact while a third reads: it always sees whole commits, and nothing is lost."""
    lake = Lake(tmp_path / "lake", tenant=ONE)
    processes = [writer(lake.path, first, 12, 9, "compact") for first in (0, 1000)]
    seen: list[set[int]] = [set()]
    while any(process.poll() is None for process in processes):
        if (lake.path / "tenants").exists() and lake.tenants():
            found = rounds_in(lake, 9) if lake._store().log.live() else set()
            assert seen[-1] <= found
            seen.append(found)
    assert sorted(at for process in processes for at in said(process)) == [*range(12), *range(1000, 1012)]
    assert rounds_in(lake, 9) == {*range(12), *range(1000, 1012)}
    assert len(seen) > 2
    assert all(process.returncode == 0 for process in processes)


def test_what_a_killed_writer_left_is_cleared_away(tmp_path):
    """Files that no commit names are deleted once they are old enough, and no others."""
    lake = Lake(tmp_path / "lake", tenant=ONE)
    said(writer(lake.path, 0, 2, 6))
    left = next(lake.path.rglob("alerts/day=*")) / "left.parquet"
    left.write_bytes(b"half")
    (left.parent / "left.tmp").write_bytes(b"half")
    assert rounds_in(lake, 6) == {0, 1}
    lake.compact(vacuum_after=3600)
    assert left.exists()
    lake.compact(vacuum_after=0)
    assert not left.exists()
    assert not list(lake.path.rglob("*.tmp"))
    assert rounds_in(lake, 6) == {0, 1}


def test_a_lake_is_plain_files(tmp_path):
    """Anybody's tools read a lake: Parquet by day, JSON commits; nothing in it names this machine."""
    lake = Lake(tmp_path / "lake", tenant=ONE)
    said(writer(lake.path, 0, 1, 3))
    commit = json.loads(next(lake.path.rglob("log/*.json")).read_text())
    assert {Path(file["path"]).parts[1] for file in commit["added"]} == {
        "alerts", "alerts.evidence", "alerts.mentions", "alerts.edges",
    }  # fmt: skip
    for path in lake.path.rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes(), path

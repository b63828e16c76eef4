"""What redaction and saving hold at once: a ratio of two sizes, as the machine says nothing about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graphinvestigate.cases import manifest, records
from graphinvestigate.cases.redaction.cases import case_files
from tests.cases.memory_of_saves import cases, traced

SAVES = Path(__file__).with_name("memory_of_saves.py")


def test_the_scan_of_a_case_holds_no_file_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times the alerts are searched with as much memory: files are written for the scan in pieces, and let go."""
    monkeypatch.setattr(manifest, "PIECE", 2**17)
    monkeypatch.setattr(records, "ROWS", 50)
    sizes, peaks = [], []
    for case in cases():
        sizes.append(sum(map(len, case_files(case))))
        peaks.append(traced(lambda case=case: [None for _ in case_files(case)])[1])
    assert sizes[1] > 4 * sizes[0] > 2**21
    assert peaks[1] < 2 * peaks[0], f"files of {sizes} bytes took {peaks} at once"


def test_a_save_holds_no_second_graph() -> None:
    """What a save holds grows by the graph that it reads again and keeps: neither its file nor a copy comes on top.

    Measured: 0.97 graphs; 1.34 with a copy, 1.54 with the file.
    """
    ran = subprocess.run([sys.executable, str(SAVES)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    graphs, saves = found["graphs"], found["saves"]
    assert graphs[1] > 3 * graphs[0]
    more = (saves[1] - saves[0]) / (graphs[1] - graphs[0])
    assert more < 1.15, f"graphs of {graphs} bytes, saves of {saves}: {more:.2f} graphs at once"

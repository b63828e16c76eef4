"""What redaction and saving hold at once: a ratio of two sizes, as the machine says nothing about it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.cases import manifest, records
from graphinvestigate.cases.rebuilding import graph_of
from graphinvestigate.cases.redaction.cases import case_files
from graphinvestigate.cases.saving import Place

KEY = "a key of the tests, long enough"
FEW, MANY = 100, 500


def traced(run: Callable[[], Any]) -> tuple[int, int]:
    """The bytes that are held after something ran, and at most while it did."""
    gc.collect()
    rare = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # Python's own, as users have them
    tracemalloc.start()
    try:
        kept = run()
        now, most = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
        gc.set_threshold(*rare)
    return now, most


def cases() -> list[gi.Case]:
    """A small case and one of five times as many alerts, their graphs built."""
    made = []
    for size in (FEW, MANY):
        case = gi.Case(f"INC-{size}")
        case.add(gi.list_alerts(gi.connect_demo(seed=1, alerts=MANY)).head(size))
        assert len(case.graph)
        made.append(case)
    return made


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


def test_a_save_holds_no_second_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a save writes and reads again grows by less than the graph: neither its file nor a copy is held."""
    monkeypatch.setattr(manifest, "PIECE", 2**17)
    monkeypatch.setattr(records, "ROWS", 50)
    graphs, peaks = [], []
    for case in cases():
        graphs.append(traced(lambda case=case: graph_of(case.frames))[0])
        case._contents.graph = case.graph
        about = {"name": case.name, "case_id": case.case_id, "created": case.created, "moment": case.created}
        places = [Place(tmp_path / f"{case.name}-{number}") for number in range(3)]
        # The least of three: what other threads do meanwhile is counted too, and says nothing of a save.
        peaks.append(
            min(traced(lambda case=case, at=at, about=about: at.save(case._contents, **about))[1] for at in places)
        )
    assert graphs[1] > 3 * graphs[0]
    more = (peaks[1] - peaks[0]) / (graphs[1] - graphs[0])
    assert more < 1, f"graphs of {graphs} bytes, saves of {peaks}: {more:.1f} graphs at once"

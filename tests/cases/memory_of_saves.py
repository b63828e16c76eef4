"""Measures what a save holds at once, in a process of its own: what earlier tests left in caches makes a graph small.

Prints as JSON, for a small case and for one of five times as many alerts: the bytes of its graph, and the most that a
save of it held, the least of three saves.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphinvestigate as gi
from graphinvestigate.cases import manifest, records
from graphinvestigate.cases.rebuilding import graph_of
from graphinvestigate.cases.saving import Place

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


def of_saves(folder: Path) -> dict[str, list[int]]:
    """Graphs and saves of both cases, in bytes."""
    found: dict[str, list[int]] = {"graphs": [], "saves": []}
    for case in cases():
        found["graphs"].append(traced(lambda case=case: graph_of(case.frames))[0])
        case._contents.graph = case.graph
        about = {"name": case.name, "case_id": case.case_id, "created": case.created, "moment": case.created}
        places = [Place(folder / f"{case.name}-{number}") for number in range(3)]
        saves = [traced(lambda case=case, at=at, about=about: at.save(case._contents, **about))[1] for at in places]
        found["saves"].append(min(saves))
    return found


if __name__ == "__main__":
    manifest.PIECE, records.ROWS = 2**17, 50
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(json.dumps(of_saves(Path(made))))

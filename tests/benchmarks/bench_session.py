"""Alerts in one session, pages on disk: ``python tests/benchmarks/bench_session.py 100000``.

Frames of alerts and of their evidence, edges in columns, the index, and walks on it: what each step takes and holds.
The pages lie in a temporary folder and are mapped into memory; what of them is in memory counts as the system's cache.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import dataclasses
import gc
import mmap
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate.envelope import Page, read_page
from graphinvestigate.frames import RESOURCES, evidence, records_frame
from graphinvestigate.linking.entity_graph import edge_table
from graphinvestigate.linking.index import reach
from graphinvestigate.linking.table_index import index_of_table
from graphinvestigate.scale.bench.decode import IDENTIFYING
from graphinvestigate.scale.bench.measure import side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages

BUDGET_GB = 6


def held() -> dict[str, float]:
    """Megabytes of this process: its own, those of mapped files, and its peak."""
    wanted = ("RssAnon", "RssFile", "VmHWM")
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return {name: int(line.split()[1]) / 1024 for line in lines for name in wanted if line.startswith(f"{name}:")}


def done(what: str, work: Callable[[], Any]) -> Any:
    """Do a step, and print what it took and what is held after it."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    gc.collect()
    memory = "  ".join(f"{name} {size:6,.0f} MB" for name, size in held().items())
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what:16} {wall:8.1f} s, of processor {processor:8.1f} s   {memory}", flush=True)
    return result


def on_disk(folder: Path, size: int) -> list[Page]:
    """Write pages, and map them."""
    found = []
    for number, body in enumerate(alert_pages(size)):
        path = folder / f"{number}.json"
        path.write_bytes(body)
        with path.open("rb") as file:
            mapped: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        found.append(dataclasses.replace(read_page(body, source="a page"), body=mapped))
    return found


def main(size: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        pages = done("pages", lambda: on_disk(Path(folder), size))
        alerts = done("alerts", lambda: records_frame(RESOURCES["alerts"], pages, pull_id="bench"))
        items = done("evidence", lambda: evidence(alerts, columns=IDENTIFYING))
        table = done("edges", lambda: edge_table(alerts=alerts))
        index = done("index", lambda: index_of_table(table))
        print(f"{len(alerts):,} alerts, {len(items):,} items, {len(index.nodes):,} nodes, {len(index.source):,} edges")
        degree = np.where(index.record, 0, index.degree())
        known = np.flatnonzero(degree)
        hub, usual = int(degree.argmax()), int(known[np.argsort(degree[known])[len(known) // 2]])
        print(f"the usual entity has {degree[usual]:,} edges, the hub {degree[hub]:,}")
        for what, start, hops in (("one hop", usual, 1), ("two hops", usual, 2), ("two from hub", hub, 2)):
            (taken,) = side_by_side(lambda start=start, hops=hops: reach(index, [start], hops=hops), rounds=7)  # type: ignore[misc]
            print(f"{what:16} {taken.wall * 1e3:8.2f} ms, of processor {taken.processor * 1e3:8.2f} ms")
        print(f"budget: {BUDGET_GB} GB at a million alerts; peak here {held()['VmHWM'] / 1024:.1f} GB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)

"""Alerts in one session: ``python tests/benchmarks/bench_session.py 100000``.

Saved answers into frames of alerts and of their evidence (`read_records`, `evidence`: the pages are kept in
memory, compressed beyond the first ones), edges in columns, the index, and walks on it: what each step takes, holds
and needs at its peak. ``frames`` as a second word stops after the frames.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate.frames import evidence, read_records
from graphinvestigate.linking.entity_graph import edge_table
from graphinvestigate.linking.index import reach
from graphinvestigate.linking.table_index import index_of_table
from graphinvestigate.scale.bench.decode import IDENTIFYING
from graphinvestigate.scale.bench.measure import side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages

BUDGET_GB = 6


_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def held() -> dict[str, float]:
    """Megabytes of this process: its own memory, and the most of it since it was last forgotten."""
    wanted = ("RssAnon", "VmHWM")
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return {name: int(line.split()[1]) / 1024 for line in lines for name in wanted if line.startswith(f"{name}:")}


def done(what: str, work: Callable[[], Any]) -> Any:
    """Do a step, and print what it took, what is held after it, and the most that was held meanwhile."""
    gc.collect()
    _CLEAR.write_text("5")  # forgets the peak of the steps before
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    gc.collect()
    now = held()
    _PEAKS.append(now["VmHWM"])
    memory = f"holds {now['RssAnon']:6,.0f} MB, peak {now['VmHWM']:6,.0f} MB"
    print(f"{what:16} {wall:8.1f} s, of processor {processor:8.1f} s   {memory}", flush=True)
    return result


_PEAKS: list[float] = []


def saved(folder: Path, size: int) -> None:
    """Write answers as a user may have saved them."""
    for number, body in enumerate(alert_pages(size)):
        (folder / f"{number:06}.json").write_bytes(body)


def main(size: int, *, frames_only: bool = False) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        done("answers", lambda: saved(Path(folder), size))
        alerts = done("alerts", lambda: read_records("alerts", f"{folder}/*.json"))
        raw = alerts["raw"].array
        whole = sum(map(len, raw.pages))
        print(f"pages: {whole / 2**20:,.0f} MB, kept in {sum(page.held for page in raw.pages) / 2**20:,.0f} MB")
        items = done("evidence", lambda: evidence(alerts, columns=IDENTIFYING))
        if frames_only:
            return
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
        print(f"budget: {BUDGET_GB} GB at a million alerts; peak here {max(_PEAKS) / 1024:.1f} GB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000, frames_only="frames" in sys.argv[2:])

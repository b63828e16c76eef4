"""How soon the workbench answers with 100,000 alerts: ``python tests/benchmarks/bench_workbench.py``.

What is timed is the kernel's part of an action, first with picker and timeline sharing one selection, then with the
whole workbench (picker, explorer and its timeline): all that Python does until the last message to the page is on its
way. The page's own part was measured in a browser. Where other work shares the machine, the processor's time says
more than the clock's; both are printed, and the load. As a person does, it looks at what has opened for some seconds
before the first action.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graphinvestigate as gi
from graphinvestigate.linking import Record

N = 100_000
LOOKS = 4.0
BUDGET = 0.300


def some_alerts(n: int) -> pd.DataFrame:
    """The alerts of a demo tenant again and again, each copy with ids and times of its own."""
    with gi.connect_demo(seed=3, alerts=1000) as client:
        few = gi.list_alerts(client)
    alerts = pd.concat([few] * (n // len(few)), ignore_index=True)
    alerts["id"] = [f"{key}-{at}" for at, key in enumerate(alerts["id"])]
    shift = pd.to_timedelta(np.random.default_rng(0).integers(0, 20 * 86_400, n), unit="s")
    for name in ("first_activity_date_time", "last_activity_date_time"):
        alerts[name] -= shift
    return alerts


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """How long one action takes, and how much of a processor: on a busy machine the second says more."""
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def show(what: str, works: list[Callable[[], object]]) -> None:
    """Print the median and the longest of some actions."""
    taken, used = zip(*(timed(work) for work in works), strict=True)
    over = "" if max(taken) <= BUDGET else "   over the budget"
    print(
        f"  {what:46} {statistics.median(taken) * 1e3:6.0f} ms   longest {max(taken) * 1e3:6.0f} ms   "
        f"processor {max(used) * 1e3:6.0f} ms{over}"
    )


def main() -> None:
    """Measure and print."""
    print(f"{os.cpu_count()} cores, load {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    alerts = some_alerts(N)
    picker_and_timeline(alerts)
    explorer(alerts)
    print(f"load at the end {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def picker_and_timeline(alerts: pd.DataFrame) -> None:
    """The queue and the timeline alone."""
    start = time.perf_counter()
    picker = gi.AlertPicker(alerts)
    made = time.perf_counter()
    timeline = gi.TimelineView(alerts, selection=picker.selection)
    print(f"{N:,} alerts: picker made in {made - start:.1f} s, timeline in {time.perf_counter() - made:.1f} s")
    assert len(picker.shown) == len(timeline.frames[0]) == N
    time.sleep(LOOKS)
    sheet = picker._grid.widget
    ids = picker.shown["id"]
    times = alerts["first_activity_date_time"].sort_values(ignore_index=True)

    def pick(row: int, how: str = "only", **more: int) -> Callable[[], object]:
        return lambda: sheet._handle_custom_msg(
            {"type": "pick", "how": how, "row": row, "version": sheet.version, **more}, []
        )

    def ask(page: int) -> Callable[[], object]:
        return lambda: sheet._handle_custom_msg({"type": "pages", "pages": [page], "version": sheet.version}, [])

    print(f"picker and timeline share a selection; budget {BUDGET * 1e3:.0f} ms")
    show("picker: a page of 100 rows", [ask(page) for page in (0, 500, 999)])
    show("picker: pick one", [pick(row) for row in (3, 50_000, 99_999)])
    show("picker: pick 1,000 with Shift", [pick(2_000, "range", anchor=1_000)])
    show("picker: put one of them out", [pick(1_500, "toggle")])
    columns = ("severity", "title", "entities", "source", "tactic", "last_activity", "first_activity")
    show("picker: sort by a column", [lambda c=c: picker.sort(c) for c in columns])
    show("picker: filter by severity", [lambda s=s: picker.filter(severity=s) for s in ("high", "low", ())])
    show("picker: search words", [lambda t=t: picker.filter(text=t) for t in ("token sign", "10.", "nothing", "")])
    entity = picker._queue.entities(most=1)[0][0]
    show("picker: filter by entity, then by time", [
        lambda: picker.filter(entity=entity), lambda: picker.filter(since=times[N // 2]), picker.filter,
    ])  # fmt: skip
    show("timeline: zoom to counts, to marks, and back", [
        lambda: timeline.zoom(times[N // 4], times[N // 2]), lambda: timeline.zoom(times[500], times[1500]),
        timeline.zoom,
    ])  # fmt: skip
    show("timeline: select a tenth of all, elsewhere too", [lambda: timeline.select(times[10_000], times[20_000])])
    show("timeline: lanes by source, tactic", [lambda v=v: timeline.set_lanes(v) for v in ("source", "tactic")])
    show("timeline: lanes by entity", [lambda: timeline.set_lanes("entity"), lambda: timeline.set_lanes("tactic")])
    show("timeline: another time zone", [lambda: timeline.set_time_zone("Europe/Berlin")])
    one = Record("alert", str(ids.iloc[40]))
    show("selected elsewhere, followed by both", [lambda: picker.selection.select(one, by="graph")])
    show("picker: select all 100,000, then none", [picker.select_all, picker.select])


def explorer(alerts: pd.DataFrame) -> None:
    """The whole workbench: what is selected in one of its parts is followed by all."""
    start = time.perf_counter()
    g = gi.entity_graph(alerts=alerts)
    built = time.perf_counter()
    with gi.connect_demo(seed=3, alerts=30) as client:
        bench = gi.Workbench(client, alerts, g=g, since=None)
        nodes, edges = g.number_of_nodes(), g.number_of_edges()
        print(
            f"workbench: graph of {nodes:,} nodes and {edges:,} links in {built - start:.1f} s, "
            f"widgets in {time.perf_counter() - built:.1f} s"
        )
        time.sleep(LOOKS)
        view = bench.explorer
        entities = [node for node in g if isinstance(node, gi.Entity)]
        hub = max(entities, key=g.degree)
        users = sorted((node for node in entities if node.kind == "user"), key=g.degree)[-4:]
        records = [gi.Record("alert", str(one)) for one in alerts["id"].iloc[[5, 50_000, 99_000]]]
        sheet = bench.picker._grid.widget

        def pick(row: int) -> Callable[[], object]:
            message = {"type": "pick", "how": "only", "row": row, "version": sheet.version}
            return lambda: sheet._handle_custom_msg(message, [])

        show("queue: pick one, all follow", [pick(row) for row in (3, 50_000, 99_999)])
        show("graph: click an entity", [lambda n=n: view._on_click(n, False) for n in (hub, *users[:2])])
        show("graph: click an alert", [lambda n=n: view._on_click(n, False) for n in records])
        show("graph: expand", [lambda n=n: view.expand(n) for n in users])
        show("graph: collapse", [lambda n=n: view.collapse(n) for n in users[:2]])
        show("graph: undo, redo", [view.undo, view.redo])
        show("graph: only around it", [lambda n=n: view.neighborhood(n, hops=1) for n in users[:2]])
        show("graph: two hops around it", [lambda: view.neighborhood(users[0], hops=2)])
        show("graph: hide, pin, rename, note", [
            lambda: view.hide(users[3]), lambda: view.pin(users[1]), lambda: view.rename(users[1], name="x"),
            lambda: view.note(users[1], words="y"),
        ])  # fmt: skip
        show("graph: legend off and on", [lambda: view._on_legend("process", False)] * 2)
        show("graph: severity, text", [
            lambda: view._filter_by(severity="high"), lambda: view._filter_by(severity="", text="wks"), view.filter,
        ])  # fmt: skip
        ends = view._known().ends
        middle = pd.Timestamp(ends[0]) + (pd.Timestamp(ends[1]) - pd.Timestamp(ends[0])) / 2
        show("time slider: graph, queue and timeline", [
            lambda: view._filter_by(until=middle.isoformat()[:26] + "Z", replaces=True), view.filter,
        ])  # fmt: skip
        show("graph: paths", [lambda: view.find_paths(users[0], users[1])])
        show("graph: layouts", [lambda n=n: view.arrange(n) for n in ("time", "rings", "force")])
        times = bench.picker.shown["first_activity_date_time"]
        box = (times.iloc[5000], times.iloc[4000])
        show("timeline: box over a thousand, all follow", [lambda: view._timeline.widget.select(*box)])
        show("select nothing", [view.select])


if __name__ == "__main__":
    main()

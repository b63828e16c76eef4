"""Times of layouts and timelines against their budgets: ``python tests/benchmarks/bench_views.py``."""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate import frames
from graphinvestigate.linking import Entity
from graphinvestigate.views import plot_entity_graph, plot_timeline
from graphinvestigate.views.layout import layout
from graphinvestigate.views.static import figure_html
from graphinvestigate.widgets import TimelineView


def median(work: Callable[[], object], *, times: int = 5) -> float:
    """The median time of some runs, after one that warms up."""
    work()
    taken = []
    for _ in range(times):
        gc.collect()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def some_graph(n: int) -> nx.Graph:
    """A tree with hubs and some more edges, about as alerts and entities form."""
    g = nx.barabasi_albert_graph(n, 1, seed=1)
    g.add_edges_from(nx.gnm_random_graph(n, n // 8, seed=2).edges())
    return g


def plain_spring(g: nx.Graph) -> dict:
    """Networkx's spring layout without scipy, which it asks for from 500 nodes on."""
    from networkx.drawing.layout import _fruchterman_reingold

    nodes = list(g)
    return dict(zip(nodes, _fruchterman_reingold(nx.to_numpy_array(g), seed=np.random.RandomState(0)), strict=True))


def quality(g: nx.Graph, place: dict) -> float:
    """Length of edges against the distance of any two nodes: lower is better, chance is 1."""
    at = np.array([place[node] for node in g])
    index = {node: number for number, node in enumerate(g)}
    head, tail = np.array([(index[a], index[b]) for a, b in g.edges()]).T
    one, other = np.random.default_rng(0).integers(0, len(at), (2, 50_000))
    along, apart = at[head] - at[tail], at[one] - at[other]
    return float(np.sqrt((along**2).sum(axis=1)).mean() / np.sqrt((apart**2).sum(axis=1)).mean())


def some_alerts(n: int) -> pd.DataFrame:
    """That many alerts over 30 days, in the columns that a pull gives."""
    severities, categories = (
        ["high", "medium", "low", "informational"],
        ["InitialAccess", "Impact", "Malware", "Execution"],
    )
    sources = ["microsoftDefenderForEndpoint", "microsoftDefenderForIdentity", "azureAdIdentityProtection"]
    records = [
        {"id": f"a{at}", "title": "Anomalous token", "severity": severities[at % 4],
         "category": categories[at // 4 % 4], "serviceSource": sources[at % 3],
         "firstActivityDateTime": "2026-03-02T00:00:00Z", "lastActivityDateTime": "2026-03-02T00:30:00Z"}
        for at in range(1000)
    ]  # fmt: skip
    page = frames.read_records("alerts", json.dumps({"value": records}).encode())
    wanted = ["record_kind", "id", "title", "severity", "category", "service_source", "status",
              "first_activity_date_time", "last_activity_date_time"]  # fmt: skip
    frame = pd.concat([page[wanted]] * (n // 1000), ignore_index=True)
    offset = pd.to_timedelta(np.random.default_rng(0).integers(0, 30 * 86_400, n), unit="s")
    frame["first_activity_date_time"] += offset
    frame["last_activity_date_time"] += offset
    return frame


def a_million_live() -> None:
    """What somebody does on a live timeline of a million alerts: the kernel's part of each action, once."""
    frame = some_alerts(1_000_000)
    frame["id"] = [f"a{at}" for at in range(len(frame))]
    times = frame["first_activity_date_time"].sort_values(ignore_index=True)
    view = TimelineView(frame)
    half, thousand = (times[250_000], times[500_000]), (times[500], times[1_500])
    actions: dict[str, Callable[[], object]] = {
        "zoom to half": lambda: view.zoom(*half), "zoom to a thousand": lambda: view.zoom(*thousand),
        "all of time": view.zoom, "lanes by source": lambda: view.set_lanes("source"),
        "another zone": lambda: view.set_time_zone("Europe/Berlin"),
        "select a thousand": lambda: view.select(*thousand),
        "select a hundred thousand": lambda: view.select(times[100_000], times[200_000]),
        "narrow to half": lambda: view.narrow(*half), "the whole again": view.narrow,
    }  # fmt: skip
    print("live timeline of 1,000,000 alerts     clock     processor")
    for name, act in actions.items():
        gc.collect()
        start, used = time.perf_counter(), time.process_time()
        act()
        took, worked = time.perf_counter() - start, time.process_time() - used
        print(f"  {name:32} {took * 1e3:7.0f} ms  {worked * 1e3:7.0f} ms")


def main() -> None:
    """Measure and print."""
    print("layout               ours     networkx  ratio   quality (networkx)")
    for n in (200, 450, 1000):
        g = some_graph(n)
        ours = median(lambda g=g: layout(g))
        theirs = median(lambda g=g: plain_spring(g), times=1)
        scores = f"{quality(g, layout(g)):.3f} ({quality(g, plain_spring(g)):.3f})"
        print(f"{n:6,} nodes      {ours * 1e3:6.1f} ms  {theirs * 1e3:7.0f} ms  {ours / theirs:5.3f}   {scores}")
    print("budgets: 450 nodes in 100 ms; 1,000 nodes in 0.06 of networkx's time, no worse\n")

    g = some_graph(450)
    directed = nx.relabel_nodes(nx.MultiDiGraph(g), {at: Entity("user", f"u{at}") for at in g})
    print(f"entity graph figure, 200 of 450 nodes: {median(lambda: plot_entity_graph(directed)) * 1e3:6.1f} ms\n")

    print("timeline figure      tactic   record_kind   HTML without plotly.js")
    for n in (10_000, 100_000, 1_000_000):
        frame = some_alerts(n)
        tactic = median(lambda frame=frame: plot_timeline(frame, lanes="tactic"))
        kind = median(lambda frame=frame: plot_timeline(frame))
        size = len(figure_html(plot_timeline(frame, lanes="tactic"), "t")) / 1e6
        print(f"{n:9,} alerts  {tactic * 1e3:7.1f} ms  {kind * 1e3:7.1f} ms   {size:.3f} MB")
    print("budgets: 100,000 in 50 ms, 1,000,000 in 100 ms, 0.5 MB\n")
    a_million_live()


if __name__ == "__main__":
    main()

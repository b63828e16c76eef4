"""Frames → entity graph, next to bare networkx with the same edges: ``python tests/benchmarks/bench_graph.py``.

Each side runs in a process of its own, one after the other, garbage collector off; times are processor time. Two
tenants: the demo's (new entities in nearly every alert) and one where alerts meet the same users, devices, files and
addresses again and again, as in a company.
"""

# ruff: noqa: T201 (it prints its findings, and draws no secrets)

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graphinvestigate as gi
from graphinvestigate import frames
from graphinvestigate.linking import Entity
from graphinvestigate.linking.entity_graph import edge_table
from graphinvestigate.scale.bench.company import company_pages

BUDGET = 2.5
SIDES = ("graph", "bare", "columns")
SIZES = (1_000, 10_000, 100_000)


def busy_alerts(size: int) -> pd.DataFrame:
    """Alerts of a company."""
    return frames.read_records("alerts", list(company_pages(size)))


def demo_alerts(size: int) -> pd.DataFrame:
    """Alerts of the demo tenant."""
    return gi.list_alerts(gi.connect_demo(alerts=size))


TENANTS = {"company": busy_alerts, "demo": demo_alerts}


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def bare(edges: list[tuple[Any, Any, str]]) -> nx.MultiDiGraph:
    """The same nodes and edges, and nothing on them."""
    g = nx.MultiDiGraph()
    g.add_edges_from(edges)
    return g


def measure(tenant: str, size: int) -> None:
    """Print times and memory, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {side: in_child(tenant, size, side, Path(folder) / "edges.json") for side in SIDES}
    (mine, held, nodes, edges, references), (other, bare_held, *_), (columns, *_) = (sides[side] for side in SIDES)
    print(
        f"{tenant:8}{size:8,} {nodes:8,.0f} {edges:9,.0f} {references:10,.0f}  {mine:7.2f} s {other:7.2f} s "
        f"{mine / other:6.2f}   {columns:6.2f} s {columns / other:6.2f}   {held:6.0f} MB {bare_held:6.0f} MB",
        flush=True,
    )


def in_child(tenant: str, size: int, side: str, edges: Path) -> list[float]:
    """What one side takes in a process of its own, so that neither finds memory that the other left."""
    command = [sys.executable, __file__, tenant, str(size), side, str(edges)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def child(tenant: str, size: int, side: str, path: Path) -> None:
    """Do one side's work and print seconds, megabytes, and how many nodes, edges and references there are."""
    if side == "bare":
        edges = stored(path)
        work: Callable[[], Any] = lambda: bare(edges)  # noqa: E731
    else:
        alerts = TENANTS[tenant](size)
        gi.entity_graph(alerts=alerts.head(50))  # what is loaded and compiled once
        build = gi.entity_graph if side == "graph" else edge_table
        work = lambda: build(alerts=alerts)  # noqa: E731
    gc.collect()
    gc.disable()
    before, start = resident(), time.process_time()
    result = work()
    seconds = time.process_time() - start
    gc.collect()
    held = resident() - before
    if side != "graph":
        print(json.dumps([seconds, held]))
        return
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps([u, v, key]) + "\n" for u, v, key in result.edges(keys=True))
    references = sum(count for *_, count in result.edges(data="count"))
    print(json.dumps([seconds, held, len(result), result.size(), references]))


def stored(path: Path) -> list[tuple[Any, Any, str]]:
    """Edges as the graph has them: each node one object."""
    nodes: dict[tuple[str, str], Any] = {}
    edges = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            *ends, key = json.loads(line)
            u, v = (nodes.setdefault((kind, name), Entity(kind, name)) for kind, name in ends)
            edges.append((u, v, sys.intern(key)))
    return edges


def main() -> None:
    """Measure and print."""
    print(
        "tenant    alerts    nodes     edges references     graph      bare  ratio   columns  ratio    memory   bare's"
    )
    for tenant in TENANTS:
        for size in SIZES:
            measure(tenant, size)
    print(f"budget: the graph in {BUDGET} x bare networkx; `columns` is the same without networkx (`edge_table`)")


if __name__ == "__main__":
    if len(sys.argv) > 4:
        child(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    elif len(sys.argv) > 2:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main()

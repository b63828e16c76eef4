"""The index under walks against its budgets: ``python tests/benchmarks/bench_index.py [ALERTS]`` (100,000 by default).

Edges are drawn at random, 5.48 an alert, with a few entities that very many alerts name. rustworkx is compared with
where it is installed; nothing in the package needs it.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import gc
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate.linking.index import GraphIndex, build_index, reach


def median(work: Callable[[], Any], *, times: int = 3) -> float:
    """The median time of some runs, the garbage collector off in all."""
    taken = []
    for _ in range(times):
        gc.collect()
        gc.disable()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
        gc.enable()
    return statistics.median(taken)


def main() -> None:
    """Build and walk, and print the ratios."""
    alerts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    entities, edges = int(alerts * 0.6), int(alerts * 5.48)
    rng = np.random.default_rng(0)
    source = np.sort(rng.integers(0, alerts, edges)).astype(np.int32)
    target = (alerts + (rng.random(edges) ** 3 * entities).astype(np.int64)).astype(np.int32)
    nodes = alerts + entities
    names, place = tuple(range(nodes)), {}
    kind = (np.arange(nodes) >= alerts).astype(np.int16)
    nothing = np.zeros(edges, dtype=np.int64)

    def build() -> GraphIndex:
        return build_index(
            nodes=names, kinds=("alert", "user"), kind=kind, record=kind == 0, source=source, target=target,
            relations=("names",), relation=nothing, first=nothing, last=nothing, count=nothing, place=place,
        )  # fmt: skip

    pairs = list(zip(source.tolist(), target.tolist(), strict=True))
    ours = median(build)
    index = build()
    degree = index.degree()
    hub, usual = int(np.argmax(degree)), int(alerts + np.argsort(degree[alerts:])[entities // 2])
    bare = median(lambda: nx.DiGraph().add_edges_from(pairs), times=1)
    print(f"{alerts:,} alerts, {edges:,} edges: index {ours:.3f} s, {ours / bare:.3f} x networkx's add_edges_from")
    if importlib.util.find_spec("rustworkx"):
        import rustworkx as rx

        def rust() -> None:
            graph = rx.PyGraph()
            graph.add_nodes_from(names)
            graph.add_edges_from_no_data(pairs)

        theirs = median(rust)
        print(f"  {ours / theirs:.2f} x rustworkx's build (budget 0.7)")
    for name, start in (("usual entity", usual), ("largest hub", hub)):
        for hops in (1, 2):
            taken = median(lambda start=start, hops=hops: reach(index, [start], hops=hops))
            found = int((reach(index, [start], hops=hops) >= 0).sum())
            print(f"  {hops} hop(s) from the {name} ({degree[start]:,} ties): {taken * 1000:.1f} ms, {found:,} nodes")


if __name__ == "__main__":
    main()

"""The budgets of graphs and the index: frames → entity graph beside bare networkx, and walks without a graph."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.frames import read_records
from graphinvestigate.linking.entity_graph import edge_table, entity_graph
from graphinvestigate.linking.index import GraphIndex, build_index, reach
from graphinvestigate.scale.bench.company import company_pages
from graphinvestigate.scale.bench.decode import frames_of
from graphinvestigate.scale.bench.measure import Finding, peak_extra, rounds, side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages

_LARGEST_GRAPH = 100_000  # alerts: more are not drawn as one networkx graph
_EDGES_PER_ALERT, _ENTITIES_PER_ALERT = 5.48, 0.6
_HUB_MS, _HOP_MS = 100.0, 5.0
_FULL = 1_000_000


def graph(size: int) -> Iterator[Finding]:
    """Measure frames → entity graph, and the same as columns without networkx.

    Parameters
    ----------
    size : int
        Alerts. Columns are measured of a tenant that has as many, and of as many of one tenant that has a million.

    Yields
    ------
    Finding
    """
    alerts = _alerts(size)
    entity_graph(alerts=alerts.head(50))  # what is compiled once
    (columns,) = side_by_side(lambda: edge_table(alerts=alerts), rounds=rounds(size, 2))
    yield Finding("graph", size, "columns, microseconds per alert", columns.processor / size * 1e6)
    if size < _FULL:
        some = frames_of(list(alert_pages(size, tenant=_FULL)), columns=frozenset())[0]
        (columns,) = side_by_side(lambda: edge_table(alerts=some), rounds=rounds(size, 2))
    yield Finding("graph", size, "columns of one tenant, microseconds", columns.processor / size * 1e6)
    if size > _LARGEST_GRAPH:
        return
    yield from _beside_bare(alerts, size, "")
    yield from _beside_bare(read_records("alerts", list(company_pages(size))), size, "company, ")
    peak = peak_extra(_alerts, _graph_of, size)
    if peak is not None:
        yield Finding("graph", size, "bytes per alert", peak / size)


def _beside_bare(alerts: pd.DataFrame, size: int, whose: str) -> Iterator[Finding]:
    made = entity_graph(alerts=alerts)
    edges = list(made.edges(keys=True))
    note = f"{made.number_of_nodes()} nodes, {len(edges)} edges"
    del made
    ours, bare = _uncollected(lambda: entity_graph(alerts=alerts), lambda: _bare(edges))
    budget, ratio = 2.5 if size >= _LARGEST_GRAPH else None, ours.processor / bare.processor
    yield Finding("graph", size, f"{whose}processor / add_edges_from", ratio, budget, note=note)
    yield Finding("graph", size, f"{whose}time / add_edges_from", ours.wall / bare.wall, note=note)
    yield Finding("graph", size, f"{whose}microseconds per alert", ours.processor / size * 1e6)


def index(size: int) -> Iterator[Finding]:
    """Measure the columnar index: its build, one hop from anywhere, two hops from what most alerts name.

    Parameters
    ----------
    size : int
        Alerts; edges are drawn at random, with a few entities that very many alerts name.

    Yields
    ------
    Finding
    """
    build, pairs, hub, usual = _drawn(size)
    made = build()
    one, two = side_by_side(lambda: reach(made, [usual], hops=1), lambda: reach(made, [hub], hops=2), rounds=5)
    yield Finding("index", size, "one hop, ms", one.wall * 1e3, _HOP_MS if size >= _FULL else None)
    yield Finding("index", size, "two hops from a hub, ms", two.wall * 1e3, _HUB_MS if size >= _FULL else None)
    yield Finding("index", size, "two hops from a hub, ms of processor", two.processor * 1e3)
    (ours,) = side_by_side(build)
    yield Finding("index", size, "build, s", ours.wall, note=f"{len(pairs)} edges")
    try:
        import rustworkx
    except ImportError:
        return
    listed = list(map(tuple, pairs.tolist()))

    def theirs() -> Any:
        g = rustworkx.PyDiGraph(multigraph=True)
        g.add_nodes_from(range(len(made.nodes)))
        g.add_edges_from_no_data(listed)
        return g

    ours, other = side_by_side(build, theirs)
    yield Finding("index", size, "build / rustworkx", ours.wall / other.wall, 0.7 if size >= _LARGEST_GRAPH else None)
    yield Finding("index", size, "processor time of build / rustworkx", ours.processor / other.processor)


def _alerts(size: int) -> pd.DataFrame:
    return frames_of(list(alert_pages(size)), columns=frozenset())[0]


def _graph_of(alerts: pd.DataFrame) -> nx.MultiDiGraph:
    return entity_graph(alerts=alerts)


def _bare(edges: list[Any]) -> nx.MultiDiGraph:
    g = nx.MultiDiGraph()
    g.add_edges_from(edges)
    return g


def _uncollected(*sides: Callable[[], Any]) -> Any:
    gc.collect()
    gc.disable()
    try:
        return side_by_side(*sides, rounds=2)
    finally:
        gc.enable()


def _drawn(size: int) -> tuple[Callable[[], GraphIndex], Any, int, int]:
    entities, edges = int(size * _ENTITIES_PER_ALERT), int(size * _EDGES_PER_ALERT)
    rng = np.random.default_rng(0)
    source = np.sort(rng.integers(0, size, edges)).astype(np.int32)
    target = (size + (rng.random(edges) ** 3 * entities).astype(np.int64)).astype(np.int32)
    nodes: Any = tuple(range(size + entities))
    kind = (np.arange(len(nodes)) >= size).astype(np.int16)
    nothing = np.zeros(edges, dtype=np.int64)
    place: dict[Any, int] = {}

    def build() -> GraphIndex:
        return build_index(
            nodes=nodes, kinds=("alert", "user"), kind=kind, record=kind == 0, source=source, target=target,
            relations=("names",), relation=nothing, first=nothing, last=nothing, count=nothing, place=place,
        )  # fmt: skip

    degree = np.bincount(target, minlength=len(nodes))[size:]
    middle = np.argsort(degree)[len(degree) // 2]
    return build, np.column_stack([source, target]), int(size + degree.argmax()), int(size + middle)

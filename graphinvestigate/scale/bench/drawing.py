"""The budgets of pictures: layouts beside networkx's, and timelines whatever the number of events."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.scale.bench.decode import frames_of
from graphinvestigate.scale.bench.measure import Finding, side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages
from graphinvestigate.views import plot_timeline
from graphinvestigate.views.layout import layout
from graphinvestigate.views.static import figure_html

_MS = {100_000: 50.0, 1_000_000: 100.0}  # of a timeline
_MB = 0.5


def layouts(size: int) -> Iterator[Finding]:
    """Measure the layout of 450 and 1,000 nodes, whatever the size.

    Parameters
    ----------
    size : int
        Of the run; drawings have their own.

    Yields
    ------
    Finding
    """
    del size
    for nodes in (450, 1000):
        g = nx.barabasi_albert_graph(nodes, 1, seed=1)
        g.add_edges_from(nx.gnm_random_graph(nodes, nodes // 8, seed=2).edges())
        layout(g)
        ours, theirs = side_by_side(lambda g=g: layout(g), lambda g=g: _spring(g), rounds=2)  # type: ignore[misc]
        yield Finding("layout", nodes, "s", ours.wall, 0.1 if nodes == 450 else None)
        yield Finding("layout", nodes, "s of processor", ours.processor)
        budget = 0.06 if nodes == 1000 else None
        yield Finding("layout", nodes, "processor time / spring_layout", ours.processor / theirs.processor, budget)


def timelines(size: int) -> Iterator[Finding]:
    """Measure a timeline of so many alerts: until the figure is there, and how large its HTML is.

    Parameters
    ----------
    size : int

    Yields
    ------
    Finding
    """
    part = frames_of(list(alert_pages(min(size, 1000))), columns=frozenset())[0]
    events = pd.concat([part.drop(columns=["evidence", "raw"])] * max(1, size // 1000), ignore_index=True)
    rng = np.random.default_rng(0)
    begun = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.random(len(events)) * 90 * 86400, unit="s")
    events["first_activity_date_time"] = begun.as_unit("ns")
    events["last_activity_date_time"] = (begun + pd.Timedelta(minutes=5)).as_unit("ns")
    plot_timeline(events.head(100))
    (ours,) = side_by_side(lambda: plot_timeline(events))
    yield Finding("timeline", size, "ms", ours.wall * 1e3, _MS.get(size))
    yield Finding("timeline", size, "ms of processor", ours.processor * 1e3)
    html = len(figure_html(plot_timeline(events), "timeline").encode())
    yield Finding("timeline", size, "MB of HTML", html / 1e6, _MB if size in _MS else None, note="without plotly.js")


def _spring(g: nx.Graph) -> object:
    """The same algorithm as `networkx.spring_layout`, which asks for scipy from 500 nodes on."""
    from networkx.drawing.layout import _fruchterman_reingold

    return _fruchterman_reingold(nx.to_numpy_array(g), seed=np.random.RandomState(0))

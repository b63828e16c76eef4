"""What follows from a case's records alone, with no client: the entity graph."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import networkx as nx
import pandas as pd

from graphinvestigate import linking


def graph_of(frames: Mapping[str, pd.DataFrame], *, like: nx.MultiDiGraph | None = None) -> nx.MultiDiGraph:
    """Build the entity graph of a case's records.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By kind; those that `entity_graph` takes are linked.
    like : networkx.MultiDiGraph, optional
        A graph whose own settings (hubs) hold for this one too.

    Returns
    -------
    networkx.MultiDiGraph
    """
    takes = set(inspect.signature(linking.entity_graph).parameters)
    g = linking.entity_graph(**{name: frame for name, frame in frames.items() if name in takes and len(frame)})
    if like is not None:
        g.graph.update(like.graph)
    return g

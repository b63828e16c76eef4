"""The demo tenant, asked once for all tests of widgets."""

from __future__ import annotations

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi


@pytest.fixture(scope="session")
def alerts() -> pd.DataFrame:
    """All alerts of a small demo tenant."""
    with gi.connect_demo(seed=2, alerts=60) as client:
        return gi.list_alerts(client)


@pytest.fixture(scope="session")
def graph(alerts: pd.DataFrame) -> nx.MultiDiGraph:
    """Their entity graph."""
    return gi.entity_graph(alerts=alerts)

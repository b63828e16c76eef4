"""Cases of the demo tenant, small and whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.cases.case import Case
from graphinvestigate.walkthrough import Investigation, investigate


@pytest.fixture(scope="session")
def found(world) -> Investigation:
    """The investigation of the default tenant."""
    return investigate(world.client)


@pytest.fixture
def small(world) -> Callable[..., Case]:
    """Make cases of a few records: `small("name")`."""

    def make(name: str = "INC-1") -> Case:
        case = Case(name, author="an analyst")
        alerts = gi.list_alerts(world.client, since="30d").head(4)
        case.add(alerts, gi.list_risky_users(world.client).head(2))
        return case

    return make


@pytest.fixture
def saved(small, tmp_path) -> Path:
    """The folder of a small case."""
    return small().save(tmp_path / "INC-1")

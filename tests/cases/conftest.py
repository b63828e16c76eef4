"""Cases of the demo tenant, small and whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.cases.case import Case
from graphinvestigate.walkthrough import Investigation, investigate


@pytest.fixture(scope="session")
def found(world) -> Investigation:
    """The investigation of the default tenant."""
    return investigate(world.client)


def small_case(world: Any, name: str = "INC-1") -> Case:
    """A new case of a few records."""
    case = Case(name, author="an analyst")
    alerts = gi.list_alerts(world.client, since="30d").head(4)
    case.add(alerts, gi.list_risky_users(world.client).head(2))
    return case


@pytest.fixture
def small(world) -> Callable[..., Case]:
    """Make cases of a few records: `small("name")`."""
    return partial(small_case, world)


@pytest.fixture(scope="session")
def saved_once(world, tmp_path_factory) -> Path:
    """The folder of a small case, from which copies are made."""
    return small_case(world).save(tmp_path_factory.mktemp("saved") / "INC-1")


@pytest.fixture
def saved(saved_once, tmp_path) -> Path:
    """The folder of a small case: a copy of this test's own, which costs a hundredth of a save."""
    return Path(shutil.copytree(saved_once, tmp_path / "INC-1"))

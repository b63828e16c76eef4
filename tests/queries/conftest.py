"""A tenant that changes while it is read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from live import Live


@pytest.fixture
def live() -> Live:
    """A tenant whose alerts come, change and go between any two requests; empty at first."""
    return Live()

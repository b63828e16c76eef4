"""Fixtures of the watch's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant


@pytest.fixture
def server() -> Iterator[EmulatorServer]:
    """A demo tenant on a port of this machine, which refuses no request for coming early.

    How a client takes a 429 is tested with the client; here each would cost the seconds that a command really waits.
    """
    with EmulatorServer(Emulator(build_tenant(4, 30), throttle=False)) as running:
        yield running

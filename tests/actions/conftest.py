"""Somebody else at work in the same tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graphinvestigate.client import EmulatorCredential, GraphClient, connect


@pytest.fixture
def colleague() -> Iterator[Callable[..., GraphClient]]:
    """Connects somebody else to a world's tenant: `colleague(world, permissions=…)`."""
    opened: list[GraphClient] = []

    def join(world: Any, permissions: list[str] | None = None) -> GraphClient:
        credential = EmulatorCredential(world.tenant.tenant_id, permissions)
        client = connect(tenant_id=world.tenant.tenant_id, transport=world.transport(), credential=credential)
        opened.append(client)
        return client

    yield join
    for client in opened:
        client.close()

"""Endpoints that Graph has retired: an error that names what took their place, whatever they would answer."""

from __future__ import annotations

from typing import Any

import pytest

from graphinvestigate.client import BatchRequest, EmulatorCredential, connect
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.demo.transport import DemoTransport
from graphinvestigate.errors import EndpointRetiredError, RecordNotFoundError

SUCCESSORS = {
    "/security/alerts": "alerts_v2",
    "/Security/Alerts/": "alerts_v2",
    "/security/alerts/some-id": "alerts_v2",
    "/security/tiIndicators": "threatIntelligence",
    "/identityRiskEvents": "riskDetections",
    "/identityRiskEvents('id')": "riskDetections",
}


@pytest.mark.parametrize("answers", ["gone", "missing", "empty"])
@pytest.mark.parametrize("path", SUCCESSORS)
def test_a_retired_endpoint_names_its_successor(path: str, answers: str) -> None:
    """D14: however the tenant would answer, even with an empty list, nothing is asked and the successor is named."""
    emulator = Emulator(build_tenant(0, 30), retired=answers)
    tenant_id = emulator.tenant.tenant_id
    credential = EmulatorCredential(tenant_id)
    with connect(tenant_id=tenant_id, transport=DemoTransport(emulator), credential=credential) as client:
        ways: list[Any] = [
            lambda: list(client.pages(path, version="beta")),
            lambda: client.page(path),
            lambda: client.record(path),
            lambda: client.patch(path, {"status": "resolved"}),
            lambda: client.batch([BatchRequest(path=path)]),
        ]
        for ask in ways:
            with pytest.raises(EndpointRetiredError, match=SUCCESSORS[path]) as caught:
                ask()
            assert SUCCESSORS[path] in caught.value.successor
    assert list(emulator.exchanges) == []


def test_what_only_sounds_alike_is_asked() -> None:
    """The current alerts, and whatever else begins with the same letters, are not refused."""
    emulator = Emulator(build_tenant(0, 30))
    tenant_id = emulator.tenant.tenant_id
    credential = EmulatorCredential(tenant_id)
    with connect(tenant_id=tenant_id, transport=DemoTransport(emulator), credential=credential) as client:
        assert len(client.page("/security/alerts_v2"))
        with pytest.raises(RecordNotFoundError):
            client.page("/security/alertsOfTomorrow")

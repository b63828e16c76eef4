"""A client of a served demo tenant for which waiting takes no time, in this process or in one of its own."""

from __future__ import annotations

from graphinvestigate.client import EmulatorCredential, GraphClient
from graphinvestigate.client.clouds import emulator_cloud
from graphinvestigate.client.emulator_credential import EMULATED_TENANT
from graphinvestigate.client.transport import open_http
from graphinvestigate.demo.transport import DemoClock


def hurried(url: str) -> GraphClient:
    """The client that `connect_emulator` gives, by a clock that jumps over every wait.

    A pull of three days waits half a minute for Graph's five requests in ten seconds; what is tested is the lake.
    """
    clock = DemoClock()
    return GraphClient(
        tenant_id=EMULATED_TENANT,
        cloud=emulator_cloud(url),
        credential=EmulatorCredential(EMULATED_TENANT, None),
        http=open_http(clock=clock.clock)[0],
        _clock=clock.clock,
        _sleep=clock.sleep,
    )

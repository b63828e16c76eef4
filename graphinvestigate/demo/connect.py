"""Connecting to the demo tenant: in process, or as a server on this machine."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.http_server import EmulatorServer, check_port
from graphinvestigate.demo.resources import PERMISSIONS
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import FEWEST, MOST, Tenant, build_tenant
from graphinvestigate.demo.transport import DemoClock, DemoTransport
from graphinvestigate.demo.truth import Truth
from graphinvestigate.errors import UsageError

_TRUTHS: weakref.WeakKeyDictionary[GraphClient, Truth] = weakref.WeakKeyDictionary()


def connect_demo(seed: int = 0, alerts: int = 120, *, permissions: Sequence[str] | None = None) -> GraphClient:
    """Connect to a demo tenant in this process: no account, no network, no waiting.

    The tenant lives at a fixed moment of its own; windows such as ``since="7d"`` count from there. Waits that its
    throttling asks for are jumped over.

    Parameters
    ----------
    seed : int
        Which tenant: each has its own people, hosts, addresses and events; some hold no attack.
    alerts : int
        How many alerts it holds, 30 to 1,000,000.
    permissions : sequence of str or None
        The application permissions to have; None: all that the demo knows. An empty one: none.

    Returns
    -------
    GraphClient
        The same as `connect` gives for a real tenant.

    Raises
    ------
    UsageError
        An argument that cannot be right; it says what can.

    Examples
    --------
    >>> client = connect_demo(seed=0, alerts=120)
    >>> client.base_url
    'https://graph.microsoft.com'
    """
    granted = _checked_permissions(permissions)
    tenant = _tenant(seed, alerts)
    demo_clock = DemoClock()
    emulator = Emulator(tenant, clock=demo_clock.clock)
    client = connect(
        tenant_id=tenant.tenant_id,
        transport=DemoTransport(emulator, demo_clock=demo_clock),
        credential=EmulatorCredential(tenant.tenant_id, granted),
    )
    _TRUTHS[client] = tenant.truth
    return client


def truth_of(client: GraphClient) -> Truth | None:
    """Say what really happened in the demo tenant of a client, to hold answers against it.

    Parameters
    ----------
    client : GraphClient

    Returns
    -------
    Truth or None
        Written down before the tenant's records were made; None for any tenant but one of `connect_demo`.
    """
    return _TRUTHS.get(client)


def serve(*, port: int = 0, seed: int = 0, alerts: int = 120) -> EmulatorServer:
    """Serve a demo tenant on this machine, for `connect_emulator` and any other program that speaks to Graph.

    Parameters
    ----------
    port : int
        The port on 127.0.0.1; 0 takes a free one.
    seed, alerts
        As for `connect_demo`.

    Returns
    -------
    EmulatorServer
        Running; ``.url`` is where, ``.stop()`` ends it, and so does leaving its ``with``.

    Raises
    ------
    UsageError
        An argument that cannot be right, or a port that is taken.
    """
    check_port(port)
    return EmulatorServer(Emulator(_tenant(seed, alerts)), port=port).start()


def _tenant(seed: int, alerts: int) -> Tenant:
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(f"seed must be a whole number, not {seed!r:.80}.")
    if isinstance(alerts, bool) or not isinstance(alerts, int) or not FEWEST <= alerts <= MOST:
        raise UsageError(f"alerts must be a whole number from {FEWEST} to {MOST:,}, not {alerts!r:.80}.")
    return build_tenant(seed, alerts)


def _checked_permissions(permissions: Sequence[str] | None) -> tuple[str, ...]:
    if permissions is None:
        return PERMISSIONS
    if isinstance(permissions, str | bytes) or not isinstance(permissions, Sequence | set | frozenset):
        raise UsageError(
            f"permissions must be a list of names, not {permissions!r:.80}. Known: {', '.join(PERMISSIONS)}."
        )
    for name in permissions:
        if name not in PERMISSIONS:
            raise UsageError(f"The demo knows no permission {name!r:.80}. Known: {', '.join(PERMISSIONS)}.")
    return tuple(permissions)

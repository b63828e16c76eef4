"""Pivots beside a kernel's loop: pages are answered meanwhile, progress is told, and a user can stop one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.demo.transport import DemoTransport
from graphinvestigate.widgets import EntityExplorer, background


def in_a_kernel(scenario: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a scenario in a loop of its own thread, which is taken for a kernel's."""
    failed: list[BaseException] = []

    async def whole() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(background, "kernel_loop", lambda: loop)
        await scenario()

    def run() -> None:
        try:
            asyncio.run(whole())
        except BaseException as error:  # noqa: BLE001 (raised again below, where pytest sees it)
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "the scenario did not end"
    if failed:
        raise failed[0]


async def until(check: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something while the loop goes on."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.01)


@pytest.fixture
def throttled() -> GraphClient:
    """A client in real time whose sign-ins are refused for half a minute."""
    tenant = build_tenant(2, 60)
    slow = Fault("/auditLogs/signIns", error(429, headers={"Retry-After": "30"}))
    return connect(
        tenant_id=tenant.tenant_id,
        transport=DemoTransport(Emulator(tenant, faults=[slow])),
        credential=EmulatorCredential(tenant.tenant_id, None),
    )


def user_of(graph: nx.MultiDiGraph) -> gi.Entity:
    """The user with most links."""
    return max((n for n in graph if n.kind == "user"), key=graph.degree)


def test_pages_are_answered_while_a_pivot_runs(graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button comes back at once; what is selected meanwhile stays selected, and the pivot's records join in."""
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, selected=user_of(graph), since=None)
    other = max((n for n in graph if n.kind == "host"), key=graph.degree)
    asking = threading.Event()
    pivot = gi.pivot

    def held(*args: Any, **kwargs: Any) -> Any:
        assert asking.wait(20)
        return pivot(*args, **kwargs)

    monkeypatch.setattr("graphinvestigate.pivots.pivot", held)

    async def scenario() -> None:
        explorer._button.click()
        assert explorer._task is not None
        assert explorer._button.disabled
        assert explorer._cancel.layout.display != "none"
        explorer.select(other)
        assert explorer.selected == other
        explorer._button.click()
        with pytest.raises(gi.UsageError, match="running"):
            explorer.pivot(other)
        asking.set()
        await until(lambda: explorer._task is None)

    in_a_kernel(scenario, monkeypatch)
    assert explorer._messages.error is None
    assert explorer.selected == other
    assert explorer.graph.number_of_nodes() > graph.number_of_nodes()
    assert [entry["action"] for entry in explorer.log] == ["select", "pivot"]
    assert explorer._cancel.layout.display == "none"


def test_a_throttled_pivot_says_so_and_can_be_stopped(
    throttled: GraphClient, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Graph makes it wait the explorer says what and how long; cancelled, it ends at once and changes nothing."""
    explorer = EntityExplorer(throttled, graph, selected=user_of(graph), since=None)
    before, figure, code = explorer._state, explorer._canvas.widget.figure, explorer.to_code()
    said: list[str] = []
    explorer._plan.observe(lambda change: said.append(change["new"]), names="value")
    started = time.monotonic()

    async def scenario() -> None:
        explorer._button.click()
        await until(lambda: any("slow down" in words for words in said))
        explorer._cancel.click()
        await until(lambda: explorer._task is None)

    in_a_kernel(scenario, monkeypatch)
    assert time.monotonic() - started < 20, "a wait of 30 s was not sat out"
    assert any("Asking: alerts" in words for words in said)
    assert any("sign ins: waiting" in words and "slow down" in words for words in said)
    assert explorer._state is before
    assert (explorer._canvas.widget.figure, explorer.to_code()) == (figure, code)
    assert "was stopped" in explorer._messages.widget.value
    assert explorer.log[-1]["error"].endswith("stopped by its user")
    assert not explorer._button.disabled
    assert throttled.on_wait is None, "the client tells its waits to nobody any more"


def test_an_error_beside_the_loop_is_shown(graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the thread stands in the widget and in the log, and the next pivot may start."""
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60, permissions=[]), graph, selected=user_of(graph))
    before = explorer._state

    async def scenario() -> None:
        explorer._button.click()
        await until(lambda: explorer._task is None)

    in_a_kernel(scenario, monkeypatch)
    assert isinstance(explorer._messages.error, gi.PermissionMissingError)
    assert explorer._state is before
    assert "PermissionMissingError" in explorer.log[-1]["error"]
    assert not explorer._button.disabled


def test_without_a_kernel_a_button_pivots_here_and_now(graph: nx.MultiDiGraph) -> None:
    """Where no loop runs that could answer pages, the pivot is done when the click returns."""
    assert background.kernel_loop() is None
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, selected=user_of(graph), since=None)
    explorer._button.click()
    assert explorer._task is None
    assert explorer.graph.number_of_nodes() > graph.number_of_nodes()

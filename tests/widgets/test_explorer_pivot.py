"""Pivots beside a kernel's loop: pages are answered meanwhile, progress is told, and a user can stop one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.faults import Fault, error
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.demo.transport import DemoClock, DemoTransport
from graphinvestigate.pivots import asking
from graphinvestigate.queries import pulling as queries_pulling, reading as queries_reading
from graphinvestigate.widgets import EntityExplorer, background


def in_a_kernel(scenario: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a scenario in a loop of its own thread, as in a kernel."""
    failed: list[BaseException] = []

    async def whole() -> None:
        monkeypatch.setattr(background, "in_kernel", lambda: True)
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
    assert any("sign-ins: waiting" in words and "slow down" in words for words in said)
    assert explorer._state is before
    assert (explorer._canvas.widget.figure, explorer.to_code()) == (figure, code)
    assert "was stopped" in explorer._messages.widget.value
    assert explorer.log[-1]["error"].endswith("stopped by its user")
    assert not explorer._button.disabled
    assert throttled.on_wait is None, "the client tells its waits to nobody any more"
    assert throttled.stop is None, "and may ask again"
    assert explorer.stopped is not None, "what came before the wait is kept"
    assert len(explorer.stopped.frames["alerts"]) > 0
    assert "sign_ins" in explorer.stopped.unasked


@pytest.fixture
def in_pages(monkeypatch: pytest.MonkeyPatch) -> tuple[GraphClient, Callable[[], int]]:
    """A client whose pivots read sign-ins in pages of five, and how many were asked for; nothing waits."""
    asked: list[str] = []
    clock = DemoClock()
    emulator = Emulator(build_tenant(2, 60), clock=clock.clock)

    class Counting(DemoTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if "signIns" in request.url.path:
                asked.append(str(request.url))
            return super().handle_request(request)

    client = connect(
        tenant_id=emulator.tenant.tenant_id,
        transport=Counting(emulator, demo_clock=clock),
        credential=EmulatorCredential(emulator.tenant.tenant_id, None),
    )
    listed = gi.list_sign_ins
    monkeypatch.setitem(asking.LISTS, "sign_ins", lambda *args, **more: listed(*args, **more, page_size=5))
    return client, lambda: len(asked)


@pytest.mark.parametrize("how", ["keep", "go on"])
def test_cancel_reaches_into_a_long_list_and_nothing_is_lost(
    in_pages: tuple[GraphClient, Callable[[], int]],
    graph: nx.MultiDiGraph,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """Stopped between two pages, a pivot asks for no third; its pages are kept or gone on with, none comes twice."""
    client, pages = in_pages
    user = user_of(graph)
    whole = gi.pivot(gi.connect_demo(seed=2, alerts=60), user, g=graph, since=None)
    n = len(whole.frames["sign_ins"])
    assert n > 20, "a list of many pages"
    explorer = EntityExplorer(client, graph, selected=user, since=None)
    before = explorer._state
    taken = queries_reading.pages_of

    def pages_of(*args: Any) -> Any:
        for page in taken(*args):
            yield page
            if pages() == 2 and explorer._task is not None:
                explorer._task.stop()  # as the button does, from the page's thread

    monkeypatch.setattr(queries_pulling, "pages_of", pages_of)

    async def stopped() -> None:
        explorer._button.click()
        await until(lambda: explorer._task is None)

    in_a_kernel(stopped, monkeypatch)
    assert pages() == 2
    assert explorer._state is before
    found = explorer.stopped
    assert found is not None
    assert len(found.frames["sign_ins"]) == 10
    assert set(found.partial) == {"sign_ins"}
    assert explorer._keep.layout.display == explorer._go_on.layout.display == "inline-flex"
    assert "10 sign-ins" in explorer._messages.widget.value
    complete = found.coverage.set_index("resource")["complete"]
    assert not complete["sign_ins"]
    monkeypatch.setattr(queries_pulling, "pages_of", taken)

    async def then() -> None:
        (explorer._keep if how == "keep" else explorer._go_on).click()
        await until(lambda: explorer._task is None and explorer.stopped is None)

    in_a_kernel(then, monkeypatch)
    assert explorer._messages.error is None
    assert explorer._keep.layout.display == "none"
    came = explorer._state.frames["sign_in"]
    assert not came["id"].duplicated().any()
    if how == "keep":
        assert pages() == 2
        assert len(came) == 10
    else:
        assert set(came["id"]) == set(whole.frames["sign_ins"]["id"])
        assert pages() == 2 + -(-(n - 10) // 5), "only the rest was asked for"
        assert set(explorer.graph) == set(gi.merge_graphs(graph, whole.graph))
    explorer.undo()
    assert explorer._state.graph is before.graph


def test_cancel_stops_one_pivot_and_not_another_of_the_same_client(
    in_pages: tuple[GraphClient, Callable[[], int]], graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two explorers ask through one client at the same time: the one that is stopped stops, the other brings all."""
    client, _ = in_pages
    users = sorted((n for n in graph if n.kind == "user"), key=graph.degree)[-2:]
    stopped, goes_on = (EntityExplorer(client, graph, selected=user, since=None) for user in users)
    taken = queries_reading.pages_of
    both = threading.Barrier(2)
    met: set[int] = set()

    def pages_of(*args: Any) -> Any:
        for page in taken(*args):
            yield page
            if threading.get_ident() not in met:  # both are asking now
                met.add(threading.get_ident())
                both.wait(20)
                if stopped._task is not None:
                    stopped._task.stop()
                both.wait(20)

    monkeypatch.setattr(queries_pulling, "pages_of", pages_of)

    async def scenario() -> None:
        stopped._button.click()
        goes_on._button.click()
        await until(lambda: stopped._task is None and goes_on._task is None)

    in_a_kernel(scenario, monkeypatch)
    monkeypatch.setattr(queries_pulling, "pages_of", taken)
    assert stopped._state.graph is graph
    assert "was stopped" in stopped._messages.widget.value
    assert goes_on._messages.error is None
    assert goes_on.stopped is None
    whole = gi.pivot(gi.connect_demo(seed=2, alerts=60), users[1], g=graph, since=None)
    assert set(goes_on.graph) == set(gi.merge_graphs(graph, whole.graph))


def test_without_a_stopped_pivot_there_is_nothing_to_keep(graph: nx.MultiDiGraph) -> None:
    """Keep and Go on say so instead of doing nothing."""
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph)
    for method in (explorer.keep, explorer.resume):
        with pytest.raises(gi.UsageError, match="no pivot was stopped"):
            method()


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


def test_cancel_stops_a_pivot_that_a_cell_started(throttled: GraphClient, graph: nx.MultiDiGraph) -> None:
    """The button is there while a cell's pivot waits; what came is taken in, and what is missing is said in red."""
    explorer = EntityExplorer(throttled, graph, selected=user_of(graph), since=None)
    waiting = threading.Event()
    explorer._plan.observe(lambda change: "slow down" in change["new"] and waiting.set(), names="value")
    came: list[gi.Pivot] = []
    cell = threading.Thread(target=lambda: came.append(explorer.pivot()), daemon=True)
    cell.start()
    assert waiting.wait(20)
    assert explorer._cancel.layout.display != "none"
    explorer._cancel.click()
    cell.join(20)
    assert not cell.is_alive(), "a wait of 30 s was not sat out"
    assert "sign_ins" in came[0].unasked
    assert len(came[0].frames["alerts"]) > 0
    assert explorer.graph.number_of_nodes() >= graph.number_of_nodes()
    assert "sign_ins" in explorer.log[-1]["not_read"]
    assert "gi-error" in explorer._messages.widget.value
    assert explorer._cancel.layout.display == "none"


def test_without_a_kernel_a_button_pivots_here_and_now(graph: nx.MultiDiGraph) -> None:
    """Where no kernel answers pages, the pivot is done when the click returns."""
    assert not background.in_kernel()
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, selected=user_of(graph), since=None)
    explorer._button.click()
    assert explorer._task is None
    assert explorer.graph.number_of_nodes() > graph.number_of_nodes()

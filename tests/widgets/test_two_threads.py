"""Cells and clicks at once: JupyterLab sends clicks to a subshell, a thread beside the one that runs a cell."""

from __future__ import annotations

import copy
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import comm
import comm.base_comm
import ipywidgets
import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate import linking
from graphinvestigate.pivots import asking
from graphinvestigate.widgets import Workbench, background, filter_bar
from graphinvestigate.widgets.controls import TURN, InTurn
from tests.widgets.test_explorer_actions import most_linked
from tests.widgets.test_explorer_code import everything, rebuilt

ROUNDS = 12


class Page:
    """What a page knows of all widgets: what it was told, in the order in which it was told."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {}

    def comm(self, **given: Any) -> comm.base_comm.BaseComm:
        """A connection to this page."""
        page = self

        class ToPage(comm.base_comm.BaseComm):
            def publish_msg(self, msg_type: str, data: Any = None, **_: Any) -> None:
                if msg_type == "comm_open":
                    page.models[self.comm_id] = dict(data["state"])
                elif msg_type == "comm_msg" and data.get("method") == "update":
                    page.models[self.comm_id].update(data["state"])

        return ToPage(**given)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page that all widgets made meanwhile are connected to."""
    shown = Page()
    monkeypatch.setattr(comm, "create_comm", shown.comm)
    return shown


def at_once(*works: Callable[[int], None], rounds: int = ROUNDS, seconds: float = 60.0) -> None:
    """Do each work in a thread of its own, all beginning each round together and switched often."""
    together, problems = threading.Barrier(len(works)), []

    def all_rounds(work: Callable[[int], None]) -> None:
        try:
            for n in range(rounds):
                together.wait(seconds)
                work(n)
        except BaseException:  # noqa: BLE001 (told below, where pytest sees it)
            problems.append(traceback.format_exc())
            together.abort()

    threads = [threading.Thread(target=all_rounds, args=(work,), daemon=True) for work in works]
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds)
    finally:
        sys.setswitchinterval(before)
    assert problems == []
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"


def tell(widget: ipywidgets.Widget, **content: Any) -> None:
    """Say to a widget what a page says, as the kernel hands it on."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def press(button: ipywidgets.Button) -> None:
    """Click a button."""
    tell(button, event="click")


def put(control: ipywidgets.Widget, page: Page | None = None, **state: Any) -> None:
    """Use a control: its page, which knows it first, says what it became."""
    if page is not None:
        page.models[control.model_id].update(state)
    control._handle_msg({"content": {"data": {"method": "update", "state": state}}, "buffers": []})


def click(workbench: Workbench, node: gi.Entity) -> None:
    """Click a node in the drawing."""
    canvas = workbench.explorer._canvas
    tell(canvas.widget, type="click", traces=[{"trace": 5, "points": [0], "ids": [canvas._name(node)]}])


def same(python: Any, page: Any) -> bool:
    """Tell whether a page has a value of Python's, whatever kind of list it came in."""
    return python == page or (isinstance(python, list | tuple) and list(python) == list(page))


def test_a_cell_and_clicks_change_one_workbench_and_nothing_is_lost(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, page: Page, tmp_path: Path
) -> None:
    """Each step of both is in the log once and in its order, the code leads to what is shown, the page knows it all."""
    workbench = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph)
    explorer, case = workbench.explorer, gi.Case("INC-1")
    users = [most_linked(graph, "user", n) for n in range(6)]
    hosts = [most_linked(graph, "host", n) for n in range(6)]
    bar = explorer._node_bar

    def cell(n: int) -> None:
        explorer.note(users[n % 6], words=f"cell {n}")
        explorer.select(users[n % 6])
        workbench.picker.sort(["severity", "title", "first_activity"][n % 3])
        explorer.timeline.set_lanes(["tactic", "source", "record_kind"][n % 3])
        if n == 3:
            explorer.pivot(users[n % 6], since="7d")
        if n % 8 == 6:
            case.add(workbench)
            case.note(f"looked at {n}")
            case.save(tmp_path / "INC-1")

    def clicks(n: int) -> None:
        click(workbench, hosts[n % 6])
        put(bar.words, page, value=f"click {n}")
        press(bar.note)
        put(explorer._view_bar.layout, page, index=n % 3)
        put(workbench.picker._bar.text, page, value="a" * (n % 2))
        press([bar.pin, bar.hide, explorer._view_bar.undo, explorer._view_bar.redo][n % 4])

    at_once(cell, clicks)
    said = [entry["words"] for entry in explorer.log if entry["action"] == "note"]
    assert [words for words in said if words.startswith("cell")] == [f"cell {n}" for n in range(ROUNDS)]
    assert [words for words in said if words.startswith("click")] == [f"click {n}" for n in range(ROUNDS)]
    assert sum(entry["action"] == "pivot" for entry in explorer.log) == 1

    names = rebuilt(workbench.to_code(), alerts=alerts, g=graph)
    assert everything(explorer, workbench.picker) == everything(names["explorer"], names["picker"])
    kernel = {one.model_id: one for one in ipywidgets.widgets.widget._instances.values() if one.model_id in page.models}
    assert len(kernel) > 100
    differ = [
        (type(one).__name__, name)
        for key, one in kernel.items()
        for name, value in one.get_state().items()
        if not same(value, page.models[key].get(name))
    ]
    assert differ == [], "the page shows what the kernel has"

    case.add(workbench)
    opened = gi.open_case(case.save(tmp_path / "INC-1"))
    assert opened.verify() == []
    assert nx.utils.graphs_equal(opened.graph, case.graph)
    assert [one["words"] for one in opened.actions if one["action"] == "note"] == said
    written = [f"looked at {n}" for n in range(6, ROUNDS, 8)]
    assert sorted(opened.notes["text"]) == sorted([*explorer.notes.values(), *written])
    by_time = sorted(explorer._state.noted.items(), key=lambda item: item[1])
    own = [explorer.notes[node] for node, _ in by_time if node in explorer.notes]
    assert [words for words in opened.notes["text"] if words not in written] == own, "in the order of their steps"


def test_all_that_pages_tell_and_code_calls_takes_its_turn(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """Every widget of a workbench handles messages in turn, and so does every public method but those named here."""
    workbench = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph)
    seen: set[int] = set()

    def look(widget: ipywidgets.Widget) -> None:
        if id(widget) not in seen:
            seen.add(id(widget))
            assert isinstance(widget, InTurn), f"{type(widget)} handles messages whenever they come"
            for child in getattr(widget, "children", ()):
                look(child)

    look(workbench)
    assert len(seen) > 60
    explorer = workbench.explorer
    things = (workbench, workbench.picker, explorer, explorer.timeline, explorer.entities, workbench.selection)
    bases = {base for thing in things for base in type(thing).__mro__ if base.__module__.startswith("graphinvestigate")}
    calls = {
        f"{base.__name__}.{name}": member.fget if isinstance(member, property) else member
        for base in bases - {InTurn} - {base for base in bases if base.__module__ == InTurn.__module__}
        for name, member in vars(base).items()
        if not name.startswith("_") and isinstance(member, property | FunctionType)
    }
    assert len(calls) > 70
    alone = {name for name, call in calls.items() if not hasattr(call, "__wrapped__")}
    asking = ("pivot", "keep", "resume", "take_in")
    assert alone == {f"ExplorerPivots.{name}" for name in asking} | {"ExplorerSaving.export"}


def test_clicks_work_while_a_cell_waits_for_graph(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell's pivot that waits holds no turn: clicks select at once, and a second pivot is told to wait."""
    workbench = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph)
    explorer = workbench.explorer
    begun, go_on, pivot = threading.Event(), threading.Event(), asking.pivot

    def held(*arguments: Any, **options: Any) -> Any:
        begun.set()
        assert go_on.wait(20)
        return pivot(*arguments, **options)

    monkeypatch.setattr("graphinvestigate.pivots.pivot", held)
    user, host = most_linked(graph, "user"), most_linked(graph, "host")
    cell = threading.Thread(target=lambda: explorer.pivot(user, since="7d"), daemon=True)
    cell.start()
    assert begun.wait(20)
    assert "Asking Graph" in explorer._button.description
    started = time.monotonic()
    click(workbench, host)
    put(explorer._node_bar.words, value="looks odd")
    press(explorer._node_bar.note)
    assert explorer.selected == host
    assert time.monotonic() - started < 10, "no click waits for the cell"
    press(explorer._again)
    assert "wait until it has ended" in explorer._messages.widget.value
    go_on.set()
    cell.join(20)
    assert [entry["action"] for entry in explorer.log] == ["select", "note", "pivot"]
    assert explorer.selected == host
    assert explorer._state.notes[host] == "looks odd"
    assert explorer.graph.number_of_nodes() > graph.number_of_nodes()


def test_what_a_pivot_found_is_joined_beside_clicks(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joining takes long in a large graph: no turn is held meanwhile, and two entities that are made one stay one."""
    explorer = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph).explorer
    joining, go_on, join = threading.Event(), threading.Event(), linking.merge_graphs
    first, second = most_linked(graph, "host", 1), most_linked(graph, "host", 2)
    times = 0

    def slowly(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> nx.MultiDiGraph:
        nonlocal times
        times += 1
        joining.set()
        assert go_on.wait(20)
        return join(a, b)

    cell = threading.Thread(target=lambda: explorer.pivot(most_linked(graph, "user"), since="7d"), daemon=True)
    monkeypatch.setattr("graphinvestigate.widgets.explorer_pivots.linking.merge_graphs", slowly)
    cell.start()
    assert joining.wait(20)
    assert "joining what came" in explorer._plan.value
    explorer.merge(first, second, reason="one machine, told by its owner")
    go_on.set()
    cell.join(30)
    assert times == 2, "the graph had changed"
    assert [entry["action"] for entry in explorer.log] == ["merge", "pivot"]
    assert gi.find_entity(explorer.graph, first) == gi.find_entity(explorer.graph, second)
    assert explorer._task is None
    explorer.undo()
    explorer.undo()
    assert nx.utils.graphs_equal(explorer.graph, graph)


def test_what_a_pivot_found_comes_when_the_page_that_asked_is_gone(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subshell ends with its page; the pivot that was started in it ends all the same, and so the button is free."""
    workbench = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph)
    explorer = workbench.explorer
    explorer.select(most_linked(graph, "user"))
    go_on, pivot = threading.Event(), asking.pivot
    monkeypatch.setattr("graphinvestigate.pivots.pivot", lambda *a, **o: go_on.wait(20) and pivot(*a, **o))
    monkeypatch.setattr(background, "in_kernel", lambda: True)
    subshell = threading.Thread(target=lambda: press(explorer._button))
    subshell.start()
    subshell.join(20)
    assert explorer._task is not None
    go_on.set()
    end = time.monotonic() + 20
    while explorer._task is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert explorer._task is None
    with TURN:
        assert [entry["action"] for entry in explorer.log] == ["select", "pivot"]


def test_words_that_are_being_typed_stay_and_are_searched(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that sorts or filters the queue between two keys takes no letter away; clearing the filters does."""
    monkeypatch.setattr(filter_bar, "in_kernel", lambda: True)
    monkeypatch.setattr(filter_bar, "_PAUSE", 0.3)
    picker = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph).picker
    whole, bar = len(picker.shown), picker._bar

    def typed(words: str, then: Callable[[], None]) -> str:
        subshell = threading.Thread(target=lambda: put(bar.text, value=words))  # whose loop nobody runs
        subshell.start()
        subshell.join(20)
        then()
        end = time.monotonic() + 20
        while bar._typing is not None and time.monotonic() < end:
            time.sleep(0.01)
        with TURN:
            return str(bar.text.value)

    assert typed("malware", lambda: picker.sort("title")) == "malware"
    assert 0 < len(picker.shown) < whole
    found = len(picker.shown)
    assert typed("malwar", lambda: picker.filter(severity=["high", "medium", "low"], text="malware")) == "malwar"
    assert typed("nothing of the kind", bar.clear.click) == ""
    assert len(picker.shown) == whole > found


def test_progress_never_waits_for_a_turn(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """Who waits for a pull may hold the turn: the pull's own threads say how it goes without waiting for it."""
    explorer = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph).explorer
    explorer._begin(most_linked(graph, "user"))
    teller = threading.Thread(target=lambda: explorer._say_progress("sign ins: waiting 9 s"), daemon=True)
    with TURN:
        teller.start()
        teller.join(10)
        assert not teller.is_alive()
        explorer._show_plan()
    assert "sign ins: waiting 9 s" in explorer._plan.value
    explorer._end()


def test_what_a_pivot_lists_as_asked_is_what_it_asked(graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage of a pivot names its own pulls, whatever a cell pulls through the same client meanwhile."""
    client = gi.connect_demo(seed=2, alerts=60)
    foreign: list[str] = []
    ask = asking._ask

    def beside(*arguments: Any) -> Any:
        pulled: list[pd.DataFrame] = []
        cell = threading.Thread(target=lambda: pulled.append(gi.list_secure_scores(client)))
        cell.start()
        cell.join(20)
        foreign.extend(pulled[0]["pull_id"].unique())
        return ask(*arguments)

    monkeypatch.setattr(asking, "_ask", beside)
    found = gi.pivot(client, most_linked(graph, "user"), g=graph, since="7d", sources=["alerts", "sign_ins"])
    assert foreign
    assert set(found.coverage["resource"]) >= {"alerts", "sign_ins"}
    assert set(found.coverage["pull_id"]).isdisjoint(foreign)


def test_a_case_that_several_threads_add_to_keeps_what_each_said(alerts: pd.DataFrame, tmp_path: Path) -> None:
    """No note, step or frame of a thread is lost while another adds, saves or asks for the graph."""
    case = gi.Case("INC-1")
    parts = [alerts.iloc[2 * n : 2 * n + 2] for n in range(6)]

    def says(n: int) -> None:
        for at in range(5):
            case.note(f"note {n}.{at}")
            case.add_step("called", text=f"step {n}.{at}")

    def adds(n: int) -> None:
        case.add(parts[n])

    def saves(n: int) -> None:
        known = {node.id for node in case.graph if node.kind == "alert"}
        assert known <= set(alerts["id"].iloc[:12]), "a graph of one moment"
        case.save(tmp_path / "INC-1")

    at_once(says, adds, saves, rounds=6)
    opened = gi.open_case(case.save())
    assert opened.verify() == []
    assert sorted(opened.notes["text"]) == sorted(f"note {n}.{at}" for n in range(6) for at in range(5))
    assert sum(one["action"] == "called" for one in opened.actions) == 30
    assert set(opened.frames["alerts"]["id"]) == set(alerts["id"].iloc[:12])


def test_two_threads_never_wait_for_each_other(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """A cell adds a workbench to a case while an observer of its selection writes into the case: both come through."""
    workbench = Workbench(gi.connect_demo(seed=2, alerts=60), alerts, g=graph)
    case = gi.Case("INC-1")
    hosts = [most_linked(graph, "host", n) for n in range(6)]
    workbench.selection.observe(lambda _: case.note(f"selected {workbench.selection.node}"), names="edition")
    at_once(lambda _: case.add(workbench), lambda n: click(workbench, hosts[n % 6]), rounds=12)
    assert len(case.notes) == 12


def test_a_copy_of_a_case_has_a_turn_of_its_own() -> None:
    """Cases are still copied, and a copy never waits for the other."""
    case = gi.Case("INC-1")
    case.note("before")
    twin = copy.deepcopy(case)
    case.note("after")
    assert list(twin.notes["text"]) == ["before"]

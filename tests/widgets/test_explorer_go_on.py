"""Go on in the explorer: a pivot that broke off is continued from where it broke, joined once, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.demo.answers import ApiError, Response
from graphinvestigate.demo.faults import Asked, Fault
from graphinvestigate.pivots import asking
from graphinvestigate.widgets import EntityExplorer
from tests.widgets.test_explorer_pivot import user_of

PAGE = 5


class Tenant:
    """The demo tenant whose sign-ins fail from a page on, and what it answered."""

    def __init__(self, make_world: Callable[..., Any]) -> None:
        self.pages, self.broken = 2, True
        self.answered: list[str] = []
        self.client = make_world(seed=2, alerts=60, faults=[Fault("/auditLogs/signIns", self._answer)]).client

    def _answer(self, asked: Asked) -> Response:
        if self.broken and len(self.answered) >= self.pages:
            raise ApiError(503, "UnknownError", "it broke")
        self.answered.append(asked.request.url)
        return asked.genuine()


@pytest.fixture
def tenant(make_world, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """A tenant that breaks on the third page of sign-ins."""
    listed = gi.list_sign_ins
    monkeypatch.setitem(asking.LISTS, "sign_ins", lambda *args, **more: listed(*args, **more, page_size=PAGE))
    return Tenant(make_world)


@pytest.fixture
def whole(graph: nx.MultiDiGraph) -> gi.Pivot:
    """What a pivot brings where nothing breaks."""
    return gi.pivot(gi.connect_demo(seed=2, alerts=60), user_of(graph), g=graph, since=None)


def offered(explorer: EntityExplorer) -> set[str]:
    """The words of the pivot buttons that can be seen."""
    buttons = (explorer._again, explorer._cancel, explorer._keep, explorer._go_on)
    return {one.description for one in buttons if one.layout.display != "none"}


def test_go_on_brings_the_rest_and_the_red_words_go(tenant: Tenant, graph: nx.MultiDiGraph, whole: gi.Pivot) -> None:
    """What came is joined, the rest stays offered until it is there; no page comes twice, no record stands twice."""
    user = user_of(graph)
    explorer = EntityExplorer(tenant.client, graph, selected=user, since=None)
    assert offered(explorer) == set()
    explorer._button.click()
    assert offered(explorer) == {"Ask again", "Go on"}
    assert "sign-ins" in explorer._go_on.tooltip
    assert (explorer._go_on.button_style, explorer._button.button_style) == ("primary", ""), "what to press is seen"
    assert "gi-error" in explorer._messages.widget.value
    assert "Go on asks for the rest" in explorer._messages.widget.value
    assert explorer._tabs.titles[3] == "Coverage (1 not read)"
    assert len(explorer._state.frames["sign_in"]) == 2 * PAGE

    explorer.select(next(node for node in graph if node.kind == "host"))
    assert offered(explorer) == set(), "it belongs to the user"
    explorer.select(user)
    assert offered(explorer) == {"Ask again", "Go on"}
    assert "not all of it came: sign-ins; Go on asks for the rest" in explorer._plan.value

    tenant.pages = 4
    explorer._go_on.click()
    assert "gi-error" in explorer._messages.widget.value, "it broke again"
    assert len(explorer._state.frames["sign_in"]) == 4 * PAGE
    assert offered(explorer) == {"Ask again", "Go on"}

    tenant.broken = False
    explorer._go_on.click()
    assert "Went on with the pivot" in explorer._messages.widget.value
    assert "gi-error" not in explorer._messages.widget.value
    assert offered(explorer) == {"Ask again"}
    assert "not all of it came" not in explorer._plan.value
    assert explorer._tabs.titles[3] == "Coverage"
    assert "not asked for again" in explorer._coverage.value
    assert max(Counter(tenant.answered).values()) == 1
    assert set(explorer.graph) == set(gi.merge_graphs(graph, whole.graph))
    came = explorer._state.frames["sign_in"]
    assert came["id"].is_unique
    assert set(came["id"]) == set(whole.frames["sign_ins"]["id"])
    brought = [frame for frame in explorer.frames if len(frame) and frame["record_kind"].iloc[0] == "sign_in"]
    assert [len(frame) for frame in brought] == [len(came)], "what it brought is one frame, not the parts and all"
    assert [entry.get("goes_on", False) for entry in explorer.log if entry["action"] == "pivot"] == [False, True, True]
    assert "going on with the pivot" in explorer._lines.value


def test_go_on_can_be_undone_and_done_again(tenant: Tenant, graph: nx.MultiDiGraph, whole: gi.Pivot) -> None:
    """Undo brings back what had come before, and Go on with it; redo asks for nothing."""
    explorer = EntityExplorer(tenant.client, graph, selected=user_of(graph), since=None)
    explorer.pivot()
    part, tenant.broken = set(explorer.graph), False
    explorer.resume()
    grown = set(explorer.graph)
    assert grown == set(gi.merge_graphs(graph, whole.graph)) > part
    explorer.undo()
    assert set(explorer.graph) == part
    assert "Go on" in offered(explorer)
    asked = len(tenant.answered)
    explorer.redo()
    assert (set(explorer.graph), len(tenant.answered)) == (grown, asked)
    explorer.undo()
    explorer.resume()
    assert set(explorer.graph) == grown
    names = {"client": tenant.client, "g": graph}
    asked = len(tenant.answered)
    exec(explorer.to_code(), names)
    pages = -(-len(whole.frames["sign_ins"]) // PAGE)
    assert len(tenant.answered) - asked == pages, "the written code asks once"
    assert set(names["explorer"].graph) == grown
    assert set(names["explorer"].drawn) == set(explorer.drawn)


def test_it_goes_on_although_the_graph_grew_meanwhile(tenant: Tenant, graph: nx.MultiDiGraph, whole: gi.Pivot) -> None:
    """Other pivots, notes and selections in between are kept; code needs no selection while only one broke off."""
    user, host = user_of(graph), next(node for node in graph if node.kind == "host")
    explorer = EntityExplorer(tenant.client, graph, since=None)
    explorer.pivot(user)
    explorer.note(user, words="called her")
    tenant.broken = False
    explorer.pivot(host)
    explorer.select()
    found = explorer.resume()
    assert set(found.frames["sign_ins"]["id"]) == set(whole.frames["sign_ins"]["id"])
    assert explorer.notes == {user: "called her"}
    assert set(whole.graph) <= set(explorer.graph)
    with pytest.raises(gi.UsageError, match="none broke off"):
        explorer.resume()


def test_ask_again_takes_the_place_of_going_on(tenant: Tenant, graph: nx.MultiDiGraph) -> None:
    """Asked anew and answered whole, nothing is left to go on with; another window is another question."""
    explorer = EntityExplorer(tenant.client, graph, selected=user_of(graph), since=None)
    explorer._button.click()
    explorer._since.value = "90d"
    assert "Go on" not in offered(explorer)
    explorer._since.value = ""
    assert "Go on" in offered(explorer)
    tenant.broken = False
    explorer._again.click()
    assert offered(explorer) == {"Ask again"}


def test_what_was_kept_of_a_stopped_pivot_can_still_be_gone_on_with(
    tenant: Tenant, graph: nx.MultiDiGraph, whole: gi.Pivot
) -> None:
    """Keep what came takes it in and closes no door: Go on stays."""
    tenant.broken = False
    explorer = EntityExplorer(tenant.client, graph, selected=user_of(graph), since=None)
    taken = explorer._say_progress

    def stop(words: str) -> None:
        taken(words)
        if words.startswith("sign-ins") and explorer._task is not None:
            explorer._task.stop()

    explorer._say_progress = stop  # type: ignore[method-assign]
    explorer._button.click()
    explorer._say_progress = taken  # type: ignore[method-assign]
    assert explorer.stopped is not None
    assert offered(explorer) == {"Keep what came", "Go on"}
    assert (explorer._go_on.button_style, explorer._button.button_style) == ("primary", ""), "not all anew"
    explorer._keep.click()
    assert offered(explorer) == {"Ask again", "Go on"}
    explorer._go_on.click()
    assert offered(explorer) == {"Ask again"}
    assert set(explorer.graph) == set(gi.merge_graphs(graph, whole.graph))


def test_going_on_can_be_cancelled_and_loses_nothing(tenant: Tenant, graph: nx.MultiDiGraph, whole: gi.Pivot) -> None:
    """Stopped while it goes on, what had come stays once; it can be kept, and gone on with once more."""
    explorer = EntityExplorer(tenant.client, graph, selected=user_of(graph), since=None)
    explorer._button.click()
    before, tenant.broken = explorer._state, False
    taken = explorer._say_progress

    def stop(words: str) -> None:
        taken(words)
        if explorer._task is not None:
            explorer._task.stop()

    explorer._say_progress = stop  # type: ignore[method-assign]
    explorer._go_on.click()
    explorer._say_progress = taken  # type: ignore[method-assign]
    assert explorer._state is before
    assert offered(explorer) == {"Ask again", "Keep what came", "Go on"}
    explorer._keep.click()
    assert set(explorer.graph) == set(before.graph)
    assert [len(one) for one in explorer.frames] == [len(one) for one in before.brought]
    explorer._go_on.click()
    assert set(explorer.graph) == set(gi.merge_graphs(graph, whole.graph))
    assert explorer._state.frames["sign_in"]["id"].is_unique
    assert max(Counter(tenant.answered).values()) == 1


def test_what_lacks_a_permission_is_asked_again_only(graph: nx.MultiDiGraph) -> None:
    """Where going on would bring the same refusal it is not offered, and the red words name what is."""
    client = gi.connect_demo(seed=2, alerts=60, permissions=["SecurityAlert.Read.All", "SecurityIncident.Read.All"])
    explorer = EntityExplorer(client, graph, selected=user_of(graph), since=None)
    explorer._button.click()
    assert offered(explorer) == {"Ask again"}
    assert "Ask again tries once more" in explorer._messages.widget.value


def test_written_code_asks_once_whatever_was_done_between(tenant: Tenant, graph: nx.MultiDiGraph) -> None:
    """A pivot that broke twice, with other steps between: the code asks once, and ends in the same drawing."""
    user, host = user_of(graph), next(node for node in graph if node.kind == "host")
    explorer = EntityExplorer(tenant.client, graph, selected=user, since=None)
    explorer.pivot()
    explorer.hide(next(node for node in explorer.drawn if node.kind == "ip"))
    tenant.pages = 4
    explorer.resume()
    explorer.pivot(host)
    explorer.hide(next(node for node in sorted(explorer.drawn) if node.kind == "ip"))
    tenant.broken = False
    explorer.select(user)
    explorer.resume()
    code = explorer.to_code()
    assert (code.count("explorer.pivot("), code.count("explorer.take_in(found_0, since=None)")) == (2, 2)
    names: dict[str, Any] = {"client": tenant.client, "g": graph}
    asked = len(gi.coverage(tenant.client))
    exec(code, names)
    again = names["explorer"]
    once = gi.coverage(tenant.client).iloc[asked:]
    assert (once["resource"] == "sign_ins").sum() == 2, "one of the user, one of the host"
    assert (set(again.graph), set(again.drawn)) == (set(explorer.graph), set(explorer.drawn))
    assert again._state.hidden == explorer._state.hidden
    assert again._state.pivoted == explorer._state.pivoted
    assert again.to_code() == code
    rows = [[len(frame) for frame in one.frames if len(frame)] for one in (again, explorer)]
    assert rows[0] == rows[1], "and nothing stands there twice"
    with pytest.raises(gi.UsageError, match=r"gi\.pivot"):
        explorer.take_in(graph)  # type: ignore[arg-type]

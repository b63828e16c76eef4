"""What can be done in the explorer: each action is one step, one log entry, one line of code, and undone as a whole."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client import GraphClient
from graphinvestigate.views.graph_filter import NO_FILTERS
from graphinvestigate.views.graph_model import LABELS, LINKS
from graphinvestigate.views.node_facts import neighbors
from graphinvestigate.widgets import AlertPicker, EntityExplorer
from graphinvestigate.widgets.explorer_files import FORMATS, NAME
from graphinvestigate.widgets.explorer_state import State
from graphinvestigate.widgets.explorer_words import left_out
from graphinvestigate.widgets.shown import BUDGET, CAP


@pytest.fixture
def client() -> GraphClient:
    """A client of the tenant that the alerts come from."""
    return gi.connect_demo(seed=2, alerts=60)


@pytest.fixture
def explorer(client: GraphClient, graph: nx.MultiDiGraph) -> EntityExplorer:
    """An explorer of the alerts' entity graph, its most linked user selected."""
    return EntityExplorer(client, graph, selected=most_linked(graph, "user"))


def most_linked(graph: nx.MultiDiGraph, kind: str, at: int = 0) -> gi.Entity:
    """The entity of a kind with most links, or a later one."""
    return sorted((n for n in graph if n.kind == kind), key=lambda n: (-graph.degree(n), n))[at]


def facts(state: State) -> dict[str, Any]:
    """All that a state says, as values that can be compared."""
    plain = {name: getattr(state, name) for name, field in state.__dataclass_fields__.items() if field.compare}
    plain["graph"] = (
        {node: dict(data) for node, data in state.graph.nodes(data=True)},
        sorted(state.graph.edges(keys=True)),
    )
    plain["frames"] = {kind: sorted(frame["id"]) for kind, frame in state.frames.items()}
    plain["brought"] = [len(frame) for frame in state.brought]
    plain["noted"] = sorted(state.noted, key=lambda node: state.noted[node])  # when it was, no two runs agree on
    plain["coverage"] = None if state.coverage is None else len(state.coverage)
    plain["nodes"] = set(state.nodes)
    return plain


def rebuilt(explorer: EntityExplorer, graph: nx.MultiDiGraph) -> EntityExplorer:
    """The explorer that the code of another one makes."""
    names: dict[str, Any] = {"client": gi.connect_demo(seed=2, alerts=60), "g": graph}
    exec(explorer.to_code(), names)
    return names["explorer"]


def half_drawn(explorer: EntityExplorer) -> gi.Entity:
    """An entity that is drawn while some of its neighbours are not."""
    g, drawn = explorer.graph, set(explorer.drawn)
    return next(n for n in sorted(drawn) if isinstance(n, gi.Entity) and not neighbors(g, n) <= drawn)


def hidden_relation(explorer: EntityExplorer, node: gi.Entity) -> str:
    """A relation that links it to something that is not drawn."""
    g, drawn = explorer.graph, set(explorer.drawn)
    edges = [*g.out_edges(node, keys=True), *((v, u, r) for u, v, r in g.in_edges(node, keys=True))]
    return next(relation for _, other, relation in edges if other not in drawn)


ACTIONS: dict[str, Callable[[EntityExplorer], Any]] = {
    "select": lambda e: e.select(most_linked(e.graph, "host")),
    "expand": lambda e: e.expand(half_drawn(e)),
    "expand one relation": lambda e: e.expand(half_drawn(e), relation=hidden_relation(e, half_drawn(e))),
    "neighborhood": lambda e: e.neighborhood(hops=2),
    "collapse": lambda e: (e.neighborhood(half_drawn(e), hops=2), e.collapse(e.selected)),
    "hide": lambda e: e.hide(most_linked(e.graph, "ip")),
    "show": lambda e: (e.hide(most_linked(e.graph, "ip")), e.show(), e.show(gi.Entity(*e.left_out.iloc[-1][:2]))),
    "pin": lambda e: e.pin(most_linked(e.graph, "file")),
    "unpin": lambda e: (e.pin(most_linked(e.graph, "file")), e.unpin(most_linked(e.graph, "file"))),
    "rename": lambda e: e.rename(name="the one who clicked"),
    "note": lambda e: e.note(words='called at 3 "a.m."\nsays it was not her'),
    "filter": lambda e: e.filter(
        kinds_off=["file"], relations_off=["names"], severity="medium", text="a", since="2020-01-01T00:00:00Z"
    ),
    "find_paths": lambda e: e.find_paths(e.selected, most_linked(e.graph, "host"), through_hubs=True),
    "clear_paths": lambda e: (
        e.find_paths(e.selected, most_linked(e.graph, "host"), through_hubs=True),
        e.clear_paths(),
    ),
    "arrange": lambda e: e.arrange("time"),
    "rings": lambda e: e.arrange("rings"),
    "label_links": lambda e: e.label_links(),
    "pivot": lambda e: e.pivot(since=None),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_is_undone_redone_and_rebuilt(explorer: EntityExplorer, graph: nx.MultiDiGraph, name: str) -> None:
    """Undoing gives exactly the state before, doing again the state after, and the code leads there from the start."""
    before = facts(explorer._state)
    opened = EntityExplorer(explorer._client, graph)
    opened.select(explorer.selected)
    ACTIONS[name](explorer)
    after = facts(explorer._state)
    assert after != before
    steps = len(explorer._history.done)
    for _ in range(steps):
        explorer.undo()
    assert facts(explorer._state) == before
    for _ in range(steps):
        explorer.redo()
    assert facts(explorer._state) == after
    assert [entry["action"] for entry in explorer.log[-steps:]] == ["redo"] * steps
    assert explorer._view_bar.redo.disabled, "there is nothing left to do again"
    for _ in range(steps):
        explorer.undo()
    assert facts(explorer._state) == before, "what was done again is taken back like the first time"
    assert not explorer._view_bar.redo.disabled
    for _ in range(steps):
        explorer.redo()
    assert json.loads(json.dumps(explorer.log)) == explorer.log, "the log is plain values"
    names: dict[str, Any] = {"client": gi.connect_demo(seed=2, alerts=60), "g": graph}
    exec(explorer.to_code(), names)
    assert facts(names["explorer"]._state) == after


def test_what_was_undone_cannot_be_done_again_after_something_else(
    explorer: EntityExplorer, graph: nx.MultiDiGraph
) -> None:
    """It started from a state that is there no more: Redo is off, and code is told so; nothing changes."""
    user, host = most_linked(graph, "user"), most_linked(graph, "host")
    explorer.pin(user)
    explorer.undo()
    assert not explorer._view_bar.redo.disabled
    explorer.select(host)
    assert explorer._view_bar.redo.disabled
    before = explorer._state
    with pytest.raises(gi.UsageError, match="nothing was undone since"):
        explorer.redo()
    assert explorer._state is before


def test_a_step_that_fails_on_its_way_back_can_be_tried_again(
    explorer: EntityExplorer, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where drawing a former or later state fails, nothing was taken back or done again: the button works later."""

    def broken(_: Any) -> None:
        raise RuntimeError("no drawing")

    before = facts(explorer._state)
    explorer.pin(most_linked(graph, "user"))
    after = facts(explorer._state)
    for action, reached in ((explorer.undo, before), (explorer.redo, after), (explorer.undo, before)):
        state = facts(explorer._state)
        with monkeypatch.context() as patch:
            patch.setattr(explorer, "_become", broken)
            with pytest.raises(RuntimeError, match="no drawing"):
                action()
        assert facts(explorer._state) == state
        action()
        assert facts(explorer._state) == reached


def test_a_whole_investigation_is_rebuilt_from_its_code(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """After many actions, some of them undone, the code makes an explorer with the same state and the same code."""
    explorer = EntityExplorer(client, graph, since=None)
    explorer.select(most_linked(graph, "user"))
    explorer.expand()
    explorer.pivot()
    explorer.pin(most_linked(graph, "host"))
    explorer.note(words="ours")
    explorer.hide(most_linked(graph, "file"))
    explorer.undo()
    explorer.neighborhood(hops=2)
    explorer.filter(kinds_off=["sign_in"])
    explorer.arrange("rings")
    explorer.undo()
    explorer.find_paths(to=most_linked(graph, "host"), through_hubs=True)
    again = rebuilt(explorer, graph)
    assert facts(again._state) == facts(explorer._state)
    assert again.to_code() == explorer.to_code()
    assert "hide" not in explorer.to_code()
    assert [entry["action"] for entry in explorer.log].count("undo") == 2


def test_a_selection_is_rebuilt_with_what_was_given(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """What the explorer was opened with, a selection and a window, is in its code."""
    explorer = EntityExplorer(client, graph, selected=most_linked(graph, "user"), since="7d")
    again = rebuilt(explorer, graph)
    assert again.selected == explorer.selected
    assert again._since.value == "7d"


def test_nothing_that_was_placed_ever_moves(explorer: EntityExplorer) -> None:
    """Through every action, in every layout, a node keeps the place it was first drawn at."""
    places: dict[str, dict[Any, Any]] = {}
    for name in (*ACTIONS, *ACTIONS):
        if name == "rings":  # made anew around another node on purpose
            continue
        ACTIONS[name](explorer)
        layout = explorer._state.layout
        known = places.setdefault(layout, {})
        for node, place in explorer._state.positions.items():
            assert known.setdefault(node, place) == place
        if layout != "force":
            explorer.arrange("force")


def test_expand_and_collapse_by_relation(explorer: EntityExplorer, graph: nx.MultiDiGraph) -> None:
    """Expanding one relation draws what it links and nothing else; boxes count what is hidden; leaves collapse."""
    user = explorer.selected
    explorer.neighborhood(hops=0)
    assert explorer.drawn == [user]
    by_relation = {
        relation: {v for u, v, r in graph.out_edges(user, keys=True) if r == relation}
        | {u for u, v, r in graph.in_edges(user, keys=True) if r == relation}
        for *_, relation in [*graph.out_edges(user, keys=True), *graph.in_edges(user, keys=True)]
    }
    relation = min(by_relation, key=lambda name: len(by_relation[name]))
    options = {value: words for words, value in explorer._node_bar.relation.options}
    assert f"(+{len(by_relation[relation])})" in options[relation]
    assert f"(+{len(neighbors(graph, user))})" in options[""]
    explorer.expand(relation=relation)
    assert set(explorer.drawn) == {user} | by_relation[relation]
    explorer.expand()
    assert set(explorer.drawn) == {user} | neighbors(graph, user)
    grown = set(explorer.drawn)
    explorer.collapse()
    kept = set(explorer.drawn) - {user}
    assert {user} | kept < grown
    assert all(any(far in explorer.drawn for far in neighbors(graph, one) - {user}) for one in kept)


def test_collapsing_one_relation_leaves_the_others(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """What hangs at a node by one relation goes; what hangs at it by another stays drawn."""
    explorer = EntityExplorer(client, graph)

    def leaves(node: gi.Entity) -> dict[str, set[Any]]:
        found: dict[str, set[Any]] = {}
        ends = [*graph.out_edges(node, keys=True), *((v, u, r) for u, v, r in graph.in_edges(node, keys=True))]
        for _, other, relation in ends:
            found.setdefault(relation, set()).add(other)
        return found

    node = next(n for n in sorted(graph) if len(leaves(n)) > 1 and len(neighbors(graph, n)) < 60)
    by_relation = leaves(node)
    relation = min(by_relation, key=lambda name: (len(by_relation[name]), name))
    explorer.select(node)
    explorer.neighborhood(node, hops=1)
    before = set(explorer.drawn)
    explorer._node_bar.relation.value = relation
    explorer._node_bar.collapse.click()
    gone = before - set(explorer.drawn)
    assert gone <= by_relation[relation]
    only_others = set().union(*(near for name, near in by_relation.items() if name != relation)) - by_relation[relation]
    assert only_others <= set(explorer.drawn)
    explorer.neighborhood(node, hops=1)
    explorer.collapse(node)
    assert before - set(explorer.drawn) > gone, "all relations take more than one"


@pytest.mark.parametrize("name", ["time", "rings"])
def test_a_layout_is_the_one_of_its_name(explorer: EntityExplorer, name: str) -> None:
    """By time, records stand from left to right as they happened; on rings, the nearer is inside."""
    explorer.neighborhood(hops=2)
    explorer._view_bar.layout.value = name
    places, g = explorer._state.positions, explorer.graph
    if name == "time":
        timed = [
            (g.nodes[n]["time"], places[n][0]) for n in places if isinstance(n, gi.Record) and g.nodes[n].get("time")
        ]
        assert len(timed) > 3
        assert [x for _, x in sorted(timed)] == sorted(x for _, x in timed)
        return
    x, y = places[explorer.selected]
    far = nx.single_source_shortest_path_length(g.to_undirected(as_view=True).subgraph(places), explorer.selected)
    away = {hops: [np.hypot(places[n][0] - x, places[n][1] - y) for n in far if far[n] == hops] for hops in (1, 2)}
    assert max(away[1]) < min(away[2])
    assert away[1]


def test_how_far_and_through_what_is_a_control(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """The boxes for hops and hubs say how far a neighbourhood reaches; where it stopped is told."""
    explorer = EntityExplorer(client, graph)
    reach = ({h: set(gi.neighborhood(graph, n, hops=2, through_hubs=h)) for h in (False, True)} for n in sorted(graph))
    node, near = next(
        (n, r) for n, r in zip(sorted(graph), reach, strict=False) if len(r[False]) < len(r[True]) <= BUDGET
    )
    explorer.select(node)
    bar = explorer._node_bar
    bar.hops.value = 2
    bar.only.click()
    assert set(explorer.drawn) == near[False]
    assert "Not walked through:" in explorer._messages.widget.value
    bar.hubs.value = True
    bar.only.click()
    assert set(explorer.drawn) == near[True]
    bar.hops.value = 1
    bar.only.click()
    assert set(explorer.drawn) == {node} | neighbors(graph, node)


def test_a_relation_that_is_off_is_not_drawn(explorer: EntityExplorer, graph: nx.MultiDiGraph) -> None:
    """Links that say only what is filtered away vanish from the drawing, others stay; the box shows it."""
    off = {"names", "has_evidence"}

    def said(pair: tuple[Any, Any]) -> set[str]:
        return {r for ends in (pair, pair[::-1]) for r in (graph.get_edge_data(*ends) or {})}

    assert any(said(pair) <= off for pair in explorer._canvas._model.traces[LINKS].items)
    for relation in off:
        explorer._filter_bar.relations.switches[relation].value = False
    links = explorer._canvas._model.traces[LINKS].items
    assert links
    assert not any(said(pair) <= off for pair in links)
    assert explorer._state.filters.relations_off == off


def test_switches_filter_as_the_legend_does_and_count_the_whole_graph(
    explorer: EntityExplorer, graph: nx.MultiDiGraph
) -> None:
    """A switch off is the same step as its legend entry pressed; each counts the graph's nodes or links of its name."""
    kinds, relations = explorer._filter_bar.kinds, explorer._filter_bar.relations
    users = sum(node.kind == "user" for node in graph)
    assert kinds.switches["user"].description == f"users {users}"
    counted = Counter(relation for *_, relation in graph.edges(keys=True))
    assert {name: switch.description.rsplit(" ", 1)[1] for name, switch in relations.switches.items()} == {
        name: f"{n:,}" for name, n in counted.items()
    }
    kinds.switches["alert"].value = False
    pressed = explorer._state
    explorer.undo()
    assert kinds.switches["alert"].value
    explorer._on_legend("alert", False)
    assert explorer._state.filters == pressed.filters
    assert not kinds.switches["alert"].value
    assert explorer.log[-1]["action"] == "filter"
    kinds.none.click()
    assert explorer._state.filters.kinds_off == set(kinds.switches)
    kinds.all.click()
    assert explorer._state.filters == NO_FILTERS


def test_hidden_neighbours_are_counted_at_the_node(explorer: EntityExplorer, graph: nx.MultiDiGraph) -> None:
    """A node's label ends with +n for n neighbours that are not drawn, and with nothing once they are."""
    user = explorer.selected
    explorer.neighborhood(hops=0)
    (label,) = explorer._canvas._model.traces[LABELS].arrays["text"]
    assert label.endswith(f" +{len(neighbors(graph, user))}")
    explorer.expand()
    labels = explorer._canvas._model.traces[LABELS]
    assert "+" not in labels.arrays["text"][labels.items.index(user)].split("@")[-1]


def test_the_budget_holds_and_what_is_left_out_is_listed() -> None:
    """Of a large graph at most the cap is drawn, and drawn and left out together are the whole graph, each once."""
    client = gi.connect_demo(seed=2, alerts=400)
    g = gi.entity_graph(alerts=gi.list_alerts(client), sign_ins=gi.list_sign_ins(client))
    explorer = EntityExplorer(client, g)
    for kind in ("ip", "user", "app", "host"):
        for at in range(3):
            before = set(explorer.drawn)
            explorer.expand(most_linked(g, kind, at))
            assert len(explorer.drawn) <= CAP
            assert len(set(explorer.drawn) - before) <= BUDGET
    explorer.hide(explorer.drawn[0])
    explorer.filter(kinds_off=["process"])
    listed = explorer.left_out
    assert list(listed.columns) == ["kind", "key", "label", "why"]
    assert len(listed) + len(explorer.drawn) == g.number_of_nodes()
    left = set(zip(listed["kind"], listed["key"], strict=True))
    assert left.isdisjoint({tuple(node) for node in explorer.drawn})
    assert (listed["why"] == "hidden").sum() == 1
    assert "Not drawn yet" in explorer._left_out.value


def test_what_the_pane_has_no_room_for_is_counted(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """Of many hidden nodes, and of many ways that were not walked, the pane says how many there are."""
    explorer = EntityExplorer(client, graph)

    def pane(n: int) -> str:
        ways = tuple(f"way {number}" for number in range(n))
        state = replace(explorer._state, hidden=frozenset(sorted(graph)[:n]), not_walked=ways)
        return str(left_out(state, explorer._known().kinds))

    assert "Hidden (63): " in pane(63)
    assert "<li>Not walked: way 59</li><li>and 3 more</li>" in pane(63)
    assert "Not walked: way 59" in pane(60)
    assert " more</li>" not in pane(60)


def test_filters_reach_graph_timeline_and_table(client: GraphClient, graph: nx.MultiDiGraph, alerts: Any) -> None:
    """A window leaves out what happened outside of it in the drawing, on the timeline and in the table, and says so."""
    explorer = EntityExplorer(client, graph, frames=[alerts])
    explorer.neighborhood(most_linked(graph, "ip"), hops=2, through_hubs=True)
    middle = alerts["first_activity_date_time"].sort_values().iloc[len(alerts) // 2]
    drawn = {node for node in explorer.drawn if node.kind == "alert"}
    late = {
        node
        for node in drawn
        if graph.nodes[node]["end_time"] < middle.tz_localize(None).isoformat(timespec="microseconds") + "Z"
    }
    assert late
    assert late != drawn
    explorer.filter(since=middle)
    assert {node for node in explorer.drawn if node.kind == "alert"} == drawn - late
    shown = explorer._timeline.frames["alert"]
    assert 0 < len(shown) < len(alerts)
    assert (shown["last_activity_date_time"] >= middle).all()
    assert explorer._view_bar.filters.description == "Filters (on)"
    assert (explorer.left_out["why"] == "filtered: severity or time").sum() == len(late)
    explorer.filter()
    assert {node for node in explorer.drawn if node.kind == "alert"} == drawn
    assert len(explorer._timeline.frames["alert"]) == len(alerts)


def test_severity_never_hides_what_is_unknown(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """Records known to be less severe go; a record whose severity nobody stated stays."""
    g = graph.copy()
    alert = next(n for n in g if n.kind == "alert" and g.nodes[n]["severity"] == "low")
    g.nodes[alert]["severity"] = None
    explorer = EntityExplorer(client, g)
    explorer.show(*[n for n in g if n.kind == "alert"])
    explorer.filter(severity="high")
    left = [n for n in explorer.drawn if n.kind == "alert"]
    assert alert in left
    assert {g.nodes[n]["severity"] for n in left} == {"high", None}


def test_the_legend_filters_and_shows_what_it_filtered(explorer: EntityExplorer) -> None:
    """A press on a kind hides it and dims its entry, a second shows it, a double press shows it alone."""
    view = explorer._canvas.widget
    names = [trace["name"] for trace in json.loads(view.figure)["data"]]
    files, users = names.index("files"), names.index("users")

    def press(trace: int, *, double: bool = False) -> None:
        view._handle_custom_msg({"type": "legend", "trace": trace, "double": double}, [])

    press(files)
    assert explorer._messages.error is None
    assert not any(node.kind == "file" for node in explorer.drawn)
    assert json.loads(view.figure)["data"][files]["visible"] == "legendonly"
    press(files)
    assert any(node.kind == "file" for node in explorer.drawn)
    assert "visible" not in json.loads(view.figure)["data"][files]
    press(users, double=True)
    assert {node.kind for node in explorer.drawn} == {"user"}
    press(users, double=True)
    assert len({node.kind for node in explorer.drawn}) > 3


def test_pinned_nodes_stay_and_hidden_ones_go(explorer: EntityExplorer, graph: nx.MultiDiGraph) -> None:
    """A pinned node outlives filters and neighbourhoods; a hidden one is drawn by neither."""
    pinned, hidden = most_linked(graph, "file"), most_linked(graph, "ip")
    explorer.pin(pinned)
    explorer.hide(hidden)
    explorer.filter(kinds_off=["file"])
    explorer.neighborhood(most_linked(graph, "host"), hops=1)
    assert pinned in explorer.drawn
    assert hidden not in explorer.drawn
    assert f"Hidden (1): {graph.nodes[hidden]['label']}" in explorer._left_out.value
    assert explorer.left_out.set_index("key").loc[hidden.key, "why"] == "hidden"
    explorer.select(hidden)
    assert hidden in explorer.drawn, "selecting it brings it back"


def test_names_and_notes_are_seen_and_found(explorer: EntityExplorer) -> None:
    """A user's name for a node stands in drawing and details and is found by the text filter; a note in details."""
    own = explorer.graph.nodes[explorer.selected]["label"]
    explorer.rename(name="patient <zero>")
    explorer.note(words="rang back & denied it")
    labels = explorer._canvas._model.traces[LABELS]
    assert labels.arrays["text"][labels.items.index(explorer.selected)].startswith("patient &lt;zero")
    assert "patient &lt;zero&gt;" in explorer._details.value
    assert own in explorer._details.value, "what the records call it stays known"
    assert "rang back &amp; denied it" in explorer._details.value
    explorer.filter(text="patient")
    assert explorer.selected in explorer.drawn
    explorer.rename(name="")
    assert "patient" not in explorer._details.value


def test_paths_between_two_selected(explorer: EntityExplorer, graph: nx.MultiDiGraph) -> None:
    """The button finds the ways between two selected nodes, brings them out, and says one sentence per hop."""
    user = explorer.selected
    host = next(n for n in neighbors(graph, user) if n.kind == "host")
    explorer.select(user, host)
    assert not explorer._node_bar.find.disabled
    explorer._node_bar.find.click()
    assert explorer._messages.error is None
    ways = explorer._state.paths
    assert all({way[0], way[-1]} == {user, host} for way in ways)
    assert {node for way in ways for node in way} <= set(explorer.drawn)
    assert "Path 1: 1 hop" in explorer._details.value
    x = explorer._canvas._model.traces[1].arrays["x"]
    assert len(x) == 3 * len({frozenset(pair) for way in ways for pair in pairwise(way)})
    explorer.clear_paths()
    assert "Path 1" not in explorer._details.value


def test_no_path_says_why(client: GraphClient, alerts: Any) -> None:
    """Where two nodes are not linked, the reason stands in the explorer and nothing changes."""
    graphs = (gi.entity_graph(alerts=alerts.iloc[[0, at]]) for at in range(1, len(alerts)))
    g = next(g for g in graphs if not nx.is_weakly_connected(g))
    parts = [sorted(part) for part in nx.weakly_connected_components(g)]
    explorer = EntityExplorer(client, g)
    explorer.select(parts[0][0], parts[1][0])
    steps = len(explorer._history.done)
    found = explorer.find_paths()
    assert found == []
    assert found.reason
    assert "No path" in explorer._messages.widget.value
    assert len(explorer._history.done) == steps


def test_arrow_keys_walk_and_letters_act(explorer: EntityExplorer) -> None:
    """Keys in the drawing select the nearest node in a direction, pin, undo and do again."""
    view = explorer._canvas.widget

    def press(key: str) -> None:
        view._handle_custom_msg({"type": "key", "key": key}, [])

    places = explorer._state.positions
    start = explorer.selected
    for key, axis, sign in (("ArrowRight", 0, 1), ("ArrowLeft", 0, -1), ("ArrowUp", 1, 1), ("ArrowDown", 1, -1)):
        explorer.select(start)
        press(key)
        if explorer.selected != start:
            assert sign * (places[explorer.selected][axis] - places[start][axis]) > 0
    seen = {explorer.selected}
    for key in ("ArrowLeft",) * 20 + ("ArrowUp",) * 20 + ("ArrowRight",) * 20:
        press(key)
        seen.add(explorer.selected)
    assert len(seen) > 5
    press("p")
    assert explorer.selected in explorer._state.pinned
    press("u")
    assert explorer.selected not in explorer._state.pinned
    press("r")
    assert explorer.selected in explorer._state.pinned
    press("Escape")
    assert explorer.selected is None
    press("e")
    assert isinstance(explorer._messages.error, gi.UsageError), "an action without a node says what it needs"


def test_a_box_selects_all_in_it(explorer: EntityExplorer) -> None:
    """Nodes in a box are selected together, labels and lines in it are not; with Shift they are added."""
    model = explorer._canvas._model
    figure = json.loads(explorer._canvas.widget.figure)
    number, trace = next((n, t) for n, t in enumerate(model.traces) if t.kind == "host" and len(t.items) > 1)
    group = {"trace": number, "points": [0, 1], "ids": figure["data"][number]["ids"][:2], "customdata": [None, None]}
    links = {"trace": 2, "points": [0], "ids": figure["data"][2]["ids"][:1], "customdata": [None]}
    user = explorer.selected
    explorer._canvas.widget._handle_custom_msg({"type": "select", "traces": [group, links]}, [])
    assert set(explorer.selection.nodes) == set(trace.items[:2])
    explorer._canvas.widget._handle_custom_msg(
        {"type": "click", "shift": True, "traces": [pointed(explorer, user)]}, []
    )
    assert set(explorer.selection.nodes) == {*trace.items[:2], user}


def pointed(explorer: EntityExplorer, node: Any) -> dict[str, Any]:
    """A point of the drawing, as the page tells of it."""
    number, trace = next((n, t) for n, t in enumerate(explorer._canvas._model.traces) if node in t.items)
    at = trace.items.index(node)
    ids = json.loads(explorer._canvas.widget.figure)["data"][number]["ids"]
    return {"trace": number, "points": [at], "ids": [ids[at]], "customdata": [None]}


def test_a_failing_action_leaves_everything_as_it_was(
    explorer: EntityExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error while a new state is drawn is shown; state, drawing, selection, log and undo are as before."""
    explorer.select(most_linked(explorer.graph, "host"))
    before = facts(explorer._state)
    figure, code, log = explorer._canvas.widget.figure, explorer.to_code(), explorer.log
    selected = explorer.selection.nodes
    draw = type(explorer._timeline).show
    calls = []

    def broken(self: Any, *args: Any) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError("no timeline today")
        draw(self, *args)

    monkeypatch.setattr(type(explorer._timeline), "show", broken)
    explorer._ask("select", most_linked(explorer.graph, "user"))
    assert isinstance(explorer._messages.error, RuntimeError)
    assert "no timeline today" in explorer._messages.widget.value
    assert facts(explorer._state) == before
    assert (explorer._canvas.widget.figure, explorer.to_code(), explorer.log) == (figure, code, log)
    assert explorer.selection.nodes == selected
    calls.clear()
    explorer._ask("undo")
    assert facts(explorer._state) == before
    assert explorer.to_code() == code
    calls.append(())
    explorer._ask("select", most_linked(explorer.graph, "user"))
    assert explorer._messages.error is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda e: e.arrange("circle"),
        lambda e: e.expand(relation="likes"),
        lambda e: e.filter(kinds_off=["people"]),
        lambda e: e.filter(severity="terrible"),
        lambda e: e.filter(since="yesterday"),
        lambda e: e.filter(since="2026-01-01T00:00:00"),
        lambda e: e.filter(since="2026-02-01T00:00:00Z", until="2026-01-01T00:00:00Z"),
        lambda e: e.neighborhood(hops=-1),
        lambda e: e.find_paths(),
        lambda e: e.cancel(),
        lambda e: [e.undo() for _ in range(9)],
        lambda e: e.redo(),
        lambda e: e.select("nobody at all"),
        lambda e: e.show(gi.Record("alert", "none such")),
    ],
)
def test_mistakes_say_what_to_do_and_change_nothing(explorer: EntityExplorer, wrong: Callable[[Any], Any]) -> None:
    """A wrong layout, relation, kind, severity, time or name is an error of ours; state and log stay."""
    before, log = facts(explorer._state), explorer.log
    with pytest.raises(gi.GraphInvestigateError):
        wrong(explorer)
    assert (facts(explorer._state), explorer.log) == (before, log)


@pytest.mark.parametrize("method", ["select", "expand", "filter", "pin", "note", "find_paths", "pivot", "arrange"])
def test_a_misspelt_keyword_is_a_type_error(explorer: EntityExplorer, method: str) -> None:
    """No action swallows a keyword that it does not know."""
    with pytest.raises(TypeError):
        getattr(explorer, method)(relatoin="names")


def test_picker_and_explorer_undo_together(client: GraphClient, graph: nx.MultiDiGraph, alerts: Any) -> None:
    """What is picked in the queue is a step here; undoing it selects there what was selected before."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(client, graph, picker=picker)
    first, second = picker.shown["id"].iloc[[3, 5]]
    picker.select(first)
    picker.select(second)
    explorer.undo()
    assert explorer.selected == gi.Record("alert", first)
    assert picker.selected["id"].tolist() == [first]


def test_two_entities_are_made_one_and_told_apart_again(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A merge by hand makes one node that keeps its place and the reason; undo takes it apart; the code redoes it."""
    first, second = most_linked(graph, "user"), most_linked(graph, "user", 1)
    explorer = EntityExplorer(client, graph)
    explorer.select(first, second)
    place = explorer._state.positions[first]
    explorer._node_bar.words.value = "same badge photo"
    explorer._node_bar.merge.click()
    assert explorer._messages.error is None
    one = explorer.selected
    assert explorer.graph.number_of_nodes() == graph.number_of_nodes() - 1
    assert gi.find_entity(explorer.graph, first) == gi.find_entity(explorer.graph, second) == one
    assert explorer._state.positions[one] in (place, explorer._state.places["force"].get(second))
    assert "same badge photo" in explorer._details.value
    assert explorer.log[-1]["reason"] == "same badge photo"
    again = rebuilt(explorer, graph)
    assert facts(again._state) == facts(explorer._state)
    explorer.undo()
    assert set(explorer.graph) == set(graph)


def test_an_identifier_is_split_off_with_a_reason(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """An identifier that is somebody else's leaves the entity; without a reason nothing happens."""
    user = next(
        n
        for n in sorted(graph)
        if n.kind == "user" and len({i.split("=")[0] for i in graph.nodes[n]["identifiers"]}) > 1
    )
    upn = next(i for i in graph.nodes[user]["identifiers"] if i.startswith("upn="))
    explorer = EntityExplorer(client, graph, selected=user)
    with pytest.raises(gi.UsageError, match="reason"):
        explorer.split(identifier=upn, reason=" ")
    assert set(explorer.graph) == set(graph)
    explorer.split(identifier=upn, reason="the name was given to somebody new")
    assert upn not in explorer.graph.nodes[explorer.selected]["identifiers"]
    assert upn in str(explorer.graph.nodes[explorer.selected]["refused"]), "it is kept, as refused, with the reason"
    assert facts(rebuilt(explorer, graph)._state) == facts(explorer._state)
    with pytest.raises(gi.UsageError):
        explorer.merge(explorer.selected, most_linked(graph, "host"), reason="no")


def test_what_is_shown_is_saved_as_a_page_and_as_code(explorer: EntityExplorer, tmp_path: Path) -> None:
    """The page holds graph, table, note and log and needs no network; endings that nobody can write are refused."""
    explorer.note(words="<b>ours</b>")
    explorer.find_paths(to=most_linked(explorer.graph, "host"), through_hubs=True)
    (page,) = explorer.export(tmp_path / "shown.html")
    saved = page.read_text()
    assert "&lt;b&gt;ours" in saved
    assert "<b>ours" not in saved
    assert "Path 1" in saved
    assert "http" not in saved.split("<script", 1)[0].replace("http-equiv", "")
    assert explorer.export(tmp_path / "shown.py")[0].read_text() == explorer.to_code()
    assert explorer.export(tmp_path / "shown.svg")[0].read_text().startswith("<svg ")
    for name in ("shown.png", "shown.doc"):
        with pytest.raises(gi.UsageError):
            explorer.export(tmp_path / name)


def test_the_whole_graph_is_saved_in_formats_of_other_tools(explorer: EntityExplorer, tmp_path: Path) -> None:
    """GraphML, CSV and JSON hold every node, drawn or not; what is there already is replaced only if asked."""
    with pytest.warns(UserWarning, match="left out"):  # the tenant's control characters
        (written,) = explorer.export(tmp_path / "g.graphml")
    assert nx.read_graphml(written).number_of_nodes() == explorer.graph.number_of_nodes()
    assert [path.name for path in explorer.export(tmp_path / "g.csv")] == ["g-nodes.csv", "g-edges.csv"]
    with pytest.raises(gi.UsageError, match="there already"):
        explorer.export(tmp_path / "g.graphml")
    with pytest.warns(UserWarning, match="left out"):
        assert explorer.export(tmp_path / "g.graphml", overwrite=True) == [written]


@pytest.mark.parametrize("kind", [kind for _, kind in FORMATS])
def test_save_writes_beside_the_notebook(
    explorer: EntityExplorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Save writes into the kernel's folder, twice under two names, replaces nothing, says where, and is in the log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{NAME}.{kind}").write_text("somebody's own")
    bar, view = explorer._view_bar, explorer._canvas.widget
    bar.format.value = kind
    before = explorer._state
    for _ in range(2):
        bar.save.click()
        if kind == "png":  # the page's part
            view._on_message(None, {"type": "picture", "number": view._pictures_asked}, [memoryview(b"PNG")])
    assert explorer._messages.error is None
    assert (tmp_path / f"{NAME}.{kind}").read_text() == "somebody's own"
    names = {path.name for path in tmp_path.iterdir()} - {f"{NAME}.{kind}"}
    assert len(names) == (4 if kind == "csv" else 2)
    assert not any(name.startswith(".") for name in names)
    assert str(tmp_path) in html.unescape(explorer._messages.widget.value)
    assert {name for entry in explorer.log for name in entry["files"]} == names
    assert explorer._state is before
    assert not explorer._history.done, "saving is no step that could be undone"


def test_a_picture_comes_once_and_only_when_asked(explorer: EntityExplorer) -> None:
    """Of two pages that show the explorer the first answer is kept; what nobody asked for is not."""
    came: list[bytes] = []
    view = explorer._canvas.widget
    view._on_message(None, {"type": "picture", "number": 0}, [b"not asked"])
    view.take_picture(came.append)
    view._on_message(None, {"type": "picture", "number": 7}, [b"another question"])
    view._on_message(None, {"type": "picture", "number": 1}, [b"first"])
    view._on_message(None, {"type": "picture", "number": 1}, [b"second page"])
    assert came == [b"first"]


def test_what_cannot_be_saved_is_said(
    explorer: EntityExplorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that takes no file is named in the widget with what to do instead; nothing has changed."""
    monkeypatch.chdir(tmp_path)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("graphinvestigate.widgets.explorer_files.place", full)
    explorer._view_bar.format.value = "json"
    explorer._view_bar.save.click()
    assert isinstance(explorer._messages.error, gi.NotSavedError)
    assert "No space left" in explorer._messages.widget.value
    assert "Download" in explorer._messages.widget.value
    assert list(tmp_path.iterdir()) == []


def test_download_goes_through_the_page(
    explorer: EntityExplorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Download sends each file to the browser and writes none; Voilà, whose folder nobody sees, offers only it."""
    monkeypatch.chdir(tmp_path)
    sent: list[Any] = []
    monkeypatch.setattr(type(explorer._canvas.widget), "send", lambda self, *message: sent.append(message))
    for _, kind in FORMATS:
        explorer._view_bar.format.value = kind
        explorer._view_bar.download.click()
    assert explorer._messages.error is None
    names = [message[0]["name"] for message in sent]
    assert names == [
        NAME, f"{NAME}.svg", f"{NAME}.html", f"{NAME}.graphml", f"{NAME}-nodes.csv", f"{NAME}-edges.csv",
        f"{NAME}.json", f"{NAME}.py",
    ]  # fmt: skip
    assert sent[-1][1][0].decode() == explorer.to_code()
    assert list(tmp_path.iterdir()) == []
    assert explorer._view_bar.save.layout.display != "none"
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    served = EntityExplorer(explorer._client, explorer.graph)
    assert served._view_bar.save.layout.display == "none"


def test_the_slider_and_play_move_one_window_for_all(client: GraphClient, graph: nx.MultiDiGraph, alerts: Any) -> None:
    """Slider and play filter graph, timeline, table and other views together; however long it moves, it is one step."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(client, graph, picker=picker)
    explorer.select()
    explorer.neighborhood(most_linked(graph, "ip"), hops=2, through_hubs=True)
    steps = len(explorer._history.done)
    whole = len(explorer.drawn)
    counts = []
    for tick in (5, 35, 70):
        explorer._filter_bar.play.value = tick
        assert explorer._messages.error is None
        counts.append((len(explorer.drawn), len(explorer._timeline.frames["alert"])))
        assert len(explorer.timeline._records.marks) == sum(map(len, explorer._timeline.frames.values()))
        shown = len([n for n in explorer.drawn if isinstance(n, gi.Entity)])
        assert f"{shown} entities shown" in explorer.entities._grid.widget.note
        assert explorer.selection.time_range[1] == gi_time(explorer._state.filters.until)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] < (whole + 1, len(alerts) + 1)
    assert len(explorer._history.done) == steps + 1
    explorer._filter_bar.span.value = (50, 100)
    assert explorer._state.filters.since
    assert not explorer._state.filters.until
    assert len(explorer._history.done) == steps + 1
    explorer.undo()
    assert len(explorer.drawn) == whole
    assert explorer.selection.time_range is None
    assert explorer._filter_bar.span.value == (0, 100)


def test_a_window_that_another_view_sets_is_followed(explorer: EntityExplorer, alerts: Any) -> None:
    """A time range set for all views filters here, as a step, and is given up with it."""
    times = alerts["first_activity_date_time"].sort_values()
    explorer.selection.set_time_range(times.iloc[10], times.iloc[20])
    assert gi_time(explorer._state.filters.since) == times.iloc[10].floor("us")
    assert gi_time(explorer._state.filters.until) == times.iloc[20].floor("us")
    explorer.selection.set_time_range(None, None)
    assert explorer._state.filters == type(explorer._state.filters)()


def gi_time(text: str) -> pd.Timestamp:
    """A time as entity graphs write it."""
    return pd.Timestamp(text)

"""The explorer: clicks, keys and code do the same; what was drawn never moves; errors are shown."""

from __future__ import annotations

import base64
import gc
import html
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import networkx as nx
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import graphinvestigate as gi
from graphinvestigate.client import GraphClient
from graphinvestigate.linking.index import index_of
from graphinvestigate.pivots import pivot_steps
from graphinvestigate.views.graph_model import LABELS
from graphinvestigate.views.pictures import svg_of
from graphinvestigate.views.style import KINDS
from graphinvestigate.widgets import AlertPicker, EntityExplorer, Selection, graph_facts
from graphinvestigate.widgets.canvas import TimelineCanvas, merged_frames
from graphinvestigate.widgets.plotly_view import PlotlyView
from graphinvestigate.widgets.shown import CAP, START
from graphinvestigate.widgets.timeline_view import TimelineView


@pytest.fixture
def client() -> GraphClient:
    """A client of the tenant that the alerts come from."""
    return gi.connect_demo(seed=2, alerts=60)


def entity(graph: nx.MultiDiGraph, kind: str) -> gi.Entity:
    """The entity of a kind with most links."""
    return max((n for n in graph if isinstance(n, gi.Entity) and n.kind == kind), key=graph.degree)


def drawn(view: PlotlyView) -> go.Figure:
    """The figure that a page draws from the state of a live view."""
    content = json.loads(view.get_state()["figure"], object_hook=unpacked)
    return go.Figure({"data": content["data"], "layout": content["layout"]})


def unpacked(value: dict[str, Any]) -> Any:
    """An array that plotly has packed as base64, or the value itself."""
    if value.keys() != {"dtype", "bdata"}:
        return value
    return np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])


def click(explorer: EntityExplorer, node: Any) -> None:
    """Click what the drawing shows for a node, or for a link of two nodes, as the page tells of it."""
    figure = drawn(explorer._canvas.widget)
    for number, trace in enumerate(explorer._canvas._model.traces):
        if node in trace.items:
            at = trace.items.index(node)
            assert len(figure.data[number].x) == len(trace.items)
            group = {"trace": number, "points": [at], "ids": [figure.data[number].ids[at]], "customdata": [None]}
            explorer._canvas.widget._handle_custom_msg({"type": "click", "traces": [group], "number": 1}, [])
            return
    pytest.fail(f"{node} is not drawn")


def without_times(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A log's entries; each had a time, and none is before another that follows it."""
    times = [entry.pop("at") for entry in log]
    assert times == sorted(times)
    return log


def test_a_click_selects(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A click on a node selects it, shows its facts and why each neighbour is linked to it."""
    explorer = EntityExplorer(client, graph)
    user = entity(graph, "user")
    click(explorer, user)
    assert explorer.selected == user
    html = explorer._details.value
    assert graph.nodes[user]["label"] in html
    near = sorted(set(nx.all_neighbors(graph, user)))
    assert f"Why linked ({len(near)})" in html
    sentence = gi.why(graph, user, near[0])["sentence"].iloc[0]
    assert sentence.split('"')[0].strip() in html
    assert without_times(explorer.log) == [
        {
            "action": "select",
            "kind": "user",
            "key": user.key,
            "label": graph.nodes[user]["label"],
            "identifiers": graph.nodes[user]["identifiers"],
        }
    ]


def test_code_and_keys_do_what_clicks_do(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """`select` and the name typed into the box select the same, and log the same."""
    user = entity(graph, "user")
    by_click, by_code, by_key = (EntityExplorer(client, graph) for _ in range(3))
    click(by_click, user)
    by_code.select(user)
    by_key._choice.value = next(name for name, node in by_key._by_label.items() if node == user)
    assert without_times(by_click.log) == without_times(by_code.log) == without_times(by_key.log)
    assert by_click.selected == by_code.selected == by_key.selected == user
    assert by_click._details.value == by_code._details.value == by_key._details.value


def test_a_click_on_a_link_says_why(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A click on the middle of a line shows its references and selects nothing."""
    explorer = EntityExplorer(client, graph)
    a, b = next(trace for trace in explorer._canvas._model.traces if trace.kind == "links").items[0]
    click(explorer, (a, b))
    assert explorer.selected is None
    reasons = gi.why(graph, a, b)
    assert f"Why linked ({len(reasons)})" in explorer._details.value
    assert reasons["field"].iloc[0].split("[")[0] in explorer._details.value


def test_a_pivot_says_first_what_it_asks_then_grows_all(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """Graph and timeline grow in their own figures, nothing that stood moves, the coverage stands below."""
    explorer = EntityExplorer(client, graph, since=None)
    before = graph.number_of_nodes()
    user = entity(graph, "user")
    explorer.select(user)
    assert "Will ask Graph for (all that Graph keeps)" in explorer._plan.value
    assert "sign-ins" in explorer._plan.value
    for step in pivot_steps(explorer.selected, g=graph):
        assert html.escape(step.sentence) in explorer._plan.value, "each query stands there before it is asked"
    figures = explorer._canvas.widget, explorer._timeline.widget
    names = [trace.name for trace in drawn(explorer._canvas.widget).data]
    stood = dict(explorer._state.positions)
    explorer._button.click()
    assert explorer._messages.error is None
    assert explorer.graph.number_of_nodes() > before
    assert graph.number_of_nodes() == before, "the graph that was given must stay as it is"
    assert (explorer._canvas.widget, explorer._timeline.widget) == figures
    traces = drawn(explorer._canvas.widget).data
    assert [trace.name for trace in traces] == names, "the same traces, whatever they hold"
    assert {node: explorer._state.positions[node] for node in stood} == stood
    assert len(explorer._state.positions) > len(stood)
    for live, trace in zip(traces, explorer._canvas._model.traces, strict=False):
        np.testing.assert_allclose(np.array(live.x, dtype=float), trace.arrays["x"])
    nodes = {n for trace in explorer._canvas._model.traces for n in trace.items if isinstance(n, gi.Entity | gi.Record)}
    assert nodes == set(explorer._state.positions)
    entry = explorer.log[-1]
    assert entry["action"] == "pivot"
    assert entry["since"] is None
    assert entry["new_nodes"] == explorer.graph.number_of_nodes() - before
    assert set(explorer._timeline.frames) == {
        str(frame["record_kind"].iloc[0]) for frame in explorer.pivot(user).frames.values() if len(frame)
    }
    assert "requests asked" in explorer._coverage.value
    assert "Asked (all that Graph keeps)" in explorer._plan.value


def test_what_every_walk_asks_for_is_found_before_anybody_waits(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """Hubs and tolls are known when an explorer has opened, and of the larger graph when a pivot has ended."""
    explorer = EntityExplorer(client, graph)
    assert {"hubs", "tolls"} <= set(index_of(explorer.graph).known)
    explorer.pivot(next(node for node in graph if node.kind == "user"))
    assert explorer.graph is not graph
    assert {"hubs", "tolls"} <= set(index_of(explorer.graph).known)


def test_python_looks_through_a_large_graph_before_anybody_waits(
    client: GraphClient, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its garbage collector goes through the objects of a large graph while the explorer opens, not during a click."""
    collected: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    gc.disable()  # what is collected now, somebody asked for
    gc.callbacks.append(note)
    try:
        EntityExplorer(client, graph)
        assert collected == []
        monkeypatch.setattr(graph_facts, "MANY", 10)
        EntityExplorer(client, graph)
        assert collected == [2]
    finally:
        gc.callbacks.remove(note)
        gc.enable()


def test_the_timeline_shows_what_a_new_one_would(alerts: pd.DataFrame) -> None:
    """After any number of changes it draws what a new timeline of the same records draws, and nothing from before."""
    canvas = TimelineCanvas({}, Selection())
    few = alerts[alerts["severity"] == "low"].head(3)
    for frames in ([few], [alerts], [gi.evidence(alerts)]):
        canvas.show(merged_frames(canvas.frames, frames))
        fresh = TimelineView(*canvas.frames.values(), lanes="record_kind")
        assert json.loads(canvas.widget._view.figure)["data"] == json.loads(fresh._view.figure)["data"]
    canvas.show(canvas.frames, since="2100-01-01T00:00:00.000000Z")
    assert all(frame.empty for frame in canvas.frames.values())


def test_what_is_brushed_on_the_timeline_is_selected(client: GraphClient, graph: nx.MultiDiGraph, alerts: Any) -> None:
    """A box on the timeline selects its alerts here, one step that can be undone and is in the code."""
    explorer = EntityExplorer(client, graph, frames=[alerts])
    times = alerts["first_activity_date_time"].sort_values()
    explorer._timeline.widget.select(times.iloc[5], times.iloc[12])
    brushed = {node for node in explorer.selection.nodes if node.kind == "alert"}
    assert 5 <= len(brushed) < len(alerts)
    assert set(explorer._state.nodes) == brushed
    assert brushed <= set(explorer.drawn)
    assert explorer.to_code().count("explorer.select(") == 1
    explorer.undo()
    assert explorer.selection.nodes == ()
    assert not explorer._timeline.widget.selected.shape[0]


def test_a_click_means_what_was_clicked(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A click that was on its way while the drawing changed selects the node that its user saw."""
    explorer = EntityExplorer(client, graph, since=None)
    user = entity(graph, "user")
    view = explorer._canvas.widget
    number = next(n for n, trace in enumerate(explorer._canvas._model.traces) if user in trace.items)
    at = explorer._canvas._model.traces[number].items.index(user)
    late = {"trace": number, "points": [at], "ids": [drawn(view).data[number].ids[at]], "customdata": [None]}
    explorer.pivot(user)
    explorer.select(entity(graph, "host"))
    view._handle_custom_msg({"type": "click", "traces": [late], "number": 1}, [])
    assert explorer.selected == user


def test_a_double_click_pivots_once(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A second press of the same button asks nothing; `Ask again` does, and so does another window."""
    explorer = EntityExplorer(client, graph)
    explorer.select(entity(graph, "ip"))
    explorer._button.click()
    asked = client.requests_made
    explorer._button.click()
    assert client.requests_made == asked
    assert explorer._button.disabled
    assert explorer._again.layout.display != "none"
    explorer._again.click()
    assert client.requests_made > asked
    explorer._since.value = "7d"
    assert not explorer._button.disabled


def test_while_a_pivot_runs_nothing_else_starts(
    client: GraphClient, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During a pivot its button is off and says what runs; a second pivot is refused, and all is free afterwards."""
    explorer = EntityExplorer(client, graph)
    host = entity(graph, "host")
    explorer.select(host)
    seen: list[Any] = []
    pivot = gi.pivot

    def watched(*args: Any, **kwargs: Any) -> Any:
        seen.append((explorer._button.disabled, explorer._choice.disabled, explorer._button.description))
        with pytest.raises(gi.UsageError, match="running"):
            explorer.pivot(host)
        explorer._button.click()
        return pivot(*args, **kwargs)

    monkeypatch.setattr("graphinvestigate.pivots.pivot", watched)
    explorer._button.click()
    assert explorer._messages.error is None
    assert [entry[:2] for entry in seen] == [(True, True)]
    assert seen[0][2].startswith("Asking Graph about host")
    assert not explorer._choice.disabled


def test_errors_are_shown_escaped_and_the_state_stays(graph: nx.MultiDiGraph) -> None:
    """What Graph refuses stands in the widget; graph, drawing and selection are as before; code gets the error."""
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60, permissions=[]), graph)
    user = entity(graph, "user")
    explorer.select(user)
    stood = dict(explorer._state.positions)
    explorer._button.click()
    assert isinstance(explorer._messages.error, gi.PermissionMissingError)
    assert "PermissionMissingError" in explorer._messages.widget.value
    assert (explorer.graph, explorer.selected, explorer._state.positions) == (graph, user, stood)
    assert not explorer._button.disabled
    with pytest.raises(gi.PermissionMissingError):
        explorer.pivot(user)
    assert [entry.get("error", "")[:22] for entry in explorer.log[1:]] == ["PermissionMissingError"] * 2


def test_defects_are_shown_too(client: GraphClient, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is none of ours is shown as a defect, escaped, and not swallowed."""
    explorer = EntityExplorer(client, graph)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("<img src=x onerror=alert(1)>")

    monkeypatch.setattr("graphinvestigate.pivots.pivot", broken)
    explorer.select(entity(graph, "user"))
    explorer._button.click()
    assert isinstance(explorer._messages.error, RuntimeError)
    assert "&lt;img" in explorer._messages.widget.value
    assert "<img" not in explorer._messages.widget.value + explorer._lines.value


def test_an_alert_picked_is_selected_with_its_entities(
    client: GraphClient, graph: nx.MultiDiGraph, alerts: pd.DataFrame
) -> None:
    """Picker and explorer share one selection, in both directions; the alert's entities are drawn with it."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(client, graph, picker=picker)
    assert explorer.selected == gi.Record("alert", picker.selected["id"].iloc[0])
    assert set(explorer._timeline.frames) == {"alert"}
    for wanted in picker.shown["id"].iloc[[20, 40]]:
        picker.select(wanted)
        node = gi.Record("alert", wanted)
        assert explorer.selected == node
        assert set(nx.all_neighbors(graph, node)) <= explorer._state.positions.keys()
    other = gi.Record("alert", picker.shown["id"].iloc[3])
    explorer.select(other)
    assert picker.selected["id"].tolist() == [other.id]
    explorer.select(entity(graph, "user"))
    assert picker.selected["id"].tolist() == []  # what is selected is a user now, in all views


def test_an_alert_that_the_graph_does_not_hold_is_said(client: GraphClient, alerts: pd.DataFrame) -> None:
    """Picking an alert that is not in the graph says so instead of selecting nothing silently."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(client, gi.entity_graph(alerts=alerts.iloc[:1]), picker=picker)
    picker.select(alerts["id"].iloc[7])
    assert explorer.selected is None
    assert isinstance(explorer._messages.error, gi.UsageError)
    assert "entity_graph" in explorer._messages.widget.value


def test_large_graphs_are_drawn_in_part(client: GraphClient) -> None:
    """A large graph starts with its gravest part; selecting brings in more, and never more than the cap."""
    g = gi.entity_graph(alerts=gi.list_alerts(gi.connect_demo(seed=2, alerts=400)))
    explorer = EntityExplorer(client, g)
    assert len(explorer._state.positions) == START
    assert "not drawn" in explorer._head.value
    for node in sorted((n for n in g if isinstance(n, gi.Entity)), key=g.degree, reverse=True)[:75:3]:
        stood = dict(explorer._state.positions)
        explorer.select(node)
        assert node in explorer._state.positions
        assert len(explorer._state.positions) <= CAP
        both = stood.keys() & explorer._state.positions.keys()
        assert {n: stood[n] for n in both} == {n: explorer._state.positions[n] for n in both}


def test_wrong_arguments(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A misspelt keyword is a TypeError; what is no graph, picker, node or entity to pivot from a UsageError."""
    with pytest.raises(TypeError):
        EntityExplorer(client, graph, highlight=None)  # type: ignore[call-arg]
    explorer = EntityExplorer(client, graph)
    alert = next(n for n in graph if isinstance(n, gi.Record))
    for wrong in (
        lambda: EntityExplorer(client, nx.Graph()),
        lambda: EntityExplorer(client, graph, picker="picker"),  # type: ignore[arg-type]
        lambda: explorer.select(gi.Record("alert", "none such")),
        lambda: explorer.pivot(alert),  # type: ignore[arg-type]
        explorer.pivot,
    ):
        with pytest.raises(gi.UsageError):
            wrong()
    with pytest.raises(gi.EntityNotFoundError):
        explorer.select("nobody at all")


def test_a_view_opened_later_starts_from_now(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """The state from which a reloaded page draws holds what came since, and no copy of plotly.js."""
    explorer = EntityExplorer(client, graph, since=None)
    explorer.pivot(entity(graph, "user"))
    figure = drawn(explorer._canvas.widget)
    assert sum(len(t.x) for t in figure.data if t.meta and "identity" in t.meta["columns"]) == len(
        explorer._state.positions
    )
    assert figure.layout.title.text is None, "the words above the drawing say it"
    timeline = explorer._timeline.widget._view
    assert sum(len(t.x) for t in drawn(timeline).data if t.ids is not None) == sum(
        len(frame) for frame in explorer._timeline.frames.values()
    )
    for view in (explorer._canvas.widget, timeline):
        state = view.get_state()
        assert sum(len(str(value)) for value in state.values()) < 400_000
        assert len(state["_esm"]) < 20_000


def test_the_static_twin_and_the_mode_bar(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """The output holds widget, table and words; no button of a figure sends anything away."""
    explorer = EntityExplorer(client, graph, selected=entity(graph, "user"))
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert graph.nodes[explorer.selected]["label"] in bundle["text/html"]
    assert len(bundle["text/html"]) < 150_000
    assert "<script" not in bundle["text/html"]
    pictures = [svg_of(address) or "" for address in re.findall(r'src="([^"]*)"', bundle["text/html"])]
    assert len(pictures) == 1, "the drawing; the timeline has no record to show"
    signs = [*ET.fromstring(pictures[0]).iter("{http://www.w3.org/2000/svg}circle")]
    users = [node for node in explorer.drawn if node.kind == "user"]
    assert sum(one.get("fill") == KINDS["user"].color for one in signs) > len(users)
    for widget in (explorer._canvas.widget, explorer._timeline.widget._view):
        config = json.loads(widget.figure)["config"]
        assert "sendChartToCloud" in config["modeBarButtonsToRemove"]
        assert config["plotlyServerURL"] == ""
        assert config["typesetMath"] is False
        assert config["displaylogo"] is False


def test_the_drawing_is_read_out(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """The words of the output name what is selected, why it is linked, the way that was found, and the gravest."""
    user, host = entity(graph, "user"), entity(graph, "host")
    explorer = EntityExplorer(client, graph, selected=user)
    explorer.find_paths(user, host, through_hubs=True)
    explorer.note(words="seen at the door")
    words = explorer._repr_mimebundle_()["text/plain"]
    sentences = {s for other in explorer._state.facts.near(host) for s in gi.why(graph, host, other)["sentence"]}
    lines = words.splitlines()
    assert sum(line.strip() in sentences for line in lines) >= 3
    assert any(line.startswith("Path 1: ") and graph.nodes[user]["label"] in line for line in lines)
    assert "note: seen at the door" in words
    assert sum(line.startswith(("user ", "host ", "IP address ", "file ", "process ")) for line in lines) > 3
    assert "marks in view" in lines[-1]


def test_a_new_size_places_labels_anew_and_says_nothing(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """When a page makes room, labels are placed for it; it is no step, and what was said stays."""
    explorer = EntityExplorer(client, graph, since=None)
    explorer.pivot(entity(graph, "user"))
    said = explorer._messages.widget.value
    assert "the graph grew by" in said
    wide = set(explorer._canvas._model.traces[LABELS].items)
    explorer._canvas.widget._handle_custom_msg({"type": "size", "size": [320, 240]}, [])
    assert len(explorer._canvas._model.traces[LABELS].items) < len(wide)
    assert explorer._messages.widget.value == said
    assert [entry["action"] for entry in explorer.log] == ["pivot"]

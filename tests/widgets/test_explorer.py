"""The explorer: clicks, keys and code do the same; what was drawn never moves; errors are shown."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import comm
import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.client import GraphClient
from graphinvestigate.views.timeline import plot_timeline
from graphinvestigate.widgets import AlertPicker, EntityExplorer
from graphinvestigate.widgets.canvas import TimelineCanvas
from graphinvestigate.widgets.shown import CAP, START


@pytest.fixture
def client() -> GraphClient:
    """A client of the tenant that the alerts come from."""
    return gi.connect_demo(seed=2, alerts=60)


def entity(graph: nx.MultiDiGraph, kind: str) -> gi.Entity:
    """The entity of a kind with most links."""
    return max((n for n in graph if isinstance(n, gi.Entity) and n.kind == kind), key=graph.degree)


def click(explorer: EntityExplorer, node: Any) -> None:
    """Click what the drawing shows for a node, or for a link of two nodes, as plotly tells of it."""
    for number, trace in enumerate(explorer._canvas._model.traces):
        if node in trace.items:
            points = SimpleNamespace(point_inds=[trace.items.index(node)])
            live = explorer._canvas.widget.data[number]
            assert len(live.x) == len(trace.items)
            for callback in live._click_callbacks:
                callback(live, points, None)
            return
    pytest.fail(f"{node} is not drawn")


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
    assert explorer.log == [
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
    assert by_click.log == by_code.log == by_key.log
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
    assert "sign ins" in explorer._plan.value
    figures = explorer._canvas.widget, explorer._timeline.widget
    uids = [trace.uid for trace in explorer._canvas.widget.data]
    stood = dict(explorer._shown.positions)
    explorer._button.click()
    assert explorer._messages.error is None
    assert explorer.graph.number_of_nodes() > before
    assert graph.number_of_nodes() == before, "the graph that was given must stay as it is"
    assert (explorer._canvas.widget, explorer._timeline.widget) == figures
    assert [trace.uid for trace in explorer._canvas.widget.data] == uids
    assert {node: explorer._shown.positions[node] for node in stood} == stood
    assert len(explorer._shown.positions) > len(stood)
    for live, trace in zip(explorer._canvas.widget.data, explorer._canvas._model.traces, strict=False):
        assert list(live.x) == pytest.approx(list(trace.arrays["x"]), nan_ok=True)
    drawn = {n for trace in explorer._canvas._model.traces for n in trace.items if isinstance(n, gi.Entity | gi.Record)}
    assert drawn == set(explorer._shown.positions)
    entry = explorer.log[-1]
    assert entry["action"] == "pivot"
    assert entry["since"] is None
    assert entry["new_nodes"] == explorer.graph.number_of_nodes() - before
    assert set(explorer._timeline.frames) == {
        str(frame["record_kind"].iloc[0]) for frame in explorer.pivot(user).frames.values() if len(frame)
    }
    assert "requests asked" in explorer._coverage.value
    assert "Asked (all that Graph keeps)" in explorer._plan.value


def test_a_live_figure_becomes_another_without_a_trace_of_the_first(alerts: pd.DataFrame) -> None:
    """After any number of changes it shows what a new figure of the same records shows, and the rest is empty."""
    canvas = TimelineCanvas()
    live = canvas.widget
    traces = live.data
    few = alerts[alerts["severity"] == "low"].head(3)
    for frames in ([few], [alerts], [gi.evidence(alerts)]):
        canvas.add(frames)
        expected = plot_timeline(*canvas.frames.values(), lanes="record_kind")
        assert live.data == traces
        for shown, wanted in zip(live.data, expected.data, strict=False):
            assert plain(shown) == plain(wanted)
        for spare in live.data[len(expected.data) :]:
            assert len(spare.x) == 0
            assert spare.showlegend is False
        layout = {name: value for name, value in live.layout.to_plotly_json().items() if value != []}
        assert layout.pop("autosize") is True
        assert layout == expected.layout.to_plotly_json()


def plain(trace: Any) -> dict[str, Any]:
    """A trace's properties with arrays as lists."""
    properties = json.loads(trace.to_json())
    properties.pop("uid", None)
    return properties


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
    stood = dict(explorer._shown.positions)
    explorer._button.click()
    assert isinstance(explorer._messages.error, gi.PermissionMissingError)
    assert "PermissionMissingError" in explorer._messages.widget.value
    assert (explorer.graph, explorer.selected, explorer._shown.positions) == (graph, user, stood)
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
        assert set(nx.all_neighbors(graph, node)) <= explorer._shown.positions.keys()
    other = gi.Record("alert", picker.shown["id"].iloc[3])
    explorer.select(other)
    assert picker.selected["id"].tolist() == [other.id]
    explorer.select(entity(graph, "user"))
    assert picker.selected["id"].tolist() == [other.id]


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
    assert len(explorer._shown.positions) == START
    assert "not drawn" in explorer._head.value
    for node in sorted((n for n in g if isinstance(n, gi.Entity)), key=g.degree, reverse=True)[:75:3]:
        stood = dict(explorer._shown.positions)
        explorer.select(node)
        assert node in explorer._shown.positions
        assert len(explorer._shown.positions) <= CAP
        both = stood.keys() & explorer._shown.positions.keys()
        assert {n: stood[n] for n in both} == {n: explorer._shown.positions[n] for n in both}


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


def test_the_page_meets_a_figure_only_when_it_is_complete(
    client: GraphClient, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first message about a figure holds all its traces and its layout: no page can draw it empty."""
    opened: list[dict[str, Any]] = []
    create = comm.create_comm

    def watched(**message: Any) -> Any:
        state = message["data"]["state"]
        if "_widget_data" in state:
            opened.append(state)
        return create(**message)

    monkeypatch.setattr(comm, "create_comm", watched)
    explorer = EntityExplorer(client, graph)
    figures = [explorer._canvas.widget, explorer._timeline.widget]
    assert [len(state["_widget_data"]) for state in opened] == [len(figure.data) for figure in figures]
    assert [state["_widget_layout"]["height"] for state in opened] == [figure.layout.height for figure in figures]
    assert [len(state["_esm"]) > 1_000_000 for state in opened] == [True, True]


def test_a_view_that_drew_an_older_state_is_sent_all(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """A view that says it drew an older edition gets every trace again, one that is up to date only its room."""
    explorer = EntityExplorer(client, graph)
    live = explorer._canvas.widget
    sent: list[Any] = []
    live.observe(
        lambda change: sent.append(change["new"]) if change["new"] else None, ["_py2js_update", "_py2js_relayout"]
    )

    async def drawn(edition: int) -> None:
        sent.clear()
        deltas = [{"uid": trace.uid} for trace in live.data]
        live.set_state({"_js2py_traceDeltas": {"trace_deltas": deltas, "trace_edit_id": edition}})
        await asyncio.sleep(0.2)

    edition = live._last_trace_edit_id
    asyncio.run(drawn(edition))
    assert [message.get("relayout_data", {}).get("autosize") for message in sent] == [True]
    asyncio.run(drawn(edition - 1))
    update, fit = sent
    assert [len(x) for x in update["style_data"]["x"]] == [len(trace.x) for trace in live.data]
    assert fit["relayout_data"]["autosize"] is True
    asyncio.run(drawn(live._last_trace_edit_id))
    assert len(sent) == 1, "a view that has caught up is not sent all again"


def test_a_page_that_hears_nothing_meets_the_figure_anew(
    client: GraphClient, graph: nx.MultiDiGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that no view says it has drawn makes the figure known anew in its place; one that is drawn does not."""
    monkeypatch.setattr("graphinvestigate.widgets.canvas._PATIENCE", 0.1)
    explorer = EntityExplorer(client, graph)
    live = explorer._canvas.widget
    model = live.model_id
    user, host = entity(graph, "user"), entity(graph, "host")

    def drawn() -> None:
        deltas = [{"uid": trace.uid} for trace in live.data]
        live.set_state({"_js2py_traceDeltas": {"trace_deltas": deltas, "trace_edit_id": live._last_trace_edit_id}})

    async def change(node: Any, *, answered: bool) -> None:
        explorer.select(node)
        if answered:
            drawn()
        await asyncio.sleep(0.3)

    asyncio.run(change(user, answered=False))
    assert live.model_id == model, "no view has drawn anything yet, so none is deaf"
    asyncio.run(change(host, answered=True))
    assert live.model_id == model
    asyncio.run(change(user, answered=False))
    assert live.model_id != model
    assert live.in_place().children == (live,)
    assert set(explorer._repr_mimebundle_()) >= {"application/vnd.jupyter.widget-view+json"}
    click(explorer, host)
    assert explorer.selected == host


def test_a_view_opened_later_starts_from_now(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """What changed since the figures were made is in the state from which a reloaded page draws them."""
    explorer = EntityExplorer(client, graph, since=None)
    explorer.pivot(entity(graph, "user"))
    for widget in (explorer._canvas.widget, explorer._timeline.widget):
        assert [len(trace.get("x", ())) for trace in widget._widget_data] == [
            0 if trace.x is None else len(trace.x) for trace in widget.data
        ]
        assert widget._widget_layout["title"]["text"] == widget.layout.title.text


def test_the_static_twin_and_the_mode_bar(client: GraphClient, graph: nx.MultiDiGraph) -> None:
    """The output holds widget, table and words; no button of a figure sends anything away."""
    explorer = EntityExplorer(client, graph, selected=entity(graph, "user"))
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert graph.nodes[explorer.selected]["label"] in bundle["text/html"]
    for widget in (explorer._canvas.widget, explorer._timeline.widget):
        assert "sendChartToCloud" in widget._config["modeBarButtonsToRemove"]
        assert widget._config["plotlyServerURL"] == ""

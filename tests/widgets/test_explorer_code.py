"""The code leads to the same state, whatever was done in queue, graph and timeline, and in what order."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import example, given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.linking import Record
from graphinvestigate.widgets import AlertPicker, EntityExplorer, Workbench
from graphinvestigate.widgets.shown import BUDGET
from tests.widgets.test_explorer_actions import facts, most_linked


def everything(explorer: EntityExplorer, picker: AlertPicker | None) -> dict[str, Any]:
    """All that a workbench shows, as values that can be compared."""
    timeline = explorer.timeline
    shown = facts(explorer._state) | {
        "all selected": set(explorer.selection.nodes), "current of all": explorer.selection.node,
        "time": explorer.selection.time_range, "timeline": (timeline._lanes, timeline._zone.key, timeline.time_range),
        "entities": explorer.entities.shown, "marked": sorted(timeline.selected["id"]),
    }  # fmt: skip
    if picker is not None:
        shown |= {"queue": picker.shown["id"].tolist(), "picked": picker.selected["id"].tolist()}
    return shown


def rebuilt(code: str, **names: Any) -> dict[str, Any]:
    """What code makes in a namespace that holds nothing else."""
    names["client"] = gi.connect_demo(seed=2, alerts=60)
    exec(code, names)
    return names


ACTIONS = {
    "pick one": lambda e, p, n: p.select(p.alerts["id"].iloc[n]),
    "pick some": lambda e, p, n: p.select(*p.alerts["id"].iloc[n : n + 4]),
    "pick all": lambda e, p, n: p.select_all(),
    "filter the queue": lambda e, p, n: p.filter(severity=["high", "medium", "low"][n % 3]),
    "search the queue": lambda e, p, n: p.filter(text="a"),
    "show the whole queue": lambda e, p, n: p.filter(),
    "sort the queue": lambda e, p, n: p.sort(["severity", "title", "last_activity"][n % 3]),
    "select a user": lambda e, p, n: e.select(most_linked(e.graph, "user", n % 4)),
    "select two": lambda e, p, n: e.select(most_linked(e.graph, "user"), most_linked(e.graph, "host", n % 3)),
    "select an alert": lambda e, p, n: e.select(Record("alert", p.alerts["id"].iloc[n + 10])),
    "select nothing": lambda e, p, n: e.select(),
    "expand": lambda e, p, n: e.expand(most_linked(e.graph, "host", n % 3)),
    "hide": lambda e, p, n: e.hide(most_linked(e.graph, "ip", n % 3)),
    "pin": lambda e, p, n: e.pin(most_linked(e.graph, "file", n % 3)),
    "note": lambda e, p, n: e.note(most_linked(e.graph, "user"), words=f"seen {n} times"),
    "filter the graph": lambda e, p, n: e.filter(severity="medium", text="e"),
    "filter by time": lambda e, p, n: e.filter(until=p.alerts["first_activity_date_time"].sort_values().iloc[n + 20]),
    "lay out": lambda e, p, n: e.arrange(["time", "rings", "force"][n % 3]),
    "path": lambda e, p, n: e.find_paths(most_linked(e.graph, "user"), most_linked(e.graph, "host"), through_hubs=True),
    "lanes": lambda e, p, n: e.timeline.set_lanes(["tactic", "source", "entity"][n % 3]),
    "zone": lambda e, p, n: e.timeline.set_time_zone("Europe/Berlin"),
    "zoom": lambda e, p, n: e.timeline.zoom(
        p.alerts["first_activity_date_time"].min(), p.alerts["first_activity_date_time"].sort_values().iloc[n + 10]
    ),
    "brush": lambda e, p, n: e.timeline.select(until=p.alerts["first_activity_date_time"].sort_values().iloc[n]),
    "sort entities": lambda e, p, n: e.entities.sort(["name", "links", "severity"][n % 3]),
    "search entities": lambda e, p, n: e.entities.filter(["user", "1", "exe host"][n % 3]),
    "lead": lambda e, p, n: (ACTIONS["zoom"](e, p, n), e.timeline._lead(True)),
    "undo": lambda e, p, n: e.undo() if e._history.done else None,
    "redo": lambda e, p, n: e.redo() if e._history.undone else None,
}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 9)), min_size=1, max_size=6))
@example([("brush", 0), ("lead", 0)])  # the timeline's window has more digits than the graph's filters
@example([("select nothing", 0), ("filter by time", 0)])  # filters of the queue select nothing, and draw nothing
def test_any_sequence_of_actions_is_rebuilt_by_its_code(
    alerts: pd.DataFrame, graph: nx.MultiDiGraph, done: list[tuple[str, int]]
) -> None:
    """Picking, sorting, filtering, drawing, brushing and undoing in any order: the code makes the same of it all."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, picker=picker, since=None)
    for name, n in done:
        ACTIONS[name](explorer, picker, n)
    made = rebuilt(explorer.to_code(), g=graph, alerts=alerts)
    assert everything(made["explorer"], made["picker"]) == everything(explorer, picker), explorer.to_code()


def test_a_window_that_hides_what_is_selected_leads_all_the_same(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """Where the timeline leads out of the selected alert's time, the queue selects another, and all keep the window."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, picker=picker, since=None)
    before = picker.selected["id"].tolist()
    ACTIONS["lead"](explorer, picker, 0)
    window = explorer.timeline.time_range
    assert explorer.selection.time_range == window
    assert 0 < len(picker.shown) < len(alerts)
    assert picker.selected["id"].tolist() == picker.shown["id"].tolist()[:1] != before
    assert explorer._state.filters.until == window[1].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    explorer.undo()
    assert explorer.selection.time_range is None
    assert len(picker.shown) == len(alerts)


def test_the_code_of_a_workbench_makes_a_workbench(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """Frames that were given are on the rebuilt timeline, and queue and graph share one selection again."""
    client = gi.connect_demo(seed=2, alerts=60)
    frames = [gi.list_risk_detections(client)]
    bench = Workbench(client, alerts, g=graph, frames=frames, since="90d")
    bench.picker.filter(severity="medium")
    bench.explorer.pivot(most_linked(graph, "user"), since=None)
    bench.explorer.timeline.set_lanes("source")
    names = rebuilt(bench.to_code(), g=graph, alerts=alerts, frames=frames)
    again = names["workbench"]
    assert everything(again.explorer, again.picker) == everything(bench.explorer, bench.picker)
    assert again.explorer.selection is again.picker.selection
    assert "risk_detection" in again.explorer._timeline.frames
    assert again.explorer._since.value == "90d"


def test_a_selection_of_any_size_is_in_the_code(alerts: pd.DataFrame) -> None:
    """More nodes than are ever drawn are all selected again; the pane and the log only count them."""
    many = pd.concat([alerts.assign(id=[f"{key}-{n}" for key in alerts["id"]]) for n in range(5)], ignore_index=True)
    g = gi.entity_graph(alerts=many)
    picker = AlertPicker(many)
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), g, picker=picker)
    picker.select_all()
    assert len(explorer._state.nodes) == len(many) > BUDGET
    made = rebuilt(explorer.to_code(), g=g, alerts=many)
    assert set(made["explorer"]._state.nodes) == {Record("alert", key) for key in many["id"]}
    assert everything(made["explorer"], made["picker"]) == everything(explorer, picker)
    assert f"# {len(many)} nodes" in explorer._code.value
    assert len(explorer._code.value) < 3000
    assert explorer.log[-1]["selected"] == len(many)


def test_what_nobody_selected_at_first_is_not_selected(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """An explorer that was opened beside a queue with nothing picked is rebuilt so."""
    picker = AlertPicker(alerts)
    picker.select()
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, picker=picker)
    made = rebuilt(explorer.to_code(), g=graph, alerts=alerts)
    assert everything(made["explorer"], made["picker"]) == everything(explorer, picker)
    assert made["explorer"].selected is None


def test_the_pane_follows_queue_and_timeline(alerts: pd.DataFrame, graph: nx.MultiDiGraph) -> None:
    """Opened, the Code tab shows what queue and timeline did as well."""
    picker = AlertPicker(alerts)
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph, picker=picker)
    picker.sort("title")
    explorer.timeline.set_time_zone("Europe/Berlin")
    tabs = next(child for child in explorer.children if hasattr(child, "selected_index"))
    tabs.selected_index = len(tabs.children) - 1
    assert "picker.sort(" in explorer._code.value
    assert "set_time_zone(" in explorer._code.value


def test_names_in_code_are_keys_only(graph: nx.MultiDiGraph) -> None:
    """A name that would end a text in code stays inside it."""
    explorer = EntityExplorer(gi.connect_demo(seed=2, alerts=60), graph)
    words = '"""); import os #\'\n\\'
    explorer.rename(most_linked(graph, "user"), name=words)
    made = rebuilt(explorer.to_code(), g=graph)
    assert made["explorer"]._state.names == explorer._state.names
    assert "os" not in made
    with pytest.raises(gi.UsageError):
        explorer.expand(relation="no_such")

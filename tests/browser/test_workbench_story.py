"""The whole story of the demo tenant, by clicks and keys alone; the code that is read off leads to the same graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.walkthrough import investigate

pytestmark = pytest.mark.browser

SEED, ALERTS = 0, 60
SETUP = f"""
import graphinvestigate as gi
client = gi.connect_demo(seed={SEED}, alerts={ALERTS})
alerts = gi.list_alerts(client)
g = gi.entity_graph(alerts=alerts, incidents=gi.list_incidents(client))
"""
PICKER = "picker = gi.AlertPicker(alerts)\npicker"
EXPLORER = "explorer = gi.EntityExplorer(client, g, picker=picker, since=None)\nexplorer"
# Compares what the code makes with what the clicks made; run in the kernel.
SAME = """
def same():
    names = {"client": gi.connect_demo(seed=SEED, alerts=ALERTS), "g": g, "alerts": alerts}
    exec(explorer.to_code(), names)
    other = names["explorer"]
    return {
        "nodes": set(other.graph) == set(explorer.graph),
        "edges": set(other.graph.edges(keys=True)) == set(explorer.graph.edges(keys=True)),
        "drawn": set(other.drawn) == set(explorer.drawn),
        "places": other._state.positions == explorer._state.positions,
        "selected": [set(other._state.nodes), other.selected] == [set(explorer._state.nodes), explorer.selected],
        "paths": other._state.paths == explorer._state.paths,
    }
""".replace("SEED", str(SEED)).replace("ALERTS", str(ALERTS))
# Where the page draws a node, by the id that its point has: the middle of the marker.
POINT = """id => {
  const graph = document.querySelector('.js-plotly-plot');
  for (const trace of graph._fullData) {
    const at = (trace.ids || []).indexOf(id);
    if (at < 0 || trace.mode !== 'markers' || !trace.hovertemplate) continue;
    const box = graph.querySelector(`.trace${trace.uid}`).querySelectorAll('path.point')[at].getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  }
}"""


def test_the_story_by_clicks_and_keys(open_notebook: Callable[..., Any]) -> None:
    """Pick the alert, open its user, pivot, find the address, path to the laptop, brush, undo, read the code."""
    found = investigate(gi.connect_demo(seed=SEED, alerts=ALERTS), since="30d")
    user, host, address = found.user, found.host, found.address
    assert user is not None
    assert host is not None
    assert address is not None
    notebook = open_notebook(SETUP, SAME, PICKER, EXPLORER, width=1280, height=2400)
    page = notebook.page
    notebook.run_all(seconds=120)
    page.locator(".js-plotly-plot .main-svg").nth(1).wait_for()
    cells = page.locator(".jp-Notebook .jp-Cell").count()

    def node(entity: Any) -> str:
        return f"gi.Entity({entity.kind!r}, {entity.key!r})"

    def label(entity: Any) -> str:
        return notebook.value(f"next(label for label, node in explorer._by_label.items() if node == {node(entity)})")

    def is_selected(entity: Any) -> bool:
        return notebook.value("list(explorer.selected or ())") == list(entity)

    # The queue: search for the user, pick the first alert.
    name = notebook.value(f"g.nodes[{node(user)}]['label']")
    page.get_by_placeholder("Search title").fill(name.split("@")[0])
    page.wait_for_timeout(800)
    notebook.idle()
    page.locator(".gi-root [role=row]").nth(1).click()
    notebook.idle()
    assert notebook.value("explorer.selected.kind") == "alert"
    assert notebook.value(f"{node(user)} in explorer.drawn")

    # The drawing: click the user, see why it is linked and what a pivot would ask, and pivot.
    page.wait_for_timeout(500)
    x, y = page.evaluate(POINT, notebook.value(f"explorer._canvas._name({node(user)})"))
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Pivot on user").wait_for()
    notebook.idle()
    assert is_selected(user)
    assert "Why linked" in page.locator(".gi-details").nth(1).inner_text().replace("WHY LINKED", "Why linked")
    before = notebook.value("explorer.graph.number_of_nodes()")
    page.get_by_role("button", name="Pivot on user").click()
    page.get_by_text("the graph grew by").wait_for()
    notebook.idle()
    assert notebook.value("explorer.graph.number_of_nodes()") > before
    notebook.picture("story-1-pivoted")

    # Keys alone: find the address by its name, expand it.
    choice = page.get_by_placeholder("Type a name")
    choice.focus()
    page.keyboard.type(label(address))
    page.keyboard.press("Enter")
    notebook.idle()
    assert is_selected(address)
    expand = page.get_by_role("button", name="Expand")
    expand.focus()
    page.keyboard.press("Enter")
    notebook.idle()

    # To the laptop: its name as the end of a path.
    target = page.get_by_placeholder("Path to")
    target.focus()
    page.keyboard.type(label(host))
    page.keyboard.press("Enter")
    page.get_by_text("Path 1:").wait_for()
    notebook.idle()
    assert is_selected(host)
    assert notebook.value("[list(explorer._state.paths[0][0]), list(explorer._state.paths[0][-1])]") == [
        list(address),
        list(host),
    ]
    page.wait_for_timeout(700)
    notebook.picture("story-2-path")
    note = page.get_by_placeholder("A name or a note")
    note.focus()
    page.keyboard.type("his own laptop")
    page.keyboard.press("Enter")  # right behind the last letter
    page.locator(".gi-details .gi-note", has_text="his own laptop").wait_for()
    notebook.idle()
    assert note.input_value() == "", "the words were taken"
    pathed = notebook.value("sorted(map(list, explorer.drawn))")

    # The timeline: a box selects what happened in it, here and in the queue.
    page.get_by_role("button", name="Select", exact=True).click()
    notebook.idle()
    page.wait_for_timeout(500)
    box = page.locator(".js-plotly-plot").nth(1).locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.6, steps=6)
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + box["height"] - 3, steps=6)
    page.mouse.up()
    page.wait_for_timeout(500)
    notebook.idle()
    brushed = notebook.value("len(explorer._state.nodes)")
    assert brushed > 2
    assert notebook.value("len(picker.selected)") > 0
    page.wait_for_timeout(700)
    notebook.picture("story-3-brushed")

    # Hide, pin by key in the drawing, then three steps back: two with the button, one with a key.
    page.get_by_role("button", name="Hide", exact=True).click()
    notebook.idle()
    page.locator(".gi-plotly").first.focus()
    page.keyboard.press("p")
    notebook.idle()
    assert [entry["action"] for entry in notebook.value("explorer.log")][-2:] == ["hide", "pin"]
    page.keyboard.press("u")
    notebook.idle()
    for _ in range(2):
        page.get_by_role("button", name="Undo").click()
        notebook.idle()
    assert notebook.value("sorted(map(list, explorer.drawn))") == pathed
    assert is_selected(host)

    # The code that is read off the page leads to the same graph, drawing, selection and paths.
    page.get_by_role("tab", name="Code").click()
    page.locator(".gi-code").wait_for()
    code = page.locator(".gi-code").inner_text()
    assert code.count("explorer.pivot(") == 1
    assert "explorer.find_paths(" in code
    assert "hide" not in code
    assert notebook.value("same()") == dict.fromkeys(("nodes", "edges", "drawn", "places", "selected", "paths"), True)
    notebook.picture("story-4-code")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "no key reached the notebook"
    assert notebook.problems == []

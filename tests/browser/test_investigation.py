"""An investigation with the mouse: pick an alert, click a node, pivot, and see graph and timeline grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=\"window.__pwn=1\"><script>window.__pwn=2</script><a href='http://evil.example/'>Reset</a>"
)
SETUP = f"""
import graphinvestigate as gi
import json
client = gi.connect_demo(seed=3, alerts=60)
alerts = gi.list_alerts(client)
title = json.loads({__import__("json").dumps(__import__("json").dumps(HOSTILE))})
record = json.loads(alerts["raw"].iloc[0])
record["title"] = record["description"] = record["recommendedActions"] = title
record["lastUpdateDateTime"] = "2099-01-01T00:00:00Z"
for item in record["evidence"]:
    for account in filter(None, [item.get("userAccount")]):
        account["displayName"] = account["userPrincipalName"] = title
hostile = gi.read_records("alerts", [record])
import pandas as pd
alerts = pd.concat([alerts, hostile])
g = gi.entity_graph(alerts=alerts)
explorer = None
"""
PICKER = "picker = gi.AlertPicker(alerts)\npicker"
EXPLORER = "explorer = gi.EntityExplorer(client, g, picker=picker, since=None)\nexplorer"

# Where the page draws a node of this kind with this index, in the middle of its marker.
MARKER = """([figure, kind, at]) => {
  const graph = document.querySelectorAll('.js-plotly-plot')[figure];
  const trace = graph._fullData.find(t => t.name === kind && t.mode.includes('markers'));
  const box = graph.querySelector(`.trace${trace.uid}`).querySelectorAll('path.point')[at].getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""
# How many markers of nodes the page has drawn: every trace with a hover that names a node's identity.
DRAWN = """() => {
  const graph = document.querySelectorAll('.js-plotly-plot')[0];
  return graph._fullData.filter(t => (t.meta?.columns || []).includes('identity'))
    .reduce((n, t) => n + (graph.querySelector(`.trace${t.uid}`)?.querySelectorAll('path.point').length || 0), 0);
}"""
DATES = "() => document.querySelectorAll('.js-plotly-plot')[1]._fullData.reduce((n, t) => n + (t.x?.length || 0), 0)"


def click(page: Any, x: float, y: float) -> None:
    """Click as a hand does: come near, come over it, rest, press."""
    page.mouse.move(x - 4, y - 1)
    page.mouse.move(x, y)
    page.wait_for_timeout(150)
    page.mouse.down()
    page.mouse.up()


def test_pick_click_pivot(open_notebook: Callable[..., Any]) -> None:
    """Picking an alert, clicking a node and pressing pivot grows graph and timeline; hostile titles stay text."""
    notebook = open_notebook(SETUP, PICKER, EXPLORER, height=2300)
    page = notebook.page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    notebook.run_all(seconds=120)
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2")
    page.wait_for_function(f"() => ({DRAWN})() > 10")
    notebook.picture("1-opened")

    # The hostile alert: found by searching, shown as the characters it is made of.
    page.get_by_placeholder("Search title").fill("onerror __pwn=2")
    page.get_by_text("1 of 60 alerts shown").wait_for()
    notebook.idle()
    assert notebook.value("picker.selected['title'].tolist()") == [HOSTILE]
    assert "<script>window.__pwn=2" in page.locator(".gi-details h3").first.inner_text()
    page.wait_for_timeout(500)
    notebook.picture("2-hostile")
    page.get_by_role("button", name="Clear filters").click()

    # An alert picked with the mouse is selected in the kernel and in the explorer.
    page.get_by_text("60 of 60 alerts shown").wait_for()
    wanted = notebook.value("picker.shown['id'].tolist()")[4]
    row = page.locator(".gi-rg-row[aria-rowindex='6']").first
    row.click()
    page.wait_for_function("one => one.getAttribute('aria-selected') === 'true'", arg=row.element_handle())
    notebook.idle()
    assert notebook.value("picker.selected['id'].tolist()") == [wanted]
    assert notebook.value("list(explorer.selected)") == ["alert", wanted]

    # A user clicked in the drawing is selected, and what a pivot will ask is said before it is asked.
    at = notebook.value(
        "[n for n in explorer._canvas._model.traces if n.kind == 'user'][0].items.index("
        "next(n for n in g.successors(explorer.selected) if n.kind == 'user')) "
        "if any(n.kind == 'user' for n in g.successors(explorer.selected)) else 0"
    )
    click(page, *page.evaluate(MARKER, [0, "users", at]))
    page.get_by_role("button", name="Pivot on user").wait_for()
    notebook.idle()
    user = notebook.value("list(explorer.selected)")
    assert user[0] == "user"
    assert "sign-ins" in page.locator(".gi-plan").inner_text()
    page.wait_for_timeout(500)
    notebook.picture("3-clicked")

    # The pivot asks once, however often its button is pressed, and graph and timeline grow where they stand.
    before = notebook.value(
        "[explorer.graph.number_of_nodes(), client.requests_made, "
        "{str(tuple(n)): xy for n, xy in explorer._state.positions.items()}]"
    )
    drawn, dates = page.evaluate(DRAWN), page.evaluate(DATES)
    figures = page.locator(".js-plotly-plot").evaluate_all("all => all.map(one => one.__mark = Math.random())")
    page.get_by_role("button", name="Pivot on user").dblclick()
    page.get_by_text("the graph grew by").wait_for()
    notebook.idle()
    page.wait_for_timeout(1000)
    notebook.picture("4-pivoted")
    after = notebook.value(
        "[explorer.graph.number_of_nodes(), client.requests_made, "
        "{str(tuple(n)): xy for n, xy in explorer._state.positions.items()}]"
    )
    assert after[0] > before[0]
    assert [entry["action"] for entry in notebook.value("explorer.log")].count("pivot") == 1
    assert page.evaluate(DRAWN) > drawn
    assert page.evaluate(DRAWN) == len(after[2])
    assert page.evaluate(DATES) > dates
    assert page.evaluate("document.querySelectorAll('.js-plotly-plot')[1]._fullLayout.xaxis.type") == "date"
    widths = "all => all.map(one => Math.abs(one.parentElement.clientWidth - one._fullLayout.width))"
    assert max(page.locator(".js-plotly-plot").evaluate_all(widths)) < 40, "figures are as wide as their place"
    moved = {node for node in before[2].keys() & after[2].keys() if before[2][node] != after[2][node]}
    assert moved == set()
    assert page.locator(".js-plotly-plot").evaluate_all("all => all.map(one => one.__mark)") == figures
    assert "Coverage of the last pivot" in page.locator(".gi-coverage").inner_text()

    assert page.evaluate("window.__pwn") is None
    assert dialogs == []
    assert notebook.problems == []
    assert page.locator("a[href*='evil']").count() == 0


def test_errors_are_shown_in_the_widget(open_notebook: Callable[..., Any]) -> None:
    """A pivot that Graph refuses says so in the widget, and the widget goes on working; keys alone are enough."""
    notebook = open_notebook(
        "import graphinvestigate as gi\n"
        "full = gi.connect_demo(alerts=30)\n"
        "g = gi.entity_graph(alerts=gi.list_alerts(full))\n"
        "client = gi.connect_demo(alerts=30, permissions=['SecurityIncident.Read.All'])\n",
        "explorer = gi.EntityExplorer(client, g)\nexplorer",
    )
    page = notebook.page
    notebook.run_all(seconds=120)
    name = notebook.value("next(label for label, node in explorer._by_label.items() if node.kind == 'host')")
    choice = page.get_by_placeholder("Type a name")
    choice.focus()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Pivot on host")
    button.wait_for()
    button.focus()
    page.keyboard.press("Space")
    alert = page.locator(".gi-error")
    alert.wait_for()
    notebook.idle()
    notebook.picture("refused")
    assert "SecurityAlert.Read.All" in alert.inner_text()
    assert notebook.value("explorer.log[-1]['action']") == "pivot"
    assert "Error" in notebook.value("explorer.log[-1]['error']")
    assert button.is_enabled()
    choice.focus()
    page.keyboard.type("203.0.113.254")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Pivot on IP address 203.0.113.254").wait_for()
    notebook.idle()
    assert "203.0.113.254 is not in this graph yet" in page.locator(".gi-plan").inner_text()
    assert choice.input_value() == ""
    notebook.picture("stranger")

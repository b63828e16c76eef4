"""The timeline in a real JupyterLab: brush, click, keys, zoom of a dense one, and the picker that follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SETUP = """
import graphinvestigate as gi, pandas as pd
client = gi.connect_demo(seed=3, alerts=60)
alerts = gi.list_alerts(client)
risk = gi.list_risk_detections(client)
picker = gi.AlertPicker(alerts)
timeline = gi.TimelineView(alerts, risk, selection=picker.selection)
"""
POINTS = ".gi-plotly .js-plotly-plot .points path.point"
PLOT = """() => {
  const graph = document.querySelector('.js-plotly-plot'), box = graph.getBoundingClientRect();
  const {xaxis, yaxis, yaxis2} = graph._fullLayout, y = yaxis2 ?? yaxis;
  return [box.x + xaxis._offset, box.y + y._offset, xaxis._length, y._length];
}"""
DRAWN = "edition => Number(document.querySelector('.gi-plotly').dataset.drawn) >= edition"


def drag(page: Any, x0: float, y0: float, x1: float, y1: float) -> None:
    """Drag as a hand does."""
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2, steps=6)
    page.mouse.move(x1, y1, steps=6)
    page.mouse.up()


def drawn(notebook: Any) -> None:
    """Wait until the page shows the figure that the kernel holds."""
    notebook.idle()
    notebook.page.wait_for_function(DRAWN, arg=notebook.value("timeline._view.edition"))


def test_brush_click_and_keys(open_notebook: Callable[..., Any]) -> None:
    """A box, a click, Ctrl-click and keys select in timeline, picker and kernel alike; no key reaches the notebook."""
    notebook = open_notebook(SETUP, "timeline", "picker", width=1280, height=1600)
    page = notebook.page
    notebook.run_all(seconds=120)
    page.locator(POINTS).first.wait_for()
    notebook.picture("timeline-1-opened")
    page.get_by_title("Drag to select").click()
    drawn(notebook)
    x, y, width, height = page.evaluate(PLOT)
    drag(page, x + width * 0.55, y + 4, x + width * 0.9, y + height * 0.8)
    page.wait_for_function("() => document.querySelectorAll('.gi-rg-row[aria-selected=true]').length > 1")
    drawn(notebook)
    selected = notebook.value("timeline.selected['id'].tolist()")
    assert len(selected) > 3
    assert set(notebook.value("picker.selected['id'].tolist()")) == set(selected) & set(
        notebook.value("alerts['id'].tolist()")
    )
    assert page.locator(".gi-plotly .select-outline").count() == 0, "plotly's own box is gone: rings show what counts"
    notebook.picture("timeline-2-brushed")

    box = page.locator(POINTS).nth(2).bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(middle[0] - 3, middle[1])
    page.mouse.move(*middle)
    page.wait_for_timeout(150)
    page.mouse.down()
    page.mouse.up()
    notebook.idle()
    page.wait_for_timeout(300)
    drawn(notebook)
    assert len(notebook.value("timeline.selected['id'].tolist()")) == 1
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("x", "d", "d", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    drawn(notebook)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert len(notebook.value("timeline.selected['id'].tolist()")) == 1
    page.get_by_text("current: ").wait_for()
    page.keyboard.press("Shift+ArrowRight")
    drawn(notebook)
    assert len(notebook.value("timeline.selected['id'].tolist()")) == 2
    page.keyboard.press("Escape")
    page.get_by_text("0 selected").first.wait_for()

    # The other way round: what is picked in the queue is ringed.
    page.locator(".gi-rg").focus()
    page.keyboard.press("Home")
    page.locator(".gi-rg-row[aria-rowindex='5']").click()
    page.wait_for_function("() => document.querySelector('.gi-rg-row[aria-rowindex=\"5\"][aria-selected=true]')")
    drawn(notebook)
    rings = "() => document.querySelector('.js-plotly-plot')._fullData.find(t => t.name === 'selected')?.x.length"
    page.wait_for_function(f"() => ({rings})() === 1")
    page.get_by_role("button", name="Filter other views").click()
    page.get_by_title("Drag to zoom").click()
    drawn(notebook)
    x, y, width, height = page.evaluate(PLOT)
    drag(page, x + width * 0.6, y + 10, x + width * 0.8, y + height * 0.5)
    drawn(notebook)
    n = notebook.value("len(picker.shown)")
    assert 0 < n < 60
    page.get_by_text(f"{n} of 60 alerts shown").wait_for()
    notebook.picture("timeline-3-zoomed")
    low, high = notebook.value("[t.isoformat() for t in timeline.time_range]")
    assert low < high
    page.get_by_role("button", name="All of time").click()
    page.get_by_text("60 of 60 alerts shown").wait_for()
    assert notebook.problems == []


MANY = """
import graphinvestigate as gi, numpy as np, pandas as pd
few = gi.list_alerts(gi.connect_demo(seed=3, alerts=1000))
alerts = pd.concat([few] * 100, ignore_index=True)
alerts["id"] = [f"{key}-{at}" for at, key in enumerate(alerts["id"])]
shift = pd.to_timedelta(np.random.default_rng(0).integers(0, 86_400, len(alerts)), unit="s")
alerts["first_activity_date_time"] -= shift
alerts["last_activity_date_time"] -= shift
timeline = gi.TimelineView(alerts)
"""


def test_a_dense_timeline_refines(open_notebook: Callable[..., Any]) -> None:
    """100,000 alerts are counts; a box selects what it counts, zooming shows finer counts and then each alert."""
    notebook = open_notebook(MANY, "timeline", width=1280, height=1100)
    page = notebook.page
    notebook.run_all(seconds=240)
    page.locator(".js-plotly-plot .heatmaplayer image").first.wait_for(state="attached")
    drawn(notebook)
    notebook.picture("timeline-4-dense")
    page.get_by_title("Drag to select").click()
    drawn(notebook)
    x, y, width, height = page.evaluate(PLOT)
    drag(page, x + width * 0.5, y + 2, x + width * 0.6, y + height * 0.5)
    page.wait_for_function("() => /[1-9][0-9,]* selected/.test(document.querySelector('.gi-root').innerText)")
    drawn(notebook)
    assert 10 < notebook.value("len(timeline.selected)") < 100_000
    notebook.picture("timeline-5-dense-brushed")
    page.get_by_title("Drag to zoom").click()
    drawn(notebook)
    spans = [notebook.value("timeline._view.figure.count('heatmap')")]
    for _ in range(6):
        x, y, width, height = page.evaluate(PLOT)
        drag(page, x + width * 0.45, y + 10, x + width * 0.6, y + height * 0.5)
        drawn(notebook)
        spans.append(notebook.value("timeline._view.figure.count('heatmap')"))
        if not spans[-1]:
            break
    assert spans[:2] == [1, 1], "the first zoom shows finer counts"
    assert spans[-1] == 0, "in the end each alert is a mark"
    page.locator(POINTS).first.wait_for()
    notebook.picture("timeline-6-refined")
    assert json.loads(notebook.value("timeline._view.figure"))["layout"]["meta"] == {"dense": False}
    assert notebook.problems == []

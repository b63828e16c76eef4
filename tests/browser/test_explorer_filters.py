"""The legend that filters, as a page shows it: pressed by mouse and by keys, counted, readable in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SETUP = """
import graphinvestigate as gi
client = gi.connect_demo(seed=0, alerts=60)
alerts = gi.list_alerts(client)
g = gi.entity_graph(alerts=alerts, incidents=gi.list_incidents(client), sign_ins=gi.list_sign_ins(client))
explorer = gi.EntityExplorer(client, g, since=None)
"""
OFF = "sorted(explorer._state.filters.{})"
# The contrast of a switch's words with what is behind them, by WCAG.
CONTRAST = """button => {
  const light = words => {
    const [r, g, b] = words.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = button;
  while (/, 0\\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const two = [light(getComputedStyle(button).color), light(getComputedStyle(behind).backgroundColor)].sort();
  return (two[1] + 0.05) / (two[0] + 0.05);
}"""


def test_switches_are_pressed_by_mouse_and_keys(open_notebook: Callable[..., Any]) -> None:
    """A click takes a kind out of drawing and legend, Space takes a relation, All brings them back; no key escapes."""
    notebook = open_notebook(SETUP, "explorer", width=1280, height=800)
    page = notebook.page
    notebook.run_all(seconds=120)
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.get_by_role("button", name="Filters").click()
    notebook.idle()
    filters = page.locator(".gi-filters")
    users = filters.get_by_role("button", name="users", exact=False).first
    n = notebook.value("sum(node.kind == 'user' for node in g)")
    assert users.inner_text() == f"users {n}"
    drawn = notebook.value("len(explorer.drawn)")
    assert users.get_attribute("aria-pressed") == "true"
    for name in ("From", "Until"):
        assert filters.get_by_role("slider", name=name).count() == 1
    for name in ("Play or pause", "Stop"):
        assert filters.get_by_role("button", name=name).count() == 1
    assert users.get_attribute("title") == "users: shown", "what a screen reader says beside name and role"
    users.click()
    notebook.idle()
    assert notebook.value(OFF.format("kinds_off")) == ["user"]
    assert notebook.value("len(explorer.drawn)") < drawn
    assert users.get_attribute("title") == "users: hidden, press to show"
    assert users.get_attribute("aria-pressed") == "false"

    # By keys: from that switch on, Tab goes through all of them and on to the relations; Space presses.
    users.focus()
    stops = notebook.value("len(explorer._filter_bar.kinds.switches)")
    for _ in range(stops + 3):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent").startswith("names "):
            break
    assert page.evaluate("() => document.activeElement.textContent").startswith("names ")
    page.keyboard.press("Space")
    notebook.idle()
    assert notebook.value(OFF.format("relations_off")) == ["names"]
    assert page.evaluate("() => document.activeElement.textContent").startswith("names "), "the focus stays"
    assert notebook.value("[entry['action'] for entry in explorer.log]") == ["filter", "filter"]
    filters.scroll_into_view_if_needed()
    notebook.picture("filters-light")

    # Readable in both themes, pressed and not.
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    switches = filters.locator(".gi-switches button:not([disabled])")
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            page.evaluate(change, theme)
            dark = "true" if theme.endswith("Light") else "false"
            page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{dark}'")
            page.wait_for_timeout(500)
            found = {one.inner_text(): one.evaluate(CONTRAST) for one in switches.all()}
            assert min(found.values()) >= 4.5, (theme, found)
        notebook.picture("filters-dark")
    finally:
        page.evaluate(change, "JupyterLab Light")  # the setting is the server's, and other tests share it

    # Everything within the page's width, and nothing upon something else. (What is not in view then has no box.)
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'")
    filters.scroll_into_view_if_needed()
    for one in switches.all():
        one.wait_for(state="visible")
    boxes = [one.bounding_box() for one in switches.all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 1280 for box in boxes)
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = (
                one["x"] + one["width"] <= other["x"] + 0.5 or other["x"] + other["width"] <= one["x"] + 0.5
                or one["y"] + one["height"] <= other["y"] + 0.5 or other["y"] + other["height"] <= one["y"] + 0.5
            )  # fmt: skip
            assert apart, (one, other)
    for all_of in filters.get_by_role("button", name="All", exact=True).all():
        all_of.click()
        notebook.idle()
    assert notebook.value("len(explorer.drawn)") == drawn
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "no key reached the notebook"
    assert notebook.problems == []

"""How the workbench looks on a small screen, a projector and a large screen: nothing overlaps, nothing jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SETUP = """
import graphinvestigate as gi
client = gi.connect_demo(seed=0, alerts=60)
alerts = gi.list_alerts(client)
more = [gi.list_incidents(client), gi.list_risk_detections(client), gi.list_risky_users(client)]
more += [gi.list_sign_ins(client, limit=40), gi.list_directory_audits(client, limit=20)]
bench = gi.Workbench(client, alerts, frames=more, since=None)
explorer = bench.explorer
"""
SIZES = {"narrow": (900, 900), "projector": (1024, 768), "small": (1280, 800), "large": (1920, 1080)}
# What a person could see, and what is wrong with where it stands: on top of what does not hold it, or outside.
PLACES = """() => {
  const root = document.querySelector('.jp-OutputArea-output:has(.gi-root)');
  const parts = '.gi-plotly, .gi-rg';
  const shown = [...root.querySelectorAll(`button, input:not([type=hidden]), select, .gi-head, .gi-details, ${parts}`)]
    .filter(one => one.matches(parts) || !one.closest(parts))
    .filter(one => one.offsetWidth && one.offsetHeight && one.checkVisibility({visibilityProperty: true}))
    .filter(one => !one.closest('.gi-log, .gi-code'));
  // What a pane has scrolled away is cut off where the pane ends.
  const seen = one => {
    let {left, top, right, bottom} = one.getBoundingClientRect();
    for (let pane = one.parentElement; pane && pane !== root; pane = pane.parentElement) {
      const cut = pane.getBoundingClientRect();
      if (getComputedStyle(pane).overflowY !== 'visible')
        [top, bottom, left, right] =
          [Math.max(top, cut.top), Math.min(bottom, cut.bottom), Math.max(left, cut.left), Math.min(right, cut.right)];
    }
    return {left, top, right, bottom};
  };
  const words = one => (one.textContent || one.placeholder || one.title || one.className).slice(0, 40);
  const page = root.getBoundingClientRect(), boxes = shown.map(seen), wrong = [];
  shown.forEach((one, i) => {
    const a = one.getBoundingClientRect();
    if (a.left < page.left - 1 || a.right > page.right + 1) wrong.push(`${words(one)} is outside`);
    if (one.placeholder) {
      const style = getComputedStyle(one), pen = document.createElement('canvas').getContext('2d');
      pen.font = style.font;
      const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (pen.measureText(one.placeholder).width > room) wrong.push(`${one.placeholder} is cut`);
    }
    shown.slice(i + 1).forEach((other, k) => {
      const [p, q] = [boxes[i], boxes[i + 1 + k]];
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (wide > 1 && high > 1 && !one.contains(other)) wrong.push(`${words(one)} on top of ${words(other)}`);
    });
  });
  return {count: shown.length, wrong};
}"""
# Where both drawings stand, measured from the top of the whole output: the timeline is a root of its own within it.
TOPS = """() => [...document.querySelectorAll('.gi-plotly')].map(one => Math.round(one.getBoundingClientRect().top
  - one.closest('.jp-OutputArea-output').querySelector('.gi-root').getBoundingClientRect().top))"""
# In how many rows the controls of each bar stand, and how much of the queue's last row its scroll bar covers.
ROWS = """selector => [...document.querySelectorAll(selector)].filter(bar => bar.offsetHeight).map(bar =>
  new Set([...bar.children].filter(one => one.offsetHeight).map(one => Math.round(
    (one.getBoundingClientRect().top + one.getBoundingClientRect().bottom) / 20))).size)"""
CUT_TABS = """() => [...document.querySelectorAll('.gi-root .lm-TabBar-tabLabel')]
  .filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"""
# Words of a drawing that its edge cuts off: that of the whole, or that of its axes where they clip.
CUT_WORDS = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot =>
  [...plot.querySelectorAll('.main-svg text')].filter(one => {
    const clip = one.closest('[clip-path]') && one.closest('.scatterlayer') ? plot.querySelector('.nsewdrag') : plot;
    const edge = clip.getBoundingClientRect(), {left, right, width} = one.getBoundingClientRect();
    return width && (right > edge.right + 2 || left < edge.left - 2);
  }).map(one => one.textContent))"""
# What of a drawing's legend its buttons cover; they are seen when the mouse is over it.
UNDER_BUTTONS = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => {
  const bar = plot.querySelector('.modebar')?.getBoundingClientRect();
  return bar ? [...plot.querySelectorAll('.legend .traces')].filter(one => {
    const {left, right, top, bottom} = one.getBoundingClientRect();
    return right > bar.left && left < bar.right && bottom > bar.top + 2 && top < bar.bottom - 2;
  }).map(one => one.textContent) : [];
})"""
# Names of a timeline's lanes that stand on one another.
LANES_MEET = """() => {
  const names = [...document.querySelectorAll('.js-plotly-plot')].at(-1).querySelectorAll('.yaxislayer-above text');
  const boxes = [...names].map(one => [one.textContent, one.getBoundingClientRect()]);
  boxes.sort((a, b) => a[1].top - b[1].top);
  return boxes.filter(([_, box], at) => at && box.top < boxes[at - 1][1].bottom - 3).map(([name]) => name);
}"""
COVERED = """() => { const grid = document.querySelector('.gi-rg'), head = grid.querySelector('.gi-rg-headgroup');
  return 12 * 28 + head.offsetHeight - grid.clientHeight; }"""


def test_nothing_overlaps_and_nothing_jumps(open_notebook: Callable[..., Any]) -> None:
    """At each size every control is within the page and on top of no other; no action moves the drawings."""
    notebook = open_notebook(SETUP, "bench", width=1280, height=800)
    page = notebook.page
    notebook.run_all(seconds=120)
    page.locator(".js-plotly-plot .main-svg").nth(1).wait_for()
    page.get_by_role("button", name="Filters", exact=True).click()
    notebook.idle()
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        for name, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(1200)
            notebook.idle()
            seen = page.evaluate(PLACES)
            assert seen["count"] > 60, "the whole workbench is looked at"
            assert seen["wrong"] == [], name
            assert page.evaluate(CUT_WORDS) == [], name
            assert page.evaluate(UNDER_BUTTONS) == [], name
            assert page.evaluate(COVERED) <= 0, "a scroll bar covers the last row"
            if name not in {"narrow", "projector"}:
                assert page.evaluate(ROWS, ".gi-node-bar > .gi-toolbar") == [1] * 6, name
                assert max(page.evaluate(ROWS, ".gi-filters > .gi-toolbar")) <= 2, name
            notebook.picture(f"look-{name}")
        page.evaluate(change, "JupyterLab Dark")
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        page.wait_for_timeout(800)
        notebook.picture("look-large-dark")
    finally:
        page.evaluate(change, "JupyterLab Light")  # the setting is the server's, and other tests share it

    for lanes in ("entity", "tactic", "record_kind"):
        notebook.value(f"[explorer.timeline.set_lanes({lanes!r})] and 1")
        notebook.idle()
        page.wait_for_timeout(700)
        assert page.evaluate(LANES_MEET) == [], lanes
    page.get_by_role("button", name="Filters", exact=True).click()
    notebook.idle()
    page.wait_for_timeout(500)
    before = page.evaluate(TOPS)
    user = notebook.value("list(max((n for n in explorer.graph if n.kind == 'user'), key=explorer.graph.degree))")
    for act in (
        "bench.picker.select(alerts['id'].iloc[7])", f"explorer.select(gi.Entity(*{user!r}))", "explorer.expand()",
        "explorer.filter(severity='high')", "explorer.filter()", "explorer.select()", "explorer._ask('undo')",
        "bench.picker.filter(severity='high')", "bench.picker.filter(text='nothing such')", "bench.picker.filter()",
    ):  # fmt: skip
        notebook.value(f"[{act}] and 1")
        notebook.idle()
        page.wait_for_timeout(250)
        assert page.evaluate(TOPS) == before, act
    notebook.value("[setattr(explorer._tabs, 'titles', (*['Log'] * 3, 'Coverage (12 not read)', 'Code')), 1][1]")
    notebook.idle()
    page.wait_for_timeout(250)
    assert page.evaluate(CUT_TABS) == [], "a tab's title is read before it is opened"
    assert notebook.problems == []

"""The live figure in a real JupyterLab: drawn, changed in place, reloaded, seen twice, dark, and never silent."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

VIEW = """
import plotly.graph_objects as go
from graphinvestigate.widgets.plotly_view import PlotlyView
told = []
def figure(*y):
    points = go.Scatter(x=list(range(len(y))), y=list(y), mode="markers", marker_size=24, name="points",
                        ids=[f"p{at}" for at in range(len(y))], customdata=[f"c{at}" for at in range(len(y))])
    axes = dict(xaxis_range=[-1, 7], yaxis_range=[-1, 7], height=420, dragmode="select")
    return go.Figure([go.Scatter(x=[0], y=[0], mode="lines"), points]).update_layout(**axes)
view = PlotlyView(figure(0, 1, 0), label="Three points", keys=["x", "ArrowUp"], legend_asks=True)
for name in ("click", "select", "zoom", "legend", "key"):
    view.on(name, told.append)
def tale():
    return [[e.type, e.edition, [[p.trace, p.index, p.id, p.customdata] for p in e.points], e.trace, e.key]
            for e in told]
"""
POINTS = ".gi-plotly .js-plotly-plot .points path.point"
DRAWN = "n => document.querySelectorAll('.gi-plotly .js-plotly-plot .points path.point').length === n"


def middle(locator: Any) -> tuple[float, float]:
    """The middle of what a locator finds, in the page."""
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def click(page: Any, locator: Any) -> None:
    """Click as a hand does: come near, come over it, rest, press."""
    x, y = middle(locator)
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    page.wait_for_timeout(100)
    page.mouse.down()
    page.mouse.up()


def test_clicks_selections_and_keys_reach_python(open_notebook: Callable[..., Any]) -> None:
    """Each arrives, none overwrites another even while the mouse keeps moving; no key reaches the notebook."""
    notebook = open_notebook(VIEW, "view")
    page = notebook.page
    notebook.run_all()
    points = page.locator(POINTS)
    points.nth(2).wait_for()
    click(page, points.nth(1))
    notebook.idle()
    assert notebook.value("tale()") == [["click", 0, [[1, 1, "p1", "c1"]], None, ""]]

    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("x", "d", "d", "a", "ArrowUp"):
        page.keyboard.press(key)
    notebook.idle()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert [entry[4] for entry in notebook.value("tale()")[1:]] == ["x", "ArrowUp"]

    # Boxes drawn over two points by a hand that never rests: every one is told.
    notebook.value("told.clear()")
    (x0, y0), (x1, y1) = middle(points.nth(0)), middle(points.nth(1))
    for _ in range(4):
        page.mouse.move(x0 - 40, y1 - 30)
        page.mouse.down()
        page.mouse.move((x0 + x1) / 2, y0, steps=8)
        page.mouse.move(x1 + 30, y0 + 30, steps=8)
        page.mouse.up()
        for step in range(10):
            page.mouse.move(x1 + step * 3, y1 + step * 2)
        page.keyboard.press("Escape")
    notebook.idle()
    selections = [entry for entry in notebook.value("tale()") if entry[0] == "select" and entry[2]]
    assert len(selections) == 4
    assert all([point[2:] for point in entry[2]] == [["p0", "c0"], ["p1", "c1"]] for entry in selections)

    # A legend entry hides nothing by itself: it asks.
    notebook.value("told.clear()")
    click(page, page.locator(".legendtoggle").nth(1))
    page.wait_for_timeout(700)
    notebook.idle()
    assert [entry[:1] + entry[3:4] for entry in notebook.value("tale()") if entry[0] == "legend"] == [["legend", 1]]
    assert points.count() == 3
    assert page.locator(".modebar").inner_html().count("Cloud") == 0
    assert page.locator(".modebar-btn--logo").count() == 0


def test_changes_are_drawn_in_place_and_bursts_once(open_notebook: Callable[..., Any]) -> None:
    """The same element shows each change; of forty at once the last is shown, in few drawings; reloads show it too."""
    notebook = open_notebook(VIEW, "view", "view")
    page = notebook.page
    page.evaluate(
        """() => {
          window.__draws = 0;
          new MutationObserver(all => all.forEach(one => one.attributeName === 'data-drawn' && (window.__draws += 1)))
            .observe(document.body, {subtree: true, attributes: true});
        }"""
    )
    run = "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
    for _ in range(3):
        page.evaluate(run)
        notebook.idle()
    page.wait_for_function(DRAWN, arg=6)
    page.locator(".js-plotly-plot").evaluate_all("all => all.forEach(one => one.__mark = 'mine')")
    drawings = page.evaluate("window.__draws")
    # All at once: while the page is busy with something else, they come in.
    busy = "() => { const end = performance.now() + 2000; while (performance.now() < end); window.gapOfTests = 0; }"
    page.evaluate(f"() => void setTimeout({busy})")
    burst = "[view.draw(figure(*range(n % 7 + 1))) for n in range(40)] + [view.draw(figure(1, 2, 3, 4))]"
    assert notebook.value(f"len({burst})") == 41
    page.wait_for_function(DRAWN, arg=8)
    notebook.idle()
    assert page.locator(POINTS).count() == 8, "both views show the last state"
    assert page.locator(".js-plotly-plot").evaluate_all("all => all.map(one => one.__mark)") == ["mine", "mine"]
    assert page.evaluate("window.__draws") - drawings < 20, "of 41 changes in two views, few were drawn"
    widths = "all => all.map(one => Math.abs(one.parentElement.clientWidth - one._fullLayout.width))"
    assert max(page.locator(".js-plotly-plot").evaluate_all(widths)) <= 1
    page.set_viewport_size({"width": 1000, "height": 900})
    page.wait_for_function(f"() => ({widths})([...document.querySelectorAll('.js-plotly-plot')]).every(w => w <= 1)")

    assert notebook.save().stat().st_size < 60_000, "no copy of plotly.js in the notebook"
    page.reload()
    page.wait_for_function(DRAWN, arg=8)
    notebook.idle()
    click(page, page.locator(POINTS).nth(3))
    notebook.idle()
    assert notebook.value("tale()[-1]")[2] == [[1, 3, "p3", "c3"]]
    assert notebook.problems == []


def test_it_follows_the_theme_and_says_when_nobody_answers(open_notebook: Callable[..., Any]) -> None:
    """A dark page gets the dark template at once; where no kernel answers a click, the view says so in words."""
    notebook = open_notebook(VIEW, "view")
    page = notebook.page
    notebook.run_all()
    page.locator(POINTS).nth(2).wait_for()
    background = "() => document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor"
    light = page.evaluate(background)
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        page.evaluate(change, "JupyterLab Dark")
        page.wait_for_function(f"light => ({background})() !== light", arg=light)
        assert page.evaluate(background) == "#16181d"
        notebook.picture("dark")
    finally:
        page.evaluate(change, "JupyterLab Light")  # the setting is the server's, and other tests share it
    page.wait_for_function(f"light => ({background})() === light", arg=light)

    # A kernel that answers nothing: the figure stays, and says that it waits; when it answers, the words go.
    # A running cell would not do: JupyterLab may send clicks to a subshell, which answers beside it.
    kernel = notebook.value("__import__('os').getpid()")
    words = page.get_by_text("The kernel has not answered yet")
    os.kill(kernel, signal.SIGSTOP)
    try:
        click(page, page.locator(POINTS).nth(1))
        words.wait_for()
        notebook.picture("nobody-answers")
    finally:
        os.kill(kernel, signal.SIGCONT)
    words.wait_for(state="hidden")
    notebook.idle()
    assert notebook.value("tale()[-1]")[2] == [[1, 1, "p1", "c1"]]


def test_a_page_that_may_not_run_the_library_says_so(open_notebook: Callable[..., Any]) -> None:
    """Where a page forbids evaluating code, the view says what failed instead of staying blank."""
    notebook = open_notebook(VIEW, "view")
    page = notebook.page
    page.evaluate(
        """() => { window.Function = new Proxy(Function, {construct(target, args) {
             if (args[0] === 'module') throw new EvalError('forbidden by this page');
             return Reflect.construct(target, args);
           }}); }"""
    )
    notebook.run_all()
    words = page.locator(".gi-plotly-words:visible")
    words.get_by_text("could not be started").wait_for()
    assert "forbidden by this page" in words.inner_text()

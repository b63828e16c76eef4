"""Notebook 7 in a real browser: the same widgets as in JupyterLab, live, and keys that stay theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import TOKEN, Lab, Notebook, until

pytestmark = pytest.mark.browser

SETUP = """
import graphinvestigate as gi
client = gi.connect_demo(seed=4, alerts=60)
alerts = gi.list_alerts(client)
g = gi.entity_graph(alerts=alerts, incidents=gi.list_incidents(client))
bench = gi.Workbench(client, alerts, g=g, since=None)
bench
"""


def test_the_workbench_is_live_in_notebook_7(open_notebook: Callable[..., Notebook], lab: Lab, tmp_path: Path) -> None:
    """A click picks, the graph follows, a pivot grows it, and `x`, in the queue or on a button, cuts no cell."""
    pytest.importorskip("notebook", reason="Notebook 7 is not installed (extra `test`)")
    made = open_notebook(SETUP)  # opened in JupyterLab first, which gives it its kernel; Notebook 7 shares both
    page = made.page
    page.goto(f"{lab.url}notebooks/{made.name}?token={TOKEN}")
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    assert page.evaluate("document.body.dataset.notebook") == "notebooks", "this is JupyterLab's page"
    page.locator(".jp-CodeCell .jp-InputArea-editor").first.click()
    page.keyboard.press("Shift+Enter")
    page.locator(".gi-rg-row").first.wait_for(timeout=90_000)
    page.locator(".gi-plotly[data-drawn]").nth(1).wait_for()
    made.idle()

    before = made.value("bench.explorer.graph.number_of_nodes()")
    page.locator(".gi-rg-row").nth(2).click()
    until(lambda: made.value("len(bench.picker.selected)") == 1, what="the picked alert")
    until(lambda: made.value("len(bench.selection.nodes)") > 0, what="the selection that all share")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    until(
        lambda: made.value("bench.picker.selected['id'].iloc[0] == bench.picker.shown['id'].iloc[3]"), what="the next"
    )
    assert page.locator(".gi-rg-row").count() > 0, "`x` cut the cell"
    assert made.value("bench.explorer.graph.number_of_nodes()") == before
    made.value("bench.explorer.select(next(n for n in g if isinstance(n, gi.Entity) and n.kind == 'user')) is None")
    pivot = page.get_by_role("button", name="Pivot on")
    pivot.focus()
    page.keyboard.press("x")
    assert page.locator(".gi-rg-row").count() > 0, "on a button, `x` cut the cell"
    pivot.click()
    until(lambda: made.value("bench.explorer.graph.number_of_nodes()") > before, what="the graph's growth", seconds=60)
    page.screenshot(path=str(Path(os.environ.get("BROWSER_PICTURES", tmp_path)) / "hosts-notebook-7.png"))

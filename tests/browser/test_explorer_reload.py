"""The explorer after a reload of the page, in a second view, and in a dark page: always what is true now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SETUP = """
import graphinvestigate as gi
client = gi.connect_demo(seed=3, alerts=60)
alerts = gi.list_alerts(client)
g = gi.entity_graph(alerts=alerts)
explorer = gi.EntityExplorer(client, g, frames=[alerts], since=None)
user = max((n for n in g if n.kind == "user"), key=g.degree)
"""
# How many markers of nodes each drawing of the graph shows (timelines have no column called identity and links).
DRAWN = """() => [...document.querySelectorAll('.js-plotly-plot')]
  .filter(one => one._fullData?.some(t => t.name === 'highlighted links'))
  .map(one => one._fullData.filter(t => (t.meta?.columns || []).includes('identity'))
    .reduce((n, t) => n + (one.querySelector(`.trace${t.uid}`)?.querySelectorAll('path.point').length || 0), 0))"""
LIGHT = "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})"
DARK = LIGHT.replace("JupyterLab Light", "JupyterLab Dark")


def test_every_view_shows_what_is_true_now(open_notebook: Callable[..., Any]) -> None:
    """Two views and a reloaded page show the grown graph, the selection, its details, the log and the code."""
    acts = "explorer.select(user)\nexplorer.pivot()\nexplorer.note(words='ours')\n"
    notebook = open_notebook(SETUP, "explorer", acts, "explorer", width=1280, height=2600)
    page = notebook.page
    notebook.run_all(seconds=120)
    wanted = notebook.value("len(explorer.drawn)")
    shows = f"wanted => JSON.stringify(({DRAWN})()) === JSON.stringify(wanted)"
    page.wait_for_function(shows, arg=[wanted, wanted])
    notebook.save()
    page.reload()
    page.wait_for_function(shows, arg=[wanted, wanted])
    notebook.idle()
    name = notebook.value("g.nodes[user]['label']")
    for at in (0, 1):
        details = page.locator(".gi-details").nth(at)
        assert name in details.inner_text()
        assert "ours" in details.inner_text()
        assert "explorer.pivot(" in page.locator(".gi-code").nth(at).text_content()
    notebook.value("explorer.undo() or explorer.undo()")
    page.wait_for_function(shows, arg=[notebook.value("len(explorer.drawn)")] * 2)
    try:
        page.evaluate(DARK)
        page.wait_for_function(
            "() => document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor === '#16181d'"
        )
        page.wait_for_timeout(500)
        notebook.picture("explorer-dark")
    finally:
        page.evaluate(LIGHT)  # the setting is the server's, and other tests share it
    assert notebook.problems == []

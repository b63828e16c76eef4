"""What is left of a live notebook once it is saved: as HTML, and opened by somebody who has no kernel for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

import graphinvestigate as gi
from tests.browser.conftest import TOKEN, Lab, Notebook, until

pytestmark = pytest.mark.browser

CELLS = (
    """
import graphinvestigate as gi, pandas as pd
client = gi.connect_demo(seed=4, alerts=60)
alerts = gi.list_alerts(client)
g = gi.entity_graph(alerts=alerts, incidents=gi.list_incidents(client))
near = gi.neighborhood(g, gi.Record("incident", gi.rank_incidents(g)["id"].iloc[0]), hops=2)
picker = gi.AlertPicker(alerts)
picker.select(alerts["id"].iloc[0])
picker""",
    "gi.EntityExplorer(client, near, picker=picker)",
    "gi.TimelineView(alerts, selection=picker.selection)",
    "gi.Workbench(client, alerts, g=near, since=None)",
    """
import plotly.graph_objects as go
from graphinvestigate.widgets.plotly_view import PlotlyView
PlotlyView(go.Figure(go.Scatter(x=[1, 2, 3], y=[3, 1, 2], mode="markers", name="three")), label="Three points")""",
    "gi.plot_timeline(alerts)",
)
STATE = "application/vnd.jupyter.widget-state+json"


def seen(root: Any) -> list[int]:
    """How wide each picture is that was really drawn."""
    return root.locator("img").evaluate_all(
        "images => images.filter(one => one.src.startsWith('data:image/svg')).map(one => one.naturalWidth)"
    )


def test_a_saved_notebook_reads_without_its_kernel(
    open_notebook: Callable[..., Notebook], lab: Lab, browser: Any, tmp_path: Path
) -> None:
    """Live widgets; saved small and without state; as HTML, and frozen in JupyterLab without a kernel, their twins."""
    notebook = open_notebook(*CELLS)
    notebook.run_all(seconds=120)
    page = notebook.page
    page.locator(".gi-rg-row").first.wait_for()
    page.locator(".gi-plotly[data-drawn]").nth(3).wait_for()
    assert page.locator(".jp-OutputArea-output img[src^='data:image/svg']").count() == 0, "live, the twin is not shown"
    content = json.loads(notebook.save().read_text(encoding="utf-8"))
    assert "widgets" not in content["metadata"]
    outputs = [cell["outputs"][-1]["data"] for cell in content["cells"]]
    sizes = [len(json.dumps(data)) for data in outputs[:5]]
    assert sum(sizes) < 400_000, sizes
    assert "plotly.js v" not in json.dumps(content)

    book = nbformat.reads(json.dumps(content), as_version=4)
    for template in ("lab", "basic"):  # what `nbconvert --to html` and nbviewer make of it
        html, _ = HTMLExporter(template_name=template).from_notebook_node(book)
        file = tmp_path / f"{template}.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
        reader = context.new_page()
        reader.goto(file.as_uri())
        widths = seen(reader)
        words = reader.locator("body").inner_text()
        picture(reader, f"hosts-{template}", tmp_path)
        context.close()
        assert len(widths) == 7, "explorer and workbench have a graph and a timeline, the others one picture"
        assert min(widths) > 100
        for expected in ("Alerts: 60 of 60", "Entity graph:", "marks in view", "The graph in words"):
            assert expected in words, (template, expected)

    (frozen,) = gi.freeze_notebook(lab.folder / notebook.name)
    text = frozen.read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    assert STATE not in text
    elsewhere = lab.folder / f"elsewhere-{notebook.name}"
    other = json.loads(text)
    other["metadata"] = {"kernelspec": dict.fromkeys(("name", "display_name", "language"), "of-another-machine")}
    elsewhere.write_text(json.dumps(other), encoding="utf-8")
    frozen.unlink()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    reader = context.new_page()
    reader.set_default_timeout(60_000)
    reader.goto(f"{lab.url}doc/tree/{elsewhere.name}?token={TOKEN}")
    reader.wait_for_function("() => window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')")
    without_kernel(reader)
    reader.locator(".jp-OutputArea-output table").first.wait_for()
    until(lambda: len(seen(reader)) >= 6 and min(seen(reader)) > 100, what="the pictures")
    expected = ("Alerts: 60 of 60", "Entity graph:", "marks in view", "The graph in words")
    book_words = reader.locator(".jp-Notebook")
    until(lambda: all(one in book_words.inner_text() for one in expected), what=f"all of {expected}")
    words = book_words.inner_text()
    picture(reader, "hosts-frozen", tmp_path)
    for number, cell in enumerate(reader.locator(".jp-CodeCell").all()[:5]):
        cell.scroll_into_view_if_needed()
        picture(reader, f"hosts-frozen-{number}", tmp_path)
    context.close()
    assert lab.kernel_of(elsewhere.name) is None
    assert "Error displaying widget" not in words


def without_kernel(page: Any) -> None:
    """Answer the question for a kernel as somebody does who has none for this notebook."""
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    dialog.locator("select").select_option(label="No Kernel")
    dialog.locator("button.jp-mod-accept").click()
    dialog.wait_for(state="detached")


def picture(page: Any, name: str, folder: Path) -> None:
    """Keep what the page shows, for people to look at."""
    page.screenshot(path=str(Path(os.environ.get("BROWSER_PICTURES", folder)) / f"{name}.png"))

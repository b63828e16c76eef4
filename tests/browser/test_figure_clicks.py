"""What the widgets rest on: a click in a plotly figure in JupyterLab reaches Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

CELL = """
import plotly.graph_objects as go
clicked = []
figure = go.FigureWidget(go.Figure(go.Scatter(x=[0, 1, 2], y=[0, 1, 0], mode="markers", marker_size=24)))
figure.data[0].on_click(lambda trace, points, state: clicked.extend(points.point_inds))
figure
"""


def test_a_click_on_a_point_reaches_python(open_notebook: Callable[..., Any]) -> None:
    """A click on the second marker in the page calls the trace's Python callback with its index."""
    notebook = open_notebook(CELL)
    notebook.run_all()
    points = notebook.page.locator(".js-plotly-plot .points path.point")
    points.nth(2).wait_for()
    box = points.nth(1).bounding_box()
    notebook.page.mouse.move(box["x"] + box["width"] / 2 - 3, box["y"] + box["height"] / 2)
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    notebook.page.wait_for_timeout(150)
    notebook.page.mouse.down()
    notebook.page.mouse.up()
    notebook.idle()
    notebook.picture("figure")
    assert notebook.value("clicked") == [1]

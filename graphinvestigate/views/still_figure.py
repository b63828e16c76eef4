"""A plotly figure whose output also holds a picture and a table, for readers where plotly does not run."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go

from graphinvestigate import text
from graphinvestigate.views.pictures import picture, svg_address

# Both typeset what stands between dollars, wherever it came from; within these classes they leave it alone.
UNTOUCHED = '<div class="tex2jax_ignore mathjax_ignore">'


class StillFigure(go.Figure):
    """A figure like any of plotly's, which nbconvert, nbviewer and GitHub show too, as a picture and a table."""

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(*args, **kwargs)
        if bundle and "text/html" not in bundle:  # a renderer that writes HTML draws the figure itself
            made = still_html(json.loads(self.to_json(engine="json")))
            bundle = {**bundle, **({"text/html": made} if made else {})}
        return bundle

    def _ipython_display_(self) -> None:
        bundle = self._repr_mimebundle_()
        if not bundle:  # a renderer that opens a window
            super()._ipython_display_()
            return
        from IPython.display import display

        display(bundle, raw=True)


def still_html(figure: dict[str, Any]) -> str:
    """Give a figure as a picture and a folded table.

    Parameters
    ----------
    figure : dict
        Plotly's JSON.

    Returns
    -------
    str
        HTML without scripts; empty where there is nothing to draw or to list.
    """
    drawn, table = picture(figure) or "", figure_rows_html(figure)
    # As an image, because JupyterLab takes an <svg> out of the HTML of a notebook it does not trust.
    seen = f'<img alt="The figure as a picture" src="{svg_address(drawn)}">' if drawn else ""
    return f"{UNTOUCHED}{seen}{table}</div>" if drawn or table else ""


def figure_rows_html(figure: dict[str, Any], most: int = 200) -> str:
    """Say what the figure's marks say, as a folded table: the columns that our figures carry in their ``meta``.

    Parameters
    ----------
    figure : dict
        Plotly's JSON.
    most : int
        At most so many rows; the last line says how many there are.

    Returns
    -------
    str
        HTML; empty for figures of others.
    """
    columns, rows = _rows(figure)
    if not rows:
        return ""
    head = "".join(f"<th>{text.html(name, 80)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{text.html(_plain(value), 200)}</td>" for value in row) + "</tr>" for row in rows[:most]
    )
    rest = f"<p>{len(rows) - most:,} of {len(rows):,} rows not shown</p>" if len(rows) > most else ""
    return (
        f"<details><summary>The figure as a table ({len(rows):,} rows)</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}</details>"
    )


def _rows(figure: dict[str, Any]) -> tuple[list[str], list[Any]]:
    traces: Iterable[dict[str, Any]] = figure.get("data") or ()
    found: dict[tuple[str, ...], list[Any]] = {}
    meta = (figure.get("layout") or {}).get("meta")
    if isinstance(meta, dict) and isinstance(meta.get("columns"), list):
        found[tuple(map(str, meta["columns"]))] = list(meta.get("rows") or ())
    for trace in traces:
        own = trace.get("meta")
        rows = trace.get("customdata")
        if isinstance(own, dict) and isinstance(own.get("columns"), list) and isinstance(rows, list):
            found.setdefault(tuple(map(str, own["columns"])), []).extend(row for row in rows if isinstance(row, list))
    if not found:
        return [], []
    columns = max(found, key=lambda one: len(found[one]))
    return list(columns), found[columns]


def _plain(value: Any) -> str:
    return html.unescape(value) if isinstance(value, str) else "" if value is None else str(value)

"""Small parts of the timeline's widget: what has no time, and what makes a figure of counts selectable."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from graphinvestigate.widgets.safe import Safe, join, safe_html
from graphinvestigate.widgets.timeline_records import Records

MOST_APART = 50


def untimed_list(records: Records) -> Safe:
    """List the records that have no time; nothing where there are none.

    Parameters
    ----------
    records : Records

    Returns
    -------
    Safe
    """
    apart = records.marks.apart
    if apart is None:
        return Safe("")
    rows = records.words(np.arange(min(len(apart), MOST_APART)), apart=True)
    items = join(
        safe_html(
            "<li>{what}: {name} <span>{identity}</span></li>", **{key: row[key] for key in ("what", "name", "identity")}
        )
        for row in rows
    )
    more = f"{len(apart) - len(rows):,} more" if len(apart) > len(rows) else ""
    return safe_html(
        "<details><summary>Time unknown ({n:,})</summary><ul>{items}</ul><p>{more}</p></details>",
        n=len(apart),
        items=items,
        more=more,
    )


def grip(figure: go.Figure) -> go.Scatter:
    """Give points that nobody sees, one per lane of counts: plotly draws boxes only over what can be selected.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Of counts.

    Returns
    -------
    plotly.graph_objects.Scatter
    """
    lanes = list(figure.layout.yaxis2.categoryarray)
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    return go.Scatter(
        x=np.full(len(lanes), np.asarray(heat.x)[0]),
        y=lanes,
        yaxis="y2",
        mode="markers",
        showlegend=False,
        hoverinfo="skip",
        marker={"size": 1, "opacity": 0},
    )

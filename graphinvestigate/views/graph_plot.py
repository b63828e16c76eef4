"""The entity graph as a plotly figure."""

from __future__ import annotations

from typing import Any

import networkx as nx
import plotly.graph_objects as go

from graphinvestigate.views.graph_model import TRACE_KINDS, GraphTraces, choose_nodes, graph_traces
from graphinvestigate.views.graph_parts import Trace
from graphinvestigate.views.layout import layout
from graphinvestigate.views.node_facts import VERDICTS
from graphinvestigate.views.still_figure import StillFigure
from graphinvestigate.views.style import EDGE, EDGE_HIGHLIGHT, KINDS, OTHER, SEVERITIES, template
from graphinvestigate.wanted import takes

_NODE_HOVER = (
    "<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}"
    "<br><i>%{customdata[4]}</i><extra></extra>"
)
_LINK_HOVER = "%{customdata[0]}<br>%{customdata[1]}<br><i>first: %{customdata[2]}</i><extra></extra>"
_TIME_AXIS = {"type": "date", "showgrid": True, "zeroline": False, "title": {"text": "first met, UTC"}}
_NODE_COLUMNS = ["name", "what", "when", "links", "identity"]
_LINK_COLUMNS = ["link", "stated by", "first record and field"]


@takes
def plot_entity_graph(
    g: nx.MultiDiGraph, *, highlight: Any = None, max_nodes: int = 200, theme: str = "light"
) -> go.Figure:
    """Draw an entity graph.

    Symbol and colour say what a node is, its size how many links it has, its ring the highest severity among
    the alerts and risk records that name it. Hovering over the middle of a line says why it is there.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph, or a part of one. It is not changed.
    highlight : node or collection of nodes, optional
        What to bring out, with its links (of several nodes: the links among them); a path's ``entities`` fit.
    max_nodes : int
        Of a larger graph the highlighted nodes, their neighbours, then the most severe and most linked nodes
        are drawn; the caption says how many of which kind were left out.
    theme : {"light", "dark"}
        Which background it stands on.

    Returns
    -------
    plotly.graph_objects.Figure
        The same figure for the same graph. Trace ``NODES + i`` holds the nodes of the i-th of ``TRACE_KINDS``.

    Raises
    ------
    UsageError
        If a node to highlight is not in `g`, or `max_nodes` is below 1.
    """
    kept = choose_nodes(g, highlight=highlight, max_nodes=max_nodes)
    positions = layout(g.subgraph(kept))
    return figure_of(graph_traces(g, positions, highlight=highlight), theme=theme)


def figure_of(model: GraphTraces, *, theme: str = "light") -> go.Figure:
    """Make the figure of a view-model, with every trace that it may ever need.

    Parameters
    ----------
    model : GraphTraces
        From :func:`graphinvestigate.views.graph_model.graph_traces`.
    theme : {"light", "dark"}
        Which background it stands on.

    Returns
    -------
    plotly.graph_objects.Figure
        Its traces stand in the order of ``model.traces``, then follow those that only explain rings and marks.
    """
    return StillFigure(parts_of(model, theme=theme))


def parts_of(model: GraphTraces, *, theme: str = "light") -> dict[str, Any]:
    """Give what :func:`figure_of` gives as plain values: to make a Figure of them takes longer than to draw it.

    Parameters
    ----------
    model : GraphTraces
        From :func:`graphinvestigate.views.graph_model.graph_traces`.
    theme : {"light", "dark"}
        Which background it stands on.

    Returns
    -------
    dict
        ``data`` (a list) and ``layout``, the caller's own: arrays are numpy's.
    """
    line = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    fixed: list[dict[str, Any]] = [
        {**line, "name": "links", "line": {"color": EDGE, "width": 1.2}},
        {**line, "name": "highlighted links", "line": {"color": EDGE_HIGHLIGHT, "width": 2.6}},
        {
            "type": "scatter",
            "name": "links",
            "mode": "markers",
            "marker": {"size": 9, "color": "rgba(0,0,0,0)", "line": {"width": 0}},
            "hovertemplate": _LINK_HOVER,
            "meta": {"columns": _LINK_COLUMNS},
            "showlegend": False,
        },
        {
            "type": "scatter",
            "name": "severity",
            "mode": "markers",
            "marker": {"opacity": 1, "line": {"width": 0}},
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]
    for kind in TRACE_KINDS:
        look = KINDS.get(kind, OTHER)
        fixed.append(
            {
                "type": "scatter",
                "name": look.words,
                "mode": "markers",
                "marker": {"symbol": look.symbol, "color": look.color, "opacity": 1, "line": {"width": 1.5}},
                "hovertemplate": _NODE_HOVER,
                "meta": {"columns": _NODE_COLUMNS},
                "legendgroup": "kinds",
            }
        )
    fixed.append(
        {
            "type": "scatter",
            "name": "labels",
            "mode": "markers+text",
            "marker": {"color": "rgba(0,0,0,0)", "line": {"width": 0}},
            "textfont": {"size": 11.5},
            "cliponaxis": False,  # a font that is wider than most may reach into the margin, and is not cut there
            "hoverinfo": "skip",
            "showlegend": False,
        }
    )
    written = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "showlegend": False}
    fixed.append(
        {**written, "name": "verdicts", "textposition": "middle center", "textfont": {"size": 11, "color": "#ffffff",
         "weight": 800, "shadow": "none"}}
    )  # fmt: skip
    fixed.append({**written, "name": "relations", "textfont": {"size": 10.5}})
    fixed.append(
        {
            "type": "scatter",
            "name": "highlighted",
            "mode": "markers",
            "marker": {"symbol": "circle-open", "color": EDGE_HIGHLIGHT, "line": {"width": 2.5}},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    )
    data = []
    for trace, known in zip(model.traces, fixed, strict=True):
        if trace.kind in model.off:  # a point that is nowhere keeps the entry in the legend
            known = {**known, "visible": "legendonly"}
            trace = Trace(trace.kind, (), {**trace.arrays, "x": [None], "y": [None], "marker": {}})
        marker = {**known.get("marker", {}), **trace.arrays.get("marker", {})}
        data.append({**known, **trace.arrays, **({"marker": marker} if marker else {})})
    data.extend(_ring_key(name) for name in ("high", "medium", "low"))
    data.extend(_verdict_key(mark, words) for mark, words in VERDICTS.values())
    axis = {"visible": False, "showgrid": False, "zeroline": False, "autotypenumbers": "strict"}
    return {
        "data": data,
        "layout": {
            "template": template(theme),
            "title": {"text": model.title, "subtitle": {"text": model.caption}},
            "xaxis": {**(_TIME_AXIS if model.time_axis else axis), "range": list(model.x_range)},
            "yaxis": {**axis, "range": list(model.y_range)},
            "height": 640,
            "margin": {"l": 12, "r": 12, "t": 72, "b": 48 if model.time_axis else 12},
            "hovermode": "closest",
            "dragmode": "pan",
            "legend": {"itemsizing": "constant", "tracegroupgap": 14},
            "uirevision": "entity graph",
        },
    }


def _ring_key(name: str) -> dict[str, Any]:
    look = SEVERITIES[name]
    return {
        "type": "scatter",
        "name": f"ring: {look.word}",
        "x": [None],
        "y": [None],
        "mode": "markers",
        "marker": {"symbol": "circle-open", "color": look.color, "size": 14, "line": {"width": 3}},
        "hoverinfo": "skip",
        "legendgroup": "rings",
    }


def _verdict_key(mark: str, words: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": f"{mark}  {words}",
        "x": [None],
        "y": [None],
        "mode": "markers",
        "marker": {"symbol": "circle", "color": "#7d8590", "size": 8, "line": {"width": 0}},
        "hoverinfo": "skip",
        "legendgroup": "verdicts",
    }

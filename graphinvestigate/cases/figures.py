"""Plotly figures ↔ JSON. A figure from a case draws; it makes no link and loads nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import plotly.graph_objects as go

from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.text import log
from graphinvestigate.views.still_figure import StillFigure

# plotly.js reads these tags in texts; of them only those that neither link nor restyle what stands around them.
_TAG = re.compile(r"<(?!/?(?:b|i|br|extra|sub|sup)\s*/?>)", re.IGNORECASE)
_LOADS = ("images", "mapbox", "map", "geo")  # layout parts that fetch something


def figure_to_json(figure: Any) -> dict[str, Any]:
    """Give a plotly figure as plain JSON.

    Raises
    ------
    UsageError
        It is no plotly figure.
    """
    try:
        value = json.loads(go.Figure(figure).to_json(engine="json"))
    except (TypeError, ValueError) as error:
        raise UsageError(f"this is no plotly figure ({log(str(error))}).") from error
    return {"data": value["data"], "layout": value["layout"]}


def figure_from_json(value: Any, *, source: str) -> go.Figure:
    """Make a figure of JSON that nobody vouches for: no links, no foreign styles, nothing that is loaded.

    Raises
    ------
    BadFileError
        It is no figure.
    """
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise BadFileError(f"{source}: no plotly figure; the case is damaged.")
    given = value.get("layout") or {}
    if not isinstance(given, dict):
        raise BadFileError(f"{source}: no plotly figure; the case is damaged.")
    layout = {k: v for k, v in given.items() if not str(k).startswith(_LOADS)}
    try:
        return StillFigure(_harmless({"data": value["data"], "layout": layout}))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadFileError(f"{source}: no plotly figure ({log(str(error))}).") from error


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return _TAG.sub("&lt;", value).replace("$", "&#36;")
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, dict):
        return {name: _harmless(item) for name, item in value.items()}
    return value

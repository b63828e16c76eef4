"""One output of a cell, as something that shows the same without a kernel, a script or the network."""

from __future__ import annotations

import json
from typing import Any

from graphinvestigate.cases.freezing.markup import still
from graphinvestigate.views.pictures import picture
from graphinvestigate.views.still_figure import UNTOUCHED as _UNTOUCHED, still_html

FIGURE = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_TEXTS = ("text/plain", "text/markdown", "text/latex")


def joined(value: Any) -> str:
    """Give a text that a notebook keeps as lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def frozen_output(output: dict[str, Any], models: dict[str, str], notes: list[str]) -> dict[str, Any] | None:
    """Freeze one output.

    Parameters
    ----------
    output : dict
        As nbformat 4 has it; not changed.
    models : dict
        From a widget's id to its name, of the widgets that the notebook keeps.
    notes : list of str
        What was left out is added here.

    Returns
    -------
    dict or None
        None where nothing remains to be seen.
    """
    kind = output.get("output_type")
    if kind == "stream":
        return {
            "output_type": "stream",
            "name": str(output.get("name", "stdout")),
            "text": joined(output.get("text", "")),
        }
    if kind == "error":
        lines = [str(line) for line in output.get("traceback") or ()]
        found = {name: str(output.get(name, "")) for name in ("ename", "evalue")}
        return {"output_type": "error", **found, "traceback": lines}
    if kind not in ("display_data", "execute_result", "update_display_data"):
        return None
    data = _frozen_bundle(output.get("data") or {}, models, notes)
    if not data:
        return None
    made: dict[str, Any] = {"output_type": "display_data", "metadata": {}, "data": data}
    if kind == "execute_result":
        made |= {"output_type": "execute_result", "execution_count": output.get("execution_count")}
    return made


def _frozen_bundle(data: dict[str, Any], models: dict[str, str], notes: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "text/html" in data:
        markup, left_out = still(joined(data["text/html"]))
        notes += [
            f"{what} in an HTML output" for what in left_out if what in ("script", "iframe", "form", "object", "embed")
        ]
        if markup.strip():
            made["text/html"] = markup if markup.startswith(_UNTOUCHED) else f"{_UNTOUCHED}{markup}</div>"
    if "image/svg+xml" in data:
        made["image/svg+xml"] = still(joined(data["image/svg+xml"]))[0]
    for kind in _PICTURES:
        if kind in data:
            made[kind] = joined(data[kind])
    if isinstance(data.get(FIGURE), dict):
        made |= _frozen_figure(data[FIGURE], made)
    for kind in _TEXTS:
        if kind in data:
            made[kind] = joined(data[kind])
    if WIDGET in data:
        notes.append("a live widget")
        if not set(made) - {"text/plain"}:
            view = data[WIDGET] if isinstance(data[WIDGET], dict) else {}
            name = models.get(str(view.get("model_id")), "widget")
            said = f"[a widget ({name}): it runs only with its kernel]"
            made["text/plain"] = f"{made.get('text/plain', '').strip()} {said}".strip()
    if set(data) & {"application/javascript", "text/javascript"}:
        notes.append("a script")
    if "application/json" in data and not made:
        made["text/plain"] = json.dumps(data["application/json"], indent=1, ensure_ascii=False)
    return made


def _frozen_figure(figure: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """The figure's data, which JupyterLab draws, and a picture and a table for everybody else."""
    shown: dict[str, Any] = {name: figure[name] for name in ("data", "layout") if name in figure}
    found: dict[str, Any] = {FIGURE: shown}
    if drawn := still(picture(shown) or "")[0]:
        found["image/svg+xml"] = drawn
    if "data:image/svg" not in made.get("text/html", "") and (twin := still_html(shown)):
        found["text/html"] = still(twin)[0]
    return found

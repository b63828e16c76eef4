"""One output of a cell, as something that shows the same without a kernel, a script or the network."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

from graphinvestigate import text
from graphinvestigate.cases.freezing.markup import still
from graphinvestigate.views.pictures import picture, svg_address

FIGURE = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_TEXTS = ("text/plain", "text/markdown", "text/latex")
# Both typeset what stands between dollars, wherever it came from; within these classes they leave it alone.
_UNTOUCHED = '<div class="tex2jax_ignore mathjax_ignore">'


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
    if "text/html" not in made or "data:image/svg" not in made["text/html"]:
        drawn = still(picture(shown) or "")[0]
        table = _table(shown)
        if drawn or table:
            # As an image, because JupyterLab takes an <svg> out of the HTML of a notebook it does not trust.
            seen = f'<img alt="The figure as a picture" src="{svg_address(drawn)}">' if drawn else ""
            found["text/html"] = still(f"{_UNTOUCHED}{seen}{table}</div>")[0]
            if drawn:
                found["image/svg+xml"] = drawn
    return found


def _table(figure: dict[str, Any], most: int = 200) -> str:
    """What the figure's marks say, as a folded table: the columns that our figures carry in their ``meta``."""
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

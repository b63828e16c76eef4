"""The findings of a run as a table, a chart, and a file that says on what machine they were measured."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from graphinvestigate.scale.bench.measure import Finding

_VERSIONS = (
    "graphinvestigate", "pandas", "numpy", "pyarrow", "msgspec", "orjson", "networkx", "plotly", "duckdb", "narwhals",
    "pyspark", "httpx", "rustworkx", "msgraph-sdk", "msticpy",
)  # fmt: skip
_GROWING = {
    ("decode", "microseconds per alert"): "decode",
    ("graph", "microseconds per alert"): "graph, networkx",
    ("graph", "columns, microseconds per alert"): "graph, columns: tenants that grow",
    ("graph", "columns of one tenant, microseconds"): "graph, columns: one tenant",
    ("lake", "add, microseconds per alert"): "lake, add",
}
_WORDS = {None: "", True: "kept", False: "missed"}


def machine() -> dict[str, Any]:
    """Say what was measured on: processor cores, memory, versions; no names and no paths."""
    found = {}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "system": platform.uname().system,
        "processor": platform.machine(),
        "python": platform.python_version(),
        "load_at_start": load(),
        "versions": found,
    }


def load() -> list[float] | None:
    """Return how many processes waited for a core on average, in the last 1, 5 and 15 minutes."""
    return [round(one, 1) for one in os.getloadavg()] if hasattr(os, "getloadavg") else None


def line(one: Finding) -> str:
    """Lay one finding out as a line of the table."""
    sign = ">=" if one.at_least else "<="
    budget = "" if one.budget is None else f"{sign} {one.budget:g}"
    note = "; ".join(part for part in (_WORDS[one.kept], one.note) if part)
    return f"{one.row:13} {one.size:9,}  {one.measure:38} {one.value:11.3f}  {budget:>8}  {note}".rstrip()


def table(findings: Iterable[Finding]) -> str:
    """Lay findings out as text.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    str
        A heading, and one line each.
    """
    head = f"{'row':13} {'size':>9}  {'measure':38} {'value':>11}  {'budget':>8}  note"
    return "\n".join([head, *map(line, findings)])


def document(findings: Sequence[Finding], about: dict[str, Any]) -> str:
    """Write findings as JSON that a later run can be compared with.

    Parameters
    ----------
    findings : sequence of Finding
    about : dict
        As `machine` gave it when the run began.

    Returns
    -------
    str
    """
    rows = [{**asdict(one), "value": round(one.value, 4), "kept": one.kept} for one in findings]
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    return f'{{"machine": {json.dumps(about)},\n "findings": [\n  {lines}\n]}}\n'


def page(findings: Sequence[Finding], about: dict[str, Any]) -> str:
    """Draw findings as one HTML page: how far each budget is used, how costs grow, and the table.

    Parameters
    ----------
    findings : sequence of Finding
    about : dict

    Returns
    -------
    str
        It opens without a network.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    bound = [one for one in findings if one.budget]
    labels = [f"{one.row} {one.size:,}: {one.measure}" + (f" ({one.note})" if one.note else "") for one in bound]
    used = [one.budget / one.value if one.at_least else one.value / one.budget for one in bound if one.budget]
    upper = 26 * len(bound) + 120
    figure = make_subplots(
        rows=2, cols=1, row_heights=[upper, 360], vertical_spacing=120 / (upper + 480),
        subplot_titles=("Share of the budget that is used", "Cost per alert, microseconds of processor"),
    )  # fmt: skip
    colours = ["#2b7a4b" if one.kept else "#b3261e" for one in bound]
    words = [_WORDS[one.kept] for one in bound]
    bars = go.Bar(x=used, y=labels, orientation="h", marker_color=colours, text=words, showlegend=False)
    figure.add_trace(bars, row=1, col=1)
    figure.add_vline(x=1, line_dash="dash", row=1, col=1)
    for (row, measure), name in _GROWING.items():
        grown = sorted((one.size, one.value) for one in findings if (one.row, one.measure) == (row, measure))
        if grown:
            sizes, values = zip(*grown, strict=True)
            figure.add_trace(go.Scatter(x=sizes, y=values, name=name, mode="lines+markers"), row=2, col=1)
    figure.update_xaxes(type="log", title="alerts", row=2, col=1)
    figure.update_yaxes(rangemode="tozero", row=2, col=1)
    figure.update_layout(height=upper + 480, margin={"l": 420}, template="plotly_white", title="graphinvestigate bench")
    drawn = figure.to_html(full_html=False, include_plotlyjs=True)
    texts = "".join(f"<pre>{escape(text)}</pre>" for text in (table(findings), json.dumps(about, indent=1)))
    head = '<html lang="en"><meta charset="utf-8"><title>graphinvestigate bench</title>'
    return f"<!doctype html>{head}<body>{drawn}{texts}</body></html>"

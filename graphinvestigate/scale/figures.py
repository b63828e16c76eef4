"""Timelines of a lake: drawn from what an engine counted, however many records that is of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from graphinvestigate import text
from graphinvestigate.views.style import SEVERITIES, kind_word, severity, template
from graphinvestigate.views.timeline import in_zone, zone_of
from graphinvestigate.views.timeline_density import counts_by_lane, counts_by_severity
from graphinvestigate.views.timeline_notes import Bins


def counts_figure(
    rows: pd.DataFrame,
    bins: Bins,
    untimed: Mapping[str, int],
    *,
    unseen: str = "",
    tz: str = "UTC",
    theme: str = "light",
) -> go.Figure:
    """Draw how many records there were in each span of time.

    Parameters
    ----------
    rows : DataFrame
        As `Lake.timeline` returns it.
    bins : Bins
        The spans that were counted.
    untimed : mapping of str to int
        Records without a time, by kind.
    unseen : str
        What of the time was never looked at, in words.
    tz, theme : str
        As in `plot_timeline`.

    Returns
    -------
    plotly.graph_objects.Figure
        Above counts by severity or risk, below by kind of record.
    """
    zone = zone_of(tz)
    kinds = list(dict.fromkeys(rows["record_kind"]))
    codes = {name: at for at, name in enumerate(SEVERITIES)}
    place = bins.place(rows["time"].astype("datetime64[ns, UTC]").astype("int64").to_numpy())
    lane = rows["record_kind"].map({kind: at for at, kind in enumerate(kinds)}).to_numpy(np.int64)
    level = rows["level"].map(lambda said: codes[severity(said)]).to_numpy(np.int64)
    counts = np.zeros((len(kinds), len(SEVERITIES), bins.n), np.int64)
    np.add.at(counts, (lane, level, place), rows["records"].to_numpy())
    x = in_zone(bins.starts(), zone)
    names = [kind_word(kind, 2) for kind in kinds]
    said = ", ".join(f"{int(n):,} {kind_word(kind, int(n))}" for kind, n in zip(kinds, counts.sum((1, 2)), strict=True))
    without = ", ".join(f"{n:,} {kind_word(kind, n)}" for kind, n in untimed.items() if n)
    caption = (said or "no records") + (f"; time unknown: {without}" if without else "")
    caption += f"; {unseen}" if unseen else ""
    lanes = [str(at) for at in range(len(kinds))]
    return go.Figure(
        {
            "data": [
                *counts_by_severity(counts.sum(axis=0), x, bins.words),
                counts_by_lane(counts.sum(axis=1), x, names, bins.words),
            ],
            "layout": {
                "template": template(theme),
                "title": {"text": "Timeline", "subtitle": {"text": text.plotly(caption, None)}},
                "xaxis": {"type": "date", "anchor": "y2", "title": {"text": f"time, {text.plotly(tz)}"}},
                "yaxis": {"domain": [0.72, 1.0], "title": {"text": f"per {bins.words}"}, "rangemode": "tozero"},
                "yaxis2": {
                    "domain": [0.0, 0.68], "type": "category", "tickmode": "array", "tickvals": lanes,
                    "categoryorder": "array", "categoryarray": lanes, "autorange": "reversed", "automargin": True,
                    "ticktext": [text.plotly(name, 40) for name in names], "showgrid": False, "ticks": "",
                },
                "barmode": "stack", "bargap": 0, "autotypenumbers": "strict", "height": 420 + 26 * len(kinds),
                "margin": {"l": 12, "r": 12, "t": 104, "b": 52},
                "legend": {
                    "orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "title": {"text": "severity or risk:  "},
                },
                "meta": {
                    "columns": ["lane", *(look.word for look in SEVERITIES.values())], "dense": True,
                    "rows": [
                        [text.plotly(name, 40), *by.tolist()] for name, by in zip(names, counts.sum(2), strict=True)
                    ],
                },
            },
        }
    )  # fmt: skip

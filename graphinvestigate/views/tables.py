"""Tables for people: the alert queue, and any frame as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from graphinvestigate import text
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import evidence as evidence_of
from graphinvestigate.views.labels import columns as width_of, shorten
from graphinvestigate.views.style import severity_rank

TRIAGE_COLUMNS = ("id", "severity", "status", "title", "source", "entities", "category", "first_activity")
# Who or what an alert hit; a row of evidence names at most one.
IMPACTED = (
    ("userEvidence", ("user_account_user_principal_name", "user_account_account_name")),
    ("deviceEvidence", ("device_dns_name", "host_name")),
    ("mailboxEvidence", ("primary_address", "user_account_user_principal_name")),
    ("cloudApplicationEvidence", ("display_name",)),
    ("oauthApplicationEvidence", ("display_name",)),
    ("servicePrincipalEvidence", ("service_principal_name",)),
    ("azureResourceEvidence", ("resource_name", "resource_id")),
)
_MOST_NAMES = 3


def triage_table(alerts: pd.DataFrame, evidence: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give the alert queue: the most severe first, of equal severity the newest.

    Parameters
    ----------
    alerts : pandas.DataFrame
        Alerts; they are not changed.
    evidence : pandas.DataFrame, optional
        What ``evidence(alerts)`` returned, where it is at hand already.

    Returns
    -------
    pandas.DataFrame
        One row per row of `alerts` with id, severity, status, title, source, entities (whom and what the alert
        hit: at most three names, then how many more), category and first_activity; values as Graph sent them,
        to be escaped when drawn. The index is that of `alerts`.
    """
    named = _entities(evidence_of(alerts) if evidence is None else evidence)
    table = pd.DataFrame(index=alerts.index)
    for name, column in zip(
        TRIAGE_COLUMNS,
        ("id", "severity", "status", "title", "service_source", None, "category", "first_activity_date_time"),
        strict=True,
    ):
        if column is None:
            table[name] = alerts["id"].map(named).astype("str") if len(alerts) else alerts["id"].astype("str")
        else:
            table[name] = alerts[column]
    rank = _ranks(table["severity"])
    order = table.assign(_rank=rank).sort_values(
        ["_rank", "first_activity", "id"], ascending=[False, False, True], na_position="last", kind="stable"
    )
    return order.drop(columns="_rank")


def _ranks(severities: pd.Series) -> np.ndarray:
    codes, names = pd.factorize(severities)
    return np.array([*(severity_rank(name) for name in names), 0])[codes]


def _entities(evidence: pd.DataFrame) -> dict[str, str]:
    """Give for each alert whom and what it hit, in words."""
    found: list[pd.DataFrame] = []
    wanted = ["alert_id", "evidence_type", *dict.fromkeys(name for _, names in IMPACTED for name in names)]
    evidence = evidence[wanted]  # of hundreds of columns: each selection of rows copies all there are
    for rank, (kind, names) in enumerate(IMPACTED):
        rows = evidence[evidence["evidence_type"] == kind]
        if len(rows):
            name = rows[names[0]].astype("object")
            for other in names[1:]:
                name = name.where(name.notna(), rows[other])
            found.append(pd.DataFrame({"alert": rows["alert_id"], "name": name, "rank": rank}))
    if not found:
        return {}
    all_names = pd.concat(found).dropna(subset=["alert", "name"])
    all_names["folded"] = all_names["name"].astype("str").str.casefold()
    all_names = all_names.sort_values("rank", kind="stable").drop_duplicates(["alert", "folded"])
    return {str(alert): _joined(list(group)) for alert, group in all_names.groupby("alert", sort=False)["name"]}


def _joined(names: Sequence[str]) -> str:
    more = f" +{len(names) - _MOST_NAMES}" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def cell(value: Any) -> str:
    """Write one value for people; it is not escaped.

    Parameters
    ----------
    value : object
        A cell of a frame.

    Returns
    -------
    str
        Nothing for a missing value, times to the second in UTC, lists joined by commas.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, pd.Timestamp):
        utc = value.tz_convert("UTC") if value.tzinfo else value
        return utc.strftime("%Y-%m-%d %H:%M:%S") + (" UTC" if value.tzinfo else "")
    if isinstance(value, Mapping):
        return str(dict(value))
    if isinstance(value, Iterable):
        return ", ".join(cell(item) for item in value)
    return "" if value is None or pd.isna(value) else str(value)


def text_table(
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    max_width: int = 120,
    max_rows: int = 40,
    max_cell: int = 48,
) -> str:
    """Write a frame as a table for a terminal.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame; it is not changed.
    columns : sequence of str, optional
        Which columns, in which order; all by default.
    max_width : int
        The most terminal columns a line takes; the widest columns are narrowed first.
    max_rows : int
        At most so many rows are written; the last line says how many were not.
    max_cell : int
        The most terminal columns of one cell.

    Returns
    -------
    str
        Lines without control characters, aligned also for letters that take two columns.
    """
    shown = chosen(frame, columns).iloc[:max_rows]
    names = list(shown.columns)
    if not names:
        return f"{len(frame):,} rows, no columns"
    cells = [[text.terminal(str(name), max_cell) for name in names]]
    cells += [[shorten(cell(value), max_cell) for value in row] for row in shown.itertuples(index=False, name=None)]
    widths = [max(width_of(row[at]) for row in cells) for at in range(len(names))]
    room = max_width - 2 * (len(names) - 1)
    while sum(widths) > room and max(widths) > 4:
        widths[widths.index(max(widths))] -= 1
    lines = [_line(cells[0], widths), "  ".join("─" * width for width in widths)]
    lines += [_line(row, widths) for row in cells[1:]]
    if not len(frame):
        lines.append("(no rows)")
    if len(shown) < len(frame):
        lines.append(f"… {len(frame) - len(shown):,} of {len(frame):,} rows not shown")
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cut = [shorten(value, width) for value, width in zip(row, widths, strict=True)]
    return "  ".join(value + " " * (width - width_of(value)) for value, width in zip(cut, widths, strict=True)).rstrip()


def chosen(frame: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    """Give the columns to show, or say which of them the frame has not.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame to show.
    columns : sequence of str or None
        What was asked for.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    UsageError
        If one of them is not a column of the frame.
    """
    if columns is None:
        return frame
    names = list(frame.columns)
    missing = [name for name in columns if name not in names]
    if missing:
        raise UsageError(
            f"this frame has no column {', '.join(map(text.log, map(str, missing)))}; "
            f"it has {text.log(', '.join(map(str, names)))}"
        )
    return frame.iloc[:, [names.index(name) for name in columns]]

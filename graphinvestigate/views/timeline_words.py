"""What the marks of a timeline say when hovered over; all of it escaped for plotly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from graphinvestigate import text
from graphinvestigate.views.style import SEVERITIES, kind_word
from graphinvestigate.views.timeline_events import Marks

_NAME = {
    "alert": ("title",),
    "incident": ("display_name",),
    "risk_detection": ("risk_event_type",),
    "risky_user": ("user_principal_name", "user_display_name"),
    "sign_in": ("app_display_name", "resource_display_name"),
    "evidence": ("evidence_type",),
    "directory_audit": ("activity_display_name",),
    "service_principal_risk_detection": ("risk_event_type",),
    "risky_service_principal": ("display_name",),
}
_DETAILS = {
    "alert": ("service_source", "category", "status"),
    "incident": ("status", "classification"),
    "risk_detection": ("user_principal_name", "ip_address", "location_country_or_region", "risk_state"),
    "risky_user": ("risk_state", "risk_detail"),
    "sign_in": ("user_principal_name", "ip_address", "location_country_or_region", "_outcome"),
    "evidence": ("user_account_user_principal_name", "device_dns_name", "ip_address", "verdict"),
    "directory_audit": ("initiated_by_user_user_principal_name", "category", "result"),
    "service_principal_risk_detection": ("service_principal_display_name", "ip_address", "risk_state"),
    "risky_service_principal": ("risk_state", "risk_detail"),
}


def mark_words(marks: Marks) -> list[list[str]]:
    """Say what each mark stands for.

    Parameters
    ----------
    marks : Marks
        What is drawn.

    Returns
    -------
    list of list of str
        For each mark name, kind and severity, time in UTC, details, and record id.
    """
    words: list[list[str]] = [[] for _ in range(len(marks.start))]
    severities = [look.word for look in SEVERITIES.values()]
    start, end = _times(marks.start), _times(marks.end)
    for number, (kind, frame) in enumerate(marks.frames):
        at = np.flatnonzero(marks.frame == number)
        named, detailed = _NAME.get(kind, ("title",)), _DETAILS.get(kind, ())
        key = "alert_id" if kind == "evidence" else "id"
        # Only the columns that are said: to take a row of a hundred others would be most of the time.
        said = {*named, *detailed, key, "status_error_code"}
        rows = frame[[name for name in frame.columns if name in said]].iloc[marks.row[at]]
        names, details, ids = _first_of(rows, named), _joined(rows, detailed), _column(rows, key)
        word = kind_word(kind)
        for place, name, detail, key in zip(at.tolist(), names, details, ids, strict=True):
            when = start[place] if start[place] == end[place] else f"{start[place]} to {end[place]}"
            words[place] = [
                text.plotly(name or f"{word} without a name", 100),
                f"{word} · severity {severities[marks.severity[place]]}",
                f"{when} UTC" if when else "time unknown",
                text.plotly(detail or "no details", 160),
                text.plotly(f"{kind} {key}", 100),
            ]
    return words


def _times(ns: np.ndarray) -> list[str]:
    texts = np.datetime_as_string(ns.view("datetime64[ns]"), unit="s").tolist()
    return ["" if moment == "NaT" else moment.replace("T", " ") for moment in texts]


def _column(rows: pd.DataFrame, name: str) -> list[str]:
    if name == "_outcome":
        return (
            [_outcome(code) for code in rows["status_error_code"]] if "status_error_code" in rows else [""] * len(rows)
        )
    if name not in rows.columns:
        return [""] * len(rows)
    return [value if isinstance(value, str) else "" for value in rows[name].astype("object").tolist()]


def _outcome(code: object) -> str:
    if pd.isna(code):
        return "outcome unknown"
    return "succeeded" if code == 0 else f"failed ({code})"


def _first_of(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    columns = [_column(rows, name) for name in names] or [[""] * len(rows)]
    return [next(filter(None, values), "") for values in zip(*columns, strict=True)]


def _joined(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    columns = [_column(rows, name) for name in names] or [[""] * len(rows)]
    return [" · ".join(filter(None, values)) for values in zip(*columns, strict=True)]

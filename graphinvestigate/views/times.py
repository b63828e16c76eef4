"""Times as users give them, and as entity graphs write them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from graphinvestigate.errors import UsageError


def utc_text(value: str | datetime | None, name: str) -> str:
    """Write a time as entity graphs do: ISO, UTC, microseconds.

    Parameters
    ----------
    value : str or datetime, optional
        An ISO text with its zone, or an aware datetime.
    name : str
        What it is called, for errors.

    Returns
    -------
    str
        Empty for no time.

    Raises
    ------
    UsageError
        It is no time, or has no zone.
    """
    if value is None or value == "":
        return ""
    try:
        time = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name}={value!r:.80} is no time; give e.g. '2026-02-03T10:00:00Z'") from error
    if time is pd.NaT or time.tzinfo is None:
        raise UsageError(f"{name}={value!r:.80} has no time zone; give e.g. '2026-02-03T10:00:00Z'")
    return f"{time.tz_convert('UTC').tz_localize(None).isoformat(timespec='microseconds')}Z"

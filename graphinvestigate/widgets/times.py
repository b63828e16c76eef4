"""Times as users of widgets write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pandas as pd

from graphinvestigate.client.times import parse_time
from graphinvestigate.views.timeline import moment_of

_AGO = re.compile(r"\s*[0-9]+\s*[mhdw]\s*", re.IGNORECASE)


def moment(value: str | datetime | None) -> pd.Timestamp | None:
    """Read a time as the callers of queries write it; here it may lie in the future.

    Parameters
    ----------
    value : str, datetime or None
        How long ago (``"7d"``), ISO text with a zone, or an aware datetime.

    Returns
    -------
    pandas.Timestamp or None
        UTC.

    Raises
    ------
    UsageError
        It is none of these.
    """
    if isinstance(value, str) and _AGO.fullmatch(value):
        return pd.Timestamp(parse_time(value, now=datetime.now(UTC)))
    ns = moment_of(value)
    return None if ns is None else pd.Timestamp(ns, tz="UTC")

"""Times as users of widgets write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pandas as pd

from graphinvestigate.client.times import parse_time
from graphinvestigate.queries.coverage import known_pull
from graphinvestigate.views.timeline import moment_of

_AGO = re.compile(r"\s*[0-9]+\s*[mhdw]\s*", re.IGNORECASE)


def moment(value: str | datetime | None, *frames: pd.DataFrame) -> pd.Timestamp | None:
    """Read a time as the callers of queries write it; here it may lie in the future.

    Parameters
    ----------
    value : str, datetime or None
        How long ago (``"7d"``), ISO text with a zone, or an aware datetime.
    *frames : pandas.DataFrame
        What is looked at: ``"7d"`` counts back from when the newest of it was pulled, by the tenant's clock. A case is
        opened months later, and a demo tenant lives in a time of its own. Where that is not known, from now.

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
        return pd.Timestamp(parse_time(value, now=pulled_at(*frames) or datetime.now(UTC)))
    ns = moment_of(value)
    return None if ns is None else pd.Timestamp(ns, tz="UTC")


def pulled_at(*frames: pd.DataFrame) -> datetime | None:
    """Give when the newest pull began that rows of these frames come from, by the tenant's clock; None if unknown.

    Parameters
    ----------
    *frames : pandas.DataFrame

    Returns
    -------
    datetime or None
    """
    ids = {one for frame in frames if "pull_id" in frame for one in frame["pull_id"].unique()}
    began = [pull.started for pull in map(known_pull, ids) if pull is not None and pull.started is not None]
    return max(began, default=None)

"""Values in filters and in records, made comparable: times with all their digits, text without case."""

from __future__ import annotations

import re
from datetime import date

_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?(Z|[+-]\d\d:\d\d))?", re.ASCII)


def time_key(text: object) -> tuple[int, int] | None:
    """Return (seconds since the year 0, fraction in units of 1e-12 s) of an ISO time, or None for anything else.

    A date alone is its midnight in UTC. Python's datetimes keep six digits of a second, Graph writes seven.
    """
    if not isinstance(text, str) or (match := _TIME.fullmatch(text)) is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None
    h, m, s = int(hour or 0), int(minute or 0), int(second or 0)
    if h > 23 or m > 59 or s > 59:
        return None
    offset = 0
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        if hours > 14 or minutes > 59:
            return None
        offset = (hours * 60 + minutes) * (-60 if zone[0] == "-" else 60)
    return days * 86_400 + h * 3600 + m * 60 + s - offset, int((fraction or "").ljust(12, "0"))


def text_key(value: object) -> str | None:
    """Return text without case, or None for anything else."""
    return value.casefold() if isinstance(value, str) else None


def at(record: object, path: tuple[str, ...]) -> object:
    """Return the value at `path`, None where something on the way is missing."""
    for step in path:
        if not isinstance(record, dict):
            return None
        record = record.get(step)
    return record

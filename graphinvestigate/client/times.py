"""The times that callers write: ``"7d"``, an ISO text with a zone, or an aware datetime → UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from graphinvestigate import text
from graphinvestigate.errors import UsageError

_FORMS = (
    'Write how long ago ("90m", "36h", "7d", "2w"), an ISO time with its zone ("2026-03-01T08:00:00Z", '
    '"2026-03-01T08:00:00+01:00"), or an aware datetime.'
)
_AGO = re.compile(r"([0-9]{1,9})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# The tenant's clock is read in whole seconds, and this machine's may run a little ahead of it.
_LEEWAY = timedelta(minutes=5)


def parse_time(value: str | datetime | None, *, now: datetime, latest: datetime | None = None) -> datetime | None:
    """Read a point in time as a caller wrote it.

    Parameters
    ----------
    value : str, datetime or None
        How long ago (``"90m"``, ``"36h"``, ``"7d"``, ``"2w"``), an ISO text with a zone, or an aware datetime
        (a `pandas.Timestamp` is one). None stays None.
    now : datetime
        Aware; what "ago" counts from: the tenant's clock (:meth:`GraphClient.now`).
    latest : datetime, optional
        Aware; what lies after it is in the future. By default `now`.

    Returns
    -------
    datetime or None
        Aware, in UTC, to the microsecond.

    Raises
    ------
    UsageError
        No zone, in the future, or no time at all.
    """
    if value is None:
        return None
    if isinstance(value, str):
        moment = _read(value.strip(), now)
    elif isinstance(value, datetime):
        if value != value:  # NaT: the one datetime that differs from itself
            raise UsageError(f"NaT is no time. {_FORMS}")
        moment = value
    else:
        raise UsageError(f"A {type(value).__name__} is no time. {_FORMS}")
    if moment.utcoffset() is None:
        raise UsageError(f"{text.log(str(value))!r} has no time zone, so it may be hours off; add one. {_FORMS}")
    moment = _utc(moment, shown=str(value))
    latest = latest or now
    if moment > latest + _LEEWAY:
        raise UsageError(
            f"{text.log(str(value))!r} lies in the future: by the tenant's clock it is "
            f"{latest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}. {_FORMS}"
        )
    return moment


def _read(value: str, now: datetime) -> datetime:
    ago = _AGO.fullmatch(value.casefold())
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text.log(value)!r} is no time that can be read. {_FORMS}") from error


def _utc(moment: datetime, *, shown: str) -> datetime:
    try:
        utc = moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"{text.log(shown)!r} is no time that can be read. {_FORMS}") from error
    # A plain datetime, also of a subclass that counts nanoseconds.
    return datetime(utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond, tzinfo=UTC)

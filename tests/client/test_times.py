"""Times as callers write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from graphinvestigate.client import parse_time
from graphinvestigate.errors import UsageError

NOW = datetime(2026, 3, 29, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        (" 2W ", NOW - timedelta(days=14)),
        ("0d", NOW),
        ("2026-03-01T08:00:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00+01:00", datetime(2026, 3, 1, 7, tzinfo=UTC)),
        ("2026-03-01T08:00:00.1234567Z", datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        (datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=-5))), datetime(2026, 3, 1, 13, tzinfo=UTC)),
        (pd.Timestamp("2026-03-01T08:00:00.123456789Z"), datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        (pd.Timestamp("2026-03-29 01:30", tz="Europe/Berlin"), datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        (NOW + timedelta(minutes=4), NOW + timedelta(minutes=4)),
    ],
)
def test_accepted_forms(value: Any, expected: datetime) -> None:
    """Each accepted form becomes a plain datetime in UTC, counted from the tenant's clock."""
    got = parse_time(value, now=NOW)
    assert got == expected
    assert type(got) is datetime
    assert got.tzinfo is UTC


def test_none_stays_none() -> None:
    """No time is no limit."""
    assert parse_time(None, now=NOW) is None


@pytest.mark.parametrize(
    "value",
    ["2026-03-01", "2026-03-01T08:00:00", datetime(2026, 3, 1), pd.Timestamp("2026-03-01")],  # noqa: DTZ001 (naive is the point)
)
def test_a_time_without_zone_is_refused(value: Any) -> None:
    """D20: a time without a zone is refused, and the message shows how to write one."""
    with pytest.raises(UsageError, match=r"no time zone.*2026-03-01T08:00:00Z"):
        parse_time(value, now=NOW)


@pytest.mark.parametrize("value", ["2026-03-29T13:00:00Z", datetime(2030, 1, 1, tzinfo=UTC), "9999-12-31T23:59:59Z"])
def test_the_future_is_refused(value: Any) -> None:
    """A time in the future is refused, and the message says what time it is in the tenant."""
    with pytest.raises(UsageError, match=r"future.*2026-03-29T12:00:00Z"):
        parse_time(value, now=NOW)


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "7", "7x", "-7d", "7d7d", "999999999w", "7.5d", "\u0667d", "2026-13-01T00:00:00Z", "d", 7,
     7.5, True, date(2026, 3, 1), timedelta(days=7), pd.NaT, b"7d", ["7d"],
     "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_nonsense_is_refused_with_the_accepted_forms(value: Any) -> None:
    """What is no time is a UsageError that shows the accepted forms."""
    with pytest.raises(UsageError, match="36h"):
        parse_time(value, now=NOW)


@given(st.text())
def test_any_text_is_a_time_or_a_usage_error(value: str) -> None:
    """No text raises anything but a UsageError, and its message holds nothing invisible."""
    try:
        parse_time(value, now=NOW)
    except UsageError as error:
        assert str(error).isprintable()  # noqa: PT017 (most texts fail, some don't)

"""What of a window can be hunted in: hunting keeps thirty days, and says what of a window lies before them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

import graphinvestigate as gi
from graphinvestigate.pivots.reach import TOO_EARLY, Reach, reach_of

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
KEPT = datetime(2026, 3, 1, 12, tzinfo=UTC)  # the oldest that hunting keeps
SECOND = timedelta(seconds=1)
ALL, NOTHING = Reach(), Reach(nothing=True, short=TOO_EARLY)
SHORT = "hunting goes back 30 days: not before 2026-03-01T12:00:00Z"
CET = timezone(timedelta(hours=1))


def span(first: str, last: str = "2026-03-31T12:00:00Z", short: str = "") -> Reach:
    """A part that is hunted in; by default up to now."""
    return Reach(f"{first}/{last}", short=short)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, ALL),
        ("30d", None, ALL),
        (KEPT, None, ALL),
        (KEPT - SECOND, None, Reach(short=SHORT)),
        ("90d", None, Reach(short=SHORT)),
        (KEPT + SECOND, None, span("2026-03-01T12:00:01Z")),
        ("7D", None, span("2026-03-24T12:00:00Z")),
        (" 2 w ", None, span("2026-03-17T12:00:00Z")),
        ("36h", "12h", span("2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z")),
        ("2026-03-30T08:00:00Z", None, span("2026-03-30T08:00:00Z")),
        ("2026-03-30T08:00:00+01:00", None, span("2026-03-30T07:00:00Z")),
        (datetime(2026, 3, 30, 8, tzinfo=CET), None, span("2026-03-30T07:00:00Z")),
        ("2026-03-30T08:00:00.5Z", None, span("2026-03-30T08:00:00.500000Z")),
        (None, NOW, span("2026-03-01T12:00:00Z")),
        (None, "2026-03-30T08:00:00Z", span("2026-03-01T12:00:00Z", "2026-03-30T08:00:00Z")),
        ("90d", "2026-03-30T08:00:00Z", span("2026-03-01T12:00:00Z", "2026-03-30T08:00:00Z", SHORT)),
        (KEPT, KEPT + SECOND, span("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z")),
        ("7d", "7d", span("2026-03-24T12:00:00Z", "2026-03-24T12:00:00Z")),
        ("90d", KEPT + SECOND, span("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z", SHORT)),
        ("90d", KEPT, NOTHING),
        ("90d", "31d", NOTHING),
        (None, "31d", NOTHING),
        (NOW + SECOND, None, span("2026-03-31T12:00:01Z", "2026-03-31T12:00:01Z")),
    ],
)
def test_what_of_a_window_is_hunted_in(since, until, expected) -> None:
    """All that is kept, a part of it, or nothing; what of the window lies before it is said, and only that."""
    assert reach_of(since, until, now=NOW) == expected


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("1d", "7d", "swap them"),
        (NOW, NOW - SECOND, "swap them"),
        ("60d", "90d", "swap them"),
        (datetime(2026, 3, 30, 8), None, "no time zone"),  # noqa: DTZ001 # what is refused
        ("2026-03-30T08:00:00", None, "no time zone"),
        (None, "2026-03-30", "no time zone"),
        ("tomorrow", None, "no time that can be read"),
        ("2026-04-02T00:00:00Z", None, "lies in the future"),
        (None, "2026-04-02T00:00:00Z", "lies in the future"),
        (7, None, "A int is no time"),
    ],
)
def test_a_window_that_cannot_be_right_is_refused(since, until, words) -> None:
    """A window that ends before it begins, wherever it lies, and what is no time, is told what to give instead."""
    with pytest.raises(gi.UsageError, match=words):
        reach_of(since, until, now=NOW)


def test_a_pivot_gone_on_with_counts_from_when_it_was_asked() -> None:
    """Days later "7d" and "1d" mean what they meant; what hunting has forgotten since is said."""
    later = NOW + timedelta(days=3)
    assert reach_of("7d", "1d", now=later, asked_at=NOW) == span("2026-03-24T12:00:00Z", "2026-03-30T12:00:00Z")
    assert reach_of("30d", None, now=later, asked_at=NOW) == Reach(
        short="hunting goes back 30 days: not before 2026-03-04T12:00:00Z"
    )
    assert reach_of(None, None, now=later, asked_at=NOW) == ALL

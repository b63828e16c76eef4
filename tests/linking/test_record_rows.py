"""When records happened, from the columns of their frames."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, strategies as st

from graphinvestigate.linking.record_kinds import KINDS
from graphinvestigate.linking.record_rows import record_rows

TIMES = st.sampled_from([None, "2026-02-03T08:00:00Z", "2026-02-03T08:00:00.0000001Z", "2026-02-03T09:00:00.5Z"])
COLUMNS = ("first_activity_date_time", "created_date_time", "last_activity_date_time", "last_update_date_time")


def iso(text):
    """As nodes write a time."""
    return None if text is None else pd.Timestamp(text).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@given(st.lists(st.tuples(TIMES, TIMES, TIMES, TIMES), min_size=1, max_size=5))
def test_times_of_records(rows):
    """A record begins with its first activity, or as it was created; it never ends before; an unknown time is none."""
    frame = pd.DataFrame({"id": [f"a{at}" for at in range(len(rows))]})
    for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True):
        frame[name] = pd.to_datetime(pd.Series(column, dtype="object"), utc=True, format="ISO8601")
    found = [attrs for _, attrs in record_rows(frame, "alert", KINDS["alert"], [None] * len(rows))]
    for attrs, (first, created, last, updated) in zip(found, rows, strict=True):
        begin = first or created
        end = max(filter(None, (begin, last)), key=pd.Timestamp, default=None)
        assert (attrs["time"], attrs["end_time"], attrs["updated"]) == (iso(begin), iso(end), iso(updated))


def test_records_without_columns_of_time():
    """A frame that lacks all times gives records of unknown time."""
    ((_, attrs),) = record_rows(pd.DataFrame({"id": ["a1"]}), "alert", KINDS["alert"], ["t"])
    assert (attrs["time"], attrs["end_time"], attrs["updated"], attrs["tenant_id"]) == (None, None, None, "t")

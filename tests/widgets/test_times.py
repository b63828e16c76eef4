"""Times as users of widgets write them: how long ago counts from when the records were pulled."""

from __future__ import annotations

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.queries.coverage import known_pull
from graphinvestigate.widgets import AlertPicker, TimelineView
from graphinvestigate.widgets.times import moment, pulled_at


@pytest.fixture(scope="module")
def client() -> gi.GraphClient:
    """A demo tenant: it lives in a time of its own, months away from this machine's."""
    return gi.connect_demo(seed=2, alerts=60)


def test_ago_counts_from_the_pull(client: gi.GraphClient) -> None:
    """The queue's `7d` are the seven days before its alerts were pulled, also when they are looked at months later."""
    alerts = gi.list_alerts(client)
    (pull_id,) = alerts["pull_id"].unique()
    began = pd.Timestamp(known_pull(pull_id).started)
    assert pulled_at(alerts) == began
    picker = AlertPicker(alerts)
    picker.filter(since="7d")
    last = alerts["last_activity_date_time"].fillna(alerts["first_activity_date_time"])
    expected = set(alerts.loc[last >= began - pd.Timedelta(days=7), "id"])
    assert 0 < len(expected) < len(alerts)
    assert set(picker.shown["id"]) == expected
    picker.filter()
    picker._bar.since.value = " 7d "
    assert set(picker.shown["id"]) == expected, "the box says the same"
    picker._bar.since.value = "   "
    assert len(picker.shown) == len(alerts), "blanks are no time and no error"
    assert picker._messages.error is None


def test_a_timeline_counts_from_its_newest_pull(client: gi.GraphClient) -> None:
    """`zoom("2d")` shows the last two days before the newest of what it shows was pulled."""
    alerts = gi.list_alerts(client)
    sign_ins = gi.list_sign_ins(client)
    view = TimelineView(alerts, sign_ins)
    view.zoom("2d")
    assert view.time_range[0] == pd.Timestamp(pulled_at(alerts, sign_ins)) - pd.Timedelta(days=2)


def test_records_of_no_known_pull_count_from_now() -> None:
    """A frame read from a file, or rows of somebody's own, tell no time: then it is this machine's."""
    assert pulled_at(pd.DataFrame({"id": ["a"]}), pd.DataFrame({"pull_id": ["of-another-session", None]})) is None
    found = moment("1h", pd.DataFrame({"id": ["a"]}))
    assert abs(pd.Timestamp.now(tz="UTC") - pd.Timedelta(hours=1) - found) < pd.Timedelta(minutes=1)

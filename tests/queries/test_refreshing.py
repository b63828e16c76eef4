"""`refresh`: only what changed is asked for, each change is named, and twice is as good as once."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault

LATER = "2026-12-01T00:00:00.1234567Z"


class Tampered:
    """A tenant that answers every list of alerts with these records, filters and all ignored where `records` is set."""

    def __init__(self, make_world, path: str = "/security/alerts_v2") -> None:
        self.records: list[dict] | None = None
        rewrite = faults.rewrite(self._edit)
        self.world = make_world(alerts=61, faults=[Fault(path, rewrite)])
        self.client = self.world.client

    def _edit(self, page: dict) -> dict:
        return page if self.records is None else {"value": self.records}


def raw(frame: pd.DataFrame, row: int) -> dict:
    """A record as Graph sent it."""
    return json.loads(frame["raw"].iloc[row])


def test_nothing_changed_means_the_same_frame(make_world) -> None:
    """Refreshed twice with no change: the identical frame, index and all, and no changes."""
    world = make_world(alerts=61)
    for ask in (gi.list_alerts, gi.list_incidents, gi.list_risk_detections, gi.list_risky_users):
        frame = ask(world.client)
        once = gi.refresh(world.client, frame)
        twice = gi.refresh(world.client, once.frame)
        pd.testing.assert_frame_equal(once.frame, frame)
        pd.testing.assert_frame_equal(twice.frame, frame)
        assert once.changes.empty
        assert twice.changes.empty


def test_only_what_changed_is_asked_for(make_world) -> None:
    """One request for one page, from the newest update seen; nothing of the caller's filters is in it."""
    world = make_world(alerts=61)
    frame = gi.list_alerts(world.client, severity="high", since="20d")
    world.emulator.exchanges.clear()
    gi.refresh(world.client, frame)
    (asked,) = world.emulator.exchanges
    newest = frame["last_update_date_time"].max().floor("us")
    asked_for = parse_qs(asked.query)["$filter"][0]
    assert asked_for.startswith("lastUpdateDateTime ge ")
    assert pd.Timestamp(asked_for.split()[-1]) == newest


def test_new_and_changed_records_are_named(make_world) -> None:
    """A new alert is on top, a changed one in its place, and each changed field has a row with before and after."""
    tampered = Tampered(make_world)
    frame = gi.list_alerts(tampered.client)
    old = raw(frame, 3)
    changed = {**old, "status": "resolved", "assignedTo": "me@corp.example", "lastUpdateDateTime": LATER}
    new = {**raw(frame, 0), "id": "brand-new", "lastUpdateDateTime": LATER}
    tampered.records = [changed, new]
    found = gi.refresh(tampered.client, frame)
    assert list(found.frame["id"]) == ["brand-new", *frame["id"]]
    assert found.frame["status"].iloc[4] == "resolved"
    assert found.frame.dtypes.equals(frame.dtypes)
    untouched = [0, 1, 2, *range(4, len(frame))]
    pd.testing.assert_frame_equal(found.frame.iloc[1:].reset_index(drop=True).iloc[untouched], frame.iloc[untouched])
    told = found.changes
    assert told.loc[told["change"] == "new", "id"].tolist() == ["brand-new"]
    fields = told[told["change"] == "changed"].set_index("field")
    assert set(fields["id"]) == {old["id"]}
    assert set(fields.index) == {"status", "assigned_to", "last_update_date_time"}
    assert (fields.loc["status", "before"], fields.loc["status", "after"]) == (old["status"], "resolved")
    assert repr(found) == "<Refresh of 62 rows: 1 new, 1 changed, 0 gone>"
    again = gi.refresh(tampered.client, found.frame)
    pd.testing.assert_frame_equal(again.frame, found.frame)
    assert again.changes.empty


def test_a_change_that_has_no_column_is_a_change(make_world) -> None:
    """A property that this package does not know changed: the row is replaced, and `raw` is the field."""
    tampered = Tampered(make_world)
    frame = gi.list_alerts(tampered.client)
    tampered.records = [{**raw(frame, 3), "brandNewProperty": 1}]
    found = gi.refresh(tampered.client, frame)
    assert found.changes["field"].tolist() == ["raw"]
    assert raw(found.frame, 3)["brandNewProperty"] == 1


def test_an_older_answer_changes_nothing(make_world) -> None:
    """An answer from before the row's own update (a lagging replica) is not taken for news."""
    tampered = Tampered(make_world)
    frame = gi.list_alerts(tampered.client)
    tampered.records = [{**raw(frame, 3), "status": "resolved", "lastUpdateDateTime": "2020-01-01T00:00:00Z"}]
    assert gi.refresh(tampered.client, frame).changes.empty


def test_new_records_fit_what_was_asked(make_world) -> None:
    """A frame of high alerts gains no low one, but an alert of it that is no longer high is followed."""
    tampered = Tampered(make_world)
    frame = gi.list_alerts(tampered.client, severity="high")
    base = {**raw(frame, 0), "lastUpdateDateTime": LATER}
    tampered.records = [
        {**base, "severity": "low"}, {**base, "id": "new-low", "severity": "low"}, {**base, "id": "new-high"},
    ]  # fmt: skip
    found = gi.refresh(tampered.client, frame)
    assert found.changes.loc[found.changes["change"] == "new", "id"].tolist() == ["new-high"]
    assert found.frame.set_index("id").loc[base["id"], "severity"] == "low"


def test_with_a_raw_filter_graph_tells_what_is_new(make_world) -> None:
    """What a raw OData filter means only Graph knows: new records are asked for with it."""
    world = make_world(alerts=61)
    frame = gi.list_alerts(world.client, filter="severity eq 'high'")
    rest = frame.iloc[3:]
    newest = rest["last_update_date_time"].max()
    found = gi.refresh(world.client, rest)
    expected = frame[(frame["last_update_date_time"] >= newest) & ~frame["id"].isin(rest["id"])]
    assert set(found.changes["id"]) == set(expected["id"])


def test_what_the_caller_added_stays(make_world) -> None:
    """A column of the caller's own survives in every row, changed ones too, and is missing in new ones."""
    tampered = Tampered(make_world)
    frame = gi.list_alerts(tampered.client).assign(mine=lambda f: [f"note {at}" for at in range(len(f))])
    base = {**raw(frame, 2), "status": "resolved", "lastUpdateDateTime": LATER}
    tampered.records = [base, {**base, "id": "brand-new"}]
    found = gi.refresh(tampered.client, frame)
    assert found.frame["mine"].tolist()[1:] == frame["mine"].tolist()
    assert pd.isna(found.frame["mine"].iloc[0])


def test_gone_is_what_graph_says_is_not_there(make_world) -> None:
    """Only on request, one question per row: a 404 is gone, any other answer is not."""
    world = make_world(alerts=61)
    first = gi.list_alerts(world.client)
    missing = first["id"].iloc[5]
    world = make_world(alerts=61, faults=[Fault(f"/security/alerts_v2/{missing}", faults.error(404))])
    frame = gi.list_alerts(world.client)
    assert gi.refresh(world.client, frame).frame["id"].tolist() == frame["id"].tolist()
    found = gi.refresh(world.client, frame, find_gone=True)
    assert found.changes.loc[found.changes["change"] == "gone", "id"].tolist() == [missing]
    assert missing not in found.frame["id"].tolist()


def test_a_frame_from_elsewhere_gains_no_rows(make_world) -> None:
    """What was asked for a saved frame is not known here, so its rows are brought up to date and no others added."""
    tampered = Tampered(make_world)
    frame = gi.list_alerts(tampered.client).assign(pull_id="alerts-from-elsewhere")
    base = {**raw(frame, 0), "status": "resolved", "lastUpdateDateTime": LATER}
    tampered.records = [base, {**base, "id": "brand-new"}]
    found = gi.refresh(tampered.client, frame)
    assert set(found.changes["change"]) == {"changed"}
    assert len(found.frame) == len(frame)


def test_a_change_during_the_pull_is_not_missed(make_world) -> None:
    """A row updated after the pull began may hide another's change: it is asked from the pull's start."""
    tampered = Tampered(make_world)
    tampered.records = [{**alert, "lastUpdateDateTime": LATER} for alert in _alerts(tampered)[:1]]
    frame = gi.list_alerts(tampered.client)
    tampered.world.emulator.exchanges.clear()
    gi.refresh(tampered.client, frame)
    asked_for = parse_qs(tampered.world.emulator.exchanges[0].query)["$filter"][0]
    assert pd.Timestamp(asked_for.split()[-1]) == pd.Timestamp(tampered.world.tenant.now).floor("s")


def _alerts(tampered: Tampered) -> list[dict]:
    return list(tampered.world.tenant.collections["security/alerts_v2"])


def test_legacy_alerts_name_their_successor(world) -> None:
    """Legacy alerts are read from files only: Graph no longer answers for them."""
    saved = b'{"value":[{"id":"x","title":"old","vendorInformation":{"provider":"IPC","vendor":"Microsoft"}}]}'
    frame = gi.read_records("legacy_alerts", saved)
    with pytest.raises(gi.EndpointRetiredError, match="list_alerts") as caught:
        gi.refresh(world.client, frame)
    assert "alerts_v2" in caught.value.successor


@pytest.mark.parametrize("make", [lambda f: f.drop(columns="id"), lambda f: f.head(0), lambda f: 7,
    lambda f: f.assign(record_kind="sign_in"), lambda f: f.drop(columns="last_update_date_time")])  # fmt: skip
def test_what_cannot_be_refreshed_is_refused(world, make) -> None:
    """Other kinds, frames without ids, empty ones: a UsageError, and nothing is asked."""
    frame = gi.list_alerts(world.client, limit=2)
    before = world.client.requests_made
    with pytest.raises(gi.UsageError):
        gi.refresh(world.client, make(frame))
    assert world.client.requests_made == before

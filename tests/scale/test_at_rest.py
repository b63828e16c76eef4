"""Frames at rest: what goes into Parquet comes out as the same frame."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from graphinvestigate import frames
from graphinvestigate.envelope import read_page
from graphinvestigate.frames import RESOURCES, empty_frame, records_frame
from graphinvestigate.linking.record_rows import ids_of
from graphinvestigate.scale.at_rest import (
    WINDOWS,
    days_of,
    evidence_schema,
    evidence_to_rest,
    from_rest,
    needed_for,
    rest_schema,
    to_rest,
)

ALERTS = RESOURCES["alerts"]


def frame(resource, records):
    """The frame of one page."""
    return records_frame(resource, [read_page(json.dumps({"value": records}).encode(), source="t")], pull_id="p")


def stored(table: pa.Table) -> pa.Table:
    """The table after a trip through a file."""
    file = io.BytesIO()
    pq.write_table(table, file, store_schema=False)
    return pq.read_table(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize("name", RESOURCES)
def test_every_resource_comes_back(world, name):
    """The demo tenant's records of every resource, and none of them, survive a file: values, dtypes, raw."""
    path = RESOURCES[name].path
    records = [dict(record) for record in list(world.tenant.collections.get(path.lstrip("/"), []))[:40]]
    assert records or "{id}" in path or name not in WINDOWS
    made = frame(RESOURCES[name], [*records, {"id": "only an id"}, {}])
    rest = stored(to_rest(RESOURCES[name], made, version=7))
    assert_frame_equal(from_rest(RESOURCES[name], rest), made)
    assert set(rest.column_names) <= set(rest_schema(RESOURCES[name]).names)
    empty = empty_frame(RESOURCES[name])
    assert_frame_equal(from_rest(RESOURCES[name], stored(to_rest(RESOURCES[name], empty, version=7))), empty)


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.999999999Z", "1969-12-31T23:59:59.9999999Z",
        "0001-01-01T00:00:00Z", "2026-01-02T05:04:05+02:00",
    ],
)  # fmt: skip
def test_times_keep_their_last_digit(time):
    """Times finer than microseconds, before 1970 and fillers come back exactly."""
    made = frame(ALERTS, [{"id": "a", "createdDateTime": time, "lastUpdateDateTime": time}])
    rest = stored(to_rest(ALERTS, made, version=1))
    assert_frame_equal(from_rest(ALERTS, rest), made)
    day = str(made["created_date_time"].iloc[0])[:10]
    assert days_of(rest).tolist() == ["unknown" if day == "NaT" else day]


def test_only_some_columns():
    """Some columns are made of what is kept of them, in the frame's order; evidence needs the record."""
    made = frame(
        ALERTS,
        [{"id": "a", "severity": "high", "evidence": [{"x": 1}], "createdDateTime": "2026-01-02T03:04:05.1234567Z"}],
    )
    rest = to_rest(ALERTS, made, version=1)
    for names in (["severity"], ["created_date_time", "id"], ["evidence"], ["raw", "evidence", "record_kind"]):
        some = rest.select([name for name in needed_for(ALERTS, names) if name in rest.column_names])
        ordered = [name for name in made.columns if name in names]
        assert_frame_equal(from_rest(ALERTS, some, names), made[ordered])
    assert needed_for(ALERTS, None) is None


def test_every_row_says_whose_it_is_and_when():
    """Ids (also of records without one), windows, times and versions are those that graphs and pulls use."""
    made = frame(
        ALERTS,
        [
            {"id": "a", "createdDateTime": "2026-01-02T00:00:00.5Z", "firstActivityDateTime": "2026-01-01T00:00:00Z"},
            {"createdDateTime": "2026-01-03T00:00:00Z", "lastActivityDateTime": "2026-01-02T00:00:00Z"},
            {"id": "b", "lastUpdateDateTime": "2026-01-04T00:00:00Z"},
        ],
    )
    rest = to_rest(ALERTS, made, version=9).to_pydict()
    assert rest["lake_id"] == ids_of(made)
    day = 86_400_000_000
    first = int(pd.Timestamp("2026-01-01").value // 1000)
    assert rest["lake_window"] == [first + day + 500_000, first + 2 * day, None]
    assert rest["lake_at"] == [first, first + 2 * day, None]
    assert rest["lake_end"] == [first, first + 2 * day, None]  # an end before the begin is none
    assert rest["lake_updated"] == [0, 0, first + 3 * day]
    assert rest["lake_version"] == [9, 9, 9]


def test_windows_are_of_times_that_do_not_change():
    """A record's day is of a time that no later version changes: never of its update."""
    for name, column in WINDOWS.items():
        assert column in {known.name for known in RESOURCES[name].columns}
        assert column != RESOURCES[name].updated


def test_evidence_at_rest_is_the_evidence(world):
    """Evidence at rest has every item with its columns, and the id and version of its alert."""
    records = [dict(record) for record in list(world.tenant.collections["security/alerts_v2"])[:40]]
    made = frame(ALERTS, [*records, {"evidence": [{"roles": ["x"]}, 5]}])
    rest = to_rest(ALERTS, made, version=3)
    items, found = frames.evidence(made), stored(evidence_to_rest(made, rest))
    assert found["evidence_type"].to_pylist() == [None if pd.isna(t) else t for t in items["evidence_type"]]
    assert found["evidence_index"].to_pylist() == items["evidence_index"].tolist()
    known = [alert for alert in items["alert_id"] if isinstance(alert, str)]
    assert found["record_id"].to_pylist()[: len(known)] == known
    assert found["record_id"].to_pylist()[-1].startswith("no id")
    assert set(found.column_names) <= set(evidence_schema().names)
    texts = [None if pd.isna(v) else v for v in items["user_account_user_principal_name"]]
    assert found["user_account_user_principal_name"].to_pylist() == texts

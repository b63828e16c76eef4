"""Tables with rows that nobody foresaw: each row is read, whatever stands in its cells, and no column is left out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.scale.presets import read_table
from graphinvestigate.scale.presets.at_scale import table_mentions

ROW = {
    "Id": "s1", "CreatedDateTime": "2026-01-01T00:00:00Z", "UserId": "u1", "UserPrincipalName": "ann@example.org",
    "IPAddress": "192.0.2.4", "ResultType": "0",
}  # fmt: skip
CELLS = [
    10**400, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+9999"), float("inf"), b"\xff", "\ud800",
    "a\0b", "²", "2026-13-01", object(), timedelta(days=1), 1 + 2j, pd.Period("2026-01"), {"a": float("nan")}, {1: 2},
    [["x"]], '{"a":1e999}', '{"errorCode":' + "9" * 5000 + "}", '{"errorCode":' + "9" * 400 + "}", "[" * 5000,
    pd.Timestamp("1950-01-01"), pd.Timestamp("2300-01-01").as_unit("us"), datetime(1, 1, 1, tzinfo=timezone.max),
    datetime(9999, 12, 31, 23, tzinfo=timezone.min), np.datetime64("NaT"), "9999-12-31T23:59:59.9999999Z",
]  # fmt: skip


@pytest.mark.parametrize("column", ["Id", "CreatedDateTime", "UserId", "IPAddress", "ResultType", "Status"])
def test_no_cell_breaks_a_table(column):
    """One cell of any kind stops no row: neither its own nor another's; and `raw` is JSON."""
    rows = [{**ROW, "Id": f"s{number}", column: cell} for number, cell in enumerate(CELLS)]
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in rows[0]})
    for source in (rows, frame):
        read = read_table("SigninLogs", source)
        assert len(read) == len(CELLS)
        for text in read["raw"]:
            json.loads(text, parse_constant=pytest.fail)
    mentions = table_mentions("SigninLogs", frame).collect()
    assert len(mentions) >= len(CELLS)


def test_times_that_python_does_not_know_are_missing_and_nothing_else():
    """Years after 9999, infinity, and a zone nobody heard of leave the row, and its nanoseconds, as they are."""
    far = [253402300799 + 86400 * 400, -(10**12), None, 1767225600]
    table = pa.table({"Id": ["a", "b", "c", "d"], "CreatedDateTime": pa.array(far, pa.timestamp("s"))})
    found = read_table("SigninLogs", table).set_index("id")["created_date_time"]
    assert found.isna().tolist() == [True, True, True, False]
    assert found["d"] == pd.Timestamp("2026-01-01T00:00:00Z")
    exact = pa.array([1767225600123456789], pa.timestamp("ns", tz="Mars/Olympus"))
    read = read_table("SigninLogs", pa.table({"Id": ["a"], "CreatedDateTime": exact}))
    assert read["created_date_time"].iloc[0] == pd.Timestamp("2026-01-01T00:00:00.123456789Z")
    endless = duckdb.connect().sql("select 's1' as Id, 'infinity'::timestamp as CreatedDateTime")
    assert read_table("SigninLogs", endless)["created_date_time"].isna().all()


def test_two_columns_of_one_name_are_refused():
    """As a join makes them: which of them is meant nobody can tell, and leaving one out would lose it."""
    frame = pd.DataFrame([ROW])
    twice = pd.concat([frame, frame[["UserId"]]], axis=1)
    arrow = pa.table([pa.array(["s1"]), pa.array(["u1"]), pa.array(["u2"])], names=["Id", "UserId", "UserId"])
    for source in (twice, arrow):
        with pytest.raises(UsageError, match="several columns called UserId"):
            read_table("SigninLogs", source)


def test_evidence_without_a_column_for_its_alert_is_refused():
    """Not read as no alerts: the query left out the one column that says of which alert a row is."""
    rows = [{"AlertId": "a1", "EntityType": "Ip", "RemoteIP": "192.0.2.1"}]
    assert read_table("AlertEvidence", rows)["id"].tolist() == ["a1"]
    without = [{"EntityType": "Ip", "RemoteIP": "192.0.2.1"}]
    with pytest.raises(UsageError, match="no column AlertId"):
        read_table("AlertEvidence", without)
    with pytest.raises(UsageError, match="no column AlertId"):
        read_table("AlertInfo", [{"AlertId": "a1"}], evidence=without)
    with pytest.raises(UsageError, match="evidence= goes with AlertInfo"):
        read_table("SigninLogs", [ROW], evidence=rows)


@pytest.mark.parametrize("form", ["rows", "pandas", "Parquet", "DuckDB"])
def test_evidence_that_says_of_no_alert_it_is_is_counted(form, tmp_path):
    """Rows whose AlertId is missing, empty or blank make no alert, and are told with their number and the reason."""
    rows = [
        {"AlertId": one, "EntityType": "Ip", "RemoteIP": f"192.0.2.{n}"} for n, one in enumerate(["a1", None, "", " "])
    ]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "rows.parquet")
    held = duckdb.connect().from_arrow(table)
    source = {"rows": rows, "pandas": pd.DataFrame(rows), "Parquet": tmp_path / "rows.parquet", "DuckDB": held}[form]
    with pytest.warns(UserWarning, match="3 left out: rows of AlertEvidence without AlertId") as told:
        read = read_table("AlertEvidence", source)
    assert told[0].filename == __file__
    assert read["id"].tolist() == ["a1"]
    assert [*read.attrs["left_out"].values()] == [3]
    assert read_table("AlertEvidence", rows[:1]).attrs["left_out"] == {}
    with pytest.warns(UserWarning, match="2 left out: rows of AlertEvidence"):
        assert len(read_table("AlertInfo", [{"AlertId": "a2"}], evidence=rows[:3])) == 2


def test_rows_without_an_id_meet_nobody(engine):
    """Each is a record of its own to an engine, which names whom it names: no record "" that everybody shares."""
    rows = [{**ROW, "Id": one, "UserId": f"u{n}"} for n, one in enumerate(["s1", None, "", None])]
    found = engine.arrow(table_mentions("SigninLogs", engine.table(pa.Table.from_pylist(rows)))).to_pylist()
    users = [row for row in found if row["identifier_type"] == "object_id" and row["kind"] == "user"]
    assert sorted(row["identifier"] for row in users) == ["u0", "u1", "u2", "u3"]
    assert len({row["record_id"] for row in users}) == 4
    assert "s1" in {row["record_id"] for row in users}
    who = [f"u{n}@example.org" for n in range(2)]
    events = [{"Timestamp": ROW["CreatedDateTime"], "DeviceId": None, "AccountUpn": one} for one in who]
    events = [{**row, "ReportId": "1", "RemoteIP": "192.0.2.4"} for row in events]
    found = engine.arrow(table_mentions("DeviceLogonEvents", engine.table(pa.Table.from_pylist(events)))).to_pylist()
    assert len({row["record_id"] for row in found}) == 2
    assert {row["lake_at"] for row in found} == {1767225600_000000}
    nowhen = [{**row, "DeviceId": "d" * 40, "Timestamp": None} for row in events]
    found = engine.arrow(table_mentions("DeviceLogonEvents", engine.table(pa.Table.from_pylist(nowhen)))).to_pylist()
    assert len({row["record_id"] for row in found}) == 2
    evidence = [{"AlertId": one, "EntityType": "Ip", "RemoteIP": f"192.0.2.{n}"} for n, one in enumerate(["a1", None])]
    table = engine.table(pa.Table.from_pylist([*evidence, {**evidence[0], "AlertId": " "}]))
    for by_row in (False, True):
        with pytest.warns(UserWarning, match="2 left out: rows of AlertEvidence without AlertId"):
            read = table_mentions("AlertEvidence", table, by_row=by_row, engine=engine)
        named = {(row["record_id"], row["identifier"]) for row in engine.arrow(read).to_pylist()}
        assert named - {("a1", "a1")} == {("a1", "192.0.2.0")}


TEXTS = {
    "2026-01-01T00:00:00+01:00": 1767222000_000000, "no time": None, "2026-01-01T00:00:00Z": 1767225600_000000,
    "2026-01-01 00:00:00": 1767225600_000000, " 2026-01-01 ": 1767225600_000000, "2026-13-01T00:00:00Z": None,
    "2026-01-01T00:00:00.1234567Z": 1767225600_123456, "": None, "10:00": None, "now": None, "epoch": None, "5": None,
}  # fmt: skip


@pytest.fixture
def far_east(engine):
    """An engine whose session is in a zone that is not UTC."""
    if engine.name != "spark":
        yield engine
        return
    engine.session.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    yield engine
    engine.session.conf.set("spark.sql.session.timeZone", "UTC")


def test_a_text_that_is_no_time_stops_no_table(far_east):
    """It leaves its own row without a time, in every engine (a cast of Spark would stop all); no zone means UTC."""
    engine = far_east
    rows = [{**ROW, "Id": text, "CreatedDateTime": text} for text in TEXTS if text]
    table = engine.table(pa.Table.from_pylist(rows))
    found = engine.arrow(table_mentions("SigninLogs", table)).to_pylist()
    times = {row["record_id"]: row["lake_at"] for row in found}
    assert times == {text: micros for text, micros in TEXTS.items() if text}
    numbers = engine.table(pa.table({"Id": ["a"], "UserId": ["u"], "CreatedDateTime": [1767225600]}))
    assert engine.arrow(table_mentions("SigninLogs", numbers))["lake_at"].to_pylist() == [None]
    naive = pa.array([1767225600_000000], pa.timestamp("us"))
    for cells, micros in ((naive, 1767225600_000000), (naive.cast(pa.date32()), 1767225600_000000)):
        held = engine.table(pa.table({"Id": ["a"], "UserId": ["u"], "CreatedDateTime": cells}))
        assert engine.arrow(table_mentions("SigninLogs", held))["lake_at"].to_pylist() == [micros]


def test_a_time_is_never_filled_up_with_today():
    """Of records and of events alike: what names no day is no time, and the row, whole, keeps the text."""
    day = "2/3/2026, 10:00:00.000 AM"  # as the portals export it
    expected = {**{text: micros for text, micros in TEXTS.items() if text}, day: 1770112800_000000, "March": None}
    rows = [{"Id": text, "CreatedDateTime": text, "UserId": "u"} for text in expected]
    read = read_table("SigninLogs", rows).set_index("id")["created_date_time"].astype("datetime64[us, UTC]")
    assert {text: None if at is pd.NaT else at.value // 1000 for text, at in read.items()} == expected
    events = [{"Timestamp": text, "DeviceId": "d" * 40, "AccountUpn": "u@example.org"} for text in [*expected, None]]
    made = read_table("DeviceLogonEvents", events)
    times = [None if at is pd.NaT else at.value // 1000 for at in made["date_time"]]
    assert times == [*expected.values(), None]
    assert [json.loads(text)["Timestamp"] for text in made["raw"]] == [*expected, None]
    assert made["id"].is_unique
    back = read_table("DeviceLogonEvents", events[::-1])  # a row is the same record wherever it stands
    assert dict(zip(made["raw"], made["id"], strict=True)) == dict(zip(back["raw"], back["id"], strict=True))


def test_a_table_in_duckdb_may_hold_its_times_as_texts():
    """Times that came from a CSV are read where they lie; one that is none leaves its row without a time."""
    texts = ("2026-01-01T00:00:00+01:00", "no time", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00")
    rows = ", ".join(f"('s{number}', 'u{number}', '{text}')" for number, text in enumerate(texts))
    held = duckdb.connect().sql(f"select * from (values {rows}) t(Id, UserId, CreatedDateTime)")
    found = table_mentions("SigninLogs", held).to_native().to_arrow_table().sort_by("record_id")
    assert found["lake_at"].to_pylist() == [1767222000_000000, None, 1767225600_000000, 1767225600_000000]


def test_what_is_no_table_or_no_file_is_told_what_to_do(tmp_path):
    """A name of other case, a wrong tenant, a file that is not there, and a relation that is gone."""
    with pytest.raises(UsageError, match=r"did you mean 'SigninLogs'\?"):
        read_table("signinlogs", [ROW])
    with pytest.raises(UsageError, match="tenant takes"):
        read_table("SigninLogs", [ROW], tenant=5)
    for path in (tmp_path / "none.parquet", "", "a\0b"):
        with pytest.raises(BadFileError, match="there is no such file"):
            read_table("SigninLogs", path)
    odd = tmp_path / "rows [1].parquet"
    pq.write_table(pa.Table.from_pylist([ROW]), odd)
    assert read_table("SigninLogs", odd)["id"].tolist() == ["s1"]
    connection = duckdb.connect()
    connection.sql("create table rows as select 's1' as Id")
    gone = connection.table("rows")
    connection.execute("drop table rows")
    with pytest.raises(UsageError, match="can't be read where they lie"):
        read_table("SigninLogs", gone)

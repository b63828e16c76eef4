"""The alert queue, and frames as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from graphinvestigate import frames
from graphinvestigate.errors import UsageError
from graphinvestigate.views.labels import columns, shorten
from graphinvestigate.views.tables import TRIAGE_COLUMNS, text_table, triage_table


def test_the_worst_come_first_then_the_newest(make_alerts):
    """Severity decides, then time; what has no known severity or time stands last of its like."""
    table = triage_table(
        make_alerts(
            {"severity": "low", "firstActivityDateTime": "2026-03-09T00:00:00Z"},
            {"severity": "high", "firstActivityDateTime": "2026-03-01T00:00:00Z"},
            {"severity": "high", "firstActivityDateTime": None},
            {"severity": "HIGH", "firstActivityDateTime": "2026-03-05T00:00:00Z"},
            {"severity": "somethingNew"},
            {"severity": None},
        )
    )
    assert table["id"].tolist()[:4] == ["da0003", "da0001", "da0002", "da0000"]
    assert len(table) == 6


def test_the_queue_names_whom_an_alert_hit(make_alerts):
    """Users come first, then hosts; each once; beyond three it says how many more."""
    kind = "#microsoft.graph.security."
    users = [
        {"@odata.type": f"{kind}userEvidence", "userAccount": {"userPrincipalName": name}}
        for name in ("bob@contoso.com", "BOB@contoso.com", "alice@contoso.com", "carol@contoso.com")
    ]
    evidence = [{"@odata.type": f"{kind}deviceEvidence", "deviceDnsName": "lt-1"}, *users]
    named = triage_table(make_alerts({"evidence": evidence}, {})).set_index("id")["entities"]
    assert named["da0000"] == "bob@contoso.com, alice@contoso.com, carol@contoso.com +1"
    assert pd.isna(named["da0001"])


def test_the_queue_keeps_every_alert_and_its_index(alerts):
    """One row per alert, under the alerts' own index; evidence at hand gives the same table."""
    moved = alerts.set_index(np.arange(100, 112))
    table = triage_table(moved)
    assert tuple(table.columns) == TRIAGE_COLUMNS
    assert sorted(table.index) == list(range(100, 112))
    assert (alerts.set_index("id").loc[table["id"], "title"].to_numpy() == table["title"].to_numpy()).all()
    pd.testing.assert_frame_equal(table, triage_table(moved, frames.evidence(moved)))


def test_an_empty_queue_has_the_same_columns(alerts):
    """No alerts: the same columns and dtypes, no rows."""
    empty, full = triage_table(alerts.iloc[:0]), triage_table(alerts)
    assert tuple(empty.columns) == TRIAGE_COLUMNS
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_text_tables_are_aligned_with_wide_letters():
    """Columns line up in a terminal, East Asian letters and accents included, within the width given."""
    frame = pd.DataFrame({"name": ["山田太郎", "e\u0301va", "bob"], "n": [1, 22, 333], "note": ["x" * 300, "y", None]})
    lines = text_table(frame, max_width=60).split("\n")
    start = [columns(line[: line.index(mark)]) for line, mark in zip(lines[2:], ("1", "22", "333"), strict=True)]
    assert len(set(start)) == 1
    assert all(columns(line) <= 60 for line in lines)


def test_text_tables_say_what_they_leave_out(alerts):
    """Rows that are not written are counted; an empty frame says that it has none."""
    assert text_table(alerts, ["id", "title"], max_rows=5).endswith("… 7 of 12 rows not shown")
    assert text_table(alerts.iloc[:0], ["id"]).endswith("(no rows)")
    assert "not shown" not in text_table(alerts, ["id"])


def test_times_and_lists_read_well(alerts):
    """Times are written to the second with their zone, lists with commas, missing values as nothing."""
    frame = pd.DataFrame({"t": [pd.Timestamp("2026-03-02T01:02:03.456Z")], "l": [["a", "b"]], "m": [pd.NA]})
    line = text_table(frame).split("\n")[2]
    assert line.split("  ")[:2] == ["2026-03-02 01:02:03 UTC", "a, b"]


def test_columns_that_are_not_there_are_refused(alerts):
    """A misspelt column is a usage error that names those there are."""
    with pytest.raises(UsageError, match="record_kind, id"):
        text_table(alerts, ["titel"])


def test_shortening_keeps_the_width():
    """A shortened text takes no more columns than allowed and shows where something is missing."""
    assert shorten("203.0.113.7", 20) == "203.0.113.7"
    assert shorten("a" * 50, 10) == "a" * 9 + "…"
    assert shorten("alice.with.a.long.name@contoso.com", 20, middle=True) == "alice.with.a…oso.com"
    for text in ("山" * 50, "x" * 1_000_000, "\u202e" * 50):
        for middle in (False, True):
            assert columns(shorten(text, 21, middle=middle)) <= 21
            assert "…" in shorten(text, 21, middle=middle)

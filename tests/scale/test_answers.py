"""As frames: keys as graphs write them, days to their last moment, and what is known of pulls."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from graphinvestigate.errors import UsageError
from graphinvestigate.scale.answers import (
    coverage_of,
    day_span,
    entity_rows,
    never_pulled,
    pair_rows,
    timeline_rows,
    width_of,
)
from graphinvestigate.scale.pulling import PULLS

DAY = 86_400_000_000  # microseconds


def pulls(*rows: tuple[str, str, str | None, str | None, str]) -> pd.DataFrame:
    """What a lake says of its pulls."""
    frame = pd.DataFrame(rows, columns=["source", "what", "since", "until", "started"])
    times = {name: pd.to_datetime(frame[name], utc=True) for name in ("since", "until", "started")}
    return frame.assign(rows=0, note="", **times).astype(PULLS)


def test_coverage_spans_all_windows_and_names_the_last_pull() -> None:
    """Per source: from the earliest window to the latest, changes apart; and what nobody pulled is said to be so."""
    known = pulls(
        ("alerts", "window", "2026-01-02", "2026-01-03", "2026-01-05"),
        ("alerts", "window", "2026-01-01", "2026-01-02", "2026-01-06"),
        ("alerts", "window", "2026-01-03", "2026-01-04", "2026-01-04"),
        ("alerts", "changes", "2025-12-01", None, "2026-01-05"),
        ("risky_users", "all", None, None, "2026-01-02"),
        ("sign_ins", "window", "2026-01-02", "2026-01-03", "2026-01-03"),
    )
    some = pd.DataFrame({"id": ["a", "b"]})
    found = coverage_of(known, {"alerts": some, "incidents": some.head(1)}).set_index("source")
    assert found["rows"].to_dict() == {"alerts": 2, "incidents": 1, "risky_users": 0, "sign_ins": 0}
    days = [pd.Timestamp(f"2026-01-0{day}", tz="UTC") for day in (1, 4, 6)]
    assert found.loc["alerts", ["since", "until", "last_pull"]].tolist() == days
    assert found.loc["risky_users", ["since", "until"]].isna().all()
    assert found.loc["risky_users", "last_pull"] == pd.Timestamp("2026-01-02", tz="UTC")
    assert found["note"].to_dict() == {
        "alerts": "", "incidents": "added by hand: nothing says what is missing", "risky_users": "", "sign_ins": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        ((None, None), "not pulled: 2026-01-03T00:00Z to 2026-01-05T00:00Z"),
        (("2026-01-01", "2026-01-03"), ""),
        (("2026-01-02", None), "not pulled: 2026-01-03T00:00Z to 2026-01-05T00:00Z"),
        (("2026-01-04", "2026-01-06"), "not pulled: 2026-01-04T00:00Z to 2026-01-05T00:00Z"),
        (("2025-12-30", "2026-01-02"), "not pulled: 2025-12-30T00:00Z to 2026-01-01T00:00Z"),
        (("2026-01-05", "2026-01-09"), "not pulled: 2026-01-06T00:00Z to 2026-01-09T00:00Z"),
        (("2026-01-03", "2026-01-04"), "not pulled: 2026-01-03T00:00Z to 2026-01-04T00:00Z"),
    ],
)
def test_what_was_never_pulled_is_not_said_to_be_there(asked, note) -> None:
    """Between two pulls, before the first and after the last lies what nobody looked at: it is named."""
    known = pulls(
        ("alerts", "window", "2026-01-05", "2026-01-06", "2026-01-06"),
        ("alerts", "window", "2026-01-01", "2026-01-02", "2026-01-06"),
        ("alerts", "window", "2026-01-02", "2026-01-03", "2026-01-06"),
    )
    window = tuple(None if end is None else pd.Timestamp(end, tz="UTC").value // 1000 for end in asked)
    coverage = coverage_of(known, {}, window)  # type: ignore[arg-type]
    assert coverage["note"].tolist() == [note]
    assert never_pulled(coverage, ["alerts"]) == note.replace("not pulled", "alerts not pulled")
    assert never_pulled(coverage, ["sign_ins"]) == ""


def test_entities_have_the_keys_of_graphs() -> None:
    """A key says its type where graphs say it, keeps what looks like a separator, and most records come first."""
    texts = ["user|upn|a|b@example.org", "domain|domain|x.org", "ip|ip|198.51.100.1", "registry_key|key|HKLM|Run"]
    columns = {
        "first_seen": [0, 1, None, DAY],
        "last_seen": [0, 1, None, DAY],
        "records": [1, 3, 2, 2],
        "mentions": 4 * [5],
    }
    rows = entity_rows(pa.table({"entity": texts, **columns}))
    assert rows[["kind", "key", "records"]].to_numpy().tolist() == [
        ["domain", "x.org", 3],
        ["ip", "198.51.100.1", 2],
        ["registry_key", "key=HKLM|Run", 2],
        ["user", "a|b@example.org", 1],
    ]
    assert rows["first_seen"].iloc[[1, 2]].tolist() == [pd.NaT, pd.Timestamp("1970-01-02", tz="UTC")]
    pairs = pair_rows(pa.table({"left": texts[:2], "right": texts[2:], "records": [1, 2]}))
    assert pairs["left_key"].tolist() == ["x.org", "a|b@example.org"]


def test_days_end_with_their_last_moment() -> None:
    """The span of days goes from the first one's begin to the last one's end, to the nanosecond; of none, one day."""
    bins = pa.table({"bin": [3, 1], "severity": ["high", ""], "records": [2, 1]})
    days = timeline_rows([("alert", "severity", bins), ("alert", "severity", bins)], DAY)
    assert days["time"].dt.day.tolist() == [2, 4]
    assert days["records"].tolist() == [2, 4]
    assert day_span(days) == (DAY * 1000, 4 * DAY * 1000 - 1)
    assert day_span(timeline_rows([], DAY)) == (0, DAY * 1000 - 1)


@pytest.mark.parametrize(("text", "micros"), [("1s", 10**6), ("15min", 9 * 10**8), ("2h", DAY // 12), ("1w", 7 * DAY)])
def test_widths_are_read_in_whole(text: str, micros: int) -> None:
    """A span is a number and a unit, all of it."""
    assert width_of(text) == micros
    for wrong in (f"{text} long", f"-{text}", text[:-1] or "x", f"0{text[-1]}"):
        with pytest.raises(UsageError, match="15min"):
            width_of(wrong)

"""CSV and workbooks: nothing runs, nothing is lost, nothing becomes a number or a date that was none."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from openpyxl.utils.escape import unescape

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.exports.tables import csv_of, safe

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201")
HIDDEN = (" =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "\u202e=1", "'=1", "''@x", "\ufe631", "\u22121", "\x0b-1")
PLAIN = ("a=1", "", "1-1", "'quoted'", "alert -1", "10.0.0.1", "it's", "a\n=b")


def cells(content: bytes) -> list[list[str]]:
    """Read CSV as the standard library reads it."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", [*FORMULAS, *HIDDEN])
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    """A text that a spreadsheet would run begins with an apostrophe, and is otherwise what it was."""
    frame = pd.DataFrame({text: [text]})
    assert cells(csv_of(frame)) == [[f"'{text}"], [f"'{text}"]]
    assert cells(csv_of(frame, cells="raw")) == [[text], [text]]


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    """A text that runs nowhere gets nothing added."""
    assert safe(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12))
def test_safe_texts_can_be_taken_back(text: str) -> None:
    """Taking one apostrophe from what would else be a formula gives the text back, whatever it was."""
    shown = safe(text)
    assert shown in (text, f"'{text}")
    assert (shown[1:] if shown != safe(shown) else shown) == text


def test_numbers_times_lists_and_unknowns(tmp_path: Path) -> None:
    """Negative numbers stay numbers, times are UTC to the nanosecond, lists are JSON, unknown values nothing."""
    frame = pd.DataFrame(
        {
            "n": pd.array([-5, None], "Int64"),
            "x": [-0.25, np.nan],
            "flag": pd.array([True, None], "boolean"),
            "time": pd.to_datetime(["2026-02-01T10:00:00.123456789+02:00", None], utc=True, format="ISO8601"),
            "list": [["a", "=b"], None],
            "text": ["-5", None],
        }
    )
    before = frame.copy(deep=True)
    (path,) = gi.to_csv(frame, tmp_path / "t.csv")
    header, first, second = cells(path.read_bytes())
    assert header == list(frame.columns)
    assert first == ["-5", "-0.25", "true", "2026-02-01T08:00:00.123456789Z", '["a","=b"]', "'-5"]
    assert second == [""] * 6
    pd.testing.assert_frame_equal(frame, before)
    assert pd.read_csv(path)["n"].iloc[0] == -5


def test_every_alert_is_read_back(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """All rows and columns of a frame come back, `raw` as received; the same frame gives the same bytes."""
    alerts = frames["alerts"]
    (path,) = gi.to_csv(alerts, tmp_path / "alerts.csv")
    read = cells(path.read_bytes())
    assert read[0] == list(alerts.columns)
    assert len(read) == len(alerts) + 1
    at = read[0].index("raw")
    assert [row[at] for row in read[1:]] == [str(raw).replace("\x00", "") for raw in alerts["raw"]]
    assert gi.to_csv(alerts, path, overwrite=True)[0].read_bytes() == path.read_bytes()
    few = cells(gi.to_csv(alerts.iloc[:0], tmp_path / "few.csv", columns=["title", "id"])[0].read_bytes())
    assert few == [["title", "id"]]


def test_what_csv_cannot_hold_is_said(tmp_path: Path) -> None:
    """NUL ends a cell in most readers: it is left out, and the warning counts it."""
    with pytest.warns(UserWarning, match="2 characters were left out"):
        (path,) = gi.to_csv(pd.DataFrame({"a": ["x\x00y\x00"]}), tmp_path / "t.csv")
    assert cells(path.read_bytes())[1] == ["xy"]


@pytest.mark.parametrize("write", [gi.to_csv, gi.to_xlsx])
def test_wrong_arguments_are_named(write: object, tmp_path: Path) -> None:
    """A column that is not there, a wrong ending or a wrong kind of argument is refused before a file is made."""
    frame = pd.DataFrame({"a": [1]})
    suffix = "csv" if write is gi.to_csv else "xlsx"
    with pytest.raises(UsageError, match="no column 'b'; it has a"):
        write(frame, tmp_path / f"t.{suffix}", columns=["b"])
    with pytest.raises(UsageError, match=rf"ends in \.{suffix}"):
        write(frame, tmp_path / "t.txt")
    with pytest.raises(UsageError, match=r"takes a DataFrame.*got a list"):
        write([1], tmp_path / f"t.{suffix}")
    if write is gi.to_csv:
        with pytest.raises(UsageError, match="'safe' or 'raw'"):
            write(frame, tmp_path / "t.csv", cells="unsafe")
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_holds_texts_as_texts(tmp_path: Path) -> None:
    """Every text is read back by openpyxl as a text and unchanged, formulas and coded ones too; numbers stay exact."""
    values = [*FORMULAS, *HIDDEN, *PLAIN, "00123", "1e5", "2026-01-01", "_x0041_", " blanks ", "<&>\"'", "\r\n"]
    values = [value for value in values if "\x0b" not in value]
    frame = pd.DataFrame({"text": values, "n": range(len(values)), "big": [2**60 + 1] * len(values)})
    (path,) = gi.to_xlsx(frame, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(path).active
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == ["text", "n", "big"]
    assert sheet.freeze_panes == "A2"
    for value, number, row in zip(values, range(len(values)), rows[1:], strict=True):
        assert row[0].data_type == "s" or value == ""
        assert unescape(row[0].value or "") == value  # as spreadsheets do: _x0041_ would be an A
        assert row[1].value == number
        assert row[2].value == str(2**60 + 1)


def test_a_workbook_shows_controls_and_times(frames: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Control characters show as escapes, times as ISO texts in UTC; a real frame opens and has every row."""
    frame = pd.DataFrame({"a": ["x\x01\x1by"], "time": pd.to_datetime(["2026-02-01T10:00:00Z"], utc=True)})
    (path,) = gi.to_xlsx(frame, tmp_path / "t.xlsx")
    row = next(openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True))
    assert row == ("x\\u0001\\u001by", "2026-02-01T10:00:00Z")
    paths = gi.to_xlsx(frames["alerts"], tmp_path / "alerts.xlsx")
    assert openpyxl.load_workbook(paths[0]).active.max_row == len(frames["alerts"]) + 1
    assert gi.to_xlsx(frames["alerts"], tmp_path / "b.xlsx")[0].read_bytes() == paths[0].read_bytes()


@pytest.mark.parametrize("text", ["x" * 40_000, "\U0001f600" * 20_000, "\x01" * 9_000])
def test_a_long_text_is_cut_and_kept_beside(text: str, tmp_path: Path) -> None:
    """A text longer than a cell is cut where the cell says so, and stands whole in the file beside."""
    paths = gi.to_xlsx(pd.DataFrame({"a": ["short", text]}), tmp_path / "t.xlsx")
    assert [path.name for path in paths] == ["t.xlsx", "t-long-texts.jsonl"]
    shown = openpyxl.load_workbook(paths[0]).active["A3"].value
    assert len(shown.encode("utf-16-le")) // 2 <= 32_767
    assert "t-long-texts.jsonl" in shown
    assert shown.startswith(text[0].replace("\x01", "\\u0001"))
    assert json.loads(paths[1].read_text("utf-8")) == {"row": 3, "column": "a", "text": text}


def test_a_frame_larger_than_a_sheet_is_refused(tmp_path: Path) -> None:
    """A sheet that cannot hold the frame is refused, with what can."""
    with pytest.raises(UsageError, match="to_csv"):
        gi.to_xlsx(pd.DataFrame({"a": np.zeros(1_048_576)}), tmp_path / "t.xlsx")

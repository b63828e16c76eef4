"""Answers of hunting queries → frames with the columns and types that the answer states."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings, strategies as st

from graphinvestigate.errors import BadResponseError
from graphinvestigate.frames import RawDtype, hunting_frame

TYPES = {
    "Timestamp": "DateTime",
    "Name": "String",
    "Size": "Int64",
    "Port": "Int32",
    "Score": "Double",
    "Price": "Decimal",
    "Signed": "Boolean",
    "Local": "SByte",
    "ReportId": "Guid",
    "Duration": "TimeSpan",
    "Extra": "Dynamic",
    "Other": "Object",
    "Odd": "Thing",
}


def answer(rows, types=None, *, name="name", kind="type"):
    """The body of an answer."""
    types = TYPES if types is None else types
    return json.dumps({"schema": [{name: n, kind: t} for n, t in types.items()], "results": rows}).encode()


def read(rows, types=None):
    """The frame of an answer."""
    return hunting_frame(answer(rows, types), pull_id="p")


def test_types_are_those_of_the_schema():
    """Each column has the dtype of the type that the answer states, whole numbers exactly, also without any row."""
    row = {
        "Timestamp": "2026-01-02T03:04:05.1234567Z",
        "Name": "a",
        "Size": 2**53 + 1,
        "Port": 443,
        "Score": 1.5,
        "Price": "12.25",
        "Signed": True,
        "Local": 0,
        "ReportId": "0b0e",
        "Duration": "00:00:01",
        "Extra": {"a": [1]},
        "Other": "text",
        "Odd": 1,
    }
    made, empty = read([row, {}]), read([])
    expected = {
        "record_kind": "str",
        "Timestamp": "datetime64[ns, UTC]",
        "Name": "str",
        "Size": "Int64",
        "Port": "Int64",
        "Score": "Float64",
        "Price": "Float64",
        "Signed": "boolean",
        "Local": "boolean",
        "ReportId": "str",
        "Duration": "str",
        "Extra": "str",
        "Other": "str",
        "Odd": "str",
        "pull_id": "str",
        "raw": str(RawDtype()),
    }
    assert {name: str(dtype) for name, dtype in made.dtypes.items()} == expected
    assert {name: str(dtype) for name, dtype in empty.dtypes.items()} == expected
    assert len(empty) == 0
    first = made.iloc[0]
    assert first["Timestamp"].value == pd.Timestamp("2026-01-02T03:04:05.1234567Z").value
    assert (first["Size"], first["Port"], first["Score"], first["Price"]) == (2**53 + 1, 443, 1.5, 12.25)
    assert (first["Signed"], first["Local"]) == (True, False)
    assert (json.loads(first["Extra"]), first["Other"], first["Odd"]) == ({"a": [1]}, '"text"', "1")
    assert made.iloc[1][list(TYPES)].isna().all()
    assert (set(made["record_kind"]), set(made["pull_id"])) == ({"hunting_row"}, {"p"})
    assert [json.loads(raw) for raw in made["raw"]] == [row, {}]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("Int64", 2**63 - 1, 2**63 - 1),
        ("Int64", -(2**63), -(2**63)),
        ("Int64", 2**63, None),
        ("Int64", "9007199254740993", 2**53 + 1),
        ("Long", 7, 7),
        ("Int64", 1.5, None),
        ("Int32", True, None),
        ("Int32", "x", None),
        ("Real", 2, 2.0),
        ("Double", "NaN", None),
        ("Double", 10**400, None),
        ("Decimal", "1.10", 1.1),
        ("SByte", 1, True),
        ("SByte", True, True),
        ("SByte", "yes", None),
        ("Boolean", False, False),
        ("System.Boolean", 2, None),
        ("DateTime", "yesterday", None),
        ("DateTime", "0001-01-01T00:00:00Z", None),
        ("String", 5, None),
        ("String", "\ud800", None),
        ("Guid", "x", "x"),
    ],
)
def test_what_does_not_fit_is_missing(kind, value, expected):
    """A value that its stated type cannot hold is missing in the column and whole in `raw`."""
    made = read([{"x": value}, {"x": None}], {"x": kind})
    cell = made["x"][0]
    assert pd.isna(cell) if expected is None else (cell == expected and type(cell) is not str) or cell == value
    assert pd.isna(made["x"][1])
    assert json.loads(made["raw"][0]) == {"x": value}


def test_capitals_of_keys_do_not_matter():
    """Rows whose keys are capitalised otherwise than the schema, or each in its own way, fill the same column."""
    rows = [{"Timestamp": "2026-01-01T00:00:00Z", "filename": "a"}, {"timestamp": "2026-01-02T00:00:00Z"}]
    types = {"Timestamp": "DateTime", "FileName": "String"}
    for name, kind in (("name", "type"), ("Name", "Type")):
        made = hunting_frame(answer(rows, types, name=name, kind=kind), pull_id="p")
        assert made["Timestamp"].dt.day.tolist() == [1, 2]
        assert made["FileName"].tolist()[0] == "a"
    body = answer(rows, types).replace(b'"schema"', b'"Schema"').replace(b'"results"', b'"Results"')
    assert hunting_frame(body, pull_id="p")["Timestamp"].notna().all()


def test_columns_that_differ_in_capitals_only():
    """Two columns of a query whose names differ in capitals only stay two."""
    made = read([{"a": 1, "A": 2}, {"A": 3}], {"a": "Int64", "A": "Int64"})
    assert made["A"].tolist() == [2, 3]
    assert made["a"].isna().tolist() == [False, True]


def test_a_query_may_use_the_names_of_the_frame():
    """A query's column named like one of the frame's own is kept beside it; one named twice comes once."""
    made = read(
        [{"raw": "x", "pull_id": "y", "record_kind": "z"}], dict.fromkeys(["raw", "pull_id", "record_kind"], "String")
    )
    assert made.columns.tolist() == ["record_kind", "query_raw", "query_pull_id", "query_record_kind", "pull_id", "raw"]
    assert made.iloc[0].tolist()[:5] == ["hunting_row", "x", "y", "z", "p"]
    body = b'{"schema":[{"name":"a","type":"Int64"},{"name":"a","type":"String"},{"type":"x"},7],"results":[{"a":1}]}'
    assert hunting_frame(body, pull_id="p").columns.tolist() == ["record_kind", "a", "pull_id", "raw"]


def test_raw_is_each_row_as_received():
    """`raw` gives each result byte for byte, with what the schema does not name."""
    rows = ['{ "a" : 1.50,"b":"\\u00e9" }', '{"a":2}']
    body = '{"schema":[{"name":"a","type":"Double"}],"results":[%s , %s]}' % (*rows,)  # noqa: UP031 braces are JSON's
    assert hunting_frame(body.encode(), pull_id="p")["raw"].tolist() == rows


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"<html>", "not valid JSON"),
        (b"[]", "no JSON object"),
        (b'{"results":[]}', "no list `schema`"),
        (b'{"schema":[]}', "no list `results`"),
        (b'{"schema":[],"results":null}', "no list `results`"),
        (b'{"error":{"code":"x"}}', "no list `results`"),
    ],
)
def test_what_is_no_answer_is_refused(body, why):
    """What is no answer of a hunting query is a BadResponseError that says why."""
    with pytest.raises(BadResponseError, match=why):
        hunting_frame(body, pull_id="p")


def test_every_documented_answer(shared_dir):
    """The documented answers, with either spelling of the schema, give every row and every value."""
    paths = sorted((shared_dir / "graph" / "examples").glob("runHuntingQuery__*.json"))
    assert len(paths) == 3
    for path in paths:
        document = json.loads(path.read_text())
        made = hunting_frame(path.read_bytes(), pull_id=path.name)
        assert [json.loads(raw) for raw in made["raw"]] == document["results"]
        assert made["Timestamp"].tolist() == [pd.Timestamp(row["Timestamp"]) for row in document["results"]]
        for name in ("FileName", "InitiatingProcessFileName"):
            assert made[name].tolist() == [row[name] for row in document["results"]]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(["\ud800", 2**63, 10**400, "1", "1e999", "2026-01-02T03:04:05Z"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(["a", "A", "b", "raw", "Straße", "STRASSE", "\ud800", "", "@odata.type", "a.b"])


def is_number(sent: object, cell: float | np.number) -> bool:
    """Whether a cell is the number that was sent; in a column of doubles the double that is nearest to it."""
    if isinstance(sent, list | dict | bool):
        return False
    if isinstance(cell, float):
        return abs(Decimal(str(sent))) < Decimal(2) ** 1024 and float(Decimal(str(sent))) == cell
    return Decimal(str(sent)) == Decimal(str(cell))


@settings(max_examples=200)
@example({"b": "Double"}, [{"b": 2**53 + 1}])
@example({"b": "Int64"}, [{"b": 2**53 + 1}])
@given(
    st.dictionaries(NAMES, st.sampled_from([*TYPES.values(), "", "\ud800"])),
    st.lists(st.dictionaries(NAMES, VALUES) | VALUES, max_size=3),
)
def test_any_rows_are_read(types, rows):
    """Whatever rows and types an answer holds, it is read, `raw` gives each row, and numbers are what was sent."""
    made = read(rows, types)
    assert [json.loads(raw) for raw in made["raw"]] == rows
    stated = [name for name in types if name and name.isprintable() and name != "\ud800"]
    assert made.columns.tolist()[1:-2] == [f"query_{name}" if name == "raw" else name for name in stated]
    for name in stated:
        for row, cell in zip(rows, made[f"query_{name}" if name == "raw" else name], strict=True):
            sent = row.get(name) if isinstance(row, dict) else None
            if isinstance(cell, int | float | np.number) and not isinstance(cell, bool) and pd.notna(cell):
                candidates = [sent] if sent is not None else [v for v in row.values() if v is not None]
                assert any(is_number(value, cell) for value in candidates)

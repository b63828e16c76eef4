"""Saved answers → frames, and what is none → one error that says what to do."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from graphinvestigate.errors import BadFileError, UsageError
from graphinvestigate.frames import RESOURCES, newest, read_records, records_frame

ONE = {"id": "1", "title": "a", "lastUpdateDateTime": "2026-01-01T00:00:00Z"}
TWO = {"id": "2", "title": "b", "evidence": []}


def dump(value):
    """JSON as bytes."""
    return json.dumps(value).encode()


SHAPES = {
    "list answer": dump({"@odata.context": "x", "value": [ONE, TWO]}),
    "list answer, indented": json.dumps({"value": [ONE, TWO]}, indent=2).encode(),
    "BOM": b"\xef\xbb\xbf" + dump({"value": [ONE, TWO]}),
    "JSON Lines": dump(ONE) + b"\n" + dump(TWO) + b"\n",
    "JSON Lines, Windows": dump(ONE) + b"\r\n\r\n" + dump(TWO),
    "JSON Lines with a BOM": b"\xef\xbb\xbf" + dump(ONE) + b"\n" + dump(TWO),
    "array": b" " + dump([ONE, TWO]) + b"\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_file(tmp_path, shape):
    """List answers, arrays and JSON Lines give the same rows, from a file and as bytes."""
    path = tmp_path / "a.json"
    path.write_bytes(SHAPES[shape])
    for source in (path, str(path), SHAPES[shape], [SHAPES[shape]], bytearray(SHAPES[shape]), [path]):
        frame = read_records("alerts", source)
        assert frame["id"].tolist() == ["1", "2"]
        assert [json.loads(raw) for raw in frame["raw"]] == [ONE, TWO]
        assert frame["record_kind"].tolist() == ["alert", "alert"]


@pytest.mark.parametrize(
    "body", [dump(ONE), json.dumps(ONE, indent=1).encode(), dump({"value": ONE}), b'{"id":"1","title":"a"}\n']
)
def test_a_get_answer_is_one_row(body):
    """One record, bare or as the documentation wraps it, is one row."""
    assert read_records("alerts", body)["id"].tolist() == ["1"]


def test_records_and_pages():
    """Records as dicts and pages as a list of bytes give their rows in order; nothing gives an empty frame."""
    assert read_records("alerts", [ONE, TWO])["id"].tolist() == ["1", "2"]
    assert read_records("alerts", (TWO, ONE))["id"].tolist() == ["2", "1"]
    assert read_records("alerts", ONE)["id"].tolist() == ["1"]
    pages = [dump({"value": [TWO]}), dump({"value": []}), dump({"value": [ONE]})]
    frame = read_records("alerts", pages)
    assert frame["id"].tolist() == ["2", "1"]
    assert frame["pull_id"].str.match(r"bytes\[\d\]@[0-9a-f]{12}$").all()
    for nothing in ([], b'{"value":[]}', b"[]"):
        assert len(read_records("alerts", nothing)) == 0


def test_several_files(tmp_path):
    """A glob reads its files in the order of their names, also in folders below; pull_id names each row's file."""
    (tmp_path / "sub").mkdir()
    for name, record in {"b.json": ONE, "a.json": TWO, "sub/c[1].json": {"id": "3", "title": "c"}}.items():
        (tmp_path / name).write_bytes(dump({"value": [record]}))
    frame = read_records("alerts", str(tmp_path / "**" / "*.json"))
    assert frame["id"].tolist() == ["2", "1", "3"]
    assert frame["pull_id"].str.partition("@")[0].tolist() == ["a.json", "b.json", "c[1].json"]
    assert read_records("alerts", tmp_path / "sub" / "c[1].json")["id"].tolist() == ["3"]


def test_of_one_id_the_newest_is_kept():
    """Of several records with one id the newest stays, counted; those without an id all stay."""
    newer = {**ONE, "title": "newer", "lastUpdateDateTime": "2026-01-01T00:00:00.1Z"}
    undated = {**ONE, "title": "undated", "lastUpdateDateTime": None}
    frame = read_records("alerts", [newer, TWO, ONE, undated, {"title": "x"}, {"title": "x"}, TWO])
    assert frame["title"].tolist() == ["newer", "x", "x", "b"]
    assert frame.attrs["dropped_duplicates"] == 3
    assert frame.index.tolist() == [0, 1, 2, 3]


def test_ids_belong_to_their_tenant():
    """Two tenants' incidents of one number are two incidents."""
    records = [{"id": "7", "tenantId": tenant, "displayName": tenant} for tenant in ("a", "b", "a")]
    frame = read_records("incidents", records)
    assert frame["display_name"].tolist() == ["b", "a"]
    assert frame.attrs["dropped_duplicates"] == 1


def test_what_names_a_record_differs():
    """The newest item of a user's risk history has the user's id, and a score control has one id in every tenant."""
    history = [{"id": "u", "userId": "u", "riskLastUpdatedDateTime": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2, 2)]
    frame = read_records("risky_user_history", history)
    assert frame["risk_last_updated_date_time"].dt.day.tolist() == [1, 2]
    assert frame.attrs["dropped_duplicates"] == 1
    controls = [{"id": "AdminMFA", "azureTenantId": tenant, "rank": 1} for tenant in ("a", "b")]
    assert len(read_records("secure_score_control_profiles", controls)) == 2


def test_an_answer_that_names_its_collection():
    """An answer of selected properties that no table knows is read where its context names the collection."""
    body = dump({"@odata.context": "https://x/v1.0/$metadata#users(ext1_courses)/$entity", "ext1_courses": {"a": 1}})
    assert read_records("users", body)["id"].isna().tolist() == [True]
    with pytest.raises(BadFileError, match="no devices"):
        read_records("devices", body)


def test_without_an_update_time_the_last_read_stays():
    """Sign-ins have no update time: of two with one id the last one read stays."""
    frame = read_records("sign_ins", [{"id": "1", "userId": "a"}, {"id": "1", "userId": "b"}])
    assert frame["user_id"].tolist() == ["b"]


@given(st.lists(st.tuples(st.sampled_from(["1", "2", None, ""]), st.sampled_from(["2026", "2025", None])), max_size=6))
def test_newest_keeps_one_of_each_id(rows):
    """Whatever the rows: one per id remains, none is newer than it, and all without an id remain."""
    records = [{"id": i, "lastUpdateDateTime": y and f"{y}-01-01T00:00:00Z"} for i, y in rows]
    frame = read_all(records)
    kept, dropped = newest(RESOURCES["alerts"], frame)
    assert len(kept) + dropped == len(rows)
    named = [(i, y) for i, y in rows if i]
    assert sorted(kept["id"].fillna("").tolist()) == sorted([*{i for i, _ in named}, *("" for i, _ in rows if not i)])
    for one, year in zip(kept["id"], kept["last_update_date_time"].dt.year, strict=True):
        years = [int(y) for i, y in named if i == one and y]
        assert not years or year == max(years) or not isinstance(one, str) or one == ""


def read_all(records):
    """A frame of all records, duplicates too."""
    from graphinvestigate.envelope import read_page

    return records_frame(RESOURCES["alerts"], [read_page(dump({"value": records}), source="x")], pull_id="p")


BAD = {
    "empty": (b"", "empty"),
    "not JSON": (b"<html>login</html>", "not valid JSON"),
    "cut off": (dump({"value": [ONE]})[:-4], "not valid JSON"),
    "cut off, indented": (json.dumps({"value": [ONE]}, indent=1).encode()[:-4], "not valid JSON"),
    "a bad line": (dump(ONE) + b"\n{nope}\n", "line 2: not valid JSON"),
    "an error": (dump({"error": {"code": "Forbidden", "message": "x"}}), "a Graph error .code 'Forbidden'."),
    "value is text": (dump({"value": "x"}), "no list `value`"),
    "value is null": (dump({"value": None}), "no list `value`"),
    "a number": (b"5", "no JSON object"),
    "items are text": (dump({"value": ["x"]}), "no JSON object"),
    "other object": (dump({"targetIncidentId": "5"}), "its records are no alerts"),
    "empty object's list": (dump([{"@odata.type": "x", "colour": 1}]), "its records are no alerts"),
    "comments": (dump({"value": [{"comment": "x", "createdByDisplayName": "y", "createdDateTime": "z"}]}), "no alerts"),
    "incidents": (
        dump({"value": [{"id": "1", "displayName": "x", "customTags": [], "summary": "", "severity": "low"}]}),
        r'look like incidents: read_records."incidents"',
    ),
    "legacy alerts": (
        dump({"id": "1", "title": "x", "vendorInformation": {}, "eventDateTime": None, "userStates": []}),
        r'look like legacy_alerts: read_records."legacy_alerts"',
    ),
    "sign-ins": (dump({"id": "1", "userId": "x", "ipAddress": "y", "appId": "z"}), "look like sign_ins"),
    "NaN": (b'{"value":[{"id":NaN}]}', "not valid JSON"),
    "deep": (b"[" * 200_000, "nested too deeply"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_holds_no_records_is_refused(tmp_path, name):
    """A file that is no JSON, or JSON of something else, is a BadFileError that names the file and says why."""
    body, why = BAD[name]
    path = tmp_path / "export.json"
    path.write_bytes(body)
    with pytest.raises(BadFileError, match=rf"^export\.json.*{why}"):
        read_records("alerts", path)
    with pytest.raises(BadFileError, match=rf"^bytes.*{why}"):
        read_records("alerts", body)


def test_missing_files(tmp_path):
    """A path that is not there, a glob without a file, a folder, a strange name: each says what to do."""
    with pytest.raises(BadFileError, match="there is no such file"):
        read_records("alerts", tmp_path / "no.json")
    with pytest.raises(BadFileError, match="matches no file"):
        read_records("alerts", str(tmp_path / "*.json"))
    with pytest.raises(BadFileError, match=r"a folder\. Name its files"):
        read_records("alerts", tmp_path)
    with pytest.raises(BadFileError, match="pass it as bytes"):
        read_records("alerts", '{"value": []}')
    for name in ("a\x00b", "x" * 5000):
        with pytest.raises(BadFileError) as caught:
            read_records("alerts", name)
        assert len(str(caught.value)) < 600
    with pytest.raises(BadFileError):
        read_records("alerts", [tmp_path / "no.json"])


@pytest.mark.parametrize("kind", ["alert", "", None, 5, "Alerts", "legacy\x1b[31m"])
def test_an_unknown_kind(kind):
    """A kind that is none is a UsageError that lists the kinds."""
    with pytest.raises(UsageError, match=", ".join(sorted([*RESOURCES, "legacy_alerts"]))) as caught:
        read_records(kind, b"{}")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("source", [None, 5, object(), [1], [ONE, b"{}"], pd.DataFrame(), {1, 2}])
def test_an_unknown_source(source):
    """Anything else as a source is a UsageError that says what is read."""
    with pytest.raises(UsageError, match="a path, a glob, bytes, a list of bytes or a list of records"):
        read_records("alerts", source)


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_records_that_are_no_json(value):
    """Dicts that JSON cannot write are a UsageError."""
    with pytest.raises(UsageError, match=r"no JSON .* json\.loads"):
        read_records("alerts", [{"id": "1", "title": value}])


@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,value0id.n \\ud\n', max_size=80).map(str.encode))
def test_no_bytes_raise_anything_else(body):
    """Any bytes are read, or refused with BadFileError."""
    try:
        frame = read_records("alerts", body)
    except BadFileError:
        return
    assert list(frame.columns[:2]) == ["record_kind", "id"]

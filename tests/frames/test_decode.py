"""Records → columns: exact values, both paths alike, nothing raised."""

from __future__ import annotations

import io
import json
import string

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pandas.testing import assert_frame_equal

from graphinvestigate.envelope import read_page
from graphinvestigate.errors import BadResponseError
from graphinvestigate.frames import EVIDENCE, RESOURCES, RawArray, empty_frame, evidence, records_frame
from graphinvestigate.frames.columns import times
from graphinvestigate.frames.decode import frame_of
from graphinvestigate.frames.inner import expanded_alerts
from graphinvestigate.frames.records import RecordDecoder

ALERTS, SIGN_INS = RESOURCES["alerts"], RESOURCES["sign_ins"]
# Twenty characters and more, a T where it belongs, a Z at the end: what is between decides.
ALMOST_TIMES = st.from_regex(r"[0-9+-]{4}-[01][0-9]-[0-3][0-9]T[0-9:.+ ]{6,14}Z", fullmatch=True) | st.from_regex(
    r"20[0-9]{2}-(0[1-9]|1[0-9])-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,11})?Z?", fullmatch=True
)
TIMES = st.sampled_from(
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.1234567Z",
        "2026-01-02T03:04:05.9Z",
        "2026-01-02T03:04:05+02:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999Z",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-02T03:04:05",
        "2026-01-02",
        "",
        "yesterday",
        "2262-04-11T23:47:17Z",
        "1677-09-21T00:12:43Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T23:59:60Z",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**40, 10**350])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(["\ud800", "a\udfffb", "\x00", "000123", "#microsoft.graph.security.userEvidence"])
    | TIMES
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def columns_of(kind):
    """The columns that one evidence type has."""
    return [column for column in EVIDENCE.columns if not column.types or kind in column.types]


def records_of(columns):
    """Records whose documented properties hold anything at all, often what they should."""
    tree: dict = {}
    for column in columns:
        node = tree
        for part in column.path[:-1]:
            node = node.setdefault(part, {})
        right = {
            "time": TIMES,
            "strings": st.lists(st.text(max_size=3) | st.none(), max_size=3),
            "int": st.integers(),
            "float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
            "bool": st.booleans(),
        }
        node[column.path[-1]] = right.get(column.dtype, st.text(max_size=6)) | VALUES

    def build(node):
        if not isinstance(node, dict):
            return node
        optional = {name: build(inner) for name, inner in node.items()}
        some = st.lists(st.sampled_from(sorted(optional)), max_size=6, unique=True)
        return some.flatmap(lambda names: st.fixed_dictionaries({n: optional[n] for n in names})) | VALUES

    return build(tree).filter(lambda value: isinstance(value, dict))


def frame(resource, records, pull_id="pull"):
    """The frame of one page."""
    body = json.dumps({"value": records}).encode()
    return records_frame(resource, [read_page(body, source="test")], pull_id=pull_id)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_object_is_a_record(data):
    """Any JSON object makes a row without an exception, and `raw` gives the object back."""
    resource = data.draw(st.sampled_from(list(RESOURCES.values())))
    records = data.draw(st.lists(records_of(resource.columns), max_size=3))
    made = frame(resource, records)
    assert [json.loads(raw) for raw in made["raw"]] == records
    assert_frame_equal(made.iloc[:0], empty_frame(resource))
    if resource is ALERTS:
        items = [item for r in records if isinstance(r.get("evidence"), list) for item in r["evidence"]]
        assert [json.loads(raw) for raw in evidence(made)["raw"]] == items


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_both_paths_read_the_same(data):
    """What msgspec reads, the plain path reads alike: same columns, same values."""
    tables = [*(r.columns for r in RESOURCES.values()), *map(columns_of, EVIDENCE.types)]
    columns = data.draw(st.sampled_from(tables))
    decoder = RecordDecoder(columns, source="test")
    body = json.dumps(data.draw(records_of(columns)), indent=data.draw(st.sampled_from([None, 1]))).encode()
    fast = {name: values[0] for name, values in decoder.read([body]).items() if values[0] is not None}
    plain = decoder.read_plain(body)
    in_range = {n: v for n, v in fast.items() if not isinstance(v, int) or -(2**63) <= v < 2**63}
    assert in_range == plain
    assert {n: type(v) for n, v in in_range.items()} == {n: type(v) for n, v in plain.items()}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_object_is_evidence(data):
    """Any JSON value makes an evidence row, whatever type it claims to be; nothing raises."""
    items = []
    for kind in data.draw(st.lists(st.sampled_from(EVIDENCE.types), max_size=4)):
        item = data.draw(records_of(columns_of(kind)))
        items.append({"@odata.type": f"#microsoft.graph.security.{kind}"} | item)
    items += data.draw(st.lists(VALUES, max_size=2))
    made = evidence(frame(ALERTS, [{"id": "a", "evidence": items}, {"id": "b", "evidence": None}]))
    assert [json.loads(raw) for raw in made["raw"]] == items
    assert made["evidence_index"].tolist() == list(range(len(items)))


@pytest.mark.parametrize(
    ("name", "json_text", "expected"),
    [
        ("id", '"000123"', "000123"),
        ("id", "123", None),
        ("id", '"\\ud800"', None),
        ("id", '""', ""),
        ("title", '"\\u0000<b>"', "\x00<b>"),
        ("severity", '"unknownFutureValue"', "unknownFutureValue"),
        ("severity", '["high"]', None),
        ("system_tags", '["a", null]', ["a", None]),
        ("system_tags", "[]", []),
        ("system_tags", '["a", 1]', None),
        ("system_tags", '"a"', None),
        ("custom_details", '{"a":  1}', '{"a":  1}'),
        ("custom_details", "null", None),
        ("custom_details", '"text"', '"text"'),
        ("comments", "[ ]", "[ ]"),
        ("created_date_time", "1700000000", None),
    ],
)
def test_one_value(name, json_text, expected):
    """A value of the documented type is kept exactly; any other is missing, and only in its column."""
    path = ALERTS.column(name).path[0]
    body = f'{{"value":[{{"{path}": {json_text}, "status": "new"}}]}}'.encode()
    made = records_frame(ALERTS, [read_page(body, source="test")], pull_id="p")
    value = made[name].iloc[0]
    assert (None if expected is None else value) == expected
    assert pd.isna(value) if expected is None else type(value) is type(expected)
    assert made["status"].tolist() == ["new"]


@pytest.mark.parametrize(
    ("json_text", "expected"),
    [("9007199254740993", 9007199254740993), (str(2**63), None), ("5.0", None), ("true", None), ("9" * 6000, None)],
)
def test_integers_are_exact(json_text, expected):
    """Integers keep their last digit; what no 64 bits hold, or is no integer, is missing."""
    item = f'{{"@odata.type":"#microsoft.graph.security.cloudApplicationEvidence","appId":{json_text}}}'
    body = f'{{"value":[{{"id":"a","evidence":[{item}]}}]}}'.encode()
    made = evidence(records_frame(ALERTS, [read_page(body, source="test")], pull_id="p"))
    value = made["cloud_application_app_id"].iloc[0]
    assert value is pd.NA if expected is None else value == expected
    assert pd.isna(made["app_id"].iloc[0])


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2026-01-02T03:04:05Z", 1767323045_000000000),
        ("2026-01-02T03:04:05.91Z", 1767323045_910000000),
        ("2026-01-02T03:04:05.1234567Z", 1767323045_123456700),
        ("2026-01-02T03:04:05.123456789Z", 1767323045_123456789),
        ("2026-01-02T05:04:05+02:00", 1767323045_000000000),
        ("2026-01-02T03:04:05.1234567891Z", None),
        ("2026-01-02T03:04:05", None),
        ("2026-01-02T03:04:05Z)", None),
        ("2026-01-02 03:04:05Z", None),
        ("2026-01-02T03Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.9999999Z", None),
        ("2026-13-01T00:00:00Z", None),
    ],
)
def test_times(text, nanoseconds):
    """Any number of fractional digits up to nine is exact; fillers, nonsense and times without a zone are missing."""
    good = "2026-01-02T03:04:05.5Z"
    made = frame(ALERTS, [{"createdDateTime": good}, {"createdDateTime": text}])["created_date_time"]
    assert str(made.dtype) == "datetime64[ns, UTC]"
    assert made.iloc[0].value == 1767323045_500000000
    assert pd.isna(made.iloc[1]) if nanoseconds is None else made.iloc[1].value == nanoseconds


def test_of_duplicate_properties_the_last_counts():
    """Of a property that stands twice the last is read, whole, by both paths."""
    body = (
        b'{"status":{"errorCode":1,"failureReason":"x"},"userId":"a","status":{"errorCode":2},"userId":5,"userId":"b"}'
    )
    decoder = RecordDecoder(SIGN_INS.columns, source="test")
    assert decoder.read_plain(body) == {"status_error_code": 2, "user_id": "b"}
    body = b'{"status":{"errorCode":1,"failureReason":"x"},"status":{"errorCode":2},"userId":"b"}'
    assert {n: v[0] for n, v in decoder.read([body]).items()} == decoder.read_plain(body)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda resource: resource.name)
def test_an_empty_frame_is_a_frame(resource):
    """An empty answer has the columns and dtypes of a full one, and joining them changes no dtype."""
    empty, full = empty_frame(resource), frame(resource, [{"id": "1"}, {}])
    assert list(empty.columns)[:2] == ["record_kind", "id"]
    assert list(empty.columns)[-2:] == ["pull_id", "raw"]
    assert len(empty) == 0
    assert (empty.dtypes == full.dtypes).all()
    for joined in (pd.concat([empty, full]), pd.concat([full, empty, full])):
        assert (joined.dtypes == empty.dtypes).all()
    if resource is ALERTS:
        assert (evidence(empty).dtypes == evidence(frame(ALERTS, [{"evidence": [{}]}])).dtypes).all()
    if resource.name == "incidents":
        assert (expanded_alerts(empty).dtypes == empty_frame(ALERTS).dtypes).all()


def test_a_whole_frame_survives_parquet():
    """A frame written to Parquet and read again is the same frame: raw, times, lists, numbers, missing values."""
    record = {
        "id": "000123",
        "createdDateTime": "2026-01-02T03:04:05.1234567Z",
        "status": {"errorCode": 50126},
        "location": {"geoCoordinates": {"latitude": 1.5}},
        "isInteractive": True,
        "riskEventTypes_v2": ["a", "ü"],
        "appliedConditionalAccessPolicies": [{"id": "x"}],
        "new": {"deep": [1, "ü"]},
    }
    made = frame(SIGN_INS, [record, {}, {"riskEventTypes_v2": []}])
    alerts = frame(ALERTS, [{"id": "a", "evidence": [{"@odata.type": "#microsoft.graph.security.ipEvidence"}, {}]}])
    for one in (made, made.iloc[:0], alerts, evidence(alerts)):
        file = io.BytesIO()
        one.to_parquet(file)
        file.seek(0)
        assert_frame_equal(pd.read_parquet(file), one)


@given(st.lists(ALMOST_TIMES | st.none(), min_size=1, max_size=4))
def test_no_shortcut_changes_a_time(texts):
    """Times that all look plain take a shortcut; beside one of another zone they don't, and read the same."""
    found = times(pa.array(texts, pa.string()))
    slowly = times(pa.array([*texts, "2026-01-02T03:04:05+00:00"], pa.string()))
    assert found.to_pylist() == slowly.to_pylist()[:-1]
    assert slowly[-1].is_valid
    for text, value in zip(texts, found, strict=True):
        assert value == times(pa.array([text], pa.string()))[0] or not value.is_valid


def test_columns_of_an_absent_property_take_no_memory():
    """Columns of texts and lists without any value take no memory: a wide table of few properties stays small."""
    made = frame(ALERTS, [{"id": str(number)} for number in range(1000)])
    empty = [made[name].array for name in ("title", "description", "threat_family_name", "mitre_techniques")]
    assert all(array.isna().all() for array in empty)
    assert sum(array.nbytes for array in empty) < 100


def test_the_raw_of_evidence_slices_the_page():
    """An alert's evidence, its items and the alert itself lie in the one page that came; nothing is copied."""
    body = json.dumps({"value": [{"id": "a", "evidence": [{"verdict": "x"}, {"verdict": "ü\ud800"}]}]}).encode()
    made = records_frame(ALERTS, [read_page(body, source="test")], pull_id="p")
    for column in (made["raw"], made["evidence"], evidence(made)["raw"]):
        assert [page.whole() is body for page in column.array._pages] == [True]


def test_pages_keep_their_order_and_chunks_meet():
    """Rows come in the order of the pages, also where more records come than are decoded at a time."""
    records = [{"id": str(n), "evidence": [{"@odata.type": f"#x.{n % 3}", "tags": [str(n)]}] * 2} for n in range(5000)]
    bodies = [json.dumps({"value": records[at : at + 700]}).encode() for at in range(0, 5000, 700)]
    made = records_frame(ALERTS, [read_page(body, source="t") for body in bodies], pull_id="p")
    assert made["id"].tolist() == [str(n) for n in range(5000)]
    items = evidence(made)
    assert items["alert_id"].tolist() == [str(n) for n in range(5000) for _ in range(2)]
    assert items["tags"].tolist() == [[str(n)] for n in range(5000) for _ in range(2)]
    assert items["evidence_type"].tolist() == [f"#x.{n % 3}" for n in range(5000) for _ in range(2)]


def test_raw_that_was_edited_into_no_json():
    """A record that is no JSON is named by its row instead of becoming an empty one."""
    with pytest.raises(BadResponseError, match="alerts, row 1: not valid JSON"):
        frame_of(
            ALERTS,
            RawArray.from_texts(
                [b"{}", b'{"id":'],
            ),
            pull_ids=["p", "p"],
        )


def test_no_attribute_of_a_story_is_needed():
    """Property names are compared exactly: another case is another property."""
    made = frame(ALERTS, [{"ID": "x", "Title": "y", **dict.fromkeys(string.ascii_letters, 1)}])
    assert made.drop(columns=["record_kind", "pull_id", "raw"]).isna().all(axis=None)


def test_a_huge_integer_beside_a_missing_one():
    """An integer beyond 64 bits is missing, at once, also where other rows have none."""
    made = frame(SIGN_INS, [{"id": "1", "status": {"errorCode": 2**63}}, {"id": "2"}, {"status": {"errorCode": 7}}])
    assert made["status_error_code"].tolist() == [pd.NA, pd.NA, 7]

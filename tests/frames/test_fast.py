"""The fast path: equal to the plain one value by value, and left by no record that fits."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pandas.testing import assert_frame_equal

from graphinvestigate.envelope import Page, read_page
from graphinvestigate.errors import BadResponseError
from graphinvestigate.frames import EVIDENCE, RESOURCES, Ahead, RawArray, records_frame
from graphinvestigate.frames.chunks import FEW, ChunkReader, Columns, in_order
from graphinvestigate.frames.columns import ARROW, to_arrow
from graphinvestigate.frames.cutting import Items
from graphinvestigate.frames.fast import Chunk
from graphinvestigate.frames.items import ITEM_TYPE, ItemReader
from graphinvestigate.frames.records import RecordDecoder

ALERTS, SIGN_INS = RESOURCES["alerts"], RESOURCES["sign_ins"]
FRACTIONS = st.integers(0, 9999999).map(lambda n: f".{n}") | st.just("") | st.sampled_from([".1234567", ".0", ".90"])
TIMES = FRACTIONS.map(lambda fraction: f"2026-01-02T03:04:05{fraction}Z") | st.sampled_from(
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2026-01-02T03:04:05", "", "2026-01-02T05:04:05+02:00"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["\x00", '\\"\n', "ü\U0001f600"]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
RIGHT = {
    "string": TEXTS,
    "time": TIMES,
    "strings": st.lists(TEXTS | st.none(), max_size=3),
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70),
    "bool": st.booleans(),
    "json": ANY,
    "raw": st.lists(ANY, max_size=3),
}
WRONG = [
    str, lambda value: [value, 1], lambda value: {"x": value}, lambda _: 2**64, lambda _: 1.5,
    lambda _: True, lambda _: "\ud800", lambda _: 10**400, lambda _: "0001-01-01T00:00:00Z", lambda _: None,
]  # fmt: skip


@st.composite
def fitting(draw, columns):
    """A record that has some of the columns, each with a value of its own type or null, and something unknown."""
    record: dict = {}
    for column in draw(st.lists(st.sampled_from(columns), max_size=8, unique_by=lambda column: column.path)):
        node = record
        for part in column.path[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        else:
            node.setdefault(column.path[-1], draw(RIGHT[column.dtype] | st.none()))
    if draw(st.booleans()):
        record[draw(st.sampled_from(["new", "@odata.etag", "Id"]))] = draw(ANY)
    return record


@st.composite
def misfits(draw, columns):
    """A record of which one value has another type than Graph documents."""
    record = draw(fitting(columns))
    column = draw(st.sampled_from(columns))
    record[column.path[0]] = draw(st.sampled_from(WRONG))(record.get(column.path[0]))
    return record


def written(record, indent=None):
    """The JSON of a record, with or without spaces."""
    return json.dumps(record, indent=indent, separators=(",", ":") if indent is None else None).encode()


def plainly(columns, pieces):
    """What the standard library reads, record by record."""
    decoder = RecordDecoder(columns, source="test")
    rows = [decoder.read_plain(bytes(piece)) for piece in pieces]
    chunk = Chunk(len(rows))
    for column in columns:
        values = [row.get(column.name) for row in rows]
        if values.count(None) == len(values):
            continue
        if column.dtype == "raw":
            chunk.spans[column.name] = np.array([(-1, 0) if value is None else value for value in values])
        else:
            chunk.arrays[column.name] = to_arrow(column.dtype, values)
    return chunk


def assert_same(chunk, expected):
    """Both have the same columns of the same types with the same values, and the same slices."""
    arrays = {name: array for name, array in expected.arrays.items() if array.null_count < len(array)}
    found = {name: array for name, array in chunk.arrays.items() if array.null_count < len(array)}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].type == array.type
        assert found[name].equals(array), name
        found[name].validate(full=True)
    assert chunk.spans.keys() == expected.spans.keys()
    for name, spans in expected.spans.items():
        assert chunk.spans[name].tolist() == spans.tolist()


@settings(max_examples=120)
@given(st.data())
def test_records_read_at_once_are_as_read_one_by_one(data):
    """Many records at once give what each gives alone on the plain path: values, types and slices."""
    columns = data.draw(st.sampled_from([resource.columns for resource in RESOURCES.values()]))
    records = data.draw(st.lists(fitting(columns), min_size=9, max_size=14))
    wrong = data.draw(st.lists(misfits(columns), max_size=3))
    for record in wrong:
        records.insert(data.draw(st.integers(0, len(records))), record)
    indent = data.draw(st.sampled_from([None, None, 1]))
    pieces = [written(record, indent) for record in records]
    assert_same(ChunkReader(columns, source="test").read(pieces), plainly(columns, pieces))


@settings(max_examples=120)
@given(st.data())
def test_items_of_all_types_read_as_one_by_one(data):
    """Evidence of mixed types, known, unknown or none, gives what each item gives alone with its type's columns."""
    kinds = [*EVIDENCE.types, "newEvidence", None]
    alerts = []
    for _ in range(data.draw(st.integers(1, 4))):
        items = []
        for kind in data.draw(st.lists(st.sampled_from(kinds), max_size=12)):
            columns = [c for c in EVIDENCE.columns if not c.types or kind in c.types]
            item = data.draw(fitting(columns) if data.draw(st.integers(0, 5)) else misfits(columns) | ANY)
            if isinstance(item, dict) and kind is not None:
                typed = {"@odata.type": f"#microsoft.graph.security.{kind}"}
                item = typed | item if data.draw(st.integers(0, 5)) else item | typed
            items.append(item)
        alerts.append(items)
    indent = data.draw(st.sampled_from([None, None, 1]))
    raw = RawArray.from_texts([written(items, indent) for items in alerts])
    items, flat = Items(raw, "test"), [item for items in alerts for item in items]
    assert [json.loads(text) for text in items.raw] == flat
    assert items.rows.tolist() == [row for row, items in enumerate(alerts) for _ in items]
    chunk = ItemReader(EVIDENCE).read(items)
    assert chunk.rows == len(flat)
    for row, text in enumerate(items.raw):
        name = flat[row].get("@odata.type") if isinstance(flat[row], dict) else None
        kind = name.rpartition(".")[2] if isinstance(name, str) and "\ud800" not in name else None
        columns = [c for c in EVIDENCE.columns if not c.types or (kind in EVIDENCE.types and kind in c.types)]
        expected = plainly(columns, [text.encode()])
        if kind is not None:
            expected.arrays[ITEM_TYPE.name] = pa.array([kind], pa.large_string())
        assert_same(Chunk(1, {name: array.slice(row, 1) for name, array in chunk.arrays.items()}), expected)


@pytest.mark.parametrize(
    "wrong", [b'{"id":7}', b'{"id":"\\ud800"}', b'{"status":{"errorCode":1.5}}', b'{"id":"a","id":"b"}']
)
def test_a_misfit_sends_only_itself_to_the_plain_path(wrong):
    """One record of thousands that does not fit takes the plain path, with few others read one by one."""
    pieces = [written({"id": str(number), "status": {"errorCode": number}}) for number in range(4000)]
    pieces[2345] = wrong
    reader = ChunkReader(SIGN_INS.columns, source="test")
    chunk = reader.read(pieces)
    assert chunk.one_by_one <= 2 * FEW
    assert_same(chunk, plainly(SIGN_INS.columns, pieces))


def test_all_fitting_records_stay_on_the_fast_path():
    """Records as Graph documents them are never read one by one."""
    pieces = [written({"id": str(number), "createdDateTime": "2026-01-02T03:04:05Z"}) for number in range(100)]
    assert ChunkReader(ALERTS.columns, source="test").read(pieces).one_by_one == 0


def test_records_that_all_do_not_fit_are_read_one_by_one():
    """Where most records have another type than documented, the fast path is given up, and the values are right."""
    pieces = [written({"id": number, "title": str(number)}) for number in range(2000)]
    chunk = ChunkReader(ALERTS.columns, source="test").read(pieces)
    assert "id" not in chunk.arrays
    assert chunk.arrays["title"].to_pylist() == [str(number) for number in range(2000)]


def test_an_item_that_says_its_type_twice_is_of_the_last():
    """Also on the fast path the last of two types counts, for that item alone."""
    user, address = "#microsoft.graph.security.userEvidence", "#microsoft.graph.security.ipEvidence"
    items = [b'{"@odata.type":"%s","ipAddress":"192.0.2.1"}' % address.encode()] * 20
    items[7] = b'{"@odata.type":"%s","ipAddress":"x","@odata.type":"%s"}' % (address.encode(), user.encode())
    raw = RawArray.from_texts([b"[" + b",".join(items) + b"]"])
    chunk = ItemReader(EVIDENCE).read(Items(raw, "test"))
    assert chunk.arrays[ITEM_TYPE.name].to_pylist() == ["ipEvidence"] * 7 + ["userEvidence"] + ["ipEvidence"] * 12
    assert chunk.arrays["ip_address"].to_pylist() == ["192.0.2.1"] * 7 + [None] + ["192.0.2.1"] * 12


@pytest.mark.parametrize(
    "texts",
    [[b'[{"a":1}', b'{"b":2}]'], [b"[1],[2]", b"[3"], [b"[1 2]"], [b"[1,]", b"[2]"], [b'[{"a":1]', b'["b":2}]']],
)
def test_arrays_that_only_together_are_json_are_refused(texts):
    """What is no JSON array by itself is an error, also where its neighbour would complete it."""
    with pytest.raises(BadResponseError, match="not valid JSON"):
        Items(RawArray.from_texts(texts), "test")


def test_numbers_that_are_none():
    """NaN and Infinity are no JSON, also where Arrow would read them."""
    pieces = [b'{"location":{"geoCoordinates":{"latitude":1.5}}}'] * 20
    for text in (b"NaN", b"Infinity", b"-Infinity"):
        wrong = [*pieces, b'{"location":{"geoCoordinates":{"latitude":%s}}}' % text]
        with pytest.raises(BadResponseError, match="not valid JSON"):
            ChunkReader(SIGN_INS.columns, source="test").read(wrong)
    large = [*pieces, b'{"location":{"geoCoordinates":{"latitude":%s}}}' % (b"9" * 400)]
    chunk = ChunkReader(SIGN_INS.columns, source="test").read(large)
    assert chunk.arrays["location_geo_coordinates_latitude"].to_pylist() == [1.5] * 20 + [None]


def test_jobs_keep_their_order_and_raise():
    """Work done by several threads comes back in the order of its jobs, all of it; an error is raised."""
    assert list(in_order(lambda number: number * number, iter(range(50)))) == [n * n for n in range(50)]
    assert list(in_order(str, iter([]))) == []
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // (number - 20), iter(range(50))))


def test_chunks_become_columns():
    """Columns of several chunks have all their rows in order, missing ones where a chunk has none of the column."""
    chunks = [Chunk(300, {"id": pa.array([str(n // 7)] * 300, ARROW["string"])} if n % 2 else {}) for n in range(40)]
    columns = Columns(ALERTS.columns)
    packed = [columns.pack(chunk) for chunk in chunks]
    found = columns.column(packed, ALERTS.column("id"))
    assert found.tolist() == [str(n // 7) if n % 2 else np.nan for n in range(40) for _ in range(300)]
    assert columns.column(packed, ALERTS.column("title")).isna().all()
    assert found.nbytes < 300 * 40 * 6


def test_pages_read_ahead_make_the_same_frame():
    """What was read while pages came is what the frame shows, in the order of the pages; the rest is read then."""
    records = [{"id": str(n), "title": "x" if n % 7 else None, "evidence": [{"tags": [str(n)]}]} for n in range(1000)]
    pages = [read_page(written({"value": records[at : at + 100]}), source="t") for at in range(0, 1000, 100)]
    pages.insert(3, read_page(written({"value": [{"id": "few"}]}), source="t"))
    with Ahead(ALERTS) as ahead:
        for page in pages[::-2]:
            ahead.add(page)
        made = records_frame(ALERTS, pages, pull_id="p", ahead=ahead)
    assert_frame_equal(made, records_frame(ALERTS, pages, pull_id="p"))
    assert [json.loads(text) for text in made["raw"]] == [json.loads(p.record(n)) for p in pages for n in range(len(p))]
    assert all(ahead.take(page) is None for page in pages)


def test_an_error_met_ahead_names_the_row_of_the_whole():
    """A record that is no JSON and was met ahead is named by its row in the frame, not in its page."""
    good = read_page(written({"value": [{"id": str(n)} for n in range(60)]}), source="t")
    broken = Page(good.body.replace(b'{"id":"59"}', b'{"id":"59",'), good.spans)
    with Ahead(ALERTS) as ahead:
        ahead.add(good)
        ahead.add(broken)
        with pytest.raises(BadResponseError, match="alerts, row 119: not valid JSON"):
            records_frame(ALERTS, [good, broken], pull_id="p", ahead=ahead)

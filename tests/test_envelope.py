"""Where the records of an answer lie."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, strategies as st

from graphinvestigate import envelope
from graphinvestigate.envelope import Page, read_lines, read_page, read_record
from graphinvestigate.errors import BadResponseError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=5)
SPACES = st.sampled_from(["", " ", "\n", "\t \r\n"])


def records(page: Page) -> list[bytes]:
    """All records of a page."""
    return [page.record(position) for position in range(len(page))]


@given(RECORDS, st.booleans(), SPACES, st.booleans())
def test_spans_cut_every_record_out(items, ascii_only, space, bom):
    """Each span holds exactly one item of `value`, wherever spaces, a BOM or other members stand."""
    texts = [json.dumps(item, ensure_ascii=ascii_only) for item in items]
    try:
        parts = [text.encode() for text in texts]
    except UnicodeEncodeError:  # lone surrogates can't be sent as UTF-8; the escaped form can
        parts = [json.dumps(item).encode() for item in items]
    gap = space.encode()
    body = gap + b'{"@odata.context":"x",' + gap + b'"value":' + gap + b"["
    body += (gap + b"," + gap).join(parts) + gap + b'], "@odata.count" : 7,"@odata.nextLink":"https://g/?a=%20"}' + gap
    page = read_page(b"\xef\xbb\xbf" * bom + body, source="test")
    assert records(page) == parts
    assert (page.count, page.next_link) == (7, "https://g/?a=%20")
    assert (page.spans.dtype, page.spans.shape) == ("int64", (len(items), 2))


@given(
    RECORDS,
    SPACES,
    st.sampled_from([None, "https://graph/next", ""]),
    st.sampled_from([None, 3, "41", -1, 1.5]),
)
def test_the_plain_path_finds_what_the_fast_path_finds(items, space, link, count):
    """Both paths give the same spans, next link and count for every answer both can read."""
    answer = {"a": 1, "value": items, "@odata.nextLink": link, "@odata.count": count}
    body = json.dumps(answer, indent=1 if space else None).encode()
    fast, plain = read_page(body, source="test"), envelope._plain_page(body, "test")
    assert fast.spans.tolist() == plain.spans.tolist()
    assert (fast.next_link, fast.count) == (plain.next_link, plain.count) == (link or None, {3: 3, "41": 41}.get(count))


def test_escaped_lone_surrogates_are_valid_json():
    """An escaped lone surrogate, which msgspec refuses, loses no record and moves no offset."""
    body = '{"é":"ü","value":[{"id":"ä"},{"id":"\\ud800"},{"id":"z"}]}'.encode()
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)
    assert records(read_page(body, source="test")) == [
        '{"id":"ä"}'.encode(),
        b'{"id":"\\ud800"}',
        b'{"id":"z"}',
    ]
    assert records(read_record(b' {"id":"\\ud800"} ', source="test")) == [b'{"id":"\\ud800"}']


@pytest.mark.parametrize("depth_of_number", [5000, 20000])
def test_numbers_of_any_length_are_kept(depth_of_number):
    """A number longer than Python's digit limit is one value of the record like any other."""
    record = b'{"n":' + b"9" * depth_of_number + b"}"
    assert records(read_page(b'{"value":[' + record + b"]}", source="test")) == [record]
    assert records(envelope._plain_page(b'{"value":[' + record + b"]}", "test")) == [record]


BAD = {
    "empty": b"",
    "blank": b" \n",
    "no JSON": b"<html>",
    "cut off": b'{"value":[{"id":1},{"id"',
    "more behind": b'{"value":[]} x',
    "NaN": b'{"value":[{"a":NaN}]}',
    "Infinity": b'{"value":[{"a":-Infinity}]}',
    "NaN beside a lone surrogate": b'{"value":[{"a":"\\ud800","b":NaN}]}',
    "trailing comma": b'{"value":[{"a":"\\ud800"},]}',
    "trailing comma of the answer": b'{"value":[{"a":"\\ud800"}],}',
    "not UTF-8": b'{"value":[{"a":"\xff"}]}',
    "surrogate bytes": b'{"value":[{"a":"\xed\xa0\x80"}]}',
    "UTF-16": '{"value":[]}'.encode("utf-16"),
    "no value": b'{"values":[]}',
    "value is an object": b'{"value":{}}',
    "value is null": b'{"value":null}',
    "a list": b'[{"id":1}]',
    "an item is no object": b'{"value":[{"id":1},"x"]}',
    "an item is null": b'{"value":[null]}',
    "next link is a number": b'{"value":[],"@odata.nextLink":5}',
    "deep": b'{"value":[{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}]}",
    "deep and a lone surrogate": b'{"value":[{"b":"\\ud800"},{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}]}",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_list_answer_is_refused(name):
    """What is no valid JSON list answer is a BadResponseError that names its source, nothing else."""
    with pytest.raises(BadResponseError, match=r"^GET /x: "):
        read_page(BAD[name], source="GET /x")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"x"', b'{"a":1}{', b'{"a":"\xff"}', b'{"a":NaN}', b"[" * 200_000]
)
def test_what_is_no_record_is_refused(body):
    """Whatever is no single JSON object is a BadResponseError that names its source."""
    with pytest.raises(BadResponseError, match=r"^GET /x: "):
        read_record(body, source="GET /x")


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,value0e-.n \\ud', max_size=60).map(str.encode))
def test_no_bytes_raise_anything_else(body):
    """Any bytes are read, or refused with BadResponseError; what is read is valid JSON."""
    for read in (read_page, read_record, read_lines):
        try:
            page = read(body, source="x")
        except BadResponseError:
            continue
        for record in records(page):
            assert isinstance(json.loads(record), dict)


def test_an_error_body_is_named_as_such():
    """A Graph error read as a page says which error it is."""
    body = b'{"error":{"code":"TooManyRequests","message":"x"}}'
    with pytest.raises(BadResponseError, match=r"a Graph error \(code 'TooManyRequests'\)"):
        read_page(body, source="a.json")


def test_of_duplicate_members_the_last_counts():
    """Of two `value` members the last is read, as every JSON parser does, by both paths."""
    body = b'{"value":[{"id":1}],"value":[{"id":2}]}'
    assert records(read_page(body, source="x")) == records(envelope._plain_page(body, "x")) == [b'{"id":2}']


def test_json_lines():
    """Every line that is not blank is one record, with Windows line ends and a BOM too."""
    body = b'\xef\xbb\xbf{"id":"1"}\r\n\n {"id":"\xc3\xa4"}\n{"id":"\\ud800"}'
    assert records(read_lines(body, source="x")) == [b'{"id":"1"}', b'{"id":"\xc3\xa4"}', b'{"id":"\\ud800"}']
    with pytest.raises(BadResponseError, match=r"^x, line 2: "):
        read_lines(b'{"id":"1"}\n[1]', source="x")

"""Values in queries stay values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import example, given, strategies as st
from odata_query import ast
from odata_query.grammar import ODataLexer, ODataParser

from graphinvestigate.client import kql_string, odata_datetime, odata_string, path_segment
from graphinvestigate.errors import UsageError

WHOLE = st.text(st.characters(exclude_categories=["Cs"]))


def parsed(query: str) -> Any:
    """The tree that odata-query reads."""
    return ODataParser().parse(ODataLexer().tokenize(query))


@given(WHOLE)
@example("O'Brien")
@example("x' or 1 eq 1 or 'a' eq '")
@example("''")
@example("\\'")
@example("%27 or 1 eq 1")
def test_odata_text_is_one_literal(value: str) -> None:
    """X01: an independent OData parser reads exactly one string out of the literal, equal to the value."""
    tree = parsed(f"name eq {odata_string(value)}")
    assert tree == ast.Compare(ast.Eq(), ast.Identifier("name"), ast.String(value))


def test_odata_text_known() -> None:
    """X01: a quote is doubled, nothing else changes."""
    assert odata_string("O'Brien") == "'O''Brien'"
    assert odata_string("x' or 1 eq 1") == "'x'' or 1 eq 1'"


@given(st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()))  # noqa: DTZ001 (the zone is Hypothesis's)
def test_odata_times_are_utc_and_read_back(value: datetime) -> None:
    """A time is written in UTC, without quotes, and reads back as the same moment."""
    literal = odata_datetime(value)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", literal)
    assert datetime.fromisoformat(literal) == value.astimezone(UTC)
    assert isinstance(parsed(f"t ge {literal}").right, ast.DateTime)


def test_odata_times_known() -> None:
    """Decimals appear only where there are any."""
    berlin = timezone(timedelta(hours=1))
    assert odata_datetime(datetime(2026, 3, 1, 1, tzinfo=berlin)) == "2026-03-01T00:00:00Z"
    assert odata_datetime(datetime(2026, 3, 1, 0, 0, 0, 120_000, tzinfo=UTC)) == "2026-03-01T00:00:00.12Z"


@given(WHOLE)
@example("'; SecurityAlert | take 1 //")
@example("\\")
@example("a\\' b")
@example("`\"@h'x'\n\r\t\u2028\u202e\x00")
def test_kql_text_is_one_literal(value: str) -> None:
    """X02: a KQL lexer reads exactly one string token out of the literal, equal to the value, on one line."""
    literal = kql_string(value)
    token = re.compile(r"'(?:[^'\\\r\n]|\\(?:[\\'nrt]|u[0-9a-f]{4}))*'").fullmatch(literal)
    assert token, literal
    plain = {"\\\\": "\\", "\\'": "'", "\\n": "\n", "\\r": "\r", "\\t": "\t"}
    read = re.sub(r"\\(?:u([0-9a-f]{4})|.)", lambda m: chr(int(m[1], 16)) if m[1] else plain[m[0]], literal[1:-1])
    assert read == value
    assert len(literal.splitlines()) == 1


@given(WHOLE)
@example("../x")
@example("..")
@example("a?b#c%2fd")
@example("alice_contoso.com#EXT#@fabrikam.test")
def test_a_segment_is_one_segment(value: str) -> None:
    """X03: what is accepted as an id stays one segment of the path and decodes to itself; the rest is refused."""
    try:
        segment = path_segment(value)
    except UsageError:
        assert not value.strip(".") or len(value) > 1024 or re.search(r"[/\\\x00-\x1f\x7f-\x9f]", value)
        return
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", segment)
    assert unquote(segment) == value
    url = httpx.URL(f"https://graph.microsoft.com/v1.0/users/{segment}")
    assert url.raw_path.decode() == f"/v1.0/users/{segment}"


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\\b", "a\x00", "a\nb", "x" * 1025, "\ud800", None, 5])
def test_what_is_no_id_is_refused(value: Any) -> None:
    """X03: nothing that could lead elsewhere becomes a segment."""
    with pytest.raises(UsageError):
        path_segment(value)


@pytest.mark.parametrize("value", [None, 5, b"x", ["a"], "\ud800"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    """Only whole text becomes a literal."""
    for write in (odata_string, kql_string):
        with pytest.raises(UsageError):
            write(value)


@pytest.mark.parametrize("value", [None, "2026-03-01T00:00:00Z", datetime(2026, 3, 1)])  # noqa: DTZ001 (naive is the point)
def test_what_is_no_time_is_refused(value: Any) -> None:
    """Only a datetime with a zone becomes a time literal."""
    with pytest.raises(UsageError):
        odata_datetime(value)

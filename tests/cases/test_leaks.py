"""The scan for leaks sees a value in every spelling, and cries no wolf."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import graphinvestigate as gi
from graphinvestigate.cases.leaks import find_leaks

NAME = "Zoë O'Brien+x@contoso.test"


@pytest.mark.parametrize(
    ("spell", "form"),
    [
        (str, "as it is"),
        (str.upper, "as it is"),
        (lambda text: quote(text, safe=""), "url-encoded"),
        (lambda text: quote(text, safe="").lower(), "url-encoded"),
        (json.dumps, "json-escaped"),
        (html.escape, "html-escaped"),
        (lambda text: base64.b64encode(text.encode()).decode(), "base64"),
        (lambda text: base64.b64encode(f"a{text}b".encode()).decode(), "base64"),
        (lambda text: base64.b64encode(f"ab{text}".encode()).decode(), "base64"),
        (lambda text: base64.urlsafe_b64encode(f"xyz{text}".encode()).decode(), "base64"),
        (lambda text: base64.b64encode(text.encode("utf-16-le")).decode(), "base64"),
    ],
)
def test_a_value_is_found_however_it_is_written(spell: Callable[[str], str], form: str) -> None:
    """A value within other text is found, with its spelling, how often, and in which part."""
    part = f"before {spell(NAME)} between {spell(NAME)}.".encode()
    (leak,) = find_leaks([b"nothing", part], [NAME, "elsewhere@contoso.test"])
    assert (leak.original, leak.form, leak.times, leak.part) == (NAME, form, 2, 1)


def test_utf16_is_read() -> None:
    """A value in a file of UTF-16 is found."""
    (leak,) = find_leaks([NAME.encode("utf-16-le")], [NAME])
    assert leak.form == "utf-16"


def test_words_and_numbers_must_stand_alone() -> None:
    """A plain word or a short number within another is none; alone it is, and so is any longer value within others."""
    assert find_leaks([b"financed at 148151 refinance xdata"], ["finance", "48151", "data"]) == []
    found = find_leaks([b"the finance team, incident 48151; xws-fin-07y"], ["finance", "48151", "ws-fin-07"])
    assert [leak.original for leak in found] == ["finance", "48151", "ws-fin-07"]


def test_a_number_of_json_is_nobodys_id() -> None:
    """An incident's number is found as a text of JSON, and not as a process id; an address between texts is found."""
    document = {"processId": 50075, "sizes": [1, 50075, -2.5e3], "done": True, "incidentId": "41234", "n": None}
    assert find_leaks([json.dumps(document).encode()], ["50075"]) == []
    assert [leak.original for leak in find_leaks([json.dumps(document).encode()], ["41234"])] == ["41234"]
    for text in ('"a", 10.1.2.3, "b"', '"a", ws-07-a, "b"', "incident 50075", '{"note": "seen in 50075, 50076"}'):
        assert len(find_leaks([text.encode()], ["10.1.2.3", "ws-07-a", "50075"])) == 1, text


def test_a_part_of_a_second_is_nobodys_id() -> None:
    """An incident's number is none behind the seconds of a time, nor as a port of a connection; elsewhere it is one."""
    times = b'{"process": "8096|2026-02-14t06:11:37.41505", "at": "2026-02-14 06:11:37.41505+00:00"}'
    assert find_leaks([times], ["41505"]) == []
    assert [one.times for one in find_leaks([times + b' "see 41505"'], ["41505"])] == [1]
    assert find_leaks([b"incident.41505"], ["41505"]) != []
    assert find_leaks([b'"network_connection=192.0.2.7|443|10.0.0.9|41505|tcp"'], ["41505"]) == []
    assert find_leaks([b"| 41505 | high |", b"a|41505", b'"41505|a"'], ["41505"])[2].part == 2
    redactor = gi.Redactor("a key of the tests, long enough")
    redactor.learn(pd.DataFrame({"incident_id": ["41505"]}))
    made = redactor.redact("41505 at 06:11:37.41505")
    assert made.endswith(" at 06:11:37.41505")
    assert not made.startswith("41505")


def test_pseudonyms_are_not_looked_into() -> None:
    """`user-k3f9a2qx5` is no leak of an account named `user`, nor of one that its letters spell by chance."""
    assert find_leaks([b"user-k3f9a2qx5 on host-abcdefghi"], ["user", "host", "abcdefghi"]) == []
    assert find_leaks([b"user-k3f9a2qx5 is a user"], ["user"])[0].times == 1


def test_short_values_are_not_searched() -> None:
    """Three characters say nothing; nothing to search gives nothing."""
    assert find_leaks([b"abc"], ["abc", ""]) == []
    assert find_leaks([], [NAME]) == []
    assert find_leaks([b"ab"], [NAME]) == []


@given(
    st.lists(st.text("abcdef.@-0", min_size=4, max_size=12), min_size=1, max_size=5),
    st.text("abcdef.@-0 ", max_size=60),
)
def test_the_fast_search_agrees_with_the_plain_one(originals: list[str], text: str) -> None:
    """What `in` finds is found, and nothing else, for values that are neither plain words nor numbers."""
    telling = [one for one in originals if any(sign in one for sign in ".@-")]
    found = {leak.original for leak in find_leaks([text.encode()], telling)}
    assert found == {one for one in telling if one in text}

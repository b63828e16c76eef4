"""How values become identifiers."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings, strategies as st

from graphinvestigate.linking import spelling
from graphinvestigate.linking.identifiers import identifier, is_private_ip, object_id_of_sid


def test_entra_sid_spells_the_object_id() -> None:
    """The four numbers of an S-1-12-1 SID are the words of the user's object id."""
    sid = "S-1-12-1-1943430372-1249052806-2496021943-3034400218"
    assert object_id_of_sid(sid) == "73d664e4-0886-4a73-b745-c694da45ddb4"
    assert identifier("sid", [sid.lower()]) == ("object_id", "73d664e4-0886-4a73-b745-c694da45ddb4")


@pytest.mark.parametrize(
    "sid", ["S-1-5-18", "s-1-5-19", "S-1-5-32-544", "S-1-1-0", "S-1-5-80-1-2-3", "S-1-16-12288", "S-1-15-2-1"]
)
def test_well_known_sids_join_nothing(sid: str) -> None:
    """A SID that every machine knows is nobody's identifier."""
    assert identifier("sid", [sid]) is None


def test_domain_sids_are_kept() -> None:
    """A SID of a domain names one account."""
    assert identifier("sid", ["s-1-5-21-1-2-3-1001"]) == ("sid", "S-1-5-21-1-2-3-1001")


@pytest.mark.parametrize(
    "sid", ["S-1-12-1-1-2-3", "S-1-12-1-1-2-3-x", "S-1-12-1-1-2-3-99999999999", "S-1-12-1-1-2-3-٣"]
)
def test_broken_entra_sids_stay_text(sid: str) -> None:
    """A malformed SID is kept as it is and decodes to nothing."""
    assert object_id_of_sid(sid) is None
    assert identifier("sid", [sid]) == ("sid", sid.upper())


@pytest.mark.parametrize("value", ["", "  ", "-", "null", "N/A", None, "unknown", True, {}, []])
@pytest.mark.parametrize(
    "kind", ["object_id", "upn", "mde_device_id", "host_name", "ip", "url", "address", "sid", "sha256"]
)
def test_filler_is_no_identifier(kind: str, value: object) -> None:
    """Empty text, dashes and null say nothing, whatever they stand for."""
    assert identifier(kind, [value]) is None


@pytest.mark.parametrize("value", ["0.0.0.0", "::", "::ffff:0.0.0.0"])
def test_filler_addresses_are_dropped(value: str) -> None:
    """The unspecified address occurs as filler and is no address."""
    assert identifier("ip", [value]) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("::FFFF:198.51.100.23", "198.51.100.23"),
        ("2001:0DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("123.456.7.89", "123.456.7.89"),
    ],
)
def test_addresses_have_one_spelling(value: str, expected: str) -> None:
    """Addresses are spelled one way; what is malformed stays as text."""
    assert identifier("ip", [value]) == ("ip", expected)


def test_documentation_ranges_are_no_private_ranges() -> None:
    """Private are the ranges that many networks use, and no others."""
    assert [is_private_ip(a) for a in ("10.1.2.3", "192.168.1.1", "100.64.3.2", "fe80::1", "127.0.0.1")] == [True] * 5
    assert [is_private_ip(a) for a in ("203.0.113.7", "2001:db8::1", "8.8.8.8", "123.456.7.89")] == [False] * 4


def test_accounts_are_scoped_and_built_in_ones_dropped() -> None:
    r"""domain\account means something within its tenant only, and SYSTEM is on every machine."""
    assert identifier("account", ["Alice", "CONTOSO"], tenant="T") == ("account", "t/contoso\\alice")
    assert identifier("account", ["CONTOSO\\Alice", None]) == ("account", "contoso\\alice")
    assert identifier("account", ["alice", None], tenant="T") is None
    assert identifier("account", ["SYSTEM", "NT AUTHORITY"], tenant="T") is None


def test_host_names_are_full_or_scoped() -> None:
    """A full name stands for itself, a short one only within its tenant, an address is no name."""
    assert identifier("host_name", ["Laptop-7.Contoso.com."], tenant="T") == ("fqdn", "laptop-7.contoso.com")
    assert identifier("host_name", ["LAPTOP-7"], tenant="T") == ("short_name", "t/laptop-7")
    assert identifier("host_name", ["10.0.0.7"]) is None
    assert identifier("host_name", ["localhost"]) is None


def test_zero_ids_are_nobody() -> None:
    """An all-zero id is a filler."""
    assert identifier("object_id", ["00000000-0000-0000-0000-000000000000"]) is None


def test_processes_need_device_number_and_start() -> None:
    """Process numbers are used again within hours: without device or start they say nothing."""
    assert identifier("process", [4, "AB", "2026-01-01T00:00:00.50Z"]) == ("process", "ab|4|2026-01-01t00:00:00.5")
    assert identifier("process", [4, "AB", "2026-01-01T00:00:00.5+00:00"]) == ("process", "ab|4|2026-01-01t00:00:00.5")
    assert identifier("process", [4, None, "2026-01-01T00:00:00Z"]) is None


HOSTS = st.sampled_from(["example.org", "Example.org", "a.b-c.example", "198.51.100.7", "x", "", "example.org.", "e_x"])
PLACES = st.sampled_from(["", ":80", ":443", ":x", "@other.example"])
PARTS = st.sampled_from(
    ["", "/", "/a", "/A b", "/a;p", "?", "?q=1", "#", "#f", "/%41", "/é", "\t", "/a\n", "[", "\\", " "]
)


@settings(max_examples=500)
@example("http://", "example.org", "", "/a?")
@example("https://", "example.org", "", "?")
@example("https://", "example.org", "", "/a#")
@given(
    st.sampled_from(["http://", "https://", "HTTP://", "ftp://", "//", ""]),
    HOSTS,
    PLACES,
    st.lists(PARTS, max_size=3).map("".join),
)
def test_plain_urls_are_kept_as_all_others_are(scheme: str, host: str, place: str, rest: str) -> None:
    """A URL that is kept as it is would be the same taken apart and put together again, and names the same host."""
    text = f"{scheme}{host}{place}{rest}"
    said = [function(text) for function in (spelling.url_text, spelling.url_host)]
    plain, spelling._PLAIN_URL = spelling._PLAIN_URL, re.compile("(?!)")
    try:
        assert said == [function(text) for function in (spelling.url_text, spelling.url_host)]
    finally:
        spelling._PLAIN_URL = plain


@settings(max_examples=300)
@given(
    st.ip_addresses().map(str)
    | st.tuples(
        *[st.sampled_from(["0", "1", "10", "127", "169", "172", "192", "254", "255", "256", "01", " 1", "x"])] * 4
    ).map(".".join)
)
def test_an_address_is_placed_as_it_is_spelled(text: str) -> None:
    """Spelling an address and saying whether it is private in one go says the same as both apart."""
    spelled = spelling.ip_text(text)
    assert spelling.ip_placed(text) == (None if spelled is None else (spelled, spelling.is_private_ip(spelled)))

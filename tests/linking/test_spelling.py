"""One spelling for addresses, times and scalars: quick ways say the same as the slow ones."""

import ipaddress

import pytest
from hypothesis import example, given, strategies as st

from graphinvestigate.linking.spelling import (
    ip_placed,
    ip_text,
    is_ip,
    is_private_ip,
    moment_text,
    text_of,
    upn_text,
    url_host,
    url_text,
)

PRIVATE = [
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
]


@pytest.mark.parametrize("rest", ["0.0.0", "15.255.255", "16.0.1", "63.9.9", "64.0.0", "127.1.1", "168.0.7", "254.1.1"])
def test_every_address_has_its_place(rest):
    """An address is private if one of the private networks holds it, whatever its first number; 0.0.0.0 is none."""
    for text in [f"{first}.{rest}" for first in range(256)]:
        private = any(ipaddress.ip_address(text) in network for network in PRIVATE)
        assert ip_placed(text) == (None if text == "0.0.0.0" else (text, private))
        assert is_private_ip(text) == is_private_ip(f"tenant/{text}") == private
        assert is_ip(text)


@pytest.mark.parametrize(
    ("said", "placed"),
    [
        (" 198.51.100.7 ", ("198.51.100.7", False)),
        ("::ffff:10.0.0.7", ("10.0.0.7", True)),
        ("2001:DB8::1", ("2001:db8::1", False)),
        ("[fe80::1]", ("fe80::1", True)),
        ("198.51.100.256", ("198.51.100.256", False)),
        ("10.0.0.256", ("10.0.0.256", False)),
        ("198.51.100.07", ("198.51.100.07", False)),
        ("10.0.0", ("10.0.0", False)),
        ("10.0.0.7.9", ("10.0.0.7.9", False)),
        ("::", None),
        ("-", None),
        (7, ("7", False)),
        (None, None),
    ],
)
def test_other_spellings_of_addresses(said, placed):
    """Other spellings become the one; what is no address stays as it is, and is not private."""
    assert ip_placed(said) == placed


@pytest.mark.parametrize(
    "text", ["::1", "fe80::a", "[2001:db8::1]", "1.2.3.4", "[1.2.3.4]", "::ffff:1.2.3.4", "2001:db8::"]
)
def test_what_is_an_address(text):
    """Addresses of both versions are told, in brackets too."""
    assert is_ip(text)


@pytest.mark.parametrize("text", ["", "pc7", "pc7.contoso.com", "mail.7", "1.2.3", "1.2.3.4.5", "a:b", "1.2.3.4]x"])
def test_what_is_no_address(text):
    """Names and cut-off addresses are no addresses."""
    assert not is_ip(text)


@given(st.ip_addresses())
def test_one_spelling_stays(address):
    """The spelling that an address is given is one that stays, is an address, and means the same."""
    said = ip_text(str(address))
    if said is None:
        assert address.is_unspecified or getattr(address, "ipv4_mapped", None) == ipaddress.ip_address("0.0.0.0")
        return
    assert ip_text(said) == said
    assert is_ip(said)
    assert ip_placed(str(address)) == (said, is_private_ip(said))


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("2026-02-03T09:00:00Z", "2026-02-03t09:00:00"),
        ("2026-02-03T09:00:00.120Z", "2026-02-03t09:00:00.12"),
        ("2026-02-03T09:00:00.123", "2026-02-03t09:00:00.123"),
        ("2026-02-03T09:00:00.000Z", "2026-02-03t09:00:00"),
        ("2026-02-03T09:00:00.1230+00:00", "2026-02-03t09:00:00.123"),
        ("2026-02-03T09:00:00.", "2026-02-03t09:00:00"),
        ("2026-02-03T09:00:10", "2026-02-03t09:00:10"),
        ("2026-02-03T09:00:00+02:00", "2026-02-03t09:00:00+02:00"),
        ("", ""),
    ],
)
def test_one_spelling_of_a_moment(said, text):
    """Zone mark and zeros at the end of a fraction go; zeros of whole seconds stay."""
    assert moment_text(said) == text


@given(st.integers(0, 999_999_999), st.sampled_from(["Z", "z", "", "+00:00"]), st.integers(0, 5))
@example(100, "Z", 3)
def test_a_moment_is_written_once(nanoseconds, zone, zeros):
    """However many zeros follow, one moment is one text."""
    fraction = f"{nanoseconds:09d}"
    assert moment_text(f"2026-02-03T09:00:07.{fraction}{'0' * zeros}{zone}") == moment_text(
        f"2026-02-03T09:00:07.{fraction}"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.5, "7.5"),
        (0, "0"),
        (True, None),
        (False, None),
        (" a ", "a"),
        ("N/A", None),
        ("", None),
        ([], None),
    ],
)
def test_text_of_scalars(value, text):
    """Numbers are said as text; truth values, fillers and what is no scalar say nothing."""
    assert text_of(value) == text


def test_a_guest_goes_by_his_name_at_home():
    """A guest's user name is the one that he has at home."""
    assert upn_text("Bob_fabrikam.com#EXT#@contoso.onmicrosoft.com") == "bob@fabrikam.com"


@pytest.mark.parametrize(
    ("said", "text", "host"),
    [
        ("https://a.example/B?c=D", "https://a.example/B?c=D", "a.example"),
        ("HTTPS://A.example:443/B", "https://a.example/B", "a.example"),
        ("http://u@A.example.:8080/", "http://u@a.example.:8080/", "a.example"),
        ("a.example/b", "a.example/b", "a.example"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/", "2001:db8::1"),
    ],
)
def test_one_spelling_of_urls(said, text, host):
    """Scheme and host are written in lower case, without a port that goes without saying; the rest stays."""
    assert url_text(said) == text
    assert url_host(said) == host

"""A pseudonym has the shape of what it stands for, and no two things become one."""

from __future__ import annotations

import ipaddress
import re
import uuid

import pytest
from hypothesis import example, given, strategies as st

import graphinvestigate as gi
from graphinvestigate.cases.redaction.pseudonyms import Pseudonyms, fold
from graphinvestigate.linking.identifiers import object_id_of_sid

NAMES = Pseudonyms(b"a key of the tests, long enough")
OTHER = Pseudonyms(b"another key, as long as it was")
PRIVATE = [
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
]
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)


def home(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> object:
    """The private range that an address is in, if any."""
    return next((one for one in PRIVATE if one.version == address.version and address in one), None)


@given(V4, st.integers(0, 2**8 - 1))
def test_v4_neighbours_stay_neighbours(address: ipaddress.IPv4Address, other: int) -> None:
    """Two addresses of one /24 are two addresses of one /24, and private ones stay in their range."""
    beside = ipaddress.IPv4Address(int(address) & ~0xFF | other)
    one, two = (ipaddress.ip_address(NAMES.ip(str(each))) for each in (address, beside))
    assert (one == two) == (address == beside)
    if int(address) and int(beside):  # 0.0.0.0 fills a column where no address is known, and stays
        assert int(one) >> 8 == int(two) >> 8
    assert home(one) == home(address)


@given(V6, st.integers(0, 2**64 - 1))
def test_v6_neighbours_stay_neighbours(address: ipaddress.IPv6Address, other: int) -> None:
    """Two addresses of one /64 are two addresses of one /64, and private ones stay in their range."""
    beside = ipaddress.IPv6Address(int(address) >> 64 << 64 | other)
    one, two = (ipaddress.ip_address(NAMES.ip(str(each))) for each in (address, beside))
    if address.ipv4_mapped is None and beside.ipv4_mapped is None:
        assert (one == two) == (address == beside)
        if int(address) >> 64:  # the very first network holds ::1 and ::, which stay
            assert int(one) >> 64 == int(two) >> 64
        assert home(one) == home(address)


def test_addresses_of_a_whole_range_stay_apart() -> None:
    """No two of sixty thousand addresses meet, and public ones are neither private nor special afterwards."""
    networks = [f"{a}.{b}.0" for a in (8, 52, 93, 203) for b in range(0, 256, 4)]
    made = [NAMES.ip(f"{network}.{last}") for network in networks for last in range(0, 256, 8)]
    assert len(set(made)) == len(made)
    for text in made:
        address = ipaddress.ip_address(text)
        assert home(address) is None
        assert not address.is_loopback
        assert not address.is_multicast
        assert int(address) >> 28 != 15


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "0.0.0.0", "255.255.255.255", "224.0.0.251", "ff02::1", "::"])
def test_addresses_that_mean_the_same_everywhere_stay(text: str) -> None:
    """Loopback, multicast, broadcast and fillers stay."""
    assert NAMES.ip(text) == text


def test_a_mapped_address_is_the_same_inside_and_outside() -> None:
    """A v4 address within a v6 one has the pseudonym of the v4 address."""
    assert NAMES.ip("::ffff:203.0.113.7") == f"::ffff:{NAMES.ip('203.0.113.7')}"


@given(st.uuids())
def test_a_guid_stays_a_guid(value: uuid.UUID) -> None:
    """Version and variant stay, capitals do not matter, another key gives another; fillers stay."""
    made = NAMES.guid(str(value))
    assert NAMES.guid(str(value).upper()) == made
    if str(value).startswith("0000000"):
        assert made == str(value)
    else:
        assert made != str(value)
        assert made != OTHER.guid(str(value))
        assert (uuid.UUID(made).version, made[19]) == (value.version, str(value)[19])


@given(st.lists(st.integers(0, 2**32 - 1), min_size=4, max_size=4))
def test_a_sid_spells_its_object_id(numbers: list[int]) -> None:
    """The SID that spells an object id becomes the SID that spells the id's pseudonym."""
    sid = "S-1-12-1-" + "-".join(map(str, numbers))
    spelt = object_id_of_sid(sid)
    assert spelt is not None
    assert object_id_of_sid(NAMES.sid(sid)) == NAMES.guid(spelt)


def test_sids_of_one_domain_stay_in_one() -> None:
    """Two accounts of a domain share its numbers, the built-in ones keep theirs, well-known SIDs stay."""
    one, two, admin = (NAMES.sid(f"S-1-5-21-1111-2222-3333-{rid}") for rid in (1104, 1105, 500))
    assert one != two
    assert one.rpartition("-")[0] == two.rpartition("-")[0] == admin.rpartition("-")[0]
    assert admin.endswith("-500")
    assert "1111" not in one
    assert [NAMES.sid(sid) for sid in ("S-1-5-18", "S-1-5-32-544")] == ["S-1-5-18", "S-1-5-32-544"]


def test_names_fit_together() -> None:
    """A UPN's parts, an account, a host and its domain have the same words wherever they stand."""
    user, domain = NAMES.email("Alice@Corp.Contoso.test").split("@")
    assert user == NAMES.user("alice")
    assert domain == NAMES.domain("corp.contoso.test")
    assert domain.endswith(f".{NAMES.domain('contoso.test')}")
    assert domain.endswith(".example")
    assert NAMES.account("CONTOSO\\alice") == f"{NAMES.label('contoso')}\\{user}"
    assert NAMES.label("contoso") in domain.split(".")
    assert NAMES.host("WS1.contoso.test") == f"{NAMES.host('ws1')}.{NAMES.domain('contoso.test')}"
    assert NAMES.user("WS1$") == f"{NAMES.host('ws1')}$"
    assert NAMES.domain("contoso.test") != NAMES.domain("contoso.example")
    assert NAMES.domain("contoso.onmicrosoft.com").endswith(".onmicrosoft.com")
    assert NAMES.domain("security.microsoft.com") == "security.microsoft.com"


def test_a_guest_stays_a_guest() -> None:
    """A guest's UPN holds the pseudonyms of its home account and of the inviting tenant."""
    made = NAMES.email("alice_fabrikam.test#EXT#@contoso.onmicrosoft.com")
    local, _, rest = made.partition("#EXT#@")
    assert local == f"{NAMES.user('alice')}_{NAMES.domain('fabrikam.test')}"
    assert rest == NAMES.domain("contoso.onmicrosoft.com")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("089e6782d3cebede7bcc04b76b2d0a99a3fe8a1a", r"[0-9a-f]{40}"),
        ("41284", r"\d{9}"),
        ("da639049070318617416_-373081663", r"da\d{18}_-\d{9}"),
        ("aa1592147f-313f-404a-85fb-7d945bf52cd3", r"aa[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"),
        ("urn:MailEntity:e5fbb039-529c-45e0-8214-ac4b8bbb0c2f", r"urn:MailEntity:[0-9a-f-]{36}"),
        ("<e5fbb039-529c@mail.contoso.test>", r"<[0-9a-f]{8}-\w+@domain-\w{9}\.domain-\w{9}\.t\w{5}\.example>"),
    ],
)
def test_an_id_keeps_its_shape(value: str, shape: str) -> None:
    """Digits, hexadecimal, signs, prefixes of products and GUIDs within stay what they are; nothing else does."""
    made = NAMES.opaque(value)
    assert re.fullmatch(shape, made), made
    assert made != value
    assert NAMES.opaque(value.upper()).lower() == made.lower()


def test_paths_keep_what_every_machine_has() -> None:
    """Drives, separators, the system's own folders and file endings stay; a profile has its user's word."""
    made = NAMES.path("C:\\Users\\alice\\AppData\\Local\\Temp\\plan x.docx")
    assert made.startswith(f"C:\\Users\\{NAMES.user('alice')}\\AppData\\Local\\Temp\\file-")
    assert made.endswith(".docx")
    assert NAMES.path("C:\\Windows\\System32\\cmd.exe") == "C:\\Windows\\System32\\cmd.exe"
    assert NAMES.path("\\\\fs1\\it$\\a.ps1").startswith(f"\\\\{NAMES.host('fs1')}\\")
    assert NAMES.path("/home/alice/x").startswith(f"/home/{NAMES.user('alice')}/")


@given(st.text(max_size=30))
@example("²")  # a digit that is no number
@example("S-1-5-21-1-2-3-" + "9" * 5_000)
def test_any_text_has_a_pseudonym_of_every_kind(value: str) -> None:
    """No value, however odd, breaks a pseudonym, and each is the same twice."""
    for make in (
        *(NAMES.user, NAMES.host, NAMES.domain, NAMES.email, NAMES.account, NAMES.person, NAMES.filename, NAMES.path),
        *(NAMES.url, NAMES.opaque, NAMES.subject, NAMES.ip, NAMES.sid),
    ):
        assert make(value) == make(value)
    assert len(fold(value)) == len(value)


def test_every_part_of_a_url_that_names_somebody_is_another() -> None:
    """Account, password, way, values and fragment go; scheme, port and the names of values stay."""
    made = NAMES.url("https://alice:hunter2@contoso.test:8443/alice/doc?user=alice#alice-smith")
    assert not re.search("alice|hunter|contoso|smith", made)
    assert re.fullmatch(r"https://user-\w{9}@[\w.-]+\.example:8443/\w{10}/\w{10}\?user=\w{10}#\w{10}", made)


def test_an_address_with_its_zone_is_the_address() -> None:
    """The zone of an address, which names a machine's interface, goes; brackets do as well."""
    assert NAMES.ip("fe80::1%corp-uplink") == NAMES.ip("[fe80::1]") == NAMES.ip("fe80::1") != "fe80::1"


def test_a_distinguished_name_ends_like_its_domain() -> None:
    """The labels of a distinguished name are those of the domain that it spells, the last one, too."""
    made = gi.redact("CN=Alice Smith,DC=contoso,DC=test", {"userDisplayName": "Alice Smith"}, key=b"k" * 32)[0]
    other = gi.redact("contoso.test", key=b"k" * 32).split(".")
    assert made.partition(",DC=")[2] == f"{other[0]},DC={other[1]}"

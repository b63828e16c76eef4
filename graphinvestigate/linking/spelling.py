"""One spelling for values that are written in many ways: ids, SIDs, addresses, user names, URLs.

Each function takes a JSON value as it came and returns text, or None where the value says nothing (empty text, ``-``,
all-zero ids, ``0.0.0.0``). Nothing is refused for being malformed: documented ids are not always well-formed.
"""

from __future__ import annotations

import ipaddress
import re
import struct
import uuid
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit, urlunsplit

_NOTHING = frozenset({"", "-", "--", "null", "none", "n/a", "na", "unknown", "undefined", "(null)", "nil"})
_LONGEST_NOTHING = max(map(len, _NOTHING))  # folding makes no text shorter
_NUMBERS = (int, float)
_NO_HOST = frozenset({"localhost", "localhost.localdomain"})
_PRIVATE = {
    version: tuple((int(network[0]), int(network[-1])) for network in map(ipaddress.ip_network, networks))
    for version, networks in (
        (4, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")),
        (6, ("::1/128", "fc00::/7", "fe80::/10")),
    )
}
_PRIVATE_OCTETS = frozenset(first >> 24 for first, _ in _PRIVATE[4])  # each is of networks within one octet
_OCTETS = {str(number): number for number in range(256)}
_ALL_OCTETS = frozenset(_OCTETS)
# First octets of which all addresses are private, or none is; 0.0.0.0 is no address.
_ONLY = {text: (n << 24, (n << 24) + 0xFFFFFF) in _PRIVATE[4] for text, n in _OCTETS.items()}
_ONLY = {text: private for text, private in _ONLY.items() if private or _OCTETS[text] not in {0, *_PRIVATE_OCTETS}}
_DEFAULT_PORTS = {"http": ":80", "https": ":443", "ftp": ":21"}
_GUEST = "#ext#@"
# Most URLs are written as they are kept: lower case up to the path, no port, no user, no fragment, plain characters.
_PLAIN_URL = re.compile(r"https?://([a-z0-9.-]+)(?:/[!-\"$->@-~]*)?(?:\?[!-\"$-~]+)?")


Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def text_of(value: object) -> str | None:
    """Return the text of a JSON scalar without blanks at its ends; None where it says nothing."""
    if isinstance(value, str):
        value = value.strip()
        return None if len(value) <= _LONGEST_NOTHING and value.casefold() in _NOTHING else value
    if type(value) is int or (isinstance(value, _NUMBERS) and not isinstance(value, bool)):
        return str(value)
    return None


def guid(value: object) -> str | None:
    """Lower-case text of an id; nothing for fillers. Documented ids are not always well-formed, so none is refused."""
    text = text_of(value)
    if text is None:
        return None
    text = text.strip("{}").casefold()
    return text if text.strip("0-") else None


def object_id_of_sid(sid: str) -> str | None:
    """Return the Entra object id that an ``S-1-12-1-a-b-c-d`` SID spells, or None for any other SID."""
    parts = sid.split("-")
    if len(parts) != 8 or parts[1:4] != ["1", "12", "1"] or not all(p.isascii() and p.isdigit() for p in parts[4:]):
        return None
    numbers = [int(p) for p in parts[4:] if len(p) <= 10]
    if len(numbers) != 4 or max(numbers) > 0xFFFFFFFF:
        return None
    return str(uuid.UUID(bytes_le=struct.pack("<4I", *numbers)))


def upn_text(value: object) -> str | None:
    """Lower-case user name; a guest's (``bob_fabrikam.com#EXT#@contoso…``) is the one that he has at home."""
    text = text_of(value)
    if text is None or "@" not in text.strip("@"):
        return None
    text = text.casefold()
    at = text.find(_GUEST) if "#" in text else -1
    if at > 0:
        # A host name has no underscore, so the last one stands for the @.
        name, _, domain = text[:at].rpartition("_")
        if name and domain and "@" not in text[:at]:
            return f"{name}@{domain}"
    return text


@lru_cache(maxsize=10_000)
def address_of(text: str) -> Address | None:
    """Return the address that a text spells, v4-mapped v6 unwrapped."""
    if ":" not in text and ("." not in text or not text.rstrip("]")[-1:].isdigit()):
        return None
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def _plain_v4(text: str) -> int | None:
    """Return the number of an address of four plain octets; what is none may still be another spelling of one."""
    octets = text.split(".")
    if len(octets) != 4:
        return None
    try:
        first, second, third, fourth = map(_OCTETS.__getitem__, octets)
    except KeyError:
        return None
    return (first << 24) + (second << 16) + (third << 8) + fourth


def ip_text(value: object) -> str | None:
    """One spelling of an address: v6 compressed, v4-mapped v6 unwrapped, fillers dropped, malformed text kept."""
    text = text_of(value)
    if text is None:
        return None
    number = _plain_v4(text)
    if number is not None:
        return text if number else None  # which has one spelling
    address = address_of(text)
    if address is None:
        return text.casefold()
    return None if address.is_unspecified else str(address)


def is_ip(text: str) -> bool:
    """Whether a text is a well-formed address."""
    last = text[-1:]
    if not (last.isdigit() or last == "]" or ":" in text):
        return False  # as nearly all names of hosts
    return _plain_v4(text) is not None or address_of(text) is not None


def ip_placed(value: object) -> tuple[str, bool] | None:
    """Return one spelling of an address, and whether it is private (`is_private_ip`)."""
    if type(value) is str:
        octets = value.split(".")
        private = _ONLY.get(octets[0])
        if private is not None and len(octets) == 4 and _ALL_OCTETS.issuperset(octets):
            return value, private
    text = ip_text(value)
    return None if text is None else (text, is_private_ip(text))


def is_private_ip(text: str) -> bool:
    """Whether an address is private, shared, loopback or link-local: the same text on many networks.

    The value of an identifier may say its tenant in front (``<tenant>/10.0.0.7``).
    """
    if "/" in text:
        text = text.rpartition("/")[2]
    number = _plain_v4(text)
    if number is not None:
        return _is_private(number, 4)
    address = address_of(text)
    return address is not None and _is_private(int(address), address.version)


def _is_private(number: int, version: int) -> bool:
    if version == 4 and number >> 24 not in _PRIVATE_OCTETS:
        return False
    return any(first <= number <= last for first, last in _PRIVATE[version])


def host_text(value: object) -> str | None:
    """Lower-case host name, full or short, without a dot at its end; nothing for addresses and ``localhost``."""
    text = text_of(value)
    return None if text is None else _host(text)


@lru_cache(maxsize=1_000)  # one device says each of its names in several places
def _host(text: str) -> str | None:
    text = text.rstrip(".").casefold()
    return None if not text or text in _NO_HOST or is_ip(text) else text


@lru_cache(maxsize=10_000)
def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None


def url_text(value: object) -> str | None:
    """URL with scheme and host in lower case and without a port that goes without saying; the rest as it is."""
    text = text_of(value)
    if text is None or _PLAIN_URL.fullmatch(text):
        return text
    parts = _split(text)
    if parts is None:
        return text
    scheme, place = parts.scheme.lower(), parts.netloc
    user, at, host = place.rpartition("@")
    host = host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))
    return urlunsplit(parts._replace(scheme=scheme, netloc=f"{user}{at}{host}")) or text


def url_host(value: object) -> str | None:
    """Return the host of a URL in lower case, without brackets or port; None where it names none."""
    text = text_of(value)
    if text is None:
        return None
    plain = _PLAIN_URL.fullmatch(text)
    if plain:
        return plain[1].rstrip(".") or None
    parts = _split(text if "//" in text else f"//{text}")
    return None if parts is None else (parts.hostname or "").rstrip(".") or None


def moment_text(text: str) -> str:
    """One spelling of a time that is part of an id: no zone mark, no zeros at the end of the fraction."""
    text = text.casefold()
    if "." not in text and text[-1:] == "z":
        return text[:-1]
    text = text[:-1] if text.endswith("z") else text.removesuffix("+00:00")
    if text[-1:] not in "0.":
        return text
    whole, dot, fraction = text.rpartition(".")
    return (f"{whole}.{fraction.rstrip('0')}" if dot and fraction.isdecimal() else text).rstrip(".")

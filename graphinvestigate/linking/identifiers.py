"""Identifiers: which types there are, which are strong, and how a value becomes one.

An identifier is a pair (type, value) in one spelling, so that two records that mean the same thing say the same:
``("object_id", "87d0c2cc-…")``, ``("upn", "alice@contoso.com")``. Values that say nothing (empty text, ``-``,
all-zero ids, ``0.0.0.0``, SIDs that every Windows machine knows) become no identifier at all: they join nothing.
"""

from __future__ import annotations

import ipaddress
import re
import struct
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

Identifier: TypeAlias = tuple[str, str]

# Per kind, strongest first: a node's key is its strongest identifier.
RANKED: dict[str, tuple[str, ...]] = {
    "user": ("object_id", "sid", "ad_object_guid", "upn", "account"),
    "host": ("mde_device_id", "device_id", "fqdn", "short_name"),
    "file": ("sha256", "sha1", "md5", "file_path"),
    "ip": ("ip",),
    "mail_message": ("network_message_id", "internet_message_id"),
    "app": ("app_id", "object_id"),
    "service_principal": ("object_id", "name"),
    "mailbox": ("address",),
    "process": ("process",),
    "url": ("url",),
    "domain": ("domain",),
    "cloud_resource": ("resource_id", "google_resource"),
    "security_group": ("group_object_id", "sid", "ad_object_guid", "distinguished_name"),
    "iot_device": ("iot_device_id", "mac_address", "serial_number"),
    "saas_app": ("saas_instance", "saas_app_id"),
    "blob": ("url", "blob"),
    "blob_container": ("url", "container"),
    "mail_cluster": ("urn", "cluster"),
    "teams_message": ("teams_message_id", "message_id"),
    "github_user": ("github_user_id", "github_login"),
    "github_repo": ("github_repo_id", "github_repo"),
    "github_organization": ("github_org_id", "github_login"),
}
# Their keys are the bare value; all other kinds say the type (`urn=…`).
BARE_KEYS = frozenset(
    {"user", "host", "file", "ip", "mail_message", "app", "service_principal", "mailbox", "process", "url", "domain"}
    | {"cloud_resource"}
)
# Two of these, of one type and different, are never one entity.
STRONG = frozenset(
    {"object_id", "sid", "ad_object_guid", "mde_device_id", "device_id", "sha256", "sha1", "md5", "app_id"}
)
# Says who it is only where nothing better does: a path holds one file today and another tomorrow.
ONLY_ALONE = frozenset({"file_path"})

_NOTHING = frozenset({"", "-", "--", "null", "none", "n/a", "na", "unknown", "undefined", "(null)", "nil"})
_NO_HOST = frozenset({"localhost", "localhost.localdomain"})
# Authorities and groups that exist on every machine; S-1-5-21 (a domain) and S-1-12-1 (Entra) name somebody.
_WELL_KNOWN_SID = re.compile(r"S-1-(?:[0-4]|1[0156])-|S-1-5-(?!21-)\d+(?:-|$)", re.IGNORECASE)
_NO_ACCOUNT = frozenset(
    {"system", "local service", "network service", "localsystem", "localservice", "networkservice", "anonymous logon"}
)
_NO_DOMAIN = frozenset(
    {"nt authority", "nt-autorität", "autorite nt", "autorité nt", "window manager", "font driver host"}
)
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)


def rank(kind: str, identifier_type: str) -> int:
    """Place of an identifier type among those of its kind, strongest 0; types without a place come last."""
    ranked = RANKED.get(kind, ())
    return ranked.index(identifier_type) if identifier_type in ranked else len(ranked)


def text_of(value: object) -> str | None:
    """Return the text of a JSON scalar without blanks at its ends; None where it says nothing."""
    if isinstance(value, str):
        value = value.strip()
        return None if value.casefold() in _NOTHING else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


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


def ip_text(value: object) -> str | None:
    """One spelling of an address: v6 compressed, v4-mapped v6 unwrapped, fillers dropped, malformed text kept."""
    text = text_of(value)
    if text is None:
        return None
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return text.casefold()
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return None if address.is_unspecified else str(address)


def is_private_ip(text: str) -> bool:
    """Whether an address is private, shared, loopback or link-local: the same text on many networks."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address.version == net.version and address in net for net in _PRIVATE)


def _sid(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    if text is None:
        return None
    text = text.upper()
    object_id = object_id_of_sid(text)
    if object_id is not None:
        return ("object_id", object_id) if object_id.strip("0-") else None
    return None if _WELL_KNOWN_SID.match(text) else ("sid", text)


def _upn(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    return ("upn", text.casefold()) if text is not None and "@" in text.strip("@") else None


def _account(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    name = text_of(values[0])
    domain = text_of(values[1]) if len(values) > 1 else None
    if name is None:
        return None
    if domain is None and "\\" in name:
        domain, _, name = name.partition("\\")
    # A bare account name is as common as a first name; built-in accounts live on every machine.
    if not domain or name.casefold() in _NO_ACCOUNT or domain.casefold() in _NO_DOMAIN:
        return None
    return "account", _scoped(tenant, f"{domain}\\{name}".casefold())


def _host_name(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    if text is None:
        return None
    text = text.rstrip(".").casefold()
    if not text or text in _NO_HOST or _is_ip(text):
        return None
    return ("fqdn", text) if "." in text else ("short_name", _scoped(tenant, text))


def _hash(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text, algorithm = text_of(values[0]), text_of(values[1])
    if text is None or algorithm is None:
        return None
    return algorithm.casefold(), text.casefold()


def _address(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    return None if text is None else ("address", text.strip("<>").casefold())


def _url(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    if text is None:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return "url", text
    return "url", urlunsplit(parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower())) or text


def _ip(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = ip_text(values[0])
    return None if text is None else ("ip", text)


def _process(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    """Number, device and start together; numbers alone are used again within hours."""
    number, device, start = (text_of(v) for v in values)
    if number is None or device is None or start is None:
        return None
    begun = re.sub(r"(\.\d*?)0+$", r"\1", re.sub(r"(?:z|\+00:00)$", "", start.casefold())).rstrip(".")
    return "process", f"{device.casefold()}|{number}|{begun}"


def _whole(identifier_type: str) -> Callable[[Sequence[Any], str | None], Identifier | None]:
    """Return a reader for identifiers made of several values, all of which must be there."""

    def read(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
        texts = [text_of(v) for v in values]
        if any(t is None for t in texts):
            return None
        return identifier_type, "|".join(str(t) for t in texts).casefold()

    return read


def _lower(identifier_type: str) -> Callable[[Sequence[Any], str | None], Identifier | None]:
    def read(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
        text = guid(values[0])
        return None if text is None else (identifier_type, text)

    return read


def _exact(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    return None if text is None else ("", text)


def _scoped(tenant: str | None, text: str) -> str:
    return f"{tenant.casefold()}/{text}" if tenant else text


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_READERS: dict[str, Callable[[Sequence[Any], str | None], Identifier | None]] = {
    "sid": _sid,
    "upn": _upn,
    "account": _account,
    "host_name": _host_name,
    "hash": _hash,
    "address": _address,
    "url": _url,
    "ip": _ip,
    "process": _process,
    "file_path": _whole("file_path"),
} | {
    name: _lower(name)
    for name in (
        *("object_id", "ad_object_guid", "mde_device_id", "device_id", "app_id", "sha256", "sha1", "md5"),
        *("network_message_id", "resource_id", "domain", "mac_address"),
    )
}


def identifier(declared: str, values: Sequence[Any], *, tenant: str | None = None) -> Identifier | None:
    r"""Make an identifier from the value(s) found for it.

    Parameters
    ----------
    declared : str
        The type that the table declares: an identifier type, or ``host_name`` (an FQDN or a short name, by what
        is found) or ``hash`` (value and algorithm). A type without a rule of its own keeps its text as it is.
    values : sequence
        The JSON values, in the order that the table declares.
    tenant : str, optional
        Scopes what means something else in another tenant: short host names and ``domain\account``.

    Returns
    -------
    tuple of (type, value) or None
        None where the values say nothing, or name something that every tenant or machine has.
    """
    reader = _READERS.get(declared)
    if reader is not None:
        return reader(values, tenant)
    if len(values) > 1:
        return _whole(declared)(values, tenant)
    found = _exact(values, tenant)
    return None if found is None else (declared, found[1])

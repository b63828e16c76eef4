r"""Identifiers: one spelling each, and which are stronger than which.

An identifier is a pair of type and value, e.g. ``("object_id", "87d0c2cc-…")``, ``("upn", "alice@contoso.com")``.
Values that say nothing (see `spelling`) and SIDs or accounts that every Windows machine knows become no identifier at
all: they join nothing. What means something else in another tenant (short host names, ``domain\account``, private
addresses) has its tenant in front: ``<tenant>/laptop-7``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from graphinvestigate.linking.spelling import (
    guid as guid,
    host_text as host_text,
    ip_placed,
    ip_text as ip_text,
    is_ip,
    is_private_ip as is_private_ip,
    moment_text,
    object_id_of_sid as object_id_of_sid,
    text_of as text_of,
    upn_text as upn_text,
    url_host,
    url_text as url_text,
)

Identifier: TypeAlias = tuple[str, str]

# Per kind, strongest first: a node's key is its strongest identifier.
RANKED: dict[str, tuple[str, ...]] = {
    "user": ("object_id", "sid", "ad_object_guid", "upn", "local_account", "account", "source_account"),
    "host": ("mde_device_id", "device_id", "device_object_id", "fqdn", "local_fqdn", "nt_name", "short_name"),
    "file": ("sha256", "sha1", "md5", "file_path"),
    "ip": ("ip", "private_ip"),
    "mail_message": ("network_message_id", "internet_message_id"),
    "app": ("app_id", "object_id", "source_app"),
    "service_principal": ("object_id",),
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
_RANKS = {kind: {id_type: place for place, id_type in enumerate(types)} for kind, types in RANKED.items()}
_UNRANKED: dict[str, int] = {}
# Their keys are the bare value; all other kinds say the type (`urn=…`).
BARE_KEYS = frozenset(
    {"user", "host", "file", "ip", "mail_message", "app", "service_principal", "mailbox", "process", "url", "domain"}
    | {"cloud_resource"}
)
# Two of these, of one type and different, are never one entity.
STRONG = frozenset(
    {"object_id", "sid", "ad_object_guid", "mde_device_id", "device_id", "device_object_id"}
    | {"sha256", "sha1", "md5", "app_id", "role_id", "policy_id", "directory_object_id"}
    | {"network_message_id", "resource_id", "group_object_id", "iot_device_id", "serial_number", "saas_instance"}
    | {"urn", "teams_message_id", "github_user_id", "github_repo_id", "github_org_id"}
)
# An entity may have several (a renamed user), yet what is weaker never joins two entities that each have one.
NAMES = frozenset({"upn", "local_account", "fqdn", "local_fqdn", "nt_name"})
# Leads from the bare name to the one entity that carries it, and never joins two entities.
LEADS_ONLY = frozenset({"short_name", "internet_message_id", "message_id", "saas_app_id", "mac_address"})
# Says who it is only where nothing better does: a path holds one file today and another tomorrow.
ONLY_ALONE = frozenset({"file_path"})
# Their values begin with the tenant, where it is known: `<tenant>/<value>`.
SCOPED = frozenset({"account", "nt_name", "short_name", "local_fqdn", "private_ip", "source_account", "source_app"})

_FOLDED = SCOPED | {"fqdn", "local_account", "process", "file_path"}
# Authorities and groups that exist on every machine; S-1-5-21 (a domain) and S-1-12-1 (Entra) name somebody.
_WELL_KNOWN_SID = re.compile(r"S-1-(?:[0-4]|1[0156])-|S-1-5-(?!21-)\d+(?:-|$)", re.IGNORECASE)
_ENTRA_SID = "S-1-12-1-"
# Top-level names that nobody owns: many companies' internal domains end in them.
_PRIVATE_ZONES = frozenset({"local", "lan", "internal", "intranet", "intra", "corp", "home", "private", "localdomain"})
_OTHER_SYSTEM = re.compile(r"[a-z][a-z0-9]*:")
_NO_ACCOUNT = frozenset(
    {"system", "local service", "network service", "localsystem", "localservice", "networkservice", "anonymous logon"}
)
_NO_DOMAIN = frozenset(
    {"nt authority", "nt-autorität", "autorite nt", "autorité nt", "window manager", "font driver host"}
    | {"nt service", "iis apppool", "nt virtual machine", "builtin"}
)
# No domain at all, or a name made of the display name (`AzureAD\AliceSmith`): says who it is on one machine only.
_LOCAL_DOMAIN = frozenset({"azuread", "workgroup", "localhost", ".", "microsoftaccount"})

Reader: TypeAlias = Callable[[Sequence[Any], str | None], Identifier | None]


def rank(kind: str, identifier_type: str) -> int:
    """Place of an identifier type among those of its kind, strongest 0; types without a place come last."""
    ranked = _RANKS.get(kind)
    return 0 if ranked is None else ranked.get(identifier_type, len(ranked))


def scoped(tenant: str | None, text: str) -> str:
    """Put the tenant in front of a value that means something else in another tenant."""
    return f"{tenant.casefold()}/{text}" if tenant else text


def has_tenant(value: str) -> bool:
    """Whether the value of a scoped identifier begins with a tenant."""
    tenant, slash, _ = value.partition("/")
    return bool(slash) and ":" not in tenant and "\\" not in tenant


def _sid(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    if text is None:
        return None
    text = text.upper()
    if text.startswith(_ENTRA_SID) and (object_id := object_id_of_sid(text)) is not None:
        return ("object_id", object_id) if object_id.strip("0-") else None
    return None if _WELL_KNOWN_SID.match(text) else ("sid", text)


def _upn(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = upn_text(values[0])
    return None if text is None else ("upn", text)


def _account_parts(values: Sequence[Any]) -> tuple[str, str] | None:
    """Return domain and account, in lower case; None for built-in accounts and bare names."""
    name = text_of(values[0])
    domain = text_of(values[1]) if len(values) > 1 else None
    if name is None:
        return None
    if domain is None and "\\" in name:
        domain, _, name = name.partition("\\")
    # A bare account name is as common as a first name; built-in accounts live on every machine.
    if not domain or not name or name.casefold() in _NO_ACCOUNT or domain.casefold() in _NO_DOMAIN:
        return None
    return domain.casefold(), name.casefold()


def is_built_in(name: str) -> bool:
    """Whether a name is an account that every machine has."""
    domain, _, account = name.casefold().rpartition("\\")
    return account in _NO_ACCOUNT or domain in _NO_DOMAIN


def _account(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    parts = _account_parts(values)
    if parts is None or parts[0] in _LOCAL_DOMAIN:
        return None
    return "account", scoped(tenant, "\\".join(parts))


def _local_account(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    r"""``.\admin``, ``LAPTOP-7\admin`` on LAPTOP-7, ``AzureAD\AliceSmith``: together with the device it is on.

    Account, domain, device id, and any names of the device.
    """
    device = guid(values[2])
    parts = None if device is None else _account_parts(values[:2])
    if parts is None or not _is_local(parts[0], values[3:]):
        return None
    return "local_account", f"{device}/{parts[1]}"


def _is_local(domain: str, host_names: Sequence[Any]) -> bool:
    if domain in _LOCAL_DOMAIN:
        return True
    for said in host_names:
        if type(said) is str and domain not in said.casefold():
            continue
        name = host_text(said)
        if name is not None and domain == name.partition(".")[0]:
            return True
    return False


def is_local_account(values: Sequence[Any]) -> bool:
    """Whether account, domain, device id and names of the device (in this order) may spell a local account.

    If not, device id and names decide nothing, and the same account on another device means the same.
    """
    domain = values[1]
    if type(domain) is str and "\\" not in str(values[0]):
        return _is_local(domain.strip().casefold(), values[3:])
    return values[0] is not None


def _host_name(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    """Name, and the DNS domain where it is given beside it."""
    text = host_text(values[0])
    if text is None:
        return None
    domain = host_text(values[1]) if len(values) > 1 and "." not in text else None
    if domain is not None and "." in domain:
        text = f"{text}.{domain}"
    if "." not in text:
        return "short_name", scoped(tenant, text)
    # `pc1.corp.local` is another machine in another company.
    return ("local_fqdn", scoped(tenant, text)) if text.rpartition(".")[2] in _PRIVATE_ZONES else ("fqdn", text)


def _nt_name(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    name, domain = host_text(values[0]), text_of(values[1]) if len(values) > 1 else None
    if name is not None and domain is None and "\\" in name:
        domain, _, name = name.partition("\\")
    if not name or "." in name or not domain or domain.casefold() in _NO_DOMAIN | _LOCAL_DOMAIN:
        return None
    return None if domain.casefold() == name else ("nt_name", scoped(tenant, f"{domain.casefold()}\\{name}"))


def _hash(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text, algorithm = text_of(values[0]), text_of(values[1])
    if text is None or algorithm is None:
        return None
    return algorithm.casefold(), text.casefold()


def _address(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    text = None if text is None else text.strip("<>").casefold().removeprefix("smtp:")
    # A proxy address may be of another system: `sip:…`, `x500:/o=…`.
    return None if not text or _OTHER_SYSTEM.match(text) else ("address", text)


def _url(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = url_text(values[0])
    return None if text is None else ("url", text)


def _url_domain(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    host = url_host(values[0])
    return None if host is None or "." not in host or is_ip(host) else ("domain", host)


def _url_ip(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    host = url_host(values[0])
    return None if host is None or not is_ip(host) else _ip([host], tenant)


def _ip(values: Sequence[Any], tenant: str | None) -> Identifier | None:
    found = ip_placed(values[0])
    if found is None:
        return None
    return ("private_ip", scoped(tenant, found[0])) if found[1] else ("ip", found[0])


def _domain(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    text = text_of(values[0])
    text = None if text is None else text.strip(".").casefold()
    return ("domain", text) if text else None


def _process(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
    """Number, device and start together; numbers alone are used again within hours."""
    if len(values) != 3:
        return None
    number, device, start = map(text_of, values)
    if number is None or device is None or start is None:
        return None
    return "process", f"{device.casefold()}|{number}|{moment_text(start)}"


def _whole(identifier_type: str) -> Reader:
    """Return a reader for identifiers made of several values, all of which must be there."""

    def read(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
        texts = list(map(text_of, values))
        if None in texts:
            return None
        return identifier_type, "|".join(texts).casefold()  # type: ignore[arg-type]

    return read


def _lower(identifier_type: str) -> Reader:
    def read(values: Sequence[Any], _tenant: str | None) -> Identifier | None:
        text = guid(values[0])
        return None if text is None else (identifier_type, text)

    return read


_READERS: dict[str, Reader] = {
    "sid": _sid,
    "upn": _upn,
    "account": _account,
    "local_account": _local_account,
    "host_name": _host_name,
    "nt_name": _nt_name,
    "hash": _hash,
    "address": _address,
    "url": _url,
    "url_domain": _url_domain,
    "url_ip": _url_ip,
    "ip": _ip,
    "domain": _domain,
    "process": _process,
    "file_path": _whole("file_path"),
} | {
    name: _lower(name)
    for name in (
        *("object_id", "ad_object_guid", "mde_device_id", "device_id", "app_id", "sha256", "sha1", "md5"),
        *("network_message_id", "resource_id", "mac_address", "device_object_id", "group_object_id"),
        *("role_id", "policy_id", "directory_object_id"),
    )
}


def identifier(declared: str, values: Sequence[Any], *, tenant: str | None = None) -> Identifier | None:
    r"""Make an identifier from the value(s) found for it.

    Parameters
    ----------
    declared : str
        The type that the table declares: an identifier type, or ``host_name`` (an FQDN or a short name, by what
        is found), ``hash`` (value and algorithm), ``url_domain`` or ``url_ip`` (the host of a URL). A type without a
        rule keeps its text as it is.
    values : sequence
        The JSON values, in the order that the table declares.
    tenant : str, optional
        Scopes what means something else in another tenant: short host names, ``domain\account``, private addresses.

    Returns
    -------
    tuple of (type, value) or None
        None where the values say nothing, or name something that every tenant or machine has.
    """
    return reader_of(declared)(values, tenant)


@lru_cache(maxsize=1024)
def reader_of(declared: str) -> Reader:
    """Return what makes identifiers of a declared type; see `identifier`."""
    reader = _READERS.get(declared)
    if reader is not None:
        return reader
    return _without_rule(declared)


def _without_rule(declared: str) -> Reader:
    whole = _whole(declared)

    def read(values: Sequence[Any], tenant: str | None) -> Identifier | None:
        if len(values) > 1:
            return whole(values, tenant)
        text = text_of(values[0])
        return None if text is None else (declared, text)

    return read


def ranks_of(kind: str) -> Mapping[str, int]:
    """Return the places of a kind's identifier types, strongest 0; what is not among them comes last."""
    return _RANKS.get(kind, _UNRANKED)


def short_name_of(full: str, tenant: str | None) -> Identifier:
    """Return the short name that a full host name begins with."""
    return "short_name", scoped(tenant, full.rpartition("/")[2].partition(".")[0])


def parse_identifier(text: str) -> Identifier | None:
    """Read ``type=value`` as people and cases write it; None where it is no such text or its value says nothing."""
    name, equals, value = text.partition("=")
    if not equals or not name or name != name.strip():
        return None
    if name in ("sid", "upn", "address", "url", "ip", "domain") or (name in STRONG and name in _READERS):
        return identifier(name, [value])
    said = text_of(value)
    if said is None:
        return None
    return name, said.casefold() if name in _FOLDED else said

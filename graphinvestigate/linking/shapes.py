r"""What a text in a log names, told by its shape: logs of others say neither object id nor UPN, but "user".

Each function makes an identifier of the value of one column. A name that says who it is only to whoever wrote the log
(``alice`` without a domain, an app by its name) becomes an identifier of that log: ``<tenant>/<kind>:alice``. It is an
entity of its own that joins nothing, and can be joined by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from graphinvestigate.linking import identifiers
from graphinvestigate.linking.identifiers import Identifier, Reader, identifier, is_built_in, scoped
from graphinvestigate.linking.spelling import is_ip, text_of

Shape: TypeAlias = Callable[[Any, str, str | None], Identifier | None]

_GUID = re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_SID = re.compile(r"S-1-\d+(?:-\d+)+", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_PORT = re.compile(r"(?P<v4>\d+\.\d+\.\d+\.\d+):\d+|\[(?P<v6>[^\]]+)\](?::\d+)?")
_HASHES = {64: "sha256", 40: "sha1", 32: "md5"}


def user_in(value: Any, source: str, tenant: str | None) -> Identifier | None:
    r"""Return who is named: an object id, a SID, a UPN, ``domain\account``, or a name of this log."""
    text = text_of(value)
    if text is None or is_built_in(text):
        return None
    if _GUID.fullmatch(text):
        return identifier("object_id", [text])
    if _SID.fullmatch(text):
        return identifier("sid", [text])
    found = identifier("account", [text], tenant=tenant) if "\\" in text else identifier("upn", [text])
    return found or ("source_account", scoped(tenant, f"{source}:{text.casefold()}"))


def host_in(value: Any, _source: str, tenant: str | None) -> Identifier | None:
    r"""Return which host: a Defender or Entra device id, a full name, ``domain\host``, or a short name."""
    text = text_of(value)
    if text is None:
        return None
    if len(text) == 40 and _HEX.fullmatch(text):
        return identifier("mde_device_id", [text])
    if _GUID.fullmatch(text):
        return identifier("device_id", [text])
    return identifier("nt_name" if "\\" in text else "host_name", [text], tenant=tenant)


def ip_in(value: Any, _source: str, tenant: str | None) -> Identifier | None:
    """Return which address; a port behind it is left out, and what is no address is none."""
    text = text_of(value)
    if text is None:
        return None
    port = _PORT.fullmatch(text)
    if port is not None:
        text = port["v4"] or port["v6"]
    return identifier("ip", [text], tenant=tenant) if is_ip(text) else None


def file_in(value: Any, _source: str, _tenant: str | None) -> Identifier | None:
    """Return which file, by its hash; a name alone is no file."""
    text = text_of(value)
    if text is None or not _HEX.fullmatch(text) or len(text) not in _HASHES:
        return None
    return identifier(_HASHES[len(text)], [text])


def app_in(value: Any, source: str, tenant: str | None) -> Identifier | None:
    """Return which application: by its id, or a name of this log."""
    text = text_of(value)
    if text is None:
        return None
    if _GUID.fullmatch(text):
        return identifier("app_id", [text])
    return "source_app", scoped(tenant, f"{source}:{text.casefold()}")


def message_in(value: Any, _source: str, _tenant: str | None) -> Identifier | None:
    """Return which mail message: by its network message id, or the id that its sender's server gave it."""
    text = text_of(value)
    if text is None:
        return None
    return identifier("network_message_id" if _GUID.fullmatch(text) else "internet_message_id", [text])


def _as(declared: str) -> Shape:
    def read(value: Any, _source: str, tenant: str | None) -> Identifier | None:
        return identifier(declared, [value], tenant=tenant)

    return read


SHAPES: dict[str, Shape] = {
    "user": user_in,
    "host": host_in,
    "ip": ip_in,
    "file": file_in,
    "app": app_in,
    "url": _as("url"),
    "url_domain": _as("url_domain"),
    "url_ip": _as("url_ip"),
    "domain": _as("domain"),
    "mailbox": _as("address"),
    "mail_message": message_in,
}
"""By the kind of entity that a column names."""


@lru_cache(maxsize=1024)
def reader_of(declared: str) -> Reader:
    """Return what makes identifiers of a declared type: as `identifiers.reader_of`, or ``<shape>:<log>``."""
    shape, colon, source = declared.partition(":")
    if not colon:
        return identifiers.reader_of(declared)
    make = SHAPES[shape]

    def read(values: Sequence[Any], tenant: str | None) -> Identifier | None:
        return make(values[0], source, tenant)

    return read

"""Addresses: where a path leads, and whether a next link stays at Graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx

from graphinvestigate import text
from graphinvestigate.client.retired import refuse_retired
from graphinvestigate.errors import BadResponseError, UsageError

VERSIONS = ("v1.0", "beta")
_AUTHORITY = re.compile(r"(?i)(https?)://([^/?#]*)([^#]*)")
_SENDABLE = re.compile(r"[/?][\x21-\x7e]*")
_PATH = re.compile(r"(/[A-Za-z0-9$()'=,:;@!*+&._~%-]+)+/?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask.

    Attributes
    ----------
    url : httpx.URL
        What is connected to.
    target : bytes or None
        What to send as the request's target where it must differ from how httpx would write it.
    name : str
        What to call it in messages: without its query, which names users.
    """

    url: httpx.URL
    target: bytes | None
    name: str

    @property
    def extensions(self) -> dict[str, bytes]:
        """The request extensions that make httpx send the target as it is."""
        return {"target": self.target} if self.target is not None else {}


def address_of(base: httpx.URL, path: str, *, params: Mapping[str, str | int | bool] | None, version: str) -> Address:
    """Write a path and its query as an address at Graph.

    Parameters
    ----------
    base : httpx.URL
        Graph's root.
    path : str
        Such as ``/security/alerts_v2``; ids in it went through :func:`path_segment`.
    params : mapping or None
        The query; values are percent-encoded here.
    version : str
        ``"v1.0"`` or ``"beta"``.

    Returns
    -------
    Address

    Raises
    ------
    UsageError
        The path, the version or a value can't be asked for.
    EndpointRetiredError
        Graph no longer offers it.
    """
    if version not in VERSIONS:
        raise UsageError(f"Graph has no version {text.log(str(version))!r}. Choose one of: {', '.join(VERSIONS)}.")
    if not isinstance(path, str) or not _PATH.fullmatch(path) or {"..", "."} & set(path.split("/")):
        raise UsageError(
            f"{text.log(str(path))!r} is no path of Graph. Write it like /security/alerts_v2, "
            "without a query, and pass ids through path_segment()."
        )
    refuse_retired(path)
    pairs = [(key, _value(key, value)) for key, value in (params or {}).items() if value is not None]
    query = urlencode(pairs, quote_via=quote, safe="$")
    return Address(httpx.URL(f"{base}".rstrip("/") + f"/{version}{path}" + (f"?{query}" if query else "")), None, path)


def next_address(base: httpx.URL, link: str) -> Address:
    """Check a next link and keep it byte for byte.

    It is opaque: nothing is taken out of it or put into it. It carries a token to where it leads, so it must
    lead to Graph: same scheme, host and port, as the library that sends it understands them.

    Parameters
    ----------
    base : httpx.URL
        Graph's root.
    link : str
        ``@odata.nextLink`` as received.

    Returns
    -------
    Address

    Raises
    ------
    BadResponseError
        It leads elsewhere, or nowhere.
    """
    parts = _AUTHORITY.match(link)
    try:
        url = httpx.URL(link)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _refused(link) from error
    same = (url.scheme, url.raw_host, url.port) == (base.scheme, base.raw_host, base.port)
    if not same or parts is None or not parts[2].isascii() or "@" in parts[2]:
        raise _refused(link)
    literal = parts[3]
    target = None
    if literal.encode("utf-8", "replace") != url.raw_path and _SENDABLE.fullmatch(literal):
        target = ("/" * literal.startswith("?") + literal).encode("ascii")
    return Address(url, target, url.path)


def loop_key(address: Address) -> tuple[str, tuple[str, ...]]:
    """Two links with one key are one page, also when the parts of their query changed places."""
    return address.url.path, tuple(sorted(address.url.query.decode("ascii").split("&")))


def _value(key: str, value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError(f"The value of {key} holds half a character (a lone surrogate).") from error
        return value
    if isinstance(value, int):
        return str(value)
    raise UsageError(f"The value of {key} must be a text or a whole number, not {type(value).__name__}.")


def _refused(link: str) -> BadResponseError:
    parts = _AUTHORITY.match(link)
    where = text.log(parts[2]) if parts else "no whole address"
    return BadResponseError(
        f"The answer's next link leads away from Graph ({where}). It was not followed and no token went there. "
        "Find out what stands between this machine and Graph before you trust its answers."
    )

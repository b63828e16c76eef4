"""What a pasted text names: ids of alerts and incidents, users, hosts, addresses, hashes and links, defanged or not."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import networkx as nx
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import identifier
from graphinvestigate.linking.nodes import Entity, Record
from graphinvestigate.wanted import takes

PASTED_COLUMNS = (*("kind", "identifier_type", "identifier", "certainty", "text", "start", "end", "key", "label"),)
MOST = 2_000_000  # characters

_DOT = r"(?:\.|\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\))"
_AT = r"(?:@|\[@\]|\(@\)|\[at\]|\(at\))"
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = rf"{_LABEL}(?:{_DOT}{_LABEL}){{1,12}}"
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_BEFORE, _AFTER = r"(?<![\w.@-])", r"(?![\w@-])"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_PATTERNS = {
    # What stands first wins where two begin at one place; the longest of one pattern is taken.
    "url": r"(?:h[tx]{2}ps?|ftps?)(?:\[:\]|:)(?://|\[//\])[^\s<>\"'`|]{1,2000}",
    "mail": rf"(?<![\w.+'-])[a-z0-9_][a-z0-9._%+'#~-]{{0,120}}{_AT}{_NAME}{_AFTER}",
    "alert": (
        rf"{_BEFORE}(?:[a-z]{{2}}{_GUID}|[a-z]{{2}}\d{{17,20}}_-?\d{{1,12}}|ad[0-9a-f]{{64}}|ca[0-9a-f]{{24}}){_AFTER}"
    ),
    "guid": rf"(?<![\w-]){_GUID}(?![\w-])",
    "sid": r"(?<![\w-])S-1-(?:5|12)-\d{1,3}(?:-\d{1,10}){0,14}(?![\w-])",
    "incident": (
        r"(?<!\w)(?:incident(?:s|[ _-]?ids?)?[ \t]{0,3}(?:[:#=/-][ \t]{0,3})?(?:number |no\.? |nr\.? )?#?|inc[-#]?)"
        r"(?P<id>\d{1,12})(?![\w-])"
    ),
    "hash": r"(?<![\w-])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![\w-])",
    "v4": rf"(?<![\w.]){_OCTET}(?:{_DOT}{_OCTET}){{3}}(?![\w]|\.\d)",
    "v6": r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4})?(?![\w:])",
    "account": r"(?<![\w\\/.:-])[A-Z][A-Z0-9-]{1,14}\\[\w$-](?:[\w.$-]{0,62}[\w$-])?(?![\w\\])",
    "name": rf"(?<![\w.@/\\-]){_NAME}(?![\w@\\-])",
    "short": r"(?<![\w./\\@-])[a-z][a-z0-9]{0,10}(?:-[a-z0-9]{1,12}){1,3}(?![\w@-]|\.\w)",
}
_TEXT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()), re.IGNORECASE)
_PORTAL = re.compile(
    r"security\.microsoft\.com/(?P<what>alerts?|incidents?|incident2)/(?P<id>[\w-]{1,90})", re.IGNORECASE
)
# Endings of files, not of hosts; a country or a company owns some of them too, so those are not listed (.sh, .zip …).
_FILES = frozenset(
    [
        "exe",
        "dll",
        "sys",
        "ps1",
        "psm1",
        "bat",
        "cmd",
        "vbs",
        "js",
        "jse",
        "wsf",
        "hta",
        "lnk",
        "msi",
        "iso",
        "img",
        "docx",
        "doc",
        "docm",
        "xlsx",
        "xls",
        "xlsm",
        "pptx",
        "ppt",
        "pdf",
        "rtf",
        "txt",
        "log",
        "csv",
        "json",
        "xml",
        "html",
        "htm",
        "yaml",
        "yml",
        "cfg",
        "ini",
        "conf",
        "dat",
        "bin",
        "dmp",
        "tmp",
        "bak",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "eml",
        "msg",
        "rar",
        "gz",
        "tar",
        "ipynb",
        "md",
    ]
)
_HASHES = {64: "sha256", 40: "sha1", 32: "md5"}


class _Found(NamedTuple):
    kind: str
    identifier_type: str
    identifier: str
    certainty: str
    start: int
    end: int


@takes
def find_mentions(text: str, *, g: nx.MultiDiGraph | None = None) -> pd.DataFrame:
    r"""Find what a pasted e-mail, chat or ticket names.

    Parameters
    ----------
    text : str
        Anything, up to two million characters. Defanged spellings (``hxxps://evil[.]example``, ``a[at]b[.]example``)
        are read too.
    g : networkx.MultiDiGraph, optional
        An entity graph: what it knows is looked up, and a reading that it knows is sure.

    Returns
    -------
    DataFrame
        One row per reading of a place in the text, in the order of the text: ``kind`` (user, host, ip, file, url,
        domain, alert, incident …), ``identifier_type`` and ``identifier`` in one spelling, ``certainty`` (sure, or
        possible where the same text could be something else: 40 hexadecimal digits are a SHA-1 or a Defender device,
        a name with dots a host or a domain), ``text`` as written, ``start`` and ``end`` in the text; with `g` also
        ``key`` and ``label`` of the node that it is there. `find_entity(g, identifier)` takes it from there.

    Raises
    ------
    UsageError
        It is no text, or too long.

    Examples
    --------
    >>> import graphinvestigate as gi
    >>> found = gi.find_mentions("alice@contoso.com got it from hxxp://evil[.]example/x (203.0.113[.]9)")
    >>> list(found["kind"])
    ['user', 'url', 'domain', 'ip']
    """
    if not isinstance(text, str):
        raise UsageError(f"find_mentions takes text, not {type(text).__name__}")
    if len(text) > MOST:
        raise UsageError(f"{len(text):,} characters are more than {MOST:,}: paste a part of it")
    nodes = {} if g is None else _nodes(g)
    rows = []
    for place in _places(text):
        known = [(found, nodes.get((found.kind, f"{found.identifier_type}={found.identifier}"))) for found in place]
        sure = [(found, node) for found, node in known if node is not None]
        for found, node in sure or known:
            certainty = "sure" if node is not None else found.certainty
            label = None if node is None or g is None else g.nodes[node].get("label")
            rows.append(
                (
                    *(found.kind, found.identifier_type, found.identifier, certainty),
                    *(text[found.start : found.end], found.start, found.end),
                    *(None if node is None else node[1], label),
                )
            )
    table = pd.DataFrame(rows, columns=list(PASTED_COLUMNS))
    for column in PASTED_COLUMNS:
        table[column] = table[column].astype("Int64" if column in ("start", "end") else "str")
    return table


def refang(text: str) -> str:
    """Write a defanged address or link as it was."""
    for pattern, plain in (
        (r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)", "."),
        (r"\[@\]|\(@\)|\[at\]|\(at\)", "@"),
        (r"\[:\]", ":"),
        (r"\[//\]", "//"),
    ):
        text = re.sub(pattern, plain, text, flags=re.IGNORECASE)
    return re.sub(r"^h[tx]{2}p", "http", text, flags=re.IGNORECASE)


def _places(text: str) -> Iterator[list[_Found]]:
    """The places of a text that name something, each with its readings."""
    at = 0
    while (match := _TEXT.search(text, at)) is not None:
        name = str(match.lastgroup if match.lastgroup != "id" else "incident")
        start, end = match.span()
        if name == "url":
            end = start + len(match.group().rstrip(".,;:!?)]}>'\""))
            if _unclosed(text[start:end]) and text[end : end + 1] in (")", "]"):
                end += 1
        at = max(end, start + 1)
        yield from _readings(name, text, start, end, match)


def _readings(name: str, text: str, start: int, end: int, match: re.Match[str]) -> Iterator[list[_Found]]:
    plain = refang(text[start:end])

    def one(kind: str, declared: str, value: Any, certainty: str = "sure") -> list[_Found]:
        found = identifier(declared, value if isinstance(value, list) else [value])
        return [] if found is None else [_Found(kind, found[0], found[1], certainty, start, end)]

    def record(kind: str, value: str) -> list[_Found]:
        return [_Found(kind, "id", value, "sure", start, end)]

    if name == "url":
        portal = _PORTAL.search(plain)
        if portal is not None:
            yield record("alert" if portal["what"].lower().startswith("alert") else "incident", portal["id"])
            return
        yield one("url", "url", plain)
        yield one("ip", "url_ip", plain) or one("domain", "url_domain", plain)
    elif name == "mail":
        yield one("user", "upn", plain.rstrip("'"))
    elif name == "alert":
        yield record("alert", plain)
    elif name == "incident":
        yield record("incident", match["id"])
    elif name == "guid":
        yield [
            *one("user", "object_id", plain, "possible"),
            *one("host", "device_id", plain, "possible"),
            *one("app", "app_id", plain, "possible"),
            *one("service_principal", "object_id", plain, "possible"),
            *one("mail_message", "network_message_id", plain, "possible"),
            *[_Found("sign_in", "id", plain.casefold(), "possible", start, end)],
        ]
    elif name == "sid":
        yield one("user", "sid", plain)
    elif name == "hash":
        kind = _HASHES[len(plain)]
        as_file = one("file", kind, plain, "possible" if kind == "sha1" else "sure")
        yield as_file + (one("host", "mde_device_id", plain, "possible") if kind == "sha1" else [])
    elif name in ("v4", "v6"):
        yield one("ip", "ip", plain) if _is_address(plain) else []
    elif name == "account":
        yield one("user", "account", list(reversed(plain.split("\\", 1))))
    elif name == "short":
        if any(c.isdigit() for c in plain) and any(c.isalpha() for c in plain) and len(plain) <= 15:
            yield one("host", "host_name", plain, "possible")
    elif _is_host(plain):
        yield [*one("host", "host_name", plain, "possible"), *one("domain", "domain", plain, "possible")]


def _is_host(name: str) -> bool:
    last = name.rpartition(".")[2].casefold()
    return last.isalpha() and len(last) > 1 and last not in _FILES


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 4 or text.count(":") > 2 or ("::" in text and len(text) > 2)


def _unclosed(text: str) -> bool:
    return any(text.count(opened) > text.count(closed) for opened, closed in ("()", "[]"))


def _nodes(g: nx.MultiDiGraph) -> dict[tuple[str, str], Entity | Record]:
    """Nodes of a graph by kind and identifier, scoped ones also without their scope."""
    found: dict[tuple[str, str], Entity | Record] = {}
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Record):
            found[node.kind, f"id={node.id}"] = node
            continue
        for text in attrs["identifiers"]:
            found.setdefault((node.kind, text), node)
            name, _, value = text.partition("=")
            if "/" in value and name in ("account", "short_name", "private_ip", "nt_name"):
                found.setdefault((node.kind, f"{name}={value.partition('/')[2]}"), node)
    return found

"""What a reader, or a program, sees through: the same text without escapes, encodings and invisible characters.

Every decoder takes only the pieces that it has something to do with, and each is applied on what the others gave, up to
three times round, so that a URL within JSON within Base64 is read, too.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np

_ROUNDS = 3
_APART = "\x1e"  # no letter, and in no text that people write
_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([nrtbf/\"]))")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_DEFANGED = re.compile(r"(?i)\[(?:\.|dot|@|at|:|://|/)\]|\((?:\.|dot|@|at)\)|\{(?:\.|dot)\}|\bhxxp|\bfxp")
_PLAIN = {"dot": ".", "at": "@", "hxxp": "http", "fxp": "ftp"}
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_HEX = b"0123456789abcdefABCDEF-"
_TEXT = re.compile(rb"(?:[\t\n\r\x20-\x7e]|[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}){6,}")
_WIDE = re.compile(rb"(?:[^\x00][\x00-\x05]){4,}")
_VALUES = np.full(256, 64, np.uint8)
_VALUES[np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", np.uint8)] = np.arange(64)
_VALUES[np.frombuffer(b"-_", np.uint8)] = (62, 63)
# Letters that look like nothing and are no format characters to Unicode.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0")


class View(NamedTuple):
    """A text as somebody reads it.

    Attributes
    ----------
    form : str
        What was undone: ``as it is``, ``url-encoded``, ``json-escaped``, ``html-escaped``, ``defanged``,
        ``with invisible characters``, ``base64`` or ``utf-16``.
    text : str
        Its pieces, with capitals as they were.
    """

    form: str
    text: str


def without_invisible(text: str) -> str:
    """Give a text without what nobody sees, and its wide and ornate letters as plain ones."""
    if text.isascii():
        return text
    kept = "".join(one for one in text if unicodedata.category(one) != "Cf" and one not in _BLANK)
    return unicodedata.normalize("NFKC", re.sub("[\ufe00-\ufe0f\U000e0100-\U000e01ef]", "", kept))


def single(text: str) -> str:
    """Give a text in which no backslash follows another: however often it was escaped."""
    while "\\\\" in text:
        text = text.replace("\\\\", "\\")
    return text


def _from_json(text: str) -> str:
    if "\\" not in text:
        return text
    found = _ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else _ESCAPED.get(one[2], one[2]), text)
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") if found != text else text


def _from_url(text: str) -> str:
    return unquote(text, errors="replace") if _PERCENT.search(text) else text


def _from_html(text: str) -> str:
    return html.unescape(text) if _ENTITY.search(text) else text


def _from_defanged(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        inner = found[0].strip("[](){}").lower()
        return _PLAIN.get(inner, inner)

    return _DEFANGED.sub(plain, text)


_DECODERS = (
    ("json-escaped", _from_json),
    ("url-encoded", _from_url),
    ("html-escaped", _from_html),
    ("defanged", _from_defanged),
    ("with invisible characters", without_invisible),
)
_SIGNS = ("\\", "%", "&", "[", "(", "{", "xxp", "XXP", "fxp", "FXP")


def _may_say_more(piece: str) -> bool:
    """Whether a decoder could change a piece: told fast, as few of very many can be."""
    return not piece.isascii() or any(map(piece.__contains__, _SIGNS))


def views(pieces: Iterable[str], *, every: bool = False) -> list[View]:
    """Every way to read some pieces of text, the plain one first.

    Parameters
    ----------
    pieces : iterable of str
        What stands apart: no value goes over the end of one.
    every : bool
        Whether what stands there twice in Base64 is read twice, as who counts needs it.
    """
    pieces = list(pieces)
    found = [View("as it is", _joined(pieces))]
    read = _decoded(pieces)
    found += [View(form, _joined(texts)) for form, texts in read.items()]
    written = [_joined(pieces), *map(_joined, read.values())]
    encoded = [one for text in written for one in _base64(text, every=every)]
    if encoded:
        inner = _decoded(encoded)
        texts = [*encoded, *(one for several in inner.values() for one in several)]
        found.append(View("base64", _joined([*texts, *_base64(_joined(texts), every=every)])))
    wide = [text for piece in pieces if "\0" in piece for text in _wide(piece)]
    if wide:
        found.append(View("utf-16", _joined(wide)))
    return found


def decoded(text: str) -> list[str]:
    """What a text says where its escapes and encodings are undone, step by step; nothing where it has none."""
    return [one for texts in _decoded([text]).values() for one in texts]


def _joined(pieces: Iterable[str]) -> str:
    return _APART.join(pieces)


def _decoded(pieces: list[str]) -> dict[str, list[str]]:
    """The pieces that a decoder changes, as it leaves them, by the decoder that was first to see more in them."""
    found: dict[str, list[str]] = {}
    for piece in pieces:
        if not _may_say_more(piece):
            continue
        first, text = "", piece
        for _ in range(_ROUNDS):
            before = text
            for form, decode in _DECODERS:
                read = decode(text)
                if read != text:
                    first, text = first or form, read
                    found.setdefault(first, []).append(text)
            if text == before:
                break
    return found


def _base64(text: str, *, every: bool) -> Iterator[str]:
    """The readable texts that stand in Base64, wherever in it they begin; each run is read once, or every time."""
    written: list[bytes] = _RUN.findall(text.encode("utf-8", "replace"))
    runs = [one for one in (written if every else dict.fromkeys(written)) if one.strip(_HEX)]
    if not runs:
        return
    # What is missing at the end of a run is filled up, so that its last bytes are read, too.
    values = _VALUES[np.frombuffer(b"".join(run + b"AAA\xff" for run in runs), np.uint8)]
    for shift in range(4):
        groups = values[shift : shift + (len(values) - shift) // 4 * 4].reshape(-1, 4)
        whole = groups.max(axis=1, initial=0) < 64
        a, b, c, d = (groups[:, at] for at in range(4))
        content = np.stack([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d], axis=1)
        content[~whole] = 0xFF
        plain = content.tobytes()
        for found in _TEXT.finditer(plain):
            yield found[0].decode("utf-8", "replace")
        for found in _WIDE.finditer(plain):
            yield found[0].decode("utf-16-le", "replace")


def _wide(piece: str) -> Iterator[str]:
    content = piece.encode("utf-8", "surrogateescape")
    for start in (0, 1):
        yield content[start:].decode("utf-16-le", "replace")

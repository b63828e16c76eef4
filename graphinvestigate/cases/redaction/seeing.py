"""Texts as they are read: no invisible characters, plain letters for ornate ones, escapes undone; and the way back."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable

from graphinvestigate.cases.leak_views import without_invisible

_HIDING = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});|\\+u[0-9a-fA-F]{4}|[^\x00-\x7f]")
_ENDING = re.compile(r"=*\Z")
_TO_PLAIN = str.maketrans("-_", "+/")


def read(text: str) -> tuple[str, list[int]] | None:
    """Give a text as it is read, where that is another.

    Parameters
    ----------
    text : str

    Returns
    -------
    tuple of str and list of int, or None
        What is read, and of each of its characters the place in `text`, with the end of `text` last; None where a
        text is read as it stands.
    """
    if text.isascii() and "&" not in text and "\\u" not in text:
        return None
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for found in _HIDING.finditer(text):
        said = _said(found[0])
        if said == found[0]:
            continue
        pieces += [text[at : found.start()], said]
        places += [*range(at, found.start()), *([found.start()] * len(said))]
        at = found.end()
    if not at:
        return None
    pieces.append(text[at:])
    places += range(at, len(text) + 1)
    return "".join(pieces), places


def _said(piece: str) -> str:
    if piece[0] == "&":
        return html.unescape(piece)
    if piece[0] == "\\":
        made = chr(int(piece[-4:], 16))
        return piece if "\ud800" <= made <= "\udfff" else without_invisible(made)
    return without_invisible(piece)


def in_base64(piece: str, replace: Callable[[str], str]) -> str | None:
    """Replace within Base64, wherever in it a readable text begins.

    Parameters
    ----------
    piece : str
        Letters of Base64, in either alphabet, with or without what fills it up.
    replace : callable
        Takes what is readable and gives what stands for it.

    Returns
    -------
    str or None
        Base64 again, as it was filled up; None where it is none, or nothing in it was replaced.
    """
    bare = _ENDING.sub("", piece)
    web = "-" in bare or "_" in bare
    for shift in range(min(4, len(bare) - 7)):
        coded = bare[shift:].translate(_TO_PLAIN)
        try:
            content = base64.b64decode(coded + "=" * (-len(coded) % 4))
        except (ValueError, binascii.Error):
            continue
        for encoding in ("utf-16-le", "utf-8"):
            try:
                decoded = content.decode(encoding)
            except UnicodeDecodeError:
                continue
            if not decoded.isascii() or not re.fullmatch(r"[\x20-\x7e\s]+", decoded):
                continue
            made = replace(decoded)
            if made != decoded:
                again = base64.b64encode(made.encode(encoding)).decode("ascii")
                again = again if len(piece) > len(bare) or not len(bare) % 4 else again.rstrip("=")
                return bare[:shift] + (again.replace("+", "-").replace("/", "_") if web else again)
    return None

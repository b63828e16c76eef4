"""What must not be readable in a file, and is: searched for in every spelling, in one pass over the bytes."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import numpy as np

SHORTEST = 4
_WINDOWS = (8, 6, 5, 4)
_WORD = re.compile(r"[^\W\d_]{1,24}|\d{1,9}")
_PSEUDONYM = re.compile(
    rb"(?:user|host|domain|person|file|folder|subject)-[a-z2-9]{9}(?![a-z0-9])|\.t[a-z2-9]{5}\.example(?![a-z0-9])"
)


class Leak(NamedTuple):
    """An original value that can still be read.

    Attributes
    ----------
    original : str
        The value.
    form : str
        How it is written: ``as it is``, ``url-encoded``, ``json-escaped``, ``html-escaped``, ``base64``, ``utf-16``.
    times : int
        How often.
    part : int
        Which of the things that were searched.
    """

    original: str
    form: str
    times: int
    part: int


class _Needle(NamedTuple):
    original: str
    form: str
    pattern: bytes
    bounded: bool


def find_leaks(parts: Sequence[bytes], originals: Iterable[str]) -> list[Leak]:
    """Search for values in every spelling that a reader, or a program, would see through.

    Parameters
    ----------
    parts : sequence of bytes
        What is to be shared.
    originals : iterable of str
        What must not be in it. Values shorter than four characters say nothing and are not searched; a plain word of up
        to 24 letters, or a number of up to nine digits, is one only where it stands alone.

    Returns
    -------
    list of Leak
        In the order of the originals; empty when all is well. Letters are compared without case, Base64 exactly, at all
        three places where a value can begin in it.
    """
    originals = list(dict.fromkeys(originals))
    folded: list[_Needle] = []
    wide: list[_Needle] = []
    exact: list[_Needle] = []
    for original in originals:
        if len(original.strip()) < SHORTEST:
            continue
        bounded = bool(_WORD.fullmatch(original))
        folded += [_Needle(original, form, spelt, bounded) for form, spelt in _spellings(original)]
        wide.append(_Needle(original, "utf-16", original.lower().encode("utf-16-le", "replace"), False))
        if len(original) >= 6:
            exact += [_Needle(original, "base64", spelt, False) for spelt in _base64(original)]
    found: dict[tuple[str, str, int], int] = {}
    for at, part in enumerate(parts):
        lowered = _PSEUDONYM.sub(lambda one: b"#" * len(one[0]), part.decode("utf-8", "replace").lower().encode())
        for needle, times in [*_search(lowered, folded), *_search(part.lower(), wide), *_search(part, exact)]:
            key = (needle.original, needle.form, at)
            found[key] = found.get(key, 0) + times
    order = {original: at for at, original in enumerate(originals)}
    leaks = [Leak(original, form, times, at) for (original, form, at), times in found.items()]
    return sorted(leaks, key=lambda leak: (order[leak.original], leak.part, leak.form))


def _spellings(original: str) -> list[tuple[str, bytes]]:
    written = [("as it is", original)]
    written += [("url-encoded", spelt) for spelt in (quote(original, safe=""), quote(original), quote_plus(original))]
    written.append(("json-escaped", json.dumps(original)[1:-1]))
    written.append(("html-escaped", html.escape(original)))
    seen: dict[bytes, str] = {}
    for form, spelt in written:
        seen.setdefault(spelt.lower().encode("utf-8", "replace"), form)
    return [(form, spelt) for spelt, form in seen.items()]


def _base64(original: str) -> list[bytes]:
    """The part of a value's Base64 that does not depend on what stands around it, at each of three places."""
    found = []
    for encoding in ("utf-8", "utf-16-le"):
        content = original.encode(encoding, "replace")
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + content)
            start = -(-shift * 8 // 6)
            whole = (shift + len(content)) * 8 // 6
            piece = coded[start:whole]
            if len(piece) >= 8:
                found += [piece, piece.translate(bytes.maketrans(b"+/", b"-_"))]
    return list(dict.fromkeys(found))


def _search(text: bytes, needles: list[_Needle]) -> list[tuple[_Needle, int]]:
    """Find all needles: their first bytes, as numbers, are looked up at every place at once."""
    places = np.frombuffer(text, np.uint8).astype(np.uint64)
    by_window: dict[int, dict[int, list[_Needle]]] = {}
    for needle in needles:
        window = next((size for size in _WINDOWS if size <= len(needle.pattern)), None)
        if window is not None:
            starts = by_window.setdefault(window, {})
            starts.setdefault(int.from_bytes(needle.pattern[:window], "big"), []).append(needle)
    counts: dict[int, list[object]] = {}
    for window, starts in by_window.items():
        if len(places) < window:
            continue
        rolled = np.zeros(len(places) - window + 1, np.uint64)
        for at in range(window):
            rolled = rolled << np.uint64(8) | places[at : len(places) - window + 1 + at]
        wanted = np.fromiter(starts, np.uint64, len(starts))
        for at in np.flatnonzero(np.isin(rolled, wanted)).tolist():
            for needle in starts[int(rolled[at])]:
                if text.startswith(needle.pattern, at) and not (needle.bounded and _within_a_word(text, at, needle)):
                    entry = counts.setdefault(id(needle), [needle, 0])
                    entry[1] = int(entry[1]) + 1  # type: ignore[call-overload]
    return [(entry[0], int(entry[1])) for entry in counts.values()]  # type: ignore[misc, call-overload]


def _within_a_word(text: bytes, at: int, needle: _Needle) -> bool:
    before = text[at - 1 : at].isalnum() or text[at - 1 : at] >= b"\x80"
    end = at + len(needle.pattern)
    after = text[end : end + 1].isalnum() or text[end : end + 1] >= b"\x80"
    return before or after

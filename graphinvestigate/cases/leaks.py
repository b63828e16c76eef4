"""What must not be readable in a file, and is: searched for in every way that a reader, or a program, would read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from graphinvestigate.cases.leak_search import BLOCK, SHORTEST, Needle, Needles, within_a_word
from graphinvestigate.cases.leak_views import View, decoded, single, views

_SHORTEST_ENCODED = 6  # of a value within Base64, where chance spells shorter ones
_READ = 4 * BLOCK
_PSEUDONYM = re.compile(
    rb"(?:user|host|domain|person|file|folder|subject)-[a-z2-9]{9}(?![a-z0-9])|\.t[a-z2-9]{5}\.example(?![a-z0-9])"
)
_LONGEST_PSEUDONYM = 20
_FRACTION = re.compile(rb"\d\d:\d\d:\d\d\.\Z")  # what follows is a part of a second, and nobody's id
# What stands between two texts of JSON is no text: a number there is a process's or a size, and nobody's id.
_BETWEEN = re.compile(
    r"\s*[:,\]}](?:[\s:,\[\]{}]|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true(?!\w)|false(?!\w)|null(?!\w))*"
)


IN_A_NAME = "in the name of a file"
IN_A_FIELD = "in a field that holds names"


class Leak(NamedTuple):
    """An original value that can still be read.

    Attributes
    ----------
    original : str
        The value.
    form : str
        How it is written: ``as it is``, ``url-encoded``, ``json-escaped``, ``html-escaped``, ``defanged``,
        ``with invisible characters``, ``base64`` or ``utf-16``; or ``in the name of a file``, where dashes stand for
        signs; or ``in a field that holds names``, of what is too short or too common to be searched for in texts.
    times : int
        How often.
    part : int
        Which of the things that were searched.
    """

    original: str
    form: str
    times: int
    part: int


def find_leaks(parts: Sequence[bytes | Iterable[bytes]], originals: Iterable[str]) -> list[Leak]:
    """Search for values in every spelling that a reader, or a program, would see through.

    Parameters
    ----------
    parts : sequence of bytes, or of iterables of bytes
        What is to be shared; a part may come piece by piece, such as file by file.
    originals : iterable of str
        What must not be in it. Values shorter than four bytes say nothing and are not searched; plain words of up to 24
        letters, or a number of up to nine digits, are one only where they stand alone, and not as a number of JSON,
        a part of a second, or a port or process between the bars of an identifier (``…|443|…``).

    Returns
    -------
    list of Leak
        In the order of the originals; empty when all is well.

    Notes
    -----
    Letters are compared without case, backslashes however often they are doubled. Read are also: JSON's escapes, URL
    encoding (of any letters, ``+`` for a blank), HTML's entities, defanged addresses, full-width and ornate letters,
    zero-width and other invisible characters between letters, Base64 in both alphabets, wherever in it a value of six
    characters or more begins, and UTF-16; each within the others, up to three times (Base64 twice). Not read are
    compressed and encrypted contents, pictures, letters that only look alike, and values that visible signs cut in
    pieces.
    """
    originals = list(dict.fromkeys(originals))
    quoted: dict[str, re.Pattern[str]] = {}
    needles = Needles((one, _spellings(one, quoted)) for one in originals)
    found: dict[tuple[str, str, int], int] = {}
    for at, part in enumerate(parts):
        for content in [part] if isinstance(part, bytes) else part:
            for text in _blocks(content, needles.longest):
                for original, form, times in _in_block(text, needles, quoted):
                    found[original, form, at] = found.get((original, form, at), 0) + times
    order = {original: at for at, original in enumerate(originals)}
    leaks = [Leak(original, form, times, at) for (original, form, at), times in found.items()]
    return sorted(leaks, key=lambda leak: (order[leak.original], leak.part, leak.form))


def _spellings(original: str, quoted: dict[str, re.Pattern[str]]) -> Iterator[bytes]:
    if len(original.strip().encode("utf-8", "surrogatepass")) < SHORTEST:
        return
    plain = single(original)
    if '"' in plain:  # texts are read between their quotes: its longest part is found first, then all of it
        quoted[original] = re.compile(re.escape(plain.lower()).replace('"', r'(?:\\*"|&quot;|&#34;|%22|\\u0022)'))
        plain = max(plain.split('"'), key=len).strip("\\")
    written = {plain, plain.replace(" ", "+")}
    written |= {one for text in written for one in decoded(text)}
    yield from {text.lower().encode("utf-8", "replace") for text in written}


def _blocks(content: bytes, longest: int) -> Iterator[str]:
    """The text of a file in blocks that end at the end of a line or at a quote, or else overlap."""
    start = 0
    while start < len(content):
        end = start + _READ + longest
        again = end
        if end < len(content):
            cut = max(content.rfind(b"\n", start + longest, end), content.rfind(b'"', start + longest, end))
            end, again = (cut + 1, cut + 1) if cut >= 0 else (end, end - longest)
        yield content[start:end].decode("utf-8", "surrogateescape")
        start = again


def _in_block(block: str, needles: Needles, quoted: dict[str, re.Pattern[str]]) -> Iterator[tuple[str, str, int]]:
    text = single(block)
    pieces = Counter(text.split('"'))
    for piece in [one for one in pieces if _BETWEEN.fullmatch(one)]:
        del pieces[piece]
    hits: set[tuple[str, bytes]] = set()
    for view in views(pieces):
        for needle, folded in _seen(view, needles):
            whole = quoted.get(needle.original)
            if whole is None or whole.search(text.lower()) or whole.search(folded.decode("utf-8", "replace")):
                hits.add((needle.original, needle.pattern))
    if not hits:
        return
    spelt: dict[str, list[bytes]] = {}
    for original, pattern in sorted(hits):
        spelt.setdefault(original, []).append(pattern)
    search = Needles(spelt.items())  # of all values the few that are here
    counted: dict[tuple[str, str], int] = {}
    for piece, times in pieces.items():
        read: set[str] = set()  # what is read in several ways counts in the first
        for view in views([piece], every=True):
            folded = _folded(view)
            for original in sorted({one.original for one, _ in search.within(folded)} - read):
                here = sum(_times(folded, Needle.of(original, one)) for one in spelt[original])
                if here and _counts(view, original):
                    read.add(original)
                    counted[original, view.form] = counted.get((original, view.form), 0) + here * times
    for (original, form), times in counted.items():
        yield original, form, times


def _seen(view: View, needles: Needles) -> Iterator[tuple[Needle, bytes]]:
    """The needles that a view holds, some `BLOCK` bytes of it at a time."""
    folded = _folded(view)
    step = max(BLOCK, needles.longest)
    for start in range(0, len(folded), step):
        text = folded[start : start + step + needles.longest]  # none is cut in two
        for needle, at in needles.within(text):
            if _counts(view, needle.original) and _times(text, needle, at, enough=1):
                yield needle, text


def _folded(view: View) -> bytes:
    return view.text.lower().encode("utf-8", "surrogateescape")


def _counts(view: View, original: str) -> bool:
    return view.form != "base64" or len(original) >= _SHORTEST_ENCODED


def _times(text: bytes, needle: Needle, start: int = 0, *, enough: int = 0) -> int:
    """How often a needle is in a folded text, where it is not a part of a pseudonym of ours."""
    times = 0
    at = text.find(needle.pattern, start)
    while at >= 0:
        end = at + len(needle.pattern)
        said = needle.alone and (within_a_word(text, at, end) or _is_a_number(text, at, end))
        if not said and not _in_pseudonym(text, at, end):
            times += 1
            if times == enough:
                break
        at = text.find(needle.pattern, at + 1)
    return times


def _is_a_number(text: bytes, begin: int, end: int) -> bool:
    """Whether a word is a part of a second, or a port or process within an identifier of ours (``…|443|…|tcp``)."""
    if not text[begin:end].isdigit():
        return False
    between = text[begin - 1 : begin] == text[end : end + 1] == b"|"
    return between or _FRACTION.search(text, max(begin - 9, 0), begin) is not None


def _in_pseudonym(text: bytes, begin: int, end: int) -> bool:
    start = max(begin - _LONGEST_PSEUDONYM, 0)
    around = text[start : end + _LONGEST_PSEUDONYM]
    return any(start + one.start() <= begin and end <= start + one.end() for one in _PSEUDONYM.finditer(around))

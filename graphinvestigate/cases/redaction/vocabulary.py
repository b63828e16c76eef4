"""What is known to name somebody here, learnt from the fields that say so, and found again in any text."""

from __future__ import annotations

import bisect
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from graphinvestigate import text as escape
from graphinvestigate.cases.leak_views import without_invisible
from graphinvestigate.cases.redaction import kept
from graphinvestigate.cases.redaction.commonplace import (
    PLAIN_WORD,
    WORD,
    Commonplace,
    is_commonplace,
    is_everyday,
    stands_anywhere,
)
from graphinvestigate.cases.redaction.pseudonyms import Pseudonyms, fold, is_guid

_HOST = re.compile(r"(?i)[a-z][a-z0-9+.-]*://(?:[^/?#@\s]*@)?([^/?#:\s\[\]]+\.[^/?#:\s\[\]]+)")
_WRITTEN_OTHERWISE = re.compile(r"[^0-9a-z_-]")  # what any of the ways to write a value writes otherwise
_FRACTION = re.compile(r"\d\d:\d\d:\d\d\.\Z")  # what follows is a part of a second
_SHORTEST = 3
_NOTHING = re.compile(r"(?!)")
_ESCAPES = "nrtbf"
_JOINTS = re.compile(r"[._ -]+")
_MOST_PARTS = 5
# Where one value is two things, the one that stands first here is meant everywhere.
ORDER = ("account", "host", "domain", "person", "path", "filename", "subject", "url", "id", "ip", "name")


# Of these kinds a plain word says too little to be looked for elsewhere.
WORDS_ALONE = frozenset({"subject", "id", "filename", "person"})


class Known(NamedTuple):
    """A value that names somebody.

    Attributes
    ----------
    kind : str
        What it is.
    original, pseudonym : str
        As it was, and what stands for it.
    guess : bool
        Whether it is a word, or a sign, that may also mean something else.
    exact : bool
        Whether its capitals matter: names of people that are words as well.
    """

    kind: str
    original: str
    pseudonym: str
    guess: bool
    exact: bool = False


class _Index(NamedTuple):
    """What is known by its folded spellings, where each stands in what begins with a word, and in their order."""

    known: dict[str, Known]
    starts: dict[str, list[tuple[int, int]]]
    ordered: list[str]
    anywhere: re.Pattern[str]


class Vocabulary:
    """Values that name somebody, by their folded text.

    Parameters
    ----------
    names : Pseudonyms
        What stands for them.
    """

    def __init__(self, names: Pseudonyms) -> None:
        self.names = names
        self._kinds: dict[str, tuple[str, str, bool, bool]] = {}
        self._told: set[tuple[str, str, bool]] = set()
        self._made: _Index | None = None
        self.commonplace = Commonplace()

    def __len__(self) -> int:
        return len(self._kinds)

    def pseudonym(self, kind: str, value: str) -> str:
        """What stands for a value of a kind."""
        names = self.names
        makers: dict[str, Callable[[str], str]] = {
            "account": names.account,
            "person": names.person,
            "name": names.person,
            "host": names.host,
            "domain": names.domain,
            "ip": names.ip,
            "path": names.path,
            "filename": names.filename,
            "url": names.url,
            "subject": names.subject,
            "id": names.opaque,
        }
        return makers[kind](value)

    def add(self, kind: str, value: str, *, own: bool = False) -> None:
        """Learn a value.

        Parameters
        ----------
        kind : str
            What `fields.kind_of` said.
        value : str
            As it stands in its field.
        own : bool
            Whether it is of the tenant itself: then its domain's name is looked for as a word, too.
        """
        value = value.strip()
        if kind == "ip" or not value or (kind, value, own) in self._told:
            return  # found by its look, wherever it stands; or known
        self._told.add((kind, value, own))
        if kind == "url":  # so is this; the name of its host is not, where it stands alone
            found = _HOST.match(value)
            if found and not self.names.is_address(found[1]):
                self._enter("domain", found[1])
            return
        if kind in ("account", "host", "person") and is_guid(value):
            kind = "id"  # called by its id: one pseudonym, whichever field says it
        if kind in ("account", "host") and "/" in value:
            value = value.rpartition("/")[2]  # what an identifier has in front is its tenant
        if kind == "account" and "@" in value:
            local, _, domain = value.rpartition("@")
            self._enter("account", value)
            if own:
                if "#" not in local:
                    self._enter("account", local)
                self.add("domain", domain, own=True)
            return
        if kind == "account" and "\\" in value:
            domain, _, user = value.rpartition("\\")
            self._enter("account", value)
            self._enter("account", user)
            self._enter("domain", domain)
            return
        if kind == "host":
            first, dot, rest = value.partition(".")
            self._enter("host", first)
            if dot:
                self._enter("host", value)
                self.add("domain", rest, own=True)
            return
        if kind == "domain" and own:
            labels = [one for one in fold(value).split(".")[:-1] if len(one) > 4 and one not in kept.LABELS]
            if labels and self.names.domain(value) != value:
                self._enter("domain", labels[-1])
        if kind == "person" and " " in value:
            for part in value.split():
                if len(part) > 3 and part.isalpha():
                    self._enter("name", part, exact=True)
        self._enter(kind, value)

    def _enter(self, kind: str, value: str, *, exact: bool = False) -> None:
        folded = fold(value.strip())
        anywhere, plain = stands_anywhere(folded), bool(PLAIN_WORD.fullmatch(folded))
        if plain and kind == "person" and value.strip().istitle() and not is_commonplace(folded):
            kind, exact = "name", True  # one name alone
        if is_commonplace(folded) or (plain and not anywhere and kind in WORDS_ALONE):
            if kind != "name":
                self.commonplace.add(kind, value)  # like any other word: it is replaced in its own field only
            return
        guess = kind == "name" or plain or anywhere
        known = self._kinds.get(folded)
        if known is None or ORDER.index(kind) < ORDER.index(known[0]):
            self._kinds[folded] = (kind, value.strip(), guess, exact)
            self._made = None

    def _index(self) -> _Index:
        if self._made is None:
            known: dict[str, Known] = {}
            for folded, (kind, original, guess, exact) in self._kinds.items():
                pseudonym = self.pseudonym(kind, original)
                if fold(pseudonym) == folded:
                    continue
                known[folded] = Known(kind, original, pseudonym, guess, exact)
            for folded, one in list(known.items()):
                if not folded.isascii():  # as it is read, and with its accents apart
                    for read in (without_invisible(one.original), unicodedata.normalize("NFD", one.original)):
                        if not is_commonplace(read):
                            known.setdefault(fold(read), one)
                if one.kind in ("account", "person"):
                    for joined in _joined_otherwise(folded):
                        known.setdefault(joined, one)
                if not _WRITTEN_OTHERWISE.search(folded):
                    continue
                for telling, written in _SPELLINGS:
                    if not (telling.search(one.original) or telling.search(one.pseudonym)):
                        continue
                    spelt = fold(written(one.original))
                    if spelt != folded and spelt not in known:
                        known[spelt] = one._replace(pseudonym=written(one.pseudonym))
            # Per first word, where it stands in what begins with it and how long that is: the longest first.
            places: dict[str, set[tuple[int, int]]] = {}
            for folded in known:
                first = WORD.search(folded)
                if first and not stands_anywhere(folded):
                    places.setdefault(first[0], set()).add((-len(folded), first.start()))
            starts = {word: [(lead, -size) for size, lead in sorted(several)] for word, several in places.items()}
            several = sorted(filter(stands_anywhere, known), key=len, reverse=True)
            anywhere = re.compile("|".join(map(re.escape, several))) if several else _NOTHING
            self._made = _Index(known, starts, sorted(known), anywhere)
        return self._made

    def get(self, value: str) -> Known | None:
        """Find a value that is known as a whole."""
        return self._index().known.get(fold(value.strip()))

    def values(self) -> list[Known]:
        """Everything that is known, once, in no spelling but its own."""
        known = self._index().known
        return [known[folded] for folded in self._kinds if folded in known]

    def find(self, text: str) -> Iterator[tuple[int, int, Known]]:
        """Find the known values in a text: begin, end and what it is, the longest at each word."""
        known, starts, _, anywhere = self._index()
        folded = fold(text)
        if anywhere is not _NOTHING:
            yield from ((found.start(), found.end(), known[found[0]]) for found in anywhere.finditer(folded))
        for word in WORD.finditer(folded):
            at, first = word.start(), word[0]
            if at and folded[at - 1] == "\\" and first[0] in _ESCAPES and first not in starts:
                at, first = at + 1, first[1:]  # the sign before it is written as an escape
            for lead, size in starts.get(first, ()):
                begin = at - lead
                end = begin + size
                if begin < 0 or end > len(folded) or (one := known.get(folded[begin:end])) is None:
                    continue
                if end < len(folded) and folded[end].isalnum() and folded[end - 1].isalnum():
                    continue
                if one.exact and text[begin:end] != one.original:
                    continue
                if folded[begin:end].isdigit() and _FRACTION.search(folded, max(begin - 9, 0), begin):
                    continue
                yield begin, end, one
                break

    def cut(self, start: str) -> Known | None:
        """Find the value that a shortened text (``orla.ish…``) was the begin of."""
        known, _, ordered, _ = self._index()
        folded = fold(start)
        at = bisect.bisect_left(ordered, folded)
        if len(folded) > _SHORTEST and at < len(ordered) and ordered[at].startswith(folded):
            return known[ordered[at]]
        return None


def _joined_otherwise(folded: str) -> Iterator[str]:
    """Spell the name of somebody as sites, folders and machines are called: ``orla_ishikawa_contoso_test``."""
    local, at, domain = folded.partition("@")
    parts = _JOINTS.split(local)
    if at and len(local) >= _SHORTEST:
        yield "_".join([*parts, *_JOINTS.split(domain)])
    elif 1 < len(parts) <= _MOST_PARTS and min(map(len, parts)) >= _SHORTEST and not any(map(is_everyday, parts)):
        orders = (parts, parts[::-1]) if len(parts) == 2 else (parts,)
        yield from (sign.join(order) for order in orders for sign in ("_", "-", ".", "", " "))


def _json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _plotly(value: str) -> str:
    return html.escape(value, quote=False).replace("$", "&#36;")


# The ways in which a value is written where it is drawn or sent, found and written the same way; and what a text must
# hold to be written otherwise.
_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"[^ !#-\[\]-~]"), _json),
    (re.compile(r"[\x00-\x1f\"\\]"), lambda value: json.dumps(value, ensure_ascii=False)[1:-1]),
    (re.compile(r"[^0-9A-Za-z_.~-]"), lambda value: quote(value, safe="", errors="surrogatepass")),
    (re.compile(r"[^0-9A-Za-z_.~/-]"), lambda value: quote(value, errors="surrogatepass")),
    (re.compile(r"[&<>\"']"), html.escape),
    (re.compile(r"[&<>$]"), _plotly),
    (re.compile(r"[^0-9A-Za-z_-]"), escape.defang),
    (re.compile(r"[^ -~]"), escape.visible),
)

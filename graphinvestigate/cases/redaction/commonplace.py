"""Names that say too little to be looked for in a text: one letter, only signs, a word of Graph's or of a case's own.

Such a name is replaced where a field says that it is one. In a text it cannot be told from any other dash, letter or
word: it stays there, is counted, and whoever redacts is told.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator

from graphinvestigate.cases.redaction import kept
from graphinvestigate.cases.redaction.pseudonyms import fold
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.linking.identifiers import RANKED
from graphinvestigate.linking.nodes import RISK_LEVELS, SEVERITIES, VERDICTS
from graphinvestigate.linking.sentences import RELATIONS
from graphinvestigate.linking.tactics import TACTICS

WORD = re.compile(r"[^\W_]+")
PLAIN_WORD = re.compile(r"[^\W\d_]{1,24}")
# Scripts that put no blank between words: Thai to Myanmar, Khmer, Kana, Han, and Hangul, where particles follow.
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}")
_SHORTEST = 3
_SHORTEST_NUMBER = 5
_PICTURES = 0x1F000  # from here on a sign is a picture, and none that punctuates a text
_FEWEST_SIGNS = 2
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Files and fields of a case, and what steps and requests say of themselves.
_OURS = (
    "manifest records alerts graph notes note requests request actions action figures tables answers timeline report "
    "case cases redact refresh pivot pivots focus split merge finding findings checklist verdict text place places "
    "author node nodes edge edges source target relation references kind key label names facts observations "
    "annotations merges splits hubs tenants pull since until started finished frame index columns content format "
    "dossier incident hunting query field fields filters frames value values rows pages order raw read received asked "
    "waited written saved refused withdrawn kept lacking beside derived complete depth seconds bytes sections "
    "threshold add how what why replaces mapped context params stream timestamp setup tools platform letter utc json "
    "jsonl markdown dtype directed multigraph networkx numpy pandas plotly pyarrow msgspec graphinvestigate odata "
    # … and of the evidence that alerts name.
    "algorithm anti spam audit connection direction interfaces health onboarding owners processes publisher signer "
    "roles rbac server submitter upn urn voice "
    "file files folder path hash process command registry cluster submission logon antispam delivery attachment "
    "sender recipient urls exchange teams sharepoint onedrive outlook windows linux android chrome edge firefox "
    "ransomware trojan virus exploit backdoor credential lateral movement"
)


@functools.cache
def _everyday() -> frozenset[str]:
    """Words that stand in every case, where nobody is named."""

    def spelt() -> Iterator[str]:
        for resource in RESOURCES.values():
            for column in resource.columns:
                yield from (column.name, *(column.enum or ()))
        yield from (*RESOURCES, *RANKED, *RELATIONS, *TACTICS, *SEVERITIES, *RISK_LEVELS, *VERDICTS)
        yield from (*kept.ACCOUNTS, *kept.NETBIOS, *kept.HOSTS, *kept.LABELS, *kept.FOLDERS, *kept.DOMAINS, _OURS)
        yield from (name for name in kept.FILES if len(name) > _SHORTEST)

    words = {text for text in map(fold, spelt()) if WORD.fullmatch(text) and len(text) >= _SHORTEST}
    for text in spelt():
        parts = (*map(fold, _PARTS.findall(text)), *WORD.findall(fold(text)))
        words.update(part for part in parts if len(part) > _SHORTEST)  # `sam`, a part of a field, is a person, too
    return frozenset(words)


def is_everyday(name: str) -> bool:
    """Whether a name is a word that every case has: it names nobody where it stands in a text."""
    return fold(name.strip()) in _everyday()


def stands_anywhere(folded: str) -> bool:
    """Whether a name is found wherever its signs are, as no end of a word tells it: pictures, and unspaced scripts."""
    return not WORD.search(folded) or _UNSPACED.fullmatch(folded) is not None


def is_commonplace(value: str) -> bool:
    """Say whether a name cannot be told from other text.

    Parameters
    ----------
    value : str

    Returns
    -------
    bool
        True of fewer than three letters (two of Han and the like), a number of fewer than five digits, signs without
        any letter or digit (but not of a picture, as in emoji, or of several symbols), and words that every case has.
    """
    folded = fold(value.strip())
    if not WORD.search(folded):
        pictures = [one for one in folded if one > "\xff" and unicodedata.category(one) in ("So", "Co")]
        return len(pictures) < _FEWEST_SIGNS and not any(ord(one) >= _PICTURES for one in pictures)
    if _UNSPACED.fullmatch(folded):
        return False
    number = folded.isdigit() and len(folded) < _SHORTEST_NUMBER
    return len(folded) < _SHORTEST or number or folded in _everyday()


class Commonplace:
    """Names that stay in texts, and in how many they do.

    Attributes
    ----------
    named : dict
        The folded name → its kind and its first spelling.
    left : dict
        The folded name → in how many different texts it stands, where no field says what it is.
    """

    def __init__(self) -> None:
        self.named: dict[str, tuple[str, str]] = {}
        self.left: dict[str, int] = {}
        self._signs: re.Pattern[str] | None = None

    def add(self, kind: str, value: str) -> None:
        """Learn a name."""
        folded = fold(value.strip())
        if folded and folded not in self.named:
            self.named[folded] = (kind, value.strip())
            self._signs = None

    def count(self, pieces: Iterable[str]) -> None:
        """Count a text, in the pieces of it that nothing replaced.

        Words count that stand alone, and signs that go on neither before nor behind.
        """
        if not self.named:
            return
        if self._signs is None:
            signs = sorted((one for one in self.named if not WORD.fullmatch(one)), key=len, reverse=True)
            self._signs = re.compile("|".join(map(_apart, signs)) or r"(?!)")
        found: set[str] = set()
        for piece in map(fold, pieces):
            found |= self.named.keys() & set(WORD.findall(piece))
            found.update(self._signs.findall(piece))
        for one in found:
            self.left[one] = self.left.get(one, 0) + 1


def _apart(signs: str) -> str:
    before, after = (r"[^\W_]" if one.isalnum() else re.escape(one) for one in (signs[0], signs[-1]))
    return f"(?<!{before}){re.escape(signs)}(?!{after})"

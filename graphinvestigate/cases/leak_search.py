"""Very many values searched for in very many bytes at once: what cannot be there is dropped by its windows first.

A block of text marks the hashes of all its windows of eight bytes in a table. A value can only be in it if each of its
own windows is marked, which is looked up for all values at once; only what is left is searched for, one by one. Plain
words and short numbers, which count only where they stand alone, are looked up among the words of the block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

SHORTEST = 4
_WINDOW = 8
_BITS = 23  # of the table: 8 MB, an eighth of it marked by a full block
BLOCK = 1_000_000
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - _BITS)
_WORD = re.compile(r"[^\W\d_]{1,24}(?: [^\W\d_]{1,24})*|\d{1,9}")
# Scripts whose words no blank parts: a name stands alone wherever it stands.
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]{2,}")
_WORDS = re.compile(rb"[0-9a-z\x80-\xff]+")
_SIGNS = re.compile(rb"\xe2[\x80\x81][\x80-\xbf]|\xc2[\x80-\xbf]|\xe3\x80[\x80-\x9f]")  # quotes, dashes, blanks


class Needle(NamedTuple):
    """One spelling of a value.

    Attributes
    ----------
    original : str
        The value.
    pattern : bytes
        What is searched for, folded.
    alone : bool
        Whether it counts only where it stands alone: plain words or a short number.
    """

    original: str
    pattern: bytes
    alone: bool

    @staticmethod
    def of(original: str, pattern: bytes) -> Needle:
        """A spelling of a value; the value says whether it must stand alone."""
        return Needle(original, pattern, bool(_WORD.fullmatch(original)) and not _UNSPACED.fullmatch(original))


class Needles:
    """Values to search for, prepared once for any number of texts.

    Parameters
    ----------
    spelt : iterable of (str, iterable of bytes)
        Each value with its folded spellings. Those shorter than four bytes say nothing and are left out.

    Attributes
    ----------
    longest : int
        The number of bytes of the longest.
    """

    def __init__(self, spelt: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        self._words: dict[bytes, Needle] = {}
        self._few: list[Needle] = []  # too short for a window
        self._many: list[Needle] = []
        for original, patterns in spelt:
            for pattern in patterns:
                needle = Needle.of(original, pattern)
                if len(pattern) < SHORTEST:
                    continue
                if needle.alone and _WORDS.fullmatch(pattern):
                    self._words[pattern] = needle
                elif len(pattern) < _WINDOW:
                    self._few.append(needle)
                else:
                    self._many.append(needle)
        several = (*self._words.values(), *self._few, *self._many)
        self.longest = max((len(one.pattern) for one in several), default=0)
        self._marks = [_marks([one.pattern for one in self._many], at) for at in (0.0, 1.0, 0.5)]

    def within(self, text: bytes) -> Iterator[tuple[Needle, int]]:
        """Find which needles a text holds, and where each stands first.

        Parameters
        ----------
        text : bytes
            Folded; up to some `BLOCK` bytes at a time.

        Yields
        ------
        needle : Needle
        place : int
        """
        words = text if text.isascii() else _SIGNS.sub(b" ", text)
        for word in self._words.keys() & set(_WORDS.findall(words)):
            yield self._words[word], _alone(text, word)
        for needle in self._few:
            at = _alone(text, needle.pattern) if needle.alone else text.find(needle.pattern)
            if at >= 0:
                yield needle, at
        for number in self._possible(text):
            needle = self._many[number]
            at = _alone(text, needle.pattern) if needle.alone else text.find(needle.pattern)
            if at >= 0:
                yield needle, at

    def _possible(self, text: bytes) -> list[int]:
        """The numbers of needles of which every window looked at is in the text."""
        if not self._many or len(text) < _WINDOW:
            return []
        fewer = max(_BITS - (len(text) * 8).bit_length(), 0)
        table = np.zeros(1 << (_BITS - fewer), np.uint8)
        for shift in range(_WINDOW):
            windows = np.frombuffer(text, "<u8", (len(text) - shift) // _WINDOW, shift)
            table[_hashed(windows) >> fewer] = 1
        left = np.flatnonzero(table[self._marks[0] >> fewer])
        for marks in self._marks[1:]:
            left = left[table[marks[left] >> fewer] != 0]
        return [int(one) for one in left]


def _hashed(windows: np.ndarray) -> np.ndarray:
    return ((windows * _FACTOR) >> _SHIFT).astype(np.int32)


def _marks(patterns: list[bytes], where: float) -> np.ndarray:
    """The hash of one window of each pattern: where 0 is the first, 1 the last."""
    starts = (int((len(one) - _WINDOW) * where) for one in patterns)
    windows = b"".join(one[start : start + _WINDOW] for one, start in zip(patterns, starts, strict=True))
    return _hashed(np.frombuffer(windows, "<u8"))


def _alone(text: bytes, pattern: bytes) -> int:
    """Where a pattern stands with no letter and no digit beside it; -1 where it does not."""
    at = text.find(pattern)
    while at >= 0 and within_a_word(text, at, at + len(pattern)):
        at = text.find(pattern, at + 1)
    return at


def within_a_word(text: bytes, begin: int, end: int) -> bool:
    """Whether a letter or a digit stands right before or after a piece of a folded text."""
    before, after = text[max(begin - 4, 0) : begin], text[end : end + 4]
    return before.decode("utf-8", "ignore")[-1:].isalnum() or after.decode("utf-8", "ignore")[:1].isalnum()

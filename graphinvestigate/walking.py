"""Where values stand within a JSON text, found with the standard library: the plain path of whatever reads records."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import numpy as np

from graphinvestigate.errors import BadResponseError
from graphinvestigate.text import paired

BOM = b"\xef\xbb\xbf"
_MOST_DIGITS = 4000  # Python writes no number that is much longer
_SPACE = re.compile(r"[ \t\n\r]*")


def spans_array(spans: list[tuple[int, int]]) -> np.ndarray:
    """Give spans as an array of shape (spans, 2): where each begins, and its length, in bytes."""
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


class Digits(str):
    """An integer's digits: as long as they like, and still no text."""

    __slots__ = ()


def to_write_again(text: str | bytes) -> Any:
    """Read JSON that is to be written again: a number that Python cannot hold, or not write, comes as its text.

    Raises
    ------
    ValueError
        It is no JSON.
    RecursionError
        It is nested too deeply.
    """
    return json.loads(text, parse_int=_int_or_text, parse_float=_float_or_text, parse_constant=no_constant)


def paired_texts(value: Any) -> Any:
    """Give a JSON value whose texts any column and file can hold (see `text.paired`); too deep a one as it is."""
    try:
        return _paired(value)
    except RecursionError:
        return value


def _paired(value: Any) -> Any:
    if isinstance(value, str):
        return paired(value)
    if isinstance(value, dict):
        return {paired(name): _paired(inner) for name, inner in value.items()}
    return [_paired(inner) for inner in value] if isinstance(value, list) else value


def _int_or_text(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _float_or_text(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def no_constant(name: str) -> NoReturn:
    """Refuse what JSON does not have: NaN and the infinities."""
    raise ValueError(f"{name} is not JSON")


def too_deep(source: str) -> BadResponseError:
    """Say that an answer is nested deeper than can be read."""
    return BadResponseError(
        f"{source}: JSON nested too deeply to be read. Graph sends nothing like it; look at what answered."
    )


class Walk:
    """Find where values stand in a JSON text with the standard library: the plain path.

    Parameters
    ----------
    body : bytes
        UTF-8.
    source : str
        What to call it in messages.
    """

    def __init__(self, body: bytes, source: str) -> None:
        self.source = source
        self.shift = len(BOM) if body.startswith(BOM) else 0
        self.text = body[self.shift :].decode()
        decoder: Any = json.JSONDecoder(parse_int=Digits, parse_constant=no_constant)
        self._scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once

    def space(self, at: int) -> int:
        """Skip spaces: where the next token begins."""
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int) -> tuple[Any, int]:
        """Read the value that begins at `at`, and where it ends."""
        try:
            return self._scan(self.text, at)
        except StopIteration as stop:
            raise self.broken(stop.value) from None
        except RecursionError as error:
            raise too_deep(self.source) from error
        except json.JSONDecodeError as error:
            raise self.broken(error.pos) from error
        except ValueError as error:
            raise self.broken(at) from error

    def mark(self, at: int, expected: str) -> str:
        """Read one of the expected characters."""
        found = self.text[at : at + 1]
        if not found or found not in expected:
            raise self.broken(at)
        return found

    def whole(self, at: int) -> None:
        """See that nothing stands behind `at`."""
        if self.space(at) != len(self.text):
            raise self.broken(at)

    def broken(self, at: int) -> BadResponseError:
        """Say that this is no JSON, and where."""
        if not self.text.strip():
            return BadResponseError(f"{self.source}: empty, so it holds no Graph records. Ask or save again.")
        line = self.text.count("\n", 0, at) + 1
        return BadResponseError(
            f"{self.source}: not valid JSON (line {line}, character {at} of {len(self.text)}). "
            "It was cut off or is something else than a Graph answer; ask or save again."
        )

    def members(self, at: int) -> Iterator[tuple[str, int, int]]:
        """Find each member of the object at `at`: its key, and where its value begins and ends."""
        at = self.space(at + 1)
        if self.text[at : at + 1] == "}":
            return
        while True:
            self.mark(at, '"')
            key, at = self.value(at)
            self.mark(at := self.space(at), ":")
            start = self.space(at + 1)
            end = self.value(start)[1]
            yield key, start, end
            at = self.space(end)
            if self.mark(at, ",}") == "}":
                return
            at = self.space(at + 1)

    def items(self, at: int) -> Iterator[tuple[int, int]]:
        """Find where each item of the array at `at` begins and ends."""
        at = self.space(at + 1)
        while self.text[at : at + 1] != "]":
            end = self.value(at)[1]
            yield at, end
            at = self.space(end)
            if self.mark(at, ",]") == ",":
                at = self.space(at + 1)

    def spans(self, found: Iterable[tuple[int, int]]) -> np.ndarray:
        """Turn character positions, in order, into byte offsets and lengths."""
        spans, byte, last = [], self.shift, 0
        for start, end in found:
            byte += len(self.text[last:start].encode())
            length = len(self.text[start:end].encode())
            spans.append((byte, length))
            byte, last = byte + length, end
        return spans_array(spans)

"""Bytes of a Graph answer → where each record begins and ends within them. No record is copied.

A list answer is ``{"value": [{…}, …], "@odata.nextLink": …, "@odata.count": …}``; a get answer is one record.
The fast path skips over each record (msgspec) and notes its address. What it refuses although it is valid
JSON (escaped lone surrogates) is walked again with the standard library, with the same result.
"""

from __future__ import annotations

import codecs
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from graphinvestigate.bodies import Body
from graphinvestigate.errors import BadResponseError
from graphinvestigate.walking import BOM, Digits, Walk, no_constant, spans_array, too_deep

_AT_ONCE = 2**20  # bytes whose letters are looked at together
_ABSENT = msgspec.Raw(b"")


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One answer and where its records lie.

    Parameters
    ----------
    kept : bytes or Body
        The answer as received, after content decoding; it becomes a `Body`.

    Attributes
    ----------
    spans : numpy.ndarray
        int64, shape (n, 2): offset and length of each record's JSON within `body`.
    next_link : str or None
        Where the next page is, byte for byte as Graph wrote it.
    count : int or None
        ``@odata.count``: how many records the whole query holds.
    left_out : tuple of str
        Who did not answer Graph in time, where it said that the answer is partial (206).
    """

    kept: Any
    spans: np.ndarray
    next_link: str | None = None
    count: int | None = None
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept", Body.of(self.kept))

    @property
    def body(self) -> bytes:
        """The answer as received."""
        whole: bytes = self.kept.whole()
        return whole

    def __len__(self) -> int:
        return len(self.spans)

    def record(self, position: int) -> bytes:
        """Cut out the JSON of one record, exactly as received.

        Parameters
        ----------
        position : int
            Which record of this page, from 0.

        Returns
        -------
        bytes
        """
        offset, length = self.spans[position].tolist()
        return bytes(self.kept.pieces([offset], [length])[0])


class _ListAnswer(msgspec.Struct):
    value: list[msgspec.Raw]
    next_link: msgspec.Raw = msgspec.field(name="@odata.nextLink", default=_ABSENT)
    count: msgspec.Raw = msgspec.field(name="@odata.count", default=_ABSENT)


_LIST_ANSWER = msgspec.json.Decoder(_ListAnswer)
_ANY_RAW = msgspec.json.Decoder(msgspec.Raw)


def read_page(body: bytes, *, source: str) -> Page:
    """Find the records of a list answer.

    Parameters
    ----------
    body : bytes
        A list answer, UTF-8; a byte order mark is tolerated.
    source : str
        What to call it in messages, e.g. ``"GET /security/alerts_v2"``.

    Returns
    -------
    Page

    Raises
    ------
    BadResponseError
        It is no valid JSON, holds no list `value`, or an item is no object.
    """
    view = _utf8(body, source)
    try:
        answer = _LIST_ANSWER.decode(view)
    except RecursionError as error:
        raise too_deep(source) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        # A missing list `value` is refused here too: the plain path tells the two apart and finds the words.
        return _plain_page(body, source)
    page = Page(
        body,
        addresses(body, answer.value),
        _next_link(_plain_value(answer.next_link), source),
        _count(_plain_value(answer.count)),
    )
    return _checked(page, source)


def read_record(body: bytes, *, source: str) -> Page:
    """Find the one record of a get answer.

    Parameters
    ----------
    body : bytes
        One JSON object, UTF-8; a byte order mark is tolerated.
    source : str
        What to call it in messages.

    Returns
    -------
    Page
        With one span.

    Raises
    ------
    BadResponseError
        It is no valid JSON object.
    """
    view = _utf8(body, source)
    try:
        spans = addresses(body, [_ANY_RAW.decode(view)])
    except RecursionError as error:
        raise too_deep(source) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        walk = Walk(body, source)
        start = walk.space(0)
        walk.whole(end := walk.value(start)[1])
        spans = walk.spans([(start, end)])
    return _checked(Page(body, spans), source)


def read_lines(body: bytes, *, source: str) -> Page:
    """Find the records of JSON Lines: one JSON object per line, blank lines ignored.

    Parameters
    ----------
    body : bytes
        UTF-8; a byte order mark is tolerated.
    source : str
        What to call it in messages.

    Returns
    -------
    Page

    Raises
    ------
    BadResponseError
        A line is no valid JSON object.
    """
    _utf8(body, source)
    spans = []
    at = len(BOM) if body.startswith(BOM) else 0
    for number in itertools.count(1):
        end = body.find(b"\n", at)
        line = body[at : end if end >= 0 else len(body)]
        if line.strip():
            offset, length = read_record(line, source=f"{source}, line {number}").spans[0].tolist()
            spans.append((at + offset, length))
        if end < 0:
            return Page(body, spans_array(spans))
        at = end + 1
    raise AssertionError  # a count has no end


def _utf8(body: bytes, source: str) -> memoryview:
    if not body.isascii():
        reader = codecs.getincrementaldecoder("utf-8")()
        for at in range(0, len(body), _AT_ONCE):  # a text may take four times the bytes that it is made of
            before = len(reader.getstate()[0])
            try:
                reader.decode(body[at : at + _AT_ONCE], final=at + _AT_ONCE >= len(body))
            except UnicodeDecodeError as error:
                raise BadResponseError(
                    f"{source}: not UTF-8 (byte {at - before + error.start} of {len(body)}), so it is not what Graph "
                    "sends. Read it again, or save it as UTF-8 if a program re-encoded it."
                ) from error
    return memoryview(body)[len(BOM) if body.startswith(BOM) else 0 :]


def addresses(body: bytes | memoryview, records: Iterable[msgspec.Raw]) -> np.ndarray:
    """Find where pieces lie in the bytes they were decoded from.

    Parameters
    ----------
    body : bytes or memoryview
    records : iterable of msgspec.Raw
        Each is a view of `body`: its address says where it lies.

    Returns
    -------
    numpy.ndarray
        int64, shape (n, 2): offset and length.
    """
    found = list(records)
    base = _address(body) if len(body) else 0
    sizes = np.fromiter(map(len, found), np.int64, len(found))
    if len(found) > 2:
        starts = _address(found[0]) - base + np.cumsum(sizes + 1) - sizes - 1
        if starts[-1] == _address(found[-1]) - base:  # one byte between each two, as Graph writes them
            return np.column_stack([starts, sizes])
    return np.column_stack([np.array([_address(record) - base for record in found], np.int64), sizes])


def _address(piece: Any) -> int:
    address: int = np.frombuffer(piece, np.uint8).__array_interface__["data"][0]
    return address


def _checked(page: Page, source: str) -> Page:
    if len(page.spans) and (body := page.body):
        starts = np.frombuffer(body, np.uint8)[page.spans[:, 0]]
        wrong = np.flatnonzero(starts != ord("{"))
        if wrong.size:
            which = f"item {wrong[0]} of its `value` is" if len(page.spans) > 1 else "it holds"
            raise BadResponseError(f"{source}: {which} no JSON object, so it holds no Graph records there.")
    return page


def _plain_value(raw: msgspec.Raw) -> Any:
    text = bytes(raw).decode()
    return json.loads(text, parse_int=Digits, parse_constant=no_constant) if text else None


def _next_link(value: object, source: str) -> str | None:
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise BadResponseError(f"{source}: its @odata.nextLink is no text, so the pages after it can't be read.")
    return value


def _count(value: object) -> int | None:
    # Some services write the count as a string.
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else None


def _plain_page(body: bytes, source: str) -> Page:
    walk = Walk(body, source)
    start = walk.space(0)
    walk.whole(walk.value(start)[1])
    if walk.text[start] != "{":
        raise BadResponseError(f"{source}: JSON, but no answer with a list `value`. Is it a Graph list answer?")
    found: list[tuple[int, int]] | None = None
    rest: dict[str, Any] = {}
    for key, at, _ in walk.members(start):
        if key == "value":
            found = list(walk.items(at)) if walk.text[at] == "[" else None
        elif key in ("@odata.nextLink", "@odata.count", "error"):
            rest[key] = walk.value(at)[0]
    if found is None:
        error = rest.get("error")
        if isinstance(error, dict):
            code = ascii(error.get("code"))[:80]
            raise BadResponseError(f"{source}: a Graph error (code {code}) instead of records. Ask again.")
        raise BadResponseError(f"{source}: JSON, but no list `value` in it. Is it a Graph list answer?")
    page = Page(
        body,
        walk.spans(found),
        _next_link(rest.get("@odata.nextLink"), source),
        _count(rest.get("@odata.count")),
    )
    return _checked(page, source)

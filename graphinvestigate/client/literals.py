"""Values written into queries so that they stay values: OData, KQL, path segments, times."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote

from graphinvestigate import text
from graphinvestigate.client.times import parse_time
from graphinvestigate.errors import UsageError

__all__ = ["kql_string", "odata_datetime", "odata_string", "parse_time", "path_segment"]

_KQL_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_KQL_UNSAFE = frozenset({"Cc", "Cf", "Zl", "Zp"})
_SEGMENT_LIMIT = 1024
_NOT_IN_SEGMENT = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]|^\.*$")


def odata_string(value: str) -> str:
    """Write a text as an OData string literal.

    Parameters
    ----------
    value : str
        Any text: ``O'Brien`` becomes ``'O''Brien'``.

    Returns
    -------
    str
        The literal with its quotes. It still has to be percent-encoded with the rest of the query, which
        :class:`GraphClient` does.

    Raises
    ------
    UsageError
        It is no text, or holds half a character.
    """
    return "'" + _whole(value).replace("'", "''") + "'"


def odata_datetime(value: datetime) -> str:
    """Write a time as an OData literal, which has no quotes.

    Parameters
    ----------
    value : datetime
        Aware.

    Returns
    -------
    str
        UTC, such as ``2026-03-01T00:00:00Z``, with as many decimals as it needs.

    Raises
    ------
    UsageError
        It is no datetime, or has no zone.
    """
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise UsageError(f"{text.log(str(value))!r} is no time with a zone, so it can't go into a filter.")
    utc = value.astimezone(UTC)
    seconds = f"{utc.year:04d}-{utc:%m-%dT%H:%M:%S}"
    decimals = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return f"{seconds}{decimals}Z"


def kql_string(value: str) -> str:
    r"""Write a text as a KQL string literal.

    Parameters
    ----------
    value : str
        Any text.

    Returns
    -------
    str
        In single quotes, with ``\\``, ``\'``, ``\n``, ``\r``, ``\t`` and ``\uXXXX`` escapes; never verbatim.

    Raises
    ------
    UsageError
        It is no text, or holds half a character.
    """
    return "'" + "".join(map(_kql_character, _whole(value))) + "'"


def path_segment(value: str) -> str:
    """Write an id as one segment of a path.

    Parameters
    ----------
    value : str
        An id, such as an alert's or a user's. Everything but letters, digits and ``-._~`` is percent-encoded.

    Returns
    -------
    str
        Exactly one segment; decoded it is `value` again.

    Raises
    ------
    UsageError
        It is empty, consists of dots, or holds a slash or a control character: no id does, and a path would
        lead elsewhere.
    """
    if len(_whole(value)) > _SEGMENT_LIMIT or _NOT_IN_SEGMENT.search(value):
        raise UsageError(f"{text.log(value)!r} is no id of a Graph record. Copy the id from the `id` column.")
    return quote(value, safe="")


def _whole(value: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"A query needs a text here, not {type(value).__name__}.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{text.log(value)!r} holds half a character (a lone surrogate), which no query can carry."
        ) from error
    return value


def _kql_character(character: str) -> str:
    if character in _KQL_ESCAPES:
        return _KQL_ESCAPES[character]
    if unicodedata.category(character) in _KQL_UNSAFE and ord(character) <= 0xFFFF:
        return f"\\u{ord(character):04x}"
    return character

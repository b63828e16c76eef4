"""The one escape point: hostile text made safe to show in HTML, plotly, terminals, logs and file names.

Frames and entity graphs keep every value exactly as Graph sent it. Text is escaped here, when it is drawn,
and nowhere else. All functions are pure: text in, text out.
"""

from __future__ import annotations

import functools
import hashlib
import html as _html
import re
import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Categories with nothing to see: controls, formats (bidi, zero-width, tags), half characters, separators.
_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters, marks and symbols that draw nothing, although their category says otherwise.
_UNSEEN_CHARACTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# Latin, Greek and Cyrillic letters, dashes, quotes, kana and Han: nothing unseen and no mark, so nothing to do.
_PLAIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]*"
)
_MARKS_SHOWN = 4  # Vietnamese and Hebrew need three; a flood of them paints over the lines around it
_LINE_BREAK = re.compile(r"[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)(\[?://\]?)([^/?#\\\s]*)")
_SCHEME_ONLY = re.compile(r"^\s*(javascript|data|vbscript|mailto|file|tel|blob)(\[?:\]?)", re.IGNORECASE)
_BARE_HOST = re.compile(r"[^/?#\\\s]*")
_DOT = re.compile("(?<!\\[)[.\u3002\uff0e\uff61](?!\\])")
_AT = re.compile(r"(?<!\[)@(?!\])")
_LOG_LIMIT = 200
_SLUG_LIMIT = 64


@functools.lru_cache(maxsize=8192)
def _piece(character: str) -> str:
    """Give one character as it is shown."""
    code = ord(character)
    unseen = (
        unicodedata.category(character) in _UNSEEN_CATEGORIES
        or character in _UNSEEN_CHARACTERS
        or 0xE0100 <= code <= 0xE01EF  # variation selectors that can carry hidden text
    )
    if not unseen:
        return character
    if character in _SHORT:
        return _SHORT[character]
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _too_long(total: int) -> str:
    return f"… ({total:,} chars)"


def visible(s: str, limit: int | None = 200) -> str:
    r"""Show what cannot be seen, and cut what is too long.

    Control, format (bidi, zero-width, tag) and lone-surrogate characters become escapes such as ``\u202e``;
    more than four combining marks in a row become a count.

    Parameters
    ----------
    s : str
        Any text.
    limit : int or None
        Show at most this many characters, then ``… (n chars)`` with the length of the whole text.

    Returns
    -------
    str
        Text without invisible characters. Doing it twice changes nothing more.
    """
    if (limit is None or len(s) <= limit) and _PLAIN.fullmatch(s):
        return s
    pieces: list[str] = []
    length = marks = 0
    for at, character in enumerate(s):
        piece = _piece(character)
        if len(piece) == 1 and unicodedata.category(piece)[0] == "M":
            marks += 1
            if marks > _MARKS_SHOWN:
                last = at + 1 == len(s) or unicodedata.category(s[at + 1])[0] != "M"
                piece = f"[+{marks - _MARKS_SHOWN} marks]" if last else ""
        else:
            marks = 0
        if limit is not None and (length + len(piece) > limit or at >= limit):
            return "".join(pieces) + _too_long(len(s))
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)


def paired(s: str) -> str:
    r"""Write half a surrogate pair, which JSON may hold and UTF-8 can't, as `visible` does: ``\ud800``.

    Parameters
    ----------
    s : str
        Any text.

    Returns
    -------
    str
        Text that every file, column and engine can hold; the same where it was such.
    """
    return s if s.isascii() else s.encode("utf-8", "backslashreplace").decode()


def html(s: str, limit: int | None = None) -> str:
    """Escape text for HTML, in content as well as in quoted attributes.

    Parameters
    ----------
    s : str
        Any text.
    limit : int or None
        As in :func:`visible`.

    Returns
    -------
    str
        Text that makes no tag and ends no attribute.
    """
    return _html.escape(visible(s, limit), quote=True)


def plotly(s: str, limit: int | None = 200) -> str:
    """Escape text for plotly, which reads tags, entities and ``$``-formulas in every text it draws.

    Parameters
    ----------
    s : str
        Any text that goes into a title, a tick, an annotation, ``text`` or ``customdata``.
    limit : int or None
        As in :func:`visible`.

    Returns
    -------
    str
        One line that plotly draws as the characters it was given.
    """
    shown = visible(_LINE_BREAK.sub(" ", s), limit)
    return _html.escape(shown, quote=False).replace("$", "&#36;")


def terminal(s: str, limit: int | None = 200) -> str:
    """Make text safe to print: no escape sequence, carriage return or line feed survives.

    Parameters
    ----------
    s : str
        Any text.
    limit : int or None
        As in :func:`visible`.

    Returns
    -------
    str
        One line that moves no cursor and makes no link.
    """
    return visible(s, limit)


def log(s: str) -> str:
    """Make text safe for one line of a log.

    Parameters
    ----------
    s : str
        Any text.

    Returns
    -------
    str
        One line of at most 200 characters.
    """
    shown = visible(s, _LOG_LIMIT)
    if len(shown) <= _LOG_LIMIT:
        return shown
    return visible(s, _LOG_LIMIT - len(_too_long(len(s))))


def slug(s: str) -> str:
    """Make a file name or an HTML id out of text.

    Parameters
    ----------
    s : str
        Any text.

    Returns
    -------
    str
        1 to 64 characters of ``A-Z a-z 0-9 _ -``. Text of which nothing is left, or too much, is told apart
        from other such text by a short hash.
    """
    plain = unicodedata.normalize("NFKD", s[:1024]).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")
    if name and len(name) <= _SLUG_LIMIT and len(s) <= 1024:
        return name
    digest = hashlib.sha256(s.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[: _SLUG_LIMIT - 9].rstrip('-')}-{digest}".lstrip("-")


def defang(url: str) -> str:
    """Write an address so that nothing turns it into a link: ``hxxps[://]evil[.]test``.

    Parameters
    ----------
    url : str
        A URL, a domain, an IP address or a mail address.

    Returns
    -------
    str
        The address with its scheme, its dots and its ``@`` broken, also in addresses within its query.
        Doing it twice changes nothing more.
    """
    shown = visible(url, None)
    if _SCHEME_ONLY.match(shown):
        return _ADDRESS.sub(_broken_address, _broken_host(_SCHEME_ONLY.sub(r"\1[:]", shown)))
    end = _BARE_HOST.match(shown).end()  # type: ignore[union-attr] # it matches nothing as well
    first = _ADDRESS.search(shown)
    if first and first.start() < end:
        end = 0
    return _broken_host(shown[:end]) + _ADDRESS.sub(_broken_address, shown[end:])


def _broken_host(host: str) -> str:
    return _AT.sub("[@]", _DOT.sub("[.]", host))


def _broken_address(match: re.Match[str]) -> str:
    scheme, _, host = match.groups()
    scheme = re.sub("(?i)^http", lambda m: "hxxp" if m[0].islower() else "HXXP", scheme)
    return f"{scheme}[://]{_broken_host(host)}"

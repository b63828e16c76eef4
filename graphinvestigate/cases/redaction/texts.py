"""Free text: what names somebody by its look or because it is known, replaced, and everything else left."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, unquote

from graphinvestigate import text as escape
from graphinvestigate.cases.redaction import kept
from graphinvestigate.cases.redaction.commonplace import PLAIN_WORD, is_commonplace
from graphinvestigate.cases.redaction.documents import walked
from graphinvestigate.cases.redaction.fields import kind_of
from graphinvestigate.cases.redaction.pseudonyms import Pseudonyms, fold
from graphinvestigate.cases.redaction.seeing import in_base64, read
from graphinvestigate.cases.redaction.vocabulary import WORDS_ALONE, Vocabulary
from graphinvestigate.walking import to_write_again

_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?")
LOOKS = re.compile(
    r"""
    (?P<url>(?:https?|ftps?|wss?|hxxps?)(?::|\[:\])//[^\s"'<>|\\^`{}]+|hxxps?\[://\][^\s"'<>|\\^`{}]+)
    |(?P<email>(?<![^\W_])[^\W_](?:[\w.+'#$~!&=-]{0,63}[\w+#$~!&=-])?(?:@|\[@\])[^\W_](?:[\w-]|\.(?=\w)|\[\.\](?=\w))*)
    |(?P<dn>(?:CN|OU|DC)=[^,=\r\n]+(?:,\s?(?:CN|OU|DC)=[^,=\r\n"']+)+)
    |(?P<guid>(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f]))
    |(?P<sid>(?<![\w-])S-1-\d+(?:-\d+){1,14}(?![\w-]))
    |(?P<path>(?<![A-Za-z0-9])[A-Z]:(?:\\+|/)(?:[^\\/:*?"<>|\r\n]+(?:\\+|/))*[^\\/:*?"<>|\r\n\s,;')]*
        |(?<![\w\\:])\\\\[^\\\s"'<>|:]+\\[^\s"<>|:,;]*
        |(?<![\w/.:])/(?:home|Users)/[^\s:"'<>|,;]+)
    |(?P<mac>(?<![\w:-])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:])|(?<![\w:-])(?:[0-9a-f]{2}-){5}[0-9a-f]{2}(?![\w-]))
    |(?P<ip>(?<![\w.])(?:(?<![A-Za-z]/)|(?<=-[0-9a-f]{12}/))\d{1,3}(?:(?:\.|\[\.\])\d{1,3}){3}(?![\w]|\.\d)
        |(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]))
    |(?P<encoded>(?<![\w%.~+-])[\w.~+-]{0,200}(?:%[0-9a-f]{2}[\w.~+-]*)+)
    |(?P<base64>(?<![\w+/-])(?-i:(?=[a-z0-9+/_-]*[A-Z])(?=[A-Z0-9+/_-]*[a-z]))[a-z0-9+/_-]{8,}={0,2}(?![\w+/=-]))
    |(?P<domain>(?<![\w.@\\/-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.|\[\.\]))+[a-z]{2,12}(?![\w-]|\.\w))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = ".,;:!?)]}"
_CUT = re.compile(r"…|\.\.\.")
_PIECE = re.compile(r"[^\s\"'<>()\[\]{},;=:|…]{0,80}")
_PIECE_BEFORE = re.compile(r"[^\s\"'<>()\[\]{},;=:|…]{4,80}\Z")

_MOST_KEPT = 1_000_000  # texts of one kind
_MOST_OBJECTS = 10_000

Said = Callable[[str, str, str, str], None]


class Span(NamedTuple):
    """A piece of a text that is replaced."""

    begin: int
    end: int
    kind: str
    pseudonym: str
    how: str


class _Made(dict[str, str]):
    """What was replaced already, of one kind; times are not kept, and not too much at once."""

    def __init__(self, texts: Texts, kind: str | None) -> None:
        super().__init__()
        self._texts, self._kind = texts, kind

    def __missing__(self, value: str) -> str:
        if value[4:5] == "-" and _TIME.fullmatch(value):
            return value
        made = self._texts._field(value, self._kind)
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[value] = made
        return made


class _Fields(dict[str, dict[str, str]]):
    """What is replaced in the fields of one kind of object."""

    def __init__(self, texts: Texts, above: str, sibling: str) -> None:
        super().__init__()
        self._texts, self._above, self._sibling = texts, above, sibling

    def __missing__(self, name: str) -> dict[str, str]:
        made = self._texts.of(kind_of(str(name), self._above, self._sibling))
        if len(self) < _MOST_OBJECTS:
            self[name] = made
        return made


class Texts:
    """Replaces what names somebody in texts.

    Parameters
    ----------
    names : Pseudonyms
        What stands for them.
    vocabulary : Vocabulary
        What is known.
    said : callable
        Told of each replacement: original, pseudonym, kind, and how it was found (see `Redactor.review`).
    """

    def __init__(self, names: Pseudonyms, vocabulary: Vocabulary, said: Said) -> None:
        self.names = names
        self.vocabulary = vocabulary
        self.said = said
        self._done: dict[str | None, _Made] = {}
        self._fields: dict[tuple[str, str], _Fields] = {}

    def forget(self) -> None:
        """Start anew, after more was learnt."""
        self._done.clear()
        self._fields.clear()

    def of(self, kind: str | None) -> dict[str, str]:
        """The values of fields of one kind, replaced: a dict that makes what it is asked for."""
        found = self._done.get(kind)
        if found is None:
            found = self._done[kind] = _Made(self, kind)
        return found

    def within(self, above: str, sibling: str) -> dict[str, dict[str, str]]:
        """The values of an object's fields, replaced, by the names of the fields."""
        found = self._fields.get((above, sibling))
        if found is None:
            if len(self._fields) >= _MOST_OBJECTS:
                self._fields.clear()
            found = self._fields[above, sibling] = _Fields(self, above, sibling)
        return found

    def __call__(self, value: str, kind: str | None) -> str:
        """Replace the value of a field.

        Parameters
        ----------
        value : str
            Any text.
        kind : str or None
            What the field holds, as `fields.kind_of` says; None for free text.

        Returns
        -------
        str
        """
        return self.of(kind)[value]

    def _field(self, value: str, kind: str | None) -> str:
        if not value.strip() or _TIME.fullmatch(value) or fold(value.strip()) in self.names.keep:
            return value
        known = self.vocabulary.get(value) if kind != "kept" else None
        if known is not None and not known.guess:
            return self._tell(value, known.pseudonym, known.kind, "field" if kind else "known")
        if kind == "ip" and PLAIN_WORD.fullmatch(value.strip()):
            kind = None  # the name of a column, or a word: no address
        if kind == "kept" and is_commonplace(value):
            return value  # a severity, a kind of record
        if kind is None or kind == "kept":
            return self._free(value, sure=kind is None)
        if kind == "url" and not re.match(r"(?i)[a-z][a-z0-9+.-]*:", value):
            kind = "domain" if "/" not in value else kind
        if kind == "url":
            return self._tell(value, self._url(value), kind, "field")
        if kind == "path" and not re.search(r"[\\/]", value):
            return self._tell(value, self.names.filename(value), "filename", "field")
        if known is not None:
            kind = known.kind
        return self._tell(value, self.vocabulary.pseudonym(kind, value), kind, "field")

    def _tell(self, value: str, pseudonym: str, kind: str, how: str) -> str:
        word = is_commonplace(value) or (kind in WORDS_ALONE and PLAIN_WORD.fullmatch(value.strip()))
        if word and self.vocabulary.get(value) is None:
            how = "word"
        if pseudonym != value:
            self.said(value, pseudonym, kind, how)
        return pseudonym

    def _free(self, value: str, *, sure: bool = True) -> str:
        stripped = value.strip()
        if sure and stripped[:1] in '[{"' and len(stripped) > 2:
            # What is no JSON, or nested deeper than it can be walked, is a text like any other.
            with contextlib.suppress(ValueError, RecursionError):
                document = to_write_again(stripped)
                if not isinstance(document, str) or document != stripped:
                    return json.dumps(walked(document, self), ensure_ascii=False, separators=(",", ":"))
        return self.plain(value)

    def plain(self, value: str) -> str:
        """Replace what names somebody in a free text; the rest stays, character by character."""
        spans = [*self._known(value), *self._looks(value), *self._cuts(value)]
        seen = read(value)
        if seen is not None:  # what is spelt with invisible characters or escapes, replaced with all of them
            text, places = seen
            hidden = [*self._known(text), *self._looks(text)]
            spans += [one._replace(begin=places[one.begin], end=places[one.end]) for one in hidden]
        spans.sort(key=lambda span: (span.begin, -span.end))
        pieces: list[str] = []
        stay: list[str] = []
        at = 0
        for span in spans:
            if span.begin < at:
                continue
            original = value[span.begin : span.end]
            stay.append(value[at : span.begin])
            pieces += [stay[-1], span.pseudonym]
            at = span.end
            if span.pseudonym != original and span.kind != "encoded":
                self.said(original, span.pseudonym, span.kind, span.how)
        self.vocabulary.commonplace.count([*stay, value[at:]])
        return "".join([*pieces, value[at:]]) if pieces else value

    def _known(self, value: str) -> list[Span]:
        return [
            Span(begin, end, one.kind, one.pseudonym, "guess" if one.guess else "known")
            for begin, end, one in self.vocabulary.find(value)
        ]

    def _looks(self, value: str) -> list[Span]:
        spans = []
        for found in LOOKS.finditer(value):
            kind = str(found.lastgroup)
            piece = found[0]
            if kind in ("url", "path", "email"):
                piece = piece.rstrip(_ENDS if kind != "path" else ".,;:!?)")
            made = self._look(kind, piece)
            if made is not None:
                how = "guess" if kind == "domain" and not self._is_known_domain(piece) else "look"
                spans.append(Span(found.start(), found.start() + len(piece), kind, made, how))
        return spans

    def _look(self, kind: str, piece: str) -> str | None:
        plain = piece.replace("[.]", ".").replace("[@]", "@").replace("[://]", "://").replace("[:]", ":")
        plain = re.sub(r"(?i)^hxxp", "http", plain)
        if fold(plain) in self.names.keep:
            return piece
        made = self._made(kind, plain)
        return escape.defang(made) if made is not None and plain != piece else made

    def _made(self, kind: str, piece: str) -> str | None:
        names = self.names
        if kind == "url":
            return self._url(piece)
        if kind == "email":
            known = self.vocabulary.get(piece)
            return known.pseudonym if known else names.email(piece)
        if kind == "guid":
            return names.guid(piece)
        if kind == "sid":
            return names.sid(piece)
        if kind == "path":
            return self._path(piece)
        if kind == "mac":
            return names.opaque(piece)
        if kind == "ip":
            return names.ip(piece) if names.is_address(piece) else None
        if kind == "dn":
            return self._dn(piece)
        if kind == "encoded":
            decoded = unquote(piece)
            made = self.plain(decoded) if decoded != piece else decoded
            return quote(made, safe="") if made != decoded else None
        if kind == "base64":
            return in_base64(piece, self.plain)
        return self._domain(piece)

    def _url(self, url: str) -> str:
        made = self.names.url(url)
        if made == url or self._host(made) != self._host(url):
            return made
        # A portal of Microsoft's: what it shows is somebody's, the way to it is not.
        start = url.index(self._host(url)) + len(self._host(url)) if self._host(url) else 0
        return url[:start] + re.sub(r"[^/?&=#]+", lambda part: self._part(part[0]), url[start:])

    def _part(self, part: str) -> str:
        """A part of the way in a portal; a number of few digits is an incident's there, if one has it."""
        kind, _ = self.vocabulary.commonplace.named.get(part, (None, "")) if part.isdigit() else (None, "")
        return self.of("id")[part] if kind == "id" else self.plain(part)

    @staticmethod
    def _host(url: str) -> str:
        found = re.match(r"(?i)[a-z][a-z0-9+.-]*:/*(?:[^/?#@]*@)?([^/?#:]*)", url)
        return found[1] if found else ""

    def _path(self, path: str) -> str:
        known = self.vocabulary.get(path)
        return known.pseudonym if known else self.names.path(path)

    def _dn(self, name: str) -> str:
        parts = re.split(r"(,\s?)", name)
        last = max(at for at, part in enumerate(parts) if "=" in part)
        for at, part in enumerate(parts):
            kind, equals, value = part.partition("=")
            if not equals:
                continue
            if fold(kind) != "dc":
                made = self.plain(value)
            elif at == last:
                made = self.names.domain(f"x.{value}").split(".")[1]
            else:
                made = self.names.label(value)
            parts[at] = f"{kind}={made}"
        return "".join(parts)

    def _is_known_domain(self, piece: str) -> bool:
        labels = fold(piece.replace("[.]", ".")).split(".")
        for at in range(len(labels) - 1):
            known = self.vocabulary.get(".".join(labels[at:]))
            if known is not None and known.kind in ("domain", "host"):
                return True
        return False

    def _domain(self, piece: str) -> str | None:
        if not self._is_known_domain(piece):
            ending = fold(piece).rpartition(".")[2]
            if ending not in kept.TLDS or piece.count(".") < 1:
                return None
        known = self.vocabulary.get(piece)
        return known.pseudonym if known else self.names.domain(piece)

    def _cuts(self, value: str) -> list[Span]:
        spans = []
        for found in _CUT.finditer(value):
            before = _PIECE_BEFORE.search(value, max(found.start() - 80, 0), found.start())
            known = self.vocabulary.cut(before[0]) if before else None
            if before and known is not None and fold(before[0]) != fold(known.original):
                after = _PIECE.match(value, found.end())
                rest = after[0] if after and fold(known.original).endswith(fold(after[0])) else ""
                made = f"{known.pseudonym[: max(len(before[0]), 14)]}…"
                spans.append(Span(before.start(), found.end() + len(rest), known.kind, made, "known"))
        return spans

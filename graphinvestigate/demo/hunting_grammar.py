r"""The part of KQL that the emulator understands: one table, filters, a choice of columns, a number of rows, counts.

::

    query     = { "let" name "=" literal ";" } table { "|" step } [ ";" ]
    step      = "where" test { "and" test }
              | "project" column { "," column }
              | ( "take" | "limit" ) number
              | "summarize" "count()" "by" column { "," column }
    test      = column operator literal | column ( "in" | "in~" ) "(" literal { "," literal } ")"
    operator  = "==" | "!=" | "=~" | "has" | "<" | "<=" | ">" | ">="
    literal   = text | number | "true" | "false" | "datetime(" time ")" | "ago(" number ( "d" | "h" | "m" ) ")" | name

Texts stand in single or double quotes with backslash escapes. ``has``, ``=~`` and ``in~`` do not look at case; ``has``
wants a whole term. Comments (``//``) end with their line. Anything else is refused, as a query with a mistake is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from graphinvestigate.demo.answers import ApiError, bad_request

_TOKEN = re.compile(
    r"""\s+|//[^\n]*
    |(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<time>datetime\(\s*[0-9TZ:.+-]+\s*\))
    |(?P<ago>ago\(\s*\d{1,4}[dhm]\s*\))
    |(?P<count>count\(\s*\))
    |(?P<number>-?\d{1,18}(?![\w.]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*~?)
    |(?P<sign>==|=~|!=|<=|>=|[<>=|,();])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f"}
_OPERATORS = frozenset({"==", "!=", "=~", "has", "<", "<=", ">", ">="})
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_LONGEST = 100_000
_END = ("end", "")


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on one column; `values` is one, or several for ``in`` and ``in~``."""

    column: str
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """Keep rows that pass all tests."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """Keep these columns, in this order."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Keep so many rows."""

    rows: int


@dataclass(frozen=True, slots=True)
class Count:
    """Count the rows of each combination of values."""

    columns: tuple[str, ...]


Step = Where | Project | Take | Count


@dataclass(frozen=True, slots=True)
class Query:
    """A table and what is done with its rows, in turn."""

    table: str
    steps: tuple[Step, ...]


def refused(reason: str) -> ApiError:
    """Return the 400 of a query that cannot be run."""
    return bad_request(f"{reason} Fix semantic errors in your query.")


def parse_query(text: str, *, now: datetime) -> Query:
    """Read a query; `now` is what ``ago`` counts from.

    Raises
    ------
    ApiError
        400: a mistake, or more of the language than the emulator understands.
    """
    if len(text) > _LONGEST:
        raise refused("The query is too long.")
    return _Reader(list(_tokens(text)), now).query()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise refused(f"Syntax error at '{text[at : at + 20]}'.")
        if found.lastgroup:
            yield found.lastgroup, found[0]
        at = found.end()


class _Reader:
    """Walks the tokens from left to right."""

    def __init__(self, tokens: list[tuple[str, str]], now: datetime) -> None:
        self._tokens, self._at, self._now = tokens, 0, now
        self._named: dict[str, Any] = {}

    def query(self) -> Query:
        while self._takes("let"):
            name = self._name()
            self._need("=")
            self._named[name] = self._literal()
            self._need(";")
        table, steps = self._name(), []
        while self._takes("|"):
            steps.append(self._step())
        self._takes(";")
        if self._peek() != _END:
            raise self._unexpected()
        return Query(table, tuple(steps))

    def _step(self) -> Step:
        if self._takes("where"):
            tests = [self._test()]
            while self._takes("and"):
                tests.append(self._test())
            return Where(tuple(tests))
        if self._takes("project"):
            return Project(self._columns())
        if self._takes("take") or self._takes("limit"):
            kind, text = self._next()
            if kind != "number" or int(text) < 0:
                raise refused("take needs a number of rows.")
            return Take(int(text))
        if self._takes("summarize"):
            if self._next()[0] != "count":
                raise refused("Only count() can be summarized here.")
            self._need("by")
            return Count(self._columns())
        raise self._unexpected()

    def _test(self) -> Test:
        column = self._name()
        _, operator = self._next()
        if operator in ("in", "in~"):
            self._need("(")
            values = [self._literal()]
            while self._takes(","):
                values.append(self._literal())
            self._need(")")
            return Test(column, operator, tuple(values))
        if operator not in _OPERATORS:
            raise refused(f"The operator '{operator}' is not understood here.")
        return Test(column, operator, (self._literal(),))

    def _columns(self) -> tuple[str, ...]:
        columns = [self._name()]
        while self._takes(","):
            columns.append(self._name())
        if len(set(columns)) < len(columns):
            raise refused("A column is named twice.")
        return tuple(columns)

    def _literal(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return _unescaped(text[1:-1])
        if kind == "number":
            return int(text)
        if kind == "time":
            return _moment(text.partition("(")[2].rstrip(")").strip())
        if kind == "ago":
            amount = text.partition("(")[2].rstrip(")").strip()
            return self._now - timedelta(**{_UNITS[amount[-1]]: int(amount[:-1])})
        if kind == "name" and text in ("true", "false"):
            return text == "true"
        if kind == "name" and text in self._named:
            return self._named[text]
        raise refused(f"A value was expected instead of '{text}'.")

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name" or text.endswith("~"):
            raise refused(f"A name was expected instead of '{text}'.")
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, text: str) -> bool:
        kind, found = self._peek()
        if found != text or kind == "text":
            return False
        self._at += 1
        return True

    def _need(self, text: str) -> None:
        if not self._takes(text):
            raise self._unexpected()

    def _unexpected(self) -> ApiError:
        text = self._peek()[1]
        return refused(f"Syntax error: unexpected '{text}'." if text else "Syntax error: the query ends too early.")


def _unescaped(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "uUx" and len(code) > 1:
            number = int(code[1:], 16)
            if number > 0x10FFFF:
                raise refused("A text holds no character.")
            return chr(number)
        if code not in _PLAIN:
            raise refused(f"A text holds the unknown escape '\\{code}'.")
        return _PLAIN[code]

    return _ESCAPE.sub(plain, text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise refused(f"'{text}' is no time.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

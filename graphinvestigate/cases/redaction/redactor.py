"""`redact`: frames, graphs, notebooks, figures and texts under keyed pseudonyms, and a scan that proves it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.cases.leaks import IN_A_NAME, Leak, find_leaks
from graphinvestigate.cases.redaction.called import Dashed
from graphinvestigate.cases.redaction.cases import case_files, case_things, names_of_files, redacted_case
from graphinvestigate.cases.redaction.documents import Take, Taker, gather, walked
from graphinvestigate.cases.redaction.fields import kind_of
from graphinvestigate.cases.redaction.frames import gather_frame, redacted_frame
from graphinvestigate.cases.redaction.graphs import GraphRedaction, gather_graph
from graphinvestigate.cases.redaction.lookup import write_lookup
from graphinvestigate.cases.redaction.pages import redacted_notebook, strings
from graphinvestigate.cases.redaction.pseudonyms import Pseudonyms, fold, key_bytes
from graphinvestigate.cases.redaction.texts import Texts
from graphinvestigate.cases.redaction.vocabulary import PLAIN_WORD, Vocabulary
from graphinvestigate.cases.saying import Sayings
from graphinvestigate.errors import RedactionLeakError, UsageError
from graphinvestigate.frames.raw import RawDtype
from graphinvestigate.garbage import uncollected
from graphinvestigate.walking import to_write_again
from graphinvestigate.wanted import takes

REVIEW_COLUMNS = ("original", "pseudonym", "kind", "how", "texts")
_ROWS = 10_000
_OPENING = frozenset('[{"')
_HOW = ("field", "known", "look", "guess", "word")
# Their domain, and the words of its name, are the tenant's own.
_OWN = frozenset(
    {
        *("userprincipalname", "upn", "accountupn", "ntdomain", "dnsdomain", "devicednsname", "primaryaddress"),
        *("mailboxprimaryaddress", "assignedto", "domainname", "accountname"),
    }
)


class Redactor:
    """Puts keyed pseudonyms for everybody and everything that names them, the same in all it is given.

    What is shared together is redacted by one redactor: a name that only a frame's field tells is then found in a
    note's text, too. Nothing but the key and the values decides on a pseudonym, so two redactors with one key agree.

    Parameters
    ----------
    key : str or bytes
        At least 16 bytes; who has it can link pseudonyms to guesses, so keep it with the original, never with the copy.
    keep : collection of str
        Values that stay as they are: indicators that are meant to be shared.

    Examples
    --------
    >>> redactor = Redactor("0123456789abcdef")
    >>> redactor.learn("alice@contoso.test signed in from 10.1.2.3")
    >>> print(redactor.redact("alice@contoso.test signed in from 10.1.2.3"))  # doctest: +SKIP
    user-…@domain-….example signed in from 10.…
    """

    def __init__(self, key: str | bytes, *, keep: Collection[str] = ()) -> None:
        if isinstance(keep, str):
            raise UsageError("keep is a list of values, not one text.")
        self._names = Pseudonyms(key_bytes(key), keep)
        self._vocabulary = Vocabulary(self._names)
        self._seen: dict[tuple[str, str], list[Any]] = {}
        self._texts = Texts(self._names, self._vocabulary, self._said)

    def __repr__(self) -> str:
        return f"Redactor(known={len(self._vocabulary)}, replaced={len(self._seen)})"

    def _said(self, original: str, pseudonym: str, kind: str, how: str) -> None:
        known = self._seen.setdefault((original.strip(), pseudonym), [kind, how, 0])
        known[2] += 1
        if _HOW.index(how) < _HOW.index(known[1]):
            known[0], known[1] = kind, how

    def learn(self, *things: Any) -> None:
        """Learn who and what is named, so that it is found in everything redacted from now on.

        Parameters
        ----------
        *things : DataFrame, networkx.MultiDiGraph, notebook, Figure, Case or str
            Frames say most: their fields tell what a value is.
        """
        told: dict[tuple[str, bool], dict[str, None]] = {}  # in the order in which they come: the first spelling counts
        documents: dict[str, None] = {}

        def document(text: str) -> None:
            if text[:1] in _OPENING and len(text) > 2:
                documents[text] = None

        @functools.cache
        def taker(name: str, above: str, sibling: str) -> Take | None:
            kind = kind_of(name, above, sibling) if name else "kept"
            if kind is None or kind == "kept":
                return document if kind is None else None
            plain = name.lower().replace("_", "")
            return told.setdefault((kind, any(plain.endswith(own) for own in _OWN)), {}).setdefault

        for thing in _opened(things):
            _gather(thing, taker)
        for text in documents:
            with contextlib.suppress(ValueError, RecursionError):
                gather(to_write_again(text), taker)
        for (kind, own), texts in told.items():
            for text in texts:
                self._vocabulary.add(kind, text, own=own)
        self._texts.forget()

    def redact(self, *things: Any) -> Any:
        """Give the same under pseudonyms.

        Parameters
        ----------
        *things : DataFrame, networkx.MultiDiGraph, notebook, Figure, Case, dict, list or str
            What is given together is learnt together. Nothing is changed in place.

        Returns
        -------
        the same kind of thing, or a tuple where several were given

        Raises
        ------
        RedactionLeakError
            A value that was replaced somewhere still stands somewhere; nothing is returned.
        UsageError
            Something is none of these.
        """
        if not things:
            raise UsageError("redact needs something to redact: a frame, a graph, a notebook, a figure or a text.")
        with uncollected():
            self.learn(*things)
            made = tuple(self._redacted(thing) for thing in things)
            self._texts.forget()
        self.check(*made)
        return made[0] if len(made) == 1 else made

    def _redacted(self, thing: Any) -> Any:
        replace = self._texts
        if isinstance(thing, Sayings):
            return redacted_case(thing, replace)
        if isinstance(thing, str):
            return str(replace(thing, None))
        if isinstance(thing, pd.DataFrame):
            return redacted_frame(thing, replace)
        if isinstance(thing, nx.MultiDiGraph):
            return GraphRedaction(thing, replace).graph()
        if _is_figure(thing):
            return type(thing)(strings(json.loads(thing.to_json()), replace))
        if _is_notebook(thing):
            made = redacted_notebook(thing, replace)
            return made if type(thing) is dict else type(thing)(made)
        if isinstance(thing, dict | list):
            return walked(thing, replace)
        raise UsageError(
            f"redact takes frames, entity graphs, notebooks, figures, cases and texts, not {type(thing).__name__}."
        )

    def check(self, *things: Any) -> None:
        """Prove that nothing that was replaced still stands in what is to be shared.

        Parameters
        ----------
        *things : DataFrame, networkx.MultiDiGraph, notebook, Figure, Case, str or bytes
            Bytes are a file as it is.

        Raises
        ------
        RedactionLeakError
            Something does; `.leaks` says what, where and in which spelling.
        """
        found = self.leaks(*things)
        if found:
            where = ", ".join(f"{leak.original!r} ({leak.form}, {leak.times} times)" for leak in found[:5])
            raise RedactionLeakError(
                f"{len(found)} value{'s' if len(found) > 1 else ''} would still be readable: {where}"
                f"{' …' if len(found) > 5 else ''}. Nothing was returned. Leave out the part that holds it, or name it "
                "in keep=[…] if it may be shared.",
                leaks=found,
            )

    def leaks(self, *things: Any) -> list[Leak]:
        """Find what `check` would raise for, as a list."""
        seen = {original for (original, _), (_, how, _) in self._seen.items() if how != "word"}
        originals = seen | {one.original for one in self._vocabulary.values()}
        originals -= {one.original for one in self._vocabulary.values() if one.kind == "name"}
        found = find_leaks([_as_bytes(thing) for thing in things], sorted(originals))
        # Names of columns and fields stay; in them a plain word is one of theirs.
        telling = [original for original in sorted(originals) if not PLAIN_WORD.fullmatch(original)]
        named = ["\n".join(dict.fromkeys(_names(thing))).encode("utf-8", "surrogatepass") for thing in things]
        found += find_leaks(named, telling)
        called = [(at, names_of_files(thing)) for at, thing in enumerate(things) if isinstance(thing, Sayings)]
        if any(names for _, names in called):
            dashed = Dashed(sorted(originals))
            found += [
                Leak(one, IN_A_NAME, 1, at) for at, names in called for name in names for one in dashed.within(name)
            ]
        return found

    def save_lookup(self, path: str | os.PathLike[str], passphrase: str, *, overwrite: bool = False) -> Path:
        """Write the table of originals (`review`), encrypted under a passphrase, for `open_lookup`.

        Parameters
        ----------
        path : path
            The file; only this account may read it. Keep it apart from what is shared.
        passphrase : str
            At least 12 characters.
        overwrite : bool
            Whether a file that is there may be replaced.

        Returns
        -------
        Path

        Raises
        ------
        UsageError
            The passphrase is short, or the path cannot be written safely.
        """
        return write_lookup(self.review, path, passphrase, overwrite=overwrite)

    @property
    def review(self) -> pd.DataFrame:
        """What was replaced: one row per value, guesses first.

        Columns: ``original``, ``pseudonym``, ``kind``, ``how`` (``field``: its field says what it is; ``known``: found
        in a text because a field told it; ``look``: it looks like one; ``guess``: an everyday word, or a part of a
        person's name, that may mean something else; ``word``: an everyday word, replaced in its own field only and not
        searched for) and ``texts`` (in how many different ones). It holds the originals:
        keep it with the case.
        """
        rows = [(original, made, *rest) for (original, made), rest in self._seen.items()]
        rows.sort(key=lambda row: (-_HOW.index(row[3]), row[2], fold(row[0])))
        table = pd.DataFrame(rows, columns=list(REVIEW_COLUMNS))
        return table.astype(dict.fromkeys(REVIEW_COLUMNS[:-1], "str") | {"texts": "Int64"})


@takes
def redact(*things: Any, key: str | bytes, keep: Collection[str] = ()) -> Any:
    """Give frames, graphs, notebooks, figures or texts with everybody's names replaced by keyed pseudonyms.

    Users, hosts, addresses, tenants, domains, file paths, mail subjects and ids become other ones of the same shape,
    the same everywhere: a GUID stays a GUID, a UPN a UPN, a SID that spells an object id spells its pseudonym, and
    addresses of one network stay in one, private ones private. Times, severities, titles, verdicts and hashes of
    files stay.

    Parameters
    ----------
    *things : DataFrame, networkx.MultiDiGraph, notebook, Figure, Case, dict, list or str
        Give together what is shared together: a host that a frame's field names is then found in a note's text.
    key : str or bytes
        At least 16 bytes (``secrets.token_hex(32)``); the same key gives the same pseudonyms.
    keep : collection of str
        Values that stay, such as an attacker's address.

    Returns
    -------
    the same kind of thing, or a tuple where several were given
        Nothing is changed in place.

    Raises
    ------
    RedactionLeakError
        A scan of the result found an original, in any of the spellings that `find_leaks` reads: whatever its capitals,
        URL-encoded, JSON- or HTML-escaped, defanged, in Base64, in UTF-16, with invisible characters in it.
    UsageError
        The key could be guessed, or something is none of these.

    Notes
    -----
    Pseudonym addresses look like real ones and are nobody's on purpose: never block them. `Redactor` shows what was
    replaced (`Redactor.review`) and keeps the table of originals, encrypted (`save_lookup`).
    """
    return Redactor(key, keep=keep).redact(*things)


def _opened(things: Iterable[Any]) -> Iterator[Any]:
    """Cases as what is in them, everything else as it is."""
    for thing in things:
        if isinstance(thing, Sayings):
            yield from case_things(thing)
        else:
            yield thing


def _is_figure(thing: Any) -> bool:
    return hasattr(thing, "to_plotly_json")


def _is_notebook(thing: Any) -> bool:
    return isinstance(thing, dict) and "cells" in thing and "nbformat" in thing


def _gather(thing: Any, taker: Taker) -> None:
    if isinstance(thing, pd.DataFrame):
        gather_frame(thing, taker)
    elif isinstance(thing, nx.MultiDiGraph):
        gather_graph(thing, taker)
    elif isinstance(thing, dict | list) and not _is_notebook(thing):
        gather(thing, taker)


def _as_bytes(thing: Any) -> bytes | Iterable[bytes]:
    """Everything that can be read in a thing, as text; of a case file by file."""
    if isinstance(thing, bytes):
        return thing
    if isinstance(thing, Sayings):
        return case_files(thing)
    if isinstance(thing, str):
        return thing.encode("utf-8", "surrogatepass")
    if isinstance(thing, pd.DataFrame):
        return _frame_texts(thing)
    if isinstance(thing, nx.MultiDiGraph):
        parts = [repr(thing.graph)]
        for node, attrs in thing.nodes(data=True):
            parts += [str(node[1]), *_strings(attrs)]
        for _, _, attrs in thing.edges(data=True):
            parts += _strings(attrs)
        return "\n".join(parts).encode("utf-8", "surrogatepass")
    if _is_figure(thing):
        return "\n".join(_strings(json.loads(thing.to_json()))).encode("utf-8", "surrogatepass")
    return "\n".join(_strings(thing)).encode("utf-8", "surrogatepass")


def _frame_texts(frame: pd.DataFrame) -> Iterator[bytes]:
    """The texts of a frame, each once in some thousand rows, and its labels; row numbers name nobody."""
    index = frame.index
    numbered = index.name is None and not isinstance(index, pd.MultiIndex) and index.dtype.kind in "iu"
    labels = [] if numbered else [*map(str, index)]
    yield "\n".join([*labels, repr(frame.attrs)]).encode("utf-8", "surrogatepass")
    for at in range(frame.shape[1]):
        column = frame.iloc[:, [at]]
        step = _ROWS if isinstance(column.dtypes.iloc[0], RawDtype) else max(len(column), 1)
        for start in range(0, len(column), step):
            found: dict[str, None] = {}
            gather_frame(column.iloc[start : start + step], _into(found))
            yield "\n".join(found).encode("utf-8", "surrogatepass")


def _into(found: dict[str, None]) -> Taker:
    return lambda *_: found.setdefault


def _names(thing: Any) -> Iterator[str]:
    """Names of columns, fields and attributes."""
    if isinstance(thing, pd.DataFrame):
        yield from map(str, thing.columns)
        for column in thing.columns[[isinstance(dtype, RawDtype) for dtype in thing.dtypes]]:
            found: set[str] = set()

            def fields(pairs: list[tuple[str, Any]], put: Callable[..., None] = found.update) -> None:
                put([name for name, _ in pairs])

            for text in thing[column].dropna():
                json.loads(text, object_pairs_hook=fields, parse_int=str)
            yield from sorted(found)
    elif isinstance(thing, nx.MultiDiGraph):
        for attrs in thing.nodes.values():
            yield from _names(attrs)
    elif isinstance(thing, dict):
        for name, value in thing.items():
            yield str(name)
            yield from _names(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from _names(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
    elif value is not None:
        yield str(value)

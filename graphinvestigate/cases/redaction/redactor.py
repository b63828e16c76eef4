"""`redact`: frames, graphs, notebooks, figures and texts under keyed pseudonyms, and a scan that proves it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.cases.leaks import IN_A_FIELD, IN_A_NAME, Leak, find_leaks
from graphinvestigate.cases.redaction.called import Dashed
from graphinvestigate.cases.redaction.cases import names_of_files, redacted_case
from graphinvestigate.cases.redaction.commonplace import PLAIN_WORD, is_everyday
from graphinvestigate.cases.redaction.documents import Take, gather, walked
from graphinvestigate.cases.redaction.fields import kind_of
from graphinvestigate.cases.redaction.frames import redacted_frame
from graphinvestigate.cases.redaction.graphs import GraphRedaction
from graphinvestigate.cases.redaction.lookup import write_lookup
from graphinvestigate.cases.redaction.pages import redacted_notebook, strings
from graphinvestigate.cases.redaction.pseudonyms import Pseudonyms, fold, key_bytes
from graphinvestigate.cases.redaction.texts import Texts
from graphinvestigate.cases.redaction.things import (
    as_bytes,
    gather_thing,
    is_figure,
    is_notebook,
    names_of_fields,
    opened,
)
from graphinvestigate.cases.redaction.vocabulary import ORDER, Vocabulary
from graphinvestigate.cases.saying import Sayings
from graphinvestigate.errors import RedactionLeakError, UsageError
from graphinvestigate.garbage import uncollected
from graphinvestigate.walking import to_write_again
from graphinvestigate.wanted import takes

REVIEW_COLUMNS = ("original", "pseudonym", "kind", "how", "texts", "left")
_OPENING = frozenset('[{"')
_HOW = ("field", "known", "look", "guess", "word")
_WHO = frozenset({"account", "person", "host", "domain"})
_WORDED = frozenset(ORDER) - {"ip", "url", "name"}  # their pseudonyms are nobody's names
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
        self._told_left: set[str] = set()

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

        for thing in opened(things):
            gather_thing(thing, taker)
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
        self._tell_left()
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
        if is_figure(thing):
            return type(thing)(strings(json.loads(thing.to_json()), replace))
        if is_notebook(thing):
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
        found = find_leaks([as_bytes(thing) for thing in things], sorted(originals))
        # Names of columns and fields stay; in them a plain word is one of theirs.
        telling = [original for original in sorted(originals) if not PLAIN_WORD.fullmatch(original)]
        named = ["\n".join(dict.fromkeys(names_of_fields(thing))).encode("utf-8", "surrogatepass") for thing in things]
        found += find_leaks(named, telling)
        found += self._in_fields(things)
        called = [(at, names_of_files(thing)) for at, thing in enumerate(things) if isinstance(thing, Sayings)]
        if any(names for _, names in called):
            dashed = Dashed(sorted(originals))
            found += [
                Leak(one, IN_A_NAME, 1, at) for at, names in called for name in names for one in dashed.within(name)
            ]
        return found

    def _in_fields(self, things: Collection[Any]) -> list[Leak]:
        """What cannot be searched for in texts, where a field still says that somebody is called so."""
        named = self._vocabulary.commonplace.named
        texts = Texts(self._names, self._vocabulary, lambda *_: None)
        found: list[Leak] = []
        for at, thing in enumerate(things if named else ()):
            told: dict[str, dict[str, None]] = {}

            def taker(name: str, above: str, sibling: str, told: dict[str, dict[str, None]] = told) -> Take | None:
                kind = kind_of(name, above, sibling) if name else None
                return told.setdefault(kind, {}).setdefault if kind and kind in _WORDED else None

            for one in opened([thing]):
                gather_thing(one, taker)
            found += [
                Leak(value.strip(), IN_A_FIELD, 1, at)
                for kind, values in told.items()
                for value in values
                if fold(value.strip()) in named and texts(value, kind) != value
            ]
        return found

    def _tell_left(self) -> None:
        rows = [row for row in self._rows() if row[5] and row[2] in _WHO and not is_everyday(row[0])]
        new = [row for row in rows if row[0] not in self._told_left]
        if new:
            self._told_left.update(row[0] for row in new)
            said = ", ".join(f"{row[0]!r} (in {row[5]:,} text{'s' if row[5] > 1 else ''})" for row in new[:5])
            warnings.warn(
                f"{len(new)} name{'s' if len(new) > 1 else ''} cannot be told from other text (a word, signs, or too "
                f"short): replaced in fields that hold names, left in free text: {said}{' …' if len(new) > 5 else ''}. "
                "Read those texts before you share them; Redactor.review lists the names (left).",
                stacklevel=4,
            )

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
        person's name, that may mean something else; ``word``: an everyday word, or what is too short, or only signs:
        replaced in its own field and not searched for), ``texts`` (in how many different ones) and ``left`` (in how
        many others such a word still stands, where nothing says that it is a name). It holds the originals: keep it
        with the case.
        """
        table = pd.DataFrame(self._rows(), columns=list(REVIEW_COLUMNS))
        return table.astype(dict.fromkeys(REVIEW_COLUMNS[:4], "str") | dict.fromkeys(REVIEW_COLUMNS[4:], "Int64"))

    def _rows(self) -> list[tuple[str, str, str, str, int, int]]:
        common = self._vocabulary.commonplace
        left = dict(common.left)
        rows = []
        for (original, made), (kind, how, texts) in self._seen.items():
            rows.append((original, made, kind, how, texts, left.pop(fold(original), 0) if how == "word" else 0))
        for folded, times in left.items():  # parts of a name, such as what stands before the @
            kind, original = common.named[folded]
            made = self._vocabulary.pseudonym(kind, original)
            if fold(made) != folded and not any(row[0] == original for row in rows):
                rows.append((original, made, kind, "word", 0, times))
        rows.sort(key=lambda row: (-_HOW.index(row[3]), row[2], fold(row[0])))
        return rows


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

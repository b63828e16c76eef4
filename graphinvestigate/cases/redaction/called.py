"""What an analyst called tables, figures and answers: names of files, in which the signs of a name became dashes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from graphinvestigate.cases.redaction.texts import Texts
from graphinvestigate.text import slug

_BETWEEN = re.compile(r"[^a-z0-9]+")
_CUT = re.compile(r"-[0-9a-f]{8}\Z")  # a long name ends in a hash of all of it, which a guess could be compared with
_LONG = 56
_SHORTEST = 4


def dashed(text: str) -> str:
    """Give a text as it stands in the name of a file: letters and digits, and a dash for whatever is between."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _BETWEEN.sub("-", plain.lower()).strip("-")


class Dashed:
    """Finds values in names of files, in which ``orla.ishikawa@contoso.test`` is ``orla-ishikawa-contoso-test``.

    Parameters
    ----------
    values : iterable of str
        Those without signs are left out: they stand in a name as they are.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values: dict[str, str] = {}
        for value in values:
            spelt = dashed(value)
            if "-" in spelt and len(spelt) >= _SHORTEST:
                self._values.setdefault(spelt, value)

    def within(self, name: str) -> Iterator[str]:
        """Find the values that a name holds, each once."""
        words = dashed(name).split("-")
        runs = {"-".join(words[a:b]) for a in range(len(words)) for b in range(a + 2, len(words) + 1)}
        yield from sorted(self._values[run] for run in runs & self._values.keys())


class Called:
    """Gives names of files that name nobody.

    Parameters
    ----------
    replace : Texts
        With the vocabulary of the case.
    """

    def __init__(self, replace: Texts) -> None:
        self._replace = replace
        self._dashed = Dashed(one.original for one in replace.vocabulary.values())
        self.of: dict[str, str] = {}

    def names(self, what: str, names: Iterable[str]) -> list[tuple[str, str]]:
        """Give each name with what stands for it: itself where it names nobody.

        Parameters
        ----------
        what : str
            ``table``, ``figure`` or ``answer``: what a name is called of which nothing may be left.
        names : iterable of str
        """
        taken: set[str] = set()
        found = []
        for name in names:
            made = slug(self._replace(name, None))
            cut = len(name) > _LONG and _CUT.search(name)
            if cut or any(self._dashed.within(name)):
                made = self._replace.names.word(what, name)
            while made in taken:  # a name in other capitals is another file
                made = self._replace.names.word(what, f"{name} {len(taken)}{made}")
            taken.add(made)
            self.of[name] = made
            found.append((name, made))
        return found

    def said(self, what: str) -> str | None:
        """Give what a step says was added (``table mails of …``); None where it is no name of these."""
        kind, blank, name = what.partition(" ")
        if kind not in ("table", "figure"):
            blank, name = "", what
        made = self.of.get(slug(name)) if name else None
        return None if made is None or made == slug(name) else f"{kind if blank else ''}{blank}{made}"

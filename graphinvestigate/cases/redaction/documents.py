"""JSON documents: each text with the field that it stands in.

What a field holds is told by its name, the field above it and the type beside it. Both walks here look that up once per
kind of object, not once per value: a case has millions of values in some hundred fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from graphinvestigate.cases.redaction.fields import kind_of

Take = Callable[[str], object]
"""Takes texts of one kind."""
Taker = Callable[[str, str, str], "Take | None"]
"""Takes a field, the one above it and the type beside it; gives what takes its texts, None where nobody wants them."""


class Replace(Protocol):
    """Gives the text that stands for another."""

    def __call__(self, text: str, kind: str | None, /) -> str:
        """Replace a text; `kind` is what its field holds (`fields.kind_of`), None for free text."""
        ...

    def of(self, kind: str | None, /) -> dict[str, str]:
        """The same for texts of one kind: a dict that makes what it is asked for."""
        ...

    def within(self, above: str, sibling: str, /) -> dict[str, dict[str, str]]:
        """The same for the fields of an object, by their names: the field that it stands in, and its type."""
        ...


def walked(document: Any, replace: Replace, name: str = "", above: str = "", sibling: str = "") -> Any:
    """Give a document with its texts replaced; numbers, order and the names of its fields stay.

    Parameters
    ----------
    document : dict, list or scalar
        Not changed.
    replace : Replace
    name, above, sibling : str
        The field that it stands in, the one above, and the type beside it.
    """
    if isinstance(document, str):
        return replace(document, kind_of(name, above, sibling) if name else None)
    if isinstance(document, dict):
        beside, outer = _type(document), name or above
        fields = replace.within(outer, beside)
        made: dict[Any, Any] = {}
        for key, value in document.items():
            of_type = type(value)
            if of_type is str:
                made[key] = fields[key][value]
            elif of_type is bool or value is None or of_type is int or of_type is float:
                made[key] = value
            else:
                made[key] = walked(value, replace, str(key), outer, beside)
        return made
    if isinstance(document, list | tuple):
        return [walked(value, replace, name, above, sibling) for value in document]
    return document


def gather(document: Any, taker: Taker, name: str = "", above: str = "", sibling: str = "") -> None:
    """Hand every text of a document to who wants it.

    Parameters
    ----------
    document : dict, list or scalar
    taker : Taker
    name, above, sibling : str
        The field that it stands in, the one above, and the type beside it.
    """
    if isinstance(document, dict):
        beside, outer = _type(document), name or above
        for key, value in document.items():
            if type(value) is str:
                take = taker(str(key), outer, beside)
                if take is not None:
                    take(value)
            elif isinstance(value, dict | list | tuple | str):
                gather(value, taker, str(key), outer, beside)
    elif isinstance(document, list | tuple):
        for value in document:
            gather(value, taker, name, above, sibling)
    elif isinstance(document, str):
        take = taker(name, above, sibling)
        if take is not None:
            take(document)


def _type(document: dict[Any, Any]) -> str:
    found = document.get("@odata.type") or document.get("type")
    return found if isinstance(found, str) else ""

"""JSON documents: each text with the field that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from graphinvestigate.cases.redaction.fields import kind_of

Replace = Callable[[str, "str | None"], str]


def walked(document: Any, replace: Replace, name: str = "", above: str = "", sibling: str = "") -> Any:
    """Give a document with its texts replaced; numbers, order and the names of its fields stay.

    Parameters
    ----------
    document : dict, list or scalar
        Not changed.
    replace : callable
        Takes a text and what its field holds (`fields.kind_of`), and gives the text that stands for it.
    name, above, sibling : str
        The field that it stands in, the one above, and the type beside it.
    """
    if isinstance(document, str):
        return replace(document, kind_of(name, above, sibling) if name else None)
    if isinstance(document, dict):
        beside = _type(document)
        return {key: walked(value, replace, str(key), name or above, beside) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [walked(value, replace, name, above, sibling) for value in document]
    return document


def texts_of(document: Any, name: str = "", above: str = "", sibling: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Every text of a document with its field, the one above, and the type beside it."""
    if isinstance(document, str):
        yield document, name, above, sibling
    elif isinstance(document, dict):
        beside = _type(document)
        for key, value in document.items():
            yield from texts_of(value, str(key), name or above, beside)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from texts_of(value, name, above, sibling)


def _type(document: dict[Any, Any]) -> str:
    found = document.get("@odata.type") or document.get("type")
    return found if isinstance(found, str) else ""

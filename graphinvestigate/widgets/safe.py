"""The one place where widgets make HTML: templates are ours, values are escaped."""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

from graphinvestigate import text
from graphinvestigate.views.pictures import svg_address
from graphinvestigate.widgets import controls


class Safe(str):
    """HTML that was made here: its values are escaped already."""

    __slots__ = ()


class _Escaping(string.Formatter):
    """`str.format` whose values are escaped, and whose fields are names only (no attributes, no indexes)."""

    def get_field(self, field_name: str, args: object, kwargs: Any) -> tuple[object, str]:  # noqa: ARG002 (theirs)
        return kwargs[field_name], field_name

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, Safe):
            return value
        return text.html(format(value, format_spec), limit=_LIMIT)


_LIMIT = 1000
_FORMATTER = _Escaping()


def safe_html(template: str, /, **values: object) -> Safe:
    """Fill a template of ours; every value is escaped unless it came out of this function.

    Parameters
    ----------
    template : str
        HTML written in this package, with ``{name}`` where a value goes (in content or in quoted attributes).
    **values : object
        What goes there.

    Returns
    -------
    Safe
        HTML in which the values are text.
    """
    return Safe(_FORMATTER.vformat(template, (), values))


def join(parts: Iterable[Safe], separator: str = "") -> Safe:
    """Put pieces of safe HTML together; anything else is refused.

    Parameters
    ----------
    parts : iterable of Safe
        What to put together.
    separator : str
        HTML of ours that goes between.

    Returns
    -------
    Safe
        All of it.
    """
    pieces = list(parts)
    for piece in pieces:
        if not isinstance(piece, Safe):
            raise TypeError("only HTML that safe_html made may be joined")
    return Safe(separator.join(pieces))


def image(svg: str, words: str) -> Safe:
    """Show SVG as a picture: no script in it runs, and viewers that drop ``<svg>`` from HTML leave it.

    Parameters
    ----------
    svg : str
        One ``<svg>``.
    words : str
        What it shows, for those who don't see it.

    Returns
    -------
    Safe
        One ``<img>``.
    """
    return Safe(f'<img style="max-width:100%" alt="{text.html(words, _LIMIT)}" src="{svg_address(svg)}">')


def pane(content: Safe | None = None, *, css_class: str = "") -> controls.HTML:
    """Show safe HTML in a widget: the only place that makes an ``controls.HTML``.

    Parameters
    ----------
    content : Safe, optional
        What it shows first.
    css_class : str
        A class of ours to style it by.

    Returns
    -------
    controls.HTML
        Set its content with :func:`show`.
    """
    widget = controls.HTML()
    if css_class:
        widget.add_class(css_class)
    show(widget, content if content is not None else Safe(""))
    return widget


def show(widget: controls.HTML, content: Safe) -> None:
    """Replace what a pane shows.

    Parameters
    ----------
    widget : controls.HTML
        One that :func:`pane` made.
    content : Safe
        What :func:`safe_html` made; plain text is refused.
    """
    if not isinstance(content, Safe):
        raise TypeError("a pane shows only what safe_html made")
    if widget.value != content:
        widget.value = str(content)

"""What the panes are made of: names and values, severities, lists, as HTML with escaped values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from graphinvestigate.views.style import severity
from graphinvestigate.widgets.safe import Safe, join, safe_html

SHAPES = {"high": "◆", "medium": "■", "low": "●", "informational": "○", "none": "-", "unknown": "?"}


def severity_class(value: object) -> str:
    """Give the class that colours a severity."""
    return f"gi-{severity(value)}"


def severity_words(value: object) -> str:
    """Give a severity as shape and word; a word that Graph has since added stays as it came."""
    name = severity(value)
    word = value if isinstance(value, str) and value else "unknown"
    return f"{SHAPES[name]} {word}"


def facts(pairs: Iterable[tuple[str, object]]) -> Safe:
    """List names and values; values that are not known are left out."""
    items = [
        safe_html(
            "<tr><th>{name}</th><td>{value}</td></tr>", name=name, value=value if isinstance(value, Safe) else words
        )
        for name, value in pairs
        if (words := plain(value))
    ]
    return safe_html('<table class="gi-facts">{items}</table>', items=join(items))


def plain(value: Any) -> str:
    """Write one value of a frame or a node as text; unknown is empty."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Iterable):
        return ", ".join(filter(None, map(plain, value)))
    return str(value)


def badge(value: object) -> Safe:
    """Show a severity as a coloured line of shape and word."""
    word = severity_words(value)
    return safe_html('<p class="gi-sev {name}">{word} severity</p>', name=severity_class(value), word=word)


def listed(items: Iterable[str]) -> Safe:
    """Show words as a list."""
    return safe_html("<ul>{items}</ul>", items=join(safe_html("<li>{item}</li>", item=item) for item in items))


def more(n: int, what: str) -> Safe:
    """Say how many more there are, if there are."""
    return safe_html('<p class="gi-muted">+{n} more {what}.</p>', n=n, what=what) if n > 0 else Safe("")

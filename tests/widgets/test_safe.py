"""HTML of widgets: templates are ours, values are text."""

from __future__ import annotations

import ast
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import graphinvestigate
from graphinvestigate.widgets.safe import Safe, join, pane, safe_html, show

ROOT = Path(graphinvestigate.__file__).parent


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))


def tags(html: str) -> list[object]:
    """All start tags of a piece of HTML with the names of their attributes."""
    parser = Tags()
    parser.feed(html)
    return parser.seen


@given(st.text())
def test_values_make_no_tag_and_no_attribute(value: str) -> None:
    """Whatever a value holds, the HTML has the template's tags and attributes and no other."""
    html = safe_html('<p title="{value}">{value}</p>', value=value)
    assert tags(html) == [("p", ["title"])]


def test_values_cannot_reach_into_objects() -> None:
    """A field is a name, never an attribute of a value: templates cannot read what they were not given."""
    with pytest.raises(KeyError):
        safe_html("{value.__class__}", value="x")


def test_only_safe_html_is_shown_or_joined() -> None:
    """Plain text is refused where HTML is shown, so that nobody forgets to escape it."""
    with pytest.raises(TypeError):
        show(pane(), "<b>x</b>")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        join(["<b>x</b>"])  # type: ignore[list-item]
    assert join([safe_html("{v}", v="<"), Safe("<br>")]) == "&lt;<br>"


def test_only_one_place_makes_html_widgets() -> None:
    """No module but `safe` makes ipywidgets' HTML, HTMLMath or Output, which draw what they are given."""
    for path in sorted(ROOT.rglob("*.py")):
        made = {
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        }
        allowed = {"HTML"} if path.name == "safe.py" else set()
        assert made & {"HTML", "HTMLMath", "Markdown", "Output"} <= allowed, path


def test_only_literals_and_constants_are_called_safe() -> None:
    """`Safe(…)` is called on literals, on nothing else outside `safe`: no value becomes HTML by being called so."""
    for path in sorted((ROOT / "widgets").glob("*.py")):
        if path.name == "safe.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Safe":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "safe_html":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"

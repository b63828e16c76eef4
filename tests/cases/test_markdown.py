"""Markdown for a ticket: it says what the report says, and nothing hostile comes alive in it."""

from __future__ import annotations

import re

import mistune
import pytest
from hypothesis import given, strategies as st

from graphinvestigate.cases.case import Case
from graphinvestigate.cases.markdown import code, inert

render = mistune.create_markdown(plugins=["table", "strikethrough", "url", "footnotes", "task_lists"])

HOSTILE = [
    "<img src=x onerror=alert(1)>", "[click](http://evil.example/x)", "![x](http://evil.example/x.png)", "# heading",
    "http://evil.example/path?x=1", "www.evil.example", "@everyone", "team@evil.example", "- item", "1. item",
    "a | b | c", "```code", "`tick`", "**bold** _it_ ~~gone~~", "&lt;b&gt;", "[^1]", "<!-- -->", "\u202egnp.exe",
    "line\nbreak\n# heading", "javascript:alert(1)", "[a]: http://evil.example", "---", "===", "> quote", "\\[x](y)",
    "`@x`", "``", "$x$", "#123", "=SUM(A1)",
]  # fmt: skip


def alive(text: str) -> set[str]:
    """The tags that a Markdown renderer makes of a list item with this text, but those of the list itself."""
    return set(re.findall(r"<([a-z0-9]+)", render(f"- {inert(text)}\n"))) - {"ul", "li", "p"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_out_as_itself(text) -> None:
    """No link, image, heading, list, HTML or mention is made of a text; at most a code span shows it."""
    assert alive(text) <= {"code"}
    assert "href" not in render(f"- {inert(text)}\n")
    assert "\n" not in inert(text)


@given(st.text(alphabet="ab @`|[](){}<>#*_-+=~!\\/.:&$^\n1", max_size=40))
def test_any_text_is_inert(text) -> None:
    """Whatever the text, only code spans are made of it, in a list and in a table cell."""
    assert alive(text) <= {"code"}


@given(st.text(alphabet="a`| b", max_size=12))
def test_a_code_span_shows_what_it_was_given(text) -> None:
    """Code spans keep backticks; a mention in one reaches nobody."""
    shown = code(text)
    if text.strip(" ") and "|" not in text:
        found = re.search(r"<code>(.*?)</code>", render(f"x {shown} y"), re.DOTALL)
        assert found is not None
        assert found[1].strip(" ") == text.strip(" ")


def test_a_text_of_a_million_characters_is_no_trap() -> None:
    """Time grows with the length of a text, not with its square: these would take hours."""
    for text in ("x" * 1_000_000, "@" * 1_000_000, "a://" * 250_000, "`" * 100_000):
        assert len(inert(text)) >= len(text)


def test_the_ticket_says_what_the_report_says(world, found) -> None:
    """Summary, findings, how it unfolded, indicators, what was not checked, and the hash of the files."""
    case = Case("INC-1", author="me")
    case.add(found)
    case.finding("a session was replayed", entity=found.user)
    case.not_checked("mailbox rules: no permission")
    text = case.markdown()
    html = render(text)
    for words in ("Summary", "Findings", "How it unfolded", "Indicators", "Not checked", "mailbox rules"):
        assert words in html
    assert html.count("<table>") >= 3
    assert "<a " not in html
    assert "<img" not in html
    assert found.incident.id in html


def test_the_ticket_answers_the_four_questions(world, found) -> None:
    """The four questions with their answers, what was missed, and what the answers rest on, all of it inert."""
    case = Case("INC-1")
    case.add(found, world.client)
    text = render(case.markdown())
    for question in found.story.answers:
        assert question in text
    assert "These answers rest on" in text
    assert "session used elsewhere" in text
    assert "<a " not in text

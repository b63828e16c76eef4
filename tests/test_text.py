"""The one escape point: what hostile text looks like once it is drawn."""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from graphinvestigate import text

ANY = st.text(alphabet=st.characters(), max_size=400)
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script><a href='http://evil.test'>reset</a>",
    "$\\href{javascript:alert(1)}{x}$",
    "ab\u202egnp.exe",
    "\x1b]8;;http://evil.test\x07click\x1b]8;;\x07",
    "line\r\n2026-01-01 INFO all is well",
    "\U000e0041\U000e0042 tagged \u200b\ufeff",
    "\ud800 half a pair",
    "e" + "\u0301" * 500,
    "x" * 1_000_000,
]


class Tags(HTMLParser):
    """Collects every tag that a browser would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def parse(markup: str) -> Tags:
    """Read markup as a browser would."""
    parser = Tags()
    parser.feed(markup)
    parser.close()
    return parser


def test_visible_shows_what_cannot_be_seen():
    """Bidi overrides, zero-width, control, tag and half characters are written as escapes."""
    assert text.visible("ab\u202egnp.exe") == "ab\\u202egnp.exe"
    assert text.visible("a\u200bb\x1b[0m\x00") == "a\\u200bb\\u001b[0m\\u0000"
    assert text.visible("\U000e0041") == "\\U000e0041"
    assert text.visible("\ud800") == "\\ud800"
    assert text.visible("a\r\n\tb") == "a\\r\\n\\tb"
    assert text.visible("filler\u3164 \u2028") == "filler\\u3164 \\u2028"


def test_visible_leaves_ordinary_names_alone():
    """Names in any script, with accents, are shown as they are."""
    for name in [
        "Zoë Müller-Łukasz",
        "Nguyễn Văn Ảnh",
        "山田 太郎",
        "مريم",
        "O'Brien & Söhne",
        "C:\\Temp\\a.exe",
        "👍🏽",
    ]:
        assert text.visible(name) == name


def test_letters_taken_as_plain_hide_nothing():
    """What `visible` waves through without a look holds no unseen character and no combining mark."""
    plain = [chr(code) for code in range(0x110000) if text._PLAIN.fullmatch(chr(code))]
    assert len(plain) > 20_000
    for character in plain:
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Me", "Mc"}
        assert text._piece(character) == character


def test_visible_counts_what_it_cuts():
    """A long text is cut at the limit and says how long it was."""
    assert text.visible("x" * 1_000_000) == "x" * 200 + "… (1,000,000 chars)"
    assert text.visible("x" * 200) == "x" * 200
    assert text.visible("x" * 300, None) == "x" * 300
    assert text.visible("\u202e" * 5, 12) == "\\u202e\\u202e… (5 chars)"


def test_visible_stops_a_flood_of_combining_marks():
    """At most four combining marks stand on one letter; the others are counted."""
    assert text.visible("e" + "\u0301" * 50 + "z") == "e" + "\u0301" * 4 + "[+46 marks]z"


@given(ANY)
def test_nothing_unseen_survives_in_any_output(s):
    """Whatever the text, no function lets a control, format or surrogate character through."""
    for draw in (text.visible, text.html, text.plotly, text.terminal, text.log, text.slug, text.defang):
        shown = draw(s)
        assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in shown}
        shown.encode("utf-8")


@given(ANY)
def test_visible_twice_is_visible_once(s):
    """Text that was made visible is not changed again."""
    once = text.visible(s, None)
    assert text.visible(once, None) == once


@given(ANY)
def test_html_makes_no_tag_and_ends_no_attribute(s):
    """HTML-escaped text is text, in content and within either kind of quote."""
    shown = text.html(s)
    assert not set("<>\"'") & set(shown)
    parsed = parse(f"<p title='{shown}'>{shown}</p>")
    assert parsed.tags == ["p"]
    assert parsed.text == text.visible(s, None)


@given(ANY)
def test_plotly_text_has_no_tag_and_no_formula(s):
    """Text for plotly holds no tag, no `$` and no line break, and reads as the text it was."""
    shown = text.plotly(s)
    assert not set("<>$\r\n") & set(shown)
    assert "&" not in re.sub(r"&(amp|lt|gt|#36);", "", shown)
    parsed = parse(shown)
    assert parsed.tags == []
    assert parsed.text == text.visible(re.sub(r"[\t-\r\x1c-\x1e\x85\u2028\u2029]", " ", s))


def test_plotly_turns_line_breaks_into_spaces():
    """A line break in a title or a tick becomes a space."""
    assert text.plotly("a\nb\u2028c") == "a b c"


@given(ANY)
def test_log_is_one_short_line(s):
    """Foreign text in a log is one line of at most 200 characters."""
    shown = text.log(s)
    assert len(shown) <= 200
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize("s", HOSTILE)
def test_terminal_moves_no_cursor(s):
    """Printed text holds no escape, no carriage return and no line feed."""
    assert not set("\x1b\r\n\x07\x9b") & set(text.terminal(s))


@given(ANY)
def test_slug_is_a_safe_file_name_and_id(s):
    """A slug has 1 to 64 characters that mean nothing to a path, a selector or a tag."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text.slug(s))


def test_slug_reads_like_the_text_and_keeps_others_apart():
    """A slug keeps what it can; texts of which nothing is left stay distinct."""
    assert text.slug("INC-4711") == "INC-4711"
    assert text.slug("../../etc/passwd") == "etc-passwd"
    assert text.slug("Fälle 1") == "Falle-1"
    assert text.slug("漢字") != text.slug("漢")
    assert text.slug("a" * 100) != text.slug("a" * 101)


@pytest.mark.parametrize(
    ("url", "broken"),
    [
        ("https://evil.test/a.b", "hxxps[://]evil[.]test/a.b"),
        ("https://evil.test:8443/?u=http://x.test/", "hxxps[://]evil[.]test:8443/?u=hxxp[://]x[.]test/"),
        ("HTTP://EVIL\u3002test", "HXXP[://]EVIL[.]test"),
        ("https://contoso.com@evil.test/", "hxxps[://]contoso[.]com[@]evil[.]test/"),
        ("evil.test/a.b", "evil[.]test/a.b"),
        ("203.0.113.7", "203[.]0[.]113[.]7"),
        ("a.b@evil.test", "a[.]b[@]evil[.]test"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("mailto:a@evil.test", "mailto[:]a[@]evil[.]test"),
        ("ftp://evil.test", "ftp[://]evil[.]test"),
    ],
)
def test_defang_breaks_addresses(url, broken):
    """No scheme, dot or @ of a host survives; the path stays readable; twice changes nothing."""
    assert text.defang(url) == broken
    assert text.defang(broken) == broken


@given(ANY)
def test_defang_leaves_no_scheme(s):
    """Whatever the text, nothing in it reads as scheme://."""
    assert not re.search(r"[A-Za-z]://", text.defang(s + "https://evil.test"))


@given(st.text(st.characters(), max_size=8))
def test_paired_is_text_that_any_file_can_hold(s: str) -> None:
    """Halves of surrogate pairs are written as they are shown; all else is the same."""
    made = text.paired(s)
    made.encode("utf-8")
    assert made == "".join(text.visible(one) if "\ud800" <= one <= "\udfff" else one for one in s)
    assert text.paired(made) == made

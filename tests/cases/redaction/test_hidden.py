"""A name hidden in a text on purpose is not there afterwards, read by other code than the redaction's."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.cases import leaks
from graphinvestigate.cases.leaks import find_leaks
from graphinvestigate.errors import RedactionLeakError

KEY = "a key of the tests, long enough"
LETTERS = "abcdefghkmnoprstuvwz"
WORD = st.text(LETTERS, min_size=3, max_size=9)
NAMES = st.builds(lambda first, last, home: f"{first}.{last}@{home}.test", WORD, WORD, WORD)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u200e"
BEFORE = st.sampled_from(["", "mail to ", "cmd.exe /c echo ", "<b>", "user=", "Ω says: ", '"', "x\\y ", "(", "100% "])
AFTER = st.sampled_from(["", " twice", "</b>", "&more=1", "; rm", "!", '" x', ")", "\n", " | more"])


def coded(text: str, lead: str) -> str:
    """Base64 of a text with something before it."""
    return base64.b64encode(f"{lead}{text}".encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "title case": str.title,
    "URL-encoded": lambda text: quote(text, safe=""),
    "URL-encoded, each letter": lambda text: "".join(f"%{ord(one):02x}" for one in text),
    "URL-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "Base64": lambda text: coded(text, ""),
    "Base64, one letter in": lambda text: coded(text, "u"),
    "Base64, two letters in": lambda text: coded(text, "u="),
    "Base64 without its end": lambda text: coded(text, "").rstrip("="),
    "Base64 of the web": lambda text: base64.urlsafe_b64encode(f"?>?~{text}?>".encode()).decode(),
    "Base64 of UTF-16": lambda text: base64.b64encode(f"run {text}".encode("utf-16-le")).decode(),
    "defanged": lambda text: text.replace(".", "[.]").replace("@", "[@]"),
    "HTML, each letter": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML": html.escape,
    "JSON, each letter": lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    "JSON within JSON": lambda text: json.dumps(json.dumps({"user": text})),
    "full-width": lambda text: "".join(chr(ord(one) + 0xFEE0) if one.isalpha() else one for one in text),
    "with a zero-width character within": lambda text: f"{text[:2]}\u200b{text[2:]}",
    "with invisible characters everywhere": INVISIBLE[0].join,
    "with many kinds of them": lambda text: "".join(f"{one}{INVISIBLE[at % 8]}" for at, one in enumerate(text)),
}


def readings(text: str) -> set[str]:
    """A text in every way that it can be read, by the standard library, three times round."""
    found, last = {text}, {text}
    for _ in range(3):
        more = set()
        for one in last:
            plain = "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in one if c not in INVISIBLE)
            more |= {plain, unquote(plain), html.unescape(plain), plain.replace("[.]", ".").replace("[@]", "@")}
            more.add(re.sub(r"\\+u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), plain))
            for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", plain):
                for shift in range(4):
                    whole = run[shift:].replace("-", "+").replace("_", "/") + "AAA"
                    content = base64.b64decode(whole[: len(whole) // 4 * 4])
                    more |= {content.decode("utf-8", "ignore"), content.decode("utf-16-le", "ignore")}
        last = more - found
        found |= more
    return {one.lower() for one in found}


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=12)
@given(name=NAMES, before=BEFORE, after=AFTER)
def test_a_hidden_name_is_replaced(spelling: str, name: str, before: str, after: str) -> None:
    """However a known address is spelt in a free text, no reading of the redacted text, note or cell holds it."""
    hidden = f"{before}{SPELLINGS[spelling](name)}{after}"
    frame = pd.DataFrame({"user_principal_name": [name], "description": [hidden]})
    made, said, notes = gi.redact(frame, hidden, {"text": [hidden]}, key=KEY)
    for text in (made["description"][0], said, notes["text"][0], made["user_principal_name"][0]):
        local = name.partition("@")[0]
        assert not [one for one in readings(text) if name in one or local in one], text


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(max_examples=12)
@given(name=NAMES, before=BEFORE, after=AFTER)
def test_the_scan_sees_what_is_hidden(spelling: str, name: str, before: str, after: str) -> None:
    """However a value is spelt in a file, the scan finds it there, and not in a file without it."""
    hidden = f"{before}{SPELLINGS[spelling](name)}{after}"
    other = "nobody.else@elsewhere.invalid"
    assert {leak.original for leak in find_leaks([hidden.encode()], [name, other])} == {name}
    assert find_leaks([f"{before}{SPELLINGS[spelling](other)}{after}".encode()], [name]) == []


def test_the_scan_has_its_limits() -> None:
    """What the documentation says is not read is not read: letters that look alike, visible signs, compressed bytes."""
    name = "orla.ishikawa@contoso.test"
    for hidden in (name.replace("a", "\u0430"), "-".join(name), base64.b16encode(name.encode()).decode()):
        assert find_leaks([hidden.encode()], [name]) == []


@pytest.mark.parametrize("filler", ["xyz", '"id":"a",', "a line\n"])
def test_no_value_hides_at_the_end_of_a_block(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is searched in blocks; a value at any place of their ends is found, whatever stands around it."""
    name = "orla.ishikawa@contoso.test"
    monkeypatch.setattr(leaks, "BLOCK", 300)
    monkeypatch.setattr(leaks, "_READ", 1_000)
    for size in (*range(270, 310, 3), *range(960, 1_060, 3)):
        text = (filler * 400)[:size]
        assert [leak.original for leak in find_leaks([f'{text}{name}"{filler * 400}'.encode()], [name])] == [name]


@given(st.lists(NAMES, min_size=1, max_size=40, unique=True), st.integers(0, 39), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_search_finds_what_in_finds(names: list[str], number: int, random: object) -> None:
    """Among many values those that stand in a text are found, and no other: pieces of them do not count."""
    there = names[: number % len(names) + 1]
    pieces = [*there, *(one[1:] for one in names), *(one[:-1] for one in names)]
    random.shuffle(pieces)  # type: ignore[attr-defined]
    text = "\n".join(pieces)
    assert {leak.original for leak in find_leaks([text.encode()], names)} == {one for one in names if one in text}


def test_a_quoted_value_is_found_with_its_quotes_only() -> None:
    """A value with quotes in it is found in plain text, in JSON and in HTML; its middle alone is none."""
    subject = 'Re: "Quarterly figures" for you'
    for text in (subject, json.dumps({"a": subject}), json.dumps(json.dumps(subject)), html.escape(subject)):
        assert [leak.original for leak in find_leaks([text.encode()], [subject])] == [subject], text
    assert find_leaks([b'the "Quarterly figures" of Re: us'], [subject]) == []


def test_what_cannot_be_replaced_is_refused() -> None:
    """A value in the name of a field can't be replaced: the scan refuses the whole, and the error names it."""
    name = "orla.ishikawa@contoso.test"
    with pytest.raises(RedactionLeakError) as caught:
        gi.redact({"userPrincipalName": name, "extra": {quote(name, safe=""): 1}}, key=KEY)
    assert name in {leak.original for leak in caught.value.leaks}

"""What an output's HTML and SVG keep is what shows; what acts is gone."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from graphinvestigate.cases.freezing.markup import still

ACTS = [
    "<script>x()</script>",
    "<SCRIPT SRC=//evil.test></SCRIPT>",
    "<img src=x onerror=x()>",
    '<img src="https://evil.test/pixel.png">',
    '<a href="javascript:x()">click</a>',
    '<a href="https://evil.test/">click</a>',
    '<a href="https://security.microsoft.com.evil.test/">click</a>',
    "<iframe src='https://evil.test'></iframe>",
    "<form action='https://evil.test'><input name=a></form>",
    "<object data='x'></object><embed src=x>",
    '<div style="background:url(https://evil.test/x)">a</div>',
    "<style>@import 'https://evil.test/x.css';</style>",
    "<style>a{background:url(//evil.test)}</style>",
    "<svg><script>x()</script><a href='javascript:x()'><text>t</text></a></svg>",
    "<svg onload=x()><animate attributeName=href values=javascript:x()></animate></svg>",
    "<svg><foreignObject><iframe src=x></iframe></foreignObject></svg>",
    "<math><mtext><script>x()</script></mtext></math>",
    '<button data-commandlinker-command="x">go</button>',
    "<base href='https://evil.test/'><meta http-equiv=refresh content='0;url=//evil.test'>",
    "<link rel=stylesheet href=//evil.test>",
    "<noscript><p title='</noscript><img src=x onerror=x()>'></noscript>",
    "<template><img src=x onerror=x()></template>",
    "<svg><style><img src=x onerror=x()></style></svg>",
    "<!--><img src=x onerror=x()>-->",
]


class Alive(HTMLParser):
    """Collects whatever could act."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "form", "object", "embed", "base", "meta", "link", "button", "input", "animate"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or "").lower() or "evil.test" in (value or ""):
                self.found.append(f"{tag} {name}")

    def handle_data(self, data: str) -> None:
        if "@import" in data or "url(" in data:
            self.found.append("style")


@pytest.mark.parametrize("markup", ACTS)
def test_nothing_acts(markup: str) -> None:
    """No script, handler, form, frame, remote picture, style or link survives; the words around stay."""
    made, left_out = still(f"<p>before</p>{markup}<p>after</p>")
    parser = Alive()
    parser.feed(made)
    assert parser.found == []
    assert "before" in made
    assert left_out or "<!--" in markup


def test_what_shows_stays() -> None:
    """Tables, styles, inline pictures, SVG with its capitals, and links to Microsoft's portals stay as they are."""
    for markup in (
        '<table class="dataframe" border="1"><thead><tr><th scope="col">a</th></tr></thead></table>',
        "<style>.gi-table td{padding:2px}</style>",
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0L1 1" stroke-width="2"></path></svg>',
        '<img src="data:image/png;base64,iVBORw0KGgo=" alt="x">',
        '<a href="https://security.microsoft.com/alerts/1" rel="noopener noreferrer">1</a>',
        "a &lt;b&gt; &amp; c<br>",
    ):
        assert still(markup) == (markup, [])


@given(st.text("<>/abc \"'=!-scriptonerrorimgsvg&;#x", max_size=60))
def test_any_markup_is_still_and_stays_so(markup: str) -> None:
    """Whatever the text, nothing in it acts afterwards, and a second time changes nothing."""
    made, _ = still(markup)
    parser = Alive()
    parser.feed(made)
    assert parser.found == []
    assert still(made)[0] == made

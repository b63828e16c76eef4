"""HTML and SVG of an output as something that only shows: no script, no form, nothing from elsewhere."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

from graphinvestigate.cases.redaction import kept
from graphinvestigate.views.pictures import svg_address, svg_of

_TAGS = frozenset(
    {
        *(
            "a",
            "abbr",
            "b",
            "blockquote",
            "br",
            "caption",
            "code",
            "col",
            "colgroup",
            "dd",
            "del",
            "details",
            "div",
            "dl",
        ),
        *(
            "dt",
            "em",
            "figcaption",
            "figure",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "img",
            "kbd",
            "li",
            "mark",
        ),
        *("ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strong", "style", "sub", "summary", "sup"),
        *("table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr"),
    }
)
# Their names as SVG writes them; HTML does not mind.
_SVG_TAGS = {
    name.lower(): name
    for name in (
        *(
            "svg",
            "g",
            "path",
            "rect",
            "circle",
            "ellipse",
            "line",
            "polyline",
            "polygon",
            "text",
            "tspan",
            "title",
            "desc",
        ),
        *("defs", "clipPath", "linearGradient", "radialGradient", "stop", "marker", "symbol", "pattern"),
    )
}
_ATTRIBUTES = frozenset(
    {
        *(
            "align",
            "alt",
            "aria-describedby",
            "aria-hidden",
            "aria-label",
            "aria-labelledby",
            "border",
            "class",
            "colspan",
        ),
        *(
            "data-label",
            "datetime",
            "dir",
            "headers",
            "height",
            "id",
            "lang",
            "open",
            "role",
            "rowspan",
            "scope",
            "span",
        ),
        *("start", "style", "tabindex", "title", "type", "valign", "width"),
    }
)
_SVG_ATTRIBUTES = {
    name.lower(): name
    for name in (
        *(
            "xmlns",
            "viewBox",
            "preserveAspectRatio",
            "d",
            "x",
            "y",
            "x1",
            "x2",
            "y1",
            "y2",
            "cx",
            "cy",
            "r",
            "rx",
            "ry",
        ),
        *("points", "transform", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity"),
        *(
            "stroke-dasharray",
            "stroke-linecap",
            "stroke-linejoin",
            "opacity",
            "font-size",
            "font-family",
            "font-weight",
        ),
        *("text-anchor", "dominant-baseline", "dx", "dy", "offset", "stop-color", "stop-opacity", "gradientUnits"),
        *("marker-start", "marker-end", "markerWidth", "markerHeight", "refX", "refY", "orient", "pathLength"),
    )
}
_SILENT = frozenset({"script", "iframe", "object", "embed", "noscript", "template", "applet", "frame", "form", "math"})
_VOID = frozenset({"br", "col", "hr", "img", "wbr"})
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_DANGEROUS_STYLE = re.compile(r"(?i)url\s*\(|@import|expression\s*\(|javascript:|behavior\s*:|-moz-binding|</|\\")


class _Still(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[str] = []
        self.silent = 0
        self.left_out: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += tag not in ("embed", "frame")
            self.left_out.add(tag)
            return
        if self.silent or (tag not in _TAGS and tag not in _SVG_TAGS):
            self.left_out.add(tag)
            return
        kept_attrs = "".join(self._attribute(tag, name, value or "") for name, value in attrs)
        if tag == "img" and " src=" not in kept_attrs:
            self.left_out.add("picture from elsewhere")
            return
        self.out.append(f"<{_SVG_TAGS.get(tag, tag)}{kept_attrs}>")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.left_out.add(tag)
            return
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(self.silent - (tag not in ("embed", "frame")), 0)
            return
        if self.silent or tag not in self.open:
            return
        while self.open:  # what was left open within it ends with it
            last = self.open.pop()
            self.out.append(f"</{_SVG_TAGS.get(last, last)}>")
            if last == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.silent:
            return
        if self.open and self.open[-1] == "style":
            if "<" in data or _DANGEROUS_STYLE.search(data):
                self.left_out.add("style sheet")
            else:
                self.out.append(data)
            return
        self.out.append(html.escape(data, quote=False))

    def _attribute(self, tag: str, name: str, value: str) -> str:
        if tag in _SVG_TAGS and name in _SVG_ATTRIBUTES:
            if _DANGEROUS_STYLE.search(value) and not re.fullmatch(r"url\(#[\w-]+\)", value):
                return ""
            return f' {_SVG_ATTRIBUTES[name]}="{html.escape(value)}"'
        if name == "href" and tag == "a":
            return (
                f' href="{html.escape(value)}" rel="noopener noreferrer"' if _is_portal(value) else self._gone("link")
            )
        if name == "src" and tag == "img":
            drawn = svg_of(value)
            if drawn is not None:  # a picture can be opened by itself, so it is made as still as what is around it
                return f' src="{svg_address(still(drawn)[0])}"'
            return f' src="{html.escape(value)}"' if _PICTURE.fullmatch(value) else ""
        if name == "style" and _DANGEROUS_STYLE.search(value):
            return self._gone("style")
        if name in _ATTRIBUTES:
            return f' {name}="{html.escape(value)}"'
        return self._gone(name) if name.startswith("on") else ""

    def _gone(self, what: str) -> str:
        self.left_out.add(what)
        return ""


def _is_portal(address: str) -> bool:
    if address.startswith("#"):
        return True
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    return parts.scheme == "https" and any(host == own or host.endswith(f".{own}") for own in kept.DOMAINS)


def still(markup: str) -> tuple[str, list[str]]:
    """Give HTML or SVG that only shows.

    Parameters
    ----------
    markup : str
        Any text.

    Returns
    -------
    (str, list of str)
        The same without scripts, forms, frames, event handlers, pictures and styles from elsewhere, and links to
        anywhere but Microsoft's portals; and what was left out, sorted. Doing it twice changes nothing more.
    """
    parser = _Still()
    parser.feed(markup)
    parser.close()
    while parser.open:
        last = parser.open.pop()
        parser.out.append(f"</{_SVG_TAGS.get(last, last)}>")
    return "".join(parser.out), sorted(parser.left_out)

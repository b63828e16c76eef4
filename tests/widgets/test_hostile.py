"""Hostile text in records stays text in every pane, button and static twin."""

from __future__ import annotations

import json
import unicodedata
from html.parser import HTMLParser
from urllib.parse import unquote

import ipywidgets
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.views.pictures import svg_of
from graphinvestigate.widgets import AlertPicker, EntityExplorer

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</style></td></table><script>alert(1)</script>",
    "'\" onmouseover=alert(1) x='",
    "invoice\u202egnp.exe\u200b\x1b]8;;http://evil.example\x07",
    "{0.__class__} {value} %s",
    "$\\href{javascript:alert(1)}{x}$",
    "A" * 20_000,
)
ALLOWED = {"style", "div", "p", "h3", "h4", "table", "caption", "tr", "th", "td", "ul", "li", "b", "br", "span"} | {
    "details",
    "summary",
}

PICTURES = {"svg", "title", "rect", "path", "circle", "polygon", "text"}
PICTURES_ATTRIBUTES = {
    "xmlns", "viewbox", "width", "height", "role", "font-family", "font-size", "font-weight", "fill", "stroke",
    "stroke-width", "stroke-linejoin", "paint-order", "opacity", "x", "y", "cx", "cy", "r", "d", "points",
    "text-anchor",
}  # fmt: skip


class Checked(HTMLParser):
    """Refuses tags and attributes that no template of ours has."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            assert [name for name, _ in attrs] == ["style", "alt", "src"], attrs
            drawn = svg_of(attrs[2][1] or "")
            assert drawn is not None, "a picture from somewhere else"
            Drawn(convert_charrefs=True).feed(drawn)
            return
        if tag == "img":  # a picture as an address of its own: what it draws is looked at like the rest
            values = dict(attrs)
            assert values.keys() <= {"style", "alt", "src"}
            start, _, svg = str(values["src"]).partition(",")
            assert start == "data:image/svg+xml"
            check(unquote(svg))
            return
        assert tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= {"class", "style", "role", "open"}, attrs

    def handle_data(self, data: str) -> None:
        assert not [c for c in data if unicodedata.category(c) in {"Cf", "Cs"} or (c < " " and c != "\n")]


class Drawn(Checked):
    """Refuses in a picture what no picture of ours has."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in PICTURES, tag
        assert {name for name, _ in attrs} <= PICTURES_ATTRIBUTES, attrs


def check(html: str) -> None:
    """Parse a piece of HTML as a browser would, and look at all of it."""
    parser = Checked()
    parser.feed(html)
    parser.close()


def widgets_in(root: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """A widget with everything in it."""
    return [root, *(one for child in getattr(root, "children", ()) for one in widgets_in(child))]


def options(widget: ipywidgets.Widget) -> list[str]:
    """What a box offers to choose."""
    return [str(option) for option in getattr(widget, "options", ())]


@pytest.mark.parametrize("text", HOSTILE, ids=["img", "script", "attribute", "invisible", "format", "formula", "long"])
def test_hostile_text_stays_text(alerts: pd.DataFrame, text: str) -> None:
    """Title, description, actions, severity, status, user and file name of an alert make no tag and no line."""
    record = json.loads(alerts["raw"].iloc[0])
    record |= dict.fromkeys(("title", "description", "recommendedActions", "severity", "status", "category"), text)
    record["evidence"] = [
        {
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "verdict": text,
            "roles": [text],
            "userAccount": {"userPrincipalName": text, "azureAdUserId": text, "displayName": text},
        },
        {"@odata.type": text, "ipAddress": text},
        {"@odata.type": "#microsoft.graph.security.urlEvidence", "url": f"https://evil.example/{text}"},
    ]
    hostile = gi.read_records("alerts", [record])
    picker = AlertPicker(hostile)
    assert picker.selected["title"].tolist() == [text]
    g = gi.entity_graph(alerts=hostile)
    explorer = EntityExplorer(gi.connect_demo(alerts=30), g, picker=picker)
    for node in list(g):
        explorer.select(node)
        for widget in (*widgets_in(picker), *widgets_in(explorer)):
            if isinstance(widget, ipywidgets.HTML):
                check(widget.value)
                assert len(widget.value) < 40_000
            for said in (getattr(widget, "description", ""), getattr(widget, "tooltip", None) or "", *options(widget)):
                assert not [c for c in said if unicodedata.category(c) in {"Cf", "Cc"}]
                assert len(said) < 500
    for bundle in (picker._repr_mimebundle_(), explorer._repr_mimebundle_()):
        check(bundle["text/html"])
        words = "".join(bundle["text/plain"].split("\n"))
        assert not [c for c in words if unicodedata.category(c) in {"Cf", "Cc"}]

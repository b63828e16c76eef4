"""The report: one file, no network, nothing hostile alive in it."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest

from graphinvestigate.cases import write_report
from graphinvestigate.cases.report import sections
from graphinvestigate.walkthrough import Investigation, investigate


class Seen(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def found(world) -> Investigation:
    """The investigation of the default tenant."""
    return investigate(world.client)


@pytest.fixture(scope="module")
def report(found, tmp_path_factory) -> Path:
    """Its report."""
    return write_report(tmp_path_factory.mktemp("report") / "report.html", found)


@pytest.fixture(scope="module")
def seen(report) -> Seen:
    """The report as a browser would read it."""
    parser = Seen()
    parser.feed(report.read_text(encoding="utf-8"))
    return parser


def test_the_report_loads_nothing(seen) -> None:
    """No tag of the report names anything outside of it."""
    for tag, attrs in seen.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert (attrs.get(name) or "#").startswith(("#", "data:")), (tag, attrs)


def test_the_report_holds_graph_timeline_and_tables(seen, found) -> None:
    """Two figures that stay interactive, and every alert, incident and request in tables."""
    figures = [attrs for tag, attrs in seen.tags if tag == "div" and attrs.get("class") == "gi-figure"]
    assert len(figures) == 2
    text = "\n".join(seen.text)
    assert text.count(found.incident.id) >= 2
    for title in found.frames["alerts"]["title"].dropna().head(20):
        assert title.strip()[:12].split("\\")[0] in text
    assert [section.title for section in sections(found)][:2] == ["Summary", "How it unfolded"]


def test_hostile_text_of_the_tenant_is_only_text(world, seen) -> None:
    """The tenant's markup (img, script, links) makes no tag, no handler and no control character in the report."""
    alert_id = world.tenant.truth.hostile_alert_id
    hostile = next(a for a in world.tenant.collections["security/alerts_v2"] if a["id"] == alert_id)
    assert any(mark in str(hostile) for mark in ("<img", "<script", "<a ", "\u202e"))
    allowed = {
        *("html", "head", "meta", "title", "style", "script", "body", "header", "h1", "h2", "p", "nav", "ol", "li"),
        *("a", "main", "section", "figure", "div", "noscript", "details", "summary", "table", "caption", "thead"),
        *("tbody", "tfoot", "tr", "th", "td", "span"),
    }
    assert {tag for tag, _ in seen.tags} <= allowed
    assert not [attrs for _, attrs in seen.tags if any(name.startswith("on") for name in attrs)]
    assert "\u202e" not in "".join(seen.text)
    assert "\x1b" not in "".join(seen.text)


def test_a_quiet_tenant_has_a_report_too(make_world, tmp_path) -> None:
    """Without an incident that matters, the report says so and still shows the queue."""
    found = investigate(make_world(seed=90_211, alerts=60, attack=False).client)
    text = write_report(tmp_path / "quiet.html", found).read_text(encoding="utf-8")
    assert "No incident here looks like an intrusion" in text
    assert "Alert queue" in text


@pytest.mark.skipif(os.name == "nt", reason="folders without write permission work differently on Windows")
def test_a_report_is_written_whole_or_not_at_all(found, tmp_path, monkeypatch) -> None:
    """When the disk fails half-way, the older report stays and no half file does."""
    target = tmp_path / "report.html"
    target.write_text("older", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_report(target, found)
    assert target.read_text(encoding="utf-8") == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]

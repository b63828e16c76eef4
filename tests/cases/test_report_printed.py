"""The report on paper: nothing runs over the edge of a page, and nothing that is for the screen is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphinvestigate.cases.case import Case

pytestmark = pytest.mark.browser

PAPER = 700  # pixels between the margins of A4: 186 mm at 96 to the inch
OVER_THE_EDGE = """() => [...document.querySelectorAll("main table, main p, main li, main figure, main svg.main-svg")]
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.tagName + " in " + one.closest("section").querySelector("h2").textContent)"""
CUT_NAMES = """() => [...document.querySelectorAll("main th")].filter(
  one => one.textContent.split(/[_ ]/).some(word => {
  const probe = document.createElement("span");
  probe.textContent = word; probe.style.whiteSpace = "nowrap"; probe.style.position = "absolute";
  one.append(probe);
  const wide = probe.getBoundingClientRect().width; probe.remove();
  return wide > one.clientWidth + 1;
})).map(one => one.textContent)"""


@pytest.fixture(scope="module")
def report(world, found, tmp_path_factory) -> Path:
    """The report of the default tenant's investigation."""
    case = Case("INC-1", author="an analyst")
    case.add(found, world.client)
    case.conclude("malicious", "A replayed session, then credential theft.")
    return case.report(tmp_path_factory.mktemp("printed") / "report.html")


def test_the_printed_report_stays_on_its_pages(report: Path, browser: Any, tmp_path: Path) -> None:
    """On A4 no table, text or figure is wider than the page, names of columns break between words, menus are gone."""
    context = browser.new_context(viewport={"width": PAPER, "height": 1000}, offline=True)
    page = context.new_page()
    page.goto(report.as_uri())
    page.wait_for_function("() => document.querySelectorAll('.gi-figure .main-svg').length > 1")
    page.emulate_media(media="print")
    page.evaluate("() => { window.dispatchEvent(new Event('beforeprint')); }")
    page.wait_for_timeout(300)
    assert page.evaluate("() => document.querySelectorAll('main table').length") > 10
    assert page.evaluate(OVER_THE_EDGE) == []
    assert page.evaluate(CUT_NAMES) == []
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4", prefer_css_page_size=True)[:5] == b"%PDF-"
    context.close()

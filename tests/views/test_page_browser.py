"""A page of hostile records in a real browser, opened from disk without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphinvestigate.linking import entity_graph
from graphinvestigate.views import plot_entity_graph, plot_timeline, timeline
from graphinvestigate.views.static import Section, Table, page
from graphinvestigate.views.tables import triage_table

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Open markup from disk and keep what it asked for and what went wrong."""
    contexts = []

    def open_markup(markup: str, **options: Any) -> tuple[Any, list[str], list[str]]:
        path = tmp_path / "page.html"
        path.write_text(markup, encoding="utf-8")
        context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
        contexts.append(context)
        requests: list[str] = []
        problems: list[str] = []
        shown = context.new_page()
        shown.set_default_timeout(10_000)
        context.on("requestfinished", lambda request: requests.append(request.url))
        context.on("requestfailed", lambda request: requests.append(f"{request.failure} {request.url}"))
        shown.on("pageerror", lambda error: problems.append(str(error)))
        shown.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        shown.goto(path.as_uri())
        shown.wait_for_load_state("load")
        return shown, requests, problems

    yield open_markup
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def markup(make_alerts) -> str:
    """A page whose every name was chosen by an attacker."""
    bad = [
        "<a href='http://evil.test/'>Reset your password</a>",
        '<img src=http://evil.test/x onerror="window.pwn=1">',
        "</script><script>window.pwn=1</script>",
        "$\\href{javascript:window.pwn=1}{x}$",
        "<span style='font-size:80px'>big</span>",
        "%{customdata[0]}<extra><b>x</b></extra>",
    ]
    kind = "#microsoft.graph.security."
    records = [
        {
            "title": text,
            "serviceSource": text,
            "evidence": [
                {"@odata.type": f"{kind}userEvidence", "userAccount": {"userPrincipalName": text}},
                {"@odata.type": f"{kind}deviceEvidence", "deviceDnsName": "lt-" + text, "mdeDeviceId": text},
            ],
        }
        for text in bad
    ]
    alerts = make_alerts(*records)
    g = entity_graph(alerts=alerts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "MOST_MARKS", 1)
        counts = plot_timeline(alerts, lanes="source")
    return page(
        bad[1],
        [
            Section(bad[0], [*bad, Table(triage_table(alerts), caption=bad[2])]),
            Section("Figures", [plot_entity_graph(g), plot_timeline(alerts, lanes="entity"), counts]),
        ],
    )


def test_a_page_draws_itself_and_stays_at_home(opened, markup):
    """Every figure is drawn, nothing of the data runs or leads away, and nothing is asked for but the file."""
    shown, requests, problems = opened(markup)
    shown.wait_for_function("() => document.querySelectorAll('.gi-figure .main-svg').length >= 3")
    nodes = shown.locator("#figure-1 .scatterlayer .trace path.point").count()
    assert nodes >= 18  # six alerts, users and hosts, and their rings
    assert shown.locator("#figure-2 .scatterlayer .trace path.point").count() >= 12
    assert shown.locator("#figure-3 .heatmaplayer image").count() == 1
    assert shown.evaluate("() => window.pwn") is None
    addresses = shown.evaluate(
        "() => [...document.querySelectorAll('a')].map(a => a.getAttribute('href') || a.getAttribute('xlink:href'))"
    )
    assert [address for address in addresses if address and not address.startswith("#")] == []
    assert shown.locator("svg image[href^='http'], svg [style*='font-size: 80px'], img").count() == 0
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [shown.url]
    assert problems == []


def test_hover_shows_the_text_that_was_there(opened, markup):
    """A hostile name is read as it was written: in the hover, in labels and in ticks."""
    shown, _, problems = opened(markup)
    shown.wait_for_function("() => document.querySelectorAll('#figure-2 .main-svg').length >= 1")
    shown.evaluate(
        """() => { const div = document.getElementById('figure-2');
        const at = div.calcdata.findIndex(points => points[0].trace.mode === 'markers' && points.length > 1);
        window.Plotly.Fx.hover(div, [{curveNumber: at, pointNumber: 0}]); }"""
    )
    words = shown.locator("#figure-2 .hoverlayer .hovertext").first.text_content()
    assert "<a href='http://evil.test/'>Reset your password</a>" in words
    assert "UTC" in words
    ticks = " ".join(shown.locator("#figure-2 .yaxislayer-above text").all_text_contents())
    assert "<img src=http://evil.test/x" in ticks
    assert shown.evaluate("() => window.pwn") is None
    assert problems == []


def test_no_button_uploads(opened, markup):
    """The mode bar has no button that sends the chart anywhere, and no logo that links."""
    shown, _, _ = opened(markup)
    shown.wait_for_function("() => document.querySelectorAll('.gi-figure .modebar-btn').length > 0")
    titles = shown.evaluate("() => [...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title || '')")
    assert titles
    assert not [title for title in titles if "loud" in title or "hare" in title or "lotly" in title]


@pytest.mark.parametrize(("scheme", "background"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(22, 24, 29)")])
def test_figures_follow_the_screens_theme(opened, markup, scheme, background):
    """Page and figures share the background of the screen's theme; print is on white."""
    shown, _, _ = opened(markup, color_scheme=scheme)
    shown.wait_for_function("() => document.querySelectorAll('.gi-figure .main-svg').length >= 3")
    painted = "() => getComputedStyle(document.querySelector('#figure-1 .main-svg')).backgroundColor"
    assert shown.evaluate(painted) == background
    assert shown.evaluate("() => getComputedStyle(document.body).backgroundColor") == background
    shown.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    shown.wait_for_function(f"() => ({painted})() === 'rgb(255, 255, 255)'")


def test_without_scripts_the_tables_stay(opened, markup):
    """Where no script runs, each figure says so and its table holds the same."""
    shown, _, _ = opened(markup, java_script_enabled=False)
    assert shown.locator("noscript").count() == 3
    assert shown.locator("figure details table tbody tr").count() >= 18


def test_what_is_injected_does_not_run(opened, markup):
    """Even markup that got into the page could not run: its policy knows only the page's own scripts."""
    shown, requests, _ = opened(
        markup.replace(
            "</main>", "<img src=http://evil.test/x onerror='window.pwn=1'><script>window.pwn=2</script></main>"
        )
    )
    shown.wait_for_function("() => document.querySelectorAll('.gi-figure .main-svg').length >= 3")
    assert shown.evaluate("() => window.pwn") is None
    assert [url for url in requests if "evil" in url] == ["csp http://evil.test/x"]

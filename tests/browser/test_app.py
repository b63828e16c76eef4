"""`graphinvestigate app` in a real browser: the workbench in Voilà, with nothing from outside, and what axe says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import graphinvestigate as gi
from tests.browser.conftest import LOOPBACK, REPOSITORY, SLOW, slow_down, until

pytestmark = pytest.mark.browser

READY = "() => document.querySelectorAll('.gi-rg-row').length > 5 && document.querySelector('.gi-plotly[data-drawn]')"
MARKED = "() => [...document.querySelectorAll('.gi-rg-row[aria-selected=true]')].length"
AXE = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")


@pytest.fixture
def open_app(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start `graphinvestigate app` with options and open the address that it prints; nothing foreign is asked for."""
    pytest.importorskip("voila", reason="the app needs Voilà (extra `lab`)")
    started: list[tuple[subprocess.Popen[str], int]] = []
    contexts: list[Any] = []
    foreign: list[str] = []

    def start(*options: str, width: int = 1280, height: int = 800) -> Any:
        environment = {
            **os.environ, "PYTHONPATH": str(REPOSITORY), "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
            "JUPYTER_DATA_DIR": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ipython"),
        }  # fmt: skip
        command = [sys.executable, "-m", "graphinvestigate", "app", "--no-browser", *options]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        url = re.search(r"http://\S+", server.stdout.readline())
        assert url, "the address is printed"
        started.append((server, urllib.parse.urlsplit(url[0]).port or 0))
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        slow_down(context)

        def note(request: Any) -> None:
            address = urllib.parse.urlsplit(request.url)
            if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in LOOPBACK:
                foreign.append(request.url)

        context.on("request", note)
        page = context.new_page()
        page.set_default_timeout(90_000 + 500 * SLOW)
        page.goto(url[0])
        page.app_url = url[0]
        return page

    yield start
    for context in contexts:
        context.close()
    for server, port in started:
        server.terminate()
        server.wait(30)
        assert server.stdout is not None
        server.stdout.close()
        with pytest.raises(ConnectionRefusedError):  # who stops the command stops all that it started
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert foreign == []


def ready(page: Any) -> None:
    """Wait until the workbench is there; from then on messages take their time, if they should."""
    page.wait_for_function(READY)
    page.evaluate("slow => { window.gapOfTests = slow; }", SLOW)


def picture(page: Any, name: str, tmp_path: Path) -> None:
    """Keep what the page shows, for people to look at."""
    page.screenshot(path=str(Path(os.environ.get("BROWSER_PICTURES", tmp_path)) / f"{name}.png"), full_page=True)


def violations(page: Any, root: str) -> list[str]:
    """What axe-core finds within a part of the page: rule, how grave, and where."""
    axe = pytest.importorskip("axe_playwright_python", reason="the accessibility check needs axe-playwright-python")
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("([root, tags]) => axe.run(root, {runOnly: {type: 'tag', values: tags}})", [root, list(AXE)])[
        "violations"
    ]
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['html'][:160]}"
        for one in found
        for node in one["nodes"]
    ]


def test_the_workbench_as_a_page(open_app: Callable[..., Any], tmp_path: Path) -> None:
    """On the demo tenant: pick by mouse and keys, the graph follows, the page needs its token, axe finds nothing."""
    page = open_app("--alerts", "60", "--seed", "3", height=1000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    ready(page)
    picture(page, "app-1-opened", tmp_path)
    bare = page.app_url.partition("?")[0]
    with urllib.request.urlopen(urllib.request.Request(bare), timeout=20) as answer:
        assert "gi-root" not in answer.read().decode()
        assert "login" in answer.url, "without the token there is a login page"
    page.locator(".gi-rg-row[aria-rowindex='4']").first.click()
    page.locator(".gi-rg").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_function(f"() => ({MARKED})() === 2")
    page.get_by_text("2 alerts are selected").wait_for()
    row, title = page.locator(".gi-rg-row.gi-rg-cursor").first, page.locator(".gi-details h3").first
    until(lambda: row.inner_text().splitlines()[2][:20] in title.inner_text(), what="the details of the row")
    page.wait_for_timeout(800)
    picture(page, "app-2-selected", tmp_path)
    page.get_by_role("button", name="◆ high").click()
    page.get_by_text(re.compile(r"^[0-9]+ of 60 alerts shown")).first.wait_for()
    page.get_by_role("button", name="Filters", exact=True).click()
    page.locator(".gi-filters").get_by_role("button", name="alerts 60").wait_for()
    page.wait_for_timeout(500)
    assert violations(page, ".gi-root") == []
    page.get_by_role("button", name="Filters", exact=True).click()

    # The story goes on in the graph; the code that the page shows leads to the same, in a place of its own.
    with gi.connect_demo(seed=3, alerts=60) as client:
        alerts, frames = gi.list_alerts(client), [gi.list_risk_detections(client)]
        g = gi.entity_graph(alerts=alerts, incidents=gi.list_incidents(client), risk_detections=frames[0])
        user = max((n for n in g if n.kind == "user"), key=g.degree)
        choice = page.get_by_placeholder("Type a name").first
        choice.fill(f"user {g.nodes[user]['label']}")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Pivot on user").click()
        page.get_by_text("the graph grew by").wait_for()
        page.get_by_role("button", name="Link labels").click()
        page.get_by_role("tab", name="Code").click()
        page.locator(".gi-code").get_by_text("explorer.label_links").wait_for()
        names = {"client": client, "alerts": alerts, "g": g, "frames": frames}
        exec(page.locator(".gi-code").inner_text().replace("\xa0", " "), names)
        made, queue = names["explorer"], names["picker"]
        head = page.locator(".gi-head").filter(has_text="Entity graph")
        size = f"{made.graph.number_of_nodes()} nodes, {made.graph.number_of_edges()} links"
        until(lambda: size in head.inner_text(), what=f"{size} in the head")
        until(lambda: f"· {len(made.drawn)} drawn" in head.inner_text(), what=f"{len(made.drawn)} drawn")
        assert made.graph.number_of_nodes() > g.number_of_nodes()
        assert made.selected == user
        title, called = page.locator(".gi-details h3").last, made._state.called(user)
        until(lambda: title.inner_text() == called, what=f"{called} as a title")
        page.get_by_text(f"{len(queue.shown)} of 60 alerts shown").wait_for()
        page.get_by_role("tab", name="Entities").click()
        page.get_by_text(f"{len(made.entities.shown)} entities shown").wait_for()
    assert problems == []


def test_a_case_as_a_page(open_app: Callable[..., Any], tmp_path: Path) -> None:
    """A saved case opens without a tenant: its alerts, graph and notes are there, a pivot says why it cannot ask."""
    with gi.connect_demo(seed=2, alerts=40) as client:
        alerts = gi.list_alerts(client)
        case = gi.Case("INC-4711")
        case.add(alerts, gi.list_risk_detections(client))
        host = next(n for n in case.graph if n.kind == "host")
        alert = next(n for n in sorted(case.graph.predecessors(host)) if n.kind == "alert")
        case.note("<b>wiped</b> & reinstalled", entity=host)
        case.note("a false one", edge=(alert, host))
        case.save(tmp_path / "case")
    page = open_app("--case", str(tmp_path / "case"), height=1600)
    ready(page)
    page.get_by_text(f"Alerts: {len(alerts)} of {len(alerts)}").wait_for()
    page.get_by_text("Case INC-4711, as it was saved at").wait_for()
    choice = page.get_by_placeholder("Type a name").first
    choice.fill(f"host {case.graph.nodes[host]['label']}")
    page.keyboard.press("Enter")
    page.locator(".gi-details .gi-note", has_text="<b>wiped</b> & reinstalled").wait_for()
    page.locator(".gi-details .gi-note", has_text="On its link with").get_by_text("(").wait_for()
    drawn = page.locator(".js-plotly-plot text")
    drawn.filter(has_text=re.compile("^✎$")).first.wait_for()  # on the link
    drawn.filter(has_text=re.compile(".+ ✎$")).first.wait_for()  # and at the host's name
    page.get_by_role("button", name="Pivot on host").click()
    page.locator(".gi-error").get_by_text("open without its tenant").wait_for()
    assert page.locator(".gi-note b", has_text="wiped").count() == 0, "what a note says is text"
    picture(page, "app-3-case", tmp_path)


def test_what_is_no_case_is_said_at_once(tmp_path: Path) -> None:
    """A folder that is no case ends the command with words, and no server is started."""
    (tmp_path / "x").mkdir()
    command = [sys.executable, "-m", "graphinvestigate", "app", "--no-browser", "--case", str(tmp_path / "x")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "graphinvestigate: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""

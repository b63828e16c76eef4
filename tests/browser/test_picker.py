"""The alert queue in a real JupyterLab: mouse, keys, filters, sorting, a hundred thousand rows, hostile text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import until

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"window.__pwn=1\"><a href='http://evil.example/'>exe\u202egnp</a>\x1b[31m"
SETUP = f"""
import graphinvestigate as gi, json, pandas as pd
client = gi.connect_demo(seed=3, alerts=60)
alerts = gi.list_alerts(client)
record = json.loads(alerts["raw"].iloc[0])
record["id"] = "hostile"
record["title"] = record["description"] = record["assignedTo"] = json.loads({json.dumps(json.dumps(HOSTILE))})
alerts = pd.concat([alerts, gi.read_records("alerts", [record])])
g = gi.entity_graph(alerts=alerts)
"""
PICKER = "picker = gi.AlertPicker(alerts)\npicker"
SELECTED = "picker.selected['id'].tolist()"
SHOWN = "picker.shown['id'].tolist()"
MARKED = """() => [...document.querySelectorAll('.gi-rg-row[aria-selected="true"]')]
  .map(row => row.getAttribute('aria-rowindex') - 2)"""


def row(page: Any, at: int) -> Any:
    """The row that stands at a place of the queue."""
    return page.locator(f".gi-rg-row[aria-rowindex='{at + 2}']")


def marked(page: Any, *places: int) -> None:
    """Wait until exactly these rows are marked."""
    page.wait_for_function(f"wanted => JSON.stringify(({MARKED})().sort((a, b) => a - b)) === wanted",
                           arg=json.dumps(sorted(places)).replace(" ", ""))  # fmt: skip


def test_mouse_and_keys(open_notebook: Callable[..., Any]) -> None:
    """Clicks, Ctrl, Shift and keys select what they point at, here and in the kernel; no key reaches the notebook."""
    notebook = open_notebook(SETUP, PICKER, width=1280, height=800)
    page = notebook.page
    notebook.run_all(seconds=120)
    marked(page, 0)
    notebook.picture("picker-1-opened")
    ids = notebook.value(SHOWN)

    def selected(*places: int) -> None:
        marked(page, *places)
        notebook.idle()
        assert notebook.value(SELECTED) == [ids[at] for at in sorted(places)]

    row(page, 3).click()
    selected(3)
    assert ids[3] in page.locator(".gi-details").inner_text()
    row(page, 6).click(modifiers=["Control"])
    selected(3, 6)
    row(page, 9).click(modifiers=["Shift"])
    selected(6, 7, 8, 9)
    row(page, 2).click(modifiers=["Control", "Shift"])
    selected(2, 3, 4, 5, 6, 7, 8, 9)
    row(page, 2).click()
    for key, place in (("ArrowDown", 3), ("ArrowDown", 4), ("ArrowUp", 3), ("End", 60), ("Home", 0), ("PageDown", 12),
                       ("PageUp", 0)):  # fmt: skip
        page.keyboard.press(key)
        selected(place)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    selected(0, 1, 2, 3)
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press(" ")
    selected(0, 1, 2, 3, 5)
    notebook.picture("picker-2-selected")
    page.keyboard.press("Escape")
    selected()
    page.keyboard.press("Control+a")
    notebook.idle()
    assert len(notebook.value(SELECTED)) == 61
    assert page.locator(".gi-rg-status").inner_text() == "61 of 61 alerts shown · 61 selected"

    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("x", "d", "d", "a", "b", "m", "Shift+m", "z", "0"):
        page.keyboard.press(key)
    page.locator(".gi-toolbar button").first.focus()
    for key in ("x", "d", "d", "a", "b"):
        page.keyboard.press(key)
    notebook.idle()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "no key made, cut or joined cells"
    row(page, 5).click()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.classList.contains('gi-opened')"), "Enter goes to the details"
    file = notebook.lab.folder / notebook.name
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    until(lambda: file.stat().st_mtime_ns > before, what="the file: Ctrl+S still saves")
    assert notebook.problems == []


def test_filter_sort_and_hostile_text(open_notebook: Callable[..., Any]) -> None:
    """Buttons, words and headers filter and sort; what a record says stays text, with nothing unseen in it."""
    notebook = open_notebook(SETUP, PICKER, width=1280, height=800)
    page = notebook.page
    notebook.run_all(seconds=120)
    marked(page, 0)
    page.get_by_role("button", name="◆ high").click()
    page.wait_for_function("() => document.querySelector('.gi-rg-row').innerText.includes('high')")
    notebook.idle()
    assert set(notebook.value("picker.shown['severity'].tolist()")) == {"high"}
    assert page.locator(".gi-rg-row").count() == len(notebook.value(SHOWN))
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("columnheader", name="Title").get_by_role("button").click()
    page.wait_for_function("() => document.querySelectorAll('[aria-sort=ascending]').length === 1")
    notebook.idle()
    titles = [one.casefold() for one in notebook.value("picker.shown['title'].tolist()")]
    assert titles == sorted(titles)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('[aria-sort=descending]')?.innerText.startsWith('Severity')")
    notebook.idle()
    assert notebook.value("picker.shown['severity'].tolist()")[0] == "high"

    page.get_by_placeholder("Search title").fill("onerror __pwn=1")
    page.get_by_text("1 of 61 alerts shown").wait_for()
    page.get_by_role("button", name="Raw JSON").click()
    page.locator(".gi-json pre").wait_for()
    notebook.idle()
    notebook.picture("picker-3-hostile")
    assert notebook.value(SELECTED) == ["hostile"]
    shown = page.locator(".gi-root").first.inner_text() + json.dumps(
        page.evaluate("() => [...document.querySelectorAll('.gi-root [title]')].map(one => one.title)"),
        ensure_ascii=False,
    )
    assert "onerror=" in row(page, 0).inner_text()
    assert not {"\u202e", "\x1b"} & set(shown)
    assert page.locator(".gi-root img").count() == 0
    assert page.locator("a[href*='evil']").count() == 0
    assert page.evaluate("window.__pwn") is None

    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="More filters").click()
    entity = page.get_by_placeholder("a user, host, address")
    entity.wait_for()
    notebook.idle()
    wanted = notebook.value("picker._bar.entity.options[0]")
    entity.fill(wanted)
    page.keyboard.press("Enter")
    page.get_by_text(f"{wanted.rpartition(' · ')[2]} of 61 alerts shown").wait_for()
    notebook.picture("picker-4-more-filters")
    assert notebook.problems == []


def test_the_explorer_follows_and_a_second_view_shows_the_same(open_notebook: Callable[..., Any]) -> None:
    """What is picked is selected in the explorer and back; a reloaded page and a second view show what is true now."""
    notebook = open_notebook(
        SETUP, PICKER, "explorer = gi.EntityExplorer(client, g, picker=picker, since=None)\nexplorer", "picker",
        height=2600,
    )  # fmt: skip
    page = notebook.page
    notebook.run_all(seconds=120)
    page.wait_for_function(f"() => ({MARKED})().length === 2")
    ids = notebook.value(SHOWN)
    row(page, 4).first.click()
    page.wait_for_function(f"() => JSON.stringify(({MARKED})()) === '[4,4]'")
    notebook.idle()
    assert notebook.value("list(explorer.selected)") == ["alert", ids[4]]
    notebook.value("picker.selection.select(gi.Record('alert', picker.shown['id'].iloc[50]), by='test')")
    page.wait_for_function(f"() => JSON.stringify(({MARKED})()) === '[50,50]'")
    notebook.value("picker.filter(severity=['high', 'medium'])")
    notebook.idle()
    notebook.save()
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.gi-rg-row').length > 10")
    shown = notebook.value(SHOWN)
    chosen = [shown.index(one) for one in notebook.value(SELECTED)]
    page.wait_for_function(f"wanted => JSON.stringify(({MARKED})()) === wanted",
                           arg=json.dumps(chosen * 2).replace(" ", ""))  # fmt: skip
    notebook.idle()
    title = notebook.value("gi.text.visible(picker.selected['title'].iloc[0], 160)")
    assert [title in one.inner_text() for one in row(page, chosen[0]).all()] == [True, True]
    assert notebook.problems == []


MANY = """
import graphinvestigate as gi, pandas as pd
few = gi.list_alerts(gi.connect_demo(seed=3, alerts=1000))
alerts = pd.concat([few] * 100, ignore_index=True)
alerts["id"] = [f"{key}-{at}" for at, key in enumerate(alerts["id"])]
alerts["first_activity_date_time"] -= pd.to_timedelta(range(len(alerts)), unit="s")
"""


def test_a_hundred_thousand_rows(open_notebook: Callable[..., Any]) -> None:
    """Scrolling, End, Ctrl+A and a filter over 100,000 rows each show their rows; the page holds only those in view."""
    notebook = open_notebook(MANY, PICKER, width=1280, height=800)
    page = notebook.page
    notebook.run_all(seconds=240)
    marked(page, 0)
    ids = notebook.value(SHOWN)
    assert len(ids) == 100_000
    page.locator(".gi-rg").focus()
    page.keyboard.press("End")
    marked(page, 99_999)
    notebook.idle()
    assert notebook.value(SELECTED) == ids[-1:]
    page.locator(".gi-rg").evaluate("one => { one.scrollTop = one.scrollHeight / 2; }")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.gi-rg-row')].filter(r => r.getAttribute('aria-busy') === 'false'"
        " && Math.abs(r.getAttribute('aria-rowindex') - 50000) < 100).length > 10"
    )
    notebook.picture("picker-5-many")
    assert page.locator(".gi-rg-row").count() < 60
    page.keyboard.press("Control+a")
    page.get_by_text("100,000 selected").wait_for()
    notebook.idle()
    assert notebook.value("len(picker.selected)") == 100_000
    assert notebook.save().stat().st_size < 200_000
    page.get_by_role("button", name="◆ high").click()
    high = notebook.value("int((alerts['severity'] == 'high').sum())")
    page.get_by_text(f"{high:,} of 100,000 alerts shown").wait_for()
    assert notebook.problems == []

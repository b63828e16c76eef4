"""A click while a cell runs: it is done beside the cell, or the page says that it waits; and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import SLOW, until

pytestmark = pytest.mark.browser

SETUP = """
import pathlib, time
import graphinvestigate as gi
client = gi.connect_demo(seed=0, alerts=30)
bench = gi.Workbench(client, gi.list_alerts(client), since=None)
explorer = bench.explorer
user, host = (max((n for n in explorer.graph if n.kind == k), key=explorer.graph.degree) for k in ("user", "host"))
explorer.select(user)
"""
BUSY = """
explorer.note(user, words="before")
pathlib.Path("busy").touch()
while not pathlib.Path("enough").exists():
    time.sleep(0.02)
explorer.note(host, words="after")
"""


def test_a_click_beside_a_running_cell_works_or_says_that_it_waits(open_notebook: Callable[..., Any]) -> None:
    """Pin, a note and undo while a cell runs: done at once or after it, said in words meanwhile, each once."""
    notebook = open_notebook(SETUP, "bench", BUSY, BUSY, height=1100)
    page = notebook.page
    page.set_default_timeout(15_000 + 500 * SLOW)
    run = """at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at;
      return window.jupyterapp.commands.execute('notebook:run-cell'); }"""  # a click makes another cell the active one
    busy, enough = (notebook.lab.folder / name for name in ("busy", "enough"))
    pin, unpin, note = (page.get_by_role("button", name=name, exact=True) for name in ("Pin", "Unpin", "Note"))
    waits = page.locator(".gi-waits:visible")
    for cell in (0, 1):
        page.evaluate(run, cell)
        notebook.idle()
    page.locator(".gi-plotly .js-plotly-plot").first.wait_for()
    pin.wait_for()
    # A kernel before ipykernel 7 has no subshells; where a user has none, the page sends clicks behind the cell.
    beside = notebook.value("bool(getattr(get_ipython().kernel, '_supports_kernel_subshells', False))")
    for setting, cell, works, here, there in (
        ("perCommTarget", 2, beside, pin, unpin),
        ("disabled", 3, False, unpin, pin),
    ):
        page.evaluate("how => { window.jupyterapp.serviceManager.kernels.commsOverSubshells = how; }", setting)
        for path in (busy, enough):
            path.unlink(missing_ok=True)
        known = len(notebook.value("explorer.log"))
        try:
            page.evaluate(f"at => void ({run})(at)", cell)
            until(busy.exists, what="the cell that keeps the kernel busy")
            here.click()
            (there if works else waits).wait_for()
            notebook.picture(f"busy-{setting}")
            page.get_by_placeholder("A name or a note").fill("meanwhile")
            note.click()
            page.get_by_role("button", name="Undo").click()
            if works:
                page.get_by_text("Taken back").first.wait_for()
                waits.wait_for(state="hidden")  # while the cell still runs
            else:
                assert "What you did waits" in waits.inner_text()
                assert here.is_visible()
        finally:
            enough.touch()
        notebook.idle()
        there.wait_for()
        waits.wait_for(state="hidden")
        log = [[one["action"], one.get("words")] for one in notebook.value("explorer.log")[known:]]
        clicks = [["pin" if here is pin else "unpin", None], ["note", "meanwhile"], ["undo", None]]
        before, after = ["note", "before"], ["note", "after"]
        assert log == ([before, *clicks, after] if works else [before, after, *clicks])
        assert notebook.value("sorted(explorer.notes.values())") == ["after", "before"]
    assert notebook.problems == []

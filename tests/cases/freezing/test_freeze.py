"""A frozen notebook is small, static and whole: it opens everywhere and shows what was found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

import graphinvestigate as gi
from graphinvestigate.cases.freezing import freeze_bytes
from graphinvestigate.errors import BadFileError, SecretFoundError, UsageError

JWT = "eyJhbGciOiJSUzI1NiJ9" + ".eyJhdWQiOiJncmFwaCJ9" + ".c2lnbmF0dXJl"
LIVE = [
    "import graphinvestigate as gi\nclient = gi.connect_demo()\nalerts = gi.list_alerts(client)\nalerts.head(3)",
    "g = gi.entity_graph(alerts=alerts)\ngi.plot_timeline(alerts)",
    "gi.plot_entity_graph(gi.neighborhood(g, gi.find_entity(g, gi.entities(g)['key'].iloc[0])))",
    "gi.AlertPicker(alerts)",
    "gi.EntityExplorer(client, g)",
    "import ipywidgets\nipywidgets.IntSlider(value=7)",
    "gi.coverage(client)",
    "print('done')",
]


def notebook(*cells: str, outputs: list[Any] | None = None) -> bytes:
    """A notebook of code cells, the last with outputs."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    if outputs:
        made.cells[-1].outputs = outputs
    return nbformat.writes(made).encode()


def acts(page: str) -> Counter[str]:
    """What could run in a page: scripts, handlers, frames."""
    found: Counter[str] = Counter()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.update([tag] if tag in ("script", "iframe", "object", "embed", "form") else [])
            found.update(name for name, _ in attrs if name.startswith("on"))

    Reader().feed(page)
    return found


def shown(data: dict[str, Any]) -> bytes:
    """A notebook with one output."""
    return notebook("x", outputs=[nbformat.v4.new_output("display_data", data)])


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that was run, saved with the state of its widgets."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "written.ipynb").write_bytes(notebook(*LIVE))
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "written.ipynb",
        "--output",
        "live.ipynb",
    ]
    command += ["--ExecutePreprocessor.store_widget_state=True", "--ExecutePreprocessor.timeout=120"]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "live.ipynb"


@pytest.fixture(scope="module")
def frozen(live: Path) -> Any:
    """The same, frozen."""
    return gi.freeze_notebook(live)


def test_a_live_notebook_becomes_a_small_static_one(live: Path, frozen: Any) -> None:
    """Beside the live one, which stays, lies a valid notebook under 1 MB without widget state or live views."""
    before = live.read_bytes()
    assert b"application/vnd.jupyter.widget-state+json" in before
    (path,) = frozen
    assert path == live.with_name("live-frozen.ipynb")
    assert live.read_bytes() == before
    content = path.read_bytes()
    assert frozen.bytes == len(content) < 1_000_000
    assert b"application/vnd.jupyter.widget" not in content
    assert "widget state" in frozen.left_out
    nbformat.validate(nbformat.reads(content.decode(), as_version=4))
    assert freeze_bytes(content).content == content
    assert freeze_bytes(before).content == content


def test_every_output_still_shows_something(live: Path, frozen: Any) -> None:
    """Each cell that showed something still does: widgets their twin, figures a picture and a table, frames a table."""
    old = nbformat.read(live, 4)
    new = nbformat.read(frozen[0], 4)
    assert [cell.source for cell in old.cells] == [cell.source for cell in new.cells]
    for before, after in zip(old.cells, new.cells, strict=True):
        assert len(before.outputs) == len(after.outputs)
        assert before.execution_count == after.execution_count
    timeline, graph, picker, explorer, slider = (new.cells[at].outputs[-1]["data"] for at in (1, 2, 3, 4, 5))
    for figure in (timeline, graph):
        assert figure["image/svg+xml"].startswith("<svg")
        assert "<details><summary>The figure as a table" in figure["text/html"]
        assert "<svg" not in figure["text/html"], "JupyterLab takes it out of a notebook that it does not trust"
        assert '<img alt="The figure as a picture" src="data:image/svg+xml,' in figure["text/html"]
        assert "application/vnd.plotly.v1+json" in figure
    assert "<polygon" in graph["image/svg+xml"]
    for twin in (picker, explorer):
        assert "<table" in twin["text/html"] or "<dl" in twin["text/html"] or "<li" in twin["text/html"]
    assert "IntSlider(value=7" in slider["text/plain"]
    assert "runs only with its kernel" in slider["text/plain"]
    assert new.cells[0].outputs[-1]["data"]["text/html"].count("<tr") == 4


def test_the_html_of_a_frozen_notebook_runs_nothing_of_the_data(frozen: Any) -> None:
    """What nbconvert makes of it holds as many scripts as of an empty notebook, and none of data's handlers."""
    hostile = shown(
        {
            "text/html": "<b>a</b><script>steal()</script><img src=x onerror=steal()>$\\href{javascript:steal()}{x}$",
            "application/javascript": "steal()",
            "image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'><script>steal()</script></svg>",
        }
    )
    empty, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook())
    for content in (frozen[0].read_bytes(), freeze_bytes(hostile).content):
        page, _ = HTMLExporter().from_notebook_node(nbformat.reads(content.decode(), as_version=4))
        assert acts(page) == acts(empty)
        assert "steal()" not in page.replace("\\href{javascript:steal()}", "")
    assert acts("<script></script><img src=x onerror=y()>") == Counter({"script": 1, "onerror": 1})
    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(freeze_bytes(hostile).content.decode(), as_version=4))
    assert 'class="tex2jax_ignore mathjax_ignore"' in page


def test_a_secret_stops_it_and_is_not_repeated(tmp_path: Path) -> None:
    """A token in a source, an output or the metadata is an error that names cell and kind, never the token."""
    path = tmp_path / "n.ipynb"
    for content, cell in (
        (notebook("x = 1", f"headers = '{JWT}'"), 2),
        (notebook("x", outputs=[nbformat.v4.new_output("stream", text=f"Bearer {JWT}")]), 1),
        (notebook("x", outputs=[nbformat.v4.new_output("error", ename="E", evalue=JWT, traceback=["a", JWT])]), 1),
        (shown({"text/html": f"<td>{JWT}</td>"}), 1),
        (shown({"application/vnd.plotly.v1+json": {"data": [{"x": [1], "y": [1], "text": [JWT]}], "layout": {}}}), 1),
        (json.dumps(json.loads(notebook("x")) | {"metadata": {"title": JWT}}).encode(), 0),
    ):
        path.write_bytes(content)
        with pytest.raises(SecretFoundError, match=r"os\.environ") as caught:
            gi.freeze_notebook(path)
        assert JWT not in str(caught.value)
        assert JWT not in repr(caught.value.secrets)
        assert {number for number, _ in caught.value.secrets} == {cell}
        assert [file.name for file in tmp_path.iterdir()] == ["n.ipynb"]
        (made,) = gi.freeze_notebook(path, mask_secrets=True)
        assert JWT not in made.read_text("utf-8")
        assert "left out]" in made.read_text("utf-8")
        nbformat.validate(nbformat.read(made, 4))
        made.unlink()


def test_a_secret_in_what_is_dropped_goes_with_it() -> None:
    """A password that only the widgets' state holds is gone with the state."""
    content = json.loads(notebook("x"))
    content["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"value": JWT}}}}
    assert JWT.encode() not in freeze_bytes(json.dumps(content).encode()).content


def test_personal_data_is_reported(tmp_path: Path) -> None:
    """Addresses, accounts, ids and profile folders are listed with their cells; what names nobody is not."""
    path = tmp_path / "n.ipynb"
    path.write_bytes(
        notebook(
            "pd.read_csv('/home/alice/export.csv')",
            "find('Alice@contoso.test', '203.0.113.7', '127.0.0.1', 'fe80::1', 'C:\\\\Users\\\\Public\\\\x')",
            "find('11111111-2222-4333-8444-555555555555', 'alice@contoso.test', 'S-1-5-18')",
        )
    )
    personal = gi.freeze_notebook(path).personal
    assert list(personal.itertuples(index=False, name=None)) == [
        ("account", "alice@contoso.test", "2, 3"),
        ("address", "203.0.113.7", "2"),
        ("address", "fe80::1", "2"),
        ("id", "11111111-2222-4333-8444-555555555555", "3"),
        ("profile folder", "alice", "1"),
    ]


def test_it_is_made_to_fit_or_says_what_is_large(tmp_path: Path) -> None:
    """Figures give up their data, keeping picture and table, before a notebook is refused as too large."""
    figure = {"data": [{"type": "scatter", "mode": "markers", "x": list(range(1500)), "y": [0.5] * 1500}], "layout": {}}
    figure["data"][0]["customdata"] = [["x" * 200]] * 1500
    content = shown({"application/vnd.plotly.v1+json": figure})
    assert b"vnd.plotly" in freeze_bytes(content).content
    smaller = freeze_bytes(content, most_bytes=400_000)
    assert b"vnd.plotly" not in smaller.content
    assert b"<svg" in smaller.content
    assert any("its picture and table stay" in one for one in smaller.left_out)
    with pytest.raises(UsageError, match=r"cell 1 \("):
        freeze_bytes(notebook("x", outputs=[nbformat.v4.new_output("stream", text="y" * 2_000_000)]))


def test_metadata_of_machines_goes_and_of_readers_stays() -> None:
    """Paths and timings of tools are gone; tags, the kernel's name and a title stay."""
    content = json.loads(notebook("x"))
    content["metadata"] = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python", "path": "/home/alice/env"},
        "papermill": {"input_path": "/home/alice/n.ipynb"},
        "title": "INC-4711",
    }
    content["cells"][0]["metadata"] = {"tags": ["parameters"], "execution": {"iopub.status.busy": "2026"}}
    made = json.loads(freeze_bytes(json.dumps(content).encode()).content)
    assert made["metadata"] == {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "title": "INC-4711",
    }
    assert made["cells"][0]["metadata"] == {"tags": ["parameters"]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"cells": [1], "nbformat": 4}',
        b'{"worksheets": [], "nbformat": 3}',
        b"[" * 99_999,
    ],
)
def test_what_is_no_notebook_is_refused(content: bytes, tmp_path: Path) -> None:
    """Another file, or a notebook of an old format, is a clear error."""
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=r"n\.ipynb is no notebook"):
        gi.freeze_notebook(path)
    with pytest.raises(BadFileError, match="cannot be read"):
        gi.freeze_notebook(tmp_path / "missing.ipynb")


def test_our_own_notebooks_can_be_frozen() -> None:
    """The notebooks of this package hold no secret and freeze to valid notebooks."""
    paths = sorted((Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))
    assert paths
    for path in paths:
        made = nbformat.reads(freeze_bytes(path.read_bytes()).content.decode(), as_version=4)
        nbformat.validate(made)

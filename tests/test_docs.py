"""The documentation: every snippet runs, every link leads somewhere, and it builds without a warning."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.frames.schema import RESOURCES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "generated" not in path.parts)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
SNIPPETS = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", SNIPPETS, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_snippet_of_a_page_runs(page, tmp_path) -> None:
    """The Python blocks of a page run one after the other, in an empty folder, as a reader would paste them."""
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", "outputs": [], "execution_count": 1}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "investigation.ipynb").write_text(json.dumps(notebook), encoding="utf-8")  # one page begins with it
    script = tmp_path / "page.py"
    script.write_text("\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_link_within_leads_somewhere(page) -> None:
    """A link to another page names one that is there, or one that the build writes."""
    written = {"reference.md", "permissions.md", "tutorial.md"}
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "#", "mailto:")):
            continue
        path = (page.parent / target.partition("#")[0]).resolve()
        assert path.is_file() or (path.parent.name == "generated" and path.name in written), f"{page.name}: {target}"


def test_every_page_is_in_the_contents() -> None:
    """The index names every page, so that none is an orphan."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in PAGES:
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or f"\n{name}\n" in index, name


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The documentation, built; every warning of Sphinx is an error."""
    pytest.importorskip("sphinx", reason="the documentation is built with the extra `docs`")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr[-4000:]
    return target


def test_the_site_documents_every_public_name(site) -> None:
    """The reference has an entry for each name of `gi`."""
    text = (site / "generated" / "reference.html").read_text(encoding="utf-8")
    missing = [name for name in gi.__all__ if f'id="graphinvestigate.{name}"' not in text]
    assert missing == []


def test_the_site_lists_the_permission_of_every_resource(site) -> None:
    """The table of permissions is the one the calls use."""
    text = (site / "generated" / "permissions.html").read_text(encoding="utf-8")
    for name, resource in RESOURCES.items():
        assert name in text
        assert resource.permission in text


def test_the_site_loads_nothing_from_elsewhere(site) -> None:
    """Pages bring their own styles and scripts."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for address in re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text):
            assert not address.startswith(("http:", "https:", "//")), f"{page.name}: {address}"


def test_the_tutorial_is_the_notebooks(site) -> None:
    """Each notebook is a page, with all of its text."""
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = (site / "generated" / f"{path.stem}.html").read_text(encoding="utf-8")
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert text.count('class="highlight-py') >= sum(1 for cell in cells if cell["cell_type"] == "code") - 2

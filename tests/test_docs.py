"""The documentation: every snippet runs, every link leads somewhere, and it builds without a warning."""

from __future__ import annotations

import ast
import html
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.actions.kinds import KINDS
from graphinvestigate.client.clouds import CLOUDS
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.queries.access import NEEDS, permission_of

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


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_cannot_be_run_here_at_least_fits(page) -> None:
    """Lines that need a tenant, a cluster or a file of one's own call public names with arguments that they take."""
    text = page.read_text(encoding="utf-8")
    fenced = re.finditer(r"^```([^\n]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    blocks = [one[2] for one in fenced if not one[1]]
    blocks += ["\n".join(re.findall(r"^    (gi\..*|\w+ = gi\..*)$", text, re.MULTILINE))]
    for block in blocks:
        try:
            calls = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
        except SyntaxError:  # a shell's lines
            assert "gi." not in block, block
            continue
        for call in calls:
            if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "gi":
                signature = inspect.signature(getattr(gi, call.func.attr))
                signature.bind(*call.args, **{one.arg: one.value for one in call.keywords if one.arg})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_link_within_leads_somewhere(page) -> None:
    """A link to another page names one that is there, or one that the build writes."""
    written = {"reference.md", "permissions.md", "tutorial.md"}
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "#", "mailto:")):
            continue
        path = (page.parent / target.partition("#")[0]).resolve()
        if anchor := target.partition("#")[2]:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w-]", "", one.lower().replace(" ", "-")) for one in headings}, target
        assert path.is_file() or (path.parent.name == "generated" and path.name in written), f"{page.name}: {target}"


def test_clouds_are_called_what_connect_calls_them() -> None:
    """Every cloud has its line in the page on connecting, and no page names one that there is not."""
    page = (DOCS / "howto" / "connect.md").read_text(encoding="utf-8")
    named = set(re.findall(r'^\| [^|]+\| `"(\w+)"`', page, re.MULTILINE))
    assert named == set(CLOUDS)
    for path in (*PAGES, ROOT / "README.md"):
        assert set(re.findall(r'cloud="(\w+)"', path.read_text(encoding="utf-8"))) <= named, path.name


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


def test_the_site_lists_what_every_call_needs(site) -> None:
    """The table of permissions is the one `check_access` works with, and names every call that asks Graph."""
    text = (site / "generated" / "permissions.html").read_text(encoding="utf-8")
    text = re.sub(r"</?span[^>]*>", "", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    rows = [html.unescape(re.sub(r"<[^>]+>", " ", row)) for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL)]
    for need in NEEDS:
        row = next(row for row in rows if " ".join(row.split()).startswith(f"{need.function} "))
        for said in (permission_of(need), need.role, need.licence, need.hides):
            assert said in " ".join(row.split())
    asked = {need.function.partition("(")[0] for need in NEEDS}
    assert {name for name in gi.__all__ if name.startswith(("list_", "get_", "run_"))} == asked
    assert text.count('href="https://learn.microsoft.com/graph/api/') == len(NEEDS)
    for kind in KINDS.values():
        assert kind.write in text


def test_permissions_are_those_that_microsoft_publishes(shared_dir) -> None:
    """Each call asks for the least permission that its address takes, delegated and as application."""
    known = json.loads((shared_dir / "graph" / "endpoints.json").read_text(encoding="utf-8"))["endpoints"]
    least = {one["path"]: one["permissions"] for one in known if one["method"] == "GET" and one["permissions"]}
    least["/security/runHuntingQuery"] = next(
        one["permissions"] for one in known if one["path"] == "/security/runHuntingQuery"
    )
    places = {name: resource.path for name, resource in RESOURCES.items()}
    places |= {
        "run_hunting_query": "/security/runHuntingQuery",
        "threat_intelligence": "/security/threatIntelligence/hosts/{id}/reputation",
    }
    checked = 0
    for need in NEEDS:
        if need.function == "list_user_devices":  # of anybody: delegated User.Read is for one's own
            assert permission_of(need) in least["/users/{id}/ownedDevices"]["application"]
        elif places[need.resource] in least:
            for kind in ("delegated", "application"):
                assert permission_of(need) == least[places[need.resource]][kind][0], (need.function, kind)
            checked += 1
    assert checked >= 17
    for kind in KINDS.values():
        written = [one for one in known if one["path"].startswith(kind.resource.path) and one["method"] != "GET"]
        assert any(kind.write in one["permissions"]["application"] for one in written if one["permissions"]), kind.name


def test_the_site_loads_nothing_from_elsewhere(site) -> None:
    """Pages bring their own styles and scripts."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        addresses = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert addresses, page.name
        for address in addresses:
            assert not address.startswith(("http:", "https:", "//")), f"{page.name}: {address}"


def words_of(text: str) -> str:
    """Its letters and digits, without anything between them."""
    return re.sub(r"[\W_]+", "", text)


def test_the_tutorial_is_the_notebooks(site) -> None:
    """Each notebook is a page, with all of its text."""
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        page = (site / "generated" / f"{path.stem}.html").read_text(encoding="utf-8")
        shown = words_of(html.unescape(re.sub(r"<[^>]+>", "", page)))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert len(cells) > 10
        for cell in cells:
            said = "".join(cell["source"])
            if cell["cell_type"] == "markdown":  # marks are what the page draws
                said = re.sub(r"\]\([^)]*\)|^#+|^\d+\.|^\||^[-:| ]+$", "", said, flags=re.MULTILINE)
            missing = [line for line in said.splitlines() if words_of(line) not in shown]
            assert missing == [], f"{path.stem}: {missing[0]}"

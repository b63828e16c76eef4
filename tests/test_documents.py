"""What people read runs: every Python block of the README, and every notebook from top to bottom."""

from __future__ import annotations

import ast
import json
import os
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import graphinvestigate as gi
from graphinvestigate.actions.kinds import KINDS
from graphinvestigate.demo import serve
from graphinvestigate.queries.access import NEEDS, permission_of

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_every_python_block_of_the_readme_runs(tmp_path) -> None:
    """The README's Python blocks run one after the other, as a reader would paste them."""
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    """Two commands do all the set-up: one ends in the main job, one in the tests."""
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [line.rpartition("&& ")[2] for line in lines] == [".venv/bin/graphinvestigate demo", ".venv/bin/pytest"]


def test_the_readme_shows_the_workbench_and_leads_somewhere() -> None:
    """Its picture is there and small, and every link within the repository leads to a file."""
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", README) if "://" not in target]
    assert "docs/images/workbench.png" in targets
    for target in targets:
        assert (ROOT / target.partition("#")[0]).is_file(), target
    picture = (ROOT / "docs" / "images" / "workbench.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == (1280, 1240), "as tools/make_pictures.py makes it"
    assert len(picture) <= 200_000


def test_the_readme_names_the_permission_and_licence_of_every_call() -> None:
    """Its table says of each call that asks Graph what `check_access` says."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in README.splitlines() if line.startswith("| `")]
    for need in NEEDS:
        ((_, permission, licence),) = [row for row in rows if f"`{need.function.partition('(')[0]}`" in row[0]]
        assert permission == f"`{permission_of(need)}`", need.function
        assert set(re.findall(r"[A-Z]\w+", need.licence)) <= set(re.findall(r"[A-Z]\w+", licence)), need.function
    for kind in KINDS.values():
        assert f"`{kind.write}`" in README


def executed(notebook: Path, folder: Path) -> Path:
    """The notebook after it was run from top to bottom in a fresh kernel."""
    target = folder / notebook.name
    command = [
        *(sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", str(notebook)),
        *("--output", str(target), "--ExecutePreprocessor.timeout=120"),
        "--ExecutePreprocessor.store_widget_state=False",
    ]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder), "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return target


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_freezes_and_stays_small(notebook, tmp_path) -> None:
    """Every cell runs without an error or a warning and shows something, frozen it still does, and under 1 MB."""
    target = executed(notebook, tmp_path)
    assert target.stat().st_size < 1_000_000
    cells = json.loads(target.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 5
    for cell in code:
        kinds = {output["output_type"] for output in cell["outputs"]}
        said = "".join("".join(one.get("text", "")) for one in cell["outputs"] if one.get("name") == "stderr")
        assert not said.rpartition("\r")[2].strip(), said  # a progress bar that came and went leaves nothing
        if "parameters" not in cell["metadata"].get("tags", ()):
            assert kinds, f"nothing to see: {''.join(cell['source'])}"
    frozen = gi.freeze_notebook(target)
    assert frozen.bytes < 1_000_000
    text = frozen[0].read_text(encoding="utf-8")
    assert "application/vnd.jupyter.widget" not in text
    assert "runs only with its kernel" not in text, "a widget has no twin"
    still = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert [len(cell["outputs"]) for cell in still] == [len(cell["outputs"]) for cell in code]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_differs_by_one_line_in_a_real_tenant(notebook) -> None:
    """The line to use instead stands below the one that connects, and no other line knows of the demo tenant."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "code" for line in "".join(cell["source"]).splitlines()]
    (at,) = [at for at, line in enumerate(lines) if line.startswith("client = gi.connect_demo(")]
    live = lines[at + 1].partition("#")[2].strip()
    (call,) = ast.parse(live).body
    assert ast.unparse(call).startswith("client = gi.connect(tenant_id=")
    chosen = {"seed", "alert_count", "connect_demo"}
    for number, line in enumerate(lines):
        if number != at and not line.startswith(("seed = ", "alert_count = ")):
            assert not chosen & set(re.findall(r"\w+", line)), line
    words = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert "your own tenant" in words.replace("\n", " ")
    assert "can mislead" in words or "not know" in words or "don't know" in words


def test_a_notebook_runs_on_a_tenant_that_is_somewhere_else(tmp_path) -> None:
    """With only its connecting line changed, the triage notebook runs against a server that speaks Graph."""
    (notebook,) = [path for path in NOTEBOOKS if path.stem.startswith("02")]
    text = notebook.read_text(encoding="utf-8")
    with serve(port=0, seed=4, alerts=60) as server:
        changed = re.sub(r"client = gi\.connect_demo\([^)]*\)", f"client = gi.connect_emulator('{server.url}')", text)
        assert changed != text
        elsewhere = tmp_path / "elsewhere.ipynb"
        elsewhere.write_text(changed, encoding="utf-8")
        (tmp_path / "run").mkdir()
        executed(elsewhere, tmp_path / "run")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(notebook) -> None:
    """A notebook in the repository carries no output, no widget state and no path of anybody's machine."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert "widgets" not in content["metadata"]
    assert all(not cell.get("outputs") for cell in content["cells"])


def test_binder_pins_every_dependency_with_its_hashes() -> None:
    """What Binder installs satisfies pyproject.toml, each distribution with one version and its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["lab"]]]
    pins = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:", pins, re.MULTILINE))
    assert len(pinned) == len(re.findall(r"^[\w.-]+==", pins, re.MULTILINE)) > 50
    for requirement in wanted:
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is pinned to {version}"

"""`graphinvestigate freeze` on files, as a pre-commit hook and as a git filter, in a real repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from graphinvestigate.cli import main

ROOT = Path(__file__).resolve().parents[3]
JWT = "eyJhbGciOiJSUzI1NiJ9" + ".eyJhdWQiOiJncmFwaCJ9" + ".c2lnbmF0dXJl"
FREEZE = f'"{sys.executable}" -m graphinvestigate freeze'


def notebook(source: str = "x = 1") -> str:
    """A live notebook: widget state, a widget, an output."""
    cell = nbformat.v4.new_code_cell(source, execution_count=3)
    cell.outputs = [nbformat.v4.new_output("stream", text="alice@contoso.test\n")]
    made = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    return nbformat.writes(made)


def run(*arguments: str, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a program where nothing of this account's git settings holds."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "test@x.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    return subprocess.run(
        arguments, cwd=cwd, input=stdin, env=environment, capture_output=True, check=False, timeout=120
    )


def freeze(*arguments: str, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    return run(sys.executable, "-m", "graphinvestigate", "freeze", *arguments, cwd=cwd, stdin=stdin)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A new git repository."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    assert run("git", "init", "-q", "-b", "main", str(tmp_path), cwd=tmp_path).returncode == 0
    return tmp_path


def test_files_are_frozen_and_the_reader_is_told(tmp_path: Path, monkeypatch, capsys) -> None:
    """The command writes beside, elsewhere or in place, and says size, what went and who is still named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.ipynb").write_text(notebook())
    assert main(["freeze", "n.ipynb"]) == 0
    said = capsys.readouterr().out
    assert re.search(
        r"n-frozen\.ipynb: [\d,]+ bytes.*left out: .*widget state.*account: 1.*gi\.redact", said, re.DOTALL
    )
    assert main(["freeze", "n.ipynb"]) == 2
    assert "overwrite=True" in capsys.readouterr().err
    assert main(["freeze", "n.ipynb", "--output", "other.ipynb"]) == 0
    assert main(["freeze", "n.ipynb", "--in-place"]) == 0
    contents = {(tmp_path / name).read_bytes() for name in ("n.ipynb", "n-frozen.ipynb", "other.ipynb")}
    assert len(contents) == 1
    assert main(["freeze", "--check", "n.ipynb"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a notebook"),
        (("--filter", "n.ipynb"), "standard input"),
        (("n.ipynb", "--strip"), "--strip goes with"),
        (("a.ipynb", "b.ipynb", "--output", "c.ipynb"), "one notebook"),
    ],
)
def test_wrong_usage_is_said(arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """Options that do not go together are wrong usage, with a word on what does."""
    monkeypatch.chdir(tmp_path)
    assert main(["freeze", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_filter_commits_the_frozen_notebook_and_leaves_the_live_one(repository: Path) -> None:
    """With the git filter, the commit holds the frozen notebook, the folder the live one, and status is clean."""
    run("git", "config", "filter.freeze.clean", f"{FREEZE} --filter", cwd=repository)
    run("git", "config", "filter.freeze.required", "true", cwd=repository)
    (repository / ".gitattributes").write_text("*.ipynb filter=freeze\n")
    live = notebook()
    (repository / "n.ipynb").write_text(live)
    assert run("git", "add", ".", cwd=repository).returncode == 0
    assert run("git", "commit", "-qm", "x", cwd=repository).returncode == 0
    stored = run("git", "show", "HEAD:n.ipynb", cwd=repository).stdout
    assert "widgets" not in json.loads(stored)["metadata"]
    assert json.loads(stored)["cells"][0]["outputs"]
    assert (repository / "n.ipynb").read_text() == live
    assert run("git", "status", "--porcelain", cwd=repository).stdout == b""


def test_the_filter_can_strip_all_outputs(tmp_path: Path) -> None:
    """With --strip nothing of a run is left: no outputs, no counts; twice is the same."""
    once = freeze("--filter", "--strip", cwd=tmp_path, stdin=notebook().encode())
    cell = json.loads(once.stdout)["cells"][0]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert freeze("--filter", "--strip", cwd=tmp_path, stdin=once.stdout).stdout == once.stdout


def test_a_secret_is_not_added(repository: Path) -> None:
    """With the filter a notebook that holds a token cannot be added; the token stands in no message and no object."""
    run("git", "config", "filter.freeze.clean", f"{FREEZE} --filter", cwd=repository)
    run("git", "config", "filter.freeze.required", "true", cwd=repository)
    (repository / ".gitattributes").write_text("*.ipynb filter=freeze\n")
    (repository / "n.ipynb").write_text(notebook(f"token = '{JWT}'"))
    done = run("git", "add", "n.ipynb", cwd=repository)
    assert done.returncode != 0
    assert b"token (JWT) in cell 1" in done.stderr
    assert JWT.encode() not in done.stdout + done.stderr
    assert run("git", "ls-files", cwd=repository).stdout == b""


def hook(repository: Path) -> None:
    """The hook that docs/sharing-notebooks.md shows, with this Python."""
    text = (ROOT / "docs" / "sharing-notebooks.md").read_text("utf-8")
    (script,) = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", text, re.DOTALL)
    path = repository / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(script.replace("graphinvestigate freeze", FREEZE.replace('"', "'")))
    path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="the hook is a shell script")
def test_the_hook_stops_a_live_notebook_and_lets_a_frozen_one_pass(repository: Path) -> None:
    """The documented hook refuses to commit a notebook that is live or holds a secret, and says what to do."""
    hook(repository)
    (repository / "n.ipynb").write_text(notebook())
    run("git", "add", ".", cwd=repository)
    stopped = run("git", "commit", "-qm", "x", cwd=repository)
    assert stopped.returncode != 0
    assert b"n.ipynb is not as it should be shared" in stopped.stdout + stopped.stderr
    assert freeze("--in-place", "n.ipynb", cwd=repository).returncode == 0
    run("git", "add", ".", cwd=repository)
    assert run("git", "commit", "-qm", "x", cwd=repository).returncode == 0
    (repository / "secret.ipynb").write_text(notebook(f"token = '{JWT}'"))
    run("git", "add", ".", cwd=repository)
    stopped = run("git", "commit", "-qm", "y", cwd=repository)
    assert stopped.returncode != 0
    assert b"token (JWT)" in stopped.stdout + stopped.stderr


@pytest.mark.skipif(os.name != "posix", reason="the hook is a shell script")
def test_the_hook_looks_at_what_is_committed(repository: Path) -> None:
    """A live notebook that is staged is refused though the one in the folder is frozen, and under a new name, too."""
    hook(repository)
    folder = repository / "a folder"
    folder.mkdir()
    (folder / "n.ipynb").write_text(notebook("\n".join(f"x{n} = {n}" for n in range(200))))
    run("git", "add", ".", cwd=repository)
    assert freeze("--in-place", "a folder/n.ipynb", cwd=repository).returncode == 0
    stopped = run("git", "commit", "-qm", "x", cwd=repository)
    assert stopped.returncode != 0
    assert b"n.ipynb is not as it should be shared" in stopped.stdout + stopped.stderr
    run("git", "add", ".", cwd=repository)
    assert run("git", "commit", "-qm", "x", cwd=repository).returncode == 0
    run("git", "mv", "a folder/n.ipynb", "m.ipynb", cwd=repository)
    text = (repository / "m.ipynb").read_text()
    live = json.loads(text)
    live["metadata"]["widgets"] = {"state": {}}
    (repository / "m.ipynb").write_text(json.dumps(live, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    run("git", "add", ".", cwd=repository)
    assert run("git", "diff", "--cached", "--name-status", cwd=repository).stdout.startswith(b"R"), "git sees no rename"
    assert run("git", "commit", "-qm", "y", cwd=repository).returncode != 0
    run("git", "reset", "-q", "--hard", cwd=repository)
    run("git", "rm", "-q", "a folder/n.ipynb", cwd=repository)
    assert run("git", "commit", "-qm", "gone", cwd=repository).returncode == 0


def test_the_pre_commit_hook_is_declared() -> None:
    """`.pre-commit-hooks.yaml` offers the check to pre-commit, with the command that exists."""
    import yaml

    (declared,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert declared["id"] == "graphinvestigate-freeze"
    assert declared["entry"] == "graphinvestigate freeze --check"
    assert (declared["language"], declared["types"]) == ("python", ["jupyter"])

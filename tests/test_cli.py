"""The command line, as a user runs it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.cli import _parser, main, notebooks_folder
from graphinvestigate.cli.words import WORDS
from graphinvestigate.client.clouds import CLOUDS
from tests.outside import running

COMMAND = [sys.executable, "-m", "graphinvestigate"]


def test_demo_investigates_and_writes_its_report(world, tmp_path) -> None:
    """`graphinvestigate demo` prints the investigation, writes one file and nothing on stderr."""
    done = subprocess.run([*COMMAND, "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert world.tenant.truth.attack.incident_id in done.stdout
    assert "graphinvestigate-demo.html" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["graphinvestigate-demo.html"]
    assert "\x1b" not in done.stdout


def test_demo_of_one_seed_is_the_same_every_time(tmp_path, capsys) -> None:
    """Same seed, same words, apart from the seconds spent waiting for limits."""
    arguments = ["demo", "--seed", "7", "--alerts", "40", "--output", str(tmp_path / "r.html")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert main(arguments) == 0
    second = capsys.readouterr().out
    waited = re.compile(r"\d+\.\d(?= +(True|False))")
    assert waited.sub("", second) == waited.sub("", first)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--alerts", "3"], "30"),
        (["demo", "--since", "yesterday"], "7d"),
        (["demo", "--output", "no/such/folder/report.html"], "folder"),
        (["demo", "--output", "."], "file to write"),
        (["serve", "--port", "99999"], "65535"),
        (["app", "--port", "99999", "--no-browser"], "65535"),
        (["watch", "--state", "s", "--tenant-id", "t", "--client-id", "c"], "GRAPHINVESTIGATE_CLIENT_SECRET"),
        (["watch", "--state", "s", "--emulator", "ftp://x"], "http://127.0.0.1:8080"),
    ],
)
def test_wrong_input_is_one_line_that_says_what_to_do(arguments, words, capsys, tmp_path, monkeypatch) -> None:
    """No traceback: one line on stderr, exit status 2, no file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAPHINVESTIGATE_CLIENT_SECRET", raising=False)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("graphinvestigate: ")
    assert words in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="SIGINT reaches child processes differently on Windows")
def test_serve_answers_the_real_client_until_ctrl_c() -> None:
    """`graphinvestigate serve` serves the same tenant over loopback HTTP, and Ctrl-C ends it without a traceback."""
    command = [*COMMAND, "serve", "--port", "0", "--alerts", "40"]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        with gi.connect_emulator(url) as client, gi.connect_demo(alerts=40) as in_process:
            served = gi.list_alerts(client, since="20d")
            assert 0 < len(served) <= 40
            assert list(served["id"]) == list(gi.list_alerts(in_process, since="20d")["id"])
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert "Traceback" not in stderr
    assert process.returncode in {0, 130}


@pytest.mark.skipif(os.name == "nt", reason="processes cannot be replaced on Windows")
def test_lab_opens_the_notebooks_with_jupyterlabs_own_options(tmp_path) -> None:
    """`graphinvestigate lab --no-browser …` starts JupyterLab on the first notebook; other options are JupyterLab's."""
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--LabApp.news_url="]
    folders = {name: str(tmp_path) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    command = [*COMMAND, "lab", *options]
    with running(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **folders}) as process:
        stop = threading.Timer(90, process.kill)
        stop.start()
        said = next((line for line in process.stderr if "Serving notebooks from local directory" in line), "")
        next((line for line in process.stderr if "Jupyter Server" in line), "")
        process.terminate()
        process.communicate(timeout=30)
        stop.cancel()
    assert str(notebooks_folder()) in said


def test_the_help_explains_the_exit_status(capsys) -> None:
    """Each status that a command ends with stands in `--help`, and in the how-to of handing over."""
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert re.findall(r"^  (\d+)  ", said, re.MULTILINE) == ["0", "1", "2", "3", "4", "130"]
    words = (Path(__file__).resolve().parents[1] / "docs" / "howto" / "hand-over.md").read_text("utf-8")
    assert all(status in words for status in ("with 0 when", "3 where", "1 when", "2\nafter", "130 after"))


def test_unknown_options_are_refused_elsewhere(capsys) -> None:
    """Only `lab` passes options on; a misspelt one of `demo` is an error that names it."""
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--sede", "3"])
    assert stopped.value.code == 2
    assert "--sede" in capsys.readouterr().err


def test_lab_finds_the_notebooks_of_a_checkout() -> None:
    """`graphinvestigate lab` opens on the first notebook."""
    assert (notebooks_folder() / "01-first-investigation.ipynb").is_file()
    assert notebooks_folder() == Path(__file__).resolve().parents[1] / "notebooks"


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    """A case that `graphinvestigate demo --case` kept."""
    folder = tmp_path_factory.mktemp("cases")
    arguments = ["demo", "--alerts", "30", "--case", str(folder / "INC-1"), "--output", str(folder / "demo.html")]
    assert main(arguments) == 0
    return folder / "INC-1"


def test_verify_names_what_is_wrong_and_its_exit_status_says_so(case, tmp_path, capsys) -> None:
    """`verify` is quiet about a whole case and names each changed, missing and extra file of another."""
    assert main(["verify", "--case", str(case)]) == 0
    assert "SHA-256 of files and manifest" in capsys.readouterr().out
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    (copy / "extra\x1b[31m.txt").write_text("x")
    (copy / "notes.json").unlink()
    assert main(["verify", str(copy)]) == 3
    said = capsys.readouterr()
    assert "notes.json: named in the manifest, and not there" in said.out
    assert "extra\\u001b[31m.txt" in said.out
    assert "\x1b" not in said.out
    assert "2 problems" in said.err


def test_replay_and_report_give_the_same_file(case, tmp_path, capsys) -> None:
    """`replay` rebuilds what `report` writes, with no tenant, and says that it is the same."""
    assert main(["replay", "--case", str(case), "--output", str(tmp_path / "replay.html")]) == 0
    assert "the same as saved, byte for byte" in capsys.readouterr().out
    assert main(["report", "--case", str(case), "--output", str(tmp_path / "report.html")]) == 0
    assert (tmp_path / "report.html").read_bytes() == (tmp_path / "replay.html").read_bytes()
    assert main(["report", "--case", str(case), "--output", str(tmp_path / "ticket.md")]) == 0
    assert (tmp_path / "ticket.md").read_text(encoding="utf-8").startswith("# ")
    assert main(["verify", "--case", str(case)]) == 0


def test_report_goes_beside_the_case_by_default(case, capsys) -> None:
    """Without --output the report stands beside the case, where verify does not call it an extra file."""
    assert main(["report", "--case", str(case)]) == 0
    assert (case.parent / "INC-1-report.html").is_file()
    assert main(["verify", "--case", str(case)]) == 0


def test_diff_says_in_words_what_is_new(case, tmp_path, capsys) -> None:
    """`diff --before OLD NEW` tells what is new."""
    newer = gi.open_case(case)
    newer.note("called the user")
    newer.save(tmp_path / "newer")
    assert main(["diff", "--case", str(tmp_path / "newer"), "--before", str(case)]) == 0
    assert "1 new note: “called the user”." in capsys.readouterr().out
    assert main(["diff", "--case", str(case), "--before", str(case)]) == 0
    assert "nothing new" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (["verify"], "name one case", 2),
        (["verify", "nothing-there"], "no such case", 1),
        (["replay", "--case", "."], "no case", 1),
        (["report", "--case", "CASE", "--output", "no/such/folder.html"], "folder that exists", 2),
        (["report", "--case", "CASE", "--output", "CASE/report.html"], "inside the case", 2),
    ],
)
def test_wrong_input_of_the_case_commands_is_one_line(arguments, words, status, case, capsys) -> None:
    """No traceback: one line on stderr that says what to do."""
    assert main([one.replace("CASE", str(case)) if one != "--case" else one for one in arguments]) == status
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("command", sorted(WORDS))
def test_help_says_what_a_command_is_for_and_what_to_try(command, capsys) -> None:
    """Every command's help has sentences above its options and lines below that the command line takes."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    before = told.partition("options:")[0].partition("\n\n")[2]
    assert len(before.split()) >= 12
    assert before.rstrip().endswith((".", "\n")) or "positional" in before
    lines = re.findall(r"^  graphinvestigate (.+)$", told.partition("try:")[2], re.MULTILINE)
    assert lines
    for line in lines:
        chosen = _parser().parse_args([word.replace("*", "n") for word in line.split()])
        assert chosen.command == command


def test_help_of_all_lists_every_command(capsys) -> None:
    """`graphinvestigate --help` names each command and where to begin; none is without its words."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert "graphinvestigate demo" in told
    assert {one for one in WORDS if re.search(rf"^    {one}\b", told, re.MULTILINE)} == set(WORDS)


def test_watch_takes_the_clouds_that_connect_takes() -> None:
    """No cloud is missing or called something else."""
    for cloud in CLOUDS:
        assert _parser().parse_args(["watch", "--state", "s", "--cloud", cloud]).cloud == cloud
    with pytest.raises(SystemExit):
        _parser().parse_args(["watch", "--state", "s", "--cloud", "usgovdod"])


@pytest.mark.parametrize("command", ["replay", "report"])
def test_where_a_report_cannot_go_is_said_before_the_work(command, case, tmp_path, capsys) -> None:
    """A folder, a place below a file, or the case itself, which verify would then find changed."""
    (tmp_path / "file").write_text("x")
    for output in (tmp_path, tmp_path / "file" / "r.html", case / "r.html"):
        assert main([command, str(case), "--output", str(output)]) == 2
        assert "--output" in capsys.readouterr().err
    assert main(["verify", str(case)]) == 0


def test_what_a_disk_refuses_is_one_line_that_names_the_file(case, tmp_path, capsys, monkeypatch) -> None:
    """Full, or not to be written: one line, and the exit status of an error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "n.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "r.html")

    monkeypatch.setattr("os.fsync", full)
    for arguments in (["replay", str(case), "--output", "r.html"], ["freeze", "n.ipynb", "--output", "f.ipynb"]):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert re.fullmatch(r"graphinvestigate: [^\n]*No space left on device[^\n]*\n", said), said
    assert main(["bench", "--rows", "start", "--output", "out"]) == 2
    assert "--output out is no folder that can be written" in capsys.readouterr().err

"""The command line, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.cli import main, notebooks_folder

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
    ],
)
def test_wrong_input_is_one_line_that_says_what_to_do(arguments, words, capsys, tmp_path, monkeypatch) -> None:
    """No traceback: one line on stderr, exit status 2, no file."""
    monkeypatch.chdir(tmp_path)
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
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
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
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **folders}) as process:
        stop = threading.Timer(90, process.kill)
        stop.start()
        said = next((line for line in process.stderr if "Serving notebooks from local directory" in line), "")
        next((line for line in process.stderr if "Jupyter Server" in line), "")
        process.terminate()
        process.communicate(timeout=30)
        stop.cancel()
    assert str(notebooks_folder()) in said


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

"""A notebook run headless with other parameters, the command line, and clicks in a widget: one result."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.cli import main
from graphinvestigate.cli.demo import notebooks_folder

SEED, ALERTS, SINCE = 4, 30, "20d"
AUTHOR = "the responder on shift"


def papermill(notebook: Path, output: Path, **parameters: Any) -> dict[str, Any]:
    """Run a notebook as its users do: papermill in a process of its own, every warning told; what came of it."""
    pytest.importorskip("papermill", reason="needs papermill (extra `lab`)")
    given = [text for name, value in parameters.items() for text in ("-p", name, str(value))]
    command = [sys.executable, "-W", "error", "-m", "papermill", str(notebook), str(output), "--no-progress-bar"]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(output.parent), "PYTHONWARNINGS": ""}
    done = subprocess.run(
        [*command, "-k", "python3", *given], capture_output=True, text=True, timeout=300, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "unknown parameter" not in done.stderr  # each stands in the cell tagged `parameters`
    return json.loads(output.read_text(encoding="utf-8"))


def rebuilt(case: gi.Case) -> dict[str, Any]:
    """The hashes of what a case's records give, its report apart: that says when it was saved."""
    derived = json.loads(json.dumps(case.manifest.derived))
    for frame in derived["frames"].values():
        frame["columns"].pop("pull_id", None)  # which of its own requests a client made
    return {name: derived[name] for name in ("frames", "graph", "timeline")}


def masked(text: str, case: gi.Case) -> str:
    """A report without when and as what the case was saved."""
    for value in (case.case_id, case.manifest.content_sha256, *case.notes["note_id"]):
        text = text.replace(value, "…")
    year = case.manifest.saved[:4]
    return re.sub(rf"\b{year}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?", "…", text)


def test_the_last_notebook_run_by_papermill_gives_what_code_gives(tmp_path: Path) -> None:
    """Notebook 05 with other parameters makes the case that the same calls make, and the command line its report."""
    run = papermill(
        notebooks_folder() / "05-close-report-hand-over.ipynb", tmp_path / "run.ipynb",
        seed=SEED, alert_count=ALERTS, since=SINCE, folder=tmp_path / "case",
    )  # fmt: skip
    by_papermill = gi.open_case(tmp_path / "case")
    assert [cell for cell in run["cells"] if "injected-parameters" in cell["metadata"].get("tags", ())]

    client = gi.connect_demo(seed=SEED, alerts=ALERTS)
    alerts, incidents = gi.list_alerts(client, since=SINCE), gi.list_incidents(client, since=SINCE)
    risk = gi.list_risk_detections(client, since=SINCE)
    sign_ins = gi.list_sign_ins(client, since=SINCE, event_types=["interactive", "nonInteractive"])
    g = gi.entity_graph(alerts=alerts, incidents=incidents, risk_detections=risk, sign_ins=sign_ins)
    by_code = gi.Case(by_papermill.name, author=AUTHOR)
    by_code.add(alerts, incidents, risk, sign_ins, g, client)
    for note in sorted(by_papermill._contents.notes.values(), key=lambda one: one.written):
        by_code.add(note)
    by_code.save(tmp_path / "by-code")
    assert rebuilt(by_papermill) == rebuilt(by_code)
    assert len(by_code.frames["alerts"]) > 10
    assert by_code.verdict is not None
    assert masked(by_papermill.markdown(), by_papermill) == masked(by_code.markdown(), by_code)
    assert main(["report", "--case", str(tmp_path / "case"), "--output", str(tmp_path / "by-command.html")]) == 0
    assert (tmp_path / "by-command.html").read_bytes() == (tmp_path / "report.html").read_bytes()


def clicked(client: gi.GraphClient, g: Any, alerts: Any) -> Any:
    """An explorer in which somebody chose the user with most links and pressed Pivot."""
    explorer = gi.EntityExplorer(client, g, frames=[alerts], since=SINCE)
    users = [node for node in g if isinstance(node, gi.Entity) and node.kind == "user"]
    most = max(users, key=lambda node: (g.degree(node), node.key))
    explorer._choice.value = next(name for name, node in explorer._by_label.items() if node == most)
    explorer._button.click()
    assert explorer._messages.error is None
    return explorer


def test_papermill_of_the_explorers_code_gives_what_its_clicks_gave(tmp_path: Path) -> None:
    """The case of an explorer that was clicked is the case of a headless notebook with the code that it tells."""
    client = gi.connect_demo(seed=SEED, alerts=ALERTS)
    alerts = gi.list_alerts(client, since=SINCE)
    g = gi.entity_graph(alerts=alerts)
    explorer = clicked(client, g, alerts)
    by_clicks = gi.Case("clicked", author=AUTHOR)
    by_clicks.add(alerts, explorer)
    by_clicks.save(tmp_path / "by-clicks")
    assert len(by_clicks.frames["sign_ins"])

    begin = (
        "import graphinvestigate as gi\n"
        "client = gi.connect_demo(seed=seed, alerts=alert_count)\n"
        "alerts = gi.list_alerts(client, since=since)\n"
        "g, frames = gi.entity_graph(alerts=alerts), [alerts]\n"
    )
    end = f"case = gi.Case('clicked', author={AUTHOR!r})\ncase.add(alerts, explorer)\ncase.save(folder)\n"
    sources = ["seed = 0\nalert_count = 60\nsince = '1d'\nfolder = ''", begin, explorer.to_code(), end]
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {"tags": ["parameters"] if at == 0 else []},
         "outputs": [], "execution_count": None, "source": source}
        for at, source in enumerate(sources)
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "headless.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    papermill(
        tmp_path / "headless.ipynb", tmp_path / "run.ipynb",
        seed=SEED, alert_count=ALERTS, since=SINCE, folder=tmp_path / "by-papermill",
    )  # fmt: skip
    by_papermill = gi.open_case(tmp_path / "by-papermill")
    assert rebuilt(by_papermill) == rebuilt(by_clicks)
    told = [[(one["action"], one.get("key")) for one in case.actions] for case in (by_papermill, by_clicks)]
    assert told[0] == told[1]
    assert ("pivot", explorer.selected.key) in told[0]
    assert masked(by_papermill.markdown(), by_papermill) == masked(by_clicks.markdown(), by_clicks)


@pytest.mark.parametrize("notebook", sorted(notebooks_folder().glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_names_its_parameters(notebook: Path) -> None:
    """Each notebook has one cell tagged `parameters`, of plain assignments, and uses each of them further down."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    (at,) = [at for at, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", ())]
    names = re.findall(r"^(\w+) = ", "".join(cells[at]["source"]), re.MULTILINE)
    assert names[:3] == ["seed", "alert_count", "since"]
    assert len(names) == len(cells[at]["source"])
    code = "\n".join("".join(cell["source"]) for cell in cells[at + 1 :] if cell["cell_type"] == "code")
    assert all(re.search(rf"\b{name}\b", code) for name in names)

"""The peer's row of the benchmark: the same alerts go to both, and what the other interpreter says is what is shown."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from graphinvestigate.cli import main
from graphinvestigate.errors import UsageError
from graphinvestigate.scale.bench.peers import graphs, msticpy, security_alert
from graphinvestigate.scale.bench.synthetic import alert_pages

# A stand-in with the peer's documented call; like it, it knows alerts by their display name.
STAND_IN = """
import json
import networkx as nx

class EntityGraph:
    def __init__(self, alerts):
        print("<div>notebook output</div>")
        self.graph = nx.Graph()
        for _, row in alerts.iterrows():
            name = "Alert: " + row["DisplayName"]
            self.graph.add_node(name, Type="alert")
            for entity in json.loads(row["Entities"]):
                key = entity["Type"] + str(entity.get("Address") or entity.get("Name") or entity["$id"])
                self.graph.add_node(key, Type=entity["Type"])
                self.graph.add_edge(name, key)
"""


@pytest.fixture
def other(tmp_path: Path) -> str:
    """An interpreter that has a package called msticpy, and not ours."""
    (tmp_path / "site" / "msticpy" / "vis").mkdir(parents=True)
    (tmp_path / "site" / "msticpy" / "vis" / "entity_graph_tools.py").write_text(STAND_IN)
    (tmp_path / "site" / "msticpy-3.9.9.dist-info").mkdir()
    (tmp_path / "site" / "msticpy-3.9.9.dist-info" / "METADATA").write_text("Name: msticpy\nVersion: 3.9.9\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} "$@"\n')
    python.chmod(0o700)
    return os.fspath(python)


def test_alerts_become_rows_of_the_table():
    """Every alert is one row of SecurityAlert, with its id, its times and all four entities that its evidence names."""
    alerts = json.loads(next(alert_pages(100)))["value"]
    rows = [security_alert(alert) for alert in alerts]
    assert [row["SystemAlertId"] for row in rows] == [alert["id"] for alert in alerts]
    entities = [json.loads(row["Entities"]) for row in rows]
    assert {len(found) for found in entities} == {4}
    assert {entity["Type"] for found in entities for entity in found} == {
        "account", "host", "ip", "process", "file", "url", "cloud-application"
    }  # fmt: skip
    assert entities[0][2]["Address"] == alerts[0]["evidence"][2]["ipAddress"]


def test_the_peer_answers_from_its_own_interpreter(other: str):
    """What is said of the peer is what it found: nodes, edges, alerts kept, its version, its times and memory."""
    found = {one.measure: one for one in graphs(other, 40)}
    assert found["msticpy 3.9.9: alert nodes kept"].value == 5  # titles
    assert found["ours: alert nodes kept"].value == 40
    rows = [security_alert(alert) for alert in json.loads(next(alert_pages(40, page=40)))["value"]]
    said = msticpy(other, rows)
    assert said["version"] == "3.9.9"
    assert f"{said['nodes']} nodes, {said['edges']} edges" in found["msticpy 3.9.9: alert nodes kept"].note
    ratio = found["msticpy 3.9.9: processor time / ours"].value
    ours, theirs = (found[f"{who}: graph, s of processor"].value for who in ("ours", "msticpy 3.9.9"))
    assert ratio == pytest.approx(theirs / ours)
    for who in ("ours", "msticpy 3.9.9"):
        assert found[f"{who}: import, s"].value > 0
        assert 20 < found[f"{who}: MB after the import"].value < 2000


def test_an_interpreter_without_the_peer_is_refused(tmp_path: Path, capsys):
    """An interpreter that is not there, has no msticpy or says nonsense is a UsageError that says what to do."""
    quiet = tmp_path / "quiet"
    quiet.write_text("#!/bin/sh\nexit 0\n")
    quiet.chmod(0o700)
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')  # without its site-packages
    bare.chmod(0o700)
    for python in (str(tmp_path / "absent"), str(bare), str(quiet)):
        with pytest.raises(UsageError, match=r"--peer-python .*msticpy==3"):
            msticpy(python, [])
    assert main(["bench", "--rows", "peers", "--peer-python", str(quiet)]) == 2
    assert "--peer-python" in capsys.readouterr().err

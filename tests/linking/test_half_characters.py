"""A name with half a character in it, which JSON and the names of files may hold, is a name like any other."""

from __future__ import annotations

import json

import networkx as nx
import pytest

import graphinvestigate as gi
from graphinvestigate.cases import Case

HALVES = ("\ud800", "a\udfffb")


@pytest.fixture(params=HALVES)
def alerts(request):
    """Two alerts whose evidence names users, a host, a file, a link and a process so."""
    half = request.param
    security = "#microsoft.graph.security."

    def alert(number):
        account = {"userPrincipalName": f"{half}u{number}@example.org", "accountName": half, "displayName": half}
        items = [
            {"@odata.type": f"{security}userEvidence", "userAccount": account},
            {"@odata.type": f"{security}deviceEvidence", "deviceDnsName": f"{half}h.example.org", "hostName": half},
            {"@odata.type": f"{security}fileEvidence", "fileDetails": {"fileName": half, "filePath": half}},
            {"@odata.type": f"{security}urlEvidence", "url": f"https://x.example/{half}"},
            {"@odata.type": f"{security}processEvidence", "processCommandLine": half, "processId": 5},
        ]
        created = "2026-01-01T00:00:00Z"
        return {"id": f"a{number}", "title": half, "createdDateTime": created, "severity": "high", "evidence": items}

    return gi.read_records("alerts", json.dumps({"value": [alert(1), alert(2)]}).encode())


def test_all_that_is_made_of_a_graph_can_be_made_of_it(alerts, tmp_path):
    """Tables, ranks, reasons, exports, a case with its report and its replay: none fails, and all texts are UTF-8."""
    g = gi.entity_graph(alerts=alerts)
    half = json.loads(alerts["raw"].iloc[0])["title"]
    found = gi.find_entity(g, f"{half}u1@example.org")
    assert found == gi.find_entity(g, found) == gi.find_entity(g, gi.Entity("user", f"{half}u1@example.org"))
    assert json.loads(alerts["raw"].iloc[0])["evidence"][0]["userAccount"]["displayName"] == half  # raw is as it came
    assert len(gi.rank_entities(g))
    for a, b in list(g.edges())[:8]:
        assert len(gi.why(g, a, b))
    gi.to_csv(gi.entities(g), tmp_path / "entities.csv")
    for ending in (".graphml", ".gexf", ".json", ".stix.json", ".opengraph.json", ".ocsf.jsonl", ".csv"):
        for path in gi.export_graph(g, tmp_path / f"g{ending}"):
            path.read_text(encoding="utf-8")
    case = Case("half")
    case.add(alerts, g)
    case.save(tmp_path / "case")
    opened = gi.open_case(tmp_path / "case")
    assert opened.verify() == []
    assert not opened.replay().differences
    assert nx.utils.nodes_equal(opened.graph.nodes(data=True), g.nodes(data=True))
    opened.report(tmp_path / "report.html").read_text(encoding="utf-8")
    opened.markdown().encode()


def test_frames_and_graphs_of_it_are_redacted(alerts):
    """Their pseudonyms are those of any name, the same in both."""
    frame, g = gi.redact(alerts, gi.entity_graph(alerts=alerts), key=b"k" * 32)
    upn = json.loads(frame["raw"].iloc[0])["evidence"][0]["userAccount"]["userPrincipalName"]
    assert upn.startswith("user-")
    assert gi.find_entity(g, upn).kind == "user"


def test_two_halves_are_two(tmp_path):
    """Each half keeps its own number: what differs in it alone is not one."""
    items = [
        {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": {"userPrincipalName": f"{half}@x.org"}}
        for half in ("\ud800", "\ud801", "�")
    ]
    alerts = gi.read_records("alerts", json.dumps({"value": [{"id": "a", "evidence": items}]}).encode())
    assert (gi.entities(gi.entity_graph(alerts=alerts))["kind"] == "user").sum() == 3


def test_a_case_cannot_be_called_so():
    """Its name is that of files."""
    with pytest.raises(gi.UsageError, match="a case has a name"):
        Case("\ud800")

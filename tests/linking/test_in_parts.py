"""Large frames are read, and large graphs are put together, some thousands at a time: the parts don't show."""

from __future__ import annotations

import json

import pytest

import graphinvestigate as gi
from graphinvestigate import frames
from graphinvestigate.linking import assembly, extraction
from graphinvestigate.linking.collecting import collect


def _said(g):
    return json.dumps([list(g.nodes(data=True)), list(g.edges(keys=True, data=True))])


@pytest.fixture(scope="module")
def alerts():
    """Alerts of a demo tenant."""
    return gi.list_alerts(gi.connect_demo(seed=3, alerts=40))


def test_parts_do_not_show(alerts, monkeypatch):
    """However many alerts are decoded at once, and references made at once, the graph is the same."""
    whole = _said(gi.entity_graph(alerts=alerts))
    for module, few in ((extraction, 3), (assembly, 7)):
        monkeypatch.setattr(module, "_AT_ONCE", few)
        assert _said(gi.entity_graph(alerts=alerts)) == whole


def _file(number, *, device, **hashes):
    details = {"fileName": "a.exe", "filePath": "C:\\Tools", **hashes}
    item = {"@odata.type": "#microsoft.graph.security.fileEvidence", "mdeDeviceId": device * 40, "fileDetails": details}
    return {"id": f"a{number}", "createdDateTime": "2026-02-03T10:15:00Z", "evidence": [item]}


def test_a_file_with_a_hash_is_read_once_whatever_the_device():
    """Where a hash says which file it is the device decides nothing; without one, or with a filler, it does."""
    zeros = "0" * 64
    records = [
        _file(1, device="a", sha256="b" * 64),
        _file(2, device="c", sha256="b" * 64),
        _file(3, device="a", sha256=zeros),
        _file(4, device="c", sha256=zeros),
        _file(5, device="a"),
        _file(6, device="c"),
    ]
    alerts = frames.read_records("alerts", json.dumps({"value": records}).encode())
    meanings = [m for m in collect([("alert", alerts)]).mentions.meanings if m.kind == "file"]
    named = sorted({m.ids for m in meanings})
    assert [ids[0][0] for ids in named] == ["file_path", "file_path", "sha256"]
    assert len([m for m in meanings if m.ids[0][0] == "sha256"]) == 1
    g = gi.entity_graph(alerts=alerts)
    assert sum(node.kind == "file" for node in g) == 3

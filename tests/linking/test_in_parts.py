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


def _image(number, *, device, **hashes):
    details = {"fileName": "a.exe", "filePath": "C:\\Tools", **hashes}
    when = "2026-02-03T10:15:00Z"
    item = {"@odata.type": "#microsoft.graph.security.processEvidence", "mdeDeviceId": device * 40, "processId": number}
    item |= {"processCreationDateTime": when, "imageFile": details}
    return {"id": f"a{number}", "createdDateTime": when, "evidence": [item]}


def test_a_file_with_a_hash_is_read_once_whatever_the_device(monkeypatch):
    """Where a hash says which file it is the device decides nothing; without one, or with a filler, it does."""
    zeros = "0" * 64
    records = [
        _image(1, device="a", sha256="b" * 64),
        _image(2, device="c", sha256="b" * 64),
        _image(3, device="a", sha256=zeros),
        _image(4, device="c", sha256=zeros),
        _image(5, device="a"),
        _image(6, device="c"),
    ]
    alerts = frames.read_records("alerts", json.dumps({"value": records}).encode())
    read, meaning_of = [], extraction.meaning_of
    monkeypatch.setattr(extraction, "meaning_of", lambda slot, *rest: read.append(slot.kind) or meaning_of(slot, *rest))
    meanings = [m for m in collect([("alert", alerts)]).mentions.meanings if m.kind == "file"]
    assert sorted(m.ids[0][0] for m in meanings) == ["file_path", "file_path", "sha256"]
    assert read.count("file") == 5
    g = gi.entity_graph(alerts=alerts)
    assert sum(node.kind == "file" for node in g) == 3

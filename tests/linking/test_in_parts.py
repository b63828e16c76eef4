"""Large frames are read, and large graphs are put together, some thousands at a time: the parts don't show."""

from __future__ import annotations

import json

import pandas as pd
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
    for module, name, few in ((extraction, "_AT_ONCE", 3), (extraction, "_BATCH", 2), (assembly, "_AT_ONCE", 7)):
        monkeypatch.setattr(module, name, few)
        assert _said(gi.entity_graph(alerts=alerts)) == whole


def _image(number, *, device, **hashes):
    details = {"fileName": "a.exe", "filePath": "C:\\Tools", **hashes}
    when = "2026-02-03T10:15:00Z"
    item = {"@odata.type": "#microsoft.graph.security.processEvidence", "mdeDeviceId": device * 40, "processId": number}
    item |= {"processCreationDateTime": when, "imageFile": details}
    return {"id": f"a{number}", "createdDateTime": when, "evidence": [item]}


def test_a_file_with_a_hash_is_read_once_whatever_the_device(read):
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
    meanings = [m for m in collect([("alert", alerts)]).mentions.meanings if m.kind == "file"]
    assert sorted({m.ids[0][0] for m in meanings}) == ["file_path", "sha256"]
    assert [kind for kind, _ in read].count("file") == 5
    g = gi.entity_graph(alerts=alerts)
    assert sum(node.kind == "file" for node in g) == 3


def test_each_version_of_an_alert_is_read_as_it_came():
    """What nothing names is read from the version that holds it, also where another one came beside it."""
    kind = "#microsoft.graph.security.deviceEvidence"
    versions = [
        {"id": "a1", "createdDateTime": "2026-02-03T10:15:00Z", "lastUpdateDateTime": f"2026-02-03T1{at}:00:00Z"}
        | {"evidence": [{"@odata.type": kind, **said}]}
        for at, said in enumerate([{"osPlatform": "Windows11"}, {"hostName": "pc7"}])
    ]
    alerts = pd.concat([frames.read_records("alerts", json.dumps({"value": [one]}).encode()) for one in versions])
    found = collect([("alert", alerts)]).mentions
    assert sorted(m.ids[0][0] for m in found.meanings) == ["item", "short_name"]
    plainly = collect([("alert", alerts)], typed_readers=False).mentions
    assert sorted(found.meanings) == sorted(plainly.meanings)

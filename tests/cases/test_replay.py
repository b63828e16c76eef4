"""replay: everything is built anew from the raw records, with no client, and compared with what was saved."""

from __future__ import annotations

import json
import subprocess
import sys

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.cases.case import Case
from graphinvestigate.cli import main
from graphinvestigate.files import sha256
from graphinvestigate.walkthrough import Investigation, investigate


@pytest.fixture(scope="module")
def found(small_tenant) -> Investigation:
    """The investigation of a small tenant with an attack in it."""
    return investigate(small_tenant.client)


@pytest.fixture(scope="module")
def small_tenant(make_world):
    """A small tenant."""
    return make_world(seed=3, alerts=30, attack=True)


@pytest.fixture(scope="module")
def case(small_tenant, found, tmp_path_factory) -> Case:
    """The saved case of that investigation."""
    case = Case("INC-1", author="me")
    case.add(found, small_tenant.client)
    case.finding("a session was replayed", entity=found.user)
    case.add(gi.plot_timeline(found.frames["alerts"]))
    case.save(tmp_path_factory.mktemp("replay") / "case")
    return case


def forge(case: Case, name: str, change) -> None:
    """Change a file of a case and make the manifest agree, as somebody who covers a trace would."""
    manifest = json.loads((case.path / "manifest.json").read_bytes())
    data = change((case.path / name).read_bytes())
    (case.path / name).write_bytes(data)
    manifest["files"][name] = {"sha256": sha256(data), "bytes": len(data)}
    own = ("content_sha256", "derived", "derived_sha256")
    said = {name: told for name, told in manifest.items() if name not in own}
    manifest["content_sha256"] = sha256(json.dumps(said, sort_keys=True, indent=1) + "\n")
    (case.path / "manifest.json").write_text(json.dumps(manifest))


def test_the_same_versions_rebuild_the_same_bytes(case, found) -> None:
    """Frames, graph, timeline, report and ticket are the same, byte for byte, as those the case gives itself."""
    replay = case.replay()
    assert replay.differences == []
    assert replay.versions_differ == {}
    assert "byte for byte" in replay.sentence
    for name, frame in case.frames.items():
        pd.testing.assert_frame_equal(replay.frames[name], frame)
    assert nx.utils.graphs_equal(replay.graph, found.graph)
    assert case.report(case.path.parent / "report.html").read_text(encoding="utf-8") == replay.report
    assert replay.markdown == case.markdown()
    assert replay.timeline.layout.title.text == "Timeline"
    assert sum(len(trace.x) for trace in replay.timeline.data if trace.x is not None) > 3


def test_another_process_without_a_client_rebuilds_the_same_bytes(case) -> None:
    """A process that never saw the tenant, with its network cut off, gives the same report."""
    code = """
import socket, sys
socket.socket.connect = None  # whoever asks the network fails
import graphinvestigate as gi
replay = gi.open_case(sys.argv[1]).replay()
print(len(replay.differences), gi.__version__)
sys.stdout.flush(); sys.stdout.buffer.write(replay.report.encode())
"""
    done = subprocess.run([sys.executable, "-c", code, str(case.path)], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    head, _, report = done.stdout.partition(b"\n")
    assert head.startswith(b"0 ")
    assert report.decode() == case.replay().report


def test_other_versions_are_compared_by_value_and_named(saved, monkeypatch) -> None:
    """With another version of a tool the values are compared, and the versions that differ are named."""
    from graphinvestigate.cases import replaying

    case = gi.open_case(saved)
    monkeypatch.setattr(replaying, "versions", lambda: {**case.manifest.tools, "pandas": "99.0"})
    replay = case.replay()
    assert replay.versions_differ == {"pandas": (pd.__version__, "99.0")}
    assert "by value" in replay.sentence
    assert replay.differences == []


def test_a_changed_record_shows_where_it_makes_a_difference(saved) -> None:
    """A record whose change the manifest was made to agree with still differs: column, graph, timeline, report."""
    copy = gi.open_case(saved)
    title = copy.frames["alerts"]["title"].iloc[0].encode()
    forge(copy, "records/alerts.jsonl", lambda data: data.replace(json.dumps(title.decode()).encode(), b'"nothing"', 1))
    again = gi.open_case(saved)
    assert again.verify() == []
    told = "\n".join(again.replay().differences)
    assert "alerts: the column title has other values" in told
    assert "graph:" in told
    assert "section “Appendix: alerts” differs" in told


def test_a_column_that_another_version_reads_differently_is_named(saved, monkeypatch) -> None:
    """Where this version reads the same records into other columns, the replay says which."""
    from graphinvestigate.cases import records

    real = records._build

    def other(*arguments):
        frame = real(*arguments)
        return (
            frame.rename(columns={"recommended_actions": "advice"}).assign(extra="x")
            if "recommended_actions" in frame
            else frame
        )

    monkeypatch.setattr(records, "_build", other)
    said = "\n".join(gi.open_case(saved).replay().differences)
    assert "the column recommended_actions is not there in this version" in said
    assert "the column extra is new in this version" in said


def test_a_graph_that_says_more_than_the_records_is_named(world, small, tmp_path) -> None:
    """Nodes of a graph that was added without its records cannot be rebuilt; it was so before, and that is said."""
    case = small()
    incidents = gi.list_incidents(world.client, since="30d").head(2)
    case.add(gi.entity_graph(incidents=incidents))
    case.save(tmp_path / "case")
    replay = case.replay()
    assert replay.differences == []
    assert any("that the records do not give" in one and "incident" in one for one in replay.beyond)
    case.add(incidents)
    case.save()
    assert case.replay().differences == case.replay().beyond == []


def test_annotations_are_named_as_what_no_record_gives(case, tmp_path, capsys) -> None:
    """What was joined from a table is no difference: it is named with its attribute, and the command ends with 0."""
    copy = gi.open_case(case.path)
    address = next(node for node in sorted(copy.graph) if node.kind == "ip")
    own = pd.DataFrame({"ip": [address.key], "owner": ["hosting"]})
    copy.add(gi.annotate(copy.graph, own, on="ip", source="own list"))
    copy.save(tmp_path / "case")
    replay = gi.open_case(tmp_path / "case").replay()
    assert replay.differences == []
    assert replay.beyond == [f"graph: 1 node with other annotations, such as ip {address.key}."]
    assert main(["replay", "--case", str(tmp_path / "case")]) == 0
    assert f"beyond the records, as it was saved: {replay.beyond[0]}" in capsys.readouterr().out


def test_an_edge_that_was_put_into_the_saved_graph_is_a_difference(case, tmp_path) -> None:
    """A graph that was changed later says what no record gives and what was not there when the case was saved."""
    copy = gi.open_case(case.path)
    copy.save(tmp_path / "case")
    edge = next(iter(copy.graph.edges(keys=True, data=True)))

    def put(data: bytes) -> bytes:
        value = json.loads(data)
        link = next(one for one in value["edges"] if one["key"] == edge[2])
        value["edges"].append({**link, "key": "logged_on_to", "relation": "logged_on_to"})
        return json.dumps(value).encode()

    forge(copy, "graph.json", put)
    again = gi.open_case(tmp_path / "case")
    assert again.verify() == []
    replay = again.replay()
    assert any("1 edge that the records do not give" in one for one in replay.differences)
    assert replay.beyond == []


def test_figures_and_reports_of_an_empty_case_are_rebuilt_too(tmp_path) -> None:
    """A case with nothing but a note is a case."""
    case = Case("empty")
    case.note("nothing yet")
    case.save(tmp_path / "case")
    assert gi.open_case(tmp_path / "case").replay().differences == []
    assert "nothing yet" in case.markdown()


def test_a_damaged_derived_part_is_an_error(saved) -> None:
    """Hashes of another shape are an error of ours, never a traceback of the standard library."""
    manifest = json.loads((saved / "manifest.json").read_bytes())
    del manifest["derived_sha256"]
    for wrong in ({"frames": 3}, {"frames": {}, "report": []}, {"frames": {"alerts": {}}, "report": {"sections": [1]}}):
        (saved / "manifest.json").write_text(json.dumps({**manifest, "derived": wrong}))
        with pytest.raises(gi.BadFileError, match="derived"):
            gi.open_case(saved).replay()
    (saved / "manifest.json").write_text(json.dumps({**manifest, "derived": {}}))
    assert "nothing to compare" in gi.open_case(saved).replay().differences[0]


def test_another_version_of_the_report_is_said_and_is_no_difference(saved, monkeypatch, capsys) -> None:
    """A report told by other rules is not compared, which one sentence says; a changed record is a difference still."""
    from graphinvestigate.cases import manifest, telling

    copy = gi.open_case(saved)
    monkeypatch.setattr(telling, "opening", lambda _: ["told in other words"])
    same = gi.open_case(saved).replay()
    assert [one.partition(":")[0] for one in same.differences] == ["report", "markdown"]
    assert same.retold == ""
    before = manifest.REPORT
    monkeypatch.setattr(manifest, "REPORT", "99")
    replay = gi.open_case(saved).replay()
    assert (replay.differences, replay.versions_differ) == ([], {})
    assert f"made by version {before} of the report; this is version 99" in replay.retold
    assert "records and graph are the same as saved, byte for byte. The saved report" in replay.sentence
    assert main(["replay", "--case", str(saved)]) == 0
    assert replay.retold in capsys.readouterr().out
    said = f'"severity":"{copy.frames["alerts"]["severity"].iloc[0]}"'.encode()
    forge(copy, "records/alerts.jsonl", lambda data: data.replace(said, b'"severity":"unknown"', 1))
    forged = gi.open_case(saved).replay()
    assert any("alerts: the column severity" in one for one in forged.differences)
    assert "version 99" in forged.sentence
    assert main(["replay", "--case", str(saved)]) == 3


def test_the_same_report_by_other_rules_is_the_same(saved, monkeypatch) -> None:
    """Where other rules tell a case in the same words, nothing is said of them; earlier cases name no rules."""
    from graphinvestigate.cases import manifest, replaying, telling

    case = gi.open_case(saved)
    monkeypatch.setattr(manifest, "REPORT", "99")
    replay = case.replay()
    assert (replay.retold, replay.differences) == ("", [])
    monkeypatch.setattr(telling, "opening", lambda _: ["told in other words"])
    stored = case._place.read()
    del stored.manifest.tools["report"]
    assert "made by an earlier version of the report" in replaying.replay(stored).retold

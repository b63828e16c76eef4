"""A redacted case opens like any other, names nobody in any of its files, and still leads from note to node."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.cases.redaction.called import Called
from graphinvestigate.cli.workbench import page
from graphinvestigate.linking import Entity
from graphinvestigate.walkthrough import investigate

KEY = "a key of the tests, long enough"


@pytest.fixture(scope="module")
def case(world: Any, redacted: Any) -> gi.Case:
    """A case with records, a figure, notes on an entity and on a record, a pivot's step and a verdict."""
    made = gi.Case("INC about the first user", author="analyst@contoso.test")
    made.add(*redacted.frames.values())
    user = next(node for node in sorted(made.graph) if node.kind == "user")
    label = made.graph.nodes[user]["label"]
    made.name = f"INC about {label}"
    made.add(gi.pivot(world.client, user, g=made.graph))
    made.add(gi.plot_timeline(redacted.frames["alerts"]), name="timeline")
    made.note(f"{label} clicked the link.", entity=user)
    made.finding(f"The alert names {label}.", record=redacted.frames["alerts"].iloc[0])
    known_by_content = [
        node for node, attrs in made.graph.nodes(data=True) if str(attrs.get("identifiers")).count("content_sha256=")
    ]
    assert known_by_content, "nothing here has a hash of its contents for a name"
    made.note("odd", entity=known_by_content[0])
    return made


@pytest.fixture(scope="module")
def original(case: gi.Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the case is saved; tests only read it."""
    return case.save(tmp_path_factory.mktemp("original") / "original")


@pytest.fixture(scope="module")
def shared(case: gi.Case, tmp_path_factory: pytest.TempPathFactory) -> gi.Case:
    """The redacted case, saved; tests only read it."""
    made = case.redact(KEY)
    assert made.path is None
    made.save(tmp_path_factory.mktemp("shared") / "shared")
    return made


def test_no_file_of_a_redacted_case_names_anybody(case: gi.Case, redacted: Any, shared: gi.Case) -> None:
    """Saved and opened again, no file holds an original; frames, graph, notes and steps are as many as before."""
    path = shared.path
    files = [file for file in path.rglob("*") if file.is_file()]
    text = "\n".join([*map(str, files), *(file.read_text("utf-8") for file in files)]).replace("\\\\", "\\").lower()
    telling = {name.lower() for name in redacted.names if "@" in name or name.count(".") == 3 or name.count("-") > 3}
    assert len(telling) > 200
    assert [name for name in telling if name in text] == []
    assert "contoso" not in text
    opened = gi.open_case(path)
    assert opened.verify() == []
    assert {name: len(frame) for name, frame in opened.frames.items()} == {n: len(f) for n, f in case.frames.items()}
    assert len(opened.graph) == len(case.graph)
    assert opened.graph.number_of_edges() == case.graph.number_of_edges()
    assert len(opened.actions) == len(case.actions) + 1
    assert case.name.startswith("INC about ")
    assert opened.name != case.name


def test_notes_stay_where_they_belong(case: gi.Case) -> None:
    """A note on an entity is found at the entity's pseudonym, and its text speaks of that pseudonym."""
    made = gi.Redactor(KEY).redact(case)
    (note,) = [one for one in made._contents.notes.values() if one.kind == "note" and one.text != "odd"]
    (place,) = note.places
    user = next(n for n in made.graph if place["identifiers"][0] in made.graph.nodes[n].get("identifiers", ()))
    assert isinstance(user, Entity)
    assert made.graph.nodes[user]["label"] in note.text
    pivots = [one for one in made.actions if one["action"] == "pivot"]
    assert pivots[0]["key"] == user.key
    assert Entity("user", pivots[0]["key"]) in made.graph


def test_no_name_of_a_file_names_anybody(case: gi.Case, redacted: Any, tmp_path: Path) -> None:
    """Tables, figures and answers called after somebody get other names, in steps too, and none of them is lost."""
    user = next(node for node in sorted(case.graph) if node.kind == "user")
    label = case.graph.nodes[user]["label"]
    made = gi.Case("INC-2")
    made.add(redacted.frames["alerts"].head(3), redacted.frames["risky_users"], redacted.frames["sign_ins"].head(30))
    table = pd.DataFrame({"n": [1]})
    made.add(table, name=f"mails of {label}")
    made.add(table, name=f"mails of {label} and of everybody who ever wrote to them, from the first day on")
    made.add(table, name="calls")
    made.add(gi.plot_timeline(redacted.frames["alerts"]), name=f"timeline {label}")
    shared = made.redact(KEY)
    assert len(shared.tables) == 3
    assert "calls" in shared.tables
    assert len(shared.figures) == 1
    path = shared.save(tmp_path / "shared")
    parts = [part for part in re.split(r"[^a-z0-9]+", label.lower()) if len(part) > 3]
    assert len(parts) > 1
    for name in [str(file.relative_to(path)) for file in path.rglob("*")] + [str(step) for step in shared.actions]:
        assert not [part for part in parts if part in name.lower()], name
    said = {step["what"] for step in shared.actions if "figure" in str(step.get("what"))}
    assert said == {f"figure {name}" for name in shared.figures}


def test_the_scan_reads_names_of_files(case: gi.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file's name still tells a value, with dashes for its signs, nothing is returned."""
    user = next(node for node in sorted(case.graph) if node.kind == "user")
    label = case.graph.nodes[user]["label"]
    made = gi.Case("INC-2")
    made.add(case.frames["risky_users"], case.graph)
    made.add(pd.DataFrame({"n": [1]}), name=f"mails of {label}")
    monkeypatch.setattr(Called, "names", lambda self, what, names: [(name, name) for name in names])
    with pytest.raises(gi.RedactionLeakError, match="in the name of a file") as caught:
        made.redact(KEY)
    assert label in {leak.original for leak in caught.value.leaks}


def test_steps_keep_what_is_ours_and_nothing_else(case: gi.Case, redacted: Any) -> None:
    """Ids of steps, times and words stay; whatever else a step was called or says is redacted as its field asks."""
    alert = redacted.frames["alerts"].iloc[0]["id"]
    user = next(node for node in sorted(case.graph) if node.kind == "user")
    label = case.graph.nodes[user]["label"]
    made = gi.Case("INC-2")
    made.add(case.graph)
    change = {"change": "changed", "record_kind": "alert", "id": alert, "field": "assigned_to"}
    made.add_step("refresh", changes=[change | {"before": "orla.unheard", "after": None}], since="7d")
    made.add_step(f"called {label}", kind=label, why=f"{label} did not answer", status="done")
    shared = made.redact(KEY)
    refreshed, called, redacted_ = shared.actions[-3:]
    assert redacted_["action"] == "redact"
    changed = refreshed["changes"][0]
    assert (changed["change"], changed["record_kind"], changed["field"]) == ("changed", "alert", "assigned_to")
    assert changed["id"] != alert
    assert changed["before"].startswith("user-")
    assert (refreshed["action"], refreshed["since"], called["status"]) == ("refresh", "7d", "done")
    assert [one["id"] for one in shared.actions[:-1]] == [one["id"] for one in made.actions]
    assert [one["at"] for one in shared.actions[:-1]] == [one["at"] for one in made.actions]
    assert label not in str(shared.actions)
    assert called["why"].endswith(" did not answer")


@pytest.mark.parametrize("tenant", ["11111111-2222-4333-8444-55555555555d", "11111111-2222-4333-8444-555555555555"])
def test_a_private_address_behind_its_tenant_is_one(tenant: str) -> None:
    """An address that stands behind the id of its tenant, as a drawn node says it, is redacted; a version is not."""
    redactor = gi.Redactor(KEY)
    redactor.learn(pd.DataFrame({"ip_address": ["10.20.0.18"]}))
    text = redactor.redact(f"ip {tenant}/10.20.0.18 saw Chrome/120.0.0.1")
    assert "10.20.0.18" not in text
    assert redactor.redact("10.20.0.18") in text
    assert text.endswith("Chrome/120.0.0.1")


def test_a_drawn_graph_of_a_case_is_redacted_with_it(case: gi.Case) -> None:
    """The picture of the case's own graph, which says of each node what it is and of which tenant, holds no leak."""
    made = gi.Case("INC-2")
    made.add(*case.frames.values())
    made.add(gi.plot_entity_graph(case.graph))
    assert len(made.redact(KEY).figures) == 1


def test_a_redacted_case_replays_like_any_other(original: Path, shared: gi.Case) -> None:
    """Who gets it rebuilds the very graph and report that were saved: what hashes and orders follow from names, too."""
    assert gi.open_case(original).replay().differences == []
    made = gi.open_case(shared.path)
    replayed = made.replay()
    assert replayed.differences == []
    assert "byte for byte" in replayed.sentence
    (note,) = [one for one in made._contents.notes.values() if one.text == "odd"]
    assert note.places[0]["identifiers"][0] in {
        text for _, attrs in made.graph.nodes(data=True) for text in attrs.get("identifiers", ())
    }


def test_a_redacted_case_of_a_whole_investigation_has_no_difference_of_its_own(world: Any, tmp_path: Path) -> None:
    """Pivots, hunting, annotations, own logs and a graph without records: a replay names what the original's names."""
    case = gi.Case("INC-5")
    found = investigate(world.client, since="30d")
    case.add(found, world.client)
    case.add(gi.run_hunting_query(world.client, "IdentityLogonEvents | take 5"), name="logons")
    users = [node for node in sorted(found.graph) if node.kind == "user"]
    address = next(node for node in sorted(found.graph) if node.kind == "ip")
    theirs = pd.DataFrame({"when": ["2026-02-03T07:01:00Z"], "who": [case.graph.nodes[users[0]]["label"]]})
    case.add(gi.map_records(theirs, kind="vpn_session", time="when", user="who"))
    own = pd.DataFrame({"ip": [address.key], "owner": ["hosting of one"]})
    case.add(gi.annotate(case.graph, own, on="ip", source="own list"))
    files = pd.DataFrame({"file": [node.key for node in case.graph if node.kind == "file"], "seen": "often"})
    case.add(gi.annotate(case.graph, files, on="file", source="files"))
    others = gi.connect_demo(seed=9, alerts=30)
    case.add(gi.entity_graph(alerts=gi.list_alerts(others)))
    before = gi.open_case(case.save(tmp_path / "original")).replay()
    assert before.differences == []
    assert len(before.beyond) >= 3
    made = gi.open_case(case.redact(KEY).save(tmp_path / "shared"))
    after = made.replay()
    assert after.differences == []
    counts = [[re.match(r"graph: (\d+ \w+ .*?)(?:: |, such as )", one)[1] for one in r.beyond] for r in (before, after)]
    assert counts[0] == counts[1]
    said = [one for _, attrs in made.graph.nodes(data=True) for one in attrs.get("annotations", ())]
    assert (said.count("own list"), said.count("files") > 5) == (1, True)
    assert len(made.graph) == len(case.graph)
    assert made.graph.number_of_edges() == case.graph.number_of_edges()


def test_who_reads_a_redacted_case_is_told_so(case: gi.Case, original: Path, shared: gi.Case, tmp_path: Path) -> None:
    """Its pseudonyms look like addresses that somebody owns: report, indicators and ticket say that they are none."""
    made = shared
    warning = "This copy is redacted: "
    assert warning not in case.markdown()
    assert warning in made.markdown().partition("## Summary")[2].partition("##")[0]
    report = made.report(tmp_path / "r.html").read_text("utf-8")
    assert report.count(warning) == 2
    assert warning in report[report.index("What to look for elsewhere") - 1000 :].partition("What to look for")[0]
    assert "names were replaced by pseudonyms" in report
    heads = [page("case", path=path).children[0].value for path in (original, made.path)]
    assert [warning in head for head in heads] == [False, True]
    assert made.name in heads[1]


def test_a_graph_that_says_more_than_the_records_keeps_it(case: gi.Case, redacted: Any) -> None:
    """What was added beside the records is in the redacted case, under pseudonyms."""
    made = gi.Case("INC-2")
    made.add(redacted.frames["alerts"].head(5), case.graph)
    shared = made.redact(KEY)
    assert len(shared.graph) == len(made.graph)
    assert shared.graph.number_of_edges() == made.graph.number_of_edges()


def test_who_is_called_by_an_id_stays_an_id() -> None:
    """A GUID in the field of a name is the GUID that it is elsewhere."""
    user = "5a7e1c3d-9b20-4f6e-8d11-0c2b3a4d5e6f"
    redactor = gi.Redactor(KEY)
    redactor.learn(pd.DataFrame({"account_name": [user], "user_id": [user]}))
    made = redactor.redact(pd.DataFrame({"account_name": [user], "user_id": [user]}))
    assert made["account_name"].iloc[0] == made["user_id"].iloc[0] != user
    assert len(made["user_id"].iloc[0]) == len(user)


def test_a_number_that_is_also_an_incidents_stays_what_it_is() -> None:
    """A process id, a port and a part of a second that are written like an incident's id keep a case from nobody."""
    process = {"@odata.type": "#microsoft.graph.security.processEvidence", "processId": 41505, "mdeDeviceId": "a" * 40}
    process |= {"processCreationDateTime": "2026-02-14T06:11:37.41505Z", "imageFile": {"fileName": "powershell.exe"}}
    link = {
        "@odata.type": "#microsoft.graph.security.networkConnectionEvidence",
        "sourcePort": 41505,
        "protocol": "tcp",
    }
    link |= {"destinationPort": 443}
    for end, address in (("sourceAddress", "10.20.0.18"), ("destinationAddress", "203.0.113.7")):
        link[end] = {"@odata.type": "#microsoft.graph.security.ipEvidence", "ipAddress": address}
    alert = {"id": "a-1", "title": "x", "incidentId": "41505", "tenantId": "5a7e1c3d-9b20-4f6e-8d11-0c2b3a4d5e6f"}
    made = gi.Case("INC-3")
    made.add(gi.read_records("alerts", [{**alert, "evidence": [process, link]}]))
    assert {"process", "network_connection"} <= {node[0] for node in made.graph}
    shared = made.redact(KEY)
    assert shared.frames["alerts"]["incident_id"].iloc[0] != "41505"
    assert {node[0] for node in shared.graph} == {node[0] for node in made.graph}

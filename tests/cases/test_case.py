"""A case: what goes in comes out, after a save, elsewhere, and with nothing but the files."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.cases import telling
from graphinvestigate.cases.case import Case
from graphinvestigate.cases.rebuilding import graph_of
from graphinvestigate.demo.answers import ApiError, Response
from graphinvestigate.demo.faults import Asked, Fault
from graphinvestigate.notes import Note

POSIX = pytest.mark.skipif(os.name == "nt", reason="modes mean nothing on Windows")


def test_an_investigation_comes_back_whole(world, found, tmp_path) -> None:
    """Every frame, the graph, notes, checklist, verdict, requests and steps are the same after a save."""
    case = Case("INC-1", author="me")
    case.add(found, world.client)
    case.note("seen before", entity=found.user)
    case.finding("a session was replayed", edge=(found.user, found.address))
    case.not_checked("mailbox rules: no permission", entity=found.user)
    case.conclude("malicious", "the address was never seen before")
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case")
    assert set(again.frames) >= set(found.frames)
    for name, frame in case.frames.items():
        pd.testing.assert_frame_equal(again.frames[name], frame)
    for name, frame in found.frames.items():
        assert set(frame["id"]) <= set(again.frames[name]["id"])
    assert nx.utils.graphs_equal(again.graph, found.graph)
    assert {type(node) for node in again.graph} == {gi.Entity, gi.Record}
    pd.testing.assert_frame_equal(again.notes, case.notes)
    pd.testing.assert_frame_equal(again.checklist, case.checklist)
    assert (again.verdict.value, again.verdict.author) == ("malicious", "me")
    assert again.actions == case.actions
    pd.testing.assert_frame_equal(again.coverage, case.coverage)
    assert again.verify() == case.verify() == []


def test_the_folder_is_what_the_format_says(found, tmp_path) -> None:
    """Manifest, requests, actions and notes lie at the top, raw records one per line exactly as received."""
    case = Case("INC-1")
    case.add(found)
    folder = case.save(tmp_path / "case")
    assert {"manifest.json", "requests.jsonl", "actions.jsonl", "notes.json", "graph.json"} <= set(os.listdir(folder))
    lines = (folder / "records" / "alerts.jsonl").read_bytes().splitlines()
    raws = case.frames["alerts"]["raw"]
    assert len(lines) == len(raws)
    for line, raw in zip(lines, raws, strict=True):
        assert line.endswith(b',"record":' + raw.encode() + b"}")
    plain = json.loads((folder / "graph.json").read_text())
    assert nx.node_link_graph(plain, name="node", edges="edges").number_of_edges() == case.graph.number_of_edges()


def test_adding_again_adds_nothing_twice(world, small) -> None:
    """One row per record, the newest version of it; what was asked is listed once."""
    case = small()
    alerts = gi.list_alerts(world.client, since="30d")
    case.add(alerts.head(10), alerts.tail(len(alerts) - 5), alerts)
    assert sorted(case.frames["alerts"]["id"]) == sorted(alerts["id"])
    assert case.coverage["pull_id"].is_unique


def test_a_newer_version_of_a_record_takes_the_place_of_the_older(small, saved) -> None:
    """Of two versions of an alert the one updated last stays, whichever is added last."""
    case = gi.open_case(saved)
    old = json.loads(case.frames["alerts"]["raw"].iloc[0])
    new = {**old, "status": "resolved", "lastUpdateDateTime": "2027-01-01T00:00:00Z"}
    case.add(gi.read_records("alerts", [new]))
    case.add(gi.read_records("alerts", [old]))
    frame = case.frames["alerts"]
    assert frame.loc[frame["id"] == old["id"], "status"].tolist() == ["resolved"]


def test_columns_an_analyst_added_or_changed_come_back(small, tmp_path) -> None:
    """A frame comes back as it was added: own columns, changed values and their order included."""
    case = small()
    alerts = case.frames["alerts"]
    alerts = alerts.assign(mine=[1, 2, 3, 4], tags=[["a"], [], None, ["b", "c"]], score=[0.5, None, float("inf"), 2])
    alerts["severity"] = alerts["severity"].str.upper()
    alerts = alerts[["mine", *[name for name in alerts.columns if name != "mine"]]]
    other = Case("INC-2")
    other.add(alerts)
    other.save(tmp_path / "case")
    pd.testing.assert_frame_equal(gi.open_case(tmp_path / "case").frames["alerts"], alerts)


def test_hunting_answers_legacy_alerts_and_pretty_files_come_back(world, tmp_path) -> None:
    """Answers whose columns only they know, retired alerts, and records laid out over many lines are kept exactly."""
    hunted = gi.run_hunting_query(world.client, "AlertInfo | take 5")
    legacy = gi.read_records("legacy_alerts", [{"id": "1", "eventDateTime": "2024-01-01T00:00:00Z", "title": "x"}])
    pretty = json.dumps(json.loads(gi.list_alerts(world.client, since="30d")["raw"].iloc[0]), indent=2)
    read = gi.read_records("alerts", pretty.encode())
    case = Case("INC-1")
    case.add(hunted, name="new-alerts")
    case.add(legacy, read)
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case").frames
    pd.testing.assert_frame_equal(again["new-alerts"], hunted)
    pd.testing.assert_frame_equal(again["legacy_alerts"], legacy)
    pd.testing.assert_frame_equal(again["alerts"], read)
    assert again["alerts"]["raw"].iloc[0] == pretty


def test_other_logs_are_kept_and_linked(small, tmp_path) -> None:
    """Records of another log, made by map_records, come back, are linked again, and are rebuilt the same."""
    case = small()
    named = next(gi.evidence(case.frames["alerts"])["user_account_user_principal_name"].dropna().items())[1]
    log = pd.DataFrame({"when": ["2026-02-20T01:00:00Z", "2026-02-20T02:00:00Z"], "who": [named, "x@y.example"]})
    mapped = gi.map_records(log, kind="vpn_session", time="when", user="who")
    case.add(mapped, mapped)
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case")
    pd.testing.assert_frame_equal(again.frames["vpn_session"], mapped)
    assert {gi.Record("vpn_session", one) for one in mapped["id"]} <= set(again.graph)
    assert again.replay().differences == []


def test_an_empty_answer_is_kept_as_one(world, tmp_path) -> None:
    """No rows are a finding too: the kind is known, and the client's request says that it was asked for."""
    none = gi.list_alerts(world.client, since="30d", severity=["informational"]).head(0)
    case = Case("INC-1")
    case.add(none, world.client)
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case")
    pd.testing.assert_frame_equal(again.frames["alerts"], none)
    assert (again.coverage["resource"] == "alerts").any()


def test_tables_and_figures_come_back(small, tmp_path) -> None:
    """A table of the analyst's own needs a name; a figure takes its title."""
    case = small()
    table = gi.entities(case.graph)
    with pytest.raises(gi.UsageError, match="give it a name"):
        case.add(table)
    case.add(table, name="entities so far")
    figure = gi.plot_timeline(case.frames["alerts"])
    case.add(figure)
    case.add(figure)
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case")
    read = again.tables["entities-so-far"]
    pd.testing.assert_frame_equal(read, table)
    assert list(again.figures) == ["Timeline"]
    assert again.figures["Timeline"].layout.xaxis.title.text == figure.layout.xaxis.title.text


def test_an_explorer_brings_its_graph_and_each_step_once(world, found, tmp_path) -> None:
    """The explorer's log becomes the case's list of steps; adding the explorer again adds only what is new."""
    g = gi.entity_graph(**found.frames)
    explorer = gi.EntityExplorer(world.client, g)
    explorer.select(found.user)
    case = Case("INC-1")
    case.add(explorer)
    first = len(case.actions)
    explorer.pivot(found.host)
    case.add(explorer)
    case.add(explorer)
    steps = [one for one in case.actions if one["action"] in ("select", "pivot")]
    assert len(steps) > first
    assert len({json.dumps({**one, "id": "", "at": ""}, sort_keys=True) for one in steps}) == len(steps)
    assert [one["key"] for one in steps if one["action"] == "pivot"] == [found.host.key]
    assert set(explorer.graph) <= set(case.graph)


def test_steps_of_an_explorer_keep_the_time_they_were_done_at(world, found) -> None:
    """A case that is written in the morning says when each step of the night was done, not when it was saved."""
    explorer = gi.EntityExplorer(world.client, gi.entity_graph(**found.frames))
    explorer.select(found.user)
    explorer.hide(found.user)
    done = {one["action"]: one["at"] for one in explorer.log}
    before_saving = datetime.now(UTC)
    case = Case("INC-1")
    case.add(explorer)
    kept = {one["action"]: one["at"] for one in case.actions if one["action"] in done}
    assert kept == done
    assert all(datetime.fromisoformat(at) < before_saving for at in kept.values())


def test_notes_of_an_explorer_are_notes_of_the_case(world, found, tmp_path) -> None:
    """What was noted on nodes is in the case and its report; later words replace it, and undone ones withdraw it."""
    explorer = gi.EntityExplorer(world.client, gi.entity_graph(**found.frames))
    alert = next(node for node in explorer.graph if node.kind == "alert")
    explorer.note(found.user, words="called the help desk")
    explorer.note(alert, words="seen before")
    case = Case("INC-1", author="me")
    case.add(explorer)
    case.add(explorer)
    case.note("by hand", entity=found.user)
    assert sorted(case.notes["text"]) == ["by hand", "called the help desk", "seen before"]
    assert set(case.notes["author"]) == {"me"}
    explorer.note(found.user, words="called the help desk; 04:10 password reset")
    case.add(explorer)
    assert "called the help desk; 04:10 password reset" in set(case.notes["text"])
    assert "called the help desk" not in set(case.notes["text"])
    explorer.undo()
    explorer.undo()
    case.add(explorer)
    case.add(explorer)
    assert sorted(case.notes["text"]) == ["by hand", "called the help desk"]
    other = gi.EntityExplorer(world.client, explorer.graph)
    case.add(other)
    assert len(case.notes) == 2, "another explorer withdraws nothing"
    case.save(tmp_path / "case")
    again = gi.open_case(tmp_path / "case")
    assert sorted(again.notes["text"]) == ["by hand", "called the help desk"]
    page = again.report(tmp_path / "report.html")
    assert "called the help desk" in page.read_text(encoding="utf-8")


def test_a_report_tells_why_entities_were_joined_and_what_a_pivot_lacked(small) -> None:
    """Merges and splits by hand stand among its steps with their reasons; so does what a pivot could not read."""
    case = small()
    who = {"kind": "user", "key": "k1", "label": "alice"}
    case.add_step("merge", **who, **{"with": [["user", "k2"]]}, reason="one badge")
    case.add_step("split", **who, identifier="upn=bob@contoso.com", reason="another Bob")
    case.add_step("pivot", **who, rows={"alerts": 2}, not_read=["sign_ins"])
    said = " ".join(telling.steps(case._dossier()))
    assert "took the user alice and k2 for one: one badge" in said
    assert "told upn=bob@contoso.com apart from the user alice: another Bob" in said
    assert "not read, so unknown: sign ins" in said


def test_a_workbench_brings_its_alerts_graph_and_steps(world) -> None:
    """The queue's alerts, what pivots brought and every step of the workbench are in the case, and can be rebuilt."""
    alerts = gi.list_alerts(world.client, since="30d").head(6)
    bench = gi.Workbench(world.client, alerts)
    user = next(n for n in bench.explorer.graph if isinstance(n, gi.Entity) and n.kind == "user")
    bench.explorer.pivot(user)
    case = Case("INC-1")
    case.add(bench)
    assert set(alerts["id"]) <= set(case.frames["alerts"]["id"])
    assert any(one["action"] == "pivot" and one["key"] == user.key for one in case.actions)
    assert set(case.graph) == set(bench.explorer.graph)
    assert set(graph_of(case.frames)) == set(case.graph)


def test_a_graph_added_by_hand_joins_the_records_own(world, small) -> None:
    """The case's graph covers its records and what was added, as merge_graphs joins them."""
    case = small()
    incidents = gi.list_incidents(world.client, since="30d").head(3)
    other = gi.entity_graph(incidents=incidents)
    case.add(other)
    assert set(case.graph) == set(graph_of(case.frames)) | set(other)
    case.add(incidents)
    assert nx.utils.graphs_equal(case.graph, graph_of(case.frames))


def test_a_refresh_changes_rows_and_is_written_down(make_world) -> None:
    """Changed rows take the place of the older ones, gone ones leave, and each change stands in the list of steps."""
    world = make_world(seed=11, alerts=40)
    alerts = gi.list_alerts(world.client, since="30d")
    case = Case("INC-1")
    case.add(alerts)
    gone = alerts["id"].iloc[0]
    changes = pd.DataFrame(
        [{"change": "gone", "record_kind": "alert", "id": gone, "field": None, "before": None, "after": None}]
    )
    case.add(gi.Refresh(alerts[alerts["id"] != gone], changes))
    assert gone not in set(case.frames["alerts"]["id"])
    assert case.actions[-1]["changes"][0]["id"] == gone


def test_notes_are_found_by_any_name_of_their_entity(found) -> None:
    """A note on a user is found by the entity and by its address."""
    case = Case("INC-1")
    case.add(found)
    case.note("asked her manager", entity=found.user)
    label = found.graph.nodes[found.user]["label"]
    assert case.notes_on(found.user)["text"].tolist() == case.notes_on(label)["text"].tolist() == ["asked her manager"]
    assert not len(case.notes_on(found.host))


def test_notes_are_replaced_withdrawn_and_verdicts_change(small) -> None:
    """Only what stands is shown; a second verdict takes the place of the first."""
    case = small()
    note = case.note("a guess")
    better = case.note("a fact", replaces=note.note_id)
    assert case.notes["text"].tolist() == ["a fact"]
    case.withdraw(better)
    assert not len(case.notes)
    case.conclude("suspicious", "first sight")
    case.conclude("malicious", "second sight")
    assert case.verdict.text == "second sight"
    with pytest.raises(gi.UsageError, match="note_id"):
        case.withdraw("nothing")


def test_what_was_not_asked_for_is_not_checked(world, small) -> None:
    """The checklist names each source never asked for, and the sign-ins that were not asked for."""
    case = small()
    table = case.checklist
    unasked = set(table.loc[table["state"] == "not checked", "item"])
    assert {"sign-ins", "incidents", "risk detections"} <= unasked
    assert "alerts" not in unasked
    case.add(gi.list_sign_ins(world.client, since="7d"))
    items = case.checklist.set_index("item")["state"]
    assert items["sign-ins"] == "checked"
    assert items["non-interactive sign-ins"] == "not checked"


def checked(case: Case) -> dict[str, tuple[str, str]]:
    """Item → its state, and why."""
    return {row.item: (row.state, row.why) for row in case.checklist.itertuples()}


def ago(client: gi.GraphClient, days: int) -> str:
    """So many days before now, as the checklist writes it."""
    return f"{client.now() - timedelta(days=days):%Y-%m-%d %H:%M} UTC"


def test_what_was_asked_of_one_is_not_checked_for_all(world) -> None:
    """A pivot looked at one user's sign-ins, far back and of all kinds: that makes nobody else's checked."""
    client = world.client
    case = Case("INC-1")
    alerts = gi.list_alerts(client, since="30d")
    g = gi.entity_graph(alerts=alerts)
    user = next(node for node in sorted(g) if node.kind == "user" and node.key.count("-") == 4)
    found = gi.pivot(client, user, g=g, since="30d")
    assert len(found.frames["sign_ins"])
    case.add(found)
    state, why = checked(case)["sign-ins"]
    assert (state, why) == ("checked", f"from {ago(client, 30)} to {ago(client, 0)}; only some (see the requests)")
    case.add(gi.list_sign_ins(client, since="7d"))
    state, why = checked(case)["sign-ins"]
    assert why == f"from {ago(client, 7)} to {ago(client, 0)}; beyond that only some (see the requests)"
    state, why = checked(case)["non-interactive sign-ins"]
    assert state == "not checked"
    assert why.startswith("only some (see the requests); a replayed session")
    assert "non-interactive sign-ins" in case.markdown().partition("## Not checked")[2]
    case.add(gi.list_sign_ins(client, since="3d", event_types=["interactive", "nonInteractive"]))
    assert checked(case)["non-interactive sign-ins"] == (
        "checked",
        f"from {ago(client, 3)} to {ago(client, 0)}; beyond that only some (see the requests)",
    )
    assert checked(case)["hunting"] == ("checked", "only what the queries asked for (see the requests)")


def test_a_limit_or_a_filter_leaves_things_unchecked(world) -> None:
    """Five alerts of a hundred are not the alerts; those of one severity are only some; gaps are not passed over."""
    client = world.client
    case = Case("INC-1")
    case.add(gi.list_alerts(client, limit=5))
    assert checked(case)["alerts"] == ("not checked", "limit=5 cut the answer: Graph holds more")
    case.add(gi.list_alerts(client, since="9d", severity="high"))
    assert checked(case)["alerts"][1].endswith("; only some (see the requests)")
    case.add(gi.list_alerts(client, since="9d"))
    assert checked(case)["alerts"] == ("checked", f"from {ago(client, 9)} to {ago(client, 0)}")
    case.add(gi.list_incidents(client, since="9d", until="5d"), gi.list_incidents(client, since="2d"))
    why = f"from {ago(client, 9)} to {ago(client, 5)} and from {ago(client, 2)} to {ago(client, 0)}"
    assert checked(case)["incidents"] == ("checked", why)
    case.add(gi.list_incidents(client, since="6d", until="1d"))
    assert checked(case)["incidents"] == ("checked", f"from {ago(client, 9)} to {ago(client, 0)}")
    case.add(gi.list_sign_ins(client, since="2d", event_types="nonInteractive"))
    assert checked(case)["sign-ins"] == ("not checked", "only the non-interactive ones were asked for")
    detections = gi.list_risk_detections(client, since="30d")
    case.add(gi.list_risk_detections(client, since="9d", user_id=detections["user_id"].iloc[0]))
    assert case.coverage.set_index("resource").loc["risk_detections", "filters_local"], "Graph has no such filter"
    assert checked(case)["risk detections"][1].endswith("; only some (see the requests)")


def test_what_could_not_be_read_is_not_checked(make_world) -> None:
    """A source that a pivot may not read is on the list with the reason, whatever the source."""
    world = make_world(seed=5, alerts=40, permissions=["SecurityAlert.Read.All", "SecurityIncident.Read.All"])
    alerts = gi.list_alerts(world.client, since="30d")
    g = gi.entity_graph(alerts=alerts)
    user = next(node for node in g if node.kind == "user" and node.key.count("-") == 4)
    case = Case("INC-1")
    case.add(alerts, gi.pivot(world.client, user, g=g))
    open_items = case.checklist[case.checklist["state"] == "not checked"].set_index("item")["why"]
    assert "IdentityRiskEvent.Read.All" in open_items["risk detections"]
    assert "alerts" not in open_items


def test_provenance_is_known_again_after_a_save(saved) -> None:
    """`coverage` of a frame from an opened case says what was asked, in a process that never asked it."""
    import subprocess
    import sys

    code = (
        "import sys, graphinvestigate as gi; case = gi.open_case(sys.argv[1]); "
        "print(gi.coverage(case.frames['alerts'])['filters_server'].iloc[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True)
    assert "createdDateTime ge" in done.stdout


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (3, "a case takes"),
        ("alerts", "a case takes"),
        (pd.DataFrame({"x": [1j]}), "name"),
        (nx.Graph(), "a case takes"),
    ],
)
def test_what_a_case_cannot_keep_is_refused(small, thing, words) -> None:
    """Something else is an error that says what a case takes, and the case stays as it was."""
    case = small()
    before = {name: len(frame) for name, frame in case.frames.items()}
    with pytest.raises(gi.UsageError, match=words):
        case.add(case.frames["alerts"], Note(text="x"), thing)
    assert {name: len(frame) for name, frame in case.frames.items()} == before
    assert not len(case.notes)


def test_rows_without_their_record_and_lone_evidence_are_refused(small) -> None:
    """What nothing could prove is not taken: rows without `raw`, evidence without its alerts."""
    case = small()
    frame = case.frames["alerts"].copy()
    frame.loc[0, "raw"] = None
    with pytest.raises(gi.UsageError, match="no raw record"):
        Case("x").add(frame)
    items = gi.evidence(case.frames["alerts"])
    with pytest.raises(gi.UsageError, match="add the alerts"):
        Case("x").add(items)
    case.add(items)


@POSIX
def test_a_new_case_is_nobody_elses(saved) -> None:
    """Folders are for this account alone, and so is every file."""
    for path in [saved, *saved.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_case_is_also_one_file(small, tmp_path) -> None:
    """A case saved as a zip opens, is verified, is added to, and is the same bytes for the same contents."""
    case = small()
    case.note("x")
    path = case.save(tmp_path / "case.zip")
    again = gi.open_case(path)
    assert again.verify() == []
    pd.testing.assert_frame_equal(again.notes, case.notes)
    again.note("y")
    again.save()
    assert gi.open_case(path).notes["text"].tolist() == ["x", "y"]
    assert [one.name for one in tmp_path.iterdir()] == ["case.zip"]


def test_saving_never_takes_another_cases_place(small, saved, tmp_path) -> None:
    """A folder that holds another case, or something else, is left alone."""
    with pytest.raises(gi.UsageError, match="another case"):
        small("INC-2").save(saved)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years of work")
    with pytest.raises(gi.UsageError, match="something else"):
        small().save(tmp_path / "papers")
    (tmp_path / "file").write_text("x")
    with pytest.raises(gi.UsageError, match="is a file"):
        small().save(tmp_path / "file")
    with pytest.raises(gi.UsageError, match="name a folder"):
        small().save()
    assert (tmp_path / "papers" / "thesis.txt").read_text() == "years of work"


def test_nothing_but_a_case_opens(tmp_path) -> None:
    """A missing path, an empty folder and a text file are errors that say what to name."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("hello")
    for path in (tmp_path / "nothing", tmp_path / "empty", tmp_path / "text"):
        with pytest.raises(gi.BadFileError):
            gi.open_case(path)


def test_a_name_is_needed() -> None:
    """A case without a name cannot be told from others."""
    for name in ("", "  ", "x" * 201, None):
        with pytest.raises(gi.UsageError):
            Case(name)


def test_the_case_says_what_it_is(saved) -> None:
    """Its text counts what it holds and says where it lies."""
    words = repr(gi.open_case(saved))
    assert "INC-1" in words
    assert "4 alerts" in words
    assert Path(saved).name in words


def test_what_failed_is_said_to_have_failed_until_it_came(make_world, tmp_path) -> None:
    """Hunting and incidents that a pivot asked for in vain: which, why and what to do next; gone on with, checked."""
    broken = [True]

    def failing(asked: Asked) -> Response:
        if broken:
            raise ApiError(503, "UnknownError", "it broke")
        return asked.genuine()

    faults = [Fault("/security/runHuntingQuery", failing), Fault("/security/incidents/*", failing)]
    world = make_world(seed=2, faults=faults)
    client = world.client
    g = gi.entity_graph(alerts=gi.list_alerts(client, since="30d"))
    user = gi.find_entity(g, world.tenant.truth.attack.user.id)
    found = gi.pivot(client, user, g=g)
    assert set(found.to_come) == {"incidents", "hunting:IdentityLogonEvents", "hunting:CloudAppEvents"}
    case = Case("INC-1")
    case.add(found)

    def failures() -> list[tuple[str, str]]:
        short = case.checklist[case.checklist["state"] == "not checked"]
        return [(row.item, row.why) for row in short.itertuples() if row.item in ("hunting", "incidents")]

    assert sorted(item for item, _ in failures()) == ["hunting", "incidents"]
    for item, why in failures():
        assert why.startswith("asked, and it failed"), item
        assert "(503)" in why
        assert "found.resume()" in why
    told = " ".join(why for _, why in failures())
    assert "(CloudAppEvents; IdentityLogonEvents): Graph failed" in told
    broken.clear()
    again = found.resume()
    assert len(again.frames["incidents"]) > 1
    one = gi.Case("INC-1")
    one.add(found)
    one.add(gi.get_incident(client, again.frames["incidents"]["id"].iloc[0]))
    assert "not checked" in set(one.checklist.loc[one.checklist["item"] == "incidents", "state"]), "one came, not all"
    case.add(again)
    assert failures() == []
    assert checked(case)["hunting"][0] == "checked"
    assert case.coverage["complete"].eq(False).sum() == 3, "that it failed once stays on record"
    again_saved = gi.open_case(case.save(tmp_path / "INC-1"))
    assert again_saved.checklist.equals(case.checklist)


def test_a_list_that_failed_at_once_was_asked_for(make_world) -> None:
    """Not one page came: the client's coverage has the request, and the checklist does not say that nobody asked."""
    faults = [Fault("/auditLogs/signIns", lambda _: _fail(503)), Fault("/identityProtection/*", lambda _: _fail(403))]
    faults += [Fault("/auditLogs/directoryAudits", lambda _: _fail(401))]
    client = make_world(seed=2, faults=faults).client
    with pytest.raises(gi.ServiceError) as caught:
        gi.list_sign_ins(client, since="7d", event_types="interactive")
    with pytest.raises(gi.PermissionMissingError):
        gi.list_risk_detections(client, since="7d")
    with pytest.raises(gi.AuthError):
        gi.list_directory_audits(client, since="7d")
    asked = gi.coverage(client).set_index("pull_id")
    row = asked.loc[caught.value.pull_id]
    assert (row["resource"], row["complete"], row["pages"]) == ("sign_ins", False, 0)
    assert row["since"] == pd.Timestamp(client.now()) - timedelta(days=7)
    case = Case("INC-1")
    case.add(client)
    assert checked(case)["sign-ins"][1].startswith("asked, and it failed: Graph failed on")
    (audits,) = [row.why for row in case.checklist.itertuples() if row.item.startswith("directory audits")]
    assert "Graph refused the token" in audits, "why"
    assert "then connect again. A pivot's Go on" in audits, "and what to do next, without the words of one request"
    assert "IdentityRiskEvent.Read.All" in checked(case)["risk detections"][1]
    assert checked(case)["alerts"] == ("not checked", "never asked for in this case")


def _fail(status: int) -> Response:
    raise ApiError(status, "UnknownError", "it broke")


def test_a_slip_is_told_what_to_do_instead(small, tmp_path) -> None:
    """A list of things, words, and a folder for the report: what to give is said, and nothing is written."""
    case = small()
    with pytest.raises(gi.UsageError, match=r"case\.add\(\*things\)"):
        case.add([case.graph])
    with pytest.raises(gi.UsageError, match=r"case\.note\(…\)"):
        case.add("called her")
    with pytest.raises(gi.UsageError, match="is a folder: name the file in it"):
        case.report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_case_says_how_much_of_what_it_holds(world) -> None:
    """One is one, several are several, in the words that all views have; hunted rows by the name of their answer."""
    client = world.client
    case = Case("INC-1")
    case.add(gi.list_alerts(client, limit=1), gi.list_sign_ins(client, since="2d", limit=2))
    case.add(gi.run_hunting_query(client, "AlertInfo"), name="all alerts")
    case.note("one")
    said = repr(case)
    assert "1 alert, 2 sign-ins, " in said
    assert " rows of all-alerts; 1 note, not saved" in said

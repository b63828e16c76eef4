"""A case that is opened again on the workbench: its notes stand where they were made, and nothing is doubled."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.cases.checklist import checklist
from graphinvestigate.cli.workbench import on_case
from graphinvestigate.demo import faults
from graphinvestigate.demo.answers import ApiError, Response
from graphinvestigate.demo.faults import Fault
from graphinvestigate.notes import current_notes
from graphinvestigate.queries.coverage import DTYPES
from graphinvestigate.widgets.case_notes import OpenedCase

SAID = "called the help desk"


@pytest.fixture(scope="module")
def first_saved(world, found, tmp_path_factory) -> Path:
    """A saved case with notes of an explorer, and of an analyst on an entity, a record, a link, a span and the case."""
    explorer = gi.EntityExplorer(world.client, found.graph)
    alert = next(node for node in sorted(explorer.graph) if node.kind == "alert")
    explorer.note(found.user, words=SAID)
    explorer.note(alert, words="seen before")
    case = gi.Case("INC-1", author="me")
    case.add(found, explorer)
    case.note("by hand", entity=found.user)
    case.finding("a session was replayed", edge=(found.user, found.address))
    case.note("his night shift", since="2026-01-01T00:00:00Z", until="2026-01-02T00:00:00Z")
    case.note("handed over at six")
    return case.save(tmp_path_factory.mktemp("noted") / "case")


@pytest.fixture
def noted(first_saved, tmp_path) -> Path:
    """A copy of that case."""
    return Path(shutil.copytree(first_saved, tmp_path / "noted"))


def texts(case: gi.Case) -> list[str]:
    """Every note that stands."""
    return sorted(case.notes["text"])


def test_notes_stand_where_they_were_made(world, found, noted) -> None:
    """On nodes and links in drawing, details, table, page and twin; what belongs to neither is listed."""
    case = gi.open_case(noted)
    bench = gi.Workbench(world.client, case=case)
    explorer = bench.explorer
    assert explorer.notes[found.user] == SAID
    assert len(explorer.notes) == 2
    explorer.select(found.user)
    details = explorer._details.value
    for words in (SAID, "by hand", "a session was replayed", "On its link with"):
        assert words in details
    assert "me, " in details, "who wrote it"
    explorer.select(found.address)
    assert "a session was replayed" in explorer._details.value
    explorer._on_click((found.address, found.user), more=False)
    assert "finding: a session was replayed" in explorer._details.value
    drawn = json.loads(explorer._canvas.widget.figure)["data"]
    labels = [trace for trace in drawn if "✎" in str(trace.get("text"))]
    assert len(labels) == 2, "nodes and links have their mark"
    row = next(cells for cells in explorer._entities._rows if SAID in cells[6])
    assert "by hand" in row[6]
    for words in ("handed over at six", "his night shift"):
        assert words in explorer._left_out.value
    page = explorer._texts()["html"]()
    for words in texts(case):
        assert words in page
    html = explorer._repr_mimebundle_()
    html = (html[0] if isinstance(html, tuple) else html)["text/html"]
    assert SAID in html
    assert "handed over at six" in html


def test_notes_stand_in_the_graph_of_a_replay_and_of_a_redacted_case(world, found, noted, tmp_path) -> None:
    """A graph that was built anew, or under pseudonyms, takes the notes at the same entities."""
    case = gi.open_case(noted)
    again = gi.EntityExplorer(world.client, case.replay().graph, case=case)
    assert again.notes[found.user] == SAID
    assert list(again._state.case_notes.links) == [frozenset((found.user, found.address))]
    veiled = gi.open_case(case.redact("k" * 32).save(tmp_path / "veiled"))
    bench = gi.Workbench(world.client, case=veiled)
    assert sorted(n.text for notes in bench.explorer._state.case_notes.links.values() for n in notes) == [
        "a session was replayed"
    ]
    shown = [*bench.explorer.notes.values(), *(n.text for n in bench.explorer._state.case_notes.notes)]
    assert sorted(shown) == texts(veiled)
    user = next(node for node, words in bench.explorer.notes.items() if words == SAID)
    assert user.kind == "user"
    assert user != found.user


def test_adding_a_reopened_workbench_doubles_nothing(world, found, noted, tmp_path) -> None:
    """Unchanged notes stay as they are, their authors and times too; into another case they come as they are."""
    case = gi.open_case(noted)
    before = case.notes
    bench = gi.Workbench(world.client, case=case)
    case.add(bench)
    case.add(bench, bench.explorer)
    assert case.notes.equals(before)
    case.save()
    assert gi.open_case(noted).notes.equals(before)
    other = gi.Case("INC-2", author="you")
    other.add(bench)
    other.add(bench)
    mine = before[before["note_id"].str.contains("-")].reset_index(drop=True)
    assert other.notes[["text", "author", "note_id", "written"]].equals(mine[["text", "author", "note_id", "written"]])


def test_a_reopened_note_can_be_changed_and_taken_away(world, found, noted) -> None:
    """New words replace the note they began with, an emptied one is withdrawn, undo brings it back: all on record."""
    case = gi.open_case(noted)
    explorer = gi.Workbench(world.client, case=case).explorer
    explorer.note(found.user, words="called the help desk; reset at 04:10")
    case.add(explorer)
    assert SAID not in texts(case)
    assert texts(case).count("called the help desk; reset at 04:10") == 1
    explorer.note(found.user, words="")
    case.add(explorer)
    assert not [one for one in texts(case) if SAID in one]
    assert "by hand" in texts(case), "what others wrote is not the explorer's to take away"
    explorer.undo()
    explorer.undo()
    case.add(explorer)
    case.add(explorer)
    assert texts(case).count(SAID) == 1
    assert len(case.notes) == 6
    assert explorer.to_code().count("case=case") == 1


def test_what_was_changed_in_the_case_meanwhile_stays_changed(world, found, noted) -> None:
    """A note that its author withdrew by hand does not come back with an explorer that still shows it."""
    case = gi.open_case(noted)
    explorer = gi.Workbench(world.client, case=case).explorer
    (note_id,) = case.notes.loc[case.notes["text"] == SAID, "note_id"]
    case.withdraw(note_id)
    case.add(explorer)
    assert SAID not in texts(case)


def test_a_note_finds_its_entity_under_a_stronger_key(world, found) -> None:
    """Noted under a name, shown under the object id; a note on what a pivot brings later appears with it."""
    user = found.graph.nodes[found.user]
    upn = next(one for one in user["identifiers"] if one.startswith("upn=")).partition("=")[2]
    log = pd.DataFrame({"when": ["2026-02-20T01:00:00Z"], "who": [upn]})
    g = gi.entity_graph(records=[gi.map_records(log, kind="vpn_session", time="when", user="who")])
    assert found.user not in g
    early = gi.EntityExplorer(world.client, g)
    early.note(upn, words="who is this?")
    case = gi.Case("INC-1")
    case.add(early)
    explorer = gi.EntityExplorer(world.client, found.graph, case=case)
    assert explorer.notes == {found.user: "who is this?"}
    case = gi.Case("INC-2")
    case.add(found)
    case.note("his laptop", entity=found.host)
    empty = gi.EntityExplorer(world.client, gi.entity_graph(), case=case)
    assert "his laptop" in empty._left_out.value
    empty.pivot(found.host)
    assert empty._state.case_notes.on[gi.find_entity(empty.graph, found.host)][0].text == "his laptop"
    assert "his laptop" not in empty._left_out.value


def test_a_reopened_pivot_that_broke_off_is_asked_again_and_says_why(make_world, found, tmp_path) -> None:
    """What a case's pivots asked is known; one that broke off offers Ask again alone, and says that nothing goes on."""
    world = make_world(seed=0, alerts=120, faults=[Fault("/auditLogs/signIns", faults.error(503))])
    explorer = gi.EntityExplorer(world.client, found.graph, selected=found.user)
    explorer._button.click()
    assert explorer._go_on.layout.display != "none"
    explorer.pivot(found.address, since=None)
    case = gi.Case("INC-1")
    case.add(explorer)
    case = gi.open_case(case.save(tmp_path / "case"))
    client = make_world(seed=0, alerts=120).client
    again = gi.EntityExplorer(client, case.graph, selected=found.user, case=case)
    assert again._button.disabled
    assert again._again.layout.display != "none"
    assert again._go_on.layout.display == "none"
    for words in ("UTC in this case", "not all of it came: sign-ins", "where it broke off is not kept", "Ask again"):
        assert words in again._plan.value
    assert "since the case was opened again" in again._coverage.value
    again._since.value = "7d"
    assert not again._button.disabled, "that far back nobody asked"
    again._since.value = "30d"
    again._again.click()
    assert "not all of it came" not in again._plan.value
    assert "in this case" not in again._plan.value
    again.undo()
    assert "not all of it came" in again._plan.value
    again._since.value = ""
    again.select(found.address)
    assert again._button.disabled, "it was asked for all that Graph keeps"


def test_the_page_for_people_without_notebooks_shows_the_notes(found, noted) -> None:
    """``graphinvestigate app --case`` has them too, and asks nobody for anything."""
    explorer = on_case(noted).explorer
    assert explorer.notes[found.user] == SAID
    explorer.select(found.user)
    assert "by hand" in explorer._details.value
    with pytest.raises(gi.UsageError, match="open without its tenant"):
        explorer.pivot(since="1d")


@pytest.mark.parametrize("thing", [3, "cases/INC-1", object()])
def test_something_else_is_no_case(world, found, thing) -> None:
    """A path or a number is an error that says what to give; a workbench needs alerts or a case."""
    with pytest.raises(gi.UsageError, match="open_case"):
        gi.EntityExplorer(world.client, found.graph, case=thing)
    with pytest.raises(gi.UsageError, match="open_case"):
        gi.Workbench(world.client, case=thing)
    with pytest.raises(gi.UsageError, match="alerts"):
        gi.Workbench(world.client)


def test_code_opens_the_same_case(world, found, noted) -> None:
    """What a workbench on a case writes as code leads to the same notes, graph and steps."""
    case: OpenedCase = gi.open_case(noted)
    bench = gi.Workbench(world.client, case=case)
    bench.explorer.note(found.host, words="his own laptop")
    names = {"client": world.client, "case": case}
    exec(bench.to_code(), names)
    other = names["workbench"].explorer
    assert other.notes == bench.explorer.notes
    assert other._state.case_notes == bench.explorer._state.case_notes
    explorer = gi.EntityExplorer(world.client, found.graph, case=case)
    names = {"client": world.client, "case": case, "g": found.graph}
    exec(explorer.to_code(), names)
    assert names["explorer"].notes == explorer.notes


def test_of_two_looks_at_an_explorer_the_later_counts(world, found, monkeypatch, tmp_path) -> None:
    """Threads that add one explorer may overtake each other: the case has what it says now, at the time it was said."""
    explorer = gi.EntityExplorer(world.client, found.graph)
    case = gi.Case("INC-1")
    taken, go_on = threading.Event(), threading.Event()
    look = explorer.at_one_moment

    def slow_look() -> object:
        seen = look()
        if threading.current_thread() is not threading.main_thread():
            taken.set()
            assert go_on.wait(20)
        return seen

    monkeypatch.setattr(explorer, "at_one_moment", slow_look)
    explorer.note(found.user, words="first")
    slow = threading.Thread(target=lambda: case.add(explorer), daemon=True)
    slow.start()
    assert taken.wait(20)
    explorer.note(found.user, words="second")
    explorer.note(found.host, words="third")
    case.add(explorer)
    case.save(tmp_path / "case")
    go_on.set()
    slow.join(20)
    assert list(case.notes["text"]) == ["second", "third"]
    assert list(case.notes["written"]) == sorted(case.notes["written"])
    explorer.undo()
    case.add(explorer)
    assert list(case.notes["text"]) == ["second"]


def test_notes_are_in_the_order_in_which_they_were_written(world, found, tmp_path) -> None:
    """However late and in however many pieces an explorer is added, and after a save; not in the order of its nodes."""
    explorer = gi.EntityExplorer(world.client, found.graph)
    nodes = [found.user, found.host, found.address]
    for n, node in enumerate(nodes):
        explorer.note(node, words=f"note {n}")
    explorer.note(nodes[0], words="note 3")
    case = gi.Case("INC-1")
    case.note("before all that was added")
    case.add(explorer)
    said = {one["words"]: one["at"] for one in case.actions if one["action"] == "note"}
    assert list(case.notes["text"]) == ["note 1", "note 2", "note 3", "before all that was added"]
    for row in case.notes.head(3).itertuples():
        assert abs(row.written - datetime.fromisoformat(said[row.text])) < timedelta(seconds=1)
    again = gi.open_case(case.save(tmp_path / "case"))
    assert list(again.notes["text"]) == list(case.notes["text"])


def test_two_entities_that_become_one_keep_both_notes(world, found) -> None:
    """Merged by hand, neither note is lost, in the explorer or in the case."""
    explorer = gi.EntityExplorer(world.client, found.graph)
    first, second = sorted(node for node in explorer.graph if node.kind == "host")[:2]
    explorer.note(first, words="left on the train")
    explorer.note(second, words="found on the train")
    case = gi.Case("INC-1")
    case.add(explorer)
    explorer.merge(first, second, reason="one serial number")
    (words,) = explorer.notes.values()
    for said in ("left on the train", "found on the train", "merge: one serial number"):
        assert said in words
    case.add(explorer)
    assert list(case.notes["text"]) == [words]
    assert len(current_notes(case._contents.notes.values())) == 1


def test_what_was_gone_on_with_is_checked(make_world, found) -> None:
    """A list that broke off stands as not checked until the rest has come; another list's end does not stand for it."""
    broken = [True]
    listed: list[str] = []

    def answer(asked: faults.Asked) -> Response:
        listed.append(asked.request.url)
        if broken and len(listed) > 1:
            raise ApiError(503, "UnknownError", "it broke")
        return asked.genuine()

    client = make_world(seed=0, alerts=120, faults=[Fault("/auditLogs/signIns", answer)]).client
    case = gi.Case("INC-1")

    def not_checked() -> list[str]:
        table = case.checklist
        return [item for item in table.loc[table["state"] == "not checked", "item"] if item == "sign-ins"]

    with pytest.raises(gi.PartialResultError) as caught:
        gi.list_sign_ins(client, since="30d", page_size=20, concurrent=1)
    case.add(client)
    assert not_checked()
    broken.clear()
    case.add(gi.list_sign_ins(client, since="30d", user_id=found.user.key), client)
    assert not_checked(), "only of one user"
    case.add(caught.value.resume(), client)
    assert not not_checked()
    assert (case.coverage["complete"].eq(False)).any(), "the request that broke off is still on record"


def _asked(complete: bool, until: str | None, note: str = "") -> dict[str, object]:
    since = pd.Timestamp("2026-02-01", tz="UTC")
    end = None if until is None else pd.Timestamp(until, tz="UTC")
    row = {"resource": "alerts", "complete": complete, "since": since, "until": end, "note": note}
    return {**row, "filters_server": "", "filters_local": ""}


@pytest.mark.parametrize(
    ("rows", "checked"),
    [
        ([(False, "2026-03-01"), (True, "2026-03-01")], True),
        ([(True, "2026-03-01"), (False, "2026-03-01")], True),  # within one second: which was first is not known
        ([(True, "2026-02-20"), (False, "2026-03-01")], False),
        ([(False, None), (True, None)], True),
        ([(True, None), (False, None)], False),  # what came since the whole answer is not known
        ([(True, None, "gone on with: 1 page had come"), (False, None)], True),
    ],
)
def test_what_broke_off_is_checked_once_it_came_whole(rows: list[tuple[object, ...]], checked: bool) -> None:
    """A window that came whole is checked whichever request was first; without an end only a later answer counts."""
    coverage = pd.DataFrame([_asked(*row) for row in rows], columns=list(DTYPES)).astype(DTYPES)  # type: ignore[arg-type]
    table = checklist((), coverage, {})
    assert ("not checked" not in set(table.loc[table["item"] == "alerts", "state"])) is checked

"""Saving: killed at any moment, by two at once, with no room: the old case or the new one is there, and every note."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import graphinvestigate as gi
from graphinvestigate.cases import saving
from graphinvestigate.cases.locks import locked
from tests.outside import no_room

POSIX = pytest.mark.skipif(os.name == "nt", reason="processes are killed and locked differently on Windows")
KILLING = Path(__file__).with_name("killing.py")

WRITER = """
import sys, graphinvestigate as gi
from graphinvestigate.cases import case as cases
case = gi.open_case(sys.argv[1])
cases.derived = lambda manifest, contents, known=case.manifest.derived: known  # most of a save's time, all of it alone
for number in range(int(sys.argv[3])):
    case.note(f"{sys.argv[2]}-{number}")
    case.save()
"""


@POSIX
@pytest.mark.parametrize("how", ["new", "again"])
def test_a_kill_at_any_step_leaves_the_old_case_or_the_new_one(how, tmp_path) -> None:
    """At every step that a save takes on disk, kill -9 leaves a whole case, and the next save is whole too."""
    done = subprocess.run(
        [sys.executable, str(KILLING), str(tmp_path), how], capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    before = [] if how == "new" else ["old"]
    assert told["kills"] > 15
    assert told["torn"] == []
    states = [*dict.fromkeys(map(tuple, told["seen"]))]
    assert states == [tuple(before), ("old", "new")]  # the old case up to one step, the new one from there on
    assert all(notes[-1] == "later" for notes in told["after"])


@POSIX
def test_two_notebooks_lose_none_of_each_others_notes(saved) -> None:
    """Two processes that write notes into one case at the same time both find all of them in it."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(saved), name, "12"], stderr=subprocess.PIPE, text=True)
        for name in ("ada", "bob")
    ]
    for writer in writers:
        _, said = writer.communicate(timeout=120)
        assert writer.returncode == 0, said
    case = gi.open_case(saved)
    assert sorted(case.notes["text"]) == sorted(f"{name}-{n}" for name in ("ada", "bob") for n in range(12))
    assert case.verify() == []


def test_what_another_saved_is_here_after_my_save(world, saved) -> None:
    """Records, tables, figures and notes of both sides are in the case, and in both notebooks after they saved."""
    mine, theirs = gi.open_case(saved), gi.open_case(saved)
    theirs.note("theirs")
    theirs.add(gi.list_incidents(world.client, since="30d").head(2))
    theirs.add(gi.entities(theirs.graph).head(3), name="table")
    theirs.save()
    mine.note("mine")
    mine.add(gi.list_alerts(world.client, since="30d").head(9))
    mine.add(gi.entities(mine.graph).head(2), name="table")
    mine.save()
    again = gi.open_case(saved)
    assert set(again.notes["text"]) == set(mine.notes["text"]) == {"mine", "theirs"}
    assert len(again.frames["incidents"]) == 2
    assert len(again.frames["alerts"]) == 9
    assert sorted(map(len, again.tables.values())) == [2, 3]
    assert {("incident", i) for i in again.frames["incidents"]["id"]} <= set(again.graph)


def test_steps_and_requests_of_both_are_kept(world, saved) -> None:
    """What was done and asked in either notebook is in the case, whoever saved last."""
    mine, theirs = gi.open_case(saved), gi.open_case(saved)
    before = len(mine.actions)
    for case, word, pull in ((theirs, "called", gi.list_incidents), (mine, "isolated", gi.list_risk_detections)):
        case.add_step(word, text=f"{word} from one notebook")
        case.add(pull(world.client, since="30d").head(1))
        case.save()
    again = gi.open_case(saved)
    assert [step["action"] for step in again.actions][before:] == ["called", "add", "isolated", "add"]
    asked = set(again.coverage["resource"])
    assert asked >= {"incidents", "risk_detections"}
    assert set(again.coverage["pull_id"].dropna()) >= set(mine.coverage["pull_id"].dropna())
    assert set(again.coverage["pull_id"].dropna()) >= set(theirs.coverage["pull_id"].dropna())


def test_two_copies_of_a_case_are_joined_by_saving_one_to_the_other(world, saved, tmp_path) -> None:
    """Two analysts who worked on copies of their own put them together: nothing of either is lost, nothing is twice."""
    shutil.copytree(saved, tmp_path / "hers")
    hers = gi.open_case(tmp_path / "hers")
    hers.note("hers")
    hers.add_step("called", text="her call")
    hers.add(gi.list_incidents(world.client, since="30d").head(2))
    hers.save()
    his = gi.open_case(saved)
    his.note("his")
    his.conclude("suspicious", "he thinks so")
    his.save()
    his.save(tmp_path / "hers")
    both = gi.open_case(tmp_path / "hers")
    assert both.verify() == []
    assert set(both.notes["text"]) == {"hers", "his"}
    assert both.verdict.value == "suspicious"
    assert "her call" in {step.get("text") for step in both.actions}
    assert len(both.frames["incidents"]) == 2
    assert len(both.frames["alerts"]) == len(his.frames["alerts"])
    assert both.replay().differences == []


def test_a_graph_is_kept_as_its_file_says_it(small, tmp_path) -> None:
    """After a save the case holds what who opens it finds, where JSON has another way to say an attribute, too."""
    case = small()
    g = case.graph.copy()
    user = next(node for node in g if isinstance(node, gi.Entity))
    g.nodes[user]["seen_by"] = ("a", "b")
    case = gi.Case("INC-9")
    case.add(g)
    case._graph = case._added  # as it was added, and not as records give it
    case.save(tmp_path / "case")
    assert (
        case.graph.nodes[user].get("seen_by") == gi.open_case(case.path).graph.nodes[user].get("seen_by") == ["a", "b"]
    )


def test_what_changes_while_it_is_saved_is_not_saved(small, tmp_path, monkeypatch) -> None:
    """A graph that another thread changes between hashing and writing is refused, and no half of it is left."""
    case = small()
    node = next(iter(case.graph))
    real = saving.versions

    def later() -> dict[str, str]:
        case.graph.nodes[node]["label"] = "changed meanwhile"
        return real()

    monkeypatch.setattr(saving, "versions", later)
    for name in ("case", "case.zip"):
        case.graph.nodes[node]["label"] = "before"
        with pytest.raises(gi.NotSavedError, match="changed while it was saved"):
            case.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert gi.open_case(case.save(tmp_path / "case")).verify() == []


def test_a_note_that_both_changed_stays_in_both_versions(saved) -> None:
    """Two notebooks that replace the same note at once both keep theirs: nobody's words are lost."""
    first = gi.open_case(saved)
    note = first.note("guess")
    first.save()
    mine, theirs = gi.open_case(saved), gi.open_case(saved)
    mine.note("mine", replaces=note.note_id)
    theirs.note("theirs", replaces=note.note_id)
    theirs.save()
    mine.save()
    assert set(gi.open_case(saved).notes["text"]) == {"mine", "theirs"}


def test_two_that_make_one_case_join_it(small, tmp_path) -> None:
    """A case that another process saved first is joined where it is the same case."""
    case = small()
    case.save(tmp_path / "case")
    twin = gi.open_case(tmp_path / "case")
    twin.note("twin")
    twin.save()
    case.note("first")
    case.save(tmp_path / "case")
    assert set(case.notes["text"]) == {"twin", "first"}


@POSIX
def test_a_full_disk_is_an_error_and_the_old_case_stays(saved) -> None:
    """No room for a file: the error says what to do, the old case is whole, and no half file is left."""
    case = gi.open_case(saved)
    case.note("x" * 200_000)
    with no_room(60_000), pytest.raises(gi.NotSavedError, match="save to another folder"):
        case.save()
    again = gi.open_case(saved)
    assert again.verify() == []
    assert not len(again.notes)
    assert [one.name for one in saved.parent.iterdir()] == ["INC-1"]
    case.save()
    assert len(gi.open_case(saved).notes) == 1


def test_a_place_where_nothing_can_be_written_is_an_error(small, tmp_path) -> None:
    """Where no folder can be made, the error says so and names the way out, and the case can be saved elsewhere."""
    (tmp_path / "file").write_text("x")
    case = small()
    for name in ("case", "case.zip", "below/case"):
        with pytest.raises(gi.NotSavedError, match="save to another folder"):
            case.save(tmp_path / "file" / name)
    assert case.save(tmp_path / "case").is_dir()


@POSIX
def test_who_waits_too_long_for_the_lock_is_told(saved) -> None:
    """A save that another process blocks ends with an error instead of overwriting it."""
    with locked(saved), pytest.raises(gi.NotSavedError, match="another process"), locked(saved, patience=0.1):
        pass


def test_a_damaged_case_is_not_blessed_by_saving(saved) -> None:
    """Saving onto a case whose files were changed is refused: it would hide the change."""
    case = gi.open_case(saved)
    with (saved / "records" / "alerts.jsonl").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(gi.BadFileError, match="damaged"):
        case.save()

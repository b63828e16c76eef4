"""A redacted case opens like any other, names nobody in any of its files, and still leads from note to node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import graphinvestigate as gi
from graphinvestigate.linking import Entity

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
    return made


def test_no_file_of_a_redacted_case_names_anybody(case: gi.Case, redacted: Any, tmp_path: Path) -> None:
    """Saved and opened again, no file holds an original; frames, graph, notes and steps are as many as before."""
    made = case.redact(KEY)
    assert made.path is None
    path = made.save(tmp_path / "shared")
    text = (
        "\n".join(file.read_text("utf-8") for file in path.rglob("*") if file.is_file()).replace("\\\\", "\\").lower()
    )
    telling = {name.lower() for name in redacted.names if "@" in name or name.count(".") == 3 or name.count("-") > 3}
    assert len(telling) > 200
    assert [name for name in telling if name in text] == []
    assert "contoso" not in text
    opened = gi.open_case(path)
    assert opened.verify() == []
    assert {name: len(frame) for name, frame in opened.frames.items()} == {n: len(f) for n, f in case.frames.items()}
    assert len(opened.graph) == len(case.graph)
    assert opened.graph.number_of_edges() == case.graph.number_of_edges()
    assert len(opened.actions) == len(case.actions)
    assert case.name.startswith("INC about ")
    assert opened.name != case.name


def test_notes_stay_where_they_belong(case: gi.Case) -> None:
    """A note on an entity is found at the entity's pseudonym, and its text speaks of that pseudonym."""
    made = gi.Redactor(KEY).redact(case)
    (note,) = [one for one in made._contents.notes.values() if one.kind == "note"]
    (place,) = note.places
    user = next(n for n in made.graph if place["identifiers"][0] in made.graph.nodes[n].get("identifiers", ()))
    assert isinstance(user, Entity)
    assert made.graph.nodes[user]["label"] in note.text
    pivots = [one for one in made.actions if one["action"] == "pivot"]
    assert pivots[0]["key"] == user.key
    assert Entity("user", pivots[0]["key"]) in made.graph

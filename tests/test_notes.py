"""Notes: what they are about is stored by what Graph says of it, and found again whatever it is called later."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate import notes as notes_module
from graphinvestigate.notes import (
    NOTE_COLUMNS,
    Note,
    current_notes,
    edge_place,
    entity_place,
    nodes_at,
    notes_frame,
    place_words,
    record_place,
    time_place,
)


@pytest.fixture(scope="module")
def alerts(world) -> pd.DataFrame:
    """Alerts of the demo tenant."""
    return gi.list_alerts(world.client, since="30d")


@pytest.fixture(scope="module")
def g(alerts):
    """Their entity graph."""
    return gi.entity_graph(alerts=alerts)


def user_with(g, *types: str) -> gi.Entity:
    """A user known by all of these identifiers."""
    return next(
        node
        for node, attrs in g.nodes(data=True)
        if node.kind == "user" and all(any(i.startswith(f"{t}=") for i in attrs["identifiers"]) for t in types)
    )


def test_an_entity_is_stored_by_its_identifiers_alone(g) -> None:
    """A place holds `type=value` identifiers, and neither a label nor a position nor a bare node key."""
    user = user_with(g, "object_id", "upn")
    place = entity_place(g, user)
    assert place == {"place": "entity", "kind": "user", "identifiers": sorted(g.nodes[user]["identifiers"])}
    assert all("=" in text for text in place["identifiers"])


def test_a_note_follows_an_entity_to_a_stronger_key(g) -> None:
    """A note written on a user known by name alone is found on the same user once an object id is known."""
    user = user_with(g, "object_id", "upn")
    upn = next(text.partition("=")[2] for text in g.nodes[user]["identifiers"] if text.startswith("upn="))
    place = entity_place(None, gi.Entity("user", upn))
    assert nodes_at(g, place) == [user]
    assert nodes_at(g, {"place": "entity", "kind": "host", "identifiers": [f"upn={upn}"]}) == []


def test_the_strongest_identifier_decides(g) -> None:
    """Where a name has moved on to somebody else, a note stays with whoever has the object id."""
    one, other = [n for n in g if n.kind == "user" and n.key.count("-") == 4][:2]
    upn = next((t for t in g.nodes[other]["identifiers"] if t.startswith("upn=")), "upn=nobody@example.com")
    place = {"place": "entity", "kind": "user", "identifiers": [upn, f"object_id={one.key}"]}
    assert nodes_at(g, place) == [one]


def test_rows_records_evidence_and_links_have_places(g, alerts) -> None:
    """A row of a frame, a record, a row of evidence and a link are stored by ids and found again."""
    row = alerts.iloc[0]
    assert record_place(row) == record_place(gi.Record("alert", row["id"]))
    assert nodes_at(g, record_place(row)) == [gi.Record("alert", row["id"])]
    item = gi.evidence(alerts).iloc[3]
    assert record_place(item)["id"] == item["alert_id"]
    assert record_place(item)["field"] == f"evidence[{item['evidence_index']}]"
    alert = gi.Record("alert", row["id"])
    named = next(node for node in g.successors(alert) if isinstance(node, gi.Entity))
    assert set(nodes_at(g, edge_place(g, alert, named, "has_evidence"))) == {alert, named}


def test_words_name_what_a_place_is(g, alerts) -> None:
    """Places are said in words: labels where the graph knows them, identifiers where not."""
    user = user_with(g, "object_id", "upn")
    assert g.nodes[user]["label"] in place_words(entity_place(g, user), g)
    assert user.key in place_words(entity_place(g, user))
    assert alerts["title"].iloc[0] in place_words(record_place(alerts.iloc[0]), g)
    assert place_words(time_place("2026-02-01T10:00:00+01:00", None)) == "2026-02-01 09:00 to … UTC"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda g: time_place("2026-02-01", None), "time zone"),
        (lambda g: time_place("7d", None), "moves on"),
        (lambda g: time_place(None, None), "since= or until="),
        (lambda g: time_place(datetime(2026, 2, 1), None), "time zone"),  # noqa: DTZ001 (that is the point)
        (lambda g: time_place("2026-02-02T00:00:00Z", "2026-02-01T00:00:00Z"), "swap them"),
        (lambda g: record_place(pd.Series({"id": "x"})), "record_kind"),
        (lambda g: Note(text=" "), "words"),
        (lambda g: Note(text="x", kind="joke"), "kind"),
        (lambda g: Note(text="x", kind="verdict", value="bad"), "malicious"),
        (lambda g: Note(text="x", written="yesterday"), "ISO"),
        (lambda g: Note(text="x", places=({"place": "entity", "kind": "user", "identifiers": []},)), "place"),
    ],
)
def test_what_cannot_be_right_is_refused(g, make, words) -> None:
    """A note or place that says nothing, or something else than it seems, is an error that says what to give."""
    with pytest.raises(gi.UsageError, match=words):
        make(g)


def test_an_unknown_entity_and_a_missing_link_are_refused(g) -> None:
    """Nothing can be noted on what the graph does not hold."""
    with pytest.raises(gi.EntityNotFoundError):
        entity_place(g, "nobody@nowhere.example")
    users = [node for node in g if node.kind == "user"][:2]
    if not g.has_edge(*users) and not g.has_edge(*users[::-1]):
        with pytest.raises(gi.EntityNotFoundError, match="no such link"):
            edge_place(g, *users)


def test_notes_are_replaced_and_withdrawn_but_never_lost() -> None:
    """Only notes that nothing replaced stand; two that replace the same one both stand."""
    first = Note(text="first")
    second = Note(text="second", replaces=first.note_id)
    rival = Note(text="rival", replaces=first.note_id)
    gone = Note(text="", replaces=second.note_id, withdrawn=True)
    assert {note.text for note in current_notes([first, second, rival])} == {"second", "rival"}
    assert [note.text for note in current_notes([gone, rival, second, first])] == ["rival"]


def test_notes_go_to_json_and_back(g) -> None:
    """What was written comes back equal, and members of later versions do no harm."""
    note = Note(text="<b>\u202e", places=(entity_place(g, user_with(g, "upn")), time_place(None, "2026-02-01T00:00Z")))
    assert Note.from_json(note.to_json()) == note
    assert Note.from_json({**note.to_json(), "mood": "calm"}) == note
    for wrong in (None, [], {"text": 3}, {"text": "x", "places": [7]}, {"text": "x", "note_id": None}, {}):
        with pytest.raises(gi.UsageError):
            Note.from_json(wrong)


def test_a_table_of_notes_has_its_columns_also_when_empty() -> None:
    """No notes give the same columns and types as some."""
    empty, one = notes_frame([]), notes_frame([Note(text="x")])
    assert tuple(empty.columns) == tuple(one.columns) == NOTE_COLUMNS
    assert (empty.dtypes == one.dtypes).all()
    assert one["about"].tolist() == ["the case"]


def test_a_graph_is_walked_once_for_all_notes(g, monkeypatch) -> None:
    """A hundred notes on a large graph take one walk over it, and are found as each alone would be."""
    nodes = [node for node in sorted(g) if isinstance(node, gi.Entity)][:100]
    places = [entity_place(g, node) for node in nodes]
    ties = [(a, b) for a, b in g.edges() if isinstance(a, gi.Record)][:5]
    places += [edge_place(g, *tie) for tie in ties]
    notes = [Note(text=str(n), places=(place,)) for n, place in enumerate(places)]
    alone = [place_words(place, g) for place in places]
    walks, walked = [], notes_module.identified

    def counted(*args):
        walks.append(1)
        return walked(*args)

    monkeypatch.setattr(notes_module, "identified", counted)
    assert list(notes_frame(notes, g)["about"]) == alone
    assert len(walks) == 1
    known = walked(g, places)
    assert [nodes_at(g, place, known) for place in places] == [nodes_at(g, place) for place in places]
    assert [nodes_at(g, place)[0] for place in places[: len(nodes)]] == nodes

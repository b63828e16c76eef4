"""diff: what is new, in words that a shift hand-over can be read from."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.cases.case import Case


def changed(frame: pd.DataFrame, row: int, **values) -> pd.DataFrame:
    """A pull in which Graph answers otherwise for one record."""
    kind = {"alert": "alerts", "incident": "incidents", "risky_user": "risky_users"}[frame["record_kind"].iloc[0]]
    records = [json.loads(raw) for raw in frame["raw"]]
    records[row].update(values)
    return gi.read_records(kind, records)


@pytest.fixture(scope="module")
def pulls(world) -> dict[str, pd.DataFrame]:
    """Pulls of the demo tenant."""
    return {
        "alerts": gi.list_alerts(world.client, since="30d").head(8),
        "incidents": gi.list_incidents(world.client, since="30d").head(4),
        "risky_users": gi.list_risky_users(world.client).head(3),
    }


def test_the_headline_says_what_counts(pulls) -> None:
    """New alerts, a user's risk that rose and a merged incident, in one line."""
    before, after = Case("INC-1"), Case("INC-1")
    risky = changed(pulls["risky_users"], 0, riskLevel="medium")
    before.add(pulls["alerts"].head(6), pulls["incidents"], risky)
    incidents = changed(pulls["incidents"], 1, redirectIncidentId="28301", status="redirected")
    after.add(pulls["alerts"], incidents, changed(risky, 0, riskLevel="high"))
    found = gi.diff(before, after)
    assert str(found) == "2 new alerts, user risk medium → high, merged into 28301"
    told = "\n".join(found.sentences)
    for title in pulls["alerts"]["title"].iloc[6:]:
        assert title in told
    assert f"({incidents['id'].iloc[1]}) was merged into 28301" in told
    assert "risk medium → high" in told


def test_nothing_new_is_said_too(pulls) -> None:
    """Two equal cases, and two pulls that differ only in how they were asked, have no difference."""
    one, other = Case("a"), Case("b")
    for case in (one, other):
        case.add(*pulls.values())
    found = one.diff(other)
    assert str(found) == "nothing new"
    assert found.sentences == []
    assert not len(found.changes)
    again = gi.read_records("alerts", [{**json.loads(r), "@odata.context": "x"} for r in pulls["alerts"]["raw"]])
    assert str(gi.diff(pulls["alerts"], again)) == "nothing new"


def test_two_pulls_are_compared_by_id(pulls) -> None:
    """New, gone and changed records of two pulls are rows of the changes, whatever their order."""
    old = pulls["alerts"].head(5)
    new = changed(pulls["alerts"].iloc[1:7], 0, status="resolved").iloc[::-1]
    found = gi.diff(old, new)
    counts = found.changes.drop_duplicates(["change", "id"])["change"].value_counts()
    assert counts["new"] == 2
    assert counts["gone"] == 1
    row = found.changes[found.changes["field"] == "status"].iloc[0]
    assert (row["id"], row["after"]) == (pulls["alerts"]["id"].iloc[1], "resolved")
    assert "2 new alerts" in found.headline
    assert "1 record gone" in found.headline
    assert any("only in the older one" in one for one in found.sentences)


def test_a_field_without_a_column_counts_as_a_change(pulls) -> None:
    """A property that no column holds is a change all the same."""
    found = gi.diff(pulls["alerts"], changed(pulls["alerts"], 2, somethingNew="x"))
    assert found.changes["field"].tolist() == ["raw"]
    assert found.headline == "1 record changed"


def test_notes_verdict_entities_and_ticked_items_of_cases(pulls, world) -> None:
    """What analysts wrote, decided and ticked off since is told, and who or what appeared."""
    before, after = Case("INC-1"), Case("INC-1")
    before.add(pulls["alerts"].head(2))
    after.add(pulls["alerts"].head(2), pulls["incidents"], pulls["alerts"].iloc[2:3])
    after.note("called her")
    after.conclude("malicious", "because")
    found = gi.diff(before, after)
    told = "\n".join(found.sentences)
    assert "called her" in told
    assert "verdict none → malicious" in found.headline
    assert "No longer on the list of what was not checked: incidents." in told
    assert any("new entit" in one for one in found.sentences)


def test_an_entity_that_got_a_stronger_key_is_not_new() -> None:
    """A user known by name before and by object id now is the same user."""
    evidence = {"@odata.type": "#microsoft.graph.security.userEvidence"}
    weak = {"userPrincipalName": "a@x.example"}
    strong = {**weak, "azureAdUserId": "11111111-2222-3333-4444-555555555555"}
    before, after = Case("x"), Case("x")
    for case, account in ((before, weak), (after, strong)):
        case.add(
            gi.read_records("alerts", [{"id": "1", "title": "t", "evidence": [{**evidence, "userAccount": account}]}])
        )
    assert not any("new entit" in one for one in gi.diff(before, after).sentences)


def test_the_later_saved_case_is_the_newer_one(small, tmp_path) -> None:
    """case.diff tells what is new in the one saved later, whichever is asked."""
    case = small()
    case.save(tmp_path / "old")
    newer = gi.open_case(tmp_path / "old")
    newer.note("later")
    newer.save(tmp_path / "new")
    older = gi.open_case(tmp_path / "old")
    assert str(older.diff(newer)) == str(newer.diff(older)) == "1 new note"


@pytest.mark.parametrize("pair", [(1, 2), ("alerts", "incidents"), ("case", "alerts")])
def test_two_different_things_are_refused(pulls, pair) -> None:
    """Frames of two kinds, a case and a frame, or anything else are an error that says what to give."""
    things = {**pulls, "case": Case("x")}
    with pytest.raises(gi.UsageError, match="diff takes"):
        gi.diff(*(things.get(one, one) for one in pair))
    with pytest.raises(gi.UsageError, match="another case"):
        Case("x").diff(pulls["alerts"])

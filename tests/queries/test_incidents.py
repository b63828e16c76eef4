"""Incidents that were merged into others, and lists that Graph fails on with their alerts."""

from __future__ import annotations

import json
from itertools import pairwise
from urllib.parse import unquote

import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault


def redirecting(targets: dict[str, str | None]) -> Fault:
    """Incidents that lead where `targets` says, by id."""

    def edit(record: dict) -> dict:
        return {**record, "redirectIncidentId": targets.get(record["id"]), "status": "redirected"}

    return Fault("/security/incidents/*", faults.rewrite(edit))


def fails_on_expanded_lists() -> Fault:
    """Graph as was observed: a filtered list of incidents with their alerts is a 500, a single one is not."""

    def answer(asked: faults.Asked):
        if "$expand" in unquote(asked.request.url):
            return faults.error(500, code="UnknownError")(asked)
        return asked.genuine()

    return Fault("/security/incidents", answer)


def test_a_merged_incident_leads_to_the_one_it_is_now(world) -> None:
    """The row is the incident that holds the alerts now, and the coverage names the one asked for."""
    merged, target = world.tenant.truth.redirected[0]
    frame = gi.get_incident(world.client, merged)
    assert frame["id"].item() == target
    said = gi.coverage(frame).iloc[0]
    assert said["note"] == f"asked for incident {merged}, merged into {target}"
    assert said["complete"]
    assert len(json.loads(frame["alerts"].item())) == len(world.tenant.incident_alerts(target))


def test_an_incident_that_was_not_merged_says_nothing(world) -> None:
    """No trail, no note."""
    target = world.tenant.truth.redirected[0][1]
    assert gi.coverage(gi.get_incident(world.client, target))["note"].item() == ""


def test_a_trail_in_a_circle_ends(make_world) -> None:
    """A → B → C → A: three requests, the last row that could be read, and a coverage that is not complete."""
    a, b, c = make_world().ids("security/incidents")[:3]
    world = make_world(faults=[redirecting({a: b, b: c, c: a})])
    before = world.client.requests_made
    frame = gi.get_incident(world.client, a)
    assert world.client.requests_made - before <= 4
    assert frame["id"].item() == c
    said = gi.coverage(frame).iloc[0]
    assert "circle" in said["note"]
    assert not said["complete"]


def test_a_trail_without_end_is_given_up(make_world) -> None:
    """Ever new targets: after ten it is too far to follow."""
    ids = make_world(alerts=120).ids("security/incidents")
    trail = dict(pairwise(ids))
    world = make_world(alerts=120, faults=[redirecting(trail)])
    frame = gi.get_incident(world.client, ids[0], expand_alerts=False)
    assert frame["id"].item() == ids[10]
    assert "too far" in gi.coverage(frame)["note"].item()


@pytest.mark.parametrize("target", ["no-such-incident", "../alerts_v2", "x\ny"])
def test_a_trail_that_ends_at_nothing_keeps_the_row_that_was_there(make_world, target) -> None:
    """The incident it was merged into is not there, or no id: the row asked for, and its coverage not complete."""
    first = make_world().ids("security/incidents")[0]
    world = make_world(faults=[redirecting({first: target})])
    frame = gi.get_incident(world.client, first)
    assert frame["id"].item() == first
    said = gi.coverage(frame).iloc[0]
    assert "not there" in said["note"]
    assert "\n" not in said["note"]
    assert not said["complete"]


def test_a_list_that_fails_with_its_alerts_is_read_one_by_one(make_world) -> None:
    """Persistent 500 on the expanded list: listed without, each asked for with; the same rows and alerts."""
    whole = gi.list_incidents(make_world().client, severity="high", expand_alerts=True)
    world = make_world(faults=[fails_on_expanded_lists()])
    frame = gi.list_incidents(world.client, severity="high", expand_alerts=True)
    assert len(frame) > 1
    assert list(frame["id"]) == list(whole["id"])
    assert list(frame["alerts"].map(json.loads)) == list(whole["alerts"].map(json.loads))
    said = gi.coverage(frame).iloc[0]
    assert "one by one" in said["note"]
    assert said["complete"]
    assert said["rows_kept"] == len(frame)


def test_an_incident_that_fails_alone_is_missed(make_world) -> None:
    """One of the single incidents fails too: all rows, one of them without alerts, and an error that says so."""
    broken = make_world().ids("security/incidents")[1]
    path = f"/security/incidents/{broken}"
    world = make_world(faults=[fails_on_expanded_lists(), Fault(path, faults.error(500), on=range(1, 7))])
    with pytest.raises(gi.PartialResultError, match="the alerts of 1 of") as caught:
        gi.list_incidents(world.client, expand_alerts=True)
    frame = caught.value.frame
    assert sorted(frame["id"]) == sorted(world.ids("security/incidents"))
    assert list(frame.loc[frame["alerts"].isna(), "id"]) == [broken]
    assert not gi.coverage(frame)["complete"].item()
    assert caught.value.resume()["alerts"].notna().all()


def test_a_list_without_alerts_that_fails_is_no_reason_to_ask_one_by_one(make_world) -> None:
    """Nothing was to be expanded: Graph's own error."""
    world = make_world(faults=[Fault("/security/incidents", faults.error(500))])
    with pytest.raises(gi.ServiceError):
        gi.list_incidents(world.client)


def test_a_partial_list_with_alerts_can_be_returned(make_world) -> None:
    """`on_partial="return"` holds for expanded lists too."""
    world = make_world(faults=[Fault("/security/incidents", faults.error(403), on=[2])])
    frame = gi.list_incidents(world.client, expand_alerts=True, page_size=5, on_partial="return")
    assert len(frame) == 5
    assert not gi.coverage(frame)["complete"].item()

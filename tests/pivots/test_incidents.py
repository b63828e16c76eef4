"""The incidents of what a pivot found: all of them, whether they are asked for one by one or out of a list."""

from __future__ import annotations

from datetime import timedelta

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault
from graphinvestigate.pivots import incidents


@pytest.fixture(params=[20, 0], ids=["one by one", "out of a list"])
def few(request, monkeypatch) -> int:
    """Up to how many are asked for one by one."""
    monkeypatch.setattr(incidents, "FEW", request.param)
    return request.param


def test_an_alert_that_joined_an_older_incident_brings_it(world, few) -> None:
    """The window is that of the alerts: an incident that was created before it comes too, and so does its story."""
    alerts, known = gi.list_alerts(world.client), gi.list_incidents(world.client).set_index("id")
    created = alerts["incident_id"].map(known["created_date_time"])
    late = alerts.loc[(alerts["created_date_time"] - created).idxmax()]
    since = created[late.name] + timedelta(minutes=1)
    assert since < late["created_date_time"]
    g = gi.entity_graph(alerts=alerts)
    entity = next(n for n in nx.all_neighbors(g, gi.Record("alert", late["id"])) if isinstance(n, gi.Entity))
    found = gi.pivot(world.client, entity, g=g, sources=["alerts", "incidents"], since=since)
    assert late["id"] in set(found.frames["alerts"]["id"])
    assert late["incident_id"] in set(found.frames["incidents"]["id"])
    assert found.frames["incidents"]["id"].is_unique
    assert gi.Record("incident", late["incident_id"]) in found.graph
    assert found.coverage["complete"].all()


def test_a_merged_incident_is_followed(make_world, few) -> None:
    """What an alert names, and was merged away, is not what the analyst reads: what it was merged into is, once."""
    truth = make_world(alerts=120).tenant.truth
    merged, into = truth.redirected[0]
    one = truth.attack.alert_ids[0]

    def rename(page: dict) -> dict:
        value = [{**alert, "incidentId": merged} if alert["id"] == one else alert for alert in page["value"]]
        return {**page, "value": value}

    world = make_world(alerts=120, faults=[Fault("/security/alerts_v2", faults.rewrite(rename))])
    frame = gi.list_alerts(world.client)
    user = next(n for n in gi.entity_graph(alerts=frame[frame["id"] == one]) if n[0] == "user")
    ids = list(gi.pivot(world.client, user, sources=["alerts", "incidents"]).frames["incidents"]["id"])
    assert ids.count(into) == 1
    assert merged not in ids


def test_an_incident_that_is_nowhere_is_named(make_world, few) -> None:
    """An alert may name an incident that is not there, or hidden: the coverage names it, and the others come."""
    world = make_world(alerts=120)
    alerts = gi.list_alerts(world.client)
    wanted = [*alerts["incident_id"].dropna().unique()[:3], "99999999"]
    found = incidents.incidents_of(world.client, wanted, "30d", None)
    assert len(found.frame) == 3
    assert found.settled == set(wanted)
    assert found.broke is None
    assert "99999999" in found.table.loc[found.table["complete"].eq(False), "note"].iloc[0]


def test_what_the_list_holds_is_not_asked_for_again(make_world, monkeypatch) -> None:
    """Once the list of the window is read, what is wanted later comes out of it; what it lacks is asked for by id."""
    monkeypatch.setattr(incidents, "FEW", 1)
    world = make_world(alerts=120)
    known = gi.list_incidents(world.client)
    known = known[known["redirect_incident_id"].isna()].sort_values("created_date_time")
    old, *new = known["id"]
    since = known["created_date_time"].iloc[0] + pd.Timedelta("1s")
    first = incidents.incidents_of(world.client, new[:3], since, None)
    assert set(first.frame["id"]) == set(new[:3])
    before = world.client.requests_made
    again = incidents.incidents_of(world.client, [*new[:9], old], since, None, first)
    assert world.client.requests_made - before == 1
    assert set(again.frame["id"]) == {*new[:9], old}
    assert len(again.table) == len(first.table) + 1
    assert again.settled == {*new[:9], old}


def test_what_breaks_behind_the_list_is_gone_on_with(make_world, monkeypatch) -> None:
    """The list came and one behind it did not: what came stays, the coverage tells, and only the other is asked for."""
    monkeypatch.setattr(incidents, "FEW", 0)
    world = make_world(alerts=120)
    known = gi.list_incidents(world.client)
    known = known[known["redirect_incident_id"].isna()].sort_values("created_date_time")
    old, new = known["id"].iloc[0], known["id"].iloc[1]
    since = known["created_date_time"].iloc[0] + pd.Timedelta("1s")
    broken = make_world(alerts=120, faults=[Fault(f"/security/incidents/{old}", faults.error(503))])
    first = incidents.incidents_of(broken.client, [old, new], since, None)
    assert list(first.frame["id"]) == [new]
    assert first.settled == {new}
    assert isinstance(first.broke, gi.GraphInvestigateError)
    assert first.open_table is not None
    assert "1 of them did not come" in first.open_table["note"].iloc[0]
    assert len(first.table) == 1, "the list"
    before = world.client.requests_made
    again = incidents.incidents_of(world.client, [old, new], since, None, first)
    assert world.client.requests_made - before == 1
    assert set(again.frame["id"]) == {old, new}
    assert again.broke is None
    assert len(again.table) == 2

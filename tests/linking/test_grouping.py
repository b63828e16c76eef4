"""Groups of alerts by what they share, beside the incidents they were put in."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd

import graphinvestigate as gi
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, communities, entity_graph
from tests.linking.conftest import BOB, LAPTOP, Json, alert, alerts_frame, device, item, user


def bob(**properties: Any) -> Json:
    """Bob, as evidence."""
    account = {"azureAdUserId": BOB, "userPrincipalName": "bob@contoso.com", "accountName": "bob"}
    return item("userEvidence", userAccount=account, **properties)


def at(hour: int, day: int = 3) -> dict[str, str]:
    """Times of an alert of a day in February."""
    time = f"2026-02-{day:02}T{hour:02}:00:00Z"
    return {"createdDateTime": time, "firstActivityDateTime": time, "lastActivityDateTime": time}


def found(*alerts: Json, incidents: list[Json] | None = None) -> pd.DataFrame:
    """The groups of some alerts."""
    return communities(entity_graph(alerts=alerts_frame(*alerts), incidents=read_records("incidents", incidents or [])))


def test_two_incidents_that_share_user_and_host_within_hours_should_merge() -> None:
    """What few share ties alerts across incidents; the finding names both and what they share."""
    table = found(
        alert("a1", user(), device(), incidentId="1", **at(8)),
        alert("a2", user(), device(), incidentId="2", **at(11)),
        alert("b1", bob(), incidentId="3", **at(9)),
    )
    first = table.iloc[0]
    assert (first["finding"], first["incident_ids"], first["alert_ids"]) == ("should merge", ["1", "2"], ["a1", "a2"])
    assert "LAPTOP-7" in " ".join(first["shared"])
    assert "incidents 1, 2 belong together" in first["why"]
    assert list(table["finding"])[1:] == ["as grouped"]


def test_the_same_two_weeks_apart_should_not() -> None:
    """What happens to one person in different weeks is not one incident for that."""
    table = found(
        alert("a1", user(), device(), incidentId="1", **at(8, 3)),
        alert("a2", user(), device(), incidentId="2", **at(8, 17)),
    )
    assert set(table["finding"]) == {"as grouped"}


def test_what_everybody_shares_ties_no_incidents() -> None:
    """A machine given as a hub joins nothing that it would join otherwise."""
    g = entity_graph(
        alerts=alerts_frame(
            alert("a1", user(), device(loggedOnUsers=[], ipInterfaces=[]), incidentId="1", **at(8)),
            alert("a2", bob(), device(loggedOnUsers=[], ipInterfaces=[]), incidentId="2", **at(8)),
        )
    )
    assert set(communities(g)["finding"]) == {"should merge"}
    assert set(communities(g, hubs=[Entity("host", LAPTOP)])["finding"]) == {"as grouped"}


def test_an_incident_of_two_things_should_split() -> None:
    """Alerts of one incident that share nothing are two groups; the smaller is said to share nothing with the rest."""
    table = found(
        alert("a1", user(), device(), incidentId="1", **at(8)),
        alert("a2", user(), incidentId="1", **at(9)),
        alert("b1", bob(), incidentId="1", **at(9)),
        alert("c1", bob(), incidentId="2", **at(9, 20)),
    )
    split = table[table["finding"] == "should split"]
    assert list(split["alert_ids"]) == [["b1"]]
    assert "incident 1 shares nothing with the rest" in split.iloc[0]["why"]
    assert list(table["finding"])[1:] == ["as grouped", "as grouped"]


def test_an_alert_without_incident_that_belongs_to_one_is_said_to() -> None:
    """An alert in no incident joins the one that it shares user and host with; alone it stays alone."""
    table = found(
        alert("a1", user(), device(), incidentId="1", **at(8)),
        alert("a2", user(), device(), incidentId=None, **at(9)),
        alert("b1", bob(), incidentId=None, **at(9)),
    )
    assert list(table["finding"]) == ["should merge", "no incident"]
    assert "1 alert without an incident belongs to incident 1" in table.iloc[0]["why"]


def test_merged_incidents_and_harmless_alerts_are_no_findings() -> None:
    """What was merged already counts as one incident; an alert found to be nothing is left out."""
    merged = {"id": "2", "displayName": "x", "status": "redirected", "redirectIncidentId": "1"}
    into = {"id": "1", "displayName": "y", "status": "active"}
    harmless = {"classification": "falsePositive"}
    table = found(
        alert("a1", user(), device(), incidentId="1", **at(8)),
        alert("a2", user(), device(), incidentId="2", **at(9)),
        alert("a3", user(), device(), incidentId="3", **at(9), **harmless),
        incidents=[merged, into],
    )
    assert [(row.finding, row.incident_ids) for row in table.itertuples()] == [("as grouped", ["1"])]


def test_groups_are_the_same_on_every_run_and_cover_every_alert(world) -> None:
    """In the demo tenant each alert that counts is in exactly one group, whatever the order; the attack is one."""
    alerts, incidents = gi.list_alerts(world.client), gi.list_incidents(world.client)
    g = gi.entity_graph(alerts=alerts, incidents=incidents)
    table = communities(g)
    pd.testing.assert_frame_equal(table, communities(nx.MultiDiGraph(g)))
    ids = [name for row in table["alert_ids"] for name in row]
    harmless = alerts["classification"].isin(["falsePositive", "informationalExpectedActivity"])
    assert sorted(ids) == sorted(alerts.loc[~harmless, "id"])
    attack = world.tenant.truth.attack
    whole = next(row for row in table.itertuples() if attack.alert_ids[0] in row.alert_ids)
    assert set(attack.alert_ids) <= set(whole.alert_ids)


def test_no_alerts_are_no_groups() -> None:
    """Without alerts the table is empty and looks the same."""
    empty, full = communities(entity_graph()), found(alert("a1", user(), incidentId="1"))
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert (empty.dtypes == full.dtypes).all()

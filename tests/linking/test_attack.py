"""What happened, told from records alone: which alerts belong, who is on which side, and nothing where nothing was."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd
import pytest

from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, attack_story, entity_graph
from tests.linking.conftest import ALICE, BOB, LAPTOP, SIGN_IN, Json, account, alert, alerts_frame, device, item, risk
from tests.linking.test_correlation import AWAY, HOME, beta, later

OPEN = {"status": "new", "incidentId": "77"}
INCIDENT = {"id": "77", "displayName": "Multi-stage incident", "severity": "high", "status": "active"}


def who(object_id: str, *roles: str, **properties: Any) -> Json:
    """Somebody, as evidence."""
    return item("userEvidence", userAccount=account(azureAdUserId=object_id), roles=list(roles), **properties)


def at(hour: int, category: str, **properties: Any) -> Json:
    """Times and category of an alert."""
    time = f"2026-02-03T{hour:02}:00:00Z"
    return OPEN | {"category": category, "firstActivityDateTime": time, "lastActivityDateTime": time} | properties


def attack(*more: Json) -> list[Json]:
    """An attack in four tactics on Alice and her laptop, and other alerts."""
    return [
        alert(
            "a1", who(ALICE, "compromised"), item("urlEvidence", url="https://lure.example/a"), **at(7, "InitialAccess")
        ),
        alert("a2", who(ALICE, "compromised"), device(), **at(9, "Execution")),
        alert("a3", device(), who(ALICE, "compromised"), **at(10, "CredentialAccess")),
        alert(
            "a4",
            device(),
            item("ipEvidence", ipAddress="198.51.100.200", roles=["destination"], verdict="malicious"),
            **at(11, "Exfiltration", serviceSource="microsoftDefenderForCloudApps"),
        ),
        *more,
    ]


def story(alerts: list[Json], risks: list[Json] | None = None, signs: list[Json] | None = None, **options: Any) -> Any:
    """What is told of some records."""
    frames = {
        "alerts": alerts_frame(*alerts),
        "risk_detections": read_records("risk_detections", risks or []),
        "sign_ins": read_records("sign_ins", signs or []),
    }
    return attack_story(entity_graph(**frames, incidents=read_records("incidents", [INCIDENT])), **frames, **options)


def sides(told: Any) -> dict[str, str]:
    """Who is on which side."""
    return dict(zip(told.touched["key"], told.touched["part"], strict=True))


def test_who_is_touched_is_said_by_a_record_that_names_them() -> None:
    """Each row leads to one of the attack's records, which names the entity, or the item that it stands behind."""
    frames = {"alerts": alerts_frame(*attack()), "incidents": read_records("incidents", [INCIDENT])}
    g = entity_graph(**frames)
    told = attack_story(g, alerts=frames["alerts"], risk_detections=None, sign_ins=None)
    assert len(told.touched) == 4
    for row in told.touched.itertuples():
        record, entity = Record(row.record_kind, row.record_id), Entity(row.kind, row.key)
        assert row.record_id in set(told.steps["record_id"])
        near = set(g.successors(record))
        assert entity in near or near & set(nx.all_neighbors(g, entity)), row


def test_an_attack_is_told_from_its_first_step_to_its_last() -> None:
    """The four questions are answered from the alerts: where it began, whom it reached, whose it was, how far."""
    told = story(attack())
    assert told.incident == Record("incident", "77")
    assert list(told.steps["record_id"]) == ["a1", "a2", "a3", "a4"]
    assert list(told.steps["what"]) == ["Initial access", "Execution", "Credential access", "Exfiltration"]
    found = sides(told)
    assert (found[ALICE], found[LAPTOP]) == ("victim", "victim")
    assert (found["https://lure.example/a"], found["198.51.100.200"]) == ("attacker", "attacker")
    assert told.reach.graph["blast"]["since"] == "2026-02-03T07:00:00.000000Z"
    assert "the first of 4 steps until 2026-02-03 11:00 UTC" in told.answers["How did it start?"]
    assert set(told.answers) == {
        "How did it start?",
        "Who and what is touched?",
        "How far could it go?",
        "What was missed?",
    }


def test_the_replayed_session_and_its_place_are_part_of_it() -> None:
    """Standing risk of a victim leads to its sign-in, that to its session, and that to where it was replayed."""
    old = beta("old", sessionId="session-0", createdDateTime="2026-01-20T08:00:00Z", ipAddress="198.51.100.77")
    signs = [old, beta(SIGN_IN), later("r1"), later("home", ipAddress="198.51.100.77")]
    told = story(attack(), [risk()], signs)
    assert [i for k, i in zip(told.steps["record_kind"], told.steps["record_id"], strict=True) if k != "alert"] == [
        "rd-1",
        SIGN_IN,
        "r1",
    ]
    found = sides(told)
    assert (found[HOME], found[AWAY]) == ("attacker", "attacker")
    assert "198.51.100.77" not in found
    assert told.missed.iloc[0]["gap"] == "session used elsewhere"
    assert AWAY in told.answers["What was missed?"]


@pytest.mark.parametrize(
    "detection",
    [
        risk(riskState="dismissed"),
        risk(userId=BOB, userPrincipalName="bob@contoso.com"),
        risk(activityDateTime="2026-01-03T08:00:00Z"),
        risk(ipAddress="198.51.100.77"),
    ],
)
def test_risk_that_is_settled_of_others_old_or_at_home_is_no_step(detection: Json) -> None:
    """Only risk that stands, of a victim, in these days, from a place new to them, belongs to the attack."""
    old = beta("old", sessionId="session-0", createdDateTime="2026-01-20T08:00:00Z", ipAddress="198.51.100.77")
    told = story(attack(), [detection], [old, beta(SIGN_IN)])
    assert set(told.steps["record_kind"]) == {"alert"}


def test_a_strangers_alert_in_the_incident_is_left_out() -> None:
    """An alert of the incident that shares nothing with the others is no step, and its user no victim; it is said."""
    told = story(attack(alert("b1", who(BOB, "compromised"), **at(9, "Execution", severity="low"))))
    assert "b1" not in set(told.steps["record_id"])
    assert BOB not in sides(told)
    assert "1 of its alerts share nothing with the others" in told.why


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True),
        ({"status": "resolved"}, False),
        ({"classification": "falsePositive"}, False),
        ({"firstActivityDateTime": "2026-02-20T09:00:00Z", "lastActivityDateTime": "2026-02-20T09:00:00Z"}, False),
    ],
)
def test_an_open_alert_outside_about_a_victim_is_taken_in(change: dict[str, str], taken: bool) -> None:
    """An alert of another incident joins if its evidence calls a victim compromised, in these days, and it is open."""
    outside = at(10, "Persistence", incidentId="78") | change
    told = story(
        attack(alert("c1", who(ALICE, "compromised"), item("oauthApplicationEvidence", appId="ap"), **outside))
    )
    assert ("c1" in set(told.steps["record_id"])) is taken
    assert ("ap" in sides(told)) is taken
    assert ("1 alerts outside of it" in told.why) is taken


@pytest.mark.parametrize("state", ["prevented", "blocked", "remediated"])
def test_what_was_kept_from_harm_outside_is_not(state: str) -> None:
    """An alert elsewhere about something that was prevented does not join the attack."""
    outside = alert("c1", who(ALICE, "compromised", remediationStatus=state), **at(10, "Malware", incidentId="78"))
    assert "c1" not in set(story(attack(outside)).steps["record_id"])


def test_context_and_what_was_found_harmless_is_not_touched() -> None:
    """Evidence with a role of context only, or found to be no threat, names nobody as part of the attack."""
    context = item("ipEvidence", ipAddress="192.0.2.1", roles=["contextual"], verdict="unknown")
    clean = item("urlEvidence", url="https://fine.example/", verdict="noThreatsFound")
    bare = item("urlEvidence", url="https://unjudged.example/", verdict="unknown")
    told = story(attack(alert("a5", who(ALICE, "compromised"), context, clean, bare, **at(10, "Discovery"))))
    found = sides(told)
    assert "192.0.2.1" not in found
    assert "https://fine.example/" not in found
    assert found["https://unjudged.example/"] == "attacker"


def test_the_sender_is_the_attackers_and_other_recipients_are_targeted() -> None:
    """Behind a bad message stand its sender, its address and its link; who else got it was aimed at, not reached."""

    def mail(to: str) -> Json:
        return item(
            "analyzedMessageEvidence",
            networkMessageId="3f1c1c6e-2f50-4d3a-9a0f-000000000001" if to.startswith("alice") else f"other-{to}",
            recipientEmailAddress=to,
            senderIp="192.0.2.66",
            p2Sender={"emailAddress": "bad@lure.example"},
            urls=["https://lure.example/a"],
            roles=["suspicious"],
        )

    box = item("mailboxEvidence", primaryAddress="alice@contoso.com", roles=["compromised"])
    first = alert(
        "a0",
        mail("alice@contoso.com"),
        mail("carol@contoso.com"),
        who(ALICE, "compromised"),
        box,
        **at(6, "InitialAccess"),
    )
    found = sides(story([first, *attack()]))
    assert (found["bad@lure.example"], found["192.0.2.66"]) == ("attacker", "attacker")
    assert (found["alice@contoso.com"], found["carol@contoso.com"]) == ("victim", "targeted")


def test_no_attack_is_no_story() -> None:
    """Where no incident looks like an intrusion nobody is named, and the answer says so to every question."""
    told = story([alert("b1", who(BOB), **at(9, "Execution", severity="low"))])
    assert told.incident is None
    assert len(told.steps) == len(told.touched) == len(told.missed) == 0
    assert set(told.answers.values()) == {"None of 1 incidents looks like an intrusion."}
    full = story(attack())
    assert (told.steps.dtypes == full.steps.dtypes).all()
    assert (told.touched.dtypes == full.touched.dtypes).all()


def test_an_incident_can_be_chosen() -> None:
    """Asked for by its id, an incident is told of whatever it looks like."""
    told = story([alert("b1", who(BOB, "compromised"), **at(9, "Execution", severity="low"))], incident="77")
    assert sides(told) == {BOB: "victim"}


def test_what_cannot_be_seen_is_said() -> None:
    """Without the other sign-ins, nobody says that the session was not replayed."""
    told = story(attack(), [risk()], [beta(SIGN_IN)])
    assert "cannot be told from these records" in told.answers["What was missed?"]
    assert isinstance(told.missed, pd.DataFrame)

"""What speaks of the same event, how that is known, and what fell between the records."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import correlate_risk, correlation_gaps
from tests.linking.conftest import ALICE, BOB, SIGN_IN, Json, alert, alerts_frame, device, item, risk, sign_in, user

NOBODY = {"userId": None, "userPrincipalName": None, "ipAddress": None}
HOME, AWAY = "198.51.100.23", "203.0.113.200"


def frame(kind: str, *records: Json) -> pd.DataFrame:
    """Records as a frame."""
    return read_records(kind, list(records))


def pairs(table: pd.DataFrame) -> set[tuple[str, ...]]:
    """What was joined, and how surely."""
    joined = table[table["right_id"].notna()]
    return set(joined[["left_id", "right_id", "strength"]].itertuples(index=False, name=None))


def beta(sign_in_id: str, **properties: Any) -> Json:
    """A sign-in that knows its session, as Graph beta gives it."""
    given = {"sessionId": "session-1", "isInteractive": True, "signInEventTypes": ["interactiveUser"]}
    return sign_in(sign_in_id, **(given | properties))


def test_ids_join_before_anything_else() -> None:
    """requestId, correlationId, providerAlertId and the alert's logon request join, each with its strength."""
    alerts = alerts_frame(
        alert("ad-rd-1", user(), providerAlertId="rd-1"),
        alert("a2", user(), item("cloudLogonRequestEvidence", requestId=SIGN_IN.upper())),
    )
    risks = frame("risk_detections", risk(), risk("rd-2", requestId=None, correlationId="C-1"))
    signs = frame("sign_ins", sign_in(), sign_in("s2", correlationId="c-1"))
    assert pairs(correlate_risk(alerts, risks, signs)) == {
        ("rd-1", SIGN_IN, "certain"),
        ("rd-2", "s2", "strong"),
        ("rd-1", "ad-rd-1", "certain"),
        ("rd-1", "a2", "certain"),
        ("a2", SIGN_IN, "certain"),
    }


def test_same_user_same_address_close_in_time_is_likely() -> None:
    """Without an id the closest sign-in of the same user at the same address joins, within the time given only."""
    risks = frame("risk_detections", risk(requestId=None))
    signs = frame(
        "sign_ins",
        sign_in("near", createdDateTime="2026-02-03T08:12:11Z"),
        sign_in("nearer", createdDateTime="2026-02-03T07:58:11Z"),
        sign_in("elsewhere", ipAddress=AWAY),
        sign_in("other", userId=BOB, userPrincipalName="bob@contoso.com"),
    )
    table = correlate_risk(None, risks, signs)
    assert pairs(table) == {("rd-1", "nearer", "likely")}
    row = table.iloc[0]
    assert (row["minutes"], row["user"], row["ip_address"]) == (-4.0, ALICE, HOME)
    assert pairs(correlate_risk(None, risks, signs, within="3min")) == set()


def test_a_user_known_by_name_only_is_the_one_known_by_id() -> None:
    """A sign-in that gives the user name alone joins the detection that gives both."""
    risks = frame("risk_detections", risk(requestId=None))
    signs = frame("sign_ins", sign_in("s1", userId=None, userPrincipalName="ALICE@contoso.com"))
    assert pairs(correlate_risk(None, risks, signs)) == {("rd-1", "s1", "likely")}


def test_nothing_joins_by_a_missing_key() -> None:
    """Null, empty and filler ids, users and addresses join nothing: two unknowns are not one."""
    filler = {"requestId": "", "correlationId": "00000000-0000-0000-0000-000000000000", "ipAddress": "0.0.0.0"}
    risks = frame("risk_detections", risk("rd-1", **(filler | NOBODY)), risk("rd-2", **filler, userId=ALICE))
    signs = frame(
        "sign_ins",
        sign_in("s1", **NOBODY, correlationId=None),
        sign_in("s2", ipAddress="0.0.0.0", correlationId=filler["correlationId"]),
    )
    alerts = alerts_frame(alert("a1", item("ipEvidence", ipAddress=None), providerAlertId=None))
    assert pairs(correlate_risk(alerts, risks, signs)) == set()


@pytest.mark.parametrize(
    ("signs", "strength", "note"),
    [
        (None, "unknown", "were not given"),
        ([], "unknown", "no sign-ins came"),
        ([beta("s9", createdDateTime="2026-02-03T09:00:00Z", ipAddress=AWAY)], "unknown", "begin at 2026-02-03 09:00"),
        ([sign_in("s9", createdDateTime="2026-02-01T09:00:00Z", isInteractive=True)], "unknown", "only interactive"),
        ([beta("s9", createdDateTime="2026-02-01T09:00:00Z", isInteractive=False)], "none", "speaks of it"),
    ],
)
def test_what_cannot_be_seen_is_unknown_not_none(signs: list[Json] | None, strength: str, note: str) -> None:
    """No sign-in for a detection is 'none' only where the sign-ins given would hold it; else it says why not."""
    risks = frame("risk_detections", risk())
    table = correlate_risk(None, risks, None if signs is None else frame("sign_ins", *signs))
    row = table[table["right_kind"] == "sign_in"].iloc[0]
    assert (row["strength"], pd.isna(row["right_id"])) == (strength, True)
    assert note in row["note"]


def test_nothing_given_is_an_empty_table_and_wrong_input_an_error() -> None:
    """Without records both tables are empty and look the same; wrong spans and frames are told."""
    empty = correlate_risk(None, None, None)
    full = correlate_risk(None, frame("risk_detections", risk()), None)
    assert len(empty) == 0
    assert (empty.dtypes == full.dtypes).all()
    assert len(correlation_gaps(None, None, None, None)) == 0
    with pytest.raises(UsageError, match="60min"):
        correlate_risk(None, None, None, within="soon")
    with pytest.raises(UsageError, match="no column 'id'"):
        correlate_risk(None, pd.DataFrame({"x": [1]}), None)


def gaps(**frames: Any) -> pd.DataFrame:
    """Gaps between some frames."""
    return correlation_gaps(*(frames.get(name) for name in ("alerts", "risk", "sign_ins", "incidents")))


def replayed(*more: Json, **first: Any) -> pd.DataFrame:
    """Sign-ins of Alice: an old one at home, the risky one, and others of its session."""
    old = beta("old", sessionId="session-0", createdDateTime="2026-01-20T08:00:00Z", ipAddress="198.51.100.77")
    return frame("sign_ins", old, beta(SIGN_IN, **first), *more)


def later(sign_in_id: str, **properties: Any) -> Json:
    """A non-interactive sign-in of the same session, two hours later."""
    given = {"isInteractive": False, "createdDateTime": "2026-02-03T10:02:11Z", "ipAddress": AWAY}
    return beta(sign_in_id, **(given | properties))


def test_a_session_used_elsewhere_is_found_though_nothing_names_the_address() -> None:
    """A risky session goes on at an address that no alert and no detection names: that is the first gap."""
    signs = replayed(later("r1"), later("r2"), later("failed", status={"errorCode": 50126}))
    row = gaps(risk=frame("risk_detections", risk()), sign_ins=signs).iloc[0]
    assert (row["gap"], row["certainty"]) == ("session used elsewhere", "known")
    assert (row["record_id"], row["others"], row["ip_address"], row["user"]) == ("rd-1", ["r1", "r2"], AWAY, ALICE)
    assert "used from 203.0.113.200, 2 times" in row["why"]
    assert "None of them was interactive." in row["why"]


@pytest.mark.parametrize(
    ("risks", "alerts", "signs"),
    [
        ([risk()], [], [later("r1", ipAddress="198.51.100.77")]),  # where she signed in from before
        ([risk()], [], [later("r1", sessionId="session-2")]),  # another session
        ([risk()], [], [later("r1", createdDateTime="2026-02-03T07:00:00Z")]),  # before the risk
        ([risk(), risk("rd-2", ipAddress=AWAY)], [], [later("r1")]),  # a detection names it
        ([risk()], [alert("a1", item("ipEvidence", ipAddress=AWAY))], [later("r1")]),  # an alert names it
        ([risk(riskState="dismissed")], [], [later("r1")]),  # somebody judged it
    ],
)
def test_what_is_familiar_known_or_judged_is_no_session_elsewhere(
    risks: list[Json], alerts: list[Json], signs: list[Json]
) -> None:
    """A place used before, another session, an earlier time, a named address and dismissed risk make no such gap."""
    table = gaps(
        risk=frame("risk_detections", *risks), alerts=alerts_frame(*alerts), sign_ins=replayed(*signs), incidents=None
    )
    assert "session used elsewhere" not in set(table["gap"])


def test_a_session_that_cannot_be_seen_is_unknown() -> None:
    """With interactive sign-ins only, or without session ids, nobody can say that the session was not used."""
    risks = frame("risk_detections", risk())
    for signs in (None, replayed(), frame("sign_ins", sign_in(), sign_in("n", isInteractive=False, sessionId=None))):
        table = gaps(risk=risks, sign_ins=signs)
        row = table[table["gap"] == "session used elsewhere"].iloc[0]
        assert row["certainty"] == "unknown"
        assert "cannot be seen" in row["why"]


def test_remediated_risk_with_a_live_session() -> None:
    """After a password reset any use of the session is a gap; after MFA only use from a new address."""
    home = later("home", ipAddress=HOME)
    reset = risk(riskState="remediated", riskDetail="userPerformedSecuredPasswordReset")
    passed = risk(riskState="remediated", riskDetail="userPassedMFADrivenByRiskBasedPolicy")
    name = "remediated risk with a live session"
    for detection, signs, expected in (
        (reset, [home], [["home"]]),
        (passed, [home], []),
        (passed, [home, later("r1")], [["r1"]]),
        (reset, [later("early", createdDateTime="2026-02-03T08:05:00Z")], []),  # before it was remediated
    ):
        table = gaps(risk=frame("risk_detections", detection), sign_ins=replayed(*signs))
        assert list(table.loc[table["gap"] == name, "others"]) == expected, detection["riskDetail"]


def test_risk_without_alert_and_alert_without_sign_in() -> None:
    """Each side that the other does not know is a gap, known where the records would show it, else unknown."""
    logon = item("cloudLogonRequestEvidence", requestId="nowhere")
    alerts = alerts_frame(
        alert("a0", user(), firstActivityDateTime="2026-01-01T00:00:00Z"),
        alert("a1", user(), logon, serviceSource="azureAdIdentityProtection"),
    )
    signs = replayed(later("r1"))
    table = gaps(risk=frame("risk_detections", risk()), alerts=alerts, sign_ins=signs).set_index("gap")
    assert table.loc["risk without alert", "certainty"] == "known"
    assert table.loc["alert without sign-in", ["certainty", "record_id"]].tolist() == ["known", "a1"]
    blind = gaps(risk=frame("risk_detections", risk()), sign_ins=signs).set_index("gap")
    assert blind.loc["risk without alert", "certainty"] == "unknown"
    assert "alerts were not given" in blind.loc["risk without alert", "why"]


def test_incidents_that_should_be_one_and_one_that_is_two() -> None:
    """What `communities` finds between incidents is a gap with the incidents, or the alerts, that it is about."""
    bob = item("userEvidence", userAccount={"azureAdUserId": BOB, "userPrincipalName": "bob@contoso.com"})
    alerts = alerts_frame(
        alert("a1", user(), device(), incidentId="1"),
        alert("a2", user(), device(), incidentId="2"),
        alert("b1", bob, incidentId="3"),
        alert("b2", item("mailboxEvidence", primaryAddress="x@y.example"), incidentId="3"),
    )
    table = gaps(alerts=alerts)
    one = table[table["gap"] == "incidents that should be one"].iloc[0]
    assert (one["record_id"], one["others"]) == ("1", ["2"])
    two = table[table["gap"] == "incident that is two"]
    assert [(row.record_id, row.others) for row in two.itertuples()] == [("3", ["b2"])]


def test_the_demo_tenants_replay_is_found(world) -> None:
    """In the demo tenant the address of the replay, named by no alert and no detection, is the session's gap."""
    client, truth = world.client, world.tenant.truth.attack
    signs = gi.list_sign_ins(client, event_types=["interactive", "nonInteractive"])
    table = gi.correlation_gaps(
        gi.list_alerts(client), gi.list_risk_detections(client), signs, gi.list_incidents(client)
    )
    found = table[table["gap"] == "session used elsewhere"]
    assert set(found["ip_address"]) == {truth.replay_ip}
    assert set(found.iloc[0]["others"]) <= set(truth.replay_sign_in_ids)

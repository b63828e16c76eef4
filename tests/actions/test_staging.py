"""`actions.stage`: a table of what will change; nothing is asked, nothing is sent, and misfits say so."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import graphinvestigate as gi


def test_staging_asks_and_sends_nothing(world: Any) -> None:
    """The table names each change with the value there, the value wanted and the permission; no request is made."""
    alerts = gi.list_alerts(world.client, limit=2)
    before = world.client.requests_made
    staged = gi.actions.stage(
        world.client, alerts, status="RESOLVED", classification="falsePositive", determination="notMalicious",
        assigned_to="me@contoso.test", comment="A planned test.",
    )  # fmt: skip
    changes = staged.changes
    assert world.client.requests_made == before
    assert changes["field"].tolist() == ["status", "classification", "determination", "assigned_to", "comment"] * 2
    assert changes["id"].unique().tolist() == alerts["id"].tolist()
    assert set(changes["permission"]) == {"SecurityAlert.ReadWrite.All"}
    status = changes[changes["field"] == "status"]
    assert status["before"].tolist() == alerts["status"].tolist()
    assert set(status["after"]) == {"resolved"}
    assert len(staged) == 10


def test_the_table_is_shown_with_hostile_text_made_harmless(world: Any) -> None:
    """In a terminal and in a notebook the table shows every change; what a comment holds is text, never markup."""
    alerts = gi.list_alerts(world.client, limit=1)
    staged = gi.actions.stage(world.client, alerts, comment="<img src=x>\x1b[31m\u202e")
    assert "nothing is sent" in repr(staged)
    assert "\x1b" not in repr(staged)
    assert "\u202e" not in repr(staged)
    page = staged._repr_html_()
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
    assert alerts["id"].iloc[0] in page


def test_tags_are_added_and_removed_and_others_stay(world: Any) -> None:
    """The tags that will be are those there, without the removed and with the added, each once."""
    incidents = gi.list_incidents(world.client)
    tagged = incidents[incidents["custom_tags"].map(lambda tags: isinstance(tags, list) or hasattr(tags, "__len__"))]
    incident = tagged.head(1)
    there = [str(tag) for tag in incident["custom_tags"].iloc[0]]
    staged = gi.actions.stage(world.client, incident, add_tags=["INC-1", *there[:1], "INC-1"], remove_tags=there[1:2])
    (row,) = staged.changes.to_dict("records")
    assert row["field"] == "custom_tags"
    assert row["after"].split(", ") == [tag for tag in there if tag not in there[1:2]] + ["INC-1"]


def test_users_are_named_by_many_kinds_of_rows(world: Any) -> None:
    """Risky users, users, risk detections and sign-ins name users; each user is one record however many rows."""
    risky = gi.list_risky_users(world.client).head(1)
    user_id = risky["id"].iloc[0]
    detections = gi.list_risk_detections(world.client, user_id=user_id)
    sign_ins = gi.list_sign_ins(world.client, user_id=user_id)
    frames = [risky, gi.get_user(world.client, user_id), detections, sign_ins]
    for frame in frames:
        assert len(frame) > 0
        changes = gi.actions.stage(world.client, frame, risk="confirmcompromised", revoke_sessions=True).changes
        assert changes["id"].tolist() == [user_id] * 2
        assert changes["field"].tolist() == ["risk_state", "sessions"]
        assert changes["after"].tolist() == ["confirmedCompromised", "revoked"]
        assert changes["permission"].tolist() == ["IdentityRiskyUser.ReadWrite.All", "User.RevokeSessions.All"]
    known = [gi.actions.stage(world.client, frame, risk="dismiss").changes["before"].iloc[0] for frame in frames]
    assert known[0] == risky["risk_state"].iloc[0]
    assert pd.isna(known[1:]).all()  # those rows do not say how the risk stands


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("alerts", {}, "what is to change"),
        ("alerts", {"status": "closed"}, "inProgress"),
        ("alerts", {"status": "unknown"}, "It takes: .*new, inProgress, resolved"),
        ("alerts", {"status": 1}, "Graph's words"),
        ("alerts", {"classification": "unknownFutureValue"}, "can't be set"),
        ("alerts", {"add_tags": "x"}, "on incidents only"),
        ("alerts", {"risk": "dismiss"}, "rows that name users"),
        ("alerts", {"revoke_sessions": True}, "rows that name users"),
        ("alerts", {"revoke_sessions": 1}, "True or False"),
        ("alerts", {"comment": " "}, "1 to 1,000"),
        ("alerts", {"comment": "x" * 1001}, "1 to 1,000"),
        ("alerts", {"assigned_to": 5}, "user principal name"),
        ("incidents", {"status": "redirected"}, "can't be set"),
        ("incidents", {"add_tags": [""]}, "list of tags"),
        ("incidents", {"add_tags": 5}, "list of tags"),
        ("risky_users", {"status": "resolved"}, "alerts and incidents"),
        ("risky_users", {"comment": "x"}, "alerts and incidents"),
        ("risky_users", {"risk": "remediate"}, "confirmCompromised, dismiss, confirmSafe"),
    ],
)
def test_what_does_not_fit_is_refused(world: Any, kind: str, arguments: dict[str, Any], words: str) -> None:
    """A decision that these rows can't take is a UsageError that says what they can, and nothing is asked."""
    frame = getattr(gi, f"list_{kind}")(world.client, limit=1)
    before = world.client.requests_made
    with pytest.raises(gi.UsageError, match=words):
        gi.actions.stage(world.client, frame, **arguments)
    assert world.client.requests_made == before


def test_rows_that_cannot_be_written_to_are_refused(world: Any) -> None:
    """No rows, mixed kinds, other kinds, rows without records or users: a UsageError that names what is taken."""
    client = world.client
    alerts, incidents = gi.list_alerts(client, limit=2), gi.list_incidents(client, limit=2)
    cases = [
        (alerts.head(0), "no row"),
        (pd.concat([alerts, incidents]), "one kind at a time"),
        (gi.list_directory_audits(client, limit=1), "one kind at a time of alert, incident"),
        (alerts.drop(columns="raw"), "record_kind and raw"),
        (alerts.assign(raw="{"), "no record"),
        (alerts.assign(raw='{"id":""}'), "2 of the 2 rows name no id"),
        (alerts.to_dict("records"), "record_kind and raw"),
    ]
    for frame, words in cases:
        with pytest.raises(gi.UsageError, match=words):
            gi.actions.stage(client, frame, status="resolved")
    with pytest.raises(gi.UsageError, match="client first"):
        gi.actions.stage(alerts, alerts, status="resolved")
    nobody = gi.read_records("sign_ins", b'{"value":[{"id":"s","servicePrincipalId":"p"}]}')
    with pytest.raises(gi.UsageError, match="name no user"):
        gi.actions.stage(client, nobody, risk="dismiss")


def test_legacy_alerts_are_retired_for_writing_too(world: Any) -> None:
    """Alerts of the retired endpoint can be read from files, and never written to."""
    legacy = gi.read_records("legacy_alerts", b'{"value":[{"id":"a","vendorInformation":{"provider":"IPC"}}]}')
    with pytest.raises(gi.EndpointRetiredError, match="list_alerts"):
        gi.actions.stage(world.client, legacy, status="resolved")


def test_an_owner_can_be_taken_away(world: Any) -> None:
    """`assigned_to=""` stages nobody."""
    alerts = gi.list_alerts(world.client)
    owned = alerts[alerts["assigned_to"].notna()].head(1)
    (row,) = gi.actions.stage(world.client, owned, assigned_to="").changes.to_dict("records")
    assert row["before"] == owned["assigned_to"].iloc[0]
    assert pd.isna(row["after"])

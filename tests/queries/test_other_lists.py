"""The other lists: audits, risk history, service principals, scores, users and their devices."""

from __future__ import annotations

import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.demo import faults
from graphinvestigate.demo.faults import Fault

LISTS = {
    "identityProtection/servicePrincipalRiskDetections": gi.list_service_principal_risk_detections,
    "identityProtection/riskyServicePrincipals": gi.list_risky_service_principals,
    "auditLogs/directoryAudits": gi.list_directory_audits,
    "security/secureScores": gi.list_secure_scores,
    "security/secureScoreControlProfiles": gi.list_secure_score_control_profiles,
}
HISTORY = "identityProtection/riskyUsers/{id}/history"


@pytest.mark.parametrize("path", LISTS)
def test_every_record_is_one_row(world, path) -> None:
    """Without filters a list holds every record of the tenant once, in whatever pages."""
    for page_size in (None, 3):
        frame = LISTS[path](world.client, page_size=page_size)
        assert len(frame) > 0
        assert sorted(frame["id"]) == sorted(world.ids(path))
        assert gi.coverage(frame)["complete"].all()


@pytest.mark.parametrize("path", LISTS)
def test_an_account_without_permission_is_told_which(make_world, path) -> None:
    """403 names the least permission of each list."""
    world = make_world(permissions=["SecurityAlert.Read.All"])
    with pytest.raises(gi.PermissionMissingError) as caught:
        LISTS[path](world.client)
    assert caught.value.permission
    assert str(caught.value.permission) in str(caught.value)


def test_audits_of_one_user_are_asked_of_graph(world) -> None:
    """Who did it goes to Graph; what Graph does not filter on is compared here, and the coverage says which."""
    audits = world.tenant.collections["auditLogs/directoryAudits"]
    user = next(a["initiatedBy"]["user"]["id"] for a in audits if (a["initiatedBy"].get("user") or {}).get("id"))
    of_user = [a for a in audits if ((a["initiatedBy"].get("user") or {}).get("id")) == user]
    category = of_user[0]["category"]
    frame = gi.list_directory_audits(world.client, initiated_by_user_id=user, category=category)
    assert sorted(frame["id"]) == sorted(a["id"] for a in of_user if a["category"] == category)
    said = gi.coverage(frame).iloc[0]
    assert f"initiatedBy/user/id eq '{user}'" in said["filters_server"]
    assert "category" not in said["filters_server"]
    assert category in said["filters_local"]


def test_audits_of_a_window(world) -> None:
    """`since` is asked of Graph as the audit log takes it."""
    audits = world.tenant.collections["auditLogs/directoryAudits"]
    frame = gi.list_directory_audits(world.client, since="5d")
    after = pd.Timestamp(world.tenant.now) - pd.Timedelta(days=5)
    expected = [a["id"] for a in audits if pd.Timestamp(a["activityDateTime"]) >= after.floor("s")]
    assert 0 < len(expected) < len(audits)
    assert sorted(frame["id"]) == sorted(expected)


def test_a_window_that_graph_does_not_take_is_applied_here(world) -> None:
    """Scores of the last days: all are read, the window is applied here and said, and nothing is closed."""
    scores = world.tenant.collections["security/secureScores"]
    frame = gi.list_secure_scores(world.client, since="10d")
    after = (pd.Timestamp(world.tenant.now) - pd.Timedelta(days=10)).floor("s")
    expected = [s["id"] for s in scores if pd.Timestamp(s["createdDateTime"]) >= after]
    assert 0 < len(expected) < len(scores)
    assert sorted(frame["id"]) == sorted(expected)
    said = gi.coverage(frame).iloc[0]
    assert said["filters_server"] == ""
    assert said["filters_local"].startswith("createdDateTime from 20")
    assert said["note"] == ""
    assert pd.isna(said["until"])
    assert said["complete"]


def test_a_limit_within_a_window_that_is_applied_here(world) -> None:
    """The limit cuts what fits the window, not what came before it was applied."""
    newest_out = gi.list_secure_scores(world.client, until="10d")
    assert list(gi.list_secure_scores(world.client, until="10d", limit=3)["id"]) == list(newest_out["id"])[:3]


def test_the_history_of_one_user(world) -> None:
    """Every change of one user's risk, and nobody else's; a user without is not found."""
    items = world.tenant.collections[HISTORY]
    for user in {item["userId"] for item in items}:
        frame = gi.list_risky_user_history(world.client, user)
        mine = [item for item in items if item["userId"] == user]
        assert len(frame) == len(mine)
        assert set(frame["user_id"].dropna()) == {user}
    with pytest.raises(gi.RecordNotFoundError):
        gi.list_risky_user_history(world.client, "no-such-user")


@pytest.mark.parametrize("ask", [gi.list_risky_user_history, gi.get_user, gi.list_user_devices])
@pytest.mark.parametrize("user", ["", None, "../devices", "x/y"])
def test_an_id_that_cannot_be_one_is_refused(world, ask, user) -> None:
    """No list of everybody answers for a missing id, and no path leads elsewhere."""
    with pytest.raises(gi.UsageError):
        ask(world.client, user)


def test_a_user_by_id_or_name_with_what_identifies_the_account(world) -> None:
    """Object id and principal name lead to one row, with the properties that Graph sends only when asked."""
    user = next(u for u in world.tenant.collections["users"] if u.get("onPremisesSecurityIdentifier"))
    for key in (user["id"], user["userPrincipalName"]):
        row = gi.get_user(world.client, key).iloc[0]
        assert row["id"] == user["id"]
        assert row["record_kind"] == "directory_user"
        assert row["on_premises_security_identifier"] == user["onPremisesSecurityIdentifier"]
    with pytest.raises(gi.RecordNotFoundError):
        gi.get_user(world.client, "nobody@nowhere.example")


def test_a_user_of_whom_only_the_basics_may_be_read(make_world) -> None:
    """More properties are refused: the basic profile comes, and its coverage says so and is not complete."""

    def refuse(asked: faults.Asked):
        if "select" in asked.request.url:
            return faults.error(403, code="Authorization_RequestDenied")(asked)
        return asked.genuine()

    world = make_world(faults=[Fault("/users/*", refuse)])
    user = world.tenant.collections["users"][0]
    frame = gi.get_user(world.client, user["id"])
    assert frame["user_principal_name"].item() == user["userPrincipalName"]
    said = gi.coverage(frame).iloc[0]
    assert "basic profile only" in said["note"]
    assert not said["complete"]
    assert said["lacking"] == "the permission User.ReadBasic.All"


def test_devices_of_a_user(world) -> None:
    """Registered and owned devices of a user are devices of the tenant; another relation is refused."""
    known = {device["id"] for device in world.tenant.collections["devices"]}
    found = 0
    for user in world.tenant.collections["users"]:
        for relation in ("registered", "owned"):
            frame = gi.list_user_devices(world.client, user["id"], relation=relation)
            assert set(frame["id"]) <= known
            assert set(frame["record_kind"]) <= {"directory_device"}
            found += len(frame)
        if found:
            break
    assert found > 0
    with pytest.raises(gi.UsageError, match="registered"):
        gi.list_user_devices(world.client, "x", relation="liked")

"""Writes persist in the emulator, never in the tenant, and only what Graph takes is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant

ALERTS, INCIDENTS, RISKY = "/security/alerts_v2", "/security/incidents", "/identityProtection/riskyUsers"


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant that was attacked."""
    return build_tenant(0, 60)


@pytest.fixture
def client(tenant: Tenant, connect: Callable[..., httpx.Client]) -> httpx.Client:
    """A caller who may do everything, of an emulator of its own."""
    return connect(Emulator(tenant, throttle=False))


def open_alert(tenant: Tenant) -> dict[str, Any]:
    """An alert that nobody has looked at."""
    return next(alert for alert in tenant.collections["security/alerts_v2"] if alert["status"] == "new")


def test_a_patched_alert_stays_patched(tenant: Tenant, client: httpx.Client) -> None:
    """PATCH answers the whole alert; lists, filters and order see it; the tenant itself and a new emulator do not."""
    alert = open_alert(tenant)
    verdict = {"status": "Resolved", "classification": "truePositive", "determination": "phishing", "assignedTo": "me"}
    answer = client.patch(f"{ALERTS}/{alert['id']}", json=verdict)
    assert answer.status_code == 200
    body = answer.json()
    changed = {name for name in alert if body[name] != alert[name]}
    assert changed == {*verdict, "resolvedDateTime", "lastUpdateDateTime"}
    assert (body["status"], body["determination"], body["assignedTo"]) == ("resolved", "phishing", "me")
    assert body["lastUpdateDateTime"] > alert["lastUpdateDateTime"]
    assert client.get(f"{ALERTS}/{alert['id']}").json() == body
    since = body["lastUpdateDateTime"]
    (found,) = client.get(ALERTS, params={"$filter": f"lastUpdateDateTime ge {since}"}).json()["value"]
    assert found["id"] == alert["id"]
    first = client.get(ALERTS, params={"$orderby": "lastUpdateDateTime desc", "$top": "1"}).json()["value"][0]
    assert first["id"] == alert["id"]
    reopened = client.patch(f"{ALERTS}/{alert['id']}", json={"status": "inProgress"}).json()
    assert reopened["resolvedDateTime"] is None
    assert reopened["lastUpdateDateTime"] > since
    again = client.get(ALERTS, params={"$orderby": "lastUpdateDateTime desc", "$top": "1"}).json()["value"][0]
    assert again["lastUpdateDateTime"] == reopened["lastUpdateDateTime"]
    assert open_alert(tenant) == alert


def test_the_clock_of_the_answers_reaches_every_write(tenant: Tenant, client: httpx.Client) -> None:
    """No write is later than the Date of its own answer, so a window that ends now holds it."""
    for _ in range(3):
        answer = client.patch(f"{ALERTS}/{open_alert(tenant)['id']}", json={"assignedTo": "x"})
        written = answer.json()["lastUpdateDateTime"]
        assert answer.headers["Date"].split()[4] == written[11:19]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ALERTS, {"severity": "low"}),
        (ALERTS, {"nonsense": 1}),
        (ALERTS, {"status": "open"}),
        (ALERTS, {"status": "unknownFutureValue"}),
        (ALERTS, {"status": None}),
        (ALERTS, {"assignedTo": 7}),
        (ALERTS, {}),
        (ALERTS, [1]),
        (INCIDENTS, {"status": "redirected"}),
        (INCIDENTS, {"serviceSource": "x"}),
        (INCIDENTS, {"customTags": "x"}),
        (INCIDENTS, {"classification": None}),
        (INCIDENTS, {"status": "resolved", "severity": "low"}),
    ],
)
def test_what_cannot_be_patched_is_400_and_changes_nothing(
    tenant: Tenant, client: httpx.Client, path: str, body: Any
) -> None:
    """A property that is not updatable, or a value that it does not take, fails the whole request."""
    record = tenant.collections[path[1:]][0]
    answer = client.patch(f"{path}/{record['id']}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    after = client.get(f"{path}/{record['id']}").json()
    assert {name: after[name] for name in record} == record
    assert client.patch(f"{path}/{record['id']}", content=b"{}").status_code == 400, "no Content-Type"
    headers = {"Content-Type": "application/json"}
    assert client.patch(f"{path}/{record['id']}", content=b"[" * 90_000, headers=headers).status_code == 400
    assert client.patch(f"{path}/there-is-none", json={"status": "resolved"}).status_code == 404


def test_comments_come_back_as_the_whole_list(tenant: Tenant, client: httpx.Client) -> None:
    """Posting a comment answers 200 with every comment, and the record has moved on."""
    for path in (ALERTS, INCIDENTS):
        record = tenant.collections[path[1:]][0]
        for text in ("one", "two"):
            answer = client.post(f"{path}/{record['id']}/comments", json={"comment": text})
            assert answer.status_code == 200
        comments = answer.json()["value"]
        assert [comment["comment"] for comment in comments][-2:] == ["one", "two"]
        after = client.get(f"{path}/{record['id']}").json()
        assert after["comments"] == comments
        assert after["lastUpdateDateTime"] == comments[-1]["createdDateTime"]
        for bad in ({"comment": " "}, {"comment": 5}, {}, {"comment": "x" * 1001}):
            assert client.post(f"{path}/{record['id']}/comments", json=bad).status_code == 400


def test_moved_alerts_belong_to_their_new_incident(tenant: Tenant, client: httpx.Client) -> None:
    """Alerts move to an incident that exists, or to a new one; both sides and the alerts agree."""
    incidents = [i["id"] for i in tenant.collections["security/incidents"] if tenant.incident_alerts(i["id"])]
    source, target = incidents[:2]
    moved = tenant.incident_alerts(source)[0]
    answer = client.post(f"{ALERTS}/moveAlerts", json={"alertIds": [moved], "incidentId": target, "alertComment": "c"})
    assert answer.json()["targetIncidentId"] == target
    alert = client.get(f"{ALERTS}/{moved}").json()
    assert (alert["incidentId"], alert["comments"][-1]["comment"]) == (target, "c")
    held = client.get(f"{INCIDENTS}/{target}", params={"$expand": "alerts"}).json()["alerts"]
    assert moved in [one["id"] for one in held]
    left = client.get(f"{INCIDENTS}/{source}", params={"$expand": "alerts"}).json()["alerts"]
    assert moved not in [one["id"] for one in left]

    made = client.post(f"{ALERTS}/moveAlerts", json={"alertIds": [moved], "incidentId": None}).json()
    new = client.get(f"{INCIDENTS}/{made['targetIncidentId']}", params={"$expand": "alerts"}).json()
    assert [one["id"] for one in new["alerts"]] == [moved]
    assert set(new) >= set(tenant.collections["security/incidents"][0])
    assert client.get(INCIDENTS, params={"$top": "1"}).json()["value"][0]["id"] == new["id"], "newest first"
    for bad in ({}, {"alertIds": []}, {"alertIds": "x"}, {"alertIds": [moved], "incidentId": 5}):
        assert client.post(f"{ALERTS}/moveAlerts", json=bad).status_code == 400
    assert client.post(f"{ALERTS}/moveAlerts", json={"alertIds": ["x"]}).status_code == 404


def test_merged_incidents_redirect(tenant: Tenant, client: httpx.Client) -> None:
    """The older incident keeps all alerts, the other one redirects to it and has none."""
    first, second = [i["id"] for i in tenant.collections["security/incidents"] if i["status"] == "active"][:2]
    alerts = {*tenant.incident_alerts(first), *tenant.incident_alerts(second)}
    answer = client.post(f"{INCIDENTS}/microsoft.graph.security.mergeIncidents", json={"incidentIds": [first, second]})
    target = answer.json()["targetIncidentId"]
    other = ({first, second} - {target}).pop()
    kept = client.get(f"{INCIDENTS}/{target}", params={"$expand": "alerts"}).json()
    gone = client.get(f"{INCIDENTS}/{other}", params={"$expand": "alerts"}).json()
    assert int(target) < int(other)
    assert {alert["id"] for alert in kept["alerts"]} == alerts
    assert (gone["status"], gone["redirectIncidentId"], gone["alerts"]) == ("redirected", target, [])
    assert client.post(f"{INCIDENTS}/mergeIncidents", json={"incidentIds": [first, second]}).status_code == 400
    assert client.post(f"{INCIDENTS}/mergeIncidents", json={"incidentIds": [target]}).status_code == 400


@pytest.mark.parametrize(
    ("action", "state", "level"),
    [
        ("confirmCompromised", "confirmedCompromised", "high"),
        ("dismiss", "dismissed", "none"),
        ("confirmSafe", "confirmedSafe", "none"),
    ],
)
def test_risk_decisions_stand(tenant: Tenant, client: httpx.Client, action: str, state: str, level: str) -> None:
    """204, and each named user stands as decided, with a new item of history; accounts not at risk so far too."""
    risky = tenant.collections["identityProtection/riskyUsers"][0]["id"]
    calm = next(u["id"] for u in tenant.collections["users"] if client.get(f"{RISKY}/{u['id']}").status_code == 404)
    before = client.get(f"{RISKY}/{risky}/history").json()["value"]
    answer = client.post(f"{RISKY}/{action}", json={"userIds": [risky, calm, risky]})
    assert (answer.status_code, answer.content) == (204, b"")
    for user_id in (risky, calm):
        user = client.get(f"{RISKY}/{user_id}").json()
        assert (user["riskState"], user["riskLevel"]) == (state, level)
        newest = client.get(f"{RISKY}/{user_id}/history").json()["value"][0]
        assert (newest["userId"], newest["riskState"]) == (user_id, state)
        assert newest["riskLastUpdatedDateTime"] == user["riskLastUpdatedDateTime"]
    assert len(client.get(f"{RISKY}/{risky}/history").json()["value"]) == len(before) + 1


def test_risk_decisions_are_all_or_nothing(tenant: Tenant, client: httpx.Client) -> None:
    """More than sixty users, none, or one who does not exist: nobody's risk changes."""
    known = [user["id"] for user in tenant.collections["identityProtection/riskyUsers"]]
    listed = client.get(RISKY, params={"$top": "500"}).json()["value"]
    for ids, status in (([*known, "nobody"], 404), (["x"] * 61, 400), ([], 400), ("x", 400), ([1], 400)):
        assert client.post(f"{RISKY}/dismiss", json={"userIds": ids}).status_code == status
    assert client.get(RISKY, params={"$top": "500"}).json()["value"] == listed


def test_revoked_sessions_are_valid_from_now(tenant: Tenant, client: httpx.Client) -> None:
    """Revoking answers true and moves the moment from which sessions count."""
    attack = tenant.truth.attack
    assert attack is not None
    url = f"/users/{attack.user.id}"
    select = {"$select": "signInSessionsValidFromDateTime"}
    before = client.get(url, params=select).json()["signInSessionsValidFromDateTime"]
    answer = client.post(f"/users/{attack.user.user_principal_name}/revokeSignInSessions")
    assert (answer.status_code, answer.json()["value"]) == (200, True)
    assert client.get(url, params=select).json()["signInSessionsValidFromDateTime"] > before
    assert client.post("/users/nobody/revokeSignInSessions").status_code == 404


def test_reading_permissions_do_not_write(
    tenant: Tenant, connect: Callable[..., httpx.Client], make_token: Callable[..., str]
) -> None:
    """Every write is 403 with read permissions alone, and works with its own."""
    alert = tenant.collections["security/alerts_v2"][0]["id"]
    incident = next(i["id"] for i in tenant.collections["security/incidents"] if i["status"] == "active")
    risky = tenant.collections["identityProtection/riskyUsers"][0]["id"]
    writes: list[tuple[str, str, Any, str]] = [
        ("PATCH", f"{ALERTS}/{alert}", {"status": "resolved"}, "SecurityAlert.ReadWrite.All"),
        ("POST", f"{ALERTS}/{alert}/comments", {"comment": "x"}, "SecurityAlert.ReadWrite.All"),
        ("POST", f"{ALERTS}/moveAlerts", {"alertIds": [alert], "incidentId": incident}, "SecurityData.Manage.All"),
        ("PATCH", f"{INCIDENTS}/{incident}", {"status": "resolved"}, "SecurityIncident.ReadWrite.All"),
        ("POST", f"{INCIDENTS}/{incident}/comments", {"comment": "x"}, "SecurityIncident.ReadWrite.All"),
        ("POST", f"{RISKY}/dismiss", {"userIds": [risky]}, "IdentityRiskyUser.ReadWrite.All"),
        ("POST", f"/users/{risky}/revokeSignInSessions", None, "User.RevokeSessions.All"),
    ]
    readers = ["SecurityAlert.Read.All", "SecurityIncident.Read.All", "IdentityRiskyUser.Read.All", "User.Read.All"]
    for method, path, body, permission in writes:
        for roles, status in ((readers, 403), ([permission], (200, 204))):
            token = make_token(tid=tenant.tenant_id, roles=roles)
            answer = connect(Emulator(tenant, throttle=False), token=token).request(method, path, json=body)
            assert answer.status_code in (status if isinstance(status, tuple) else (status,)), (path, answer.text)
            if answer.status_code == 403 and not path.startswith("/users"):
                assert permission in answer.json()["error"]["message"]


def test_methods_that_a_path_does_not_know_are_405(tenant: Tenant, client: httpx.Client) -> None:
    """The 405 names what the path takes."""
    alert = tenant.collections["security/alerts_v2"][0]["id"]
    assert client.delete(f"{ALERTS}/{alert}").headers["Allow"] == "GET, PATCH"
    assert client.get(f"{ALERTS}/{alert}/comments").headers["Allow"] == "POST"
    assert client.post(f"{ALERTS}", json={}).headers["Allow"] == "GET"


def test_a_page_after_a_write_holds_what_was_written(make_tenant: Callable[..., Any], connect: Any) -> None:
    """Indexing and slicing a written collection show the change in its place, over plain lists too."""
    client = connect(Emulator(make_tenant(30), throttle=False))
    client.patch(f"{ALERTS}/al5", json={"assignedTo": "me"})
    page = client.get(ALERTS, params={"$skip": "4", "$top": "3"}).json()["value"]
    assert [record["assignedTo"] == "me" for record in page] == [False, True, False]
    assert json.dumps(page)

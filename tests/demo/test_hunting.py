"""Hunting: a small part of KQL over the tenant's records, and the documented 400 for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from graphinvestigate.demo.answers import ApiError
from graphinvestigate.demo.hunting_grammar import Query, Test as Condition, Where, parse_query
from graphinvestigate.demo.hunting_tables import TABLES
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant

URL = "/security/runHuntingQuery"
NOW = build_tenant(0, 30).now
Hunt = Callable[..., Any]


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant that was attacked."""
    return build_tenant(0, 60)


@pytest.fixture
def hunt(tenant: Tenant, connect: Callable[..., httpx.Client]) -> Hunt:
    """Run a query and return its rows."""
    client = connect(Emulator(tenant, throttle=False))

    def run(query: str, **more: str) -> list[dict[str, Any]]:
        answer = client.post(URL, json={"Query": query, **more})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        names = [column["name"] for column in body["schema"]]
        assert all(list(row) == names for row in body["results"])
        return body["results"]

    return run


def test_the_story_can_be_hunted(tenant: Tenant, hunt: Hunt) -> None:
    """The replay, the consent and the inbox rule are found where hunting shows them."""
    attack = tenant.truth.attack
    assert attack is not None
    replay = hunt(f"AADSignInEventsBeta | where IPAddress == '{attack.replay_ip}' | project RequestId, AccountObjectId")
    assert {row["RequestId"] for row in replay} == set(attack.replay_sign_in_ids)
    assert {row["AccountObjectId"] for row in replay} == {attack.user.id}
    upn = attack.user.user_principal_name.upper()
    own = hunt(f'IdentityLogonEvents | where AccountUpn in~ ("nobody", "{upn}") | summarize count() by IPAddress')
    assert {row["IPAddress"]: row["count_"] for row in own}[attack.replay_ip] == len(replay)
    cloud = hunt(f"CloudAppEvents | where AccountObjectId == '{attack.user.id}'")
    assert {"New-InboxRule", "Consent to application."} <= {row["ActionType"] for row in cloud}
    consent = hunt(f"CloudAppEvents | where ObjectId == '{attack.oauth_app_id}'")
    assert {row["ObjectName"] for row in consent} == {attack.oauth_app_name}
    host = hunt(f"DeviceLogonEvents | where DeviceId == '{attack.laptop.mde_device_id}' | take 1")
    assert host[0]["DeviceName"] == attack.laptop.device_dns_name
    evidence = hunt(f"AlertEvidence | where AlertId == '{attack.credential_alert_id}' and EntityType == 'Machine'")
    assert evidence[0]["DeviceId"] == attack.dumped_host.mde_device_id


def test_every_table_has_rows_of_its_schema(tenant: Tenant, connect: Callable[..., httpx.Client]) -> None:
    """Each table answers rows whose values have the types that its schema states."""
    client = connect(Emulator(tenant, throttle=False))
    for name in TABLES:
        body = client.post(URL, json={"query": name}).json()
        assert body["results"], name
        for row in body["results"]:
            for column in body["schema"]:
                value = row[column["name"]]
                assert isinstance(value, int if column["type"].startswith("Int") else str), (name, column, value)


def test_alert_info_says_what_the_alerts_say(tenant: Tenant, hunt: Hunt) -> None:
    """One row per alert of the last thirty days, and counts that add up to them."""
    alerts = list(tenant.collections["security/alerts_v2"])
    assert [row["AlertId"] for row in hunt("AlertInfo")] == [alert["id"] for alert in alerts]
    counted = hunt("AlertInfo | summarize count() by Severity, Category")
    assert sum(row["count_"] for row in counted) == len(alerts)
    assert len(hunt("AlertInfo | where Severity != 'High' | limit 3 | project AlertId ; // done")) == 3
    middle = alerts[len(alerts) // 2]
    since = hunt(f"AlertInfo | where Timestamp >= datetime({middle['createdDateTime']}) | project AlertId, Title")
    assert [row["AlertId"] for row in since] == [alert["id"] for alert in alerts[: len(alerts) // 2 + 1]]
    assert hunt("let sev = 'high'; AlertInfo | where Severity =~ sev | take 1")[0]["Severity"] == "High"


def test_has_wants_a_whole_term(hunt: Hunt) -> None:
    """`has` finds terms in any case and no parts of them."""
    found = hunt("AlertInfo | where Title has 'URL' | summarize count() by Title")
    assert found
    assert all("url" in row["Title"].lower().split() for row in found)
    assert hunt("AlertInfo | where Title has 'UR'") == []


def test_time_spans(tenant: Tenant, hunt: Hunt, connect: Callable[..., httpx.Client]) -> None:
    """A duration counts back from the tenant's now, an interval stands for itself, nothing goes past thirty days."""
    day = (tenant.now - timedelta(days=1)).isoformat()
    recent = hunt("AlertInfo", Timespan="P1D")
    assert (
        recent
        == hunt("AlertInfo | where Timestamp >= ago(1d)")
        == hunt(f"AlertInfo | where Timestamp >= datetime({day})")
    )
    assert 0 < len(recent) < len(hunt("AlertInfo"))
    assert hunt("AlertInfo", Timespan=f"{day}/{tenant.now.isoformat()}") == recent
    assert hunt("AlertInfo", Timespan=f"{day}/P1D") == recent
    assert hunt("AlertInfo", timespan="P400D") == hunt("AlertInfo")
    client = connect(Emulator(tenant, throttle=False))
    for bad in ("7d", "P", "x/y", "yesterday"):
        assert client.post(URL, json={"Query": "AlertInfo", "Timespan": bad}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "",
        "NoSuchTable",
        "AlertInfo | where",
        "AlertInfo | where Title",
        "AlertInfo | where Nonsense == 'x'",
        "AlertInfo | where Title == 5",
        "AlertInfo | where Title < 'x'",
        "AlertInfo | where Timestamp == 'x'",
        "AlertInfo | where Timestamp has 'x'",
        "AlertInfo | where Title == 'a' or Title == 'b'",
        "AlertInfo | where Title startswith 'x'",
        "AlertInfo | where Title == 'open",
        "AlertInfo | where Title == '\\q'",
        "AlertInfo | where Title in ()",
        "AlertInfo | project Title, Title",
        "AlertInfo | project Nonsense",
        "AlertInfo | take many",
        "AlertInfo | summarize max(Timestamp) by Title",
        "AlertInfo | summarize count()",
        "AlertInfo | join AlertEvidence on AlertId",
        "AlertInfo | project Title | where Severity == 'High'",
        "AlertInfo Title",
        "AlertInfo | where Title == unknown_name",
        "union AlertInfo, AlertEvidence",
        "AADSignInEventsBeta | where ErrorCode == true",
    ],
)
def test_what_is_not_understood_is_400(tenant: Tenant, connect: Callable[..., httpx.Client], query: str) -> None:
    """A mistake, and every part of the language that is not here, is a 400 and never an empty answer."""
    answer = connect(Emulator(tenant, throttle=False)).post(URL, json={"Query": query})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_can_be_asked_for(text: str) -> None:
    """A text with its backslashes, quotes and line ends escaped comes through as itself."""
    plain = json.dumps(text)  # escapes as KQL does, but for halves of characters beyond 16 bits
    if any(ord(character) > 0xFFFF for character in text):
        return
    query = parse_query(f"AlertInfo | where Title == {plain}".replace("\\/", "/"), now=NOW)
    (step,) = query.steps
    assert step == Where((Condition("Title", "==", (text,)),))


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is sent, it is a query or a 400."""
    for query in (text, f"AlertInfo | where Title == {text}"):
        found: Query | ApiError
        try:
            found = parse_query(query, now=NOW)
        except ApiError as error:
            found = error
        assert isinstance(found, Query) or found.status == 400


def test_limits(tenant: Tenant, connect: Callable[..., httpx.Client], make_token: Callable[..., str]) -> None:
    """Rows are cut at the limit; the 46th query within a minute is 429 for every app, and only hunting is."""
    few = connect(Emulator(tenant, throttle=False, hunting_rows=7))
    assert len(few.post(URL, json={"Query": "AlertInfo"}).json()["results"]) == 7
    emulator = Emulator(tenant, clock=lambda: 0.0)
    ask = {"Query": "AlertInfo | take 1"}
    for number in range(45):
        token = make_token(tid=tenant.tenant_id, appid=str(number % 2))
        assert connect(emulator, token=token).post(URL, json=ask).status_code == 200
    refused = connect(emulator).post(URL, json=ask)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60.000")
    assert "quota" in refused.json()["error"]["message"]
    assert connect(emulator).get("/security/alerts_v2").status_code == 200


def test_hunting_needs_its_permission_and_a_query(
    tenant: Tenant, connect: Callable[..., httpx.Client], make_token: Callable[..., str]
) -> None:
    """403 without ThreatHunting.Read.All; the namespaced path of the SDK is the same operation."""
    emulator = Emulator(tenant, throttle=False)
    token = make_token(tid=tenant.tenant_id, roles=["SecurityAlert.Read.All"])
    answer = connect(emulator, token=token).post(URL, json={"Query": "AlertInfo"})
    assert answer.status_code == 403
    assert "ThreatHunting.Read.All" in answer.json()["error"]["message"]
    client = connect(emulator)
    namespaced = "/security/microsoft.graph.security.runHuntingQuery"
    assert client.post(namespaced, json={"query": "AlertInfo | take 1"}).status_code == 200
    for bad in ({}, {"Query": 5}, {"Query": "AlertInfo", "Timespan": 5}):
        assert client.post(URL, json=bad).status_code == 400
    assert client.get(URL).status_code == 405

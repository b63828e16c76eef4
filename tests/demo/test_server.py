"""The emulator answers as Graph does: who may read, which pages, which headers, which errors."""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from graphinvestigate.demo.answers import JSON_TYPE
from graphinvestigate.demo.resources import PERMISSIONS, RESOURCES
from graphinvestigate.demo.server import Emulator

Ask = Callable[..., httpx.Response]
Connect = Callable[..., httpx.Client]

PATHS = sorted({f"/{resource.path}" for resource in RESOURCES.values()})
ALERTS, INCIDENTS = "/security/alerts_v2", "/security/incidents"
SIGN_INS = "/auditLogs/signIns"


def read_all(client: httpx.Client, url: str, params: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Read every page of a list."""
    records, answer = [], client.get(url, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        records += page["value"]
        if "@odata.nextLink" not in page:
            return records
        assert page["value"], "a page before the last one holds something"
        answer = client.get(page["@odata.nextLink"])


def example(shared_dir: Any, name: str) -> dict[str, Any]:
    """A recorded payload."""
    return json.loads((shared_dir / "graph" / "examples" / name).read_text())


def shape(body: dict[str, Any]) -> dict[str, Any]:
    """An error body without what differs from call to call."""
    error = dict(body["error"])
    error["innerError"] = sorted(error["innerError"])
    return error


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("top", [1, 7, 20, 50])
def test_paging_yields_every_record_once(tenant: Any, connect: Connect, path: str, top: int) -> None:
    """Following next links gives exactly the collection, in its order, whatever the page size."""
    client = connect(Emulator(tenant, throttle=False))
    assert read_all(client, path, {"$top": str(top)}) == list(tenant.collections[path[1:]])


@pytest.mark.parametrize("top", ["3", "1000"])
def test_filtered_paging_never_ends_on_an_empty_page(tenant: Any, connect: Connect, top: str) -> None:
    """A filter and paging go together: every match once, no next link after the last one."""
    client = connect(Emulator(tenant, throttle=False))
    found = read_all(client, ALERTS, {"$top": top, "$filter": "severity eq 'low'"})
    assert [record["id"] for record in found] == [f"al{i}" for i in range(1, 61, 4)]


@pytest.mark.parametrize("path", PATHS)
def test_get_gives_the_record_or_404(tenant: Any, ask: Ask, path: str) -> None:
    """A record is found by its id; an unknown id is 404 in Graph's error shape."""
    record = tenant.collections[path[1:]][3]
    body = ask(f"{path}/{record['id']}").json()
    assert body.pop("@odata.context").endswith("/$entity")
    assert body == record
    missing = ask(f"{path}/there-is-none")
    assert missing.status_code == 404
    assert set(missing.json()["error"]) == {"code", "message", "innerError"}


def test_default_page_sizes(make_tenant: Callable[..., Any], ask: Ask) -> None:
    """Without `$top` a page holds what Graph puts on it."""
    tenant = make_tenant(1200)
    for path, size in ((ALERTS, 100), (INCIDENTS, 50), ("/identityProtection/riskDetections", 20)):
        assert len(ask(path, tenant=tenant).json()["value"]) == size
    url = "https://graph.microsoft.com/beta/auditLogs/signIns"
    everything = "signInEventTypes/any(t: t ne 'x')"
    assert len(ask(url, {"$filter": everything}, tenant=tenant).json()["value"]) == 1000
    assert len(ask(ALERTS, {"$top": "5000"}, tenant=tenant).json()["value"]) == 1000, "alerts are clamped"


def test_top_beyond_the_limit(ask: Ask, shared_dir: Any) -> None:
    """Incidents refuse more than 50 with the body seen live; risk detections and sign-ins refuse with a 400."""
    answer = ask(INCIDENTS, {"$top": "100"})
    assert answer.status_code == 400
    assert shape(answer.json()) == shape(example(shared_dir, "error__400_top_limit_incidents.json"))
    assert ask("/identityProtection/riskDetections", {"$top": "501"}).status_code == 400
    assert ask("/identityProtection/riskDetections", {"$top": "500"}).status_code == 200
    assert ask(SIGN_INS, {"$top": "1001"}).status_code == 400


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (ALERTS, {"$top": "-1"}),
        (ALERTS, {"$top": "ten"}),
        (ALERTS, {"$top": "٣"}),
        (ALERTS, {"$top": ""}),
        (ALERTS, {"$skip": "-1"}),
        (ALERTS, {"$count": "yes"}),
        (ALERTS, {"$orderby": "title"}),
        (ALERTS, {"$orderby": "nonsense"}),
        (ALERTS, {"$orderby": "createdDateTime sideways"}),
        (ALERTS, {"$expand": "evidence"}),
        (ALERTS, {"$search": '"x"'}),
        (ALERTS, {"$foo": "1"}),
        (ALERTS, {"$select": "id,nonsense"}),
        (ALERTS, {"$filter": ""}),
        (ALERTS, {"$skiptoken": "AAAA"}),
        (INCIDENTS, {"$expand": "comments"}),
        (f"{INCIDENTS}/900", {"$expand": "comments"}),
        (f"{INCIDENTS}/900", {"$filter": "status eq 'active'"}),
        ("/identityProtection/riskDetections", {"$skip": "1"}),
        ("/identityProtection/riskDetections", {"$count": "true"}),
        ("/identityProtection/riskDetections", {"$orderby": "activityDateTime"}),
        ("/identityProtection/riskyUsers", {"$skip": "1"}),
        (SIGN_INS, {"$skip": "1"}),
        (SIGN_INS, {"$orderby": "userId"}),
    ],
)
def test_options_that_are_not_taken_are_400(ask: Ask, path: str, params: dict[str, str]) -> None:
    """A query option that does not exist, does not apply or makes no sense is a 400, never ignored."""
    answer = ask(path, params)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "BadRequest"


def test_an_option_twice_is_400_and_bad_encoding_too(ask: Ask) -> None:
    """An option may come once, and the query must be percent-encoded UTF-8."""
    assert ask(f"{ALERTS}?$top=1&$Top=2").status_code == 400
    assert ask(f"{ALERTS}?$filter=%ff").status_code == 400
    assert ask(f"{ALERTS}?x=%ff").status_code == 400
    assert ask(f"{ALERTS}?$TOP=1&x=1").json()["value"][0]["id"] == "al0"


def test_skip_count_order_and_select(ask: Ask) -> None:
    """`$skip`, `$count`, `$orderby` and `$select` do what they say where they are taken."""
    assert [r["id"] for r in ask(ALERTS, {"$skip": "58"}).json()["value"]] == ["al58", "al59", "al60"]
    assert ask(ALERTS, {"$skip": "99"}).json()["value"] == []
    page = ask(ALERTS, {"$count": "true", "$filter": "severity eq 'high'", "$top": "2", "$skip": "1"}).json()
    assert page["@odata.count"] == 15
    assert [r["id"] for r in page["value"]] == ["al7", "al11"]
    assert "@odata.count" not in ask(ALERTS, {"$count": "false"}).json()
    assert ask(SIGN_INS, {"$count": "true"}).status_code == 200, "ignored"
    oldest = ask(SIGN_INS, {"$orderby": "createdDateTime", "$top": "2"}).json()["value"]
    assert [r["id"] for r in oldest] == ["si60", "si57"]
    newest = ask(SIGN_INS, {"$orderby": "createdDateTime desc", "$top": "2"}).json()["value"]
    assert [r["id"] for r in newest] == ["si0", "si3"]
    chosen = ask(ALERTS, {"$select": "title,severity", "$top": "1"}).json()["value"][0]
    assert set(chosen) == {"@odata.type", "id", "title", "severity"}


@pytest.mark.parametrize("more", [{}, {"$filter": "severity eq 'low'"}])
def test_skip_counts_once(tenant: Any, connect: Connect, more: dict[str, str]) -> None:
    """Records are skipped before the first page, and not again before the others."""
    client = connect(Emulator(tenant, throttle=False))
    everything = read_all(client, ALERTS, more)
    assert read_all(client, ALERTS, {"$skip": "5", "$top": "3", **more}) == everything[5:]


def test_ordered_paging_and_top_zero(tenant: Any, connect: Connect) -> None:
    """Order holds across pages; `$top=0` asks for the count alone."""
    client = connect(Emulator(tenant, throttle=False))
    found = read_all(client, ALERTS, {"$orderby": "createdDateTime asc", "$top": "7", "$filter": "status eq 'new'"})
    assert [r["id"] for r in found] == [f"al{i}" for i in range(60, -1, -3)]
    none = client.get(ALERTS, params={"$top": "0", "$count": "true"}).json()
    assert none["@odata.count"] == 61
    assert none["value"] == []
    assert "@odata.nextLink" not in none


def test_next_links_are_absolute_keep_the_query_and_carry_no_more(tenant: Any, connect: Connect) -> None:
    """A next link leads to the host that was asked and repeats the other options."""
    emulator = Emulator(tenant, throttle=False)
    client = connect(emulator)
    url = "http://localhost:81/beta/security/Alerts_V2"
    first = client.get(url, params={"$filter": "assignedTo eq 'O''Brien@contoso.test'", "$top": "2", "$count": "true"})
    link = httpx.URL(first.json()["@odata.nextLink"])
    assert (link.scheme, link.netloc, link.path) == ("http", b"localhost:81", "/beta/security/Alerts_V2")
    assert link.params["$filter"] == "assignedTo eq 'O''Brien@contoso.test'"
    assert link.params["$top"] == "2"
    second = client.get(link).json()
    assert [r["id"] for r in second["value"]] == ["al7", "al10"]
    assert "@odata.count" not in second, "the count comes once"


def test_a_changed_next_link_is_400(tenant: Any, connect: Connect) -> None:
    """A skip token is good for its own query, path and tenant alone, and only as it was sent."""
    client = connect(Emulator(tenant, throttle=False))
    link = client.get(ALERTS, params={"$top": "20"}).json()["@odata.nextLink"]
    assert client.get(link).status_code == 200
    token = httpx.URL(link).params["$skiptoken"]
    others = set(string.ascii_letters + string.digits + "-_") - {token[-1]}
    for bad in (
        link.replace("top=20", "top=30"),
        *(link.replace(token, token[:-1] + other) for other in others),
        link.replace(token, "A" + token[1:]),
        link.replace(token, token + "%3D"),
        link.replace(token, token[4:]),
        link.replace("alerts_v2", "incidents"),
        link.replace("v1.0", "beta"),
        link + "&$filter=status%20eq%20'new'",
        link + "&$skiptoken=" + token,
    ):
        assert bad != link
        answer = client.get(bad)
        assert answer.status_code == 400, bad
        assert answer.json()["error"]["code"] == "BadRequest"


def test_late_members_come_only_to_those_who_ask(tenant: Any, connect: Connect) -> None:
    """Without the Prefer header, members above the sentinel read `unknownFutureValue`, however deep they stand."""
    emulator = Emulator(tenant, throttle=False)
    before = json.dumps(list(tenant.collections["security/alerts_v2"]))
    veiled = connect(emulator, prefer=False).get(ALERTS, params={"$top": "2"})
    assert "Preference-Applied" not in veiled.headers
    plain, late = veiled.json()["value"]
    assert plain["serviceSource"] == "microsoftDefenderForEndpoint"
    assert late["serviceSource"] == late["detectionSource"] == "unknownFutureValue"
    assert late["evidence"][0]["remediationStatus"] == "unknownFutureValue"
    assert json.dumps(list(tenant.collections["security/alerts_v2"])) == before, "the tenant stays as it is"
    shown = connect(emulator).get(ALERTS, params={"$top": "2"})
    assert shown.headers["Preference-Applied"] == "include-unknown-enum-members"
    assert shown.json()["value"][1]["evidence"][0]["remediationStatus"] == "active"
    client = connect(emulator, prefer=False)
    assert client.get(f"{INCIDENTS}/901").json()["status"] == "unknownFutureValue"
    detection = client.get("/identityProtection/riskDetections/rd1").json()
    assert (detection["riskDetail"], detection["tokenIssuerType"]) == ("unknownFutureValue", "UnknownFutureValue")
    policies = client.get(SIGN_INS, params={"$top": "2"}).json()["value"][1]["appliedConditionalAccessPolicies"]
    assert policies == [{"id": "p", "result": "unknownFutureValue"}]
    expanded = client.get(f"{INCIDENTS}/900", params={"$expand": "alerts"}).json()["alerts"]
    assert expanded[1]["serviceSource"] == "unknownFutureValue"


def test_expand_brings_whole_alerts(tenant: Any, ask: Ask) -> None:
    """`$expand=alerts` puts an incident's alerts into it, in a list and in a single record."""
    alerts = list(tenant.collections["security/alerts_v2"][:2])
    assert ask(f"{INCIDENTS}/900", {"$expand": "alerts"}).json()["alerts"] == alerts
    listed = ask(INCIDENTS, {"$expand": "alerts", "$top": "2"}).json()["value"]
    assert [incident["alerts"] for incident in listed] == [alerts, []]
    assert "alerts" not in ask(INCIDENTS).json()["value"][0]


def test_expanding_a_filtered_list_fails_as_seen_when_told_to(ask: Ask) -> None:
    """The 500 with an empty message comes only with a filter, and only beyond the limit."""
    asked = {"$expand": "alerts", "$filter": "severity eq 'informational'"}
    assert ask(INCIDENTS, asked).status_code == 200
    answer = ask(INCIDENTS, asked, expand_limit=1)
    assert (answer.status_code, answer.json()["error"]["message"]) == (500, "")
    assert ask(INCIDENTS, {"$expand": "alerts"}, expand_limit=1).status_code == 200
    assert ask(INCIDENTS, asked, expand_limit=2).status_code == 200


def test_v1_knows_interactive_sign_ins_beta_all(ask: Ask) -> None:
    """v1.0 holds interactive sign-ins; beta shows them too unless kinds are asked for."""
    v1 = [record["id"] for record in ask(SIGN_INS).json()["value"]]
    beta = "https://graph.microsoft.com/beta/auditLogs/signIns"
    assert [record["id"] for record in ask(beta).json()["value"]] == v1
    asked = {"$filter": "signInEventTypes/any(t: t eq 'nonInteractiveUser')"}
    others = [record["id"] for record in ask(beta, asked).json()["value"]]
    assert others == [f"si{i}" for i in range(1, 61, 3)]
    assert ask(f"{beta}/si1").status_code == 200
    assert ask(f"{SIGN_INS}/si1").status_code == 404


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Access token is empty."),
        ("Basic abc", "Access token is empty."),
        ("Bearer ", "Access token is empty."),
        ("Bearer garbage", "IDX14100"),
        ("Bearer a.b.c", "CompactToken"),
        ("Bearer e30.e30.x", "CompactToken"),
        ("Bearer e30.bnVsbA.", "CompactToken"),
        ("Bearer " + base64.urlsafe_b64encode(b"[" * 90_000).decode().rstrip("=") + ".e30.", "CompactToken"),
        ("Bearer e30.e30.", "Invalid tenant"),
    ],
)
def test_without_a_good_token_401(tenant: Any, connect: Connect, header: str | None, message: str) -> None:
    """No token, or one that cannot be read, is 401 with a challenge; even an unknown path needs a token first."""
    client = connect(Emulator(tenant))
    del client.headers["Authorization"]
    for path in (ALERTS, "/nowhere"):
        answer = client.get(path, headers={} if header is None else {"Authorization": header})
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
        assert message in answer.json()["error"]["message"]
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="", authorization_uri=https://login.')


def test_tokens_of_other_tenants_and_times_are_refused(
    tenant: Any, connect: Connect, make_token: Callable[..., str], shared_dir: Any
) -> None:
    """Tenant, expiry and start of a token are checked against the tenant's own clock."""
    emulator = Emulator(tenant)
    now = tenant.now.timestamp()
    expired = connect(emulator, token=make_token(exp=now)).get(ALERTS)
    assert expired.status_code == 401
    assert shape(expired.json()) == shape(example(shared_dir, "error__401_expired_token.json"))
    never = {"exp": float("nan")}
    for claims in ({"tid": "other"}, {"exp": None}, {"exp": "9"}, {"exp": True}, {"nbf": now + 1}, never):
        assert connect(emulator, token=make_token(**claims)).get(ALERTS).status_code == 401, claims
    assert connect(emulator, token=make_token(exp=now + 1)).get(ALERTS).status_code == 200


def test_a_caller_may_leave_tenant_and_permissions_open(
    tenant: Any, connect: Connect, make_token: Callable[..., str]
) -> None:
    """The empty GUID is whichever tenant answers; no claim `roles` at all opens everything, any other form nothing."""
    emulator = Emulator(tenant, throttle=False)
    anywhere = make_token(tid="00000000-0000-0000-0000-000000000000")
    assert connect(emulator, token=anywhere).get(ALERTS).status_code == 200
    payload = json.dumps({"tid": tenant.tenant_id, "exp": 4e9}).encode()
    everything = f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}."
    assert {connect(emulator, token=everything).get(path).status_code for path in PATHS} == {200}
    for roles in ([], None, {}, "AuditLog.Read.All", [1, None]):
        assert connect(emulator, token=make_token(roles=roles)).get(SIGN_INS).status_code == 403, roles


def test_each_resource_needs_its_own_permission(tenant: Any, connect: Connect, make_token: Callable[..., str]) -> None:
    """A permission opens exactly the resources that document it."""
    emulator = Emulator(tenant, throttle=False)
    for permission in PERMISSIONS:
        client = connect(emulator, token=make_token(roles=[permission]))
        opened = {path for path in PATHS if client.get(path).status_code == 200}
        assert opened == {f"/{r.path}" for r in RESOURCES.values() if permission in r.permissions}


def test_the_403_names_what_is_missing(
    tenant: Any, connect: Connect, make_token: Callable[..., str], shared_dir: Any
) -> None:
    """A missing permission gives the body seen live, and says which roles the token has."""
    client = connect(Emulator(tenant, throttle=False), token=make_token(roles=[]))
    for path, name in ((ALERTS, "alerts_v2"), (INCIDENTS, "incidents")):
        answer = client.get(path)
        assert answer.status_code == 403
        assert shape(answer.json()) == shape(example(shared_dir, f"error__403_missing_roles_{name}.json"))
    few = connect(Emulator(tenant, throttle=False), token=make_token(roles=["AuditLog.Read.All"]))
    assert few.get(ALERTS).json()["error"]["message"].endswith("application roles: AuditLog.Read.All.")


def test_headers_of_every_answer(tenant: Any, connect: Connect) -> None:
    """Good and bad answers carry Graph's headers; the date is the tenant's, the caller's own id comes back."""
    client = connect(Emulator(tenant))
    for path in (ALERTS, "/nowhere", "/"):
        answer = client.get(path, headers={"client-request-id": "my-id"})
        assert answer.headers["client-request-id"] == "my-id"
        assert answer.headers["request-id"] != "my-id"
        assert answer.headers["Content-Type"] == JSON_TYPE
        assert parsedate_to_datetime(answer.headers["Date"]) == tenant.now
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        assert json.loads(answer.headers["x-ms-ags-diagnostic"])["ServerInfo"]
    error = client.get("/nowhere", headers={"client-request-id": "my-id"})
    inner = error.json()["error"]["innerError"]
    assert inner["client-request-id"] == "my-id"
    assert inner["request-id"] == error.headers["request-id"]
    assert inner["date"] == "2026-03-02T12:00:00"


def test_an_id_that_could_split_a_header_is_not_echoed(tenant: Any) -> None:
    """Only plain printable text is repeated in a header."""
    answer = Emulator(tenant).handle("GET", "https://graph.microsoft.com/v1.0/", {"client-request-id": "a\r\nX: 1"})
    assert answer.header("client-request-id") == answer.header("request-id")


def test_the_service_root_needs_nothing(tenant: Any, connect: Connect, make_token: Callable[..., str]) -> None:
    """The root of a version answers without a permission and without a token."""
    client = connect(Emulator(tenant), token=make_token(roles=[]))
    assert client.get("/").status_code == 200
    del client.headers["Authorization"]
    for url in ("https://graph.microsoft.com/v1.0/", "https://graph.microsoft.com/beta"):
        assert client.get(url).json()["value"]


def test_unknown_paths_are_404_and_other_methods_405(tenant: Any, connect: Connect) -> None:
    """What does not exist is 404, what cannot be done is 405 with what can."""
    client = connect(Emulator(tenant, throttle=False))
    for path in ("/groups", f"{ALERTS}/al0/evidence", "/security", "//security/alerts_v2", f"{ALERTS}/..%2fincidents"):
        assert client.get(path).status_code == 404, path
    assert client.get("https://graph.microsoft.com/v2.0/security/alerts_v2").status_code == 404
    for method in ("POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT"):
        answer = client.request(method, ALERTS)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_an_error_of_the_emulator_is_599(tenant: Any, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake of the emulator itself never looks like an answer of Graph."""
    tenant.incident_alert_ids = {"900": ["missing"]}
    answer = connect(Emulator(tenant)).get(f"{INCIDENTS}/900", params={"$expand": "alerts"})
    assert answer.status_code == 599
    assert "missing" in answer.json()["error"]["message"]
    assert "the emulator failed" in caplog.text


def test_exchanges_are_remembered_without_tokens(tenant: Any, connect: Connect) -> None:
    """Tests can look at what was asked; nobody can look at the token."""
    emulator = Emulator(tenant)
    connect(emulator).get(ALERTS, params={"$top": "1"})
    (seen,) = emulator.exchanges
    assert (seen.method, seen.path, seen.query, seen.status) == ("GET", "/v1.0/security/alerts_v2", "%24top=1", 200)
    assert "authorization" not in seen.headers
    assert "prefer" in seen.headers


def test_hostile_text_comes_through_as_json(tenant: Any, connect: Connect) -> None:
    """A lone surrogate in a record is still valid JSON and the same text."""
    text = "\ud800 \x00 </script> \u2028"
    tenant.collections["security/alerts_v2"] = [{"id": "x", "title": text}]
    assert connect(Emulator(tenant)).get(f"{ALERTS}/x").json()["title"] == text

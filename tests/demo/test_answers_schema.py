"""Every answer of the emulator against the published types of Microsoft Graph."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from graphinvestigate.demo.resources import RESOURCES
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant

GRAPH = "microsoft.graph."
SECURITY = f"{GRAPH}security."
# The metadata beside a checkout does not hold it; `test_named_locations` compares it with its documentation.
NOT_IN_METADATA = {"identity/conditionalAccess/namedLocations"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
CHECKS: dict[str, Callable[[Any], bool]] = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "Edm.Int64": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "Edm.Double": lambda value: type(value) in (int, float),
    "Edm.Guid": lambda value: str(uuid.UUID(value)) == value,
    "Edm.DateTimeOffset": lambda value: TIME.fullmatch(value) is not None,
}


class Types:
    """The published types, and what in an answer does not fit them."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.objects = schema["entity"] | schema["complex"]
        self.enums = schema["enum"]

    def wrong(self, value: Any, kind: str, where: str = "") -> list[str]:
        """What is wrong with a value of that type, wherever within it."""
        if kind in CHECKS:
            return [] if CHECKS[kind](value) else [f"{where}: {value!r} is no {kind}"]
        if kind in self.enums:
            return [] if value in self.enums[kind]["members"] else [f"{where}: {value!r} is no {kind}"]
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no {kind}"]
        kind = value.get("@odata.type", f"#{kind}")[1:]
        if kind not in self.objects:
            return [f"{where}: no type {kind}"]
        known, found = self.objects[kind]["properties"], []
        for name, inner in value.items():
            if "@" in name:
                continue
            if name not in known:
                found += [f"{where}.{name}: not of {kind}"] if known else []  # a type without any is a dictionary
                continue
            about = known[name]
            if about.get("collection"):
                if not isinstance(inner, list):
                    found.append(f"{where}.{name}: no list")
                    continue
                found += [one for item in inner for one in self.wrong(item, about["type"], f"{where}.{name}")]
            elif inner is not None:
                found += self.wrong(inner, about["type"], f"{where}.{name}")
        return found


@pytest.fixture(scope="module")
def types(shared_dir: Path) -> Types:
    """The published types of v1.0."""
    return Types(json.loads((shared_dir / "graph" / "schema.json").read_text())["v1.0"])


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A tenant that was attacked."""
    return build_tenant(1, 200, attack=True)


@pytest.fixture
def client(tenant: Tenant, connect: Callable[..., httpx.Client]) -> httpx.Client:
    """A caller who may do everything, of an emulator of its own."""
    return connect(Emulator(tenant, throttle=False))


def odd(tenant: Tenant, problems: list[str]) -> list[str]:
    """Problems but for those of the one alert that is odd on purpose."""
    return [one for one in problems if "correlationConfidence" not in one and "holographicDisplay" not in one]


@pytest.mark.parametrize("prefer", [True, False])
@pytest.mark.parametrize("path", sorted({resource.path for resource in RESOURCES.values()} - NOT_IN_METADATA))
def test_lists_and_records_fit_their_types(
    tenant: Tenant, connect: Callable[..., httpx.Client], types: Types, path: str, prefer: bool
) -> None:
    """Every record of every list, and one of each by its id, with and without the late members."""
    client = connect(Emulator(tenant, throttle=False), prefer=prefer)
    resource = RESOURCES["v1.0", path.lower()]
    answer, problems, seen = client.get(f"/{path}"), [], 0
    while True:
        page = answer.json()
        seen += len(page["value"])
        problems += [one for record in page["value"] for one in types.wrong(record, resource.type_name)]
        if "@odata.nextLink" not in page:
            break
        answer = client.get(page["@odata.nextLink"])
    assert seen == len(tenant.collections[path])
    one = client.get(f"/{path}/{tenant.collections[path][0]['id']}").json()
    assert odd(tenant, problems + types.wrong(one, resource.type_name)) == []


def test_betas_sign_ins_fit_their_types(tenant: Tenant, client: httpx.Client, shared_dir: Path) -> None:
    """Every sign-in of every kind in beta has properties of the CSDL, of their types, or of beta's own examples."""
    both = json.loads((shared_dir / "graph" / "schema.json").read_text())
    stable, newer = both["v1.0"], both["beta-ussec"]
    merged = {kind: {**newer[kind], **stable[kind]} for kind in ("complex", "enum")}
    sign_in = f"{GRAPH}signIn"
    known = {**newer["entity"][sign_in]["betaOnlyProperties"], **stable["entity"][sign_in]["properties"]}
    shown = {name for file in (shared_dir / "graph" / "examples").glob("signIn_beta__*.json")
             for record in json.loads(file.read_text()).get("value", ()) for name in record}  # fmt: skip
    beta = Types({**merged, "entity": {**stable["entity"], sign_in: {"properties": known}}})
    kinds = " or ".join(f"signInEventTypes/any(t: t eq '{kind}')" for kind in (
        "interactiveUser", "nonInteractiveUser", "servicePrincipal", "managedIdentity"))  # fmt: skip
    url, records = f"https://graph.microsoft.com/beta/auditLogs/signIns?$filter={kinds}", []
    while url:
        page = client.get(url).json()
        records += page["value"]
        url = page.get("@odata.nextLink")
    assert {kind for record in records for kind in record["signInEventTypes"]} >= {
        "interactiveUser",
        "nonInteractiveUser",
    }
    assert len(records) == len(tenant.collections["beta:auditLogs/signIns"])
    wrong = {one for record in records for one in beta.wrong(record, sign_in)}
    assert {one for one in wrong if not (": not of " in one and one[1:].partition(":")[0] in shown)} == set()


def test_answers_of_operations_fit_their_types(tenant: Tenant, client: httpx.Client, types: Types) -> None:
    """Writes, histories, devices, hunting and threat intelligence answer what their pages say they return."""
    attack = tenant.truth.attack
    assert attack is not None
    incidents = [i["id"] for i in tenant.collections["security/incidents"] if tenant.incident_alerts(i["id"])]
    alerts = "/security/alerts_v2"
    host = f"/security/threatIntelligence/hosts/{attack.proxy_ip}"
    user = f"/users/{attack.user.id}"
    risky = f"/identityProtection/riskyUsers/{attack.user.id}"
    write: list[tuple[str, str, Any, str]] = [
        ("PATCH", f"{alerts}/{attack.entry_alert_id}", {"status": "resolved"}, f"{SECURITY}alert"),
        ("PATCH", f"/security/incidents/{incidents[0]}", {"status": "inProgress"}, f"{SECURITY}incident"),
        ("POST", f"{alerts}/{attack.entry_alert_id}/comments", {"comment": "x"}, f"{SECURITY}alertComment"),
        ("POST", f"{alerts}/moveAlerts", {"alertIds": [attack.entry_alert_id]}, f"{SECURITY}mergeResponse"),
        ("POST", "/security/incidents/mergeIncidents", {"incidentIds": incidents[:2]}, f"{SECURITY}mergeResponse"),
        ("POST", "/security/runHuntingQuery", {"Query": "AlertEvidence"}, f"{SECURITY}huntingQueryResults"),
        ("POST", "/identityProtection/riskyUsers/confirmSafe", {"userIds": [attack.user.id]}, ""),
        ("GET", "/security/incidents?$expand=alerts", None, f"{SECURITY}incident"),
        ("GET", "/identityProtection/riskyUsers?$top=500", None, f"{GRAPH}riskyUser"),
        ("GET", f"{risky}/history", None, f"{GRAPH}riskyUserHistoryItem"),
        ("GET", f"{user}/ownedDevices", None, f"{GRAPH}device"),
        ("GET", f"{user}?$select=" + ",".join(RESOURCES["v1.0", "users"].properties), None, f"{GRAPH}user"),
        ("GET", host, None, f"{SECURITY}ipAddress"),
        ("GET", f"{host}/reputation", None, f"{SECURITY}hostReputation"),
        ("GET", f"{host}/passiveDns", None, f"{SECURITY}passiveDnsRecord"),
        ("GET", f"{host}/passiveDnsReverse", None, f"{SECURITY}passiveDnsRecord"),
        ("GET", f"{user}/registeredDevices", None, f"{GRAPH}device"),
        ("POST", f"{user}/revokeSignInSessions", None, ""),
    ]
    for method, path, body, kind in write:
        answer = client.request(method, path, json=body)
        assert answer.status_code in (200, 204), answer.text
        if answer.status_code == 200:
            found = answer.json()
            if not kind:
                assert found["value"] is True, path
                continue
            records = found["value"] if isinstance(found.get("value"), list) else [found]
            assert records, path
            assert odd(tenant, [one for record in records for one in types.wrong(record, kind)]) == [], path


def test_the_walker_finds_what_is_wrong(types: Types) -> None:
    """A member, a number, a list, a time and a property that do not fit are each reported."""
    record = {
        "id": 5,
        "riskLevel": "High",
        "activity": {"riskEventTypes": "x", "detail": None},
        "riskLastUpdatedDateTime": "yesterday",
        "nonsense": 1,
    }
    found = types.wrong(record, f"{GRAPH}riskyUserHistoryItem")
    assert [one.partition(":")[0] for one in found] == [
        ".id",
        ".riskLevel",
        ".activity.riskEventTypes",
        ".riskLastUpdatedDateTime",
        ".nonsense",
    ]

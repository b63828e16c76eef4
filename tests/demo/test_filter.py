"""`$filter`: what is documented works as documented, anything else is Graph's 400."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from graphinvestigate.demo.odata_filter import parse_filter
from graphinvestigate.demo.resources import RESOURCES

Ask = Callable[..., httpx.Response]

ALERTS, DETECTIONS, SIGN_INS = "/security/alerts_v2", "/identityProtection/riskDetections", "/auditLogs/signIns"
BETA_SIGN_INS = "https://graph.microsoft.com/beta/auditLogs/signIns"


def ids(response: httpx.Response) -> list[str]:
    """Ids of a good answer."""
    assert response.status_code == 200, response.text
    return [record["id"] for record in response.json()["value"]]


def numbers(response: httpx.Response) -> list[int]:
    """The numbers in the ids of a good answer."""
    return [int("".join(c for c in record_id if c.isdigit())) for record_id in ids(response)]


@pytest.mark.parametrize(
    ("path", "text", "fits"),
    [
        (ALERTS, "severity eq 'high'", lambda i: i % 4 == 3),
        (ALERTS, "severity eq 'HIGH'", lambda i: i % 4 == 3),
        (ALERTS, "  severity eq 'high'\n", lambda i: i % 4 == 3),
        (ALERTS, "severity ge 'medium'", lambda i: i % 4 >= 2),
        (ALERTS, "severity lt 'low'", lambda i: i % 4 < 1),
        (ALERTS, "classification ne 'truePositive'", lambda i: i % 2 == 0),
        (ALERTS, "classification eq null", lambda i: i % 2 == 0),
        (ALERTS, "classification ne null", lambda i: i % 2 == 1),
        (ALERTS, "assignedTo eq 'o''brien@contoso.test'", lambda i: i % 3 == 1),
        (ALERTS, "assignedTo eq 'x'' or 1 eq 1 or ''a'' eq '''", lambda i: i % 3 == 2),
        (ALERTS, "status eq 'new' and (severity eq 'high' or severity eq 'low')", lambda i: i % 3 == 0 and i % 2 == 1),
        (ALERTS, "status eq 'new' or status eq 'resolved' and severity eq 'low'",
         lambda i: i % 3 == 0 or (i % 3 == 2 and i % 4 == 1)),
        (ALERTS, "createdDateTime ge 2026-03-01T23:57:30.1234567Z", lambda i: i <= 2),
        (ALERTS, "createdDateTime gt 2026-03-01T23:57:30.1234567Z", lambda i: i <= 1),
        (ALERTS, "createdDateTime gt 2026-03-01T23:57:30.1234566Z", lambda i: i <= 2),
        (ALERTS, "createdDateTime ge 2026-03-02T00:57:30.1234567+01:00", lambda i: i <= 2),
        (ALERTS, "createdDateTime lt 2026-03-01", lambda i: False),
        (ALERTS, "createdDateTime ge 2026-03-01", lambda i: True),
        (DETECTIONS, "riskEventType eq 'anonymizedIPAddress' or riskLevel eq 'medium'",
         lambda i: i % 2 == 1 or i % 3 == 1),
        (DETECTIONS, "detectedDateTime gt 2026-03-01T23:57:30.1234567Z", lambda i: i <= 1),
        (DETECTIONS, "lastUpdatedDateTime gt 2026-03-01T23:57:30.1234567Z", lambda i: i <= 2),
        ("/identityProtection/riskyUsers", "isDeleted eq true", lambda i: i in (1, 3)),
        (SIGN_INS, "startsWith(appDisplayName,'graph')", lambda i: i % 3 == 0 and i % 2 == 0),
        (SIGN_INS, "startswith(ipAddress, '203.0.113.6')", lambda i: i % 3 == 0 and i % 7 == 6),
        (SIGN_INS, "status/errorCode eq 50126", lambda i: i % 3 == 0 and i % 2 == 1),
        (SIGN_INS, "location/countryOrRegion eq 'DE'", lambda i: i % 3 == 0 and i % 2 == 1),
        (SIGN_INS, "riskEventTypes_v2/any(t: t eq 'unfamiliarFeatures')", lambda i: i % 3 == 0 and i % 2 == 0),
        (SIGN_INS, "riskEventTypes_v2/any(t:startsWith(t,'unfam'))", lambda i: i % 3 == 0 and i % 2 == 0),
        (BETA_SIGN_INS, "userId eq 'u1'", lambda i: i % 3 == 0 and i % 5 == 1),
        (BETA_SIGN_INS, "signInEventTypes/any(t: t eq 'nonInteractiveUser')", lambda i: i % 3 == 1),
        (BETA_SIGN_INS, "(signInEventTypes/any(t: t ne 'interactiveUser'))", lambda i: i % 3 != 0),
        (BETA_SIGN_INS, "userId eq 'u1' and signInEventTypes/any(t: t eq 'interactiveUser' or "
         "t eq 'nonInteractiveUser')", lambda i: i % 3 < 2 and i % 5 == 1),
    ],
)  # fmt: skip
def test_documented_filters_return_what_fits(ask: Ask, path: str, text: str, fits: Callable[[int], bool]) -> None:
    """A documented filter returns exactly the records that fit it, text and enumerations compared without case."""
    top = "50" if path != BETA_SIGN_INS else "1000"
    everyone = range(5 if "riskyUsers" in path else 61)
    assert numbers(ask(path, {"$filter": text, "$top": top})) == [i for i in everyone if fits(i)][: int(top)]


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (DETECTIONS, "createdDateTime ge 2026-01-01T00:00:00Z",
         "Could not find a property named 'createdDateTime' on type 'microsoft.graph.riskDetection'."),
        (ALERTS, "severiti eq 'high'",
         "Could not find a property named 'severiti' on type 'microsoft.graph.security.alert'."),
        (ALERTS, "title eq 'x'", "The property 'title' cannot be used"),
        (ALERTS, "evidence/any(e: e/microsoft.graph.security.userEvidence/userAccount/userPrincipalName eq 'x')",
         "The property 'evidence' cannot be used"),
        (ALERTS, "severity eq high", "Could not find a property named 'high'"),
        (ALERTS, "severity eq 'urgent'", "The string 'urgent' is not a valid enumeration type constant."),
        (ALERTS, "severity in ('high','low')", "'in'"),
        (ALERTS, "not (severity eq 'high')", "Logical operator 'Not' is not allowed."),
        (ALERTS, "contains(assignedTo,'x')", "Function 'contains' is not allowed."),
        (ALERTS, "startsWith(assignedTo,'x')", "The property 'assignedTo' cannot be used"),
        (ALERTS, "'high' eq severity", "property on its left"),
        (ALERTS, "1 eq 1", "property on its left"),
        (ALERTS, "severity", "must be a comparison"),
        (ALERTS, "createdDateTime ge '2026-01-01T00:00:00Z'", "incompatible types"),
        (ALERTS, "createdDateTime ge 2026-01-01T00:00:00", "literal"),
        (ALERTS, "createdDateTime ge 2026-02-31T00:00:00Z", "literal"),
        (ALERTS, "createdDateTime ge yesterday", "Could not find a property named 'yesterday'"),
        (ALERTS, "severity gt null", "incompatible types"),
        (ALERTS, "serviceSource eq 'microsoftSentinel' and", "Syntax error"),
        (ALERTS, "assignedTo eq 'O'Brien'", "Syntax error"),
        (ALERTS, "((((", "Syntax error"),
        (ALERTS, "foo(severity)", "Syntax error"),
        (ALERTS, "\x00", "Syntax error"),
        (ALERTS, "allowed eq 'x'", "Invalid filter clause"),
        (ALERTS, "(" * 2000 + "status eq 'new'" + ") and status eq 'new') or status eq 'new'" * 1000, "recursion"),
        ("/security/incidents", "serviceSource eq 'microsoftSentinel'", "Could not find a property"),
        (DETECTIONS, "riskLevel ne 'high'", "Logical operator 'NotEqual' is not allowed."),
        (DETECTIONS, "location/city eq 'x'", "The property 'location/city' cannot be used"),
        (SIGN_INS, "createdDateTime gt 2026-01-01T00:00:00Z", "Logical operator 'GreaterThan' is not allowed."),
        (SIGN_INS, "userId ne 'u1'", "Logical operator 'NotEqual' is not allowed."),
        (SIGN_INS, "startsWith(userId,'u')", "The property 'userId' cannot be used"),
        (SIGN_INS, "isInteractive eq true", "The property 'isInteractive' cannot be used"),
        (SIGN_INS, "status/errorCode eq '0'", "incompatible types"),
        (SIGN_INS, "status/errorCode eq 999999999999999999999999", "incompatible types"),
        (SIGN_INS, "signInEventTypes/any(t: t eq 'nonInteractiveUser')", "Could not find a property"),
        (SIGN_INS, "riskEventTypes_v2 eq 'x'", "cannot be used"),
        (SIGN_INS, "riskEventTypes_v2/any()", "'any'"),
        (SIGN_INS, "riskEventTypes_v2/all(t: t eq 'x')", "'any'"),
        (SIGN_INS, "riskEventTypes_v2/any(t: u eq 'x')", "Could not find a property named 'u'"),
        (SIGN_INS, "userId/any(t: t eq 'x')", "no collection"),
    ],
)  # fmt: skip
def test_undocumented_filters_are_400(ask: Ask, path: str, text: str, message: str) -> None:
    """What Graph does not document as a filter is its 400 with the code BadRequest, never a result."""
    answer = ask(path, {"$filter": text})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "BadRequest"
    assert error["message"].startswith("Invalid filter clause: ")
    assert message in error["message"]


def test_the_documented_error_body(ask: Ask, shared_dir: object) -> None:
    """An unknown property gives the body that was seen on a live tenant, apart from its date and ids."""
    seen = json.loads((shared_dir / "graph/examples/error__400_filter_unknown_property.json").read_text())  # type: ignore[operator]
    answer = ask(DETECTIONS, {"$filter": "createdDateTime ge 2026-01-01T00:00:00Z"}).json()
    assert answer["error"]["innerError"].keys() == seen["error"]["innerError"].keys()
    for body in (answer, seen):
        del body["error"]["innerError"]
    assert answer == seen


def test_long_chains_are_no_recursion() -> None:
    """Thousands of conditions in a row are a filter like any other."""
    text = " or ".join(f"createdDateTime eq 2026-01-01T00:00:{i % 60:02}Z" for i in range(3000)) + " or status eq 'new'"
    chosen = parse_filter(text, RESOURCES["v1.0", "security/alerts_v2"])
    assert chosen.matches({"status": "new"})
    assert not chosen.matches({"status": "resolved"})
    assert chosen.properties == {"createdDateTime", "status"}


def test_evidence_lambda_behind_its_switch(ask: Ask) -> None:
    """With the switch on, evidence is filtered by type cast and text, as the migration guide shows."""
    path = "e/microsoft.graph.security.userEvidence/userAccount/userPrincipalName"
    text = f"evidence/any(e: {path} eq 'USER1@contoso.test')"
    assert numbers(ask(ALERTS, {"$filter": text}, evidence_lambda=True)) == [i for i in range(61) if i % 5 == 1]
    other = text.replace("userEvidence", "deviceEvidence")
    assert ids(ask(ALERTS, {"$filter": other}, evidence_lambda=True)) == []
    for wrong in (text.replace("microsoft.graph.security.userEvidence/", ""), text.replace("e/micro", "x/micro")):
        assert ask(ALERTS, {"$filter": wrong}, evidence_lambda=True).status_code == 400


def test_filters_look_at_real_values_even_where_they_are_veiled(ask: Ask) -> None:
    """A late enumeration member is found by its own name."""
    assert numbers(ask(ALERTS, {"$filter": "serviceSource eq 'microsoftSentinel'"})) == list(range(1, 61, 2))

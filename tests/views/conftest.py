"""Small entity graphs, frames and hostile texts for the tests of what people see."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import networkx as nx
import pandas as pd
import pytest

from graphinvestigate import frames
from graphinvestigate.linking import Entity, Record, entity_graph

HOSTILE = (
    '<img src=x onerror="window.pwn=1">',
    "\"'><script>window.pwn=1</script>",
    "</script><script>window.pwn=1</script>",
    "</style><svg onload=window.pwn=1>",
    "<a href='http://evil.test/'>Reset your password</a>",
    "<a href='javascript:window.pwn=1'>x</a><span style='font-size:80px'>big</span>",
    "$\\href{javascript:window.pwn=1}{x}$",
    "%{customdata[0]}<extra>%{x}</extra>",
    "{{7*7}} <% x %>",
    "ab\u202egnp.exe \u200b\U000e0041",
    "\x1b]8;;http://evil.test\x07click\x1b]8;;\x07",
    "2026-01-01\r\nINFO all is well",
    "x" * 20_000,
    "e" + "\u0301" * 300,
    "half \ud800 a pair",
    "007",
    "2026-03-02",
)


class Page(HTMLParser):
    """What a browser would make of markup: tags, attributes, text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._inside: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self._inside:
            self.scripts[-1] += data
        elif "style" not in self._inside:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    def handlers(self) -> list[str]:
        """Attributes that run script, or lead out of the page."""
        return [
            f"{tag} {name}={value}"
            for tag, attributes in self.tags
            for name, value in attributes.items()
            if name.startswith("on")
            or (name in ("href", "src", "srcset", "action") and not (value or "").startswith("#"))
        ]


@pytest.fixture(scope="session")
def parse() -> type[Page]:
    """Read markup as a browser would."""
    return Page


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request: pytest.FixtureRequest) -> str:
    """A text that an attacker chose."""
    return request.param


def alert(number: int, **properties: Any) -> dict[str, Any]:
    """One alert as Graph sends it."""
    return {
        "id": f"da{number:04d}",
        "title": "Anomalous token",
        "severity": "medium",
        "status": "new",
        "category": "CredentialAccess",
        "serviceSource": "microsoftDefenderForEndpoint",
        "createdDateTime": f"2026-03-02T{number % 24:02d}:00:00Z",
        "firstActivityDateTime": f"2026-03-02T{number % 24:02d}:00:00Z",
        "lastActivityDateTime": f"2026-03-02T{number % 24:02d}:30:00Z",
        "evidence": [],
        **properties,
    }


def user(name: str, number: int = 1) -> dict[str, Any]:
    """Evidence that names a user."""
    account = {"userPrincipalName": name, "azureAdUserId": f"00000000-0000-4000-8000-{number:012d}"}
    return {"@odata.type": "#microsoft.graph.security.userEvidence", "userAccount": account}


def host(name: str, number: int = 1) -> dict[str, Any]:
    """Evidence that names a host."""
    kind = "#microsoft.graph.security.deviceEvidence"
    return {"@odata.type": kind, "deviceDnsName": name, "mdeDeviceId": f"{number:040x}"}


def read(kind: str, records: list[dict[str, Any]]) -> pd.DataFrame:
    """Records as `read_records` makes a frame of them; half characters travel as JSON escapes."""
    return frames.read_records(kind, json.dumps({"value": records}).encode("ascii"))


@pytest.fixture(scope="session")
def make_alerts():
    """Make a frame of alerts, each given by what differs from an ordinary one."""

    def make(*differences: dict[str, Any]) -> pd.DataFrame:
        return read("alerts", [alert(number, **properties) for number, properties in enumerate(differences)])

    return make


@pytest.fixture(scope="session")
def alerts() -> pd.DataFrame:
    """Twelve ordinary alerts of two users on two hosts, of all severities."""
    names = ["high", "medium", "low", "informational"]
    evidence = [[user("alice@contoso.com", 1), host("lt-1.contoso.com", 1)], [user("bob@contoso.com", 2)], []]
    categories = ["InitialAccess", "CredentialAccess", "Exfiltration", "Malware"]
    records = [
        alert(at, severity=names[at % 4], category=categories[at % 4], evidence=evidence[at % 3]) for at in range(12)
    ]
    return read("alerts", records)


@pytest.fixture(scope="session")
def sign_ins() -> pd.DataFrame:
    """Three sign-ins: without risk, with a high one, with one that the licence hides."""
    levels = ["none", "high", "hidden"]
    records = [
        {
            "id": f"s{at}",
            "createdDateTime": f"2026-03-02T0{at}:15:00Z",
            "userPrincipalName": "Alice@contoso.com",
            "appDisplayName": "Office 365",
            "ipAddress": "203.0.113.7",
            "riskLevelDuringSignIn": level,
            "status": {"errorCode": 0 if at else 50126},
        }
        for at, level in enumerate(levels)
    ]
    return read("sign_ins", records)


@pytest.fixture(scope="session")
def risk() -> pd.DataFrame:
    """Two risk detections, detected an hour after they happened."""
    records = [
        {
            "id": f"r{at}",
            "activityDateTime": f"2026-03-02T0{at}:20:00Z",
            "detectedDateTime": f"2026-03-02T0{at + 1}:20:00Z",
            "riskEventType": "anonymizedIPAddress",
            "riskLevel": level,
            "userPrincipalName": "alice@contoso.com",
            "source": "IdentityProtection",
        }
        for at, level in enumerate(["high", "low"])
    ]
    return read("risk_detections", records)


@pytest.fixture(scope="session")
def graph(alerts: pd.DataFrame, sign_ins: pd.DataFrame, risk: pd.DataFrame) -> nx.MultiDiGraph:
    """The entity graph of these."""
    return entity_graph(alerts=alerts, sign_ins=sign_ins, risk_detections=risk)


@pytest.fixture(scope="session")
def crowd() -> nx.MultiDiGraph:
    """Three hundred alerts around ten users, the first of them alone with a high severity."""
    g = nx.MultiDiGraph()
    users = [Entity("user", f"user{at}@contoso.com") for at in range(10)]
    for node in users:
        g.add_node(node, kind="user", label=node.key, identifiers=[f"upn={node.key}"], first_seen=None, last_seen=None)
    for at in range(300):
        node = Record("alert", f"da{at:04d}")
        severity = "high" if at % 10 == 0 and at < 50 else "low"
        g.add_node(
            node, kind="alert", id=node.id, label="Anomalous token", severity=severity, time="2026-03-02T00:00:00Z"
        )
        reference = {"record_kind": "alert", "record_id": node.id, "field": "evidence[0]", "value": "x", "time": None}
        g.add_edge(node, users[at % 10], key="has_evidence", relation="has_evidence", count=1, references=[reference])
    return g

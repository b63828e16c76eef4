"""The demo tenant's frames and graph, redacted once, and who is in them, read by other code than the redaction's."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi

KEY = "a key of the tests, long enough"
NAMING = {
    *("userPrincipalName", "accountName", "userSid", "azureAdUserId", "deviceDnsName", "hostName", "mdeDeviceId"),
    *("domainName", "dnsDomain", "ipAddress", "lastIpAddress", "subject", "internetMessageId", "networkMessageId"),
    *(
        "tenantId",
        "incidentId",
        "providerAlertId",
        "requestId",
        "correlationId",
        "userDisplayName",
        "upn",
        "primaryAddress",
    ),
}


class World(NamedTuple):
    frames: dict[str, pd.DataFrame]
    g: nx.MultiDiGraph
    redacted: dict[str, pd.DataFrame]
    redacted_g: nx.MultiDiGraph
    redactor: gi.Redactor
    names: set[str]


def naming(document: Any, name: str = "") -> set[str]:
    """Every text in a field that names somebody."""
    if isinstance(document, dict):
        return set().union(*(naming(value, key) for key, value in document.items())) if document else set()
    if isinstance(document, list):
        return set().union(*(naming(value, name) for value in document)) if document else set()
    return {document} if name in NAMING and isinstance(document, str) else set()


@pytest.fixture(scope="session")
def redacted(world: Any) -> World:
    """All of it."""
    frames = {
        "alerts": gi.list_alerts(world.client),
        "incidents": gi.list_incidents(world.client),
        "risk_detections": gi.list_risk_detections(world.client),
        "risky_users": gi.list_risky_users(world.client),
        "sign_ins": gi.list_sign_ins(world.client),
    }
    g = gi.entity_graph(**frames)
    redactor = gi.Redactor(KEY)
    *made, made_g = redactor.redact(*frames.values(), g)
    names = set().union(*(naming(json.loads(raw)) for frame in frames.values() for raw in frame["raw"]))
    kept = {"127.0.0.1", "::1", ""}
    return World(frames, g, dict(zip(frames, made, strict=True)), made_g, redactor, names - kept)

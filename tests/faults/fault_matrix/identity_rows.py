"""Faults of identity: one person or device under many names, and many under one."""

from __future__ import annotations

from typing import Any

import networkx as nx

from fault_matrix.row import row, same
from graphinvestigate import frames
from graphinvestigate.linking import Entity, Record, entity_graph

ALICE = "48d31887-5fad-4d73-a9f5-3c356e68a038"
OTHER = "0b1d2c3e-4f50-4a61-8b72-9c83ad94be05"
SID = "S-1-12-1-1221793927-1299406765-893187497-950036590"  # spells ALICE
LAPTOP = "73e7e2de709dff64ef64b1d0c30e67fab63279db"
TENANT = "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c"


def evidence(name: str, **properties: Any) -> dict[str, Any]:
    """One alert with one item of evidence."""
    item = {"@odata.type": f"#microsoft.graph.security.{name}Evidence", **properties}
    return {"tenantId": TENANT, "title": "t", "evidence": [item]}


def account(**properties: Any) -> dict[str, Any]:
    """One alert that names a user."""
    return evidence("user", userAccount={"displayName": "Alice Adams", **properties})


RECORDS = [
    account(azureAdUserId=ALICE.upper(), userPrincipalName="Alice@Contoso.com"),
    account(userPrincipalName="alice@contoso.COM"),
    account(userSid=SID),
    account(azureAdUserId=OTHER),  # of the same display name, and somebody else
    evidence("device", mdeDeviceId=LAPTOP, deviceDnsName="LAPTOP-7.contoso.com", hostName="LAPTOP-7"),
    evidence("device", deviceDnsName="laptop-7.contoso.com"),
    evidence("device", hostName="laptop-7"),
    evidence("ip", ipAddress="::ffff:198.51.100.23"),
    evidence("ip", ipAddress="198.51.100.23"),
]


def by_text(*, alerts: Any) -> nx.MultiDiGraph:
    """A graph whose entities go by the first text that names them."""
    items = frames.evidence(alerts)
    columns = {
        "user": ["user_account_user_principal_name", "user_account_azure_ad_user_id", "user_account_user_sid"],
        "host": ["device_dns_name", "host_name", "mde_device_id"],
        "ip": ["ip_address"],
    }
    g = nx.MultiDiGraph()
    for kind, names in columns.items():
        for alert_id, *values in items[["alert_id", *names]].itertuples(index=False):
            for key in [value for value in values if isinstance(value, str)][:1]:
                reference = {"value": key}
                g.add_edge(Record("alert", alert_id), Entity(kind, key), "has_evidence", references=[reference])
    return g


@row("D25", real=entity_graph, broken=by_text)
def one_key_for_one_person_device_and_address(subject: Any) -> None:
    """Ids, user names in any case, SIDs, full and short host names and mapped addresses of one thing are one node."""
    records = [{"id": f"a{number}", **record} for number, record in enumerate(RECORDS)]
    g = subject(alerts=frames.read_records("alerts", records))
    same(
        sorted(node for node in g if isinstance(node, Entity)),
        [Entity("host", LAPTOP), Entity("ip", "198.51.100.23"), Entity("user", OTHER), Entity("user", ALICE)],
    )
    named = {u.id: data["references"][0]["value"] for u, v, data in g.edges(data=True) if v == Entity("user", ALICE)}
    same(named.values(), [ALICE.upper(), "alice@contoso.COM", SID])

"""Which alerts an attack consists of: those of its incident that hang together, and those outside of it that belong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.linking.entities import is_no_threat, weight_of
from graphinvestigate.linking.nodes import Entity, Record
from graphinvestigate.linking.tables import MAIN

HARMED = frozenset({"compromised", "attacked", "destination", "created", "added", "edited"})
"""Roles of evidence that something was done to."""
HARMING = frozenset({"attacker", "commandandcontrol", "suspicious"})
"""Roles of evidence that did it."""

# What two alerts of one attack have in common; a program or a cloud service is on every machine.
_TELLING = frozenset(
    {"user", "host", "mailbox", "ip", "url", "domain", "app", "service_principal", "mail_message", "process"}
    | {"logon_session", "mailbox_configuration", "network_connection", "cloud_resource"}
)
_OVER = frozenset({"prevented", "blocked", "remediated", "notfound"})
_NEAR = pd.Timedelta(days=1)


def alerts_of_attack(
    g: nx.MultiDiGraph, incident: Record, shared: Collection[Entity]
) -> tuple[list[Record], list[Record], list[Record]]:
    """Find the alerts of an attack.

    Parameters
    ----------
    g : networkx.MultiDiGraph
    incident : Record
    shared : collection of Entity
        Hubs: what everybody shares ties nothing.

    Returns
    -------
    alerts, strays, others : list of Record
        The attack's alerts, oldest first; alerts of the incident that share nothing with the gravest part of it; and
        those among `alerts` that the incident does not hold.
    """
    found = [n for n in g.successors(incident) if isinstance(n, Record) and n.kind == "alert"]
    counted = [alert for alert in found if not is_no_threat(g.nodes[alert])]
    parts = sorted(_parts(g, counted, shared), key=lambda part: (-_gravity(g, part), min(part)))
    core = parts[0] if parts else set()
    strays = sorted(set(counted) - core)
    others = _others(g, core, set(found), shared)
    return sorted({*core, *others}, key=lambda alert: (g.nodes[alert].get("time") or "", alert)), strays, others


def _parts(g: nx.MultiDiGraph, alerts: list[Record], shared: Collection[Entity]) -> list[set[Record]]:
    ties = nx.Graph()
    ties.add_nodes_from(alerts)
    for alert in alerts:
        ties.add_edges_from((alert, node) for node in _about(g, alert) if node not in shared)
    return [{n for n in part if isinstance(n, Record)} for part in nx.connected_components(ties)]


def _about(g: nx.MultiDiGraph, alert: Record) -> list[Entity]:
    """What an alert names of what tells attacks apart."""
    return [node for node in g.successors(alert) if isinstance(node, Entity) and node.kind in _TELLING]


def _gravity(g: nx.MultiDiGraph, part: set[Record]) -> float:
    return sum(weight_of(g.nodes[alert]) for alert in part)


def _others(g: nx.MultiDiGraph, core: set[Record], own: set[Record], shared: Collection[Entity]) -> list[Record]:
    """Open alerts of the same days whose evidence calls a victim of the attack compromised."""
    times = [t for alert in core for name in ("time", "end_time") if (t := g.nodes[alert].get(name))]
    if not times:
        return []
    begin, end = pd.Timestamp(min(times)) - _NEAR, pd.Timestamp(max(times)) + _NEAR
    victims = {node for alert in core for node in _about(g, alert) if _is_victim(g, alert, node)} - set(shared)
    found = {
        alert
        for victim in victims
        for alert in g.predecessors(victim)
        if isinstance(alert, Record) and alert.kind == "alert" and alert not in own and _is_victim(g, alert, victim)
    }
    return sorted(
        alert
        for alert in found
        if _is_open(g.nodes[alert])
        and g.nodes[alert].get("time") is not None
        and begin <= pd.Timestamp(g.nodes[alert]["time"]) <= end
    )


def _is_victim(g: nx.MultiDiGraph, alert: Record, node: Entity) -> bool:
    """Whether evidence of an alert calls a user or host harmed, and not that it was kept from harm."""
    if node.kind not in ("user", "host") or not g.has_edge(alert, node, MAIN):
        return False
    attrs = g.edges[alert, node, MAIN]
    roles = {str(role).casefold() for role in attrs.get("roles") or ()}
    ended = {str(state).casefold() for state in attrs.get("remediation_status") or ()}
    harmed = roles & HARMED if roles else str(attrs.get("verdict") or "").casefold() in ("malicious", "suspicious")
    return bool(harmed) and not (ended and ended <= _OVER)


def _is_open(alert: dict[str, Any]) -> bool:
    return not is_no_threat(alert) and str(alert.get("status") or "").casefold() != "resolved"

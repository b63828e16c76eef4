"""One row per entity, the most pressing first."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.linking.annotating import ANNOTATIONS, with_annotations
from graphinvestigate.linking.nodes import SEVERITIES, Entity, Record, risk_rank, severity_rank
from graphinvestigate.wanted import takes

ENTITY_COLUMNS = (
    *("kind", "key", "label", "score", "why", "alerts", "max_severity", "risk_level", "risk_state"),
    *("first_seen", "last_seen", "identifiers", "degree"),
)

_SEVERITY_POINTS = (0.0, 1.0, 2.0, 5.0, 10.0)
_RISK_POINTS = (0.0, 2.0, 5.0, 10.0)
NOT_AT_RISK = frozenset({"confirmedsafe", "remediated", "dismissed", "none"})
_NO_THREAT = frozenset({"falsepositive", "informationalexpectedactivity"})


@takes
def entities(g: nx.MultiDiGraph) -> pd.DataFrame:
    """List the entities of a graph, the most pressing first.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.

    Returns
    -------
    DataFrame
        One row per entity: ``kind``, ``key``, ``label``, ``score`` and ``why`` (a sentence on what it is made of),
        ``alerts`` (how many alerts name it), ``max_severity`` of these, ``risk_level`` and ``risk_state`` (the user's
        standing, else its highest detection that still stands), ``first_seen`` and ``last_seen`` (UTC),
        ``identifiers`` (lists of ``type=value``), ``degree`` (how many other nodes it has ties with); then what
        `annotate` joined, a column each (two sources that say something of one name have the source in it).

    Notes
    -----
    The score is severity times variety, divided by spread, plus risk. Severity: each alert gives 10 points (high), 5
    (medium), 2 (low) or 1 (informational), half of it once resolved, a tenth where it was found to be no threat; the
    sum is divided by the square root of the number of alerts, so that many small alerts don't outweigh a few large
    ones. Variety: the number of distinct categories of the alerts that were not found harmless. Spread: 1 + log2(1 +
    number of users and hosts tied to it), so that what everybody shares (an office address) stands back. Risk: 10, 5
    or 2 points by Entra's risk level while it stands.
    """
    rows = [_row(g, node) for node in g if isinstance(node, Entity)]
    table = pd.DataFrame(rows, columns=list(ENTITY_COLUMNS))
    for column in ("first_seen", "last_seen"):
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    for column in ("kind", "key", "label", "why", "max_severity", "risk_level", "risk_state"):
        table[column] = table[column].astype("str")
    for column in ("alerts", "degree"):
        table[column] = table[column].astype("Int64")
    table["score"] = table["score"].astype("Float64")
    with_annotations(
        table, [data.get(ANNOTATIONS, {}) for node, data in g.nodes(data=True) if isinstance(node, Entity)]
    )
    return table.sort_values(["score", "kind", "key"], ascending=[False, True, True], ignore_index=True)


def alerts_of(g: nx.MultiDiGraph, entity: Entity) -> list[Record]:
    """Return the alerts that name an entity, oldest first."""
    found = {n for n in g.predecessors(entity) if isinstance(n, Record) and n.kind == "alert"}
    return sorted(found, key=lambda alert: (g.nodes[alert].get("time") or "", alert))


def categories_of(alert: dict[str, Any]) -> set[str]:
    """Return an alert's categories: where Defender places it in an attack."""
    names = {alert["category"]} if alert.get("category") else set()
    return names | {c for c in alert.get("categories") or () if c}


def is_no_threat(alert: dict[str, Any]) -> bool:
    """Whether an alert was classified as a false positive or as expected activity."""
    return str(alert.get("classification") or "").casefold() in _NO_THREAT


def weight_of(alert: dict[str, Any]) -> float:
    """Return the points of an alert: by severity, less once it is resolved, little once it was found no threat."""
    points = _SEVERITY_POINTS[severity_rank(alert.get("severity"))]
    if is_no_threat(alert):
        return points / 10
    return points / 2 if str(alert.get("status") or "").casefold() == "resolved" else points


def _row(g: nx.MultiDiGraph, entity: Entity) -> tuple[Any, ...]:
    attrs = g.nodes[entity]
    neighbours = {*g.predecessors(entity), *g.successors(entity)}
    alerts = [g.nodes[a] for a in alerts_of(g, entity)]
    severities = [severity_rank(a.get("severity")) for a in alerts]
    categories = {c for a in alerts if not is_no_threat(a) for c in categories_of(a)}
    risk_level, risk_state, standing = _risk(g, entity)
    spread = sum(1 for n in neighbours if isinstance(n, Entity) and n.kind in ("user", "host"))
    weight = sum(weight_of(a) for a in alerts)
    score = 0.0
    if alerts:
        score = weight / math.sqrt(len(alerts)) * max(1, len(categories)) / (1 + math.log2(1 + spread))
    score += _RISK_POINTS[risk_rank(risk_level)] if standing else 0.0
    top = max(severities, default=0)
    return (
        entity.kind,
        entity.key,
        attrs["label"],
        round(score, 3),
        _why(severities, len(categories), spread, risk_level if risk_rank(risk_level) else None, risk_state, standing),
        len(alerts),
        SEVERITIES[top - 1] if top else None,
        risk_level,
        risk_state,
        attrs["first_seen"],
        attrs["last_seen"],
        attrs["identifiers"],
        len(neighbours),
    )


def _risk(g: nx.MultiDiGraph, entity: Entity) -> tuple[str | None, str | None, bool]:
    """Return level, state, and whether the risk stands: the user's standing first, else the worst detection."""
    found: list[tuple[bool, bool, int, str, str, str]] = []
    for node in g.predecessors(entity):
        if isinstance(node, Record) and node.kind in ("risky_user", "risk_detection") and g.nodes[node].get("read"):
            if node.kind == "risk_detection" and not g.has_edge(node, entity, "risk_detected_for"):
                continue
            attrs = g.nodes[node]
            level, state = attrs.get("risk_level") or "", attrs.get("risk_state") or ""
            stands = state.casefold() not in NOT_AT_RISK and risk_rank(level) > 0
            found.append((node.kind == "risky_user", stands, risk_rank(level), attrs.get("time") or "", level, state))
    if not found:
        return None, None, False
    _, stands, _, _, level, state = max(found)
    return level or None, state or None, stands


def _why(
    severities: list[int], categories: int, spread: int, risk_level: str | None, risk_state: str | None, standing: bool
) -> str:
    parts: list[str] = []
    if severities:
        counts: defaultdict[str, int] = defaultdict(int)
        for severity in severities:
            counts[SEVERITIES[severity - 1] if severity else "unrated"] += 1
        order = [*reversed(SEVERITIES), "unrated"]
        split = ", ".join(f"{counts[name]} {name}" for name in order if counts[name])
        noun = "alert names it" if len(severities) == 1 else "alerts name it"
        text = f"{len(severities)} {noun} ({split})"
        if categories > 1:
            text += f" in {categories} categories"
        parts.append(text)
    if risk_level is not None:
        state = risk_state or "state unknown"
        parts.append(f"Entra rates its risk {risk_level} ({state}{'' if standing else ', no longer counted'})")
    if spread > 5:
        parts.append(f"shared by {spread} users and hosts, so it stands back")
    return "; ".join(parts) + "." if parts else "No alert names it and no risk is known."

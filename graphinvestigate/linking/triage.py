"""Which incident to look at first, and whether it looks like an intrusion. Reads only what fields mean, never names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.linking.nodes import SEVERITIES, Entity, Record, risk_rank, severity_rank
from graphinvestigate.linking.tactics import tactic_of, tactic_place
from graphinvestigate.wanted import takes

INCIDENT_COLUMNS = (
    *("id", "display_name", "severity", "status", "classification", "score", "attack", "why"),
    *("alerts", "tactics", "categories", "sources", "users", "hosts", "first_activity", "last_activity"),
)

_GRAVE = frozenset({"Credential access", "Lateral movement", "Command and control", "Exfiltration", "Impact"})
_NO_THREAT = {"falsepositive": "a false positive", "informationalexpectedactivity": "expected activity"}
_NOT_AT_RISK = frozenset({"confirmedsafe", "remediated", "dismissed", "none"})
_FEWEST_TACTICS, _FEWEST_SIGNS = 3, 2


@dataclass(frozen=True, slots=True)
class _Facts:
    """What an incident's records say, counted."""

    standing: str  # open, resolved, redirected, or why it is no threat
    alerts: int
    severity: int
    tactics: tuple[str, ...]  # in the order in which they first appear
    categories: tuple[str, ...]
    onward: int  # longest run of tactics that goes forward in ATT&CK's order as time goes on
    sources: tuple[str, ...]
    grave: tuple[str, ...]
    users: int
    hosts: int
    users_at_risk: int
    compromised: int
    first: str | None
    last: str | None


@takes
def rank_incidents(g: nx.MultiDiGraph) -> pd.DataFrame:
    """Rank the incidents of a graph, the one to look at first on top.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph built with alerts, best also with incidents, risk detections and risky users.

    Returns
    -------
    DataFrame
        One row per incident: ``id``, ``display_name``, ``severity``, ``status``, ``classification``; ``score``;
        ``attack`` (whether it looks like an intrusion in several stages); ``why`` (a sentence); how many ``alerts``,
        ATT&CK ``tactics``, service ``sources``, ``users``, ``hosts``; ``categories`` in order of time;
        ``first_activity`` and ``last_activity`` (UTC). Incidents that alerts name but no frame holds are rows too.

    Notes
    -----
    An incident looks like an intrusion when nobody found it harmless, its alerts that were not dismissed are of at
    least medium severity and go through three or more ATT&CK tactics, and two or more of these hold: the tactics go
    forward with time (three or more steps), several services raised them, credentials were reached, or it moved,
    called home, took data or did damage, Entra reports risk for its users, evidence is marked compromised.
    """
    rows = [_row(g, node) for node in g if isinstance(node, Record) and node.kind == "incident"]
    table = pd.DataFrame(rows, columns=list(INCIDENT_COLUMNS))
    for column in ("first_activity", "last_activity"):
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    for column in ("id", "display_name", "severity", "status", "classification", "why"):
        table[column] = table[column].astype("str")
    for column in ("alerts", "tactics", "sources", "users", "hosts"):
        table[column] = table[column].astype("Int64")
    table["score"] = table["score"].astype("Float64")
    table["attack"] = table["attack"].astype("boolean")
    return table.sort_values(["attack", "score", "id"], ascending=[False, False, True], ignore_index=True)


def _row(g: nx.MultiDiGraph, incident: Record) -> tuple[Any, ...]:
    attrs = g.nodes[incident]
    facts = _facts(g, incident)
    signs = _signs(facts)
    attack = (
        facts.standing in ("open", "resolved")
        and len(facts.tactics) >= _FEWEST_TACTICS
        and facts.severity >= severity_rank("medium")
        and len(signs) >= _FEWEST_SIGNS
    )
    severity = attrs.get("severity") or (SEVERITIES[facts.severity - 1] if facts.severity else None)
    return (
        incident.id,
        attrs.get("display_name"),
        severity,
        attrs.get("status"),
        attrs.get("classification"),
        _score(facts),
        attack,
        _why(facts, signs),
        facts.alerts,
        len(facts.tactics),
        list(facts.categories),
        len(facts.sources),
        facts.users,
        facts.hosts,
        facts.first,
        facts.last,
    )


def _facts(g: nx.MultiDiGraph, incident: Record) -> _Facts:
    alerts = [n for n in g.successors(incident) if isinstance(n, Record) and n.kind == "alert"]
    alerts.sort(key=lambda a: (g.nodes[a].get("time") or "", a))
    counted = [a for a in alerts if _verdict(g.nodes[a]) not in _NO_THREAT]
    categories: dict[str, str] = {}
    steps: list[int] = []
    for alert in counted:
        attrs = g.nodes[alert]
        for name in [attrs.get("category"), *(attrs.get("categories") or ())]:
            if name:
                categories.setdefault(name.casefold(), name)
        place = tactic_place(attrs.get("category"))
        if place is not None:
            steps.append(place)
    named: dict[Entity, set[str]] = {}
    for alert in counted:
        for _, entity, edge in g.out_edges(alert, data=True):
            if isinstance(entity, Entity) and entity.kind in ("user", "host"):
                named.setdefault(entity, set()).update(r.casefold() for r in edge.get("roles", ()))
    users = [e for e in named if e.kind == "user"]
    tactics = tuple(dict.fromkeys(tactic for name in categories.values() if (tactic := tactic_of(name))))
    return _Facts(
        standing=_standing(g.nodes[incident], alerts, counted),
        alerts=len(alerts),
        severity=max((severity_rank(g.nodes[a].get("severity")) for a in counted), default=0),
        tactics=tactics,
        categories=tuple(categories.values()),
        onward=_longest_onward(steps),
        sources=tuple(dict.fromkeys(s for a in counted if (s := g.nodes[a].get("service_source")))),
        grave=tuple(name for name in tactics if name in _GRAVE),
        users=len(users),
        hosts=len(named) - len(users),
        users_at_risk=sum(_at_risk(g, u) for u in users),
        compromised=sum("compromised" in roles for roles in named.values()),
        first=min((t for a in alerts if (t := g.nodes[a].get("time"))), default=None),
        last=max((t for a in alerts if (t := g.nodes[a].get("end_time"))), default=None),
    )


def _verdict(attrs: dict[str, Any]) -> str:
    return str(attrs.get("classification") or "").casefold()


def _standing(incident: dict[str, Any], alerts: Sequence[Record], counted: Sequence[Record]) -> str:
    status = str(incident.get("status") or "").casefold()
    if status == "redirected" or incident.get("redirect_incident_id"):
        return "redirected"
    if _verdict(incident) in _NO_THREAT:
        return _NO_THREAT[_verdict(incident)]
    if alerts and not counted:
        return "no threat, alert by alert"
    return "resolved" if status == "resolved" else "open"


def _at_risk(g: nx.MultiDiGraph, user: Entity) -> bool:
    for record in g.predecessors(user):
        if not isinstance(record, Record) or record.kind not in ("risk_detection", "risky_user"):
            continue
        attrs = g.nodes[record]
        if risk_rank(attrs.get("risk_level")) and str(attrs.get("risk_state") or "").casefold() not in _NOT_AT_RISK:
            return True
    return False


def _longest_onward(steps: Sequence[int]) -> int:
    """Length of the longest strictly rising subsequence."""
    ends: list[int] = []
    for step in steps:
        place = bisect_left(ends, step)
        ends[place : place + 1] = [step]
    return len(ends)


def _signs(facts: _Facts) -> list[str]:
    """What speaks for an intrusion, as parts of a sentence."""
    signs: list[str] = []
    if facts.onward >= 3:
        signs.append("they go forward through ATT&CK as time goes on")
    if len(facts.sources) >= 2:
        signs.append(f"{len(facts.sources)} services raised them")
    if facts.grave:
        signs.append(
            f"{_listed([name.lower() for name in facts.grave])} {'is' if len(facts.grave) == 1 else 'are'} among them"
        )
    if facts.users_at_risk:
        signs.append(f"Entra reports risk for {facts.users_at_risk} of its users")
    if facts.compromised:
        signs.append(f"{facts.compromised} users or hosts are marked compromised")
    return signs


def _score(facts: _Facts) -> float:
    points = (
        2.5 * facts.severity
        + 4 * max(0, len(facts.tactics) - 1)
        + 2 * max(0, facts.onward - 1)
        + 3 * max(0, len(facts.sources) - 1)
        + 5 * len(facts.grave)
        + 5 * bool(facts.users_at_risk)
        + 2 * bool(facts.compromised)
    )
    return round(points * {"open": 1.0, "resolved": 0.5}.get(facts.standing, 0.1), 3)


def _why(facts: _Facts, signs: list[str]) -> str:
    if facts.standing == "redirected":
        return "Merged into another incident."
    if not facts.alerts:
        return "None of its alerts is in these records."
    if facts.standing not in ("open", "resolved"):
        return f"Closed as {facts.standing}."
    count = "1 alert" if facts.alerts == 1 else f"{facts.alerts} alerts"
    order = " → ".join(name.lower() for name in facts.tactics)
    if not facts.tactics:
        through = "no ATT&CK tactic"
    elif len(facts.tactics) == 1:
        through = f"one ATT&CK tactic ({order})"
    else:
        through = f"{len(facts.tactics)} ATT&CK tactics{_span(facts)} ({order})"
    text = f"{count} ({facts.standing}), {through}"
    return f"{text}; {'; '.join(signs)}." if signs else f"{text}; nothing else speaks for an intrusion."


def _span(facts: _Facts) -> str:
    if facts.first is None or facts.last is None:
        return ""
    hours = (datetime.fromisoformat(facts.last) - datetime.fromisoformat(facts.first)).total_seconds() / 3600
    return (
        f" within {hours:.0f} hours" if 1.5 <= hours < 72 else (f" within {hours / 24:.0f} days" if hours >= 72 else "")
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

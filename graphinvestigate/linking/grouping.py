"""Which alerts belong together by what they share, beside how they were grouped into incidents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.linking.entities import is_no_threat
from graphinvestigate.linking.hubs import Hubs, hubs_of
from graphinvestigate.linking.index import NO_TIME, GraphIndex, index_of, nanoseconds
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Record
from graphinvestigate.wanted import takes

COMMUNITY_COLUMNS = (
    *("community", "finding", "why", "alerts", "incidents", "alert_ids", "incident_ids", "shared"),
    *("first_activity", "last_activity"),
)
FINDINGS = ("should merge", "should split", "as grouped", "no incident")

_MOST_SHARED = 100  # an entity of more alerts ties all of them to all: that is a hub, whatever its kind
_TAU = 1.0  # days after which two alerts that share something belong together e times less
_FAINTEST = 0.5
_DAY = 86_400 * 10**9
# What two alerts share rarely by chance, and what they share easily.
_KIND_WEIGHT = {"ip": 0.8, "url": 0.8, "domain": 0.5, "app": 0.5, "malware": 0.3, "file": 0.6, "saas_app": 0.0}


@dataclass(frozen=True, slots=True)
class _Ties:
    """How strongly alerts are tied, and by which entities."""

    weight: dict[tuple[int, int], float]
    shared: dict[tuple[int, int], list[int]]


@takes
def communities(g: nx.MultiDiGraph, *, hubs: Hubs = None, seed: int = 0, resolution: float = 1.0) -> pd.DataFrame:
    """Group alerts by what they share and when, and compare the groups with the incidents they are in.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph built with alerts, best also with incidents.
    hubs : DataFrame or iterable of Entity or str, optional
        More hubs, as `find_hubs` takes them; what all share ties nothing.
    seed : int
        Of the Louvain method: the same seed gives the same groups.
    resolution : float
        Larger values give smaller groups.

    Returns
    -------
    DataFrame
        One row per group of alerts: ``community`` (0 is the largest), ``finding`` (should merge: alerts of several
        incidents, or of an incident and of none, share what few share; should split: a part of an incident that
        shares nothing with the rest of it; as grouped; no incident), ``why`` (a sentence), ``alerts`` and
        ``incidents`` (how many), ``alert_ids``, ``incident_ids``, ``shared`` (labels of what ties them),
        ``first_activity`` and ``last_activity`` (UTC). Findings come first, larger groups before smaller.

    Raises
    ------
    EntityNotFoundError
        Nothing goes by one of ``hubs``.

    Notes
    -----
    Two alerts are tied by each entity that both name, hubs and entities of more than a hundred alerts apart: the more
    alerts name it the less, and e times less with every day between them; an unknown time counts as the same. Faint
    ties count only within an incident: it is taken apart where nothing holds it together, and put together with
    another where something strong does.
    Incidents that were merged away count as what they were merged into. Alerts found to be no threat are left out.
    """
    index = index_of(g)
    alerts = _alerts(g, index)
    incident = {at: _incident(g, index.nodes[at]) for at in alerts}
    ties = _ties(g, index, set(hubs_of(g, index, hubs)), incident)
    flat = nx.Graph()
    flat.add_nodes_from(alerts)
    flat.add_weighted_edges_from((a, b, w) for (a, b), w in sorted(ties.weight.items()))
    groups = [sorted(group) for group in nx.community.louvain_communities(flat, seed=seed, resolution=resolution)]
    groups.sort(key=lambda group: (-len(group), group))
    apart = _apart(ties, incident)
    rows = []
    for number, group in enumerate(groups):
        records = [index.nodes[at] for at in group]
        named = sorted({name for at in group if (name := incident[at]) is not None})
        shared = _shared(g, index, ties, group)
        finding, why = _finding(group, named, incident, apart, shared)
        times = [t for a in records if (t := g.nodes[a].get("time"))]
        ends = [t for a in records if (t := g.nodes[a].get("end_time"))]
        rows.append(
            (
                *(number, finding, why, len(group), len(named), [a.id for a in records], named, shared),
                *(min(times, default=None), max(ends, default=None)),
            )
        )
    table = pd.DataFrame(rows, columns=list(COMMUNITY_COLUMNS))
    for column in ("first_activity", "last_activity"):
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    for column in ("finding", "why"):
        table[column] = table[column].astype("str")
    for column in ("community", "alerts", "incidents"):
        table[column] = table[column].astype("Int64")
    order = table["finding"].map({name: place for place, name in enumerate(FINDINGS)})
    return table.assign(order=order).sort_values(["order", "community"], ignore_index=True).drop(columns="order")


def _alerts(g: nx.MultiDiGraph, index: GraphIndex) -> list[int]:
    every = np.flatnonzero(index.of_kind("alert") & index.record).tolist()
    return [at for at in every if not is_no_threat(g.nodes[index.nodes[at]])]


def _ties(g: nx.MultiDiGraph, index: GraphIndex, stops: set[int], incident: dict[int, str | None]) -> _Ties:
    """Tie alerts by what they share: all of one incident, and of different ones those that share much."""
    alerts = list(incident)
    times = dict(
        zip(alerts, nanoseconds([g.nodes[index.nodes[at]].get("time") for at in alerts]).tolist(), strict=True)
    )
    weight: defaultdict[tuple[int, int], float] = defaultdict(float)
    shared: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for entity in np.flatnonzero(~index.record).tolist():
        factor = _KIND_WEIGHT.get(index.nodes[entity].kind, 1.0)
        if entity in stops or not factor:
            continue
        near = np.unique(index.into.steps(np.array([entity]))[0]).tolist()
        near = [at for at in near if at in times]
        if not 2 <= len(near) <= _MOST_SHARED:
            continue
        factor /= np.log2(len(near))
        for place, a in enumerate(near):
            for b in near[place + 1 :]:
                both = times[a] != NO_TIME and times[b] != NO_TIME
                close = float(np.exp(-abs(times[a] - times[b]) / _DAY / _TAU)) if both else 1.0
                weight[a, b] += factor * close
                shared[a, b].append(entity)
    kept = {
        (a, b): w
        for (a, b), w in weight.items()
        if w >= _FAINTEST or (incident[a] is not None and incident[a] == incident[b])
    }
    return _Ties(kept, {pair: shared[pair] for pair in kept})


def _incident(g: nx.MultiDiGraph, alert: Any) -> str | None:
    """The incident an alert is in; what that was merged into, where it was."""
    found = sorted(n for n in g.predecessors(alert) if isinstance(n, Record) and n.kind == "incident")
    if not found:
        return g.nodes[alert].get("incident_id")
    at, met = found[0], {found[0]}
    while True:
        onward = [n for n in g.successors(at) if isinstance(n, Record) and n.kind == "incident" and n not in met]
        if not onward:
            return at.id
        at = min(onward)
        met.add(at)


def _apart(ties: _Ties, incident: dict[int, str | None]) -> dict[int, int]:
    """Alerts that share nothing with the largest part of their incident; each with a number for its part."""
    flat = nx.Graph()
    flat.add_nodes_from(at for at, name in incident.items() if name is not None)
    flat.add_edges_from((a, b) for a, b in ties.weight if incident[a] is not None and incident[a] == incident[b])
    parts: defaultdict[str | None, list[set[int]]] = defaultdict(list)
    for part in nx.connected_components(flat):
        parts[incident[min(part)]].append(part)
    apart: dict[int, int] = {}
    for found in parts.values():
        largest = max(found, key=lambda part: (len(part), -min(part)))
        apart |= {at: min(part) for part in found if part is not largest for at in part}
    return apart


def _shared(g: nx.MultiDiGraph, index: GraphIndex, ties: _Ties, group: list[int]) -> list[str]:
    """Labels of what ties a group, the strongest ties first."""
    inside = set(group)
    count: defaultdict[int, float] = defaultdict(float)
    for (a, b), entities in ties.shared.items():
        if a in inside and b in inside:
            for entity in entities:
                count[entity] += ties.weight[a, b]
    best = sorted(count, key=lambda entity: (-count[entity], entity))[:5]
    return [f"{kind_word(index.nodes[at].kind)} {g.nodes[index.nodes[at]].get('label')}" for at in best]


def _finding(
    group: list[int], named: list[str], incident: dict[int, str | None], apart: dict[int, int], shared: list[str]
) -> tuple[str, str]:
    by = f"they share {', '.join(shared[:3])}" if shared else "nothing ties them"
    loose = sum(incident[at] is None for at in group)
    if len(named) > 1:
        extra = f" and {_alerts_are(loose)} without one" if loose else ""
        return "should merge", f"Alerts of incidents {', '.join(named)}{extra} belong together: {by}."
    if named and loose:
        verb = "belongs" if loose == 1 else "belong"
        return "should merge", f"{_alerts_are(loose)} without an incident {verb} to incident {named[0]}: {by}."
    if not named:
        return "no incident", f"{_alerts_are(loose)} in no incident" + (f"; {by}." if loose > 1 else ".")
    if group[0] in apart:
        verb = "shares" if len(group) == 1 else "share"
        return (
            "should split",
            f"{_alerts_are(len(group))} of incident {named[0]} {verb} nothing with the rest of it, hubs apart.",
        )
    return "as grouped", f"Grouped as in incident {named[0]}" + (f"; {by}." if shared else ".")


def _alerts_are(number: int) -> str:
    return "1 alert" if number == 1 else f"{number} alerts"

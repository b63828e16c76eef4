"""Who and what matters most: personalised PageRank from alerts and risk, with what each score is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.entities import NOT_AT_RISK, weight_of
from graphinvestigate.linking.explain import node_of
from graphinvestigate.linking.hubs import Hubs, hubs_of
from graphinvestigate.linking.index import NO_TIME, GraphIndex, index_of, nanoseconds
from graphinvestigate.linking.nodes import Entity, Record, risk_rank, severity_rank
from graphinvestigate.linking.tables import MAIN

Floats: TypeAlias = NDArray[np.float64]

SOURCES = ("from_high", "from_medium", "from_low", "from_informational", "from_risk")
RANK_COLUMNS = ("kind", "key", "label", "score", *SOURCES, "hub", "why")
CONTRIBUTION_COLUMNS = ("record_kind", "record_id", "label", "source", "points", "contribution", "share", "time")

_ONWARD = 0.85
_ENOUGH = 1e-13
_MOST_ROUNDS = 1_000
_HALF_LIFE_DAYS = 14.0
_RISK_POINTS = (0.0, 2.0, 5.0, 10.0)
_SETTLED = 0.1
_BY_RELATION = {"names": 0.5, "contains_alert": 0.25}
_BY_VERDICT = {"malicious": 1.5, "nothreatsfound": 0.2}
_DAMPED = 0.1
_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Weights:
    """What a ranking runs on: how strongly nodes are tied, and where importance comes from.

    Attributes
    ----------
    tie : ndarray of float, shape (edges,)
        Weight of each edge of the index; it holds in both directions.
    seed : ndarray of float, shape (nodes,)
        Points of each record; 0 for everything else.
    source : ndarray of int, shape (nodes,)
        Which of `SOURCES` a record's points count for; -1 for none.
    """

    tie: Floats
    seed: Floats
    source: NDArray[np.int8]


def rank_entities(g: nx.MultiDiGraph, *, hubs: Hubs = None) -> pd.DataFrame:
    """Rank the entities of a graph by how much alerts and risk lead to them.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    hubs : DataFrame or iterable of Entity or str, optional
        More hubs, as `find_hubs` takes them.

    Returns
    -------
    DataFrame
        One row per entity, the most important first: ``kind``, ``key``, ``label``; ``score``, which is the sum of
        ``from_high``, ``from_medium``, ``from_low``, ``from_informational`` (alerts of that severity, the last also
        those without one) and ``from_risk`` (risk detections and risky users); ``hub``; ``why`` (a sentence). All
        nodes, records included, share a total of 1. `rank_contributions` shows the single records behind a score.

    Notes
    -----
    Importance starts at records. An alert has 10 points (high), 5 (medium), 2 (low) or 1 (informational), half once
    it is resolved, a tenth where it was found to be no threat; risk has 10, 5 or 2 points by its level, a tenth once
    it is settled. Points halve with every 14 days before the newest record; an unknown time counts as new. From there
    it spreads as in PageRank (85 of 100 parts go on at each step) along ties of weight 1: half where a record only
    mentions something, a quarter within an incident, 1.5 for what evidence calls malicious, 0.2 where it found no
    threat; a tenth at hubs. Computed to 1e-12, the same on every run.
    """
    index = index_of(g)
    weights = weights_of(g, index, hubs)
    parts = np.stack([_spread(index, weights, np.where(weights.source == n, weights.seed, 0.0)) for n in range(5)])
    total = parts.sum()
    if total > 0:
        parts /= total
    stops = hubs_of(g, index, hubs)
    rows = [
        (
            *index.nodes[at],
            str(g.nodes[index.nodes[at]].get("label") or index.nodes[at][1]),
            float(parts[:, at].sum()),
            *parts[:, at].tolist(),
            at in stops,
            _why(parts[:, at], stops[at].why if at in stops else None),
        )
        for at in np.flatnonzero(~index.record).tolist()
    ]
    table = pd.DataFrame(rows, columns=list(RANK_COLUMNS))
    for column in ("kind", "key", "label", "why"):
        table[column] = table[column].astype("str")
    for column in ("score", *SOURCES):
        table[column] = table[column].astype("Float64")
    table["hub"] = table["hub"].astype("boolean")
    rounded = table["score"].round(12)  # the last digits are noise: names decide there
    order = table.assign(rounded=rounded).sort_values(["rounded", "kind", "key"], ascending=[False, True, True])
    return order.drop(columns="rounded").reset_index(drop=True)


def rank_contributions(g: nx.MultiDiGraph, entity: Entity | str, *, hubs: Hubs = None) -> pd.DataFrame:
    """Show what an entity's score in `rank_entities` is made of, record by record.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    entity : Entity or str
        Whose score; a text is looked up with `find_entity`.
    hubs : DataFrame or iterable of Entity or str, optional
        As given to `rank_entities`.

    Returns
    -------
    DataFrame
        One row per alert, risk detection or risky user that something of the score comes from, the largest part
        first: ``record_kind``, ``record_id``, ``label``, ``source`` (the column of `rank_entities` it counts for),
        ``points``, ``contribution`` (they sum to the score), ``share`` (they sum to 1), ``time`` (UTC).
    """
    node = node_of(g, entity)
    if isinstance(node, Record):
        raise UsageError("scores are those of entities; this is a record")
    index = index_of(g)
    weights = weights_of(g, index, hubs)
    chance = _chances(index, weights)
    goal = np.zeros(len(index.nodes))
    goal[index.place[node]] = 1 - _ONWARD
    from_here = _iterate(goal, lambda x: _ONWARD * _gathered(index, chance, x))
    total = sum(
        _spread(index, weights, np.where(weights.source == n, weights.seed, 0.0)).sum() for n in range(len(SOURCES))
    )
    parts = weights.seed * from_here / total if total > 0 else weights.seed
    own = float(parts.sum())
    rows = []
    for at in np.flatnonzero(parts).tolist():
        record = index.nodes[at]
        attrs = g.nodes[record]
        source = SOURCES[int(weights.source[at])]
        share = parts[at] / own
        rows.append((*record, attrs.get("label"), source, weights.seed[at], parts[at], share, attrs.get("time")))
    table = pd.DataFrame(rows, columns=list(CONTRIBUTION_COLUMNS))
    for column in ("record_kind", "record_id", "label", "source"):
        table[column] = table[column].astype("str")
    for column in ("points", "contribution", "share"):
        table[column] = table[column].astype("Float64")
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    order = ["contribution", "record_kind", "record_id"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)


def weights_of(g: nx.MultiDiGraph, index: GraphIndex, hubs: Hubs = None) -> Weights:
    """Return the weights that a ranking of a graph runs on."""
    by_relation = np.array([_BY_RELATION.get(name, 1.0) for name in index.relations] or [1.0])
    tie = by_relation[index.relation]
    for edge in np.flatnonzero(
        np.array([name == MAIN for name in index.relations] or [False])[index.relation]
    ).tolist():
        source, target = index.nodes[index.source[edge]], index.nodes[index.target[edge]]
        verdict = g.adj[source][target][MAIN].get("verdict")
        tie[edge] = _BY_VERDICT.get(str(verdict).casefold(), 1.0)
    damped = np.ones(len(index.nodes))
    damped[list(hubs_of(g, index, hubs))] = _DAMPED
    tie = tie * damped[index.source] * damped[index.target]
    places = np.flatnonzero(index.of_kind("alert", "risk_detection", "risky_user") & index.record).tolist()
    seed = np.zeros(len(index.nodes))
    source = np.full(len(index.nodes), -1, dtype=np.int8)
    times = nanoseconds([g.nodes[index.nodes[at]].get("time") for at in places])
    newest = times.max(initial=NO_TIME)
    for at, time in zip(places, times.tolist(), strict=True):
        attrs = g.nodes[index.nodes[at]]
        age = 0.0 if time == NO_TIME else (newest - time) / _DAY
        points, source[at] = _points(index.nodes[at].kind, attrs)
        seed[at] = points * 0.5 ** (age / _HALF_LIFE_DAYS)
    return Weights(tie, seed, source)


def _points(kind: str, attrs: dict[str, Any]) -> tuple[float, int]:
    if kind == "alert":
        severity = severity_rank(attrs.get("severity"))
        return weight_of(attrs), {4: 0, 3: 1, 2: 2}.get(severity, 3)
    settled = str(attrs.get("risk_state") or "").casefold() in NOT_AT_RISK
    return _RISK_POINTS[risk_rank(attrs.get("risk_level"))] * (_SETTLED if settled else 1.0), 4


def _chances(index: GraphIndex, weights: Weights) -> tuple[Floats, Floats]:
    """Return, per edge, the chance to step along it and the chance to step back."""
    size = len(index.nodes)
    leaving = _sums(index.source, weights.tie, size) + _sums(index.target, weights.tie, size)
    return weights.tie / leaving[index.source], weights.tie / leaving[index.target]


def _spread(index: GraphIndex, weights: Weights, seed: Floats) -> Floats:
    """Return where importance that starts at seeds ends up; what ends in dead ends is lost, for all seeds alike."""
    if not seed.any():
        return np.zeros(len(seed))
    along, back = _chances(index, weights)
    size = len(index.nodes)

    def onward(x: Floats) -> Floats:
        there = _sums(index.target, x[index.source] * along, size)
        return _ONWARD * (there + _sums(index.source, x[index.target] * back, size))

    return _iterate((1 - _ONWARD) * seed, onward)


def _gathered(index: GraphIndex, chance: tuple[Floats, Floats], x: Floats) -> Floats:
    """Return, per node, the mean of x over where one can step from it."""
    along, back = chance
    size = len(index.nodes)
    here = _sums(index.source, x[index.target] * along, size)
    return here + _sums(index.target, x[index.source] * back, size)


def _sums(places: NDArray[np.int32], values: Floats, size: int) -> Floats:
    return np.bincount(places, values, size).astype(np.float64, copy=False)


def _iterate(start: Floats, onward: Any) -> Floats:
    """Sum ``start + onward(start) + onward(onward(start)) …`` until what is added no longer counts."""
    total, added = start.copy(), start
    enough = _ENOUGH * float(np.abs(start).sum())
    for _ in range(_MOST_ROUNDS):
        added = onward(added)
        total += added
        if float(np.abs(added).sum()) <= enough:
            break
    return total


def _why(parts: Floats, hub: str | None) -> str:
    score = float(parts.sum())
    if score <= 0:
        return "No alert and no risk leads to it."
    words = ("high alerts", "medium alerts", "low alerts", "informational alerts", "risk")
    shares = sorted(((float(part) / score, word) for part, word in zip(parts, words, strict=True)), reverse=True)
    told = ", ".join(f"{share:.0%} from {word}" for share, word in shares if share >= 0.005)
    return f"{told}." if hub is None else f"{told}; a hub, which holds it back ({hub.rstrip('.')})."

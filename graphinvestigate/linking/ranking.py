"""Who and what matters most: personalised PageRank from alerts and risk, with what each score is made of."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.annotating import ANNOTATIONS, with_annotations
from graphinvestigate.linking.explain import node_of
from graphinvestigate.linking.hubs import Hubs, hubs_of
from graphinvestigate.linking.index import GraphIndex, index_of
from graphinvestigate.linking.nodes import Entity, Record
from graphinvestigate.linking.weighing import SOURCES, Floats, Weights, weights_of
from graphinvestigate.wanted import takes

ALLOWED = "from_allow_list"
RANK_COLUMNS = ("kind", "key", "label", "score", *SOURCES, ALLOWED, "hub", "why")
CONTRIBUTION_COLUMNS = (
    *("record_kind", "record_id", "label", "source", "points", "counted", "contribution", "share", "time"),
)

_ONWARD = 0.85
_ENOUGH = 1e-13
_MOST_ROUNDS = 1_000
_HELD_BACK = 0.8  # which part of a score an allow list takes


@takes
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
        those without one), ``from_risk`` (risk detections, risky users and service principals), ``from_watch_list``,
        and ``from_allow_list``, which is negative; ``hub``; ``why`` (a sentence); then what `annotate` joined, a
        column each. Before allow lists all nodes, records included, share a total of 1. `rank_contributions` shows
        the single records and lists behind a score.

    Raises
    ------
    EntityNotFoundError
        Nothing goes by one of ``hubs``.

    Notes
    -----
    Importance starts at records. An alert has 10 points (high), 5 (medium), 2 (low) or 1 (informational), half once
    it is resolved, a tenth where it was found to be no threat; risk has 10, 5 or 2 points by its level, a tenth once
    it is settled. Points halve with every 14 days before the newest record; an unknown time counts as new. The same
    detection on the same user or host over and over says little more than once: n of them count for 1 + ln n. From
    there it spreads as in PageRank (85 of 100 parts go on at each step) along ties of weight 1: half where a record
    only mentions something, a quarter within an incident, 1.5 for what evidence calls malicious, 0.2 where it found
    no threat; a tenth at hubs. An entity on a watch list has 5 points of its own, for each list (`annotate` with
    ``counts_as="watch"``). One on an allow list loses four fifths of its score, and keeps its place in the table: that
    it is listed does not make it clean. Computed to 1e-12, the same on every run.
    """
    index = index_of(g)
    weights = weights_of(g, index, hubs)
    parts = np.stack([_spread(index, weights, _from(weights, n)) for n in range(len(SOURCES))])
    total = parts.sum()
    if total > 0:
        parts /= total
    taken = np.zeros(len(index.nodes))
    taken[list(weights.allowed)] = -_HELD_BACK
    taken *= parts.sum(axis=0)
    stops = hubs_of(g, index, hubs)
    places = np.flatnonzero(~index.record).tolist()
    rows = [
        (
            *index.nodes[at],
            str(g.nodes[index.nodes[at]].get("label") or index.nodes[at][1]),
            float(parts[:, at].sum() + taken[at]),
            *parts[:, at].tolist(),
            float(taken[at]),
            at in stops,
            _why(parts[:, at], stops[at].why if at in stops else None, *_lists(weights, at)),
        )
        for at in places
    ]
    table = pd.DataFrame(rows, columns=list(RANK_COLUMNS))
    for column in ("kind", "key", "label", "why"):
        table[column] = table[column].astype("str")
    for column in ("score", *SOURCES, ALLOWED):
        table[column] = table[column].astype("Float64")
    table["hub"] = table["hub"].astype("boolean")
    with_annotations(table, [g.nodes[index.nodes[at]].get(ANNOTATIONS) or {} for at in places])
    rounded = table["score"].round(12)  # the last digits are noise: names decide there
    order = pd.DataFrame({"rounded": rounded, "kind": table["kind"], "key": table["key"]})
    order = order.sort_values(["rounded", "kind", "key"], ascending=[False, True, True])
    return table.loc[order.index].reset_index(drop=True)


@takes
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
        One row per alert, risk record or list that something of the score comes from, the largest part first:
        ``record_kind`` (``watch_list`` and ``allow_list`` too), ``record_id`` (of a list its source), ``label`` (of
        a watch list who is on it), ``source`` (the column of `rank_entities` it counts for), ``points``, ``counted``
        (which part of them counts: less than 1 for a repeat of one detection), ``contribution`` (they sum to the
        score; an allow list's is negative), ``share`` (of what the others come to: those sum to 1), ``time`` (UTC).

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by that text, or several do; the error names near misses or all of them.
    UsageError
        It is a record: scores are those of entities.
    """
    node = node_of(g, entity)
    if isinstance(node, Record):
        raise UsageError("scores are those of entities; this is a record")
    index = index_of(g)
    weights = weights_of(g, index, hubs)
    chance = _chances(index, weights)
    here = index.place[node]
    goal = np.zeros(len(index.nodes))
    goal[here] = 1 - _ONWARD
    from_here = _iterate(goal, lambda x: _ONWARD * _gathered(index, chance, x))
    total = sum(_spread(index, weights, _from(weights, n)).sum() for n in range(len(SOURCES)))
    parts = weights.seed * from_here / total if total > 0 else weights.seed
    own = float(parts.sum())
    rows: list[tuple[Any, ...]] = []
    for at in np.flatnonzero(parts).tolist():
        attrs, source = g.nodes[index.nodes[at]], SOURCES[int(weights.source[at])]
        names = [("watch_list", name) for name in weights.watched.get(at, ())] or [index.nodes[at]]
        points, part = weights.points[at] / len(names), parts[at] / len(names)
        facts = (source, points, weights.counted[at], part, part / own, attrs.get("time"))
        rows += [(*name, attrs.get("label"), *facts) for name in names]
    lists = weights.allowed.get(here, ()) if own > 0 else ()
    for name in lists:
        part = -_HELD_BACK / len(lists)
        rows.append(("allow_list", name, g.nodes[node].get("label"), ALLOWED, None, None, part * own, part, None))
    table = pd.DataFrame(rows, columns=list(CONTRIBUTION_COLUMNS))
    for column in ("record_kind", "record_id", "label", "source"):
        table[column] = table[column].astype("str")
    for column in ("points", "counted", "contribution", "share"):
        table[column] = table[column].astype("Float64")
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    order = ["contribution", "record_kind", "record_id", "label"]
    return table.sort_values(order, ascending=[False, True, True, True], ignore_index=True)


def _from(weights: Weights, source: int) -> Floats:
    return np.where(weights.source == source, weights.seed, 0.0)


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


def _lists(weights: Weights, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return weights.watched.get(at, ()), weights.allowed.get(at, ())


def _why(parts: Floats, hub: str | None, watched: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    score = float(parts.sum())
    if score <= 0:
        said = ["No alert and no risk leads to it"]
    else:
        words = ("high alerts", "medium alerts", "low alerts", "informational alerts", "risk", "watch lists")
        shares = sorted(((float(part) / score, word) for part, word in zip(parts, words, strict=True)), reverse=True)
        said = [", ".join(f"{share:.0%} from {word}" for share, word in shares if share >= 0.005)]
        said += [] if hub is None else [f"a hub, which holds it back ({hub.rstrip('.')})"]
    said += [f"on the watch list {name}" for name in watched]
    said += [f"on the allow list {name}, which holds it back and does not make it clean" for name in allowed]
    return f"{'; '.join(said)}."

"""Entity graphs drawn at random: no story, only shapes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import networkx as nx

from graphinvestigate.linking import Entity, Record

START = datetime(2026, 2, 3, tzinfo=UTC)
RELATIONS = ("names", "signed_in_from", "logged_on_to")


def minute(number: int) -> str:
    """A time, so many minutes after the start, as entity graphs write it."""
    return f"{(START + timedelta(minutes=number)).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def edge_attrs(relation: str, spans: list[tuple[int | None, int | None]]) -> dict[str, Any]:
    """Attributes of an edge that records saw in these spans of minutes (None: at an unknown time)."""
    times = [(None if a is None else minute(a), None if b is None else minute(b)) for a, b in spans]
    known = [(a, b) for a, b in times if a is not None and b is not None]
    return {
        "relation": relation,
        "first_seen": min((a for a, _ in known), default=None),
        "last_seen": max((b for _, b in known), default=None),
        "count": len(spans),
        "references": [
            {"record_kind": "alert", "record_id": f"r{a}", "field": "f", "value": "v", "time": time, "by": [None, None]}
            for (a, _), (time, _) in zip(spans, times, strict=True)
        ],
    }


def random_graph(seed: int, *, nodes: int = 14, edges: int = 26, untimed: float = 0.1) -> nx.MultiDiGraph:
    """A graph of entities and records whose edges were seen at one to three instants, some at none."""
    rng = random.Random(seed)
    g = nx.MultiDiGraph()
    for number in range(nodes):
        node = Record("alert", f"a{number}") if rng.random() < 0.3 else Entity(rng.choice(("user", "ip")), f"e{number}")
        g.add_node(node, kind=node.kind, label=node[1], id=node[1], read=True, end_time=None, identifiers=[])
    every = list(g)
    for _ in range(edges):
        u, v = rng.sample(every, 2)
        relation = rng.choice(RELATIONS)
        instants = sorted(rng.sample(range(60), rng.randint(1, 3)))
        spans = [(None, None)] if rng.random() < untimed else [(at, at) for at in instants]
        g.add_edge(u, v, relation, **edge_attrs(relation, spans))
    return g

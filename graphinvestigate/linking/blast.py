"""How far something can have gone: what could be reached from an entity in the order of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from heapq import heappop, heappush

import networkx as nx
import numpy as np

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.explain import node_of
from graphinvestigate.linking.hubs import Hubs, hubs_of
from graphinvestigate.linking.index import NO_TIME, EdgeFilter, GraphIndex, Mask, edge_filter, index_of
from graphinvestigate.linking.moments import arrival, iso, spans_of, window_of
from graphinvestigate.linking.nodes import Entity, Record
from graphinvestigate.linking.walks import cut_out, names, stopped_at
from graphinvestigate.wanted import takes

# Who holds one of these can go on from it; an address, a file or a link that two have in common carries nobody on.
CARRIERS = frozenset(
    {"user", "host", "process", "logon_session", "mailbox", "mail_message", "app", "service_principal"}
    | {"cloud_resource", "security_group"}
)
_ONE_WAY = frozenset({"sent", "sent_to"})  # mail goes from its sender to its recipients, not back and not across


@takes
def blast_radius(
    g: nx.MultiDiGraph,
    entity: Entity | str,
    *,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    through_hubs: bool = False,
    hubs: Hubs = None,
    relations: Collection[str] | None = None,
) -> nx.MultiDiGraph:
    """Show what could have been reached by who holds an entity from some time on.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it stays as it is.
    entity : Entity or str
        What is held; a text is looked up with `find_entity`.
    since, until : str or datetime, optional
        From when on it is held, and when to stop: an ISO text with zone, or an aware datetime. None: from the first
        record on, to the last.
    through_hubs, hubs, relations
        As for `neighborhood`.

    Returns
    -------
    networkx.MultiDiGraph
        A copy of what could be reached: nodes carry ``reached`` (from when on, ISO in UTC) and ``hops``.
        ``.graph["blast"]`` holds ``since`` and ``until``; ``reached``, how many entities that is; ``static_reach``,
        how many it would be if the order of time did not matter; ``untimed``, how many could only be reached along a
        tie of unknown time; and a ``sentence``. ``.graph["not_walked"]`` lists the hubs where it stopped.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by that text, or several do; the error names near misses or all of them.
    UsageError
        It starts at a record, a time has no zone, or the window ends before it begins.

    Notes
    -----
    It goes on along ties that carry control: through users, hosts, processes, sessions, mailboxes, apps and cloud
    resources, and through the sign-ins that tie them; mail only from its sender to its recipients. Addresses, files
    and links are reached and not gone on from. Alerts tie nothing by themselves: what they name together need not
    have met. A tie can be used at each time that a record saw it; one of unknown time at once.
    """
    start = node_of(g, entity)
    if isinstance(start, Record):
        raise UsageError("start at an entity: a record is nothing that anybody holds")
    index = index_of(g)
    window = window_of(since, until)
    edges = edge_filter(index, names(relations), *window)
    stops = {} if through_hubs else hubs_of(g, index, hubs)
    walk = _Spread(g, index, edges, stops, window[1])
    at = index.place[start]
    begin = NO_TIME + 1 if window[0] is None else window[0]
    reached = walk.reach(at, begin)
    static = walk.reach(at, None)
    timed = walk.reach(at, begin, untimed=False)
    inside = np.zeros(len(index.nodes), dtype=np.bool_)
    inside[list(reached)] = True
    found = cut_out(g, index, inside, edges)
    for place, (when, hops) in reached.items():
        attrs = found.nodes[index.nodes[place]]
        attrs["reached"], attrs["hops"] = (None if when <= NO_TIME + 1 else iso(when)), hops
    level = np.full(len(index.nodes), -1, dtype=np.int32)
    level[list(reached)] = [hops for _, hops in reached.values()]
    found.graph["not_walked"] = stopped_at(g, index, stops, level, None, edges)
    counts = [sum(not index.record[place] for place in places) - 1 for places in (reached, static, timed)]
    label = g.nodes[start].get("label") or start.key
    found.graph["blast"] = {
        "since": None if window[0] is None else iso(window[0]),
        "until": None if window[1] is None else iso(window[1]),
        "reached": counts[0],
        "static_reach": counts[1],
        "untimed": counts[0] - counts[2],
        "sentence": f"From {label}, {counts[0]} other entities could be reached in the order of time "
        f"({counts[1]} if it did not matter).",
    }
    return found


class _Spread:
    """Goes outward from a place along ties that carry control."""

    def __init__(
        self, g: nx.MultiDiGraph, index: GraphIndex, edges: EdgeFilter, stops: Collection[int], until: int | None
    ) -> None:
        self._index, self._edges, self._until = index, edges, until
        self._spans = spans_of(g, index)
        self._onward: Mask = (index.of_kind(*CARRIERS) & ~index.record) | (index.of_kind("sign_in") & index.record)
        self._onward[list(stops)] = False
        self._enters: Mask = ~index.record | (index.of_kind("sign_in") & index.record)
        self._one_way = np.array([name in _ONE_WAY for name in index.relations] or [False])

    def reach(self, start: int, at: int | None, *, untimed: bool = True) -> dict[int, tuple[int, int]]:
        """Return when each place can be reached at the earliest, and over how many hops; None for whatever time."""
        done: dict[int, tuple[int, int]] = {}
        queue = [(at or 0, 0, start)]
        while queue:
            now, hops, node = heappop(queue)
            if node in done:
                continue
            done[node] = (now, hops)
            if not (self._onward[node] or node == start):
                continue
            for other, edge in self._steps(node):
                if other in done:
                    continue
                when = now if at is None else self._arrival(edge, now, untimed=untimed)
                if when is not None and (self._until is None or when <= self._until):
                    heappush(queue, (when, hops + 1, other))
        return done

    def _arrival(self, edge: int, now: int, *, untimed: bool) -> int | None:
        spans = self._spans(edge)
        return arrival(spans if untimed else tuple(span for span in spans if span[0] != NO_TIME), now)

    def _steps(self, node: int) -> Iterator[tuple[int, int]]:
        here = np.array([node])
        for side, back in ((self._index.out, False), (self._index.into, True)):
            other, edge = side.steps(here)
            kept = self._enters[other]
            if self._edges:
                kept &= self._edges.allows(self._index, edge)
            if back:
                kept &= ~self._one_way[self._index.relation[edge]]
            yield from zip(other[kept].tolist(), edge[kept].tolist(), strict=True)

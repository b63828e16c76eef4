"""The k cheapest simple paths: Yen's method, each detour guided by exact distances to the target."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from functools import cache
from heapq import heappop, heappush
from itertools import count, pairwise
from typing import Any, TypeVar

N = TypeVar("N", bound=Hashable)

MOST_WAYS = 10_000
END_OF_TIME = 2**63 - 1


def cheapest_paths(
    source: N,
    target: N,
    *,
    neighbors: Callable[[N], Iterable[N]],
    toll: Callable[[N], float],
    ahead: Callable[[N], float] | None = None,
) -> Iterator[tuple[float, tuple[N, ...]]]:
    """Yield simple paths from cheapest to dearest, with their costs; ties in the order of the nodes.

    Parameters
    ----------
    source, target : hashable
        Two different nodes.
    neighbors : callable
        Node to its neighbours; every link goes both ways.
    toll : callable
        Node to what it costs to enter or leave it, never negative. A hop costs 1 and the tolls of both its ends.
    ahead : callable, optional
        Node to what the cheapest way from it to the target costs, infinite for none; of nodes that are farther than
        the source it is enough to say that they are as far. Found node by node if not given.
    """
    hop = _Hop(toll)
    at_least = _ahead(target, source, neighbors, hop) if ahead is None else ahead
    if math.isinf(at_least(source)):
        return
    first = _search((source,), target, neighbors, hop, at_least, banned=frozenset(), closed=frozenset())
    waiting: list[tuple[float, tuple[N, ...]]] = [first] if first is not None else []
    known: set[tuple[N, ...]] = {path for _, path in waiting}
    given: list[tuple[N, ...]] = []
    while waiting:
        cost, path = heappop(waiting)
        yield cost, path
        given.append(path)
        for i in range(len(path) - 1):
            root = path[: i + 1]
            closed = {other[i + 1] for other in given if other[: i + 1] == root}
            detour = _search(root, target, neighbors, hop, at_least, banned=frozenset(root[:-1]), closed=closed)
            if detour is not None and detour[1] not in known:
                known.add(detour[1])
                heappush(waiting, detour)


def cheapest_in_time(
    source: N,
    target: N,
    *,
    neighbors: Callable[[N], Iterable[N]],
    steps: Callable[[N, int], Iterable[tuple[N, int]]],
    back: Callable[[N, int], Iterable[tuple[N, int]]],
    toll: Callable[[N], float],
    ahead: Callable[[N], float] | None = None,
    at: int,
    k: int,
    most: int = MOST_WAYS,
    on_limit: Callable[[], None] | None = None,
) -> Iterator[tuple[float, tuple[N, ...], tuple[int, ...]]]:
    """Yield the cheapest simple paths on which no hop comes before the one ahead of it: cost, nodes, arrivals.

    Parameters
    ----------
    source, target, neighbors, toll, ahead
        As for `cheapest_paths`; `neighbors` and `ahead` whatever the time, and `ahead` exact of all nodes.
    steps : callable
        Node and time to the neighbours that can be reached from then on, each with the time of arrival.
    back : callable
        Node and time to the neighbours from which it can be reached by then, each with the latest time to leave.
    at : int
        When to start.
    k : int
        How many paths will be asked for at most: a way that so many others make needless is given up.
    most : int
        So many ways are looked into before giving up.
    on_limit : callable, optional
        Told when it gives up: there may be more ways.
    """
    hop = _Hop(toll)
    left = _ahead(target, None, neighbors, hop) if ahead is None else ahead
    latest = _latest(target, back)
    if at > latest.get(source, at - 1):
        return
    # What a place can be left with: an earlier arrival over fewer nodes is as good for every way onward.
    settled: dict[N, list[tuple[int, frozenset[N]]]] = {}
    # Of ways that promise the same, the one that has come farthest goes on: else all of them would, side by side.
    queue: list[tuple[float, float, tuple[N, ...], tuple[int, ...]]] = [(left(source), 0.0, (source,), ())]
    while queue:
        if not most:
            if on_limit is not None:
                on_limit()
            return
        _, spared, path, times = heappop(queue)
        cost = -spared
        node, now = path[-1], times[-1] if times else at
        if node == target:
            yield round(cost, 9), path, times
            continue
        most -= 1
        visited = frozenset(path)
        better = settled.setdefault(node, [])
        if sum(then <= now and fewer <= visited for then, fewer in better) >= k:
            continue
        better.append((now, visited))
        for other, reached in steps(node, now):
            if other not in visited and reached <= latest.get(other, reached - 1):
                spent = cost + hop(node, other)
                heappush(queue, (round(spent + left(other), 9), -spent, (*path, other), (*times, reached)))


def _latest(target: N, back: Callable[[N, int], Iterable[tuple[N, int]]]) -> dict[N, int]:
    """When one has to be at each node, at the latest, to get to the target in the order of time."""
    found: dict[N, int] = {}
    queue: list[tuple[int, N]] = [(-END_OF_TIME, target)]
    while queue:
        by, node = heappop(queue)
        if node in found:
            continue
        found[node] = -by
        for other, left in back(node, -by):
            if other not in found:
                heappush(queue, (-left, other))
    return found


class _Hop:
    """The cost of a hop; tolls are asked for once."""

    def __init__(self, toll: Callable[[Any], float]) -> None:
        self.toll: Callable[[Any], float] = cache(toll)

    def __call__(self, a: Any, b: Any) -> float:
        return 1 + self.toll(a) + self.toll(b)


def _ahead(start: N, until: N | None, neighbors: Callable[[N], Iterable[N]], hop: _Hop) -> Callable[[N], float]:
    """Exact distances from `start` of the nodes up to `until` (of all, for None); others are as far as the farthest."""
    toll = hop.toll
    done: dict[N, float] = {}
    best: dict[N, float] = {start: 0.0}
    turn = count()
    queue: list[tuple[float, int, N]] = [(0.0, next(turn), start)]
    distance = 0.0
    while queue:
        distance, _, node = heappop(queue)
        if node in done:
            continue
        done[node] = distance
        if node == until:
            break
        from_here = distance + 1 + toll(node)
        for other in neighbors(node):
            if other not in done:
                cost = from_here + toll(other)
                if cost < best.get(other, float("inf")):
                    best[other] = cost
                    heappush(queue, (cost, next(turn), other))
    beyond = distance if until in done else math.inf
    return lambda node: done.get(node, beyond)


def _search(
    root: tuple[N, ...],
    target: N,
    neighbors: Callable[[N], Iterable[N]],
    hop: _Hop,
    at_least: Callable[[N], float],
    *,
    banned: Collection[N],
    closed: Collection[N],
) -> tuple[float, tuple[N, ...]] | None:
    """Cheapest path that begins with `root`, enters none of its nodes again and does not go on to one of `closed`."""
    start, toll = root[-1], hop.toll
    spent = sum(hop(a, b) for a, b in pairwise(root))
    best: dict[N, float] = {start: spent}
    before: dict[N, N] = {}
    done: set[N] = set(banned)
    queue: list[tuple[float, N]] = [(spent + at_least(start), start)]
    while queue:
        _, node = heappop(queue)
        if node in done:
            continue
        if node == target:
            path = [node]
            while path[-1] != start:
                path.append(before[path[-1]])
            return round(best[target], 9), root[:-1] + tuple(reversed(path))
        done.add(node)
        from_here = best[node] + 1 + toll(node)
        for other in neighbors(node):
            if other in done or (node == start and other in closed):
                continue
            cost = from_here + toll(other)
            if cost < best.get(other, float("inf")):
                best[other] = cost
                before[other] = node
                heappush(queue, (cost + at_least(other), other))
    return None

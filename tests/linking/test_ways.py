"""Ways in time order, by relation and within a window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, pairwise

import networkx as nx
import pytest

from graphinvestigate.linking import Entity, Record, paths
from graphinvestigate.linking.hops import Hops
from graphinvestigate.linking.hubs import closed_by
from graphinvestigate.linking.index import NO_TIME, EdgeFilter, index_of, nanoseconds
from graphinvestigate.linking.moments import arrival, departure, iso, spans_of
from graphinvestigate.linking.shortest import cheapest_in_time
from tests.linking.random_graphs import edge_attrs, minute, random_graph


def in_time(g: nx.MultiDiGraph, way: tuple) -> bool:
    """Whether the instants of a way's hops can be chosen so that none comes before the one ahead of it."""
    now = -1.0
    for u, v in pairwise(way):
        instants: list[float] = []
        for a, b in ((u, v), (v, u)):
            for attrs in (g.get_edge_data(a, b) or {}).values():
                instants += [now if r["time"] is None else float(r["record_id"][1:]) for r in attrs["references"]]
        later = [at for at in instants if at >= now]
        if not later:
            return False
        now = min(later)
    return True


def cost_of(g: nx.MultiDiGraph, way: tuple) -> float:
    """The sum over the hops, by the definition."""
    index = index_of(g)
    walk = Hops(g, index, *no_limits(g))
    return sum(1 + walk.toll(index.place[u]) + walk.toll(index.place[v]) for u, v in pairwise(way))


def no_limits(g: nx.MultiDiGraph) -> tuple:
    """A walk without filters and hubs."""
    return EdgeFilter(), closed_by(index_of(g), [])


@pytest.mark.parametrize("k", [1, 2, 6])
@pytest.mark.parametrize("seed", range(40))
def test_ways_in_time_order_are_the_cheapest_of_all_that_are(seed: int, k: int) -> None:
    """On random graphs the method finds the costs of the simple ways that go forward in time, tried one by one."""
    g = random_graph(seed, nodes=9, edges=16)
    index = index_of(g)
    walk = Hops(g, index, *no_limits(g))
    first, last = index.nodes[0], index.nodes[-1]
    flat = nx.Graph(g.edges())
    flat.add_nodes_from(g)
    every = [tuple(way) for way in nx.all_simple_paths(flat, first, last)]
    expected = sorted(cost_of(g, way) for way in every if in_time(g, way))[:k]
    found = cheapest_in_time(
        0, len(g) - 1, neighbors=walk.neighbors, steps=walk.steps, back=walk.back, toll=walk.toll, at=NO_TIME + 1, k=k
    )
    ours = [(cost, tuple(index.nodes[n] for n in way), times) for cost, way, times in found][:k]
    assert [cost for cost, *_ in ours] == pytest.approx(expected)
    for _, way, times in ours:
        assert in_time(g, way)
        assert list(times) == sorted(times)


def ladder(seen: list[int], *, rungs: int, width: int = 2) -> tuple[nx.MultiDiGraph, Entity, Entity]:
    """Stations in a row, each tied to the next through `width` others: width ** rungs ways, all of one cost."""
    g = nx.MultiDiGraph()
    stations = [Entity("user", f"s{n:02}") for n in range(rungs + 1)]
    between = {n: [Entity("user", f"m{n:02}-{m}") for m in range(width)] for n in range(rungs)}
    for node in (*stations, *(m for ones in between.values() for m in ones)):
        g.add_node(node, kind="user", label=node.key, identifiers=[], observations=[])
    for n, ones in between.items():
        for m in ones:
            g.add_edge(stations[n], m, "knows", **edge_attrs("knows", [(seen[n], seen[n])]))
            g.add_edge(m, stations[n + 1], "knows", **edge_attrs("knows", [(seen[n], seen[n])]))
    return g, stations[0], stations[-1]


def looked_into(g: nx.MultiDiGraph, a: Entity, b: Entity, *, k: int, wanted: int | None = None) -> tuple[int, int]:
    """How many ways are found of those wanted, and how many places the search steps on from."""
    index = index_of(g)
    walk, stepped = Hops(g, index, *no_limits(g)), []

    def steps(node: int, at: int) -> Iterator[tuple[int, int]]:
        stepped.append(node)
        return walk.steps(node, at)

    found = cheapest_in_time(
        index.place[a], index.place[b], neighbors=walk.neighbors, steps=steps, back=walk.back, toll=walk.toll,
        at=NO_TIME + 1, k=k,
    )  # fmt: skip
    return len(list(islice(found, wanted or k))), len(stepped)


def test_what_cannot_arrive_in_time_is_not_looked_into() -> None:
    """Of a million ways whose last stretch was over before, none is tried; of those that do lead there, few are."""
    forward, start, goal = ladder([*range(10, 30)], rungs=20)
    found, stepped = looked_into(forward, start, goal, k=3)
    assert found == 3
    assert stepped < 200
    over, start, goal = ladder([*range(10, 29), 5], rungs=20)
    assert looked_into(over, start, goal, k=3) == (0, 0)
    assert "none on which every hop comes after" in str(paths(over, start, goal, in_time_order=True).reason)
    detour = [start, *(Entity("user", f"x{n:02}") for n in range(45)), goal]
    for u, v in pairwise(detour):
        over.add_edge(u, v, "knows", **edge_attrs("knows", [(at, at) for at in range(40)]))
    found, stepped = looked_into(over, start, goal, k=1)
    assert found == 1
    assert stepped < 200


def meshed(*ties: tuple[str, str, list[int]]) -> nx.MultiDiGraph:
    """Users by name, tied at the given minutes."""
    g = nx.MultiDiGraph()
    for name in sorted({name for one, other, _ in ties for name in (one, other)}):
        g.add_node(Entity("user", name), kind="user", label=name, identifiers=[], observations=[])
    for one, other, instants in ties:
        seen = [(at, at) for at in instants]
        g.add_edge(Entity("user", one), Entity("user", other), "knows", **edge_attrs("knows", seen))
    return g


ALWAYS = [*range(40)]


def ways(g: nx.MultiDiGraph, k: int) -> list[str]:
    """The ways from a to t, as the names on them."""
    index = index_of(g)
    walk = Hops(g, index, *no_limits(g))
    ends = (index.place[Entity("user", name)] for name in "at")
    found = cheapest_in_time(
        *ends, neighbors=walk.neighbors, steps=walk.steps, back=walk.back, toll=walk.toll, at=NO_TIME + 1, k=k
    )
    return [" ".join(index.nodes[n][1] for n in way) for _, way, _ in islice(found, k)]


def test_a_dead_end_full_of_ways_is_soon_left() -> None:
    """Whoever comes to a place over the same nodes as k others, and no earlier, has nothing to gain by going on."""
    crowd = [("a", "t", ALWAYS), *((u, v, ALWAYS) for u, v in combinations("abcdefgh", 2))]
    found, stepped = looked_into(meshed(*crowd), Entity("user", "a"), Entity("user", "t"), k=1, wanted=9)
    assert found == 1
    assert stepped < 100  # there are 13,699 simple ways into the crowd


def test_who_comes_later_over_fewer_nodes_takes_no_place_from_who_comes_earlier() -> None:
    """The direct tie is late: the longer way that arrives early is the only one that the next, early tie is open to."""
    g = meshed(
        ("a", "v", [50]), ("a", "x", [10]), ("x", "y", [20]), ("y", "v", [25]), ("v", "t", [30]),
        ("v", "w1", [60]), ("w1", "w2", [60]), ("w2", "w3", [60]), ("w3", "t", [60]),
    )  # fmt: skip
    assert ways(g, 1) == ["a x y v t"]


def test_who_came_over_other_nodes_may_go_on_where_others_may_not() -> None:
    """Two that came over s cannot go back over it; who came another way, later, can."""
    g = meshed(
        ("a", "s", ALWAYS), ("s", "t", ALWAYS), ("s", "v", ALWAYS), ("s", "u", ALWAYS), ("u", "v", ALWAYS),
        ("a", "q1", [5]), ("q1", "q2", [5]), ("q2", "q3", [5]), ("q3", "v", [5]),
    )  # fmt: skip
    assert ways(g, 2) == ["a s t", "a q1 q2 q3 v s t"]


def test_a_search_that_gives_up_says_so() -> None:
    """Where the limit is met there may be more ways, and the reason does not claim that there are none."""
    g, start, goal = ladder([*range(10, 30)], rungs=20)
    index = index_of(g)
    walk, told = Hops(g, index, *no_limits(g)), []
    found = cheapest_in_time(
        index.place[start], index.place[goal], neighbors=walk.neighbors, steps=walk.steps, back=walk.back,
        toll=walk.toll, at=NO_TIME + 1, k=5, most=8, on_limit=lambda: told.append(True),
    )  # fmt: skip
    assert list(found) == []
    assert told == [True]


def test_paths_say_that_they_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason of an answer cut short names the limit and what to give, with or without ways found before."""
    g, start, goal = ladder([*range(10, 30)], rungs=20)
    monkeypatch.setattr(cheapest_in_time, "__kwdefaults__", {**(cheapest_in_time.__kwdefaults__ or {}), "most": 8})
    found = paths(g, start, goal, in_time_order=True)
    assert list(found) == []
    assert "gave up: there may be more" in str(found.reason)


def test_the_sentence_of_a_hop_tells_of_its_own_time() -> None:
    """A tie seen early and late is told as it was seen when the hop was taken."""
    g = chain([(30, 30)], [(10, 10), (50, 50)])
    (way,) = paths(g, A, C, in_time_order=True)
    assert way.times == (minute(30), minute(50))
    assert minute(50)[11:16] in way.sentences[1]
    assert minute(10)[11:16] not in way.sentences[1]


def test_relations_that_leave_out_the_tie_leave_the_record() -> None:
    """Where the direct tie may not be walked, the way through the record that states it is no repeat."""
    seen = [(10, 10)]
    g = chain(seen)
    record, (u, v) = Record("alert", "r10"), (A, Entity("user", "u1"))
    g.add_node(record, kind="alert", id="r10", label="x", read=True, time=minute(10), end_time=None)
    for node in (u, v):
        g.add_edge(record, node, "names", **edge_attrs("names", seen))
    assert [way.nodes for way in paths(g, u, v)] == [(u, v)]
    assert [way.nodes for way in paths(g, u, v, relations="names")] == [(u, record, v)]


def test_departure_is_the_last_moment_that_still_arrives() -> None:
    """For each edge and each time to be there by: leaving then arrives, leaving a moment later does not."""
    spans = ((10, 20), (40, 40), (60, 90))
    for by in range(5, 100):
        left = departure(spans, by)
        arrives = [at for at in range(100) if (there := arrival(spans, at)) is not None and there <= by]
        assert left == max(arrives, default=None), by
    assert departure(((NO_TIME, NO_TIME),), 7) == 7


def chain(*spans: list[tuple[int | None, int | None]]) -> nx.MultiDiGraph:
    """Users in a row, each tied to the next at the given times."""
    g = nx.MultiDiGraph()
    people = [Entity("user", f"u{n}") for n in range(len(spans) + 1)]
    for node in people:
        g.add_node(node, kind="user", label=node.key, identifiers=[], observations=[])
    for (u, v), seen in zip(pairwise(people), spans, strict=True):
        g.add_edge(u, v, "knows", **edge_attrs("knows", seen))
    return g


A, C = Entity("user", "u0"), Entity("user", "u2")


def test_time_order_tells_the_two_directions_apart() -> None:
    """A way whose second hop was over before the first began leads back, not forth; the reason says so."""
    g = chain([(30, 30)], [(10, 10)])
    assert len(paths(g, A, C)) == 1
    forth = paths(g, A, C, in_time_order=True)
    assert list(forth) == []
    assert "none on which every hop comes after the one before it" in str(forth.reason)
    back = paths(g, C, A, in_time_order=True)
    assert back[0].times == (minute(10), minute(30))


def test_an_edge_seen_again_later_can_be_used_later() -> None:
    """Each time that an edge was seen counts, not only the first."""
    g = chain([(30, 30)], [(10, 10), (50, 50)])
    assert paths(g, A, C, in_time_order=True)[0].times == (minute(30), minute(50))


def test_an_unknown_time_fits_anywhere() -> None:
    """A hop without a time does not forbid a way: nobody can say that it was too early."""
    g = chain([(30, 30)], [(None, None)])
    assert paths(g, A, C, in_time_order=True)[0].times == (minute(30), minute(30))


def test_paths_keep_to_relations_and_window() -> None:
    """A way along other relations, or seen outside of the window, is none; the reason says what was asked for."""
    g = chain([(10, 10)], [(30, 30)])
    assert len(paths(g, A, C, relations="knows", since=minute(5), until=minute(40))) == 1
    for limits in ({"relations": ["ran"]}, {"since": minute(20)}, {"until": minute(20)}):
        found = paths(g, A, C, **limits)
        assert list(found) == []
        assert "along the relations and within the window asked for" in str(found.reason)


def test_arrival_is_the_first_moment_an_edge_can_be_used() -> None:
    """Within a span at once, before it at its begin, after it never; an unknown time at once."""
    spans = ((10, 20), (40, 40))
    assert [arrival(spans, at) for at in (5, 15, 20, 21, 40, 41)] == [10, 15, 20, 40, 40, None]
    assert arrival(((NO_TIME, NO_TIME),), 7) == 7


def test_spans_are_those_of_the_records() -> None:
    """An edge's spans are the times of its references, to the end of their records; read once."""
    g = chain([(10, 10), (30, 30), (10, 10)])
    of = spans_of(g, index_of(g))
    ten, thirty = nanoseconds([minute(10), minute(30)]).tolist()
    assert of(0) == ((ten, ten), (thirty, thirty))
    assert of(0) is of(0)
    assert (iso(ten), iso(NO_TIME)) == (minute(10), None)


def test_the_sentence_of_a_hop_tells_of_the_window_that_was_asked_for() -> None:
    """A tie seen before and within the window is told by what was seen within; without a window, by the first."""
    g = chain([(10, 10), (50, 50)])
    (way,) = paths(g, A, Entity("user", "u1"))
    assert minute(10)[11:16] in way.sentences[0]
    (way,) = paths(g, A, Entity("user", "u1"), since=minute(40))
    assert minute(50)[11:16] in way.sentences[0]
    assert minute(10)[11:16] not in way.sentences[0]
    (way,) = paths(g, A, Entity("user", "u1"), until=minute(40))
    assert minute(10)[11:16] in way.sentences[0]

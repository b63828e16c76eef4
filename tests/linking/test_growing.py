"""What is joined to a large graph is joined as if all were built anew."""

from __future__ import annotations

import importlib
from typing import Any

import networkx as nx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import graphinvestigate as gi
from graphinvestigate.linking import Entity, Record, annotate, entity_graph, growing, merge_graphs, with_overrides
from graphinvestigate.linking.assembly import Parts, assemble
from graphinvestigate.linking.entity_graph import joined_whole
from graphinvestigate.linking.growing import as_assembled, grown, is_little
from graphinvestigate.linking.identifiers import Identifier, parse_identifier, rank
from graphinvestigate.linking.overrides import overrides_of, pair_of
from graphinvestigate.linking.pools import NONE, ints
from tests.linking.conftest import Json
from tests.linking.few_identifiers import observations
from tests.linking.test_properties import ALERTS, RISKS, SIGN_INS, built

MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SEEN = st.lists(st.tuples(st.integers(0, 7), observations()), min_size=1, max_size=9)
TIMES = st.sampled_from(["2026-02-03T10:00:00.000000Z", "2026-02-03T11:00:00.000000Z", None])
Seen = list[tuple[int, tuple[str, list[Identifier]]]]


def graph_of(
    seen: Seen, time: str | None = None, end: str | None = None, updated: str | None = None, **by_hand: Any
) -> nx.MultiDiGraph:
    """A graph of records that name entities; those that one record names are linked, too."""
    overrides = overrides_of(by_hand.get("merges"), by_hand.get("splits"))
    parts = Parts(overrides=overrides, tenants={"t1", "t2"})
    table, rows, before = parts.references, [], {}
    for number, (kind, some) in seen:
        record = Record("alert", f"a{number}")
        about = {"kind": "alert", "id": record.id, "read": True, "title": "t", "time": time, "end_time": end or time}
        parts.records[record] = about | {"updated": updated or time, "severity": "high"}
        ids = tuple(sorted(some, key=lambda one: (rank(kind, one[0]), one)))
        texts = list(map("=".join, ids))
        first = table.ends.code((kind, *ids[0]))
        names = {f"name of {texts[-1]}": [0, time or ""]}
        parts.observations.add(kind, ids, first, {"identifiers": texts, "names": names, "facts": {"seen": [texts[0]]}})
        beside = table.together([[text, "f", text] for text in texts[1:]])
        said = (table.records.code(record), table.texts.code("evidence[0]"), table.values.code(texts[0]))
        rows.append((table.ends.code(record), first, table.relations.code("names"), *said, NONE, beside, NONE))
        if number in before:
            rows.append((before[number], first, table.relations.code("with"), *said, NONE, NONE, NONE))
        before[number] = first
    table.parts.append(tuple(ints(column) for column in zip(*rows, strict=True)))
    return as_assembled(assemble(parts))


def same(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> None:
    """Nodes, edges, what both say, and the order of all."""
    assert list(a) == list(b)
    assert list(a.edges(keys=True)) == list(b.edges(keys=True))
    assert list(a.in_edges(keys=True)) == list(b.in_edges(keys=True))
    assert dict(a.nodes(data=True)) == dict(b.nodes(data=True))
    assert list(a.edges(keys=True, data=True)) == list(b.edges(keys=True, data=True))
    assert a.graph == b.graph


def joined(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Both joined, seen to be the same whichever way, and that neither was changed."""
    before = [(dict(g.nodes(data=True)), list(g.edges(keys=True, data=True))) for g in (a, b)]
    whole, found = joined_whole(a, b), grown(a, b, joined_whole)
    assert [(dict(g.nodes(data=True)), list(g.edges(keys=True, data=True))) for g in (a, b)] == before
    if found is not None:
        same(found, whole)
    return as_assembled(whole if found is None else found)


@MANY
@given(SEEN, SEEN, SEEN, TIMES, TIMES, st.randoms(use_true_random=False))
def test_what_meets_and_contradicts_is_joined_as_a_whole(
    one: Seen, other: Seen, third: Seen, time: str | None, later: str | None, random: Any
) -> None:
    """Whoever is one, told apart again or renamed by what comes, twice one after the other, and by a cut graph."""
    g = joined(graph_of(one, time), graph_of(other, later))
    g = joined(g, graph_of(third, "2026-02-03T12:00:00.000000Z"))
    last = graph_of(other, "2026-02-03T13:00:00.000000Z")
    joined(g, last.subgraph([node for node in last if random.random() < 0.6]))
    joined(as_assembled(joined_whole(last.subgraph([node for node in last if random.random() < 0.6]), last)), g)


@MANY
@given(SEEN, SEEN, st.data())
def test_what_was_done_by_hand_holds(one: Seen, other: Seen, data: st.DataObject) -> None:
    """What was joined and split by hand is joined as a whole, too, wherever what comes meets it."""
    texts = sorted({(kind, "=".join(i)) for _, (kind, ids) in [*one, *other] for i in ids})
    texts = [(kind, text) for kind, text in texts if parse_identifier(text) is not None]
    pairs = [(a[1], b[1]) for a in texts for b in texts if a < b and a[0] == b[0]]
    by_hand = {"merges": [], "splits": []}
    if pairs:
        by_hand["merges"] = [data.draw(st.sampled_from(pairs))]
        apart = data.draw(st.sampled_from([None, *pairs]))
        by_hand["splits"] = [apart] if apart is not None and apart not in by_hand["merges"] else []
    joined(graph_of(one, **by_hand), graph_of(other, "2026-02-03T12:00:00.000000Z"))


@settings(MANY, max_examples=60)
@given(ALERTS, SIGN_INS, RISKS, ALERTS, SIGN_INS, RISKS)
def test_odd_records_are_joined_as_a_whole(
    alerts: list[Json], sign_ins: list[Json], risks: list[Json], more: list[Json], others: list[Json], later: list[Json]
) -> None:
    """Records of any shape, newer versions among them, of one or two tenants, with annotations."""
    a, b = entity_graph(**built(alerts, sign_ins, risks)), entity_graph(**built(more, others, later))
    entities = [node for node in a if isinstance(node, Entity)]
    for node in entities[:2]:
        a.nodes[node]["annotations"] = {"own": {"owner": "x"}}
    for node in [node for node, attrs in a.nodes(data=True) if isinstance(node, Record) and not attrs["read"]]:
        a.nodes[node]["own"] = "goes, as ever"
    joined(a, b)
    joined(b, a)


def test_most_of_what_is_drawn_is_joined_in_part() -> None:
    """The properties above compare something: a graph that was always refused would agree with anything."""
    in_part: list[bool] = []

    @settings(MANY, max_examples=60, derandomize=True, database=None)
    @given(SEEN, SEEN)
    def draw(some: Seen, others: Seen) -> None:
        in_part.append(grown(graph_of(some), graph_of(others, "2026-02-03T12:00:00.000000Z"), joined_whole) is not None)

    draw()
    assert sum(in_part) > len(in_part) / 2


def one(kind: str, *ids: str) -> tuple[str, list[Identifier]]:
    """An observation, written as texts."""
    return kind, [pair_of(text) for text in ids]


def seen(*of_records: tuple[str, list[Identifier]], first: int = 0) -> Seen:
    """What one record after the other names."""
    return [(first + number, what) for number, what in enumerate(of_records)]


HOSTS = seen(one("host", "fqdn=a.x.org", "short_name=t1/a"), one("host", "fqdn=b.x.org", "short_name=t1/b"))
AWAY = one("host", "fqdn=c.y.org", "short_name=t1/c")
USERS = seen(one("user", "upn=alice@contoso.com"), one("user", "upn=bob@contoso.com"))


@pytest.mark.parametrize(
    ("before", "more", "in_part"),
    [
        # A short name says who within one domain: whether there is another one, hosts elsewhere tell.
        ([*HOSTS, (2, AWAY)], seen(one("host", "fqdn=d.x.org", "short_name=t1/d"), first=5), True),
        (HOSTS, seen(one("host", "fqdn=d.x.org", "short_name=t1/d"), first=5), True),
        (HOSTS, [(5, AWAY)], False),
        (seen(one("host", "short_name=t1/a")), [(5, AWAY)], True),
        # Two types that spell one key: the stronger one has it, until it is known by another.
        (seen(one("user", "sid=a"), one("user", "upn=a")), seen(one("user", "object_id=z", "sid=a"), first=5), True),
        (seen(one("user", "object_id=a")), seen(one("user", "upn=a"), first=5), True),
        # Somebody is told apart again, and both their edges are theirs again.
        (
            seen(one("user", "object_id=a", "upn=p"), one("user", "upn=p")),
            seen(one("user", "object_id=b", "upn=p"), first=5),
            True,
        ),
    ],
)
def test_what_changes_far_away_is_seen(before: Seen, more: Seen, in_part: bool) -> None:
    """Domains of other hosts and keys of others decide, too; where all may change, all is built anew."""
    a, b = graph_of(before, "2026-02-03T10:00:00.000000Z"), graph_of(more, "2026-02-03T11:00:00.000000Z")
    assert (grown(a, b, joined_whole) is not None) is in_part
    joined(a, b)


TEN, ELEVEN, NOON = (f"2026-02-03T{hour}:00:00.000000Z" for hour in (10, 11, 12))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((TEN, TEN, TEN), (ELEVEN, ELEVEN, ELEVEN), (ELEVEN, ELEVEN)),  # a newer version
        ((TEN, TEN, TEN), (TEN, ELEVEN, NOON), (TEN, ELEVEN)),  # that ends later
        ((TEN, NOON, TEN), (ELEVEN, NOON, NOON), (ELEVEN, NOON)),  # that begins later
        ((TEN, TEN, NOON), (ELEVEN, ELEVEN, ELEVEN), (TEN, TEN)),  # an older one that comes late
        (None, (ELEVEN, NOON, NOON), (ELEVEN, NOON)),  # the first one that is read
    ],
)
def test_what_a_record_says_is_dated_by_its_newest_version(
    before: tuple[str, str, str] | None, now: tuple[str, str, str], expected: tuple[str, str]
) -> None:
    """A record that comes again, and names others now, dates anew also what it had said of those it named before."""
    a = graph_of([*USERS, (0, USERS[1][1])], *(before or (TEN, TEN, TEN)))
    if before is None:
        a.remove_node(Record("alert", "a0"))
        a = as_assembled(joined_whole(a, graph_of(seen(USERS[1][1], first=7))))
    b = graph_of(seen(one("user", "upn=carol@contoso.com")), *now)
    alice, bob = (Entity("user", f"{name}@contoso.com") for name in ("alice", "bob"))
    assert grown(a, b, joined_whole) is not None
    dated = joined(a, b).edges[alice, bob, "with"]
    assert (dated["first_seen"], dated["last_seen"]) == expected


def test_overrides_reach_who_was_not_there() -> None:
    """Who was joined by hand with somebody that only now comes becomes one with them; new ones are for the whole."""
    by_hand = {"merges": [("upn=alice@contoso.com", "upn=al@contoso.com")]}
    a, b = graph_of(USERS, **by_hand), graph_of(seen(one("user", "upn=al@contoso.com"), first=5))
    assert grown(a, b, joined_whole) is not None
    merged = joined(a, b)
    assert {len(attrs["identifiers"]) for node, attrs in merged.nodes(data=True) if node[0] == "user"} == {1, 2}
    assert grown(graph_of(USERS), graph_of(seen(one("user", "upn=carol@contoso.com")), **by_hand), joined_whole) is None


def test_what_comes_is_told_to_whom_a_hand_has_tied() -> None:
    """Who is tied by hand to an identifier of somebody whom new records contradict says so with the same reasons."""
    files = (one("file", "sha256=f"), one("file", "md5=k"), one("file", "sha256=f", "sha1=i", "sha1=j"))
    a = graph_of(seen(*files), merges=[("md5=k", "sha1=j")])
    b = graph_of(seen(one("file", "sha256=g", "sha1=i"), first=5))
    assert grown(a, b, joined_whole) is not None
    (refused,) = joined(a, b).nodes[Entity("file", "j")]["refused"]
    assert "2 different SHA-256 hashes (f, g) are never one file" in refused["reason"]


@pytest.mark.parametrize("between", ["upn=between@contoso.com", "upn=a@contoso.com", "upn=zz@contoso.com"])
def test_overrides_reach_through_who_was_never_there(between: str) -> None:
    """Who was joined by hand with somebody through a name that no record holds becomes one with them, too."""
    by_hand = {"merges": [("upn=alice@contoso.com", between), (between, "upn=zed@contoso.com")]}
    a, b = graph_of(USERS, **by_hand), graph_of(seen(one("user", "upn=zed@contoso.com"), first=5))
    assert grown(a, b, joined_whole) is not None
    merged = joined(a, b)
    assert [node.key for node in merged if node[0] == "user"] == ["alice@contoso.com", "bob@contoso.com"]


@pytest.mark.parametrize("called", ["carol@contoso.com", "bob@contoso.com"])
@pytest.mark.parametrize("more", ["upn=alice@contoso.com", "upn=zed@contoso.com"])
def test_who_comes_out_as_somebody_else_is_for_the_whole(more: str, called: str) -> None:
    """A part in which who was to stay is called otherwise, or a new one as another is, does not fit: none is given."""
    a, b = graph_of(USERS), graph_of(seen(one("user", more), first=5))

    def otherwise(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> nx.MultiDiGraph:
        g = joined_whole(a, b)
        return nx.relabel_nodes(g, {Entity("user", pair_of(more)[1]): Entity("user", called)})

    assert grown(a, b, joined_whole) is not None
    fits = more == "upn=zed@contoso.com" and called == "carol@contoso.com"
    assert (grown(a, b, otherwise) is not None) is fits


def test_another_tenant_is_for_the_whole() -> None:
    """With a second tenant, names that say none are nobody's in particular: all is built anew."""
    a, b = graph_of(seen(one("host", "short_name=a"))), graph_of(seen(one("host", "short_name=b"), first=5))
    a.graph["tenants"] = ["t1"]
    assert grown(a, b, joined_whole) is None
    b.graph["tenants"] = ["t1"]
    assert grown(a, b, joined_whole) is not None
    b.nodes[Record("alert", "a5")]["tenant_id"] = "t2"  # as in what was cut out, or put together by hand
    assert grown(a, b, joined_whole) is None


def test_who_was_never_observed_is_for_the_whole() -> None:
    """An entity that says of nobody how it was seen could become anybody: all is built anew."""
    a, b = graph_of(USERS), graph_of(seen(one("user", "upn=carol@contoso.com"), first=5))
    assert grown(a, b, joined_whole) is not None
    a.nodes[Entity("user", "bob@contoso.com")]["observations"] = []
    assert grown(a, b, joined_whole) is None


@pytest.fixture(scope="module")
def tenant(world) -> tuple[nx.MultiDiGraph, nx.MultiDiGraph]:
    """The graph of all alerts, and what a pivot brings."""
    g = entity_graph(alerts=gi.list_alerts(world.client), incidents=gi.list_incidents(world.client))
    user = gi.find_entity(g, world.tenant.truth.attack.user.id)
    return g, gi.pivot(world.client, user, g=g).graph


def test_a_pivot_is_joined_in_part(tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a part is built anew, again and again, and what comes of it is what all would have given."""
    g, brought = tenant
    sizes: list[int] = []
    real = growing._part
    monkeypatch.setattr(growing, "_part", lambda *given: sizes.append(len(made := real(*given))) or made)
    found = grown(g, brought, joined_whole)
    assert found is not None
    same(found, joined_whole(g, brought))
    assert 0 < sizes[0] < len(g) / 2
    assert grown(as_assembled(found), brought, joined_whole) is not None
    same(grown(found, brought, joined_whole), joined_whole(found, brought))


def test_what_was_changed_by_hand_is_built_anew(tenant) -> None:
    """Only a graph that is as it was put together is kept; a copy, a view and what lost a node are not known."""
    g, brought = tenant
    little = brought.subgraph(list(brought)[:3])
    assert is_little(little, beside=g)
    assert is_little(little, beside=merge_graphs(g, brought))
    assert is_little(little, beside=with_overrides(g, splits=[]))
    less = as_assembled(g.copy())
    less.remove_node(next(iter(less)))
    address = next(node.key for node in g if node[0] == "ip")
    noted = annotate(g, pd.DataFrame({"ip": [address], "owner": ["x"]}), on="ip", source="own")
    for other in (less, g.copy(), g.subgraph(list(g)), noted):
        assert not is_little(little, beside=other)
    assert not is_little(g, beside=g)


def test_merging_little_takes_that_way_and_keeps_what_stands_beside(tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """`merge_graphs` joins a small graph in part; hubs, tenant and sources of annotations are those of both."""
    g, brought = tenant
    small = brought.subgraph([n for n in brought if n[0] in ("user", "sign_in", "ip")][: len(g) // 5]).copy()
    small.graph.update(hubs=[{"name": "x", "how": "listed", "why": "y"}], tenant="t")
    taken: list[bool] = []
    real = grown
    module = importlib.import_module("graphinvestigate.linking.entity_graph")  # a function of its name hides it
    monkeypatch.setattr(module, "grown", lambda *given: taken.append(True) or real(*given))
    merged = merge_graphs(g, small)
    assert taken == [True]
    monkeypatch.setattr(module, "is_little", lambda *_, **__: False)
    same(merged, merge_graphs(g, small))
    assert (merged.graph["hubs"], merged.graph["tenant"]) == (small.graph["hubs"], "t")

"""Which nodes pass the filters, and why the others don't."""

from __future__ import annotations

import pytest

from graphinvestigate.linking import Record
from graphinvestigate.views.graph_filter import NO_FILTERS, Filters, passing
from graphinvestigate.views.node_facts import neighbors
from tests.linking.random_graphs import minute, random_graph


def test_without_filters_all_pass(graph):
    """No filter leaves nothing out."""
    assert passing(graph, graph, NO_FILTERS) == (list(graph), {})


@pytest.mark.parametrize(
    "filters",
    [
        Filters(kinds_off=frozenset({"user"})),
        Filters(relations_off=frozenset({"has_evidence"})),
        Filters(severity="high"),
        Filters(text="alice"),
        Filters(since="2100-01-01T00:00:00.000000Z"),
        Filters(until="1990-01-01T00:00:00.000000Z"),
    ],
    ids=str,
)
def test_kept_and_left_out_are_all(graph, filters):
    """Every node is kept or has a reason, never both; what must pass passes any filter."""
    kept, why = passing(graph, graph, filters)
    assert set(kept) | set(why) == set(graph)
    assert set(kept).isdisjoint(why)
    assert why, "this filter leaves something out of this graph"
    some = next(iter(why))
    again, _ = passing(graph, graph, filters, always={some})
    assert set(again) >= {*kept, some}


def test_kinds_are_filtered_as_the_legend_groups_them(graph):
    """A kind that is off leaves with all its nodes and no others."""
    kept, why = passing(graph, graph, Filters(kinds_off=frozenset({"user"})))
    assert {node.kind for node in why} == {"user"}
    assert not any(node.kind == "user" for node in kept)


def test_severity_leaves_unknown_ones(graph):
    """Records known to be less severe go; those without a severity stay."""
    g = graph.copy()
    low, unknown = [node for node in g if node.kind == "alert"][:2]
    g.nodes[low]["severity"], g.nodes[unknown]["severity"] = "low", None
    kept, why = passing(g, g, Filters(severity="medium"))
    assert low in why
    assert unknown in kept


def test_entities_go_with_their_last_link(graph):
    """An entity all of whose links are filtered goes; one that has another link stays."""
    kept, why = passing(graph, graph, Filters(relations_off=frozenset({"has_evidence"})))
    filters = Filters(relations_off=frozenset({"has_evidence"}))
    for node in kept:
        if node.kind in {"user", "host", "ip"} and neighbors(graph, node):
            assert any(
                filters.passes_link(relation, data)
                for ends in (*graph.out_edges(node, keys=True, data=True), *graph.in_edges(node, keys=True, data=True))
                for relation, data in [ends[2:]]
            )
    assert set(why.values()) == {"relation, severity or time of all its links"}


def test_words_find_names_identifiers_and_what_users_call_it(graph):
    """All words must occur; what is linked to a node that has them stays beside it."""
    alice = next(node for node in graph if "alice" in str(graph.nodes[node].get("identifiers")))
    kept, _ = passing(graph, graph, Filters(text="alice"))
    assert alice in kept
    assert neighbors(graph, alice) <= set(kept)
    assert passing(graph, graph, Filters(text="alice nowhere-at-all"))[0] == []
    found, _ = passing(graph, [alice], Filters(text="boss"), named=lambda node: "The Boss")
    assert found == [alice]


@pytest.mark.parametrize("drawn", [3, 12, 40])
@pytest.mark.parametrize("seed", range(12))
def test_few_drawn_of_many_neighbours_pass_as_all_of_them_would(seed, drawn):
    """Whether few of a node's neighbours are drawn or all, an entity stays if a drawn one is linked to it visibly."""
    g = random_graph(seed, nodes=40, edges=150)
    every = list(g)[:drawn]
    filters = Filters(relations_off=frozenset({"names"}), until=minute(30))
    kept, why = passing(g, every, filters)
    records = {node for node in every if isinstance(node, Record)}
    inside = {node for node in every if node not in records or filters.passes_record(g.nodes[node])}

    def linked(node, among, *, visibly):
        return {
            other
            for u, v, relation, data in g.edges(keys=True, data=True)
            for other in ({u: v, v: u}.get(node),)
            if other in among and other != node and (not visibly or filters.passes_link(relation, data))
        }

    bare = {
        node
        for node in inside - records
        if linked(node, set(every), visibly=False) and not linked(node, inside, visibly=True)
    }
    assert kept == [node for node in every if node in inside - bare]
    assert set(why) == set(every) - set(kept)

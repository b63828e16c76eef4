"""The ranking is PageRank on its weights, and every score can be taken apart into records."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

import graphinvestigate as gi
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, entity_graph, rank_contributions, rank_entities
from graphinvestigate.linking.index import index_of
from graphinvestigate.linking.ranking import SOURCES, weights_of
from tests.linking.conftest import ALICE, BOB, alert, alerts_frame, item, risk, sign_in, user


@pytest.fixture(scope="module")
def demo(world) -> nx.MultiDiGraph:
    """The demo tenant's graph."""
    client = world.client
    return gi.entity_graph(
        alerts=gi.list_alerts(client),
        incidents=gi.list_incidents(client),
        risk_detections=gi.list_risk_detections(client),
        risky_users=gi.list_risky_users(client),
        sign_ins=gi.list_sign_ins(client, since="7d"),
    )


def pagerank(g: nx.MultiDiGraph) -> dict:
    """Networkx's PageRank (its method without scipy) on the weights of the ranking."""
    index = index_of(g)
    weights = weights_of(g, index)
    flat = nx.Graph()
    flat.add_nodes_from(index.nodes)
    for u, v, tie in zip(index.source.tolist(), index.target.tolist(), weights.tie.tolist(), strict=True):
        before = flat.get_edge_data(index.nodes[u], index.nodes[v], {"weight": 0.0})["weight"]
        flat.add_edge(index.nodes[u], index.nodes[v], weight=before + tie)
    seeds = {index.nodes[at]: float(weights.seed[at]) for at in np.flatnonzero(weights.seed)}
    return _pagerank_python(flat, alpha=0.85, personalization=seeds, tol=1e-16, max_iter=2000)


def test_scores_are_networkx_pagerank(demo: nx.MultiDiGraph) -> None:
    """On the same weights the scores are those of networkx to 1e-9, lonely nodes included."""
    g = demo.copy()
    g.add_node(Record("alert", "lonely"), kind="alert", id="lonely", severity="high", time=None, label="x", read=True)
    g.add_node(Entity("user", "nobody"), kind="user", label="nobody", identifiers=[], observations=[])
    expected = pagerank(g)
    found = rank_entities(g)
    assert len(found) == sum(isinstance(n, Entity) for n in g)
    for row in found.itertuples():
        assert row.score == pytest.approx(expected[row.kind, row.key], abs=1e-9)


def test_a_score_is_the_sum_of_its_parts(demo: nx.MultiDiGraph) -> None:
    """Columns by source and records of `rank_contributions` both add up to the score."""
    table = rank_entities(demo)
    assert table["score"].to_numpy() == pytest.approx(table[list(SOURCES)].sum(axis=1).to_numpy(), abs=1e-15)
    for row in table.head(5).itertuples():
        parts = rank_contributions(demo, Entity(row.kind, row.key))
        assert parts["contribution"].sum() == pytest.approx(row.score, abs=1e-11)
        assert parts["share"].sum() == pytest.approx(1)
        by_source = parts.groupby("source")["contribution"].sum()
        for source in SOURCES:
            assert by_source.get(source, 0.0) == pytest.approx(getattr(row, source), abs=1e-11)
        assert parts["contribution"].is_monotonic_decreasing


def test_the_ranking_is_the_same_on_every_run(demo: nx.MultiDiGraph) -> None:
    """Two runs give the same table to the last bit, and the order of nodes and edges changes no place."""
    pd.testing.assert_frame_equal(rank_entities(demo), rank_entities(demo), check_exact=True)
    turned = nx.MultiDiGraph()
    turned.add_nodes_from(reversed(list(demo.nodes(data=True))))
    turned.add_edges_from(reversed(list(demo.edges(keys=True, data=True))))
    one, other = rank_entities(demo), rank_entities(turned)
    pd.testing.assert_frame_equal(one.drop(columns="why"), other.drop(columns="why"), check_exact=False, atol=1e-11)


def test_the_victim_leads_and_the_office_address_does_not(world, demo: nx.MultiDiGraph) -> None:
    """In the demo tenant the phished user stands among the first, the address of the whole office far behind."""
    table = rank_entities(demo)
    truth = world.tenant.truth
    place = {(row.kind, row.key): place for place, row in enumerate(table.itertuples())}
    assert place["user", truth.attack.user.id] < 3
    office = table.iloc[place["ip", truth.nat_ip]]
    assert office["hub"]
    assert "holds it back" in office["why"]
    assert place["ip", truth.attack.proxy_ip] < place["ip", truth.nat_ip]


def two(first: dict, second: dict) -> tuple[float, float]:
    """Scores of Alice and Bob when each is named by one alert."""
    bob = item("userEvidence", userAccount={"azureAdUserId": BOB, "userPrincipalName": "bob@contoso.com"})
    found = rank_entities(
        entity_graph(alerts=alerts_frame(alert("a1", user(), **first), alert("a2", bob, **second)))
    ).set_index("key")
    return float(found.loc[ALICE, "score"]), float(found.loc[BOB, "score"])


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ({"severity": "high"}, {"severity": "medium"}),
        ({"status": "new"}, {"status": "resolved"}),
        ({"classification": "truePositive"}, {"classification": "falsePositive"}),
        ({"firstActivityDateTime": "2026-02-03T10:00:00Z"}, {"firstActivityDateTime": "2026-01-03T10:00:00Z"}),
    ],
)
def test_severity_verdict_and_recency_count(more: dict, less: dict) -> None:
    """The same alert counts more when it is graver, open, not found harmless, or newer."""
    first, second = two(more, less)
    assert first > second
    again, other = two(less, more)
    assert other > again


def test_an_unknown_time_is_not_taken_for_an_old_one() -> None:
    """An alert whose time nobody knows counts like a new one."""
    nowhere = {"firstActivityDateTime": None, "createdDateTime": None, "lastActivityDateTime": None}
    first, second = two({}, nowhere)
    assert first == pytest.approx(second)


def test_risk_alone_makes_importance_and_settled_risk_little() -> None:
    """A risky sign-in lifts its user without any alert; dismissed, it lifts little."""
    bob = {"userId": BOB, "userPrincipalName": "bob@contoso.com", "ipAddress": "203.0.113.9"}
    signed = read_records("sign_ins", [sign_in(), sign_in("s2", **bob, deviceDetail={}, appId="x")])
    g = entity_graph(sign_ins=signed, risk_detections=read_records("risk_detections", [risk()]))
    top = rank_entities(g).iloc[0]
    assert top["from_risk"] == top["score"] > 0
    settled = risk("rd-2", riskState="dismissed", requestId="s2", **bob)
    both = entity_graph(sign_ins=signed, risk_detections=read_records("risk_detections", [risk(), settled]))
    found = rank_entities(both).set_index("key")["score"]
    assert found[ALICE] > 5 * found[BOB]


def test_nothing_to_rank_is_an_empty_or_a_zero_table() -> None:
    """Without alerts and risk every score is 0 and says so; without nodes the table is empty; records have none."""
    signed = entity_graph(sign_ins=read_records("sign_ins", [sign_in()]))
    found = rank_entities(signed)
    assert (found["score"] == 0).all()
    assert set(found["why"]) == {"No alert and no risk leads to it."}
    assert len(rank_contributions(signed, ALICE)) == 0
    empty = rank_entities(entity_graph())
    assert len(empty) == 0
    assert (empty.dtypes == found.dtypes).all()
    with pytest.raises(UsageError, match="record"):
        rank_contributions(signed, Record("sign_in", sign_in()["id"]))

"""The ranking is PageRank on its weights, and every score can be taken apart into records."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from networkx.algorithms.link_analysis.pagerank_alg import _pagerank_python

import graphinvestigate as gi
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.errors import UsageError
from graphinvestigate.frames import read_records
from graphinvestigate.linking import Entity, Record, annotate, entity_graph, rank_contributions, rank_entities
from graphinvestigate.linking.index import index_of
from graphinvestigate.linking.ranking import ALLOWED, SOURCES
from graphinvestigate.linking.weighing import weights_of
from tests.benchmarks.bench_story import pulled
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
    assert table["score"].to_numpy() == pytest.approx(table[[*SOURCES, ALLOWED]].sum(axis=1).to_numpy(), abs=1e-15)
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
    """In the demo tenant the phished user stands first, the address of the whole office far behind."""
    table = rank_entities(demo)
    truth = world.tenant.truth
    place = {(row.kind, row.key): place for place, row in enumerate(table.itertuples())}
    assert place["user", truth.attack.user.id] == 0
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


BOBS = {"azureAdUserId": BOB, "userPrincipalName": "bob@contoso.com"}


def scores_of(*alerts: dict) -> pd.Series:
    """Scores by key of a graph of some alerts, each with as much of the whole as there are points in it."""
    g = entity_graph(alerts=alerts_frame(*alerts))
    return rank_entities(g).set_index("key")["score"] * float(weights_of(g, index_of(g)).seed.sum())


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_n_alerts_alike_count_for_one_and_the_logarithm_of_n(count: int) -> None:
    """One detection on one user over and over weighs 1 + ln n of it; each repeat adds, and less than the one before."""
    g = entity_graph(alerts=alerts_frame(*(alert(f"a{n}", user()) for n in range(count))))
    weights = weights_of(g, index_of(g))
    assert weights.seed.sum() == pytest.approx(10 * (1 + np.log(count)))
    parts = rank_contributions(g, ALICE)
    assert (parts["points"] == 10).all()
    assert parts["counted"].max() == 1
    assert parts["counted"].sum() == pytest.approx(1 + np.log(count))
    assert parts["contribution"].sum() == pytest.approx(
        rank_entities(g).set_index("key").loc[ALICE, "score"], abs=1e-11
    )


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Another detection"},
        {"serviceSource": "microsoftSentinel"},
        {"evidence": [item("userEvidence", userAccount=BOBS)]},
    ],
)
def test_only_the_same_detection_on_the_same_entity_is_a_repeat(other: dict) -> None:
    """Another title, another service or another user is something new, and counts in full; upper case is not new."""
    same, new = alert("a2", user(), title="SUSPICIOUS LSASS access"), {**alert("a2", user()), **other}
    for second, total in ((same, 10 * (1 + np.log(2))), (new, 20)):
        g = entity_graph(alerts=alerts_frame(alert("a1", user()), second))
        assert weights_of(g, index_of(g)).seed.sum() == pytest.approx(total)


def test_the_gravest_of_the_alike_counts_in_full_and_more_never_lowers() -> None:
    """A dismissed repeat takes nothing from the open alert, whichever has the smaller id."""
    bob = alert("b", item("userEvidence", userAccount=BOBS), title="Something else")
    alone = scores_of(alert("a5", user()), bob)[ALICE]
    for other in ("a1", "a9"):
        both = scores_of(alert("a5", user()), alert(other, user(), classification="falsePositive"), bob)[ALICE]
        assert alone < both < 1.1 * alone


def test_what_repeats_on_one_and_is_new_on_another_counts_for_the_mean() -> None:
    """An account that one detection meets on ten machines stands first, and each machine keeps most of its alert."""
    machines = [item("deviceEvidence", mdeDeviceId=f"{n:040x}", hostName=f"m{n}") for n in range(4)]
    g = entity_graph(alerts=alerts_frame(*(alert(f"a{n}", user(), one) for n, one in enumerate(machines))))
    index = index_of(g)
    counted = weights_of(g, index).counted
    found = [float(counted[index.place[Record("alert", f"a{n}")]]) for n in range(4)]
    parts = [1.0, *(np.log(k / (k - 1)) for k in (2, 3, 4))]
    assert found == pytest.approx([(1 + part) / 2 for part in parts])
    assert rank_entities(g).iloc[0]["key"] == ALICE


def test_without_users_and_hosts_a_repeat_is_one_of_whatever_is_named() -> None:
    """Fifty scans of one address are repeats on it; a hub that so many share makes no repeat of what it is named in."""
    scans = [alert(f"a{n}", item("ipEvidence", ipAddress="8.8.8.8")) for n in range(50)]
    g = entity_graph(alerts=alerts_frame(*scans))
    assert weights_of(g, index_of(g)).seed.sum() == pytest.approx(10 * (1 + np.log(50)))
    machines = [item("deviceEvidence", mdeDeviceId=f"{n:040x}", hostName=f"m{n}") for n in range(4)]
    g = entity_graph(alerts=alerts_frame(*(alert(f"a{n}", user(), one) for n, one in enumerate(machines))))
    assert weights_of(g, index_of(g), [Entity("user", ALICE)]).seed.sum() == pytest.approx(40)


def test_a_risk_detection_that_repeats_is_damped_too() -> None:
    """The same kind of risk found on each of thirty sign-ins of one user weighs 1 + ln 30; another kind is new."""
    alike = [risk(f"rd-{n}", requestId=f"s{n}") for n in range(30)]
    g = entity_graph(risk_detections=read_records("risk_detections", alike))
    assert weights_of(g, index_of(g)).seed.sum() == pytest.approx(10 * (1 + np.log(30)))
    new = [*alike, risk("rd-x", riskEventType="leakedCredentials")]
    g = entity_graph(risk_detections=read_records("risk_detections", new))
    assert weights_of(g, index_of(g)).seed.sum() == pytest.approx(10 * (2 + np.log(30)))


@pytest.mark.parametrize("seed", [811, 812, 813])
def test_noise_that_repeats_does_not_outrank_the_victim(seed: int) -> None:
    """In a tenant of 240 alerts, most of them noise, the victim of the attack leads all users."""
    tenant = build_tenant(seed, 240, attack=True)
    g = entity_graph(**pulled(tenant, dull=False))
    users = rank_entities(g).query("kind == 'user'")
    assert users.iloc[0]["key"] == tenant.truth.attack.user.id


def lists(g: nx.MultiDiGraph, **of: str) -> nx.MultiDiGraph:
    """The graph with Alice, Bob or an address on lists: name of the list → whom; the name says what it counts as."""
    for name, text in of.items():
        kind = "ip" if text[0].isdigit() and "." in text else "user"
        g = annotate(g, pd.DataFrame({kind: [text]}), kind, source=name, counts_as=name.partition("_")[0])
    return g


def test_a_watch_list_raises_and_shows_in_the_parts(demo: nx.MultiDiGraph) -> None:
    """Whoever is on a watch list gets points of their own: a higher score, a column, a reason and a row that add up."""
    before = rank_entities(demo)
    for place in (0, 40, len(before) - 1):
        one = before.iloc[place]
        who = Entity(one["kind"], one["key"])
        g = annotate(demo, pd.DataFrame({"x": [who.key]}), "x", source="w", kind=who.kind, counts_as="watch")
        row = next(r for r in rank_entities(g).itertuples() if (r.kind, r.key) == who)
        assert row.score > one["score"]
        assert row.from_watch_list > 0
        assert "on the watch list w" in row.why
        assert row.on_list == "watch"
        parts = rank_contributions(g, who)
        assert parts["contribution"].sum() == pytest.approx(row.score, abs=1e-11)
        (of_list,) = parts[parts["record_kind"] == "watch_list"].itertuples()
        assert (of_list.record_id, of_list.source, of_list.points) == ("w", "from_watch_list", 5)
        assert of_list.contribution == pytest.approx(row.from_watch_list, abs=1e-11)


def test_an_allow_list_lowers_and_hides_nobody(demo: nx.MultiDiGraph) -> None:
    """Whoever is on an allow list keeps a fifth of the score, a row, and a reason that does not say clean."""
    before = rank_entities(demo)
    top = before[before["kind"] == "user"].iloc[0]
    g = lists(demo, allow_known=top["key"])
    after = rank_entities(g)
    assert len(after) == len(before)
    row = after[after["key"] == top["key"]].iloc[0]
    assert row["score"] == pytest.approx(top["score"] / 5)
    assert row[ALLOWED] == pytest.approx(-0.8 * top["score"])
    assert row["score"] > 0
    assert "on the allow list allow_known, which holds it back and does not make it clean" in row["why"]
    parts = rank_contributions(g, Entity("user", top["key"]))
    assert parts["contribution"].sum() == pytest.approx(row["score"], abs=1e-11)
    assert parts.iloc[-1]["record_kind"] == "allow_list"
    assert parts[parts["record_kind"] != "allow_list"]["share"].sum() == pytest.approx(1)
    others = after[after["key"] != top["key"]].set_index(["kind", "key"])["score"].sort_index()
    same = before[before["key"] != top["key"]].set_index(["kind", "key"])["score"].sort_index()
    assert others.to_numpy() == pytest.approx(same.to_numpy())


def test_an_allow_list_makes_nobody_clean_that_nothing_is_known_of() -> None:
    """Without alerts and risk a listed entity has no score, and its reason says listed, not clean."""
    signed = lists(entity_graph(sign_ins=read_records("sign_ins", [sign_in()])), allow_known="alice@contoso.com")
    row = rank_entities(signed).set_index("key").loc[ALICE]
    assert row["score"] == 0
    assert row["why"] == (
        "No alert and no risk leads to it; on the allow list allow_known, "
        "which holds it back and does not make it clean."
    )
    assert len(rank_contributions(signed, ALICE)) == 0


def test_lists_add_up_and_agree_with_networkx(demo: nx.MultiDiGraph) -> None:
    """With several lists on several entities, one on both kinds, scores are PageRank less what allow lists take."""
    ranked = rank_entities(demo)
    users = ranked[ranked["kind"] == "user"]["key"].tolist()
    g = lists(demo, watch_a=users[5], watch_b=users[5], allow_a=users[5], allow_b=users[0], watch_c=users[9])
    expected = pagerank(g)
    table = rank_entities(g)
    for row in table.itertuples():
        held = 0.2 if row.key in (users[0], users[5]) else 1.0
        assert row.score == pytest.approx(held * expected[row.kind, row.key], abs=1e-9)
    both = table[table["key"] == users[5]].iloc[0]
    assert "watch list watch_a; on the watch list watch_b; on the allow list allow_a" in both["why"]
    parts = rank_contributions(g, Entity("user", users[5]))
    assert parts["contribution"].sum() == pytest.approx(both["score"], abs=1e-11)
    assert list(parts.loc[parts["record_kind"] == "watch_list", "record_id"][:2]) == ["watch_a", "watch_b"]
    pd.testing.assert_frame_equal(table, rank_entities(g), check_exact=True)


def test_a_table_that_is_no_list_changes_no_score(demo: nx.MultiDiGraph) -> None:
    """What nobody declared a list stands beside the scores and leaves them alone; merging keeps what is one."""
    frame = pd.DataFrame({"user": [rank_entities(demo).query("kind == 'user'")["key"].iloc[3]], "team": ["IT"]})
    plain = annotate(demo, frame, "user", source="watch list")
    before, after = rank_entities(demo), rank_entities(plain)
    assert (before["score"] == after["score"]).all()
    assert after["team"].dropna().tolist() == ["IT"]
    listed = annotate(demo, frame, "user", source="w", counts_as="watch")
    merged = rank_entities(gi.merge_graphs(listed, demo)).set_index("key")["from_watch_list"]
    assert merged.max() == pytest.approx(rank_entities(listed)["from_watch_list"].max())
    with pytest.raises(UsageError, match="'watch', 'allow' or None"):
        annotate(demo, frame, "user", source="w", counts_as="deny")

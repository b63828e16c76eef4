"""The story test: on tenants never seen before, the calls tell what happened, and nothing where nothing did."""

from __future__ import annotations

import pytest

import graphinvestigate as gi
from graphinvestigate.demo import truth_of
from graphinvestigate.demo.tenant import build_tenant
from tests.benchmarks.bench_story import Score, dulled, ratios, score

SEEDS = (501, 502, 503, 504, 510, 517)


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    """Six tenants, none of which the code was written against; `bench_story.py` scores hundreds."""
    return [score(build_tenant(seed, 60)) for seed in SEEDS]


def test_attacks_are_found_and_quiet_tenants_stay_quiet(scores: list[Score]) -> None:
    """Every attack is found, whatever its way in; a tenant without one raises no alarm."""
    assert {one.entry for one in scores} == {"phish", "spray", "laptop", None}
    assert [one.seed for one in scores if one.found is (one.entry is None)] == []


def test_entities_and_steps_are_those_of_the_truth(scores: list[Score]) -> None:
    """Over all attacks recall is at least 0.95 and precision at least 0.9, for entities and for steps."""
    attacks = [one for one in scores if one.entry is not None]
    for what in ("entities", "steps"):
        precision, recall = ratios(attacks, what)
        assert precision >= 0.9, what
        assert recall >= 0.95, what


def test_the_start_and_the_replay_are_found(scores: list[Score]) -> None:
    """The first step is the way in, and the replay is found although no alert and no detection names its address."""
    attacks = [one for one in scores if one.entry is not None]
    assert all(one.right_start for one in attacks)
    assert all(one.replay_found for one in attacks)


def test_a_third_of_the_judgements_can_be_missing() -> None:
    """Where every third evidence item has no role and no verdict, an attack is still told almost whole."""
    hard = [score(build_tenant(seed, 60, attack=True), dull=True) for seed in (520, 521)]
    precision, recall = ratios(hard, "entities")
    assert all(one.found for one in hard)
    assert min(precision, recall) >= 0.85
    page = {"value": [{"id": str(n), "evidence": [{"roles": ["x"], "verdict": "y"}]} for n in range(300)]}
    blank = sum(not alert["evidence"][0]["roles"] for alert in dulled(page)["value"])
    assert 60 < blank < 140


def test_a_demo_client_leads_to_its_truth(make_world) -> None:
    """The truth of a client is the one that was written before its records; of any other client none is known."""
    truth = truth_of(gi.connect_demo(seed=501, alerts=60))
    assert truth == build_tenant(501, 60).truth
    assert truth.attack is not None
    assert truth_of(make_world(alerts=60).client) is None

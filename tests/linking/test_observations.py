"""What was seen together: once each, with the best names, the last times and all facts, ready as a node."""

from __future__ import annotations

import pytest

from graphinvestigate.linking.meanings import Meaning
from graphinvestigate.linking.observations import Observations, by_name, in_order

LAPTOP = (("mde_device_id", "a1"), ("fqdn", "pc7.contoso.com"))
ENDS = [("host", *LAPTOP[0]), ("ip", "ip", "198.51.100.7"), ("alert", "1")]


def meaning(kind, ids, names=(), facts=()):
    """What a place means."""
    return Meaning(kind, tuple(ids), ("path",) * len(ids), ("value",) * len(ids), tuple(names), tuple(facts))


def test_one_observation_makes_a_node():
    """What was met once is ready as a node; its label is its only name, and its times come later."""
    seen = Observations()
    seen.met(meaning("host", LAPTOP, [(0, "PC7")], [("os_platform", "Windows11")]), 0, 0)
    seen.stamp(["2026-02-03"])
    (node,) = seen.nodes()
    observed = {
        "identifiers": ["mde_device_id=a1", "fqdn=pc7.contoso.com"],
        "names": {"PC7": [0, "2026-02-03"]},
        "facts": {"os_platform": ["Windows11"]},
    }
    assert node == {
        "kind": "host",
        "label": "PC7",
        "identifiers": sorted(observed["identifiers"]),
        "first_seen": None,
        "last_seen": None,
        "facts": observed["facts"],
        "observations": [observed],
        "refused": [],
    }


def test_what_is_met_again_is_one_observation():
    """Of each name the best place and the last time count; facts are all kept, sorted, each once."""
    seen = Observations()
    seen.met(meaning("host", LAPTOP, [(1, "PC7")], [("version", "22H2")]), 0, 0)
    seen.met(meaning("host", LAPTOP, [(0, "PC7"), (1, "pc7.contoso.com")], [("version", "23H2")]), 1, 0)
    seen.met(meaning("host", LAPTOP, [(2, "PC7")], [("version", "22H2")]), 2, 0)
    seen.stamp(["2026-02-05", "2026-02-03", "2026-02-04"])
    (node,) = seen.nodes()
    assert node["observations"][0]["names"] == {"PC7": [0, "2026-02-05"], "pc7.contoso.com": [1, "2026-02-03"]}
    assert node["facts"] == {"version": ["22H2", "23H2"]}
    assert node["label"] == "PC7"
    assert seen.nodes() == [node]


@pytest.mark.parametrize("names", [[(1, "b"), (0, "a")], [(0, "b"), (0, "a")], [(0, "a"), (1, "a"), (1, "b")]])
def test_the_best_name_is_the_label(names):
    """The best kind of name counts, of equal ones the first by text; a name in two places has the better one."""
    seen = Observations()
    seen.met(meaning("user", [("object_id", "u1")], names), 0, 0)
    seen.stamp(["2026-02-03"])
    (node,) = seen.nodes()
    assert node["label"] == "a"
    assert list(node["observations"][0]["names"]) == ["a", "b"]


def test_observations_are_told_apart():
    """One identifier alone is another observation than the same beside a second one; each is given back as it came."""
    seen = Observations()
    seen.met(meaning("ip", [("ip", "198.51.100.7")]), 0, 1)
    seen.met(meaning("host", LAPTOP[:1]), 1, 0)
    seen.met(meaning("host", LAPTOP), 2, 0)
    seen.met(meaning("host", LAPTOP[:1]), 3, 0)
    assert len(seen) == 3
    observation = seen.reader(ENDS)
    every = [("ip", (("ip", "198.51.100.7"),)), ("host", LAPTOP[:1]), ("host", LAPTOP)]
    assert [observation(place) for place in range(3)] == every
    assert list(seen.several()) == every[2:]
    assert [seen.sorts.values[at] for at in seen.sort] == [("ip", "ip"), *[("host", "mde_device_id")] * 2]


def test_ends_are_written_as_they_are_named():
    """Each end of a reference is written as type=value, also one that no observation begins with; a record is not."""
    seen = Observations()
    seen.met(meaning("host", LAPTOP), 0, 0)
    assert seen.texts(ENDS) == ["mde_device_id=a1", "ip=198.51.100.7", None]


@pytest.mark.parametrize(
    "facts", [[("a", "2"), ("b", "1")], [("a", "2"), ("a", "1"), ("b", "1")], [("a", "1"), ("a", "1")]]
)
def test_facts_in_order_are_facts_by_name(facts):
    """Facts that come in the order of their names are the same as those that are sorted."""
    assert list(in_order(facts).items()) == list(by_name(facts).items())

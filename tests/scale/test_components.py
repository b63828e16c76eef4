"""Identity by the engine: the same entities as the resolver of a session finds."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import Phase, given, settings, strategies as st

from graphinvestigate.linking.identifiers import rank
from graphinvestigate.linking.identity import resolve
from graphinvestigate.scale.components import components
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import Engine
from tests.linking.few_identifiers import observations
from tests.scale.conftest import mention_rows

OBSERVATIONS = observations()


def by_resolver(observations):
    """Each identity with the strongest of its entity, as the resolver finds."""
    ordered = {(kind, tuple(sorted(set(ids), key=lambda i: (rank(kind, i[0]), i)))) for kind, ids in observations}
    members = defaultdict(list)
    for (kind, id_type, value), entity in resolve(sorted(ordered)).leads.items():
        members[entity].append(((rank(kind, id_type), (id_type, value)), f"{kind}|{id_type}|{value}"))
    return {identity: min(group)[1] for group in members.values() for _, identity in group}


def by_engine(engine: Engine, observations) -> dict[str, str]:
    """Each identity with the strongest of its entity, as the engine finds; each once."""
    parts = engine.arrow(components(engine, engine.table(mention_rows(observations))).parts)
    pairs = list(zip(parts["identity"].to_pylist(), parts["entity"].to_pylist(), strict=True))
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


@settings(max_examples=20, phases=[Phase.generate])  # each takes an engine a second; shrinking would take minutes
@given(st.lists(OBSERVATIONS, min_size=8, max_size=60))
def test_components_are_what_the_resolver_finds(observations):
    """Whatever was seen together, contradictions and names that several carry included, both find the same entities."""
    assert by_engine(engine_for("duckdb"), observations) == by_resolver(observations)


CASES = {
    "a renamed user": [("user", [("object_id", "a"), ("upn", "p")]), ("user", [("object_id", "a"), ("upn", "q")])],
    "two ids, one name": [("user", [("object_id", "a"), ("upn", "p")]), ("user", [("object_id", "b"), ("upn", "p")])],
    "one short name, one host": [
        ("host", [("mde_device_id", "m"), ("fqdn", "a.x.org"), ("short_name", "t1/a")]),
        ("host", [("short_name", "t1/a")]),
    ],
    "one short name, two hosts": [
        ("host", [("mde_device_id", "m"), ("short_name", "t1/a")]),
        ("host", [("mde_device_id", "n"), ("short_name", "t1/a")]),
    ],
    "two short names in one place": [
        ("host", [("short_name", "t1/a"), ("short_name", "t1/b")]),
        ("host", [("mde_device_id", "m"), ("short_name", "t1/b")]),
    ],
    "two domains": [
        ("host", [("fqdn", "a.x.org"), ("short_name", "t1/a")]),
        ("host", [("fqdn", "b.y.org"), ("short_name", "t1/b")]),
        ("host", [("short_name", "t1/b")]),
    ],
    "a chain": [("file", [("sha256", f"{n}"), ("sha1", f"{n}")]) for n in range(8)]
    + [("file", [("sha1", f"{n}"), ("md5", "x")]) for n in range(2)],
    "a leading type that is not the weakest": [
        ("iot_device", [("mac_address", "x"), ("serial_number", "1")]),
        ("iot_device", [("iot_device_id", "a"), ("mac_address", "x")]),
    ],
}


def apart(number: int, observations):
    """The same observations with values, domains and tenants of their own, so that no two cases meet."""

    def own(id_type: str, value: str) -> str:
        return f"c{number}{value}.c{number}" if id_type == "fqdn" else f"c{number}{value}"

    return [(kind, [(id_type, own(id_type, value)) for id_type, value in ids]) for kind, ids in observations]


def test_every_engine_finds_the_same_entities(engine: Engine) -> None:
    """Contradictions, renames, shared names and chains come out alike on every engine and in the resolver."""
    cases = [case for number, name in enumerate(CASES) for case in apart(number, CASES[name])]
    assert by_engine(engine, cases) == by_resolver(cases)


@pytest.mark.parametrize("name", CASES)
def test_each_case_alone(name: str) -> None:
    """Each of these cases is settled as the resolver settles it."""
    assert by_engine(engine_for("duckdb"), CASES[name]) == by_resolver(CASES[name])


def test_only_contradictions_are_settled_here() -> None:
    """What is not contested never leaves the engine: of many users only the two that share a name do."""
    engine = engine_for("duckdb")
    calm = [("user", [("object_id", f"o{n}"), ("upn", f"u{n}")]) for n in range(50)]
    observations = [*calm, ("user", [("object_id", "a"), ("upn", "p")]), ("user", [("object_id", "b"), ("upn", "p")])]
    contested = components(engine, engine.table(mention_rows(observations))).contested
    assert set(contested["identity"].to_pylist()) == {"user|object_id|a", "user|object_id|b", "user|upn|p"}


def test_a_long_chain_takes_few_rounds() -> None:
    """The rounds grow with the logarithm of a chain's length: a chain of 500 devices is one component."""
    chain = [("urn_thing", [("other_id", f"{n:04}"), ("z", f"{n + side:04}")]) for n in range(250) for side in (0, 1)]
    found = by_engine(engine_for("duckdb"), chain)
    assert set(found.values()) == {"urn_thing|other_id|0000"}
    assert len(found) == 501

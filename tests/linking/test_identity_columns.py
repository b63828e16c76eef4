"""Who is who, found in columns: the same entities and refusals as the resolver finds."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
from hypothesis import given, settings, strategies as st

from graphinvestigate.linking import Record
from graphinvestigate.linking.identifiers import rank
from graphinvestigate.linking.identity import note_domains, resolve
from graphinvestigate.linking.identity_columns import Known, strongest
from graphinvestigate.linking.observations import Observations
from graphinvestigate.linking.overrides import NO_OVERRIDES
from graphinvestigate.linking.pools import Pool, ints
from graphinvestigate.linking.who import who
from tests.linking.few_identifiers import VALUES, observations

# A short name without a tenant, too: it is found wherever the tenant is known.
HOST = VALUES["host"] | {"short_name": [*VALUES["host"]["short_name"], "c"]}
OBSERVATIONS = observations(VALUES | {"host": HOST})


def by_resolver(observations):
    """Each identifier with the strongest of its entity, as the resolver finds."""
    members = defaultdict(list)
    for (kind, id_type, value), entity in resolve(observations).leads.items():
        members[entity].append((rank(kind, id_type), id_type, value))
    return {(entity.kind, *one[1:]): min(group)[1:] for entity, group in members.items() for one in group}


def by_columns(observations):
    """The same, found in columns."""
    pool, pairs, domains = Pool(), Pool(), defaultdict(set)
    flat, size = [], []
    for kind, ids in observations:
        codes = [pool.code((kind, *one)) for one in ids]
        if len(ids) > 1:
            flat += codes
            size.append(len(codes))
        if kind == "host":
            note_domains(ids, domains)
    pair = pairs.codes(one[:2] for one in pool.values)
    known = Known(pairs.values, pair, lambda at: pool.values[at][2])
    found = strongest(known, ints(flat), ints(size), domains)
    return {one: pool.values[at][1:] for one, at in zip(pool.values, found.tolist(), strict=True)}


@settings(max_examples=300, deadline=None)
@given(st.lists(OBSERVATIONS, max_size=40))
def test_columns_find_who_the_resolver_finds(drawn):
    """Whatever was seen together, contradictions and names that several carry included, both find the same entities."""
    observations = [(kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))) for kind, ids in drawn]
    assert by_columns(observations) == by_resolver(observations)


@settings(max_examples=300, deadline=None)
@given(st.lists(OBSERVATIONS, max_size=40), st.sampled_from([0, 0, 1]))
def test_a_graph_knows_who_the_resolver_knows(drawn, tenants):
    """In columns and by the resolver alone: the same entities, seen as the same, and the same refusals and reasons."""
    observations = list(
        dict.fromkeys((kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))) for kind, ids in drawn)
    )
    ends = [Record("alert", "1"), *dict.fromkeys((kind, *ids[0]) for kind, ids in observations)]
    seen = Observations()
    for kind, ids in observations:
        seen.add(kind, ids, ends.index((kind, *ids[0])), {"identifiers": ["a=b"], "names": {}, "facts": {}})
    found = who(seen, Pool(ends), tenants=("t9",) * tenants, overrides=NO_OVERRIDES)
    whole = resolve(observations, tenants=("t9",) * tenants)
    entities = sorted({whole.leads[kind, *ids[0]] for kind, ids in observations})
    assert found.entities == entities
    assert found.found.refusals == whole.refusals
    assert [None if at < 0 else entities[at] for at in found.of_end.tolist()] == [
        None,
        *(whole.leads[end] for end in ends[1:]),
    ]
    seen_as = {
        observations[one]: at
        for at, (begin, end) in enumerate(pairwise(found.start.tolist()))
        for one in found.observation[begin:end].tolist()
    }
    assert seen_as == {(kind, ids): entities.index(whole.leads[kind, *ids[0]]) for kind, ids in observations}


def test_very_many_identifiers_do_not_overflow():
    """With narrow numbers of more identifiers than their product fits into, each pair is still one entity."""
    many = 70_000
    known = Known([("user", "object_id"), ("user", "upn")], np.arange(2 * many) % 2, str)
    found = strongest(known, np.arange(2 * many, dtype=np.int32), np.full(many, 2, np.int32), {})
    assert np.array_equal(found, np.arange(2 * many) // 2 * 2)

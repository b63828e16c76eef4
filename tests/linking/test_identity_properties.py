"""What holds for the resolver, whatever identifiers are seen together."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

from hypothesis import example, given, settings, strategies as st

from graphinvestigate.linking.identifiers import LEADS_ONLY, RANKED, STRONG, Identifier, rank
from graphinvestigate.linking.identity import KindedId, Observation, Resolution, resolve
from graphinvestigate.linking.overrides import overrides_of

KINDS = ("user", "host", "file", "mail_message")
FEW = settings(max_examples=150, deadline=None)


def observation(kind: str) -> st.SearchStrategy[Observation]:
    """Some identifiers of a kind together, few values of each type, so that they meet in every wrong way."""
    values = st.sampled_from(["1@x", "2@x", "3@x"])
    one = st.sampled_from(RANKED[kind]).flatmap(
        lambda id_type: st.tuples(st.just(id_type), values.map(str.upper if id_type == "sid" else str))
    )
    return st.sets(one, min_size=1, max_size=4).map(
        lambda ids: (kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i))))
    )


OBSERVATIONS = st.sampled_from(KINDS).flatmap(lambda kind: st.lists(observation(kind), max_size=9))


def groups(found: Resolution) -> set[frozenset[KindedId]]:
    """The identifiers of each entity."""
    members = defaultdict(set)
    for identifier, entity in found.leads.items():
        members[entity].add(identifier)
    return {frozenset(ids) for ids in members.values()}


@FEW
@given(OBSERVATIONS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(seen: list[Observation], random: Any) -> None:
    """Shuffled and repeated observations give the same entities and the same refusals."""
    whole = resolve(seen)
    again = seen * 2
    random.shuffle(again)
    assert resolve(again) == whole


@FEW
@given(OBSERVATIONS)
def test_nothing_is_joined_across_a_contradiction(seen: list[Observation]) -> None:
    """No entity has two strong identifiers of one type."""
    for ids in groups(resolve(seen)):
        types = [id_type for _, id_type, _ in ids]
        assert all(types.count(id_type) == 1 for id_type in STRONG.intersection(types))


@FEW
@given(OBSERVATIONS)
def test_every_tie_is_kept_or_refused_with_a_reason(seen: list[Observation]) -> None:
    """Identifiers seen together are one entity, or the refusal is listed; and nothing kept is listed as refused."""
    found = resolve(seen)
    refused = {(r.kind, r.identifier, r.beside) for r in found.refusals}
    for kind, ids in seen:
        for other in ids[1:]:
            joined = found.leads[kind, *other] == found.leads[kind, *ids[0]]
            assert joined != ((kind, other, ids[0]) in refused)
    assert all(len(r.reason.split()) > 3 for r in found.refusals)


@FEW
@given(OBSERVATIONS)
def test_entities_are_held_together_by_what_was_seen(seen: list[Observation]) -> None:
    """Within an entity each identifier is reached from each other one through places that gave both."""
    found = resolve(seen)
    for ids in groups(found):
        reached = {next(iter(ids))}
        for _ in ids:
            for kind, together in seen:
                given = {(kind, *i) for i in together} & ids
                if given & reached:
                    reached |= given
        assert reached == ids


TWO_AND_A_THIRD = [  # of three hosts, two hold another id of one type: the third one is another host, too
    ("host", (("mde_device_id", "1@x"), ("short_name", "2@x"))),
    ("host", (("device_id", "1@x"), ("short_name", "1@x"))),
    ("host", (("mde_device_id", "2@x"), ("short_name", "1@x"), ("short_name", "2@x"))),
]


@FEW
@given(OBSERVATIONS)
@example(TWO_AND_A_THIRD)
def test_a_name_that_only_leads_joins_no_two(seen: list[Observation]) -> None:
    """Without the names that only lead, the same other identifiers are together."""
    kept = [(kind, tuple(i for i in ids if i[0] not in LEADS_ONLY)) for kind, ids in seen]
    without = groups(resolve([o for o in kept if o[1]]))
    rest = ({i for i in ids if i[1] not in LEADS_ONLY} for ids in groups(resolve(seen)))
    assert without == {frozenset(ids) for ids in rest if ids}


@FEW
@given(OBSERVATIONS, st.data())
def test_joins_and_splits_by_hand_hold(seen: list[Observation], data: st.DataObject) -> None:
    """What is joined by hand is one entity and what is split by hand is two, whatever the records say."""
    known = sorted({(kind, *i) for kind, ids in seen for i in ids})
    if len(known) < 2:
        return
    pairs = st.sampled_from(["=".join(pair[1:]) for pair in known])
    a, b = data.draw(st.lists(pairs, min_size=2, max_size=2, unique=True))
    kind = known[0][0]
    one, two = (kinded(kind, text) for text in (a, b))
    joined = resolve(seen, overrides=overrides_of([(a, b)], None))
    assert joined.leads[one] == joined.leads[two]
    split = resolve(seen, overrides=overrides_of(None, [(a, b)]))
    assert split.leads[one] != split.leads[two]
    alone = resolve(seen, overrides=overrides_of(None, [a]))
    assert frozenset({one}) in groups(alone)


def kinded(kind: str, text: str) -> KindedId:
    """A text as the resolver's key."""
    id_type, _, value = text.partition("=")
    return kind, id_type, value


def together(kind: str, *ids: Identifier) -> Observation:
    """An observation, strongest identifier first."""
    return kind, tuple(sorted(ids, key=lambda i: (rank(kind, i[0]), i)))


def test_a_user_name_joins_ids_of_different_types() -> None:
    """A SID and an object id seen with one user name are one person, if neither has another of the other's type."""
    o, s, s2, upn = ("object_id", "o"), ("sid", "s"), ("sid", "s2"), ("upn", "u")
    assert len(groups(resolve([together("user", o, upn), together("user", s, upn)]))) == 1
    refused = resolve([together("user", o, s2), together("user", o, upn), together("user", s, upn)])
    assert groups(refused) == {
        frozenset(("user", *i) for i in (o, s2)), frozenset({("user", *s)}), frozenset({("user", *upn)})
    }  # fmt: skip


def test_an_account_joins_no_two_user_names() -> None:
    r"""domain\account seen with two user names decides nothing: the weaker never joins two that contradict."""
    a, b, account = ("upn", "a"), ("upn", "b"), ("account", "t/d\\x")
    seen = [together("user", a, account), together("user", b, account)]
    assert len(groups(resolve(seen))) == 3
    renamed = [*seen, together("user", ("object_id", "o"), a), together("user", ("object_id", "o"), b)]
    assert len(groups(resolve(renamed))) == 1


def test_only_the_ties_between_contradictions_are_refused() -> None:
    """In a chain that ends in two object ids the ties on the way are refused, and what hangs on one side is kept."""
    o1, o2, s = ("object_id", "1"), ("object_id", "2"), ("sid", "s")
    u1, u2, own = ("upn", "1"), ("upn", "2"), ("upn", "own")
    chain = [(o1, u1), (s, u1), (s, u2), (o2, u2), (o2, own)]
    for order in itertools.permutations([together("user", *ids) for ids in chain]):
        found = resolve(order)
        assert {r.identifier for r in found.refusals} == {u1, u2}
        assert found.leads["user", *own] == found.leads["user", *o2]


def test_a_refusal_by_hand_says_so() -> None:
    """What the analyst split is listed as split by hand."""
    o, upn = ("object_id", "o"), ("upn", "u@x.test")
    found = resolve([together("user", o, upn)], overrides=overrides_of(None, [("object_id=o", "upn=u@x.test")]))
    assert [(r.identifier, r.beside, r.by_hand) for r in found.refusals] == [(upn, o, True)]

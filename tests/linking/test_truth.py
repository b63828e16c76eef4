"""The resolver against tenants whose truth was drawn first."""

from __future__ import annotations

from functools import reduce
from operator import add

from graphinvestigate.linking import Entity, with_overrides
from tests.linking.truth import Figures, draw, judge

SEEDS = range(500_000, 500_060)  # not those that the script reports


def test_nobody_is_joined_with_somebody_else() -> None:
    """What the records tell apart is never one node, and what an own identifier ties is hardly ever two."""
    found = reduce(add, (judge(tenant, tenant.graph()) for tenant in map(draw, SEEDS)))
    assert found.beings > 1000
    assert found.false == 0, found.cases
    assert found.missed <= found.beings / 200, found.cases
    assert found.unknowable <= found.beings / 50


def test_the_judge_notices_what_is_wrong() -> None:
    """Two people joined by hand are a false merge; names split from their ids are missed ones."""
    tenant = draw(SEEDS[0])
    g = tenant.graph()
    users = [
        n
        for n in g
        if isinstance(n, Entity) and n.kind == "user" and any("object_id=" in t for t in g.nodes[n]["identifiers"])
    ]
    joined = with_overrides(g, merges=[users[:2]])
    assert judge(tenant, joined).false > judge(tenant, g).false == 0
    names = [
        t for n in g if isinstance(n, Entity) for t in g.nodes[n]["identifiers"] if t.startswith(("upn=", "fqdn="))
    ]
    assert judge(tenant, with_overrides(g, splits=sorted(set(names)))).missed > 0


def test_the_same_seed_is_the_same_tenant() -> None:
    """A seed draws the same truth and the same records every time."""
    one, two = draw(7), draw(7)
    assert one.frames == two.frames
    assert one.mentioned == two.mentioned
    assert draw(8).frames != one.frames
    assert judge(one, one.graph()) == judge(two, two.graph())
    assert Figures(1, 2, 3, 4, 5) + Figures(1, 1, 1, 1, 1) == Figures(2, 3, 4, 5, 6)

"""Who is who, held against the truth of generated tenants: ``python tests/benchmarks/figures_identity.py [tenants]``.

Not timed. The seeds are not those of the tests, nor those that anything was developed with.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.linking.truth import Figures, draw, judge

FIRST = 9_000_000


def main(tenants: int = 1_000) -> None:
    """Draw, resolve, judge and print."""
    found, records, named = Figures(), 0, 0
    for seed in range(FIRST, FIRST + tenants):
        tenant = draw(seed)
        found += judge(tenant, tenant.graph())
        records += sum(map(len, tenant.frames.values()))
        named += len(tenant.mentioned)
    what = Counter(f"{case[0]} {case[1][0] if case[0] == 'missed' else case[-1][0]}" for case in found.cases)
    print(
        f"{tenants:,} tenants, {records:,} records, {named:,} places that name {found.beings:,} users, hosts, addresses"
    )
    print(f"false merges that the records rule out    {found.false:6,}  {found.false / found.beings:9.4%}")
    print(f"false merges that nothing in them shows   {found.unknowable:6,}  {found.unknowable / found.beings:9.4%}")
    print(f"missed merges that own identifiers prove  {found.missed:6,}  {found.missed / found.beings:9.4%}")
    print(f"on several nodes for lack of proof        {found.unproved:6,}  {found.unproved / found.beings:9.4%}")
    print("of these:", ", ".join(f"{n} {name}" for name, n in what.most_common()) or "none")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Pages → alerts and evidence, beside parsers that keep nothing: ``python tests/benchmarks/bench_decode.py 100000``."""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate.scale.bench import decode

if __name__ == "__main__":
    for found in decode.run(int(sys.argv[1]) if sys.argv[1:] else 10_000):
        kept = {None: "", True: "  kept", False: "  MISSED"}[found.kept]
        budget = "" if found.budget is None else f" (budget {found.budget:g})"
        print(f"{found.size:8}  {found.measure:35} {found.note:20} {found.value:8.3f}{budget}{kept}")

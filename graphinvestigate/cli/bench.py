"""``graphinvestigate bench``: the budgets, measured on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    bench = commands.add_parser("bench", help="measure every budget on this machine, as ratios, side by side")
    bench.add_argument(
        "--rows", default="all", help="some of start, pull, layout, peers, decode, graph, index, timeline, lake, engine"
    )
    bench.add_argument("--sizes", default="1k,10k", help="how many alerts, such as 1k,10k,100k,1M (default: 1k,10k)")
    bench.add_argument("--output", type=Path, help="a folder for bench.json and bench.html, a page with charts")
    bench.add_argument(
        "--peer-python", metavar="PATH", help="the Python of an environment that has msticpy 3, for the row peers"
    )
    bench.set_defaults(run=_bench)


def _bench(chosen: argparse.Namespace) -> int:
    from graphinvestigate.scale.bench.command import run

    return run(chosen.rows, chosen.sizes, chosen.output, print, peer_python=chosen.peer_python)

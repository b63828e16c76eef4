"""``graphinvestigate freeze``: notebooks made static, a check for a hook, and a filter for git."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    freeze = commands.add_parser("freeze", help="make notebooks static, small and free of secrets")
    freeze.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="notebooks (.ipynb)")
    freeze.add_argument("--output", type=Path, help="where to write, of one notebook (default: …-frozen.ipynb beside)")
    freeze.add_argument("--in-place", action="store_true", help="replace each notebook by its frozen self")
    freeze.add_argument("--overwrite", action="store_true", help="replace files that are there")
    freeze.add_argument("--check", action="store_true", help="write nothing; fail where a notebook is not frozen")
    freeze.add_argument("--filter", action="store_true", help="from standard input to standard output, for git")
    freeze.add_argument("--strip", action="store_true", help="with --filter or --check: no outputs at all")
    freeze.add_argument("--mask-secrets", action="store_true", help="replace secrets instead of refusing them")
    freeze.set_defaults(run=_freeze)


def _freeze(chosen: argparse.Namespace) -> int:
    from graphinvestigate.cases.freezing.command import run

    return run(chosen, print)

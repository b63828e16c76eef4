"""``graphinvestigate freeze``: files, a check for a pre-commit hook, and a filter for git."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from graphinvestigate import text
from graphinvestigate.cases.freezing.notebooks import freeze_bytes, freeze_notebook
from graphinvestigate.errors import GraphInvestigateError, UsageError

Say = Callable[[str], None]


def run(chosen: argparse.Namespace, say: Say) -> int:
    """Run the command.

    Parameters
    ----------
    chosen : argparse.Namespace
        As `cli` declared.
    say : callable
        Takes a line for the reader.

    Returns
    -------
    int
        0, or 1 where a check failed.

    Raises
    ------
    GraphInvestigateError
        Something cannot be frozen.
    """
    if chosen.filter:
        if chosen.notebooks or chosen.check or chosen.in_place or chosen.output:
            raise UsageError("--filter reads standard input and takes no notebook, --check, --in-place or --output.")
        content = sys.stdin.buffer.read()
        frozen = freeze_bytes(content, name="the notebook", mask_secrets=chosen.mask_secrets, outputs=not chosen.strip)
        sys.stdout.buffer.write(frozen.content)
        sys.stdout.buffer.flush()
        return 0
    if not chosen.notebooks:
        raise UsageError("name a notebook: graphinvestigate freeze investigation.ipynb")
    if chosen.check:
        return _check(chosen, say)
    if chosen.strip:
        raise UsageError("--strip goes with --filter or --check.")
    if chosen.output is not None and (len(chosen.notebooks) != 1 or chosen.in_place):
        raise UsageError("--output is for one notebook, and not with --in-place.")
    for path in chosen.notebooks:
        to = path if chosen.in_place else chosen.output
        overwrite = chosen.overwrite or chosen.in_place
        made = freeze_notebook(path, to=to, overwrite=overwrite, mask_secrets=chosen.mask_secrets)
        say(f"{text.terminal(str(made[0]))}: {made.bytes:,} bytes, opens without a kernel.")
        if made.left_out:
            say(f"  left out: {text.terminal(', '.join(made.left_out), None)}")
        counts = made.personal["kind"].value_counts().sort_index()
        if len(counts):
            named = ", ".join(f"{kind}: {n}" for kind, n in counts.items())
            say(f"  it still names people and machines ({named}): gi.redact replaces them.")
    return 0


def _check(chosen: argparse.Namespace, say: Say) -> int:
    failed = 0
    for path in chosen.notebooks:
        shown = text.terminal(str(path))
        try:
            content = path.read_bytes()
            frozen = freeze_bytes(content, name=path.name, outputs=not chosen.strip)
        except (GraphInvestigateError, OSError) as error:
            say(f"{shown}: {error}")
            failed += 1
            continue
        if frozen.content != content:
            what = "its outputs removed" if chosen.strip else "it frozen"
            reason = f" ({text.terminal(', '.join(frozen.left_out), 200)})" if frozen.left_out else ""
            say(f"{shown} is not as it should be shared{reason}: have {what} with graphinvestigate freeze --in-place.")
            failed += 1
    return 1 if failed else 0

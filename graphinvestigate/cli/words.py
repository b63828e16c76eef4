"""What each command is for, in words for somebody who meets it first, and a line to try."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "demo": (
        "Investigate a tenant that lives in this process: no account, no network. Prints the queue, who and what "
        "matters and why, the path of the attack, what was asked and what is not known, and writes one HTML report.",
        ("graphinvestigate demo", "graphinvestigate demo --seed 7 --alerts 300 --case cases/demo"),
    ),
    "serve": (
        "Serve the demo tenant at an address of this machine, as Microsoft Graph would: for another Graph client, or "
        'for gi.connect_emulator("http://127.0.0.1:8080"). Ctrl-C stops it.',
        ("graphinvestigate serve --port 8080",),
    ),
    "lab": (
        "Open JupyterLab on the five notebooks, at the first, 01-first-investigation.ipynb. Needs the extra lab.",
        ("graphinvestigate lab",),
    ),
    "app": (
        "Open alert queue, entity graph and timeline as a web page, for people without notebooks: on the demo tenant, "
        "or on a case without its tenant. Reached from this machine only, by the address with its token. Needs the "
        "extra lab.",
        ("graphinvestigate app", "graphinvestigate app --case cases/INC-4711"),
    ),
    "verify": (
        "Compare every file of a case with the hashes in its manifest, and name what was changed, is missing or should "
        "not be there. Ends with status 3 where something is not as it was saved.",
        ("graphinvestigate verify cases/INC-4711",),
    ),
    "replay": (
        "Rebuild tables, entity graph, timeline and report of a case from its raw records alone, with no tenant, and "
        "say what differs from what was saved. Ends with status 3 where something does.",
        ("graphinvestigate replay cases/INC-4711 --output again.html",),
    ),
    "report": (
        "Write a case as one HTML file that opens with no network and prints, or as Markdown for a ticket.",
        (
            "graphinvestigate report cases/INC-4711 --output INC-4711.html",
            "graphinvestigate report cases/INC-4711 --output INC-4711.md",
        ),
    ),
    "diff": (
        "Say in words what is new in a case since an older copy of it: alerts, incidents, risk, notes, the verdict.",
        ("graphinvestigate diff cases/INC-4711 --before backup/INC-4711",),
    ),
    "freeze": (
        "Make notebooks that can be shared: no kernel needed, no widget state, no scripts, under 1 MB. Refuses one in "
        "which a token or a password is written out, and says who is named. The live notebook stays.",
        ("graphinvestigate freeze investigation.ipynb", "graphinvestigate freeze --check *.ipynb"),
    ),
    "watch": (
        "Poll a tenant for what changed. Events go to a file, to standard output or to a collector; open cases are "
        "kept up to date; with --open each new, grave incident becomes a case with a report and a ticket. "
        "Killed and started again, it loses no event.",
        (
            "graphinvestigate watch --tenant-id … --client-id … --state watch --to-file events.jsonl",
            "graphinvestigate watch --tenant-id … --client-id … --state watch --cases cases --open --to-stdout",
        ),
    ),
    "bench": (
        "Measure this package's budgets on this machine. Each is a ratio of two things measured side by side in one "
        "run (ours and a reference), so that it means the same on a slow machine. Needs the extra bench.",
        ("graphinvestigate bench --rows decode,graph --sizes 1k,10k --output bench",),
    ),
}


def explain(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    """Give each command its words: what it is for above its options, lines to try below them."""
    for name, parser in parsers.items():
        description, lines = WORDS[name]
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.description = textwrap.fill(description, 88)
        tried = "\n".join(["try:", *(f"  {line}" for line in lines)])
        parser.epilog = f"{tried}\n\n{textwrap.fill(parser.epilog, 88)}" if parser.epilog else tried

"""``graphinvestigate verify | replay | report | diff``: what can be done with a saved case, without a tenant."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from graphinvestigate.errors import UsageError
from graphinvestigate.text import terminal

CHANGED = 3  # what was looked at is not what was saved


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
    for name, run, words in (
        ("verify", _verify, "name every file of a case that was changed, is missing or is extra"),
        ("replay", _replay, "rebuild a case from its raw records, with no tenant, and say what differs"),
        ("report", _report, "write a case as one HTML file, or as Markdown for a ticket"),
        ("diff", _diff, "say in words what is new in a case since an older copy of it"),
    ):
        command = commands.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        command.add_argument("case", nargs="?", type=Path, help="the folder (or zip) of the case")
        command.add_argument("--case", dest="case_option", type=Path, metavar="CASE", help="the same, as an option")
        command.set_defaults(run=run)
        if name == "report":
            command.add_argument("--output", type=Path, help="the file; a name that ends in .md gives Markdown")
        if name == "replay":
            command.add_argument("--output", type=Path, help="write the rebuilt report here")
        if name == "diff":
            command.add_argument("--before", type=Path, required=True, help="the older copy")


def _path(chosen: argparse.Namespace) -> Path:
    path = chosen.case_option or chosen.case
    if path is None or (chosen.case and chosen.case_option):
        raise UsageError(f"name one case: graphinvestigate {chosen.command} --case FOLDER")
    return Path(path)


def _verify(chosen: argparse.Namespace) -> int:
    from graphinvestigate.cases.saving import Place

    path = _path(chosen)
    stored = Place(path).read()
    for problem in stored.problems:
        print(terminal(problem, None))
    if stored.problems:
        count = f"{len(stored.problems)} problem{'s' if len(stored.problems) > 1 else ''}"
        print(f"{count} in {terminal(str(path))}: this is not what was saved.", file=sys.stderr)
        return CHANGED
    manifest = stored.manifest
    print(f"{len(manifest.files)} files are what the case saved at {manifest.saved[:19]} UTC says.")
    what = "files and manifest" if manifest.version > 1 else "all files, of version 1 without the manifest"
    print(f"SHA-256 of {what}: {manifest.content_sha256} (compare it with what was written down then)")
    return 0


def _replay(chosen: argparse.Namespace) -> int:
    from graphinvestigate.cases import open_case
    from graphinvestigate.files import write_atomic

    path = _path(chosen)
    if chosen.output is not None:
        _check_output(chosen.output, path)
    found = open_case(path).replay()
    for name, (then, here) in found.versions_differ.items():
        print(f"{name}: saved with {terminal(then)}, rebuilt with {here}")
    for difference in found.differences:
        print(terminal(difference, None))
    for more in found.beyond:
        print(terminal(f"beyond the records, as it was saved: {more}", None))
    if chosen.output is not None:
        print(f"Report: {write_atomic(chosen.output, found.report)}")
    print(found.sentence)
    return CHANGED if found.differences else 0


def _check_output(output: Path, case: Path) -> None:
    """Refuse what can't be written, or would change the case, before any work is done."""
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise UsageError(f"--output names a file to write in a folder that exists; {output} is not one.")
    if case.is_dir() and case.absolute() in output.absolute().parents:
        raise UsageError("--output lies inside the case, where verify would call it an extra file: name another place.")


def _report(chosen: argparse.Namespace) -> int:
    from graphinvestigate.cases import open_case
    from graphinvestigate.files import write_atomic

    path = _path(chosen)
    case = open_case(path)
    output = chosen.output or path.absolute().with_name(f"{path.absolute().stem}-report.html")
    _check_output(output, path)
    if output.suffix.casefold() in (".md", ".markdown"):
        write_atomic(output, case.markdown())
    else:
        case.report(output)
    print(f"Report: {output}")
    return 0


def _diff(chosen: argparse.Namespace) -> int:
    from graphinvestigate.cases import open_case

    found = open_case(_path(chosen)).diff(open_case(chosen.before))
    print(terminal(str(found), None) if not found.sentences else "\n".join(terminal(s, None) for s in found.sentences))
    return 0

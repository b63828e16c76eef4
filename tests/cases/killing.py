"""Run by test_saving.py: saves a case again and again, killed at every step it takes on disk.

Usage: killing.py FOLDER new|again [--save whole|in-place] [--stride N]. For each n it starts a process that is killed
right before the n-th time it touches the disk while saving, then looks at what is left. Prints one JSON object.
`in-place` saves as a program would that gives it no thought, to show that this would be noticed.
"""

from __future__ import annotations

import argparse
import builtins
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import graphinvestigate as gi
from graphinvestigate.cases import case as cases
from graphinvestigate.cases.contents import files_of
from graphinvestigate.cases.manifest import FileEntry
from graphinvestigate.errors import BadFileError
from graphinvestigate.files import sha256

TOUCHES = ("open", "mkdir", "rename", "replace", "unlink", "rmdir", "fsync", "chmod")


def arm(fatal: int) -> None:
    """Die, as by kill -9, right before the n-th time the disk is touched."""
    count = 0

    def touching(real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    for name in TOUCHES:
        setattr(os, name, touching(getattr(os, name)))
    builtins.open = touching(open)
    Path.write_bytes = touching(Path.write_bytes)  # type: ignore[method-assign]


def in_place(case: Any, folder: Path) -> None:
    """Write file over file, the manifest last."""
    files = {name: b"".join(pieces) for name, pieces in files_of(case._contents).items()}
    named = {name: FileEntry(sha256(data), len(data)) for name, data in files.items()}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "manifest.json").write_bytes(replace(case.manifest, files=named).to_bytes())


def attempt(case: Any, folder: Path, fatal: int, how: str) -> bool:
    """Save in a child that dies at a step; whether it lived to the end."""
    child = os.fork()
    if child == 0:
        arm(fatal)
        in_place(case, folder) if how == "in-place" else case.save(folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def look(folder: Path) -> tuple[list[str], int]:
    """The notes of what lies there, and how many problems it has; no case at all is no notes."""
    try:
        case = gi.open_case(folder)
    except BadFileError:
        return [], 0
    try:
        return case.notes["text"].tolist(), len(case.verify())
    except BadFileError:
        return [], 1


def main(work: Path, how: str, save: str, stride: int) -> dict[str, Any]:
    """Kill at every step; what was found after each, and after the save that follows it."""
    start = gi.Case("INC-1")
    start.add(gi.read_records("alerts", [{"id": "a", "title": "one", "createdDateTime": "2026-01-01T00:00:00Z"}]))
    start.add(start.graph)
    start.note("old")
    original = start.save(work / "original")
    # What a case derives takes nine tenths of the time of a save and touches no disk: it is worked out once.
    derived = start.manifest.derived
    cases.derived = lambda manifest, contents: derived  # type: ignore[assignment]
    seen, after, torn = [], [], []
    step = kills = 0
    while True:
        step += stride if kills else 1
        folder = work / f"case-{step}"
        if how == "again":
            shutil.copytree(original, folder)
            case = gi.open_case(folder)
            case.add(gi.read_records("risky_users", [{"id": "u", "userPrincipalName": "u@x.example"}]))
        else:
            case = gi.open_case(original)
        case.note("new")
        case.graph  # noqa: B018 (made here, where no step is counted)
        lived = attempt(case, folder, step, save)
        notes, problems = look(folder)
        seen.append(notes)
        torn += [step] if problems else []
        kills += not lived
        if not lived and not problems:
            later = gi.open_case(folder) if notes else case
            later.note("later")
            later.save(folder)
            notes, problems = look(folder)
            after.append(notes)
            torn += [step] if problems else []
            left = [one.name for one in work.iterdir() if one.name.startswith(f".case-{step}.")]
            torn += [step] if left else []
        shutil.rmtree(folder, ignore_errors=True)
        if lived:
            return {"kills": kills, "seen": seen, "after": after, "torn": torn}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=Path)
    parser.add_argument("how", choices=["new", "again"])
    parser.add_argument("--save", choices=["whole", "in-place"], default="whole")
    parser.add_argument("--stride", type=int, default=1)
    chosen = parser.parse_args()
    print(json.dumps(main(chosen.work, chosen.how, chosen.save, chosen.stride)))  # noqa: T201 (the answer)

"""Run by test_saving.py: saves a case again and again, killed at every step it takes on disk.

Usage: killing.py FOLDER new|again. For each number n it starts a process that is killed right before the n-th time it
touches the disk while saving, then looks at what is left. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import graphinvestigate as gi
from graphinvestigate.errors import BadFileError

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


def attempt(case: Any, folder: Path, fatal: int) -> bool:
    """Save in a child that dies at a step; whether it lived to the end."""
    child = os.fork()
    if child == 0:
        arm(fatal)
        case.save(folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def look(folder: Path) -> tuple[list[str], int]:
    """The notes of what lies there, and how many problems it has; no case at all is no notes."""
    try:
        case = gi.open_case(folder)
    except BadFileError:
        return [], 0
    return case.notes["text"].tolist(), len(case.verify())


def main(work: Path, how: str) -> dict[str, Any]:
    """Kill at every step; what was found after each, and after the save that follows it."""
    start = gi.Case("INC-1")
    start.add(gi.read_records("alerts", [{"id": "a", "title": "one", "createdDateTime": "2026-01-01T00:00:00Z"}]))
    start.add(start.graph)
    start.note("old")
    original = start.save(work / "original")
    seen, after, torn, step = [], [], [], 0
    while True:
        step += 1
        folder = work / f"case-{step}"
        if how == "again":
            shutil.copytree(original, folder)
            case = gi.open_case(folder)
            case.add(gi.read_records("risky_users", [{"id": "u", "userPrincipalName": "u@x.example"}]))
        else:
            case = gi.open_case(original)
        case.note("new")
        lived = attempt(case, folder, step)
        notes, problems = look(folder)
        seen.append(notes)
        torn += [step] if problems else []
        if not lived:
            later = gi.open_case(folder) if notes else case
            later.note("later")
            later.save(folder)
            after.append(look(folder)[0])
            torn += [step] if look(folder)[1] else []
            left = [one.name for one in work.iterdir() if one.name.startswith(f".case-{step}.")]
            torn += [step] if left else []
        shutil.rmtree(folder, ignore_errors=True)
        if lived:
            return {"steps": step - 1, "seen": seen, "after": after, "torn": torn}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))  # noqa: T201 (the answer)

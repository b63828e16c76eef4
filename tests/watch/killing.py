"""Run by test_watch.py: polls again and again, killed later each time. Usage: killing.py FOLDER STEPS STRIDE.

Each poll runs in a process of its own that is killed, as by kill -9, when it has entered or left so many functions of
the watch; the next one goes on over what is left. Prints how many were killed. The tenant is made once, and each
process has it within itself: nobody waits for Graph's one request a second.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import graphinvestigate as gi
from graphinvestigate.watch import FileSink, Wanted, Watch

PLACE = f"{os.sep}graphinvestigate{os.sep}watch{os.sep}"


def arm(fatal: int) -> None:
    """Die when so many functions of the watch were entered or left."""
    count = 0

    def count_and_die(frame: Any, event: str, _: Any) -> None:
        nonlocal count
        if event in ("call", "return") and PLACE in frame.f_code.co_filename:
            count += 1
            if count == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count_and_die)


def poll(client: gi.GraphClient, folder: Path) -> None:
    """One poll."""
    with Watch(
        client, folder / "state", [FileSink(folder / "events.jsonl")],
        cases=folder / "cases", wanted=Wanted(), since="4d", look_back="5d",
    ) as watch:  # fmt: skip
        watch.poll()


def main(folder: Path, steps: int, stride: int) -> int:
    """Kill polls at ever later moments, then let one live; how many were killed."""
    client = gi.connect_demo(seed=4, alerts=30)
    killed = 0
    for number in range(steps + 1):
        child = os.fork()
        if child == 0:
            if number < steps:
                arm(1 + number * stride)
            poll(client, folder)
            os._exit(0)
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
    return killed


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))  # noqa: T201 (the answer)

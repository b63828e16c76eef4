"""The budgets of starting: the import, the first rows and figure, and how much is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from statistics import median

from graphinvestigate.scale.bench.measure import Finding
from graphinvestigate.scale.bench.synthetic import alert_pages

_ROUNDS = 15  # fresh interpreters of each kind; the one in the middle counts
# What `resource` tells on Linux begins with the memory of whoever started a program.
HELD = """
def held():
    try:
        return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024
    except OSError:
        import resource, sys
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
"""
_READY = """
import json, sys, time
wall, processor = time.perf_counter(), time.process_time()
import httpx
import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential

body = open(sys.argv[1], "rb").read()
tenant = "11111111-2222-4333-8444-555555555555"
head = {"Date": "Mon, 06 Apr 2026 10:00:00 GMT"}
transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body, headers=head))
with gi.connect(tenant_id=tenant, transport=transport, credential=EmulatorCredential(tenant)) as client:
    alerts = gi.list_alerts(client)
evidence = gi.evidence(alerts)
import plotly.graph_objects as go
go.Figure(go.Scattergl(x=[1], y=[2]))
used = held()
print(json.dumps([time.perf_counter() - wall, time.process_time() - processor, used, len(evidence)]))
"""


def start(size: int) -> Iterator[Finding]:
    """Measure the start in fresh interpreters, whatever the size.

    Parameters
    ----------
    size : int
        Of the run.

    Yields
    ------
    Finding
    """
    del size
    with tempfile.TemporaryDirectory() as folder:
        yield from _started(Path(folder))
    if (count := distributions("graphinvestigate")) is not None:
        yield Finding("start", 0, "distributions of the core", count, 52)


def as_installed(folder: Path) -> dict[str, str]:
    """Give the environment of a package that was installed: its bytecode is there, and is not compiled at each start.

    Parameters
    ----------
    folder : Path
        Where the bytecode goes, at the first start.

    Returns
    -------
    dict of str to str
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def _started(folder: Path) -> Iterator[Finding]:
    environment = as_installed(folder)
    path = folder / "answer.json"
    path.write_bytes(next(alert_pages(100)))
    ready = [sys.executable, "-c", HELD + _READY, str(path)]
    for warm in (ready, [sys.executable, "-c", "import graphinvestigate"]):
        run(warm, environment)
    rounds = [(_taken("pass", environment), _taken("import graphinvestigate", environment)) for _ in range(_ROUNDS)]
    bare, ours = ([median(values) for values in zip(*side, strict=True)] for side in zip(*rounds, strict=True))
    yield Finding("start", 0, "import / bare interpreter", ours[0] / bare[0], 1.3)
    yield Finding("start", 0, "import / bare interpreter, processor", ours[1] / bare[1])
    rows = [json.loads(run(ready, environment)) for _ in range(5)]
    wall, processor, used, _ = map(median, zip(*rows, strict=True))
    yield Finding("start", 0, "ready, s", wall, 0.7, note="fetch, two frames, a figure")
    yield Finding("start", 0, "ready, s of processor", processor)
    yield Finding("start", 0, "ready, MB", used, 200)


def distributions(name: str) -> int | None:
    """Count what an installed distribution needs, extras left out; None where something of it is not installed.

    Parameters
    ----------
    name : str

    Returns
    -------
    int or None
    """
    seen: set[str] = set()
    todo = [name]
    while todo:
        try:
            asked = requires(todo.pop()) or []
        except PackageNotFoundError:
            return None
        for line in asked:
            wanted, _, marker = line.partition(";")
            found = re.match(r"[A-Za-z0-9._-]+", wanted.strip())
            if found is None or "extra ==" in marker or not _holds(marker):
                continue
            key = re.sub(r"[-_.]+", "-", found[0]).lower()
            if key not in seen:
                seen.add(key)
                todo.append(key)
    return len(seen)


def _holds(marker: str) -> bool:
    if not marker.strip():
        return True
    from packaging.markers import Marker

    return Marker(marker).evaluate({"extra": ""})


def _taken(code: str, environment: Mapping[str, str]) -> tuple[float, float]:
    """Return seconds, and seconds of processor, of a fresh interpreter."""
    begun, before = time.perf_counter(), _processor()
    run([sys.executable, "-c", code], environment)
    return time.perf_counter() - begun, _processor() - before


def _processor() -> float:
    import resource  # not everywhere

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: list[str], environment: Mapping[str, str] | None = None, *, timeout: float | None = None) -> str:
    """Run a program to its end, and give what it printed.

    Parameters
    ----------
    command : list of str
    environment : mapping of str to str, optional
        This process's own where not given.
    timeout : float, optional
        Seconds.

    Returns
    -------
    str
    """
    done = subprocess.run(  # noqa: S603 (our own code, by an interpreter that the caller named)
        command, check=True, capture_output=True, text=True, env=environment, timeout=timeout
    )
    return done.stdout

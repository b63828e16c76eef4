"""The budgets of starting: the import, the first rows and figure, and how much is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from graphinvestigate.scale.bench.measure import Finding
from graphinvestigate.scale.bench.synthetic import alert_pages

_ROUNDS = 9
_READY = """
import json, resource, sys, time
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
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
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
    rounds = [(_taken("pass"), _taken("import graphinvestigate")) for _ in range(_ROUNDS)]
    bare, ours = ([min(values) for values in zip(*side, strict=True)] for side in zip(*rounds, strict=True))
    yield Finding("start", 0, "import / bare interpreter", ours[0] / bare[0], 1.3)
    yield Finding("start", 0, "import / bare interpreter, processor", ours[1] / bare[1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.json"
        path.write_bytes(next(alert_pages(100)))
        rows = [json.loads(_run([sys.executable, "-c", _READY, str(path)])) for _ in range(3)]
    yield Finding("start", 0, "ready, s", min(row[0] for row in rows), 0.7, note="fetch, two frames, a figure")
    yield Finding("start", 0, "ready, s of processor", min(row[1] for row in rows))
    yield Finding("start", 0, "ready, MB", min(row[2] for row in rows), 200)
    if (count := distributions("graphinvestigate")) is not None:
        yield Finding("start", 0, "distributions of the core", count, 52)


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


def _taken(code: str) -> tuple[float, float]:
    """Return seconds, and seconds of processor, of a fresh interpreter."""
    begun, before = time.perf_counter(), _processor()
    _run([sys.executable, "-c", code])
    return time.perf_counter() - begun, _processor() - before


def _processor() -> float:
    import resource  # not everywhere

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 (our own code)

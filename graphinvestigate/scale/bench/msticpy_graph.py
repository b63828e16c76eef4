"""Alerts into msticpy's entity graph: a program of its own, for an interpreter that has msticpy and not this package.

``python msticpy_graph.py rows.json`` reads a list of rows of Microsoft Sentinel's table `SecurityAlert` and prints one
line of JSON. The call is the one of msticpy's documentation: ``EntityGraph(alerts)`` with a DataFrame of alerts.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any


def main(path: str) -> dict[str, Any]:
    """Measure the import and the graph.

    Parameters
    ----------
    path : str
        A JSON file of rows.

    Returns
    -------
    dict
    """
    rows = json.loads(Path(path).read_text(encoding="utf-8"))
    begun, processor = time.perf_counter(), time.process_time()
    import pandas as pd
    from msticpy.vis.entity_graph_tools import EntityGraph

    found: dict[str, Any] = {
        "version": version("msticpy"),
        "import_seconds": time.perf_counter() - begun,
        "import_processor": time.process_time() - processor,
        "import_mb": _megabytes(),
    }
    frame = pd.DataFrame(rows)
    begun, processor = time.perf_counter(), time.process_time()
    graph = EntityGraph(frame).graph
    found |= {
        "graph_seconds": time.perf_counter() - begun,
        "graph_processor": time.process_time() - processor,
        "graph_mb": _megabytes(),
        "nodes": graph.number_of_nodes(),
        "edges": graph.number_of_edges(),
        "alerts": sum(str(kind).lower() in ("alert", "securityalert") for _, kind in graph.nodes(data="Type")),
    }
    return found


def _megabytes() -> float:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except OSError:
        import resource  # on Linux it begins with the memory of whoever started this program

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    said = io.StringIO()
    with contextlib.redirect_stdout(said):  # it shows notebook output while it works
        answer = main(sys.argv[1])
    sys.stdout.write(json.dumps(answer) + "\n")

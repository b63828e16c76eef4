"""Frames → entity graph, next to bare networkx with the same edges: ``python tests/benchmarks/bench_graph.py``.

Each side runs in a process of its own, one after the other, garbage collector off; times are processor time. Two
tenants: the demo's (new entities in nearly every alert) and one where alerts meet the same users, devices, files and
addresses again and again, as in a company.
"""

# ruff: noqa: T201 (it prints its findings, and draws no secrets)

from __future__ import annotations

import gc
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graphinvestigate as gi
from graphinvestigate import frames
from graphinvestigate.linking import Entity
from graphinvestigate.linking.entity_graph import edge_table

BUDGET = 2.5
SIDES = ("graph", "bare", "columns")
SIZES = (1_000, 10_000, 100_000)
TEXT = "A process was seen that reads the memory of the security authority. Check what it did before and after. " * 8


def busy_alerts(size: int) -> pd.DataFrame:
    """Alerts of a company: four items each, entities met about as unevenly as people and machines are."""
    rng = random.Random(7)
    pools = {"user": size // 15 + 20, "host": size // 15 + 20, "file": size // 10 + 20, "ip": size // 20 + 20}

    def pick(what: str) -> int:
        return int(pools[what] * rng.random() ** 3)

    def item(kind: str, **properties: Any) -> dict[str, Any]:
        return {
            "@odata.type": f"#microsoft.graph.security.{kind}Evidence", "createdDateTime": "2026-02-03T10:15:00Z",
            "verdict": rng.choice(["suspicious", "malicious", "unknown"]), "remediationStatus": "none",
            "roles": rng.choice([[], ["compromised"]]), "tags": [], **properties,
        }  # fmt: skip

    def account(n: int) -> dict[str, Any]:
        return {
            "accountName": f"user{n}", "domainName": "CONTOSO", "userSid": f"S-1-5-21-1-2-3-{n}",
            "azureAdUserId": f"{n:08x}-0000-4000-8000-000000000000", "userPrincipalName": f"user{n}@contoso.com",
            "displayName": f"User {n}",
        }  # fmt: skip

    def image(n: int) -> dict[str, Any]:
        hashes = {"sha256": f"{n:064x}", "sha1": f"{n:040x}"}
        return {**hashes, "fileName": f"tool{n}.exe", "filePath": "C:\\Tools", "fileSize": 1000 + n}

    pages = []
    for start in range(0, size, 1000):
        records = []
        for number in range(start, min(start + 1000, size)):
            user, host, file = pick("user"), pick("host"), pick("file")
            device = f"{host:040x}"
            when = f"2026-02-{number % 27 + 1:02d}T{number % 24:02d}:{number % 60:02d}:30.5Z"
            names = {"deviceDnsName": f"pc{host}.contoso.com", "hostName": f"PC{host}"}
            evidence = [
                item("device", mdeDeviceId=device, **names, osPlatform="Windows11",
                     ipInterfaces=[f"10.0.{host % 250}.{host % 200}"], lastIpAddress=f"10.0.{host % 250}.{host % 200}",
                     loggedOnUsers=[{"accountName": f"user{user}", "domainName": "CONTOSO"}]),
                item("user", userAccount=account(user)),
                item("process", processId=number % 9000, processCreationDateTime=when, mdeDeviceId=device,
                     parentProcessId=668, parentProcessCreationDateTime="2026-02-01T08:00:00Z",
                     processCommandLine=f"tool{file}.exe -run", imageFile=image(file), userAccount=account(user)),
                item("ip", ipAddress=f"198.51.{pick('ip') % 250}.{pick('ip') % 250}", countryLetterCode="NL"),
            ]  # fmt: skip
            records.append({
                "id": f"a{number}", "tenantId": "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c", "incidentId": str(number // 4),
                "title": "Suspicious process", "severity": "medium", "status": "new", "category": "Execution",
                "description": TEXT, "recommendedActions": TEXT, "serviceSource": "microsoftDefenderForEndpoint",
                "createdDateTime": when, "lastUpdateDateTime": when, "firstActivityDateTime": when,
                "lastActivityDateTime": when, "evidence": evidence,
            })  # fmt: skip
        pages.append(json.dumps({"value": records}).encode())
    return frames.read_records("alerts", pages)


def demo_alerts(size: int) -> pd.DataFrame:
    """Alerts of the demo tenant."""
    return gi.list_alerts(gi.connect_demo(alerts=size))


TENANTS = {"company": busy_alerts, "demo": demo_alerts}


def resident() -> float:
    """Megabytes that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def bare(edges: list[tuple[Any, Any, str]]) -> nx.MultiDiGraph:
    """The same nodes and edges, and nothing on them."""
    g = nx.MultiDiGraph()
    g.add_edges_from(edges)
    return g


def measure(tenant: str, size: int) -> None:
    """Print times and memory, and the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        sides = {side: in_child(tenant, size, side, Path(folder) / "edges.json") for side in SIDES}
    (mine, held, nodes, edges, references), (other, bare_held, *_), (columns, *_) = (sides[side] for side in SIDES)
    print(
        f"{tenant:8}{size:8,} {nodes:8,.0f} {edges:9,.0f} {references:10,.0f}  {mine:7.2f} s {other:7.2f} s "
        f"{mine / other:6.2f}   {columns:6.2f} s {columns / other:6.2f}   {held:6.0f} MB {bare_held:6.0f} MB",
        flush=True,
    )


def in_child(tenant: str, size: int, side: str, edges: Path) -> list[float]:
    """What one side takes in a process of its own, so that neither finds memory that the other left."""
    command = [sys.executable, __file__, tenant, str(size), side, str(edges)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def child(tenant: str, size: int, side: str, path: Path) -> None:
    """Do one side's work and print seconds, megabytes, and how many nodes, edges and references there are."""
    if side == "bare":
        edges = stored(path)
        work: Callable[[], Any] = lambda: bare(edges)  # noqa: E731
    else:
        alerts = TENANTS[tenant](size)
        gi.entity_graph(alerts=alerts.head(50))  # what is loaded and compiled once
        build = gi.entity_graph if side == "graph" else edge_table
        work = lambda: build(alerts=alerts)  # noqa: E731
    gc.collect()
    gc.disable()
    before, start = resident(), time.process_time()
    result = work()
    seconds = time.process_time() - start
    gc.collect()
    held = resident() - before
    if side != "graph":
        print(json.dumps([seconds, held]))
        return
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps([u, v, key]) + "\n" for u, v, key in result.edges(keys=True))
    references = sum(count for *_, count in result.edges(data="count"))
    print(json.dumps([seconds, held, len(result), result.size(), references]))


def stored(path: Path) -> list[tuple[Any, Any, str]]:
    """Edges as the graph has them: each node one object."""
    nodes: dict[tuple[str, str], Any] = {}
    edges = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            *ends, key = json.loads(line)
            u, v = (nodes.setdefault((kind, name), Entity(kind, name)) for kind, name in ends)
            edges.append((u, v, sys.intern(key)))
    return edges


def main() -> None:
    """Measure and print."""
    print(
        "tenant    alerts    nodes     edges references     graph      bare  ratio   columns  ratio    memory   bare's"
    )
    for tenant in TENANTS:
        for size in SIZES:
            measure(tenant, size)
    print(f"budget: the graph in {BUDGET} x bare networkx; `columns` is the same without networkx (`edge_table`)")


if __name__ == "__main__":
    if len(sys.argv) > 4:
        child(sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    elif len(sys.argv) > 2:
        measure(sys.argv[1], int(sys.argv[2]))
    else:
        main()

"""A pull of 100 pages, one after the other and in pieces: ``python tests/benchmarks/bench_pull.py``."""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import bisect
import re
import sys
import threading
import time
from pathlib import Path

import httpx
import orjson
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.demo.tenant import build_tenant

LATENCY = 0.150
PAGES, PAGE_SIZE = 100, 10
PATH = "security/alerts_v2"


class Far(httpx.BaseTransport):
    """Alerts at a distance, rendered beforehand, so that the pull is timed and not the emulator's filter."""

    def __init__(self, alerts: list[dict]) -> None:
        self.alerts = sorted(alerts, key=lambda alert: pd.Timestamp(alert["createdDateTime"]))
        self.times = [pd.Timestamp(alert["createdDateTime"]) for alert in self.alerts]
        self.bodies = [orjson.dumps(alert) for alert in self.alerts]
        self.now = f"{self.times[-1] + pd.Timedelta(hours=1):%a, %d %b %Y %H:%M:%S GMT}"
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a page after the latency."""
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(LATENCY)
        asked = request.url.params
        window = dict(re.findall(r"createdDateTime (ge|lt) (\S+)", asked.get("$filter", "")))
        first = bisect.bisect_left(self.times, pd.Timestamp(window["ge"])) if "ge" in window else 0
        end = bisect.bisect_left(self.times, pd.Timestamp(window["lt"])) if "lt" in window else len(self.times)
        skipped, size = int(asked.get("$skip", "0")), int(asked.get("$top", "100"))
        stop = end - skipped
        start = max(first, stop - size)
        body = b'{"@odata.count":%d,"value":[%s]' % (end - first, b",".join(self.bodies[start:stop][::-1]))
        if start > first:
            link = str(request.url.copy_set_param("$skip", str(skipped + size)))
            body += b',"@odata.nextLink":' + orjson.dumps(link)
        with self._lock:
            self.at_once -= 1
        return httpx.Response(200, headers={"Date": self.now}, content=body + b"}", request=request)


def pulled(alerts: list[dict], since: str, concurrent: int | None) -> tuple[float, int, float, int, list[str]]:
    """Seconds, requests, seconds waited, requests at once and ids of one pull by a client of its own."""
    far = Far(alerts)
    credential = EmulatorCredential("00000000-0000-4000-8000-000000000000")
    with connect(tenant_id=credential.tenant_id, transport=far, credential=credential) as client:
        client.now()
        start, before = time.perf_counter(), client.requests_made
        frame = gi.list_alerts(client, since=since, page_size=PAGE_SIZE, concurrent=concurrent)
        taken = time.perf_counter() - start
        return taken, client.requests_made - before, client.waited_seconds, far.most_at_once, list(frame["id"])


def main() -> None:
    """Print both pulls."""
    tenant = build_tenant(0, PAGES * PAGE_SIZE)
    alerts = list(tenant.collections[PATH])
    since = min(alert["createdDateTime"] for alert in alerts)
    print(f"{PAGES} pages of {PAGE_SIZE} alerts at {LATENCY * 1000:.0f} ms latency; the client's own limits in force")
    one = pulled(alerts, since, 1)
    many = pulled(alerts, since, None)
    for name, (taken, requests, waited, at_once, _) in (("one after the other", one), ("in pieces", many)):
        print(f"  {name:20} {taken:6.2f} s  {requests:4} requests, {at_once} at once, {waited:.1f} s waited")
    print(
        f"  in pieces / one after the other: {many[0] / one[0]:.2f}; the same {len(many[4])} rows: {one[4] == many[4]}"
    )


if __name__ == "__main__":
    main()

"""The budget of pulling: 100 pages at a distance, one after the other and in pieces."""

from __future__ import annotations

import bisect
import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pandas as pd

from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.queries import list_alerts
from graphinvestigate.scale.bench.measure import Finding
from graphinvestigate.scale.bench.synthetic import alert_pages

LATENCY = 0.150
PAGES, PAGE_SIZE = 100, 50
_TENANT = "11111111-2222-4333-8444-555555555555"


class _Far(httpx.BaseTransport):
    """Alerts at a distance, rendered beforehand, so that the pull is timed and no service."""

    def __init__(self, alerts: list[dict[str, Any]]) -> None:
        self.alerts = sorted(alerts, key=lambda alert: pd.Timestamp(alert["createdDateTime"]))
        self.times = [pd.Timestamp(alert["createdDateTime"]) for alert in self.alerts]
        self.bodies = [json.dumps(alert).encode() for alert in self.alerts]
        self.now = f"{self.times[-1] + pd.Timedelta(hours=1):%a, %d %b %Y %H:%M:%S GMT}"
        self.asked = 0
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a page after the latency."""
        time.sleep(LATENCY)
        with self._lock:
            self.asked += 1
        asked = request.url.params
        window = dict(re.findall(r"createdDateTime (ge|lt) (\S+)", asked.get("$filter", "")))
        first = bisect.bisect_left(self.times, pd.Timestamp(window["ge"])) if "ge" in window else 0
        end = bisect.bisect_left(self.times, pd.Timestamp(window["lt"])) if "lt" in window else len(self.times)
        skipped, size = int(asked.get("$skip", "0")), int(asked.get("$top", "100"))
        stop = end - skipped
        begin = max(first, stop - size)
        body = b'{"@odata.count":%d,"value":[%s]' % (end - first, b",".join(self.bodies[begin:stop][::-1]))
        if begin > first:
            link = str(request.url.copy_set_param("$skip", str(skipped + size)))
            body += b',"@odata.nextLink":' + json.dumps(link).encode()
        return httpx.Response(200, headers={"Date": self.now}, content=body + b"}", request=request)


def pull(size: int) -> Iterator[Finding]:
    """Measure a pull of 100 pages at 150 ms, whatever the size.

    Parameters
    ----------
    size : int
        Of the run.

    Yields
    ------
    Finding
    """
    del size
    alerts = [record for page in alert_pages(PAGES * PAGE_SIZE) for record in json.loads(page)["value"]]
    since = min(alert["createdDateTime"] for alert in alerts)
    one, many = (_pulled(alerts, since, concurrent) for concurrent in (1, None))
    rows = PAGES * PAGE_SIZE
    yield Finding("pull", rows, "in pieces / one after the other", many[0] / one[0], 0.25, note=f"{many[1]} requests")
    network = one[1] * LATENCY
    yield Finding("pull", rows, "time / network alone", one[0] / network, note="decoding hides behind the network")


def _pulled(alerts: list[dict[str, Any]], since: str, concurrent: int | None) -> tuple[float, int]:
    far = _Far(alerts)
    with connect(tenant_id=_TENANT, transport=far, credential=EmulatorCredential(_TENANT)) as client:
        client.now()
        begun, before = time.perf_counter(), far.asked
        frame = list_alerts(client, since=since, page_size=PAGE_SIZE, concurrent=concurrent)
        taken = time.perf_counter() - begun
        assert sorted(frame["id"]) == sorted(alert["id"] for alert in alerts)
        return taken, far.asked - before

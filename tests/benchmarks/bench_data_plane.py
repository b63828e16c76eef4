"""The data plane's figures: ``python tests/benchmarks/bench_data_plane.py [storm] [pull] [sdk]``; none: all three.

storm   a 50 % failure storm on 100 pages, 20 seeds: requests, early calls, lost rows; time is simulated
pull    100 pages at 150 ms latency, one after the other and in pieces (`graphinvestigate bench`'s row)
sdk     rows per second against Microsoft's `msgraph-sdk` and bare httpx with json, on one server of rendered pages
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import graphinvestigate as gi
from graphinvestigate.client import EmulatorCredential, connect
from graphinvestigate.demo.tenant import build_tenant
from graphinvestigate.scale.bench.pulling import pull

PAGES, PER_PAGE, SEEDS = 100, 10, 20
ALERTS = "/v1.0/security/alerts_v2"
STATUSES = (429, 500, 502, 503, 504)
TENANT = "00000000-0000-4000-8000-000000000000"
ROWS, PAGE = 2_000, 500


class Storm(httpx.BaseTransport):
    """Pages of which every second request for one fails; 429 names a time, and who asks before it is counted."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.requests = self.failed = self.early = 0
        self.not_before = 0.0

    def clock(self) -> float:
        """Seconds, which only waiting moves."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or not."""
        if request.url.path != ALERTS:
            return httpx.Response(200, json={})
        self.requests += 1
        self.early += self.now < self.not_before
        if self.random.random() < 0.5:
            self.failed += 1
            status = self.random.choice(STATUSES)
            headers = {}
            if status == 429 and self.random.random() < 0.7:
                wait = round(self.random.uniform(1, 12), 3)
                headers["Retry-After"], self.not_before = f"{wait}", self.now + wait
            return httpx.Response(status, headers=headers, json={"error": {"code": "UnknownError", "message": ""}})
        page = int(request.url.params.get("$skiptoken", "0"))
        body: dict[str, Any] = {"value": [{"id": f"{page}-{n}"} for n in range(PER_PAGE)]}
        if page == 0:
            body["@odata.count"] = PAGES * PER_PAGE
        if page + 1 < PAGES:
            body["@odata.nextLink"] = f"https://graph.microsoft.com{ALERTS}?$skiptoken={page + 1}"
        return httpx.Response(200, json=body)


def storm() -> None:
    """Print what became of the pulls in the storm."""
    requests = failed = early = lost = resumed = partial = gave_up = 0
    waited = 0.0
    for seed in range(SEEDS):
        wire = Storm(seed)
        with connect(tenant_id=TENANT, transport=wire, credential=EmulatorCredential(TENANT)) as client:
            ask: Any = lambda c=client: gi.list_alerts(c)  # noqa: E731
            frame = None
            while frame is None:
                try:
                    frame = ask()
                except gi.PartialResultError as stopped:
                    partial += ask.__name__ != "resume"
                    resumed += 1
                    ask = stopped.resume
                except gi.GraphInvestigateError:
                    gave_up += 1  # not even the first page: asked again
            lost += PAGES * PER_PAGE - len(set(frame["id"]))
            waited += client.waited_seconds
        requests, failed, early = requests + wire.requests, failed + wire.failed, early + wire.early
    print(f"storm: {SEEDS} seeds, {PAGES} pages of {PER_PAGE} rows each, half of all calls fail (429 5xx)")
    print(f"  {requests:,} requests for {SEEDS * PAGES:,} pages, {failed:,} of them failed")
    print(f"  {early} early calls (before the time that a 429 named)")
    print(f"  {lost} lost rows of {SEEDS * PAGES * PER_PAGE:,}; {partial} pulls said that they were partial, all were "
          f"complete after {resumed} resumptions; {gave_up} calls got not even a page and said so")  # fmt: skip
    print(f"  {waited / SEEDS:,.0f} s waited per pull (simulated)")


class Rendered(BaseHTTPRequestHandler):
    """Pages of the demo tenant's alerts, rendered beforehand: readers are measured, not the emulator."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    bodies: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        """Answer the page that is asked for; anything else with the time."""
        found = re.search(r"page=(\d+)", self.path)
        body = self.bodies[int(found[1]) if found else 0] if ALERTS in self.path else b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", f"{len(body)}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def serve_rendered() -> None:
    """Serve until this process is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rendered)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    alerts = [json.dumps(alert) for alert in build_tenant(0, ROWS).collections["security/alerts_v2"]]
    for start in range(0, ROWS, PAGE):
        more = start + PAGE < ROWS
        link = f',"@odata.nextLink":"{url}{ALERTS}?page={start // PAGE + 1}"' if more else ""
        count = f',"@odata.count":{ROWS}' if not start else ""
        Rendered.bodies.append(f'{{"value":[{",".join(alerts[start : start + PAGE])}]{count}{link}}}'.encode())
    print(url, flush=True)
    server.serve_forever()


def bare(url: str) -> int:
    """How many alerts httpx and json read: dictionaries, nothing else."""
    rows = 0
    headers = {"Authorization": f"Bearer {EmulatorCredential().token().reveal()}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
        link: str | None = f"{ALERTS}?$top=500"
        while link:
            page = json.loads(http.get(link).content)
            rows += len(page["value"])
            link = page.get("@odata.nextLink")
    return rows


def ours(url: str) -> int:
    """How many alerts this package reads: a typed frame with `raw`."""
    with gi.connect_emulator(url) as client:
        return len(gi.list_alerts(client))


def sdk(url: str) -> int:
    """How many alerts Microsoft's SDK reads: objects."""
    from azure.core.credentials import AccessToken
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.generated.security.alerts_v2.alerts_v2_request_builder import Alerts_v2RequestBuilder

    class Credential:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            return AccessToken(EmulatorCredential().token().reveal(), 4_000_000_000)

    async def read() -> int:
        scopes = ["https://graph.microsoft.com/.default"]
        provider = AzureIdentityAuthenticationProvider(Credential(), scopes=scopes, allowed_hosts=["127.0.0.1"])
        adapter = GraphRequestAdapter(provider)
        adapter.base_url = f"{url}/v1.0"
        builder = GraphServiceClient(request_adapter=adapter).security.alerts_v2
        query = Alerts_v2RequestBuilder.Alerts_v2RequestBuilderGetQueryParameters(top=500)
        page, rows = await builder.get(RequestConfiguration(query_parameters=query)), 0
        while page is not None:
            rows += len(page.value)
            link = page.odata_next_link
            page = await builder.with_url(link).get() if link else None
        return rows

    return asyncio.run(read())


def against_the_sdk() -> None:
    """Print rows per second of each reader; each reads once before it is timed."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            print(f"sdk: {ROWS:,} alerts with their evidence, over loopback HTTP in pages of {PAGE}, best of 3")
            rates = {}
            for name, read in (("httpx + json", bare), ("graphinvestigate", ours), ("msgraph-sdk", sdk)):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    read(found[0])
                    taken = []
                    for _ in range(3):
                        begun = time.perf_counter()
                        rows = read(found[0])
                        taken.append(time.perf_counter() - begun)
                assert rows == ROWS, f"{name} read {rows} rows"
                rates[name] = rows / min(taken)
                print(f"  {name:18} {min(taken):6.2f} s  {rates[name]:9,.0f} rows/s")
            print(f"  graphinvestigate / msgraph-sdk: {rates['graphinvestigate'] / rates['msgraph-sdk']:.0f} times")
        finally:
            process.terminate()


def distant() -> None:
    """Print both pulls, as `graphinvestigate bench` measures them."""
    for found in pull(0):
        print(f"  {found.measure:32} {found.value:8.3f}  {found.note}")


PARTS = {"storm": storm, "pull": distant, "sdk": against_the_sdk}
HIDDEN = {"serve": serve_rendered}


def main(arguments: list[str]) -> None:
    """Print the parts that are named, or all."""
    for name in arguments or PARTS:
        {**PARTS, **HIDDEN}[name]()


if __name__ == "__main__":
    main(sys.argv[1:])

"""A Graph of the test's own, in a time that only waiting moves; and the real client connected to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

from fault_matrix.row import OPEN, worked
from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.demo.faults import Fault
from graphinvestigate.demo.server import Emulator
from graphinvestigate.demo.tenant import Tenant, build_tenant
from graphinvestigate.demo.transport import DemoTransport

ALERTS = "/security/alerts_v2"
HOME = "https://graph.microsoft.com"
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
ENOUGH = 400  # no scenario needs as many requests: who asks more often asks for ever

Answer = httpx.Response | BaseException
Script = Callable[[httpx.Request], Answer] | Sequence[Answer]


class Clock:
    """Time that only waiting moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@dataclass
class Seen:
    """One request as it went out."""

    url: httpx.URL
    target: str
    headers: dict[str, str]
    at: float
    method: str
    content: bytes
    timeout: dict[str, float | None]


@dataclass
class FakeGraph(httpx.BaseTransport, Clock):
    """Answers with a function, or with a list in turn (its last item for ever), and keeps what it was asked."""

    answers: Script
    enough: int = ENOUGH
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        Clock.__init__(self)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1.0/":  # asked for its time, which is no row's business
            return httpx.Response(200, json={}, headers={"Date": DATE})
        assert len(self.seen) < self.enough, f"asked {self.enough} times, and still asking"
        target = request.extensions.get("target", request.url.raw_path).decode("ascii")
        timeout = dict(request.extensions.get("timeout", {}))
        self.seen.append(
            Seen(request.url, target, dict(request.headers), self.now, request.method, request.content, timeout)
        )
        if callable(self.answers):
            answer = self.answers(request)
        else:
            answer = self.answers[min(len(self.seen), len(self.answers)) - 1]
        if isinstance(answer, BaseException):
            raise answer
        # A response can be read once: each request gets one of its own.
        return httpx.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)

    @property
    def waited(self) -> float:
        """Seconds waited in all."""
        return sum(self.sleeps)


class Tokens:
    """A credential of azure-identity's shape that counts what it is asked."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens or ("token-1", "token-2", "token-3")
        self.asked: list[dict[str, Any]] = []

    def get_token(self, scope: str, **options: Any) -> Any:
        self.asked.append({"scope": scope, **options})
        return AccessToken(self.tokens[min(len(self.asked), len(self.tokens)) - 1], 4_000_000_000)


@dataclass
class AccessToken:
    token: str
    expires_on: int


def connected(transport: httpx.BaseTransport, credential: Any = None, *, tenant_id: str = "contoso.test") -> Any:
    """The real client on a transport: the subject of most rows."""
    client = connect(tenant_id=tenant_id, credential=credential or EmulatorCredential(tenant_id), transport=transport)
    OPEN.callback(client.close)
    return client


def page(*rows: Any, next_link: str | None = None, count: object = None) -> httpx.Response:
    """A list answer; a row is an id, or a record."""
    body: dict[str, Any] = {"value": [one if isinstance(one, dict) else {"id": one} for one in rows]}
    if next_link is not None:
        body["@odata.nextLink"] = next_link
    if count is not None:
        body["@odata.count"] = count
    return httpx.Response(200, json=body)


def link(token: str) -> str:
    """A next link to Graph."""
    return f"{HOME}/v1.0{ALERTS}?$skiptoken={token}"


def refusal(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
    """An error answer."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=sent)


def ids(client: GraphClient, path: str = ALERTS, **arguments: Any) -> list[str]:
    """The ids in all pages of a list, in their order; an error breaks the rule."""

    def read() -> list[str]:
        pages = client.pages(path, **arguments)
        return [json.loads(one.record(n))["id"] for one in pages for n in range(len(one))]

    return worked(read)


@cache
def tenant(alerts: int = 60) -> Tenant:
    """A demo tenant; made once."""
    return build_tenant(0, alerts)


class Demo:
    """A demo tenant behind an emulator with faults, and a subject connected to it."""

    def __init__(self, subject: Callable[..., Any], *faults: Fault, alerts: int = 60) -> None:
        self.time = Clock()
        self.tenant = tenant(alerts)
        self.emulator = Emulator(self.tenant, faults=faults, clock=self.time.clock)
        transport = DemoTransport(self.emulator, demo_clock=self.time)  # type: ignore[arg-type]
        self.client = subject(transport, tenant_id=self.tenant.tenant_id)

    @property
    def statuses(self) -> list[int]:
        """How each request was answered."""
        return [exchange.status for exchange in self.emulator.exchanges]

    def ids(self, path: str = "security/alerts_v2") -> list[str]:
        """Ids of everything the tenant holds under a path, newest first."""
        return [record["id"] for record in self.tenant.collections[path]]

"""A Graph of the test's own: a function that answers, in a time that only waiting moves."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from graphinvestigate.client import EmulatorCredential, GraphClient, connect
from graphinvestigate.envelope import Page

Answer = httpx.Response | Exception
ALERTS = "/security/alerts_v2"


@dataclass
class Seen:
    """One request as it went out."""

    url: httpx.URL
    headers: dict[str, str]
    at: float
    method: str = "GET"
    form: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        return self.url.raw_path.decode("ascii")


@dataclass
class FakeGraph(httpx.BaseTransport):
    """Answers with a function or with a list in turn (its last item for ever), and keeps what it was asked."""

    answers: Callable[[httpx.Request], Answer] | list[Answer]
    now: float = 1000.0
    seen: list[Seen] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(Seen(request.url, dict(request.headers), self.now, request.method, _form(request)))
        if callable(self.answers):
            answer = self.answers(request)
        else:
            answer = self.answers[min(len(self.seen), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        # A response can be read once: each request gets one of its own.
        return httpx.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)


def _form(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode("ascii")))


class Tokens:
    """A credential of azure-identity's shape that counts what it is asked."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = tokens or ("token-1", "token-2", "token-3")
        self.asked: list[dict[str, Any]] = []

    def get_token(self, scope: str, **options: Any) -> Any:
        self.asked.append({"scope": scope, **options})
        return _AccessToken(self.tokens[min(len(self.asked), len(self.tokens)) - 1], 4_000_000_000)


@dataclass
class _AccessToken:
    token: str
    expires_on: int


class Make:
    """Makes answers, and reads pages."""

    Tokens = Tokens

    @staticmethod
    def page(*ids: str, next_link: str | None = None, count: object = None) -> httpx.Response:
        """A list answer."""
        body: dict[str, Any] = {"value": [{"id": one} for one in ids]}
        if next_link is not None:
            body["@odata.nextLink"] = next_link
        if count is not None:
            body["@odata.count"] = count
        return httpx.Response(200, json=body)

    @staticmethod
    def link(token: str) -> str:
        """A next link to Graph."""
        return f"https://graph.microsoft.com/v1.0{ALERTS}?$skiptoken={token}"

    @staticmethod
    def refusal(status: int, code: str = "", message: str = "", **headers: str) -> httpx.Response:
        """An error answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=sent)

    @staticmethod
    def ids(pages: Iterable[Page]) -> list[str]:
        """The ids in pages, in their order."""
        return [json.loads(page.record(n))["id"] for page in pages for n in range(len(page))]


Connect = Callable[..., tuple[GraphClient, FakeGraph]]


@pytest.fixture
def graph() -> Iterator[Connect]:
    """Connects a real client to a fake Graph; closes it afterwards."""
    opened: list[GraphClient] = []

    def _connect(
        answers: Callable[[httpx.Request], Answer] | list[Answer], credential: Any = None
    ) -> tuple[GraphClient, FakeGraph]:
        fake = FakeGraph(answers)
        client = connect(
            tenant_id="contoso.test", credential=credential or EmulatorCredential("contoso.test"), transport=fake
        )
        opened.append(client)
        return client, fake

    yield _connect
    for client in opened:
        client.close()


@pytest.fixture
def transport_for() -> Callable[..., FakeGraph]:
    """Makes a fake Graph (and whatever else is asked) out of answers."""
    return FakeGraph


@pytest.fixture
def make() -> Make:
    """The makers of answers."""
    return Make()


@pytest.fixture
def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

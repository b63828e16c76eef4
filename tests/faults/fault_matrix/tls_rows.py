"""T27 to T29: one proxy and one authority for sign-in and Graph alike, over real sockets."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import trustme

from fault_matrix.fakes import ALERTS, AccessToken, FakeGraph, connected
from fault_matrix.row import OPEN, raised, row, same, worked
from graphinvestigate.client import connect
from graphinvestigate.errors import NetworkError

TENANT = "11111111-1111-1111-1111-111111111111"
LOGIN, GRAPH = "login.microsoftonline.com", "graph.microsoft.com"
VARIABLES = (
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


class Proxy(ThreadingHTTPServer):
    """A proxy that inspects TLS, as companies have: every tunnel ends in it, with certificates of its own."""

    daemon_threads = True

    def __init__(self, *names: str, expired: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ca = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        until = {"not_after": datetime(2020, 1, 1, tzinfo=UTC)} if expired else {}
        self.ca.issue_cert(*(names or (LOGIN, GRAPH)), **until).configure_cert(self.context)
        self.tunnels: list[str] = []
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        folder = OPEN.enter_context(tempfile.TemporaryDirectory())
        self.ca_file = Path(folder) / "company.pem"
        self.ca.cert_pem.write_to_path(f"{self.ca_file}")
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        OPEN.callback(self.server_close)
        OPEN.callback(thread.join)
        OPEN.callback(self.shutdown)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a certificate it does not trust is what rows want."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def do_CONNECT(self) -> None:
        self.server.tunnels.append(self.path.partition(":")[0])
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")  # type: ignore[assignment]
        self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
        self.close_connection = False

    def do_GET(self) -> None:
        root = f"https://{LOGIN}/{TENANT}"
        signing_in = dict.fromkeys(("issuer", "authorization_endpoint", "token_endpoint"), root)
        self._answer(signing_in if self.headers["Host"] == LOGIN else {"value": [{"id": "a"}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "canary-token", "token_type": "Bearer", "expires_in": 3600})

    def _answer(self, body: Any) -> None:
        self.server.asked.append(self.headers["Host"])
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """These variables, and no others about proxies and authorities."""
    named = {name for one in VARIABLES for name in (one, one.lower())} | set(variables)
    before = {name: os.environ.pop(name) for name in named if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(before)


def app(**arguments: Any) -> Any:
    """The real client, which signs in as an app."""
    client = connect(tenant_id=TENANT, client_id="app", auth="client_secret", client_secret="word", **arguments)
    OPEN.callback(client.close)
    return client


def without_a_detour(**arguments: Any) -> Any:
    """Signs in by a way of its own, past the proxy that Graph is asked through."""

    class Straight:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            return AccessToken("canary-token", 4_000_000_000)

    client = connect(tenant_id=TENANT, credential=Straight(), **arguments)
    OPEN.callback(client.close)
    return client


def system_trust_only(*, ca: Any = None, **arguments: Any) -> Any:
    """Knows no authority but the system's."""
    with environment(**{name: value for name, value in os.environ.items() if name == "HTTPS_PROXY"}):
        return app(**arguments)


def trusts_anybody(*, proxy: str, ca: Any = None) -> Any:
    """`verify=False`."""
    to = httpx.HTTPTransport(verify=False, proxy=proxy)
    return connect(tenant_id=TENANT, client_id="app", auth="client_secret", client_secret="word", transport=to)


@row("T27", real=app, broken=without_a_detour)
def one_proxy_serves_sign_in_and_graph(subject: Any) -> None:
    """A proxy, named or from the environment, serves sign-in and Graph alike; one that wants a login is named."""
    for variables in (False, True):
        proxy = Proxy()
        given = {} if variables else {"proxy": proxy.url, "ca": proxy.ca_file}
        said = {"HTTPS_PROXY": proxy.url, "REQUESTS_CA_BUNDLE": f"{proxy.ca_file}"} if variables else {}
        with environment(**said):
            client = subject(**given)
            assert len(worked(lambda c=client: list(c.pages(ALERTS)))) == 1
        same(sorted(set(proxy.tunnels)), [GRAPH, LOGIN])
    client = connected(FakeGraph([httpx.ProxyError("407 Proxy Authentication Required")]))
    raised(NetworkError, lambda: list(client.pages(ALERTS)), "407 Proxy Authentication Required")


@row("T28", real=app, broken=system_trust_only)
def one_authority_serves_sign_in_and_graph(subject: Any) -> None:
    """A company's authority, named once or in one of the usual variables, is trusted for sign-in and Graph alike."""
    for variable in ("", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        proxy = Proxy()
        given = {"proxy": proxy.url} if variable else {"proxy": proxy.url, "ca": proxy.ca_file}
        with environment(**({variable: f"{proxy.ca_file}"} if variable else {})):
            client = subject(**given)
            assert len(worked(lambda c=client: list(c.pages(ALERTS)))) == 1
        same(sorted(set(proxy.asked)), [GRAPH, LOGIN])


@row("T29", real=app, broken=trusts_anybody)
def a_wrong_certificate_gets_nothing(subject: Any) -> None:
    """An unknown, expired or foreign certificate ends the attempt at once: nothing is sent, nothing tried again."""
    for proxy, trusted in ((Proxy(), False), (Proxy(expired=True), True), (Proxy("other.test"), True)):
        with environment():
            client = subject(proxy=proxy.url, **({"ca": proxy.ca_file} if trusted else {}))
            failed = raised(NetworkError, lambda c=client: list(c.pages(ALERTS)), "ca=")
        assert failed.attempts == 1
        assert proxy.asked == []
        assert len(proxy.tunnels) == 1

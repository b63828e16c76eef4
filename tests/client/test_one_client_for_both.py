"""One TLS and proxy setting serves sign-in and Graph alike: real sockets, a private authority, a proxy."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import trustme

from graphinvestigate.client import connect
from graphinvestigate.errors import AuthError, NetworkError

ALERTS = "/security/alerts_v2"
TENANT = "11111111-1111-1111-1111-111111111111"
LOGIN, GRAPH = "login.microsoftonline.com", "graph.microsoft.com"
SECRET = "canary~secret~value"


class Proxy(ThreadingHTTPServer):
    """A proxy that inspects TLS, as companies have: every tunnel ends in it, with certificates of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ca = trustme.CA()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(LOGIN, GRAPH).configure_cert(self.context)
        self.tunnels: list[str] = []
        self.asked: list[tuple[str, str, dict[str, str], dict[str, list[str]]]] = []
        self.known = SECRET
        self.closed = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a certificate it does not trust is what the test wants."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def do_CONNECT(self) -> None:
        self.server.tunnels.append(self.path)
        if self.server.closed:
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")  # type: ignore[assignment]
        self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
        self.close_connection = False

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

    def _answer(self, form: dict[str, list[str]]) -> None:
        self.server.asked.append((self.headers["Host"], self.path, dict(self.headers), form))
        status, body = 200, {}
        if self.headers["Host"] != LOGIN:
            body = {"value": [{"id": "a"}]}
        elif self.path.endswith("/openid-configuration"):
            root = f"https://{LOGIN}/{TENANT}"
            body = dict.fromkeys(("issuer", "authorization_endpoint", "token_endpoint"), root)
        elif form.get("client_secret") == [self.server.known]:
            body = {"access_token": "canary-token", "token_type": "Bearer", "expires_in": 3600}
        else:
            status = 401
            body = {"error": "invalid_client", "error_description": f"AADSTS7000215: Invalid client secret {form}"}
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """The proxy, running."""
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ca(proxy: Proxy, tmp_path: Path) -> Path:
    """The file that says to trust the proxy's authority."""
    path = tmp_path / "company.pem"
    proxy.ca.cert_pem.write_to_path(path)
    return path


def app(**arguments: Any) -> Any:
    """Connect as an app with the canary secret."""
    return connect(tenant_id=TENANT, client_id="app", auth="client_secret", client_secret=SECRET, **arguments)


def test_sign_in_and_graph_use_one_proxy_and_one_authority(proxy: Proxy, ca: Path) -> None:
    """T27 T28: with one proxy= and one ca=, msal's sign-in and the request to Graph both pass."""
    with app(proxy=proxy.url, ca=ca) as client:
        (page,) = client.pages(ALERTS)
    assert page.record(0) == b'{"id": "a"}'
    assert proxy.tunnels == [f"{LOGIN}:443", f"{GRAPH}:443"]
    hosts = [host for host, *_ in proxy.asked]
    assert hosts == [LOGIN, LOGIN, GRAPH]
    assert proxy.asked[1][3]["client_secret"] == [SECRET]
    assert proxy.asked[2][2]["Authorization"] == "Bearer canary-token"


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_usual_variables_serve_both_too(
    proxy: Proxy, ca: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T27 T28: a proxy and an authority named in the environment serve both stacks as well."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(ca))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with app() as client:
        assert len(list(client.pages(ALERTS))) == 1
    assert len(proxy.tunnels) == 2


def test_an_authority_that_is_not_trusted_gets_nothing(proxy: Proxy) -> None:
    """T29: where the certificate can't be trusted nothing is sent, nothing is tried again, and ca= is named."""
    with app(proxy=proxy.url) as client, pytest.raises(NetworkError, match="ca=") as caught:
        list(client.pages(ALERTS))
    assert caught.value.host == LOGIN
    assert caught.value.attempts == 1
    assert proxy.asked == []


def test_a_refusal_over_tls_shows_no_secret(proxy: Proxy, ca: Path) -> None:
    """A04: a refused secret is an AuthError with Entra's code; even an authority that repeats it does not show it."""
    proxy.known = "another"
    with app(proxy=proxy.url, ca=ca) as client, pytest.raises(AuthError, match="AADSTS7000215") as caught:
        list(client.pages(ALERTS))
    assert caught.value.code == "AADSTS7000215"
    assert SECRET not in str(caught.value)


def test_this_machine_is_asked_directly(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator on this machine is never asked through the environment's proxy."""
    from graphinvestigate.client import connect_emulator

    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with connect_emulator(proxy.url) as client:
        client.record("/users/x")
    assert proxy.tunnels == []


@pytest.mark.parametrize("arguments", [{"credential": "tokens"}, {}], ids=["Graph", "sign-in"])
def test_a_proxy_that_asks_who_you_are_is_named(proxy: Proxy, ca: Path, make: Any, arguments: dict[str, Any]) -> None:
    """T27: a proxy that wants a password (407) is asked once, and the error says where the password goes."""
    proxy.closed = True
    if arguments:
        client = connect(tenant_id=TENANT, credential=make.Tokens(), proxy=proxy.url, ca=ca)
    else:
        client = app(proxy=proxy.url, ca=ca)
    with client, pytest.raises(NetworkError, match=r"407.*user:password@host") as caught:
        list(client.pages(ALERTS))
    assert caught.value.attempts == len(proxy.tunnels) == 1
    assert proxy.asked == []

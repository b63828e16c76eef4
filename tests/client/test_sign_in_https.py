"""Every way to sign in, through msal as it is, against an authority on loopback HTTPS with a test CA."""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import webbrowser
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import trustme

from graphinvestigate.client import GraphClient, connect
from graphinvestigate.errors import AuthError, NetworkError

TENANT = "11111111-1111-1111-1111-111111111111"
LOGIN, GRAPH = "login.microsoftonline.com", "graph.microsoft.com"
ALERTS, PERMISSION = "/security/alerts_v2", "SecurityAlert.Read.All"


class Entra(ThreadingHTTPServer):
    """Entra and Graph behind a proxy that ends every tunnel: names are real, sockets and TLS too."""

    daemon_threads = True

    def __init__(self, ca: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(LOGIN, GRAPH).configure_cert(self.context)
        self.forms: list[dict[str, str]] = []
        self.bearers: list[str] = []
        self.refuses = False
        self.pending = 0
        self.proxy = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a certificate it does not trust is what a test wants."""

    def answer(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What the token endpoint says."""
        self.forms.append(form)
        if self.refuses:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: wrong", "correlation_id": "c"}
        if form.get("grant_type", "").endswith("device_code") and self.pending:
            self.pending -= 1
            return 400, {"error": "authorization_pending", "error_description": "AADSTS70016"}
        who = {"oid": "o", "sub": "s", "tid": TENANT, "aud": "app", "exp": 4_000_000_000, "iat": 0,
               "iss": f"https://{LOGIN}/{TENANT}/v2.0", "preferred_username": "me@contoso.test"}  # fmt: skip
        if "nonce" in self.context_of:
            who["nonce"] = self.context_of["nonce"]
        return 200, {
            "access_token": "canary-token", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r",
            "scope": f"https://{GRAPH}/{PERMISSION}", "client_info": _part({"uid": "u", "utid": TENANT}),
            "id_token": f"{_part({'alg': 'none'})}.{_part(who)}.",
        }  # fmt: skip

    context_of: dict[str, str] = {}  # noqa: RUF012 (what the browser was sent with; one browser per test)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Entra

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")  # type: ignore[assignment]
        self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
        self.close_connection = False

    def do_GET(self) -> None:
        root = f"https://{LOGIN}/{TENANT}"
        if self.headers["Host"] == GRAPH:
            self.server.bearers.append(self.headers["Authorization"])
            return self._say(200, {"value": [{"id": "a"}]})
        endpoints = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "device_authorization_endpoint": "devicecode",
        }
        return self._say(200, {"issuer": root, **{k: f"{root}/oauth2/v2.0/{v}" for k, v in endpoints.items()}})

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.path.endswith("/devicecode"):
            message = "Type CODE at https://microsoft.com/devicelogin"
            self.server.forms.append(form)
            self._say(200, {"user_code": "CODE", "device_code": "d", "interval": 1, "expires_in": 60,
                            "message": message})  # fmt: skip
        else:
            self._say(*self.server.answer(form))

    def _say(self, status: int, body: Any) -> None:
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


def _part(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """The test's own authority."""
    return trustme.CA()


@pytest.fixture
def entra(ca: trustme.CA) -> Iterator[Entra]:
    """A running one."""
    server = Entra(ca)
    Entra.context_of = {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def signed_in(entra: Entra, ca: trustme.CA, tmp_path: Path) -> Iterator[Callable[..., GraphClient]]:
    """Connects through the proxy, trusting the test's authority."""
    opened: list[GraphClient] = []
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(f"{file}")

    def start(**arguments: Any) -> GraphClient:
        client = connect(tenant_id=TENANT, client_id="app", proxy=entra.proxy, ca=file, **arguments)
        opened.append(client)
        return client

    yield start
    for client in opened:
        client.close()


def read(client: GraphClient) -> int:
    """How many alerts come."""
    return sum(map(len, client.pages(ALERTS, permission=PERMISSION)))


def test_a_client_secret(entra: Entra, signed_in: Callable[..., GraphClient]) -> None:
    """The secret goes to the authority, the token to Graph, each over TLS."""
    assert read(signed_in(auth="client_secret", client_secret="word")) == 1
    (form,) = entra.forms
    assert (form["grant_type"], form["client_secret"]) == ("client_credentials", "word")
    assert form["scope"] == f"https://{GRAPH}/.default"
    assert entra.bearers == ["Bearer canary-token"]


def test_a_certificate(entra: Entra, signed_in: Callable[..., GraphClient], ca: trustme.CA, tmp_path: Path) -> None:
    """A certificate signs an assertion; the key itself does not leave the machine."""
    cert = ca.issue_cert("app.contoso.test", key_type=trustme.KeyType.RSA)
    file = tmp_path / "app.pem"
    file.write_bytes(cert.private_key_pem.bytes() + cert.cert_chain_pems[0].bytes())
    assert read(signed_in(auth="certificate", certificate=file)) == 1
    (form,) = entra.forms
    head = json.loads(base64.urlsafe_b64decode(form["client_assertion"].split(".")[0] + "=="))
    assert form["client_assertion_type"].endswith("jwt-bearer")
    assert head["alg"] in ("PS256", "RS256")
    assert "PRIVATE" not in json.dumps(form)


def test_a_workloads_federated_token(
    entra: Entra, signed_in: Callable[..., GraphClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform's token is the assertion."""
    file = tmp_path / "token"
    file.write_text("platform.token.text\n")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", f"{file}")
    assert read(signed_in(auth="workload_identity")) == 1
    assert entra.forms[0]["client_assertion"] == "platform.token.text"


def test_a_device_code(entra: Entra, signed_in: Callable[..., GraphClient], capsys: pytest.CaptureFixture[str]) -> None:
    """The code is shown, asked for with the least permission, and polled for at its pace until it was typed."""
    entra.pending = 1
    assert read(signed_in(auth="device_code")) == 1
    assert "Type CODE at" in capsys.readouterr().err
    asked = [word for word in entra.forms[0]["scope"].split() if word.startswith("https:")]
    assert asked == [f"https://{GRAPH}/{PERMISSION}"]
    assert len(entra.forms) == 3  # the code, one poll too early, one in time
    assert entra.bearers == ["Bearer canary-token"]


def test_a_browser(entra: Entra, signed_in: Callable[..., GraphClient], monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is sent to the authority with a PKCE challenge, whose verifier redeems the code it brings back."""
    visited: list[dict[str, str]] = []

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
            asked = dict(parse_qsl(urlsplit(url).query))
            visited.append(asked)
            Entra.context_of = asked
            form = {"code": "code", "state": asked["state"]}
            threading.Timer(0.2, lambda: httpx.post(asked["redirect_uri"], data=form, trust_env=False)).start()
            return True

    monkeypatch.setattr(webbrowser, "_browsers", {"test": [None, Browser("test")]})
    monkeypatch.setattr(webbrowser, "_tryorder", ["test"])
    assert read(signed_in(auth="interactive")) == 1
    (asked,) = visited
    assert asked["code_challenge_method"] == "S256"
    assert f"https://{GRAPH}/{PERMISSION}" in asked["scope"].split()
    assert re.match(r"http://(localhost|127\.0\.0\.1):", asked["redirect_uri"])
    assert entra.forms[0]["code"] == "code"
    assert len(entra.forms[0]["code_verifier"]) >= 43


def test_a_refusal_and_an_unknown_certificate(entra: Entra, signed_in: Callable[..., GraphClient]) -> None:
    """The authority's no has Entra's code; without the test's CA nothing is sent, and the message names `ca=`."""
    entra.refuses = True
    with pytest.raises(AuthError) as caught:
        read(signed_in(auth="client_secret", client_secret="word"))
    assert caught.value.code == "AADSTS7000215"
    entra.forms.clear()
    arguments: dict[str, Any] = {"auth": "client_secret", "client_secret": "word", "proxy": entra.proxy}
    with connect(tenant_id=TENANT, client_id="app", **arguments) as client, pytest.raises(NetworkError, match="ca="):
        read(client)
    assert entra.forms == []

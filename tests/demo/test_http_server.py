"""The emulator over HTTP: loopback only, asked by loopback names only, gone when stopped."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from graphinvestigate.demo import faults
from graphinvestigate.demo.http_server import EmulatorServer
from graphinvestigate.demo.server import Emulator
from graphinvestigate.errors import UsageError

ALERTS = "/v1.0/security/alerts_v2"


@pytest.fixture
def server(tenant: Any) -> Iterator[EmulatorServer]:
    """A running server of the hand-made tenant."""
    with EmulatorServer(Emulator(tenant, throttle=False)) as running:
        yield running


@pytest.fixture
def client(server: EmulatorServer, make_token: Callable[..., str]) -> Iterator[httpx.Client]:
    """A plain HTTP client of the running server."""
    headers = {"Authorization": f"Bearer {make_token()}", "Prefer": "include-unknown-enum-members"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as opened:
        yield opened


def raw(server: EmulatorServer, text: str) -> bytes:
    """Send these bytes, read until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(text.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_paging_over_http_yields_every_record_once(tenant: Any, client: httpx.Client, server: EmulatorServer) -> None:
    """Next links lead back to the address that was asked, and give exactly the collection."""
    records, url = [], f"{ALERTS}?$top=7"
    while url:
        answer = client.get(url)
        assert answer.status_code == 200
        records += answer.json()["value"]
        url = answer.json().get("@odata.nextLink")
        assert url is None or url.startswith(f"{server.url}/v1.0/security/alerts_v2?")
    assert records == tenant.collections["security/alerts_v2"]


def test_gzip_comes_when_asked_for_alone(client: httpx.Client) -> None:
    """A caller who takes gzip gets it, another one does not, and the JSON is the same."""
    bodies = []
    for accepted, zipped in (("gzip, br", True), ("*", True), ("identity", False), ("gzip;q=0", False), ("", False)):
        with client.stream("GET", ALERTS, headers={"Accept-Encoding": accepted}) as answer:
            content = b"".join(answer.iter_raw())
        assert (answer.headers.get("Content-Encoding") == "gzip") is zipped, accepted
        assert answer.headers["Content-Length"] == str(len(content))
        bodies.append(json.loads(gzip.decompress(content) if zipped else content))
    assert all(body == bodies[0] for body in bodies)


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.test:{port}", "127.0.0.2:{port}"],
)
def test_a_foreign_host_name_is_403(server: EmulatorServer, client: httpx.Client, host: str) -> None:
    """X19: a name that is not loopback, or not this port, reaches nothing, so that no web page can ask."""
    answer = client.get(ALERTS, headers={"Host": host.format(port=server.port)})
    assert answer.status_code == 403
    assert "value" not in answer.json()
    assert not server.emulator.exchanges


def test_loopback_names_with_the_port_are_taken(server: EmulatorServer, client: httpx.Client) -> None:
    """Each loopback name serves, in any case."""
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        assert client.get(ALERTS, headers={"Host": f"{name}:{server.port}"}).status_code == 200


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /v1.0/ HTTP/1.1\r\n\r\n", 400),
        ("GET /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\nHost: localhost:{port}\r\n\r\n", 400),
        ("GET http://evil.test/v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", 400),
        ("GET /v1.0/\xe9 HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", 400),
        ("POST /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("POST /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 99999999\r\n\r\n", 413),
        ("POST /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 2\r\n\r\n{}", 405),
        ("FOO /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", 405),
        ("nonsense\r\n\r\n", 400),
        ("GET /v1.0/ HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n", 200),
    ],
)
def test_odd_requests_get_an_answer(server: EmulatorServer, request_text: str, status: int) -> None:
    """What is no sound HTTP request is refused with a status, and the server lives on."""
    answer = raw(server, request_text.replace("{port}", str(server.port)))
    assert f" {status} ".encode() in answer.split(b"\r\n")[0] or f"Error code: {status}".encode() in answer
    assert b" 200 " in raw(server, f"GET /v1.0/ HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n").split(b"\r\n")[0]


def test_no_cross_origin_answers(client: httpx.Client) -> None:
    """No answer tells a browser that another site may read it, and a preflight gets nowhere."""
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, ALERTS, headers={"Origin": "http://evil.test"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.status_code == (200 if method == "GET" else 405)


def test_a_head_request_has_no_body(server: EmulatorServer) -> None:
    """HEAD is 405 here, and like every answer to HEAD it ends after its headers."""
    answer = raw(server, f"HEAD /v1.0/ HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n")
    assert b" 405 " in answer.split(b"\r\n")[0]
    assert answer.endswith(b"\r\n\r\n")


def test_it_listens_on_loopback_alone(server: EmulatorServer) -> None:
    """The socket is bound to the loopback address, never to all of them."""
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert server._server.socket.getsockname() == ("127.0.0.1", server.port)


def test_a_dropped_connection_over_http(tenant: Any, make_token: Callable[..., str]) -> None:
    """A fault that answers nothing closes the connection; the next request is answered."""
    emulator = Emulator(tenant, faults=[faults.Fault("/security/*", faults.disconnect(), on={1})])
    headers = {"Authorization": f"Bearer {make_token()}"}
    with EmulatorServer(emulator) as server, httpx.Client(base_url=server.url, headers=headers) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(ALERTS)
        assert client.get(ALERTS).status_code == 200


def test_many_callers_at_once(client: httpx.Client, tenant: Any) -> None:
    """Requests from several threads each get their own answer."""
    ids = [record["id"] for record in tenant.collections["security/alerts_v2"]]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda record_id: client.get(f"{ALERTS}/{record_id}").json()["id"], ids))
    assert answers == ids


def test_stopping_leaves_no_thread_and_frees_the_port(tenant: Any) -> None:
    """Stop ends idle connections and their threads at once, and the port can be taken again."""
    before = set(threading.enumerate())
    server = EmulatorServer(Emulator(tenant)).start()
    assert server.start() is server
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/v1.0/").status_code == 200  # the connection stays open and idle
        server.stop()
        server.stop()
    assert set(threading.enumerate()) == before
    with EmulatorServer(Emulator(tenant), port=server.port) as again:
        assert httpx.get(f"{again.url}/v1.0/").status_code == 200
    with pytest.raises(UsageError, match="make a new one"):
        server.start()


def test_wait_ends_with_stop(tenant: Any) -> None:
    """`wait` blocks until somebody stops the server."""
    server = EmulatorServer(Emulator(tenant)).start()
    threading.Timer(0.1, server.stop).start()
    server.wait()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


@pytest.mark.parametrize("port", [-1, 65_536, True, "80", 1.5, None])
def test_a_port_must_be_a_port(tenant: Any, port: Any) -> None:
    """What is no port is refused with what is."""
    with pytest.raises(UsageError, match=r"0 \(any free port\) to 65535"):
        EmulatorServer(Emulator(tenant), port=port)


def test_a_taken_port_is_said(tenant: Any, server: EmulatorServer) -> None:
    """A port that somebody else has gives an error that says what to do."""
    with pytest.raises(UsageError, match=f"Port {server.port} cannot be used"):
        EmulatorServer(Emulator(tenant), port=server.port)

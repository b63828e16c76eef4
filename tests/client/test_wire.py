"""Bytes on the wire: what is sent, and what is read when a server misbehaves."""

from __future__ import annotations

import gzip
import logging
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from graphinvestigate.client import EmulatorCredential, GraphClient, connect, connect_emulator
from graphinvestigate.client.bounded import Bounded
from graphinvestigate.errors import BadResponseError, NetworkError

ALERTS = "/security/alerts_v2"
GOOD = b'{"value":[{"id":"a"},{"id":"b"}]}'


def answer(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """The bytes of an answer."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", b"Connection: close", *headers]
    if length != -1:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class RawServer:
    """Sends the given bytes, one item per connection (the last for ever), and keeps what it was sent."""

    def __init__(self, script: list[bytes | Callable[[socket.socket], None]]) -> None:
        self.script = script
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    got = connection.recv(65536)
                    if not got:
                        break
                    asked += got
                if not asked:
                    continue
                self.asked.append(asked)
                step = self.script[min(len(self.asked), len(self.script)) - 1]
                if callable(step):
                    step(connection)
                else:
                    connection.sendall(step)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)


class ToLoopback(httpx.BaseTransport):
    """Real HTTP to a port of this machine, in a time that only waiting moves."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sleeps: list[float] = []
        self.inner = httpx.HTTPTransport()

    def clock(self) -> float:
        return sum(self.sleeps)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return self.inner.handle_request(
            httpx.Request(request.method, url, headers=request.headers, extensions=request.extensions)
        )

    def close(self) -> None:
        self.inner.close()


Start = Callable[..., tuple[GraphClient, RawServer]]


@pytest.fixture
def raw() -> Iterator[Start]:
    """Starts a raw server and connects a real client to it."""
    closing: list[Any] = []

    def start(*script: bytes | Callable[[socket.socket], None]) -> tuple[GraphClient, RawServer]:
        server = RawServer(list(script))
        client = connect(tenant_id="t", credential=EmulatorCredential("t"), transport=ToLoopback(server.port))
        closing.extend([client, server])
        return client, server

    yield start
    for one in closing:
        one.close()


def reset(connection: socket.socket) -> None:
    """Break the connection in the middle of the body."""
    connection.sendall(answer(GOOD)[:-5])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


PACKED = gzip.compress(GOOD, mtime=0)  # (the same bytes in each test process)
TWO_MEMBERS = gzip.compress(GOOD[:9], mtime=0) + gzip.compress(GOOD[9:], mtime=0)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(reset, id="reset"),
        pytest.param(answer(GOOD[:-5], length=len(GOOD)), id="short"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n10\r\nabc", id="chunk cut"
        ),
        pytest.param(answer(GOOD[:-5], length=-1), id="no length, cut"),
        pytest.param(answer(PACKED[:-10], b"Content-Encoding: gzip"), id="gzip cut"),
        pytest.param(answer(b"\x1f\x8bgarbage", b"Content-Encoding: gzip"), id="gzip damaged"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", id="header flood"),
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_broken_answer_is_read_again_whole(raw: Start, make: Any, broken: Any) -> None:
    """T14 T15 T16 T18 T30: half an answer is thrown away and asked for again; nothing is lost or doubled."""
    client, server = raw(broken, answer(GOOD))
    assert make.ids(client.pages(ALERTS)) == ["a", "b"]
    assert len(server.asked) == 2


@pytest.mark.parametrize("broken", [answer(PACKED[:-10], b"Content-Encoding: gzip"), b"nonsense\r\n\r\n"])
def test_an_answer_that_stays_broken_is_an_error(raw: Start, broken: bytes) -> None:
    """T18 T30: what stays broken is asked for at most three times, then an error, never a shorter list."""
    client, server = raw(broken)
    with pytest.raises(NetworkError, match="3 attempts"):
        list(client.pages(ALERTS))
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("encoding", "body"),
    [(b"gzip", PACKED), (b"x-gzip", PACKED), (b"GZIP", TWO_MEMBERS),
     (b"identity", GOOD)],
)  # fmt: skip
def test_gzip_is_undone(raw: Start, make: Any, encoding: bytes, body: bytes) -> None:
    """Compressed answers, in several members too, are read as what was compressed."""
    client, server = raw(answer(body, b"Content-Encoding: " + encoding))
    assert make.ids(client.pages(ALERTS)) == ["a", "b"]
    assert b"accept-encoding: gzip\r\n" in server.asked[0].lower()


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"deflate"])
def test_an_encoding_nobody_asked_for_is_named(raw: Start, encoding: bytes) -> None:
    """T20: an encoding that was not asked for is a BadResponseError that names it."""
    client, server = raw(answer(b"\x00\x01", b"Content-Encoding: " + encoding))
    with pytest.raises(BadResponseError, match=encoding.decode()):
        list(client.pages(ALERTS))
    assert len(server.asked) == 1


def test_a_bomb_is_not_inflated() -> None:
    """T19: of a compressed answer no more is inflated than the limit, however small it arrives."""
    bomb = gzip.compress(bytes(100 * 2**20))
    inner = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Stream([bomb]))
    )
    bounded = Bounded(inner, max_body=4 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(BadResponseError, match="4 MiB"):
            bounded.handle_request(httpx.Request("GET", "https://graph.test/"))
        assert tracemalloc.get_traced_memory()[1] < 12 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [2**20, 2**20 + 1])
def test_the_limit_is_exact(size: int) -> None:
    """A body of the limit's size is read, one byte more is refused, compressed or not."""
    for body, headers in ((bytes(size), {}), (gzip.compress(bytes(size)), {"content-encoding": "gzip"})):
        inner = httpx.MockTransport(lambda _, b=body, h=headers: httpx.Response(200, headers=h, stream=Stream([b])))
        bounded = Bounded(inner, max_body=2**20)
        request = httpx.Request("GET", "https://graph.test/")
        if size > 2**20:
            with pytest.raises(BadResponseError):
                bounded.handle_request(request)
        else:
            assert bounded.handle_request(request).content == bytes(size)


class Stream(httpx.SyncByteStream):
    """Chunks, and whether they were closed."""

    def __init__(self, chunks: Any) -> None:
        self.chunks = chunks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks

    def close(self) -> None:
        self.closed = True


def test_a_slow_drip_ends_at_the_deadline() -> None:
    """T24: an answer that drips is given up after 120 s in all, and its connection closed."""
    now = [0.0]

    def drip() -> Iterator[bytes]:
        while True:
            now[0] += 1.0
            yield b" "

    stream = Stream(drip())
    inner = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    with pytest.raises(httpx.ReadTimeout, match="120 s"):
        Bounded(inner, clock=lambda: now[0]).handle_request(httpx.Request("GET", "https://graph.test/"))
    assert now[0] == pytest.approx(121.0)
    assert stream.closed


@pytest.mark.parametrize(
    "target",
    [
        "/v1.0/security/alerts_v2?$skiptoken=a%2fb%2Fc'%zz",
        '/v1.0/x?$skiptoken="<>"`{}|^',
        "/v1.0/a/../b/./c?x=%2e%2E",
        "/v1.0/{id}`?x",
        "?$skiptoken=only",
    ],
)
def test_a_next_link_reaches_the_wire_byte_for_byte(target: str) -> None:
    """D05: the request line holds the next link's own bytes, also where the HTTP library would write others."""
    server = RawServer([answer(GOOD)])
    try:
        with connect_emulator(f"http://127.0.0.1:{server.port}") as client:
            client.page(f"http://127.0.0.1:{server.port}{target}#fragment")
    finally:
        server.close()
    sent = target if target.startswith("/") else "/" + target
    assert server.asked[0].split(b"\r\n")[0] == f"GET {sent} HTTP/1.1".encode()
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n".encode() in server.asked[0]


def test_logs_hold_no_addresses(caplog: pytest.LogCaptureFixture, graph: Any, make: Any) -> None:
    """A09: while Graph is asked, httpx logs no address (filters name users); a user's own httpx logs as ever."""
    with caplog.at_level(logging.DEBUG):
        client, _ = graph([make.page()])
        list(client.pages(ALERTS, params={"$filter": "userPrincipalName eq 'alice@contoso.test'"}))
        with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as other:
            other.get("https://elsewhere.test/")
    assert "alice" not in caplog.text
    assert "graph.microsoft.com" not in caplog.text
    assert "elsewhere.test" in caplog.text

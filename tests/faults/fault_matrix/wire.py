"""Bytes on the wire: a server that sends exactly what a row wants, and a way to it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import httpx

from fault_matrix.fakes import Clock
from fault_matrix.row import OPEN

Step = bytes | Callable[[socket.socket], None]
GOOD = b'{"value":[{"id":"a"},{"id":"b"}]}'


def answer(body: bytes, *headers: bytes, length: int | None = None, close: bool = True) -> bytes:
    """The bytes of an answer; `length` -1 leaves the length out."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", *headers]
    if close:
        lines.append(b"Connection: close")
    if length != -1:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class RawServer:
    """Sends the given bytes, one item per connection (the last for ever), and keeps what it was sent."""

    def __init__(self, *script: Step) -> None:
        self.script = script
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        OPEN.callback(self._close)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10)
                asked = read_head(connection)
                if not asked:
                    continue
                self.asked.append(asked)
                step = self.script[min(len(self.asked), len(self.script)) - 1]
                if callable(step):
                    step(connection)
                else:
                    connection.sendall(step)

    def _close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)


def read_head(connection: socket.socket) -> bytes:
    """One request's head, as far as it came."""
    asked = b""
    while b"\r\n\r\n" not in asked:
        got = connection.recv(65536)
        if not got:
            break
        asked += got
    return asked


class ToLoopback(httpx.BaseTransport, Clock):
    """Real HTTP to a port of this machine, in a time that only waiting moves."""

    def __init__(self, port: int) -> None:
        Clock.__init__(self)
        self.port = port
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return self.inner.handle_request(
            httpx.Request(request.method, url, headers=request.headers, extensions=request.extensions)
        )

    def close(self) -> None:
        self.inner.close()


def wired(subject: Any, *script: Step) -> tuple[Any, RawServer]:
    """A subject connected to a raw server."""
    server = RawServer(*script)
    return subject(ToLoopback(server.port)), server


def reset(connection: socket.socket) -> None:
    """Break the connection in the middle of the body."""
    connection.sendall(answer(GOOD)[:-5])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

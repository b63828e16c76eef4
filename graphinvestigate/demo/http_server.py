"""The emulator over HTTP, for this machine alone: bound to loopback, asked only by loopback names."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from graphinvestigate.demo.answers import Response, to_json
from graphinvestigate.demo.faults import ConnectionDroppedError
from graphinvestigate.demo.server import Emulator
from graphinvestigate.errors import UsageError

_ADDRESS = "127.0.0.1"
_MAX_BODY = 4 * 1024 * 1024
_ZIP_FROM = 1024
_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?P<q>[01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.IGNORECASE)


def check_port(port: int) -> None:
    """Raise `UsageError` unless `port` is a port number, or 0."""
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65_535:
        raise UsageError(f"port must be a number from 0 (any free port) to 65535, not {port!r:.80}.")


class EmulatorServer:
    """An emulator that listens on a loopback port until it is stopped.

    Parameters
    ----------
    emulator : Emulator
        Who answers.
    port : int
        The port; 0 takes a free one.

    Raises
    ------
    UsageError
        The port is no port, or taken.

    Examples
    --------
    ``with EmulatorServer(emulator) as server:`` starts it, ``server.url`` is where it answers.
    """

    def __init__(self, emulator: Emulator, *, port: int = 0) -> None:
        check_port(port)
        self.emulator = emulator
        try:
            self._server = _Server(emulator, port)
        except OSError as error:
            raise UsageError(
                f"Port {port} cannot be used ({error.strerror}): choose another, or 0 for any free one."
            ) from error
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base URL, without version and trailing slash."""
        return f"http://{_ADDRESS}:{self.port}"

    def __repr__(self) -> str:
        return f"<EmulatorServer {self.url}>"

    def start(self) -> EmulatorServer:
        """Begin to answer, in threads of its own; return itself."""
        with self._lock:
            if self._stopped.is_set():
                raise UsageError("This server was stopped: make a new one.")
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
                )
                self._thread.start()
        return self

    def wait(self) -> None:
        """Block until `stop` is called from elsewhere, or Ctrl-C."""
        while not self._stopped.wait(0.2):
            pass

    def stop(self) -> None:
        """Stop answering, drop every connection, free the port. Twice does no harm."""
        with self._lock:
            if self._stopped.is_set():
                return
            if self._thread is not None:
                self._server.shutdown()
                self._thread.join()
            self._server.server_close()
            self._stopped.set()

    def __enter__(self) -> EmulatorServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    allow_reuse_address = os.name == "posix"  # elsewhere it would share a port that is taken

    def __init__(self, emulator: Emulator, port: int) -> None:
        self.emulator = emulator
        self._open: set[socket.socket] = set()
        self._callers: set[threading.Thread] = set()
        self._lock = threading.Lock()
        super().__init__((_ADDRESS, port), _Handler)
        bound = self.server_address[1]
        names = {f"{name}:{bound}" for name in (_ADDRESS, "localhost", "[::1]")}
        self.names = names | ({_ADDRESS, "localhost", "[::1]"} if bound == 80 else set())

    def server_bind(self) -> None:
        # Not HTTPServer's own: it asks the resolver for this machine's name, which may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _ADDRESS, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        # Not the mixin's own: it joins its threads only if they also keep the interpreter from ending.
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="emulator-caller", daemon=True
        )
        with self._lock:
            self._callers = {t for t in self._callers if t.is_alive()} | {thread}
            self._open.add(request)
            thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            callers = list(self._callers)
            for connection in self._open:  # an idle connection would keep its thread reading
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in callers:
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a caller that went away is no news, and everything else was answered with 599."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300
    server: _Server

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # every method goes the same way
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        refusal = self._refusal()
        if refusal is not None:
            self.close_connection = True
            self._send(refusal)
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = f"http://{self.headers['Host']}{self.path}"
        try:
            answer = self.server.emulator.handle(self.command, url, list(self.headers.items()), body)
        except ConnectionDroppedError:
            self.close_connection = True
            return
        self._send(answer)

    def _refusal(self) -> Response | None:
        """Return the answer to a request that never reaches the emulator, None for one that does."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1:
            return _refuse(400, "BadRequest", "Exactly one Host header is needed.")
        if hosts[0].lower() not in self.server.names:
            return _refuse(403, "Forbidden", "This emulator answers only to loopback names with its own port.")
        if not self.path.startswith("/") or not self.path.isascii():
            return _refuse(400, "BadRequest", "The request target must be a percent-encoded path.")
        if self.headers.get("Transfer-Encoding"):
            return _refuse(411, "BadRequest", "A body needs a Content-Length.")
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()):
            return _refuse(400, "BadRequest", "Content-Length is no number.")
        if len(length) > 9 or int(length) > _MAX_BODY:
            return _refuse(413, "BadRequest", "The body is too large.")
        return None

    def _send(self, answer: Response) -> None:
        body, headers = answer.body, list(answer.headers)
        if (
            len(body) >= _ZIP_FROM
            and answer.header("Content-Encoding") is None
            and _takes_gzip(self.headers.get("Accept-Encoding", ""))
        ):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        if answer.header("Content-Length") is None:
            headers.append(("Content-Length", str(len(body))))
        if self.close_connection:
            headers.append(("Connection", "close"))
        self.send_response_only(answer.status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: URLs hold user names."""


def _refuse(status: int, code: str, message: str) -> Response:
    body = to_json({"error": {"code": code, "message": message}})
    return Response(status, (("Content-Type", "application/json"),), body)


def _takes_gzip(accepted: str) -> bool:
    match = _GZIP.search(accepted)
    return match is not None and (match["q"] is None or float(match["q"]) > 0)

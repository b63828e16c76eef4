"""An answer read whole, within bounds on its size and its time."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator

import httpx

from graphinvestigate.errors import BadResponseError

MAX_BODY = 64 * 2**20
MAX_SECONDS = 120.0
_PIECE = 2**20
_ABOUT_THE_BODY = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class Bounded(httpx.BaseTransport):
    """Reads an answer whole, with bounds on its size and its time, and undoes gzip itself.

    Parameters
    ----------
    inner : httpx.BaseTransport
        What sends.
    max_body : int
        The largest body, in bytes after decompression.
    max_seconds : float
        The longest a request may take, however steadily it drips.
    clock : callable
        Seconds, on a clock that never runs back.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        max_body: int = MAX_BODY,
        max_seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inner = inner
        self._max_body = max_body
        self._max_seconds = max_seconds
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and read the answer whole."""
        deadline = self._clock() + self._max_seconds
        request.headers["Accept-Encoding"] = "gzip"
        try:
            answer = self.inner.handle_request(request)
            try:
                body = self._body(answer, deadline)
            finally:
                answer.close()
        finally:
            # Nothing that outlives the request (an error, a response) may hold the token.
            request.headers.pop("Authorization", None)
        kept = [(k, v) for k, v in answer.headers.raw if k.lower() not in _ABOUT_THE_BODY]
        return httpx.Response(answer.status_code, headers=kept, content=body, request=request)

    def close(self) -> None:
        """Close what sends."""
        self.inner.close()

    def _body(self, answer: httpx.Response, deadline: float) -> bytes:
        encoding = answer.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise BadResponseError(
                f"The answer is encoded as {encoding[:40]!r}, which nobody asked for. "
                "Ask again; if it stays, a proxy on the way changes answers."
            )
        reader = _Gunzip(self._max_body) if "gzip" in encoding else _Plain(self._max_body)
        stream: Iterator[bytes] = iter(answer.stream)  # type: ignore[arg-type] # a sync transport's
        for chunk in stream:
            reader.take(chunk)
            if self._clock() > deadline:
                raise httpx.ReadTimeout(f"the answer was not complete after {self._max_seconds:g} s")
        return reader.whole()


class _Plain:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._parts.append(chunk)

    def whole(self) -> bytes:
        return b"".join(self._parts)


class _Gunzip(_Plain):
    """Inflates no more than the limit, and notices a stream that ends too early."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._inflate = zlib.decompressobj(31)
        self._any = False

    def take(self, chunk: bytes) -> None:
        try:
            while chunk:
                self._any = True
                if self._inflate.eof:
                    self._inflate = zlib.decompressobj(31)
                super().take(self._inflate.decompress(chunk, min(_PIECE, self._limit + 1 - self._size)))
                chunk = self._inflate.unconsumed_tail or self._inflate.unused_data
        except zlib.error as error:
            raise httpx.RemoteProtocolError("the compressed answer is damaged") from error

    def whole(self) -> bytes:
        if self._any and not self._inflate.eof:
            raise httpx.RemoteProtocolError("the compressed answer ends too early")
        return super().whole()


def too_large(limit: int) -> BadResponseError:
    """Make the error for a body above the limit."""
    return BadResponseError(f"The answer is larger than {limit / 2**20:g} MiB. Ask for smaller pages (page_size=).")

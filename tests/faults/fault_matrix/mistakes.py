"""What clients do wrong: each mistake is a transport under, or a coat around, the real client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from fault_matrix.fakes import connected
from graphinvestigate.envelope import Page
from graphinvestigate.errors import GraphInvestigateError

RETRIED = frozenset({408, 429, 500, 502, 503, 504, 509})


class Through(httpx.BaseTransport):
    """A transport under the client that passes everything on; its heirs get one thing wrong."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def clock(self) -> float:
        return self.inner.clock()

    def sleep(self, seconds: float) -> None:
        self.inner.sleep(seconds)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.changed(self.inner.handle_request(request))

    def changed(self, answer: httpx.Response) -> httpx.Response:
        return answer

    def close(self) -> None:
        self.inner.close()


def through(kind: type[Through]) -> Callable[..., Any]:
    """The real client on a transport with a mistake."""
    return lambda transport, *arguments, **more: connected(kind(transport), *arguments, **more)


def made(status: int, headers: httpx.Headers, content: bytes) -> httpx.Response:
    """An answer with other contents."""
    kept = [(k, v) for k, v in headers.raw if k.lower() not in (b"content-encoding", b"content-length")]
    return httpx.Response(status, headers=kept, content=content)


def raw_body(answer: httpx.Response) -> bytes:
    """The bytes that came, still encoded."""
    try:
        return b"".join(answer.stream)  # type: ignore[arg-type]
    finally:
        answer.close()


class NoRetry(Through):
    """No failure is worth a second try."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in RETRIED:
            return made(501, answer.headers, raw_body(answer))
        return answer


class GivesUp(Through):
    """A connection that breaks, while asking or while reading, is not tried again."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self.inner.handle_request(request)
            return made(answer.status_code, answer.headers, raw_body(answer))
        except httpx.TransportError as error:
            raise httpx.UnsupportedProtocol(str(error)) from error


class Stubborn(Through):
    """Ten tries, whatever anybody says."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        error: Exception | None = None
        for _ in range(10):
            try:
                answer = self.inner.handle_request(request)
                if answer.status_code < 400:
                    return answer
                answer.read()
                error = None
            except httpx.TransportError as caught:
                error = caught
        if error is not None:
            raise error
        return answer


class Impatient(Through):
    """Asks again at once."""

    def sleep(self, seconds: float) -> None:
        """Not wait."""


class HalfPatient(Through):
    """Waits half as long as it was told."""

    def sleep(self, seconds: float) -> None:
        self.inner.sleep(seconds / 2)


class WholeSeconds(Through):
    """Reads Retry-After with `int()`, and takes what is no whole number for nothing."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        if not answer.headers.get("Retry-After", "").isdigit():
            answer.headers.pop("Retry-After", None)
        return answer


class LocalClock(Through):
    """Counts a date in Retry-After from this machine's clock."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        answer.headers.pop("Date", None)
        return answer


class AnyNumber(Through):
    """Sleeps for whatever `float()` makes of Retry-After."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        if "Retry-After" in answer.headers:
            self.inner.sleep(float(answer.headers["Retry-After"]))
        return answer


class ShortensWaits(Through):
    """Waits two minutes at most, however long it was asked to."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        if answer.headers.get("Retry-After", "").isdigit():
            answer.headers["Retry-After"] = str(min(120, int(answer.headers["Retry-After"])))
        return answer


class Mended(Through):
    """Takes the part of a cut answer that can be read for the whole."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        return made(answer.status_code, answer.headers, mend(raw_body(answer)))


class Inflated(Through):
    """Unpacks what there is of a compressed answer, and reads what can be read of it."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        import zlib

        body = raw_body(answer)
        if answer.headers.get("Content-Encoding") == "gzip":
            body = zlib.decompressobj(31).decompress(body)
        return made(answer.status_code, answer.headers, mend(body))


def mend(body: bytes) -> bytes:
    """Close the list after its last whole record."""
    try:
        json.loads(body)
    except ValueError:
        return body[: body.rfind(b"}") + 1] + b"]}" if b"}" in body else b'{"value":[]}'
    return body


class Lenient(Through):
    """`answer.get("value") or []`."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        found = json.loads(answer.content)
        value = found.get("value") if isinstance(found, dict) else None
        return httpx.Response(200, json={"value": value if isinstance(value, list) else []})


class AnyEncoding(Through):
    """Hands an answer in an unknown encoding on as it is."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        return made(answer.status_code, answer.headers, raw_body(answer))


class AnyType(Through):
    """Takes every answer for JSON."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        answer.headers["Content-Type"] = "application/json"
        return answer


class DecodesErrors(Through):
    """`response.json()["error"]` without looking what came."""

    def changed(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code >= 400:
            json.loads(answer.content)["error"]
        return answer


class NoTimeouts(Through):
    """`timeout=None`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["timeout"] = {}
        return super().handle_request(request)


class FollowsRedirects(Through):
    """Goes wherever it is sent, with everything it carries."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.inner.handle_request(request)
        if answer.has_redirect_location:
            to = httpx.URL(request.url).join(answer.headers["Location"])
            return self.inner.handle_request(httpx.Request("GET", to, headers=request.headers))
        return answer


class NoPrefer(Through):
    """Does not ask for the members that Graph hides by default."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers.pop("Prefer", None)
        return super().handle_request(request)


class Around:
    """A coat around the real client; its heirs get one thing wrong."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def around(kind: type[Around]) -> Callable[..., Any]:
    """The real client in a coat with a mistake."""
    return lambda *arguments, **more: kind(connected(*arguments, **more))


class FirstPageOnly(Around):
    """Takes the first page for the whole list."""

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        yield self.client.page(path, **arguments)


class EmptyPageEnds(Around):
    """Takes an empty page for the end."""

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        for one in self.client.pages(path, **arguments):
            if not len(one):
                return
            yield one


class NoLoopCheck(Around):
    """Follows next links for ever."""

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        one = self.client.page(path, **arguments)
        arguments.pop("params", None)
        while True:
            yield one
            if one.next_link is None:
                return
            one = self.client.page(one.next_link, **arguments)


class ParamsOnNextLink(Around):
    """Sends its own parameters with next links too, which replaces the links' query."""

    def pages(self, path: str, *, params: Any = None, **arguments: Any) -> Iterator[Page]:
        one = self.client.page(path, params=params, **arguments)
        yield one
        while one.next_link is not None:
            url = httpx.URL(one.next_link).copy_merge_params(params or {})
            one = self.client.page(f"{url}", **arguments)
            yield one


class StopsQuietly(Around):
    """Gives what came before an error, and says nothing."""

    def pages(self, path: str, **arguments: Any) -> Iterator[Page]:
        try:
            yield from self.client.pages(path, **arguments)
        except GraphInvestigateError:
            return

"""One answer, whatever it takes: send, judge, wait, repeat, or say why not.

What only reads is asked again after whatever may pass. What changes something is sent again only after Graph
refused it unread (429, 509): after a broken connection or a 5xx nobody knows whether the change was made.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import httpx

from graphinvestigate.client.answers import (
    PARTIAL,
    REFUSED_UNREAD,
    RETRIED,
    Asked,
    error_of,
    intercepted,
    is_untrusted,
    is_web_page,
    left_out,
    no_answer,
    wants_proxy_password,
)
from graphinvestigate.client.auth import BearerAuth
from graphinvestigate.client.links import Address
from graphinvestigate.client.throttle import backoff, retry_after, spread
from graphinvestigate.client.traffic import AGAIN, THROTTLED, Traffic
from graphinvestigate.client.transport import quietly
from graphinvestigate.envelope import Page, read_record
from graphinvestigate.errors import BadResponseError, GraphInvestigateError, NetworkError, UsageError

ATTEMPTS = 6
BUDGET = 300.0  # seconds per page, all attempts and waits together
BROKEN_ATTEMPTS = 3  # an answer that is cut off or no JSON is asked for again twice
_PREFER = "include-unknown-enum-members"  # else Graph hides new enum values behind `unknownFutureValue`

_UNSURE = "Whether the change was made is not known: read the record before you send it again."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """What to send.

    Attributes
    ----------
    address : Address
        Where.
    headers : dict
        From :func:`headers_with`.
    permission : str or None
        What the call needs, to name it in errors.
    method : str
        The HTTP method.
    body : bytes or None
        JSON.
    reads : bool
        Whether it changes nothing, so that sending it twice does no harm.
    stop : threading.Event or None
        Ends waiting when it is set.
    needs : tuple of str
        All permissions that it needs, where that is more than the one.
    granted_only : bool
        Whether a person who signed in is asked to allow nothing more: it is tried with what was allowed.
    """

    address: Address
    headers: dict[str, str]
    permission: str | None = None
    method: str = "GET"
    body: bytes | None = None
    reads: bool = True
    stop: threading.Event | None = None
    needs: tuple[str, ...] = ()
    granted_only: bool = False

    @property
    def permissions(self) -> tuple[str, ...]:
        """What a person is asked to allow before it is sent."""
        if self.granted_only:
            return ()
        return self.needs or ((self.permission,) if self.permission else ())


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Failure:
    error: GraphInvestigateError
    cause: Exception | None = None
    attempts: int = 1
    asked: float | None = None
    throttled: bool = False


class Asker:
    """Asks Graph for one answer at a time. Threads may share it.

    Parameters
    ----------
    http : httpx.Client
        What sends.
    auth : BearerAuth
        Puts tokens on requests.
    traffic : Traffic
        Counts and waits.
    proxy_host : str or None
        The proxy in use, for messages.
    loopback : bool
        Whether an emulator is asked, for messages.
    """

    def __init__(
        self, *, http: httpx.Client, auth: BearerAuth, traffic: Traffic, proxy_host: str | None, loopback: bool
    ) -> None:
        self._http = http
        self._auth = auth
        self._traffic = traffic
        self._proxy_host = proxy_host
        self._loopback = loopback

    def ask(self, call: Call, read: Callable[..., T]) -> T:
        """Ask until there is an answer, or an error that stays.

        Parameters
        ----------
        call : Call
            What to send.
        read : callable
            ``read(body, source=…)`` makes the result.

        Returns
        -------
        object
            What `read` made.
        """
        with self._traffic.until(call.stop):
            return self._ask(call, read)

    def _ask(self, call: Call, read: Callable[..., T]) -> T:
        if self._http.is_closed:
            raise UsageError("This client is closed. Connect again.")
        self._traffic.look_up()
        address = call.address
        started = self._traffic.clock()
        attempt = 0
        while True:
            attempt += 1
            asked = Asked(
                f"{address.url.copy_with(query=None)}", address.name, call.permission, attempt, call.method, call.reads
            )
            outcome = self._try(call, read, asked)
            if isinstance(outcome, _Answer):
                return outcome.value
            wait = spread(outcome.asked) if outcome.asked else backoff(attempt, throttled=outcome.throttled)
            left = BUDGET - (self._traffic.clock() - started)
            if outcome.throttled and wait <= BUDGET:  # also when it is given up: the next request must wait then
                self._traffic.throttled(address.url, wait=wait)
            if attempt >= outcome.attempts or wait > left:
                raise outcome.error from outcome.cause
            self._traffic.wait(wait, THROTTLED if outcome.throttled else AGAIN)

    def _try(self, call: Call, read: Callable[..., T], asked: Asked) -> _Answer[T] | _Failure:
        try:
            response = self._send(call)
        except httpx.TransportError as error:
            none = self._no_answer(error, call.address.url, asked.attempts)
            if call.reads:
                return _Failure(none, error, attempts=_attempts_after(error))
            unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
            return _Failure(none if unsent else unsure(none), error)
        status = response.status_code
        if status in (200, PARTIAL) or (response.is_success and not call.reads):
            if is_web_page(response):
                return _Failure(intercepted(response))
            try:
                value = read(response.content, source=f"{call.method} {call.address.name}")
                if status == PARTIAL and isinstance(value, Page):
                    value = replace(value, left_out=left_out(response.headers))
                return _Answer(value)
            except BadResponseError as error:
                again = call.reads and not _is_json(response.content)
                told = error if call.reads else unsure(error)
                return _Failure(told, error.__cause__, attempts=BROKEN_ATTEMPTS if again else 1)  # type: ignore[arg-type]
        wait = retry_after(response.headers, now=self._traffic.now())
        refusal = error_of(response, asked, wait=wait)
        return _Failure(
            unsure(refusal) if not call.reads and leaves_unsure(status) else refusal,
            attempts=ATTEMPTS if status in (RETRIED if call.reads else REFUSED_UNREAD) else 1,
            asked=wait,
            throttled=status in REFUSED_UNREAD,
        )

    def probe(self, url: httpx.URL) -> None:
        """Ask an emulator for its time, once and without retries; any answer will do."""
        try:
            self._send(Call(Address(url, None, url.path), headers_with(None)))
        except httpx.TransportError as error:
            raise self._no_answer(error, url, 1) from error

    def _send(self, call: Call) -> httpx.Response:
        kind = {"Content-Type": "application/json"} if call.body is not None else {}
        request = self._http.build_request(
            call.method,
            call.address.url,
            headers={**kind, **call.headers, "client-request-id": str(uuid.uuid4())},
            content=call.body,
            extensions=call.address.extensions,
        )
        return quietly(lambda: self._http.send(request, auth=self._auth.needing(call.permissions)))

    def _no_answer(self, error: httpx.TransportError, url: httpx.URL, attempts: int) -> NetworkError:
        return no_answer(error, url=url, attempts=attempts, proxy=self._proxy_host, loopback=self._loopback)


def headers_with(more: Mapping[str, str] | None) -> dict[str, str]:
    """Make the headers of a request: next links carry none, so each page is sent with them.

    Parameters
    ----------
    more : mapping or None
        What the caller adds.

    Returns
    -------
    dict

    Raises
    ------
    UsageError
        One of them is the client's own.
    """
    headers = {"Accept": "application/json", "Prefer": _PREFER}
    for name, value in (more or {}).items():
        if name.casefold() in ("authorization", "host", "accept-encoding"):
            raise UsageError(f"The header {name} is the client's own; leave it out.")
        if name.casefold() == "prefer":
            headers["Prefer"] = f"{_PREFER}, {value}"
        else:
            headers[name] = value
    return headers


def json_of(value: Any, *, name: str) -> bytes | None:
    """Write what a request carries.

    Parameters
    ----------
    value : object
        Plain JSON values; None: the request carries nothing.
    name : str
        What is asked, for messages.

    Returns
    -------
    bytes or None

    Raises
    ------
    UsageError
        It can't be written as JSON.
    """
    if value is None:
        return None
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"What is sent to {name} must be plain JSON values: {error}.") from error


def object_or_nothing(body: bytes, *, source: str) -> bytes:
    """Check that an answer is a JSON object, or empty."""
    return read_record(body, source=source).body if body else body


def leaves_unsure(status: int) -> bool:
    """Whether an error answer leaves open if a change was made: a time-out or a failure on Graph's side."""
    return status == 408 or (status >= 500 and status not in REFUSED_UNREAD)


def unsure(error: Any) -> Any:
    """Say in an error that the change may have been made; returns the same error."""
    error.args = (f"{error} {_UNSURE}",)
    error.change_unknown = True
    return error


def _attempts_after(error: httpx.TransportError) -> int:
    if (
        is_untrusted(error)
        or wants_proxy_password(error)
        or isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError)
    ):
        return 1
    return BROKEN_ATTEMPTS if isinstance(error, httpx.RemoteProtocolError | httpx.ProxyError) else ATTEMPTS


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True

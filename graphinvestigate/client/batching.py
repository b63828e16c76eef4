"""Several requests in one call (`$batch`): each judged by its own answer, and only what failed sent again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from graphinvestigate import text
from graphinvestigate.client.answers import REFUSED_UNREAD, RETRIED, Asked, error_of
from graphinvestigate.client.asking import (
    ATTEMPTS,
    BROKEN_ATTEMPTS,
    BUDGET,
    Asker,
    Call,
    headers_with,
    json_of,
    leaves_unsure,
    unsure,
)
from graphinvestigate.client.links import Address, address_of
from graphinvestigate.client.throttle import LIMITS, backoff, retry_after, service_of, spread
from graphinvestigate.client.traffic import AGAIN, Traffic
from graphinvestigate.errors import BadResponseError, GraphError, GraphInvestigateError, UsageError

MOST = 20  # requests per call: https://learn.microsoft.com/graph/json-batching
_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_NOT_RUN = 424  # a request that this one depends on failed


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """One request of a batch.

    Attributes
    ----------
    path : str
        Such as ``"/security/alerts_v2"``; ids in it went through :func:`path_segment`.
    method : str
        ``"GET"``, ``"POST"``, ``"PATCH"``, ``"PUT"`` or ``"DELETE"``.
    params : mapping or None
        Its query.
    body : object
        Plain JSON values; None sends nothing.
    headers : mapping or None
        More headers.
    permission : str or None
        The least permission that it needs, to name it in errors.
    reads : bool
        Whether a POST only reads, and so may be sent again after a failure; a GET always may.
    depends_on : tuple of int
        Positions of earlier requests that must have succeeded.
    """

    path: str
    method: str = "GET"
    params: Mapping[str, str | int | bool] | None = None
    body: Any = None
    headers: Mapping[str, str] | None = None
    permission: str | None = None
    reads: bool = False
    depends_on: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of one request of a batch.

    Attributes
    ----------
    status : int
        The HTTP status; 0 when no answer came.
    headers : dict
        As received.
    body : bytes
        JSON; empty when there was none.
    error : GraphInvestigateError or None
        Why it failed for good; None when it succeeded.
    attempts : int
        How often it was sent; 0: never, because something before it failed.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: GraphInvestigateError | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Item:
    """A request made ready to be sent."""

    request: BatchRequest
    address: Address
    url: str
    content: Any
    reads: bool

    @property
    def service(self) -> str:
        """What it is counted under."""
        return service_of(self.address.url.path)


def item_of(base: httpx.URL, request: BatchRequest, *, version: str) -> Item:
    """Check a request and write its address.

    Raises
    ------
    UsageError
        It can't be sent.
    """
    if request.method not in _METHODS:
        raise UsageError(f"{text.log(repr(request.method))} is no method. Choose one of: {', '.join(_METHODS)}.")
    headers_with(request.headers)  # refuses the client's own
    json_of(request.body, name=request.path)
    address = address_of(base, request.path, params=request.params, version=version)
    root = len(base.raw_path.rstrip(b"/")) + len(f"/{version}")
    url = address.url.raw_path.decode("ascii")[root:]
    return Item(request, address, url, request.body, request.reads or request.method == "GET")


class Batch:
    """Sends requests in calls of at most 20 until each has an answer or an error.

    Parameters
    ----------
    items : sequence of Item
        The requests.
    asker : Asker
        Who sends the calls.
    traffic : Traffic
        Who waits.
    base : httpx.URL
        Graph's root.
    version : str
        ``"v1.0"`` or ``"beta"``.
    """

    def __init__(self, items: Sequence[Item], *, asker: Asker, traffic: Traffic, base: httpx.URL, version: str) -> None:
        for position, item in enumerate(items):
            if any(not 0 <= earlier < position for earlier in item.request.depends_on):
                raise UsageError("depends_on= names positions of earlier requests in the list, counted from 0.")
        self._items = items
        self._asker = asker
        self._traffic = traffic
        self._address = address_of(base, "/$batch", params=None, version=version)
        self._done: dict[int, BatchAnswer] = {}
        self._attempts = [0] * len(items)
        self._since: dict[int, float] = {}

    def run(self) -> list[BatchAnswer]:
        """Send everything; one answer per request, in their order."""
        while True:
            self._give_up_dependants()
            still = [k for k in range(len(self._items)) if k not in self._done]
            if not still:
                return [self._done[k] for k in range(len(self._items))]
            call = self._next_call(still)
            for k in call:
                self._traffic.turn(self._items[k].address.url)
                self._since.setdefault(k, self._traffic.clock())
                self._attempts[k] += 1
            try:
                answers = self._send(call)
            except GraphInvestigateError as error:
                if not self._done:
                    raise
                for k in still:
                    self._done[k] = BatchAnswer(0, error=error, attempts=self._attempts[k])
                continue
            waits = [self._judge(k, answers.get(str(k + 1), [])) for k in call]
            self._traffic.wait(max((wait for wait in waits if wait is not None), default=0.0), AGAIN)

    def _give_up_dependants(self) -> None:
        for k, item in enumerate(self._items):
            failed = [d for d in item.request.depends_on if d in self._done and self._done[d].error is not None]
            if failed and k not in self._done:
                error = GraphError(
                    f"{item.address.name} was not done, because {self._items[failed[0]].address.name}, which it "
                    "depends on, failed.",
                    status=_NOT_RUN,
                    url=f"{item.address.url.copy_with(query=None)}",
                    permission=item.request.permission,
                    attempts=self._attempts[k],
                )
                self._done[k] = BatchAnswer(_NOT_RUN, error=error, attempts=self._attempts[k])

    def _next_call(self, still: list[int]) -> list[int]:
        """Choose what travels together: a batch does not escape the limits of the services in it."""
        call: list[int] = []
        counts: Counter[str] = Counter()
        for k in still:
            item = self._items[k]
            ready = all(d in self._done or d in call for d in item.request.depends_on)
            if ready and counts[item.service] < LIMITS.get(item.service, (MOST, 0.0))[0]:
                call.append(k)
                counts[item.service] += 1
            if len(call) == MOST:
                break
        return call

    def _send(self, call: list[int]) -> dict[str, list[_Answered]]:
        body = json_of({"requests": [self._written(k, call) for k in call]}, name="$batch")
        reads = all(self._items[k].reads for k in call)
        needs = tuple(sorted({name for k in call if (name := self._items[k].request.permission)}))
        answered: dict[str, list[_Answered]] = {}
        for one in self._asker.ask(
            Call(self._address, headers_with(None), method="POST", body=body, reads=reads, needs=needs), _read_answers
        ):
            answered.setdefault(one.id, []).append(one)
        return answered

    def _written(self, k: int, call: list[int]) -> dict[str, Any]:
        item = self._items[k]
        headers = headers_with(item.request.headers)
        if item.content is not None:
            headers["Content-Type"] = "application/json"
        written: dict[str, Any] = {
            "id": str(k + 1),
            "method": item.request.method,
            "url": item.url,
            "headers": headers,
        }
        if item.content is not None:
            written["body"] = item.content
        if together := [str(d + 1) for d in item.request.depends_on if d in call]:
            written["dependsOn"] = together
        return written

    def _judge(self, k: int, answers: list[_Answered]) -> float | None:
        """Keep what is final; say how long to wait for what is sent again."""
        item, attempt = self._items[k], self._attempts[k]
        if len(answers) != 1:
            error = BadResponseError(
                f"The batch holds {len(answers) or 'no'} answers to {item.address.name} instead of one. "
                "Ask again; if it stays, ask for it alone."
            )
            if item.reads and attempt < BROKEN_ATTEMPTS:
                return backoff(attempt, throttled=False)
            self._done[k] = BatchAnswer(0, error=error if item.reads else unsure(error), attempts=attempt)
            return None
        (answer,) = answers
        if 200 <= answer.status < 300:
            self._traffic.answered(item.address.url)
            self._done[k] = BatchAnswer(answer.status, answer.headers, answer.body, attempts=attempt)
            return None
        url = item.address.url
        response = httpx.Response(
            answer.status,
            headers=answer.headers,
            content=answer.body,
            request=httpx.Request(item.request.method, url.copy_with(query=None)),
        )
        asked_to = retry_after(response.headers, now=self._traffic.now())
        throttled = answer.status in REFUSED_UNREAD
        wait = spread(asked_to) if asked_to else backoff(attempt, throttled=throttled)
        if answer.status == _NOT_RUN and any(d not in self._done for d in item.request.depends_on):
            return 0.0  # what it depends on is sent again, and it with it
        passes = answer.status in ({*RETRIED, _NOT_RUN} if item.reads else {*REFUSED_UNREAD, _NOT_RUN})
        left = BUDGET - (self._traffic.clock() - self._since[k])
        if throttled and wait <= BUDGET:  # also when it is given up: the next request must wait then
            self._traffic.throttled(url, wait=wait)
        if passes and attempt < ATTEMPTS and wait <= left:
            return wait
        asked = Asked(
            f"{url.copy_with(query=None)}",
            item.address.name,
            item.request.permission,
            attempt,
            item.request.method,
            item.reads,
        )
        refusal = error_of(response, asked, wait=asked_to)
        if not item.reads and leaves_unsure(answer.status):
            refusal = unsure(refusal)
        self._done[k] = BatchAnswer(answer.status, answer.headers, answer.body, refusal, attempt)
        return None


class _Answered(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, str]
    body: bytes


class _Sent(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.Raw(b"")


class _AllSent(msgspec.Struct):
    responses: list[_Sent]


_DECODER = msgspec.json.Decoder(_AllSent)


def _read_answers(body: bytes, *, source: str) -> list[_Answered]:
    try:
        answers = _DECODER.decode(body).responses
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answers = _plainly(body, source)
    return [_Answered(one.id, one.status, _headers(one.headers), _body(one.body)) for one in answers]


def _plainly(body: bytes, source: str) -> list[_Sent]:
    """Read what the fast decoder refuses although it is JSON, such as half a character."""
    try:
        answers = msgspec.convert(json.loads(body)["responses"], list[dict[str, Any]])
        return [
            _Sent(str(one["id"]), int(one["status"]), one.get("headers"), msgspec.Raw(json.dumps(one.get("body"))))
            for one in answers
        ]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise BadResponseError(
            f"The answer to {source} is no list of answers. Ask again; if it stays, ask for each alone."
        ) from error


def _headers(headers: Any) -> dict[str, str]:
    named = headers if isinstance(headers, dict) else {}
    return {text.log(str(name)): text.log(str(value)) for name, value in named.items()}


def _body(raw: msgspec.Raw) -> bytes:
    body = bytes(raw)
    return b"" if body in (b"", b"null") else body

"""Scripted faults: which requests go wrong, and how.

A fault is a path pattern, which of the matching requests it strikes, and an action. An action is a function of what
was asked: it may look at the genuine answer, change it, answer something else, or answer nothing.

>>> Fault("/security/alerts_v2", error(429, headers={"Retry-After": "2.128"}), on={2})  # doctest: +ELLIPSIS
Fault(path='/security/alerts_v2', ...)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from graphinvestigate.demo.answers import ApiError, Request, Response, to_json


class ConnectionDroppedError(ConnectionError):
    """No answer comes: whoever carries the request drops the connection."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an action may look at.

    Parameters
    ----------
    request : Request
        The request.
    genuine : callable
        The answer without the fault; made when first called.
    link_here : callable
        Takes a number, returns a next link that leads to the very page asked for; each number another link.
    """

    request: Request
    genuine: Callable[[], Response]
    link_here: Callable[[int], str]


Action = Callable[[Asked], Response]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    path : str
        Pattern of the path below the version, ``*`` and ``?`` as in file names: ``/security/*``.
    action : callable
        What happens instead, such as `error`, `respond`, `empty_page`.
    on : collection of int or None
        Which of the matching requests it strikes, counted from 1; None strikes each.
    name : str
        What a test calls it.
    """

    path: str
    action: Action
    on: Collection[int] | None = None
    name: str = ""


class FaultScript:
    """Faults in order; the first that strikes a request decides. Counts go on for all that match.

    Attributes
    ----------
    struck : list of (str, str)
        Name and path of each strike, in order.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = tuple(faults)
        self._met = [0] * len(self._faults)
        self._lock = threading.Lock()
        self.struck: list[tuple[str, str]] = []

    def answer(self, asked: Asked) -> Response:
        """Return the answer to a request, genuine or not."""
        fault = self._next(asked.request)
        return asked.genuine() if fault is None else fault.action(asked)

    def _next(self, request: Request) -> Fault | None:
        path = urlsplit(request.url).path
        below = "/" + path.removeprefix("/").partition("/")[2]
        hit = None
        with self._lock:
            for i, fault in enumerate(self._faults):
                if not fnmatchcase(below.lower(), fault.path.lower()):
                    continue
                self._met[i] += 1
                if hit is None and (fault.on is None or self._met[i] in fault.on):
                    hit = fault
            if hit is not None:
                self.struck.append((hit.name, path))
        return hit


def error(
    status: int, *, code: str = "UnknownError", message: str = "", headers: Mapping[str, str] | None = None
) -> Action:
    """Answer with an error in Graph's shape, its standard headers, and these."""

    def action(_asked: Asked) -> Response:
        raise ApiError(status, code, message, headers=dict(headers or {}))

    return action


def respond(status: int, *, headers: Mapping[str, str] | None = None, body: Any = b"") -> Action:
    """Answer exactly this; bytes and text go out as they are, anything else as JSON."""
    if isinstance(body, str):
        body = body.encode()
    content = body if isinstance(body, bytes) else to_json(body)

    def action(_asked: Asked) -> Response:
        return Response(status, tuple((headers or {}).items()), content)

    return action


def rewrite(edit: Callable[[Any], Any]) -> Action:
    """Answer genuinely, but with the JSON that `edit` returns; errors pass untouched."""

    def action(asked: Asked) -> Response:
        answer = asked.genuine()
        if answer.status != 200:
            return answer
        return Response(answer.status, answer.headers, to_json(edit(json.loads(answer.body))))

    return action


def empty_page() -> Action:
    """Answer an empty page whose next link leads to the records that were asked for."""
    made = 0
    lock = threading.Lock()

    def action(asked: Asked) -> Response:
        nonlocal made
        with lock:
            made += 1
            salt = made
        link = asked.link_here(salt)
        return rewrite(lambda page: {**page, "@odata.nextLink": link, "value": []})(asked)

    return action


def same_next_link() -> Action:
    """Answer genuinely, but the next link is the URL that was asked for."""

    def action(asked: Asked) -> Response:
        return rewrite(lambda page: {**page, "@odata.nextLink": asked.request.url})(asked)

    return action


def disconnect() -> Action:
    """Answer nothing: the connection is dropped."""

    def action(_asked: Asked) -> Response:
        raise ConnectionDroppedError("the server dropped the connection")

    return action

"""What msal asks HTTP requests of: this package's client, with a few retries and plain errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from graphinvestigate.client.answers import intercepted, is_untrusted, is_web_page, no_answer, wants_proxy_password
from graphinvestigate.client.throttle import backoff, retry_after, spread
from graphinvestigate.errors import BadResponseError

_ATTEMPTS = 3
_LONGEST = 30.0


class SignInHttp:
    """The `http_client` that msal is given.

    msal does not repeat what fails for a moment, and keeps the failure for a while; so it is repeated here,
    where msal does not see it. A code that was sent once is not sent again after a broken answer.

    Parameters
    ----------
    http : httpx.Client
        The client that also asks Graph.
    sleep : callable
        How to wait.
    """

    def __init__(self, http: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._sleep = sleep

    def get(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_unused: Any,
    ) -> httpx.Response:
        """Ask as msal does."""
        return self._ask(self._http.build_request("GET", url, params=params or None, headers=headers))

    def post(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        **_unused: Any,
    ) -> httpx.Response:
        """Send a form as msal does: its assertions are bytes, which httpx would write as ``b'…'``."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        if data is not None and not isinstance(data, str | bytes):
            data = urlencode([(name, value) for name, value in dict(data).items() if value is not None])
        sent = {**form, **(headers or {})}
        return self._ask(self._http.build_request("POST", url, params=params or None, headers=sent, content=data))

    def close(self) -> None:
        """Do nothing: the client is not msal's to close."""

    def _ask(self, request: httpx.Request) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            last = attempt >= _ATTEMPTS
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if (
                    last
                    or is_untrusted(error)
                    or wants_proxy_password(error)
                    or not (unsent or request.method == "GET")
                ):
                    raise no_answer(error, url=request.url, attempts=attempt, proxy=None, loopback=False) from error
                self._sleep(backoff(attempt, throttled=False))
                continue
            if response.status_code == 429 or response.status_code >= 500:
                asked = retry_after(response.headers, now=datetime.now(UTC))
                wait = spread(asked) if asked else backoff(attempt, throttled=response.status_code == 429)
                if not last and wait <= _LONGEST:
                    self._sleep(wait)
                    continue
            elif response.is_redirect or is_web_page(response):
                raise intercepted(response)
            elif response.is_success or request.method == "POST":
                _refuse_nonsense(response)
            return response


def _refuse_nonsense(response: httpx.Response) -> None:
    """What is no JSON goes no further: msal would log it, and half an answer may hold a whole token."""
    try:
        json.loads(response.content)
    except (ValueError, RecursionError):
        readable = False
    else:
        readable = True
    if not readable:  # said outside the `except`: the decoder's error holds the whole text
        raise BadResponseError(
            f"{response.request.url.host} answered the sign-in with something that is no JSON "
            f"({response.status_code}). Ask again; if it stays, something on the way changes answers."
        )

"""The wire: one HTTP client for sign-in and Graph alike, which reads no more than it can bear."""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import time
import urllib.request
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

import httpx

from graphinvestigate import __version__
from graphinvestigate.client.bounded import Bounded
from graphinvestigate.client.secret import Secret
from graphinvestigate.errors import UsageError

TIMEOUT = httpx.Timeout(60.0, connect=10.0)

T = TypeVar("T")

_silent: ContextVar[bool] = ContextVar("graphinvestigate_silent", default=False)


class _NoAddresses(logging.Filter):
    """httpx logs whole URLs, and filters in them name users: not while this package asks."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 (logging's signature)
        return not _silent.get()


logging.getLogger("httpx").addFilter(_NoAddresses())


def quietly(call: Callable[[], T]) -> T:
    """Ask without addresses in logs, and without tokens in tracebacks.

    The frames below keep headers and forms in plain variables; a debugger-like traceback would print them. So
    an error leaves here without those frames: its type and its words stay.

    Parameters
    ----------
    call : callable
        What to do, without arguments.

    Returns
    -------
    object
        What `call` returned.
    """
    mark = _silent.set(True)
    try:
        return call()
    except BaseException as error:
        forget_frames(error)
        raise
    finally:
        _silent.reset(mark)


def forget_frames(error: BaseException) -> None:
    """Cut the frames, and the request with its headers and form, off an error and all that led to it."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        if isinstance(one, httpx.RequestError) and getattr(one, "_request", None) is not None:
            one.request = httpx.Request(one.request.method, one.request.url.copy_with(query=None))
        todo += [one.__cause__, one.__context__]


def open_http(
    *,
    proxy: Secret[str] | None = None,
    ca: str | os.PathLike[str] | None = None,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[httpx.Client, str | None]:
    """Make the one HTTP client.

    Parameters
    ----------
    proxy : Secret or None
        The proxy's URL (it may hold a password); None: what the environment says.
    ca : path or None
        A PEM file of certificate authorities to trust besides the system's.
    transport : httpx.BaseTransport or None
        What to ask through instead of the network.
    clock : callable
        Seconds, on a clock that never runs back.

    Returns
    -------
    httpx.Client
        It follows no redirect and reads no `.netrc`.
    str or None
        The proxy's host and port, for messages.

    Raises
    ------
    UsageError
        `ca` or `proxy` can't be used.
    """
    wire: httpx.BaseTransport
    proxy_host = None
    if transport is not None:
        if proxy is not None or ca is not None:
            raise UsageError("proxy= and ca= say nothing where transport= is given; leave them out.")
        wire = transport
    else:
        wire = _Routes(trusted(ca), proxy)
        proxy_host = wire.proxy_host
    bounded = Bounded(wire, clock=clock)
    http = httpx.Client(
        transport=bounded,
        timeout=TIMEOUT,
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": f"graphinvestigate/{__version__}"},
    )
    return http, proxy_host


def trusted(ca: str | os.PathLike[str] | None) -> ssl.SSLContext:
    """Collect whom to trust: the system's authorities, those of the usual variables, and `ca`.

    Parameters
    ----------
    ca : path or None
        A PEM file.

    Returns
    -------
    ssl.SSLContext
        It always verifies.

    Raises
    ------
    UsageError
        The file is not there or holds no certificate.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        import certifi  # some Pythons (macOS) come without the system's authorities

        context.load_verify_locations(certifi.where())
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := os.environ.get(variable):
            _trust(context, path, said=f"{variable}={path}")
    if ca is not None:
        _trust(context, ca, said=f"ca={os.fspath(ca)!r}")
    return context


def _trust(context: ssl.SSLContext, path: str | os.PathLike[str], *, said: str) -> None:
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{said} holds no certificates that can be read. Name a PEM file of your company's authority."
        ) from error


class _Routes(httpx.BaseTransport):
    """Goes through the proxy, or straight where there is none, or none for that host."""

    def __init__(self, context: ssl.SSLContext, proxy: Secret[str] | None) -> None:
        self._straight = httpx.HTTPTransport(verify=context, trust_env=False)
        self._from_environment = proxy is None
        found = urllib.request.getproxies()
        address = proxy or Secret(found.get("https") or found.get("all") or "")
        self.proxy_host: str | None = None
        self._proxied: httpx.HTTPTransport | None = None
        if address.reveal():
            try:
                url = quietly(lambda: httpx.URL(address.reveal()))
                self._proxied = quietly(
                    lambda: httpx.HTTPTransport(verify=context, trust_env=False, proxy=httpx.Proxy(url))
                )
            except (httpx.InvalidURL, ValueError, ImportError):
                raise UsageError(
                    "The proxy's address can't be used; write http://host:port (SOCKS is not supported). "
                    "It comes from proxy=, or else from the variable HTTPS_PROXY or ALL_PROXY."
                ) from None
            self.proxy_host = f"{url.host}:{url.port}" if url.port else url.host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._proxied is None or self._goes_straight(request.url.host):
            return self._straight.handle_request(request)
        return self._proxied.handle_request(request)

    def close(self) -> None:
        self._straight.close()
        if self._proxied is not None:
            self._proxied.close()

    def _goes_straight(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            # This machine, and the address where Azure gives managed identities their tokens.
            if address.is_loopback or address.is_link_local:
                return True
        return host == "localhost" or (self._from_environment and bool(urllib.request.proxy_bypass(host)))

"""The connection to one tenant without its requests: who asks, how long it waited, who stops it, its clock."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from graphinvestigate.client.asking import Asker
from graphinvestigate.client.auth import BearerAuth, Credential
from graphinvestigate.client.clouds import Cloud, is_loopback, refuse_mixture
from graphinvestigate.client.emulator_credential import EmulatorCredential
from graphinvestigate.client.pull import Pull
from graphinvestigate.client.throttle import Limiters
from graphinvestigate.client.traffic import Traffic, Watch


class Connection:
    """What a client is before it asks; :class:`GraphClient` adds the requests."""

    def __init__(
        self,
        *,
        tenant_id: str,
        cloud: Cloud,
        credential: Credential,
        http: httpx.Client,
        own_transport: bool = False,
        proxy_host: str | None = None,
        _clock: Callable[[], float] = time.monotonic,
        _sleep: Callable[[float], None] = time.sleep,
        _wall: Callable[[], float] = time.time,
    ) -> None:
        self.tenant_id = tenant_id
        self.cloud = cloud
        self.base_url = cloud.graph
        self.pulls: dict[str, Pull] = {}
        self._origin = httpx.URL(cloud.graph)
        self._emulated = isinstance(credential, EmulatorCredential)
        refuse_mixture(self._origin, emulated=self._emulated, own_transport=own_transport)
        self._traffic = Traffic(
            origin=self._origin,
            limiters=Limiters((_clock, cloud.graph, tenant_id, id(http) if own_transport else None)),
            clock=_clock,
            sleep=_sleep,
            wall=_wall,
            own_time=self._emulated,
        )
        self._auth = BearerAuth(credential, self._origin)
        self._asker = Asker(
            http=http,
            auth=self._auth,
            traffic=self._traffic,
            proxy_host=proxy_host,
            loopback=is_loopback(self._origin),
        )
        http.event_hooks = {"request": [self._traffic.before], "response": [self._traffic.after]}
        self._close = weakref.finalize(self, http.close)

    @property
    def requests_made(self) -> int:
        """Requests made to Graph so far, repeated ones included."""
        return self._traffic.requests

    @property
    def waited_seconds(self) -> float:
        """Seconds spent waiting so far because Graph limits requests or failed for a moment."""
        return self._traffic.waited

    @property
    def on_wait(self) -> Callable[[float, str], None] | None:
        """Called with ``(seconds left, why)`` while waiting and ``(0.0, why)`` after it, in the thread that waits."""
        return self._traffic.on_wait

    @on_wait.setter
    def on_wait(self, hook: Callable[[float, str], None] | None) -> None:
        self._traffic.on_wait = hook

    @property
    def stop(self) -> threading.Event | None:
        """While this event is set, whoever asks Graph next or waits gets a `StoppedError`; pulls keep what came.

        It stops all that is asked through this client; `watched` stops one piece of work.
        """
        return self._traffic.stop

    @stop.setter
    def stop(self, event: threading.Event | None) -> None:
        self._traffic.stop = event

    def watched(
        self, *, stop: threading.Event | None = None, on_wait: Callable[[float, str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Stop, or hear the waits of, what is asked within a ``with`` block, and nothing else that uses this client.

        Parameters
        ----------
        stop : threading.Event or None
            As :attr:`stop`, for this thread and for those that read its pulls piece by piece.
        on_wait : callable or None
            As :attr:`on_wait`, for the same. Who hears waits already goes on hearing them.

        Returns
        -------
        context manager
        """
        return self._traffic.watched(Watch(stop, on_wait))

    def home(self) -> str:
        """Give the tenant's id, also where `tenant_id` is one of its domain names: then the token says it."""
        named = "." in self.tenant_id
        return (self._auth.tenant() if named else "") or self.tenant_id.lower()

    def now(self) -> datetime:
        """Give the time by Graph's clock, which this machine's may differ from.

        An emulator lives in a time of its own: it is asked once if nothing was heard from it lately.

        Returns
        -------
        datetime
            Aware, UTC, in whole seconds.

        Raises
        ------
        NetworkError
            The emulator does not answer.
        """
        if not self._emulated:
            return self._traffic.now()
        if self._traffic.said() is None:
            self._asker.probe(httpx.URL(f"{self.base_url}/v1.0/"))
        return self._traffic.said() or self._traffic.now()

    def signed_in_as(self, permission: str | None = None) -> str:
        """Say who asks, signing in if need be.

        Parameters
        ----------
        permission : str or None
            What the next request needs: a person who signs in is asked for that, and no more.

        Returns
        -------
        str
            A user's name or an app's id, as the token has it; empty where it can't be read.
        """
        return self._auth.who((permission,) if permission else ())

    def close(self) -> None:
        """Close the connections. Doing it twice is no error."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"GraphClient(tenant_id={self.tenant_id!r}, cloud={self.cloud.name!r})"

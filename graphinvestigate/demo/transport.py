"""The emulator as an httpx transport: a client in this process, no socket."""

from __future__ import annotations

import threading
import time

import httpx

from graphinvestigate.demo.faults import ConnectionDroppedError
from graphinvestigate.demo.server import Emulator


class DemoClock:
    """A clock that goes on like the real one and jumps over every wait, so that nobody waits for a demo.

    Give the same one to the emulator (``clock=demo_clock.clock``) and to the transport.
    """

    def __init__(self) -> None:
        self._skipped = 0.0
        self._lock = threading.Lock()

    def clock(self) -> float:
        """Return seconds that never run back."""
        with self._lock:
            return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Jump `seconds` ahead."""
        with self._lock:
            self._skipped += max(0.0, seconds)


class DemoTransport(httpx.BaseTransport):
    """Carries a client's requests to an emulator in this process.

    Parameters
    ----------
    emulator : Emulator
        Who answers.
    demo_clock : DemoClock or None
        The clock by which the client is to wait, offered to it as ``clock`` and ``sleep``; None leaves it its own.
    """

    def __init__(self, emulator: Emulator, *, demo_clock: DemoClock | None = None) -> None:
        self.emulator = emulator
        if demo_clock is not None:
            self.clock = demo_clock.clock
            self.sleep = demo_clock.sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        try:
            answer = self.emulator.handle(
                request.method, str(request.url), request.headers.multi_items(), request.read()
            )
        except ConnectionDroppedError as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        return httpx.Response(answer.status, headers=list(answer.headers), content=answer.body, request=request)

"""Where events go: a file, a stream, an HTTP collector. What a sink took is never lost; what it did not take waits."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TextIO

import httpx

from graphinvestigate.errors import GraphInvestigateError, NotSavedError, UsageError
from graphinvestigate.text import log
from graphinvestigate.watch.events import id_in
from graphinvestigate.watch.store import Event

_TAIL = 2**20
_LONGEST = 64 * 2**20  # a line that is longer is none of ours
_TOKEN = re.compile(r"[!-~]*")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Sink(Protocol):
    """Takes events, in order."""

    name: str

    def recover(self, known: Callable[[str], int | None]) -> int:
        """Say, after a restart, up to which number it has events already: 0 where it cannot tell."""

    def take(self, events: list[Event]) -> Iterator[int]:
        """Take events, in order; give each one's number as soon as it is safe."""


class FileSink:
    """Appends one line per event. Killed in the middle of a line or before it is remembered, it goes on there.

    Parameters
    ----------
    path : Path
        Made for this account alone where it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path = Path(path)
        self.name = f"file {path.absolute()}"
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise UsageError(f"{log(str(path))}: name a file in a folder that exists.")

    def recover(self, known: Callable[[str], int | None]) -> int:
        """Find the last whole line; half a line, left by a kill, is taken away: its event is written again.

        Raises
        ------
        NotSavedError
            The file cannot be read and written.
        """
        try:
            return self._recovered(known)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise NotSavedError(
                f"{log(str(self.path))} can take no events ({error.strerror}): name a file that you may write."
            ) from error

    def _recovered(self, known: Callable[[str], int | None]) -> int:
        size = self.path.stat().st_size
        with self.path.open("r+b") as file:
            start = size
            tail = b""
            while start and tail.count(b"\n") < 2 and len(tail) < _LONGEST:
                step = min(_TAIL, start)
                start -= step
                file.seek(start)
                tail = file.read(step) + tail
            whole, mark, half = tail.rpartition(b"\n")
            if half:
                if not half.startswith(b"{"):  # not begun by us: another program's line stays
                    file.seek(0, os.SEEK_END)
                    file.write(b"\n")
                else:
                    file.truncate(size - len(half))
                file.flush()
                os.fsync(file.fileno())
        last = whole.rpartition(b"\n")[2] if mark else b""
        found = id_in(last.decode("utf-8", "replace"))
        return (known(found) or 0) if found else 0

    def take(self, events: list[Event]) -> Iterator[int]:
        """Append, and give the numbers once they are on the disk."""
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "wb") as file:
                for event in events:
                    file.write(event.body.encode("utf-8") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotSavedError(f"{log(str(self.path))} takes no events ({error.strerror}); they wait.") from error
        yield from (event.sequence for event in events)


class StreamSink:
    """Writes one line per event to a stream, such as standard output.

    A stream cannot be asked what it got: killed between writing a line and remembering it, the watch writes that one
    line again. Its event has the same id.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.name = "stream"
        self._stream = stream

    def recover(self, known: Callable[[str], int | None]) -> int:
        """A stream cannot tell."""
        del known
        return 0

    def take(self, events: list[Event]) -> Iterator[int]:
        """Write line by line."""
        stream = self._stream or sys.stdout
        for event in events:
            stream.write(f"{event.body}\n")
            stream.flush()
            yield event.sequence


class CollectorError(GraphInvestigateError):
    """The collector did not take an event; it waits."""


class HttpSink:
    """Posts each event as JSON to a collector, in order; what is not answered with 2xx waits and is sent again.

    Each carries its id as ``Idempotency-Key``: where an answer was lost on the way, the collector knows the event.

    Parameters
    ----------
    url : str
        https, or http on this machine.
    token : str, optional
        Sent as ``Authorization: Bearer``; never shown.
    headers : mapping, optional
        More headers.
    timeout : float
        Seconds for one answer.
    """

    def __init__(
        self, url: str, *, token: str | None = None, headers: Mapping[str, str] | None = None, timeout: float = 30.0
    ) -> None:
        try:
            place = httpx.URL(url)
        except (httpx.InvalidURL, TypeError) as error:
            raise UsageError(f"{log(repr(url))[:100]} is no address of a collector ({error}).") from error
        if not place.host or place.host != place.host.strip() or " " in place.host:
            raise UsageError(f"{log(repr(url))[:100]} is no address of a collector: it names no host.")
        if token is not None and not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise UsageError("a collector's token is text without spaces, line ends or letters beyond ASCII.")
        if place.scheme != "https" and not (place.scheme == "http" and place.host in _LOOPBACK):
            raise UsageError("a collector has an https address (http only on this machine): events name people.")
        if place.userinfo:
            raise UsageError("a collector's address holds no password: give the token by itself.")
        self.name = f"collector {place.copy_with(query=None)}"
        self._url = place
        self._host = place.host
        more = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            headers={**(headers or {}), **more, "Content-Type": "application/json"},
            timeout=timeout,
            follow_redirects=False,
        )

    def recover(self, known: Callable[[str], int | None]) -> int:
        """A collector is not asked."""
        del known
        return 0

    def take(self, events: list[Event]) -> Iterator[int]:
        """Post one by one."""
        for event in events:
            try:
                answer = self._http.post(
                    self._url, content=event.body.encode("utf-8"), headers={"Idempotency-Key": event.event_id}
                )
            except httpx.HTTPError as error:
                raise CollectorError(
                    f"the collector at {log(self._host)} did not answer ({type(error).__name__}); its events wait."
                ) from error
            # 409: it has this event already, from an attempt whose answer was lost.
            if not answer.is_success and answer.status_code != httpx.codes.CONFLICT:
                raise CollectorError(
                    f"the collector at {log(self._host)} answered {answer.status_code}; its events wait. "
                    "Check its address, its token and what it accepts."
                )
            yield event.sequence

    def __repr__(self) -> str:
        return f"HttpSink({self._host!r})"

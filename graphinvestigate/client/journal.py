"""Pages that came, kept on disk until the pull is done, so that a killed one goes on where it stopped."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from graphinvestigate.client.links import Address
from graphinvestigate.envelope import Page, read_page
from graphinvestigate.errors import BadResponseError
from graphinvestigate.files import private_folder, sha256, write_atomic

SCHEMA = 1
_LEEWAY = timedelta(minutes=5)


class JournalWarning(UserWarning):
    """Pages can't be kept, or kept ones can't be used; the pull goes on without them."""


class Journal:
    """A private folder with the pages of one pull. Threads, and other processes, may share it.

    An entry is named by what was asked (cloud, tenant, account, address, headers), never changed, and checked
    by its hash when it is read. It holds what Graph answered, so it is as confidential as that; it holds no
    token. Call :meth:`clear` when the rows are safe.

    Parameters
    ----------
    path : path
        The folder; made when the first page is kept, for this account only.
    max_age : timedelta
        Older entries are left alone: they would be shown as today's.

    Attributes
    ----------
    replayed : int
        Pages that were taken from here instead of asked for.
    kept : int
        Pages that were added.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_age: timedelta = timedelta(hours=24)) -> None:
        self.path = Path(path)
        self.replayed = 0
        self.kept = 0
        self._max_age = max_age
        self._lock = threading.Lock()
        self._usable: bool | None = None
        self._writable = True
        self._warned: set[str] = set()

    def reader(
        self, ask: Callable[[Address], Page], owner: Callable[[], tuple[str, ...]], headers: Mapping[str, str]
    ) -> Callable[[Address], Page]:
        """Wrap what reads the pages of one list: kept ones first, then Graph's, which are kept.

        Parameters
        ----------
        ask : callable
            Asks Graph for a page.
        owner : callable
            Says whose pages these are: cloud, tenant, account.
        headers : mapping
            What is sent with each page.

        Returns
        -------
        callable
        """
        whose: tuple[str, ...] | None = None
        replaying = True

        def read(address: Address) -> Page:
            nonlocal whose, replaying
            if whose is None:
                whose = owner()
            key = _key("page", *whose, f"{address.url}", f"{address.target!r}", *map(str, sorted(headers.items())))
            body = self._find(key) if replaying else None
            if body is not None:
                with contextlib.suppress(BadResponseError):
                    page = read_page(body, source=f"the journal in {self.path}")
                    with self._lock:
                        self.replayed += 1
                    return page
            replaying = False  # what was kept after a gap may belong to another reading
            page = ask(address)
            if self._keep(key, page.body):
                with self._lock:
                    self.kept += 1
            return page

        return read

    def recall(self, name: str, make: Callable[[], str]) -> str:
        """Give a text that was kept under a name, or make and keep it.

        A pull that is taken up again must ask exactly what it asked first, the end of its window included.

        Parameters
        ----------
        name : str
            Such as ``"alerts until"``.
        make : callable
            Makes the text when none is kept.

        Returns
        -------
        str
        """
        key = _key("text", name)
        found = self._find(key)
        if found is not None:
            return found.decode("utf-8")
        text = make()
        self._keep(key, text.encode("utf-8"))
        return text

    def find(self, name: str) -> str | None:
        """Give a text that was kept under a name; None where there is none."""
        found = self._find(_key("text", name))
        return None if found is None else found.decode("utf-8")

    def keep(self, name: str, text: str) -> None:
        """Keep a text under a name, in place of what was kept under it."""
        self._keep(_key("text", name), text.encode("utf-8"))

    def clear(self) -> None:
        """Remove what was kept: the rows are safe, or shall be asked for anew."""
        with contextlib.suppress(OSError):
            for file in self.path.iterdir():
                if file.suffix in (".page", ".tmp"):
                    file.unlink(missing_ok=True)
            self.path.rmdir()
        with self._lock:
            self._usable = None

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def _find(self, key: str) -> bytes | None:
        if not self.path.is_dir() or not self._open():
            return None
        try:
            handle = os.open(self._file(key), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
            with os.fdopen(handle, "rb") as file:
                head, _, body = file.read().partition(b"\n")
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn("read", f"Pages kept in {self.path} can't be read ({error.strerror}); they are asked for again.")
            return None
        try:
            said = json.loads(head)
            kept_at = datetime.fromisoformat(said["kept_at"])
            good = (said["schema"], said["key"], said["sha256"]) == (SCHEMA, key, sha256(body))
            age = datetime.now(UTC) - kept_at
        except (ValueError, TypeError, LookupError, RecursionError):
            good, age = False, timedelta(0)
        if not good or age < -_LEEWAY:
            self._warn(
                "damaged",
                f"Pages kept in {self.path} are damaged, or of another pull or version; they are asked for again.",
            )
            return None
        return body if age <= self._max_age else None

    def _keep(self, key: str, body: bytes) -> bool:
        if not self._writable or not self._open():
            return False
        head = {"schema": SCHEMA, "key": key, "sha256": sha256(body), "kept_at": datetime.now(UTC).isoformat()}
        content = json.dumps(head).encode("ascii") + b"\n" + body
        try:
            try:
                write_atomic(self._file(key), content, private=True)
            except FileNotFoundError:  # another pull of the same question was done, and cleared the folder
                private_folder(self.path)
                write_atomic(self._file(key), content, private=True)
        except OSError as error:
            self._writable = False
            self._warn("write", _not_kept(self.path, error))
            return False
        return True

    def _open(self) -> bool:
        """Whether the folder is there and nobody else's; looked at once."""
        reason = ""
        with self._lock:
            if self._usable is None:
                try:
                    private_folder(self.path)
                    self._usable = True
                except OSError as error:
                    self._usable = False
                    reason = _not_kept(self.path, error)
        if reason:
            self._warn("write", reason)
        return bool(self._usable)

    def _file(self, key: str) -> Path:
        return self.path / f"{key}.page"

    def _warn(self, kind: str, message: str) -> None:
        with self._lock:
            known = kind in self._warned
            self._warned.add(kind)
        if not known:
            warnings.warn(message, JournalWarning, stacklevel=2)


def _key(*parts: str) -> str:
    return sha256(json.dumps(parts))


def _not_kept(path: Path, error: OSError) -> str:
    return (
        f"Pages can't be kept in {path} ({error.strerror or error}). The pull goes on, but if it is interrupted it "
        "starts anew. Name another folder, or make room."
    )

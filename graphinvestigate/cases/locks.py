"""One writer at a time, many readers: locks that end with the process that holds them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphinvestigate.errors import NotSavedError
from graphinvestigate.text import log

try:
    import fcntl
except ImportError:  # Windows has no such locks; there a case has one writer by agreement
    fcntl = None  # type: ignore[assignment]

PATIENCE = 60.0  # seconds until a save that waits for another one gives up
_STEP = 0.02


@contextlib.contextmanager
def locked(folder: Path, *, shared: bool = False, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of a folder: alone for writing, together with other readers for reading.

    Parameters
    ----------
    folder : Path
        It must exist; where it does not, there is nothing to lock.
    shared : bool
        For reading. A folder that cannot be locked (some network drives) is read all the same.
    patience : float
        Seconds to wait for others.

    Raises
    ------
    NotSavedError
        Others kept it too long.
    """
    handle = _open(folder)
    if handle is None:
        yield
        return
    try:
        _take(handle, folder, shared=shared, until=time.monotonic() + patience)
        yield
    finally:
        os.close(handle)  # this ends the lock, as the end of the process would


def _open(folder: Path) -> int | None:
    if fcntl is None:
        return None
    try:
        return os.open(folder, os.O_RDONLY)
    except OSError:
        return None


def _take(handle: int, folder: Path, *, shared: bool, until: float) -> None:
    locks: Any = fcntl
    while True:
        try:
            locks.flock(handle, (locks.LOCK_SH if shared else locks.LOCK_EX) | locks.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > until:
                raise NotSavedError(
                    f"{log(str(folder))} is being saved by another process, for more than {PATIENCE:.0f} seconds. "
                    "Wait for it, or end it, and save again."
                ) from error
            time.sleep(_STEP)
        except OSError:
            return  # a drive without locks
        else:
            return

"""Files that are whole or not there, and folders that are nobody else's: atomic writes, modes, hashes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path


def write_atomic(path: str | os.PathLike[str], data: bytes | str, *, private: bool = False) -> Path:
    """Write a file so that a reader, or a crash, finds the old content or the new one, nothing half.

    Parameters
    ----------
    path : path
        The file; its folder must exist. An existing file is replaced and keeps its mode.
    data : bytes or str
        The content; text is written as UTF-8, line ends as they are.
    private : bool
        Whether only this account may read it (mode 0600), also where an existing file was open to others. A
        symbolic link is replaced then, not followed.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    OSError
        The folder does not exist, the disk is full, or writing is not allowed; no new file is left behind.
    """
    target = Path(path)
    if target.is_symlink() and not private:
        target = target.resolve()
    with _part_of(target, data, 0o600 if private else 0o666) as part:
        if not private:
            with contextlib.suppress(FileNotFoundError):
                part.chmod(target.stat().st_mode & 0o777)
        os.replace(part, target)
    sync_folder(target.parent)
    return Path(path)


def write_new(path: str | os.PathLike[str], data: bytes | str) -> Path:
    """Write a file under a name that nothing has yet; whole or not at all.

    Parameters
    ----------
    path : path
        The file; its folder must exist. No link is followed: a link has the name already, wherever it leads.
    data : bytes or str
        The content; text is written as UTF-8, line ends as they are.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    FileExistsError
        Something has that name, be it a link to nowhere; it stays as it is.
    OSError
        The folder does not exist, the disk is full, or writing is not allowed; no new file is left behind.
    """
    target = Path(path)
    with _part_of(target, data, 0o666) as part:
        try:
            os.link(part, target)  # the one call that gives a whole file a name and fails where the name is taken
        except FileExistsError:
            raise
        except OSError:  # a file system without links: take the name first, then put the content there
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            os.replace(part, target)
    sync_folder(target.parent)
    return target


@contextlib.contextmanager
def _part_of(target: Path, data: bytes | str, mode: int) -> Iterator[Path]:
    """Give the content under a passing name beside its own, on the disk; that name is gone afterwards."""
    content = data.encode("utf-8") if isinstance(data, str) else data
    part = target.with_name(f".{target.name[:32]}.{secrets.token_hex(8)}.tmp")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)


def private_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder that only this account may enter (mode 0700), or make an existing one so.

    Parameters
    ----------
    path : path
        The folder; missing parents are made too.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    PermissionError
        It belongs to someone else, or others could write into it: what lies there can't be trusted.
    OSError
        It can't be made, or is no folder.
    """
    folder = Path(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix":
        return folder  # a profile's folders are private there, and modes mean nothing
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise PermissionError(f"the folder {folder} belongs to someone else")
    if found.st_mode & 0o022:
        raise PermissionError(f"others can write into the folder {folder}")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def sha256(data: bytes | str) -> str:
    """Hash bytes (or text, as UTF-8) with SHA-256.

    Parameters
    ----------
    data : bytes or str
        What to hash.

    Returns
    -------
    str
        64 hexadecimal digits, lower case.
    """
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def sha256_of(pieces: Iterable[bytes]) -> str:
    """Hash what comes in pieces, as `sha256` hashes the whole."""
    made = hashlib.sha256()
    for piece in pieces:
        made.update(piece)
    return made.hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk, where the system can (Windows opens no folders and need not)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

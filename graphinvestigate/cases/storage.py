"""A case on disk: read without trusting it, written so that a kill at any moment leaves the old case or the new one.

A save writes the files that changed, and the new manifest, into a folder beside the case. One rename makes that
folder the case's `.commit`: from then on the new case holds, and readers find its files there first. Then they move
to their places, the manifest last. Who is killed in between leaves a `.commit` that readers understand and the next
save finishes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graphinvestigate.cases.locks import locked
from graphinvestigate.cases.manifest import NAME, Manifest, read_manifest
from graphinvestigate.errors import BadFileError, NotSavedError
from graphinvestigate.files import sha256, sync_folder
from graphinvestigate.text import log

COMMIT = ".commit"
MOST_BYTES = 2 * 2**30  # of one file, and of all together
MOST_MANIFEST = 16 * 2**20
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
Files = Mapping[str, Iterable[bytes]]
"""A case's files by their paths, each in pieces that can be read again."""
_ELSEWHERE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV}


class Problem(str):
    """What is wrong with one file of a case, as a sentence.

    Attributes
    ----------
    file : str
        Its path within the case.
    kind : str
        ``changed``, ``missing`` or ``extra``.
    """

    __slots__ = ("file", "kind")
    file: str
    kind: str

    def __new__(cls, file: str, kind: str, words: str) -> Problem:
        """Make the sentence."""
        made = super().__new__(cls, f"{log(file)}: {words}")
        made.file, made.kind = file, kind
        return made


def problem_of(name: str, kind: str, found: int | None = None, size: int = 0) -> Problem:
    """Say what is wrong with a file, and what to do.

    Parameters
    ----------
    name : str
    kind : str
        ``changed``, ``missing`` or ``extra``.
    found, size : int
        Of a changed file its bytes now and when it was saved, where that is another number.
    """
    if kind == "missing":
        return Problem(name, kind, "named in the manifest, and not there. Put it back from an undamaged copy.")
    if kind == "extra":
        return Problem(name, kind, "not named in the manifest: it is no part of the case. Move it elsewhere.")
    if name == NAME:
        words = "what it says is not what the case was saved with; its own hashes tell"
    else:
        words = "changed since the case was saved"
        words += "" if found is None or found == size else f" ({found:,} bytes instead of {size:,})"
    return Problem(name, kind, f"{words}. Take it from an undamaged copy.")


@dataclass(frozen=True, slots=True)
class Stored:
    """What was found on disk.

    Attributes
    ----------
    manifest : Manifest
    files : dict of str to bytes
        The files that are what the manifest says; the others are not in here.
    problems : list of Problem
        The others, and what the manifest does not name.
    """

    manifest: Manifest
    files: dict[str, bytes]
    problems: list[Problem] = field(default_factory=list)


def read_folder(path: Path) -> Stored:
    """Read a case folder. Nothing is written, no link is followed, nothing outside the folder is opened.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Stored

    Raises
    ------
    BadFileError
        There is no case.
    """
    with locked(path, shared=True):
        return read_locked(path)


def read_locked(path: Path) -> Stored:
    """Read a case folder as `read_folder` does, for a caller that holds its lock."""
    shown = log(str(path))
    committed = _plain_folder(path / COMMIT)
    body = _bytes(path, f"{COMMIT}/{NAME}", MOST_MANIFEST) if committed else None
    if body is None:
        committed, body = False, _bytes(path, NAME, MOST_MANIFEST)
    if body is None:
        raise BadFileError(f"{shown}: no case: it has no {NAME}. Name the folder that case.save(…) wrote.")
    manifest = read_manifest(body, source=f"{shown}/{NAME}")
    if sum(entry.size for entry in manifest.files.values()) > MOST_BYTES:
        raise BadFileError(f"{shown}: its manifest claims more than {MOST_BYTES // 2**30} GB; nothing of it was read.")
    files: dict[str, bytes] = {}
    problems = [problem_of(NAME, "changed")] if manifest.changed else []
    for name, entry in manifest.files.items():
        try:
            found = _bytes(path, f"{COMMIT}/{name}", entry.size) if committed else None
            found = _bytes(path, name, entry.size) if found is None else found
        except BadFileError as error:
            problems.append(Problem(name, "changed", f"{error}. Take it from an undamaged copy."))
            continue
        if found is None:
            problems.append(problem_of(name, "missing"))
        elif len(found) != entry.size or sha256(found) != entry.sha256:
            problems.append(problem_of(name, "changed"))
        else:
            files[name] = found
    problems += _extra(path, _known(path, manifest, committed=committed))
    return Stored(manifest, files, sorted(problems, key=lambda problem: problem.file))


def _known(path: Path, manifest: Manifest, *, committed: bool) -> set[str]:
    """Every name that may lie in the folder; while a save waits to be finished, those of both cases."""
    names = {NAME, *manifest.files}
    if not committed:
        return names
    before: set[str] = set()
    with contextlib.suppress(BadFileError):
        body = _bytes(path, NAME, MOST_MANIFEST)
        before = set(read_manifest(body, source=NAME).files) if body is not None else before
    return names | before | {f"{COMMIT}/{name}" for name in names}


def _bytes(folder: Path, name: str, size: int) -> bytes | None:
    """The bytes of a file below a folder, if it is a plain file reached through plain folders and of that size."""
    *parents, last = name.split("/")
    place = folder
    for parent in parents:
        place = place / parent
        if not _plain_folder(place):
            if place.is_symlink():
                raise BadFileError(f"{log(parent)} is a link: a case has none, so it is not followed")
            return None
    try:
        handle = os.open(place / last, os.O_RDONLY | _NO_FOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        what = "a link: a case has none, so it is not followed" if error.errno == errno.ELOOP else error.strerror
        raise BadFileError(f"it can't be read ({what})") from error
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        os.close(handle)
        raise BadFileError("no plain file, so it is not read")
    with os.fdopen(handle, "rb") as file:
        if name.endswith(NAME):
            if about.st_size > size:
                raise BadFileError(f"{NAME} is larger than any case's; nothing was read.")
        elif about.st_size != size:
            raise BadFileError(f"changed since the case was saved: {about.st_size:,} bytes instead of {size:,}")
        return file.read(size + 1)


def _plain_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _extra(path: Path, known: set[str], prefix: str = "") -> Iterator[Problem]:
    """What lies in the folder and is not named, links and folders without files included."""
    for entry in os.scandir(path / prefix):
        name = f"{prefix}{entry.name}"
        if entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
            if name not in known:
                yield problem_of(name, "extra")
            continue
        below = list(_extra(path, known, f"{name}/"))
        yield from below
        if not below and name.split("/")[0] != COMMIT and not any(one.startswith(f"{name}/") for one in known):
            yield problem_of(f"{name}/", "extra")


def write_folder(path: Path, manifest: Manifest, files: Files) -> None:
    """Make a folder hold exactly this case. The caller holds its lock, or knows that nobody else has it.

    Parameters
    ----------
    path : Path
        A case's folder, or one that does not exist yet.
    manifest : Manifest
        Names `files` with their hashes.
    files : mapping of str to iterable of bytes
        Each in pieces.

    Raises
    ------
    NotSavedError
        It can't be written, or is not what the manifest says any more; the case that was there still is, whole.
    """
    try:
        if path.is_dir():
            finish(path)
            _replace(path, manifest, files)
        else:
            _create(path, manifest, files)
    except OSError as error:
        if isinstance(error, NotSavedError):
            raise
        raise not_saved(path, error) from error


def not_saved(path: Path, error: OSError) -> NotSavedError:
    """Say that and why a case was not written, and what to do."""
    return NotSavedError(
        f"{log(str(path))} was not saved ({error.strerror or log(str(error))}); what was there before is untouched. "
        "Make room, or save to another folder: case.save(…) takes any path."
    )


def finish(path: Path) -> None:
    """Finish a save that was killed after it held, and clear what others left. The caller holds the lock."""
    _clear(path)
    commit = path / COMMIT
    if not os.path.lexists(commit):
        return
    body = _bytes(path, f"{COMMIT}/{NAME}", MOST_MANIFEST) if _plain_folder(commit) else None
    if body is not None:
        manifest = read_manifest(body, source=f"{log(str(path))}/{COMMIT}/{NAME}")
        old = _bytes(path, NAME, MOST_MANIFEST)
        before = read_manifest(old, source=f"{log(str(path))}/{NAME}").files if old is not None else {}
        for name in manifest.files:
            _move(path, name)
        for name in set(before) - set(manifest.files):
            if _reached(path, name):
                (path / name).unlink(missing_ok=True)
        os.replace(commit / NAME, path / NAME)
        sync_folder(path)
    _remove(commit)


def _clear(path: Path) -> None:
    """Remove what saves that were killed before they held left behind; the caller holds the lock."""
    beside = f".{path.name}.saving-"
    left = [one for one in os.scandir(path.parent) if one.name.startswith(beside)]
    left += [one for one in os.scandir(path) if one.name.startswith(".saving-")] if path.is_dir() else []
    for one in left:
        _remove(Path(one.path))


def _move(path: Path, name: str) -> None:
    place = path
    for parent in name.split("/")[:-1]:
        place = place / parent
        if not _plain_folder(place):  # where something else lies in its place, this fails
            place.mkdir(mode=stat.S_IMODE(path.stat().st_mode))
    if _reached(path, f"{COMMIT}/{name}"):
        with contextlib.suppress(FileNotFoundError):  # it has been moved already
            os.replace(path / COMMIT / name, path / name)
            sync_folder(place)


def _reached(path: Path, name: str) -> bool:
    """Whether every folder on the way to a file is one, and no link."""
    parts = name.split("/")[:-1]
    return all(_plain_folder(path.joinpath(*parts[: n + 1])) for n in range(len(parts)))


def _create(path: Path, manifest: Manifest, files: Files) -> None:
    """Write a case that was not there: the whole folder comes into being with one rename."""
    _clear(path)
    part = path.parent / f".{path.name}.saving-{secrets.token_hex(8)}"
    try:
        _write(part, manifest, files, mode=0o700)
        os.rename(part, path)
    except BaseException:
        _remove(part)
        raise
    sync_folder(path.parent)


def _replace(path: Path, manifest: Manifest, files: Files) -> None:
    current = {}
    with contextlib.suppress(BadFileError):
        body = _bytes(path, NAME, MOST_MANIFEST)
        current = read_manifest(body, source=NAME).files if body is not None else {}
    changed = {
        name: data
        for name, data in files.items()
        if current.get(name) != manifest.files[name] or not _intact(path, name, manifest.files[name].sha256)
    }
    part = path.parent / f".{path.name}.saving-{secrets.token_hex(8)}"
    if not os.access(path.parent, os.W_OK) or path.parent.stat().st_dev != path.stat().st_dev:
        part = path / f".saving-{secrets.token_hex(8)}"  # a mounted folder: what stands beside it is another disk
    try:
        _write(part, manifest, changed, mode=stat.S_IMODE(path.stat().st_mode))
        os.rename(part, path / COMMIT)
    except BaseException:
        _remove(part)
        raise
    sync_folder(path)
    finish(path)


def checked(name: str, pieces: Iterable[bytes], manifest: Manifest) -> Iterator[bytes]:
    """Hand on the pieces of a file, and see that together they are what the manifest says.

    Raises
    ------
    NotSavedError
        They are not: the graph was changed while it was saved.
    """
    made = hashlib.sha256()
    for piece in pieces:
        made.update(piece)
        yield piece
    if name != NAME and made.hexdigest() != manifest.files[name].sha256:
        raise NotSavedError(f"{name} was changed while it was saved; what was there before is untouched. Save again.")


def _intact(path: Path, name: str, digest: str) -> bool:
    try:
        found = _bytes(path, name, (path / name).lstat().st_size)
    except (OSError, BadFileError):
        return False
    return found is not None and sha256(found) == digest


def _write(part: Path, manifest: Manifest, files: Files, *, mode: int) -> None:
    part.mkdir(mode=mode)
    folders = {part}
    for name, pieces in [*files.items(), (NAME, [manifest.to_bytes()])]:
        target = part / name
        if target.parent not in folders:
            target.parent.mkdir(mode=mode, parents=True, exist_ok=True)
            folders.add(target.parent)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, mode & 0o666)
        with os.fdopen(handle, "wb") as file:
            for piece in checked(name, pieces, manifest):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    for folder in sorted(folders, reverse=True):
        sync_folder(folder)


def _remove(path: Path) -> None:
    """Remove a folder of ours, or a link in its place; never what a link leads to."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)

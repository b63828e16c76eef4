"""A case as one file: a zip of its folder, read in memory, with nothing unpacked to disk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from graphinvestigate.cases.manifest import MOST_FILES, NAME, Manifest, check_name, read_manifest
from graphinvestigate.cases.storage import (
    MOST_BYTES,
    MOST_MANIFEST,
    Files,
    Problem,
    Stored,
    checked,
    not_saved,
    problem_of,
)
from graphinvestigate.errors import BadFileError
from graphinvestigate.files import sha256, write_atomic
from graphinvestigate.text import log

MOST_RATIO = 200
"""More than this no JSON Lines of Graph shrink to; what shrinks further is made to burst."""
_SMALL = 2**20  # below it a high ratio harms nobody
_END = 22  # bytes of what ends a zip, the length of its comment last
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same case gives the same zip


def read_archive(path: Path) -> Stored:
    """Read a zipped case.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Stored

    Raises
    ------
    BadFileError
        It is no zip, holds no case, or is made to do harm: paths that lead out, links, two members of one name,
        more bytes than a case has or than were announced.
    """
    shown = log(str(path))
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _read(archive, shown, _beside(archive, file))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadFileError(f"{shown}: a zip that can't be read ({log(str(error))}). Take an undamaged copy.") from error


def _beside(archive: zipfile.ZipFile, file: BinaryIO) -> list[Problem]:
    """What a zip can hold beside its members: comments, and bytes before the first and behind the last of them."""
    file.seek(-(_END + len(archive.comment)), io.SEEK_END)
    found = {
        "a comment": bool(archive.comment) or any(member.comment for member in archive.infolist()),
        "bytes before its first file": min((one.header_offset for one in archive.infolist()), default=0) > 0,
        "bytes behind its end": file.read(4) != b"PK\5\6",
    }
    words = "in the zip, and no part of the case. Zip what lies in an undamaged folder of the case anew."
    return [Problem(f"({what})", "extra", words) for what, there in found.items() if there]


def _read(archive: zipfile.ZipFile, shown: str, beside: list[Problem]) -> Stored:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.is_dir():
            check_name(member.filename.removesuffix("/"), source=shown)
            continue
        if member.filename != NAME:
            check_name(member.filename, source=shown)
        if member.filename.casefold() in members:
            raise BadFileError(f"{shown}: two members of one name, {log(member.filename)}; nothing of it was read.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise BadFileError(f"{shown}: {log(member.filename)} is a link: a case has none; nothing of it was read.")
        members[member.filename.casefold()] = member
    if len(members) > MOST_FILES + 1 or sum(member.file_size for member in members.values()) > MOST_BYTES:
        raise BadFileError(f"{shown}: more files or bytes than a case has; nothing of it was read.")
    for member in members.values():
        if member.file_size > _SMALL and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise BadFileError(
                f"{shown}: {log(member.filename)} would grow more than {MOST_RATIO}-fold when unpacked, "
                "as no case does; nothing of it was read."
            )
    if NAME not in members:
        raise BadFileError(f"{shown}: no case: it has no {NAME} at its top. Zip what lies in the folder of a case.")
    manifest = read_manifest(_bytes(archive, members[NAME], MOST_MANIFEST), source=f"{shown}/{NAME}")
    files: dict[str, bytes] = {}
    problems = [*beside, *([problem_of(NAME, "changed")] if manifest.changed else [])]
    for name, entry in manifest.files.items():
        member_ = members.get(name.casefold())
        if member_ is None or member_.filename != name:
            problems.append(problem_of(name, "missing"))
            continue
        try:
            found = _bytes(archive, member_, entry.size)
        except (zipfile.BadZipFile, zlib.error, EOFError):  # its own checksum tells
            found = b""
        if len(found) == entry.size and sha256(found) == entry.sha256:
            files[name] = found
        else:
            problems.append(problem_of(name, "changed", member_.file_size, entry.size))
    named = {NAME, *manifest.files}
    problems += [problem_of(member.filename, "extra") for member in members.values() if member.filename not in named]
    return Stored(manifest, files, sorted(problems, key=lambda problem: problem.file))


def _bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """A member's bytes, one more than announced at most: whoever lies about the size is found out."""
    with archive.open(member) as file:
        return file.read(most + 1)


def write_archive(path: Path, manifest: Manifest, files: Files) -> None:
    """Write a case as one zip; the old file or the new one is there, nothing half.

    Raises
    ------
    NotSavedError
        It can't be written.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in [(NAME, [manifest.to_bytes()]), *sorted(files.items())]:
            about = zipfile.ZipInfo(name, _MOMENT)
            about.external_attr = (stat.S_IFREG | 0o600) << 16
            about.compress_type = zipfile.ZIP_STORED if _dense(pieces) else zipfile.ZIP_DEFLATED
            with archive.open(about, "w", force_zip64=_large(name, manifest)) as file:
                for piece in checked(name, pieces, manifest):
                    file.write(piece)
    try:
        write_atomic(path, buffer.getvalue(), private=True)
    except OSError as error:
        raise not_saved(path, error) from error


def _large(name: str, manifest: Manifest) -> bool:
    return name in manifest.files and manifest.files[name].size >= MOST_BYTES // 2


def _dense(pieces: Iterable[bytes]) -> bool:
    """Whether it would shrink so far that reading it back would take it for a bomb."""
    size = shrunk = 0
    packer = zlib.compressobj()
    for piece in pieces:
        size += len(piece)
        shrunk += len(packer.compress(piece))
    return size > _SMALL and size > MOST_RATIO * (shrunk + len(packer.flush())) / 2

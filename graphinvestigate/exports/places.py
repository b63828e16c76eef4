"""Where a file may be written: names that mean one place on every system, and never somebody else's file."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from graphinvestigate import text
from graphinvestigate.errors import GraphInvestigateError, NotSavedError, UsageError
from graphinvestigate.files import write_atomic, write_new

_DEVICE = re.compile(
    r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?: *\..*)?", re.DOTALL
)
_REFUSED = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')
_LONGEST_NAME = 255  # bytes; of Linux, macOS and Windows alike


def checked(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Give the path where a file may be written.

    Parameters
    ----------
    path : path
        Where to; a relative one starts at the current folder.
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    UsageError
        The path climbs (``..``), holds a character or a name that some system gives another meaning, is too long,
        is a link or a folder, lies in a folder that is not there, or is taken and `overwrite` was not asked for.
    """
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise UsageError(f"path is text or a pathlib.Path, not {type(path).__name__}.")
    plain = str(os.fspath(path))
    shown = text.terminal(plain, 120)
    if not plain.strip():
        raise UsageError("the path is empty: name the file to write, such as 'graph.graphml'.")
    if "\x00" in plain:
        raise UsageError(f"{shown} holds a NUL character, at which systems end a path: leave it out.")
    target = Path(path)
    _check_parts(target, shown)
    _check_disk(target, shown, overwrite=overwrite)
    return target


def _check_parts(target: PurePath, shown: str) -> None:
    if ".." in target.parts:
        raise UsageError(
            f"{shown} climbs out of its folder with '..': if you mean that place, say where it is "
            "(Path(…).resolve()). Text from an alert makes a safe name with graphinvestigate.text.slug."
        )
    for part in target.parts:
        if part == target.anchor:
            continue
        if _DEVICE.fullmatch(part.rstrip(" .")):
            raise UsageError(f"{shown}: Windows keeps the name {text.terminal(part)} for a device: take another.")
        if len(os.fsencode(part) if _encodes(part) else part) > _LONGEST_NAME:
            raise UsageError(f"{shown}: a name is at most {_LONGEST_NAME} bytes long: shorten it.")
    name = target.name
    if found := _REFUSED.search(name):
        raise UsageError(
            f"{shown}: not every system can have {text.terminal(found[0])!r} in a file's name: "
            "graphinvestigate.text.slug makes a safe name of any text."
        )
    if name != name.rstrip(" ."):
        raise UsageError(f"{shown}: Windows drops dots and spaces at the end of a name: leave them out.")


def _encodes(part: str) -> bool:
    try:
        os.fsencode(part)
    except UnicodeEncodeError:
        return False
    return True


def _check_disk(target: Path, shown: str, *, overwrite: bool) -> None:
    try:
        folder, link, there = target.parent.is_dir(), target.is_symlink(), target.exists()
        wrong = target.is_dir() or (there and not target.is_file())
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown} is no path here ({error}): take a shorter or simpler one.") from error
    if not folder:
        raise UsageError(f"the folder of {shown} is not there: make it first, or take another.")
    if link:
        raise UsageError(f"{shown} is a link, and links are not followed: name the file it leads to, or remove it.")
    if wrong:
        raise UsageError(f"{shown} is a folder or a device: name the file to write in it.")
    if there and not overwrite:
        raise UsageError(f"{shown} is there already: take another name, or say overwrite=True to replace it.")


def place(files: Sequence[tuple[Path, bytes]], *, overwrite: bool = False) -> list[Path]:
    """Write files, each whole or not at all; of several, none where one cannot be written.

    Parameters
    ----------
    files : sequence of (Path, bytes)
        Paths as `checked` gave them, and their content.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    list of Path
        The paths written.

    Raises
    ------
    UsageError
        A name was taken meanwhile.
    NotSavedError
        The disk is full, or writing is not allowed there: an `OSError`, too.
    """
    new: list[Path] = []
    try:
        for path, content in files:
            if overwrite and path.exists():
                _check_disk(path, text.terminal(str(path), 120), overwrite=True)
                write_atomic(path, content)
            else:
                write_new(path, content)
                new.append(path)
    except BaseException as error:
        for path in new:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise UsageError(f"{text.terminal(str(error.filename2 or error.filename))} was taken meanwhile.") from error
        if isinstance(error, OSError) and not isinstance(error, GraphInvestigateError):
            raise unwritten(files[0][0], error) from error
        raise
    return [path for path, _ in files]


def unwritten(path: Path, error: OSError) -> NotSavedError:
    """Say that and why a file was not written, and what to do."""
    reason = error.strerror or text.log(str(error))
    return NotSavedError(
        f"{text.terminal(str(path), 200)} was not written ({reason}); what was there before still is. Make room, or "
        "name a file in a folder that you may write."
    )

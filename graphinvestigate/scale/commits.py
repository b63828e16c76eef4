"""What a lake holds at a moment: a log of numbered commits, each a small file that is whole or not there.

A writer first writes its Parquet files under names that nobody else uses, then one commit that names them. A reader
reads the log and looks only at files that it names. So a killed writer leaves files that nobody sees, two writers never
disturb each other (the one who finds its number taken takes the next), and a reader sees one state from begin to end.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from graphinvestigate.errors import BadFileError
from graphinvestigate.files import write_new
from graphinvestigate.text import log as logged

FORMAT = 1
_DIGITS = 10
_NAME = re.compile(rf"([0-9]{{{_DIGITS}}})\.json")
_PATIENCE = 2.0  # seconds: so long a name may be taken before its content is there, on a file system without links


@dataclass(frozen=True, slots=True)
class Held:
    """One Parquet file.

    Attributes
    ----------
    path : str
        Within the tenant's folder.
    table : str
        ``alerts``, ``evidence``, ``mentions``, ``edges`` …
    day : str
        Of all its rows, ``2026-02-03``; ``unknown`` where a record does not say.
    rows, size : int
        Rows and bytes.
    """

    path: str
    table: str
    day: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Commit:
    """One change of a tenant's tables.

    Attributes
    ----------
    number : int
        From 1 on, without gaps.
    added : tuple of Held
    removed : tuple of str
        Paths whose rows stand in `added` now.
    note : dict
        What it was for, such as the pull and its window.
    whole : bool
        `added` is all that is held: what came before need not be read.
    """

    number: int
    added: tuple[Held, ...] = ()
    removed: tuple[str, ...] = ()
    note: dict[str, Any] = field(default_factory=dict)
    whole: bool = False


class ConflictError(Exception):
    """Somebody else has replaced the same files meanwhile."""


class CommitLog:
    """The commits of one tenant.

    Parameters
    ----------
    folder : Path
        Made when the first commit is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[int, Commit] = {}

    def commits(self) -> list[Commit]:
        """Read all commits that can still be read, in their order.

        Raises
        ------
        BadFileError
            One is no commit, of a later format, or missing.
        """
        for number in sorted(self._seen() - self._read.keys()):
            self._read[number] = self._parsed(number)
        # A folder that is listed while others write may show a commit without the one before it; a copy may lack one.
        number = max(self._read, default=0)
        while number > 1 and not self._read[number].whole:
            number -= 1
            if number not in self._read:
                self._read[number] = self._parsed(number)
        return [self._read[number] for number in sorted(self._read)]

    def _seen(self) -> set[int]:
        """List the folder; one that can't be listed is not one without commits."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise BadFileError(f"{logged(str(self.folder))}: it can't be read ({error.strerror}).") from error
        return {int(found[1]) for name in names if (found := _NAME.fullmatch(name))}

    def _parsed(self, number: int) -> Commit:
        return _parsed(self.folder / f"{number:0{_DIGITS}}.json", number)

    def live(self, table: str | None = None) -> list[Held]:
        """List the files that hold the rows of now.

        Parameters
        ----------
        table : str, optional
            Only of this table.
        """
        held = live_after(self.commits())
        return [file for file in held.values() if table is None or file.table == table]

    def commit(
        self, added: Sequence[Held], removed: Iterable[str] = (), *, note: dict[str, Any] | None = None
    ) -> Commit:
        """Make files part of the tables, and take others out of them.

        Parameters
        ----------
        added : sequence of Held
            Written and on the disk.
        removed : iterable of str
        note : dict, optional

        Returns
        -------
        Commit

        Raises
        ------
        ConflictError
            A file of `removed` is none of the tables' any more.
        OSError
            It can't be written; nothing changed.
        """
        gone = tuple(removed)
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            before = self.commits()
            held = live_after(before)
            if any(path not in held for path in gone):
                raise ConflictError
            number = before[-1].number + 1 if before else 1
            made = Commit(number, tuple(added), gone, note or {})
            body = json.dumps({"format": FORMAT, **asdict(made)}, indent=1, sort_keys=True)
            try:
                write_new(self.folder / f"{number:0{_DIGITS}}.json", body)
            except FileExistsError:
                continue  # somebody else was quicker: on top of theirs, then
            return made


def live_after(commits: Iterable[Commit]) -> dict[str, Held]:
    """Give the files that are held after some commits, by path."""
    held: dict[str, Held] = {}
    for commit in commits:
        if commit.whole:
            held = {}
        for path in commit.removed:
            held.pop(path, None)
        held |= {file.path: file for file in commit.added}
    return held


def _body(path: Path) -> bytes:
    """Read a commit; wait for one whose name is taken and whose content is on its way (see `files.write_new`)."""
    end = time.monotonic() + _PATIENCE
    while not (body := path.read_bytes()) and time.monotonic() < end:
        time.sleep(0.01)
    return body


def _parsed(path: Path, number: int) -> Commit:
    try:
        if not (body := _body(path)):
            raise BadFileError(
                f"{logged(str(path))}: a writer was stopped before it wrote this commit. Delete the file: nothing that "
                "is in the lake is lost. Then pull, or add, again."
            )
        said = json.loads(body)
        if said["format"] != FORMAT:
            raise BadFileError(
                f"{logged(str(path))}: written by another version (format {said['format']}); this one reads {FORMAT}"
            )
        return _read_commit(said, number)
    except FileNotFoundError as error:
        raise BadFileError(
            f"{logged(str(path))}: this commit is missing, though there are later ones: the lake was copied in part. "
            "Copy it whole, take the file from a backup, or pull into a new folder."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, BadFileError):
            raise
        raise BadFileError(
            f"{logged(str(path))}: no commit of a lake. Nothing else may be changed by hand there; take the file from "
            "a backup, or pull into a new folder."
        ) from error


def _read_commit(said: dict[str, Any], number: int) -> Commit:
    made = Commit(
        number,
        tuple(Held(**file) for file in said["added"]),
        tuple(said["removed"]),
        dict(said["note"]),
        bool(said["whole"]),
    )
    texts = all(isinstance(path, str) for path in made.removed)
    if not (texts and all(map(_is_held, made.added)) and _is_note(made.note)):
        raise ValueError(number)
    return made


def _is_held(file: Held) -> bool:
    """Tell whether a file is one of the tables': a path within them, a day, and counts."""
    texts = (file.path, file.table, file.day)
    return (
        all(isinstance(text, str) and text for text in texts)
        and all(type(count) is int and count >= 0 for count in (file.rows, file.size))
        and file.path.startswith("tables/")
        and ".." not in file.path.split("/")
    )


def _is_note(note: dict[str, Any]) -> bool:
    """Tell whether a note says of a pull what `pulling` asks of it."""
    if "pull" not in note:
        return True
    pull = note["pull"]
    for name in ("started", "since", "until"):
        if name == "started" or pull[name] is not None:
            datetime.fromisoformat(pull[name])
    windowed = pull["what"] != "window" or None not in (pull["since"], pull["until"])
    return windowed and isinstance(pull["source"], str) and isinstance(pull["complete"], bool)

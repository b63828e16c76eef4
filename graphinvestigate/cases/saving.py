"""Where a case lies: opened, saved together with what others saved meanwhile, and compared with its manifest."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphinvestigate.cases.archive import read_archive, write_archive
from graphinvestigate.cases.contents import Contents, as_read, contents_of, files_of
from graphinvestigate.cases.guard import guarded
from graphinvestigate.cases.locks import locked
from graphinvestigate.cases.manifest import FileEntry, Manifest, versions
from graphinvestigate.cases.merging import merged
from graphinvestigate.cases.requests import in_order, pull_of
from graphinvestigate.cases.storage import (
    MOST_BYTES,
    Problem,
    Stored,
    not_saved,
    read_folder,
    read_locked,
    write_folder,
)
from graphinvestigate.client import Pull
from graphinvestigate.errors import BadFileError, NotSavedError, UsageError
from graphinvestigate.queries.coverage import recall
from graphinvestigate.text import log

Derive = Callable[[Manifest, Contents], dict[str, Any]]


@dataclass(slots=True)
class Place:
    """A case's place on disk, and what was last read from or written to it."""

    path: Path
    manifest: Manifest | None = None
    problems: list[Problem] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    """What the case's frames were asked with, so that `coverage(frame)` knows it as long as the case is open."""

    @property
    def archived(self) -> bool:
        """Whether it is one file."""
        return self.path.suffix.casefold() == ".zip"

    @classmethod
    def open(cls, path: Path) -> tuple[Place, Manifest, Contents]:
        """Read the case that lies there; damaged files are left out."""
        place = cls(path)
        stored = place.read()
        damaged = {problem.file for problem in stored.problems}
        files = {n: data for n, data in stored.files.items() if not _beside(n) & damaged}
        with guarded(path):
            contents = contents_of(files)
        place._took(stored.manifest, contents, stored.problems)
        return place, stored.manifest, contents

    def read(self) -> Stored:
        """Read what lies there now."""
        try:
            mode = self.path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # a path with a NUL in it is none
            raise BadFileError(
                f"{log(str(self.path))}: there is no such case. Name the folder, or the .zip, that case.save(…) wrote."
            ) from error
        except OSError as error:
            raise self._unread(error) from error
        try:
            return read_folder(self.path) if stat.S_ISDIR(mode) else read_archive(self.path)
        except OSError as error:
            raise self._unread(error) from error

    def _unread(self, error: OSError) -> BadFileError:
        return BadFileError(
            f"{log(str(self.path))}: it can't be read ({error.strerror or log(str(error))}). Name a folder, or a .zip, "
            "that you may read."
        )

    def save(
        self, contents: Contents, *, name: str, case_id: str, created: str, moment: str, derive: Derive | None = None
    ) -> tuple[Place, Contents]:
        """Write contents, joined with what was saved there since this place was read."""
        parent = self.path.absolute().parent
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_saved(self.path, error) from error
        if self.path.exists() and not self.archived and not self.path.is_dir():
            raise UsageError(f"{log(str(self.path))} is a file: name a folder for the case, or a file ending in .zip.")
        # A case that does not exist yet is locked through the folder that it will stand in.
        lock = self.path if self.path.is_dir() else parent
        with locked(lock):
            if lock is parent and self.path.is_dir():  # another notebook was faster
                with locked(self.path):
                    return self._save(contents, name, case_id, created, moment, derive)
            return self._save(contents, name, case_id, created, moment, derive)

    def _save(
        self, contents: Contents, name: str, case_id: str, created: str, moment: str, derive: Derive | None
    ) -> tuple[Place, Contents]:
        disk = self._there(case_id)
        if disk is not None:
            base = self.manifest.files if self.manifest else {}
            if base != disk.manifest.files:  # somebody else saved it meanwhile
                contents = merged(contents_of(disk.files), contents, {n: entry.sha256 for n, entry in base.items()})
            created = min(created, disk.manifest.created)
        disk = None  # its files are as large as these
        files = files_of(contents)
        entries = {name: FileEntry.of(pieces) for name, pieces in sorted(files.items())}
        if sum(entry.size for entry in entries.values()) > MOST_BYTES:
            raise UsageError(
                f"this case would be larger than {MOST_BYTES // 2**30} GB, which no reader opens: add the records that "
                "the investigation is about, and keep the rest where it was pulled to."
            )
        kept = as_read(contents, files)  # what readers will find: hashes and derived values are of that
        manifest = Manifest(
            name=name,
            case_id=case_id,
            created=created,
            saved=moment,
            tools=versions(),
            windows=_windows(contents),
            files=entries,
        )
        if derive is not None:
            manifest.derived.update(derive(manifest, kept))
        write: Any = write_archive if self.archived else write_folder
        write(self.path, manifest, files)
        place = Place(self.path)
        place._took(manifest, kept, [])
        return place, kept

    def _there(self, case_id: str) -> Stored | None:
        """The case that lies there, which must be this one and whole."""
        if not self.path.exists():
            return None
        if self.path.is_dir() and not any(self.path.iterdir()):
            return None
        try:
            stored = read_locked(self.path) if self.path.is_dir() else read_archive(self.path)
        except BadFileError as error:
            raise UsageError(
                f"{log(str(self.path))} holds something else than a case ({error}) Give another folder."
            ) from error
        if stored.manifest.case_id != case_id:
            raise UsageError(
                f"{log(str(self.path))} holds another case, {log(stored.manifest.name)}: give another folder, or open "
                "that one with open_case and add to it."
            )
        wrong = [problem for problem in stored.problems if problem.kind != "extra"]
        if wrong:
            raise BadFileError(
                f"{log(str(self.path))} is damaged, and saving would hide that: {wrong[0]}. Save to another folder, "
                "or put the undamaged files back."
            )
        return stored

    def refuse_damaged(self, *beginnings: str) -> None:
        """Raise where a file whose name begins so was damaged when the case was opened."""
        wrong = [p for p in self.problems if p.kind != "extra" and p.file.startswith(beginnings or ("",))]
        if wrong:
            raise BadFileError(
                f"{log(str(self.path))} is damaged: {wrong[0]}. What it held was not read; case.verify() lists all. "
                "Open an undamaged copy."
            )

    def _took(self, manifest: Manifest, contents: Contents, problems: list[Problem]) -> None:
        self.manifest, self.problems = manifest, problems
        self.pulls = [pull for one in contents.requests.values() if (pull := pull_of(one)) is not None]
        for pull in self.pulls:
            recall(pull)


def _beside(name: str) -> set[str]:
    """A file, and the one without which it says nothing."""
    if name.startswith("records/"):
        stem = name.removesuffix(".jsonl").removesuffix(".columns.json")
        return {f"{stem}.jsonl", f"{stem}.columns.json"}
    return {name}


def _windows(contents: Contents) -> list[dict[str, Any]]:
    names = ("pull_id", "resource", "since", "until", "complete")
    return [{name: one.get(name) for name in names} for one in in_order(contents.requests.values())]


__all__ = ["NotSavedError", "Place"]

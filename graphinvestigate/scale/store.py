"""One tenant's part of a lake on the disk: records, what they name and state, and the answers as they came.

```
lake.json                          the format
tenants/<tenant>/log/0000000001.json …      commits (`commits`)
tenants/<tenant>/pages/ab/<sha256>.zst      answers as they came (`pages`)
tenants/<tenant>/tables/alerts/day=2026-02-03/<name>.parquet
                        alerts.evidence, alerts.mentions, alerts.edges, incidents …
```
"""

from __future__ import annotations

import inspect
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from graphinvestigate import frames
from graphinvestigate.errors import GraphInvestigateError, NotSavedError, UsageError
from graphinvestigate.files import sync_folder
from graphinvestigate.frames import RESOURCES, Resource, newest
from graphinvestigate.frames.raw import as_raw
from graphinvestigate.linking.record_kinds import KINDS
from graphinvestigate.scale.at_rest import by_time, days_of, evidence_to_rest, to_rest
from graphinvestigate.scale.commits import Commit, CommitLog, ConflictError, Held
from graphinvestigate.scale.linked import linked
from graphinvestigate.scale.pages import PageStore
from graphinvestigate.text import log

PARTS = ("evidence", "mentions", "edges")
_ROW_GROUPS = {"mentions": 16384, "edges": 65536, "evidence": 16384, "": 2048}  # rows with `raw` are large
_ROWS_OF_NAME = 10  # of a row group of mentions, about: how large its filter of names is made
_NAMES = ("identifier", "strongest")  # columns by which somebody is looked up
_LEVEL = 1  # zstd
# Row groups without a name are passed over by its filter. Old versions of pyarrow write none, and more is read then.
_FILTERS = "bloom_filter_options" in inspect.signature(pq.ParquetWriter.__init__).parameters


@contextmanager
def writable(where: Path) -> Iterator[None]:
    """Turn what a disk says against writing into `NotSavedError`; what is in the lake stays.

    Parameters
    ----------
    where : Path
        What is written.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, GraphInvestigateError):
            raise
        raise NotSavedError(
            f"{log(str(where))}: it can't be written ({error.strerror or log(str(error))}). Give the lake a folder "
            "that you may write, with room left; what is in it is as it was, and the same call goes on."
        ) from error


class TenantStore:
    """Writes and lists the files of one tenant.

    Parameters
    ----------
    folder : Path
    tenant : str
    """

    def __init__(self, folder: Path, tenant: str) -> None:
        self.folder, self.tenant = folder, tenant
        self.log = CommitLog(folder / "log")
        self.pages = PageStore(folder / "pages")

    def add(
        self, resource: Resource, frame: pd.DataFrame, *, note: dict[str, Any] | None = None, keep_pages: bool = False
    ) -> Commit:
        """Add records, with what they name and state, in one commit.

        Parameters
        ----------
        resource : Resource
        frame : pandas.DataFrame
            Its records; of several versions of one the newest counts.
        note : dict, optional
            Kept in the commit.
        keep_pages : bool
            Keep the answers too that the records came in.

        Returns
        -------
        Commit
        """
        if "raw" not in frame:
            raise UsageError(
                "a lake keeps records as they came: the frame has no column 'raw'. Add it as it was pulled."
            )
        note = dict(note or {})
        if keep_pages:
            note["pages"] = [self.pages.keep(page.whole()) for page in as_raw(frame["raw"]).pages]
        frame, _ = newest(resource, frame)
        held = self._write_all(resource, frame)
        if resource.name == "incidents" and "alerts" in frame and len(expanded := frames.expanded_alerts(frame)):
            held += self._write_all(RESOURCES["alerts"], newest(RESOURCES["alerts"], expanded)[0])
        return self.log.commit(held, note=note)

    def _write_all(self, resource: Resource, frame: pd.DataFrame) -> list[Held]:
        version = time.time_ns()
        rest = to_rest(resource, frame, version=version)
        tables = {resource.name: rest}
        if resource.name == "alerts":
            tables["alerts.evidence"] = evidence_to_rest(frame, rest)
        if resource.record_kind in KINDS:
            mentions, edges = linked(resource.record_kind, frame, rest, tenant=self.tenant)
            tables |= {f"{resource.name}.mentions": mentions, f"{resource.name}.edges": edges}
        # Mentions lie by entity, all else by time.
        ordered = {name: table if name.endswith(".mentions") else by_time(table) for name, table in tables.items()}
        return [held for name, table in ordered.items() for held in self.write(name, table)]

    def write(self, table: str, rows: pa.Table) -> list[Held]:
        """Write rows as files that no commit names yet, one per day.

        Parameters
        ----------
        table : str
        rows : pyarrow.Table
            With ``lake_window``.

        Returns
        -------
        list of Held
        """
        days = days_of(rows)
        found = []
        for day in sorted(set(days.tolist())):
            part = rows.filter(pa.array(days == day)) if len(rows) else rows
            found.append(self._write_file(table, day, part))
        return found

    def _write_file(self, table: str, day: str, rows: pa.Table) -> Held:
        folder = self.folder / "tables" / table / f"day={day}"
        path = folder / f"{uuid.uuid4().hex}.parquet"
        part = path.with_suffix(".tmp")
        size = _ROW_GROUPS[table.partition(".")[2]]
        names = {"ndv": max(min(len(rows), size) // _ROWS_OF_NAME, 100), "fpp": 0.001}
        named = {"bloom_filter_options": {name: names for name in _NAMES if name in rows.column_names}}
        with writable(self.folder):
            folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                pq.write_table(
                    rows, file, compression="zstd", compression_level=_LEVEL, row_group_size=size, store_schema=False,
                    **(named if _FILTERS else {}),
                )  # fmt: skip
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            sync_folder(folder)
        return Held(path.relative_to(self.folder).as_posix(), table, day, len(rows), path.stat().st_size)

    def held(self, tables: Iterable[str], days: tuple[str | None, str | None] = (None, None)) -> list[Held]:
        """List the live files of some tables, in some days (both included).

        Parameters
        ----------
        tables : iterable of str
        days : (str or None, str or None)

        Returns
        -------
        list of Held
        """
        wanted, (first, last) = set(tables), days
        return [
            file
            for file in self.log.live()
            if file.table in wanted and (first is None or file.day >= first) and (last is None or file.day <= last)
        ]

    def path(self, held: Held) -> str:
        """Give a file's whole path."""
        return str(self.folder / held.path)

    def several(self) -> dict[tuple[str, str], list[Held]]:
        """List the days of resources that lie in several files: by resource and day, the files of all its tables."""
        of_day: defaultdict[tuple[str, str], list[Held]] = defaultdict(list)
        for file in self.log.live():
            of_day[file.table.partition(".")[0], file.day].append(file)
        return {key: files for key, files in of_day.items() if any_several(files)}

    def replace(self, old: Sequence[Held], new: Sequence[Held], *, note: dict[str, Any]) -> bool:
        """Put files into the place of others; False where somebody else did so first (the new ones are deleted)."""
        try:
            self.log.commit(new, [file.path for file in old], note=note)
        except ConflictError:
            for file in new:
                (self.folder / file.path).unlink(missing_ok=True)
            return False
        return True

    def vacuum(self, *, older_than: float) -> int:
        """Delete files that no commit of now names: replaced ones, and what a killed writer left.

        Parameters
        ----------
        older_than : float
            Seconds: younger ones may be somebody's who is writing or reading.

        Returns
        -------
        int
            How many were deleted.
        """
        live = {file.path for file in self.log.live()}
        now, deleted = time.time(), 0
        for path in (self.folder / "tables").rglob("*"):
            if not path.is_file() or path.relative_to(self.folder).as_posix() in live:
                continue
            if now - path.stat().st_mtime >= older_than:
                path.unlink(missing_ok=True)
                deleted += 1
        return deleted


def any_several(files: Iterable[Held]) -> bool:
    """Tell whether a table has several files among some of one day."""
    names = [file.table for file in files]
    return len(names) > len(set(names))


def day_of(micros: int | None) -> str | None:
    """Give the day of a time in microseconds."""
    return None if micros is None else str(np.datetime64(micros, "us").astype("datetime64[D]"))

"""Frames of an engine over a tenant's files: those of the days asked for, the latest version of each record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import narwhals as nw
import pyarrow as pa

from graphinvestigate.frames import RESOURCES, Resource
from graphinvestigate.scale.at_rest import OWN, evidence_schema, rest_schema
from graphinvestigate.scale.commits import Held
from graphinvestigate.scale.engines import Engine, Frame
from graphinvestigate.scale.expressions import latest, of_latest
from graphinvestigate.scale.linked import EDGES, MENTIONS
from graphinvestigate.scale.store import PARTS, TenantStore, day_of

Window = tuple[int | None, int | None]  # from, and before, in microseconds
ALL: Window = (None, None)


class Reader:
    """Reads one state of a tenant's tables: files that are committed later are not seen.

    Parameters
    ----------
    store : TenantStore
    engine : Engine
    """

    def __init__(self, store: TenantStore, engine: Engine) -> None:
        self.store, self.engine = store, engine
        self._held = store.log.live()

    def resources(self) -> list[str]:
        """List the resources that have records here."""
        return sorted({file.table for file in self._held if file.table in RESOURCES})

    def records(self, resource: Resource, window: Window = ALL, columns: Sequence[str] | None = None) -> Frame:
        """Give the latest version of each record.

        Parameters
        ----------
        resource : Resource
        window : (int or None, int or None)
        columns : sequence of str, optional
            Which of the columns at rest, beside ``lake_…``; all by default.

        Returns
        -------
        frame
        """
        whole = rest_schema(resource)
        names = whole.names if columns is None else [*OWN, *(n for n in whole.names if n in columns and n not in OWN)]
        schema = pa.schema([whole.field(name) for name in names])
        alone, several = self._of_days([resource.name], window)
        found = [self._scan(alone, schema)]
        if several:
            found.append(latest(self._scan(several, schema)))
        return _within(_one(found), window)

    def mentions(self, window: Window = ALL, resources: Iterable[str] | None = None) -> Frame:
        """Give the mentions of the latest versions; all resources by default."""
        return self._part("mentions", MENTIONS, window, resources)

    def edges(self, window: Window = ALL, resources: Iterable[str] | None = None) -> Frame:
        """Give the links that the latest versions state."""
        return self._part("edges", EDGES, window, resources)

    def evidence(self, window: Window = ALL, columns: Sequence[str] | None = None) -> Frame:
        """Give the evidence of the latest versions of alerts."""
        whole = evidence_schema()
        names = whole.names if columns is None else [n for n in whole.names if n in {*columns, *whole.names[:7]}]
        return self._part("evidence", pa.schema([whole.field(name) for name in names]), window, ["alerts"])

    def _part(self, part: str, schema: pa.Schema, window: Window, resources: Iterable[str] | None) -> Frame:
        found = []
        for name in self.resources() if resources is None else resources:
            alone, several = self._of_days([name, f"{name}.{part}"], window)
            found.append(self._scan([file for file in alone if file.table != name], schema))
            if several:
                own = pa.schema([rest_schema(RESOURCES[name]).field(column) for column in OWN])
                rows = self._scan([file for file in several if file.table != name], schema)
                found.append(of_latest(rows, latest(self._scan([f for f in several if f.table == name], own))))
        return _within(_one(found or [self._scan([], schema)]), window)

    def _of_days(self, tables: Sequence[str], window: Window) -> tuple[list[Held], list[Held]]:
        """Divide the files of some days into those of days with one file of records, and the others."""
        since, until = day_of(window[0]), day_of(None if window[1] is None else window[1] - 1)
        timed = since is not None or until is not None
        files = sorted(
            (
                file
                for file in self._held
                if file.table in tables
                and not (timed and not file.day[0].isdigit())
                and (since is None or file.day >= since)
                and (until is None or file.day <= until)
            ),
            key=lambda file: file.day,
        )
        alone: list[Held] = []
        several: list[Held] = []
        for _, group in groupby(files, key=lambda file: file.day):
            of_day = list(group)
            many = sum(file.table == tables[0] for file in of_day) > 1
            (several if many else alone).extend(of_day)
        return alone, several

    def _scan(self, files: Sequence[Held], schema: pa.Schema) -> Frame:
        return self.engine.scan([self.store.path(file) for file in files if file.rows], schema)


def _one(found: Sequence[Frame]) -> Frame:
    return found[0] if len(found) == 1 else nw.concat(list(found))


def _within(frame: Frame, window: Window) -> Frame:
    since, until = window
    if since is not None:
        frame = frame.filter(nw.col("lake_window") >= since)
    if until is not None:
        frame = frame.filter(nw.col("lake_window") < until)
    return frame


def compact(store: TenantStore, engine: Engine) -> int:
    """Put each day's files together, without versions that are no longer the latest.

    Parameters
    ----------
    store : TenantStore
    engine : Engine

    Returns
    -------
    int
        How many days were put together; somebody else's are left alone.
    """
    done = 0
    for (name, day), files in sorted(store.several().items()):
        own = Reader(store, engine)
        own._held = files
        resource = RESOURCES[name]
        new = store.write(name, _lean(engine.arrow(own.records(resource))))
        for part in PARTS:
            if any(file.table == f"{name}.{part}" for file in files):
                rows = getattr(own, part)() if part == "evidence" else getattr(own, part)(resources=[name])
                table = _lean(engine.arrow(rows))
                new += store.write(f"{name}.{part}", table.sort_by("identifier") if part == "mentions" else table)
        done += store.replace(files, new, note={"compacted": name, "day": day})
    return done


def _lean(table: pa.Table) -> pa.Table:
    """Leave out the columns without any value."""
    own = {*OWN, "raw", "record_id", "evidence_index", "evidence_type", *MENTIONS.names, *EDGES.names}
    return table.select([n for n in table.column_names if n in own or table[n].null_count < len(table)])

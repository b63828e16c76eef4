"""Frames of an engine over a tenant's files: those of the days asked for, the latest version of each record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import narwhals as nw
import pyarrow as pa

from graphinvestigate.frames import RESOURCES, Resource
from graphinvestigate.scale.at_rest import OWN, UNKNOWN_DAY, WINDOWS, by_time, days_of, evidence_schema, rest_schema
from graphinvestigate.scale.commits import Held
from graphinvestigate.scale.engines import Engine, Frame
from graphinvestigate.scale.expressions import FEW, among, latest, of_latest
from graphinvestigate.scale.linked import EDGES, MENTIONS, by_entity
from graphinvestigate.scale.store import PARTS, TenantStore, day_of

Window = tuple[int | None, int | None]  # from, and before, in microseconds
ALL: Window = (None, None)


def window_of(name: str, window: Window) -> Window:
    """Give the window of a resource's records: a standing (of a risky user) is no event, so it is in every one."""
    return window if name in WINDOWS else ALL


def happened_in(found: Frame, window: Window) -> Frame:
    """Keep the records that happened in a window, and those of which nobody knows when."""
    at = nw.col("lake_at")
    for end, fits in zip(window, (lambda one: at >= one, lambda one: at < one), strict=True):
        if end is not None:
            found = found.filter(at.is_null() | fits(end))
    return found


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

    def rows(self, window: Window = ALL) -> int:
        """Count the rows of records in the files of a window: at least as many as it has records."""
        held = (self._of_days([name], window_of(name, window)) for name in self.resources())
        return sum(file.rows for alone, several in held for file in (*alone, *several))

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
        schema, window = _some(rest_schema(resource), columns, OWN), window_of(resource.name, window)
        alone, several = self._of_days([resource.name], window)
        found = [self._scan(alone, schema)]
        if several:
            # All versions of a record have one window: what lies outside is left out before they are compared.
            found.append(latest(_within(self._scan(several, schema), window)))
        return _within(_one(found), window)

    def chosen(self, resource: Resource, keys: pa.Table, columns: Sequence[str] | None = None) -> Frame:
        """Give the latest versions of some records: only days, and row groups, that they lie in are read.

        Parameters
        ----------
        resource : Resource
        keys : pyarrow.Table
            ``lake_id`` and ``lake_window`` of each.
        columns : sequence of str, optional
            As in `records`.

        Returns
        -------
        frame
        """
        schema = _some(rest_schema(resource), columns, OWN)
        alone, several = self._of_days([resource.name], ALL, days=set(days_of(keys).tolist()))
        wanted = self.engine.table(keys.select(["lake_id"]).cast(pa.schema([("lake_id", pa.string())])))
        found = [_at(self._scan(alone, schema), keys).join(wanted, on="lake_id", how="semi")]
        if several:
            found.append(latest(_at(self._scan(several, schema), keys).join(wanted, on="lake_id", how="semi")))
        return _one(found)

    def mentions(
        self, window: Window = ALL, resources: Iterable[str] | None = None, columns: Sequence[str] | None = None
    ) -> Frame:
        """Give the mentions of the latest versions; all resources and columns by default."""
        schema = _some(MENTIONS, columns, ("record_id", "lake_window", "lake_version"))
        return self._part("mentions", schema, window, resources)

    def edges(self, window: Window = ALL, resources: Iterable[str] | None = None) -> Frame:
        """Give the links that the latest versions state."""
        return self._part("edges", EDGES, window, resources)

    def evidence(self, window: Window = ALL, columns: Sequence[str] | None = None) -> Frame:
        """Give the evidence of the latest versions of alerts."""
        whole = evidence_schema()
        return self._part("evidence", _some(whole, columns, whole.names[:7]), window, ["alerts"])

    def _part(self, part: str, schema: pa.Schema, window: Window, resources: Iterable[str] | None) -> Frame:
        found = []
        for name in self.resources() if resources is None else resources:
            own_window = window_of(name, window)
            alone, several = self._of_days([name, f"{name}.{part}"], own_window)
            found.append(_within(self._scan([file for file in alone if file.table != name], schema), own_window))
            if several:
                own = pa.schema([rest_schema(RESOURCES[name]).field(column) for column in OWN])
                rows = _within(self._scan([file for file in several if file.table != name], schema), own_window)
                records = _within(self._scan([file for file in several if file.table == name], own), own_window)
                found.append(of_latest(rows, latest(records)))
        return _one(found or [self._scan([], schema)])

    def _of_days(
        self, tables: Sequence[str], window: Window, days: set[str] | None = None
    ) -> tuple[list[Held], list[Held]]:
        """Divide the files of some days into those of days with one file of records, and the others."""
        since, until = day_of(window[0]), day_of(None if window[1] is None else window[1] - 1)
        timed = since is not None or until is not None
        files = sorted(
            (
                file
                for file in self._held
                if file.table in tables
                and (days is None or file.day in days)
                and not (timed and file.day == UNKNOWN_DAY)
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


def _some(schema: pa.Schema, columns: Sequence[str] | None, always: Sequence[str] = ()) -> pa.Schema:
    """Give the fields of some columns, in the order of the schema; all where none are named."""
    names = [name for name in schema.names if columns is None or name in columns or name in always]
    return pa.schema([schema.field(name) for name in names])


def _at(frame: Frame, keys: pa.Table) -> Frame:
    """Leave out what can't be of some records, by words that keep an engine from reading it at all."""
    frame = among(frame, "lake_window", keys["lake_window"].to_pylist())
    return among(frame, "lake_id", keys["lake_id"].to_pylist()) if len(keys) <= FEW else frame


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
        with engine.asking():
            new = store.write(name, by_time(_lean(engine.arrow(own.records(RESOURCES[name])))))
            for part in PARTS:
                if any(file.table == f"{name}.{part}" for file in files):
                    rows = getattr(own, part)() if part == "evidence" else getattr(own, part)(resources=[name])
                    table = _lean(engine.arrow(rows))
                    ordered = by_entity(table) if part == "mentions" else by_time(table)
                    new += store.write(f"{name}.{part}", ordered)
        done += store.replace(files, new, note={"compacted": name, "day": day})
    return done


def _lean(table: pa.Table) -> pa.Table:
    """Leave out the columns without any value."""
    own = {*OWN, "raw", "record_id", "evidence_index", "evidence_type", *MENTIONS.names, *EDGES.names}
    return table.select([n for n in table.column_names if n in own or table[n].null_count < len(table)])

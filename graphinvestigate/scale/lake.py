"""The evidence lake: more records than a session holds, kept in a folder, asked like Graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import narwhals as nw
import networkx as nx
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES, Resource
from graphinvestigate.linking import Entity
from graphinvestigate.linking.entity_graph import entity_graph
from graphinvestigate.linking.find import nobody
from graphinvestigate.pivots import Pivot
from graphinvestigate.scale import seeds
from graphinvestigate.scale.answers import (
    coverage_of,
    day_span,
    entity_rows,
    level_of,
    never_pulled,
    pair_rows,
    timeline_rows,
    width_of,
)
from graphinvestigate.scale.asked import columns_asked, number, resource_called, sources_of, texts_asked, values_asked
from graphinvestigate.scale.at_rest import WINDOWS, from_rest, needed_for
from graphinvestigate.scale.components import components
from graphinvestigate.scale.engines import Frame
from graphinvestigate.scale.expressions import (
    MOST_RECORDS,
    MOST_TOGETHER,
    co_occurrence,
    crowded,
    edges,
    entity_table,
    equal_to,
    timeline_bins,
    with_entities,
)
from graphinvestigate.scale.figures import counts_figure
from graphinvestigate.scale.folder import LakeFolder, Time, Values
from graphinvestigate.scale.linked import LEAN
from graphinvestigate.scale.pulling import SOURCES
from graphinvestigate.scale.reading import Reader, Window, happened_in
from graphinvestigate.views.style import template
from graphinvestigate.views.timeline import zone_of
from graphinvestigate.views.timeline_notes import Bins, bins_between
from graphinvestigate.wanted import takes

_MOST = 20_000  # records that become a networkx graph


class Lake(LakeFolder):
    """Records of one or many tenants in a folder; pulled once, read by as many notebooks as like.

    Everything is written as new files and becomes part of the lake in one step, so a kill at any moment leaves the lake
    as it was, and readers and writers do not wait for each other. What changed is added; the latest version counts.

    Parameters
    ----------
    path : path
        The folder; made at the first pull. On one disk, or a share that all its users mount.
    tenant : str, optional
        Whose records are meant; needed where the lake holds several tenants. Records of two tenants are never mixed:
        build a graph of each, and join them with `merge_graphs`.
    engine : None, "duckdb", "pandas" or SparkSession, optional
        What it is read with: DuckDB in this process, or a Spark session, which computes where the data lies.

    Raises
    ------
    UsageError
        The folder holds something else, or what the engine needs is not installed (``graphinvestigate[lake]``).
    """

    @takes
    def records(
        self,
        name: str,
        *,
        since: Time = None,
        until: Time = None,
        where: Mapping[str, Values] | None = None,
        columns: Collection[str] | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """Read records of one kind, in the columns of their `list_…` function; only the files of the window are read.

        Parameters
        ----------
        name : str
            Of the resource: ``alerts``, ``sign_ins`` …
        since, until : str or datetime, optional
            As in the `list_…` function; ``"7d"`` counts from the newest pull.
        where : dict of str to str or list of str, optional
            Only records whose column holds one of these texts, whatever the case.
        columns : collection of str, optional
            Only these columns, which is faster; without ``raw`` no graph can be made of them.
        limit : int, optional
            At most so many, the newest.

        Returns
        -------
        DataFrame
            Newest first.

        Raises
        ------
        UsageError
            There is no such kind, column, value or time.
        """
        resource = resource_called(name)
        asked, columns = texts_asked(resource, where), columns_asked(resource, columns)
        limit = limit if limit is None else number("limit", limit)
        reader, window, rest = self._reader(), self._window(since, until), needed_for(resource, columns)
        with self._answering():
            if asked or limit is not None:  # first which records, then no more than those
                named = self._asked(reader, resource, window, list(asked))
                for column, values in asked.items():
                    named = equal_to(named, column, values)
                named = _newest_first(named.select("lake_id", "lake_window"))
                keys = self.engine.arrow(named if limit is None else named.head(limit))
                found = reader.chosen(resource, keys, rest)
            else:
                found = self._asked(reader, resource, window, rest)
            return from_rest(resource, self.engine.arrow(_newest_first(found)), columns)

    @takes
    def alerts(
        self,
        *,
        since: Time = None,
        until: Time = None,
        severity: Values = None,
        status: Values = None,
        service_source: Values = None,
        columns: Collection[str] | None = None,
        limit: int | None = None,
    ) -> pd.DataFrame:
        """Read alerts, newest first; see `records` and `list_alerts`."""
        where = {"severity": severity, "status": status, "service_source": service_source}
        chosen = values_asked(RESOURCES["alerts"], where)
        return self.records("alerts", since=since, until=until, where=chosen, columns=columns, limit=limit)

    @takes
    def entity_graph(
        self,
        *,
        seed: str | Entity | None = None,
        hops: int = 1,
        since: Time = None,
        until: Time = None,
        most_records: int = MOST_RECORDS,
        limit: int = _MOST,
    ) -> nx.MultiDiGraph:
        """Make the entity graph of the records around somebody: only those are read.

        Parameters
        ----------
        seed : str or Entity, optional
            Where to start; all records of the window where not given.
        hops : int
            1: the records that name the seed; 2: also those that name whom these name, and so on.
        since, until : str or datetime, optional
            Only records of this window; standings (risky users) are no events, and in each.
        most_records : int
            What more records name is not walked through; ``.graph["not_walked"]`` says what that was.
        limit : int
            The most records that become a graph.

        Returns
        -------
        networkx.MultiDiGraph
            As `entity_graph` makes of the same records.

        Raises
        ------
        EntityNotFoundError, AmbiguousEntityError
            Nobody, or several, go by that name.
        UsageError
            More records than `limit`.
        """
        with self._answering():
            return self._around(seed, hops, self._window(since, until), most_records, limit)[2]

    @takes
    def pivot(self, entity: str | Entity, *, since: Time = None, until: Time = None, limit: int = _MOST) -> Pivot:
        """Read the records that name somebody, as `pivot` asks Graph for them.

        Parameters
        ----------
        entity : str or Entity
        since, until : str or datetime, optional
        limit : int
            The most records.

        Returns
        -------
        Pivot
            `.frames` per kind of record, `.graph` of them, `.coverage`: one row per source, with what of the window was
            never pulled in its `note`.

        Raises
        ------
        EntityNotFoundError, AmbiguousEntityError, UsageError
            As `entity_graph`.
        """
        if entity is None:
            raise nobody(entity)
        window = self._window(since, until)
        with self._answering():
            found, frames, g = self._around(entity, 1, window, MOST_RECORDS, limit)
        return Pivot(found, frames, coverage_of(self.pulls(), frames, window), g)  # type: ignore[arg-type]

    @takes
    def timeline(
        self,
        *,
        width: str = "1d",
        since: Time = None,
        until: Time = None,
        sources: Iterable[str] | None = None,
    ) -> pd.DataFrame:
        """Count what happened in each span of time, by kind and level, where the records lie.

        Parameters
        ----------
        width : str
            How long a span is: ``"15min"``, ``"1h"``, ``"1d"``.
        since, until : str or datetime, optional
            Records of this window.
        sources : iterable of str, optional
            Names of resources; all that are here by default.

        Returns
        -------
        DataFrame
            `record_kind`, `time` (begin of the span, UTC), `level` (severity, risk level; ``""`` where there is none),
            `records`; spans without any are left out. Records without a time are not counted.
        """
        micros = width_of(width)
        reader, window = self._reader(), self._window(since, until)
        parts = []
        chosen = reader.resources() if sources is None else sources_of(sources, RESOURCES)
        with self._answering():
            for name in chosen:
                resource, level = RESOURCES[name], level_of(name)
                found = self._asked(reader, resource, window, [level])
                bins = timeline_bins(found, start=0, width=micros, by=level)
                parts.append((resource.record_kind, level, self.engine.arrow(bins)))
        return timeline_rows(parts, micros)

    @takes
    def plot_timeline(
        self,
        *,
        since: Time = None,
        until: Time = None,
        sources: Iterable[str] | None = None,
        tz: str = "UTC",
        theme: str = "light",
    ) -> go.Figure:
        """Draw how many records there were, by severity and kind; counted where they lie, at most 400 spans of time.

        Parameters
        ----------
        since, until, sources
            As in `timeline`: a narrower window has shorter spans.
        tz, theme : str
            As in `plot_timeline`.

        Returns
        -------
        plotly.graph_objects.Figure
            Its subtitle counts what is drawn, and what has no time, and names what was never pulled.
        """
        chosen = self._reader().resources() if sources is None else sources_of(sources, RESOURCES)
        zone_of(tz), template(theme)  # what can't be right is said before anything is counted
        days = self.timeline(width="1d", since=since, until=until, sources=chosen)
        low, high = day_span(days)
        bins = bins_between(low, high)
        seconds = bins.step // 10**9
        width = f"{seconds // 86400}d" if seconds % 86400 == 0 else f"{seconds}s"
        rows = self.timeline(width=width, since=since, until=until, sources=chosen)
        if len(rows):  # what a day holds may be less than the day
            low, high = (
                int(rows["time"].astype("datetime64[ns, UTC]").astype("int64").agg(end)) for end in ("min", "max")
            )
            bins = Bins(low, bins.step, (high - low) // bins.step + 1, bins.words)
        reader, window = self._reader(), self._window(since, until)
        untimed = {}
        with self._answering():
            for name in chosen:
                found = self._asked(reader, RESOURCES[name], window, [level_of(name)])
                found = found.filter(nw.col("lake_at").is_null()).select(n=nw.len())
                untimed[RESOURCES[name].record_kind] = int(self.engine.arrow(found)["n"][0].as_py())
        unseen = never_pulled(coverage_of(self.pulls(), {}, window), chosen)
        return counts_figure(rows, bins, untimed, unseen=unseen, tz=tz, theme=theme)

    @takes
    def entities(self, *, since: Time = None, until: Time = None) -> pd.DataFrame:
        """List everybody and everything that the records name, one row per entity; computed by the engine.

        Returns
        -------
        DataFrame
            `kind`, `key`, `first_seen`, `last_seen` (UTC), `records`, `mentions`; most records first.
        """
        with self._answering():
            return entity_rows(self.engine.arrow(entity_table(self._edges(self._window(since, until)))))

    @takes
    def co_occurrence(
        self, *, since: Time = None, until: Time = None, least: int = 2, most: int = MOST_TOGETHER
    ) -> pd.DataFrame:
        """List who is named together with whom, and in how many records.

        Parameters
        ----------
        since, until : str or datetime, optional
        least : int
            Only pairs that so many records name.
        most : int
            Records that name more entities say little about any two: they are left out, and counted in
            ``.attrs["left_out"]``.

        Returns
        -------
        DataFrame
            `left_kind`, `left_key`, `right_kind`, `right_key`, `records`; most records first.
        """
        least, most = number("least", least), number("most", most)
        with self._answering():
            found = self.engine.kept(self._edges(self._window(since, until)))
            pairs = co_occurrence(found, most=most).filter(nw.col("records") >= least)
            rows = pair_rows(self.engine.arrow(pairs))
            rows.attrs["left_out"] = len(self.engine.arrow(crowded(found, most=most)))
        return rows

    def _edges(self, window: Window) -> Frame:
        mentions = self.engine.kept(self._reader().mentions(window, columns=LEAN))
        return with_entities(edges(mentions), components(self.engine, mentions).parts)

    def _around(
        self, seed: str | Entity | None, hops: int, window: Window, most_records: int, limit: int
    ) -> tuple[Entity | None, dict[str, pd.DataFrame], nx.MultiDiGraph]:
        hops, limit = number("hops", hops), number("limit", limit)
        most_records = number("most_records", most_records)
        reader = self._reader()
        not_walked: dict[str, int] = {}
        if seed is None:
            entity, wanted, size = None, None, self._size(reader, window, limit)
        else:
            mentions = reader.mentions(window, columns=LEAN)
            start = seeds.find_seed(self.engine, mentions, seed, tenant=reader.store.tenant)
            wanted, not_walked = seeds.records_naming(
                self.engine, mentions, start, hops=hops, most_records=most_records
            )
            entity, size = start.entity, len(wanted)
        if size > limit:
            raise UsageError(
                f"{size} records are more than a graph can show (limit={limit}): give a shorter window, fewer hops, or "
                "entities() and co_occurrence(), which count where the records lie."
            )
        frames = {name: self._frame(reader, RESOURCES[name], window, wanted) for name in reader.resources()}
        frames = {name: frame for name, frame in frames.items() if len(frame)}
        linked = [frame for name, frame in frames.items() if name in SOURCES or name.endswith("_principals")]
        g = entity_graph(records=linked, tenant=reader.store.tenant)
        g.graph["not_walked"] = not_walked
        return entity, frames, g

    def _asked(self, reader: Reader, resource: Resource, window: Window, columns: list[str] | None) -> Frame:
        """Give the records of a window: of standings those that were updated in it, as their `list_…` function does."""
        found = reader.records(resource, window, columns)
        return found if resource.name in WINDOWS else happened_in(found, window)

    def _size(self, reader: Reader, window: Window, limit: int) -> int:
        """Count the records of a window; where its files hold no more than `limit` rows, those."""
        size = reader.rows(window)
        if size <= limit:
            return size
        every = (reader.records(RESOURCES[name], window, []) for name in reader.resources())
        return sum(int(self.engine.arrow(found.select(n=nw.len()))["n"][0].as_py()) for found in every)

    def _frame(self, reader: Reader, resource: Resource, window: Window, wanted: pa.Table | None) -> pd.DataFrame:
        """Read records in full: all of a window, or some by their ids, on the days that these are of."""
        if wanted is None:
            return from_rest(resource, self.engine.arrow(reader.records(resource, window)))
        ids = wanted.filter(pa.array([kind == resource.record_kind for kind in wanted["record_kind"].to_pylist()]))
        keys = ids.select(["record_id", "lake_window"]).rename_columns(["lake_id", "lake_window"])
        found = reader.chosen(resource, keys)
        return from_rest(resource, self.engine.arrow(found.sort("lake_window", "lake_id", nulls_last=True)))


def _newest_first(found: Frame) -> Frame:
    return found.sort("lake_window", "lake_id", descending=[True, False], nulls_last=True)

"""What is computed on tables at rest, written once for every engine (`engines`): narwhals expressions, no SQL.

Every function takes and returns frames of an engine; what is large stays where it is. Times are microseconds since
1970, UTC. An *identity* here is ``kind|type|value``, the text that stands for an identifier in links.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import narwhals as nw

from graphinvestigate.scale.engines import Engine, Frame

MOST_TOGETHER = 50
"""Entities of one record that are paired with each other; a record with more says too little about any two of them."""
MOST_RECORDS = 100
"""Records of one entity through which a walk goes on; what everybody shares is reached and not walked through."""

FEW = 1000
"""Values that a filter names one by one, so that no row group without any of them is read."""


def latest(records: Frame) -> Frame:
    """Keep the latest version of each record: updated last, and of those written last.

    Parameters
    ----------
    records : frame
        Of records at rest.

    Returns
    -------
    frame
    """
    newest = records.filter(nw.col("lake_updated") == nw.col("lake_updated").max().over("lake_id"))
    return newest.filter(nw.col("lake_version") == nw.col("lake_version").max().over("lake_id"))


def of_latest(rows: Frame, records: Frame) -> Frame:
    """Keep what the latest versions of records say.

    Parameters
    ----------
    rows : frame
        Mentions or edges, of several versions.
    records : frame
        The latest versions.

    Returns
    -------
    frame
    """
    keys = records.select(record_id=nw.col("lake_id"), lake_version=nw.col("lake_version"))
    return rows.join(keys, on=["record_id", "lake_version"], how="semi")


def edges(mentions: Frame) -> Frame:
    """Mentions → which record names which entity: one row per pair.

    Parameters
    ----------
    mentions : frame

    Returns
    -------
    frame
        ``record`` (``kind|id``), ``entity``, ``kind``, ``first_seen``, ``last_seen``, ``mentions``.
    """
    leading = mentions.filter((nw.col("place") == 0) & ~nw.col("is_record"))
    named = leading.with_columns(
        record=nw.concat_str("record_kind", "record_id", separator="|"),
        entity=nw.concat_str("kind", "identifier_type", "identifier", separator="|"),
    )
    return (
        named.group_by("record", "entity", "kind")
        .agg(
            first_seen=nw.col("lake_at").min(),
            last_seen=nw.col("lake_end").max(),
            mentions=nw.len(),
        )
        .with_columns(whole("mentions"))
    )


def with_entities(found: Frame, parts: Frame) -> Frame:
    """Replace identifiers by the entities that they belong to, and count again.

    Parameters
    ----------
    found : frame
        As `edges` returns.
    parts : frame
        As `components.components` returns: ``identity`` and ``entity``.

    Returns
    -------
    frame
        As `edges`.
    """
    named = found.rename({"entity": "identity"}).join(parts, on="identity", how="inner")
    return (
        named.group_by("record", "entity", "kind")
        .agg(
            first_seen=nw.col("first_seen").min(),
            last_seen=nw.col("last_seen").max(),
            mentions=nw.col("mentions").sum(),
        )
        .with_columns(whole("mentions"))
    )


def entity_table(found: Frame) -> Frame:
    """Edges → one row per entity.

    Parameters
    ----------
    found : frame
        As `edges` returns.

    Returns
    -------
    frame
        ``entity``, ``kind``, ``first_seen``, ``last_seen``, ``records``, ``mentions``.
    """
    return (
        found.group_by("entity", "kind")
        .agg(
            first_seen=nw.col("first_seen").min(),
            last_seen=nw.col("last_seen").max(),
            records=nw.len(),
            mentions=nw.col("mentions").sum(),
        )
        .with_columns(whole("records"), whole("mentions"))
    )


def co_occurrence(found: Frame, *, most: int = MOST_TOGETHER) -> Frame:
    """Edges → which entities stand in the same records.

    Parameters
    ----------
    found : frame
        As `edges` returns.
    most : int
        Records that name more entities are left out: `crowded` lists them.

    Returns
    -------
    frame
        ``left``, ``right`` (in this order as texts), ``records``: how many name both.
    """
    few = found.join(_sizes(found).filter(nw.col("entities") <= most).select("record"), on="record", how="semi")
    left = few.select("record", left="entity")
    pairs = left.join(few.select("record", right="entity"), on="record", how="inner")
    return (
        pairs.filter(nw.col("left") < nw.col("right"))
        .group_by("left", "right")
        .agg(records=nw.len())
        .with_columns(whole("records"))
    )


def crowded(found: Frame, *, most: int = MOST_TOGETHER) -> Frame:
    """List the records that name more entities than `co_occurrence` pairs: ``record``, ``entities``."""
    return _sizes(found).filter(nw.col("entities") > most)


def _sizes(found: Frame) -> Frame:
    return found.group_by("record").agg(entities=nw.len()).with_columns(whole("entities"))


def k_hop(engine: Engine, found: Frame, seeds: Frame, *, hops: int, most_records: int | None = MOST_RECORDS) -> Frame:
    """Walk from entities to the records that name them, and on to whom else those name.

    Parameters
    ----------
    engine : Engine
    found : frame
        As `edges` returns.
    seeds : frame
        ``entity``.
    hops : int
        How often.
    most_records : int or None
        An entity that more records name is reached and not walked through (seeds are); None walks through all.

    Returns
    -------
    frame
        ``entity``, ``hop`` (0 for seeds), and for what was not walked through ``shared`` true.
    """
    counts = found.group_by("entity").agg(records=nw.len()).with_columns(whole("records"))
    at = seeds.unique().with_columns(hop=nw.lit(0).cast(nw.Int64))
    reached = engine.kept(at)
    frontier = reached.select("entity")
    for hop in range(1, hops + 1):
        records = found.join(frontier, on="entity", how="semi").select("record").unique()
        near = found.join(records, on="record", how="semi").select("entity").unique()
        fresh = engine.kept(near.join(reached.select("entity"), on="entity", how="anti"))
        reached = engine.kept(nw.concat([reached, fresh.with_columns(hop=nw.lit(hop).cast(nw.Int64))]))
        frontier = fresh
        if most_records is not None and hop < hops:
            few = counts.filter(nw.col("records") <= most_records).select("entity")
            frontier = engine.kept(fresh.join(few, on="entity", how="semi"))
    if most_records is None:
        return reached.with_columns(shared=nw.lit(False))
    many = counts.filter(nw.col("records") > most_records).select("entity").with_columns(many=nw.lit(True))
    told = reached.join(many, on="entity", how="left")
    return told.select("entity", "hop", shared=(nw.col("many").fill_null(False) & (nw.col("hop") > 0)))


def records_of(found: Frame, entities: Frame) -> Frame:
    """List the records that name some entities: ``record``."""
    return found.join(entities.select("entity"), on="entity", how="semi").select("record").unique()


def timeline_bins(
    records: Frame, *, start: int, width: int, by: str, since: int | None = None, until: int | None = None
) -> Frame:
    """Records → how many happened in each span of time.

    Parameters
    ----------
    records : frame
        Of records at rest, with the column `by`.
    start, width : int
        Where the spans begin, and how long each is, in microseconds.
    by : str
        A column of texts; what has none counts as ``""``.
    since, until : int, optional
        Only records that happened from, and before.

    Returns
    -------
    frame
        ``bin`` (0 begins at `start`), the column `by`, ``records``. Records without a time are in none.
    """
    timed = records.filter(~nw.col("lake_at").is_null())
    if since is not None:
        timed = timed.filter(nw.col("lake_at") >= since)
    if until is not None:
        timed = timed.filter(nw.col("lake_at") < until)
    binned = timed.select(
        bin=((nw.col("lake_at") - start) // width).cast(nw.Int64),
        **{by: nw.col(by).fill_null("")},
    )
    return binned.group_by("bin", by).agg(records=nw.len()).with_columns(whole("records"))


def whole(column: str) -> Any:
    """Give a count as the same type of every engine: sums of DuckDB are wider."""
    return nw.col(column).cast(nw.Int64)


def equal_to(frame: Frame, column: str, values: Collection[Any]) -> Frame:
    """Keep the rows whose text is one of some, whatever the case."""
    wanted = [value.casefold() for value in values]
    return frame.filter(nw.col(column).str.to_lowercase().is_in(wanted))


def among(frame: Frame, column: str, values: Collection[Any]) -> Frame:
    """Keep the rows with one of some values; of very many values, all between the least and the greatest."""
    some = sorted({value for value in values if value is not None})
    named = nw.col(column)
    kept: Any = named.is_null() if any(value is None for value in values) else None
    if some:
        one = named.is_in(some) if len(some) <= FEW else (named >= some[0]) & (named <= some[-1])
        kept = one if kept is None else one | kept
    return frame.head(0) if kept is None else frame.filter(kept)

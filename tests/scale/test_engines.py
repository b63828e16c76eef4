"""The same expressions on pandas, DuckDB and Spark give the same rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from graphinvestigate.errors import UsageError
from graphinvestigate.frames import RESOURCES
from graphinvestigate.scale import engines
from graphinvestigate.scale.components import components
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import DuckDB, Engine, Pandas
from graphinvestigate.scale.expressions import (
    co_occurrence,
    crowded,
    edges,
    entity_table,
    equal_to,
    k_hop,
    latest,
    of_latest,
    records_of,
    timeline_bins,
    with_entities,
)
from graphinvestigate.scale.lake import Lake
from graphinvestigate.scale.linked import EDGES, MENTIONS, mentions_of
from graphinvestigate.scale.spark import Spark


def rows(engine: Engine, frame) -> list[tuple]:
    """What a frame holds, in one order, with the names of its columns."""
    table = engine.arrow(frame)
    names = sorted(table.column_names)
    values = zip(*(table[name].to_pylist() for name in names), strict=True)
    return [tuple(names), *sorted(values, key=repr)]


@pytest.fixture(scope="module")
def files(pulled: Path) -> dict[str, list[str]]:
    """The Parquet files of a lake, by table."""
    found = defaultdict(list)
    store = Lake(pulled)._store()
    for held in store.log.live():
        found[held.table].append(store.path(held))
    return found


@pytest.fixture(scope="module")
def expected(files: dict[str, list[str]]) -> dict[str, list[tuple]]:
    """What plain Python computes from the files that pandas reads."""
    engine = Pandas()
    said = engine.arrow(engine.scan(files["alerts.mentions"] + files["sign_ins.mentions"], MENTIONS)).to_pylist()
    leading = [m for m in said if m["place"] == 0 and not m["is_record"]]
    pairs: dict = {}
    for m in leading:
        key = (f"{m['record_kind']}|{m['record_id']}", f"{m['kind']}|{m['identifier_type']}|{m['identifier']}")
        first, last, count = pairs.get(key, (m["lake_at"], m["lake_end"], 0))
        pairs[key] = (min(first, m["lake_at"]), max(last, m["lake_end"]), count + 1)
    named = defaultdict(set)
    for record, entity in pairs:
        named[record].add(entity)
    together = Counter(pair for who in named.values() if len(who) <= 6 for pair in combinations(sorted(who), 2))
    return {"pairs": pairs, "named": named, "together": together}


def test_evidence_becomes_mentions(engine: Engine, pulled: Path) -> None:
    """Whom records and their evidence name, read by the engine out of the records, is what lies beside them."""
    reader, alerts = Lake(pulled, engine=engine)._reader(), RESOURCES["alerts"]
    found = mentions_of(engine, reader.records(alerts), alerts, tenant=reader.store.tenant)
    columns = [column for column in MENTIONS.names if column != "mention"]  # which counts from 0 in each part
    kept = rows(engine, reader.mentions(resources=["alerts"]).select(*columns))
    assert rows(engine, found.select(*columns)) == kept
    assert len(kept) > 100


def test_edges_pairs_and_entities(engine: Engine, files, expected) -> None:
    """Edges, co-occurrence and the entity table are what plain Python counts, on every engine."""
    said = engine.scan(files["alerts.mentions"] + files["sign_ins.mentions"], MENTIONS)
    found = engine.kept(edges(said))
    right = [
        (entity, first, entity.partition("|")[0], last, count, record)
        for (record, entity), (first, last, count) in expected["pairs"].items()
    ]
    assert rows(engine, found)[1:] == sorted(right, key=repr)
    pairs = [(left, count, right) for (left, right), count in expected["together"].items()]
    assert rows(engine, co_occurrence(found, most=6))[1:] == sorted(pairs, key=repr)
    many = [(len(who), record) for record, who in expected["named"].items() if len(who) > 6]
    assert len(many) > 0
    assert rows(engine, crowded(found, most=6))[1:] == sorted(many, key=repr)
    table = {row[0]: row[5] for row in rows(engine, entity_table(found))[1:]}
    assert table == Counter(entity for _, entity in expected["pairs"])


def test_walks(engine: Engine, files, expected) -> None:
    """Hops reach what a breadth-first walk over the same records reaches, and stop at what many records name."""
    found = engine.kept(edges(engine.scan(files["alerts.mentions"] + files["sign_ins.mentions"], MENTIONS)))
    who = defaultdict(set)
    for record, entities in expected["named"].items():
        for entity in entities:
            who[entity].add(record)
    start = min(entity for entity in who if entity.startswith("host|") and len(who[entity]) > 1)
    reached, frontier = {start: 0}, {start}
    for hop in (1, 2):
        near = {e for entity in frontier for record in who[entity] for e in expected["named"][record]} - set(reached)
        reached |= dict.fromkeys(near, hop)
        frontier = {entity for entity in near if len(who[entity]) <= 10}
    seeds = engine.table(pa.table({"entity": [start]}))
    walked = rows(engine, k_hop(engine, found, seeds, hops=2, most_records=10))
    assert walked[1:] == sorted(((e, hop, len(who[e]) > 10 and e != start) for e, hop in reached.items()), key=repr)
    assert any(shared for _, _, shared in walked[1:])
    assert rows(engine, records_of(found, seeds))[1:] == sorted((record,) for record in who[start])


def test_identity_and_entities(engine: Engine, files) -> None:
    """Connected components, and what is counted by them, are on every engine what they are on DuckDB."""
    wanted = ("alerts.mentions", "sign_ins.mentions", "risk_detections.mentions", "risky_users.mentions")
    made = []
    for one in (engine, DuckDB()):
        said = one.kept(one.scan([file for table in wanted for file in files[table]], MENTIONS))
        parts = one.kept(components(one, said).parts)
        made.append((rows(one, parts), rows(one, entity_table(with_entities(edges(said), parts)))))
    assert made[0] == made[1]
    assert len(made[0][0]) > 100


def test_timeline(engine: Engine, files) -> None:
    """Spans of time are counted as plain Python counts them, records without a time or level included."""
    schema = pa.schema([("lake_at", pa.int64()), ("severity", pa.string())])
    width = 3_600_000_000
    given = Pandas().arrow(Pandas().scan(files["alerts"], schema)).to_pylist()
    given += [{"lake_at": None, "severity": "low"}, {"lake_at": -1, "severity": None}, {"lake_at": 0, "severity": None}]
    counted = Counter((r["lake_at"] // width, r["severity"] or "") for r in given if r["lake_at"] is not None)
    bins = timeline_bins(engine.table(pa.Table.from_pylist(given, schema)), start=0, width=width, by="severity")
    assert rows(engine, bins)[1:] == sorted(((at, n, level) for (at, level), n in counted.items()), key=repr)
    part = timeline_bins(
        engine.table(pa.Table.from_pylist(given, schema)), start=0, width=width, by="severity", since=0, until=1
    )
    assert rows(engine, part)[1:] == [(0, 1, "")]


def test_latest_versions(engine: Engine) -> None:
    """Of several versions the one updated last counts, then the one written last; and only what it says."""
    schema = pa.schema([("lake_id", pa.string()), ("lake_updated", pa.int64()), ("lake_version", pa.int64())])
    given = [("a", 5, 1), ("a", 7, 2), ("a", 6, 3), ("b", 0, 1), ("b", 0, 2), ("c", 0, 1)]
    records = engine.table(pa.Table.from_pylist([dict(zip(schema.names, r, strict=True)) for r in given], schema))
    kept = latest(records)
    assert [row[0::2] for row in rows(engine, kept)[1:]] == [("a", 2), ("b", 2), ("c", 1)]
    said = pa.table({"record_id": [r[0] for r in given], "lake_version": [r[2] for r in given], "n": range(len(given))})
    assert sorted(row[1] for row in rows(engine, of_latest(engine.table(said), kept))[1:]) == [1, 4, 5]


def test_texts_are_compared_without_case(engine: Engine) -> None:
    """Enums are compared without case, and a missing one is equal to nothing."""
    table = engine.table(pa.table({"x": pa.array(["High", "LOW", None, "", "hIGH"])}))
    assert rows(engine, equal_to(table, "x", ["HIGH", "none"]))[1:] == [("High",), ("hIGH",)]


def test_files_without_a_column_are_read(engine: Engine, tmp_path) -> None:
    """Where a file lacks a column it is missing, what is not known yet is left out; no file is an empty frame."""
    import pyarrow.parquet as pq

    for name, table in {
        "old": pa.table({"record_id": ["a"], "source": ["s"]}),
        "new": pa.table({"record_id": ["b"], "target": ["t"], "later": [1]}),
    }.items():
        pq.write_table(table, tmp_path / f"{name}.parquet", store_schema=False)
    found = engine.arrow(engine.scan([str(tmp_path / f"{name}.parquet") for name in ("old", "new")], EDGES))
    assert found.column_names == EDGES.names
    read = {row["record_id"]: (row["source"], row["target"], row["lake_at"]) for row in found.to_pylist()}
    assert read == {"a": ("s", None, None), "b": (None, "t", None)}
    assert engine.arrow(engine.scan([], EDGES)).column_names == EDGES.names
    assert len(engine.arrow(engine.scan([], EDGES))) == 0


def test_the_engine_is_all_that_changes(spark, pulled) -> None:
    """With `engine=` a Spark session the same calls on a lake give the same frames and graphs."""
    here, there = Lake(pulled), Lake(pulled, engine=spark)
    assert repr(there).endswith("engine='spark')")
    seed = here.entities().query("kind == 'user'")["key"].iloc[0]
    assert_frame_equal(there.alerts(severity="high"), here.alerts(severity="high"))
    assert_frame_equal(there.timeline(width="1h"), here.timeline(width="1h"))
    one, other = there.entity_graph(seed=seed), here.entity_graph(seed=seed)
    assert nx.utils.graphs_equal(one, other)
    assert len(one) > 20


def test_a_connection_of_yours_is_an_engine(pulled: Path) -> None:
    """A lake is read with a DuckDB connection of the user's, which then has its tables and theirs."""
    import duckdb

    mine = duckdb.connect()
    mine.execute("create table watched as select 'high' as severity").fetchall()
    lake = Lake(pulled, engine=mine)
    assert len(lake.alerts(severity="high")) > 0
    assert lake.engine.arrow(lake.engine.table(pa.table({"a": [1]}))).num_rows == 1
    assert mine.sql("select * from watched").fetchall() == [("high",)]


def test_storage_that_spark_calls_otherwise(spark, pulled: Path) -> None:
    """Where a storage is mounted here and Spark knows it by an address, both names are given once."""
    engine = Spark(spark, mounted=(str(pulled), f"file://{pulled}"))
    assert engine._named(f"{pulled}/x") == f"file://{pulled}/x"
    assert engine._named("/elsewhere/x") == "/elsewhere/x"
    assert len(Lake(pulled, engine=engine).alerts(columns=["id"])) == len(Lake(pulled).alerts(columns=["id"]))


def test_what_is_no_engine() -> None:
    """An engine is named, or is one; anything else is refused with what would do."""
    assert engine_for("pandas").name == "pandas"
    assert engine_for(mine := DuckDB()) is mine
    with pytest.raises(UsageError, match="Spark session"):
        engine_for("polars")


def test_duckdb_loads_nothing_from_outside() -> None:
    """The engine in this process may not fetch or load extensions by itself."""
    settings = dict(
        engines.DuckDB()
        .connection.execute("select name, value from duckdb_settings() where name like 'auto%extensions'")
        .fetchall()
    )
    assert settings == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

"""Growth of what an engine computes: ``python tests/benchmarks/bench_scaling.py duckdb|spark EDGES``.

Mentions are drawn as records name entities: five each, users and hosts with two or three identifiers, a few entities
met very often; a thousandth of the users was renamed. They lie in Parquet files of half a million rows.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate.scale.components import components
from graphinvestigate.scale.engines import Engine, engine_for
from graphinvestigate.scale.expressions import co_occurrence, edges, entity_table, k_hop, with_entities
from graphinvestigate.scale.linked import MENTIONS

EACH = 100_000  # records in one file
NAMED = (("user", ("object_id", "upn")), ("host", ("mde_device_id", "fqdn", "short_name")), ("ip", ("ip",)),
         ("file", ("sha256", "sha1")), ("app", ("app_id",)))  # fmt: skip


def texts(prefix: str, numbers: np.ndarray) -> pa.Array:
    """A text per number."""
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), "")


def part(first: int, count: int, entities: int) -> pa.Table:
    """The mentions of some records."""
    rng = np.random.default_rng(first)
    record, tables = np.arange(first, first + count), []
    for number, (kind, types) in enumerate(NAMED):
        who = (entities * rng.random(count) ** 3).astype(np.int64)
        for place, id_type in enumerate(types):
            spelt = who if id_type != "upn" else who * 2 + ((who % 1000 == 0) & (record % 2 == 0))
            columns = {
                "record_kind": pa.repeat("alert", count), "record_id": texts("a", record),
                "lake_window": record * 1_000_000, "lake_at": record * 1_000_000, "lake_end": record * 1_000_000,
                "lake_version": np.ones(count, np.int64), "mention": np.full(count, number),
                "place": np.full(count, place), "kind": pa.repeat(kind, count),
                "identifier_type": pa.repeat(id_type, count), "identifier": texts(f"{kind}-{id_type}-", spelt),
                "is_record": np.zeros(count, bool),
            }  # fmt: skip
            columns |= {field.name: pa.nulls(count, field.type) for field in MENTIONS if field.name not in columns}
            tables.append(pa.table(columns).select(MENTIONS.names).cast(MENTIONS))
    return pa.concat_tables(tables)


def engine_of(name: str) -> Engine:
    """An engine by name; Spark on two threads of this machine."""
    if name != "spark":
        return engine_for(name)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "8").config("spark.driver.memory", "3g")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return engine_for(session)


def main(name: str, size: int) -> None:
    """Compute, and print what each step takes."""
    records = size // len(NAMED)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for first in range(0, records, EACH):
            path = Path(folder) / f"{first}.parquet"
            pq.write_table(part(first, min(EACH, records - first), records // 8), path, compression="zstd")
            files.append(str(path))
        engine = engine_of(name)
        print(f"{name}, {size:,} edges, {sum(Path(f).stat().st_size for f in files) / 1e6:.0f} MB of Parquet")
        start = last = time.perf_counter()

        def told(step: str, note: object = "") -> None:
            nonlocal last
            now = time.perf_counter()
            print(f"  {step:22} {now - last:8.2f} s  {note}", flush=True)
            last = time.perf_counter()

        mentions = engine.kept(engine.scan(files, MENTIONS))
        found = engine.kept(edges(mentions))
        told("edges", f"{engine.arrow(found.select('kind')).num_rows:,} rows")
        identities = components(engine, mentions)
        parts = engine.kept(identities.parts)
        told("components", f"{len(identities.contested):,} contested of {engine.arrow(parts).num_rows:,}")
        whole = engine.kept(with_entities(found, parts))
        told("edges of entities", f"{engine.arrow(whole.select('kind')).num_rows:,} rows")
        told("entity table", f"{engine.arrow(entity_table(whole)).num_rows:,} entities")
        seeds = engine.table(pa.table({"entity": [f"user|object_id|user-object_id-{records // 16}"]}))
        told("two hops", f"{engine.arrow(k_hop(engine, whole, seeds, hops=2)).num_rows:,} entities")
        told("co-occurrence", f"{engine.arrow(co_occurrence(whole).select('records')).num_rows:,} pairs")
        print(f"  all {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "duckdb", int(sys.argv[2]) if sys.argv[2:] else 100_000)

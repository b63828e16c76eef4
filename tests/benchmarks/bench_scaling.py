"""Growth of what an engine computes: ``python tests/benchmarks/bench_scaling.py duckdb|spark EDGES [EDGES …]``.

Several sizes run in a process each; how each step grows is printed at the end. Mentions are drawn as records name
entities: five each, users and hosts with two or three identifiers, a few entities met very often; a thousandth of the
users was renamed. They lie in Parquet files of half a million rows.
"""

# ruff: noqa: T201 (it prints its findings)

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graphinvestigate.scale.components import components
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import Engine
from graphinvestigate.scale.expressions import (
    co_occurrence,
    edges,
    entity_table,
    k_hop,
    timeline_bins,
    with_entities,
)
from graphinvestigate.scale.linked import LEAN, MENTIONS

EACH = 100_000  # records in one file
MEMORY = "6GB"  # of DuckDB and of Spark's driver, which computes too
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
                "strongest": texts(f"{kind}|{types[0]}|{kind}-{types[0]}-", who),
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


STEPS = (
    "timeline bins", "mentions → edges", "components", "edges of entities", "entity table", "two hops", "co-occurrence",
)  # fmt: skip


def engine_of(name: str, folder: str) -> Engine:
    """An engine by name; Spark on two threads of this machine, with the log of its tasks in a folder."""
    if name != "spark":
        engine = engine_for(name)
        if name == "duckdb":
            engine.connection.execute(f"set memory_limit = '{MEMORY}'").fetchall()  # type: ignore[attr-defined]
        return engine
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.eventLog.enabled", "true").config("spark.eventLog.dir", f"file://{folder}")
    builder = builder.config("spark.eventLog.compress", "false").config("spark.eventLog.rolling.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "8").config("spark.driver.memory", MEMORY[:-1].lower())
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return engine_for(session)


def measured(name: str, size: int) -> dict[str, float]:
    """Compute all steps once: seconds of each, and megabytes of all processes at their peak."""
    records = size // len(NAMED)
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, Peak() as peak:
        files = []
        for first in range(0, records, EACH):
            path = Path(folder) / f"{first}.parquet"
            pq.write_table(part(first, min(EACH, records - first), records // 8), path, compression="zstd")
            files.append(str(path))
        took["MB of Parquet"] = sum(Path(file).stat().st_size for file in files) / 1e6
        logs = Path(folder) / "logs"
        logs.mkdir()
        engine = engine_of(name, str(logs))
        engine.arrow(engine.table(pa.table({"started": [1]})))
        last = time.perf_counter()
        peak.most = 0

        waiting = list(STEPS)

        def describe() -> None:
            if name == "spark" and waiting:
                engine.session.sparkContext.setJobDescription(waiting[0])  # type: ignore[attr-defined]

        def told(step: str, rows: int) -> None:
            nonlocal last
            assert waiting.pop(0) == step
            describe()
            took[step] = time.perf_counter() - last
            print(f"  {step:22} {took[step]:8.2f} s  {rows:12,} rows", flush=True)
            last = time.perf_counter()

        def counted(frame: object) -> int:
            return int(engine.arrow(frame.select(n=nw.len()))["n"][0].as_py())  # type: ignore[attr-defined]

        describe()
        begin = last
        records_at = engine.scan(files, pa.schema([MENTIONS.field("lake_at"), MENTIONS.field("kind")]))
        told("timeline bins", engine.arrow(timeline_bins(records_at, start=0, width=3_600_000_000, by="kind")).num_rows)
        schema = pa.schema([MENTIONS.field(column) for column in LEAN])
        mentions = engine.kept(engine.scan(files, schema))
        found = engine.kept(edges(mentions))
        told("mentions → edges", counted(found))
        identities = components(engine, mentions)
        parts = engine.kept(identities.parts)
        told("components", counted(parts))
        print(f"  {'':22} {len(identities.contested):,} contested", flush=True)
        whole = engine.kept(with_entities(found, parts))
        told("edges of entities", counted(whole))
        told("entity table", counted(entity_table(whole)))
        seeds = engine.table(pa.table({"entity": [f"user|object_id|user-object_id-{records // 16}"]}))
        told("two hops", counted(k_hop(engine, whole, seeds, hops=2)))
        told("co-occurrence", counted(co_occurrence(whole)))
        took["all"] = time.perf_counter() - begin
        took["processor seconds"] = _held()[1]
        took["MB at the peak"] = peak.most / 1e6
        if name == "spark":
            engine.session.stop()  # type: ignore[attr-defined]
            took |= shuffled(next(file for file in logs.rglob("*") if file.is_file() and file.stat().st_size))
    return took


def shuffled(log: Path) -> dict[str, float]:
    """Megabytes that each step wrote for other tasks, out of Spark's log."""
    step_of: dict[int, str] = {}
    found = {f"MB shuffled: {step}": 0.0 for step in STEPS}
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if event["Event"] == "SparkListenerJobStart":
            step = (event.get("Properties") or {}).get("spark.job.description", "")
            step_of |= dict.fromkeys(event["Stage IDs"], step)
        elif event["Event"] == "SparkListenerTaskEnd" and (metrics := event.get("Task Metrics")):
            step = f"MB shuffled: {step_of.get(event['Stage ID'], '')}"
            if step in found:
                found[step] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"] / 1e6
    return found


class Peak(threading.Thread):
    """Looks ten times a second at how much memory this process and those that it started hold."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self._ends = 0, threading.Event()

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self.join()

    def run(self) -> None:
        """Look until the end."""
        while not self._ends.wait(0.1):
            self.most = max(self.most, _held()[0])


def _held() -> tuple[int, float]:
    """Bytes of memory and seconds of processor of this process and those that it started."""
    parents, sizes, ticks = {}, {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                said = (folder / "stat").read_text().rpartition(")")[2].split()
                number = int(folder.name)
                parents[number], ticks[number] = int(said[1]), int(said[11]) + int(said[12])
                sizes[number] = int(said[21]) * os.sysconf("SC_PAGE_SIZE")
    mine = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(sizes.get(one, 0) for one in mine), sum(ticks.get(one, 0) for one in mine) / os.sysconf("SC_CLK_TCK")


def main(name: str, sizes: list[int]) -> None:
    """Measure each size in a process of its own, and say how each step grows."""
    if len(sizes) == 1:
        print(f"{name}, {sizes[0]:,} edges", flush=True)
        print("RESULT " + json.dumps(measured(name, sizes[0])), flush=True)
        return
    rows: list[dict[str, float]] = []
    for size in sizes:
        command = [sys.executable, __file__, name, str(size)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("RESULT "):
                    rows.append(json.loads(line.removeprefix("RESULT ")))
                else:
                    print(line, end="", flush=True)
    print(f"\n| {name} | " + " | ".join(f"{size:,} edges" for size in sizes) + " | grows with edges to the power of |")
    print("|" + "---|" * (len(sizes) + 2))
    for step in rows[0]:
        values = [row[step] for row in rows]
        power = math.log(max(values[-1], 1e-9) / max(values[0], 1e-9)) / math.log(sizes[-1] / sizes[0])
        print(f"| {step} | " + " | ".join(f"{value:,.2f}" for value in values) + f" | {power:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "duckdb", [int(size) for size in sys.argv[2:]] or [100_000])

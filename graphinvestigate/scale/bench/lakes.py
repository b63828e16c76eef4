"""What a lake costs: adding, its size, and questions that read only what they need."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphinvestigate.envelope import read_page
from graphinvestigate.frames import RESOURCES, records_frame
from graphinvestigate.scale.bench.measure import Finding, rounds, side_by_side
from graphinvestigate.scale.bench.synthetic import alert_pages
from graphinvestigate.scale.components import components
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.expressions import co_occurrence, edges, k_hop, with_entities
from graphinvestigate.scale.lake import Lake

_TENANT = "11111111-2222-4333-8444-555555555555"
_LARGEST = 100_000  # alerts of which an engine computes here; tests/benchmarks/bench_scaling.py goes on from there
_EACH = 20_000  # alerts that are added at a time


def lake(size: int) -> Iterator[Finding]:
    """Measure a lake of so many alerts.

    Parameters
    ----------
    size : int

    Yields
    ------
    Finding
    """
    with tempfile.TemporaryDirectory() as folder:
        held = Lake(Path(folder) / "lake", tenant=_TENANT)
        seconds, read = filled(held, size)
        yield Finding("lake", size, "add, microseconds per alert", seconds / size * 1e6)
        (put,) = side_by_side(lambda: held.compact(vacuum_after=0), rounds=1)
        yield Finding("lake", size, "compact, microseconds per alert", put.processor / size * 1e6)
        files = sum(path.stat().st_size for path in held.path.rglob("*.parquet"))
        yield Finding("lake", size, "Parquet / JSON", files / read)
        some = held.alerts(limit=1, columns=["id"])["id"].iloc[0]
        day: dict[str, Any] = {"since": "2026-02-01T00:00:00Z", "until": "2026-02-02T00:00:00Z"}
        named = held.entities(**day)
        users = named.loc[named["kind"] == "user", "key"]
        questions: dict[str, Any] = {
            "one day, three columns, ms": lambda: held.alerts(**day, columns=["id", "title", "severity"]),
            "one day in full, ms": lambda: held.alerts(**day),
            "one record, ms": lambda: held.records("alerts", where={"id": some}),
            "timeline of all, ms": lambda: held.timeline(width="1d"),
            "entities of one day, ms": lambda: held.entities(**day),
        }
        if len(users):
            seed = users.iloc[len(users) // 2]
            questions["graph around a user on one day, ms"] = lambda: held.entity_graph(seed=seed, **day)
        for name, ask in questions.items():
            (taken,) = side_by_side(ask, rounds=rounds(size, 2))
            yield Finding("lake", size, name, taken.wall * 1e3)


def engines(size: int, session: Any = None) -> Iterator[Finding]:
    """Measure what is computed on a lake: edges, identity, pairs, hops.

    Parameters
    ----------
    size : int
        Alerts; about ten mentions and five edges each. Of more than 100,000 nothing is measured here.
    session : object, optional
        A Spark session; DuckDB where not given.

    Yields
    ------
    Finding
    """
    if size > _LARGEST:
        return
    with tempfile.TemporaryDirectory() as folder:
        filled(Lake(Path(folder) / "lake", tenant=_TENANT), size)
        held = Lake(Path(folder) / "lake", tenant=_TENANT, engine=session)
        engine = held.engine
        row = f"engine {engine.name}"
        rows: dict[str, Any] = {}

        def mentions() -> None:
            rows["mentions"] = engine.kept(held._reader().mentions())

        def links() -> None:
            rows["edges"] = engine.kept(edges(rows["mentions"]))
            rows["count"] = engine.arrow(rows["edges"].select(n="mentions")).num_rows

        def identity() -> None:
            rows["parts"] = engine.kept(components(engine, rows["mentions"]).parts)

        def whole() -> None:
            rows["edges"] = engine.kept(with_entities(rows["edges"], rows["parts"]))

        def together() -> None:
            rows["pairs"] = engine.arrow(co_occurrence(rows["edges"]).select("records")).num_rows

        def hops() -> None:
            start = engine.table(pa.table({"entity": ["user|object_id|aaaaaaaa-0000-4000-8000-000000000007"]}))
            rows["hops"] = engine.arrow(k_hop(engine, rows["edges"], start, hops=2)).num_rows

        steps = {"mentions read": mentions, "edges": links, "components": identity, "edges of entities": whole}
        steps |= {"co-occurrence": together, "two hops": hops}
        for name, step in steps.items():
            (taken,) = side_by_side(step, rounds=1)
            note = {"edges": "count", "co-occurrence": "pairs", "two hops": "hops"}.get(name)
            yield Finding(row, size, f"{name}, s", taken.wall, note=f"{rows[note]} rows" if note else "")


def duckdb_engine(size: int) -> Iterator[Finding]:
    """Measure what DuckDB computes on a lake."""
    yield from engines(size, engine_for("duckdb"))


def filled(held: Lake, size: int) -> tuple[float, int]:
    """Fill a lake with alerts: the seconds of processor that it took, and the bytes of JSON that were read.

    Parameters
    ----------
    held : Lake
    size : int

    Returns
    -------
    seconds : float
    read : int
    """
    read, seconds = 0, 0.0
    pages: list[bytes] = []
    for number, page in enumerate(alert_pages(size), start=1):
        pages.append(page)
        if len(pages) * 1000 >= _EACH or number * 1000 >= size:
            read += sum(map(len, pages))
            found = [read_page(one, source="a page") for one in pages]
            frame = records_frame(RESOURCES["alerts"], found, pull_id=f"p{number}")
            (taken,) = side_by_side(lambda frame=frame: held.add(frame), rounds=1)  # type: ignore[misc]
            seconds += taken.processor
            pages = []
    return seconds, read

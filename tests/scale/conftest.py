"""Fixtures of the scale tests: engines, mention tables, a lake of the demo tenant."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graphinvestigate.linking.identifiers import rank
from graphinvestigate.scale.engine_choice import engine_for
from graphinvestigate.scale.engines import Engine
from graphinvestigate.scale.lake import Lake
from graphinvestigate.scale.linked import MENTIONS


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A Spark session on two threads of this machine; one for all tests, as it takes seconds to start."""
    pyspark = pytest.importorskip("pyspark", reason="the tests of Spark need pyspark (extra `spark`)")
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # Spark's own workers, which `mapped` runs in
    builder = SparkSession.builder.master("local[2]").appName("graphinvestigate")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        # It plans again and again, and compiles, what is tiny here.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.session.timeZone": "UTC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        pytest.skip(f"Spark {pyspark.__version__} does not start here; it needs Java 17: {error}")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(params=["duckdb", "pandas", "spark"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Every engine in turn."""
    return engine_for(request.getfixturevalue("spark") if request.param == "spark" else request.param)


@pytest.fixture(autouse=True)
def _pyspark_and_pandas_3() -> Iterator[None]:
    """PySpark warns of pandas 3, which nothing here hands to it: rows go in as rows and come out as Arrow."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def mention_rows(observations: list[tuple[str, list[tuple[str, str]]]]) -> pa.Table:
    """A mention table in which each observation is one place of one record."""
    rows = []
    for number, (kind, ids) in enumerate(observations):
        ordered = sorted(set(ids), key=lambda i: (rank(kind, i[0]), i))
        for place, (id_type, value) in enumerate(ordered):
            rows.append(
                {
                    "record_kind": "alert", "record_id": f"r{number // 3}", "lake_window": number, "lake_at": number,
                    "lake_end": number + 1, "lake_version": 1, "mention": number, "place": place, "kind": kind,
                    "identifier_type": id_type, "identifier": value, "strongest": "|".join((kind, *ordered[0])),
                    "is_record": False, "field": "x", "value": "1",
                    "relation": "names", "inverse": False, "roles": None, "verdict": None, "remediation_status": None,
                }
            )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=MENTIONS)


@pytest.fixture
def make_lake(tmp_path: Path) -> Callable[..., Lake]:
    """Make lakes in a folder of this test."""

    def make(name: str = "lake", **options: Any) -> Lake:
        return Lake(tmp_path / name, **options)

    return make


@pytest.fixture(scope="session")
def pulled(tmp_path_factory: pytest.TempPathFactory, world: Any) -> Path:
    """The folder of a lake into which the demo tenant was pulled; tests only read it."""
    path = tmp_path_factory.mktemp("lake") / "pulled"
    Lake(path).pull(world.client, since="12d")
    return path

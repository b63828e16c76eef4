"""What a lake is read with: DuckDB in this process, pandas, or a Spark session. Each reads the same Parquet files.

An engine gives tables as narwhals frames; `expressions` says once what is computed on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Protocol, TypeAlias

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from graphinvestigate.errors import UsageError

Frame: TypeAlias = Any  # a narwhals LazyFrame


class Engine(Protocol):
    """Reads Parquet files and computes on them."""

    name: str

    def scan(self, files: Sequence[str], schema: pa.Schema) -> Frame:
        """Give files as one frame: the columns of `schema`, missing where a file has none."""

    def table(self, table: pa.Table) -> Frame:
        """Give a small table as a frame."""

    def kept(self, frame: Frame) -> Frame:
        """Compute a frame once, for what is asked of it several times."""

    def arrow(self, frame: Frame) -> pa.Table:
        """Compute a frame and bring it here."""


def engine_for(session: Any = None) -> Engine:
    """Find the engine for what `Lake(engine=…)` was given.

    Parameters
    ----------
    session : None, str, Engine or SparkSession
        None is DuckDB; ``"duckdb"`` and ``"pandas"`` name one.

    Returns
    -------
    Engine

    Raises
    ------
    UsageError
        It is something else, or needs what is not installed.
    """
    if session is None or session == "duckdb":
        return DuckDB()
    if session == "pandas":
        return Pandas()
    if hasattr(session, "createDataFrame") and hasattr(session, "read"):
        from graphinvestigate.scale.spark import Spark

        return Spark(session)
    if all(hasattr(session, name) for name in ("scan", "table", "kept", "arrow")):
        engine: Engine = session
        return engine
    raise UsageError(
        f"engine= takes None (DuckDB), 'duckdb', 'pandas' or a Spark session; got {type(session).__name__}."
    )


class DuckDB:
    """DuckDB in this process; reads only the columns and row groups that a question needs."""

    name = "duckdb"

    def __init__(self) -> None:
        try:
            import duckdb
        except ImportError as error:
            raise UsageError(
                "the lake needs DuckDB, which is not installed: pip install 'graphinvestigate[lake]'"
            ) from error
        # Nothing is loaded from the network or from a home folder.
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        self.connection = duckdb.connect(":memory:", config=config)
        self._numbers = count()

    def scan(self, files: Sequence[str], schema: pa.Schema) -> Frame:
        """Give files as one frame: the columns of `schema`, missing where a file has none."""
        if not files:
            return self.table(schema.empty_table())
        found = self.connection.read_parquet(list(files), union_by_name=True)
        have = set(found.columns)
        return _selected(nw.from_native(found), have, schema)

    def table(self, table: pa.Table) -> Frame:
        """Give a small table as a frame."""
        name = f"given_{next(self._numbers)}"
        self.connection.from_arrow(table).create(name)
        return nw.from_native(self.connection.table(name))

    def kept(self, frame: Frame) -> Frame:
        """Compute a frame once, for what is asked of it several times."""
        name = f"kept_{next(self._numbers)}"
        frame.to_native().create(name)
        return nw.from_native(self.connection.table(name))

    def arrow(self, frame: Frame) -> pa.Table:
        """Compute a frame and bring it here."""
        return frame.to_native().to_arrow_table()


class Pandas:
    """pandas, all in memory: for small lakes, and to see that the others compute the same."""

    name = "pandas"

    def scan(self, files: Sequence[str], schema: pa.Schema) -> Frame:
        """Give files as one frame: the columns of `schema`, missing where a file has none."""
        tables = [schema.empty_table()]
        for file in files:
            read = pq.read_table(file, partitioning=None)
            names = [name for name in schema.names if name in read.column_names]
            tables.append(read.select(names).cast(pa.schema([schema.field(name) for name in names])))
        return self.table(pa.concat_tables(tables, promote_options="default"))

    def table(self, table: pa.Table) -> Frame:
        """Give a small table as a frame."""
        return nw.from_native(table.to_pandas(types_mapper=_arrow_typed)).lazy()

    def kept(self, frame: Frame) -> Frame:
        """Compute a frame once, for what is asked of it several times."""
        return frame.collect().lazy()

    def arrow(self, frame: Frame) -> pa.Table:
        """Compute a frame and bring it here."""
        return pa.Table.from_pandas(frame.collect().to_native(), preserve_index=False).replace_schema_metadata(None)


def _arrow_typed(kind: pa.DataType) -> Any:
    import pandas as pd

    return pd.ArrowDtype(kind)


def _selected(frame: Frame, have: set[str], schema: pa.Schema) -> Frame:
    """Give the columns of a schema, missing ones as such."""
    return frame.select(
        *(
            nw.col(field.name) if field.name in have else nw.lit(None).cast(narwhals_type(field.type)).alias(field.name)
            for field in schema
        )
    )


def narwhals_type(kind: pa.DataType) -> Any:
    """Give narwhals' name of an Arrow type that tables at rest have."""
    if pa.types.is_list(kind):
        return nw.List(narwhals_type(kind.value_type))
    known = {
        pa.string(): nw.String, pa.large_string(): nw.String, pa.int64(): nw.Int64,
        pa.float64(): nw.Float64, pa.bool_(): nw.Boolean, pa.timestamp("us"): nw.Datetime("us"),
    }  # fmt: skip
    return known[kind]

"""A Spark session as the engine of a lake: one of your own cluster, of Fabric, or of the Sentinel data lake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import narwhals as nw
import pyarrow as pa

from graphinvestigate.scale.engines import Frame, selected


class Spark:
    """A Spark session; computes where the data lies and brings only results here.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
    mounted : (str, str), optional
        Where the storage is mounted here, and what Spark calls it, where the two differ:
        ``("/lakehouse/default", "abfss://workspace@onelake.dfs.fabric.microsoft.com/lake.Lakehouse")``.
    """

    name = "spark"

    def __init__(self, session: Any, *, mounted: tuple[str, str] | None = None) -> None:
        self.session, self._mounted = session, mounted

    def scan(self, files: Sequence[str], schema: pa.Schema) -> Frame:
        """Give files as one frame: the columns of `schema`, missing where a file has none."""
        if not files:
            return self.table(schema.empty_table())
        named = [self._named(file) for file in files]
        read = self.session.read.option("mergeSchema", "true").option("recursiveFileLookup", "true").parquet(*named)
        return selected(nw.from_native(read), set(read.columns), schema)

    def _named(self, file: str) -> str:
        here, there = self._mounted or ("", "")
        return there + file.removeprefix(here) if here and file.startswith(here) else file

    def table(self, table: pa.Table) -> Frame:
        """Give a small table as a frame."""
        rows = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
        return nw.from_native(self.session.createDataFrame(rows, _schema(table.schema)))

    def kept(self, frame: Frame) -> Frame:
        """Compute a frame once, for what is asked of it several times; its plan is cut off there."""
        return nw.from_native(frame.to_native().localCheckpoint(eager=False))

    def arrow(self, frame: Frame) -> pa.Table:
        """Compute a frame and bring it here."""
        made: pa.Table = frame.collect("pyarrow").to_native()  # of Spark 3, too, which has no `toArrow`
        return made

    def mapped(self, frame: Frame, make: Callable[[pa.Table], pa.Table], schema: pa.Schema) -> Frame:
        """Make rows of rows, some at a time, on the machines where they lie: this package has to be there, too."""
        types = pa.schema([(field.name, field.type) for field in schema])  # (what Python's workers are sent)
        return nw.from_native(frame.to_native().mapInArrow(partial(_made, make, types), _schema(schema)))

    def asking(self) -> AbstractContextManager[None]:
        """Let what is kept for one question go when it is answered: Spark does so when nothing holds it any more."""
        return nullcontext()


def _made(
    make: Callable[[pa.Table], pa.Table], schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows:
            yield from make(pa.Table.from_batches([batch])).cast(schema).combine_chunks().to_batches()


_TYPES = {
    pa.string(): "string", pa.large_string(): "string", pa.int64(): "bigint",
    pa.float64(): "double", pa.bool_(): "boolean", pa.null(): "string", pa.date32(): "date",
}  # fmt: skip


def _schema(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {_type(field.type)}" for field in schema)


def _type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    return f"array<{_type(kind.value_type)}>" if pa.types.is_list(kind) else _TYPES[kind]

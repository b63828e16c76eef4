"""What a lake is read with: DuckDB in this process, pandas, or a Spark session. Each reads the same Parquet files.

An engine gives tables as narwhals frames; `expressions` says once what is computed on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from uuid import uuid4

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from graphinvestigate.errors import BadFileError, GraphInvestigateError, UsageError
from graphinvestigate.text import log

Frame: TypeAlias = Any  # a narwhals LazyFrame
_EACH = 20_000  # rows that Python is given at a time


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

    def mapped(self, frame: Frame, make: Callable[[pa.Table], pa.Table], schema: pa.Schema) -> Frame:
        """Make rows of rows, some at a time, where they lie: `make` is Python, and what it returns has `schema`."""

    def asking(self) -> AbstractContextManager[None]:
        """Let what is kept for one question go when it is answered."""


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Turn what engines raise into errors of ours: a file that can't be read, or memory that does not do.

    Parameters
    ----------
    where : str
        What is read.

    Raises
    ------
    BadFileError
        A file is gone, half, or something else.
    UsageError
        There is not enough memory.
    """
    try:
        yield
    except GraphInvestigateError:
        raise
    except MemoryError as error:
        raise UsageError(_TOO_LARGE) from error
    except Exception as error:
        engine, name = type(error).__module__.partition(".")[0].lstrip("_"), type(error).__name__
        if engine in ("duckdb", "pyspark", "py4j") and "OutOfMemory" in f"{name} {error}":
            raise UsageError(_TOO_LARGE) from error
        of_files = engine in ("pyspark", "py4j", "pyarrow") or (engine == "duckdb" and name in _OF_FILES)
        if not of_files and not isinstance(error, OSError):
            raise
        said = log(str(error).strip().partition("\n")[0].replace(where, "…"))[:200]
        raise BadFileError(
            f"{log(where)}: a file of the lake can't be read ({said}). Ask again, if it was compacted meanwhile; else "
            "take the file from a backup, or pull into a new folder."
        ) from error


_OF_FILES = (
    "IOException",
    "InvalidInputException",
    "SerializationException",
    "ConversionException",
)  # of DuckDB's errors
_TOO_LARGE = "the answer needs more memory than there is: ask for a shorter window, or give a Spark session as engine=."


class DuckDB:
    """DuckDB in this process; reads only the columns and row groups that a question needs.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection, optional
        Used as it is; by default one in memory that loads no extension.
    """

    name = "duckdb"

    def __init__(self, connection: Any = None) -> None:
        self._numbers = count()
        self._made: list[str] = []
        self.connection = self._own() if connection is None else connection

    def _own(self) -> Any:
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
            # What does not fit into memory goes there, not beside the notebook; made when needed, removed at the end.
            "temp_directory": str(Path(tempfile.gettempdir()) / f"graphinvestigate-{uuid4().hex}"),
        }
        made = duckdb.connect(":memory:", config=config)
        # A question comes back to a file several times; the option belongs to the reader of Parquet, which loads late.
        made.execute("set parquet_metadata_cache = true").fetchall()
        return made

    def scan(self, files: Sequence[str], schema: pa.Schema) -> Frame:
        """Give files as one frame: the columns of `schema`, missing where a file has none."""
        if not files:
            return self.table(schema.empty_table())
        found = self.connection.read_parquet(list(files), union_by_name=True)
        have = set(found.columns)
        return selected(nw.from_native(found), have, schema)

    def table(self, table: pa.Table) -> Frame:
        """Give a small table as a frame."""
        return self._table("given", self.connection.from_arrow(table))

    def kept(self, frame: Frame) -> Frame:
        """Compute a frame once, for what is asked of it several times."""
        return self._table("kept", frame.to_native())

    def _table(self, what: str, relation: Any) -> Frame:
        name = f"{what}_{next(self._numbers)}"
        relation.create(name)
        self._made.append(name)
        return nw.from_native(self.connection.table(name))

    def arrow(self, frame: Frame) -> pa.Table:
        """Compute a frame and bring it here."""
        found: pa.Table = frame.to_native().to_arrow_table()
        return found

    def mapped(self, frame: Frame, make: Callable[[pa.Table], pa.Table], schema: pa.Schema) -> Frame:
        """Make rows of rows, some at a time."""
        batches = frame.to_native().to_arrow_reader(_EACH)
        made = [make(pa.Table.from_batches([batch])) for batch in batches if batch.num_rows]
        return self.table(pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in made)]))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let what is kept for one question go when it is answered."""
        before = len(self._made)
        try:
            yield
        finally:
            for name in self._made[before:]:
                self.connection.execute(f'drop table if exists "{name}"').fetchall()
            del self._made[before:]


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

    def mapped(self, frame: Frame, make: Callable[[pa.Table], pa.Table], schema: pa.Schema) -> Frame:
        """Make rows of rows, all at once."""
        return self.table(make(self.arrow(frame)).cast(schema))

    def asking(self) -> AbstractContextManager[None]:
        """Let what is kept for one question go when it is answered: nothing holds it but its frames."""
        return nullcontext()


def _arrow_typed(kind: pa.DataType) -> Any:
    import pandas as pd

    return pd.ArrowDtype(kind)


def selected(frame: Frame, have: set[str], schema: pa.Schema) -> Frame:
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

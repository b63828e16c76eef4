"""Which engine answers: what ``Lake(engine=…)`` was given."""

from __future__ import annotations

from typing import Any

from graphinvestigate.errors import UsageError
from graphinvestigate.scale.engines import DuckDB, Engine, Pandas
from graphinvestigate.scale.spark import Spark


def engine_for(session: Any = None) -> Engine:
    """Find the engine for what `Lake(engine=…)` was given.

    Parameters
    ----------
    session : None, str, Engine, SparkSession or DuckDBPyConnection
        None is DuckDB; ``"duckdb"`` and ``"pandas"`` name one. A connection of yours knows your own tables, too.

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
        return Spark(session)
    if hasattr(session, "read_parquet") and hasattr(session, "from_arrow"):
        return DuckDB(session)
    if all(hasattr(session, name) for name in ("scan", "table", "kept", "arrow", "mapped", "asking")):
        engine: Engine = session
        return engine
    raise UsageError(
        f"engine= takes None (DuckDB), 'duckdb', 'pandas' or a Spark session; got {type(session).__name__}."
    )

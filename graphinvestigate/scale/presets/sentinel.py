"""Nodes and edges as frames in the shape that Microsoft Sentinel's custom graph builder takes.

https://learn.microsoft.com/azure/sentinel/datalake/sentinel-graph-provider-reference: a frame per type of node and
edge, each with a column that is its key and one that is shown.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from graphinvestigate.scale.engines import Frame

NODES = ("id", "display", "type", "first_seen", "last_seen", "records")
EDGES = (
    "edge_key", "relation", "source_id", "source_type", "target_id", "target_type",
    "first_seen", "last_seen", "mentions",
)  # fmt: skip


def sentinel_graph(found: Frame) -> tuple[Frame, Frame]:
    """Edges → nodes and edges in the shape that Sentinel's custom graph builder takes.

    Parameters
    ----------
    found : frame
        As `expressions.edges` or `with_entities` returns.

    Returns
    -------
    nodes : frame
        ``id`` (the key), ``display``, ``type``, ``first_seen``, ``last_seen`` (microseconds since 1970), ``records``.
    edges : frame
        ``edge_key`` (the key), ``relation``, ``source_id``, ``source_type`` (a kind of record), ``target_id``,
        ``target_type`` (a kind of entity), ``first_seen``, ``last_seen``, ``mentions``.
    """
    names = {"first_seen": nw.col("first_seen").min(), "last_seen": nw.col("last_seen").max()}
    entities = found.group_by("entity", "kind").agg(**names, records=nw.len()).rename({"entity": "id", "kind": "type"})
    records = found.group_by("record").agg(**names, records=nw.len()).rename({"record": "id"})
    records = records.with_columns(type=_before("id"), records=nw.lit(1))
    # What is shown: the value of `kind|type|value`, the id of `kind|id`.
    entities = entities.with_columns(display=nw.col("id").str.replace_all(r"^[^|]*\|[^|]*\|", "", literal=False))
    records = records.with_columns(display=nw.col("id").str.replace_all(r"^[^|]*\|", "", literal=False))
    counted = nw.col("records").cast(nw.Int64)
    nodes = nw.concat([part.select(*NODES[:-1], counted) for part in (entities, records)])
    edges = found.select(
        nw.concat_str("record", "entity", separator="→").alias("edge_key"),
        nw.lit("names").alias("relation"),
        source_id="record",
        source_type=_before("record"),
        target_id="entity",
        target_type="kind",
        first_seen="first_seen",
        last_seen="last_seen",
        mentions="mentions",
    )
    return nodes, edges


def _before(column: str) -> Any:
    return nw.col(column).str.replace_all(r"\|.*$", "", literal=False)


def graph_spec(builder: Any, nodes: Frame, edges: Frame) -> Any:
    """Hand nodes and edges of Spark to a ``GraphSpecBuilder``.

    Parameters
    ----------
    builder : sentinel_graph.GraphSpecBuilder
        As ``GraphSpecBuilder.start()`` returns it.
    nodes, edges : frame
        As `sentinel_graph` returns them.

    Returns
    -------
    sentinel_graph.GraphSpec
        For ``Graph.build``. A type of node per kind of record and entity, an edge ``names`` per pair of them.
    """
    for kind in _distinct(nodes, "type"):
        own = nodes.filter(nw.col("type") == kind[0]).to_native()
        builder = builder.add_node(kind[0]).from_dataframe(own).with_columns(*NODES, key="id", display="display")
    for source, target in _distinct(edges, "source_type", "target_type"):
        own = edges.filter((nw.col("source_type") == source) & (nw.col("target_type") == target)).to_native()
        builder = builder.add_edge("names").from_dataframe(own)
        builder = builder.source(id_column="source_id", node_type=source)
        builder = builder.target(id_column="target_id", node_type=target)
        builder = builder.with_columns(*EDGES, key="edge_key", display="relation")
    return builder.done()


def _distinct(frame: Frame, *columns: str) -> list[tuple[str, ...]]:
    found = frame.select(*columns).unique().collect("pyarrow").to_native()
    return sorted(zip(*(found[name].to_pylist() for name in columns), strict=True))

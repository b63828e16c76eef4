"""Why two nodes are linked: every record and field that says so."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.errors import EntityNotFoundError
from graphinvestigate.linking.find import find_entity
from graphinvestigate.linking.nodes import Entity, Node, Record
from graphinvestigate.linking.sentences import sentence
from graphinvestigate.wanted import takes

WHY_COLUMNS = ("relation", "sentence", "record_kind", "record_id", "field", "value", "time")


def node_of(g: nx.MultiDiGraph, what: Entity | Record | str) -> Node:
    """Return the node that is meant: a node, or anything `find_entity` understands."""
    if isinstance(what, Record):
        if what not in g:
            raise EntityNotFoundError(
                f"the graph holds no {what.kind} {what.id!r}; build it with the frame that has this record"
            )
        return what
    return find_entity(g, what)


@takes
def why(g: nx.MultiDiGraph, a: Entity | Record | str, b: Entity | Record | str) -> pd.DataFrame:
    """Show what links two nodes directly: one row per record and field that says so.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    a, b : Entity, Record or str
        The two; a text is looked up with `find_entity`. Their order does not matter.

    Returns
    -------
    DataFrame
        ``relation``, ``sentence``, ``record_kind``, ``record_id``, ``field`` (JSON path in the record), ``value`` (what
        stands there, as text), ``time`` (UTC); oldest first. Empty where nothing links them directly: ask `paths`.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        No entity goes by that text, or several do; the error names near misses or all of them.
    """
    first, second = node_of(g, a), node_of(g, b)
    pairs = [(first, second)] if first == second else [(first, second), (second, first)]
    rows = [
        row
        for source, target in pairs
        if g.has_edge(source, target)
        for relation, attrs in g[source][target].items()
        for row in rows_of(g, source, target, relation, attrs["references"])
    ]
    return why_frame(rows)


def rows_of(
    g: nx.MultiDiGraph, source: Node, target: Node, relation: str, references: list[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    """Return one row per reference of an edge, in `WHY_COLUMNS`."""
    return [
        (
            relation,
            sentence(g, source, target, relation, r),
            r["record_kind"],
            r["record_id"],
            r["field"],
            None if r["value"] is None else str(r["value"]),
            r["time"],
        )
        for r in references
    ]


def why_frame(rows: list[tuple[Any, ...]], *, hops: list[int] | None = None) -> pd.DataFrame:
    """Return rows as a frame of fixed columns and types, oldest first; with hops, hop by hop and with their column."""
    table = pd.DataFrame(rows, columns=list(WHY_COLUMNS))
    for column in WHY_COLUMNS[:-1]:
        table[column] = table[column].astype("str")
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    order = ["time", "record_kind", "record_id", "field"]
    if hops is not None:
        table.insert(0, "hop", pd.Series(hops, dtype="Int64"))
        order = ["hop", *order]
    return table.sort_values(order, ignore_index=True)

"""The index of an entity graph straight from its columns: pivots, hubs and ranking without a networkx graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graphinvestigate.linking.compact import NodeList, Places
from graphinvestigate.linking.edge_table import EdgeTable
from graphinvestigate.linking.index import GraphIndex, build_index
from graphinvestigate.linking.nodes import Node, Record
from graphinvestigate.linking.pools import Pool


def index_of_table(table: EdgeTable) -> GraphIndex:
    """Build the index that `index.index_of` builds of the same graph: the same nodes and edges, in the same order.

    Parameters
    ----------
    table : EdgeTable
        From `entity_graph.edge_table`.
    """
    nodes = table.nodes
    place: Mapping[Node, int] | None = None
    kinds: Pool[str] = Pool()
    if isinstance(nodes, NodeList):
        kind = nodes.per_node([kinds.code(kind) for _, kind in nodes.sorts], np.int16)
        record = nodes.per_node([is_record for is_record, _ in nodes.sorts], np.bool_)
        place = Places(nodes)
    else:
        kind = kinds.codes(node.kind for node in nodes)
        record = np.fromiter((isinstance(n, Record) for n in nodes), dtype=np.bool_, count=len(nodes))
    first, last = table.nanoseconds()
    times = np.bincount(table.relation, minlength=len(table.relations))
    used = np.flatnonzero(times)
    relation = (np.cumsum(times > 0) - 1).astype(np.int16)[table.relation]
    return build_index(
        nodes=nodes,
        kinds=kinds.values,
        kind=kind,
        record=record,
        source=table.source,
        target=table.target,
        relations=[table.relations[code] for code in used.tolist()],
        relation=relation,
        first=first,
        last=last,
        count=table.count,
        place=place,
    )

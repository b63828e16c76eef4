"""The index of an entity graph straight from its columns: pivots, hubs and ranking without a networkx graph."""

from __future__ import annotations

import numpy as np

from graphinvestigate.linking.edge_table import EdgeTable
from graphinvestigate.linking.index import GraphIndex, build_index
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.pools import Pool


def index_of_table(table: EdgeTable) -> GraphIndex:
    """Build the index that `index.index_of` builds of the same graph: the same nodes and edges, in the same order.

    Parameters
    ----------
    table : EdgeTable
        From `entity_graph.edge_table`.
    """
    kinds: Pool[str] = Pool()
    kind = kinds.codes(node.kind for node in table.nodes)
    first, last = table.nanoseconds()
    used, relation = np.unique(table.relation, return_inverse=True)
    return build_index(
        nodes=table.nodes,
        kinds=kinds.values,
        kind=kind,
        record=np.fromiter((isinstance(n, Record) for n in table.nodes), dtype=np.bool_, count=len(table.nodes)),
        source=table.source,
        target=table.target,
        relations=[table.relations[code] for code in used.tolist()],
        relation=relation,
        first=first,
        last=last,
        count=table.count,
    )

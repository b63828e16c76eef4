"""Why each edge is there, as sentences that go with it into other tools."""

from __future__ import annotations

import networkx as nx

from graphinvestigate.exports.flat import node_id
from graphinvestigate.linking.sentences import describe, sentence

MOST = 10  # sentences per edge; the next says how many more there are

__all__ = ["MOST", "describe", "sentences"]


def sentences(g: nx.MultiDiGraph, most: int = MOST) -> dict[tuple[str, str, str], list[str]]:
    """Give the sentences of every edge.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    most : int
        At most so many per edge; one more says how many are not shown.

    Returns
    -------
    dict
        From (source, target, relation), as `flat` names them, to sentences; never an empty list.
    """
    found = {}
    for source, target, relation, references in g.edges(keys=True, data="references", default=()):
        said = list(dict.fromkeys(sentence(g, source, target, relation, one) for one in references[:most]))
        if len(references) > most:
            said.append(f"… and {len(references) - most:,} more records or fields say so.")
        found[node_id(source), node_id(target), relation] = said or ["No reference was kept."]
    return found

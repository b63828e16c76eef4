"""Frames → entity graph, and two entity graphs → one."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd

from graphinvestigate.garbage import uncollected
from graphinvestigate.linking.annotating import ANNOTATIONS, united
from graphinvestigate.linking.assembly import Parts, assemble
from graphinvestigate.linking.collecting import Collected, by_kind, collect, collect_in_parts
from graphinvestigate.linking.edge_batches import EdgeBatches
from graphinvestigate.linking.edge_table import EdgeTable
from graphinvestigate.linking.growing import as_assembled, grown, is_little
from graphinvestigate.linking.hubs import Hubs, listed
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.observations import seen_in_all
from graphinvestigate.linking.overrides import Overrides, Who, overrides_of, pair_of
from graphinvestigate.linking.pools import chosen, ints
from graphinvestigate.linking.record_rows import newer
from graphinvestigate.linking.reference_table import ReferenceTable, add_graph, add_mentions
from graphinvestigate.wanted import takes

_DERIVED = frozenset({"kind", "label", "identifiers", "first_seen", "last_seen", "facts", "observations", "refused"})


@takes
def entity_graph(
    *,
    alerts: pd.DataFrame | None = None,
    incidents: pd.DataFrame | None = None,
    risk_detections: pd.DataFrame | None = None,
    risky_users: pd.DataFrame | None = None,
    sign_ins: pd.DataFrame | None = None,
    directory_audits: pd.DataFrame | None = None,
    service_principal_risk_detections: pd.DataFrame | None = None,
    risky_service_principals: pd.DataFrame | None = None,
    records: Sequence[pd.DataFrame] = (),
    hubs: Hubs = None,
    merges: Sequence[Sequence[Who]] | None = None,
    splits: Sequence[Who | Sequence[Who]] | None = None,
    tenant: str | None = None,
) -> nx.MultiDiGraph:
    r"""Link records through the users, hosts, addresses and everything else that they name.

    Parameters
    ----------
    alerts, incidents, risk_detections, risky_users, sign_ins : DataFrame, optional
        Frames as they came from Graph (with their column ``raw``). Alerts inside expanded incidents count as alerts.
    directory_audits, service_principal_risk_detections, risky_service_principals : DataFrame, optional
        Who changed what in the directory, and the risk of apps.
    records : list of DataFrame, optional
        More frames of any of these kinds, and of users (`get_user`: what they are called elsewhere) and devices
        (`list_user_devices`); each says its kind in ``record_kind``.
    hubs : DataFrame or iterable of Entity or str, optional
        What everybody shares, beside what `find_hubs` detects: named locations as `list_named_locations` gives them,
        entities, names, networks (``203.0.113.0/24``). The graph keeps them in ``.graph["hubs"]``.
    merges : list, optional
        Identifiers (``type=value``) or entities that are one, whatever the records say: ``[("upn=al@contoso.com",
        "upn=alice@contoso.com")]``. Kept in ``g.graph["merges"]``; `with_overrides` takes them back.
    splits : list, optional
        Pairs that are not one, and single identifiers that say nothing about who it is. Kept in
        ``g.graph["splits"]``.
    tenant : str, optional
        The tenant of records that don't say theirs (risk detections, audits), kept in ``g.graph["tenant"]``. Graphs
        of several tenants are built one by one and merged; short host names, ``domain\account`` and private
        addresses never join across tenants.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are `Entity` and `Record` tuples; a record is a node by its id. Entity nodes carry ``kind``, ``label``,
        ``identifiers``, ``first_seen``, ``last_seen``, ``facts``, ``observations`` (identifiers seen together) and
        ``refused`` (identifiers seen beside its own that were kept apart, with the reason);
        record nodes ``kind``, ``id``, ``label``, ``time``, ``end_time``, ``updated``, ``read`` (False for a record
        that others only name) and headline facts. Each edge has its relation as key and carries ``relation``,
        ``first_seen``, ``last_seen``, ``count`` and ``references``: which record says so, in which field, with which
        value. Times are ISO texts in UTC. The result does not depend on the order of the rows.

    Raises
    ------
    UsageError
        A frame that is not as it came from Graph; merges or splits that are no identifiers or contradict each other.
    """
    named = {
        "incidents": incidents,
        "alerts": alerts,
        "risk_detections": risk_detections,
        "risky_users": risky_users,
        "sign_ins": sign_ins,
        "directory_audits": directory_audits,
        "service_principal_risk_detections": service_principal_risk_detections,
        "risky_service_principals": risky_service_principals,
    }
    overrides = overrides_of(merges, splits)
    with uncollected():
        parts = parts_of(collect(by_kind(named, records), tenant=tenant, observing=True))
        parts.overrides = overrides
        g = assemble(parts)
    if hubs is not None:
        g.graph["hubs"] = listed(hubs)
    if tenant is not None:
        g.graph["tenant"] = tenant
    return as_assembled(g)


def edge_table(
    *, records: Sequence[pd.DataFrame] = (), tenant: str | None = None, **named: pd.DataFrame | None
) -> EdgeTable:
    """Link records like `entity_graph`, in columns of numbers: for what is too large to stand as a graph.

    Parameters
    ----------
    records : list of DataFrame, optional
        As in `entity_graph`.
    tenant : str, optional
        As in `entity_graph`.
    **named : DataFrame
        ``alerts``, ``incidents``, ``sign_ins`` …, as in `entity_graph`.

    Returns
    -------
    EdgeTable
        The nodes and edges of that graph, in the same order.
    """
    with uncollected():
        batches = EdgeBatches()
        for collected in collect_in_parts(by_kind(named, records), tenant=tenant):
            batches.add(collected)
        return batches.finished()


@takes
def merge_graphs(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Join two entity graphs into a new one; both stay as they are.

    The same as building one graph from the records of both: an entity known by a user name here and by its object id
    there is one node, a name that turns out to belong to two entities is told apart again, and nothing counts twice.

    Parameters
    ----------
    a, b : networkx.MultiDiGraph
        Graphs made by `entity_graph` or `merge_graphs`.

    Returns
    -------
    networkx.MultiDiGraph
        One node per entity and record of both.
    """
    with uncollected():
        merged = (grown(a, b, joined_whole) if is_little(b, beside=a) else None) or joined_whole(a, b)
    hubs = [hub for g in (a, b) for hub in g.graph.get("hubs", ())]
    if hubs:
        merged.graph["hubs"] = [hub for place, hub in enumerate(hubs) if hub not in hubs[:place]]
    tenants = {g.graph["tenant"] for g in (a, b) if "tenant" in g.graph}
    if len(tenants) == 1:
        merged.graph["tenant"] = tenants.pop()
    annotated = {one["source"]: one for g in (b, a) for one in g.graph.get("annotated", ())}
    if annotated:
        merged.graph["annotated"] = [annotated[source] for source in sorted(annotated)]
    return as_assembled(merged)


def joined_whole(a: nx.MultiDiGraph, b: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Take two graphs apart and build one of both; what stands in ``.graph`` beside tenants and overrides is left."""
    parts = Parts()
    for g in (a, b):
        _take_apart(g, parts)
        parts.overrides |= overrides_in(g)
    return assemble(parts)


@takes
def with_overrides(
    g: nx.MultiDiGraph,
    *,
    merges: Sequence[Sequence[Who]] | None = None,
    splits: Sequence[Who | Sequence[Who]] | None = None,
) -> nx.MultiDiGraph:
    """Build a graph anew with other joins and splits by hand; what is not given stays as it was.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        A graph made by `entity_graph` or `merge_graphs`; it stays as it is.
    merges, splits : list, optional
        As in `entity_graph`; they take the place of the graph's own. An empty list takes all back.

    Returns
    -------
    networkx.MultiDiGraph
        The same records, linked as they would have been with these overrides from the start.

    Raises
    ------
    UsageError
        Something is no identifier, or is joined and split at once.
    """
    before = overrides_in(g)
    parts = Parts()
    with uncollected():
        _take_apart(g, parts)
        parts.overrides = overrides_of(
            before.merges if merges is None else merges, before.splits if splits is None else splits
        )
        rebuilt = assemble(parts)
    for name in ("hubs", "tenant", "annotated"):
        if name in g.graph:
            rebuilt.graph[name] = g.graph[name]
    return as_assembled(rebuilt)


def overrides_in(g: nx.MultiDiGraph) -> Overrides:
    """Return what was joined and split by hand in a graph."""
    return overrides_of(g.graph.get("merges"), g.graph.get("splits"))


def parts_of(collected: Collected) -> Parts:
    """Return what frames say as parts of a graph; what was collected is used up."""
    found, observations = collected.mentions, collected.observations
    if observations is None:
        raise TypeError("collect(…, observing=True) keeps what a graph's nodes are made of")
    parts = Parts(records=collected.records, observations=observations)
    parts.references = ReferenceTable(ends=found.ends, values=found.values)
    add_mentions(parts.references, found)
    records = [collected.records[record]["time"] or "" for record in found.records.values]
    times = sorted(set(records))
    place = {time: at for at, time in enumerate(times)}
    begun = ints([place[time] for time in records])
    last = np.zeros(len(found.meanings), np.int64)
    np.maximum.at(last, found.meaning, begun[found.record])
    observations.stamp(chosen(times, last) if times else [])
    return parts


def _take_apart(g: nx.MultiDiGraph, parts: Parts) -> None:
    parts.tenants |= set(g.graph.get("tenants", ()))
    for node, attrs in g.nodes(data=True):
        if isinstance(node, Record):
            known = parts.records.get(node)
            if attrs.get("read"):
                parts.records[node] = dict(attrs) if known is None else newer(known, dict(attrs))
            continue
        for observed in attrs["observations"]:
            ids = tuple(pair_of(text) for text in observed["identifiers"])
            first = parts.references.ends.code((node.kind, *ids[0]))
            seen = {"identifiers": [*observed["identifiers"]], **seen_in_all([observed])}
            parts.observations.add(node.kind, ids, first, seen)
        extras = {name: value for name, value in attrs.items() if name not in _DERIVED}
        if extras and attrs["observations"]:
            lead = pair_of(attrs["observations"][0]["identifiers"][0])
            known_extras = parts.node_extras.setdefault((node.kind, *lead), {})
            noted = united(known_extras.get(ANNOTATIONS, {}), extras.get(ANNOTATIONS, {}))
            known_extras.update(extras)
            if noted:
                known_extras[ANNOTATIONS] = noted
    add_graph(parts.references, g)

"""What others know of entities: geography, owners, reputation, watch and allow lists, joined with their source."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import networkx as nx
import pandas as pd

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.identifiers import RANKED, Identifier, identifier
from graphinvestigate.linking.identity import in_tenant
from graphinvestigate.linking.nodes import Entity
from graphinvestigate.linking.record_rows import json_value
from graphinvestigate.linking.shapes import SHAPES
from graphinvestigate.linking.spelling import address_of
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

ANNOTATIONS = "annotations"
"""The attribute of entity nodes that holds them: source → column → value."""
WATCH, ALLOW = "watch", "allow"
_ON_LIST = "on_list"  # the column that says on which kind of list an entity stands
Found: TypeAlias = dict[str, dict[str, Any]]
_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@takes
def annotate(
    g: nx.MultiDiGraph,
    frame: pd.DataFrame,
    on: str,
    *,
    source: str = "own table",
    kind: str | None = None,
    columns: Sequence[str] | None = None,
    counts_as: Literal["watch", "allow"] | None = None,
) -> nx.MultiDiGraph:
    """Join a table onto entities: what it says of them stands beside what the records say, with its source.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph; it stays as it is.
    frame : DataFrame
        One row per entity (or network): geography, AS numbers, reputation, owners, a watch or allow list.
    on : str
        The column that names the entity: its key, or any identifier of it in any spelling; for addresses also
        networks (``203.0.113.0/24``).
    source : str
        Where the table comes from: it stands beside every value.
    kind : str, optional
        Of which kind the entities are; by default `on` is the kind (``ip``, ``user``, ``host``, ``domain``, ``file``).
    columns : list of str, optional
        The columns to join; by default all others.
    counts_as : {"watch", "allow"}, optional
        The table is a watch list: `rank_entities` gives those on it points of their own; or an allow list: it holds
        them back, and hides nobody. A column ``on_list`` then says so. Without it a table changes no ranking.

    Returns
    -------
    networkx.MultiDiGraph
        A copy. Entities that the table names carry ``annotations``: source → column → value (a list where rows say
        different things); `entities` and `rank_entities` show them as columns, and merging keeps them.
        ``.graph["annotated"]`` says for each source how many ``rows`` it has, how many were ``matched``, on how many
        ``entities``, and what it ``counts_as``. Joining a source again replaces what it said before.

    Raises
    ------
    UsageError
        A column that is not there, a kind that the graph does not know how to look up, a source without a name, a
        kind of list that there is not.
    """
    kind = on if kind is None else kind
    _check(frame, on, source, kind, columns)
    if counts_as not in (None, WATCH, ALLOW):
        raise UsageError(f"counts_as takes 'watch', 'allow' or None; got {log(repr(counts_as))}")
    names = [name for name in frame.columns if name != on] if columns is None else list(columns)
    lookup = _Lookup(g, kind)
    said: defaultdict[Entity, dict[str, list[Any]]] = defaultdict(dict)
    matched = 0
    cells = [[json_value(value) for value in frame[name].tolist()] for name in names]
    rows = zip(*cells, strict=True) if names else [()] * len(frame)
    for value, row in zip(frame[on].tolist(), rows, strict=True):
        entities = lookup.of(value)
        matched += bool(entities)
        for entity in entities:
            of_entity = said[entity]
            for name, cell in zip(names, row, strict=True):
                kept = of_entity.setdefault(str(name), [])
                if cell is not None and cell not in kept:
                    kept.append(cell)
    new = g.copy()
    for node, attrs in new.nodes(data=True):
        others = {name: found for name, found in attrs.get(ANNOTATIONS, {}).items() if name != source}
        if node in said:
            told = {name: _one(values) for name, values in said[node].items()}
            others[source] = told if counts_as is None else {_ON_LIST: counts_as, **told}
        if others or ANNOTATIONS in attrs:
            attrs[ANNOTATIONS] = {name: others[name] for name in sorted(others)}
    about = {"source": source, "kind": kind, "rows": len(frame), "matched": matched, "entities": len(said)}
    about |= {} if counts_as is None else {"counts_as": counts_as}
    before = [one for one in g.graph.get("annotated", ()) if one["source"] != source]
    new.graph["annotated"] = sorted([*before, about], key=lambda one: one["source"])
    return new


def united(a: Found, b: Found) -> Found:
    """Return what two graphs say of one entity; where a source says both, the first counts."""
    return {name: a.get(name, b.get(name, {})) for name in sorted({*a, *b})}


def annotation_columns(found: Iterable[Found]) -> dict[tuple[str, str], str]:
    """Return (source, column) → heading; the source stands in it where several say something of one name."""
    pairs = sorted({(source, name) for one in found for source, values in one.items() for name in values})
    sources: defaultdict[str, list[str]] = defaultdict(list)
    for source, name in pairs:
        sources[name].append(source)
    return {(source, name): name if len(sources[name]) == 1 else f"{name} ({source})" for source, name in pairs}


def with_annotations(table: pd.DataFrame, found: Sequence[Found]) -> None:
    """Add to a table, one row per entity, what `annotate` joined to each, a column each."""
    for (source, name), heading in annotation_columns(found).items():
        values = [of_entity.get(source, {}).get(name) for of_entity in found]
        table[heading if heading not in table else f"{name} ({source})"] = pd.Series(values, dtype="object")


def _one(values: list[Any]) -> Any:
    return None if not values else values[0] if len(values) == 1 else sorted(values, key=str)


def _check(frame: pd.DataFrame, on: str, source: str, kind: str, columns: Sequence[str] | None) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"annotate needs a DataFrame, not {type(frame).__name__}")
    for name in (on, *(columns or ())):
        if name not in frame.columns:
            known = ", ".join(map(str, frame.columns))
            raise UsageError(f"the frame has no column {log(str(name))!r}; it has {log(known)}")
    if kind not in RANKED:
        raise UsageError(f"say of which kind {log(on)!r} is: kind='ip', 'user', 'host', 'domain', 'file' …")
    if not isinstance(source, str) or not source.strip():
        raise UsageError("source: say where the table comes from, e.g. source='GeoLite2 2026-02'")


class _Lookup:
    """From a value in a table to the entities of a kind that it names."""

    def __init__(self, g: nx.MultiDiGraph, kind: str) -> None:
        self._kind = kind
        tenants: Sequence[str] = g.graph.get("tenants", ())
        self._tenants = (None, *tenants)
        self._by_identifier: defaultdict[str, list[Entity]] = defaultdict(list)
        self._by_key: dict[str, Entity] = {}
        self._addresses: dict[Entity, Any] = {}
        only = tenants[0] if len(tenants) == 1 else None
        for node, attrs in g.nodes(data=True):
            if not isinstance(node, Entity) or node.kind != kind:
                continue
            self._by_key[node.key] = node
            texts = {*attrs["identifiers"]}
            for observed in attrs["observations"]:
                texts |= {"=".join(in_tenant((*text.partition("=")[::2],), only)) for text in observed["identifiers"]}
            for text in texts:
                self._by_identifier[text].append(node)
            if kind == "ip":
                self._addresses[node] = address_of(node.key.rpartition("/")[2])

    def of(self, value: Any) -> list[Entity]:
        """Return the entities; of a name that means something within a tenant, those of all tenants."""
        value = json_value(value)
        network = _network(value) if self._kind == "ip" else None
        if network is not None:
            within = (node for node, address in self._addresses.items() if address is not None)
            return [node for node in within if _lies_in(self._addresses[node], network)]
        if isinstance(value, str) and value in self._by_key:
            return [self._by_key[value]]
        ids = {found for tenant in self._tenants for found in self._identifiers(value, tenant)}
        return sorted({node for found in ids for node in self._by_identifier.get("=".join(found), ())})

    def _identifiers(self, value: Any, tenant: str | None) -> list[Identifier]:
        shape = SHAPES.get(self._kind)
        if shape is not None:
            found = shape(value, "", tenant)
            return [] if found is None else [found]
        made = (identifier(id_type, [value], tenant=tenant) for id_type in RANKED[self._kind])
        return [found for found in made if found is not None]


def _network(value: Any) -> _Network | None:
    if not isinstance(value, str) or "/" not in value:
        return None
    try:
        return ipaddress.ip_network(value.strip(), strict=False)
    except ValueError:
        return None


def _lies_in(address: Any, network: _Network) -> bool:
    return address.version == network.version and address in network

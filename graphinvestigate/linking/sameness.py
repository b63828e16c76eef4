"""Why the identifiers of an entity are taken to be one, and what was kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate.linking.find import find_entity
from graphinvestigate.linking.identifiers import LEADS_ONLY, Identifier, rank
from graphinvestigate.linking.identity import in_tenant
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.linking.nodes import Entity, Record
from graphinvestigate.linking.overrides import pair_of
from graphinvestigate.wanted import takes

WHY_SAME_COLUMNS = ("identifier", "status", "reason", "record_kind", "record_id", "field", "value", "time")
CONFLICT_COLUMNS = ("kind", "identifier", "beside", "entity", "other", "reason", "by_hand")


@takes
def why_same(g: nx.MultiDiGraph, entity: Entity | str) -> pd.DataFrame:
    """Show which records make an entity one: one row per identifier in one place of one record.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    entity : Entity or str
        A text is looked up with `find_entity`.

    Returns
    -------
    DataFrame
        ``identifier`` (``type=value``, in one spelling), ``status`` (``accepted``: it is this entity's, ``refused``: it
        was seen beside the entity's own and kept apart), ``reason``, ``record_kind``, ``record_id``, ``field`` (JSON
        path in the record), ``value`` (as received), ``time`` (UTC); the strongest identifier first, then by time.

    Raises
    ------
    EntityNotFoundError, AmbiguousEntityError
        The text names no entity, or several.
    """
    node = find_entity(g, entity)
    reasons = _Reasons(g, node)
    rows = []
    for record, reference, first in _named_by(g, node):
        given = [(first, reference["field"], reference["value"])]
        given += [(pair_of(text), field, value) for text, field, value in reference.get("beside", ())]
        ids = [reasons.canonical(identifier) for identifier, _, _ in given]
        for (_, field, value), identifier in zip(given, ids, strict=True):
            status, reason = reasons.of(identifier, ids, value)
            row = ("=".join(identifier), status, reason, record.kind, record.id, field, value, reference["time"])
            rows.append((rank(node.kind, identifier[0]), row))
    rows.sort(key=lambda r: (r[0], *(str(part or "") for part in (r[1][0], r[1][7], *r[1][3:6]))))
    table = pd.DataFrame([row for _, row in rows], columns=list(WHY_SAME_COLUMNS))
    table["value"] = [None if v is None else str(v) for v in table["value"]]
    for column in WHY_SAME_COLUMNS[:-1]:
        table[column] = table[column].astype("str")
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    return table


@takes
def conflicts(g: nx.MultiDiGraph) -> pd.DataFrame:
    """List what was seen together and kept apart: one row per pair of identifiers.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.

    Returns
    -------
    DataFrame
        ``kind`` of the entities, ``identifier`` and what it was seen ``beside`` (``type=value``), ``entity`` (key of
        the one that the latter belongs to) and ``other`` (key of the one that the identifier leads to; NA where nobody
        goes by it alone), ``reason``, ``by_hand`` (the analyst split them). `with_overrides` joins them.
    """
    rows: dict[tuple[str, str, str], tuple[Any, ...]] = {}
    carried = {
        (node.kind, text): node.key
        for node, attrs in g.nodes(data=True)
        if isinstance(node, Entity)
        for text in _first_ids(g, attrs)
    }
    for node, attrs in g.nodes(data=True):
        if not isinstance(node, Entity):
            continue
        for refused in attrs.get("refused", ()):
            identifier, beside = refused["identifier"], refused["beside"]
            other = carried.get((node.kind, identifier))
            # A name that only leads, and that nobody goes by alone, leads nobody astray.
            if other is None and pair_of(identifier)[0] in LEADS_ONLY and not refused["by_hand"]:
                continue
            entity = carried.get((node.kind, beside))
            row = (node.kind, identifier, beside, entity, other, refused["reason"], refused["by_hand"])
            rows[node.kind, identifier, beside] = row
    table = pd.DataFrame([rows[key] for key in sorted(rows)], columns=list(CONFLICT_COLUMNS))
    for column in CONFLICT_COLUMNS[:-1]:
        table[column] = table[column].astype("str")
    table["by_hand"] = table["by_hand"].astype("boolean")
    return table


class _Reasons:
    """Says of an identifier of an entity why it is its own, or why it isn't."""

    def __init__(self, g: nx.MultiDiGraph, node: Entity) -> None:
        attrs = g.nodes[node]
        self._tenant = _only_tenant(g)
        self._kind = kind_word(node.kind)
        self._refused = {(r["identifier"], r["beside"]): r["reason"] for r in attrs.get("refused", ())}
        self._by_hand = [set(group) for group in g.graph.get("merges", ())]
        self._beside: dict[Identifier, set[Identifier]] = {}
        for observed in attrs["observations"]:
            ids = [self.canonical(pair_of(text)) for text in observed["identifiers"]]
            for identifier in ids:
                self._beside.setdefault(identifier, set()).update(ids)
        self._key = min(
            (i for i in self._beside if "=".join(i) in attrs["identifiers"]),
            key=lambda i: (rank(node.kind, i[0]), i),
        )

    def canonical(self, identifier: Identifier) -> Identifier:
        return in_tenant(identifier, self._tenant)

    def of(self, identifier: Identifier, ids: list[Identifier], value: Any) -> tuple[str, str]:
        """Return status and reason of an identifier that a place gives together with others, the strongest first."""
        text = "=".join(identifier)
        refused = self._refused.get((text, "=".join(ids[0])))
        if refused is not None:
            return "refused", f"{refused}."
        parts = []
        if identifier == self._key:
            parts.append(f"the strongest identifier of this {self._kind}: its key")
        elif len(ids) > 1:
            parts.append(f"given in one place with {_listed(i for i in ids if i != identifier)}")
        else:
            others = [i for i in self._beside[identifier] if i != identifier]
            if others:
                parts.append(f"alone here; other records give it together with {_listed(others)}")
        parts += [f"joined by hand with {', '.join(sorted(g - {text}))}" for g in self._by_hand if text in g]
        if identifier[0] == "object_id" and isinstance(value, str) and value.upper().startswith("S-1-12-1-"):
            parts.append("the SID spells the object id")
        elif identifier[0] == "upn" and isinstance(value, str) and "#ext#" in value.casefold():
            parts.append("a guest is the one that he is at home")
        return "accepted", f"{'; '.join(parts) or 'the only identifier of this ' + self._kind}."


def _named_by(g: nx.MultiDiGraph, node: Entity) -> Iterator[tuple[Record, dict[str, Any], Identifier]]:
    """Yield each place where a record names an entity: the record, the reference, the strongest identifier there."""
    for side, edges in ((1, g.in_edges(node, data="references")), (0, g.out_edges(node, data="references"))):
        for *ends, references in edges:
            other = ends[1 - side]
            if isinstance(other, Record):
                for reference in references:
                    yield other, reference, pair_of(reference["by"][side])


def _first_ids(g: nx.MultiDiGraph, attrs: dict[str, Any]) -> set[str]:
    """The identifiers that an entity goes by alone somewhere, or first."""
    tenant = _only_tenant(g)
    return {"=".join(in_tenant(pair_of(observed["identifiers"][0]), tenant)) for observed in attrs["observations"]}


def _only_tenant(g: nx.MultiDiGraph) -> str | None:
    tenants = g.graph.get("tenants", ())
    return tenants[0] if len(tenants) == 1 else None


def _listed(identifiers: Any) -> str:
    texts = sorted({"=".join(i) for i in identifiers})
    return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")

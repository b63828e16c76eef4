"""References as columns of numbers: which record states which link, in which field, with which value.

They come from mentions (`of_mentions`), or from entity graphs (`of_graph`, which takes a graph apart). Nothing in them
depends on which identifiers were found to be one entity.

| column | holds |
|---|---|
| ``source``, ``target`` | places in ``ends``: a record, or the (kind, type, value) of the identifier that it names |
| ``relation`` | place in ``relations`` |
| ``record`` | place in ``records``: the record that says so |
| ``field``, ``value`` | places in ``texts`` (the JSON path in the record) and ``values`` (as received) |
| ``judged`` | place in ``judgements``, or -1 |
| ``beside`` | place in ``besides`` (the other identifiers in the same place), or -1 |
| ``time`` | place in ``times``, or -1: when the record is not at hand and a graph kept the time |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import networkx as nx
import numpy as np

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.mention_table import End, MentionTable, field_of
from graphinvestigate.linking.nodes import Node, Record
from graphinvestigate.linking.overrides import pair_of
from graphinvestigate.linking.pools import NONE, Codes, Pool, Values, distinct, ints, joined
from graphinvestigate.linking.reading import Judged

Beside: TypeAlias = list[list[Any]]
"""Other identifiers of a place: [`type=value`, JSON path, value as received] of each."""

COLUMNS = ("source", "target", "relation", "record", "field", "value", "judged", "beside", "time")


@dataclass(slots=True, eq=False)
class ReferenceTable:
    """References in columns; see the module for what each holds."""

    ends: Pool[End] = field(default_factory=Pool)
    records: Pool[Record] = field(default_factory=Pool)
    relations: Pool[str] = field(default_factory=Pool)
    texts: Pool[str] = field(default_factory=Pool)
    values: Values = field(default_factory=Values)
    judgements: Pool[Judged] = field(default_factory=Pool)
    besides: list[Beside] = field(default_factory=list)
    times: Pool[str] = field(default_factory=Pool)
    beside_codes: dict[str, int] = field(default_factory=dict)
    parts: list[tuple[Codes, ...]] = field(default_factory=list)

    def together(self, beside: Beside) -> int:
        """Return the code of the other identifiers of a place."""
        if not beside:
            return NONE
        key = repr(beside)
        code = self.beside_codes.get(key)
        if code is None:
            code = self.beside_codes[key] = len(self.besides)
            self.besides.append(beside)
        return code

    def columns(self) -> dict[str, Codes]:
        """Return all references as columns."""
        if not self.parts:
            return {name: ints([]) for name in COLUMNS}
        return {name: joined(column) for name, column in zip(COLUMNS, zip(*self.parts, strict=True), strict=True)}


def add_mentions(table: ReferenceTable, found: MentionTable, *, beside: bool = True) -> Codes:
    """Take in what mentions and ties say; give the end of each meaning.

    Parameters
    ----------
    table : ReferenceTable
    found : MentionTable
    beside : bool
        Whether the other identifiers in the same place are wanted.

    Returns
    -------
    ndarray
        Per meaning the place of what it means in ``table.ends``.
    """
    ends, values = ints(found.end), ints(found.value)
    if table.ends is not found.ends:
        ends = _of(table.ends.codes(found.ends.values), ends)
    if table.values is not found.values:
        values = _of(ints([table.values.code(value) for value in found.values.values]), values)
    records = table.records.codes(found.records.values)
    record_ends = table.ends.codes(found.records.values)
    relations = table.relations.codes(found.relations.values)
    judgements = np.append(table.judgements.codes(found.judgements.values), NONE)
    named, value = ends[found.meaning], values[found.meaning]
    nothing = np.full(len(found), NONE)
    fields_of, others = _fields(table, found), _besides(table, found) if beside else nothing
    record, inverse = records[found.record], found.inverse.astype(bool)
    own = record_ends[found.record]
    table.parts.append(
        (
            np.where(inverse, named, own),
            np.where(inverse, own, named),
            relations[found.relation],
            record,
            fields_of,
            value,
            judgements[found.judged],
            others,
            nothing,
        )
    )
    source, target = found.tie_source, found.tie_target
    nothing = np.full(len(source), NONE)
    table.parts.append(
        (
            named[source],
            named[target],
            relations[found.tie_relation],
            record[source],
            fields_of[target],
            value[target],
            nothing,
            nothing,
            nothing,
        )
    )
    return ends


def _fields(table: ReferenceTable, found: MentionTable) -> Codes:
    """Return the code of the field that each mention's strongest identifier stands in."""
    paths = found.paths.values
    path = ints(found.path)[found.meaning] if len(found) else ints([])
    texts = found.texts.values
    wide, deep = max(len(texts), 1), max(len(paths), 1)
    keys, inverse = distinct((found.prefix * wide + found.at) * deep + path)
    codes = [
        table.texts.code(field_of(paths[key % deep], texts[key // deep % wide], texts[key // deep // wide]))
        for key in keys.tolist()
    ]
    return ints(codes)[inverse] if len(keys) else ints([])


def _besides(table: ReferenceTable, found: MentionTable) -> Codes:
    """Return the code of the other identifiers that stand in each mention's place."""
    codes, several = np.full(len(found), NONE), np.zeros(len(found.meanings), np.bool_)
    several[found.several] = True
    rows = np.flatnonzero(several[found.meaning]) if len(found) else ints([])
    if not len(rows):
        return codes
    texts, meanings, besides = found.texts.values, found.meanings, table.besides
    wide = len(texts)
    keys, inverse = np.unique(
        (found.prefix[rows] * wide + found.at[rows]) * len(meanings) + found.meaning[rows], return_inverse=True
    )
    places, numbers = np.divmod(keys, len(meanings))
    first, here = len(besides), NONE
    fields: dict[str, str] = {}
    for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
        if place != here:
            here, prefix, at, fields = place, texts[place // wide], texts[place % wide], {}
        _, ids, paths, values, _, _ = meanings[number]
        beside = []
        for other in range(1, len(ids)):
            path = paths[other]
            known = fields.get(path)
            if known is None:
                known = fields[path] = field_of(path, at, prefix)
            beside.append(["=".join(ids[other]), known, values[other]])
        besides.append(beside)
    codes[rows] = first + inverse
    return codes


def _of(codes: Codes, places: Codes) -> Codes:
    return codes[places] if len(codes) else places


def add_graph(table: ReferenceTable, g: nx.MultiDiGraph) -> None:
    """Take in the references of a graph's edges."""
    rows = [
        _row(table, source, target, relation, reference)
        for source, target, relation, references in g.edges(keys=True, data="references")
        for reference in references
    ]
    if rows:
        table.parts.append(tuple(ints(column) for column in zip(*rows, strict=True)))


def _row(table: ReferenceTable, source: Node, target: Node, relation: str, r: Mapping[str, Any]) -> tuple[int, ...]:
    judged = NONE
    if "roles" in r:
        judged = table.judgements.code(Judged(tuple(r["roles"]), r["verdict"], r["remediation_status"]))
    return (
        table.ends.code(_end(source, r["by"][0])),
        table.ends.code(_end(target, r["by"][1])),
        table.relations.code(relation),
        table.records.code(Record(r["record_kind"], r["record_id"])),
        table.texts.code(r["field"]),
        table.values.code(r["value"]),
        judged,
        table.together([[*one] for one in r.get("beside", ())]),
        NONE if r["time"] is None else table.times.code(r["time"]),
    )


def _end(node: Node, by: str | None) -> End:
    if by is not None:
        return (node.kind, *pair_of(by))
    if isinstance(node, Record):
        return node
    raise UsageError(
        f"a reference of {node} does not say by which identifier it was named; merge graphs of entity_graph"
    )

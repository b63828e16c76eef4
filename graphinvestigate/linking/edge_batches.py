"""Frames → edges in columns for what is too large to stand as a graph: some thousand records at a time.

What a batch says is kept as numbers and as text in buffers, never as one Python object per mention, identifier or edge.
Who is who is found at the end (`identity_columns`), and the edges are those of `entity_graph`, in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphinvestigate.linking.collecting import Collected
from graphinvestigate.linking.compact import (
    NO_MOMENT,
    Moments,
    NodeList,
    in_bytes,
    microseconds,
)
from graphinvestigate.linking.edge_table import EdgeTable
from graphinvestigate.linking.ends import Ends, Sort, domains_in, ends_in, mark, nodes_of
from graphinvestigate.linking.identity import note_domains
from graphinvestigate.linking.identity_columns import Known, strongest
from graphinvestigate.linking.mention_table import MentionTable
from graphinvestigate.linking.pools import Codes, Pool, ints, ranks
from graphinvestigate.linking.reference_table import ReferenceTable, add_mentions

_DISTINCT = ("source", "target", "relation", "record", "field", "value")
_LATEST = np.iinfo(np.int64).max


@dataclass(slots=True, eq=False)
class EdgeBatches:
    """Takes in what was collected of some records after the other, and gives the edges of all.

    A record whose versions came in several frames has to be in one batch with all of them.
    """

    _sorts: Pool[Sort] = field(default_factory=Pool)
    _relations: Pool[str] = field(default_factory=Pool)
    _fields: Pool[str] = field(default_factory=Pool)
    _texts: list[pa.Array] = field(default_factory=list)
    _columns: defaultdict[str, list[NDArray[Any]]] = field(default_factory=lambda: defaultdict(list))
    _tenants: set[str] = field(default_factory=set)
    _domains: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _size: int = 0

    def add(self, collected: Collected) -> None:
        """Take in a batch."""
        found = collected.mentions
        table = ReferenceTable(ends=found.ends, values=found.values)
        named = add_mentions(table, found, beside=False)
        flat, size = self._observed(table, found)
        records = collected.records
        own = table.ends.codes(records)
        self._tenants |= {tenant for attrs in records.values() if (tenant := attrs.get("tenant_id"))}
        columns = _distinct(table.columns())
        of_record = table.ends.codes(table.records.values)
        self._keep(np.int32, self._size, "source", columns["source"])
        self._keep(np.int32, self._size, "target", columns["target"])
        self._keep(np.int32, self._size, "record", of_record[columns["record"]] if len(of_record) else ints([]))
        self._keep(np.int16, 0, "relation", _of(self._relations.codes(table.relations.values), columns["relation"]))
        self._keep(np.int32, 0, "field", _of(self._fields.codes(table.texts.values), columns["field"]))
        self._keep(np.int32, self._size, "observed", np.unique(named[found.is_entity()]) if len(named) else named)
        self._keep(np.int32, self._size, "flat", flat)
        self._keep(np.int32, 0, "size", size)
        self._keep(np.int32, self._size, "own", own)
        self._keep(np.int64, 0, "begin", microseconds([attrs["time"] for attrs in records.values()]))
        self._keep(np.int64, 0, "end", microseconds([attrs["end_time"] for attrs in records.values()]))
        ends = table.ends.values
        sort = self._sorts.codes((end[0], "") if len(end) == 2 else (end[0], end[1]) for end in ends)
        self._keep(np.int16, 0, "sort", sort)
        marks = [mark(place) for place in range(len(self._sorts))]
        self._texts.append(in_bytes([marks[at] + end[-1] for at, end in zip(sort.tolist(), ends, strict=True)]))
        self._size += len(ends)

    def _observed(self, table: ReferenceTable, found: MentionTable) -> tuple[Codes, Codes]:
        """Return the identifiers that places with several hold, and how many each place has."""
        flat: list[tuple[str, str, str]] = []
        size = []
        for kind, ids, *_ in map(found.meanings.__getitem__, found.several):
            flat += [(kind, id_type, value) for id_type, value in ids]
            size.append(len(ids))
            if kind == "host":
                note_domains(ids, self._domains)
        return table.ends.codes(flat), ints(size)

    def _keep(self, dtype: Any, offset: int, name: str, column: Codes) -> None:
        self._columns[name].append((column + offset).astype(dtype))

    def _whole(self, name: str) -> NDArray[Any]:
        """Return a column of all batches, and let go of its parts."""
        parts = self._columns.pop(name, [])
        return np.concatenate(parts) if parts else ints([])

    def finished(self) -> EdgeTable:
        """Return the edges; what was taken in is used up."""
        ends, code = self._ends()
        only = next(iter(self._tenants)) if len(self._tenants) == 1 else None
        if only is not None:
            ends, code = ends_in(ends, code, only)
        domains = self._domains if only is None else domains_in(only, self._domains)
        is_record = np.array([not id_type for _, id_type in ends.sorts] or [False], np.bool_)[ends.sort]
        known = Known(ends.sorts, ends.sort, ends.text)
        leads = strongest(known, code[self._whole("flat")], self._whole("size"), domains)
        wanted = np.zeros(len(ends.sort), np.bool_)
        wanted[leads[code[self._whole("observed")]]] = True
        wanted[is_record] = True
        nodes, place = nodes_of(known, ends, np.flatnonzero(wanted))
        node_of = place[leads].astype(np.int32)[code]
        del leads, place, code, ends, known
        pa.default_memory_pool().release_unused()
        return self._edges(nodes, node_of)

    def _ends(self) -> tuple[Ends, NDArray[Any]]:
        """Each end once, and for all that came which of them it is."""
        sort = self._whole("sort")
        every = pa.chunked_array(self._texts, pa.large_binary())
        self._texts = []
        encoded = pc.dictionary_encode(every).combine_chunks()
        del every
        if isinstance(encoded, pa.ChunkedArray):
            encoded = (
                encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.dictionary(pa.int32(), pa.large_binary()))
            )
        code = encoded.indices.to_numpy()
        of_each = np.zeros(len(encoded.dictionary), np.int16)
        of_each[code] = sort
        return Ends(list(self._sorts.values), of_each, encoded.dictionary), code

    def _edges(self, nodes: NodeList, node_of: NDArray[np.int32]) -> EdgeTable:
        own = node_of[self._whole("own")]
        begin, end = (np.full(len(nodes), NO_MOMENT) for _ in range(2))
        begin[own], end[own] = self._whole("begin"), self._whole("end")
        del own
        source, target = node_of[self._whole("source")], node_of[self._whole("target")]
        relations = sorted(self._relations.values)
        relation = ints([relations.index(name) for name in self._relations.values] or [0]).astype(np.int16)[
            self._whole("relation")
        ]
        record, fields = node_of[self._whole("record")], sorted(self._fields.values)
        placed = ranks(self._fields.values) if fields else ints([0])
        path = placed.astype(np.int32)[self._whole("field")]
        order = np.flatnonzero(source != target)
        order = order[np.argsort(record[order].astype(np.int64) * max(len(fields), 1) + path[order], kind="stable")]
        edge = (source[order].astype(np.int64) * len(nodes) + target[order]) * max(len(relations), 1) + relation[order]
        by_edge = np.argsort(edge, kind="stable")
        order = order[by_edge].astype(np.int32)
        edge = edge[by_edge]
        del by_edge
        start = np.append(np.flatnonzero(np.diff(edge, prepend=-1)), len(edge))
        del edge
        heads = order[start[:-1]]
        source, target, relation = source[heads], target[heads], relation[heads]
        rows: dict[str, Any] = {"record": record[order], "field": path[order]}
        del record, path, order
        seen = [np.unique(moments[moments != NO_MOMENT]) for moments in (begin, end)]
        times = np.union1d(*seen)
        first, last = np.full(len(heads), -1, np.int32), np.full(len(heads), -1, np.int32)
        if len(heads):
            when = begin[rows["record"]]
            when[when == NO_MOMENT] = _LATEST
            earliest = np.minimum.reduceat(when, start[:-1])
            del when
            latest = np.maximum.reduceat(end[rows["record"]], start[:-1])
            known = earliest != _LATEST
            first[known] = np.searchsorted(times, earliest[known])
            known = latest != NO_MOMENT
            last[known] = np.searchsorted(times, latest[known])
        return EdgeTable(
            nodes=nodes,
            relations=relations,
            times=Moments(times),
            source=source,
            target=target,
            relation=relation,
            first=first,
            last=last,
            start=start.astype(np.int32),
            rows=rows,
            fields=fields,
        )


def _of(codes: Codes, column: Codes) -> Codes:
    return codes[column] if len(codes) else column


def _distinct(columns: dict[str, Codes]) -> dict[str, Codes]:
    """Leave out what is said twice: by one record, in one field, with one value."""
    order = np.lexsort([columns[name] for name in _DISTINCT])
    if not len(order):
        return columns
    new = np.zeros(len(order), np.bool_)
    new[0] = True
    for name in _DISTINCT:
        new[1:] |= np.diff(columns[name][order]) != 0
    kept = order[new]
    return {name: column[kept] for name, column in columns.items()}

"""Frames → mentions in columns: typed readers where records have the expected shape, plain reading where not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from graphinvestigate.linking.gathering import Gathered
from graphinvestigate.linking.meanings import Meaning
from graphinvestigate.linking.meant import Before, Judgements, Memos
from graphinvestigate.linking.mention_table import Collector
from graphinvestigate.linking.mentions_evidence import EVIDENCE
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.observations import Observations
from graphinvestigate.linking.paths_in_tables import main_names
from graphinvestigate.linking.pools import NONE, Codes, Pool, distinct, held, ints, pairs_within
from graphinvestigate.linking.reading import EVIDENCE_PREFIX, Reading
from graphinvestigate.linking.struct_readers import (
    ColumnReader,
    SlotReader,
    TypedTable,
    column_readers,
    typed,
    typed_evidence,
)
from graphinvestigate.linking.tables import Table
from graphinvestigate.walking import paired_texts

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_AT_ONCE = 500  # records: few enough that what is decoded stays in the processor's caches
_BATCH = 10  # times as many are put into columns at once
_OPEN = ord("[")
Piece = bytes | memoryview
_Row = tuple[Record, Piece | None, str | None]


def decoded(piece: Piece) -> Any:
    """Return the JSON value of bytes that were valid JSON when they came; any column can hold its texts."""
    try:
        return msgspec.json.decode(piece)
    except REFUSED:
        return paired_texts(json.loads(bytes(piece).decode("utf-8", "surrogatepass")))


@cache
def _evidence_readers() -> tuple[Any, dict[Any, TypedTable | None]]:
    return typed_evidence(EVIDENCE, EVIDENCE_PREFIX)


@dataclass(slots=True)
class _Found:
    """The mentions of one slot, by record: whose they are, where they stand, and their places in the table."""

    owner: Codes
    at: Codes
    mention: Codes


class Extractor:
    """Reads records of one kind after the other into one `MentionTable`.

    Parameters
    ----------
    typed_readers : bool
        Without them every record is read plainly, with the same result.
    before : dict, optional
        What values meant in the parts of a frame that were read before: `recurring` of their extractors.
    observations : Observations, optional
        Takes in what is observed of entities.
    """

    def __init__(
        self,
        *,
        typed_readers: bool = True,
        before: Before | None = None,
        observations: Observations | None = None,
    ) -> None:
        self.collector = Collector(observations)
        self._typed = typed_readers
        self._before: Before = before or {}
        self._read: dict[tuple[Any, ...], Meaning | None] = {}
        self._memos = Memos(self.collector, before or {})
        self._judgements = Judgements(self.collector.table.judgements.code)

    def evidence(
        self, records: Sequence[Record], pieces: Iterable[Piece | None], tenants: Sequence[str | None]
    ) -> None:
        """Read the evidence of alerts: one JSON array per alert; what is none holds no items."""
        every = zip(records, pieces, tenants, strict=True)
        while some := list(islice(every, _AT_ONCE * _BATCH)):
            self._evidence(some)

    def _evidence(self, alerts: list[_Row]) -> None:
        _, tables = _evidence_readers()
        gathered: dict[tuple[str | None, Any], Gathered] = {}
        again: defaultdict[int, set[int]] = defaultdict(set)
        for first in range(0, len(alerts), _AT_ONCE):
            for (tenant, kind), items, owners, places in self._items(alerts[first : first + _AT_ONCE], first):
                reader = tables[kind]
                if reader is None:
                    for owner, place in zip(owners, places, strict=True):
                        again[owner].add(place)
                    continue
                known = gathered.get((tenant, kind))
                if known is None:
                    known = gathered[tenant, kind] = Gathered(reader, tenant, self._memos, self._judgements)
                known.read(items, owners, places)
        codes = self.collector.table.records.codes([record for record, _, _ in alerts])
        for known in gathered.values():
            for at in self._group(known, codes, evidence=True):
                again[known.owners[at]].add(known.places[at])
        for number, some in again.items():
            self._plainly(*alerts[number], some)

    def _items(
        self, alerts: list[_Row], first: int
    ) -> Iterator[tuple[tuple[str | None, Any], list[Any], list[int], list[int]]]:
        """Decode the evidence of some alerts; yield by tenant and type the items, the numbers of their alerts, places.

        Alerts are numbered from `first`.
        """
        decode = _evidence_readers()[0].decode if self._typed else _undecided
        items: list[Any] = []
        read: list[int] = []
        sizes: list[int] = []
        tenants: list[str | None] = []
        for number, (record, piece, tenant) in enumerate(alerts, first):
            if not piece:
                continue
            try:
                found = decode(piece)
            except REFUSED:
                if piece[0] == _OPEN:
                    self._plainly(record, piece, tenant, None)
                continue
            items += found
            read.append(number)
            sizes.append(len(found))
            tenants.append(tenant)
        yield from _grouped(items, ints(read), ints(sizes), tenants)

    def records(
        self, records: Sequence[Record], table: Table, pieces: Iterable[Piece | None], tenants: Sequence[str | None]
    ) -> None:
        """Read records' own properties: one JSON object per record; what is none names nobody."""
        reader = typed(table) if self._typed else None
        decode: Callable[[Any], Any] = decoded if reader is None else msgspec.json.Decoder(reader.struct).decode
        gathered: dict[str | None, Gathered] = {}
        reading, codes = Reading(self._read), self.collector.table.records.codes(records)
        rows = zip(codes.tolist(), records, pieces, tenants, strict=True)
        while some := list(islice(rows, _AT_ONCE)):
            groups: defaultdict[str | None, tuple[list[Any], list[int]]] = defaultdict(lambda: ([], []))
            for code, record, piece, tenant in some:
                if piece is None:
                    continue
                try:
                    found = decode(piece)
                except REFUSED:
                    found = decoded(piece)
                if isinstance(found, dict):
                    reading.read(record, table, found, tenant=tenant)
                elif reader is not None and isinstance(found, reader.struct):
                    read, owners = groups[tenant]
                    read.append(found)
                    owners.append(code)
            for tenant, (read, owners) in groups.items():
                assert reader is not None
                if tenant not in gathered:
                    gathered[tenant] = Gathered(reader, tenant, self._memos)
                gathered[tenant].read(read, owners)
        for known in gathered.values():
            self._group(known, None, evidence=False)
        self.collector.add_read(reading)

    def columns(
        self,
        records: Sequence[Record],
        table: Table,
        columns: Mapping[str, Sequence[Any]],
        tenants: Sequence[str | None],
    ) -> None:
        """Read records whose properties stand in columns: one value per record under each path that the table reads."""
        codes = self.collector.table.records.codes(records)
        by_tenant: defaultdict[str | None, list[int]] = defaultdict(list)
        for row, tenant in enumerate(tenants):
            by_tenant[tenant].append(row)
        for tenant, rows in by_tenant.items():
            chosen = columns
            if len(by_tenant) > 1:
                chosen = {path: [values[row] for row in rows] for path, values in columns.items()}
            found: defaultdict[str, list[_Found]] = defaultdict(list)
            for reader in column_readers(table):
                values = [chosen.get(path, [None] * len(rows)) for path in reader.paths]
                if reader.says_nothing(values):
                    continue
                meaning = ints(self._memos.of(reader.slot, tenant).codes_of_any(values))
                owner = np.flatnonzero(meaning != NONE)
                at = np.full(len(owner), self.collector.table.texts.code(""))
                mention = self._add(reader, codes[rows][owner], meaning[owner], at, at, None)
                found[reader.slot.name].append(_Found(owner, at, mention))
            self._tie(table, found)

    def _plainly(self, record: Record, piece: Piece | None, tenant: str | None, places: set[int] | None) -> None:
        """Read the items of one alert one by one: all, or some."""
        reading = Reading(self._read)
        items = decoded(piece or b"null")
        for place, item in enumerate(items if isinstance(items, list) else ()):
            if places is None or place in places:
                reading.read_evidence(record, item, place, tenant=tenant)
        self.collector.add_read(reading)

    def _group(self, read: Gathered, codes: Codes | None, *, evidence: bool) -> list[int]:
        """Take in what records of one table mean; return those that nothing names, to be read plainly.

        Parameters
        ----------
        read : Gathered
        codes : ndarray, optional
            The record of each owner; None where the owners are records.
        evidence : bool
        """
        table, left = read.reader.table, []
        meant = [slot.found() for slot in read.slots]
        if evidence and main_names(table):
            named = np.zeros(len(read), bool)
            for slot, (owner, _, _) in zip(read.slots, meant, strict=True):
                if slot.reader.slot.is_main:
                    named[owner] = True
            left = np.flatnonzero(~named).tolist()
            if left:
                meant = [tuple(column[named[part[0]]] for column in part) for part in meant]  # type: ignore[misc]
        elif evidence:
            return list(range(len(read)))
        prefixes = self._prefixes(read.places) if evidence else None
        judged = ints(read.judged) if evidence else None
        found: defaultdict[str, list[_Found]] = defaultdict(list)
        records, no_prefix = ints(read.owners), self.collector.table.texts.code("")
        if codes is not None:
            records = codes[records]
        for slot, (owner, item, meaning) in zip(read.slots, meant, strict=True):
            if len(owner):
                prefix = ints([no_prefix] * len(owner)) if prefixes is None else prefixes[owner]
                at = self._places(slot.reader, prefix, item)
                said = None if judged is None else judged[owner]
                mention = self._add(slot.reader, records[owner], meaning, prefix, at, said)
                found[slot.reader.slot.name].append(_Found(owner, at, mention))
        self._tie(table, found)
        return left

    def recurring(self) -> Before:
        """Return what values mean that will occur again, and were not known before."""
        return self._memos.recurring(self.collector.table.meaning)

    def _prefixes(self, places: list[int]) -> Codes:
        """Return the code of each record's path in the evidence."""
        texts = self.collector.table.texts
        known, inverse = distinct(ints(places))
        return texts.codes(f"evidence[{place}]." for place in known.tolist())[inverse]

    def _add(
        self,
        reader: SlotReader | ColumnReader,
        record: Codes,
        meaning: Codes,
        prefix: Codes,
        at: Codes,
        judged: Codes | None,
    ) -> Codes:
        slot, size = reader.slot, len(record)
        main = slot.is_main and judged is not None
        relation = self.collector.table.relations.code("names" if slot.is_main and not main else slot.relation)
        nobody = np.full(size, NONE)
        return self.collector.add(
            (
                record,
                meaning,
                np.full(size, relation),
                np.full(size, int(slot.inverse)),
                prefix,
                at,
                judged if main and judged is not None else nobody,
            )
        )

    def _places(self, reader: SlotReader, prefix: Codes, item: Codes) -> Codes:
        """Return the code of the path that each mention stands at."""
        texts = self.collector.table.texts
        wide = int(item.max(initial=0)) + 2
        both, inverse = distinct(prefix * wide + (item + 1))
        places = []
        for key in both.tolist():
            start, number = texts.values[key // wide], key % wide - 1
            inside = f"[{number}]" if reader.in_list else ""
            places.append(texts.code(f"{start}{reader.base}{inside}{reader.after}" if reader.base else start[:-1]))
        return ints(places)[inverse]

    def _tie(self, table: Table, found: dict[str, list[_Found]]) -> None:
        for tie in table.ties:
            for source in found.get(tie.source, ()):
                for target in found.get(tie.target, ()):
                    left, right = pairs_within(source.owner, target.owner)
                    if tie.beside:
                        near = source.at[left] == target.at[right]
                        left, right = left[near], right[near]
                    self.collector.tie(source.mention[left], tie.relation, target.mention[right])


def _grouped(
    items: list[Any], numbers: Codes, sizes: Codes, tenants: list[str | None]
) -> Iterator[tuple[tuple[str | None, Any], list[Any], list[int], list[int]]]:
    """Sort the decoded items of alerts by tenant and type.

    Parameters
    ----------
    items : list
        The items of one alert after the other.
    numbers, sizes : ndarray
        Per alert its number, and how many items it has.
    tenants : list
        The tenant of each alert.
    """
    types: Pool[Any] = Pool()
    kind = types.codes(list(map(type, items)))
    ends = np.cumsum(sizes)
    places = np.arange(len(items)) - np.repeat(ends - sizes, sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    every, alerts = held(items), numbers[owner]
    whose: Pool[str | None] = Pool()
    tenant = whose.codes(tenants)[owner]
    for number, said in enumerate(whose.values):
        its_own = tenant == number
        for code, found in enumerate(types.values):
            rows = np.flatnonzero((kind == code) & its_own)
            if len(rows):
                yield (said, found), every[rows].tolist(), alerts[rows].tolist(), places[rows].tolist()


def _undecided(_piece: Piece) -> Any:
    raise msgspec.DecodeError

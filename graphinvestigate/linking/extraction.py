"""Frames → mentions in columns: typed readers where records have the expected shape, plain reading where not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, TypeAlias

import msgspec
import numpy as np

from graphinvestigate.linking.columns import plain, without_alone, without_device
from graphinvestigate.linking.mention_table import Collector
from graphinvestigate.linking.mentions_evidence import EVIDENCE
from graphinvestigate.linking.nodes import Record
from graphinvestigate.linking.paths_in_tables import main_names
from graphinvestigate.linking.pools import NONE, Codes, Pool, held, ints, pairs_within
from graphinvestigate.linking.reading import EVIDENCE_PREFIX, Meaning, Reading, judgement, meaning_of
from graphinvestigate.linking.struct_readers import (
    ColumnReader,
    SlotReader,
    TypedTable,
    Values,
    column_readers,
    typed,
    typed_evidence,
)
from graphinvestigate.linking.tables import Table

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_AT_ONCE = 2_000  # alerts: few enough that what is decoded stays in the processor's caches
_OFTEN = 1.25  # times that a value is met, where it pays to keep all
Piece = bytes | memoryview
Before: TypeAlias = dict[tuple[Any, str | None], dict[Any, Meaning | None]]
"""By what a slot reads and by tenant: from values to what they mean."""
_NOTHING: dict[Any, Any] = {}
_NEW: Any = object()


def decoded(piece: Piece) -> Any:
    """Return the JSON value of bytes that were valid JSON when they came."""
    try:
        return msgspec.json.decode(piece)
    except REFUSED:
        return json.loads(bytes(piece).decode("utf-8", "surrogatepass"))


@cache
def _evidence_readers() -> tuple[Any, dict[Any, TypedTable | None]]:
    return typed_evidence(EVIDENCE, EVIDENCE_PREFIX)


@dataclass(slots=True)
class _Found:
    """The mentions of one slot, by record: whose they are, where they stand, and their places in the table."""

    owner: Codes
    at: Codes
    mention: Codes


@dataclass(slots=True)
class _Group:
    """Decoded records of one table: their codes, and their places in the evidence."""

    records: list[Any]
    codes: Codes
    places: Codes


class Extractor:
    """Reads records of one kind after the other into one `MentionTable`.

    Parameters
    ----------
    typed_readers : bool
        Without them every record is read plainly, with the same result.
    before : dict, optional
        What values meant in the parts of a frame that were read before: `recurring` of their extractors.
    """

    def __init__(self, *, typed_readers: bool = True, before: Before | None = None) -> None:
        self.collector = Collector()
        self._typed = typed_readers
        self._before: Before = before or {}
        self._read: dict[tuple[Any, ...], Meaning | None] = {}
        self._fresh: defaultdict[tuple[Any, str | None], list[tuple[Any, int]]] = defaultdict(list)
        self._asked: defaultdict[tuple[Any, str | None], int] = defaultdict(int)
        self._judged: dict[tuple[Any, ...], int] = {}
        self._memos: defaultdict[tuple[Any, str | None], dict[Any, int]] = defaultdict(dict)

    def evidence(
        self, records: Sequence[Record], pieces: Iterable[Piece | None], tenants: Sequence[str | None]
    ) -> None:
        """Read the evidence of alerts: one JSON array per alert; what is none holds no items."""
        rows = zip(records, pieces, tenants, strict=True)
        while some := list(islice(rows, _AT_ONCE)):
            self._evidence(some)

    def _evidence(self, rows: Iterable[tuple[Record, Piece | None, str | None]]) -> None:
        decoder, tables = _evidence_readers()
        code = self.collector.table.records.code
        items: list[Any] = []
        codes: list[int] = []
        sizes: list[int] = []
        by_tenant: defaultdict[str | None, list[int]] = defaultdict(list)
        kept: dict[int, tuple[Record, Piece, str | None]] = {}
        for record, piece, tenant in rows:
            if piece is None or piece[:1] != b"[":
                continue
            try:
                found = decoder.decode(piece) if self._typed else None
            except REFUSED:
                found = None
            if found is None:
                self._plainly(record, piece, tenant, None)
                continue
            number = code(record)
            by_tenant[tenant].append(len(codes))
            items += found
            codes.append(number)
            sizes.append(len(found))
            kept[number] = (record, piece, tenant)
        again: defaultdict[int, set[int]] = defaultdict(set)
        for tenant, group in _grouped(items, ints(codes), ints(sizes), by_tenant):
            reader = tables[type(group.records[0])]
            left = range(len(group.records)) if reader is None else self._group(reader, group, tenant, evidence=True)
            for at in left:
                again[int(group.codes[at])].add(int(group.places[at]))
        for number, places in again.items():
            self._plainly(*kept[number], places)

    def records(
        self, records: Sequence[Record], table: Table, pieces: Iterable[Piece | None], tenants: Sequence[str | None]
    ) -> None:
        """Read records' own properties: one JSON object per record; what is none names nobody."""
        reader = typed(table) if self._typed else None
        decode: Callable[[Any], Any] = decoded if reader is None else msgspec.json.Decoder(reader.struct).decode
        groups: defaultdict[str | None, tuple[list[Any], list[int]]] = defaultdict(lambda: ([], []))
        reading = Reading(self._read)
        for record, piece, tenant in zip(records, pieces, tenants, strict=True):
            if piece is None:
                continue
            try:
                found = decode(piece)
            except REFUSED:
                found = decoded(piece)
            if isinstance(found, dict):
                reading.read(record, table, found, tenant=tenant)
            elif reader is not None and isinstance(found, reader.struct):
                read, codes = groups[tenant]
                read.append(found)
                codes.append(self.collector.table.records.code(record))
        for tenant, (read, codes) in groups.items():
            assert reader is not None
            self._group(reader, _Group(read, ints(codes), ints([])), tenant, evidence=False)
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
            chosen = {path: [values[row] for row in rows] for path, values in columns.items()}
            found: defaultdict[str, list[_Found]] = defaultdict(list)
            for reader in column_readers(table):
                values = [chosen.get(path, [None] * len(rows)) for path in reader.paths]
                if reader.says_nothing(values):
                    continue
                meaning = self._meanings(reader, values, tenant)
                owner = np.flatnonzero(meaning != NONE)
                at = np.full(len(owner), self.collector.table.texts.code(""))
                mention = self._add(reader, codes[rows][owner], meaning[owner], at, at, None)
                found[reader.slot.name].append(_Found(owner, at, mention))
            self._tie(table, found)

    def _plainly(self, record: Record, piece: Piece, tenant: str | None, places: set[int] | None) -> None:
        """Read the items of one alert one by one: all, or some."""
        reading = Reading(self._read)
        items = decoded(piece)
        for place, item in enumerate(items if isinstance(items, list) else ()):
            if places is None or place in places:
                reading.read_evidence(record, item, place, tenant=tenant)
        self.collector.add_read(reading)

    def _group(self, reader: TypedTable, group: _Group, tenant: str | None, *, evidence: bool) -> list[int]:
        """Read decoded records of one table; return those that have to be read plainly as nothing says who they are."""
        owners: Sequence[int] = range(len(group.records))
        records, left = group.records, []
        values = Values(records)
        meant = [self._meant(slot, values, tenant) for slot in reader.slots]
        if evidence and main_names(reader.table):
            named = np.zeros(len(records), bool)
            for slot, (owner, _, _) in zip(reader.slots, meant, strict=True):
                if slot.slot.is_main:
                    named[owner] = True
            left = np.flatnonzero(~named).tolist()
            if left:
                meant = [tuple(column[named[part[0]]] for column in part) for part in meant]  # type: ignore[misc]
        elif evidence:
            left, meant = list(owners), []
        prefixes = self._prefixes(group) if evidence else None
        judged = self._judgements(reader, records) if evidence and meant else None
        found: defaultdict[str, list[_Found]] = defaultdict(list)
        codes, no_prefix = group.codes, self.collector.table.texts.code("")
        for slot, (owner, item, meaning) in zip(reader.slots, meant, strict=bool(meant)):
            if len(owner):
                prefix = ints([no_prefix] * len(owner)) if prefixes is None else prefixes[owner]
                at = self._places(slot, prefix, item)
                mention = self._add(slot, codes[owner], meaning, prefix, at, None if judged is None else judged[owner])
                found[slot.slot.name].append(_Found(owner, at, mention))
        self._tie(reader.table, found)
        return left

    def _meant(self, reader: SlotReader, records: Values, tenant: str | None) -> tuple[Codes, Codes, Codes]:
        """Return owner, list item and meaning of each mention of a slot."""
        owners, items, columns = reader.read(records)
        if reader.says_nothing(columns):
            return ints([]), ints([]), ints([])
        found = self._meanings(reader, columns, tenant)
        kept = np.flatnonzero(found != NONE)
        if not reader.in_list:
            return kept, np.full(len(kept), NONE), found[kept]
        return ints(owners)[kept], ints(items)[kept], found[kept]

    def _meanings(self, reader: ColumnReader, columns: Sequence[Sequence[Any]], tenant: str | None) -> Codes:
        """Return what the values of each row mean, -1 where they name nobody."""
        if reader.slot.local is not None:
            columns = without_device(columns, *reader.slot.local)
        if reader.slot.alone:
            columns = without_alone(columns, reader.slot, tenant)
        where = (reader.slot.signature, tenant)
        memo, before = self._memos[where], self._before.get(where, _NOTHING)
        self._asked[where] += len(columns[0])
        looked_up = plain(columns)
        rows: Sequence[Any] = looked_up[0] if len(columns) == 1 else list(zip(*looked_up, strict=True))
        codes: list[int | None] = list(map(memo.get, rows))
        if None not in codes:
            return ints(codes)
        found, fresh = self.collector.meaning, self._fresh[where]
        for at, code in enumerate(codes):
            if code is not None:
                continue
            row = rows[at]
            code = memo.get(row)
            if code is None:
                meaning = before.get(row, _NEW)
                known = meaning is not _NEW
                if not known:
                    meaning = meaning_of(reader.slot, [column[at] for column in columns], tenant)
                code = memo[row] = NONE if meaning is None else found(meaning)
                if not known:
                    fresh.append((row, code))
            codes[at] = code
        return ints(codes)

    def recurring(self) -> Before:
        """Return what values mean that will occur again, and were not known before.

        In a place whose values often occur twice (users, machines) these are all, elsewhere those that did.
        """
        meanings, found = self.collector.table.meanings, self.collector.table.meaning
        often = np.append(np.bincount(found, minlength=len(meanings)) > 1, True).tolist()  # -1 is the last
        listed: list[Meaning | None] = [*meanings, None]
        kept: Before = {}
        for where, fresh in self._fresh.items():
            every = self._asked[where] > _OFTEN * len(self._memos[where])
            kept[where] = {row: listed[code] for row, code in fresh if every or often[code]}
        return kept

    def _prefixes(self, group: _Group) -> Codes:
        """Return the code of each record's path in the evidence."""
        texts = self.collector.table.texts
        places, inverse = np.unique(group.places, return_inverse=True)
        return texts.codes(f"evidence[{place}]." for place in places.tolist())[inverse]

    def _judgements(self, reader: TypedTable, records: list[Any]) -> Codes:
        assert reader.judged_by is not None
        said = list(map(reader.judged_by, records))
        known = self._judged
        codes = list(map(known.get, said))
        if None in codes:
            take = self.collector.table.judgements.code
            known.update({one: take(judgement(*one)) for one in dict.fromkeys(said) if one not in known})
            codes = list(map(known.get, said))
        return ints(codes)

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
        both, inverse = np.unique(prefix * wide + (item + 1), return_inverse=True)
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
    items: list[Any], codes: Codes, sizes: Codes, by_tenant: Mapping[str | None, list[int]]
) -> Iterator[tuple[str | None, _Group]]:
    """Sort the decoded items of alerts by tenant and type.

    Parameters
    ----------
    items : list
        The items of one alert after the other.
    codes, sizes : ndarray
        Per alert its code, and how many items it has.
    by_tenant : mapping
        Per tenant the places of its alerts.
    """
    types: Pool[Any] = Pool()
    kind = types.codes(list(map(type, items)))
    ends = np.cumsum(sizes)
    places = np.arange(len(items)) - np.repeat(ends - sizes, sizes)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    every = held(items)
    for tenant, alerts in by_tenant.items():
        its_own = np.zeros(len(sizes), bool)
        its_own[alerts] = True
        for number in range(len(types)):
            rows = np.flatnonzero((kind == number) & its_own[owner])
            if len(rows):
                yield tenant, _Group(every[rows].tolist(), codes[owner[rows]], places[rows])

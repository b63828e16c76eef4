"""Mentions as columns of numbers: who and what every record names, and what it states between them.

One *mention* is one place of one record that names one entity (or another record). What the values in a place mean
(identifiers, names, facts) is a *meaning*, kept once however often these values occur.

| column of `MentionTable` | one value per | holds |
|---|---|---|
| ``record`` | mention | place in ``records`` |
| ``meaning`` | mention | place in ``meanings`` |
| ``relation`` | mention | place in ``relations``: from the record to what is named (or the other way, ``inverse``) |
| ``inverse`` | mention | 1 where the relation goes from what is named to the record |
| ``prefix`` | mention | place in ``texts``: the path of the evidence item and a dot; empty for the record |
| ``at`` | mention | place in ``texts``: the path that the meaning's own paths start from |
| ``judged`` | mention | place in ``judgements``, or -1 where it is not what an evidence item is about |
| ``end`` | meaning | place in ``ends``: the record, or the (kind, type, value) of the strongest identifier |
| ``value``, ``path`` | meaning | places in ``values`` and ``paths``: of that identifier, as received |
| ``tie_source``, ``tie_target`` | tie | the mentions that it ties |
| ``tie_relation`` | tie | place in ``relations`` |

The tables that say what to read (`tables`) are data, and so is this: another engine that runs them on its own columns
gives the same arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphinvestigate.linking.identity import KindedId
from graphinvestigate.linking.meanings import Meaning
from graphinvestigate.linking.nodes import RECORD_KINDS, Record
from graphinvestigate.linking.observations import Observations
from graphinvestigate.linking.pools import NONE, Codes, Pool, Values, ints, joined
from graphinvestigate.linking.reading import Judged, Mention, Reading

_TEXT = frozenset({str})
_RECORDS = frozenset(RECORD_KINDS)
_FORGOTTEN = Meaning("", (), (), (), (), ())
End: TypeAlias = Record | KindedId
"""What stands at an end of a reference: a record, or (kind, type, value) of an identifier that names an entity."""
Rows: TypeAlias = tuple[Codes, Codes, Codes, Codes, Codes, Codes, Codes]


def field_of(path: str, at: str, prefix: str) -> str:
    """Return the JSON path in the record: a path from the root of the item, or from where the mention stands."""
    if path[:1] == "/":
        return prefix + path[1:]
    return f"{at}.{path}" if at and path else at or path


@dataclass(slots=True, eq=False)
class MentionTable:
    """Mentions and ties in columns; see the module for what each holds."""

    records: Pool[Record] = field(default_factory=Pool)
    meanings: list[Meaning] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    path: list[int] = field(default_factory=list)
    several: list[int] = field(default_factory=list)
    ends: Pool[End] = field(default_factory=Pool)
    values: Values = field(default_factory=Values)
    paths: Pool[str] = field(default_factory=Pool)
    relations: Pool[str] = field(default_factory=Pool)
    texts: Pool[str] = field(default_factory=Pool)
    judgements: Pool[Judged] = field(default_factory=Pool)
    record: Codes = field(default_factory=lambda: ints([]))
    meaning: Codes = field(default_factory=lambda: ints([]))
    relation: Codes = field(default_factory=lambda: ints([]))
    inverse: Codes = field(default_factory=lambda: ints([]))
    prefix: Codes = field(default_factory=lambda: ints([]))
    at: Codes = field(default_factory=lambda: ints([]))
    judged: Codes = field(default_factory=lambda: ints([]))
    tie_source: Codes = field(default_factory=lambda: ints([]))
    tie_relation: Codes = field(default_factory=lambda: ints([]))
    tie_target: Codes = field(default_factory=lambda: ints([]))

    def __len__(self) -> int:
        return len(self.record)

    def is_entity(self) -> NDArray[np.bool_]:
        """Return per meaning whether it is an entity (else a record)."""
        return ~np.array([type(end) is Record for end in self.ends.values] or [False], np.bool_)[ints(self.end)]

    def field_path(self, mention: int, place: int) -> str:
        """Return the JSON path of one of a mention's identifiers."""
        path = self.meanings[self.meaning[mention]].paths[place]
        return field_of(path, self.texts.values[self.at[mention]], self.texts.values[self.prefix[mention]])


class Collector:
    """Takes in mentions, in columns or one by one, and gives them as a `MentionTable`.

    Parameters
    ----------
    observations : Observations, optional
        Takes in what is observed of entities: right away, as what was just made is near. The table then keeps of
        meanings with one identifier only what stands in its columns, and does not compare their values.
    """

    def __init__(self, observations: Observations | None = None) -> None:
        self.table = MentionTable()
        self._observed = observations
        self._mentions: list[Rows] = []
        self._ties: list[tuple[Codes, Codes, Codes]] = []
        self._known: dict[Any, int] = {}
        self._path_codes: dict[str, int] = {}
        self._size = 0

    def meaning(self, found: Meaning) -> int:
        """Take in a meaning that was not met in this place before; give its code."""
        table = self.table
        code = len(table.end)
        kind, ids, paths, values, _, _ = found
        named, single = kind in _RECORDS, len(ids) == 1
        end = table.ends.code(Record(kind, ids[0][1]) if named else (kind, *ids[0]))
        table.end.append(end)
        path = self._path_codes.get(paths[0])
        if path is None:
            path = self._path_codes[paths[0]] = table.paths.code(paths[0])
        table.path.append(path)
        if not (named or single):
            table.several.append(code)
        if self._observed is None:
            table.value.append(table.values.code(values[0]))
            table.meanings.append(found)
            return code
        if not named:
            self._observed.met(found, code, end)
        table.values.take(values[0])  # its place is the meaning's
        table.meanings.append(_FORGOTTEN if single else found)
        return code

    def _known_meaning(self, found: Meaning) -> int:
        # Values of different types may be equal (1, 1.0, true): they mean different texts.
        plain = _TEXT.issuperset(map(type, found.values))
        key = found if plain else (found[:3], repr(found.values), found[4:])
        code = self._known.get(key)
        if code is None:
            code = self._known[key] = self.meaning(found)
        return code

    def add(self, rows: Rows) -> Codes:
        """Take in mentions as columns (record, meaning, relation, inverse, prefix, at, judged); give their places."""
        self._mentions.append(rows)
        first, self._size = self._size, self._size + len(rows[0])
        return ints(range(first, self._size))

    def tie(self, source: Codes, relation: str, target: Codes) -> None:
        """Take in ties between mentions."""
        if len(source):
            self._ties.append((source, ints([self.table.relations.code(relation)] * len(source)), target))

    def add_read(self, reading: Reading) -> None:
        """Take in what was read record by record."""
        table, first = self.table, self._size
        if reading.mentions:
            rows = [self._row(m) for m in reading.mentions]
            self.add(tuple(ints(column) for column in zip(*rows, strict=True)))  # type: ignore[arg-type]
        relations = [table.relations.code(tie.relation) for tie in reading.ties]
        if relations:
            sources, targets = ([first + end for end in ends] for ends in _ends(reading))
            self._ties.append((ints(sources), ints(relations), ints(targets)))

    def _row(self, m: Mention) -> tuple[int, ...]:
        table = self.table
        return (
            table.records.code(m.record),
            self._known_meaning(Meaning(m.kind, m.ids, m.paths, m.values, m.names, m.facts)),
            table.relations.code(m.relation),
            int(m.inverse),
            table.texts.code(m.prefix),
            table.texts.code(m.at),
            NONE if m.judged is None else table.judgements.code(m.judged),
        )

    def finished(self) -> MentionTable:
        """Return the table with all that was taken in."""
        table = self.table
        columns: Sequence[Codes] = [joined(part) for part in zip(*self._mentions, strict=True)] or [ints([])] * 7
        table.record, table.meaning, table.relation, table.inverse, table.prefix, table.at, table.judged = columns
        ties = [joined(part) for part in zip(*self._ties, strict=True)] or [ints([])] * 3
        table.tie_source, table.tie_relation, table.tie_target = ties
        if self._observed is not None:
            table.value = list(range(len(table.end)))
        return table


def _ends(reading: Reading) -> tuple[list[int], list[int]]:
    return [tie.source for tie in reading.ties], [tie.target for tie in reading.ties]

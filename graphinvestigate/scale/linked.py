"""What records name and state, as tables at rest: one row per identifier of a mention, one per stated link.

They are read with the same mention tables as `entity_graph` reads frames with, and depend on nobody's identity: an end
of a link is the identifier that stands in the record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from graphinvestigate.frames import RESOURCES, Resource
from graphinvestigate.linking.collecting import collect
from graphinvestigate.linking.mention_table import MentionTable, field_of
from graphinvestigate.linking.nodes import RECORD_KINDS, Record
from graphinvestigate.linking.pools import NONE, Codes, Pool, ints
from graphinvestigate.linking.reference_table import ReferenceTable, add_mentions
from graphinvestigate.scale.at_rest import from_rest
from graphinvestigate.scale.engines import Engine, Frame
from graphinvestigate.text import paired

MENTIONS = pa.schema(
    [
        ("record_kind", pa.string()),
        ("record_id", pa.string()),
        ("lake_window", pa.int64()),
        ("lake_at", pa.int64()),
        ("lake_end", pa.int64()),
        ("lake_version", pa.int64()),
        ("mention", pa.int64()),
        ("place", pa.int64()),
        ("kind", pa.string()),
        ("identifier_type", pa.string()),
        ("identifier", pa.string()),
        ("strongest", pa.string()),
        ("is_record", pa.bool_()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("relation", pa.string()),
        ("inverse", pa.bool_()),
        ("roles", pa.string()),
        ("verdict", pa.string()),
        ("remediation_status", pa.string()),
    ]
)
"""`mention` is the same for the identifiers that stand in one place, `place` 0 for the strongest of them, which all of
them have as `strongest` (``kind|type|value``); `value` and `roles` are JSON; times as in `at_rest`."""

LEAN = tuple(MENTIONS.names[: MENTIONS.names.index("is_record") + 1])
"""The columns of mentions that say who is named where; the others say how and why."""

EDGES = pa.schema(
    [
        ("record_kind", pa.string()),
        ("record_id", pa.string()),
        ("lake_window", pa.int64()),
        ("lake_at", pa.int64()),
        ("lake_end", pa.int64()),
        ("lake_version", pa.int64()),
        ("source_kind", pa.string()),
        ("source_type", pa.string()),
        ("source", pa.string()),
        ("relation", pa.string()),
        ("target_kind", pa.string()),
        ("target_type", pa.string()),
        ("target", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
    ]
)
"""One row per reference: which record states which link. An end that is a record has the type ``id``."""

_OF_RECORD = ("lake_window", "lake_at", "lake_end", "lake_version")


def linked(kind: str, frame: pd.DataFrame, rest: pa.Table, *, tenant: str) -> tuple[pa.Table, pa.Table]:
    """Read what records name and state.

    Parameters
    ----------
    kind : str
        Of the records: ``alert``.
    frame : pandas.DataFrame
        Each record once.
    rest : pyarrow.Table
        The same rows at rest.
    tenant : str
        The tenant of records that don't say theirs.

    Returns
    -------
    mentions, edges : pyarrow.Table
        As `MENTIONS` and `EDGES` say; mentions of one entity lie together.
    """
    found = collect([(kind, frame)], tenant=tenant).mentions
    rows = {record_id: row for row, record_id in enumerate(rest["lake_id"].to_pylist())}
    own = [rows.get(record.id, -1) if record.kind == kind else -1 for record in found.records.values]
    of_record = {name: rest[name].combine_chunks() for name in _OF_RECORD}
    made = (_mentions(found, ints(own), of_record), _edges(found, ints(own), of_record))
    # Alerts inside incidents are records of their own, with a version of their own.
    mentions, edges = (table.filter(table["lake_version"].is_valid()) for table in made)
    return mentions, edges


def mentions_of(engine: Engine, records: Frame, resource: Resource, *, tenant: str) -> Frame:
    """Read whom records name, their evidence included, by the engine that holds them.

    Parameters
    ----------
    engine : Engine
    records : frame
        At rest, with all of their columns: as `reading.Reader.records` gives them.
    resource : Resource
    tenant : str

    Returns
    -------
    frame
        As `MENTIONS`: the rows that stand beside the records in a lake.
    """
    return engine.mapped(records, partial(_named_in, resource.name, tenant), MENTIONS)


def _named_in(name: str, tenant: str, records: pa.Table) -> pa.Table:
    resource = RESOURCES[name]
    return linked(resource.record_kind, from_rest(resource, records), records, tenant=tenant)[0]


def _mentions(found: MentionTable, row_of: Codes, of_record: Mapping[str, Any]) -> pa.Table:
    counts = ints([len(meaning.ids) for meaning in found.meanings])
    first = np.cumsum(counts) - counts
    flat = [identifier for meaning in found.meanings for identifier in meaning.ids]
    sizes = counts[found.meaning] if len(found) else ints([])
    mention = np.repeat(np.arange(len(found)), sizes)
    place = np.arange(len(mention)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    flat_at = first[found.meaning[mention]] + place if len(mention) else ints([])
    kinds = Pool([meaning.kind for meaning in found.meanings])
    kind = kinds.codes(meaning.kind for meaning in found.meanings)
    judged = found.judged[mention]
    judgements = found.judgements.values
    columns: dict[str, Any] = {
        **_records(found.records.values, found.record[mention], row_of, of_record),
        "mention": mention,
        "place": place,
        "kind": _texts(kinds.values, kind[found.meaning[mention]] if len(mention) else ints([])),
        "identifier_type": _texts([one[0] for one in flat], flat_at),
        "identifier": _texts([one[1] for one in flat], flat_at),
        "strongest": _texts(_strongest(found), found.meaning[mention] if len(mention) else ints([])),
        "field": _fields(found, mention, place),
        "value": _texts([_json(v) for meaning in found.meanings for v in meaning.values], flat_at),
        "relation": _texts(found.relations.values, found.relation[mention]),
        "inverse": found.inverse[mention].astype(bool),
        "roles": _texts([json.dumps(one.roles) for one in judgements], judged),
        "verdict": _texts([one.verdict for one in judgements], judged),
        "remediation_status": _texts([one.remediation for one in judgements], judged),
    }
    records = np.array([name in RECORD_KINDS for name in kinds.values], bool)
    columns["is_record"] = records[kind[found.meaning[mention]]] if len(mention) else np.empty(0, bool)
    return by_entity(pa.table(columns).select(MENTIONS.names).cast(MENTIONS))


def by_entity(mentions: pa.Table) -> pa.Table:
    """Put the mentions of one entity together: who asks for it reads few row groups."""
    order = [(name, "ascending") for name in ("strongest", "identifier", "record_kind", "record_id", "mention")]
    return mentions.sort_by(order)


def _strongest(found: MentionTable) -> list[str | None]:
    return ["|".join((one.kind, *one.ids[0])) if one.ids else None for one in found.meanings]


def _edges(found: MentionTable, row_of: Codes, of_record: Mapping[str, Any]) -> pa.Table:
    table = ReferenceTable()
    add_mentions(table, found)
    columns = table.columns()
    record_row = dict(zip(found.records.values, row_of.tolist(), strict=True))
    rows = ints([record_row.get(record, -1) for record in table.records.values])
    ends = [end if len(end) == 3 else (end.kind, "id", end.id) for end in table.ends.values]
    made: dict[str, Any] = _records(table.records.values, columns["record"], rows, of_record)
    for side in ("source", "target"):
        for name, part in ((f"{side}_kind", 0), (f"{side}_type", 1), (side, 2)):
            made[name] = _texts([end[part] for end in ends], columns[side])
    made["relation"] = _texts(table.relations.values, columns["relation"])
    made["field"] = _texts(table.texts.values, columns["field"])
    made["value"] = _texts([_json(value) for value in table.values.values], columns["value"])
    return pa.table(made).select(EDGES.names).cast(EDGES)


def _records(records: list[Record], codes: Codes, row_of: Codes, of_record: Mapping[str, Any]) -> dict[str, Any]:
    rows = row_of[codes] if len(codes) else ints([])
    where = pa.array(rows, mask=rows < 0)
    return {
        "record_kind": _texts([record.kind for record in records], codes),
        "record_id": _texts([record.id for record in records], codes),
        **{name: values.take(where) for name, values in of_record.items()},
    }


def _texts(values: list[Any], codes: Codes) -> pa.Array:
    """Give the text of each code; missing where the code is -1."""
    try:
        texts = pa.array(values, pa.string())
    except UnicodeEncodeError:
        texts = pa.array([None if value is None else paired(value) for value in values], pa.string())
    return texts.take(pa.array(codes, mask=codes == NONE))


def _fields(found: MentionTable, mention: Codes, place: Codes) -> pa.Array:
    paths: Pool[str] = Pool()
    path_of = [paths.code(path) for meaning in found.meanings for path in meaning.paths]
    counts = ints([len(meaning.paths) for meaning in found.meanings])
    flat = (np.cumsum(counts) - counts)[found.meaning[mention]] + place if len(mention) else ints([])
    path = ints(path_of)[flat] if len(flat) else ints([])
    texts = found.texts.values
    wide, deep = max(len(texts), 1), max(len(paths), 1)
    keys, inverse = np.unique((found.prefix[mention] * wide + found.at[mention]) * deep + path, return_inverse=True)
    named = [
        field_of(paths.values[key % deep], texts[key // deep % wide], texts[key // deep // wide])
        for key in keys.tolist()
    ]
    return _texts(named, inverse)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

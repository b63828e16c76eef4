"""Mentions as a DataFrame: one row per identifier in one place of one record."""

from __future__ import annotations

from typing import Any

import pandas as pd

from graphinvestigate.linking.collecting import by_kind, collect
from graphinvestigate.linking.pools import NONE
from graphinvestigate.linking.reading import Judged

MENTION_COLUMNS = (
    "record_kind",
    "record_id",
    "time",
    "group",
    "kind",
    "identifier_type",
    "identifier",
    "field",
    "value",
    "relation",
    "roles",
    "verdict",
    "remediation_status",
)


def mentions(**named: pd.DataFrame | None) -> pd.DataFrame:
    """Who and what the records name: one row per identifier in one place of one record.

    Parameters
    ----------
    **named : DataFrame
        `alerts`, `incidents`, `risk_detections`, `risky_users`, `sign_ins`, `directory_audits` …, as for
        `entity_graph`.

    Returns
    -------
    DataFrame
        ``record_kind``, ``record_id``, ``time`` (UTC); ``group`` (the rows of one mention share it); ``kind`` of the
        entity; ``identifier_type``, ``identifier`` (one spelling); ``field`` (JSON path in the record), ``value`` (as
        received); ``relation``; ``roles``, ``verdict``, ``remediation_status`` of the evidence item.
    """
    collected = collect(by_kind(named))
    found = collected.mentions
    columns = (found.record, found.meaning, found.relation, found.judged)
    rows: list[tuple[Any, ...]] = []
    for group, (record_code, code, relation, judged_code) in enumerate(
        zip(*(c.tolist() for c in columns), strict=True)
    ):
        record, meaning = found.records.values[record_code], found.meanings[code]
        judged = Judged() if judged_code == NONE else found.judgements.values[judged_code]
        head = (record.kind, record.id, collected.records[record].get("time"), group, meaning.kind)
        tail = (found.relations.values[relation], list(judged.roles), judged.verdict, judged.remediation)
        for place, ((id_type, text), value) in enumerate(zip(meaning.ids, meaning.values, strict=True)):
            rows.append((*head, id_type, text, found.field_path(group, place), value, *tail))
    table = pd.DataFrame(rows, columns=list(MENTION_COLUMNS))
    table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    return table

"""What is new between two cases, or two pulls of one kind, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import networkx as nx
import pandas as pd

from graphinvestigate.cases.difference_words import Difference, counted, sentences, some, told
from graphinvestigate.cases.records import LEGACY, kind_of
from graphinvestigate.errors import UsageError
from graphinvestigate.frames.schema import LEGACY_ALERTS, RESOURCES, Resource
from graphinvestigate.linking import Entity
from graphinvestigate.linking.labels import kind_word
from graphinvestigate.notes import Note
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

_OWN = frozenset({"record_kind", "id", "pull_id", "raw"})
_LABELS = (
    "title",
    "display_name",
    "user_principal_name",
    "risk_event_type",
    "app_display_name",
    "activity_display_name",
)


class Held(Protocol):
    """What `diff` reads of a `Case`."""

    case_id: str

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Its records by kind."""

    @property
    def graph(self) -> nx.MultiDiGraph:
        """Its entity graph."""

    @property
    def notes(self) -> pd.DataFrame:
        """Its notes."""

    @property
    def checklist(self) -> pd.DataFrame:
        """What was checked and what was not."""

    @property
    def verdict(self) -> Note | None:
        """Its verdict."""


@takes
def diff(before: Held | pd.DataFrame, after: Held | pd.DataFrame) -> Difference:
    """Say in words what is new between two cases, or two pulls of one kind.

    Parameters
    ----------
    before, after : Case or DataFrame
        Two cases, or two frames of the same kind of records. The older one first.

    Returns
    -------
    Difference
        `.headline`, `.sentences` and `.changes`; text from Graph stands in them as Graph sent it.

    Raises
    ------
    UsageError
        They are not two of the same.
    """
    if isinstance(before, pd.DataFrame) and isinstance(after, pd.DataFrame):
        kinds = {kind_of(one) for one in (before, after)} - {None}
        if len(kinds) != 1:
            raise UsageError("diff takes two frames of one kind of records, as list_* returned them, or two cases.")
        kind = str(kinds.pop())
        rows = _changed(_resource(kind), before, after)
        return told(rows, sentences(kind, rows))
    frames = isinstance(before, pd.DataFrame) or isinstance(after, pd.DataFrame)
    if frames or not (hasattr(before, "case_id") and hasattr(after, "case_id")):
        raise UsageError("diff takes two cases, or two frames of one kind of records.")
    return _cases(before, after)


def _cases(before: Held, after: Held) -> Difference:
    rows: list[dict[str, Any]] = []
    said: list[str] = []
    extra: list[str] = []
    old, new = before.frames, after.frames
    for kind in dict.fromkeys([*old, *new]):
        resource = RESOURCES.get(kind) or (LEGACY_ALERTS if kind == LEGACY else None)
        if resource is None:
            if kind not in old:
                said.append(f"The answer {log(kind)} is new: {len(new[kind]):,} rows.")
            continue
        empty = (new if kind in new else old)[kind].head(0)
        found = _changed(resource, old.get(kind, empty), new.get(kind, empty))
        rows += found
        said += sentences(kind, found)
    entities = _new_entities(before.graph, after.graph)
    if entities:
        said.append(f"{counted(len(entities), 'new entity', 'new entities')}: {some(entities)}.")
    known = set(before.notes["note_id"])
    written = after.notes[~after.notes["note_id"].isin(known)]
    if len(written):
        said.append(f"{counted(len(written), 'new note', 'new notes')}: {some([f'“{t}”' for t in written['text']])}.")
        extra.append(counted(len(written), "new note", "new notes"))
    verdicts = [one.verdict.value if one.verdict is not None else "none" for one in (before, after)]
    if verdicts[0] != verdicts[1]:
        said.append(f"The verdict is {verdicts[1]}; it was {verdicts[0]}.")
        extra.append(f"verdict {verdicts[0]} → {verdicts[1]}")
    ticked = _open_items(before) - _open_items(after)
    if ticked:
        said.append(f"No longer on the list of what was not checked: {some(sorted(ticked))}.")
    return told(rows, said, extra)


def _open_items(case: Held) -> set[str]:
    table = case.checklist
    return set(table.loc[table["state"] == "not checked", "item"])


def _resource(kind: str) -> Resource:
    if kind not in RESOURCES and kind != LEGACY:
        raise UsageError(f"the rows of {log(kind)} have no ids that would tell them apart from one pull to the next.")
    return RESOURCES.get(kind, LEGACY_ALERTS)


def _changed(resource: Resource, old: pd.DataFrame, new: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry per new or gone record, and per changed field."""
    keys = [name for name in resource.identity if name in old.columns and name in new.columns]
    before, after = _by_key(old, keys), _by_key(new, keys)
    rows = []
    for key, row in after.items():
        about = {"record_kind": resource.record_kind, "id": new["id"].iloc[row], "label": _label(new, row)}
        if key not in before:
            rows.append({"change": "new", **about, "after": _severity(new, row)})
            continue
        first = before[key]
        if _record(old["raw"].iloc[first]) == _record(new["raw"].iloc[row]):
            continue
        different = [
            {"change": "changed", **about, "field": name, "before": one, "after": other}
            for name in new.columns
            if name in old.columns
            and name not in _OWN
            and not _same(one := _text(old[name].iloc[first]), other := _text(new[name].iloc[row]))
        ]
        rows += different or [{"change": "changed", **about, "field": "raw", "before": None, "after": None}]
    rows += [
        {"change": "gone", "record_kind": resource.record_kind, "id": old["id"].iloc[row], "label": _label(old, row)}
        for key, row in before.items()
        if key not in after
    ]
    return rows


def _by_key(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Any, ...], int]:
    named = frame[keys].astype("object").itertuples(index=False, name=None)
    return {tuple(_text(value) for value in key): at for at, key in enumerate(named)}


def _record(raw: Any) -> Any:
    try:
        value = json.loads(raw)
    except (TypeError, ValueError, RecursionError):
        return raw
    return {k: v for k, v in value.items() if "@odata.context" not in k} if isinstance(value, dict) else value


def _same(one: str | None, other: str | None) -> bool:
    """Whether two values are the same; JSON text is compared by what it says, not by how it is laid out."""
    if one == other or one is None or other is None:
        return one == other
    return one[:1] in ("{", "[") and other[:1] in ("{", "[") and _record(one) == _record(other)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if hasattr(value, "__iter__"):
        return json.dumps(list(value), ensure_ascii=False, default=str)
    return None if pd.isna(value) else str(value)


def _label(frame: pd.DataFrame, row: int) -> str | None:
    for name in _LABELS:
        if name in frame.columns and isinstance(frame[name].iloc[row], str):
            return str(frame[name].iloc[row])
    return None


def _severity(frame: pd.DataFrame, row: int) -> str | None:
    name = next((name for name in ("severity", "risk_level") if name in frame.columns), None)
    return _text(frame[name].iloc[row]) if name else None


def _new_entities(old: nx.MultiDiGraph, new: nx.MultiDiGraph) -> list[str]:
    """Entities none of whose identifiers were known: one that only got a stronger key is not new."""
    known = {(n.kind, text) for n, attrs in old.nodes(data=True) if isinstance(n, Entity) for text in _ids(n, attrs)}
    return [
        f"{kind_word(node.kind)} {attrs.get('label') or node.key}"
        for node, attrs in new.nodes(data=True)
        if isinstance(node, Entity) and not any((node.kind, text) in known for text in _ids(node, attrs))
    ]


def _ids(node: Entity, attrs: Mapping[str, Any]) -> list[str]:
    return list(attrs.get("identifiers") or [node.key])

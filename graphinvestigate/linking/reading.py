"""Reads one JSON record with a mention table (`tables`): which entities it names, and what it states between them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NamedTuple

from graphinvestigate.linking.identifiers import Identifier, text_of
from graphinvestigate.linking.meanings import Meaning, text
from graphinvestigate.linking.mentions_evidence import EVIDENCE, UNKNOWN
from graphinvestigate.linking.nodes import RECORD_KINDS, Record
from graphinvestigate.linking.paths_in_tables import (
    CompiledSlot,
    Json,
    compiled,
    compiled_nested,
    elements,
    get,
    main_names,
    snake,
)
from graphinvestigate.linking.tables import MAIN, Table

EVIDENCE_PREFIX = "#microsoft.graph.security."
_MAX_DEPTH = 5
_TEXT = frozenset({str})
# What every evidence item has says how it was judged, not what it is.
_COMMON = frozenset(
    {
        "@odata.type",
        "createdDateTime",
        "detailedRoles",
        "remediationStatus",
        "remediationStatusDetails",
        "roles",
        "tags",
        "verdict",
    }
)


class Judged(NamedTuple):
    """How Graph judges what an evidence item is about."""

    roles: tuple[str, ...] = ()
    verdict: str | None = None
    remediation: str | None = None


class Mention(NamedTuple):
    """One entity (or record) named by one record, with every identifier found in that place, strongest first."""

    record: Record
    kind: str
    ids: tuple[Identifier, ...]
    paths: tuple[str, ...]
    values: tuple[Any, ...]
    names: tuple[tuple[int, str], ...]
    facts: tuple[tuple[str, str], ...]
    relation: str
    inverse: bool
    prefix: str
    at: str
    judged: Judged | None = None


class TieFound(NamedTuple):
    """What one record states between two mentions, given by their places in the list of mentions."""

    source: int
    relation: str
    target: int


class Reading:
    """Collects mentions and ties; `read` may be called for any number of records."""

    def __init__(self, meanings: dict[tuple[Any, ...], Meaning | None] | None = None) -> None:
        self.mentions: list[Mention] = []
        self.ties: list[TieFound] = []
        # Most values occur again and again: the same laptop, the same user, the same address.
        self._meanings = {} if meanings is None else meanings

    def read(self, record: Record, table: Table, data: Json, *, tenant: str | None = None) -> None:
        """Read a record's own properties."""
        self._read(record, table, data, "", tenant, 0)

    def read_evidence(self, record: Record, item: Any, index: int, *, tenant: str | None = None) -> None:
        """Read one evidence item; it names at least one entity, whatever it is."""
        data = item if isinstance(item, dict) else {}
        judged = judgement(data.get("roles"), data.get("verdict"), data.get("remediationStatus"))
        kind, table = table_of(data)
        self._read(record, table, data, f"evidence[{index}].", tenant, 0, judged=judged, kind=kind)

    def _read(
        self,
        record: Record,
        table: Table,
        data: Json,
        prefix: str,
        tenant: str | None,
        depth: int,
        judged: Judged | None = None,
        kind: str = "",
    ) -> list[int]:
        found: dict[str, list[int]] = {}
        places: dict[int, str] = {}
        mains: list[int] = []
        mentions = self.mentions
        for slot in compiled(table):
            for element, at in elements(data, slot.base, prefix):
                mention = self._mention(record, slot, element, at, data, prefix, tenant)
                if mention is None:
                    continue
                if slot.is_main:
                    mains.append(len(mentions))
                    if judged is not None:
                        mention = mention._replace(judged=judged)
                    else:
                        mention = mention._replace(relation="names")
                found.setdefault(slot.name, []).append(len(mentions))
                places[len(mentions)] = at
                mentions.append(mention)
        for name, path, nested in compiled_nested(table) if depth < _MAX_DEPTH else ():
            for element, at in elements(data, path, prefix):
                if isinstance(element, dict) and element:
                    inner = table_of(element, nested.evidence_type)[1]
                    found.setdefault(name, []).extend(self._read(record, inner, element, f"{at}.", tenant, depth + 1))
        if judged is not None and not mains:
            mains.append(len(mentions))
            mentions.append(_unnamed(record, kind, table, data, prefix[:-1], judged))
            for name in main_names(table):
                found[name] = mains
        for tie in table.ties:
            for source in found.get(tie.source, ()):
                for target in found.get(tie.target, ()):
                    if tie.beside and places.get(source) != places.get(target):
                        continue
                    self.ties.append(TieFound(source, tie.relation, target))
        return mains

    def _mention(
        self, record: Record, slot: CompiledSlot, element: Any, at: str, data: Json, prefix: str, tenant: str | None
    ) -> Mention | None:
        if slot.names is not None and type(element) is dict:
            values = [element.get(name) for name in slot.names]
        else:
            values = [get(data if from_root else element, steps) for from_root, steps in slot.paths]
        key = (id(slot), tenant, *[v if v is None or type(v) is str else frozen(v) for v in values])
        try:
            meaning = self._meanings[key]
        except KeyError:
            meaning = self._meanings[key] = slot.means(values, tenant)
        return None if meaning is None else Mention(record, *meaning, slot.relation, slot.inverse, prefix, at)


def judgement(roles: Any, verdict: Any, remediation: Any) -> Judged:
    """Return how an item is judged, from what it says."""
    listed = tuple(sorted({r for r in roles if isinstance(r, str)})) if isinstance(roles, list | tuple) else ()
    return Judged(listed, text(verdict), text(remediation))


def table_of(item: Json, default: str | None = None) -> tuple[str, Table]:
    """Return an evidence item's kind and table, by its ``@odata.type``."""
    name = item.get("@odata.type")
    name = name.removeprefix(EVIDENCE_PREFIX) if isinstance(name, str) else default
    if name is None:
        return "evidence", UNKNOWN
    table = EVIDENCE.get(name)
    if table is not None:
        return table.kind, table
    return kind_of_type(name), UNKNOWN


def kind_of_type(name: str) -> str:
    """``quantumSafeEvidence`` → ``quantum_safe``: the kind of a type that no table knows."""
    name = name.rsplit(".", 1)[-1].removesuffix("Evidence") or name
    kind = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).casefold().strip("_")
    return f"{kind}_evidence" if kind in RECORD_KINDS or not kind else kind


def frozen(value: Any) -> Any:
    """Return a stand-in for a JSON value that can be looked up: 1, 1.0 and true stay different."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, list | tuple):
        return tuple(value) if _TEXT.issuperset(map(type, value)) else tuple(map(frozen, value))
    return kind, repr(value)


def _unnamed(
    record: Record,
    kind: str,
    table: Table,
    data: Json,
    at: str,
    judged: Judged,
) -> Mention:
    """Return the mention of an item that no identifier names: by an id-like property, its content, or its place."""
    content = {k: v for k, v in data.items() if k not in _COMMON and v not in (None, "", [], {})}
    names = tuple(
        (9, said) for key in sorted(content) if key.casefold().endswith("name") and (said := text(content[key]))
    )
    names += tuple(
        (8, said)
        for slot in compiled(table)
        if slot.is_main
        for element, _ in elements(data, slot.base, "")
        for place in slot.labels
        if (said := text(get(data if slot.paths[place][0] else element, slot.paths[place][1])))
    )
    ident: Identifier
    field, value = at, None
    id_like = sorted(k for k, v in content.items() if _is_id_name(k) and text_of(v) is not None)
    if table is not UNKNOWN or not content:
        # Documented, and still nothing in it says who it is (SYSTEM, an empty item): a fact of this record alone.
        ident = ("item", f"{record.kind}/{record.id}/{at}")
    elif id_like:
        name = min(id_like, key=lambda k: (k != "id", k))
        value = content[name]
        field = f"{at}.{name}"
        ident = (snake(name), str(text_of(value)))
    else:
        whole = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
        ident = ("content_sha256", hashlib.sha256(whole.encode("ascii")).hexdigest())
    if value is None:
        value = data.get("@odata.type") if isinstance(data.get("@odata.type"), str) else None
        field = f"{at}.@odata.type" if value is not None else at
    return Mention(record, kind, (ident,), (field,), (value,), names, (), MAIN, False, "", "", judged)


def _is_id_name(name: str) -> bool:
    return (name == "id" or name.endswith(("Id", "ID", "Guid", "Urn", "Arn"))) and name not in (
        "tenantId",
        "mdeDeviceId",
    )

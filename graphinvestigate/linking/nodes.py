"""What stands in the entity graph: entities (who and what) and records (what Graph wrote down).

Both are named tuples of an id, never of a display name: ``Entity("user", "<object id>")``,
``Record("alert", "<alert id>")``. The kinds of the two never overlap, so a node's kind says which it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple, TypeAlias, TypeVar

RECORD_KINDS = (
    *("alert", "incident", "risk_detection", "risky_user", "sign_in", "directory_audit"),
    *("service_principal_risk_detection", "risky_service_principal", "directory_user", "directory_device"),
)
"""The kinds of Graph's records that a graph may hold; `map_records` adds kinds of its own."""
ENTITY_KINDS = ("user", "host", "ip", "file", "process", "url", "domain", "mailbox", "mail_message", "app")
"""The kinds met most, in the order in which tables and legends show them; others exist (`kind_order`)."""

SEVERITIES = ("informational", "low", "medium", "high")
RISK_LEVELS = ("none", "low", "medium", "high")
VERDICTS = ("unknown", "noThreatsFound", "suspicious", "malicious")


class Entity(NamedTuple):
    """Somebody or something that records name: a user, a host, an address, a file."""

    kind: str
    key: str


class Record(NamedTuple):
    """One record of Graph: an alert, an incident, a risk detection, a risky user, a sign-in."""

    kind: str
    id: str


Node: TypeAlias = Entity | Record
N = TypeVar("N", Entity, Record)

_SEVERITY_RANK = {name: rank for rank, name in enumerate(SEVERITIES, start=1)}
_RISK_RANK = {name: rank for rank, name in enumerate(RISK_LEVELS)}
_VERDICT_RANK = {name.casefold(): rank for rank, name in enumerate(VERDICTS)}
_KIND_RANK = {name: rank for rank, name in enumerate(ENTITY_KINDS)}


def severity_rank(severity: object) -> int:
    """Place of a severity: informational 1 … high 4; anything else 0."""
    return _SEVERITY_RANK.get(severity.casefold(), 0) if isinstance(severity, str) else 0


def risk_rank(level: object) -> int:
    """Place of a risk level: low 1 … high 3; none, hidden and anything else 0."""
    return _RISK_RANK.get(level.casefold(), 0) if isinstance(level, str) else 0


def verdict_rank(verdict: object) -> int:
    """Place of an evidence verdict: unknown 0, noThreatsFound 1, suspicious 2, malicious 3; anything else -1."""
    return _VERDICT_RANK.get(verdict.casefold(), -1) if isinstance(verdict, str) else -1


def in_order(nodes: Iterable[N]) -> list[N]:
    """Sort records, or entities: kind by kind, as texts are compared faster than tuples."""
    by_kind: defaultdict[str, list[N]] = defaultdict(list)
    for node in nodes:
        by_kind[node[0]].append(node)
    for several in by_kind.values():
        several.sort(key=itemgetter(1))
    return [node for kind in sorted(by_kind) for node in by_kind[kind]]


def places_in_order(nodes: Sequence[Node]) -> list[int]:
    """Return the places of records, or entities, in their order (`in_order`)."""
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for at, node in enumerate(nodes):
        by_kind[node[0]].append(at)
    keys = [node[1] for node in nodes]
    return [at for kind in sorted(by_kind) for at in sorted(by_kind[kind], key=keys.__getitem__)]


def kind_order(kind: str) -> tuple[int, str]:
    """Sort key that puts users, hosts and addresses first and kinds without a place last, by name."""
    return _KIND_RANK.get(kind, len(ENTITY_KINDS)), kind

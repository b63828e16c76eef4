"""What the columns of mapped records name: roles, as slots and ties of a mention table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from graphinvestigate.errors import UsageError
from graphinvestigate.linking.hunted import Named
from graphinvestigate.linking.record_kinds import RecordKind
from graphinvestigate.linking.tables import Slot, Table, Tie
from graphinvestigate.text import log

MAPPED = "mapped"
"""The column that says which column of the log names whom, as JSON."""

# Role → kind of entity, relation from the record. Several columns of one role name one entity (`_ONE`), or one each.
ROLES: dict[str, tuple[str, str]] = {
    "user": ("user", "done_by"),
    "target_user": ("user", "done_to"),
    "host": ("host", "seen_on"),
    "ip": ("ip", "came_from"),
    "source_ip": ("ip", "came_from"),
    "destination_ip": ("ip", "went_to_address"),
    "file": ("file", "names"),
    "process": ("process", "names"),
    "parent_process": ("process", "names"),
    "url": ("url", "names"),
    "domain": ("domain", "names"),
    "mailbox": ("mailbox", "names"),
    "mail_message": ("mail_message", "names"),
    "sender": ("mailbox", "names"),
    "recipient": ("mailbox", "names"),
    "sender_ip": ("ip", "came_from"),
    "app": ("app", "names"),
}
_ONE = frozenset({"user", "target_user", "host", "file", "mail_message", "app"})
PROCESSES = ("process", "parent_process")
_TIES = (
    Tie("user", "active_from", "ip"),
    Tie("user", "active_on", "host"),
    Tie("user", "acted_on", "target_user"),
    Tie("user", "requested", "url"),
    Tie("user", "requested", "domain"),
    Tie("user", "connected_to", "destination_ip"),
    Tie("user", "active_from", "source_ip"),
    Tie("host", "active_from", "ip"),
    Tie("source_ip", "connected_to", "host"),
    Tie("host", "requested", "url"),
    Tie("host", "requested", "domain"),
    Tie("host", "connected_to", "destination_ip"),
    Tie("ip", "connected_to", "destination_ip"),
    Tie("file", "found_on", "host"),
    Tie("url", "hosted_at", "url_host"),
    Tie("process", "ran_on", "host"),
    Tie("user", "ran", "process"),
    Tie("parent_process", "started", "process"),
    Tie("process", "runs_file", "file"),
    Tie("process", "connected_to", "destination_ip"),
    Tie("sender", "sent", "mail_message"),
    Tie("mail_message", "sent_to", "recipient"),
    Tie("mail_message", "sent_from", "sender_ip"),
    Tie("mail_message", "links_to", "url"),
)


def mapped_kind(kind: str, mapped: str) -> RecordKind:
    """Return what a graph keeps of mapped records, and which places name whom.

    Raises
    ------
    UsageError
        The mapping is none that `map_records` wrote.
    """
    try:
        mapping = json.loads(mapped)
        known = isinstance(mapping, dict) and all(role in ROLES for role in mapping)
        read = {role: tuple(map(named, columns)) for role, columns in mapping.items()} if known else {}
        return _kind(kind, tuple(read.items()))
    except (ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"records of kind {log(kind)}: column {MAPPED!r} is not as map_records wrote it") from error


@lru_cache(maxsize=256)
def _kind(kind: str, mapping: tuple[tuple[str, tuple[Named, ...]], ...]) -> RecordKind:
    slots: list[Slot] = []
    for role, columns in mapping:
        entity, relation = ROLES[role]
        if role in PROCESSES:
            slots += [Slot(role, entity, (("process", tuple(one[:3])),), labels=tuple(one[3:])) for one in columns]
            continue
        places: list[tuple[Named, ...]] = [columns] if role in _ONE else [(column,) for column in columns]
        for together in places:
            ids = tuple(one for column in together for one in _identifiers(f"{entity}:{kind}", column))
            labels = tuple(c for c in together if isinstance(c, str)) if role in _ONE else ()
            slots.append(Slot(role, entity, ids, relation=relation, labels=labels, label_place=5))
        if role == "host":  # a host column may hold addresses
            slots += [
                Slot("ip", "ip", ((f"ip:{kind}", column),), relation="came_from")
                for column in columns
                if isinstance(column, str)
            ]
        if role == "url":
            slots += [
                Slot("url_host", to, ((f"{shape}:{kind}", column),))
                for column in map(str, columns)
                for to, shape in (("domain", "url_domain"), ("ip", "url_ip"))
            ]
    table = Table(kind, tuple(slots), ties=_TIES)
    return RecordKind(table, ("date_time",), "end_date_time", headlines=("title", "severity"))


def _identifiers(declared: str, columns: Named) -> list[tuple[str, Named]]:
    if isinstance(columns, str):
        return [(declared, columns)]
    domain, name, *device = columns
    local: list[tuple[str, Named]] = [("local_account", (name, domain, *device))] if device else []
    return [*local, ("account", (name, domain))]


def named(columns: Named | Sequence[str]) -> Named:
    """Return a column as it is, and several that only together name one as a tuple."""
    return columns if isinstance(columns, str) else tuple(map(str, columns))

"""Timesketch: every record that has a time, as one or two events."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any

import networkx as nx

from graphinvestigate.exports.cleaning import HALF, Cleaner
from graphinvestigate.exports.flat import compact
from graphinvestigate.exports.json_graphs import json_lines
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.sentences import describe

# What Timesketch's analyzers look for, by kind of entity.
_FIELDS = {
    "user": "username",
    "host": "hostname",
    "ip": "ip_address",
    "url": "url",
    "domain": "domain",
    "file": "filename",
    "process": "process",
    "mailbox": "mailbox",
    "app": "application",
    "service_principal": "service_principal",
}
_OTHERS = "other_entities"
_BEGUN = {"alert": "First activity", "incident": "Created", "risky_user": "Risk last updated"}
_ENDED = {"alert": "Last activity", "incident": "Last updated"}
_LEFT_OUT = frozenset({"kind", "id", "label", "time", "end_time", "read"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timesketch(g: nx.MultiDiGraph) -> bytes:
    """Write a graph's records as Timesketch JSON Lines, oldest first; records without a time are counted and said."""
    clean = Cleaner(HALF)
    rows: list[dict[str, Any]] = []
    timeless = 0
    for node in sorted(node for node in g if isinstance(node, Record)):
        attrs = g.nodes[node]
        begun, ended = attrs.get("time"), attrs.get("end_time")
        if not begun:
            timeless += 1
            continue
        base = _event(g, node)
        rows.append(_at(begun, _BEGUN.get(node.kind, "Activity")) | base)
        if ended and ended != begun and node.kind in _ENDED:
            rows.append(_at(ended, _ENDED[node.kind]) | base)
    rows.sort(key=lambda row: (row["timestamp"], row["data_type"], row["record_id"]))
    if timeless:
        warnings.warn(
            f"{timeless:,} record{'s have' if timeless > 1 else ' has'} no time (others only name "
            f"{'them' if timeless > 1 else 'it'}, or the time is unknown) and cannot stand on a timeline: left out. "
            "Pull the frames that hold them to bring them in.",
            stacklevel=3,
        )
    written = json_lines(rows, clean)
    clean.say("UTF-8", "They are halves of characters, which no file of text holds.")
    return written


def _at(time: str, meaning: str) -> dict[str, Any]:
    moment = datetime.fromisoformat(time).astimezone(UTC)
    since = moment - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return {"datetime": moment.isoformat(), "timestamp": microseconds, "timestamp_desc": meaning}


def _event(g: nx.MultiDiGraph, node: Record) -> dict[str, Any]:
    attrs = g.nodes[node]
    named = sorted({other for other in (*g.successors(node), *g.predecessors(node)) if isinstance(other, Entity)})
    entities: dict[str, list[str]] = {}
    for entity in named:
        entities.setdefault(_FIELDS.get(entity.kind, _OTHERS), []).append(str(g.nodes[entity]["label"]))
    words = describe(g, node)
    message = words[:1].upper() + words[1:]
    main = [str(g.nodes[entity]["label"]) for entity in named if entity.kind in ("user", "host", "ip")]
    if main:
        message += f": {', '.join(main[:6])}" + (f" and {len(main) - 6} more" if len(main) > 6 else "")
    facts = {
        name: value if isinstance(value, str | bool | int | float) else compact(value)
        for name, value in sorted(attrs.items())
        if name not in _LEFT_OUT and value is not None
    }
    tags = [tag for tag in (attrs.get("severity"), attrs.get("risk_level")) if tag]
    return {
        "message": message,
        "data_type": f"graphinvestigate:{node.kind}",
        "record_id": node.id,
        **({"tag": tags} if tags else {}),
        **entities,
        **{name: value for name, value in facts.items() if name not in entities},
    }

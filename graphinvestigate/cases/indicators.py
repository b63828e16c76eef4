"""What to look for elsewhere: addresses, names and hashes that a case's alerts call by their value. Defanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.identifiers import is_private_ip
from graphinvestigate.linking.nodes import verdict_rank
from graphinvestigate.text import defang

COLUMNS = ("type", "indicator", "verdict", "why", "first_seen", "last_seen", "alerts", "shared", "said_by")
_TYPES = {"ip": "IP address", "url": "URL", "domain": "domain", "mail_message": "mail message"}
_ATTACKERS = {
    "mailbox": "mail address",
    "app": "app id",
}  # the victims have such, too: listed where they are the attacker's
_HASHES = ("sha256", "sha1", "md5")
_ORDER = ("IP address", "domain", "URL", "mail address", "app id", "SHA-256", "SHA-1", "MD5", "mail message")
_HASH_WORDS = {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5"}


def indicators(
    g: nx.MultiDiGraph, incident: Record | None, *, attacker: Mapping[Entity, str] | None = None
) -> pd.DataFrame:
    """List what alerts name that can be looked for elsewhere.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        An entity graph.
    incident : Record or None
        Only what this incident's alerts name; of all alerts without one.
    attacker : mapping of Entity to str, optional
        What the story of the attack takes for the attacker's, and why. It counts although no alert names it, as the
        address that a stolen session was used from.

    Returns
    -------
    DataFrame
        One row per address, domain, URL, hash or mail message: `type`, `indicator` (defanged: nothing turns it into
        a link), `verdict` (Graph's worst), `why` it is the attacker's (empty where it was only named), `first_seen`
        and `last_seen` (UTC), how many `alerts` name it, `shared` (why many use it, so that blocking it hits others;
        empty where it is not), `said_by` (ids of up to three of these alerts). The worst first, and what is the
        attacker's before what was only named. Private addresses are left out: elsewhere they are somebody else.
    """
    alerts = {n for n in g if isinstance(n, Record) and n.kind == "alert"}
    if incident is not None:
        alerts &= set(g.successors(incident))
    hubs = {(row.kind, row.key): row.why for row in linking.find_hubs(g).itertuples()}
    named = {node for alert in alerts for node in g.successors(alert) if isinstance(node, Entity)}
    rows = []
    attacker = attacker or {}
    for entity in sorted(named | {one for one in attacker if one in g}):
        if entity.kind == "ip" and is_private_ip(entity.key.rpartition("/")[2]):  # theirs begin with their tenant
            continue
        says = sorted(n for n in g.predecessors(entity) if n in alerts)
        verdicts = [edge.get("verdict") for alert in says for edge in g[alert][entity].values() if edge.get("verdict")]
        attrs = g.nodes[entity]
        seen = (attrs["first_seen"], attrs["last_seen"])
        for word, value in _values(entity, attrs, theirs=entity in attacker):
            rows.append(
                (
                    *(
                        word,
                        value,
                        max(verdicts, key=verdict_rank, default=None),
                        attacker.get(entity, ""),
                        *seen,
                        len(says),
                    ),
                    *(hubs.get(entity, ""), ", ".join(alert.id for alert in says[:3])),
                )
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("first_seen", "last_seen"):
        table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    for name in ("type", "indicator", "verdict", "why", "shared", "said_by"):
        table[name] = table[name].astype("str")
    table["alerts"] = table["alerts"].astype("Int64")
    worst, places = [-verdict_rank(v) for v in table["verdict"]], [_place(t) for t in table["type"]]
    order = table.assign(_worst=worst, _named=table["why"].eq(""), _type=places)
    return order.sort_values(["_worst", "_named", "_type", "indicator"], ignore_index=True)[list(COLUMNS)]


def _values(entity: Entity, attrs: Mapping[str, Any], *, theirs: bool) -> list[tuple[str, str]]:
    identifiers = attrs.get("identifiers") or ()
    if theirs and entity.kind in _ATTACKERS:
        return [(_ATTACKERS[entity.kind], defang(str(attrs.get("label"))) if entity.kind == "mailbox" else entity.key)]
    if entity.kind == "file":
        found = dict(text.partition("=")[::2] for text in identifiers)
        return [(_HASH_WORDS[name], found[name]) for name in _HASHES if name in found]
    if entity.kind in _TYPES:
        return [(_TYPES[entity.kind], entity.key if entity.kind == "mail_message" else defang(entity.key))]
    return []


def _place(word: str) -> int:
    return _ORDER.index(word) if word in _ORDER else len(_ORDER)

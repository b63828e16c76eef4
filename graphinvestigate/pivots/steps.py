"""What a pivot asks: which sources can mention an entity, what Graph itself narrows down, and the hunting queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

import networkx as nx
import pandas as pd

from graphinvestigate import linking
from graphinvestigate.client import odata_string
from graphinvestigate.errors import AmbiguousEntityError, EntityNotFoundError, UsageError
from graphinvestigate.linking import Entity
from graphinvestigate.linking.identifiers import RANKED, identifier
from graphinvestigate.text import log

_LONGEST = 10_000  # characters of a name, a link perhaps

How = Literal["server", "local", "known", "alerts", "hunting"]

SOURCES = (
    *("alerts", "incidents", "risk_detections", "risky_users", "sign_ins", "directory_audits"),
    *("service_principal_risk_detections", "risky_service_principals", "hunting"),
)
# Which sources can mention an entity of a kind at all; any other kind is met in alerts, and hunted for.
MENTIONED_IN: Mapping[str, tuple[str, ...]] = {
    "user": (*SOURCES[:6], "hunting"),
    "host": ("alerts", "incidents", "sign_ins", "hunting"),
    "ip": ("alerts", "incidents", "risk_detections", "sign_ins", "hunting"),
    "app": (*("alerts", "incidents", "sign_ins", "directory_audits"), *SOURCES[6:]),
    "service_principal": ("alerts", "incidents", "directory_audits", *SOURCES[6:]),
}
_ELSEWHERE = ("alerts", "incidents", "hunting")
# What Graph itself can narrow down: entity kind → source → (identifier type → parameter of the list function), best
# first. What is not listed is pulled for the whole window and narrowed down here.
ON_SERVER: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "user": {
        "risk_detections": (("object_id", "user_id"), ("upn", "user_principal_name")),
        "risky_users": (("object_id", "user_id"), ("upn", "user_principal_name")),
        "sign_ins": (("object_id", "user_id"), ("upn", "user_principal_name")),
    },
    "ip": {"sign_ins": (("ip", "ip_address"),)},
    "app": {
        "sign_ins": (("app_id", "app_id"),),
        "service_principal_risk_detections": (("app_id", "app_id"),),
        "risky_service_principals": (("app_id", "app_id"),),
    },
    "service_principal": {
        "service_principal_risk_detections": (("object_id", "service_principal_id"),),
        "risky_service_principals": (("object_id", "service_principal_id"),),
    },
}
# Audits name who did it and what it was done to: both are asked for at once.
_AUDITS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "user": (("object_id", "initiatedBy/user/id eq {0} or targetResources/any(t: t/id eq {0})"),),
    "app": (("app_id", "initiatedBy/app/appId eq {0}"),),
    "service_principal": (("object_id", "targetResources/any(t: t/id eq {0})"),),
}
# Hunting: kind → (table, identifier type, the column it stands in).
HUNTED: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "user": (
        ("IdentityLogonEvents", "object_id", "AccountObjectId"),
        ("CloudAppEvents", "object_id", "AccountObjectId"),
    ),
    "host": (("DeviceLogonEvents", "mde_device_id", "DeviceId"), ("DeviceNetworkEvents", "mde_device_id", "DeviceId")),
    "ip": (("AADSignInEventsBeta", "ip", "IPAddress"), ("DeviceNetworkEvents", "ip", "RemoteIP")),
    "file": (("DeviceFileEvents", "sha256", "SHA256"), ("DeviceFileEvents", "sha1", "SHA1")),
    "url": (("UrlClickEvents", "url", "Url"),),
    "mailbox": (
        ("EmailEvents", "address", "RecipientEmailAddress"),
        ("EmailEvents", "address", "SenderFromAddress"),
    ),
    "mail_message": (("EmailEvents", "network_message_id", "NetworkMessageId"),),
    "app": (("CloudAppEvents", "app_id", "ObjectId"), ("AADSignInEventsBeta", "app_id", "ApplicationId")),
}
# Defender leaves this column empty in most rows: what is asked by it alone is not all that there is.
_SELDOM_FILLED = frozenset({"DeviceFileEvents | where SHA256 =~ value"})
_NOBODY = nx.MultiDiGraph()
_SOURCE_WORDS = {"service_principal_risk_detections": "risk of service principals"}


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a pivot, before it is made.

    Attributes
    ----------
    source : str
        One of `SOURCES`; a hunting step says which `table`.
    asked : mapping
        Arguments that let Graph narrow it down; empty where that happens here.
    how : str
        server (Graph narrows it down), local (all of the window is pulled and narrowed down here), known (records
        already at hand are narrowed down, nothing is asked), alerts (through the alerts found), hunting.
    table, kql : str
        Of a hunting query; `asked` holds the values of its parameters.
    """

    source: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    how: How = "local"
    table: str = ""
    kql: str = ""

    @property
    def name(self) -> str:
        """What the coverage calls it: the source, or ``hunting:TABLE``."""
        return f"{self.source}:{self.table}" if self.table else self.source

    @property
    def sentence(self) -> str:
        """What will be asked, for people."""
        name = _SOURCE_WORDS.get(self.source, self.source.replace("_", " "))
        if self.how == "alerts":
            return "incidents: those that the alerts found belong to, one by one"
        if self.how == "hunting":
            column = self.kql.partition("where ")[2].partition(" ")[0]
            return f"hunting: {self.table} whose {column} is {_either(self.asked['value'])}, where licensed"
        if self.how == "known":
            return f"{name}: those at hand that name it; nothing is asked"
        if self.source == "directory_audits" and self.asked:
            return "directory audits: only those that it did, or that were done to it"
        if self.asked:
            others = ", the non-interactive ones too" if self.source == "sign_ins" else ""
            asked = " and ".join(f"{name} is {_either(value)}" for name, value in self.asked.items())
            return f"{name}: only those whose {asked}{others}"
        words = f"{name}: all of the window, narrowed down here to those that name it"
        return f"{words}, as Graph documents no filter that knows their evidence" if name == "alerts" else words


def pivot_steps(
    entity: Entity,
    *,
    g: nx.MultiDiGraph | None = None,
    sources: Sequence[str] | None = None,
    known: Collection[str] = (),
) -> list[Step]:
    """What a pivot from an entity will ask of Graph, without asking it.

    Parameters
    ----------
    entity : Entity
        Where to start.
    g : networkx.MultiDiGraph, optional
        The entity graph, for the entity's other identifiers.
    sources : list of str, optional
        Only these of `SOURCES`; or one of them.
    known : collection of str, optional
        Sources whose records are at hand (see `pivot`).

    Returns
    -------
    list of Step
        In the order in which they will be made; each has a `sentence`.

    Raises
    ------
    UsageError
        A source that does not exist or never mentions entities of this kind.
    """
    possible = MENTIONED_IN.get(entity.kind, _ELSEWHERE)
    if sources is not None and not (isinstance(sources, Collection) and sources):
        raise UsageError(f"sources takes a list of some of {', '.join(possible)}; got {log(repr(sources))[:80]}.")
    chosen = possible if sources is None else (sources,) if isinstance(sources, str) else tuple(sources)
    for source in chosen:
        if source not in SOURCES:
            raise UsageError(f"there is no source {log(repr(source))[:80]}{_near(source, possible)}")
        if source not in possible:
            raise UsageError(
                f"{log(str(source))} has nothing on entities of kind '{log(entity.kind)}'. "
                f"Sources for it: {', '.join(possible)}."
            )
    if "incidents" in chosen and "alerts" not in chosen:
        raise UsageError("incidents are found through the alerts they hold: give 'alerts' among the sources too.")
    values = _values(identifiers_of(entity, g))
    steps: list[Step] = []
    for source in (s for s in SOURCES if s in chosen):
        if source == "hunting":
            steps += _hunts(entity.kind, values)
        elif source == "incidents":
            steps.append(Step(source, how="alerts"))
        elif source in known:
            steps.append(Step(source, how="known"))
        else:
            asked = _asked(entity.kind, source, values)
            steps.append(Step(source, asked, how="server" if asked else "local"))
    return steps


def _near(name: object, possible: Sequence[str]) -> str:
    near = get_close_matches(str(name), possible, n=1)
    return f"; did you mean {near[0]!r}?" if near else f". Sources for it: {', '.join(possible)}."


def known_frames(known: object) -> dict[str, pd.DataFrame]:
    """See that frames at hand are given by their sources.

    Raises
    ------
    UsageError
        Something else is given, or a source that does not exist, or that frames can't stand for: it would be asked for
        again, without a word.
    """
    if known is None:
        return {}
    if not isinstance(known, Mapping) or not all(isinstance(frame, pd.DataFrame) for frame in known.values()):
        raise UsageError(f"known takes frames by source, such as {{'alerts': alerts}}; not {type(known).__name__}.")
    listed = [source for source in SOURCES if source not in ("incidents", "hunting")]
    for name, frame in known.items():
        if name not in SOURCES:
            raise UsageError(f"known: there is no source {log(repr(name))[:80]}{_near(name, listed)}")
        if name not in listed:
            raise UsageError(f"known: {name} are asked for in any case; it takes frames of {', '.join(listed)}.")
        if not {"id", "record_kind"} <= set(frame.columns):
            raise UsageError(f"known: {name} is no frame of records; pass it as list_{name} returned it.")
    return dict(known)


def own_records(records: object) -> tuple[pd.DataFrame, ...]:
    """See that one's own logs are given as a list of frames of records.

    Raises
    ------
    UsageError
        Something else is given.
    """
    given = tuple(records) if isinstance(records, Sequence) and not isinstance(records, str) else None
    if given is None or not all(
        isinstance(frame, pd.DataFrame) and {"id", "record_kind"} <= set(frame.columns) for frame in given
    ):
        raise UsageError("records takes a list of frames, as gi.map_records(…) returns them.")
    return given


def unhunted(entity: Entity, steps: Collection[Step]) -> dict[str, str]:
    """Tables that a pivot's steps leave out as the identifier that stands in them is not known: table to its type."""
    asked = {step.table for step in steps if step.kql not in _SELDOM_FILLED}
    return {table: name for table, name, _ in HUNTED.get(entity.kind, ()) if table not in asked}


def identifiers_of(entity: Entity, g: nx.MultiDiGraph | None) -> set[str]:
    """The entity's identifiers as `type=value`; one that no graph knows is taken at its key."""
    if g is not None and entity in g:
        return set(g.nodes[entity]["identifiers"])
    if entity.kind not in RANKED:  # such a key says its own type
        return {entity.key}
    found = identifier(_declared(entity), [entity.key])
    if found is None:
        raise UsageError(f"'{log(entity.key)}' cannot be the key of a {log(entity.kind)}; give g= to look it up in.")
    return {"=".join(found)}


def start_of(entity: Entity | str, g: nx.MultiDiGraph | None) -> Entity:
    """The entity that is meant; text is looked up in the graph, without one it has to say itself what it names."""
    if isinstance(entity, linking.Record):
        raise UsageError("A pivot starts at an entity (user, host, ip …); this is a record. Pivot from what it names.")
    if isinstance(entity, Entity):
        if g is None or entity in g:
            return entity
        try:
            return linking.find_entity(g, entity)  # under a key that it has now
        except EntityNotFoundError:
            return entity  # the graph need not know it: pivoting is how it gets there
    return named_by(entity) if g is None and isinstance(entity, str) else linking.find_entity(g or _NOBODY, entity)


def named_by(text: str) -> Entity:
    """What a name alone stands for: an address of mail or network, a hash, a link … in whole."""
    name = text.strip()
    found = linking.find_mentions(name[:_LONGEST])
    found = found[(found["text"] == name) & found["kind"].isin(list(RANKED))]
    sure = found[found["certainty"] == "sure"].head(1)  # of a link and its domain, the link
    rows = list((sure if len(sure) else found).itertuples())
    readings = [Entity(row.kind, row.identifier) for row in rows]
    if len(rows) == 1 and identifiers_of(readings[0], None) == {f"{rows[0].identifier_type}={rows[0].identifier}"}:
        return readings[0]
    if readings:
        listed = ", ".join(f"Entity({entity.kind!r}, {log(entity.key)!r})" for entity in readings)
        raise AmbiguousEntityError(
            f"'{log(name)}' can be several things. Say which: {listed}; or give g=, the entity graph to look it up in.",
            candidates=readings,
        )
    raise UsageError(
        f"'{log(name)}' alone does not say what it names. Give g=, the entity graph to look it up in, or an "
        "Entity(kind, key)."
    )


def _values(identifiers: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, _, value in sorted(text.partition("=") for text in identifiers):
        found.setdefault(name, []).append(value)
    return found


def _asked(kind: str, source: str, values: Mapping[str, list[str]]) -> dict[str, Any]:
    if source == "directory_audits":
        for name, template in _AUDITS.get(kind, ()):
            if name in values:
                return {"filter": " or ".join(template.format(odata_string(value)) for value in values[name])}
        return {}
    for name, parameter in ON_SERVER.get(kind, {}).get(source, ()):
        if name in values:  # whoever was merged, or re-installed, has several of one type
            return {parameter: values[name][0] if len(values[name]) == 1 else values[name]}
    return {}


def _hunts(kind: str, values: Mapping[str, list[str]]) -> list[Step]:
    return [
        Step("hunting", {"value": value}, "hunting", table, f"{table} | where {column} =~ value")
        for table, name, column in HUNTED.get(kind, ())
        for value in values.get(name, ())
    ]


def _either(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " or ".join(value)


def _declared(entity: Entity) -> str:
    """Which type of identifier a key is, by its shape: ids are told from names."""
    key, types = entity.key, RANKED[entity.kind]
    if entity.kind == "user":
        return next(
            (name for mark, name in (("@", "upn"), ("S-1-", "sid"), ("s-1-", "sid"), ("\\", "account")) if mark in key),
            types[0],
        )
    if entity.kind == "file":
        return {64: "sha256", 40: "sha1", 32: "md5"}.get(len(key), types[0])
    if entity.kind == "host":
        return {40: "mde_device_id", 36: "device_id"}.get(len(key) if "." not in key else 0, "host_name")
    return types[0]

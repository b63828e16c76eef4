"""From one entity to what mentions it: new frames, and a larger entity graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate import linking, queries
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import GraphInvestigateError, PartialResultError, UsageError
from graphinvestigate.frames import empty_frame, newest
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.identifiers import RANKED, STRONG, identifier
from graphinvestigate.queries.coverage import coverage_table, not_read
from graphinvestigate.queries.questions import Time
from graphinvestigate.text import log

SOURCES = ("alerts", "incidents", "risk_detections", "risky_users", "sign_ins")

# What Graph itself can narrow down: entity kind → source → (identifier type → parameter of the list function), best
# first. What is not listed is pulled for the whole window and narrowed down here.
ON_SERVER: Mapping[str, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "user": {
        "risk_detections": (("object_id", "user_id"), ("upn", "user_principal_name")),
        "risky_users": (("object_id", "user_id"), ("upn", "user_principal_name")),
        "sign_ins": (("object_id", "user_id"), ("upn", "user_principal_name")),
    },
    "ip": {"sign_ins": (("ip", "ip_address"),)},
}
# Which sources can mention an entity of a kind at all; any other kind is met in alerts only.
MENTIONED_IN: Mapping[str, tuple[str, ...]] = {
    "user": SOURCES,
    "host": ("alerts", "incidents", "sign_ins"),
    "ip": ("alerts", "incidents", "risk_detections", "sign_ins"),
}
FEW = 20  # up to so many incidents are asked for one by one
LISTS: Mapping[str, Callable[..., pd.DataFrame]] = {
    "alerts": queries.list_alerts,
    "risk_detections": queries.list_risk_detections,
    "risky_users": queries.list_risky_users,
    "sign_ins": queries.list_sign_ins,
}


@dataclass(frozen=True, slots=True)
class Pivot:
    """What one pivot found.

    Attributes
    ----------
    entity : Entity
        Where it started.
    frames : dict of str to DataFrame
        Per source, the rows that mention the entity, in the columns of its `list_*` function.
    coverage : DataFrame
        One row is one request: what was asked, what came back, what could not be read and why.
    graph : networkx.MultiDiGraph
        The new part: what the frames say. Join it with `merge_graphs(g, found.graph)`.
    """

    entity: Entity
    frames: dict[str, pd.DataFrame] = field(repr=False)
    coverage: pd.DataFrame = field(repr=False)
    graph: nx.MultiDiGraph = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a pivot, before it is made."""

    source: str
    asked: Mapping[str, Any]
    """Arguments that let Graph narrow it down; empty where that happens here."""

    @property
    def sentence(self) -> str:
        """What will be asked, for people."""
        name = self.source.replace("_", " ")
        if self.source == "incidents":
            return "incidents: those that the alerts found belong to, one by one"
        if self.asked:
            return f"{name}: only those whose {' and '.join(f'{k} is {v}' for k, v in self.asked.items())}"
        return f"{name}: all of the window, narrowed down here to those that name it"


def pivot_steps(
    entity: Entity, *, g: nx.MultiDiGraph | None = None, sources: Sequence[str] | None = None
) -> list[Step]:
    """What a pivot from an entity will ask of Graph, without asking it.

    Parameters
    ----------
    entity : Entity
        Where to start.
    g : networkx.MultiDiGraph, optional
        The entity graph, for the entity's other identifiers.
    sources : list of str, optional
        Only these of ``alerts, incidents, risk_detections, risky_users, sign_ins``.

    Returns
    -------
    list of Step
        In the order in which they will be made; each has a `sentence`.

    Raises
    ------
    UsageError
        A source that does not exist or never mentions entities of this kind.
    """
    possible = MENTIONED_IN.get(entity.kind, ("alerts", "incidents"))
    chosen = possible if sources is None else tuple(sources)
    for source in chosen:
        if source not in possible:
            raise UsageError(
                f"{log(str(source))} has nothing on entities of kind '{log(entity.kind)}'. "
                f"Sources for it: {', '.join(possible)}."
            )
    if "incidents" in chosen and "alerts" not in chosen:
        raise UsageError("incidents are found through the alerts they hold: give 'alerts' among the sources too.")
    known = _identifiers(entity, g)
    steps = []
    for source in (s for s in SOURCES if s in chosen):
        asked = {}
        for kind, parameter in ON_SERVER.get(entity.kind, {}).get(source, ()):
            values = sorted(value for name, _, value in (text.partition("=") for text in known) if name == kind)
            if values:
                asked = {parameter: values[0]}
                break
        steps.append(Step(source, asked))
    return steps


def pivot(
    client: GraphClient,
    entity: Entity | str,
    *,
    g: nx.MultiDiGraph | None = None,
    since: Time = "30d",
    until: Time = None,
    sources: Sequence[str] | None = None,
) -> Pivot:
    """Ask Graph for everything that mentions an entity.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    entity : Entity or str
        Where to start; text is looked up in `g` like `find_entity` does.
    g : networkx.MultiDiGraph, optional
        The entity graph so far: it knows the entity's other identifiers. It is left as it is.
    since, until : str or datetime, optional
        The window, as in `list_alerts`; since None means all that is retained.
    sources : list of str, optional
        Only these of ``alerts, incidents, risk_detections, risky_users, sign_ins``.

    Returns
    -------
    Pivot
        `.frames` by source, `.coverage` with one row per request, `.graph` with the new part. A source that may not
        be read (permission, licence) stands in the coverage with the reason and stops nothing else.

    Raises
    ------
    UsageError
        A source, time or entity that cannot be right.
    EntityNotFoundError, AmbiguousEntityError
        The text names no entity of `g`, or several.
    GraphInvestigateError
        Not one source could be read: the first reason.

    See Also
    --------
    https://learn.microsoft.com/graph/api/resources/security-api-overview
    """
    start = _start(entity, g)
    identifiers = _identifiers(start, g)
    frames: dict[str, pd.DataFrame] = {}
    tables: list[pd.DataFrame] = []
    failures: list[GraphInvestigateError] = []
    for step in pivot_steps(start, g=g, sources=sources):
        if step.source == "incidents" and "alerts" not in frames:
            tables.append(not_read(step.source, "not looked for: the alerts that lead to them could not be read"))
            continue
        before = set(client.pulls)
        failure: GraphInvestigateError | None = None
        try:
            frame = _ask(client, step, frames, since, until)
        except UsageError:
            raise
        except PartialResultError as error:
            frame, failure = error.frame, error
        except GraphInvestigateError as error:
            failures.append(error)
            tables.append(not_read(step.source, str(error)))
            continue
        kept = frame if step.asked or step.source == "incidents" else _about(step, frame, start, identifiers)
        frames[step.source] = kept
        table = coverage_table([client.pulls[pull_id] for pull_id in client.pulls if pull_id not in before])
        if kept is not frame:
            table = table.assign(rows_kept=len(kept), filters_local=f"names {start.kind} {log(start.key)}")
        if failure is not None:
            failures.append(failure)
        tables.append(table)
    if not frames and failures:
        raise failures[0]
    table = pd.concat([*tables, coverage_table([])], ignore_index=True)
    return Pivot(start, frames, table, linking.entity_graph(**frames))


def _ask(client: GraphClient, step: Step, frames: Mapping[str, pd.DataFrame], since: Time, until: Time) -> pd.DataFrame:
    """Make the request of one step."""
    if step.source == "incidents":
        return _incidents_of(client, frames["alerts"], since, until)
    if step.source == "risky_users":  # a standing, not an event: the window does not apply
        return queries.list_risky_users(client, **step.asked)
    return LISTS[step.source](client, since=since, until=until, **step.asked)


def _start(entity: Entity | str, g: nx.MultiDiGraph | None) -> Entity:
    if isinstance(entity, Record):
        raise UsageError("A pivot starts at an entity (user, host, ip …); this is a record. Pivot from what it names.")
    if isinstance(entity, Entity):
        return entity if g is None or entity in g else linking.find_entity(g, entity)
    if g is None:
        raise UsageError("Give g=, the entity graph to look the name up in, or an Entity(kind, key).")
    return linking.find_entity(g, entity)


def _identifiers(entity: Entity, g: nx.MultiDiGraph | None) -> set[str]:
    """The entity's identifiers as `type=value`; one that no graph knows is taken at its key."""
    if g is not None and entity in g:
        return set(g.nodes[entity]["identifiers"])
    if entity.kind not in RANKED:  # such a key says its own type
        return {entity.key}
    found = identifier(_declared(entity), [entity.key])
    if found is None:
        raise UsageError(f"'{log(entity.key)}' cannot be the key of a {log(entity.kind)}; give g= to look it up in.")
    return {"=".join(found)}


def _declared(entity: Entity) -> str:
    """Which type of identifier a key is, by its shape: ids are told from names."""
    key, types = entity.key, RANKED[entity.kind]
    if entity.kind == "user":
        return next(
            (name for mark, name in (("@", "upn"), ("S-1-", "sid"), ("s-1-", "sid"), ("\\", "account")) if mark in key),
            types[0],
        )
    if entity.kind == "host":
        return {40: "mde_device_id", 36: "device_id"}.get(len(key) if "." not in key else 0, "host_name")
    return types[0]


def _same(ours: set[str], theirs: set[str]) -> bool:
    """Whether two sets of identifiers mean one entity: one in common, and no strong one that contradicts."""
    if ours.isdisjoint(theirs):
        return False
    for kind in STRONG:
        a = {text for text in ours if text.startswith(f"{kind}=")}
        b = {text for text in theirs if text.startswith(f"{kind}=")}
        if a and b and a.isdisjoint(b):
            return False
    return True


def _about(step: Step, frame: pd.DataFrame, entity: Entity, identifiers: set[str]) -> pd.DataFrame:
    """The rows of a frame that name the entity."""
    whole = linking.entity_graph(**{step.source: frame})
    kind = RESOURCES[step.source].record_kind
    ids = {
        record.id
        for node, data in whole.nodes(data=True)
        if isinstance(node, Entity) and node.kind == entity.kind and _same(identifiers, set(data["identifiers"]))
        for record in nx.all_neighbors(whole, node)
        if isinstance(record, Record) and record.kind == kind
    }
    return frame[frame["id"].isin(ids)].reset_index(drop=True)


def _incidents_of(client: GraphClient, alerts: pd.DataFrame, since: Time, until: Time) -> pd.DataFrame:
    """The incidents that alerts belong to: by id where they are few, else out of one list."""
    wanted = sorted(alerts["incident_id"].dropna().unique())
    if len(wanted) > FEW:
        listed = queries.list_incidents(client, since=since, until=until)
        return listed[listed["id"].isin(wanted)].reset_index(drop=True)
    found = [queries.get_incident(client, incident_id, expand_alerts=False) for incident_id in wanted]
    # Two ids may lead to one incident: into it, merged ones are followed.
    return newest(RESOURCES["incidents"], pd.concat([empty_frame(RESOURCES["incidents"]), *found]))[0]

"""Asking what a pivot asks: new frames, what came back and what did not, and a larger entity graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import networkx as nx
import pandas as pd

from graphinvestigate import linking, queries
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import GraphInvestigateError, PartialResultError, StoppedError, UsageError
from graphinvestigate.frames import empty_frame, newest
from graphinvestigate.frames.schema import RESOURCES
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.hunted import EVENTS
from graphinvestigate.linking.identifiers import STRONG
from graphinvestigate.linking.nodes import Node
from graphinvestigate.pivots.steps import SOURCES, Step, identifiers_of, pivot_steps, start_of, unhunted
from graphinvestigate.queries.coverage import coverage_table, not_read, pulls_made
from graphinvestigate.queries.questions import Time
from graphinvestigate.text import log
from graphinvestigate.wanted import takes

FEW = 20  # up to so many incidents are asked for one by one
MOST_DAYS_HUNTED = 30
LISTS: Mapping[str, Callable[..., pd.DataFrame]] = {
    "alerts": queries.list_alerts,
    "risk_detections": queries.list_risk_detections,
    "risky_users": queries.list_risky_users,
    "sign_ins": queries.list_sign_ins,
    "directory_audits": queries.list_directory_audits,
    "service_principal_risk_detections": queries.list_service_principal_risk_detections,
    "risky_service_principals": queries.list_risky_service_principals,
}
# A standing, not an event: the window does not apply.
_STANDINGS = frozenset({"risky_users", "risky_service_principals"})


@dataclass(frozen=True)
class Pivot:
    """What one pivot found.

    Attributes
    ----------
    entity : Entity
        Where it started.
    frames : dict of str to DataFrame
        Per source, the rows that mention the entity, in the columns of its `list_*` function; rows of hunting tables
        that are events as records, by their kind (`map_records`).
    coverage : DataFrame
        One row is one request: what was asked, what came back, what could not be read and why.
    graph : networkx.MultiDiGraph
        What the frames say. Join it with `merge_graphs(g, found.graph)`, or take `grown`.
    before : networkx.MultiDiGraph or None
        The graph that the pivot was asked with.
    hunted : dict of str to DataFrame
        Per hunting table, the rows that it has on the entity, in the table's own columns.
    partial : dict of str to PartialResultError
        Per source, why its rows are not all: its ``.resume()`` goes on where the pull stopped.
    unasked : tuple of str
        Sources that were not asked, as the pivot was stopped before (see ``client.stop``).
    """

    entity: Entity
    frames: dict[str, pd.DataFrame] = field(repr=False)
    coverage: pd.DataFrame = field(repr=False)
    graph: nx.MultiDiGraph = field(repr=False)
    before: nx.MultiDiGraph | None = field(repr=False, default=None)
    hunted: dict[str, pd.DataFrame] = field(repr=False, default_factory=dict)
    partial: dict[str, PartialResultError] = field(repr=False, default_factory=dict)
    unasked: tuple[str, ...] = ()

    @cached_property
    def grown(self) -> nx.MultiDiGraph:
        """The graph before and the find as one; ``.graph["new"]`` lists the nodes that are new as ``[kind, key]``."""
        if self.before is None:
            grown = self.graph.copy()
            grown.graph["new"] = [list(node) for node in grown]
            return grown
        grown = linking.merge_graphs(self.before, self.graph)
        grown.graph["new"] = [list(node) for node in new_nodes(self.before, grown)]
        return grown

    @property
    def new(self) -> tuple[Node, ...]:
        """The nodes of `grown` that were not there before; one that was there under a weaker key is not new."""
        old = () if self.before is None else self.before
        return tuple(self.graph) if self.before is None else tuple(new_nodes(old, self.grown))


def new_nodes(before: nx.MultiDiGraph, grown: nx.MultiDiGraph) -> list[Node]:
    """The nodes that a graph has gained, under whatever key they were known before."""
    gone = {
        (node.kind, text)
        for node, attrs in before.nodes(data=True)
        if node not in grown and isinstance(node, Entity)
        for text in attrs["identifiers"]
    }
    return [
        node
        for node, attrs in grown.nodes(data=True)
        if node not in before and not any((node.kind, text) in gone for text in attrs.get("identifiers", ()))
    ]


@takes
def pivot(
    client: GraphClient,
    entity: Entity | str,
    *,
    g: nx.MultiDiGraph | None = None,
    since: Time = "30d",
    until: Time = None,
    sources: Sequence[str] | None = None,
    known: Mapping[str, pd.DataFrame] | None = None,
    on_step: Callable[[Step], None] | None = None,
    records: Sequence[pd.DataFrame] = (),
) -> Pivot:
    """Ask Graph for everything that mentions an entity.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    entity : Entity or str
        Where to start, of any kind; text is looked up in `g` like `find_entity` does. Without `g` it has to say by
        itself what it names: a user principal name, an address, a SHA-256, a link ….
    g : networkx.MultiDiGraph, optional
        The entity graph so far: it knows the entity's other identifiers. It is left as it is.
    since, until : str or datetime, optional
        The window, as in `list_alerts`; since None means all that is retained. Hunting goes back 30 days at most.
    sources : list of str, optional
        Only these of ``alerts, incidents, risk_detections, risky_users, sign_ins, directory_audits,
        service_principal_risk_detections, risky_service_principals, hunting``; all that can mention the entity by
        default. `pivot_steps` shows what will be asked.
    known : mapping of str to DataFrame, optional
        Frames at hand by source, which cover the window: they are narrowed down instead of being asked for again.
    on_step : callable, optional
        Told each step before it is made; what it raises ends the pivot.
    records : list of DataFrame, optional
        Your own logs, from `map_records`: narrowed down to what names the entity, whatever the window.

    Returns
    -------
    Pivot
        `.frames` by source, `.hunted` by hunting table, `.coverage` with one row per request, `.graph` with what they
        say, `.grown` with `g` and that together, `.new` with its new nodes. A source that may not be read
        (permission, licence) stands in the coverage with the reason and stops nothing else.

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
    start = start_of(entity, g)
    identifiers = identifiers_of(start, g)
    at_hand = known or {}
    frames: dict[str, pd.DataFrame] = {}
    hunted: dict[str, pd.DataFrame] = {}
    tables: list[pd.DataFrame] = []
    failures: list[GraphInvestigateError] = []
    partial: dict[str, PartialResultError] = {}
    unasked: list[str] = []
    steps = pivot_steps(start, g=g, sources=sources, known=at_hand)
    for step in steps:
        if step.how == "alerts" and "alerts" not in frames:
            tables.append(not_read(step.source, "not looked for: the alerts that lead to them could not be read"))
            continue
        if on_step is not None:
            on_step(step)
        failure: GraphInvestigateError | None = None
        try:
            with pulls_made() as made:
                frame = _ask(client, step, frames, at_hand, since, until)
        except UsageError:
            raise
        except PartialResultError as error:
            frame, failure = error.frame, error
            partial[step.source] = error
        except StoppedError as error:
            failures.append(error)
            unasked.append(step.source)
            tables.append(not_read(step.name, error))
            continue
        except GraphInvestigateError as error:
            failures.append(error)
            tables.append(not_read(step.name, error))
            continue
        kept = _about(step.source, frame, start, identifiers, g) if step.how in ("local", "known") else frame
        if step.how == "hunting":
            hunted[step.table] = _joined(hunted.get(step.table), kept)
        else:
            frames[step.source] = kept
        table = coverage_table(made.values())
        if step.how == "known":
            table = not_read(step.source, "narrowed down from records at hand; nothing was asked")
            table = table.assign(rows_received=len(frame), complete=True)
        if kept is not frame:
            table = table.assign(rows_kept=len(kept), filters_local=f"names {start.kind} {log(start.key)}")
        if failure is not None:
            failures.append(failure)
        tables.append(table)
    if sources is None or "hunting" in sources:
        tables += [
            not_read(f"hunting:{table}", f"not asked: it is searched by {name}, not known yet; pivot again with g=")
            for table, name in unhunted(start, steps).items()
        ]
    for name, rows in hunted.items():
        if len(rows) and name in EVENTS:
            frames[EVENTS[name].kind] = linking.map_records(rows, table=name, tenant=client.tenant_id)
    for frame in records:
        for kind in sorted(frame["record_kind"].dropna().unique()):
            rows = frame[frame["record_kind"] == kind]
            kept = _about(kind, rows, start, identifiers, g)
            frames[kind] = pd.concat([frames[kind], kept], ignore_index=True) if kind in frames else kept
            table = not_read(kind, "narrowed down from records at hand; nothing was asked")
            tables.append(table.assign(rows_received=len(rows), complete=True, rows_kept=len(kept)))
    if not (frames or hunted) and failures:
        raise failures[0]
    table = pd.concat([*tables, coverage_table([])], ignore_index=True)
    linked = {name: frame for name, frame in frames.items() if name in _LINKED}
    own = [frame for name, frame in frames.items() if name not in SOURCES]
    return Pivot(start, frames, table, linking.entity_graph(**linked, records=own), g, hunted, partial, tuple(unasked))


_LINKED = frozenset(inspect.signature(linking.entity_graph).parameters)


def _ask(
    client: GraphClient,
    step: Step,
    frames: Mapping[str, pd.DataFrame],
    at_hand: Mapping[str, pd.DataFrame],
    since: Time,
    until: Time,
) -> pd.DataFrame:
    """Make the request of one step."""
    if step.how == "known":
        return at_hand[step.source]
    if step.how == "alerts":
        return _incidents_of(client, frames["alerts"], since, until)
    if step.how == "hunting":
        return queries.run_hunting_query(client, step.kql, parameters=step.asked, timespan=_span(since))
    window = {} if step.source in _STANDINGS else {"since": since, "until": until}
    # A replayed session shows among the others only; for the whole tenant they would be ten times as many.
    kinds = {"event_types": ["interactive", "nonInteractive"]} if step.source == "sign_ins" and step.asked else {}
    return LISTS[step.source](client, **window, **step.asked, **kinds)


def _span(since: Time) -> str | None:
    """The window as hunting takes it; what reaches back further than it can is left to its own limit."""
    if not isinstance(since, str) or not since[:-1].isdigit() or since[-1] not in "mhdw":
        return None
    days = int(since[:-1]) * {"m": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7}[since[-1]]
    return since if days <= MOST_DAYS_HUNTED else None


def _joined(first: pd.DataFrame | None, second: pd.DataFrame) -> pd.DataFrame:
    """Two answers of one table as one, each row once."""
    if first is None:
        return second
    both = pd.concat([first, second], ignore_index=True)
    return both[~both["raw"].astype("str").duplicated()].reset_index(drop=True)


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


def _about(
    source: str, frame: pd.DataFrame, entity: Entity, identifiers: set[str], g: nx.MultiDiGraph | None
) -> pd.DataFrame:
    """The rows of a frame that name the entity."""
    tenants = [] if g is None else g.graph.get("tenants", [])
    named: dict[str, pd.DataFrame] = {source: frame} if source in SOURCES else {}
    own = [] if named else [frame]
    whole = linking.entity_graph(**named, records=own, tenant=tenants[0] if len(tenants) == 1 else None)
    kind = RESOURCES[source].record_kind if named else source
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

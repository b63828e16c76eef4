"""The main job from end to end: a client goes in, an investigation comes out.

`investigate` knows nothing but the client. It pulls what a tenant's incident responders look at first, links it, finds
the incident that matters (or says that none does), and pivots from its user to the sign-ins, the address and the host.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import networkx as nx
import pandas as pd

from graphinvestigate import linking, queries
from graphinvestigate.client import GraphClient
from graphinvestigate.errors import LicenceMissingError, PermissionMissingError
from graphinvestigate.frames import evidence
from graphinvestigate.linking import Entity, Record
from graphinvestigate.linking.entities import categories_of
from graphinvestigate.linking.nodes import risk_rank
from graphinvestigate.pivots import Pivot, pivot
from graphinvestigate.queries.coverage import coverage, coverage_table, no_list, not_read
from graphinvestigate.queries.questions import Time

PULLS: Mapping[str, Callable[..., pd.DataFrame]] = {
    "alerts": queries.list_alerts,
    "incidents": queries.list_incidents,
    "risk_detections": queries.list_risk_detections,
    "risky_users": queries.list_risky_users,
    "sign_ins": queries.list_sign_ins,
}


FEW_USERS = 3  # an address that more people use says little about one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """What an investigation of a tenant found.

    Attributes
    ----------
    tenant_id : str
        The tenant.
    since : str or datetime or None
        How far back it looked.
    finished : datetime
        When it was done, by the tenant's clock (UTC).
    frames : dict of str to DataFrame
        What was pulled, by source.
    evidence : DataFrame
        One row per evidence item of the alerts.
    graph : networkx.MultiDiGraph
        All of it linked, the pivots' finds included.
    ranking : DataFrame
        One row per incident, the one that matters most first; see `linking.rank_incidents`.
    incident : Record or None
        The incident that looks like an intrusion; None where none does.
    user, host, address : Entity or None
        Who was reached first, where it ended, and the address it came from.
    pivots : tuple of Pivot
        From the user, the address and the host.
    paths : linking.Paths
        From the user to the host; empty, with a reason, where there is none.
    story : linking.AttackStory
        How it started, who and what is touched, how far it could go, what was missed; see `linking.attack_story`.
    entities : DataFrame
        The incident's entities (or the tenant's, where no incident matters), most important first.
    coverage : DataFrame
        One row per request: what was asked, what came back, what could not be read.
    """

    tenant_id: str
    since: Time
    finished: datetime
    frames: dict[str, pd.DataFrame] = field(repr=False)
    evidence: pd.DataFrame = field(repr=False)
    graph: nx.MultiDiGraph = field(repr=False)
    ranking: pd.DataFrame = field(repr=False)
    incident: Record | None
    user: Entity | None
    host: Entity | None
    address: Entity | None
    pivots: tuple[Pivot, ...] = field(repr=False)
    paths: linking.Paths = field(repr=False)
    story: linking.AttackStory = field(repr=False)
    entities: pd.DataFrame = field(repr=False)
    coverage: pd.DataFrame = field(repr=False)


def investigate(
    client: GraphClient, *, since: Time = "30d", on_step: Callable[[str], None] | None = None
) -> Investigation:
    """Investigate a tenant: find the incident that matters, and what is behind it.

    Parameters
    ----------
    client : GraphClient
        From `connect`, `connect_demo` or `connect_emulator`.
    since : str or datetime, optional
        How far back to look; None takes all that is retained.
    on_step : callable, optional
        Called with a few words before each step, for a progress display.

    Returns
    -------
    Investigation

    Raises
    ------
    GraphInvestigateError
        The alerts could not be read. Any other source that may not be read is missing from the frames, and the
        coverage says why.
    """
    tell = on_step or (lambda _: None)
    frames, unread = pull_all(client, since, tell)
    tell("linking")
    g = linking.entity_graph(**frames, hubs=_named_locations(client, unread))
    ranking = linking.rank_incidents(g)
    incident = next((Record("incident", row.id) for row in ranking.itertuples() if row.attack), None)
    user = host = address = None
    pivots: list[Pivot] = []
    if incident is not None:
        user, host, address = leads(g, incident)
        for start in (user, address, host):
            if start is not None:
                tell(f"pivoting from {g.nodes[start]['label']}")
                found = pivot(client, start, g=g, since=since, known=_whole(frames))
                pivots.append(found)
                g = linking.merge_graphs(g, found.graph)
    near = g if incident is None else linking.neighborhood(g, incident, hops=2)
    table = linking.entities(g)
    if incident is not None and user is not None and host is not None:
        paths = linking.paths(attack_graph(g, incident), user, host)
    else:
        paths = linking.Paths(reason="no incident with both a user and a host: nothing to connect")
    tell("telling the story")
    signed = [frames.get("sign_ins"), *(found.frames.get("sign_ins") for found in pivots)]
    story = linking.attack_story(
        g,
        alerts=frames["alerts"],
        risk_detections=frames.get("risk_detections"),
        sign_ins=_together(signed),
        incident=incident,
    )
    pulls = client.pulls.copy()
    unkept = [table for table in unread if not table["pull_id"].isin(list(pulls)).any()]
    return Investigation(
        tenant_id=client.tenant_id,
        since=since,
        finished=client.now(),
        frames=frames,
        evidence=evidence(frames["alerts"]),
        graph=g,
        ranking=ranking,
        incident=incident,
        user=user,
        host=host,
        address=address,
        pivots=tuple(pivots),
        paths=paths,
        story=story,
        entities=table.loc[[(row.kind, row.key) in near for row in table.itertuples()]].reset_index(drop=True),
        coverage=pd.concat([coverage_table(pulls.values()), *unkept, no_list()], ignore_index=True),
    )


def pull_all(
    client: GraphClient, since: Time, tell: Callable[[str], None]
) -> tuple[dict[str, pd.DataFrame], list[pd.DataFrame]]:
    """Every source that may be read, and a row of coverage for each that may not."""
    frames: dict[str, pd.DataFrame] = {}
    unread: list[pd.DataFrame] = []
    for source, ask in PULLS.items():
        tell(f"pulling {source.replace('_', ' ')}")
        try:
            # A risky user's standing may be older than the window and still hold.
            window = {} if source == "risky_users" else {"since": since}
            frames[source] = ask(client, **window, on_partial="return")
        except (PermissionMissingError, LicenceMissingError) as error:
            if source == "alerts":
                raise
            unread.append(not_read(source, error))
    return frames, unread


def _named_locations(client: GraphClient, unread: list[pd.DataFrame]) -> pd.DataFrame | None:
    """The organisation's own networks: what everybody shares; not needed, and missed where they may not be read."""
    try:
        return queries.list_named_locations(client)
    except (PermissionMissingError, LicenceMissingError) as error:
        unread.append(not_read("named_locations", error))
    return None


def _whole(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """What needs not be asked for again: the alerts, if all of them came."""
    alerts = frames["alerts"]
    return {"alerts": alerts} if coverage(alerts)["complete"].eq(True).all() and len(alerts) else {}


def _together(parts: list[pd.DataFrame | None]) -> pd.DataFrame | None:
    """Sign-ins of several pulls as one frame, each once: the non-interactive ones come with the pivots."""
    given = [part for part in parts if part is not None]
    if not given:
        return None
    return pd.concat(given, ignore_index=True).drop_duplicates("id", keep="last", ignore_index=True)


def leads(g: nx.MultiDiGraph, incident: Record) -> tuple[Entity | None, Entity | None, Entity | None]:
    """Where to start: the user reached first, the host where it got worst, and the address it came from.

    The user is the one whom the first alerts of the attack name most often, the host the one in the alert about
    stolen credentials (or the last alert that names a host), the address the one that the user's standing risk
    detections and the incident's alerts name most among those that hardly anybody else uses.
    """
    alerts = sorted(
        (n for n in g.successors(incident) if isinstance(n, Record) and n.kind == "alert"),
        key=lambda alert: (g.nodes[alert].get("time") or "", alert),
    )
    entry = [alert for alert in alerts if "InitialAccess" in categories_of(g.nodes[alert])] or alerts[:1]
    theft = [alert for alert in alerts if "CredentialAccess" in categories_of(g.nodes[alert])]
    named = Counter(entity for alert in alerts for entity in _named_by(g, alert))
    user = max(
        (entity for alert in entry for entity in _named_by(g, alert) if entity.kind == "user"),
        key=lambda entity: (named[entity], entity),
        default=None,
    )
    with_host = [alert for alert in [*alerts, *theft] if _hosts(g, alert)]
    host = max(_hosts(g, with_host[-1]), key=lambda entity: (named[entity], entity)) if with_host else None
    address = None
    if user is not None:
        risky: Counter[Entity] = Counter()
        for record in g.predecessors(user):
            if isinstance(record, Record) and record.kind == "risk_detection" and _stands(g.nodes[record]):
                risky.update(dict.fromkeys(_named_by(g, record), risk_rank(g.nodes[record].get("risk_level"))))
        address = max(
            (entity for entity in {*risky, *named} if entity.kind == "ip"),
            key=lambda entity: (
                _users(g, entity) <= FEW_USERS,
                risky[entity],
                named[entity],
                -_users(g, entity),
                entity,
            ),
            default=None,
        )
    return user, host, address


def _stands(detection: Mapping[str, Any]) -> bool:
    return str(detection.get("risk_state")).casefold() in {"atrisk", "confirmedcompromised"}


def _named_by(g: nx.MultiDiGraph, record: Record) -> set[Entity]:
    return {entity for entity in g.successors(record) if isinstance(entity, Entity)}


def _hosts(g: nx.MultiDiGraph, alert: Record) -> set[Entity]:
    return {entity for entity in _named_by(g, alert) if entity.kind == "host"}


def _users(g: nx.MultiDiGraph, address: Entity) -> int:
    return sum(1 for node in nx.all_neighbors(g, address) if isinstance(node, Entity) and node.kind == "user")


def attack_graph(g: nx.MultiDiGraph, incident: Record) -> nx.MultiDiGraph:
    """The part of the graph that the incident's own alerts speak of.

    A path through it tells how the attack went, not how the same people and machines meet on any other day.
    """
    alerts = {node for node in g.successors(incident) if isinstance(node, Record) and node.kind == "alert"}
    told = nx.MultiDiGraph()
    told.add_nodes_from((node, g.nodes[node]) for node in linking.neighborhood(g, incident, hops=2))
    for source, target, relation, attrs in g.subgraph(told).edges(keys=True, data=True):
        references = [r for r in attrs["references"] if Record(r["record_kind"], r["record_id"]) in alerts]
        if references:
            told.add_edge(source, target, relation, **{**attrs, "references": references, "count": len(references)})
    return told

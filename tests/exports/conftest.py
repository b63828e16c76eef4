"""The demo tenant's entity graph, and one with everything in it that formats have no room for."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pandas as pd
import pytest

import graphinvestigate as gi
from graphinvestigate.linking import Entity, Record

HOSTILE = 'a"b\\c<d>&]]>\x00\x0b\x1b[31m\r\n\ttab\u202e=HYPERLINK("x")\ufffe é漢\U0001f600'


@pytest.fixture(scope="session")
def frames(world: Any) -> dict[str, pd.DataFrame]:
    """Frames of the demo tenant."""
    return {
        "alerts": gi.list_alerts(world.client),
        "incidents": gi.list_incidents(world.client),
        "risk_detections": gi.list_risk_detections(world.client),
        "sign_ins": gi.list_sign_ins(world.client, event_types=["interactive", "nonInteractive"]),
    }


@pytest.fixture(scope="session")
def whole(frames: dict[str, pd.DataFrame]) -> nx.MultiDiGraph:
    """The whole graph of these frames; tests only read it."""
    return gi.entity_graph(**frames)


@pytest.fixture(scope="session")
def g(whole: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """What lies around the worst incident: hundreds of nodes of most kinds, no odd characters."""
    first = gi.rank_incidents(whole)["id"].iloc[0]
    near = gi.neighborhood(whole, Record("incident", first), hops=2)
    return nx.MultiDiGraph(near)


@pytest.fixture
def hostile() -> nx.MultiDiGraph:
    """A small graph of hostile texts, missing values, long and nested ones; its nodes stand in no order."""
    g = nx.MultiDiGraph()
    user, host, alert = Entity("user", HOSTILE), Entity("host", "h1"), Record("alert", "=1+1")
    unread = Record("sign_in", "only-named")
    g.add_node(
        unread, kind="sign_in", id="only-named", read=False, time=None, end_time=None, label="sign-in only-named"
    )
    g.add_node(
        alert,
        kind="alert",
        id="=1+1",
        read=True,
        time="2026-02-01T10:00:00.000001Z",
        end_time="2026-02-01T11:00:00.000000Z",
        updated=None,
        title=HOSTILE,
        severity="high",
        categories=["Execution", HOSTILE],
        count=2**70,
        ratio=0.5,
        label=HOSTILE,
    )
    for entity, label in ((user, HOSTILE), (host, "-2+3")):
        g.add_node(
            entity,
            kind=entity.kind,
            label=label,
            identifiers=[f"upn={HOSTILE}", "object_id=0f"] if entity is user else [],
            first_seen="2026-02-01T10:00:00.000001Z",
            last_seen="2026-02-01T11:00:00.000000Z",
            facts={"display_name": [HOSTILE], "empty": []},
            observations=[],
        )
    for source, target, relation in (
        (user, host, "logged_on_to"),
        (alert, user, "has_evidence"),
        (alert, unread, "names"),
    ):
        reference = {
            "record_kind": "alert",
            "record_id": "=1+1",
            "field": "evidence[0]",
            "value": HOSTILE,
            "time": None,
            "by": [None, None],
        }
        g.add_edge(
            source,
            target,
            relation,
            relation=relation,
            first_seen="2026-02-01T10:00:00.000001Z",
            last_seen="2026-02-01T10:00:00.000001Z",
            count=1,
            references=[reference],
        )
    return g
